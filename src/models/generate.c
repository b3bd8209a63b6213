/* hone/generate.h: greedy search, sampling and beams over a model with a key/value cache; transformers' generate() on packed rows.
 *
 * Every sequence has a slot of the cache and leaves the batch when it ends. A prompt is read once, whatever the number of sequences that go on from it.
 * Where the reference pads a batch on the left, hone does not, so a row's result is that of the prompt alone. */
#include <hone/generate.h>

#include "base/spans.h"
#include "models/beam_search.h"
#include "models/stepper.h"
#include "models/logits_process.h"

#include <math.h>
#include <string.h>

#define PREFILL_TOKENS 2048 /* prompts beyond it are read in pieces, so that activations stay small */

static const hone_generate_options default_options = HONE_GENERATE_OPTIONS_INIT;

/* What one call works with. */
typedef struct run {
    const hone_generate_options *o;
    const hone_model *m;
    const int32_t *const *prompts;
    const size_t *lengths;
    size_t n_prompts, n_each; /* sequences (or beams) that go on from each prompt */
    const int32_t *eos;
    int32_t own_eos;
    size_t n_eos;
    int32_t pad;
    hone_stepper d;
    hone_logits_work work;
    hone_generation *out;
    bool stopped; /* on_token said so */
    /* (n_prompts * n_each) of the running step */
    int32_t *slots, *n_new;
    const int32_t **new_ids;
} run;

/* ---- checks, before anything runs ---- */

static hone_status check_range(const char *name, double value, double low, double high)
{
    if (value >= low && value <= high)
        return HONE_OK;
    return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be between %.10g and %.10g, is %.10g", name, low, high, value);
}

hone_status hone_generate_check(const hone_generate_options *o)
{
    HONE_TRY(check_range("max_new_tokens", (double)o->max_new_tokens, 1, INT32_MAX));
    HONE_TRY(check_range("num_beams", (double)o->num_beams, 1, 1024));
    HONE_TRY(check_range("num_return_sequences", (double)o->num_return_sequences, 1, 1 << 20));
    HONE_TRY(check_range("repetition_penalty", o->repetition_penalty, 1e-6, 1e6));
    HONE_TRY(check_range("no_repeat_ngram_size", (double)o->no_repeat_ngram_size, 0, INT32_MAX));
    HONE_TRY(check_range("length_penalty", o->length_penalty, -100, 100));
    if (o->do_sample) {
        HONE_TRY(check_range("temperature", o->temperature, 1e-6, 1e6));
        HONE_TRY(check_range("top_k", (double)o->top_k, 0, INT32_MAX));
        HONE_TRY(check_range("top_p", o->top_p, 0, 1));
    }
    if (o->do_sample && o->num_beams > 1)
        return hone__hint(hone__fail(HONE_UNSUPPORTED, "beams are not sampled"), "leave out --do_sample or --num_beams");
    if (o->num_beams > 1 && o->num_return_sequences > o->num_beams)
        return hone__fail(HONE_INVALID_ARGUMENT, "--num_return_sequences (%lld) must not exceed --num_beams (%lld)",
                          (long long)o->num_return_sequences, (long long)o->num_beams);
    if (!o->do_sample && o->num_beams == 1 && o->num_return_sequences > 1)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "greedy search has one result, --num_return_sequences is %lld",
                                     (long long)o->num_return_sequences),
                          "add --do_sample or --num_beams");
    return HONE_OK;
}

/* "the prompt", or among several which one. */
static const char *prompt_name(char *out, size_t capacity, const run *x, size_t i)
{
    if (x->n_prompts == 1)
        return "the prompt";
    snprintf(out, capacity, "prompt %zu", i + 1);
    return out;
}

static hone_status check_prompt(const run *x, size_t i)
{
    int64_t room = x->m->config->max_positions, vocabulary = x->m->config->vocab_size, n = (int64_t)x->lengths[i];
    char text[32];
    const char *name = prompt_name(text, sizeof(text), x, i);
    if (n == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s is empty", name),
                          "give it at least one token, for instance the end-of-text token");
    if (n >= room)
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "%s has %lld tokens, the model has %lld positions", name, (long long)n, (long long)room),
            "shorten the prompt");
    if (x->o->max_new_tokens > room - n)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s has %lld tokens, %lld more do not fit the model's %lld positions", name,
                                     (long long)n, (long long)x->o->max_new_tokens, (long long)room),
                          "--max_new_tokens %lld fits", (long long)(room - n));
    for (int64_t k = 0; k < n; k++)
        if (x->prompts[i][k] < 0 || x->prompts[i][k] >= vocabulary)
            return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: id %d is outside the model's vocabulary of %lld", name,
                                         x->prompts[i][k], (long long)vocabulary),
                              "tokenizer and model must be of one folder");
    return HONE_OK;
}

