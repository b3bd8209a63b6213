/* SGD, Adagrad and RMSprop as torch.optim (2.x) computes them, element by element: weight decay is added to the gradient (in AdamW and Adafactor it is not). Plain loops
 * over the host's memory, each element on its own, so that threads don't change bits; the reference's Trainer gives them nothing but rate and decay, --optim_args is
 * hone's. A difference: torch counts steps per parameter, hone once. */
#include "train/optimizer/rules.h"
#include "train/args/kwargs.h"

#include <math.h>
#include <stddef.h>

#define AT(name) offsetof(hone_rule, name)
#define HUGE     1e300
static const hone_option rows[] = {
    {"momentum", HONE_OPTION_DOUBLE, AT(momentum), "0", 0, 0.9999999, NULL, NULL, NULL},
    {"dampening", HONE_OPTION_DOUBLE, AT(dampening), "0", 0, 1, NULL, NULL, NULL},
    {"nesterov", HONE_OPTION_BOOL, AT(nesterov), "false", 0, 0, NULL, NULL, NULL},
    {"lr_decay", HONE_OPTION_DOUBLE, AT(lr_decay), "0", 0, HUGE, NULL, NULL, NULL},
    {"initial_accumulator_value", HONE_OPTION_DOUBLE, AT(initial_accumulator_value), "0", 0, HUGE, NULL, NULL, NULL},
    {"alpha", HONE_OPTION_DOUBLE, AT(alpha), "0.99", 0, 0.9999999, NULL, NULL, NULL},
    {"eps", HONE_OPTION_DOUBLE, AT(eps), "nan", 0, 0, NULL, NULL, NULL},
    {"centered", HONE_OPTION_BOOL, AT(centered), "false", 0, 0, NULL, NULL, NULL},
    {"eps1", HONE_OPTION_DOUBLE, AT(eps1), "1e-30", 0, HUGE, NULL, NULL, NULL},
    {"eps2", HONE_OPTION_DOUBLE, AT(eps2), "0.001", 0, HUGE, NULL, NULL, NULL},
    {"clip_threshold", HONE_OPTION_DOUBLE, AT(clip_threshold), "1", 1e-300, HUGE, NULL, NULL, NULL},
    {"decay_rate", HONE_OPTION_DOUBLE, AT(decay_rate), "-0.8", -HUGE, 0, NULL, NULL, NULL},
    {"beta1", HONE_OPTION_DOUBLE, AT(beta1), "nan", 0, 0, NULL, NULL, NULL},
    {"scale_parameter", HONE_OPTION_BOOL, AT(scale_parameter), "false", 0, 0, NULL, NULL, NULL},
};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), NULL, 0};

/* What each rule reads, in the order of HONE_OPTIM_MAP. */
static const char *const reads[HONE_N_OPTIMS] = {
    "",
    "",
    "momentum dampening nesterov",
    "lr_decay initial_accumulator_value eps",
    "alpha eps momentum centered",
    "eps1 eps2 clip_threshold decay_rate beta1 scale_parameter",
};
#define X(suffix, text) text,
const char *const hone__optim_names[HONE_N_OPTIMS] = {HONE_OPTIM_MAP(X)};
#undef X

static hone_status check(const hone_rule *r)
{
    if (r->nesterov && (!(r->momentum > 0) || r->dampening != 0))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--optim_args: nesterov needs a momentum and no dampening"),
                          "give --optim_args momentum=0.9,nesterov=true");
    if (r->eps < 0 || r->beta1 < 0 || r->beta1 >= 1)
        return hone__fail(HONE_INVALID_ARGUMENT, "--optim_args: eps must not be negative and beta1 must be in [0, 1)");
    return HONE_OK;
}

hone_status hone__rule_init(hone_rule *out, hone_optim kind, const char *args)
{
    if ((int)kind < 0 || kind >= HONE_N_OPTIMS)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no optimizer %d", (int)kind);
    HONE_TRY(hone__options_defaults(&table, out));
    out->kind = kind;
    HONE_TRY(hone__kwargs_read(&table, out, args, "--optim_args", hone__optim_names[kind], reads[kind]));
    HONE_TRY(check(out));
    if (isnan(out->eps))
        out->eps = kind == HONE_OPTIM_ADAGRAD ? 1e-10 : 1e-8;
    return HONE_OK;
}

