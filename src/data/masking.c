/* Masks for masked language models: which tokens are drawn, and what becomes of them (Devlin et al. 2018, 3.1).
 *
 * Must match: data_collator.py of transformers: DataCollatorForLanguageModeling (each token that is not special by chance, then 80 % mask, 10 % any id, 10 % as it was) and
 * DataCollatorForWholeWordMask (words in random order until there are enough). One Philox draw for each token, counter {position, 0, ordinal}:
 *
 *     word 0    drawn or not               word 2    which random id
 *     word 1    mask, random or kept       word 3    the place of a word that begins here among the row's words, when whole words are drawn */
#include "data/masking.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PREDICTIONS = 512 }; /* of whole words, in a row */

enum { ADDED = 1, SPECIAL = 2, CONTINUES = 4 }; /* what is known of an id */

/* A word of a row: its tokens, as a chain through `next`. */
typedef struct word {
    uint32_t order; /* random */
    int32_t first, last, n;
} word;

struct hone_masker {
    hone_masking_options options;
    uint64_t key;
    int32_t mask_id;
    uint32_t vocab_size; /* random ids are below it */
    uint8_t *kinds;      /* (vocab_size) */
    word *words;         /* of a row */
    int32_t *next;       /* (tokens of a row) the next token of the same word, -1: none */
    uint8_t *drawn;      /* (tokens of a row) */
    size_t words_capacity, next_capacity, drawn_capacity;
};

/* ---- making ---- */

hone_status hone__masking_check(const hone_masking_options *o)
{
    const struct {
        const char *name;
        double value;
    } shares[] = {{"mlm_probability", o->mlm_probability},
                  {"mask_replace_prob", o->mask_replace_prob},
                  {"random_replace_prob", o->random_replace_prob}};
    for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++)
        if (!(shares[i].value >= 0 && shares[i].value <= 1))
            return hone__fail(HONE_INVALID_ARGUMENT, "--%s %g: it must lie between 0 and 1", shares[i].name, shares[i].value);
    if (o->mask_replace_prob + o->random_replace_prob > 1 + 1e-9)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--mask_replace_prob %g and --random_replace_prob %g are more than 1 together",
                                     o->mask_replace_prob, o->random_replace_prob),
                          "what is left of 1 is the share of drawn tokens that stay");
    return HONE_OK;
}

static hone_status check_options(const hone_tokenizer *tokenizer, const hone_masking_options *o)
{
    HONE_TRY(hone__masking_check(o));
    if (!tokenizer)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_masker_new: the tokenizer must be given");
    if (hone_tokenizer_special_id(tokenizer, HONE_SPECIAL_MASK) < 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the tokenizer has no mask token, which masked language modelling needs"),
                          "BERT's have [MASK]; \"mask_token\" of tokenizer_config.json names another");
    return HONE_OK;
}

static void mark(hone_masker *m, int32_t id, uint8_t kind)
{
    if (id >= 0 && (uint32_t)id < m->vocab_size)
        m->kinds[id] |= kind;
}

static hone_status mark_ids(hone_masker *m, const hone_tokenizer *tokenizer)
{
    hone_ids added = HONE_IDS_INIT;
    hone_status status = hone_tokenizer_encode_ids(&added, tokenizer, HONE_TEXT(""), true);
    for (size_t i = 0; status == HONE_OK && i < added.n; i++)
        mark(m, added.data[i], ADDED | SPECIAL);
    hone_ids_dispose(&added);
    for (int i = 0; i < HONE_SPECIAL_COUNT; i++)
        mark(m, hone_tokenizer_special_id(tokenizer, (hone_special_token)i), SPECIAL);
    for (uint32_t id = 0; id < m->vocab_size; id++) {
        const char *token = hone_tokenizer_id_to_token(tokenizer, (int32_t)id);
        if (token && strncmp(token, "##", 2) == 0)
            m->kinds[id] |= CONTINUES;
    }
    return status;
}

hone_status hone_masker_new(hone_masker **out, const hone_tokenizer *tokenizer, const hone_masking_options *options)
{
    static const hone_masking_options defaults = HONE_MASKING_OPTIONS_INIT;
    hone_masker *m = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    options = options ? options : &defaults;
    HONE_TRY(check_options(tokenizer, options));
    HONE_TRY(HONE_NEW(&m, 1));
    m->options = *options;
    m->key = hone__site_key(options->seed, options->for_evaluation ? HONE__MASKING_SITE_EVALUATION : HONE__MASKING_SITE);
    m->mask_id = hone_tokenizer_special_id(tokenizer, HONE_SPECIAL_MASK);
    m->vocab_size = (uint32_t)hone_tokenizer_vocab_size(tokenizer, true);
    HONE_GO(HONE_NEW(&m->kinds, m->vocab_size));
    HONE_GO(mark_ids(m, tokenizer));
    *out = m;
    m = NULL;
done:
    hone_masker_free(m);
    return status;
}

void hone_masker_free(hone_masker *masker)
{
    if (!masker)
        return;
    hone__free(masker->kinds);
    hone__free(masker->words);
    hone__free(masker->next);
    hone__free(masker->drawn);
    hone__free(masker);
}

/* ---- drawing ---- */

