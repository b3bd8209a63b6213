/* A metric of one's own: logits and labels of each batch of an evaluation, read from the device and handed over while the batches pass. In the place of the reference's compute_metrics
 * (batch_eval_metrics) and preprocess_logits_for_metrics; nothing is collected here. */
#include "train/trainer.h"

#include <string.h>

static hone_status read_predictions(hone_own_scores *s, const hone_tensor *logits, hone_eval_prediction *p)
{
    size_t count = (size_t)hone_tensor_count(logits);
    p->n = hone_tensor_n_dims(logits) > 0 ? hone_tensor_dim(logits, 0) : 1;
    p->width = p->n > 0 ? (int64_t)count / p->n : 0;
    HONE_TRY(HONE_GROW(&s->predictions, &s->predictions_capacity, count));
    p->predictions = s->predictions;
    return count > 0 ? hone_tensor_read(logits, s->predictions, count) : HONE_OK;
}

/* The classes of the items that the head looked at, where there is one for each of them. */
static hone_status find_labels(hone_own_scores *s, hone_task_kind kind, const hone_batch *batch, hone_eval_prediction *p)
{
    int64_t n = 0;
    if (kind == HONE_TEXT_CLASSIFICATION && batch->row_labels && p->n == batch->n_rows)
        p->label_ids = batch->row_labels;
    if (kind != HONE_TOKEN_CLASSIFICATION || !batch->labels)
        return HONE_OK;
    HONE_TRY(HONE_GROW(&s->labels, &s->labels_capacity, (size_t)batch->n_tokens));
    for (int32_t i = 0; i < batch->n_tokens; i++)
        if (batch->labels[i] >= 0)
            s->labels[n++] = batch->labels[i];
    p->label_ids = n == p->n ? s->labels : NULL;
    return HONE_OK;
}

hone_status hone__own_metrics_add(hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch)
{
    const hone_compute_metrics *m = &t->options.compute_metrics;
    hone_eval_prediction p = {.batch = batch};
    if (!m->add_batch)
        return HONE_OK;
    hone_tensor *logits = m->preprocess_logits ? m->preprocess_logits(m->self, tape, out, batch) : out->logits;
    HONE_TRY(hone_tape_status(tape));
    if (logits)
        HONE_TRY(read_predictions(&t->own_scores, logits, &p));
    HONE_TRY(find_labels(&t->own_scores, t->task.kind, batch, &p));
    return m->add_batch(m->self, &p);
}

bool hone__own_metrics_has(const hone_compute_metrics *m, const char *name)
{
    for (size_t i = 0; m->names && m->names[i]; i++)
        if (strcmp(m->names[i], name) == 0)
            return true;
    return false;
}

void hone__own_metrics_dispose(hone_own_scores *s)
{
    hone__free(s->predictions);
    hone__free(s->labels);
}
