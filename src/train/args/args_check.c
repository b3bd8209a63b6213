/* Combinations of options that cannot work, refused before the first step with the remedy. */
#include "train/args/args.h"
#include "base/mem.h"
#include "train/optimizer/rules.h"
#include "train/optimizer/schedule.h"

#include <math.h>
#include <string.h>

static hone_status refuse(const char *what, const char *remedy)
{
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s", what), "%s", remedy);
}

static hone_status check_eval(const hone_training_args *a, bool has_eval_dataset)
{
    if (a->eval_strategy != HONE_STRATEGY_NO && !has_eval_dataset)
        return refuse("--eval_strategy: there is no validation data",
                      "give --validation_file (or a part of the training data with --validation_split_percentage)");
    if (a->eval_strategy == HONE_STRATEGY_STEPS && a->eval_steps == 0 && a->logging_steps == 0)
        return refuse("--eval_strategy steps: neither eval_steps nor logging_steps is given", "give --eval_steps N");
    if (a->logging_strategy == HONE_STRATEGY_STEPS && a->logging_steps == 0)
        return refuse("--logging_steps: must not be 0 with --logging_strategy steps", "give --logging_steps N, or --logging_strategy no");
    return HONE_OK;
}

/* A best model needs a checkpoint at each evaluation that could be the best (semantics.md, 52). */
static hone_status check_best(const hone_training_args *a)
{
    double eval_steps = a->eval_steps > 0 ? a->eval_steps : a->logging_steps;
    bool saves_best = a->save_strategy == HONE_STRATEGY_BEST;
    if (saves_best && a->eval_strategy == HONE_STRATEGY_NO)
        return refuse("--save_strategy best: nothing is evaluated", "give --eval_strategy epoch or steps");
    if (!a->load_best_model_at_end)
        return HONE_OK;
    if (a->eval_strategy == HONE_STRATEGY_NO || (a->eval_strategy != a->save_strategy && !saves_best))
        return refuse("--load_best_model_at_end: save and evaluation strategies must be the same, and not no",
                      "give --eval_strategy and --save_strategy the same value, or --save_strategy best");
    if (a->eval_strategy == HONE_STRATEGY_STEPS && a->max_steps > 0 && eval_steps > (double)a->max_steps)
        return refuse("--load_best_model_at_end: --eval_steps is beyond --max_steps, nothing would be evaluated",
                      "give a smaller --eval_steps");
    if (a->eval_strategy == HONE_STRATEGY_STEPS && !saves_best && fabs(remainder(a->save_steps, eval_steps)) > 1e-9)
        return refuse("--load_best_model_at_end: save_steps must be a multiple of eval_steps",
                      "give --save_steps a multiple of --eval_steps");
    return HONE_OK;
}

static hone_status check_plateau(const hone_training_args *a)
{
    const char *name = a->metric_for_best_model ? a->metric_for_best_model : "loss";
    if (a->lr_scheduler_type != HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU)
        return HONE_OK;
    if (a->eval_strategy == HONE_STRATEGY_NO)
        return refuse("--lr_scheduler_type reduce_lr_on_plateau: it follows an evaluation's metric, and nothing is evaluated",
                      "give --eval_strategy epoch or steps");
    if (a->warmup_steps > 0 || a->warmup_ratio > 0)
        return refuse("--lr_scheduler_type reduce_lr_on_plateau: it has no warm-up", "leave --warmup_steps and --warmup_ratio out");
    bool greater = a->greater_is_better == HONE_TRUE || (a->greater_is_better == HONE_AUTO && !hone__ends_with(name, "loss"));
    if (greater && !(a->lr_scheduler_kwargs && strstr(a->lr_scheduler_kwargs, "mode")))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT,
                                     "--lr_scheduler_type reduce_lr_on_plateau: it waits for %s to fall, and greater is better", name),
                          "give --lr_scheduler_kwargs mode=max (or mode=min, if that is meant)");
    return HONE_OK;
}

/* The parameters of the schedule, though how many updates there will be is not known yet. */
static hone_status check_schedule(const hone_training_args *a)
{
    hone_schedule_spec schedule;
    hone_scheduler_options options = {0, a->max_steps > 0 ? a->max_steps : INT32_MAX, a->lr_scheduler_kwargs};
    return hone__schedule_init(&schedule, (hone_schedule)a->lr_scheduler_type, a->learning_rate, &options);
}

static hone_status check_memory(const hone_training_args *a)
{
    size_t bytes;
    if (!a->memory_limit || strcmp(a->memory_limit, "auto") == 0 || strcmp(a->memory_limit, "none") == 0 ||
        hone__parse_size(&bytes, a->memory_limit))
        return HONE_OK;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--memory_limit: \"%s\" is no size", a->memory_limit),
                      "give 6GB, 512MiB, a number of bytes, or none");
}

/* Bounds of args.c, which args that were filled in by hand have not passed: counts are multiplied by one another. */
static bool is_count(int64_t n)
{
    return n >= 1 && n <= 1000000;
}

hone_status hone_training_args_check(const hone_training_args *a, bool has_eval_dataset)
{
    if (a->max_steps == 0)
        return refuse("--max_steps: 0 steps are no training", "give a number above 0, or -1 to count epochs");
    if (a->max_steps < 0 && !(a->num_train_epochs > 0))
        return refuse("--num_train_epochs: must be above 0", "give --num_train_epochs or --max_steps");
    if (!is_count(a->per_device_train_batch_size) || !is_count(a->per_device_eval_batch_size) || !is_count(a->gradient_accumulation_steps))
        return refuse("batch sizes and --gradient_accumulation_steps must be from 1 to 1000000", "give numbers in between");
    if (a->bf16 && a->fp16)
        return refuse("--bf16 and --fp16 exclude each other", "give one of them");
    if (a->prediction_loss_only && a->metric_for_best_model && strcmp(a->metric_for_best_model, "loss") != 0 &&
        strcmp(a->metric_for_best_model, "eval_loss") != 0)
        return refuse("--prediction_loss_only: then there is no --metric_for_best_model but loss", "leave one of the two out");
    if (a->max_steps > 0 && a->warmup_steps > (double)a->max_steps)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--warmup_steps: the warm-up (%.0f updates) is longer than the training (%lld)",
                                     a->warmup_steps, (long long)a->max_steps),
                          "give less --warmup_steps, or more --max_steps");
    HONE_TRY(hone__training_check_profile(a));
    HONE_TRY(check_memory(a));
    HONE_TRY(check_schedule(a));
    HONE_TRY(hone__rule_init(&(hone_rule){0}, a->optim, a->optim_args));
    HONE_TRY(hone__reports_check(a));
    HONE_TRY(check_plateau(a));
    HONE_TRY(check_eval(a, has_eval_dataset));
    return check_best(a);
}
