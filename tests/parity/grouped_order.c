/* group_by_length: the order of an epoch is transformers' own for the same generator (grouped_order.py), whatever batch the epoch begins at; survey and resume see the same. */
#include "data/loader.h"
#include "support/support.h"

static int64_t modulus;
static int32_t ids[256];

static int32_t length_of(void *self, int64_t i)
{
    (void)self;
    return (int32_t)((i * 7919 + 13) % modulus + 1);
}

/* The row's own number is its label. */
static hone_status get(void *self, int64_t i, hone_example *out)
{
    out->n_tokens = length_of(self, i);
    out->input_ids = ids;
    out->row_label = (int32_t)i;
    return HONE_OK;
}

static int64_t number_of(const json_t *line, const char *key)
{
    return json_integer_value(json_object_get(line, key));
}

/* Batches of the epoch of `seed` from batch `first` on. */
static void check_epoch(hone_loader *loader, const json_t *order, int64_t epoch, int64_t first)
{
    hone_batch batch;
    size_t at = (size_t)first * 2;
    assert_ok(hone_loader_start_epoch_at(loader, epoch, first));
    while (hone_loader_next(loader, &batch)) {
        for (int32_t r = 0; r < batch.n_rows; r++, at++)
            assert_int_equal(batch.row_labels[r], json_integer_value(json_array_get(order, at)));
    }
    assert_ok(hone_loader_status(loader));
    assert_int_equal(at, json_array_size(order));
}

static void check_line(const json_t *line)
{
    static const hone_examples_ops ops = {get, length_of, NULL};
    hone_examples *e = NULL;
    hone_loader *loader = NULL;
    hone_loader_options o = HONE_LOADER_OPTIONS_INIT;
    hone_loader_extent most, longest;
    hone_batch batch;
    const json_t *order = json_object_get(line, "order");
    int64_t n = number_of(line, "n"), seed = number_of(line, "seed"), n_batches;
    modulus = number_of(line, "modulus");
    assert_ok(hone_examples_new(&e, &ops, NULL, n));
    o.batch_size = 2; /* of an accumulated group, so to say */
    o.shuffle = true;
    o.group_by_length = number_of(line, "group");
    o.seed = seed > 0 ? (uint64_t)seed - 1 : 0;
    assert_ok(hone_loader_new(&loader, e, &o));
    n_batches = hone_loader_batches(loader);
    check_epoch(loader, order, seed > 0, 0);
    check_epoch(loader, order, seed > 0, n_batches / 3);
    assert_ok(hone__loader_survey(loader, n_batches, INT64_MAX, &most, &longest));
    assert_ok(hone_loader_start_epoch(loader, 0));
    assert_true(hone_loader_next(loader, &batch));
    assert_int_equal(batch.cu_seqlens[1], longest.longest); /* the longest row comes first */
    hone_loader_free(loader);
    hone_examples_free(e);
}

static void orders(void **state)
{
    (void)state;
    json_t *lines = test_read_jsonl(test_source("tests/parity/data/grouped_order.jsonl")), *line;
    size_t i;
    assert_int_equal(json_array_size(lines), 9);
    json_array_foreach(lines, i, line) check_line(line);
    json_decref(lines);
}

static void bad_groups(void **state)
{
    (void)state;
    static const hone_examples_ops ops = {get, length_of, NULL};
    hone_examples *e = NULL;
    hone_loader *loader = NULL;
    hone_loader_options o = HONE_LOADER_OPTIONS_INIT;
    hone_batch batch;
    assert_ok(hone_examples_new(&e, &ops, NULL, 0));
    o.shuffle = true;
    o.group_by_length = -1;
    assert_fails(HONE_INVALID_ARGUMENT, "group_by_length", hone_loader_new(&loader, e, &o));
    o.group_by_length = 8;
    assert_ok(hone_loader_new(&loader, e, &o)); /* nothing to group */
    assert_false(hone_loader_next(loader, &batch));
    hone_loader_free(loader);
    hone_examples_free(e);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(orders), cmocka_unit_test(bad_groups)};
TEST_MAIN(tests)
