/* A text on its way through the pipeline of token classification: read, encoded into windows, scored, and cut into the pieces that are aggregated. */
#ifndef HONE_TASKS_TOKEN_TEXT_H
#define HONE_TASKS_TOKEN_TEXT_H

#include "base/json.h"
#include "tasks/token_aggregate.h"

typedef struct hone__tagged {
    hone_text text;    /* lent, or words joined */
    char *joined;      /* what text points to when it was joined */
    hone_text *words;  /* split already: lent texts; NULL: text is to be split */
    hone_span *starts; /* of the words in text: code points, bytes */
    size_t n_words;
    hone_encoding *encoding; /* the first window; the others overflow */
    float *scores;           /* (tokens of all windows, n_labels) */
    bool is_done;            /* answered, or not to be */
} hone__tagged;

typedef struct hone__tagged_tokens {
    hone__tagged_token *items;
    size_t n, capacity;
} hone__tagged_tokens;

/* A string, or {"inputs" | "text" | "tokens": a string or an array of words}, {"delimiter": " "}. Lends from input. */
hone_status hone__tagged_read(hone__tagged *t, const json_t *input);
/* Words are joined by single spaces. Lends from sequence. */
hone_status hone__tagged_take(hone__tagged *t, const hone_sequence *sequence);
hone_status hone__tagged_encode(hone__tagged *t, const hone_tokenizer *tok, const hone_encode_options *options);
void hone__tagged_dispose(hone__tagged *t);

size_t hone__tagged_n_windows(const hone__tagged *t);
const hone_encoding *hone__tagged_window(const hone__tagged *t, size_t i);
/* Tokens of all windows. */
size_t hone__tagged_n_tokens(const hone__tagged *t);

/* The pieces of window i, whose scores begin at `scores`. */
hone_status hone__tagged_pieces(hone__tagged_tokens *out, const hone__tagged *t, size_t i, const float *scores, size_t n_labels,
                                const hone_tokenizer *tok);
/* The pieces of the whole text: each from the window in which it stands farther from the edge. Windows share `stride` tokens and hold `room` of the text's. */
hone_status hone__tagged_all_pieces(hone__tagged_tokens *out, const hone__tagged *t, size_t n_labels, const hone_tokenizer *tok,
                                    size_t room, size_t stride);

#endif
