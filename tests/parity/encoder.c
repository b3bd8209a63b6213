/* Fixtures model/bert-* and model/distilbert-* (format: model_cases.py): hidden states, logits, loss, every gradient and eight optimizer steps of small encoders with
 * each of their heads, on `ref` and `cpu`; and what packing, recomputation and saving may not change.
 *
 * HONE_FIXTURES may name fixtures of another seed. Tolerances are those of the fixtures: both sides compute in float32 with other orders of summation, so values
 * agree to 1e-5 of the tensor's largest, parameters after eight steps of AdamW, which divides by the square root of squared gradients, to 1e-4. */
#include "parity/encoder_world.h"
#include "train/optimizer/optimizer.h"

/* X(name in this file, folder of the fixture, task) */
#define CASES(X)                                                                       \
    X(bert_tokens, "bert-token-classification", HONE_TOKEN_CLASSIFICATION)             \
    X(bert_rows, "bert-sequence-classification", HONE_TEXT_CLASSIFICATION)             \
    X(bert_spans, "bert-question-answering", HONE_QUESTION_ANSWERING)                  \
    X(bert_masks, "bert-masked-lm", HONE_MASKED_LM)                                    \
    X(distilbert_tokens, "distilbert-token-classification", HONE_TOKEN_CLASSIFICATION) \
    X(distilbert_rows, "distilbert-sequence-classification", HONE_TEXT_CLASSIFICATION) \
    X(distilbert_spans, "distilbert-question-answering", HONE_QUESTION_ANSWERING)

#define X(name, folder, task) static const fixture name = {"model/" folder, task};
CASES(X)
#undef X

static void check_forward(const fixture *f, const char *device)
{
    world w;
    world_open(&w, f, device, -1.0);
    hone_model_keep_hidden_states(w.model, true);
    hone_output out = hone_model_forward(w.model, w.tape, &w.packed);
    assert_ok(hone_tape_status(w.tape));
    for (int l = 0; l <= hone_model_n_layers(w.model); l++) {
        char name[32];
        snprintf(name, sizeof(name), "hidden.%d", l);
        compare_tokens(&w, name, out.hidden_states[l], false);
    }
    compare_logits(&w, &out);
    compare_loss(&w, hone_model_loss(w.tape, &out, &w.packed));
    /* Without labels there are logits for all tokens. */
    w.packed.labels = w.packed.row_labels = NULL;
    out = hone_model_forward(w.model, w.tape, &w.packed);
    assert_ok(hone_tape_status(w.tape));
    compare_logits(&w, &out);
    world_close(&w);
}

/* True gradients of 0, of which both sides have rounding noise: the softmax does not see what a key's bias adds to all scores of a query, nor what the last bias or
 * that of the last norm adds to the start (or end) of all tokens of a row. */
static bool is_noise(const world *w, const char *name)
{
    char last[64];
    snprintf(last, sizeof(last), "layer.%d.output", hone_model_n_layers(w->model) - 1);
    bool of_spans = strstr(name, "qa_outputs.bias") ||
                    (strstr(name, last) && (hone__ends_with(name, "Norm.bias") || hone__ends_with(name, "norm.bias")));
    return strstr(name, "key.bias") || strstr(name, "k_lin.bias") || (w->fixture->task == HONE_QUESTION_ANSWERING && of_spans);
}

static void check_gradients(world *w)
{
    hone_parameter p;
    size_t n_checked = 0, n_gradients = 0;
    for (size_t i = 0; hone_model_parameter(w->model, i, &p); i++) {
        char name[128];
        size_t n, n_got;
        snprintf(name, sizeof(name), "grad.%s", p.name);
        float *expected = read_floats(w->expected, name, &n), *got = read_tensor(p.grad, &n_got);
        assert_int_equal(n, n_got);
        if (is_noise(w, name))
            for (size_t k = 0; k < n; k++)
                assert_true(fabsf(got[k]) < 1e-6f && fabsf(expected[k]) < 1e-6f);
        else
            compare(name, got, expected, n, 1e-5);
        hone__free(expected);
        hone__free(got);
        n_checked++;
    }
    for (size_t i = 0; i < hone__safetensors_count(w->expected); i++)
        n_gradients += hone__starts_with(hone__safetensors_at(w->expected, i)->name, "grad.");
    assert_int_equal(n_checked, n_gradients);
}

