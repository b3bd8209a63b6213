/* The scores of token classification (hone/tasks.h): as the batches of an evaluation pass, the highest logit of each labelled token and its label go to seqeval, a sentence an
 * example, as compute_metrics of run_ner.py does for all of them at the end. Memory follows the longest row, not the data.
 *
 * Windows of one row come one after the other. Their words are collected, each with the tokens of the window where it has most context, and scored when the next row
 * begins: the reference has no such thing (it cuts long rows). */
#include "tasks/token_task.h"
#include "base/log.h"

#include <string.h>

/* A word of the row whose windows pass: its labelled tokens in the best window so far. */
typedef struct word {
    int32_t context; /* -1: not seen yet */
    size_t first, n; /* in row_labels and row_predictions */
} word;

typedef struct token_task {
    const hone_model *model;
    hone_token_classification_options options;
    hone_seqeval *seqeval;
    hone_seqeval_scores scores;
    bool scored;
    const char *const *names; /* lent by the model */
    size_t n_names;

    const hone_examples *part, *whole; /* see hone__token_task_part */
    int64_t part_first;

    /* where an evaluation stands */
    const hone_token_examples_info *info; /* NULL: every example is a row of its own */
    int64_t next;                         /* example, in info */
    int64_t row;                          /* whose windows are collected, -1: none */

    float *logits;
    int32_t *predictions, *row_labels, *row_predictions, *flat_labels, *flat_predictions;
    size_t logits_capacity, predictions_capacity, row_labels_capacity, row_predictions_capacity, flat_labels_capacity,
        flat_predictions_capacity, n_row;
    word *words;
    size_t n_words, words_capacity;
} token_task;

int32_t hone__token_context(const int32_t *word_ids, int32_t n, int32_t from, int32_t to)
{
    int32_t first = 0, last = n;
    while (first < from && word_ids[first] < 0)
        first++;
    while (last > to && word_ids[last - 1] < 0)
        last--;
    return from - first < last - to ? from - first : last - to;
}

/* ---- predictions of a batch ---- */

static int64_t count_logits(const hone_batch *batch)
{
    int64_t n = 0;
    for (int32_t i = 0; batch->labels && i < batch->n_tokens; i++)
        n += batch->labels[i] >= 0;
    return batch->labels ? n : batch->n_tokens;
}

/* logits: room for what count_logits says, times the classes. */
static hone_status predict(int32_t *predictions, float *logits, const hone_output *out, const hone_batch *batch)
{
    int64_t n = count_logits(batch), classes = n ? hone_tensor_dim(out->logits, 1) : 0, k = 0;
    if (n)
        HONE_TRY(hone_tensor_read(out->logits, logits, (size_t)(n * classes)));
    for (int32_t i = 0; i < batch->n_tokens; i++) {
        bool has = !batch->labels || batch->labels[i] >= 0;
        predictions[i] = has ? hone__argmax(logits + k * classes, (size_t)classes) : HONE_IGNORE_INDEX;
        k += has;
    }
    return HONE_OK;
}

/* How many numbers the logits of the batch are. */
static hone_status measure(size_t *count, const hone_output *out, const hone_batch *batch)
{
    int64_t n = count_logits(batch);
    *count = 0;
    if (!out->logits)
        return n == 0 ? HONE_OK : hone__fail(HONE_INVALID_ARGUMENT, "token classification: the model has no such head");
    if (hone_tensor_dim(out->logits, 0) != n)
        return hone__fail(HONE_SHAPE, "token classification: logits of %lld tokens for %lld labelled ones",
                          (long long)hone_tensor_dim(out->logits, 0), (long long)n);
    *count = (size_t)hone_tensor_count(out->logits);
    return HONE_OK;
}

hone_status hone_token_predictions(int32_t *predictions, const hone_output *out, const hone_batch *batch)
{
    float *logits = NULL;
    size_t count;
    HONE_TRY(measure(&count, out, batch));
    HONE_TRY(HONE_ALLOC(&logits, count));
    hone_status status = predict(predictions, logits, out, batch);
    hone__free(logits);
    return status;
}

/* ---- an evaluation ---- */

static hone_status add_sentence(token_task *s, const int32_t *labels, const int32_t *predictions, size_t n)
{
    return hone_seqeval_add_ids(s->seqeval, s->names, s->n_names, labels, predictions, n);
}

