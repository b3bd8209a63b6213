/* The plain lines of `hone tokenize`, read without building a JSON value: {"text": string or [string, …], "pair": string or null}, each key once, in any order.
 *
 * It takes a part of what jansson takes and reads it to the same texts. Whatever else there is in a line (options, other keys, faults, escapes that stand for no
 * character) is left to jansson, which has the messages. A text without escapes is lent from the line. */
#include "data/tokenize_line.h"

#include <string.h>

typedef struct scanner {
    const char *p, *end;
    char *plain; /* where unescaped texts go: room for the whole line */
} scanner;

static void skip_space(scanner *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'))
        s->p++;
}

static bool take(scanner *s, char c)
{
    skip_space(s);
    if (s->p >= s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* The code unit of \uXXXX at p, -1 if there is none. */
static int32_t unit_at(const char *p, const char *end)
{
    return end - p < 6 || p[0] != '\\' || p[1] != 'u' ? -1 : hone__hex4(p + 2, end);
}

/* Reads \uXXXX, or a pair of them, at s->p. NUL and lone surrogates are not for here. */
static bool take_unit(scanner *s)
{
    int32_t cp = unit_at(s->p, s->end), low;
    if (cp <= 0 || (cp >= 0xDC00 && cp <= 0xDFFF))
        return false;
    s->p += 6;
    if (cp >= 0xD800 && cp <= 0xDBFF) {
        low = unit_at(s->p, s->end);
        if (low < 0xDC00 || low > 0xDFFF)
            return false;
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
        s->p += 6;
    }
    s->plain += hone__utf8_encode(s->plain, (uint32_t)cp);
    return true;
}

static bool take_escape(scanner *s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (s->end - s->p < 2)
        return false;
    if (s->p[1] == 'u')
        return take_unit(s);
    const char *found = s->p[1] ? strchr(from, s->p[1]) : NULL;
    if (!found)
        return false;
    *s->plain++ = to[found - from];
    s->p += 2;
    return true;
}

/* The end of the run of bytes that stand for themselves in a string. */
static const char *run_end(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u;
    for (uint64_t x; end - p >= 8; p += 8) {
        memcpy(&x, p, sizeof x);
        uint64_t quote = x ^ ones * '"', slash = x ^ ones * '\\';
        if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((x - ones * 0x20) & ~x)) & ones * 0x80)
            break;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        p++;
    return p;
}

/* The string at s->p, whose quote is there, in UTF-8. */
static bool take_string(scanner *s, hone_text *out)
{
    const char *start = ++s->p, *run = start;
    char *plain = s->plain;
    while ((s->p = run_end(run, s->end)) < s->end && *s->p == '\\') {
        memcpy(s->plain, run, (size_t)(s->p - run));
        s->plain += s->p - run;
        if (!take_escape(s))
            return false;
        run = s->p;
    }
    if (s->p >= s->end || *s->p != '"')
        return false;
    *out = (hone_text){start, (size_t)(s->p - start)};
    if (run != start) {
        memcpy(s->plain, run, (size_t)(s->p - run));
        s->plain += s->p - run;
        *out = (hone_text){plain, (size_t)(s->plain - plain)};
    }
    s->p++;
    return hone__utf8_valid(out->data, out->len) == out->len;
}

static bool take_words(hone_line_tokenizer *t, scanner *s, hone_sequence *out)
{
    size_t n = 0;
    s->p++;
    if (!take(s, ']')) {
        do {
            skip_space(s);
            if (HONE_GROW(&t->words, &t->words_capacity, n + 1) != HONE_OK || s->p >= s->end || *s->p != '"' ||
                !take_string(s, &t->words[n]))
                return false;
            n++;
        } while (take(s, ','));
        if (!take(s, ']'))
            return false;
    } else if (HONE_GROW(&t->words, &t->words_capacity, 1) != HONE_OK) {
        return false;
    }
    out->words = t->words;
    out->n_words = n;
    return true;
}

static bool take_member(hone_line_tokenizer *t, scanner *s, hone_encode_input *out)
{
    hone_text key;
    skip_space(s);
    if (s->p >= s->end || *s->p != '"' || !take_string(s, &key) || key.len != 4 || !take(s, ':'))
        return false;
    skip_space(s);
    if (s->p >= s->end)
        return false;
    if (memcmp(key.data, "text", 4) == 0 && !out->first.text.data && !out->first.words)
        return *s->p == '"' ? take_string(s, &out->first.text) : *s->p == '[' && take_words(t, s, &out->first);
    if (memcmp(key.data, "pair", 4) != 0 || out->second.text.data)
        return false;
    if (*s->p == '"')
        return take_string(s, &out->second.text);
    bool null = s->end - s->p >= 4 && memcmp(s->p, "null", 4) == 0;
    s->p += null ? 4 : 0;
    return null;
}

bool hone__scan_line(hone_line_tokenizer *t, hone_encode_input *out, const char *line, size_t len)
{
    scanner s = {line, line + len, NULL};
    *out = (hone_encode_input){{{NULL, 0}, NULL, 0}, {{NULL, 0}, NULL, 0}};
    if (HONE_GROW(&t->plain, &t->plain_capacity, len + 1) != HONE_OK)
        return false;
    s.plain = t->plain;
    if (!take(&s, '{'))
        return false;
    do {
        if (!take_member(t, &s, out))
            return false;
    } while (take(&s, ','));
    if (!take(&s, '}'))
        return false;
    skip_space(&s);
    return s.p == s.end && (out->first.text.data || out->first.words);
}
