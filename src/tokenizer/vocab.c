/* A vocabulary (vocab.h): texts end to end, ids by text in an open-addressing table at most half full. */
#include "tokenizer/vocab.h"

#include "base/file.h"
#include "tokenizer/word_cache.h"

#include <string.h>

void hone__vocab_dispose(hone__vocab *v)
{
    hone__str_dispose(&v->texts);
    hone__free(v->start);
    hone__free(v->len);
    hone__free(v->slots);
    memset(v, 0, sizeof *v);
}

enum { SHORT = 16 }; /* bytes of a text that two words hold */

/* The first and the last eight bytes of a short text; all of it when it has no more than eight. */
static inline void load_short(uint64_t out[2], const char *text, size_t len)
{
    out[0] = hone__load_short(text, len);
    out[1] = len > 8 ? hone__load8(text + len - 8) : 0;
}

/* Products carry upwards only, so what is high is brought down before each. */
static inline size_t hash_short(const uint64_t text[2], size_t len)
{
    uint64_t h = (text[0] ^ text[0] >> 32 ^ len << 56) * 0x9E3779B97F4A7C15u, tail = text[1] * 0x165667B19E3779F9u;
    h = (h ^ h >> 32 ^ tail ^ tail >> 32) * 0xC2B2AE3D27D4EB4Fu;
    return (size_t)(h ^ h >> 32);
}

/* Most tokens are short, and so is most of what is looked for. */
static inline size_t find_short(const hone__vocab *v, const char *text, size_t len)
{
    uint64_t x[2], y[2];
    load_short(x, text, len);
    size_t mask = v->n_slots - 1, i = hash_short(x, len) & mask;
    for (; v->slots[i]; i = (i + 1) & mask) {
        uint32_t id = v->slots[i] - 1;
        if (v->len[id] != len)
            continue;
        load_short(y, v->texts.data + v->start[id], len);
        if (x[0] == y[0] && x[1] == y[1])
            break;
    }
    return i;
}

/* The slot of a text: the one that holds it, or the free one where it belongs. */
static size_t find_slot(const hone__vocab *v, const char *text, size_t len)
{
    if (len <= SHORT)
        return find_short(v, text, len);
    size_t mask = v->n_slots - 1, i = (size_t)hone__hash64(text, len, 0) & mask;
    for (; v->slots[i]; i = (i + 1) & mask) {
        uint32_t id = v->slots[i] - 1;
        if (v->len[id] == len && memcmp(v->texts.data + v->start[id], text, len) == 0)
            break;
    }
    return i;
}

static hone_status resize_table(hone__vocab *v, size_t n_slots)
{
    uint32_t *slots = NULL;
    HONE_TRY(HONE_NEW(&slots, n_slots));
    hone__free(v->slots);
    v->slots = slots;
    v->n_slots = n_slots;
    for (size_t id = 0; id < v->n_ids; id++)
        if (v->start[id] != HONE__NO_TEXT)
            v->slots[find_slot(v, v->texts.data + v->start[id], v->len[id])] = (uint32_t)id + 1;
    return HONE_OK;
}

hone_status hone__vocab_reserve(hone__vocab *v, size_t n)
{
    size_t n_slots = v->n_slots ? v->n_slots : 1024;
    while (n_slots < 2 * n)
        n_slots *= 2;
    return n_slots > v->n_slots ? resize_table(v, n_slots) : HONE_OK;
}

/* Makes `id` a valid index; ids in between have no text yet. */
static hone_status grow_ids(hone__vocab *v, size_t id)
{
    if (id < v->n_ids)
        return HONE_OK;
    HONE_TRY(HONE_GROW(&v->start, &v->ids_capacity, id + 1));
    HONE_TRY(HONE_GROW(&v->len, &v->len_capacity, id + 1));
    for (; v->n_ids <= id; v->n_ids++) {
        v->start[v->n_ids] = HONE__NO_TEXT;
        v->len[v->n_ids] = 0;
    }
    return HONE_OK;
}

hone_status hone__vocab_add(hone__vocab *v, const char *text, size_t len, int64_t id)
{
    if (id < 0 || id >= HONE__MAX_ID)
        return hone__fail(HONE_FORMAT, "token \"%.*s\" has id %lld, which is out of range", (int)(len < 100 ? len : 100), text,
                          (long long)id);
    if (hone__vocab_has(v, id))
        return hone__fail(HONE_FORMAT, "tokens \"%s\" and \"%.*s\" have the same id %lld", hone__vocab_text(v, (int32_t)id),
                          (int)(len < 100 ? len : 100), text, (long long)id);
    HONE_TRY(hone__vocab_reserve(v, v->n_tokens + 1));
    size_t slot = find_slot(v, text, len), start = v->texts.len;
    if (v->slots[slot])
        return hone__fail(HONE_FORMAT, "token \"%.*s\" appears twice, with ids %u and %lld", (int)(len < 100 ? len : 100), text,
                          v->slots[slot] - 1, (long long)id);
    if (len >= HONE__NO_TEXT - start)
        return hone__fail(HONE_FORMAT, "the tokens' texts are longer than 4 GiB");
    HONE_TRY(grow_ids(v, (size_t)id));
    hone__str_append(&v->texts, text, len);
    hone__str_append(&v->texts, "", 1);
    HONE_TRY(hone__str_status(&v->texts));
    v->start[id] = (uint32_t)start;
    v->len[id] = (uint32_t)len;
    v->slots[slot] = (uint32_t)id + 1;
    v->n_tokens++;
    return HONE_OK;
}

int32_t hone__vocab_find(const hone__vocab *v, const char *text, size_t len)
{
    if (!v->n_slots)
        return -1;
    return (int32_t)v->slots[find_slot(v, text, len)] - 1;
}
