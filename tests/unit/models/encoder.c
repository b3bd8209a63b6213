/* Encoders beyond the fixtures of tests/parity/encoder.c: sizes, fresh weights, files of other spellings and shapes, losses by problem_type, the padding token's row, what
 * is refused. */
#include "models/class.h"
#include "support/support.h"
#include "unit/models/edited.h"

#include <hone/log.h>
#include <math.h>

#define SMALL  "vocab_size=61,hidden_size=32,num_hidden_layers=2,num_attention_heads=4,intermediate_size=48,max_position_embeddings=16"
#define DISTIL "vocab_size=61,dim=32,n_layers=2,n_heads=4,hidden_dim=48,max_position_embeddings=16"

static const int32_t ids[] = {1, 5, 9, 60, 0, 7, 7}, starts[] = {0, 4, 7}, labels[] = {-100, 1, 0, -100, 1, 1, -100};
static const hone_batch batch = {
    .n_tokens = 7, .n_rows = 2, .longest = 4, .cu_seqlens = starts, .input_ids = ids, .labels = labels, .n_labelled = -1};

static hone_status make_with(hone_model **out, hone_task_kind task, const char *type, const char *overrides, const char *const *names)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.config_overrides = overrides;
    o.for_training = true;
    o.dropout = 0.0;
    o.labels = names;
    return hone_model_from_config(out, task, type, &o);
}

static hone_model *make(hone_task_kind task, const char *type, const char *overrides)
{
    hone_model *m;
    assert_ok(make_with(&m, task, type, overrides, NULL));
    return m;
}

static hone_tape *new_tape(const hone_model *m)
{
    hone_tape *t;
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){.recording = true, .training = true}));
    return t;
}

static hone_parameter parameter(const hone_model *m, const char *name)
{
    hone_parameter p;
    for (size_t i = 0; hone_model_parameter(m, i, &p); i++)
        if (strcmp(p.name, name) == 0)
            return p;
    fail_msg("there is no %s", name);
    return p;
}

static float *values_of(const hone_tensor *x, size_t *n)
{
    float *out;
    assert_non_null(x);
    *n = (size_t)hone_tensor_count(x);
    assert_ok(HONE_ALLOC(&out, *n + 1));
    assert_ok(hone_tensor_read(x, out, *n));
    return out;
}

static double loss_of(const hone_model *m, const hone_batch *b)
{
    hone_tape *t = new_tape(m);
    double loss = NAN;
    hone_output out = hone_model_forward(m, t, b);
    hone_tensor *y = hone_model_loss(t, &out, b);
    assert_ok(hone_tape_backward(t, y));
    assert_ok(hone_tensor_item(y, &loss));
    hone_tape_free(t);
    return loss;
}

/* ---- sizes ---- */

/* model.num_parameters() of the reference for bert-base-uncased and distilbert-base-uncased. */
static void sizes(void **state)
{
    static const struct {
        hone_task_kind task;
        const char *type;
        size_t n;
    } cases[] = {
        {HONE_FEATURE_EXTRACTION, "bert", 109482240},
        {HONE_TOKEN_CLASSIFICATION, "bert", 108893186},
        {HONE_TEXT_CLASSIFICATION, "bert", 109483778},
        {HONE_QUESTION_ANSWERING, "bert", 108893186},
        {HONE_MASKED_LM, "bert", 109514298},
        {HONE_FEATURE_EXTRACTION, "distilbert", 66362880},
        {HONE_TOKEN_CLASSIFICATION, "distilbert", 66364418},
        {HONE_TEXT_CLASSIFICATION, "distilbert", 66955010},
        {HONE_QUESTION_ANSWERING, "distilbert", 66364418},
        {HONE_MASKED_LM, "distilbert", 66985530},
    };
    hone_device *dry;
    (void)state;
    assert_ok(hone_device_open(&dry, &(hone_device_options){.name = "dry"}));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hone_model_options o = HONE_MODEL_OPTIONS_INIT;
        hone_model *m;
        hone_model_info info;
        o.device = dry;
        assert_ok(hone_model_from_config(&m, cases[i].task, cases[i].type, &o));
        assert_int_equal(hone_model_n_parameters(m), cases[i].n);
        assert_ok(hone_model_describe(&info, m, 2, 16));
        assert_int_equal(info.n_embedding + info.n_layer_weights + info.n_head, cases[i].n);
        assert_true(info.bytes_train > info.bytes_activations && info.bytes_run > info.bytes_weights);
        hone_model_free(m);
    }
    hone_device_free(dry);
}

