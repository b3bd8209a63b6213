/* Scaled dot-product attention over packed rows (Vaswani et al. 2017; engine.md, 6).
 *
 * The scores of a block of queries against all their keys are a strip that stays in cache: S = scale Q K^T, softmax, O = P V. Backward takes the strip again:
 *     P = exp(S - lse)    dP = dO V^T    delta = rowsum(dO o O)    dS = scale P o (drop(dP) - delta)    dQ = dS K    dK += dS^T Q    dV += drop(P)^T dO
 * Products inside the parallel region are dnnl_sgemm on views of q, k, v: it runs on the calling thread there. Against few keys, with AVX-512, they are kernels of our own
 * (kernels/small.c). Rows longer than HONE_CPU_STRIP keys have their
 * strips cut in blocks of keys; forward then keeps a running max and sum (Milakov & Gimelshein 2018). Items are dealt out as threads come free: each writes
 * only its own outputs. Dropout is drawn in the strip, the same decisions in both directions. */
#include "tensor/cpu/cpu.h"

#include <oneapi/dnnl/dnnl.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

typedef struct attention {
    const hone_kernels *kernels;
    const hone_mat *q, *k, *v, *o;
    float *lse;
    const hone_mat *d_o, *dq, *dk, *dv; /* backward only */
    const hone_drop *drop;
    float scale;
    bool causal, dropped;
    bool own; /* products with few keys by kernels of our own: what they need is there */
    int n_heads;
    int64_t size, block, strip_ld; /* D; queries of a block; columns of the scratch strip */
    hone_drop_row drop_row;
} attention;

/* One head of one row. */
typedef struct head {
    int64_t q0, k0, n_q, n_k, col; /* first token of each kind, their numbers, first channel */
    int32_t row;
    int h;
} head;

enum {
    FEW_QUERIES = 4,
    FEW_SCORES = 1024,
    PAD = 16,
    MOST_CHANNELS = 128,
    OWN_KEYS = 64 /* of a head and a strip, for products of our own */
};

static int64_t strip_ld(int64_t longest)
{
    int64_t ld = hone__ceil_div(hone__min64(hone__max64(longest, 1), HONE_CPU_STRIP), PAD) * PAD;
    return ld % 1024 ? ld : ld + PAD; /* rows one page apart would share their cache sets */
}

/* Floats of a thread: the strip, K^T; of backward dP and V^T too. */
static int64_t thread_room(int64_t ld, bool backward)
{
    return (ld * HONE_CPU_STRIP_ROWS + MOST_CHANNELS * OWN_KEYS) * (backward ? 2 : 1);
}

size_t hone__attention_workspace(const hone_backend *b, int64_t longest, bool backward)
{
    return (size_t)(b->n_threads * thread_room(strip_ld(longest), backward)) * sizeof(float);
}

/* Causal blocks waste half a block of scores, so they are smaller (8 rows of 128 tokens, forward and backward of GPT-2's heads: 32 queries 4.4 ms, 64 4.3, 128 5.0). */
static int64_t block_of(bool causal)
{
    return causal ? 64 : HONE_CPU_STRIP_ROWS;
}

static head head_of(const hone_rows *rows_q, const hone_rows *rows_k, const attention *t, int32_t r, int h)
{
    head x = {.q0 = rows_q->start[r], .k0 = rows_k->start[r], .col = h * t->size, .row = r, .h = h};
    x.n_q = hone__rows_end(rows_q, r) - x.q0;
    x.n_k = hone__rows_end(rows_k, r) - x.k0;
    return x;
}

/* How many keys query i of the head sees. */
static int64_t visible(const attention *t, const head *x, int64_t i)
{
    int64_t n = x->n_k - x->n_q + i + 1;
    return !t->causal ? x->n_k : n < 0 ? 0 : n > x->n_k ? x->n_k : n;
}

static float *place(const hone_mat *m, int64_t first, int64_t i, int64_t col)
{
    return hone__at(m, first + i, col);
}

/* The draw for query i from key j0 on (a multiple of 64). */
static const hone_drop_row *drop_of(const attention *t, const head *x, int64_t i, int64_t j0, hone_drop_row *row)
{
    if (!t->dropped)
        return NULL;
    uint64_t ordinal = t->drop->rows->key[x->row];
    *row = t->drop_row;
    row->tile = ((uint32_t)x->h << 20) + hone__drop_tile((uint32_t)j0);
    row->position = (uint32_t)(x->n_k - x->n_q + i) | t->drop->pass << 24;
    row->ordinal_low = (uint32_t)ordinal, row->ordinal_high = (uint32_t)(ordinal >> 32);
    return row;
}

