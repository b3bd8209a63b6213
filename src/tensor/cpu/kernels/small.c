/* Products of the small matrices of attention, where a general product spends its time on packing: c = alpha A B (+ c), with B (depth, n) as it lies, n a multiple of the vector
 * length, and A read element by element with any two strides, so that A^T costs no more. Tiles of up to twelve rows by two vectors, or six by four, stay in registers.
 * B = K^T is made by `transpose`. An element's sum runs over the depth in order. */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/kernels/kernels.h"

/* rows and vecs are constants where this is called. */
HONE_INLINE void tile(const hone_small *g, size_t i, size_t o, size_t rows, size_t vecs)
{
    const size_t a_row = g->a_row, a_step = g->a_step, ldb = g->ldb;
    const float *a = g->a + i * a_row, *b = g->b + o;
    vf sums[12][4], alpha = vset(g->alpha);
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < vecs; v++)
            sums[r][v] = vzero();
    for (size_t k = 0; k < g->depth; k++, a += a_step, b += ldb) {
        vf y[4];
        for (size_t v = 0; v < vecs; v++)
            y[v] = vload(b + v * W);
        for (size_t r = 0; r < rows; r++) {
            vf x = vset(a[r * a_row]);
            for (size_t v = 0; v < vecs; v++)
                sums[r][v] = vfma(x, y[v], sums[r][v]);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        float *c = g->c + (i + r) * g->ldc + o;
        for (size_t v = 0; v < vecs; v++)
            vstore(c + v * W, vfma(alpha, sums[r][v], g->add ? vload(c + v * W) : vzero()));
    }
}

/* All rows of `vecs` vectors of columns. */
HONE_INLINE void panel(const hone_small *g, size_t o, size_t vecs)
{
    size_t i = 0;
#define X(rows)                             \
    for (; i + (rows) <= g->m; i += (rows)) \
        tile(g, i, o, rows, vecs);
    if (vecs < 4) {
        X(12)
        X(8)
    }
    X(6)
    X(3)
    X(1)
#undef X
}

void KERNEL(small_product)(const hone_small *g)
{
    size_t o = 0;
    for (; o + 4 * W <= g->n; o += 4 * W)
        panel(g, o, 4);
    for (; o + 2 * W <= g->n; o += 2 * W)
        panel(g, o, 2);
    for (; o < g->n; o += W)
        panel(g, o, 1);
}

#if W == 16
/* Sixteen rows of x, of which n are there, to sixteen columns of y. */
HONE_INLINE void transpose_tile(float *y, size_t ldy, const float *x, size_t ldx, size_t n)
{
    vf r[16], t[16];
    for (size_t i = 0; i < 16; i++)
        r[i] = i < n ? vload(x + i * ldx) : vzero();
    for (size_t i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (size_t i = 0; i < 16; i += 4) { /* four rows each: lane l has columns 4 l + k in r[i + k] */
        r[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xEE);
        r[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
    for (size_t k = 0; k < 4; k++) {
        vf a = _mm512_shuffle_f32x4(r[k], r[4 + k], 0x88), b = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0x88);
        vf c = _mm512_shuffle_f32x4(r[k], r[4 + k], 0xDD), d = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0xDD);
        vstore(y + k * ldy, _mm512_shuffle_f32x4(a, b, 0x88));
        vstore(y + (4 + k) * ldy, _mm512_shuffle_f32x4(c, d, 0x88));
        vstore(y + (8 + k) * ldy, _mm512_shuffle_f32x4(a, b, 0xDD));
        vstore(y + (12 + k) * ldy, _mm512_shuffle_f32x4(c, d, 0xDD));
    }
}

void KERNEL(transpose)(float *y, size_t ldy, const float *x, size_t ldx, size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; i += 16)
        for (size_t j = 0; j < cols; j += 16)
            transpose_tile(y + j * ldy + i, ldy, x + i * ldx + j, ldx, rows - i < 16 ? rows - i : 16);
}
#else
void KERNEL(transpose)(float *y, size_t ldy, const float *x, size_t ldx, size_t rows, size_t cols)
{
    size_t width = (rows + 15) / 16 * 16;
    for (size_t j = 0; j < cols; j++)
        for (size_t i = 0; i < width; i++)
            y[j * ldy + i] = i < rows ? x[i * ldx + j] : 0.0f;
}
#endif
