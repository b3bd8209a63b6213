/* The walk backwards, and where gradients live (Griewank & Walther 2008, the reverse mode).
 *
 * A gradient is written by the first record that has one to give (beta 0) and added to by the others (beta 1); nothing is zeroed beforehand. Gradients of activations
 * come from a free list by exact size and go back as soon as the record that made the activation is done; those of parameters stand in the flat buffer, where
 * `fresh` says that nothing was written in this accumulation group yet. */
#include "nn/op.h"

#include <string.h>

/* ---- gradients of activations ---- */

static hone_status take_grad(hone_tape *t, void **out, size_t bytes)
{
    for (size_t i = t->n_free_grads; i-- > 0;) {
        if (t->free_grads[i].bytes == bytes) {
            *out = t->free_grads[i].data;
            t->free_grads[i] = t->free_grads[--t->n_free_grads];
            return HONE_OK;
        }
    }
    return hone__pool_alloc(&t->grads, out, bytes);
}

static size_t grad_bytes(const hone_tensor *x)
{
    return ((size_t)hone__count(x) * hone_dtype_size(x->dtype) + 63) & ~(size_t)63;
}

void hone__grad_drop(hone_tape *t, hone_tensor *x)
{
    hone__slot *s = hone__slot_of(x);
    if (!s || !s->grad)
        return;
    void *data = s->grad;
    s->grad = NULL;
    if (s->grad_bytes && HONE_GROW(&t->free_grads, &t->free_grad_capacity, t->n_free_grads + 1) == HONE_OK)
        t->free_grads[t->n_free_grads++] = (hone__free_grad){data, s->grad_bytes}; /* else it waits for the reset */
}

static hone_mat grad_mat(const hone__slot *s)
{
    const hone_tensor *x = &s->tensor;
    return (hone_mat){s->grad, x->dtype, hone__n_rows(x), hone__cols(x), hone__cols(x)};
}

bool hone__grad_has(const hone_tensor *y)
{
    const hone__slot *s = hone__slot_of(y);
    return s && s->grad;
}

hone_mat hone__grad_of(const hone_tensor *y)
{
    const hone__slot *s = hone__slot_of(y);
    HONE_ASSERT(s && s->grad && !s->base);
    return grad_mat(s);
}

/* A view writes into its base's gradient, which must be whole: it starts as zero. */
static hone_status view_grad(hone_tape *t, hone__slot *s, hone_mat *dx)
{
    hone__slot *base = s->base;
    if (!base->grad) {
        base->grad_bytes = grad_bytes(&base->tensor);
        HONE_TRY(take_grad(t, &base->grad, base->grad_bytes));
        HONE_TRY(hone__ops(t)->fill_zero(t->backend, base->grad, base->grad_bytes));
    }
    hone_mat whole = grad_mat(base);
    *dx = hone__mat_part(&whole, 0, whole.rows, s->column, hone__cols(&s->tensor));
    return HONE_OK;
}

static void param_grad(hone_param *p, hone_mat *dx, float *beta)
{
    *dx = hone__mat(&p->grad);
    *beta = p->fresh ? 0.0f : 1.0f;
    p->fresh = false;
}

hone_status hone__grad_to(hone_tape *t, hone_tensor *x, hone_mat *dx, float *beta)
{
    if (x->kind == HONE_TENSOR_PARAM) {
        param_grad(x->param, dx, beta);
        return HONE_OK;
    }
    hone__slot *s = hone__slot_of(x);
    *beta = 1.0f;
    if (s->base)
        return view_grad(t, s, dx);
    if (!s->grad) {
        s->grad_bytes = grad_bytes(x);
        HONE_TRY(take_grad(t, &s->grad, s->grad_bytes));
        *beta = 0.0f;
    }
    *dx = grad_mat(s);
    return HONE_OK;
}

hone_status hone__grad_sink(hone_tape *t, hone_tensor *x, hone__sink *s)
{
    float beta;
    HONE_TRY(hone__grad_to(t, x, &s->dx, &beta));
    s->to = s->dx;
    s->add = beta != 0.0f;
    return s->add ? hone__op_scratch_mat(t, &s->to, s->dx.rows, s->dx.cols) : HONE_OK;
}

hone_status hone__grad_flush(hone_tape *t, const hone__sink *s)
{
    return s->add ? hone__ops(t)->axpy(t->backend, &s->dx, &s->to, 1.0f) : HONE_OK;
}

