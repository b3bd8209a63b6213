/* The fast way of BERT's tokenizers against the general one: every code point between letters and marks, random texts, words that were split before, for the
 * normalizer's options. No fixture needed. */
#include "support/support.h"
#include "tokenizer/encoder.h"
#include "tokenizer/unicode.h"
#include <stdlib.h>

static const char format[] =
    "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":["
    "{\"id\":0,\"content\":\"[UNK]\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true},"
    "{\"id\":1,\"content\":\"[MASK]\",\"single_word\":false,\"lstrip\":true,\"rstrip\":false,\"normalized\":false,\"special\":true},"
    "{\"id\":2,\"content\":\"xy\",\"single_word\":true,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":false}],"
    "\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":%s,\"handle_chinese_chars\":%s,\"strip_accents\":%s,\"lowercase\":%s},"
    "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"post_processor\":null,\"decoder\":null,"
    "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":%d,"
    "\"vocab\":{"
    "\"[UNK]\":0,\"[MASK]\":1,\"xy\":2";

static const char *const pieces[] = {"a",    "b",   "ab",   "abc",  "hello", "world",  "don", "t",   "é",   "e",   "i",     "ı",
                                     "ss",   "你",  "好",   "!",    ".",     "=",      "-",   "'",   "。",  "¡",   "[",     "]",
                                     "mask", "ж",   "у",    "ку",   "ᄒ",    "1",      "2",   "12",  "x",   "A",   "Hello", "É",
                                     "B",    "##a", "##b",  "##c",  "##ab",  "##orld", "##e", "##é", "##i", "##s", "##t",   "##1",
                                     "##2",  "##у", "##ку", "##ᅡ", "##ᆫ",  "##x",    "##y", "##A", "##B"};

typedef struct options {
    const char *clean, *chinese, *strip, *lower;
    int max_chars;
} options;

static const options all[] = {{"true", "true", "null", "true", 100},
                              {"true", "true", "null", "false", 100},
                              {"false", "false", "true", "false", 8},
                              {"false", "true", "false", "true", 5},
                              {"true", "false", "true", "true", 0}};

static void assert_same(const hone_encoding *a, const hone_encoding *b, hone_text text)
{
    hone_str x = HONE_STR_INIT, y = HONE_STR_INIT;
    hone__encoding_write_json(&x, a);
    hone__encoding_write_json(&y, b);
    if (strcmp(x.data, y.data) != 0)
        fail_msg("\"%.*s\": fast %.2000s general %.2000s", (int)(text.len < 200 ? text.len : 200), text.data, x.data, y.data);
    assert_memory_equal(hone_encoding_offsets(a), hone_encoding_offsets(b), hone_encoding_n_tokens(a) * sizeof(hone_span));
    hone__str_dispose(&x);
    hone__str_dispose(&y);
}

/* Again and again, so that the cache answers, too; and ids only, which need not know places. */
static void check(hone_tokenizer *tok, hone_encode_input input)
{
    hone_encoding *general = NULL, *fast = NULL;
    hone_ids ids = HONE_IDS_INIT;
    size_t n;
    assert_ok(hone_tokenizer_encode_input(&fast, tok, &input, NULL)); /* so that the encoder has a cache */
    hone_encoding_free(fast);
    tok->bert.usable = false;
    assert_ok(hone_tokenizer_encode_input(&general, tok, &input, NULL));
    tok->bert.usable = true;
    if (!input.first.words) {
        assert_ok(hone_tokenizer_encode_ids(&ids, tok, input.first.text, true));
        assert_ok(hone_tokenizer_count(&n, tok, input.first.text, true));
        assert_int_equal(n, ids.n);
        assert_int_equal(ids.n, hone_encoding_n_tokens(general));
        if (n)
            assert_memory_equal(ids.data, hone_encoding_ids(general), n * sizeof *ids.data);
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(hone_tokenizer_encode_input(&fast, tok, &input, NULL));
        assert_same(fast, general, input.first.text);
        hone_encoding_free(fast);
    }
    hone_ids_dispose(&ids);
    hone_encoding_free(general);
}

static void check_text(hone_tokenizer *tok, const char *text, size_t len)
{
    check(tok, (hone_encode_input){{{text, len}, NULL, 0}, {{NULL, 0}, NULL, 0}});
}

