/* A whole small model: its gradient against differences, tied weights, recomputation, splits, backends, memory, failing allocations. */
#include "unit/nn/mini.h"

#include "tensor/backend.h"

static double loss_only(mini *m)
{
    double loss;
    hone_tape_set_recording(m->t, false);
    hone_tensor *l = mini_loss(m, &mini_batch);
    OK(hone_tape_status(m->t));
    OK(hone_tensor_item(l, &loss));
    hone_tape_reset(m->t);
    hone_tape_set_recording(m->t, true);
    return loss;
}

/* Three elements of each parameter, dropout on. Differences with steps of 1e-5 are good to 1e-8 in F64. */
static void test_differences(void **state)
{
    (void)state;
    mini m;
    mini_open(&m, "ref", 1, HONE_DTYPE_F64, 0.2f);
    OK(mini_step(&m, &mini_batch, NULL));
    for (size_t k = 0; k < m.store->n_items; k++) {
        hone_param *p = m.store->items[k];
        for (size_t j = 0; j < 3; j++) {
            double *x = (double *)p->tensor.data + (j * p->count / 3 + j) % p->count, keep = *x, step = 1e-5;
            double got = ((double *)m.store->grad)[p->offset + (size_t)(x - (double *)p->tensor.data)];
            *x = keep + step;
            double above = loss_only(&m);
            *x = keep - step;
            double expected = (above - loss_only(&m)) / (2 * step);
            *x = keep;
            if (!(fabs(got - expected) <= 1e-6 * (1 + fabs(expected))))
                fail_msg("%s: gradient %.9g, differences %.9g", p->name, got, expected);
        }
    }
    mini_close(&m);
}

/* The embedding and the head share a matrix: its gradient is the sum of the two that separate matrices would have. */
static void test_tied(void **state)
{
    (void)state;
    mini m;
    mini_open(&m, "ref", 1, HONE_DTYPE_F64, 0.0f);
    size_t n = (size_t)MINI_V * MINI_C;
    double *head = calloc(n, sizeof(double)), *both = calloc(n, sizeof(double)), *g = m.store->grad;
    OK(mini_step(&m, &mini_batch, NULL));
    memcpy(both, g + m.p[WTE]->offset, n * sizeof(double));
    hone__params_zero_grad(m.store);
    const int32_t *index, *labels;
    int32_t count = mini_targets(&m, &mini_batch, &index, &labels);
    hone_tensor *x = hone_detach(m.t, mini_forward(&m, &mini_batch)); /* the head alone */
    x = hone_index_select(m.t, x, hone_tape_ints(m.t, index, 1, (int64_t[]){count}));
    OK(hone_tape_backward(m.t, hone_sum(m.t, hone__vocab_nll(m.t, x, m.p[WTE], NULL, labels, 0.0f))));
    assert_false(m.p[WTE]->fresh);
    assert_true(m.p[WPE]->fresh);
    memcpy(head, g + m.p[WTE]->offset, n * sizeof(double));
    hone_tape_reset(m.t);
    hone__params_zero_grad(m.store);
    m.p[WTE]->frozen = true; /* the head's own copy of the matrix: the embedding alone */
    hone_param *copy;
    hone_params *other;
    OK(hone__params_new(&other, m.device->backend));
    hone__params_set_dtype(other, HONE_DTYPE_F64);
    OK(hone__params_add(&copy, other, "copy", 2, (int64_t[]){MINI_V, MINI_C}, true));
    OK(hone__params_allocate(other));
    memcpy(copy->tensor.data, m.p[WTE]->tensor.data, n * sizeof(double));
    m.p[WTE]->frozen = false;
    count = mini_targets(&m, &mini_batch, &index, &labels);
    x = hone__tape_gather_tokens(m.t, mini_forward(&m, &mini_batch), index, count);
    OK(hone_tape_backward(m.t, hone__vocab_loss(m.t, x, copy, NULL, labels, NULL, 0.0f)));
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(both[i] - head[i] - g[m.p[WTE]->offset + i]) <= 1e-12 * (1 + fabs(both[i])));
    hone__params_free(other);
    free(head);
    free(both);
    mini_close(&m);
}

/* Layers computed again in backward: the same bits, with dropout, on every backend. */
static void check_recompute(const char *device, hone_dtype dtype)
{
    mini m;
    double plain_loss, again_loss;
    mini_open(&m, device, 2, dtype, 0.3f);
    OK(mini_step(&m, &mini_batch, &plain_loss));
    double *plain = mini_grads(&m);
    hone__params_zero_grad(m.store);
    hone__tape_set_recompute(m.t, true);
    hone__tape_set_poison(m.t, true);
    hone_tensor *l = mini_loss(&m, &mini_batch);
    OK(hone_tape_status(m.t));
    OK(hone_tensor_item(l, &again_loss));
    OK(hone_tape_backward(m.t, l));
    double *again = mini_grads(&m);
    assert_true(plain_loss == again_loss);
    assert_memory_equal(plain, again, m.store->n_elements * sizeof(double));
    for (size_t k = 0; k < m.store->n_items; k++)
        assert_int_equal(m.store->items[k]->uses, 0);
    free(plain);
    free(again);
    mini_close(&m);
}

