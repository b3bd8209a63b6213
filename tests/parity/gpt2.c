/* Fixture model/gpt2-causal-lm (format: model_cases.py): hidden states, logits, loss, every gradient and eight optimizer steps of a small GPT-2, on `ref` and `cpu`.
 *
 * HONE_FIXTURES may name fixtures of another seed. Tolerances are those of the fixtures: both sides compute in float32 with other orders of summation, so values
 * agree to 1e-5 of the tensor's largest, parameters after eight steps of AdamW, which divides by the square root of squared gradients, to 1e-4. */
#include "models/class.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#define CASE "model/gpt2-causal-lm"

typedef struct world {
    hone_device *device;
    hone_model *model;
    hone_tape *tape;
    hone_safetensors *batch, *expected;
    int32_t *ids, *mask; /* (rows, width), padded at the end as in the file */
    int32_t rows, width;
    hone_batch packed;
    int32_t *cu_seqlens, *packed_ids;
} world;

static hone_safetensors *open_case(const char *name)
{
    char path[256];
    hone_safetensors *s;
    snprintf(path, sizeof(path), CASE "/%s", name);
    assert_ok(hone__safetensors_open(&s, test_fixture(path)));
    return s;
}

static float *read_floats(hone_safetensors *s, const char *name, size_t *n)
{
    const hone_safetensor *t = hone__safetensors_find(s, name);
    float *out;
    if (!t)
        fail_msg("the fixture has no %s", name);
    assert_ok(HONE_ALLOC(&out, (size_t)t->count + 1));
    assert_ok(hone__safetensors_read(s, t, HONE_DTYPE_F32, 0, t->count, out));
    *n = (size_t)t->count;
    return out;
}

static int32_t *read_ints(hone_safetensors *s, const char *name, int32_t *rows, int32_t *width)
{
    const hone_safetensor *t = hone__safetensors_find(s, name);
    int32_t *out;
    assert_non_null(t);
    assert_ok(HONE_ALLOC(&out, (size_t)t->count));
    assert_ok(hone__safetensors_read(s, t, HONE_DTYPE_I32, 0, t->count, out));
    *rows = (int32_t)t->dim[0];
    *width = (int32_t)t->dim[1];
    return out;
}

/* Rows first, first + 1, … (modulo their number) of the padded file, packed. */
static void pack(world *w, int32_t first, int32_t n_rows)
{
    int32_t k = 0, longest = 0;
    for (int32_t r = 0; r < n_rows; r++) {
        int32_t from = (first + r) % w->rows, begin = k;
        for (int32_t i = 0; i < w->width && w->mask[from * w->width + i]; i++)
            w->packed_ids[k++] = w->ids[from * w->width + i];
        w->cu_seqlens[r + 1] = k;
        longest = k - begin > longest ? k - begin : longest;
    }
    w->packed = (hone_batch){.n_tokens = k, .n_rows = n_rows, .longest = longest, .cu_seqlens = w->cu_seqlens, .input_ids = w->packed_ids};
}

static void world_open(world *w, const char *device)
{
    memset(w, 0, sizeof(*w));
    w->batch = open_case("batch.safetensors");
    w->expected = open_case("expected.safetensors");
    w->ids = read_ints(w->batch, "input_ids", &w->rows, &w->width);
    w->mask = read_ints(w->batch, "attention_mask", &w->rows, &w->width);
    assert_ok(HONE_NEW(&w->cu_seqlens, (size_t)w->rows + 1));
    assert_ok(HONE_NEW(&w->packed_ids, (size_t)(w->rows * w->width)));
    assert_ok(hone_device_open(&w->device, &(hone_device_options){.name = device}));
    hone_model_options options = HONE_MODEL_OPTIONS_INIT;
    options.device = w->device;
    options.for_training = true;
    assert_ok(hone_model_from_pretrained(&w->model, HONE_CAUSAL_LM, test_fixture(CASE), &options));
    assert_ok(hone_tape_new(&w->tape, w->device, &(hone_tape_options){.recording = true, .training = true, .seed = 3}));
    pack(w, 0, w->rows);
}

static void world_close(world *w)
{
    hone_tape_free(w->tape);
    hone_model_free(w->model);
    hone_device_free(w->device);
    hone__safetensors_close(w->batch);
    hone__safetensors_close(w->expected);
    hone__free(w->ids);
    hone__free(w->mask);
    hone__free(w->cu_seqlens);
    hone__free(w->packed_ids);
}

/* Largest difference as a part of the expected values' largest. */
static void compare(const char *name, const float *got, const float *expected, size_t n, double tolerance)
{
    double worst = 0.0, scale = 1e-30;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - (double)expected[i]);
        worst = difference > worst || difference != difference ? difference : worst;
        scale = fabs((double)expected[i]) > scale ? fabs((double)expected[i]) : scale;
    }
    if (!(worst <= tolerance * scale))
        fail_msg("%s: differs by %g of %g (tolerance %g)", name, worst, scale, tolerance);
}

