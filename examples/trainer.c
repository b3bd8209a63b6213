/* The course's token classification (chapter 7.2) with the Trainer, and what a user may plug into it: a callback, a metric, an order of the examples of one's own.
 *
 *     trainer MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS [LEARNING_RATE]]
 *
 * Read it beside the course's "Fine-tuning the model with the Trainer API": TrainingArguments, Trainer(…, callbacks=…, compute_metrics=…), trainer.train(), trainer.evaluate(). The seqeval scores come with the task;
 * the metric here adds the share of words that begin an entity and are found. */
#include "example.h"

#include <string.h>

enum { MAX_CLASSES = 64 };

/* A callback: a line at each epoch's end, and an end as soon as the scores are good enough. */
static hone_status stop_when_good(void *payload, hone_trainer *trainer, hone_event event, const hone_trainer_state *state,
                                  hone_trainer_control *control, const hone_metrics *metrics)
{
    double f1 = 0;
    (void)trainer;
    if (event != HONE_ON_EVALUATE || !hone_metrics_get(metrics, "eval_f1", &f1))
        return HONE_OK;
    fprintf(stderr, "epoch %g: F1 %.4f\n", state->epoch, f1);
    if (f1 >= *(const double *)payload)
        control->should_training_stop = true;
    return HONE_OK;
}

/* A metric: of the tokens whose label is B-…, how many were given it. Counted while the batches pass. */
typedef struct beginnings {
    const char *const *names; /* of the classes */
    int64_t found, all;
} beginnings;

static hone_status add_batch(void *self, const hone_eval_prediction *p)
{
    beginnings *b = self;
    for (int64_t i = 0; i < p->n; i++) {
        const float *logits = p->predictions + i * p->width;
        int64_t best = 0;
        for (int64_t c = 1; c < p->width; c++)
            best = logits[c] > logits[best] ? c : best;
        if (strncmp(b->names[p->label_ids[i]], "B-", 2) == 0) {
            b->all++;
            b->found += best == p->label_ids[i];
        }
    }
    return HONE_OK;
}

static hone_status compute(void *self, hone_metrics *metrics)
{
    beginnings *b = self;
    hone_status status = hone_metrics_set(metrics, "beginnings_found", b->all > 0 ? (double)b->found / (double)b->all : 0);
    b->found = b->all = 0;
    return status;
}

/* A sampler: forwards in even epochs, backwards in odd ones. It follows from the epoch alone, so that a run that is resumed sees the same rows. */
static hone_status to_and_fro(void *self, int64_t epoch, int64_t n_examples, int64_t *order, int64_t n)
{
    (void)self;
    for (int64_t i = 0; i < n; i++)
        order[i] = epoch % 2 == 0 ? i : n_examples - 1 - i;
    return HONE_OK;
}

static hone_status tokenize(example *e, const hone_dataset *train, const hone_dataset *valid, const hone_feature *tags)
{
    int32_t inside[MAX_CLASSES];
    hone_token_examples_options options = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    options.max_length = 128;
    options.inside = tags->n_names <= MAX_CLASSES ? inside : NULL;
    if (options.inside)
        hone_inside_labels(inside, tags->names, tags->n_names);
    TRY(hone_token_examples(&e->train, train, e->tok, &options));
    return hone_token_examples(&e->valid, valid, e->tok, &options);
}

int main(int argc, char **argv)
{
    example e = {0};
    hone_dataset *train_data = NULL, *valid_data = NULL;
    hone_trainer *trainer = NULL;
    hone_task task = {0};
    hone_metrics metrics = HONE_METRICS_INIT;
    char *json = NULL;
    hone_dataset_options reading = HONE_DATASET_OPTIONS_INIT;
    hone_model_options model = HONE_MODEL_OPTIONS_INIT;
    double good = 0.999;
    int exit_status = 1;
    if (!example_arguments(&e, argc, argv, "MODEL", "[EPOCHS [LEARNING_RATE]]"))
        return 2;

    model.for_training = true;
    CHECK(hone_dataset_load(&train_data, &e.train_file, 1, NULL));
    const hone_feature *tags = example_tags(&e, train_data);
    if (!tags)
        goto done;
    reading.labels = model.labels = tags->names; /* of the training file; the other one must know no more */
    CHECK(hone_dataset_load(&valid_data, &e.valid_file, 1, &reading));
    CHECK(hone_tokenizer_from_pretrained(&e.tok, e.checkpoint));
    CHECK(tokenize(&e, train_data, valid_data, tags));
    CHECK(hone_model_from_pretrained(&e.model, HONE_TOKEN_CLASSIFICATION, e.checkpoint, &model));
    CHECK(hone_token_classification_task(&task, e.model, NULL));

    hone_training_args args = HONE_TRAINING_ARGS_INIT;
    args.output_dir = e.output_dir;
    args.overwrite_output_dir = true;
    args.eval_strategy = args.save_strategy = HONE_STRATEGY_EPOCH;
    args.learning_rate = example_rate(argc, argv, 6, 2e-5);
    args.num_train_epochs = (double)example_number(argc, argv, 5, 3);
    args.weight_decay = 0.01;
    args.save_total_limit = 1;
    args.load_best_model_at_end = true;
    args.metric_for_best_model = "f1";

    beginnings found = {.names = tags->names};
    const hone_callback callback = {.name = "StopWhenGood", .fn = stop_when_good, .payload = &good};
    const hone_trainer_options options = {
        .tokenizer = e.tok,
        .train_dataset = e.train,
        .eval_dataset = e.valid,
        .task = &task,
        .callbacks = &callback,
        .n_callbacks = 1,
        .compute_metrics = {.self = &found,
                            .add_batch = add_batch,
                            .compute = compute,
                            .names = (const char *const[]){"beginnings_found", NULL}},
        .train_sampler = {.order = to_and_fro},
    };
    CHECK(hone_trainer_new(&trainer, e.model, &args, &options));
    CHECK(hone_trainer_train(trainer));
    CHECK(hone_trainer_evaluate(trainer, &metrics));
    CHECK(hone_metrics_to_json(&json, &metrics, 0));
    printf("%s\n", json);
    CHECK(hone_trainer_save_model(trainer, NULL));
    CHECK(hone_trainer_create_model_card(trainer));
    exit_status = 0;
done:
    hone_metrics_free_json(json);
    hone_metrics_dispose(&metrics);
    hone_trainer_free(trainer);
    hone_task_dispose(&task);
    example_dispose(&e);
    hone_dataset_free(train_data);
    hone_dataset_free(valid_data);
    return exit_status;
}
