/* Options of the byte level that the fixtures don't touch: add_prefix_space, trim_offsets, use_regex, lstrip / rstrip / single_word / normalized of added tokens,
 * a template, truncation from the left, BertNormalizer's options, decoding. data/tokenizer_variants.jsonl holds small tokenizers and what tokenizers 0.22.1 gives with them. */
#include "tokenizer_cases.h"

static void check_decoded(const hone_tokenizer *tok, const json_t *c)
{
    const json_t *ids = json_object_get(json_array_get(json_object_get(c, "encodings"), 0), "ids");
    int32_t list[512];
    size_t n = json_array_size(ids);
    assert_in_range(n, 0, 512);
    for (size_t i = 0; i < n; i++)
        list[i] = (int32_t)json_integer_value(json_array_get(ids, i));
    for (int skip = 0; skip < 2; skip++) {
        char *text = NULL;
        size_t len = 0;
        assert_int_equal(hone_tokenizer_decode(&text, &len, tok, list, n, skip), HONE_OK);
        assert_string_equal(text, json_string_value(json_object_get(c, skip ? "decoded" : "decoded_all")));
        hone_tokenizer_free_text(text);
    }
}

static void check_variant(const json_t *variant)
{
    const json_t *text = json_object_get(variant, "tokenizer"), *cases = json_object_get(variant, "cases");
    hone_tokenizer *tok = NULL;
    char *json = NULL;
    if (hone_tokenizer_from_bytes(&tok, json_string_value(text), json_string_length(text)) != HONE_OK)
        fail_msg("%s", hone_error_message());
    for (size_t i = 0; i < json_array_size(cases); i++) {
        check_case(tok, json_array_get(cases, i), i);
        check_decoded(tok, json_array_get(cases, i));
    }
    assert_int_equal(hone_tokenizer_to_json(&json, NULL, tok), HONE_OK);
    assert_string_equal(json, json_string_value(text));
    hone_tokenizer_free_text(json);
    hone_tokenizer_free(tok);
}

static void variants_match(void **state)
{
    (void)state;
    json_t *lines = test_read_jsonl(test_source("tests/parity/data/tokenizer_variants.jsonl")), *variant;
    size_t i;
    assert_int_equal(json_array_size(lines), 11);
    json_array_foreach(lines, i, variant) check_variant(variant);
    json_decref(lines);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(variants_match)};
TEST_MAIN(tests)
