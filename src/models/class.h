/* A model from the inside: what hone/model.h and models/model.h hide, and the table of functions that makes a new architecture one file.
 *
 * A model class (gpt2.c) declares its parameters in forward order, runs them, and says how fresh ones begin; model.c and weights.c do the rest: configuration,
 * files, heads, saving. Classes are listed in classes.c. */
#ifndef HONE_MODELS_CLASS_H
#define HONE_MODELS_CLASS_H

#include "models/config.h"
#include "models/kv_cache.h"
#include "models/model.h"
#include "models/safetensors.h"
#include "nn/tape.h"

/* How a fresh parameter begins: N(0, deviation), or `value` everywhere when deviation is 0. */
typedef struct hone_initial {
    double deviation, value;
    bool zero_pad_row; /* the row of pad_token_id is zero (torch.nn.Embedding's padding_idx) */
    bool sinusoid;     /* instead: sin and cos of the position (Vaswani et al. 2017, 3.5) */
} hone_initial;

typedef struct hone_model_class {
    const hone_config_table *config;
    const char *architectures[HONE_N_TASKS];                        /* "GPT2LMHeadModel" by task; NULL: no such head */
    const char *prefix;                                             /* base_model_prefix: "transformer."; files of the bare model lack it */
    hone_status (*declare)(hone_model *m);                          /* adds the parameters of m->config and m->task; sets m->parts */
    hone_initial (*initial)(const hone_model *m, const char *name); /* of a file's tensor */
    bool (*obsolete)(const char *name);                             /* a buffer that old files hold and nobody needs */
    /* cache NULL: the batch's own tokens attend to each other. Else they go on from the cached ones (generation; nothing is recorded). */
    hone_output (*forward)(const hone_model *m, hone_tape *t, const hone_batch *batch, hone_kv_cache *cache);
    const struct hone_encoder_shape *encoder; /* of encoders (encoder.h), else NULL */
} hone_model_class;

extern const hone_model_class *const hone__model_classes[]; /* NULL-terminated */

typedef struct hone_own_memory { /* a parameter that the mapped file could not lend */
    void *data;
    size_t bytes;
} hone_own_memory;

struct hone_model {
    const hone_model_class *class;
    hone_task_kind task;
    hone_config *config;
    json_t *generation; /* generation_config.json as read, or NULL */
    int32_t *eos;       /* every end-of-text id: generation_config.json's, else config.json's */
    size_t n_eos;
    int64_t pad_token_id; /* the same; -1: none */
    hone_device *device;
    bool owns_device, keep_hidden, recompute;
    hone_quantization quantized;
    float embedding_noise; /* NEFTune's alpha; 0: none */
    hone_params *params;
    hone_param *head;       /* of the vocabulary: (V, C); GPT-2's wte when tied */
    hone_param *head_bias;  /* (V), or NULL: none */
    void *parts;            /* the class's pointers to its parameters, one block */
    hone_safetensors *file; /* whose mapping the weights are, or NULL */
    hone_own_memory *own;
    size_t n_own, own_capacity;
    hone_model_options *to_fill;   /* of a model whose weights are still to come, else NULL */
    char *folder;                  /* that they come from; NULL: none */
    struct hone_model_view *views; /* hone_model_parameter's: one for each name of a file */
    size_t n_views;
};

/* A parameter as the reference's named_parameters() has it: rows of a stored one, which may hold three (query, key, value). */
typedef struct hone_model_view {
    const char *name;
    const hone_param *param;
    hone_tensor value, grad;
} hone_model_view;

/* Everything but the values of the weights; the class has a head for the task. json NULL: the class's defaults; `name` is the file, for messages. */
hone_status hone__model_new(hone_model **out, const hone_model_class *class, hone_task_kind task, const json_t *json, const char *name,
                            const hone_model_options *options);

/* Position of each token in its row (lent by the tape or the batch); NULL and the tape's error when the model has fewer. `field`: how its config spells their number. */
const int32_t *hone__positions(hone_tape *t, const hone_batch *batch, int64_t n_positions, const char *field);

/* Every parameter from the folder's files; what they lack is initialised. Warnings go to the log. With empty_weights only names and shapes are checked. */
hone_status hone__weights_load(hone_model *m, const char *folder, const hone_model_options *options);
/* The part of a parameter's value or gradient that a name of a file stands for. */
hone_tensor hone__slice_tensor(const hone_tensor *whole, const hone_param_slice *s);
hone_status hone__weights_initialise(hone_model *m, uint64_t seed);
hone_status hone__weights_save(const hone_model *m, const char *path);
/* HONE_INVALID_ARGUMENT for a model whose values are gone. */
hone_status hone__weights_check_save(const hone_model *m);

/* Reads generation_config.json (folder NULL: none) and settles eos and pad. */
hone_status hone__generation_config_load(hone_model *m, const char *folder);
hone_status hone__generation_config_save(const hone_model *m, const char *folder);

#endif
