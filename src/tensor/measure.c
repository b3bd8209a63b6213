/* Entries of a backend that measure themselves: the one table of what each entry computes and moves.
 *
 * Operations are those of matrix products and attention, a multiplication and an addition counted as two; passes over elements are counted as none, so that operations by
 * time can be laid beside the machine's rate of sgemm. Bytes are those of the operands, each read or written once, wherever they were found: in a cache, or twice. */
#include "base/spans.h"
#include "tensor/backend.h"

static double elements(const hone_mat *m)
{
    return m && m->data ? (double)m->rows * (double)m->cols : 0;
}

static double size(const hone_mat *m)
{
    return elements(m) * (m ? (double)hone_dtype_size(m->dtype) : 0);
}

/* An output: read too when something is added to it. */
static double out(const hone_mat *m, float beta)
{
    return beta != 0 ? 2 * size(m) : size(m);
}

static double product(const hone_mat *c, int64_t depth)
{
    return 2 * elements(c) * (double)depth;
}

static double weight(const hone_weight *w)
{
    return w->quant ? (double)hone__quant_bytes(w->quant) : size(&w->mat);
}

/* Pairs of a query and a key that it sees. */
static double pairs(const hone_rows *q, const hone_rows *k, bool causal)
{
    double n = 0;
    for (int32_t r = 0; r < q->n_rows; r++) {
        double tq = hone__rows_end(q, r) - q->start[r], tk = hone__rows_end(k, r) - k->start[r];
        n += causal ? tq * (tk - tq) + tq * (tq + 1) / 2 : tq * tk;
    }
    return n;
}

static double segment_elements(const hone_segment *segments, size_t n, bool dense)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!segments[i].slots)
            sum += (double)(segments[i].end - segments[i].begin);
        else if (!dense)
            sum += (double)segments[i].slots->n * (double)segments[i].slots->cols;
    }
    return sum;
}

static double tables(int n, const hone_mat *y)
{
    return (double)(n + 1) * size(y);
}

