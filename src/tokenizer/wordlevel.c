/* WordLevel (wordlevel.h). */
#include "tokenizer/wordlevel.h"

#include <string.h>

void hone__wordlevel_dispose(hone__wordlevel *w)
{
    hone__free(w->unk_token);
    memset(w, 0, sizeof *w);
}

void hone__wordlevel_finish(hone__wordlevel *w, const hone__vocab *v)
{
    w->unk_id = hone__vocab_find(v, w->unk_token, strlen(w->unk_token));
}

hone_status hone__wordlevel_encode(const hone__wordlevel *w, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len)
{
    int32_t id = hone__vocab_find(v, word, len);
    if (id < 0 && (id = w->unk_id) < 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "the word \"%.*s\" is not in the vocabulary, and neither is unk_token \"%s\"",
                          (int)(len < 60 ? len : 60), word, w->unk_token);
    HONE_TRY(HONE_GROW(&s->symbols, &s->capacity, 1));
    s->symbols[0] = (hone__symbol){id, (uint32_t)len, UINT32_MAX, -1};
    s->n = 1;
    return HONE_OK;
}
