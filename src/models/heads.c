/* What stands on an encoder, by task, with dropout and losses as transformers' modeling_bert.py, modeling_distilbert.py and loss/loss_utils.py have them
 * (the losses of rows serve GPT-2's head too, which gpt2.c has):
 *
 *     tokens    classifier(drop(h)), on the labelled tokens only when the batch has labels; mean cross entropy
 *     rows      classifier(drop(act(dense(h[first token])))); cross entropy, squares or binary cross entropy by problem_type
 *     spans     qa_outputs(drop(h)): start and end; half of each one's cross entropy over the row's real tokens
 *     masks     decoder(norm(act(dense(h)))), tied to the word embeddings, for labelled tokens; mean cross entropy in chunks (engine.md, 7)
 *
 * Where nothing is labelled the loss is 0, not NaN. */
#include "models/encoder.h"

#include <string.h>

/* ---- parameters ---- */

static hone_status declare_masked_lm(hone_model *m, hone_encoder *w)
{
    const hone_encoder_shape *s = m->class->encoder;
    const hone_config *c = m->config;
    HONE_TRY(hone__params_add(&m->head_bias, m->params, s->mlm_bias, 1, &c->vocab_size, false));
    if (s->mlm_bias_alias)
        HONE_TRY(hone__params_add_slice(m->params, m->head_bias, s->mlm_bias_alias, 0, c->vocab_size, true, false));
    HONE_TRY(hone__encoder_add(&w->dense_weight, &w->dense_bias, m, s->mlm_dense, c->hidden_size, c->hidden_size));
    HONE_TRY(hone__encoder_add(&w->dense_norm_weight, &w->dense_norm_bias, m, s->mlm_norm, c->hidden_size, 0));
    m->head = w->words;
    if (c->tie_word_embeddings)
        return hone__params_add_slice(m->params, w->words, s->mlm_decoder, 0, c->vocab_size, true, false);
    return hone__params_add(&m->head, m->params, s->mlm_decoder, 2, (const int64_t[]){c->vocab_size, c->hidden_size}, true);
}

hone_status hone__head_declare(hone_model *m)
{
    const hone_encoder_shape *s = m->class->encoder;
    hone_encoder *w = m->parts;
    int64_t C = m->config->hidden_size, n = (int64_t)m->config->n_labels;
    switch (m->task) {
    case HONE_TOKEN_CLASSIFICATION:
        return hone__encoder_add(&w->classifier_weight, &w->classifier_bias, m, "classifier", n, C);
    case HONE_TEXT_CLASSIFICATION:
        HONE_TRY(hone__encoder_add(&w->dense_weight, &w->dense_bias, m, s->row_dense, C, C));
        return hone__encoder_add(&w->classifier_weight, &w->classifier_bias, m, "classifier", n, C);
    case HONE_QUESTION_ANSWERING:
        return hone__encoder_add(&w->classifier_weight, &w->classifier_bias, m, "qa_outputs", 2, C);
    case HONE_MASKED_LM:
        return declare_masked_lm(m, w);
    default:
        return s->pooler ? hone__encoder_add(&w->dense_weight, &w->dense_bias, m, s->pooler, C, C) : HONE_OK;
    }
}

/* ---- logits ---- */

static float classifier_dropout(const hone_config *c)
{
    return (float)(c->classifier_dropout >= 0.0 ? c->classifier_dropout : c->hidden_dropout);
}

static hone_tensor *classify(const hone_model *m, hone_tape *t, hone_tensor *x, float dropout)
{
    const hone_encoder *w = m->parts;
    uint32_t site = hone__site(HONE_PLACE_CLASSIFIER, 0);
    return hone__linear(t, hone__dropout(t, x, dropout, site), w->classifier_weight, w->classifier_bias, HONE_ACT_NONE, site);
}

