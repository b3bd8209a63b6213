/* hone/model.h: sizes, fresh weights, files that do not fit, saving and loading back, heads that are tied or not, warnings. The other side is tests/parity/gpt2.c. */
#include "models/class.h"
#include "support/support.h"
#include "unit/models/edited.h"

#include <hone/log.h>
#include <math.h>
#include <stdlib.h>

#define SMALL "vocab_size=61,n_embd=32,n_layer=2,n_head=4,n_positions=32"

static hone_model *make(const char *overrides, bool for_training)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    o.config_overrides = overrides;
    o.for_training = for_training;
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    return m;
}

static const hone_tensor *value_of(const hone_model *m, const char *name)
{
    hone_parameter p;
    for (size_t i = 0; hone_model_parameter(m, i, &p); i++)
        if (strcmp(p.name, name) == 0)
            return p.value;
    fail_msg("there is no %s", name);
    return NULL;
}

static void statistics(const hone_model *m, const char *name, double *mean, double *deviation)
{
    const hone_tensor *x = value_of(m, name);
    size_t n = (size_t)hone_tensor_count(x);
    double sum = 0.0, squares = 0.0;
    float *values;
    assert_ok(HONE_ALLOC(&values, n));
    assert_ok(hone_tensor_read(x, values, n));
    for (size_t i = 0; i < n; i++) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
    }
    *mean = sum / (double)n;
    *deviation = sqrt(squares / (double)n - *mean * *mean);
    hone__free(values);
}

/* GPT-2 small with a vocabulary of 50,000: 124.2M, as the course counts it; on a device that computes nothing. */
static void size_of_gpt2_small(void **state)
{
    hone_device *dry;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    (void)state;
    assert_ok(hone_device_open(&dry, &(hone_device_options){.name = "dry"}));
    o.device = dry;
    o.vocab_size = 50000;
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    assert_int_equal(hone_model_n_parameters(m), 124242432);
    assert_int_equal(hone_model_max_positions(m), 1024);
    hone_model_free(m);
    hone_device_free(dry);
}

static void fresh_weights(void **state)
{
    hone_model *a = make(SMALL, false), *b = make(SMALL ",n_layer=3", false);
    double mean, deviation;
    (void)state;
    statistics(a, "transformer.wte.weight", &mean, &deviation); /* 1952 values: the standard error of the deviation is 1.6 % */
    assert_true(fabs(mean) < 0.002 && fabs(deviation - 0.02) < 0.0013);
    statistics(a, "transformer.h.1.mlp.c_proj.weight", &mean, &deviation);
    assert_true(fabs(deviation - 0.01) < 0.0005);
    statistics(a, "transformer.h.0.ln_1.weight", &mean, &deviation);
    assert_true(mean == 1.0 && deviation == 0.0);
    statistics(a, "transformer.h.0.attn.c_attn.bias", &mean, &deviation);
    assert_true(mean == 0.0 && deviation == 0.0);
    /* a parameter's values depend on seed and name only, not on what else there is */
    float *p, *q;
    assert_ok(HONE_ALLOC(&p, 32 * 96));
    assert_ok(HONE_ALLOC(&q, 32 * 96));
    assert_ok(hone_tensor_read(value_of(a, "transformer.h.1.attn.c_attn.weight"), p, 32 * 96));
    assert_ok(hone_tensor_read(value_of(b, "transformer.h.1.attn.c_attn.weight"), q, 32 * 96));
    assert_memory_equal(p, q, 32 * 96 * sizeof(float));
    assert_ok(hone_tensor_read(value_of(b, "transformer.h.0.attn.c_attn.weight"), q, 32 * 96));
    assert_memory_not_equal(p, q, 32 * 96 * sizeof(float));
    hone__free(p);
    hone__free(q);
    hone_model_free(a);
    hone_model_free(b);
}

/* ---- forward by hand ---- */

static const int32_t ids[] = {1, 5, 9, 60, 0, 7, 7};
static const int32_t starts[] = {0, 4, 7};
static const hone_batch batch = {.n_tokens = 7, .n_rows = 2, .longest = 4, .cu_seqlens = starts, .input_ids = ids};

