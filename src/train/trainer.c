/* Making a trainer: what it needs is checked here, before the first step; loop.c runs it. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

static hone_status check_metric(const hone_trainer *t)
{
    const char *name = t->args.metric_for_best_model;
    if (!name)
        return HONE_OK;
    if (strncmp(name, "eval_", 5) == 0)
        name += 5;
    if (strcmp(name, "loss") == 0 || hone__own_metrics_has(&t->options.compute_metrics, name) ||
        (t->task.has_metric && t->task.has_metric(t->task.self, name)))
        return HONE_OK;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--metric_for_best_model: this task gives no metric \"%s\"", name),
                      "loss is always there");
}

hone_status hone__training_check_precision(const hone_training_args *args, hone_device *device)
{
    hone_tape *tape = NULL;
    if (args->fp16)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--fp16: the device %s has no instructions that multiply in float16",
                                     hone_device_name(device)),
                          "give --bf16 where the cpu has AVX512_BF16, or leave the option out");
    if (!args->bf16 && !args->bf16_full_eval)
        return HONE_OK;
    hone_status status = hone_tape_new(&tape, device, &(hone_tape_options){.products = HONE_DTYPE_BF16});
    hone_tape_free(tape);
    if (status != HONE_UNSUPPORTED)
        return status;
    hone__fail_in(status, args->bf16 ? "--bf16" : "--bf16_full_eval");
    return HONE_INVALID_ARGUMENT; /* as any option that cannot be had */
}

static hone_status check_smoothing(const hone_trainer *t)
{
    if (t->args.label_smoothing_factor > 0 && !hone__trainer_smooths(t))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--label_smoothing_factor: this loss does not know it"),
                          "leave the option out");
    return HONE_OK;
}

/* Plug-ins that do not go together. */
static hone_status check_options(const hone_trainer *t)
{
    const hone_trainer_options *o = &t->options;
    if (o->scheduler && (!o->optimizer || hone__scheduler_optimizer(o->scheduler) != o->optimizer))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the scheduler that was given is of another optimizer"),
                          "give its optimizer, too, in hone_trainer_options");
    if (o->optimizer && o->optimizer->params != hone__model_params(t->model))
        return hone__fail(HONE_INVALID_ARGUMENT, "the optimizer that was given is of another model");
    if (o->compute_metrics.add_batch && !o->compute_metrics.compute)
        return hone__fail(HONE_INVALID_ARGUMENT, "compute_metrics has no function compute");
    if (o->train_sampler.order && t->args.group_by_length)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--group_by_length: the sampler that was given decides about the order"),
                          "leave the option out");
    return HONE_OK;
}

/* What the products of training, or of evaluation, are computed in. */
hone_dtype hone__trainer_products(const hone_trainer *t, bool training)
{
    return t->args.bf16 || (t->args.bf16_full_eval && !training) ? HONE_DTYPE_BF16 : HONE_DTYPE_F32;
}

static hone_status make_tapes(hone_trainer *t)
{
    hone_dtype products = hone__trainer_products(t, t->options.train_dataset != NULL);
    hone_tape_options training = {.recording = true, .training = true, .seed = t->args.seed, .products = products},
                      inference = {.seed = t->args.seed, .products = products};
    hone_device *device = hone_model_device(t->model);
    if (t->options.train_dataset)
        return hone_tape_new(&t->tape, device, &training); /* evaluations use it too, so that its memory is there once */
    return hone_tape_new(&t->inference, device, &inference);
}

