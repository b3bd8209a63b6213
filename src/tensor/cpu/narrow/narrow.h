/* Kernels on numbers narrower than a float: products in bfloat16 with sums in F32 (AVX512_BF16), and of whole numbers of 8 bits with sums of 32 (AVX512_VNNI, or
 * pairs of 16 bits where that is missing). Single-threaded functions over a block of the result; ../bf16.c and ../int8.c own shapes and threads.
 *
 * The right factor is read from panels of COLS columns: a run of words of 32 bits, step after step of the depth, each of two numbers of 16 bits or four of 8 that stand one
 * after the other in the depth, so that one instruction multiplies and adds them. The left one is packed likewise in bfloat16 (panels of ROWS rows), and lies row by row in 8 bits. What is
 * missing at the edges is 0. */
#ifndef HONE_TENSOR_CPU_NARROW_H
#define HONE_TENSOR_CPU_NARROW_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    HONE_NARROW_ROWS = 12,
    HONE_NARROW_COLS = 32,
    HONE_BF16_DEPTH = 768,    /* of a panel */
    HONE_BF16_MAX_ROWS = 192, /* of the left factor packed at a time: 288 KB */
    HONE_BF16_MAX_COLS = 768  /* of the right one: 1.1 MB */
};

/* c = alpha op(a) op(b) + beta c; op(a) (rows, depth) and op(b) (depth, cols) are rounded to bfloat16, sums are F32 in an order that depends on depth alone. */
typedef struct hone_bf16_block {
    float *c;
    const float *a, *b;
    size_t ldc, lda, ldb, rows, cols, depth;
    bool ta, tb; /* stored (depth, rows), (cols, depth) */
    float alpha, beta;
    uint32_t *panels; /* scratch of HONE_BF16_WORDS words, 64-byte aligned */
} hone_bf16_block;

/* Words of the packed factors; the left one may be written 16 words past its end. */
#define HONE_BF16_WORDS_B ((size_t)HONE_BF16_MAX_COLS * HONE_BF16_DEPTH / 2)
#define HONE_BF16_WORDS   (HONE_BF16_WORDS_B + (size_t)HONE_BF16_MAX_ROWS * HONE_BF16_DEPTH / 2 + 16)

void hone__bf16_multiply(const hone_bf16_block *block);

/* y(r, c) = (x(r) . codes(c) + shift[c]) (row_scale[r] scale[c]) + bias[c]: the layout and the formula of hone_quant (tensor/backend.h). A row of x holds 4 words codes. */
typedef struct hone_int8_block {
    float *y;
    const uint8_t *x;
    const float *row_scale;
    const int8_t *codes; /* 64-byte aligned; columns begin with a panel */
    const float *scale;
    const int32_t *shift;
    const float *bias; /* NULL: none */
    size_t ldy, ldx, rows, cols, words;
} hone_int8_block;

enum { HONE_INT8_WIDTH = 64 }; /* a row of codes is written up to a multiple of it */

/* What leads from numbers to codes, given the bits of the largest magnitude, and the way back: 0 and NaN for numbers that are not all finite; both 0 for numbers so small that the factor would be
 * infinite, which count as zeros. */
static inline float hone__int8_factor(float *scale, uint32_t largest_bits)
{
    const float tiny = 1e-30f;
    float largest;
    memcpy(&largest, &largest_bits, sizeof(largest));
    bool finite = largest_bits < 0x7F800000;
    *scale = !finite ? NAN : largest < tiny ? 0.0f : largest / 127.0f;
    return finite && largest >= tiny ? 127.0f / largest : 0.0f;
}

typedef struct hone_int8_kernels {
    /* n numbers to codes and their scale, NaN when they are not all finite; the rest of the row's width is set too */
    void (*quantize_row)(uint8_t *to, float *scale, const float *x, size_t n);
    void (*multiply)(const hone_int8_block *block);
} hone_int8_kernels;

/* Equal to the bit. */
extern const hone_int8_kernels hone__int8_base, hone__int8_avx2, hone__int8_avxvnni, hone__int8_avx512vnni;

#endif
