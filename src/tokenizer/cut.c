/* Where a long text may be cut so that its pieces, encoded one by one, have the ids of the whole: before a newline that follows a printable ASCII character.
 *
 * That holds for a tokenizer whose parts look no further than that: normalizers that change character by character (a newline combines with nothing), pre-tokenizers that
 * end a word where whitespace begins and do not look back, added tokens without whitespace that do not reach for the whitespace beside them. GPT-2's own pattern is one:
 * none of its alternatives has whitespace behind its first character, but those that are nothing else. */
#include "tokenizer/pieces.h"

#include <string.h>

static bool is_local_normalizer(const hone__normalizer *n)
{
    switch (n->kind) {
    case HONE__NORMALIZER_NONE:
    case HONE__NORMALIZER_BERT:
    case HONE__NORMALIZER_NFC:
    case HONE__NORMALIZER_NFD:
    case HONE__NORMALIZER_NFKC:
    case HONE__NORMALIZER_NFKD:
    case HONE__NORMALIZER_LOWERCASE:
    case HONE__NORMALIZER_STRIP_ACCENTS:
        return true;
    case HONE__NORMALIZER_SEQUENCE:
        for (size_t i = 0; i < n->n_items; i++) {
            if (!is_local_normalizer(&n->items[i]))
                return false;
        }
        return true;
    default:
        return false;
    }
}

/* *cuts: it ends words where whitespace begins. */
static bool is_local_pretokenizer(const hone__pretokenizer *p, bool *cuts)
{
    switch (p->kind) {
    case HONE__PRETOKENIZER_BYTE_LEVEL:
        if (!p->byte_level.use_regex && !*cuts)
            return false; /* whitespace is written in letters from here on: what comes behind finds none */
        *cuts = true;
        return !p->byte_level.add_prefix_space;
    case HONE__PRETOKENIZER_BERT:
    case HONE__PRETOKENIZER_WHITESPACE:
    case HONE__PRETOKENIZER_WHITESPACE_SPLIT:
        *cuts = true;
        return true;
    case HONE__PRETOKENIZER_DIGITS:
        return true;
    case HONE__PRETOKENIZER_SEQUENCE:
        for (size_t i = 0; i < p->n_items; i++) {
            if (!is_local_pretokenizer(&p->items[i], cuts))
                return false;
        }
        return true;
    default:
        return false;
    }
}

static bool has_whitespace(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x80) /* beyond ASCII: not looked at closely */
            return true;
    }
    return false;
}

bool hone__tokenizer_cuts_at_lines(const hone_tokenizer *tok)
{
    bool cuts = false;
    for (size_t i = 0; i < tok->added.n; i++) {
        const hone__added_token *t = &tok->added.tokens[i];
        if (t->lstrip || t->rstrip || has_whitespace(t->content, t->len) || has_whitespace(t->pattern, t->pattern_len))
            return false;
    }
    return is_local_normalizer(&tok->normalizer) && is_local_pretokenizer(&tok->pretokenizer, &cuts) && cuts;
}

size_t hone__tokenizer_cut(const char *text, size_t len, size_t from)
{
    size_t at = from > 0 ? from : 1;
    for (const char *lf; at < len && (lf = memchr(text + at, '\n', len - at)); at = (size_t)(lf - text) + 1) {
        if (lf[-1] > ' ' && lf[-1] < 0x7F)
            return (size_t)(lf - text);
    }
    return len;
}
