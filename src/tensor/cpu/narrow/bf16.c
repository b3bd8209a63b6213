/* Products in bfloat16 (Goto & van de Geijn 2008): panels of both factors, rounded to nearest even while they are packed, and tiles of 12 rows by 32 columns whose sums stay in
 * 24 registers; VDPBF16PS adds two products a lane. Factors come and results go as F32: nothing but the product itself is narrow. */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/narrow/narrow.h"
#include "tensor/cpu/narrow/transpose.h"

enum { ROWS = HONE_NARROW_ROWS, COLS = HONE_NARROW_COLS, DEPTH = HONE_BF16_DEPTH };

HONE_INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

HONE_INLINE __m512i narrow(vf low, vf high)
{
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/* Up to 32 numbers of a row as 16 words. */
HONE_INLINE __m512i row_words(const float *p, size_t left)
{
    return narrow(ld(p, left), left > W ? ld(p + W, left - W) : vzero());
}

/* 16 columns of two rows, one number of each in a word; `second` NULL: zeros. */
HONE_INLINE __m512i column_words(const float *first, const float *second, size_t left)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
                                           18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, narrow(ld(first, left), second ? ld(second, left) : vzero()));
}

/* Panel of `width` words a step from up to 16 rows that lie along the depth: word s of row r goes to to[s width + r]. Writes 16 words a step. */
static void pack_along(uint32_t *to, size_t width, const float *from, size_t ld, size_t n_rows, size_t depth)
{
    for (size_t k = 0; k < depth; k += 2 * W) {
        __m512i words[16];
        size_t steps = (least(depth - k, 2 * W) + 1) / 2;
        for (size_t r = 0; r < 16; r++)
            words[r] = r < n_rows ? row_words(from + r * ld + k, depth - k) : _mm512_setzero_si512();
        transpose(words);
        for (size_t s = 0; s < steps; s++)
            _mm512_storeu_si512(to + (k / 2 + s) * width, words[s]);
    }
}

/* Panels side by side from rows that lie across the depth, `n` numbers wide: all of a row before the next one. */
static void pack_across(uint32_t *to, size_t width, const float *from, size_t ld, size_t n, size_t depth)
{
    size_t steps = (depth + 1) / 2;
    for (size_t s = 0; s < steps; s++) {
        const float *first = from + 2 * s * ld, *second = 2 * s + 1 < depth ? first + ld : NULL;
        for (size_t j = 0; j < n; j += width)
            for (size_t at = j; at < j + width; at += W)
                _mm512_mask_storeu_epi32(to + j * steps + s * width + at - j, width < W ? vfirst(width) : vfirst(W),
                                         at < n ? column_words(first + at, second ? second + at : NULL, n - at) : _mm512_setzero_si512());
    }
}

static void pack_a(uint32_t *to, const hone_bf16_block *p, size_t row, size_t n_rows, size_t k, size_t depth)
{
    size_t steps = (depth + 1) / 2;
    if (p->ta)
        pack_across(to, ROWS, p->a + k * p->lda + row, p->lda, n_rows, depth);
    for (size_t r = 0; r < n_rows && !p->ta; r += ROWS)
        pack_along(to + r * steps, ROWS, p->a + (row + r) * p->lda + k, p->lda, least(n_rows - r, ROWS), depth);
}

static void pack_b(uint32_t *to, const hone_bf16_block *p, size_t col, size_t n_cols, size_t k, size_t depth)
{
    size_t steps = (depth + 1) / 2;
    if (!p->tb)
        pack_across(to, COLS, p->b + k * p->ldb + col, p->ldb, n_cols, depth);
    for (size_t j = 0; j < n_cols && p->tb; j += COLS)
        for (size_t at = j; at < j + COLS; at += W)
            pack_along(to + j * steps + at - j, COLS, p->b + (col + at) * p->ldb + k, p->ldb, at < n_cols ? least(n_cols - at, W) : 0,
                       depth);
}

/* Where a tile's sums go. */
typedef struct target {
    float *c;
    size_t ld, cols;
    float alpha, beta;
} target;

HONE_INLINE void put(const target *t, size_t row, size_t half, vf sum)
{
    float *c = t->c + row * t->ld + half * W;
    if (t->cols <= half * W)
        return;
    size_t left = t->cols - half * W;
    vf y = vset(t->alpha) * sum;
    st(c, t->beta != 0 ? vfma(vset(t->beta), ld(c, left), y) : y, left);
}

/* n_rows is a constant where this is called. */
HONE_INLINE void tile(const target *t, const uint32_t *a, const uint32_t *b, size_t steps, size_t n_rows)
{
    __m512 sum[ROWS][2];
#pragma GCC unroll 12
    for (size_t r = 0; r < n_rows; r++)
        sum[r][0] = sum[r][1] = _mm512_setzero_ps();
    for (size_t s = 0; s < steps; s++, a += ROWS, b += COLS) {
        __m512bh left = (__m512bh)_mm512_load_si512(b), right = (__m512bh)_mm512_load_si512(b + W);
#pragma GCC unroll 12
        for (size_t r = 0; r < n_rows; r++) {
            __m512bh x = (__m512bh)_mm512_set1_epi32((int)a[r]);
            sum[r][0] = _mm512_dpbf16_ps(sum[r][0], x, left);
            sum[r][1] = _mm512_dpbf16_ps(sum[r][1], x, right);
        }
    }
#pragma GCC unroll 12
    for (size_t r = 0; r < n_rows; r++) {
        put(t, r, 0, sum[r][0]);
        put(t, r, 1, sum[r][1]);
    }
}

static void any_tile(const target *t, const uint32_t *a, const uint32_t *b, size_t steps, size_t n_rows)
{
    switch (n_rows) {
#define X(n)                     \
    case n:                      \
        tile(t, a, b, steps, n); \
        break;
        X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#undef X
    }
}

/* Rows [row, row + n_rows), columns [col, col + n_cols), inputs [k, k + depth): both factors are packed. */
static void multiply_panels(const hone_bf16_block *p, size_t row, size_t n_rows, size_t col, size_t n_cols, size_t k, size_t depth)
{
    size_t steps = (depth + 1) / 2;
    for (size_t j = 0; j < n_cols; j += COLS)
        for (size_t i = 0; i < n_rows; i += ROWS) {
            target t = {p->c + (row + i) * p->ldc + col + j, p->ldc, least(n_cols - j, COLS), p->alpha, k == 0 ? p->beta : 1.0f};
            any_tile(&t, p->panels + HONE_BF16_WORDS_B + i * steps, p->panels + j * steps, steps, least(n_rows - i, ROWS));
        }
}

void hone__bf16_multiply(const hone_bf16_block *p)
{
    for (size_t col = 0; col < p->cols; col += HONE_BF16_MAX_COLS) {
        size_t n_cols = least(p->cols - col, HONE_BF16_MAX_COLS);
        for (size_t k = 0; k < p->depth; k += DEPTH) {
            size_t depth = least(p->depth - k, DEPTH);
            pack_b(p->panels, p, col, n_cols, k, depth);
            for (size_t row = 0; row < p->rows; row += HONE_BF16_MAX_ROWS) {
                size_t n_rows = least(p->rows - row, HONE_BF16_MAX_ROWS);
                pack_a(p->panels + HONE_BF16_WORDS_B, p, row, n_rows, k, depth);
                multiply_panels(p, row, n_rows, col, n_cols, k, depth);
            }
        }
    }
}
