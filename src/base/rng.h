/* Every random number of hone is either drawn from a counter (Philox: masks, initial weights; design.md "Deterministic") or follows the
 * reference's generator (mt19937: the data order; semantics.md). */
#ifndef HONE_BASE_RNG_H
#define HONE_BASE_RNG_H

#include "base/error.h"
#include <stdint.h>
#include <stddef.h>

/* Steele, Lea, Flood 2014. */
static inline uint64_t hone__splitmix64(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). Known answers of Random123 are a test. */
static inline void hone__philox4x32(uint32_t out[4], const uint32_t counter[4], uint64_t key)
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1, c3 = (uint32_t)p0, c0 = n0, c2 = n2;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* The key of a random site (engine.md, 4): place in the model | layer << 8. */
static inline uint64_t hone__site_key(uint64_t seed, uint32_t site)
{
    return hone__splitmix64(seed ^ hone__splitmix64(site));
}

/* floor(p * 2^32): a draw below it is dropped. */
static inline uint32_t hone__drop_threshold(double p)
{
    return p >= 1.0 ? UINT32_MAX : (uint32_t)(p * 4294967296.0);
}

/* A uniform in [0, 1) with 24 bits, and in (0, 1) with 32, from a word. */
static inline float hone__uniform24(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}
static inline double hone__uniform_open(uint32_t word)
{
    return ((double)word + 0.5) * 0x1p-32;
}

typedef struct hone_mt19937 {
    uint32_t state[624];
    int index;
} hone_mt19937;
void hone__mt_seed(hone_mt19937 *g, uint32_t seed);
uint32_t hone__mt_next(hone_mt19937 *g);

/* torch.randperm(n) under torch.manual_seed(seed): r[i] = i; for i in 0..n-2: z = next() mod (n - i); swap(r[i], r[i + z]). order holds n. */
void hone__randperm(int64_t *order, int64_t n, uint64_t seed);

#endif