static hone_tokenizer *make(const options *o)
{
    hone_str text = HONE_STR_INIT;
    hone_tokenizer *tok = NULL;
    hone__str_printf(&text, format, o->clean, o->chinese, o->strip, o->lower, o->max_chars);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        hone__str_printf(&text, ",\"%s\":%zu", pieces[i], i + 3);
    hone__str_puts(&text, "}}}");
    assert_ok(hone_tokenizer_from_bytes(&tok, text.data, text.len));
    hone__str_dispose(&text);
    assert_true(tok->bert.usable);
    return tok;
}

static void put(hone_str *out, uint32_t cp)
{
    char bytes[4];
    hone__str_append(out, bytes, hone__utf8_encode(bytes, cp));
}

/* The block's characters between letters, alone, and among marks of several classes, of which one (U+1DF6) is newer than the reference's table. */
static void put_block(hone_str *out, uint32_t block)
{
    hone__str_clear(out);
    for (uint32_t cp = block << 8; cp < (block + 1) << 8; cp++) {
        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        hone__str_puts(out, "ab");
        put(out, cp);
        hone__str_puts(out, "Ab ");
        put(out, cp);
        hone__str_puts(out, "\u1DF6\u0327 a\u0301\u1DF6");
        put(out, cp);
        hone__str_puts(out, "\u0323\n");
    }
}

static void every_character_is_as_in_the_general_way(void **state)
{
    (void)state;
    hone_str text = HONE_STR_INIT;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        hone_tokenizer *tok = make(&all[i]);
        for (uint32_t block = 0; block < 0x1100; block++) {
            bool dull = (block >= 0x202 && block < 0x2A6) || (block >= 0x2A8 && block < 0x2B6) || (block >= 0x2BA && block < 0x2CE) ||
                        (block >= 0x2D0 && block < 0x2F8) || (block >= 0x302 && block < 0xE00) || (block >= 0xE02 && block < 0x10FF);
            if (dull || (block > 0x34 && block < 0xA0 && block % 16 != 0) || (block > 0xAC && block < 0xD7 && block % 4 != 0))
                continue; /* Chinese characters and Hangul, and what is not assigned */
            put_block(&text, block);
            check_text(tok, text.data, text.len);
        }
        hone_tokenizer_free(tok);
    }
    hone__str_dispose(&text);
}

static size_t random_text(char *out, size_t n_parts, unsigned *seed)
{
    static const char *const parts[] = {"hello",
                                        "Hello",
                                        "WORLD",
                                        "don't",
                                        " ",
                                        "  ",
                                        "\n",
                                        "\t",
                                        "\u00a0",
                                        "\u3000",
                                        "\u200b",
                                        "\u00ad",
                                        "\u2260",
                                        "é",
                                        "e\u0301",
                                        "İ",
                                        "你好",
                                        "[MASK]",
                                        " [MASK]",
                                        "xy",
                                        "-xy-",
                                        "axy",
                                        "。",
                                        "!",
                                        "\x01",
                                        "\x7f",
                                        "ab12",
                                        "한",
                                        "\u0327",
                                        "жуку",
                                        "abcabcabcabcabcabcabcabcabc",
                                        "\u037e",
                                        "ß",
                                        "[",
                                        "\xff",
                                        "\xe4\xbd"};
    size_t len = 0;
    for (size_t i = 0; i < n_parts; i++) {
        unsigned r = (unsigned)rand_r(seed);
        const char *part = parts[r % (sizeof parts / sizeof *parts)];
        if ((r >> 8) % 8 == 0) {
            uint32_t cp = (r >> 11) % 0x3000;
            len += hone__utf8_encode(out + len, cp);
        } else {
            memcpy(out + len, part, strlen(part));
            len += strlen(part);
        }
        if ((r >> 24) % 3 == 0)
            out[len++] = ' ';
    }
    return len;
}

static void random_texts_are_as_in_the_general_way(void **state)
{
    (void)state;
    unsigned seed = 11;
    char text[8192];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        hone_tokenizer *tok = make(&all[i]);
        for (int k = 0; k < 1000; k++)
            check_text(tok, text, random_text(text, (size_t)k % 60, &seed));
        hone_tokenizer_free(tok);
    }
}

/* Words with blanks, added tokens and nothing inside; words that vanish. The cache holds what a whole word became, beside what a text's words became. */
static void random_words_are_as_in_the_general_way(void **state)
{
    (void)state;
    unsigned seed = 12;
    static char text[64][2048];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        hone_tokenizer *tok = make(&all[i]);
        for (int k = 0; k < 600; k++) {
            hone_text words[64];
            size_t n = (size_t)k % 64, n_pair = n / 3;
            for (size_t j = 0; j < n; j++)
                words[j] = (hone_text){text[j], random_text(text[j], (size_t)rand_r(&seed) % 4, &seed)};
            check(tok, (hone_encode_input){{{NULL, 0}, words, n}, {{NULL, 0}, words, n_pair}});
            if (n)
                check_text(tok, words[0].data, words[0].len);
        }
        hone_tokenizer_free(tok);
    }
}

