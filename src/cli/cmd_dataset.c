/* hone dataset info|head|filter: looks at texts and at labelled data sets, and keeps some of the texts.
 *
 * What the first file holds decides: words with tags or a table with labels are a data set (cli/dataset_view.c), everything else is texts. */
#include "cli/cli.h"
#include "cli/dataset_view.h"

#include <hone/dataset.h>
#include <hone/text.h>

#include <stdlib.h>
#include <string.h>

typedef struct options {
    char *text_column_name, *glob, *format, *keywords, *output;
    bool line_by_line, raw_newlines;
    char *label_column_name, *label_names, *scheme;
    bool keep_scheme;
    int header;
    int64_t n;
} options;

#define FIELD(field) offsetof(options, field)
#define TEXT_FORMATS "text or jsonl; otherwise .jsonl, .ndjson and .json files are JSON and all others text"
#define ALL_FORMATS  "text, jsonl, conll, csv or tsv; otherwise what the files' extensions and first lines say"
#define TEXT_ROWS(FORMATS)                                                                                                                 \
    {"glob", HONE_OPTION_STRING, FIELD(glob), NULL, 0, 0, NULL, "the files", "which files inside folders: '*.py'"},                        \
        {"text_column_name",                                                                                                               \
         HONE_OPTION_STRING,                                                                                                               \
         FIELD(text_column_name),                                                                                                          \
         NULL,                                                                                                                             \
         0,                                                                                                                                \
         0,                                                                                                                                \
         NULL,                                                                                                                             \
         "the files",                                                                                                                      \
         "the text's key in JSON and csv: content; tokens, text, sentence … of labelled data"},                                            \
        {"format", HONE_OPTION_STRING, FIELD(format), NULL, 0, 0, NULL, "the files", FORMATS},                                             \
        {"line_by_line", HONE_OPTION_BOOL, FIELD(line_by_line), NULL, 0, 0, NULL, "the files", "each line of a text file is a document"},  \
    {                                                                                                                                      \
        "raw_newlines", HONE_OPTION_BOOL, FIELD(raw_newlines), NULL, 0, 0, NULL, "the files", "keep CRLF and CR; otherwise they become LF" \
    }

/* What only labelled data has. */
#define LABEL_ROWS                                                                               \
    {"label_column_name",                                                                        \
     HONE_OPTION_STRING,                                                                         \
     FIELD(label_column_name),                                                                   \
     NULL,                                                                                       \
     0,                                                                                          \
     0,                                                                                          \
     NULL,                                                                                       \
     "labelled data",                                                                            \
     "the labels' column: ner_tags, labels, tags, label …"},                                     \
        {"label_names",                                                                          \
         HONE_OPTION_STRING,                                                                     \
         FIELD(label_names),                                                                     \
         NULL,                                                                                   \
         0,                                                                                      \
         0,                                                                                      \
         NULL,                                                                                   \
         "labelled data",                                                                        \
         "names of the classes in order of their ids, with commas between"},                     \
        {"scheme",                                                                               \
         HONE_OPTION_STRING,                                                                     \
         FIELD(scheme),                                                                          \
         "auto",                                                                                 \
         0,                                                                                      \
         0,                                                                                      \
         NULL,                                                                                   \
         "labelled data",                                                                        \
         "of the tags: auto, IOB1, IOB2, IOE1, IOE2, IOBES, BILOU, IO or none"},                 \
        {"keep_scheme",                                                                          \
         HONE_OPTION_BOOL,                                                                       \
         FIELD(keep_scheme),                                                                     \
         NULL,                                                                                   \
         0,                                                                                      \
         0,                                                                                      \
         NULL,                                                                                   \
         "labelled data",                                                                        \
         "IOB1 stays as it is; otherwise it becomes IOB2"},                                      \
    {                                                                                            \
        "header", HONE_OPTION_ENUM, FIELD(header), "auto", 0, 0, "auto|yes|no", "labelled data", \
            "whether the first line of csv and tsv names the columns"                            \
    }

static const hone_option info_rows[] = {TEXT_ROWS(ALL_FORMATS), LABEL_ROWS};
static const hone_option head_rows[] = {
    {"n", HONE_OPTION_INT, FIELD(n), "5", 0, 1e15, NULL, "options", "documents or rows to show"}, TEXT_ROWS(ALL_FORMATS), LABEL_ROWS};
static const hone_option filter_rows[] = {{"keywords", HONE_OPTION_STRING, FIELD(keywords), NULL, 0, 0, NULL, "options",
                                           "words separated by commas; a text is kept when it contains one of them"},
                                          TEXT_ROWS(TEXT_FORMATS)};
