/* Metrics of classes, correlations and SQuAD against the reference: the fixtures, and tests/parity/data (metric_cases.py beside the files says how they were made; HONE_METRIC_CASES names another folder of them). */
#include "support/support.h"

#include "metrics/text.h"
#include <hone/metrics.h>

#include <math.h>
#include <stdlib.h>

static json_t *rows_of(const char *name)
{
    char path[4200];
    const char *folder = getenv("HONE_METRIC_CASES");
    snprintf(path, sizeof(path), "%s/%s", folder ? folder : test_source("tests/parity/data"), name);
    return test_read_jsonl(path);
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_non_null(value);
    return json_is_null(value) ? NAN : json_number_value(value);
}

/* (n) the numbers of an array; hone__free it. */
static double *numbers(const json_t *array, size_t *n)
{
    double *out = NULL;
    *n = json_array_size(array);
    assert_ok(HONE_ALLOC(&out, *n + 1));
    for (size_t i = 0; i < *n; i++)
        out[i] = json_number_value(json_array_get(array, i));
    return out;
}

/* In two parts, for counting is streaming. */
static hone_class_counts *counts_of(const json_t *row)
{
    const json_t *references = json_object_get(row, "references"), *predictions = json_object_get(row, "predictions");
    hone_class_counts *c;
    size_t n = json_array_size(references);
    int32_t r[64], p[64];
    assert_ok(hone_class_counts_new(&c));
    for (size_t i = 0; i < n; i++) {
        r[i] = (int32_t)json_integer_value(json_array_get(references, i));
        p[i] = (int32_t)json_integer_value(json_array_get(predictions, i));
    }
    assert_ok(hone_class_counts_add(c, r, p, n / 2));
    assert_ok(hone_class_counts_add(c, r + n / 2, p + n / 2, n - n / 2));
    return c;
}

static void glue_fixture(void **state)
{
    json_t *rows = test_read_jsonl(test_fixture("task/glue_metric.jsonl"));
    (void)state;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        hone_class_counts *c = counts_of(row);
        hone_metrics m = HONE_METRICS_INIT;
        double accuracy = -1, f1 = -1;
        assert_ok(hone_glue_metrics(&m, "mrpc", c));
        assert_true(m.n == 2 && hone_metrics_get(&m, "accuracy", &accuracy) && hone_metrics_get(&m, "f1", &f1));
        assert_true(accuracy == number(row, "accuracy") && f1 == number(row, "f1"));
        hone_metrics_dispose(&m);
        hone_class_counts_free(c);
    }
    assert_true(json_array_size(rows) >= 20);
    json_decref(rows);
}

/* To the last bit, but for Matthews', whose sums scikit-learn leaves to BLAS. */
static void check_classes(const json_t *row)
{
    static const char *const averages[] = {"binary", "macro", "micro", "weighted"};
    const json_t *scores = json_object_get(row, "scores");
    hone_class_counts *c = counts_of(row);
    hone_class_scores s;
    for (int a = 0; a < 4; a++) {
        const json_t *expected = json_object_get(scores, averages[a]);
        assert_ok(hone_class_counts_compute(c, (hone_average)a, 1, &s));
        const double got[] = {s.precision, s.recall, s.f1};
        for (size_t k = 0; k < 3; k++)
            if (got[k] != json_number_value(json_array_get(expected, k)))
                fail_msg("%s: %.17g, expected %s", averages[a], got[k], json_dumps(expected, 0));
        assert_true(s.accuracy == number(scores, "accuracy"));
        assert_true(fabs(s.matthews_correlation - number(scores, "matthews_correlation")) < 1e-14);
    }
    hone_class_counts_free(c);
}

static void check_numbers(const json_t *row)
{
    size_t n;
    double *x = numbers(json_object_get(row, "x"), &n), *y = numbers(json_object_get(row, "y"), &n), got;
    double pearson = number(row, "pearson"), spearman = number(row, "spearman");
    /* some tens of roundings of numbers below 1 */
    assert_ok(hone_metric_pearson(&got, x, y, n));
    if (!(isnan(got) ? isnan(pearson) : fabs(got - pearson) < 1e-13))
        fail_msg("pearson %.17g, expected %.17g", got, pearson);
    assert_ok(hone_metric_spearman(&got, x, y, n));
    if (!(isnan(got) ? isnan(spearman) : fabs(got - spearman) < 1e-13))
        fail_msg("spearman %.17g, expected %.17g", got, spearman);
    hone__free(x);
    hone__free(y);
}

static void classes(void **state)
{
    json_t *rows = rows_of("classes.jsonl");
    (void)state;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        (json_object_get(row, "x") ? check_numbers : check_classes)(row);
    }
    assert_true(json_array_size(rows) >= 90);
    json_decref(rows);
}

