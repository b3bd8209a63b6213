/* Products of some dozens of rows with a weight stored (out, in), for inference on short texts: dot products in tiles of six rows by four outputs. The weight is read where it
 * lies, once, and a tile of it stays in the first cache while all rows pass; nothing is copied or transposed first, which is what a general product spends half its time on at
 * this size. */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/kernels/kernels.h"

enum { TILE_ROWS = 6, TILE_OUTS = W == 16 ? 4 : 2 /* as many sums as registers hold */ };

HONE_INLINE void put(const hone_gemv *g, float *y, float sum)
{
    *y = g->beta != 0 ? g->alpha * sum + g->beta * *y : g->alpha * sum;
}

/* The sums of `outs` vectors, to sums. */
HONE_INLINE void sum_each(float sums[TILE_OUTS], const vf *a, size_t outs)
{
#if W == 16
    if (outs == 4) {
        __m512 x = _mm512_add_ps(_mm512_unpacklo_ps(a[0], a[1]), _mm512_unpackhi_ps(a[0], a[1]));
        __m512 y = _mm512_add_ps(_mm512_unpacklo_ps(a[2], a[3]), _mm512_unpackhi_ps(a[2], a[3]));
        __m512 z = _mm512_add_ps(_mm512_shuffle_ps(x, y, 0x44), _mm512_shuffle_ps(x, y, 0xEE));
        __m256 h = _mm256_add_ps(_mm512_castps512_ps256(z), _mm512_extractf32x8_ps(z, 1));
        _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1)));
        return;
    }
#endif
    for (size_t o = 0; o < outs; o++)
        sums[o] = vsum(a[o]);
}

/* `outs` outputs from o on of n rows from r on; both are constants where this is called. */
HONE_INLINE void tile(const hone_gemv *g, size_t r, size_t o, size_t n, size_t outs)
{
    const size_t ldw = g->ldw, ldx = g->ldx, n_in = g->n_in;
    const float *w = g->w + o * ldw, *x = g->x + r * ldx;
    vf a[TILE_ROWS][TILE_OUTS], weight[TILE_OUTS];
    float sums[TILE_OUTS];
    size_t i = 0;
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < outs; j++)
            a[k][j] = vzero();
    for (; i + W <= n_in; i += W) {
        for (size_t j = 0; j < outs; j++)
            weight[j] = vload(w + j * ldw + i);
        for (size_t j = 0; j < outs && r == 0; j++)
            __builtin_prefetch(w + (j + outs) * ldw + i, 0, 2); /* the rows that come next */
        for (size_t k = 0; k < n; k++) {
            vf value = vload(x + k * ldx + i);
            for (size_t j = 0; j < outs; j++)
                a[k][j] = vfma(weight[j], value, a[k][j]);
        }
    }
    for (size_t k = 0; k < n && i < n_in; k++)
        for (size_t j = 0; j < outs; j++)
            a[k][j] = vfma(vload_n(w + j * ldw + i, n_in - i), vload_n(x + k * ldx + i, n_in - i), a[k][j]);
    for (size_t k = 0; k < n; k++) {
        sum_each(sums, a[k], outs);
        for (size_t j = 0; j < outs; j++)
            put(g, g->y + (r + k) * g->ldy + o + j, sums[j]);
    }
}

HONE_INLINE void all_rows(const hone_gemv *g, size_t o, size_t outs)
{
    size_t r = 0;
    for (; r + TILE_ROWS <= g->n_x; r += TILE_ROWS)
        tile(g, r, o, TILE_ROWS, outs);
    switch (g->n_x - r) {
#define X(n)                    \
    case n:                     \
        tile(g, r, o, n, outs); \
        break;
        X(1) X(2) X(3) X(4) X(5)
#undef X
    }
}

void KERNEL(rows_out_in)(const hone_gemv *g)
{
    size_t o = 0;
    for (; o + TILE_OUTS <= g->n_out; o += TILE_OUTS)
        all_rows(g, o, TILE_OUTS);
    for (; o < g->n_out; o++)
        all_rows(g, o, 1);
}
