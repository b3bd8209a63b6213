/* A column of per-token values as a padded matrix, one line a row of the batch: what a softmax over the tokens of each row works on.
 *
 *     x (N, C) -> y (R, T):  y[r][i] = x[token i of row r][column], `fill` behind the row's end;   dx[token][column] += dy[r][i] */
#include "nn/op.h"

typedef struct matrix_attr {
    int64_t column;
    const int32_t *back; /* (N), device: where token k stands in y */
} matrix_attr;

static hone_mat column_of(const hone_mat *m, int64_t column)
{
    return hone__mat_part(m, 0, m->rows, column, 1);
}

static hone_mat flat(const hone_mat *m)
{
    return (hone_mat){m->data, m->dtype, m->rows * m->cols, 1, 1};
}

/* Each token stands in y once: its gradient is looked up. */
static hone_status backward(hone_tape *t, const hone_node *n)
{
    const matrix_attr *a = n->attr;
    const hone_backend_ops *ops = hone__ops(t);
    hone_mat dy = hone__grad_of(n->out[0]), dx, part;
    float beta;
    HONE_TRY(hone__grad_to(t, n->in[0], &dx, &beta));
    if (beta == 0.0f)
        HONE_TRY(ops->fill_zero(t->backend, dx.data, (size_t)(dx.rows * dx.ld) * hone_dtype_size(dx.dtype)));
    HONE_TRY(hone__op_scratch_mat(t, &part, dx.rows, 1));
    hone_mat lines = flat(&dy), to = column_of(&dx, a->column);
    HONE_TRY(ops->gather_rows(t->backend, &part, &lines, a->back));
    return ops->binary(t->backend, &to, &to, &part, HONE_BINARY_ADD, HONE_BROADCAST_NONE);
}

const hone_op_info hone__op_rows_matrix = {.name = "rows_matrix", .backward = backward, .n_in = 1};

typedef struct places {
    int32_t *from, *back; /* (R T): the token, any for padding; (N): the place */
    float *keep, *add;    /* (R T): 1 and 0; 0 and `fill` for padding */
} places;

static hone_status make_places(hone_tape *t, places *p, const hone_rows *rows, int64_t n_tokens, float fill)
{
    int64_t n = (int64_t)rows->n_rows * rows->longest;
    HONE_TRY(hone__op_attr(t, (void **)&p->from, (size_t)n * sizeof(int32_t)));
    HONE_TRY(hone__op_attr(t, (void **)&p->back, (size_t)n_tokens * sizeof(int32_t)));
    HONE_TRY(hone__op_attr(t, (void **)&p->keep, (size_t)n * sizeof(float)));
    HONE_TRY(hone__op_attr(t, (void **)&p->add, (size_t)n * sizeof(float)));
    for (int32_t r = 0; r < rows->n_rows; r++) {
        int32_t start = rows->start[r], length = rows->start[r + 1] - start;
        for (int32_t i = 0; i < rows->longest; i++) {
            int64_t at = (int64_t)r * rows->longest + i;
            p->from[at] = i < length ? start + i : 0;
            p->keep[at] = i < length ? 1.0f : 0.0f;
            p->add[at] = i < length ? 0.0f : fill;
            if (i < length)
                p->back[start + i] = (int32_t)at;
        }
    }
    return HONE_OK;
}

static hone_status check(const hone_tensor *x, int64_t column)
{
    char shape[96];
    if (x->n_dims != 2 || !x->rows || column < 0 || column >= x->dim[1])
        return hone__fail(HONE_SHAPE, "x %s is not (N, C) per token with a column %lld", hone__shape_text(shape, x), (long long)column);
    if ((int64_t)x->rows->n_rows * x->rows->longest > INT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "%d rows of %d tokens are too many", x->rows->n_rows, x->rows->longest);
    return HONE_OK;
}

static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in, int64_t column, float fill)
{
    const hone_backend_ops *ops = hone__ops(t);
    const hone_rows *rows = in[0]->rows;
    matrix_attr *attr;
    const void *from, *back, *keep, *add;
    places p;
    HONE_TRY(check(in[0], column));
    int64_t dims[2] = {rows->n_rows, rows->longest}, n = dims[0] * dims[1], n_tokens = in[0]->dim[0];
    HONE_TRY(make_places(t, &p, rows, n_tokens, fill));
    HONE_TRY(hone__place(t, &from, p.from, (size_t)n * sizeof(int32_t)));
    HONE_TRY(hone__place(t, &back, p.back, (size_t)n_tokens * sizeof(int32_t)));
    HONE_TRY(hone__place_floats(t, &keep, p.keep, n));
    HONE_TRY(hone__place_floats(t, &add, p.add, n));
    HONE_TRY(hone__op_output(t, y, t->dtype, 2, dims, NULL));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = (matrix_attr){column, back};
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[0]), lines = flat(&ym), values = column_of(&xm, column),
             kept = {(void *)(uintptr_t)keep, hone__aux_dtype(t), n, 1, 1}, padding = {(void *)(uintptr_t)add, hone__aux_dtype(t), n, 1, 1};
    HONE_TRY(ops->gather_rows(t->backend, &lines, &values, from));
    HONE_TRY(ops->binary(t->backend, &lines, &lines, &kept, HONE_BINARY_MUL, HONE_BROADCAST_NONE));
    HONE_TRY(ops->binary(t->backend, &lines, &lines, &padding, HONE_BINARY_ADD, HONE_BROADCAST_NONE));
    return hone__op_record(t, NULL, &hone__op_rows_matrix, 0, in, *y, NULL, attr, NULL, 0);
}

hone_tensor *hone__rows_matrix(hone_tape *t, hone_tensor *x, int64_t column, float fill)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_rows_matrix, in))
        return NULL;
    return hone__op_end(t, &hone__op_rows_matrix, forward(t, &y, in, column, fill), &y);
}
