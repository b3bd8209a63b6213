/* Products of whole numbers of 8 bits: rows of codes 0 .. 255 with panels of codes -127 .. 127, sums of 32 bits, and the way back to floats. Compiled once for each instruction set: AVX512_VNNI and
 * AVX_VNNI multiply and add four pairs a lane in one instruction (VPDPBUSD, which does not saturate), AVX2 takes them as pairs of 16 bits, the portable form is plain C. All are exact, and what
 * follows is one multiplication and one addition (-ffp-contract=off): every set gives the same bits. */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/narrow/narrow.h"

enum { COLS = HONE_NARROW_COLS };

/* ---- the instruction sets: sums of W outputs, a word of four codes of a row for all lanes, W words of a panel ---- */

#if W == 16 && defined(__AVX512VNNI__)
enum { ROWS = 12, VECTORS = 2 }; /* of a tile: 24 registers of sums */
typedef __m512i sums, word, codes;
HONE_INLINE sums none(void)
{
    return _mm512_setzero_si512();
}
HONE_INLINE word spread(const uint8_t *x)
{
    int32_t four;
    memcpy(&four, x, sizeof(four));
    return _mm512_set1_epi32(four);
}
HONE_INLINE codes take(const int8_t *w)
{
    return _mm512_load_si512(w);
}
HONE_INLINE sums dot(sums s, word x, codes w)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(s) : "v"(x), "v"(w)); /* _mm512_dpbusd_epi32, whose sums gcc 12 moves through memory */
    return s;
}
HONE_INLINE vf total(sums s, const int32_t *shift)
{
    return _mm512_cvtepi32_ps(_mm512_add_epi32(s, _mm512_load_si512(shift)));
}

#elif W == 8
HONE_INLINE vf to_floats(__m256i s, const int32_t *shift)
{
    return _mm256_cvtepi32_ps(_mm256_add_epi32(s, _mm256_load_si256((const __m256i *)(const void *)shift)));
}
#ifdef __AVXVNNI__
enum { ROWS = 6, VECTORS = 2 };
typedef __m256i sums, word, codes;
HONE_INLINE sums none(void)
{
    return _mm256_setzero_si256();
}
HONE_INLINE word spread(const uint8_t *x)
{
    int32_t four;
    memcpy(&four, x, sizeof(four));
    return _mm256_set1_epi32(four);
}
HONE_INLINE codes take(const int8_t *w)
{
    return _mm256_load_si256((const __m256i *)(const void *)w);
}
HONE_INLINE sums dot(sums s, word x, codes w)
{
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(s) : "x"(x), "x"(w)); /* _mm256_dpbusd_avx_epi32, likewise */
    return s;
}
HONE_INLINE vf total(sums s, const int32_t *shift)
{
    return to_floats(s, shift);
}
#else
enum { ROWS = 6, VECTORS = 1 };
typedef __m256i word; /* four numbers of 16 bits, four times */
typedef struct sums {
    __m256i low, high; /* outputs 0 .. 3 and 4 .. 7, each in two parts */
} sums, codes;
HONE_INLINE sums none(void)
{
    return (sums){_mm256_setzero_si256(), _mm256_setzero_si256()};
}
HONE_INLINE word spread(const uint8_t *x)
{
    int32_t four;
    memcpy(&four, x, sizeof(four));
    return _mm256_cvtepu8_epi16(_mm_set1_epi32(four));
}
HONE_INLINE codes take(const int8_t *w)
{
    const __m128i *from = (const __m128i *)(const void *)w;
    return (codes){_mm256_cvtepi8_epi16(_mm_load_si128(from)), _mm256_cvtepi8_epi16(_mm_load_si128(from + 1))};
}
HONE_INLINE sums dot(sums s, word x, codes w)
{
    return (sums){_mm256_add_epi32(s.low, _mm256_madd_epi16(x, w.low)), _mm256_add_epi32(s.high, _mm256_madd_epi16(x, w.high))};
}
HONE_INLINE vf total(sums s, const int32_t *shift)
{
    return to_floats(_mm256_permute4x64_epi64(_mm256_hadd_epi32(s.low, s.high), 0xD8), shift);
}
#endif

#else
enum { ROWS = 4, VECTORS = 1 };
typedef struct sums {
    int32_t at[W];
} sums;
typedef const uint8_t *word;
typedef const int8_t *codes;
HONE_INLINE sums none(void)
{
    return (sums){{0}};
}
HONE_INLINE word spread(const uint8_t *x)
{
    return x;
}
HONE_INLINE codes take(const int8_t *w)
{
    return w;
}
HONE_INLINE sums dot(sums s, word x, codes w)
{
    for (size_t lane = 0; lane < W; lane++)
        s.at[lane] += x[0] * w[4 * lane] + x[1] * w[4 * lane + 1] + x[2] * w[4 * lane + 2] + x[3] * w[4 * lane + 3];
    return s;
}
HONE_INLINE vf total(sums s, const int32_t *shift)
{
    float y[W];
    for (size_t lane = 0; lane < W; lane++)
        y[lane] = (float)(s.at[lane] + shift[lane]);
    return vload(y);
}
#endif