static hone_status check(const run *x)
{
    if (x->m->task != HONE_CAUSAL_LM)
        return hone__fail(HONE_UNSUPPORTED, "text is generated by causal language models");
    HONE_TRY(hone_generate_check(x->o));
    if (x->n_prompts * x->n_each > (1u << 20))
        return hone__fail(HONE_INVALID_ARGUMENT, "%zu sequences at once are too many", x->n_prompts * x->n_each);
    for (size_t i = 0; i < x->n_prompts; i++)
        HONE_TRY(check_prompt(x, i));
    return HONE_OK;
}

static void settle_ids(run *x)
{
    x->eos = x->m->eos;
    x->n_eos = x->m->n_eos;
    if (x->o->eos_token_id != -2) {
        x->own_eos = (int32_t)x->o->eos_token_id;
        x->eos = &x->own_eos;
        x->n_eos = x->o->eos_token_id >= 0;
    }
    int64_t pad = x->o->pad_token_id == -2 ? x->m->pad_token_id : x->o->pad_token_id;
    x->pad = pad >= 0 ? (int32_t)pad : x->n_eos ? x->eos[0] : 0;
}

static bool ends(const run *x, int32_t id)
{
    for (size_t i = 0; i < x->n_eos; i++)
        if (x->eos[i] == id)
            return true;
    return false;
}

/* ---- reading the prompts ---- */

static size_t max_prompt(const run *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n_prompts; i++)
        n = x->lengths[i] > n ? x->lengths[i] : n;
    return n;
}

static size_t total_prompt(const run *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n_prompts; i++)
        n += x->lengths[i];
    return n;
}

/* All but the last token of a prompt into the cache, by pieces. */
static hone_status read_ahead(run *x, size_t prompt, int32_t slot)
{
    for (size_t at = 0, n = x->lengths[prompt] - 1; at < n;) {
        int32_t now = (int32_t)(n - at < PREFILL_TOKENS ? n - at : PREFILL_TOKENS);
        const int32_t *ids = x->prompts[prompt] + at;
        HONE_TRY(hone__stepper_feed(&x->d, 1, &slot, &ids, &now, false));
        at += (size_t)now;
    }
    return HONE_OK;
}

/* Prompt i into slot i * n_each; row i of the logits is its last token's. Then its other slots become copies. */
static hone_status read_prompts(run *x)
{
    bool large = total_prompt(x) > PREFILL_TOKENS;
    for (size_t i = 0; i < x->n_prompts; i++) {
        size_t skip = large ? x->lengths[i] - 1 : 0;
        x->slots[i] = (int32_t)(i * x->n_each);
        x->new_ids[i] = x->prompts[i] + skip;
        x->n_new[i] = (int32_t)(x->lengths[i] - skip);
        if (large)
            HONE_TRY(read_ahead(x, i, x->slots[i]));
    }
    HONE_TRY(hone__stepper_feed(&x->d, (int32_t)x->n_prompts, x->slots, x->new_ids, x->n_new, true));
    for (size_t i = 0; i < x->n_prompts; i++)
        for (size_t k = 1; k < x->n_each; k++)
            HONE_TRY(hone__kv_cache_copy(x->d.cache, (int32_t)(i * x->n_each + k), (int32_t)(i * x->n_each)));
    return HONE_OK;
}

/* ---- results ---- */

static hone_status begin_result(run *x, size_t n_return)
{
    hone_generation *g = x->out;
    size_t n = x->n_prompts * n_return;
    HONE_TRY(HONE_NEW(&g->ids, n));
    HONE_TRY(HONE_NEW(&g->lengths, n));
    HONE_TRY(HONE_NEW(&g->widths, n));
    HONE_TRY(HONE_NEW(&g->scores, n));
    g->n_sequences = n;
    for (size_t i = 0; i < n; i++) {
        size_t prompt = i / n_return;
        HONE_TRY(HONE_ALLOC(&g->ids[i], x->lengths[prompt] + (size_t)x->o->max_new_tokens));
        memcpy(g->ids[i], x->prompts[prompt], x->lengths[prompt] * sizeof(int32_t));
        g->lengths[i] = (int32_t)x->lengths[prompt];
    }
    return HONE_OK;
}