static void check_backward(const fixture *f, const char *device, bool recompute)
{
    world w;
    world_open(&w, f, device, -1.0);
    hone_model_set_recompute(w.model, recompute);
    hone_output out = hone_model_forward(w.model, w.tape, &w.packed);
    hone_tensor *loss = hone_model_loss(w.tape, &out, &w.packed);
    assert_ok(hone_tape_status(w.tape));
    compare_loss(&w, loss);
    assert_ok(hone_tape_backward(w.tape, loss));
    check_gradients(&w);
    world_close(&w);
}

static void check_gradients_of(const fixture *f, const char *device)
{
    check_backward(f, device, false);
}

static void check_gradients_again(const fixture *f, const char *device)
{
    check_backward(f, device, true);
}

/* ---- eight steps by the recipe of train.json, with the optimizer ---- */

static double number(const json_t *object, const char *key)
{
    assert_true(json_is_number(json_object_get(object, key)));
    return json_number_value(json_object_get(object, key));
}

static hone_optimizer *make_optimizer(const world *w, const json_t *recipe)
{
    hone_adamw_options o = HONE_ADAMW_OPTIONS_INIT;
    hone_optimizer *opt = NULL;
    o.beta1 = json_number_value(json_array_get(json_object_get(recipe, "betas"), 0));
    o.beta2 = json_number_value(json_array_get(json_object_get(recipe, "betas"), 1));
    o.epsilon = number(recipe, "epsilon");
    o.weight_decay = number(recipe, "weight_decay");
    assert_ok(hone_optimizer_adamw_new(&opt, w->model, &o));
    return opt;
}

static double train_step(world *w, const json_t *recipe, hone_optimizer *opt, int step, double *norm)
{
    double loss;
    bool finite;
    pack_from(w, step, (int32_t)number(recipe, "rows_per_step"));
    hone_output out = hone_model_forward(w->model, w->tape, &w->packed);
    hone_tensor *total = hone_model_loss(w->tape, &out, &w->packed);
    assert_ok(hone_tape_backward(w->tape, total));
    assert_ok(hone_tensor_item(total, &loss));
    assert_ok(hone__optimizer_clip(opt, 1, number(recipe, "max_grad_norm"), norm, &finite));
    assert_true(finite);
    hone_optimizer_set_learning_rate(opt, number(json_array_get(json_object_get(recipe, "log"), (size_t)step), "learning_rate"));
    assert_ok(hone_optimizer_step(opt));
    hone_optimizer_zero_grad(opt);
    hone_tape_reset(w->tape);
    return loss;
}

static void compare_trained(world *w)
{
    hone_safetensors *trained = open_case(w, "trained.safetensors");
    hone_parameter p;
    for (size_t i = 0; hone_model_parameter(w->model, i, &p); i++) {
        size_t n, n_got;
        float *expected = read_floats(trained, p.name, &n), *got = read_tensor(p.value, &n_got);
        assert_int_equal(n, n_got);
        if (is_noise(w, p.name)) /* AdamW makes steps of the noise, up to the learning rate, 1e-3, each: only their size can be compared */
            for (size_t k = 0; k < n; k++)
                assert_true(fabsf(got[k] - expected[k]) < 8e-3f);
        else
            compare(p.name, got, expected, n, 1e-4);
        hone__free(expected);
        hone__free(got);
    }
    hone__safetensors_close(trained);
}

static void check_training(const fixture *f, const char *device)
{
    world w;
    char path[256];
    world_open(&w, f, device, -1.0);
    snprintf(path, sizeof(path), "%s/train.json", f->folder);
    json_t *recipe = test_read_json(test_fixture(path));
    hone_optimizer *opt = make_optimizer(&w, recipe);
    for (int step = 0; step < (int)number(recipe, "steps"); step++) {
        const json_t *line = json_array_get(json_object_get(recipe, "log"), (size_t)step);
        double norm, loss = train_step(&w, recipe, opt, step, &norm);
        /* The first step is exact to rounding; errors of parameters (1e-4) come in afterwards. */
        compare("loss of a step", &(float){(float)loss}, &(float){(float)number(line, "loss")}, 1, step ? 1e-4 : 1e-5);
        compare("norm of a step", &(float){(float)norm}, &(float){(float)number(line, "grad_norm")}, 1, step ? 1e-3 : 1e-5);
    }
    compare_trained(&w);
    hone_optimizer_free(opt);
    json_decref(recipe);
    world_close(&w);
}

