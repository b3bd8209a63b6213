/* Beam search for one prompt (beam_search.h); names and order of steps as in transformers' generation/utils.py, _beam_search. */
#include "models/beam_search.h"

#include <math.h>
#include <string.h>

#define NOT_YET (-1.0e9f) /* the reference's "very large negative value": added in float32, so it swallows the score */

typedef struct candidate {
    float score;
    int32_t beam, id;
    bool hits; /* ends its sequence */
} candidate;

typedef struct finished {
    float score;
    bool done;
    size_t length;
    int32_t *ids; /* (max_length) */
} finished;

struct hone_beams {
    hone_beam_options o;
    int n_keep;                  /* K candidates a step */
    size_t length;               /* of the running sequences */
    int32_t *running, *next;     /* (B, max_length) */
    float *scores;               /* (B) of the running beams */
    int32_t *parents;            /* (B) */
    finished *finished, *merged; /* (B) and scratch for the merge */
    candidate *candidates;       /* (K) in descending order */
    float *values;               /* (B + K) what is compared … */
    bool *taken;                 /* … and what was chosen */
    bool improvable, done;
    int32_t *ids; /* every sequence's memory, one block */
};

/* Sequences: B running, B being built, B finished, B being merged. */
static hone_status alloc_sequences(hone_beams *b)
{
    size_t n = (size_t)b->o.n_beams, each;
    if (!hone__mul_size(&each, n, b->o.max_length))
        return hone__fail(HONE_OUT_OF_MEMORY, "%d beams of %zu tokens are too many", b->o.n_beams, b->o.max_length);
    HONE_TRY(hone__calloc_((void **)&b->ids, each, 4 * sizeof(int32_t)));
    b->running = b->ids;
    b->next = b->ids + each;
    for (size_t j = 0; j < n; j++) {
        b->finished[j] = (finished){.score = NOT_YET, .ids = b->ids + 2 * each + j * b->o.max_length};
        b->merged[j].ids = b->ids + 3 * each + j * b->o.max_length;
    }
    return HONE_OK;
}

hone_status hone__beams_new(hone_beams **out, const hone_beam_options *options, const int32_t *prompt)
{
    hone_beams *b = NULL;
    hone_status status = HONE_OK;
    size_t n = (size_t)options->n_beams;
    *out = NULL;
    HONE_GO(HONE_NEW(&b, 1));
    b->o = *options;
    b->n_keep = (options->n_eos > 1 ? 1 + (int)options->n_eos : 2) * options->n_beams;
    b->length = options->prompt_length;
    b->improvable = true;
    HONE_GO(HONE_NEW(&b->scores, n));
    HONE_GO(HONE_NEW(&b->parents, n));
    HONE_GO(HONE_NEW(&b->finished, n));
    HONE_GO(HONE_NEW(&b->merged, n));
    HONE_GO(HONE_NEW(&b->candidates, (size_t)b->n_keep + 1));
    HONE_GO(HONE_NEW(&b->values, n + (size_t)b->n_keep));
    HONE_GO(HONE_NEW(&b->taken, n + (size_t)b->n_keep));
    HONE_GO(alloc_sequences(b));
    for (size_t j = 0; j < n; j++) {
        b->scores[j] = j ? NOT_YET : 0.0f; /* all beams are the prompt still: only the first one counts */
        memcpy(b->running + j * b->o.max_length, prompt, b->length * sizeof(*prompt));
    }
    *out = b;
    return HONE_OK;
done:
    hone__beams_free(b);
    return status;
}

void hone__beams_free(hone_beams *b)
{
    if (!b)
        return;
    hone__free(b->scores);
    hone__free(b->parents);
    hone__free(b->finished);
    hone__free(b->merged);
    hone__free(b->candidates);
    hone__free(b->values);
    hone__free(b->taken);
    hone__free(b->ids);
    hone__free(b);
}

/* The K best of all beams' continuations, best first. */
static void find_candidates(hone_beams *b, const float *log_probs, int64_t n_classes)
{
    int n = 0;
    for (int beam = 0; beam < b->o.n_beams; beam++) {
        const float *row = log_probs + beam * n_classes;
        for (int64_t id = 0; id < n_classes; id++) {
            float score = row[id] + b->scores[beam];
            if (n == b->n_keep && !(score > b->candidates[n - 1].score))
                continue;
            int at = n < b->n_keep ? n++ : n - 1;
            for (; at > 0 && score > b->candidates[at - 1].score; at--)
                b->candidates[at] = b->candidates[at - 1];
            b->candidates[at] = (candidate){.score = score, .beam = beam, .id = (int32_t)id};
        }
    }
    b->n_keep = n;
}

static void find_hits(hone_beams *b)
{
    for (int k = 0; k < b->n_keep; k++) {
        candidate *c = &b->candidates[k];
        c->hits = b->length + 1 >= b->o.max_length;
        for (size_t i = 0; i < b->o.n_eos; i++)
            c->hits = c->hits || c->id == b->o.eos[i];
    }
}

