/* Events of a run: the default flow (when to log, evaluate, save and end, as the reference's DefaultFlowCallback), then the user's callbacks in order; early stopping. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

static void flow_step_end(hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    int64_t step = t->state.global_step;
    hone_trainer_control *c = &t->control;
    if ((step == 1 && a->logging_first_step) || (a->logging_strategy == HONE_STRATEGY_STEPS && step % t->logging_steps == 0))
        c->should_log = true;
    if (a->eval_strategy == HONE_STRATEGY_STEPS && step % t->eval_steps == 0 && a->eval_delay <= (double)step)
        c->should_evaluate = true;
    if (a->save_strategy == HONE_STRATEGY_STEPS && t->save_steps > 0 && step % t->save_steps == 0)
        c->should_save = true;
    if (step >= t->state.max_steps) {
        c->should_training_stop = true;
        c->should_save = c->should_save || a->save_strategy == HONE_STRATEGY_STEPS;
    }
}

static void flow_epoch_end(hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    if (a->logging_strategy == HONE_STRATEGY_EPOCH)
        t->control.should_log = true;
    if (a->eval_strategy == HONE_STRATEGY_EPOCH && a->eval_delay <= t->state.epoch)
        t->control.should_evaluate = true;
    if (a->save_strategy == HONE_STRATEGY_EPOCH)
        t->control.should_save = true;
}

hone_status hone__trainer_event(hone_trainer *t, hone_event event, const hone_metrics *metrics)
{
    if (event == HONE_ON_STEP_END)
        flow_step_end(t);
    if (event == HONE_ON_EPOCH_END)
        flow_epoch_end(t);
    t->state.n_logs = t->n_logs;
    for (size_t i = 0; i < t->options.n_callbacks; i++) {
        const hone_callback *c = &t->options.callbacks[i];
        HONE_TRY(c->fn(c->payload, t, event, &t->state, &t->control, metrics));
    }
    return HONE_OK;
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

/* The count is compared before the trainer knows of a new best, as in the reference (semantics.md, 52). */
static hone_status stop_early(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                              hone_trainer_control *control, const hone_metrics *metrics)
{
    hone_early_stopping *s = payload;
    double value;
    if (event != HONE_ON_EVALUATE || !hone__trainer_best_metric(t, metrics, &value))
        return HONE_OK;
    bool greater = hone__trainer_greater_is_better(t);
    bool better = !state->has_best_metric ||
                  ((greater ? value > state->best_metric : value < state->best_metric) && fabs(value - state->best_metric) > s->threshold);
    s->counter = better ? 0 : s->counter + 1;
    if (s->counter >= s->patience)
        control->should_training_stop = true;
    return HONE_OK;
}

hone_callback hone_early_stopping_callback(hone_early_stopping *state)
{
    return (hone_callback){stop_early, state};
}
