/* The options of text classification: run_glue.py's data and model arguments by their names, and hone's own; what GLUE's tasks imply. */
#ifndef HONE_TASKS_ROW_OPTIONS_H
#define HONE_TASKS_ROW_OPTIONS_H

#include "tasks/job.h"

typedef struct hone_row_options {
    hone_common_options common;
    char *task_name, *text_pair_column_name, *class_weights;
    bool do_regression;
    int problem_type; /* HONE_PROBLEM_TYPE_… */
} hone_row_options;

enum { HONE_PROBLEM_TYPE_AUTO, HONE_PROBLEM_TYPE_SINGLE, HONE_PROBLEM_TYPE_MULTI, HONE_PROBLEM_TYPE_REGRESSION };

extern const hone_option_table hone__row_option_table;
/* Refuses what contradicts, before anything is opened. */
hone_status hone__row_options_check(const hone_job *job);

/* The classes of a task of GLUE as the data set on the Hub has them, NULL-terminated, in order of their ids; NULL for stsb and for no task. */
const char *const *hone__glue_classes(const char *task);

#endif
