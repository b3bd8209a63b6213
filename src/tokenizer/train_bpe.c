/* Training of byte pair encoding (train_bpe.h).
 *
 * Words are arrays of token ids in one flat array. A table holds the count of every pair; a heap holds candidates: a pair, the count it had when it was pushed and
 * the words where it was seen then. The most frequent pair wins, ties go to the smaller ids. Merging it in its words changes the counts of its neighbours; new
 * pairs are pushed with the words where they arose. That is the reference's algorithm step by step, because its corners show in the result: a pair that arises twice
 * (when two different merges make the same token) is two candidates, and the counts keep what overlapping pairs ("aaa") leave behind. */
#include "tokenizer/train_bpe.h"

#include "base/log.h"
#include "tokenizer/bytelevel.h"

#include <stdlib.h>
#include <string.h>

#define NIL     UINT32_MAX
#define NO_PAIR UINT64_MAX

typedef struct pair_slot {
    uint64_t pair; /* left << 32 | right */
    int64_t count;
    uint32_t pending; /* words where it arose in this step */
} pair_slot;

/* A link of a list of words. */
typedef struct link {
    uint32_t word, next;
} link;

typedef struct candidate {
    uint64_t count, pair;
    uint32_t where;
} candidate;

typedef struct trainer {
    const hone__bpe_trainer *options;
    hone__vocab *v;
    hone__bpe *bpe;
    uint32_t *symbols; /* of all words */
    size_t *start;     /* by word */
    uint32_t *len;
    size_t n_words;
    uint32_t *token_len; /* by id, in letters */
    size_t token_len_capacity;
    pair_slot *slots;
    size_t n_slots, n_pairs;
    link *links;
    size_t n_links, links_capacity;
    uint32_t free_link;
    candidate *heap;
    size_t n_heap, heap_capacity;
    uint64_t *touched; /* pairs with pending words */
    size_t n_touched, touched_capacity;
} trainer;

static void dispose(trainer *t)
{
    hone__free(t->symbols);
    hone__free(t->start);
    hone__free(t->len);
    hone__free(t->token_len);
    hone__free(t->slots);
    hone__free(t->links);
    hone__free(t->heap);
    hone__free(t->touched);
}

/* ---- The vocabulary before any merge ---- */

typedef struct letter {
    uint32_t cp;
    uint64_t count;
} letter;

static int by_count(const void *a, const void *b)
{
    const letter *x = a, *y = b;
    return x->count != y->count ? (x->count > y->count) - (x->count < y->count) : (x->cp < y->cp) - (x->cp > y->cp);
}

static int by_code_point(const void *a, const void *b)
{
    const letter *x = a, *y = b;
    return (x->cp > y->cp) - (x->cp < y->cp);
}

/* The letter at word[*i], which moves on. */
static uint32_t next_letter(const hone__bpe_trainer *o, const char *word, size_t *i)
{
    if (o->raw)
        return hone__byte_letter[(unsigned char)word[(*i)++]];
    uint32_t cp = hone__char_at(word + *i);
    *i += hone__char_len((unsigned char)word[*i]);
    return cp;
}

static hone_status add_token(trainer *t, const char *text, size_t len, uint32_t n_letters)
{
    size_t id = t->v->n_ids;
    HONE_TRY(HONE_GROW(&t->token_len, &t->token_len_capacity, id + 1));
    t->token_len[id] = n_letters;
    return hone__vocab_add(t->v, text, len, (int64_t)id);
}

static hone_status add_letters(trainer *t, letter *kept, size_t n)
{
    if (n)
        qsort(kept, n, sizeof *kept, by_code_point);
    for (size_t i = 0; i < n; i++) {
        char utf8[4];
        size_t len = hone__utf8_encode(utf8, kept[i].cp);
        if (hone__vocab_find(t->v, utf8, len) < 0)
            HONE_TRY(add_token(t, utf8, len, 1));
    }
    return HONE_OK;
}

