/* Self-attention of a block up to, and without, the output projection (Vaswani et al. 2017), over each row's own tokens:
 *
 *     qkv = x Wqkv^T + b (N, 3C);   per row and head  S = scale q k^T, causal or not;   o = drop(softmax(S)) v  (N, C)
 *
 * x, qkv, o and lse (N, H) = log sum exp(S) are kept; S is formed again in backward and [T x T] is never held for long rows (the backend's matter). */
#include "nn/op.h"

typedef struct attention_attr {
    int n_heads;
    bool causal;
    float scale;
    hone_drop drop;
} attention_attr;

static hone_mat part(const hone_mat *qkv, int k)
{
    return hone__mat_part(qkv, 0, qkv->rows, k * (qkv->cols / 3), qkv->cols / 3);
}

static size_t workspace(const hone_tape *t, hone_workspace what, const hone_rows *rows, int64_t c, int n_heads)
{
    return hone__ops(t)->workspace(t->backend, what, rows->longest, c, (int64_t)rows->n_rows * n_heads);
}

/* dqkv from do, in scratch. */
static hone_status heads_backward(hone_tape *t, const hone_node *n, hone_mat *dqkv)
{
    const attention_attr *a = n->attr;
    const hone_rows *rows = n->in[0]->rows;
    hone_mat d_o = hone__grad_of(n->out[0]), o = hone__mat(n->out[0]), qkv = hone__mat(n->aux[0]);
    void *scratch;
    HONE_TRY(hone__op_scratch_mat(t, dqkv, qkv.rows, qkv.cols));
    HONE_TRY(hone__op_scratch(t, &scratch, workspace(t, HONE_WS_ATTENTION_BACKWARD, rows, o.cols, a->n_heads)));
    hone_mat q = part(&qkv, 0), k = part(&qkv, 1), v = part(&qkv, 2), dq = part(dqkv, 0), dk = part(dqkv, 1), dv = part(dqkv, 2);
    return hone__ops(t)->attention_backward(t->backend, &dq, &dk, &dv, &d_o, &o, n->aux[1]->data, &q, &k, &v, rows, rows, a->n_heads,
                                            a->causal, a->scale, &a->drop, scratch);
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    hone_mat dqkv, dx, x = hone__mat(n->in[0]);
    void *scratch;
    float beta;
    HONE_TRY(heads_backward(t, n, &dqkv));
    HONE_TRY(hone__linear_param_grads(t, n->in[1], n->in[2], hone__node_wants(n, 1), hone__node_wants(n, 2), &dqkv, &x));
    if (!hone__node_wants(n, 0))
        return HONE_OK;
    hone_weight w = hone__weight(n->in[1]->param);
    HONE_TRY(hone__op_scratch(t, &scratch, hone__ops(t)->workspace(t->backend, HONE_WS_GEMM, x.rows, x.cols, dqkv.cols)));
    HONE_TRY(hone__grad_to(t, n->in[0], &dx, &beta));
    return hone__ops(t)->linear_dx(t->backend, &dx, &dqkv, &w, HONE_ACT_NONE, NULL, beta, scratch);
}

const hone_op_info hone__op_attention_block = {.name = "attention",
                                               .backward = backward,
                                               .saves = HONE_SAVE_IN(0) | HONE_SAVE_OUT(0) | HONE_SAVE_AUX,
                                               .n_in = 3,
                                               .optional = HONE_INPUT(2),
                                               .quantized = HONE_INPUT(1)};

static hone_status check(const hone_tensor *x, int64_t n_out, int n_heads, float dropout)
{
    char shape[96];
    if (!x->rows)
        return hone__fail(HONE_INVALID_ARGUMENT, "the input of shape %s is not per token of a batch", hone__shape_text(shape, x));
    if (n_heads < 1 || n_out % 3 != 0 || n_out / 3 % n_heads != 0)
        return hone__fail(HONE_SHAPE, "%lld columns of q, k, v cannot be cut into 3 times %d heads", (long long)n_out, n_heads);
    return hone__check_drop(x, dropout);
}

/* qkv is kept for backward, else it is scratch. */
static hone_status project(hone_tape *t, hone_tensor **kept, hone_mat *qkv, hone_tensor **in, const hone_param *w, const hone_param *b,
                           int64_t n_in, int64_t n_out)
{
    void *scratch;
    if (hone__op_records(t, &hone__op_attention_block, in)) {
        HONE_TRY(hone__op_output(t, kept, t->dtype, 2, (int64_t[]){in[0]->dim[0], n_out}, in[0]->rows));
        *qkv = hone__mat(*kept);
    } else {
        HONE_TRY(hone__op_scratch_mat(t, qkv, in[0]->dim[0], n_out));
    }
    hone_mat x = hone__mat(in[0]);
    hone_weight weight = hone__weight(w);
    HONE_TRY(hone__op_scratch(t, &scratch, hone__linear_workspace(t, w, x.rows, n_out, n_in)));
    return hone__ops(t)->linear_forward(t->backend, qkv, &x, &weight, b ? b->tensor.data : NULL, HONE_ACT_NONE, NULL, scratch);
}

