/* Byte pair encoding (bpe.h). Short words are merged in place by looking for the lowest rank again and again; long ones with a heap and a linked list, so that
 * a word of a megabyte costs n log n. Both give the same as Word::merge_all of the reference. */
#include "tokenizer/bpe.h"

#include "tokenizer/bytelevel.h"

#include <stdio.h>
#include <string.h>

#define NO_RANK    UINT32_MAX
#define SHORT_WORD 64 /* symbols: up to here the quadratic way is the faster one */

typedef struct hone__heap_item {
    uint64_t key; /* rank << 32 | position: lowest rank first, leftmost first */
    int32_t merged;
} heap_item;

void hone__bpe_dispose(hone__bpe *bpe)
{
    hone__free(bpe->unk_token);
    hone__free(bpe->prefix);
    hone__free(bpe->suffix);
    hone__free(bpe->merges);
    hone__free(bpe->slots);
    hone__free(bpe->by_byte);
    memset(bpe, 0, sizeof *bpe);
}

void hone__bpe_scratch_dispose(hone__bpe_scratch *s)
{
    hone__free(s->symbols);
    hone__free(s->next);
    hone__free(s->prev);
    hone__free(s->heap);
    hone__str_dispose(&s->letters);
    memset(s, 0, sizeof *s);
}

static int shown(size_t len)
{
    return (int)(len < 60 ? len : 60);
}

hone_status hone__bpe_add_merge(hone__bpe *bpe, const hone__vocab *v, const char *left, size_t left_len, const char *right,
                                size_t right_len)
{
    size_t skip = bpe->prefix ? strlen(bpe->prefix) : 0;
    int32_t l = hone__vocab_find(v, left, left_len), r = hone__vocab_find(v, right, right_len), whole = -1;
    if (l < 0 || r < 0) {
        const char *text = l < 0 ? left : right;
        size_t len = l < 0 ? left_len : right_len;
        return hone__fail(HONE_FORMAT, "merge \"%.*s\" \"%.*s\": \"%.*s\" is not in the vocabulary", shown(left_len), left,
                          shown(right_len), right, shown(len), text);
    }
    hone_str joined = HONE_STR_INIT;
    if (right_len >= skip) {
        hone__str_append(&joined, left, left_len);
        hone__str_append(&joined, right + skip, right_len - skip);
        if (!joined.failed && joined.len)
            whole = hone__vocab_find(v, joined.data, joined.len);
    }
    hone_status status = hone__str_status(&joined);
    hone__str_dispose(&joined);
    HONE_TRY(status);
    if (whole < 0)
        return hone__fail(HONE_FORMAT, "merge \"%.*s\" \"%.*s\": their token \"%.*s%.*s\" is not in the vocabulary", shown(left_len), left,
                          shown(right_len), right, shown(left_len), left, right_len >= skip ? shown(right_len - skip) : 0,
                          right + (right_len >= skip ? skip : 0));
    HONE_TRY(HONE_GROW(&bpe->merges, &bpe->merges_capacity, bpe->n_merges + 1));
    bpe->merges[bpe->n_merges++] = (hone__merge){l, r, whole};
    return HONE_OK;
}

