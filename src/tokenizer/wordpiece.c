/* WordPiece (wordpiece.h). The longest match is found by looking pieces up in the vocabulary, longest first; of all lengths only those are tried that a token
 * with the same two first bytes has, which leaves two or three. */
#include "tokenizer/wordpiece.h"

#include "tokenizer/unicode.h"

#include <string.h>

#define MANY 31 /* the bit for this length and more */

void hone__wordpiece_dispose(hone__wordpiece *w)
{
    hone__free(w->unk_token);
    hone__free(w->prefix);
    hone__free(w->lengths);
    memset(w, 0, sizeof *w);
}

/* Where two bytes have their lengths; different ones may share a place, which costs a look-up and no more. */
static inline size_t place(const char *text)
{
    return ((size_t)(unsigned char)text[0] * 37 ^ (size_t)(unsigned char)text[1] << 4) & (HONE__LENGTHS - 1);
}

static void add_length(uint32_t *lengths, const char *text, size_t len)
{
    if (len > 1)
        lengths[place(text)] |= UINT32_C(1) << (len < MANY ? len : MANY);
}

hone_status hone__wordpiece_finish(hone__wordpiece *w, const hone__vocab *v)
{
    size_t prefix = strlen(w->prefix);
    w->unk_id = hone__vocab_find(v, w->unk_token, strlen(w->unk_token));
    if (w->unk_id < 0)
        return hone__fail(HONE_FORMAT, "unk_token \"%s\" is not in the vocabulary", w->unk_token);
    HONE_TRY(HONE_NEW(&w->lengths, 2 * HONE__LENGTHS));
    for (size_t id = 0; id < v->n_ids; id++) {
        if (v->start[id] == HONE__NO_TEXT)
            continue;
        const char *text = v->texts.data + v->start[id];
        w->longest = v->len[id] > w->longest ? v->len[id] : w->longest;
        add_length(w->lengths, text, v->len[id]);
        if (v->len[id] > prefix && memcmp(text, w->prefix, prefix) == 0)
            add_length(w->lengths + HONE__LENGTHS, text + prefix, v->len[id] - prefix);
    }
    return HONE_OK;
}

/* The longest token that word[0..len) begins with, behind the prefix of `prefix` bytes that stands before it; -1 for none. *n is its length in the word. Tokens
 * are whole characters, so the end needs no look. */
static int32_t longest_piece(const hone__wordpiece *w, const hone__vocab *v, const char *word, size_t len, size_t prefix, size_t *n)
{
    uint32_t lengths = len > 1 ? w->lengths[(prefix ? HONE__LENGTHS : 0) + place(word)] : 0;
    int32_t id;
    if (lengths >> MANY) {
        size_t most = w->longest > prefix ? w->longest - prefix : 0;
        for (*n = len < most ? len : most; *n >= MANY; --*n)
            if ((id = hone__vocab_find(v, word - prefix, prefix + *n)) >= 0)
                return id;
    }
    lengths &= len < MANY ? (UINT32_C(1) << (len + 1)) - 1 : ~(UINT32_C(1) << MANY);
    for (; lengths; lengths ^= UINT32_C(1) << *n) {
        *n = MANY - (size_t)__builtin_clz(lengths);
        if ((id = hone__vocab_find(v, word - prefix, prefix + *n)) >= 0)
            return id;
    }
    *n = 1;
    return hone__vocab_find(v, word - prefix, prefix + 1);
}

/* The word with room for the prefix before it; where a piece is behind us its bytes make room for the next prefix. */
static char *copy_word(const hone__wordpiece *w, hone_str *out, const char *word, size_t len)
{
    hone__str_clear(out);
    hone__str_puts(out, w->prefix);
    hone__str_append(out, word, len);
    return out->failed ? NULL : out->data + strlen(w->prefix);
}

hone_status hone__wordpiece_encode(const hone__wordpiece *w, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len)
{
    size_t chars = 0, prefix = strlen(w->prefix);
    for (size_t i = 0; i < len; i++)
        chars += !hone__is_continuation(word[i]);
    HONE_TRY(HONE_GROW(&s->symbols, &s->capacity, chars <= w->max_chars ? chars + 1 : 1));
    char *copy = copy_word(w, &s->letters, word, len);
    HONE_TRY(hone__str_status(&s->letters));
    s->n = 0;
    for (size_t start = 0, n; chars <= w->max_chars && start < len; start += n) {
        if (start)
            memcpy(copy + start - prefix, w->prefix, prefix);
        int32_t id = longest_piece(w, v, copy + start, len - start, start ? prefix : 0, &n);
        if (id < 0) {
            s->n = 0;
            break;
        }
        s->symbols[s->n++] = (hone__symbol){id, (uint32_t)n, UINT32_MAX, -1};
    }
    if (!s->n && len) {
        s->symbols[0] = (hone__symbol){w->unk_id, (uint32_t)len, UINT32_MAX, -1};
        s->n = 1;
    }
    return HONE_OK;
}
