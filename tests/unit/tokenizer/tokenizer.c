/* The tokenizer through its public face, on a small byte-level BPE that is trained here: no fixture needed. */
#include "support/support.h"
#include "tokenizer/encoder.h"
#include <stdlib.h>

static hone_tokenizer *tok;

static const char *const corpus[] = {"def hello(self, world):\n    return self.world + 1\n",
                                     "the world of hello, the food of the world isn't bad\n",
                                     "for x in range(100): print(x, 'hello world')\n", "naïve café — 你好 мир\n"};

static hone_status next_text(void *payload, hone_text *out)
{
    size_t *i = payload;
    if (*i < sizeof corpus / sizeof *corpus)
        *out = hone_text_from(corpus[(*i)++]);
    return HONE_OK;
}

static int setup(void **state)
{
    (void)state;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    size_t i = 0;
    o.vocab_size = 340;
    return hone_tokenizer_train(&tok, &o, next_text, &i) != HONE_OK;
}

static int teardown(void **state)
{
    (void)state;
    hone_tokenizer_free(tok);
    return 0;
}

static hone_encoding *encode(const hone_tokenizer *t, hone_text text)
{
    hone_encoding *e = NULL;
    assert_ok(hone_tokenizer_encode(&e, t, text, HONE_TEXT_NONE, NULL));
    return e;
}

static void assert_decodes(const hone_tokenizer *t, hone_text text, hone_text expected)
{
    hone_ids ids = HONE_IDS_INIT;
    char *got = NULL;
    size_t len, count;
    assert_ok(hone_tokenizer_encode_ids(&ids, t, text, true));
    assert_ok(hone_tokenizer_count(&count, t, text, true));
    assert_int_equal(count, ids.n);
    assert_ok(hone_tokenizer_decode(&got, &len, t, ids.data, ids.n, false));
    assert_int_equal(len, expected.len);
    assert_memory_equal(got, expected.data, len);
    hone_tokenizer_free_text(got);
    hone_ids_dispose(&ids);
}

static void decoding_gives_the_text_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof corpus / sizeof *corpus; i++)
        assert_decodes(tok, hone_text_from(corpus[i]), hone_text_from(corpus[i]));
    assert_decodes(tok, (hone_text){"a\0b", 3}, (hone_text){"a\0b", 3});
    assert_decodes(tok, HONE_TEXT(""), HONE_TEXT(""));
}

/* What is not UTF-8 counts as U+FFFD, maximal part by maximal part, and places still point into the text as given. */
static void broken_utf8_is_replaced(void **state)
{
    (void)state;
    hone_text text = {"a\xFF\xE4\xBD"
                      "b\xC0\x80",
                      7};
    assert_decodes(tok, text,
                   HONE_TEXT("a\xEF\xBF\xBD\xEF\xBF\xBD"
                             "b\xEF\xBF\xBD\xEF\xBF\xBD"));
    hone_encoding *e = encode(tok, text);
    assert_int_equal(hone_encoding_n_replaced(e), 4);
    size_t n = hone_encoding_n_tokens(e);
    assert_int_equal(hone_encoding_offsets(e)[0].start, 0);
    assert_int_equal(hone_encoding_offsets(e)[1].start, 1);
    assert_int_equal(hone_encoding_offsets(e)[1].end, 2);
    assert_int_equal(hone_encoding_offsets(e)[n - 1].end, 7);
    assert_int_equal(hone_encoding_offsets_chars(e)[n - 1].end, 6);
    hone_encoding_free(e);
}

static void assert_same_encoding(const hone_encoding *a, const hone_encoding *b)
{
    hone_str x = HONE_STR_INIT, y = HONE_STR_INIT;
    hone__encoding_write_json(&x, a);
    hone__encoding_write_json(&y, b);
    assert_string_equal(x.data, y.data);
    assert_memory_equal(hone_encoding_offsets(a), hone_encoding_offsets(b), hone_encoding_n_tokens(a) * sizeof(hone_span));
    hone__str_dispose(&x);
    hone__str_dispose(&y);
}

/* A text of random characters: words, blanks, apostrophes, every plane. */
static size_t random_text(char *out, size_t n_chars, unsigned *seed)
{
    static const char *const parts[] = {"'s", "'re", " ",      "  ",     "\n", "\t", "hello", "world",         "é",    "你",
                                        "𝟙",  "٣",   "\u00a0", "\u3000", "..", "_",  "x1",    "<|endoftext|>", "isn't"};
    size_t len = 0;
    for (size_t i = 0; i < n_chars; i++) {
        unsigned r = (unsigned)rand_r(seed);
        const char *part = parts[r % (sizeof parts / sizeof *parts)];
        if (r >> 8 & 1) {
            uint32_t cp = (r >> 9) % 0x1FFFF;
            if (cp < 0xD800 || cp > 0xDFFF)
                len += hone__utf8_encode(out + len, cp);
        } else {
            memcpy(out + len, part, strlen(part));
            len += strlen(part);
        }
    }
    return len;
}

