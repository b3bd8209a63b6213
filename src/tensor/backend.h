/* The one door to kernels. A backend is a folder under src/tensor that fills this table: `ref` (plain loops in double, the oracle), `cpu` (oneDNN + SIMD),
 * `dry` (computes nothing, for forecasts of memory); nothing above src/tensor knows which one runs.
 *
 * Rules for every entry: it never allocates (scratch comes in, its size from `workspace`), never synchronises (scalars stay on the device), never prints; it
 * returns HONE_OK, HONE_UNSUPPORTED for a dtype it does not know (`supports` says so beforehand) or HONE_DEVICE. Shapes and overlaps are the caller's invariant
 * (HONE_ASSERT), not checked input. Outputs do not overlap inputs unless an entry says "in place".
 * `beta` of an output is 0 (write) or 1 (add to what is there); with 0 the old content is not read (it may be NaN).
 * Every sum has a fixed order that depends on shapes and, at most, the thread count (engine.md, 5): fixed blocks, partials in order, no atomics.
 * N = 0, R = 0 and empty rows are legal everywhere and write what mathematics says (sums 0). */
#ifndef HONE_TENSOR_BACKEND_H
#define HONE_TENSOR_BACKEND_H

#include "tensor/tensor.h"

typedef struct hone_mat {
    void *data;
    hone_dtype dtype;
    int64_t rows, cols, ld; /* element (i, j) at data[i * ld + j] */
} hone_mat;

/* The matrix of a linear map C_in -> C_out: stored (C_out, C_in), or (C_in, C_out) when in_major (GPT-2's Conv1D; never transposed at load).
 * mat has the stored shape. `version` changes when the values do: packed copies follow it. 0: never cached. quant not NULL: linear_forward computes with that and
 * does not read mat, whose data may be gone; the other entries do not take such a weight. */
typedef struct hone_weight {
    hone_mat mat;
    bool in_major;
    uint32_t version;
    const struct hone_quant *quant;
} hone_weight;

/* The same matrix in 8 bits, W(o, i) = scale[o] code(o, i) with |code| <= 127, for products with rows of x that are brought to 8 bits in turn (docs/precision.md):
 *
 *     s = max |x(n, i)| / 127;   q(n, i) = round(x(n, i) / s) + 128;   y(n, o) = act((sum_i q(n, i) code(o, i) + shift[o]) (s scale[o]) + bias[o])
 *
 * The sum is exact in 32 bits, so that no order of it changes a bit. An output whose weights are not all finite has the scale NaN, as has a row of x.
 * Codes stand in panels of HONE_QUANT_COLS outputs: after each other, for every four inputs, a word of four codes for each output. Beyond the edges all is 0. */
enum { HONE_QUANT_COLS = 32, HONE_QUANT_MAX_IN = 16384 };
typedef struct hone_quant {
    int8_t *codes;
    float *scale;   /* (n_out, rounded up to whole panels) */
    int32_t *shift; /* the same: -128 times the sum of the output's codes */
    int64_t n_in, n_out;
} hone_quant;

/* Dropout: NULL or p == 0 means none and nothing else is read. The decision for an element depends only on (seed, site, pass, key of its row, position, channel) as
 * engine.md, 4 says; kept values are scaled by 1/(1-p). rows->row, pos and key say whose token each row of the matrix is. */
typedef struct hone_drop {
    float p;
    uint64_t seed;
    uint32_t site, pass;
    const hone_rows *rows;
} hone_drop;

#define HONE_ACT_MAP(X) X(NONE) X(GELU /* erf */) X(GELU_NEW /* tanh, GPT-2 */) X(RELU) X(TANH) X(SIGMOID)
typedef enum hone_act {
#define X(name) HONE_ACT_##name,
    HONE_ACT_MAP(X)
#undef X
} hone_act;

/* y = f(x; a, b) */
/* clang-format off */
#define HONE_UNARY_MAP(X) \
    X(COPY) X(NEG) X(SCALE /* a x */) X(ADD_SCALAR /* x + a */) X(EXP) X(LOG) X(SQRT) X(SQUARE) X(ABS) X(RECIPROCAL) X(CLAMP /* [a, b] */) \
    X(TANH) X(SIGMOID) X(RELU) X(POW /* x^a */) X(NOT /* x == 0 */)
