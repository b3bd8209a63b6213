/* y = act(x): gelu (erf), gelu_new (tanh), relu, tanh, sigmoid.   dx = dy o act'(x) */
#include "nn/op.h"

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const hone_act *act = n->attr;
    hone_mat dy = hone__grad_of(n->out[0]), x = hone__mat(n->in[0]), dx;
    float beta;
    HONE_TRY(hone__grad_to(t, n->in[0], &dx, &beta));
    return hone__ops(t)->act_backward(t->backend, &dx, &dy, &x, *act, beta);
}

const hone_op_info hone__op_act = {.name = "activation", .backward = backward, .saves = HONE_SAVE_IN(0), .n_in = 1};

static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in, hone_act act)
{
    hone_act *attr;
    HONE_TRY(hone__op_output_like(t, y, in[0]));
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[0]);
    HONE_TRY(hone__ops(t)->act_forward(t->backend, &ym, &xm, act));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = act;
    return hone__op_record(t, NULL, &hone__op_act, 0, in, *y, NULL, attr, NULL, 0);
}

hone_tensor *hone__act(hone_tape *t, hone_tensor *x, hone_act act)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, &hone__op_act, in))
        return NULL;
    return hone__op_end(t, &hone__op_act, forward(t, &y, in, act), &y);
}

hone_tensor *hone_tanh(hone_tape *t, hone_tensor *x)
{
    return hone__act(t, x, HONE_ACT_TANH);
}

hone_tensor *hone_sigmoid(hone_tape *t, hone_tensor *x)
{
    return hone__act(t, x, HONE_ACT_SIGMOID);
}

hone_tensor *hone_relu(hone_tape *t, hone_tensor *x)
{
    return hone__act(t, x, HONE_ACT_RELU);
}
