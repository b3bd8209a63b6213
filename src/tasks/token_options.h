/* The options of token classification: run_ner.py's data and model arguments by their names, and hone's own. */
#ifndef HONE_TASKS_TOKEN_OPTIONS_H
#define HONE_TASKS_TOKEN_OPTIONS_H

#include "tasks/job.h"

typedef struct hone_token_options {
    hone_common_options common;
    char *scheme, *seqeval_scheme;
    int64_t stride;
    bool label_all_tokens, return_entity_level_metrics;
    int seqeval_mode; /* HONE_SEQEVAL_MODE_… */
} hone_token_options;

enum { HONE_SEQEVAL_MODE_DEFAULT, HONE_SEQEVAL_MODE_STRICT };

extern const hone_option_table hone__token_option_table;
/* Refuses what contradicts, before anything is opened. */
hone_status hone__token_options_check(const hone_job *job);

#endif
