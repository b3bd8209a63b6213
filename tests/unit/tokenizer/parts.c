/* Parts of tokenizer.json that are not what they should be, and regular expressions: what does not compile, what takes too long, what Oniguruma's signs mean. */
#include "support/support.h"
#include "tokenizer/tokenizer.h"

#define MODEL "\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"[UNK]\":0,\"a\":1},\"unk_token\":\"[UNK]\"}}"

static void refuse(const char *part, hone_status status, const char *message)
{
    hone_str json = HONE_STR_INIT;
    hone_tokenizer *tok = NULL;
    hone__str_printf(&json, "{%s,%s", part, MODEL);
    assert_fails(status, message, hone_tokenizer_from_bytes(&tok, json.data, json.len));
    assert_null(tok);
    hone__str_dispose(&json);
}

static void parts_refuse(void **state)
{
    (void)state;
    refuse("\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"\"}", HONE_UNSUPPORTED, "normalizer \"Precompiled\"");
    refuse("\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"Odd\"}]}", HONE_UNSUPPORTED,
           "normalizer \"Odd\"");
    refuse("\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[null]}", HONE_FORMAT, "item 0");
    refuse("\"normalizer\":{\"type\":\"Sequence\"}", HONE_FORMAT, "\"normalizers\"");
    refuse("\"normalizer\":{\"type\":\"Strip\",\"strip_left\":true}", HONE_FORMAT, "strip_right");
    refuse("\"normalizer\":{\"type\":\"Replace\",\"pattern\":\"a\",\"content\":\"\"}", HONE_FORMAT, "normalizer Replace: \"pattern\"");
    refuse("\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"}}", HONE_FORMAT, "content");
    refuse("\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"}", HONE_UNSUPPORTED, "pre_tokenizer \"UnicodeScripts\"");
    refuse("\"pre_tokenizer\":{\"type\":\"Punctuation\",\"behavior\":\"isolated\"}", HONE_FORMAT, "behavior \"isolated\" is not known");
    refuse("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"Gone\",\"invert\":false}", HONE_FORMAT,
           "behavior \"Gone\" is not known");
    refuse("\"pre_tokenizer\":{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"ab\"}", HONE_FORMAT, "one character");
    refuse("\"pre_tokenizer\":{\"type\":\"FixedLength\",\"length\":0}", HONE_FORMAT, "length is 0");
    refuse("\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"often\"}", HONE_FORMAT, "\"often\"");
    refuse("\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"_\",\"add_prefix_space\":false,\"prepend_scheme\":\"first\"}",
           HONE_FORMAT, "add_prefix_space is false");
    refuse("\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"a\"],\"cls\":[\"a\",1]}", HONE_FORMAT, "needs \"sep\"");
    refuse("\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"z\",9],\"cls\":[\"a\",1]}", HONE_FORMAT, "no token has id 9");
    refuse("\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"BertProcessing\",\"sep\":[\"a\",1],\"cls\":[\"a\",1]},"
           "{\"type\":\"ByteLevel\"}]}",
           HONE_UNSUPPORTED, "item 1 stands behind one that adds tokens");
    refuse("\"decoder\":{\"type\":\"Strip\",\"content\":\"\",\"start\":0,\"stop\":0}", HONE_FORMAT, "one character");
    refuse("\"decoder\":{\"type\":\"Strip\",\"content\":\"a\",\"start\":-1,\"stop\":0}", HONE_FORMAT, "start");
    refuse("\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Odd\"}]}", HONE_UNSUPPORTED, "decoder \"Odd\"");
}

static void fail_regex(const char *pattern, const char *message)
{
    hone__regex *regex = NULL;
    assert_fails(HONE_FORMAT, message, hone__regex_compile(&regex, pattern, strlen(pattern)));
    assert_null(regex);
}

static void patterns_refuse(void **state)
{
    (void)state;
    refuse("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\xC3\xA9(a\"},\"behavior\":\"Isolated\",\"invert\":false}",
           HONE_FORMAT, "pre_tokenizer Split: regular expression \"\xC3\xA9(a\", character 4: a group is not closed");
    fail_regex("a)", "character 2: a ) has no group");
    fail_regex("ab[c", "a class is not closed");
    fail_regex("[z-a]", "wrong order");
    fail_regex("\\p{Foo}", "hone does not know this property");
    fail_regex("x\\", "ends in a backslash");
    fail_regex("x\\c", "ends in \\c");
    fail_regex("[\\c\\", "ends in \\c");
    fail_regex("\\c\\C-a", "not supported");
    fail_regex("+a", "character 1");
    fail_regex("(?s)a", "option of a group");
    fail_regex("(?~ab)", "absent groups");
    fail_regex("(*FAIL)", "callouts");
    fail_regex("\\x{D800}", "no code point");
    fail_regex("\\xFF", "no character");
    fail_regex("(((a{1000}){1000}){1000})", "too large");
}

