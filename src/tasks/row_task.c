/* The scores of text classification (hone/tasks.h), as compute_metrics of run_glue.py and run_classification.py have them: the highest logit of each row and its class are counted as the batches of an evaluation
 * pass; numbers are kept, since ranks need all of them. Beside run_glue.py: accuracy is there for cola too, and correlations for all regressions. */
#include "tasks/row_task.h"

#include "metrics/classes.h"
#include "models/model.h"
#include "tasks/token_task.h"

#include <math.h>
#include <string.h>

typedef struct row_task {
    const hone_model *model;
    char *glue; /* NULL: none */
    float *weights;
    hone_problem problem;
    size_t n_labels;
    int32_t positive; /* the class that f1 is of */

    hone_class_counts *counts;
    float *logits;
    int32_t *predictions;
    size_t logits_capacity, predictions_capacity;
    double *references, *values; /* of numbers, (n) */
    size_t references_capacity, values_capacity, n;
    int64_t n_hits, n_said, n_true, n_whole, n_rows; /* of sets */
} row_task;

/* ---- predictions of a batch ---- */

static hone_status read_logits(float *logits, const hone_output *out, const hone_batch *batch, size_t n_labels)
{
    if (!out->logits || hone_tensor_dim(out->logits, 0) != batch->n_rows || hone_tensor_dim(out->logits, 1) != (int64_t)n_labels)
        return hone__fail(HONE_SHAPE, "text classification: the model has no logits of %d rows and %zu classes", batch->n_rows, n_labels);
    return hone_tensor_read(out->logits, logits, (size_t)batch->n_rows * n_labels);
}

hone_status hone_row_predictions(int32_t *predictions, const hone_output *out, const hone_batch *batch)
{
    float *logits = NULL;
    size_t n = 0;
    hone_status status;
    hone_model_labels(out->model, &n);
    HONE_GO(HONE_ALLOC(&logits, (size_t)batch->n_rows * n));
    HONE_GO(read_logits(logits, out, batch, n));
    for (int32_t r = 0; r < batch->n_rows; r++)
        predictions[r] = hone__argmax(logits + (size_t)r * n, n);
done:
    hone__free(logits);
    return status;
}

/* ---- an evaluation ---- */

static hone_status eval_begin(void *self, const hone_examples *examples)
{
    row_task *s = self;
    (void)examples;
    hone_class_counts_reset(s->counts);
    s->n = 0;
    s->n_hits = s->n_said = s->n_true = s->n_whole = s->n_rows = 0;
    return HONE_OK;
}

static hone_status take_classes(row_task *s, const hone_batch *batch)
{
    for (int32_t r = 0; r < batch->n_rows; r++)
        if (batch->row_labels[r] >= (int64_t)s->n_labels)
            return hone__fail(HONE_INVALID_ARGUMENT, "row %d: label %d, the model has %zu classes", r, batch->row_labels[r], s->n_labels);
    HONE_TRY(HONE_GROW(&s->predictions, &s->predictions_capacity, (size_t)batch->n_rows));
    for (int32_t r = 0; r < batch->n_rows; r++)
        s->predictions[r] = hone__argmax(s->logits + (size_t)r * s->n_labels, s->n_labels);
    return hone_class_counts_add(s->counts, batch->row_labels, s->predictions, (size_t)batch->n_rows);
}

static hone_status take_numbers(row_task *s, const hone_batch *batch)
{
    HONE_TRY(HONE_GROW(&s->references, &s->references_capacity, s->n + (size_t)batch->n_rows));
    HONE_TRY(HONE_GROW(&s->values, &s->values_capacity, s->n + (size_t)batch->n_rows));
    for (int32_t r = 0; r < batch->n_rows; r++, s->n++) {
        s->references[s->n] = (double)batch->row_targets[r * (int64_t)s->n_labels];
        s->values[s->n] = (double)s->logits[(size_t)r * s->n_labels];
    }
    return HONE_OK;
}

