/* The optimizer from the inside: what the accelerator and the trainer put into its next step. */
#ifndef HONE_TRAIN_OPTIMIZER_H
#define HONE_TRAIN_OPTIMIZER_H

#include "models/model.h"
#include "train/optimizer/rules.h"

/* Numbers that kernels read and write on the device. */
typedef struct hone_optimizer_scalars {
    double norm2; /* sum of squares of the gradients as they stand */
    int32_t n_nonfinite;
    float factor; /* what adamw multiplies gradients by: clip x 1/items */
    int32_t skip; /* != 0: adamw does nothing */
} hone_optimizer_scalars;

struct hone_optimizer {
    hone_params *params;
    hone_adamw_options options; /* learning_rate and weight_decay of every kind */
    hone_rule rule;
    float *state[HONE_RULE_STATES]; /* flat buffers of a rule that is not AdamW, device; NULL: none */
    float *factored;                /* of Adafactor: one slice after the other */
    size_t n_factored;
    double *lines;
    double learning_rate;
    int64_t n_steps, n_skipped;
    hone_segment *segments; /* of the parameters that have a gradient; room for all */
    size_t n_segments;
    hone_optimizer_scalars host, *device; /* device == &host where memory is shared */
    void *scratch;                        /* HONE_WS_REDUCE, device */
    size_t scratch_bytes;
};

/* hone_optimizer_adamw_new for a store of parameters; options NULL: the defaults. */
hone_status hone__optimizer_new(hone_optimizer **out, hone_params *params, const hone_adamw_options *options);
/* hone_optimizer_new for a store of parameters. */
hone_status hone__optimizer_make(hone_optimizer **out, hone_optim kind, hone_params *params, const hone_optimizer_options *options);
static inline bool hone__optimizer_is_adamw(const hone_optimizer *opt)
{
    return opt->rule.kind <= HONE_OPTIM_ADAMW_TORCH_FUSED;
}
/* Bytes of its state. */
size_t hone__optimizer_bytes(const hone_optimizer *opt);
/* Columns of a slice, 0 where the parameter has one dimension. */
static inline int64_t hone__slice_cols(const hone_params *params, const hone_param_slice *slice)
{
    const hone_tensor *value = &params->items[slice->param]->tensor;
    return value->n_dims > 1 ? value->dim[1] : 0;
}

/* Gradients are sums over `items`: the next step divides by it and clips to max_norm (<= 0: not). *norm is that of the divided gradients before clipping; gradients that
 * are not finite make the next step pass over everything (*finite false). One place waits for the device. */
hone_status hone__optimizer_clip(hone_optimizer *opt, double items, double max_norm, double *norm, bool *finite);

/* Every element of the gradients to [-most, most]. */
hone_status hone__optimizer_clip_value(hone_optimizer *opt, float most);

#endif
