/* Times the tokenizer for bench/tokenizer.py and bench/wordpiece.py, which run the reference beside it.
 *
 * usage: bench_tokenizer encode|ids|batch|json TOKENIZER FILE THREADS   prints seconds, bytes and tokens as JSON: FILE's lines in stretches of about 4 KB
 *        bench_tokenizer words|words_batch TOKENIZER FILE THREADS         FILE has a word a line (what stands before a tab or a space), an empty line ends a sentence
 *        bench_tokenizer train VOCAB_SIZE THREADS OUT PATH…               trains byte-level BPE on all *.py files, line by line
 *        bench_tokenizer train_wordpiece VOCAB_SIZE THREADS OUT PATH…     trains WordPiece, lower-cased, on files, line by line
 *        bench_tokenizer load TOKENIZER 1 1                               loads; prints the resident set's peak, too
 * cpu is the processor's time of all threads. encode: encodings with offsets, one call after another; ids: ids only; batch: encode_batch; json: batch, then all fields written as JSON. */
#include "base/file.h"
#include "base/log.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(call)                                        \
    do {                                                   \
        if ((call) != HONE_OK) {                           \
            fprintf(stderr, "%s\n", hone_error_message()); \
            exit(1);                                       \
        }                                                  \
    } while (0)

static hone_encode_input *inputs;
static size_t n_inputs;
static hone_text *words;
static size_t n_words;

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

/* Sentences of words. The inputs point into `words`, so they are made when all of those are there. Returns the bytes of the words, with one between each. */
static size_t cut_words(const char *data, size_t len)
{
    size_t capacity = 0, words_capacity = 0, first = 0, bytes = 0;
    for (const char *line = data, *end = data + len; line < end;) {
        const char *lf = memchr(line, '\n', (size_t)(end - line)), *stop = line;
        lf = lf ? lf : end;
        while (stop < lf && *stop != '\t' && *stop != ' ')
            stop++;
        if (stop > line) {
            CHECK(HONE_GROW(&words, &words_capacity, n_words + 1));
            words[n_words++] = (hone_text){line, (size_t)(stop - line)};
            bytes += (size_t)(stop - line) + 1;
        }
        if (n_words > first && (stop == line || lf + 1 >= end)) {
            CHECK(HONE_GROW(&inputs, &capacity, n_inputs + 1));
            inputs[n_inputs++] = (hone_encode_input){{{NULL, 0}, NULL, n_words - first}, {{NULL, 0}, NULL, 0}};
            first = n_words;
        }
        line = lf + 1;
    }
    for (size_t i = 0, at = 0; i < n_inputs; at += inputs[i++].first.n_words)
        inputs[i].first.words = words + at;
    return bytes;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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

typedef struct taken {
    double seconds, cpu;
} taken;

/* *t is what encode_batch took, and the writing; not the freeing. */
static size_t encode_batch(const hone_tokenizer *tok, int threads, bool json, taken *t)
{
    double start = hone__seconds(), start_cpu = cpu_seconds();
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
    *t = (taken){hone__seconds() - start, cpu_seconds() - start_cpu};
    for (size_t i = 0; i < n_inputs; i++)
        hone_encoding_free(out[i]);
    hone__free(out);
    hone__str_dispose(&text);
    return n;
}

static int train(int n, char **args, bool wordpiece)
{
    hone_tokenizer *tok = NULL;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    char *json = NULL;
    size_t len;
    o.vocab_size = (size_t)atol(args[2]);
    o.n_threads = atoi(args[3]);
    o.kind = wordpiece ? HONE_TOKENIZER_WORDPIECE : HONE_TOKENIZER_BPE;
    o.lowercase = wordpiece;
    o.glob = wordpiece ? NULL : "*.py";
    double start = hone__seconds(), start_cpu = cpu_seconds();
    CHECK(hone_tokenizer_train_files(&tok, &o, (const char *const *)args + 5, (size_t)n - 5));
    printf("{\"seconds\": %.6f, \"cpu\": %.6f}\n", hone__seconds() - start, cpu_seconds() - start_cpu);
    CHECK(hone_tokenizer_to_json(&json, &len, tok));
    CHECK(hone__write_file(args[4], json, len));
    hone_tokenizer_free_text(json);
    hone_tokenizer_free(tok);
    return 0;
}

static int load(const char *path)
{
    hone_tokenizer *tok = NULL;
    double start = hone__seconds(), start_cpu = cpu_seconds();
    size_t before = hone__rss_now();
    CHECK(hone_tokenizer_from_pretrained(&tok, path));
    double seconds = hone__seconds() - start, cpu = cpu_seconds() - start_cpu;
    hone_mem_stats memory;
    hone__mem_stats(&memory);
    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"bytes\": %llu, \"rss_before\": %zu, \"rss_after\": %zu, \"rss_peak\": %zu}\n", seconds,
           cpu, (unsigned long long)memory.bytes_now, before, hone__rss_now(), hone__rss_peak());
    hone_tokenizer_free(tok);
    return 0;
}

/* What the mode does with the inputs; the number of tokens. */
static size_t encode(const char *mode, const hone_tokenizer *tok, int threads, taken *t)
{
    if (strcmp(mode, "batch") == 0 || strcmp(mode, "json") == 0 || strcmp(mode, "words_batch") == 0)
        return encode_batch(tok, threads, strcmp(mode, "json") == 0, t);
    double start = hone__seconds(), start_cpu = cpu_seconds();
    size_t n = strcmp(mode, "ids") == 0 ? encode_ids(tok) : encode_each(tok);
    *t = (taken){hone__seconds() - start, cpu_seconds() - start_cpu};
    return n;
}

int main(int n, char **args)
{
    if (n >= 6 && hone__starts_with(args[1], "train"))
        return train(n, args, strcmp(args[1], "train") != 0);
    if (n != 5) {
        fprintf(stderr, "usage: see the top of bench_tokenizer.c\n");
        return 2;
    }
    if (strcmp(args[1], "load") == 0)
        return load(args[2]);
    hone_tokenizer *tok = NULL;
    hone_mapping file = {0};
    taken t;
    CHECK(hone_tokenizer_from_pretrained(&tok, args[2]));
    CHECK(hone__map_file(&file, args[3]));
    size_t bytes = file.len;
    if (hone__starts_with(args[1], "words"))
        bytes = cut_words(file.data, file.len);
    else
        cut(file.data, file.len);
    size_t tokens = encode(args[1], tok, atoi(args[4]), &t);
    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"bytes\": %zu, \"tokens\": %zu}\n", t.seconds, t.cpu, bytes, tokens);
    hone__unmap_file(&file);
    hone__free(inputs);
    hone__free(words);
    hone_tokenizer_free(tok);
    return 0;
}
