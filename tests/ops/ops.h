/* The ops of the table: how forward and backward call the entries, and the cases. Read harness.h first. */
#ifndef HONE_TESTS_OPS_OPS_H
#define HONE_TESTS_OPS_OPS_H

#include "ops/runner.h"

/* Copies the values of one operand over another of the same shape: for entries that work in place on what another operand holds. */
static void copy(run *r, const char *to, const char *from)
{
    int k = find(r->c, to), j = find(r->c, from);
    double *values = calloc((size_t)(r->c->rows[j] * r->c->cols[j]) + 1, sizeof(double));
    take(r, j, values);
    place(r, k, values);
    free(values);
}

/* Entries that add to their output: with beta 0 it starts from zero. */
static void start_from_zero(run *r, const char *name)
{
    int k = find(r->c, name);
    double *zeros = calloc((size_t)(r->c->rows[k] * r->c->cols[k]) + 1, sizeof(double));
    if (r->beta == 0.0f)
        place(r, k, zeros);
    free(zeros);
}

/* ---- products ---- */

static hone_status gemm(run *r)
{
    const hone_mat *c = m(r, "c");
    int64_t depth = dimension(r->c, 'K');
    return CALL(r, gemm, c, m(r, "a"), option_int(r, "ta") != 0, m(r, "b"), option_int(r, "tb") != 0, (float)num(r->c, "alpha", 1), r->beta,
                scratch(r, HONE_WS_GEMM, c->rows, c->cols, depth));
}

static double gemm_flops(run *r)
{
    return 2.0 * (double)dimension(r->c, 'N') * (double)dimension(r->c, 'O') * (double)dimension(r->c, 'K');
}

static hone_status linear_forward(run *r)
{
    hone_weight w = weight(r, "w");
    const hone_mat *y = m(r, "y"), *x = m(r, "x");
    return CALL(r, linear_forward, y, x, &w, v(r, "bias"), (hone_act)option_int(r, "act"), m(r, "pre"),
                scratch(r, HONE_WS_GEMM, y->rows, y->cols, x->cols));
}

/* Products of factors that are rounded to bfloat16; HONE_UNSUPPORTED where the instructions are missing. */
static hone_status in_bf16(run *r, hone_status (*half)(run *r))
{
    HONE_TRY(CALL(r, prepare_products, HONE_DTYPE_BF16));
    r->b->products = HONE_DTYPE_BF16;
    hone_status status = half(r);
    r->b->products = HONE_DTYPE_F32;
    return status;
}

static hone_status gemm_bf16(run *r)
{
    return in_bf16(r, gemm);
}

static hone_status linear_forward_bf16(run *r)
{
    return in_bf16(r, linear_forward);
}

/* The weight brought to 8 bits first; a number of x or w may be spoilt. */
static hone_status linear_int8(run *r)
{
    hone_weight w = weight(r, "w"), narrow = w;
    const hone_mat *y = m(r, "y"), *x = m(r, "x");
    hone_quant q = {.n_in = x->cols, .n_out = y->cols};
    void *block = NULL;
    HONE_TRY(r->b->ops->alloc(r->b, &block, hone__quant_bytes(&q)));
    hone__quant_place(&q, block);
    hone_status status = CALL(r, quantize, &q, &w);
    narrow.mat.data = NULL;
    narrow.quant = &q;
    if (status == HONE_OK)
        status = CALL(r, linear_forward, y, x, &narrow, v(r, "bias"), (hone_act)option_int(r, "act"), NULL,
                      scratch(r, HONE_WS_INT8, y->rows, y->cols, x->cols));
    r->b->ops->release(r->b, block, hone__quant_bytes(&q));
    return status;
}

