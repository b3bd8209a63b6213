/* The accelerator (hone/accelerator.h): the glue of a loop written by hand. It owns a training tape and an inference tape, counts micro-batches, and puts the clip factor
 * into the optimizer's step. A mean loss of each micro-batch counts 1/steps, as accelerate's backward does; at the end of the loader an incomplete group steps too. */
#include "base/mem.h"
#include "nn/tape.h"
#include "train/accelerator.h"

#include <math.h>
#include <string.h>

static hone_status copy_text(char **out, const char *text)
{
    return text ? hone__strdup(out, text) : HONE_OK;
}

hone_status hone_accelerator_new(hone_accelerator **out, const hone_accelerator_options *options)
{
    hone_accelerator_options defaults = HONE_ACCELERATOR_OPTIONS_INIT;
    hone_accelerator *acc = NULL;
    *out = NULL;
    options = options ? options : &defaults;
    if (options->gradient_accumulation_steps < 1)
        return hone__fail(HONE_INVALID_ARGUMENT, "gradient_accumulation_steps must be at least 1");
    if (options->mixed_precision == HONE_PRECISION_FP16)
        return hone__hint(hone__fail(HONE_UNSUPPORTED, "mixed_precision: the cpu has no instructions that multiply in float16"),
                          "use HONE_PRECISION_BF16 where the cpu has AVX512_BF16, else HONE_PRECISION_AUTO");
    hone_status status = HONE_NEW(&acc, 1);
    if (status != HONE_OK)
        return status;
    acc->options = *options;
    acc->comm = hone__comm_none();
    acc->last_logged = -1;
    HONE_GO(copy_text(&acc->log_with, options->log_with));
    HONE_GO(copy_text(&acc->project_dir, options->project_dir));
    *out = acc;
    return HONE_OK;
done:
    hone_accelerator_free(acc);
    return status;
}

void hone_accelerator_free(hone_accelerator *acc)
{
    if (!acc)
        return;
    hone_tape_free(acc->tape);
    hone_tape_free(acc->inference);
    hone__accelerator_free_trackers(acc);
    hone__free(acc->kept);
    hone__free(acc->log_with);
    hone__free(acc->project_dir);
    hone__free(acc);
}

hone_status hone_accelerator_prepare(hone_accelerator *acc, hone_model *model, hone_optimizer *opt, hone_loader **train_loader,
                                     hone_loader **eval_loader)
{
    hone_dtype products = acc->options.mixed_precision == HONE_PRECISION_BF16 ? HONE_DTYPE_BF16 : HONE_DTYPE_F32;
    hone_tape_options training = {.recording = true, .training = true, .seed = acc->options.seed, .products = products},
                      inference = {.seed = acc->options.seed, .products = products};
    if (!model)
        return hone__fail(HONE_INVALID_ARGUMENT, "prepare needs a model: it says on which device the work is done");
    hone_tape_free(acc->tape);
    hone_tape_free(acc->inference);
    acc->tape = acc->inference = NULL;
    acc->model = model;
    acc->opt = opt;
    acc->train = train_loader ? *train_loader : NULL;
    acc->eval = eval_loader ? *eval_loader : NULL;
    acc->micro = 0;
    acc->sync = false;
    HONE_TRY(hone_tape_new(&acc->tape, hone_model_device(model), &training));
    hone_tape_set_loss_scale(acc->tape, 1.0 / (double)acc->options.gradient_accumulation_steps);
    return hone_tape_new(&acc->inference, hone_model_device(model), &inference);
}

void hone_accelerator_prepare_scheduler(hone_accelerator *acc, hone_scheduler *scheduler)
{
    acc->scheduler = scheduler;
}

hone_tape *hone_accelerator_accumulate(hone_accelerator *acc)
{
    if (!acc->tape)
        return NULL;
    hone_tape_reset(acc->tape);
    if (acc->sync)
        acc->micro = 0;
    acc->micro++;
    acc->sync = acc->micro == acc->options.gradient_accumulation_steps ||
                (acc->train && hone_loader_position(acc->train) >= hone_loader_batches(acc->train));
    return acc->tape;
}

hone_tape *hone_accelerator_inference(hone_accelerator *acc)
{
    if (acc->inference)
        hone_tape_reset(acc->inference);
    return acc->inference;
}

hone_status hone_accelerator_backward(hone_accelerator *acc, hone_tensor *loss)
{
    if (!acc->tape)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "backward before prepare"), "call hone_accelerator_prepare first");
    return hone_tape_backward(acc->tape, loss);
}

bool hone_accelerator_sync_gradients(const hone_accelerator *acc)
{
    return acc->sync;
}

hone_status hone_accelerator_clip_grad_norm(hone_accelerator *acc, double max_norm, double *norm)
{
    double measured;
    bool finite;
    if (!acc->opt)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "clip_grad_norm without an optimizer"), "hand it to hone_accelerator_prepare");
    HONE_TRY(hone__optimizer_clip(acc->opt, 1, max_norm, &measured, &finite));
    if (norm)
        *norm = measured;
    return HONE_OK;
}

