/* Products of some rows with a weight (out, in): y = alpha x W^T + beta y. Dot products in tiles of six rows (AVX2: three) by four outputs, with the weight read where it lies; a general product
 * copies and transposes it at every call, which pays from some 500 rows on. Up to twelve rows of x and a stretch of their inputs are copied to where the first cache keeps
 * them, and the weights of some outputs stay in the second while all rows pass. An element's order of summation depends on the number of inputs alone. */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/kernels/kernels.h"

enum {
    TILE = W == 16 ? 6 : 3, /* as many sums as registers hold */
    OUTS = 4,
    CHUNK = 12,
    INPUTS = 384,
    PANEL = 256 /* outputs whose weights stay in the second cache */
};

/* The sum of each of OUTS vectors. */
HONE_INLINE void sum_each(float *sums, const vf *a)
{
#if W == 16
    vf x = _mm512_add_ps(_mm512_unpacklo_ps(a[0], a[1]), _mm512_unpackhi_ps(a[0], a[1]));
    vf y = _mm512_add_ps(_mm512_unpacklo_ps(a[2], a[3]), _mm512_unpackhi_ps(a[2], a[3]));
    vf z = _mm512_add_ps(_mm512_shuffle_ps(x, y, 0x44), _mm512_shuffle_ps(x, y, 0xEE));
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(z), _mm512_extractf32x8_ps(z, 1));
    _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1)));
#elif W == 8
    vf x = _mm256_add_ps(_mm256_unpacklo_ps(a[0], a[1]), _mm256_unpackhi_ps(a[0], a[1]));
    vf y = _mm256_add_ps(_mm256_unpacklo_ps(a[2], a[3]), _mm256_unpackhi_ps(a[2], a[3]));
    vf z = _mm256_add_ps(_mm256_shuffle_ps(x, y, 0x44), _mm256_shuffle_ps(x, y, 0xEE));
    _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(z), _mm256_extractf128_ps(z, 1)));
#else
    for (size_t o = 0; o < OUTS; o++)
        sums[o] = vsum(a[o]);
#endif
}

/* Some rows of packed x, `left` inputs, outputs o to o + outs. */
typedef struct part {
    const float *x, *w;
    float *y;
    size_t ldw, ldy, n_in, outs;
    float alpha, beta;
    bool ahead; /* the weights of the next outputs are asked for */
} part;

/* Four sums at once where all four exist: one by one they cost a tenth of a tile's time. */
HONE_INLINE void put(const part *p, float *y, const float *sums)
{
#if W >= 8
    if (p->outs == OUTS) {
        __m128 z = _mm_mul_ps(_mm_set1_ps(p->alpha), _mm_loadu_ps(sums));
        if (p->beta != 0)
            z = _mm_add_ps(z, _mm_mul_ps(_mm_set1_ps(p->beta), _mm_loadu_ps(y)));
        _mm_storeu_ps(y, z);
        return;
    }
#endif
    for (size_t o = 0; o < p->outs; o++)
        y[o] = p->beta != 0 ? p->alpha * sums[o] + p->beta * y[o] : p->alpha * sums[o];
}

HONE_INLINE void tile(const part *p, size_t n_x)
{
    const size_t n = p->n_in, ldw = p->ldw;
    const float *x = p->x, *w[OUTS];
    vf a[TILE][OUTS];
    float sums[TILE][OUTS];
    for (size_t o = 0; o < OUTS; o++)
        w[o] = p->w + (o < p->outs ? o : 0) * ldw;
    for (size_t i = 0; i < n_x; i++)
        for (size_t o = 0; o < OUTS; o++)
            a[i][o] = vzero();
    size_t j = 0;
    for (; j + W <= n; j += W) {
        vf q[OUTS];
        for (size_t o = 0; o < OUTS; o++)
            q[o] = vload(w[o] + j);
        for (size_t o = 0; p->ahead && o < OUTS; o++)
            __builtin_prefetch(w[o] + OUTS * ldw + j, 0, 3);
        for (size_t i = 0; i < n_x; i++) {
            vf value = vload(x + i * INPUTS + j);
            for (size_t o = 0; o < OUTS; o++)
                a[i][o] = vfma(value, q[o], a[i][o]);
        }
    }
    if (j < n)
        for (size_t i = 0; i < n_x; i++)
            for (size_t o = 0; o < OUTS; o++)
                a[i][o] = vfma(vload_n(x + i * INPUTS + j, n - j), vload_n(w[o] + j, n - j), a[i][o]);
    for (size_t i = 0; i < n_x; i++)
        sum_each(sums[i], a[i]);
    for (size_t i = 0; i < n_x; i++)
        put(p, p->y + i * p->ldy, sums[i]);
}

static void any_tile(const part *p, size_t n_x)
{
    switch (n_x) {
    case 1:
        tile(p, 1);
        break;
    case 2:
        tile(p, 2);
        break;
    case 3:
        tile(p, 3);
        break;
#if W == 16
    case 4:
        tile(p, 4);
        break;
    case 5:
        tile(p, 5);
        break;
    default:
        tile(p, TILE);
#endif
    }
}

HONE_INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows [row, row + n_x) of g, inputs [in, in + n_in), outputs [begin, end). */
static void chunk(const hone_gemv *g, size_t row, size_t n_x, size_t in, size_t n_in, size_t begin, size_t end)
{
    float x[CHUNK * INPUTS] __attribute__((aligned(64)));
    part p = {.ldw = g->ldw, .ldy = g->ldy, .n_in = n_in, .alpha = g->alpha, .beta = in == 0 ? g->beta : 1.0f};
    for (size_t i = 0; i < n_x; i++)
        memcpy(x + i * INPUTS, g->x + (row + i) * g->ldx + in, n_in * sizeof(*x));
    for (size_t o = begin; o < end; o += OUTS) {
        p.w = g->w + o * g->ldw + in;
        p.outs = least(end - o, OUTS);
        for (size_t i = 0; i < n_x; i += TILE) {
            p.x = x + i * INPUTS;
            p.y = g->y + (row + i) * g->ldy + o;
            p.ahead = i == 0;
            any_tile(&p, least(n_x - i, TILE));
        }
    }
}

void KERNEL(rows_out_in)(const hone_gemv *g)
{
    for (size_t o = 0; o < g->n_out; o += PANEL)
        for (size_t in = 0; in < g->n_in; in += INPUTS)
            for (size_t row = 0; row < g->n_x; row += CHUNK)
                chunk(g, row, least(g->n_x - row, CHUNK), in, least(g->n_in - in, INPUTS), o, least(o + PANEL, g->n_out));
}
