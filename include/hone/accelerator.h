/* The accelerator: what a training loop of one's own needs beside model, optimizer and loader. It has the words of the course's loop: prepare, accumulate, backward,
 * sync_gradients, clip_grad_norm, gather, gather_for_metrics, pad_across_processes, unwrap_model, is_main_process, save_state, log. One process today: what gathers gives one's own numbers, what
 * waits returns at once, and every process is the main one; the words and their meaning stay when there are more. docs/training-loop.md lays the course's loop beside this one.
 *
 *     while (hone_loader_next(loader, &batch)) {
 *         hone_tape *t = hone_accelerator_accumulate(acc);
 *         hone_output out = hone_model_forward(model, t, &batch);
 *         CHECK(hone_accelerator_backward(acc, hone_model_loss(t, &out, &batch)));
 *         if (!hone_accelerator_sync_gradients(acc)) continue;
 *         CHECK(hone_accelerator_clip_grad_norm(acc, 1.0, NULL));
 *         CHECK(hone_optimizer_step(opt));  hone_scheduler_step(sched);  hone_optimizer_zero_grad(opt);
 *     }
 */
#ifndef HONE_ACCELERATOR_H
#define HONE_ACCELERATOR_H

#include <hone/loader.h>
#include <hone/metrics.h>
#include <hone/optimizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_accelerator hone_accelerator;

typedef enum hone_precision { HONE_PRECISION_AUTO, HONE_PRECISION_NO /* fp32 */, HONE_PRECISION_BF16, HONE_PRECISION_FP16 } hone_precision;

typedef struct hone_accelerator_options {
    hone_precision
        mixed_precision; /* AUTO: the fastest that loses nothing, fp32 on the CPU. BF16: as --bf16; prepare refuses what the device lacks */
    int64_t gradient_accumulation_steps; /* 1; a mean loss of each micro-batch counts 1/steps of it */
    uint64_t seed;                       /* of dropout: 42 */
    const char *log_with;    /* trackers for log, with commas between: "tensorboard,csv" (HONE_TRACKER_MAP). NULL: none. Copied */
    const char *project_dir; /* where trackers have their folders; NULL: here. Copied */
} hone_accelerator_options;
#define HONE_ACCELERATOR_OPTIONS_INIT          \
    {                                          \
        HONE_PRECISION_AUTO, 1, 42, NULL, NULL \
    }

/* options NULL: the defaults. */
HONE_API hone_status hone_accelerator_new(hone_accelerator **out, const hone_accelerator_options *options);
/* Frees the accelerator and its tapes, not what was prepared. NULL is legal. */
HONE_API void hone_accelerator_free(hone_accelerator *acc);
/* Binds what the loop works with (all lent, and to outlive acc): the model decides about the device, the train loader's end ends an accumulation. Loaders may be NULL;
 * they are pointers to pointers because with several processes each gets its own part of the data. */
HONE_API hone_status hone_accelerator_prepare(hone_accelerator *acc, hone_model *model, hone_optimizer *opt, hone_loader **train_loader,
                                              hone_loader **eval_loader);

/* Names the schedule that save_state and load_state are to keep (prepare(…, lr_scheduler)); it may be made after prepare. Lent; NULL: none. */
HONE_API void hone_accelerator_prepare_scheduler(hone_accelerator *acc, hone_scheduler *scheduler);

/* Begins the next micro-batch: a fresh recording tape with dropout on, whose losses count 1/gradient_accumulation_steps. NULL after a failure that backward will report. */
HONE_API hone_tape *hone_accelerator_accumulate(hone_accelerator *acc);
/* A fresh tape that records nothing and drops nothing: evaluation, generation. */
HONE_API hone_tape *hone_accelerator_inference(hone_accelerator *acc);
/* Adds the gradients of loss (one element). All errors of the micro-batch come out here. */
HONE_API hone_status hone_accelerator_backward(hone_accelerator *acc, hone_tensor *loss);
/* True in the last micro-batch of an accumulation group: it is full, or the train loader is at the end of its epoch. */
HONE_API bool hone_accelerator_sync_gradients(const hone_accelerator *acc);
/* Scales the gradients so that their global L2 norm is at most max_norm (<= 0: only measures), as torch's clip_grad_norm_: the factor goes into the optimizer's next
 * step, no gradient is rewritten. *norm (may be NULL) is the norm before clipping. Not finite: the next step is passed over. */
HONE_API hone_status hone_accelerator_clip_grad_norm(hone_accelerator *acc, double max_norm, double *norm);

/* Cuts every element of the gradients to [-max_value, max_value], as torch's clip_grad_value_ (NaN stays). Before clip_grad_norm, if both. HONE_INVALID_ARGUMENT without an optimizer, and for a
 * max_value that is negative or not finite. */
HONE_API hone_status hone_accelerator_clip_grad_value(hone_accelerator *acc, double max_value);

/* Rows of numbers (rows, width), row-major, made as wide as the widest of all processes (*widest, which may be NULL), the new columns filled with pad_index: as
 * pad_across_processes(dim=1), so that what is gathered has one shape everywhere (one process: its own width). pad_first: the new columns come first. out holds `capacity`
 * numbers and does not overlap values; HONE_SHAPE says how many it takes. All processes call it in the same order, with as many rows. */
