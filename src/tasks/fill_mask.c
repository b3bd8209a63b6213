/* The pipeline fill-mask: texts with a mask token to the tokens that may stand there, as transformers' pipelines/fill_mask.py returns them: a list of {"score", "token", "token_str",
 * "sequence"}, the best first; with several masks a list of such lists, in which the sequence of one mask leaves the others in place.
 *
 * Departures: of equal scores the lower id comes first (torch's topk leaves it open); a top_k beyond the vocabulary is all of it; a text that is longer than the model takes is
 * refused by name where the reference fails inside the model. */
#include "base/log.h"
#include "base/mem.h"
#include "base/spans.h"
#include "tasks/pipeline.h"
#include "tasks/pipeline_pass.h"
#include "tokenizer/pieces.h"

#include <hone/job.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Masks whose scores are held at a time: each has as many as the vocabulary has entries. */
enum { MASKS_AT_ONCE = 64, DEFAULT_TOP_K = 5 };

typedef struct candidate {
    float score;
    int32_t id;
} candidate;

/* What the task keeps between calls. */
typedef struct hone__filler {
    hone__pass pass;
    hone_encode_options encode;
    size_t longest, n_words, top_k; /* n_words: of the model's vocabulary */
    int32_t mask_id, pad_id;
    bool cleans_up;   /* spaces of decoded text */
    int32_t *targets; /* NULL: any token */
    size_t n_targets, targets_capacity;
    candidate *best; /* (top_k) */
    float *scores;
    int32_t *ids; /* of a sequence */
    size_t scores_capacity, ids_capacity;
} filler;

/* A text on its way. */
typedef struct masked {
    hone_encoding *encoding;
    int32_t *positions; /* (n_masks) */
    size_t n_masks;
    bool is_done; /* answered, or not to be */
} masked;

/* ---- options ---- */

static hone_status check(const hone_pipeline_options *o)
{
    if (o->long_text == HONE_LONG_TEXT_STRIDE)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "fill-mask reads no windows: a stride is for token classification"),
                          "truncation reads what fits of a long text");
    return HONE_OK;
}

static int by_id(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The id of a target: itself, or its first piece where it is no token. -1: it has none. */
static hone_status find_target(int32_t *out, const hone_tokenizer *tok, const char *target)
{
    hone_ids ids = HONE_IDS_INIT;
    hone_status status = HONE_OK;
    *out = hone_tokenizer_token_to_id(tok, target);
    if (*out >= 0)
        return HONE_OK;
    HONE_GO(hone_tokenizer_encode_ids(&ids, tok, HONE_TEXT(target), false));
    if (ids.n > 0)
        *out = ids.data[0];
    if (ids.n > 0)
        hone__log(HONE_LOG_WARNING, "the target \"%s\" is no token of the vocabulary: \"%s\" stands for it", target,
                  hone_tokenizer_id_to_token(tok, *out));
    else
        hone__log(HONE_LOG_WARNING, "the target \"%s\" has no token: it is left out", target);
done:
    hone_ids_dispose(&ids);
    return status;
}

static hone_status find_targets(filler *f, const hone_pipeline *p)
{
    const char *const *targets = p->options.targets;
    size_t n = 0;
    for (size_t i = 0; targets[i]; i++) {
        int32_t id;
        HONE_TRY(find_target(&id, p->tokenizer, targets[i]));
        if (id < 0 || (size_t)id >= f->n_words)
            continue;
        HONE_TRY(HONE_GROW(&f->targets, &f->targets_capacity, n + 1));
        f->targets[n++] = id;
    }
    if (n == 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "no target has a token: at least one is needed where targets are given");
    qsort(f->targets, n, sizeof(*f->targets), by_id);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || f->targets[i] != f->targets[f->n_targets - 1])
            f->targets[f->n_targets++] = f->targets[i];
    return HONE_OK;
}

static void settle_length(filler *f, const hone_pipeline *p)
{
    size_t of_tokenizer = hone_tokenizer_model_max_length(p->tokenizer);
    f->longest = (size_t)hone_model_max_positions(p->model);
    f->encode = (hone_encode_options)HONE_ENCODE_OPTIONS_INIT;
    if (p->options.long_text != HONE_LONG_TEXT_TRUNCATE)
        return;
    f->encode.truncation = HONE_TRUNCATION_LONGEST_FIRST;
    f->encode.max_length = f->longest < of_tokenizer ? f->longest : of_tokenizer;
}

