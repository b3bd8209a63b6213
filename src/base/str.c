/* The growing byte string and small helpers for text. A failed growth marks the string, and everything after it does nothing, so that a writer
 * of many pieces asks once at its end. */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

void hone__str_dispose(hone_str *s)
{
    hone__free(s->data);
    *s = HONE_STR_INIT;
}

void hone__str_clear(hone_str *s)
{
    s->len = 0;
    s->failed = false;
    if (s->data)
        s->data[0] = '\0';
}

/* Room for `more` bytes and the NUL; false when s has failed. */
static bool make_room(hone_str *s, size_t more)
{
    size_t need;
    if (more < s->capacity - s->len && !s->failed)
        return true;
    if (s->failed)
        return false;
    if (!hone__add_size(&need, s->len, more) || !hone__add_size(&need, need, 1) || HONE_GROW(&s->data, &s->capacity, need) != HONE_OK)
        s->failed = true;
    return !s->failed;
}

void hone__str_append(hone_str *s, const char *text, size_t len)
{
    if (!make_room(s, len))
        return;
    if (len > 0)
        memcpy(s->data + s->len, text, len);
    s->len += len;
    s->data[s->len] = '\0';
}

void hone__str_puts(hone_str *s, const char *text)
{
    hone__str_append(s, text, strlen(text));
}

void hone__str_putc(hone_str *s, char c)
{
    hone__str_append(s, &c, 1);
}

void hone__str_printf(hone_str *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    hone__str_vprintf(s, format, args);
    va_end(args);
}

void hone__str_vprintf(hone_str *s, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = hone__vprint(NULL, 0, format, args);
    if (len < 0)
        s->failed = true;
    else if (make_room(s, (size_t)len)) {
        hone__vprint(s->data + s->len, (size_t)len + 1, format, again);
        s->len += (size_t)len;
    }
    va_end(again);
}

hone_status hone__str_status(const hone_str *s)
{
    return s->failed ? hone__fail(HONE_OUT_OF_MEMORY, "out of memory: a text of more than %zu bytes", s->len) : HONE_OK;
}

hone_status hone__str_take(char **out, hone_str *s)
{
    *out = NULL;
    HONE_TRY(hone__str_status(s));
    if (!s->data)
        return hone__strdup(out, "");
    *out = s->data;
    *s = HONE_STR_INIT;
    return HONE_OK;
}

bool hone__starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool hone__ends_with(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

#define NEAREST_MAX 64

/* Levenshtein's distance of two words shorter than NEAREST_MAX. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[NEAREST_MAX];
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j], best = corner + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            corner = above;
            row[j] = best;
        }
    }
    return row[m];
}

const char *hone__nearest(const char *word, const char *const *candidates, size_t n)
{
    size_t len = strlen(word);
    if (len == 0 || len >= NEAREST_MAX)
        return NULL;
    const char *nearest = NULL;
    size_t best = (len / 3 > 2 ? len / 3 : 2) + 1;
    for (size_t i = 0; i < n; i++) {
        size_t m = strlen(candidates[i]);
        if (m >= NEAREST_MAX)
            continue;
        size_t distance = edit_distance(word, len, candidates[i], m);
        if (distance < best && distance < len) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
