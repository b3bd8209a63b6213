/* The keys and values of what generation has read so far: for each layer a matrix of slots x capacity rows, (S * capacity, C). Grown by doubling; a step
 * asks the allocator for nothing. Rows of the running batch name their slots, so that beams move by relabelling, and are copied only where they fork. */
#ifndef HONE_MODELS_KV_CACHE_H
#define HONE_MODELS_KV_CACHE_H

#include "nn/tape.h"

typedef struct hone_kv_cache hone_kv_cache;

hone_status hone__kv_cache_new(hone_kv_cache **out, hone_backend *backend, int n_layers, int64_t width, int64_t n_slots);
void hone__kv_cache_free(hone_kv_cache *cache);
/* Room for `capacity` tokens in every slot. */
hone_status hone__kv_cache_reserve(hone_kv_cache *cache, int64_t capacity);
/* The rows of the next forward pass: batch row i goes on in slots[i] (each at most once). Nothing is stored yet. */
hone_status hone__kv_cache_begin(hone_kv_cache *cache, const hone_batch *batch, const int32_t *slots);
/* Layer l: stores the keys and values of qkv (N, 3C), then attends causally to all of each row: (N, C). */
hone_tensor *hone__kv_cache_attention(hone_tape *t, hone_kv_cache *cache, int l, hone_tensor *qkv, int n_heads, float scale);
/* All layers are done: the rows are longer now. */
void hone__kv_cache_end(hone_kv_cache *cache);
int32_t hone__kv_cache_length(const hone_kv_cache *cache, int32_t slot);
hone_status hone__kv_cache_copy(hone_kv_cache *cache, int32_t to, int32_t from); /* whole slots */
void hone__kv_cache_clear(hone_kv_cache *cache, int32_t slot);

#endif