static void take_sets(row_task *s, const hone_batch *batch)
{
    for (int32_t r = 0; r < batch->n_rows; r++) {
        bool whole = true;
        for (size_t k = (size_t)r * s->n_labels; k < (size_t)(r + 1) * s->n_labels; k++) {
            bool is = batch->row_targets[k] > 0.5f, said = s->logits[k] > 0.0f; /* a probability above a half */
            s->n_hits += is && said;
            s->n_said += said;
            s->n_true += is;
            whole = whole && is == said;
        }
        s->n_whole += whole;
        s->n_rows++;
    }
}

static hone_status eval_batch(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    row_task *s = self;
    HONE_TRY(hone_tape_status(t));
    if (s->problem == HONE_PROBLEM_SINGLE_LABEL ? !batch->row_labels : !batch->row_targets)
        return hone__fail(HONE_INVALID_ARGUMENT, "text classification: the examples have no %s to be scored by",
                          s->problem == HONE_PROBLEM_SINGLE_LABEL ? "classes" : "targets");
    if (s->problem != HONE_PROBLEM_SINGLE_LABEL && batch->n_targets && (size_t)batch->n_targets != s->n_labels)
        return hone__fail(HONE_SHAPE, "text classification: the examples have %d targets a row, the model %zu labels", batch->n_targets,
                          s->n_labels);
    HONE_TRY(HONE_GROW(&s->logits, &s->logits_capacity, (size_t)batch->n_rows * s->n_labels));
    HONE_TRY(read_logits(s->logits, out, batch, s->n_labels));
    if (s->problem == HONE_PROBLEM_SINGLE_LABEL)
        return take_classes(s, batch);
    if (s->problem == HONE_PROBLEM_REGRESSION)
        return take_numbers(s, batch);
    take_sets(s, batch);
    return HONE_OK;
}

/* The mean of two metrics, as run_glue.py adds it where there are two. */
static hone_status combine(hone_metrics *metrics, const char *first, const char *second)
{
    double a = 0, b = 0;
    return hone_metrics_get(metrics, first, &a) && hone_metrics_get(metrics, second, &b)
               ? hone_metrics_set(metrics, "combined_score", (a + b) / 2)
               : HONE_OK;
}

static hone_status score_classes(const row_task *s, hone_metrics *metrics)
{
    hone_class_scores scores;
    HONE_TRY(hone_class_counts_compute(s->counts, HONE_AVERAGE_MICRO, 0, &scores));
    HONE_TRY(hone_metrics_set(metrics, "accuracy", scores.accuracy));
    if (!s->glue)
        return HONE_OK;
    HONE_TRY(hone__glue_metrics(metrics, s->glue, s->counts, s->positive));
    return combine(metrics, "accuracy", "f1");
}

static double mean_square(const row_task *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += (s->values[i] - s->references[i]) * (s->values[i] - s->references[i]);
    return sum / (double)s->n;
}

/* One row alone correlates with nothing. */
static hone_status score_numbers(const row_task *s, hone_metrics *metrics)
{
    double pearson = NAN, spearman = NAN;
    if (s->n >= 2) {
        HONE_TRY(hone_metric_pearson(&pearson, s->values, s->references, s->n));
        HONE_TRY(hone_metric_spearman(&spearman, s->values, s->references, s->n));
    }
    if (!s->glue)
        HONE_TRY(hone_metrics_set(metrics, "mse", mean_square(s)));
    HONE_TRY(hone_metrics_set(metrics, "pearson", pearson));
    HONE_TRY(hone_metrics_set(metrics, "spearmanr", spearman));
    return s->glue ? combine(metrics, "pearson", "spearmanr") : HONE_OK;
}

static hone_status score_sets(const row_task *s, hone_metrics *metrics)
{
    int64_t both = s->n_said + s->n_true;
    HONE_TRY(hone_metrics_set(metrics, "accuracy", s->n_rows ? (double)s->n_whole / (double)s->n_rows : 0));
    return hone_metrics_set(metrics, "f1", both ? 2.0 * (double)s->n_hits / (double)both : 0);
}

static hone_status eval_end(void *self, double eval_loss, hone_metrics *metrics)
{
    const row_task *s = self;
    (void)eval_loss;
    return s->problem == HONE_PROBLEM_SINGLE_LABEL ? score_classes(s, metrics)
           : s->problem == HONE_PROBLEM_REGRESSION ? score_numbers(s, metrics)
                                                   : score_sets(s, metrics);
}

