/* Sums and choices: over the tokens of a row, over everything, over columns and rows; the largest elements of a row. */
#include "tensor/ref/ref.h"

/* y_r = sum (or mean) of the row's tokens */
static hone_status ref_rows_reduce(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_rows *rows, hone_reduce what)
{
    (void)b;
    for (int32_t r = 0; r < rows->n_rows; r++) {
        int32_t begin = rows->start[r], end = hone__rows_end(rows, r);
        for (int64_t c = 0; c < x->cols; c++) {
            double sum = 0.0;
            for (int32_t i = begin; i < end; i++)
                sum += get(x, i, c);
            set(y, r, c, what == HONE_REDUCE_MEAN && end > begin ? sum / (end - begin) : sum);
        }
    }
    return HONE_OK;
}

/* x_i = y of its row (over the row's length for a mean), 0 for a token of no row */
static hone_status ref_rows_spread(hone_backend *b, const hone_mat *x, const hone_mat *y, const hone_rows *rows, hone_reduce what,
                                   float beta)
{
    (void)b;
    int32_t next = 0; /* the first token that is not yet done */
    for (int32_t r = 0; r <= rows->n_rows; r++) {
        int32_t begin = r < rows->n_rows ? rows->start[r] : (int32_t)x->rows, end = r < rows->n_rows ? hone__rows_end(rows, r) : begin;
        for (int32_t i = next; i < end || i < begin; i++)
            for (int64_t c = 0; c < x->cols; c++)
                put(x, i, c, i < begin ? 0.0 : get(y, r, c) / (what == HONE_REDUCE_MEAN ? end - begin : 1), beta);
        next = end > next ? end : next;
    }
    return HONE_OK;
}

static hone_status ref_reduce(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_reduce what, float beta, void *scratch)
{
    (void)b, (void)scratch;
    double sum = 0.0, n = (double)(x->rows * x->cols);
    for (int64_t i = 0; i < x->rows; i++)
        for (int64_t j = 0; j < x->cols; j++)
            sum += get(x, i, j);
    put(y, 0, 0, what == HONE_REDUCE_MEAN && n > 0.0 ? sum / n : sum, beta);
    return HONE_OK;
}

static hone_status ref_column_sum(hone_backend *b, const hone_mat *y, const hone_mat *x, float beta, void *scratch)
{
    (void)b, (void)scratch;
    for (int64_t j = 0; j < x->cols; j++) {
        double sum = 0.0;
        for (int64_t i = 0; i < x->rows; i++)
            sum += get(x, i, j);
        put(y, 0, j, sum, beta);
    }
    return HONE_OK;
}

static hone_status ref_row_sum(hone_backend *b, const hone_mat *y, const hone_mat *x, float beta)
{
    (void)b;
    for (int64_t i = 0; i < x->rows; i++) {
        double sum = 0.0;
        for (int64_t j = 0; j < x->cols; j++)
            sum += get(x, i, j);
        put(y, i, 0, sum, beta);
    }
    return HONE_OK;
}

/* Whether element j of row i comes before element k: larger, or equal and further left. */
static bool before(const hone_mat *x, int64_t i, int64_t j, int64_t k)
{
    double a = get(x, i, j), b = get(x, i, k);
    return a > b || (a == b && j < k);
}

/* The first element of row i that comes after `last` (-1: the first of all). */
static int64_t next_largest(const hone_mat *x, int64_t i, int64_t last)
{
    int64_t best = -1;
    for (int64_t j = 0; j < x->cols; j++)
        if ((last < 0 || before(x, i, last, j)) && (best < 0 || before(x, i, j, best)))
            best = j;
    return best;
}

static hone_status ref_argmax(hone_backend *b, int32_t *index, const hone_mat *x)
{
    (void)b;
    for (int64_t i = 0; i < x->rows; i++)
        index[i] = (int32_t)next_largest(x, i, -1);
    return HONE_OK;
}

static hone_status ref_top_k(hone_backend *b, const hone_mat *values, int32_t *index, const hone_mat *x)
{
    (void)b;
    for (int64_t i = 0; i < x->rows; i++) {
        int64_t last = -1;
        for (int64_t k = 0; k < values->cols; k++) {
            last = next_largest(x, i, last);
            index[i * values->cols + k] = (int32_t)last;
            set(values, i, k, get(x, i, last));
        }
    }
    return HONE_OK;
}

void hone__ref_reduce(hone_backend_ops *ops)
{
    ops->rows_reduce = ref_rows_reduce;
    ops->rows_spread = ref_rows_spread;
    ops->reduce = ref_reduce;
    ops->column_sum = ref_column_sum;
    ops->row_sum = ref_row_sum;
    ops->argmax = ref_argmax;
    ops->top_k = ref_top_k;
}
