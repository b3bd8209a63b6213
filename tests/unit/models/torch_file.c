/* Files of torch.save: what torch_files/make_torch_files.py made with torch is read to the same values, what is not a dict of tensors is refused by name, and files that are cut or flipped give errors. */
#include "support/support.h"

#include "models/safetensors.h"
#include <hone/model.h>

#include <stdlib.h>
#include <unistd.h>

static const char *file(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "tests/unit/models/torch_files/%s", name);
    return test_source(path);
}

static void check_tensor(const hone_safetensors *s, const char *where, const char *name, const json_t *expected)
{
    const hone_safetensor *t = hone__safetensors_find(s, name);
    const json_t *shape = json_object_get(expected, "shape"), *values = json_object_get(expected, "values");
    if (!t)
        fail_msg("%s: %s is missing", where, name);
    bool integer = t->dtype == HONE_DTYPE_I64 || t->dtype == HONE_DTYPE_I32 || t->dtype == HONE_DTYPE_I8 || t->dtype == HONE_DTYPE_U8;
    assert_int_equal(t->n_dims, json_array_size(shape));
    for (size_t i = 0; i < json_array_size(shape); i++)
        assert_int_equal(t->dim[i], json_integer_value(json_array_get(shape, i)));
    assert_int_equal(t->count, json_array_size(values));
    for (size_t i = 0; i < t->count; i++) { /* from the i-th on, so that reading may begin anywhere */
        float as_float[32];
        int32_t as_int[32];
        assert_ok(
            hone__safetensors_read(s, t, integer ? HONE_DTYPE_I32 : HONE_DTYPE_F32, i, t->count - i, integer ? (void *)as_int : as_float));
        for (size_t k = i; k < t->count; k++) {
            double want = json_number_value(json_array_get(values, k)), got = integer ? as_int[k - i] : (double)as_float[k - i];
            if (got != (integer ? want : (double)(float)want))
                fail_msg("%s: %s[%zu] is %.9g, expected %.9g", where, name, k, got, want);
        }
    }
}

static void values(void **state)
{
    json_t *all = test_read_json(file("expected.json")), *tensors, *expected;
    const char *name, *tensor;
    (void)state;
    json_object_foreach(all, name, tensors)
    {
        hone_safetensors *s;
        assert_ok(hone__safetensors_open(&s, file(name)));
        assert_int_equal(hone__safetensors_count(s), json_object_size(tensors));
        json_object_foreach(tensors, tensor, expected) check_tensor(s, name, tensor, expected);
        hone__safetensors_close(s);
    }
    assert_true(json_object_size(all) >= 8);
    json_decref(all);
}

static void types(void **state)
{
    hone_safetensors *s;
    float x[2];
    (void)state;
    assert_ok(hone__safetensors_open(&s, file("unread.bin")));
    assert_string_equal(hone__safetensors_find(s, "wide")->dtype_name, "U16");
    assert_fails(HONE_UNSUPPORTED, "tensor flags is BOOL",
                 hone__safetensors_read(s, hone__safetensors_find(s, "flags"), HONE_DTYPE_F32, 0, 2, x));
    hone__safetensors_close(s);
    assert_ok(hone__safetensors_open(&s, file("strided.bin")));
    const hone_safetensor *rows = hone__safetensors_find(s, "rows"), *tied = hone__safetensors_find(s, "tied"),
                          *one = hone__safetensors_find(s, "one");
    assert_true(!rows->stride && rows->offset == tied->offset && one->stride && hone__safetensors_find(s, "turned")->stride);
    hone__safetensors_close(s);
}

static void refused(void **state)
{
    static const struct {
        const char *name;
        hone_status status;
        const char *part;
    } cases[] = {
        {"evil.bin", HONE_UNSUPPORTED, "this file wants to run posix.system: hone only reads tensors"},
        {"evil_old.bin", HONE_UNSUPPORTED, "this file wants to run posix.system: hone only reads tensors"},
        {"module.bin", HONE_UNSUPPORTED, "wants to run torch.nn.modules.linear.Linear"},
        {"checkpoint.bin", HONE_UNSUPPORTED, "its entry \"state_dict\" is a dict of 3: a dict of tensors was expected"},
        {"checkpoint.bin", HONE_UNSUPPORTED, "torch.save(checkpoint[\"state_dict\"], …)"},
        {"list.bin", HONE_UNSUPPORTED, "holds a list of 1: a dict of tensors was expected"},
        {"compressed.bin", HONE_UNSUPPORTED, "entry plain/data.pkl is compressed"},
        {"big_endian.bin", HONE_UNSUPPORTED, "big-endian"},
        {"no_pickle.bin", HONE_FORMAT, "byte 0 of its pickle: it is cut short"},
    };
    hone_safetensors *s;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_fails(cases[i].status, cases[i].part, hone__safetensors_open(&s, file(cases[i].name)));
        assert_null(s);
    }
    assert_int_equal(access("/tmp/hone-was-here", F_OK), -1);
    assert_fails(HONE_FORMAT, "git lfs pull",
                 hone__safetensors_open_memory(&s, "version https://git-lfs.github.com/spec/v1\n", 43, "x.bin"));
    assert_fails(HONE_FORMAT, "no file of torch.save", hone__safetensors_open_memory(&s, "", 0, "x.bin"));
}

