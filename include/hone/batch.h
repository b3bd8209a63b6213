/* A packed batch: rows laid end to end, no padding (docs/notation.md: N tokens, R rows, T longest row). Plain host arrays.
 *
 * The padded view of the course (DataCollatorWithPadding, DataCollatorForTokenClassification) is a conversion for those who ask: hone_batch_pad, hone_padded_batch. */
#ifndef HONE_BATCH_H
#define HONE_BATCH_H

#include <hone/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_IGNORE_INDEX (-100) /* a label that no loss sees, as in PyTorch */

typedef struct hone_batch {
    int32_t n_tokens, n_rows, longest; /* N, R, T */
    const int32_t *cu_seqlens;         /* (R+1) start of each row; cu_seqlens[R] == N */
    const int32_t *input_ids;          /* (N) */
    const int32_t *positions;          /* (N) position in the row; NULL: counted from 0 */
    const int32_t *token_type_ids;     /* (N) or NULL: all 0 */
    const int32_t
        *labels; /* (N) or NULL. Causal LM: as transformers gives them, not shifted (label of a token is that token); the loss shifts */
    const int32_t *row_labels;                      /* (R) or NULL: classes */
    const float *row_targets;                       /* (R, n) or NULL: regression, multi-label */
    const int32_t *start_positions, *end_positions; /* (R) or NULL: answers, position in the row */
    const uint64_t *ordinals; /* (R) place of the row in the run's stream of samples (dropout's key); NULL: 0 .. R-1 */
    int64_t n_labelled;       /* items that the loss counts (after the shift); -1: not counted yet */
    int32_t n_targets;        /* n of row_targets, which is checked against the model's labels; 0: it is their number */
} hone_batch;

/* The padded view: out holds R * width int32, rows padded at the end with `pad`. field is one of the (N) arrays. HONE_SHAPE when width is less than the
 * longest row. Any thread. */
HONE_API hone_status hone_batch_pad(const hone_batch *batch, const int32_t *field, int32_t pad, int32_t width, int32_t *out);

typedef struct hone_batch_padding {
    int32_t pad_token_id;       /* 0 */
    int32_t label_pad_token_id; /* HONE_IGNORE_INDEX */
    int32_t max_length;         /* > 0: rows of this width, as padding="max_length"; 0: of the longest row */
    int32_t pad_to_multiple_of; /* > 0: the width is rounded up to a multiple */
    bool left;                  /* padding_side="left": of ids, mask and labels alike */
} hone_batch_padding;
#define HONE_BATCH_PADDING_INIT           \
    {                                     \
        0, HONE_IGNORE_INDEX, 0, 0, false \
    }

/* What DataCollatorForTokenClassification hands to a model: (R, width) each, row-major. */
typedef struct hone_padded_batch {
    int32_t n_rows, width;
    int32_t *input_ids, *attention_mask, *token_type_ids;
    int32_t *labels; /* NULL: the batch has none */
} hone_padded_batch;
/* Makes the padded copy of a batch (padding NULL: the defaults). HONE_SHAPE when max_length is less than the longest row. Dispose with hone_padded_batch_dispose. Any thread. */
HONE_API hone_status hone_padded_batch_init(hone_padded_batch *out, const hone_batch *batch, const hone_batch_padding *padding);
/* Frees the arrays; after a failure there are none, and it is legal. */
HONE_API void hone_padded_batch_dispose(hone_padded_batch *p);

#ifdef __cplusplus
}
#endif
#endif
