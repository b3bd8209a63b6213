/* The training loop. Gradients are gradients of the sum over the labelled items of all micro-batches of a group; one division by their count rides in the optimizer's
 * step (engine.md, 3), so that 4 x 2, 8 x 1 and 1 x 8 rows are the same step. Accounting follows transformers' Trainer (semantics.md, 37-47), with the departures that
 * hone/train.h names. A request to stop is honoured right after an update: what that step still had to do stands in the checkpoint as `pending`. */
#include "train/trainer.h"

#include <math.h>

/* ---- a step ---- */

static hone_status compute_part(hone_trainer *t, const hone_batch *batch, double *loss_sum, double *items)
{
    double value = 0;
    hone_tape_reset(t->tape);
    hone_output out = hone_model_forward(t->model, t->tape, batch);
    hone_profile_begin(t->profile, "loss");
    hone_tensor *loss = hone__trainer_loss(t, t->tape, &out, batch, true);
    hone_profile_end(t->profile);
    HONE_TRY(hone_tape_backward(t->tape, loss));
    HONE_TRY(hone_tensor_item(loss, &value));
    *loss_sum += value;
    *items += hone__trainer_count_items(t, batch, true);
    t->state.num_input_tokens_seen += batch->n_tokens;
    t->total_flos += t->flos_per_token * batch->n_tokens;
    hone__throughput_add(t, batch);
    return HONE_OK;
}

static hone_status micro_step(hone_trainer *t, const hone_batch *batch, double *loss_sum, double *items)
{
    hone_batch part;
    for (int32_t r = 0; r < batch->n_rows; r += part.n_rows) {
        HONE_TRY(hone__trainer_part(&part, t, batch, r));
        HONE_TRY(compute_part(t, &part, loss_sum, items));
    }
    return HONE_OK;
}

static void count_nonfinite(hone_trainer *t, double loss)
{
    int64_t n = ++t->state.n_nonfinite_steps;
    t->window.n_nonfinite++;
    t->nonfinite_in_a_row++;
    if (n <= 5 || n % 100 == 0)
        hone__log(HONE_LOG_WARNING, "step %lld: the %s not finite, nothing was updated (%lld such steps so far)",
                  (long long)t->state.global_step + 1, isfinite(loss) ? "gradients are" : "loss is", (long long)n);
}

/* The counts that a step moves, whatever became of it. */
static void finish_step(hone_trainer *t)
{
    t->state.global_step++;
    t->state.epoch = (double)t->position_epoch + (double)t->position_batch / (double)t->n_batches;
    t->state.train_loss_sum = t->total_loss;
}

static hone_status update(hone_trainer *t, double loss_sum, double items)
{
    double both[2] = {loss_sum, items}, norm;
    bool finite;
    HONE_TRY(t->comm->ops->all_reduce_f64(t->comm, both, 2));
    double loss = both[1] > 0 ? both[0] / both[1] : 0;
    HONE_TRY(hone__optimizer_clip(t->opt, both[1], t->args.max_grad_norm, &norm, &finite));
    t->window.grad_norm = norm;
    t->window.learning_rate = hone_optimizer_learning_rate(t->opt);
    HONE_TRY(hone__trainer_event(t, HONE_ON_PRE_OPTIMIZER_STEP, NULL));
    if (isfinite(loss) || !finite) /* a step whose gradients are not finite passes itself over */
        HONE_TRY(hone_optimizer_step(t->opt));
    HONE_TRY(hone__trainer_event(t, HONE_ON_OPTIMIZER_STEP, NULL));
    hone_optimizer_zero_grad(t->opt);
    t->window.n_steps++;
    if (finite && isfinite(loss)) {
        hone_scheduler_step(t->scheduler);
        t->window.loss_sum += loss;
        t->total_loss += loss;
        t->total_loss_steps++;
        t->nonfinite_in_a_row = 0;
    } else {
        count_nonfinite(t, loss);
    }
    finish_step(t);
    return HONE_OK;
}

