/* What the folders to the right (train, tasks) need of a model beyond its public face. */
#ifndef HONE_MODELS_MODEL_H
#define HONE_MODELS_MODEL_H

#include "nn/tape.h"
#include <hone/model.h>

/* The store of all parameters: flat buffers, names of the file. Lent; trainable when the model was made for_training. */
hone_params *hone__model_params(const hone_model *model);

/* A model of the same configuration, ready to be trained, on a device that computes nothing: for forecasts. */
hone_status hone__model_twin(hone_model **out, const hone_model *model, hone_device *dry);
/* The weights of a folder's files into a model that has memory of its own for them (trained, or to be trained), by pieces. */
hone_status hone__model_read_weights(hone_model *model, const char *folder);
/* Whether its weights are still to come (hone_model_fill). */
bool hone__model_is_empty(const hone_model *model);
/* Whether it was opened to be trained, weights or not. */
bool hone__model_trains(const hone_model *model);

/* hone_next_token_loss with label smoothing: (1 - s) nll + s * the mean over the vocabulary of -log p. */
hone_tensor *hone__next_token_loss(hone_tape *t, hone_output *out, const hone_batch *batch, const float *weights, float smoothing);

/* The same of a masked language model, over labelled tokens: their sum, or their mean. 0 where nothing is labelled. */
hone_tensor *hone__masked_token_loss(hone_tape *t, hone_output *out, const hone_batch *batch, bool sum, float smoothing);

/* What a head of rows is for: one class a row, several, or numbers. */
typedef enum hone_problem { HONE_PROBLEM_REGRESSION, HONE_PROBLEM_MULTI_LABEL, HONE_PROBLEM_SINGLE_LABEL } hone_problem;
/* The configuration's problem_type; where it has none, as the reference guesses: one label is regression, targets are labels that go together, else one class. has_targets: batches have row_targets. */
hone_problem hone__model_problem(const hone_model *model, bool has_targets);
/* Writes it into the configuration, as the reference does at its first batch. */
hone_status hone__model_set_problem(hone_model *model, hone_problem problem);

/* Whether hone_model_quantize has brought weights to 8 bits. */
bool hone__model_is_quantized(const hone_model *model);

/* The text of config.json, as it is saved, appended to out. */
hone_status hone__model_config_text(hone_str *out, const hone_model *model);

#endif
