/* The accelerator: what a training loop of one's own needs beside model, optimizer and loader. It has the words of the course's loop: prepare, accumulate, backward,
 * sync_gradients, clip_grad_norm, gather, gather_for_metrics, pad_across_processes, unwrap_model, is_main_process. One process today; the words stay when there are more.
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
#include <hone/optimizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_accelerator hone_accelerator;

typedef enum hone_precision { HONE_PRECISION_AUTO, HONE_PRECISION_NO /* fp32 */, HONE_PRECISION_BF16, HONE_PRECISION_FP16 } hone_precision;

typedef struct hone_accelerator_options {
    hone_precision mixed_precision;      /* AUTO: the fastest that loses nothing, fp32 on the CPU. One that the device lacks is refused */
    int64_t gradient_accumulation_steps; /* 1; a mean loss of each micro-batch counts 1/steps of it */
    uint64_t seed;                       /* of dropout: 42 */
} hone_accelerator_options;
#define HONE_ACCELERATOR_OPTIONS_INIT \
    {                                 \
        HONE_PRECISION_AUTO, 1, 42    \
    }

/* options NULL: the defaults. */
HONE_API hone_status hone_accelerator_new(hone_accelerator **out, const hone_accelerator_options *options);
/* Frees the accelerator and its tapes, not what was prepared. NULL is legal. */
HONE_API void hone_accelerator_free(hone_accelerator *acc);
/* Binds what the loop works with (all lent, and to outlive acc): the model decides about the device, the train loader's end ends an accumulation. Loaders may be NULL;
 * they are pointers to pointers because with several processes each gets its own part of the data. */
HONE_API hone_status hone_accelerator_prepare(hone_accelerator *acc, hone_model *model, hone_optimizer *opt, hone_loader **train_loader,
                                              hone_loader **eval_loader);

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
/* This process among all, from 0. */
HONE_API int hone_accelerator_process_index(const hone_accelerator *acc);
/* How many processes work together. */
HONE_API int hone_accelerator_num_processes(const hone_accelerator *acc);

#ifdef __cplusplus
}
#endif
#endif