static void logits_of(const hone_model *m, float *out)
{
    static const int32_t all[] = {0, 1, 2, 3, 4, 5, 6};
    hone_tape *t;
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){0}));
    hone_output o = hone_model_forward(m, t, &batch);
    hone_tensor *logits = hone_lm_logits(t, &o, all, 7);
    assert_ok(hone_tape_status(t));
    assert_ok(hone_tensor_read(logits, out, 7 * 61));
    hone_tape_free(t);
}

static hone_status load(hone_model **out, const char *folder, bool for_training)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.for_training = for_training;
    return hone_model_from_pretrained(out, HONE_TASK_NONE, folder, &o);
}

static void saved_and_loaded(const char *overrides)
{
    float want[7 * 61], got[7 * 61];
    const char *folder = test_temp("saved");
    hone_model *m = make(overrides, false), *back;
    logits_of(m, want);
    assert_ok(hone_model_save_pretrained(m, folder));
    hone_model_free(m);
    for (int for_training = 0; for_training < 2; for_training++) {
        assert_ok(load(&back, folder, for_training));
        assert_int_equal(back->params->mapped, !for_training);
        logits_of(back, got);
        assert_memory_equal(want, got, sizeof(want));
        assert_ok(hone_model_save_pretrained(back, folder)); /* over the file that it may be mapped from */
        logits_of(back, got);
        assert_memory_equal(want, got, sizeof(want));
        hone_model_free(back);
    }
}

static void saving_and_loading(void **state)
{
    (void)state;
    saved_and_loaded(SMALL);
    saved_and_loaded(SMALL ",tie_word_embeddings=false,activation_function=relu,n_inner=40");
    saved_and_loaded(SMALL ",scale_attn_weights=false,scale_attn_by_inverse_layer_idx=true");
}

/* ---- files of other shapes ---- */

static const char *save_small(const char *name)
{
    const char *folder = test_temp(name);
    hone_model *m = make(SMALL, false);
    assert_ok(hone_model_save_pretrained(m, folder));
    hone_model_free(m);
    return folder;
}

/* Names without the prefix, the mask buffers of old files, a copy of the tied head: all silent, same logits. */
static void files_of_the_bare_model(void **state)
{
    static const uint8_t mask[4];
    float want[7 * 61], got[7 * 61];
    const char *folder = save_small("bare");
    hone_model *m, *original = make(SMALL, false);
    edited e;
    (void)state;
    logits_of(original, want);
    edit(&e, folder);
    for (size_t i = 0; i < e.n; i++)
        memmove(e.names[i], e.names[i] + strlen("transformer."), strlen(e.names[i]) - strlen("transformer.") + 1);
    hone_safetensor_source head = *source(&e, "wte.weight");
    head.name = "lm_head.weight";
    e.sources[e.n++] = head;
    e.sources[e.n++] = (hone_safetensor_source){"h.0.attn.bias", HONE_DTYPE_U8, 4, {1, 1, 2, 2}, mask, NULL};
    e.sources[e.n++] = (hone_safetensor_source){"h.1.attn.masked_bias", HONE_DTYPE_F32, 0, {0}, mask, NULL};
    write_edited(&e, folder);
    log_text[0] = '\0';
    hone_set_log(keep_log, NULL, HONE_LOG_WARNING);
    assert_ok(load(&m, folder, false));
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
    assert_string_equal(log_text, "");
    logits_of(m, got);
    assert_memory_equal(want, got, sizeof(want));
    hone_model_free(m);
    hone_model_free(original);
}

