/* Allocation, its counters and its failing hook; arenas. */
#include "support/support.h"

#include <pthread.h>

static void overflow_is_an_error(void **state)
{
    (void)state;
    uint64_t *block = (uint64_t *)1;
    assert_fails(HONE_OUT_OF_MEMORY, "out of memory", HONE_ALLOC(&block, SIZE_MAX / 4));
    assert_null(block);
    assert_fails(HONE_OUT_OF_MEMORY, "out of memory", HONE_NEW(&block, SIZE_MAX / 4));
    assert_ok(HONE_NEW(&block, 3));
    uint64_t *before = block;
    block[2] = 7;
    assert_fails(HONE_OUT_OF_MEMORY, "out of memory", HONE_REALLOC(&block, SIZE_MAX / 4));
    assert_ptr_equal(block, before);
    assert_int_equal(block[2], 7);
    assert_int_equal(block[0], 0);
    hone__free(block);
    assert_fails(HONE_OUT_OF_MEMORY, "out of memory", hone__pages_alloc((void **)&block, SIZE_MAX));
    size_t n;
    assert_false(hone__mul_size(&n, SIZE_MAX, 2));
    assert_false(hone__add_size(&n, SIZE_MAX, 1));
    assert_true(hone__mul_size(&n, 6, 7) && n == 42);
}

static void nothing_is_null(void **state)
{
    (void)state;
    int *block = (int *)1;
    assert_ok(HONE_ALLOC(&block, 0));
    assert_null(block);
    assert_ok(HONE_NEW(&block, 0));
    assert_null(block);
    assert_ok(HONE_REALLOC(&block, 4));
    assert_non_null(block);
    assert_ok(HONE_REALLOC(&block, 0));
    assert_null(block);
    hone__free(NULL);
    hone__pages_free(NULL, 0);
    hone__arena_free(NULL);
}

static void counters(void **state)
{
    (void)state;
    hone_mem_stats a, b;
    char *block;
    void *pages;
    hone__mem_stats(&a);
    assert_ok(HONE_ALLOC(&block, 1000));
    assert_ok(HONE_REALLOC(&block, 5000));
    hone__mem_stats(&b);
    assert_int_equal(b.n_requests - a.n_requests, 2);
    assert_in_range(b.bytes_now - a.bytes_now, 5000, 5100);
    assert_true(b.bytes_peak >= b.bytes_now);
    hone__free(block);
    hone__mem_reset_peak();
    hone__mem_stats(&b);
    assert_int_equal(b.bytes_now, a.bytes_now);
    assert_int_equal(b.bytes_peak, a.bytes_now);
    assert_ok(hone__pages_alloc(&pages, 9 << 20));
    hone__pages_free(pages, 9 << 20);
    hone__mem_stats(&b);
    assert_int_equal(b.n_requests - a.n_requests, 3);
    assert_int_equal(b.bytes_peak - a.bytes_now, 9 << 20);
    assert_int_equal(b.bytes_now, a.bytes_now);
}

static void *allocate_much(void *payload)
{
    (void)payload;
    for (int i = 0; i < 10000; i++) {
        char *block;
        if (HONE_ALLOC(&block, (size_t)i % 300) != HONE_OK)
            return "failed";
        hone__free(block);
    }
    return NULL;
}

static void counters_of_threads(void **state)
{
    (void)state;
    hone_mem_stats a, b;
    pthread_t threads[4];
    void *result;
    hone__mem_stats(&a);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_much, NULL), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    hone__mem_stats(&b);
    assert_int_equal(b.bytes_now, a.bytes_now);
    assert_int_equal(b.n_requests - a.n_requests, 4 * (10000 - 34)); /* i % 300 == 0 asks for nothing */
}

static void failing_hook(void **state)
{
    (void)state;
    char *a = NULL, *b = NULL, *c = NULL;
    hone__mem_fail_at(2);
    assert_ok(hone__strdup(&a, "one"));
    assert_fails(HONE_OUT_OF_MEMORY, "out of memory", hone__strdup(&b, "two"));
    assert_null(b);
    assert_ok(hone__strdup(&c, "three"));
    hone__mem_fail_at(1);
    hone__mem_fail_at(0);
    assert_ok(hone__strndup(&b, "t\0o!", 3));
    assert_memory_equal(b, "t\0o", 4);
    hone__free(a);
    hone__free(b);
    hone__free(c);
}

static void growing(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    assert_ok(HONE_GROW(&items, &capacity, 1));
    assert_int_equal(capacity, 16);
    assert_ok(HONE_GROW(&items, &capacity, 17));
    assert_int_equal(capacity, 32);
    assert_ok(HONE_GROW(&items, &capacity, 1000));
    assert_int_equal(capacity, 1000);
    hone__mem_fail_at(1);
    assert_fails(HONE_OUT_OF_MEMORY, "", HONE_GROW(&items, &capacity, 1001));
    assert_int_equal(capacity, 1000);
    assert_fails(HONE_OUT_OF_MEMORY, "", HONE_GROW(&items, &capacity, SIZE_MAX / 2));
    hone__free(items);
}