static bool multiply(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                     int64_t ldb, float beta, float *c, int64_t ldc)
{
    return dnnl_sgemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) == dnnl_success;
}

/* A strip: n queries from i0 on, against keys j0 .. j0 + n_k. */
typedef struct strip {
    int64_t i0, n, j0, n_k, ld;
    float *s, *dp;
    float *k_t, *v_t; /* (D, OWN_KEYS) keys and values transposed, for products of our own */
} strip;

/* c = alpha A B (+ c) by the kernel for small matrices; A with its two strides. */
static void multiply_small(const attention *t, float *c, int64_t ldc, const float *a, int64_t a_row, int64_t a_step, const float *b,
                           int64_t ldb, int64_t m, int64_t n, int64_t depth, float alpha, bool add)
{
    t->kernels->small_product(&(hone_small){.c = c,
                                            .a = a,
                                            .b = b,
                                            .ldc = (size_t)ldc,
                                            .a_row = (size_t)a_row,
                                            .a_step = (size_t)a_step,
                                            .ldb = (size_t)ldb,
                                            .m = (size_t)m,
                                            .n = (size_t)n,
                                            .depth = (size_t)depth,
                                            .alpha = alpha,
                                            .add = add});
}

/* Where oneDNN is slower: 16 and 26 keys, heads of 32, forward and backward: 1.8 and 1.6 times; 53 keys, heads of 64: 1.2, heads of 32: the same. */
static bool is_own(const attention *t, const strip *p)
{
    return t->own && p->n_k <= (t->size < 64 ? OWN_KEYS / 2 + 8 : OWN_KEYS);
}

static int64_t padded(int64_t n)
{
    return hone__ceil_div(n, PAD) * PAD;
}

/* s = alpha X Y^T for rows x of queries (or their gradients) and keys (or values) y, which are transposed into y_t. Columns up to the next multiple of 16 are written. */
static void multiply_transposed(const attention *t, const strip *p, float *s, const float *x, int64_t ldx, const float *y, int64_t ldy,
                                float *y_t, float alpha)
{
    t->kernels->transpose(y_t, OWN_KEYS, y, (size_t)ldy, (size_t)p->n_k, (size_t)t->size);
    multiply_small(t, s, p->ld, x, ldx, 1, y_t, OWN_KEYS, p->n, padded(p->n_k), t->size, alpha, false);
}

/* Few queries, or the few scores of a short row: kernels of their own cost less than calling oneDNN, which a short text then never wakes (20 ms of a process's first call). */
static bool is_small(const attention *t, const strip *p)
{
    return p->n <= FEW_QUERIES || (!is_own(t, p) && p->n * p->n_k <= FEW_SCORES);
}

/* s = scale Q K^T; a few queries have dot products of their own, with K read once for each. */
static bool scores(const attention *t, const head *x, const strip *p)
{
    const float *k = place(t->k, x->k0, p->j0, x->col);
    if (is_own(t, p) && !is_small(t, p)) {
        multiply_transposed(t, p, p->s, place(t->q, x->q0, p->i0, x->col), t->q->ld, k, t->k->ld, p->k_t, t->scale);
        return true;
    }
    if (!is_small(t, p))
        return multiply('N', 'T', p->n, p->n_k, t->size, t->scale, place(t->q, x->q0, p->i0, x->col), t->q->ld, k, t->k->ld, 0.0f, p->s,
                        p->ld);
    for (int64_t i = 0; i < p->n; i++)
        t->kernels->key_scores(p->s + i * p->ld, place(t->q, x->q0, p->i0 + i, x->col), k, (size_t)t->k->ld, (size_t)p->n_k,
                               (size_t)t->size, t->scale);
    return true;
}

