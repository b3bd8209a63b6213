/* WordLevel (tokenizers/src/models/wordlevel): a word is a token, or unknown as a whole. */
#ifndef HONE_TOKENIZER_WORDLEVEL_H
#define HONE_TOKENIZER_WORDLEVEL_H

#include "tokenizer/bpe.h"

typedef struct hone__wordlevel {
    char *unk_token;
    int32_t unk_id; /* -1: not in the vocabulary; then an unknown word is an error */
} hone__wordlevel;

void hone__wordlevel_dispose(hone__wordlevel *w);
/* Looks unk_token up. */
void hone__wordlevel_finish(hone__wordlevel *w, const hone__vocab *v);
/* Encodes a word into s->symbols. */
hone_status hone__wordlevel_encode(const hone__wordlevel *w, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len);

#endif
