/* Sums over rows, columns and everything, and the largest of a row. Orders are fixed by shapes: blocks of HONE_CPU_CHUNK elements, partial sums added in order. */
#include "tensor/cpu/cpu.h"

#include <string.h>

enum { COLUMNS = HONE_COLUMN_CHUNK };

static hone_status cpu_rows_reduce(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_rows *rows, hone_reduce what)
{
    HONE_CPU_CHECK(y, x);
    const hone_kernels *k = hone__cpu(b);
    int64_t parts = hone__ceil_div(x->cols, COLUMNS), items = rows->n_rows * parts;
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, x->rows * x->cols))
    for (int64_t item = 0; item < items; item++) {
        int32_t r = (int32_t)(item / parts), begin = rows->start[r], n = hone__rows_end(rows, r) - begin;
        int64_t c = item % parts * COLUMNS;
        size_t cols = (size_t)hone__min64(x->cols - c, COLUMNS);
        float *out = hone__at(y, r, c);
        k->column_sums(out, hone__at(x, begin, c), (size_t)x->ld, (size_t)n, cols, 0);
        if (what == HONE_REDUCE_MEAN && n > 0)
            for (size_t i = 0; i < cols; i++)
                out[i] /= (float)n;
    }
    return HONE_OK;
}

/* Tokens begin .. end get factor y + beta x; y NULL: 0 + beta x. */
static void spread(const hone_kernels *k, const hone_mat *x, int64_t begin, int64_t end, const float *y, float factor, float beta)
{
    for (int64_t i = begin; i < end; i++) {
        if (y)
            k->axpby(hone__at(x, i, 0), y, (size_t)x->cols, factor, beta);
        else if (beta == 0)
            memset(hone__at(x, i, 0), 0, (size_t)x->cols * sizeof(float));
    }
}

static hone_status cpu_rows_spread(hone_backend *b, const hone_mat *x, const hone_mat *y, const hone_rows *rows, hone_reduce what,
                                   float beta)
{
    HONE_CPU_CHECK(x, y);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, x->rows * x->cols))
    for (int32_t r = -1; r < rows->n_rows; r++) { /* row -1: what lies before the first */
        int64_t next = r + 1 < rows->n_rows ? rows->start[r + 1] : x->rows, end = r < 0 ? 0 : hone__rows_end(rows, r);
        if (r >= 0)
            spread(k, x, rows->start[r], end, hone__at(y, r, 0), what == HONE_REDUCE_MEAN ? 1.0f / (float)(end - rows->start[r]) : 1.0f,
                   beta);
        spread(k, x, end, next, NULL, 0, beta);
    }
    return HONE_OK;
}

static double sum_tiles(const hone_kernels *k, const hone_mat *x, const hone_tiles *t, int64_t begin, int64_t end)
{
    double sum = 0.0;
    for (int64_t item = begin; item < end; item++) {
        hone_tile at = hone__tile(t, item);
        sum += k->sum(hone__at(x, at.row, at.col), at.n);
    }
    return sum;
}

static hone_status cpu_reduce(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_reduce what, float beta, void *scratch)
{
    HONE_CPU_CHECK(y, x);
    hone_tiles t = hone__tiles(b, x, hone__is_dense(x));
    int64_t partials = hone__min64(t.n, HONE_CPU_PARTIALS);
    double *partial = scratch, sum = 0.0;
#pragma omp parallel for schedule(static) num_threads(t.threads)
    for (int64_t p = 0; p < partials; p++)
        partial[p] = sum_tiles(hone__cpu(b), x, &t, t.n * p / partials, t.n * (p + 1) / partials);
    for (int64_t p = 0; p < partials; p++)
        sum += partial[p];
    if (what == HONE_REDUCE_MEAN && x->rows * x->cols > 0)
        sum /= (double)(x->rows * x->cols);
    float *out = y->data;
    *out = (float)(beta != 0 ? sum + (double)beta * (double)*out : sum);
    return HONE_OK;
}

static hone_status cpu_column_sum(hone_backend *b, const hone_mat *y, const hone_mat *x, float beta, void *scratch)
{
    (void)scratch;
    HONE_CPU_CHECK(y, x);
    hone__column_sums(b, y->data, x, beta);
    return HONE_OK;
}

static hone_status cpu_row_sum(hone_backend *b, const hone_mat *y, const hone_mat *x, float beta)
{
    HONE_CPU_CHECK(y, x);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, x->rows * x->cols))
    for (int64_t i = 0; i < x->rows; i++) {
        double sum = k->sum(hone__at(x, i, 0), (size_t)x->cols);
        float *out = hone__at(y, i, 0);
        *out = (float)(beta != 0 ? sum + (double)beta * (double)*out : sum);
    }
    return HONE_OK;
}

static hone_status cpu_argmax(hone_backend *b, int32_t *index, const hone_mat *x)
{
    HONE_CPU_CHECK(x);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, x->rows * x->cols))
    for (int64_t i = 0; i < x->rows; i++)
        index[i] = k->argmax(hone__at(x, i, 0), (size_t)x->cols);
    return HONE_OK;
}

static hone_status cpu_top_k(hone_backend *b, const hone_mat *values, int32_t *index, const hone_mat *x)
{
    HONE_CPU_CHECK(values, x);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, x->rows * x->cols))
    for (int64_t i = 0; i < x->rows; i++)
        k->top_k(hone__at(values, i, 0), index + i * values->cols, (size_t)values->cols, hone__at(x, i, 0), (size_t)x->cols);
    return HONE_OK;
}

void hone__cpu_sums(hone_backend_ops *ops)
{
    ops->rows_reduce = cpu_rows_reduce;
    ops->rows_spread = cpu_rows_spread;
    ops->reduce = cpu_reduce;
    ops->column_sum = cpu_column_sum;
    ops->row_sum = cpu_row_sum;
    ops->argmax = cpu_argmax;
    ops->top_k = cpu_top_k;
}
