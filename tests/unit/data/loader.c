/* The order of an epoch beside torch's, packing, ranks, resuming, memory that is used again; parts and splits of examples. */
#include "support/support.h"

#include <hone/loader.h>

#include <stdlib.h>

/* Example i has 1 + i % 5 tokens, all of value i. */
static hone_status toy_get(void *self, int64_t i, hone_example *out)
{
    static int32_t ids[5], types[5];
    const int *kind = self;
    for (int j = 0; j < 5; j++) {
        ids[j] = (int32_t)i;
        types[j] = j % 2;
    }
    out->n_tokens = (int32_t)(1 + i % 5);
    out->input_ids = ids;
    if (*kind & 1)
        out->token_type_ids = types;
    if (*kind & 2)
        out->labels = ids;
    if (*kind & 4)
        out->row_label = (int32_t)(i * 10);
    if ((*kind & 8) && i == 3)
        return hone__fail(HONE_FORMAT, "example 3 is broken");
    if ((*kind & 16) && i != 0)
        out->start_position = 1;
    return HONE_OK;
}

static int32_t toy_length(void *self, int64_t i)
{
    (void)self;
    return (int32_t)(1 + i % 5);
}

static hone_examples *toy(int *kind, int64_t n)
{
    static const hone_examples_ops ops = {toy_get, toy_length, NULL};
    hone_examples *e;
    assert_ok(hone_examples_new(&e, &ops, kind, n));
    return e;
}

/* The ids of the rows of an epoch, one after the other. */
static size_t epoch_rows(hone_loader *loader, int64_t epoch, int64_t *rows)
{
    hone_batch batch;
    size_t n = 0;
    assert_ok(hone_loader_start_epoch(loader, epoch));
    while (hone_loader_next(loader, &batch))
        for (int32_t r = 0; r < batch.n_rows; r++)
            rows[n++] = batch.input_ids[batch.cu_seqlens[r]];
    assert_ok(hone_loader_status(loader));
    return n;
}

static void order_is_the_reference_s(void **state)
{
    (void)state;
    json_t *cases = test_read_json(test_data("../oracle/order.json")), *expected;
    const char *name;
    int kind = 0, n_checked = 0;
    json_object_foreach(cases, name, expected)
    {
        long long n, seed;
        if (sscanf(name, "n=%lld,seed=%lld", &n, &seed) != 2)
            continue;
        hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
        options.shuffle = true;
        options.seed = (uint64_t)seed - 1; /* epoch 1: seeds add up */
        hone_examples *e = toy(&kind, n);
        hone_loader *loader;
        int64_t *rows = calloc((size_t)n, sizeof(*rows));
        assert_ok(hone_loader_new(&loader, e, &options));
        assert_int_equal(epoch_rows(loader, 1, rows), n);
        for (size_t i = 0; i < json_array_size(expected); i++)
            assert_int_equal(rows[i], json_integer_value(json_array_get(expected, i)));
        hone_loader_free(loader);
        hone_examples_free(e);
        free(rows);
        n_checked++;
    }
    assert_true(n_checked >= 3);
    json_decref(cases);
}

static void packing(void **state)
{
    (void)state;
    int kind = 1 | 2 | 4;
    hone_examples *e = toy(&kind, 7);
    hone_loader *loader;
    hone_batch b;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    options.batch_size = 3;
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_int_equal(hone_loader_batches(loader), 3);
    assert_ok(hone_loader_start_epoch(loader, 2));
    assert_true(hone_loader_next(loader, &b));
    assert_int_equal(b.n_rows, 3);
    assert_int_equal(b.n_tokens, 6);
    assert_int_equal(b.longest, 3);
    assert_memory_equal(b.cu_seqlens, ((int32_t[]){0, 1, 3, 6}), 16);
    assert_memory_equal(b.input_ids, ((int32_t[]){0, 1, 1, 2, 2, 2}), 24);
    assert_memory_equal(b.labels, b.input_ids, 24);
    assert_memory_equal(b.token_type_ids, ((int32_t[]){0, 0, 1, 0, 1, 0}), 24);
    assert_memory_equal(b.row_labels, ((int32_t[]){0, 10, 20}), 12);
    assert_memory_equal(b.ordinals, ((uint64_t[]){14, 15, 16}), 24);
    assert_null(b.start_positions);
    assert_null(b.row_targets);
    assert_int_equal(b.n_labelled, -1);
    int32_t padded[12];
    assert_ok(hone_batch_pad(&b, b.input_ids, -7, 4, padded));
    assert_memory_equal(padded, ((int32_t[]){0, -7, -7, -7, 1, 1, -7, -7, 2, 2, 2, -7}), 48);
    assert_fails(HONE_SHAPE, "width 2", hone_batch_pad(&b, b.input_ids, 0, 2, padded));
    assert_true(hone_loader_next(loader, &b));
    assert_true(hone_loader_next(loader, &b));
    assert_int_equal(b.n_rows, 1); /* the short last batch is kept */
    assert_int_equal(b.ordinals[0], 20);
    assert_false(hone_loader_next(loader, &b));
    assert_ok(hone_loader_start_epoch_at(loader, 2, 2));
    assert_true(hone_loader_next(loader, &b));
    assert_int_equal(b.input_ids[0], 6);
    hone_loader_free(loader);
    options.drop_last = true;
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_int_equal(hone_loader_batches(loader), 2);
    hone_loader_free(loader);
    hone_examples_free(e);
}

