/* Answers out of logits (hone/qa.h), as postprocess_qa_predictions of utils_qa.py: the best starts and ends of a window, their pairs, the best pairs of all windows in a heap whose
 * worst is on top. The order of equal ones is that of a stable argsort and of Python's sorted: what comes first stays first. */
#include "base/mem.h"

#include <hone/qa.h>

#include <math.h>
#include <stdlib.h>

typedef struct peak {
    float logit;
    int32_t token;
} peak;

typedef struct entry {
    hone_qa_candidate c;
    uint64_t order; /* when it was found */
} entry;

struct hone_qa_answers {
    hone_qa_answers_options o;
    peak *starts, *ends; /* (n_best_size) */
    entry *heap;         /* (n_best_size + 1) */
    size_t n;
    uint64_t order;
    bool has_null, done;
    hone_qa_candidate null;
    hone_qa_candidate *listed; /* (n_best_size + 2) */
};

hone_status hone_qa_answers_new(hone_qa_answers **out, const hone_qa_answers_options *options)
{
    static const hone_qa_answers_options defaults = HONE_QA_ANSWERS_OPTIONS_INIT;
    const hone_qa_answers_options *o = options ? options : &defaults;
    hone_qa_answers *a = NULL;
    hone_status status;
    *out = NULL;
    if (o->n_best_size == 0 || o->max_answer_length == 0 || o->n_best_size > INT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "answers: n_best_size %zu and max_answer_length %zu must be above 0", o->n_best_size,
                          o->max_answer_length);
    HONE_TRY(HONE_NEW(&a, 1));
    a->o = *o;
    HONE_GO(HONE_ALLOC(&a->starts, o->n_best_size));
    HONE_GO(HONE_ALLOC(&a->ends, o->n_best_size));
    HONE_GO(HONE_ALLOC(&a->heap, o->n_best_size + 1));
    HONE_GO(HONE_ALLOC(&a->listed, o->n_best_size + 2));
    *out = a;
    return HONE_OK;
done:
    hone_qa_answers_free(a);
    return status;
}

void hone_qa_answers_free(hone_qa_answers *a)
{
    if (!a)
        return;
    hone__free(a->starts);
    hone__free(a->ends);
    hone__free(a->heap);
    hone__free(a->listed);
    hone__free(a);
}

/* ---- a window ---- */

/* The n_best highest of n logits, highest first; what is no number counts as the lowest. */
static size_t find_peaks(peak *out, size_t n_best, const float *logits, size_t step, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        float x = isnan(logits[i * step]) ? -INFINITY : logits[i * step];
        if (found == n_best && !(x > out[found - 1].logit))
            continue;
        size_t at = found < n_best ? found++ : found - 1;
        for (; at > 0 && x > out[at - 1].logit; at--)
            out[at] = out[at - 1];
        out[at] = (peak){x, (int32_t)i};
    }
    return found;
}

static bool is_worse(const entry *x, const entry *y)
{
    return x->c.score != y->c.score ? x->c.score < y->c.score : x->order > y->order;
}

static void sift_down(entry *heap, size_t n, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && is_worse(&heap[child + 1], &heap[child]);
        if (!is_worse(&heap[child], &heap[at]))
            return;
        entry swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
    }
}

static void sift_up(entry *heap, size_t at)
{
    for (size_t parent; at > 0 && is_worse(&heap[at], &heap[parent = (at - 1) / 2]); at = parent) {
        entry swap = heap[at];
        heap[at] = heap[parent];
        heap[parent] = swap;
    }
}

static void put(hone_qa_answers *a, const hone_qa_candidate *c)
{
    entry e = {*c, a->order++};
    if (a->n < a->o.n_best_size) {
        a->heap[a->n] = e;
        sift_up(a->heap, a->n++);
    } else if (is_worse(&a->heap[0], &e)) {
        a->heap[0] = e;
        sift_down(a->heap, a->n, 0);
    }
}

