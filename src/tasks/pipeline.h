/* Pipelines from the inside. A task is one hone_pipeline_class; pipeline.c loads what all of them need and lets callers in one at a time. */
#ifndef HONE_TASKS_PIPELINE_H
#define HONE_TASKS_PIPELINE_H

#include "base/json.h"

#include <hone/pipeline.h>
#include <pthread.h>

typedef struct hone_pipeline_class {
    hone_task_kind kind;
    bool works_without_tokenizer;
    hone_status (*check)(const hone_pipeline_options *options); /* before anything is loaded */
    hone_status (*open)(hone_pipeline *p);                      /* what the task keeps, once model and tokenizer are there; NULL: nothing */
    void (*close)(hone_pipeline *p);                            /* also after open failed or did not run; NULL: nothing */
    /* Fills answers[i] for each i whose inputs[i] is not NULL; one input's own failure is its answer (hone__pipeline_error). */
    hone_status (*answer)(hone_pipeline *p, const json_t *const *inputs, size_t n, char **answers, size_t *n_errors);
} hone_pipeline_class;

struct hone_pipeline {
    const hone_pipeline_class *class;
    hone_pipeline_options options;
    hone_device *own_device; /* NULL: lent */
    hone_model *model;
    hone_tokenizer *tokenizer;           /* NULL: the folder has none */
    hone_error_state without_tokenizer;  /* why */
    struct hone__tagger *tagger;         /* of token classification */
    struct hone__classifier *classifier; /* of text classification */
    struct hone__answerer *answerer;     /* of question answering */
    struct hone__filler *filler;         /* of fill-mask */
    uint64_t n_inputs;                   /* of JSON so far: the lines of a file, one call after the other */
    uint64_t n_sequences;                /* generated so far: sampling goes on, whatever the batches are */
    pthread_mutex_t lock;
};

extern const hone_pipeline_class hone__text_generation, hone__token_classification, hone__text_classification, hone__question_answering,
    hone__fill_mask;

/* The text of an input: itself when it is a string, else what stands under one of the NULL-terminated keys. NULL: none. */
const json_t *hone__pipeline_text(const json_t *input, const char *const *keys);

/* What ends everything, and is not one input's own fault. */
bool hone__pipeline_is_general(hone_status status);
/* {"error": the thread's message}. */
hone_status hone__pipeline_error(char **answer);
/* The same after an input's own failure, counted; a general failure is given back. */
hone_status hone__pipeline_own_error(hone_status status, char **answer, size_t *n_errors);

#endif
