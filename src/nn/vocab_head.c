/* The head of the vocabulary and its loss, in chunks of tokens, so that logits (N x V) never exist.
 *
 *     for n tokens, n = clamp(52 MB / 4 V, 128, 512) in steps of 32:
 *         for blocks of 8192 words:  L = X W_v^T + b_v;  running max, sum of exp, logit of the label, sum of logits
 *         lse, nll[i] = lse - (1-s) L[i, label] - s mean(L[i])          s: label smoothing; 0 where label < 0
 *         for the same blocks:       L = (exp(L - lse) - (1-s) onehot - s/V) * g[i];   dX += L W_v;   dW_v += L^T X;   db_v += column sums of L
 *
 * vocab_loss = sum_i w[i] nll[i] knows g = w x (loss scale) beforehand and runs both halves in the forward pass: the logits of a chunk (51 MB for V = 50,257) turn
 * into their gradients in place and are never computed twice, which would cost 79 of GPT-2's 768 GFLOP a step at N = 1024. The price: the loss may not be scaled
 * afterwards, only added to other scalars (record.c refuses the rest). vocab_nll gives the (M) values for any loss, and its backward computes the logits again.
 * Without recording both need one block of n x 8192. */
#include "nn/op.h"

#include <string.h>

#define CHUNK_BYTES ((int64_t)52000000)
#define BLOCK       ((int64_t)8192) /* words */
#define FEWEST      ((int64_t)128)
#define MOST        ((int64_t)512)

enum { X, W, BIAS, N_IN };

/* A head at work: what all chunks share. */
typedef struct head {
    hone_tape *t;
    hone_mat x, w;
    bool in_major;
    const hone_quant *quant; /* the weight in 8 bits, or NULL */
    const void *bias;        /* (V) or NULL */
    const int32_t *labels;   /* (M), device */
    int64_t m, c, v, chunk;
    float smoothing;
    void *logits, *state, *product_scratch, *sum_scratch;
    hone_mat nll, lse;    /* (M, 1) */
    hone_mat dx, dw, db;  /* data NULL: not wanted */
    float beta_w, beta_b; /* of the next chunk */
} head;

static int64_t chunk_size(int64_t m, int64_t v)
{
    int64_t n = CHUNK_BYTES / (4 * v);
    n = n < FEWEST ? FEWEST : n > MOST ? MOST : n / 32 * 32;
    return m < n ? m : n;
}

static int64_t block_size(const head *h, int64_t v0)
{
    return h->v - v0 < BLOCK ? h->v - v0 : BLOCK;
}

/* Logits of tokens [i0, i0 + n) for the words of block v0. Blocks of a kept chunk stand one after the other, each of them dense. */
static hone_mat logits_block(const head *h, int64_t n, int64_t v0, bool kept)
{
    int64_t cols = block_size(h, v0);
    return (hone_mat){hone__at(h->logits, h->x.dtype, kept ? n * v0 : 0), h->x.dtype, n, cols, cols};
}

/* Columns of W^T (rows of W, for a stored (V, C)) for the words of a block, of the weight or of its gradient. */
static hone_mat words(const head *h, const hone_mat *w, int64_t v0)
{
    int64_t n = block_size(h, v0);
    return h->in_major ? hone__mat_part(w, 0, h->c, v0, n) : hone__mat_part(w, v0, n, 0, h->c);
}

static hone_mat rows_of(const hone_mat *m, int64_t i0, int64_t n)
{
    return hone__mat_part(m, i0, n, 0, m->cols);
}

static hone_status fill_logits(const head *h, const hone_mat *logits, const hone_mat *x, int64_t v0)
{
    const hone_backend_ops *ops = hone__ops(h->t);
    hone_mat w = words(h, &h->w, v0);
    if (h->quant) {
        hone_quant part = hone__quant_part(h->quant, v0, logits->cols);
        hone_weight narrow = {w, h->in_major, 0, &part};
        return ops->linear_forward(h->t->backend, logits, x, &narrow, h->bias ? hone__at(h->bias, h->x.dtype, v0) : NULL, HONE_ACT_NONE,
                                   NULL, h->product_scratch);
    }
    HONE_TRY(ops->gemm(h->t->backend, logits, x, false, &w, !h->in_major, 1.0f, 0.0f, h->product_scratch));
    if (!h->bias)
        return HONE_OK;
    hone_mat b = {hone__at(h->bias, h->x.dtype, v0), h->x.dtype, 1, logits->cols, logits->cols};
    return ops->binary(h->t->backend, logits, logits, &b, HONE_BINARY_ADD, HONE_BROADCAST_ROW);
}

