/* The options of question answering: run_qa.py's data and model arguments by their names, and hone's own. */
#ifndef HONE_TASKS_QA_OPTIONS_H
#define HONE_TASKS_QA_OPTIONS_H

#include "tasks/job.h"

typedef struct hone_qa_options {
    hone_common_options common;
    int64_t doc_stride, n_best_size, max_answer_length;
    bool version_2_with_negative;
    char *null_score_diff_threshold; /* NULL: not given; hone__qa_threshold reads it */
} hone_qa_options;

extern const hone_option_table hone__qa_option_table;
/* Refuses what contradicts, before anything is opened. */
hone_status hone__qa_options_check(const hone_job *job);

#endif
