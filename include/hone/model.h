/* Models: from a configuration with fresh weights, or from a folder that transformers (or hone) wrote; forward passes; saving.
 *
 * A model folder is config.json, weights and generation_config.json. Weights are looked for in this order: model.safetensors, model.safetensors.index.json with parts, pytorch_model.bin,
 * pytorch_model.bin.index.json with parts. Of a .bin (torch.save of a state dict, the zip format or the older one) only tensors are read: nothing in it is executed, and a file that wants to run something is refused with
 * the name of it. Values may be float32, float64, float16 or bfloat16. What hone saves, transformers' from_pretrained loads with the same logits, and the other way round. */
#ifndef HONE_MODEL_H
#define HONE_MODEL_H

#include <hone/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(enumerator, name in cli, alias or "") */
#define HONE_TASK_MAP(X)                                                \
    X(TOKEN_CLASSIFICATION, "token-classification", "ner")              \
    X(TEXT_CLASSIFICATION, "text-classification", "sentiment-analysis") \
    X(QUESTION_ANSWERING, "question-answering", "qa")                   \
    X(CAUSAL_LM, "causal-lm", "text-generation")                        \
    X(MASKED_LM, "masked-lm", "fill-mask")                              \
    X(FEATURE_EXTRACTION, "feature-extraction", "encoder")

typedef enum hone_task_kind {
#define X(name, text, alias) HONE_##name,
    HONE_TASK_MAP(X)
#undef X
        HONE_N_TASKS,
    HONE_TASK_NONE = -1 /* what the folder's config.json says */
} hone_task_kind;

typedef struct hone_model hone_model;

typedef struct hone_model_options {
    hone_device *device; /* NULL: opened for this model, on all cores */
    /* Weights are read into flat buffers with gradients; false: the file is mapped, nothing can be trained */
    bool for_training;
    const char *config_overrides; /* "n_embd=256,n_layer=4": checked against the names of the config, NULL: none */
    uint64_t seed;                /* of new weights: depends on the seed and each parameter's name only; 42 in the INIT */
    const char *const *labels;    /* names of the classes, NULL-terminated, for a new head; NULL: the config's */
    bool ignore_mismatched_sizes; /* a head of another shape is newly initialised instead of refused */
    double dropout;               /* < 0: the config's; else replaces every dropout probability */
    int64_t vocab_size, bos_token_id, eos_token_id, pad_token_id; /* from_config: taken from the tokenizer; -1: the config's */
    /* The model is there but for its weights, which take no memory until hone_model_fill: as accelerate's init_empty_weights. Files are checked, not read */
    bool empty_weights;
} hone_model_options;
#define HONE_MODEL_OPTIONS_INIT                                         \
    {                                                                   \
        NULL, false, NULL, 42, NULL, false, -1.0, -1, -1, -1, -1, false \
    }

/* path: a folder (or a Hub name once a resolver is registered). options NULL: the defaults. Warnings about unused and newly initialised weights go to the log.
 * HONE_FORMAT for files that lie (the tensor is named), HONE_SHAPE for weights that do not fit the config, HONE_UNSUPPORTED for another model_type. */
HONE_API hone_status hone_model_from_pretrained(hone_model **out, hone_task_kind task, const char *path, const hone_model_options *options);
/* Fresh weights for model_type "gpt2", "bert" or "distilbert" as the reference initialises them, from Philox keyed by seed and parameter name. */
HONE_API hone_status hone_model_from_config(hone_model **out, hone_task_kind task, const char *model_type,
                                            const hone_model_options *options);
/* Reads, or makes, the weights of a model that was opened with empty_weights, as its options said; nothing to do for any other. A trainer does it when it knows that its run fits into memory. Fails as
 * hone_model_from_pretrained does; nobody may be using the model meanwhile. */
HONE_API hone_status hone_model_fill(hone_model *model);
/* Frees the model, and its device when it opened that itself; NULL is legal. */
HONE_API void hone_model_free(hone_model *model);

