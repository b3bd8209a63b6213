/* The tape as a context: its sticky error, lifetimes, what it refuses; devices; the ops that have no gradient; parameters. */
#include "unit/nn/helpers.h"

static void expect_error(hone_tape *t, hone_tensor *y, hone_status status, const char *words)
{
    assert_null(y);
    assert_int_equal(hone_tape_status(t), status);
    if (!strstr(hone_error_message(), words))
        fail_msg("expected \"%s\" in \"%s\"", words, hone_error_message());
    hone_tape_reset(t);
    OK(hone_tape_status(t));
}

static hone_tensor *numbers(hone_tape *t, int n)
{
    float values[64];
    for (int i = 0; i < n; i++)
        values[i] = (float)(i + 1);
    return hone_tape_floats(t, values, 1, (int64_t[]){n});
}

static hone_tensor *matrix(hone_tape *t, int64_t n, int64_t c)
{
    float values[256];
    for (int i = 0; i < n * c; i++)
        values[i] = (float)(i + 1);
    return hone_tape_floats(t, values, 2, (int64_t[]){n, c});
}

static void assert_values(const hone_tensor *x, const float *expected, size_t n)
{
    float got[64];
    assert_non_null(x);
    assert_int_equal(hone_tensor_count(x), n);
    OK(hone_tensor_read(x, got, 64));
    for (size_t i = 0; i < n; i++)
        assert_true(fabsf(got[i] - expected[i]) <= 1e-6f * (1 + fabsf(expected[i])));
}

static void test_devices(void **state)
{
    (void)state;
    hone_device *d;
    assert_int_equal(hone_device_open(&d, &(hone_device_options){"tpu", 0}), HONE_UNSUPPORTED);
    assert_null(d);
    assert_non_null(strstr(hone_error_message(), "tpu"));
    assert_int_equal(hone_device_open(&d, &(hone_device_options){NULL, -1}), HONE_INVALID_ARGUMENT);
    OK(hone_device_open(&d, NULL));
    assert_true(strlen(hone_device_describe(d)) >= strlen(hone_device_name(d)));
    hone_device_free(d);
    hone_device_free(NULL);
    OK(hone_device_open(&d, &(hone_device_options){"ref", 1}));
    assert_string_equal(hone_device_name(d), "ref");
    hone_tape *t;
    assert_int_equal(hone_tape_new(&t, d, &(hone_tape_options){.dtype = HONE_DTYPE_I32}), HONE_UNSUPPORTED);
    assert_null(t);
    assert_int_equal(hone_tape_new(&t, NULL, NULL), HONE_INVALID_ARGUMENT);
    hone_tape_free(NULL);
    hone_device_free(d);
}

static void test_first_error_stays(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone_tape *t = w.t;
    hone_tensor *bad = hone_add(t, numbers(t, 3), numbers(t, 4));
    assert_null(bad);
    assert_null(hone_exp(t, bad));
    assert_null(hone_sum(t, numbers(t, 3))); /* nothing runs any more */
    assert_int_equal(hone_tape_backward(t, NULL), HONE_SHAPE);
    assert_string_equal(hone_error_message(), "hone_add: shapes (3) and (4) do not fit");
    hone_device *d; /* other failures of the thread do not hide it */
    (void)hone_device_open(&d, &(hone_device_options){"tpu", 0});
    assert_int_equal(hone_tape_status(t), HONE_SHAPE);
    assert_string_equal(hone_error_message(), "hone_add: shapes (3) and (4) do not fit");
    hone_tape_reset(t);
    assert_non_null(hone_sum(t, numbers(t, 3)));
    expect_error(t, hone_exp(t, NULL), HONE_INVALID_ARGUMENT, "hone_exp: input 1 is NULL");
    assert_int_equal(hone_tape_backward(t, NULL), HONE_INVALID_ARGUMENT);
    world_close(&w);
}