/* Counts all letters; the initial alphabet counts more than anything. Of equally rare letters the higher code points go first when a limit asks for it. */
static hone_status add_alphabet(trainer *t)
{
    const hone__bpe_trainer *o = t->options;
    uint64_t *counts = NULL;
    letter *kept = NULL;
    size_t n = 0;
    hone_status status;
    HONE_GO(HONE_NEW(&counts, 0x110000));
    for (size_t w = 0; w < o->words->n; w++) {
        const hone__word *word = &o->words->items[w];
        for (size_t i = 0; i < word->len;)
            counts[next_letter(o, o->words->bytes.data + word->start, &i)] += word->count;
    }
    for (int b = 0; o->byte_alphabet && b < 256; b++)
        counts[hone__byte_letter[b]] = UINT64_MAX;
    for (uint32_t cp = 0; cp < 0x110000; cp++)
        n += counts[cp] != 0;
    HONE_GO(HONE_ALLOC(&kept, n));
    n = 0;
    for (uint32_t cp = 0; cp < 0x110000; cp++)
        if (counts[cp])
            kept[n++] = (letter){cp, counts[cp]};
    size_t drop = o->limit_alphabet && n > o->limit_alphabet ? n - o->limit_alphabet : 0;
    if (drop)
        qsort(kept, n, sizeof *kept, by_count);
    if (n)
        status = add_letters(t, kept + drop, n - drop);
done:
    hone__free(counts);
    hone__free(kept);
    return status;
}

static hone_status add_specials(trainer *t)
{
    for (size_t i = 0; i < t->options->n_special_tokens; i++) {
        const char *text = t->options->special_tokens[i];
        if (*text && hone__vocab_find(t->v, text, strlen(text)) < 0)
            HONE_TRY(add_token(t, text, strlen(text), 0));
    }
    return HONE_OK;
}

/* The token of a letter at its place in a word; with a prefix or suffix it may be new. -1 where the letter is not in the alphabet. */
static hone_status letter_token(trainer *t, uint32_t cp, bool first, bool last, int32_t *id)
{
    const hone__bpe_trainer *o = t->options;
    char utf8[4];
    size_t len = hone__utf8_encode(utf8, cp);
    *id = hone__vocab_find(t->v, utf8, len);
    if (*id < 0 || ((first || !o->prefix) && (!last || !o->suffix)))
        return HONE_OK;
    hone_str text = HONE_STR_INIT;
    hone__str_puts(&text, !first && o->prefix ? o->prefix : "");
    hone__str_append(&text, utf8, len);
    hone__str_puts(&text, last && o->suffix ? o->suffix : "");
    hone_status status = hone__str_status(&text);
    if (status == HONE_OK && (*id = hone__vocab_find(t->v, text.data, text.len)) < 0) {
        *id = (int32_t)t->v->n_ids;
        status = add_token(t, text.data, text.len, 1);
    }
    hone__str_dispose(&text);
    return status;
}

/* Tokens of letters that were looked up before: by letter, and whether it is the first or last of its word. */
static hone_status split_words(trainer *t)
{
    const hone__words *words = t->options->words;
    int32_t *known = NULL;
    hone_status status;
    size_t n = 0, n_known = (size_t)(t->options->raw ? 0x200 : 0x110000) * 4;
    HONE_GO(HONE_ALLOC(&t->symbols, words->bytes.len));
    HONE_GO(HONE_ALLOC(&t->start, words->n));
    HONE_GO(HONE_ALLOC(&t->len, words->n));
    HONE_GO(HONE_ALLOC(&known, n_known));
    memset(known, 0xFF, sizeof *known * n_known);
    for (t->n_words = 0; t->n_words < words->n; t->n_words++) {
        const hone__word *word = &words->items[t->n_words];
        t->start[t->n_words] = n;
        for (size_t i = 0; i < word->len;) {
            bool first = i == 0;
            uint32_t cp = next_letter(t->options, words->bytes.data + word->start, &i);
            int32_t *id = &known[(size_t)cp * 4 + 2 * first + (i == word->len)];
            if (*id < 0)
                HONE_GO(letter_token(t, cp, first, i == word->len, id));
            if (*id >= 0)
                t->symbols[n++] = (uint32_t)*id;
        }
        t->len[t->n_words] = (uint32_t)(n - t->start[t->n_words]);
    }
    status = HONE_OK;
done:
    hone__free(known);
    return status;
}

/* ---- Pairs ---- */

static inline uint64_t pair_of(uint32_t left, uint32_t right)
{
    return (uint64_t)left << 32 | right;
}

static inline size_t slot_of(uint64_t pair, size_t mask)
{
    uint64_t h = pair * 0x9E3779B97F4A7C15u;
    return (size_t)(h ^ h >> 32) & mask;
}

static hone_status grow_pairs(trainer *t)
{
    size_t n_slots = t->n_slots ? 2 * t->n_slots : 1 << 14;
    pair_slot *slots = NULL;
    HONE_TRY(HONE_ALLOC(&slots, n_slots));
    memset(slots, 0xFF, n_slots * sizeof *slots);
    for (size_t k = 0; k < t->n_slots; k++) {
        if (t->slots[k].pair == NO_PAIR)
            continue;
        size_t i = slot_of(t->slots[k].pair, n_slots - 1);
        while (slots[i].pair != NO_PAIR)
            i = (i + 1) & (n_slots - 1);
        slots[i] = t->slots[k];
    }
    hone__free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    return HONE_OK;
}