/* Where the first match of a pattern lies in a text; start -1: nowhere. */
static void expect_match(const char *pattern, const char *text, int start, int end)
{
    hone__regex *regex = NULL;
    void *scratch = NULL;
    size_t from = 0, to = 0;
    bool found = false;
    if (hone__regex_compile(&regex, pattern, strlen(pattern)) != HONE_OK)
        fail_msg("%s", hone_error_message());
    assert_ok(hone__regex_scratch_new(&scratch, regex));
    assert_ok(hone__regex_search(regex, scratch, text, strlen(text), 0, &from, &to, &found));
    if (found != (start >= 0) || (found && (from != (size_t)start || to != (size_t)end)))
        fail_msg("%s on \"%s\": %d, %zu to %zu", pattern, text, found, from, to);
    hone__regex_scratch_free(scratch);
    hone__regex_free(regex);
}

/* What tokenizers 0.22.1 finds (Split, behavior isolated). */
static void signs_mean_what_they_mean_there(void **state)
{
    (void)state;
    expect_match("\\h+", "xyz12f", 3, 6);
    expect_match("^b", "a\nb", 2, 3);
    expect_match("a$", "a\nb", 0, 1);
    expect_match("(?m:a.b)", "a\nb", 0, 3);
    expect_match("a.b", "a\nb", -1, 0);
    expect_match("[a-z&&[^aeiou]]+", "aebcd", 2, 5);
    expect_match("[^a-c[x-z]]", "axbyd", 4, 5);
    expect_match("[]a]", "]", 0, 1);
    expect_match("a{,2}b", "aaab", 1, 4);
    expect_match("a{2}+b", "aaaab", 0, 5);
    expect_match("x(?#comment)y", "xy", 0, 2);
    expect_match("\\w", "\xC2\xBD", 0, 2);
    expect_match("[\\w]", "\xC2\xBD", -1, 0);
    expect_match("[[:punct:]]", "a\xE2\x82\xAC", 1, 4);
    expect_match("\\p{punct}", "a\xE2\x82\xAC", -1, 0);
    expect_match("\\p{^L}", "a1", 1, 2);
    expect_match("\\p{Ll}", "\xF0\x9D\x92\xB3\xF0\x9D\x93\x8E", 4, 8);
    expect_match("\\p{L}", "\xF0\x90\x96\xBB", 0, 4); /* U+105BB, of Unicode 14 */
    expect_match("\\p{L}", "\xF0\x96\xB5\x80", 0, 4); /* U+16D40, of Unicode 16 */
    expect_match("\\b\\W+\\b", "ab, cd", 2, 4);
    expect_match("(?i:'S)", "it's", 2, 4);
    expect_match("(?<n>o)\\k<n>", "foo", 1, 3);
    expect_match("\\x{1F600}|\\u00e9", "\xC3\xA9", 0, 2);
    expect_match("\\cA", "z\001", 1, 2);
    expect_match("\\c?", "?\177", 1, 2);
    expect_match("\\c\\?", "?\177\037", 2, 3);
    expect_match("\\c\\\\]", "\034]", 0, 2);
    expect_match("\\c\\n", "\016\n", 1, 2);
    expect_match("\\c\\d", "0\004", 1, 2);
    expect_match("\\c\\cA", "A\001", 1, 2);
    expect_match("[x\\c\xC3\xA9]+", "a\xC2\x89x", 1, 4); /* 0xE9 & 0x9F */
    expect_match("\\c\xE4\xB8\xAD", "\r", 0, 1);         /* 0x4E2D & 0x9F */
}

static void hostile_patterns_end(void **state)
{
    (void)state;
    hone__regex *regex = NULL;
    void *scratch = NULL;
    char text[4096];
    size_t start, end;
    bool found;
    memset(text, 'a', sizeof text);
    assert_ok(hone__regex_compile(&regex, "(?:a|aa)+$", 10));
    assert_ok(hone__regex_scratch_new(&scratch, regex));
    text[sizeof text - 1] = 'c';
    assert_fails(HONE_INVALID_ARGUMENT, "(?:a|aa)+$", hone__regex_search(regex, scratch, text, sizeof text, 0, &start, &end, &found));
    hone__regex_scratch_free(scratch);
    hone__regex_free(regex);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(parts_refuse), cmocka_unit_test(patterns_refuse),
                                          cmocka_unit_test(signs_mean_what_they_mean_there), cmocka_unit_test(hostile_patterns_end)};
TEST_MAIN(tests)
