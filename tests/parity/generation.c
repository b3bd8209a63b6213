/* Fixture task/generation (ids of transformers' generate): greedy, repetition penalty, beams, no_repeat_ngram, to the last id; alone and as a batch of prompts of
 * different lengths. generation_more.json has further cases (end-of-text, early stopping, scores, batches), made by generation_more.py from a model of hone's. */
#include "support/support.h"

#include <hone/generate.h>
#include <math.h>
#include <stdlib.h>

#define CASES "task/generation"

static hone_model *open_model(const char *folder, hone_device *device)
{
    hone_model *model;
    hone_model_options options = HONE_MODEL_OPTIONS_INIT;
    options.device = device;
    assert_ok(hone_model_from_pretrained(&model, HONE_TASK_NONE, folder, &options));
    return model;
}

static int32_t *ids_of(const json_t *array, size_t *n)
{
    int32_t *ids;
    *n = json_array_size(array);
    assert_ok(HONE_ALLOC(&ids, *n + 1));
    for (size_t i = 0; i < *n; i++)
        ids[i] = (int32_t)json_integer_value(json_array_get(array, i));
    return ids;
}

static int64_t setting(const json_t *settings, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(settings, key);
    return value ? json_integer_value(value) : fallback;
}

static double real_setting(const json_t *settings, const char *key, double fallback)
{
    const json_t *value = json_object_get(settings, key);
    return value ? json_number_value(value) : fallback;
}

static hone_generate_options options_of(const json_t *row)
{
    const json_t *s = json_object_get(row, "settings");
    hone_generate_options o = HONE_GENERATE_OPTIONS_INIT;
    o.max_new_tokens = json_integer_value(json_object_get(row, "max_new_tokens"));
    o.num_beams = setting(s, "num_beams", 1);
    o.num_return_sequences = setting(s, "num_return_sequences", 1);
    o.no_repeat_ngram_size = setting(s, "no_repeat_ngram_size", 0);
    o.repetition_penalty = real_setting(s, "repetition_penalty", 1.0);
    o.length_penalty = real_setting(s, "length_penalty", 1.0);
    o.early_stopping = json_is_true(json_object_get(s, "early_stopping"));
    o.eos_token_id = setting(s, "eos_token_id", -2);
    o.pad_token_id = setting(s, "pad_token_id", 0);
    return o;
}

static void compare_row(const json_t *row, size_t number, const hone_generation *g, size_t first)
{
    const json_t *expected = json_object_get(row, "output_ids"), *scores = json_object_get(row, "scores");
    for (size_t k = 0; k < json_array_size(expected); k++) {
        size_t n;
        int32_t *want = ids_of(json_array_get(expected, k), &n);
        if (g->widths[first + k] != (int32_t)n || memcmp(g->ids[first + k], want, n * sizeof(*want)) != 0) {
            size_t at = 0;
            while (at < n && at < (size_t)g->widths[first + k] && want[at] == g->ids[first + k][at])
                at++;
            char *settings = json_dumps(json_object_get(row, "settings"), 0);
            fail_msg("case %zu %s, sequence %zu: %d ids, expected %zu; the first difference is at %zu", number, settings, k,
                     g->widths[first + k], n, at);
        }
        /* sums of up to 40 float32 log-probabilities, times a power of their number */
        double score = scores ? json_number_value(json_array_get(scores, k)) : 0.0;
        if (scores && fabs(g->scores[first + k] - score) > 1e-5 * (10.0 + fabs(score)))
            fail_msg("case %zu, sequence %zu: score %.9g, expected %.9g", number, k, g->scores[first + k], score);
        hone__free(want);
    }
}

static void run_case(const hone_model *model, const json_t *row, size_t number)
{
    hone_generate_options o = options_of(row);
    hone_generation g;
    size_t n;
    int32_t *prompt = ids_of(json_object_get(row, "prompt_ids"), &n);
    assert_ok(hone_generate(&g, model, (const int32_t *const[]){prompt}, &n, 1, &o));
    assert_int_equal(g.n_sequences, json_array_size(json_object_get(row, "output_ids")));
    compare_row(row, number, &g, 0);
    hone_generation_dispose(&g);
    hone__free(prompt);
}

static void run_file(const char *path, const char *folder, const char *device_name)
{
    hone_device *device;
    json_t *cases = test_read_json(path);
    assert_ok(hone_device_open(&device, &(hone_device_options){.name = device_name}));
    hone_model *model = open_model(folder, device);
    assert_true(json_array_size(cases) > 0);
    for (size_t i = 0; i < json_array_size(cases); i++)
        run_case(model, json_array_get(cases, i), i);
    hone_model_free(model);
    hone_device_free(device);
    json_decref(cases);
}

static void fixture_cpu(void **state)
{
    (void)state;
    run_file(test_fixture(CASES "/cases.json"), test_fixture(CASES), "cpu");
}

static void fixture_ref(void **state)
{
    (void)state;
    run_file(test_fixture(CASES "/cases.json"), test_fixture(CASES), "ref");
}

