/* The factors of transformers' schedules, formula for formula (optimization.py of 4.57): warm-up is linear from 0, so that the first update of a run with warm-up has rate 0;
 * polynomial ends at lr_end, not 0; cosine_with_restarts is 0 from its end on. reduce_lr_on_plateau is torch's ReduceLROnPlateau (2.x), which follows a metric. */
#include "train/optimizer/schedule.h"
#include "train/args/kwargs.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define PI       3.14159265358979323846
#define AT(name) offsetof(hone_schedule_spec, name)

static const hone_option kwargs_rows[] = {
    {"num_cycles", HONE_OPTION_DOUBLE, AT(num_cycles), "nan", 0, 0, NULL, NULL, NULL},
    {"lr_end", HONE_OPTION_DOUBLE, AT(lr_end), "nan", 0, 0, NULL, NULL, NULL},
    {"power", HONE_OPTION_DOUBLE, AT(power), "nan", 0, 0, NULL, NULL, NULL},
    {"timescale", HONE_OPTION_DOUBLE, AT(timescale), "nan", 0, 0, NULL, NULL, NULL},
    {"min_lr", HONE_OPTION_DOUBLE, AT(min_lr), "nan", 0, 0, NULL, NULL, NULL},
    {"min_lr_rate", HONE_OPTION_DOUBLE, AT(min_lr_rate), "nan", 0, 0, NULL, NULL, NULL},
    {"num_stable_steps", HONE_OPTION_DOUBLE, AT(num_stable_steps), "nan", 0, 0, NULL, NULL, NULL},
    {"num_decay_steps", HONE_OPTION_DOUBLE, AT(num_decay_steps), "nan", 0, 0, NULL, NULL, NULL},
    {"min_lr_ratio", HONE_OPTION_DOUBLE, AT(min_lr_ratio), "nan", 0, 0, NULL, NULL, NULL},
    {"warmup_lr_rate", HONE_OPTION_DOUBLE, AT(warmup_lr_rate), "nan", 0, 0, NULL, NULL, NULL},
    {"factor", HONE_OPTION_DOUBLE, AT(factor), "0.1", 0, 0.9999999, NULL, NULL, NULL},
    {"threshold", HONE_OPTION_DOUBLE, AT(threshold), "0.0001", 0, 0, NULL, NULL, NULL},
    {"cooldown", HONE_OPTION_DOUBLE, AT(cooldown), "0", 0, 1e15, NULL, NULL, NULL},
    {"patience", HONE_OPTION_DOUBLE, AT(patience), "10", 0, 1e15, NULL, NULL, NULL},
    {"eps", HONE_OPTION_DOUBLE, AT(eps), "1e-08", 0, 0, NULL, NULL, NULL},
    {"mode", HONE_OPTION_ENUM, AT(mode), "min", 0, 0, "min|max", NULL, NULL},
    {"threshold_mode", HONE_OPTION_ENUM, AT(threshold_mode), "rel", 0, 0, "rel|abs", NULL, NULL},
    {"warmup_type", HONE_OPTION_ENUM, AT(warmup_type), "linear", 0, 0, "linear|cosine|1-sqrt", NULL, NULL},
    {"decay_type", HONE_OPTION_ENUM, AT(decay_type), "cosine", 0, 0, "linear|cosine|1-sqrt", NULL, NULL},
};
static const hone_option_table kwargs_table = {kwargs_rows, sizeof(kwargs_rows) / sizeof(*kwargs_rows), NULL, 0};

/* What each schedule reads, in the order of HONE_SCHEDULE_MAP. */
static const char *const reads[HONE_N_SCHEDULES] = {
    "",
    "num_cycles",
    "num_cycles",
    "lr_end power",
    "",
    "",
    "timescale",
    "num_cycles min_lr min_lr_rate",
    "num_stable_steps num_decay_steps min_lr_ratio num_cycles warmup_type decay_type",
    "num_cycles min_lr min_lr_rate warmup_lr_rate",
    "factor patience threshold cooldown min_lr eps mode threshold_mode",
};
#define X(suffix, text) text,
const char *const hone__schedule_names[HONE_N_SCHEDULES] = {HONE_SCHEDULE_MAP(X)};
#undef X

