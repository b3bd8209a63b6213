/* The head of the vocabulary: chunked loss and values against the plain composition (logits, log_softmax, gather), for vocabularies below, at and above a block of
 * words and more tokens than a chunk; and what the loss that forms its gradients in the forward pass refuses. */
#include "unit/nn/helpers.h"

typedef struct head_case {
    int64_t m, c, v;
    bool bias, weighted, in_major;
    float smoothing;
} head_case;

typedef struct result {
    double loss;
    double *grads;
    size_t n;
} result;

typedef enum form { PLAIN, VALUES, FUSED } form;

static int32_t *make_labels(const head_case *c)
{
    int32_t *labels = malloc((size_t)(c->m + 1) * sizeof(int32_t));
    for (int64_t i = 0; i < c->m; i++) {
        uint64_t bits = hone__splitmix64((uint64_t)i + 11);
        labels[i] = bits % 3 == 0 ? -100 : (int32_t)((bits >> 8) % (uint64_t)c->v);
    }
    if (c->m > 2)
        labels[1] = (int32_t)c->v - 1;
    return labels;
}

static float *make_weights(int64_t m)
{
    float *weights = malloc((size_t)(m + 1) * sizeof(float));
    for (int64_t i = 0; i < m; i++)
        weights[i] = (float)fabs(spread_value((uint64_t)i + 5));
    return weights;
}

/* -(1-s) sum w log p[label] - s/V sum_labelled w sum_v log p */
static hone_tensor *plain_loss(hone_tape *t, hone_tensor *x, world *w, const head_case *c, const int32_t *labels, const float *weights)
{
    int64_t m = c->m;
    float *present = malloc((size_t)(m + 1) * sizeof(float)), *ones = malloc((size_t)c->v * sizeof(float));
    for (int64_t i = 0; i < m; i++)
        present[i] = labels[i] < 0 ? 0.0f : weights ? weights[i] : 1.0f;
    for (int64_t i = 0; i < c->v; i++)
        ones[i] = 1.0f;
    hone_tensor *log_p = hone_log_softmax(t, hone__linear(t, x, w->p[1], c->bias ? w->p[2] : NULL, HONE_ACT_NONE, 0)),
                *wt = hone_tape_floats(t, present, 1, &m);
    hone_tensor *picked = hone_sum(t, hone_mul(t, hone_gather(t, log_p, hone_tape_ints(t, labels, 1, &m)), wt));
    hone_tensor *all = hone_matmul(t, log_p, hone_tape_floats(t, ones, 2, (int64_t[]){c->v, 1}));
    all = hone_sum(t, hone_mul(t, all, hone_tape_floats(t, present, 2, (int64_t[]){m, 1})));
    free(present);
    free(ones);
    all = hone_div(t, all, hone_tape_floats(t, (float[]){(float)c->v}, 0, NULL)); /* factors that a float holds exactly */
    return hone_add(t, hone_scale(t, picked, c->smoothing - 1.0f), hone_scale(t, all, -c->smoothing));
}

static hone_tensor *build_loss(world *w, const head_case *c, form how, const int32_t *labels, const float *weights)
{
    hone_tape *t = w->t;
    hone_tensor *x = step_of(t, w->p[0]), *y;
    hone_param *bias = c->bias ? w->p[2] : NULL;
    if (how == FUSED)
        return hone__vocab_loss(t, x, w->p[1], bias, labels, weights, c->smoothing);
    if (how == PLAIN)
        return plain_loss(t, x, w, c, labels, weights);
    y = hone__vocab_nll(t, x, w->p[1], bias, labels, c->smoothing);
    return hone_sum(t, weights ? hone_mul(t, y, hone_tape_floats(t, weights, 1, &c->m)) : y);
}

static result run(const char *device, hone_dtype dtype, const head_case *c, form how)
{
    world w;
    result r;
    double unrecorded;
    int32_t *labels = make_labels(c);
    float *weights = c->weighted ? make_weights(c->m) : NULL;
    world_open(&w, device, dtype);
    world_add(&w, c->m, c->c);
    world_add(&w, c->in_major ? c->c : c->v, c->in_major ? c->v : c->c)->in_major = c->in_major;
    if (c->bias)
        world_add(&w, c->v, 0);
    world_start(&w);
    hone_tape_set_recording(w.t, false);
    hone_tensor *loss = build_loss(&w, c, how, labels, weights);
    no_error(&w);
    OK(hone_tensor_item(loss, &unrecorded));
    hone_tape_reset(w.t);
    hone_tape_set_recording(w.t, true);
    hone_tape_set_loss_scale(w.t, 2.0);
    loss = build_loss(&w, c, how, labels, weights);
    no_error(&w);
    OK(hone_tensor_item(loss, &r.loss));
    assert_true(r.loss == unrecorded);
    OK(hone_tape_backward(w.t, loss));
    r.grads = new_grads(&w);
    copy_grads(&w, r.grads);
    r.n = w.store->n_elements;
    free(labels);
    free(weights);
    world_close(&w);
    return r;
}

