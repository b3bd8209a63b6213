/* GPT-2's head of rows against transformers' GPT2ForSequenceClassification (data/gpt2_rows.jsonl by data/gpt2_rows.py): logits, loss and every gradient for each problem_type, on `ref` and
 * `cpu`; which token stands for a row, with a padding id in the text and without one; and that a saved folder says what it is and gives the same logits.
 *
 * Both sides compute in float32 with other orders of summation: values agree to 1e-5 of the tensor's largest. */
#include "models/class.h"
#include "support/support.h"

#include <hone/log.h>
#include <math.h>

#define SHAPE "vocab_size=19,n_positions=8,n_embd=8,n_layer=2,n_head=2,n_inner=12,resid_pdrop=0,embd_pdrop=0,attn_pdrop=0"
enum { MAX_ROWS = 8, MAX_TOKENS = 64, MAX_LABELS = 3 };

typedef struct world {
    const json_t *expected;
    hone_device *device;
    hone_model *model;
    hone_tape *tape;
    int32_t ids[MAX_TOKENS], starts[MAX_ROWS + 1], labels[MAX_ROWS];
    float targets[MAX_ROWS * MAX_LABELS];
    hone_batch batch;
} world;

static json_t *read_cases(void)
{
    return test_read_jsonl(test_source("tests/parity/data/gpt2_rows.jsonl"));
}

static const json_t *get(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        fail_msg("the expectations have no %s", key);
    return value;
}

/* The weights that gpt2_rows.py gives its model. */
static void set_weights(hone_model *m)
{
    hone_backend *b = m->params->backend;
    hone_parameter p;
    for (size_t k = 0; hone_model_parameter(m, k, &p); k++) {
        size_t n = (size_t)hone_tensor_count(p.value);
        double one = strstr(p.name, "ln_") && hone__ends_with(p.name, "weight") ? 1.0 : 0.0;
        float *values;
        assert_ok(HONE_ALLOC(&values, n));
        for (size_t i = 0; i < n; i++)
            values[i] = (float)(one + 0.4 * sin(0.7 * (double)i + 1.3 * (double)k + 0.5));
        assert_ok(b->ops->upload(b, p.value->data, values, n * sizeof(float)));
        hone__free(values);
    }
    hone__params_changed(m->params);
}

static void make_batch(world *w)
{
    const json_t *rows = get(w->expected, "rows"), *labels = get(w->expected, "labels"), *row, *id, *x;
    size_t r, i, n = 0, k = 0;
    w->batch = (hone_batch){.cu_seqlens = w->starts, .input_ids = w->ids, .n_labelled = -1, .n_rows = (int32_t)json_array_size(rows)};
    json_array_foreach(rows, r, row)
    {
        json_array_foreach(row, i, id) w->ids[n++] = (int32_t)json_integer_value(id);
        w->starts[r + 1] = (int32_t)n;
        w->batch.longest = (int32_t)i > w->batch.longest ? (int32_t)i : w->batch.longest;
    }
    w->batch.n_tokens = (int32_t)n;
    json_array_foreach(labels, r, row)
    {
        if (json_is_integer(row)) {
            w->labels[r] = (int32_t)json_integer_value(row);
            w->batch.row_labels = w->labels;
            continue;
        }
        json_array_foreach(row, i, x) w->targets[k++] = (float)json_number_value(x);
        w->batch.row_targets = w->targets;
    }
}

static hone_problem problem_of(const json_t *expected)
{
    const char *name = json_string_value(get(expected, "problem_type"));
    return strcmp(name, "regression") == 0    ? HONE_PROBLEM_REGRESSION
           : hone__starts_with(name, "multi") ? HONE_PROBLEM_MULTI_LABEL
                                              : HONE_PROBLEM_SINGLE_LABEL;
}

