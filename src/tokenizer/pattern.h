/* Patterns of Replace and Split: {"String": "..."} or {"Regex": "..."}, and how the reference walks over their matches (SysRegex.find_iter): left to right, none inside
 * another, no empty one where the last one ended. */
#ifndef HONE_TOKENIZER_PATTERN_H
#define HONE_TOKENIZER_PATTERN_H

#include "base/json.h"
#include "tokenizer/regex.h"

typedef struct hone__pattern {
    bool is_regex;
    char *text;
    size_t len;
    hone__regex *regex;
} hone__pattern;

void hone__pattern_dispose(hone__pattern *p);
/* `part` names the section, for messages. */
hone_status hone__pattern_read(hone__pattern *out, const json_t *value, const char *part, const char *name);
void hone__pattern_write(const hone__pattern *p, hone_json_writer *w);

/* A walk over the matches in one text after another. */
typedef struct hone__matches {
    const hone__pattern *pattern;
    void *scratch;
    const char *text;
    size_t len, at, last; /* where the search goes on; where the last match ended, SIZE_MAX: none yet */
} hone__matches;
hone_status hone__matches_init(hone__matches *m, const hone__pattern *pattern);
void hone__matches_dispose(hone__matches *m);
/* Begins with a text: valid UTF-8, lent. */
void hone__matches_start(hone__matches *m, const char *text, size_t len);
/* The next match; *found is false behind the last. */
hone_status hone__matches_next(hone__matches *m, size_t *start, size_t *end, bool *found);

#endif
