/* Rows of words as examples with labels for tokens: labels inside words, words that vanish, rows that are cut, windows, the same for any number of threads. */
#include "support/support.h"

#include <hone/dataset.h>

static char path[4096];

static hone_dataset *load(const char *text)
{
    hone_dataset *d;
    snprintf(path, sizeof(path), "%s", test_temp("data.conll"));
    test_write_text(path, text);
    assert_ok(hone_dataset_load(&d, (const char *[]){path}, 1, NULL));
    return d;
}

/* A WordPiece tokenizer whose words are letters: "abc" gives a, ##b, ##c; uncased, so that U+200B and U+00AD vanish. */
static hone_tokenizer *letters(void)
{
    static const char *const entries[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "##a", "##b", "##c", "##d"};
    char folder[4096], vocab[4096] = "";
    hone_tokenizer *tok;
    snprintf(folder, sizeof(folder), "%s", test_temp("letters"));
    assert_ok(hone__make_dirs(folder));
    for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
        snprintf(vocab + strlen(vocab), sizeof(vocab) - strlen(vocab), "%s\n", entries[i]);
    strcat(folder, "/vocab.txt");
    test_write_text(folder, vocab);
    folder[strlen(folder) - strlen("/vocab.txt")] = '\0';
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    return tok;
}

static void assert_ints(const int32_t *got, size_t n, const char *expected)
{
    char text[512] = "";
    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", i ? " " : "", got[i]);
    assert_string_equal(text, expected);
}

static void assert_example(const hone_examples *e, int64_t i, const char *ids, const char *words, const char *labels)
{
    hone_example x;
    assert_ok(hone_examples_get(e, i, &x));
    assert_int_equal(hone_examples_length(e, i), x.n_tokens);
    assert_ints(x.input_ids, (size_t)x.n_tokens, ids);
    assert_ints(hone_token_examples_get_info(e)->word_ids[i], (size_t)x.n_tokens, words);
    assert_ints(x.labels, (size_t)x.n_tokens, labels);
    assert_null(x.token_type_ids);
}

/* Classes: O B-X I-X. */
static void labels_follow_words(void **state)
{
    int32_t inside[3] = {0, 2, 2};
    hone_token_examples_options o = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_dataset *d = load("ab B-X\nc O\n\na\tB-X\n\xE2\x80\x8B\tI-X\n\xC2\xAD\tB-X\nbcd\tI-X\n");
    hone_tokenizer *tok = letters();
    hone_examples *e;
    (void)state;
    o.inside = inside;
    assert_ok(hone_token_examples(&e, d, tok, &o));
    const hone_token_examples_info *info = hone_token_examples_get_info(e);
    assert_int_equal(info->n_rows, 2);
    assert_int_equal(info->n_examples, 2);
    assert_int_equal(info->n_tokens, 11);
    assert_int_equal(info->n_vanished_words, 2);
    assert_int_equal(info->n_truncated + info->n_lost_words, 0);
    assert_int_equal(info->longest, 6);
    assert_example(e, 0, "2 5 10 7 3", "-1 0 0 1 -1", "-100 1 2 0 -100");
    assert_example(e, 1, "2 5 6 11 12 3", "-1 0 3 3 3 -1", "-100 1 2 2 2 -100");
    hone_examples_free(e);
    o.label_all_tokens = false;
    assert_ok(hone_token_examples(&e, d, tok, &o));
    assert_example(e, 1, "2 5 6 11 12 3", "-1 0 3 3 3 -1", "-100 1 2 -100 -100 -100");
    hone_examples_free(e);
    o.label_all_tokens = true;
    o.inside = (const int32_t[]){0, 1, 2, 3, 4, 5, 6, 5};
    o.ids = (const int32_t[]){3, 7, 5};
    o.max_examples = 1;
    assert_ok(hone_token_examples(&e, d, tok, &o));
    assert_int_equal(hone_examples_count(e), 1);
    assert_example(e, 0, "2 5 10 7 3", "-1 0 0 1 -1", "-100 7 5 3 -100");
    hone_examples_free(e);
    hone_tokenizer_free(tok);
    hone_dataset_free(d);
}

static void long_rows_are_cut(void **state)
{
    hone_token_examples_options o = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_dataset *d = load("a O\nbcd B-X\na O\nb O\n\na O\n");
    hone_tokenizer *tok = letters();
    hone_examples *e;
    (void)state;
    o.max_length = 5;
    assert_ok(hone_token_examples(&e, d, tok, &o));
    const hone_token_examples_info *info = hone_token_examples_get_info(e);
    assert_int_equal(info->n_truncated, 1);
    assert_int_equal(info->n_lost_words, 2);
    assert_int_equal(info->n_vanished_words, 0);
    assert_example(e, 0, "2 5 6 11 3", "-1 0 1 1 -1", "-100 0 1 1 -100");
    assert_example(e, 1, "2 5 3", "-1 0 -1", "-100 0 -100");
    hone_examples_free(e);
    hone_tokenizer_free(tok);
    hone_dataset_free(d);
}

