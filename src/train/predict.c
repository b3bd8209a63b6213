/* Predictions (the reference's Trainer.predict): the logits of every item that the task scores, its label, and the metrics with the prefix "test_". A packed batch has no
 * padding, so that the result is a plain list of items with the place where each example begins; the reference pads all examples to the longest with -100. */
#include "train/trainer.h"

#include <string.h>

typedef struct keeping {
    hone_predictions *p;
    int64_t n; /* items kept so far */
} keeping;

/* Whether items are tokens (else rows), and whether this model has items at all. */
static hone_status check_kind(const hone_trainer *t, bool *tokens)
{
    hone_task_kind kind = hone_model_task(t->model);
    *tokens = kind == HONE_TOKEN_CLASSIFICATION || kind == HONE_QUESTION_ANSWERING;
    if (*tokens || kind == HONE_TEXT_CLASSIFICATION)
        return HONE_OK;
    return hone__hint(hone__fail(HONE_UNSUPPORTED, "hone_trainer_predict: the model has no classes to choose from"),
                      "language models generate: hone_generate");
}

/* The items of one example and their labels (to NULL: only counted). */
static int64_t put_example(const hone_example *e, bool tokens, bool labelled, int32_t *to)
{
    int64_t n = 0;
    if (!tokens) {
        if (to)
            *to = e->row_label;
        return 1;
    }
    for (int32_t i = 0; i < e->n_tokens; i++) {
        if (labelled && e->labels[i] < 0)
            continue;
        if (to)
            to[n] = e->labels[i];
        n++;
    }
    return n;
}

/* labelled: examples have ids of classes; scored: or other labels. */
static hone_status find_labels(const hone_examples *examples, bool tokens, bool *labelled, bool *scored)
{
    hone_example e;
    *labelled = *scored = false;
    if (hone_examples_count(examples) == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "hone_trainer_predict: there are no examples"), "give at least one");
    HONE_TRY(hone_examples_get(examples, 0, &e));
    *labelled = tokens ? e.labels != NULL : e.row_label != HONE_NO_LABEL;
    *scored = *labelled || e.targets;
    return HONE_OK;
}

/* How many items there are, and where each example's begin (first NULL: not asked for). */
static hone_status count_items(int64_t *n, int64_t *first, const hone_examples *examples, bool tokens, bool labelled)
{
    hone_example e;
    *n = 0;
    for (int64_t i = 0; i < hone_examples_count(examples); i++) {
        HONE_TRY(hone_examples_get(examples, i, &e));
        if (labelled && tokens && !e.labels)
            return hone__fail(HONE_INVALID_ARGUMENT, "hone_trainer_predict: example %lld has no labels, others have", (long long)i);
        *n += put_example(&e, tokens, labelled, NULL);
        if (first)
            first[i + 1] = *n;
    }
    return HONE_OK;
}

/* Where each example's items are; with labels also what they should be. */
static hone_status list_items(hone_predictions *p, const hone_examples *examples, bool tokens, bool labelled)
{
    hone_example e;
    p->n_examples = hone_examples_count(examples);
    HONE_TRY(HONE_NEW(&p->first, (size_t)p->n_examples + 1));
    HONE_TRY(count_items(&p->n_items, p->first, examples, tokens, labelled));
    if (!labelled)
        return HONE_OK;
    HONE_TRY(HONE_ALLOC(&p->label_ids, (size_t)p->n_items));
    for (int64_t i = 0; i < p->n_examples; i++) {
        HONE_TRY(hone_examples_get(examples, i, &e));
        put_example(&e, tokens, labelled, p->label_ids + p->first[i]);
    }
    return HONE_OK;
}

static hone_status keep_logits(void *payload, hone_tape *tape, hone_output *out, const hone_batch *batch)
{
    keeping *k = payload;
    hone_predictions *p = k->p;
    (void)batch;
    HONE_TRY(hone_tape_status(tape));
    int64_t n = out->logits ? hone_tensor_dim(out->logits, 0) : 0;
    if (n == 0)
        return HONE_OK;
    if (hone_tensor_dim(out->logits, 1) != p->n_labels || k->n + n > p->n_items)
        return hone__fail(HONE_SHAPE, "hone_trainer_predict: logits (%lld, %lld) where %lld items of %lld classes were left", (long long)n,
                          (long long)hone_tensor_dim(out->logits, 1), (long long)(p->n_items - k->n), (long long)p->n_labels);
    HONE_TRY(hone_tensor_read(out->logits, p->logits + k->n * p->n_labels, (size_t)(n * p->n_labels)));
    k->n += n;
    return HONE_OK;
}

static int64_t count_classes(const hone_model *model)
{
    size_t n = 0;
    if (hone_model_task(model) == HONE_QUESTION_ANSWERING)
        return 2;
    hone_model_labels(model, &n);
    return (int64_t)n;
}

hone_status hone_trainer_predict(hone_trainer *t, const hone_examples *examples, hone_predictions *out)
{
    keeping keep = {.p = out};
    hone_pass pass = {.examples = examples, .prefix = "test", .what = "predicting", .keep = keep_logits, .payload = &keep};
    bool tokens, labelled;
    *out = (hone_predictions){0};
    HONE_TRY(check_kind(t, &tokens));
    HONE_TRY(find_labels(examples, tokens, &labelled, &pass.scored));
    HONE_TRY(list_items(out, examples, tokens, labelled));
    out->n_labels = count_classes(t->model);
    HONE_TRY(HONE_ALLOC(&out->logits, (size_t)out->n_items * (size_t)out->n_labels));
    HONE_TRY(hone__trainer_pass(t, &pass, &out->metrics));
    if (keep.n == out->n_items)
        return hone__trainer_event(t, HONE_ON_PREDICT, &out->metrics);
    return hone__fail(HONE_SHAPE, "hone_trainer_predict: the model gave logits of %lld items, the examples have %lld", (long long)keep.n,
                      (long long)out->n_items);
}

hone_status hone__predictions_bytes(size_t *out, const hone_trainer *t, const hone_examples *examples)
{
    bool tokens, labelled, scored;
    int64_t n;
    *out = 0;
    HONE_TRY(check_kind(t, &tokens));
    HONE_TRY(find_labels(examples, tokens, &labelled, &scored));
    HONE_TRY(count_items(&n, NULL, examples, tokens, labelled));
    size_t of_item = (size_t)count_classes(t->model) * sizeof(float) + (labelled ? sizeof(int32_t) : 0);
    *out = (size_t)n * of_item + ((size_t)hone_examples_count(examples) + 1) * sizeof(int64_t);
    return HONE_OK;
}

void hone_predictions_dispose(hone_predictions *p)
{
    if (!p)
        return;
    hone__free(p->logits);
    hone__free(p->label_ids);
    hone__free(p->first);
    hone_metrics_dispose(&p->metrics);
    *p = (hone_predictions){0};
}
