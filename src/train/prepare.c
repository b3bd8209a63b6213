/* What stands before the first step of a training: whether it fits into memory and onto the disk, batches and the number of updates, optimizer and schedule, the checkpoint that is gone on with, the lock
 * on the output folder. A run that cannot be is refused here, and what lies in its folder is left as it is. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#define MOST_STEPS 0x1p53 /* each number up to it is a double, which epochs are counted in */

hone_loader_options hone__trainer_loader_options(const hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    options.batch_size = a->per_device_train_batch_size;
    options.shuffle = true;
    options.seed = a->data_seed >= 0 ? (uint64_t)a->data_seed : a->seed;
    options.drop_last = a->dataloader_drop_last;
    options.rank = t->comm->rank;
    options.n_ranks = t->comm->n_ranks;
    options.collator = t->task.collate_train;
    options.sampler = t->options.train_sampler;
    if (a->group_by_length)
        options.group_by_length = a->per_device_train_batch_size * a->gradient_accumulation_steps;
    return options;
}

static hone_status make_loader(hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    hone_loader_options options = hone__trainer_loader_options(t);
    hone_loader_free(t->train_loader);
    HONE_TRY(hone_loader_new(&t->train_loader, t->options.train_dataset, &options));
    t->n_batches = hone_loader_batches(t->train_loader);
    if (t->n_batches > 0)
        return HONE_OK;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%lld training examples do not fill one batch of %lld",
                                 (long long)hone_examples_count(t->options.train_dataset), (long long)a->per_device_train_batch_size),
                      a->dataloader_drop_last ? "make --per_device_train_batch_size smaller or leave out --dataloader_drop_last"
                                              : "give more training data");
}

static hone_status count_steps(hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    int64_t group = a->gradient_accumulation_steps;
    t->updates_per_epoch = t->n_batches / group + (t->n_batches % group > 0);
    if (a->max_steps <= 0 && a->num_train_epochs * (double)t->updates_per_epoch > MOST_STEPS)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--num_train_epochs: %g epochs of %lld updates are more than can be counted",
                                     a->num_train_epochs, (long long)t->updates_per_epoch),
                          "give fewer, or --max_steps");
    if (a->max_steps > 0) {
        t->state.max_steps = a->max_steps;
        t->state.num_train_epochs = a->max_steps / t->updates_per_epoch + (a->max_steps % t->updates_per_epoch > 0);
    } else {
        t->state.max_steps = (int64_t)ceil(a->num_train_epochs * (double)t->updates_per_epoch);
        t->state.num_train_epochs = (int64_t)ceil(a->num_train_epochs);
    }
    t->logging_steps = hone__training_steps(a->logging_steps, t->state.max_steps);
    t->eval_steps = a->eval_steps > 0 ? hone__training_steps(a->eval_steps, t->state.max_steps) : t->logging_steps;
    t->save_steps = hone__training_steps(a->save_steps, t->state.max_steps);
    return HONE_OK;
}

hone_status hone__trainer_new_optimizer(hone_optimizer **out, const hone_trainer *t, hone_model *model)
{
    const hone_training_args *a = &t->args;
    hone_optimizer_options how = {{a->learning_rate, a->adam_beta1, a->adam_beta2, a->adam_epsilon, a->weight_decay, false}, a->optim_args};
    return hone_optimizer_new(out, a->optim, model, &how);
}

static hone_status make_own_scheduler(hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    hone_scheduler_options schedule = {hone__training_warmup(a, t->state.max_steps), t->state.max_steps, a->lr_scheduler_kwargs};
    return hone_scheduler_new(&t->scheduler, hone__schedule_names[a->lr_scheduler_type], t->opt, &schedule);
}

/* Who needs an evaluation while it trains; NULL: nobody. */
static const char *who_evaluates(const hone_trainer *t)
{
    for (size_t i = 0; i < t->n_callbacks; i++)
        if (t->callbacks[i].name && strcmp(t->callbacks[i].name, HONE__EARLY_STOPPING) == 0)
            return "--early_stopping_patience";
    return t->args.load_best_model_at_end                                    ? "--load_best_model_at_end"
           : t->args.save_strategy == HONE_STRATEGY_BEST                     ? "--save_strategy best"
           : t->args.lr_scheduler_type == HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU ? "--lr_scheduler_type reduce_lr_on_plateau"
                                                                             : NULL;
}

/* The first evaluation must come before the end (callback_flow.c). */
static hone_status check_evaluations(const hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    const char *who = who_evaluates(t);
    double steps = (double)t->state.max_steps, epochs = steps / (double)t->updates_per_epoch;
    double last = a->eval_strategy == HONE_STRATEGY_STEPS ? (double)(t->state.max_steps / t->eval_steps * t->eval_steps) : 0;
    if (!who)
        return HONE_OK;
    if (a->eval_strategy == HONE_STRATEGY_STEPS && (last == 0 || a->eval_delay > last))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: the training ends after %lld updates, before the first evaluation", who,
                                     (long long)t->state.max_steps),
                          a->eval_delay > last ? "give a smaller --eval_delay" : "give a smaller --eval_steps (now %lld)",
                          (long long)t->eval_steps);
    if (a->eval_strategy == HONE_STRATEGY_EPOCH && a->eval_delay > epochs)
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "%s: the training ends after %.3g epochs, before the first evaluation", who, epochs),
            "give a smaller --eval_delay");
    return HONE_OK;
}

