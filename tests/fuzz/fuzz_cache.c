/* Any bytes as a cache file of token ids. The first byte: as it is, or with hashes that fit, so that what stands behind them is looked at. What opens has ids that can be read. */
#include "data/cache.h"
#include "fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 64, FOOT = sizeof(hone_cache_facts) + 2 * sizeof(uint64_t) + 8 };

/* The file's frame, as cache.c lays it out, with the hashes of what is there. */
static void mend(uint8_t *file, size_t size)
{
    uint8_t *facts = file + size - FOOT;
    size_t n = (size - HEAD - FOOT) / sizeof(int32_t);
    int64_t n_ids = (int64_t)n;
    memcpy(facts + offsetof(hone_cache_facts, n_ids), &n_ids, sizeof(n_ids));
    uint64_t ids = n ? hone__hash64(file + HEAD, n * sizeof(int32_t), 0) : 0, own = hone__hash64(facts, sizeof(hone_cache_facts), ids);
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
        mend(file, size - 1);
    const char *path = put_file("cache", file, size - 1);
    free(file);
    if (hone__cache_open(&cache, path, &key, 1) != HONE_OK)
        abort();
    for (int64_t i = 0; cache.ids && i < cache.facts.n_ids; i++)
        sum += cache.ids[i];
    if (cache.ids && (cache.facts.n_blocks < 1 || cache.facts.block_size < 1 || sum == INT64_MAX ||
                      cache.facts.n_blocks > cache.facts.n_ids / cache.facts.block_size))
        abort();
    hone__cache_close(&cache);
    return 0;
}