/* What nn does: through the activation, then both products. */
static hone_status linear_backward(run *r)
{
    hone_weight w = weight(r, "w"), dw = weight(r, "dw");
    const hone_mat *dy = m(r, "dy"), *x = m(r, "x");
    hone_act act = (hone_act)option_int(r, "act");
    if (act != HONE_ACT_NONE) {
        HONE_TRY(CALL(r, act_backward, m(r, "dpre"), dy, m(r, "pre"), act, 0.0f));
        dy = m(r, "dpre");
    }
    HONE_TRY(CALL(r, linear_dx, m(r, "dx"), dy, &w, HONE_ACT_NONE, NULL, r->beta, scratch(r, HONE_WS_GEMM, x->rows, x->cols, dy->cols)));
    return CALL(r, linear_dw, &dw, v(r, "dbias"), dy, x, r->beta, r->beta, scratch(r, HONE_WS_COLUMN_SUMS, dy->rows, dy->cols, 0));
}

static hone_status linear_backward_bf16(run *r)
{
    return in_bf16(r, linear_backward);
}

static double linear_flops(run *r)
{
    return 2.0 * (double)dimension(r->c, 'N') * (double)dimension(r->c, 'O') * (double)dimension(r->c, 'I');
}

/* The second half of a feed-forward block: y = act(u) W^T; its gradient at u is linear_dx with the activation's slope. */
static hone_status ffn_forward(run *r)
{
    hone_weight w = weight(r, "w");
    const hone_mat *y = m(r, "y"), *h = m(r, "h");
    HONE_TRY(CALL(r, act_forward, h, m(r, "u"), (hone_act)option_int(r, "act")));
    return CALL(r, linear_forward, y, h, &w, NULL, HONE_ACT_NONE, NULL, scratch(r, HONE_WS_GEMM, y->rows, y->cols, h->cols));
}

static hone_status ffn_backward(run *r)
{
    hone_weight w = weight(r, "w");
    const hone_mat *du = m(r, "du"), *dy = m(r, "dy");
    return CALL(r, linear_dx, du, dy, &w, (hone_act)option_int(r, "act"), m(r, "u"), r->beta,
                scratch(r, HONE_WS_GEMM, du->rows, du->cols, dy->cols));
}

/* ---- attention ---- */

static hone_status attention_forward(run *r)
{
    int heads = (int)dimension(r->c, 'H');
    const hone_mat *q = m(r, "q");
    return CALL(r, attention_forward, m(r, "o"), v(r, "lse"), q, m(r, "k"), m(r, "v"), &r->q.rows, &r->k.rows, heads,
                option_int(r, "causal") != 0, (float)num(r->c, "scale", 0.3), drop(r),
                scratch(r, HONE_WS_ATTENTION_FORWARD, r->k.rows.longest, q->cols, (int64_t)r->q.rows.n_rows * heads));
}

static hone_status attention_backward(run *r)
{
    int heads = (int)dimension(r->c, 'H');
    const hone_mat *q = m(r, "q");
    return CALL(r, attention_backward, m(r, "dq"), m(r, "dk"), m(r, "dv"), m(r, "do"), m(r, "o"), v(r, "lse"), q, m(r, "k"), m(r, "v"),
                &r->q.rows, &r->k.rows, heads, option_int(r, "causal") != 0, (float)num(r->c, "scale", 0.3), drop(r),
                scratch(r, HONE_WS_ATTENTION_BACKWARD, r->k.rows.longest, q->cols, (int64_t)r->q.rows.n_rows * heads));
}

/* Two products over the pairs of query and key that see each other. */
static double attention_flops(run *r)
{
    double pairs = 0.0;
    for (int i = 0; i < r->q.rows.n_rows; i++) {
        double n_q = (double)(r->q.stop[i] - r->q.start[i]), n_k = (double)(r->k.stop[i] - r->k.start[i]);
        pairs += n_q * n_k - (option_int(r, "causal") ? n_q * (n_q - 1) / 2 : 0.0);
    }
    return 4.0 * pairs * (double)dimension(r->c, 'C');
}

/* ---- residual + norm ---- */

static hone_status norm_forward(run *r)
{
    return CALL(r, residual_norm_forward, m(r, "sum"), m(r, "y"), v(r, "mean"), v(r, "rstd"), m(r, "x"), m(r, "f"), v(r, "gamma"),
                v(r, "beta"), 1e-5f, drop(r));
}

