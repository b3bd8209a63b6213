/* Counting entities in sequences of tags (hone/metrics.h): the default mode joins the sentences with O and finds where entities begin and end, as conlleval does;
 * the strict mode looks for the patterns of a scheme in each sentence. References and predictions are walked side by side, so that an entity is counted as
 * soon as it ends and nothing is kept: memory follows the number of different tags and the longest sentence.
 *
 * Which scheme auto_detect would find is known at the end only: then all four that it can find are counted, side by side too. */
#include "metrics/seqeval.h"

#include "base/log.h"
#include "metrics/sum.h"

#include <string.h>

#define MAX_WARNINGS 8

/* ---- making ---- */

static hone_status add_counter(hone_seqeval *s, hone_tag_scheme id)
{
    seqeval_counter *c = &s->counters[s->n_counters++];
    *c = (seqeval_counter){.bad_tag = -1};
    if (!hone__seqeval_scheme(&c->scheme, id) && id != HONE_SCHEME_NONE)
        return hone__fail(HONE_INVALID_ARGUMENT, "strict mode knows the schemes IOB1, IOB2, IOE1, IOE2, IOBES and BILOU");
    return HONE_OK;
}

static hone_status add_counters(hone_seqeval *s)
{
    if (!s->options.strict)
        return add_counter(s, HONE_SCHEME_NONE);
    if (s->options.scheme != HONE_SCHEME_AUTO)
        return add_counter(s, (hone_tag_scheme)s->options.scheme);
    HONE_TRY(add_counter(s, HONE_SCHEME_IOB2));
    HONE_TRY(add_counter(s, HONE_SCHEME_IOE2));
    HONE_TRY(add_counter(s, HONE_SCHEME_IOBES));
    return add_counter(s, HONE_SCHEME_BILOU);
}

hone_status hone_seqeval_new(hone_seqeval **out, const hone_seqeval_options *options)
{
    hone_seqeval *s = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_GO(HONE_NEW(&s, 1));
    s->options = options ? *options : (hone_seqeval_options)HONE_SEQEVAL_OPTIONS_INIT;
    HONE_GO(add_counters(s));
    hone_seqeval_reset(s);
    *out = s;
    return HONE_OK;
done:
    hone_seqeval_free(s);
    return status;
}

void hone_seqeval_free(hone_seqeval *s)
{
    if (!s)
        return;
    for (size_t k = 0; k < s->n_counters; k++)
        hone__free(s->counters[k].counts);
    hone__names_dispose(&s->tags);
    hone__names_dispose(&s->types);
    hone__free(s->parsed);
    hone__free(s->sentence[0]);
    hone__free(s->sentence[1]);
    hone__free(s->tag_of);
    hone__free(s->rows);
    hone__free(s);
}

void hone_seqeval_reset(hone_seqeval *s)
{
    for (size_t k = 0; k < s->n_counters; k++) {
        seqeval_counter *c = &s->counters[k];
        if (c->capacity)
            memset(c->counts, 0, c->capacity * sizeof(*c->counts));
        c->bad_tag = -1;
    }
    for (int side = 0; side < 2; side++)
        s->sides[side] = (seqeval_side){SEQEVAL_O, -1, 0}; /* before the first tag the type is none, not even that of O */
    s->position = s->n_tags = s->n_equal = s->n_sentences = 0;
    s->letters = 0;
    s->found = HONE_SCHEME_AUTO;
}

/* ---- tags ---- */

static hone_status fail_empty(void)
{
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "an empty tag"), "a word without an entity has the tag O");
}

static void warn(hone_seqeval *s, const char *tag)
{
    if (!s->options.strict && !hone__seqeval_is_known(tag) && s->n_warned++ < MAX_WARNINGS)
        hone__log(HONE_LOG_WARNING, "\"%s\" does not seem to be a tag of named entities%s", tag,
                  s->n_warned == MAX_WARNINGS ? "; more of them are not told" : "");
}

/* The number of a tag, and room to count its types. */
static hone_status learn(int32_t *id, hone_seqeval *s, const char *tag)
{
    size_t n = s->tags.n;
    if (!*tag)
        return fail_empty();
    HONE_TRY(HONE_GROW(&s->parsed, &s->parsed_capacity, n + 1));
    HONE_TRY(hone__names_add(id, &s->tags, tag, strlen(tag)));
    if ((size_t)*id == n) {
        warn(s, tag);
        s->parsed[n].letter = UINT8_MAX;
    }
    if (s->parsed[*id].letter == UINT8_MAX) { /* new, or memory ran out when it was */
        seqeval_tag parsed;
        HONE_TRY(hone__seqeval_parse(&parsed, &s->types, tag, strlen(tag)));
        for (size_t k = 0; k < s->n_counters; k++) {
            seqeval_counter *c = &s->counters[k];
            size_t old = c->capacity;
            HONE_TRY(HONE_GROW(&c->counts, &c->capacity, s->types.n));
            memset(c->counts + old, 0, (c->capacity - old) * sizeof(*c->counts));
        }
        s->parsed[*id] = parsed;
    }
    return HONE_OK;
}

