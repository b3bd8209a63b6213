/* A tokenizer's calls one at a time, each of their allocations failing in turn: nothing in *out, and the tokenizer (which others may be using) does its work at once when there is memory again. */
#include "oom/again.h"

#include <hone/tokenize.h>

static hone_tokenizer *tok;
static const char *const texts[] = {"hello world, hello words", "the world of the words"};

static hone_status next_text(void *payload, hone_text *out)
{
    size_t *i = payload;
    if (*i < 2)
        *out = hone_text_from(texts[(*i)++]);
    return HONE_OK;
}

/* ---- training ---- */

static hone_status train_anew(void *payload)
{
    hone_tokenizer *made = NULL;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    size_t i = 0;
    hone_status status;
    (void)payload;
    o.vocab_size = 270;
    o.n_threads = 1;
    SURVIVE(!made, hone_tokenizer_train_new_from_iterator(&made, tok, &o, next_text, (i = 0, &i)));
    assert_int_equal(hone_tokenizer_vocab_size(made, true), hone_tokenizer_vocab_size(tok, true));
done:
    hone_tokenizer_free(made);
    return status;
}

static hone_status train_on_files(void *payload)
{
    const char *const paths[] = {test_temp("a.txt"), test_temp("b.jsonl")};
    hone_tokenizer *made = NULL;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    hone_status status;
    o.vocab_size = 270;
    o.n_threads = 1;
    o.kind = payload ? HONE_TOKENIZER_WORDPIECE : HONE_TOKENIZER_BPE;
    SURVIVE(!made, hone_tokenizer_train_files(&made, &o, paths, 2));
    assert_true(hone_tokenizer_vocab_size(made, true) > 10);
done:
    hone_tokenizer_free(made);
    return status;
}

static void training_survives(void **state)
{
    (void)state;
    test_write_text(test_temp("a.txt"), "hello world\nhello words\n");
    test_write_text(test_temp("b.jsonl"), "{\"content\": \"the world of the words\"}\n{\"content\": \"hello\"}\n");
    assert_in_range(sweep_calls(train_anew, NULL, 0), 10, 100000);
    assert_in_range(sweep_calls(train_on_files, NULL, 0), 10, 100000);
    assert_in_range(sweep_calls(train_on_files, &(int){1}, 0), 10, 100000);
}

/* ---- encoding ---- */

static hone_status encode(void *payload)
{
    const hone_text words[] = {HONE_TEXT("hello"), HONE_TEXT("w\xC3\xB6rlds"), HONE_TEXT("of")}, pair[] = {HONE_TEXT("words")};
    const hone_encode_input input = {{HONE_TEXT("hello \xFF world"), NULL, 0}, {{NULL, 0}, words, 3}};
    hone_encoding *e = NULL, *f = NULL;
    hone_encode_options o = HONE_ENCODE_OPTIONS_INIT;
    size_t n = 77;
    hone_status status;
    (void)payload;
    o.truncation = HONE_TRUNCATION_LONGEST_FIRST, o.max_length = 9, o.stride = 1;
    o.padding = HONE_PADDING_MAX_LENGTH, o.pad_length = 11;
    SURVIVE(!e, hone_tokenizer_encode_words(&e, tok, words, 3, pair, 1, &o));
    SURVIVE(!f, hone_tokenizer_encode_input(&f, tok, &input, &o));
    SURVIVE(true, hone_tokenizer_count(&n, tok, HONE_TEXT("hello \xE4\xBD\xA0 world"), true));
    assert_int_equal(hone_encoding_n_tokens(e), 11);
    assert_int_equal(hone_encoding_n_tokens(f), 11);
    assert_in_range(n, 3, 20);
done:
    hone_tokenizer_trim(tok); /* what it keeps for the next text is made anew in each run */
    hone_encoding_free(e);
    hone_encoding_free(f);
    return status;
}

static hone_status answer_line(void *payload)
{
    static const char line[] = "{\"text\": \"hello world of the w\\u00f6rds\", \"pair\": \"hello\", \"max_length\": 8, \"stride\": 1}";
    static const char words[] = "{\"text\": [\"hello\", \"w\\u00f6rd\"], \"add_special_tokens\": false}";
    static char first[4096];
    char *a = NULL, *b = NULL;
    bool ok;
    hone_status status;
    (void)payload;
    SURVIVE(!a, hone_tokenize_line(&a, &ok, tok, HONE_TEXT(line), NULL));
    assert_true(ok && strstr(a, "\"encodings\""));
    SURVIVE(!b, hone_tokenize_line(&b, &ok, tok, HONE_TEXT(words), NULL));
    assert_true(ok && strstr(b, "\"encodings\""));
    if (!first[0])
        snprintf(first, sizeof(first), "%s%s", a, b);
    assert_memory_equal(first, a, strlen(a));
    assert_string_equal(first + strlen(a), b);
done:
    hone_tokenizer_trim(tok);
    hone_tokenizer_free_text(a);
    hone_tokenizer_free_text(b);
    return status;
}

static void encoding_survives(void **state)
{
    (void)state;
    assert_in_range(sweep_calls(encode, NULL, 0), 4, 1000);
    assert_in_range(sweep_calls(answer_line, NULL, 3), 4, 1000); /* a line that cannot be scanned is parsed as any JSON */
}

/* ---- texts and files ---- */

static hone_status save(void *payload)
{
    hone_tokenizer *back = NULL;
    hone_status status;
    SURVIVE(true, hone_tokenizer_save(tok, payload));
    SURVIVE(!back, hone_tokenizer_from_pretrained(&back, payload));
    assert_true(hone_tokenizer_hash(back) == hone_tokenizer_hash(tok));
done:
    hone_tokenizer_free(back);
    return status;
}

static hone_status clean_up(void *payload)
{
    char *text = NULL;
    hone_status status;
    (void)payload;
    SURVIVE(!text, hone_clean_up_tokenization(&text, "do n't stop , please ! it 's a ' b"));
    assert_string_equal(text, "don't stop, please! it's a'b");
done:
    hone_tokenizer_free_text(text);
    return status;
}

static hone_status parse_names(void *payload)
{
    hone_truncation how;
    hone_status status;
    (void)payload;
    SURVIVE(true, hone_truncation_parse(&how, "only_first"));
    assert_int_equal(how, HONE_TRUNCATION_ONLY_FIRST);
done:
    return status;
}

static void files_survive(void **state)
{
    (void)state;
    assert_in_range(sweep_calls(save, (void *)(uintptr_t)test_temp("saved"), 0), 10, 100000);
    assert_in_range(sweep_calls(clean_up, NULL, 0), 1, 10);
    assert_int_equal(sweep_calls(parse_names, NULL, 0), 0);
}

static int make_tokenizer(void **state)
{
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    size_t i = 0;
    (void)state;
    o.kind = HONE_TOKENIZER_WORDPIECE;
    o.vocab_size = 40;
    o.n_threads = 1;
    assert_ok(hone_tokenizer_train(&tok, &o, next_text, &i));
    return 0;
}

static int free_tokenizer(void **state)
{
    (void)state;
    hone_tokenizer_free(tok);
    return 0;
}

static const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(training_survives, make_tokenizer, free_tokenizer),
                                          cmocka_unit_test_setup_teardown(encoding_survives, make_tokenizer, free_tokenizer),
                                          cmocka_unit_test_setup_teardown(files_survive, make_tokenizer, free_tokenizer)};
TEST_MAIN(tests)
