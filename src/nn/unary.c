/* y = f(x), element by element, and its gradient:
 *
 *     scale a x: a dy       add_scalar: dy        neg: -dy           exp: dy o y          log: dy / x        sqrt: dy / (2 y)
 *     square: 2 x o dy      abs: sign(x) o dy     pow: a x^(a-1) dy  clamp: dy where low <= x <= high (the ends too, as torch)
 *
 * tanh, sigmoid, relu are activations: act.c. */
#include "nn/op.h"

typedef struct unary_attr {
    hone_unary what;
    float a, b;
} unary_attr;

static hone_status backward(hone_tape *t, const hone_node *n);
#define INFO(op, text, reads) const hone_op_info hone__op_##op = {.name = text, .backward = backward, .saves = reads, .n_in = 1};
INFO(scale, "hone_scale", 0)
INFO(add_scalar, "hone_add_scalar", 0)
INFO(neg, "hone_neg", 0)
INFO(exp, "hone_exp", HONE_SAVE_OUT(0))
INFO(log, "hone_log", HONE_SAVE_IN(0))
INFO(sqrt, "hone_sqrt", HONE_SAVE_OUT(0))
INFO(square, "hone_square", HONE_SAVE_IN(0))
INFO(abs, "hone_abs", HONE_SAVE_IN(0))
INFO(pow, "hone_pow", HONE_SAVE_IN(0))
INFO(clamp, "hone_clamp", HONE_SAVE_IN(0))

static hone_status forward(hone_tape *t, hone_tensor **y, const hone_op_info *op, hone_tensor **in, unary_attr how)
{
    unary_attr *attr;
    HONE_TRY(hone__op_output_like(t, y, in[0]));
    hone_mat ym = hone__mat(*y), xm = hone__mat(in[0]);
    HONE_TRY(hone__ops(t)->unary(t->backend, &ym, &xm, how.what, how.a, how.b));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = how;
    return hone__op_record(t, NULL, op, 0, in, *y, NULL, attr, NULL, 0);
}

static hone_tensor *unary(hone_tape *t, const hone_op_info *op, hone_tensor *x, hone_unary what, float a, float b)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, op, in))
        return NULL;
    return hone__op_end(t, op, forward(t, &y, op, in, (unary_attr){what, a, b}), &y);
}

/* to = dy o f'(x); to is distinct from the others */
static hone_status derivative(hone_tape *t, const hone_mat *to, const hone_mat *dy, const hone_mat *x, const hone_mat *y,
                              const unary_attr *f)
{
    const hone_backend_ops *ops = hone__ops(t);
    hone_backend *b = t->backend;
    switch (f->what) {
    case HONE_UNARY_EXP:
        return ops->binary(b, to, dy, y, HONE_BINARY_MUL, HONE_BROADCAST_NONE);
    case HONE_UNARY_LOG:
        return ops->binary(b, to, dy, x, HONE_BINARY_DIV, HONE_BROADCAST_NONE);
    case HONE_UNARY_SQRT:
        HONE_TRY(ops->binary(b, to, dy, y, HONE_BINARY_DIV, HONE_BROADCAST_NONE));
        return ops->unary(b, to, to, HONE_UNARY_SCALE, 0.5f, 0.0f);
    case HONE_UNARY_SQUARE:
        HONE_TRY(ops->binary(b, to, dy, x, HONE_BINARY_MUL, HONE_BROADCAST_NONE));
        return ops->unary(b, to, to, HONE_UNARY_SCALE, 2.0f, 0.0f);
    case HONE_UNARY_POW:
        HONE_TRY(ops->unary(b, to, x, HONE_UNARY_POW, f->a - 1.0f, 0.0f));
        HONE_TRY(ops->unary(b, to, to, HONE_UNARY_SCALE, f->a, 0.0f));
        return ops->binary(b, to, to, dy, HONE_BINARY_MUL, HONE_BROADCAST_NONE);
    default:
        return ops->unary(b, to, dy, HONE_UNARY_SCALE, f->what == HONE_UNARY_NEG ? -1.0f : f->a, 0.0f);
    }
}

/* to = dy where the value lies within [low, high]: it is equal to its clamped self. */
static hone_status clamp_derivative(hone_tape *t, const hone_mat *to, const hone_mat *dy, const hone_mat *x, const unary_attr *f)
{
    const hone_backend_ops *ops = hone__ops(t);
    HONE_TRY(ops->unary(t->backend, to, x, HONE_UNARY_CLAMP, f->a, f->b));
    HONE_TRY(ops->binary(t->backend, to, to, x, HONE_BINARY_EQ, HONE_BROADCAST_NONE));
    return ops->binary(t->backend, to, to, dy, HONE_BINARY_MUL, HONE_BROADCAST_NONE);
}

