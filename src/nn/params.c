/* The parameters of a model in flat buffers, and the names of files that lead to them (params.h).
 *
 * One buffer each for values, gradients and the two moments of the optimizer, all of one layout: a parameter starts at a multiple of 16 elements and the gap before
 * the next one stays zero, so that one call clips, one call updates, and a bucket of an all-reduce is a range. */
#include "nn/table.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN_ELEMENTS ((size_t)16)

hone_status hone__params_new(hone_params **out, hone_backend *backend)
{
    hone_status status;
    hone_params *p = NULL;
    *out = NULL;
    HONE_GO(HONE_NEW(&p, 1));
    p->backend = backend;
    atomic_init(&p->n_holds, 1);
    p->dtype = HONE_DTYPE_F32;
    const char *tables = getenv("HONE_TABLES");
    p->dense = backend->own_memory || (tables && strcmp(tables, "dense") == 0);
    HONE_GO(hone__arena_new(&p->names, 0));
    *out = p;
    p = NULL;
done:
    hone__params_free(p);
    return status;
}

static size_t flat_bytes(const hone_params *p)
{
    return p->n_elements * hone_dtype_size(p->dtype);
}

static size_t grad_bytes(const hone_params *p)
{
    return p->n_grad_elements * hone_dtype_size(p->dtype);
}

static void release(hone_params *p, void *buffer, size_t bytes)
{
    if (buffer)
        p->backend->ops->release(p->backend, buffer, bytes);
}

static void drop_hold(hone_params *p)
{
    if (atomic_fetch_sub(&p->n_holds, 1) > 1)
        return;
    hone__free(p->items);
    hone__free(p->slices);
    hone__arena_free(p->names);
    hone__free(p);
}

void hone__params_free(hone_params *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_items; i++) {
        hone_quant *quant = p->items[i]->quant;
        hone__table_free(p->items[i]->table);
        if (quant)
            release(p, quant->codes, hone__quant_bytes(quant));
    }
    release(p, p->master, flat_bytes(p));
    release(p, p->grad, grad_bytes(p));
    release(p, p->m, flat_bytes(p));
    release(p, p->v, flat_bytes(p));
    p->gone = true;
    drop_hold(p);
}

void hone__param_hold(hone_param *param)
{
    atomic_fetch_add(&param->store->n_holds, 1);
}

void hone__param_release(hone_param *param)
{
    param->uses = 0;
    drop_hold(param->store);
}

void hone__params_set_dtype(hone_params *p, hone_dtype dtype)
{
    HONE_ASSERT(!p->master && !p->grad);
    p->dtype = dtype;
    for (size_t i = 0; i < p->n_items; i++)
        p->items[i]->tensor.dtype = p->items[i]->grad.dtype = dtype;
}

static void describe(hone_params *p, hone_param *param, int n_dims, const int64_t *dims)
{
    hone_tensor *x = &param->tensor;
    x->dtype = p->dtype;
    x->kind = HONE_TENSOR_PARAM;
    x->n_dims = (uint8_t)n_dims;
    for (int i = 0; i < n_dims; i++)
        x->dim[i] = dims[i];
    x->ld = n_dims ? dims[n_dims - 1] : 1;
    x->node = UINT32_MAX;
    x->backend = p->backend;
    param->grad = *x;
    param->grad.kind = HONE_TENSOR_CONST;
    x->param = param;
}

static hone_status count_elements(size_t *out, const char *name, int n_dims, const int64_t *dims)
{
    *out = 1;
    for (int i = 0; i < n_dims; i++) {
        if (dims[i] <= 0 || !hone__mul_size(out, *out, (size_t)dims[i]))
            return hone__fail(HONE_SHAPE, "parameter %s: dimension %d is %lld", name, i, (long long)dims[i]);
    }
    if (*out > SIZE_MAX / 32)
        return hone__fail(HONE_SHAPE, "parameter %s: %zu elements are too many", name, *out);
    return HONE_OK;
}

static size_t room(size_t count)
{
    return (count + ALIGN_ELEMENTS - 1) / ALIGN_ELEMENTS * ALIGN_ELEMENTS;
}

