/* Growing strings, edit distance, UTF-8, and numbers as Python writes them. */
#include "support/support.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

static void growing_string(void **state)
{
    (void)state;
    hone_str s = HONE_STR_INIT;
    char *text;
    assert_ok(hone__str_take(&text, &s));
    assert_string_equal(text, "");
    hone__free(text);
    hone__str_puts(&s, "ab");
    hone__str_putc(&s, 'c');
    hone__str_append(&s, "\0d", 2);
    hone__str_printf(&s, "%05d", 42);
    assert_int_equal(s.len, 10);
    assert_memory_equal(s.data, "abc\0d00042", 11);
    hone__str_clear(&s);
    assert_string_equal(s.data, "");
    for (int i = 0; i < 1000; i++)
        hone__str_printf(&s, "%d,", i);
    assert_ok(hone__str_take(&text, &s));
    assert_int_equal(strlen(text), 3890);
    assert_true(hone__starts_with(text, "0,1,2,") && hone__ends_with(text, ",998,999,"));
    assert_null(s.data);
    hone__free(text);
    hone__str_dispose(&s);
    assert_false(hone__starts_with("ab", "abc"));
    assert_false(hone__ends_with("b", "ab"));
}

static void failure_sticks(void **state)
{
    (void)state;
    hone_str s = HONE_STR_INIT;
    char *text = (char *)1;
    hone__str_puts(&s, "0123456789");
    hone__mem_fail_at(1);
    hone__str_puts(&s, "0123456789");
    hone__str_puts(&s, "more");
    hone__str_printf(&s, "%d", 1);
    assert_string_equal(s.data, "0123456789");
    assert_fails(HONE_OUT_OF_MEMORY, "out of memory", hone__str_status(&s));
    assert_fails(HONE_OUT_OF_MEMORY, "out of memory", hone__str_take(&text, &s));
    assert_null(text);
    hone__str_dispose(&s);
}

static void nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"learning_rate", "lr_scheduler_type", "warmup_steps", "seed", "x"};
    assert_string_equal(hone__nearest("lerning_rate", names, 5), "learning_rate");
    assert_string_equal(hone__nearest("warmup_step", names, 5), "warmup_steps");
    assert_string_equal(hone__nearest("sede", names, 5), "seed");
    assert_null(hone__nearest("output", names, 5));
    assert_null(hone__nearest("y", names, 5)); /* all of it is wrong */
    assert_null(hone__nearest("", names, 5));
    char longer[200];
    memset(longer, 'x', sizeof(longer));
    longer[199] = '\0';
    assert_null(hone__nearest(longer, names, 5));
}

static void utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char bytes[4];
        uint32_t back = 0;
        size_t n = hone__utf8_encode(bytes, cp);
        bool surrogate = cp >= 0xD800 && cp < 0xE000;
        assert_int_equal(hone__utf8_decode(&back, bytes, n), surrogate ? 0 : n);
        if (surrogate)
            continue;
        assert_int_equal(back, cp);
        assert_int_equal(hone__utf8_decode(&back, bytes, n - 1), 0);
        assert_int_equal(hone__utf8_valid(bytes, n), n);
    }
}

static void utf8_bad_bytes(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xFE",
                                      "\xC3(",
                                      "\xE2\x82(",
                                      "\xF0\x9F\x98("};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t cp;
        assert_int_equal(hone__utf8_decode(&cp, bad[i], strlen(bad[i])), 0);
        for (size_t before = 0; before < 70; before++) { /* behind ASCII runs of every length: the fast path's edges */
            char text[100];
            memset(text, 'a', sizeof(text));
            memcpy(text + before, bad[i], strlen(bad[i]));
            assert_int_equal(hone__utf8_valid(text, sizeof(text)), before);
        }
    }
    assert_int_equal(hone__utf8_valid("", 0), 0);
    assert_int_equal(hone__utf8_valid("a\0b", 3), 3);
}

/* The right sides are what Python 3.11's repr gives. */
static void shortest_numbers(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {0.1, "0.1"},
        {-2.5, "-2.5"},
        {100.0, "100.0"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e+16"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {9007199254740993.0, "9007199254740992.0"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {0.00012345, "0.00012345"},
        {2e-5, "2e-05"},
        {1.5e-7, "1.5e-07"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {5.684341886080802e-14, "5.684341886080802e-14"},
        {9.5367431640625e-07, "9.5367431640625e-07"},
        {1e100, "1e+100"},
        {1e30, "1e+30"},
        {(double)0.1f, "0.10000000149011612"},
        {(double)3.14f, "3.140000104904175"},
        {NAN, "NaN"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {123456.789, "123456.789"},
        {4.35, "4.35"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[32];
        assert_int_equal(hone__format_double(text, cases[i].value), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void numbers_read_back(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 200000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        uint64_t word = bits ^ bits >> 29;
        double value, back;
        char text[32];
        memcpy(&value, &word, sizeof(value));
        if (!isfinite(value))
            continue;
        assert_true(hone__format_double(text, value) < sizeof(text));
        assert_true(hone__parse_double(&back, text));
        assert_memory_equal(&back, &value, sizeof(value));
    }
}

static void parsing_numbers(void **state)
{
    (void)state;
    double value;
    static const char *const bad[] = {"", " 1", "1 ", "1x", "0x10", "1e", "abc", "1,5", "nan(1)", "--1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(hone__parse_double(&value, bad[i]));
    assert_true(hone__parse_double(&value, "5e-5") && value == 5e-5);
    assert_true(hone__parse_double(&value, "-.5") && value == -0.5);
    assert_true(hone__parse_double(&value, "inf") && isinf(value));
}

/* A program that the library is part of may have a locale with a comma. */
static void decimal_point(void **state)
{
    (void)state;
    char command[512], text[32];
    hone_str s = HONE_STR_INIT;
    size_t bytes;
    double value;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8")) {
        assert_int_equal(mkdir(test_temp("locales"), 0777), 0);
        snprintf(command, sizeof(command), "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", test_temp("locales"));
        setenv("LOCPATH", test_temp("locales"), 1);
        if (system(command) != 0 || !setlocale(LC_NUMERIC, "de_DE.UTF-8"))
            test_skip("there is no locale with a decimal comma here");
    }
    snprintf(text, sizeof(text), "%.1f", 1.5);
    assert_string_equal(text, "1,5");
    hone__str_printf(&s, "%.2f", 0.25);
    assert_string_equal(s.data, "0.25");
    hone__str_dispose(&s);
    hone__format_double(text, 1.5);
    assert_string_equal(text, "1.5");
    assert_true(hone__parse_double(&value, "1.5") && value == 1.5);
    assert_true(hone__parse_size(&bytes, "1.5kB") && bytes == 1500);
    hone__fail(HONE_IO, "%.1f of %s", 1.5, "it");
    assert_string_equal(hone_error_message(), "1.5 of it");
    snprintf(text, sizeof(text), "%.1f", 1.5); /* the program's own is left as it was */
    assert_string_equal(text, "1,5");
    setlocale(LC_NUMERIC, "C");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(growing_string),    cmocka_unit_test(failure_sticks),  cmocka_unit_test(nearest),
    cmocka_unit_test(utf8_round_trip),   cmocka_unit_test(utf8_bad_bytes),  cmocka_unit_test(shortest_numbers),
    cmocka_unit_test(numbers_read_back), cmocka_unit_test(parsing_numbers), cmocka_unit_test(decimal_point),
};

TEST_MAIN(tests)