void hone__rule_states(const char *state[HONE_RULE_STATES], const hone_rule *r)
{
    int n = 0;
    for (int i = 0; i < HONE_RULE_STATES; i++)
        state[i] = NULL;
    if (r->kind == HONE_OPTIM_ADAGRAD)
        state[n++] = "sum";
    if (r->kind == HONE_OPTIM_RMSPROP)
        state[n++] = "square_avg";
    if (r->kind == HONE_OPTIM_RMSPROP && r->centered)
        state[n++] = "grad_avg";
    if ((r->kind == HONE_OPTIM_SGD || r->kind == HONE_OPTIM_RMSPROP) && r->momentum > 0)
        state[n++] = "momentum_buffer";
    if (r->kind == HONE_OPTIM_ADAFACTOR && !isnan(r->beta1))
        state[n++] = "exp_avg";
}

static void step_sgd(const hone_rule_step *s, size_t begin, size_t end)
{
    const hone_rule *r = s->rule;
    float momentum = (float)r->momentum, keep = s->t == 1 ? 0.0f : momentum, take = s->t == 1 ? 1.0f : (float)(1 - r->dampening);
    float lr = (float)s->lr, decay = (float)s->weight_decay, *buffer = s->state[0];
    for (size_t i = begin; i < end; i++) {
        float g = s->g[i] * s->factor + s->p[i] * decay;
        if (buffer) {
            buffer[i] = buffer[i] * keep + g * take;
            g = r->nesterov ? g + buffer[i] * momentum : buffer[i];
        }
        s->p[i] -= lr * g;
    }
}

static void step_adagrad(const hone_rule_step *s, size_t begin, size_t end)
{
    float lr = (float)(s->lr / (1 + (double)(s->t - 1) * s->rule->lr_decay)), decay = (float)s->weight_decay, eps = (float)s->rule->eps;
    float first = s->t == 1 ? (float)s->rule->initial_accumulator_value : 0.0f, *sum = s->state[0];
    for (size_t i = begin; i < end; i++) {
        float g = s->g[i] * s->factor + s->p[i] * decay;
        sum[i] += first + g * g;
        s->p[i] -= lr * (g / (sqrtf(sum[i]) + eps));
    }
}

static void step_rmsprop(const hone_rule_step *s, size_t begin, size_t end)
{
    const hone_rule *r = s->rule;
    float lr = (float)s->lr, decay = (float)s->weight_decay, alpha = (float)r->alpha, rest = (float)(1 - r->alpha);
    float eps = (float)r->eps, momentum = (float)r->momentum;
    float *square = s->state[0], *mean = r->centered ? s->state[1] : NULL, *buffer = momentum > 0 ? s->state[r->centered ? 2 : 1] : NULL;
    for (size_t i = begin; i < end; i++) {
        float g = s->g[i] * s->factor + s->p[i] * decay, variance;
        variance = square[i] = square[i] * alpha + g * g * rest;
        if (mean) {
            mean[i] += rest * (g - mean[i]);
            variance -= mean[i] * mean[i];
        }
        float change = g / (sqrtf(variance) + eps);
        if (buffer)
            change = buffer[i] = buffer[i] * momentum + change;
        s->p[i] -= lr * change;
    }
}

void hone__rule_step(const hone_rule_step *s)
{
    enum { BLOCK = 4096 };
    if (s->rule->kind == HONE_OPTIM_ADAFACTOR) {
        hone__adafactor_step(s);
        return;
    }
    int64_t blocks = (int64_t)((s->n + BLOCK - 1) / BLOCK);
#pragma omp parallel for schedule(static) num_threads(s->n_threads) if (blocks > 4)
    for (int64_t b = 0; b < blocks; b++) {
        size_t begin = (size_t)b * BLOCK, end = begin + BLOCK < s->n ? begin + BLOCK : s->n;
        if (s->rule->kind == HONE_OPTIM_SGD)
            step_sgd(s, begin, end);
        else if (s->rule->kind == HONE_OPTIM_ADAGRAD)
            step_adagrad(s, begin, end);
        else
            step_rmsprop(s, begin, end);
    }
}