static hone_status open(hone_pipeline *p)
{
    HONE_TRY(HONE_NEW(&p->filler, 1));
    filler *f = p->filler;
    f->n_words = (size_t)hone_model_vocab_size(p->model);
    f->mask_id = hone_tokenizer_special_id(p->tokenizer, HONE_SPECIAL_MASK);
    f->pad_id = hone_tokenizer_special_id(p->tokenizer, HONE_SPECIAL_PAD);
    f->cleans_up = hone__tokenizer_cleans_up(p->tokenizer);
    if (f->mask_id < 0 || (size_t)f->mask_id >= f->n_words)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the tokenizer has no mask token that the model knows"),
                          "fill-mask needs a model of masked language modelling with its tokenizer");
    settle_length(f, p);
    if (p->options.targets)
        HONE_TRY(find_targets(f, p));
    p->options.targets = NULL;
    size_t most = f->targets ? f->n_targets : f->n_words;
    f->top_k = p->options.top_k == 0 ? DEFAULT_TOP_K : p->options.top_k;
    f->top_k = f->top_k < most ? f->top_k : most;
    HONE_TRY(HONE_ALLOC(&f->best, f->top_k));
    return hone__pass_init(&f->pass, p->options.device);
}

static void close(hone_pipeline *p)
{
    filler *f = p->filler;
    if (!f)
        return;
    hone__pass_dispose(&f->pass);
    hone__free(f->targets);
    hone__free(f->best);
    hone__free(f->scores);
    hone__free(f->ids);
    hone__free(f);
}

/* ---- reading ---- */

static hone_status find_masks(masked *m, const filler *f)
{
    const int32_t *ids = hone_encoding_ids(m->encoding);
    size_t capacity = 0;
    for (size_t i = 0; i < hone_encoding_n_tokens(m->encoding); i++)
        if (ids[i] == f->mask_id) {
            HONE_TRY(HONE_GROW(&m->positions, &capacity, m->n_masks + 1));
            m->positions[m->n_masks++] = (int32_t)i;
        }
    return HONE_OK;
}

static hone_status read_text(masked *m, const hone_pipeline *p, const json_t *input)
{
    static const char *const keys[] = {"inputs", "text", NULL};
    const filler *f = p->filler;
    const json_t *text = hone__pipeline_text(input, keys);
    if (!text)
        return hone__fail(HONE_FORMAT, "an input must be {\"inputs\": text}");
    hone_text t = {json_string_value(text), json_string_length(text)};
    HONE_TRY(hone_tokenizer_encode(&m->encoding, p->tokenizer, t, HONE_TEXT_NONE, &f->encode));
    HONE_TRY(find_masks(m, f));
    if (m->n_masks == 0)
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "the text has no mask token (%s)", hone_tokenizer_id_to_token(p->tokenizer, f->mask_id)),
            "write it where a word is to be found");
    HONE_TRY(hone__pass_check_length(m->encoding, f->longest));
    return hone__pass_check_ids(p->model, m->encoding);
}

/* ---- scoring ---- */

static void softmax(float *x, size_t n)
{
    double sum = 0;
    float top = x[0];
    for (size_t i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - (double)top);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(exp((double)x[i] - (double)top) / sum);
}

static bool is_better(candidate a, candidate b)
{
    return a.score > b.score || (a.score == b.score && a.id < b.id);
}

static int by_score(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return is_better(*x, *y) ? -1 : is_better(*y, *x);
}

/* Puts c into the heap best[0..n), whose first is the worst, at `at` or below it. */
static void sink(candidate *best, size_t n, size_t at, candidate c)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_better(best[child], best[child + 1]))
            child++;
        if (!is_better(c, best[child]))
            break;
        best[at] = best[child];
    }
    best[at] = c;
}

/* The best candidates of a mask, in f->best in their order. */
static void choose(filler *f, const float *scores)
{
    size_t n = f->targets ? f->n_targets : f->n_words, k = f->top_k;
    for (size_t i = 0; i < n; i++) {
        int32_t id = f->targets ? f->targets[i] : (int32_t)i;
        candidate c = {scores[id], id};
        if (i < k)
            f->best[i] = c;
        else if (is_better(c, f->best[0]))
            sink(f->best, k, 0, c);
        for (size_t at = k / 2; i + 1 == k && at > 0; at--) /* the first k become a heap */
            sink(f->best, k, at - 1, f->best[at - 1]);
    }
    qsort(f->best, k, sizeof(*f->best), by_score);
}

/* ---- JSON ---- */

static hone_status put_text(hone_json_writer *w, const hone_pipeline *p, const int32_t *ids, size_t n, bool skip_special)
{
    char *text = NULL, *clean = NULL;
    size_t len;
    hone_status status = HONE_OK;
    HONE_GO(hone_tokenizer_decode(&text, &len, p->tokenizer, ids, n, skip_special));
    if (p->filler->cleans_up)
        HONE_GO(hone_clean_up_tokenization(&clean, text));
    hone__jw_string_n(w, clean ? clean : text, clean ? strlen(clean) : len);
done:
    hone_tokenizer_free_text(text);
    hone_tokenizer_free_text(clean);
    return status;
}

/* The text with one mask filled; padding tokens are left out, as the reference does. */
static hone_status put_sequence(hone_json_writer *w, const hone_pipeline *p, const masked *m, int32_t position, int32_t id)
{
    filler *f = p->filler;
    const int32_t *ids = hone_encoding_ids(m->encoding);
    size_t n = hone_encoding_n_tokens(m->encoding), kept = 0;
    HONE_TRY(HONE_GROW(&f->ids, &f->ids_capacity, n));
    for (size_t i = 0; i < n; i++) {
        int32_t one = i == (size_t)position ? id : ids[i];
        if (one != f->pad_id)
            f->ids[kept++] = one;
    }
    return put_text(w, p, f->ids, kept, m->n_masks == 1);
}

