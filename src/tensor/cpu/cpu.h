/* The fast backend: oneDNN for matrix products, kernels/ for the rest, OpenMP for threads. It stores F32; `convert` knows the narrower and wider types too.
 *
 * The files of this folder own shapes, threads and the order of sums; kernels/ owns single rows. Work is cut by size, never by thread number, and every item
 * writes only its own outputs, so that results do not depend on the schedule; the number of threads is always the backend's own (engine.md, 5 and 9). */
#ifndef HONE_TENSOR_CPU_CPU_H
#define HONE_TENSOR_CPU_CPU_H

#include "base/rng.h"
#include "tensor/backend.h"
#include "tensor/cpu/kernels/kernels.h"
#include "tensor/cpu/narrow/narrow.h"

#include <omp.h>

enum {
    HONE_CPU_CHUNK = 4096,    /* elements of an elementwise item, and of a block of norm2 */
    HONE_CPU_ALONE = 16384,   /* below that many elements one thread is faster than a fork */
    HONE_CPU_NORM_BLOCK = 32, /* tokens of one partial sum of dgamma and dbeta */
    HONE_CPU_PARTIALS = 1024, /* partial sums of a reduction over everything */
    HONE_CPU_AXPY_ROWS = 4,   /* rows of a product up to which the weight passes from memory once */
    HONE_CPU_STRIP = 2048,    /* columns of a strip of attention scores */
    HONE_CPU_STRIP_ROWS = 128 /* its rows, at most */
};

typedef struct hone_cpu {
    const hone_kernels *kernels;
    const hone_int8_kernels *int8;
    bool own_attention; /* products of attention by kernels/small.c: vectors of sixteen */
    int64_t dot_rows;   /* rows of a product with a weight (out, in) up to which dot products in tiles are faster than oneDNN */
    void *panels;       /* of products in BF16: for each thread its own, from the first time they are asked for */
    size_t panel_bytes;
    hone_backend_ops ops;
} hone_cpu;

static inline const hone_kernels *hone__cpu(const hone_backend *b)
{
    return ((const hone_cpu *)b->self)->kernels;
}
static inline int64_t hone__dot_rows(const hone_backend *b)
{
    return ((const hone_cpu *)b->self)->dot_rows;
}
static inline float *hone__at(const hone_mat *m, int64_t i, int64_t j)
{
    return (float *)m->data + i * m->ld + j;
}
static inline int64_t hone__min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t hone__max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static inline int64_t hone__ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}
static inline int hone__threads(const hone_backend *b, int64_t n_elements)
{
    return n_elements < HONE_CPU_ALONE ? 1 : b->n_threads;
}

/* Whether the CPU has AVX-512 and the environment does not ask for less. */
bool hone__cpu_allows_avx512(void);

/* HONE_UNSUPPORTED unless every matrix that is not NULL is F32. */
hone_status hone__cpu_check_(const hone_mat *const *mats, size_t n);
#define HONE_CPU_CHECK(...) \
    HONE_TRY(hone__cpu_check_((const hone_mat *const[]){__VA_ARGS__}, sizeof((const hone_mat *const[]){__VA_ARGS__}) / sizeof(hone_mat *)))

/* Sets this thread's OpenMP to the backend's number, which oneDNN follows. Before every product. */
void hone__cpu_enter(const hone_backend *b);

/* Elementwise work in items: whole rows, cut in chunks; matrices without gaps are one long row. */
typedef struct hone_tiles {
    int64_t cols, per_row, n;
    int threads;
} hone_tiles;
typedef struct hone_tile {
    int64_t row, col;
    size_t n;
} hone_tile;
static inline bool hone__is_dense(const hone_mat *m)
{
    return !m || m->ld == m->cols || m->rows <= 1;
}
static inline hone_tiles hone__tiles(const hone_backend *b, const hone_mat *m, bool dense)
{
    int64_t rows = dense ? (m->rows * m->cols > 0) : m->rows, cols = dense ? m->rows * m->cols : m->cols,
            per_row = hone__ceil_div(cols, HONE_CPU_CHUNK);
    return (hone_tiles){cols, per_row, rows * per_row, hone__threads(b, m->rows * m->cols)};
}
static inline hone_tile hone__tile(const hone_tiles *t, int64_t item)
{
    int64_t col = item % t->per_row * HONE_CPU_CHUNK;
    return (hone_tile){item / t->per_row, col, (size_t)hone__min64(t->cols - col, HONE_CPU_CHUNK)};
}

/* Dropout: the part of a row's draw that all rows share (false: there is none), and one row of hidden states. */
bool hone__drop_begin(hone_drop_row *row, const hone_drop *drop);
static inline void hone__drop_token(hone_drop_row *row, const hone_drop *drop, int64_t token)
{
    uint64_t ordinal = drop->rows->key[drop->rows->row[token]];
    row->position = (uint32_t)drop->rows->pos[token] | drop->pass << 24;
    row->ordinal_low = (uint32_t)ordinal, row->ordinal_high = (uint32_t)(ordinal >> 32);
}

/* c = alpha op(a) op(b) + beta c, by the path that suits the shape. */
hone_status hone__product(const hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                          float beta);
/* The same with factors rounded to bfloat16 (bf16.c), after hone__bf16_prepare. */
void hone__bf16_product(const hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                        float beta);
hone_status hone__bf16_prepare(hone_backend *b, hone_dtype dtype);
/* linear_forward of a weight in 8 bits (int8.c). */
void hone__int8_linear(const hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_quant *w, const float *bias, hone_act act,
                       void *scratch);
size_t hone__int8_workspace(const hone_backend *b, int64_t rows, int64_t n_in);
/* y (cols) = column sums of x + beta y */
void hone__column_sums(const hone_backend *b, float *y, const hone_mat *x, float beta);

size_t hone__attention_workspace(const hone_backend *b, int64_t longest, bool backward);

/* Each file puts its entries into the table. */
void hone__cpu_product(hone_backend_ops *ops);
void hone__cpu_int8(hone_backend_ops *ops);
void hone__cpu_attention(hone_backend_ops *ops);
void hone__cpu_norm(hone_backend_ops *ops);
void hone__cpu_elementwise(hone_backend_ops *ops);
void hone__cpu_index(hone_backend_ops *ops);
void hone__cpu_softmax(hone_backend_ops *ops);
void hone__cpu_sums(hone_backend_ops *ops);
void hone__cpu_optimizer(hone_backend_ops *ops);

#endif