/* lse and nll of tokens [i0, i0 + n). */
static hone_status chunk_forward(const head *h, int64_t i0, int64_t n, bool keep)
{
    const hone_backend_ops *ops = hone__ops(h->t);
    hone_mat x = rows_of(&h->x, i0, n), nll = rows_of(&h->nll, i0, n), lse = rows_of(&h->lse, i0, n),
             state = {h->state, h->nll.dtype, n, 4, 4};
    for (int64_t v0 = 0; v0 < h->v; v0 += BLOCK) {
        hone_mat logits = logits_block(h, n, v0, keep);
        HONE_TRY(fill_logits(h, &logits, &x, v0));
        HONE_TRY(ops->softmax_block(h->t->backend, &state, &logits, h->labels + i0, v0, v0 == 0));
    }
    return ops->softmax_nll(h->t->backend, &nll, &lse, &state, h->labels + i0, h->smoothing, h->v);
}

/* One block of dlogits into dx, dw, db. */
static hone_status block_grads(head *h, const hone_mat *dlogits, const hone_mat *x, const hone_mat *dx, int64_t v0)
{
    const hone_backend_ops *ops = hone__ops(h->t);
    hone_backend *b = h->t->backend;
    if (dx->data) {
        hone_mat w = words(h, &h->w, v0);
        HONE_TRY(ops->gemm(b, dx, dlogits, false, &w, h->in_major, 1.0f, v0 == 0 ? 0.0f : 1.0f, h->product_scratch));
    }
    if (h->dw.data) {
        hone_mat dw = words(h, &h->dw, v0);
        const hone_mat *first = h->in_major ? x : dlogits, *second = h->in_major ? dlogits : x;
        HONE_TRY(ops->gemm(b, &dw, first, true, second, false, 1.0f, h->beta_w, h->product_scratch));
    }
    if (!h->db.data)
        return HONE_OK;
    hone_mat db = hone__mat_part(&h->db, 0, 1, v0, dlogits->cols);
    return ops->column_sum(b, &db, dlogits, h->beta_b, h->sum_scratch);
}

/* The second half for tokens [i0, i0 + n). kept: the chunk's logits are there; else each block is computed again. weights: of the chunk, device, or NULL. */
static hone_status chunk_backward(head *h, int64_t i0, int64_t n, bool kept, const void *weights, float scale)
{
    const hone_backend_ops *ops = hone__ops(h->t);
    hone_mat x = rows_of(&h->x, i0, n), lse = rows_of(&h->lse, i0, n), dx = {0};
    if (h->dx.data)
        dx = rows_of(&h->dx, i0, n);
    for (int64_t v0 = 0; v0 < h->v; v0 += BLOCK) {
        hone_mat logits = logits_block(h, n, v0, kept);
        if (!kept)
            HONE_TRY(fill_logits(h, &logits, &x, v0));
        HONE_TRY(ops->softmax_grad(h->t->backend, &logits, &lse, h->labels + i0, weights, scale, h->smoothing, v0, h->v));
        HONE_TRY(block_grads(h, &logits, &x, &dx, v0));
    }
    h->beta_w = h->beta_b = 1.0f;
    return HONE_OK;
}

/* ---- setting up ---- */