/* X(enumerator, name in cli) */
#define HONE_QUANTIZATION_MAP(X) X(NONE, "none") X(INT8, "int8")
typedef enum hone_quantization {
#define X(name, text) HONE_QUANTIZE_##name,
    HONE_QUANTIZATION_MAP(X)
#undef X
} hone_quantization;
/* Dynamic quantization, for inference: the weights of the layers' linear maps, and those of a vocabulary's head, are brought to 8 bits, with a scale for each output; their inputs are brought to 8 bits as they
 * come, with a scale for each token. Everything else stays float32. The float32 values of these weights leave memory: hone_model_parameter may show them without values (hone_tensor_read says so), and the
 * model can be neither trained nor saved, nor brought back. HONE_INVALID_ARGUMENT for a model that was opened for training, or without weights; after any failure the model is
 * good for hone_model_free only. Nothing may use the model meanwhile. docs/precision.md says what it costs and brings. */
HONE_API hone_status hone_model_quantize(hone_model *model, hone_quantization how);

/* config.json, generation_config.json and model.safetensors into folder (made when missing), written aside and renamed. HONE_INVALID_ARGUMENT for a model in 8 bits. */
HONE_API hone_status hone_model_save_pretrained(const hone_model *model, const char *folder);

/* Facts about a model, lent where they are pointers. Any thread. What it was made for: */
HONE_API hone_task_kind hone_model_task(const hone_model *model);
/* The config's model_type: "gpt2", "bert", "distilbert". */
HONE_API const char *hone_model_type(const hone_model *model);
/* The device that its parameters are on. */
HONE_API hone_device *hone_model_device(const hone_model *model);
/* The number of its weights, tied ones counted once, as model.num_parameters(). */
HONE_API size_t hone_model_n_parameters(const hone_model *model);
/* V, the tokens that it has embeddings of. */
HONE_API int64_t hone_model_vocab_size(const hone_model *model);
/* The most tokens that a row may have (n_positions, max_position_embeddings). */
HONE_API int64_t hone_model_max_positions(const hone_model *model);
/* C, the channels of its hidden states. */
HONE_API int64_t hone_model_hidden_size(const hone_model *model);
/* L, the number of its layers. */
HONE_API int hone_model_n_layers(const hone_model *model);
/* The id of the token that ends a text, -1: none. */
HONE_API int64_t hone_model_eos_token_id(const hone_model *model);
/* The id of the token that pads rows, -1: none. */
HONE_API int64_t hone_model_pad_token_id(const hone_model *model);
/* Names of the classes in order of their ids; NULL for language models. */
HONE_API const char *const *hone_model_labels(const hone_model *model, size_t *n);

/* A parameter by the name that the reference's named_parameters() gives it. */
typedef struct hone_parameter {
    const char *name;
    const hone_tensor *value, *grad; /* grad NULL: none (yet). As stored: GPT-2's Conv1D weights are (in, out) */
    bool decay;
} hone_parameter;
/* Fills out with the i-th parameter, in forward order, lent by the model; false when there is none. A table of embeddings that is trained by rows shows its gradient as it is at this call,
 * and is trained whole from then on, since its value may be read at any time: the same numbers, somewhat slower. */
HONE_API bool hone_model_parameter(const hone_model *model, size_t i, hone_parameter *out);

/* What a model is and what it costs: `hone info`. Bytes of a pass are forecast by running it on a device that computes nothing. */
typedef struct hone_model_info {
    const char *architecture; /* "GPT2LMHeadModel"; lent by the library */
    size_t n_parameters;      /* = n_embedding + n_layer_weights + n_head */
    size_t n_embedding;       /* tables of tokens and positions */
    size_t n_layer_weights;   /* of all layers */
    size_t n_head;            /* what follows them: the last norm, a head that is not tied */
    size_t bytes_weights;     /* float32 */
    size_t bytes_run;         /* weights and the most that a forward pass of rows x length tokens takes */
    size_t bytes_activations; /* the part of bytes_train that the step itself takes */
    size_t bytes_train;       /* weights, gradients, AdamW's moments and the most that a training step of rows x length tokens takes */
} hone_model_info;
/* length is cut to the model's positions. *out is empty on failure. HONE_INVALID_ARGUMENT for rows or length below 1. */
HONE_API hone_status hone_model_describe(hone_model_info *out, const hone_model *model, int32_t rows, int32_t length);

