/* Every case of the fixtures tok/… (format: the docstring of tokenize_cases.py), all eight fields of every window, and tokenizer.json byte for byte. */
#include "tokenizer_cases.h"

static void check_cases(const char *folder)
{
    char path[4096], *line = NULL;
    size_t capacity = 0, n = 0;
    hone_tokenizer *tok = NULL;
    snprintf(path, sizeof path, "tok/%s/tokenizer.json", folder);
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture(path)));
    snprintf(path, sizeof path, "tok/%s/cases.jsonl", folder);
    FILE *f = fopen(test_fixture(path), "r");
    assert_non_null(f);
    for (ssize_t len; (len = getline(&line, &capacity, f)) > 0; n++) {
        json_t *c = NULL;
        assert_int_equal(hone__json_parse(&c, line, (size_t)len, path), HONE_OK);
        check_case(tok, c, n + 1);
        json_decref(c);
    }
    print_message("%s: %zu cases\n", folder, n);
    assert_in_range(n, 100, 1000000);
    free(line);
    fclose(f);
    hone_tokenizer_free(tok);
}

static void gpt2_cases_match(void **state)
{
    (void)state;
    check_cases("gpt2");
}

static void bert_cased_cases_match(void **state)
{
    (void)state;
    check_cases("bert-cased");
}

static void bert_uncased_cases_match(void **state)
{
    (void)state;
    check_cases("bert-uncased");
}

/* What was read is written as the reference wrote it. */
static void check_saved(const char *folder)
{
    char path[4096], *got = NULL;
    size_t n = 0, n_got = 0;
    hone_tokenizer *tok = NULL;
    snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    char *expected = test_read(test_fixture(path), &n);
    assert_int_equal(hone_tokenizer_from_bytes(&tok, expected, n), HONE_OK);
    assert_int_equal(hone_tokenizer_to_json(&got, &n_got, tok), HONE_OK);
    assert_int_equal(n_got, n);
    assert_memory_equal(got, expected, n);
    hone_tokenizer_free_text(got);
    hone__free(expected);
    hone_tokenizer_free(tok);
}

static void json_is_written_as_read(void **state)
{
    (void)state;
    check_saved("tok/gpt2");
    check_saved("task/train_bpe");
    check_saved("tok/bert-cased");
    check_saved("tok/bert-uncased");
    check_saved("task/train_wordpiece");
}

/* A folder of plain vocabulary files gives the same tokenizer as the reference's tokenizer.json. */
static void check_folder(const char *name, const char *const files[][2], size_t n_files, const char *config)
{
    const char *folder = test_temp(name);
    char path[4096], *got = NULL;
    size_t len, n_got;
    hone_tokenizer *tok = NULL;
    assert_ok(hone__make_dirs(folder));
    for (size_t i = 0; i < n_files; i++) {
        char *text = test_read(test_data(files[i][0]), &len);
        snprintf(path, sizeof path, "%s/%s", folder, files[i][1]);
        test_write(path, text, len);
        hone__free(text);
    }
    snprintf(path, sizeof path, "%s/tokenizer_config.json", folder);
    test_write_text(path, config);
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    assert_ok(hone_tokenizer_to_json(&got, &n_got, tok));
    snprintf(path, sizeof path, "tok/%s/tokenizer.json", name);
    char *expected = test_read(test_fixture(path), &len);
    assert_int_equal(n_got, len);
    assert_memory_equal(got, expected, len);
    hone_tokenizer_free_text(got);
    hone__free(expected);
    hone_tokenizer_free(tok);
}

static void plain_vocabularies_are_read(void **state)
{
    (void)state;
    static const char *const gpt2[][2] = {{"vocab/gpt2-vocab.json", "vocab.json"}, {"vocab/gpt2-merges.txt", "merges.txt"}},
                             *const cased[][2] = {{"vocab/bert-base-cased-vocab.txt", "vocab.txt"}},
                             *const uncased[][2] = {{"vocab/bert-base-uncased-vocab.txt", "vocab.txt"}};
    check_folder("gpt2", gpt2, 2, "{}");
    check_folder("bert-cased", cased, 1, "{\"do_lower_case\": false}");
    check_folder("bert-uncased", uncased, 1, "{\"model_max_length\": 512}");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(gpt2_cases_match), cmocka_unit_test(bert_cased_cases_match),
                                          cmocka_unit_test(bert_uncased_cases_match), cmocka_unit_test(json_is_written_as_read),
                                          cmocka_unit_test(plain_vocabularies_are_read)};
TEST_MAIN(tests)
