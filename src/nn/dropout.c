/* y = drop(x), element by element kept or not by a counter (tensor/backend.h: seed, site, row's ordinal, position, channel), kept ones times 1/(1-p).
 *
 *     dx = drop(dy), with the same decisions drawn again: nothing is stored. */
#include "nn/op.h"

hone_drop hone__drop(const hone_tape *t, float p, uint32_t site, const hone_rows *rows)
{
    return (hone_drop){.p = t->training ? p : 0.0f, .seed = t->seed, .site = site, .rows = rows};
}

hone_status hone__check_drop(const hone_tensor *x, float p)
{
    if (!(p >= 0.0f && p < 1.0f))
        return hone__fail(HONE_INVALID_ARGUMENT, "the dropout probability is %g; it must lie in [0, 1)", (double)p);
    if (p > 0.0f && !x->rows)
        return hone__fail(HONE_INVALID_ARGUMENT, "dropout needs a tensor that knows its tokens (per token of a batch)");
    return HONE_OK;
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    hone_mat dy = hone__grad_of(n->out[0]), dx;
    float beta;
    HONE_TRY(hone__grad_to(t, n->in[0], &dx, &beta));
    return hone__ops(t)->dropout(t->backend, &dx, &dy, n->attr, beta);
}

const hone_op_info hone__op_dropout = {.name = "dropout", .backward = backward, .n_in = 1};

static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in, float p, uint32_t site)
{
    hone_drop *drop;
    HONE_TRY(hone__check_drop(in[0], p));
    if (!t->training || p == 0.0f) {
        *y = in[0];
        return HONE_OK;
    }
    HONE_TRY(hone__op_output_like(t, y, in[0]));
    HONE_TRY(hone__op_attr(t, (void **)&drop, sizeof(*drop)));
    *drop = hone__drop(t, p, site, in[0]->rows);
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[0]);
    HONE_TRY(hone__ops(t)->dropout(t->backend, &ym, &xm, drop, 0.0f));
    return hone__op_record(t, NULL, &hone__op_dropout, site, in, *y, NULL, drop, NULL, 0);
}

hone_tensor *hone__dropout(hone_tape *t, hone_tensor *x, float p, uint32_t site)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_dropout, in))
        return NULL;
    return hone__op_end(t, &hone__op_dropout, forward(t, &y, in, p, site), &y);
}
