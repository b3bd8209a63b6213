/* A thin layer over vectors of floats, so that a kernel is written once and compiled for every instruction set: W lanes (16 with AVX-512, 8 with AVX2, 4 in the
 * portable form, which is plain vector code of the compiler). `vf` floats, `vi` 32-bit integers, `vu` unsigned ones, `vm` a mask of lanes; + - * / work on vf.
 *
 * Only files of this folder include it. Horizontal sums have one fixed order for each W. Loads and stores take any alignment; ld / st take the number of
 * elements that are left and touch no more than these (ld gives 0 beyond them). */
#ifndef HONE_TENSOR_CPU_SIMD_H
#define HONE_TENSOR_CPU_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HONE_INLINE static inline __attribute__((always_inline, unused))

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>
#define W 16
typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

HONE_INLINE vf vset(float x)
{
    return _mm512_set1_ps(x);
}
HONE_INLINE vf vload(const float *p)
{
    return _mm512_loadu_ps(p);
}
HONE_INLINE void vstore(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}
HONE_INLINE vm vfirst(size_t n)
{
    return (vm)((1u << n) - 1);
} /* the first n < W lanes */
HONE_INLINE vf vload_n(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(vfirst(n), p);
}
HONE_INLINE void vstore_n(float *p, vf x, size_t n)
{
    _mm512_mask_storeu_ps(p, vfirst(n), x);
}
HONE_INLINE vf vfma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
HONE_INLINE vf vfnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
}
/* Of two values the second when one is NaN. */
HONE_INLINE vf vmax(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}
HONE_INLINE vf vmin(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}
HONE_INLINE vf vsqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}
HONE_INLINE vf vround(vf a)
{
    return _mm512_roundscale_ps(a, 8);
}
HONE_INLINE vf vabs(vf a)
{
    return _mm512_abs_ps(a);
}
HONE_INLINE vf vcopysign(vf magnitude, vf sign)
{
    return _mm512_castsi512_ps(
        _mm512_ternarylogic_epi32(_mm512_set1_epi32(INT32_MIN), _mm512_castps_si512(sign), _mm512_castps_si512(magnitude), 0xCA));
}
HONE_INLINE vf vscale2(vf a, vf n)
{
    return _mm512_scalef_ps(a, n);
} /* a 2^n */
HONE_INLINE vm vlt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
HONE_INLINE vm vle(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}
HONE_INLINE vm veq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
HONE_INLINE vm vnot(vm m)
{
    return (vm)~m;
}
HONE_INLINE vf vsel(vm m, vf yes, vf no)
{
    return _mm512_mask_blend_ps(m, no, yes);
}
HONE_INLINE vf vkeep(vm m, vf a)
{
    return _mm512_maskz_mov_ps(m, a);
} /* 0 elsewhere, whatever a is there */
HONE_INLINE bool vany(vm m)
{
    return m != 0;
}
HONE_INLINE vm vmask_bits(uint32_t bits)
{
    return (vm)bits;
}
HONE_INLINE uint32_t vbits(vm m)
{
    return m;
}
HONE_INLINE vi vcast_i(vf a)
{
    return _mm512_castps_si512(a);
}
HONE_INLINE vf vcast_f(vi a)
{
    return _mm512_castsi512_ps(a);
}
HONE_INLINE float vsum(vf a)
{
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
HONE_INLINE float vhmax(vf a)
{
    return _mm512_reduce_max_ps(a);
}
typedef struct vd {
    __m512d low, high;
} vd; /* W doubles */
HONE_INLINE vd vd_zero(void)
{
    return (vd){_mm512_setzero_pd(), _mm512_setzero_pd()};
}
HONE_INLINE vd vd_of(vf a)
{
    return (vd){_mm512_cvtps_pd(_mm512_castps512_ps256(a)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1))};
}
HONE_INLINE vd vd_add(vd s, vd a)
{
    return (vd){_mm512_add_pd(s.low, a.low), _mm512_add_pd(s.high, a.high)};
}
HONE_INLINE vd vd_add_square(vd s, vd a)
{
    return (vd){_mm512_fmadd_pd(a.low, a.low, s.low), _mm512_fmadd_pd(a.high, a.high, s.high)};
}
HONE_INLINE double vd_sum(vd s)
{
    return _mm512_reduce_add_pd(_mm512_add_pd(s.low, s.high));
}
HONE_INLINE void vd_store(double *p, vd s)
{
    _mm512_storeu_pd(p, s.low), _mm512_storeu_pd(p + 8, s.high);
}
HONE_INLINE vi vi_set(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}
HONE_INLINE vi vi_load(const uint32_t *p)
{
    return _mm512_loadu_si512(p);
}
HONE_INLINE vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}
HONE_INLINE vi vi_xor(vi a, vi b)
{
    return _mm512_xor_si512(a, b);
}
HONE_INLINE vi vi_xor3(vi a, vi b, vi c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
/* The halves of each 64 bits: products of the lower ones, the upper ones moved down, and the lower ones of two vectors side by side. */
HONE_INLINE vi vi_mul_low(vi a, vi b)
{
    return _mm512_mul_epu32(a, b);
}
HONE_INLINE vi vi_high(vi a)
{
    return _mm512_srli_epi64(a, 32);
}
HONE_INLINE vi vi_merge(vi even, vi odd)
{
    return _mm512_mask_mov_epi32(even, 0xAAAA, _mm512_slli_epi64(odd, 32));
}
HONE_INLINE uint32_t vi_bits_ge(vi a, vi b)
{
    return _mm512_cmpge_epu32_mask(a, b);
} /* unsigned */

#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define W 8
typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;

HONE_INLINE vf vset(float x)
{
    return _mm256_set1_ps(x);
}
HONE_INLINE vf vload(const float *p)
{
    return _mm256_loadu_ps(p);
}
HONE_INLINE void vstore(float *p, vf x)
{
    _mm256_storeu_ps(p, x);
}
HONE_INLINE __m256i vfirst_i(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
HONE_INLINE vm vfirst(size_t n)
{
    return _mm256_castsi256_ps(vfirst_i(n));
}
HONE_INLINE vf vload_n(const float *p, size_t n)
{
    return _mm256_maskload_ps(p, vfirst_i(n));
}
HONE_INLINE void vstore_n(float *p, vf x, size_t n)
{
    _mm256_maskstore_ps(p, vfirst_i(n), x);
}
HONE_INLINE vf vfma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
HONE_INLINE vf vfnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
}
HONE_INLINE vf vmax(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}
HONE_INLINE vf vmin(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}
HONE_INLINE vf vsqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}
HONE_INLINE vf vround(vf a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
HONE_INLINE vf vabs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
HONE_INLINE vf vcopysign(vf magnitude, vf sign)
{
    vf bit = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_and_ps(bit, sign), _mm256_andnot_ps(bit, magnitude));
}
HONE_INLINE vf vpow2(vf n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
HONE_INLINE vf vscale2(vf a, vf n) /* in two steps: 2^128 is no float */
{
    vf half = vround(n * vset(0.5f));
    return a * vpow2(half) * vpow2(n - half);
}
HONE_INLINE vm vlt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
HONE_INLINE vm vle(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
}
HONE_INLINE vm veq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
HONE_INLINE vm vnot(vm m)
{
    return _mm256_xor_ps(m, _mm256_castsi256_ps(_mm256_set1_epi32(-1)));
}
HONE_INLINE vf vsel(vm m, vf yes, vf no)
{
    return _mm256_blendv_ps(no, yes, m);
}
HONE_INLINE vf vkeep(vm m, vf a)
{
    return _mm256_and_ps(m, a);
}
HONE_INLINE bool vany(vm m)
{
    return _mm256_movemask_ps(m) != 0;
}
HONE_INLINE vm vmask_bits(uint32_t bits)
{
    __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)bits), lane), lane));
}
HONE_INLINE uint32_t vbits(vm m)
{
    return (uint32_t)_mm256_movemask_ps(m);
}
HONE_INLINE vi vcast_i(vf a)
{
    return _mm256_castps_si256(a);
}
HONE_INLINE vf vcast_f(vi a)
{
    return _mm256_castsi256_ps(a);
}
HONE_INLINE float vsum(vf a)
{
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
HONE_INLINE float vhmax(vf a)
{
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}
typedef struct vd {
    __m256d low, high;
} vd;
HONE_INLINE vd vd_zero(void)
{
    return (vd){_mm256_setzero_pd(), _mm256_setzero_pd()};
}
HONE_INLINE vd vd_of(vf a)
{
    return (vd){_mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1))};
}
HONE_INLINE vd vd_add(vd s, vd a)
{
    return (vd){_mm256_add_pd(s.low, a.low), _mm256_add_pd(s.high, a.high)};
}
HONE_INLINE vd vd_add_square(vd s, vd a)
{
    return (vd){_mm256_fmadd_pd(a.low, a.low, s.low), _mm256_fmadd_pd(a.high, a.high, s.high)};
}
HONE_INLINE double vd_sum(vd s)
{
    __m256d d = _mm256_add_pd(s.low, s.high);
    __m128d h = _mm_add_pd(_mm256_castpd256_pd128(d), _mm256_extractf128_pd(d, 1));
    return _mm_cvtsd_f64(_mm_add_sd(h, _mm_unpackhi_pd(h, h)));
}
HONE_INLINE void vd_store(double *p, vd s)
{
    _mm256_storeu_pd(p, s.low), _mm256_storeu_pd(p + 4, s.high);
}
HONE_INLINE vi vi_set(uint32_t x)
{
    return _mm256_set1_epi32((int)x);
}
HONE_INLINE vi vi_load(const uint32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
HONE_INLINE vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}
HONE_INLINE vi vi_xor(vi a, vi b)
{
    return _mm256_xor_si256(a, b);
}
HONE_INLINE vi vi_xor3(vi a, vi b, vi c)
{
    return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}
