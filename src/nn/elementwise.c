/* z = x op y, with y of x's shape, a row (C), a column (N) or (N, 1), or a scalar.
 *
 *     add   dx = dz            dy = dz            mul  dx = dz o y     dy = dz o x
 *     sub   dx = dz            dy = -dz           div  dx = dz / y     dy = -dz o z / y
 *     maximum, minimum: dz to the larger (smaller) one, half to each where they are equal, as torch does
 *
 * and dy is summed over what y was spread over. add, mul, maximum and minimum also take the smaller operand first. A vector (C) beside (N, C) is a row, unless it is
 * per token and N long. */
#include "nn/op.h"

static hone_status backward(hone_tape *t, const hone_node *n);
#define INFO(op, text, reads) const hone_op_info hone__op_##op = {.name = text, .backward = backward, .saves = reads, .n_in = 2};
INFO(add, "hone_add", 0)
INFO(sub, "hone_sub", 0)
INFO(mul, "hone_mul", HONE_SAVE_IN(0) | HONE_SAVE_IN(1))
INFO(div, "hone_div", HONE_SAVE_IN(1) | HONE_SAVE_OUT(0))
INFO(maximum, "hone_maximum", HONE_SAVE_IN(0) | HONE_SAVE_IN(1))
INFO(minimum, "hone_minimum", HONE_SAVE_IN(0) | HONE_SAVE_IN(1))

typedef struct binary_attr {
    hone_binary what;
    hone_broadcast broadcast;
} binary_attr;

/* How y fits x; false when it does not. */
static bool fit(hone_broadcast *how, const hone_tensor *x, const hone_tensor *y)
{
    int64_t rows = hone__n_rows(x), cols = hone__cols(x);
    bool per_token = y->rows && y->n_dims == 1 && y->dim[0] == rows;
    if (hone__same_shape(x, y))
        *how = HONE_BROADCAST_NONE;
    else if (hone__count(y) == 1)
        *how = HONE_BROADCAST_SCALAR;
    else if (x->n_dims == 2 && y->n_dims == 1 && y->dim[0] == cols && !per_token)
        *how = HONE_BROADCAST_ROW;
    else if (x->n_dims == 2 && (y->n_dims == 1 || (y->n_dims == 2 && y->dim[1] == 1)) && y->dim[0] == rows)
        *how = HONE_BROADCAST_COL;
    else
        return false;
    return true;
}

/* y as the matrix that `binary` and the sums expect. */
static hone_mat operand(const hone_tensor *y, hone_broadcast how)
{
    hone_mat m = hone__mat(y);
    if (how == HONE_BROADCAST_COL)
        return hone__column(y);
    if (how == HONE_BROADCAST_SCALAR)
        return (hone_mat){y->data, y->dtype, 1, 1, 1};
    return m;
}

static hone_status check_final(const hone_tensor *x, const hone_tensor *y, bool *final)
{
    const hone__slot *a = hone__slot_of(x), *b = hone__slot_of(y);
    *final = (a && a->final) || (b && b->final);
    if (*final && (hone__count(x) != 1 || hone__count(y) != 1))
        return hone__fail(
            HONE_UNSUPPORTED,
            "a loss that formed its gradients in the forward pass may only be added to scalars; build it from hone_next_token_nll");
    return HONE_OK;
}

