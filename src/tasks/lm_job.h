/* What the jobs of both kinds of language models share: texts as documents, a part of the training examples for validation, perplexity. */
#ifndef HONE_TASKS_LM_JOB_H
#define HONE_TASKS_LM_JOB_H

#include "tasks/job.h"

/* Refuses a --format that texts do not have. NULL is legal. */
hone_status hone__lm_check_format(const char *format);
/* As hone__job_check_model, for models that may begin anew; hint: where a tokenizer comes from. */
hone_status hone__lm_check_model(const hone_job *job, const char *model, const char *tokenizer, const char *overrides, const char *hint);
/* parts->eval and parts->train out of parts->all: the first `percentage` of a hundred are for validation; cut to as many as are wanted (< 0: all). */
hone_status hone__lm_split(hone_job_parts *parts, int64_t percentage, int64_t max_train_samples, int64_t max_eval_samples);
/* perplexity = exp(eval_loss), beside eval_loss where that is there. */
hone_status hone__lm_report(hone_metrics *metrics);

#endif
