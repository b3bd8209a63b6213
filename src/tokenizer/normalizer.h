/* Normalizers: what changes a text before it is cut into words. A part of tokenizer.json; each kind stands here with its options, its reading, writing and running. */
#ifndef HONE_TOKENIZER_NORMALIZER_H
#define HONE_TOKENIZER_NORMALIZER_H

#include "base/json.h"
#include "tokenizer/work.h"

typedef enum hone__normalizer_kind { HONE__NORMALIZER_NONE, HONE__NORMALIZER_BERT } hone__normalizer_kind;

typedef struct hone__normalizer {
    hone__normalizer_kind kind;
    bool clean_text, handle_chinese_chars, lowercase;
    int strip_accents; /* -1: null, the same as lowercase */
} hone__normalizer;

void hone__normalizer_dispose(hone__normalizer *n);
/* HONE_UNSUPPORTED names a type that hone does not know. */
hone_status hone__normalizer_read(hone__normalizer *out, const json_t *section, const char *name);
void hone__normalizer_write(const hone__normalizer *n, hone_json_writer *w);
/* Rewrites w->text, which holds no splits yet. */
hone_status hone__normalizer_run(const hone__normalizer *n, hone__work *w);

#endif
