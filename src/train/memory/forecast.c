/* What a training will take, before it takes it (engine.md, 2): the largest batches of the run, with their group of micro-batches and the largest batch of an evaluation, go through a twin of the model
 * on the device that computes nothing. Its tape, tables and optimizer are the real ones, so that what they ask for is what the run will ask for; what is not of the device (books of tables,
 * batches) is made for real and counted. Only memory that other code takes (libraries, threads) is estimated. */
#include "train/trainer.h"
#include "data/loader.h"
#include "nn/profile.h"
#include "nn/table.h"
#include "train/memory/memory.h"

#include <string.h>
#include <unistd.h>

enum {
    SAMPLES = 16,
    MOST_ROWS = 4000000 /* that are looked at for the largest batch */,
    MOST_MICRO_BATCHES = 64 /* of a group that are run */
};

typedef struct dry_run {
    hone_trainer *t;
    hone_forecast_case which;
    hone_device *device;
    hone_model *twin;
    hone_optimizer *opt;
    hone_tape *tape;
    hone_loader *train, *eval; /* eval: of the evaluations, then of the predictions */
    int32_t *starts;
    size_t starts_capacity;
    hone__tape_needs most, after;
    int32_t slots;
    hone_loader_extent largest;
    size_t before, with_twin, with_training, with_evaluation; /* hone's own memory, which is none of the device's */
    size_t predictions;                                       /* what they hold at the end, with the batches that they are made of */
} dry_run;

static size_t own_now(void)
{
    hone_mem_stats stats;
    hone__mem_stats(&stats);
    return (size_t)stats.bytes_now;
}

static hone_status make_train_loader(dry_run *d)
{
    hone_loader_options options = hone__trainer_loader_options(d->t);
    if (d->which.batch_size)
        options.batch_size = d->which.batch_size;
    return hone_loader_new(&d->train, d->t->options.train_dataset, &options);
}

static hone_status make_eval_loader(dry_run *d, const hone_examples *examples)
{
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    options.batch_size = d->t->args.per_device_eval_batch_size;
    options.collator = d->t->task.collate_eval;
    hone_loader_free(d->eval);
    return hone_loader_new(&d->eval, examples, &options);
}

static hone_status open_run(dry_run *d)
{
    hone_trainer *t = d->t;
    hone_tape_options training = {.recording = true, .training = true, .seed = t->args.seed};
    hone_device_options options = {.name = "dry", .n_threads = hone__model_params(t->model)->backend->n_threads};
    HONE_TRY(hone_device_open(&d->device, &options));
    HONE_TRY(hone__model_twin(&d->twin, t->model, d->device));
    hone_model_set_recompute(d->twin, d->which.recompute);
    hone_model_set_embedding_noise(d->twin, t->args.neftune_noise_alpha);
    d->with_twin = own_now();
    HONE_TRY(hone__trainer_new_optimizer(&d->opt, t, d->twin));
    HONE_TRY(hone_tape_new(&d->tape, d->device, &training));
    return make_train_loader(d);
}

static void close_run(dry_run *d)
{
    hone_loader_free(d->train);
    hone_loader_free(d->eval);
    hone_tape_free(d->tape);
    hone_optimizer_free(d->opt);
    hone_model_free(d->twin);
    hone_device_free(d->device);
    hone__free(d->starts);
}

/* ---- steps ---- */

static hone_status run_part(dry_run *d, const hone_batch *part, bool train)
{
    hone_tape_reset(d->tape);
    hone_tape_set_recording(d->tape, train);
    hone_tape_set_training(d->tape, train);
    hone_output out = hone_model_forward(d->twin, d->tape, part);
    bool own = d->t->task.loss_runs_dry && (train || d->t->task.eval_with_task_loss);
    hone_tensor *loss = hone__trainer_loss(d->t, d->tape, &out, part, own);
    return train ? hone_tape_backward(d->tape, loss) : hone_tape_status(d->tape);
}

static hone_status run_batch(dry_run *d, const hone_batch *batch, bool train)
{
    size_t n_labels = 0;
    hone_model_labels(d->twin, &n_labels);
    HONE_TRY(HONE_GROW(&d->starts, &d->starts_capacity, (size_t)batch->n_rows + 1));
    for (int32_t r = 0, n; r < batch->n_rows; r += n) {
        n = hone__part_rows(batch, r, d->which.part_tokens);
        hone_batch part = hone__part(batch, r, n, (int64_t)n_labels, d->starts);
        HONE_TRY(run_part(d, &part, train));
    }
    return HONE_OK;
}

static int32_t most_slots(const hone_params *params)
{
    int32_t most = 0;
    for (size_t i = 0; i < params->n_items; i++) {
        int32_t n = params->items[i]->table ? hone__table_capacity(params->items[i]->table) : 0;
        most = n > most ? n : most;
    }
    return most;
}