static void compare(const head_case *c, const result *a, const result *b, double tolerance, const char *what)
{
    double size = 0.0, off = 0.0;
    for (size_t i = 0; i < a->n; i++) {
        size = fmax(size, fabs(a->grads[i]));
        off = fmax(off, fabs(a->grads[i] - b->grads[i]));
        assert_true(b->grads[i] == b->grads[i]);
    }
    if (!(fabs(a->loss - b->loss) <= tolerance * (1 + fabs(a->loss))) || !(off <= tolerance * (1 + size)))
        fail_msg("%s, M %lld V %lld: loss %.12g, %.12g; gradients differ by %.3g of %.3g", what, (long long)c->m, (long long)c->v, a->loss,
                 b->loss, off, size);
}

static const head_case heads[] = {
    {.m = 5, .c = 3, .v = 1},
    {.m = 9, .c = 4, .v = 7, .bias = true, .weighted = true, .smoothing = 0.125f},
    {.m = 9, .c = 4, .v = 7, .bias = true, .weighted = true, .in_major = true},
    {.m = 700, .c = 4, .v = 7, .bias = true, .smoothing = 0.125f}, /* two chunks of 512 */
    {.m = 6, .c = 4, .v = 8193, .weighted = true, .bias = true},
    {.m = 6, .c = 4, .v = 8193, .in_major = true, .smoothing = 0.25f},
    {.m = 11, .c = 3, .v = 20011, .bias = true, .weighted = true},
};

/* F64: the order of sums is all that differs, 1e-10 of the sums over 20,000 words. */
static void test_against_composition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        result plain = run("ref", HONE_DTYPE_F64, &heads[i], PLAIN), values = run("ref", HONE_DTYPE_F64, &heads[i], VALUES),
               fused = run("ref", HONE_DTYPE_F64, &heads[i], FUSED);
        compare(&heads[i], &plain, &values, 1e-10, "values");
        compare(&heads[i], &plain, &fused, 1e-10, "fused");
        free(plain.grads);
        free(values.grads);
        free(fused.grads);
    }
}

/* The fast backend in F32 against ref in F64: 2e-6 of sums of some thousand terms. */
static void test_fast_backend(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        result plain = run("ref", HONE_DTYPE_F64, &heads[i], FUSED), fast = run("auto", HONE_DTYPE_F32, &heads[i], FUSED),
               values = run("auto", HONE_DTYPE_F32, &heads[i], VALUES);
        compare(&heads[i], &plain, &fast, 2e-6, "fast");
        compare(&heads[i], &plain, &values, 2e-6, "fast values");
        free(plain.grads);
        free(fast.grads);
        free(values.grads);
    }
}

/* Real size of a chunk: V = 50,257 makes chunks of 256, so 300 tokens are two, and scratch holds one. */
static void test_chunks_of_a_real_vocabulary(void **state)
{
    (void)state;
    world w;
    head_case c = {.m = 300, .c = 2, .v = 50257};
    int32_t *labels = make_labels(&c);
    double fused, values;
    world_open(&w, "auto", HONE_DTYPE_F32);
    world_add(&w, c.m, c.c);
    world_add(&w, c.v, c.c);
    world_start(&w);
    hone_tape_set_recording(w.t, false);
    OK(hone_tensor_item(build_loss(&w, &c, FUSED, labels, NULL), &values));
    assert_true(w.t->scratch.peak < (size_t)256 * 8192 * 4 + (8 << 20));
    hone_tape_set_recording(w.t, true);
    hone_tensor *loss = build_loss(&w, &c, FUSED, labels, NULL);
    no_error(&w);
    OK(hone_tensor_item(loss, &fused));
    assert_true(fabs(fused - values) <= 1e-6 * values);
    size_t one_chunk = (size_t)256 * 50257 * 4;
    assert_true(w.t->scratch.peak >= one_chunk && w.t->scratch.peak < one_chunk + (24 << 20));
    OK(hone_tape_backward(w.t, loss));
    free(labels);
    world_close(&w);
}

/* No tokens: the loss is 0, nothing was written into the parameters. */
static void test_no_tokens(void **state)
{
    (void)state;
    world w;
    double value = 1.0;
    world_open(&w, "ref", HONE_DTYPE_F32);
    world_add(&w, 4, 3);
    world_add(&w, 7, 3);
    world_start(&w);
    for (int how = 0; how < 2; how++) {
        hone_tensor *x = hone_index_select(w.t, step_of(w.t, w.p[0]), hone_tape_ints(w.t, NULL, 1, (int64_t[]){0}));
        hone_tensor *loss = how ? hone__vocab_loss(w.t, x, w.p[1], NULL, NULL, NULL, 0.0f)
                                : hone_sum(w.t, hone__vocab_nll(w.t, x, w.p[1], NULL, NULL, 0.0f));
        no_error(&w);
        OK(hone_tensor_item(loss, &value));
        assert_true(value == 0.0);
        OK(hone_tape_backward(w.t, loss));
        assert_true(w.p[1]->fresh);
        hone_tape_reset(w.t);
    }
    world_close(&w);
}

