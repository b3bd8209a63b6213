/* trainer_state.json (inputs that begin with 't') and hone_state.json of a checkpoint, as a run reads them that goes on: any bytes give a state that the loop can live with, or an error. */
#include "models/model.h"
#include "train/trainer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hone_status get(void *self, int64_t i, hone_example *out)
{
    static const int32_t ids[] = {1, 2, 3, 4, 5};
    (void)self, (void)i;
    out->n_tokens = 5;
    out->input_ids = ids;
    return HONE_OK;
}

static int32_t length(void *self, int64_t i)
{
    (void)self, (void)i;
    return 5;
}

static void must(hone_status status)
{
    if (status != HONE_OK)
        abort();
}

/* A run of one step, so that it has all that a resumed one has. */
static hone_trainer *make_trainer(void)
{
    static const hone_examples_ops ops = {get, length, NULL};
    hone_device *device;
    hone_model *model;
    hone_examples *examples;
    hone_trainer *t;
    hone_training_args args = HONE_TRAINING_ARGS_INIT;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    must(hone_device_open(&device, &(hone_device_options){"cpu", 1}));
    o.device = device;
    o.for_training = true;
    o.vocab_size = 8;
    o.config_overrides = "n_embd=4,n_layer=1,n_head=1,n_positions=8";
    must(hone_model_from_config(&model, HONE_CAUSAL_LM, "gpt2", &o));
    must(hone_examples_new(&examples, &ops, NULL, 20));
    must(hone_training_args_set(&args, "output_dir", "/tmp"));
    args.max_steps = 1;
    args.save_strategy = HONE_STRATEGY_NO;
    args.disable_tqdm = true;
    must(hone_training_args_set(&args, "report_to", "none"));
    must(hone_trainer_new(&t, model, &args, &(hone_trainer_options){.train_dataset = examples}));
    must(hone_trainer_train(t));
    hone_training_args_dispose(&args);
    return t;
}

static void check(const hone_trainer *t)
{
    if (t->position_epoch < 0 || t->position_batch < 0 || t->position_batch > t->n_batches || t->state.global_step < 0 ||
        t->window.n_steps < 0 || t->total_loss_steps < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_trainer *t;
    json_t *root = NULL;
    if (!t)
        t = make_trainer();
    if (size == 0)
        return 0;
    for (size_t i = 0; i < t->n_logs; i++)
        hone_metrics_dispose(&t->logs[i]);
    t->n_logs = 0;
    if (hone__json_parse(&root, (const char *)data + 1, size - 1, "input") != HONE_OK)
        return 0;
    if (data[0] == 't') {
        (void)hone__trainer_take_state(t, root, "input");
        t->state.global_step = 4;
    } else {
        t->state.global_step = 4;
        if (hone__trainer_take_resume_state(t, root, NULL, "input") == HONE_OK)
            check(t);
    }
    json_decref(root);
    return 0;
}
