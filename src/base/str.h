/* A growing byte string with sticky failure: after a failed growth it is marked and appends do nothing; check once at the end (hone__str_status).
 * Also the few string helpers that several folders need. */
#ifndef HONE_BASE_STR_H
#define HONE_BASE_STR_H

#include "base/mem.h"
#include <stdarg.h>

typedef struct hone_str {
    char *data; /* NUL-terminated when not NULL; may hold NUL bytes */
    size_t len, capacity;
    bool failed;
} hone_str;
#define HONE_STR_INIT ((hone_str){NULL, 0, 0, false})

void hone__str_dispose(hone_str *s);
void hone__str_clear(hone_str *s); /* keeps the memory */
void hone__str_append(hone_str *s, const char *text, size_t len);
void hone__str_puts(hone_str *s, const char *text);
void hone__str_putc(hone_str *s, char c);
void hone__str_printf(hone_str *s, const char *format, ...) HONE__PRINTF(2, 3);
void hone__str_vprintf(hone_str *s, const char *format, va_list args);
hone_status hone__str_status(const hone_str *s);     /* HONE_OUT_OF_MEMORY if an append failed */
hone_status hone__str_take(char **out, hone_str *s); /* hands the bytes over ("" if empty) and empties s; fails if s failed */

bool hone__starts_with(const char *text, const char *prefix);
bool hone__ends_with(const char *text, const char *suffix);

/* The candidate nearest to `word` by edit distance, or NULL when none is near (distance > max(2, len/3)): "did you mean --x?". */
const char *hone__nearest(const char *word, const char *const *candidates, size_t n);

/* UTF-8. Decodes one code point at text[0..len); returns its length in bytes (1..4) and sets *cp, or 0 where the bytes are not valid UTF-8
 * (overlong, surrogate, > U+10FFFF, truncated). */
size_t hone__utf8_decode(uint32_t *cp, const char *text, size_t len);
size_t hone__utf8_encode(char out[4], uint32_t cp);
/* Length of the longest valid prefix; == len when all of it is valid. Vectorised for ASCII runs. */
size_t hone__utf8_valid(const char *text, size_t len);

/* Shortest decimal form that reads back the same double ("0.1", "1e-05" as Python's repr writes it; NaN, Infinity). buffer of 32. */
size_t hone__format_double(char *buffer, double value);
/* vsnprintf, with a decimal point whatever the locale of the program that the library is part of. */
int hone__vprint(char *out, size_t capacity, const char *format, va_list args);
/* The number that all of text spells (decimal, "inf", "nan"), with a decimal point whatever the locale; false when it spells none. */
bool hone__parse_double(double *out, const char *text);

/* The value of a hexadecimal digit, -1 for anything else; of the four at p (JSON's \uXXXX), -1 if they are not. */
static inline int hone__hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
static inline int32_t hone__hex4(const char *p, const char *end)
{
    int32_t value = end - p < 4 ? -1 : 0;
    for (int i = 0; i < 4 && value >= 0; i++)
        value = hone__hex_digit(p[i]) < 0 ? -1 : value << 4 | hone__hex_digit(p[i]);
    return value;
}

#endif
