/* SGD, Adagrad, RMSprop and Adafactor beside torch and transformers, step by step (optimizers.json, made by optimizers.py); their state saved and read back in the middle
 * gives the same bits; what is another optimizer's is refused. */
#include "base/json.h"
#include "nn/table.h"
#include "support/support.h"
#include "train/optimizer/optimizer.h"

#include <math.h>

enum { ROWS = 3, COLS = 4, N = 5, STEPS = 6 };

static json_t *fixture(void)
{
    static json_t *root;
    if (!root)
        root = test_read_json(test_source("tests/parity/optimizers.json"));
    return root;
}

static void read_numbers(float *out, const json_t *array, size_t n)
{
    assert_int_equal(json_array_size(array), n);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)json_number_value(json_array_get(array, i));
}

typedef struct world {
    hone_device *device;
    hone_params *params;
    hone_param *matrix, *vector;
} world;

static hone_param *add(hone_params *params, const char *name, int n_dims, bool decay)
{
    hone_param *param;
    int64_t dims[2] = {n_dims == 2 ? ROWS : N, COLS};
    assert_ok(hone__params_add(&param, params, name, n_dims, dims, decay));
    return param;
}

static void open_world(world *w, const char *device, bool sparse)
{
    assert_ok(hone_device_open(&w->device, &(hone_device_options){device, 2}));
    assert_ok(hone__params_new(&w->params, w->device->backend));
    w->matrix = add(w->params, "matrix", 2, true);
    w->vector = add(w->params, "vector", 1, false);
    if (sparse)
        hone__params_sparse(w->matrix);
    assert_ok(hone__params_train(w->params));
    read_numbers(w->matrix->tensor.data, json_object_get(fixture(), "matrix"), ROWS * COLS);
    read_numbers(w->vector->tensor.data, json_object_get(fixture(), "vector"), N);
}

static void close_world(world *w)
{
    hone__params_free(w->params);
    hone_device_free(w->device);
}

static hone_optim kind_of(const char *name)
{
#define X(suffix, text) text,
    static const char *const names[] = {HONE_OPTIM_MAP(X)};
#undef X
    int i = 0;
    while (strcmp(names[i], name) != 0)
        i++;
    return (hone_optim)i;
}

static hone_optimizer *make(const world *w, const json_t *one)
{
    hone_optimizer *opt;
    hone_optimizer_options options = {HONE_ADAMW_OPTIONS_INIT, json_string_value(json_object_get(one, "args"))};
    options.adamw.weight_decay = 0.1;
    assert_ok(hone__optimizer_make(&opt, kind_of(json_string_value(json_object_get(one, "optim"))), w->params, &options));
    return opt;
}

/* The gradient of a table stands in slots: here one for every row. */
static float *gradient_of(hone_param *p)
{
    hone_mat slots;
    int32_t to[ROWS], ids[ROWS] = {0, 1, 2};
    if (!p->table)
        return p->grad.data;
    assert_ok(hone__table_take(p->table, &slots, to, ids, ROWS, -1));
    return slots.data;
}

/* Gradients twice as large with a clip that halves them: the factor is part of the step. */
static void one_step(world *w, hone_optimizer *opt, int step)
{
    const json_t *gradient = json_array_get(json_object_get(fixture(), "gradients"), (size_t)step);
    float *matrix, *vector;
    double norm;
    bool finite;
    hone_optimizer_zero_grad(opt);
    read_numbers(matrix = gradient_of(w->matrix), json_object_get(gradient, "matrix"), ROWS * COLS);
    read_numbers(vector = gradient_of(w->vector), json_object_get(gradient, "vector"), N);
    for (int i = 0; i < ROWS * COLS; i++)
        matrix[i] *= 2;
    for (int i = 0; i < N; i++)
        vector[i] *= 2;
    w->matrix->fresh = w->vector->fresh = false;
    hone_optimizer_set_learning_rate(opt, 0.01 / (1 + step));
    assert_ok(hone__optimizer_clip(opt, 2, 0, &norm, &finite));
    assert_ok(hone_optimizer_step(opt));
}

