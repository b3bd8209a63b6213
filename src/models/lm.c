/* The head of causal language models: losses and logits of hone/model.h over the vocabulary ops (engine.md, 7). The logits of all tokens never exist.
 *
 * The token at position i predicts the label of position i + 1 of its row; a row of T tokens has T - 1 predictions. Labels default to the ids themselves;
 * HONE_IGNORE_INDEX takes a token out (transformers/loss/loss_utils.py, ForCausalLMLoss). */
#include "models/encoder.h"

static bool predicts(const hone_batch *b, int32_t r, int32_t i)
{
    return i + 1 < b->cu_seqlens[r + 1] && (!b->labels || b->labels[i + 1] >= 0);
}

static int64_t count(const hone_batch *b)
{
    int64_t n = 0;
    for (int32_t r = 0; r < b->n_rows; r++)
        for (int32_t i = b->cu_seqlens[r]; i < b->cu_seqlens[r + 1]; i++)
            n += predicts(b, r, i);
    return n;
}

int64_t hone_model_count_items(const hone_model *m, const hone_batch *batch)
{
    return m->task == HONE_CAUSAL_LM ? count(batch) : hone__head_count(m, batch);
}

/* The M tokens that predict: where they stand, what they predict. */
typedef struct predictions {
    int32_t n;
    int32_t *index, *labels;
} predictions;

static bool find_predictions(predictions *p, hone_tape *t, const hone_batch *b)
{
    int32_t k = 0;
    p->n = (int32_t)count(b);
    p->index = hone__tape_alloc(t, ((size_t)p->n + 1) * sizeof(int32_t));
    p->labels = hone__tape_alloc(t, ((size_t)p->n + 1) * sizeof(int32_t));
    if (!p->index || !p->labels)
        return false;
    for (int32_t r = 0; r < b->n_rows; r++) {
        for (int32_t i = b->cu_seqlens[r]; i < b->cu_seqlens[r + 1]; i++) {
            if (!predicts(b, r, i))
                continue;
            p->index[k] = i;
            p->labels[k++] = (b->labels ? b->labels : b->input_ids)[i + 1];
        }
    }
    return true;
}

/* (M, C) hidden states of the tokens that predict. */
static hone_tensor *select_predictions(predictions *p, hone_tape *t, hone_output *out, const hone_batch *b)
{
    if (!out->hidden)
        return NULL;
    if (out->model->task != HONE_CAUSAL_LM)
        return hone__tape_fail(t, HONE_INVALID_ARGUMENT, "the loss of the next token is for causal language models");
    return find_predictions(p, t, b) ? hone__tape_gather_tokens(t, out->hidden, p->index, p->n) : NULL;
}

hone_tensor *hone__next_token_loss(hone_tape *t, hone_output *out, const hone_batch *batch, const float *weights, float smoothing)
{
    predictions p;
    hone_tensor *x = select_predictions(&p, t, out, batch);
    if (!x)
        return NULL;
    float *w = hone__tape_alloc(t, ((size_t)p.n + 1) * sizeof(float));
    for (int32_t i = 0; w && i < p.n; i++)
        w[i] = weights ? weights[p.index[i]] : 1.0f / (float)p.n;
    return w ? hone__vocab_loss(t, x, out->model->head, NULL, p.labels, w, smoothing) : NULL;
}

hone_tensor *hone_next_token_loss(hone_tape *t, hone_output *out, const hone_batch *batch, const float *weights)
{
    return hone__next_token_loss(t, out, batch, weights, 0.0f);
}

hone_tensor *hone_next_token_nll(hone_tape *t, hone_output *out, const hone_batch *batch)
{
    predictions p;
    hone_tensor *x = select_predictions(&p, t, out, batch);
    return x ? hone__vocab_nll(t, x, out->model->head, NULL, p.labels, 0.0f) : NULL;
}

hone_tensor *hone_lm_logits(hone_tape *t, hone_output *out, const int32_t *positions, size_t n)
{
    if (!out->hidden)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (positions[i] < 0 || positions[i] >= out->hidden->dim[0])
            return hone__tape_fail(t, HONE_INVALID_ARGUMENT, "position %d of %zu is %d, the batch has %lld tokens", (int)i, n, positions[i],
                                   (long long)out->hidden->dim[0]);
    if (!out->model->head)
        return hone__tape_fail(t, HONE_INVALID_ARGUMENT, "logits of the vocabulary are for language models");
    hone_tensor *x = hone_index_select(t, out->hidden, hone_tape_ints(t, positions, 1, (const int64_t[]){(int64_t)n}));
    if (out->model->task == HONE_MASKED_LM)
        x = hone__head_transform(out->model, t, x);
    return hone__linear(t, x, out->model->head, out->model->head_bias, HONE_ACT_NONE, hone__site(HONE_PLACE_HEAD, 0));
}

hone_tensor *hone_model_loss(hone_tape *t, hone_output *out, const hone_batch *batch)
{
    if (out->model->task == HONE_CAUSAL_LM)
        return hone_next_token_loss(t, out, batch, NULL);
    return hone__head_loss(t, out, batch);
}