static inline uint64_t pair_key(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

static inline size_t pair_slot(uint64_t pair, size_t mask)
{
    uint64_t h = pair * 0x9E3779B97F4A7C15u;
    return (size_t)((h ^ h >> 32) & mask);
}

static inline const hone__merge_slot *find_merge(const hone__bpe *bpe, int32_t left, int32_t right)
{
    uint64_t pair = pair_key(left, right);
    size_t mask = bpe->n_slots - 1;
    for (size_t i = pair_slot(pair, mask);; i = (i + 1) & mask) {
        const hone__merge_slot *slot = &bpe->slots[i];
        if (slot->pair == pair)
            return slot;
        if (slot->pair == UINT64_MAX)
            return NULL;
    }
}

/* Drops merges whose pair comes again later, then numbers the rest. */
static hone_status build_merge_table(hone__bpe *bpe)
{
    for (bpe->n_slots = 64; bpe->n_slots < 2 * bpe->n_merges;)
        bpe->n_slots *= 2;
    HONE_TRY(HONE_ALLOC(&bpe->slots, bpe->n_slots));
    memset(bpe->slots, 0xFF, bpe->n_slots * sizeof *bpe->slots);
    size_t mask = bpe->n_slots - 1, kept = bpe->n_merges;
    for (size_t m = bpe->n_merges; m-- > 0;) { /* from the back: the last of equal pairs stays */
        hone__merge merge = bpe->merges[m];
        uint64_t pair = pair_key(merge.left, merge.right);
        size_t i = pair_slot(pair, mask);
        while (bpe->slots[i].pair != UINT64_MAX && bpe->slots[i].pair != pair)
            i = (i + 1) & mask;
        if (bpe->slots[i].pair == pair)
            continue;
        bpe->slots[i] = (hone__merge_slot){pair, (uint32_t)m, merge.id};
        bpe->merges[--kept] = merge;
    }
    bpe->n_merges -= kept;
    if (kept)
        memmove(bpe->merges, bpe->merges + kept, bpe->n_merges * sizeof *bpe->merges);
    return HONE_OK;
}

static void find_byte_tokens(hone__bpe *bpe, const hone__vocab *v)
{
    bpe->has_bytes = !bpe->prefix && !bpe->suffix;
    for (int b = 0; b < 256; b++) {
        char byte = (char)b, letter[2], code[8];
        bpe->byte_id[b] = hone__vocab_find(v, letter, hone__byte_letters(letter, &byte, 1));
        bpe->has_bytes &= bpe->byte_id[b] >= 0;
        snprintf(code, sizeof code, "<0x%02X>", b);
        bpe->fallback_id[b] = hone__vocab_find(v, code, 6);
    }
}

hone_status hone__bpe_finish(hone__bpe *bpe, const hone__vocab *v)
{
    bpe->unk_id = bpe->unk_token ? hone__vocab_find(v, bpe->unk_token, strlen(bpe->unk_token)) : -1;
    HONE_TRY(build_merge_table(bpe));
    find_byte_tokens(bpe, v);
    if (!bpe->has_bytes)
        return HONE_OK;
    HONE_TRY(HONE_ALLOC(&bpe->by_byte, 65536));
    for (size_t a = 0; a < 256; a++)
        for (size_t b = 0; b < 256; b++) {
            const hone__merge_slot *slot = find_merge(bpe, bpe->byte_id[a], bpe->byte_id[b]);
            bpe->by_byte[a << 8 | b] = slot ? *slot : (hone__merge_slot){0, NO_RANK, -1};
        }
    return HONE_OK;
}

static inline void set_rank(const hone__bpe *bpe, hone__symbol *s, int32_t next)
{
    const hone__merge_slot *slot = find_merge(bpe, s->id, next);
    s->rank = slot ? slot->rank : NO_RANK;
    s->merged = slot ? slot->id : -1;
}

/* Merges symbols (with their ranks set) in place; returns how many are left. */
static size_t merge_short(const hone__bpe *bpe, hone__symbol *s, size_t n)
{
    while (n > 1) {
        size_t best = 0;
        uint32_t rank = s[0].rank;
        for (size_t i = 1; i + 1 < n; i++)
            if (s[i].rank < rank)
                rank = s[i].rank, best = i;
        if (rank == NO_RANK)
            break;
        s[best].id = s[best].merged;
        s[best].len += s[best + 1].len;
        n--;
        memmove(s + best + 1, s + best + 2, (n - best - 1) * sizeof *s);
        s[best].rank = NO_RANK;
        if (best + 1 < n)
            set_rank(bpe, &s[best], s[best + 1].id);
        if (best > 0)
            set_rank(bpe, &s[best - 1], s[best].id);
    }
    return n;
}

static hone_status heap_push(hone__bpe_scratch *s, uint32_t rank, size_t position, int32_t merged)
{
    HONE_TRY(HONE_GROW(&s->heap, &s->heap_capacity, s->n_heap + 1));
    heap_item item = {(uint64_t)rank << 32 | position, merged};
    size_t i = s->n_heap++;
    for (; i && s->heap[(i - 1) / 2].key > item.key; i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = item;
    return HONE_OK;
}

static heap_item heap_pop(hone__bpe_scratch *s)
{
    heap_item top = s->heap[0], last = s->heap[--s->n_heap];
    size_t i = 0, n = s->n_heap;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && s->heap[child + 1].key < s->heap[child].key)
            child++;
        if (s->heap[child].key >= last.key)
            break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = last;
    return top;
}

static hone_status push_pair(const hone__bpe *bpe, hone__bpe_scratch *s, size_t i)
{
    uint32_t next = s->next[i];
    const hone__merge_slot *slot = next < s->n ? find_merge(bpe, s->symbols[i].id, s->symbols[next].id) : NULL;
    return slot ? heap_push(s, slot->rank, i, slot->id) : HONE_OK;
}

/* Joins the symbol at i with its right neighbour, if that still is the merge that was queued. */
static hone_status merge_at(const hone__bpe *bpe, hone__bpe_scratch *s, size_t i, int32_t merged)
{
    hone__symbol *symbol = &s->symbols[i];
    uint32_t next = s->next[i];
    if (!symbol->len || next >= s->n)
        return HONE_OK;
    const hone__merge_slot *slot = find_merge(bpe, symbol->id, s->symbols[next].id);
    if (!slot || slot->id != merged)
        return HONE_OK;
    symbol->id = merged;
    symbol->len += s->symbols[next].len;
    s->symbols[next].len = 0;
    s->next[i] = s->next[next];
    if (s->next[i] < s->n)
        s->prev[s->next[i]] = (uint32_t)i;
    if (s->prev[i] != UINT32_MAX)
        HONE_TRY(push_pair(bpe, s, s->prev[i]));
    return push_pair(bpe, s, i);
}

static hone_status merge_long(const hone__bpe *bpe, hone__bpe_scratch *s)
{
    HONE_TRY(HONE_GROW(&s->next, &s->next_capacity, s->n));
    HONE_TRY(HONE_GROW(&s->prev, &s->prev_capacity, s->n));
    for (size_t i = 0; i < s->n; i++) {
        s->next[i] = (uint32_t)i + 1;
        s->prev[i] = (uint32_t)i - 1; /* UINT32_MAX for the first */
    }
    s->n_heap = 0;
    for (size_t i = 0; i + 1 < s->n; i++)
        if (s->symbols[i].rank != NO_RANK)
            HONE_TRY(heap_push(s, s->symbols[i].rank, i, s->symbols[i].merged));
    while (s->n_heap) {
        heap_item top = heap_pop(s);
        HONE_TRY(merge_at(bpe, s, (size_t)(top.key & UINT32_MAX), top.merged));
    }
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->symbols[i].len)
            s->symbols[n++] = s->symbols[i];
    s->n = n;
    return HONE_OK;
}