static void note_null(hone_qa_answers *a, float start, float end)
{
    float score = start + end;
    if (!a->has_null || a->null.score > score)
        a->null = (hone_qa_candidate){.start_logit = start, .end_logit = end, .score = score};
    a->has_null = true;
}

hone_status hone_qa_answers_add(hone_qa_answers *a, const hone_qa_window *w, const float *start, const float *end, size_t step, size_t n)
{
    if (a->done) { /* the next question */
        a->n = 0;
        a->order = 0;
        a->has_null = a->done = false;
    }
    if (n == 0 || n > INT32_MAX || !w->offsets != !w->n_context || (size_t)(w->context_first + w->n_context) > n)
        return hone__fail(HONE_INVALID_ARGUMENT, "answers: %zu logits for a passage at tokens %d to %d%s", n, w->context_first,
                          w->context_first + w->n_context, w->offsets ? "" : " without offsets");
    note_null(a, start[0], end[0]);
    size_t n_starts = find_peaks(a->starts, a->o.n_best_size, start, step, n), n_ends = find_peaks(a->ends, a->o.n_best_size, end, step, n);
    for (size_t i = 0; i < n_starts; i++) {
        int32_t s = a->starts[i].token - w->context_first;
        if (s < 0 || s >= w->n_context)
            continue;
        for (size_t k = 0; k < n_ends; k++) {
            int32_t e = a->ends[k].token - w->context_first;
            if (e < s || e >= w->n_context || (size_t)(e - s) >= a->o.max_answer_length)
                continue;
            float x = a->starts[i].logit, y = a->ends[k].logit;
            put(a, &(hone_qa_candidate){w->offsets[2 * s], w->offsets[2 * e + 1], x, y, x + y, 0});
        }
    }
    return HONE_OK;
}

/* ---- a question ---- */

static int by_rank(const void *x, const void *y)
{
    return is_worse(x, y) ? 1 : is_worse(y, x) ? -1 : 0;
}

/* The null answer takes part as the candidate that was found last; where it is not among the best it stands behind them. */
static void add_null(hone_qa_answers *a)
{
    entry e = {a->null, a->order};
    bool listed = a->n < a->o.n_best_size || is_worse(&a->heap[a->n - 1], &e);
    size_t at = a->n;
    if (listed) {
        if (a->n == a->o.n_best_size)
            at = --a->n;
        for (; at > 0 && is_worse(&a->heap[at - 1], &e); at--)
            a->heap[at] = a->heap[at - 1];
    }
    a->heap[at] = e;
    a->n++;
}

static void weigh(hone_qa_candidate *c, size_t n)
{
    double top = c[0].score, sum = 0;
    for (size_t i = 0; i < n; i++)
        top = c[i].score > top ? c[i].score : top;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)c[i].score - top);
    for (size_t i = 0; i < n; i++)
        c[i].probability = sum > 0 ? exp((double)c[i].score - top) / sum : 0;
}

/* The answer that counts: the first candidate; with null answers the first that has text. */
static size_t find_best(const hone_qa_answers *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (!a->o.version_2_with_negative || a->heap[i].c.end > a->heap[i].c.start)
            return i;
    return a->n;
}

void hone_qa_answers_result(hone_qa_answers *a, hone_qa_result *out)
{
    size_t n = 0;
    if (a->done)
        a->n = a->has_null = 0;
    if (a->n > 1)
        qsort(a->heap, a->n, sizeof(*a->heap), by_rank);
    if (a->o.version_2_with_negative && a->has_null)
        add_null(a);
    size_t best = find_best(a);
    if (best == a->n) { /* there is none: an answer without text stands for it */
        a->listed[n++] = (hone_qa_candidate){0};
        best = 0;
    }
    for (size_t i = 0; i < a->n; i++)
        a->listed[n++] = a->heap[i].c;
    weigh(a->listed, n);
    *out = (hone_qa_result){.candidates = a->listed, .n_candidates = n, .best = &a->listed[best]};
    out->null_score = a->has_null ? a->null.score : 0;
    out->score_difference = (double)out->null_score - (double)out->best->start_logit - (double)out->best->end_logit;
    a->done = true;
}
