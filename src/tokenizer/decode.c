/* From ids to text: at once, or one id after another while a model generates. */
#include "tokenizer/tokenizer.h"

#include "tokenizer/unicode.h"

#include <string.h>

/* Appends what an id stands for; ids outside the vocabulary, and special ones on request, stand for nothing. */
static void append_id(const hone_tokenizer *tok, hone_str *bytes, int32_t id, bool skip_special_tokens, bool *first)
{
    size_t len;
    const char *token = hone__tokenizer_token(tok, id, &len);
    if (!token || (skip_special_tokens && hone_tokenizer_is_special(tok, id)))
        return;
    hone__decoder_append(&tok->decoder, bytes, token, len, *first);
    *first = false;
}

hone_status hone_tokenizer_decode(char **out, size_t *len, const hone_tokenizer *tok, const int32_t *ids, size_t n,
                                  bool skip_special_tokens)
{
    hone_str bytes = HONE_STR_INIT, text = HONE_STR_INIT;
    bool first = true;
    *out = NULL;
    for (size_t i = 0; i < n; i++)
        append_id(tok, &bytes, ids[i], skip_special_tokens, &first);
    hone_status status = hone__str_status(&bytes);
    if (status == HONE_OK) {
        hone__append_lossy(&text, bytes.data, bytes.len);
        if (len)
            *len = text.len;
        status = hone__str_take(out, &text);
    }
    hone__str_dispose(&bytes);
    hone__str_dispose(&text);
    return status;
}

struct hone_decode_stream {
    const hone_tokenizer *tok;
    bool skip_special_tokens, first;
    hone_str bytes, text; /* not given out yet; what the last call gave out */
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

hone_status hone_decode_stream_push(hone_text *text, hone_decode_stream *stream, int32_t id)
{
    *text = (hone_text){"", 0};
    append_id(stream->tok, &stream->bytes, id, stream->skip_special_tokens, &stream->first);
    HONE_TRY(hone__str_status(&stream->bytes));
    return give_out(text, stream, settled(stream->bytes.data, stream->bytes.len));
}

hone_status hone_decode_stream_end(hone_text *text, hone_decode_stream *stream)
{
    stream->first = true;
    return give_out(text, stream, stream->bytes.len);
}