/* clang-format on */
typedef enum hone_unary {
#define X(name) HONE_UNARY_##name,
    HONE_UNARY_MAP(X)
#undef X
} hone_unary;

/* z = x op y; comparisons give 1.0 or 0.0; MAXIMUM and MINIMUM are NaN where either operand is, as torch has it */
#define HONE_BINARY_MAP(X) X(ADD) X(SUB) X(MUL) X(DIV) X(MAXIMUM) X(MINIMUM) X(EQ) X(NE) X(LT) X(LE) X(GT) X(GE)
typedef enum hone_binary {
#define X(name) HONE_BINARY_##name,
    HONE_BINARY_MAP(X)
#undef X
} hone_binary;

/* How the second operand of `binary` fits the first (rows, cols). */
typedef enum hone_broadcast {
    HONE_BROADCAST_NONE,
    HONE_BROADCAST_ROW /* (1, cols) */,
    HONE_BROADCAST_COL /* (rows, 1) */,
    HONE_BROADCAST_SCALAR
} hone_broadcast;

typedef enum hone_reduce { HONE_REDUCE_SUM, HONE_REDUCE_MEAN /* 0 over nothing */ } hone_reduce;
typedef enum hone_random { HONE_RANDOM_NORMAL /* mean a, deviation b */, HONE_RANDOM_UNIFORM /* [a, b) */ } hone_random;

/* Which entry `workspace` is asked about, and the meaning of n, m, k. Sizes are monotone in each argument. */
typedef enum hone_workspace {
    HONE_WS_ATTENTION_FORWARD,  /* n: longest key row T, m: C, k: rows R * heads H */
    HONE_WS_ATTENTION_BACKWARD, /* the same */
    HONE_WS_COLUMN_SUMS,        /* n: rows N, m: cols: linear_dw with dbias, residual_norm_backward, column_sum */
    HONE_WS_EMBED_BACKWARD,     /* n: tokens N, m: cols C, k: rows of the table */
    HONE_WS_REDUCE,             /* n: elements: reduce, norm2 */
    HONE_WS_GEMM,               /* n, m, k of the product: gemm, linear_forward, linear_dx */
    HONE_WS_INT8                /* the same of linear_forward with w->quant */
} hone_workspace;

/* The gradient of a table (V, cols) of which a batch reads few rows (engine.md, 8): row rows[i], ascending, has its own at g + slots[i] cols; the others' are 0. */
typedef struct hone_slots {
    const void *g;
    const int32_t *rows, *slots;
    int32_t n;
    int64_t cols;
} hone_slots;

/* One run of the flat buffers with the same treatment: elements [begin, end). Segments are ascending and do not overlap; gaps are passed over. */
typedef struct hone_segment {
    size_t begin, end;
    float lr_scale, weight_decay; /* factor on the learning rate; decoupled decay */
    size_t skipped;               /* element i has its gradient at g[i - skipped]: the gradient's buffer leaves out the tables with slots */
    const hone_slots *slots; /* not NULL: the gradient is here and not in g; norm2 counts it as if it were dense, adamw passes over it */
} hone_segment;

/* torch.optim.AdamW (Loshchilov & Hutter 2019), step t counted from 1:
 *   p *= 1 - lr wd;  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  p -= lr / (1-b1^t) * m / (sqrt(v) / sqrt(1-b2^t) + eps) */
typedef struct hone_adamw {
    double lr, beta1, beta2, eps; /* double: 1 - 0.999f is 5e-5 away from 0.001 */
    double bias1, bias2_sqrt;     /* 1 - beta1^t, sqrt(1 - beta2^t) */
} hone_adamw;

/* A step as a table remembers it for the rows that have not had it yet: step k stands at k % HONE_ADAMW_RING. */
enum { HONE_ADAMW_RING = 64 };
typedef struct hone_adamw_step {
    hone_adamw how;
    float lr_scale, weight_decay;
} hone_adamw_step;

