/* Normalizers that change, drop or add characters one at a time (normalizer.h), as tokenizers/src/normalizers/{strip,utils,unicode,replace,prepend,byte_level}.rs.
 * What a character becomes keeps the character's place; what Replace puts in has the place of the last character that it replaces. */
#include "tokenizer/normalizer.h"

#include "tokenizer/bytelevel.h"
#include "tokenizer/unicode.h"

#include <string.h>

/* Does `edit` to each character: it gives up to 8 bytes, or 0 to drop it. */
static hone_status edit_chars(hone__work *w, size_t (*edit)(char out[8], const char *c, size_t len))
{
    for (size_t i = 0, n; i < w->text.len; i += n) {
        char bytes[8];
        n = hone__char_len((unsigned char)w->text.data[i]);
        HONE_TRY(hone__aligned_push(&w->next_text, bytes, edit(bytes, w->text.data + i, n), w->text.from[i]));
    }
    hone__work_swap_text(w);
    return HONE_OK;
}

static size_t lower_char(char out[8], const char *c, size_t len)
{
    (void)len;
    uint32_t lower[2];
    size_t count = hone__lower(lower, hone__char_at(c)), n = 0;
    for (size_t i = 0; i < count; i++)
        n += hone__utf8_encode(out + n, lower[i]);
    return n;
}

static size_t keep_unaccented(char out[8], const char *c, size_t len)
{
    memcpy(out, c, len);
    return hone__unicode(hone__char_at(c)) & HONE__COMBINING ? 0 : len;
}

static size_t letters_of_char(char out[8], const char *c, size_t len)
{
    return hone__byte_letters(out, c, len);
}

/* SentencePiece's "nmt" rules: control characters go, odd white space becomes a space. */
static size_t nmt_char(char out[8], const char *c, size_t len)
{
    uint32_t cp = hone__char_at(c);
    if ((cp >= 1 && cp <= 8) || cp == 0xB || (cp >= 0xE && cp <= 0x1F) || cp == 0x7F || cp == 0x8F || cp == 0x9F)
        return 0;
    bool space = cp == 9 || cp == 0xA || cp == 0xC || cp == 0xD || cp == 0x1680 || (cp >= 0x200B && cp <= 0x200F) || cp == 0x2028 ||
                 cp == 0x2029 || cp == 0x2581 || cp == 0xFEFF || cp == 0xFFFD;
    memcpy(out, space ? " " : c, space ? 1 : len);
    return space ? 1 : len;
}

static hone_status strip(const hone__normalizer *n, hone__work *w)
{
    const hone__aligned *text = &w->text;
    size_t start = 0, end = text->len, len;
    while (n->left && start < end && hone__unicode(hone__char_at(text->data + start)) & HONE__BERT_SPACE)
        start += hone__char_len((unsigned char)text->data[start]);
    while (n->right && end > start && hone__unicode(hone__char_before(text->data + end, &len)) & HONE__BERT_SPACE)
        end -= len;
    for (size_t i = start; i < end; i += len) {
        len = hone__char_len((unsigned char)text->data[i]);
        HONE_TRY(hone__aligned_push(&w->next_text, text->data + i, len, text->from[i]));
    }
    hone__work_swap_text(w);
    return HONE_OK;
}

/* Copies bytes with their places. */
static hone_status copy(hone__work *w, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        HONE_TRY(hone__aligned_push(&w->next_text, w->text.data + i, 1, w->text.from[i]));
    return HONE_OK;
}

static hone_status replace_all(const hone__normalizer *n, hone__work *w, hone__matches *m)
{
    size_t done = 0, start, end;
    bool found;
    hone__matches_start(m, w->text.data, w->text.len);
    for (;;) {
        HONE_TRY(hone__matches_next(m, &start, &end, &found));
        if (!found)
            break;
        HONE_TRY(copy(w, done, start));
        uint32_t base = w->text.from[0].start;
        hone__range at = end ? w->text.from[end - 1] : (hone__range){base, base};
        HONE_TRY(hone__aligned_push(&w->next_text, n->text, n->text_len, at));
        done = end;
    }
    HONE_TRY(copy(w, done, w->text.len));
    hone__work_swap_text(w);
    return HONE_OK;
}

static hone_status replace(const hone__normalizer *n, hone__work *w)
{
    hone__matches m;
    if (!w->text.len)
        return HONE_OK;
    HONE_TRY(hone__matches_init(&m, &n->pattern));
    hone_status status = replace_all(n, w, &m);
    hone__matches_dispose(&m);
    return status;
}

static hone_status prepend(const hone__normalizer *n, hone__work *w)
{
    if (!w->text.len || !n->text_len)
        return HONE_OK;
    HONE_TRY(hone__aligned_push(&w->next_text, n->text, n->text_len, w->text.from[0]));
    HONE_TRY(copy(w, 0, w->text.len));
    hone__work_swap_text(w);
    return HONE_OK;
}

hone_status hone__normalize_edit(const hone__normalizer *n, hone__work *w)
{
    switch (n->kind) {
    case HONE__NORMALIZER_LOWERCASE:
        return edit_chars(w, lower_char);
    case HONE__NORMALIZER_STRIP_ACCENTS:
        return edit_chars(w, keep_unaccented);
    case HONE__NORMALIZER_BYTE_LEVEL:
        return edit_chars(w, letters_of_char);
    case HONE__NORMALIZER_NMT:
        return edit_chars(w, nmt_char);
    case HONE__NORMALIZER_STRIP:
        return strip(n, w);
    case HONE__NORMALIZER_REPLACE:
        return replace(n, w);
    case HONE__NORMALIZER_PREPEND:
        return prepend(n, w);
    default:
        return HONE_OK;
    }
}