/* What a forward pass gives: hidden states and the head, never a language model's logits (N x V). Valid until the tape is reset. */
typedef struct hone_output {
    hone_tensor *hidden; /* (N, C) last hidden state (GPT-2: after ln_f), NULL after an error */
    /* Classification heads. Tokens: (M, n_labels) for the M labelled tokens (labels[i] >= 0) when the batch has labels, (N, n_labels) for all when it has none; rows: (R, n_labels);
     * question answering: (N, 2), start and end. NULL for language models and bare encoders */
    hone_tensor *logits;
    const hone_model *model;
    /* L+1 entries (semantics as transformers' output_hidden_states) when asked for with hone_model_keep_hidden_states, else NULL */
    hone_tensor **hidden_states;
} hone_output;

/* Recorded on t when it records. Dropout when t is training. Errors: hone_tape_status(t). */
HONE_API hone_output hone_model_forward(const hone_model *model, hone_tape *t, const hone_batch *batch);
/* From now on forward passes fill hidden_states. */
HONE_API void hone_model_keep_hidden_states(hone_model *model, bool on);
/* NEFTune: from now on training passes add uniform noise of alpha / sqrt(tokens x channels) to the embeddings; 0: none. */
HONE_API void hone_model_set_embedding_noise(hone_model *model, double alpha);
/* Gradient checkpointing: layers are computed again in backward. */
HONE_API void hone_model_set_recompute(hone_model *model, bool on);

/* (R, C) tanh(W h + b) of each row's first token: the pooler_output of a bare BERT. NULL and the tape's error for a model without a pooler, or an empty row. */
HONE_API hone_tensor *hone_model_pool(hone_tape *t, hone_output *out, const hone_batch *batch);

/* ---- causal language models; labels: batch->labels, or input_ids when NULL; a row of T tokens has T - 1 predictions ---- */
/* () sum over predicted tokens of weights[i] * -log p(next token); weights (N) host floats by the position that predicts, NULL: 1/count (the mean). The cheap form: gradients are formed in the
 * forward pass and full logits never exist. A final op: add it to other scalars or hand it to backward; anything else is refused with the remedy. */
HONE_API hone_tensor *hone_next_token_loss(hone_tape *t, hone_output *out, const hone_batch *batch, const float *weights);
/* (M) -log p(next token) for each predicted token, in order, knowing its row (hone_rows_mean gives the row's mean over its T - 1 predictions). For any loss; backward computes logits again. */
HONE_API hone_tensor *hone_next_token_nll(hone_tape *t, hone_output *out, const hone_batch *batch);
/* (n, V) logits of named positions of the batch (indices into N), for those who look at them. */
HONE_API hone_tensor *hone_lm_logits(hone_tape *t, hone_output *out, const int32_t *positions, size_t n);
/* The loss that transformers computes for this batch: the mean over labelled tokens or rows. For a language model: hone_next_token_loss(t, out, batch, NULL). Token classification: cross
 * entropy over labelled tokens (none: 0); rows: by the config's problem_type; question answering: half of start's plus end's, over the row's real tokens. */
HONE_API hone_tensor *hone_model_loss(hone_tape *t, hone_output *out, const hone_batch *batch);
/* Items that the loss of a batch is averaged over: labelled tokens (after the shift), or rows. */
HONE_API int64_t hone_model_count_items(const hone_model *model, const hone_batch *batch);

#ifdef __cplusplus
}
#endif
#endif
