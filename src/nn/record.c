/* The frame of an op (op.h): its inputs are checked and placed, its outputs made, its record kept.
 *
 * Every error of an op starts with the op's name and becomes the tape's. */
#include "nn/op.h"

#include <stdio.h>
#include <string.h>

const char *hone__shape_text(char text[96], const hone_tensor *x)
{
    size_t len = (size_t)snprintf(text, 96, "(");
    for (int i = 0; i < x->n_dims; i++)
        len += (size_t)snprintf(text + len, 96 - len, i ? ", %lld" : "%lld", (long long)x->dim[i]);
    snprintf(text + len, 96 - len, ")");
    return text;
}

bool hone__same_shape(const hone_tensor *x, const hone_tensor *y)
{
    if (x->n_dims != y->n_dims)
        return false;
    for (int i = 0; i < x->n_dims; i++) {
        if (x->dim[i] != y->dim[i])
            return false;
    }
    return true;
}

void *hone__at(const void *data, hone_dtype dtype, int64_t i)
{
    return (char *)data + (size_t)i * hone_dtype_size(dtype);
}

hone_mat hone__column(const hone_tensor *x)
{
    if (x->n_dims == 1)
        return (hone_mat){x->data, x->dtype, x->dim[0], 1, 1};
    return hone__mat(x);
}

hone_mat hone__mat_part(const hone_mat *m, int64_t row, int64_t n_rows, int64_t col, int64_t n_cols)
{
    return (hone_mat){hone__at(m->data, m->dtype, row * m->ld + col), m->dtype, n_rows, n_cols, m->ld};
}

/* ---- headers and memory ---- */

static hone_status new_slot(hone_tape *t, hone__slot **out)
{
    hone__slots *s = &t->slots[t->generation & 1];
    size_t chunk = s->used / HONE__SLOT_CHUNK;
    *out = NULL;
    if (chunk >= s->n_chunks) {
        HONE_TRY(HONE_GROW(&s->chunks, &s->capacity, s->n_chunks + 1));
        HONE_TRY(HONE_ALLOC(&s->chunks[s->n_chunks], HONE__SLOT_CHUNK));
        s->n_chunks++;
    }
    *out = &s->chunks[chunk][s->used++ % HONE__SLOT_CHUNK];
    memset(*out, 0, sizeof(**out));
    return HONE_OK;
}

hone_status hone__op_header(hone_tape *t, hone_tensor **out, void *data, hone_dtype dtype, int n_dims, const int64_t *dims,
                            const hone_rows *rows)
{
    hone__slot *slot;
    *out = NULL;
    HONE_TRY(new_slot(t, &slot));
    hone_tensor *x = &slot->tensor;
    x->data = data;
    x->dtype = dtype;
    x->kind = HONE_TENSOR_STEP;
    x->n_dims = (uint8_t)n_dims;
    for (int i = 0; i < n_dims; i++)
        x->dim[i] = dims[i];
    x->ld = hone__cols(x);
    x->rows = rows;
    x->node = UINT32_MAX;
    x->generation = t->generation;
    x->live = &t->generation;
    x->backend = t->backend;
    *out = x;
    return HONE_OK;
}

hone_status hone__op_output(hone_tape *t, hone_tensor **out, hone_dtype dtype, int n_dims, const int64_t *dims, const hone_rows *rows)
{
    size_t bytes = hone_dtype_size(dtype);
    void *data;
    *out = NULL;
    for (int i = 0; i < n_dims; i++) {
        if (dims[i] < 0 || !hone__mul_size(&bytes, bytes, (size_t)dims[i]))
            return hone__fail(HONE_SHAPE, "dimension %d is %lld", i, (long long)dims[i]);
    }
    HONE_TRY(hone__pool_alloc(&t->saved, &data, bytes));
    return hone__op_header(t, out, data, dtype, n_dims, dims, rows);
}

hone_status hone__op_output_like(hone_tape *t, hone_tensor **out, const hone_tensor *x)
{
    return hone__op_output(t, out, t->dtype, x->n_dims, x->dim, x->rows);
}

