/* A validating scanner of JSON objects (RFC 8259) that remembers where one key's value lies.
 *
 * Beside jansson it takes the same texts, with two additions that Python writes (NaN, Infinity), and builds nothing: a column of long texts is found at some
 * GB/s. Fuzzed against jansson (tests/fuzz/fuzz_jsonl.c). */
#include "data/json_scan.h"

#include <string.h>

#define MAX_DEPTH 512

typedef struct scanner {
    const char *text, *p, *end;
    const char *what; /* the first fault, NULL: none */
} scanner;

static bool fault_at(scanner *s, const char *p, const char *what)
{
    if (!s->what) {
        s->what = what;
        s->p = p;
    }
    return false;
}

static void skip_space(scanner *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
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

/* A byte that a run of ordinary characters ends at. */
static bool is_stop(unsigned char c)
{
    return c == '"' || c == '\\' || c < 0x20;
}

/* True when one of eight bytes is a stop (Hacker's Delight: bytes that are zero, bytes that are less). */
static bool has_stop(const char *p)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t word, quote, slash;
    memcpy(&word, p, sizeof(word));
    quote = word ^ ones * '"';
    slash = word ^ ones * '\\';
    return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((word - ones * 0x20) & ~word)) & highs;
}

static bool scan_escape(scanner *s)
{
    if (s->end - s->p < 2)
        return fault_at(s, s->end, "the text ends inside a string");
    if (s->p[1] == 'u') {
        if (hone__hex4(s->p + 2, s->end) < 0)
            return fault_at(s, s->p, "\\u without four hexadecimal digits");
        s->p += 6;
        return true;
    }
    if (!strchr("\"\\/bfnrt", s->p[1]))
        return fault_at(s, s->p, "an escape that JSON does not have");
    s->p += 2;
    return true;
}

/* The string at p, whose quote is there. *out is its inside. */
static bool scan_string(scanner *s, hone_json_field *out)
{
    const char *start = ++s->p;
    bool escaped = false;
    for (;;) {
        while (s->end - s->p >= 8 && !has_stop(s->p))
            s->p += 8;
        while (s->p < s->end && !is_stop((unsigned char)*s->p))
            s->p++;
        if (s->p >= s->end)
            return fault_at(s, s->end, "the text ends inside a string");
        if (*s->p == '"')
            break;
        if (*s->p != '\\')
            return fault_at(s, s->p, "a control character inside a string");
        escaped = true;
        if (!scan_escape(s))
            return false;
    }
    *out = (hone_json_field){start, (size_t)(s->p - start), escaped, true};
    s->p++;
    return true;
}

static size_t scan_digits(scanner *s)
{
    const char *start = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return (size_t)(s->p - start);
}

static bool scan_word(scanner *s, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
        return false;
    s->p += len;
    return true;
}

static bool scan_number(scanner *s)
{
    const char *start = s->p;
    if (scan_word(s, "-Infinity"))
        return true;
    if (*s->p == '-')
        s->p++;
    const char *digits = s->p;
    size_t n = scan_digits(s);
    if (n == 0 || (n > 1 && digits[0] == '0'))
        return fault_at(s, start, "a number that JSON does not have");
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (scan_digits(s) == 0)
            return fault_at(s, start, "a number without digits after its point");
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
            s->p++;
        if (scan_digits(s) == 0)
            return fault_at(s, start, "a number without digits in its exponent");
    }
    return true;
}