/* The fast way (scanner, cache, bytes) against the general one (aligned text, characters). */
static void fast_way_equals_general_way(void **state)
{
    (void)state;
    unsigned seed = 7;
    char text[4096];
    assert_true(tok->byte_words);
    for (int i = 0; i < 400; i++) {
        hone_text t = {text, random_text(text, 60, &seed)};
        hone_encoding *fast = encode(tok, t);
        tok->byte_words = false;
        hone_encoding *general = encode(tok, t);
        tok->byte_words = true;
        assert_same_encoding(fast, general);
        hone_encoding_free(fast);
        hone_encoding_free(general);
    }
}

/* A megabyte of one letter is one word; its tokens must cover it, in reasonable time (the test's own limit). */
static void long_words_are_not_quadratic(void **state)
{
    (void)state;
    size_t n = 1 << 20;
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = "helo"[(i * 7) % 4];
    hone_encoding *e = encode(tok, (hone_text){text, n});
    size_t n_tokens = hone_encoding_n_tokens(e);
    for (size_t i = 1; i < n_tokens; i++)
        assert_int_equal(hone_encoding_offsets(e)[i].start, hone_encoding_offsets(e)[i - 1].end);
    assert_int_equal(hone_encoding_offsets(e)[n_tokens - 1].end, n);
    assert_int_equal(hone_encoding_word_ids(e)[n_tokens - 1], 0);
    hone_encoding_free(e);
    free(text);
}

static void getters_answer_as_the_reference(void **state)
{
    (void)state;
    hone_encoding *e = encode(tok, HONE_TEXT("你好 hello"));
    hone_span span;
    size_t n = hone_encoding_n_tokens(e);
    ptrdiff_t t = hone_encoding_char_to_token(e, 3, 0);
    assert_in_range(t, 1, n - 1);
    assert_true(hone_encoding_token_to_chars(e, (size_t)t, &span));
    assert_true(span.start <= 3 && span.end > 3);
    assert_int_equal(hone_encoding_char_to_token(e, 100, 0), -1);
    assert_int_equal(hone_encoding_char_to_token(e, 0, 1), -1);
    assert_int_equal(hone_encoding_token_to_word(e, (size_t)t), 1);
    assert_true(hone_encoding_word_to_tokens(e, 1, 0, &span));
    assert_int_equal(span.end, n);
    assert_true(hone_encoding_word_to_chars(e, 1, 0, &span));
    assert_int_equal(span.start, 2);
    assert_int_equal(span.end, 8);
    assert_false(hone_encoding_word_to_tokens(e, 2, 0, &span));
    assert_string_equal(hone_encoding_token(e, n), "");
    assert_null(hone_encoding_overflowing(e, 0));
    hone_encoding_free(e);
}

static void padding_reaches_the_batch(void **state)
{
    (void)state;
    hone_encode_options o = HONE_ENCODE_OPTIONS_INIT;
    hone_encode_input inputs[40];
    hone_encoding *out[40], *one[40];
    for (size_t i = 0; i < 40; i++)
        inputs[i] = (hone_encode_input){{hone_text_from(corpus[i % 4]), NULL, 0}, {{NULL, 0}, NULL, 0}};
    assert_ok(hone_tokenizer_encode_batch(one, tok, inputs, 40, &o, 1));
    assert_ok(hone_tokenizer_encode_batch(out, tok, inputs, 40, &o, 3));
    size_t longest = 0;
    for (size_t i = 0; i < 40; i++) {
        assert_same_encoding(one[i], out[i]);
        longest = hone_encoding_n_tokens(one[i]) > longest ? hone_encoding_n_tokens(one[i]) : longest;
        hone_encoding_free(out[i]);
    }
    o.padding = HONE_PADDING_LONGEST;
    o.pad_to_multiple_of = 8;
    o.padding_side = HONE_SIDE_LEFT;
    o.pad_id = 5;
    assert_ok(hone_tokenizer_encode_batch(out, tok, inputs, 40, &o, 2));
    for (size_t i = 0; i < 40; i++) {
        size_t n = hone_encoding_n_tokens(one[i]), pads = hone_encoding_n_tokens(out[i]) - n;
        assert_int_equal(hone_encoding_n_tokens(out[i]), (longest + 7) / 8 * 8);
        assert_memory_equal(hone_encoding_ids(out[i]) + pads, hone_encoding_ids(one[i]), n * sizeof(int32_t));
        for (size_t k = 0; k < pads; k++) {
            assert_int_equal(hone_encoding_ids(out[i])[k], 5);
            assert_int_equal(hone_encoding_attention_mask(out[i])[k], 0);
            assert_int_equal(hone_encoding_special_tokens_mask(out[i])[k], 1);
            assert_int_equal(hone_encoding_word_ids(out[i])[k], -1);
        }
        assert_int_equal(hone_encoding_attention_mask(out[i])[pads], 1);
        hone_encoding_free(out[i]);
        hone_encoding_free(one[i]);
    }
}