static void expect_refusal(world *w, hone_tensor *y)
{
    assert_null(y);
    assert_int_equal(hone_tape_status(w->t), HONE_UNSUPPORTED);
    if (!strstr(hone_error_message(), "hone_next_token_nll") && !strstr(hone_error_hint(), "hone_next_token_nll"))
        fail_msg("the remedy is missing: %s (%s)", hone_error_message(), hone_error_hint());
    hone_tape_reset(w->t);
}

static void test_what_a_final_loss_refuses(void **state)
{
    (void)state;
    static const int32_t labels[] = {1, 0, -100, 6};
    world w;
    world_open(&w, "ref", HONE_DTYPE_F64);
    world_add(&w, 4, 3);
    world_add(&w, 7, 3);
    world_start(&w);
    hone_tape *t = w.t;
#define LOSS() hone__vocab_loss(t, step_of(t, w.p[0]), w.p[1], NULL, labels, NULL, 0.0f)
    expect_refusal(&w, hone_scale(t, LOSS(), 0.5f));
    expect_refusal(&w, hone_mul(t, LOSS(), hone_tape_floats(t, (float[]){2.0f}, 0, NULL)));
    expect_refusal(&w, hone_exp(t, LOSS()));
    expect_refusal(&w, hone_sub(t, LOSS(), hone_tape_floats(t, (float[]){2.0f}, 0, NULL)));
    expect_refusal(&w, hone_add(t, LOSS(), hone_tape_floats(t, (float[]){2.0f, 3.0f}, 1, (int64_t[]){2})));
    expect_refusal(&w, hone_mean(t, hone_add(t, LOSS(), hone_tape_floats(t, (float[]){2.0f}, 0, NULL))));
    hone_tensor *loss = LOSS(), *shown = hone_scale(t, hone_detach(t, loss), 0.5f); /* looking is allowed */
    double value, half;
    OK(hone_tensor_item(loss, &value));
    OK(hone_tensor_item(shown, &half));
    assert_true(half == 0.5 * value);
    OK(hone_tape_backward(t, hone_add(t, loss, LOSS())));
    hone_tape_reset(t);

    loss = LOSS(); /* its scale is fixed */
    hone_tape_set_loss_scale(t, 4.0);
    assert_int_equal(hone_tape_backward(t, loss), HONE_INVALID_ARGUMENT);
    assert_non_null(strstr(hone_error_message(), "loss scale"));
    hone_tape_reset(t);
    loss = LOSS(); /* its gradients are spent */
    OK(hone_tape_backward(t, loss));
    assert_int_equal(hone_tape_backward(t, loss), HONE_INVALID_ARGUMENT);
    hone_tape_reset(t);
    hone_tape_set_recording(t, false); /* without gradients it is a number like any other */
    OK(hone_tensor_item(hone_scale(t, LOSS(), 0.5f), &half));
    assert_true(half == 0.5 * value);
    world_close(&w);
}

static void test_bad_labels(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    world_add(&w, 4, 3);
    world_add(&w, 7, 3);
    world_start(&w);
    assert_null(hone__vocab_loss(w.t, step_of(w.t, w.p[0]), w.p[1], NULL, (int32_t[]){0, 1, 7, 0}, NULL, 0.0f));
    assert_int_equal(hone_tape_status(w.t), HONE_INVALID_ARGUMENT);
    assert_non_null(strstr(hone_error_message(), "label 2 is 7"));
    hone_tape_reset(w.t);
    assert_null(hone__vocab_nll(w.t, step_of(w.t, w.p[0]), w.p[1], NULL, (int32_t[]){0, 1, 2, 0}, 1.0f));
    assert_int_equal(hone_tape_status(w.t), HONE_INVALID_ARGUMENT);
    hone_tape_reset(w.t);
    assert_null(hone__vocab_nll(w.t, step_of(w.t, w.p[1]), w.p[0], w.p[1], (int32_t[7]){0}, 0.0f));
    assert_int_equal(hone_tape_status(w.t), HONE_SHAPE);
    world_close(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_against_composition),         cmocka_unit_test(test_fast_backend),
    cmocka_unit_test(test_chunks_of_a_real_vocabulary), cmocka_unit_test(test_no_tokens),
    cmocka_unit_test(test_what_a_final_loss_refuses),   cmocka_unit_test(test_bad_labels),
};
TEST_MAIN(tests)
