/* The architectures that hone has, one file each. */
#include "models/class.h"

extern const hone_model_class hone__gpt2_class, hone__bert_class, hone__distilbert_class;

const hone_model_class *const hone__model_classes[] = {&hone__gpt2_class, &hone__bert_class, &hone__distilbert_class, NULL};