static void world_open(world *w, const json_t *expected, const char *device, bool has_pad)
{
    static const char *const three[] = {"a", "b", "c", NULL}, *const one[] = {"a", NULL};
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    *w = (world){.expected = expected};
    make_batch(w);
    assert_ok(hone_device_open(&w->device, &(hone_device_options){.name = device, .n_threads = 2}));
    o.device = w->device;
    o.for_training = true;
    o.config_overrides = SHAPE;
    o.pad_token_id = has_pad ? 0 : -1;
    o.labels = json_integer_value(get(expected, "n_labels")) == 1 ? one : three;
    assert_ok(hone_model_from_config(&w->model, HONE_TEXT_CLASSIFICATION, "gpt2", &o));
    assert_ok(hone__model_set_problem(w->model, problem_of(expected)));
    set_weights(w->model);
    assert_ok(hone_tape_new(&w->tape, w->device, &(hone_tape_options){.recording = true, .training = true, .seed = 3}));
}

static void world_close(world *w)
{
    hone_tape_free(w->tape);
    hone_model_free(w->model);
    hone_device_free(w->device);
}

/* Largest difference as a part of the expected values' largest. */
static void compare(const char *name, const hone_tensor *x, const json_t *expected)
{
    size_t n = json_array_size(expected);
    double worst = 0.0, scale = 1e-30;
    float *got;
    assert_non_null(x);
    assert_int_equal(hone_tensor_count(x), n);
    assert_ok(HONE_ALLOC(&got, n));
    assert_ok(hone_tensor_read(x, got, n));
    for (size_t i = 0; i < n; i++) {
        double value = json_number_value(json_array_get(expected, i)), difference = fabs((double)got[i] - value);
        worst = difference > worst || difference != difference ? difference : worst;
        scale = fabs(value) > scale ? fabs(value) : scale;
    }
    if (!(worst <= 1e-5 * scale))
        fail_msg("%s: differs by %g of %g", name, worst, scale);
    hone__free(got);
}

static void check_gradients(const world *w)
{
    const json_t *grad = get(w->expected, "grad");
    hone_parameter p;
    size_t n = 0;
    for (; hone_model_parameter(w->model, n, &p); n++)
        compare(p.name, p.grad, get(grad, p.name));
    assert_int_equal(n, json_object_size(grad));
}

static void check_case(const json_t *expected, const char *device, bool recompute)
{
    world w;
    double got, loss = json_number_value(get(expected, "loss"));
    world_open(&w, expected, device, true);
    hone_model_set_recompute(w.model, recompute);
    hone_output out = hone_model_forward(w.model, w.tape, &w.batch);
    assert_ok(hone_tape_status(w.tape));
    compare("logits", out.logits, get(expected, "logits"));
    assert_int_equal(hone_model_count_items(w.model, &w.batch), w.batch.n_rows);
    hone_tensor *total = hone_model_loss(w.tape, &out, &w.batch);
    assert_ok(hone_tape_status(w.tape));
    assert_ok(hone_tensor_item(total, &got));
    assert_true(fabs(got - loss) <= 1e-5 * loss);
    assert_ok(hone_tape_backward(w.tape, total));
    check_gradients(&w);
    world_close(&w);
    world_open(&w, expected, device, false); /* no padding: each row's last token, whatever it is */
    out = hone_model_forward(w.model, w.tape, &w.batch);
    assert_ok(hone_tape_status(w.tape));
    compare("logits without a padding id", out.logits, get(expected, "logits_without_pad"));
    world_close(&w);
}

static void check(const char *device)
{
    json_t *cases = read_cases(), *expected;
    size_t i;
    json_array_foreach(cases, i, expected)
    {
        check_case(expected, device, false);
        check_case(expected, device, true);
    }
    assert_int_equal(i, 3);
    json_decref(cases);
}

static void ref(void **state)
{
    (void)state;
    check("ref");
}

static void cpu(void **state)
{
    (void)state;
    check("cpu");
}

/* ---- files ---- */

static char log_text[2048];

static void keep_log(void *payload, hone_log_level level, const char *line)
{
    size_t n = strlen(log_text);
    (void)payload;
    (void)level;
    snprintf(log_text + n, sizeof(log_text) - n, "%s\n", line);
}