static inline pair_slot *find_pair(trainer *t, uint64_t pair)
{
    size_t mask = t->n_slots - 1, i = slot_of(pair, mask);
    while (t->slots[i].pair != pair && t->slots[i].pair != NO_PAIR)
        i = (i + 1) & mask;
    return &t->slots[i];
}

static hone_status new_link(trainer *t, uint32_t word, uint32_t next, uint32_t *out)
{
    if (t->free_link != NIL) {
        *out = t->free_link;
        t->free_link = t->links[*out].next;
    } else {
        if (t->n_links >= NIL)
            return hone__fail(HONE_UNSUPPORTED, "more than four thousand million pairs in the words of the corpus");
        HONE_TRY(HONE_GROW(&t->links, &t->links_capacity, t->n_links + 1));
        *out = (uint32_t)t->n_links++;
    }
    t->links[*out] = (link){word, next};
    return HONE_OK;
}

/* Changes a pair's count; where it grows, the word joins the pair's pending list. */
static hone_status change_pair(trainer *t, uint32_t left, uint32_t right, uint32_t word, int64_t change)
{
    uint64_t pair = pair_of(left, right);
    if (2 * t->n_pairs >= t->n_slots)
        HONE_TRY(grow_pairs(t));
    pair_slot *slot = find_pair(t, pair);
    if (slot->pair == NO_PAIR) {
        *slot = (pair_slot){pair, 0, NIL};
        t->n_pairs++;
    }
    slot->count += change;
    if (change < 0 || (slot->pending != NIL && t->links[slot->pending].word == word))
        return HONE_OK;
    if (slot->pending == NIL) {
        HONE_TRY(HONE_GROW(&t->touched, &t->touched_capacity, t->n_touched + 1));
        t->touched[t->n_touched++] = pair;
    }
    return new_link(t, word, slot->pending, &slot->pending);
}

static void free_links(trainer *t, uint32_t list)
{
    while (list != NIL) {
        uint32_t next = t->links[list].next;
        t->links[list].next = t->free_link;
        t->free_link = list;
        list = next;
    }
}

/* ---- The heap: most frequent first, then smaller ids ---- */

static inline bool before(const candidate *a, const candidate *b)
{
    return a->count != b->count ? a->count > b->count : a->pair < b->pair;
}

static hone_status push(trainer *t, candidate c)
{
    HONE_TRY(HONE_GROW(&t->heap, &t->heap_capacity, t->n_heap + 1));
    size_t i = t->n_heap++;
    for (; i && before(&c, &t->heap[(i - 1) / 4]); i = (i - 1) / 4)
        t->heap[i] = t->heap[(i - 1) / 4];
    t->heap[i] = c;
    return HONE_OK;
}

/* Puts c in the place of the top. */
static void replace_top(trainer *t, candidate c)
{
    size_t i = 0, n = t->n_heap;
    for (size_t child; (child = 4 * i + 1) < n; i = child) {
        size_t best = child, end = child + 4 < n ? child + 4 : n;
        while (++child < end)
            if (before(&t->heap[child], &t->heap[best]))
                best = child;
        child = best;
        if (!before(&t->heap[child], &c))
            break;
        t->heap[i] = t->heap[child];
    }
    t->heap[i] = c;
}

static candidate pop(trainer *t)
{
    candidate top = t->heap[0];
    if (--t->n_heap)
        replace_top(t, t->heap[t->n_heap]);
    return top;
}

/* The pairs that arose become candidates. */
static hone_status push_touched(trainer *t)
{
    for (size_t i = 0; i < t->n_touched; i++) {
        pair_slot *slot = find_pair(t, t->touched[i]);
        uint32_t where = slot->pending;
        slot->pending = NIL;
        if (slot->count > 0)
            HONE_TRY(push(t, (candidate){(uint64_t)slot->count, slot->pair, where}));
        else
            free_links(t, where);
    }
    t->n_touched = 0;
    return HONE_OK;
}

/* ---- Merging ---- */

static hone_status count_pairs(trainer *t)
{
    HONE_TRY(grow_pairs(t));
    for (size_t w = 0; w < t->n_words; w++) {
        const uint32_t *s = t->symbols + t->start[w];
        for (size_t i = 0; i + 1 < t->len[w]; i++)
            HONE_TRY(change_pair(t, s[i], s[i + 1], (uint32_t)w, (int64_t)t->options->words->items[w].count));
    }
    return push_touched(t);
}

