/* One model in the act of generating: its tape, its key/value cache and the logits of the last tokens. Rows of a step name their cache slots. */
#ifndef HONE_MODELS_STEPPER_H
#define HONE_MODELS_STEPPER_H

#include "models/class.h"

typedef struct hone_stepper {
    const hone_model *model;
    hone_backend *backend;
    hone_tape *tape;
    hone_kv_cache *cache;
    int64_t n_classes;   /* V */
    int32_t n_rows;      /* of the last feed */
    hone_tensor *logits; /* (R, V) of each row's last token, until the next feed */
    float *host;         /* (slots, V) the same for the host, after hone__stepper_read; NULL until it is asked for */
    float *states;       /* (slots, 4) host: largest logit, sum of exp(logit - largest), …: after hone__stepper_states */
    int32_t *best;       /* (slots) host: after hone__stepper_argmax */
    int32_t n_slots, token_capacity;
    int32_t *cu_seqlens, *ids, *positions, *last, *unlabelled; /* arrays of the running batch */
} hone_stepper;

/* max_tokens: of one feed; max_length: of a sequence, for a first guess of the cache. */
hone_status hone__stepper_init(hone_stepper *d, const hone_model *model, int32_t n_slots, int32_t max_tokens, int64_t max_length);
void hone__stepper_dispose(hone_stepper *d);
/* Goes on in slots[i] with ids[i][0 .. n_ids[i]), n_ids >= 1. with_logits false: only the cache is filled. */
hone_status hone__stepper_feed(hone_stepper *d, int32_t n_rows, const int32_t *slots, const int32_t *const *ids, const int32_t *n_ids,
                               bool with_logits);
/* Results of the last feed on the host. */
hone_status hone__stepper_argmax(hone_stepper *d);
hone_status hone__stepper_states(hone_stepper *d);
hone_status hone__stepper_read(hone_stepper *d, bool log_softmax);

#endif