static void missing_and_unused(void **state)
{
    float want[7 * 61], got[7 * 61];
    const char *folder = save_small("missing");
    hone_model *m, *original = make(SMALL, false);
    edited e;
    (void)state;
    edit(&e, folder);
    source(&e, "transformer.h.1.ln_2.weight")->name = "transformer.h.1.ln_9.weight";
    write_edited(&e, folder);
    log_text[0] = '\0';
    hone_set_log(keep_log, NULL, HONE_LOG_WARNING);
    for (int for_training = 0; for_training < 2; for_training++) {
        assert_ok(load(&m, folder, for_training));
        logits_of(m, got);
        logits_of(original, want);
        assert_memory_equal(want, got, sizeof(want)); /* a fresh norm is 1, as it was */
        hone_model_free(m);
    }
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
    assert_non_null(strstr(log_text, "not used when initializing GPT2LMHeadModel: ['transformer.h.1.ln_9.weight']"));
    assert_non_null(strstr(log_text, "newly initialized: ['transformer.h.1.ln_2.weight']. You should probably TRAIN"));
    hone_model_free(original);
}

/* Half precision is widened; a file whose tensors stand at odd addresses is copied. */
static void other_dtypes(void **state)
{
    static uint16_t bf16[32 * 128];
    static const uint8_t odd[1];
    const char *folder = save_small("dtypes");
    hone_model *m;
    edited e;
    (void)state;
    edit(&e, folder);
    hone_safetensor_source *w = source(&e, "transformer.h.0.mlp.c_fc.weight");
    w->dtype = HONE_DTYPE_BF16;
    w->data = bf16;
    for (size_t i = 0; i < sizeof(bf16) / sizeof(bf16[0]); i++)
        bf16[i] = (uint16_t)(0x3F80 + i % 128); /* 1 + (i mod 128) / 128 */
    e.sources[e.n++] = (hone_safetensor_source){"h.0.attn.bias", HONE_DTYPE_U8, 1, {1}, odd, NULL};
    write_edited(&e, folder);
    assert_ok(load(&m, folder, false));
    float *x;
    assert_ok(HONE_ALLOC(&x, 32 * 128));
    assert_ok(hone_tensor_read(value_of(m, "transformer.h.0.mlp.c_fc.weight"), x, 32 * 128));
    for (size_t i = 0; i < 32 * 128; i++)
        assert_true(x[i] == 1.0f + (float)(i % 128) / 128.0f);
    hone__free(x);
    hone_model_free(m);
}

/* A file whose header is not padded (older writers): arrays at odd addresses are copied, kernels never see them. */
static void arrays_at_odd_addresses(void **state)
{
    float want[7 * 61], got[7 * 61];
    const char *folder = save_small("odd");
    char path[4096], *text, *shifted;
    hone_model *m, *original = make(SMALL, false);
    size_t len, header = 0;
    (void)state;
    logits_of(original, want);
    snprintf(path, sizeof(path), "%s/model.safetensors", folder);
    text = test_read(path, &len);
    memcpy(&header, text, sizeof(header));
    assert_ok(HONE_ALLOC(&shifted, len + 1));
    memcpy(shifted, text, 8 + header);
    shifted[8 + header] = ' ';
    memcpy(shifted + 9 + header, text + 8 + header, len - 8 - header);
    header++;
    memcpy(shifted, &header, sizeof(header));
    test_write(path, shifted, len + 1);
    assert_ok(load(&m, folder, false));
    assert_true(m->n_own > 0);
    logits_of(m, got);
    assert_memory_equal(want, got, sizeof(want));
    hone__free(text);
    hone__free(shifted);
    hone_model_free(m);
    hone_model_free(original);
}

