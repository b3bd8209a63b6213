/* Decoders: what joins tokens into a text again. A part of tokenizer.json, like normalizer.h. With ByteLevel, WordPiece, or none, a token stands for the same bytes
 * whatever follows, so that generation can stream; the other kinds turn a list of tokens into another list, whose items make the text. */
#ifndef HONE_TOKENIZER_DECODER_H
#define HONE_TOKENIZER_DECODER_H

#include "tokenizer/pretokenizer.h"

typedef enum hone__decoder_kind {
    HONE__DECODER_NONE,
    HONE__DECODER_BYTE_LEVEL,
    HONE__DECODER_WORDPIECE,
    HONE__DECODER_SEQUENCE,
    HONE__DECODER_METASPACE,
    HONE__DECODER_BPE,
    HONE__DECODER_CTC,
    HONE__DECODER_REPLACE,
    HONE__DECODER_FUSE,
    HONE__DECODER_STRIP,
    HONE__DECODER_BYTE_FALLBACK
} hone__decoder_kind;

typedef struct hone__decoder {
    hone__decoder_kind kind;
    hone__byte_level byte_level;
    hone__metaspace metaspace;
    char *prefix; /* WordPiece */
    bool cleanup; /* WordPiece, CTC */
    hone__pattern pattern;
    char *text; /* what Replace puts in; the suffix of BPEDecoder; the pad token of CTC */
    size_t text_len;
    char *delimiter; /* the word delimiter of CTC */
    size_t delimiter_len;
    uint32_t content; /* what Strip takes off, at most `start` at the front and `stop` at the end */
    size_t start, stop;
    struct hone__decoder *items; /* Sequence */
    size_t n_items;
} hone__decoder;

void hone__decoder_dispose(hone__decoder *d);
/* HONE_UNSUPPORTED names a type that hone does not know. */
hone_status hone__decoder_read(hone__decoder *out, const json_t *section, const char *name);
void hone__decoder_write(const hone__decoder *d, hone_json_writer *w);

/* True when hone__decoder_append does for it. */
bool hone__decoder_streams(const hone__decoder *d);

/* Appends what a token stands for to out: bytes, not always whole characters; `first` says that it begins the text. */
void hone__decoder_append(const hone__decoder *d, hone_str *out, const char *token, size_t len, bool first);

/* A list of texts, end to end. */
typedef struct hone__texts {
    hone_str bytes;
    size_t *ends;
    size_t n, capacity;
} hone__texts;
void hone__texts_dispose(hone__texts *t);
/* Ends an item with what was appended to t->bytes. */
hone_status hone__texts_end_item(hone__texts *t);

/* Decodes a list of tokens in place, with any kind of decoder (decoder_chain.c). */
hone_status hone__decoder_run(const hone__decoder *d, hone__texts *tokens);

/* Takes the blanks off that WordPiece's cleanup does. */
void hone__clean_up_token(hone_str *text);

/* Appends bytes as UTF-8, U+FFFD for each maximal ill-formed part (String::from_utf8_lossy). */
void hone__append_lossy(hone_str *out, const char *bytes, size_t len);

#endif
