/* The memory of a training without its data: rows of one length, in which everything is labelled and every token is another one, stand for it. */
#include "train/memory/memory.h"
#include "train/trainer.h"

#include <string.h>

typedef struct rows {
    hone_task_kind task;
    bool has_targets;
    int32_t length, n_labels;
    int64_t vocabulary;
    int32_t *ids, *labels; /* (length) */
    float *targets;        /* (n_labels) */
} rows;

static int32_t row_length(void *self, int64_t i)
{
    (void)i;
    return ((const rows *)self)->length;
}

static hone_status get_row(void *self, int64_t i, hone_example *out)
{
    rows *r = self;
    bool tokens = r->task == HONE_TOKEN_CLASSIFICATION || r->task == HONE_MASKED_LM;
    for (int32_t k = 0; k < r->length; k++)
        r->ids[k] = (int32_t)((i * r->length + k) % r->vocabulary);
    out->n_tokens = r->length;
    out->input_ids = r->ids;
    out->labels = tokens ? r->labels : NULL;
    if (r->task == HONE_QUESTION_ANSWERING)
        out->start_position = out->end_position = 0;
    if (r->task == HONE_TEXT_CLASSIFICATION && r->has_targets) {
        out->targets = r->targets;
        out->n_targets = r->n_labels;
    } else if (r->task == HONE_TEXT_CLASSIFICATION) {
        out->row_label = 0;
    }
    return HONE_OK;
}

static void free_rows(void *self)
{
    rows *r = self;
    hone__free(r->ids);
    hone__free(r->labels);
    hone__free(r->targets);
    hone__free(r);
}

static hone_status fill_rows(rows *r, const hone_model *model, int32_t length)
{
    size_t n_labels = 0;
    hone_model_labels(model, &n_labels);
    r->task = hone_model_task(model);
    r->length = length;
    r->n_labels = (int32_t)n_labels;
    r->vocabulary = hone_model_vocab_size(model);
    r->has_targets = r->task == HONE_TEXT_CLASSIFICATION && hone__model_problem(model, false) != HONE_PROBLEM_SINGLE_LABEL;
    HONE_TRY(HONE_NEW(&r->ids, (size_t)length));
    HONE_TRY(HONE_NEW(&r->labels, (size_t)length));
    for (int32_t k = 0; k < length && r->task == HONE_MASKED_LM; k++)
        r->labels[k] = k % 7 ? HONE_IGNORE_INDEX : 0;
    return HONE_NEW(&r->targets, n_labels + 1);
}

static hone_status make_rows(hone_examples **out, const hone_model *model, int64_t n, int32_t length)
{
    static const hone_examples_ops ops = {get_row, row_length, free_rows};
    rows *r = NULL;
    *out = NULL;
    HONE_TRY(HONE_NEW(&r, 1));
    hone_status status = fill_rows(r, model, length);
    if (status == HONE_OK)
        return hone_examples_new(out, &ops, r, n);
    free_rows(r);
    return status;
}

hone_status hone_model_forecast(hone_memory_forecast *out, hone_model *model, const hone_training_args *args, int32_t length)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_examples *train = NULL;
    hone_trainer *trainer = NULL;
    hone_status status;
    *out = (hone_memory_forecast){0};
    if (length < 1)
        return hone__fail(HONE_INVALID_ARGUMENT, "memory is forecast for rows of at least one token, not of %d", length);
    if (length > hone_model_max_positions(model))
        length = (int32_t)hone_model_max_positions(model);
    a = args ? *args : a;
    HONE_TRY(hone_training_args_check(&a, true)); /* the numbers that are multiplied here, too */
    HONE_GO(make_rows(&train, model, a.per_device_train_batch_size * a.gradient_accumulation_steps, length));
    HONE_GO(hone_trainer_new(
        &trainer, model, &a,
        &(hone_trainer_options){.train_dataset = train, .eval_dataset = a.eval_strategy != HONE_STRATEGY_NO ? train : NULL}));
    status = hone__trainer_forecast_settled(out, trainer);
done:
    hone_trainer_free(trainer);
    hone_examples_free(train);
    return status;
}
