/* Tensors as a user has them: owned ones, reading views and other dtypes, tensors whose tape is gone; and each element's conversion. */
#include "support/support.h"

#include <math.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/rng.h"
#include "tensor/backend.h"
#include "tensor/dtype.h"

static void dtypes(void **state)
{
    (void)state;
    assert_int_equal(hone_dtype_size(HONE_DTYPE_F32), 4);
    assert_int_equal(hone_dtype_size(HONE_DTYPE_BF16), 2);
    assert_int_equal(hone_dtype_size(HONE_DTYPE_I64), 8);
    assert_string_equal(hone_dtype_name(HONE_DTYPE_F16), "F16");
    assert_int_equal(hone_dtype_size((hone_dtype)99), 0);
    assert_string_equal(hone_dtype_name((hone_dtype)99), "unknown dtype");
}

static void owned(void **state)
{
    (void)state;
    const float data[6] = {1, 2, 3, 4, 5, 6};
    const int32_t ints[2] = {7, -8};
    const int64_t shape[2] = {2, 3}, two = 2;
    float out[6];
    double item;
    hone_tensor *t = NULL, *copy = NULL, *scalar = NULL;
    assert_ok(hone_tensor_from_floats(&t, data, 2, shape));
    assert_int_equal(hone_tensor_dtype(t), HONE_DTYPE_F32);
    assert_int_equal(hone_tensor_n_dims(t), 2);
    assert_int_equal(hone_tensor_dim(t, 1), 3);
    assert_int_equal(hone_tensor_dim(t, 2), 1);
    assert_int_equal(hone_tensor_dim(t, -1), 1);
    assert_int_equal(hone_tensor_count(t), 6);
    assert_int_equal((uintptr_t)t->data % 16, 0);
    assert_ok(hone_tensor_keep(&copy, t));
    hone_tensor_free(t);
    assert_ok(hone_tensor_read(copy, out, 6));
    assert_memory_equal(out, data, sizeof(out));
    assert_fails(HONE_SHAPE, "has 6 elements, out holds 5", hone_tensor_read(copy, out, 5));
    assert_fails(HONE_SHAPE, "has 6 elements, not one", hone_tensor_item(copy, &item));
    hone_tensor_free(copy);
    assert_ok(hone_tensor_from_ints(&t, ints, 1, &two));
    assert_ok(hone_tensor_read(t, out, 2));
    assert_true(out[0] == 7.0f && out[1] == -8.0f);
    hone_tensor_free(t);
    assert_ok(hone_tensor_from_floats(&scalar, data + 4, 0, NULL));
    assert_ok(hone_tensor_item(scalar, &item));
    assert_true(item == 5.0);
    hone_tensor_free(scalar);
    hone_tensor_free(NULL);
}

static void bad_shapes(void **state)
{
    (void)state;
    const int64_t negative[2] = {2, -3}, huge[4] = {INT64_MAX, INT64_MAX, 2, 2}, large[2] = {INT64_MAX / 8, 2}, empty[2] = {0, 5};
    hone_tensor *t = NULL;
    float out;
    assert_fails(HONE_INVALID_ARGUMENT, "5 dimensions", hone_tensor_from_floats(&t, NULL, 5, huge));
    assert_fails(HONE_SHAPE, "dimension 1 is negative (-3)", hone_tensor_from_floats(&t, NULL, 2, negative));
    assert_fails(HONE_OUT_OF_MEMORY, "more elements than there is memory", hone_tensor_from_floats(&t, NULL, 4, huge));
    assert_fails(HONE_OUT_OF_MEMORY, "more elements than there is memory", hone_tensor_from_ints(&t, NULL, 2, large));
    assert_null(t);
    assert_ok(hone_tensor_from_floats(&t, NULL, 2, empty));
    assert_int_equal(hone_tensor_count(t), 0);
    assert_ok(hone_tensor_read(t, &out, 0));
    hone_tensor_free(t);
}

/* A view of columns 2 .. 4 of a (1500, 8) matrix on a backend: pieces of 4096 bytes end within it. */
static void views(void **state)
{
    (void)state;
    enum { ROWS = 1500, LD = 8, COLS = 3 };
    hone_backend *b = NULL;
    float *host = malloc(sizeof(float) * ROWS * LD), out[ROWS * COLS];
    void *device;
    assert_ok(hone__backend_open(&b, "ref", 1));
    for (int i = 0; i < ROWS * LD; i++)
        host[i] = (float)i;
    assert_ok(b->ops->alloc(b, &device, sizeof(float) * ROWS * LD));
    assert_ok(b->ops->upload(b, device, host, sizeof(float) * ROWS * LD));
    hone_tensor t = {.data = (float *)device + 2, .n_dims = 2, .dim = {ROWS, COLS}, .ld = LD, .backend = b}, *copy = NULL;
    assert_ok(hone_tensor_read(&t, out, ROWS * COLS));
    for (int i = 0; i < ROWS * COLS; i++)
        assert_true(out[i] == (float)(i / COLS * LD + 2 + i % COLS));
    assert_ok(hone_tensor_keep(&copy, &t));
    assert_true(copy->ld == COLS && !copy->backend && ((float *)copy->data)[ROWS * COLS - 1] == out[ROWS * COLS - 1]);
    hone_tensor_free(copy);
    t.dim[1] = t.ld = LD;
    t.data = device;
    float *all = malloc(sizeof(float) * ROWS * LD);
    assert_ok(hone_tensor_read(&t, all, ROWS * LD));
    assert_memory_equal(all, host, sizeof(float) * ROWS * LD);
    free(all);
    free(host);
    b->ops->release(b, device, sizeof(float) * ROWS * LD);
    hone__backend_close(b);
}

