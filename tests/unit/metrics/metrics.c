/* Named numbers, and perplexity in its two senses. */
#include "support/support.h"
#include <hone/metrics.h>

#include <math.h>

static void order_and_kinds(void **state)
{
    (void)state;
    hone_metrics m = HONE_METRICS_INIT, n = HONE_METRICS_INIT;
    char *json;
    double value;
    assert_ok(hone_metrics_set(&m, "eval_loss", 0.1));
    assert_ok(hone_metrics_set_int(&m, "step", 7));
    assert_ok(hone_metrics_set(&m, "perplexity", INFINITY));
    assert_ok(hone_metrics_set(&m, "eval_loss", 3));
    assert_ok(hone_metrics_to_json(&json, &m, 0));
    assert_string_equal(json, "{\"eval_loss\":3.0,\"step\":7,\"perplexity\":Infinity}");
    hone_metrics_free_json(json);
    assert_false(hone_metrics_get(&m, "loss", &value));
    assert_true(hone_metrics_get(&m, "step", &value) && value == 7);
    assert_ok(hone_metrics_update(&n, &m));
    assert_int_equal(n.n, 3);
    assert_true(n.items[1].is_integer);
    hone_metrics_clear(&n);
    assert_int_equal(n.n, 0);
    assert_fails(HONE_INVALID_ARGUMENT, "longer than",
                 hone_metrics_set(&n, "0123456789012345678901234567890123456789012345678901234567890123", 1));
    hone_metrics_dispose(&m);
    hone_metrics_dispose(&n);
}

static void perplexities(void **state)
{
    (void)state;
    const double nll[] = {0, 1, 2};
    assert_true(hone_metric_perplexity(0) == 1);
    assert_true(fabs(hone_metric_perplexity(1) - 2.718281828459045) < 1e-15);
    assert_true(isinf(hone_metric_perplexity(1000)));
    assert_true(isnan(hone_metric_perplexity(NAN)));
    /* (1 + e + e^2) / 3, not e */
    assert_true(fabs(hone_metric_mean_perplexity(nll, 3) - 3.7024459757965653) < 1e-12);
    assert_true(hone_metric_mean_perplexity(NULL, 0) == 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(order_and_kinds), cmocka_unit_test(perplexities)};
TEST_MAIN(tests)
