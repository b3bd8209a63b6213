/* What the folders to the right (train, tasks) need of a model beyond its public face. */
#ifndef HONE_MODELS_MODEL_H
#define HONE_MODELS_MODEL_H

#include "nn/tape.h"
#include <hone/model.h>

/* The store of all parameters: flat buffers, names of the file. Lent; trainable when the model was made for_training. */
hone_params *hone__model_params(const hone_model *model);

#endif