static hone_status forward(hone_tape *t, hone_tensor **z, const hone_op_info *op, hone_tensor **in, hone_binary what)
{
    char xs[96], ys[96];
    hone_broadcast how;
    binary_attr *attr;
    bool final;
    if (!fit(&how, in[0], in[1])) {
        hone_tensor *y = in[0];
        bool commutes = what != HONE_BINARY_SUB && what != HONE_BINARY_DIV;
        if (!commutes || !fit(&how, in[1], in[0]))
            return hone__fail(HONE_SHAPE, "shapes %s and %s do not fit", hone__shape_text(xs, in[0]), hone__shape_text(ys, in[1]));
        in[0] = in[1], in[1] = y;
    }
    HONE_TRY(check_final(in[0], in[1], &final));
    HONE_TRY(hone__op_output_like(t, z, in[0]));
    if (!in[0]->rows && how != HONE_BROADCAST_SCALAR && how != HONE_BROADCAST_ROW)
        (*z)->rows = in[1]->rows;
    hone_mat zm = hone__mat(*z), xm = hone__mat(in[0]), ym = operand(in[1], how);
    HONE_TRY(hone__ops(t)->binary(t->backend, &zm, &xm, &ym, what, how));
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = (binary_attr){what, how};
    hone__slot_of(*z)->final = final;
    return hone__op_record(t, NULL, op, 0, in, *z, NULL, attr, NULL, 0);
}

static hone_tensor *binary(hone_tape *t, const hone_op_info *op, hone_binary what, hone_tensor *x, hone_tensor *y)
{
    hone_tensor *in[] = {x, y}, *z = NULL;
    if (!hone__op_begin(t, op, in))
        return NULL;
    return hone__op_end(t, op, forward(t, &z, op, in, what), &z);
}

/* dy += sum of g over what y was spread over; the sign is in g or alpha. */
static hone_status add_reduced(hone_tape *t, hone_tensor *y, const hone_mat *g, hone_broadcast how, float alpha)
{
    const hone_backend_ops *ops = hone__ops(t);
    hone_mat dy;
    float beta;
    void *scratch;
    size_t bytes = 0;
    hone_mat from = *g;
    if (how == HONE_BROADCAST_NONE)
        return hone__grad_add(t, y, g, alpha);
    HONE_TRY(hone__grad_to(t, y, &dy, &beta));
    if (alpha != 1.0f) {
        HONE_TRY(hone__op_scratch_mat(t, &from, g->rows, g->cols));
        HONE_TRY(ops->unary(t->backend, &from, g, HONE_UNARY_SCALE, alpha, 0.0f));
    }
    if (how == HONE_BROADCAST_COL) {
        if (y->n_dims == 1)
            dy.rows = g->rows, dy.cols = dy.ld = 1;
        return ops->row_sum(t->backend, &dy, &from, beta);
    }
    if (how == HONE_BROADCAST_ROW)
        bytes = ops->workspace(t->backend, HONE_WS_COLUMN_SUMS, g->rows, g->cols, 0);
    else
        bytes = ops->workspace(t->backend, HONE_WS_REDUCE, g->rows * g->cols, 0, 0);
    HONE_TRY(hone__op_scratch(t, &scratch, bytes));
    if (how == HONE_BROADCAST_ROW)
        return ops->column_sum(t->backend, &dy, &from, beta, scratch);
    dy.rows = dy.cols = dy.ld = 1;
    return ops->reduce(t->backend, &dy, &from, HONE_REDUCE_SUM, beta, scratch);
}

/* g = dz o (1 where `side` wins, 1/2 where equal) */
static hone_status share(hone_tape *t, hone_mat *g, const hone_mat *dz, const hone_mat *x, const hone_mat *y, hone_broadcast how,
                         hone_binary strict, hone_binary weak)
{
    const hone_backend_ops *ops = hone__ops(t);
    hone_mat tie;
    HONE_TRY(hone__op_scratch_mat(t, g, dz->rows, dz->cols));
    HONE_TRY(hone__op_scratch_mat(t, &tie, dz->rows, dz->cols));
    HONE_TRY(ops->binary(t->backend, g, x, y, strict, how));
    HONE_TRY(ops->binary(t->backend, &tie, x, y, weak, how));
    HONE_TRY(ops->binary(t->backend, g, g, &tie, HONE_BINARY_ADD, HONE_BROADCAST_NONE));
    HONE_TRY(ops->binary(t->backend, g, g, dz, HONE_BINARY_MUL, HONE_BROADCAST_NONE));
    return ops->unary(t->backend, g, g, HONE_UNARY_SCALE, 0.5f, 0.0f);
}

