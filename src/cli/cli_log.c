/* Messages on standard error: log lines, errors and their hints; and standard output, whose failures must not go unseen. */
#include "cli/cli.h"

#include <errno.h>
#include <string.h>

static void show_line(void *payload, hone_log_level level, const char *line)
{
    static const char *const kinds[] = {"debug: ", "", "warning: ", "error: "};
    (void)payload;
    cli_clear_progress();
    fprintf(stderr, "hone: %s%s\n", kinds[level], line);
}

void cli_show_logs(bool quiet, int log_level)
{
    hone_set_log(show_line, NULL, quiet ? HONE_LOG_ERROR : (hone_log_level)log_level);
    cli_show_progress(!quiet);
}

/* `option` NULL: none that the message does not name. */
static void show_failure(hone_status status, const char *option)
{
    const char *message = hone_error_message();
    cli_clear_progress();
    fprintf(stderr, "hone: error: %s%s%s\n", option ? option : "", option ? ": " : "", *message ? message : hone_status_name(status));
    if (*hone_error_hint())
        fprintf(stderr, "hint: %s\n", hone_error_hint());
}

int cli_fail(hone_status status)
{
    show_failure(status, NULL);
    return status == HONE_CANCELLED ? CLI_STOPPED : CLI_FAILED;
}

int cli_fail_usage(void)
{
    show_failure(HONE_INVALID_ARGUMENT, NULL);
    return CLI_USAGE;
}

/* Of what stands before the first word that is no name: "hone dataset info [--glob G]". */
static size_t length_of_command(const char *synopsis)
{
    const char *word = synopsis, *end = synopsis;
    while (*word >= 'a' && *word <= 'z') {
        end = word + strcspn(word, " ");
        word = end + strspn(end, " ");
    }
    return (size_t)(end - synopsis);
}

int cli_fail_parse(hone_status status, const char *synopsis)
{
    if (status == HONE_OUT_OF_MEMORY)
        return cli_fail(status);
    (void)cli_fail_usage();
    if (!*hone_error_hint() && strstr(hone_error_message(), " is no option"))
        fprintf(stderr, "hint: `%.*s --help` lists the options\n", (int)length_of_command(synopsis), synopsis);
    return CLI_USAGE;
}

int cli_fail_device(hone_status status)
{
    if (status != HONE_INVALID_ARGUMENT && status != HONE_UNSUPPORTED)
        return cli_fail(status);
    show_failure(status, status == HONE_INVALID_ARGUMENT ? "--threads" : "--device");
    return CLI_USAGE;
}

int cli_fail_options(hone_status status, bool started)
{
    bool named = strncmp(hone_error_message(), "--", 2) == 0;
    bool wrong = status == HONE_INVALID_ARGUMENT || status == HONE_UNSUPPORTED || status == HONE_FORMAT || status == HONE_SHAPE;
    return (named && wrong) || (status == HONE_INVALID_ARGUMENT && !started) ? cli_fail_usage() : cli_fail(status);
}

int cli_fail_lines(size_t n)
{
    cli_clear_progress();
    fprintf(stderr, "hone: error: %zu %s not be answered: the output says why, as {\"error\": …}\n", n,
            n == 1 ? "line could" : "lines could");
    return CLI_FAILED;
}

hone_status cli_write(void *payload, const char *text, size_t len)
{
    (void)payload;
    return fwrite(text, 1, len, stdout) == len ? HONE_OK : HONE_IO;
}

int cli_finish(int exit_status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit_status;
    cli_clear_progress();
    fprintf(stderr, "hone: error: cannot write: standard output: %s\n", strerror(errno));
    return CLI_FAILED;
}
