/* What an encoding answers about characters, words and tokens, and what decoding gives, against the reference (data/bert_api.jsonl by bert_api.py). */
#include "support/support.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>

#define MAX_WORDS 64

static hone_tokenizer *cleaning, *plain; /* with and without the decoder's cleanup */

static hone_text text_of(const json_t *value)
{
    return (hone_text){json_string_value(value), json_string_length(value)};
}

/* A number, or null for -1. */
static void assert_number(const json_t *expected, ptrdiff_t got)
{
    assert_int_equal(got, json_is_null(expected) ? -1 : json_integer_value(expected));
}

static void assert_span(const json_t *expected, bool found, hone_span got)
{
    assert_int_equal(found, !json_is_null(expected));
    if (!found)
        return;
    assert_int_equal(got.start, json_integer_value(json_array_get(expected, 0)));
    assert_int_equal(got.end, json_integer_value(json_array_get(expected, 1)));
}

static void check_tokens(const hone_encoding *e, const json_t *expected)
{
    const json_t *ids = json_object_get(expected, "ids");
    assert_int_equal(hone_encoding_n_tokens(e), json_array_size(ids));
    for (size_t i = 0; i < json_array_size(ids); i++) {
        hone_span span = {0, 0};
        assert_int_equal(hone_encoding_ids(e)[i], json_integer_value(json_array_get(ids, i)));
        assert_number(json_array_get(json_object_get(expected, "sequence_ids"), i), hone_encoding_sequence_ids(e)[i]);
        assert_number(json_array_get(json_object_get(expected, "sequences"), i), hone_encoding_sequence_ids(e)[i]);
        assert_number(json_array_get(json_object_get(expected, "word_ids"), i), hone_encoding_word_ids(e)[i]);
        assert_number(json_array_get(json_object_get(expected, "words"), i), hone_encoding_token_to_word(e, i));
        bool found = hone_encoding_token_to_chars(e, i, &span);
        assert_span(json_array_get(json_object_get(expected, "chars"), i), found, span);
    }
}

static const json_t *about(const json_t *expected, const char *what, int sequence)
{
    char key[32];
    snprintf(key, sizeof key, "%s_%d", what, sequence);
    return json_object_get(expected, key);
}

static bool has_tokens_of(const hone_encoding *e, int sequence)
{
    for (size_t i = 0; i < hone_encoding_n_tokens(e); i++)
        if (hone_encoding_sequence_ids(e)[i] == sequence)
            return true;
    return false;
}

static void check_sequence(const hone_encoding *e, const json_t *expected, int sequence)
{
    const json_t *chars = about(expected, "char_to_token", sequence), *tokens = about(expected, "word_to_tokens", sequence);
    if (!has_tokens_of(e, sequence))
        return;
    for (size_t i = 0; i < json_array_size(chars); i++)
        assert_number(json_array_get(chars, i), hone_encoding_char_to_token(e, i, sequence));
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        hone_span span = {0, 0};
        bool found = hone_encoding_word_to_tokens(e, i, sequence, &span);
        assert_span(json_array_get(tokens, i), found, span);
        found = hone_encoding_word_to_chars(e, i, sequence, &span);
        assert_span(json_array_get(about(expected, "word_to_chars", sequence), i), found, span);
    }
}

static hone_sequence sequence_of(const json_t *value, hone_text *words)
{
    hone_sequence out = {{NULL, 0}, NULL, 0};
    if (json_is_array(value)) {
        assert_in_range(json_array_size(value), 0, MAX_WORDS);
        for (size_t i = 0; i < json_array_size(value); i++)
            words[i] = text_of(json_array_get(value, i));
        out.words = words;
        out.n_words = json_array_size(value);
    } else {
        out.text = text_of(value);
    }
    return out;
}

