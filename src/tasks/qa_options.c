/* The table of question answering's options, and which of them exclude each other. */
#include "tasks/qa_options.h"
#include "base/str.h"

#include <stddef.h>

#define AT(field) offsetof(hone_qa_options, field)
static const char answer_group[] = "Answers";

static const hone_option rows[] = {
    HONE__ROWS_FINE_TUNED("bert, distilbert"),

    HONE__ROW(train_file, STRINGS, NULL, 0, 0, NULL, "Data",
              "files to train on: SQuAD's JSON, or objects with id, context, question, answers"),
    HONE__ROW(validation_file, STRINGS, NULL, 0, 0, NULL, "Data",
              "files to evaluate on; the answers go to predictions.json and nbest_predictions.json"),
    HONE__ROW_TEST_FILE("files to answer, with or without answers of their own: predict_predictions.json"),
    HONE__ROW_GLOB("*.json"),
    HONE__ROW_LENGTH("tokens of a window, question and special ones included (0: 384, or what the model takes)"),
    {"doc_stride", HONE_OPTION_INT, AT(doc_stride), "128", 0, 1e9, NULL, "Data", "tokens that neighbouring windows of a passage share"},
    HONE__ROW_PADDING("true", HONE__NO_PADDING),
    HONE__ROWS_SAMPLES("questions"),
    HONE__ROW_PREDICTED("answer the first N questions only"),
    HONE__ROW_CACHE(HONE__NO_CACHE),
    HONE__ROW_WORKERS,

    {"n_best_size", HONE_OPTION_INT, AT(n_best_size), "20", 1, 100000, NULL, answer_group,
     "starts and ends of a window, and answers, that are kept"},
    {"max_answer_length", HONE_OPTION_INT, AT(max_answer_length), "30", 1, 1e9, NULL, answer_group, "tokens of the longest answer"},
    {"version_2_with_negative", HONE_OPTION_BOOL, AT(version_2_with_negative), "false", 0, 0, NULL, answer_group,
     "questions may have no answer (SQuAD 2.0)"},
    {"null_score_diff_threshold", HONE_OPTION_STRING, AT(null_score_diff_threshold), NULL, 0, 0, NULL, answer_group,
     "no answer where its score is so much above the best answer's (what the model's training found best, else 0)"},
};
static const hone_option_alias aliases[] = {
    HONE__ALIASES_FINE_TUNED,
    {"stride", "doc_stride", NULL, NULL},
    {"max_answer_len", "max_answer_length", NULL, NULL},
};
const hone_option_table hone__qa_option_table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

hone_status hone__qa_options_check(const hone_job *job)
{
    const hone_qa_options *o = job->task_options;
    double threshold = 0;
    int64_t length = o->common.max_seq_length;
    HONE_TRY(hone__job_check_model(job));
    HONE_TRY(hone__job_check_samples(job, "questions"));
    if (length && o->doc_stride >= length)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--doc_stride: %lld tokens leave no room in windows of %lld",
                                     (long long)o->doc_stride, (long long)length),
                          "give less --doc_stride, or more --max_seq_length");
    if (o->null_score_diff_threshold && !hone__parse_double(&threshold, o->null_score_diff_threshold))
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "--null_score_diff_threshold: \"%s\" is no number", o->null_score_diff_threshold),
            "give a number, or leave it out for what the model's training found best");
    if (o->null_score_diff_threshold && threshold != 0 && !o->version_2_with_negative) /* 0 is the script's default: it asks for nothing */
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "--null_score_diff_threshold: without --version_2_with_negative every question is answered"),
            "give --version_2_with_negative too");
    return HONE_OK;
}
