/* One model in the act of generating: its tape, its key/value cache and the logits of the last tokens. Rows of a step name their cache slots. */
#ifndef HONE_MODELS_DECODER_H
#define HONE_MODELS_DECODER_H

#include "models/class.h"

typedef struct hone_decoder {
    const hone_model *model;
    hone_backend *backend;
    hone_tape *tape;
    hone_kv_cache *cache;
    int64_t n_classes;   /* V */
    int32_t n_rows;      /* of the last feed */
    hone_tensor *logits; /* (R, V) of each row's last token, until the next feed */
    float *host;         /* (slots, V) the same for the host, after hone__decoder_read; NULL until it is asked for */
    float *states;       /* (slots, 4) host: largest logit, sum of exp(logit - largest), …: after hone__decoder_states */
    int32_t *best;       /* (slots) host: after hone__decoder_argmax */
    int32_t n_slots, token_capacity;
    int32_t *cu_seqlens, *ids, *positions, *last, *unlabelled; /* arrays of the running batch */
} hone_decoder;

/* max_tokens: of one feed; max_length: of a sequence, for a first guess of the cache. */
hone_status hone__decoder_init(hone_decoder *d, const hone_model *model, int32_t n_slots, int32_t max_tokens, int64_t max_length);
void hone__decoder_dispose(hone_decoder *d);
/* Goes on in slots[i] with ids[i][0 .. n_ids[i]), n_ids >= 1. with_logits false: only the cache is filled. */
hone_status hone__decoder_feed(hone_decoder *d, int32_t n_rows, const int32_t *slots, const int32_t *const *ids, const int32_t *n_ids,
                               bool with_logits);
/* Results of the last feed on the host. */
hone_status hone__decoder_argmax(hone_decoder *d);
hone_status hone__decoder_states(hone_decoder *d);
hone_status hone__decoder_read(hone_decoder *d, bool log_softmax);

#endif
