/* The same memory under another header: columns of a matrix, and a tensor cut off from the gradient. A view's gradient is the same columns of its base's. */
#include "nn/op.h"

static const hone_op_info op_view = {.name = "view", .n_in = 1},
                          op_detach = {.name = "hone_detach", .n_in = 1, .ints = HONE_INPUT(0), .optional = HONE_INPUT(0)};

/* The header; base is the tensor that owns the memory. */
static hone_status share(hone_tape *t, hone_tensor **out, hone_tensor *x, int64_t column, int64_t n_columns)
{
    int64_t dims[4] = {x->dim[0], x->dim[1], x->dim[2], x->dim[3]};
    if (x->n_dims > 0)
        dims[x->n_dims - 1] = n_columns;
    HONE_TRY(hone__op_header(t, out, hone__at(x->data, x->dtype, column), x->dtype, x->n_dims, dims, x->rows));
    (*out)->ld = x->ld;
    hone__slot *view = hone__slot_of(*out), *from = hone__slot_of(x);
    view->lent = true;
    if (from) {
        view->base = from->base ? from->base : from;
        view->base->shared = true;
        view->column = column + from->column;
        view->host = from->host;
    }
    return HONE_OK;
}

static hone_status make_view(hone_tape *t, hone_tensor **out, hone_tensor *x, int64_t column, int64_t n_columns)
{
    char shape[96];
    if (x->kind != HONE_TENSOR_STEP)
        return hone__fail(HONE_INVALID_ARGUMENT, "only tensors of the tape have views");
    if (x->n_dims != 2 || column < 0 || n_columns < 0 || column > x->dim[1] - n_columns)
        return hone__fail(HONE_SHAPE, "columns %lld to %lld are outside shape %s", (long long)column, (long long)(column + n_columns),
                          hone__shape_text(shape, x));
    HONE_TRY(share(t, out, x, column, n_columns));
    (*out)->wants_grad = x->wants_grad;
    (*out)->node = x->node;
    return HONE_OK;
}

hone_tensor *hone__tape_view(hone_tape *t, hone_tensor *x, int64_t column, int64_t n_columns)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, &op_view, in))
        return NULL;
    return hone__op_end(t, &op_view, make_view(t, &y, in[0], column, n_columns), &y);
}

static hone_tensor *detached(hone_tape *t, hone_tensor *x)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, &op_detach, in))
        return NULL;
    return hone__op_end(t, &op_detach, share(t, &y, in[0], 0, hone__cols(in[0])), &y);
}

hone_tensor *hone_detach(hone_tape *t, hone_tensor *x)
{
    hone__slot *s = hone__slot_of(x);
    if (!s || !s->final)
        return detached(t, x);
    s->final = false; /* looking at such a loss is no use of its gradient */
    hone_tensor *y = detached(t, x);
    s->final = true;
    return y;
}
