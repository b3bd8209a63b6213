/* The course's question answering (chapter 7.7) with a training loop of one's own, through the public API only: a pretrained encoder learns to find answers in the passages of SQuAD's files.
 *
 *     question_answering MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS [MAX_LENGTH STRIDE]]
 *
 * Read it beside the course: prepare_train_features and prepare_validation_features are hone_qa_examples, compute_metrics is evaluate() below. Windows are packed at their own length, so that nothing is
 * padded and the loss runs over real tokens; logits are not collected but looked at window by window. */
#include <hone/hone.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(call)                                                              \
    do {                                                                         \
        if ((call) != HONE_OK) {                                                 \
            fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint()); \
            goto done;                                                           \
        }                                                                        \
    } while (0)

enum { BATCH_SIZE = 8, MAX_GOLDS = 64, LONGEST_ANSWER = 4096 };

/* What an evaluation works with. */
typedef struct scoring {
    const hone_examples *windows;
    hone_question_reader *reader;
    hone_qa_answers *answers; /* of the question whose windows pass */
    hone_squad *metric;
    float *logits;
    int64_t window, question; /* question -1: none yet */
} scoring;

/* All windows of a question were seen: its best answer goes to the metric. */
static hone_status end_question(scoring *s)
{
    const char *golds[MAX_GOLDS];
    char text[LONGEST_ANSWER];
    hone_qa_result best;
    hone_question q;
    if (s->question < 0)
        return HONE_OK;
    hone_qa_answers_result(s->answers, &best);
    hone_status status = hone_question_reader_get(s->reader, s->question, &q);
    if (status != HONE_OK)
        return status;
    size_t len = best.best->end - best.best->start, n = q.n_answers < MAX_GOLDS ? q.n_answers : MAX_GOLDS;
    len = len < sizeof(text) ? len : sizeof(text) - 1;
    memcpy(text, q.context.data + best.best->start, len);
    text[len] = '\0';
    for (size_t i = 0; i < n; i++)
        golds[i] = q.answers[i].data;
    return hone_squad_add(s->metric, text, golds, n, 0);
}

static hone_status add_batch(scoring *s, const hone_batch *batch, const hone_output *out)
{
    hone_status status = hone_tensor_read(out->logits, s->logits, 2 * (size_t)batch->n_tokens); /* (N, 2) */
    for (int32_t row = 0; status == HONE_OK && row < batch->n_rows; row++) {
        hone_qa_window w;
        size_t first = (size_t)batch->cu_seqlens[row], n = (size_t)batch->cu_seqlens[row + 1] - first;
        hone_qa_examples_window(s->windows, s->window++, &w);
        if (w.question != s->question)
            status = end_question(s);
        s->question = w.question;
        if (status == HONE_OK)
            status = hone_qa_answers_add(s->answers, &w, s->logits + 2 * first, s->logits + 2 * first + 1, 2, n);
    }
    return status;
}

static hone_status evaluate(hone_metrics *scores, scoring *s, hone_accelerator *acc, const hone_model *model, hone_loader *loader)
{
    hone_batch batch;
    hone_status status = hone_loader_start_epoch(loader, 0);
    s->window = 0;
    s->question = -1;
    while (status == HONE_OK && hone_loader_next(loader, &batch)) {
        hone_tape *t = hone_accelerator_inference(acc); /* model.eval(), torch.no_grad() */
        hone_output out = hone_model_forward(model, t, &batch);
        if ((status = hone_tape_status(t)) == HONE_OK)
            status = add_batch(s, &batch, &out);
    }
    if (status == HONE_OK && (status = hone_loader_status(loader)) == HONE_OK)
        status = end_question(s);
    return status == HONE_OK ? hone_squad_compute(s->metric, scores, 1.0, false) : status;
}

