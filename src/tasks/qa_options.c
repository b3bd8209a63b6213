/* The table of question answering's options, and which of them exclude each other. */
#include "tasks/qa_options.h"
#include "base/str.h"

#include <stddef.h>

#define AT(field) offsetof(hone_qa_options, field)
static const char model_group[] = "Model", data_group[] = "Data", answer_group[] = "Answers";

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

    {"train_file", HONE_OPTION_STRINGS, AT(train_file), NULL, 0, 0, NULL, data_group,
     "files to train on: SQuAD's JSON, or objects with id, context, question, answers"},
    {"validation_file", HONE_OPTION_STRINGS, AT(validation_file), NULL, 0, 0, NULL, data_group,
     "files to evaluate on; the answers go to predictions.json and nbest_predictions.json"},
    {"test_file", HONE_OPTION_STRINGS, AT(test_file), NULL, 0, 0, NULL, data_group,
     "files to answer, with or without answers of their own: predict_predictions.json"},
    {"glob", HONE_OPTION_STRING, AT(glob), NULL, 0, 0, NULL, data_group, "picks files inside folders by name: '*.json'"},
    {"max_seq_length", HONE_OPTION_INT, AT(max_seq_length), "0", 0, 1e9, NULL, data_group,
     "tokens of a window, question and special ones included (0: 384, or what the model takes)"},
    {"doc_stride", HONE_OPTION_INT, AT(doc_stride), "128", 0, 1e9, NULL, data_group, "tokens that neighbouring windows of a passage share"},
    {"pad_to_max_length", HONE_OPTION_BOOL, AT(pad_to_max_length), "true", 0, 0, NULL, data_group, "accepted: nothing is ever padded"},
    {"max_train_samples", HONE_OPTION_INT, AT(max_train_samples), "-1", -1, 9e18, NULL, data_group, "train on the first N questions only"},
    {"max_eval_samples", HONE_OPTION_INT, AT(max_eval_samples), "-1", -1, 9e18, NULL, data_group, "evaluate on the first N questions only"},
    {"max_predict_samples", HONE_OPTION_INT, AT(max_predict_samples), "-1", -1, 9e18, NULL, data_group,
     "answer the first N questions only"},
    {"overwrite_cache", HONE_OPTION_BOOL, AT(overwrite_cache), "false", 0, 0, NULL, data_group, "accepted: there is no cache to overwrite"},
    {"preprocessing_num_workers", HONE_OPTION_INT, AT(preprocessing_num_workers), "0", 0, 4096, NULL, data_group,
     "threads that tokenize (0: all cores)"},

    {"n_best_size", HONE_OPTION_INT, AT(n_best_size), "20", 1, 100000, NULL, answer_group,
     "starts and ends of a window, and answers, that are kept"},
    {"max_answer_length", HONE_OPTION_INT, AT(max_answer_length), "30", 1, 1e9, NULL, answer_group, "tokens of the longest answer"},
    {"version_2_with_negative", HONE_OPTION_BOOL, AT(version_2_with_negative), "false", 0, 0, NULL, answer_group,
     "questions may have no answer (SQuAD 2.0)"},
    {"null_score_diff_threshold", HONE_OPTION_STRING, AT(null_score_diff_threshold), NULL, 0, 0, NULL, answer_group,
     "no answer where its score is so much above the best answer's (what the model's training found best, else 0)"},
};
static const hone_option_alias aliases[] = {
    {"train_files", "train_file", NULL, NULL}, {"validation_files", "validation_file", NULL, NULL},
    {"test_files", "test_file", NULL, NULL},   {"max_length", "max_seq_length", NULL, NULL},
    {"stride", "doc_stride", NULL, NULL},      {"max_answer_len", "max_answer_length", NULL, NULL},
};
const hone_option_table hone__qa_option_table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

hone_status hone__qa_options_check(const hone_job *job)
{
    const hone_qa_options *o = job->task_options;
    double threshold;
    HONE_TRY(hone__job_check_model(job, o->model_name_or_path, o->tokenizer_name, o->config_overrides));
    HONE_TRY(hone__job_check_samples(o->max_train_samples, o->max_eval_samples, o->max_predict_samples, "questions"));
    if (o->max_seq_length && o->doc_stride >= o->max_seq_length)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--doc_stride: %lld tokens leave no room in windows of %lld",
                                     (long long)o->doc_stride, (long long)o->max_seq_length),
                          "give less --doc_stride, or more --max_seq_length");
    if (o->null_score_diff_threshold && !hone__parse_double(&threshold, o->null_score_diff_threshold))
        return hone__fail(HONE_INVALID_ARGUMENT, "--null_score_diff_threshold: \"%s\" is no number", o->null_score_diff_threshold);
    if (o->null_score_diff_threshold && !o->version_2_with_negative)
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "--null_score_diff_threshold: without --version_2_with_negative every question is answered"),
            "give --version_2_with_negative too");
    return HONE_OK;
}
