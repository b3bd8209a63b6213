/* The counter of entities: rules that are easily got wrong, what is refused, the texts that it gives, and that its memory stays where it is. */
#include "support/support.h"

#include <hone/dataset.h>
#include <hone/log.h>
#include <hone/metrics.h>

typedef const char *tag;

static hone_seqeval *counter(bool strict, int scheme)
{
    hone_seqeval *s = NULL;
    assert_ok(hone_seqeval_new(&s, &(hone_seqeval_options){strict, scheme}));
    return s;
}

static void expect(hone_seqeval *s, int64_t n_correct, int64_t n_predicted, int64_t number)
{
    hone_seqeval_scores scores;
    assert_ok(hone_seqeval_compute(s, &scores));
    assert_int_equal(scores.overall.n_correct, n_correct);
    assert_int_equal(scores.overall.n_predicted, n_predicted);
    assert_int_equal(scores.overall.number, number);
    hone_seqeval_reset(s);
}

/* An I- that nothing opened is an entity for conlleval and none in strict IOB2; sentences do not run into each other. */
static void default_and_strict(void **state)
{
    static const tag open[] = {"I-PER", "I-PER", "B-LOC", "I-ORG"}, closed[] = {"B-PER", "I-PER", "B-LOC", "B-ORG"};
    hone_seqeval *s = counter(false, 0), *t = counter(true, HONE_SCHEME_IOB2);
    (void)state;
    assert_ok(hone_seqeval_add(s, closed, open, 4));
    assert_ok(hone_seqeval_add(t, closed, open, 4));
    expect(s, 3, 3, 3);
    expect(t, 1, 1, 3);
    assert_ok(hone_seqeval_add(s, (tag[]){"B-PER"}, (tag[]){"B-PER"}, 1));
    assert_ok(hone_seqeval_add(s, (tag[]){"I-PER"}, (tag[]){"I-PER"}, 1));
    assert_ok(hone_seqeval_add(s, NULL, NULL, 0));
    expect(s, 2, 2, 2);
    hone_seqeval_free(s);
    hone_seqeval_free(t);
}

static void scheme_is_found(void **state)
{
    hone_seqeval *s = counter(true, HONE_SCHEME_AUTO);
    (void)state;
    assert_fails(HONE_INVALID_ARGUMENT, "begin with nothing", hone_seqeval_compute(s, &(hone_seqeval_scores){0}));
    assert_ok(hone_seqeval_add(s, (tag[]){"I-PER", "O"}, (tag[]){"I-PER", "O"}, 2));
    assert_fails(HONE_INVALID_ARGUMENT, "begin with O, I", hone_seqeval_compute(s, &(hone_seqeval_scores){0}));
    assert_fails(HONE_INVALID_ARGUMENT, "name the scheme", hone_seqeval_compute(s, &(hone_seqeval_scores){0}));
    assert_ok(hone_seqeval_add(s, (tag[]){"I-PER", "E-PER"}, (tag[]){"I-PER", "E-PER"}, 2));
    expect(s, 1, 1, 1);
    /* A prediction may be outside the scheme that the references turn out to have. */
    assert_ok(hone_seqeval_add(s, (tag[]){"B-PER", "I-PER"}, (tag[]){"B-PER", "I-PER"}, 2));
    assert_ok(hone_seqeval_add(s, (tag[]){"B-PER", "I-PER"}, (tag[]){"B-PER", "E-PER"}, 2));
    assert_fails(HONE_INVALID_ARGUMENT, "predictions of sentence 2: tag \"E-PER\" is not of the scheme IOB2, whose tags begin with O, B, I",
                 hone_seqeval_compute(s, &(hone_seqeval_scores){0}));
    assert_ok(hone_seqeval_add(s, (tag[]){"S-PER", "E-PER"}, (tag[]){"S-PER", "E-PER"}, 2));
    expect(s, 1, 2, 1);
    hone_seqeval_free(s);
}

/* What is refused is not counted, not even in part. */
static void refused(void **state)
{
    static const char *const names[] = {"O", "B-PER", ""};
    hone_seqeval *s = NULL;
    (void)state;
    assert_fails(HONE_INVALID_ARGUMENT, "IOB1, IOB2", hone_seqeval_new(&s, &(hone_seqeval_options){true, HONE_SCHEME_IO}));
    assert_null(s);
    s = counter(true, HONE_SCHEME_IOB2);
    assert_fails(HONE_INVALID_ARGUMENT, "tag \"S-PER\" is not of the scheme IOB2",
                 hone_seqeval_add(s, (tag[]){"B-PER", "O"}, (tag[]){"B-PER", "S-PER"}, 2));
    assert_fails(HONE_INVALID_ARGUMENT, "tag \"x\"", hone_seqeval_add(s, (tag[]){"B-PER", "x"}, (tag[]){"B-PER", "O"}, 2));
    assert_fails(HONE_INVALID_ARGUMENT, "an empty tag", hone_seqeval_add(s, (tag[]){"B-PER", ""}, (tag[]){"B-PER", "O"}, 2));
    assert_fails(HONE_INVALID_ARGUMENT, "label 3: there are 3 labels",
                 hone_seqeval_add_ids(s, names, 3, (int32_t[]){1, 3}, (int32_t[]){1, 0}, 2));
    assert_fails(HONE_INVALID_ARGUMENT, "label -1", hone_seqeval_add_ids(s, names, 3, (int32_t[]){1, 0}, (int32_t[]){1, -1}, 2));
    assert_fails(HONE_INVALID_ARGUMENT, "an empty tag", hone_seqeval_add_ids(s, names, 3, (int32_t[]){1, 2}, (int32_t[]){1, 1}, 2));
    expect(s, 0, 0, 0);
    hone_seqeval_free(s);
    s = counter(true, HONE_SCHEME_AUTO);
    assert_fails(HONE_INVALID_ARGUMENT, "not of the schemes", hone_seqeval_add(s, (tag[]){"X-PER"}, (tag[]){"O"}, 1));
    hone_seqeval_free(s);
    hone_seqeval_free(NULL);
}

