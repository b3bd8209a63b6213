/* What the files of `hone pipeline` share: options, which of them a task has, answering texts, showing answers to people. */
#ifndef HONE_CLI_PIPELINE_H
#define HONE_CLI_PIPELINE_H

#include "cli/cli.h"

#include <hone/pipeline.h>
#include <hone/profile.h>

typedef enum pipeline_format { FORMAT_AUTO, FORMAT_JSON, FORMAT_TEXT } pipeline_format;

/* Of all tasks; those of other tasks stay zero. */
typedef struct pipeline_options {
    char *model, *input, *output;
    int64_t batch_size;
    int quantize; /* hone_quantization */
    bool profile;
    char *profile_trace;
    hone_profile *profiling; /* of this run; NULL: none */
    /* token-classification */
    int aggregation, format; /* aggregation: 0 auto, else 1 + hone_aggregation; pipeline_format */
    char *ignore_labels;
    int64_t stride;
    bool truncation;
    /* text-classification */
    char *top_labels, *text_pair; /* top_labels: "3", "all" */
    int function;                 /* hone_score_function */
    /* question-answering: the context is text_pair, how many answers top_k */
    char *question;
    int64_t max_answer_len, max_seq_len, doc_stride;
    bool handle_impossible_answer, no_align_to_words;
    /* fill-mask, which has top_labels and truncation too */
    char *targets;
    /* text-generation */
    int64_t max_new_tokens, top_k, num_beams, num_return_sequences, no_repeat_ngram_size;
    double temperature, top_p, repetition_penalty, length_penalty;
    bool do_sample, early_stopping;
} pipeline_options;

/* Shows n texts and their answers to people. */
typedef hone_status (*pipeline_show_fn)(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out);

typedef struct pipeline_task {
    hone_task_kind kind;
    const char *name;  /* as people call it: "text-generation" */
    const char *words; /* what stands on the command line: "TEXT"; NULL: nothing, but --question and --context */
    cli_spec spec;
    /* Fills out from o, of which it lends, cutting lists: CLI_OK, or the exit status of what was said to be wrong. A list goes to *owned, freed by the caller. */
    int (*fill)(hone_pipeline_options *out, const char ***owned, const pipeline_options *o, const cli_common *common);
    pipeline_show_fn show; /* NULL: answers are JSON */
} pipeline_task;

/* The task of a kind, NULL: none. All tasks: i from 0, NULL behind the last. */
const pipeline_task *pipeline_task_of(hone_task_kind kind);
const pipeline_task *pipeline_task_at(size_t i);
/* True when an option of argv belongs to another task only, which was said: CLI_USAGE. */
bool pipeline_has_foreign_option(const pipeline_task *task, int argc, char **argv);

/* Whether answers are for people instead of JSON: by --format, or on a terminal. */
bool pipeline_shows_text(const pipeline_options *o, const pipeline_task *task);

/* Lines of JSON from `in`, in batches; texts of the command line. n_errors counts answers that are errors. */
hone_status pipeline_run_lines(size_t *n_errors, hone_pipeline *pipeline, const pipeline_options *o, FILE *in, FILE *out);
hone_status pipeline_run_words(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out);
/* Texts with their entities marked, in colour where the terminal has any. */
hone_status pipeline_mark_words(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out);
/* Texts, each with its labels below it, a bar for each score. */
hone_status pipeline_show_labels(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out);
/* The context with the answer marked in it, and the others below. */
hone_status pipeline_mark_answer(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out);

/* --profile, --profile_trace: starts o->profiling on the device, with the model still to be loaded; nothing when neither is given. */
hone_status pipeline_profile_start(pipeline_options *o, hone_device *device);
/* The model is loaded: what comes from here on are answers. */
void pipeline_profile_loaded(const pipeline_options *o);
/* Tables on standard error, and the trace; the profile ends. */
hone_status pipeline_profile_end(pipeline_options *o, bool succeeded);

/* Whether out is a terminal that shows colours, and NO_COLOR does not stand against them. */
bool pipeline_has_colours(FILE *out);
/* Text for a terminal: characters that would steer it become '?'. */
void pipeline_put_plain(FILE *out, const char *text, size_t len);

#endif