/* ---- fresh weights ---- */

static void check_moments(const hone_model *m, const char *name, double mean, double deviation)
{
    size_t n;
    float *x = values_of(parameter(m, name).value, &n);
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    double got_mean = sum / (double)n, got = sqrt(fabs(squares / (double)n - got_mean * got_mean));
    /* five standard errors of n normal values */
    assert_true(fabs(got_mean - mean) <= 5.0 * deviation / sqrt((double)n));
    assert_true(fabs(got - deviation) <= 5.0 * deviation / sqrt(2.0 * (double)n));
    hone__free(x);
}

static void fresh_weights(void **state)
{
    hone_model *m = make(HONE_TOKEN_CLASSIFICATION, "bert", SMALL ",initializer_range=0.1"),
               *d = make(HONE_TEXT_CLASSIFICATION, "distilbert", DISTIL ",sinusoidal_pos_embds=true");
    size_t n;
    (void)state;
    check_moments(m, "bert.encoder.layer.1.attention.self.key.weight", 0.0, 0.1);
    check_moments(m, "bert.embeddings.token_type_embeddings.weight", 0.0, 0.1);
    check_moments(m, "classifier.weight", 0.0, 0.1);
    check_moments(m, "classifier.bias", 0.0, 0.0);
    check_moments(m, "bert.encoder.layer.0.attention.self.value.bias", 0.0, 0.0);
    check_moments(m, "bert.embeddings.LayerNorm.weight", 1.0, 0.0);
    check_moments(d, "distilbert.transformer.layer.1.sa_layer_norm.weight", 1.0, 0.0);
    check_moments(d, "pre_classifier.weight", 0.0, 0.02);
    float *words = values_of(parameter(m, "bert.embeddings.word_embeddings.weight").value, &n);
    float zeros[32] = {0};
    assert_memory_equal(words, zeros, sizeof(zeros)); /* pad_token_id is 0 */
    assert_memory_not_equal(words + 32, zeros, sizeof(zeros));
    hone__free(words);
    float *positions = values_of(parameter(d, "distilbert.embeddings.position_embeddings.weight").value, &n);
    assert_true(positions[0] == 0.0f && positions[1] == 1.0f);
    assert_true(fabs((double)positions[3 * 32 + 5] - cos(3.0 / pow(10000.0, 4.0 / 32.0))) < 1e-6);
    hone__free(positions);
    hone_batch b = batch;
    b.row_labels = labels + 1;
    loss_of(d, &b);
    assert_null(parameter(d, "distilbert.embeddings.position_embeddings.weight").grad); /* they stay as they are */
    assert_non_null(parameter(d, "distilbert.embeddings.word_embeddings.weight").grad);
    hone_model_free(m);
    hone_model_free(d);
}

/* Decay as transformers' trainer has it: neither biases nor norms. */
static void decay(void **state)
{
    hone_model *m = make(HONE_TOKEN_CLASSIFICATION, "bert", SMALL), *d = make(HONE_MASKED_LM, "distilbert", DISTIL);
    hone_parameter p;
    (void)state;
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; hone_model_parameter(k ? d : m, i, &p); i++)
            assert_int_equal(p.decay, !strstr(p.name, "bias") && !strstr(p.name, "LayerNorm") && !strstr(p.name, "layer_norm"));
    hone_model_free(m);
    hone_model_free(d);
}

/* ---- files ---- */

static hone_status load(hone_model **out, hone_task_kind task, const char *folder, bool for_training, bool ignore, const char *const *names)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.for_training = for_training;
    o.ignore_mismatched_sizes = ignore;
    o.labels = names;
    return hone_model_from_pretrained(out, task, folder, &o);
}

static void hidden_of(const hone_model *m, float *out)
{
    hone_tape *t;
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){0}));
    hone_output o = hone_model_forward(m, t, &batch);
    assert_ok(hone_tape_status(t));
    assert_ok(hone_tensor_read(o.hidden, out, 7 * 32));
    hone_tape_free(t);
}

static void begin_log(void)
{
    log_text[0] = '\0';
    hone_set_log(keep_log, NULL, HONE_LOG_WARNING);
}

