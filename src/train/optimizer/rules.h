/* The updates beside AdamW: SGD, Adagrad, RMSprop (torch.optim) and Adafactor (transformers.optimization), tensor by tensor as the files name them. */
#ifndef HONE_TRAIN_RULES_H
#define HONE_TRAIN_RULES_H

#include "nn/params.h"
#include <hone/optimizer.h>

/* What --optim_args says, completed. Numbers that a rule does not read are meaningless. */
typedef struct hone_rule {
    hone_optim kind;
    double momentum, dampening;                    /* sgd, rmsprop */
    double lr_decay, initial_accumulator_value;    /* adagrad */
    double alpha, eps;                             /* rmsprop; eps: adagrad too */
    double eps1, eps2, clip_threshold, decay_rate; /* adafactor */
    double beta1;                                  /* adafactor: of a first moment, NaN: none */
    bool nesterov, centered, scale_parameter;
} hone_rule;

/* The names of all optimizers, in the order of HONE_OPTIM_MAP. */
extern const char *const hone__optim_names[HONE_N_OPTIMS];

/* args as in hone_optimizer_options. */
hone_status hone__rule_init(hone_rule *out, hone_optim kind, const char *args);

enum { HONE_RULE_STATES = 3 };
/* Names of the states of the size of the parameters ("momentum_buffer"), NULL behind the last. Adafactor's second moment is apart (hone__adafactor_room). */
void hone__rule_states(const char *names[HONE_RULE_STATES], const hone_rule *rule);

/* One tensor in one step. */
typedef struct hone_rule_step {
    const hone_rule *rule;
    float *p;
    const float *g;                 /* times factor */
    float *state[HONE_RULE_STATES]; /* as hone__rule_states names them */
    size_t n;
    int64_t rows, cols; /* cols 0: one dimension */
    double lr, weight_decay;
    float factor;
    int64_t t;       /* steps counted from 1 */
    float *factored; /* adafactor: hone__adafactor_room elements */
    double *lines;   /* adafactor: hone__adafactor_lines elements of scratch */
    int n_threads;
} hone_rule_step;
void hone__rule_step(const hone_rule_step *s);

/* ---- adafactor.c ---- */
/* Elements of its second moment: a row's and a column's means, or every element's where there is one dimension. */
size_t hone__adafactor_room(int64_t rows, int64_t cols);
/* Doubles of scratch: sums of lines, scales of rows and columns. */
size_t hone__adafactor_lines(int64_t rows, int64_t cols);
void hone__adafactor_step(const hone_rule_step *s);

#endif
