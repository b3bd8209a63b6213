/* Files that are not what they should be: each gives a message that names the place, and a tokenizer.json of small size never asks for much memory. */
#include "support/support.h"
#include "tokenizer/tokenizer.h"

#define MODEL(vocab, merges) "{\"model\":{\"type\":\"BPE\",\"vocab\":" vocab ",\"merges\":" merges "}}"

static void refuse(const char *json, hone_status status, const char *part)
{
    hone_tokenizer *tok = NULL;
    assert_fails(status, part, hone_tokenizer_from_bytes(&tok, json, strlen(json)));
    assert_null(tok);
}

static void broken_json(void **state)
{
    (void)state;
    refuse("", HONE_FORMAT, "tokenizer.json:1:1");
    refuse("[]", HONE_FORMAT, "'{' is missing");
    refuse("{\"model\":{\"type\":\"BPE\",\n\"vocab\":{\"a\":0", HONE_FORMAT, "ends too early");
    refuse("{\"a\":\"\xFF\"}", HONE_FORMAT, "not UTF-8");
    refuse("{} x", HONE_FORMAT, "behind the end");
    refuse("{\"version\":\"1.0\"}", HONE_FORMAT, "not a tokenizer.json");
    refuse(MODEL("{\"\\ud800\":0}", "[]"), HONE_FORMAT, "surrogate");
    refuse(MODEL("{\"a\":0.5}", "[]"), HONE_FORMAT, "whole number");
    refuse(MODEL("{\"a\":99999999999999999999}", "[]"), HONE_FORMAT, "out of range");
}