static hone_status merge_symbols(const hone__bpe *bpe, hone__bpe_scratch *s)
{
    if (s->n > SHORT_WORD)
        return merge_long(bpe, s);
    s->n = merge_short(bpe, s->symbols, s->n);
    return HONE_OK;
}

/* With ignore_merges a word that is a token is that token. */
static bool take_whole(const hone__bpe *bpe, const hone__vocab *v, hone__bpe_scratch *s, const char *text, size_t text_len, size_t len)
{
    int32_t id = bpe->ignore_merges ? hone__vocab_find(v, text, text_len) : -1;
    if (id < 0)
        return false;
    s->symbols[0] = (hone__symbol){id, (uint32_t)len, NO_RANK, -1};
    s->n = 1;
    return true;
}

hone_status hone__bpe_encode_bytes(const hone__bpe *bpe, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len)
{
    const unsigned char *w = (const unsigned char *)word;
    HONE_TRY(HONE_GROW(&s->symbols, &s->capacity, len));
    if (bpe->ignore_merges && len) {
        hone__str_clear(&s->letters);
        for (size_t i = 0; i < len; i++) {
            char letter[2];
            hone__str_append(&s->letters, letter, hone__byte_letters(letter, word + i, 1));
        }
        HONE_TRY(hone__str_status(&s->letters));
        if (take_whole(bpe, v, s, s->letters.data, s->letters.len, len))
            return HONE_OK;
    }
    for (size_t i = 0; i + 1 < len; i++) {
        const hone__merge_slot *pair = &bpe->by_byte[(size_t)w[i] << 8 | w[i + 1]];
        s->symbols[i] = (hone__symbol){bpe->byte_id[w[i]], 1, pair->rank, pair->id};
    }
    if (len)
        s->symbols[len - 1] = (hone__symbol){bpe->byte_id[w[len - 1]], 1, NO_RANK, -1};
    s->n = len;
    return merge_symbols(bpe, s);
}

