/* Aggregation of labelled tokens (token_aggregate.h), beside TokenClassificationPipeline.aggregate and what it calls.
 *
 * Two steps: tokens become units (single tokens, or words with one label each), units of one type in a row become an entity. A label without "B-" or "I-" counts as "I-".
 * Labels to be ignored are taken out last, so that they separate entities. Words of first, average and max are the reference's: a token goes on with a word where its length
 * differs from that of its part of the text, which misfires where normalisation changes lengths; `word` asks the tokenizer instead. */
#include "tasks/token_aggregate.h"
#include "tokenizer/pieces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers as numpy adds and compares them ---- */

/* np.sum of float32: blocks of 128 with eight partial sums, then halves. */
static float sum(const float *x, size_t n)
{
    if (n < 8) {
        float s = 0.0f;
        for (size_t i = 0; i < n; i++)
            s += x[i];
        return s;
    }
    if (n > 128) {
        size_t half = n / 2 - n / 2 % 8;
        return sum(x, half) + sum(x + half, n - half);
    }
    float r[8];
    size_t i = 8;
    memcpy(r, x, sizeof(r));
    for (; i < n - n % 8; i += 8)
        for (size_t k = 0; k < 8; k++)
            r[k] += x[i + k];
    float s = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++)
        s += x[i];
    return s;
}

/* np.nanmean; the scores are overwritten where they are no numbers. */
static float mean(float *x, size_t n)
{
    size_t numbers = 0;
    for (size_t i = 0; i < n; i++) {
        numbers += !isnan(x[i]);
        x[i] = isnan(x[i]) ? 0.0f : x[i];
    }
    return numbers ? (float)((double)sum(x, n) / (double)numbers) : NAN;
}

/* np.argmax: the first of equals; the first that is no number wins. */
static int32_t best_of(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n && !isnan(x[best]); i++)
        if (x[i] > x[best] || isnan(x[i]))
            best = i;
    return (int32_t)best;
}

void hone__label_scores(float *scores, const float *logits, size_t n)
{
    float most = logits[best_of(logits, n)];
    for (size_t i = 0; i < n; i++)
        scores[i] = expf(logits[i] - most);
    float total = sum(scores, n);
    for (size_t i = 0; i < n; i++)
        scores[i] /= total;
}

/* ---- lists ---- */

void hone__findings_clear(hone__findings *f)
{
    f->n = 0;
    hone__str_clear(&f->text);
}

void hone__findings_dispose(hone__findings *f)
{
    hone__free(f->items);
    hone__str_dispose(&f->text);
    *f = (hone__findings){.text = HONE_STR_INIT};
}

static hone_text text_of(const hone__findings *f, const hone__found *item)
{
    return (hone_text){f->text.data + item->word.start, item->word.end - item->word.start};
}

/* Adds what was found; its text is what was appended to f->text since `at`. */
static hone_status add(hone__findings *f, hone__found item, size_t at)
{
    if (!f->text.data)
        hone__str_append(&f->text, "", 0);
    HONE_TRY(hone__str_status(&f->text));
    HONE_TRY(HONE_GROW(&f->items, &f->capacity, f->n + 1));
    item.word = (hone_span){at, f->text.len};
    f->items[f->n++] = item;
    return HONE_OK;
}

/* ---- labels ---- */

const char *hone__label_group(const char *label)
{
    const char *dash = strchr(label, '-');
    return dash ? dash + 1 : label;
}

static const char *type_of(const char *label)
{
    return strncmp(label, "B-", 2) == 0 || strncmp(label, "I-", 2) == 0 ? label + 2 : label;
}

