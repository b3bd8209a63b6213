/* y = act(x W1^T + b1) W2^T + b2, the feed-forward block, keeping x (C) and the pre-activation (4C) and not the activation:
 *
 *     h = act(pre), computed again;  dW2 = dy^T h;  db2 = sums of dy;  dpre = act'(pre) o (dy W2);  dW1 = dpre^T x;  db1 = sums of dpre;  dx = dpre W1 */
#include "nn/op.h"

typedef struct ffn_attr {
    hone_act act;
} ffn_attr;

enum { X, W1, B1, W2, B2, N_IN };

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const hone_backend_ops *ops = hone__ops(t);
    const ffn_attr *a = n->attr;
    hone_mat dy = hone__grad_of(n->out[0]), x = hone__mat(n->in[X]), pre = hone__mat(n->aux[0]), h, dx;
    hone_weight w1 = hone__weight(n->in[W1]->param), w2 = hone__weight(n->in[W2]->param);
    void *scratch;
    float beta;
    size_t bytes = ops->workspace(t->backend, HONE_WS_GEMM, pre.rows, pre.cols, dy.cols),
           more = ops->workspace(t->backend, HONE_WS_GEMM, x.rows, x.cols, pre.cols);
    HONE_TRY(hone__op_scratch(t, &scratch, bytes > more ? bytes : more));
    HONE_TRY(hone__op_scratch_mat(t, &h, pre.rows, pre.cols));
    if (hone__node_wants(n, W2))
        HONE_TRY(ops->act_forward(t->backend, &h, &pre, a->act));
    HONE_TRY(hone__linear_param_grads(t, n->in[W2], n->in[B2], hone__node_wants(n, W2), hone__node_wants(n, B2), &dy, &h));
    hone_mat dpre = h; /* h has done its work */
    HONE_TRY(ops->linear_dx(t->backend, &dpre, &dy, &w2, a->act, a->act == HONE_ACT_NONE ? NULL : &pre, 0.0f, scratch));
    HONE_TRY(hone__linear_param_grads(t, n->in[W1], n->in[B1], hone__node_wants(n, W1), hone__node_wants(n, B1), &dpre, &x));
    if (!hone__node_wants(n, X))
        return HONE_OK;
    HONE_TRY(hone__grad_to(t, n->in[X], &dx, &beta));
    return ops->linear_dx(t->backend, &dx, &dpre, &w1, HONE_ACT_NONE, NULL, beta, scratch);
}

const hone_op_info hone__op_ffn = {.name = "feed-forward",
                                   .backward = backward,
                                   .saves = HONE_SAVE_IN(X) | HONE_SAVE_AUX,
                                   .n_in = N_IN,
                                   .optional = HONE_INPUT(B1) | HONE_INPUT(B2),
                                   .quantized = HONE_INPUT(W1) | HONE_INPUT(W2)};

static const void *bias(const hone_param *b)
{
    return b ? b->tensor.data : NULL;
}

/* The hidden activation is scratch; pre is kept when a backward pass may come. */
static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in, hone_param *const *p, hone_act act, uint32_t site)
{
    const hone_backend_ops *ops = hone__ops(t);
    hone_tensor *pre = NULL;
    hone_mat h, pre_mat;
    ffn_attr *attr;
    void *scratch;
    int64_t n_in, n_hidden, n_back, n_out, n = in[X]->dim[0];
    HONE_TRY(hone__linear_dims(in[X], p[W1], p[B1], &n_in, &n_hidden));
    hone_tensor hidden = {.n_dims = 2, .dim = {n, n_hidden}};
    HONE_TRY(hone__linear_dims(&hidden, p[W2], p[B2], &n_back, &n_out));
    HONE_TRY(hone__op_output(t, y, t->dtype, 2, (int64_t[]){n, n_out}, in[X]->rows));
    if (hone__op_records(t, &hone__op_ffn, in))
        HONE_TRY(hone__op_output(t, &pre, t->dtype, 2, hidden.dim, in[X]->rows));
    HONE_TRY(hone__op_scratch_mat(t, &h, n, n_hidden));
    size_t bytes = hone__linear_workspace(t, p[W1], n, n_hidden, n_in), more = hone__linear_workspace(t, p[W2], n, n_out, n_hidden);
    HONE_TRY(hone__op_scratch(t, &scratch, bytes > more ? bytes : more));
    if (pre)
        pre_mat = hone__mat(pre);
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[X]);
    hone_weight w1 = hone__weight(p[W1]), w2 = hone__weight(p[W2]);
    HONE_TRY(ops->linear_forward(t->backend, &h, &xm, &w1, bias(p[B1]), act, pre ? &pre_mat : NULL, scratch));
    if (!t->unread)
        HONE_TRY(ops->linear_forward(t->backend, &ym, &h, &w2, bias(p[B2]), HONE_ACT_NONE, NULL, scratch));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    attr->act = act;
    return hone__op_record(t, NULL, &hone__op_ffn, site, in, *y, NULL, attr, &pre, 1);
}

hone_tensor *hone__ffn(hone_tape *t, hone_tensor *x, hone_param *w1, hone_param *b1, hone_act act, hone_param *w2, hone_param *b2,
                       uint32_t site)
{
    hone_param *params[N_IN] = {NULL, w1, b1, w2, b2};
    hone_tensor *in[N_IN] = {x}, *y = NULL;
    for (int i = W1; i < N_IN; i++)
        in[i] = params[i] ? &params[i]->tensor : NULL;
    if (!hone__op_begin(t, &hone__op_ffn, in))
        return NULL;
    return hone__op_end(t, &hone__op_ffn, forward(t, &y, in, params, act, site), &y);
}