hone_status hone__grad_add(hone_tape *t, hone_tensor *x, const hone_mat *dy, float alpha)
{
    hone_mat dx;
    float beta;
    HONE_TRY(hone__grad_to(t, x, &dx, &beta));
    hone_mat from = *dy;
    if (from.rows != dx.rows) /* a vector as a column or as a row: the same elements */
        from.rows = dx.rows, from.cols = from.ld = dx.cols;
    if (beta != 0.0f)
        return hone__ops(t)->axpy(t->backend, &dx, &from, alpha);
    return hone__ops(t)->unary(t->backend, &dx, &from, alpha == 1.0f ? HONE_UNARY_COPY : HONE_UNARY_SCALE, alpha, 0.0f);
}

hone_status hone__grad_pass(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    hone__slot *to = hone__slot_of(x), *from = hone__slot_of(y);
    if (to && !to->base && !to->grad && !from->grad_tensor && grad_bytes(x) == grad_bytes(y)) {
        to->grad = from->grad;
        to->grad_bytes = from->grad_bytes;
        from->grad = NULL;
        return HONE_OK;
    }
    hone_mat dy = grad_mat(from);
    return hone__grad_add(t, x, &dy, 1.0f);
}

/* ---- retained gradients ---- */

void hone_tape_retain_grad(hone_tape *t, hone_tensor *x)
{
    hone__slot *s = hone__slot_of(x);
    if (t->error.status != HONE_OK || !s)
        return;
    if (x->live != &t->generation || x->generation != t->generation || s->base || x->dtype != t->dtype) {
        hone__tape_fail(t, HONE_INVALID_ARGUMENT, "hone_tape_retain_grad: not a float tensor of this tape that owns its memory");
        return;
    }
    hone_status status = s->grad_tensor ? HONE_OK : hone__op_header(t, &s->grad_tensor, NULL, x->dtype, x->n_dims, x->dim, x->rows);
    if (status != HONE_OK) {
        hone__error_save(&t->error, status);
        return;
    }
    hone__slot_of(s->grad_tensor)->lent = true;
    if (x->node == UINT32_MAX)
        x->wants_grad = true; /* a constant that the caller differentiates by */
}

const hone_tensor *hone_tape_grad(hone_tape *t, const hone_tensor *x)
{
    const hone__slot *s = hone__slot_of(x);
    if (!s || x->live != &t->generation || x->generation != t->generation || !s->grad_tensor || !s->grad)
        return NULL;
    s->grad_tensor->data = s->grad;
    return s->grad_tensor;
}

/* A second backward of the tape starts anew for what lies between: only leaves add up. */
static void drop_old(hone_tape *t)
{
    for (size_t i = 0; i < t->n_nodes; i++) {
        for (int k = 0; k < 2; k++)
            hone__grad_drop(t, t->nodes[i]->out[k]);
    }
}

/* ---- the walk ---- */

void hone__param_use(hone_tape *t, hone_param *p)
{
    if (p->uses == 0 || --p->uses > 0)
        return;
    for (size_t i = 0; i < t->n_used; i++) {
        if (t->used[i] == p) {
            t->used[i] = t->used[--t->n_used];
            hone__param_release(p);
            break;
        }
    }
    if (t->hook)
        t->hook(t->hook_payload, p);
}

static void finish_node(hone_tape *t, const hone_node *n)
{
    for (uint32_t i = 0; i < n->op->n_in; i++) {
        if (n->in[i] && n->in[i]->kind == HONE_TENSOR_PARAM && hone__node_wants(n, (int)i))
            hone__param_use(t, n->in[i]->param);
    }
    for (int i = 0; i < 2; i++) {
        const hone__slot *s = hone__slot_of(n->out[i]);
        if (s && !s->grad_tensor)
            hone__grad_drop(t, n->out[i]);
    }
}

/* The layer that a site belongs to, -1: none */
static int layer_of(uint32_t site)
{
    uint32_t place = site & 255;
    return place >= HONE_PLACE_ATTENTION && place <= HONE_PLACE_FFN_OUTPUT ? (int)(site >> 8) : -1;
}

hone_status hone__tape_walk(hone_tape *t, size_t from, size_t to)
{
    for (size_t i = to; i-- > from;) {
        const hone_node *n = t->nodes[i];
        if (hone__grad_has(n->out[0]) || hone__grad_has(n->out[1])) {
            hone__pool_release(&t->scratch, (hone__pool_mark){0, 0, 0});
            hone__span_begin(HONE__SPAN_BACKWARD, n->op->name, layer_of(n->site));
            hone_status status = n->op->backward(t, n);
            hone__span_end();
            if (status != HONE_OK)
                return hone__fail_in(status, "backward of %s", n->op->name);
        }
        finish_node(t, n);
    }
    return HONE_OK;
}