/* Too many steps that could not be made: the history is kept, the weights are those of the last step that was. */
static hone_status check_nonfinite(hone_trainer *t)
{
    int64_t most = t->args.max_nonfinite_steps, n = t->nonfinite_in_a_row, step = t->state.global_step;
    if (most == 0 || n < most)
        return HONE_OK;
    HONE_TRY(hone__trainer_log_step(t));
    HONE_TRY(hone_trainer_save_state(t));
    hone_status status = n < step
                             ? hone__fail(HONE_INVALID_ARGUMENT,
                                          "step %lld: the loss or the gradients of the last %lld steps were not finite: the training ends, "
                                          "the weights are those after step %lld",
                                          (long long)step, (long long)n, (long long)(step - n))
                             : hone__fail(HONE_INVALID_ARGUMENT,
                                          "step %lld: the loss or the gradients were not finite from the first step on: the training ends, "
                                          "the weights were not changed",
                                          (long long)step);
    return hone__hint(
        status,
        n < step ? "give a lower --learning_rate or more --warmup_steps; --max_nonfinite_steps (now %lld, 0: never) decides when it ends"
                 : "look at the weights that the training begins with; --max_nonfinite_steps (now %lld, 0: never) decides when it ends",
        (long long)most);
}

/* What the run holds, once the first step has shown how much a tape needs. */
static void tell_memory(const hone_trainer *t)
{
    double mega = 1e6, buffer = (double)hone__model_params(t->model)->n_elements * sizeof(float) / mega;
    if (t->state.global_step == t->started_step + 1)
        hone__log(HONE_LOG_INFO, "memory: parameters %.1f MB, gradients %.1f MB, optimizer %.1f MB, activations %.1f MB; resident %.1f MB",
                  buffer, (double)hone__params_gradient_bytes(hone__model_params(t->model)) / mega,
                  (double)hone__optimizer_bytes(t->opt) / mega, (double)hone_tape_bytes_peak(t->tape) / mega,
                  (double)hone__rss_now() / mega);
}

/* The micro-batches of an update: gradient_accumulation_steps of them, fewer at the end of an epoch. *batch: the last one. */
static hone_status compute_group(hone_trainer *t, hone_batch *batch, double *loss_sum, double *items)
{
    for (int64_t i = 0; i < t->args.gradient_accumulation_steps && t->position_batch < t->n_batches; i++) {
        if (i > 0)
            HONE_TRY(hone__trainer_event(t, HONE_ON_SUBSTEP_END, NULL));
        if (!hone_loader_next(t->train_loader, batch))
            return hone_loader_status(t->train_loader);
        HONE_TRY(micro_step(t, batch, loss_sum, items));
        t->position_batch++;
    }
    return HONE_OK;
}

/* After a failed allocation: the group from its start again, in smaller parts, when there are any. */
static bool starts_group_again(hone_trainer *t, hone_status status, const hone_batch *batch, int64_t first)
{
    hone_error_state why;
    hone__error_save(&why, status);
    if (status == HONE_OUT_OF_MEMORY && hone__trainer_shrink(t, batch) &&
        hone_loader_start_epoch_at(t->train_loader, t->position_epoch, first) == HONE_OK) {
        hone_optimizer_zero_grad(t->opt);
        t->position_batch = first;
        return true;
    }
    hone__error_restore(&why);
    return false;
}

/* One update. */
static hone_status run_group(hone_trainer *t)
{
    double loss_sum, items, flos = t->total_flos;
    int64_t first = t->position_batch, seen = t->state.num_input_tokens_seen;
    hone_throughput done = t->throughput;
    hone_batch batch = {0};
    hone_status status;
    HONE_TRY(hone__trainer_event(t, HONE_ON_STEP_BEGIN, NULL));
    do {
        loss_sum = items = 0;
        t->total_flos = flos;
        t->state.num_input_tokens_seen = seen;
        t->throughput = done;
        status = compute_group(t, &batch, &loss_sum, &items);
    } while (status != HONE_OK && starts_group_again(t, status, &batch, first));
    HONE_TRY(status);
    HONE_TRY(update(t, loss_sum, items));
    tell_memory(t);
    return check_nonfinite(t);
}

/* ---- steps, epochs, the run ---- */

hone_status hone__trainer_log_evaluate_save(hone_trainer *t)
{
    hone_trainer_control *c = &t->control;
    if (c->should_log) {
        c->should_log = false;
        hone__part_begin("log");
        if (t->window.n_steps > 0)
            HONE_TRY(hone__trainer_log_step(t));
        hone__span_end();
    }
    if (c->should_evaluate) {
        c->should_evaluate = false;
        hone_metrics metrics = HONE_METRICS_INIT;
        t->pending.evaluate = true;
        t->pending.save = c->should_save;
        hone__part_begin("evaluate");
        hone_status status = hone__trainer_evaluate_now(t, &metrics);
        hone__span_end();
        hone_metrics_dispose(&metrics);
        HONE_TRY(status);
        t->pending.evaluate = t->pending.save = false;
    }
    if (c->should_save) {
        c->should_save = false;
        hone__part_begin("save");
        HONE_TRY(hone__trainer_save_checkpoint(t, NULL));
        hone__span_end();
    }
    return HONE_OK;
}