static size_t product_workspace(const head *h, int64_t n, int64_t words_of_block)
{
    const hone_backend *b = h->t->backend;
    const int64_t shapes[3][3] = {{n, words_of_block, h->c}, {n, h->c, words_of_block}, {words_of_block, h->c, n}};
    size_t most = 0;
    if (h->quant)
        return b->ops->workspace(b, HONE_WS_INT8, n, words_of_block, h->c);
    for (int i = 0; i < 3; i++) {
        size_t bytes = b->ops->workspace(b, HONE_WS_GEMM, shapes[i][0], shapes[i][1], shapes[i][2]);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static hone_status take_scratch(head *h, bool keep)
{
    const hone_backend *b = h->t->backend;
    int64_t width = h->v < BLOCK ? h->v : BLOCK;
    hone_mat logits;
    HONE_TRY(hone__op_scratch_mat(h->t, &logits, h->chunk, keep ? h->v : width));
    h->logits = logits.data;
    HONE_TRY(hone__op_scratch(h->t, &h->state, (size_t)h->chunk * 4 * hone_dtype_size(hone__aux_dtype(h->t))));
    HONE_TRY(hone__op_scratch(h->t, &h->product_scratch, product_workspace(h, h->chunk, width)));
    return hone__op_scratch(h->t, &h->sum_scratch, b->ops->workspace(b, HONE_WS_COLUMN_SUMS, h->chunk, width, 0));
}

static void start_head(head *h, hone_tape *t, hone_tensor *const *in, const int32_t *labels, float smoothing)
{
    const hone_param *w = in[W]->param;
    *h = (head){.t = t, .x = hone__mat(in[X]), .w = hone__mat(in[W]), .in_major = w->in_major, .labels = labels, .smoothing = smoothing};
    h->m = h->x.rows;
    h->c = h->x.cols;
    h->v = w->tensor.dim[w->in_major ? 1 : 0];
    h->quant = w->quant;
    h->bias = in[BIAS] ? in[BIAS]->data : NULL;
    h->chunk = chunk_size(h->m, h->v);
}

static hone_status start_param_grads(head *h, hone_tensor *const *in, bool wants_w, bool wants_b)
{
    if (wants_w)
        HONE_TRY(hone__grad_to(h->t, in[W], &h->dw, &h->beta_w));
    return wants_b ? hone__grad_to(h->t, in[BIAS], &h->db, &h->beta_b) : HONE_OK;
}

static hone_status check(hone_tensor *const *in, const int32_t *labels, float smoothing)
{
    int64_t c, v;
    const hone_param *w = in[W]->param;
    HONE_TRY(hone__linear_dims(in[X], w, in[BIAS] ? in[BIAS]->param : NULL, &c, &v));
    if (!(smoothing >= 0.0f && smoothing < 1.0f))
        return hone__fail(HONE_INVALID_ARGUMENT, "label smoothing is %g; it must lie in [0, 1)", (double)smoothing);
    for (int64_t i = 0; i < in[X]->dim[0]; i++) {
        if (labels[i] >= v)
            return hone__fail(HONE_INVALID_ARGUMENT, "label %lld is %d, %s has %lld words", (long long)i, labels[i], w->name, (long long)v);
    }
    return HONE_OK;
}

/* ---- the values ---- */

typedef struct nll_attr {
    const int32_t *labels; /* device */
    float smoothing;
} nll_attr;

static hone_status nll_backward(hone_tape *t, const hone_node *n)
{
    const nll_attr *a = n->attr;
    hone_mat g = hone__grad_of(n->out[0]), dx;
    float beta;
    head h;
    hone__sink s = {.add = false};
    start_head(&h, t, n->in, a->labels, a->smoothing);
    if (h.m == 0)
        return hone__node_wants(n, X) ? hone__grad_to(t, n->in[X], &dx, &beta) : HONE_OK;
    h.lse = hone__column(n->aux[0]);
    h.nll = h.lse;
    HONE_TRY(take_scratch(&h, false));
    if (hone__node_wants(n, X)) {
        HONE_TRY(hone__grad_sink(t, n->in[X], &s));
        h.dx = s.to;
    }
    HONE_TRY(start_param_grads(&h, n->in, hone__node_wants(n, W), hone__node_wants(n, BIAS)));
    for (int64_t i0 = 0; i0 < h.m; i0 += h.chunk)
        HONE_TRY(chunk_backward(&h, i0, h.m - i0 < h.chunk ? h.m - i0 : h.chunk, false, hone__at(g.data, g.dtype, i0), 1.0f));
    return hone__grad_flush(t, &s);
}

const hone_op_info hone__op_vocab_nll = {.name = "hone_next_token_nll",
                                         .backward = nll_backward,
                                         .saves = HONE_SAVE_IN(X) | HONE_SAVE_AUX,
                                         .n_in = N_IN,
                                         .optional = HONE_INPUT(BIAS),
                                         .quantized = HONE_INPUT(W)};

static hone_status nll_forward(hone_tape *t, hone_tensor **y, hone_tensor **in, const int32_t *labels, float smoothing)
{
    hone_tensor *lse;
    nll_attr *attr;
    head h;
    HONE_TRY(check(in, labels, smoothing));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    attr->smoothing = smoothing;
    HONE_TRY(hone__place(t, (const void **)&attr->labels, labels, (size_t)in[X]->dim[0] * sizeof(int32_t)));
    start_head(&h, t, in, attr->labels, smoothing);
    HONE_TRY(hone__op_output(t, y, t->dtype, 1, &h.m, in[X]->rows));
    HONE_TRY(hone__op_output(t, &lse, hone__aux_dtype(t), 1, &h.m, in[X]->rows));
    HONE_TRY(take_scratch(&h, false));
    h.nll = hone__column(*y);
    h.lse = hone__column(lse);
    for (int64_t i0 = 0; i0 < h.m; i0 += h.chunk)
        HONE_TRY(chunk_forward(&h, i0, h.m - i0 < h.chunk ? h.m - i0 : h.chunk, false));
    return hone__op_record(t, NULL, &hone__op_vocab_nll, hone__site(HONE_PLACE_HEAD, 0), in, *y, NULL, attr, &lse, 1);
}

hone_tensor *hone__vocab_nll(hone_tape *t, hone_tensor *x, hone_param *w, hone_param *bias, const int32_t *labels, float smoothing)
{
    hone_tensor *in[N_IN] = {x, &w->tensor, bias ? &bias->tensor : NULL}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_vocab_nll, in))
        return NULL;
    return hone__op_end(t, &hone__op_vocab_nll, nll_forward(t, &y, in, labels, smoothing), &y);
}