static hone_status norm_backward(run *r)
{
    const hone_mat *sum = m(r, "f") ? m(r, "sum") : m(r, "x");
    return CALL(r, residual_norm_backward, m(r, "dx"), m(r, "df"), v(r, "dgamma"), v(r, "dbeta"), m(r, "dy"), m(r, "dsum"), sum,
                v(r, "mean"), v(r, "rstd"), v(r, "gamma"), drop(r), r->beta, r->beta,
                scratch(r, HONE_WS_COLUMN_SUMS, sum->rows, sum->cols, 0));
}

/* ---- elementwise ---- */

static hone_status act_forward(run *r)
{
    return CALL(r, act_forward, m(r, "y"), m(r, "x"), (hone_act)option_int(r, "act"));
}

static hone_status act_backward(run *r)
{
    return CALL(r, act_backward, m(r, "dx"), m(r, "dy"), m(r, "x"), (hone_act)option_int(r, "act"), r->beta);
}

static hone_status dropout_forward(run *r)
{
    return CALL(r, dropout, m(r, "y"), m(r, "x"), drop(r), r->beta);
}

static hone_status dropout_backward(run *r)
{
    return CALL(r, dropout, m(r, "dx"), m(r, "dy"), drop(r), r->beta);
}

/* ---- embeddings ---- */

static hone_status embed_forward(run *r)
{
    int n = (int)num(r->c, "tables", 1);
    const hone_mat tables[3] = {*m(r, "t0"), *m(r, "t1"), *m(r, "t2")};
    const int32_t *ids[3] = {v(r, "ids0"), v(r, "ids1"), v(r, "ids2")};
    return CALL(r, embed_forward, m(r, "y"), n, tables, ids, drop(r));
}

/* Dropout's gradient is the caller's, the table's the entry's. */
static hone_status embed_backward(run *r)
{
    const hone_mat *table = m(r, "dt0"), *dy = m(r, "dy");
    if (drop(r)) {
        HONE_TRY(CALL(r, dropout, m(r, "masked"), dy, drop(r), 0.0f));
        dy = m(r, "masked");
    }
    return CALL(r, embed_backward, table, v(r, "ids0"), dy, (int32_t)num(r->c, "skip", -1), r->beta,
                scratch(r, HONE_WS_EMBED_BACKWARD, dy->rows, dy->cols, table->rows));
}

static hone_status gather_rows(run *r)
{
    return CALL(r, gather_rows, m(r, "y"), m(r, "x"), v(r, "index"));
}

static hone_status scatter_add_rows(run *r)
{
    start_from_zero(r, "dx");
    return CALL(r, scatter_add_rows, m(r, "dx"), m(r, "dy"), v(r, "index"), option_int(r, "unique") != 0);
}

static hone_status gather_cols(run *r)
{
    return CALL(r, gather_cols, m(r, "y"), m(r, "x"), v(r, "index"));
}

static hone_status scatter_add_cols(run *r)
{
    start_from_zero(r, "dx");
    return CALL(r, scatter_add_cols, m(r, "dx"), m(r, "dy"), v(r, "index"));
}

/* ---- functions of elements ---- */

static hone_status unary(run *r)
{
    return CALL(r, unary, m(r, "y"), m(r, "x"), (hone_unary)option_int(r, "what"), (float)num(r->c, "a", 0.7), (float)num(r->c, "b", 1.2));
}

static hone_status broadcast(run *r, hone_broadcast how)
{
    return CALL(r, binary, m(r, "z"), m(r, "x"), m(r, "y"), (hone_binary)option_int(r, "what"), how);
}

static hone_status binary(run *r)
{
    return broadcast(r, HONE_BROADCAST_NONE);
}

static hone_status binary_row(run *r)
{
    return broadcast(r, HONE_BROADCAST_ROW);
}

static hone_status binary_col(run *r)
{
    return broadcast(r, HONE_BROADCAST_COL);
}

static hone_status binary_scalar(run *r)
{
    return broadcast(r, HONE_BROADCAST_SCALAR);
}

static hone_status where(run *r)
{
    return CALL(r, where, m(r, "z"), m(r, "condition"), m(r, "x"), m(r, "y"));
}

static hone_status is_in(run *r)
{
    return CALL(r, is_in, m(r, "y"), v(r, "ids"), v(r, "set"), dimension(r->c, 'S'));
}