static double or_else(double value, double fallback)
{
    return isnan(value) ? fallback : value;
}

static hone_status complete_min_lr(hone_schedule_spec *s)
{
    if (isnan(s->min_lr) == isnan(s->min_lr_rate))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--lr_scheduler_type %s: one of min_lr and min_lr_rate is needed",
                                     hone__schedule_names[s->kind]),
                          "give --lr_scheduler_kwargs min_lr=1e-6");
    if (isnan(s->min_lr_rate))
        s->min_lr_rate = s->min_lr / s->base;
    return HONE_OK;
}

static hone_status complete(hone_schedule_spec *s)
{
    s->num_cycles = or_else(s->num_cycles, s->kind == HONE_SCHEDULE_COSINE_WITH_RESTARTS ? 1 : 0.5);
    s->lr_end = or_else(s->lr_end, 1e-7);
    s->power = or_else(s->power, 1);
    s->timescale = or_else(s->timescale, s->warmup > 0 ? s->warmup : 10000);
    s->min_lr_ratio = or_else(s->min_lr_ratio, 0);
    if (s->kind == HONE_SCHEDULE_POLYNOMIAL && !(s->base > s->lr_end))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--lr_scheduler_kwargs: lr_end (%g) must be below the learning rate (%g)",
                                     s->lr_end, s->base),
                          "give a smaller lr_end");
    if (s->kind == HONE_SCHEDULE_INVERSE_SQRT && !(s->timescale > 0))
        return hone__fail(HONE_INVALID_ARGUMENT, "--lr_scheduler_kwargs: timescale must be above 0");
    if (s->kind == HONE_SCHEDULE_COSINE_WITH_MIN_LR || s->kind == HONE_SCHEDULE_COSINE_WARMUP_WITH_MIN_LR)
        return complete_min_lr(s);
    if (s->kind == HONE_SCHEDULE_WARMUP_STABLE_DECAY && isnan(s->num_decay_steps))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--lr_scheduler_type warmup_stable_decay: num_decay_steps is needed"),
                          "give --lr_scheduler_kwargs num_decay_steps=N");
    s->num_stable_steps = or_else(s->num_stable_steps, s->total - s->warmup - s->num_decay_steps);
    return HONE_OK;
}

hone_status hone__schedule_init(hone_schedule_spec *out, hone_schedule kind, double base, const hone_scheduler_options *options)
{
    if ((int)kind < 0 || kind >= HONE_N_SCHEDULES)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no learning-rate schedule %d", (int)kind);
    HONE_TRY(hone__options_defaults(&kwargs_table, out));
    out->kind = kind;
    out->base = base;
    out->warmup = (double)options->num_warmup_steps;
    out->total = (double)options->num_training_steps;
    HONE_TRY(hone__kwargs_read(&kwargs_table, out, options->kwargs, "--lr_scheduler_kwargs", hone__schedule_names[kind], reads[kind]));
    return complete(out);
}

/* Of the steps after the warm-up, the part that is done. */
static double progress(const hone_schedule_spec *s, double step)
{
    return (step - s->warmup) / fmax(1, s->total - s->warmup);
}

static double polynomial(const hone_schedule_spec *s, double step)
{
    double decay_steps = s->total - s->warmup;
    if (step > s->total || decay_steps <= 0)
        return s->lr_end / s->base;
    double remaining = 1 - (step - s->warmup) / decay_steps;
    return ((s->base - s->lr_end) * pow(remaining, s->power) + s->lr_end) / s->base;
}

static double warmup_stable_decay(const hone_schedule_spec *s, double step)
{
    double factor, p;
    if (step < s->warmup) {
        p = step / fmax(1, s->warmup);
        factor = s->warmup_type == HONE_RAMP_LINEAR ? p : s->warmup_type == HONE_RAMP_COSINE ? 0.5 * (1 - cos(PI * p)) : 1 - sqrt(1 - p);
    } else if (step < s->warmup + s->num_stable_steps) {
        return 1;
    } else if (step < s->warmup + s->num_stable_steps + s->num_decay_steps) {
        p = (step - s->warmup - s->num_stable_steps) / fmax(1, s->num_decay_steps);
        factor = s->decay_type == HONE_RAMP_LINEAR   ? 1 - p
                 : s->decay_type == HONE_RAMP_COSINE ? 0.5 * (1 + cos(PI * s->num_cycles * 2 * p))
                                                     : 1 - sqrt(p);
    } else {
        return s->min_lr_ratio;
    }
    return fmax(0, factor * (1 - s->min_lr_ratio) + s->min_lr_ratio);
}

