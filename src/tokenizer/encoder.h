/* What one thread needs to encode: scratch that is kept from text to text, and its cache of words. A tokenizer keeps a pool of them, so that callers share the
 * tokenizer without noticing; each is bounded in bytes (HONE__CACHE_BYTES and what HONE__KEEP_BYTES allows of scratch). */
#ifndef HONE_TOKENIZER_ENCODER_H
#define HONE_TOKENIZER_ENCODER_H

#include "tokenizer/tokenizer.h"

#define HONE__CACHE_SLOTS (1 << 15) /* 64 bytes each: 2 MiB a thread */
#define HONE__CACHE_BYTES (HONE__CACHE_SLOTS * sizeof(hone__cached_word))
#define HONE__KEEP_BYTES  (16u << 20) /* more scratch than that is given back after a call */

/* A word of up to 24 bytes and its tokens: ids and their places in the word, whole characters. */
typedef struct hone__cached_word {
    uint64_t key[3]; /* the word's bytes, zeros behind */
    int32_t ids[6];
    uint8_t at[6][2];
    uint8_t len, n;
    uint8_t pad[2];
} hone__cached_word;
_Static_assert(sizeof(hone__cached_word) == 64, "one cache line a word");

/* A token before the post-processor. */
typedef struct hone__token {
    int32_t id, word;
    hone__range at; /* bytes of its text */
} hone__token;

/* An added token whose lstrip or rstrip took in white space: its text is what it covers, not the vocabulary's. */
typedef struct hone__wide_token {
    size_t token, start, len; /* index; place in the encoder's wide_texts */
} hone__wide_token;

/* Where tokens go: all of a token, its id alone, or nowhere but into the count. */
typedef enum hone__sink { HONE__SINK_TOKENS, HONE__SINK_IDS, HONE__SINK_COUNT } hone__sink;

typedef struct hone__encoder {
    const hone_tokenizer *tok;
    hone__sink sink;
    hone__token *tokens;
    size_t n_tokens, capacity;
    hone__range *chars; /* places in code points, [0..n_chars); tokens behind that are of ASCII texts */
    size_t n_chars, chars_capacity;
    hone__wide_token *wide; /* by token index */
    size_t n_wide, wide_capacity;
    hone_str wide_texts;
    hone_ids *ids;
    size_t n_counted, n_replaced;
    int32_t word; /* the next word's index, or with fixed_word every word's */
    bool fixed_word;
    hone__bpe_scratch scratch;
    hone__work work;
    hone__aligned repaired;
    hone__cached_word *cache;
    struct hone__encoder *next;
} hone__encoder;

struct hone__encoder_pool;
hone_status hone__pool_new(struct hone__encoder_pool **out);
void hone__pool_free(struct hone__encoder_pool *pool);

/* An encoder of the tokenizer's pool, for this thread until it is given back. */
hone_status hone__encoder_take(hone__encoder **out, const hone_tokenizer *tok, hone__sink sink);
/* Forgets what it has encoded. */
void hone__encoder_clear(hone__encoder *e);
void hone__encoder_give(hone__encoder *e);

/* Encodes one text behind what is there already. Word indices count on from e->word. */
hone_status hone__encode_text(hone__encoder *e, hone_text text);

/* True when every text so far was ASCII, so that bytes are code points. */
static inline bool hone__encoder_is_ascii(const hone__encoder *e)
{
    return !e->n_chars;
}

#endif
