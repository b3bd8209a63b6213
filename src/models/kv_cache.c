/* The key/value cache of generation (kv_cache.h). */
#include "models/kv_cache.h"

#include <string.h>

struct hone_kv_cache {
    hone_backend *backend;
    int n_layers;
    int64_t width, n_slots, capacity;
    void **keys, **values; /* per layer, (S * capacity, C) on the device */
    int32_t *length;       /* (S) tokens stored */
    /* the running forward pass */
    const hone_batch *batch;
    const int32_t *slots;
    hone_rows rows;        /* of keys: start, stop for each batch row */
    int32_t *start, *stop; /* host, (S + 1) and (S) */
    int32_t *d_start, *d_stop;
};

static size_t layer_bytes(const hone_kv_cache *c, int64_t capacity)
{
    return (size_t)(c->n_slots * capacity * c->width) * sizeof(float);
}

hone_status hone__kv_cache_new(hone_kv_cache **out, hone_backend *backend, int n_layers, int64_t width, int64_t n_slots)
{
    hone_kv_cache *c = NULL;
    hone_status status = HONE_OK;
    size_t n = (size_t)n_slots + 1;
    *out = NULL;
    HONE_GO(HONE_NEW(&c, 1));
    c->backend = backend;
    c->n_layers = n_layers;
    c->width = width;
    c->n_slots = n_slots;
    HONE_GO(HONE_NEW(&c->keys, (size_t)n_layers));
    HONE_GO(HONE_NEW(&c->values, (size_t)n_layers));
    HONE_GO(HONE_NEW(&c->length, n));
    HONE_GO(HONE_NEW(&c->start, n));
    HONE_GO(HONE_NEW(&c->stop, n));
    HONE_GO(backend->ops->alloc(backend, (void **)&c->d_start, n * sizeof(int32_t)));
    HONE_GO(backend->ops->alloc(backend, (void **)&c->d_stop, n * sizeof(int32_t)));
    *out = c;
    return HONE_OK;
done:
    hone__kv_cache_free(c);
    return status;
}

static void release(hone_kv_cache *c, void *data, size_t bytes)
{
    if (data)
        c->backend->ops->release(c->backend, data, bytes);
}

void hone__kv_cache_free(hone_kv_cache *c)
{
    if (!c)
        return;
    for (int l = 0; l < c->n_layers; l++) {
        release(c, c->keys ? c->keys[l] : NULL, layer_bytes(c, c->capacity));
        release(c, c->values ? c->values[l] : NULL, layer_bytes(c, c->capacity));
    }
    release(c, c->d_start, ((size_t)c->n_slots + 1) * sizeof(int32_t));
    release(c, c->d_stop, ((size_t)c->n_slots + 1) * sizeof(int32_t));
    hone__free(c->keys);
    hone__free(c->values);
    hone__free(c->length);
    hone__free(c->start);
    hone__free(c->stop);
    hone__free(c);
}

/* n rows of C at `from` to `to`; ld: elements between the rows of from. */
static hone_status copy_rows(hone_kv_cache *c, void *to, const void *from, int64_t n, int64_t ld)
{
    hone_mat y = {to, HONE_DTYPE_F32, n, c->width, c->width}, x = {(void *)(uintptr_t)from, HONE_DTYPE_F32, n, c->width, ld};
    return n ? c->backend->ops->unary(c->backend, &y, &x, HONE_UNARY_COPY, 0.0f, 0.0f) : HONE_OK;
}

/* The first stored row of a slot. */
static float *slot_rows(const hone_kv_cache *c, void *layer, int32_t slot, int64_t capacity)
{
    return (float *)layer + (int64_t)slot * capacity * c->width;
}

/* A larger copy of one layer's matrix. */
static hone_status grow_layer(hone_kv_cache *c, void **out, void *layer, int64_t capacity)
{
    HONE_TRY(c->backend->ops->alloc(c->backend, out, layer_bytes(c, capacity)));
    for (int32_t s = 0; layer && s < c->n_slots; s++)
        HONE_TRY(copy_rows(c, slot_rows(c, *out, s, capacity), slot_rows(c, layer, s, c->capacity), c->length[s], c->width));
    return HONE_OK;
}

/* All layers have the same capacity: they are exchanged together, or not at all. */
static hone_status grow(hone_kv_cache *c, int64_t capacity)
{
    void **grown = NULL;
    hone_status status = HONE_OK;
    int n = 2 * c->n_layers;
    HONE_GO(HONE_NEW(&grown, (size_t)n));
    for (int i = 0; i < n; i++)
        HONE_GO(grow_layer(c, &grown[i], i % 2 ? c->values[i / 2] : c->keys[i / 2], capacity));
    for (int i = 0; i < n; i++) {
        void **place = i % 2 ? &c->values[i / 2] : &c->keys[i / 2], *old = *place;
        release(c, old, layer_bytes(c, c->capacity));
        *place = grown[i];
        grown[i] = NULL;
    }
    c->capacity = capacity;
done:
    for (int i = 0; grown && i < n; i++)
        release(c, grown[i], layer_bytes(c, capacity));
    hone__free(grown);
    return status;
}

