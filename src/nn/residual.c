/* sum = x + drop(f):   dx = dsum,  df = drop(dsum). Nothing is kept.
 *
 * The sum takes f's memory when nobody needs f any more, so that a block of GPT-2 keeps 12 C a token and not 15 C. */
#include "nn/op.h"

static bool may_take(const hone_tensor *x, const hone_tensor *f)
{
    const hone__slot *s = hone__slot_of(f);
    return s && f != x && !s->lent && !s->base && !s->saved && !s->shared && !s->grad_tensor;
}

hone_status hone__residual_sum(hone_tape *t, hone_tensor **sum, const hone_tensor *x, const hone_tensor *f)
{
    hone__slot *s = hone__slot_of(f);
    if (!may_take(x, f))
        return hone__op_output_like(t, sum, x);
    HONE_TRY(hone__op_header(t, sum, f->data, x->dtype, x->n_dims, x->dim, x->rows));
    s->taken = s->lent = true;
    return HONE_OK;
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const hone_drop *drop = n->attr;
    hone_mat dsum = hone__grad_of(n->out[0]), df;
    float beta;
    if (hone__node_wants(n, 1)) {
        HONE_TRY(hone__grad_to(t, n->in[1], &df, &beta));
        HONE_TRY(hone__ops(t)->dropout(t->backend, &df, &dsum, drop, beta));
    }
    return hone__node_wants(n, 0) ? hone__grad_pass(t, n->in[0], n->out[0]) : HONE_OK;
}

const hone_op_info hone__op_residual = {.name = "residual", .backward = backward, .n_in = 2};

static hone_status add(hone_tape *t, hone_tensor *sum, hone_tensor **in, const hone_drop *drop)
{
    const hone_backend_ops *ops = hone__ops(t);
    hone_mat s = hone__mat(sum), x = hone__mat(in[0]), f = hone__mat(in[1]);
    if (drop->p > 0.0f) {
        HONE_TRY(ops->dropout(t->backend, &s, &f, drop, 0.0f));
        f = s;
    }
    return ops->binary(t->backend, &s, &x, &f, HONE_BINARY_ADD, HONE_BROADCAST_NONE);
}

static hone_status forward(hone_tape *t, hone_tensor **sum, hone_tensor **in, float p, uint32_t site)
{
    char xs[96], fs[96];
    hone_drop *drop;
    if (!hone__same_shape(in[0], in[1]))
        return hone__fail(HONE_SHAPE, "shapes %s and %s differ", hone__shape_text(xs, in[0]), hone__shape_text(fs, in[1]));
    HONE_TRY(hone__check_drop(in[0], p));
    HONE_TRY(hone__op_attr(t, (void **)&drop, sizeof(*drop)));
    *drop = hone__drop(t, p, site, in[0]->rows);
    HONE_TRY(hone__residual_sum(t, sum, in[0], in[1]));
    if (!t->unread)
        HONE_TRY(add(t, *sum, in, drop));
    return hone__op_record(t, NULL, &hone__op_residual, site, in, *sum, NULL, drop, NULL, 0);
}

hone_tensor *hone__residual(hone_tape *t, hone_tensor *x, hone_tensor *f, float dropout, uint32_t site)
{
    hone_tensor *in[] = {x, f}, *sum = NULL;
    if (!hone__op_begin(t, &hone__op_residual, in))
        return NULL;
    return hone__op_end(t, &hone__op_residual, forward(t, &sum, in, dropout, site), &sum);
}
