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
    double warmup_lr_rate;
    int warmup_type, decay_type; /* hone_ramp */
    double factor, threshold, cooldown, patience, eps;
    int mode, threshold_mode; /* 0: min, rel; 1: max, abs */
} hone_schedule_spec;

/* Where reduce_lr_on_plateau stands: torch's best, num_bad_epochs, cooldown_counter, and the rate. */
typedef struct hone_plateau {
    double best, learning_rate;
    int64_t n_bad, cooldown;
} hone_plateau;

/* Their names, in the order of HONE_SCHEDULE_MAP. */
extern const char *const hone__schedule_names[HONE_N_SCHEDULES];

/* Checks and completes the parameters; kwargs as in hone_scheduler_options. */
hone_status hone__schedule_init(hone_schedule_spec *out, hone_schedule kind, double base, const hone_scheduler_options *options);
/* What the base rate is multiplied by in step `step`, counted from 0. */
double hone__schedule_factor(const hone_schedule_spec *s, int64_t step);

hone_optimizer *hone__scheduler_optimizer(const hone_scheduler *scheduler);

hone_plateau hone__plateau_begin(const hone_schedule_spec *s);
void hone__plateau_step(const hone_schedule_spec *s, hone_plateau *p, double metric);
/* Of a scheduler that is reduce_lr_on_plateau, NULL: it is another. What is changed there counts from hone_scheduler_jump on. */
hone_plateau *hone__scheduler_plateau(hone_scheduler *scheduler);

#endif