/* Rows of one prompt are padded to the longest of them. */
static void pad_result(run *x, size_t n_return)
{
    hone_generation *g = x->out;
    for (size_t first = 0; first < g->n_sequences; first += n_return) {
        int32_t width = 0;
        for (size_t i = first; i < first + n_return; i++)
            width = g->lengths[i] > width ? g->lengths[i] : width;
        for (size_t i = first; i < first + n_return; i++) {
            g->widths[i] = width;
            for (int32_t k = g->lengths[i]; k < width; k++)
                g->ids[i][k] = x->pad;
        }
    }
}

void hone_generation_dispose(hone_generation *g)
{
    if (!g)
        return;
    for (size_t i = 0; g->ids && i < g->n_sequences; i++)
        hone__free(g->ids[i]);
    hone__free(g->ids);
    hone__free(g->lengths);
    hone__free(g->widths);
    hone__free(g->scores);
    *g = (hone_generation){0};
}

/* ---- greedy search and sampling ---- */

static bool penalises(const hone_generate_options *o)
{
    return o->repetition_penalty != 1.0 || o->no_repeat_ngram_size > 0;
}

static void penalise(run *x, float *scores, const int32_t *ids, size_t n)
{
    if (x->o->repetition_penalty != 1.0)
        hone__repetition_penalty(scores, ids, n, (float)x->o->repetition_penalty, &x->work);
    if (x->o->no_repeat_ngram_size > 0)
        hone__ban_repeated_ngrams(scores, ids, n, (size_t)x->o->no_repeat_ngram_size);
}

static int32_t largest(const float *scores, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (scores[i] > scores[best])
            best = i;
    return (int32_t)best;
}

/* The next id of a sequence from a row of logits; scores is work space of V floats, NULL for the plain argmax that the device has found. */
static int32_t choose(run *x, size_t sequence, int32_t row, float *scores)
{
    const hone_generate_options *o = x->o;
    const hone_generation *g = x->out;
    int64_t n = x->d.n_classes;
    size_t length = (size_t)g->lengths[sequence];
    if (!scores)
        return x->d.best[row];
    memcpy(scores, x->d.host + row * n, (size_t)n * sizeof(float));
    penalise(x, scores, g->ids[sequence], length);
    if (!o->do_sample)
        return largest(scores, n);
    for (int64_t i = 0; o->temperature != 1.0 && i < n; i++)
        scores[i] /= (float)o->temperature;
    hone__keep_top_k(scores, (size_t)o->top_k, &x->work);
    hone__keep_top_p(scores, o->top_p, &x->work);
    size_t step = length - x->lengths[sequence / x->n_each];
    return hone__sample(scores, n, hone__sample_uniform(o->seed, o->first_sequence + sequence, (uint32_t)step));
}

/* log p of an id under the model itself, before any processor. */
static double log_probability(const run *x, int32_t row, int32_t id)
{
    const float *state = x->d.states + 4 * (int64_t)row;
    double logit =
        x->d.host ? (double)x->d.host[row * x->d.n_classes + id] : (double)state[0]; /* without processors the largest was chosen */
    return logit - (double)state[0] - log((double)state[1]);
}

static hone_status look_at_logits(run *x, bool plain)
{
    HONE_TRY(hone__stepper_states(&x->d));
    return plain ? hone__stepper_argmax(&x->d) : hone__stepper_read(&x->d, false);
}

/* Appends an id; true when the sequence goes on. */
static bool append(run *x, size_t sequence, int32_t row, int32_t id)
{
    hone_generation *g = x->out;
    g->scores[sequence] += log_probability(x, row, id);
    g->ids[sequence][g->lengths[sequence]++] = id;
    if (x->o->on_token && !x->o->on_token(x->o->payload, sequence, id))
        x->stopped = true;
    return !ends(x, id) && (int64_t)g->lengths[sequence] < (int64_t)x->lengths[sequence / x->n_each] + x->o->max_new_tokens;
}