#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
static const hone_option_table info_table = {info_rows, N_ROWS(info_rows), NULL, 0};
static const hone_option_table head_table = {head_rows, N_ROWS(head_rows), NULL, 0};
static const hone_option_table filter_table = {filter_rows, N_ROWS(filter_rows), NULL, 0};

static const cli_spec info_spec = {
    "hone dataset info [--glob G] FILE|DIR…",
    "Reads all of the files and prints what they hold, as one JSON object: files, documents, bytes of text, "
    "the longest document, and what\n"
    "had to be passed over (each is named on standard error). Of labelled data (CoNLL files, tables in JSON, csv or tsv): rows, words,\n"
    "documents, the scheme of the tags, the entities of each type, and the columns with the names of their classes.",
    &info_table, true};
static const cli_spec head_spec = {
    "hone dataset head [--n N] [--glob G] FILE|DIR…",
    "Prints the first documents, or rows of labelled data, a line of JSON each; on a terminal words stand above their tags.", &head_table,
    true};
static const cli_spec filter_spec = {
    "hone dataset filter --keywords pandas,sklearn,… [--text_column_name content] [--glob G] FILE|DIR… > kept.jsonl",
    "Keeps the texts that contain one of the words (plain substring) and prints them as lines of JSON: a line of a .jsonl file as it "
    "stands, a text\n"
    "file as {\"content\": …, \"path\": …}. Works as a stream, in little memory. On standard error it says how much was kept.",
    &filter_table, true};

/* A failure of the work, or of standard output, which has no message yet. */
static int finish(hone_status status)
{
    return cli_finish(status == HONE_OK || ferror(stdout) ? CLI_OK : cli_fail(status));
}

/* True when the files hold labelled data. */
static bool is_labelled(const options *o, const cli_args *args)
{
    if (o->format && (strcmp(o->format, "text") == 0 || strcmp(o->format, "txt") == 0))
        return false;
    if (o->format && strncmp(o->format, "json", 4) != 0)
        return true;
    return !o->line_by_line && !o->raw_newlines && hone_dataset_detect_format(args->words, args->n_words, o->glob);
}

static hone_status load_labelled(hone_dataset **out, const options *o, const cli_args *args, int64_t max_rows)
{
    hone_dataset_options d = HONE_DATASET_OPTIONS_INIT;
    const char **labels = NULL;
    d.format = o->format;
    d.glob = o->glob;
    d.text_column_name = o->text_column_name;
    d.label_column_name = o->label_column_name;
    d.header = (hone_header)o->header;
    d.keep_scheme = o->keep_scheme;
    d.max_rows = max_rows;
    *out = NULL;
    hone_status status = hone_tag_scheme_parse(&d.scheme, o->scheme);
    if (status == HONE_OK && o->label_names && !(d.labels = labels = cli_split(o->label_names, NULL)))
        status = HONE_OUT_OF_MEMORY;
    if (status == HONE_OK)
        status = hone_dataset_load(out, args->words, args->n_words, &d);
    free(labels);
    return status;
}

static int info_labelled(const options *o, const cli_args *args)
{
    hone_dataset *d;
    char *json = NULL;
    hone_status status = load_labelled(&d, o, args, -1);
    if (status == HONE_OK)
        status = hone_dataset_info_to_json(&json, d);
    if (status == HONE_OK)
        puts(json);
    hone_dataset_free_json(json);
    hone_dataset_free(d);
    return cli_finish(status == HONE_OK ? CLI_OK : cli_fail(status));
}

#define ENOUGH_ROWS 1000 /* to find out the scheme of the tags */

static int head_labelled(const options *o, const cli_args *args)
{
    hone_dataset *d;
    hone_status status = load_labelled(&d, o, args, o->n < ENOUGH_ROWS ? ENOUGH_ROWS : o->n);
    for (int64_t row = 0; status == HONE_OK && row < o->n && row < hone_dataset_n_rows(d); row++)
        status = cli_show_row(d, row);
    hone_dataset_free(d);
    return finish(status);
}

static hone_status open_texts(hone_text_stream **out, const options *o, const cli_args *args, int64_t max_documents)
{
    hone_text_options t = HONE_TEXT_OPTIONS_INIT;
    t.glob = o->glob;
    t.column = o->text_column_name;
    t.format = o->format;
    t.line_by_line = o->line_by_line;
    t.raw_newlines = o->raw_newlines;
    t.max_documents = max_documents;
    return hone_text_open(out, args->words, args->n_words, &t);
}