/* x (N, C) of the packed batch against (rows, width, C) of the file, at real tokens. */
static void compare_tokens(world *w, const char *name, const hone_tensor *x)
{
    size_t n, c = (size_t)hone_tensor_dim(x, 1), tokens = (size_t)w->packed.n_tokens;
    float *expected = read_floats(w->expected, name, &n), *got, *packed;
    assert_int_equal(n, (size_t)(w->rows * w->width) * c);
    assert_ok(HONE_ALLOC(&got, tokens * c));
    assert_ok(HONE_ALLOC(&packed, tokens * c));
    assert_ok(hone_tensor_read(x, got, tokens * c));
    for (int32_t r = 0; r < w->rows; r++)
        memcpy(packed + (size_t)w->cu_seqlens[r] * c, expected + (size_t)(r * w->width) * c,
               (size_t)(w->cu_seqlens[r + 1] - w->cu_seqlens[r]) * c * sizeof(float));
    compare(name, got, packed, tokens * c, 1e-5);
    hone__free(expected);
    hone__free(got);
    hone__free(packed);
}

static void compare_loss(world *w, const hone_tensor *loss)
{
    size_t n;
    double got;
    float *expected = read_floats(w->expected, "loss", &n);
    assert_ok(hone_tensor_item(loss, &got));
    compare("loss", &(float){(float)got}, expected, 1, 1e-5);
    hone__free(expected);
}

static void check_forward(const char *device)
{
    world w;
    world_open(&w, device);
    hone_model_keep_hidden_states(w.model, true);
    hone_output out = hone_model_forward(w.model, w.tape, &w.packed);
    assert_ok(hone_tape_status(w.tape));
    for (int l = 0; l <= hone_model_n_layers(w.model); l++) {
        char name[32];
        snprintf(name, sizeof(name), "hidden.%d", l);
        compare_tokens(&w, name, out.hidden_states[l]);
    }
    int32_t *all;
    assert_ok(HONE_ALLOC(&all, (size_t)w.packed.n_tokens));
    for (int32_t i = 0; i < w.packed.n_tokens; i++)
        all[i] = i;
    hone_tensor *logits = hone_lm_logits(w.tape, &out, all, (size_t)w.packed.n_tokens);
    assert_ok(hone_tape_status(w.tape));
    compare_tokens(&w, "logits", logits);
    compare_loss(&w, hone_model_loss(w.tape, &out, &w.packed));
    hone__free(all);
    world_close(&w);
}

static void check_gradients(world *w)
{
    hone_parameter p;
    size_t n_checked = 0;
    for (size_t i = 0; hone_model_parameter(w->model, i, &p); i++) {
        char name[128];
        size_t n;
        snprintf(name, sizeof(name), "grad.%s", p.name);
        float *expected = read_floats(w->expected, name, &n), *got;
        assert_non_null(p.grad);
        assert_int_equal(hone_tensor_count(p.grad), n);
        assert_ok(HONE_ALLOC(&got, n));
        assert_ok(hone_tensor_read(p.grad, got, n));
        compare(name, got, expected, n, 1e-5);
        hone__free(expected);
        hone__free(got);
        n_checked++;
    }
    assert_int_equal(n_checked, hone__safetensors_count(w->expected) - 2 - (size_t)hone_model_n_layers(w->model) - 1);
}

/* Gradients of the cheap loss, of the mean of the values, and with layers computed again. */
static void check_backward(const char *device, bool values, bool recompute)
{
    world w;
    world_open(&w, device);
    hone_model_set_recompute(w.model, recompute);
    hone_output out = hone_model_forward(w.model, w.tape, &w.packed);
    hone_tensor *loss = values ? hone_mean(w.tape, hone_next_token_nll(w.tape, &out, &w.packed)) : hone_model_loss(w.tape, &out, &w.packed);
    compare_loss(&w, loss);
    assert_ok(hone_tape_backward(w.tape, loss));
    check_gradients(&w);
    world_close(&w);
}

/* ---- eight steps by the recipe of train.json, through the backend's own entries ---- */

static size_t make_segments(const hone_params *params, double weight_decay, hone_segment *out)
{
    for (size_t i = 0; i < params->n_items; i++) {
        const hone_param *p = params->items[i];
        out[i] = (hone_segment){p->offset, p->offset + p->count, 1.0f, p->decay ? (float)weight_decay : 0.0f, 0, NULL};
    }
    return params->n_items;
}

static double number(const json_t *object, const char *key)
{
    assert_true(json_is_number(json_object_get(object, key)));
    return json_number_value(json_object_get(object, key));
}