/* One step after another for every sequence that has not ended. active: their numbers, which are their slots. */
static hone_status search(run *x, size_t *active, float *scores)
{
    hone_generation *g = x->out;
    size_t n_active = g->n_sequences, n_each = x->n_each;
    bool first = true;
    while (n_active > 0 && !x->stopped) {
        size_t kept = 0;
        HONE_TRY(look_at_logits(x, scores == NULL));
        hone__part_begin("choose");
        for (size_t a = 0; a < n_active && !x->stopped; a++) {
            size_t sequence = active[a];
            int32_t row = (int32_t)(first ? sequence / n_each : a);
            if (append(x, sequence, row, choose(x, sequence, row, scores)))
                active[kept++] = sequence;
        }
        hone__span_end();
        n_active = kept;
        for (size_t a = 0; a < n_active; a++) {
            x->slots[a] = (int32_t)active[a];
            x->new_ids[a] = g->ids[active[a]] + g->lengths[active[a]] - 1;
            x->n_new[a] = 1;
        }
        first = false;
        if (n_active > 0 && !x->stopped)
            HONE_TRY(hone__stepper_feed(&x->d, (int32_t)n_active, x->slots, x->new_ids, x->n_new, true));
    }
    return HONE_OK;
}

static hone_status run_search(run *x)
{
    size_t *active = NULL;
    float *scores = NULL;
    hone_status status = HONE_OK;
    HONE_GO(begin_result(x, x->n_each));
    HONE_GO(HONE_ALLOC(&active, x->out->n_sequences));
    for (size_t i = 0; i < x->out->n_sequences; i++)
        active[i] = i;
    if (x->o->do_sample || penalises(x->o))
        HONE_GO(HONE_ALLOC(&scores, (size_t)x->d.n_classes));
    HONE_GO(read_prompts(x));
    HONE_GO(search(x, active, scores));
    pad_result(x, x->n_each);
done:
    hone__free(active);
    hone__free(scores);
    return status;
}

/* ---- beams ---- */

/* The slots of one prompt follow its beams: a parent's slot goes to its first child, slots without a child take copies for the others. slot: (B) by beam. */
static hone_status move_slots(run *x, const int32_t *parents, int32_t *slot, int32_t *scratch)
{
    int n = (int)x->n_each;
    int32_t *old = scratch, *used = scratch + n;
    memcpy(old, slot, (size_t)n * sizeof(*slot));
    memset(used, 0, (size_t)n * sizeof(*used));
    for (int j = 0; j < n; j++) {
        slot[j] = used[parents[j]] ? -1 : old[parents[j]];
        used[parents[j]] = 1;
    }
    for (int j = 0, free = 0; j < n; j++) {
        if (slot[j] >= 0)
            continue;
        while (used[free])
            free++;
        slot[j] = old[free++];
        HONE_TRY(hone__kv_cache_copy(x->d.cache, slot[j], old[parents[j]]));
    }
    return HONE_OK;
}

/* One step of one prompt's beams from log probabilities (B, V). */
static void advance(run *x, hone_beams *b, float *log_probs)
{
    int64_t n = x->d.n_classes;
    for (size_t j = 0; j < x->n_each; j++) {
        size_t length;
        const int32_t *ids = hone__beams_running(b, (int)j, &length);
        penalise(x, log_probs + (int64_t)j * n, ids, length);
    }
    hone__beams_advance(b, log_probs, n);
}

/* slot: (prompts * B) by beam; scratch (2 B); spread (B, V): in the first step all beams are the prompt, which has one row of logits. */
static hone_status beam_steps(run *x, hone_beams **beams, int32_t *slot, int32_t *scratch, float *spread)
{
    size_t n_each = x->n_each, n_left = x->n_prompts;
    int64_t n = x->d.n_classes;
    for (bool first = true; n_left > 0; first = false) {
        int32_t row = 0, n_rows = 0;
        HONE_TRY(hone__stepper_read(&x->d, true));
        n_left = 0;
        for (size_t p = 0; p < x->n_prompts; p++) {
            float *log_probs = x->d.host + row * n;
            if (hone__beams_done(beams[p]))
                continue;
            row += first ? 1 : (int32_t)n_each;
            for (size_t j = 0; first && j < n_each; j++)
                memcpy(spread + (int64_t)j * n, log_probs, (size_t)n * sizeof(float));
            advance(x, beams[p], first ? spread : log_probs);
            if (hone__beams_done(beams[p]))
                continue;
            n_left++;
            HONE_TRY(move_slots(x, hone__beams_parents(beams[p]), slot + p * n_each, scratch));
            for (size_t j = 0; j < n_each; j++, n_rows++) {
                size_t length;
                const int32_t *ids = hone__beams_running(beams[p], (int)j, &length);
                x->slots[n_rows] = slot[p * n_each + j];
                x->new_ids[n_rows] = ids + length - 1;
                x->n_new[n_rows] = 1;
            }
        }
        if (n_left > 0)
            HONE_TRY(hone__stepper_feed(&x->d, n_rows, x->slots, x->new_ids, x->n_new, true));
    }
    return HONE_OK;
}

