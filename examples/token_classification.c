/* The course's token classification (chapter 7.2) with a training loop of one's own, through the public API only: a pretrained encoder learns the entities of CoNLL files.
 *
 *     token_classification MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS]
 *
 * Read it beside the course's "A custom training loop": prepare, the loop over batches, pad_across_processes and gather before the metric, unwrap_model and save. The
 * batches are packed: a row has no padding, and the padded view is made where the course's words need one. */
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

enum { BATCH_SIZE = 8, MAX_LENGTH = 128, MAX_CLASSES = 64 };

/* Words and tags become tokens and labels: tokenize_and_align_labels, batched and on all cores. */
static hone_status tokenize(hone_examples **out, const hone_dataset *data, const hone_tokenizer *tok, const int32_t *inside)
{
    hone_token_examples_options options = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    options.max_length = MAX_LENGTH;
    options.inside = inside;
    return hone_token_examples(out, data, tok, &options);
}

/* A batch's predictions and labels as rows of one width in all processes, gathered, without the positions that are -100, to the metric. */
static hone_status add_batch(hone_seqeval *metric, hone_accelerator *acc, const hone_batch *batch, const hone_output *out,
                             const char *const *names, size_t n_names)
{
    static int32_t flat[BATCH_SIZE * MAX_LENGTH], padded[2][BATCH_SIZE * MAX_LENGTH], gathered[2][BATCH_SIZE * MAX_LENGTH];
    const int32_t *fields[2] = {flat, batch->labels};
    int32_t width = 0;
    size_t n = 0;
    hone_status status = hone_token_predictions(flat, out, batch); /* argmax(-1) */
    for (int k = 0; k < 2 && status == HONE_OK; k++) {
        int32_t rows[BATCH_SIZE * MAX_LENGTH];
        status = hone_batch_pad(batch, fields[k], HONE_IGNORE_INDEX, batch->longest, rows);
        if (status == HONE_OK)
            status = hone_accelerator_pad_across_processes(acc, rows, batch->n_rows, batch->longest, HONE_IGNORE_INDEX, false, padded[k],
                                                           BATCH_SIZE * MAX_LENGTH, &width);
        if (status == HONE_OK)
            status =
                hone_accelerator_gather_ints(acc, padded[k], (size_t)(batch->n_rows * width), gathered[k], BATCH_SIZE * MAX_LENGTH, &n);
    }
    for (size_t row = 0; status == HONE_OK && row < n; row += (size_t)width) {
        int32_t labels[MAX_LENGTH], predictions[MAX_LENGTH];
        size_t m = 0;
        for (size_t i = row; i < row + (size_t)width; i++)
            if (gathered[1][i] != HONE_IGNORE_INDEX) {
                predictions[m] = gathered[0][i];
                labels[m++] = gathered[1][i];
            }
        status = hone_seqeval_add_ids(metric, names, n_names, labels, predictions, m);
    }
    return status;
}

static hone_status evaluate(hone_seqeval_scores *scores, hone_seqeval *metric, hone_accelerator *acc, const hone_model *model,
                            hone_loader *loader)
{
    size_t n_names;
    const char *const *names = hone_model_labels(model, &n_names);
    hone_batch batch;
    hone_status status = hone_loader_start_epoch(loader, 0);
    hone_seqeval_reset(metric);
    while (status == HONE_OK && hone_loader_next(loader, &batch)) {
        hone_tape *t = hone_accelerator_inference(acc); /* model.eval(), torch.no_grad() */
        hone_output out = hone_model_forward(model, t, &batch);
        if ((status = hone_tape_status(t)) == HONE_OK)
            status = add_batch(metric, acc, &batch, &out, names, n_names);
    }
    if (status == HONE_OK && (status = hone_loader_status(loader)) == HONE_OK)
        status = hone_seqeval_compute(metric, scores);
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
    hone_seqeval *metric = NULL;
    hone_seqeval_scores scores;
    hone_batch batch;
    int32_t inside[MAX_CLASSES];
    int exit_status = 1;
    if (argc < 5) {
        fprintf(stderr, "usage: %s MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS]\n", argv[0]);
        return 2;
    }
    const char *checkpoint = argv[1], *output_dir = argv[2], *train_file = argv[3], *valid_file = argv[4];
    const int64_t n_epochs = argc > 5 ? atoll(argv[5]) : 3;

    /* The data: label_names come from the training file, and the validation file must know no others. */
    CHECK(hone_dataset_load(&train_data, &train_file, 1, NULL));
    const hone_feature *tags = hone_dataset_feature(train_data, (size_t)hone_dataset_label_column(train_data));
    hone_dataset_options same_labels = HONE_DATASET_OPTIONS_INIT;
    same_labels.labels = tags->names;
    CHECK(hone_dataset_load(&valid_data, &valid_file, 1, &same_labels));
    if (tags->n_names > MAX_CLASSES) {
        fprintf(stderr, "%zu classes are more than this example has room for\n", tags->n_names);
        goto done;
    }
    hone_inside_labels(inside, tags->names, tags->n_names);

    CHECK(hone_tokenizer_from_pretrained(&tok, checkpoint));
    CHECK(tokenize(&train, train_data, tok, inside));
    CHECK(tokenize(&valid, valid_data, tok, inside));
    hone_loader_options loading = HONE_LOADER_OPTIONS_INIT;
    loading.batch_size = BATCH_SIZE;
    CHECK(hone_loader_new(&eval_loader, valid, &loading));
    loading.shuffle = true;
    CHECK(hone_loader_new(&train_loader, train, &loading));

    hone_model_options head = HONE_MODEL_OPTIONS_INIT;
    head.for_training = true;
    head.labels = tags->names; /* id2label and label2id */
    CHECK(hone_model_from_pretrained(&model, HONE_TOKEN_CLASSIFICATION, checkpoint, &head));

    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    adamw.learning_rate = 1e-4;
    CHECK(hone_optimizer_adamw_new(&optimizer, model, &adamw));
    CHECK(hone_accelerator_new(&acc, NULL));
    CHECK(hone_accelerator_prepare(acc, model, optimizer, &train_loader, &eval_loader));
    const int64_t n_steps = n_epochs * hone_loader_batches(train_loader);
    CHECK(hone_scheduler_new(&scheduler, "linear", optimizer, &(hone_scheduler_options){0, n_steps, NULL}));
    CHECK(hone_seqeval_new(&metric, NULL));

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

        CHECK(evaluate(&scores, metric, acc, model, eval_loader));
        if (hone_accelerator_is_main_process(acc))
            printf("{\"epoch\": %lld, \"precision\": %.4f, \"recall\": %.4f, \"f1\": %.4f, \"accuracy\": %.4f}\n", (long long)epoch,
                   scores.overall.precision, scores.overall.recall, scores.overall.f1, scores.accuracy);

        CHECK(hone_accelerator_wait_for_everyone(acc));
        if (hone_accelerator_is_main_process(acc)) {
            CHECK(hone_model_save_pretrained(hone_accelerator_unwrap_model(acc, model), output_dir));
            CHECK(hone_tokenizer_save(tok, output_dir));
        }
    }
    exit_status = 0;
done:
    hone_seqeval_free(metric);
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
