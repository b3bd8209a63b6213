/* Residual + dropout + layer norm of one row (Ba et al. 2016): the row stays in the first cache between its passes. The variance is that of centred values,
 * divided by C as in the paper. */
#include "tensor/cpu/kernels/vmath.h"

#include <math.h>

/* out = x + drop(f), and its sum of elements. out may be x or f. */
HONE_INLINE float residual(float *out, const float *x, const float *f, size_t n, const hone_drop_row *drop)
{
    vf total = vzero(), scale = vset(drop ? drop->scale : 1.0f);
    for (size_t block = 0; block * 64 < n; block++) {
        uint64_t keep = drop ? vkeep64(drop, (uint32_t)block) : UINT64_MAX;
        size_t end = block * 64 + 64 < n ? block * 64 + 64 : n;
        for (size_t i = block * 64; i < end; i += W, keep >>= W) {
            size_t left = n - i;
            vf z = ld(f + i, left);
            if (drop)
                z = vkeep(vmask_bits((uint32_t)keep & ((1u << W) - 1)), z * scale);
            z = z + ld(x + i, left);
            st(out + i, z, left);
            total = total + z;
        }
    }
    return vsum(total);
}

HONE_INLINE float plain_sum(const float *x, size_t n)
{
    vf a = vzero(), b = vzero();
    size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W)
        a = a + vload(x + i), b = b + vload(x + i + W);
    for (; i < n; i += W)
        a = a + ld(x + i, n - i);
    return vsum(a + b);
}

HONE_INLINE float centred_squares(const float *x, size_t n, float mean)
{
    vf a = vzero(), b = vzero(), m = vset(mean);
    size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
        vf p = vload(x + i) - m, q = vload(x + i + W) - m;
        a = vfma(p, p, a), b = vfma(q, q, b);
    }
    for (; i < n; i += W) {
        vf p = vtail(ld(x + i, n - i), m, n - i) - m;
        a = vfma(p, p, a);
    }
    return vsum(a + b);
}

void KERNEL(norm)(const hone_norm_row *task, size_t n, const hone_drop_row *drop)
{
    const hone_norm_row copy = *task, *row = &copy; /* in registers: not read again after each store */
    float *kept = row->sum ? row->sum : row->y;     /* y is a place for the sum when nobody wants to keep it */
    const float *s = row->f ? kept : row->x;
    float mean = (row->f ? residual(kept, row->x, row->f, n, drop) : plain_sum(row->x, n)) / (float)n;
    float rstd = 1.0f / sqrtf(centred_squares(s, n, mean) / (float)n + row->eps);
    if (row->mean)
        *row->mean = mean;
    if (row->rstd)
        *row->rstd = rstd;
    vf m = vset(mean), r = vset(rstd);
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        vf scaled = (ld(s + i, left) - m) * r;
        st(row->y + i, vfma(scaled, ld(row->gamma + i, left), ld(row->beta + i, left)), left);
    }
}

/* The two means of the gradient of a layer norm, mean(g) and mean(g xhat) with g = dy gamma; the block's sums for dgamma and dbeta on the way. */
HONE_INLINE void norm_grad_means(const hone_norm_grad_row *row, size_t n, float *mean_g, float *mean_gx)
{
    vf g_sum = vzero(), gx_sum = vzero(), m = vset(row->mean), r = vset(row->rstd);
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        vf dy = ld(row->dy + i, left), xhat = (ld(row->sum + i, left) - m) * r, g = dy * ld(row->gamma + i, left);
        g_sum = g_sum + g;
        gx_sum = vfma(g, xhat, gx_sum);
        if (row->sum_gamma)
            st(row->sum_gamma + i, vfma(dy, xhat, ld(row->sum_gamma + i, left)), left);
        if (row->sum_beta)
            st(row->sum_beta + i, ld(row->sum_beta + i, left) + dy, left);
    }
    *mean_g = vsum(g_sum) / (float)n;
    *mean_gx = vsum(gx_sum) / (float)n;
}

void KERNEL(norm_grad)(const hone_norm_grad_row *task, size_t n, const hone_drop_row *drop)
{
    const hone_norm_grad_row copy = *task, *row = &copy;
    float mean_g, mean_gx;
    norm_grad_means(row, n, &mean_g, &mean_gx);
    if (!row->dx && !row->df)
        return;
    vf m = vset(row->mean), r = vset(row->rstd), a = vset(mean_g), b = vset(mean_gx), scale = vset(drop ? drop->scale : 1.0f);
    for (size_t block = 0; block * 64 < n; block++) {
        uint64_t keep = drop && row->df ? vkeep64(drop, (uint32_t)block) : UINT64_MAX;
        size_t end = block * 64 + 64 < n ? block * 64 + 64 : n;
        for (size_t i = block * 64; i < end; i += W, keep >>= W) {
            size_t left = n - i;
            vf xhat = (ld(row->sum + i, left) - m) * r, g = ld(row->dy + i, left) * ld(row->gamma + i, left);
            vf d = vfnma(xhat, b, g - a) * r;
            if (row->dsum)
                d = d + ld(row->dsum + i, left);
            if (row->df)
                st(row->df + i, drop ? vkeep(vmask_bits((uint32_t)keep & ((1u << W) - 1)), d * scale) : d, left);
            if (row->dx)
                st(row->dx + i, row->beta_dx != 0 ? vfma(vset(row->beta_dx), ld(row->dx + i, left), d) : d, left);
        }
    }
}
