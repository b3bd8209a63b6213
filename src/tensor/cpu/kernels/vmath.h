/* Functions of a vector: exp to 2 ulp, erf and its complement, tanh, the normal distribution, and the Philox draw that decides dropout (engine.md, 4 and 10).
 * Polynomials for erf are least relative error fits (Lawson's weights): 1.2e-9 on |z| < 1, 3.9e-8 beyond, before rounding. */
#ifndef HONE_TENSOR_CPU_VMATH_H
#define HONE_TENSOR_CPU_VMATH_H

#include "tensor/cpu/kernels/kernels.h"
#include "tensor/cpu/kernels/simd.h"

/* 2^n exp(r), |r| <= ln 2 / 2. Below -87.3 it gives 0 (no denormals), above 88.7 infinity; NaN stays NaN. */
HONE_INLINE vf vexp(vf x)
{
    vf clamped = vmin(vset(89.0f), vmax(vset(-88.0f), x)), n = vround(clamped * vset(1.44269504089f));
    vf r = vfnma(n, vset(-2.12194440e-4f), vfnma(n, vset(0.693359375f), clamped));
    vf p = vset(1.9875691500e-4f);
    p = vfma(p, r, vset(1.3981999507e-3f));
    p = vfma(p, r, vset(8.3334519073e-3f));
    p = vfma(p, r, vset(4.1665795894e-2f));
    p = vfma(p, r, vset(1.6666665459e-1f));
    p = vfma(p, r, vset(5.0000001201e-1f));
    p = vfma(p * r, r, r) + vset(1.0f);
    return vkeep(vnot(vlt(x, vset(-87.33654f))), vscale2(p, n));
}

/* 1 / (1 + exp(-x)) */
HONE_INLINE vf vsigmoid(vf x)
{
    return vset(1.0f) / (vset(1.0f) + vexp(vzero() - x));
}

/* Its derivative e / (1 + e)^2, e = exp(-|x|): nothing cancels. That of tanh is 4 times this at 2x. */
HONE_INLINE vf vsigmoid_slope(vf x)
{
    vf e = vexp(vzero() - vabs(x)), r = vset(1.0f) / (vset(1.0f) + e);
    return e * r * r;
}

/* Through exp, and a polynomial where that would cancel. */
HONE_INLINE vf vtanh(vf x)
{
    vf a = vabs(x), z = x * x;
    vf p = vset(-5.70498872745e-3f);
    p = vfma(p, z, vset(2.06390887954e-2f));
    p = vfma(p, z, vset(-5.37397155531e-2f));
    p = vfma(p, z, vset(1.33314422036e-1f));
    p = vfma(p, z, vset(-3.33332819422e-1f));
    vf small = vfma(p * z, x, x), large = vset(1.0f) - vset(2.0f) / (vexp(a + a) + vset(1.0f));
    return vsel(vlt(a, vset(0.6f)), small, vcopysign(large, x));
}

/* erf(z) / z from u = z^2 <= 1 */
HONE_INLINE vf verf_series(vf u)
{
    vf p = vset(7.853860734030604e-05f);
    p = vfma(p, u, vset(-8.010193705558777e-4f));
    p = vfma(p, u, vset(5.188327748328447e-3f));
    p = vfma(p, u, vset(-2.685381285846233e-2f));
    p = vfma(p, u, vset(1.128358542919159e-1f));
    p = vfma(p, u, vset(-3.761262595653534e-1f));
    return vfma(p, u, vset(1.1283791065216064f));
}

/* erfc(z) exp(z^2), z >= 0.95 */
HONE_INLINE vf verfc_scaled(vf z)
{
    vf t = vset(1.0f) / vfma(vset(0.4f), z, vset(1.0f));
    vf p = vset(-0.11625812163819141f);
    p = vfma(p, t, vset(0.24358011625487047f));
    p = vfma(p, t, vset(0.008310949369797338f));
    p = vfma(p, t, vset(0.21301175696754052f));
    p = vfma(p, t, vset(0.19879751647065957f));
    p = vfma(p, t, vset(0.22668975288248833f));
    return t * vfma(p, t, vset(0.2256272200145687f));
}

