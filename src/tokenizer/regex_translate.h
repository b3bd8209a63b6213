/* The translator of regular expressions (regex_translate.c) and its half that reads characters, properties and classes (regex_class.c). */
#ifndef HONE_TOKENIZER_REGEX_TRANSLATE_H
#define HONE_TOKENIZER_REGEX_TRANSLATE_H

#include "tokenizer/regex.h"

enum { HONE__REGEX_DEPTH = 200 };

typedef struct hone__translator {
    hone__regex_text *t;
    hone_str *out;
    const char *in;
    size_t len, at;
    size_t atom, repeated;            /* where in out the last repeatable thing begins; where the last quantifier ends, SIZE_MAX: none */
    size_t groups[HONE__REGEX_DEPTH]; /* where in out the open groups begin */
    bool was_extended[HONE__REGEX_DEPTH]; /* (?x) before the group */
    bool extended;
    int depth;
} hone__translator;

/* Sets the problem, at byte `at` of the pattern. */
hone_status hone__regex_refuse(hone__translator *r, size_t at, const char *problem);

/* n more bytes are there; the text is at the cursor. */
bool hone__regex_more(const hone__translator *r, size_t n);
bool hone__regex_at(const hone__translator *r, const char *text);

/* A character, so that neither a class nor the rest takes it for a sign. */
void hone__regex_put_char(hone_str *out, uint32_t cp);

/* A property by its name, NULL for none; by the letter of an escape. */
const hone__regex_property *hone__regex_find_property(const char *name, size_t len);
const hone__regex_property *hone__regex_set_of(char letter, bool *negated);

/* Writes a property, or its complement, as an expression for one character outside classes. */
void hone__regex_put_property(hone_str *out, const hone__regex_property *p, bool negated);

/* What stands at the cursor: a property's {name}, up to `most` digits, the character of an escape behind its backslash, a class (written to out as an
 * expression for one character). */
hone_status hone__regex_read_property(hone__translator *r, const hone__regex_property **out, bool *negated);
uint32_t hone__regex_read_digits(hone__translator *r, size_t most, int base);
hone_status hone__regex_read_escaped(hone__translator *r, uint32_t *cp);
hone_status hone__regex_read_class(hone__translator *r, hone_str *out, int depth);

#endif
