/* What changes the scores of the next token before it is chosen: transformers' logits processors and warpers on one row of V host floats, in their order
 * (semantics.md of the reference, generation/logits_process.py): repetition penalty, repeated n-grams, temperature, top_k, top_p; then a draw. */
#ifndef HONE_MODELS_LOGITS_PROCESS_H
#define HONE_MODELS_LOGITS_PROCESS_H

#include "base/mem.h"

typedef struct hone_scored {
    float score;
    int32_t id;
} hone_scored;

/* Room for one row, made once. */
typedef struct hone_logits_work {
    int64_t n;         /* V */
    hone_scored *heap; /* (V) */
    uint8_t *seen;     /* (V), all zero between calls */
} hone_logits_work;
hone_status hone__logits_work_init(hone_logits_work *w, int64_t n);
void hone__logits_work_dispose(hone_logits_work *w);

/* Keskar et al. 2019 (CTRL): each distinct id of ids[0..n) once: a negative score times penalty, another divided by it. */
void hone__repetition_penalty(float *scores, const int32_t *ids, size_t n, float penalty, hone_logits_work *w);
/* -inf for every id that would complete an n-gram of `size` that ids[0..n) holds already. */
void hone__ban_repeated_ngrams(float *scores, const int32_t *ids, size_t n, size_t size);
/* Keeps scores not below the k-th largest (ties stay); -inf for the others. */
void hone__keep_top_k(float *scores, size_t k, hone_logits_work *w);
/* Holtzman et al. 2020: keeps the fewest most probable tokens whose probabilities reach p, at least one. */
void hone__keep_top_p(float *scores, double p, hone_logits_work *w);
/* The id at which the cumulative softmax of the scores passes u in [0, 1). */
int32_t hone__sample(const float *scores, int64_t n, double u);
/* A uniform in [0, 1) with 53 bits, from the seed, the sequence and the number of its tokens drawn before. */
double hone__sample_uniform(uint64_t seed, uint64_t sequence, uint32_t step);

#endif