/* Ten single-precision operations a step on numbers near 1: 1e-6 of the largest value, here up to 2.4, after six. */
static void compare(const world *w, const json_t *one, int step)
{
    const json_t *after = json_array_get(json_object_get(one, "after"), (size_t)step);
    float matrix[ROWS * COLS], vector[N];
    read_numbers(matrix, json_object_get(after, "matrix"), ROWS * COLS);
    read_numbers(vector, json_object_get(after, "vector"), N);
    double worst = 0;
    for (int i = 0; i < ROWS * COLS; i++)
        worst = fmax(worst, fabs((double)((float *)w->matrix->tensor.data)[i] - (double)matrix[i]));
    for (int i = 0; i < N; i++)
        worst = fmax(worst, fabs((double)((float *)w->vector->tensor.data)[i] - (double)vector[i]));
    if (!(worst < 2e-6))
        fail_msg("%s (%s), step %d: off by %g", json_string_value(json_object_get(one, "optim")),
                 json_string_value(json_object_get(one, "args")), step + 1, worst);
}

static void steps_are_the_reference_s(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    static const char *const devices[] = {"cpu", "ref"};
    for (size_t d = 0; d < 4; d++)
        json_array_foreach(json_object_get(fixture(), "cases"), i, one)
        {
            world w;
            open_world(&w, devices[d % 2], d >= 2);
            hone_optimizer *opt = make(&w, one);
            for (int step = 0; step < STEPS; step++) {
                one_step(&w, opt, step);
                compare(&w, one, step);
            }
            hone_optimizer_free(opt);
            close_world(&w);
        }
}

static void state_is_saved_and_read_back(void **state)
{
    (void)state;
    const json_t *one;
    size_t i;
    const char *path = test_temp("optimizer.safetensors");
    json_array_foreach(json_object_get(fixture(), "cases"), i, one)
    {
        world w;
        open_world(&w, "cpu", false);
        hone_optimizer *opt = make(&w, one), *again;
        for (int step = 0; step < STEPS; step++) {
            if (step == 3) { /* a new optimizer goes on from the file */
                assert_ok(hone_optimizer_save(opt, path));
                hone_optimizer_free(opt);
                again = make(&w, one);
                assert_ok(hone_optimizer_load(again, path));
                assert_int_equal(hone_optimizer_n_steps(again), 3);
                opt = again;
            }
            one_step(&w, opt, step);
        }
        compare(&w, one, STEPS - 1);
        hone_optimizer_free(opt);
        close_world(&w);
    }
}

static void another_state_is_refused(void **state)
{
    (void)state;
    world w;
    hone_optimizer *sgd, *adamw;
    const char *path = test_temp("optimizer.safetensors");
    open_world(&w, "cpu", false);
    assert_ok(hone__optimizer_make(&sgd, HONE_OPTIM_SGD, w.params, NULL));
    one_step(&w, sgd, 0);
    assert_ok(hone_optimizer_save(sgd, path));
    hone_optimizer_free(sgd);
    assert_ok(hone__optimizer_new(&adamw, w.params, NULL)); /* its moments are there again */
    one_step(&w, adamw, 1);
    assert_fails(HONE_INVALID_ARGUMENT, "it is the state of sgd, not of adamw", hone_optimizer_load(adamw, path));
    hone_optimizer_free(adamw);
    close_world(&w);
}

static void arguments_are_checked(void **state)
{
    (void)state;
    hone_rule r;
    assert_fails(HONE_INVALID_ARGUMENT, "sgd has no \"alpha\"", hone__rule_init(&r, HONE_OPTIM_SGD, "alpha=0.9"));
    assert_fails(HONE_INVALID_ARGUMENT, "adamw_torch has no \"momentum\"", hone__rule_init(&r, HONE_OPTIM_ADAMW_TORCH, "momentum=0.9"));
    assert_fails(HONE_INVALID_ARGUMENT, "nesterov needs a momentum", hone__rule_init(&r, HONE_OPTIM_SGD, "nesterov=true"));
    assert_fails(HONE_INVALID_ARGUMENT, "--optim_args: --momentum: must be a number", hone__rule_init(&r, HONE_OPTIM_SGD, "momentum=x"));
    assert_fails(HONE_INVALID_ARGUMENT, "name=value", hone__rule_init(&r, HONE_OPTIM_SGD, "momentum"));
    assert_ok(hone__rule_init(&r, HONE_OPTIM_SGD, "{\"momentum\": 0.5}"));
    assert_true(r.momentum == 0.5);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(steps_are_the_reference_s),
    cmocka_unit_test(state_is_saved_and_read_back),
    cmocka_unit_test(another_state_is_refused),
    cmocka_unit_test(arguments_are_checked),
};
TEST_MAIN(tests)
