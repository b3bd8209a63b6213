/* WordPiece (wordpiece.h). */
#include "tokenizer/wordpiece.h"

#include "tokenizer/unicode.h"

#include <string.h>

void hone__wordpiece_dispose(hone__wordpiece *w)
{
    hone__free(w->unk_token);
    hone__free(w->prefix);
    memset(w, 0, sizeof *w);
}

hone_status hone__wordpiece_finish(hone__wordpiece *w, const hone__vocab *v)
{
    w->unk_id = hone__vocab_find(v, w->unk_token, strlen(w->unk_token));
    if (w->unk_id < 0)
        return hone__fail(HONE_FORMAT, "unk_token \"%s\" is not in the vocabulary", w->unk_token);
    for (size_t id = 0; id < v->n_ids; id++)
        w->longest = v->len[id] > w->longest ? v->len[id] : w->longest;
    return HONE_OK;
}

/* The longest token that word[start..) begins with, behind the prefix that s->letters begins with; -1 for none. *end is where it ends. */
static int32_t longest_piece(const hone__wordpiece *w, const hone__vocab *v, const char *text, size_t prefix, const char *word,
                             size_t start, size_t len, size_t *end)
{
    size_t most = w->longest > prefix ? w->longest - prefix : 0;
    *end = len - start > most ? start + most : len;
    while (*end<len && * end> start && hone__is_continuation(word[*end]))
        --*end;
    while (*end > start) {
        int32_t id = hone__vocab_find(v, text, prefix + *end - start);
        if (id >= 0)
            return id;
        do
            --*end;
        while (*end > start && hone__is_continuation(word[*end]));
    }
    return -1;
}

hone_status hone__wordpiece_encode(const hone__wordpiece *w, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len)
{
    size_t chars = 0, prefix = strlen(w->prefix);
    for (size_t i = 0; i < len; i++)
        chars += !hone__is_continuation(word[i]);
    HONE_TRY(HONE_GROW(&s->symbols, &s->capacity, chars <= w->max_chars ? chars + 1 : 1));
    s->n = 0;
    for (size_t start = 0, end; chars <= w->max_chars && start < len; start = end) {
        hone__str_clear(&s->letters);
        hone__str_append(&s->letters, w->prefix, start ? prefix : 0);
        hone__str_append(&s->letters, word + start, len - start);
        HONE_TRY(hone__str_status(&s->letters));
        int32_t id = longest_piece(w, v, s->letters.data, start ? prefix : 0, word, start, len, &end);
        if (id < 0) {
            s->n = 0;
            break;
        }
        s->symbols[s->n++] = (hone__symbol){id, (uint32_t)(end - start), UINT32_MAX, -1};
    }
    if (!s->n && len) {
        s->symbols[0] = (hone__symbol){w->unk_id, (uint32_t)len, UINT32_MAX, -1};
        s->n = 1;
    }
    return HONE_OK;
}