static inline bool fits(const trainer *t, uint32_t neighbour, uint32_t token)
{
    return !t->options->max_token_length || t->token_len[neighbour] + t->token_len[token] < t->options->max_token_length;
}

/* Replaces each left, right of a word by token; counts follow (Word::merge of the reference). */
static hone_status merge_word(trainer *t, uint32_t w, uint32_t left, uint32_t right, uint32_t token)
{
    uint32_t *s = t->symbols + t->start[w], n = t->len[w], o = 0;
    int64_t count = (int64_t)t->options->words->items[w].count;
    for (uint32_t i = 0; i < n; i++, o++) {
        if (s[i] != left || i + 1 == n || s[i + 1] != right) {
            s[o] = s[i];
            continue;
        }
        if (o > 0) {
            HONE_TRY(change_pair(t, s[o - 1], left, w, -count));
            if (fits(t, s[o - 1], token))
                HONE_TRY(change_pair(t, s[o - 1], token, w, count));
        }
        if (i + 2 < n) {
            HONE_TRY(change_pair(t, right, s[i + 2], w, -count));
            if (fits(t, s[i + 2], token))
                HONE_TRY(change_pair(t, token, s[i + 2], w, count));
        }
        s[o] = token;
        i++;
    }
    t->len[w] = o;
    return HONE_OK;
}

/* The token of a pair: a new one, or one that another merge made before. */
static hone_status make_token(trainer *t, uint32_t left, uint32_t right, uint32_t *token)
{
    size_t skip = t->options->prefix ? strlen(t->options->prefix) : 0;
    const char *b = hone__vocab_text(t->v, (int32_t)right);
    hone_str text = HONE_STR_INIT;
    if (skip && strncmp(b, t->options->prefix, skip) != 0)
        skip = 0;
    hone__str_append(&text, hone__vocab_text(t->v, (int32_t)left), t->v->len[left]);
    hone__str_append(&text, b + skip, t->v->len[right] - skip);
    hone_status status = hone__str_status(&text);
    if (status == HONE_OK) {
        int32_t id = hone__vocab_find(t->v, text.data, text.len);
        *token = id >= 0 ? (uint32_t)id : (uint32_t)t->v->n_ids;
        if (id < 0)
            status = add_token(t, text.data, text.len, t->token_len[left] + t->token_len[right]);
    }
    hone__str_dispose(&text);
    return status;
}

static hone_status merge_candidate(trainer *t, candidate top)
{
    uint32_t left = (uint32_t)(top.pair >> 32), right = (uint32_t)top.pair, token = 0;
    HONE_TRY(make_token(t, left, right, &token));
    HONE_TRY(HONE_GROW(&t->bpe->merges, &t->bpe->merges_capacity, t->bpe->n_merges + 1));
    t->bpe->merges[t->bpe->n_merges++] = (hone__merge){(int32_t)left, (int32_t)right, (int32_t)token};
    for (uint32_t i = top.where; i != NIL; i = t->links[i].next)
        HONE_TRY(merge_word(t, t->links[i].word, left, right, token));
    free_links(t, top.where);
    return push_touched(t);
}

static hone_status merge_all(trainer *t)
{
    while (t->v->n_tokens < t->options->vocab_size && t->n_heap) {
        uint64_t count = (uint64_t)find_pair(t, t->heap[0].pair)->count;
        if (t->heap[0].count != count) { /* out of date: it goes back to where it belongs now */
            candidate c = t->heap[0];
            c.count = count;
            replace_top(t, c);
            continue;
        }
        if (count < 1 || t->options->min_frequency > count)
            return HONE_OK;
        HONE_TRY(merge_candidate(t, pop(t)));
        if (t->bpe->n_merges % 64 == 0 && hone__progress_due())
            hone__progress("training the tokenizer", (int64_t)t->v->n_tokens, (int64_t)t->options->vocab_size, "tokens", NULL);
    }
    return HONE_OK;
}

hone_status hone__train_bpe(hone__vocab *v, hone__bpe *bpe, const hone__bpe_trainer *options)
{
    trainer t = {.options = options, .v = v, .bpe = bpe, .free_link = NIL};
    hone_status status;
    HONE_GO(add_specials(&t));
    HONE_GO(add_alphabet(&t));
    HONE_GO(split_words(&t));
    HONE_GO(count_pairs(&t));
    HONE_GO(merge_all(&t));
done:
    if (status == HONE_OK)
        hone__progress_end("training the tokenizer", (int64_t)v->n_tokens, (int64_t)v->n_tokens, "tokens", NULL);
    dispose(&t);
    return status;
}