static void check_encoding(const json_t *c)
{
    hone_text words[2][MAX_WORDS];
    const json_t *windows = json_object_get(c, "windows"), *pad = json_object_get(c, "pad");
    hone_encode_input input = {sequence_of(json_object_get(c, "text"), words[0]), sequence_of(json_object_get(c, "pair"), words[1])};
    hone_encode_options o = HONE_ENCODE_OPTIONS_INIT;
    hone_encoding *e = NULL;
    o.no_special_tokens = !json_is_true(json_object_get(c, "special"));
    o.max_length = (size_t)json_integer_value(json_object_get(c, "max_length"));
    o.truncation = o.max_length ? HONE_TRUNCATION_LONGEST_FIRST : HONE_TRUNCATION_NONE;
    o.truncation_side = json_is_true(json_object_get(c, "left")) ? HONE_SIDE_LEFT : HONE_SIDE_RIGHT;
    o.stride = (size_t)json_integer_value(json_object_get(c, "stride"));
    o.padding = json_is_null(pad) ? HONE_PADDING_NONE : HONE_PADDING_MAX_LENGTH;
    o.pad_length = (size_t)json_integer_value(pad);
    o.padding_side = json_is_true(json_object_get(c, "pad_left")) ? HONE_SIDE_LEFT : HONE_SIDE_RIGHT;
    assert_ok(hone_tokenizer_encode_input(&e, cleaning, &input, &o));
    assert_int_equal(hone_encoding_n_overflowing(e) + 1, json_array_size(windows));
    for (size_t i = 0; i < json_array_size(windows); i++) {
        const hone_encoding *window = i ? hone_encoding_overflowing(e, i - 1) : e;
        check_tokens(window, json_array_get(windows, i));
        for (int s = 0; s < 2; s++)
            check_sequence(window, json_array_get(windows, i), s);
    }
    hone_encoding_free(e);
}

static void check_decoding(const json_t *c)
{
    int32_t ids[256];
    const json_t *list = json_object_get(c, "ids");
    size_t n = json_array_size(list);
    assert_in_range(n, 0, 256);
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)json_integer_value(json_array_get(list, i));
    for (int skip = 0; skip < 2; skip++) {
        char *text = NULL, *cleaned = NULL;
        assert_ok(hone_tokenizer_decode(&text, NULL, cleaning, ids, n, skip));
        assert_string_equal(text, json_string_value(json_array_get(json_object_get(c, "cleaned"), (size_t)skip)));
        hone_tokenizer_free_text(text);
        assert_ok(hone_tokenizer_decode(&text, NULL, plain, ids, n, skip));
        assert_string_equal(text, json_string_value(json_array_get(json_object_get(c, "plain"), (size_t)skip)));
        assert_ok(hone_clean_up_tokenization(&cleaned, text));
        assert_string_equal(cleaned, json_string_value(json_array_get(json_object_get(c, "transformers"), (size_t)skip)));
        hone_tokenizer_free_text(cleaned);
        hone_tokenizer_free_text(text);
    }
}

static void load(void)
{
    static const char cleanup[] = "\"cleanup\":true";
    size_t len;
    char *json = test_read(test_fixture("tok/bert-uncased/tokenizer.json"), &len), *at = strstr(json, cleanup);
    hone_str other = HONE_STR_INIT;
    assert_ok(hone_tokenizer_from_bytes(&cleaning, json, len));
    assert_non_null(at);
    hone__str_append(&other, json, (size_t)(at - json));
    hone__str_puts(&other, "\"cleanup\":false");
    hone__str_puts(&other, at + sizeof cleanup - 1);
    assert_ok(hone_tokenizer_from_bytes(&plain, other.data, other.len));
    hone__str_dispose(&other);
    hone__free(json);
}

static void answers_match(void **state)
{
    (void)state;
    const char *other = getenv("HONE_BERT_API");
    char *line = NULL;
    size_t capacity = 0, n = 0;
    load();
    FILE *f = fopen(other ? other : test_source("tests/parity/data/bert_api.jsonl"), "r");
    assert_non_null(f);
    for (ssize_t len; (len = getline(&line, &capacity, f)) > 0; n++) {
        json_t *c = NULL;
        assert_ok(hone__json_parse(&c, line, (size_t)len, "bert_api.jsonl"));
        if (json_object_get(c, "windows"))
            check_encoding(c);
        else
            check_decoding(c);
        json_decref(c);
    }
    assert_in_range(n, 72, 1000000);
    free(line);
    fclose(f);
    hone_tokenizer_free(cleaning);
    hone_tokenizer_free(plain);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(answers_match)};
TEST_MAIN(tests)
