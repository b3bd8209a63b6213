/* The table of text classification's options, which of them exclude each other, and GLUE's classes. */
#include "tasks/row_options.h"
#include "tasks/class_list.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(hone_row_options, field)
static const char model_group[] = "Model", data_group[] = "Data", loss_group[] = "Loss";

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

    {"task_name", HONE_OPTION_STRING, AT(task_name), NULL, 0, 0, NULL, data_group,
     "a task of GLUE, for its classes and metrics: cola, mnli, mrpc, qnli, qqp, rte, sst2, stsb, wnli"},
    {"train_file", HONE_OPTION_STRINGS, AT(train_file), NULL, 0, 0, NULL, data_group, "files and folders to train on"},
    {"validation_file", HONE_OPTION_STRINGS, AT(validation_file), NULL, 0, 0, NULL, data_group, "files and folders to evaluate on"},
    {"test_file", HONE_OPTION_STRINGS, AT(test_file), NULL, 0, 0, NULL, data_group,
     "files and folders to predict: predict_results.txt, or predict_results_TASK.txt"},
    {"validation_split_percentage", HONE_OPTION_INT, AT(validation_split_percentage), "0", 0, 90, NULL, data_group,
     "without a validation file: the first N % of the training rows"},
    {"glob", HONE_OPTION_STRING, AT(glob), NULL, 0, 0, NULL, data_group, "picks files inside folders by name: '*.tsv'"},
    {"format", HONE_OPTION_STRING, AT(format), NULL, 0, 0, NULL, data_group, "tsv, csv or jsonl (by extension and content)"},
    {"header", HONE_OPTION_ENUM, AT(header), "auto", 0, 0, "auto|yes|no", data_group, "csv, tsv: whether the first line names the columns"},
    {"text_column_name", HONE_OPTION_STRING, AT(text_column_name), NULL, 0, 0, NULL, data_group,
     "the column of the (first) text (sentence, sentence1, text, …)"},
    {"text_pair_column_name", HONE_OPTION_STRING, AT(text_pair_column_name), NULL, 0, 0, NULL, data_group,
     "the column of the second text (sentence2, …)"},
    {"label_column_name", HONE_OPTION_STRING, AT(label_column_name), NULL, 0, 0, NULL, data_group,
     "the column of the labels (label, Quality, score, …)"},
    {"label_names", HONE_OPTION_STRINGS, AT(label_names), NULL, 0, 0, NULL, data_group,
     "the classes in order of their ids (the model's, GLUE's, or found in the data)"},
    {"max_seq_length", HONE_OPTION_INT, AT(max_seq_length), "0", 0, 1e9, NULL, data_group,
     "tokens of an example, special ones included (0: what the model takes); longer ones are cut"},
    {"pad_to_max_length", HONE_OPTION_BOOL, AT(pad_to_max_length), "false", 0, 0, NULL, data_group, "accepted: nothing is ever padded"},
    {"max_train_samples", HONE_OPTION_INT, AT(max_train_samples), "-1", -1, 9e18, NULL, data_group, "train on the first N rows only"},
    {"max_eval_samples", HONE_OPTION_INT, AT(max_eval_samples), "-1", -1, 9e18, NULL, data_group, "evaluate on the first N rows only"},
    {"max_predict_samples", HONE_OPTION_INT, AT(max_predict_samples), "-1", -1, 9e18, NULL, data_group, "predict the first N rows only"},
    {"overwrite_cache", HONE_OPTION_BOOL, AT(overwrite_cache), "false", 0, 0, NULL, data_group, "accepted: there is no cache to overwrite"},
    {"preprocessing_num_workers", HONE_OPTION_INT, AT(preprocessing_num_workers), "0", 0, 4096, NULL, data_group,
     "threads that tokenize (0: all cores)"},

    {"problem_type", HONE_OPTION_ENUM, AT(problem_type), "auto", 0, 0,
     "auto|single_label_classification|multi_label_classification|regression", loss_group,
     "what the labels are; auto: numbers with a point are for regression, lists of names for several labels"},
    {"do_regression", HONE_OPTION_BOOL, AT(do_regression), "false", 0, 0, NULL, loss_group, "the same as --problem_type regression"},
    {"class_weights", HONE_OPTION_STRING, AT(class_weights), NULL, 0, 0, NULL, loss_group,
     "of the loss: balanced (rows / (classes * rows of the class)), or a number for each class: 1,2.5"},
};
static const hone_option_alias aliases[] = {
    {"train_files", "train_file", NULL, NULL},
    {"validation_files", "validation_file", NULL, NULL},
    {"test_files", "test_file", NULL, NULL},
    {"max_length", "max_seq_length", NULL, NULL},
};
const hone_option_table hone__row_option_table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