/* o += P V, or o = P V for the first strip. */
static bool values(const attention *t, const head *x, const strip *p, bool first)
{
    const float *v = place(t->v, x->k0, p->j0, x->col);
    if (is_own(t, p) && !is_small(t, p)) {
        multiply_small(t, place(t->o, x->q0, p->i0, x->col), t->o->ld, p->s, p->ld, 1, v, t->v->ld, p->n, t->size, p->n_k, 1.0f, !first);
        return true;
    }
    if (!is_small(t, p))
        return multiply('N', 'N', p->n, t->size, p->n_k, 1.0f, p->s, p->ld, v, t->v->ld, first ? 0.0f : 1.0f,
                        place(t->o, x->q0, p->i0, x->col), t->o->ld);
    for (int64_t i = 0; i < p->n; i++) {
        float *o = place(t->o, x->q0, p->i0 + i, x->col);
        if (first)
            memset(o, 0, (size_t)t->size * sizeof(*o));
        t->kernels->value_sum(o, p->s + i * p->ld, v, (size_t)t->v->ld, (size_t)p->n_k, (size_t)t->size);
    }
    return true;
}

/* Softmax of a strip without its division: running max and sum of each query; what was summed into o before is brought to the new max. */
static void soften(const attention *t, const head *x, const strip *p, float *max, float *sum, bool first)
{
    hone_drop_row row;
    for (int64_t i = 0; i < p->n; i++) {
        int64_t seen = hone__min64(hone__max64(visible(t, x, p->i0 + i) - p->j0, 0), p->n_k);
        float *s = p->s + i * p->ld, before = max[i];
        if (seen > 0)
            max[i] = fmaxf(before, t->kernels->row_max(s, (size_t)seen));
        float here = t->kernels->strip_exp(s, (size_t)seen, (size_t)p->n_k, max[i], drop_of(t, x, p->i0 + i, p->j0, &row));
        if (!first && max[i] > before) {
            float *o = place(t->o, x->q0, p->i0 + i, x->col), factor = expf(before - max[i]);
            t->kernels->axpby(o, o, (size_t)t->size, factor, 0);
            sum[i] *= factor;
        }
        sum[i] += here;
    }
}

/* Divides a query's sum of values by its sum of probabilities, and keeps their logarithm. */
static void finish_query(const attention *t, const head *x, int64_t i, float max, float sum)
{
    float *o = place(t->o, x->q0, i, x->col);
    if (sum > 0.0f)
        t->kernels->axpby(o, o, (size_t)t->size, 1.0f / sum, 0);
    else if (max == -INFINITY)
        memset(o, 0, (size_t)t->size * sizeof(*o)); /* no keys */
    if (t->lse)
        t->lse[(x->q0 + i) * t->n_heads + x->h] = max > -INFINITY ? (float)((double)max + log((double)sum)) : 0.0f;
}

/* Generation: the one query of a row, for heads h0 .. h1 at once. Keys and values are taken a few rows at a time through all of these heads, so that the cache is
 * read in long runs. */
static void forward_single(const attention *t, const hone_rows *rows_q, const hone_rows *rows_k, int32_t r, int h0, int h1, float *scratch)
{
    head x = head_of(rows_q, rows_k, t, r, h0);
    int64_t n = visible(t, &x, 0), step = 4;
    float *q = place(t->q, x.q0, 0, 0), *o = place(t->o, x.q0, 0, 0), max[HONE_CPU_STRIP_ROWS], sum[HONE_CPU_STRIP_ROWS];
    hone_drop_row row;
    for (int64_t j = 0; j < n; j += step)
        for (int h = h0; h < h1; h++)
            t->kernels->key_scores(scratch + (h - h0) * t->strip_ld + j, q + h * t->size, place(t->k, x.k0, j, h * t->size),
                                   (size_t)t->k->ld, (size_t)hone__min64(step, n - j), (size_t)t->size, t->scale);
    for (int h = h0; h < h1; h++) {
        float *s = scratch + (h - h0) * t->strip_ld;
        x.h = h;
        max[h - h0] = t->kernels->row_max(s, (size_t)n);
        sum[h - h0] = t->kernels->strip_exp(s, (size_t)n, (size_t)n, max[h - h0], drop_of(t, &x, 0, 0, &row));
    }
    memset(o + h0 * t->size, 0, (size_t)((h1 - h0) * t->size) * sizeof(*o));
    for (int64_t j = 0; j < n; j += step)
        for (int h = h0; h < h1; h++)
            t->kernels->value_sum(o + h * t->size, scratch + (h - h0) * t->strip_ld + j, place(t->v, x.k0, j, h * t->size),
                                  (size_t)t->v->ld, (size_t)hone__min64(step, n - j), (size_t)t->size);
    for (int h = h0; h < h1; h++) {
        head one = head_of(rows_q, rows_k, t, r, h);
        finish_query(t, &one, 0, max[h - h0], sum[h - h0]);
    }
}