static bool scan_literal(scanner *s)
{
    static const char *const words[] = {"true", "false", "null", "NaN", "Infinity"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (scan_word(s, words[i]))
            return true;
    return fault_at(s, s->p, "a value was expected");
}

static bool scan_value(scanner *s, hone_json_field *out, int depth);

static bool scan_array(scanner *s, int depth)
{
    hone_json_field ignored;
    s->p++;
    if (take(s, ']'))
        return true;
    do {
        if (!scan_value(s, &ignored, depth + 1))
            return false;
    } while (take(s, ','));
    return take(s, ']') || fault_at(s, s->p, "',' or ']' was expected");
}

static bool is_key(const hone_json_field *name, const char *key)
{
    size_t len = strlen(key), at;
    if (!name->escaped)
        return name->len == len && memcmp(name->data, key, len) == 0;
    hone_str plain = HONE_STR_INIT;
    bool same =
        hone__json_unescape(&plain, name->data, name->len, &at) && !plain.failed && plain.len == len && memcmp(plain.data, key, len) == 0;
    hone__str_dispose(&plain);
    return same;
}

/* The object at p, whose brace is there. key NULL: nothing is looked for. */
static bool scan_object(scanner *s, hone_json_field *out, const char *key, int depth)
{
    hone_json_field name, value;
    s->p++;
    if (take(s, '}'))
        return true;
    do {
        skip_space(s);
        if (s->p >= s->end || *s->p != '"')
            return fault_at(s, s->p, "a key in quotes was expected");
        if (!scan_string(s, &name))
            return false;
        if (!take(s, ':'))
            return fault_at(s, s->p, "':' was expected");
        if (!scan_value(s, &value, depth + 1))
            return false;
        if (key && is_key(&name, key))
            *out = value;
    } while (take(s, ','));
    return take(s, '}') || fault_at(s, s->p, "',' or '}' was expected");
}

static bool scan_value(scanner *s, hone_json_field *out, int depth)
{
    skip_space(s);
    if (depth > MAX_DEPTH)
        return fault_at(s, s->p, "nested too deeply");
    if (s->p >= s->end)
        return fault_at(s, s->end, "the text ends where a value was expected");
    const char *start = s->p;
    bool ok;
    if (*start == '"')
        return scan_string(s, out);
    if (*start == '{')
        ok = scan_object(s, NULL, NULL, depth);
    else if (*start == '[')
        ok = scan_array(s, depth);
    else if (*start == '-' || (*start >= '0' && *start <= '9'))
        ok = scan_number(s);
    else
        ok = scan_literal(s);
    *out = (hone_json_field){start, (size_t)(s->p - start), false, false};
    return ok;
}

bool hone__json_scan(hone_json_field *out, size_t *used, const char *text, size_t len, const char *key, hone_json_fault *fault)
{
    scanner s = {text, text, text + len, NULL};
    *out = (hone_json_field){NULL, 0, false, false};
    skip_space(&s);
    bool ok = s.p < s.end && *s.p == '{' ? scan_object(&s, out, key, 1) : fault_at(&s, s.p, "an object was expected");
    *used = (size_t)(s.p - text);
    if (!ok)
        *fault = (hone_json_fault){*used, s.what};
    return ok;
}

/* ---- members and items of a text that was scanned ---- */

/* Moves to the next member or item: false at the end. */
static bool walk_on(scanner *s)
{
    skip_space(s);
    if (s->p < s->end && (*s->p == ',' || *s->p == '{' || *s->p == '['))
        s->p++;
    skip_space(s);
    return s->p < s->end && *s->p != '}' && *s->p != ']';
}

bool hone__json_next_item(hone_json_cursor *c, hone_json_field *value)
{
    scanner s = {c->p, c->p, c->end, NULL};
    bool found = walk_on(&s) && scan_value(&s, value, 1);
    c->p = s.p;
    return found;
}

bool hone__json_next_member(hone_json_cursor *c, hone_json_field *name, hone_json_field *value)
{
    scanner s = {c->p, c->p, c->end, NULL};
    bool found = walk_on(&s) && *s.p == '"' && scan_string(&s, name) && take(&s, ':') && scan_value(&s, value, 1);
    c->p = s.p;
    return found;
}

/* ---- escapes ---- */

/* The character of the escape at p, and its length in *len; -1 for a lone surrogate. The escape is well-formed. */
static int32_t escaped_char(const char *p, const char *end, size_t *len)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    *len = 2;
    if (p[1] != 'u') {
        const char *found = strchr(from, p[1]);
        return found ? to[found - from] : p[1];
    }
    int32_t high = hone__hex4(p + 2, end);
    *len = 6;
    if (high < 0xD800 || high > 0xDFFF)
        return high;
    int32_t low = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hone__hex4(p + 8, end) : -1;
    if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
        return -1;
    *len = 12;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

bool hone__json_unescape(hone_str *out, const char *data, size_t len, size_t *at)
{
    const char *p = data, *end = data + len;
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        hone__str_append(out, p, (size_t)((slash ? slash : end) - p));
        if (!slash)
            break;
        size_t used;
        char bytes[4];
        int32_t c = escaped_char(slash, end, &used);
        if (c < 0) {
            *at = (size_t)(slash - data);
            return false;
        }
        hone__str_append(out, bytes, hone__utf8_encode(bytes, (uint32_t)c));
        p = slash + used;
    }
    return true;
}