hone_status hone__op_scratch(hone_tape *t, void **out, size_t bytes)
{
    *out = NULL;
    return bytes == 0 ? HONE_OK : hone__pool_alloc(&t->scratch, out, bytes);
}

hone_status hone__op_scratch_mat(hone_tape *t, hone_mat *out, int64_t rows, int64_t cols)
{
    size_t bytes;
    if (!hone__mul_size(&bytes, (size_t)rows, (size_t)cols) || !hone__mul_size(&bytes, bytes, hone_dtype_size(t->dtype)))
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: %lld x %lld elements asked for", (long long)rows, (long long)cols);
    *out = (hone_mat){NULL, t->dtype, rows, cols, cols};
    return hone__op_scratch(t, &out->data, bytes);
}

hone_status hone__op_attr(hone_tape *t, void **out, size_t bytes)
{
    *out = hone__arena_alloc(t->host, bytes);
    if (!*out)
        return HONE_OUT_OF_MEMORY;
    memset(*out, 0, bytes);
    return HONE_OK;
}

/* ---- host arrays on the device ---- */

hone_status hone__place(hone_tape *t, const void **out, const void *host, size_t bytes)
{
    void *data;
    *out = host;
    if (!t->backend->own_memory)
        return HONE_OK;
    *out = NULL;
    if (!host)
        return HONE_OK;
    HONE_TRY(hone__pool_alloc(&t->saved, &data, bytes));
    *out = data;
    return bytes ? hone__ops(t)->upload(t->backend, data, host, bytes) : HONE_OK;
}

hone_status hone__place_floats(hone_tape *t, const void **out, const float *host, int64_t n)
{
    size_t count = (size_t)n;
    *out = NULL;
    if (!host || hone__aux_dtype(t) == HONE_DTYPE_F32)
        return hone__place(t, out, host, count * sizeof(float));
    double *wide = hone__arena_alloc(t->host, count * sizeof(double));
    if (!wide)
        return HONE_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++)
        wide[i] = host[i];
    return hone__place(t, out, wide, count * sizeof(double));
}

hone_status hone__place_doubles(hone_tape *t, const void **out, const double *host, int64_t n)
{
    size_t count = (size_t)n;
    *out = NULL;
    if (hone__aux_dtype(t) == HONE_DTYPE_F64)
        return hone__place(t, out, host, count * sizeof(double));
    float *narrow = hone__arena_alloc(t->host, count * sizeof(float));
    if (!narrow)
        return HONE_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++)
        narrow[i] = (float)host[i];
    return hone__place(t, out, narrow, count * sizeof(float));
}

/* A user's constant in place of *x: on the device, floats in the tape's dtype. */
static hone_status place_constant(hone_tape *t, hone_tensor **x)
{
    hone_tensor *c = *x, *placed;
    const void *data;
    bool integers = c->dtype == HONE_DTYPE_I32;
    if (!integers && c->dtype != HONE_DTYPE_F32 && c->dtype != t->dtype)
        return hone__fail(HONE_INVALID_ARGUMENT, "a constant of %s is no input", hone_dtype_name(c->dtype));
    HONE_TRY(hone__place(t, &data, c->data, (size_t)hone__count(c) * hone_dtype_size(c->dtype)));
    HONE_TRY(hone__op_header(t, &placed, (void *)data, c->dtype, c->n_dims, c->dim, c->rows));
    hone__slot_of(placed)->lent = true;
    hone__slot_of(placed)->host = integers ? c->data : NULL;
    if (!integers && c->dtype != t->dtype) {
        hone_tensor *converted;
        HONE_TRY(hone__op_output_like(t, &converted, placed));
        hone_mat to = hone__mat(converted), from = hone__mat(placed);
        HONE_TRY(hone__ops(t)->convert(t->backend, &to, &from));
        placed = converted;
    }
    *x = placed;
    return HONE_OK;
}

/* ---- inputs ---- */

