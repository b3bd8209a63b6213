/* A vocabulary: the texts of tokens by id, and ids by text. Texts lie end to end, NUL-terminated; ids by text is an open-addressing table.
 * Memory: the texts, 8 bytes an id, and 8 to 16 bytes a token for the table. */
#ifndef HONE_TOKENIZER_VOCAB_H
#define HONE_TOKENIZER_VOCAB_H

#include "base/str.h"

typedef struct hone__vocab {
    hone_str texts;
    uint32_t *start, *len; /* by id; start is HONE__NO_TEXT where no token has the id */
    size_t n_ids, ids_capacity, len_capacity;
    size_t n_tokens;
    uint32_t *slots; /* id + 1, 0 is free */
    size_t n_slots;
} hone__vocab;
#define HONE__NO_TEXT UINT32_MAX

/* Ids lie below this, so that ids of two tokens fit a key. */
#define HONE__MAX_ID (1 << 28)

void hone__vocab_dispose(hone__vocab *v);

/* Room for about n tokens, so that the table isn't rebuilt on the way. */
hone_status hone__vocab_reserve(hone__vocab *v, size_t n);

/* Adds a token with an id of its own. HONE_FORMAT when the text or the id is there already, or the id is out of range. */
hone_status hone__vocab_add(hone__vocab *v, const char *text, size_t len, int64_t id);

/* The id of a text, -1 if there is none. */
int32_t hone__vocab_find(const hone__vocab *v, const char *text, size_t len);

static inline bool hone__vocab_has(const hone__vocab *v, int64_t id)
{
    return id >= 0 && (uint64_t)id < v->n_ids && v->start[id] != HONE__NO_TEXT;
}

/* The text of an id that is there. */
static inline const char *hone__vocab_text(const hone__vocab *v, int32_t id)
{
    return v->texts.data + v->start[id];
}

#endif