/* Rows of a table (V, cols) that are brought up to step `to`; row rows[i] has had the steps until from[i], and lacks HONE_ADAMW_RING of them at most. */
typedef struct hone_adamw_rows {
    float *p, *m, *v;
    int64_t cols;
    const int32_t *rows, *from; /* (n) each row once */
    int32_t n, to;
    const bool *live; /* (V) false: m and v of the row are 0 */
    const hone_adamw_step *ring;
    /* The gradient of rows[i] in step `to`: g + slots[i] cols, times *factor; all other gradients are 0. NULL: that one too */
    const float *g;
    const int32_t *slots;
    const float *factor;
} hone_adamw_rows;

typedef struct hone_backend hone_backend;
typedef struct hone_backend_ops {
    const char *name; /* "cpu" */

    /* ---- memory and order ---- */
    hone_status (*alloc)(hone_backend *b, void **out, size_t bytes); /* zeroed, 64-byte aligned */
    void (*release)(hone_backend *b, void *data, size_t bytes);
    hone_status (*upload)(hone_backend *b, void *device, const void *host, size_t bytes);
    hone_status (*download)(hone_backend *b, void *host, const void *device, size_t bytes); /* waits for the device */
    hone_status (*fill_zero)(hone_backend *b, void *data, size_t bytes);
    hone_status (*sync)(hone_backend *b);
    void (*close)(hone_backend *b);
    bool (*supports)(const hone_backend *b, hone_dtype dtype); /* as storage of activations and parameters */
    size_t (*workspace)(const hone_backend *b, hone_workspace what, int64_t n, int64_t m, int64_t k); /* bytes, 0 when none is needed */

    /* ---- products ---- */
    /* Makes ready for products whose factors are rounded to `dtype` (F32: nothing to do): HONE_UNSUPPORTED, with the reason, where that is not there. What it takes stays until
     * close. Such products are asked for by b->products afterwards. */
    hone_status (*prepare_products)(hone_backend *b, hone_dtype dtype);
    /* c = alpha op(a) op(b) + beta c, op = transpose when ta / tb. Scratch: HONE_WS_GEMM. */
    hone_status (*gemm)(hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                        float beta, void *scratch);
    /* y (N, O) = act(x (N, I) W^T + bias (O or NULL)); pre (N, O), optional, gets the argument of act (needed when act != NONE and a backward will come). With w->quant
     * there is no pre, and scratch is HONE_WS_INT8. */
    hone_status (*linear_forward)(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_weight *w, const void *bias,
                                  hone_act act, const hone_mat *pre, void *scratch);
    /* dx (N, I) = act'(pre (N, I)) o (dy (N, O) W) + beta dx; act == NONE: pre is NULL */
    hone_status (*linear_dx)(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_weight *w, hone_act act,
                             const hone_mat *pre, float beta, void *scratch);
    /* dw (as stored) = dy^T x + beta_w dw;  dbias (O, NULL: none) = column sums of dy + beta_bias dbias. Scratch: HONE_WS_COLUMN_SUMS. */
    hone_status (*linear_dw)(hone_backend *b, const hone_weight *dw, void *dbias, const hone_mat *dy, const hone_mat *x, float beta_w,
                             float beta_bias, void *scratch);

    /* Fills codes, scale and shift of *to (hone__quant_bytes of the backend's memory) from a weight. */
    hone_status (*quantize)(hone_backend *b, const hone_quant *to, const hone_weight *from);

    /* ---- attention (engine.md, 6) ---- */
    /* q (Nq, H D), k and v (Nk, H D) may be views (ld). o (Nq, H D); lse (Nq, H), F32 (F64 in F64), NULL when no backward will come.
     * rows_q and rows_k have the same R; causal: query i of Tq sees keys 0 .. Tk - Tq + i. S = scale q k^T; o = drop(softmax(S)) v.
     * Dropout of attention: key position j, query position (Tk - Tq + i), head; ordinal drop->rows->key[r]. A query without keys, and a token of
     * no row (from start[R] on), gives o = 0 and lse = 0. */
    hone_status (*attention_forward)(hone_backend *b, const hone_mat *o, void *lse, const hone_mat *q, const hone_mat *k, const hone_mat *v,
                                     const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal, float scale,
                                     const hone_drop *drop, void *scratch);
    /* dq, dk, dv are written (beta 0), views allowed (one (N, 3C)); 0 for tokens of no row. */
    hone_status (*attention_backward)(hone_backend *b, const hone_mat *dq, const hone_mat *dk, const hone_mat *dv, const hone_mat *d_o,
                                      const hone_mat *o, const void *lse, const hone_mat *q, const hone_mat *k, const hone_mat *v,
                                      const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal, float scale,
                                      const hone_drop *drop, void *scratch);

    /* ---- residual + layer norm (Ba et al. 2016) ---- */
    /* sum = x + drop(f);  y = (sum - mean) rstd gamma + beta. f NULL: plain layer norm of x, sum is not written. sum NULL: not kept. mean, rstd (N), may be NULL.
     * sum may be x or f (in place). */
    hone_status (*residual_norm_forward)(hone_backend *b, const hone_mat *sum, const hone_mat *y, void *mean, void *rstd, const hone_mat *x,
                                         const hone_mat *f, const void *gamma, const void *beta, float eps, const hone_drop *drop);
    /* ds = layer-norm backward of dy at sum, + dsum (NULL: none);  dx = ds + beta_dx dx (NULL: not wanted);  df = drop(ds) (NULL: not wanted);
     * dgamma, dbeta (C, NULL: not wanted) = sums over tokens + beta_param (old). dx may be dsum (in place). Scratch: HONE_WS_COLUMN_SUMS. */
    hone_status (*residual_norm_backward)(hone_backend *b, const hone_mat *dx, const hone_mat *df, void *dgamma, void *dbeta,
                                          const hone_mat *dy, const hone_mat *dsum, const hone_mat *sum, const void *mean, const void *rstd,
                                          const void *gamma, const hone_drop *drop, float beta_dx, float beta_param, void *scratch);

    /* ---- elementwise ---- */
    /* In place allowed */
    hone_status (*act_forward)(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_act act);
    /* dx may be dy */
    hone_status (*act_backward)(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_mat *x, hone_act act, float beta);
    /* y = drop(x) + beta y, in place allowed; the same call forward and backward */
    hone_status (*dropout)(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_drop *drop, float beta);
    hone_status (*unary)(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_unary what, float p, float q); /* in place allowed */
    /* In place allowed */
    hone_status (*binary)(hone_backend *b, const hone_mat *z, const hone_mat *x, const hone_mat *y, hone_binary what,
                          hone_broadcast broadcast);
    /* z = condition != 0 ? x : y */
    hone_status (*where)(hone_backend *b, const hone_mat *z, const hone_mat *condition, const hone_mat *x, const hone_mat *y);
    /* y (n, 1) = 1 when ids[i] is in the ascending set */
    hone_status (*is_in)(hone_backend *b, const hone_mat *y, const int32_t *ids, const int32_t *set, int64_t n_set);
    /* y += alpha x */
    hone_status (*axpy)(hone_backend *b, const hone_mat *y, const hone_mat *x, float alpha);
    /* Between dtypes, round to nearest even */
    hone_status (*convert)(hone_backend *b, const hone_mat *y, const hone_mat *x);
    /* Element i (row-major) as tensor/random.h says: the same bits in every backend */
    hone_status (*random)(hone_backend *b, const hone_mat *y, hone_random what, float p, float q, uint64_t key);

    /* ---- embeddings and indexing ---- */
    /* y (N, C) = drop(sum over the tables of tables[k][ids[k][i]]); at most 3 tables, each (rows, C). An id is in range: the caller checked. */
    hone_status (*embed_forward)(hone_backend *b, const hone_mat *y, int n_tables, const hone_mat *tables, const int32_t *const *ids,
                                 const hone_drop *drop);
    /* dtable (V, C) = sum over i with ids[i] == v of dy[i], in token order, + beta dtable. Tokens with id `skip` have no part in it (padding_idx); -1: none. */
    hone_status (*embed_backward)(hone_backend *b, const hone_mat *dtable, const int32_t *ids, const hone_mat *dy, int32_t skip, float beta,
                                  void *scratch);
    /* y[i] = x[index[i]] */
    hone_status (*gather_rows)(hone_backend *b, const hone_mat *y, const hone_mat *x, const int32_t *index);
    /* x[index[i]] += y[i], in order of i */
    hone_status (*scatter_add_rows)(hone_backend *b, const hone_mat *x, const hone_mat *y, const int32_t *index, bool unique);
    /* y (N, 1) = x[i][index[i]]; index < 0 gives 0 */
    hone_status (*gather_cols)(hone_backend *b, const hone_mat *y, const hone_mat *x, const int32_t *index);
    /* Its gradient: x[i][index[i]] += y[i] */
    hone_status (*scatter_add_cols)(hone_backend *b, const hone_mat *x, const hone_mat *y, const int32_t *index);

    /* ---- softmax and losses ---- */
    hone_status (*log_softmax_forward)(hone_backend *b, const hone_mat *y, const hone_mat *x);
    hone_status (*log_softmax_backward)(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_mat *y, float beta);
    /* The head in blocks of columns (engine.md, 7). state (n, 4) of the dtype of nll: running max, sum of exp, logit of the label, sum of logits. logits holds columns v0 .. v0+cols. */
    hone_status (*softmax_block)(hone_backend *b, const hone_mat *state, const hone_mat *logits, const int32_t *labels, int64_t v0,
                                 bool first);
    /* lse[i] = max + log(sum); nll[i] = lse - (1-s) logit - s (sum of logits)/V, 0 where labels[i] < 0. nll, lse: (n, 1). */
    hone_status (*softmax_nll)(hone_backend *b, const hone_mat *nll, const hone_mat *lse, const hone_mat *state, const int32_t *labels,
                               float smoothing, int64_t n_classes);
    /* In place: logits = (exp(logits - lse) - (1-s) onehot - s/V) * weights[i] * scale, 0 where labels[i] < 0; weights NULL: 1. */
    hone_status (*softmax_grad)(hone_backend *b, const hone_mat *logits, const hone_mat *lse, const int32_t *labels, const void *weights,
                                float scale, float smoothing, int64_t v0, int64_t n_classes);

    /* ---- sums ---- */
    /* (N, C) -> (R, C) */
    hone_status (*rows_reduce)(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_rows *rows, hone_reduce what);
    /* Its gradient: (R, C) -> (N, C), over T for a mean */
    hone_status (*rows_spread)(hone_backend *b, const hone_mat *x, const hone_mat *y, const hone_rows *rows, hone_reduce what, float beta);
    /* (1, 1), summed in double */
    hone_status (*reduce)(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_reduce what, float beta, void *scratch);
    /* (1, cols) */
    hone_status (*column_sum)(hone_backend *b, const hone_mat *y, const hone_mat *x, float beta, void *scratch);
    /* (rows, 1) */
    hone_status (*row_sum)(hone_backend *b, const hone_mat *y, const hone_mat *x, float beta);

    /* ---- generation ---- */
    hone_status (*argmax)(hone_backend *b, int32_t *index, const hone_mat *x); /* per row, the first of equals */
    /* Per row, k = values->cols, descending; equals: lower index first */
    hone_status (*top_k)(hone_backend *b, const hone_mat *values, int32_t *index, const hone_mat *x);

    /* ---- the optimizer, over the flat buffers ---- */
    /* out_f64[0] = sum of squares of g over the segments, in double, fixed blocks of 4096; nonfinite[0] = elements that are not finite. */
    hone_status (*norm2)(hone_backend *b, double *out_f64, int32_t *nonfinite, const void *g, const hone_segment *segments,
                         size_t n_segments, void *scratch);
    /* g is used times *factor (clip x 1/scale x 1/items), never rewritten. skip != NULL and *skip != 0: nothing happens. compute: low-precision copy, NULL when = master. */
    hone_status (*adamw)(hone_backend *b, float *master, void *compute, hone_dtype compute_dtype, const float *g, float *m, float *v,
                         const hone_segment *segments, size_t n_segments, const hone_adamw *how, const float *factor, const int32_t *skip);
    /* The steps that rows of a table have missed, one after the other: to the bit what adamw does to these rows with a gradient of 0 (engine.md, 8). Host arrays. */
    hone_status (*adamw_rows)(hone_backend *b, const hone_adamw_rows *rows);
} hone_backend_ops;

