/* What an encoding shows: the getters of hone/tokenizer.h, and an encoding as JSON in the format of the reference's fields. */
#include "tokenizer/encoding.h"

#include <string.h>

size_t hone_encoding_n_tokens(const hone_encoding *e)
{
    return e->n;
}
const int32_t *hone_encoding_ids(const hone_encoding *e)
{
    return e->ids;
}
const int32_t *hone_encoding_type_ids(const hone_encoding *e)
{
    return e->type_ids;
}
const hone_span *hone_encoding_offsets(const hone_encoding *e)
{
    return e->offsets;
}
const hone_span *hone_encoding_offsets_chars(const hone_encoding *e)
{
    return e->chars;
}
const int32_t *hone_encoding_word_ids(const hone_encoding *e)
{
    return e->word_ids;
}
const int32_t *hone_encoding_sequence_ids(const hone_encoding *e)
{
    return e->sequence_ids;
}
const uint8_t *hone_encoding_special_tokens_mask(const hone_encoding *e)
{
    return e->special;
}
const uint8_t *hone_encoding_attention_mask(const hone_encoding *e)
{
    return e->attention;
}
size_t hone_encoding_n_overflowing(const hone_encoding *e)
{
    return e->n_overflowing;
}
size_t hone_encoding_n_replaced(const hone_encoding *e)
{
    return e->n_replaced;
}

const char *hone_encoding_token(const hone_encoding *e, size_t i)
{
    return hone__encoding_token(e, i, NULL);
}

const hone_encoding *hone_encoding_overflowing(const hone_encoding *e, size_t i)
{
    return i < e->n_overflowing ? e->overflowing[i] : NULL;
}

ptrdiff_t hone_encoding_char_to_token(const hone_encoding *e, size_t position, int sequence)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->sequence_ids[i] == sequence && position >= e->chars[i].start && position < e->chars[i].end)
            return (ptrdiff_t)i;
    return -1;
}

bool hone_encoding_token_to_chars(const hone_encoding *e, size_t i, hone_span *out)
{
    if (i >= e->n || e->sequence_ids[i] < 0)
        return false;
    *out = e->chars[i];
    return true;
}

bool hone_encoding_word_to_tokens(const hone_encoding *e, size_t word, int sequence, hone_span *out)
{
    bool found = false;
    for (size_t i = 0; i < e->n; i++) {
        if (e->sequence_ids[i] != sequence || e->word_ids[i] < 0 || (size_t)e->word_ids[i] != word)
            continue;
        if (!found)
            out->start = i;
        out->end = i + 1;
        found = true;
    }
    return found;
}

bool hone_encoding_word_to_chars(const hone_encoding *e, size_t word, int sequence, hone_span *out)
{
    hone_span tokens;
    if (!hone_encoding_word_to_tokens(e, word, sequence, &tokens))
        return false;
    *out = (hone_span){e->chars[tokens.start].start, e->chars[tokens.end - 1].end};
    return true;
}

ptrdiff_t hone_encoding_token_to_word(const hone_encoding *e, size_t i)
{
    return i < e->n ? e->word_ids[i] : -1;
}

/* ---- JSON: written by hand into room that was made before, since it is twelve times the text ---- */

static char *put_number(char *o, uint64_t value)
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

static char *put_key(char *o, const char *key)
{
    size_t n = strlen(key);
    memcpy(o, key, n);
    return o + n;
}

/* A token's text as a JSON string; at most 6 bytes a byte and two quotes. */
static char *put_string(char *o, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef", shorts[] = "btn\0fr";
    *o++ = '"';
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
    *o++ = '"';
    return o;
}

/* Makes room for n bytes at the end of out; NULL when there is none. */
static char *room(hone_str *out, size_t n)
{
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

static void put_ints(hone_str *out, const char *key, const int32_t *values, size_t n, bool null_below_zero)
{
    char *o = room(out, 32 + n * 12);
    if (!o)
        return;
    o = put_key(o, key);
    for (size_t i = 0; i < n; i++) {
        if (i)
            *o++ = ',';
        if (values[i] < 0 && null_below_zero)
            o = put_key(o, "null");
        else
            o = put_number(o, (uint64_t)values[i]);
    }
    *o++ = ']';
    took(out, o);
}

static void put_flags(hone_str *out, const char *key, const uint8_t *values, size_t n)
{
    char *o = room(out, 32 + n * 2);
    if (!o)
        return;
    o = put_key(o, key);
    for (size_t i = 0; i < n; i++) {
        *o++ = (char)('0' + values[i]);
        *o++ = ',';
    }
    o -= n > 0;
    *o++ = ']';
    took(out, o);
}

static void put_offsets(hone_str *out, const hone_encoding *e)
{
    char *o = room(out, 32 + e->n * 46);
    if (!o)
        return;
    o = put_key(o, ",\"offsets\":[");
    for (size_t i = 0; i < e->n; i++) {
        if (i)
            *o++ = ',';
        *o++ = '[';
        o = put_number(o, e->chars[i].start);
        *o++ = ',';
        o = put_number(o, e->chars[i].end);
        *o++ = ']';
    }
    *o++ = ']';
    took(out, o);
}

static void put_tokens(hone_str *out, const hone_encoding *e)
{
    char *o = room(out, 32);
    if (!o)
        return;
    took(out, put_key(o, ",\"tokens\":["));
    for (size_t i = 0; i < e->n; i++) {
        size_t len = 0;
        const char *text = hone__encoding_token(e, i, &len);
        o = room(out, 6 * len + 8);
        if (!o)
            return;
        if (i)
            *o++ = ',';
        took(out, put_string(o, text, len));
    }
    if ((o = room(out, 2))) {
        *o++ = ']';
        took(out, o);
    }
}

void hone__encoding_write_json(hone_str *out, const hone_encoding *e)
{
    put_ints(out, "{\"ids\":[", e->ids, e->n, false);
    put_ints(out, ",\"type_ids\":[", e->type_ids, e->n, false);
    put_tokens(out, e);
    put_offsets(out, e);
    put_ints(out, ",\"word_ids\":[", e->word_ids, e->n, true);
    put_ints(out, ",\"sequence_ids\":[", e->sequence_ids, e->n, true);
    put_flags(out, ",\"special_tokens_mask\":[", e->special, e->n);
    put_flags(out, ",\"attention_mask\":[", e->attention, e->n);
    hone__str_putc(out, '}');
}
