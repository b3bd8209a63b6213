/* Workers: every item once, the first failure's message, few threads and many; the background job. */
#include "support/support.h"

#include "base/threads.h"

#include <stdatomic.h>
#include <unistd.h>

enum { N_ITEMS = 1000 };

typedef struct tally {
    atomic_int seen[N_ITEMS];
    atomic_int started, bad_thread, fail_from;
    int n_threads;
} tally;

static hone_status count_item(void *payload, size_t item, int thread)
{
    tally *t = payload;
    t->seen[item]++;
    t->started++;
    if (thread < 0 || thread >= t->n_threads)
        t->bad_thread++;
    if (t->fail_from && (int)item >= t->fail_from)
        return hone__hint(hone__fail(HONE_FORMAT, "item %zu is bad", item), "look at it");
    return HONE_OK;
}

static void every_item_once(void **state)
{
    (void)state;
    for (int n_threads = 1; n_threads <= 9; n_threads += 2) {
        tally t = {.n_threads = n_threads};
        assert_ok(hone__parallel_for(N_ITEMS, n_threads, count_item, &t));
        for (int i = 0; i < N_ITEMS; i++)
            assert_int_equal(t.seen[i], 1);
        assert_int_equal(t.bad_thread, 0);
    }
    tally t = {.n_threads = hone__cpu_count()};
    assert_ok(hone__parallel_for(3, 0, count_item, &t));
    assert_ok(hone__parallel_for(0, 4, count_item, &t));
    assert_int_equal(t.started, 3);
    assert_true(hone__cpu_count() >= 1);
}

static void first_failure(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        tally t = {.n_threads = 4, .fail_from = 500};
        assert_fails(HONE_FORMAT, "item 500 is bad", hone__parallel_for(N_ITEMS, 4, count_item, &t)); /* the lowest, whoever was first */
        assert_string_equal(hone_error_hint(), "look at it");
        assert_in_range(t.started, 501, 504); /* the hand-out stopped */
    }
}

static hone_status nested_item(void *payload, size_t item, int thread)
{
    (void)item;
    (void)thread;
    return hone__parallel_for(10, 2, count_item, payload);
}

static void nested(void **state)
{
    (void)state;
    tally t = {.n_threads = 2};
    assert_ok(hone__parallel_for(20, 3, nested_item, &t));
    assert_int_equal(t.started, 200);
}

static hone_status no_memory(void *payload)
{
    return hone__parallel_for(10, 2, count_item, payload);
}

static void out_of_memory(void **state)
{
    (void)state;
    tally t = {.n_threads = 2};
    assert_int_equal(test_oom(no_memory, &t), 1);
}

static hone_status ask_to_stop(void *payload, size_t item, int thread)
{
    (void)thread;
    if (item == 100)
        atomic_store((atomic_int *)payload, 1);
    return HONE_OK;
}

/* Work of a thread that watches a flag is called off by it, the workers' too; another thread's is not. */
static void called_off(void **state)
{
    (void)state;
    atomic_int stop = 0;
    assert_ok(hone__check_stop());
    hone__watch_stop(&stop);
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        atomic_store(&stop, 0);
        assert_ok(hone__check_stop());
        assert_fails(HONE_CANCELLED, "stopped", hone__parallel_for(N_ITEMS, n_threads, ask_to_stop, &stop));
        assert_fails(HONE_CANCELLED, "stopped", hone__check_stop());
    }
    hone__watch_stop(NULL);
    assert_ok(hone__check_stop());
    assert_ok(hone__parallel_for(N_ITEMS, 2, ask_to_stop, &stop));
}

static hone_status slow_job(void *payload)
{
    usleep(20000);
    *(int *)payload += 1;
    return *(int *)payload == 2 ? hone__fail(HONE_IO, "the disk is full") : HONE_OK;
}

static void background(void **state)
{
    (void)state;
    int runs = 0;
    hone_background *b;
    assert_ok(hone__background_start(&b, slow_job, &runs));
    assert_ok(hone__background_join(b));
    assert_int_equal(runs, 1);
    assert_ok(hone__background_start(&b, slow_job, &runs));
    assert_fails(HONE_IO, "the disk is full", hone__background_join(b));
    assert_ok(hone__background_join(NULL));
    hone__mem_fail_at(1);
    assert_fails(HONE_OUT_OF_MEMORY, "", hone__background_start(&b, slow_job, &runs));
    assert_null(b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_item_once), cmocka_unit_test(first_failure), cmocka_unit_test(nested),
    cmocka_unit_test(called_off),      cmocka_unit_test(out_of_memory), cmocka_unit_test(background),
};

TEST_MAIN(tests)
