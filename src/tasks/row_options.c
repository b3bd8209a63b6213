/* The table of text classification's options, which of them exclude each other, and GLUE's classes. */
#include "tasks/row_options.h"
#include "tasks/class_list.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(hone_row_options, field)
static const char data_group[] = "Data", loss_group[] = "Loss";

static const hone_option rows[] = {
    HONE__ROWS_FINE_TUNED("bert, distilbert, gpt2"),
    HONE__ROW_NEW_HEAD,

    {"task_name", HONE_OPTION_STRING, AT(task_name), NULL, 0, 0, NULL, data_group,
     "a task of GLUE, for its classes and metrics: cola, mnli, mrpc, qnli, qqp, rte, sst2, stsb, wnli"},
    HONE__ROWS_FILES,
    HONE__ROW_TEST_FILE("files and folders to predict: predict_results.txt, or predict_results_TASK.txt"),
    HONE__ROW_SPLIT("rows"),
    HONE__ROW_GLOB("*.tsv"),
    HONE__ROW_FORMAT("tsv, csv or jsonl (by extension and content)"),
    HONE__ROW_HEADER,
    HONE__ROW_TEXT_COLUMN(NULL, "the column of the (first) text (sentence, sentence1, text, …)"),
    {"text_pair_column_name", HONE_OPTION_STRING, AT(text_pair_column_name), NULL, 0, 0, NULL, data_group,
     "the column of the second text (sentence2, …)"},
    HONE__ROW_LABEL_COLUMN("the column of the labels (label, Quality, score, …)"),
    HONE__ROW_LABEL_NAMES("the model's, GLUE's, or found in the data"),
    HONE__ROW_LENGTH("tokens of an example, special ones included (0: what the model takes); longer ones are cut"),
    HONE__ROW_PADDING("false", HONE__NO_PADDING),
    HONE__ROWS_SAMPLES("rows"),
    HONE__ROW_PREDICTED("predict the first N rows only"),
    HONE__ROW_CACHE(HONE__NO_CACHE),
    HONE__ROW_WORKERS,

    {"problem_type", HONE_OPTION_ENUM, AT(problem_type), "auto", 0, 0,
     "auto|single_label_classification|multi_label_classification|regression", loss_group,
     "what the labels are; auto: numbers with a point are for regression, lists of names for several labels"},
    {"do_regression", HONE_OPTION_BOOL, AT(do_regression), "false", 0, 0, NULL, loss_group, "the same as --problem_type regression"},
    {"class_weights", HONE_OPTION_STRING, AT(class_weights), NULL, 0, 0, NULL, loss_group,
     "of the loss: balanced (rows / (classes * rows of the class)), or a number for each class: 1,2.5"},
};
static const hone_option_alias aliases[] = {HONE__ALIASES_FINE_TUNED};
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
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--do_regression: --problem_type says something else"),
                          "leave one of the two out");
    if (o->task_name && (numbers ? o->problem_type != HONE_PROBLEM_TYPE_AUTO && !asks : asks || o->problem_type == HONE_PROBLEM_TYPE_MULTI))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--problem_type: the labels of --task_name %s are %s", o->task_name,
                                     numbers ? "numbers" : "classes, one a row"),
                          "leave one of the two out");
    if (o->class_weights && (numbers || asks || o->problem_type == HONE_PROBLEM_TYPE_MULTI))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--class_weights: they are for rows with one class each"), "leave it out");
    return HONE_OK;
}

hone_status hone__row_options_check(const hone_job *job)
{
    static const char *const formats[] = {"tsv", "csv", "jsonl", "json", NULL};
    const hone_row_options *o = job->task_options;
    HONE_TRY(hone__job_check_model(job));
    HONE_TRY(hone__job_check_samples(job, "rows"));
    HONE_TRY(hone__class_list_check_given(&o->common.label_names, "negative,positive"));
    if (job->kind == HONE_JOB_EVALUATE && o->class_weights && strcmp(o->class_weights, "balanced") == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--class_weights: balanced by which training data?"),
                          "give a number for each class, or leave it out");
    if (o->common.format && strcmp(o->common.format, "conll") == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--format: conll holds words with tags, not texts with labels"),
                          "give tsv, csv or jsonl");
    HONE_TRY(hone__job_check_format(job, formats, "tsv, csv or jsonl"));
    return check_problem(o);
}
