/* The course's token classification (chapter 7.2) with a training loop of one's own, through the public API only: a pretrained encoder learns the entities of CoNLL files.
 *
 *     token_classification MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS [LEARNING_RATE]]
 *
 * Read it beside the course's "A custom training loop": tokenize_and_align_labels, the loop and what stands around it (example.h), pad_across_processes and gather before the metric. The batches are packed: a row
 * has no padding, and the padded view is made where the course's words need one. */
#include "example.h"

enum { BATCH_SIZE = 8, MAX_LENGTH = 128, MAX_CLASSES = 64 };

/* Words and tags become tokens and labels: tokenize_and_align_labels, batched and on all cores. */
static hone_status tokenize(hone_examples **out, const hone_dataset *data, const hone_tokenizer *tok, const int32_t *inside)
{
    hone_token_examples_options options = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    options.max_length = MAX_LENGTH;
    options.inside = inside;
    return hone_token_examples(out, data, tok, &options);
}

/* Numbers of a batch's tokens as rows of one width in all processes, gathered: *n of them. */
static hone_status pad_and_gather(example *e, const hone_batch *batch, const int32_t *values, int32_t *gathered, size_t *n, int32_t *width)
{
    static int32_t rows[BATCH_SIZE * MAX_LENGTH], padded[BATCH_SIZE * MAX_LENGTH];
    TRY(hone_batch_pad(batch, values, HONE_IGNORE_INDEX, batch->longest, rows));
    TRY(hone_accelerator_pad_across_processes(e->acc, rows, batch->n_rows, batch->longest, HONE_IGNORE_INDEX, false, padded,
                                              BATCH_SIZE * MAX_LENGTH, width));
    return hone_accelerator_gather_ints(e->acc, padded, (size_t)(batch->n_rows * *width), gathered, BATCH_SIZE * MAX_LENGTH, n);
}

/* postprocess and metric.add_batch: without the positions that are -100. */
static hone_status add_batch(void *self, example *e, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    static int32_t flat[BATCH_SIZE * MAX_LENGTH], predictions[BATCH_SIZE * MAX_LENGTH], labels[BATCH_SIZE * MAX_LENGTH];
    size_t n = 0, n_names;
    const char *const *names = hone_model_labels(e->model, &n_names);
    int32_t width = 0;
    (void)t;
    TRY(hone_token_predictions(flat, out, batch)); /* argmax(-1) */
    TRY(pad_and_gather(e, batch, flat, predictions, &n, &width));
    TRY(pad_and_gather(e, batch, batch->labels, labels, &n, &width));
    for (size_t row = 0; row < n; row += (size_t)width) {
        size_t m = row;
        for (size_t i = row; i < row + (size_t)width; i++)
            if (labels[i] != HONE_IGNORE_INDEX) {
                predictions[m] = predictions[i];
                labels[m++] = labels[i];
            }
        TRY(hone_seqeval_add_ids(self, names, n_names, labels + row, predictions + row, m - row));
    }
    return HONE_OK;
}

static hone_status print_scores(example *e, hone_seqeval *metric, int64_t epoch)
{
    hone_seqeval_scores scores;
    TRY(hone_seqeval_compute(metric, &scores));
    if (hone_accelerator_is_main_process(e->acc))
        printf("{\"epoch\": %lld, \"precision\": %.4f, \"recall\": %.4f, \"f1\": %.4f, \"accuracy\": %.4f}\n", (long long)epoch,
               scores.overall.precision, scores.overall.recall, scores.overall.f1, scores.accuracy);
    return HONE_OK;
}

int main(int argc, char **argv)
{
    example e = {0};
    hone_dataset *train_data = NULL, *valid_data = NULL;
    hone_seqeval *metric = NULL;
    int32_t inside[MAX_CLASSES];
    int exit_status = 1;
    if (!example_arguments(&e, argc, argv, "MODEL", "[EPOCHS [LEARNING_RATE]]"))
        return 2;
    const int64_t n_epochs = example_number(argc, argv, 5, 3);

    /* The data: label_names come from the training file, and the validation file must know no others. */
    CHECK(hone_dataset_load(&train_data, &e.train_file, 1, NULL));
    const hone_feature *tags = example_tags(&e, train_data);
    if (!tags)
        goto done;
    hone_dataset_options same_labels = HONE_DATASET_OPTIONS_INIT;
    same_labels.labels = tags->names;
    CHECK(hone_dataset_load(&valid_data, &e.valid_file, 1, &same_labels));
    if (tags->n_names > MAX_CLASSES) {
        fprintf(stderr, "%zu classes are more than this example has room for\n", tags->n_names);
        goto done;
    }
    hone_inside_labels(inside, tags->names, tags->n_names);
    CHECK(hone_tokenizer_from_pretrained(&e.tok, e.checkpoint));
    CHECK(tokenize(&e.train, train_data, e.tok, inside));
    CHECK(tokenize(&e.valid, valid_data, e.tok, inside));

    hone_model_options head = HONE_MODEL_OPTIONS_INIT;
    head.for_training = true;
    head.labels = tags->names; /* id2label and label2id */
    CHECK(hone_model_from_pretrained(&e.model, HONE_TOKEN_CLASSIFICATION, e.checkpoint, &head));
    CHECK(example_begin(&e, BATCH_SIZE, example_rate(argc, argv, 6, 2e-5), n_epochs));
    CHECK(hone_seqeval_new(&metric, NULL));

    for (int64_t epoch = 0; epoch < n_epochs; epoch++) {
        CHECK(example_train_epoch(&e, epoch));
        hone_seqeval_reset(metric);
        CHECK(example_evaluate(&e, add_batch, metric));
        CHECK(print_scores(&e, metric, epoch));
        CHECK(example_save(&e));
    }
    exit_status = 0;
done:
    hone_seqeval_free(metric);
    example_dispose(&e);
    hone_dataset_free(train_data);
    hone_dataset_free(valid_data);
    return exit_status;
}
