/* Exact match and F1 of answers: evaluate-v1.1.py and evaluate-v2.0.py of SQuAD, a question at a time. Of a question only its two scores are kept (version 2: also whether it has an answer, and how
 * probable it is that it has none), for the best thresholds need them all. */
#include "metrics/squad.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hone_status hone_squad_new(hone_squad **out, bool version_2)
{
    HONE_TRY(HONE_NEW(out, 1));
    (*out)->version_2 = version_2;
    return HONE_OK;
}

void hone_squad_free(hone_squad *s)
{
    if (!s)
        return;
    hone__answer_dispose(&s->prediction);
    hone__answer_dispose(&s->gold);
    hone__free(s->questions);
    hone__free(s);
}

/* ---- one answer ---- */

/* Words that both have, as often as both have them. */
static size_t count_common(const hone_answer *a, const hone_answer *b)
{
    size_t i = 0, k = 0, n = 0;
    while (i < a->n_words && k < b->n_words) {
        int order = hone__word_compare(&a->words[i], &b->words[k]);
        n += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    return n;
}

static bool same_text(const hone_answer *a, const hone_answer *b)
{
    return a->text.len == b->text.len && (a->text.len == 0 || memcmp(a->text.data, b->text.data, a->text.len) == 0);
}

static double f1_of(const hone_squad *s, const hone_answer *prediction, const hone_answer *gold)
{
    if (s->version_2 && (prediction->n_words == 0 || gold->n_words == 0))
        return prediction->n_words == gold->n_words;
    double common = (double)count_common(prediction, gold);
    double precision = common / (double)prediction->n_words, recall = common / (double)gold->n_words;
    return common > 0 ? 2 * precision * recall / (precision + recall) : 0.0;
}

/* The best over the golds of one question. Version 2 drops golds of which nothing is left, and holds a question without golds for one whose answer is empty. */
static hone_status add_golds(hone_squad_question *q, hone_squad *s, const char *const *answers, size_t n)
{
    size_t n_used = 0;
    for (size_t i = 0; i < n; i++) {
        HONE_TRY(hone__answer_normalise(&s->gold, answers[i], strlen(answers[i])));
        if (s->version_2 && s->gold.n_words == 0)
            continue;
        q->exact = fmax(q->exact, same_text(&s->prediction, &s->gold));
        q->f1 = fmax(q->f1, f1_of(s, &s->prediction, &s->gold));
        n_used++;
    }
    if (s->version_2 && !n_used)
        q->exact = q->f1 = s->prediction.n_words == 0;
    return HONE_OK;
}

hone_status hone__squad_add(hone_squad *s, const char *prediction, const char *const *answers, size_t n_answers,
                            double no_answer_probability, uint64_t order)
{
    hone_squad_question q = {.no_answer_probability = no_answer_probability,
                             .order = order,
                             .has_answer = n_answers > 0,
                             .is_answered = prediction && *prediction};
    HONE_TRY(HONE_GROW(&s->questions, &s->capacity, s->n + 1));
    if (prediction) {
        HONE_TRY(hone__answer_normalise(&s->prediction, prediction, strlen(prediction)));
        HONE_TRY(add_golds(&q, s, answers, n_answers));
    }
    s->questions[s->n++] = q;
    return HONE_OK;
}

hone_status hone_squad_add(hone_squad *s, const char *prediction, const char *const *answers, size_t n_answers,
                           double no_answer_probability)
{
    return hone__squad_add(s, prediction, answers, n_answers, no_answer_probability, s->n);
}

/* ---- all of them ---- */

enum { ALL, HAS_ANSWER, NO_ANSWER };

/* Which of a question's scores. */
static double value_of(const hone_squad_question *q, bool f1)
{
    return f1 ? q->f1 : q->exact;
}

/* 100 times the mean over a kind of questions; a question that is held for unanswerable gets what that is worth. */
static double mean(size_t *n, const hone_squad *s, int kind, bool f1, double threshold)
{
    double sum = 0;
    *n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const hone_squad_question *q = &s->questions[i];
        if (kind != ALL && q->has_answer != (kind == HAS_ANSWER))
            continue;
        sum += s->version_2 && q->no_answer_probability > threshold ? (double)!q->has_answer : value_of(q, f1);
        ++*n;
    }
    return *n ? 100.0 * sum / (double)*n : 0.0;
}

static hone_status put_group(hone_metrics *out, const hone_squad *s, int kind, double threshold)
{
    static const char *const prefixes[] = {"", "HasAns_", "NoAns_"};
    static const char *const keys[] = {"exact", "f1", "total"};
    size_t n;
    double values[3] = {mean(&n, s, kind, false, threshold), mean(&n, s, kind, true, threshold)};
    values[2] = (double)n;
    if (kind != ALL && !n)
        return HONE_OK;
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%s%s", prefixes[kind], keys[i]);
        HONE_TRY(i == 2 ? hone_metrics_set_int(out, name, (int64_t)n) : hone_metrics_set(out, name, values[i]));
    }
    return HONE_OK;
}

static int by_probability(const void *a, const void *b)
{
    const hone_squad_question *x = *(const hone_squad_question *const *)a, *y = *(const hone_squad_question *const *)b;
    if (x->no_answer_probability != y->no_answer_probability)
        return x->no_answer_probability < y->no_answer_probability ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* find_best_thresh: as the threshold rises, questions become answered one by one. */
static void best_threshold(double *score, double *threshold, const hone_squad_question *const *order, size_t n, bool f1)
{
    double now = 0, best;
    for (size_t i = 0; i < n; i++)
        now += !order[i]->has_answer;
    best = now;
    *threshold = 0.0;
    for (size_t i = 0; i < n; i++) {
        const hone_squad_question *q = order[i];
        now += q->has_answer ? value_of(q, f1) : q->is_answered ? -1.0 : 0.0;
        if (now > best) {
            best = now;
            *threshold = q->no_answer_probability;
        }
    }
    *score = n ? 100.0 * best / (double)n : 0.0;
}

static hone_status put_best(hone_metrics *out, const hone_squad *s)
{
    const hone_squad_question **order = NULL;
    hone_status status = HONE_OK;
    double score, threshold;
    HONE_GO(HONE_ALLOC(&order, s->n));
    for (size_t i = 0; i < s->n; i++)
        order[i] = &s->questions[i];
    if (s->n)
        qsort(order, s->n, sizeof(*order), by_probability);
    for (int f1 = 0; f1 < 2; f1++) {
        best_threshold(&score, &threshold, order, s->n, f1);
        HONE_GO(hone_metrics_set(out, f1 ? "best_f1" : "best_exact", score));
        HONE_GO(hone_metrics_set(out, f1 ? "best_f1_thresh" : "best_exact_thresh", threshold));
    }
done:
    hone__free(order);
    return status;
}

hone_status hone_squad_compute(const hone_squad *s, hone_metrics *out, double no_answer_threshold, bool best)
{
    size_t n;
    if (!s->version_2) {
        HONE_TRY(hone_metrics_set(out, "exact_match", mean(&n, s, ALL, false, 0)));
        return hone_metrics_set(out, "f1", mean(&n, s, ALL, true, 0));
    }
    for (int kind = ALL; kind <= NO_ANSWER; kind++)
        HONE_TRY(put_group(out, s, kind, no_answer_threshold));
    return best ? put_best(out, s) : HONE_OK;
}
