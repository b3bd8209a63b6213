/* Pre-tokenizers: what cuts a text into words. A part of tokenizer.json, like normalizer.h. */
#ifndef HONE_TOKENIZER_PRETOKENIZER_H
#define HONE_TOKENIZER_PRETOKENIZER_H

#include "base/json.h"
#include "tokenizer/pattern.h"
#include "tokenizer/work.h"

/* ByteLevel is a pre-tokenizer, a post-processor and a decoder, with the same three options. */
typedef struct hone__byte_level {
    bool add_prefix_space, trim_offsets, use_regex;
} hone__byte_level;
hone_status hone__byte_level_read(hone__byte_level *out, const json_t *section, const char *name);
void hone__byte_level_write(hone__byte_level options, hone_json_writer *w);

/* Metaspace is a pre-tokenizer and a decoder: U+2581 stands for a space. */
typedef enum hone__prepend { HONE__PREPEND_ALWAYS, HONE__PREPEND_FIRST, HONE__PREPEND_NEVER } hone__prepend;

typedef struct hone__metaspace {
    uint32_t replacement;
    hone__prepend prepend; /* before every word, before that at the text's start, or never */
    bool split;
} hone__metaspace;
/* part: for messages. */
hone_status hone__metaspace_read(hone__metaspace *out, const json_t *section, const char *part, const char *name);
void hone__metaspace_write(hone__metaspace options, hone_json_writer *w);

/* What becomes of the delimiters that a text is split at. */
typedef enum hone__behavior {
    HONE__REMOVED,
    HONE__ISOLATED,
    HONE__MERGED_WITH_PREVIOUS,
    HONE__MERGED_WITH_NEXT,
    HONE__CONTIGUOUS /* neighbours are one word */
} hone__behavior;

typedef enum hone__pretokenizer_kind {
    HONE__PRETOKENIZER_NONE,
    HONE__PRETOKENIZER_BYTE_LEVEL,
    HONE__PRETOKENIZER_BERT,
    HONE__PRETOKENIZER_SEQUENCE,
    HONE__PRETOKENIZER_WHITESPACE,
    HONE__PRETOKENIZER_WHITESPACE_SPLIT,
    HONE__PRETOKENIZER_PUNCTUATION,
    HONE__PRETOKENIZER_DIGITS,
    HONE__PRETOKENIZER_SPLIT,
    HONE__PRETOKENIZER_METASPACE,
    HONE__PRETOKENIZER_CHAR_DELIMITER,
    HONE__PRETOKENIZER_FIXED_LENGTH
} hone__pretokenizer_kind;

typedef struct hone__pretokenizer {
    hone__pretokenizer_kind kind;
    hone__byte_level byte_level;
    hone__metaspace metaspace;
    hone__behavior behavior;          /* Punctuation, Split */
    hone__pattern pattern;            /* Split */
    bool invert, individual_digits;   /* Split; Digits */
    uint32_t delimiter;               /* CharDelimiterSplit */
    size_t length;                    /* FixedLength, in characters */
    struct hone__pretokenizer *items; /* Sequence */
    size_t n_items;
} hone__pretokenizer;

void hone__pretokenizer_dispose(hone__pretokenizer *p);
/* HONE_UNSUPPORTED names a type that hone does not know. */
hone_status hone__pretokenizer_read(hone__pretokenizer *out, const json_t *section, const char *name);
void hone__pretokenizer_write(const hone__pretokenizer *p, hone_json_writer *w);
/* Cuts the words among w->splits further; added tokens stay as they are. */
hone_status hone__pretokenizer_run(const hone__pretokenizer *p, hone__work *w);
/* True when it, or one of its items, is a ByteLevel: words are made of byte letters then. */
bool hone__pretokenizer_has_byte_level(const hone__pretokenizer *p);

/* The kinds that cut at delimiters, and change no text (pretokenizer_split.c). */
hone_status hone__split_words(const hone__pretokenizer *p, hone__work *w);
/* Metaspace (pretokenizer_metaspace.c). */
hone_status hone__split_metaspace(hone__metaspace options, hone__work *w);

/* Feeds the stretches of a text in turn, delimiters and what lies between, and cuts it as a behavior says (NormalizedString::split of the reference). */
typedef struct hone__splitter {
    hone__behavior behavior;
    hone__splits *out;
    bool has, was_match; /* there is a last stretch, still open; it was a delimiter */
    size_t start, end;   /* of it */
} hone__splitter;
hone_status hone__splitter_add(hone__splitter *s, size_t start, size_t end, bool is_match);
/* Ends the text. */
hone_status hone__splitter_end(hone__splitter *s);

#endif
