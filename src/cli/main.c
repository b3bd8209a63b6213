/* The command `hone`: a table of commands, each a file of its own (cmd_*.c). */
#include "cli/cli.h"

#include <hone/job.h>
#include <hone/tape.h>
#include <hone/version.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const cli_command commands[] = {
    {"train", cmd_train, "fine-tune a model, or train one from scratch"},
    {"evaluate", cmd_evaluate, "the metrics of a saved model on a file"},
    {"pipeline", cmd_pipeline, "use a model: text in, JSON out"},
    {"tokenize", cmd_tokenize, "text in, encodings out"},
    {"tokenizer", cmd_tokenizer, "train a new tokenizer from files"},
    {"dataset", cmd_dataset, "look at data and change it"},
    {"metric", cmd_metric, "compute a metric from two files"},
    {"info", cmd_info, "what a model folder holds, and the memory it takes"},
};

static int print_version(void)
{
    hone_device *device = NULL;
    const char *library;
    printf("hone %s\n", hone_version());
    if (hone_device_open(&device, NULL) == HONE_OK)
        printf("device: %s\n", hone_device_describe(device));
    hone_device_free(device);
    printf("libraries:");
    for (unsigned i = 0; (library = hone_version_library(i)); i++)
        printf("%s %s", i ? "," : "", library);
    printf("\ncompiler: %s\n", hone_version_compiler());
    return cli_finish(CLI_OK);
}

/* Generation is left as it is, see cli_threads.c. */
static bool wants_calm_threads(int argc, char **argv)
{
    hone_task_kind task;
    if (argc < 2)
        return false;
    if (strcmp(argv[1], "train") == 0 || strcmp(argv[1], "evaluate") == 0)
        return true;
    return argc > 2 && strcmp(argv[1], "pipeline") == 0 && hone_task_parse(&task, argv[2]) == HONE_OK && task != HONE_CAUSAL_LM;
}

/* Without them the next file that is opened would be one of them, and what is told or printed would stand in a model. Only to be read: what is printed fails. */
static void keep_standard_files(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int main(int argc, char **argv)
{
    keep_standard_files();
    signal(SIGXFSZ, SIG_IGN); /* a file that grows beyond `ulimit -f` is then a failed write, which has a message */
    if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0))
        return print_version();
    if (wants_calm_threads(argc, argv))
        cli_calm_threads(argv);
    return cli_dispatch("hone", "Trains and uses language models on this machine: tokenizers, GPT-2, BERT, no Python.", commands,
                        sizeof(commands) / sizeof(*commands), argc, argv);
}
