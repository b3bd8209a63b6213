/* The tape from the inside (engine.md, 3): records, ops and what a model needs beyond hone/tape.h and hone/ops.h.
 *
 * A record names its op, its inputs and outputs; each op declares which of them its backward reads (`saves`): everything else may be overwritten or poisoned after
 * the forward pass. A differentiable op is one file in src/nn: forward, backward, documentation together. */
#ifndef HONE_NN_TAPE_H
#define HONE_NN_TAPE_H

#include "nn/params.h"
#include <hone/ops.h>

struct hone_device {
    hone_backend *backend;
    char description[128];
};

#define HONE_SAVE_IN(i)  (1u << (i))
#define HONE_SAVE_OUT(i) (1u << (8 + (i)))
#define HONE_SAVE_AUX    (1u << 16)
#define HONE_INPUT(i)    (1u << (i)) /* for the masks of hone_op_info */

typedef struct hone_node hone_node;
typedef struct hone_op_info {
    const char *name;
    hone_status (*backward)(hone_tape *t, const hone_node *n); /* reads the outputs' gradients, adds to the inputs' (hone__grad_*) */
    uint32_t saves;
    uint32_t n_in, optional,
        ints; /* inputs; those that may be NULL; those that are I32; in both masks: either kind, never NULL; the others are of the tape's dtype */
    uint32_t quantized; /* inputs that may be weights in 8 bits, where nothing wants a gradient */
} hone_op_info;

struct hone_node {
    const hone_op_info *op;
    uint32_t wants;                       /* bit i: input i needs a gradient */
    uint32_t site;                        /* layer and place, given by the model: dropout key, profile line; never a call counter */
    hone_tensor *in[6], *out[2], *aux[3]; /* aux: lse, mean, rstd; always F32 (F64 on a F64 tape) */
    const void *attr;                     /* eps, scale, causal, drop …: the op's own struct, in the arena */
};

/* Place in a model for dropout and profiles: hone__site(HONE_PLACE_ATTENTION, layer). Values are part of what a resumed run relies on: append only. */
typedef enum hone_place {
    HONE_PLACE_EMBEDDING = 1,
    HONE_PLACE_ATTENTION,
    HONE_PLACE_ATTENTION_OUTPUT,
    HONE_PLACE_FFN,
    HONE_PLACE_FFN_OUTPUT,
    HONE_PLACE_CLASSIFIER,
    HONE_PLACE_HEAD,
    HONE_PLACE_FINAL_NORM,
    HONE_PLACE_MASKING,
    HONE_PLACE_USER
} hone_place;
static inline uint32_t hone__site(hone_place place, int layer)
{
    return (uint32_t)place | (uint32_t)layer << 8;
}

/* ---- for ops and models ---- */
hone_backend *hone__tape_backend(hone_tape *t);
/* The batch's rows (lent, made once per batch and tape reset). */
const hone_rows *hone__tape_rows(hone_tape *t, const hone_batch *batch);
/* Keeps the first failure (message included) and returns NULL, for `return hone__tape_fail(t, …)` in ops. */
hone_tensor *hone__tape_fail(hone_tape *t, hone_status status, const char *format, ...) HONE__PRINTF(3, 4);
void *hone__tape_alloc(
    hone_tape *t,
    size_t bytes); /* host memory until reset: index lists and labels that ops are lent. NULL (and the tape's error) when out of memory */
void *hone__tape_scratch(hone_tape *t, size_t bytes); /* device memory until the tape's next op starts */
hone_tensor *hone__tape_tensor(hone_tape *t, hone_dtype dtype, int n_dims, const int64_t *dims, const hone_rows *rows);
hone_tensor *hone__tape_view(hone_tape *t, hone_tensor *x, int64_t column,
                             int64_t n_columns); /* columns of a (N, C) tensor; its gradient is the same view of x's gradient */

/* hone_cross_entropy without the division: the sum over labelled items of (class weight times) the loss. Gradients of sums add up over micro-batches. */
hone_tensor *hone__cross_entropy_sum(hone_tape *t, hone_tensor *logits, hone_tensor *labels, hone_tensor *class_weights, float smoothing);
/* Rows index[0 .. m) of x (N, C) or (N), for heads on labelled tokens only: (m, C) or (m), per token with rows of its own in which each token keeps its row and position,
 * so that dropout stays what it is. index: host, lent until reset, in the order of rows. */
hone_tensor *hone__tape_gather_tokens(hone_tape *t, hone_tensor *x, const int32_t *index, int32_t m);
/* Column `column` of x (N, C), per token, as (R, T): one line a row of the batch, `fill` behind its end. */
hone_tensor *hone__rows_matrix(hone_tape *t, hone_tensor *x, int64_t column, float fill);
/* What a tape's device memory held at its fullest: tensors kept for backward, scratch of one op, gradients of activations. */
typedef struct hone__tape_needs {
    size_t saved, scratch, grads;
} hone__tape_needs;
void hone__tape_needs_of(hone__tape_needs *out, const hone_tape *t);
/* Resets the tape and makes room for so much at once (0: as it is), so that steps that need no more ask for nothing. */
hone_status hone__tape_reserve(hone_tape *t, const hone__tape_needs *needs);
/* Resets the tape and gives its device memory back. */
void hone__tape_trim(hone_tape *t);
/* Debugging: at backward, fills with NaN every tensor that no record has declared as saved. */
void hone__tape_set_poison(hone_tape *t, bool on);

