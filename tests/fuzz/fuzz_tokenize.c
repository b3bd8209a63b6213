/* Any bytes as lines of `hone tokenize`, by way of one line: the answer is JSON, either encodings or an error. The tokenizer is a small byte-level BPE. */
#include "data/tokenize_line.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char small[] =
    "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\"pre_tokenizer\":{\"type\":"
    "\"ByteLevel\","
    "\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true},\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\"},"
    "\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"
    "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":{\"a\":0,\"b\":1,\"\xC4\xA0\":2,\"ab\":3},\"merges\":[["
    "\"a\",\"b\"]]}}";

static hone_tokenizer *tok;

static void free_tokenizer(void)
{
    hone_tokenizer_free(tok);
}

static bool is_text(const json_t *value, hone_text text)
{
    return json_is_string(value)
               ? text.data && text.len == json_string_length(value) && !memcmp(text.data, json_string_value(value), text.len)
               : !text.data;
}

/* A line that the quick scanner takes is one that jansson takes, with the same texts. */
static void check_scan(const char *line, size_t len)
{
    hone_line_tokenizer t = {0};
    hone_encode_input in;
    json_t *value = NULL;
    if (hone__scan_line(&t, &in, line, len)) {
        if (hone__json_parse(&value, line, len, "line") != HONE_OK)
            abort();
        const json_t *text = json_object_get(value, "text");
        if (!is_text(text, in.first.text) || !is_text(json_object_get(value, "pair"), in.second.text) ||
            json_array_size(text) != in.first.n_words)
            abort();
        for (size_t i = 0; i < in.first.n_words; i++)
            if (!is_text(json_array_get(text, i), in.first.words[i]))
                abort();
    }
    json_decref(value);
    hone__tokenize_line_dispose(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_tokenize_options options = HONE_TOKENIZE_OPTIONS_INIT;
    char *line;
    bool ok;
    json_t *answer;
    if (!tok) {
        if (hone_tokenizer_from_bytes(&tok, small, sizeof(small) - 1) != HONE_OK)
            abort();
        atexit(free_tokenizer);
    }
    check_scan((const char *)data, size);
    options.format = size % 2 ? HONE_TOKENIZE_IDS : HONE_TOKENIZE_ENCODINGS;
    if (hone_tokenize_line(&line, &ok, tok, (hone_text){(const char *)data, size}, &options) != HONE_OK)
        abort();
    if (hone__json_parse(&answer, line, strlen(line), "answer") != HONE_OK)
        abort();
    if (ok ? json_object_get(answer, "error") != NULL : !json_is_string(json_object_get(answer, "error")))
        abort();
    json_decref(answer);
    hone_tokenizer_free_text(line);
    return 0;
}
