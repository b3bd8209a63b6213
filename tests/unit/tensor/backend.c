/* Opening backends, and the dry one, which computes nothing. */
#include "support/support.h"

#include "base/threads.h"
#include "tensor/backend.h"

static void open_by_name(void **state)
{
    (void)state;
    hone_backend *b = NULL;
    static const char *const names[] = {"cpu", "ref", "dry"};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(hone__backend_open(&b, names[i], 2));
        assert_string_equal(b->ops->name, names[i]);
        assert_int_equal(b->n_threads, i == 1 ? 1 : 2); /* ref has one thread */
        assert_true(b->ops->supports(b, HONE_DTYPE_F32));
        hone__backend_close(b);
    }
    assert_ok(hone__backend_open(&b, "auto", 0));
    assert_string_equal(b->ops->name, "cpu");
    assert_int_equal(b->n_threads, hone__cpu_count());
    hone__backend_close(b);
    hone__backend_close(NULL);
}

static void open_errors(void **state)
{
    (void)state;
    hone_backend *b = (hone_backend *)(void *)&b;
    assert_fails(HONE_UNSUPPORTED, "no device \"cuda\"; there are auto, cpu, ref, dry", hone__backend_open(&b, "cuda", 0));
    assert_null(b);
    assert_fails(HONE_UNSUPPORTED, "did you mean \"cpu\"?", hone__backend_open(&b, "cpus", 0));
    assert_fails(HONE_INVALID_ARGUMENT, "-1 threads", hone__backend_open(&b, "cpu", -1));
    assert_fails(HONE_INVALID_ARGUMENT, "100000 threads: the number is 1 to 1024", hone__backend_open(&b, "cpu", 100000));
}

static hone_status open_once(void *payload)
{
    hone_backend *b = NULL;
    hone_status status = hone__backend_open(&b, payload, 1);
    hone__backend_close(b);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    assert_true(test_oom(open_once, "ref") >= 2);
    assert_true(test_oom(open_once, "cpu") >= 2);
    assert_true(test_oom(open_once, "dry") >= 3);
}

/* ThreadSanitizer leaves no terabyte of addresses in one piece at every start. */
#define SIDE ((int64_t)1 << (TEST_TSAN ? 17 : 19))

/* More addresses than there is memory; the scratch is the real backend's. */
static void dry(void **state)
{
    (void)state;
    const size_t bytes = (size_t)(SIDE * SIDE) * sizeof(float);
    hone_backend *b = NULL, *cpu = NULL;
    void *data = NULL, *other = NULL;
    int32_t host = 5;
    size_t rss = hone__rss_now();
    assert_ok(hone__backend_open(&b, "dry", 3));
    assert_ok(hone__backend_open(&cpu, "cpu", 3));
    assert_ok(b->ops->alloc(b, &data, bytes));
    assert_ok(b->ops->alloc(b, &other, 1000));
    assert_int_equal((uintptr_t)data % 64, 0);
    assert_true(b->bytes_now == bytes + 1000 && b->bytes_peak == bytes + 1000 && b->own_memory == cpu->own_memory);
    hone_mat m = {data, HONE_DTYPE_F32, SIDE, SIDE, SIDE};
    assert_ok(b->ops->upload(b, data, &host, sizeof(host)));
    assert_ok(b->ops->fill_zero(b, data, bytes));
    assert_ok(b->ops->gemm(b, &m, &m, false, &m, true, 1.0f, 0.0f, NULL));
    assert_ok(b->ops->act_forward(b, &m, &m, HONE_ACT_GELU));
    assert_ok(b->ops->download(b, &host, data, sizeof(host)));
    assert_int_equal(host, 0);
    assert_int_equal(b->ops->workspace(b, HONE_WS_ATTENTION_BACKWARD, 128, 768, 96),
                     cpu->ops->workspace(cpu, HONE_WS_ATTENTION_BACKWARD, 128, 768, 96));
    b->ops->release(b, data, bytes);
    b->ops->release(b, other, 1000);
    b->ops->release(b, NULL, 0);
    assert_int_equal(b->bytes_now, 0);
    assert_true(hone__rss_now() < rss + ((size_t)64 << 20));
    hone__backend_close(cpu);
    hone__backend_close(b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(open_by_name),
    cmocka_unit_test(open_errors),
    cmocka_unit_test(out_of_memory),
    cmocka_unit_test(dry),
};
TEST_MAIN(tests)