static void bad_arguments_are_errors(void **state)
{
    (void)state;
    hone_encoding *e = NULL;
    hone_encode_options o = HONE_ENCODE_OPTIONS_INIT;
    hone_truncation t;
    o.truncation = HONE_TRUNCATION_LONGEST_FIRST;
    o.max_length = 4, o.stride = 4;
    assert_fails(HONE_INVALID_ARGUMENT, "stride 4", hone_tokenizer_encode(&e, tok, hone_text_from(corpus[0]), HONE_TEXT_NONE, &o));
    assert_null(e);
    o.stride = 0, o.truncation = HONE_TRUNCATION_ONLY_SECOND;
    assert_fails(HONE_INVALID_ARGUMENT, "second text", hone_tokenizer_encode(&e, tok, hone_text_from(corpus[0]), HONE_TEXT_NONE, &o));
    assert_fails(HONE_INVALID_ARGUMENT, "too short", hone_tokenizer_encode(&e, tok, hone_text_from(corpus[0]), HONE_TEXT("x"), &o));
    assert_fails(HONE_INVALID_ARGUMENT, "no text", hone_tokenizer_encode(&e, tok, HONE_TEXT_NONE, HONE_TEXT_NONE, NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "longest_first", hone_truncation_parse(&t, "longest"));
    hone_encode_input inputs[2] = {{{HONE_TEXT("x"), NULL, 0}, {{NULL, 0}, NULL, 0}}, {{{NULL, 0}, NULL, 0}, {{NULL, 0}, NULL, 0}}};
    hone_encoding *out[2];
    assert_fails(HONE_INVALID_ARGUMENT, "input 1", hone_tokenizer_encode_batch(out, tok, inputs, 2, NULL, 2));
    assert_null(out[0]);
    assert_int_equal(hone_tokenizer_token_to_id(tok, "no such token"), -1);
    assert_null(hone_tokenizer_id_to_token(tok, -1));
    assert_null(hone_tokenizer_id_to_token(tok, 1 << 30));
}

/* Fed id by id, a stream gives the same text as decode, and never half a character. */
static void streams_give_whole_characters(void **state)
{
    (void)state;
    static const char *const texts[] = {"你好 мир 𝟙 hello<|endoftext|>x", "a\xFF", "naïve"};
    hone_decode_stream *s = NULL;
    assert_ok(hone_decode_stream_new(&s, tok, false));
    for (size_t k = 0; k < 3; k++) {
        hone_ids ids = HONE_IDS_INIT;
        hone_str all = HONE_STR_INIT;
        hone_text piece;
        char *expected = NULL;
        assert_ok(hone_tokenizer_encode_ids(&ids, tok, hone_text_from(texts[k]), false));
        ids.n -= k == 1; /* the second ends within a character */
        for (size_t i = 0; i < ids.n; i++) {
            assert_ok(hone_decode_stream_push(&piece, s, ids.data[i]));
            assert_int_equal(hone__utf8_valid(piece.data, piece.len), piece.len);
            assert_true(k == 1 || !strstr(piece.data, "\xEF\xBF\xBD"));
            hone__str_append(&all, piece.data, piece.len);
        }
        assert_ok(hone_decode_stream_end(&piece, s));
        hone__str_append(&all, piece.data, piece.len);
        assert_ok(hone_tokenizer_decode(&expected, NULL, tok, ids.data, ids.n, false));
        assert_string_equal(all.data, expected);
        hone_tokenizer_free_text(expected);
        hone__str_dispose(&all);
        hone_ids_dispose(&ids);
    }
    hone_decode_stream_free(s);
}

static void folders_come_back(void **state)
{
    (void)state;
    const char *folder = test_temp("saved");
    hone_tokenizer *again = NULL;
    char path[4096];
    assert_ok(hone_tokenizer_save(tok, folder));
    assert_ok(hone_tokenizer_from_pretrained(&again, folder));
    assert_int_equal(hone_tokenizer_hash(again), hone_tokenizer_hash(tok));
    assert_int_equal(hone_tokenizer_special_id(again, HONE_SPECIAL_EOS), 0);
    assert_int_equal(hone_tokenizer_special_id(again, HONE_SPECIAL_PAD), -1);
    assert_true(hone_tokenizer_is_special(again, 0));
    assert_int_equal(hone_tokenizer_vocab_size(again, true), 340);
    assert_true(hone_tokenizer_model_max_length(again) == SIZE_MAX);
    hone_tokenizer_free(again);
    snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    assert_int_equal(remove(path), 0);
    assert_ok(hone_tokenizer_from_pretrained(&again, folder)); /* vocab.json and merges.txt */
    assert_int_equal(hone_tokenizer_hash(again), hone_tokenizer_hash(tok));
    hone_tokenizer_free(again);
    snprintf(path, sizeof path, "%s/tokenizer_config.json", folder);
    test_write_text(path, "{\"model_max_length\": 77, \"pad_token\": {\"content\": \"<|endoftext|>\"}, \"eos_token\": null}");
    assert_ok(hone_tokenizer_from_pretrained(&again, folder));
    assert_int_equal(hone_tokenizer_model_max_length(again), 77);
    assert_int_equal(hone_tokenizer_special_id(again, HONE_SPECIAL_PAD), 0);
    assert_int_equal(hone_tokenizer_special_id(again, HONE_SPECIAL_EOS), -1);
    hone_tokenizer_free(again);
}

static void same_texts_train_the_same(void **state)
{
    (void)state;
    char *expected = NULL, *got = NULL;
    assert_ok(hone_tokenizer_to_json(&expected, NULL, tok));
    for (int threads = 1; threads < 5; threads++) {
        hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
        hone_tokenizer *other = NULL;
        size_t i = 0;
        o.vocab_size = 340;
        o.n_threads = threads;
        assert_ok(hone_tokenizer_train(&other, &o, next_text, &i));
        assert_ok(hone_tokenizer_to_json(&got, NULL, other));
        assert_string_equal(got, expected);
        hone_tokenizer_free_text(got);
        hone_tokenizer_free(other);
    }
    hone_tokenizer_free_text(expected);
}

static hone_status broken_source(void *payload, hone_text *out)
{
    (void)payload;
    (void)out;
    return hone__fail(HONE_IO, "the source broke");
}

static void training_refuses(void **state)
{
    (void)state;
    hone_tokenizer *t = NULL;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    const char *binary = test_temp("binary.txt"), *missing[] = {test_temp("missing")}, *paths[] = {binary};
    test_write(binary, "a\0b", 3);
    assert_fails(HONE_IO, "the source broke", hone_tokenizer_train(&t, &o, broken_source, NULL));
    assert_null(t);
    assert_fails(HONE_NOT_FOUND, "missing", hone_tokenizer_train_files(&t, &o, missing, 1));
    assert_fails(HONE_FORMAT, "no text to train on", hone_tokenizer_train_files(&t, &o, paths, 1));
    const char *jsonl = test_temp("texts.jsonl"), *texts[] = {jsonl};
    test_write_text(jsonl, "{\"body\": \"x\"}\n{\"content\": 3}\nbroken\n");
    assert_fails(HONE_FORMAT, "no text to train on", hone_tokenizer_train_files(&t, &o, texts, 1));
    test_write_text(jsonl, "{\"content\": \"hello\"}\n\n{\"body\": \"x\"}\n{\"content\": \"hello\"}");
    o.vocab_size = 260;
    assert_ok(hone_tokenizer_train_files(&t, &o, texts, 1));
    assert_int_equal(hone_tokenizer_vocab_size(t, true), 260);
    hone_tokenizer_free(t);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(decoding_gives_the_text_back),
    cmocka_unit_test(broken_utf8_is_replaced),
    cmocka_unit_test(fast_way_equals_general_way),
    cmocka_unit_test(long_words_are_not_quadratic),
    cmocka_unit_test(getters_answer_as_the_reference),
    cmocka_unit_test(padding_reaches_the_batch),
    cmocka_unit_test(bad_arguments_are_errors),
    cmocka_unit_test(streams_give_whole_characters),
    cmocka_unit_test(folders_come_back),
    cmocka_unit_test(same_texts_train_the_same),
    cmocka_unit_test(training_refuses),
};

int main(void)
{
    void *state = NULL;
    if (setup(&state) != 0)
        return 1;
    int result = test_run(__FILE__, tests, sizeof tests / sizeof *tests);
    teardown(&state);
    return result;
}
