/* JSON read as Python reads it, with places in messages; typed members. */
#include "support/support.h"

#include <math.h>

static json_t *parse(const char *text)
{
    json_t *value;
    assert_ok(hone__json_parse(&value, text, strlen(text), "x.json"));
    return value;
}

static void places(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "x.json:1:1: it is empty"},
        {"{", "x.json:1:2: "},
        {"{\n  \"a\": 1,\n  \"b\": oops\n}", "x.json:3:8: invalid token near 'oops'"},
        {"{\n  \"a\": 1,\n}", "x.json:3:1: string or '}' expected near '}'"},
        {"[1, 2] 3", "x.json:1:8: end of file expected near '3'"},
        {"[\"é\", x]", "x.json:1:7: invalid token near 'x'"}, /* columns are characters */
        {"[NaN, Infinity, 1000000000000000000000,\n-Infinity, x]", "x.json:2:12: invalid token near 'x'"},
        {"[NaN NaN]", "x.json:1:6: "},
        {"[\"\\ud800\"]", "x.json:1:"},
        {"[\"a\nb\"]", "x.json:1:"},
        {"[\"\xff\"]", "x.json:1:"},
        {"nul", "x.json:1:1: invalid token near 'nul'"},
        {"[01]", "x.json:1:"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *value = (json_t *)1;
        assert_fails(HONE_FORMAT, cases[i].message, hone__json_parse(&value, cases[i].text, strlen(cases[i].text), "x.json"));
        assert_null(value);
    }
}

/* The remedy shows the line. */
static void carets(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hint;
    } cases[] = {
        {"{\n  \"a\": 1,\n  \"b\": oops\n}", "at the caret in   \"b\": ^oops"},
        {"{\"a\": 1,\r\n\"b\" 2}\r\n", "at the caret in \"b\" ^2}"},
        {"[\"é\", x]", "at the caret in [\"é\", ^x]"},
        {"{", "at the caret in {^"},
        {"{\"a\": \"ééééééééééééééééééééééééééééééé\" 1, \"ééééééééééééééééééééééééééééééé\"}", /* whole characters */
         "at the caret in ééééééééééééééééééé\" ^1, \"ééééééééééééé"},
        {"", ""},
        {"[1,\n", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *value;
        assert_int_equal(hone__json_parse(&value, cases[i].text, strlen(cases[i].text), "x.json"), HONE_FORMAT);
        assert_string_equal(hone_error_hint(), cases[i].hint);
    }
}

static void deep_nesting(void **state)
{
    (void)state;
    char *text;
    json_t *value;
    assert_ok(HONE_ALLOC(&text, 1000000));
    memset(text, '[', 1000000);
    assert_fails(HONE_FORMAT, "maximum parsing depth", hone__json_parse(&value, text, 1000000, "deep.json"));
    hone__free(text);
}

static void python_numbers(void **state)
{
    (void)state;
    json_t *value = parse("{\"model_max_length\": 1000000000000000019884624838656, \"n\": 9223372036854775807, \"i\": 3, \"loss\": NaN,"
                          " \"best\": -Infinity, \"worst\": Infinity, \"huge\": 1e999, \"text\": \"NaN 1000000000000000000000 \\\" NaN\", "
                          "\"low\": -9223372036854775809}");
    double number = 0;
    int64_t n = 0;
    const char *text = NULL;
    assert_ok(hone__json_get_double(value, "model_max_length", &number, "x"));
    assert_true(number == 1e30);
    assert_ok(hone__json_get_int(value, "n", &n, "x"));
    assert_true(n == INT64_MAX && json_is_integer(json_object_get(value, "i"))); /* only what does not fit becomes a real */
    assert_ok(hone__json_get_double(value, "loss", &number, "x"));
    assert_true(isnan(number));
    assert_ok(hone__json_get_double(value, "best", &number, "x"));
    assert_true(number == -INFINITY);
    assert_ok(hone__json_get_double(value, "worst", &number, "x"));
    assert_true(number == INFINITY);
    assert_ok(hone__json_get_double(value, "huge", &number, "x"));
    assert_true(number == INFINITY);
    assert_ok(hone__json_get_double(value, "low", &number, "x"));
    assert_true(number == -0x1p63);
    assert_ok(hone__json_get_string(value, "text", &text, "x"));
    assert_string_equal(text, "NaN 1000000000000000000000 \" NaN");
    assert_fails(HONE_FORMAT, "x: \"loss\" must be an integer, is not finite", hone__json_get_int(value, "loss", &n, "x"));
    assert_fails(HONE_FORMAT, "x: \"model_max_length\" must be an integer of 64 bits",
                 hone__json_get_int(value, "model_max_length", &n, "x"));
    json_decref(value);
}

