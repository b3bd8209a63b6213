/* Embedding tables trained by rows are the dense ones, bit for bit (nn/table.h): 300 random steps with schedule, clipping, accumulation, skipped steps, evaluation, looks at
 * parameters, checkpoints and flushes at random times, on every backend and instruction set. Also: their memory, dry and real; gradients against differences. */
#include "unit/nn/helpers.h"

#include "nn/table.h"
#include "train/optimizer/optimizer.h"

enum { V = 150, C = 21, TYPES = 2, LABELS = 5, MOST_TOKENS = 60, PADDING = 3 };
enum { TABLE, TYPE, WEIGHT, BIAS };

typedef struct twin {
    world w;
    hone_optimizer *opt;
    double loss, norm;
    bool finite;
} twin;

static double uniform(uint64_t *state)
{
    *state = hone__splitmix64(*state + 1);
    return (double)(*state >> 11) * 0x1p-53;
}

static int32_t below(uint64_t *state, int32_t n)
{
    return (int32_t)(uniform(state) * n);
}

static void declare(twin *t, hone_dtype dtype, const char *device, int n_threads)
{
    world *w = &t->w;
    memset(t, 0, sizeof(*t));
    w->dtype = dtype;
    OK(hone_device_open(&w->device, &(hone_device_options){device, n_threads}));
    OK(hone_tape_new(&w->t, w->device, &(hone_tape_options){.recording = true, .training = true, .seed = 5, .dtype = dtype}));
    OK(hone__params_new(&w->store, w->device->backend));
    hone__params_set_dtype(w->store, dtype);
    world_add(w, V, C);
    world_add(w, TYPES, C);
    world_add(w, LABELS, C);
    world_add(w, LABELS, 0);
    hone__params_sparse(w->p[TABLE]);
}

static void open_twin(twin *t, const char *device, int n_threads, bool dense, double weight_decay)
{
    hone_adamw_options o = HONE_ADAMW_OPTIONS_INIT;
    o.weight_decay = weight_decay;
    declare(t, HONE_DTYPE_F32, device, n_threads);
    t->w.store->dense = dense;
    OK(hone__params_allocate(t->w.store));
    OK(hone__params_train(t->w.store));
    assert_int_equal(t->w.p[TABLE]->table == NULL, dense);
    if (strcmp(device, "dry") != 0)
        for (int k = 0; k < t->w.n; k++)
            for (size_t i = 0; i < t->w.p[k]->count; i++)
                put_value(t->w.p[k]->tensor.data, HONE_DTYPE_F32, i, spread_value((uint64_t)k << 20 | i));
    OK(hone__optimizer_new(&t->opt, t->w.store, &o));
}

static void close_twin(twin *t)
{
    hone_optimizer_free(t->opt);
    world_close(&t->w);
}

typedef struct tokens {
    int32_t ids[MOST_TOKENS], types[MOST_TOKENS], starts[2];
    hone_batch batch;
} tokens;

static void draw(tokens *x, uint64_t *state)
{
    int32_t n = below(state, 12) == 0 ? 0 : 1 + below(state, MOST_TOKENS), range = below(state, 4) ? 40 : V;
    for (int32_t i = 0; i < n; i++) {
        x->ids[i] = below(state, 10) == 0 ? PADDING : below(state, range);
        x->types[i] = below(state, TYPES);
    }
    x->starts[0] = 0, x->starts[1] = n;
    x->batch = (hone_batch){.n_tokens = n, .n_rows = 1, .longest = n, .cu_seqlens = x->starts, .input_ids = x->ids, .n_labelled = -1};
}

/* sum((x W^T + b)^2), x the sum of two tables with dropout */
static hone_tensor *loss_of(world *w, const tokens *x, float dropout)
{
    const hone_rows *rows = hone__tape_rows(w->t, &x->batch);
    hone_tensor *h = hone__embed(w->t, 2, (hone_param *const[]){w->p[TABLE], w->p[TYPE]}, (const int32_t *const[]){x->ids, x->types},
                                 (const int32_t[]){PADDING, -1}, rows, dropout, 1);
    return hone_sum(w->t, hone_square(w->t, hone__linear(w->t, h, w->p[WEIGHT], w->p[BIAS], HONE_ACT_NONE, 2)));
}

static void micro_step(twin *t, const tokens *x, double scale)
{
    double loss;
    hone_tape_reset(t->w.t);
    hone_tape_set_loss_scale(t->w.t, scale);
    hone_tensor *l = loss_of(&t->w, x, 0.1f);
    OK(hone_tape_backward(t->w.t, l));
    OK(hone_tensor_item(l, &loss));
    t->loss += loss;
}

static void finish_step(twin *t, double rate, double items)
{
    hone_optimizer_set_learning_rate(t->opt, rate);
    OK(hone__optimizer_clip(t->opt, items, 1.0, &t->norm, &t->finite));
    OK(hone_optimizer_step(t->opt));
    hone_optimizer_zero_grad(t->opt);
}