static void forward_singles(const hone_backend *b, const attention *t, const hone_rows *rows_q, const hone_rows *rows_k, float *scratch)
{
    int64_t per_row =
        hone__max64(hone__ceil_div(b->n_threads, hone__max64(rows_q->n_rows, 1)), hone__ceil_div(t->n_heads, HONE_CPU_STRIP_ROWS));
    int64_t heads = hone__ceil_div(t->n_heads, per_row), room = t->strip_ld * HONE_CPU_STRIP_ROWS;
    per_row = hone__ceil_div(t->n_heads, heads);
#pragma omp parallel for schedule(dynamic) num_threads(hone__threads(b, rows_q->n_rows * t->size * t->n_heads * rows_k->longest))
    for (int64_t item = 0; item < rows_q->n_rows * per_row; item++) {
        int32_t r = (int32_t)(item / per_row);
        int h0 = (int)(item % per_row * heads);
        if (rows_q->start[r] < hone__rows_end(rows_q, r))
            forward_single(t, rows_q, rows_k, r, h0, (int)hone__min64(h0 + heads, t->n_heads), scratch + omp_get_thread_num() * room);
    }
}

static bool forward_block(const attention *t, const head *x, int64_t i0, float *scratch)
{
    float max[HONE_CPU_STRIP_ROWS], sum[HONE_CPU_STRIP_ROWS];
    strip p = {.i0 = i0,
               .n = hone__min64(t->block, x->n_q - i0),
               .ld = t->strip_ld,
               .s = scratch,
               .k_t = scratch + t->strip_ld * HONE_CPU_STRIP_ROWS};
    int64_t n_keys = visible(t, x, i0 + p.n - 1);
    bool good = true;
    for (int64_t i = 0; i < p.n; i++)
        max[i] = -INFINITY, sum[i] = 0.0f;
    for (; p.j0 < n_keys && good; p.j0 += HONE_CPU_STRIP) {
        p.n_k = hone__min64(HONE_CPU_STRIP, n_keys - p.j0);
        good = scores(t, x, &p);
        soften(t, x, &p, max, sum, p.j0 == 0);
        good = good && values(t, x, &p, p.j0 == 0);
    }
    for (int64_t i = 0; i < p.n; i++)
        finish_query(t, x, i0 + i, max[i], sum[i]);
    return good;
}

/* S and dP of a strip. */
static bool strip_products(const attention *t, const head *x, const strip *p)
{
    const float *d_o = place(t->d_o, x->q0, p->i0, x->col), *q = place(t->q, x->q0, p->i0, x->col), *k = place(t->k, x->k0, p->j0, x->col),
                *v = place(t->v, x->k0, p->j0, x->col);
    if (!is_own(t, p))
        return multiply('N', 'T', p->n, p->n_k, t->size, t->scale, q, t->q->ld, k, t->k->ld, 0.0f, p->s, p->ld) &&
               multiply('N', 'T', p->n, p->n_k, t->size, 1.0f, d_o, t->d_o->ld, v, t->v->ld, 0.0f, p->dp, p->ld);
    multiply_transposed(t, p, p->s, q, t->q->ld, k, t->k->ld, p->k_t, t->scale);
    multiply_transposed(t, p, p->dp, d_o, t->d_o->ld, v, t->v->ld, p->v_t, 1.0f);
    return true;
}