static void test_recompute(void **state)
{
    (void)state;
    check_recompute("ref", HONE_DTYPE_F64);
    check_recompute("ref", HONE_DTYPE_F32);
    check_recompute("auto", HONE_DTYPE_F32);
}

/* The batch at once, and row by row: the same masks and, to the rounding of F64 sums, the same gradients. */
static void test_micro_batches(void **state)
{
    (void)state;
    mini m;
    double whole_loss, sum = 0.0;
    mini_open(&m, "ref", 1, HONE_DTYPE_F64, 0.3f);
    OK(mini_step(&m, &mini_batch, &whole_loss));
    double *whole = mini_grads(&m);
    hone__params_zero_grad(m.store);
    for (int32_t r = mini_batch.n_rows - 1; r >= 0; r--) {
        int32_t n = mini_starts[r + 1] - mini_starts[r], starts[2] = {0, n};
        hone_batch one = {.n_tokens = n,
                          .n_rows = 1,
                          .longest = n,
                          .cu_seqlens = starts,
                          .input_ids = mini_ids + mini_starts[r],
                          .ordinals = mini_ordinals + r};
        double loss;
        OK(mini_step(&m, &one, &loss));
        sum += loss;
    }
    double *parts = mini_grads(&m);
    assert_true(fabs(sum - whole_loss) <= 1e-12 * fabs(whole_loss));
    assert_true(relative_difference(whole, parts, m.store->n_elements) <= 1e-12);
    free(whole);
    free(parts);
    mini_close(&m);
}

/* The fast backend against ref, both F32: a step's loss and gradients agree to 1e-5 (the promise of the engine for rounding). */
static void test_backends_agree(void **state)
{
    (void)state;
    mini fast, plain;
    double fast_loss, plain_loss;
    mini_open(&fast, "auto", 2, HONE_DTYPE_F32, 0.2f);
    if (strcmp(hone_device_name(fast.device), "ref") == 0) {
        mini_close(&fast);
        test_skip("there is no backend beside ref");
    }
    mini_open(&plain, "ref", 1, HONE_DTYPE_F64, 0.2f);
    OK(mini_step(&fast, &mini_batch, &fast_loss));
    OK(mini_step(&plain, &mini_batch, &plain_loss));
    double *a = mini_grads(&plain), *b = mini_grads(&fast);
    double off = relative_difference(a, b, plain.store->n_elements);
    if (!(fabs(fast_loss - plain_loss) <= 1e-5 * plain_loss) || !(off <= 1e-5))
        fail_msg("loss %.9g, %.9g; gradients differ by %.3g", fast_loss, plain_loss, off);
    free(a);
    free(b);
    mini_close(&fast);
    mini_close(&plain);
}

/* Threads: the same bits twice for the same number. */
static void test_same_bits_again(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        mini m;
        double first_loss, again_loss;
        mini_open(&m, "auto", threads, HONE_DTYPE_F32, 0.2f);
        OK(mini_step(&m, &mini_batch, &first_loss));
        double *first = mini_grads(&m);
        hone__params_zero_grad(m.store);
        OK(mini_step(&m, &mini_batch, &again_loss));
        double *again = mini_grads(&m);
        assert_true(first_loss == again_loss);
        assert_memory_equal(first, again, m.store->n_elements * sizeof(double));
        free(first);
        free(again);
        mini_close(&m);
    }
}

/* After the largest batch has been seen, steps of other sizes ask for no memory and the arena stays as it is. */
static void check_steady(const char *device, bool recompute, bool evaluate)
{
    mini m;
    mini_open(&m, device, 2, HONE_DTYPE_F32, 0.1f);
    hone__tape_set_recompute(m.t, recompute);
    hone_mem_stats before, after;
    for (int i = 0; i < 3; i++)
        OK(mini_step(&m, &mini_batch, NULL));
    size_t peak = hone_tape_bytes_peak(m.t);
    hone__mem_stats(&before);
    for (int i = 0; i < 50; i++) {
        hone_batch b = mini_batch;
        b.n_rows = 1 + i % 6;
        b.n_tokens = mini_starts[b.n_rows];
        hone_tape_set_recording(m.t, !(evaluate && i % 3 == 0));
        if (evaluate && i % 3 == 0) {
            hone_tensor *l = mini_loss(&m, &b);
            assert_non_null(l);
            hone_tape_reset(m.t);
        } else {
            OK(mini_step(&m, &b, NULL));
        }
    }
    hone__mem_stats(&after);
    assert_int_equal(after.n_requests, before.n_requests);
    assert_int_equal(hone_tape_bytes_peak(m.t), peak);
    mini_close(&m);
}