/* A bare model's file with names of TensorFlow's days, and the buffer that nobody needs. */
static void old_names(void **state)
{
    static const int32_t numbers[16];
    float want[7 * 32], got[7 * 32];
    const char *folder = test_temp("old");
    hone_model *original = make(HONE_FEATURE_EXTRACTION, "bert", SMALL), *m;
    edited e;
    (void)state;
    assert_ok(hone_model_save_pretrained(original, folder));
    hidden_of(original, want);
    edit(&e, folder);
    for (size_t i = 0; i < e.n; i++) {
        char *norm = strstr(e.names[i], "LayerNorm.");
        assert_false(hone__starts_with(e.names[i], "bert."));
        if (norm)
            strcpy(norm, hone__ends_with(e.names[i], "bias") ? "LayerNorm.beta" : "LayerNorm.gamma");
    }
    e.sources[e.n++] = (hone_safetensor_source){"embeddings.position_ids", HONE_DTYPE_I32, 2, {1, 16}, numbers, NULL};
    write_edited(&e, folder);
    for (int for_training = 0; for_training < 2; for_training++) {
        begin_log();
        assert_ok(load(&m, HONE_TOKEN_CLASSIFICATION, folder, for_training, false, NULL));
        hone_set_log(NULL, NULL, HONE_LOG_WARNING);
        assert_non_null(
            strstr(log_text, "were not used when initializing BertForTokenClassification: ['pooler.dense.bias', 'pooler.dense.weight']\n"));
        assert_non_null(strstr(log_text, "newly initialized: ['classifier.weight', 'classifier.bias']. You should probably TRAIN"));
        hidden_of(m, got);
        assert_memory_equal(want, got, sizeof(want));
        hone_model_free(m);
    }
    hone_model_free(original);
}

/* One third of query, key and value is missing: it alone begins anew. */
static void a_missing_third(void **state)
{
    const char *folder = test_temp("third"), *prefix = "bert.encoder.layer.1.attention.self.";
    hone_model *original = make(HONE_TOKEN_CLASSIFICATION, "bert", SMALL ",initializer_range=0.5"), *m;
    edited e;
    (void)state;
    assert_ok(hone_model_save_pretrained(original, folder));
    edit(&e, folder);
    source(&e, "bert.encoder.layer.1.attention.self.key.weight")->name = "elsewhere";
    write_edited(&e, folder);
    for (int for_training = 0; for_training < 2; for_training++) {
        static const char *const parts[] = {"query.weight", "key.weight", "value.weight"};
        begin_log();
        hone_model_options o = HONE_MODEL_OPTIONS_INIT;
        o.for_training = for_training;
        o.seed = 7;
        assert_ok(hone_model_from_pretrained(&m, HONE_TASK_NONE, folder, &o));
        hone_set_log(NULL, NULL, HONE_LOG_WARNING);
        assert_non_null(strstr(log_text, "newly initialized: ['bert.encoder.layer.1.attention.self.key.weight']"));
        for (int k = 0; k < 3; k++) {
            char name[128];
            size_t n;
            snprintf(name, sizeof(name), "%s%s", prefix, parts[k]);
            float *want = values_of(parameter(original, name).value, &n), *got = values_of(parameter(m, name).value, &n);
            assert_int_equal(n, 32 * 32);
            assert_int_equal(memcmp(want, got, n * sizeof(float)) != 0, k == 1);
            hone__free(want);
            hone__free(got);
        }
        check_moments(m, "bert.encoder.layer.1.attention.self.key.weight", 0.0, 0.5);
        hone_model_free(m);
    }
    hone_model_free(original);
}

