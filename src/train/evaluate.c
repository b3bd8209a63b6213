/* Evaluation: eval_loss is the mean over all labelled items of the evaluation set, summed in double batch by batch in the order of the data, so that it does not depend on
 * the batch size (the reference's does: semantics.md, 51). Also: which evaluation is the best so far. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

/* A trainer that trains has one tape for both. */
static hone_tape *begin_inference(hone_trainer *t, bool on)
{
    if (!t->tape)
        return t->inference;
    hone_tape_set_recording(t->tape, !on);
    hone_tape_set_training(t->tape, !on);
    (void)hone__tape_set_products(t->tape, hone__trainer_products(t, !on)); /* the device was asked when the tape was made */
    return t->tape;
}

/* What the task and a metric of one's own take of a batch's outputs. */
static hone_status score_part(hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch)
{
    hone_status status = HONE_OK;
    if (t->args.prediction_loss_only)
        return HONE_OK;
    hone__part_begin("postprocess");
    if (t->task.eval_batch)
        status = t->task.eval_batch(t->task.self, tape, out, batch);
    if (status == HONE_OK)
        status = hone__own_metrics_add(t, tape, out, batch);
    hone__span_end();
    return status;
}

static hone_status pass_part(hone_trainer *t, hone_pass *p, const hone_batch *batch)
{
    double value = 0;
    bool own = t->task.eval_with_task_loss;
    hone_tape *tape = begin_inference(t, true);
    hone_tape_reset(tape);
    hone_output out = hone_model_forward(t->model, tape, batch);
    if (p->keep)
        HONE_TRY(p->keep(p->payload, tape, &out, batch));
    if (!p->scored)
        return hone_tape_status(tape);
    HONE_TRY(score_part(t, tape, &out, batch));
    hone__part_begin("loss");
    hone_tensor *loss = hone__trainer_loss(t, tape, &out, batch, own);
    hone__span_end();
    HONE_TRY(hone_tape_status(tape));
    HONE_TRY(hone_tensor_item(loss, &value));
    p->loss += value;
    p->items += hone__trainer_count_items(t, batch, own);
    return HONE_OK;
}

static hone_status pass_batch(hone_trainer *t, hone_pass *p, const hone_batch *batch)
{
    hone_batch part;
    for (int32_t r = 0; r < batch->n_rows; r += part.n_rows) {
        HONE_TRY(hone__trainer_part(&part, t, batch, r));
        HONE_TRY(pass_part(t, p, &part));
    }
    return HONE_OK;
}

static hone_status pass_batches(hone_trainer *t, hone_pass *p, hone_loader *loader)
{
    hone_batch batch;
    while (hone_loader_next(loader, &batch)) {
        if (hone__trainer_stops(t))
            return hone__fail(HONE_CANCELLED, "stopped while %s", p->what);
        hone_profile_step_begin(p->profile);
        HONE_TRY(pass_batch(t, p, &batch));
        HONE_TRY(hone__trainer_event(t, HONE_ON_PREDICTION_STEP, NULL));
        hone_profile_step_end(p->profile);
    }
    return hone_loader_status(loader);
}

static hone_status put(hone_metrics *metrics, const hone_pass *p, const char *name, double value, bool is_integer)
{
    char full[96];
    snprintf(full, sizeof(full), "%s_%s", p->prefix, strncmp(name, "eval_", 5) == 0 ? name + 5 : name);
    return is_integer ? hone_metrics_set_int(metrics, full, (int64_t)value) : hone_metrics_set(metrics, full, value);
}

static hone_status put_scores(hone_trainer *t, hone_metrics *metrics, const hone_pass *p)
{
    hone_metrics own = HONE_METRICS_INIT;
    double loss = p->items > 0 ? p->loss / p->items : NAN;
    hone_status status;
    HONE_GO(put(metrics, p, "loss", loss, false));
    if (t->task.eval_end && !t->args.prediction_loss_only)
        HONE_GO(t->task.eval_end(t->task.self, loss, &own));
    if (t->options.compute_metrics.add_batch && !t->args.prediction_loss_only)
        HONE_GO(t->options.compute_metrics.compute(t->options.compute_metrics.self, &own));
    for (size_t i = 0; i < own.n; i++)
        HONE_GO(put(metrics, p, own.items[i].name, own.items[i].value, own.items[i].is_integer));
done:
    hone_metrics_dispose(&own);
    return status;
}

static hone_status put_speed(hone_metrics *metrics, const hone_pass *p, double seconds, int64_t n_batches)
{
    double n = (double)hone_examples_count(p->examples);
    HONE_TRY(put(metrics, p, "runtime", seconds, false));
    HONE_TRY(put(metrics, p, "samples_per_second", seconds > 0 ? n / seconds : 0, false));
    return put(metrics, p, "steps_per_second", seconds > 0 ? (double)n_batches / seconds : 0, false);
}

/* --profile without a training: each batch is a step. */
static hone_status own_profile(hone_trainer *t, hone_pass *p, int64_t n_batches)
{
    if (t->profile || t->trained)
        return HONE_OK;
    HONE_TRY(hone__trainer_profile_start(t, n_batches));
    p->profile = t->profile;
    return HONE_OK;
}

