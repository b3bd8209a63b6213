/* Fixture task/pipelines/token-classification: every strategy gives the reference's entities, one by one, in batches and through the typed interface. And
 * token_pipeline_more.json: odd texts, words, windows, with fresh models, whose values follow from the seed (HONE_SAVE_MODEL=FOLDER keeps them, for token_pipeline_more.py). */
#include "support/support.h"

#include <hone/pipeline.h>

#include <math.h>
#include <stdlib.h>

#define FOLDER "task/pipelines/token-classification"
/* float32 logits of another order of summation; entities below are the reference's own numbers to about 1e-7 */
#define TOLERANCE 2e-6

static const char *const strategies[] = {"none", "simple", "first", "average", "max"};
enum { N_STRATEGIES = 5, MAX_CASES = 64 };

static hone_pipeline *open_pipeline(hone_aggregation strategy, hone_device *device)
{
    hone_pipeline *p;
    hone_pipeline_options o = {.device = device, .n_threads = 1, .aggregation_strategy = strategy};
    assert_ok(hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, test_fixture(FOLDER), &o));
    return p;
}

/* The cases of a strategy. */
static size_t cases_of(const json_t **out, const json_t *all, const char *strategy)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(all) && n < MAX_CASES; i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(all, i), "aggregation_strategy")), strategy) == 0)
            out[n++] = json_array_get(all, i);
    assert_true(n > 0);
    return n;
}

/* The same keys in the same order, equal values, scores to the tolerance. */
static void compare_entity(const json_t *got, const json_t *want, const char *what)
{
    void *a = json_object_iter((json_t *)(uintptr_t)got), *b = json_object_iter((json_t *)(uintptr_t)want);
    for (; a && b; a = json_object_iter_next((json_t *)(uintptr_t)got, a), b = json_object_iter_next((json_t *)(uintptr_t)want, b)) {
        const json_t *x = json_object_iter_value(a), *y = json_object_iter_value(b);
        assert_string_equal(json_object_iter_key(a), json_object_iter_key(b));
        if (json_is_real(y) ? fabs(json_number_value(x) - json_number_value(y)) > TOLERANCE : !json_equal(x, y))
            fail_msg("%s: %s is %s instead of %s", what, json_object_iter_key(a), json_dumps(x, JSON_ENCODE_ANY),
                     json_dumps(y, JSON_ENCODE_ANY));
    }
    assert_true(!a && !b);
}

static void compare_answer(const char *answer, const json_t *c)
{
    json_t *got;
    const json_t *want = json_object_get(c, "outputs");
    assert_true(json_is_array(want));
    assert_ok(hone__json_parse(&got, answer, strlen(answer), "answer"));
    if (json_array_size(got) != json_array_size(want) || !json_is_array(got))
        fail_msg("%s: %s", json_dumps(c, JSON_COMPACT), answer);
    for (size_t i = 0; i < json_array_size(want); i++)
        compare_entity(json_array_get(got, i), json_array_get(want, i), answer);
    json_decref(got);
}

static void run_batches(const json_t *all, size_t batch_size, hone_device *device)
{
    for (int s = 0; s < N_STRATEGIES; s++) {
        const json_t *cases[MAX_CASES];
        char *texts[MAX_CASES], *answers[MAX_CASES];
        hone_text inputs[MAX_CASES];
        size_t n = cases_of(cases, all, strategies[s]), n_errors;
        hone_pipeline *p = open_pipeline((hone_aggregation)s, device);
        for (size_t first = 0; first < n; first += batch_size) {
            size_t size = n - first < batch_size ? n - first : batch_size;
            for (size_t i = 0; i < size; i++)
                inputs[i] = HONE_TEXT(texts[i] = json_dumps(cases[first + i], JSON_COMPACT));
            assert_ok(hone_pipeline_run_json(answers, &n_errors, p, inputs, size));
            assert_int_equal(n_errors, 0);
            for (size_t i = 0; i < size; i++) {
                compare_answer(answers[i], cases[first + i]);
                hone_pipeline_free_text(answers[i]);
                free(texts[i]);
            }
        }
        hone_pipeline_free(p);
    }
}

static void batches(void **state)
{
    (void)state;
    json_t *all = test_read_json(test_fixture(FOLDER "/cases.json"));
    run_batches(all, 1, NULL);
    run_batches(all, 4, NULL);
    run_batches(all, 64, NULL);
    json_decref(all);
}

static void backend_ref(void **state)
{
    (void)state;
    hone_device *device;
    json_t *all = test_read_json(test_fixture(FOLDER "/cases.json"));
    assert_ok(hone_device_open(&device, &(hone_device_options){.name = "ref"}));
    run_batches(all, 9, device);
    hone_device_free(device);
    json_decref(all);
}

static void compare_typed(const hone_entity *e, const json_t *want, const char *text, bool is_token)
{
    const char *label = json_string_value(json_object_get(want, is_token ? "entity" : "entity_group"));
    assert_string_equal(is_token ? e->entity : e->group, label);
    assert_true((e->entity != NULL) == is_token);
    assert_string_equal(e->word, json_string_value(json_object_get(want, "word")));
    assert_true(fabs((double)e->score - json_number_value(json_object_get(want, "score"))) <= TOLERANCE);
    assert_int_equal(e->start, json_integer_value(json_object_get(want, "start")));
    assert_int_equal(e->end, json_integer_value(json_object_get(want, "end")));
    assert_int_equal(e->index, is_token ? json_integer_value(json_object_get(want, "index")) : -1);
    size_t chars = 0; /* code points before the entity's first byte */
    for (size_t i = 0; i < e->byte_start; i++)
        chars += ((unsigned char)text[i] & 0xC0) != 0x80;
    assert_int_equal(chars, e->start);
}

