/* Small models with new weights, and rows to train them on, for targets that need one to read something into. */
#ifndef HONE_TESTS_FUZZ_TINY_H
#define HONE_TESTS_FUZZ_TINY_H

#include "models/model.h"

#include <hone/loader.h>

#include <stdlib.h>

enum { TINY_ROWS = 20, TINY_TOKENS = 5 };

static inline void must(hone_status status)
{
    if (status != HONE_OK)
        abort();
}

static inline hone_device *tiny_device(void)
{
    static hone_device *device; /* lives as long as the program */
    if (!device)
        must(hone_device_open(&device, &(hone_device_options){"cpu", 1}));
    return device;
}

static inline hone_model *tiny_model(hone_task_kind task, int64_t vocab_size, bool for_training)
{
    hone_model *model = NULL;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    bool causal = task == HONE_CAUSAL_LM;
    o.device = tiny_device();
    o.for_training = for_training;
    o.vocab_size = vocab_size;
    o.config_overrides = causal ? "n_embd=4,n_layer=1,n_head=1,n_positions=24"
                                : "hidden_size=4,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=24";
    must(hone_model_from_config(&model, task, causal ? "gpt2" : "bert", &o));
    return model;
}

static hone_status tiny_get(void *self, int64_t i, hone_example *out)
{
    static const int32_t ids[TINY_TOKENS] = {1, 2, 3, 4, 5};
    (void)self, (void)i;
    out->n_tokens = TINY_TOKENS;
    out->input_ids = ids;
    return HONE_OK;
}

static int32_t tiny_length(void *self, int64_t i)
{
    (void)self, (void)i;
    return TINY_TOKENS;
}

static inline hone_examples *tiny_examples(void)
{
    static const hone_examples_ops ops = {tiny_get, tiny_length, NULL};
    hone_examples *examples = NULL;
    must(hone_examples_new(&examples, &ops, NULL, TINY_ROWS));
    return examples;
}

#endif
