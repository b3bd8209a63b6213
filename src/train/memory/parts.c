/* Batches cut into parts of consecutive rows. Losses are sums over items and gradients add up, rows do not see each other, and dropout is keyed by the row's ordinal: a batch in
 * parts is the same batch to rounding, and neither the order of the data nor the number of updates knows of it. */
#include "train/memory/memory.h"
#include "train/trainer.h"

int32_t hone__part_rows(const hone_batch *batch, int32_t first, int64_t part_tokens)
{
    int32_t n = 1;
    if (part_tokens <= 0)
        return batch->n_rows - first;
    while (first + n < batch->n_rows && batch->cu_seqlens[first + n + 1] - batch->cu_seqlens[first] <= part_tokens)
        n++;
    return n;
}

static const int32_t *from_token(const int32_t *field, int32_t token)
{
    return field ? field + token : NULL;
}

hone_batch hone__part(const hone_batch *batch, int32_t first, int32_t n, int64_t n_targets, int32_t *starts)
{
    int32_t begin = batch->cu_seqlens[first];
    hone_batch part = *batch;
    part.longest = 0;
    for (int32_t r = 0; r <= n; r++) {
        starts[r] = batch->cu_seqlens[first + r] - begin;
        if (r > 0 && starts[r] - starts[r - 1] > part.longest)
            part.longest = starts[r] - starts[r - 1];
    }
    part.n_rows = n;
    part.n_tokens = starts[n];
    part.cu_seqlens = starts;
    part.input_ids = from_token(batch->input_ids, begin);
    part.positions = from_token(batch->positions, begin);
    part.token_type_ids = from_token(batch->token_type_ids, begin);
    part.labels = from_token(batch->labels, begin);
    part.row_labels = from_token(batch->row_labels, first);
    part.start_positions = from_token(batch->start_positions, first);
    part.end_positions = from_token(batch->end_positions, first);
    part.row_targets = batch->row_targets ? batch->row_targets + (size_t)first * (size_t)n_targets : NULL;
    part.ordinals = batch->ordinals ? batch->ordinals + first : NULL;
    part.n_labelled = -1;
    return part;
}

int64_t hone__largest_part(const hone_batch *batch, int64_t part_tokens)
{
    int64_t largest = 0;
    for (int32_t r = 0, n; r < batch->n_rows; r += n) {
        n = hone__part_rows(batch, r, part_tokens);
        int64_t tokens = batch->cu_seqlens[r + n] - batch->cu_seqlens[r];
        largest = tokens > largest ? tokens : largest;
    }
    return largest;
}

hone_status hone__trainer_part(hone_batch *part, hone_trainer *t, const hone_batch *batch, int32_t first)
{
    size_t n_labels = 0;
    int32_t n = hone__part_rows(batch, first, t->part_tokens);
    *part = *batch;
    if (n == batch->n_rows)
        return HONE_OK;
    hone_model_labels(t->model, &n_labels);
    HONE_TRY(HONE_GROW(&t->part_starts, &t->part_starts_capacity, (size_t)n + 1));
    *part = hone__part(batch, first, n, (int64_t)n_labels, t->part_starts);
    return HONE_OK;
}
