/* Added tokens: texts that are cut out of the input before anything else sees it, the special ones among them
 * (tokenizers/src/tokenizer/added_vocabulary.rs). At each place the longest one wins, from left to right. */
#ifndef HONE_TOKENIZER_ADDED_H
#define HONE_TOKENIZER_ADDED_H

#include "base/json.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/vocab.h"

typedef struct hone__added_token {
    char *content;
    size_t len;
    int32_t id;
    bool single_word, lstrip, rstrip, normalized, special;
    char *pattern; /* what is looked for: the content, of a normalized token what the normalizer makes of it */
    size_t pattern_len;
} hone__added_token;

/* Tokens that are looked for together: sorted by first byte, longer ones first. */
typedef struct hone__matcher {
    uint32_t *order; /* indices into the tokens */
    size_t n;
    uint32_t first[257]; /* order[first[b]..first[b+1]) begin with byte b */
} hone__matcher;

typedef struct hone__added {
    hone__added_token *tokens; /* by id */
    size_t n, capacity;
    hone__vocab extra;  /* tokens that the model lacks, numbered from 0 */
    int32_t *extra_ids; /* their ids */
    size_t extra_capacity;
    hone__matcher raw, normal; /* searched before and after the normalizer */
} hone__added;

void hone__added_dispose(hone__added *a);

/* Adds a token; `model` is the model's vocabulary. HONE_FORMAT when its id contradicts that. */
hone_status hone__added_add(hone__added *a, const hone__vocab *model, const char *content, size_t len, int64_t id, bool special,
                            const hone__added_token *flags);

/* Builds the matchers once all tokens are there. */
hone_status hone__added_finish(hone__added *a, const hone__normalizer *normalizer);

/* The added token of an id, NULL if none. */
const hone__added_token *hone__added_by_id(const hone__added *a, int32_t id);

/* The id of an added token that the model lacks, -1 if none. */
int32_t hone__added_find(const hone__added *a, const char *text, size_t len);

/* The next match in text[from..len): its token, NULL if none. `done` is the end of the last match, so that lstrip takes no more than is free. */
const hone__added_token *hone__added_next(const hone__added *a, const hone__matcher *m, const char *text, size_t len, size_t from,
                                          size_t done, hone__range *at, size_t *resume);

/* Sections of tokenizer.json. */
hone_status hone__added_read(hone__added *a, const hone__vocab *model, const json_t *list, const char *name);
void hone__added_write(const hone__added *a, hone_json_writer *w);

#endif
