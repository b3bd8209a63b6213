/* Encodings from the tokens of one or two sequences: truncation into windows, the post-processor's template, padding. */
#ifndef HONE_TOKENIZER_ENCODING_H
#define HONE_TOKENIZER_ENCODING_H

#include "tokenizer/encoder.h"

/* A token's own text. */
typedef struct hone__token_text {
    size_t token, len;
    char *text;
} hone__token_text;

/* Pages that many encodings of a batch lie in (slab.c), and what a tokenizer keeps of them. */
typedef struct hone__slab hone__slab;
typedef struct hone__slab_shelf hone__slab_shelf;

/* The arrays lie behind the struct in one block, or in a slab; chars is offsets where all text is ASCII. */
struct hone_encoding {
    hone__slab *slab; /* NULL: a block of its own */
    const hone_tokenizer *tok;
    size_t n;
    hone_span *offsets, *chars;
    int32_t *ids, *type_ids, *word_ids, *sequence_ids;
    uint8_t *special, *attention;
    size_t n_replaced;
    hone__token_text *texts; /* of the tokens whose text is not the vocabulary's, by index */
    size_t n_texts, texts_capacity;
    hone_encoding **overflowing;
    size_t n_overflowing, overflowing_capacity;
};

/* A stretch of e->tokens. */
typedef struct hone__window {
    size_t start, n;
} hone__window;

typedef struct hone__windows {
    hone__window *items; /* the first is what the encoding keeps, the others overflow */
    size_t n, capacity;
} hone__windows;

/* Cuts `all` into windows of at most max_len tokens that share `stride` (Encoding::truncate of the reference). HONE_INVALID_ARGUMENT when stride leaves no room. */
hone_status hone__truncate(hone__windows *out, hone__window all, size_t max_len, size_t stride, hone_side side);

/* How many tokens each sequence of a pair keeps with longest_first, for max_length L (utils/truncation.rs). */
void hone__longest_first(size_t *first, size_t *second, size_t max_length);

/* Takes `bytes` from *slab, of which one thread may take at a time; a full slab is let go and *slab is a new one. */
hone_status hone__slab_take(void **out, hone__slab **slab, hone__slab_shelf *shelf, size_t bytes);
/* Nothing of its slabs may be in use when it is freed. */
hone_status hone__slab_shelf_new(hone__slab_shelf **out);
void hone__slab_shelf_free(hone__slab_shelf *shelf);
void hone__slab_shelf_trim(hone__slab_shelf *shelf); /* frees empty slabs */
/* What was taken from a slab keeps it: one call for each take, and one by whoever holds *slab. Any thread; NULL is legal. */
void hone__slab_drop(hone__slab *slab);

/* The text of token i, "" when it is unknown; *len may be NULL. */
const char *hone__encoding_token(const hone_encoding *e, size_t i, size_t *len);

/* Makes the encoding of the tokens [0, n_first) and, with a pair, [n_first, e->n_tokens). No padding yet. */
hone_status hone__encoding_build(hone_encoding **out, hone__encoder *e, size_t n_first, bool pair, const hone_encode_options *options);

/* Pads to `length`, overflowing ones too. slab NULL: each in a block of its own. */
hone_status hone__encoding_pad(hone_encoding **e, size_t length, const hone_encode_options *options, hone__slab **slab);

/* The length to pad to, given the longest encoding at hand. */
size_t hone__pad_length(size_t longest, const hone_encode_options *options);

#endif
