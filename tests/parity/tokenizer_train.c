/* Training gives the reference's tokenizer.json (fixture task/train_bpe), entry for entry and byte for byte, for any number of threads and any way in. */
#include "support/support.h"
#include "tokenizer/tokenizer.h"

typedef struct lines {
    const char *at, *end;
} lines;

static char *corpus, *expected;
static size_t corpus_len, expected_len;

static hone_status next_line(void *payload, hone_text *out)
{
    lines *l = payload;
    if (l->at == l->end)
        return HONE_OK;
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    *out = (hone_text){l->at, newline ? (size_t)(newline - l->at) + 1 : (size_t)(l->end - l->at)};
    l->at += out->len;
    return HONE_OK;
}

static void load(void)
{
    hone__free(corpus);
    hone__free(expected);
    corpus = expected = NULL;
    corpus = test_read(test_fixture("task/train_bpe/corpus.txt"), &corpus_len);
    expected = test_read(test_fixture("task/train_bpe/tokenizer.json"), &expected_len);
}

static void assert_expected(const hone_tokenizer *tok)
{
    char *got = NULL;
    size_t n = 0;
    assert_int_equal(hone_tokenizer_to_json(&got, &n, tok), HONE_OK);
    assert_int_equal(n, expected_len);
    assert_memory_equal(got, expected, n);
    hone_tokenizer_free_text(got);
}

static void from_callback(void **state)
{
    (void)state;
    load();
    for (int threads = 1; threads <= 3; threads++) {
        hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
        o.vocab_size = 2000;
        o.n_threads = threads;
        hone_tokenizer *tok = NULL;
        lines l = {corpus, corpus + corpus_len};
        assert_int_equal(hone_tokenizer_train(&tok, &o, next_line, &l), HONE_OK);
        assert_expected(tok);
        hone_tokenizer_free(tok);
    }
}

static void from_file(void **state)
{
    (void)state;
    load();
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    o.vocab_size = 2000;
    hone_tokenizer *tok = NULL;
    const char *paths[] = {test_fixture("task/train_bpe/corpus.txt")};
    assert_int_equal(hone_tokenizer_train_files(&tok, &o, paths, 1), HONE_OK);
    assert_expected(tok);
    hone_tokenizer_free(tok);
}

static void from_old_tokenizer(void **state)
{
    (void)state;
    load();
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    o.vocab_size = 2000;
    hone_tokenizer *old = NULL, *tok = NULL;
    lines l = {corpus, corpus + corpus_len};
    assert_int_equal(hone_tokenizer_from_bytes(&old, expected, expected_len), HONE_OK);
    assert_int_equal(hone_tokenizer_train_new_from_iterator(&tok, old, &o, next_line, &l), HONE_OK);
    assert_expected(tok);
    assert_int_equal(hone_tokenizer_special_id(tok, HONE_SPECIAL_EOS), 0);
    hone_tokenizer_free(old);
    hone_tokenizer_free(tok);
}

static size_t count_tokens(const hone_tokenizer *tok, const char *text, size_t len)
{
    lines l = {text, text + len};
    size_t n = 0, one;
    for (hone_text line = {NULL, 0}; next_line(&l, &line) == HONE_OK && line.data; line.data = NULL) {
        assert_ok(hone_tokenizer_count(&one, tok, line, true));
        n += one;
    }
    return n;
}

/* The reference numbers the ## letters in the order of a hash table, so that two of its own runs differ: special tokens and letters have the same ids, at most 1 %
 * of the entries differ, the corpus takes the same number of tokens to 0.1 %. Any number of threads gives the same file. */
static void wordpiece(void **state)
{
    (void)state;
    size_t n_expected, len, n_missing = 0;
    hone_tokenizer *reference = NULL, *tok = NULL;
    char *text = test_read(test_fixture("task/train_wordpiece/corpus.txt"), &len), *first = NULL, *json;
    assert_ok(hone_tokenizer_from_pretrained(&reference, test_fixture("task/train_wordpiece/tokenizer.json")));
    for (int threads = 1; threads < 4; threads++) {
        hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
        lines l = {text, text + len};
        o.kind = HONE_TOKENIZER_WORDPIECE;
        o.vocab_size = 2000;
        o.lowercase = true;
        o.n_threads = threads;
        hone_tokenizer_free(tok);
        assert_ok(hone_tokenizer_train(&tok, &o, next_line, &l));
        assert_ok(hone_tokenizer_to_json(&json, NULL, tok));
        if (first)
            assert_string_equal(json, first);
        hone_tokenizer_free_text(first);
        first = json;
    }
    assert_int_equal(hone_tokenizer_vocab_size(tok, true), hone_tokenizer_vocab_size(reference, true));
    bool letters = true;
    for (int32_t id = 0; id < 2000; id++) {
        const char *token = hone_tokenizer_id_to_token(reference, id);
        letters = letters && strncmp(token, "##", 2) != 0;
        if (letters)
            assert_string_equal(hone_tokenizer_id_to_token(tok, id), token);
        n_missing += hone_tokenizer_token_to_id(tok, token) < 0;
    }
    assert_in_range(n_missing, 0, 20);
    n_expected = count_tokens(reference, text, len);
    size_t n = count_tokens(tok, text, len);
    print_message("wordpiece: %zu of 2000 entries differ, %zu tokens beside %zu\n", n_missing, n, n_expected);
    assert_in_range(n, n_expected - n_expected / 1000, n_expected + n_expected / 1000);
    hone_tokenizer_free_text(first);
    hone__free(text);
    hone_tokenizer_free(tok);
    hone_tokenizer_free(reference);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(from_callback), cmocka_unit_test(from_file),
                                          cmocka_unit_test(from_old_tokenizer), cmocka_unit_test(wordpiece)};
TEST_MAIN(tests)