int main(int argc, char **argv)
{
    hone_questions *train_questions = NULL, *valid_questions = NULL;
    hone_tokenizer *tok = NULL;
    hone_examples *train = NULL, *valid = NULL;
    hone_loader *train_loader = NULL, *eval_loader = NULL;
    hone_model *model = NULL;
    hone_optimizer *optimizer = NULL;
    hone_scheduler *scheduler = NULL;
    hone_accelerator *acc = NULL;
    hone_metrics scores = HONE_METRICS_INIT;
    hone_batch batch;
    scoring s = {0};
    int exit_status = 1;
    if (argc < 5) {
        fprintf(stderr, "usage: %s MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS [MAX_LENGTH STRIDE]]\n", argv[0]);
        return 2;
    }
    const char *checkpoint = argv[1], *output_dir = argv[2], *train_file = argv[3], *valid_file = argv[4];
    const int64_t n_epochs = argc > 5 ? atoll(argv[5]) : 3;
    hone_qa_examples_options windows = HONE_QA_EXAMPLES_OPTIONS_INIT;
    if (argc > 7) {
        windows.max_length = (size_t)atoll(argv[6]);
        windows.doc_stride = (size_t)atoll(argv[7]);
    }

    /* The data: questions become windows, tokenized on all cores; those for evaluation know where their tokens stand in the passage. */
    CHECK(hone_questions_load(&train_questions, &train_file, 1, NULL));
    CHECK(hone_questions_load(&valid_questions, &valid_file, 1, NULL));
    CHECK(hone_tokenizer_from_pretrained(&tok, checkpoint));
    CHECK(hone_qa_examples(&train, train_questions, tok, &windows));
    windows.keep_offsets = true;
    CHECK(hone_qa_examples(&valid, valid_questions, tok, &windows));
    hone_loader_options loading = HONE_LOADER_OPTIONS_INIT;
    loading.batch_size = BATCH_SIZE;
    CHECK(hone_loader_new(&eval_loader, valid, &loading));
    loading.shuffle = true;
    CHECK(hone_loader_new(&train_loader, train, &loading));

    hone_model_options head = HONE_MODEL_OPTIONS_INIT;
    head.for_training = true;
    CHECK(hone_model_from_pretrained(&model, HONE_QUESTION_ANSWERING, checkpoint, &head));

    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    adamw.learning_rate = 1e-3;
    CHECK(hone_optimizer_adamw_new(&optimizer, model, &adamw));
    CHECK(hone_accelerator_new(&acc, NULL));
    CHECK(hone_accelerator_prepare(acc, model, optimizer, &train_loader, &eval_loader));
    const int64_t n_steps = n_epochs * hone_loader_batches(train_loader);
    CHECK(hone_scheduler_new(&scheduler, "linear", optimizer, &(hone_scheduler_options){0, n_steps, NULL}));

    s.windows = valid;
    s.logits = malloc(2 * sizeof(float) * BATCH_SIZE * (size_t)hone_qa_examples_get_info(valid)->longest);
    if (!s.logits)
        goto done;
    CHECK(hone_question_reader_new(&s.reader, valid_questions));
    CHECK(hone_qa_answers_new(&s.answers, NULL)); /* n_best 20, max_answer_length 30 */

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

        hone_squad_free(s.metric);
        CHECK(hone_squad_new(&s.metric, false));
        CHECK(evaluate(&scores, &s, acc, model, eval_loader));
        printf("{\"epoch\": %lld, \"exact_match\": %.4f, \"f1\": %.4f}\n", (long long)epoch, scores.items[0].value, scores.items[1].value);
        CHECK(hone_model_save_pretrained(hone_accelerator_unwrap_model(acc, model), output_dir));
        CHECK(hone_tokenizer_save(tok, output_dir));
    }
    exit_status = 0;
done:
    hone_metrics_dispose(&scores);
    hone_squad_free(s.metric);
    hone_qa_answers_free(s.answers);
    hone_question_reader_free(s.reader);
    free(s.logits);
    hone_accelerator_free(acc);
    hone_scheduler_free(scheduler);
    hone_optimizer_free(optimizer);
    hone_loader_free(train_loader);
    hone_loader_free(eval_loader);
    hone_model_free(model);
    hone_examples_free(train);
    hone_examples_free(valid);
    hone_tokenizer_free(tok);
    hone_questions_free(train_questions);
    hone_questions_free(valid_questions);
    return exit_status;
}
