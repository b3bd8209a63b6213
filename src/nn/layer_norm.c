/* Layer norm (Ba et al. 2016) over the C channels of each token, alone and after a residual:
 *
 *     layer_norm:      y = (x - mean) rstd gamma + beta                  rstd = 1 / sqrt(variance + eps), variance over C, not C - 1
 *     residual_norm:   sum = x + drop(f);  y = the norm of sum
 *
 *     g = dy o gamma;   xhat = (s - mean) rstd;   ds = rstd (g - mean(g) - xhat mean(g o xhat)) [+ dsum];   dgamma = sums of dy o xhat;   dbeta = sums of dy
 *     dx = ds;   df = drop(ds)
 *
 * Kept: x (or the sum) and mean, rstd per token. The sum takes f's memory (residual.c). */
#include "nn/op.h"

typedef struct norm_attr {
    hone_drop drop;
} norm_attr;

enum { X, F, GAMMA, BETA, N_IN }; /* inputs of residual_norm; layer_norm has no F */

/* Where dgamma and dbeta go; the kernel has one beta for both. */
static hone_status param_grads(hone_tape *t, hone_tensor *gamma, hone_tensor *beta, bool wants_gamma, bool wants_beta, void **dgamma,
                               void **dbeta, float *add)
{
    hone_mat d[2];
    float b[2] = {0.0f, 0.0f};
    if (wants_gamma)
        HONE_TRY(hone__grad_to(t, gamma, &d[0], &b[0]));
    if (wants_beta)
        HONE_TRY(hone__grad_to(t, beta, &d[1], &b[1]));
    *dgamma = wants_gamma ? d[0].data : NULL;
    *dbeta = wants_beta ? d[1].data : NULL;
    *add = wants_gamma ? b[0] : b[1];
    if (!wants_gamma || !wants_beta || b[0] == b[1])
        return HONE_OK;
    const hone_mat *fresh = b[0] == 0.0f ? &d[0] : &d[1];
    *add = 1.0f;
    return hone__ops(t)->fill_zero(t->backend, fresh->data, (size_t)fresh->cols * hone_dtype_size(fresh->dtype));
}

static hone_status check(const hone_tensor *x, const hone_param *gamma, const hone_param *beta)
{
    char xs[96], gs[96], bs[96];
    if (x->n_dims < 1 || hone__count(&gamma->tensor) != hone__cols(x) || hone__count(&beta->tensor) != hone__cols(x))
        return hone__fail(HONE_SHAPE, "input %s does not fit %s %s and %s %s", hone__shape_text(xs, x), gamma->name,
                          hone__shape_text(gs, &gamma->tensor), beta->name, hone__shape_text(bs, &beta->tensor));
    return HONE_OK;
}

/* mean and rstd (N), when a backward pass may come. */
static hone_status statistics(hone_tape *t, const hone_op_info *op, hone_tensor **in, hone_tensor **aux)
{
    int64_t n = hone__n_rows(in[0]);
    if (!hone__op_records(t, op, in))
        return HONE_OK;
    HONE_TRY(hone__op_output(t, &aux[0], hone__aux_dtype(t), 1, &n, in[0]->rows));
    return hone__op_output(t, &aux[1], hone__aux_dtype(t), 1, &n, in[0]->rows);
}

static void *data_of(const hone_tensor *x)
{
    return x ? x->data : NULL;
}

static size_t workspace(const hone_tape *t, const hone_mat *x)
{
    return hone__ops(t)->workspace(t->backend, HONE_WS_COLUMN_SUMS, x->rows, x->cols, 0);
}

/* ---- layer norm ---- */