static void typed(void **state)
{
    (void)state;
    json_t *all = test_read_json(test_fixture(FOLDER "/cases.json"));
    for (int s = 0; s < N_STRATEGIES; s++) {
        const json_t *cases[MAX_CASES];
        size_t n = cases_of(cases, all, strategies[s]);
        hone_pipeline *p = open_pipeline((hone_aggregation)s, NULL);
        for (size_t i = 0; i < n; i++) {
            hone_entities found;
            const char *text = json_string_value(json_object_get(cases[i], "inputs"));
            const json_t *want = json_object_get(cases[i], "outputs");
            assert_ok(hone_pipeline_entities(&found, p, HONE_TEXT(text)));
            assert_int_equal(found.n_entities, json_array_size(want));
            for (size_t k = 0; k < found.n_entities; k++)
                compare_typed(&found.entities[k], json_array_get(want, k), text, s == 0);
            hone_entities_dispose(&found);
            assert_null(found.entities);
        }
        hone_pipeline_free(p);
    }
    json_decref(all);
}

/* ---- further cases, on fresh weights ---- */

static const char *const labels[] = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-A-B", "I-A-B", "X", NULL};

/* A model with the tokenizer of a fixture, in a folder. */
static const char *fresh_folder(const char *type, const char *overrides, const char *tokenizer)
{
    hone_model *model;
    hone_tokenizer *tok;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    const char *keep = getenv("HONE_SAVE_MODEL");
    static char folders[2][4096];
    char *folder = folders[type[0] == 'd'];
    snprintf(folder, sizeof(folders[0]), "%s/%s", keep ? keep : test_temp("models"), type);
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture(tokenizer)));
    o.seed = 5;
    o.labels = labels;
    o.config_overrides = overrides;
    o.vocab_size = (int64_t)hone_tokenizer_vocab_size(tok, true);
    assert_ok(hone_model_from_config(&model, HONE_TOKEN_CLASSIFICATION, type, &o));
    assert_ok(hone_model_save_pretrained(model, folder));
    assert_ok(hone_tokenizer_save(tok, folder));
    hone_model_free(model);
    hone_tokenizer_free(tok);
    return folder;
}

static hone_aggregation strategy_of(const json_t *c)
{
    const char *name = json_string_value(json_object_get(c, "strategy"));
    int s = 0;
    while (strcmp(strategies[s], name) != 0)
        s++;
    return (hone_aggregation)s;
}

/* Case i and those that follow it with the same pipeline, as one batch; returns how many. */
static size_t run_alike(const json_t *all, size_t i, const char *folder)
{
    const json_t *first = json_array_get(all, i), *stride = json_object_get(first, "stride"), *c;
    char *texts[MAX_CASES], *answers[MAX_CASES];
    hone_text inputs[MAX_CASES];
    size_t n = 0, n_errors;
    hone_pipeline *p;
    hone_pipeline_options o = {.n_threads = 1, .aggregation_strategy = strategy_of(first)};
    o.long_text = json_is_null(stride) ? HONE_LONG_TEXT_TRUNCATE : HONE_LONG_TEXT_STRIDE;
    o.stride = (size_t)json_integer_value(stride);
    assert_ok(hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder, &o));
    for (; n < MAX_CASES && (c = json_array_get(all, i + n)); n++) {
        if (strategy_of(c) != o.aggregation_strategy || !json_equal(json_object_get(c, "stride"), stride) ||
            !json_equal(json_object_get(c, "model"), json_object_get(first, "model")))
            break;
        inputs[n] = HONE_TEXT(texts[n] = json_dumps(json_object_get(c, "input"), JSON_COMPACT));
    }
    assert_ok(hone_pipeline_run_json(answers, &n_errors, p, inputs, n));
    assert_int_equal(n_errors, 0);
    for (size_t k = 0; k < n; k++) {
        compare_answer(answers[k], json_array_get(all, i + k));
        hone_pipeline_free_text(answers[k]);
        free(texts[k]);
    }
    hone_pipeline_free(p);
    return n;
}

static void more_cases(void **state)
{
    (void)state;
    const char *bert = fresh_folder("bert",
                                    "hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=32,"
                                    "max_position_embeddings=64,initializer_range=0.4",
                                    "tok/bert-cased");
    const char *distilbert = fresh_folder(
        "distilbert", "dim=16,n_layers=1,n_heads=2,hidden_dim=32,max_position_embeddings=64,initializer_range=0.4", "tok/bert-uncased");
    if (getenv("HONE_SAVE_MODEL"))
        test_skip("the models were saved");
    json_t *all = test_read_json(test_source("tests/parity/token_pipeline_more.json"));
    assert_true(json_array_size(all) > 100);
    for (size_t i = 0; i < json_array_size(all);) {
        const char *model = json_string_value(json_object_get(json_array_get(all, i), "model"));
        i += run_alike(all, i, strcmp(model, "bert") == 0 ? bert : distilbert);
    }
    json_decref(all);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(batches), cmocka_unit_test(backend_ref), cmocka_unit_test(typed),
                                          cmocka_unit_test(more_cases)};
TEST_MAIN(tests)
