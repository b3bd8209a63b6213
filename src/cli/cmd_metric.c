/* hone metric NAME: a metric from a file of references and a file of predictions. */
#include "cli/cli.h"

#include <hone/metrics.h>

#include <string.h>
#include <unistd.h>

typedef struct options {
    char *references, *predictions, *positive, *na_prob_file;
    int mode, scheme, average, format;
    double na_prob_thresh;
} options;

enum { MODE_DEFAULT, MODE_STRICT };
enum { FORMAT_AUTO, FORMAT_JSON, FORMAT_TABLE };

#define FIELD(field) offsetof(options, field)
static const hone_option rows[] = {
    {"references", HONE_OPTION_STRING, FIELD(references), NULL, 0, 0, NULL, "options", "what is right"},
    {"predictions", HONE_OPTION_STRING, FIELD(predictions), NULL, 0, 0, NULL, "options", "what was predicted"},
    {"mode", HONE_OPTION_ENUM, FIELD(mode), "default", 0, 0, "default|strict", "seqeval",
     "default: as conlleval; strict: an entity counts only where it follows the scheme"},
    {"scheme", HONE_OPTION_ENUM, FIELD(scheme), "auto", 0, 0, "auto|IOB1|IOB2|IOE1|IOE2|IOBES|BILOU", "seqeval",
     "of strict mode; auto: found out from the references"},
    {"format", HONE_OPTION_ENUM, FIELD(format), "auto", 0, 0, "auto|json|table", "seqeval", "auto: a table on a terminal, else JSON"},
    {"average", HONE_OPTION_ENUM, FIELD(average), "binary", 0, 0, "binary|macro|micro|weighted", "f1, precision, recall",
     "binary: of the positive label alone"},
    {"positive", HONE_OPTION_STRING, FIELD(positive), NULL, 0, 0, NULL, "f1, precision, recall",
     "the positive label; otherwise 1, in glue/mrpc also equivalent, in glue/qqp duplicate"},
    {"na_prob_file", HONE_OPTION_STRING, FIELD(na_prob_file), NULL, 0, 0, NULL, "squad_v2",
     "{id: probability that there is no answer}; adds the best thresholds"},
    {"na_prob_thresh", HONE_OPTION_DOUBLE, FIELD(na_prob_thresh), "1", 0, 0, NULL, "squad_v2",
     "a question above it counts as having no answer"},
};
static const hone_option_alias aliases[] = {{"pos_label", "positive", NULL, NULL}};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), aliases, 1};

static const cli_spec spec = {
    "hone metric NAME --references FILE --predictions FILE [--mode strict --scheme IOB2]",
    "Computes a metric from two files and prints it as one JSON object (seqeval on a terminal: a table). NAME:\n"
    "  seqeval              entities; a line is a sentence: tags between blanks, or a JSON array; an empty line has no words\n"
    "  accuracy, f1, precision, recall, matthews_correlation\n"
    "                       a label a line, a number or a name\n"
    "  glue/TASK            what GLUE takes for mrpc, qqp, cola, stsb, sst2, mnli, qnli, rte, wnli\n"
    "  pearsonr, spearmanr  a number a line\n"
    "  squad, squad_v2      the files of SQuAD's evaluation script: its data set, and {id: answer}",
    &table, true};

static int compute(const options *o, const char *name)
{
    hone_metric_options m = HONE_METRIC_OPTIONS_INIT;
    char *text = NULL;
    m.seqeval.strict = o->mode == MODE_STRICT;
    m.seqeval.scheme = o->scheme;
    m.table = o->format == FORMAT_TABLE || (o->format == FORMAT_AUTO && isatty(STDOUT_FILENO));
    m.average = (hone_average)o->average;
    m.positive = o->positive;
    m.no_answer_file = o->na_prob_file;
    m.no_answer_threshold = o->na_prob_thresh;
    hone_status status = hone_metric_from_files(&text, name, o->references, o->predictions, &m);
    if (status != HONE_OK)
        return status == HONE_INVALID_ARGUMENT ? cli_fail_usage() : cli_fail(status);
    size_t len = strlen(text);
    printf("%s%s", text, len && text[len - 1] == '\n' ? "" : "\n");
    hone_metrics_free_json(text);
    return cli_finish(CLI_OK);
}

int cmd_metric(int argc, char **argv)
{
    options o;
    cli_args args;
    int exit_status;
    if (cli_parse(&args, &spec, &o, argc, argv, &exit_status)) {
        if (args.n_words != 1)
            exit_status = args.n_words ? cli_wrong("one NAME, and no more") : cli_missing("NAME of a metric (seqeval, accuracy, f1, …)");
        else if (!o.references || !o.predictions)
            exit_status = cli_missing(o.references ? "--predictions" : "--references");
        else if (o.scheme && o.mode != MODE_STRICT)
            exit_status = cli_wrong("--scheme: only --mode strict goes by one");
        else
            exit_status = compute(&o, args.words[0]);
    }
    cli_dispose(&args);
    return exit_status;
}
