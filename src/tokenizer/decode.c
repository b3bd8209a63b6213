/* From ids to text: at once, or one id after another while a model generates. */
#include "tokenizer/tokenizer.h"

#include "tokenizer/unicode.h"

#include <string.h>

/* The text of an id; NULL for ids outside the vocabulary, and for special ones on request: they stand for nothing. */
static const char *token_of(const hone_tokenizer *tok, int32_t id, bool skip_special_tokens, size_t *len)
{
    const char *token = hone__tokenizer_token(tok, id, len);
    return token && skip_special_tokens && hone_tokenizer_is_special(tok, id) ? NULL : token;
}

static void append_id(const hone_tokenizer *tok, hone_str *bytes, int32_t id, bool skip_special_tokens, bool *first)
{
    size_t len;
    const char *token = token_of(tok, id, skip_special_tokens, &len);
    if (!token)
        return;
    hone__decoder_append(&tok->decoder, bytes, token, len, *first);
    *first = false;
}

/* With a decoder that sees all tokens at once. */
static hone_status decode_chain(hone_str *out, const hone_tokenizer *tok, const int32_t *ids, size_t n, bool skip_special_tokens)
{
    hone__texts tokens = {0};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        size_t len;
        const char *token = token_of(tok, ids[i], skip_special_tokens, &len);
        if (!token)
            continue;
        hone__str_append(&tokens.bytes, token, len);
        status = hone__texts_end_item(&tokens);
    }
    if (status == HONE_OK)
        status = hone__decoder_run(&tok->decoder, &tokens);
    if (status == HONE_OK && tokens.bytes.len)
        hone__str_append(out, tokens.bytes.data, tokens.bytes.len);
    hone__texts_dispose(&tokens);
    return status == HONE_OK ? hone__str_status(out) : status;
}

static hone_status decode(hone_str *out, const hone_tokenizer *tok, const int32_t *ids, size_t n, bool skip_special_tokens)
{
    hone_str bytes = HONE_STR_INIT;
    bool first = true;
    if (!hone__decoder_streams(&tok->decoder))
        return decode_chain(out, tok, ids, n, skip_special_tokens);
    for (size_t i = 0; i < n; i++)
        append_id(tok, &bytes, ids[i], skip_special_tokens, &first);
    hone_status status = hone__str_status(&bytes);
    if (status == HONE_OK)
        hone__append_lossy(out, bytes.data, bytes.len);
    hone__str_dispose(&bytes);
    return status == HONE_OK ? hone__str_status(out) : status;
}

hone_status hone_tokenizer_decode(char **out, size_t *len, const hone_tokenizer *tok, const int32_t *ids, size_t n,
                                  bool skip_special_tokens)
{
    hone_str text = HONE_STR_INIT;
    *out = NULL;
    hone_status status = decode(&text, tok, ids, n, skip_special_tokens);
    if (status == HONE_OK) {
        if (len)
            *len = text.len;
        status = hone__str_take(out, &text);
    }
    hone__str_dispose(&text);
    return status;
}

/* ---- Streams ---- */

/* Decoders that stream hold bytes back until they are whole characters. With the others a window of ids is decoded anew for each id (DecodeStream of the
 * reference): ids that were given out stay in it, as what the next ones are decoded behind. */
struct hone_decode_stream {
    const hone_tokenizer *tok;
    bool skip_special_tokens, first;
    hone_str bytes, text; /* not given out yet, or the window's text that was given out; what the last call gave out */
    hone_ids ids;         /* the window */
    size_t n_given;       /* of ids */
};

hone_status hone_decode_stream_new(hone_decode_stream **out, const hone_tokenizer *tok, bool skip_special_tokens)
{
    HONE_TRY(HONE_NEW(out, 1));
    (*out)->tok = tok;
    (*out)->skip_special_tokens = skip_special_tokens;
    (*out)->first = true;
    return HONE_OK;
}

void hone_decode_stream_free(hone_decode_stream *stream)
{
    if (!stream)
        return;
    hone__str_dispose(&stream->bytes);
    hone__str_dispose(&stream->text);
    hone_ids_dispose(&stream->ids);
    hone__free(stream);
}

/* The length of the bytes that no later byte can change: all but the beginning of a character at the end. */
static size_t settled(const char *bytes, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)bytes[len - back];
        if (c < 0x80)
            return len;
        if (c >= 0xC0) /* a first byte: held back when what follows it is all of what is there, and not yet enough */
            return hone__char_len(c) > back && hone__utf8_broken(bytes + len - back, back) == back && c >= 0xC2 && c < 0xF5 ? len - back
                                                                                                                            : len;
    }
    return len;
}

static hone_status give_out(hone_text *text, hone_decode_stream *s, size_t n)
{
    hone__str_clear(&s->text);
    hone__append_lossy(&s->text, s->bytes.data, n);
    if (n && s->bytes.len > n)
        memmove(s->bytes.data, s->bytes.data + n, s->bytes.len - n);
    s->bytes.len -= n;
    HONE_TRY(hone__str_status(&s->text));
    *text = (hone_text){s->text.len ? s->text.data : "", s->text.len};
    return HONE_OK;
}

/* Decodes the window; what it has more than was given out of it goes to *text. A U+FFFD at its end may still become a character. */
static hone_status give_window(hone_text *text, hone_decode_stream *s, bool end)
{
    hone__str_clear(&s->text);
    HONE_TRY(decode(&s->text, s->tok, s->ids.data, s->ids.n, s->skip_special_tokens));
    bool open = s->text.len >= 3 && memcmp(s->text.data + s->text.len - 3, "\xEF\xBF\xBD", 3) == 0;
    if (s->text.len <= s->bytes.len || (open && !end))
        return HONE_OK;
    size_t old = s->bytes.len, n = s->ids.n - s->n_given;
    memmove(s->ids.data, s->ids.data + s->n_given, n * sizeof *s->ids.data);
    s->ids.n = s->n_given = n;
    hone__str_clear(&s->bytes);
    HONE_TRY(decode(&s->bytes, s->tok, s->ids.data, s->ids.n, s->skip_special_tokens));
    while (old < s->text.len && hone__is_continuation(s->text.data[old]))
        old++;
    *text = (hone_text){s->text.data + old, s->text.len - old};
    return HONE_OK;
}

hone_status hone_decode_stream_push(hone_text *text, hone_decode_stream *stream, int32_t id)
{
    *text = (hone_text){"", 0};
    if (!hone__decoder_streams(&stream->tok->decoder)) {
        HONE_TRY(HONE_GROW(&stream->ids.data, &stream->ids.capacity, stream->ids.n + 1));
        stream->ids.data[stream->ids.n++] = id;
        return give_window(text, stream, false);
    }
    append_id(stream->tok, &stream->bytes, id, stream->skip_special_tokens, &stream->first);
    HONE_TRY(hone__str_status(&stream->bytes));
    return give_out(text, stream, settled(stream->bytes.data, stream->bytes.len));
}

hone_status hone_decode_stream_end(hone_text *text, hone_decode_stream *stream)
{
    *text = (hone_text){"", 0};
    stream->first = true;
    if (hone__decoder_streams(&stream->tok->decoder))
        return give_out(text, stream, stream->bytes.len);
    hone_status status = stream->ids.n ? give_window(text, stream, true) : HONE_OK;
    stream->ids.n = stream->n_given = 0;
    hone__str_clear(&stream->bytes);
    return status;
}