static bool has_metric(void *self, const char *name)
{
    const row_task *s = self;
    bool pair = s->glue && (strcmp(s->glue, "mrpc") == 0 || strcmp(s->glue, "qqp") == 0);
    if (s->problem == HONE_PROBLEM_REGRESSION)
        return strcmp(name, "pearson") == 0 || strcmp(name, "spearmanr") == 0 || strcmp(name, s->glue ? "combined_score" : "mse") == 0;
    if (strcmp(name, "f1") == 0)
        return pair || s->problem == HONE_PROBLEM_MULTI_LABEL;
    return strcmp(name, "accuracy") == 0 || (pair && strcmp(name, "combined_score") == 0) ||
           (s->glue && strcmp(s->glue, "cola") == 0 && strcmp(name, "matthews_correlation") == 0);
}

/* ---- the task ---- */

static void free_task(void *self)
{
    row_task *s = self;
    if (!s)
        return;
    hone_class_counts_free(s->counts);
    hone__free(s->glue);
    hone__free(s->weights);
    hone__free(s->logits);
    hone__free(s->predictions);
    hone__free(s->references);
    hone__free(s->values);
    hone__free(s);
}

static hone_status set_glue(row_task *s, const char *task, const char *const *names)
{
    bool numbers;
    if (!hone_glue_task(task, &numbers))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "GLUE has no task \"%s\"", task),
                          "there are cola, mnli, mrpc, qnli, qqp, rte, sst2, stsb, wnli");
    if (numbers != (s->problem == HONE_PROBLEM_REGRESSION))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT,
                                     numbers ? "%s: its labels are numbers, the model is for %zu classes"
                                             : "%s: its labels are classes, the model is for a number",
                                     task, s->n_labels),
                          "leave it out, or give a model that was trained for it");
    s->positive = 1;
    for (size_t i = 0; hone__glue_positive(task) && i < s->n_labels; i++)
        s->positive = strcmp(names[i], hone__glue_positive(task)) == 0 ? (int32_t)i : s->positive;
    return hone__strdup(&s->glue, task);
}

static hone_status set_weights(row_task *s, const float *weights)
{
    if (s->problem != HONE_PROBLEM_SINGLE_LABEL)
        return hone__fail(HONE_INVALID_ARGUMENT, "class weights are for rows with one class each");
    for (size_t i = 0; i < s->n_labels; i++)
        if (!(weights[i] >= 0) || !isfinite(weights[i]))
            return hone__fail(HONE_INVALID_ARGUMENT, "the weight of class %zu is %g", i, (double)weights[i]);
    HONE_TRY(HONE_ALLOC(&s->weights, s->n_labels));
    memcpy(s->weights, weights, s->n_labels * sizeof(*weights));
    return HONE_OK;
}

hone_status hone_text_classification_task(hone_task *out, const hone_model *model, const hone_text_classification_options *options)
{
    row_task *s = NULL;
    hone_status status;
    *out = (hone_task){.kind = HONE_TASK_NONE};
    if (hone_model_task(model) != HONE_TEXT_CLASSIFICATION)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the model has no head for text classification"),
                          "open it with HONE_TEXT_CLASSIFICATION");
    HONE_TRY(HONE_NEW(&s, 1));
    s->model = model;
    s->problem = hone__model_problem(model, false);
    const char *const *names = hone_model_labels(model, &s->n_labels);
    HONE_GO(hone_class_counts_new(&s->counts));
    if (options && options->glue_task)
        HONE_GO(set_glue(s, options->glue_task, names));
    if (options && options->class_weights)
        HONE_GO(set_weights(s, options->class_weights));
    *out = (hone_task){.kind = HONE_TEXT_CLASSIFICATION,
                       .self = s,
                       .class_weights = s->weights,
                       .eval_begin = eval_begin,
                       .eval_batch = eval_batch,
                       .eval_end = eval_end,
                       .has_metric = has_metric,
                       .free = free_task};
    return HONE_OK;
done:
    free_task(s);
    return status;
}