static hone_status keep_token(token_task *s, int32_t label, int32_t prediction)
{
    HONE_TRY(HONE_GROW(&s->row_labels, &s->row_labels_capacity, s->n_row + 1));
    HONE_TRY(HONE_GROW(&s->row_predictions, &s->row_predictions_capacity, s->n_row + 1));
    s->row_labels[s->n_row] = label;
    s->row_predictions[s->n_row++] = prediction;
    return HONE_OK;
}

/* The row whose windows were collected is complete: its words in order are a sentence. */
static hone_status score_row(token_task *s)
{
    size_t n = 0;
    if (s->row < 0)
        return HONE_OK;
    HONE_TRY(HONE_GROW(&s->flat_labels, &s->flat_labels_capacity, s->n_row));
    HONE_TRY(HONE_GROW(&s->flat_predictions, &s->flat_predictions_capacity, s->n_row));
    for (size_t w = 0; w < s->n_words; w++)
        for (size_t i = 0; s->words[w].context >= 0 && i < s->words[w].n; i++, n++) {
            s->flat_labels[n] = s->row_labels[s->words[w].first + i];
            s->flat_predictions[n] = s->row_predictions[s->words[w].first + i];
        }
    s->row = -1;
    s->n_row = s->n_words = 0;
    return add_sentence(s, s->flat_labels, s->flat_predictions, n);
}

static hone_status reach_word(token_task *s, size_t w)
{
    HONE_TRY(HONE_GROW(&s->words, &s->words_capacity, w + 1));
    while (s->n_words <= w)
        s->words[s->n_words++] = (word){.context = -1};
    return HONE_OK;
}

/* One window: each of its words replaces what an earlier window gave when it has more context here. */
static hone_status collect_window(token_task *s, const int32_t *word_ids, const int32_t *labels, const int32_t *predictions, int32_t n)
{
    for (int32_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && word_ids[to] == word_ids[from]; to++) {
        }
        if (word_ids[from] < 0)
            continue;
        HONE_TRY(reach_word(s, (size_t)word_ids[from]));
        word *w = &s->words[word_ids[from]];
        int32_t context = hone__token_context(word_ids, n, from, to);
        if (context <= w->context)
            continue;
        *w = (word){context, s->n_row, 0};
        for (int32_t i = from; i < to; i++)
            if (labels[i] >= 0) {
                HONE_TRY(keep_token(s, labels[i], predictions[i]));
                w->n++;
            }
    }
    return HONE_OK;
}

static hone_status score_example(token_task *s, const int32_t *labels, const int32_t *predictions, int32_t n)
{
    s->n_row = 0;
    for (int32_t i = 0; i < n; i++)
        if (labels[i] >= 0)
            HONE_TRY(keep_token(s, labels[i], predictions[i]));
    return add_sentence(s, s->row_labels, s->row_predictions, s->n_row);
}

static hone_status take_example(token_task *s, const int32_t *labels, const int32_t *predictions, int32_t n)
{
    int64_t e = s->next++;
    for (int32_t i = 0; i < n; i++)
        if (labels[i] >= 0 && (size_t)labels[i] >= s->n_names)
            return hone__fail(HONE_INVALID_ARGUMENT, "example %lld: label %d, the model has %zu classes", (long long)e, labels[i],
                              s->n_names);
    if (!s->info)
        return score_example(s, labels, predictions, n);
    if (e >= s->info->n_examples)
        return hone__fail(HONE_INVALID_ARGUMENT, "an evaluation saw more examples than there are");
    if (s->row != s->info->row_of[e])
        HONE_TRY(score_row(s));
    s->row = s->info->row_of[e];
    return collect_window(s, s->info->word_ids[e], labels, predictions, n);
}

static hone_status eval_begin(void *self, const hone_examples *examples)
{
    token_task *s = self;
    const hone_token_examples_info *info = hone_token_examples_get_info(examples == s->part ? s->whole : examples);
    hone_seqeval_options options = {s->options.strict, (int)s->options.scheme};
    hone_seqeval_free(s->seqeval);
    s->seqeval = NULL;
    s->scored = false;
    s->info = info && info->n_examples > info->n_rows ? info : NULL;
    s->next = examples == s->part ? s->part_first : 0;
    s->row = -1;
    s->n_row = s->n_words = 0;
    return hone_seqeval_new(&s->seqeval, &options);
}

