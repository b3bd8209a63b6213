/* The kernels of the cpu backend: single-threaded functions over rows and blocks, compiled once for each instruction set from the same source (CMakeLists.txt
 * defines HONE_ISA). Each set of them is a table, hone__kernels_<isa>; cpu.c picks one at start. The files beside this folder own threads, shapes and order.
 *
 * Rows are contiguous floats of any alignment; n elements are read and written, never more. */
#ifndef HONE_TENSOR_CPU_KERNELS_H
#define HONE_TENSOR_CPU_KERNELS_H

#include "tensor/backend.h"

/* The dropout of one row: element i is kept when word (i / 8) % 4 of the Philox draw with counter {tile + i / 32 * 8 + i % 8, position, ordinal} >= threshold. */
typedef struct hone_drop_row {
    uint32_t round_keys[20]; /* the ten rounds' two keys */
    uint32_t threshold, tile, position, ordinal_low, ordinal_high;
    float scale; /* of what is kept */
} hone_drop_row;

/* What a layer norm needs of its row; NULL members as in backend.h. */
typedef struct hone_norm_row {
    float *sum, *y, *mean, *rstd;
    const float *x, *f, *gamma, *beta;
    float eps;
} hone_norm_row;

typedef struct hone_norm_grad_row {
    float *dx, *df, *sum_gamma, *sum_beta; /* sum_*: running sums of a block of tokens */
    const float *dy, *dsum, *sum, *gamma;
    float mean, rstd, beta_dx;
} hone_norm_grad_row;

/* Rows x (n_x, n_in) times a weight of n_out outputs: y = alpha x W^T + beta y. gemv_*: n_x of HONE_GEMV_ROWS at most. */
typedef struct hone_gemv {
    float *y;
    const float *x, *w;
    size_t ldy, ldx, ldw, n_x, n_out, n_in;
    float alpha, beta;
} hone_gemv;

/* c (m, n) = alpha A B, added to c or not. A (m, depth): element (i, k) at a[i a_row + k a_step]. n is a multiple of 16. */
typedef struct hone_small {
    float *c;
    const float *a, *b;
    size_t ldc, a_row, a_step, ldb, m, n, depth;
    float alpha;
    bool add;
} hone_small;

typedef struct hone_adamw_floats {
    float decay /* 1 - lr wd */, beta1, beta2, rest1, rest2 /* 1 - beta */, step /* lr / bias1 */, inverse_bias2 /* 1 / bias2_sqrt */, eps;
} hone_adamw_floats;

typedef struct hone_adamw_block {
    float *p, *m, *v;
    const float *g;
    size_t n;
    float factor;
    hone_adamw_floats how;
} hone_adamw_block;

/* n_steps steps of a row one after the other; gradients are 0 but the last, which is factor g (g NULL: 0 too). live false: m and v are 0. */
typedef struct hone_adamw_row {
    float *p, *m, *v;
    const float *g;
    size_t n;
    float factor;
    bool live;
    int32_t n_steps;
    const hone_adamw_floats *how; /* (n_steps) */
} hone_adamw_row;

enum { HONE_GEMV_ROWS = 8, HONE_COLUMN_CHUNK = 64 };