/* to = dy o ((x == |x|) - (-x == |x|)): 1, -1, and 0 at 0 */
static hone_status abs_derivative(hone_tape *t, const hone_mat *to, const hone_mat *dy, const hone_mat *x)
{
    const hone_backend_ops *ops = hone__ops(t);
    hone_mat size, sign;
    HONE_TRY(hone__op_scratch_mat(t, &size, x->rows, x->cols));
    HONE_TRY(hone__op_scratch_mat(t, &sign, x->rows, x->cols));
    HONE_TRY(ops->unary(t->backend, &size, x, HONE_UNARY_ABS, 0.0f, 0.0f));
    HONE_TRY(ops->binary(t->backend, to, x, &size, HONE_BINARY_EQ, HONE_BROADCAST_NONE));
    HONE_TRY(ops->unary(t->backend, &sign, x, HONE_UNARY_NEG, 0.0f, 0.0f));
    HONE_TRY(ops->binary(t->backend, &sign, &sign, &size, HONE_BINARY_EQ, HONE_BROADCAST_NONE));
    HONE_TRY(ops->binary(t->backend, to, to, &sign, HONE_BINARY_SUB, HONE_BROADCAST_NONE));
    return ops->binary(t->backend, to, to, dy, HONE_BINARY_MUL, HONE_BROADCAST_NONE);
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const unary_attr *f = n->attr;
    hone_mat dy = hone__grad_of(n->out[0]), x = hone__mat(n->in[0]), y = hone__mat(n->out[0]);
    hone__sink s;
    if (f->what == HONE_UNARY_ADD_SCALAR)
        return hone__grad_pass(t, n->in[0], n->out[0]);
    HONE_TRY(hone__grad_sink(t, n->in[0], &s));
    if (f->what == HONE_UNARY_ABS)
        HONE_TRY(abs_derivative(t, &s.to, &dy, &x));
    else if (f->what == HONE_UNARY_CLAMP)
        HONE_TRY(clamp_derivative(t, &s.to, &dy, &x, f));
    else
        HONE_TRY(derivative(t, &s.to, &dy, &x, &y, f));
    return hone__grad_flush(t, &s);
}

hone_tensor *hone_scale(hone_tape *t, hone_tensor *x, float factor)
{
    return unary(t, &hone__op_scale, x, HONE_UNARY_SCALE, factor, 0.0f);
}

hone_tensor *hone_add_scalar(hone_tape *t, hone_tensor *x, float value)
{
    return unary(t, &hone__op_add_scalar, x, HONE_UNARY_ADD_SCALAR, value, 0.0f);
}

hone_tensor *hone_neg(hone_tape *t, hone_tensor *x)
{
    return unary(t, &hone__op_neg, x, HONE_UNARY_NEG, 0.0f, 0.0f);
}

hone_tensor *hone_exp(hone_tape *t, hone_tensor *x)
{
    return unary(t, &hone__op_exp, x, HONE_UNARY_EXP, 0.0f, 0.0f);
}

hone_tensor *hone_log(hone_tape *t, hone_tensor *x)
{
    return unary(t, &hone__op_log, x, HONE_UNARY_LOG, 0.0f, 0.0f);
}

hone_tensor *hone_sqrt(hone_tape *t, hone_tensor *x)
{
    return unary(t, &hone__op_sqrt, x, HONE_UNARY_SQRT, 0.0f, 0.0f);
}

hone_tensor *hone_square(hone_tape *t, hone_tensor *x)
{
    return unary(t, &hone__op_square, x, HONE_UNARY_SQUARE, 0.0f, 0.0f);
}

hone_tensor *hone_abs(hone_tape *t, hone_tensor *x)
{
    return unary(t, &hone__op_abs, x, HONE_UNARY_ABS, 0.0f, 0.0f);
}

hone_tensor *hone_pow(hone_tape *t, hone_tensor *x, float exponent)
{
    return unary(t, &hone__op_pow, x, HONE_UNARY_POW, exponent, 0.0f);
}

hone_tensor *hone_clamp(hone_tape *t, hone_tensor *x, float low, float high)
{
    return unary(t, &hone__op_clamp, x, HONE_UNARY_CLAMP, low, high);
}