/* The group of micro-batches that the batch of *at belongs to. */
static hone_status run_group(dry_run *d, const hone_loader_extent *at)
{
    int64_t group = d->t->args.gradient_accumulation_steps, first = at->batch / group * group;
    hone_batch batch;
    if (at->batch - first >= MOST_MICRO_BATCHES)
        first = at->batch - MOST_MICRO_BATCHES + 1;
    hone_optimizer_zero_grad(d->opt);
    HONE_TRY(hone_loader_start_epoch_at(d->train, at->epoch, first));
    for (int64_t i = 0; i < group && i < MOST_MICRO_BATCHES && hone_loader_next(d->train, &batch); i++)
        HONE_TRY(run_batch(d, &batch, true));
    hone_optimizer_zero_grad(d->opt);
    d->slots = most_slots(hone__model_params(d->twin));
    return hone_loader_status(d->train);
}

static int64_t batches_of_run(const hone_trainer *t, const hone_loader *loader)
{
    double per_epoch = (double)hone_loader_batches(loader), group = (double)t->args.gradient_accumulation_steps;
    double n = t->args.max_steps > 0 ? (double)t->args.max_steps * group : t->args.num_train_epochs * per_epoch + group;
    return n < 1e15 ? (int64_t)n : (int64_t)1e15;
}

/* Where labels are drawn their number varies, and with it what the head takes: some more batches, from the start of the run. */
static hone_status run_samples(dry_run *d)
{
    int64_t n = hone_loader_batches(d->train);
    for (int64_t i = 0; i < SAMPLES && i < n && d->t->task.collate_train.fn; i++)
        HONE_TRY(run_group(d, &(hone_loader_extent){.batch = n / SAMPLES > 1 ? n / SAMPLES * i : i}));
    return HONE_OK;
}

static hone_status run_training(dry_run *d)
{
    hone_loader_extent longest;
    HONE_TRY(run_samples(d));
    HONE_TRY(hone__loader_survey(d->train, batches_of_run(d->t, d->train), MOST_ROWS, &d->largest, &longest));
    HONE_TRY(run_group(d, &d->largest));
    if (longest.longest > d->largest.longest)
        HONE_TRY(run_group(d, &longest));
    return HONE_OK;
}

static hone_status run_extent(dry_run *d, const hone_loader_extent *at)
{
    hone_batch batch;
    HONE_TRY(hone_loader_start_epoch_at(d->eval, 0, at->batch));
    if (hone_loader_next(d->eval, &batch))
        HONE_TRY(run_batch(d, &batch, false));
    return hone_loader_status(d->eval);
}

static hone_status run_evaluation(dry_run *d, const hone_examples *examples)
{
    hone_loader_extent largest, longest;
    if (!examples)
        return HONE_OK;
    HONE_TRY(make_eval_loader(d, examples));
    HONE_TRY(hone__loader_survey(d->eval, hone_loader_batches(d->eval), MOST_ROWS, &largest, &longest));
    HONE_TRY(run_extent(d, &largest));
    return longest.longest > largest.longest ? run_extent(d, &longest) : HONE_OK;
}

/* When the training is over its tape is empty, and another set of examples goes through it, whose logits may be kept. */
static hone_status run_predictions(dry_run *d)
{
    const hone_examples *examples = d->t->predicts_at_end;
    if (!examples)
        return HONE_OK;
    if (d->t->keeps_predictions)
        HONE_TRY(hone__predictions_bytes(&d->predictions, d->t, examples));
    hone_loader_free(d->eval);
    d->eval = NULL;
    hone__tape_trim(d->tape);
    size_t without = own_now();
    HONE_TRY(run_evaluation(d, examples));
    hone__tape_needs_of(&d->after, d->tape);
    d->predictions += own_now() - without;
    return HONE_OK;
}

static hone_status run(dry_run *d)
{
    d->before = own_now();
    HONE_TRY(open_run(d));
    HONE_TRY(run_training(d));
    d->with_training = own_now();
    HONE_TRY(run_evaluation(d, d->t->options.eval_dataset));
    d->with_evaluation = own_now();
    hone__tape_needs_of(&d->most, d->tape);
    return run_predictions(d);
}

/* ---- what the process has beside hone's own memory ---- */

/* Measured with 1 and 2 threads (docs/memory.md): code that oneDNN generates and its buffers of packed matrices, a thread's stack and heap. */
#define OF_LIBRARIES ((size_t)5 << 20)
#define OF_A_THREAD  ((size_t)3 << 19)
/* While a file of tensors is written: a piece of a tensor, and the writer's buffer. */
#define PIECE_OF_FILE  ((size_t)1 << 20)
#define BUFFER_OF_FILE ((size_t)64 << 10)
#define OF_A_STACK     ((size_t)8 << 20) /* addresses */

static size_t of_libraries(const hone_trainer *t)
{
    return OF_LIBRARIES + OF_A_THREAD * (size_t)hone__model_params(t->model)->backend->n_threads;
}

/* ---- sums ---- */

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* A buffer of all parameters. */
static size_t buffer_bytes(const hone_params *p)
{
    return p->n_elements * hone_dtype_size(p->dtype);
}