static void assert_same_bits(const twin *a, const twin *b, int step)
{
    const hone_params *x = a->w.store, *y = b->w.store;
    void *const left[] = {x->master, x->m, x->v}, *const right[] = {y->master, y->m, y->v};
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < x->n_elements; i++)
            if (memcmp((float *)left[k] + i, (float *)right[k] + i, sizeof(float)) != 0)
                fail_msg("after %d steps element %zu of %s is %.9g and %.9g", step, i,
                         k == 0   ? "values"
                         : k == 1 ? "m"
                                  : "v",
                         (double)((float *)left[k])[i], (double)((float *)right[k])[i]);
}

/* The gradients that a user is shown are the dense ones. */
static void assert_same_gradient(twin *sparse, const twin *dense)
{
    const hone_tensor *g;
    if (sparse->w.p[TABLE]->fresh)
        return;
    OK(hone__table_gradient(sparse->w.p[TABLE]->table, &g));
    assert_memory_equal(g->data, dense->w.p[TABLE]->grad.data, (size_t)V * C * sizeof(float));
}

/* Somebody saves and goes on from the file: the same numbers. */
static void save_and_load(twin *sparse)
{
    const char *path = test_temp("optimizer.safetensors");
    OK(hone_optimizer_save(sparse->opt, path));
    OK(hone_optimizer_load(sparse->opt, path));
}

static void disturb(twin *sparse, twin *dense, uint64_t *state, int step)
{
    tokens x;
    double a, b;
    switch (below(state, 40)) {
    case 0:
    case 1:
        OK(hone__params_flush(sparse->w.store));
        assert_same_bits(sparse, dense, step);
        break;
    case 2: /* evaluation */
        draw(&x, state);
        hone_tape_reset(sparse->w.t);
        hone_tape_reset(dense->w.t);
        hone_tensor *l = loss_of(&sparse->w, &x, 0.0f), *m = loss_of(&dense->w, &x, 0.0f);
        OK(hone_tensor_item(l, &a));
        OK(hone_tensor_item(m, &b));
        assert_memory_equal(&a, &b, sizeof(a));
        break;
    case 3:
        save_and_load(sparse);
        break;
    default:
        break;
    }
}

static void run(const char *device, int n_threads, double weight_decay, int n_steps)
{
    twin sparse, dense;
    uint64_t state = 77;
    int64_t lagging = 0;
    open_twin(&sparse, device, n_threads, false, weight_decay);
    open_twin(&dense, device, n_threads, true, weight_decay);
    for (int step = 0; step < n_steps; step++) {
        int group = 1 + below(&state, 3);
        double items = 0, scale = below(&state, 25) == 0 ? INFINITY : 1.0, rate = 0.01 * uniform(&state);
        sparse.loss = dense.loss = 0;
        for (int i = 0; i < group; i++) {
            tokens x;
            draw(&x, &state);
            micro_step(&sparse, &x, scale);
            micro_step(&dense, &x, scale);
            items += x.batch.n_tokens;
            if (below(&state, 10) == 0)
                assert_same_gradient(&sparse, &dense);
        }
        finish_step(&sparse, rate, items);
        finish_step(&dense, rate, items);
        assert_memory_equal(&sparse.loss, &dense.loss, sizeof(double));
        assert_int_equal(sparse.finite, dense.finite);
        if (sparse.finite)
            assert_memory_equal(&sparse.norm, &dense.norm, sizeof(double));
        lagging += memcmp(sparse.w.p[TABLE]->tensor.data, dense.w.p[TABLE]->tensor.data, (size_t)V * C * sizeof(float)) != 0;
        disturb(&sparse, &dense, &state, step + 1);
    }
    assert_true(lagging > n_steps / 2); /* else nothing was late and the test shows nothing */
    assert_true(hone_optimizer_n_skipped(sparse.opt) > 0 || n_steps < 100);
    OK(hone__table_watch(sparse.w.p[TABLE]->table));
    assert_same_bits(&sparse, &dense, n_steps);
    tokens x; /* a watched table is never late */
    draw(&x, &state);
    micro_step(&sparse, &x, 1.0);
    micro_step(&dense, &x, 1.0);
    finish_step(&sparse, 0.01, 1);
    finish_step(&dense, 0.01, 1);
    assert_same_bits(&sparse, &dense, n_steps + 1);
    close_twin(&sparse);
    close_twin(&dense);
}

static void test_ref(void **state)
{
    (void)state;
    run("ref", 1, 0.0, 300);
    run("ref", 1, 0.01, 300);
}