HONE_INLINE vi vi_mul_low(vi a, vi b)
{
    return _mm256_mul_epu32(a, b);
}
HONE_INLINE vi vi_high(vi a)
{
    return _mm256_srli_epi64(a, 32);
}
HONE_INLINE vi vi_merge(vi even, vi odd)
{
    return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
}
HONE_INLINE uint32_t vi_bits_ge(vi a, vi b)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a)));
}

#else
#define W 4
typedef float vf __attribute__((vector_size(16)));
typedef uint32_t vi __attribute__((vector_size(16)));
typedef int32_t vm __attribute__((vector_size(16)));

HONE_INLINE vf vset(float x)
{
    return (vf){x, x, x, x};
}
HONE_INLINE vf vload(const float *p)
{
    vf x;
    memcpy(&x, p, sizeof(x));
    return x;
}
HONE_INLINE void vstore(float *p, vf x)
{
    memcpy(p, &x, sizeof(x));
}
HONE_INLINE vm vfirst(size_t n)
{
    return (vm){0, 1, 2, 3} < (int32_t)n;
}
HONE_INLINE vf vload_n(const float *p, size_t n)
{
    float x[4] = {0, 0, 0, 0};
    for (size_t i = 0; i < n; i++)
        x[i] = p[i];
    return vload(x);
}
HONE_INLINE void vstore_n(float *p, vf x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = x[i];
}
HONE_INLINE vf vfma(vf a, vf b, vf c)
{
    return a * b + c;
}
HONE_INLINE vf vfnma(vf a, vf b, vf c)
{
    return c - a * b;
}
HONE_INLINE vi vcast_i(vf a)
{
    return (vi)a;
}
HONE_INLINE vf vcast_f(vi a)
{
    return (vf)a;
}
HONE_INLINE vf vsel(vm m, vf yes, vf no)
{
    return (vf)(((vm)yes & m) | ((vm)no & ~m));
}
HONE_INLINE vf vkeep(vm m, vf a)
{
    return (vf)((vm)a & m);
}
HONE_INLINE vm vlt(vf a, vf b)
{
    return a < b;
}
HONE_INLINE vm vle(vf a, vf b)
{
    return a <= b;
}
HONE_INLINE vm veq(vf a, vf b)
{
    return a == b;
}
HONE_INLINE vm vnot(vm m)
{
    return ~m;
}
HONE_INLINE vf vmax(vf a, vf b)
{
    return vsel(a > b, a, b);
}
HONE_INLINE vf vmin(vf a, vf b)
{
    return vsel(a < b, a, b);
}
HONE_INLINE vf vsqrt(vf a)
{
    return (vf){__builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]), __builtin_sqrtf(a[2]), __builtin_sqrtf(a[3])};
}
HONE_INLINE vf vround(vf a)
{
    return (vf){__builtin_rintf(a[0]), __builtin_rintf(a[1]), __builtin_rintf(a[2]), __builtin_rintf(a[3])};
}
HONE_INLINE vf vabs(vf a)
{
    return (vf)((vm)a & INT32_MAX);
}
HONE_INLINE vf vcopysign(vf magnitude, vf sign)
{
    return (vf)(((vm)magnitude & INT32_MAX) | ((vm)sign & INT32_MIN));
}
HONE_INLINE vf vpow2(vf n)
{
    return (vf)((__builtin_convertvector(n, vm) + 127) << 23);
}
HONE_INLINE vf vscale2(vf a, vf n)
{
    vf half = vround(n * 0.5f);
    return a * vpow2(half) * vpow2(n - half);
}
HONE_INLINE uint32_t vbits(vm m)
{
#ifdef __SSE2__
    return (uint32_t)__builtin_ia32_movmskps((vf)m);
#else
    return (uint32_t)((m[0] & 1) | (m[1] & 2) | (m[2] & 4) | (m[3] & 8));
#endif
}
HONE_INLINE bool vany(vm m)
{
    return vbits(m) != 0;
}
HONE_INLINE vm vmask_bits(uint32_t bits)
{
    vm lane = {1, 2, 4, 8};
    return ((vm){(int)bits, (int)bits, (int)bits, (int)bits} & lane) == lane;
}
HONE_INLINE float vsum(vf a)
{
    return (a[0] + a[2]) + (a[1] + a[3]);
}
HONE_INLINE float vhmax(vf a)
{
    float x = a[0] > a[2] ? a[0] : a[2], y = a[1] > a[3] ? a[1] : a[3];
    return x > y ? x : y;
}
typedef double vd2 __attribute__((vector_size(16)));
typedef struct vd {
    vd2 low, high;
} vd;
HONE_INLINE vd vd_zero(void)
{
    return (vd){{0, 0}, {0, 0}};
}
HONE_INLINE vd vd_of(vf a)
{
    return (vd){{(double)a[0], (double)a[1]}, {(double)a[2], (double)a[3]}};
}
HONE_INLINE vd vd_add(vd s, vd a)
{
    return (vd){s.low + a.low, s.high + a.high};
}
HONE_INLINE vd vd_add_square(vd s, vd a)
{
    return (vd){s.low + a.low * a.low, s.high + a.high * a.high};
}
HONE_INLINE double vd_sum(vd s)
{
    return (s.low[0] + s.high[0]) + (s.low[1] + s.high[1]);
}
HONE_INLINE void vd_store(double *p, vd s)
{
    memcpy(p, &s, sizeof(s));
}
HONE_INLINE vi vi_set(uint32_t x)
{
    return (vi){x, x, x, x};
}
HONE_INLINE vi vi_load(const uint32_t *p)
{
    vi x;
    memcpy(&x, p, sizeof(x));
    return x;
}
HONE_INLINE vi vi_add(vi a, vi b)
{
    return a + b;
}
HONE_INLINE vi vi_xor(vi a, vi b)
{
    return a ^ b;
}
HONE_INLINE vi vi_xor3(vi a, vi b, vi c)
{
    return a ^ b ^ c;
}
typedef uint64_t v2u __attribute__((vector_size(16)));
HONE_INLINE vi vi_mul_low(vi a, vi b)
{
#ifdef __SSE2__
    typedef int v4i __attribute__((vector_size(16)));
    return (vi)__builtin_ia32_pmuludq128((v4i)a, (v4i)b);
#else
    return (vi)(((v2u)a & UINT32_MAX) * ((v2u)b & UINT32_MAX));
#endif
}
HONE_INLINE vi vi_high(vi a)
{
    return (vi)((v2u)a >> 32);
}
HONE_INLINE vi vi_merge(vi even, vi odd)
{
    return (vi)(((v2u)even & UINT32_MAX) | (v2u)odd << 32);
}
HONE_INLINE uint32_t vi_bits_ge(vi a, vi b)
{
    return vbits((vm)(a >= b));
}
#endif

HONE_INLINE vf vzero(void)
{
    return vset(0.0f);
}
HONE_INLINE vf ld(const float *p, size_t left)
{
    return left >= W ? vload(p) : vload_n(p, left);
}
HONE_INLINE void st(float *p, vf x, size_t left)
{
    if (left >= W)
        vstore(p, x);
    else
        vstore_n(p, x, left);
}
/* The lanes of x that exist, `other` in the rest. */
HONE_INLINE vf vtail(vf x, vf other, size_t left)
{
    return left >= W ? x : vsel(vfirst(left), x, other);
}

#endif
