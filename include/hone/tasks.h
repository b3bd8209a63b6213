/* Tasks ready for the trainer, with the field's metrics. hone_task_default (hone/train.h) knows a head's loss; these also score.
 *
 *     hone_task task;
 *     CHECK(hone_token_classification_task(&task, model, NULL));
 *     CHECK(hone_trainer_new(&trainer, model, &args, &(hone_trainer_options){.task = &task, .train_dataset = train, .eval_dataset = valid}));
 */
#ifndef HONE_TASKS_H
#define HONE_TASKS_H

#include <hone/masking.h>
#include <hone/text_examples.h>
#include <hone/train.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_token_classification_options {
    bool return_entity_level_metrics; /* precision, recall, f1 and number of each type too */
    bool strict;                      /* seqeval's strict mode: only entities that follow the scheme count */
    hone_tag_scheme scheme; /* of the strict mode; AUTO: found out from the labels of the evaluation (which keeps its tags until the end) */
} hone_token_classification_options;
#define HONE_TOKEN_CLASSIFICATION_OPTIONS_INIT \
    {                                          \
        false, false, HONE_SCHEME_AUTO         \
    }

/* Token classification: cross entropy over labelled tokens; an evaluation adds seqeval's precision, recall, f1 and accuracy over the labelled tokens of each example, counted as the
 * batches pass. Examples of hone_token_examples that are windows of longer rows are merged: a word is scored once, in the window where it has most context on its poorer
 * side. model, which must be of HONE_TOKEN_CLASSIFICATION, is lent and outlives the task. options NULL: the defaults. Dispose with hone_task_dispose. One thread at a time. */
HONE_API hone_status hone_token_classification_task(hone_task *out, const hone_model *model,
                                                    const hone_token_classification_options *options);
/* The scores of such a task's last evaluation as a table for people, which says scheme and mode. Free with hone_free_text. HONE_INVALID_ARGUMENT when there was none. */
HONE_API hone_status hone_token_classification_report(char **out, const hone_task *task);

/* predictions (N of batch): the class with the highest logit for each token that has logits (those with a label >= 0, or all when the batch has no labels),
 * HONE_IGNORE_INDEX for the others. hone_batch_pad makes the padded view of it. Waits for the device; memory: a copy of the logits while it runs. */
HONE_API hone_status hone_token_predictions(int32_t *predictions, const hone_output *out, const hone_batch *batch);

typedef struct hone_text_classification_options {
    const char *glue_task;      /* "mrpc", …: the metrics that run_glue.py reports for it; NULL: those of the kind of labels */
    const float *class_weights; /* one for each class: see hone_task.class_weights; copied. NULL: all 1 */
} hone_text_classification_options;
#define HONE_TEXT_CLASSIFICATION_OPTIONS_INIT \
    {                                         \
        NULL, NULL                            \
    }

/* Text classification, by the configuration's problem_type. One class a row: cross entropy; an evaluation adds accuracy, and of glue_task f1 and combined_score (mrpc, qqp) or matthews_correlation (cola).
 * Numbers: squares; mse, pearson and spearmanr (stsb: without mse, with combined_score). Several classes a row: binary cross entropy; f1 (of all decisions together) and accuracy (of whole rows). Counts are taken
 * as the batches pass; of numbers 16 bytes a row are kept until the end. model, which must be of HONE_TEXT_CLASSIFICATION, is lent and outlives the task. options NULL: the defaults. HONE_INVALID_ARGUMENT: a task that GLUE
 * does not have, or one whose labels are of another kind than the model's. Dispose with hone_task_dispose. One thread at a time. */
HONE_API hone_status hone_text_classification_task(hone_task *out, const hone_model *model,
                                                   const hone_text_classification_options *options);

/* predictions (R of batch): the class with the highest logit of each row. Waits for the device; memory: a copy of the logits while it runs. */
HONE_API hone_status hone_row_predictions(int32_t *predictions, const hone_output *out, const hone_batch *batch);

/* Masked language modelling: cross entropy over the tokens that were drawn, the mean over those of the whole accumulated batch. Batches of the training are masked anew in each epoch, with the
 * seed of masking; those of an evaluation with one seed and one place of their own, so that every evaluation of the same examples, of this model or another, sees the same masks (masking->seed and
 * for_evaluation do not count there). exp(eval_loss) is the perplexity. model, which must be of HONE_MASKED_LM, is not kept; masking NULL: the defaults. HONE_INVALID_ARGUMENT: see hone_masker_new; a
 * tokenizer with more tokens than the model's vocabulary. Dispose with hone_task_dispose. One thread at a time. */
HONE_API hone_status hone_masked_lm_task(hone_task *out, const hone_model *model, const hone_tokenizer *tokenizer,
                                         const hone_masking_options *masking);

#ifdef __cplusplus
}
#endif
#endif
