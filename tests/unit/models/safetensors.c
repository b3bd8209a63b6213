/* safetensors: what is written is read back, in the reference's bytes; files that lie about sizes, overlap, or are cut short are errors that name the tensor. */
#include "models/safetensors.h"
#include "support/support.h"

/* A file of this header and so many bytes of data. */
static hone_status open_text(hone_safetensors **out, const char *header, size_t n_data)
{
    static char bytes[65536];
    size_t n = strlen(header);
    memset(bytes, 0, sizeof(bytes));
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(n >> (8 * i));
    memcpy(bytes + 8, header, n);
    return hone__safetensors_open_memory(out, bytes, 8 + n + n_data, "m.safetensors");
}

static void bad_headers(void **state)
{
    static const struct {
        const char *header;
        size_t n_data;
        const char *message;
    } cases[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "tensor a ends at byte 8 of the data, which has 4"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "tensor a says F32 [3], but has 8 bytes"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor a says F16 [2]"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
         12, "tensors a and b overlap"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "4 bytes before tensor a belong to none"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8, "4 bytes at its end"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
         4, "duplicate"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "non-negative"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4294967296],\"data_offsets\":[0,4]}}", 4,
         "tensor a: its shape is too large"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,4]}}", 4, "tensor a says F32"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "at most 8"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "two ascending"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "two ascending"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,9223372036854775807]}}", 4, "cut short"},
        {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "tensor a: an object with dtype"},
        {"{\"a\":5}", 0, "tensor a: an object"},
        {"[]", 0, "must be a JSON object"},
        {"{\"a\":", 0, "broken at byte"},
        {"", 0, "broken"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hone_safetensors *s = (hone_safetensors *)1;
        assert_fails(HONE_FORMAT, cases[i].message, open_text(&s, cases[i].header, cases[i].n_data));
        assert_null(s);
        assert_non_null(strstr(hone_error_message(), "m.safetensors"));
    }
}

static void bad_lengths(void **state)
{
    hone_safetensors *s;
    (void)state;
    assert_fails(HONE_FORMAT, "3 bytes are too few", hone__safetensors_open_memory(&s, "abc", 3, "x"));
    assert_fails(HONE_FORMAT, "too few", hone__safetensors_open_memory(&s, NULL, 0, "x"));
    assert_fails(HONE_FORMAT, "not a safetensors file", hone__safetensors_open_memory(&s, "PK\3\4aaaaaaaaaaa", 15, "x"));
    assert_fails(HONE_FORMAT, "cut short", hone__safetensors_open_memory(&s, "\x40\0\0\0\0\0\0\0{}", 10, "x"));
    assert_fails(HONE_NOT_FOUND, "no-such", hone__safetensors_open(&s, test_temp("no-such.safetensors")));
}

static void conversions(void **state)
{
    static const uint16_t bf16[] = {0x3F80, 0xC000}, f16[] = {0x3C00, 0xC000};
    static const double f64[] = {1.0, -2.0};
    static const int64_t i64[] = {7, -9, (int64_t)1 << 40};
    const hone_safetensor_source sources[] = {
        {"bf16", HONE_DTYPE_BF16, 1, {2}, bf16, NULL}, {"f16", HONE_DTYPE_F16, 1, {2}, f16, NULL},
        {"f64", HONE_DTYPE_F64, 1, {2}, f64, NULL},    {"i64", HONE_DTYPE_I64, 1, {3}, i64, NULL},
        {"none", HONE_DTYPE_F32, 2, {0, 3}, "", NULL},
    };
    const char *path = test_temp("conversions.safetensors");
    hone_safetensors *s;
    (void)state;
    assert_ok(hone__safetensors_write(path, sources, 5, (const char *const[]){"step", "12", NULL}, NULL, NULL));
    assert_ok(hone__safetensors_open(&s, path));
    assert_int_equal(hone__safetensors_count(s), 5);
    assert_string_equal(hone__safetensors_metadata(s, "step"), "12");
    assert_null(hone__safetensors_metadata(s, "format"));
    for (size_t i = 0; i < 3; i++) {
        float out[2];
        assert_ok(hone__safetensors_read(s, hone__safetensors_find(s, sources[i].name), HONE_DTYPE_F32, 0, 2, out));
        assert_true(out[0] == 1.0f && out[1] == -2.0f);
        assert_ok(hone__safetensors_read(s, hone__safetensors_find(s, sources[i].name), HONE_DTYPE_F32, 1, 1, out));
        assert_true(out[0] == -2.0f);
    }
    int32_t ids[3];
    float none;
    const hone_safetensor *t = hone__safetensors_find(s, "i64");
    assert_ok(hone__safetensors_read(s, t, HONE_DTYPE_I32, 0, 2, ids));
    assert_true(ids[0] == 7 && ids[1] == -9);
    assert_fails(HONE_FORMAT, "tensor i64: 1099511627776 does not fit", hone__safetensors_read(s, t, HONE_DTYPE_I32, 0, 3, ids));
    assert_fails(HONE_UNSUPPORTED, "tensor i64 is I64, cannot be read as F32", hone__safetensors_read(s, t, HONE_DTYPE_F32, 0, 2, &none));
    assert_ok(hone__safetensors_read(s, hone__safetensors_find(s, "none"), HONE_DTYPE_F32, 0, 0, &none));
    assert_null(hone__safetensors_find(s, "nothing"));
    hone__safetensors_close(s);
}

