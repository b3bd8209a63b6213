/* The scanner of plain lines reads what jansson reads, and leaves the rest to it. */
#include "data/tokenize_line.h"
#include "support/support.h"

static hone_line_tokenizer lines;

static bool scan(hone_encode_input *out, const char *line)
{
    return hone__scan_line(&lines, out, line, strlen(line));
}

static void assert_text(hone_text got, const char *expected, size_t len)
{
    assert_non_null(got.data);
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, expected, len);
}

static void texts_are_read(void **state)
{
    (void)state;
    hone_encode_input in;
    assert_true(scan(&in, " { \"text\" : \"a b\" } \r"));
    assert_text(in.first.text, "a b", 3);
    assert_null(in.second.text.data);
    assert_true(scan(&in, "{\"pair\":\"p\\\"q\",\"text\":\"\\u00e9\\n\\\\ \\/\\ud83d\\ude00é\\b\\f\\r\\tx\"}"));
    assert_text(in.first.text, "é\n\\ /😀é\b\f\r\tx", 17);
    assert_text(in.second.text, "p\"q", 3);
    assert_true(scan(&in, "{\"text\":\"\",\"pair\":null}"));
    assert_text(in.first.text, "", 0);
    assert_null(in.second.text.data);
}

static void words_are_read(void **state)
{
    (void)state;
    hone_encode_input in;
    assert_true(scan(&in, "{\"text\": [\"a\", \"b\\tc\" ,\"\", \"d\\u0041\"], \"pair\": \"\"}"));
    assert_int_equal(in.first.n_words, 4);
    assert_text(in.first.words[0], "a", 1);
    assert_text(in.first.words[1], "b\tc", 3);
    assert_text(in.first.words[2], "", 0);
    assert_text(in.first.words[3], "dA", 2);
    assert_text(in.second.text, "", 0);
    assert_true(scan(&in, "{\"text\":[ ]}"));
    assert_non_null(in.first.words);
    assert_int_equal(in.first.n_words, 0);
}

static void the_rest_is_left(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         "{}",
                                         "[]",
                                         "\"text\"",
                                         "{\"text\"",
                                         "{\"text\":",
                                         "{\"text\":\"a",
                                         "{\"text\":\"a\"",
                                         "{\"text\":\"a\"} x",
                                         "{\"text\":\"a\",}",
                                         "{\"text\":\"a\" \"pair\":null}",
                                         "{\"text\":\"a\",\"text\":\"b\"}",
                                         "{\"text\":[\"a\"],\"text\":\"b\"}",
                                         "{\"text\":\"a\",\"pair\":\"b\",\"pair\":null}",
                                         "{\"text\":\"a\",\"max_length\":3}",
                                         "{\"text\":\"a\",\"pair\":[\"b\"]}",
                                         "{\"text\":null}",
                                         "{\"text\":3}",
                                         "{\"text\":[\"a\",3]}",
                                         "{\"text\":[\"a\",]}",
                                         "{\"text\":[\"a\"",
                                         "{\"text\":[",
                                         "{\"pair\":\"a\"}",
                                         "{\"text\":\"\\u0000\"}",
                                         "{\"text\":\"\\ud800\"}",
                                         "{\"text\":\"\\ud800\\u0041\"}",
                                         "{\"text\":\"\\udc00\"}",
                                         "{\"text\":\"\\x\"}",
                                         "{\"text\":\"\\u12g4\"}",
                                         "{\"text\":\"\\u12",
                                         "{\"text\":\"\\",
                                         "{\"text\":\"a\tb\"}",
                                         "{\"text\":\"\xff\"}",
                                         "{\"text\":\"\xed\xa0\x80\"}",
                                         "{\"text\":\"a\",\"pair\":nul}"};
    hone_encode_input in;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (scan(&in, others[i]))
            fail_msg("%s was taken", others[i]);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(texts_are_read), cmocka_unit_test(words_are_read),
                                          cmocka_unit_test(the_rest_is_left)};

int main(void)
{
    int result = test_run(__FILE__, tests, sizeof tests / sizeof *tests);
    hone__tokenize_line_dispose(&lines);
    return result;
}