static hone_status extreme_backward(hone_tape *t, const hone_node *n, const hone_mat *dz, const hone_mat *x, const hone_mat *y,
                                    const binary_attr *a)
{
    bool largest = a->what == HONE_BINARY_MAXIMUM;
    hone_mat g;
    if (hone__node_wants(n, 0)) {
        HONE_TRY(
            share(t, &g, dz, x, y, a->broadcast, largest ? HONE_BINARY_GT : HONE_BINARY_LT, largest ? HONE_BINARY_GE : HONE_BINARY_LE));
        HONE_TRY(hone__grad_add(t, n->in[0], &g, 1.0f));
    }
    if (hone__node_wants(n, 1)) {
        HONE_TRY(
            share(t, &g, dz, x, y, a->broadcast, largest ? HONE_BINARY_LT : HONE_BINARY_GT, largest ? HONE_BINARY_LE : HONE_BINARY_GE));
        HONE_TRY(add_reduced(t, n->in[1], &g, a->broadcast, 1.0f));
    }
    return HONE_OK;
}

static hone_status product_backward(hone_tape *t, const hone_node *n, const hone_mat *dz, const hone_mat *x, const hone_mat *y,
                                    const hone_mat *z, const binary_attr *a)
{
    const hone_backend_ops *ops = hone__ops(t);
    bool product = a->what == HONE_BINARY_MUL;
    hone__sink s;
    hone_mat g;
    if (hone__node_wants(n, 1)) {
        HONE_TRY(hone__op_scratch_mat(t, &g, dz->rows, dz->cols));
        HONE_TRY(ops->binary(t->backend, &g, dz, product ? x : z, HONE_BINARY_MUL, HONE_BROADCAST_NONE));
        if (!product)
            HONE_TRY(ops->binary(t->backend, &g, &g, y, HONE_BINARY_DIV, a->broadcast));
        HONE_TRY(add_reduced(t, n->in[1], &g, a->broadcast, product ? 1.0f : -1.0f));
    }
    if (!hone__node_wants(n, 0))
        return HONE_OK;
    HONE_TRY(hone__grad_sink(t, n->in[0], &s));
    HONE_TRY(ops->binary(t->backend, &s.to, dz, y, product ? HONE_BINARY_MUL : HONE_BINARY_DIV, a->broadcast));
    return hone__grad_flush(t, &s);
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const binary_attr *a = n->attr;
    hone_mat dz = hone__grad_of(n->out[0]), x = hone__mat(n->in[0]), y = operand(n->in[1], a->broadcast), z = hone__mat(n->out[0]);
    if (a->what == HONE_BINARY_MUL || a->what == HONE_BINARY_DIV)
        return product_backward(t, n, &dz, &x, &y, &z, a);
    if (a->what == HONE_BINARY_MAXIMUM || a->what == HONE_BINARY_MINIMUM)
        return extreme_backward(t, n, &dz, &x, &y, a);
    if (hone__node_wants(n, 1))
        HONE_TRY(add_reduced(t, n->in[1], &dz, a->broadcast, a->what == HONE_BINARY_SUB ? -1.0f : 1.0f));
    return hone__node_wants(n, 0) ? hone__grad_pass(t, n->in[0], n->out[0]) : HONE_OK;
}

hone_tensor *hone_add(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return binary(t, &hone__op_add, HONE_BINARY_ADD, x, y);
}

hone_tensor *hone_sub(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return binary(t, &hone__op_sub, HONE_BINARY_SUB, x, y);
}

hone_tensor *hone_mul(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return binary(t, &hone__op_mul, HONE_BINARY_MUL, x, y);
}

hone_tensor *hone_div(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return binary(t, &hone__op_div, HONE_BINARY_DIV, x, y);
}

hone_tensor *hone_maximum(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return binary(t, &hone__op_maximum, HONE_BINARY_MAXIMUM, x, y);
}

hone_tensor *hone_minimum(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return binary(t, &hone__op_minimum, HONE_BINARY_MINIMUM, x, y);
}