/* Tokens of the row: a b ##c ##d a b, three a window. */
static void windows(void **state)
{
    hone_token_examples_options o = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_dataset *d = load("a O\nbcd B-X\na B-X\nb O\n\nd O\n");
    hone_tokenizer *tok = letters();
    hone_examples *e;
    (void)state;
    o.max_length = 5;
    o.windows = true;
    o.inside = (const int32_t[]){0, 2, 2};
    assert_ok(hone_token_examples(&e, d, tok, &o));
    const hone_token_examples_info *info = hone_token_examples_get_info(e);
    assert_int_equal(info->n_examples, 3);
    assert_int_equal(info->n_truncated + info->n_lost_words, 0);
    assert_example(e, 0, "2 5 6 11 3", "-1 0 1 1 -1", "-100 0 1 2 -100");
    assert_example(e, 1, "2 12 5 6 3", "-1 1 2 3 -1", "-100 2 1 0 -100"); /* ##d: the word began before */
    assert_example(e, 2, "2 8 3", "-1 0 -1", "-100 0 -100");
    assert_int_equal(info->row_of[1], 0);
    assert_int_equal(info->row_of[2], 1);
    assert_ints(info->starts, 3, "0 3 0");
    hone_examples_free(e);
    o.stride = 1;
    assert_ok(hone_token_examples(&e, d, tok, &o));
    info = hone_token_examples_get_info(e);
    assert_int_equal(info->n_examples, 4);
    assert_example(e, 1, "2 11 12 5 3", "-1 1 1 2 -1", "-100 2 2 1 -100");
    assert_example(e, 2, "2 5 6 3", "-1 2 3 -1", "-100 1 0 -100");
    assert_ints(info->starts, 4, "0 2 4 0");
    hone_examples_free(e);
    o.label_all_tokens = false;
    assert_ok(hone_token_examples(&e, d, tok, &o));
    assert_example(e, 1, "2 11 12 5 3", "-1 1 1 2 -1", "-100 -100 -100 1 -100");
    hone_examples_free(e);
    o.stride = 3;
    assert_fails(HONE_INVALID_ARGUMENT, "data.conll:1: ", hone_token_examples(&e, d, tok, &o));
    o.max_length = 0;
    assert_fails(HONE_INVALID_ARGUMENT, "windows of long rows need a max_length", hone_token_examples(&e, d, tok, &o));
    hone_tokenizer_free(tok);
    hone_dataset_free(d);
}

/* A row without words has the special tokens only; data without labels gives examples without. */
static void rows_without_words_or_labels(void **state)
{
    hone_dataset *d;
    hone_tokenizer *tok = letters();
    hone_examples *e;
    hone_example x;
    (void)state;
    snprintf(path, sizeof(path), "%s", test_temp("data.jsonl"));
    test_write_text(path, "{\"tokens\": []}\n{\"tokens\": [\"ab\", \"\"]}\n");
    assert_ok(hone_dataset_load(&d, (const char *[]){path}, 1, NULL));
    assert_ok(hone_token_examples(&e, d, tok, NULL));
    assert_ok(hone_examples_get(e, 0, &x));
    assert_ints(x.input_ids, (size_t)x.n_tokens, "2 3");
    assert_null(x.labels);
    assert_ok(hone_examples_get(e, 1, &x));
    assert_ints(x.input_ids, (size_t)x.n_tokens, "2 5 10 3");
    assert_int_equal(hone_token_examples_get_info(e)->n_vanished_words, 1);
    hone_examples_free(e);
    hone_dataset_free(d);
    test_write_text(path, "{\"text\": \"a\", \"label\": 1}\n");
    assert_ok(hone_dataset_load(&d, (const char *[]){path}, 1, NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "the data has no column of words: text", hone_token_examples(&e, d, tok, NULL));
    hone_dataset_free(d);
    hone_tokenizer_free(tok);
}

/* Many blocks: the same examples with one thread and with four. */
static void threads_agree(void **state)
{
    hone_token_examples_options o = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_str text = HONE_STR_INIT;
    hone_examples *e[2];
    (void)state;
    for (int i = 0; i < 500; i++)
        for (int k = 0; k <= i % 7; k++)
            hone__str_printf(&text, "%.*s %s\n%s", 1 + (i + k) % 4, "abcdabcd" + k % 4, k % 3 ? "I-X" : "O", k == i % 7 ? "\n" : "");
    hone_dataset *d = load(text.data);
    hone_tokenizer *tok = letters();
    o.max_length = 8;
    o.windows = true;
    for (int i = 0; i < 2; i++) {
        o.n_threads = i ? 4 : 1;
        assert_ok(hone_token_examples(&e[i], d, tok, &o));
    }
    assert_int_equal(hone_examples_count(e[0]), hone_examples_count(e[1]));
    assert_in_range(hone_examples_count(e[0]), 501, 10000);
    for (int64_t i = 0; i < hone_examples_count(e[0]); i++) {
        hone_example a, b;
        assert_ok(hone_examples_get(e[0], i, &a));
        assert_ok(hone_examples_get(e[1], i, &b));
        assert_int_equal(a.n_tokens, b.n_tokens);
        assert_memory_equal(a.input_ids, b.input_ids, (size_t)a.n_tokens * sizeof(int32_t));
        assert_memory_equal(a.labels, b.labels, (size_t)a.n_tokens * sizeof(int32_t));
        assert_int_equal(hone_token_examples_get_info(e[0])->row_of[i], hone_token_examples_get_info(e[1])->row_of[i]);
    }
    hone_examples_free(e[0]);
    hone_examples_free(e[1]);
    hone__str_dispose(&text);
    hone_tokenizer_free(tok);
    hone_dataset_free(d);
}

static void inside_by_name(void **state)
{
    static const char *const names[] = {"I-Y", "B-X", "O", "B-Y", "I-X", "B-Z", "B", "I", "BIG", "IIG"};
    int32_t inside[10];
    (void)state;
    hone_inside_labels(inside, names, 10);
    assert_ints(inside, 10, "0 4 2 0 4 5 7 7 8 9");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(labels_follow_words),
    cmocka_unit_test(long_rows_are_cut),
    cmocka_unit_test(windows),
    cmocka_unit_test(threads_agree),
    cmocka_unit_test(rows_without_words_or_labels),
    cmocka_unit_test(inside_by_name),
};
TEST_MAIN(tests)