/* X(entry, parameters, arguments, operations, bytes); the backend is called be */
/* clang-format off */
#define ENTRIES(X) \
    X(fill_zero, (hone_backend *be, void *data, size_t bytes), (be, data, bytes), 0, (double)bytes) \
    X(gemm, (hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha, float beta, void *scratch), \
      (be, c, a, ta, b, tb, alpha, beta, scratch), product(c, ta ? a->rows : a->cols), out(c, beta) + size(a) + size(b)) \
    X(linear_forward, (hone_backend *be, const hone_mat *y, const hone_mat *x, const hone_weight *w, const void *bias, hone_act act, const hone_mat *pre, void *scratch), \
      (be, y, x, w, bias, act, pre, scratch), product(y, x->cols), size(y) + size(x) + weight(w) + size(pre)) \
    X(linear_dx, (hone_backend *be, const hone_mat *dx, const hone_mat *dy, const hone_weight *w, hone_act act, const hone_mat *pre, float beta, void *scratch), \
      (be, dx, dy, w, act, pre, beta, scratch), product(dx, dy->cols), out(dx, beta) + size(dy) + size(&w->mat) + size(pre)) \
    X(linear_dw, (hone_backend *be, const hone_weight *dw, void *dbias, const hone_mat *dy, const hone_mat *x, float beta_w, float beta_bias, void *scratch), \
      (be, dw, dbias, dy, x, beta_w, beta_bias, scratch), product(&dw->mat, x->rows), out(&dw->mat, beta_w) + size(dy) + size(x)) \
    X(quantize, (hone_backend *be, const hone_quant *to, const hone_weight *from), (be, to, from), 0, (double)hone__quant_bytes(to) + weight(from)) \
    X(attention_forward, (hone_backend *be, const hone_mat *o, void *lse, const hone_mat *q, const hone_mat *k, const hone_mat *v, const hone_rows *rows_q, \
      const hone_rows *rows_k, int n_heads, bool causal, float scale, const hone_drop *drop, void *scratch), \
      (be, o, lse, q, k, v, rows_q, rows_k, n_heads, causal, scale, drop, scratch), 4 * pairs(rows_q, rows_k, causal) * (double)q->cols, \
      size(o) + size(q) + size(k) + size(v)) \
    X(attention_backward, (hone_backend *be, const hone_mat *dq, const hone_mat *dk, const hone_mat *dv, const hone_mat *d_o, const hone_mat *o, const void *lse, \
      const hone_mat *q, const hone_mat *k, const hone_mat *v, const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal, float scale, \
      const hone_drop *drop, void *scratch), \
      (be, dq, dk, dv, d_o, o, lse, q, k, v, rows_q, rows_k, n_heads, causal, scale, drop, scratch), 10 * pairs(rows_q, rows_k, causal) * (double)q->cols, \
      2 * (size(d_o) + size(q) + size(k) + size(v))) \
    X(residual_norm_forward, (hone_backend *be, const hone_mat *sum, const hone_mat *y, void *mean, void *rstd, const hone_mat *x, const hone_mat *f, const void *gamma, \
      const void *beta, float eps, const hone_drop *drop), \
      (be, sum, y, mean, rstd, x, f, gamma, beta, eps, drop), 0, size(sum) + size(y) + size(x) + size(f)) \
    X(residual_norm_backward, (hone_backend *be, const hone_mat *dx, const hone_mat *df, void *dgamma, void *dbeta, const hone_mat *dy, const hone_mat *dsum, \
      const hone_mat *sum, const void *mean, const void *rstd, const void *gamma, const hone_drop *drop, float beta_dx, float beta_param, void *scratch), \
      (be, dx, df, dgamma, dbeta, dy, dsum, sum, mean, rstd, gamma, drop, beta_dx, beta_param, scratch), 0, \
      out(dx, beta_dx) + size(df) + size(dy) + size(dsum) + size(sum)) \
    X(act_forward, (hone_backend *be, const hone_mat *y, const hone_mat *x, hone_act act), (be, y, x, act), 0, size(y) + size(x)) \
    X(act_backward, (hone_backend *be, const hone_mat *dx, const hone_mat *dy, const hone_mat *x, hone_act act, float beta), (be, dx, dy, x, act, beta), 0, \
      out(dx, beta) + size(dy) + size(x)) \
    X(dropout, (hone_backend *be, const hone_mat *y, const hone_mat *x, const hone_drop *drop, float beta), (be, y, x, drop, beta), 0, out(y, beta) + size(x)) \
    X(unary, (hone_backend *be, const hone_mat *y, const hone_mat *x, hone_unary what, float p, float q), (be, y, x, what, p, q), 0, size(y) + size(x)) \
    X(binary, (hone_backend *be, const hone_mat *z, const hone_mat *x, const hone_mat *y, hone_binary what, hone_broadcast broadcast), (be, z, x, y, what, broadcast), 0, \
      size(z) + size(x) + size(y)) \
    X(where, (hone_backend *be, const hone_mat *z, const hone_mat *condition, const hone_mat *x, const hone_mat *y), (be, z, condition, x, y), 0, \
      size(z) + size(condition) + size(x) + size(y)) \
    X(axpy, (hone_backend *be, const hone_mat *y, const hone_mat *x, float alpha), (be, y, x, alpha), 0, 2 * size(y) + size(x)) \
    X(convert, (hone_backend *be, const hone_mat *y, const hone_mat *x), (be, y, x), 0, size(y) + size(x)) \
    X(embed_forward, (hone_backend *be, const hone_mat *y, int n_tables, const hone_mat *from, const int32_t *const *ids, const hone_drop *drop), \
      (be, y, n_tables, from, ids, drop), 0, tables(n_tables, y)) \
    X(embed_backward, (hone_backend *be, const hone_mat *dtable, const int32_t *ids, const hone_mat *dy, int32_t skip, float beta, void *scratch), \
      (be, dtable, ids, dy, skip, beta, scratch), 0, beta != 0 ? 3 * size(dy) : size(dtable) + 2 * size(dy)) \
    X(gather_rows, (hone_backend *be, const hone_mat *y, const hone_mat *x, const int32_t *index), (be, y, x, index), 0, 2 * size(y)) \
    X(scatter_add_rows, (hone_backend *be, const hone_mat *x, const hone_mat *y, const int32_t *index, bool unique), (be, x, y, index, unique), 0, 3 * size(y)) \
    X(gather_cols, (hone_backend *be, const hone_mat *y, const hone_mat *x, const int32_t *index), (be, y, x, index), 0, 2 * size(y)) \
    X(scatter_add_cols, (hone_backend *be, const hone_mat *x, const hone_mat *y, const int32_t *index), (be, x, y, index), 0, 3 * size(y)) \
    X(is_in, (hone_backend *be, const hone_mat *y, const int32_t *ids, const int32_t *set, int64_t n_set), (be, y, ids, set, n_set), 0, 2 * size(y)) \
    X(random, (hone_backend *be, const hone_mat *y, hone_random what, float p, float q, uint64_t key), (be, y, what, p, q, key), 0, size(y)) \
    X(log_softmax_forward, (hone_backend *be, const hone_mat *y, const hone_mat *x), (be, y, x), 0, size(y) + size(x)) \
    X(log_softmax_backward, (hone_backend *be, const hone_mat *dx, const hone_mat *dy, const hone_mat *y, float beta), (be, dx, dy, y, beta), 0, \
      out(dx, beta) + size(dy) + size(y)) \
    X(softmax_block, (hone_backend *be, const hone_mat *state, const hone_mat *logits, const int32_t *labels, int64_t v0, bool first), \
      (be, state, logits, labels, v0, first), 0, size(logits)) \
    X(softmax_nll, (hone_backend *be, const hone_mat *nll, const hone_mat *lse, const hone_mat *state, const int32_t *labels, float smoothing, int64_t n_classes), \
      (be, nll, lse, state, labels, smoothing, n_classes), 0, size(state) + size(nll) + size(lse)) \
    X(softmax_grad, (hone_backend *be, const hone_mat *logits, const hone_mat *lse, const int32_t *labels, const void *weights, float scale, float smoothing, int64_t v0, \
      int64_t n_classes), (be, logits, lse, labels, weights, scale, smoothing, v0, n_classes), 0, 2 * size(logits)) \
    X(rows_reduce, (hone_backend *be, const hone_mat *y, const hone_mat *x, const hone_rows *rows, hone_reduce what), (be, y, x, rows, what), 0, size(y) + size(x)) \
    X(rows_spread, (hone_backend *be, const hone_mat *x, const hone_mat *y, const hone_rows *rows, hone_reduce what, float beta), (be, x, y, rows, what, beta), 0, \
      out(x, beta) + size(y)) \
    X(reduce, (hone_backend *be, const hone_mat *y, const hone_mat *x, hone_reduce what, float beta, void *scratch), (be, y, x, what, beta, scratch), 0, size(x)) \
    X(column_sum, (hone_backend *be, const hone_mat *y, const hone_mat *x, float beta, void *scratch), (be, y, x, beta, scratch), 0, out(y, beta) + size(x)) \
    X(row_sum, (hone_backend *be, const hone_mat *y, const hone_mat *x, float beta), (be, y, x, beta), 0, out(y, beta) + size(x)) \
    X(argmax, (hone_backend *be, int32_t *index, const hone_mat *x), (be, index, x), 0, size(x)) \
    X(top_k, (hone_backend *be, const hone_mat *values, int32_t *index, const hone_mat *x), (be, values, index, x), 0, size(x)) \
    X(norm2, (hone_backend *be, double *out_f64, int32_t *nonfinite, const void *g, const hone_segment *segments, size_t n_segments, void *scratch), \
      (be, out_f64, nonfinite, g, segments, n_segments, scratch), 0, 4 * segment_elements(segments, n_segments, false)) \
    X(adamw, (hone_backend *be, float *master, void *compute, hone_dtype compute_dtype, const float *g, float *m, float *v, const hone_segment *segments, size_t n_segments, \
      const hone_adamw *how, const float *factor, const int32_t *skip), \
      (be, master, compute, compute_dtype, g, m, v, segments, n_segments, how, factor, skip), 0, 28 * segment_elements(segments, n_segments, true)) \
    X(adamw_rows, (hone_backend *be, const hone_adamw_rows *rows), (be, rows), 0, 24 * (double)rows->n * (double)rows->cols)
/* clang-format on */

#define X(name, parameters, arguments, operations, bytes_moved)            \
    static hone_status measured_##name parameters                          \
    {                                                                      \
        hone__span_begin(HONE__SPAN_KERNEL, #name, -1);                    \
        hone_status status = be->inner->name arguments;                    \
        if (hone__spans_now)                                               \
            hone__span_end_(hone__spans_now, (operations), (bytes_moved)); \
        return status;                                                     \
    }
ENTRIES(X)
#undef X

hone_status hone__backend_measure(hone_backend *b, bool on)
{
    if (on && !b->inner) {
        hone_backend_ops *ops;
        HONE_TRY(HONE_NEW(&ops, 1));
        *ops = *b->ops; /* memory and questions have no row above and go on as they are */
#define X(name, parameters, arguments, operations, bytes_moved) \
    if (ops->name)                                              \
        ops->name = measured_##name;
        ENTRIES(X)
#undef X
        b->inner = b->ops;
        b->ops = ops;
    }
    b->n_measuring += on ? 1 : -1;
    if (b->n_measuring == 0 && b->inner) {
        hone__free((void *)b->ops);
        b->ops = b->inner;
        b->inner = NULL;
    }
    return HONE_OK;
}
