/* Decoders as steps from a list of texts to another (decoder.h), as tokenizers/src/decoders. */
#include "tokenizer/decoder.h"

#include "tokenizer/unicode.h"

#include <string.h>

void hone__texts_dispose(hone__texts *t)
{
    hone__str_dispose(&t->bytes);
    hone__free(t->ends);
    memset(t, 0, sizeof *t);
}

hone_status hone__texts_end_item(hone__texts *t)
{
    HONE_TRY(hone__str_status(&t->bytes));
    HONE_TRY(HONE_GROW(&t->ends, &t->capacity, t->n + 1));
    t->ends[t->n++] = t->bytes.len;
    return HONE_OK;
}

typedef struct text {
    const char *data;
    size_t len;
} text;

static text item(const hone__texts *t, size_t i)
{
    size_t start = i ? t->ends[i - 1] : 0;
    return (text){t->bytes.data ? t->bytes.data + start : "", t->ends[i] - start};
}

static bool same(text a, text b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Appends t with each `from` replaced; an empty one stands at every boundary of characters, as in Rust's str::replace. */
static void append_replaced(hone_str *out, text t, text from, text to)
{
    for (size_t i = 0; i < t.len;) {
        bool hit = t.len - i >= from.len && memcmp(t.data + i, from.data, from.len) == 0;
        size_t n = hit && from.len ? from.len : hone__char_len((unsigned char)t.data[i]);
        if (hit)
            hone__str_append(out, to.data, to.len);
        if (!hit || !from.len)
            hone__str_append(out, t.data + i, n);
        i += n;
    }
    if (!from.len)
        hone__str_append(out, to.data, to.len);
}

/* ---- ByteFallback: <0x61> is a byte ---- */

/* The byte of a token, -1 for other tokens; Rust's from_str_radix takes a plus sign. */
static int fallback_byte(text t)
{
    int value = 0;
    if (t.len != 6 || memcmp(t.data, "<0x", 3) != 0 || t.data[5] != '>')
        return -1;
    for (size_t i = t.data[3] == '+' ? 4 : 3; i < 5; i++) {
        char c = t.data[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* A run of bytes is a text, or U+FFFD for each. */
static hone_status end_run(hone__texts *out, hone_str *run)
{
    if (!run->len)
        return HONE_OK;
    HONE_TRY(hone__str_status(run));
    bool valid = hone__utf8_valid(run->data, run->len) == run->len;
    if (valid)
        hone__str_append(&out->bytes, run->data, run->len);
    for (size_t i = 0; !valid && i < run->len; i++) {
        hone__str_append(&out->bytes, "\xEF\xBF\xBD", 3);
        if (i + 1 < run->len)
            HONE_TRY(hone__texts_end_item(out));
    }
    hone__str_clear(run);
    return hone__texts_end_item(out);
}

static hone_status run_fallback(hone__texts *out, const hone__texts *in, hone_str *run)
{
    for (size_t i = 0; i < in->n; i++) {
        text t = item(in, i);
        int byte = fallback_byte(t);
        if (byte >= 0) {
            hone__str_putc(run, (char)byte);
            continue;
        }
        HONE_TRY(end_run(out, run));
        hone__str_append(&out->bytes, t.data, t.len);
        HONE_TRY(hone__texts_end_item(out));
    }
    return end_run(out, run);
}

static hone_status decode_fallback(hone__texts *out, const hone__texts *in)
{
    hone_str run = HONE_STR_INIT;
    hone_status status = run_fallback(out, in, &run);
    hone__str_dispose(&run);
    return status;
}

/* ---- The other kinds ---- */

static hone_status decode_ctc(const hone__decoder *d, hone__texts *out, const hone__texts *in)
{
    hone_str one = HONE_STR_INIT;
    hone_status status = HONE_OK;
    for (size_t i = 0; i < in->n && status == HONE_OK; i++) {
        text t = item(in, i);
        if (i && same(t, item(in, i - 1)))
            continue;
        hone__str_clear(&one);
        append_replaced(&one, t, (text){d->text, d->text_len}, (text){"", 0});
        if (d->cleanup)
            hone__clean_up_token(&one);
        if ((status = hone__str_status(&one)) != HONE_OK)
            break;
        text clean = {one.data ? one.data : "", one.len}, delimiter = {d->delimiter, d->delimiter_len};
        size_t old = out->bytes.len;
        if (d->cleanup)
            append_replaced(&out->bytes, clean, delimiter, (text){" ", 1});
        else
            hone__str_append(&out->bytes, clean.data, clean.len);
        if (out->bytes.len > old || out->bytes.failed)
            status = hone__texts_end_item(out);
    }
    hone__str_dispose(&one);
    return status;
}

static hone_status append_matches_replaced(hone_str *out, hone__matches *m, text t, text to)
{
    size_t done = 0, start, end;
    bool found;
    if (!t.len)
        return HONE_OK;
    hone__matches_start(m, t.data, t.len);
    for (;;) {
        HONE_TRY(hone__matches_next(m, &start, &end, &found));
        if (!found)
            break;
        hone__str_append(out, t.data + done, start - done);
        hone__str_append(out, to.data, to.len);
        done = end;
    }
    hone__str_append(out, t.data + done, t.len - done);
    return HONE_OK;
}

static hone_status decode_replace(const hone__decoder *d, hone__texts *out, const hone__texts *in)
{
    hone__matches m;
    HONE_TRY(hone__matches_init(&m, &d->pattern));
    hone_status status = HONE_OK;
    for (size_t i = 0; i < in->n && status == HONE_OK; i++) {
        status = append_matches_replaced(&out->bytes, &m, item(in, i), (text){d->text, d->text_len});
        if (status == HONE_OK)
            status = hone__texts_end_item(out);
    }
    hone__matches_dispose(&m);
    return status;
}

static void append_stripped(const hone__decoder *d, hone_str *out, text t)
{
    size_t start = 0, end = t.len, len;
    for (size_t n = 0; n < d->start && start < end && hone__char_at(t.data + start) == d->content; n++)
        start += hone__char_len((unsigned char)t.data[start]);
    for (size_t n = 0; n < d->stop && end > start && hone__char_before(t.data + end, &len) == d->content; n++)
        end -= len;
    hone__str_append(out, t.data + start, end - start);
}

static void append_metaspace(const hone__decoder *d, hone_str *out, text t, bool first)
{
    for (size_t i = 0, n; i < t.len; i += n) {
        n = hone__char_len((unsigned char)t.data[i]);
        bool mark = hone__char_at(t.data + i) == d->metaspace.replacement;
        if (!mark)
            hone__str_append(out, t.data + i, n);
        else if (!first || d->metaspace.prepend == HONE__PREPEND_NEVER)
            hone__str_putc(out, ' ');
    }
}

/* A token at a time. */
static hone_status decode_each(const hone__decoder *d, hone__texts *out, const hone__texts *in)
{
    for (size_t i = 0; i < in->n; i++) {
        text t = item(in, i);
        if (d->kind == HONE__DECODER_METASPACE)
            append_metaspace(d, &out->bytes, t, i == 0);
        else if (d->kind == HONE__DECODER_STRIP)
            append_stripped(d, &out->bytes, t);
        else if (d->kind == HONE__DECODER_BPE)
            append_replaced(&out->bytes, t, (text){d->text, d->text_len}, (text){" ", i + 1 < in->n});
        else
            hone__decoder_append(d, &out->bytes, t.data, t.len, i == 0);
        HONE_TRY(hone__texts_end_item(out));
    }
    return HONE_OK;
}

/* All tokens become one text. */
static hone_status decode_as_one(const hone__decoder *d, hone__texts *out, const hone__texts *in)
{
    hone_str bytes = HONE_STR_INIT;
    for (size_t i = 0; i < in->n; i++) {
        text t = item(in, i);
        if (d->kind == HONE__DECODER_BYTE_LEVEL)
            hone__decoder_append(d, &bytes, t.data, t.len, i == 0);
        else
            hone__str_append(&bytes, t.data, t.len);
    }
    hone_status status = hone__str_status(&bytes);
    if (status == HONE_OK)
        hone__append_lossy(&out->bytes, bytes.data, bytes.len);
    hone__str_dispose(&bytes);
    return status == HONE_OK ? hone__texts_end_item(out) : status;
}

static hone_status decode_list(const hone__decoder *d, hone__texts *out, const hone__texts *in)
{
    switch (d->kind) {
    case HONE__DECODER_BYTE_FALLBACK:
        return decode_fallback(out, in);
    case HONE__DECODER_CTC:
        return decode_ctc(d, out, in);
    case HONE__DECODER_REPLACE:
        return decode_replace(d, out, in);
    case HONE__DECODER_BYTE_LEVEL:
    case HONE__DECODER_FUSE:
        return decode_as_one(d, out, in);
    default:
        return decode_each(d, out, in);
    }
}

hone_status hone__decoder_run(const hone__decoder *d, hone__texts *tokens)
{
    if (d->kind == HONE__DECODER_SEQUENCE) {
        for (size_t i = 0; i < d->n_items; i++)
            HONE_TRY(hone__decoder_run(&d->items[i], tokens));
        return HONE_OK;
    }
    hone__texts out = {0};
    hone_status status = decode_list(d, &out, tokens);
    if (status == HONE_OK) {
        hone__texts old = *tokens;
        *tokens = out;
        out = old;
    }
    hone__texts_dispose(&out);
    return status;
}
