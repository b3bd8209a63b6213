/* Models: what turns a word into tokens. A part of tokenizer.json; a vocabulary and one kind of rule over it. */
#ifndef HONE_TOKENIZER_MODEL_H
#define HONE_TOKENIZER_MODEL_H

#include "tokenizer/bpe.h"
#include "tokenizer/wordlevel.h"
#include "tokenizer/wordpiece.h"

typedef enum hone__model_kind { HONE__MODEL_BPE, HONE__MODEL_WORDPIECE, HONE__MODEL_WORDLEVEL } hone__model_kind;

typedef struct hone__model {
    hone__model_kind kind;
    hone__vocab vocab;
    hone__bpe bpe;
    hone__wordpiece wordpiece;
    hone__wordlevel wordlevel;
} hone__model;

static inline void hone__model_dispose(hone__model *m)
{
    hone__vocab_dispose(&m->vocab);
    hone__bpe_dispose(&m->bpe);
    hone__wordpiece_dispose(&m->wordpiece);
    hone__wordlevel_dispose(&m->wordlevel);
}

/* Makes it a WordPiece of 100 characters a word at most, its vocabulary aside. */
static inline hone_status hone__model_make_wordpiece(hone__model *m, const char *unk_token, const char *prefix)
{
    m->kind = HONE__MODEL_WORDPIECE;
    m->wordpiece.max_chars = 100;
    HONE_TRY(hone__strdup(&m->wordpiece.unk_token, unk_token));
    return hone__strdup(&m->wordpiece.prefix, prefix);
}

/* Encodes a word into s->symbols. */
static inline hone_status hone__model_encode(const hone__model *m, hone__bpe_scratch *s, const char *word, size_t len)
{
    if (m->kind == HONE__MODEL_WORDPIECE)
        return hone__wordpiece_encode(&m->wordpiece, &m->vocab, s, word, len);
    if (m->kind == HONE__MODEL_WORDLEVEL)
        return hone__wordlevel_encode(&m->wordlevel, &m->vocab, s, word, len);
    return hone__bpe_encode_text(&m->bpe, &m->vocab, s, word, len);
}

#endif
