/* config.json: what a model's folder says about its shape. Every model type has a table of fields (names as transformers spells them); all of them fill one struct.
 *
 * Semantics are transformers 4.57.3's: a missing key has the class's default, an unknown key is kept and written back, an older or general spelling
 * (attribute_map: hidden_size for GPT-2's n_embd) is understood. The file that hone writes is the one that save_pretrained would write. */
#ifndef HONE_MODELS_CONFIG_H
#define HONE_MODELS_CONFIG_H

#include "base/json.h"
#include "tensor/backend.h"
#include <hone/model.h>

typedef struct hone_config {
    int64_t vocab_size, max_positions, hidden_size, n_layers, n_heads, type_vocab_size;
    int64_t intermediate_size;                        /* -1: 4 * hidden_size */
    int64_t bos_token_id, eos_token_id, pad_token_id; /* -1: none */
    double embedding_dropout, attention_dropout, hidden_dropout, layer_norm_eps, initializer_range;
    double classifier_dropout; /* of the head of rows, BERT: of tokens too; -1: hidden_dropout */
    double span_dropout;       /* of the head of question answering */
    hone_act activation;
    bool tie_word_embeddings, scale_attn_weights, scale_attn_by_inverse_layer_idx, sinusoidal_positions;
    char **labels; /* names of the classes, NULL-terminated */
    size_t n_labels;
    json_t *json; /* every key as it will be written */
    char *name;   /* the file, for messages */
    const struct hone_config_table *table;
} hone_config;

typedef enum hone_field_type {
    HONE_FIELD_INT,                  /* int64_t in [min, max] */
    HONE_FIELD_OPTIONAL,             /* the same or null: -1. A list (several end-of-text ids) counts by its first entry and is kept */
    HONE_FIELD_DOUBLE,               /* double in [min, max] */
    HONE_FIELD_PROBABILITY,          /* double in [0, 1): a dropout, replaced by hone_model_options.dropout */
    HONE_FIELD_OPTIONAL_PROBABILITY, /* the same or null: -1, which a replacement leaves as it is */
    HONE_FIELD_BOOL,
    HONE_FIELD_ACTIVATION, /* hone_act by its name in transformers */
    HONE_FIELD_KEPT        /* written, but without a meaning here */
} hone_field_type;

typedef struct hone_config_field {
    const char *name;
    hone_field_type type;
    size_t offset;        /* in hone_config */
    const char *fallback; /* the class's default as JSON */
    const char *base;     /* PretrainedConfig's own default as JSON: a key equal to both is left out of the file. NULL: always written */
    double min, max;
    const char *alias; /* the general spelling of transformers' attribute_map, or NULL */
} hone_config_field;

typedef struct hone_config_table {
    const char *model_type;
    const hone_config_field *fields;
    size_t n_fields;
    hone_status (*check)(const hone_config *c); /* what contradicts */
} hone_config_table;

/* object NULL: the class's defaults. `name` is the file, for messages. */
hone_status hone__config_read(hone_config **out, const hone_config_table *table, const json_t *object, const char *name);
void hone__config_free(hone_config *c);
/* "n_embd=256,n_layer=4"; checked against the table, with the nearest name as hint. Call hone__config_check when all is set. */
hone_status hone__config_override(hone_config *c, const char *overrides);
hone_status hone__config_set_int(hone_config *c, const char *field, int64_t value);
hone_status hone__config_set_dropout(hone_config *c, double p);                 /* every dropout probability */
hone_status hone__config_set_labels(hone_config *c, const char *const *labels); /* NULL-terminated */
hone_status hone__config_check(const hone_config *c);
/* The text of config.json; architecture: "GPT2LMHeadModel". */
hone_status hone__config_text(hone_str *out, const hone_config *c, const char *architecture);

/* A JSON object with its keys in order, two blanks of indentation, and a newline: as transformers writes its files. */
void hone__put_sorted_json(hone_str *out, const json_t *object);
/* PretrainedConfig's and GenerationConfig's key of that name: which release's format we follow. */
#define HONE_TRANSFORMERS_VERSION "4.57.3"

#endif