static bool is_in(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

hone_status hone__aggregator_init(hone__aggregator *a, const hone_tokenizer *tokenizer, hone_aggregation strategy,
                                  const char *const *labels, size_t n_labels, const char *const *ignore_labels)
{
    static const char *const outside[] = {"O", NULL};
    *a = (hone__aggregator){.tokenizer = tokenizer, .strategy = strategy, .labels = labels, .n_labels = n_labels};
    HONE_TRY(HONE_NEW(&a->is_ignored, n_labels));
    HONE_TRY(HONE_NEW(&a->mean, n_labels));
    for (size_t i = 0; i < n_labels; i++)
        a->is_ignored[i] =
            is_in(strategy == HONE_AGGREGATE_NONE ? labels[i] : hone__label_group(labels[i]), ignore_labels ? ignore_labels : outside);
    return HONE_OK;
}

void hone__aggregator_dispose(hone__aggregator *a)
{
    hone__free(a->is_ignored);
    hone__free(a->mean);
    hone__free(a->words);
    hone__free(a->scores);
    hone__findings_dispose(&a->units);
    *a = (hone__aggregator){.tokenizer = NULL};
}

static hone_status make_room(hone__aggregator *a, size_t n)
{
    HONE_TRY(HONE_GROW(&a->words, &a->words_capacity, n));
    return HONE_GROW(&a->scores, &a->scores_capacity, n);
}

/* ---- from tokens to units ---- */

static hone__found single(const hone__aggregator *a, const hone__tagged_token *p)
{
    int32_t label = best_of(p->scores, a->n_labels);
    return (hone__found){.label = label, .score = p->scores[label], .chars = p->chars, .bytes = p->bytes, .index = p->index};
}

static hone_status add_token(hone__findings *units, const hone__aggregator *a, const hone__tagged_token *p)
{
    size_t at = units->text.len;
    hone__str_append(&units->text, p->word.data, p->word.len);
    return add(units, single(a, p), at);
}

/* The mean of the tokens' probabilities, and the best label of that. */
static void average(hone__found *out, hone__aggregator *a, const hone__tagged_token *pieces, size_t n)
{
    for (size_t k = 0; k < a->n_labels; k++) {
        float total = 0.0f;
        size_t numbers = 0;
        for (size_t i = 0; i < n; i++)
            if (!isnan(pieces[i].scores[k]))
                total += pieces[i].scores[k], numbers++;
        a->mean[k] = numbers ? (float)((double)total / (double)numbers) : NAN;
    }
    out->label = best_of(a->mean, a->n_labels);
    out->score = a->mean[out->label];
}

/* The label of a word of n tokens. */
static hone__found judge(hone__aggregator *a, const hone__tagged_token *pieces, size_t n)
{
    hone__found unit = single(a, &pieces[0]);
    for (size_t i = 1; i < n && a->strategy == HONE_AGGREGATE_MAX; i++) {
        hone__found other = single(a, &pieces[i]);
        if (other.score > unit.score)
            unit = other;
    }
    if (a->strategy == HONE_AGGREGATE_AVERAGE)
        average(&unit, a, pieces, n);
    unit.index = -1;
    unit.chars = (hone_span){pieces[0].chars.start, pieces[n - 1].chars.end};
    unit.bytes = (hone_span){pieces[0].bytes.start, pieces[n - 1].bytes.end};
    return unit;
}

static hone_text slice(hone_text text, hone_span bytes)
{
    return (hone_text){text.data + bytes.start, bytes.end > bytes.start ? bytes.end - bytes.start : 0};
}

static hone_status add_word(hone__findings *units, hone__aggregator *a, hone_text text, const hone__tagged_token *pieces, size_t n)
{
    size_t at = units->text.len;
    hone__found unit = judge(a, pieces, n);
    if (a->strategy == HONE_AGGREGATE_WORD) {
        hone_text word = slice(text, unit.bytes);
        hone__str_append(&units->text, word.data, word.len);
        return add(units, unit, at);
    }
    HONE_TRY(make_room(a, n));
    for (size_t i = 0; i < n; i++)
        a->words[i] = pieces[i].word;
    hone__tokenizer_join(&units->text, a->tokenizer, a->words, n);
    return add(units, unit, at);
}

static bool goes_on(const hone__aggregator *a, const hone__tagged_token *p)
{
    return a->strategy == HONE_AGGREGATE_WORD ? p->word_id >= 0 && p->word_id == p[-1].word_id : p->is_subword;
}

static hone_status make_units(hone__aggregator *a, hone_text text, const hone__tagged_token *pieces, size_t n)
{
    hone__findings_clear(&a->units);
    if (a->strategy == HONE_AGGREGATE_NONE || a->strategy == HONE_AGGREGATE_SIMPLE) {
        for (size_t i = 0; i < n; i++)
            HONE_TRY(add_token(&a->units, a, &pieces[i]));
        return HONE_OK;
    }
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && goes_on(a, &pieces[end]);)
            end++;
        HONE_TRY(add_word(&a->units, a, text, pieces + first, end - first));
    }
    return HONE_OK;
}

