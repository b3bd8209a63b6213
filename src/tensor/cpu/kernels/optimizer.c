/* torch.optim.AdamW over a block of the flat buffers: one pass, 28 bytes a parameter, bound by memory. A gradient of 0 gives m = beta1 m and v = beta2 v to the
 * bit (fma(b, m, 0) rounds as b m). */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/kernels/kernels.h"

void KERNEL(adamw)(const hone_adamw_block *block)
{
    const hone_adamw_block copy = *block, *b = &copy; /* not read again after each store */
    vf factor = vset(b->factor), decay = vset(b->decay), beta1 = vset(b->beta1), beta2 = vset(b->beta2), one1 = vset(b->rest1);
    vf one2 = vset(b->rest2), step = vset(b->step), inverse = vset(b->inverse_bias2), eps = vset(b->eps);
    for (size_t i = 0; i < b->n; i += W) {
        size_t left = b->n - i;
        vf g = ld(b->g + i, left) * factor;
        vf m = vfma(beta1, ld(b->m + i, left), one1 * g), v = vfma(beta2, ld(b->v + i, left), one2 * g * g);
        vf p = ld(b->p + i, left) * decay;
        st(b->m + i, m, left);
        st(b->v + i, v, left);
        st(b->p + i, vfnma(step, m / vfma(vsqrt(v), inverse, eps), p), left);
    }
}
