/* Fixture task/generation through the pipeline of text generation: prompts as ids, in batches of every size, give the reference's ids; a bad input gives its own error. */
#include "support/support.h"

#include <hone/pipeline.h>

#include <stdlib.h>

#define MAX_CASES 200

static double setting(const json_t *c, const char *name, double otherwise)
{
    const json_t *value = json_object_get(json_object_get(c, "settings"), name);
    return value ? json_number_value(value) : otherwise;
}

static hone_pipeline_options options_of(const json_t *c)
{
    hone_pipeline_options o = HONE_PIPELINE_OPTIONS_INIT;
    o.generate.max_new_tokens = json_integer_value(json_object_get(c, "max_new_tokens"));
    o.generate.num_beams = (int64_t)setting(c, "num_beams", 1);
    o.generate.num_return_sequences = (int64_t)setting(c, "num_return_sequences", 1);
    o.generate.no_repeat_ngram_size = (int64_t)setting(c, "no_repeat_ngram_size", 0);
    o.generate.repetition_penalty = setting(c, "repetition_penalty", 1);
    o.generate.length_penalty = setting(c, "length_penalty", 1);
    return o;
}

/* The cases of `all` with the settings of case `first`; returns their number. */
static size_t same_settings(const json_t **out, const json_t *all, size_t first)
{
    size_t n = 0;
    for (size_t i = first; i < json_array_size(all) && n < MAX_CASES; i++) {
        const json_t *a = json_array_get(all, i), *b = json_array_get(all, first);
        if (json_equal(json_object_get(a, "settings"), json_object_get(b, "settings")) &&
            json_equal(json_object_get(a, "max_new_tokens"), json_object_get(b, "max_new_tokens")))
            out[n++] = a;
    }
    return n;
}

static bool is_first_of_kind(const json_t *all, size_t i)
{
    const json_t *kind[MAX_CASES];
    for (size_t k = 0; k < i; k++) {
        size_t n = same_settings(kind, all, k);
        for (size_t j = 0; j < n; j++)
            if (kind[j] == json_array_get(all, i))
                return false;
    }
    return true;
}

static void check_answer(const char *answer, const json_t *c)
{
    json_t *got;
    assert_ok(hone__json_parse(&got, answer, strlen(answer), "answer"));
    if (!json_equal(json_object_get(got, "output_ids"), json_object_get(c, "output_ids"))) {
        char *expected = json_dumps(json_object_get(c, "output_ids"), JSON_COMPACT);
        fail_msg("%s instead of %s", answer, expected);
    }
    json_decref(got);
}

static void check_kind(const char *model, const json_t **cases, size_t n, size_t batch_size)
{
    hone_pipeline *p;
    hone_pipeline_options o = options_of(cases[0]);
    char *texts[MAX_CASES], *answers[MAX_CASES];
    hone_text inputs[MAX_CASES];
    assert_ok(hone_pipeline_new(&p, HONE_CAUSAL_LM, model, &o));
    for (size_t first = 0; first < n; first += batch_size) {
        size_t size = n - first < batch_size ? n - first : batch_size, n_errors;
        for (size_t i = 0; i < size; i++) {
            texts[i] = json_dumps(cases[first + i], JSON_COMPACT);
            inputs[i] = HONE_TEXT(texts[i]);
        }
        assert_ok(hone_pipeline_run_json(answers, &n_errors, p, inputs, size));
        assert_int_equal(n_errors, 0);
        for (size_t i = 0; i < size; i++) {
            check_answer(answers[i], cases[first + i]);
            hone_pipeline_free_text(answers[i]);
            free(texts[i]);
        }
    }
    hone_pipeline_free(p);
}

static void fixture(void **state)
{
    (void)state;
    json_t *all = test_read_json(test_fixture("task/generation/cases.json"));
    const char *model = test_fixture("task/generation");
    const json_t *kind[MAX_CASES];
    size_t n_checked = 0;
    for (size_t i = 0; i < json_array_size(all); i++) {
        if (!is_first_of_kind(all, i))
            continue;
        size_t n = same_settings(kind, all, i);
        for (size_t batch_size = 1; batch_size <= 4; batch_size += 3)
            check_kind(model, kind, n, batch_size);
        n_checked += n;
    }
    assert_int_equal(n_checked, json_array_size(all));
    json_decref(all);
}

