/* Cases in the format of the fixtures (the docstring of tokenize_cases.py), checked against what hone gives. */
#ifndef TESTS_PARITY_TOKENIZER_CASES_H
#define TESTS_PARITY_TOKENIZER_CASES_H

#include "support/support.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>

#define MAX_WORDS 4096

static hone_text text_of(const json_t *value)
{
    return (hone_text){json_string_value(value), json_string_length(value)};
}

static json_t *encodings_json(const hone_encoding *e)
{
    hone_str text = HONE_STR_INIT;
    hone__str_putc(&text, '[');
    hone__encoding_write_json(&text, e);
    for (size_t i = 0; i < hone_encoding_n_overflowing(e); i++) {
        hone__str_putc(&text, ',');
        hone__encoding_write_json(&text, hone_encoding_overflowing(e, i));
    }
    hone__str_putc(&text, ']');
    json_t *out = NULL;
    assert_int_equal(hone__json_parse(&out, text.data, text.len, "encoding"), HONE_OK);
    hone__str_dispose(&text);
    return out;
}

/* Byte offsets are those of the code points. */
static void check_bytes(const hone_encoding *e, const json_t *text)
{
    const char *s = json_string_value(text);
    for (size_t i = 0; s && i < hone_encoding_n_tokens(e); i++) {
        hone_span bytes = hone_encoding_offsets(e)[i], chars = hone_encoding_offsets_chars(e)[i];
        size_t start = 0, end = 0;
        if (hone_encoding_sequence_ids(e)[i] != 0)
            continue;
        for (size_t k = 0; k < bytes.start; k++)
            start += (s[k] & 0xC0) != 0x80;
        for (size_t k = 0; k < bytes.end; k++)
            end += (s[k] & 0xC0) != 0x80;
        assert_int_equal(start, chars.start);
        assert_int_equal(end, chars.end);
    }
}

static void check_case(const hone_tokenizer *tok, const json_t *c, size_t number)
{
    static hone_text words[MAX_WORDS];
    const json_t *text = json_object_get(c, "text"), *expected = json_object_get(c, "encodings");
    hone_encode_options o = HONE_ENCODE_OPTIONS_INIT;
    o.no_special_tokens = !json_is_true(json_object_get(c, "add_special_tokens"));
    o.max_length = (size_t)json_integer_value(json_object_get(c, "max_length"));
    o.truncation_side = json_is_true(json_object_get(c, "left")) ? HONE_SIDE_LEFT : HONE_SIDE_RIGHT;
    o.stride = (size_t)json_integer_value(json_object_get(c, "stride"));
    if (json_is_string(json_object_get(c, "truncation")) && o.max_length)
        assert_int_equal(hone_truncation_parse(&o.truncation, json_string_value(json_object_get(c, "truncation"))), HONE_OK);
    hone_encode_input input = {{{NULL, 0}, NULL, 0}, {text_of(json_object_get(c, "pair")), NULL, 0}};
    if (json_is_array(text)) {
        assert_in_range(json_array_size(text), 0, MAX_WORDS);
        for (size_t i = 0; i < json_array_size(text); i++)
            words[i] = text_of(json_array_get(text, i));
        input.first.words = words;
        input.first.n_words = json_array_size(text);
    } else {
        input.first.text = text_of(text);
    }
    hone_encoding *e = NULL;
    if (hone_tokenizer_encode_input(&e, tok, &input, &o) != HONE_OK)
        fail_msg("case %zu: %s", number, hone_error_message());
    json_t *got = encodings_json(e);
    if (!json_equal(got, expected)) {
        char *g = json_dumps(got, JSON_COMPACT), *x = json_dumps(expected, JSON_COMPACT);
        print_message("got      %.3000s\nexpected %.3000s\n", g, x);
        fail_msg("case %zu differs", number);
    }
    check_bytes(e, text);
    json_decref(got);
    hone_encoding_free(e);
}

#endif
