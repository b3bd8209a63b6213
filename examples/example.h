/* What the examples have in common around their own matter: arguments, what a run is made of, the course's loop over one epoch, a pass over the validation data, saving. It stands here and not in the library,
 * which has a trainer for those who want no loop: these few lines are there to be read and changed. examples/keytoken_weighted_loss.c has a loop of its own. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <hone/hone.h>

#include <stdio.h>
#include <stdlib.h>

/* In main: says what went wrong and jumps to `done`. */
#define CHECK(call)                                                              \
    do {                                                                         \
        if ((call) != HONE_OK) {                                                 \
            fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint()); \
            goto done;                                                           \
        }                                                                        \
    } while (0)

/* In functions that fail with a status of their own. */
#define TRY(call)                         \
    do {                                  \
        hone_status try_status_ = (call); \
        if (try_status_ != HONE_OK)       \
            return try_status_;           \
    } while (0)

typedef struct example {
    const char *checkpoint, *output_dir, *train_file, *valid_file;
    hone_tokenizer *tok;
    hone_examples *train, *valid;
    hone_model *model;
    hone_loader *train_loader, *eval_loader;
    hone_optimizer *optimizer;
    hone_scheduler *scheduler;
    hone_accelerator *acc;
} example;

/* PROGRAM CHECKPOINT OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [more]: false, and the usage, when there are fewer. */
static inline int example_arguments(example *e, int argc, char **argv, const char *first, const char *more)
{
    if (argc < 5) {
        fprintf(stderr, "usage: %s %s OUTPUT_DIR TRAIN_FILE VALIDATION_FILE %s\n", argv[0], first, more);
        return 0;
    }
    *e = (example){.checkpoint = argv[1], .output_dir = argv[2], .train_file = argv[3], .valid_file = argv[4]};
    return 1;
}

/* A number that may be given. */
static inline int64_t example_number(int argc, char **argv, int i, int64_t otherwise)
{
    return i < argc ? atoll(argv[i]) : otherwise;
}

/* A learning rate that may be given: small models that start from nothing want a larger one than the course's pretrained ones. */
static inline double example_rate(int argc, char **argv, int i, double otherwise)
{
    return i < argc ? strtod(argv[i], NULL) : otherwise;
}

/* raw_datasets["train"].features["ner_tags"]; NULL, and a line that says so, where the file has no tags. */
static inline const hone_feature *example_tags(const example *e, const hone_dataset *train)
{
    ptrdiff_t column = hone_dataset_label_column(train);
    const hone_feature *tags = column < 0 ? NULL : hone_dataset_feature(train, (size_t)column);
    if (!tags || !tags->names) {
        fprintf(stderr, "%s has no column of tags to learn\n", e->train_file);
        return NULL;
    }
    return tags;
}

/* DataLoader twice, the accelerator and prepare: the model, the optimizer and both data sets are there. */
static inline hone_status example_prepare(example *e, int64_t batch_size, int64_t gradient_accumulation_steps)
{
    hone_loader_options loading = HONE_LOADER_OPTIONS_INIT;
    hone_accelerator_options accelerating = HONE_ACCELERATOR_OPTIONS_INIT;
    loading.batch_size = batch_size;
    TRY(hone_loader_new(&e->eval_loader, e->valid, &loading));
    loading.shuffle = true;
    TRY(hone_loader_new(&e->train_loader, e->train, &loading));
    accelerating.gradient_accumulation_steps = gradient_accumulation_steps;
    TRY(hone_accelerator_new(&e->acc, &accelerating));
    return hone_accelerator_prepare(e->acc, e->model, e->optimizer, &e->train_loader, &e->eval_loader);
}

/* AdamW(model.parameters(), lr), prepare, get_scheduler("linear", …) over all epochs. */
static inline hone_status example_begin(example *e, int64_t batch_size, double learning_rate, int64_t n_epochs)
{
    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    adamw.learning_rate = learning_rate;
    TRY(hone_optimizer_adamw_new(&e->optimizer, e->model, &adamw));
    TRY(example_prepare(e, batch_size, 1));
    hone_scheduler_options schedule = HONE_SCHEDULER_OPTIONS_INIT;
    schedule.num_training_steps = n_epochs * hone_loader_batches(e->train_loader);
    return hone_scheduler_new(&e->scheduler, "linear", e->optimizer, &schedule);
}

/* for batch in train_dataloader: … */
static inline hone_status example_train_epoch(example *e, int64_t epoch)
{
    hone_batch batch;
    TRY(hone_loader_start_epoch(e->train_loader, epoch));
    while (hone_loader_next(e->train_loader, &batch)) {
        hone_tape *t = hone_accelerator_accumulate(e->acc); /* model.train() */
        hone_output out = hone_model_forward(e->model, t, &batch);
        TRY(hone_accelerator_backward(e->acc, hone_model_loss(t, &out, &batch)));
        TRY(hone_optimizer_step(e->optimizer));
        hone_scheduler_step(e->scheduler);
        hone_optimizer_zero_grad(e->optimizer);
    }
    return hone_loader_status(e->train_loader);
}

/* for batch in eval_dataloader: what the model says of it goes to `add`. */
static inline hone_status
example_evaluate(example *e, hone_status (*add)(void *self, example *e, hone_tape *t, hone_output *out, const hone_batch *batch),
                 void *self)
{
    hone_batch batch;
    TRY(hone_loader_start_epoch(e->eval_loader, 0));
    while (hone_loader_next(e->eval_loader, &batch)) {
        hone_tape *t = hone_accelerator_inference(e->acc); /* model.eval(), torch.no_grad() */
        hone_output out = hone_model_forward(e->model, t, &batch);
        TRY(hone_tape_status(t));
        TRY(add(self, e, t, &out, &batch));
    }
    return hone_loader_status(e->eval_loader);
}

/* A line of JSON from the process that talks. */
static inline hone_status example_print(example *e, const hone_metrics *metrics)
{
    char *json = NULL;
    TRY(hone_metrics_to_json(&json, metrics, 0));
    if (hone_accelerator_is_main_process(e->acc)) {
        printf("%s\n", json);
        fflush(stdout);
    }
    hone_metrics_free_json(json);
    return HONE_OK;
}

/* accelerator.wait_for_everyone(), unwrap_model(model).save_pretrained(output_dir), tokenizer.save_pretrained(output_dir) */
static inline hone_status example_save(example *e)
{
    TRY(hone_accelerator_wait_for_everyone(e->acc));
    if (!hone_accelerator_is_main_process(e->acc))
        return HONE_OK;
    TRY(hone_model_save_pretrained(hone_accelerator_unwrap_model(e->acc, e->model), e->output_dir));
    return hone_tokenizer_save(e->tok, e->output_dir);
}

static inline void example_dispose(example *e)
{
    hone_accelerator_free(e->acc);
    hone_scheduler_free(e->scheduler);
    hone_optimizer_free(e->optimizer);
    hone_loader_free(e->train_loader);
    hone_loader_free(e->eval_loader);
    hone_model_free(e->model);
    hone_examples_free(e->train);
    hone_examples_free(e->valid);
    hone_tokenizer_free(e->tok);
}

#endif