static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in, const hone_param *w, const hone_param *b,
                           const attention_attr *how, float dropout, uint32_t site)
{
    const hone_rows *rows = in[0]->rows;
    hone_tensor *aux[2] = {NULL, NULL}; /* qkv, lse */
    hone_mat qkv;
    attention_attr *attr;
    void *scratch;
    int64_t n_in, n_out, n = in[0]->dim[0];
    HONE_TRY(hone__linear_dims(in[0], w, b, &n_in, &n_out));
    HONE_TRY(check(in[0], n_out, how->n_heads, dropout));
    HONE_TRY(hone__op_output(t, y, t->dtype, 2, (int64_t[]){n, n_out / 3}, rows));
    HONE_TRY(project(t, &aux[0], &qkv, in, w, b, n_in, n_out));
    if (aux[0])
        HONE_TRY(hone__op_output(t, &aux[1], hone__aux_dtype(t), 2, (int64_t[]){n, how->n_heads}, rows));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = *how;
    attr->drop = hone__drop(t, dropout, site, rows);
    HONE_TRY(hone__op_scratch(t, &scratch, workspace(t, HONE_WS_ATTENTION_FORWARD, rows, n_out / 3, how->n_heads)));
    hone_mat o = hone__mat(*y), q = part(&qkv, 0), k = part(&qkv, 1), v = part(&qkv, 2);
    HONE_TRY(hone__ops(t)->attention_forward(t->backend, &o, aux[1] ? aux[1]->data : NULL, &q, &k, &v, rows, rows, how->n_heads,
                                             how->causal, how->scale, &attr->drop, scratch));
    return hone__op_record(t, NULL, &hone__op_attention_block, site, in, *y, NULL, attr, aux, 2);
}

hone_tensor *hone__attention_block(hone_tape *t, hone_tensor *x, hone_param *w_qkv, hone_param *b_qkv, int n_heads, bool causal,
                                   float scale, float dropout, uint32_t site)
{
    hone_tensor *in[] = {x, &w_qkv->tensor, b_qkv ? &b_qkv->tensor : NULL}, *y = NULL;
    attention_attr how = {.n_heads = n_heads, .causal = causal, .scale = scale};
    if (!hone__op_begin(t, &hone__op_attention_block, in))
        return NULL;
    return hone__op_end(t, &hone__op_attention_block, forward(t, &y, in, w_qkv, b_qkv, &how, dropout, site), &y);
}

/* ---- over a cache of keys and values: no gradient ---- */

static const hone_op_info op_cached = {.name = "cached attention", .n_in = 3};

static hone_status cached_forward(hone_tape *t, hone_tensor **y, hone_tensor **in, const hone_rows *rows_q, const hone_rows *rows_k,
                                  const attention_attr *how)
{
    char qs[96], ks[96], vs[96];
    void *scratch;
    int64_t c = hone__cols(in[0]);
    if (in[0]->n_dims != 2 || hone__cols(in[1]) != c || hone__cols(in[2]) != c || how->n_heads < 1 || c % how->n_heads != 0)
        return hone__fail(HONE_SHAPE, "q %s, k %s, v %s do not fit %d heads", hone__shape_text(qs, in[0]), hone__shape_text(ks, in[1]),
                          hone__shape_text(vs, in[2]), how->n_heads);
    HONE_TRY(hone__op_output(t, y, t->dtype, 2, in[0]->dim, rows_q));
    HONE_TRY(hone__op_scratch(t, &scratch, workspace(t, HONE_WS_ATTENTION_FORWARD, rows_k, c, how->n_heads)));
    hone_mat o = hone__mat(*y), q = hone__mat(in[0]), k = hone__mat(in[1]), v = hone__mat(in[2]);
    return hone__ops(t)->attention_forward(t->backend, &o, NULL, &q, &k, &v, rows_q, rows_k, how->n_heads, how->causal, how->scale, NULL,
                                           scratch);
}

hone_tensor *hone__attention_cached(hone_tape *t, hone_tensor *q, hone_tensor *k, hone_tensor *v, const hone_rows *rows_q,
                                    const hone_rows *rows_k, int n_heads, bool causal, float scale)
{
    hone_tensor *in[] = {q, k, v}, *y = NULL;
    attention_attr how = {.n_heads = n_heads, .causal = causal, .scale = scale};
    if (!hone__op_begin(t, &op_cached, in))
        return NULL;
    return hone__op_end(t, &op_cached, cached_forward(t, &y, in, rows_q, rows_k, &how), &y);
}
