/* The padded batch of the reference's collators: widths, both sides, multiples, labels, and what is refused. */
#include "support/support.h"

#include <hone/batch.h>

/* Two rows: 1 2 3 and 4. */
static hone_batch packed(void)
{
    static const int32_t starts[] = {0, 3, 4}, ids[] = {1, 2, 3, 4}, types[] = {0, 1, 1, 0}, labels[] = {-100, 7, 8, 9};
    return (hone_batch){
        .n_tokens = 4, .n_rows = 2, .longest = 3, .cu_seqlens = starts, .input_ids = ids, .token_type_ids = types, .labels = labels};
}

#define assert_rows(got, ...) assert_memory_equal((got), ((int32_t[]){__VA_ARGS__}), sizeof((int32_t[]){__VA_ARGS__}))

static void padded_to_the_longest(void **state)
{
    (void)state;
    hone_batch b = packed();
    hone_padded_batch p;
    assert_ok(hone_padded_batch_init(&p, &b, NULL));
    assert_int_equal(p.n_rows, 2);
    assert_int_equal(p.width, 3);
    assert_rows(p.input_ids, 1, 2, 3, 4, 0, 0);
    assert_rows(p.attention_mask, 1, 1, 1, 1, 0, 0);
    assert_rows(p.token_type_ids, 0, 1, 1, 0, 0, 0);
    assert_rows(p.labels, -100, 7, 8, 9, -100, -100);
    hone_padded_batch_dispose(&p);
    b.labels = b.token_type_ids = NULL;
    assert_ok(hone_padded_batch_init(&p, &b, NULL));
    assert_null(p.labels);
    assert_rows(p.token_type_ids, 0, 0, 0, 0, 0, 0);
    hone_padded_batch_dispose(&p);
}

static void padded_on_the_left_to_a_multiple(void **state)
{
    (void)state;
    hone_batch b = packed();
    hone_padded_batch p;
    hone_batch_padding how = HONE_BATCH_PADDING_INIT;
    how.left = true;
    how.pad_to_multiple_of = 4;
    how.pad_token_id = 50;
    how.label_pad_token_id = -1;
    assert_ok(hone_padded_batch_init(&p, &b, &how));
    assert_int_equal(p.width, 4);
    assert_rows(p.input_ids, 50, 1, 2, 3, 50, 50, 50, 4);
    assert_rows(p.attention_mask, 0, 1, 1, 1, 0, 0, 0, 1);
    assert_rows(p.labels, -1, -100, 7, 8, -1, -1, -1, 9);
    hone_padded_batch_dispose(&p);
    how.max_length = 5;
    assert_ok(hone_padded_batch_init(&p, &b, &how));
    assert_int_equal(p.width, 8);
    hone_padded_batch_dispose(&p);
}

static void what_is_refused(void **state)
{
    (void)state;
    hone_batch b = packed();
    hone_padded_batch p;
    hone_batch_padding how = HONE_BATCH_PADDING_INIT;
    how.max_length = 2;
    assert_fails(HONE_SHAPE, "max_length 2 is less than the longest row's 3 tokens", hone_padded_batch_init(&p, &b, &how));
    hone_padded_batch_dispose(&p);
    how.max_length = INT32_MAX;
    how.pad_to_multiple_of = 4096;
    assert_fails(HONE_SHAPE, "rows of", hone_padded_batch_init(&p, &b, &how));
    hone_padded_batch_dispose(&p);
    assert_fails(HONE_INVALID_ARGUMENT, "no batch", hone_padded_batch_init(&p, NULL, NULL));
    hone_padded_batch_dispose(&p);
}

static hone_status pad(void *payload)
{
    hone_batch b = packed();
    hone_padded_batch p;
    (void)payload;
    hone_status status = hone_padded_batch_init(&p, &b, NULL);
    hone_padded_batch_dispose(&p);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    assert_true(test_oom(pad, NULL) >= 4);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(padded_to_the_longest),
    cmocka_unit_test(padded_on_the_left_to_a_multiple),
    cmocka_unit_test(what_is_refused),
    cmocka_unit_test(out_of_memory),
};
TEST_MAIN(tests)
