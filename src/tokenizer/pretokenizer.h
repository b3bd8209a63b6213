/* Pre-tokenizers: what cuts a text into words, and may rewrite them on the way. A part of tokenizer.json, like normalizer.h. */
#ifndef HONE_TOKENIZER_PRETOKENIZER_H
#define HONE_TOKENIZER_PRETOKENIZER_H

#include "base/json.h"
#include "tokenizer/work.h"

/* The options that the ByteLevel pre-tokenizer, post-processor and decoder share in the file. */
typedef struct hone__byte_level {
    bool add_prefix_space, trim_offsets, use_regex;
} hone__byte_level;
hone_status hone__byte_level_read(hone__byte_level *out, const json_t *section, const char *name);
void hone__byte_level_write(hone__byte_level options, hone_json_writer *w);

typedef enum hone__pretokenizer_kind {
    HONE__PRETOKENIZER_NONE,
    HONE__PRETOKENIZER_BYTE_LEVEL,
    HONE__PRETOKENIZER_BERT
} hone__pretokenizer_kind;

typedef struct hone__pretokenizer {
    hone__pretokenizer_kind kind;
    hone__byte_level byte_level;
} hone__pretokenizer;

void hone__pretokenizer_dispose(hone__pretokenizer *p);
/* HONE_UNSUPPORTED names a type that hone does not know. */
hone_status hone__pretokenizer_read(hone__pretokenizer *out, const json_t *section, const char *name);
void hone__pretokenizer_write(const hone__pretokenizer *p, hone_json_writer *w);
/* Cuts the words among w->splits further; added tokens stay as they are. */
hone_status hone__pretokenizer_run(const hone__pretokenizer *p, hone__work *w);

#endif
