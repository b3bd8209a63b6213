/* Post-processors: what is added around one or two encoded sequences. A part of tokenizer.json, like normalizer.h. Each kind comes down to a list of pieces. */
#ifndef HONE_TOKENIZER_POSTPROCESSOR_H
#define HONE_TOKENIZER_POSTPROCESSOR_H

#include "tokenizer/pretokenizer.h"

typedef enum hone__postprocessor_kind {
    HONE__POSTPROCESSOR_NONE,
    HONE__POSTPROCESSOR_BYTE_LEVEL,
    HONE__POSTPROCESSOR_TEMPLATE,
    HONE__POSTPROCESSOR_BERT,
    HONE__POSTPROCESSOR_ROBERTA,
    HONE__POSTPROCESSOR_SEQUENCE
} hone__postprocessor_kind;

/* A sequence (0 or 1), or a special token (sequence -1) of one or more ids. */
typedef struct hone__piece {
    int sequence;
    int32_t type_id;
    size_t special;
} hone__piece;

typedef struct hone__template {
    hone__piece *pieces;
    size_t n;
} hone__template;

/* "[CLS]": {"id": "[CLS]", "ids": [101], "tokens": ["[CLS]"]} */
typedef struct hone__template_token {
    char *name;
    int32_t *ids;
    char **tokens;
    size_t n;
} hone__template_token;

/* A sequence holds any number of ByteLevels, then perhaps one of the kinds that add tokens. */
typedef struct hone__postprocessor {
    hone__postprocessor_kind kind;
    hone__byte_level byte_level; /* trim_offsets and add_prefix_space of RobertaProcessing, too */
    hone__template single, pair;
    hone__template_token *specials; /* sorted by name; of BertProcessing and RobertaProcessing cls, then sep */
    size_t n_specials;
    struct hone__postprocessor *items; /* Sequence */
    size_t n_items;
} hone__postprocessor;

void hone__postprocessor_dispose(hone__postprocessor *p);
/* HONE_UNSUPPORTED names a type that hone does not know. */
hone_status hone__postprocessor_read(hone__postprocessor *out, const json_t *section, const char *name);
void hone__postprocessor_write(const hone__postprocessor *p, hone_json_writer *w);

/* The part that adds tokens: itself, or an item of a sequence. */
hone__postprocessor *hone__postprocessor_core(hone__postprocessor *p);
const hone__postprocessor *hone__postprocessor_core_const(const hone__postprocessor *p);

/* What stands around one sequence, or two: special tokens are those of the core. */
const hone__template *hone__postprocessor_template(const hone__postprocessor *p, bool pair);
/* How many tokens it adds. */
size_t hone__postprocessor_n_added(const hone__postprocessor *p, bool pair);

/* "[CLS] $A [SEP]" and "[CLS] $A [SEP] $B:1 [SEP]:1" of BERT. */
hone_status hone__postprocessor_bert(hone__postprocessor *out, const char *cls, int32_t cls_id, const char *sep, int32_t sep_id);

#endif