/* What the model itself has taken already, and what of it nobody has written to yet. */
static size_t model_bytes(size_t *unwritten, const hone_params *p)
{
    *unwritten = (p->grad ? hone__params_gradient_bytes(p) : 0) + (p->m ? 2 * buffer_bytes(p) : 0);
    return (p->master ? buffer_bytes(p) : 0) + *unwritten;
}

/* --log_histograms_steps: the gradients of tables that are trained by rows, as whole tensors; and room to read the largest tensor. */
static size_t histogram_gradients(const hone_trainer *t, const hone_params *p)
{
    size_t elements = 0;
    for (size_t i = 0; i < p->n_items && t->args.log_histograms_steps > 0; i++)
        elements += p->items[i]->table ? p->items[i]->count : 0;
    return elements * hone_dtype_size(p->dtype);
}

static size_t histogram_room(const hone_trainer *t)
{
    return t->args.log_histograms_steps > 0 ? hone__report_room(t->model) * sizeof(float) : 0;
}

/* What products in bfloat16 keep, which nobody has written to before the first of them. */
static size_t product_bytes(const hone_trainer *t, size_t of_model)
{
    bool narrow = hone__trainer_products(t, false) != HONE_DTYPE_F32;
    return narrow ? less((size_t)hone__model_params(t->model)->backend->bytes_now, of_model) : 0;
}

/* Books that tables keep of their slots: in what the gradients take, and made for real in the dry run too. */
static size_t book_bytes(const hone_params *p)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->n_items; i++)
        bytes += p->items[i]->table ? (size_t)hone__table_capacity(p->items[i]->table) * (3 * sizeof(int32_t) + sizeof(uint64_t)) : 0;
    return bytes;
}

static void sum_up(hone_memory_forecast *out, const dry_run *d)
{
    const hone_params *p = hone__model_params(d->twin);
    size_t unwritten, there = model_bytes(&unwritten, hone__model_params(d->t->model)), rss = hone__rss_now();
    hone_mem_stats stats;
    hone__mem_stats(&stats);
    unwritten += product_bytes(d->t, there);
    out->parameters = buffer_bytes(p);
    out->gradients = hone__params_gradient_bytes(p) + histogram_gradients(d->t, p);
    out->moments = hone__optimizer_bytes(d->opt);
    out->activations = d->most.saved;
    out->activation_gradients = d->most.grads;
    out->scratch = d->most.scratch + d->opt->scratch_bytes;
    out->data = less(d->before, there);
    out->batches = less(d->with_training - d->with_twin, book_bytes(p)) + histogram_room(d->t);
    out->evaluation = d->with_evaluation - d->with_training;
    size_t training = out->parameters + out->gradients + out->moments + out->activations + out->activation_gradients + out->scratch +
                      out->data + out->batches;
    out->checkpoint = hone__checkpoint_bytes(d->t, training);
    /* A model has AdamW's moments until its optimizer is another one. */
    size_t before = out->parameters + out->gradients + 2 * buffer_bytes(p) + out->data;
    size_t tape = out->activations + out->activation_gradients + d->most.scratch; /* goes when the steps are over */
    size_t beside = d->t->args.save_strategy != HONE_STRATEGY_NO ? out->checkpoint : 0;
    size_t measuring = d->t->args.profile ? training - tape + HONE__PEAK_BYTES : 0; /* the machine's rate, at the end */
    out->own = most(most(before, training - tape + out->checkpoint), training + most(out->evaluation, beside));
    out->own = most(out->own, measuring);
    out->predictions = d->predictions + d->after.saved + d->after.scratch + d->after.grads;
    out->own = most(out->own, training - tape + out->predictions);
    out->process = less(rss, less(stats.bytes_now, unwritten)) + of_libraries(d->t);
    out->resident = out->own + out->process;
    out->addresses = of_libraries(d->t) + OF_A_STACK * (size_t)hone__model_params(d->t->model)->backend->n_threads;
    out->rows = d->which.batch_size ? d->which.batch_size : d->t->args.per_device_train_batch_size;
    out->tokens = d->largest.tokens;
    out->longest = d->largest.longest;
}

size_t hone__checkpoint_bytes(const hone_trainer *t, size_t held)
{
    bool saves = t->args.save_strategy != HONE_STRATEGY_NO;
    return (saves || t->saves_at_end ? PIECE_OF_FILE + BUFFER_OF_FILE : 0) + (saves ? (size_t)hone__checkpoint_copy_bytes(t, held) : 0);
}

hone_status hone__forecast(hone_memory_forecast *out, hone_forecast_details *details, hone_trainer *t, const hone_forecast_case *which)
{
    dry_run d = {.t = t, .which = *which};
    *out = (hone_memory_forecast){0};
    hone_status status = run(&d);
    if (status == HONE_OK)
        sum_up(out, &d);
    if (status == HONE_OK && details)
        *details = (hone_forecast_details){d.most, d.after, d.slots};
    close_run(&d);
    return status;
}
