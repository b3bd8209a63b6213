/* A text on its way through the pipeline (work.h). */
#include "tokenizer/work.h"

#include "tokenizer/unicode.h"

#include <string.h>

void hone__aligned_dispose(hone__aligned *a)
{
    hone__free(a->data);
    hone__free(a->from);
    memset(a, 0, sizeof *a);
}

hone_status hone__aligned_reserve(hone__aligned *a, size_t len)
{
    if (len >= UINT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "a text of more than 4 GiB can't be encoded in one piece");
    HONE_TRY(HONE_GROW(&a->data, &a->data_capacity, len));
    return HONE_GROW(&a->from, &a->from_capacity, len);
}

hone_status hone__aligned_push(hone__aligned *a, const char *bytes, size_t n, hone__range from)
{
    HONE_TRY(hone__aligned_reserve(a, a->len + n));
    memcpy(a->data + a->len, bytes, n);
    for (size_t i = 0; i < n; i++)
        a->from[a->len + i] = from;
    a->len += n;
    return HONE_OK;
}

hone_status hone__aligned_set(hone__aligned *a, const char *text, size_t len, uint32_t base)
{
    a->len = 0;
    HONE_TRY(hone__aligned_reserve(a, len));
    for (size_t i = 0, n; i < len; i += n) {
        n = hone__char_len((unsigned char)text[i]);
        HONE_TRY(hone__aligned_push(a, text + i, n, (hone__range){base + (uint32_t)i, base + (uint32_t)(i + n)}));
    }
    return HONE_OK;
}

size_t hone__utf8_broken(const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t want = u[0] >= 0xC2 && u[0] < 0xE0 ? 2 : u[0] >= 0xE0 && u[0] < 0xF0 ? 3 : u[0] >= 0xF0 && u[0] < 0xF5 ? 4 : 1;
    unsigned low = u[0] == 0xE0 ? 0xA0 : u[0] == 0xF0 ? 0x90 : 0x80, high = u[0] == 0xED ? 0x9F : u[0] == 0xF4 ? 0x8F : 0xBF;
    size_t n = 1;
    for (; n < want && n < len && u[n] >= low && u[n] <= high; n++)
        low = 0x80, high = 0xBF;
    return n;
}

hone_status hone__aligned_repair(hone__aligned *a, const char *text, size_t len, size_t *n_replaced)
{
    a->len = 0;
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t cp;
        const char *bytes = text + i;
        size_t n_bytes = n = hone__utf8_decode(&cp, text + i, len - i);
        if (!n) {
            n = hone__utf8_broken(text + i, len - i);
            bytes = "\xEF\xBF\xBD", n_bytes = 3;
            ++*n_replaced;
        }
        HONE_TRY(hone__aligned_push(a, bytes, n_bytes, (hone__range){(uint32_t)i, (uint32_t)(i + n)}));
    }
    return HONE_OK;
}

hone__range hone__aligned_origin(const hone__aligned *a, size_t start, size_t end)
{
    if (start < end && end <= a->len)
        return (hone__range){a->from[start].start, a->from[end - 1].end};
    uint32_t at = start < a->len ? a->from[start].start : a->len ? a->from[a->len - 1].end : 0;
    return (hone__range){at, at};
}

void hone__work_dispose(hone__work *w)
{
    hone__aligned_dispose(&w->text);
    hone__aligned_dispose(&w->next_text);
    hone__free(w->splits.items);
    hone__free(w->next_splits.items);
    memset(w, 0, sizeof *w);
}

hone_status hone__splits_push(hone__splits *s, size_t start, size_t end, int32_t added_id)
{
    if (start >= end)
        return HONE_OK;
    HONE_TRY(HONE_GROW(&s->items, &s->capacity, s->n + 1));
    s->items[s->n++] = (hone__split){{(uint32_t)start, (uint32_t)end}, added_id};
    return HONE_OK;
}

void hone__work_swap_text(hone__work *w)
{
    hone__aligned text = w->text;
    w->text = w->next_text;
    w->next_text = text;
    w->next_text.len = 0;
}

void hone__work_swap_splits(hone__work *w)
{
    hone__splits splits = w->splits;
    w->splits = w->next_splits;
    w->next_splits = splits;
    w->next_splits.n = 0;
}