/* The place of the largest of values[0..n) that is not taken; the first of equals. */
static int take_best(hone_beams *b, int n)
{
    const float *values = b->values;
    bool *taken = b->taken;
    int best = -1;
    for (int i = 0; i < n; i++)
        if (!taken[i] && (best < 0 || values[i] > values[best]))
            best = i;
    if (best >= 0)
        taken[best] = true;
    return best;
}

/* _get_running_beams_for_next_iteration: into next, scores and parents. */
static void advance_running(hone_beams *b)
{
    float *values = b->values;
    size_t max_length = b->o.max_length;
    for (int k = 0; k < b->n_keep; k++) {
        values[k] = b->candidates[k].score + (b->candidates[k].hits ? NOT_YET : 0.0f);
        b->taken[k] = false;
    }
    for (int j = 0; j < b->o.n_beams; j++) {
        int k = take_best(b, b->n_keep);
        const candidate *c = &b->candidates[k];
        int32_t *to = b->next + (size_t)j * max_length;
        memcpy(to, b->running + (size_t)c->beam * max_length, b->length * sizeof(*to));
        to[b->length] = c->id;
        b->scores[j] = values[k];
        b->parents[j] = c->beam;
    }
}

static bool all_done(const hone_beams *b)
{
    for (int j = 0; j < b->o.n_beams; j++)
        if (!b->finished[j].done)
            return false;
    return true;
}

/* _update_finished_beams: the best B of the finished ones and of the candidates that just ended. Reads `running` as it was. */
static void update_finished(hone_beams *b)
{
    float *values = b->values;
    int n = b->o.n_beams;
    float divisor = (float)pow((double)(b->length + 1 - b->o.prompt_length), b->o.length_penalty);
    bool full = b->o.early_stopping && all_done(b);
    for (int i = 0; i < n + b->n_keep; i++) {
        b->taken[i] = false;
        if (i < n) {
            values[i] = b->finished[i].score;
            continue;
        }
        const candidate *c = &b->candidates[i - n];
        values[i] = c->score / divisor;
        values[i] += full ? NOT_YET : 0.0f;
        values[i] += b->improvable ? 0.0f : NOT_YET;
        values[i] += c->hits && i - n < n ? 0.0f : NOT_YET; /* only the first B candidates may end */
    }
    for (int j = 0; j < n; j++) {
        int i = take_best(b, n + b->n_keep);
        finished *to = &b->merged[j];
        to->score = values[i];
        if (i < n) {
            to->done = b->finished[i].done;
            to->length = b->finished[i].length;
            memcpy(to->ids, b->finished[i].ids, to->length * sizeof(*to->ids));
            continue;
        }
        const candidate *c = &b->candidates[i - n];
        to->done = c->hits && i - n < n;
        to->length = b->length + 1;
        memcpy(to->ids, b->running + (size_t)c->beam * b->o.max_length, b->length * sizeof(*to->ids));
        to->ids[b->length] = c->id;
    }
    finished *held = b->finished;
    b->finished = b->merged;
    b->merged = held;
}

/* _check_early_stop_heuristic and _beam_search_has_unfinished_sequences, after length has grown. */
static void check_end(hone_beams *b)
{
    float best = b->scores[0] / (float)pow((double)(b->length - b->o.prompt_length), b->o.length_penalty), worst = INFINITY;
    bool possible = false, all_hit = true;
    for (int j = 0; j < b->o.n_beams; j++)
        worst = b->finished[j].score < worst ? b->finished[j].score : worst;
    for (int j = 0; j < b->o.n_beams; j++)
        possible = possible || best > (b->finished[j].done ? worst : NOT_YET);
    b->improvable = b->improvable && possible;
    for (int k = 0; k < b->n_keep; k++)
        all_hit = all_hit && b->candidates[k].hits;
    b->done = !b->improvable || (b->o.early_stopping && all_done(b)) || all_hit;
}

void hone__beams_advance(hone_beams *b, const float *log_probs, int64_t n_classes)
{
    find_candidates(b, log_probs, n_classes);
    find_hits(b);
    advance_running(b);
    update_finished(b);
    int32_t *held = b->running;
    b->running = b->next;
    b->next = held;
    b->length++;
    check_end(b);
}

bool hone__beams_done(const hone_beams *b)
{
    return b->done;
}

const int32_t *hone__beams_parents(const hone_beams *b)
{
    return b->parents;
}

const int32_t *hone__beams_running(const hone_beams *b, int beam, size_t *length)
{
    *length = b->length;
    return b->running + (size_t)beam * b->o.max_length;
}

const int32_t *hone__beams_finished(const hone_beams *b, int rank, size_t *length, float *score)
{
    *length = b->finished[rank].length;
    *score = b->finished[rank].score;
    return b->finished[rank].ids;
}
