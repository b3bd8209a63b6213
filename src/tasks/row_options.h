/* The options of text classification: run_glue.py's data and model arguments by their names, and hone's own; what GLUE's tasks imply. */
#ifndef HONE_TASKS_ROW_OPTIONS_H
#define HONE_TASKS_ROW_OPTIONS_H

#include "tasks/job.h"

typedef struct hone_row_options {
    char *model_name_or_path, *model_type, *config_overrides, *tokenizer_name;
    double dropout;
    bool ignore_mismatched_sizes;
    char *task_name;
    hone_strings train_file, validation_file, test_file, label_names;
    int64_t validation_split_percentage;
    char *glob, *format, *text_column_name, *text_pair_column_name, *label_column_name;
    int header; /* hone_header */
    int64_t max_seq_length;
    bool pad_to_max_length, overwrite_cache, do_regression;
    int problem_type; /* HONE_PROBLEM_TYPE_… */
    int64_t max_train_samples, max_eval_samples, max_predict_samples, preprocessing_num_workers;
    char *class_weights;
} hone_row_options;

enum { HONE_PROBLEM_TYPE_AUTO, HONE_PROBLEM_TYPE_SINGLE, HONE_PROBLEM_TYPE_MULTI, HONE_PROBLEM_TYPE_REGRESSION };

extern const hone_option_table hone__row_option_table;
/* Refuses what contradicts, before anything is opened. */
hone_status hone__row_options_check(const hone_job *job);

/* The classes of a task of GLUE as the data set on the Hub has them, NULL-terminated, in order of their ids; NULL for stsb and for no task. */
const char *const *hone__glue_classes(const char *task);

#endif
