/* Compositions of the parts of tokenizer.json: every normalizer, pre-tokenizer, post-processor and decoder, alone and in sequences, over nasty texts, pairs, words and
 * windows; and each tokenizer.json written again. data/tokenizer_parts.jsonl holds what tokenizers 0.22.1 gives (tokenizer_parts.py makes it, and compares more). */
#include "tokenizer_cases.h"

static void check_decoded(const hone_tokenizer *tok, const json_t *c)
{
    const json_t *ids = json_object_get(json_array_get(json_object_get(c, "encodings"), 0), "ids");
    int32_t list[4096];
    size_t n = json_array_size(ids);
    assert_in_range(n, 0, 4096);
    for (size_t i = 0; i < n; i++)
        list[i] = (int32_t)json_integer_value(json_array_get(ids, i));
    for (int skip = 0; skip < 2; skip++) {
        const json_t *expected = json_object_get(c, skip ? "decoded" : "decoded_all");
        char *text = NULL;
        size_t len = 0;
        assert_ok(hone_tokenizer_decode(&text, &len, tok, list, n, skip));
        assert_int_equal(len, json_string_length(expected));
        assert_memory_equal(text, json_string_value(expected), len);
        hone_tokenizer_free_text(text);
    }
}

/* A stream gives what decoding at once gives, unless broken characters were held back. */
static void check_stream(const hone_tokenizer *tok, const json_t *c)
{
    const json_t *ids = json_object_get(json_array_get(json_object_get(c, "encodings"), 0), "ids");
    const json_t *expected = json_object_get(c, "decoded_all");
    hone_str all = HONE_STR_INIT;
    hone_decode_stream *stream = NULL;
    hone_text part;
    if (tok->decoder.kind != HONE__DECODER_METASPACE && tok->decoder.kind != HONE__DECODER_FUSE && tok->decoder.kind != HONE__DECODER_STRIP)
        return;
    assert_ok(hone_decode_stream_new(&stream, tok, false));
    for (size_t i = 0; i < json_array_size(ids); i++) {
        assert_ok(hone_decode_stream_push(&part, stream, (int32_t)json_integer_value(json_array_get(ids, i))));
        hone__str_append(&all, part.data, part.len);
    }
    assert_ok(hone_decode_stream_end(&part, stream));
    hone__str_append(&all, part.data, part.len);
    assert_int_equal(all.len, json_string_length(expected));
    if (all.len)
        assert_memory_equal(all.data, json_string_value(expected), all.len);
    hone_decode_stream_free(stream);
    hone__str_dispose(&all);
}

static size_t check_line(const json_t *line)
{
    const json_t *text = json_object_get(line, "tokenizer"), *cases = json_object_get(line, "cases");
    hone_tokenizer *tok = NULL;
    char *json = NULL;
    if (hone_tokenizer_from_bytes(&tok, json_string_value(text), json_string_length(text)) != HONE_OK)
        fail_msg("%s", hone_error_message());
    assert_ok(hone_tokenizer_to_json(&json, NULL, tok));
    assert_string_equal(json, json_string_value(text));
    for (size_t i = 0; i < json_array_size(cases); i++) {
        check_case(tok, json_array_get(cases, i), i);
        check_decoded(tok, json_array_get(cases, i));
        check_stream(tok, json_array_get(cases, i));
    }
    hone_tokenizer_free_text(json);
    hone_tokenizer_free(tok);
    return json_array_size(cases);
}

static void compositions_match(void **state)
{
    (void)state;
    json_t *lines = test_read_jsonl(test_source("tests/parity/data/tokenizer_parts.jsonl")), *item;
    size_t i, n_cases = 0;
    json_array_foreach(lines, i, item) n_cases += check_line(item);
    assert_in_range(i, 50, 1000);
    assert_in_range(n_cases, 500, 100000);
    json_decref(lines);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(compositions_match)};
TEST_MAIN(tests)
