/* The vector functions of every instruction set against double, on a million points: exp through EXP, the activations and their derivatives.
 *
 * Tolerances (engine.md, 10): exp 2 ulp. GELU in the erf form: erf to 4e-7 gives |x| 2e-7 absolute, and 4 ulp of rounding. The derivatives have |x| phi(x) besides.
 * tanh 4e-7 relative. The sigmoid and the slopes 1e-6 relative, down to the smallest. */
#include "tensor/cpu/cpu.h"

#include "support/support.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS = 1000000 };

static double gelu(double x)
{
    return 0.5 * x * erfc(-x * 0.70710678118654752440);
}
static double gelu_slope(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440) + x * 0.39894228040143267794 * exp(-0.5 * x * x);
}
static double tanh_argument(double x)
{
    return 0.79788456080286535588 * (x + 0.044715 * x * x * x);
}
static double gelu_new(double x)
{
    return 0.5 * x * (1.0 + tanh(tanh_argument(x)));
}
static double gelu_new_slope(double x)
{
    double t = tanh(tanh_argument(x));
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.79788456080286535588 * (1.0 + 3.0 * 0.044715 * x * x);
}
static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}
static double sigmoid_slope(double x)
{
    return sigmoid(x) * sigmoid(-x);
}
static double tanh_slope(double x)
{
    return 1.0 / (cosh(x) * cosh(x));
}

static const char *const isas[] = {"base", "avx2", "avx512"};

/* Points x in [-range, range], among them 0 and the ends; y = what the kernel gives. */
static float x[POINTS], y[POINTS], ones[POINTS];

static void fill(double range)
{
    for (int i = 0; i < POINTS; i++)
        x[i] = (float)(range * (2.0 * i / (POINTS - 1) - 1.0)), ones[i] = 1.0f;
    x[POINTS / 2] = 0.0f;
}

/* The largest |y - f(x)| / (absolute + relative |f(x)|) must be below 1. */
static void check(const char *isa, const char *name, double (*f)(double), double absolute, double relative)
{
    double worst = 0.0, at = 0.0;
    for (int i = 0; i < POINTS; i++) {
        double expected = f((double)x[i]), error = fabs((double)y[i] - expected) / (absolute + relative * fabs(expected));
        if (!(error <= worst))
            worst = error, at = (double)x[i];
    }
    print_message("%-8s %-16s %.3f of the tolerance at x = %g\n", isa, name, worst, at);
    assert_true(worst < 1.0);
}

static void check_isa(const char *isa)
{
    hone_backend *b = NULL;
    setenv("HONE_ISA", isa, 1);
    assert_int_equal(hone__backend_open(&b, "cpu", 1), HONE_OK);
    const hone_kernels *k = hone__cpu(b);
    fill(87.0);
    k->unary(y, x, POINTS, HONE_UNARY_EXP, 0, 0);
    check(isa, "exp", exp, 0.0, 2 * 0x1p-23);
    fill(9.0);
    k->act(y, x, POINTS, HONE_ACT_TANH);
    check(isa, "tanh", tanh, 0.0, 4e-7);
    k->act_grad(y, ones, x, POINTS, HONE_ACT_TANH, 0);
    check(isa, "tanh'", tanh_slope, 0.0, 1e-6);
    k->act(y, x, POINTS, HONE_ACT_SIGMOID);
    check(isa, "sigmoid", sigmoid, 0.0, 1e-6);
    k->act_grad(y, ones, x, POINTS, HONE_ACT_SIGMOID, 0);
    check(isa, "sigmoid'", sigmoid_slope, 0.0, 1e-6);
    k->act(y, x, POINTS, HONE_ACT_GELU);
    check(isa, "gelu", gelu, 2e-7, 4e-7);
    k->act_grad(y, ones, x, POINTS, HONE_ACT_GELU, 0);
    check(isa, "gelu'", gelu_slope, 4e-7, 4e-7);
    k->act(y, x, POINTS, HONE_ACT_GELU_NEW);
    check(isa, "gelu_new", gelu_new, 2e-7, 4e-7);
    k->act_grad(y, ones, x, POINTS, HONE_ACT_GELU_NEW, 0);
    check(isa, "gelu_new'", gelu_new_slope, 4e-7, 4e-7);
    fill(0.5);
    k->act(y, x, POINTS, HONE_ACT_GELU);
    check(isa, "gelu, small x", gelu, 1e-38, 4e-7);
    hone__backend_close(b);
    unsetenv("HONE_ISA");
}

static void test_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        check_isa(isas[i]);
}

/* What exp does at its ends: no denormals, infinity, and NaN goes through. */
static void test_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        hone_backend *b = NULL;
        float in[7] = {-INFINITY, -200.0f, -88.0f, 88.7f, 100.0f, INFINITY, NAN}, out[7];
        setenv("HONE_ISA", isas[i], 1);
        assert_int_equal(hone__backend_open(&b, "cpu", 1), HONE_OK);
        hone__cpu(b)->unary(out, in, 7, HONE_UNARY_EXP, 0, 0);
        assert_true(out[0] == 0.0f && out[1] == 0.0f && out[2] == 0.0f);
        assert_true(fabs((double)out[3] / exp((double)88.7f) - 1.0) < 1e-6);
        assert_true(out[4] == INFINITY && out[5] == INFINITY && isnan(out[6]));
        hone__cpu(b)->act(out, in, 7, HONE_ACT_GELU);
        assert_true(isnan(out[6]));
        hone__backend_close(b);
    }
    unsetenv("HONE_ISA");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(test_functions), cmocka_unit_test(test_ends)};
TEST_MAIN(tests)
