/* Where the tokens of a batch stand in their rows: what learned position embeddings are looked up by. */
#include "models/class.h"

static bool check(hone_tape *t, int32_t row, int32_t length, int32_t position, int64_t n_positions, const char *field)
{
    if (position >= 0 && position < n_positions)
        return true;
    hone__tape_fail(
        t, HONE_INVALID_ARGUMENT,
        "row %d of %d tokens has a token at position %d, the model has %lld positions (%s): truncate to %lld tokens, or cut long "
        "texts into windows",
        row, length, position, (long long)n_positions, field, (long long)n_positions);
    return false;
}

/* Token i of a row stands at position i, unless the batch says otherwise (behind what a cache holds). */
const int32_t *hone__positions(hone_tape *t, const hone_batch *batch, int64_t n_positions, const char *field)
{
    int32_t *own = NULL;
    const int32_t *given = batch->positions;
    if (!given && !(own = hone__tape_alloc(t, ((size_t)batch->n_tokens + 1) * sizeof(int32_t))))
        return NULL;
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t start = batch->cu_seqlens[r], end = batch->cu_seqlens[r + 1];
        for (int32_t i = start; i < end; i++) {
            int32_t position = given ? given[i] : i - start;
            if (!check(t, r, end - start, position, n_positions, field))
                return NULL;
            if (own)
                own[i] = position;
        }
    }
    return given ? given : own;
}