/* ---- fused ops of transformers; each in a file of its own. Shapes: x (N, C). Dropout p applies when the tape is training. ---- */
/* act(x W^T + b): w (O, I), or (I, O) when w->in_major; b NULL: none. (N, O) */
hone_tensor *hone__linear(hone_tape *t, hone_tensor *x, hone_param *w, hone_param *b, hone_act act, uint32_t site);
/* act(x W1 + b1) W2 + b2, keeping x and the pre-activation only */
hone_tensor *hone__ffn(hone_tape *t, hone_tensor *x, hone_param *w1, hone_param *b1, hone_act act, hone_param *w2, hone_param *b2,
                       uint32_t site);
/* Self-attention of one block up to (and without) the output projection: qkv = x Wqkv + b; heads; (N, C). Keeps qkv, o, lse. */
hone_tensor *hone__attention_block(hone_tape *t, hone_tensor *x, hone_param *w_qkv, hone_param *b_qkv, int n_heads, bool causal,
                                   float scale, float dropout, uint32_t site);
/* Attention over given projections; the key/value cache of generation: k, v (capacity rows) with rows_k. No gradient. */
hone_tensor *hone__attention_cached(hone_tape *t, hone_tensor *q, hone_tensor *k, hone_tensor *v, const hone_rows *rows_q,
                                    const hone_rows *rows_k, int n_heads, bool causal, float scale);
hone_tensor *hone__layer_norm(hone_tape *t, hone_tensor *x, hone_param *gamma, hone_param *beta, float eps, uint32_t site);
/* sum = x + dropout(f); returns norm(sum), and sum itself through *sum when sum is not NULL (GPT-2 goes on with both). Takes f's memory for the sum: f is not to be used
 * again. */
hone_tensor *hone__residual_norm(hone_tape *t, hone_tensor **sum, hone_tensor *x, hone_tensor *f, hone_param *gamma, hone_param *beta,
                                 float eps, float dropout, uint32_t site);
/* x + dropout(f), without a norm: the end of a GPT-2 block. Takes f's memory likewise. */
hone_tensor *hone__residual(hone_tape *t, hone_tensor *x, hone_tensor *f, float dropout, uint32_t site);
/* dropout(sum of table[ids]) ; at most 3 tables (ids are host arrays of N, lent). Out-of-range ids are an error that names the place. padding_idx[k]: row without gradient, -1 none. */
hone_tensor *hone__embed(hone_tape *t, int n_tables, hone_param *const *tables, const int32_t *const *ids, const int32_t *padding_idx,
                         const hone_rows *rows, float dropout, uint32_t site);
hone_tensor *hone__dropout(hone_tape *t, hone_tensor *x, float p, uint32_t site);
/* x plus NEFTune's noise while training, x itself otherwise (noise.c). x (N, C), per token. */
hone_tensor *hone__noise(hone_tape *t, hone_tensor *x, float alpha, uint32_t site);
hone_tensor *hone__act(hone_tape *t, hone_tensor *x, hone_act act);

/* The vocabulary head and its loss, in chunks (engine.md, 7): never (N x V). x (M, C) hidden states of the labelled tokens, w (V, C), bias (V) or NULL, labels (M) host.
 * vocab_nll: (M) values; backward computes the logits again. vocab_loss: () = sum_i weights[i] nll[i] (weights NULL: 1), a final op: gradients are formed in the forward pass
 * (times the tape's loss scale); it may be added to other scalars or given to backward; anything else fails and names vocab_nll. */
hone_tensor *hone__vocab_nll(hone_tape *t, hone_tensor *x, hone_param *w, hone_param *bias, const int32_t *labels, float smoothing);
hone_tensor *hone__vocab_loss(hone_tape *t, hone_tensor *x, hone_param *w, hone_param *bias, const int32_t *labels, const float *weights,
                              float smoothing);

/* Runs one layer of a model: with recomputation on, unrecorded now and again, recorded, in backward (engine.md, 3). layer(t, self, l, x) -> x. */
typedef hone_tensor *(*hone_layer_fn)(hone_tape *t, const void *self, int l, hone_tensor *x, const hone_rows *rows);
hone_tensor *hone__tape_layer(hone_tape *t, hone_layer_fn layer, const void *self, int l, hone_tensor *x, const hone_rows *rows);
/* Said by a layer whose values from here on are only its result, and nothing that backward reads: when it runs again, hone__ffn and hone__residual record them without computing them. */
void hone__tape_layer_result(hone_tape *t);
void hone__tape_set_recompute(hone_tape *t, bool on);
/* As hone_tape_options.products, from the next op on. */
hone_status hone__tape_set_products(hone_tape *t, hone_dtype products);

/* Called when a parameter's gradient is final in this backward (buckets of an all-reduce). */
typedef void (*hone_grad_hook)(void *payload, hone_param *param);
void hone__tape_set_grad_hook(hone_tape *t, hone_grad_hook hook, void *payload);

#endif
