/* Linear maps in 8 bits on the cpu backend: the same bits from every instruction set and number of threads; numbers that are no numbers, zeros, and numbers too small to be scaled. That the values
 * are right is the op table's (tests/ops, linear_int8). */
#include "support/support.h"
#include "tensor/cpu/cpu.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_ROWS = 600, MAX_IN = 400, MAX_OUT = 200 };
static float x[MAX_ROWS * MAX_IN], w[MAX_OUT * MAX_IN], bias[MAX_OUT], first[MAX_ROWS * MAX_OUT], y[MAX_ROWS * MAX_OUT];

typedef struct shape {
    int64_t rows, in, out;
    bool in_major;
} shape;

static void fill(float *values, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(int32_t)seed * 0x1p-30f * (seed % 7 == 0 ? 9.0f : 1.0f);
    }
}

static void multiply(float *to, hone_backend *b, const shape *s, bool biased)
{
    void *block = NULL, *scratch = NULL;
    hone_quant q = {.n_in = s->in, .n_out = s->out};
    hone_mat mx = {x, HONE_DTYPE_F32, s->rows, s->in, s->in}, my = {to, HONE_DTYPE_F32, s->rows, s->out, s->out};
    hone_weight weight = {{w, HONE_DTYPE_F32, s->out, s->in, s->in}, false, 1, NULL};
    size_t bytes = b->ops->workspace(b, HONE_WS_INT8, s->rows, s->out, s->in);
    if (s->in_major)
        weight = (hone_weight){{w, HONE_DTYPE_F32, s->in, s->out, s->out}, true, 1, NULL};
    assert_ok(b->ops->alloc(b, &block, hone__quant_bytes(&q)));
    assert_ok(b->ops->alloc(b, &scratch, bytes));
    hone__quant_place(&q, block);
    assert_ok(b->ops->quantize(b, &q, &weight));
    weight.mat.data = NULL;
    weight.quant = &q;
    assert_ok(b->ops->linear_forward(b, &my, &mx, &weight, biased ? bias : NULL, HONE_ACT_NONE, NULL, scratch));
    b->ops->release(b, block, hone__quant_bytes(&q));
    b->ops->release(b, scratch, bytes);
}

static void run(float *to, const char *isa, int n_threads, const shape *s, bool biased)
{
    hone_backend *b;
    setenv("HONE_ISA", isa, 1);
    assert_ok(hone__backend_open(&b, "cpu", n_threads));
    multiply(to, b, s, biased);
    hone__backend_close(b);
    unsetenv("HONE_ISA");
}

static void test_same_bits(void **state)
{
    static const shape shapes[] = {{1, 384, 128, false}, {13, 37, 67, true},    {600, 70, 97, false}, {4, 400, 200, true},
                                   {25, 5, 33, false},   {160, 384, 96, false}, {12, 63, 1, true}};
    static const char *const isas[] = {"base", "avx2", "avxvnni", "avx512"}; /* what a machine lacks becomes what it has */
    (void)state;
    fill(bias, MAX_OUT, 3);
    for (size_t k = 0; k < sizeof(shapes) / sizeof(*shapes); k++) {
        const shape *s = &shapes[k];
        fill(x, (size_t)(s->rows * s->in), 1), fill(w, (size_t)(s->out * s->in), 2);
        run(first, "base", 1, s, k % 2 == 0);
        for (size_t i = 0; i < sizeof(isas) / sizeof(*isas); i++)
            for (int n = 1; n <= 4; n++) {
                memset(y, 0xFF, sizeof(y));
                run(y, isas[i], n, s, k % 2 == 0);
                assert_memory_equal(y, first, (size_t)(s->rows * s->out) * sizeof(float));
            }
    }
}

/* A row or an output that holds no number gives none; all others are what they are without it. */
static void test_not_finite(void **state)
{
    static const char *const isas[] = {"base", "avx2", "avxvnni", "avx512"};
    static const float bad[] = {NAN, INFINITY, -INFINITY, -NAN};
    const shape s = {9, 37, 35, false};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            fill(x, (size_t)(s.rows * s.in), 1), fill(w, (size_t)(s.out * s.in), 2);
            run(first, isas[i], 2, &s, false);
            x[4 * s.in + 36] = bad[k];
            w[33 * s.in] = bad[k];
            run(y, isas[i], 2, &s, false);
            for (int64_t r = 0; r < s.rows; r++)
                for (int64_t o = 0; o < s.out; o++) {
                    float is = y[r * s.out + o];
                    assert_true(r == 4 || o == 33 ? is != is : is == first[r * s.out + o]);
                }
        }
}

static void test_zeros(void **state)
{
    static const char *const isas[] = {"base", "avx2", "avxvnni", "avx512"};
    const shape s = {9, 37, 35, true};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        fill(x, (size_t)(s.rows * s.in), 1), fill(w, (size_t)(s.out * s.in), 2), fill(bias, MAX_OUT, 3);
        for (int64_t k = 0; k < s.in; k++)
            x[3 * s.in + k] = 0.0f, x[5 * s.in + k] = 1e-39f, w[k * s.out + 34] = -0.0f;
        run(y, isas[i], 2, &s, true);
        for (int64_t o = 0; o < s.out; o++)
            assert_true(y[3 * s.out + o] == bias[o] && y[5 * s.out + o] == bias[o]);
        for (int64_t r = 0; r < s.rows; r++)
            assert_true(y[r * s.out + 34] == bias[34]);
    }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits), cmocka_unit_test(test_not_finite),
                                          cmocka_unit_test(test_zeros)};
TEST_MAIN(tests)
