/* Decoders (decoder.h). */
#include "tokenizer/decoder.h"

#include "tokenizer/bytelevel.h"

#include <string.h>

void hone__decoder_dispose(hone__decoder *d)
{
    hone__free(d->prefix);
    *d = (hone__decoder){.kind = HONE__DECODER_NONE};
}

static hone_status read_wordpiece(hone__decoder *out, const json_t *section, const char *name)
{
    const char *prefix = "##";
    out->kind = HONE__DECODER_WORDPIECE;
    out->cleanup = true;
    HONE_TRY(hone__json_get_string(section, "prefix", &prefix, name));
    HONE_TRY(hone__json_get_bool(section, "cleanup", &out->cleanup, name));
    return hone__strdup(&out->prefix, prefix);
}

hone_status hone__decoder_read(hone__decoder *out, const json_t *section, const char *name)
{
    *out = (hone__decoder){.kind = HONE__DECODER_NONE};
    if (!section || json_is_null(section))
        return HONE_OK;
    const char *type = NULL;
    HONE_TRY(hone__json_get_string(section, "type", &type, name));
    if (type && strcmp(type, "ByteLevel") == 0) {
        out->kind = HONE__DECODER_BYTE_LEVEL;
        return hone__byte_level_read(&out->byte_level, section, name);
    }
    if (type && strcmp(type, "WordPiece") == 0)
        return read_wordpiece(out, section, name);
    return hone__fail(HONE_UNSUPPORTED, "%s: decoder \"%s\" is not supported", name, type ? type : "(without a type)");
}

void hone__decoder_write(const hone__decoder *d, hone_json_writer *w)
{
    if (d->kind == HONE__DECODER_BYTE_LEVEL) {
        hone__byte_level_write(d->byte_level, w);
    } else if (d->kind == HONE__DECODER_WORDPIECE) {
        hone__jw_object(w);
        hone__jw_key(w, "type");
        hone__jw_string(w, "WordPiece");
        hone__jw_key(w, "prefix");
        hone__jw_string(w, d->prefix);
        hone__jw_key(w, "cleanup");
        hone__jw_bool(w, d->cleanup);
        hone__jw_end_object(w);
    } else {
        hone__jw_null(w);
    }
}

/* A token of letters is their bytes; one with any other character (an added token) is its own text. */
static void append_bytes(hone_str *out, const char *token, size_t len)
{
    char few[256], *bytes = few;
    if (len > sizeof few && HONE_ALLOC(&bytes, len) != HONE_OK) {
        out->failed = true;
        return;
    }
    size_t n = hone__letters_to_bytes(bytes, token, len);
    if (n == SIZE_MAX)
        hone__str_append(out, token, len);
    else
        hone__str_append(out, bytes, n);
    if (bytes != few)
        hone__free(bytes);
}

/* Replaces each `from` in text by `to`, which is no longer. */
static void replace(hone_str *text, const char *from, const char *to)
{
    size_t n_from = strlen(from), n_to = strlen(to), out = 0;
    for (size_t i = 0; i < text->len;) {
        if (text->len - i >= n_from && memcmp(text->data + i, from, n_from) == 0) {
            memcpy(text->data + out, to, n_to);
            out += n_to, i += n_from;
        } else {
            text->data[out++] = text->data[i++];
        }
    }
    text->len = out;
}

/* cleanup works on one token at a time, so that it joins " ." but hardly ever " ' " (decoders/wordpiece.rs). */
static void append_wordpiece(const hone__decoder *d, hone_str *out, const char *token, size_t len, bool first)
{
    static const char *const pairs[][2] = {{" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
                                           {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
                                           {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    hone_str text = HONE_STR_INIT;
    size_t prefix = strlen(d->prefix);
    bool goes_on = !first && len >= prefix && memcmp(token, d->prefix, prefix) == 0;
    if (!first && !goes_on)
        hone__str_putc(&text, ' ');
    hone__str_append(&text, token + (goes_on ? prefix : 0), len - (goes_on ? prefix : 0));
    for (size_t i = 0; d->cleanup && !text.failed && i < sizeof pairs / sizeof *pairs; i++)
        replace(&text, pairs[i][0], pairs[i][1]);
    out->failed |= text.failed;
    hone__str_append(out, text.data ? text.data : "", text.len);
    hone__str_dispose(&text);
}

void hone__decoder_append(const hone__decoder *d, hone_str *out, const char *token, size_t len, bool first)
{
    if (d->kind == HONE__DECODER_BYTE_LEVEL) {
        append_bytes(out, token, len);
        return;
    }
    if (d->kind == HONE__DECODER_WORDPIECE) {
        append_wordpiece(d, out, token, len, first);
        return;
    }
    if (!first)
        hone__str_putc(out, ' ');
    hone__str_append(out, token, len);
}

void hone__append_lossy(hone_str *out, const char *bytes, size_t len)
{
    while (len) {
        size_t n = hone__utf8_valid(bytes, len);
        hone__str_append(out, bytes, n);
        bytes += n, len -= n;
        if (!len)
            return;
        hone__str_append(out, "\xEF\xBF\xBD", 3);
        n = hone__utf8_broken(bytes, len);
        bytes += n, len -= n;
    }
}
