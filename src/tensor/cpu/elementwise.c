/* Elementwise entries: every one is a loop over items of a few thousand elements, cut by size and dealt to threads in runs. */
#include "tensor/cpu/cpu.h"
#include "tensor/dtype.h"
#include "tensor/random.h"

#include <string.h>

static hone_status cpu_act_forward(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_act act)
{
    HONE_CPU_CHECK(y, x);
    hone_tiles t = hone__tiles(b, y, hone__is_dense(y) && hone__is_dense(x));
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(t.threads)
    for (int64_t item = 0; item < t.n; item++) {
        hone_tile at = hone__tile(&t, item);
        k->act(hone__at(y, at.row, at.col), hone__at(x, at.row, at.col), at.n, act);
    }
    return HONE_OK;
}

static hone_status cpu_act_backward(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_mat *x, hone_act act, float beta)
{
    HONE_CPU_CHECK(dx, dy, x);
    hone_tiles t = hone__tiles(b, dx, hone__is_dense(dx) && hone__is_dense(dy) && hone__is_dense(x));
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(t.threads)
    for (int64_t item = 0; item < t.n; item++) {
        hone_tile at = hone__tile(&t, item);
        k->act_grad(hone__at(dx, at.row, at.col), hone__at(dy, at.row, at.col), hone__at(x, at.row, at.col), at.n, act, beta);
    }
    return HONE_OK;
}

static hone_status cpu_axpby(hone_backend *b, const hone_mat *y, const hone_mat *x, float alpha, float beta)
{
    hone_tiles t = hone__tiles(b, y, hone__is_dense(y) && hone__is_dense(x));
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(t.threads)
    for (int64_t item = 0; item < t.n; item++) {
        hone_tile at = hone__tile(&t, item);
        k->axpby(hone__at(y, at.row, at.col), hone__at(x, at.row, at.col), at.n, alpha, beta);
    }
    return HONE_OK;
}

static hone_status cpu_axpy(hone_backend *b, const hone_mat *y, const hone_mat *x, float alpha)
{
    HONE_CPU_CHECK(y, x);
    return cpu_axpby(b, y, x, alpha, 1.0f);
}

static hone_status cpu_dropout(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_drop *drop, float beta)
{
    HONE_CPU_CHECK(y, x);
    hone_drop_row begin;
    if (!hone__drop_begin(&begin, drop))
        return y->data == x->data && beta == 0 ? HONE_OK : cpu_axpby(b, y, x, 1.0f, beta);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, y->rows * y->cols))
    for (int64_t i = 0; i < y->rows; i++) {
        hone_drop_row row = begin;
        hone__drop_token(&row, drop, i);
        k->drop(hone__at(y, i, 0), hone__at(x, i, 0), (size_t)y->cols, &row, beta);
    }
    return HONE_OK;
}

static hone_status cpu_unary(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_unary what, float p, float q)
{
    HONE_CPU_CHECK(y, x);
    hone_tiles t = hone__tiles(b, y, hone__is_dense(y) && hone__is_dense(x));
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(t.threads)
    for (int64_t item = 0; item < t.n; item++) {
        hone_tile at = hone__tile(&t, item);
        k->unary(hone__at(y, at.row, at.col), hone__at(x, at.row, at.col), at.n, what, p, q);
    }
    return HONE_OK;
}

static hone_status cpu_binary(hone_backend *b, const hone_mat *z, const hone_mat *x, const hone_mat *y, hone_binary what,
                              hone_broadcast broadcast)
{
    HONE_CPU_CHECK(z, x, y);
    bool whole = broadcast == HONE_BROADCAST_NONE || broadcast == HONE_BROADCAST_SCALAR, scalar = !whole && broadcast == HONE_BROADCAST_COL;
    bool dense = whole && hone__is_dense(z) && hone__is_dense(x) && (broadcast == HONE_BROADCAST_SCALAR || hone__is_dense(y));
    hone_tiles t = hone__tiles(b, z, dense);
    const hone_kernels *k = hone__cpu(b);
    scalar = scalar || broadcast == HONE_BROADCAST_SCALAR;
#pragma omp parallel for schedule(static) num_threads(t.threads)
    for (int64_t item = 0; item < t.n; item++) {
        hone_tile at = hone__tile(&t, item);
        int64_t row = broadcast == HONE_BROADCAST_ROW || broadcast == HONE_BROADCAST_SCALAR ? 0 : at.row;
        k->binary(hone__at(z, at.row, at.col), hone__at(x, at.row, at.col), hone__at(y, row, scalar ? 0 : at.col), at.n, what, scalar);
    }
    return HONE_OK;
}

