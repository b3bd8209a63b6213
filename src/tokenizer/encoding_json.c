/* An encoding as JSON, in the format of the reference's fields.
 *
 * Written by hand into room that was made before, since it is twelve times the text: numbers without a branch on their length, tokens by copies of 16 bytes. Room is
 * what may be needed at most, and some bytes more that such a copy may touch. */
#include "tokenizer/encoding.h"

#include <endian.h>
#include <string.h>

#define SLACK ((size_t)32) /* bytes behind the end that may be written */

static const uint64_t ones = 0x0101010101010101u;

/* The decimal digits of v < 10^8 as bytes, the first one lowest: halves, quarters, digits, side by side in a word. */
static inline uint64_t split_digits(uint32_t v)
{
    uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32;
    uint64_t hundreds = ((x * 10486) >> 20) & 0x0000007F0000007Fu;
    x = hundreds | (x - hundreds * 100) << 16;
    uint64_t tens = ((x * 103) >> 10) & 0x000F000F000F000Fu;
    return tens | (x - tens * 10) << 8;
}

static char *put_long_number(char *o, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n)
        *o++ = digits[--n];
    return o;
}

static inline char *put_number(char *o, uint64_t value)
{
    if (value >= 100000000)
        return put_long_number(o, value);
    uint64_t x = split_digits((uint32_t)value);
    unsigned zeros = (unsigned)__builtin_ctzll(x | UINT64_C(1) << 56) & ~7u; /* bits of leading zeros; a nought keeps its last */
    x = htole64((x + ones * '0') >> zeros);
    memcpy(o, &x, sizeof x);
    return o + 8 - zeros / 8;
}

static char *put_key(char *o, const char *key)
{
    size_t n = strlen(key);
    memcpy(o, key, n);
    return o + n;
}

/* A token's text as the inside of a JSON string; at most 6 bytes a byte. */
static char *put_escaped(char *o, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef", shorts[] = "btn\0fr";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            *o++ = (char)c;
        } else if (c >= 0x20) {
            *o++ = '\\', *o++ = (char)c;
        } else if (c >= 8 && c <= 13 && c != 11) {
            *o++ = '\\', *o++ = shorts[c - 8];
        } else {
            memcpy(o, "\\u00", 4);
            o[4] = hex[c >> 4], o[5] = hex[c & 15];
            o += 6;
        }
    }
    return o;
}

/* Bits among the lowest n bytes of a word where a character must be escaped. Borrows run upwards only, so bytes behind the n don't matter. */
static inline uint64_t escapes(uint64_t x, size_t n)
{
    uint64_t quote = x ^ ones * '"', slash = x ^ ones * '\\';
    uint64_t bits = (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((x - ones * 0x20) & ~x)) & ones * 0x80;
    return n < 8 ? bits & ((UINT64_C(1) << 8 * n) - 1) : bits;
}

/* A token of the vocabulary; the texts are readable up to `end`. */
static inline char *put_text(char *o, const char *text, size_t len, const char *end)
{
    *o++ = '"';
    uint64_t x[2];
    if (len <= sizeof x && (size_t)(end - text) >= sizeof x) {
        memcpy(x, text, sizeof x);
        memcpy(o, x, sizeof x);
        bool plain = !escapes(le64toh(x[0]), len) && (len <= 8 || !escapes(le64toh(x[1]), len - 8));
        o = plain ? o + len : put_escaped(o, text, len);
    } else {
        o = put_escaped(o, text, len);
    }
    *o++ = '"';
    return o;
}

/* Makes room for n bytes at the end of out and the slack; NULL when there is none. */
static char *room(hone_str *out, size_t n)
{
    n += SLACK;
    if (out->failed)
        return NULL;
    if (out->capacity - out->len <= n && HONE_GROW(&out->data, &out->capacity, out->len + n + 1) != HONE_OK) {
        out->failed = true;
        return NULL;
    }
    return out->data + out->len;
}

