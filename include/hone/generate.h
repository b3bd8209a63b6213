/* Text generation with a key/value cache: greedy, sampling, beams, as transformers' generate() does it (semantics.md, 61-62). */
#ifndef HONE_GENERATE_H
#define HONE_GENERATE_H

#include <hone/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_generate_options {
    int64_t max_new_tokens;             /* 256 */
    bool do_sample;                     /* false: greedy, or beams */
    double temperature;                 /* 1 */
    int64_t top_k;                      /* 50; 0: off; sampling only */
    double top_p;                       /* 1: off */
    int64_t num_beams;                  /* 1 */
    int64_t num_return_sequences;       /* 1 */
    double repetition_penalty;          /* 1: off */
    int64_t no_repeat_ngram_size;       /* 0: off */
    double length_penalty;              /* 1; beams */
    bool early_stopping;                /* beams: stop at num_beams finished ones */
    int64_t eos_token_id, pad_token_id; /* -2: the model's (generation_config.json); -1: none */
    uint64_t seed;                      /* of sampling: each sequence draws from its own counter */
    uint64_t first_sequence;            /* the number of this call's first sequence in the run, so that batches do not draw the same: 0 */
    /* Called with every new token of sequence `sequence` as soon as it is certain (greedy and sampling); NULL: none. Return false to stop. */
    bool (*on_token)(void *payload, size_t sequence, int32_t id);
    void *payload;
} hone_generate_options;
#define HONE_GENERATE_OPTIONS_INIT                                                    \
    {                                                                                 \
        256, false, 1.0, 50, 1.0, 1, 1, 1.0, 0, 1.0, false, -2, -2, 42, 0, NULL, NULL \
    }

typedef struct hone_generation {
    int32_t **ids;      /* n_sequences rows of `length` ids: prompt, what follows, then padding to the longest row of the same prompt */
    int32_t *lengths;   /* ids in each row without the padding at its end (end-of-text included) */
    int32_t *widths;    /* ids in each row */
    double *scores;     /* beams: sum of log p / length^length_penalty; else sum of log p */
    size_t n_sequences; /* n_prompts * num_return_sequences, grouped by prompt */
} hone_generation;

/* What can be said of options without a model: numbers out of range, options that exclude each other. hone_generate checks them too. */
HONE_API hone_status hone_generate_check(const hone_generate_options *options);

/* Prompts of different lengths run as one packed batch (no padding). prompts[i] has lengths[i] >= 1 ids. Errors: an empty prompt, a prompt plus max_new_tokens beyond the model's
 * positions (the remedy is named), ids outside the vocabulary. Free with hone_generation_dispose. */
HONE_API hone_status hone_generate(hone_generation *out, const hone_model *model, const int32_t *const *prompts, const size_t *lengths,
                                   size_t n_prompts, const hone_generate_options *options);
/* Frees what g holds and empties it; NULL is legal. */
HONE_API void hone_generation_dispose(hone_generation *g);

#ifdef __cplusplus
}
#endif
#endif
