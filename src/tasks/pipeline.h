/* Pipelines from the inside. A task is one hone_pipeline_class; pipeline.c loads what all of them need and lets callers in one at a time. */
#ifndef HONE_TASKS_PIPELINE_H
#define HONE_TASKS_PIPELINE_H

#include "base/json.h"

#include <hone/pipeline.h>
#include <pthread.h>

typedef struct hone_pipeline_class {
    hone_task_kind kind;
    /* Fills answers[i] for each i whose inputs[i] is not NULL; one input's own failure is its answer (hone__pipeline_error). */
    hone_status (*answer)(hone_pipeline *p, const json_t *const *inputs, size_t n, char **answers, size_t *n_errors);
} hone_pipeline_class;

struct hone_pipeline {
    const hone_pipeline_class *class;
    hone_pipeline_options options;
    hone_device *own_device; /* NULL: lent */
    hone_model *model;
    hone_tokenizer *tokenizer;          /* NULL: the folder has none */
    hone_error_state without_tokenizer; /* why */
    uint64_t n_sequences;               /* generated so far: sampling goes on, whatever the batches are */
    pthread_mutex_t lock;
};

extern const hone_pipeline_class hone__text_generation;

/* {"error": the thread's message}. */
hone_status hone__pipeline_error(char **answer);

#endif