/* ---- pickles by hand ---- */

#define HEAD "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}."

static hone_status open_old(const char *pickle, size_t len)
{
    char data[1024];
    hone_safetensors *s;
    memcpy(data, HEAD, sizeof(HEAD) - 1);
    memcpy(data + sizeof(HEAD) - 1, pickle, len);
    hone_status status = hone__safetensors_open_memory(&s, data, sizeof(HEAD) - 1 + len, "x.bin");
    hone__safetensors_close(s);
    return status;
}
#define OLD(text) open_old(text, sizeof(text) - 1)

#define STORAGE                                \
    "(U\x07storagectorch\nFloatStorage\nU\x01" \
    "0U\x03"                                   \
    "cpuK\x02NtQ"
#define TENSOR(offset, shape, strides) "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE offset shape strides "\x89}tR"
#define DATA   \
    ".](U\x01" \
    "0e.\x02\0\0\0\0\0\0\0\0\0\x80?\0\0\0@"

#define VIEW(begin, len, offset)                                                          \
    "}U\x01wctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x01" \
    "0U\x03"                                                                              \
    "cpuK\x02U\x01v" begin len "\x87tQ" offset "K\x01\x85K\x01\x85\x89}tRs"

static void pickles(void **state)
{
    (void)state;
    assert_ok(OLD("}U\x01w" TENSOR("K\x00", "K\x02\x85", "K\x01\x85") "s" DATA));
    assert_ok(OLD("}U\x01w" TENSOR("K\x01", "K\x05\x85", "K\x00\x85") "s" DATA));
    assert_fails(HONE_FORMAT, "tensor w: it does not lie in its storage",
                 OLD("}U\x01w" TENSOR("K\x01", "K\x02\x85", "K\x01\x85") "s" DATA));
    assert_fails(HONE_FORMAT, "tensor w: it does not lie",
                 OLD("}U\x01w" TENSOR("K\x00", "K\x02\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85") "s" DATA));
    assert_fails(HONE_FORMAT, "tensor w: its shape is too large",
                 OLD("}U\x01w" TENSOR("K\x00", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x86",
                                      "K\x00K\x00\x86") "s" DATA));
    assert_fails(HONE_FORMAT, "numbers from 0 on", OLD("}U\x01w" TENSOR("K\x00", "J\xff\xff\xff\xff\x85", "K\x01\x85") "s" DATA));
    assert_fails(HONE_FORMAT, "more or fewer strides", OLD("}U\x01w" TENSOR("K\x00", "K\x02\x85", ")") "s" DATA));
    assert_fails(HONE_FORMAT, "a storage that no tensor has",
                 OLD("}.](U\x01"
                     "1e.\x02\0\0\0\0\0\0\0"));
    assert_fails(HONE_FORMAT, "cut short",
                 OLD("}U\x01w" TENSOR("K\x00", "K\x02\x85", "K\x01\x85") "s.](U\x01"
                                                                         "0e.\xff\xff\xff\xff\xff\xff\xff\xff"));
    assert_fails(HONE_FORMAT, "tensor w: its storage is missing", OLD("}U\x01w" TENSOR("K\x00", "K\x02\x85", "K\x01\x85") "s.]."));
    assert_fails(HONE_FORMAT, "tensor w stands in", OLD("}U\x01w" TENSOR("K\x00", "K\x02\x85", "K\x01\x85") "q\x00sU\x01wh\x00s" DATA));
    assert_fails(HONE_FORMAT, "no name of a tensor", OLD("}K\x01K\x02s.]."));
    /* A view of the storage, as the old format allows: its second element alone. */
    assert_ok(OLD(VIEW("K\x01", "K\x01", "K\x00") DATA));
    assert_fails(HONE_FORMAT, "does not lie in its storage", OLD(VIEW("K\x01", "K\x01", "K\x01") DATA));
    assert_fails(HONE_FORMAT, "shorter than it says", OLD(VIEW("K\x01", "K\x02", "K\x00") DATA));
    assert_fails(HONE_UNSUPPORTED, "opcode 0x69", OLD("i"));
    assert_fails(HONE_UNSUPPORTED, "run os?x.sys", OLD("cos\tx\nsys\n."));
    assert_fails(HONE_UNSUPPORTED, "run builtins.eval",
                 OLD("U\x08"
                     "builtinsU\x04"
                     "eval\x93."));
    assert_fails(HONE_FORMAT, "its stack is empty", OLD("R"));
    assert_fails(HONE_FORMAT, "a call of something", OLD("K\x01)R."));
    assert_fails(HONE_FORMAT, "a call of something", OLD("ctorch\nFloatStorage\n)R."));
    assert_fails(HONE_FORMAT, "no storage of a tensor", OLD("K\x01Q."));
    assert_fails(HONE_FORMAT, "out of order", OLD("Nr\xff\xff\xff\x7f."));
    assert_fails(HONE_FORMAT, "is empty", OLD("h\x05."));
    assert_fails(HONE_FORMAT, "other than one value", OLD("NN."));
    assert_fails(HONE_FORMAT, "a mark",
                 OLD("(("
                     "s"));
    assert_fails(HONE_FORMAT, "cut short", OLD("X\xff\xff\xff\xff"));
}

