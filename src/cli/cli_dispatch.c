/* From a name to a command, for `hone` and for commands that have commands below them. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#define MAX_COMMANDS 32

static void show_commands(FILE *to, const char *program, const char *about, const cli_command *commands, size_t n)
{
    fprintf(to, "usage: %s COMMAND …\n\n%s\n\ncommands:\n", program, about);
    for (size_t i = 0; i < n; i++)
        if (commands[i].help)
            fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].help);
    fprintf(to, "\n`%s COMMAND --help` tells more about one of them.%s\n", program,
            strcmp(program, "hone") == 0 ? " `hone --version` says what is in this build." : "");
}

static int fail_unknown(const char *program, const cli_command *commands, size_t n, const char *name)
{
    const char *names[MAX_COMMANDS];
    for (size_t i = 0; i < n && i < MAX_COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = hone_nearest(name, names, n < MAX_COMMANDS ? n : MAX_COMMANDS);
    fprintf(stderr, "hone: error: %s is no command: %s\n", name, program);
    if (near)
        fprintf(stderr, "hint: did you mean `%s %s`?\n", program, near);
    else
        fprintf(stderr, "hint: `%s --help` lists the commands\n", program);
    return CLI_USAGE;
}

int cli_dispatch(const char *program, const char *about, const cli_command *commands, size_t n, int argc, char **argv)
{
    if (argc < 2) {
        show_commands(stderr, program, about, commands, n);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        show_commands(stdout, program, about, commands, n);
        return cli_finish(CLI_OK);
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return fail_unknown(program, commands, n, argv[1]);
}