hone_status hone__params_add(hone_param **out, hone_params *p, const char *name, int n_dims, const int64_t *dims, bool decay)
{
    size_t count;
    *out = NULL;
    HONE_ASSERT(!p->master && (n_dims == 1 || n_dims == 2));
    HONE_TRY(count_elements(&count, name, n_dims, dims));
    if (hone__params_find(p, name))
        return hone__fail(HONE_INVALID_ARGUMENT, "parameter %s is declared twice", name);
    HONE_TRY(HONE_GROW(&p->items, &p->capacity, p->n_items + 1));
    HONE_TRY(HONE_GROW(&p->slices, &p->slice_capacity, p->n_slices + 1));
    hone_param *param = hone__arena_alloc(p->names, sizeof(*param));
    char *own_name = hone__arena_printf(p->names, "%s", name);
    if (!param || !own_name)
        return HONE_OUT_OF_MEMORY;
    memset(param, 0, sizeof(*param));
    param->store = p;
    param->name = own_name;
    param->offset = p->n_elements;
    param->count = count;
    param->decay = decay;
    param->version = 1;
    describe(p, param, n_dims, dims);
    p->slices[p->n_slices++] = (hone_param_slice){own_name, (uint32_t)p->n_items, 0, dims[0], false};
    p->items[p->n_items++] = param;
    p->n_elements += room(count);
    *out = param;
    return HONE_OK;
}

static uint32_t index_of(const hone_params *p, const hone_param *param)
{
    uint32_t i = 0;
    while (p->items[i] != param)
        i++;
    return i;
}

/* Removes the slice that add made for the whole parameter. */
static void remove_whole(hone_params *p, uint32_t index)
{
    for (size_t i = 0; i < p->n_slices; i++) {
        if (p->slices[i].param == index && p->slices[i].file_name == p->items[index]->name) {
            memmove(&p->slices[i], &p->slices[i + 1], (p->n_slices - i - 1) * sizeof(p->slices[0]));
            p->n_slices--;
            return;
        }
    }
}

hone_status hone__params_add_slice(hone_params *p, hone_param *param, const char *file_name, int64_t row, int64_t n_rows, bool tied,
                                   bool first)
{
    int64_t end;
    if (row < 0 || n_rows <= 0 || __builtin_add_overflow(row, n_rows, &end) || end > param->tensor.dim[0])
        return hone__fail(HONE_SHAPE, "parameter %s: rows %lld to %lld of %s are outside its %lld", param->name, (long long)row,
                          (long long)row + (long long)n_rows, file_name, (long long)param->tensor.dim[0]);
    HONE_TRY(HONE_GROW(&p->slices, &p->slice_capacity, p->n_slices + 1));
    char *own_name = hone__arena_printf(p->names, "%s", file_name);
    if (!own_name)
        return HONE_OUT_OF_MEMORY;
    uint32_t index = index_of(p, param);
    if (first)
        remove_whole(p, index);
    p->slices[p->n_slices++] = (hone_param_slice){own_name, index, row, n_rows, tied};
    return HONE_OK;
}

void hone__params_sparse(hone_param *param)
{
    HONE_ASSERT(param->tensor.n_dims == 2 && !param->grad.data);
    param->sparse = true;
}

hone_status hone__params_allocate(hone_params *p)
{
    if (p->master || p->n_elements == 0)
        return HONE_OK;
    HONE_TRY(p->backend->ops->alloc(p->backend, &p->master, flat_bytes(p)));
    for (size_t i = 0; i < p->n_items; i++)
        p->items[i]->tensor.data = (char *)p->master + p->items[i]->offset * hone_dtype_size(p->dtype);
    return HONE_OK;
}

void hone__params_lend(hone_params *p, hone_param *param, void *data)
{
    param->tensor.data = data;
    param->version++;
    p->mapped = true;
}

hone_status hone__param_quantize(hone_param *param)
{
    hone_params *p = param->store;
    const hone_tensor *x = &param->tensor;
    hone_quant q = {.n_in = x->dim[param->in_major ? 0 : 1], .n_out = x->dim[param->in_major ? 1 : 0]};
    hone_weight from = {.mat = hone__mat(x), .in_major = param->in_major};
    void *block = NULL;
    HONE_ASSERT(x->n_dims == 2 && !p->grad && !param->quant);
    if (q.n_in > HONE_QUANT_MAX_IN)
        return hone__fail(HONE_UNSUPPORTED, "%s has %lld inputs, products in 8 bits take %d", param->name, (long long)q.n_in,
                          HONE_QUANT_MAX_IN);
    hone_quant *kept = hone__arena_alloc(p->names, sizeof(*kept));
    if (!kept)
        return HONE_OUT_OF_MEMORY;
    HONE_TRY(p->backend->ops->alloc(p->backend, &block, hone__quant_bytes(&q)));
    hone__quant_place(&q, block);
    *kept = q;
    param->quant = kept;
    return p->backend->ops->quantize(p->backend, kept, &from);
}

