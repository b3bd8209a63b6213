/* Evaluation: eval_loss is the mean over all labelled items of the evaluation set, summed in double batch by batch in the order of the data, so that it does not depend on
 * the batch size (the reference's does: semantics.md, 51). Also: which evaluation is the best so far. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

typedef struct eval_sums {
    double loss, items;
} eval_sums;

static hone_status eval_batch(hone_trainer *t, const hone_batch *batch, eval_sums *sums)
{
    double value = 0;
    bool own = t->task.eval_with_task_loss;
    hone_tape_reset(t->inference);
    hone_output out = hone_model_forward(t->model, t->inference, batch);
    if (t->task.eval_batch)
        HONE_TRY(t->task.eval_batch(t->task.self, t->inference, &out, batch));
    hone_tensor *loss = hone__trainer_loss(t, t->inference, &out, batch, own);
    HONE_TRY(hone_tape_status(t->inference));
    HONE_TRY(hone_tensor_item(loss, &value));
    sums->loss += value;
    sums->items += (double)hone__trainer_count_items(t, batch, own);
    return HONE_OK;
}

static hone_status eval_batches(hone_trainer *t, hone_loader *loader, eval_sums *sums)
{
    hone_batch batch;
    int64_t done = 0, total = hone_loader_batches(loader);
    while (hone_loader_next(loader, &batch)) {
        if (hone__trainer_stops(t))
            return hone__fail(HONE_CANCELLED, "stopped while evaluating");
        HONE_TRY(eval_batch(t, &batch, sums));
        done++;
        if (!t->args.disable_tqdm && hone__progress_due())
            hone__progress("evaluating", done, total, "batches", NULL);
    }
    if (!t->args.disable_tqdm)
        hone__progress_end("evaluating", done, total, "batches", NULL);
    return hone_loader_status(loader);
}

static hone_status put_metrics(hone_trainer *t, hone_metrics *metrics, const eval_sums *sums, double seconds, int64_t n_batches)
{
    hone_metrics own = HONE_METRICS_INIT;
    double loss = sums->items > 0 ? sums->loss / sums->items : NAN, n = (double)hone_examples_count(t->options.eval_dataset);
    hone_status status;
    char name[72];
    HONE_GO(hone_metrics_set(metrics, "eval_loss", loss));
    if (t->task.eval_end)
        HONE_GO(t->task.eval_end(t->task.self, loss, &own));
    for (size_t i = 0; i < own.n; i++) {
        snprintf(name, sizeof(name), "%s%s", strncmp(own.items[i].name, "eval_", 5) == 0 ? "" : "eval_", own.items[i].name);
        HONE_GO(hone_metrics_set(metrics, name, own.items[i].value));
    }
    HONE_GO(hone_metrics_set(metrics, "eval_runtime", seconds));
    HONE_GO(hone_metrics_set(metrics, "eval_samples_per_second", seconds > 0 ? n / seconds : 0));
    HONE_GO(hone_metrics_set(metrics, "eval_steps_per_second", seconds > 0 ? (double)n_batches / seconds : 0));
done:
    hone_metrics_dispose(&own);
    return status;
}

static hone_status evaluate(hone_trainer *t, hone_metrics *metrics)
{
    hone_loader *loader = NULL;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    eval_sums sums = {0, 0};
    double started = hone__seconds();
    hone_status status;
    options.batch_size = t->args.per_device_eval_batch_size;
    hone_metrics_clear(metrics);
    if (!t->options.eval_dataset)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "there is no validation data"),
                          "set eval_dataset in hone_trainer_options (--validation_file)");
    HONE_GO(hone_loader_new(&loader, t->options.eval_dataset, &options));
    if (t->task.eval_begin)
        HONE_GO(t->task.eval_begin(t->task.self));
    HONE_GO(eval_batches(t, loader, &sums));
    HONE_GO(put_metrics(t, metrics, &sums, hone__seconds() - started, hone_loader_batches(loader)));
done:
    hone_loader_free(loader);
    hone_tape_reset(t->inference);
    return status;
}

/* Strictly better only (semantics.md, 52). */
static hone_status judge(hone_trainer *t, const hone_metrics *metrics)
{
    double value;
    if (!t->args.metric_for_best_model && !t->args.load_best_model_at_end)
        return HONE_OK;
    if (!hone__trainer_best_metric(t, metrics, &value))
        return hone__fail(HONE_INVALID_ARGUMENT, "--metric_for_best_model: the evaluation gave no \"%s\"", t->args.metric_for_best_model);
    bool greater = hone__trainer_greater_is_better(t);
    if (isnan(value) || (t->state.has_best_metric && !(greater ? value > t->state.best_metric : value < t->state.best_metric)))
        return HONE_OK;
    t->state.has_best_metric = true;
    t->state.best_metric = value;
    t->state.best_global_step = t->state.global_step;
    return HONE_OK;
}

hone_status hone__trainer_evaluate_now(hone_trainer *t, hone_metrics *metrics)
{
    HONE_TRY(evaluate(t, metrics));
    HONE_TRY(hone_trainer_log(t, metrics));
    HONE_TRY(hone__trainer_event(t, HONE_ON_EVALUATE, metrics));
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
