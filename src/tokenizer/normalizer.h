/* Normalizers: what changes a text before it is cut into words. A part of tokenizer.json; a list of kinds, each with its options, its reading, writing and running.
 * A sequence holds others, and may hold sequences. */
#ifndef HONE_TOKENIZER_NORMALIZER_H
#define HONE_TOKENIZER_NORMALIZER_H

#include "base/json.h"
#include "tokenizer/pattern.h"
#include "tokenizer/work.h"

typedef enum hone__normalizer_kind {
    HONE__NORMALIZER_NONE,
    HONE__NORMALIZER_BERT,
    HONE__NORMALIZER_SEQUENCE,
    HONE__NORMALIZER_NFC,
    HONE__NORMALIZER_NFD,
    HONE__NORMALIZER_NFKC,
    HONE__NORMALIZER_NFKD,
    HONE__NORMALIZER_LOWERCASE,
    HONE__NORMALIZER_STRIP,
    HONE__NORMALIZER_STRIP_ACCENTS,
    HONE__NORMALIZER_REPLACE,
    HONE__NORMALIZER_PREPEND,
    HONE__NORMALIZER_NMT,
    HONE__NORMALIZER_BYTE_LEVEL
} hone__normalizer_kind;

typedef struct hone__normalizer {
    hone__normalizer_kind kind;
    bool clean_text, handle_chinese_chars, lowercase; /* BertNormalizer */
    int strip_accents;                                /* -1: null, the same as lowercase */
    bool left, right;                                 /* Strip */
    hone__pattern pattern;                            /* Replace */
    char *text;                                       /* what Replace and Prepend put in */
    size_t text_len;
    struct hone__normalizer *items; /* Sequence */
    size_t n_items;
} hone__normalizer;

void hone__normalizer_dispose(hone__normalizer *n);
/* BertNormalizer as it is by default. */
hone__normalizer hone__normalizer_bert(bool lowercase);
/* HONE_UNSUPPORTED names a type that hone does not know. */
hone_status hone__normalizer_read(hone__normalizer *out, const json_t *section, const char *name);
void hone__normalizer_write(const hone__normalizer *n, hone_json_writer *w);
/* Rewrites w->text, which holds no splits yet. */
hone_status hone__normalizer_run(const hone__normalizer *n, hone__work *w);

/* NFC, NFD, NFKC, NFKD of w->text (normalizer_forms.c). */
hone_status hone__normalize_form(hone__work *w, bool compose, bool compatible);
/* The kinds that change, drop or add single characters (normalizer_edits.c). */
hone_status hone__normalize_edit(const hone__normalizer *n, hone__work *w);

#endif
