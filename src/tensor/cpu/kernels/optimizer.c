/* torch.optim.AdamW over a block of the flat buffers: one pass, 28 bytes a parameter, bound by memory; and over one row of a table for all the steps that it has
 * missed, in registers. Both are the same function of an element, so that a row ends with the same bits however late its steps come. */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/kernels/kernels.h"

HONE_INLINE void step(vf *p, vf *m, vf *v, vf g, const hone_adamw_floats *h)
{
    *m = vfma(vset(h->beta1), *m, vset(h->rest1) * g);
    *v = vfma(vset(h->beta2), *v, vset(h->rest2) * g * g);
    *p = vfnma(vset(h->step), *m / vfma(vsqrt(*v), vset(h->inverse_bias2), vset(h->eps)), *p * vset(h->decay));
}

void KERNEL(adamw)(const hone_adamw_block *block)
{
    const hone_adamw_block copy = *block, *b = &copy; /* not read again after each store */
    vf factor = vset(b->factor);
    for (size_t i = 0; i < b->n; i += W) {
        size_t left = b->n - i;
        vf p = ld(b->p + i, left), m = ld(b->m + i, left), v = ld(b->v + i, left);
        step(&p, &m, &v, ld(b->g + i, left) * factor, &b->how);
        st(b->m + i, m, left);
        st(b->v + i, v, left);
        st(b->p + i, p, left);
    }
}

/* m and v are 0 and stay so: p - step 0 / (0 + eps) is p, where eps is not 0. */
static void decay_row(float *p, size_t n, const hone_adamw_floats *how, int32_t n_steps)
{
    bool any = false;
    for (int32_t k = 0; k < n_steps; k++)
        any = any || how[k].decay < 1.0f;
    for (size_t i = 0; any && i < n; i += W) {
        vf x = ld(p + i, n - i);
        for (int32_t k = 0; k < n_steps; k++)
            x = x * vset(how[k].decay);
        st(p + i, x, n - i);
    }
}

void KERNEL(adamw_row)(const hone_adamw_row *row)
{
    const hone_adamw_row copy = *row, *b = &copy;
    int32_t idle = b->g ? b->n_steps - 1 : b->n_steps;
    if (!b->live)
        decay_row(b->p, b->n, b->how, idle);
    if (!b->live && !b->g)
        return;
    for (size_t i = 0; i < b->n; i += W) {
        size_t left = b->n - i;
        vf p = ld(b->p + i, left), m = ld(b->m + i, left), v = ld(b->v + i, left);
        for (int32_t k = b->live ? 0 : idle; k < idle; k++)
            step(&p, &m, &v, vzero(), &b->how[k]);
        if (b->g)
            step(&p, &m, &v, ld(b->g + i, left) * vset(b->factor), &b->how[idle]);
        st(b->m + i, m, left);
        st(b->v + i, v, left);
        st(b->p + i, p, left);
    }
}
