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
    const size_t ldw = g->ldw, ldx = g->ldx, n = g->n_in;
    const float *w = g->w + o * ldw, *in = g->x;
    vf a[4][MAX_X];
    for (size_t r = 0; r < outs; r++)
        for (size_t x = 0; x < n_x; x++)
            a[r][x] = vzero();
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        vf weight[4];
        for (size_t r = 0; r < outs; r++)
            weight[r] = ld(w + r * ldw + i, left);
        for (size_t r = 0; r < outs && i % 16 == 0; r++)
            __builtin_prefetch(w + (r + outs) * ldw + i, 0, 2); /* the same place of the rows that come next */
        for (size_t x = 0; x < n_x; x++) {
            vf value = ld(in + x * ldx + i, left);
            for (size_t r = 0; r < outs; r++)
                a[r][x] = vfma(weight[r], value, a[r][x]);
        }
    }
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
#define X(n, outs)            \
    case n:                   \
        all_dots(g, outs, n); \
        break;
        X(1, 4) X(2, 4) X(3, 4) X(4, 4) X(5, 2) X(6, 2) X(7, 2) X(8, 2)
#undef X
    }
}

/* One vector of each y (`left` < W: part of it) plus `ins` vectors of the weight, each times its factor. */
HONE_INLINE void axpy_step(float *y, size_t ldy, const float *w, size_t ldw, vf factor[MAX_X][4], size_t ins, size_t n_x, size_t left)
{
    vf row[4];
    for (size_t r = 0; r < ins; r++)
        row[r] = ld(w + r * ldw, left);
    for (size_t x = 0; x < n_x; x++) {
        vf a = ld(y + x * ldy, left);
        for (size_t r = 0; r < ins; r++)
            a = vfma(factor[x][r], row[r], a);
        st(y + x * ldy, a, left);
    }
}

/* y += `ins` rows of the weight from row i on, each times its x, for n_x rows of x and y. More than four streams at a time are slower here. */
HONE_INLINE void axpys(const hone_gemv *g, size_t i, size_t ins, size_t n_x)
{
    const size_t ldw = g->ldw, ldy = g->ldy, n = g->n_out; /* not read again after each store */
    const float *w = g->w + i * ldw;
    float *y = g->y;
    vf factor[MAX_X][4];
    for (size_t x = 0; x < n_x; x++)
        for (size_t r = 0; r < ins; r++)
            factor[x][r] = vset(g->alpha * g->x[x * g->ldx + i + r]);
    size_t o = 0;
    for (; o + W <= n; o += W)
        axpy_step(y + o, ldy, w + o, ldw, factor, ins, n_x, W);
    if (o < n)
        axpy_step(y + o, ldy, w + o, ldw, factor, ins, n_x, n - o);
}

HONE_INLINE void all_axpys(const hone_gemv *g, size_t n_x)
{
    size_t i = 0;
    for (; i + 4 <= g->n_in; i += 4)
        axpys(g, i, 4, n_x);
    for (; i < g->n_in; i++)
        axpys(g, i, 1, n_x);
}

void KERNEL(gemv_in_out)(const hone_gemv *g)
{
    for (size_t x = 0; x < g->n_x; x++) {
        if (g->beta == 0)
            memset(g->y + x * g->ldy, 0, g->n_out * sizeof(float));
        for (size_t o = 0; o < g->n_out && g->beta != 0 && g->beta != 1; o++)
            g->y[x * g->ldy + o] *= g->beta;
    }
    switch (g->n_x) {
#define X(n)             \
    case n:              \
        all_axpys(g, n); \
        break;
        X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#undef X
    }
}
