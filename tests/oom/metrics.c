/* Each allocation fails in turn while metrics are counted and written. */
#include "oom/again.h"

#include <hone/metrics.h>

static const char *const references[] = {"B-PER", "I-PER", "O", "B-ORG", "E-LOC", "B"};
static const char *const predictions[] = {"B-PER", "I-LOC", "O", "I-ORG", "I-LOC", "x"};
static const int32_t ids[] = {0, 1, -100, 2, 3, 4};

static hone_status entities(void *payload)
{
    hone_seqeval *s = NULL;
    hone_seqeval_scores scores;
    hone_metrics m = HONE_METRICS_INIT;
    char *json = NULL, *table = NULL;
    size_t n = ((const hone_seqeval_options *)payload)->strict ? 5 : 6;
    hone_status status = hone_seqeval_new(&s, payload);
    if (status == HONE_OK)
        status = hone_seqeval_add(s, references, predictions, n);
    if (status == HONE_OK)
        status = hone_seqeval_add_ids(s, references, n, ids, ids, n - 1);
    if (status == HONE_OK)
        status = hone_seqeval_compute(s, &scores);
    if (status == HONE_OK)
        status = hone_seqeval_to_json(&json, &scores);
    if (status == HONE_OK)
        status = hone_seqeval_report(&table, s, &scores);
    if (status == HONE_OK)
        status = hone_seqeval_to_metrics(&scores, true, &m);
    hone_metrics_dispose(&m);
    hone_metrics_free_json(json);
    hone_metrics_free_json(table);
    hone_seqeval_free(s);
    return status;
}

static void seqeval_survives(void **state)
{
    hone_seqeval_options strict = {true, 0}, plain = HONE_SEQEVAL_OPTIONS_INIT;
    (void)state;
    assert_true(test_oom(entities, &plain) > 10);
    assert_true(test_oom(entities, &strict) > 10);
}

static hone_status from_files(void *payload)
{
    hone_metric_options o = HONE_METRIC_OPTIONS_INIT;
    const char *name = payload;
    bool squad = strncmp(name, "squad", 5) == 0;
    char *json = NULL;
    o.average = HONE_AVERAGE_MACRO;
    o.no_answer_file = test_temp("na.json");
    hone_status status =
        hone_metric_from_files(&json, name, test_temp(squad ? "dev.json" : "labels"), test_temp(squad ? "answers.json" : "labels"), &o);
    hone_metrics_free_json(json);
    return status;
}

static void files_survive(void **state)
{
    static const char *const names[] = {"seqeval", "f1", "glue/mrpc", "glue/stsb", "squad", "squad_v2"};
    (void)state;
    test_write_text(test_temp("labels"), "1\n0\n1\n");
    test_write_text(test_temp("dev.json"),
                    "{\"data\": [{\"paragraphs\": [{\"qas\": [{\"id\": \"a\", \"answers\": [{\"text\": \"the \\u03a3 cat\"}]}, "
                    "{\"id\": \"b\", \"answers\": []}]}]}]}");
    test_write_text(test_temp("answers.json"), "{\"a\": \"cat\", \"b\": \"\"}");
    test_write_text(test_temp("na.json"), "{\"a\": 0.5, \"b\": 0.25}");
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_true(test_oom(from_files, (void *)(uintptr_t)names[i]) > 4);
}

/* ---- call by call ---- */

static hone_status use_list(void *payload)
{
    hone_metrics a = HONE_METRICS_INIT, b = HONE_METRICS_INIT;
    char *json = NULL;
    hone_status status;
    (void)payload;
    SURVIVE(a.n == 0, hone_metrics_set_int(&a, "n", 7));
    SURVIVE(a.n == 1, hone_metrics_set(&a, "x", 0.5));
    SURVIVE(a.n == 2, hone_metrics_update(&b, &a));
    SURVIVE(!json, hone_metrics_to_json(&json, &b, 2));
    assert_string_equal(json, "{\n  \"n\": 7,\n  \"x\": 0.5\n}");
done:
    hone_metrics_free_json(json);
    hone_metrics_dispose(&a);
    hone_metrics_dispose(&b);
    return status;
}

/* What a failing call would have counted is not counted. */
static hone_status use_counts(void *payload)
{
    static const int32_t wanted[] = {0, 1, 20, 2}, given[] = {0, 1, 1, 30};
    hone_class_counts *c = NULL;
    hone_class_scores scores;
    hone_metrics m = HONE_METRICS_INIT;
    hone_status status;
    (void)payload;
    SURVIVE(!c, hone_class_counts_new(&c));
    SURVIVE(true, hone_class_counts_add(c, wanted, given, 2));
    SURVIVE(true, hone_class_counts_add(c, wanted, given, 4));
    SURVIVE(true, hone_class_counts_compute(c, HONE_AVERAGE_MACRO, 1, &scores));
    assert_int_equal(scores.n, 6);
    assert_true(scores.accuracy == 4.0 / 6.0);
    SURVIVE(m.n == 0, hone_glue_metrics(&m, "mrpc", c));
    assert_int_equal(m.n, 2);
done:
    hone_metrics_dispose(&m);
    hone_class_counts_free(c);
    return status;
}

static hone_status use_correlations(void *payload)
{
    static const double x[] = {1, 2, 3, 4}, y[] = {1, 2, 4, 3};
    hone_metrics m = HONE_METRICS_INIT;
    double r, rho;
    hone_status status;
    (void)payload;
    SURVIVE(true, hone_metric_pearson(&r, x, y, 4));
    SURVIVE(true, hone_metric_spearman(&rho, x, y, 4));
    assert_true(r > 0.79 && r < 0.81 && rho > 0.79 && rho < 0.81);
    SURVIVE(true, hone_glue_regression_metrics(&m, x, y, 4));
    assert_int_equal(m.n, 2);
done:
    hone_metrics_dispose(&m);
    return status;
}

static hone_status use_squad(void *payload)
{
    static const char *const golds[] = {
        "the \u03a3 cat", "a dog of some length, with so many words that more room is needed for them than for those of the others"};
    hone_squad *s = NULL;
    hone_metrics m = HONE_METRICS_INIT;
    double value;
    hone_status status;
    SURVIVE(!s, hone_squad_new(&s, payload != NULL));
    SURVIVE(true, hone_squad_add(s, "Cat", golds, 1, 0.25));
    SURVIVE(true, hone_squad_add(s, golds[1], golds, 2, 0.5));
    SURVIVE(true, hone_squad_add(s, NULL, golds, 1, 0.0));
    SURVIVE(true, hone_squad_compute(s, &m, 1.0, true));
    assert_true(hone_metrics_get(&m, payload ? "total" : "exact_match", &value));
    assert_true(value > (payload ? 2.5 : 33) && value < (payload ? 3.5 : 34)); /* each question was counted once */
done:
    hone_metrics_dispose(&m);
    hone_squad_free(s);
    return status;
}

static void calls_survive(void **state)
{
    (void)state;
    assert_in_range(sweep_calls(use_list, NULL, 0), 3, 100);
    assert_in_range(sweep_calls(use_counts, NULL, 0), 4, 100);
    assert_in_range(sweep_calls(use_correlations, NULL, 0), 3, 100);
    assert_in_range(sweep_calls(use_squad, NULL, 0), 3, 100);
    assert_in_range(sweep_calls(use_squad, &(int){2}, 0), 3, 100);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(seqeval_survives), cmocka_unit_test(files_survive),
                                          cmocka_unit_test(calls_survive)};
TEST_MAIN(tests)
