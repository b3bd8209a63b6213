/* y = x - log sum exp(x), over the last dimension:  dx = dy - exp(y) sum(dy).
 * softmax is exp of it: its gradient y o (dy - sum(dy o y)) follows from the two. */
#include "nn/op.h"

static hone_status backward(hone_tape *t, const hone_node *n)
{
    hone_mat dy = hone__grad_of(n->out[0]), y = hone__mat(n->out[0]), dx;
    float beta;
    HONE_TRY(hone__grad_to(t, n->in[0], &dx, &beta));
    return hone__ops(t)->log_softmax_backward(t->backend, &dx, &dy, &y, beta);
}

const hone_op_info hone__op_log_softmax = {.name = "hone_log_softmax", .backward = backward, .saves = HONE_SAVE_OUT(0), .n_in = 1};

static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in)
{
    if (in[0]->n_dims == 0)
        return hone__fail(HONE_SHAPE, "a scalar has no dimension to run over");
    HONE_TRY(hone__op_output_like(t, y, in[0]));
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[0]);
    HONE_TRY(hone__ops(t)->log_softmax_forward(t->backend, &ym, &xm));
    return hone__op_record(t, NULL, &hone__op_log_softmax, 0, in, *y, NULL, NULL, NULL, 0);
}

hone_tensor *hone_log_softmax(hone_tape *t, hone_tensor *x)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_log_softmax, in))
        return NULL;
    return hone__op_end(t, &hone__op_log_softmax, forward(t, &y, in), &y);
}

hone_tensor *hone_softmax(hone_tape *t, hone_tensor *x)
{
    return hone_exp(t, hone_log_softmax(t, x));
}