/* ---- what packing and recomputation may not change; dropout is on ---- */

enum { N_ORDERS = 3 };
static const int32_t orders[N_ORDERS][6] = {{0, 1, 2, 3, 4, 5}, {5, 3, 1, 0, 2, 4}, {2, 0, 4, 5, 1, 3}};

typedef struct result {
    float *embedded, *hidden; /* (rows, width, C), in the order of the file */
    float *grad;              /* of all parameters, one behind the other */
    size_t n_grad;
    double loss;
} result;

static void result_dispose(result *x)
{
    hone__free(x->embedded);
    hone__free(x->hidden);
    hone__free(x->grad);
}

/* Rows of the packed x (N, C) to their places in the file. */
static void put_back(const world *w, float *out, const hone_tensor *x)
{
    size_t n, c = (size_t)hone_tensor_dim(x, 1);
    float *values = read_tensor(x, &n);
    for (int32_t r = 0; r < w->packed.n_rows; r++)
        memcpy(out + (size_t)w->ordinals[r] * (size_t)w->width * c, values + (size_t)w->cu_seqlens[r] * c,
               (size_t)(w->cu_seqlens[r + 1] - w->cu_seqlens[r]) * c * sizeof(float));
    hone__free(values);
}

static void read_gradients(result *x, const world *w)
{
    hone_parameter p;
    assert_ok(HONE_NEW(&x->grad, hone_model_n_parameters(w->model)));
    x->n_grad = 0;
    for (size_t i = 0; hone_model_parameter(w->model, i, &p); i++) {
        size_t n = (size_t)hone_tensor_count(p.value);
        assert_non_null(p.grad);
        assert_ok(hone_tensor_read(p.grad, x->grad + x->n_grad, n));
        x->n_grad += n;
    }
}

/* All rows in this order, in micro-batches of `n` rows whose losses are weighted by their items. */
static void run_batches(result *x, world *w, const int32_t *order, int32_t n)
{
    size_t values = (size_t)(w->rows * w->width) * (size_t)hone_model_hidden_size(w->model);
    assert_int_equal(w->rows, 6);
    assert_ok(HONE_NEW(&x->embedded, values));
    assert_ok(HONE_NEW(&x->hidden, values));
    pack(w, order, w->rows);
    double total = (double)hone_model_count_items(w->model, &w->packed);
    x->loss = 0.0;
    hone__params_zero_grad(w->model->params);
    for (int32_t first = 0; first < w->rows; first += n) {
        double loss;
        pack(w, order + first, n);
        double share = (double)hone_model_count_items(w->model, &w->packed) / total;
        hone_tape_reset(w->tape);
        hone_tape_set_loss_scale(w->tape, share);
        hone_output out = hone_model_forward(w->model, w->tape, &w->packed);
        hone_tensor *mean = hone_model_loss(w->tape, &out, &w->packed);
        assert_ok(hone_tape_backward(w->tape, mean));
        assert_ok(hone_tensor_item(mean, &loss));
        x->loss += loss * share;
        put_back(w, x->embedded, out.hidden_states[0]);
        put_back(w, x->hidden, out.hidden);
    }
    read_gradients(x, w);
}

static void compare_results(const world *w, const result *a, const result *b)
{
    hone_parameter p;
    size_t at = 0, n = (size_t)(w->rows * w->width) * (size_t)hone_model_hidden_size(w->model);
    assert_memory_equal(a->embedded, b->embedded, n * sizeof(float)); /* no sum of it depends on the batch: masks and all */
    compare("hidden states", b->hidden, a->hidden, n, 1e-5);
    compare("loss", &(float){(float)b->loss}, &(float){(float)a->loss}, 1, 1e-5);
    for (size_t i = 0; hone_model_parameter(w->model, i, &p); i++) {
        size_t count = (size_t)hone_tensor_count(p.value);
        if (!is_noise(w, p.name))
            compare(p.name, b->grad + at, a->grad + at, count, 1e-5);
        at += count;
    }
}