static hone_status norm_backward(hone_tape *t, const hone_node *n)
{
    hone_mat dy = hone__grad_of(n->out[0]), x = hone__mat(n->in[0]), dx;
    void *dgamma, *dbeta, *scratch;
    float add, beta = 0.0f;
    bool wants_x = hone__node_wants(n, 0);
    HONE_TRY(hone__op_scratch(t, &scratch, workspace(t, &x)));
    HONE_TRY(param_grads(t, n->in[1], n->in[2], hone__node_wants(n, 1), hone__node_wants(n, 2), &dgamma, &dbeta, &add));
    if (wants_x)
        HONE_TRY(hone__grad_to(t, n->in[0], &dx, &beta));
    return hone__ops(t)->residual_norm_backward(t->backend, wants_x ? &dx : NULL, NULL, dgamma, dbeta, &dy, NULL, &x, n->aux[0]->data,
                                                n->aux[1]->data, n->in[1]->data, NULL, beta, add, scratch);
}

const hone_op_info hone__op_layer_norm = {
    .name = "layer norm", .backward = norm_backward, .saves = HONE_SAVE_IN(0) | HONE_SAVE_AUX, .n_in = 3};

static hone_status norm_forward(hone_tape *t, hone_tensor **y, hone_tensor **in, const hone_param *gamma, const hone_param *beta, float eps,
                                uint32_t site)
{
    hone_tensor *aux[2] = {NULL, NULL};
    HONE_TRY(check(in[0], gamma, beta));
    HONE_TRY(hone__op_output_like(t, y, in[0]));
    HONE_TRY(statistics(t, &hone__op_layer_norm, in, aux));
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[0]);
    HONE_TRY(hone__ops(t)->residual_norm_forward(t->backend, NULL, &ym, data_of(aux[0]), data_of(aux[1]), &xm, NULL, gamma->tensor.data,
                                                 beta->tensor.data, eps, NULL));
    return hone__op_record(t, NULL, &hone__op_layer_norm, site, in, *y, NULL, NULL, aux, 2);
}

hone_tensor *hone__layer_norm(hone_tape *t, hone_tensor *x, hone_param *gamma, hone_param *beta, float eps, uint32_t site)
{
    hone_tensor *in[] = {x, &gamma->tensor, &beta->tensor}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_layer_norm, in))
        return NULL;
    return hone__op_end(t, &hone__op_layer_norm, norm_forward(t, &y, in, gamma, beta, eps, site), &y);
}

/* ---- residual and layer norm ---- */

/* Only the sum went on: dx += dsum, df += drop(dsum). */
static hone_status sum_backward(hone_tape *t, const hone_node *n)
{
    const norm_attr *a = n->attr;
    hone_mat dsum = hone__grad_of(n->out[1]), df;
    float beta;
    if (hone__node_wants(n, F)) {
        HONE_TRY(hone__grad_to(t, n->in[F], &df, &beta));
        HONE_TRY(hone__ops(t)->dropout(t->backend, &df, &dsum, &a->drop, beta));
    }
    return hone__node_wants(n, X) ? hone__grad_pass(t, n->in[X], n->out[1]) : HONE_OK;
}

/* Where dx goes. The gradient of the sum goes on in its own memory when x has none yet. */
static hone_status place_dx(hone_tape *t, const hone_node *n, hone_mat *dx, float *beta)
{
    hone__slot *x = hone__slot_of(n->in[X]), *sum = hone__slot_of(n->out[1]);
    if (x && !x->base && !x->grad && sum->grad && !sum->grad_tensor) {
        HONE_TRY(hone__grad_pass(t, n->in[X], n->out[1]));
        *dx = hone__grad_of(n->in[X]);
        *beta = 0.0f;
        return HONE_OK;
    }
    return hone__grad_to(t, n->in[X], dx, beta);
}

