/* A schedule bound to an optimizer: it counts steps and sets the rate of the next one, as torch's LambdaLR does. */
#include "base/mem.h"
#include "train/optimizer/schedule.h"

#include <string.h>

struct hone_scheduler {
    hone_schedule_spec spec;
    hone_optimizer *opt;
    int64_t steps;
    hone_plateau plateau;                       /* of reduce_lr_on_plateau */
    double (*factor)(void *self, int64_t step); /* of a schedule of one's own, else NULL */
    void *self;
};

static hone_status find(hone_schedule *out, const char *name)
{
    for (int i = 0; i < HONE_N_SCHEDULES; i++)
        if (strcmp(hone__schedule_names[i], name) == 0) {
            *out = (hone_schedule)i;
            return HONE_OK;
        }
    if (strcmp(name, "wsd") == 0) {
        *out = HONE_SCHEDULE_WARMUP_STABLE_DECAY;
        return HONE_OK;
    }
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "there is no learning-rate schedule \"%s\"", name),
#define X(suffix, text) text " "
                      "there are: " HONE_SCHEDULE_MAP(X) "wsd");
#undef X
}

hone_status hone_scheduler_new(hone_scheduler **out, const char *name, hone_optimizer *opt, const hone_scheduler_options *options)
{
    hone_scheduler_options defaults = HONE_SCHEDULER_OPTIONS_INIT;
    hone_schedule kind = HONE_SCHEDULE_LINEAR;
    hone_scheduler *s = NULL;
    *out = NULL;
    HONE_TRY(find(&kind, name));
    HONE_TRY(HONE_NEW(&s, 1));
    s->opt = opt;
    hone_status status = hone__schedule_init(&s->spec, kind, hone_optimizer_learning_rate(opt), options ? options : &defaults);
    if (status != HONE_OK) {
        hone__free(s);
        return status;
    }
    s->plateau = hone__plateau_begin(&s->spec);
    hone_scheduler_jump(s, 0);
    *out = s;
    return HONE_OK;
}

hone_status hone_scheduler_lambda_new(hone_scheduler **out, hone_optimizer *opt, double (*factor)(void *self, int64_t step), void *self)
{
    hone_scheduler *s = NULL;
    *out = NULL;
    if (!factor)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_scheduler_lambda_new: there is no function");
    HONE_TRY(HONE_NEW(&s, 1));
    s->spec.kind = HONE_SCHEDULE_CONSTANT;
    s->spec.base = hone_optimizer_learning_rate(opt);
    s->opt = opt;
    s->factor = factor;
    s->self = self;
    hone_scheduler_jump(s, 0);
    *out = s;
    return HONE_OK;
}

hone_optimizer *hone__scheduler_optimizer(const hone_scheduler *scheduler)
{
    return scheduler->opt;
}

void hone_scheduler_free(hone_scheduler *scheduler)
{
    hone__free(scheduler);
}

void hone_scheduler_step(hone_scheduler *scheduler)
{
    hone_scheduler_jump(scheduler, scheduler->steps + 1);
}

int64_t hone_scheduler_steps(const hone_scheduler *scheduler)
{
    return scheduler->steps;
}

double hone_scheduler_learning_rate_at(const hone_scheduler *scheduler, int64_t step)
{
    if (scheduler->spec.kind == HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU)
        return scheduler->plateau.learning_rate;
    if (scheduler->factor)
        return scheduler->spec.base * scheduler->factor(scheduler->self, step);
    return scheduler->spec.base * hone__schedule_factor(&scheduler->spec, step);
}

hone_plateau *hone__scheduler_plateau(hone_scheduler *scheduler)
{
    return scheduler->spec.kind == HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU ? &scheduler->plateau : NULL;
}

void hone_scheduler_step_metric(hone_scheduler *scheduler, double metric)
{
    if (scheduler->spec.kind != HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU)
        return;
    hone__plateau_step(&scheduler->spec, &scheduler->plateau, metric);
    hone_scheduler_jump(scheduler, scheduler->steps);
}

void hone_scheduler_jump(hone_scheduler *scheduler, int64_t step)
{
    scheduler->steps = step;
    hone_optimizer_set_learning_rate(scheduler->opt, hone_scheduler_learning_rate_at(scheduler, step));
}