static hone_status axpy(run *r)
{
    return CALL(r, axpy, m(r, "y"), m(r, "x"), (float)num(r->c, "alpha", 1));
}

static hone_status convert(run *r)
{
    return CALL(r, convert, m(r, "y"), m(r, "x"));
}

static hone_status random_fill(run *r)
{
    return CALL(r, random, m(r, "y"), (hone_random)option_int(r, "what"), (float)num(r->c, "a", 0.0), (float)num(r->c, "b", 0.02),
                0xFEDCBA9876543210u);
}

/* ---- softmax and losses ---- */

static hone_status log_softmax_forward(run *r)
{
    return CALL(r, log_softmax_forward, m(r, "y"), m(r, "x"));
}

static hone_status log_softmax_backward(run *r)
{
    return CALL(r, log_softmax_backward, m(r, "dx"), m(r, "dy"), m(r, "y"), r->beta);
}

static hone_mat columns(const hone_mat *of, int64_t first, int64_t n)
{
    return (hone_mat){(char *)of->data + (size_t)first * hone_dtype_size(of->dtype), of->dtype, of->rows, n, of->ld};
}

/* The head's loss as nn goes about it: the state block by block, the loss, the gradient in place of the logits. */
static hone_status nll_forward(run *r)
{
    const hone_mat *logits = m(r, "logits");
    int64_t block = (int64_t)num(r->c, "block", (double)logits->cols);
    for (int64_t first = 0; first < logits->cols; first += block) {
        hone_mat part = columns(logits, first, logits->cols - first < block ? logits->cols - first : block);
        HONE_TRY(CALL(r, softmax_block, m(r, "state"), &part, v(r, "labels"), first, first == 0));
    }
    return CALL(r, softmax_nll, m(r, "nll"), m(r, "lse"), m(r, "state"), v(r, "labels"), (float)num(r->c, "smoothing", 0), logits->cols);
}

static hone_status nll_backward(run *r)
{
    const hone_mat *logits = m(r, "dlogits");
    int64_t block = (int64_t)num(r->c, "block", (double)logits->cols);
    if (!r->timed)
        copy(r, "dlogits", "logits");
    for (int64_t first = 0; first < logits->cols; first += block) {
        hone_mat part = columns(logits, first, logits->cols - first < block ? logits->cols - first : block);
        HONE_TRY(CALL(r, softmax_grad, &part, m(r, "lse"), v(r, "labels"), v(r, "weights"), (float)num(r->c, "scale_grad", 1),
                      (float)num(r->c, "smoothing", 0), first, logits->cols));
    }
    return HONE_OK;
}

/* ---- sums and choices ---- */

static hone_status rows_reduce(run *r)
{
    return CALL(r, rows_reduce, m(r, "y"), m(r, "x"), &r->q.rows, (hone_reduce)option_int(r, "what"));
}

static hone_status rows_spread(run *r)
{
    return CALL(r, rows_spread, m(r, "dx"), m(r, "dy"), &r->q.rows, (hone_reduce)option_int(r, "what"), r->beta);
}

static hone_status reduce(run *r)
{
    const hone_mat *x = m(r, "x");
    return CALL(r, reduce, m(r, "y"), x, (hone_reduce)option_int(r, "what"), r->beta, scratch(r, HONE_WS_REDUCE, x->rows * x->cols, 0, 0));
}

static hone_status column_sum(run *r)
{
    const hone_mat *x = m(r, "x");
    return CALL(r, column_sum, m(r, "y"), x, r->beta, scratch(r, HONE_WS_COLUMN_SUMS, x->rows, x->cols, 0));
}

static hone_status row_sum(run *r)
{
    return CALL(r, row_sum, m(r, "y"), m(r, "x"), r->beta);
}

static hone_status argmax(run *r)
{
    return CALL(r, argmax, v(r, "index"), m(r, "x"));
}

static hone_status top_k(run *r)
{
    return CALL(r, top_k, m(r, "values"), v(r, "index"), m(r, "x"));
}

/* ---- the optimizer ---- */

