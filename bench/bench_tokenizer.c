/* Times the tokenizer for bench/tokenizer.py, which runs the reference beside it.
 *
 * usage: bench_tokenizer encode|ids|batch|json TOKENIZER FILE THREADS   prints seconds, bytes and tokens as JSON: FILE's lines in stretches of about 4 KB
 *        bench_tokenizer train VOCAB_SIZE THREADS OUT PATH…               trains on all *.py files, line by line
 *        bench_tokenizer load TOKENIZER 1 1                               loads
 * encode: encodings with offsets, one call after another; ids: ids only; batch: encode_batch; json: batch, then all fields written as JSON. */
#include "base/file.h"
#include "base/log.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(call)                                        \
    do {                                                   \
        if ((call) != HONE_OK) {                           \
            fprintf(stderr, "%s\n", hone_error_message()); \
            exit(1);                                       \
        }                                                  \
    } while (0)

static hone_encode_input *inputs;
static size_t n_inputs;

/* The file in stretches of whole lines, about 4 KB each. */
static void cut(const char *data, size_t len)
{
    size_t capacity = 0;
    for (size_t at = 0; at < len;) {
        size_t end = at + 4096 < len ? at + 4096 : len;
        while (end < len && data[end - 1] != '\n')
            end++;
        CHECK(HONE_GROW(&inputs, &capacity, n_inputs + 1));
        inputs[n_inputs++] = (hone_encode_input){{{data + at, end - at}, NULL, 0}, {{NULL, 0}, NULL, 0}};
        at = end;
    }
}

static size_t encode_each(const hone_tokenizer *tok)
{
    size_t n = 0;
    for (size_t i = 0; i < n_inputs; i++) {
        hone_encoding *e = NULL;
        CHECK(hone_tokenizer_encode_input(&e, tok, &inputs[i], NULL));
        n += hone_encoding_n_tokens(e);
        hone_encoding_free(e);
    }
    return n;
}

static size_t encode_ids(const hone_tokenizer *tok)
{
    hone_ids ids = HONE_IDS_INIT;
    size_t n = 0;
    for (size_t i = 0; i < n_inputs; i++) {
        ids.n = 0;
        CHECK(hone_tokenizer_encode_ids(&ids, tok, inputs[i].first.text, true));
        n += ids.n;
    }
    hone_ids_dispose(&ids);
    return n;
}

/* *seconds is what encode_batch took, and the writing; not the freeing. */
static size_t encode_batch(const hone_tokenizer *tok, int threads, bool json, double *seconds)
{
    double start = hone__seconds();
    hone_encoding **out = NULL;
    hone_str text = HONE_STR_INIT;
    size_t n = 0;
    CHECK(HONE_NEW(&out, n_inputs));
    CHECK(hone_tokenizer_encode_batch(out, tok, inputs, n_inputs, NULL, threads));
    for (size_t i = 0; i < n_inputs; i++) {
        n += hone_encoding_n_tokens(out[i]);
        if (json) {
            hone__str_clear(&text);
            hone__encoding_write_json(&text, out[i]);
        }
    }
    *seconds = hone__seconds() - start;
    for (size_t i = 0; i < n_inputs; i++)
        hone_encoding_free(out[i]);
    hone__free(out);
    hone__str_dispose(&text);
    return n;
}

static int train(int n, char **args)
{
    hone_tokenizer *tok = NULL;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    char *json = NULL;
    size_t len;
    o.vocab_size = (size_t)atol(args[2]);
    o.n_threads = atoi(args[3]);
    o.glob = "*.py";
    double start = hone__seconds();
    CHECK(hone_tokenizer_train_files(&tok, &o, (const char *const *)args + 5, (size_t)n - 5));
    printf("{\"seconds\": %.6f}\n", hone__seconds() - start);
    CHECK(hone_tokenizer_to_json(&json, &len, tok));
    CHECK(hone__write_file(args[4], json, len));
    hone_tokenizer_free_text(json);
    hone_tokenizer_free(tok);
    return 0;
}

int main(int n, char **args)
{
    if (n >= 6 && strcmp(args[1], "train") == 0)
        return train(n, args);
    if (n != 5) {
        fprintf(stderr, "usage: see the top of bench_tokenizer.c\n");
        return 2;
    }
    hone_tokenizer *tok = NULL;
    hone_mapping file = {0};
    double start = hone__seconds();
    CHECK(hone_tokenizer_from_pretrained(&tok, args[2]));
    double loaded = hone__seconds() - start;
    if (strcmp(args[1], "load") == 0) {
        printf("{\"seconds\": %.6f}\n", loaded);
        hone_tokenizer_free(tok);
        return 0;
    }
    CHECK(hone__map_file(&file, args[3]));
    cut(file.data, file.len);
    int threads = atoi(args[4]);
    start = hone__seconds();
    double seconds = 0;
    size_t tokens = strcmp(args[1], "encode") == 0 ? encode_each(tok)
                    : strcmp(args[1], "ids") == 0  ? encode_ids(tok)
                                                   : encode_batch(tok, threads, strcmp(args[1], "json") == 0, &seconds);
    seconds = seconds > 0 ? seconds : hone__seconds() - start;
    printf("{\"seconds\": %.6f, \"bytes\": %zu, \"tokens\": %zu}\n", seconds, file.len, tokens);
    hone__unmap_file(&file);
    hone__free(inputs);
    hone_tokenizer_free(tok);
    return 0;
}