static void bad_files(void **state)
{
    const char *folder = save_small("bad");
    char path[4096];
    hone_model *m;
    edited e;
    (void)state;
    edit(&e, folder);
    source(&e, "transformer.wte.weight")->dim[0] = 60;
    write_edited(&e, folder);
    assert_fails(HONE_SHAPE, "tensor transformer.wte.weight is [60, 32], the configuration makes it [61, 32]", load(&m, folder, false));
    assert_null(m);
    assert_fails(HONE_SHAPE, "transformer.wte.weight", load(&m, folder, true));
    folder = save_small("bad2");
    edit(&e, folder);
    source(&e, "transformer.wpe.weight")->dtype = HONE_DTYPE_I32;
    write_edited(&e, folder);
    assert_fails(HONE_UNSUPPORTED, "tensor transformer.wpe.weight is I32", load(&m, folder, false));
    snprintf(path, sizeof(path), "%s/model.safetensors", folder);
    test_write_text(path, "");
    assert_fails(HONE_FORMAT, "too few", load(&m, folder, false));
    remove(path);
    assert_fails(HONE_NOT_FOUND, "has no model.safetensors", load(&m, folder, false));
    snprintf(path, sizeof(path), "%s/config.json", folder);
    test_write_text(path, "{\"model_type\": \"mamba\"}");
    assert_fails(HONE_UNSUPPORTED, "\"mamba\" are not supported", load(&m, folder, false));
    test_write_text(path, "{}");
    assert_fails(HONE_FORMAT, "no \"model_type\"", load(&m, folder, false));
    test_write_text(path, "[]");
    assert_fails(HONE_FORMAT, "no \"model_type\"", load(&m, folder, false));
    remove(path);
    assert_fails(HONE_NOT_FOUND, "config.json", load(&m, folder, false));
    assert_fails(HONE_NOT_FOUND, "there is no model folder", load(&m, test_temp("nowhere"), false));
    assert_fails(HONE_UNSUPPORTED, "no head for question-answering", hone_model_from_config(&m, HONE_QUESTION_ANSWERING, "gpt2", NULL));
    assert_fails(HONE_UNSUPPORTED, "--model_type", hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt3", NULL));
}

/* ---- losses ---- */

static double item(hone_tape *t, hone_tensor *x)
{
    double value;
    assert_ok(hone_tape_status(t));
    assert_ok(hone_tensor_item(x, &value));
    return value;
}

static void losses(void **state)
{
    static const int32_t labels[] = {1, -100, 9, 60, 0, 7, -100};
    static const float weights[] = {0.5f, 2.0f, 3.0f, 99.0f, 1.0f, 7.0f, 99.0f};
    hone_batch labelled = batch;
    hone_model *m = make(SMALL, false);
    hone_tape *t;
    float nll[5], some[3];
    (void)state;
    labelled.labels = labels;
    assert_int_equal(hone_model_count_items(m, &batch), 5);
    assert_int_equal(hone_model_count_items(m, &labelled), 3); /* tokens 2, 3 of the first row, 1 of the second */
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){0}));
    hone_output out = hone_model_forward(m, t, &batch);
    hone_tensor *values = hone_next_token_nll(t, &out, &batch);
    double mean = item(t, hone_model_loss(t, &out, &batch)), weighted = item(t, hone_next_token_loss(t, &out, &batch, weights)), sum = 0.0;
    assert_ok(hone_tensor_read(values, nll, 5));
    for (int i = 0; i < 5; i++)
        sum += (double)nll[i];
    assert_true(fabs(mean - sum / 5.0) < 1e-6 * mean);
    assert_true(fabs(mean - log(61.0)) < 0.1); /* fresh weights: near ln V */
    double expected = 0.5 * (double)nll[0] + 2.0 * (double)nll[1] + 3.0 * (double)nll[2] + (double)nll[3] + 7.0 * (double)nll[4];
    assert_true(fabs(weighted - expected) < 1e-6 * expected);
    assert_ok(hone_tensor_read(hone_next_token_nll(t, &out, &labelled), some, 3));
    assert_true(some[0] == nll[1] && some[1] == nll[2] && some[2] == nll[3]);
    float rows[2];
    assert_ok(hone_tensor_read(hone_rows_mean(t, values), rows, 2)); /* over the T - 1 predictions of a row */
    assert_true(fabsf(rows[0] - (nll[0] + nll[1] + nll[2]) / 3.0f) < 1e-5f && fabsf(rows[1] - (nll[3] + nll[4]) / 2.0f) < 1e-5f);
    hone_tape_free(t);
    hone_model_free(m);
}