/* U+302E goes before U+0301 in canonical order and is handed its place; U+0301 goes. So says tokenizers 0.22.1. */
static void marks_leave_their_places(void **state)
{
    (void)state;
    hone_tokenizer *tok = make(&all[0]);
    hone_encoding *e = NULL;
    static const hone_span expected[] = {{0, 2}, {4, 5}, {6, 8}};
    assert_ok(hone_tokenizer_encode(&e, tok, HONE_TEXT("e\u0301\u302e x a\u0344\u302e"), HONE_TEXT_NONE, NULL));
    assert_int_equal(hone_encoding_n_tokens(e), 3);
    assert_memory_equal(hone_encoding_offsets_chars(e), expected, sizeof expected);
    hone_encoding_free(e);
    hone_tokenizer_free(tok);
}

/* What the cuts of the raw text rest on: punctuation and blanks keep their kind in normalization and wait for no mark. */
static void cuts_stay_cuts(void **state)
{
    (void)state;
    const unsigned cuts = HONE__BERT_PUNCTUATION | HONE__BERT_SPACE | HONE__CLEAN_SPACE;
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        unsigned flags = hone__unicode(cp);
        uint32_t parts[4], lower[2];
        if (!(flags & (cuts | HONE__CJK)))
            continue;
        for (size_t n = hone__decompose(parts, cp); n; n--) {
            for (size_t k = hone__lower(lower, parts[n - 1]); k; k--)
                assert_true(flags & HONE__CJK || hone__unicode(lower[k - 1]) & flags & cuts);
            assert_int_equal(hone__combining(parts[n - 1]), 0);
            assert_false(hone__unicode(parts[n - 1]) & HONE__NONSPACING);
        }
    }
}

/* A batch of several MB of encodings lies in slabs that each encoding keeps: whichever order they are freed in, the others stay. */
static void big_batches_are_as_single_texts(void **state)
{
    (void)state;
    enum { N = 300 };
    static char text[N][4096];
    hone_encode_input inputs[N];
    hone_encoding *out[N], *one;
    unsigned seed = 13;
    hone_tokenizer *tok = make(&all[0]);
    hone_mem_stats before, after;
    hone_encode_options o = HONE_ENCODE_OPTIONS_INIT;
    o.pad_to_multiple_of = 16;
    for (size_t i = 0; i < N; i++)
        inputs[i] = (hone_encode_input){{{text[i], random_text(text[i], 300, &seed)}, NULL, 0}, {{NULL, 0}, NULL, 0}};
    assert_ok(hone_tokenizer_encode_batch(out, tok, inputs, 1, &o, 1));
    hone_encoding_free(out[0]);
    hone__mem_stats(&before);
    for (int padded = 0; padded < 2; padded++) {
        o.padding = padded ? HONE_PADDING_LONGEST : HONE_PADDING_NONE;
        assert_ok(hone_tokenizer_encode_batch(out, tok, inputs, N, &o, 3));
        hone_encode_options single = o;
        single.padding = padded ? HONE_PADDING_MAX_LENGTH : HONE_PADDING_NONE;
        single.pad_length = hone_encoding_n_tokens(out[0]);
        for (size_t i = 0; i < N; i++) {
            size_t k = i % 2 ? N - i : i;
            assert_ok(hone_tokenizer_encode_input(&one, tok, &inputs[k], &single));
            assert_same(out[k], one, inputs[k].first.text);
            hone_encoding_free(one);
            hone_encoding_free(out[k]);
        }
    }
    hone__mem_stats(&after);
    assert_in_range(after.bytes_now, 0,
                    before.bytes_now + (3 << 21) + (3 << 20) +
                        (16 << 20)); /* the caches and scratch of three encoders, slabs that are kept */
    hone_tokenizer_free(tok);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(cuts_stay_cuts),
    cmocka_unit_test(marks_leave_their_places),
    cmocka_unit_test(every_character_is_as_in_the_general_way),
    cmocka_unit_test(random_texts_are_as_in_the_general_way),
    cmocka_unit_test(random_words_are_as_in_the_general_way),
    cmocka_unit_test(big_batches_are_as_single_texts),
};
TEST_MAIN(tests)