static void test_cpu(void **state)
{
    (void)state;
    static const char *const isas[] = {"base", "avx2", "avx512"};
    for (int i = 0; i < 3; i++) { /* one that the machine lacks runs as the best that it has */
        setenv("HONE_ISA", isas[i], 1);
        run("cpu", 2, 0.0, 300);
        run("cpu", 2, 0.01, 300);
    }
    unsetenv("HONE_ISA");
    run("cpu", 1, 0.01, 100);
    run("cpu", 3, 0.01, 100);
    run("cpu", 7, 0.01, 100);
}

/* What the dry device forecasts is what the cpu takes, slots and tapes included; nothing of a dense gradient. */
static void test_memory(void **state)
{
    (void)state;
    twin real, dry, dense;
    tokens x;
    uint64_t seed = 3;
    do
        draw(&x, &seed);
    while (x.batch.n_tokens < 20);
    open_twin(&real, "cpu", 2, false, 0.0);
    open_twin(&dry, "dry", 2, false, 0.0);
    open_twin(&dense, "cpu", 2, true, 0.0);
    micro_step(&real, &x, 1.0);
    micro_step(&dense, &x, 1.0);
    hone_tensor *l = loss_of(&dry.w, &x, 0.1f);
    OK(hone_tape_backward(dry.w.t, l));
    assert_int_equal(hone__params_gradient_bytes(real.w.store), hone__params_gradient_bytes(dry.w.store));
    assert_int_equal(real.w.device->backend->bytes_peak, dry.w.device->backend->bytes_peak);
    assert_true(real.w.store->n_grad_elements + (size_t)V * C <= dense.w.store->n_grad_elements);
    close_twin(&real);
    close_twin(&dry);
    close_twin(&dense);
}

/* A table is not for other ops: they would read rows that are late. */
static void test_other_ops(void **state)
{
    (void)state;
    twin t;
    open_twin(&t, "cpu", 1, false, 0.0);
    assert_null(hone_square(t.w.t, &t.w.p[TABLE]->tensor));
    assert_int_equal(hone_tape_status(t.w.t), HONE_UNSUPPORTED);
    assert_non_null(strstr(hone_error_message(), "p0"));
    close_twin(&t);
}

/* Gradients in slots against differences in F64. */
static void test_differences(void **state)
{
    (void)state;
    twin t;
    tokens x;
    uint64_t seed = 11;
    const hone_tensor *g;
    double loss;
    declare(&t, HONE_DTYPE_F64, "ref", 1);
    OK(hone__params_allocate(t.w.store));
    OK(hone__params_train(t.w.store));
    for (int k = 0; k < t.w.n; k++)
        for (size_t i = 0; i < t.w.p[k]->count; i++)
            put_value(t.w.p[k]->tensor.data, HONE_DTYPE_F64, i, spread_value((uint64_t)k << 20 | i));
    do
        draw(&x, &seed);
    while (x.batch.n_tokens < 20);
    micro_step(&t, &x, 1.0);
    OK(hone__table_gradient(t.w.p[TABLE]->table, &g));
    double *value = t.w.p[TABLE]->tensor.data;
    for (size_t i = 0; i < (size_t)V * C; i += 7) {
        double keep = value[i], sides[2];
        for (int side = 0; side < 2; side++) {
            value[i] = keep + (side ? -1e-5 : 1e-5);
            hone_tape_reset(t.w.t);
            hone_tensor *l = loss_of(&t.w, &x, 0.1f);
            OK(hone_tensor_item(l, &loss));
            sides[side] = loss;
        }
        value[i] = keep;
        double expected = i / C == PADDING ? 0.0 : (sides[0] - sides[1]) / 2e-5, got = ((const double *)g->data)[i];
        if (!(fabs(got - expected) <= 1e-6 * (1 + fabs(expected)))) /* differences with steps of 1e-5 are good to 1e-8 in F64 */
            fail_msg("element %zu: gradient %.9g, differences %.9g", i, got, expected);
    }
    close_twin(&t);
}

/* The n-th allocation fails: an error, nothing lost, and the next attempt goes on. */
static void test_memory_fails(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 200; n++) {
        twin t;
        tokens x;
        uint64_t seed = 3;
        draw(&x, &seed);
        declare(&t, HONE_DTYPE_F32, "cpu", 1);
        OK(hone__params_allocate(t.w.store));
        hone__mem_fail_at(n);
        hone_status status = hone__params_train(t.w.store);
        if (status == HONE_OK) {
            hone_tensor *l = loss_of(&t.w, &x, 0.0f);
            status = hone_tape_backward(t.w.t, l);
        }
        hone__mem_fail_at(0);
        close_twin(&t);
        if (status == HONE_OK)
            return;
        assert_int_equal(status, HONE_OUT_OF_MEMORY);
    }
    fail_msg("never through");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_ref),       cmocka_unit_test(test_cpu),         cmocka_unit_test(test_memory),
    cmocka_unit_test(test_other_ops), cmocka_unit_test(test_differences), cmocka_unit_test(test_memory_fails),
};
TEST_MAIN(tests)
