/* WordPiece (Schuster and Nakajima 2012; BERT's form) as tokenizers/src/models/wordpiece: the longest token that begins a word, then the longest that continues it;
 * a word that can't be covered, or is too long, is unknown as a whole. */
#ifndef HONE_TOKENIZER_WORDPIECE_H
#define HONE_TOKENIZER_WORDPIECE_H

#include "tokenizer/bpe.h"

typedef struct hone__wordpiece {
    char *unk_token, *prefix;
    int32_t unk_id;
    size_t max_chars; /* max_input_chars_per_word */
    size_t longest;   /* bytes of the longest token */
    uint32_t *
        lengths; /* [2][HONE__LENGTHS]: how long the tokens are that begin, or continue, with two bytes; a bit a length, bit 31 for all above 30 */
} hone__wordpiece;
#define HONE__LENGTHS 4096

void hone__wordpiece_dispose(hone__wordpiece *w);

/* Looks unk_token up, which must be there; unk_token and prefix are set. */
hone_status hone__wordpiece_finish(hone__wordpiece *w, const hone__vocab *v);

/* Encodes a word into s->symbols. */
hone_status hone__wordpiece_encode(const hone__wordpiece *w, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len);

#endif