static hone_status put_mask(hone_json_writer *w, const hone_pipeline *p, const masked *m, int32_t position, float *scores)
{
    filler *f = p->filler;
    softmax(scores, f->n_words);
    choose(f, scores);
    hone__jw_array(w);
    for (size_t i = 0; i < f->top_k; i++) {
        const candidate *c = &f->best[i];
        hone__jw_object(w);
        hone__jw_key(w, "score");
        hone__jw_float(w, c->score);
        hone__jw_key(w, "token");
        hone__jw_int(w, c->id);
        hone__jw_key(w, "token_str");
        HONE_TRY(put_text(w, p, &c->id, 1, false));
        hone__jw_key(w, "sequence");
        HONE_TRY(put_sequence(w, p, m, position, c->id));
        hone__jw_end_object(w);
    }
    hone__jw_end_array(w);
    return HONE_OK;
}

static hone_status write_masks(char **answer, const hone_pipeline *p, const masked *m, float *scores)
{
    hone_str json = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&json, 0);
    hone_status status = HONE_OK;
    w.spaced = true;
    if (m->n_masks > 1)
        hone__jw_array(&w);
    for (size_t i = 0; i < m->n_masks; i++)
        HONE_GO(put_mask(&w, p, m, m->positions[i], scores + i * p->filler->n_words));
    if (m->n_masks > 1)
        hone__jw_end_array(&w);
    HONE_GO(hone__str_take(answer, &json));
done:
    hone__str_dispose(&json);
    return status;
}

static hone_status write_answer(char **answer, const hone_pipeline *p, const masked *m, float *scores)
{
    hone__part_begin("postprocess");
    hone_status status = write_masks(answer, p, m, scores);
    hone__span_end();
    return status;
}

/* Texts [0, n), which have n_masks masks that are open, in one go. */
static hone_status answer_some(hone_pipeline *p, const masked *texts, size_t n, size_t n_masks, char **answers)
{
    filler *f = p->filler;
    hone__pass_row *rows = NULL;
    size_t n_rows = 0, n_scores;
    hone_status status = HONE_OK;
    if (!hone__mul_size(&n_scores, n_masks, f->n_words))
        return hone__fail(HONE_OUT_OF_MEMORY, "the scores of %zu masks", n_masks);
    HONE_GO(HONE_NEW(&rows, n));
    HONE_GO(HONE_GROW(&f->scores, &f->scores_capacity, n_scores));
    float *scores = f->scores;
    for (size_t i = 0; i < n; i++) {
        const masked *m = &texts[i];
        if (m->is_done)
            continue;
        rows[n_rows++] = (hone__pass_row){m->encoding, scores, m->positions, m->n_masks};
        scores += m->n_masks * f->n_words;
    }
    HONE_GO(hone__pass_run(&f->pass, p->model, rows, n_rows, f->n_words));
    n_rows = 0;
    for (size_t i = 0; i < n; i++)
        if (!texts[i].is_done)
            HONE_GO(write_answer(&answers[i], p, &texts[i], rows[n_rows++].logits));
done:
    hone__free(rows);
    return status;
}

static hone_status answer_all(hone_pipeline *p, const masked *texts, size_t n, char **answers)
{
    for (size_t first = 0, end; first < n; first = end) {
        size_t n_masks = texts[first].is_done ? 0 : texts[first].n_masks;
        for (end = first + 1; end < n; end++) {
            size_t more = texts[end].is_done ? 0 : texts[end].n_masks;
            if (n_masks + more > MASKS_AT_ONCE)
                break;
            n_masks += more;
        }
        if (n_masks > 0)
            HONE_TRY(answer_some(p, texts + first, end - first, n_masks, answers + first));
    }
    return HONE_OK;
}

static hone_status answer(hone_pipeline *p, const json_t *const *inputs, size_t n, char **answers, size_t *n_errors)
{
    masked *texts = NULL;
    hone_status status = HONE_OK;
    HONE_GO(HONE_NEW(&texts, n));
    for (size_t i = 0; i < n; i++) {
        hone_status own = inputs[i] ? read_text(&texts[i], p, inputs[i]) : HONE_OK;
        texts[i].is_done = !inputs[i] || own != HONE_OK;
        if (own != HONE_OK)
            HONE_GO(hone__pipeline_own_error(own, &answers[i], n_errors));
    }
    HONE_GO(answer_all(p, texts, n, answers));
done:
    for (size_t i = 0; texts && i < n; i++) {
        hone_encoding_free(texts[i].encoding);
        hone__free(texts[i].positions);
    }
    hone__free(texts);
    return status;
}

const hone_pipeline_class hone__fill_mask = {.kind = HONE_MASKED_LM, .check = check, .open = open, .close = close, .answer = answer};
