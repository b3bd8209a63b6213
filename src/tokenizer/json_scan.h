/* A cursor over JSON text for the big parts of tokenizer.json (the vocabulary and the merges), which would be ten times their size as a tree. */
#ifndef HONE_TOKENIZER_JSON_SCAN_H
#define HONE_TOKENIZER_JSON_SCAN_H

#include "base/str.h"

typedef struct hone__scan {
    const char *text;
    size_t len, at;
    const char *name;   /* the file, for messages */
    hone_str unescaped; /* the last string that had escapes */
} hone__scan;

/* A stretch of the text. */
typedef struct hone__stretch {
    size_t start, end;
} hone__stretch;

/* Starts on text, which must be valid UTF-8: HONE_FORMAT "name:line:column: …" otherwise. */
hone_status hone__scan_init(hone__scan *s, const char *text, size_t len, const char *name);
void hone__scan_dispose(hone__scan *s);

/* HONE_FORMAT "name:line:column: …" at the present place. */
hone_status hone__scan_fail(hone__scan *s, const char *what);

/* The next character that is not white space, '\0' at the end; not consumed. */
char hone__scan_peek(hone__scan *s);
hone_status hone__scan_expect(hone__scan *s, char c);
/* After '{' or '[' or a member: true when another one follows (a comma is consumed, `first` says that none is due), false after the closing bracket. */
hone_status hone__scan_more(hone__scan *s, char close, bool first, bool *more);
/* A string; lent until the next one. */
hone_status hone__scan_string(hone__scan *s, const char **text, size_t *len);
hone_status hone__scan_int(hone__scan *s, int64_t *value);
/* Passes over a value of any kind. */
hone_status hone__scan_skip(hone__scan *s, hone__stretch *value);

#endif
