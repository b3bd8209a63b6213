/* NEFTune's noise: uniform in +-alpha / sqrt(row's tokens x channels), the same for a row wherever it stands in a batch, none when not training; the gradient passes through. */
#include "nn/op.h"
#include "support/support.h"
#include <hone/ops.h>

#include <math.h>

enum { C = 64, V = 16, ROW = 40 };

typedef struct world {
    hone_device *device;
    hone_tape *t;
    hone_params *store;
    hone_param *table;
} world;

static void open_world(world *w, const char *device, bool training)
{
    assert_ok(hone_device_open(&w->device, &(hone_device_options){device, 2}));
    assert_ok(hone_tape_new(&w->t, w->device, &(hone_tape_options){.recording = true, .training = training, .seed = 5}));
    assert_ok(hone__params_new(&w->store, w->device->backend));
    assert_ok(hone__params_add(&w->table, w->store, "table", 2, (int64_t[]){V, C}, true));
    assert_ok(hone__params_train(w->store));
}

static void close_world(world *w)
{
    hone_tape_free(w->t);
    hone__params_free(w->store);
    hone_device_free(w->device);
}

/* The noise over rows of these lengths and ordinals, whose embeddings are zero. */
static hone_tensor *noise_of(world *w, float *out, const int32_t *starts, int n_rows, const uint64_t *ordinals, float alpha)
{
    static const int32_t ids[4 * ROW];
    hone_batch batch = {.n_tokens = starts[n_rows],
                        .n_rows = n_rows,
                        .longest = ROW,
                        .cu_seqlens = starts,
                        .input_ids = ids,
                        .ordinals = ordinals,
                        .n_labelled = -1};
    const hone_rows *rows = hone__tape_rows(w->t, &batch);
    hone_tensor *x = hone__embed(w->t, 1, (hone_param *const[]){w->table}, (const int32_t *const[]){ids}, (const int32_t[]){-1}, rows, 0.0f,
                                 hone__site(HONE_PLACE_EMBEDDING, 0));
    hone_tensor *y = hone__noise(w->t, x, alpha, hone__site(HONE_PLACE_EMBEDDING, 1));
    assert_ok(hone_tape_status(w->t));
    assert_true((y == x) == (alpha == 0.0f || !w->t->training));
    assert_ok(hone_tensor_read(y, out, (size_t)starts[n_rows] * C));
    return y;
}

static void uniform_within_its_bound(void **state)
{
    (void)state;
    world w;
    static float u[4 * ROW * C];
    open_world(&w, "cpu", true);
    noise_of(&w, u, (const int32_t[]){0, ROW, 2 * ROW}, 2, (const uint64_t[]){7, 1ull << 33}, 5.0f);
    double most = 5.0 / sqrt(ROW * C), sum = 0, squares = 0, largest = 0;
    int n = 2 * ROW * C;
    for (int i = 0; i < n; i++)
        sum += u[i], squares += (double)u[i] * u[i], largest = fmax(largest, fabs(u[i]));
    assert_true(largest <= most * (1 + 1e-6) && largest > 0.99 * most);
    assert_true(fabs(sum / n) < 4 * most / sqrt(3.0 * n));         /* four deviations of a mean */
    assert_true(fabs(squares / n / (most * most / 3) - 1) < 0.05); /* 5,120 draws: a deviation is 0.0125 */
    close_world(&w);
}

static void a_row_keeps_its_noise(void **state)
{
    (void)state;
    static float together[4 * ROW * C], alone[4 * ROW * C], ref[4 * ROW * C];
    for (int d = 0; d < 2; d++) {
        world w;
        open_world(&w, d ? "ref" : "cpu", true);
        noise_of(&w, d ? ref : together, (const int32_t[]){0, 3, 3 + ROW, 8 + ROW}, 3, (const uint64_t[]){1, 9, 4}, 2.0f);
        noise_of(&w, alone, (const int32_t[]){0, ROW}, 1, (const uint64_t[]){9}, 2.0f);
        assert_memory_equal(alone, (d ? ref : together) + 3 * C, ROW * C * sizeof(float));
        close_world(&w);
    }
    assert_memory_equal(ref, together, (8 + ROW) * C * sizeof(float));
}

static void none_when_not_training(void **state)
{
    (void)state;
    world w;
    static float u[4 * ROW * C];
    open_world(&w, "cpu", false);
    noise_of(&w, u, (const int32_t[]){0, ROW}, 1, (const uint64_t[]){9}, 2.0f);
    for (int i = 0; i < ROW * C; i++)
        assert_true(u[i] == 0.0f);
    close_world(&w);
}

static void gradient_passes_through(void **state)
{
    (void)state;
    world w;
    static float u[4 * ROW * C];
    const hone_tensor *grad;
    float g[V * C];
    open_world(&w, "cpu", true);
    hone_tensor *y = noise_of(&w, u, (const int32_t[]){0, ROW}, 1, (const uint64_t[]){9}, 2.0f);
    assert_ok(hone_tape_backward(w.t, hone_sum(w.t, y)));
    grad = &w.table->grad;
    assert_ok(hone_tensor_read(grad, g, V * C));
    for (int c = 0; c < V * C; c++)
        assert_true(g[c] == (c < C ? (float)ROW : 0.0f)); /* all tokens are word 0 */
    close_world(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(uniform_within_its_bound),
    cmocka_unit_test(a_row_keeps_its_noise),
    cmocka_unit_test(none_when_not_training),
    cmocka_unit_test(gradient_passes_through),
};
TEST_MAIN(tests)