static void bad_inputs(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"{\"prompt_ids\": [5, 6]}", "{\"output_ids\": [[5, 6, "},
        {"{\"prompt_ids\": []}", "with one at least"},
        {"nonsense", "input:3:1"},
        {"{\"prompt_ids\": [5, 99999]}", "99999"},
        {"{\"prompt_ids\": [-1]}", "entry 1 is no id"},
        {"{\"question\": \"a\"}", "an input must be"},
        {"\"the text\"", "[{\"generated_text\": \"the text"},
        {"{\"prompt_ids\": [5, 6]}", "{\"output_ids\": [[5, 6, "},
        {"\"\"", "[{\"generated_text\": \""},
    };
    enum { N = sizeof(lines) / sizeof(*lines) };
    hone_pipeline *p;
    hone_text inputs[N];
    char *answers[N], *one;
    size_t n_errors;
    hone_pipeline_options o = HONE_PIPELINE_OPTIONS_INIT;
    o.generate.max_new_tokens = 4;
    assert_ok(hone_pipeline_new(&p, HONE_CAUSAL_LM, test_fixture("task/generation"), &o));
    for (size_t i = 0; i < N; i++)
        inputs[i] = HONE_TEXT(lines[i][0]);
    assert_ok(hone_pipeline_run_json(answers, &n_errors, p, inputs, N));
    assert_int_equal(n_errors, 5);
    for (size_t i = 0; i < N; i++) {
        if (!strstr(answers[i], lines[i][1]))
            fail_msg("%s: %s lacks %s", lines[i][0], answers[i], lines[i][1]);
        if ((strncmp(answers[i], "{\"error\": ", 10) == 0) != (i > 0 && i < 6))
            fail_msg("%s: %s", lines[i][0], answers[i]);
    }
    assert_string_equal(answers[0], answers[7]);
    for (size_t i = 0; i < N; i++)
        hone_pipeline_free_text(answers[i]);
    assert_ok(hone_pipeline_run(&one, p, HONE_TEXT("the text")));
    assert_non_null(strstr(one, "[{\"generated_text\": \"the text"));
    hone_pipeline_free_text(one);
    hone_pipeline_free(p);
    assert_fails(HONE_UNSUPPORTED, "no pipeline for feature-extraction", hone_pipeline_new(&p, HONE_FEATURE_EXTRACTION, "x", NULL));
    assert_fails(HONE_NOT_FOUND, "absent", hone_pipeline_new(&p, HONE_CAUSAL_LM, test_temp("absent"), NULL));
    assert_null(p);
}

/* Without a length: 256 tokens, or what the positions (128 here) leave; sampling does not depend on the size of batches. */
static void lengths_and_samples(void **state)
{
    (void)state;
    hone_pipeline *p;
    char *first[4], *second[4];
    size_t n_errors;
    hone_text inputs[4];
    for (size_t i = 0; i < 4; i++)
        inputs[i] = HONE_TEXT(i % 2 ? "{\"prompt_ids\": [5, 6, 7]}" : "{\"prompt_ids\": [8]}");
    hone_pipeline_options o = HONE_PIPELINE_OPTIONS_INIT;
    o.generate.max_new_tokens = -1;
    o.generate.do_sample = true;
    o.generate.eos_token_id = -1;
    assert_ok(hone_pipeline_new(&p, HONE_CAUSAL_LM, test_fixture("task/generation"), &o));
    assert_ok(hone_pipeline_run_json(first, &n_errors, p, inputs, 4));
    assert_int_equal(n_errors, 0);
    size_t n_ids = 1;
    for (const char *c = first[0]; *c; c++)
        n_ids += *c == ',';
    assert_int_equal(n_ids, 128);
    assert_string_not_equal(first[0], first[2]);
    hone_pipeline_free(p);
    assert_ok(hone_pipeline_new(&p, HONE_CAUSAL_LM, test_fixture("task/generation"), &o));
    for (size_t i = 0; i < 4; i++) {
        assert_ok(hone_pipeline_run_json(&second[i], &n_errors, p, &inputs[i], 1));
        assert_string_equal(first[i], second[i]);
        hone_pipeline_free_text(first[i]);
        hone_pipeline_free_text(second[i]);
    }
    hone_pipeline_free(p);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(fixture), cmocka_unit_test(bad_inputs), cmocka_unit_test(lengths_and_samples)};
TEST_MAIN(tests)
