/* The words of a corpus from texts that a callback gives, or from files; counted on several threads. */
#ifndef HONE_TOKENIZER_CORPUS_H
#define HONE_TOKENIZER_CORPUS_H

#include "tokenizer/words.h"

/* Counters of all threads. Begin with hone__corpus_init, count, end with hone__corpus_take. */
typedef struct hone__corpus {
    hone__word_counter *counters;
    int n_threads;
    uint64_t n_skipped; /* lines or texts that are not UTF-8 */
} hone__corpus;

hone_status hone__corpus_init(hone__corpus *c, const hone_tokenizer *tok, int n_threads);
void hone__corpus_dispose(hone__corpus *c);

/* Counts every text of a callback. */
hone_status hone__corpus_count_texts(hone__corpus *c, hone_text_fn next, void *payload);

typedef struct hone__corpus_options {
    bool whole_files;
    const char *glob, *text_column_name;
} hone__corpus_options;

/* Counts files and folders: .jsonl one text a line, others by line (each with its end) or as a whole. Binary files and lines that are not UTF-8 are passed over with
 * a warning; it is an error when nothing is left. */
hone_status hone__corpus_count_files(hone__corpus *c, const char *const *paths, size_t n_paths, const hone__corpus_options *options);

/* All words, in order of first appearance. */
hone_status hone__corpus_take(hone__words *out, hone__corpus *c);

#endif
