/* Beam search over the continuations of one prompt: bookkeeping on host numbers, without a model. Follows transformers 4.57.3's vectorised _beam_search:
 * max(2, 1 + end ids) * B candidates a step, scores in float32, finished beams by sum of log p / generated length ^ length_penalty, early_stopping false by its
 * heuristic (the best running beam cannot pass the worst finished one at the present length). Ties go to the lower beam, then the lower id. */
#ifndef HONE_MODELS_BEAM_SEARCH_H
#define HONE_MODELS_BEAM_SEARCH_H

#include "base/mem.h"

typedef struct hone_beam_options {
    int n_beams;
    const int32_t *eos;
    size_t n_eos;
    double length_penalty;
    bool early_stopping;
    size_t prompt_length, max_length; /* of a sequence, prompt included */
} hone_beam_options;

typedef struct hone_beams hone_beams;
hone_status hone__beams_new(hone_beams **out, const hone_beam_options *options, const int32_t *prompt);
void hone__beams_free(hone_beams *b);
/* log_probs (B, V), as changed by processors. Afterwards beam j goes on from the former beam parents[j]. */
void hone__beams_advance(hone_beams *b, const float *log_probs, int64_t n_classes);
bool hone__beams_done(const hone_beams *b);
const int32_t *hone__beams_parents(const hone_beams *b);
const int32_t *hone__beams_running(const hone_beams *b, int beam, size_t *length); /* ids of a running beam, prompt first */
const int32_t *hone__beams_finished(const hone_beams *b, int rank, size_t *length, float *score);

#endif