static hone_status check_slot(const hone_tape *t, const hone_op_info *op, const hone__slot *s)
{
    if (s->tensor.live != &t->generation)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: the tensor belongs to another tape", op->name);
    HONE_TRY(hone__tensor_check(&s->tensor, op->name));
    if (s->taken)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: the tensor's memory went to the residual sum that took it; use the sum", op->name);
    if (s->final && op != &hone__op_add) {
        hone__fail(HONE_UNSUPPORTED,
                   "%s: a loss that formed its gradients in the forward pass (hone_next_token_loss) may only be added to other scalars or "
                   "given to backward",
                   op->name);
        return hone__hint(HONE_UNSUPPORTED,
                          "put the factor into its weights or into hone_tape_set_loss_scale, or build the loss from hone_next_token_nll");
    }
    return HONE_OK;
}

static hone_status check_dtype(const hone_tape *t, const hone_op_info *op, const hone_tensor *x, bool integers)
{
    if (integers && x->dtype != HONE_DTYPE_I32)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: expects integers (I32), not %s", op->name, hone_dtype_name(x->dtype));
    if (!integers && x->dtype != t->dtype)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: expects %s, the dtype of the tape, not %s", op->name, hone_dtype_name(t->dtype),
                          hone_dtype_name(x->dtype));
    return HONE_OK;
}

static hone_status check_input(hone_tape *t, const hone_op_info *op, hone_tensor **x, uint32_t i)
{
    bool either = (op->optional & op->ints & HONE_INPUT(i)) != 0; /* comparisons: both kinds, never absent */
    if (*x && (*x)->kind == HONE_TENSOR_PARAM && (*x)->param && (*x)->param->table && op != &hone__op_embed)
        return hone__fail(HONE_UNSUPPORTED, "%s: %s is a sparse table, whose rows are up to date for embeddings only", op->name,
                          (*x)->param->name);
    if (!*x) {
        if ((op->optional & HONE_INPUT(i)) != 0 && !either)
            return HONE_OK;
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: input %u is NULL", op->name, i + 1);
    }
    if ((*x)->kind == HONE_TENSOR_CONST)
        HONE_TRY(place_constant(t, x));
    else if ((*x)->kind == HONE_TENSOR_STEP)
        HONE_TRY(check_slot(t, op, hone__slot_of(*x)));
    return either && (*x)->dtype == HONE_DTYPE_I32 ? HONE_OK : check_dtype(t, op, *x, !either && (op->ints & HONE_INPUT(i)) != 0);
}

/* Weights in 8 bits: only linear maps take them, without gradients. */
static hone_status check_quantized(const hone_tape *t, const hone_op_info *op, hone_tensor *const *in)
{
    for (uint32_t i = 0; i < op->n_in; i++) {
        const hone_param *p = in[i] && in[i]->kind == HONE_TENSOR_PARAM ? in[i]->param : NULL;
        bool takes = (op->quantized & HONE_INPUT(i)) != 0;
        if (!p || !p->quant)
            continue;
        if (takes && hone__op_records(t, op, in))
            return hone__hint(hone__fail(HONE_UNSUPPORTED, "%s: %s is in 8 bits, which has no gradients", op->name, p->name),
                              "load the model again and leave hone_model_quantize out to train it");
        if (!takes && !in[i]->data)
            return hone__fail(HONE_UNSUPPORTED, "%s: %s is in 8 bits, its values are gone", op->name, p->name);
    }
    return HONE_OK;
}

bool hone__op_begin(hone_tape *t, const hone_op_info *op, hone_tensor **in)
{
    if (t->error.status != HONE_OK)
        return false;
    hone__pool_release(&t->scratch, (hone__pool_mark){0, 0, 0});
    hone_status status = HONE_OK;
    for (uint32_t i = 0; i < op->n_in && status == HONE_OK; i++)
        status = check_input(t, op, &in[i], i);
    if (status == HONE_OK)
        status = check_quantized(t, op, in);
    if (status != HONE_OK) {
        hone__error_save(&t->error, status);
        return false;
    }
    hone__span_begin(HONE__SPAN_FORWARD, op->name, t->layer);
    return true;
}