static void test_lifetimes(void **state)
{
    (void)state;
    world w;
    hone_tape *other;
    float value;
    hone_tensor *kept;
    world_open(&w, "ref", HONE_DTYPE_F32);
    OK(hone_tape_new(&other, w.device, NULL));
    hone_tensor *old = hone_square(w.t, numbers(w.t, 3)), *foreign = numbers(other, 3);
    OK(hone_tensor_keep(&kept, old));
    expect_error(w.t, hone_exp(w.t, foreign), HONE_INVALID_ARGUMENT, "hone_exp: the tensor belongs to another tape"); /* and resets */
    expect_error(w.t, hone_log(w.t, old), HONE_INVALID_ARGUMENT, "hone_log: the tensor's tape was reset");
    hone_tape_reset(w.t); /* two resets: `old` was made three generations ago, its header is not in use again before the next tensor */
    assert_int_equal(hone_tensor_read(old, &value, 1), HONE_INVALID_ARGUMENT);
    assert_values(hone_sqrt(w.t, kept), (float[]){1, 2, 3}, 3);
    hone_tensor *recent = numbers(w.t, 2);
    hone_tape_reset(w.t);
    for (int i = 0; i < 40; i++)
        (void)numbers(w.t, 2); /* the whole step after: still known as old */
    expect_error(w.t, hone_exp(w.t, recent), HONE_INVALID_ARGUMENT, "was reset");
    assert_int_equal(hone_tape_backward(w.t, recent), HONE_INVALID_ARGUMENT);
    hone_tape_reset(w.t);
    hone_tensor_free(kept);
    hone_tape_free(other);
    world_close(&w);
}

static void test_backward_refuses(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    world_add(&w, 3, 4);
    world_start(&w);
    hone_tape *t = w.t;
    assert_int_equal(hone_tape_backward(t, hone_exp(t, step_of(t, w.p[0]))), HONE_SHAPE);
    assert_non_null(strstr(hone_error_message(), "(3, 4)"));
    hone_tape_reset(t);
    assert_int_equal(hone_tape_backward(t, hone_sum(t, numbers(t, 3))), HONE_INVALID_ARGUMENT);
    assert_non_null(strstr(hone_error_message(), "depends on nothing"));
    hone_tape_reset(t);
    hone_tape_set_recording(t, false);
    assert_int_equal(hone_tape_backward(t, hone_sum(t, step_of(t, w.p[0]))), HONE_INVALID_ARGUMENT);
    assert_non_null(strstr(hone_error_hint(), "recording"));
    assert_true(w.p[0]->fresh);
    world_close(&w);
}