struct hone_backend {
    const hone_backend_ops *ops;
    const hone_backend_ops *inner; /* what ops passes on to while it measures (hone__backend_measure); NULL: it does not */
    int n_threads;
    /* false: data is the host's, and host arrays may be lent to entries; true: everything goes through upload and download */
    bool own_memory;
    /* What alloc gave and release has not taken back: every backend's alloc and release call hone__backend_count */
    size_t bytes_now, bytes_peak;
    hone_dtype
        products; /* F32; BF16: gemm and the linear entries round their factors where hone__narrow_pays, and add in F32. The tape that runs sets it */
    int n_measuring; /* how often measuring was asked for */
    void *self;      /* the backend's own */
};

/* What the codes of a weight take, and where they lie in so much memory. */
static inline size_t hone__quant_outputs(const hone_quant *q)
{
    return (size_t)(q->n_out + HONE_QUANT_COLS - 1) / HONE_QUANT_COLS * HONE_QUANT_COLS;
}
static inline size_t hone__quant_words(const hone_quant *q)
{
    return (size_t)(q->n_in + 3) / 4;
}
static inline size_t hone__quant_bytes(const hone_quant *q)
{
    return hone__quant_outputs(q) * (4 * hone__quant_words(q) + sizeof(float) + sizeof(int32_t));
}
static inline void hone__quant_place(hone_quant *q, void *block)
{
    q->codes = block;
    q->scale = (float *)(void *)(q->codes + hone__quant_outputs(q) * hone__quant_words(q) * 4);
    q->shift = (int32_t *)(void *)(q->scale + hone__quant_outputs(q));
}
/* Outputs [first, first + n); first is that of a panel. */
static inline hone_quant hone__quant_part(const hone_quant *q, int64_t first, int64_t n)
{
    return (hone_quant){q->codes + (size_t)first * hone__quant_words(q) * 4, q->scale + first, q->shift + first, q->n_in, n};
}