static void wrong_kinds(void **state)
{
    (void)state;
    refuse("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0.5]]}}", HONE_UNSUPPORTED, "Unigram");
    refuse("{\"version\":\"2.0\",\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_UNSUPPORTED, "2.0");
    refuse("{\"pre_tokenizer\":{\"type\":\"Odd\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_UNSUPPORTED,
           "pre_tokenizer \"Odd\"");
    refuse("{\"normalizer\":{\"type\":\"Odd\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_UNSUPPORTED,
           "normalizer \"Odd\"");
    refuse("{\"post_processor\":{\"type\":\"Odd\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_UNSUPPORTED,
           "post_processor \"Odd\"");
    refuse("{\"decoder\":{\"type\":\"Odd\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_UNSUPPORTED,
           "decoder \"Odd\"");
    refuse("{\"model\":{\"type\":\"BPE\",\"dropout\":0.1,\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_UNSUPPORTED, "dropout");
    refuse("{\"model\":{\"type\":\"BPE\",\"unk_token\":\"<unk>\",\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_FORMAT, "<unk>");
}

static void vocabularies_and_merges(void **state)
{
    (void)state;
    refuse(MODEL("{\"a\":0,\"b\":2}", "[]"), HONE_FORMAT, "no token has id 1");
    refuse(MODEL("{\"a\":0,\"b\":0}", "[]"), HONE_FORMAT, "same id 0");
    refuse(MODEL("{\"a\":0,\"a\":1}", "[]"), HONE_FORMAT, "twice");
    refuse(MODEL("{\"a\":268435400}", "[]"), HONE_FORMAT, "holes");
    refuse(MODEL("{\"a\":-1}", "[]"), HONE_FORMAT, "out of range");
    refuse(MODEL("{\"a\":0,\"b\":1}", "[[\"a\",\"b\"]]"), HONE_FORMAT, "merges[0]: merge \"a\" \"b\": their token \"ab\"");
    refuse(MODEL("{\"a\":0,\"b\":1,\"ab\":2}", "[\"a b\",\n\"a c\"]"), HONE_FORMAT, "tokenizer.json:2: merges[1]");
    refuse(MODEL("{\"a\":0}", "[\"aa\"]"), HONE_FORMAT, "two tokens");
    refuse("{\"added_tokens\":[{\"id\":1,\"content\":\"a\"}],\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_FORMAT,
           "vocabulary says 0");
    refuse("{\"added_tokens\":[{\"id\":9,\"content\":\"x\"}],\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", HONE_FORMAT,
           "no token has id 1");
}

/* Characters instead of bytes: unknown ones, with and without unk_token, fused, or as <0xNN>. */
static void unknown_characters(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int32_t ids[5];
        size_t n;
    } cases[] = {
        {MODEL("{\"a\":0,\"b\":1,\"ab\":2}", "[[\"a\",\"b\"]]"), {2, 0}, 2},
        {"{\"model\":{\"type\":\"BPE\",\"unk_token\":\"?\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"?\":3},\"merges\":[\"a b\"]}}",
         {2, 3, 3, 0},
         4},
        {"{\"model\":{\"type\":\"BPE\",\"unk_token\":\"?\",\"fuse_unk\":true,\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"?\":3},\"merges\":[\"a "
         "b\"]}}",
         {2, 3, 0},
         3},
        {"{\"model\":{\"type\":\"BPE\",\"byte_fallback\":true,\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"<0x63>\":3,\"<0xC3>\":4,\"<0xA9>\":5},"
         "\"merges\":[\"a b\"]}}",
         {2, 3, 4, 5, 0},
         5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hone_tokenizer *tok = NULL;
        hone_ids ids = HONE_IDS_INIT;
        assert_ok(hone_tokenizer_from_bytes(&tok, cases[i].json, strlen(cases[i].json)));
        assert_ok(hone_tokenizer_encode_ids(&ids, tok, HONE_TEXT("abcéa"), true));
        assert_int_equal(ids.n, cases[i].n);
        assert_memory_equal(ids.data, cases[i].ids, ids.n * sizeof *ids.data);
        hone_ids_dispose(&ids);
        hone_tokenizer_free(tok);
    }
}

static void merges_files_name_their_line(void **state)
{
    (void)state;
    const char *folder = test_temp("gpt2");
    char path[4096];
    hone_tokenizer *tok = NULL;
    assert_ok(hone__make_dirs(folder));
    assert_fails(HONE_NOT_FOUND, "merges.txt", hone_tokenizer_from_pretrained(&tok, folder));
    snprintf(path, sizeof path, "%s/vocab.json", folder);
    test_write_text(path, "{\"a\": 0, \"b\": 1, \"ab\": 2}");
    snprintf(path, sizeof path, "%s/merges.txt", folder);
    test_write_text(path, "#version: 0.2\na b\nb b\n");
    assert_fails(HONE_FORMAT, "merges.txt:3: merge \"b\" \"b\"", hone_tokenizer_from_pretrained(&tok, folder));
    test_write_text(path, "#version: 0.2\r\na b\r\n");
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    hone_tokenizer_free(tok);
    assert_fails(HONE_NOT_FOUND, "no such file", hone_tokenizer_from_pretrained(&tok, "bert-base-cased"));
}

/* vocab.txt with CRLF lines; [UNK], [CLS] and [SEP] must be there. */
static void vocab_txt(void **state)
{
    (void)state;
    const char *folder = test_temp("bert");
    char path[4096];
    hone_tokenizer *tok = NULL;
    size_t n;
    assert_ok(hone__make_dirs(folder));
    snprintf(path, sizeof path, "%s/vocab.txt", folder);
    test_write_text(path, "[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\n##b\r\n");
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    assert_int_equal(hone_tokenizer_token_to_id(tok, "##b"), 4);
    assert_ok(hone_tokenizer_count(&n, tok, HONE_TEXT("AB c"), true)); /* [CLS] a ##b [UNK] [SEP] */
    assert_int_equal(n, 5);
    assert_int_equal(hone_tokenizer_special_id(tok, HONE_SPECIAL_CLS), 1);
    hone_tokenizer_free(tok);
    test_write_text(path, "[UNK]\na\na\n");
    assert_fails(HONE_FORMAT, "vocab.txt:3: token \"a\" appears twice", hone_tokenizer_from_pretrained(&tok, folder));
    test_write_text(path, "a\nb\n");
    assert_fails(HONE_FORMAT, "[UNK]", hone_tokenizer_from_pretrained(&tok, folder));
    test_write_text(path, "[UNK]\nb\n");
    assert_fails(HONE_FORMAT, "[CLS]", hone_tokenizer_from_pretrained(&tok, folder));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(broken_json),
                                          cmocka_unit_test(wrong_kinds),
                                          cmocka_unit_test(vocabularies_and_merges),
                                          cmocka_unit_test(unknown_characters),
                                          cmocka_unit_test(merges_files_name_their_line),
                                          cmocka_unit_test(vocab_txt)};
TEST_MAIN(tests)