/* dV, dK and dQ from drop(P), in s, and dS, in dp; dk and dv are written by the first block of queries that sees these keys. */
static bool strip_gradients(const attention *t, const head *x, const strip *p, bool first_block)
{
    const float *d_o = place(t->d_o, x->q0, p->i0, x->col), *q = place(t->q, x->q0, p->i0, x->col), *k = place(t->k, x->k0, p->j0, x->col);
    float *dv = place(t->dv, x->k0, p->j0, x->col), *dk = place(t->dk, x->k0, p->j0, x->col), *dq = place(t->dq, x->q0, p->i0, x->col);
    float keep = first_block ? 0.0f : 1.0f;
    if (!is_own(t, p))
        return multiply('T', 'N', p->n_k, t->size, p->n, 1.0f, p->s, p->ld, d_o, t->d_o->ld, keep, dv, t->dv->ld) &&
               multiply('T', 'N', p->n_k, t->size, p->n, 1.0f, p->dp, p->ld, q, t->q->ld, keep, dk, t->dk->ld) &&
               multiply('N', 'N', p->n, t->size, p->n_k, 1.0f, p->dp, p->ld, k, t->k->ld, p->j0 == 0 ? 0.0f : 1.0f, dq, t->dq->ld);
    multiply_small(t, dv, t->dv->ld, p->s, 1, p->ld, d_o, t->d_o->ld, p->n_k, t->size, p->n, 1.0f, !first_block);
    multiply_small(t, dk, t->dk->ld, p->dp, 1, p->ld, q, t->q->ld, p->n_k, t->size, p->n, 1.0f, !first_block);
    multiply_small(t, dq, t->dq->ld, p->dp, p->ld, 1, k, t->k->ld, p->n, t->size, p->n_k, 1.0f, p->j0 != 0);
    return true;
}

/* One strip of a block's backward. */
static bool backward_strip(const attention *t, const head *x, const strip *p, const float *delta, bool first_block)
{
    hone_drop_row row;
    bool good = strip_products(t, x, p);
    for (int64_t i = 0; i < p->n; i++) {
        int64_t seen = hone__min64(hone__max64(visible(t, x, p->i0 + i) - p->j0, 0), p->n_k);
        t->kernels->strip_grad(p->s + i * p->ld, p->dp + i * p->ld, (size_t)seen, (size_t)p->n_k,
                               t->lse[(x->q0 + p->i0 + i) * t->n_heads + x->h], delta[i], t->scale, drop_of(t, x, p->i0 + i, p->j0, &row));
    }
    return good && strip_gradients(t, x, p, first_block);
}

static bool backward_block(const attention *t, const head *x, int64_t i0, float *scratch)
{
    float delta[HONE_CPU_STRIP_ROWS];
    strip p = {.i0 = i0,
               .n = hone__min64(t->block, x->n_q - i0),
               .ld = t->strip_ld,
               .s = scratch,
               .dp = scratch + t->strip_ld * HONE_CPU_STRIP_ROWS,
               .k_t = scratch + t->strip_ld * HONE_CPU_STRIP_ROWS * 2};
    p.v_t = p.k_t + MOST_CHANNELS * OWN_KEYS;
    int64_t n_keys = visible(t, x, i0 + p.n - 1);
    bool good = true, last_block = i0 + p.n == x->n_q;
    for (int64_t i = 0; i < p.n; i++)
        delta[i] = t->kernels->dot(place(t->d_o, x->q0, i0 + i, x->col), place(t->o, x->q0, i0 + i, x->col), (size_t)t->size);
    for (; p.j0 < n_keys && good; p.j0 += HONE_CPU_STRIP) {
        p.n_k = hone__min64(HONE_CPU_STRIP, n_keys - p.j0);
        good = backward_strip(t, x, &p, delta, last_block);
    }
    for (int64_t i = 0; i < p.n && n_keys == 0; i++)
        memset(place(t->dq, x->q0, i0 + i, x->col), 0, (size_t)t->size * sizeof(float));
    return good;
}

/* From the last block to the first, so that the block that writes dk and dv sees all keys. */
static bool backward_head(const attention *t, const head *x, float *scratch)
{
    bool good = true;
    for (int64_t block = hone__ceil_div(x->n_q, t->block) - 1; block >= 0 && good; block--)
        good = backward_block(t, x, block * t->block, scratch);
    for (int64_t j = 0; j < x->n_k && x->n_q == 0; j++) { /* keys that no query sees */
        memset(place(t->dk, x->k0, j, x->col), 0, (size_t)t->size * sizeof(float));
        memset(place(t->dv, x->k0, j, x->col), 0, (size_t)t->size * sizeof(float));
    }
    return good;
}

static void clear_rows(const hone_mat *m, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        memset(hone__at(m, i, 0), 0, (size_t)m->cols * sizeof(float));
}

/* Zero for tokens of no row: those after the last, and between rows that have ends of their own. */
static void clear_outside(const hone_mat *m, const hone_rows *rows)
{
    int64_t next = 0;
    for (int32_t r = 0; r < rows->n_rows; r++) {
        clear_rows(m, next, hone__min64(rows->start[r], m->rows));
        next = hone__max64(next, hone__rows_end(rows, r));
    }
    clear_rows(m, next, m->rows);
}