/* ---- default mode ---- */

#define BIT(letter) (1u << SEQEVAL_##letter)
#define IS(x, set)  ((set) >> (x)&1)

/* An entity ends before a tag. */
static bool ends(const seqeval_side *before, int letter, int32_t type)
{
    if (IS(before->letter, BIT(E) | BIT(S)))
        return true;
    if (IS(before->letter, BIT(B) | BIT(I)) && IS(letter, BIT(B) | BIT(S) | BIT(O)))
        return true;
    return !IS(before->letter, BIT(O) | BIT(DOT)) && before->type != type;
}

/* An entity begins with a tag. */
static bool begins(const seqeval_side *before, int letter, int32_t type)
{
    if (IS(letter, BIT(B) | BIT(S)))
        return true;
    if (IS(before->letter, BIT(E) | BIT(S) | BIT(O)) && IS(letter, BIT(E) | BIT(I)))
        return true;
    return !IS(letter, BIT(O) | BIT(DOT)) && before->type != type;
}

static void step(hone_seqeval *s, const seqeval_tag *reference, const seqeval_tag *prediction)
{
    const seqeval_tag *now[2] = {reference, prediction};
    seqeval_count *counts = s->counters[0].counts;
    seqeval_side *sides = s->sides;
    bool ended[2];
    for (int i = 0; i < 2; i++)
        ended[i] = ends(&sides[i], now[i]->letter, now[i]->type);
    if (ended[0])
        counts[sides[0].type].n_references++;
    if (ended[1])
        counts[sides[1].type].n_predicted++;
    if (ended[0] && ended[1] && sides[0].type == sides[1].type && sides[0].begin == sides[1].begin)
        counts[sides[0].type].n_correct++;
    for (int i = 0; i < 2; i++) {
        if (begins(&sides[i], now[i]->letter, now[i]->type))
            sides[i].begin = s->position;
        sides[i].letter = now[i]->letter;
        sides[i].type = now[i]->type;
    }
    s->position++;
}

static hone_status count_default(hone_seqeval *s, size_t n)
{
    int32_t outside;
    HONE_TRY(learn(&outside, s, "O"));
    for (size_t i = 0; i < n; i++)
        step(s, &s->parsed[s->sentence[0][i]], &s->parsed[s->sentence[1][i]]);
    step(s, &s->parsed[outside], &s->parsed[outside]);
    return HONE_OK;
}

/* ---- strict mode ---- */

typedef struct walk {
    const hone_seqeval *s;
    const seqeval_scheme *scheme;
    const int32_t *tags;
    size_t n, at;
} walk;

typedef struct entity {
    size_t begin, end;
    int32_t type;
} entity;

/* Whether a rule holds between tag i and the one before it; before the first and behind the last stands O. */
static bool holds(const walk *w, int rule, size_t i)
{
    static const seqeval_tag outside = {SEQEVAL_O, -1, -1};
    const seqeval_tag *before = i ? &w->s->parsed[w->tags[i - 1]] : &outside;
    const seqeval_tag *now = i < w->n ? &w->s->parsed[w->tags[i]] : &outside;
    return w->scheme->rules[rule][before->letter][now->letter] & (before->strict_type == now->strict_type ? 1 : 2);
}

/* Tokens.entities of scheme.py, an entity at a time. */
static bool next_entity(entity *out, walk *w)
{
    while (w->at < w->n) {
        size_t begin = w->at, end = begin + 1;
        w->at = end;
        if (!holds(w, SEQEVAL_START, begin))
            continue;
        while (end < w->n && holds(w, SEQEVAL_INSIDE, end))
            end++;
        w->at = end;
        if (holds(w, SEQEVAL_END, end)) {
            *out = (entity){begin, end, w->s->parsed[w->tags[begin]].strict_type};
            return true;
        }
    }
    return false;
}

/* The entities of both sides come in order: the one that begins first is counted first. */
static void count_strict(const hone_seqeval *s, seqeval_counter *c, size_t n)
{
    walk left = {s, &c->scheme, s->sentence[0], n, 0}, right = {s, &c->scheme, s->sentence[1], n, 0};
    entity a, b;
    bool has_a = next_entity(&a, &left), has_b = next_entity(&b, &right);
    while (has_a || has_b) {
        bool take_a = has_a && (!has_b || a.begin <= b.begin), take_b = has_b && (!has_a || b.begin <= a.begin);
        if (take_a && take_b && a.end == b.end && a.type == b.type)
            c->counts[a.type].n_correct++;
        if (take_a) {
            c->counts[a.type].n_references++;
            has_a = next_entity(&a, &left);
        }
        if (take_b) {
            c->counts[b.type].n_predicted++;
            has_b = next_entity(&b, &right);
        }
    }
}

