/* Any bytes as a cache file of token ids. The first byte: as it is, or with hashes that fit, so that what stands behind them is looked at, and with the number of ids or not. What opens has ids that can be read. */
#include "data/cache.h"
#include "fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 64, FOOT = sizeof(hone_cache_facts) + 2 * sizeof(uint64_t) + 8 };

/* The file's frame, as cache.c lays it out, with the hashes of what is there: of all ids, or of as many as it says. */
static void mend(uint8_t *file, size_t size, bool all)
{
    uint8_t *facts = file + size - FOOT;
    int64_t n = (int64_t)((size - HEAD - FOOT) / sizeof(int32_t)), most = (int64_t)((size - HEAD) / sizeof(int32_t));
    if (all)
        memcpy(facts + offsetof(hone_cache_facts, n_ids), &n, sizeof(n));
    else
        memcpy(&n, facts + offsetof(hone_cache_facts, n_ids), sizeof(n));
    n = n < 0 || n > most ? 0 : n;
    uint64_t ids = n ? hone__hash64(file + HEAD, (size_t)n * sizeof(int32_t), 0) : 0,
             own = hone__hash64(facts, sizeof(hone_cache_facts), ids);
    memcpy(facts + sizeof(hone_cache_facts), &ids, sizeof(ids));
    memcpy(facts + sizeof(hone_cache_facts) + sizeof(ids), &own, sizeof(own));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const hone_cache_key key = {1, 2, 3};
    hone_token_cache cache;
    int64_t sum = 0;
    if (size < 1)
        return 0;
    uint8_t *file = malloc(size);
    memcpy(file, data + 1, size - 1);
    if (data[0] % 2 && size - 1 >= HEAD + FOOT)
        mend(file, size - 1, !(data[0] & 2));
    const char *path = put_file("cache", file, size - 1);
    free(file);
    if (hone__cache_open(&cache, path, &key, 1) != HONE_OK)
        abort();
    for (int64_t i = 0; cache.ids && i < cache.facts.n_ids; i++)
        sum += cache.ids[i];
    if (cache.ids && (size_t)cache.facts.n_ids != (size - 1 - HEAD - FOOT) / sizeof(int32_t))
        abort();
    if (cache.ids && (cache.facts.n_blocks < 1 || cache.facts.block_size < 1 || sum == INT64_MAX ||
                      cache.facts.n_blocks > cache.facts.n_ids / cache.facts.block_size))
        abort();
    hone__cache_close(&cache);
    return 0;
}
