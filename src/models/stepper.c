/* Running a model step by step (stepper.h). A step asks the allocator for nothing: the tape keeps its memory, the batch's arrays are made once. */
#include "models/stepper.h"
#include "base/spans.h"

#include <string.h>

hone_status hone__stepper_init(hone_stepper *d, const hone_model *model, int32_t n_slots, int32_t max_tokens, int64_t max_length)
{
    size_t n = (size_t)n_slots, tokens = (size_t)(max_tokens > n_slots ? max_tokens : n_slots);
    *d = (hone_stepper){.model = model, .backend = model->device->backend, .n_slots = n_slots, .n_classes = model->config->vocab_size};
    d->token_capacity = (int32_t)tokens;
    HONE_TRY(hone_tape_new(&d->tape, model->device, &(hone_tape_options){.recording = false}));
    HONE_TRY(hone__kv_cache_new(&d->cache, d->backend, (int)model->config->n_layers, model->config->hidden_size, n_slots));
    HONE_TRY(hone__kv_cache_reserve(d->cache, max_length < 256 ? max_length : 256));
    HONE_TRY(HONE_ALLOC(&d->states, 4 * n));
    HONE_TRY(HONE_ALLOC(&d->best, n));
    HONE_TRY(HONE_NEW(&d->cu_seqlens, n + 1));
    HONE_TRY(HONE_ALLOC(&d->last, n));
    HONE_TRY(HONE_ALLOC(&d->unlabelled, n));
    HONE_TRY(HONE_ALLOC(&d->ids, tokens));
    HONE_TRY(HONE_ALLOC(&d->positions, tokens));
    for (size_t i = 0; i < n; i++)
        d->unlabelled[i] = HONE_IGNORE_INDEX;
    return HONE_OK;
}

void hone__stepper_dispose(hone_stepper *d)
{
    hone__kv_cache_free(d->cache);
    hone_tape_free(d->tape);
    hone__free(d->host);
    hone__free(d->states);
    hone__free(d->best);
    hone__free(d->cu_seqlens);
    hone__free(d->last);
    hone__free(d->unlabelled);
    hone__free(d->ids);
    hone__free(d->positions);
    *d = (hone_stepper){0};
}

static hone_batch make_batch(hone_stepper *d, int32_t n_rows, const int32_t *slots, const int32_t *const *ids, const int32_t *n_ids)
{
    int32_t k = 0, longest = 0;
    for (int32_t r = 0; r < n_rows; r++) {
        int32_t length = hone__kv_cache_length(d->cache, slots[r]);
        HONE_ASSERT(n_ids[r] >= 1 && k + n_ids[r] <= d->token_capacity);
        for (int32_t i = 0; i < n_ids[r]; i++, k++) {
            d->ids[k] = ids[r][i];
            d->positions[k] = length + i;
        }
        d->last[r] = k - 1;
        d->cu_seqlens[r + 1] = k;
        longest = n_ids[r] > longest ? n_ids[r] : longest;
    }
    return (hone_batch){
        .n_tokens = k, .n_rows = n_rows, .longest = longest, .cu_seqlens = d->cu_seqlens, .input_ids = d->ids, .positions = d->positions};
}

hone_status hone__stepper_feed(hone_stepper *d, int32_t n_rows, const int32_t *slots, const int32_t *const *ids, const int32_t *n_ids,
                               bool with_logits)
{
    hone_tape_reset(d->tape);
    hone_batch batch = make_batch(d, n_rows, slots, ids, n_ids);
    HONE_TRY(hone__kv_cache_begin(d->cache, &batch, slots));
    hone__part_begin("forward");
    hone_output out = d->model->class->forward(d->model, d->tape, &batch, d->cache);
    d->n_rows = n_rows;
    d->logits = with_logits ? hone_lm_logits(d->tape, &out, d->last, (size_t)n_rows) : NULL;
    hone__span_end();
    HONE_TRY(hone_tape_status(d->tape));
    hone__kv_cache_end(d->cache);
    return HONE_OK;
}

static hone_status out_of_arena(hone_stepper *d)
{
    hone_status status = hone_tape_status(d->tape);
    return status != HONE_OK ? status : hone__fail(HONE_OUT_OF_MEMORY, "out of memory while text was generated");
}

hone_status hone__stepper_argmax(hone_stepper *d)
{
    hone_mat x = hone__mat(d->logits);
    int32_t *index = hone__tape_alloc(d->tape, (size_t)d->n_rows * sizeof(*index));
    if (!index)
        return out_of_arena(d);
    HONE_TRY(d->backend->ops->argmax(d->backend, index, &x));
    return d->backend->ops->download(d->backend, d->best, index, (size_t)d->n_rows * sizeof(*index));
}

hone_status hone__stepper_states(hone_stepper *d)
{
    const int64_t dims[2] = {d->n_rows, 4};
    hone_tensor *state = hone__tape_tensor(d->tape, d->logits->dtype, 2, dims, NULL);
    hone_tensor *labels = hone_tape_ints(d->tape, d->unlabelled, 1, (const int64_t[]){d->n_rows});
    if (!state || !labels)
        return out_of_arena(d);
    hone_mat to = hone__mat(state), x = hone__mat(d->logits);
    HONE_TRY(d->backend->ops->softmax_block(d->backend, &to, &x, labels->data, 0, true));
    return hone_tensor_read(state, d->states, (size_t)d->n_rows * 4);
}

hone_status hone__stepper_read(hone_stepper *d, bool log_softmax)
{
    size_t n = (size_t)d->n_rows * (size_t)d->n_classes;
    hone_tensor *x = d->logits;
    if (!d->host)
        HONE_TRY(HONE_ALLOC(&d->host, (size_t)d->n_slots * (size_t)d->n_classes));
    if (log_softmax) {
        x = hone_log_softmax(d->tape, d->logits);
        HONE_TRY(hone_tape_status(d->tape));
    }
    return hone_tensor_read(x, d->host, n);
}
