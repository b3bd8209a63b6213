/* 16 x 16 words of 32 bits transposed in registers: row r, word s becomes row s, word r. */
#ifndef HONE_TENSOR_CPU_NARROW_TRANSPOSE_H
#define HONE_TENSOR_CPU_NARROW_TRANSPOSE_H

#include "tensor/cpu/kernels/simd.h"

#if W == 16
HONE_INLINE void transpose(__m512i x[16])
{
    __m512i t[16];
#pragma GCC unroll 8
    for (size_t i = 0; i < 16; i += 2) { /* words of two rows in turn */
        t[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 16; i += 4) { /* of four rows: word 4 q + j of the group in lane q of x[i + j] */
        x[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        x[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        x[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        x[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++) { /* lanes of four groups: 4 x 4 lanes transposed */
        __m512i even = _mm512_shuffle_i32x4(x[j], x[4 + j], 0x88), odd = _mm512_shuffle_i32x4(x[j], x[4 + j], 0xDD);
        __m512i even2 = _mm512_shuffle_i32x4(x[8 + j], x[12 + j], 0x88), odd2 = _mm512_shuffle_i32x4(x[8 + j], x[12 + j], 0xDD);
        t[j] = _mm512_shuffle_i32x4(even, even2, 0x88);     /* lane 0 of each group */
        t[8 + j] = _mm512_shuffle_i32x4(even, even2, 0xDD); /* lane 2 */
        t[4 + j] = _mm512_shuffle_i32x4(odd, odd2, 0x88);   /* lane 1 */
        t[12 + j] = _mm512_shuffle_i32x4(odd, odd2, 0xDD);  /* lane 3 */
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++)
        x[i] = t[i];
}
#endif

#endif