static void test_shapes_and_ranges(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    world_add(&w, 4, 3);
    world_add(&w, 3, 0);
    world_start(&w);
    hone_tape *t = w.t;
    int32_t bad_ids[N_TOKENS] = {0, 1, 2, 3, 4, 0, 0, 0, 0};
    const int32_t *ids = bad_ids;
    hone_param *table = w.p[0];
    expect_error(t, hone_matmul(t, matrix(t, 2, 3), matrix(t, 2, 3)), HONE_SHAPE, "hone_matmul: shapes (2, 3) and (2, 3)");
    expect_error(t, hone_sub(t, numbers(t, 1), numbers(t, 4)), HONE_SHAPE, "hone_sub: shapes (1) and (4)");
    expect_error(t, hone__linear(t, matrix(t, 2, 5), w.p[0], NULL, HONE_ACT_NONE, 0), HONE_SHAPE,
                 "linear: input (2, 5) does not fit weight p0 (4, 3)");
    expect_error(t, hone__linear(t, matrix(t, 2, 3), w.p[0], w.p[1], HONE_ACT_NONE, 0), HONE_SHAPE, "bias p1 (3)");
    expect_error(t, hone__layer_norm(t, matrix(t, 2, 4), w.p[1], w.p[1], 1e-5f, 0), HONE_SHAPE, "layer norm: input (2, 4)");
    expect_error(t, hone__embed(t, 1, &table, &ids, NULL, hone__tape_rows(t, &batch), 0.0f, 0), HONE_INVALID_ARGUMENT,
                 "embedding: token 4 (row 2, position 1) has id 4, p0 has 4");
    expect_error(t, hone_gather(t, matrix(t, 2, 3), hone_tape_ints(t, (int32_t[]){0, 3}, 1, (int64_t[]){2})), HONE_INVALID_ARGUMENT,
                 "index[1] is 3");
    expect_error(t, hone_index_select(t, matrix(t, 2, 3), hone_tape_ints(t, (int32_t[]){0, -1}, 1, (int64_t[]){2})), HONE_INVALID_ARGUMENT,
                 "index[1] is -1");
    expect_error(t, hone_index_select(t, matrix(t, 2, 3), numbers(t, 2)), HONE_INVALID_ARGUMENT, "expects integers");
    expect_error(t, hone_exp(t, hone_tape_ints(t, (int32_t[]){0}, 1, (int64_t[]){1})), HONE_INVALID_ARGUMENT, "hone_exp: expects F32");
    expect_error(t, hone_rows_sum(t, numbers(t, 3)), HONE_INVALID_ARGUMENT, "not per token");
    expect_error(t, hone__dropout(t, matrix(t, 2, 3), 0.5f, 0), HONE_INVALID_ARGUMENT, "dropout needs");
    expect_error(t, hone__dropout(t, matrix(t, 2, 3), 1.5f, 0), HONE_INVALID_ARGUMENT, "is 1.5");
    expect_error(t, hone__attention_block(t, matrix(t, 2, 3), w.p[0], NULL, 1, true, 1.0f, 0.0f, 0), HONE_INVALID_ARGUMENT,
                 "attention: the input of shape (2, 3) is not per token");
    expect_error(t, hone_cross_entropy(t, matrix(t, 2, 3), hone_tape_ints(t, (int32_t[]){0, 3}, 1, (int64_t[]){2}), NULL, 0.0f),
                 HONE_INVALID_ARGUMENT, "label 1 is 3");
    expect_error(t, hone_cross_entropy(t, matrix(t, 2, 3), hone_tape_ints(t, (int32_t[]){0, 1, 2}, 1, (int64_t[]){3}), NULL, 0.0f),
                 HONE_SHAPE, "(2, 3)");
    expect_error(t, hone_where(t, numbers(t, 2), numbers(t, 3), numbers(t, 2)), HONE_SHAPE, "operand 1");
    expect_error(t, hone_tape_floats(t, NULL, 5, NULL), HONE_INVALID_ARGUMENT, "5 dimensions");
    expect_error(t, hone__tape_view(t, matrix(t, 2, 3), 2, 2), HONE_SHAPE, "columns 2 to 4");
    expect_error(t, hone_tape_labels(t, &batch), HONE_INVALID_ARGUMENT, "no labels");
    world_close(&w);
}

static void test_bad_batches(void **state)
{
    (void)state;
    world w;
    hone_batch b = batch;
    world_open(&w, "ref", HONE_DTYPE_F32);
    b.n_tokens = 8;
    expect_error(w.t, hone_tape_ids(w.t, &b), HONE_INVALID_ARGUMENT, "hold 9 tokens, n_tokens is 8");
    b.cu_seqlens = (int32_t[]){0, 3, 2, 8, 9};
    expect_error(w.t, hone_tape_ids(w.t, &b), HONE_INVALID_ARGUMENT, "row 1 of the batch ends before it starts");
    b.cu_seqlens = (int32_t[]){1, 3, 3, 8, 9};
    expect_error(w.t, hone_tape_ids(w.t, &b), HONE_INVALID_ARGUMENT, "starts at token 1");
    b.cu_seqlens = NULL;
    expect_error(w.t, hone_tape_ids(w.t, &b), HONE_INVALID_ARGUMENT, "no rows");
    assert_null(hone__tape_rows(w.t, NULL));
    world_close(&w);
}

/* The arrays of a batch are lent on a device that has the host's memory, and rows are made once. */
static void test_batches_are_lent(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone_tensor *ids = hone_tape_ids(w.t, &batch);
    const hone_rows *rows = hone__tape_rows(w.t, &batch);
    assert_ptr_equal(ids->data, batch.input_ids);
    assert_ptr_equal(rows->start, batch.cu_seqlens);
    assert_ptr_equal(rows->d_pos, rows->pos);
    assert_ptr_equal(ids->rows, rows);
    assert_int_equal(rows->longest, 5);
    assert_int_equal(rows->pos[5], 2);
    assert_int_equal(rows->row[8], 3);
    assert_int_equal(rows->key[2], 99);
    assert_ptr_equal(hone__tape_rows(w.t, &batch), rows);
    world_close(&w);
}

