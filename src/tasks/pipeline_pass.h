/* Forward passes of pipelines: encodings, packed without padding into batches that do not grow with the input, and what the head says of each. */
#ifndef HONE_TASKS_PIPELINE_PASS_H
#define HONE_TASKS_PIPELINE_PASS_H

#include <hone/model.h>
#include <hone/tokenizer.h>

/* Kept between calls. */
typedef struct hone__pass {
    hone_tape *tape;
    int32_t *ids, *type_ids, *starts; /* of a batch */
    size_t ids_capacity, types_capacity, starts_capacity;
    int32_t *positions; /* of a batch, whose logits are wanted */
    float *logits;
    size_t positions_capacity, logits_capacity;
} hone__pass;

/* An encoding, and where its logits go: a vector for each of its tokens, or one for the row with a head of rows; with a masked language model one for each of n_positions tokens.
 * All are lent. */
typedef struct hone__pass_row {
    const hone_encoding *encoding;
    float *logits;
    const int32_t *positions;
    size_t n_positions;
} hone__pass_row;

/* Refuses a text of more tokens than `longest`, which truncation would have cut. */
hone_status hone__pass_check_length(const hone_encoding *e, size_t longest);
/* pass may be disposed of whether this succeeded or not. */
hone_status hone__pass_init(hone__pass *pass, hone_device *device);
void hone__pass_dispose(hone__pass *pass);

/* The logits of n rows; a vector has n_out of them. */
hone_status hone__pass_run(hone__pass *pass, const hone_model *model, const hone__pass_row *rows, size_t n, size_t n_out);

/* An id that the model has no embedding for is the text's own failure, not the batch's. */
hone_status hone__pass_check_ids(const hone_model *model, const hone_encoding *e);

#endif
