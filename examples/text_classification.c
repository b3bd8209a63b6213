/* The course's text classification (chapter 3) with a training loop of one's own, through the public API only: a pretrained encoder learns whether two sentences say the same (MRPC).
 *
 *     text_classification MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS]
 *
 * Read it beside the course's "A full training": tokenize_function over sentence1 and sentence2, then the loop and what stands around it (example.h), the metric. DataCollatorWithPadding has nothing to do here: a
 * batch is packed, and no row is padded. */
#include "example.h"

enum { BATCH_SIZE = 8 };

/* tokenizer(example["sentence1"], example["sentence2"], truncation=True), batched and on all cores. */
static hone_status tokenize(hone_examples **out, const hone_dataset *data, const hone_tokenizer *tok, const hone_model *model)
{
    hone_text_examples_options options = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    options.max_length = (size_t)hone_model_max_positions(model);
    return hone_text_examples(out, data, tok, &options);
}

/* predictions = outputs.logits.argmax(dim=-1); metric.add_batch(predictions=gather(predictions), references=gather(batch["labels"])) */
static hone_status add_batch(void *self, example *e, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    int32_t predictions[BATCH_SIZE], gathered[2][BATCH_SIZE];
    size_t n = 0, rows = (size_t)batch->n_rows;
    (void)t;
    TRY(hone_row_predictions(predictions, out, batch));
    TRY(hone_accelerator_gather_ints(e->acc, predictions, rows, gathered[0], BATCH_SIZE, &n));
    TRY(hone_accelerator_gather_ints(e->acc, batch->row_labels, rows, gathered[1], BATCH_SIZE, &n));
    return hone_class_counts_add(self, gathered[1], gathered[0], n);
}

/* The data, as Microsoft publishes it: Quality, #1 ID, #2 ID, #1 String, #2 String. What 0 and 1 mean is said here. */
static const char *const label_names[] = {"not_equivalent", "equivalent", NULL};

int main(int argc, char **argv)
{
    example e = {0};
    hone_dataset *train_data = NULL, *valid_data = NULL;
    hone_class_counts *metric = NULL;
    hone_metrics metrics = HONE_METRICS_INIT;
    int exit_status = 1;
    if (!example_arguments(&e, argc, argv, "MODEL", "[EPOCHS]"))
        return 2;
    const int64_t n_epochs = example_number(argc, argv, 5, 3);

    hone_dataset_options reading = HONE_DATASET_OPTIONS_INIT;
    reading.single_cells = true;
    reading.labels = label_names;
    CHECK(hone_dataset_load(&train_data, &e.train_file, 1, &reading));
    CHECK(hone_dataset_load(&valid_data, &e.valid_file, 1, &reading));

    hone_model_options head = HONE_MODEL_OPTIONS_INIT;
    head.for_training = true;
    head.labels = label_names; /* num_labels=2 */
    CHECK(hone_model_from_pretrained(&e.model, HONE_TEXT_CLASSIFICATION, e.checkpoint, &head));
    CHECK(hone_tokenizer_from_pretrained(&e.tok, e.checkpoint));
    CHECK(tokenize(&e.train, train_data, e.tok, e.model));
    CHECK(tokenize(&e.valid, valid_data, e.tok, e.model));
    CHECK(example_begin(&e, BATCH_SIZE, 5e-5, n_epochs));
    CHECK(hone_class_counts_new(&metric));

    for (int64_t epoch = 0; epoch < n_epochs; epoch++) {
        CHECK(example_train_epoch(&e, epoch));
        hone_class_counts_reset(metric);
        CHECK(example_evaluate(&e, add_batch, metric));
        CHECK(hone_glue_metrics(&metrics, "mrpc", metric)); /* {"accuracy": …, "f1": …} */
        CHECK(example_print(&e, &metrics));
    }
    CHECK(example_save(&e));
    exit_status = 0;
done:
    hone_metrics_dispose(&metrics);
    hone_class_counts_free(metric);
    example_dispose(&e);
    hone_dataset_free(train_data);
    hone_dataset_free(valid_data);
    return exit_status;
}
