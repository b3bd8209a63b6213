/* What a training minimises and what an evaluation measures: the loss of a batch as a sum over its items, so that gradients of micro-batches add up and one division by the
 * items of the whole group rides in the optimizer's step (engine.md, 3). A task may bring its own; otherwise the head decides:
 *
 *     language models, token classification    sum over labelled tokens of (1 - s) (-log p[label]) + s mean_c(-log p[c])      s: label_smoothing_factor (semantics.md, 45)
 *     all others                               the model's mean times its items */
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

static hone_tensor *token_loss(hone_tape *tape, hone_output *out, const hone_batch *batch, float smoothing)
{
    int64_t m = 0;
    int32_t *labels = batch->labels ? pick_labels(tape, batch, &m) : NULL;
    if (!labels || m == 0 || !out->logits) /* nothing is labelled (0), or an error: the model's own loss says which */
        return hone_model_loss(tape, out, batch);
    return hone__cross_entropy_sum(tape, out->logits, hone_tape_ints(tape, labels, 1, &m), NULL, smoothing);
}

hone_tensor *hone__trainer_loss(hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch, bool own)
{
    float smoothing = (float)t->args.label_smoothing_factor;
    if (own && t->task.loss)
        return t->task.loss(t->task.self, tape, out, batch);
    if (t->task.kind == HONE_CAUSAL_LM)
        return next_token_loss(t, tape, out, batch, smoothing);
    if (t->task.kind == HONE_TOKEN_CLASSIFICATION)
        return token_loss(tape, out, batch, smoothing);
    return hone_scale(tape, hone_model_loss(tape, out, batch), (float)hone_model_count_items(t->model, batch));
}

bool hone__trainer_smooths(const hone_trainer *t)
{
    return !t->task.loss && (t->task.kind == HONE_CAUSAL_LM || t->task.kind == HONE_TOKEN_CLASSIFICATION);
}

int64_t hone__trainer_count_items(hone_trainer *t, const hone_batch *batch, bool own)
{
    if (own && t->task.count_items)
        return t->task.count_items(t->task.self, t->model, batch);
    return hone_model_count_items(t->model, batch);
}
