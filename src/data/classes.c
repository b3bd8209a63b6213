/* Distinct names of tags and classes, numbered by appearance: a hash table with open addresses. Tags repeat, so what was found last is looked at first. */
#include "data/dataset.h"

#include <string.h>

void hone__classes_dispose(hone_classes *c)
{
    hone__free(c->items);
    hone__free(c->slots);
    *c = (hone_classes){0};
}

static bool is_same(hone_text a, hone_text b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The slot of name, or the free one where it belongs. */
static size_t slot_of(const hone_classes *c, hone_text name)
{
    size_t at = (size_t)hone__hash64(name.data, name.len, 0) & (c->n_slots - 1);
    while (c->slots[at] >= 0 && !is_same(c->items[c->slots[at]].name, name))
        at = (at + 1) & (c->n_slots - 1);
    return at;
}

static hone_status grow_slots(hone_classes *c)
{
    int32_t *slots = NULL, *old = c->slots;
    size_t n = c->n_slots ? c->n_slots * 2 : 64;
    HONE_TRY(HONE_ALLOC(&slots, n));
    memset(slots, 0xFF, n * sizeof(*slots));
    c->slots = slots;
    c->n_slots = n;
    for (size_t i = 0; i < c->n; i++)
        c->slots[slot_of(c, c->items[i].name)] = (int32_t)i;
    hone__free(old);
    return HONE_OK;
}

hone_status hone__classes_intern(int32_t *out, hone_classes *c, hone_text name, int64_t row, size_t item)
{
    if (c->n > 0 && is_same(c->items[c->last].name, name)) {
        *out = c->last;
        return HONE_OK;
    }
    if (c->n * 2 >= c->n_slots)
        HONE_TRY(grow_slots(c));
    size_t slot = slot_of(c, name);
    if (c->slots[slot] < 0) {
        if (c->n >= INT32_MAX)
            return hone__fail(HONE_FORMAT, "more than %d classes", INT32_MAX);
        HONE_TRY(HONE_GROW(&c->items, &c->capacity, c->n + 1));
        c->items[c->n] = (hone_class){name, row, item};
        c->slots[slot] = (int32_t)c->n++;
    }
    *out = c->last = c->slots[slot];
    return HONE_OK;
}

int32_t hone__classes_find(const hone_classes *c, hone_text name)
{
    return c->n_slots > 0 ? c->slots[slot_of(c, name)] : -1;
}
