/* The padded view of a packed batch, for those who want what the course's DataCollatorWithPadding and DataCollatorForTokenClassification give (semantics.md, 22 and 26).
 * Nothing in hone computes on it. */
#include <hone/batch.h>

#include "base/mem.h"

/* field NULL: `value` for every token. */
static void pad_rows(int32_t *out, const hone_batch *batch, const int32_t *field, int32_t value, int32_t pad, int32_t width, bool left)
{
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t start = batch->cu_seqlens[r], len = batch->cu_seqlens[r + 1] - start, first = left ? width - len : 0;
        int32_t *row = out + (size_t)r * (size_t)width; /* (width) */
        for (int32_t j = 0; j < width; j++)
            row[j] = j < first || j >= first + len ? pad : field ? field[start + j - first] : value;
    }
}

hone_status hone_batch_pad(const hone_batch *batch, const int32_t *field, int32_t pad, int32_t width, int32_t *out)
{
    if (!batch || !field || !out)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_batch_pad: the batch, the field and the output must be given");
    if (width < batch->longest)
        return hone__fail(HONE_SHAPE, "hone_batch_pad: width %d is less than the longest row's %d tokens", width, batch->longest);
    pad_rows(out, batch, field, 0, pad, width, false);
    return HONE_OK;
}

static hone_status settle_width(int32_t *width, const hone_batch *batch, const hone_batch_padding *p)
{
    int64_t w = p->max_length > 0 ? p->max_length : batch->longest, multiple = p->pad_to_multiple_of;
    if (w < batch->longest)
        return hone__hint(
            hone__fail(HONE_SHAPE, "padding: max_length %d is less than the longest row's %d tokens", p->max_length, batch->longest),
            "truncate when the rows are tokenized");
    if (multiple > 0)
        w = (w + multiple - 1) / multiple * multiple;
    if (w > INT32_MAX)
        return hone__fail(HONE_SHAPE, "padding: rows of %lld tokens", (long long)w);
    *width = (int32_t)w;
    return HONE_OK;
}

static hone_status pad_field(int32_t **out, const hone_padded_batch *p, const hone_batch *batch, const int32_t *field, int32_t value,
                             int32_t pad, bool left)
{
    size_t n;
    if (!hone__mul_size(&n, (size_t)p->n_rows, (size_t)p->width))
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: a padded batch of %d rows", p->n_rows);
    HONE_TRY(HONE_ALLOC(out, n));
    pad_rows(*out, batch, field, value, pad, p->width, left);
    return HONE_OK;
}

hone_status hone_padded_batch_init(hone_padded_batch *out, const hone_batch *batch, const hone_batch_padding *padding)
{
    hone_batch_padding defaults = HONE_BATCH_PADDING_INIT;
    const hone_batch_padding *p = padding ? padding : &defaults;
    hone_status status;
    *out = (hone_padded_batch){0};
    if (!batch || !batch->input_ids)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_padded_batch_init: there is no batch");
    HONE_GO(settle_width(&out->width, batch, p));
    out->n_rows = batch->n_rows;
    HONE_GO(pad_field(&out->input_ids, out, batch, batch->input_ids, 0, p->pad_token_id, p->left));
    HONE_GO(pad_field(&out->attention_mask, out, batch, NULL, 1, 0, p->left));
    HONE_GO(pad_field(&out->token_type_ids, out, batch, batch->token_type_ids, 0, 0, p->left));
    if (batch->labels)
        HONE_GO(pad_field(&out->labels, out, batch, batch->labels, 0, p->label_pad_token_id, p->left));
done:
    if (status != HONE_OK)
        hone_padded_batch_dispose(out);
    return status;
}

void hone_padded_batch_dispose(hone_padded_batch *p)
{
    if (!p)
        return;
    hone__free(p->input_ids);
    hone__free(p->attention_mask);
    hone__free(p->token_type_ids);
    hone__free(p->labels);
    *p = (hone_padded_batch){0};
}
