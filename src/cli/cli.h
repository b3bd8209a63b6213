/* What the files of the command share: the table of commands, the command line, messages, output. The command is a client of the public API only. */
#ifndef HONE_CLI_H
#define HONE_CLI_H

#include <hone/log.h>
#include <hone/options.h>
#include <hone/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_STOPPED = 130 };

/* argv[0] is the command's name. Returns the exit status. */
typedef struct cli_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help; /* one line; NULL: an older name that is not listed */
} cli_command;

int cmd_tokenize(int argc, char **argv);
int cmd_tokenizer(int argc, char **argv);
int cmd_dataset(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_pipeline(int argc, char **argv);
int cmd_metric(int argc, char **argv);

/* For long work: shortens the spinning of OpenMP's threads, by starting the command again (cli_threads.c). Call it first. */
void cli_calm_threads(char **argv);

/* Runs the command of argv[1] (`program` is what stands before it: "hone", "hone dataset"); help and unknown names are seen to. */
int cli_dispatch(const char *program, const char *about, const cli_command *commands, size_t n, int argc, char **argv);

/* ---- the command line ---- */

/* The options that every command has. */
typedef struct cli_common {
    bool help, quiet, offline;
    int64_t threads, seed;
    char *device;
    int log_level; /* hone_log_level */
} cli_common;

typedef struct cli_spec {
    const char *synopsis;           /* what follows "usage: " */
    const char *about;              /* sentences below it */
    const hone_option_table *table; /* of its own options */
    bool takes_words;               /* what is no option is accepted */
} cli_spec;

/* A parsed command line. */
typedef struct cli_args {
    const cli_spec *spec;
    void *options; /* of spec->table */
    cli_common common;
    const char **words;
    size_t n_words;
} cli_args;

/* Reads argv behind argv[0]. True when the command should go on; false: *exit_status says how it ends (help was shown, or the line was wrong). Dispose in both cases. */
bool cli_parse(cli_args *args, const cli_spec *spec, void *options, int argc, char **argv, int *exit_status);
void cli_dispose(cli_args *args);
/* Says that something is missing on the command line, or wrong with it: CLI_USAGE. */
int cli_missing(const char *what);
int cli_wrong(const char *what);

/* What a command line says of messages, where another parser reads the rest of it. */
typedef struct cli_messages {
    bool help, quiet, offline;
    int log_level; /* hone_log_level */
} cli_messages;
/* Takes --help, --quiet, --offline and --log_level out of argv and follows them. False when one is wrong: it was said. */
bool cli_take_messages(cli_messages *out, int *argc, char **argv);

/* The parts of a list between commas, *n of them (n may be NULL) and a NULL behind; list is cut. Free it; NULL when there is no memory. */
const char **cli_split(char *list, size_t *n);

/* Whether word is --name or --name=…, - and _ being the same. */
bool cli_is_option(const char *word, const char *name);

/* ---- messages ---- */

/* Log lines and progress go to standard error, as the options say. */
void cli_show_logs(bool quiet, int log_level);
void cli_show_progress(bool on);
void cli_clear_progress(void); /* before something else is written to the terminal */

/* "hone: error: …" and the hint of the thread's last failure, or the name of one that is not the library's. Returns the exit status that belongs to it. */
int cli_fail(hone_status status);
int cli_fail_usage(void); /* the same for a wrong command line: CLI_USAGE */
/* The same for options that could not be parsed; `synopsis` begins with the command's name, whose --help lists them. */
int cli_fail_parse(hone_status status, const char *synopsis);
/* The same for options that were parsed well: CLI_USAGE where they were wrong nevertheless. Some are found so when the work has started; the message begins with their name then. */
int cli_fail_options(hone_status status, bool started);
/* The same where hone_device_open was refused what the command line asked for. */
int cli_fail_device(hone_status status);
int cli_fail_lines(size_t n); /* n lines of an input have {"error": …} for an answer: CLI_FAILED */

/* ---- output ---- */

/* Writes to standard output; a hone_write_fn. A failure is found by cli_finish too. */
hone_status cli_write(void *payload, const char *text, size_t len);
/* Flushes standard output: `exit_status`, or CLI_FAILED with a message when something could not be written. */
int cli_finish(int exit_status);

#endif
