/* The optimizer and its schedule: AdamW (and torch's plainer ones) over a model's flat buffers, learning rates as transformers' get_scheduler computes them.
 *
 *     hone_optimizer_step(opt);  hone_scheduler_step(sched);  hone_optimizer_zero_grad(opt);
 */
#ifndef HONE_OPTIMIZER_H
#define HONE_OPTIMIZER_H

#include <hone/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_optimizer hone_optimizer;

/* torch.optim.AdamW (Loshchilov & Hutter 2019). */
typedef struct hone_adamw_options {
    double learning_rate; /* 5e-5 */
    double beta1, beta2;  /* 0.9, 0.999 */
    double epsilon;       /* 1e-8, added after the bias correction */
    double weight_decay;  /* 0; decoupled: p *= 1 - lr * decay */
    bool decay_all; /* true: biases and norms decay too, as a bare torch AdamW(model.parameters()) does; false: the Trainer's groups */
} hone_adamw_options;
#define HONE_ADAMW_OPTIONS_INIT            \
    {                                      \
        5e-5, 0.9, 0.999, 1e-8, 0.0, false \
    }

/* X(enumerator suffix, name): --optim. The first two are one and the same update. */
#define HONE_OPTIM_MAP(X)                     \
    X(ADAMW_TORCH, "adamw_torch")             \
    X(ADAMW_TORCH_FUSED, "adamw_torch_fused") \
    X(SGD, "sgd")                             \
    X(ADAGRAD, "adagrad")                     \
    X(RMSPROP, "rmsprop")                     \
    X(ADAFACTOR, "adafactor")

typedef enum hone_optim {
#define X(name, text) HONE_OPTIM_##name,
    HONE_OPTIM_MAP(X)
#undef X
        HONE_N_OPTIMS
} hone_optim;

/* torch.optim.SGD, Adagrad, RMSprop and transformers' Adafactor (relative_step=False); of adamw the rate, the decay and the two betas count. */
typedef struct hone_optimizer_options {
    hone_adamw_options adamw; /* learning_rate, weight_decay and decay_all are everybody's */
    /* "momentum=0.9,nesterov=true" or a JSON object; NULL: nothing. sgd: momentum, dampening, nesterov; adagrad: lr_decay, initial_accumulator_value, eps; rmsprop: alpha, eps,
     * momentum, centered; adafactor: eps1, eps2, clip_threshold, decay_rate, beta1, scale_parameter. */
    const char *args;
} hone_optimizer_options;

/* An optimizer of another kind, as hone_optimizer_adamw_new. HONE_UNSUPPORTED for those but AdamW on devices with memory of their own; HONE_INVALID_ARGUMENT names an
 * argument that the optimizer has not. */
HONE_API hone_status hone_optimizer_new(hone_optimizer **out, hone_optim kind, hone_model *model, const hone_optimizer_options *options);
/* An optimizer over all parameters of model, which must have been made for_training and must outlive it. options NULL: the defaults. */
HONE_API hone_status hone_optimizer_adamw_new(hone_optimizer **out, hone_model *model, const hone_adamw_options *options);
/* Frees it; the model stays. NULL is legal. */
HONE_API void hone_optimizer_free(hone_optimizer *opt);

/* One update with the gradients that are there, times the factor that clip_grad_norm left (1 without). Parameters without a gradient are passed over, decay included.
 * Nothing is updated when the gradients' norm is known not to be finite (hone_accelerator_clip_grad_norm, the trainer): hone_optimizer_n_skipped counts. */
HONE_API hone_status hone_optimizer_step(hone_optimizer *opt);
/* Forgets the gradients (nothing is written: the next backward writes instead of adding) and sets the factor back to 1. */
HONE_API void hone_optimizer_zero_grad(hone_optimizer *opt);
/* The global L2 norm of the gradients; *n_nonfinite (may be NULL): elements that are NaN or infinite. Waits for the device. */
HONE_API hone_status hone_optimizer_grad_norm(hone_optimizer *opt, double *norm, int64_t *n_nonfinite);

/* The base learning rate times the schedule's present factor. */
HONE_API double hone_optimizer_learning_rate(const hone_optimizer *opt);
/* Sets the rate of the next step (schedulers call this). */
HONE_API void hone_optimizer_set_learning_rate(hone_optimizer *opt, double learning_rate);
/* Updates made. */
HONE_API int64_t hone_optimizer_n_steps(const hone_optimizer *opt);
/* Updates passed over because the gradients were not finite. */
HONE_API int64_t hone_optimizer_n_skipped(const hone_optimizer *opt);

