/* The options of question answering: run_qa.py's data and model arguments by their names, and hone's own. */
#ifndef HONE_TASKS_QA_OPTIONS_H
#define HONE_TASKS_QA_OPTIONS_H

#include "tasks/job.h"

typedef struct hone_qa_options {
    char *model_name_or_path, *model_type, *config_overrides, *tokenizer_name;
    double dropout;
    hone_strings train_file, validation_file, test_file;
    char *glob;
    int64_t max_seq_length, doc_stride;
    bool pad_to_max_length, overwrite_cache;
    int64_t max_train_samples, max_eval_samples, max_predict_samples, preprocessing_num_workers;
    int64_t n_best_size, max_answer_length;
    bool version_2_with_negative;
    char *null_score_diff_threshold; /* NULL: not given; hone__qa_threshold reads it */
} hone_qa_options;

extern const hone_option_table hone__qa_option_table;
/* Refuses what contradicts, before anything is opened. */
hone_status hone__qa_options_check(const hone_job *job);

#endif
