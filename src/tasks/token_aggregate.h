/* From labelled tokens to entities: the strategies of transformers' pipelines/token_classification.py (none, simple, first, average, max), and `word`, which is hone's own.
 *
 * Sums and means are float32, in the order in which numpy adds, so that scores are the reference's wherever its logits are. */
#ifndef HONE_TASKS_TOKEN_AGGREGATE_H
#define HONE_TASKS_TOKEN_AGGREGATE_H

#include "base/str.h"

#include <hone/pipeline.h>

/* A token of the text; special ones are left out. */
typedef struct hone__tagged_token {
    hone_text word;         /* as the vocabulary writes it; of an unknown token, its part of the text */
    const float *scores;    /* (n_labels) */
    hone_span chars, bytes; /* in the text */
    int64_t index;          /* in the encoding of the text, special tokens counted */
    int32_t word_id;
    bool is_subword; /* goes on with a word, by the reference's guess */
} hone__tagged_token;

/* An entity, or a word on the way to one. Its text is `word` in the findings' text. */
typedef struct hone__found {
    int32_t label;
    float score;
    hone_span word, chars, bytes;
    int64_t index; /* of a single token; -1 */
} hone__found;

typedef struct hone__findings {
    hone__found *items;
    size_t n, capacity;
    hone_str text;
} hone__findings;

/* How to aggregate, and scratch memory that is kept. One thread at a time. */
typedef struct hone__aggregator {
    const hone_tokenizer *tokenizer;
    hone_aggregation strategy;
    const char *const *labels; /* (n_labels) */
    size_t n_labels;
    bool *is_ignored; /* (n_labels) as a label (none), or as the group that the label belongs to */
    hone__findings units;
    hone_text *words; /* those of a group */
    float *scores;
    size_t words_capacity, scores_capacity, mean_capacity;
    float *mean; /* (n_labels) */
} hone__aggregator;

/* ignore_labels: NULL-terminated, NULL: "O" alone. Dispose in every case. */
hone_status hone__aggregator_init(hone__aggregator *a, const hone_tokenizer *tokenizer, hone_aggregation strategy,
                                  const char *const *labels, size_t n_labels, const char *const *ignore_labels);
void hone__aggregator_dispose(hone__aggregator *a);

/* Appends the entities of n consecutive tokens of text. */
hone_status hone__aggregate(hone__findings *out, hone__aggregator *a, hone_text text, const hone__tagged_token *pieces, size_t n);
/* Of entities of several windows that overlap: the longer one stays, of equally long ones the higher score. */
void hone__findings_resolve(hone__findings *f);
void hone__findings_clear(hone__findings *f);
void hone__findings_dispose(hone__findings *f);

/* "PER" of "B-PER": what follows the first "-", or all of it. Lent by the label. */
const char *hone__label_group(const char *label);

/* Softmax of n logits in float32, as numpy computes exp(x - max) / sum. In place is legal. */
void hone__label_scores(float *scores, const float *logits, size_t n);

#endif
