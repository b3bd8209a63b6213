/* What the files of seqeval share: tags as they are understood, the schemes' rules, and the counter itself.
 *
 * Reference: seqeval 1.2.2, metrics/sequence_labeling.py (default mode) and scheme.py (strict mode). The two read the type of an odd tag differently
 * ("B-A-B" and "BX-Y"), so a tag has two. */
#ifndef HONE_METRICS_SEQEVAL_H
#define HONE_METRICS_SEQEVAL_H

#include "metrics/names.h"

#include <hone/dataset.h>
#include <hone/metrics.h>

/* The letters that a strict tag may begin with; the first five mean something to the default mode too. */
enum { SEQEVAL_O, SEQEVAL_B, SEQEVAL_I, SEQEVAL_E, SEQEVAL_S, SEQEVAL_U, SEQEVAL_L, SEQEVAL_N_LETTERS, SEQEVAL_DOT = 7, SEQEVAL_OTHER };

typedef struct seqeval_tag {
    uint8_t letter;
    int32_t type, strict_type; /* ids in `types` */
} seqeval_tag;

/* Fills a tag, whose types are put among `types`. text is not empty. */
hone_status hone__seqeval_parse(seqeval_tag *out, hone_names *types, const char *text, size_t len);
/* Whether seqeval takes it for a tag of entities: no warning in the default mode. */
bool hone__seqeval_is_known(const char *text);

enum { SEQEVAL_START, SEQEVAL_INSIDE, SEQEVAL_END, SEQEVAL_N_RULES };

/* A scheme: rules[kind][letter before][letter] holds bit 0 when the rule holds for two tags of one type, bit 1 for two types. */
typedef struct seqeval_scheme {
    hone_tag_scheme id;
    unsigned allowed; /* bits of letters */
    uint8_t rules[SEQEVAL_N_RULES][SEQEVAL_N_LETTERS][SEQEVAL_N_LETTERS];
} seqeval_scheme;

/* False for a scheme that seqeval does not know. */
bool hone__seqeval_scheme(seqeval_scheme *out, hone_tag_scheme id);
const char *hone__seqeval_scheme_name(hone_tag_scheme id);
/* The scheme that tags of these letters (bits) are of, HONE_SCHEME_AUTO for none: seqeval's auto_detect. */
hone_tag_scheme hone__seqeval_detect(unsigned letters);
/* The letters of a set, as "B, I, O". Returns buffer. */
const char *hone__seqeval_letters(char buffer[32], unsigned letters);

typedef struct seqeval_count {
    int64_t n_correct, n_predicted, n_references;
} seqeval_count;

/* The entities of one way of reading the tags. */
typedef struct seqeval_counter {
    seqeval_scheme scheme; /* id HONE_SCHEME_NONE: the default mode */
    seqeval_count *counts; /* by type */
    size_t capacity;
    int32_t bad_tag; /* AUTO: a predicted tag that this scheme does not allow, -1: none */
    int64_t bad_sentence;
} seqeval_counter;

/* Where one side of the default mode stands, between two tags. */
typedef struct seqeval_side {
    int letter;
    int32_t type;
    int64_t begin;
} seqeval_side;

#define SEQEVAL_MAX_COUNTERS 4 /* the schemes that auto_detect finds */

struct hone_seqeval {
    hone_seqeval_options options;
    hone_names tags, types;
    seqeval_tag *parsed; /* by tag */
    size_t parsed_capacity;
    seqeval_counter counters[SEQEVAL_MAX_COUNTERS];
    size_t n_counters;
    seqeval_side sides[2]; /* references, predictions */
    int64_t position;      /* of the joined sequence */
    unsigned letters;      /* of the references */
    int64_t n_tags, n_equal, n_sentences;
    int32_t *sentence[2]; /* tags of the present sentence */
    size_t sentence_capacity[2];
    const char *const *names; /* of hone_seqeval_add_ids */
    size_t n_names;
    int32_t *tag_of; /* by id of names; -1: not looked at yet */
    size_t tag_of_capacity;
    size_t n_warned;
    hone_tag_scheme found;   /* AUTO, after compute */
    hone_seqeval_type *rows; /* lent by the scores */
    size_t row_capacity;
};

#endif