/* accelerate's BatchSamplerShard: what lacks to a whole round comes from the epoch's beginning. */
static void ranks(void **state)
{
    (void)state;
    static const struct {
        int64_t n, batch;
        int ranks, rank;
        int64_t rows[8];
        size_t n_rows;
    } cases[] = {
        {7, 2, 2, 0, {0, 1, 4, 5}, 4},
        {7, 2, 2, 1, {2, 3, 6, 0}, 4},
        {8, 2, 2, 1, {2, 3, 6, 7}, 4},
        {9, 2, 2, 0, {0, 1, 4, 5, 8, 0}, 6},
        {9, 2, 2, 1, {2, 3, 6, 7, 1, 2}, 6},
        {3, 2, 4, 0, {0, 1}, 2},
        {3, 2, 4, 1, {2, 0}, 2},
        {3, 2, 4, 2, {1, 2}, 2},
        {3, 2, 4, 3, {0, 1}, 2},
    };
    int kind = 0;
    for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
        hone_examples *e = toy(&kind, cases[c].n);
        hone_loader_options options = {.batch_size = cases[c].batch, .seed = 42, .rank = cases[c].rank, .n_ranks = cases[c].ranks};
        hone_loader *loader;
        int64_t rows[64];
        assert_ok(hone_loader_new(&loader, e, &options));
        assert_int_equal(epoch_rows(loader, 0, rows), cases[c].n_rows);
        assert_memory_equal(rows, cases[c].rows, cases[c].n_rows * sizeof(*rows));
        hone_loader_free(loader);
        options.drop_last = true;
        assert_ok(hone_loader_new(&loader, e, &options));
        assert_int_equal(epoch_rows(loader, 0, rows), cases[c].n / cases[c].batch / cases[c].ranks * cases[c].batch);
        hone_loader_free(loader);
        hone_examples_free(e);
    }
}

static void steps_allocate_nothing(void **state)
{
    (void)state;
    int kind = 1;
    hone_examples *e = toy(&kind, 100);
    hone_loader *loader;
    hone_batch b;
    hone_mem_stats before, after;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    options.shuffle = true;
    assert_ok(hone_loader_new(&loader, e, &options));
    for (int64_t epoch = 0; epoch < 4; epoch++) {
        if (epoch == 1)
            hone__mem_stats(&before);
        assert_ok(hone_loader_start_epoch(loader, epoch));
        while (hone_loader_next(loader, &b))
            assert_int_equal(b.n_tokens, b.cu_seqlens[b.n_rows]);
    }
    hone__mem_stats(&after);
    assert_int_equal(before.n_requests, after.n_requests);
    hone_loader_free(loader);
    hone_examples_free(e);
}

static void failures(void **state)
{
    (void)state;
    int broken = 8, mixed = 16;
    hone_examples *e = toy(&broken, 7), *part;
    hone_loader *loader;
    hone_example example;
    hone_batch b;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    options.batch_size = 2;
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_true(hone_loader_next(loader, &b));
    assert_false(hone_loader_next(loader, &b));
    assert_false(hone_loader_next(loader, &b));
    assert_fails(HONE_FORMAT, "example 3 is broken", hone_loader_status(loader));
    hone_loader_free(loader);
    options.batch_size = 0;
    assert_fails(HONE_INVALID_ARGUMENT, "batch size of 0", hone_loader_new(&loader, e, &options));
    assert_null(loader);
    assert_fails(HONE_INVALID_ARGUMENT, "rank 2 of 2",
                 hone_loader_new(&loader, e, &(hone_loader_options){.batch_size = 1, .rank = 2, .n_ranks = 2}));
    assert_fails(HONE_INVALID_ARGUMENT, "no example 7", hone_examples_get(e, 7, &example));
    assert_int_equal(hone_examples_length(e, -1), 0);
    hone_examples_free(e);
    e = toy(&mixed, 7);
    assert_ok(hone_loader_new(&loader, e, NULL));
    assert_false(hone_loader_next(loader, &b));
    assert_fails(HONE_INVALID_ARGUMENT, "example 1 has other kinds", hone_loader_status(loader));
    hone_loader_free(loader);
    assert_fails(HONE_INVALID_ARGUMENT, "must not be negative", hone_examples_range(&part, e, -1, 2));
    hone_examples_free(e);
}