hone_status hone__trainer_pass(hone_trainer *t, hone_pass *p, hone_metrics *metrics)
{
    hone_loader *loader = NULL;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    hone_patience patience;
    double started = hone__seconds();
    hone_status status;
    hone__patience_begin(&patience, t, "the predictions");
    options.batch_size = t->args.per_device_eval_batch_size;
    options.collator = t->task.collate_eval;
    HONE_GO(hone_loader_new(&loader, p->examples, &options));
    HONE_GO(own_profile(t, p, hone_loader_batches(loader)));
    if (p->scored && t->task.eval_begin && !t->args.prediction_loss_only)
        HONE_GO(t->task.eval_begin(t->task.self, p->examples));
    if (p->scored && t->options.compute_metrics.begin && !t->args.prediction_loss_only)
        HONE_GO(t->options.compute_metrics.begin(t->options.compute_metrics.self));
    t->eval_loader = loader;
    t->pass_name = p->what;
    HONE_GO(pass_batches(t, p, loader));
    if (p->scored) {
        hone__part_begin("metrics");
        status = put_scores(t, metrics, p);
        hone__span_end();
        HONE_GO(status);
    }
    HONE_GO(put_speed(metrics, p, hone__seconds() - started, hone_loader_batches(loader)));
    if (p->profile)
        status = hone__trainer_profile_end(t);
done:
    status = hone__patience_end(&patience, status);
    if (p->profile && status != HONE_OK)
        hone__trainer_profile_stop(t, status);
    t->eval_loader = NULL;
    hone_loader_free(loader);
    hone_tape_reset(begin_inference(t, false));
    return status;
}

static hone_status evaluate(hone_trainer *t, hone_metrics *metrics)
{
    hone_pass pass = {.examples = t->options.eval_dataset, .prefix = "eval", .what = "evaluating", .scored = true};
    hone_metrics_clear(metrics);
    if (!t->options.eval_dataset)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "there is no validation data"),
                          "set eval_dataset in hone_trainer_options (--validation_file)");
    return hone__trainer_pass(t, &pass, metrics);
}

bool hone__trainer_greater_is_better(const hone_trainer *t)
{
    const char *name = t->args.metric_for_best_model ? t->args.metric_for_best_model : "loss";
    size_t len = strlen(name);
    if (t->args.greater_is_better != HONE_AUTO)
        return t->args.greater_is_better == HONE_TRUE;
    return len < 4 || strcmp(name + len - 4, "loss") != 0;
}

bool hone__trainer_best_metric(const hone_trainer *t, const hone_metrics *metrics, double *out)
{
    const char *name = t->args.metric_for_best_model ? t->args.metric_for_best_model : "loss";
    char prefixed[96];
    snprintf(prefixed, sizeof(prefixed), "%s%s", strncmp(name, "eval_", 5) == 0 ? "" : "eval_", name);
    return hone_metrics_get(metrics, prefixed, out);
}

/* Strictly better only (semantics.md, 52). */
static hone_status judge(hone_trainer *t, const hone_metrics *metrics)
{
    double value;
    bool saves_best = t->args.save_strategy == HONE_STRATEGY_BEST;
    if (!t->args.metric_for_best_model && !t->args.load_best_model_at_end && !saves_best)
        return HONE_OK;
    if (!hone__trainer_best_metric(t, metrics, &value))
        return hone__fail(HONE_INVALID_ARGUMENT, "--metric_for_best_model: the evaluation gave no \"%s\"", t->args.metric_for_best_model);
    bool greater = hone__trainer_greater_is_better(t);
    if (isnan(value) || (t->state.has_best_metric && !(greater ? value > t->state.best_metric : value < t->state.best_metric)))
        return HONE_OK;
    t->state.has_best_metric = true;
    t->state.best_metric = value;
    t->state.best_global_step = t->state.global_step;
    if (saves_best && t->state.global_step > 0)
        t->control.should_save = true;
    return HONE_OK;
}

hone_status hone__trainer_evaluate_now(hone_trainer *t, hone_metrics *metrics)
{
    double value;
    HONE_TRY(evaluate(t, metrics));
    HONE_TRY(hone_trainer_log(t, metrics));
    HONE_TRY(hone__trainer_event(t, HONE_ON_EVALUATE, metrics));
    if (t->state.global_step > 0 && hone__trainer_best_metric(t, metrics, &value))
        hone_scheduler_step_metric(t->scheduler, value);
    return judge(t, metrics);
}

hone_status hone_trainer_evaluate(hone_trainer *t, hone_metrics *metrics)
{
    HONE_TRY(evaluate(t, metrics));
    if (t->trained)
        HONE_TRY(hone_trainer_log(t, metrics));
    HONE_TRY(hone__trainer_event(t, HONE_ON_EVALUATE, metrics));
    if (t->trained)
        HONE_TRY(hone_metrics_set(metrics, "epoch", t->state.epoch));
    HONE_TRY(hone_metrics_set_int(metrics, "eval_samples", hone_examples_count(t->options.eval_dataset)));
    hone_metrics_clear(&t->last_eval);
    return hone_metrics_update(&t->last_eval, metrics);
}
