/* Jobs from the inside. A task is one file here that fills a hone_job_class: its table of data options, how tokenizer, model and examples come about, what it adds to the
 * results. job.c keeps the options, job_run.c does what all tasks have in common. */
#ifndef HONE_TASKS_JOB_H
#define HONE_TASKS_JOB_H

#include "tasks/common_options.h"
#include "train/args/args.h"
#include <hone/dataset.h>
#include <hone/job.h>
#include <hone/qa.h>
#include <stdatomic.h>

/* Options of every job beside the task's and the trainer's. */
#define HONE__QUANTIZATIONS "none|int8" /* as HONE_QUANTIZATION_MAP has them */
typedef struct hone_job_options {
    int quantize; /* hone_quantization; of an evaluation */
    char *config, *save_args;
    char *device;
    int64_t threads;
    int64_t early_stopping_patience; /* 0: no early stopping */
    double early_stopping_threshold;
    bool do_predict;
} hone_job_options;

/* What a task's set-up makes; job_run.c frees it. */
typedef struct hone_job_parts {
    hone_device *device;       /* opened before set-up */
    hone_tokenizer *tokenizer; /* read before set-up */
    hone_model *model;
    hone_examples *train, *eval, *all; /* all: what train and eval are parts of */
    hone_examples *test;               /* of --test_file: to be predicted */
    hone_dataset *test_data;           /* its rows */
    hone_questions *questions[3];      /* of question answering, for training, evaluation, prediction: the class's to free */
    hone_task task;                    /* task.self is the class's to free (free_task) */
} hone_job_parts;

typedef struct hone_job_class {
    hone_task_kind kind;
    const hone_option_table *options; /* of a struct that begins with hone_common_options */
    size_t options_size;
    /* Refuses combinations of options, before anything is opened. */
    hone_status (*check)(const hone_job *job);
    hone_status (*set_up)(hone_job *job, hone_job_parts *parts);
    void (*free_task)(hone_job_parts *parts);
    /* Adds to the metrics of an evaluation what the task reports beside them ("perplexity"). */
    hone_status (*report)(hone_metrics *metrics);
    /* Predictions of parts->test into the output folder, and the metrics of that ("predict_…"). NULL: the task predicts no files. */
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
    int output_lock;        /* of the output folder while it trains, until the trainer takes it; -1: not held */
};

/* ---- what tasks have in common (job_parts.c) ---- */

const hone_common_options *hone__job_common(const hone_job *job);
/* Whether the first training rows are for validation. */
bool hone__job_splits(const hone_job *job);
/* Whether there is something to evaluate, or to predict. */
bool hone__job_has_eval(const hone_job *job);
bool hone__job_has_test(const hone_job *job);
/* Threads that prepare data; 0: all cores. */
int hone__job_workers(const hone_job *job);
/* Where the tokenizer comes from: --tokenizer_name, else the model's folder. */
const char *hone__job_tokenizer_name(const hone_job *job);

/* Refuses options that name no model, or a shape for one that has its own: what the tasks that fine-tune have in common. */
hone_status hone__job_check_model(const hone_job *job);
/* Refuses a --format that is none of formats, NULL-terminated; what: as a message lists them. */
hone_status hone__job_check_format(const hone_job *job, const char *const *formats, const char *what);
/* Refuses --max_train_samples 0 and so on; what: "rows". */
hone_status hone__job_check_samples(const hone_job *job, const char *what);

/* The id of a special token for a new model's configuration; -1, the folder's own, where the model comes from one. */
int64_t hone__job_new_id(const hone_job *job, const hone_job_parts *parts, hone_special_token which);
/* parts->model: that of --model_name_or_path, else a new one of --model_type, `type` by default, with the tokenizer's vocabulary; without its weights when it is to be trained.
 * m: what the task asks for beside that. Refuses a folder of another type, and a tokenizer with more tokens than the model knows. */
hone_status hone__job_make_model(hone_job_parts *parts, const hone_job *job, hone_model_options m, const char *type);
/* --max_seq_length, or else `most` or the model's positions, what is less. Refuses more than those; also: a further remedy ("; …"), or "". */
hone_status hone__job_settle_length(size_t *out, const hone_job *job, const hone_job_parts *parts, int64_t most, const char *also);

/* parts->eval and parts->train out of parts->all: the first rows are for validation, as many as --validation_split_percentage says and --max_eval_samples leaves of them; of those behind them
 * --max_train_samples are trained on. windows: of examples that are windows of rows; NULL: each is a row. what: as a message calls rows. */
hone_status hone__job_split(hone_job_parts *parts, const hone_job *job, const hone_token_examples_info *windows, const char *what);

/* Predictions of parts->test, which `write` puts into the file `name` of the output folder, and their metrics ("predict_f1"), of n_samples. */
typedef hone_status (*hone_job_writer)(const char *path, const hone_job_parts *parts, const hone_predictions *p);
hone_status hone__job_predict(const hone_job_parts *parts, hone_trainer *trainer, const char *name, hone_job_writer write,
                              int64_t n_samples, hone_metrics *metrics);

/* hone_job_read_config for a text; name: the file's, for messages. */
hone_status hone__job_read_config(hone_job *job, const char *text, size_t len, const char *name);

extern const hone_job_class hone__causal_lm_job;
extern const hone_job_class hone__masked_lm_job;
extern const hone_job_class hone__text_classification_job;
extern const hone_job_class hone__token_classification_job;
extern const hone_job_class hone__question_answering_job;
extern const hone_option_table hone__job_table;

#endif