/* The normal distribution function and exp(-x^2/2), of the same x. The lower tail keeps its relative precision. */
HONE_INLINE vf vnormal_cdf(vf x, vf *bell)
{
    vf half = x * x * vset(0.5f), z = vabs(x) * vset(0.70710678118654752f), e = vexp(vzero() - half);
    vf tail = vset(0.5f) * e * verfc_scaled(z);
    vf centre = vfma(x * vset(0.35355339059327376f), verf_series(half), vset(0.5f));
    vf far = vsel(vlt(x, vzero()), tail, vset(1.0f) - tail);
    *bell = e;
    return vsel(vle(half, vset(1.0f)), centre, far);
}

/* GELU (erf) and its derivative */
HONE_INLINE vf vgelu(vf x)
{
    vf bell;
    return x * vnormal_cdf(x, &bell);
}
HONE_INLINE vf vgelu_slope(vf x)
{
    vf bell, cdf = vnormal_cdf(x, &bell);
    return vfma(x * vset(0.3989422804014327f), bell, cdf);
}

/* GELU, tanh form: (1 + tanh u)/2 = sigmoid(2u), which is accurate everywhere. 2 sqrt(2/pi) = 1.5957691 */
HONE_INLINE vf vgelu_new(vf x)
{
    vf two_u = x * vfma(x * x, vset(1.5957691216057308f * 0.044715f), vset(1.5957691216057308f));
    return x * vsigmoid(two_u);
}
HONE_INLINE vf vgelu_new_slope(vf x)
{
    vf square = x * x, two_u = x * vfma(square, vset(1.5957691216057308f * 0.044715f), vset(1.5957691216057308f));
    vf e = vexp(vzero() - vabs(two_u)), r = vset(1.0f) / (vset(1.0f) + e); /* e <= 1: nothing overflows */
    vf s = vsel(vlt(two_u, vzero()), e * r, r);
    return vfma(x * e * r * r, vfma(square, vset(3 * 1.5957691216057308f * 0.044715f), vset(1.5957691216057308f)), s);
}

/* W draws of Philox4x32-10: lane i has counter {tile + i, position, ordinal}; out[w] holds word w of each. Lanes with even and odd numbers are kept apart, a
 * value in the lower half of each 64 bits: a product then gives both of its halves where the next round wants them. */
HONE_INLINE void vphilox(vi out[4], vi tile, const hone_drop_row *d)
{
    vi even[4] = {tile, vi_set(d->position), vi_set(d->ordinal_low), vi_set(d->ordinal_high)},
       odd[4] = {vi_high(tile), even[1], even[2], even[3]};
    vi m0 = vi_set(0xD2511F53u), m1 = vi_set(0xCD9E8D57u);
    for (int round = 0; round < 10; round++) {
        vi k0 = vi_set(d->round_keys[2 * round]), k1 = vi_set(d->round_keys[2 * round + 1]);
        vi e0 = vi_mul_low(even[0], m0), e1 = vi_mul_low(even[2], m1), o0 = vi_mul_low(odd[0], m0), o1 = vi_mul_low(odd[2], m1);
        even[0] = vi_xor3(vi_high(e1), even[1], k0), odd[0] = vi_xor3(vi_high(o1), odd[1], k0);
        even[2] = vi_xor3(vi_high(e0), even[3], k1), odd[2] = vi_xor3(vi_high(o0), odd[3], k1);
        even[1] = e1, odd[1] = o1, even[3] = e0, odd[3] = o0;
    }
    for (int w = 0; w < 4; w++)
        out[w] = vi_merge(even[w], odd[w]);
}

/* Bit i: channel 64 block + i is kept. The tile of channel c is (c / 32) 8 + c % 8 and its word (c / 8) % 4, so that 8 lanes give 32 channels in a row. */
HONE_INLINE uint64_t vkeep64(const hone_drop_row *d, uint32_t block)
{
    static const uint32_t steps[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    vi threshold = vi_set(d->threshold), words[4];
    uint64_t bits = 0;
    for (uint32_t lane = 0; lane < 16; lane += W) {
        vphilox(words, vi_add(vi_set(d->tile + block * 16), vi_load(steps + lane)), d);
        for (uint32_t w = 0; w < 4; w++) {
            uint64_t keep = vi_bits_ge(words[w], threshold);
            uint32_t at = 32 * (lane / 8) + 8 * w + lane % 8;
            bits |= W == 16 ? (keep & 0xFF) << at | (keep >> 8) << (at + 32) : keep << at;
        }
    }
    return bits;
}

#endif