HONE_API hone_status hone_accelerator_pad_across_processes(hone_accelerator *acc, const int32_t *values, int32_t rows, int32_t width,
                                                           int32_t pad_index, bool pad_first, int32_t *out, size_t capacity,
                                                           int32_t *widest);
/* Numbers of all processes, one after the other; as many in each. *n: written to out, at most capacity. */
HONE_API hone_status hone_accelerator_gather_ints(hone_accelerator *acc, const int32_t *values, size_t count, int32_t *out, size_t capacity,
                                                  size_t *n);

/* A tensor's elements from all processes, one after the other (one process: its own). *n: floats written, at most capacity. */
HONE_API hone_status hone_accelerator_gather(hone_accelerator *acc, const hone_tensor *t, float *out, size_t capacity, size_t *n);
/* The same without what the last batch of an epoch repeats to fill up all processes (nothing is repeated in one process). */
HONE_API hone_status hone_accelerator_gather_for_metrics(hone_accelerator *acc, const hone_tensor *t, float *out, size_t capacity,
                                                         size_t *n);
/* Adds n numbers up over all processes, in place. */
HONE_API hone_status hone_accelerator_reduce_sum(hone_accelerator *acc, double *values, size_t n);
/* Waits until all processes are here. */
HONE_API hone_status hone_accelerator_wait_for_everyone(hone_accelerator *acc);
/* The model itself, for saving. */
HONE_API hone_model *hone_accelerator_unwrap_model(hone_accelerator *acc, hone_model *model);
/* True in the process that writes files and talks. */
HONE_API bool hone_accelerator_is_main_process(const hone_accelerator *acc);
/* True in one process of each machine: the one that prepares its files. */
HONE_API bool hone_accelerator_is_local_main_process(const hone_accelerator *acc);
/* True in the last process. */
HONE_API bool hone_accelerator_is_last_process(const hone_accelerator *acc);
/* This process among all, from 0. */
HONE_API int hone_accelerator_process_index(const hone_accelerator *acc);
/* How many processes work together. */
HONE_API int hone_accelerator_num_processes(const hone_accelerator *acc);

/* ---- a run that can be taken up again ------------------------------------------------------------------------------------------------------
 *
 *     int64_t epoch = 0, first_batch = 0;
 *     if (resume) {
 *         CHECK(hone_accelerator_load_state(acc, "state"));
 *         epoch = hone_loader_epoch(train_loader);
 *         first_batch = hone_loader_position(train_loader);
 *     }
 *     for (; epoch < n_epochs; epoch++, first_batch = 0) {
 *         CHECK(hone_loader_start_epoch_at(train_loader, epoch, first_batch));   // skip_first_batches
 *         while (hone_loader_next(train_loader, &batch)) {
 *             …
 *             if (hone_scheduler_steps(scheduler) % 100 == 0)
 *                 CHECK(hone_accelerator_save_state(acc, "state"));
 *         }
 *     }
 */

/* Numbers of one's own that save_state keeps and load_state gives back, by name (register_for_checkpointing), which is copied and has less than 64 bytes. save fills state, which is empty; load reads
 * it; a failure of theirs is that of save_state or load_state. payload is lent for the accelerator's life. HONE_INVALID_ARGUMENT for a name that is taken, and where name or functions are missing. */
HONE_API hone_status hone_accelerator_register_for_checkpointing(hone_accelerator *acc, const char *name,
                                                                 hone_status (*save)(const void *payload, hone_metrics *state),
                                                                 hone_status (*load)(void *payload, const hone_metrics *state),
                                                                 void *payload);
/* Model, optimizer, schedule (hone_accelerator_prepare_scheduler), the train loader's place and what was registered, as a folder that appears whole or not at all, in the place of one that is
 * there. Between updates: after zero_grad, and before the next accumulate; HONE_INVALID_ARGUMENT inside an accumulation group. The same loop goes on from it to the bit, on the same binary,
 * kind of CPU and number of threads. Order, dropout and masks follow from counters: no generator has a state to keep. What a process that was killed in save_state left beside the folder (FOLDER.tmp-…) is
 * removed by the next call for it. */
HONE_API hone_status hone_accelerator_save_state(hone_accelerator *acc, const char *folder);
/* Brings all that back, into objects that were made and prepared as they had been; the train loader stands at its place (hone_loader_epoch, hone_loader_position). Sizes and hashes of the files
 * are checked first. HONE_FORMAT: a file is not as it was written; HONE_INVALID_ARGUMENT: another data set, or something registered here or there only. */
HONE_API hone_status hone_accelerator_load_state(hone_accelerator *acc, const char *folder);

/* ---- trackers (hone/tracker.h) ---- */

/* Opens the trackers of log_with in project_dir/project_name. config (NULL: none): hyper-parameters, logged as a text. Only the main process has any. */
HONE_API hone_status hone_accelerator_init_trackers(hone_accelerator *acc, const char *project_name, const hone_metrics *config);
/* An entry for each tracker: none before init_trackers. */
HONE_API hone_status hone_accelerator_log(hone_accelerator *acc, const hone_metrics *values, int64_t step);
/* Closes the trackers; HONE_IO when what was logged did not all come to the disk. hone_accelerator_free closes them, too. */
HONE_API hone_status hone_accelerator_end_training(hone_accelerator *acc);

#ifdef __cplusplus
}
#endif
#endif
