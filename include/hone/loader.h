/* From tokenized examples to batches: the order of an epoch, packing, a loader.
 *
 * The order of epoch e is the reference's: randperm(n) of mt19937 seeded with seed + e (semantics.md, "The data order"). */
#ifndef HONE_LOADER_H
#define HONE_LOADER_H

#include <hone/batch.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One example, lent until the next `get` on the same thread. Arrays that a task lacks are NULL. */
typedef struct hone_example {
    int32_t n_tokens;
    const int32_t *input_ids, *token_type_ids, *labels; /* (n_tokens) */
    int32_t row_label, start_position, end_position;
    const float *targets;
    int32_t n_targets;
} hone_example;

/* Tokenized examples with random access, immutable, usable by several threads. Anyone may fill one of these: get must write *out. */
typedef struct hone_examples hone_examples;
typedef struct hone_examples_ops {
    hone_status (*get)(void *self, int64_t i, hone_example *out);
    int32_t (*length)(void *self, int64_t i); /* tokens of example i */
    void (*free)(void *self);                 /* may be NULL */
} hone_examples_ops;

HONE_API hone_status hone_examples_new(hone_examples **out, const hone_examples_ops *ops, void *self, int64_t n); /* takes self */
HONE_API void hone_examples_free(hone_examples *e);
HONE_API int64_t hone_examples_count(const hone_examples *e);
HONE_API hone_status hone_examples_get(const hone_examples *e, int64_t i, hone_example *out);
HONE_API int32_t hone_examples_length(const hone_examples *e, int64_t i);
/* The first n of e, in order; e must outlive it. n beyond the count: all. */
HONE_API hone_status hone_examples_take(hone_examples **out, const hone_examples *e, int64_t n);

typedef struct hone_loader hone_loader;
typedef struct hone_loader_options {
    int64_t batch_size; /* rows; 8 */
    bool shuffle;
    uint64_t seed;      /* 42 */
    bool drop_last;
    int rank, n_ranks;  /* 0 of 1: batch i goes to rank i mod n_ranks (semantics.md, 50) */
} hone_loader_options;
#define HONE_LOADER_OPTIONS_INIT { 8, false, 42, false, 0, 1 }

/* examples must outlive the loader. */
HONE_API hone_status hone_loader_new(hone_loader **out, const hone_examples *examples, const hone_loader_options *options);
HONE_API void hone_loader_free(hone_loader *loader);
HONE_API int64_t hone_loader_batches(const hone_loader *loader); /* of an epoch */
/* Starts epoch `epoch` at batch `first_batch` (0: the beginning; resume jumps there at once). */
HONE_API hone_status hone_loader_start_epoch(hone_loader *loader, int64_t epoch);
HONE_API hone_status hone_loader_start_epoch_at(hone_loader *loader, int64_t epoch, int64_t first_batch);
/* The next batch, lent until the next call; false at the end of the epoch or after a failure (hone_loader_status). */
HONE_API bool hone_loader_next(hone_loader *loader, hone_batch *batch);
HONE_API hone_status hone_loader_status(const hone_loader *loader);
/* Batches of the epoch that were passed or given out: hone_loader_batches after the last one. */
HONE_API int64_t hone_loader_position(const hone_loader *loader);

#ifdef __cplusplus
}
#endif
#endif
