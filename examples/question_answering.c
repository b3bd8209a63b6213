/* The course's question answering (chapter 7.7) with a training loop of one's own, through the public API only: a pretrained encoder learns to find answers in the passages of SQuAD's files.
 *
 *     question_answering MODEL OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [EPOCHS [MAX_LENGTH STRIDE [LEARNING_RATE]]]
 *
 * Read it beside the course: prepare_train_features and prepare_validation_features are hone_qa_examples, compute_metrics is evaluate() below, the loop and what stands around it example.h. Windows are packed at their own length, so that nothing is
 * padded and the loss runs over real tokens; logits are not collected but looked at window by window. */
#include "example.h"

#include <string.h>

enum { BATCH_SIZE = 8, MAX_GOLDS = 64, LONGEST_ANSWER = 4096 };

/* What an evaluation works with. */
typedef struct scoring {
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
    TRY(hone_question_reader_get(s->reader, s->question, &q));
    size_t len = best.best->end - best.best->start, n = q.n_answers < MAX_GOLDS ? q.n_answers : MAX_GOLDS;
    len = len < sizeof(text) ? len : sizeof(text) - 1;
    memcpy(text, q.context.data + best.best->start, len);
    text[len] = '\0';
    for (size_t i = 0; i < n; i++)
        golds[i] = q.answers[i].data;
    return hone_squad_add(s->metric, text, golds, n, 0);
}

/* start_logits, end_logits of each window of the batch, to the answers of its question. */
static hone_status add_batch(void *self, example *e, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    scoring *s = self;
    (void)t;
    TRY(hone_tensor_read(out->logits, s->logits, 2 * (size_t)batch->n_tokens)); /* (N, 2) */
    for (int32_t row = 0; row < batch->n_rows; row++) {
        hone_qa_window w;
        size_t first = (size_t)batch->cu_seqlens[row], n = (size_t)batch->cu_seqlens[row + 1] - first;
        hone_qa_examples_window(e->valid, s->window++, &w);
        if (w.question != s->question)
            TRY(end_question(s));
        s->question = w.question;
        TRY(hone_qa_answers_add(s->answers, &w, s->logits + 2 * first, s->logits + 2 * first + 1, 2, n));
    }
    return HONE_OK;
}

static hone_status evaluate(hone_metrics *scores, scoring *s, example *e)
{
    hone_squad_free(s->metric);
    TRY(hone_squad_new(&s->metric, false));
    s->window = 0;
    s->question = -1;
    TRY(example_evaluate(e, add_batch, s));
    TRY(end_question(s));
    return hone_squad_compute(s->metric, scores, 1.0, false);
}

/* Questions become windows, tokenized on all cores; those for evaluation know where their tokens stand in the passage. */
static hone_status tokenize(example *e, const hone_questions *train, const hone_questions *valid, int argc, char **argv)
{
    hone_qa_examples_options windows = HONE_QA_EXAMPLES_OPTIONS_INIT;
    windows.max_length = (size_t)example_number(argc, argv, 6, (int64_t)windows.max_length);
    windows.doc_stride = (size_t)example_number(argc, argv, 7, (int64_t)windows.doc_stride);
    TRY(hone_qa_examples(&e->train, train, e->tok, &windows));
    windows.keep_offsets = true;
    return hone_qa_examples(&e->valid, valid, e->tok, &windows);
}

int main(int argc, char **argv)
{
    example e = {0};
    hone_questions *train_questions = NULL, *valid_questions = NULL;
    hone_metrics scores = HONE_METRICS_INIT;
    scoring s = {0};
    int exit_status = 1;
    if (!example_arguments(&e, argc, argv, "MODEL", "[EPOCHS [MAX_LENGTH STRIDE [LEARNING_RATE]]]"))
        return 2;
    const int64_t n_epochs = example_number(argc, argv, 5, 3);

    CHECK(hone_questions_load(&train_questions, &e.train_file, 1, NULL));
    CHECK(hone_questions_load(&valid_questions, &e.valid_file, 1, NULL));
    CHECK(hone_tokenizer_from_pretrained(&e.tok, e.checkpoint));
    CHECK(tokenize(&e, train_questions, valid_questions, argc, argv));

    hone_model_options head = HONE_MODEL_OPTIONS_INIT;
    head.for_training = true;
    CHECK(hone_model_from_pretrained(&e.model, HONE_QUESTION_ANSWERING, e.checkpoint, &head));
    CHECK(example_begin(&e, BATCH_SIZE, example_rate(argc, argv, 8, 2e-5), n_epochs));

    s.logits = malloc(2 * sizeof(float) * BATCH_SIZE * (size_t)hone_qa_examples_get_info(e.valid)->longest);
    if (!s.logits) {
        fprintf(stderr, "no memory for the logits of a batch\n");
        goto done;
    }
    CHECK(hone_question_reader_new(&s.reader, valid_questions));
    CHECK(hone_qa_answers_new(&s.answers, NULL)); /* n_best 20, max_answer_length 30 */

    for (int64_t epoch = 0; epoch < n_epochs; epoch++) {
        CHECK(example_train_epoch(&e, epoch));
        CHECK(evaluate(&scores, &s, &e));
        printf("{\"epoch\": %lld, \"exact_match\": %.4f, \"f1\": %.4f}\n", (long long)epoch, scores.items[0].value, scores.items[1].value);
        CHECK(example_save(&e));
    }
    exit_status = 0;
done:
    hone_metrics_dispose(&scores);
    hone_squad_free(s.metric);
    hone_qa_answers_free(s.answers);
    hone_question_reader_free(s.reader);
    free(s.logits);
    example_dispose(&e);
    hone_questions_free(train_questions);
    hone_questions_free(valid_questions);
    return exit_status;
}
