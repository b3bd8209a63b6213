/* Each allocation fails in turn while a tokenizer is trained, loaded, used and saved as text. */
#include "support/support.h"
#include "tokenizer/tokenizer.h"

static const char *const texts[] = {"hello world, hello words", "the world of the words"};
static char *json;

static hone_status next_text(void *payload, hone_text *out)
{
    size_t *i = payload;
    if (*i < 2)
        *out = hone_text_from(texts[(*i)++]);
    return HONE_OK;
}

static hone_status train(void *payload)
{
    hone_tokenizer *tok = NULL;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    size_t i = 0;
    (void)payload;
    o.vocab_size = 270;
    o.n_threads = 1;
    hone_status status = hone_tokenizer_train(&tok, &o, next_text, &i);
    hone_tokenizer_free(tok);
    return status;
}

static hone_status encode(const hone_tokenizer *tok)
{
    hone_encoding *e = NULL;
    hone_encode_options o = HONE_ENCODE_OPTIONS_INIT;
    hone_ids ids = HONE_IDS_INIT;
    char *text = NULL;
    hone_status status;
    o.truncation = HONE_TRUNCATION_LONGEST_FIRST, o.max_length = 9, o.stride = 1;
    o.padding = HONE_PADDING_MAX_LENGTH, o.pad_length = 11;
    HONE_GO(hone_tokenizer_encode(&e, tok, HONE_TEXT("hello world of \xFF words é"), HONE_TEXT("the words"), &o));
    HONE_GO(hone_tokenizer_encode_ids(&ids, tok, HONE_TEXT("hello 你 world"), true));
    HONE_GO(hone_tokenizer_decode(&text, NULL, tok, ids.data, ids.n, true));
done:
    hone_encoding_free(e);
    hone_ids_dispose(&ids);
    hone_tokenizer_free_text(text);
    return status;
}

/* So much that the encodings lie in slabs; words, and texts with a second one. */
static hone_status encode_big_batch(const hone_tokenizer *tok)
{
    enum { N_WORDS = 22000 };
    static hone_text words[N_WORDS];
    hone_encode_input inputs[2] = {{{{NULL, 0}, words, N_WORDS}, {{NULL, 0}, NULL, 0}},
                                   {{HONE_TEXT("hello \xE4\xBD\xA0"), NULL, 0}, {HONE_TEXT("words"), NULL, 0}}};
    hone_encoding *out[2] = {NULL, NULL};
    hone_encode_options o = HONE_ENCODE_OPTIONS_INIT;
    for (size_t i = 0; i < N_WORDS; i++)
        words[i] = i % 2 ? HONE_TEXT("words") : HONE_TEXT("h\xC3\xA9llo, \xFF");
    o.truncation = HONE_TRUNCATION_LONGEST_FIRST, o.max_length = 4000;
    o.padding = HONE_PADDING_LONGEST;
    hone_status status = hone_tokenizer_encode_batch(out, tok, inputs, 2, &o, 1);
    hone_encoding_free(out[0]);
    hone_encoding_free(out[1]);
    return status;
}

static hone_status load_and_encode(void *payload)
{
    hone_tokenizer *tok = NULL;
    (void)payload;
    HONE_TRY(hone_tokenizer_from_bytes(&tok, json, strlen(json)));
    hone_status status = encode(tok);
    if (status == HONE_OK)
        status = encode_big_batch(tok);
    hone_tokenizer_free(tok);
    return status;
}

static void training_survives(void **state)
{
    (void)state;
    assert_in_range(test_oom(train, NULL), 10, 100000);
}

static void check_kind(hone_tokenizer_kind kind)
{
    hone_tokenizer *tok = NULL;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    size_t i = 0;
    o.kind = kind;
    o.lowercase = true;
    o.vocab_size = 270;
    assert_ok(hone_tokenizer_train(&tok, &o, next_text, &i));
    assert_ok(hone_tokenizer_to_json(&json, NULL, tok));
    hone_tokenizer_free(tok);
    assert_in_range(test_oom(load_and_encode, NULL), 10, 100000);
    hone_tokenizer_free_text(json);
}

static void loading_and_encoding_survive(void **state)
{
    (void)state;
    check_kind(HONE_TOKENIZER_BPE);
    check_kind(HONE_TOKENIZER_WORDPIECE);
}

/* All that is not in a trained tokenizer: patterns, forms, sequences, chains of decoders, templates that repeat. */
static const char parts[] =
    "{\"added_tokens\":[{\"id\":4,\"content\":\"W\xC3\x89\",\"normalized\":true}],\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{"
    "\"type\":\"NFKC\"},"
    "{\"type\":\"NFD\"},{\"type\":\"Lowercase\"},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"[^\\\\w&&\\\\S]|\\\\p{^L}{2}+\"},"
    "\"content\":\"-\"},"
    "{\"type\":\"Prepend\",\"prepend\":\"x "
    "\"}]},\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":"
    "\"\\\\b|-\"},\"behavior\":\"Contiguous\",\"invert\":true},{\"type\":\"Metaspace\",\"replacement\":\"_\"},{\"type\":\"Punctuation\"}]},"
    "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\"},{\"type\":\"TemplateProcessing\",\"single\":[{"
    "\"Sequence\":{\"id\":\"A\","
    "\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":1}}],\"pair\":[{\"Sequence\":{\"id\":\"B\",\"type_id\":0}},{\"Sequence\":{"
    "\"id\":\"A\",\"type_id\":1}}],"
    "\"special_tokens\":{}}]},\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"_\"},"
    "\"content\":\" \"},"
    "{\"type\":\"ByteFallback\"},{\"type\":\"CTC\",\"pad_token\":\"q\",\"word_delimiter_token\":\"|\",\"cleanup\":true},{\"type\":\"Fuse\"}"
    ","
    "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]},"
    "\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"?\",\"vocab\":{\"?\":0,\"<0xC3>\":1,\"<0xA9>\":2,\"_words\":3}}}";

static hone_status load_parts(void *payload)
{
    hone_tokenizer *tok = NULL;
    hone_decode_stream *stream = NULL;
    hone_text text;
    hone_status status;
    (void)payload;
    HONE_GO(hone_tokenizer_from_bytes(&tok, parts, strlen(parts)));
    HONE_GO(encode(tok));
    HONE_GO(hone_decode_stream_new(&stream, tok, false));
    for (int32_t id = 0; id < 5; id++)
        HONE_GO(hone_decode_stream_push(&text, stream, id));
    HONE_GO(hone_decode_stream_end(&text, stream));
done:
    hone_decode_stream_free(stream);
    hone_tokenizer_free(tok);
    return status;
}

static void parts_survive(void **state)
{
    (void)state;
    assert_ok(load_parts(NULL));
    assert_in_range(test_oom(load_parts, NULL), 100, 100000);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(training_survives), cmocka_unit_test(parts_survive),
                                          cmocka_unit_test(loading_and_encoding_survive)};
TEST_MAIN(tests)