hone_status hone_trainer_new(hone_trainer **out, hone_model *model, const hone_training_args *args, const hone_trainer_options *options)
{
    hone_training_args default_args = HONE_TRAINING_ARGS_INIT;
    hone_trainer_options default_options = HONE_TRAINER_OPTIONS_INIT;
    hone_trainer *t = NULL;
    hone_status status = HONE_NEW(&t, 1);
    *out = NULL;
    if (status != HONE_OK) {
        hone__drop_callbacks(options ? options : &default_options, 0);
        return status;
    }
    t->model = model;
    t->options = options ? *options : default_options;
    t->task = t->options.task ? *t->options.task : hone_task_default(model);
    if (t->options.data_collator.fn)
        t->task.collate_train = t->task.collate_eval = t->options.data_collator;
    t->comm = hone__comm_none();
    t->last_saved_step = -1;
    t->output_lock = -1;
    t->state.max_steps = -1;
    atomic_init(&t->stop, 0);
    status = hone__options_copy(&hone__training_table, &t->args, args ? args : &default_args);
    HONE_GO(hone__trainer_make_callbacks(t, status));
    t->output_dir = hone__training_output_dir(&t->args);
    HONE_GO(hone_training_args_check(&t->args, t->options.eval_dataset != NULL));
    HONE_GO(check_metric(t));
    HONE_GO(check_options(t));
    HONE_GO(hone__training_check_precision(&t->args, hone_model_device(model)));
    HONE_GO(check_smoothing(t));
    if (t->options.train_dataset && !hone__model_trains(model))
        HONE_GO(hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the model was opened for inference and cannot be trained"),
                           "set for_training in hone_model_options"));
    HONE_GO(make_tapes(t));
    HONE_GO(hone__trainer_event(t, HONE_ON_INIT_END, NULL));
    *out = t;
    return HONE_OK;
done:
    hone_trainer_free(t);
    return status;
}

void hone__trainer_free_optimizer(hone_trainer *t)
{
    if (t->scheduler != t->options.scheduler)
        hone_scheduler_free(t->scheduler);
    if (t->opt != t->options.optimizer)
        hone_optimizer_free(t->opt);
    t->scheduler = NULL;
    t->opt = NULL;
}

void hone_trainer_free(hone_trainer *t)
{
    if (!t)
        return;
    (void)hone__trainer_settle_save(t, false);
    hone__unlock_dir(&t->output_lock);
    hone__trainer_free_callbacks(t);
    hone_profile_free(t->profile);
    hone__trainer_free_optimizer(t);
    hone__own_metrics_dispose(&t->own_scores);
    hone_loader_free(t->train_loader);
    hone_tape_free(t->tape);
    hone_tape_free(t->inference);
    hone__free(t->part_starts);
    hone__free(t->ones);
    for (size_t i = 0; i < t->n_logs; i++)
        hone_metrics_dispose(&t->logs[i]);
    hone__free(t->logs);
    hone__str_dispose(&t->best_path);
    hone_metrics_dispose(&t->train_metrics);
    hone_metrics_dispose(&t->last_eval);
    hone_training_args_dispose(&t->args);
    hone__free(t);
}

const hone_trainer_state *hone_trainer_get_state(const hone_trainer *t)
{
    return &t->state;
}

const hone_training_args *hone_trainer_get_args(const hone_trainer *t)
{
    return &t->args;
}

hone_optimizer *hone_trainer_optimizer(hone_trainer *t)
{
    return t->opt;
}

hone_scheduler *hone_trainer_scheduler(hone_trainer *t)
{
    return t->scheduler;
}

const hone_loader *hone_trainer_train_loader(const hone_trainer *t)
{
    return t->train_loader;
}

const hone_loader *hone_trainer_eval_loader(const hone_trainer *t)
{
    return t->eval_loader;
}

hone_model *hone_trainer_model(const hone_trainer *t)
{
    return t->model;
}

void hone_trainer_request_stop(hone_trainer *t)
{
    atomic_store(&t->stop, 1);
}

hone_task hone_task_default(const hone_model *model)
{
    return (hone_task){.kind = hone_model_task(model)};
}

void hone_task_dispose(hone_task *task)
{
    if (!task || !task->free)
        return;
    task->free(task->self);
    *task = (hone_task){.kind = HONE_TASK_NONE};
}