static hone_status end_step(hone_trainer *t)
{
    HONE_TRY(hone__trainer_poll_save(t));
    if (hone__trainer_stops(t)) {
        t->pending.step_end = true;
        return hone__fail(HONE_CANCELLED, "stopped after step %lld", (long long)t->state.global_step);
    }
    HONE_TRY(hone__trainer_event(t, HONE_ON_STEP_END, NULL));
    return hone__trainer_log_evaluate_save(t);
}

static bool epoch_goes_on(const hone_trainer *t)
{
    return t->position_batch < t->n_batches && t->state.global_step < t->state.max_steps && !t->control.should_training_stop &&
           !t->control.should_epoch_stop;
}

static hone_status end_epoch(hone_trainer *t)
{
    if (t->position_batch >= t->n_batches || t->control.should_epoch_stop) {
        t->position_epoch++;
        t->position_batch = 0;
    } else {
        t->pending.epoch_done = true;
    }
    t->control.should_epoch_stop = false;
    HONE_TRY(hone__trainer_event(t, HONE_ON_EPOCH_END, NULL));
    return hone__trainer_log_evaluate_save(t);
}

static hone_status run_epoch(hone_trainer *t)
{
    HONE_TRY(hone_loader_start_epoch_at(t->train_loader, t->position_epoch, t->position_batch));
    if (t->position_batch == 0)
        HONE_TRY(hone__trainer_event(t, HONE_ON_EPOCH_BEGIN, NULL));
    while (epoch_goes_on(t)) {
        t->pending.epoch_done = false;
        hone_profile_step_begin(t->profile);
        double begun = hone__seconds();
        hone_status status = run_group(t);
        t->throughput.seconds += hone__seconds() - begun;
        hone_profile_step_end(t->profile);
        HONE_TRY(status);
        HONE_TRY(end_step(t));
    }
    return end_epoch(t);
}

/* What the checkpoint that we come from had left to do. */
static hone_status do_pending(hone_trainer *t)
{
    hone_pending p = t->pending;
    t->pending.step_end = t->pending.evaluate = t->pending.save = false;
    if (p.step_end)
        return end_step(t);
    t->control.should_evaluate = p.evaluate;
    t->control.should_save = p.save;
    return hone__trainer_log_evaluate_save(t);
}

static bool run_goes_on(const hone_trainer *t)
{
    bool epoch_end_to_come = t->position_batch > 0 && !t->pending.epoch_done;
    bool more = t->state.global_step < t->state.max_steps && t->position_epoch < t->state.num_train_epochs; /* epochs may be cut short */
    return (more && !t->control.should_training_stop) || epoch_end_to_come;
}

static hone_status run(hone_trainer *t)
{
    HONE_TRY(hone__trainer_profile_start(t, t->state.max_steps - t->state.global_step));
    HONE_TRY(hone__trainer_event(t, HONE_ON_TRAIN_BEGIN, NULL));
    if (t->state.global_step == 0 && t->args.eval_on_start && t->options.eval_dataset) {
        hone_metrics metrics = HONE_METRICS_INIT;
        hone_status status = hone__trainer_evaluate_now(t, &metrics);
        hone_metrics_dispose(&metrics);
        HONE_TRY(status);
    }
    HONE_TRY(do_pending(t));
    while (run_goes_on(t))
        HONE_TRY(run_epoch(t));
    return HONE_OK;
}

/* ---- after the last step ---- */

