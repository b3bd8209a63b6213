/* Learning-rate schedules as plain numbers: which one, its parameters, the factor of a step. */
#ifndef HONE_TRAIN_SCHEDULE_H
#define HONE_TRAIN_SCHEDULE_H

#include "base/error.h"
#include <hone/optimizer.h>

typedef enum hone_ramp { HONE_RAMP_LINEAR, HONE_RAMP_COSINE, HONE_RAMP_1_SQRT } hone_ramp;

typedef struct hone_schedule_spec {
    hone_schedule kind;
    double warmup, total; /* steps */
    double base;          /* the optimizer's learning rate */
    double num_cycles, lr_end, power, timescale, min_lr, min_lr_rate, num_stable_steps, num_decay_steps, min_lr_ratio;
    int warmup_type, decay_type; /* hone_ramp */
} hone_schedule_spec;

/* Checks and completes the parameters; kwargs as in hone_scheduler_options. */
hone_status hone__schedule_init(hone_schedule_spec *out, hone_schedule kind, double base, const hone_scheduler_options *options);
/* What the base rate is multiplied by in step `step`, counted from 0. */
double hone__schedule_factor(const hone_schedule_spec *s, int64_t step);

#endif