static void add_symbol(hone__bpe_scratch *s, int32_t id, size_t len)
{
    s->symbols[s->n++] = (hone__symbol){id, (uint32_t)len, NO_RANK, -1};
}

/* The token of the character at word[i..i+n), with the prefix or suffix that its place asks for. Its text stays in s->letters. */
static int32_t find_letter(const hone__bpe *bpe, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t i, size_t n,
                           size_t len)
{
    hone__str_clear(&s->letters);
    if (i && bpe->prefix)
        hone__str_puts(&s->letters, bpe->prefix);
    hone__str_append(&s->letters, word + i, n);
    if (i + n == len && bpe->suffix)
        hone__str_puts(&s->letters, bpe->suffix);
    return s->letters.failed ? -1 : hone__vocab_find(v, s->letters.data, s->letters.len);
}

/* Adds <0xNN> tokens for the bytes of s->letters when all of them are tokens. */
static bool add_fallback(const hone__bpe *bpe, hone__bpe_scratch *s)
{
    for (size_t i = 0; i < s->letters.len; i++)
        if (bpe->fallback_id[(unsigned char)s->letters.data[i]] < 0)
            return false;
    for (size_t i = 0; i < s->letters.len; i++)
        add_symbol(s, bpe->fallback_id[(unsigned char)s->letters.data[i]], 1);
    return true;
}

/* One symbol a character; a run of unknown ones is one symbol with fuse_unk. A pending unknown comes after fallback bytes, as in the reference. */
static hone_status split_letters(const hone__bpe *bpe, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len)
{
    size_t unknown = 0, extra = 4 + (bpe->prefix ? strlen(bpe->prefix) : 0) + (bpe->suffix ? strlen(bpe->suffix) : 0), chars = 0;
    for (size_t i = 0; i < len; i++)
        chars += !hone__is_continuation(word[i]);
    HONE_TRY(HONE_GROW(&s->symbols, &s->capacity, len + 1 + (bpe->byte_fallback ? chars * extra : 0)));
    s->n = 0;
    for (size_t i = 0, n; i < len; i += n) {
        n = hone__char_len((unsigned char)word[i]);
        int32_t id = find_letter(bpe, v, s, word, i, n, len);
        HONE_TRY(hone__str_status(&s->letters));
        if (id < 0 && bpe->byte_fallback && add_fallback(bpe, s))
            continue;
        if (unknown && (id >= 0 || !bpe->fuse_unk)) {
            add_symbol(s, bpe->unk_id, unknown);
            unknown = 0;
        }
        if (id >= 0)
            add_symbol(s, id, n);
        else if (bpe->unk_id >= 0)
            unknown += n;
    }
    if (unknown)
        add_symbol(s, bpe->unk_id, unknown);
    return HONE_OK;
}

hone_status hone__bpe_encode_text(const hone__bpe *bpe, const hone__vocab *v, hone__bpe_scratch *s, const char *word, size_t len)
{
    HONE_TRY(HONE_GROW(&s->symbols, &s->capacity, 1));
    if (take_whole(bpe, v, s, word, len, len))
        return HONE_OK;
    HONE_TRY(split_letters(bpe, v, s, word, len));
    for (size_t i = 0; i + 1 < s->n; i++)
        set_rank(bpe, &s->symbols[i], s->symbols[i + 1].id);
    return merge_symbols(bpe, s);
}
