/* Texts in pieces: where hone__tokenizer_cut says, pieces have the ids of the whole; tokenizers of which that cannot be said are known. */
#include "support/support.h"
#include "tokenizer/pieces.h"

#include <stdlib.h>

static hone_ids encode(const hone_tokenizer *tok, const char *text, size_t len)
{
    hone_ids ids = HONE_IDS_INIT;
    assert_ok(hone_tokenizer_encode_ids(&ids, tok, (hone_text){text, len}, false));
    return ids;
}

/* In pieces of at least `step` bytes. Returns how many there were. */
static size_t check_pieces(const hone_tokenizer *tok, const char *text, size_t len, size_t step)
{
    hone_ids whole = encode(tok, text, len), pieces = HONE_IDS_INIT;
    size_t n = 0;
    for (size_t at = 0; at < len; n++) {
        size_t cut = hone__tokenizer_cut(text + at, len - at, step);
        assert_true(cut > 0 && cut <= len - at);
        assert_ok(hone_tokenizer_encode_ids(&pieces, tok, (hone_text){text + at, cut}, false));
        at += cut;
    }
    assert_int_equal(pieces.n, whole.n);
    if (whole.n)
        assert_memory_equal(pieces.data, whole.data, whole.n * sizeof(*whole.data));
    hone_ids_dispose(&whole);
    hone_ids_dispose(&pieces);
    return n;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* What could go wrong beside a newline: runs of whitespace, signs, apostrophes, letters that combine, special tokens. */
static size_t make_text(char *out, size_t n_words, uint32_t *state)
{
    static const char *const words[] = {"\n",
                                        "\n",
                                        "\n",
                                        " ",
                                        "  ",
                                        "\t",
                                        "\r",
                                        "\n\n",
                                        "a",
                                        "B",
                                        "7",
                                        "'s",
                                        "'",
                                        "(",
                                        ")",
                                        "://",
                                        "e\xCC\x81",
                                        "\xCC\x81",
                                        "\xE4\xB8\xAD",
                                        "\xC2\xA0",
                                        "<|endoftext|>",
                                        "[MASK]",
                                        "[SEP]",
                                        "hello",
                                        "world",
                                        "x_y",
                                        "\xC3\x9F",
                                        "\xE2\x80\x8D",
                                        "\xEF\xBC\xA1",
                                        "__",
                                        "42"};
    size_t len = 0;
    for (size_t i = 0; i < n_words; i++) {
        const char *word = words[next_random(state) % (sizeof(words) / sizeof(*words))];
        memcpy(out + len, word, strlen(word));
        len += strlen(word);
    }
    return len;
}

static void check_tokenizer(const char *folder)
{
    hone_tokenizer *tok = NULL;
    static char text[1 << 14];
    uint32_t state = 5;
    size_t n = 0;
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    assert_true(hone__tokenizer_cuts_at_lines(tok));
    for (int i = 0; i < 400; i++) {
        size_t len = make_text(text, 400, &state);
        n += check_pieces(tok, text, len, 1 + next_random(&state) % 40);
    }
    assert_true(n > 4000);
    hone_tokenizer_free(tok);
}

static void random_texts(void **state)
{
    (void)state;
    check_tokenizer(test_fixture("tok/gpt2"));
    check_tokenizer(test_fixture("tok/bert-uncased"));
    check_tokenizer(test_fixture("tok/bert-cased"));
}

static void real_texts(void **state)
{
    (void)state;
    static const char *const names[] = {"argparse.py.txt", "textwrap.py.txt", "wikitext2_valid.txt"};
    hone_tokenizer *tok = NULL;
    size_t len;
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture("tok/gpt2")));
    for (int i = 0; i < 3; i++) {
        char *text = test_read(test_data(names[i]), &len);
        size_t n = check_pieces(tok, text, len, 1000);
        if (i < 2)
            assert_true(n > len / 1200); /* the Wiki's lines end with a space */
        hone__free(text);
    }
    hone_tokenizer_free(tok);
}

static void places(void **state)
{
    (void)state;
    assert_int_equal(hone__tokenizer_cut("ab\ncd", 5, 0), 2);
    assert_int_equal(hone__tokenizer_cut("ab\ncd", 5, 2), 2);
    assert_int_equal(hone__tokenizer_cut("ab\ncd", 5, 3), 5);
    assert_int_equal(hone__tokenizer_cut("ab \n\ncd\n e\nf", 12, 0), 7);
    assert_int_equal(hone__tokenizer_cut("\nab", 3, 0), 3);
    assert_int_equal(hone__tokenizer_cut("ab\n", 3, 0), 2);
    assert_int_equal(hone__tokenizer_cut("\xC3\xA9\n", 3, 0), 3);
    assert_int_equal(hone__tokenizer_cut("a\r\nb", 4, 0), 4);
    assert_int_equal(hone__tokenizer_cut("", 0, 0), 0);
}

/* Parts that look further than a line, or may. */
static void others_are_not_cut(void **state)
{
    (void)state;
    static const char *const parts[][3] = {
        /* added token, normalizer, pre-tokenizer */
        {"", "null", "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}"},
        {"", "null", "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}"},
        {"", "null", "null"},
        {"", "null",
         "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":"
         "false},"
         "{\"type\":\"Whitespace\"}]}"},
        {"", "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}", "{\"type\":\"WhitespaceSplit\"}"},
        {"", "{\"type\":\"Prepend\",\"prepend\":\"_\"}", "{\"type\":\"WhitespaceSplit\"}"},
        {"{\"id\":0,\"content\":\"a\",\"single_word\":false,\"lstrip\":true,\"rstrip\":false,\"normalized\":false,\"special\":true}",
         "null", "{\"type\":\"WhitespaceSplit\"}"},
        {"{\"id\":2,\"content\":\"a\\nb\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":"
         "true}",
         "null", "{\"type\":\"WhitespaceSplit\"}"},
        {"{\"id\":0,\"content\":\"a\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}",
         "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFD\"},{\"type\":\"Lowercase\"}]}",
         "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":false},{\"type\":\"WhitespaceSplit\"}]"
         "}"}, /* this one is */
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        hone_str json = HONE_STR_INIT;
        hone_tokenizer *tok = NULL;
        hone__str_printf(&json,
                         "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[%s],\"normalizer\":%s,\"pre_"
                         "tokenizer\":%s,\"post_processor\":null,"
                         "\"decoder\":null,\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0,\"[UNK]\":1},\"unk_token\":\"[UNK]\"}}",
                         parts[i][0], parts[i][1], parts[i][2]);
        assert_ok(hone_tokenizer_from_bytes(&tok, json.data, json.len));
        assert_int_equal(hone__tokenizer_cuts_at_lines(tok), i + 1 == sizeof(parts) / sizeof(*parts));
        hone_tokenizer_free(tok);
        hone__str_dispose(&json);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(random_texts),
    cmocka_unit_test(real_texts),
    cmocka_unit_test(places),
    cmocka_unit_test(others_are_not_cut),
};
TEST_MAIN(tests)
