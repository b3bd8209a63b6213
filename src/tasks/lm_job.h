/* What the jobs of language models share: their options, blocks of texts, a validation part, perplexity. */
#ifndef HONE_TASKS_LM_JOB_H
#define HONE_TASKS_LM_JOB_H

#include "tasks/job.h"
#include <hone/text.h>

/* The first member of their options. */
typedef struct hone_lm_options {
    hone_common_options common;
    char *cache_dir;
    bool line_by_line;
} hone_lm_options;

/* clang-format off */
#define HONE__ROW_LINES(help) {"line_by_line", HONE_OPTION_BOOL, offsetof(hone_lm_options, line_by_line), "false", 0, 0, NULL, "Data", help}
#define HONE__ROWS_CACHE \
    HONE__ROW_CACHE("tokenize again although the cache has it"), \
    {"cache_dir", HONE_OPTION_STRING, offsetof(hone_lm_options, cache_dir), NULL, 0, 0, NULL, "Data", \
     "where tokenized texts are kept ($HONE_CACHE, ~/.cache/hone)"}
/* clang-format on */

/* Refuses options that name no model and no tokenizer, a --format that texts do not have, and 0 samples; hint: where a tokenizer comes from. */
hone_status hone__lm_check(const hone_job *job, const char *hint);
/* parts->train and parts->eval out of the files, or of parts->all, whose first examples are for validation. text and blocks: what the task asks for; the options say the rest. texts and
 * examples: what a document and an example are called ("documents", "blocks of"). */
hone_status hone__lm_make_examples(const hone_job *job, hone_job_parts *parts, hone_text_options text, hone_blocks_options blocks,
                                   const char *texts, const char *examples);
/* perplexity = exp(eval_loss), beside eval_loss where that is there. */
hone_status hone__lm_report(hone_metrics *metrics);

#endif