/* ---- SQuAD ---- */

/* exact and F1 of one question, 0 to 1 like the fixture's. */
static void score(double out[2], const json_t *row, bool version_2)
{
    const json_t *answers = json_object_get(row, "answers");
    const char *golds[16];
    hone_squad *s;
    hone_metrics m = HONE_METRICS_INIT;
    for (size_t i = 0; i < json_array_size(answers); i++)
        golds[i] = json_string_value(json_array_get(answers, i));
    assert_ok(hone_squad_new(&s, version_2));
    assert_ok(hone_squad_add(s, json_string_value(json_object_get(row, "prediction")), golds, json_array_size(answers), 0));
    assert_ok(hone_squad_compute(s, &m, 1, false));
    assert_true(hone_metrics_get(&m, version_2 ? "exact" : "exact_match", &out[0]) && hone_metrics_get(&m, "f1", &out[1]));
    hone_metrics_dispose(&m);
    hone_squad_free(s);
}

static void squad_fixture(void **state)
{
    json_t *rows = test_read_jsonl(test_fixture("task/squad_metric.jsonl"));
    (void)state;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        double got[2];
        score(got, row, false);
        /* the fixture's F1 is 2 same / (m + n), the official script's goes by way of precision and recall: some roundings */
        if (got[0] != 100 * number(row, "exact_match") || fabs(got[1] - 100 * number(row, "f1")) > 1e-12 * 100)
            fail_msg("%s: %g %g", json_dumps(row, 0), got[0], got[1]);
    }
    assert_true(json_array_size(rows) >= 80);
    json_decref(rows);
}

static void check_text(const json_t *row)
{
    const char *text = json_string_value(json_object_get(row, "text")), *expected = json_string_value(json_object_get(row, "normalised"));
    hone_answer a = HONE_ANSWER_INIT;
    assert_ok(hone__answer_normalise(&a, text, strlen(text)));
    if (a.text.len != strlen(expected) || (a.text.len && memcmp(a.text.data, expected, a.text.len) != 0))
        fail_msg("\"%s\" becomes \"%.*s\", expected \"%s\"", text, (int)a.text.len, a.text.data, expected);
    hone__answer_dispose(&a);
}

static void check_answer(const json_t *row)
{
    static const char *const keys[] = {"v1", "v2"};
    for (int version_2 = 0; version_2 < 2; version_2++) {
        const json_t *expected = json_object_get(row, keys[version_2]);
        double got[2];
        score(got, row, version_2);
        for (size_t k = 0; k < 2; k++)
            if (got[k] != 100 * json_number_value(json_array_get(expected, k)))
                fail_msg("%s: %s: %.17g", json_dumps(row, 0), keys[version_2], got[k]);
    }
}

static void squad_answers(void **state)
{
    json_t *rows = rows_of("squad.jsonl");
    (void)state;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        (json_object_get(row, "text") ? check_text : check_answer)(row);
    }
    assert_true(json_array_size(rows) >= 300);
    json_decref(rows);
}

static const char *write_part(const json_t *row, const char *key)
{
    const char *path = test_temp(key);
    char *text = json_dumps(json_object_get(row, key), 0);
    test_write_text(path, text);
    free(text);
    return path;
}

static void squad_files(void **state)
{
    json_t *rows = rows_of("squad_files.jsonl");
    (void)state;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *dataset = write_part(row, "dataset"), *predictions = write_part(row, "predictions");
        hone_metric_options o = HONE_METRIC_OPTIONS_INIT;
        char *got;
        json_t *json;
        o.no_answer_threshold = number(row, "threshold");
        o.no_answer_file = json_is_null(json_object_get(row, "na_probs")) ? NULL : write_part(row, "na_probs");
        assert_ok(
            hone_metric_from_files(&got, json_is_true(json_object_get(row, "version_2")) ? "squad_v2" : "squad", dataset, predictions, &o));
        assert_ok(hone__json_parse(&json, got, strlen(got), "scores"));
        const char *key;
        json_t *expected;
        json_object_foreach(json_object_get(row, "scores"), key,
                            expected) if (json_number_value(json_object_get(json, key)) != json_number_value(expected) ||
                                          !json_object_get(json, key))
            fail_msg("row %zu: %s: %s, expected %s", i + 1, key, got, json_dumps(json_object_get(row, "scores"), 0));
        assert_int_equal(json_object_size(json), json_object_size(json_object_get(row, "scores")));
        json_decref(json);
        hone_metrics_free_json(got);
    }
    assert_true(json_array_size(rows) >= 40);
    json_decref(rows);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(glue_fixture),  cmocka_unit_test(classes),     cmocka_unit_test(squad_fixture),
    cmocka_unit_test(squad_answers), cmocka_unit_test(squad_files),
};
TEST_MAIN(tests)