static void test_gathered_rows(void **state)
{
    (void)state;
    world w;
    static const int32_t index[] = {1, 3, 4, 7, 8};
    world_open(&w, "ref", HONE_DTYPE_F32);
    world_add(&w, 9, 40);
    world_start(&w);
    hone_tape *t = w.t;
    hone_tensor *x = tokens_of(t, w.p[0]), *part = hone__tape_gather_tokens(t, x, index, 5);
    const hone_rows *rows = part->rows;
    assert_int_equal(rows->n_tokens, 5);
    assert_memory_equal(rows->start, ((int32_t[]){0, 1, 1, 4, 5}), 5 * sizeof(int32_t));
    assert_memory_equal(rows->pos, ((int32_t[]){1, 0, 1, 4, 0}), 5 * sizeof(int32_t));
    assert_int_equal(rows->longest, 3);
    hone_tensor *all = hone__dropout(t, x, 0.5f, 7), *some = hone__dropout(t, part, 0.5f, 7); /* the same decisions */
    float whole[9 * 40], few[5 * 40];
    OK(hone_tensor_read(all, whole, 9 * 40));
    OK(hone_tensor_read(some, few, 5 * 40));
    for (int i = 0; i < 5; i++)
        assert_memory_equal(few + i * 40, whole + index[i] * 40, 40 * sizeof(float));
    assert_non_null(hone_index_select(t, x, hone_tape_ints(t, index, 1, (int64_t[]){5}))->rows);
    assert_null(hone_index_select(t, x, hone_tape_ints(t, (int32_t[]){5, 0}, 1, (int64_t[]){2}))
                    ->rows); /* not in the order of rows: just a matrix */
    expect_error(t, hone__tape_gather_tokens(t, x, (int32_t[]){5, 0}, 2), HONE_INVALID_ARGUMENT, "in the order of rows");
    world_close(&w);
}

static void test_comparisons(void **state)
{
    (void)state;
    world w;
    hone_tensor *set, *constant;
    world_open(&w, "ref", HONE_DTYPE_F64);
    hone_tape *t = w.t;
    OK(hone_tensor_from_ints(&set, (int32_t[]){7, 2, 2, 5}, 1, (int64_t[]){4}));
    OK(hone_tensor_from_floats(&constant, (float[]){2, 2, 2}, 1, (int64_t[]){3}));
    assert_values(hone_is_in(t, hone_tape_ids(t, &batch), set), (float[]){0, 0, 1, 0, 0, 1, 0, 1, 0}, 9);
    assert_values(hone_rows_sum(t, hone_is_in(t, hone_tape_ids(t, &batch), set)), (float[]){1, 0, 2, 0}, 4);
    assert_values(hone_equal(t, hone_tape_ids(t, &batch), hone_tape_ints(t, (int32_t[]){4}, 0, NULL)), (float[]){0, 0, 0, 0, 1, 0, 0, 0, 0},
                  9);
    assert_values(hone_less(t, numbers(t, 3), constant), (float[]){1, 0, 0}, 3);
    assert_values(hone_greater(t, numbers(t, 3), constant), (float[]){0, 0, 1}, 3);
    assert_values(hone_logical_not(t, hone_greater(t, numbers(t, 3), constant)), (float[]){1, 1, 0}, 3);
    assert_values(hone_where(t, hone_less(t, numbers(t, 3), constant), numbers(t, 3), constant), (float[]){1, 2, 2}, 3);
    expect_error(t, hone_is_in(t, hone_tape_ids(t, &batch), constant), HONE_INVALID_ARGUMENT, "integers");
    expect_error(t, hone_less(t, numbers(t, 3), NULL), HONE_INVALID_ARGUMENT, "input 2 is NULL");
    hone_tensor_free(set);
    hone_tensor_free(constant);
    world_close(&w);
}

static void test_means_over_nothing(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone_tape *t = w.t;
    assert_values(hone_mean(t, hone_tape_floats(t, NULL, 1, (int64_t[]){0})), (float[]){0}, 1);
    assert_values(hone_cross_entropy(t, matrix(t, 2, 3), hone_tape_ints(t, (int32_t[]){-100, -100}, 1, (int64_t[]){2}), NULL, 0.0f),
                  (float[]){0}, 1);
    hone_tensor *ones = hone_logical_not(t, hone_is_in(t, hone_tape_ids(t, &batch), hone_tape_ints(t, NULL, 1, (int64_t[]){0})));
    assert_values(hone_rows_mean(t, ones), (float[]){1, 0, 1, 1}, 4);
    assert_values(hone_rows_sum(t, ones), (float[]){3, 0, 5, 1}, 4);
    world_close(&w);
}