/* A dtype that hone does not read is no reason to refuse the rest. */
static void foreign_dtypes(void **state)
{
    hone_safetensors *s;
    float x;
    (void)state;
    assert_ok(open_text(&s,
                        "{\"mask\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]},\"q\":{\"dtype\":\"F4\",\"shape\":[4],\"data_"
                        "offsets\":[2,4]}}",
                        4));
    assert_int_equal(hone__safetensors_find(s, "mask")->dtype, -1);
    assert_fails(HONE_UNSUPPORTED, "tensor q is F4", hone__safetensors_read(s, hone__safetensors_find(s, "q"), HONE_DTYPE_F32, 0, 1, &x));
    hone__safetensors_close(s);
}

static hone_status fetch(void *context, const hone_safetensor_source *source, size_t offset, size_t n, void *out)
{
    size_t *calls = context;
    (*calls)++;
    memcpy(out, (const char *)source->payload + offset, n);
    return HONE_OK;
}

/* The reference's fixture, read and written again, is the same file byte for byte. */
static void same_bytes_as_the_reference(void **state)
{
    const char *path = test_fixture("model/gpt2-causal-lm/model.safetensors"), *copy = test_temp("copy.safetensors");
    hone_safetensors *s;
    hone_safetensor_source sources[256];
    size_t n, len, copy_len, calls = 0;
    (void)state;
    assert_ok(hone__safetensors_open(&s, path));
    assert_in_range(n = hone__safetensors_count(s), 1, 256);
    for (size_t i = 0; i < n; i++) {
        const hone_safetensor *t = hone__safetensors_at(s, i);
        sources[n - 1 - i] = (hone_safetensor_source){.name = t->name, .dtype = (hone_dtype)t->dtype, .n_dims = t->n_dims};
        memcpy(sources[n - 1 - i].dim, t->dim, sizeof(t->dim));
        sources[n - 1 - i].payload = (void *)(uintptr_t)hone__safetensors_data(s, t);
    }
    assert_ok(hone__safetensors_write(copy, sources, n, NULL, fetch, &calls));
    assert_true(calls >= n);
    char *a = test_read(path, &len), *b = test_read(copy, &copy_len);
    assert_int_equal(len, copy_len);
    assert_memory_equal(a, b, len);
    hone__free(a);
    hone__free(b);
    hone__safetensors_close(s);
}

static void written_twice(void **state)
{
    static const float x[2];
    static const double y[2];
    const hone_safetensor_source sources[] = {
        {"a", HONE_DTYPE_F32, 1, {2}, x, NULL}, {"b", HONE_DTYPE_F32, 1, {2}, x, NULL}, {"a", HONE_DTYPE_F64, 1, {2}, y, NULL}};
    (void)state;
    assert_fails(HONE_INVALID_ARGUMENT, "tensor a would be written twice",
                 hone__safetensors_write(test_temp("twice"), sources, 3, NULL, NULL, NULL));
    assert_false(hone__is_file(test_temp("twice")));
}

static void parts(void **state)
{
    static const float x[2] = {1, 2}, y[1] = {3};
    const hone_safetensor_source a = {"a", HONE_DTYPE_F32, 1, {2}, x, NULL}, b = {"b", HONE_DTYPE_F32, 1, {1}, y, NULL};
    const char *index = test_temp("m.safetensors.index.json");
    hone_safetensors *s;
    float out;
    (void)state;
    assert_ok(hone__safetensors_write(test_temp("p1.safetensors"), &a, 1, NULL, NULL, NULL));
    assert_ok(hone__safetensors_write(test_temp("p2.safetensors"), &b, 1, NULL, NULL, NULL));
    test_write_text(index, "{\"metadata\":{\"total_size\":12},\"weight_map\":{\"a\":\"p1.safetensors\",\"b\":\"p2.safetensors\"}}");
    assert_ok(hone__safetensors_open(&s, index));
    assert_int_equal(hone__safetensors_count(s), 2);
    assert_ok(hone__safetensors_read(s, hone__safetensors_find(s, "b"), HONE_DTYPE_F32, 0, 1, &out));
    assert_true(out == 3.0f);
    hone__safetensors_close(s);

    test_write_text(index, "{\"weight_map\":{\"a\":\"p1.safetensors\",\"b\":\"p1.safetensors\"}}");
    assert_fails(HONE_FORMAT, "tensor b is not in p1.safetensors", hone__safetensors_open(&s, index));
    test_write_text(index, "{\"weight_map\":{\"a\":\"../p1.safetensors\"}}");
    assert_fails(HONE_FORMAT, "same folder", hone__safetensors_open(&s, index));
    test_write_text(index, "{\"weight_map\":{\"a\":\"p9.safetensors\"}}");
    assert_fails(HONE_NOT_FOUND, "p9.safetensors", hone__safetensors_open(&s, index));
    test_write_text(index, "{\"weight_map\":{}}");
    assert_fails(HONE_FORMAT, "weight_map", hone__safetensors_open(&s, index));
    assert_ok(hone__safetensors_write(test_temp("p2.safetensors"), &a, 1, NULL, NULL, NULL));
    test_write_text(index, "{\"weight_map\":{\"a\":\"p1.safetensors\",\"b\":\"p2.safetensors\"}}");
    assert_fails(HONE_FORMAT, "tensor b is not in p2", hone__safetensors_open(&s, index));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bad_headers),
    cmocka_unit_test(bad_lengths),
    cmocka_unit_test(conversions),
    cmocka_unit_test(foreign_dtypes),
    cmocka_unit_test(same_bytes_as_the_reference),
    cmocka_unit_test(written_twice),
    cmocka_unit_test(parts),
};
TEST_MAIN(tests)