/* Where the labelled tokens stand and, when asked for, their labels; both have one entry more than they need. */
static bool find_labelled(hone_tape *t, const hone_batch *batch, int32_t *n, int32_t **index, int32_t **labels)
{
    int32_t k = 0;
    for (int32_t i = 0; i < batch->n_tokens; i++)
        k += batch->labels[i] >= 0;
    *n = k;
    *index = hone__tape_alloc(t, ((size_t)k + 1) * sizeof(int32_t));
    *labels = hone__tape_alloc(t, ((size_t)k + 1) * sizeof(int32_t));
    if (!*index || !*labels)
        return false;
    k = 0;
    for (int32_t i = 0; i < batch->n_tokens; i++) {
        if (batch->labels[i] < 0)
            continue;
        (*index)[k] = i;
        (*labels)[k++] = batch->labels[i];
    }
    return true;
}

static hone_tensor *gather_labelled(hone_tape *t, hone_tensor *hidden, const hone_batch *batch)
{
    int32_t n, *index, *labels;
    return find_labelled(t, batch, &n, &index, &labels) ? hone__tape_gather_tokens(t, hidden, index, n) : NULL;
}

/* (R, C) of each row's first token. */
static hone_tensor *gather_first(hone_tape *t, hone_tensor *hidden, const hone_batch *batch)
{
    for (int32_t r = 0; r < batch->n_rows; r++)
        if (batch->cu_seqlens[r] == batch->cu_seqlens[r + 1])
            return hone__tape_fail(t, HONE_INVALID_ARGUMENT, "row %d is empty: it has no first token to classify it by", r);
    return hone__tape_gather_tokens(t, hidden, batch->cu_seqlens, batch->n_rows);
}

/* (R, C) act(dense(h)) of each row's first token. */
static hone_tensor *pool(const hone_model *m, hone_tape *t, hone_tensor *hidden, const hone_batch *batch)
{
    const hone_encoder *w = m->parts;
    hone_tensor *x = gather_first(t, hidden, batch);
    return hone__linear(t, x, w->dense_weight, w->dense_bias, m->class->encoder->row_act, hone__site(HONE_PLACE_CLASSIFIER, 1));
}

hone_tensor *hone_model_pool(hone_tape *t, hone_output *out, const hone_batch *batch)
{
    const hone_model *m = out->model;
    const hone_encoder_shape *s = m->class->encoder;
    if (!out->hidden)
        return NULL;
    if (!s || !s->pooler || (m->task != HONE_FEATURE_EXTRACTION && m->task != HONE_TEXT_CLASSIFICATION))
        return hone__tape_fail(t, HONE_INVALID_ARGUMENT, "%s has no pooler", m->class->architectures[m->task]);
    return pool(m, t, out->hidden, batch);
}

hone_tensor *hone__head_forward(const hone_model *m, hone_tape *t, hone_tensor *hidden, const hone_batch *batch)
{
    const hone_config *c = m->config;
    if (!hidden)
        return NULL;
    switch (m->task) {
    case HONE_TOKEN_CLASSIFICATION:
        if (batch->labels)
            hidden = gather_labelled(t, hidden, batch);
        return classify(m, t, hidden, m->class->encoder->token_head_drops ? classifier_dropout(c) : (float)c->hidden_dropout);
    case HONE_TEXT_CLASSIFICATION:
        return classify(m, t, pool(m, t, hidden, batch), classifier_dropout(c));
    case HONE_QUESTION_ANSWERING:
        return classify(m, t, hidden, (float)c->span_dropout);
    default:
        return NULL;
    }
}

hone_tensor *hone__head_transform(const hone_model *m, hone_tape *t, hone_tensor *hidden)
{
    const hone_encoder *w = m->parts;
    uint32_t site = hone__site(HONE_PLACE_HEAD, 1);
    hone_tensor *x = hone__linear(t, hidden, w->dense_weight, w->dense_bias, m->config->activation, site);
    return hone__layer_norm(t, x, w->dense_norm_weight, w->dense_norm_bias, hone__encoder_eps(m), site);
}

