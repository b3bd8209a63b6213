/* The default flow: when to log, evaluate, save and end, by the options' strategies. Must match: transformers' DefaultFlowCallback. */
#include "train/trainer.h"

static void end_step(const hone_trainer *t, const hone_trainer_state *state, hone_trainer_control *c)
{
    const hone_training_args *a = &t->args;
    int64_t step = state->global_step;
    if ((step == 1 && a->logging_first_step) || (a->logging_strategy == HONE_STRATEGY_STEPS && step % t->logging_steps == 0))
        c->should_log = true;
    if (a->eval_strategy == HONE_STRATEGY_STEPS && step % t->eval_steps == 0 && a->eval_delay <= (double)step)
        c->should_evaluate = true;
    if (a->save_strategy == HONE_STRATEGY_STEPS && t->save_steps > 0 && step % t->save_steps == 0)
        c->should_save = true;
    if (step >= state->max_steps) {
        c->should_training_stop = true;
        c->should_save = c->should_save || a->save_strategy == HONE_STRATEGY_STEPS;
    }
}

static void end_epoch(const hone_training_args *a, const hone_trainer_state *state, hone_trainer_control *c)
{
    if (a->logging_strategy == HONE_STRATEGY_EPOCH)
        c->should_log = true;
    if (a->eval_strategy == HONE_STRATEGY_EPOCH && a->eval_delay <= state->epoch)
        c->should_evaluate = true;
    if (a->save_strategy == HONE_STRATEGY_EPOCH)
        c->should_save = true;
}

static hone_status flow(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                        const hone_metrics *metrics)
{
    (void)payload, (void)metrics;
    if (event == HONE_ON_STEP_END)
        end_step(t, state, control);
    if (event == HONE_ON_EPOCH_END)
        end_epoch(&t->args, state, control);
    return HONE_OK;
}

hone_callback hone__flow_callback(void)
{
    return (hone_callback){.name = "DefaultFlowCallback", .fn = flow};
}