hone_tensor *hone__op_end(hone_tape *t, const hone_op_info *op, hone_status status, hone_tensor *const *y)
{
    hone__span_end();
    if (status == HONE_OK)
        return y ? *y : NULL;
    if (t->error.status == HONE_OK)
        hone__error_save(&t->error, hone__fail_in(status, "%s", op->name));
    return NULL;
}

/* ---- records ---- */

static bool is_trained(const hone_tensor *x)
{
    return x->kind == HONE_TENSOR_PARAM && x->param && (x->param->grad.data || x->param->table) && !x->param->frozen;
}

bool hone__op_wants(const hone_tape *t, const hone_tensor *x)
{
    return x && t->recording && (x->wants_grad || is_trained(x));
}

bool hone__op_records(const hone_tape *t, const hone_op_info *op, hone_tensor *const *in)
{
    for (uint32_t i = 0; i < op->n_in; i++) {
        if (hone__op_wants(t, in[i]))
            return true;
    }
    return false;
}

static hone_status count_use(hone_tape *t, hone_param *p)
{
    HONE_TRY(HONE_GROW(&t->used, &t->used_capacity, t->n_used + 1));
    if (p->uses++ == 0) {
        hone__param_hold(p);
        t->used[t->n_used++] = p;
    }
    return HONE_OK;
}

static hone_status count_uses(hone_tape *t, const hone_op_info *op, hone_tensor *const *in)
{
    if (t->replaying)
        return HONE_OK;
    for (uint32_t i = 0; i < op->n_in; i++) {
        if (!in[i] || !is_trained(in[i]))
            continue;
        t->counted_any = true;
        HONE_TRY(count_use(t, in[i]->param));
    }
    return HONE_OK;
}

static void mark_saved(hone_tensor *x)
{
    hone__slot *s = hone__slot_of(x);
    while (s && s->base)
        s = s->base;
    if (s)
        s->saved = true;
}

static void mark_node(const hone_node *n)
{
    for (uint32_t i = 0; i < n->op->n_in; i++) {
        if (n->op->saves & HONE_SAVE_IN(i))
            mark_saved(n->in[i]);
    }
    for (int i = 0; i < 2; i++) {
        if (n->op->saves & HONE_SAVE_OUT(i))
            mark_saved(n->out[i]);
    }
    for (int i = 0; i < 3 && (n->op->saves & HONE_SAVE_AUX); i++)
        mark_saved(n->aux[i]);
}

hone_status hone__op_record(hone_tape *t, hone_node **out, const hone_op_info *op, uint32_t site, hone_tensor *const *in, hone_tensor *y,
                            hone_tensor *y2, const void *attr, hone_tensor *const *aux, int n_aux)
{
    hone_node *n;
    if (out)
        *out = NULL;
    if (t->recording || t->counting)
        HONE_TRY(count_uses(t, op, in));
    if (!hone__op_records(t, op, in))
        return HONE_OK;
    HONE_TRY(HONE_GROW(&t->nodes, &t->node_capacity, t->n_nodes + 1));
    HONE_TRY(hone__op_attr(t, (void **)&n, sizeof(*n)));
    n->op = op;
    n->site = site;
    n->attr = attr;
    for (uint32_t i = 0; i < op->n_in; i++) {
        n->in[i] = in[i];
        n->wants |= (uint32_t)hone__op_wants(t, in[i]) << i;
    }
    for (int i = 0; i < n_aux; i++)
        n->aux[i] = aux[i];
    n->out[0] = y;
    n->out[1] = y2;
    for (int i = 0; i < 2; i++) {
        if (n->out[i]) {
            n->out[i]->node = (uint32_t)t->n_nodes;
            n->out[i]->wants_grad = true;
        }
    }
    mark_node(n);
    t->nodes[t->n_nodes++] = n;
    if (out)
        *out = n;
    return HONE_OK;
}
