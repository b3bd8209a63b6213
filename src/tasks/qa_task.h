/* Question answering from the inside: what the job (question_answering.c), the scores (qa_task.c) and the files (qa_output.c) share. */
#ifndef HONE_TASKS_QA_TASK_H
#define HONE_TASKS_QA_TASK_H

#include "base/file.h"

#include <hone/qa.h>

/* The files of answers while an evaluation runs: written question by question, in place when it ends. */
typedef struct hone_qa_files {
    hone_file_writer *predictions, *nbest, *null_odds; /* NULL: not written */
    hone_str text;
    bool any;
} hone_qa_files;
hone_status hone__qa_files_open(hone_qa_files *f, const char *folder, const char *prefix, bool null_odds);
/* answer: of the question x, as it counts. */
hone_status hone__qa_files_add(hone_qa_files *f, const hone_question *x, hone_text answer, const hone_qa_result *r);
hone_status hone__qa_files_commit(hone_qa_files *f);
void hone__qa_files_abort(hone_qa_files *f);

/* An evaluation without labels, as hone_task's eval_… do it: begin, each batch, end. */
hone_status hone__qa_begin(hone_task *task, const hone_examples *examples);
hone_status hone__qa_batch(hone_task *task, hone_tape *t, hone_output *out, const hone_batch *batch);
hone_status hone__qa_end(hone_task *task);

/* The threshold that the last evaluation found best for F1; false when there was none with version 2. */
bool hone__qa_best_threshold(double *out, const hone_task *task);
void hone__qa_set_threshold(hone_task *task, double threshold);

#endif