/* All cases of one setting as one batch: prompts of different lengths, each row as if it were alone. */
static void run_batch(const hone_model *model, const json_t *cases, const json_t *settings)
{
    int32_t *prompts[64];
    size_t lengths[64], rows[64], n = 0;
    for (size_t i = 0; i < json_array_size(cases) && n < 64; i++) {
        const json_t *row = json_array_get(cases, i);
        if (!json_equal(json_object_get(row, "settings"), settings))
            continue;
        rows[n] = i;
        prompts[n] = ids_of(json_object_get(row, "prompt_ids"), &lengths[n]);
        n++;
    }
    hone_generate_options o = options_of(json_array_get(cases, rows[0]));
    hone_generation g;
    assert_ok(hone_generate(&g, model, (const int32_t *const *)prompts, lengths, n, &o));
    for (size_t k = 0; k < n; k++) {
        compare_row(json_array_get(cases, rows[k]), rows[k], &g, k * (size_t)o.num_return_sequences);
        hone__free(prompts[k]);
    }
    hone_generation_dispose(&g);
}

static void fixture_as_batches(void **state)
{
    json_t *cases = test_read_json(test_fixture(CASES "/cases.json"));
    hone_model *model = open_model(test_fixture(CASES), NULL);
    (void)state;
    for (size_t i = 0; i < 5; i++) /* the file goes through five settings for each prompt */
        run_batch(model, cases, json_object_get(json_array_get(cases, i), "settings"));
    hone_model_free(model);
    json_decref(cases);
}

/* ---- further cases, on fresh weights: their values follow from the seed ---- */

static hone_model *fresh_model(hone_device *device)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *model;
    o.device = device;
    o.seed = 11;
    o.config_overrides = "vocab_size=61,n_embd=32,n_layer=2,n_head=4,n_positions=96,initializer_range=0.2,bos_token_id=60,eos_token_id=60";
    assert_ok(hone_model_from_config(&model, HONE_CAUSAL_LM, "gpt2", &o));
    return model;
}

static json_t *more(const char *key)
{
    json_t *file = test_read_json(test_source("tests/parity/generation_more.json")), *part = json_incref(json_object_get(file, key));
    json_decref(file);
    assert_true(json_array_size(part) > 0);
    return part;
}

static void run_more(const char *device_name)
{
    hone_device *device;
    assert_ok(hone_device_open(&device, &(hone_device_options){.name = device_name}));
    hone_model *model = fresh_model(device);
    json_t *cases = more("cases");
    for (size_t i = 0; i < json_array_size(cases); i++)
        run_case(model, json_array_get(cases, i), i);
    json_decref(cases);
    hone_model_free(model);
    hone_device_free(device);
}

static void more_cases_cpu(void **state)
{
    (void)state;
    run_more("cpu");
}

static void more_cases_ref(void **state)
{
    (void)state;
    run_more("ref");
}

/* The reference pads rows to the longest of the batch, hone to the longest of the prompt. */
static void compare_batch_row(const hone_generation *g, size_t i, const json_t *expected)
{
    size_t n;
    int32_t *want = ids_of(expected, &n);
    assert_in_range(g->widths[i], 1, n);
    assert_memory_equal(g->ids[i], want, (size_t)g->widths[i] * sizeof(*want));
    for (size_t k = (size_t)g->widths[i]; k < n; k++)
        assert_int_equal(want[k], 60);
    hone__free(want);
}

static void more_batches(void **state)
{
    hone_model *model = fresh_model(NULL);
    json_t *batches = more("batches");
    (void)state;
    for (size_t i = 0; i < json_array_size(batches); i++) {
        const json_t *batch = json_array_get(batches, i), *prompts = json_object_get(batch, "prompts");
        hone_generate_options o = options_of(batch);
        int32_t *ids[16];
        size_t lengths[16], n = json_array_size(prompts);
        hone_generation g;
        for (size_t k = 0; k < n; k++)
            ids[k] = ids_of(json_array_get(prompts, k), &lengths[k]);
        assert_ok(hone_generate(&g, model, (const int32_t *const *)ids, lengths, n, &o));
        assert_int_equal(g.n_sequences, json_array_size(json_object_get(batch, "output_ids")));
        for (size_t k = 0; k < g.n_sequences; k++)
            compare_batch_row(&g, k, json_array_get(json_object_get(batch, "output_ids"), k));
        hone_generation_dispose(&g);
        for (size_t k = 0; k < n; k++)
            hone__free(ids[k]);
    }
    json_decref(batches);
    hone_model_free(model);
}

/* For generation_more.py: HONE_SAVE_MODEL names a folder. */
static void save_for_the_reference(void **state)
{
    const char *folder = getenv("HONE_SAVE_MODEL");
    (void)state;
    if (!folder)
        return;
    hone_model *model = fresh_model(NULL);
    assert_ok(hone_model_save_pretrained(model, folder));
    hone_model_free(model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fixture_cpu),        cmocka_unit_test(fixture_ref),
    cmocka_unit_test(fixture_as_batches), cmocka_unit_test(save_for_the_reference),
    cmocka_unit_test(more_cases_cpu),     cmocka_unit_test(more_cases_ref),
    cmocka_unit_test(more_batches),
};
TEST_MAIN(tests)
