/* What the folders to the right (train, tasks) need of a model beyond its public face. */
#ifndef HONE_MODELS_MODEL_H
#define HONE_MODELS_MODEL_H

#include "nn/tape.h"
#include <hone/model.h>

/* The store of all parameters: flat buffers, names of the file. Lent; trainable when the model was made for_training. */
hone_params *hone__model_params(const hone_model *model);

/* hone_next_token_loss with label smoothing: (1 - s) nll + s * the mean over the vocabulary of -log p. */
hone_tensor *hone__next_token_loss(hone_tape *t, hone_output *out, const hone_batch *batch, const float *weights, float smoothing);

#endif