/* Half the gradient each where both are equal, sign(0) = 0, the ends of a clamp pass: as torch. */
static void test_gradients_at_kinks(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone_tape *t = w.t;
    hone_tensor *x = hone_tape_floats(t, (float[]){-1, 0, 1, 2}, 1, (int64_t[]){4}),
                *y = hone_tape_floats(t, (float[]){0, 0, 1, 1}, 1, (int64_t[]){4});
    hone_tape_retain_grad(t, x);
    hone_tape_retain_grad(t, y);
    assert_null(hone_tape_grad(t, x));
    OK(hone_tape_backward(t, hone_sum(t, hone_maximum(t, x, y))));
    assert_values(hone_tape_grad(t, x), (float[]){0, 0.5f, 0.5f, 1}, 4);
    assert_values(hone_tape_grad(t, y), (float[]){1, 0.5f, 0.5f, 0}, 4);
    hone_tape_reset(t);
    x = hone_tape_floats(t, (float[]){-1, 0, 1, 2}, 1, (int64_t[]){4});
    hone_tape_retain_grad(t, x);
    OK(hone_tape_backward(t, hone_sum(t, hone_abs(t, x))));
    assert_values(hone_tape_grad(t, x), (float[]){-1, 0, 1, 1}, 4);
    hone_tape_reset(t);
    x = hone_tape_floats(t, (float[]){-1, 0, 1, 2}, 1, (int64_t[]){4});
    hone_tape_retain_grad(t, x);
    OK(hone_tape_backward(t, hone_sum(t, hone_clamp(t, x, -1.0f, 1.0f))));
    assert_values(hone_tape_grad(t, x), (float[]){1, 1, 1, 0}, 4);
    world_close(&w);
}

/* Gradients between: shown when asked for, also for tensors whose gradient would have moved on; twice backward gives the same, leaves add up. */
static void test_retained(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone_tape *t = w.t;
    hone_tensor *x = numbers(t, 3), *y;
    hone_tape_retain_grad(t, x);
    y = hone_add(t, hone_square(t, x), x);
    hone_tape_retain_grad(t, y);
    hone_tensor *loss = hone_sum(t, hone_add_scalar(t, hone_square(t, y), 1.0f)); /* dy = 2y, y = 2 6 12; dx = 2y (2x + 1) */
    OK(hone_tape_backward(t, loss));
    assert_values(hone_tape_grad(t, y), (float[]){4, 12, 24}, 3);
    assert_values(hone_tape_grad(t, x), (float[]){12, 60, 168}, 3);
    hone_tape_set_loss_scale(t, 2.0);
    OK(hone_tape_backward(t, loss));
    assert_values(hone_tape_grad(t, y), (float[]){8, 24, 48}, 3);
    assert_values(hone_tape_grad(t, x), (float[]){36, 180, 504}, 3);
    assert_null(hone_tape_grad(t, loss));
    hone_tape_reset(t);
    assert_null(hone_tape_grad(t, x));
    world_close(&w);
}

static void test_detach(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone_tape *t = w.t;
    hone_tensor *x = numbers(t, 3);
    hone_tape_retain_grad(t, x);
    OK(hone_tape_backward(t, hone_sum(t, hone_mul(t, x, hone_detach(t, hone_square(t, x))))));
    assert_values(hone_tape_grad(t, x), (float[]){1, 4, 9}, 3);
    world_close(&w);
}

