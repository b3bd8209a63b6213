/* The table of token classification's options, and which of them exclude each other. */
#include "tasks/token_options.h"
#include "tasks/class_list.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(hone_token_options, field)
static const char model_group[] = "Model", data_group[] = "Data", score_group[] = "Scores";

static const hone_option rows[] = {
    {"model_name_or_path", HONE_OPTION_STRING, AT(model_name_or_path), NULL, 0, 0, NULL, model_group,
     "folder of a pretrained or fine-tuned model; without it a new model is made"},
    {"model_type", HONE_OPTION_STRING, AT(model_type), NULL, 0, 0, NULL, model_group, "what a new model is: bert, distilbert (bert)"},
    {"config_overrides", HONE_OPTION_STRING, AT(config_overrides), NULL, 0, 0, NULL, model_group,
     "the shape of a new model: hidden_size=128,num_hidden_layers=2"},
    {"tokenizer_name", HONE_OPTION_STRING, AT(tokenizer_name), NULL, 0, 0, NULL, model_group,
     "folder or file of the tokenizer (the model's own)"},
    {"dropout", HONE_OPTION_DOUBLE, AT(dropout), "-1", -1, 0.9999999, NULL, model_group,
     "replaces every dropout probability of the model (-1: the model's own)"},
    {"ignore_mismatched_sizes", HONE_OPTION_BOOL, AT(ignore_mismatched_sizes), "false", 0, 0, NULL, model_group,
     "make a new head where the folder's has another number of classes"},

    {"train_file", HONE_OPTION_STRINGS, AT(train_file), NULL, 0, 0, NULL, data_group, "files and folders to train on"},
    {"validation_file", HONE_OPTION_STRINGS, AT(validation_file), NULL, 0, 0, NULL, data_group, "files and folders to evaluate on"},
    {"test_file", HONE_OPTION_STRINGS, AT(test_file), NULL, 0, 0, NULL, data_group, "files and folders to predict: predictions.txt"},
    {"validation_split_percentage", HONE_OPTION_INT, AT(validation_split_percentage), "0", 0, 90, NULL, data_group,
     "without a validation file: the first N % of the training rows"},
    {"glob", HONE_OPTION_STRING, AT(glob), NULL, 0, 0, NULL, data_group, "picks files inside folders by name: '*.conll'"},
    {"format", HONE_OPTION_STRING, AT(format), NULL, 0, 0, NULL, data_group, "conll, jsonl, csv or tsv (by extension and content)"},
    {"header", HONE_OPTION_ENUM, AT(header), "auto", 0, 0, "auto|yes|no", data_group, "csv, tsv: whether the first line names the columns"},
    {"text_column_name", HONE_OPTION_STRING, AT(text_column_name), NULL, 0, 0, NULL, data_group, "the column of the words (tokens)"},
    {"label_column_name", HONE_OPTION_STRING, AT(label_column_name), NULL, 0, 0, NULL, data_group, "the column of the tags (ner_tags)"},
    {"label_names", HONE_OPTION_STRINGS, AT(label_names), NULL, 0, 0, NULL, data_group,
     "the classes in order of their ids (the model's, or found in the data)"},
    {"scheme", HONE_OPTION_STRING, AT(scheme), NULL, 0, 0, NULL, data_group,
     "of the tags in the files: IOB1, IOB2, IOE1, IOE2, IOBES, BILOU, IO, none (found out)"},
    {"max_seq_length", HONE_OPTION_INT, AT(max_seq_length), "0", 0, 1e9, NULL, data_group,
     "tokens of an example, special ones included (0: what the model takes)"},
    {"stride", HONE_OPTION_INT, AT(stride), "0", 0, 1e9, NULL, data_group,
     "> 0: longer rows become windows that share so many tokens; otherwise they are cut"},
    {"pad_to_max_length", HONE_OPTION_BOOL, AT(pad_to_max_length), "false", 0, 0, NULL, data_group, "accepted: nothing is ever padded"},
    {"label_all_tokens", HONE_OPTION_BOOL, AT(label_all_tokens), "true", 0, 0, NULL, data_group,
     "label every token of a word (as the course); false: only its first (as run_ner.py)"},
    {"max_train_samples", HONE_OPTION_INT, AT(max_train_samples), "-1", -1, 9e18, NULL, data_group, "train on the first N rows only"},
    {"max_eval_samples", HONE_OPTION_INT, AT(max_eval_samples), "-1", -1, 9e18, NULL, data_group, "evaluate on the first N rows only"},
    {"max_predict_samples", HONE_OPTION_INT, AT(max_predict_samples), "-1", -1, 9e18, NULL, data_group, "predict the first N rows only"},
    {"overwrite_cache", HONE_OPTION_BOOL, AT(overwrite_cache), "false", 0, 0, NULL, data_group, "accepted: there is no cache to overwrite"},
    {"preprocessing_num_workers", HONE_OPTION_INT, AT(preprocessing_num_workers), "0", 0, 4096, NULL, data_group,
     "threads that tokenize (0: all cores)"},

    {"return_entity_level_metrics", HONE_OPTION_BOOL, AT(return_entity_level_metrics), "false", 0, 0, NULL, score_group,
     "precision, recall, f1 and number of each type too"},
    {"seqeval_mode", HONE_OPTION_ENUM, AT(seqeval_mode), "default", 0, 0, "default|strict", score_group,
     "default: as conlleval; strict: only entities that follow the scheme"},
    {"seqeval_scheme", HONE_OPTION_STRING, AT(seqeval_scheme), NULL, 0, 0, NULL, score_group,
     "of the strict mode: IOB2, IOBES, … (found out from the labels)"},
};
static const hone_option_alias aliases[] = {
    {"train_files", "train_file", NULL, NULL}, {"validation_files", "validation_file", NULL, NULL},
    {"test_files", "test_file", NULL, NULL},   {"max_length", "max_seq_length", NULL, NULL},
    {"doc_stride", "stride", NULL, NULL},
};
const hone_option_table hone__token_option_table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

