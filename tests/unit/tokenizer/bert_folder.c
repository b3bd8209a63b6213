/* Folders with vocab.txt: the special tokens' names and flags by tokenizer_config.json and special_tokens_map.json, as BertTokenizerFast of transformers 4.57 has them. */
#include "support/support.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <sys/stat.h>

static const char *folder;

static void write_file(const char *name, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (text)
        test_write_text(path, text);
    else
        remove(path);
}

/* The tokens of "No [MASK] HI" with a configuration and a map. */
static void expect_tokens(const char *config, const char *map, const char *const *expected, size_t n)
{
    hone_tokenizer *tok = NULL;
    hone_encoding *e = NULL;
    write_file("tokenizer_config.json", config);
    write_file("special_tokens_map.json", map);
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    assert_ok(hone_tokenizer_encode(&e, tok, HONE_TEXT("No [MASK] HI"), HONE_TEXT_NONE, NULL));
    assert_int_equal(hone_encoding_n_tokens(e), n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(hone_encoding_token(e, i), expected[i]);
    hone_encoding_free(e);
    hone_tokenizer_free(tok);
}

static void names_are_the_configurations(void **state)
{
    (void)state;
    folder = test_temp("bert_folder");
    mkdir(folder, 0777);
    write_file("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n<c>\n<s>\nno\nhi\nHI\nNo\n");
    const char *plain[] = {"[CLS]", "no", "[MASK]", "hi", "[SEP]"}, *cased[] = {"[CLS]", "No", "[MASK]", "HI", "[SEP]"};
    const char *named[] = {"<c>", "no", "[MASK]", "hi", "<s>"}, *added[] = {"[CLS]", "no", "[MASK]", "HI", "[SEP]"};
    expect_tokens(NULL, NULL, plain, 5);
    expect_tokens("{\"do_lower_case\":false}", NULL, cased, 5);
    expect_tokens("{\"cls_token\":\"<c>\",\"sep_token\":{\"content\":\"<s>\",\"lstrip\":false}}", NULL, named, 5);
    expect_tokens("{}", "{\"cls_token\":\"<c>\",\"sep_token\":\"<s>\"}", named, 5);
    expect_tokens("{\"cls_token\":\"[CLS]\",\"sep_token\":\"[SEP]\"}", "{\"cls_token\":\"<c>\",\"sep_token\":\"<s>\"}", plain, 5);
    expect_tokens("{\"added_tokens_decoder\":{\"9\":{\"content\":\"HI\",\"normalized\":false,\"special\":false}}}", NULL, added, 5);
}

static void bad_lists_are_named(void **state)
{
    (void)state;
    hone_tokenizer *tok = NULL;
    write_file("special_tokens_map.json", NULL);
    write_file("tokenizer_config.json", "{\"added_tokens_decoder\":{\"x\":{\"content\":\"HI\"}}}");
    assert_fails(HONE_FORMAT, "added_tokens_decoder: \"x\" is no id", hone_tokenizer_from_pretrained(&tok, folder));
    write_file("tokenizer_config.json", "{\"added_tokens_decoder\":{\"3\":{\"content\":\"HI\"}}}");
    assert_fails(HONE_FORMAT, "vocabulary says 9", hone_tokenizer_from_pretrained(&tok, folder));
    write_file("tokenizer_config.json", "{\"cls_token\":\"<nowhere>\"}");
    assert_fails(HONE_FORMAT, "<nowhere> and [SEP] are not in the vocabulary", hone_tokenizer_from_pretrained(&tok, folder));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_the_configurations), cmocka_unit_test(bad_lists_are_named)};
TEST_MAIN(tests)
