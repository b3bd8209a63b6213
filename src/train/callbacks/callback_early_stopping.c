/* Early stopping. Must match: transformers' EarlyStoppingCallback; its counter is compared before the trainer knows of a new best (semantics.md, 52). Checkpoints keep the counter; a run that had
 * stopped stops again when it is resumed, unless it is given more patience. */
#include "train/trainer.h"

#include <math.h>

static void judge(hone_early_stopping *s, const hone_trainer_state *state, double value, bool greater)
{
    bool better = !state->has_best_metric ||
                  ((greater ? value > state->best_metric : value < state->best_metric) && fabs(value - state->best_metric) > s->threshold);
    s->counter = better ? 0 : s->counter + 1;
}

static hone_status stop_early(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                              hone_trainer_control *control, const hone_metrics *metrics)
{
    hone_early_stopping *s = payload;
    double value;
    if (event == HONE_ON_EVALUATE && hone__trainer_best_metric(t, metrics, &value))
        judge(s, state, value, hone__trainer_greater_is_better(t));
    else if (event != HONE_ON_TRAIN_BEGIN)
        return HONE_OK;
    if (s->counter >= s->patience)
        control->should_training_stop = true;
    return HONE_OK;
}

static hone_status save(const void *payload, hone_metrics *state)
{
    return hone_metrics_set_int(state, "early_stopping_patience_counter", ((const hone_early_stopping *)payload)->counter);
}

static hone_status load(void *payload, const hone_metrics *state)
{
    double counter = 0;
    if (!hone_metrics_get(state, "early_stopping_patience_counter", &counter))
        return hone__fail(HONE_FORMAT, "\"early_stopping_patience_counter\" is missing");
    ((hone_early_stopping *)payload)->counter = (int64_t)counter;
    return HONE_OK;
}

hone_callback hone_early_stopping_callback(hone_early_stopping *state)
{
    return (hone_callback){.name = HONE__EARLY_STOPPING, .fn = stop_early, .payload = state, .save = save, .load = load};
}