static void dead_tensors(void **state)
{
    (void)state;
    uint32_t generation = 3;
    float value = 2.0f, out;
    double item;
    hone_tensor t = {.data = &value, .kind = HONE_TENSOR_STEP, .generation = 3, .live = &generation}, *copy = NULL;
    assert_ok(hone_tensor_read(&t, &out, 1));
    assert_true(out == 2.0f);
    generation++;
    assert_fails(HONE_INVALID_ARGUMENT, "tape was reset", hone_tensor_read(&t, &out, 1));
    assert_fails(HONE_INVALID_ARGUMENT, "hone_tensor_keep", hone_tensor_item(&t, &item)); /* the hint */
    assert_fails(HONE_INVALID_ARGUMENT, "tape was reset", hone_tensor_keep(&copy, &t));
    assert_null(copy);
    assert_fails(HONE_INVALID_ARGUMENT, "the tensor is NULL", hone_tensor_read(NULL, &out, 1));
}

static hone_status keep_once(void *payload)
{
    hone_tensor *copy = NULL;
    hone_status status = hone_tensor_keep(&copy, payload);
    hone_tensor_free(copy);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    float value = 2.0f;
    hone_tensor t = {.data = &value};
    assert_int_equal(test_oom(keep_once, &t), 1);
}

/* BF16 and F16 there and back, all of them; and against the processor's own conversion where it has one. */
static void half_floats(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = hone__from_f16((uint16_t)h), b = hone__from_bf16((uint16_t)h);
        assert_true(f != f || hone__to_f16(f) == h);
        assert_true(b != b || hone__to_bf16(b) == h);
        assert_true((f != f) == ((h & 0x7FFF) > 0x7C00) && (b != b) == ((h & 0x7FFF) > 0x7F80));
    }
    assert_int_equal(hone__to_bf16(hone__float_of_bits(0x7F800001)), 0x7FC0); /* NaN stays NaN */
    assert_int_equal(hone__to_bf16(hone__float_of_bits(0x3F808000)), 0x3F80); /* half way: to even */
    assert_int_equal(hone__to_bf16(hone__float_of_bits(0x3F818000)), 0x3F82);
    assert_int_equal(hone__to_bf16(3.4028235e38f), 0x7F80);
}

#if defined(__x86_64__)
__attribute__((target("f16c"))) static void f16c(void)
{
    for (uint32_t i = 0; i < 2000000; i++) {
        float x = hone__float_of_bits((uint32_t)hone__splitmix64(i));
        if (i % 2)
            x = (float)(hone__splitmix64(i) >> 40) * 0x1p-26f; /* where F16 has its numbers, subnormals among them */
        uint16_t h = (uint16_t)_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT);
        if (x == x && hone__to_f16(x) != h)
            fail_msg("%a: %04x, the processor says %04x", (double)x, hone__to_f16(x), h);
        if (x == x && hone__from_f16(h) != _cvtsh_ss(h))
            fail_msg("%04x", h);
    }
}
#endif

static void half_floats_of_the_processor(void **state)
{
    (void)state;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) { /* every such processor has F16C */
        f16c();
        return;
    }
#endif
    test_skip("this processor does not convert half floats");
}

static void integers(void **state)
{
    (void)state;
    int8_t i8;
    uint8_t u8;
    int64_t i64;
    const struct {
        double x;
        int i, u;
    } rows[] = {{0.5, 0, 0},       {1.5, 2, 2},     {2.5, 2, 2},     {-0.5, 0, 0}, {-1.5, -2, 0},
                {127.5, 127, 128}, {1e9, 127, 255}, {-1e9, -128, 0}, {NAN, 0, 0}};
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        hone__store(&i8, HONE_DTYPE_I8, 0, rows[r].x);
        hone__store(&u8, HONE_DTYPE_U8, 0, rows[r].x);
        assert_int_equal(i8, rows[r].i);
        assert_int_equal(u8, rows[r].u);
    }
    hone__store(&i64, HONE_DTYPE_I64, 0, 1e300);
    assert_true(i64 > INT64_MAX - 2048 && hone__load(&i64, HONE_DTYPE_I64, 0) < 0x1p63);
    hone__store(&i64, HONE_DTYPE_I64, 0, -INFINITY);
    assert_true(i64 == INT64_MIN);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(dtypes),       cmocka_unit_test(owned),
    cmocka_unit_test(bad_shapes),   cmocka_unit_test(views),
    cmocka_unit_test(dead_tensors), cmocka_unit_test(out_of_memory),
    cmocka_unit_test(half_floats),  cmocka_unit_test(half_floats_of_the_processor),
    cmocka_unit_test(integers),
};
TEST_MAIN(tests)
