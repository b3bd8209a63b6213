/* y = act(x W^T + b), x (N, I), W (O, I), or (I, O) when in_major (GPT-2's Conv1D), b (O):
 *
 *     dpre = dy o act'(pre)      dx = dpre W      dW = dpre^T x      db = column sums of dpre
 *
 * With an activation its argument `pre` is kept, else nothing but x. */
#include "nn/op.h"

typedef struct linear_attr {
    hone_act act;
} linear_attr;

hone_weight hone__weight(const hone_param *w)
{
    return (hone_weight){hone__mat(&w->tensor), w->in_major, w->version, w->quant};
}

size_t hone__linear_workspace(const hone_tape *t, const hone_param *w, int64_t n, int64_t n_out, int64_t n_in)
{
    return hone__ops(t)->workspace(t->backend, w->quant ? HONE_WS_INT8 : HONE_WS_GEMM, n, n_out, n_in);
}

hone_status hone__linear_dims(const hone_tensor *x, const hone_param *w, const hone_param *b, int64_t *n_in, int64_t *n_out)
{
    char xs[96], ws[96];
    const hone_tensor *m = &w->tensor;
    *n_in = m->dim[w->in_major ? 0 : 1];
    *n_out = m->dim[w->in_major ? 1 : 0];
    if (m->n_dims != 2 || x->n_dims != 2 || x->dim[1] != *n_in)
        return hone__fail(HONE_SHAPE, "input %s does not fit weight %s %s%s", hone__shape_text(xs, x), w->name, hone__shape_text(ws, m),
                          w->in_major ? " (in, out)" : "");
    if (b && hone__count(&b->tensor) != *n_out)
        return hone__fail(HONE_SHAPE, "bias %s %s does not fit weight %s %s", b->name, hone__shape_text(xs, &b->tensor), w->name,
                          hone__shape_text(ws, m));
    return HONE_OK;
}

/* db alone: the weight is frozen. */
static hone_status bias_grad(hone_tape *t, hone_tensor *b, const hone_mat *dy)
{
    void *scratch;
    hone_mat db;
    float beta;
    HONE_TRY(hone__op_scratch(t, &scratch, hone__ops(t)->workspace(t->backend, HONE_WS_COLUMN_SUMS, dy->rows, dy->cols, 0)));
    HONE_TRY(hone__grad_to(t, b, &db, &beta));
    return hone__ops(t)->column_sum(t->backend, &db, dy, beta, scratch);
}

hone_status hone__linear_param_grads(hone_tape *t, hone_tensor *w, hone_tensor *b, bool wants_w, bool wants_b, const hone_mat *dy,
                                     const hone_mat *x)
{
    void *scratch;
    hone_mat db = {0};
    hone_weight dw = {.in_major = w->param->in_major};
    float beta_w, beta_b = 0.0f;
    if (!wants_w)
        return wants_b ? bias_grad(t, b, dy) : HONE_OK;
    HONE_TRY(hone__op_scratch(t, &scratch, hone__ops(t)->workspace(t->backend, HONE_WS_COLUMN_SUMS, dy->rows, dy->cols, 0)));
    HONE_TRY(hone__grad_to(t, w, &dw.mat, &beta_w));
    if (wants_b)
        HONE_TRY(hone__grad_to(t, b, &db, &beta_b));
    return hone__ops(t)->linear_dw(t->backend, &dw, db.data, dy, x, beta_w, beta_b, scratch);
}

/* dy o act'(pre): in dy's own memory, which nobody needs afterwards, unless a user wants to look at it. */
static hone_status activation_backward(hone_tape *t, hone_mat *dpre, const hone_node *n, const hone_mat *dy, hone_act act)
{
    hone_mat pre;
    *dpre = *dy;
    if (act == HONE_ACT_NONE)
        return HONE_OK;
    if (hone__slot_of(n->out[0])->grad_tensor)
        HONE_TRY(hone__op_scratch_mat(t, dpre, dy->rows, dy->cols));
    pre = hone__mat(n->aux[0]);
    return hone__ops(t)->act_backward(t->backend, dpre, dy, &pre, act, 0.0f);
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const linear_attr *a = n->attr;
    hone_mat dy = hone__grad_of(n->out[0]), x = hone__mat(n->in[0]), dpre, dx;
    void *scratch;
    float beta;
    HONE_TRY(activation_backward(t, &dpre, n, &dy, a->act));
    HONE_TRY(hone__linear_param_grads(t, n->in[1], n->in[2], hone__node_wants(n, 1), hone__node_wants(n, 2), &dpre, &x));
    if (!hone__node_wants(n, 0))
        return HONE_OK;
    hone_weight w = hone__weight(n->in[1]->param);
    HONE_TRY(hone__op_scratch(t, &scratch, hone__ops(t)->workspace(t->backend, HONE_WS_GEMM, x.rows, x.cols, dpre.cols)));
    HONE_TRY(hone__grad_to(t, n->in[0], &dx, &beta));
    return hone__ops(t)->linear_dx(t->backend, &dx, &dpre, &w, HONE_ACT_NONE, NULL, beta, scratch);
}

const hone_op_info hone__op_linear = {.name = "linear",
                                      .backward = backward,
                                      .saves = HONE_SAVE_IN(0) | HONE_SAVE_AUX,
                                      .n_in = 3,
                                      .optional = HONE_INPUT(2),
                                      .quantized = HONE_INPUT(1)};

static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in, const hone_param *w, const hone_param *b, hone_act act,
                           uint32_t site)
{
    hone_tensor *pre = NULL;
    hone_mat pre_mat;
    linear_attr *attr;
    void *scratch;
    int64_t n_in, n_out;
    HONE_TRY(hone__linear_dims(in[0], w, b, &n_in, &n_out));
    int64_t dims[2] = {in[0]->dim[0], n_out};
    HONE_TRY(hone__op_output(t, y, t->dtype, 2, dims, in[0]->rows));
    if (act != HONE_ACT_NONE && hone__op_records(t, &hone__op_linear, in))
        HONE_TRY(hone__op_output_like(t, &pre, *y));
    if (pre)
        pre_mat = hone__mat(pre);
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[0]);
    hone_weight weight = hone__weight(w);
    HONE_TRY(hone__op_scratch(t, &scratch, hone__linear_workspace(t, w, ym.rows, n_out, n_in)));
    HONE_TRY(hone__ops(t)->linear_forward(t->backend, &ym, &xm, &weight, b ? b->tensor.data : NULL, act, pre ? &pre_mat : NULL, scratch));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    attr->act = act;
    return hone__op_record(t, NULL, &hone__op_linear, site, in, *y, NULL, attr, &pre, 1);
}

hone_tensor *hone__linear(hone_tape *t, hone_tensor *x, hone_param *w, hone_param *b, hone_act act, uint32_t site)
{
    hone_tensor *in[] = {x, &w->tensor, b ? &b->tensor : NULL}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_linear, in))
        return NULL;
    return hone__op_end(t, &hone__op_linear, forward(t, &y, in, w, b, act, site), &y);
}