static hone_status residual_backward(hone_tape *t, const hone_node *n)
{
    const norm_attr *a = n->attr;
    bool has_dsum = hone__grad_has(n->out[1]), wants_x = hone__node_wants(n, X), wants_f = hone__node_wants(n, F);
    hone_mat dy, dsum, s = hone__mat(n->out[1]), dx;
    hone__sink df = {.add = false};
    void *dgamma, *dbeta, *scratch;
    float add, beta = 0.0f;
    if (!hone__grad_has(n->out[0]))
        return sum_backward(t, n);
    dy = hone__grad_of(n->out[0]);
    if (has_dsum)
        dsum = hone__grad_of(n->out[1]);
    HONE_TRY(hone__op_scratch(t, &scratch, workspace(t, &s)));
    HONE_TRY(param_grads(t, n->in[GAMMA], n->in[BETA], hone__node_wants(n, GAMMA), hone__node_wants(n, BETA), &dgamma, &dbeta, &add));
    if (wants_x)
        HONE_TRY(place_dx(t, n, &dx, &beta));
    if (wants_f)
        HONE_TRY(hone__grad_sink(t, n->in[F], &df));
    HONE_TRY(hone__ops(t)->residual_norm_backward(t->backend, wants_x ? &dx : NULL, wants_f ? &df.to : NULL, dgamma, dbeta, &dy,
                                                  has_dsum ? &dsum : NULL, &s, n->aux[0]->data, n->aux[1]->data, n->in[GAMMA]->data,
                                                  &a->drop, beta, add, scratch));
    return hone__grad_flush(t, &df);
}

const hone_op_info hone__op_residual_norm = {
    .name = "residual and layer norm", .backward = residual_backward, .saves = HONE_SAVE_OUT(1) | HONE_SAVE_AUX, .n_in = N_IN};

static hone_status residual_forward(hone_tape *t, hone_tensor **y, hone_tensor **sum, hone_tensor **in, float eps, float dropout,
                                    uint32_t site)
{
    hone_tensor *aux[2] = {NULL, NULL}, *kept = NULL;
    const hone_tensor *x = in[X], *f = in[F];
    char xs[96], fs[96];
    norm_attr *attr;
    hone_mat sum_mat;
    if (!hone__same_shape(x, f))
        return hone__fail(HONE_SHAPE, "shapes %s and %s differ", hone__shape_text(xs, x), hone__shape_text(fs, f));
    HONE_TRY(check(x, in[GAMMA]->param, in[BETA]->param));
    HONE_TRY(hone__check_drop(x, dropout));
    HONE_TRY(hone__op_output_like(t, y, x));
    if (sum || hone__op_records(t, &hone__op_residual_norm, in))
        HONE_TRY(hone__residual_sum(t, &kept, x, f));
    HONE_TRY(statistics(t, &hone__op_residual_norm, in, aux));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    attr->drop = hone__drop(t, dropout, site, x->rows);
    if (kept)
        sum_mat = hone__mat(kept);
    hone_mat ym = hone__mat(*y), xm = hone__mat(x), fm = hone__mat(f);
    HONE_TRY(hone__ops(t)->residual_norm_forward(t->backend, kept ? &sum_mat : NULL, &ym, data_of(aux[0]), data_of(aux[1]), &xm, &fm,
                                                 in[GAMMA]->data, in[BETA]->data, eps, &attr->drop));
    HONE_TRY(hone__op_record(t, NULL, &hone__op_residual_norm, site, in, *y, kept, attr, aux, 2));
    if (sum)
        *sum = kept;
    return HONE_OK;
}

hone_tensor *hone__residual_norm(hone_tape *t, hone_tensor **sum, hone_tensor *x, hone_tensor *f, hone_param *gamma, hone_param *beta,
                                 float eps, float dropout, uint32_t site)
{
    hone_tensor *in[N_IN] = {x, f, &gamma->tensor, &beta->tensor}, *y = NULL;
    if (sum)
        *sum = NULL;
    if (!hone__op_begin(t, &hone__op_residual_norm, in))
        return NULL;
    return hone__op_end(t, &hone__op_residual_norm, residual_forward(t, &y, sum, in, eps, dropout, site), &y);
}
