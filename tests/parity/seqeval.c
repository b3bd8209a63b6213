/* Scores of entities against the package seqeval: the fixture, whose rows are ordinary, and tests/parity/data/seqeval.jsonl, whose rows are not (every scheme, odd tags; seqeval_cases.py beside it wrote
 * it). Numbers are compared to the last bit: seqeval's order of operations is ours. Also the whole of the fixture as one stream, by names and by ids. */
#include "support/support.h"

#include <hone/dataset.h>
#include <hone/metrics.h>

static const struct {
    const char *key;
    hone_seqeval_options options;
} modes[] = {
    {"default", {false, 0}},
    {"strict_IOB1", {true, HONE_SCHEME_IOB1}},
    {"strict_IOB2", {true, HONE_SCHEME_IOB2}},
    {"strict_IOE1", {true, HONE_SCHEME_IOE1}},
    {"strict_IOE2", {true, HONE_SCHEME_IOE2}},
    {"strict_IOBES", {true, HONE_SCHEME_IOBES}},
    {"strict_BILOU", {true, HONE_SCHEME_BILOU}},
    {"strict_auto", {true, HONE_SCHEME_AUTO}},
};

static const char **strings(const json_t *array, size_t *n)
{
    const char **out = NULL;
    *n = json_array_size(array);
    assert_ok(HONE_ALLOC(&out, *n + 1));
    for (size_t i = 0; i < *n; i++)
        out[i] = json_string_value(json_array_get(array, i));
    return out;
}

static hone_status add_row(hone_seqeval *s, const json_t *row)
{
    const json_t *references = json_object_get(row, "references"), *predictions = json_object_get(row, "predictions");
    hone_status status = HONE_OK;
    for (size_t i = 0; i < json_array_size(references) && status == HONE_OK; i++) {
        size_t n, m;
        const char **r = strings(json_array_get(references, i), &n), **p = strings(json_array_get(predictions, i), &m);
        assert_int_equal(n, m);
        status = hone_seqeval_add(s, r, p, n);
        hone__free(r);
        hone__free(p);
    }
    return status;
}

static void same_type(const hone_seqeval_type *t, const char *name, const json_t *report, const char *what)
{
    const json_t *e = json_object_get(report, name);
    if (!e)
        fail_msg("%s: seqeval has no %s", what, name);
    if (t->precision != json_number_value(json_object_get(e, "precision")) ||
        t->recall != json_number_value(json_object_get(e, "recall")) || t->f1 != json_number_value(json_object_get(e, "f1-score")) ||
        t->number != json_integer_value(json_object_get(e, "support")))
        fail_msg("%s: %s: %.17g %.17g %.17g %lld, expected %s", what, name, t->precision, t->recall, t->f1, (long long)t->number,
                 json_dumps(e, 0));
}

/* Rows of types and of averages as in a report; averages that numpy calls NaN (of no type) are 0 here. */
static void same_report(const hone_seqeval_scores *scores, const json_t *report, const char *what)
{
    for (size_t i = 0; i < scores->n_types; i++)
        same_type(&scores->types[i], scores->types[i].name, report, what);
    if (scores->n_types + 3 != json_object_size(report))
        fail_msg("%s: %zu types, %s", what, scores->n_types, json_dumps(report, 0));
    same_type(&scores->overall, "micro avg", report, what);
    same_type(&scores->macro, "macro avg", report, what);
    same_type(&scores->weighted, "weighted avg", report, what);
}

static size_t check_row(const json_t *row, size_t number)
{
    size_t n_checked = 0;
    for (size_t m = 0; m < sizeof(modes) / sizeof(*modes); m++) {
        const json_t *report = json_object_get(row, modes[m].key);
        hone_seqeval *s = NULL;
        hone_seqeval_scores scores;
        char what[64];
        if (!report)
            continue;
        snprintf(what, sizeof(what), "row %zu, %s", number, modes[m].key);
        assert_ok(hone_seqeval_new(&s, &modes[m].options));
        hone_status status = add_row(s, row);
        if (status == HONE_OK)
            status = hone_seqeval_compute(s, &scores);
        if (json_is_object(report)) {
            if (status != HONE_OK)
                fail_msg("%s: %s", what, hone_error_message());
            same_report(&scores, report, what);
            if (json_number_value(json_object_get(row, "accuracy")) != scores.accuracy)
                fail_msg("%s: accuracy %.17g", what, scores.accuracy);
        } else if (status != HONE_INVALID_ARGUMENT) {
            fail_msg("%s: seqeval raises an error here", what);
        }
        hone_seqeval_free(s);
        n_checked++;
    }
    return n_checked;
}

static void check_file(const char *path, size_t at_least)
{
    json_t *rows = test_read_jsonl(path);
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(rows); i++)
        n += check_row(json_array_get(rows, i), i + 1);
    printf("%s: %zu reports\n", path, n);
    assert_true(n >= at_least);
    json_decref(rows);
}

static void fixture(void **state)
{
    (void)state;
    check_file(test_fixture("task/seqeval.jsonl"), 160);
}

static void odd_tags(void **state)
{
    (void)state;
    check_file(test_source("tests/parity/data/seqeval.jsonl"), 500);
}

/* ---- by ids ---- */

static const char *const names[] = {"O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"};
enum { N_NAMES = sizeof(names) / sizeof(*names) };

static int32_t id_of(const char *name)
{
    for (int32_t i = 0; i < N_NAMES; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    fail_msg("%s is no label", name);
    return -1;
}

/* The tags of a sentence as ids, with masked places between them, whose predictions are nonsense. */
static size_t masked_ids(int32_t *references, int32_t *predictions, const json_t *r, const json_t *p)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(r); i++) {
        references[n] = -100, predictions[n++] = 99;
        references[n] = id_of(json_string_value(json_array_get(r, i)));
        predictions[n++] = id_of(json_string_value(json_array_get(p, i)));
    }
    return n;
}

static void ids_and_names_agree(void **state)
{
    json_t *rows = test_read_jsonl(test_fixture("task/seqeval.jsonl"));
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        hone_seqeval *by_name = NULL, *by_id = NULL;
        hone_seqeval_scores a, b;
        char *x, *y;
        assert_ok(hone_seqeval_new(&by_name, &modes[m].options));
        assert_ok(hone_seqeval_new(&by_id, &modes[m].options));
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i), *r = json_object_get(row, "references"), *p = json_object_get(row, "predictions");
            assert_ok(add_row(by_name, row));
            for (size_t k = 0; k < json_array_size(r); k++) {
                int32_t references[256], predictions[256];
                size_t n = masked_ids(references, predictions, json_array_get(r, k), json_array_get(p, k));
                assert_ok(hone_seqeval_add_ids(by_id, names, N_NAMES, references, predictions, n));
            }
        }
        assert_ok(hone_seqeval_compute(by_name, &a));
        assert_ok(hone_seqeval_compute(by_id, &b));
        assert_ok(hone_seqeval_to_json(&x, &a));
        assert_ok(hone_seqeval_to_json(&y, &b));
        assert_string_equal(x, y);
        assert_true(a.overall.number > 500 && a.n_sentences == b.n_sentences && a.n_tags == b.n_tags);
        hone_metrics_free_json(x);
        hone_metrics_free_json(y);
        hone_seqeval_free(by_name);
        hone_seqeval_free(by_id);
    }
    json_decref(rows);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(fixture), cmocka_unit_test(odd_tags), cmocka_unit_test(ids_and_names_agree)};
TEST_MAIN(tests)