static void test_steps_ask_for_nothing(void **state)
{
    (void)state;
    check_steady("ref", false, true);
    check_steady("ref", true, false);
    check_steady("auto", false, true);
    check_steady("auto", true, true);
}

/* A backend with memory of its own: ref behind upload and download. Nothing of the host is lent: what was not uploaded is not read, since host arrays are
 * overwritten as soon as they were handed over. */
static void test_own_memory(void **state)
{
    (void)state;
    mini lent, own;
    double lent_loss, own_loss;
    mini_open(&lent, "ref", 1, HONE_DTYPE_F32, 0.2f);
    mini_open(&own, "ref", 1, HONE_DTYPE_F32, 0.2f);
    own.device->backend->own_memory = true;
    OK(mini_step(&lent, &mini_batch, &lent_loss));
    hone_tensor *l = mini_loss(&own, &mini_batch);
    const hone_rows *rows = hone__tape_rows(own.t, &mini_batch);
    assert_ptr_not_equal(rows->d_start, rows->start);
    assert_ptr_not_equal(rows->d_row, rows->row);
    OK(hone_tape_backward(own.t, l));
    OK(hone_tensor_item(l, &own_loss));
    double *a = mini_grads(&lent), *b = mini_grads(&own);
    assert_true(lent_loss == own_loss);
    assert_memory_equal(a, b, lent.store->n_elements * sizeof(double));
    free(a);
    free(b);
    mini_close(&lent);
    mini_close(&own);
}

/* The dry backend needs no memory and says how much the real one will: the tape's bytes are the same, to the byte. */
static void test_dry_forecast(void **state)
{
    (void)state;
    mini dry, real;
    mini_open(&dry, "dry", 2, HONE_DTYPE_F32, 0.1f);
    mini_open(&real, "auto", 2, HONE_DTYPE_F32, 0.1f);
    OK(mini_step(&dry, &mini_batch, NULL));
    OK(mini_step(&real, &mini_batch, NULL));
    assert_int_equal(hone_tape_bytes_peak(dry.t), hone_tape_bytes_peak(real.t));
    assert_true(hone_tape_bytes_peak(dry.t) > 0);
    mini_close(&dry);
    mini_close(&real);
}

static size_t rounded(size_t floats)
{
    return (floats * sizeof(float) + 63) / 64 * 64;
}

/* A block keeps 12 C a token (two norms, qkv, o, two sums, 4 C of pre-activation), mean and rstd twice, lse: nothing else, with dropout too. */
static void test_what_a_layer_keeps(void **state)
{
    (void)state;
    mini m;
    mini_open(&m, "ref", 1, HONE_DTYPE_F32, 0.1f);
    hone_param *tables[] = {m.p[WTE], m.p[WPE]};
    const hone_rows *rows = hone__tape_rows(m.t, &mini_batch);
    const int32_t *ids[] = {mini_ids, rows->pos};
    hone_tensor *x = hone__embed(m.t, 2, tables, ids, NULL, rows, 0.1f, 0);
    size_t n = (size_t)mini_batch.n_tokens, before = m.t->saved.used;
    x = hone__tape_layer(m.t, mini_layer, &m, 0, x, rows);
    assert_non_null(x);
    assert_int_equal(m.t->saved.used - before, 5 * rounded(n * MINI_C) + rounded(3 * n * MINI_C) + rounded(4 * n * MINI_C) +
                                                   4 * rounded(n) + rounded(n * MINI_HEADS));
    hone__tape_set_recompute(m.t, true);
    before = m.t->saved.used;
    assert_non_null(hone__tape_layer(m.t, mini_layer, &m, 1, x, rows));
    assert_int_equal(m.t->saved.used - before, rounded(n * MINI_C));
    hone__tape_set_recompute(m.t, false);
    hone_tape_set_recording(m.t, false);
    before = m.t->saved.used;
    assert_non_null(hone__tape_layer(m.t, mini_layer, &m, 1, x, rows));
    assert_int_equal(m.t->saved.used - before, rounded(n * MINI_C));
    mini_close(&m);
}

/* The same for what a step needs beforehand: device, tape, parameters. */
static hone_status open_all(hone_device **d, hone_tape **t, hone_params **p)
{
    hone_param *param;
    HONE_TRY(hone_device_open(d, &(hone_device_options){"ref", 1}));
    HONE_TRY(hone_tape_new(t, *d, NULL));
    HONE_TRY(hone__params_new(p, (*d)->backend));
    HONE_TRY(hone__params_add(&param, *p, "w", 2, (int64_t[]){3, 4}, true));
    HONE_TRY(hone__params_add_slice(*p, param, "v", 0, 1, false, true));
    return hone__params_train(*p);
}