static hone_status make_train_metrics(hone_trainer *t)
{
    hone_metrics *m = &t->train_metrics;
    double seconds = t->train_seconds, steps = (double)(t->state.global_step - t->started_step);
    double rows = (double)(t->args.per_device_train_batch_size * t->args.gradient_accumulation_steps * t->comm->n_ranks);
    int64_t n = hone_examples_count(t->options.train_dataset);
    double samples = t->args.max_steps > 0 ? steps * rows : steps * (double)n / (double)t->updates_per_epoch;
    hone_metrics_clear(m);
    HONE_TRY(hone_metrics_set(m, "train_runtime", seconds));
    HONE_TRY(hone_metrics_set(m, "train_samples_per_second", seconds > 0 ? samples / seconds : 0));
    HONE_TRY(hone_metrics_set(m, "train_steps_per_second", seconds > 0 ? steps / seconds : 0));
    if (t->args.include_tokens_per_second)
        HONE_TRY(hone_metrics_set(m, "train_tokens_per_second", seconds > 0 ? t->throughput.tokens / seconds : 0));
    HONE_TRY(hone_metrics_set(m, "total_flos", t->total_flos));
    HONE_TRY(hone_metrics_set(m, "train_loss", t->total_loss_steps ? t->total_loss / (double)t->total_loss_steps : 0));
    if (t->state.n_nonfinite_steps > 0)
        HONE_TRY(hone_metrics_set_int(m, "nonfinite_steps", t->state.n_nonfinite_steps));
    return HONE_OK;
}

static hone_status load_best(hone_trainer *t)
{
    if (!t->args.load_best_model_at_end)
        return HONE_OK;
    if (!t->state.best_model_checkpoint) {
        hone__log(HONE_LOG_WARNING, "--load_best_model_at_end: no best checkpoint was saved, the model stays as it is");
        return HONE_OK;
    }
    hone__log(HONE_LOG_INFO, "the best model is that of %s (%s %.4g)", t->state.best_model_checkpoint,
              t->args.metric_for_best_model ? t->args.metric_for_best_model : "loss", t->state.best_metric);
    return hone__model_load_weights(t->model, t->state.best_model_checkpoint);
}

static hone_status finish(hone_trainer *t)
{
    HONE_TRY(hone__trainer_settle_save(t, true));
    t->train_seconds = hone__seconds() - t->started;
    t->trained = true;
    hone__log(HONE_LOG_INFO, "trained in %.1f s", t->train_seconds);
    hone__tape_trim(t->tape); /* the steps are over: what follows needs less */
    HONE_TRY(hone__tape_reserve(t->tape, &t->forecast_details.after));
    HONE_TRY(hone__throughput_tell(t));
    HONE_TRY(hone__trainer_profile_end(t));
    HONE_TRY(load_best(t));
    HONE_TRY(make_train_metrics(t));
    HONE_TRY(hone_trainer_log(t, &t->train_metrics));
    HONE_TRY(hone__checkpoint_limit_at_end(t));
    HONE_TRY(hone__trainer_event(t, HONE_ON_TRAIN_END, NULL));
    HONE_TRY(hone_metrics_set(&t->train_metrics, "epoch", t->state.epoch));
    return hone_metrics_set_int(&t->train_metrics, "train_samples", hone_examples_count(t->options.train_dataset));
}

/* A stop was asked for: a checkpoint whatever the strategy; when it cannot be saved, that is the failure. */
static hone_status save_stopped(hone_trainer *t)
{
    hone_error_state why;
    hone__error_save(&why, HONE_CANCELLED);
    HONE_TRY(hone__trainer_settle_save(t, true));
    bool saved = t->last_saved_step == t->state.global_step && !t->pending.step_end && !t->pending.evaluate;
    if (!saved && t->state.global_step > 0)
        HONE_TRY(hone__trainer_save_checkpoint(t, &saved));
    if (!saved && t->state.global_step > 0)
        return hone__fail(HONE_IO, "stopped after step %lld, and no checkpoint could be saved", (long long)t->state.global_step);
    hone__error_restore(&why);
    return t->state.global_step == 0 ? HONE_CANCELLED
                                     : hone__hint(HONE_CANCELLED, "checkpoint-%lld was saved: go on with --resume_from_checkpoint true",
                                                  (long long)t->state.global_step);
}

static hone_status end_early(hone_trainer *t, hone_status status)
{
    hone_error_state why;
    hone__trainer_close_progress(t);
    hone__trainer_profile_stop(t, status);
    if (status == HONE_CANCELLED)
        return save_stopped(t);
    hone__error_save(&why, status);
    (void)hone__trainer_settle_save(t, false);
    return hone__error_restore(&why);
}

hone_status hone_trainer_train(hone_trainer *t)
{
    hone_status status = hone__trainer_prepare(t);
    if (status == HONE_OK) {
        status = run(t);
        status = status == HONE_OK ? finish(t) : end_early(t, status);
    }
    hone__trainer_let_output_go(t);
    return status;
}

hone_status hone_trainer_train_metrics(const hone_trainer *t, hone_metrics *metrics)
{
    hone_metrics_clear(metrics);
    return hone_metrics_update(metrics, &t->train_metrics);
}
