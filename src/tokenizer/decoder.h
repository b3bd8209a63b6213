/* Decoders: what joins tokens into a text again. A part of tokenizer.json, like normalizer.h. Tokens come one by one, so that generation can stream. */
#ifndef HONE_TOKENIZER_DECODER_H
#define HONE_TOKENIZER_DECODER_H

#include "tokenizer/pretokenizer.h"

typedef enum hone__decoder_kind { HONE__DECODER_NONE, HONE__DECODER_BYTE_LEVEL, HONE__DECODER_WORDPIECE } hone__decoder_kind;

typedef struct hone__decoder {
    hone__decoder_kind kind;
    hone__byte_level byte_level;
    char *prefix; /* WordPiece */
    bool cleanup;
} hone__decoder;

void hone__decoder_dispose(hone__decoder *d);
/* HONE_UNSUPPORTED names a type that hone does not know. */
hone_status hone__decoder_read(hone__decoder *out, const json_t *section, const char *name);
void hone__decoder_write(const hone__decoder *d, hone_json_writer *w);

/* Appends what a token stands for to out: bytes, not always whole characters; `first` says that it begins the text. */
void hone__decoder_append(const hone__decoder *d, hone_str *out, const char *token, size_t len, bool first);

/* Appends bytes as UTF-8, U+FFFD for each maximal ill-formed part (String::from_utf8_lossy). */
void hone__append_lossy(hone_str *out, const char *bytes, size_t len);

#endif