static hone_status fail_tag(const hone_seqeval *s, int32_t tag, const seqeval_scheme *scheme)
{
    char allowed[32];
    unsigned all = (1u << SEQEVAL_N_LETTERS) - 1;
    return hone__fail(HONE_INVALID_ARGUMENT, "tag \"%.60s\" is not of the scheme%s%s, whose tags begin with %s", s->tags.items[tag].text,
                      scheme ? " " : "s", scheme ? hone__seqeval_scheme_name(scheme->id) : "",
                      hone__seqeval_letters(allowed, scheme ? scheme->allowed : all));
}

/* Every tag of the sentence is checked before any is counted. With AUTO a tag may turn out to be wrong later: the first of each scheme is kept. */
static hone_status check_strict(hone_seqeval *s, size_t n)
{
    const seqeval_scheme *only = s->n_counters == 1 ? &s->counters[0].scheme : NULL;
    unsigned allowed = only ? only->allowed : (1u << SEQEVAL_N_LETTERS) - 1;
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < n; i++)
            if (!IS(s->parsed[s->sentence[side][i]].letter, allowed))
                return fail_tag(s, s->sentence[side][i], only);
    return HONE_OK;
}

static void note_letters(hone_seqeval *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->letters |= 1u << s->parsed[s->sentence[0][i]].letter;
        for (size_t k = 0; k < s->n_counters; k++) {
            seqeval_counter *c = &s->counters[k];
            if (c->bad_tag < 0 && !IS(s->parsed[s->sentence[1][i]].letter, c->scheme.allowed)) {
                c->bad_tag = s->sentence[1][i];
                c->bad_sentence = s->n_sentences + 1;
            }
        }
    }
}

/* ---- adding ---- */

static hone_status room(hone_seqeval *s, size_t n)
{
    HONE_TRY(HONE_GROW(&s->sentence[0], &s->sentence_capacity[0], n));
    return HONE_GROW(&s->sentence[1], &s->sentence_capacity[1], n);
}

/* Counts the sentence that stands in s->sentence. */
static hone_status count(hone_seqeval *s, size_t n)
{
    if (s->options.strict) {
        HONE_TRY(check_strict(s, n));
        note_letters(s, n);
        for (size_t k = 0; k < s->n_counters; k++)
            count_strict(s, &s->counters[k], n);
    } else {
        HONE_TRY(count_default(s, n));
    }
    for (size_t i = 0; i < n; i++)
        s->n_equal += s->sentence[0][i] == s->sentence[1][i];
    s->n_tags += (int64_t)n;
    s->n_sentences++;
    return HONE_OK;
}

hone_status hone_seqeval_add(hone_seqeval *s, const char *const *references, const char *const *predictions, size_t n)
{
    HONE_TRY(room(s, n));
    for (size_t i = 0; i < n; i++) {
        HONE_TRY(learn(&s->sentence[0][i], s, references[i]));
        HONE_TRY(learn(&s->sentence[1][i], s, predictions[i]));
    }
    return count(s, n);
}

static hone_status use_names(hone_seqeval *s, const char *const *names, size_t n_names)
{
    if (s->names == names && s->n_names == n_names)
        return HONE_OK;
    s->names = NULL;
    HONE_TRY(HONE_GROW(&s->tag_of, &s->tag_of_capacity, n_names));
    for (size_t i = 0; i < n_names; i++)
        s->tag_of[i] = -1;
    s->names = names;
    s->n_names = n_names;
    return HONE_OK;
}

static hone_status tag_of_id(int32_t *tag, hone_seqeval *s, int32_t id)
{
    if (id < 0 || (size_t)id >= s->n_names)
        return hone__fail(HONE_INVALID_ARGUMENT, "label %d: there are %zu labels, from 0", id, s->n_names);
    if (s->tag_of[id] < 0)
        HONE_TRY(learn(&s->tag_of[id], s, s->names[id]));
    *tag = s->tag_of[id];
    return HONE_OK;
}

hone_status hone_seqeval_add_ids(hone_seqeval *s, const char *const *names, size_t n_names, const int32_t *references,
                                 const int32_t *predictions, size_t n)
{
    size_t kept = 0;
    HONE_TRY(room(s, n));
    HONE_TRY(use_names(s, names, n_names));
    for (size_t i = 0; i < n; i++) {
        if (references[i] < 0)
            continue;
        HONE_TRY(tag_of_id(&s->sentence[0][kept], s, references[i]));
        HONE_TRY(tag_of_id(&s->sentence[1][kept], s, predictions[i]));
        kept++;
    }
    return count(s, kept);
}

