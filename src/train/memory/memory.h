/* Memory of a training: what it will take, what there is, and how a batch is cut into parts that fit. forecast.c asks the dry device, memory.c decides, parts.c cuts. */
#ifndef HONE_TRAIN_MEMORY_H
#define HONE_TRAIN_MEMORY_H

#include "base/mem.h"
#include "nn/tape.h"
#include <hone/train.h>

/* What is to be forecast: the trainer's own run, but for these. */
typedef struct hone_forecast_case {
    int64_t batch_size;  /* 0: the trainer's */
    int64_t part_tokens; /* batches of more are cut into parts; 0: none is */
    bool recompute;      /* layers are computed again in backward */
} hone_forecast_case;

/* What the dry run found beside the sums. */
typedef struct hone_forecast_details {
    hone__tape_needs needs; /* of the training tape, evaluations included */
    hone__tape_needs after; /* of the predictions that come when the training is over */
    int32_t slots;          /* of the tables that are trained by rows: the most that one has in use */
} hone_forecast_details;

/* details may be NULL. Fails, with *out empty, where a part of the run (a user's loss) cannot be run without values: then nothing is known. */
hone_status hone__forecast(hone_memory_forecast *out, hone_forecast_details *details, hone_trainer *trainer,
                           const hone_forecast_case *which);

/* Bytes that a checkpoint takes while it is written, beyond what training holds (`held`). */
size_t hone__checkpoint_bytes(const hone_trainer *trainer, size_t held);

/* Before the run, once: forecasts it; refuses one that does not fit, with the remedy; under auto_find_batch_size settles part_tokens instead. */
hone_status hone__trainer_settle_memory(hone_trainer *trainer);
/* The same, with the forecast as it is settled, or of what was refused; a run that cannot be forecast is a failure here. */
hone_status hone__trainer_forecast_settled(hone_memory_forecast *out, hone_trainer *trainer);
/* The tape's and the tables' memory as forecast, so that no step asks for any. */
hone_status hone__trainer_reserve_memory(hone_trainer *trainer);
/* After an allocation failed in a batch of so many tokens (rows: in its largest part): smaller parts from now on, and memory given back. False: there are none smaller, or it was not asked for. */
bool hone__trainer_shrink(hone_trainer *trainer, const hone_batch *batch);

/* At the end of a job: the most that was held, beside the forecast. */
void hone__trainer_tell_peak(const hone_trainer *trainer);

/* ---- parts.c ---- */

/* How many rows from `first` on make a part of at most so many tokens (0: all), one at least. */
int32_t hone__part_rows(const hone_batch *batch, int32_t first, int64_t part_tokens);
/* Rows first .. first + n - 1 of a batch, lent by it; starts (n + 1) is room for their places. n_targets: of a row. */
hone_batch hone__part(const hone_batch *batch, int32_t first, int32_t n, int64_t n_targets, int32_t *starts);
/* The part of a trainer's batch that begins with row `first`; the whole batch where nothing is cut. Valid until the next. */
hone_status hone__trainer_part(hone_batch *part, hone_trainer *trainer, const hone_batch *batch, int32_t first);
/* The tokens of the batch's largest part. */
int64_t hone__largest_part(const hone_batch *batch, int64_t part_tokens);

#endif