static int info(options *o, const cli_args *args)
{
    hone_text_stream *s = NULL;
    hone_text_counts counts;
    hone_document doc;
    size_t longest = 0;
    if (is_labelled(o, args))
        return info_labelled(o, args);
    hone_status status = open_texts(&s, o, args, -1);
    while (status == HONE_OK && hone_text_next(s, &doc))
        longest = doc.len > longest ? doc.len : longest;
    if (status == HONE_OK)
        status = hone_text_status(s);
    if (status == HONE_OK) {
        hone_text_counts_of(s, &counts);
        printf("{\"files\": %lld, \"documents\": %lld, \"bytes\": %llu, \"longest\": %zu, \"skipped_files\": %lld, \"empty_files\": %lld, "
               "\"bad_lines\": %lld}\n",
               (long long)counts.n_files, (long long)counts.n_documents, (unsigned long long)counts.bytes, longest,
               (long long)counts.n_skipped, (long long)counts.n_empty, (long long)counts.n_bad_lines);
    }
    hone_text_free(s);
    return cli_finish(status == HONE_OK ? CLI_OK : cli_fail(status));
}

/* A hone_document_fn; payload: the options. */
static hone_status print_document(void *payload, const hone_document *doc)
{
    const options *o = payload;
    char *json = NULL;
    size_t len;
    hone_status status = hone_document_to_json(&json, &len, doc, o->text_column_name);
    if (status == HONE_OK)
        status = cli_write(NULL, json, len);
    if (status == HONE_OK)
        status = cli_write(NULL, "\n", 1);
    hone_text_free_json(json);
    return status;
}

static int head(options *o, const cli_args *args)
{
    hone_text_stream *s = NULL;
    hone_document doc;
    if (is_labelled(o, args))
        return head_labelled(o, args);
    hone_status status = open_texts(&s, o, args, o->n);
    while (status == HONE_OK && hone_text_next(s, &doc))
        status = print_document(o, &doc);
    if (status == HONE_OK)
        status = hone_text_status(s);
    hone_text_free(s);
    return finish(status);
}

static hone_status make_keywords(hone_keywords **out, char *list)
{
    size_t n;
    const char **words = cli_split(list, &n);
    hone_status status = words ? hone_keywords_new(out, words, n) : HONE_OUT_OF_MEMORY;
    free(words);
    return status;
}

static int filter(options *o, const cli_args *args)
{
    hone_text_stream *s = NULL;
    hone_keywords *keywords = NULL;
    hone_filter_counts counts = {0, 0};
    if (!o->keywords)
        return cli_missing("--keywords");
    hone_status status = make_keywords(&keywords, o->keywords);
    if (status != HONE_OK)
        return cli_fail_options(status, false);
    status = open_texts(&s, o, args, -1);
    if (status == HONE_OK)
        status = hone_text_filter(&counts, s, keywords, print_document, o);
    hone_text_free(s);
    hone_keywords_free(keywords);
    int exit_status = finish(status);
    if (exit_status == CLI_OK)
        fprintf(stderr, "%.2f%% of data after filtering.\n", 100.0 * (double)counts.n_kept / (double)counts.n_documents);
    return exit_status;
}

/* Texts have the first four. */
static bool knows_format(const char *format, bool labelled)
{
    static const char *const names[] = {"text", "txt", "jsonl", "json", "conll", "csv", "tsv"};
    bool known = !format;
    for (size_t i = 0; i < (labelled ? 7 : 4); i++)
        known = known || strcmp(format, names[i]) == 0;
    return known;
}

/* The three commands begin alike. */
static int begin(const cli_spec *spec, int (*work)(options *, const cli_args *), int argc, char **argv)
{
    bool labelled = work != filter;
    options o = {0};
    cli_args args;
    int exit_status;
    if (cli_parse(&args, spec, &o, argc, argv, &exit_status))
        exit_status = !knows_format(o.format, labelled)
                          ? cli_wrong(labelled ? "--format: must be text, jsonl, conll, csv or tsv" : "--format: must be text or jsonl")
                      : args.n_words > 0 ? work(&o, &args)
                                         : cli_missing("FILE|DIR");
    cli_dispose(&args);
    return exit_status;
}

static int cmd_info_of_data(int argc, char **argv)
{
    return begin(&info_spec, info, argc, argv);
}

static int cmd_head(int argc, char **argv)
{
    return begin(&head_spec, head, argc, argv);
}

static int cmd_filter(int argc, char **argv)
{
    return begin(&filter_spec, filter, argc, argv);
}

int cmd_dataset(int argc, char **argv)
{
    static const cli_command commands[] = {
        {"info", cmd_info_of_data, "how much text there is, or what labelled data holds"},
        {"head", cmd_head, "the first documents or rows"},
        {"filter", cmd_filter, "the texts that contain one of some words"},
    };
    return cli_dispatch("hone dataset", "Looks at texts and labelled data: files, folders of them, JSON lines, CoNLL files, csv and tsv.",
                        commands, 3, argc, argv);
}
