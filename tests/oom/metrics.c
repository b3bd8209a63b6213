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

static const struct CMUnitTest tests[] = {cmocka_unit_test(seqeval_survives)};
TEST_MAIN(tests)
