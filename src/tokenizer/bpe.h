/* Byte pair encoding (Sennrich et al. 2016), as tokenizers/src/models/bpe: merges of pairs of tokens, lowest rank first, leftmost first among equals.
 * Works on the characters of a word, or (the fast way) on the bytes of a word when the vocabulary has all 256 byte letters. */
#ifndef HONE_TOKENIZER_BPE_H
#define HONE_TOKENIZER_BPE_H

#include "tokenizer/vocab.h"

typedef struct hone__merge {
    int32_t left, right, id; /* id is the token of both together */
} hone__merge;

typedef struct hone__merge_slot {
    uint64_t pair; /* left << 32 | right; UINT64_MAX is free */
    uint32_t rank;
    int32_t id;
} hone__merge_slot;

typedef struct hone__bpe {
    char *unk_token, *prefix, *suffix; /* continuing_subword_prefix, end_of_word_suffix; NULL: none */
    int32_t unk_id;                    /* -1: none */
    bool fuse_unk, byte_fallback, ignore_merges;
    hone__merge *merges; /* by rank */
    size_t n_merges, merges_capacity;
    hone__merge_slot *slots;
    size_t n_slots;
    int32_t byte_id[256];      /* the token of a byte's letter */
    bool has_bytes;            /* all of byte_id are there, and no prefix or suffix: words may be encoded from their bytes */
    int32_t fallback_id[256];  /* the tokens <0x00> .. <0xFF>, -1 where missing */
    hone__merge_slot *by_byte; /* [256][256]: the merge of two bytes, id -1 for none; NULL unless has_bytes */
} hone__bpe;

void hone__bpe_dispose(hone__bpe *bpe);

/* Adds the next merge. HONE_FORMAT when a part or the whole is not in the vocabulary. */
hone_status hone__bpe_add_merge(hone__bpe *bpe, const hone__vocab *v, const char *left, size_t left_len, const char *right,
                                size_t right_len);

/* Builds the tables once options and merges are there. Of a pair that appears twice the later one counts, as in the reference. */
hone_status hone__bpe_finish(hone__bpe *bpe, const hone__vocab *v);

/* A piece of a word while it is merged, then a token of it. */
typedef struct hone__symbol {
    int32_t id;
    uint32_t len;  /* bytes of the word */
    uint32_t rank; /* of the merge with the next symbol, UINT32_MAX if there is none */
    int32_t merged;
} hone__symbol;

/* What a thread needs for one word; grows with the longest word. */
typedef struct hone__bpe_scratch {
    hone__symbol *symbols;
    size_t n, capacity;
    uint32_t *next, *prev;
    size_t next_capacity, prev_capacity;
    struct hone__heap_item *heap;
    size_t n_heap, heap_capacity;
    hone_str letters;
} hone__bpe_scratch;
void hone__bpe_scratch_dispose(hone__bpe_scratch *s);

/* Encodes a word given as bytes (has_bytes) into s->symbols[0..s->n): id and len. */
hone_status hone__bpe_encode_bytes(const hone__bpe *bpe, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len);

/* Encodes a word given as text: one symbol a character at first, unknown characters by byte_fallback or unk_token. */
hone_status hone__bpe_encode_text(const hone__bpe *bpe, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len);

#endif
