/* What BERT and DistilBERT share: an encoder of post-norm layers (Vaswani et al. 2017) and heads of one shape. A model's file gives names and its configuration. */
#ifndef HONE_MODELS_ENCODER_H
#define HONE_MODELS_ENCODER_H

#include "models/class.h"

/* Names of a layer's modules, behind "<layers>.<l>."; each has .weight and .bias. */
typedef struct hone_encoder_shape {
    const char *layers; /* "encoder.layer", behind the model's prefix */
    const char *query, *key, *value, *attention_output, *attention_norm, *fc_1, *fc_2, *output_norm;
    bool has_types;        /* token types */
    double layer_norm_eps; /* 0: the configuration's */
    bool token_head_drops; /* the head of tokens has the configuration's classifier_dropout, not hidden_dropout */
    const char *pooler;    /* of the bare model: tanh(W h[CLS] + b); NULL: none */
    const char *row_dense; /* the head of rows: classifier(drop(act(dense(h[CLS])))); whole name */
    hone_act row_act;
    /* Masked language models: decoder(norm(act(dense(h)))) + bias, decoder tied to the word embeddings */
    const char *mlm_dense, *mlm_norm, *mlm_decoder, *mlm_bias, *mlm_bias_alias; /* the last two: whole names; alias NULL: none */
} hone_encoder_shape;

typedef struct hone_encoder_layer {
    hone_param *qkv_weight, *qkv_bias; /* (3C, C): query, key, value */
    hone_param *output_weight, *output_bias, *attention_norm_weight, *attention_norm_bias;
    hone_param *fc_1_weight, *fc_1_bias, *fc_2_weight, *fc_2_bias; /* (I, C), (C, I) */
    hone_param *output_norm_weight, *output_norm_bias;
} hone_encoder_layer;

/* m->parts of an encoder. */
typedef struct hone_encoder {
    hone_param *words, *positions, *types; /* (V, C), (P, C), (types, C) or NULL */
    hone_param *norm_weight, *norm_bias;
    hone_param *dense_weight, *dense_bias;           /* (C, C): pooler, pre_classifier, transform; NULL: none */
    hone_param *dense_norm_weight, *dense_norm_bias; /* after the transform; NULL: none */
    hone_param *classifier_weight, *classifier_bias; /* (n, C); NULL: none */
    hone_encoder_layer layers[];
} hone_encoder;

/* The functions of hone_model_class that need nothing but the shape. */
hone_status hone__encoder_declare(hone_model *m);
hone_initial hone__encoder_initial(const hone_model *m, const char *name);
bool hone__encoder_obsolete(const char *name);
hone_output hone__encoder_forward(const hone_model *m, hone_tape *t, const hone_batch *batch, hone_kv_cache *cache);

/* Contradictions in the configuration of an encoder; names of the fields for messages. */
hone_status hone__encoder_check(const hone_config *c, const char *width, const char *heads);
float hone__encoder_eps(const hone_model *m);

/* A module of n outputs and n_in inputs: <name>.weight (n, n_in), or (n) when n_in is 0, and <name>.bias (n). */
hone_status hone__encoder_add(hone_param **weight, hone_param **bias, hone_model *m, const char *name, int64_t n, int64_t n_in);

/* heads.c: the parameters of the task's head, and its logits from hidden states (N, C); NULL where the task has none. */
hone_status hone__head_declare(hone_model *m);
hone_tensor *hone__head_forward(const hone_model *m, hone_tape *t, hone_tensor *hidden, const hone_batch *batch);
/* Masked language models: what the vocabulary's matrix is applied to, from hidden states (M, C). */
hone_tensor *hone__head_transform(const hone_model *m, hone_tape *t, hone_tensor *hidden);
/* What the mean of hone_model_loss runs over; the loss itself. For the tasks of heads.c. */
int64_t hone__head_count(const hone_model *m, const hone_batch *batch);
hone_tensor *hone__head_loss(hone_tape *t, hone_output *out, const hone_batch *batch);

#endif