/* The residual sum takes f's memory: f is refused afterwards, unless somebody else needs it. */
static void test_taken(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    world_add(&w, 3, 0);
    world_add(&w, 3, 0);
    world_start(&w);
    hone_tape *t = w.t;
    hone_tensor *x = matrix(t, 2, 3), *f = hone_scale(t, x, 2.0f), *g = hone_exp(t, f), *sum;
    assert_non_null(hone__residual_norm(t, &sum, x, f, w.p[0], w.p[1], 1e-5f, 0.0f, 0));
    assert_values(sum, (float[]){3, 6, 9, 12, 15, 18}, 6);
    expect_error(t, hone_exp(t, f), HONE_INVALID_ARGUMENT, "use the sum");
    x = matrix(t, 2, 3);
    hone_tape_retain_grad(t, x);
    f = hone_scale(t, x, 2.0f);
    g = hone_square(t, f); /* reads f in backward */
    assert_non_null(hone__residual_norm(t, &sum, x, f, w.p[0], w.p[1], 1e-5f, 0.0f, 0));
    assert_values(f, (float[]){2, 4, 6, 8, 10, 12}, 6);
    assert_non_null(hone_exp(t, f));
    assert_non_null(g);
    world_close(&w);
}

/* Somebody looks at f through another header: its memory stays. */
static void test_shared_is_not_taken(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone_tape *t = w.t;
    hone_tensor *f = hone_scale(t, matrix(t, 1, 3), 2.0f), *look = hone_detach(t, f), *part = hone__tape_view(t, f, 1, 2);
    assert_values(hone__residual(t, matrix(t, 1, 3), f, 0.0f, 0), (float[]){3, 6, 9}, 3);
    assert_values(look, (float[]){2, 4, 6}, 3);
    assert_values(part, (float[]){4, 6}, 2);
    world_close(&w);
}

/* Blocks of a first step become one, and steps that need more than the first block's size ask for nothing afterwards. */
static void test_pool_merges(void **state)
{
    (void)state;
    world w;
    void *data;
    hone_mem_stats before, after;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone__pool *p = &w.t->saved;
    for (int step = 0; step < 4; step++) {
        hone__mem_stats(&before);
        for (int i = 0; i < 5; i++) {
            OK(hone__pool_alloc(p, &data, 700000));
            assert_int_equal((uintptr_t)data % 64, 0);
            memset(data, 1, 700000);
        }
        hone__mem_stats(&after);
        assert_true(step == 0 ? p->n_blocks > 1 : p->n_blocks == 1 && after.n_requests == before.n_requests);
        hone_tape_reset(w.t);
    }
    hone__pool_mark mark = hone__pool_get_mark(p);
    void *first, *again;
    OK(hone__pool_alloc(p, &first, 100));
    hone__pool_release(p, mark);
    OK(hone__pool_alloc(p, &again, 100));
    assert_ptr_equal(first, again);
    assert_int_equal(hone__pool_alloc(p, &data, SIZE_MAX - 3), HONE_OUT_OF_MEMORY);
    world_close(&w);
}

/* A chain of any length needs the gradients of two neighbours at a time. */
static void test_gradients_are_given_back(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    hone_tape *t = w.t;
    hone_tensor *x = matrix(t, 16, 16), *y = x;
    hone_tape_retain_grad(t, x);
    for (int i = 0; i < 50; i++)
        y = hone_tanh(t, y);
    OK(hone_tape_backward(t, hone_sum(t, y)));
    assert_true(t->grads.peak <= 3 * 16 * 16 * sizeof(float) + 64);
    world_close(&w);
}

/* A forward pass without a backward leaves nothing in the parameters. */
static void test_uses_are_forgotten(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    world_add(&w, 4, 3);
    world_start(&w);
    assert_non_null(hone_mul(w.t, step_of(w.t, w.p[0]), step_of(w.t, w.p[0])));
    assert_int_equal(w.p[0]->uses, 2);
    hone_tape_reset(w.t);
    assert_int_equal(w.p[0]->uses, 0);
    assert_non_null(step_of(w.t, w.p[0]));
    hone_tape_free(w.t);
    w.t = NULL;
    assert_int_equal(w.p[0]->uses, 0);
    world_close(&w);
}

