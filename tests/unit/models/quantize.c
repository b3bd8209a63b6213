/* hone_model_quantize: logits stay near those of float32, for any number of threads the same; what has no number in it does not look as if it had; what a model in 8 bits cannot do is refused. */
#include "models/class.h"
#include "models/encoder.h"
#include "nn/op.h"
#include "support/support.h"

#include <math.h>

#define BERT   "vocab_size=61,hidden_size=64,num_hidden_layers=3,num_attention_heads=4,intermediate_size=130,max_position_embeddings=16"
#define DISTIL "vocab_size=61,dim=64,n_layers=2,n_heads=4,hidden_dim=96,max_position_embeddings=16"
#define GPT2   "vocab_size=67,n_embd=48,n_layer=2,n_head=4,n_positions=16"

static const int32_t ids[] = {1, 5, 9, 60, 0, 7, 8}, starts[] = {0, 4, 7};
static const hone_batch batch = {.n_tokens = 7, .n_rows = 2, .longest = 4, .cu_seqlens = starts, .input_ids = ids, .n_labelled = -1};

static hone_device *open_device(int n_threads)
{
    hone_device *d;
    assert_ok(hone_device_open(&d, &(hone_device_options){.name = "cpu", .n_threads = n_threads}));
    return d;
}

/* Saved and loaded again, so that weights are lent by the file, or have memory of their own (query, key and value). */
static const char *a_folder(hone_task_kind task, const char *type, const char *overrides)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    char name[64];
    o.config_overrides = overrides;
    snprintf(name, sizeof(name), "%s-%d", type, (int)task);
    const char *folder = test_temp(name);
    assert_ok(hone_model_from_config(&m, task, type, &o));
    assert_ok(hone_model_save_pretrained(m, folder));
    hone_model_free(m);
    return folder;
}

static hone_model *load(const char *folder, hone_device *device, bool quantized)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    o.device = device;
    assert_ok(hone_model_from_pretrained(&m, HONE_TASK_NONE, folder, &o));
    if (quantized)
        assert_ok(hone_model_quantize(m, HONE_QUANTIZE_INT8));
    return m;
}

static size_t logits_of(float *out, size_t room, const hone_model *m)
{
    static const int32_t all[] = {0, 1, 2, 3, 4, 5, 6};
    hone_tape *t;
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){.recording = false}));
    hone_output o = hone_model_forward(m, t, &batch);
    hone_tensor *y = o.logits ? o.logits : hone_lm_logits(t, &o, all, 7);
    assert_ok(hone_tape_status(t));
    size_t n = (size_t)hone_tensor_count(y);
    assert_true(n <= room);
    assert_ok(hone_tensor_read(y, out, n));
    hone_tape_free(t);
    return n;
}

/* The length of a difference beside the length of the whole. */
static double distance(const float *a, const float *b, size_t n)
{
    double off = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        all += (double)b[i] * b[i];
    }
    return sqrt(off / all);
}

static const struct {
    hone_task_kind task;
    const char *type, *overrides;
} models[] = {{HONE_TOKEN_CLASSIFICATION, "bert", BERT}, {HONE_TEXT_CLASSIFICATION, "distilbert", DISTIL},
              {HONE_QUESTION_ANSWERING, "bert", BERT},   {HONE_MASKED_LM, "bert", BERT},
              {HONE_MASKED_LM, "distilbert", DISTIL},    {HONE_CAUSAL_LM, "gpt2", GPT2}};

/* A code is off by half a step of 127 at most: some 0.3 % of a typical number, a little more after each layer. Random weights have no outliers. */
static void test_near(void **state)
{
    static float exact[1024], narrow[1024], again[1024];
    (void)state;
    for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++) {
        const char *folder = a_folder(models[i].task, models[i].type, models[i].overrides);
        hone_device *one = open_device(1), *three = open_device(3);
        hone_model *m = load(folder, one, false), *q = load(folder, one, true), *q3 = load(folder, three, true);
        size_t n = logits_of(exact, 1024, m);
        assert_true(logits_of(narrow, 1024, q) == n && logits_of(again, 1024, q3) == n);
        double off = distance(narrow, exact, n);
        print_message("%s, task %d: off by %.2g\n", models[i].type, (int)models[i].task, off);
        assert_true(off > 1e-6 && off < 0.03);
        assert_memory_equal(narrow, again, n * sizeof(float));
        hone_model_free(m), hone_model_free(q), hone_model_free(q3);
        hone_device_free(one), hone_device_free(three);
    }
}