/* ---- losses ---- */

static int64_t count_labels(const int32_t *labels, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; labels && i < n; i++)
        count += labels[i] >= 0;
    return count;
}

int64_t hone__head_count(const hone_model *m, const hone_batch *batch)
{
    switch (m->task) {
    case HONE_TOKEN_CLASSIFICATION:
    case HONE_MASKED_LM:
        return count_labels(batch->labels, batch->n_tokens);
    case HONE_TEXT_CLASSIFICATION:
        return batch->row_labels ? count_labels(batch->row_labels, batch->n_rows) : batch->n_rows;
    default:
        return batch->n_rows;
    }
}

static hone_tensor *fail_labels(hone_tape *t, const char *what)
{
    return hone__tape_fail(t, HONE_INVALID_ARGUMENT, "the batch has no %s: there is no loss without them", what);
}

/* Labels that are no class: named by row and position. */
static bool check_labels(hone_tape *t, const hone_model *m, const hone_batch *batch)
{
    for (int32_t r = 0; r < batch->n_rows; r++) {
        for (int32_t i = batch->cu_seqlens[r]; i < batch->cu_seqlens[r + 1]; i++) {
            if (batch->labels[i] < (int64_t)m->config->n_labels)
                continue;
            hone__tape_fail(t, HONE_INVALID_ARGUMENT, "row %d, token %d: label %d, the model has %zu labels", r, i - batch->cu_seqlens[r],
                            batch->labels[i], m->config->n_labels);
            return false;
        }
    }
    return true;
}

static hone_tensor *token_loss(hone_tape *t, hone_output *out, const hone_batch *batch)
{
    int32_t n, *index, *labels;
    if (!batch->labels)
        return fail_labels(t, "labels");
    if (!check_labels(t, out->model, batch) || !find_labelled(t, batch, &n, &index, &labels))
        return NULL;
    bool all = out->logits->dim[0] != n; /* the forward pass saw no labels */
    const int64_t dims[1] = {out->logits->dim[0]};
    return hone_cross_entropy(t, out->logits, hone_tape_ints(t, all ? batch->labels : labels, 1, dims), NULL, 0.0f);
}

/* problem_type by hone_problem */
static const char *const problems[] = {"regression", "multi_label_classification", "single_label_classification"};

hone_problem hone__model_problem(const hone_model *m, bool has_targets)
{
    const hone_config *c = m->config;
    const char *type = json_string_value(json_object_get(c->json, "problem_type"));
    for (int i = 0; type && i < HONE_PROBLEM_SINGLE_LABEL; i++)
        if (strcmp(type, problems[i]) == 0)
            return (hone_problem)i;
    if (type)
        return HONE_PROBLEM_SINGLE_LABEL;
    return c->n_labels == 1 ? HONE_PROBLEM_REGRESSION : has_targets ? HONE_PROBLEM_MULTI_LABEL : HONE_PROBLEM_SINGLE_LABEL;
}

hone_status hone__model_set_problem(hone_model *m, hone_problem problem)
{
    if (json_object_set_new(m->config->json, "problem_type", json_string(problems[problem])) == 0)
        return HONE_OK;
    return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: problem_type");
}

/* log(1 + exp(-x)) + (1 - y) x, the mean over all: relu(x) + log(1 + exp(-|x|)) - x y never overflows */
static hone_tensor *binary_loss(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    hone_tensor *tail = hone_log(t, hone_add_scalar(t, hone_exp(t, hone_neg(t, hone_abs(t, x))), 1.0f));
    return hone_mean(t, hone_sub(t, hone_add(t, hone_relu(t, x), tail), hone_mul(t, x, y)));
}