/* ---- the loss ---- */

typedef struct loss_attr {
    double scale; /* that the gradients were formed with */
    bool spent;
} loss_attr;

/* Hands over the gradient of x, formed in the forward pass; those of the parameters stand in their places. */
static hone_status loss_backward(hone_tape *t, const hone_node *n)
{
    loss_attr *a = (loss_attr *)n->attr;
    if (a->spent)
        return hone__fail(HONE_INVALID_ARGUMENT,
                          "its gradients were formed once, in the forward pass: backward runs once; use hone_next_token_nll for more");
    if (a->scale != t->loss_scale)
        return hone__fail(HONE_INVALID_ARGUMENT, "the loss scale was %g in the forward pass and is %g now: set it before the forward pass",
                          a->scale, t->loss_scale);
    a->spent = true;
    if (!hone__node_wants(n, X))
        return HONE_OK;
    hone__slot *x = hone__slot_of(n->in[X]);
    hone_mat dx = hone__mat(n->aux[0]);
    if (!x || x->base || x->grad)
        return hone__grad_add(t, n->in[X], &dx, 1.0f);
    x->grad = dx.data;
    x->grad_bytes = 0; /* it stays the tape's saved memory */
    return HONE_OK;
}

const hone_op_info hone__op_vocab_loss = {.name = "hone_next_token_loss",
                                          .backward = loss_backward,
                                          .saves = HONE_SAVE_AUX,
                                          .n_in = N_IN,
                                          .optional = HONE_INPUT(BIAS),
                                          .quantized = HONE_INPUT(W)};

