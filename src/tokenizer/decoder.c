/* Decoders (decoder.h). */
#include "tokenizer/decoder.h"

#include "tokenizer/bytelevel.h"
#include "tokenizer/part.h"

#include <string.h>

/* The types by hone__decoder_kind. */
static const char *const types[] = {"",    "ByteLevel", "WordPiece", "Sequence", "Metaspace",    "BPEDecoder",
                                    "CTC", "Replace",   "Fuse",      "Strip",    "ByteFallback", NULL};

void hone__decoder_dispose(hone__decoder *d)
{
    for (size_t i = 0; i < d->n_items; i++)
        hone__decoder_dispose(&d->items[i]);
    hone__free(d->items);
    hone__free(d->prefix);
    hone__free(d->text);
    hone__free(d->delimiter);
    hone__pattern_dispose(&d->pattern);
    *d = (hone__decoder){.kind = HONE__DECODER_NONE};
}

static hone_status read_wordpiece(hone__decoder *out, const json_t *section, const char *name)
{
    const char *prefix = "##";
    out->cleanup = true;
    HONE_TRY(hone__json_get_string(section, "prefix", &prefix, name));
    HONE_TRY(hone__json_get_bool(section, "cleanup", &out->cleanup, name));
    return hone__strdup(&out->prefix, prefix);
}

static hone_status read_sequence(hone__decoder *out, const json_t *section, const char *name)
{
    const json_t *list;
    HONE_TRY(hone__part_list(&list, section, "decoders", "decoder Sequence", name));
    HONE_TRY(HONE_NEW(&out->items, json_array_size(list)));
    for (size_t i = 0; i < json_array_size(list); i++) {
        out->n_items++;
        HONE_TRY(hone__decoder_read(&out->items[i], json_array_get(list, i), name));
    }
    return HONE_OK;
}

static hone_status read_ctc(hone__decoder *out, const json_t *section, const char *name)
{
    HONE_TRY(hone__part_text(&out->text, &out->text_len, section, "pad_token", "decoder CTC", name));
    HONE_TRY(hone__part_text(&out->delimiter, &out->delimiter_len, section, "word_delimiter_token", "decoder CTC", name));
    return hone__part_bool(&out->cleanup, section, "cleanup", "decoder CTC", name);
}

static hone_status read_strip(hone__decoder *out, const json_t *section, const char *name)
{
    HONE_TRY(hone__part_char(&out->content, section, "content", "decoder Strip", name));
    HONE_TRY(hone__part_count(&out->start, section, "start", "decoder Strip", name));
    return hone__part_count(&out->stop, section, "stop", "decoder Strip", name);
}

static hone_status read_options(hone__decoder *out, const json_t *section, const char *name)
{
    switch (out->kind) {
    case HONE__DECODER_BYTE_LEVEL:
        return hone__byte_level_read(&out->byte_level, section, name);
    case HONE__DECODER_WORDPIECE:
        return read_wordpiece(out, section, name);
    case HONE__DECODER_SEQUENCE:
        return read_sequence(out, section, name);
    case HONE__DECODER_METASPACE:
        return hone__metaspace_read(&out->metaspace, section, "decoder Metaspace", name);
    case HONE__DECODER_BPE:
        return hone__part_text(&out->text, &out->text_len, section, "suffix", "decoder BPEDecoder", name);
    case HONE__DECODER_CTC:
        return read_ctc(out, section, name);
    case HONE__DECODER_REPLACE:
        HONE_TRY(hone__pattern_read(&out->pattern, json_object_get(section, "pattern"), "decoder Replace", name));
        return hone__part_text(&out->text, &out->text_len, section, "content", "decoder Replace", name);
    case HONE__DECODER_STRIP:
        return read_strip(out, section, name);
    default:
        return HONE_OK;
    }
}

hone_status hone__decoder_read(hone__decoder *out, const json_t *section, const char *name)
{
    *out = (hone__decoder){.kind = HONE__DECODER_NONE};
    int kind;
    HONE_TRY(hone__part_kind(&kind, section, types, "decoder", name));
    out->kind = (hone__decoder_kind)kind;
    return read_options(out, section, name);
}

static void write_text(hone_json_writer *w, const char *key, const char *text, size_t len)
{
    hone__jw_key(w, key);
    hone__jw_string_n(w, text, len);
}

static void write_sequence(const hone__decoder *d, hone_json_writer *w)
{
    hone__jw_key(w, "decoders");
    hone__jw_array(w);
    for (size_t i = 0; i < d->n_items; i++)
        hone__decoder_write(&d->items[i], w);
    hone__jw_end_array(w);
}

static void write_options(const hone__decoder *d, hone_json_writer *w)
{
    if (d->kind == HONE__DECODER_WORDPIECE) {
        write_text(w, "prefix", d->prefix, strlen(d->prefix));
        hone__jw_put_bool(w, "cleanup", d->cleanup);
    } else if (d->kind == HONE__DECODER_SEQUENCE) {
        write_sequence(d, w);
    } else if (d->kind == HONE__DECODER_BPE) {
        write_text(w, "suffix", d->text, d->text_len);
    } else if (d->kind == HONE__DECODER_CTC) {
        write_text(w, "pad_token", d->text, d->text_len);
        write_text(w, "word_delimiter_token", d->delimiter, d->delimiter_len);
        hone__jw_put_bool(w, "cleanup", d->cleanup);
    } else if (d->kind == HONE__DECODER_REPLACE) {
        hone__pattern_write(&d->pattern, w);
        write_text(w, "content", d->text, d->text_len);
    } else if (d->kind == HONE__DECODER_STRIP) {
        hone__part_write_char(w, "content", d->content);
        hone__jw_put_uint(w, "start", d->start);
        hone__jw_put_uint(w, "stop", d->stop);
    }
}

void hone__decoder_write(const hone__decoder *d, hone_json_writer *w)
{
    if (d->kind == HONE__DECODER_NONE) {
        hone__jw_null(w);
    } else if (d->kind == HONE__DECODER_BYTE_LEVEL) {
        hone__byte_level_write(d->byte_level, w);
    } else if (d->kind == HONE__DECODER_METASPACE) {
        hone__metaspace_write(d->metaspace, w);
    } else {
        hone__part_begin(w, types[d->kind]);
        write_options(d, w);
        hone__jw_end_object(w);
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

void hone__clean_up_token(hone_str *text)
{
    static const char *const pairs[][2] = {{" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
                                           {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
                                           {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (size_t i = 0; !text->failed && i < sizeof pairs / sizeof *pairs; i++)
        replace(text, pairs[i][0], pairs[i][1]);
}

/* cleanup works on one token at a time, so that it joins " ." but hardly ever " ' " (decoders/wordpiece.rs). */
static void append_wordpiece(const hone__decoder *d, hone_str *out, const char *token, size_t len, bool first)
{
    hone_str text = HONE_STR_INIT;
    size_t prefix = strlen(d->prefix);
    bool goes_on = !first && len >= prefix && memcmp(token, d->prefix, prefix) == 0;
    if (!first && !goes_on)
        hone__str_putc(&text, ' ');
    hone__str_append(&text, token + (goes_on ? prefix : 0), len - (goes_on ? prefix : 0));
    if (d->cleanup)
        hone__clean_up_token(&text);
    out->failed |= text.failed;
    hone__str_append(out, text.data ? text.data : "", text.len);
    hone__str_dispose(&text);
}

bool hone__decoder_streams(const hone__decoder *d)
{
    return d->kind == HONE__DECODER_NONE || d->kind == HONE__DECODER_BYTE_LEVEL || d->kind == HONE__DECODER_WORDPIECE;
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