/* Option segments: pairs begin,end; without it two with a gap. Learning rate and decay differ from one to the next. */
static size_t segments(run *r, hone_segment *out)
{
    char value[CASE_LEN];
    int64_t bound[MAX_ROWS], count = dimension(r->c, 'P');
    int n = option(r->c, "segments", value) ? numbers(value, bound) : 4;
    if (!option(r->c, "segments", value))
        bound[0] = 0, bound[1] = count / 3, bound[2] = count / 3 + (count > 8 ? 5 : 0), bound[3] = count;
    for (int i = 0; i < n / 2; i++)
        out[i] = (hone_segment){(size_t)bound[2 * i], (size_t)bound[2 * i + 1], i % 2 ? 0.5f : 1.0f, i % 2 ? 0.0f : 0.01f, 0, NULL};
    return (size_t)n / 2;
}

static hone_status norm2(run *r)
{
    hone_segment s[MAX_ROWS];
    size_t n = segments(r, s);
    return CALL(r, norm2, v(r, "out"), v(r, "nonfinite"), v(r, "g"), s, n, scratch(r, HONE_WS_REDUCE, dimension(r->c, 'P'), 0, 0));
}

static hone_status adamw(run *r)
{
    hone_segment s[MAX_ROWS];
    size_t n = segments(r, s);
    double t = num(r->c, "t", 1);
    hone_adamw how = {1e-3, 0.9, 0.999, 1e-8, 1 - pow(0.9, t), sqrt(1 - pow(0.999, t))};
    return CALL(r, adamw, v(r, "master"), v(r, "compute"), named_dtype(r->c, "to"), v(r, "g"), v(r, "m"), v(r, "v"), s, n, &how,
                v(r, "factor"), v(r, "skip"));
}

/* A segment whose gradient stands in slots, between two that are dense. Element i of the last one has its gradient `V C` elements earlier. */
static hone_status norm2_slots(run *r)
{
    size_t table = (size_t)(dimension(r->c, 'V') * dimension(r->c, 'C')), n = (size_t)dimension(r->c, 'P');
    hone_slots slots = {v(r, "slots"), v(r, "rows"), v(r, "places"), (int32_t)dimension(r->c, 'S'), dimension(r->c, 'C')};
    const hone_segment s[] = {{0, n / 2, 1.0f, 0.0f, 0, NULL},
                              {n / 2, n / 2 + table, 1.0f, 0.0f, 0, &slots},
                              {n / 2 + table, n + table, 1.0f, 0.0f, table, NULL}};
    return CALL(r, norm2, v(r, "out"), v(r, "nonfinite"), v(r, "g"), s, 3, scratch(r, HONE_WS_REDUCE, (int64_t)n + (int64_t)table, 0, 0));
}

/* Rows of a table that lack lag, lag - 1, … 0, lag, … steps. */
static hone_status adamw_rows(run *r)
{
    enum { MOST = 64 };
    int32_t from[MOST], to = option_int(r, "t"), lag = option_int(r, "lag"), n = (int32_t)dimension(r->c, 'S');
    bool live[MOST * 4];
    hone_adamw_step ring[HONE_ADAMW_RING];
    for (int32_t i = 0; i < n; i++)
        from[i] = to - lag + (v(r, "g") ? i % lag : i % (lag + 1));
    for (int i = 0; i < MOST * 4; i++)
        live[i] = option_int(r, "dead") == 0;
    for (int32_t k = to - lag + 1; k <= to; k++)
        ring[k % HONE_ADAMW_RING] =
            (hone_adamw_step){{1e-3 / k, 0.9, 0.999, 1e-8, 1 - pow(0.9, k), sqrt(1 - pow(0.999, k))}, 1.0f, (float)num(r->c, "wd", 0)};
    hone_adamw_rows rows = {.p = v(r, "p"),
                            .m = v(r, "m"),
                            .v = v(r, "v"),
                            .cols = dimension(r->c, 'C'),
                            .rows = v(r, "rows"),
                            .from = from,
                            .n = n,
                            .to = to,
                            .live = live,
                            .ring = ring,
                            .g = v(r, "g"),
                            .slots = v(r, "places"),
                            .factor = v(r, "factor")};
    return CALL(r, adamw_rows, &rows);
}

#endif
