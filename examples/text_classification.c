/* The course's text classification (chapter 3) with a training loop of one's own, through the public API only: a pretrained encoder learns whether two sentences say the same (MRPC).
 *
 *     text_classification MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS]
 *
 * Read it beside the course's "A full training": tokenize_function over sentence1 and sentence2, DataLoader, AdamW at 3e-5 or 5e-5, get_scheduler("linear"), the loop, the metric. DataCollatorWithPadding has nothing
 * to do here: a batch is packed, and no row is padded. */
#include <hone/tasks.h>

#include <stdio.h>
#include <stdlib.h>

#define CHECK(call)                                                              \
    do {                                                                         \
        if ((call) != HONE_OK) {                                                 \
            fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint()); \
            goto done;                                                           \
        }                                                                        \
    } while (0)

enum { BATCH_SIZE = 8 };

/* tokenizer(example["sentence1"], example["sentence2"], truncation=True), batched and on all cores. */
static hone_status tokenize(hone_examples **out, const hone_dataset *data, const hone_tokenizer *tok, const hone_model *model)
{
    hone_text_examples_options options = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    options.max_length = (size_t)hone_model_max_positions(model);
    return hone_text_examples(out, data, tok, &options);
}

/* metric = evaluate.load("glue", "mrpc"): accuracy and F1. */
static hone_status evaluate(hone_metrics *metrics, hone_class_counts *metric, hone_accelerator *acc, const hone_model *model,
                            hone_loader *loader)
{
    hone_batch batch;
    hone_status status = hone_loader_start_epoch(loader, 0);
    hone_class_counts_reset(metric);
    while (status == HONE_OK && hone_loader_next(loader, &batch)) {
        int32_t predictions[BATCH_SIZE], gathered[2][BATCH_SIZE];
        size_t n = 0;
        hone_tape *t = hone_accelerator_inference(acc); /* model.eval(), torch.no_grad() */
        hone_output out = hone_model_forward(model, t, &batch);
        status = hone_tape_status(t);
        if (status == HONE_OK)
            status = hone_row_predictions(predictions, &out, &batch); /* torch.argmax(outputs.logits, dim=-1) */
        if (status == HONE_OK)
            status = hone_accelerator_gather_ints(acc, predictions, (size_t)batch.n_rows, gathered[0], BATCH_SIZE, &n);
        if (status == HONE_OK)
            status = hone_accelerator_gather_ints(acc, batch.row_labels, (size_t)batch.n_rows, gathered[1], BATCH_SIZE, &n);
        if (status == HONE_OK)
            status = hone_class_counts_add(metric, gathered[1], gathered[0], n); /* metric.add_batch */
    }
    if (status == HONE_OK && (status = hone_loader_status(loader)) == HONE_OK)
        status = hone_glue_metrics(metrics, "mrpc", metric);
    return status;
}

int main(int argc, char **argv)
{
    hone_dataset *train_data = NULL, *valid_data = NULL;
    hone_tokenizer *tok = NULL;
    hone_examples *train = NULL, *valid = NULL;
    hone_loader *train_loader = NULL, *eval_loader = NULL;
    hone_model *model = NULL;
    hone_optimizer *optimizer = NULL;
    hone_scheduler *scheduler = NULL;
    hone_accelerator *acc = NULL;
    hone_class_counts *metric = NULL;
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_batch batch;
    char *json = NULL;
    int exit_status = 1;
    if (argc < 5) {
        fprintf(stderr, "usage: %s MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS]\n", argv[0]);
        return 2;
    }
    const char *checkpoint = argv[1], *output_dir = argv[2], *train_file = argv[3], *valid_file = argv[4];
    const int64_t n_epochs = argc > 5 ? atoll(argv[5]) : 3;

    /* The data, as Microsoft publishes it: Quality, #1 ID, #2 ID, #1 String, #2 String. What 0 and 1 mean is said here. */
    hone_dataset_options reading = HONE_DATASET_OPTIONS_INIT;
    reading.single_cells = true;
    reading.labels = (const char *const[]){"not_equivalent", "equivalent", NULL};
    CHECK(hone_dataset_load(&train_data, &train_file, 1, &reading));
    CHECK(hone_dataset_load(&valid_data, &valid_file, 1, &reading));

    hone_model_options head = HONE_MODEL_OPTIONS_INIT;
    head.for_training = true;
    head.labels = reading.labels; /* num_labels=2 */
    CHECK(hone_model_from_pretrained(&model, HONE_TEXT_CLASSIFICATION, checkpoint, &head));
    CHECK(hone_tokenizer_from_pretrained(&tok, checkpoint));
    CHECK(tokenize(&train, train_data, tok, model));
    CHECK(tokenize(&valid, valid_data, tok, model));

    hone_loader_options loading = HONE_LOADER_OPTIONS_INIT;
    loading.batch_size = BATCH_SIZE;
    CHECK(hone_loader_new(&eval_loader, valid, &loading));
    loading.shuffle = true;
    CHECK(hone_loader_new(&train_loader, train, &loading));

    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    adamw.learning_rate = 5e-5;
    CHECK(hone_optimizer_adamw_new(&optimizer, model, &adamw));
    CHECK(hone_accelerator_new(&acc, NULL));
    CHECK(hone_accelerator_prepare(acc, model, optimizer, &train_loader, &eval_loader));
    const int64_t n_steps = n_epochs * hone_loader_batches(train_loader);
    CHECK(hone_scheduler_new(&scheduler, "linear", optimizer, &(hone_scheduler_options){0, n_steps, NULL}));
    CHECK(hone_class_counts_new(&metric));

    for (int64_t epoch = 0; epoch < n_epochs; epoch++) {
        CHECK(hone_loader_start_epoch(train_loader, epoch));
        while (hone_loader_next(train_loader, &batch)) {
            hone_tape *t = hone_accelerator_accumulate(acc); /* model.train() */
            hone_output out = hone_model_forward(model, t, &batch);
            CHECK(hone_accelerator_backward(acc, hone_model_loss(t, &out, &batch)));
            CHECK(hone_optimizer_step(optimizer));
            hone_scheduler_step(scheduler);
            hone_optimizer_zero_grad(optimizer);
        }
        CHECK(hone_loader_status(train_loader));
        CHECK(evaluate(&metrics, metric, acc, model, eval_loader));
        hone_metrics_free_json(json);
        json = NULL;
        CHECK(hone_metrics_to_json(&json, &metrics, 0));
        if (hone_accelerator_is_main_process(acc))
            printf("%s\n", json); /* {"accuracy": …, "f1": …} */
    }
    CHECK(hone_accelerator_wait_for_everyone(acc));
    CHECK(hone_model_save_pretrained(hone_accelerator_unwrap_model(acc, model), output_dir));
    CHECK(hone_tokenizer_save(tok, output_dir));
    exit_status = 0;
done:
    hone_metrics_free_json(json);
    hone_metrics_dispose(&metrics);
    hone_class_counts_free(metric);
    hone_accelerator_free(acc);
    hone_scheduler_free(scheduler);
    hone_optimizer_free(optimizer);
    hone_loader_free(train_loader);
    hone_loader_free(eval_loader);
    hone_model_free(model);
    hone_examples_free(train);
    hone_examples_free(valid);
    hone_tokenizer_free(tok);
    hone_dataset_free(train_data);
    hone_dataset_free(valid_data);
    return exit_status;
}