/* ---- broken files ---- */

/* What opens is read from end to end. */
static void try_bytes(const char *data, size_t len)
{
    hone_safetensors *s;
    float x[64];
    if (hone__safetensors_open_memory(&s, data, len, "x.bin") != HONE_OK)
        return;
    for (size_t i = 0; i < hone__safetensors_count(s); i++) {
        const hone_safetensor *t = hone__safetensors_at(s, i);
        for (uint64_t at = 0; at < t->count && at < 6400; at += 64)
            if (hone__safetensors_read(s, t, HONE_DTYPE_F32, at, t->count - at < 64 ? t->count - at : 64, x) != HONE_OK)
                break;
    }
    hone__safetensors_close(s);
}

static void truncated(void **state)
{
    static const char *const names[] = {"plain.bin", "plain_old.bin", "strided.bin", "protocol4.bin"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t len;
        char *data = test_read(file(names[i]), &len);
        for (size_t n = 0; n < len; n++) {
            hone_safetensors *s;
            char *exact = malloc(n ? n : 1); /* so that a sanitizer sees the end */
            memcpy(exact, data, n);
            hone_status status = hone__safetensors_open_memory(&s, exact, n, "x.bin");
            if (status != HONE_FORMAT && status != HONE_UNSUPPORTED)
                fail_msg("%s: %zu of %zu bytes open", names[i], n, len);
            free(exact);
        }
        hone__free(data);
    }
}

static void flipped(void **state)
{
    static const char *const names[] = {"plain.bin", "plain_old.bin", "strided_old.bin", "narrow.bin"};
    static const unsigned char masks[] = {0x01, 0x10, 0x80, 0xFF};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t len;
        char *data = test_read(file(names[i]), &len);
        for (size_t n = 0; n < len; n++) {
            for (size_t m = 0; m < sizeof(masks); m++) {
                data[n] = (char)(data[n] ^ masks[m]);
                try_bytes(data, len);
                data[n] = (char)(data[n] ^ masks[m]);
            }
        }
        hone__free(data);
    }
}

/* ---- a model ---- */

static void model_folder(void **state)
{
    static const char *const folders[] = {"gpt2", "gpt2_torch"};
    char *saved[4];
    size_t len[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        hone_model_options o = HONE_MODEL_OPTIONS_INIT;
        hone_model *m;
        char name[64];
        snprintf(name, sizeof(name), "saved%d", i);
        o.for_training = i / 2;
        assert_ok(hone_model_from_pretrained(&m, HONE_CAUSAL_LM, file(folders[i % 2]), &o));
        assert_ok(hone_model_save_pretrained(m, test_temp(name)));
        hone_model_free(m);
        snprintf(name, sizeof(name), "saved%d/model.safetensors", i);
        saved[i] = test_read(test_temp(name), &len[i]);
        assert_true(len[i] == len[0] && memcmp(saved[i], saved[0], len[0]) == 0);
    }
    for (int i = 0; i < 4; i++)
        hone__free(saved[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(values),    cmocka_unit_test(types),   cmocka_unit_test(refused),      cmocka_unit_test(pickles),
    cmocka_unit_test(truncated), cmocka_unit_test(flipped), cmocka_unit_test(model_folder),
};
TEST_MAIN(tests)
