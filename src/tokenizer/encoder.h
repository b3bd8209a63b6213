/* What one thread needs to encode: scratch that is kept from text to text, and its cache of words. A tokenizer keeps a pool of them, so that callers share the
 * tokenizer without noticing; each is bounded in bytes (HONE__CACHE_BYTES and what HONE__KEEP_BYTES allows of scratch). */
#ifndef HONE_TOKENIZER_ENCODER_H
#define HONE_TOKENIZER_ENCODER_H

#include "tokenizer/tokenizer.h"
#include "tokenizer/word_cache.h"

#define HONE__KEEP_BYTES (16u << 20) /* more scratch than that is given back after a call */

/* A token before the post-processor. */
typedef struct hone__token {
    int32_t id, word;
    hone__range at; /* bytes of its text */
} hone__token;

/* An added token whose lstrip or rstrip took in white space, or that was found normalized: its text is what it covers, not the vocabulary's. */
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
    hone_str lowered; /* a word, lower-cased */
    hone__cached_word *cache;
    bool in_slabs; /* encodings are put into slabs: `slab` is the one at hand */
    struct hone__slab *slab;
    struct hone__encoder *next;
} hone__encoder;

struct hone__encoder_pool;
hone_status hone__pool_new(struct hone__encoder_pool **out);
void hone__pool_free(struct hone__encoder_pool *pool);
void hone__pool_trim(struct hone__encoder_pool *pool); /* frees encoders that are not in use */

/* An encoder of the tokenizer's pool, for this thread until it is given back. */
hone_status hone__encoder_take(hone__encoder **out, const hone_tokenizer *tok, hone__sink sink);
/* Forgets what it has encoded. */
void hone__encoder_clear(hone__encoder *e);
void hone__encoder_give(hone__encoder *e);

/* Encodes one text behind what is there already. Word indices count on from e->word. */
hone_status hone__encode_text(hone__encoder *e, hone_text text);

/* The same for a word that was split already, whose tokens all have the index e->word (fixed_word): short words come from the cache as a whole. */
hone_status hone__encode_split_word(hone__encoder *e, hone_text word);

/* The general way through normalizer, pre-tokenizer and model, for valid text without raw added tokens that begins at `base` in what offsets count from.
 * e->work.splits are its words afterwards. */
hone_status hone__encode_general(hone__encoder *e, const char *text, size_t len, uint32_t base);

/* The fast way of BERT's tokenizers (bert_words.h): the same for those with tok->bert.usable. */
hone_status hone__encode_bert_words(hone__encoder *e, const char *text, size_t len, uint32_t base);

/* Room for n more tokens. */
static inline hone_status hone__encoder_reserve(hone__encoder *e, size_t n)
{
    if (e->sink == HONE__SINK_TOKENS)
        return e->n_tokens + n <= e->capacity ? HONE_OK : HONE_GROW(&e->tokens, &e->capacity, e->n_tokens + n);
    if (e->sink == HONE__SINK_IDS)
        return e->ids->n + n <= e->ids->capacity ? HONE_OK : HONE_GROW(&e->ids->data, &e->ids->capacity, e->ids->n + n);
    return HONE_OK;
}

/* Takes one token; hone__encoder_reserve went before. */
static inline void hone__emit(hone__encoder *e, int32_t id, hone__range at)
{
    if (e->sink == HONE__SINK_TOKENS)
        e->tokens[e->n_tokens++] = (hone__token){id, e->word, at};
    else if (e->sink == HONE__SINK_IDS)
        e->ids->data[e->ids->n++] = id;
    else
        e->n_counted++;
}

/* Takes the tokens of a cached word that begins at `at`. */
static inline hone_status hone__emit_cached(hone__encoder *e, const hone__cached_word *word, uint32_t at)
{
    HONE_TRY(hone__encoder_reserve(e, 6));
    for (size_t k = 0; k < word->n; k++)
        hone__emit(e, word->ids[k], (hone__range){at + word->at[k][0], at + word->at[k][1]});
    return HONE_OK;
}

/* Keeps the tokens from `first` on as what the word of `key`, which begins at `base`, became. */
static inline void hone__keep_word(const hone__encoder *e, hone__cached_word *slot, const hone__cache_key *key, size_t first, uint32_t base)
{
    hone__cache_claim(slot, key, e->n_tokens - first);
    for (size_t i = 0; i < slot->n; i++) {
        const hone__token *t = &e->tokens[first + i];
        slot->ids[i] = t->id;
        slot->at[i][0] = (uint8_t)(t->at.start - base), slot->at[i][1] = (uint8_t)(t->at.end - base);
    }
}

static inline void hone__next_word(hone__encoder *e)
{
    e->word += !e->fixed_word;
}

/* True when every text so far was ASCII, so that bytes are code points. */
static inline bool hone__encoder_is_ascii(const hone__encoder *e)
{
    return !e->n_chars;
}

#endif