static hone_tensor *row_loss(hone_tape *t, hone_output *out, const hone_batch *batch)
{
    const int64_t R = batch->n_rows, dims[2] = {R, (int64_t)out->model->config->n_labels};
    hone_problem p = hone__model_problem(out->model, batch->row_targets != NULL);
    if (p == HONE_PROBLEM_SINGLE_LABEL) {
        if (!batch->row_labels)
            return fail_labels(t, "row_labels");
        return hone_cross_entropy(t, out->logits, hone_tape_ints(t, batch->row_labels, 1, &R), NULL, 0.0f);
    }
    if (!batch->row_targets)
        return fail_labels(t, "row_targets");
    if (batch->n_targets && batch->n_targets != dims[1])
        return hone__tape_fail(t, HONE_SHAPE, "the batch has %d targets a row, the model %lld labels", batch->n_targets,
                               (long long)dims[1]);
    hone_tensor *targets = hone_tape_floats(t, batch->row_targets, 2, dims);
    if (p == HONE_PROBLEM_REGRESSION)
        return hone_mean(t, hone_square(t, hone_sub(t, out->logits, targets)));
    return binary_loss(t, out->logits, targets);
}

/* Cross entropy of one end over the row's tokens. Positions before the row count as its first token; the row's length, and what lies behind it, is ignored
 * (BertForQuestionAnswering: clamp(0, length), ignore_index = length). */
static hone_tensor *end_loss(hone_tape *t, hone_tensor *logits, const hone_batch *batch, int64_t column, const int32_t *positions)
{
    const int64_t R = batch->n_rows;
    int32_t *labels = hone__tape_alloc(t, ((size_t)R + 1) * sizeof(int32_t));
    if (!labels)
        return NULL;
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t length = batch->cu_seqlens[r + 1] - batch->cu_seqlens[r];
        labels[r] = positions[r] >= length ? HONE_IGNORE_INDEX : positions[r] < 0 ? 0 : positions[r];
    }
    return hone_cross_entropy(t, hone__rows_matrix(t, logits, column, -1e30f), hone_tape_ints(t, labels, 1, &R), NULL, 0.0f);
}

static hone_tensor *span_loss(hone_tape *t, hone_output *out, const hone_batch *batch)
{
    if (!batch->start_positions || !batch->end_positions)
        return fail_labels(t, "start_positions and end_positions");
    return hone_scale(
        t,
        hone_add(t, end_loss(t, out->logits, batch, 0, batch->start_positions), end_loss(t, out->logits, batch, 1, batch->end_positions)),
        0.5f);
}

hone_tensor *hone__masked_token_loss(hone_tape *t, hone_output *out, const hone_batch *batch, bool sum, float smoothing)
{
    int32_t n, *index, *labels;
    if (!out->hidden)
        return NULL;
    if (!batch->labels)
        return fail_labels(t, "labels");
    if (!find_labelled(t, batch, &n, &index, &labels))
        return NULL;
    hone_tensor *x = hone__head_transform(out->model, t, hone__tape_gather_tokens(t, out->hidden, index, n));
    float *weights = hone__tape_alloc(t, ((size_t)n + 1) * sizeof(float));
    for (int32_t i = 0; weights && i < n; i++)
        weights[i] = sum ? 1.0f : 1.0f / (float)n;
    return weights ? hone__vocab_loss(t, x, out->model->head, out->model->head_bias, labels, weights, smoothing) : NULL;
}

hone_tensor *hone__head_loss(hone_tape *t, hone_output *out, const hone_batch *batch)
{
    if (!out->hidden || hone_tape_status(t) != HONE_OK)
        return NULL;
    switch (out->model->task) {
    case HONE_TOKEN_CLASSIFICATION:
        return token_loss(t, out, batch);
    case HONE_TEXT_CLASSIFICATION:
        return row_loss(t, out, batch);
    case HONE_QUESTION_ANSWERING:
        return span_loss(t, out, batch);
    case HONE_MASKED_LM:
        return hone__masked_token_loss(t, out, batch, false, 0.0f);
    default:
        return hone__tape_fail(t, HONE_INVALID_ARGUMENT, "%s has no loss", out->model->class->architectures[out->model->task]);
    }
}
