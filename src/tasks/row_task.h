/* Text classification from the inside: what its job (text_classification.c) and its output share. */
#ifndef HONE_TASKS_ROW_TASK_H
#define HONE_TASKS_ROW_TASK_H

#include "base/file.h"
#include <hone/tasks.h>

/* predict_results.txt as run_glue.py writes it: a header "index TAB prediction", then a row a line: its class's name, its number with three decimals, or (sets of classes) its names between commas. */
hone_status hone__write_row_predictions(const char *path, const hone_model *model, const hone_predictions *p);

#endif