/* ---- tiles ---- */

HONE_INLINE void put(const hone_int8_block *p, size_t row, size_t col, vf sum)
{
    if (col >= p->cols)
        return;
    size_t left = p->cols - col;
    vf y = sum * (vset(p->row_scale[row]) * vload(p->scale + col));
    if (p->bias)
        y = y + ld(p->bias + col, left);
    st(p->y + row * p->ldy + col, y, left);
}

/* n_rows is a constant where this is called. */
HONE_INLINE void tile(const hone_int8_block *p, size_t row, size_t col, size_t n_rows)
{
    const size_t words = p->words, ldx = p->ldx;
    const uint8_t *x = p->x + row * ldx;
    const int8_t *w = p->codes + col / COLS * COLS * words * 4 + col % COLS * 4;
    sums s[ROWS][VECTORS];
#pragma GCC unroll 12
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < VECTORS; v++)
            s[r][v] = none();
    for (size_t i = 0; i < words; i++, x += 4, w += 4 * COLS) {
        codes c[VECTORS];
#pragma GCC unroll 2
        for (size_t v = 0; v < VECTORS; v++)
            c[v] = take(w + 4 * W * v);
#pragma GCC unroll 12
        for (size_t r = 0; r < n_rows; r++) {
            word four = spread(x + r * ldx);
#pragma GCC unroll 2
            for (size_t v = 0; v < VECTORS; v++)
                s[r][v] = dot(s[r][v], four, c[v]);
        }
    }
#pragma GCC unroll 12
    for (size_t r = 0; r < n_rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < VECTORS; v++)
            put(p, row + r, col + v * W, total(s[r][v], p->shift + col + v * W));
}

static void any_tile(const hone_int8_block *p, size_t row, size_t col, size_t n_rows)
{
    /* clang-format off */
    switch (n_rows) {
#define X(n) case n: tile(p, row, col, n); break;
        X(1) X(2) X(3) X(4)
#if W >= 8
        X(5) X(6)
#endif
#if W == 16
        X(7) X(8) X(9) X(10) X(11) X(12)
#endif
#undef X
    }
    /* clang-format on */
}

static void multiply(const hone_int8_block *p)
{
    for (size_t row = 0; row < p->rows; row += ROWS)
        for (size_t col = 0; col < p->cols; col += W * VECTORS)
            any_tile(p, row, col, p->rows - row < ROWS ? p->rows - row : ROWS);
}

/* ---- rows to 8 bits ---- */

/* The bits of the largest magnitude: of floats without a sign the order is that of their bits, infinity and NaN come last. */
#if W >= 8
HONE_INLINE uint32_t largest_bits(const float *x, size_t n)
{
    vi most = vi_set(0);
    uint32_t lane[W], largest = 0;
    for (size_t i = 0; i < n; i += W) {
        vi bits = vcast_i(vabs(ld(x + i, n - i)));
#if W == 16
        most = _mm512_max_epu32(most, bits);
#else
        most = _mm256_max_epu32(most, bits);
#endif
    }
    memcpy(lane, &most, sizeof(lane));
    for (size_t i = 0; i < W; i++)
        largest = lane[i] > largest ? lane[i] : largest;
    return largest;
}
#else
HONE_INLINE uint32_t largest_bits(const float *x, size_t n)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof(bits));
        bits &= INT32_MAX;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}
#endif

#if W == 16
HONE_INLINE void encode(uint8_t *to, const float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; i += W) {
        __m512i code = _mm512_cvtps_epi32(ld(x + i, n - i) * vset(factor));
        _mm_storeu_si128((__m128i *)(void *)(to + i), _mm512_cvtepi32_epi8(_mm512_add_epi32(code, _mm512_set1_epi32(128))));
    }
}
#elif W == 8
HONE_INLINE void encode(uint8_t *to, const float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; i += W) {
        __m256i code = _mm256_add_epi32(_mm256_cvtps_epi32(ld(x + i, n - i) * vset(factor)), _mm256_set1_epi32(128));
        __m128i half = _mm_packus_epi32(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1));
        _mm_storel_epi64((__m128i *)(void *)(to + i), _mm_packus_epi16(half, half));
    }
}
#else
HONE_INLINE void encode(uint8_t *to, const float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(lrintf(x[i] * factor) + 128);
}
#endif

static void quantize_row(uint8_t *to, float *scale, const float *x, size_t n)
{
    float factor = hone__int8_factor(scale, largest_bits(x, n));
    if (factor > 0.0f)
        encode(to, x, n, factor);
    else
        memset(to, 128, n);
    memset(to + n, 128, (HONE_INT8_WIDTH - n % HONE_INT8_WIDTH) % HONE_INT8_WIDTH);
}

#define SET_NAME_(isa) hone__int8_##isa
#define SET_NAME(isa)  SET_NAME_(isa)
const hone_int8_kernels SET_NAME(HONE_ISA) = {.quantize_row = quantize_row, .multiply = multiply};
