/* The words of the course's loop in one process: rows made as wide as everybody's, gathered, counted; what does not fit is said. */
#include "support/support.h"

#include <hone/accelerator.h>

static void rows_of_one_width(void **state)
{
    (void)state;
    static const int32_t values[] = {1, 2, 3, 4, 5, 6};
    hone_accelerator *acc;
    int32_t out[8] = {0}, all[8] = {0}, widest = 0;
    size_t n;
    assert_ok(hone_accelerator_new(&acc, NULL));
    assert_ok(hone_accelerator_pad_across_processes(acc, values, 2, 3, -100, false, out, 8, &widest));
    assert_int_equal(widest, 3); /* alone, one's own width is the widest */
    assert_memory_equal(out, values, sizeof(values));
    assert_ok(hone_accelerator_pad_across_processes(acc, values, 0, 0, -100, true, out, 0, NULL));
    assert_ok(hone_accelerator_gather_ints(acc, out, 6, all, 8, &n));
    assert_int_equal(n, 6);
    assert_memory_equal(all, values, sizeof(values));
    assert_fails(HONE_SHAPE, "2 rows of 3 numbers do not fit the 5",
                 hone_accelerator_pad_across_processes(acc, values, 2, 3, -100, false, out, 5, &widest));
    assert_fails(HONE_SHAPE, "6 numbers do not fit the 5", hone_accelerator_gather_ints(acc, out, 6, all, 5, &n));
    assert_fails(HONE_INVALID_ARGUMENT, "no 2 rows", hone_accelerator_pad_across_processes(acc, NULL, 2, 3, -100, false, out, 8, NULL));
    hone_accelerator_free(acc);
}

static void one_process(void **state)
{
    (void)state;
    hone_accelerator *acc;
    double sums[2] = {1.5, 2};
    assert_ok(hone_accelerator_new(&acc, NULL));
    assert_true(hone_accelerator_is_main_process(acc));
    assert_int_equal(hone_accelerator_num_processes(acc), 1);
    assert_int_equal(hone_accelerator_process_index(acc), 0);
    assert_true(hone_accelerator_is_local_main_process(acc));
    assert_true(hone_accelerator_is_last_process(acc));
    assert_ok(hone_accelerator_wait_for_everyone(acc));
    assert_ok(hone_accelerator_reduce_sum(acc, sums, 2));
    assert_true(sums[0] == 1.5 && sums[1] == 2);
    assert_null(hone_accelerator_unwrap_model(acc, NULL)); /* nothing was prepared */
    assert_fails(HONE_INVALID_ARGUMENT, "before prepare", hone_accelerator_backward(acc, NULL));
    hone_accelerator_free(acc);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_one_width), cmocka_unit_test(one_process)};
TEST_MAIN(tests)
