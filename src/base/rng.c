/* mt19937 (Matsumoto, Nishimura 1998) and the permutation that torch.randperm makes of it on the CPU, for fewer than 2^32 items:
 * aten/src/ATen/native/TensorFactories.cpp, randperm_cpu. Torch seeds it with the low 32 bits of the seed. */
#include "base/rng.h"

enum { N = 624, M = 397 };

void hone__mt_seed(hone_mt19937 *g, uint32_t seed)
{
    g->state[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        g->state[i] = 1812433253u * (g->state[i - 1] ^ g->state[i - 1] >> 30) + i;
    g->index = N;
}

static uint32_t twist(uint32_t upper, uint32_t lower)
{
    uint32_t y = (upper & 0x80000000u) | (lower & 0x7FFFFFFFu);
    return y >> 1 ^ (y & 1 ? 0x9908B0DFu : 0);
}

static void refill(hone_mt19937 *g)
{
    uint32_t *s = g->state;
    for (int i = 0; i < N; i++)
        s[i] = s[(i + M) % N] ^ twist(s[i], s[(i + 1) % N]);
    g->index = 0;
}

uint32_t hone__mt_next(hone_mt19937 *g)
{
    if (g->index >= N)
        refill(g);
    uint32_t y = g->state[g->index++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680u;
    y ^= y << 15 & 0xEFC60000u;
    return y ^ y >> 18;
}

void hone__randperm(int64_t *order, int64_t n, uint64_t seed)
{
    hone_mt19937 g;
    hone__mt_seed(&g, (uint32_t)seed);
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t i = 0; i < n - 1; i++) {
        int64_t z = hone__mt_next(&g) % (n - i), kept = order[i];
        order[i] = order[i + z];
        order[i + z] = kept;
    }
}
