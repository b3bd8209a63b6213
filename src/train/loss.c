/* What a training minimises and what an evaluation measures: the loss of a batch as a sum over its items, so that gradients of micro-batches add up and one division by the
 * items of the whole group rides in the optimizer's step (engine.md, 3). A task may bring its own; otherwise the head decides:
 *
 *     language models, tokens, rows of one class    sum over labelled items of (1 - s) (-log p[label]) + s mean_c(-log p[c])      s: label_smoothing_factor (semantics.md, 45)
 *     all others                                    the model's mean times its items
 *
 * With class weights w an item counts w[label] in both sums, as in torch's weighted mean. */
#include "train/trainer.h"

static hone_status ones(hone_trainer *t, size_t n)
{
    size_t old = t->ones_capacity;
    HONE_TRY(HONE_GROW(&t->ones, &t->ones_capacity, n));
    for (size_t i = old; i < t->ones_capacity; i++)
        t->ones[i] = 1;
    return HONE_OK;
}

hone_status hone__trainer_reserve(hone_trainer *t)
{
    const hone_examples *data = t->options.train_dataset;
    int32_t longest = 0;
    if (t->task.kind != HONE_CAUSAL_LM)
        return HONE_OK;
    for (int64_t i = 0, n = hone_examples_count(data); i < n; i++) {
        int32_t length = hone_examples_length(data, i);
        longest = length > longest ? length : longest;
    }
    return ones(t, (size_t)longest * (size_t)t->args.per_device_train_batch_size);
}

static hone_tensor *next_token_loss(hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch, float smoothing)
{
    if (ones(t, (size_t)batch->n_tokens) != HONE_OK)
        return hone__tape_fail(tape, HONE_OUT_OF_MEMORY, "out of memory: weights of %d tokens", batch->n_tokens);
    return hone__next_token_loss(tape, out, batch, t->ones, smoothing);
}

/* The labels of the tokens that the head looked at (labels[i] >= 0); *m: how many. */
static int32_t *pick_labels(hone_tape *tape, const hone_batch *batch, int64_t *m)
{
    int32_t *labels = hone__tape_alloc(tape, (size_t)batch->n_tokens * sizeof(*labels));
    *m = 0;
    for (int32_t i = 0; labels && i < batch->n_tokens; i++)
        if (batch->labels[i] >= 0)
            labels[(*m)++] = batch->labels[i];
    return labels;
}

static hone_tensor *class_weights(const hone_trainer *t, hone_tape *tape, const hone_output *out)
{
    const int64_t n = t->task.class_weights ? hone_tensor_dim(out->logits, 1) : 0;
    return n ? hone_tape_floats(tape, t->task.class_weights, 1, &n) : NULL;
}

static hone_tensor *token_loss(const hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch, float smoothing)
{
    int64_t m = 0;
    int32_t *labels = batch->labels ? pick_labels(tape, batch, &m) : NULL;
    if (!labels || m == 0 || !out->logits) /* nothing is labelled (0), or an error: the model's own loss says which */
        return hone_model_loss(tape, out, batch);
    return hone__cross_entropy_sum(tape, out->logits, hone_tape_ints(tape, labels, 1, &m), class_weights(t, tape, out), smoothing);
}

/* Rows with one class each; numbers and sets of classes have the model's own loss. */
static hone_tensor *row_loss(const hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch, float smoothing)
{
    const int64_t R = batch->n_rows;
    if (!out->logits || !batch->row_labels || hone__model_problem(t->model, false) != HONE_PROBLEM_SINGLE_LABEL)
        return hone_scale(tape, hone_model_loss(tape, out, batch), (float)hone_model_count_items(t->model, batch));
    return hone__cross_entropy_sum(tape, out->logits, hone_tape_ints(tape, batch->row_labels, 1, &R), class_weights(t, tape, out),
                                   smoothing);
}

hone_tensor *hone__trainer_loss(hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch, bool own)
{
    float smoothing = (float)t->args.label_smoothing_factor;
    if (own && t->task.loss)
        return t->task.loss(t->task.self, tape, out, batch);
    if (t->task.kind == HONE_CAUSAL_LM)
        return next_token_loss(t, tape, out, batch, smoothing);
    if (t->task.kind == HONE_MASKED_LM)
        return hone__masked_token_loss(tape, out, batch, true, smoothing);
    if (t->task.kind == HONE_TOKEN_CLASSIFICATION)
        return token_loss(t, tape, out, batch, smoothing);
    if (t->task.kind == HONE_TEXT_CLASSIFICATION)
        return row_loss(t, tape, out, batch, smoothing);
    return hone_scale(tape, hone_model_loss(tape, out, batch), (float)hone_model_count_items(t->model, batch));
}

bool hone__trainer_smooths(const hone_trainer *t)
{
    return !t->task.loss && (t->task.kind == HONE_CAUSAL_LM || t->task.kind == HONE_MASKED_LM ||
                             t->task.kind == HONE_TOKEN_CLASSIFICATION || t->task.kind == HONE_TEXT_CLASSIFICATION);
}

static double sum_weights(const float *weights, const int32_t *labels, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += labels[i] >= 0 ? (double)weights[labels[i]] : 0;
    return sum;
}

double hone__trainer_count_items(hone_trainer *t, const hone_batch *batch, bool own)
{
    if (own && t->task.count_items)
        return (double)t->task.count_items(t->task.self, t->model, batch);
    if (t->task.class_weights && t->task.kind == HONE_TOKEN_CLASSIFICATION && batch->labels)
        return sum_weights(t->task.class_weights, batch->labels, batch->n_tokens);
    if (t->task.class_weights && t->task.kind == HONE_TEXT_CLASSIFICATION && batch->row_labels)
        return sum_weights(t->task.class_weights, batch->row_labels, batch->n_rows);
    return (double)hone_model_count_items(t->model, batch);
}
