/* The options of token classification: run_ner.py's data and model arguments by their names, and hone's own. */
#ifndef HONE_TASKS_TOKEN_OPTIONS_H
#define HONE_TASKS_TOKEN_OPTIONS_H

#include "tasks/job.h"

typedef struct hone_token_options {
    char *model_name_or_path, *model_type, *config_overrides, *tokenizer_name;
    double dropout;
    bool ignore_mismatched_sizes;
    hone_strings train_file, validation_file, test_file, label_names;
    int64_t validation_split_percentage;
    char *glob, *format, *text_column_name, *label_column_name, *scheme;
    int header; /* hone_header */
    int64_t max_seq_length, stride;
    bool pad_to_max_length, label_all_tokens, overwrite_cache;
    int64_t max_train_samples, max_eval_samples, max_predict_samples, preprocessing_num_workers;
    bool return_entity_level_metrics;
    int seqeval_mode; /* HONE_SEQEVAL_MODE_… */
    char *seqeval_scheme;
} hone_token_options;

enum { HONE_SEQEVAL_MODE_DEFAULT, HONE_SEQEVAL_MODE_STRICT };

extern const hone_option_table hone__token_option_table;
/* Refuses what contradicts, before anything is opened. */
hone_status hone__token_options_check(const hone_job *job);

#endif
