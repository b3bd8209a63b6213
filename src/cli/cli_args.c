/* The command line of a command: its own table of options and the one that all share. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(field) offsetof(cli_common, field)

static const hone_option common_rows[] = {
    {"threads", HONE_OPTION_INT, FIELD(threads), "0", 0, 4096, NULL, "everywhere", "threads that compute; 0: the cores of the machine"},
    {"device", HONE_OPTION_STRING, FIELD(device), "auto", 0, 0, NULL, "everywhere", "where models are computed: auto, cpu"},
    {"seed", HONE_OPTION_INT, FIELD(seed), "42", 0, 9007199254740992.0, NULL, "everywhere", "of all random numbers"},
    {"offline", HONE_OPTION_BOOL, FIELD(offline), NULL, 0, 0, NULL, "everywhere", "never use the network"},
    {"quiet", HONE_OPTION_BOOL, FIELD(quiet), NULL, 0, 0, NULL, "everywhere", "only errors on standard error, no progress"},
    {"log_level", HONE_OPTION_ENUM, FIELD(log_level), "info", 0, 0, "debug|info|warning|error", "everywhere",
     "what to tell on standard error"},
    {"help", HONE_OPTION_BOOL, FIELD(help), NULL, 0, 0, NULL, "everywhere", "this text"},
};
/* The reference's other names of levels. */
#define LEVELS                                           \
    {"log_level=passive", "log_level", "info", NULL},    \
    {                                                    \
        "log_level=critical", "log_level", "error", NULL \
    }
static const hone_option_alias common_aliases[] = {{"num_threads", "threads", NULL, NULL}, {"h", "help", "true", NULL}, LEVELS};
static const hone_option_table common_table = {common_rows, sizeof(common_rows) / sizeof(*common_rows), common_aliases,
                                               sizeof(common_aliases) / sizeof(*common_aliases)};

static int show_help(const cli_spec *spec)
{
    const hone_option_table *tables[] = {spec->table, &common_table};
    char *text = NULL;
    hone_status status = hone_options_help(&text, tables, 2);
    if (status != HONE_OK)
        return cli_fail(status);
    printf("usage: %s\n\n%s\n\n%s\n`-` and `_` are the same in a name; `--name value` and `--name=value` both work.\n", spec->synopsis,
           spec->about, text);
    hone_options_free_text(text);
    return cli_finish(CLI_OK);
}

/* Help is shown whatever else stands on the line. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

bool cli_parse(cli_args *args, const cli_spec *spec, void *options, int argc, char **argv, int *exit_status)
{
    const hone_option_table *tables[] = {spec->table, &common_table};
    void *structs[] = {options, &args->common};
    *args = (cli_args){.spec = spec, .options = options};
    hone_status status = hone_options_defaults(spec->table, options);
    if (status == HONE_OK)
        status = hone_options_defaults(&common_table, &args->common);
    args->words = calloc((size_t)argc + 1, sizeof(*args->words));
    if (asks_for_help(argc, argv)) {
        *exit_status = show_help(spec);
        return false;
    }
    cli_show_logs(args->common.quiet, args->common.log_level);
    if (status == HONE_OK)
        status = hone_options_parse(tables, structs, 2, argc - 1, argv + 1, spec->takes_words ? args->words : NULL,
                                    spec->takes_words ? &args->n_words : NULL);
    if (status != HONE_OK) {
        *exit_status = cli_fail_parse(status, spec->synopsis);
        return false;
    }
    cli_show_logs(args->common.quiet, args->common.log_level);
    return true;
}

void cli_dispose(cli_args *args)
{
    hone_options_dispose(args->spec->table, args->options);
    hone_options_dispose(&common_table, &args->common);
    free(args->words);
}

int cli_wrong(const char *what)
{
    fprintf(stderr, "hone: error: %s: the command line\n", what);
    fprintf(stderr, "hint: --help shows what the command takes\n");
    return CLI_USAGE;
}

int cli_missing(const char *what)
{
    char text[128];
    snprintf(text, sizeof(text), "%s is missing", what);
    return cli_wrong(text);
}

const char **cli_split(char *list, size_t *n)
{
    const char **parts = calloc(strlen(list) + 2, sizeof(*parts));
    size_t count = 0;
    for (char *next = list; parts && next;)
        parts[count++] = strsep(&next, ",");
    if (n)
        *n = count;
    return parts;
}

/* ---- what has to do with messages only ---- */

#define MESSAGE(field) offsetof(cli_messages, field)
static const hone_option message_rows[] = {
    {"quiet", HONE_OPTION_BOOL, MESSAGE(quiet), NULL, 0, 0, NULL, NULL, NULL},
    {"offline", HONE_OPTION_BOOL, MESSAGE(offline), NULL, 0, 0, NULL, NULL, NULL},
    {"log_level", HONE_OPTION_ENUM, MESSAGE(log_level), "info", 0, 0, "debug|info|warning|error", NULL, NULL},
    {"help", HONE_OPTION_BOOL, MESSAGE(help), NULL, 0, 0, NULL, NULL, NULL},
};
static const hone_option_alias message_aliases[] = {LEVELS};
static const hone_option_table message_table = {message_rows, sizeof(message_rows) / sizeof(*message_rows), message_aliases,
                                                sizeof(message_aliases) / sizeof(*message_aliases)};

bool cli_is_option(const char *word, const char *name)
{
    if (strncmp(word, "--", 2) != 0)
        return false;
    for (word += 2; *name && (*word == *name || (*word == '-' && *name == '_')); word++)
        name++;
    return !*name && (!*word || *word == '=');
}

/* The row that a word of the command line names, NULL: none. */
static const hone_option *message_row(const char *word)
{
    for (size_t i = 0; i < message_table.n_rows; i++)
        if (cli_is_option(word, message_rows[i].name))
            return &message_rows[i];
    return NULL;
}

bool cli_take_messages(cli_messages *out, int *argc, char **argv)
{
    const hone_option_table *tables[] = {&message_table};
    void *structs[] = {out};
    static char help[] = "--help";
    int kept = 0, n_taken = 0;
    char **taken = calloc((size_t)*argc + 1, sizeof(*taken));
    hone_status status = hone_options_defaults(&message_table, out);
    for (int i = 0; taken && i < *argc; i++) {
        const hone_option *row = i > 0 ? message_row(argv[i]) : NULL;
        if (!row && (i == 0 || strcmp(argv[i], "-h") != 0)) {
            argv[kept++] = argv[i];
            continue;
        }
        taken[n_taken++] = row ? argv[i] : help;
        bool has_value = row && !strchr(argv[i], '=') && i + 1 < *argc;
        if (has_value && (row->type == HONE_OPTION_ENUM || strcmp(argv[i + 1], "true") == 0 || strcmp(argv[i + 1], "false") == 0))
            taken[n_taken++] = argv[++i];
    }
    *argc = kept;
    if (status == HONE_OK)
        status = hone_options_parse(tables, structs, 1, n_taken, taken, NULL, NULL);
    free(taken);
    cli_show_logs(out->quiet, out->log_level);
    if (status != HONE_OK)
        (void)cli_fail_usage();
    return status == HONE_OK;
}
