/* The padded view of a packed batch, for those who want what the course's DataCollatorWithPadding gives. Nothing in hone computes on it. */
#include <hone/batch.h>

#include "base/error.h"

hone_status hone_batch_pad(const hone_batch *batch, const int32_t *field, int32_t pad, int32_t width, int32_t *out)
{
    if (!batch || !field || !out)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_batch_pad: the batch, the field and the output must be given");
    if (width < batch->longest)
        return hone__fail(HONE_SHAPE, "hone_batch_pad: width %d is less than the longest row's %d tokens", width, batch->longest);
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t start = batch->cu_seqlens[r], len = batch->cu_seqlens[r + 1] - start;
        int32_t *row = out + (size_t)r * (size_t)width; /* (width) */
        for (int32_t j = 0; j < width; j++)
            row[j] = j < len ? field[start + j] : pad;
    }
    return HONE_OK;
}