static void test_params(void **state)
{
    (void)state;
    hone_device *d;
    hone_params *p;
    hone_param *a, *b, *c;
    OK(hone_device_open(&d, &(hone_device_options){"ref", 1}));
    OK(hone__params_new(&p, d->backend));
    OK(hone__params_add(&a, p, "qkv.weight", 2, (int64_t[]){6, 3}, true));
    OK(hone__params_add(&b, p, "qkv.bias", 1, (int64_t[]){6}, false));
    assert_int_equal(hone__params_add(&c, p, "qkv.bias", 1, (int64_t[]){6}, false), HONE_INVALID_ARGUMENT);
    assert_int_equal(hone__params_add(&c, p, "empty", 2, (int64_t[]){6, 0}, false), HONE_SHAPE);
    assert_int_equal(hone__params_add(&c, p, "huge", 2, (int64_t[]){INT64_MAX / 2, 16}, false), HONE_SHAPE);
    assert_null(c);
    OK(hone__params_add_slice(p, a, "q.weight", 0, 2, false, true));
    OK(hone__params_add_slice(p, a, "k.weight", 2, 2, false, false));
    OK(hone__params_add_slice(p, a, "v.weight", 4, 2, false, false));
    assert_int_equal(hone__params_add_slice(p, a, "w.weight", 5, 2, false, false), HONE_SHAPE);
    assert_int_equal(p->n_slices, 4);
    assert_string_equal(p->slices[0].file_name, "qkv.bias");
    assert_string_equal(p->slices[1].file_name, "q.weight");
    assert_int_equal(a->offset, 0);
    assert_int_equal(b->offset, 32); /* multiples of 16 */
    assert_int_equal(p->n_elements, 48);
    assert_int_equal(hone__params_count(p), 24);
    assert_ptr_equal(hone__params_find(p, "qkv.bias"), b);
    assert_null(hone__params_find(p, "nothing"));
    OK(hone__params_train(p));
    assert_ptr_equal(b->tensor.data, (float *)p->master + 32);
    assert_ptr_equal(b->grad.data, (float *)p->grad + 32);
    assert_true(a->fresh && b->fresh);
    uint32_t version = a->version;
    hone__params_changed(p);
    assert_true(a->version != version && a->version != 0);
    hone__params_free(p);
    float file[6] = {1, 2, 3, 4, 5, 6};
    OK(hone__params_new(&p, d->backend));
    OK(hone__params_add(&a, p, "w", 2, (int64_t[]){2, 3}, true));
    hone__params_lend(p, a, file);
    assert_ptr_equal(a->tensor.data, file);
    assert_int_equal(hone__params_train(p), HONE_INVALID_ARGUMENT);
    assert_non_null(strstr(hone_error_message(), "mapped"));
    hone__params_free(p);
    hone__params_free(NULL);
    hone_device_free(d);
}

/* Frozen parameters get nothing, and what only leads to them is not computed. */
static void test_frozen(void **state)
{
    (void)state;
    world w;
    world_open(&w, "ref", HONE_DTYPE_F32);
    world_add(&w, 4, 3);
    world_add(&w, 5, 3);
    world_add(&w, 5, 0);
    world_start(&w);
    w.p[0]->frozen = w.p[1]->frozen = true;
    hone_tensor *x = hone_tanh(w.t, step_of(w.t, w.p[0]));
    assert_false(x->wants_grad);
    assert_int_equal(w.t->n_nodes, 0);
    OK(hone_tape_backward(w.t, hone_sum(w.t, hone__linear(w.t, x, w.p[1], w.p[2], HONE_ACT_NONE, 0))));
    assert_true(w.p[0]->fresh && w.p[1]->fresh && !w.p[2]->fresh);
    for (int i = 0; i < 5; i++)
        assert_true(((float *)w.p[2]->grad.data)[i] == 4.0f);
    world_close(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_devices),
    cmocka_unit_test(test_first_error_stays),
    cmocka_unit_test(test_lifetimes),
    cmocka_unit_test(test_backward_refuses),
    cmocka_unit_test(test_shapes_and_ranges),
    cmocka_unit_test(test_bad_batches),
    cmocka_unit_test(test_batches_are_lent),
    cmocka_unit_test(test_gathered_rows),
    cmocka_unit_test(test_comparisons),
    cmocka_unit_test(test_means_over_nothing),
    cmocka_unit_test(test_gradients_at_kinks),
    cmocka_unit_test(test_retained),
    cmocka_unit_test(test_detach),
    cmocka_unit_test(test_taken),
    cmocka_unit_test(test_shared_is_not_taken),
    cmocka_unit_test(test_pool_merges),
    cmocka_unit_test(test_gradients_are_given_back),
    cmocka_unit_test(test_uses_are_forgotten),
    cmocka_unit_test(test_params),
    cmocka_unit_test(test_frozen),
};
TEST_MAIN(tests)
