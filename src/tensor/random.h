/* The numbers behind `random` of a backend: element i of a tensor comes from the Philox draw with counter {i/4 low, i/4 high, 0, 0}, word i % 4, so that every
 * backend, thread count and order of filling gives the same floats. Values are computed in double and rounded once. */
#ifndef HONE_TENSOR_RANDOM_H
#define HONE_TENSOR_RANDOM_H

#include "base/rng.h"
#include <math.h>

/* The four words of elements 4 i .. 4 i + 3. */
static inline void hone__random_words(uint32_t out[4], uint64_t quad, uint64_t key)
{
    const uint32_t counter[4] = {(uint32_t)quad, (uint32_t)(quad >> 32), 0, 0};
    hone__philox4x32(out, counter, key);
}

/* Four standard normals from four words (Box & Muller 1958): words (0, 1) give the cosine and the sine of one angle, (2, 3) those of another. */
static inline void hone__random_normal4(double out[4], const uint32_t w[4])
{
    for (int pair = 0; pair < 4; pair += 2) {
        double radius = sqrt(-2.0 * log(hone__uniform_open(w[pair]))), angle = 6.283185307179586476925 * hone__uniform_open(w[pair + 1]);
        out[pair] = radius * cos(angle);
        out[pair + 1] = radius * sin(angle);
    }
}

/* mean + deviation z, rounded once to double for F64 storage and to float otherwise; low + (high - low) u likewise. */
static inline double hone__random_scaled(float mean, float deviation, double z)
{
    return (double)mean + (double)deviation * z;
}
static inline double hone__random_between(float low, float high, uint32_t word)
{
    return (double)low + ((double)high - (double)low) * (double)hone__uniform24(word);
}

#endif
