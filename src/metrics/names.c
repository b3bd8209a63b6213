/* Texts as small numbers (names.h): a list in order of ids and a hash table of places in it. */
#include "metrics/names.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* The slot that holds the text, or the free one where it belongs. */
static size_t find_slot(const hone_names *names, const char *text, size_t len, uint64_t hash)
{
    size_t mask = names->n_slots - 1, at = (size_t)hash & mask;
    for (; names->slots[at]; at = (at + 1) & mask) {
        const hone_name *x = &names->items[names->slots[at] - 1];
        if (x->hash == hash && x->len == len && memcmp(x->text, text, len) == 0)
            break;
    }
    return at;
}

static hone_status grow(hone_names *names)
{
    size_t n = names->n_slots ? names->n_slots * 2 : 32;
    int32_t *slots = NULL;
    if (n > (size_t)INT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "more than %zu different names", names->n);
    HONE_TRY(HONE_NEW(&slots, n));
    for (size_t i = 0; i < names->n; i++) {
        size_t at = (size_t)names->items[i].hash & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = (int32_t)i + 1;
    }
    hone__free(names->slots);
    names->slots = slots;
    names->n_slots = n;
    return HONE_OK;
}

hone_status hone__names_add(int32_t *id, hone_names *names, const char *text, size_t len)
{
    uint64_t hash = hone__hash64(text, len, 0);
    *id = -1;
    if ((names->n + 1) * 2 > names->n_slots)
        HONE_TRY(grow(names));
    size_t at = find_slot(names, text, len, hash);
    if (!names->slots[at]) {
        hone_name *new_name;
        HONE_TRY(HONE_GROW(&names->items, &names->capacity, names->n + 1));
        new_name = &names->items[names->n];
        HONE_TRY(hone__strndup(&new_name->text, text, len));
        new_name->len = len;
        new_name->hash = hash;
        names->slots[at] = (int32_t)++names->n;
    }
    *id = names->slots[at] - 1;
    return HONE_OK;
}

void hone__names_dispose(hone_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        hone__free(names->items[i].text);
    hone__free(names->items);
    hone__free(names->slots);
    *names = (hone_names){0};
}

static int by_text(const void *a, const void *b, void *payload)
{
    const hone_names *names = payload;
    const hone_name *x = &names->items[*(const int32_t *)a], *y = &names->items[*(const int32_t *)b];
    size_t n = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->text, y->text, n);
    return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

hone_status hone__names_sorted(int32_t **out, const hone_names *names)
{
    HONE_TRY(HONE_ALLOC(out, names->n));
    for (size_t i = 0; i < names->n; i++)
        (*out)[i] = (int32_t)i;
    if (names->n)
        qsort_r(*out, names->n, sizeof(**out), by_text, (void *)(uintptr_t)names);
    return HONE_OK;
}