/* ---- scores ---- */

static hone_status pick(const seqeval_counter **out, hone_seqeval *s)
{
    char letters[32];
    *out = &s->counters[0];
    if (s->n_counters == 1)
        return HONE_OK;
    s->found = hone__seqeval_detect(s->letters);
    for (size_t k = 0; k < s->n_counters; k++) {
        const seqeval_counter *c = &s->counters[k];
        if (c->scheme.id != s->found)
            continue;
        *out = c;
        return c->bad_tag < 0
                   ? HONE_OK
                   : hone__fail_in(fail_tag(s, c->bad_tag, &c->scheme), "predictions of sentence %lld", (long long)c->bad_sentence);
    }
    hone_status status = hone__fail(HONE_INVALID_ARGUMENT, "no scheme can be found out from the references, whose tags begin with %s",
                                    s->letters ? hone__seqeval_letters(letters, s->letters) : "nothing");
    return hone__hint(status, "name the scheme");
}

static double divide(int64_t a, int64_t b)
{
    return b ? (double)a / (double)b : 0.0;
}

static void score(hone_seqeval_type *t)
{
    t->precision = divide(t->n_correct, t->n_predicted);
    t->recall = divide(t->n_correct, t->number);
    double sum = t->precision + t->recall;
    t->f1 = 2.0 * t->precision * t->recall / (sum == 0.0 ? 1.0 : sum);
}

static hone_status make_rows(size_t *n, hone_seqeval *s, const seqeval_counter *c)
{
    int32_t *order = NULL;
    *n = 0;
    HONE_TRY(HONE_GROW(&s->rows, &s->row_capacity, s->types.n));
    HONE_TRY(hone__names_sorted(&order, &s->types));
    for (size_t i = 0; i < s->types.n; i++) {
        const seqeval_count *x = &c->counts[order[i]];
        if (!x->n_references && !x->n_predicted)
            continue;
        hone_seqeval_type *row = &s->rows[(*n)++];
        *row = (hone_seqeval_type){
            .name = s->types.items[order[i]].text, .n_correct = x->n_correct, .n_predicted = x->n_predicted, .number = x->n_references};
        score(row);
    }
    hone__free(order);
    return HONE_OK;
}

/* The mean of one column over the types: of all alike, or weighted by their entities in the references. 0 for no type. */
static double average(double *values, const hone_seqeval_type *rows, size_t n, size_t column, bool weighted)
{
    double total = 0.0;
    for (size_t i = 0; i < n; i++) {
        values[i] = *(const double *)((const char *)&rows[i] + column) * (weighted ? (double)rows[i].number : 1.0);
        total += weighted ? (double)rows[i].number : 1.0;
    }
    return total > 0.0 ? hone__pairwise_sum(values, n) / total : 0.0;
}

static hone_status average_rows(hone_seqeval_scores *out)
{
    double *values = NULL;
    hone_seqeval_type *means[] = {&out->macro, &out->weighted};
    HONE_TRY(HONE_ALLOC(&values, out->n_types));
    for (int weighted = 0; weighted < 2; weighted++) {
        hone_seqeval_type *m = means[weighted];
        *m = out->overall;
        m->name = weighted ? "weighted avg" : "macro avg";
        m->precision = average(values, out->types, out->n_types, offsetof(hone_seqeval_type, precision), weighted);
        m->recall = average(values, out->types, out->n_types, offsetof(hone_seqeval_type, recall), weighted);
        m->f1 = average(values, out->types, out->n_types, offsetof(hone_seqeval_type, f1), weighted);
    }
    hone__free(values);
    return HONE_OK;
}

hone_status hone_seqeval_compute(hone_seqeval *s, hone_seqeval_scores *out)
{
    const seqeval_counter *c = NULL;
    *out = (hone_seqeval_scores){.overall.name = "overall", .macro.name = "macro avg", .weighted.name = "weighted avg"};
    HONE_TRY(pick(&c, s));
    HONE_TRY(make_rows(&out->n_types, s, c));
    out->types = s->rows;
    for (size_t i = 0; i < out->n_types; i++) {
        out->overall.n_correct += s->rows[i].n_correct;
        out->overall.n_predicted += s->rows[i].n_predicted;
        out->overall.number += s->rows[i].number;
    }
    score(&out->overall);
    out->accuracy = divide(s->n_equal, s->n_tags);
    out->n_tags = s->n_tags;
    out->n_sentences = s->n_sentences;
    return average_rows(out);
}