const char *const *hone__glue_classes(const char *task)
{
    static const char *const cola[] = {"unacceptable", "acceptable", NULL}, *const sst2[] = {"negative", "positive", NULL},
                             *const mrpc[] = {"not_equivalent", "equivalent", NULL}, *const qqp[] = {"not_duplicate", "duplicate", NULL},
                             *const mnli[] = {"entailment", "neutral", "contradiction", NULL},
                             *const nli[] = {"entailment", "not_entailment", NULL}, *const wnli[] = {"not_entailment", "entailment", NULL};
    static const struct {
        const char *task;
        const char *const *classes;
    } tasks[] = {{"cola", cola}, {"sst2", sst2}, {"mrpc", mrpc}, {"qqp", qqp}, {"mnli", mnli}, {"qnli", nli}, {"rte", nli}, {"wnli", wnli}};
    for (size_t i = 0; task && i < sizeof(tasks) / sizeof(*tasks); i++)
        if (strcmp(tasks[i].task, task) == 0)
            return tasks[i].classes;
    return NULL;
}

static hone_status check_problem(const hone_row_options *o)
{
    bool numbers = false;
    if (o->task_name && (!hone_glue_task(o->task_name, &numbers) || (!numbers && !hone__glue_classes(o->task_name))))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--task_name: GLUE has no task \"%s\"", o->task_name),
                          "there are cola, mnli, mrpc, qnli, qqp, rte, sst2, stsb, wnli; leave it out for other data");
    bool asks = o->do_regression || o->problem_type == HONE_PROBLEM_TYPE_REGRESSION;
    if (o->do_regression && o->problem_type != HONE_PROBLEM_TYPE_AUTO && o->problem_type != HONE_PROBLEM_TYPE_REGRESSION)
        return hone__fail(HONE_INVALID_ARGUMENT, "--do_regression: --problem_type says something else");
    if (o->task_name && (numbers ? o->problem_type != HONE_PROBLEM_TYPE_AUTO && !asks : asks || o->problem_type == HONE_PROBLEM_TYPE_MULTI))
        return hone__fail(HONE_INVALID_ARGUMENT, "--problem_type: the labels of --task_name %s are %s", o->task_name,
                          numbers ? "numbers" : "classes, one a row");
    if (o->class_weights && (numbers || asks || o->problem_type == HONE_PROBLEM_TYPE_MULTI))
        return hone__fail(HONE_INVALID_ARGUMENT, "--class_weights: they are for rows with one class each");
    return HONE_OK;
}

hone_status hone__row_options_check(const hone_job *job)
{
    const hone_row_options *o = job->task_options;
    HONE_TRY(hone__job_check_model(job, o->model_name_or_path, o->tokenizer_name, o->config_overrides));
    HONE_TRY(hone__job_check_samples(o->max_train_samples, o->max_eval_samples, o->max_predict_samples, "rows"));
    HONE_TRY(hone__class_list_check_given(&o->label_names, "negative,positive"));
    if (job->kind == HONE_JOB_EVALUATE && o->class_weights && strcmp(o->class_weights, "balanced") == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--class_weights: balanced by which training data?"),
                          "give a number for each class, or leave it out");
    if (o->format && strcmp(o->format, "conll") == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--format: conll holds words with tags, not texts with labels"),
                          "give tsv, csv or jsonl");
    return check_problem(o);
}