/* Its warm-up begins above 0, and the cosine a step earlier. */
static double cosine_warmup_with_min_lr(const hone_schedule_spec *s, double step)
{
    if (step < s->warmup)
        return isnan(s->warmup_lr_rate) ? (step + 1) / fmax(1, s->warmup)
                                        : s->warmup_lr_rate + (1 - s->warmup_lr_rate) * step / fmax(1, s->warmup - 1);
    double factor = 0.5 * (1 + cos(PI * s->num_cycles * 2 * progress(s, step + 1)));
    return fmax(0, factor * (1 - s->min_lr_rate) + s->min_lr_rate);
}

static double after_warmup(const hone_schedule_spec *s, double step)
{
    double factor, p;
    switch (s->kind) {
    case HONE_SCHEDULE_LINEAR:
        return fmax(0, (s->total - step) / fmax(1, s->total - s->warmup));
    case HONE_SCHEDULE_COSINE:
        return fmax(0, 0.5 * (1 + cos(PI * s->num_cycles * 2 * progress(s, step))));
    case HONE_SCHEDULE_COSINE_WITH_RESTARTS:
        p = progress(s, step);
        return p >= 1 ? 0 : fmax(0, 0.5 * (1 + cos(PI * fmod(s->num_cycles * p, 1))));
    case HONE_SCHEDULE_COSINE_WITH_MIN_LR:
        factor = 0.5 * (1 + cos(PI * s->num_cycles * 2 * progress(s, step)));
        return fmax(0, factor * (1 - s->min_lr_rate) + s->min_lr_rate);
    case HONE_SCHEDULE_POLYNOMIAL:
        return polynomial(s, step);
    case HONE_SCHEDULE_INVERSE_SQRT:
        return 1 / sqrt((step + s->timescale - s->warmup) / s->timescale);
    default:
        return 1;
    }
}

double hone__schedule_factor(const hone_schedule_spec *s, int64_t step)
{
    double k = (double)step;
    if (s->kind == HONE_SCHEDULE_CONSTANT || s->kind == HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU)
        return 1;
    if (s->kind == HONE_SCHEDULE_COSINE_WARMUP_WITH_MIN_LR)
        return cosine_warmup_with_min_lr(s, k);
    if (s->kind == HONE_SCHEDULE_WARMUP_STABLE_DECAY)
        return warmup_stable_decay(s, k);
    return k < s->warmup ? k / fmax(1, s->warmup) : after_warmup(s, k);
}

/* ---- reduce_lr_on_plateau ---- */

hone_plateau hone__plateau_begin(const hone_schedule_spec *s)
{
    return (hone_plateau){.best = s->mode ? -INFINITY : INFINITY, .learning_rate = s->base};
}

static bool is_better(const hone_schedule_spec *s, double value, double best)
{
    double margin = s->mode ? s->threshold : -s->threshold;
    double bound = s->threshold_mode ? best + margin : best * (1 + margin);
    return s->mode ? value > bound : value < bound;
}

void hone__plateau_step(const hone_schedule_spec *s, hone_plateau *p, double metric)
{
    bool better = is_better(s, metric, p->best);
    p->best = better ? metric : p->best;
    p->n_bad = better ? 0 : p->n_bad + 1;
    if (p->cooldown > 0) {
        p->cooldown--;
        p->n_bad = 0;
    }
    if ((double)p->n_bad <= s->patience)
        return;
    double rate = fmax(p->learning_rate * s->factor, isnan(s->min_lr) ? 0 : s->min_lr);
    if (p->learning_rate - rate > s->eps)
        p->learning_rate = rate;
    p->cooldown = (int64_t)s->cooldown;
    p->n_bad = 0;
}
