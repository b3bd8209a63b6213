/* Counting the words of a corpus (words.h). */
#include "tokenizer/words.h"

#include "tokenizer/bytelevel.h"

#include <stdlib.h>
#include <string.h>

void hone__words_dispose(hone__words *w)
{
    hone__str_dispose(&w->bytes);
    hone__free(w->items);
    hone__free(w->slots);
    memset(w, 0, sizeof *w);
}

static hone_status grow_slots(hone__words *w)
{
    size_t n_slots = w->n_slots ? 2 * w->n_slots : 4096;
    uint32_t *slots = NULL;
    if (w->n >= UINT32_MAX - 1)
        return hone__fail(HONE_UNSUPPORTED, "more than four thousand million distinct words");
    HONE_TRY(HONE_NEW(&slots, n_slots));
    for (size_t k = 0; k < w->n; k++) {
        size_t i = w->items[k].hash & (n_slots - 1);
        while (slots[i])
            i = (i + 1) & (n_slots - 1);
        slots[i] = (uint32_t)k + 1;
    }
    hone__free(w->slots);
    w->slots = slots;
    w->n_slots = n_slots;
    return HONE_OK;
}

static hone_status add_hashed(hone__words *w, const char *word, size_t len, uint32_t hash, uint64_t count, uint64_t first)
{
    if (2 * w->n >= w->n_slots)
        HONE_TRY(grow_slots(w));
    size_t mask = w->n_slots - 1, i = hash & mask;
    for (; w->slots[i]; i = (i + 1) & mask) {
        hone__word *item = &w->items[w->slots[i] - 1];
        if (item->hash == hash && item->len == len && memcmp(w->bytes.data + item->start, word, len) == 0) {
            item->count += count;
            item->first = item->first < first ? item->first : first;
            return HONE_OK;
        }
    }
    HONE_TRY(HONE_GROW(&w->items, &w->capacity, w->n + 1));
    size_t start = w->bytes.len;
    hone__str_append(&w->bytes, word, len);
    HONE_TRY(hone__str_status(&w->bytes));
    w->items[w->n++] = (hone__word){count, first, start, (uint32_t)len, hash};
    w->slots[i] = (uint32_t)w->n;
    return HONE_OK;
}

hone_status hone__words_add(hone__words *w, const char *word, size_t len, uint64_t count, uint64_t first)
{
    return add_hashed(w, word, len, (uint32_t)hone__hash64(word, len, 0), count, first);
}

hone_status hone__words_merge(hone__words *w, const hone__words *from)
{
    for (size_t i = 0; i < from->n; i++) {
        const hone__word *item = &from->items[i];
        HONE_TRY(add_hashed(w, from->bytes.data + item->start, item->len, item->hash, item->count, item->first));
    }
    return HONE_OK;
}

static int compare_first(const void *a, const void *b)
{
    uint64_t x = ((const hone__word *)a)->first, y = ((const hone__word *)b)->first;
    return (x > y) - (x < y);
}

hone_status hone__words_sort(hone__words *w)
{
    hone__free(w->slots);
    w->slots = NULL;
    w->n_slots = 0;
    if (w->n)
        qsort(w->items, w->n, sizeof *w->items, compare_first);
    return HONE_OK;
}

hone_status hone__word_counter_init(hone__word_counter *c, const hone_tokenizer *tok)
{
    *c = (hone__word_counter){.tok = tok};
    c->raw = tok->normalizer.kind == HONE__NORMALIZER_NONE && tok->pretokenizer.kind == HONE__PRETOKENIZER_BYTE_LEVEL &&
             !tok->pretokenizer.byte_level.add_prefix_space;
    return HONE_OK;
}

void hone__word_counter_dispose(hone__word_counter *c)
{
    hone__words_dispose(&c->words);
    hone__work_dispose(&c->work);
}

static hone_status count_raw(hone__word_counter *c, const char *text, size_t len)
{
    bool use_regex = c->tok->pretokenizer.byte_level.use_regex;
    for (size_t i = 0, end; i < len; i = end) {
        end = use_regex ? hone__word_end(text, i, len) : len;
        HONE_TRY(hone__words_add(&c->words, text + i, end - i, 1, c->next++));
    }
    return HONE_OK;
}

hone_status hone__count_words(hone__word_counter *c, const char *text, size_t len)
{
    if (!len)
        return HONE_OK;
    if (len >= UINT32_MAX / 4)
        return hone__fail(HONE_INVALID_ARGUMENT, "a text of more than 1 GiB can't be counted in one piece");
    if (c->raw)
        return count_raw(c, text, len);
    hone__work *w = &c->work;
    w->splits.n = w->next_splits.n = 0;
    w->next_text.len = 0;
    HONE_TRY(hone__aligned_set(&w->text, text, len, 0));
    HONE_TRY(hone__normalizer_run(&c->tok->normalizer, w));
    HONE_TRY(hone__splits_push(&w->splits, 0, w->text.len, -1));
    HONE_TRY(hone__pretokenizer_run(&c->tok->pretokenizer, w));
    for (size_t i = 0; i < w->splits.n; i++) {
        hone__range at = w->splits.items[i].at;
        HONE_TRY(hone__words_add(&c->words, w->text.data + at.start, at.end - at.start, 1, c->next++));
    }
    return HONE_OK;
}