static attention attention_of(const hone_backend *b, const hone_mat *q, const hone_mat *k, const hone_mat *v, const hone_mat *o,
                              const hone_rows *rows_k, int n_heads, bool causal, float scale, const hone_drop *drop)
{
    attention t = {
        .kernels = hone__cpu(b), .q = q, .k = k, .v = v, .o = o, .drop = drop, .scale = scale, .causal = causal, .n_heads = n_heads};
    t.size = q->cols / n_heads;
    t.block = block_of(causal);
    t.strip_ld = strip_ld(rows_k->longest);
    t.dropped = hone__drop_begin(&t.drop_row, drop);
    t.own = ((const hone_cpu *)b->self)->own_attention && t.size % PAD == 0 && t.size <= MOST_CHANNELS;
    return t;
}

static hone_status multiplied(bool good)
{
    return good ? HONE_OK : hone__fail(HONE_DEVICE, "oneDNN could not multiply the strips of attention");
}

static hone_status cpu_attention_forward(hone_backend *b, const hone_mat *o, void *lse, const hone_mat *q, const hone_mat *k,
                                         const hone_mat *v, const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal,
                                         float scale, const hone_drop *drop, void *scratch)
{
    HONE_CPU_CHECK(o, q, k, v);
    attention t = attention_of(b, q, k, v, o, rows_k, n_heads, causal, scale, drop);
    int64_t blocks = hone__ceil_div(rows_q->longest, t.block), items = rows_q->n_rows * (int64_t)n_heads * blocks;
    size_t room = (size_t)thread_room(t.strip_ld, false);
    atomic_bool good = true;
    t.lse = lse;
    if (lse) {
        hone_mat all = {lse, HONE_DTYPE_F32, q->rows, n_heads, n_heads};
        clear_outside(&all, rows_q);
    }
    clear_outside(o, rows_q);
    if (rows_q->longest <= 1 && rows_k->longest <= HONE_CPU_STRIP) {
        forward_singles(b, &t, rows_q, rows_k, scratch);
        return HONE_OK;
    }
    hone__cpu_enter(b);
#pragma omp parallel for schedule(dynamic) num_threads(b->n_threads)
    for (int64_t item = 0; item < items; item++) {
        head x = head_of(rows_q, rows_k, &t, (int32_t)(item / blocks / n_heads), (int)(item / blocks % n_heads));
        int64_t i0 = item % blocks * t.block;
        if (i0 < x.n_q && !forward_block(&t, &x, i0, (float *)scratch + (size_t)omp_get_thread_num() * room))
            good = false;
    }
    return multiplied(good);
}

static hone_status cpu_attention_backward(hone_backend *b, const hone_mat *dq, const hone_mat *dk, const hone_mat *dv, const hone_mat *d_o,
                                          const hone_mat *o, const void *lse, const hone_mat *q, const hone_mat *k, const hone_mat *v,
                                          const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal, float scale,
                                          const hone_drop *drop, void *scratch)
{
    HONE_CPU_CHECK(dq, dk, dv, d_o, o, q, k, v);
    attention t = attention_of(b, q, k, v, o, rows_k, n_heads, causal, scale, drop);
    size_t room = (size_t)thread_room(t.strip_ld, true);
    int64_t items = rows_q->n_rows * (int64_t)n_heads;
    atomic_bool good = true;
    t.lse = (float *)(uintptr_t)lse;
    t.d_o = d_o, t.dq = dq, t.dk = dk, t.dv = dv;
    clear_outside(dq, rows_q), clear_outside(dk, rows_k), clear_outside(dv, rows_k);
    hone__cpu_enter(b);
#pragma omp parallel for schedule(dynamic) num_threads(b->n_threads)
    for (int64_t item = 0; item < items; item++) {
        head x = head_of(rows_q, rows_k, &t, (int32_t)(item / n_heads), (int)(item % n_heads));
        if (!backward_head(&t, &x, (float *)scratch + (size_t)omp_get_thread_num() * room))
            good = false;
    }
    return multiplied(good);
}

void hone__cpu_attention(hone_backend_ops *ops)
{
    ops->attention_forward = cpu_attention_forward;
    ops->attention_backward = cpu_attention_backward;
}