/* Moments and step count as a safetensors file: exp_avg.NAME and exp_avg_sq.NAME with the names of the model file, or what another optimizer keeps, by torch's names. */
HONE_API hone_status hone_optimizer_save(const hone_optimizer *opt, const char *path);
/* Reads them back: names and sizes are checked before anything is changed. */
HONE_API hone_status hone_optimizer_load(hone_optimizer *opt, const char *path);

/* X(enumerator suffix, name) */
#define HONE_SCHEDULE_MAP(X)                                  \
    X(LINEAR, "linear")                                       \
    X(COSINE, "cosine")                                       \
    X(COSINE_WITH_RESTARTS, "cosine_with_restarts")           \
    X(POLYNOMIAL, "polynomial")                               \
    X(CONSTANT, "constant")                                   \
    X(CONSTANT_WITH_WARMUP, "constant_with_warmup")           \
    X(INVERSE_SQRT, "inverse_sqrt")                           \
    X(COSINE_WITH_MIN_LR, "cosine_with_min_lr")               \
    X(WARMUP_STABLE_DECAY, "warmup_stable_decay")             \
    X(COSINE_WARMUP_WITH_MIN_LR, "cosine_warmup_with_min_lr") \
    X(REDUCE_LR_ON_PLATEAU, "reduce_lr_on_plateau")

typedef enum hone_schedule {
#define X(name, text) HONE_SCHEDULE_##name,
    HONE_SCHEDULE_MAP(X)
#undef X
        HONE_N_SCHEDULES
} hone_schedule;

/* What a schedule needs; kwargs NULL: its own defaults. */
typedef struct hone_scheduler_options {
    int64_t num_warmup_steps;   /* 0 */
    int64_t num_training_steps; /* 0; constant and inverse_sqrt do not need it */
    /* lr_scheduler_kwargs: "power=2,lr_end=1e-6" or a JSON object. cosine: num_cycles (0.5); cosine_with_restarts: num_cycles (1); polynomial: lr_end (1e-7),
     * power (1); inverse_sqrt: timescale (warm-up steps, or 10000); cosine_with_min_lr: min_lr or min_lr_rate, num_cycles; warmup_stable_decay: num_decay_steps
     * (asked for), num_stable_steps, warmup_type and decay_type (linear, cosine, 1-sqrt), min_lr_ratio, num_cycles; cosine_warmup_with_min_lr: as cosine_with_min_lr, and
     * warmup_lr_rate; reduce_lr_on_plateau (torch's ReduceLROnPlateau, without warm-up): mode (min, max), factor (0.1), patience (10), threshold (1e-4), threshold_mode (rel,
     * abs), cooldown (0), min_lr (0), eps (1e-8). */
    const char *kwargs;
} hone_scheduler_options;
#define HONE_SCHEDULER_OPTIONS_INIT \
    {                               \
        0, 0, NULL                  \
    }

typedef struct hone_scheduler hone_scheduler;

/* get_scheduler(name, optimizer, …): name is one of HONE_SCHEDULE_MAP ("wsd" is warmup_stable_decay). Sets the optimizer's rate for its first step. */
HONE_API hone_status hone_scheduler_new(hone_scheduler **out, const char *name, hone_optimizer *opt, const hone_scheduler_options *options);
/* A schedule of one's own (torch's LambdaLR): the rate of step s, counted from 0, is the optimizer's present rate times factor(self, s). factor should follow from s alone. self is lent
 * for the schedule's life. HONE_INVALID_ARGUMENT when factor is NULL.
 *
 *     static double halves(void *self, int64_t step)
 *     {
 *         return pow(0.5, (double)(step / 1000));
 *     }
 */
HONE_API hone_status hone_scheduler_lambda_new(hone_scheduler **out, hone_optimizer *opt, double (*factor)(void *self, int64_t step),
                                               void *self);
/* Frees it; NULL is legal. */
HONE_API void hone_scheduler_free(hone_scheduler *scheduler);
/* To the next step: sets the optimizer's learning rate. */
HONE_API void hone_scheduler_step(hone_scheduler *scheduler);
/* Steps taken so far. */
HONE_API int64_t hone_scheduler_steps(const hone_scheduler *scheduler);
/* reduce_lr_on_plateau: the value of the watched metric after an evaluation. Other schedules pay no heed to it. */
HONE_API void hone_scheduler_step_metric(hone_scheduler *scheduler, double metric);
/* The learning rate of any step, counted from 0; of reduce_lr_on_plateau the present one. */
HONE_API double hone_scheduler_learning_rate_at(const hone_scheduler *scheduler, int64_t step);
/* Goes to a step at once (resuming). */
HONE_API void hone_scheduler_jump(hone_scheduler *scheduler, int64_t step);

#ifdef __cplusplus
}
#endif
#endif