hone_status hone__kv_cache_reserve(hone_kv_cache *c, int64_t capacity)
{
    int64_t next = c->capacity ? c->capacity : 16;
    if (capacity <= c->capacity)
        return HONE_OK;
    while (next < capacity)
        next *= 2;
    if (next > INT32_MAX / c->n_slots) /* rows are counted in 32 bits */
        return hone__fail(HONE_OUT_OF_MEMORY, "a key/value cache of %lld rows of %lld tokens is too large", (long long)c->n_slots,
                          (long long)next);
    return grow(c, next);
}

hone_status hone__kv_cache_begin(hone_kv_cache *c, const hone_batch *batch, const int32_t *slots)
{
    int32_t longest = 0, need = 0;
    HONE_ASSERT(batch->n_rows <= c->n_slots);
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t length = c->length[slots[r]] + batch->cu_seqlens[r + 1] - batch->cu_seqlens[r];
        need = length > need ? length : need;
    }
    HONE_TRY(hone__kv_cache_reserve(c, need));
    for (int32_t r = 0; r < batch->n_rows; r++) {
        c->start[r] = (int32_t)(slots[r] * c->capacity);
        c->stop[r] = c->start[r] + c->length[slots[r]] + batch->cu_seqlens[r + 1] - batch->cu_seqlens[r];
        longest = c->stop[r] - c->start[r] > longest ? c->stop[r] - c->start[r] : longest;
    }
    c->start[batch->n_rows] = (int32_t)(c->n_slots * c->capacity);
    HONE_TRY(c->backend->ops->upload(c->backend, c->d_start, c->start, ((size_t)batch->n_rows + 1) * sizeof(int32_t)));
    HONE_TRY(c->backend->ops->upload(c->backend, c->d_stop, c->stop, (size_t)batch->n_rows * sizeof(int32_t)));
    c->rows = (hone_rows){.n_tokens = c->start[batch->n_rows],
                          .n_rows = batch->n_rows,
                          .longest = longest,
                          .start = c->start,
                          .d_start = c->d_start,
                          .stop = c->stop,
                          .d_stop = c->d_stop};
    c->batch = batch;
    c->slots = slots;
    return HONE_OK;
}

/* The new tokens' columns [column, column + C) of qkv behind what each row has. */
static hone_status store(hone_kv_cache *c, void *layer, const hone_tensor *qkv, int64_t column)
{
    for (int32_t r = 0; r < c->batch->n_rows; r++) {
        int32_t first = c->batch->cu_seqlens[r], slot = c->slots[r];
        const float *from = (const float *)qkv->data + first * qkv->ld + column;
        float *to = slot_rows(c, layer, slot, c->capacity) + c->length[slot] * c->width;
        HONE_TRY(copy_rows(c, to, from, c->batch->cu_seqlens[r + 1] - first, qkv->ld));
    }
    return HONE_OK;
}

/* A layer's matrix as a tensor for one op: device memory without a gradient, as a parameter is. */
static hone_tensor *lend(hone_tape *t, const hone_kv_cache *c, void *layer)
{
    hone_tensor *x = hone__tape_alloc(t, sizeof(*x));
    if (x)
        *x = (hone_tensor){.data = layer,
                           .dtype = HONE_DTYPE_F32,
                           .n_dims = 2,
                           .kind = HONE_TENSOR_PARAM,
                           .dim = {c->n_slots * c->capacity, c->width},
                           .ld = c->width,
                           .rows = &c->rows,
                           .node = UINT32_MAX};
    return x;
}

hone_tensor *hone__kv_cache_attention(hone_tape *t, hone_kv_cache *c, int l, hone_tensor *qkv, int n_heads, float scale)
{
    if (!qkv)
        return NULL;
    hone_status status = store(c, c->keys[l], qkv, c->width);
    if (status == HONE_OK)
        status = store(c, c->values[l], qkv, 2 * c->width);
    if (status != HONE_OK)
        return hone__tape_fail(t, status, "%s", hone_error_message());
    hone_tensor *k = lend(t, c, c->keys[l]), *v = lend(t, c, c->values[l]);
    return hone__attention_cached(t, hone__tape_view(t, qkv, 0, c->width), k, v, qkv->rows, &c->rows, n_heads, true, scale);
}

void hone__kv_cache_end(hone_kv_cache *c)
{
    for (int32_t r = 0; r < c->batch->n_rows; r++)
        c->length[c->slots[r]] += c->batch->cu_seqlens[r + 1] - c->batch->cu_seqlens[r];
    c->batch = NULL;
}

int32_t hone__kv_cache_length(const hone_kv_cache *c, int32_t slot)
{
    return c->length[slot];
}

hone_status hone__kv_cache_copy(hone_kv_cache *c, int32_t to, int32_t from)
{
    for (int l = 0; l < c->n_layers; l++) {
        HONE_TRY(copy_rows(c, slot_rows(c, c->keys[l], to, c->capacity), slot_rows(c, c->keys[l], from, c->capacity), c->length[from],
                           c->width));
        HONE_TRY(copy_rows(c, slot_rows(c, c->values[l], to, c->capacity), slot_rows(c, c->values[l], from, c->capacity), c->length[from],
                           c->width));
    }
    c->length[to] = c->length[from];
    return HONE_OK;
}

void hone__kv_cache_clear(hone_kv_cache *c, int32_t slot)
{
    c->length[slot] = 0;
}
