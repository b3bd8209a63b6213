/* Answers as the official SQuAD scripts compare them: lower case, without punctuation and articles, white space as one blank. */
#ifndef HONE_METRICS_TEXT_H
#define HONE_METRICS_TEXT_H

#include "base/str.h"

typedef struct hone__code_range {
    uint32_t first, last;
} hone__code_range;

extern const hone__code_range hone__cased[], hone__case_ignorable[];
extern const size_t hone__cased_n, hone__case_ignorable_n;

/* Appends text as Python's str.lower() writes it. Bytes that are not UTF-8 are kept. */
void hone__python_lower(hone_str *out, const char *text, size_t len);

typedef struct hone_word {
    const char *text;
    size_t len;
} hone_word;

/* A normalised answer: its text, and its words in order of their bytes. */
typedef struct hone_answer {
    hone_str text;    /* words with one blank between them */
    hone_word *words; /* pieces of text */
    size_t n_words, capacity;
} hone_answer;
#define HONE_ANSWER_INIT ((hone_answer){HONE_STR_INIT, NULL, 0, 0})

/* normalize_answer of evaluate-v1.1.py and evaluate-v2.0.py; reuses the memory of *out. */
hone_status hone__answer_normalise(hone_answer *out, const char *text, size_t len);
/* -1, 0, 1. */
int hone__word_compare(const hone_word *a, const hone_word *b);
void hone__answer_dispose(hone_answer *a);

#endif
