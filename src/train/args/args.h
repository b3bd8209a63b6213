/* The options table of the trainer, for those who show it beside tables of their own (jobs). */
#ifndef HONE_TRAIN_ARGS_H
#define HONE_TRAIN_ARGS_H

#include "base/options.h"
#include <hone/train.h>

extern const hone_option_table hone__training_table;
/* What the reference has and hone has not, with the reason (IGNORED and REFUSED rows; no fields). */
extern const hone_option_table hone__foreign_table;

/* Refuses trackers that there are not (callback_report.c). */
hone_status hone__reports_check(const hone_training_args *args);
/* Whether the trackers' files can be written: a look at the disk, before anything is loaded. */
hone_status hone__reports_check_places(const hone_training_args *args);
/* Steps from an option that is a count, or, below 1, a part of max_steps (semantics.md, 47). */
int64_t hone__training_steps(double option, int64_t max_steps);
/* Updates of warm-up in a training of max_steps. */
int64_t hone__training_warmup(const hone_training_args *args, int64_t max_steps);
/* --profile_steps is a range of steps (profile.c). */
hone_status hone__training_check_profile(const hone_training_args *args);
const char *hone__training_output_dir(const hone_training_args *args);

#endif