hone_status hone_accelerator_clip_grad_value(hone_accelerator *acc, double max_value)
{
    if (!acc->opt)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "clip_grad_value without an optimizer"), "hand it to hone_accelerator_prepare");
    if (!(max_value >= 0) || !isfinite(max_value))
        return hone__fail(HONE_INVALID_ARGUMENT, "clip_grad_value: %g is no largest value", max_value);
    return hone__optimizer_clip_value(acc->opt, (float)max_value);
}

/* The largest of one number a process: collectives add and gather, so every process puts its own into a slot. */
static hone_status widest_of_all(hone_accelerator *acc, int32_t width, int32_t *widest)
{
    double *widths = NULL;
    int n = acc->comm->n_ranks;
    hone_status status;
    HONE_GO(HONE_NEW(&widths, (size_t)n));
    widths[acc->comm->rank] = width;
    HONE_GO(acc->comm->ops->all_reduce_f64(acc->comm, widths, (size_t)n));
    *widest = width;
    for (int i = 0; i < n; i++)
        *widest = (int32_t)widths[i] > *widest ? (int32_t)widths[i] : *widest;
done:
    hone__free(widths);
    return status;
}

hone_status hone_accelerator_pad_across_processes(hone_accelerator *acc, const int32_t *values, int32_t rows, int32_t width,
                                                  int32_t pad_index, bool pad_first, int32_t *out, size_t capacity, int32_t *widest)
{
    int32_t wide = 0;
    if (widest)
        *widest = 0;
    if (rows < 0 || width < 0 || (rows > 0 && width > 0 && !values))
        return hone__fail(HONE_INVALID_ARGUMENT, "pad_across_processes: there are no %d rows of %d numbers", rows, width);
    HONE_TRY(widest_of_all(acc, width, &wide));
    if (widest)
        *widest = wide;
    if ((size_t)rows * (size_t)wide > capacity)
        return hone__fail(HONE_SHAPE, "pad_across_processes: %d rows of %d numbers do not fit the %zu that out holds", rows, wide,
                          capacity);
    for (int32_t r = 0; r < rows; r++)
        for (int32_t j = 0, first = pad_first ? wide - width : 0; j < wide; j++)
            out[(size_t)r * (size_t)wide + (size_t)j] =
                j < first || j >= first + width ? pad_index : values[(size_t)r * (size_t)width + (size_t)(j - first)];
    return HONE_OK;
}

hone_status hone_accelerator_gather_ints(hone_accelerator *acc, const int32_t *values, size_t count, int32_t *out, size_t capacity,
                                         size_t *n)
{
    size_t all = count * (size_t)acc->comm->n_ranks;
    *n = 0;
    if (capacity < all)
        return hone__fail(HONE_SHAPE, "gather: %zu numbers do not fit the %zu that out holds", all, capacity);
    HONE_TRY(acc->comm->ops->all_gather(acc->comm, out, values, count * sizeof(*values)));
    *n = all;
    return HONE_OK;
}

hone_status hone_accelerator_gather(hone_accelerator *acc, const hone_tensor *t, float *out, size_t capacity, size_t *n)
{
    size_t own = t ? (size_t)hone_tensor_count(t) : 0, all = own * (size_t)acc->comm->n_ranks;
    *n = 0;
    if (!t)
        return hone__fail(HONE_INVALID_ARGUMENT, "gather: there is no tensor (an op before it failed)");
    if (capacity < all)
        return hone__fail(HONE_SHAPE, "gather: %zu numbers do not fit the %zu that out holds", all, capacity);
    HONE_TRY(hone_tensor_read(t, out, own));
    HONE_TRY(acc->comm->ops->all_gather(acc->comm, out, out, own * sizeof(float)));
    *n = all;
    return HONE_OK;
}

hone_status hone_accelerator_gather_for_metrics(hone_accelerator *acc, const hone_tensor *t, float *out, size_t capacity, size_t *n)
{
    return hone_accelerator_gather(acc, t, out, capacity, n);
}

hone_status hone_accelerator_reduce_sum(hone_accelerator *acc, double *values, size_t n)
{
    return acc->comm->ops->all_reduce_f64(acc->comm, values, n);
}

hone_status hone_accelerator_wait_for_everyone(hone_accelerator *acc)
{
    return acc->comm->ops->barrier(acc->comm);
}

hone_model *hone_accelerator_unwrap_model(hone_accelerator *acc, hone_model *model)
{
    return model ? model : acc->model;
}

bool hone_accelerator_is_main_process(const hone_accelerator *acc)
{
    return acc->comm->rank == 0;
}

bool hone_accelerator_is_local_main_process(const hone_accelerator *acc)
{
    return acc->comm->rank == 0;
}

bool hone_accelerator_is_last_process(const hone_accelerator *acc)
{
    return acc->comm->rank == acc->comm->n_ranks - 1;
}

int hone_accelerator_process_index(const hone_accelerator *acc)
{
    return acc->comm->rank;
}

int hone_accelerator_num_processes(const hone_accelerator *acc)
{
    return acc->comm->n_ranks;
}
