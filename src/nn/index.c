/* Picking by index. Indices come from the host and are checked there.
 *
 *     gather:        x (N, C), index (N) -> (N): x[i][index[i]], 0 where the index is negative     dx[i][index[i]] += dy[i]
 *     index_select:  x (N, C), index (M) -> (M, C): x[index[i]]                                    dx[index[i]] += dy[i], in order of i
 *     gather_tokens: index_select of a batch's tokens, in the order of rows: the result is per token */
#include "nn/op.h"

/* The gradient of x, zeroed when nothing was in it, so that entries can be added. */
static hone_status grad_to_add(hone_tape *t, hone_tensor *x, hone_mat *dx)
{
    float beta;
    HONE_TRY(hone__grad_to(t, x, dx, &beta));
    if (beta == 0.0f)
        return hone__ops(t)->fill_zero(t->backend, dx->data, (size_t)(dx->rows * dx->cols) * hone_dtype_size(dx->dtype));
    return HONE_OK;
}

static hone_status check_range(const int32_t *index, int64_t n, int64_t low, int64_t end)
{
    for (int64_t i = 0; i < n; i++) {
        if (index[i] < low || index[i] >= end)
            return hone__fail(HONE_INVALID_ARGUMENT, "index[%lld] is %d, x has %lld", (long long)i, index[i], (long long)end);
    }
    return HONE_OK;
}

/* ---- gather ---- */

static hone_status gather_backward(hone_tape *t, const hone_node *n)
{
    hone_mat dy = hone__grad_of(n->out[0]), dx;
    HONE_TRY(grad_to_add(t, n->in[0], &dx));
    dy.rows = dy.cols, dy.cols = dy.ld = 1;
    return hone__ops(t)->scatter_add_cols(t->backend, &dx, &dy, n->in[1]->data);
}

const hone_op_info hone__op_gather = {
    .name = "hone_gather", .backward = gather_backward, .saves = HONE_SAVE_IN(1), .n_in = 2, .ints = HONE_INPUT(1)};

static hone_status gather_forward(hone_tape *t, hone_tensor **y, hone_tensor **in)
{
    const hone_tensor *x = in[0], *index = in[1];
    char xs[96], is[96];
    if (x->n_dims != 2 || index->n_dims != 1 || index->dim[0] != x->dim[0])
        return hone__fail(HONE_SHAPE, "shapes %s and %s are no (N, C) and (N)", hone__shape_text(xs, x), hone__shape_text(is, index));
    HONE_TRY(check_range(hone__slot_of(index)->host, index->dim[0], INT32_MIN, x->dim[1]));
    HONE_TRY(hone__op_output(t, y, t->dtype, 1, x->dim, x->rows ? x->rows : index->rows));
    hone_mat ym = hone__column(*y), xm = hone__mat(x);
    HONE_TRY(hone__ops(t)->gather_cols(t->backend, &ym, &xm, index->data));
    return hone__op_record(t, NULL, &hone__op_gather, 0, in, *y, NULL, NULL, NULL, 0);
}

hone_tensor *hone_gather(hone_tape *t, hone_tensor *x, hone_tensor *index)
{
    hone_tensor *in[] = {x, index}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_gather, in))
        return NULL;
    return hone__op_end(t, &hone__op_gather, gather_forward(t, &y, in), &y);
}

/* ---- index_select, gather_tokens ---- */

typedef struct select_attr {
    const int32_t *index; /* device */
    bool unique;
} select_attr;

static hone_status select_backward(hone_tape *t, const hone_node *n)
{
    const select_attr *a = n->attr;
    hone_mat dy = hone__grad_of(n->out[0]), dx;
    HONE_TRY(grad_to_add(t, n->in[0], &dx));
    if (n->in[0]->n_dims == 1) {
        dx.rows = dx.cols, dx.cols = dx.ld = 1;
        dy.rows = dy.cols, dy.cols = dy.ld = 1;
    }
    return hone__ops(t)->scatter_add_rows(t->backend, &dx, &dy, a->index, a->unique);
}

const hone_op_info hone__op_index_select = {
    .name = "hone_index_select", .backward = select_backward, .saves = HONE_SAVE_IN(1), .n_in = 2, .ints = HONE_INPUT(1)};
const hone_op_info hone__op_gather_tokens = {.name = "gather_tokens", .backward = select_backward, .n_in = 1};

static bool ascending(const int32_t *index, int64_t m)
{
    for (int64_t i = 1; i < m; i++) {
        if (index[i] <= index[i - 1])
            return false;
    }
    return true;
}

static bool in_row_order(const hone_rows *rows, const int32_t *index, int64_t m)
{
    for (int64_t i = 1; i < m; i++) {
        if (rows->row[index[i]] < rows->row[index[i - 1]])
            return false;
    }
    return true;
}

static hone_status select_forward(hone_tape *t, hone_tensor **y, const hone_op_info *op, hone_tensor **in, const int32_t *host,
                                  const int32_t *device, int64_t m)
{
    const hone_tensor *x = in[0];
    const hone_rows *rows = NULL;
    select_attr *attr;
    char shape[96];
    if (x->n_dims < 1 || x->n_dims > 2)
        return hone__fail(HONE_SHAPE, "x has shape %s, not (N, C) or (N)", hone__shape_text(shape, x));
    HONE_TRY(check_range(host, m, 0, x->dim[0]));
    if (op == &hone__op_gather_tokens && !x->rows)
        return hone__fail(HONE_INVALID_ARGUMENT, "x of shape %s is not per token of a batch", hone__shape_text(shape, x));
    if (x->rows && (op == &hone__op_gather_tokens || in_row_order(x->rows, host, m)))
        HONE_TRY(hone__rows_gather(t, &rows, x->rows, host, (int32_t)m));
    int64_t dims[2] = {m, x->dim[1]};
    HONE_TRY(hone__op_output(t, y, t->dtype, x->n_dims, dims, rows));
    hone_mat ym = hone__column(*y), xm = hone__column(x);
    HONE_TRY(hone__ops(t)->gather_rows(t->backend, &ym, &xm, device));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = (select_attr){device, ascending(host, m)};
    return hone__op_record(t, NULL, op, 0, in, *y, NULL, attr, NULL, 0);
}

hone_tensor *hone_index_select(hone_tape *t, hone_tensor *x, hone_tensor *index)
{
    hone_tensor *in[] = {x, index}, *y = NULL;
    char shape[96];
    if (!hone__op_begin(t, &hone__op_index_select, in))
        return NULL;
    index = in[1];
    if (index->n_dims != 1)
        return hone__op_end(t, &hone__op_index_select,
                            hone__fail(HONE_SHAPE, "the index has shape %s, not (M)", hone__shape_text(shape, index)), NULL);
    hone_status status = select_forward(t, &y, &hone__op_index_select, in, hone__slot_of(index)->host, index->data, index->dim[0]);
    return hone__op_end(t, &hone__op_index_select, status, &y);
}

hone_tensor *hone__tape_gather_tokens(hone_tape *t, hone_tensor *x, const int32_t *index, int32_t m)
{
    hone_tensor *in[] = {x}, *y = NULL;
    const void *device;
    if (!hone__op_begin(t, &hone__op_gather_tokens, in))
        return NULL;
    hone_status status = hone__place(t, &device, index, (size_t)m * sizeof(int32_t));
    if (status == HONE_OK)
        status = select_forward(t, &y, &hone__op_gather_tokens, in, index, device, m);
    return hone__op_end(t, &hone__op_gather_tokens, status, &y);
}