void hone__param_forget(hone_param *param)
{
    HONE_ASSERT(param->quant);
    param->tensor.data = NULL;
}

static hone_status make_tables(hone_params *p)
{
    size_t skipped = 0;
    for (size_t i = 0; i < p->n_items; i++) {
        hone_param *param = p->items[i];
        param->skipped = skipped;
        if (!param->sparse || p->dense)
            continue;
        if (!param->table)
            HONE_TRY(hone__table_new(&param->table, p, param));
        skipped += room(param->count);
    }
    p->n_grad_elements = p->n_elements - skipped;
    if (p->n_grad_elements == 0)
        p->n_grad_elements = ALIGN_ELEMENTS; /* `grad` says that the store is trained */
    return HONE_OK;
}

static hone_status allocate_training(hone_params *p)
{
    void **const buffers[] = {&p->grad, &p->m, &p->v};
    const size_t bytes[] = {grad_bytes(p), flat_bytes(p), flat_bytes(p)};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        if (!*buffers[i])
            HONE_TRY(p->backend->ops->alloc(p->backend, buffers[i], bytes[i]));
    }
    return HONE_OK;
}

hone_status hone__params_train(hone_params *p)
{
    for (size_t i = 0; i < p->n_items; i++)
        if (p->items[i]->quant)
            return hone__fail(HONE_INVALID_ARGUMENT, "a model in 8 bits (hone_model_quantize) cannot be trained: load it for training");
    if (p->mapped)
        return hone__fail(HONE_INVALID_ARGUMENT, "a model whose weights are mapped from a file cannot be trained: load it for training");
    HONE_TRY(hone__params_allocate(p));
    if (p->n_elements == 0)
        return HONE_OK;
    if (!p->grad)
        HONE_TRY(make_tables(p));
    HONE_TRY(allocate_training(p));
    for (size_t i = 0; i < p->n_items; i++) {
        hone_param *param = p->items[i];
        if (!param->table)
            param->grad.data = (char *)p->grad + (param->offset - param->skipped) * hone_dtype_size(p->dtype);
        param->uses = 0;
    }
    hone__params_zero_grad(p);
    return HONE_OK;
}

hone_status hone__params_moments(hone_params *p, bool wanted)
{
    if (wanted)
        return p->n_elements ? allocate_training(p) : HONE_OK;
    HONE_TRY(hone__params_flush(p));
    release(p, p->m, flat_bytes(p));
    release(p, p->v, flat_bytes(p));
    p->m = p->v = NULL;
    return HONE_OK;
}

void hone__params_zero_grad(hone_params *p)
{
    for (size_t i = 0; i < p->n_items; i++) {
        p->items[i]->fresh = true;
        if (p->items[i]->table)
            hone__table_zero_grad(p->items[i]->table);
    }
}

void hone__params_changed(hone_params *p)
{
    for (size_t i = 0; i < p->n_items; i++) {
        if (++p->items[i]->version == 0) /* 0 means "never cached" */
            p->items[i]->version = 1;
    }
}

hone_status hone__params_flush(hone_params *p)
{
    for (size_t i = 0; i < p->n_items; i++) {
        if (p->items[i]->table)
            HONE_TRY(hone__table_flush(p->items[i]->table));
    }
    return HONE_OK;
}

size_t hone__params_gradient_bytes(const hone_params *p)
{
    size_t bytes = grad_bytes(p);
    for (size_t i = 0; i < p->n_items; i++)
        bytes += p->items[i]->table ? hone__table_bytes(p->items[i]->table) : 0;
    return bytes;
}

size_t hone__params_count(const hone_params *p)
{
    size_t count = 0;
    for (size_t i = 0; i < p->n_items; i++)
        count += p->items[i]->count;
    return count;
}

hone_param *hone__params_find(const hone_params *p, const char *name)
{
    for (size_t i = 0; i < p->n_items; i++) {
        if (strcmp(p->items[i]->name, name) == 0)
            return p->items[i];
    }
    return NULL;
}