static void took(hone_str *out, char *end)
{
    out->len = (size_t)(end - out->data);
    *end = '\0';
}

/* A list's end: over the last comma, when there is one. */
static char *close_list(char *o, size_t n)
{
    o -= n > 0;
    *o++ = ']';
    return o;
}

static char *put_ints(char *o, const char *key, const int32_t *values, size_t n)
{
    o = put_key(o, key);
    for (size_t i = 0; i < n; i++) {
        if ((uint32_t)values[i] < 10)
            *o++ = (char)('0' + values[i]);
        else
            o = values[i] < 0 ? put_key(o, "null") : put_number(o, (uint64_t)values[i]);
        *o++ = ',';
    }
    return close_list(o, n);
}

/* Numbers that are seldom below ten. */
static char *put_ids(char *o, const char *key, const int32_t *values, size_t n)
{
    o = put_key(o, key);
    for (size_t i = 0; i < n; i++) {
        o = put_number(o, (uint32_t)values[i]);
        *o++ = ',';
    }
    return close_list(o, n);
}

static char *put_flags(char *o, const char *key, const uint8_t *values, size_t n)
{
    o = put_key(o, key);
    for (size_t i = 0; i < n; i++) {
        o[2 * i] = (char)('0' + values[i]);
        o[2 * i + 1] = ',';
    }
    return close_list(o + 2 * n, n);
}

static char *put_offsets(char *o, const char *key, const hone_span *spans, size_t n)
{
    o = put_key(o, key);
    for (size_t i = 0; i < n; i++) {
        *o++ = '[';
        o = put_number(o, spans[i].start);
        *o++ = ',';
        o = put_number(o, spans[i].end);
        *o++ = ']';
        *o++ = ',';
    }
    return close_list(o, n);
}

static void put_tokens(hone_str *out, const char *key, const hone_encoding *e)
{
    const hone__vocab *v = &e->tok->model.vocab;
    const char *end = v->texts.data + v->texts.len;
    char *o = room(out, strlen(key)), *full = o;
    if (!o)
        return;
    o = put_key(o, key);
    for (size_t i = 0; i < e->n; i++) {
        size_t len = 0;
        bool known = !e->n_texts && hone__vocab_has(v, e->ids[i]);
        const char *text = known ? hone__vocab_text(v, e->ids[i]) : hone__encoding_token(e, i, &len);
        len = known ? v->len[e->ids[i]] : len;
        if ((size_t)(full - o) < 6 * len + 4 || full < o) {
            size_t more = 6 * len + 4 + 16 * (e->n - i);
            took(out, o);
            if (!(o = room(out, more)))
                return;
            full = o + more;
        }
        o = put_text(o, text, len, known ? end : text + len);
        *o++ = ',';
    }
    took(out, close_list(o, e->n));
}

void hone__encoding_write_json(hone_str *out, const hone_encoding *e)
{
    enum { KEY = 32, INT = 12, SPAN = 44, FLAG = 2 };
    size_t n = e->n;
    char *o = room(out, 2 * (KEY + n * INT));
    if (!o)
        return;
    o = put_ids(o, "{\"ids\":[", e->ids, n);
    took(out, put_ints(o, ",\"type_ids\":[", e->type_ids, n));
    put_tokens(out, ",\"tokens\":[", e);
    if (!(o = room(out, 5 * KEY + n * (SPAN + 2 * INT + 2 * FLAG))))
        return;
    o = put_offsets(o, ",\"offsets\":[", e->chars, n);
    o = put_ints(o, ",\"word_ids\":[", e->word_ids, n);
    o = put_ints(o, ",\"sequence_ids\":[", e->sequence_ids, n);
    o = put_flags(o, ",\"special_tokens_mask\":[", e->special, n);
    o = put_flags(o, ",\"attention_mask\":[", e->attention, n);
    *o++ = '}';
    took(out, o);
}