static double train_step(world *w, const json_t *recipe, int step, const hone_segment *segments, size_t n_segments, double *norm)
{
    hone_backend *b = w->device->backend;
    hone_params *params = w->model->params;
    double loss, sum, beta1 = json_number_value(json_array_get(json_object_get(recipe, "betas"), 0)),
                      beta2 = json_number_value(json_array_get(json_object_get(recipe, "betas"), 1));
    double lr = number(json_array_get(json_object_get(recipe, "log"), (size_t)step), "learning_rate");
    int32_t nonfinite;
    void *scratch = NULL;
    pack(w, step, (int32_t)number(recipe, "rows_per_step"));
    hone_output out = hone_model_forward(w->model, w->tape, &w->packed);
    hone_tensor *total = hone_model_loss(w->tape, &out, &w->packed);
    assert_ok(hone_tape_backward(w->tape, total));
    assert_ok(hone_tensor_item(total, &loss));
    assert_ok(HONE_ALLOC((char **)&scratch, b->ops->workspace(b, HONE_WS_REDUCE, (int64_t)params->n_elements, 0, 0) + 1));
    assert_ok(b->ops->norm2(b, &sum, &nonfinite, params->grad, segments, n_segments, scratch));
    assert_int_equal(nonfinite, 0);
    *norm = sqrt(sum);
    double limit = number(recipe, "max_grad_norm"), clip = limit / (*norm + 1e-6);
    float factor = (float)(clip < 1.0 ? clip : 1.0);
    hone_adamw how = {(float)lr,
                      (float)beta1,
                      (float)beta2,
                      (float)number(recipe, "epsilon"),
                      (float)(1.0 - pow(beta1, step + 1)),
                      (float)sqrt(1.0 - pow(beta2, step + 1))};
    assert_ok(b->ops->adamw(b, params->master, NULL, HONE_DTYPE_F32, params->grad, params->m, params->v, segments, n_segments, &how,
                            &factor, NULL));
    hone__params_changed(params);
    hone__params_zero_grad(params);
    hone_tape_reset(w->tape);
    hone__free(scratch);
    return loss;
}

/* The softmax does not see what a key bias adds to all scores of a query: its true gradient is 0, both sides have rounding noise instead, and AdamW makes steps of
 * the noise (up to the learning rate, 1e-3, each). There only the size of such steps can be compared. */
static void compare_parameter(const char *name, const float *got, const float *expected, size_t n)
{
    if (!hone__ends_with(name, "c_attn.bias")) {
        compare(name, got, expected, n, 1e-4);
        return;
    }
    compare(name, got, expected, n / 3, 1e-4);
    compare(name, got + n / 3 * 2, expected + n / 3 * 2, n / 3, 1e-4);
    for (size_t i = n / 3; i < n / 3 * 2; i++)
        assert_true(fabsf(got[i] - expected[i]) < 1e-3f);
}

static void compare_trained(world *w)
{
    hone_safetensors *trained = open_case("trained.safetensors");
    hone_parameter p;
    for (size_t i = 0; hone_model_parameter(w->model, i, &p); i++) {
        size_t n;
        float *expected = read_floats(trained, p.name, &n), *got;
        assert_ok(HONE_ALLOC(&got, n));
        assert_ok(hone_tensor_read(p.value, got, n));
        compare_parameter(p.name, got, expected, n);
        hone__free(expected);
        hone__free(got);
    }
    hone__safetensors_close(trained);
}

static void check_training(const char *device)
{
    world w;
    hone_segment segments[256];
    json_t *recipe = test_read_json(test_fixture(CASE "/train.json"));
    world_open(&w, device);
    size_t n_segments = make_segments(w.model->params, number(recipe, "weight_decay"), segments);
    for (int step = 0; step < (int)number(recipe, "steps"); step++) {
        const json_t *line = json_array_get(json_object_get(recipe, "log"), (size_t)step);
        double norm, loss = train_step(&w, recipe, step, segments, n_segments, &norm);
        /* The first step is exact to rounding; errors of parameters (1e-4) come in afterwards. */
        compare("loss of a step", &(float){(float)loss}, &(float){(float)number(line, "loss")}, 1, step ? 1e-4 : 1e-5);
        compare("norm of a step", &(float){(float)norm}, &(float){(float)number(line, "grad_norm")}, 1, step ? 1e-3 : 1e-5);
    }
    compare_trained(&w);
    json_decref(recipe);
    world_close(&w);
}

#define ON_DEVICES(X) X(ref) X(cpu)
#define X(device)                                           \
    static void forward_##device(void **state)              \
    {                                                       \
        (void)state;                                        \
        check_forward(#device);                             \
    }                                                       \
    static void gradients_##device(void **state)            \
    {                                                       \
        (void)state;                                        \
        check_backward(#device, false, false);              \
    }                                                       \
    static void gradients_of_values_##device(void **state)  \
    {                                                       \
        (void)state;                                        \
        check_backward(#device, true, false);               \
    }                                                       \
    static void gradients_recomputed_##device(void **state) \
    {                                                       \
        (void)state;                                        \
        check_backward(#device, false, true);               \
    }                                                       \
    static void training_##device(void **state)             \
    {                                                       \
        (void)state;                                        \
        check_training(#device);                            \
    }
ON_DEVICES(X)
#undef X

static const struct CMUnitTest tests[] = {
#define X(device)                                                                                                             \
    cmocka_unit_test(forward_##device), cmocka_unit_test(gradients_##device), cmocka_unit_test(gradients_of_values_##device), \
        cmocka_unit_test(gradients_recomputed_##device), cmocka_unit_test(training_##device),
    ON_DEVICES(X)
#undef X
};
TEST_MAIN(tests)
