/* From tokenized examples to batches: the order of an epoch, packing, a loader.
 *
 * The order of epoch e is the reference's: randperm(n) of mt19937 seeded with seed + e, so that a run can be laid beside a Python one. */
#ifndef HONE_LOADER_H
#define HONE_LOADER_H

#include <hone/batch.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_NO_LABEL INT32_MIN /* row_label, start_position, end_position of an example whose task has none */

/* One example, lent until the next `get` on the same thread. Arrays that a task lacks are NULL, numbers HONE_NO_LABEL. */
typedef struct hone_example {
    int32_t n_tokens;
    const int32_t *input_ids, *token_type_ids, *labels; /* (n_tokens) */
    int32_t row_label, start_position, end_position;
    const float *targets; /* (n_targets) */
    int32_t n_targets;
} hone_example;

/* Tokenized examples with random access, immutable, usable by several threads. Anyone may fill one of these. */
typedef struct hone_examples hone_examples;
typedef struct hone_examples_ops {
    /* Fills in example i; *out is empty (NULL, HONE_NO_LABEL) when it is called */
    hone_status (*get)(void *self, int64_t i, hone_example *out);
    int32_t (*length)(void *self, int64_t i); /* tokens of example i */
    void (*free)(void *self);                 /* may be NULL */
} hone_examples_ops;

/* n examples that ops fetches from self. Takes self: it is freed with the examples, and at once when this fails. */
HONE_API hone_status hone_examples_new(hone_examples **out, const hone_examples_ops *ops, void *self, int64_t n);
/* Frees; NULL is legal. No loader or part of e may be in use. */
HONE_API void hone_examples_free(hone_examples *e);
/* The number of examples. */
HONE_API int64_t hone_examples_count(const hone_examples *e);
/* Example i. HONE_INVALID_ARGUMENT when i is out of range. */
HONE_API hone_status hone_examples_get(const hone_examples *e, int64_t i, hone_example *out);
/* The tokens of example i, 0 when i is out of range. */
HONE_API int32_t hone_examples_length(const hone_examples *e, int64_t i);
/* The first n of e, in order (max_train_samples); n < 0 or beyond the count: all. e must outlive it. */
HONE_API hone_status hone_examples_take(hone_examples **out, const hone_examples *e, int64_t n);
/* Examples first .. first + n - 1 of e, cut to what there is. e must outlive it. */
HONE_API hone_status hone_examples_range(hone_examples **out, const hone_examples *e, int64_t first, int64_t n);
/* Splits e as run_clm.py's --validation_split_percentage does: the first `percent` of a hundred are for validation, the rest for training. Where both can have
 * one, neither is empty. HONE_INVALID_ARGUMENT unless 0 < percent < 100 and e has two. e must outlive both. */
HONE_API hone_status hone_examples_split(hone_examples **train, hone_examples **validation, const hone_examples *e, double percent);

/* Works on each batch after it was packed and before it is given out, as the reference's data collators do: draws masks (hone/masking.h), for example. input_ids (N) are the
 * batch's own and may be changed; labels (N) is room for labels, which batch->labels then has to point to. What it draws should follow from the row's ordinal and the position
 * in the row alone, so that the size of a batch decides about nothing. A failure ends the epoch. Called by the loader's thread. */
typedef struct hone_collator {
    /* NULL: batches stay as they were packed */
    hone_status (*fn)(void *self, hone_batch *batch, int32_t *input_ids, int32_t *labels);
    void *self; /* lent */
} hone_collator;

/* An order of one's own (torch's Sampler): which example stands at which place of an epoch. It is asked once an epoch, and by the forecast of a run's memory for epochs that are to come. It should follow from the
 * epoch's number (and a seed of its own) alone: then a resumed run jumps to its place at once and sees the same examples. One that does not is told so by `unrepeatable`, and resuming with it warns.
 *
 *     static hone_status backwards(void *self, int64_t epoch, int64_t n_examples, int64_t *order, int64_t n)
 *     {
 *         for (int64_t i = 0; i < n; i++)
 *             order[i] = n_examples - 1 - i;
 *         return HONE_OK;
 *     }
 *     …
 *     loading.sampler = (hone_sampler){.order = backwards};
 */
typedef struct hone_sampler {
    /* Fills order (n) with numbers of examples, 0 .. n_examples - 1, which may come twice (weights) or not at all. A failure ends the epoch. NULL: no sampler. */
    hone_status (*order)(void *self, int64_t epoch, int64_t n_examples, int64_t *order, int64_t n);
    void *self;        /* lent */
    int64_t n_samples; /* places of an epoch; 0: as many as there are examples */
    bool unrepeatable; /* the same epoch may be another order the next time */
} hone_sampler;

typedef struct hone_loader hone_loader;
typedef struct hone_loader_options {
    int64_t batch_size; /* rows; 8 */
    bool shuffle;       /* false: the examples' own order */
    uint64_t seed;      /* 42: data_seed if given, else seed */
    bool drop_last;     /* a short batch at the end is left out */
    int rank,
        /* 0 of 1: batch i goes to rank i mod n_ranks; the tail is filled with the epoch's first samples, so that all ranks have as much */
        n_ranks;
    hone_collator collator;
    /* > 0, with shuffle: rows of similar length stand side by side, as transformers' LengthGroupedSampler orders them for groups of so many rows (batch size times
     * gradient_accumulation_steps) from the same random permutation */
    int64_t group_by_length;
    hone_sampler sampler; /* decides about the order in the place of shuffle and group_by_length */
} hone_loader_options;
#define HONE_LOADER_OPTIONS_INIT                    \
    {                                               \
        8, false, 42, false, 0, 1, {NULL, NULL}, 0, \
        {                                           \
            NULL, NULL, 0, false                    \
        }                                           \
    }

/* A loader of batches; it stands at the start of epoch 0. options NULL: the defaults. examples must outlive it. One thread at a time. */
HONE_API hone_status hone_loader_new(hone_loader **out, const hone_examples *examples, const hone_loader_options *options);
/* Frees; NULL is legal. */
HONE_API void hone_loader_free(hone_loader *loader);
/* The batches of an epoch on this rank. */
HONE_API int64_t hone_loader_batches(const hone_loader *loader);
/* Starts epoch `epoch` at its beginning. */
HONE_API hone_status hone_loader_start_epoch(hone_loader *loader, int64_t epoch);
/* The same at batch `first_batch` of this rank: resuming jumps there at once. */
HONE_API hone_status hone_loader_start_epoch_at(hone_loader *loader, int64_t epoch, int64_t first_batch);
/* The next batch, lent until the next call; false at the end of the epoch or after a failure (hone_loader_status). The memory is used again: after the
 * first few batches nothing is allocated. */
HONE_API bool hone_loader_next(hone_loader *loader, hone_batch *batch);
/* HONE_OK, or the failure that ended the epoch; leaves its message as the thread's. */
HONE_API hone_status hone_loader_status(const hone_loader *loader);
/* The epoch that it stands in. */
HONE_API int64_t hone_loader_epoch(const hone_loader *loader);
/* Batches of the epoch that were passed or given out: hone_loader_batches after the last one. */
HONE_API int64_t hone_loader_position(const hone_loader *loader);

#ifdef __cplusplus
}
#endif
#endif