static void check_packing(const fixture *f, const char *device)
{
    world w;
    result whole = {0}, other = {0};
    world_open(&w, f, device, 0.15);
    hone_model_keep_hidden_states(w.model, true);
    run_batches(&whole, &w, orders[0], 6);
    for (int k = 1; k < N_ORDERS; k++)
        for (int32_t n = 6; n > 0; n = n == 6 ? 3 : n == 3 ? 1 : 0) {
            run_batches(&other, &w, orders[k], n);
            compare_results(&w, &whole, &other);
            result_dispose(&other);
        }
    result_dispose(&whole);
    world_close(&w);
}

static void check_recompute(const fixture *f, const char *device)
{
    world w;
    result kept = {0}, again = {0};
    world_open(&w, f, device, 0.15);
    hone_model_keep_hidden_states(w.model, true);
    run_batches(&kept, &w, orders[0], 6);
    hone_model_set_recompute(w.model, true);
    run_batches(&again, &w, orders[0], 6);
    assert_true(kept.loss == again.loss);
    assert_int_equal(kept.n_grad, again.n_grad);
    assert_memory_equal(kept.grad, again.grad, kept.n_grad * sizeof(float));
    result_dispose(&kept);
    result_dispose(&again);
    world_close(&w);
}

static float *forward_values(world *w, const hone_model *m, size_t *n)
{
    hone_tape_reset(w->tape);
    hone_output out = hone_model_forward(m, w->tape, &w->packed);
    assert_ok(hone_tape_status(w->tape));
    float *values = read_tensor(out.logits ? out.logits : out.hidden, n);
    hone_tape_reset(w->tape);
    return values;
}

/* Saved and loaded, mapped or read: the same bits. */
static void check_saving(const fixture *f, const char *device)
{
    world w;
    size_t n, n_again;
    world_open(&w, f, device, -1.0);
    assert_ok(hone_model_save_pretrained(w.model, test_temp("saved")));
    float *want = forward_values(&w, w.model, &n);
    for (int i = 0; i < 2; i++) {
        hone_model *other;
        hone_model_options options = HONE_MODEL_OPTIONS_INIT;
        options.device = w.device;
        options.for_training = i > 0;
        assert_ok(hone_model_from_pretrained(&other, HONE_TASK_NONE, test_temp("saved"), &options));
        assert_int_equal(hone_model_task(other), f->task);
        float *got = forward_values(&w, other, &n_again);
        assert_int_equal(n, n_again);
        assert_memory_equal(want, got, n * sizeof(float));
        hone__free(got);
        hone_model_free(other);
    }
    hone__free(want);
    world_close(&w);
}

#define ON_DEVICES(X, name) X(name, ref) X(name, cpu)
#define CHECKS(X, name, device)                        \
    X(name, device, forward, check_forward)            \
    X(name, device, gradients, check_gradients_of)     \
    X(name, device, recomputed, check_gradients_again) \
    X(name, device, training, check_training)          \
    X(name, device, packing, check_packing)            \
    X(name, device, recompute, check_recompute)        \
    X(name, device, saving, check_saving)
#define FUNCTION(name, device, what, check)            \
    static void name##_##what##_##device(void **state) \
    {                                                  \
        (void)state;                                   \
        check(&name, #device);                         \
    }
#define FUNCTIONS(name, device) CHECKS(FUNCTION, name, device)
#define X(name, folder, task)   ON_DEVICES(FUNCTIONS, name)
CASES(X)
#undef X

static const struct CMUnitTest tests[] = {
#define ENTRY(name, device, what, check) cmocka_unit_test(name##_##what##_##device),
#define ENTRIES(name, device)            CHECKS(ENTRY, name, device)
#define X(name, folder, task)            ON_DEVICES(ENTRIES, name)
    CASES(X)
#undef X
};
TEST_MAIN(tests)