static void bad_batches(void **state)
{
    static const int32_t far[] = {1, 61, 3}, one[] = {0, 3}, late[] = {30, 31, 32}, wrong[] = {0, 61, 2};
    hone_model *m = make(SMALL, false);
    hone_tape *t;
    hone_batch b = {.n_tokens = 3, .n_rows = 1, .longest = 3, .cu_seqlens = one, .input_ids = far};
    (void)state;
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){0}));
    hone_output out = hone_model_forward(m, t, &b);
    assert_null(hone_model_loss(t, &out, &b));
    assert_fails(HONE_INVALID_ARGUMENT, "61", hone_tape_status(t));
    hone_tape_reset(t);
    b.input_ids = ids;
    b.positions = late;
    out = hone_model_forward(m, t, &b);
    assert_fails(HONE_INVALID_ARGUMENT, "position 32, the model has 32", hone_tape_status(t));
    hone_tape_reset(t);
    b.positions = NULL;
    b.labels = wrong;
    out = hone_model_forward(m, t, &b);
    assert_null(hone_model_loss(t, &out, &b));
    assert_fails(HONE_INVALID_ARGUMENT, "is 61", hone_tape_status(t));
    hone_tape_reset(t);
    b.labels = NULL;
    out = hone_model_forward(m, t, &b);
    assert_null(hone_lm_logits(t, &out, (const int32_t[]){3}, 1));
    assert_fails(HONE_INVALID_ARGUMENT, "the batch has 3 tokens", hone_tape_status(t));
    hone_tape_free(t);
    hone_model_free(m);
}

/* The forecast of a training step is what one takes, to 1 %. */
static void forecast(void **state)
{
    enum { ROWS = 3, LENGTH = 17 };
    int32_t many[ROWS * LENGTH], rows[ROWS + 1];
    hone_model *m = make(SMALL ",tie_word_embeddings=false", true);
    hone_model_info info;
    hone_tape *t;
    (void)state;
    for (int i = 0; i < ROWS * LENGTH; i++)
        many[i] = i % 61;
    for (int r = 0; r <= ROWS; r++)
        rows[r] = r * LENGTH;
    hone_batch b = {.n_tokens = ROWS * LENGTH, .n_rows = ROWS, .longest = LENGTH, .cu_seqlens = rows, .input_ids = many};
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){.recording = true, .training = true}));
    hone_output out = hone_model_forward(m, t, &b);
    assert_ok(hone_tape_backward(t, hone_model_loss(t, &out, &b)));
    double real = (double)(hone_tape_bytes_peak(t) + 16 * m->params->n_elements);
    assert_ok(hone_model_describe(&info, m, ROWS, LENGTH));
    assert_true(fabs((double)info.bytes_train - real) <= 0.01 * real);
    assert_true(info.bytes_run > info.bytes_weights && info.bytes_run < info.bytes_train);
    assert_string_equal(info.architecture, "GPT2LMHeadModel");
    assert_int_equal(info.n_embedding, (61 + 32) * 32);
    assert_int_equal(info.n_head, 2 * 32 + 61 * 32);
    assert_int_equal(info.n_layer_weights, 2 * (12 * 32 * 32 + 13 * 32));
    assert_int_equal(info.n_parameters, info.n_embedding + info.n_layer_weights + info.n_head);
    assert_int_equal(info.bytes_weights, 4 * info.n_parameters);
    assert_fails(HONE_INVALID_ARGUMENT, "at least one row", hone_model_describe(&info, m, 0, 5));
    hone_tape_free(t);
    hone_model_free(m);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(size_of_gpt2_small),
    cmocka_unit_test(fresh_weights),
    cmocka_unit_test(saving_and_loading),
    cmocka_unit_test(files_of_the_bare_model),
    cmocka_unit_test(missing_and_unused),
    cmocka_unit_test(other_dtypes),
    cmocka_unit_test(arrays_at_odd_addresses),
    cmocka_unit_test(bad_files),
    cmocka_unit_test(losses),
    cmocka_unit_test(bad_batches),
    cmocka_unit_test(forecast),
};
TEST_MAIN(tests)