/* ---- from units to entities ---- */

static hone_status add_copy(hone__findings *out, const hone__aggregator *a, const hone__found *unit)
{
    size_t at = out->text.len;
    hone_text word = text_of(&a->units, unit);
    hone__str_append(&out->text, word.data, word.len);
    return add(out, *unit, at);
}

static hone_status add_group(hone__findings *out, hone__aggregator *a, hone_text text, const hone__found *units, size_t n)
{
    size_t at = out->text.len;
    hone__found group = units[0];
    HONE_TRY(make_room(a, n));
    for (size_t i = 0; i < n; i++) {
        a->words[i] = text_of(&a->units, &units[i]);
        a->scores[i] = units[i].score;
    }
    group.score = mean(a->scores, n);
    group.chars.end = units[n - 1].chars.end;
    group.bytes.end = units[n - 1].bytes.end;
    group.index = -1;
    if (a->strategy == HONE_AGGREGATE_WORD) {
        hone_text words = slice(text, group.bytes);
        hone__str_append(&out->text, words.data, words.len);
    } else {
        hone__tokenizer_join(&out->text, a->tokenizer, a->words, n);
    }
    return add(out, group, at);
}

/* Whether a unit belongs to the entity of the one before it. */
static bool joins(const hone__aggregator *a, const hone__found *unit)
{
    const char *label = a->labels[unit->label], *before = a->labels[unit[-1].label];
    return strncmp(label, "B-", 2) != 0 && strcmp(type_of(label), type_of(before)) == 0;
}

hone_status hone__aggregate(hone__findings *out, hone__aggregator *a, hone_text text, const hone__tagged_token *pieces, size_t n)
{
    HONE_TRY(make_units(a, text, pieces, n));
    const hone__found *units = a->units.items;
    for (size_t first = 0, end; first < a->units.n; first = end) {
        for (end = first + 1; a->strategy != HONE_AGGREGATE_NONE && end < a->units.n && joins(a, &units[end]);)
            end++;
        if (a->is_ignored[units[first].label])
            continue;
        if (a->strategy == HONE_AGGREGATE_NONE)
            HONE_TRY(add_copy(out, a, &units[first]));
        else
            HONE_TRY(add_group(out, a, text, units + first, end - first));
    }
    return HONE_OK;
}

/* ---- windows that overlap ---- */

/* By start; windows come one after another, so that most are in order already. Stable. */
static void sort_by_start(hone__found *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        hone__found item = items[i];
        size_t k = i;
        for (; k > 0 && items[k - 1].chars.start > item.chars.start; k--)
            items[k] = items[k - 1];
        items[k] = item;
    }
}

void hone__findings_resolve(hone__findings *f)
{
    size_t kept = 0;
    sort_by_start(f->items, f->n);
    for (size_t i = 1; i < f->n; i++) {
        hone__found *last = &f->items[kept], *next = &f->items[i];
        size_t length = next->chars.end - next->chars.start, before = last->chars.end - last->chars.start;
        if (next->chars.start >= last->chars.end)
            f->items[++kept] = *next;
        else if (length > before || (length == before && next->score > last->score))
            *last = *next;
    }
    f->n = f->n ? kept + 1 : 0;
}
