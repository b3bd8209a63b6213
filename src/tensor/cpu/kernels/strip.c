/* Rows of scores: the strips of attention (engine.md, 6) and the blocks of the vocabulary's head (7). Sums of exp are kept in four partials of W lanes. */
#include "tensor/cpu/kernels/vmath.h"

#include <float.h>
#include <math.h>

float KERNEL(row_max)(const float *x, size_t n)
{
    vf a = vset(-INFINITY), b = a;
    size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W)
        a = vmax(a, vload(x + i)), b = vmax(b, vload(x + i + W));
    for (; i < n; i += W)
        a = vmax(a, vtail(ld(x + i, n - i), vset(-INFINITY), n - i));
    return vhmax(vmax(a, b));
}

/* Zeros in columns n .. width. */
HONE_INLINE void clear_tail(float *s, size_t n, size_t width)
{
    if (width > n)
        memset(s + n, 0, (width - n) * sizeof(*s));
}

HONE_INLINE float exp_plain(float *s, size_t n, float max)
{
    vf a = vzero(), b = vzero(), m = vset(max);
    size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
        vf p = vexp(vload(s + i) - m), q = vexp(vload(s + i + W) - m);
        vstore(s + i, p), vstore(s + i + W, q);
        a = a + p, b = b + q;
    }
    for (; i < n; i += W) {
        vf p = vtail(vexp(ld(s + i, n - i) - m), vzero(), n - i);
        st(s + i, p, n - i);
        a = a + p;
    }
    return vsum(a + b);
}

HONE_INLINE float exp_dropped(float *s, size_t n, float max, const hone_drop_row *drop)
{
    vf total = vzero(), m = vset(max), scale = vset(drop->scale);
    for (size_t block = 0; block * 64 < n; block++) {
        uint64_t keep = vkeep64(drop, (uint32_t)block);
        size_t end = block * 64 + 64 < n ? block * 64 + 64 : n;
        for (size_t i = block * 64; i < end; i += W, keep >>= W) {
            vf p = vtail(vexp(ld(s + i, n - i) - m), vzero(), n - i);
            total = total + p;
            st(s + i, vkeep(vmask_bits((uint32_t)keep & ((1u << W) - 1)), p * scale), n - i);
        }
    }
    return vsum(total);
}

float KERNEL(strip_exp)(float *s, size_t n, size_t width, float max, const hone_drop_row *drop)
{
    clear_tail(s, n, width);
    return drop ? exp_dropped(s, n, max, drop) : exp_plain(s, n, max);
}

/* s: scores in, drop(P) out.  dp: dP in, dS = scale P (drop(dP) - delta) out. */
void KERNEL(strip_grad)(float *s, float *dp, size_t n, size_t width, float lse, float delta, float scale, const hone_drop_row *drop)
{
    vf l = vset(lse), d = vset(delta), a = vset(scale), kept = vset(drop ? drop->scale : 1.0f);
    clear_tail(s, n, width);
    clear_tail(dp, n, width);
    for (size_t block = 0; block * 64 < n; block++) {
        uint64_t keep = drop ? vkeep64(drop, (uint32_t)block) : UINT64_MAX;
        size_t end = block * 64 + 64 < n ? block * 64 + 64 : n;
        for (size_t i = block * 64; i < end; i += W, keep >>= W) {
            size_t left = n - i;
            vf p = vexp(ld(s + i, left) - l), g = ld(dp + i, left), dropped = p;
            if (drop) {
                vm mask = vmask_bits((uint32_t)keep & ((1u << W) - 1));
                dropped = vkeep(mask, p * kept);
                g = vkeep(mask, g * kept);
            }
            st(s + i, dropped, left);
            st(dp + i, a * p * (g - d), left);
        }
    }
}

float KERNEL(dot)(const float *x, const float *y, size_t n)
{
    vf a = vzero();
    for (size_t i = 0; i < n; i += W)
        a = vfma(ld(x + i, n - i), ld(y + i, n - i), a);
    return vsum(a);
}

/* Rows of keys and values lie far apart, so that nothing is fetched ahead unless it is asked for: the row that comes `AHEAD` rows later. */
enum { AHEAD = 8 };
HONE_INLINE void fetch(const float *row, size_t n)
{
    for (size_t i = 0; i < n; i += 16)
        __builtin_prefetch(row + i, 0, 2);
}

