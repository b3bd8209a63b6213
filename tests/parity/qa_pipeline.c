/* Fixture task/pipelines/question-answering: the reference's answers, by JSON and through the typed interface; a long context in windows, several answers, none, what is refused. */
#include "support/support.h"

#include <hone/pipeline.h>

#include <math.h>
#include <stdlib.h>

#define FOLDER "task/pipelines/question-answering"

static hone_pipeline *open_pipeline(const hone_pipeline_options *more)
{
    hone_pipeline *p;
    hone_pipeline_options o = more ? *more : (hone_pipeline_options){0};
    o.n_threads = 1;
    assert_ok(hone_pipeline_new(&p, HONE_QUESTION_ANSWERING, test_fixture(FOLDER), &o));
    return p;
}

static hone_text text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (hone_text){json_string_value(value), json_string_length(value)};
}

static json_t *parse(const char *answer)
{
    json_t *out;
    assert_ok(hone__json_parse(&out, answer, strlen(answer), "answer"));
    return out;
}

/* Scores are products of two probabilities of float32 logits: relative to 1e-4. */
static void compare(const json_t *got, const json_t *want)
{
    static const char *const keys[] = {"score", "start", "end", "answer"};
    assert_int_equal(json_object_size(got), 4);
    void *at = json_object_iter((json_t *)(uintptr_t)got);
    for (size_t i = 0; i < 4; i++, at = json_object_iter_next((json_t *)(uintptr_t)got, at)) {
        const json_t *x = json_object_iter_value(at), *y = json_object_get(want, keys[i]);
        assert_string_equal(json_object_iter_key(at), keys[i]);
        if (i == 0)
            assert_true(fabs(json_number_value(x) - json_number_value(y)) < 1e-4 * json_number_value(y));
        else
            assert_true(json_equal(x, y));
    }
}

static void answers_are_the_references(void **state)
{
    (void)state;
    json_t *cases = test_read_json(test_fixture(FOLDER "/cases.json")), *c;
    hone_pipeline *p = open_pipeline(NULL);
    size_t i, n_errors;
    json_array_foreach(cases, i, c)
    {
        char *answer, *line = json_dumps(c, JSON_COMPACT);
        hone_text input = HONE_TEXT(line), context = text_of(c, "context");
        hone_span_answers found;
        const json_t *want = json_object_get(c, "outputs");
        assert_ok(hone_pipeline_run_json(&answer, &n_errors, p, &input, 1));
        assert_int_equal(n_errors, 0);
        json_t *got = parse(answer);
        compare(got, want);
        json_decref(got);
        hone_pipeline_free_text(answer);
        assert_ok(hone_pipeline_answers(&found, p, text_of(c, "question"), context));
        assert_int_equal(found.n_answers, 1);
        hone_text expected = text_of(want, "answer");
        assert_int_equal(found.answers[0].byte_end - found.answers[0].byte_start, expected.len);
        assert_memory_equal(context.data + found.answers[0].byte_start, expected.data, expected.len);
        hone_span_answers_dispose(&found);
        free(line);
    }
    assert_true(i > 4);
    hone_pipeline_free(p);
    json_decref(cases);
}

/* Made with transformers 4.57.3: tests/parity/qa_pipeline_more.py writes the file. */
static void options_are_the_references(void **state)
{
    (void)state;
    json_t *cases = test_read_json(test_source("tests/parity/qa_pipeline_more.json")), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        hone_pipeline_options o = {.top_k = (size_t)json_integer_value(json_object_get(c, "top_k")),
                                   .max_answer_len = (size_t)json_integer_value(json_object_get(c, "max_answer_len")),
                                   .max_seq_len = (size_t)json_integer_value(json_object_get(c, "max_seq_len")),
                                   .doc_stride = (size_t)json_integer_value(json_object_get(c, "doc_stride")),
                                   .handle_impossible_answer = json_is_true(json_object_get(c, "handle_impossible_answer")),
                                   .no_word_alignment = json_is_false(json_object_get(c, "align_to_words"))};
        hone_pipeline *p = open_pipeline(&o);
        char *answer;
        const json_t *want = json_object_get(c, "outputs");
        assert_ok(hone_pipeline_run_pair(&answer, p, text_of(c, "question"), text_of(c, "context")));
        json_t *got = parse(answer);
        assert_int_equal(json_is_array(got), json_is_array(want));
        if (json_is_object(want))
            compare(got, want);
        assert_int_equal(json_array_size(got), json_array_size(want));
        for (size_t k = 0; k < json_array_size(want); k++)
            compare(json_array_get(got, k), json_array_get(want, k));
        json_decref(got);
        hone_pipeline_free_text(answer);
        hone_pipeline_free(p);
    }
    assert_true(i > 20);
    json_decref(cases);
}

static void bad_inputs_are_refused(void **state)
{
    (void)state;
    hone_pipeline *p = open_pipeline(NULL);
    hone_span_answers found;
    char *answers[3];
    size_t n_errors;
    hone_str question = HONE_STR_INIT;
    const hone_text inputs[] = {HONE_TEXT("\"text\""), HONE_TEXT("{\"question\": \"who?\"}"),
                                HONE_TEXT("{\"question\": \"who?\", \"context\": \"\"}")};
    assert_ok(hone_pipeline_run_json(answers, &n_errors, p, inputs, 3));
    assert_int_equal(n_errors, 3);
    assert_non_null(strstr(answers[0], "an input must be {\\\"question\\\": text, \\\"context\\\": text}"));
    assert_non_null(strstr(answers[2], "the context is empty"));
    for (int i = 0; i < 3; i++)
        hone_pipeline_free_text(answers[i]);
    assert_fails(HONE_INVALID_ARGUMENT, "not UTF-8", hone_pipeline_answers(&found, p, HONE_TEXT("\xFF"), HONE_TEXT("a")));
    for (int i = 0; i < 200; i++)
        hone__str_puts(&question, "who ");
    assert_fails(HONE_INVALID_ARGUMENT, "too short", hone_pipeline_answers(&found, p, HONE_TEXT(question.data), HONE_TEXT("a b c")));
    assert_int_equal(found.n_answers, 0);
    hone__str_dispose(&question);
    hone_pipeline_free(p);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(answers_are_the_references), cmocka_unit_test(options_are_the_references),
                                          cmocka_unit_test(bad_inputs_are_refused)};
TEST_MAIN(tests)
