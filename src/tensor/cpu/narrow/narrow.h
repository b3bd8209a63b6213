/* Kernels on numbers narrower than a float: products in bfloat16 with sums in F32 (AVX512_BF16), and of whole numbers of 8 bits with sums of 32 (AVX512_VNNI, or
 * pairs of 16 bits where that is missing). Single-threaded functions over a block of the result; ../bf16.c and ../int8.c own shapes and threads.
 *
 * Both read their left factor from panels of ROWS rows, and the right one from panels of COLS columns; a panel is a run of words of 32 bits, step after step of the depth:
 * a word holds two numbers of 16 bits or four of 8 that stand one after the other in the depth, so that one instruction multiplies and adds them. What is missing at
 * the edges is 0. */
#ifndef HONE_TENSOR_CPU_NARROW_H
#define HONE_TENSOR_CPU_NARROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
