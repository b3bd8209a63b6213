/* Documents of a plain text file: the whole of it, or each line with its end.
 *
 * Newlines are read as Python reads text (universal newlines): CRLF and a lone CR become LF, unless raw_newlines. A text without CR is lent from the file. */
#include "data/texts.h"

#include <string.h>

/* Appends text with its newlines made LF. */
static void append_unix(hone_str *out, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end) {
        const char *cr = memchr(text, '\r', (size_t)(end - text));
        hone__str_append(out, text, (size_t)((cr ? cr : end) - text));
        if (!cr)
            return;
        hone__str_putc(out, '\n');
        text = cr + (cr + 1 < end && cr[1] == '\n' ? 2 : 1);
    }
}

/* Length of the line at text, its end included: LF, CRLF or a lone CR. */
static size_t line_len(const char *text, size_t len)
{
    const char *lf = memchr(text, '\n', len);
    size_t n = lf ? (size_t)(lf - text) + 1 : len;
    const char *cr = memchr(text, '\r', n);
    if (!cr || (size_t)(cr - text) + 2 == n)
        return n;
    return (size_t)(cr - text) + (cr + 1 < text + len && cr[1] == '\n' ? 2 : 1);
}

/* Whether there is a CR in the text that was just taken from the file; of a long one no more than a piece stays in memory. */
static bool has_cr(const hone_text_stream *s, const char *text, size_t len)
{
    for (size_t at = 0; at < len; at += HONE__TEXT_RELEASE_BYTES) {
        size_t n = len - at < HONE__TEXT_RELEASE_BYTES ? len - at : HONE__TEXT_RELEASE_BYTES;
        if (memchr(text + at, '\r', n))
            return true;
        if (len > HONE__TEXT_RELEASE_BYTES)
            hone__text_release(&s->map, (size_t)(text - s->data) + at, (size_t)(text - s->data) + at + n);
    }
    return false;
}

hone_text_step hone__plain_text_next(hone_text_stream *s, hone_document *doc, hone_status *status)
{
    if (s->pos >= s->len)
        return HONE__TEXT_END;
    const char *text = s->data + s->pos;
    size_t len = s->options.line_by_line ? line_len(text, s->len - s->pos) : s->len;
    s->pos += len;
    s->line++;
    *doc = (hone_document){.data = text, .len = len, .path = s->path, .line = s->options.line_by_line ? s->line : 0};
    if (s->options.raw_newlines || !has_cr(s, text, len))
        return HONE__TEXT_DOCUMENT;
    hone__str_clear(&s->text);
    append_unix(&s->text, text, len);
    if ((*status = hone__str_status(&s->text)) != HONE_OK)
        return HONE__TEXT_FAILED;
    doc->data = s->text.data;
    doc->len = s->text.len;
    return HONE__TEXT_DOCUMENT;
}