static void other_heads(void **state)
{
    static const char *const three[] = {"O", "B-X", "I-X", NULL}, *const two[] = {"B-X", "O", NULL};
    const char *folder = test_temp("heads");
    hone_model *m;
    size_t n;
    (void)state;
    assert_ok(make_with(&m, HONE_TOKEN_CLASSIFICATION, "bert", SMALL, (const char *const[]){"O", "B-X", NULL}));
    assert_ok(hone_model_save_pretrained(m, folder));
    hone_model_free(m);
    assert_fails(HONE_SHAPE, "tensor classifier.weight is [2, 32], the configuration makes it [3, 32]",
                 load(&m, HONE_TOKEN_CLASSIFICATION, folder, true, false, three));
    assert_null(m);
    assert_fails(HONE_SHAPE, "--ignore_mismatched_sizes", load(&m, HONE_TOKEN_CLASSIFICATION, folder, false, false, three));
    begin_log();
    assert_ok(load(&m, HONE_TOKEN_CLASSIFICATION, folder, true, true, three));
    assert_non_null(strstr(log_text, "because the shapes did not match: ['classifier.weight', 'classifier.bias']"));
    assert_string_equal(hone_model_labels(m, &n)[2], "I-X");
    assert_int_equal(n, 3);
    check_moments(m, "classifier.weight", 0.0, 0.02);
    hone_model_free(m);
    begin_log();
    assert_ok(load(&m, HONE_TASK_NONE, folder, false, false, two)); /* as many, other names: said */
    assert_non_null(strstr(log_text, "label 0 was \"O\" and is \"B-X\" from now on"));
    hone_model_free(m);
    begin_log();
    assert_ok(load(&m, HONE_TASK_NONE, folder, false, false, NULL));
    assert_string_equal(log_text, "");
    assert_string_equal(hone_model_labels(m, &n)[1], "B-X");
    hone_model_free(m);
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
    assert_fails(HONE_INVALID_ARGUMENT, "at least one label", load(&m, HONE_TASK_NONE, folder, false, true, (const char *const[]){NULL}));
    assert_fails(HONE_UNSUPPORTED, "no head for causal-lm", load(&m, HONE_CAUSAL_LM, folder, false, false, NULL));
}

/* ---- losses ---- */

static void row_logits(const hone_model *m, float *out, size_t n)
{
    hone_tape *t = new_tape(m);
    hone_output o = hone_model_forward(m, t, &batch);
    assert_ok(hone_tape_status(t));
    assert_int_equal(hone_tensor_count(o.logits), n);
    assert_ok(hone_tensor_read(o.logits, out, n));
    hone_tape_free(t);
}

/* loss/loss_utils.py, ForSequenceClassificationLoss */
static void problem_types(void **state)
{
    static const float targets[] = {1.0f, 0.0f, 0.5f, 1.0f};
    hone_model *two = make(HONE_TEXT_CLASSIFICATION, "bert", SMALL ",initializer_range=0.5"), *one;
    hone_batch b = batch;
    float x[4];
    double sum = 0.0;
    (void)state;
    b.row_targets = targets;
    row_logits(two, x, 4);
    for (int i = 0; i < 4; i++)
        sum += log1p(exp(-(double)x[i])) + (1.0 - (double)targets[i]) * (double)x[i];
    assert_true(fabs(loss_of(two, &b) - sum / 4.0) < 1e-5);
    b.row_targets = NULL;
    b.row_labels = (const int32_t[]){1, 0};
    sum = log1p(exp((double)x[0] - (double)x[1])) + log1p(exp((double)x[3] - (double)x[2]));
    assert_true(fabs(loss_of(two, &b) - sum / 2.0) < 1e-5);
    hone_model_free(two);

    assert_ok(
        make_with(&one, HONE_TEXT_CLASSIFICATION, "distilbert", DISTIL ",initializer_range=0.5", (const char *const[]){"score", NULL}));
    b.row_targets = targets;
    row_logits(one, x, 2);
    sum = 0.0;
    for (int i = 0; i < 2; i++)
        sum += pow((double)x[i] - (double)targets[i], 2.0);
    assert_true(fabs(loss_of(one, &b) - sum / 2.0) < 1e-5);
    hone_model_free(one);
}

/* Positions behind the row are ignored, those before it count as its first token. */
static void span_positions(void **state)
{
    hone_model *m = make(HONE_QUESTION_ANSWERING, "bert", SMALL ",initializer_range=0.5");
    hone_batch b = batch;
    (void)state;
    b.start_positions = (const int32_t[]){1, 3};
    b.end_positions = (const int32_t[]){-2, 2};
    double clamped = loss_of(m, &b);
    b.start_positions = (const int32_t[]){1, 100};
    b.end_positions = (const int32_t[]){0, 2};
    assert_true(loss_of(m, &b) == clamped);
    b.start_positions = (const int32_t[]){4, 3};
    b.end_positions = (const int32_t[]){4, 3};
    assert_true(loss_of(m, &b) == 0.0); /* nothing is labelled */
    hone_model_free(m);
}