/* X(result, name, arguments) */
#define HONE_KERNEL_MAP(X)                                                                                                              \
    /* act.c */                                                                                                                         \
    X(void, act, (float *y, const float *x, size_t n, hone_act act))                                                                    \
    X(void, act_grad, (float *dx, const float *dy, const float *x, size_t n, hone_act act, float beta)) /* dx = act'(x) dy + beta dx */ \
    X(void, bias_act,                                                                                                                   \
      (float *y, float *pre, const float *bias, size_t n, hone_act act)) /* the product is in pre, or in y when pre is NULL */          \
    /* elementwise.c */                                                                                                                 \
    X(void, unary, (float *y, const float *x, size_t n, hone_unary what, float p, float q))                                             \
    X(void, binary, (float *z, const float *x, const float *y, size_t n, hone_binary what, bool scalar)) /* scalar: y is one number */  \
    X(void, where, (float *z, const float *condition, const float *x, const float *y, size_t n))                                        \
    X(void, axpby, (float *y, const float *x, size_t n, float alpha, float beta)) /* y = alpha x + beta y, y not read when beta is 0 */ \
    X(void, add, (float *z, const float *x, const float *y, size_t n))                                                                  \
    X(void, drop, (float *y, const float *x, size_t n, const hone_drop_row *drop, float beta))                                          \
    X(void, to_f32, (float *y, const void *x, hone_dtype dtype, size_t n))                                                              \
    X(void, from_f32, (void *y, hone_dtype dtype, const float *x, size_t n))                                                            \
    /* norm.c */                                                                                                                        \
    X(void, norm, (const hone_norm_row *row, size_t n, const hone_drop_row *drop))                                                      \
    X(void, norm_grad, (const hone_norm_grad_row *row, size_t n, const hone_drop_row *drop))                                            \
    /* strip.c: rows of attention scores and of the head; `width` columns are written, those from n on with 0 */                        \
    X(float, row_max, (const float *x, size_t n))                                                                                       \
    X(float, strip_exp,                                                                                                                 \
      (float *s, size_t n, size_t width, float max, const hone_drop_row *drop)) /* s = drop(exp(s - max)); the sum before drop */       \
    X(void, strip_grad, (float *s, float *dp, size_t n, size_t width, float lse, float delta, float scale, const hone_drop_row *drop))  \
    X(float, dot, (const float *x, const float *y, size_t n))                                                                           \
    X(void, key_scores, (float *s, const float *q, const float *k, size_t ld, size_t n_keys, size_t n, float scale))                    \
    X(void, value_sum, (float *o, const float *p, const float *v, size_t ld, size_t n_keys, size_t n)) /* o += p V */                   \
    X(void, softmax_state, (float state[4], const float *x, size_t n, bool first))                     /* max, sum of exp, -, sum */    \
    X(void, softmax_grad, (float *x, size_t n, float lse, float smoothing, float weight))                                               \
    X(void, log_softmax_grad, (float *dx, const float *dy, const float *y, size_t n, float beta))                                       \
    /* gemv.c */                                                                                                                        \
    X(void, gemv_out_in, (const hone_gemv *g)) /* w (n_out, n_in) */                                                                    \
    X(void, gemv_in_out, (const hone_gemv *g)) /* w (n_in, n_out) */                                                                    \
    /* rows.c */                                                                                                                        \
    X(void, rows_out_in, (const hone_gemv *g)) /* any number of rows; w (n_out, n_in) */                                                \
    /* small.c */                                                                                                                       \
    X(void, small_product, (const hone_small *g))                                                                                       \
    X(void, transpose,                                                                                                                  \
      (float *y, size_t ldy, const float *x, size_t ldx, size_t rows,                                                                   \
       size_t cols)) /* y (cols, rows); cols and ldy multiples of 16, zeros behind the rows */                                          \
    /* sums.c */                                                                                                                        \
    X(void, column_sums, (float *y, const float *x, size_t ld, size_t rows, size_t cols, float beta)) /* cols <= HONE_COLUMN_CHUNK */   \
    X(void, gathered_sum, (float *y, const float *x, size_t ld, const int32_t *rows, size_t n_rows, size_t cols, float beta))           \
    X(double, sum, (const float *x, size_t n))                                                                                          \
    X(double, square_sum, (const float *x, size_t n, int64_t *nonfinite))                                                               \
    X(int32_t, argmax, (const float *x, size_t n))                                                                                      \
    X(void, top_k, (float *values, int32_t *index, size_t k, const float *x, size_t n))                                                 \
    /* optimizer.c */                                                                                                                   \
    X(void, adamw, (const hone_adamw_block *block))                                                                                     \
    X(void, adamw_row, (const hone_adamw_row *row))

typedef struct hone_kernels {
#define X(type, name, arguments) type(*name) arguments;
    HONE_KERNEL_MAP(X)
#undef X
} hone_kernels;

extern const hone_kernels hone__kernels_base, hone__kernels_avx2, hone__kernels_avx512;

/* In the files of this folder KERNEL(act) is the name that belongs to the set being compiled: hone__k_act_avx2. */
#ifdef HONE_ISA
#define HONE_KERNEL_NAME_(name, isa) hone__k_##name##_##isa
#define HONE_KERNEL_NAME(name, isa)  HONE_KERNEL_NAME_(name, isa)
#define KERNEL(name)                 HONE_KERNEL_NAME(name, HONE_ISA)
#define X(type, name, arguments)     type KERNEL(name) arguments;
HONE_KERNEL_MAP(X)
#undef X
#endif

#endif