static hone_model *load(hone_task_kind task, const char *folder, const char *overrides)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    o.config_overrides = overrides;
    log_text[0] = '\0';
    hone_set_log(keep_log, NULL, HONE_LOG_WARNING);
    assert_ok(hone_model_from_pretrained(&m, task, folder, &o));
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
    return m;
}

static void saved_and_loaded(void **state)
{
    json_t *cases = read_cases(), *config;
    const char *folder = test_temp("rows");
    char path[4096];
    world w;
    (void)state;
    world_open(&w, json_array_get(cases, 0), "cpu", true);
    assert_ok(hone_model_save_pretrained(w.model, folder));
    snprintf(path, sizeof(path), "%s/config.json", folder);
    config = test_read_json(path);
    assert_string_equal(json_string_value(json_array_get(get(config, "architectures"), 0)), "GPT2ForSequenceClassification");
    assert_string_equal(json_string_value(get(config, "problem_type")), "single_label_classification");
    assert_int_equal(json_object_size(get(config, "id2label")), 3);
    json_decref(config);
    hone_model *m = load(HONE_TASK_NONE, folder, NULL);
    assert_string_equal(log_text, "");
    assert_int_equal(hone_model_task(m), HONE_TEXT_CLASSIFICATION);
    hone_output out = hone_model_forward(m, w.tape, &w.batch);
    assert_ok(hone_tape_status(w.tape));
    compare("logits", out.logits, get(w.expected, "logits"));
    hone_model_free(m);
    m = load(HONE_CAUSAL_LM, folder, NULL); /* and back: the head of the vocabulary is the embeddings */
    assert_non_null(strstr(log_text, "were not used when initializing GPT2LMHeadModel: ['score.weight']\n"));
    assert_null(strstr(log_text, "newly initialized"));
    hone_model_free(m);
    world_close(&w);
    json_decref(cases);
}

/* A language model's folder: one warning, of the new head; of a head of its own, which is lost, another. */
static void from_a_language_model(void **state)
{
    static const char fresh[] = "GPT2ForSequenceClassification were not initialized",
                      lost[] = "not used when initializing GPT2ForSequenceClassification: ['lm_head.weight']";
    const char *folder = test_temp("language"), *own = test_temp("own_head");
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    size_t n;
    (void)state;
    o.config_overrides = SHAPE;
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    assert_ok(hone_model_save_pretrained(m, folder));
    hone_model_free(m);
    m = load(HONE_TEXT_CLASSIFICATION, folder, NULL);
    assert_non_null(strstr(log_text, fresh));
    assert_non_null(strstr(log_text, "newly initialized: ['score.weight']. You should"));
    assert_null(strstr(log_text, "lm_head"));
    assert_null(strchr(strchr(log_text, '\n') + 1, '\n'));
    assert_non_null(hone_model_labels(m, &n));
    assert_int_equal(n, 2);
    hone_model_free(m);

    o.config_overrides = SHAPE ",tie_word_embeddings=false";
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    assert_ok(hone_model_save_pretrained(m, own));
    hone_model_free(m);
    hone_model_free(load(HONE_TEXT_CLASSIFICATION, own, NULL));
    assert_non_null(strstr(log_text, lost));
    hone_model_free(load(HONE_TEXT_CLASSIFICATION, own, "tie_word_embeddings=true")); /* as old files of tied models are, with both names */
    assert_null(strstr(log_text, "lm_head"));
    assert_non_null(strstr(log_text, fresh));
}

static void empty_row(void **state)
{
    json_t *cases = read_cases();
    world w;
    (void)state;
    world_open(&w, json_array_get(cases, 0), "cpu", true);
    w.starts[1] = 0;
    hone_output out = hone_model_forward(w.model, w.tape, &w.batch);
    assert_null(out.logits);
    assert_fails(HONE_INVALID_ARGUMENT, "row 0 is empty", hone_tape_status(w.tape));
    world_close(&w);
    json_decref(cases);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(ref), cmocka_unit_test(cpu), cmocka_unit_test(saved_and_loaded),
                                          cmocka_unit_test(from_a_language_model), cmocka_unit_test(empty_row)};
TEST_MAIN(tests)
