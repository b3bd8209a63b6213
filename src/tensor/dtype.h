/* One element of any dtype, by value. Plain loops (ref, tensor.c, files of weights) go through these; kernels have vectors of their own.
 *
 * BF16 is the upper half of a F32, F16 is IEEE 754 binary16; both are rounded to nearest even, NaN stays NaN, overflow becomes infinity. Integers are
 * rounded to nearest even and clamped to their range, NaN becomes 0. */
#ifndef HONE_TENSOR_DTYPE_H
#define HONE_TENSOR_DTYPE_H

#include "base/error.h"
#include <hone/tensor.h>
#include <math.h>
#include <string.h>

static inline float hone__float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static inline uint32_t hone__bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static inline float hone__from_bf16(uint16_t h)
{
    return hone__float_of_bits((uint32_t)h << 16);
}

static inline uint16_t hone__to_bf16(float x)
{
    uint32_t bits = hone__bits_of_float(x);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u)
        return (uint16_t)((bits >> 16) | 0x40); /* quiet, and not infinity when its low bits were all it had */
    return (uint16_t)((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16);
}

static inline float hone__from_f16(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, mantissa = h & 0x3FFu;
    if (exponent == 31)
        return hone__float_of_bits(sign | 0x7F800000u | mantissa << 13);
    float x = exponent ? ldexpf((float)(mantissa | 0x400u), (int)exponent - 25) : ldexpf((float)mantissa, -24);
    return sign ? -x : x;
}

static inline uint16_t hone__to_f16(float x)
{
    uint32_t bits = hone__bits_of_float(x), sign = (bits >> 16) & 0x8000u;
    float a = fabsf(x);
    if (x != x)
        return (uint16_t)(sign | 0x7E00u);
    if (a >= 65520.0f) /* half way from the largest number to 2^16 */
        return (uint16_t)(sign | 0x7C00u);
    if (a < 0x1p-14f) /* subnormal: multiples of 2^-24, and 1024 of them are the smallest normal number's bits */
        return (uint16_t)(sign | (uint32_t)rintf(a * 0x1p24f));
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    magnitude += 0xFFFu + ((magnitude >> 13) & 1);
    return (uint16_t)(sign | ((magnitude - 0x38000000u) >> 13));
}

static inline double hone__clamp_int(double x, double low, double high)
{
    return x != x ? 0.0 : x < low ? low : x > high ? high : rint(x);
}

static inline double hone__load(const void *data, hone_dtype dtype, int64_t i)
{
    switch (dtype) {
    case HONE_DTYPE_F32:
        return (double)((const float *)data)[i];
    case HONE_DTYPE_F64:
        return ((const double *)data)[i];
    case HONE_DTYPE_BF16:
        return (double)hone__from_bf16(((const uint16_t *)data)[i]);
    case HONE_DTYPE_F16:
        return (double)hone__from_f16(((const uint16_t *)data)[i]);
    case HONE_DTYPE_I32:
        return (double)((const int32_t *)data)[i];
    case HONE_DTYPE_U8:
        return (double)((const uint8_t *)data)[i];
    case HONE_DTYPE_I8:
        return (double)((const int8_t *)data)[i];
    case HONE_DTYPE_I64:
        return (double)((const int64_t *)data)[i];
    }
    return 0.0;
}

static inline void hone__store(void *data, hone_dtype dtype, int64_t i, double x)
{
    switch (dtype) {
    case HONE_DTYPE_F32:
        ((float *)data)[i] = (float)x;
        break;
    case HONE_DTYPE_F64:
        ((double *)data)[i] = x;
        break;
    case HONE_DTYPE_BF16: /* by way of F32: exact for what comes from F32 or narrower */
        ((uint16_t *)data)[i] = hone__to_bf16((float)x);
        break;
    case HONE_DTYPE_F16:
        ((uint16_t *)data)[i] = hone__to_f16((float)x);
        break;
    case HONE_DTYPE_I32:
        ((int32_t *)data)[i] = (int32_t)hone__clamp_int(x, -2147483648.0, 2147483647.0);
        break;
    case HONE_DTYPE_U8:
        ((uint8_t *)data)[i] = (uint8_t)hone__clamp_int(x, 0.0, 255.0);
        break;
    case HONE_DTYPE_I8:
        ((int8_t *)data)[i] = (int8_t)hone__clamp_int(x, -128.0, 127.0);
        break;
    case HONE_DTYPE_I64: /* 2^63 is not an int64_t, the double below it is */
        ((int64_t *)data)[i] = (int64_t)hone__clamp_int(x, -0x1p63, 0x1.fffffffffffffp62);
        break;
    }
}

#endif