static void texts(void **state)
{
    static const tag references[] = {"B-PER", "I-PER", "O", "B-Ärger"}, predictions[] = {"B-PER", "I-PER", "O", "O"};
    hone_seqeval *s = counter(true, HONE_SCHEME_AUTO);
    hone_seqeval_scores scores;
    hone_metrics m = HONE_METRICS_INIT;
    char *text;
    double value;
    (void)state;
    assert_ok(hone_seqeval_add(s, references, predictions, 4));
    assert_ok(hone_seqeval_compute(s, &scores));
    assert_ok(hone_seqeval_to_json(&text, &scores));
    assert_string_equal(
        text, "{\"PER\": {\"precision\": 1.0, \"recall\": 1.0, \"f1\": 1.0, \"number\": 1}, "
              "\"Ärger\": {\"precision\": 0.0, \"recall\": 0.0, \"f1\": 0.0, \"number\": 1}, "
              "\"overall_precision\": 1.0, \"overall_recall\": 0.5, \"overall_f1\": 0.6666666666666666, \"overall_accuracy\": 0.75}");
    hone_metrics_free_json(text);
    assert_ok(hone_seqeval_report(&text, s, &scores));
    assert_string_equal(text, "seqeval, strict mode, scheme IOB2 (found in the references); sentences: 1, tags: 4\n\n"
                              "              precision    recall  f1-score   support\n\n"
                              "         PER     1.0000    1.0000    1.0000         1\n"
                              "       Ärger     0.0000    0.0000    0.0000         1\n\n"
                              "   micro avg     1.0000    0.5000    0.6667         2\n"
                              "   macro avg     0.5000    0.5000    0.5000         2\n"
                              "weighted avg     0.5000    0.5000    0.5000         2\n\n"
                              "    accuracy                         0.7500         4\n");
    hone_metrics_free_json(text);
    assert_ok(hone_seqeval_to_metrics(&scores, true, &m));
    assert_ok(hone_metrics_to_json(&text, &m, 0));
    assert_string_equal(
        text, "{\"PER_precision\":1.0,\"PER_recall\":1.0,\"PER_f1\":1.0,\"PER_number\":1,\"Ärger_precision\":0.0,\"Ärger_recall\":0.0,"
              "\"Ärger_f1\":0.0,\"Ärger_number\":1,\"precision\":1.0,\"recall\":0.5,\"f1\":0.6666666666666666,\"accuracy\":0.75}");
    hone_metrics_free_json(text);
    hone_metrics_clear(&m);
    assert_ok(hone_seqeval_to_metrics(&scores, false, &m));
    assert_true(m.n == 4 && hone_metrics_get(&m, "f1", &value) && value == scores.overall.f1);
    hone_metrics_dispose(&m);
    hone_seqeval_free(s);
}

/* Ten thousand sentences after the first thousand ask the allocator for nothing, in every mode. */
static void memory_stays(void **state)
{
    static const tag references[] = {"B-PER", "I-PER", "O", "B-LOC"}, predictions[] = {"B-PER", "B-PER", "O", "I-LOC"};
    static const hone_seqeval_options modes[] = {{false, 0}, {true, HONE_SCHEME_IOB2}, {true, HONE_SCHEME_AUTO}};
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        hone_seqeval *s = counter(modes[m].strict, modes[m].scheme);
        hone_mem_stats before, after;
        assert_ok(hone_seqeval_add(s, references, predictions, 4));
        hone__mem_stats(&before);
        for (int i = 0; i < 10000; i++)
            assert_ok(hone_seqeval_add(s, references, predictions, 4));
        hone__mem_stats(&after);
        assert_int_equal(after.n_requests, before.n_requests);
        expect(s, 0 + (m ? 0 : 10001), m ? 20002 : 30003, 20002);
        hone_seqeval_free(s);
    }
}

static size_t n_lines;

static void count_line(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    n_lines += level == HONE_LOG_WARNING && strstr(line, "does not seem to be a tag") != NULL;
}

/* Each odd tag once, and not for ever. */
static void warnings(void **state)
{
    hone_seqeval *s = counter(false, 0);
    (void)state;
    hone_set_log(count_line, NULL, HONE_LOG_WARNING);
    for (int i = 0; i < 3; i++)
        assert_ok(hone_seqeval_add(s, (tag[]){"L-PER", "O", "B"}, (tag[]){"B-PER", "I-PER", "x"}, 3));
    assert_int_equal(n_lines, 2);
    for (int i = 0; i < 100; i++) {
        char odd[8];
        snprintf(odd, sizeof(odd), "x%d", i);
        assert_ok(hone_seqeval_add(s, (tag[]){odd}, (tag[]){"O"}, 1));
    }
    assert_int_equal(n_lines, 8);
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
    hone_seqeval_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(default_and_strict), cmocka_unit_test(scheme_is_found), cmocka_unit_test(refused), cmocka_unit_test(texts),
    cmocka_unit_test(memory_stays),       cmocka_unit_test(warnings),
};
TEST_MAIN(tests)