static hone_status check_format(const char *format)
{
    static const char *const formats[] = {"conll", "jsonl", "json", "csv", "tsv"};
    for (size_t i = 0; format && i < sizeof(formats) / sizeof(*formats); i++)
        if (strcmp(format, formats[i]) == 0)
            return HONE_OK;
    return format ? hone__fail(HONE_INVALID_ARGUMENT, "--format: must be conll, jsonl, csv or tsv, is \"%s\"", format) : HONE_OK;
}

hone_status hone__token_options_check(const hone_job *job)
{
    const hone_token_options *o = job->task_options;
    hone_tag_scheme scheme;
    HONE_TRY(hone__job_check_model(job, o->model_name_or_path, o->tokenizer_name, o->config_overrides));
    HONE_TRY(check_format(o->format));
    HONE_TRY(hone__job_check_samples(o->max_train_samples, o->max_eval_samples, o->max_predict_samples, "rows"));
    HONE_TRY(hone__class_list_check_given(&o->label_names, "O,B-PER,I-PER,…"));
    if (o->scheme && hone_tag_scheme_parse(&scheme, o->scheme) != HONE_OK)
        return hone__fail_in(HONE_INVALID_ARGUMENT, "--scheme");
    if (o->seqeval_scheme && hone_tag_scheme_parse(&scheme, o->seqeval_scheme) != HONE_OK)
        return hone__fail_in(HONE_INVALID_ARGUMENT, "--seqeval_scheme");
    if (o->seqeval_scheme && o->seqeval_mode != HONE_SEQEVAL_MODE_STRICT)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--seqeval_scheme: the default mode has no scheme"),
                          "give --seqeval_mode strict too");
    if (o->stride && o->max_seq_length && o->stride >= o->max_seq_length)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--stride: %lld tokens leave no room in windows of %lld", (long long)o->stride,
                                     (long long)o->max_seq_length),
                          "give less --stride, or more --max_seq_length");
    return HONE_OK;
}
