/* hone train TASK and hone evaluate TASK: a hone_job each. A signal ends the training after a checkpoint; a second one at once. */
#include "cli/cli.h"

#include <hone/job.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool running_trains; /* there will be a checkpoint */
static hone_job *running;   /* what a signal stops; under the lock: it is freed when it has ended */
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;

/* Signals are taken by a thread of their own and by no other: code that oneDNN generates at run time borrows the stack pointer, and a signal frame pushed there
 * overwrites the heap. */
static void *watch_signals(void *payload)
{
    static const char train[] = "\nhone: stopping after this step, with a checkpoint; once more stops at once\n";
    static const char evaluate[] = "\nhone: stopping after this batch; once more stops at once\n";
    int number;
    for (int n_signals = 1; sigwait(payload, &number) == 0; n_signals++) {
        if (number == SIGXCPU && n_signals > 1)
            continue; /* it comes again each second */
        pthread_mutex_lock(&running_lock);
        if (n_signals > 1 || !running)
            _exit(CLI_STOPPED);
        ssize_t ignored = write(STDERR_FILENO, running_trains ? train : evaluate, strlen(running_trains ? train : evaluate));
        (void)ignored;
        hone_job_request_stop(running);
        pthread_mutex_unlock(&running_lock);
    }
    return NULL;
}

/* Before any other thread is there: they inherit the mask. */
static void catch_signals(void)
{
    static sigset_t signals;
    pthread_t watcher;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);  /* a terminal that was closed; nohup's ignored one never comes here */
    sigaddset(&signals, SIGXCPU); /* processor time that a batch system allows, before it kills */
    signal(SIGPIPE, SIG_IGN);     /* whoever read the log may go: the training stays */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&watcher, NULL, watch_signals, &signals) == 0)
        pthread_detach(watcher);
    else
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL); /* then a signal simply ends the command */
}

/* For people a table, where the task has one and standard output is a terminal. */
static bool print_report(const hone_job *job)
{
    char *report = NULL;
    bool shown = isatty(STDOUT_FILENO) && hone_job_report(&report, job) == HONE_OK && report;
    if (shown)
        printf("%s\n", report);
    hone_free_text(report);
    return shown;
}

static void print_results(const char *results)
{
    size_t len = strlen(results);
    printf("%s%s", results, len > 0 && results[len - 1] == '\n' ? "" : "\n");
}

static void set_running(hone_job *job)
{
    pthread_mutex_lock(&running_lock);
    running = job;
    pthread_mutex_unlock(&running_lock);
}

static int run(hone_job *job)
{
    char *results = NULL;
    set_running(job);
    catch_signals();
    hone_status status = hone_job_run(job, &results);
    set_running(NULL);
    int exit_status = CLI_OK;
    if (status != HONE_OK)
        exit_status = cli_fail_options(status, hone_job_started(job));
    else if (!print_report(job) || running_trains)
        print_results(results);
    hone_free_text(results);
    return cli_finish(exit_status);
}

/* A command that a newcomer may begin with. */
static void show_example(const char *verb, hone_task_kind task)
{
    static const struct {
        const char *train, *valid;
    } files[HONE_N_TASKS] = {[HONE_TOKEN_CLASSIFICATION] = {"train.conll", "valid.conll"},
                             [HONE_TEXT_CLASSIFICATION] = {"train.tsv", "dev.tsv"},
                             [HONE_QUESTION_ANSWERING] = {"train-v1.1.json", "dev-v1.1.json"},
                             [HONE_CAUSAL_LM] = {"train.txt", "valid.txt"},
                             [HONE_MASKED_LM] = {"train.txt", "valid.txt"}};
    printf("for example:\n  hone %s %s --model_name_or_path DIR", verb, hone_task_name(task));
    if (running_trains)
        printf(" --train_file %s", files[task].train);
    printf(" --validation_file %s%s\n\n", files[task].valid, running_trains ? " --output_dir OUT" : "");
}

static int show_help(const char *verb, const char *about, hone_task_kind task, const hone_job *job)
{
    char *text = NULL;
    hone_status status = hone_job_help(&text, job);
    if (status != HONE_OK)
        return cli_fail(status);
    printf("usage: hone %s %s [OPTIONS.json] --option value …\n\n%s\n\n", verb, hone_task_name(task), about);
    show_example(verb, task);
    printf("%s\n", text);
    printf("everywhere:\n  --quiet, --log_level debug|info|warning|error, --offline, --help\n\n"
           "`-` and `_` are the same in a name; `--name value` and `--name=value` both work.\n");
    hone_free_text(text);
    return cli_finish(CLI_OK);
}

static int show_tasks(FILE *to, const char *verb, const char *about)
{
    fprintf(to, "usage: hone %s TASK --option value …\n\n%s\n\ntasks:", verb, about);
    for (int i = 0; i < HONE_N_TASKS; i++) {
        hone_job *job = NULL;
        if (hone_job_new(&job, HONE_JOB_TRAIN, (hone_task_kind)i) == HONE_OK)
            fprintf(to, " %s", hone_task_name((hone_task_kind)i));
        hone_job_free(job);
    }
    fprintf(to, "\n\n`hone %s TASK --help` lists the options.\n", verb);
    return to == stdout ? cli_finish(CLI_OK) : CLI_USAGE;
}

static int run_job(hone_job_kind kind, const char *verb, const char *about, int argc, char **argv)
{
    cli_messages messages;
    hone_task_kind task;
    hone_job *job = NULL;
    char command[64];
    int exit_status = CLI_USAGE;
    if (!cli_take_messages(&messages, &argc, argv))
        return CLI_USAGE;
    if (argc < 2)
        return show_tasks(messages.help ? stdout : stderr, verb, about);
    if (hone_task_parse(&task, argv[1]) != HONE_OK || hone_job_new(&job, kind, task) != HONE_OK)
        return cli_fail_usage();
    running_trains = kind == HONE_JOB_TRAIN;
    if (messages.help) {
        exit_status = show_help(verb, about, task, job);
    } else {
        snprintf(command, sizeof(command), "hone %s %s", verb, hone_task_name(task));
        hone_status status = hone_job_parse(job, argc - 2, argv + 2);
        exit_status = status == HONE_OK ? run(job) : cli_fail_parse(status, command);
    }
    hone_job_free(job);
    return exit_status;
}

int cmd_train(int argc, char **argv)
{
    return run_job(HONE_JOB_TRAIN, "train",
                   "Trains a model, from scratch or from a model folder, and prints the object of all_results.json. --output_dir gets the "
                   "model in the reference's\n"
                   "formats, checkpoints, results, the loss curve and a model card. SIGINT ends the run after a checkpoint (exit status "
                   "130); the same command then\n"
                   "goes on from there.",
                   argc, argv);
}

int cmd_evaluate(int argc, char **argv)
{
    return run_job(HONE_JOB_EVALUATE, "evaluate",
                   "Evaluates a saved model on a file and prints one JSON object: eval_loss, eval_samples, … and the task's metrics.", argc,
                   argv);
}