static void take_beams(run *x, hone_beams *const *beams)
{
    hone_generation *g = x->out;
    size_t n_return = (size_t)x->o->num_return_sequences;
    for (size_t i = 0; i < g->n_sequences; i++) {
        size_t length;
        float score;
        const int32_t *ids = hone__beams_finished(beams[i / n_return], (int)(i % n_return), &length, &score);
        memcpy(g->ids[i], ids, length * sizeof(*ids));
        g->lengths[i] = (int32_t)length;
        g->scores[i] = (double)score;
    }
    pad_result(x, n_return);
}

static hone_status run_beams(run *x)
{
    hone_beams **beams = NULL;
    int32_t *slot = NULL;
    float *spread = NULL;
    size_t n_rows = x->n_prompts * x->n_each;
    hone_status status = HONE_OK;
    HONE_GO(begin_result(x, (size_t)x->o->num_return_sequences));
    HONE_GO(HONE_NEW(&beams, x->n_prompts));
    HONE_GO(HONE_ALLOC(&slot, n_rows + 2 * x->n_each));
    HONE_GO(HONE_ALLOC(&spread, x->n_each * (size_t)x->d.n_classes));
    for (size_t i = 0; i < n_rows; i++)
        slot[i] = (int32_t)i;
    for (size_t p = 0; p < x->n_prompts; p++) {
        hone_beam_options o = {(int)x->n_each,
                               x->eos,
                               x->n_eos,
                               x->o->length_penalty,
                               x->o->early_stopping,
                               x->lengths[p],
                               x->lengths[p] + (size_t)x->o->max_new_tokens};
        HONE_GO(hone__beams_new(&beams[p], &o, x->prompts[p]));
    }
    HONE_GO(read_prompts(x));
    HONE_GO(beam_steps(x, beams, slot, slot + n_rows, spread));
    take_beams(x, beams);
done:
    for (size_t p = 0; beams && p < x->n_prompts; p++)
        hone__beams_free(beams[p]);
    hone__free(beams);
    hone__free(slot);
    hone__free(spread);
    return status;
}

/* ---- the call ---- */

static hone_status prepare(run *x)
{
    size_t n = x->n_prompts * x->n_each, total = total_prompt(x);
    int32_t tokens = (int32_t)(total < PREFILL_TOKENS ? total : PREFILL_TOKENS);
    HONE_TRY(HONE_ALLOC(&x->slots, n));
    HONE_TRY(HONE_ALLOC(&x->n_new, n));
    HONE_TRY(HONE_ALLOC(&x->new_ids, n));
    HONE_TRY(hone__logits_work_init(&x->work, x->m->config->vocab_size));
    return hone__stepper_init(&x->d, x->m, (int32_t)n, tokens, (int64_t)max_prompt(x) + x->o->max_new_tokens);
}

hone_status hone_generate(hone_generation *out, const hone_model *model, const int32_t *const *prompts, const size_t *lengths,
                          size_t n_prompts, const hone_generate_options *options)
{
    run x = {
        .o = options ? options : &default_options, .m = model, .prompts = prompts, .lengths = lengths, .n_prompts = n_prompts, .out = out};
    hone_status status = HONE_OK;
    *out = (hone_generation){0};
    x.n_each = (size_t)(x.o->num_beams > 1 ? x.o->num_beams : x.o->num_return_sequences);
    settle_ids(&x);
    HONE_GO(check(&x));
    if (n_prompts == 0)
        goto done;
    HONE_GO(prepare(&x));
    status = x.o->num_beams > 1 ? run_beams(&x) : run_search(&x);
done:
    hone__stepper_dispose(&x.d);
    hone__logits_work_dispose(&x.work);
    hone__free(x.slots);
    hone__free(x.n_new);
    hone__free(x.new_ids);
    if (status != HONE_OK)
        hone_generation_dispose(out);
    return status;
}