static inline void hone__backend_count(hone_backend *b, size_t more, size_t less)
{
    b->bytes_now += more - less;
    if (b->bytes_now > b->bytes_peak)
        b->bytes_peak = b->bytes_now;
}

/* Whether a product (rows, depth) x (depth, cols) is large enough to be computed in narrow numbers: below, packing and edges take what they save. */
static inline bool hone__narrow_pays(int64_t rows, int64_t cols, int64_t depth)
{
    return rows >= 12 && cols >= 32 && depth >= 32;
}

/* Opens "cpu", "ref", "dry" or "auto" (the fastest there is). HONE_UNSUPPORTED names what exists. n_threads 0: all cores. */
hone_status hone__backend_open(hone_backend **out, const char *name, int n_threads);
void hone__backend_close(hone_backend *b);

/* From now on (on: true) every entry that computes is a span with its floating point operations and bytes, for the thread that profiles (base/spans.h). May be asked for
 * more than once, and is taken back as often. */
hone_status hone__backend_measure(hone_backend *b, bool on);

/* Each backend folder has one of these; it fills b->ops and b->self. */
hone_status hone__ref_open(hone_backend *b);
hone_status hone__dry_open(hone_backend *b);
hone_status hone__cpu_open(hone_backend *b);
/* What the cpu backend runs on, for logs and --version: "AVX-512 (VNNI, BF16)", "AVX2", "SSE4.2". */
const char *hone__cpu_isa(void);

static inline hone_mat hone__mat(const hone_tensor *t)
{
    hone_mat m = {t->data, t->dtype, hone__n_rows(t), hone__cols(t), t->ld};
    return m;
}

/* The dropout decision (engine.md, 4): the one formula that every backend follows. Tile and word of the Philox draw for channel c (hidden) or key position j (attention). */
static inline uint32_t hone__drop_tile(uint32_t c)
{
    return (c / 32) * 8 + c % 8;
}
static inline uint32_t hone__drop_word(uint32_t c)
{
    return (c / 8) % 4;
}

#endif