static void nothing_labelled(void **state)
{
    static const int32_t none[] = {-100, -100, -100, -100, -100, -100, -100};
    static const hone_task_kind tasks[] = {HONE_TOKEN_CLASSIFICATION, HONE_MASKED_LM};
    hone_batch b = batch;
    (void)state;
    b.labels = none;
    for (int i = 0; i < 2; i++) {
        hone_model *m = make(tasks[i], "bert", SMALL);
        assert_int_equal(hone_model_count_items(m, &b), 0);
        assert_true(loss_of(m, &b) == 0.0);
        hone_model_free(m);
    }
}

/* torch.nn.Embedding(padding_idx): no gradient, even where a text says [PAD] (row 1 of the batch begins with id 0). */
static void padding_has_no_gradient(void **state)
{
    float zeros[32] = {0};
    size_t n;
    hone_model *m = make(HONE_TOKEN_CLASSIFICATION, "distilbert", DISTIL);
    (void)state;
    loss_of(m, &batch);
    float *grad = values_of(parameter(m, "distilbert.embeddings.word_embeddings.weight").grad, &n);
    assert_memory_equal(grad, zeros, sizeof(zeros));
    assert_memory_not_equal(grad + 7 * 32, zeros, sizeof(zeros));
    hone__free(grad);
    hone_model_free(m);
}

/* ---- what is refused ---- */

static void fails_with_status(hone_status status, const hone_model *m, const hone_batch *b, const char *part)
{
    hone_tape *t = new_tape(m);
    hone_output out = hone_model_forward(m, t, b);
    hone_model_loss(t, &out, b);
    assert_fails(status, part, hone_tape_status(t));
    hone_tape_free(t);
}

static void fails_with(const hone_model *m, const hone_batch *b, const char *part)
{
    fails_with_status(HONE_INVALID_ARGUMENT, m, b, part);
}

static void bad_batches(void **state)
{
    static const int32_t many[17] = {1}, long_row[] = {0, 17}, empty_row[] = {0, 4, 4, 7};
    hone_model *m = make(HONE_TOKEN_CLASSIFICATION, "bert", SMALL), *rows = make(HONE_TEXT_CLASSIFICATION, "distilbert", DISTIL),
               *spans = make(HONE_QUESTION_ANSWERING, "bert", SMALL);
    hone_batch b = batch;
    (void)state;
    fails_with(
        m, &(hone_batch){.n_tokens = 17, .n_rows = 1, .longest = 17, .cu_seqlens = long_row, .input_ids = many},
        "row 0 of 17 tokens has a token at position 16, the model has 16 positions (max_position_embeddings): truncate to 16 tokens");
    b.token_type_ids = (const int32_t[]){0, 0, 1, 1, 0, 2, 1};
    fails_with(m, &b, "row 1, token 1: token type 2, the model has 2 (type_vocab_size)");
    b = batch;
    b.labels = (const int32_t[]){0, 0, 2, 0, 0, 0, 0};
    fails_with(m, &b, "row 0, token 2: label 2, the model has 2 labels");
    b.labels = NULL;
    fails_with(m, &b, "the batch has no labels");
    fails_with(rows, &b, "the batch has no row_labels");
    fails_with(spans, &b, "the batch has no start_positions and end_positions");
    b.row_targets = (const float[]){0, 1};
    b.n_targets = 1;
    fails_with_status(HONE_SHAPE, rows, &b, "the batch has 1 targets a row, the model 2 labels");
    b.row_targets = NULL;
    b.cu_seqlens = empty_row;
    b.n_rows = 3;
    fails_with(rows, &b, "row 1 is empty");
    hone_tape *t = new_tape(m);
    hone_output out = hone_model_forward(m, t, &batch);
    assert_null(hone_model_pool(t, &out, &batch));
    assert_fails(HONE_INVALID_ARGUMENT, "BertForTokenClassification has no pooler", hone_tape_status(t));
    hone_tape_free(t);
    hone_model_free(m);
    hone_model_free(rows);
    hone_model_free(spans);
}