static void test_out_of_memory_at_the_start(void **state)
{
    (void)state;
    hone_mem_stats before, after;
    hone__mem_stats(&before);
    hone_status status = HONE_OUT_OF_MEMORY;
    int n_failures = 0;
    for (uint64_t n = 1; status != HONE_OK; n++) {
        hone_device *d = NULL;
        hone_tape *t = NULL;
        hone_params *p = NULL;
        hone__mem_fail_at(n);
        status = open_all(&d, &t, &p);
        hone__mem_fail_at(0);
        assert_true(status == HONE_OK || status == HONE_OUT_OF_MEMORY);
        n_failures += status != HONE_OK;
        hone_tape_free(t);
        hone__params_free(p);
        hone_device_free(d);
    }
    assert_true(n_failures >= 8);
    hone__mem_stats(&after);
    assert_int_equal(before.bytes_now, after.bytes_now);
}

/* The n-th request for memory fails: a message, nothing leaks, the weights are as they were, and the next step is right. */
static void test_out_of_memory(void **state)
{
    (void)state;
    hone_mem_stats before, after;
    mini good;
    mini_open(&good, "ref", 1, HONE_DTYPE_F32, 0.1f);
    OK(mini_step(&good, &mini_batch, NULL));
    double *expected = mini_grads(&good);
    hone__mem_stats(&before);
    bool done = false;
    int n_failures = 0;
    for (uint64_t n = 1; !done; n++) {
        mini m;
        mini_open(&m, "ref", 1, HONE_DTYPE_F32, 0.1f);
        size_t bytes = m.store->n_elements * sizeof(float);
        hone__tape_set_recompute(m.t, n % 2 == 0);
        hone__mem_fail_at(n);
        hone_status status = mini_step(&m, &mini_batch, NULL);
        hone__mem_fail_at(0);
        done = status == HONE_OK && n > 4;
        if (status != HONE_OK) {
            assert_int_equal(status, HONE_OUT_OF_MEMORY);
            n_failures++;
        }
        assert_memory_equal(m.store->master, good.store->master, bytes);
        hone__params_zero_grad(m.store);
        hone__tape_set_recompute(m.t, false);
        OK(mini_step(&m, &mini_batch, NULL));
        double *got = mini_grads(&m);
        assert_memory_equal(got, expected, m.store->n_elements * sizeof(double));
        free(got);
        mini_close(&m);
    }
    assert_true(n_failures >= 5);
    hone__mem_stats(&after);
    assert_int_equal(before.bytes_now, after.bytes_now);
    free(expected);
    mini_close(&good);
}

/* Each parameter's hook fires once, after its last gradient, from the end of the model to its start; tied ones at their first use. */
typedef struct hook_log {
    const hone_param *seen[64];
    int n;
} hook_log;

static void log_param(void *payload, hone_param *p)
{
    hook_log *log = payload;
    log->seen[log->n++] = p;
}

static void test_hook(void **state)
{
    (void)state;
    for (int recompute = 0; recompute <= 1; recompute++) {
        mini m;
        hook_log log = {.n = 0};
        mini_open(&m, "ref", 1, HONE_DTYPE_F32, 0.0f);
        hone__tape_set_recompute(m.t, recompute != 0);
        hone__tape_set_grad_hook(m.t, log_param, &log);
        OK(mini_step(&m, &mini_batch, NULL));
        assert_int_equal(log.n, m.store->n_items);
        for (int i = 0; i < log.n; i++) {
            for (int k = 0; k < i; k++)
                assert_ptr_not_equal(log.seen[i], log.seen[k]);
        }
        assert_true(log.seen[0] == m.p[LNF_G] || log.seen[0] == m.p[LNF_B]);
        assert_true(log.seen[log.n - 1] == m.p[WTE] || log.seen[log.n - 1] == m.p[WPE]);
        mini_close(&m);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_differences),
    cmocka_unit_test(test_tied),
    cmocka_unit_test(test_recompute),
    cmocka_unit_test(test_micro_batches),
    cmocka_unit_test(test_backends_agree),
    cmocka_unit_test(test_same_bits_again),
    cmocka_unit_test(test_steps_ask_for_nothing),
    cmocka_unit_test(test_own_memory),
    cmocka_unit_test(test_dry_forecast),
    cmocka_unit_test(test_out_of_memory),
    cmocka_unit_test(test_hook),
    cmocka_unit_test(test_what_a_layer_keeps),
    cmocka_unit_test(test_out_of_memory_at_the_start),
};
TEST_MAIN(tests)