static hone_status eval_batch(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    token_task *s = self;
    size_t count;
    HONE_TRY(hone_tape_status(t));
    if (!batch->labels)
        return hone__fail(HONE_INVALID_ARGUMENT, "token classification: the examples have no labels to be scored by");
    HONE_TRY(measure(&count, out, batch));
    HONE_TRY(HONE_GROW(&s->logits, &s->logits_capacity, count));
    HONE_TRY(HONE_GROW(&s->predictions, &s->predictions_capacity, (size_t)batch->n_tokens));
    HONE_TRY(predict(s->predictions, s->logits, out, batch));
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t from = batch->cu_seqlens[r];
        HONE_TRY(take_example(s, batch->labels + from, s->predictions + from, batch->cu_seqlens[r + 1] - from));
    }
    return HONE_OK;
}

static hone_status eval_end(void *self, double eval_loss, hone_metrics *metrics)
{
    token_task *s = self;
    (void)eval_loss;
    HONE_TRY(score_row(s));
    HONE_TRY(hone_seqeval_compute(s->seqeval, &s->scores));
    s->scored = true;
    return hone_seqeval_to_metrics(&s->scores, s->options.return_entity_level_metrics, metrics);
}

/* ---- the task ---- */

static bool is_score(const char *name)
{
    static const char *const scores[] = {"precision", "recall", "f1", "accuracy"};
    for (size_t i = 0; i < sizeof(scores) / sizeof(*scores); i++)
        if (strcmp(name, scores[i]) == 0)
            return true;
    return false;
}

/* "PER_f1" */
static bool has_metric(void *self, const char *name)
{
    const token_task *s = self;
    if (is_score(name))
        return true;
    for (size_t i = 0; s->options.return_entity_level_metrics && i < s->n_names; i++) {
        const char *dash = strchr(s->names[i], '-');
        size_t len = dash ? strlen(dash + 1) : 0;
        if (len && strncmp(name, dash + 1, len) == 0 && name[len] == '_' &&
            (strcmp(name + len + 1, "number") == 0 || (is_score(name + len + 1) && strcmp(name + len + 1, "accuracy") != 0)))
            return true;
    }
    return false;
}

static void free_task(void *self)
{
    token_task *s = self;
    if (!s)
        return;
    hone_seqeval_free(s->seqeval);
    hone__free(s->logits);
    hone__free(s->predictions);
    hone__free(s->row_labels);
    hone__free(s->row_predictions);
    hone__free(s->flat_labels);
    hone__free(s->flat_predictions);
    hone__free(s->words);
    hone__free(s);
}

hone_status hone_token_classification_task(hone_task *out, const hone_model *model, const hone_token_classification_options *options)
{
    hone_token_classification_options defaults = HONE_TOKEN_CLASSIFICATION_OPTIONS_INIT;
    token_task *s = NULL;
    *out = (hone_task){.kind = HONE_TASK_NONE};
    if (hone_model_task(model) != HONE_TOKEN_CLASSIFICATION)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the model has no head for token classification"),
                          "open it with HONE_TOKEN_CLASSIFICATION");
    HONE_TRY(HONE_NEW(&s, 1));
    s->model = model;
    s->options = options ? *options : defaults;
    s->names = hone_model_labels(model, &s->n_names);
    s->row = -1;
    *out = (hone_task){.kind = HONE_TOKEN_CLASSIFICATION,
                       .self = s,
                       .eval_begin = eval_begin,
                       .eval_batch = eval_batch,
                       .eval_end = eval_end,
                       .has_metric = has_metric,
                       .free = free_task};
    return HONE_OK;
}

void hone__token_task_part(hone_task *task, const hone_examples *part, const hone_examples *whole, int64_t first)
{
    token_task *s = task->self;
    s->part = part;
    s->whole = whole;
    s->part_first = first;
}

hone_status hone_token_classification_report(char **out, const hone_task *task)
{
    const token_task *s = task->self;
    char *text = NULL;
    hone_status status;
    *out = NULL;
    if (task->eval_end != eval_end || !s || !s->scored)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no evaluation of token classification to report");
    HONE_TRY(hone_seqeval_report(&text, s->seqeval, &s->scores));
    status = hone__strdup(out, text); /* what a job hands over is freed with hone_free_text */
    hone_metrics_free_json(text);
    return status;
}
