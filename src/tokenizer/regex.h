/* Regular expressions of tokenizer.json. Their syntax is Oniguruma's (the reference's), which is translated to PCRE2's (regex_translate.c); \p{...}, \w and the like mean
 * what they mean there, of Unicode 16.0 (regex_tables.c). Compiled once with the tokenizer; threads share one and search with match data of their own.
 * Where hone differs from Oniguruma: case-insensitive matching folds one character to one; absent groups, callouts and \y are refused; a search that backtracks
 * more than a million times at one place is an error. */
#ifndef HONE_TOKENIZER_REGEX_H
#define HONE_TOKENIZER_REGEX_H

#include "base/str.h"

typedef struct hone__regex hone__regex;

/* HONE_FORMAT when the pattern does not compile, naming it and the character. */
hone_status hone__regex_compile(hone__regex **out, const char *pattern, size_t len);
void hone__regex_free(hone__regex *regex);

/* What one search after another needs; hone__regex_scratch_free takes it back. */
hone_status hone__regex_scratch_new(void **out, const hone__regex *regex);
void hone__regex_scratch_free(void *scratch);

/* The first match in text (valid UTF-8) that starts at `from` or later: *found, and [*start, *end). HONE_INVALID_ARGUMENT when it would take too long. */
hone_status hone__regex_search(const hone__regex *regex, void *scratch, const char *text, size_t len, size_t from, size_t *start,
                               size_t *end, bool *found);

/* A property by its name in lower case without "_": the class of PCRE2 for it, and the code points that the reference adds and leaves out, both as parts of a class. */
typedef struct hone__regex_property {
    const char *name, *class, *added, *removed;
} hone__regex_property;
extern const hone__regex_property hone__regex_properties[];
extern const size_t hone__regex_n_properties;

/* What a pattern became: PCRE2's text, and for messages where its parts come from. */
typedef struct hone__regex_mark {
    uint32_t out, in;
} hone__regex_mark;

typedef struct hone__regex_text {
    hone_str out;
    hone__regex_mark *marks; /* ascending */
    size_t n_marks, marks_capacity;
    bool named_groups;   /* then plain parentheses capture nothing */
    const char *problem; /* what is wrong, NULL: nothing; at byte problem_at of the pattern */
    size_t problem_at;
} hone__regex_text;
void hone__regex_text_dispose(hone__regex_text *t);

/* Translates Oniguruma's syntax; HONE_FORMAT with t->problem where that can't be done. */
hone_status hone__regex_translate(hone__regex_text *t, const char *pattern, size_t len);

#endif
