/* Decoders (decoder.h). */
#include "tokenizer/decoder.h"

#include "tokenizer/bytelevel.h"

#include <string.h>

void hone__decoder_dispose(hone__decoder *d)
{
    *d = (hone__decoder){.kind = HONE__DECODER_NONE};
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
    return hone__fail(HONE_UNSUPPORTED, "%s: decoder \"%s\" is not supported", name, type ? type : "(without a type)");
}

void hone__decoder_write(const hone__decoder *d, hone_json_writer *w)
{
    if (d->kind == HONE__DECODER_BYTE_LEVEL)
        hone__byte_level_write(d->byte_level, w);
    else
        hone__jw_null(w);
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

void hone__decoder_append(const hone__decoder *d, hone_str *out, const char *token, size_t len, bool first)
{
    if (d->kind == HONE__DECODER_BYTE_LEVEL) {
        append_bytes(out, token, len);
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
