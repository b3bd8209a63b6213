/* Products of one to eight rows with a weight, for generation: the weight passes from memory once, at the speed of memory. Weights stored (out, in) give dot
 * products of four rows at a time; weights stored (in, out) are added row by row to outputs that stay in the first cache. */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/kernels/kernels.h"

enum { MAX_X = HONE_GEMV_ROWS };

HONE_INLINE void put(const hone_gemv *g, size_t row, size_t o, float sum)
{
    float *y = g->y + row * g->ldy + o;
    *y = g->beta != 0 ? g->alpha * sum + g->beta * *y : g->alpha * sum;
}

/* `outs` outputs from o on, for n_x rows; both are constants where this is called. */
HONE_INLINE void dots(const hone_gemv *g, size_t o, size_t outs, size_t n_x)
{
    vf a[4][MAX_X];
    for (size_t r = 0; r < outs; r++)
        for (size_t x = 0; x < n_x; x++)
            a[r][x] = vzero();
    const float *w = g->w + o * g->ldw;
    size_t i = 0;
    for (; i + W <= g->n_in; i += W) {
        vf in[MAX_X];
        for (size_t x = 0; x < n_x; x++)
            in[x] = vload(g->x + x * g->ldx + i);
        for (size_t r = 0; r < outs; r++) {
            vf weight = vload(w + r * g->ldw + i);
            for (size_t x = 0; x < n_x; x++)
                a[r][x] = vfma(weight, in[x], a[r][x]);
        }
    }
    if (i < g->n_in)
        for (size_t r = 0; r < outs; r++)
            for (size_t x = 0; x < n_x; x++)
                a[r][x] = vfma(vload_n(w + r * g->ldw + i, g->n_in - i), vload_n(g->x + x * g->ldx + i, g->n_in - i), a[r][x]);
    for (size_t r = 0; r < outs; r++)
        for (size_t x = 0; x < n_x; x++)
            put(g, x, o + r, vsum(a[r][x]));
}

HONE_INLINE void all_dots(const hone_gemv *g, size_t outs, size_t n_x)
{
    size_t o = 0;
    for (; o + outs <= g->n_out; o += outs)
        dots(g, o, outs, n_x);
    for (; o < g->n_out; o++)
        dots(g, o, 1, n_x);
}

void KERNEL(gemv_out_in)(const hone_gemv *g)
{
    switch (g->n_x) {
    case 1:
        all_dots(g, 4, 1);
        break;
    case 2:
        all_dots(g, 4, 2);
        break;
    case 3:
        all_dots(g, 2, 3);
        break;
    case 4:
        all_dots(g, 2, 4);
        break;
    case 5:
        all_dots(g, 2, 5);
        break;
    case 6:
        all_dots(g, 1, 6);
        break;
    case 7:
        all_dots(g, 1, 7);
        break;
    default:
        all_dots(g, 1, 8);
    }
}

/* y of one row += rows i .. i + ins of the weight, each times its x. */
HONE_INLINE void axpys(const hone_gemv *g, float *y, const float *x, size_t i, size_t ins)
{
    const float *w = g->w + i * g->ldw;
    vf factor[8];
    for (size_t r = 0; r < ins; r++)
        factor[r] = vset(g->alpha * x[i + r]);
    for (size_t o = 0; o < g->n_out; o += W) {
        size_t left = g->n_out - o;
        vf a = ld(y + o, left), b = vzero();
        for (size_t r = 0; r < ins; r += 2) {
            a = vfma(factor[r], ld(w + r * g->ldw + o, left), a);
            if (r + 1 < ins)
                b = vfma(factor[r + 1], ld(w + (r + 1) * g->ldw + o, left), b);
        }
        st(y + o, a + b, left);
    }
}

void KERNEL(gemv_in_out)(const hone_gemv *g)
{
    for (size_t x = 0; x < g->n_x; x++)
        if (g->beta == 0)
            memset(g->y + x * g->ldy, 0, g->n_out * sizeof(float));
        else if (g->beta != 1)
            for (size_t o = 0; o < g->n_out; o++)
                g->y[x * g->ldy + o] *= g->beta;
    size_t i = 0;
    for (; i + 8 <= g->n_in; i += 8) /* eight rows of the weight stay in the first cache for all x */
        for (size_t x = 0; x < g->n_x; x++)
            axpys(g, g->y + x * g->ldy, g->x + x * g->ldx, i, 8);
    for (; i < g->n_in; i++)
        for (size_t x = 0; x < g->n_x; x++)
            axpys(g, g->y + x * g->ldy, g->x + x * g->ldx, i, 1);
}