static void draw(uint32_t out[4], const hone_masker *m, int32_t position, uint64_t ordinal)
{
    const uint32_t counter[4] = {(uint32_t)position, 0, (uint32_t)ordinal, (uint32_t)(ordinal >> 32)};
    hone__philox4x32(out, counter, m->key);
}

/* A draw that says yes with probability p, always for 1. */
static bool chance(uint32_t random, double p)
{
    return (double)random < p * 4294967296.0;
}

static uint8_t kind_of(const hone_masker *m, int32_t id)
{
    return id >= 0 && (uint32_t)id < m->vocab_size ? m->kinds[id] : 0;
}

/* What stands in the place of a drawn token. */
static int32_t replacement(const hone_masker *m, int32_t id, const uint32_t random[4])
{
    const hone_masking_options *o = &m->options;
    if (chance(random[1], o->mask_replace_prob))
        return m->mask_id;
    if (chance(random[1], o->mask_replace_prob + o->random_replace_prob))
        return (int32_t)((uint64_t)random[2] * m->vocab_size >> 32);
    return id;
}

static void mask_tokens(const hone_masker *m, int32_t *ids, int32_t *labels, int32_t n, uint64_t ordinal)
{
    for (int32_t i = 0; i < n; i++) {
        uint32_t random[4];
        labels[i] = HONE_IGNORE_INDEX;
        if (kind_of(m, ids[i]) & ADDED)
            continue;
        draw(random, m, i, ordinal);
        if (!chance(random[0], m->options.mlm_probability))
            continue;
        labels[i] = ids[i];
        ids[i] = replacement(m, ids[i], random);
    }
}

/* ---- whole words ---- */

static int by_order(const void *a, const void *b)
{
    const word *x = a, *y = b;
    return x->order != y->order ? (x->order < y->order ? -1 : 1) : (x->first > y->first) - (x->first < y->first);
}

/* The words of a row, in their random order. */
static size_t list_words(hone_masker *m, const int32_t *ids, int32_t n, uint64_t ordinal)
{
    size_t n_words = 0;
    for (int32_t i = 0; i < n; i++) {
        uint32_t random[4];
        uint8_t kind = kind_of(m, ids[i]);
        m->next[i] = -1;
        m->drawn[i] = 0;
        if (kind & ADDED)
            continue;
        if (n_words > 0 && (kind & CONTINUES)) {
            word *w = &m->words[n_words - 1];
            m->next[w->last] = i;
            w->last = i;
            w->n++;
            continue;
        }
        draw(random, m, i, ordinal);
        m->words[n_words++] = (word){random[3], i, i, 1};
    }
    qsort(m->words, n_words, sizeof(*m->words), by_order);
    return n_words;
}

/* Marks the tokens of words until there are as many as the row is to have. */
static void choose_words(hone_masker *m, int32_t n, size_t n_words)
{
    double share = nearbyint((double)n * m->options.mlm_probability); /* half to even, as Python rounds */
    int32_t want = share < 1 ? 1 : share > MAX_PREDICTIONS ? MAX_PREDICTIONS : (int32_t)share, have = 0;
    for (size_t k = 0; k < n_words && have < want; k++) {
        if (have + m->words[k].n > want)
            continue;
        have += m->words[k].n;
        for (int32_t i = m->words[k].first; i >= 0; i = m->next[i])
            m->drawn[i] = 1;
    }
}

static hone_status mask_words(hone_masker *m, int32_t *ids, int32_t *labels, int32_t n, uint64_t ordinal)
{
    if (n == 0)
        return HONE_OK;
    HONE_TRY(HONE_GROW(&m->words, &m->words_capacity, (size_t)n));
    HONE_TRY(HONE_GROW(&m->next, &m->next_capacity, (size_t)n));
    HONE_TRY(HONE_GROW(&m->drawn, &m->drawn_capacity, (size_t)n));
    choose_words(m, n, list_words(m, ids, n, ordinal));
    for (int32_t i = 0; i < n; i++) {
        uint32_t random[4];
        labels[i] = HONE_IGNORE_INDEX;
        if (!m->drawn[i] || (kind_of(m, ids[i]) & SPECIAL))
            continue;
        draw(random, m, i, ordinal);
        labels[i] = ids[i];
        ids[i] = replacement(m, ids[i], random);
    }
    return HONE_OK;
}

/* ---- batches ---- */

hone_status hone_masker_apply(hone_masker *m, hone_batch *batch, int32_t *input_ids, int32_t *labels)
{
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t start = batch->cu_seqlens[r], n = batch->cu_seqlens[r + 1] - start;
        uint64_t ordinal = batch->ordinals ? batch->ordinals[r] : (uint64_t)r;
        if (m->options.whole_word_mask)
            HONE_TRY(mask_words(m, input_ids + start, labels + start, n, ordinal));
        else
            mask_tokens(m, input_ids + start, labels + start, n, ordinal);
    }
    batch->input_ids = input_ids;
    batch->labels = labels;
    batch->n_labelled = -1;
    return HONE_OK;
}

static hone_status collate(void *self, hone_batch *batch, int32_t *input_ids, int32_t *labels)
{
    return hone_masker_apply(self, batch, input_ids, labels);
}

hone_collator hone_masker_collator(hone_masker *masker)
{
    return (hone_collator){collate, masker};
}
