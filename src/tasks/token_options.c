/* The table of token classification's options, and which of them exclude each other. */
#include "tasks/token_options.h"
#include "tasks/class_list.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(hone_token_options, field)
static const char data_group[] = "Data", score_group[] = "Scores";

static const hone_option rows[] = {
    HONE__ROWS_FINE_TUNED("bert, distilbert"),
    HONE__ROW_NEW_HEAD,

    HONE__ROWS_FILES,
    HONE__ROW_TEST_FILE("files and folders to predict: predictions.txt"),
    HONE__ROW_SPLIT("rows"),
    HONE__ROW_GLOB("*.conll"),
    HONE__ROW_FORMAT("conll, jsonl, csv or tsv (by extension and content)"),
    HONE__ROW_HEADER,
    HONE__ROW_TEXT_COLUMN(NULL, "the column of the words (tokens)"),
    HONE__ROW_LABEL_COLUMN("the column of the tags (ner_tags)"),
    HONE__ROW_LABEL_NAMES("the model's, or found in the data"),
    {"scheme", HONE_OPTION_STRING, AT(scheme), NULL, 0, 0, NULL, data_group,
     "of the tags in the files: IOB1, IOB2, IOE1, IOE2, IOBES, BILOU, IO, none (found out)"},
    HONE__ROW_LENGTH("tokens of an example, special ones included (0: what the model takes)"),
    {"stride", HONE_OPTION_INT, AT(stride), "0", 0, 1e9, NULL, data_group,
     "> 0: longer rows become windows that share so many tokens; otherwise they are cut"},
    HONE__ROW_PADDING("false", HONE__NO_PADDING),
    {"label_all_tokens", HONE_OPTION_BOOL, AT(label_all_tokens), "true", 0, 0, NULL, data_group,
     "label every token of a word (as the course); false: only its first (as run_ner.py)"},
    HONE__ROWS_SAMPLES("rows"),
    HONE__ROW_PREDICTED("predict the first N rows only"),
    HONE__ROW_CACHE(HONE__NO_CACHE),
    HONE__ROW_WORKERS,

    {"return_entity_level_metrics", HONE_OPTION_BOOL, AT(return_entity_level_metrics), "false", 0, 0, NULL, score_group,
     "precision, recall, f1 and number of each type too"},
    {"seqeval_mode", HONE_OPTION_ENUM, AT(seqeval_mode), "default", 0, 0, "default|strict", score_group,
     "default: as conlleval; strict: only entities that follow the scheme"},
    {"seqeval_scheme", HONE_OPTION_STRING, AT(seqeval_scheme), NULL, 0, 0, NULL, score_group,
     "of the strict mode: IOB2, IOBES, … (found out from the labels)"},
};
static const hone_option_alias aliases[] = {HONE__ALIASES_FINE_TUNED, {"doc_stride", "stride", NULL, NULL}};
const hone_option_table hone__token_option_table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

hone_status hone__token_options_check(const hone_job *job)
{
    static const char *const formats[] = {"conll", "jsonl", "json", "csv", "tsv", NULL};
    const hone_token_options *o = job->task_options;
    hone_tag_scheme scheme;
    HONE_TRY(hone__job_check_model(job));
    HONE_TRY(hone__job_check_format(job, formats, "conll, jsonl, csv or tsv"));
    HONE_TRY(hone__job_check_samples(job, "rows"));
    HONE_TRY(hone__class_list_check_given(&o->common.label_names, "O,B-PER,I-PER,…"));
    if (o->scheme && hone_tag_scheme_parse(&scheme, o->scheme) != HONE_OK)
        return hone__fail_in(HONE_INVALID_ARGUMENT, "--scheme");
    if (o->seqeval_scheme && hone_tag_scheme_parse(&scheme, o->seqeval_scheme) != HONE_OK)
        return hone__fail_in(HONE_INVALID_ARGUMENT, "--seqeval_scheme");
    if (o->seqeval_scheme && o->seqeval_mode != HONE_SEQEVAL_MODE_STRICT)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--seqeval_scheme: the default mode has no scheme"),
                          "give --seqeval_mode strict too");
    if (o->stride && o->common.max_seq_length && o->stride >= o->common.max_seq_length)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--stride: %lld tokens leave no room in windows of %lld", (long long)o->stride,
                                     (long long)o->common.max_seq_length),
                          "give less --stride, or more --max_seq_length");
    return HONE_OK;
}