/* loss = sum of w nll, in double inside the backend, over all chunks at once */
static hone_status weighted_sum(const head *h, hone_tensor *loss, const void *weights)
{
    const hone_backend_ops *ops = hone__ops(h->t);
    void *scratch;
    HONE_TRY(hone__op_scratch(h->t, &scratch, ops->workspace(h->t->backend, HONE_WS_REDUCE, h->m, 0, 0)));
    if (weights) {
        hone_mat w = {(void *)weights, h->nll.dtype, h->m, 1, 1};
        HONE_TRY(ops->binary(h->t->backend, &h->nll, &h->nll, &w, HONE_BINARY_MUL, HONE_BROADCAST_NONE));
    }
    hone_mat y = hone__mat(loss);
    return ops->reduce(h->t->backend, &y, &h->nll, HONE_REDUCE_SUM, 0.0f, scratch);
}

static hone_status run_chunks(head *h, bool records, const void *weights)
{
    for (int64_t i0 = 0; i0 < h->m; i0 += h->chunk) {
        int64_t n = h->m - i0 < h->chunk ? h->m - i0 : h->chunk;
        HONE_TRY(chunk_forward(h, i0, n, records));
        if (records)
            HONE_TRY(chunk_backward(h, i0, n, true, weights ? hone__at(weights, h->nll.dtype, i0) : NULL, (float)h->t->loss_scale));
    }
    return HONE_OK;
}

/* nll and lse (M) in scratch, dx where it will be handed over from. */
static hone_status take_results(head *h, hone_tensor *const *in, hone_tensor **dx)
{
    hone_dtype aux = hone__aux_dtype(h->t);
    size_t bytes = (size_t)h->m * hone_dtype_size(aux);
    h->nll = h->lse = (hone_mat){NULL, aux, h->m, 1, 1};
    HONE_TRY(hone__op_scratch(h->t, &h->nll.data, bytes));
    HONE_TRY(hone__op_scratch(h->t, &h->lse.data, bytes));
    if (!hone__op_wants(h->t, in[X]))
        return HONE_OK;
    HONE_TRY(hone__op_output(h->t, dx, h->t->dtype, 2, in[X]->dim, in[X]->rows));
    h->dx = hone__mat(*dx);
    return HONE_OK;
}

static hone_status loss_forward(hone_tape *t, hone_tensor **y, hone_tensor **in, const int32_t *labels, const float *weights,
                                float smoothing)
{
    hone_tensor *dx = NULL;
    const void *placed_labels, *placed_weights;
    bool records = hone__op_records(t, &hone__op_vocab_loss, in);
    loss_attr *attr;
    hone_node *node;
    head h;
    HONE_TRY(check(in, labels, smoothing));
    HONE_TRY(hone__place(t, &placed_labels, labels, (size_t)in[X]->dim[0] * sizeof(int32_t)));
    HONE_TRY(hone__place_floats(t, &placed_weights, weights, in[X]->dim[0]));
    start_head(&h, t, in, placed_labels, smoothing);
    HONE_TRY(hone__op_output(t, y, hone__aux_dtype(t), 0, NULL, NULL));
    HONE_TRY(take_scratch(&h, records));
    HONE_TRY(take_results(&h, in, &dx));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    attr->scale = t->loss_scale;
    if (h.m > 0)
        HONE_TRY(start_param_grads(&h, in, hone__op_wants(t, in[W]), hone__op_wants(t, in[BIAS])));
    HONE_TRY(run_chunks(&h, records, placed_weights));
    HONE_TRY(weighted_sum(&h, *y, placed_weights));
    HONE_TRY(hone__op_record(t, &node, &hone__op_vocab_loss, hone__site(HONE_PLACE_HEAD, 0), in, *y, NULL, attr, &dx, 1));
    hone__slot_of(*y)->final = node != NULL;
    return HONE_OK;
}

hone_tensor *hone__vocab_loss(hone_tape *t, hone_tensor *x, hone_param *w, hone_param *bias, const int32_t *labels, const float *weights,
                              float smoothing)
{
    hone_tensor *in[N_IN] = {x, &w->tensor, bias ? &bias->tensor : NULL}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_vocab_loss, in))
        return NULL;
    return hone__op_end(t, &hone__op_vocab_loss, loss_forward(t, &y, in, labels, weights, smoothing), &y);
}
