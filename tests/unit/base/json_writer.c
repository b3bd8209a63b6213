/* JSON written as Python's json.dumps writes it: the expected texts are its output. */
#include "support/support.h"

#include <math.h>

static void build(hone_json_writer *w)
{
    hone__jw_object(w);
    hone__jw_key(w, "ints");
    hone__jw_array(w);
    hone__jw_int(w, 0);
    hone__jw_int(w, INT64_MIN);
    hone__jw_uint(w, UINT64_MAX);
    hone__jw_end_array(w);
    hone__jw_key(w, "empty");
    hone__jw_object(w);
    hone__jw_end_object(w);
    hone__jw_key(w, "none");
    hone__jw_array(w);
    hone__jw_end_array(w);
    hone__jw_key(w, "x");
    hone__jw_double(w, 2e-5);
    hone__jw_key(w, "f");
    hone__jw_float(w, 0.1f);
    hone__jw_key(w, "s");
    hone__jw_string(w, "a\"b");
    hone__jw_key(w, "t");
    hone__jw_bool(w, true);
    hone__jw_key(w, "n");
    hone__jw_null(w);
    hone__jw_end_object(w);
}

static void layouts(void **state)
{
    (void)state;
    hone_str s = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&s, 0);
    build(&w);
    assert_string_equal(s.data, "{\"ints\":[0,-9223372036854775808,18446744073709551615],\"empty\":{},\"none\":[],\"x\":2e-05,"
                                "\"f\":0.10000000149011612,\"s\":\"a\\\"b\",\"t\":true,\"n\":null}");
    hone__str_clear(&s);
    w = hone__json_writer(&s, 0);
    w.spaced = true;
    build(&w);
    assert_string_equal(s.data, "{\"ints\": [0, -9223372036854775808, 18446744073709551615], \"empty\": {}, \"none\": [], \"x\": 2e-05, "
                                "\"f\": 0.10000000149011612, \"s\": \"a\\\"b\", \"t\": true, \"n\": null}");
    hone__str_clear(&s);
    w = hone__json_writer(&s, 2);
    build(&w);
    assert_string_equal(s.data, "{\n  \"ints\": [\n    0,\n    -9223372036854775808,\n    18446744073709551615\n  ],\n  \"empty\": {},\n"
                                "  \"none\": [],\n  \"x\": 2e-05,\n  \"f\": 0.10000000149011612,\n  \"s\": \"a\\\"b\",\n  \"t\": true,\n"
                                "  \"n\": null\n}");
    hone__str_dispose(&s);
}

/* JSON lines: one writer, values one after another without commas between. */
static void lines(void **state)
{
    (void)state;
    hone_str s = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&s, 0);
    for (int i = 0; i < 3; i++) {
        hone__jw_array(&w);
        hone__jw_int(&w, i);
        hone__jw_end_array(&w);
        hone__str_putc(&s, '\n');
    }
    assert_string_equal(s.data, "[0]\n[1]\n[2]\n");
    hone__str_dispose(&s);
}

static void assert_string(const char *text, size_t len, const char *expected)
{
    hone_str s = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&s, 0);
    hone__jw_string_n(&w, text, len);
    assert_string_equal(s.data, expected);
    hone__str_dispose(&s);
}

static void escapes(void **state)
{
    (void)state;
    assert_string("", 0, "\"\"");
    assert_string("\"\\/\b\f\n\r\t", 8, "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    assert_string("\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\"");
    assert_string("é€😀", 9, "\"é€😀\"");
    assert_string("a\xff"
                  "b\xe2\x82",
                  5,
                  "\"a\xEF\xBF\xBD"
                  "b\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_string("\xed\xa0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""); /* a surrogate */
}

/* What was read is written again, constants of Python included. */
static void round_trip(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\": [1, -2, 2.5, 1e-05, NaN, Infinity, -Infinity], \"é\": {\"b\": null, \"c\": [true, false]}, \"z\": \"NaN\\u0000\"}";
    json_t *value;
    hone_str s = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&s, 0);
    w.spaced = true;
    assert_ok(hone__json_parse(&value, text, strlen(text), "x"));
    hone__jw_json(&w, value);
    assert_string_equal(s.data, text);
    json_decref(value);
    hone__str_dispose(&s);
}

static void out_of_memory(void **state)
{
    (void)state;
    hone_str s = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&s, 0);
    hone__mem_fail_at(1);
    build(&w);
    hone__mem_fail_at(0);
    assert_fails(HONE_OUT_OF_MEMORY, "", hone__str_status(&s));
    hone__str_dispose(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(layouts),    cmocka_unit_test(lines),         cmocka_unit_test(escapes),
    cmocka_unit_test(round_trip), cmocka_unit_test(out_of_memory),
};

TEST_MAIN(tests)
