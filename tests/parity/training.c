/* The reference's training recipe, step by step (fixture model/gpt2-causal-lm: train.json, trained.safetensors): AdamW with decay groups, linear schedule with warm-up,
 * clipping, through the accelerator, as a loop by hand would do it. */
#include "support/support.h"
#include "base/json.h"
#include "models/model.h"
#include "models/safetensors.h"
#include <hone/accelerator.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "model/gpt2-causal-lm"
enum { MAX_ROWS = 8, MAX_TOKENS = 512 };

/* The rows of batch.safetensors without their padding, and a packed batch of any of them. */
typedef struct rows {
    int32_t ids[MAX_ROWS][64], n[MAX_ROWS];
    int n_rows;
    int32_t packed[MAX_TOKENS], start[MAX_ROWS + 1];
} rows;

static void read_rows(rows *r)
{
    hone_safetensors *file;
    const char *path = test_fixture(FOLDER "/batch.safetensors");
    assert_ok(hone__safetensors_open(&file, path));
    const hone_safetensor *ids = hone__safetensors_find(file, "input_ids"), *mask = hone__safetensors_find(file, "attention_mask");
    r->n_rows = (int)ids->dim[0];
    int32_t keep[64];
    for (int i = 0; i < r->n_rows; i++) {
        uint64_t width = (uint64_t)ids->dim[1];
        assert_ok(hone__safetensors_read(file, ids, HONE_DTYPE_I32, (uint64_t)i * width, width, r->ids[i]));
        assert_ok(hone__safetensors_read(file, mask, HONE_DTYPE_I32, (uint64_t)i * width, width, keep));
        for (r->n[i] = 0; (uint64_t)r->n[i] < width && keep[r->n[i]]; r->n[i]++)
            ;
    }
    hone__safetensors_close(file);
}

static hone_batch batch_of_step(rows *r, int step, int n)
{
    int32_t at = 0, longest = 0;
    for (int k = 0; k < n; k++) {
        int i = (step + k) % r->n_rows;
        r->start[k] = at;
        memcpy(r->packed + at, r->ids[i], (size_t)r->n[i] * sizeof(int32_t));
        at += r->n[i];
        longest = r->n[i] > longest ? r->n[i] : longest;
    }
    r->start[n] = at;
    return (hone_batch){.n_tokens = at, .n_rows = n, .longest = longest, .cu_seqlens = r->start, .input_ids = r->packed, .n_labelled = -1};
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void check_close(double found, double expected, double tolerance, const char *what, int step)
{
    if (!(fabs(found - expected) <= tolerance * fmax(fabs(expected), 1e-12)))
        fail_msg("step %d: %s is %.9g, the reference has %.9g", step, what, found, expected);
}

/* trained.safetensors: parameters agree to 1e-4 of their largest (the fixture's own promise). Not the biases of keys: softmax does not see them, their gradients are
 * rounding noise, and Adam scales noise up to the learning rate; they stay within it. */
static void check_parameters(const hone_model *model)
{
    hone_safetensors *file;
    const char *path = test_fixture(FOLDER "/trained.safetensors");
    hone_parameter p;
    assert_ok(hone__safetensors_open(&file, path));
    for (size_t i = 0; hone_model_parameter(model, i, &p); i++) {
        const hone_safetensor *t = hone__safetensors_find(file, p.name);
        assert_non_null(t);
        float *expected = malloc(t->count * sizeof(float)), *found = malloc(t->count * sizeof(float));
        assert_ok(hone__safetensors_read(file, t, HONE_DTYPE_F32, 0, t->count, expected));
        assert_ok(hone_tensor_read(p.value, found, t->count));
        double most = 0, worst = 0;
        for (uint64_t k = 0; k < t->count; k++) {
            bool noise = strstr(p.name, "c_attn.bias") && k / (t->count / 3) == 1;
            most = fmax(most, fabs(expected[k]));
            worst = fmax(worst, fabs(expected[k] - found[k]) * (noise ? 1e-3 : 1));
        }
        if (worst > 1e-4 * fmax(most, 1e-2))
            fail_msg("%s differs by %g (largest value %g)", p.name, worst, most);
        free(expected);
        free(found);
    }
    hone__safetensors_close(file);
}

static void eight_steps(const char *device_name)
{
    rows *r = calloc(1, sizeof(*r));
    hone_device *device;
    hone_model *model;
    hone_optimizer *opt;
    hone_scheduler *sched;
    hone_accelerator *acc;
    json_t *recipe = test_read_json(test_fixture(FOLDER "/train.json"));
    read_rows(r);
    assert_ok(hone_device_open(&device, &(hone_device_options){device_name, 2}));
    hone_model_options options = HONE_MODEL_OPTIONS_INIT;
    options.device = device;
    options.for_training = true;
    options.dropout = 0;
    assert_ok(hone_model_from_pretrained(&model, HONE_CAUSAL_LM, test_fixture(FOLDER), &options));
    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    adamw.learning_rate = number(recipe, "learning_rate");
    adamw.weight_decay = number(recipe, "weight_decay");
    assert_ok(hone_optimizer_adamw_new(&opt, model, &adamw));
    int steps = (int)number(recipe, "steps");
    hone_scheduler_options schedule = {(int64_t)number(recipe, "warmup_steps"), steps, NULL};
    assert_ok(hone_scheduler_new(&sched, json_string_value(json_object_get(recipe, "lr_scheduler_type")), opt, &schedule));
    assert_ok(hone_accelerator_new(&acc, NULL));
    assert_ok(hone_accelerator_prepare(acc, model, opt, NULL, NULL));
    for (int step = 0; step < steps; step++) {
        const json_t *log = json_array_get(json_object_get(recipe, "log"), (size_t)step);
        hone_batch batch = batch_of_step(r, step, (int)number(recipe, "rows_per_step"));
        double norm, loss;
        hone_tape *t = hone_accelerator_accumulate(acc);
        hone_output out = hone_model_forward(model, t, &batch);
        hone_tensor *mean = hone_model_loss(t, &out, &batch);
        assert_ok(hone_accelerator_backward(acc, mean));
        assert_ok(hone_tensor_item(mean, &loss));
        assert_true(hone_accelerator_sync_gradients(acc));
        assert_ok(hone_accelerator_clip_grad_norm(acc, number(recipe, "max_grad_norm"), &norm));
        check_close(hone_optimizer_learning_rate(opt), number(log, "learning_rate"), 1e-12, "learning rate", step);
        check_close(loss, number(log, "loss"), 1e-5, "loss", step);
        check_close(norm, number(log, "grad_norm"), 2e-5, "gradient norm", step);
        assert_ok(hone_optimizer_step(opt));
        hone_scheduler_step(sched);
        hone_optimizer_zero_grad(opt);
    }
    check_parameters(model);
    hone_accelerator_free(acc);
    hone_scheduler_free(sched);
    hone_optimizer_free(opt);
    hone_model_free(model);
    hone_device_free(device);
    json_decref(recipe);
    free(r);
}

static void eight_steps_on_cpu(void **state)
{
    (void)state;
    eight_steps("cpu");
}

static void eight_steps_on_ref(void **state)
{
    (void)state;
    eight_steps("ref");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(eight_steps_on_ref), cmocka_unit_test(eight_steps_on_cpu)};
TEST_MAIN(tests)
