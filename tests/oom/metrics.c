/* Each allocation fails in turn while metrics are counted and written. */
#include "support/support.h"

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

static const struct CMUnitTest tests[] = {cmocka_unit_test(seqeval_survives), cmocka_unit_test(files_survive)};
TEST_MAIN(tests)
