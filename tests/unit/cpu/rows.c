/* Products of some rows (kernels/rows.c, and gemv.c for few) of every instruction set against double: all sizes around the tiles, rows with gaps, alpha and beta, nothing written
 * outside. Tolerance: a dot product of n numbers below 1 in float32 partial sums is off by a few ulp of its terms' sum; 1e-6 n is above that. */
#include "tensor/cpu/cpu.h"

#include "support/support.h"

#include <math.h>

enum { MAX_ROWS = 21, MAX_OUT = 21, MAX_IN = 67, GAP = 3 };

static float x[MAX_ROWS * (MAX_IN + GAP)], w[MAX_OUT * (MAX_IN + GAP)], y[MAX_ROWS * (MAX_OUT + GAP)];

static float number(size_t i)
{
    return (float)((double)((i * 2654435761u) % 1000u) / 500.0 - 1.0);
}

static double expected(size_t r, size_t o, size_t n_in, size_t ld)
{
    double sum = 0.0;
    for (size_t i = 0; i < n_in; i++)
        sum += (double)x[r * ld + i] * (double)w[o * ld + i];
    return sum;
}

/* What is beside a row or an output is NaN, so that reading it shows. */
static void fill(size_t n_x, size_t n_out, size_t n_in, float beta)
{
    size_t ld = n_in + GAP, ldy = n_out + GAP;
    for (size_t i = 0; i < n_x * ld; i++)
        x[i] = i % ld < n_in ? number(i) : NAN;
    for (size_t i = 0; i < n_out * ld; i++)
        w[i] = i % ld < n_in ? number(i + 77) : NAN;
    for (size_t i = 0; i < n_x * ldy; i++)
        y[i] = i % ldy >= n_out ? 7.0f : beta != 0 ? 0.5f : NAN;
}

static void check(const hone_kernels *k, bool few, size_t n_x, size_t n_out, size_t n_in, float alpha, float beta)
{
    size_t ld = n_in + GAP, ldy = n_out + GAP;
    fill(n_x, n_out, n_in, beta);
    hone_gemv g = {y, x, w, ldy, ld, ld, n_x, n_out, n_in, alpha, beta};
    (few ? k->gemv_out_in : k->rows_out_in)(&g);
    for (size_t i = 0; i < n_x * ldy; i++) {
        size_t r = i / ldy, o = i % ldy;
        double want = o >= n_out ? 7.0 : (double)alpha * expected(r, o, n_in, ld) + (beta != 0 ? 0.5 * (double)beta : 0.0);
        if (!(fabs((double)y[i] - want) <= 1e-6 * (double)(n_in + 1)))
            fail_msg("%zu rows, %zu outputs, %zu inputs: (%zu, %zu) is %.9g instead of %.9g", n_x, n_out, n_in, r, o, (double)y[i], want);
    }
}

static void check_all(const hone_kernels *k)
{
    static const size_t n_ins[] = {1, 7, 8, 15, 16, 17, 32, 48, 67};
    for (size_t n_x = 1; n_x <= MAX_ROWS; n_x++)
        for (size_t n_out = 1; n_out <= MAX_OUT; n_out++)
            for (size_t i = 0; i < sizeof(n_ins) / sizeof(*n_ins); i++) {
                check(k, false, n_x, n_out, n_ins[i], 1.0f, 0.0f);
                check(k, false, n_x, n_out, n_ins[i], 0.25f, 2.0f);
                if (n_x <= HONE_GEMV_ROWS)
                    check(k, true, n_x, n_out, n_ins[i], 0.25f, 1.0f);
            }
}

static void base(void **state)
{
    (void)state;
    check_all(&hone__kernels_base);
}

#ifdef __x86_64__
static void avx2(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        test_skip("this processor has no AVX2");
    check_all(&hone__kernels_avx2);
}

static void avx512(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        test_skip("this processor has no AVX-512");
    check_all(&hone__kernels_avx512);
}
#endif

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(base),
#ifdef __x86_64__
    cmocka_unit_test(avx2),
    cmocka_unit_test(avx512),
#endif
};
TEST_MAIN(tests)