static void python_habits(void **state)
{
    (void)state;
    json_t *value = parse("\xEF\xBB\xBF{\"a\": 1, \"b\": 2, \"a\": 3}");
    int64_t n = 0;
    assert_ok(hone__json_get_int(value, "a", &n, "x"));
    assert_int_equal(n, 3);
    json_decref(value);
    value = parse("\"a\\u0000b\"");
    assert_int_equal(json_string_length(value), 3);
    json_decref(value);
    value = parse(" -0.0 ");
    assert_true(signbit(json_real_value(value)));
    json_decref(value);
}

static void members(void **state)
{
    (void)state;
    json_t *value = parse("{\"i\": 7, \"r\": 8.0, \"h\": 8.5, \"b\": true, \"s\": \"text\", \"z\": null, \"o\": {}, \"l\": []}");
    int64_t n = -1;
    double x = -1;
    bool b = false;
    const char *s = "before";
    assert_ok(hone__json_get_int(value, "i", &n, "c"));
    assert_int_equal(n, 7);
    assert_ok(hone__json_get_int(value, "r", &n, "c"));
    assert_int_equal(n, 8);
    assert_ok(hone__json_get_int(value, "z", &n, "c"));
    assert_ok(hone__json_get_int(value, "missing", &n, "c"));
    assert_int_equal(n, 8);
    assert_ok(hone__json_get_double(value, "i", &x, "c"));
    assert_true(x == 7.0);
    assert_ok(hone__json_get_bool(value, "b", &b, "c"));
    assert_true(b);
    assert_ok(hone__json_get_string(value, "missing", &s, "c"));
    assert_string_equal(s, "before");
    assert_ok(hone__json_get_string(value, "s", &s, "c"));
    assert_string_equal(s, "text");
    assert_fails(HONE_FORMAT, "c: \"h\" must be an integer", hone__json_get_int(value, "h", &n, "c"));
    assert_fails(HONE_FORMAT, "c: \"s\" must be an integer, is a string", hone__json_get_int(value, "s", &n, "c"));
    assert_fails(HONE_FORMAT, "c: \"b\" must be a number, is a boolean", hone__json_get_double(value, "b", &x, "c"));
    assert_fails(HONE_FORMAT, "c: \"i\" must be true or false, is an integer", hone__json_get_bool(value, "i", &b, "c"));
    assert_fails(HONE_FORMAT, "c: \"o\" must be a string, is an object", hone__json_get_string(value, "o", &s, "c"));
    assert_fails(HONE_FORMAT, "c: \"l\" must be a string, is an array", hone__json_get_string(value, "l", &s, "c"));
    json_decref(value);
}

static void files(void **state)
{
    (void)state;
    json_t *value;
    test_write_text(test_temp("good.json"), "{\"a\": 1}");
    test_write_text(test_temp("bad.json"), "{\"a\": 1,\n \"b\" 2}");
    assert_ok(hone__json_load(&value, test_temp("good.json")));
    json_decref(value);
    assert_fails(HONE_FORMAT, "bad.json:2:6: ':' expected near '2'", hone__json_load(&value, test_temp("bad.json")));
    assert_fails(HONE_NOT_FOUND, "absent.json", hone__json_load(&value, test_temp("absent.json")));
    assert_null(value);
}

static hone_status parse_once(void *text)
{
    json_t *value;
    hone_status status = hone__json_parse(&value, text, strlen(text), "x.json");
    json_decref(value);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    char text[] = "{\"a\": [1, 2.5, \"three\", {\"b\": null}], \"big\": 1000000000000000000000, \"nan\": NaN}";
    test_jansson_fails = true;
    assert_true(test_oom(parse_once, text) > 10);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(places),        cmocka_unit_test(carets),  cmocka_unit_test(deep_nesting), cmocka_unit_test(python_numbers),
    cmocka_unit_test(python_habits), cmocka_unit_test(members), cmocka_unit_test(files),        cmocka_unit_test(out_of_memory),
};

TEST_MAIN(tests)
