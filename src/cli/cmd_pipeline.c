/* hone pipeline TASK: uses a model. Texts come from the command line, or lines of JSON from a file. */
#include "cli/pipeline_cli.h"

#include <hone/job.h>

#include <stdlib.h>
#include <string.h>

static int fail_file(const char *what, const char *path)
{
    fprintf(stderr, "hone: error: cannot %s: %s: %m\n", what, path);
    return CLI_FAILED;
}

/* The device, when one is named or profiled: it must outlive the pipeline. */
static int open_device(hone_device **out, const pipeline_options *o, const cli_common *common)
{
    hone_device_options d = {common->device, (int)common->threads};
    bool own = strcmp(common->device, "auto") != 0 || o->profile || o->profile_trace;
    hone_status status = own ? hone_device_open(out, &d) : HONE_OK;
    return status == HONE_OK ? CLI_OK : cli_fail_device(status);
}

/* The pipeline, on the device when one is named. Options that contradict each other are a wrong command line. */
static int load(hone_pipeline **out, hone_device **device, pipeline_options *o, const cli_args *args, const pipeline_task *task)
{
    hone_pipeline_options p = HONE_PIPELINE_OPTIONS_INIT;
    const char **owned = NULL;
    int exit_status = task->fill(&p, &owned, o, &args->common);
    if (exit_status == CLI_OK)
        exit_status = open_device(device, o, &args->common);
    if (exit_status == CLI_OK) {
        hone_status status = pipeline_profile_start(o, *device);
        p.device = *device;
        p.n_threads = (int)args->common.threads;
        p.quantize = (hone_quantization)o->quantize;
        bool started = status == HONE_OK;
        if (started)
            status = hone_pipeline_new(out, task->kind, o->model, &p);
        pipeline_profile_loaded(o);
        exit_status = status == HONE_OK ? CLI_OK : started && status == HONE_INVALID_ARGUMENT ? cli_fail_usage() : cli_fail(status);
    }
    free(owned);
    return exit_status;
}

static int answer_all(hone_pipeline *pipeline, const pipeline_options *o, const cli_args *args, const pipeline_task *task, FILE *in,
                      FILE *out)
{
    size_t n_errors = 0, n_words = task->words ? args->n_words : 1;
    const char *const *words = task->words ? args->words : (const char *const *)&o->question;
    hone_status status;
    if (in)
        status = pipeline_run_lines(&n_errors, pipeline, o, in, out);
    else if (pipeline_shows_text(o, task))
        status = task->show(pipeline, o, words, n_words, out);
    else
        status = pipeline_run_words(pipeline, o, words, n_words, out);
    if (ferror(out))
        return CLI_FAILED; /* whoever closes it says so */
    if (status != HONE_OK)
        return cli_fail(status);
    return n_errors ? cli_fail_lines(n_errors) : CLI_OK;
}

static int run_into(hone_pipeline *pipeline, const pipeline_options *o, const cli_args *args, const pipeline_task *task, FILE *in)
{
    FILE *out = stdout;
    if (o->output && !(out = fopen(o->output, "we")))
        return fail_file("write", o->output);
    int exit_status = answer_all(pipeline, o, args, task, in, out);
    if (in && ferror(in))
        exit_status = fail_file("read", o->input);
    if (out != stdout && (ferror(out) | fclose(out)))
        exit_status = fail_file("write", o->output);
    return cli_finish(exit_status);
}

static int run(pipeline_options *o, const cli_args *args, const pipeline_task *task)
{
    hone_pipeline *pipeline = NULL;
    hone_device *device = NULL;
    FILE *in = NULL;
    char text[80];
    const char *words = task->words ? task->words : "--question with --context";
    if (!o->model)
        return cli_missing("--model");
    snprintf(text, sizeof(text), "%s, or --input,", words);
    if (!o->input && (task->words ? args->n_words == 0 : !o->question || !o->text_pair))
        return cli_missing(text);
    snprintf(text, sizeof(text), "%s and --input exclude each other", words);
    if (o->input && (args->n_words > 0 || o->question || (!task->words && o->text_pair)))
        return cli_wrong(text);
    if (o->input && !(in = strcmp(o->input, "-") == 0 ? stdin : fopen(o->input, "re")))
        return fail_file("open", o->input);
    int exit_status = load(&pipeline, &device, o, args, task);
    if (exit_status == CLI_OK)
        exit_status = run_into(pipeline, o, args, task, in); /* an output file is not touched before the model is there */
    hone_status profiled = pipeline_profile_end(o, exit_status == CLI_OK || exit_status == CLI_FAILED);
    if (profiled != HONE_OK)
        exit_status = cli_fail(profiled);
    if (in && in != stdin)
        fclose(in);
    hone_pipeline_free(pipeline);
    hone_device_free(device);
    return exit_status;
}

static int show_tasks(FILE *to)
{
    fprintf(to, "usage: hone pipeline TASK --model DIR …\n\nUses a model: text in, JSON out.\n\ntasks:");
    for (size_t i = 0; pipeline_task_at(i); i++)
        fprintf(to, "%s %s", i ? "," : "", pipeline_task_at(i)->name);
    fprintf(to, "\n\n`hone pipeline TASK --help` tells more.\n");
    return to == stdout ? cli_finish(CLI_OK) : CLI_USAGE;
}

/* A task that has no pipeline: the library says which have one. */
static int fail_task(hone_task_kind kind)
{
    hone_pipeline *none;
    return cli_fail(hone_pipeline_new(&none, kind, "", NULL));
}

int cmd_pipeline(int argc, char **argv)
{
    pipeline_options o;
    cli_args args;
    hone_task_kind kind;
    int exit_status;
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return show_tasks(argc < 2 ? stderr : stdout);
    if (hone_task_parse(&kind, argv[1]) != HONE_OK)
        return cli_fail_usage();
    const pipeline_task *task = pipeline_task_of(kind);
    if (!task)
        return fail_task(kind);
    memset(&o, 0, sizeof(o));
    if (pipeline_has_foreign_option(task, argc - 1, argv + 1))
        return CLI_USAGE;
    if (cli_parse(&args, &task->spec, &o, argc - 1, argv + 1, &exit_status))
        exit_status = run(&o, &args, task);
    cli_dispose(&args);
    return exit_status;
}