static hone_status check_warmup(const hone_trainer *t)
{
    long long updates = (long long)hone__training_warmup(&t->args, t->state.max_steps);
    if (t->options.scheduler || updates <= t->state.max_steps)
        return HONE_OK;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--warmup_steps: the warm-up (%lld updates) is longer than the training (%lld)",
                                 updates, (long long)t->state.max_steps),
                      "give less --warmup_steps");
}

hone_status hone__trainer_measure(hone_trainer *t)
{
    HONE_TRY(make_loader(t));
    HONE_TRY(count_steps(t));
    HONE_TRY(check_warmup(t));
    return check_evaluations(t);
}

static hone_status make_optimizer(hone_trainer *t)
{
    hone__trainer_free_optimizer(t);
    t->opt = t->options.optimizer;
    t->scheduler = t->options.scheduler;
    if (!t->opt)
        HONE_TRY(hone__trainer_new_optimizer(&t->opt, t, t->model));
    return t->scheduler ? HONE_OK : make_own_scheduler(t);
}

static void reset_run(hone_trainer *t)
{
    for (size_t i = 0; i < t->n_logs; i++)
        hone_metrics_dispose(&t->logs[i]);
    t->n_logs = 0;
    t->state = (hone_trainer_state){.max_steps = -1};
    t->control = (hone_trainer_control){0};
    t->pending = (hone_pending){0};
    t->window = (hone_loss_window){0};
    t->position_epoch = t->position_batch = 0;
    t->total_loss = t->total_flos = 0;
    t->total_loss_steps = t->nonfinite_in_a_row = 0;
    t->last_saved_step = -1;
    hone__str_clear(&t->best_path);
}

static hone_status resume_if_asked(hone_trainer *t)
{
    const char *from = t->args.resume_from_checkpoint;
    char *folder = NULL;
    if (!from || strcmp(from, "false") == 0 || !*from)
        return HONE_OK;
    if (strcmp(from, "true") == 0 || strcmp(from, "last") == 0) {
        if (hone__is_dir(t->output_dir))
            HONE_TRY(hone__checkpoint_newest(&folder, t->output_dir));
        if (!folder)
            return hone__hint(hone__fail(HONE_NOT_FOUND, "--resume_from_checkpoint: there is no whole checkpoint in %s", t->output_dir),
                              "leave the option out to start from the beginning");
        from = folder;
    } else {
        HONE_TRY(hone__checkpoint_check_named(from, t->output_dir));
        HONE_TRY(hone__checkpoint_verify(from));
    }
    hone_status status = hone__trainer_resume(t, from);
    hone__free(folder);
    return status;
}

hone_status hone__trainer_prepare(hone_trainer *t)
{
    if (!t->options.train_dataset)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "there is no training data"),
                          "set train_dataset in hone_trainer_options (--train_file)");
    reset_run(t);
    t->holds_output = true;
    HONE_TRY(hone__trainer_hold_output(t)); /* before anything in it is looked at */
    HONE_TRY(hone__trainer_settle_memory(t));
    HONE_TRY(hone_model_fill(t->model));
    HONE_TRY(hone__trainer_measure(t));
    HONE_TRY(make_optimizer(t));
    hone_model_set_recompute(t->model, t->args.gradient_checkpointing);
    hone_model_set_embedding_noise(t->model, t->args.neftune_noise_alpha);
    HONE_TRY(hone__trainer_reserve(t));
    HONE_TRY(hone__trainer_reserve_memory(t));
    t->flos_per_token = hone__flos_per_token(t->model);
    hone__checkpoint_clean(t->output_dir);
    HONE_TRY(hone__trainer_identify(t));
    HONE_TRY(resume_if_asked(t));
    if (t->state.global_step > 0 && t->options.train_sampler.order && t->options.train_sampler.unrepeatable)
        hone__log(HONE_LOG_WARNING, "the sampler's order is another each time: from here on it is not the run that was interrupted");
    if (t->args.save_total_limit > 0 && t->args.save_strategy == HONE_STRATEGY_NO)
        hone__log(HONE_LOG_WARNING, "--save_total_limit: with --save_strategy no there is nothing to limit but what a stop saves");
    HONE_TRY(hone__make_dirs(t->output_dir));
    HONE_TRY(hone__trainer_hold_output(t));
    HONE_TRY(hone__trainer_leave_future(t));
    HONE_TRY(hone__trainer_check_room(t));
    hone__throughput_begin(t);
    t->started = hone__seconds();
    t->tokens_started = (double)t->state.num_input_tokens_seen;
    t->started_step = t->state.global_step;
    return HONE_OK;
}