/* Parameters that no gradient reached are final too. */
static void finish_params(hone_tape *t)
{
    while (t->n_used > 0) {
        hone_param *p = t->used[--t->n_used];
        if (t->hook)
            t->hook(t->hook_payload, p);
        hone__param_release(p);
    }
}

static hone_status poison_tensor(hone_tape *t, const hone_tensor *x)
{
    size_t bytes = (size_t)hone__count(x) * hone_dtype_size(x->dtype);
    unsigned char pattern[256];
    if (!t->backend->own_memory) {
        memset(x->data, 0xFF, bytes); /* a NaN in every float format */
        return HONE_OK;
    }
    memset(pattern, 0xFF, sizeof(pattern));
    for (size_t at = 0; at < bytes; at += sizeof(pattern)) {
        size_t n = bytes - at < sizeof(pattern) ? bytes - at : sizeof(pattern);
        HONE_TRY(hone__ops(t)->upload(t->backend, (char *)x->data + at, pattern, n));
    }
    return HONE_OK;
}

static hone_status poison(hone_tape *t)
{
    const hone__slots *slots = &t->slots[t->generation & 1];
    if (strcmp(hone__ops(t)->name, "dry") == 0)
        return HONE_OK;
    for (size_t i = 0; i < slots->used; i++) {
        const hone__slot *s = &slots->chunks[i / HONE__SLOT_CHUNK][i % HONE__SLOT_CHUNK];
        if (!s->lent && !s->base && !s->saved && s->tensor.data && s->tensor.dtype != HONE_DTYPE_I32)
            HONE_TRY(poison_tensor(t, &s->tensor));
    }
    return HONE_OK;
}

static hone_status check_loss(const hone_tape *t, const hone_tensor *loss)
{
    char shape[96];
    HONE_TRY(hone__tensor_check(loss, "hone_tape_backward"));
    if (loss->live != &t->generation)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_tape_backward: the loss belongs to another tape");
    if (hone__count(loss) != 1) {
        hone__fail(HONE_SHAPE, "hone_tape_backward: the loss has shape %s; it must be a single number", hone__shape_text(shape, loss));
        return hone__hint(HONE_SHAPE, "reduce it with hone_sum or hone_mean");
    }
    for (size_t i = 0; i < t->n_used; i++)
        if (t->used[i]->store->gone)
            return hone__hint(
                hone__fail(HONE_INVALID_ARGUMENT, "hone_tape_backward: a model that was recorded on this tape has been freed"),
                "free it after the last backward");
    if (!loss->wants_grad || (loss->node == UINT32_MAX && !hone__slot_of(loss)->grad_tensor)) {
        hone__fail(HONE_INVALID_ARGUMENT, "hone_tape_backward: the loss depends on nothing that wants a gradient");
        return hone__hint(HONE_INVALID_ARGUMENT, "the tape must be recording during the forward pass, and the model prepared for training");
    }
    return HONE_OK;
}

static hone_status seed_gradient(hone_tape *t, hone_tensor *loss)
{
    hone_mat dx;
    float beta;
    double wide = t->loss_scale;
    float narrow = (float)wide;
    HONE_TRY(hone__grad_to(t, loss, &dx, &beta));
    if (t->dtype == HONE_DTYPE_F64)
        return hone__ops(t)->upload(t->backend, dx.data, &wide, sizeof(wide));
    if (t->dtype == HONE_DTYPE_F32)
        return hone__ops(t)->upload(t->backend, dx.data, &narrow, sizeof(narrow));
    HONE_TRY(hone__ops(t)->fill_zero(t->backend, dx.data, hone_dtype_size(t->dtype)));
    return hone__ops(t)->unary(t->backend, &dx, &dx, HONE_UNARY_ADD_SCALAR, narrow, 0.0f);
}

static hone_status run_backward(hone_tape *t, hone_tensor *loss)
{
    hone_status status;
    drop_old(t);
    if (t->poison)
        HONE_GO(poison(t));
    HONE_GO(seed_gradient(t, loss));
    HONE_GO(hone__tape_walk(t, 0, loss->node == UINT32_MAX ? 0 : (size_t)loss->node + 1));
    finish_params(t);
done:
    if (status != HONE_OK && t->error.status == HONE_OK)
        hone__error_save(&t->error, status);
    return status;
}

hone_status hone_tape_backward(hone_tape *t, hone_tensor *loss)
{
    hone_status status = hone_tape_status(t);
    if (status != HONE_OK)
        return status;
    HONE_TRY(check_loss(t, loss));
    hone__part_begin("backward");
    status = run_backward(t, loss);
    hone__span_end();
    return status;
}