static void pages_are_zero(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4096, 4097, 4 << 20, (4 << 20) + 1, 33 << 20};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned char *pages;
        assert_ok(hone__pages_alloc((void **)&pages, sizes[i]));
        assert_int_equal((uintptr_t)pages % 64, 0);
        for (size_t j = 0; j < sizes[i]; j += 511)
            assert_int_equal(pages[j], 0);
        memset(pages, 1, sizes[i]);
        hone__pages_free(pages, sizes[i]);
    }
}

static void arena_aligns(void **state)
{
    (void)state;
    hone_arena *arena;
    char *last = NULL;
    assert_ok(hone__arena_new(&arena, 0));
    for (size_t n = 0; n < 300; n++) {
        char *p = hone__arena_alloc(arena, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        assert_ptr_not_equal(p, last);
        memset(p, (int)n, n);
        last = p;
    }
    assert_int_equal(hone__arena_used(arena), hone__arena_peak(arena));
    assert_null(hone__arena_alloc(arena, SIZE_MAX));
    assert_string_equal(hone__arena_printf(arena, "%s-%d", "layer", 12), "layer-12");
    hone__arena_free(arena);
}

static void arena_marks(void **state)
{
    (void)state;
    hone_arena *arena;
    assert_ok(hone__arena_new(&arena, 4096));
    hone_arena_mark empty = hone__arena_mark(arena);
    int *kept = hone__arena_alloc(arena, sizeof(int));
    *kept = 5;
    hone_arena_mark mark = hone__arena_mark(arena);
    char *scratch = hone__arena_alloc(arena, 64);
    for (int i = 0; i < 20; i++)
        assert_non_null(hone__arena_alloc(arena, 3000)); /* several blocks */
    hone__arena_release(arena, mark);
    assert_int_equal(hone__arena_used(arena), 64);
    assert_ptr_equal(hone__arena_alloc(arena, 64), scratch);
    assert_int_equal(*kept, 5);
    hone__arena_release(arena, empty);
    assert_int_equal(hone__arena_used(arena), 0);
    assert_ptr_equal(hone__arena_alloc(arena, 1), kept);
    hone__arena_free(arena);
}

/* A step of growing and shrinking demands; true when it asked the allocator for anything. */
static bool step_asks(hone_arena *arena, size_t bytes)
{
    hone_mem_stats a, b;
    hone__mem_stats(&a);
    for (size_t done = 0; done < bytes; done += 5000)
        assert_non_null(hone__arena_alloc(arena, 5000));
    hone__arena_reset(arena);
    hone__mem_stats(&b);
    return a.n_requests != b.n_requests;
}

static void arena_settles(void **state)
{
    (void)state;
    hone_arena *arena;
    assert_ok(hone__arena_new(&arena, 4096));
    assert_true(step_asks(arena, 1000000));
    for (size_t i = 1; i <= 20; i++)
        assert_false(step_asks(arena, i * 50000));
    assert_in_range(hone__arena_peak(arena), 1000000, 1100000);
    hone__arena_free(arena);
}

static hone_status use_arena(void *payload)
{
    (void)payload;
    hone_arena *arena = NULL;
    hone_status status = HONE_OK;
    HONE_TRY(hone__arena_new(&arena, 4096));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++)
            if (!hone__arena_alloc(arena, 1000))
                HONE_GO(HONE_OUT_OF_MEMORY);
        hone__arena_reset(arena);
    }
done:
    hone__arena_free(arena);
    return status;
}

static void arena_out_of_memory(void **state)
{
    (void)state;
    assert_true(test_oom(use_arena, NULL) > 4);
}

static void machine(void **state)
{
    (void)state;
    char *pages;
    size_t before = hone__rss_now(), bytes = 64 << 20;
    assert_ok(hone__pages_alloc((void **)&pages, bytes));
    memset(pages, 1, bytes);
    assert_true(hone__rss_now() > before + bytes / 2);
    assert_true(hone__rss_peak() + (1 << 20) > hone__rss_now()); /* the kernel counts the present set in batches */
    assert_true(hone__memory_available() > 1 << 20);
    hone__pages_free(pages, bytes);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(overflow_is_an_error), cmocka_unit_test(nothing_is_null),     cmocka_unit_test(counters),
    cmocka_unit_test(counters_of_threads),  cmocka_unit_test(failing_hook),        cmocka_unit_test(growing),
    cmocka_unit_test(pages_are_zero),       cmocka_unit_test(arena_aligns),        cmocka_unit_test(arena_marks),
    cmocka_unit_test(arena_settles),        cmocka_unit_test(arena_out_of_memory), cmocka_unit_test(machine),
};

TEST_MAIN(tests)
