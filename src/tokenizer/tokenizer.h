/* Inside a tokenizer: the parts of tokenizer.json, and the pool of what threads need while they encode. All but the pool is immutable once it was made. */
#ifndef HONE_TOKENIZER_TOKENIZER_H
#define HONE_TOKENIZER_TOKENIZER_H

#include "tokenizer/added.h"
#include "tokenizer/bert_words.h"
#include "tokenizer/decoder.h"
#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/postprocessor.h"
#include "tokenizer/pretokenizer.h"
#include <hone/tokenizer.h>

struct hone__encoder_pool;

struct hone_tokenizer {
    hone__added added;
    hone__normalizer normalizer;
    hone__pretokenizer pretokenizer;
    hone__model model;
    hone__postprocessor postprocessor;
    hone__decoder decoder;
    hone_encode_options defaults; /* sections truncation and padding */
    bool pad_to_multiple;         /* "pad_to_multiple_of" was a number there */
    char *pad_token;              /* of the section padding */
    bool
        /* Words go from their bytes straight to the model: no normalizer, a plain ByteLevel, all byte letters in the vocabulary */
        byte_words;
    hone__bert_words bert; /* BERT's fast way */
    int32_t special_ids[HONE_SPECIAL_COUNT];
    size_t model_max_length;
    json_t *config; /* tokenizer_config.json, NULL if there was none */
    bool is_slow;   /* of vocab.txt, which transformers reads through the slow tokenizer, with that one's defaults */
    uint64_t hash;
    struct hone__encoder_pool *pool;
    struct hone__slab_shelf *slabs;
};

/* An empty tokenizer with its pool. */
hone_status hone__tokenizer_new(hone_tokenizer **out);

/* Checks that the parts fit one another, builds what is derived (matchers, byte_words, special_ids, hash). `name` is the file, for messages. */
hone_status hone__tokenizer_finish(hone_tokenizer *tok, const char *name);

struct hone__scan;

/* Reads a tokenizer.json; `name` is the file, for messages. */
hone_status hone__tokenizer_read_json(hone_tokenizer **out, const char *json, size_t len, const char *name);

/* Reads vocab.txt as BERT's WordPiece; config_path (tokenizer_config.json) and map_path (special_tokens_map.json) may be NULL. */
hone_status hone__tokenizer_read_bert(hone_tokenizer **out, const char *vocab_path, const char *config_path, const char *map_path);

/* {"token": id, …} at the cursor, into an empty vocabulary; and the same written, by id. */
hone_status hone__vocab_read(hone__vocab *v, struct hone__scan *s);
void hone__vocab_write(const hone__vocab *v, hone_json_writer *w);

/* The text of tokenizer.json as the reference writes it. */
hone_status hone__tokenizer_write_json(hone_str *out, const hone_tokenizer *tok);

/* The text of a token by id, NULL if there is none; *len may be NULL. */
const char *hone__tokenizer_token(const hone_tokenizer *tok, int32_t id, size_t *len);

/* Reads tokenizer_config.json and special_tokens_map.json (each may be NULL) for the special tokens and model_max_length. */
hone_status hone__tokenizer_configure(hone_tokenizer *tok, const char *config_path, const char *map_path);

/* The key of a special token in the configuration ("eos_token"). */
const char *hone__special_key(hone_special_token which);

/* {"ids", "type_ids", "tokens", "offsets", "word_ids", "sequence_ids", "special_tokens_mask", "attention_mask"}, offsets in code points, appended to out. */
void hone__encoding_write_json(hone_str *out, const hone_encoding *e);

#endif
