/* A text on its way through normalizers and pre-tokenizers: its present bytes, for each byte the piece of the original text that it stands for, and the words
 * that it has been cut into. What the reference calls NormalizedString and PreTokenizedString. */
#ifndef HONE_TOKENIZER_WORK_H
#define HONE_TOKENIZER_WORK_H

#include "base/str.h"

typedef struct hone__range {
    uint32_t start, end;
} hone__range;

/* Bytes with the original range of each: all bytes of a character carry the whole character's. */
typedef struct hone__aligned {
    char *data;
    hone__range *from;
    size_t len, data_capacity, from_capacity;
} hone__aligned;

/* A word, or an added token that was found in the text. */
typedef struct hone__split {
    hone__range at;
    int32_t added_id; /* -1: a word */
} hone__split;

typedef struct hone__splits {
    hone__split *items;
    size_t n, capacity;
} hone__splits;

typedef struct hone__work {
    hone__aligned text, next_text; /* a stage writes `next` and swaps */
    hone__splits splits, next_splits;
} hone__work;

void hone__aligned_dispose(hone__aligned *a);
/* Room for len bytes in all. */
hone_status hone__aligned_reserve(hone__aligned *a, size_t len);
hone_status hone__aligned_push(hone__aligned *a, const char *bytes, size_t n, hone__range from);

/* Sets a to valid UTF-8 text that begins at `base` in the original, character by character. */
hone_status hone__aligned_set(hone__aligned *a, const char *text, size_t len, uint32_t base);

/* Sets a to text with U+FFFD for each maximal ill-formed part; *n_replaced counts them. */
hone_status hone__aligned_repair(hone__aligned *a, const char *text, size_t len, size_t *n_replaced);

/* The original range of a->data[start..end). */
hone__range hone__aligned_origin(const hone__aligned *a, size_t start, size_t end);

void hone__work_dispose(hone__work *w);

/* Adds [start, end) to the splits unless it is empty. */
hone_status hone__splits_push(hone__splits *s, size_t start, size_t end, int32_t added_id);

/* Ends a stage that wrote next_text, or next_splits. */
void hone__work_swap_text(hone__work *w);
void hone__work_swap_splits(hone__work *w);

#endif