/* A word whose embedding is no number spoils its own row, as in float32, and no other one; a weight that is none spoils all. */
static void test_not_finite(void **state)
{
    static float exact[1024], narrow[1024];
    (void)state;
    for (int k = 0; k < 2; k++) {
        hone_model_options o = HONE_MODEL_OPTIONS_INIT;
        hone_model *m;
        o.config_overrides = BERT;
        assert_ok(hone_model_from_config(&m, HONE_TOKEN_CLASSIFICATION, "bert", &o));
        hone_encoder *w = m->parts;
        if (k == 0)
            ((float *)w->words->tensor.data)[9 * 64 + 1] = NAN;
        else
            ((float *)w->layers[1].fc_2_weight->tensor.data)[5] = INFINITY;
        size_t n = logits_of(exact, 1024, m), per_token = n / 7;
        assert_ok(hone_model_quantize(m, HONE_QUANTIZE_INT8));
        assert_true(logits_of(narrow, 1024, m) == n);
        for (size_t i = 0; i < n; i++)
            assert_true(k == 0 && i / per_token >= 4 ? isfinite(narrow[i]) : isnan(narrow[i]) && !isfinite(exact[i]));
        hone_model_free(m);
    }
}

static void test_gone(void **state)
{
    (void)state;
    const char *folder = a_folder(HONE_TOKEN_CLASSIFICATION, "bert", BERT);
    hone_model *m = load(folder, NULL, true);
    hone_parameter p;
    static float values[64 * 130];
    size_t n_gone = 0, n_there = 0;
    assert_fails(HONE_INVALID_ARGUMENT, "cannot be saved", hone_model_save_pretrained(m, test_temp("saved")));
    assert_false(hone__is_dir(test_temp("saved")));
    assert_fails(HONE_INVALID_ARGUMENT, "in 8 bits", hone__params_train(m->params));
    for (size_t i = 0; hone_model_parameter(m, i, &p); i++) {
        bool gone = !p.value->data;
        n_gone += gone, n_there += !gone;
        if (gone)
            assert_fails(HONE_INVALID_ARGUMENT, "values are gone", hone_tensor_read(p.value, values, 64 * 130));
        else
            assert_ok(hone_tensor_read(p.value, values, 64 * 130));
    }
    assert_true(n_gone == 9 && n_there > 20);              /* query, key and value of three layers */
    assert_ok(hone_model_quantize(m, HONE_QUANTIZE_INT8)); /* it is already */
    hone_model_free(m);
}

static void test_refused(void **state)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    (void)state;
    o.config_overrides = GPT2;
    o.for_training = true;
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    assert_fails(HONE_INVALID_ARGUMENT, "opened for training", hone_model_quantize(m, HONE_QUANTIZE_INT8));
    assert_fails(HONE_INVALID_ARGUMENT, "number 7", hone_model_quantize(m, (hone_quantization)7));
    assert_ok(hone_model_quantize(m, HONE_QUANTIZE_NONE));
    hone_model_free(m);
    o.for_training = false;
    o.empty_weights = true;
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    assert_fails(HONE_INVALID_ARGUMENT, "hone_model_fill", hone_model_quantize(m, HONE_QUANTIZE_INT8));
    hone_model_free(m);
    o.empty_weights = false;
    o.config_overrides = "vocab_size=67,n_embd=8,n_layer=1,n_head=4,n_positions=16,n_inner=16385";
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    assert_fails(HONE_UNSUPPORTED, "16385 inputs", hone_model_quantize(m, HONE_QUANTIZE_INT8));
    hone_model_free(m);
}

/* A tape that records runs as long as nothing wants a gradient; an input that does is refused, and named. */
static void test_gradients(void **state)
{
    static const float values[2 * 64] = {1.0f};
    (void)state;
    hone_model *m = load(a_folder(HONE_TOKEN_CLASSIFICATION, "bert", BERT), NULL, true);
    hone_encoder *w = m->parts;
    hone_tape *t;
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){.recording = true}));
    for (int wants = 0; wants < 2; wants++) {
        hone_tensor *x = hone_tape_floats(t, values, 2, (const int64_t[]){2, 64});
        if (wants)
            hone_tape_retain_grad(t, x);
        hone_tensor *y = hone__linear(t, x, w->layers[0].fc_1_weight, w->layers[0].fc_1_bias, HONE_ACT_NONE, 0);
        assert_true((y != NULL) == !wants);
        if (wants)
            assert_fails(HONE_UNSUPPORTED, "is in 8 bits, which has no gradients", hone_tape_status(t));
        hone_tape_reset(t);
    }
    assert_null(hone_matmul(t, &w->layers[0].qkv_weight->tensor, &w->layers[0].qkv_weight->tensor));
    assert_fails(HONE_UNSUPPORTED, "its values are gone", hone_tape_status(t));
    hone_tape_free(t);
    hone_model_free(m);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(test_near), cmocka_unit_test(test_not_finite), cmocka_unit_test(test_gone),
                                          cmocka_unit_test(test_refused), cmocka_unit_test(test_gradients)};
TEST_MAIN(tests)