static void bad_configurations(void **state)
{
    static const struct {
        const char *type, *text, *message;
        hone_status status;
    } cases[] = {
        {"bert", "{\"position_embedding_type\": \"relative_key\"}", "\"relative_key\", hone has \"absolute\" positions only",
         HONE_UNSUPPORTED},
        {"bert", "{\"is_decoder\": true}", "a BERT as decoder", HONE_UNSUPPORTED},
        {"bert", "{\"num_attention_heads\": 7}", "\"hidden_size\" (768) is not divisible by \"num_attention_heads\" (7)", HONE_FORMAT},
        {"bert", "{\"hidden_act\": \"silu\"}", "an activation that hone does not have", HONE_UNSUPPORTED},
        {"bert", "{\"classifier_dropout\": 1.5}", "\"classifier_dropout\" must be a probability", HONE_FORMAT},
        {"bert", "{\"problem_type\": \"ranking\"}", "\"problem_type\" is \"ranking\"", HONE_FORMAT},
        {"bert", "{\"pruned_heads\": {\"0\": [1]}}", "\"pruned_heads\"", HONE_UNSUPPORTED},
        {"distilbert", "{\"dim\": 10}", "\"dim\" (10) is not divisible by \"n_heads\" (12)", HONE_FORMAT},
        {"distilbert", "{\"pad_token_id\": 90000}", "\"pad_token_id\" is 90000, the vocabulary has 30522 entries", HONE_FORMAT},
        {"distilbert", "{\"id2label\": {\"0\": \"a\", \"2\": \"b\"}}", "\"id2label\" must give a name to each id", HONE_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *folder = test_temp("bad");
        char path[4096], text[512];
        hone_model *m;
        assert_ok(hone__make_dirs(folder));
        snprintf(path, sizeof(path), "%s/config.json", folder);
        snprintf(text, sizeof(text), "{\"model_type\": \"%s\", %s", cases[i].type, cases[i].text + 1);
        test_write_text(path, text);
        assert_fails(cases[i].status, cases[i].message, load(&m, HONE_TOKEN_CLASSIFICATION, folder, false, false, NULL));
        assert_null(m);
    }
}

/* config.json of the reference's own keys comes back as it was, with labels in any order; --dropout replaces all but a null. */
static void configurations(void **state)
{
    static const char text[] = "{\"model_type\": \"distilbert\", \"tie_weights_\": true, \"hidden_size\": 24, \"num_attention_heads\": 4, "
                               "\"num_hidden_layers\": 1, \"hidden_dim\": 8, \"vocab_size\": 30, \"max_position_embeddings\": 8, "
                               "\"id2label\": {\"2\": \"I-X\", \"0\": \"O\", \"1\": \"B-X\"}, \"label2id\": {\"O\": 0}, \"dropout\": 0.25}";
    const char *folder = test_temp("config");
    char path[4096];
    hone_model *m;
    json_t *json;
    (void)state;
    assert_ok(hone__json_parse(&json, text, strlen(text), "text"));
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    assert_ok(hone__model_new(&m, hone__model_classes[2], HONE_TOKEN_CLASSIFICATION, json, "text", &o));
    json_decref(json);
    assert_int_equal(hone_model_hidden_size(m), 24);
    assert_string_equal(hone_model_labels(m, NULL)[2], "I-X");
    assert_ok(hone__params_allocate(m->params));
    assert_ok(hone_model_save_pretrained(m, folder));
    snprintf(path, sizeof(path), "%s/config.json", folder);
    json = test_read_json(path);
    assert_int_equal(json_integer_value(json_object_get(json, "dim")), 24);
    assert_true(json_is_true(json_object_get(json, "tie_weights_")));
    assert_true(json_real_value(json_object_get(json, "dropout")) == 0.25);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "label2id"), "I-X")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "architectures"), 0)), "DistilBertForTokenClassification");
    json_decref(json);
    hone_model_free(m);
    m = make(HONE_TOKEN_CLASSIFICATION, "bert", SMALL);
    assert_true(m->config->hidden_dropout == 0.0 && m->config->classifier_dropout == -1.0);
    assert_true(json_is_null(json_object_get(m->config->json, "classifier_dropout")));
    hone_model_free(m);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sizes),
    cmocka_unit_test(fresh_weights),
    cmocka_unit_test(decay),
    cmocka_unit_test(old_names),
    cmocka_unit_test(a_missing_third),
    cmocka_unit_test(other_heads),
    cmocka_unit_test(problem_types),
    cmocka_unit_test(span_positions),
    cmocka_unit_test(nothing_labelled),
    cmocka_unit_test(bad_batches),
    cmocka_unit_test(bad_configurations),
    cmocka_unit_test(configurations),
    cmocka_unit_test(padding_has_no_gradient),
};
TEST_MAIN(tests)
