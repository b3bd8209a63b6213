/* Sums over everything, and over the tokens of each row.
 *
 *     sum, mean: () of x            dx = dy, dy / count
 *     rows_sum, rows_mean: (N) -> (R) or (N, C) -> (R, C), over the tokens of each row that x holds;  dx[i] = dy[row(i)], divided by the row's count for a mean */
#include "nn/op.h"

/* dx += dy * alpha, one number for all elements */
static hone_status spread(hone_tape *t, hone_tensor *x, const hone_mat *dy, float alpha)
{
    const hone_backend_ops *ops = hone__ops(t);
    hone_mat dx, one;
    float beta;
    HONE_TRY(hone__op_scratch_mat(t, &one, 1, 1));
    HONE_TRY(ops->unary(t->backend, &one, dy, HONE_UNARY_SCALE, alpha, 0.0f));
    HONE_TRY(hone__grad_to(t, x, &dx, &beta));
    if (beta == 0.0f)
        HONE_TRY(ops->fill_zero(t->backend, dx.data, (size_t)(dx.rows * dx.cols) * hone_dtype_size(dx.dtype)));
    return ops->binary(t->backend, &dx, &dx, &one, HONE_BINARY_ADD, HONE_BROADCAST_SCALAR);
}

static hone_status sum_backward(hone_tape *t, const hone_node *n)
{
    const hone_reduce *what = n->attr;
    hone_mat dy = hone__grad_of(n->out[0]);
    int64_t count = hone__count(n->in[0]);
    return spread(t, n->in[0], &dy, *what == HONE_REDUCE_MEAN && count > 0 ? (float)(1.0 / (double)count) : 1.0f);
}

const hone_op_info hone__op_sum = {.name = "hone_sum", .backward = sum_backward, .n_in = 1};
const hone_op_info hone__op_mean = {.name = "hone_mean", .backward = sum_backward, .n_in = 1};

static hone_status sum_forward(hone_tape *t, hone_tensor **y, const hone_op_info *op, hone_tensor **in, hone_reduce what)
{
    void *scratch;
    hone_reduce *attr;
    HONE_TRY(hone__op_output(t, y, t->dtype, 0, NULL, NULL));
    HONE_TRY(hone__op_scratch(t, &scratch, hone__ops(t)->workspace(t->backend, HONE_WS_REDUCE, hone__count(in[0]), 0, 0)));
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[0]);
    HONE_TRY(hone__ops(t)->reduce(t->backend, &ym, &xm, what, 0.0f, scratch));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = what;
    return hone__op_record(t, NULL, op, 0, in, *y, NULL, attr, NULL, 0);
}

static hone_tensor *sum(hone_tape *t, const hone_op_info *op, hone_tensor *x, hone_reduce what)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, op, in))
        return NULL;
    return hone__op_end(t, op, sum_forward(t, &y, op, in, what), &y);
}

hone_tensor *hone_sum(hone_tape *t, hone_tensor *x)
{
    return sum(t, &hone__op_sum, x, HONE_REDUCE_SUM);
}

hone_tensor *hone_mean(hone_tape *t, hone_tensor *x)
{
    return sum(t, &hone__op_mean, x, HONE_REDUCE_MEAN);
}

/* ---- by row ---- */

static hone_status rows_backward(hone_tape *t, const hone_node *n)
{
    const hone_reduce *what = n->attr;
    hone_mat dy = hone__grad_of(n->out[0]), dx;
    float beta;
    HONE_TRY(hone__grad_to(t, n->in[0], &dx, &beta));
    if (n->in[0]->n_dims == 1) {
        dx.rows = dx.cols, dx.cols = dx.ld = 1;
        dy.rows = dy.cols, dy.cols = dy.ld = 1;
    }
    return hone__ops(t)->rows_spread(t->backend, &dx, &dy, n->in[0]->rows, *what, beta);
}

const hone_op_info hone__op_rows_sum = {.name = "hone_rows_sum", .backward = rows_backward, .n_in = 1};
const hone_op_info hone__op_rows_mean = {.name = "hone_rows_mean", .backward = rows_backward, .n_in = 1};

static hone_status rows_forward(hone_tape *t, hone_tensor **y, const hone_op_info *op, hone_tensor **in, hone_reduce what)
{
    const hone_tensor *x = in[0];
    char shape[96];
    hone_reduce *attr;
    if (!x->rows)
        return hone__fail(HONE_INVALID_ARGUMENT, "the tensor of shape %s is not per token of a batch", hone__shape_text(shape, x));
    if (x->n_dims < 1 || x->n_dims > 2)
        return hone__fail(HONE_SHAPE, "the tensor has shape %s, not (N) or (N, C)", hone__shape_text(shape, x));
    int64_t dims[2] = {x->rows->n_rows, x->dim[1]};
    HONE_TRY(hone__op_output(t, y, t->dtype, x->n_dims, dims, NULL));
    hone_mat ym = hone__column(*y), xm = hone__column(x);
    HONE_TRY(hone__ops(t)->rows_reduce(t->backend, &ym, &xm, x->rows, what));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = what;
    return hone__op_record(t, NULL, op, 0, in, *y, NULL, attr, NULL, 0);
}

static hone_tensor *by_row(hone_tape *t, const hone_op_info *op, hone_tensor *x, hone_reduce what)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, op, in))
        return NULL;
    return hone__op_end(t, op, rows_forward(t, &y, op, in, what), &y);
}

hone_tensor *hone_rows_sum(hone_tape *t, hone_tensor *x)
{
    return by_row(t, &hone__op_rows_sum, x, HONE_REDUCE_SUM);
}

hone_tensor *hone_rows_mean(hone_tape *t, hone_tensor *x)
{
    return by_row(t, &hone__op_rows_mean, x, HONE_REDUCE_MEAN);
}