static void parts(void **state)
{
    (void)state;
    int kind = 0;
    hone_examples *e = toy(&kind, 41), *part, *train, *valid;
    hone_example x;
    assert_ok(hone_examples_take(&part, e, 5));
    assert_int_equal(hone_examples_count(part), 5);
    assert_fails(HONE_INVALID_ARGUMENT, "no example 5", hone_examples_get(part, 5, &x));
    hone_examples_free(part);
    assert_ok(hone_examples_take(&part, e, -1));
    assert_int_equal(hone_examples_count(part), 41);
    hone_examples_free(part);
    assert_ok(hone_examples_range(&part, e, 40, 10));
    assert_int_equal(hone_examples_count(part), 1);
    assert_ok(hone_examples_get(part, 0, &x));
    assert_int_equal(x.input_ids[0], 40);
    assert_int_equal(x.row_label, HONE_NO_LABEL);
    hone_examples_free(part);
    assert_ok(hone_examples_split(&train, &valid, e, 5)); /* datasets' train[:5%] of 41 rows is 2 */
    assert_int_equal(hone_examples_count(valid), 2);
    assert_int_equal(hone_examples_count(train), 39);
    assert_ok(hone_examples_get(train, 0, &x));
    assert_int_equal(x.input_ids[0], 2);
    hone_examples_free(train);
    hone_examples_free(valid);
    assert_ok(hone_examples_split(&train, &valid, e, 0.001));
    assert_int_equal(hone_examples_count(valid), 1);
    hone_examples_free(train);
    hone_examples_free(valid);
    assert_fails(HONE_INVALID_ARGUMENT, "between 0 and 100", hone_examples_split(&train, &valid, e, 100));
    hone_examples_free(e);
}

static void no_examples(void **state)
{
    (void)state;
    int kind = 0;
    hone_examples *e = toy(&kind, 0);
    hone_loader *loader;
    hone_batch b;
    assert_ok(hone_loader_new(&loader, e, NULL));
    assert_int_equal(hone_loader_batches(loader), 0);
    assert_false(hone_loader_next(loader, &b));
    assert_ok(hone_loader_status(loader));
    hone_loader_free(loader);
    hone_examples_free(e);
}

/* Every third example, beginning with another one each epoch; asked once an epoch. */
static int n_asked;
static hone_status thirds(void *self, int64_t epoch, int64_t n_examples, int64_t *order, int64_t n)
{
    n_asked++;
    for (int64_t k = 0; k < n; k++)
        order[k] = (epoch + 3 * k) % n_examples + (self ? *(int64_t *)self : 0);
    return HONE_OK;
}

static hone_status broken_sampler(void *self, int64_t epoch, int64_t n_examples, int64_t *order, int64_t n)
{
    (void)self, (void)epoch, (void)n_examples, (void)order, (void)n;
    return hone__fail(HONE_IO, "no dice");
}

static void a_sampler_of_ones_own(void **state)
{
    (void)state;
    int kind = 0;
    int64_t rows[32], beyond = 5;
    hone_examples *e = toy(&kind, 7);
    hone_loader *loader;
    hone_batch b;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    options.batch_size = 4;
    options.shuffle = true;
    options.sampler = (hone_sampler){.order = thirds};
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_int_equal(epoch_rows(loader, 1, rows), 7);
    assert_memory_equal(rows, ((int64_t[]){1, 4, 0, 3, 6, 2, 5}), 7 * sizeof(*rows));
    assert_int_equal(n_asked, 1);
    assert_ok(hone_loader_start_epoch_at(loader, 2, 1));
    assert_true(hone_loader_next(loader, &b));
    assert_int_equal(b.input_ids[0], (2 + 3 * 4) % 7); /* a place in the middle costs nothing but the order */
    assert_int_equal(b.ordinals[0], 2 * 7 + 4);
    hone_loader_free(loader);
    options.sampler.n_samples = 10; /* some come twice */
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_int_equal(hone_loader_batches(loader), 3);
    assert_int_equal(epoch_rows(loader, 0, rows), 10);
    assert_int_equal(rows[9], 27 % 7);
    hone_loader_free(loader);
    options.sampler = (hone_sampler){.order = thirds, .self = &beyond};
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_false(hone_loader_next(loader, &b));
    assert_fails(HONE_INVALID_ARGUMENT, "put example 8 at place 1 of epoch 0: there are 7", hone_loader_status(loader));
    hone_loader_free(loader);
    options.sampler = (hone_sampler){.order = broken_sampler};
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_false(hone_loader_next(loader, &b));
    assert_fails(HONE_IO, "no dice", hone_loader_status(loader));
    hone_loader_free(loader);
    options.sampler.n_samples = -1;
    assert_fails(HONE_INVALID_ARGUMENT, "a sampler of -1 places", hone_loader_new(&loader, e, &options));
    hone_examples_free(e);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(order_is_the_reference_s),
    cmocka_unit_test(packing),
    cmocka_unit_test(ranks),
    cmocka_unit_test(steps_allocate_nothing),
    cmocka_unit_test(failures),
    cmocka_unit_test(parts),
    cmocka_unit_test(no_examples),
    cmocka_unit_test(a_sampler_of_ones_own),
};
TEST_MAIN(tests)