void KERNEL(key_scores)(float *s, const float *q, const float *k, size_t ld_k, size_t n_keys, size_t n, float scale)
{
    size_t j = 0;
    for (; j + 4 <= n_keys; j += 4) {
        const float *k0 = k + j * ld_k, *k1 = k0 + ld_k, *k2 = k1 + ld_k, *k3 = k2 + ld_k;
        vf a = vzero(), b = a, c = a, d = a;
        for (size_t r = 0; r < 4; r++)
            fetch(k0 + (AHEAD + r) * ld_k, n);
        for (size_t i = 0; i < n; i += W) {
            size_t left = n - i;
            vf x = ld(q + i, left);
            a = vfma(x, ld(k0 + i, left), a), b = vfma(x, ld(k1 + i, left), b);
            c = vfma(x, ld(k2 + i, left), c), d = vfma(x, ld(k3 + i, left), d);
        }
        s[j] = scale * vsum(a), s[j + 1] = scale * vsum(b), s[j + 2] = scale * vsum(c), s[j + 3] = scale * vsum(d);
    }
    for (; j < n_keys; j++)
        s[j] = scale * KERNEL(dot)(q, k + j * ld_k, n);
}

void KERNEL(value_sum)(float *o, const float *p, const float *v, size_t ld_v, size_t n_keys, size_t n)
{
    for (size_t i = 0; i < n; i += 4 * W) { /* four registers of o, all keys */
        size_t cols = n - i < 4 * W ? n - i : 4 * W;
        vf a[4];
        for (size_t c = 0; c < 4; c++)
            a[c] = c * W < cols ? ld(o + i + c * W, cols - c * W) : vzero();
        for (size_t j = 0; j < n_keys; j++) {
            const float *row = v + j * ld_v + i;
            vf x = vset(p[j]);
            fetch(row + AHEAD * ld_v, cols);
            for (size_t c = 0; c < 4; c++)
                if (c * W < cols)
                    a[c] = vfma(x, ld(row + c * W, cols - c * W), a[c]);
        }
        for (size_t c = 0; c < 4; c++)
            if (c * W < cols)
                st(o + i + c * W, a[c], cols - c * W);
    }
}

/* Sum of exp(x - max) and sum of x without a change to x. */
HONE_INLINE void exp_sums(const float *x, size_t n, float max, float *of_exp, float *of_x)
{
    vf e0 = vzero(), e1 = e0, s0 = e0, s1 = e0, m = vset(max);
    size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
        vf p = vload(x + i), q = vload(x + i + W);
        e0 = e0 + vexp(p - m), e1 = e1 + vexp(q - m);
        s0 = s0 + p, s1 = s1 + q;
    }
    for (; i < n; i += W) {
        vf p = ld(x + i, n - i);
        e0 = e0 + vtail(vexp(p - m), vzero(), n - i), s0 = s0 + p;
    }
    *of_exp = vsum(e0 + e1), *of_x = vsum(s0 + s1);
}

void KERNEL(softmax_state)(float state[4], const float *x, size_t n, bool first)
{
    double sum_exp = first ? 0.0 : (double)state[1], sum = first ? 0.0 : (double)state[3];
    float max = first ? -INFINITY : state[0];
    for (size_t i = 0; i < n; i += 8192) {
        size_t block = n - i < 8192 ? n - i : 8192;
        float here = KERNEL(row_max)(x + i, block), of_exp, of_x;
        if (here > max) {
            sum_exp *= sum_exp > 0.0 ? exp((double)max - (double)here) : 1.0;
            max = here;
        }
        /* with every logit at -inf so far, exp(-inf - 0) = 0 */
        exp_sums(x + i, block, max == -INFINITY ? 0.0f : max, &of_exp, &of_x);
        sum_exp += (double)of_exp, sum += (double)of_x;
    }
    state[0] = max, state[1] = (float)sum_exp, state[3] = (float)sum;
}

void KERNEL(softmax_grad)(float *x, size_t n, float lse, float smoothing, float weight)
{
    vf l = vset(lse), c = vset(smoothing * weight), w = vset(weight);
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        vf p = vexp(ld(x + i, left) - l) * w;
        if (smoothing != 0)
            p = p - c;
        st(x + i, p, left);
    }
}

void KERNEL(log_softmax_grad)(float *dx, const float *dy, const float *y, size_t n, float beta)
{
    vf total = vzero();
    for (size_t i = 0; i < n; i += W)
        total = total + ld(dy + i, n - i);
    vf s = vset(vsum(total));
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        vf d = vfnma(vexp(ld(y + i, left)), s, ld(dy + i, left));
        if (beta != 0)
            d = vfma(vset(beta), ld(dx + i, left), d);
        st(dx + i, d, left);
    }
}
