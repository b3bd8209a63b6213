/* Jobs from the inside. A task is one file here that fills a hone_job_class: its table of data options, how tokenizer, model and examples come about, what it adds to the
 * results. job.c keeps the options, job_run.c does what all tasks have in common. */
#ifndef HONE_TASKS_JOB_H
#define HONE_TASKS_JOB_H

#include "train/args/args.h"
#include <hone/dataset.h>
#include <hone/job.h>
#include <hone/qa.h>
#include <stdatomic.h>

/* Options of every job beside the task's and the trainer's. */
typedef struct hone_job_options {
    char *config, *save_args;
    char *device;
    int64_t threads;
    int64_t early_stopping_patience; /* 0: no early stopping */
    double early_stopping_threshold;
    bool do_predict;
} hone_job_options;

/* What a task's set-up makes; job_run.c frees it. */
typedef struct hone_job_parts {
    hone_device *device; /* opened before set-up */
    hone_tokenizer *tokenizer;
    hone_model *model;
    hone_examples *train, *eval, *all;     /* all: what train and eval are parts of */
    hone_examples *test;                   /* of --test_file: to be predicted */
    hone_dataset *test_data;               /* its rows */
    hone_questions *questions[3];          /* of question answering, for training, evaluation, prediction: the class's to free */
    hone_task task;                        /* task.self is the class's to free (free_task) */
    const char *base_model, *dataset_name; /* for the card; lent by the options */
} hone_job_parts;

typedef struct hone_job_class {
    hone_task_kind kind;
    const hone_option_table *options;
    size_t options_size;
    /* Refuses combinations of options, before anything is opened. */
    hone_status (*check)(const hone_job *job);
    hone_status (*set_up)(hone_job *job, hone_job_parts *parts);
    void (*free_task)(hone_job_parts *parts);
    /* Adds to the metrics of an evaluation what the task reports beside them ("perplexity"). */
    hone_status (*report)(hone_metrics *metrics);
    bool (*has_train)(const void *options), (*has_eval)(const void *options);
    /* Predictions of parts->test into the output folder, and the metrics of that ("predict_…"). NULL, and has_test too: the task predicts no files. */
    bool (*has_test)(const void *options);
    hone_status (*predict)(const hone_job *job, const hone_job_parts *parts, hone_trainer *trainer, hone_metrics *metrics);
    /* The last evaluation as a table for people; NULL: the numbers say it. */
    hone_status (*describe)(char **out, const hone_job_parts *parts);
} hone_job_class;

struct hone_job {
    hone_job_kind kind;
    const hone_job_class *class;
    void *task_options;
    hone_job_options run;
    hone_training_args args;
    hone_option_table own;      /* hone__job_table, or what an evaluation needs of it */
    hone_option_table training; /* the trainer's whole table, or what an evaluation needs of it */
    hone_option *training_rows;
    bool started;
    char *command_line; /* as hone_job_parse got it, for the model card */
    char *report;       /* the last evaluation as a table for people, or NULL */
    hone_early_stopping stopping;
    hone_callback callback; /* of stopping */
    atomic_int stop;        /* the trainer looks at it too */
};

/* Refuses options that name no model, or a shape for one that has its own: what the tasks that fine-tune have in common. */
hone_status hone__job_check_model(const hone_job *job, const char *model, const char *tokenizer, const char *overrides);
/* Refuses --max_train_samples 0 and so on; what: "rows". */
hone_status hone__job_check_samples(int64_t train, int64_t eval, int64_t predict, const char *what);

/* Refuses a tokenizer with more tokens than the model knows; one with fewer is worth a warning. is_own: it comes with the model. */
hone_status hone__job_check_vocabulary(const hone_job_parts *parts, const char *tokenizer, bool is_own);

/* hone_model_from_config whose failures name --config_overrides, where there are any. */
hone_status hone__job_new_model(hone_model **out, hone_task_kind task, const char *type, const hone_model_options *options);

/* "test_f1" → "predict_f1", as the reference's scripts name them. to is cleared first. */
hone_status hone__job_predict_metrics(hone_metrics *to, const hone_metrics *from);

/* hone_job_read_config for a text; name: the file's, for messages. */
hone_status hone__job_read_config(hone_job *job, const char *text, size_t len, const char *name);

extern const hone_job_class hone__causal_lm_job;
extern const hone_job_class hone__masked_lm_job;
extern const hone_job_class hone__text_classification_job;
extern const hone_job_class hone__token_classification_job;
extern const hone_job_class hone__question_answering_job;
extern const hone_option_table hone__job_table;

#endif