static hone_status cpu_where(hone_backend *b, const hone_mat *z, const hone_mat *condition, const hone_mat *x, const hone_mat *y)
{
    HONE_CPU_CHECK(z, condition, x, y);
    hone_tiles t = hone__tiles(b, z, hone__is_dense(z) && hone__is_dense(condition) && hone__is_dense(x) && hone__is_dense(y));
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(t.threads)
    for (int64_t item = 0; item < t.n; item++) {
        hone_tile at = hone__tile(&t, item);
        k->where(hone__at(z, at.row, at.col), hone__at(condition, at.row, at.col), hone__at(x, at.row, at.col), hone__at(y, at.row, at.col),
                 at.n);
    }
    return HONE_OK;
}

static bool is_member(int32_t id, const int32_t *set, int64_t n)
{
    int64_t low = 0;
    while (low < n) {
        int64_t middle = low + (n - low) / 2;
        if (set[middle] == id)
            return true;
        if (set[middle] < id)
            low = middle + 1;
        else
            n = middle;
    }
    return false;
}

static hone_status cpu_is_in(hone_backend *b, const hone_mat *y, const int32_t *ids, const int32_t *set, int64_t n_set)
{
    HONE_CPU_CHECK(y);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, y->rows * 8))
    for (int64_t i = 0; i < y->rows; i++)
        *hone__at(y, i, 0) = is_member(ids[i], set, n_set) ? 1.0f : 0.0f;
    return HONE_OK;
}

static const void *element(const hone_mat *m, int64_t i, int64_t j)
{
    return (const char *)m->data + (size_t)(i * m->ld + j) * hone_dtype_size(m->dtype);
}

static hone_status cpu_convert(hone_backend *b, const hone_mat *y, const hone_mat *x)
{
    hone_tiles t = hone__tiles(b, y, hone__is_dense(y) && hone__is_dense(x));
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(t.threads)
    for (int64_t item = 0; item < t.n; item++) {
        hone_tile at = hone__tile(&t, item);
        const void *from = element(x, at.row, at.col);
        void *to = (void *)(uintptr_t)element(y, at.row, at.col);
        if (x->dtype == HONE_DTYPE_F32 && hone_dtype_size(y->dtype) > 1 && y->dtype != HONE_DTYPE_I32 && y->dtype != HONE_DTYPE_I64)
            k->from_f32(to, y->dtype, from, at.n);
        else if (y->dtype == HONE_DTYPE_F32 && hone_dtype_size(x->dtype) > 1 && x->dtype != HONE_DTYPE_I32 && x->dtype != HONE_DTYPE_I64)
            k->to_f32(to, from, x->dtype, at.n);
        else
            for (int64_t i = 0; i < (int64_t)at.n; i++)
                hone__store(to, y->dtype, i, hone__load(from, x->dtype, i));
    }
    return HONE_OK;
}

/* Elements 4 quad .. 4 quad + 3, as far as they exist. */
static void random_quad(const hone_mat *y, int64_t quad, hone_random what, float p, float q, uint64_t key)
{
    uint32_t words[4];
    double normal[4];
    hone__random_words(words, (uint64_t)quad, key);
    if (what == HONE_RANDOM_NORMAL)
        hone__random_normal4(normal, words);
    for (int64_t w = 0; w < 4 && quad * 4 + w < y->rows * y->cols; w++) {
        int64_t i = quad * 4 + w;
        *hone__at(y, i / y->cols, i % y->cols) =
            (float)(what == HONE_RANDOM_NORMAL ? hone__random_scaled(p, q, normal[w]) : hone__random_between(p, q, words[w]));
    }
}

static hone_status cpu_random(hone_backend *b, const hone_mat *y, hone_random what, float p, float q, uint64_t key)
{
    HONE_CPU_CHECK(y);
    int64_t n = hone__ceil_div(y->rows * y->cols, 4);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, n * 32))
    for (int64_t quad = 0; quad < n; quad++)
        random_quad(y, quad, what, p, q, key);
    return HONE_OK;
}

void hone__cpu_elementwise(hone_backend_ops *ops)
{
    ops->act_forward = cpu_act_forward;
    ops->act_backward = cpu_act_backward;
    ops->dropout = cpu_dropout;
    ops->unary = cpu_unary;
    ops->binary = cpu_binary;
    ops->where = cpu_where;
    ops->is_in = cpu_is_in;
    ops->axpy = cpu_axpy;
    ops->convert = cpu_convert;
    ops->random = cpu_random;
}
