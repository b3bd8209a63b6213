/* hone pipeline TASK: uses a model. Texts come from the command line, or lines of JSON from a file. */
#include "cli/cli.h"

#include <hone/job.h>
#include <hone/pipeline.h>

#include <stdlib.h>
#include <string.h>

typedef struct options {
    char *model, *input, *output;
    int64_t batch_size, max_new_tokens, top_k, num_beams, num_return_sequences, no_repeat_ngram_size;
    double temperature, top_p, repetition_penalty, length_penalty;
    bool do_sample, early_stopping;
} options;

#define FIELD(field) offsetof(options, field)
#define BIG          1e15
static const char files[] = "model and texts", generation[] = "generation";
static const hone_option rows[] = {
    {"model", HONE_OPTION_STRING, FIELD(model), NULL, 0, 0, NULL, files, "a model folder, with its tokenizer"},
    {"input", HONE_OPTION_STRING, FIELD(input), NULL, 0, 0, NULL, files, "lines of JSON instead of PROMPT…; - is standard input"},
    {"output", HONE_OPTION_STRING, FIELD(output), NULL, 0, 0, NULL, files, "a file for the answers instead of standard output"},
    {"batch_size", HONE_OPTION_INT, FIELD(batch_size), "1", 1, 65536, NULL, files, "inputs that are computed together"},
    {"max_new_tokens", HONE_OPTION_INT, FIELD(max_new_tokens), "-1", -1, BIG, NULL, generation,
     "the longest text that follows a prompt; -1: 256, or what the model's positions leave"},
    {"do_sample", HONE_OPTION_BOOL, FIELD(do_sample), NULL, 0, 0, NULL, generation, "draw tokens at random; otherwise greedy, or beams"},
    {"temperature", HONE_OPTION_DOUBLE, FIELD(temperature), "0.7", 1e-6, 1e6, NULL, generation, "sampling: below 1 likely tokens gain"},
    {"top_k", HONE_OPTION_INT, FIELD(top_k), "50", 0, BIG, NULL, generation, "sampling: only the K likeliest tokens; 0: all"},
    {"top_p", HONE_OPTION_DOUBLE, FIELD(top_p), "1", 1e-9, 1, NULL, generation,
     "sampling: only the likeliest tokens that have this share together"},
    {"num_beams", HONE_OPTION_INT, FIELD(num_beams), "1", 1, 4096, NULL, generation, "search with so many beams"},
    {"num_return_sequences", HONE_OPTION_INT, FIELD(num_return_sequences), "1", 1, 4096, NULL, generation, "texts for each prompt"},
    {"repetition_penalty", HONE_OPTION_DOUBLE, FIELD(repetition_penalty), "1", 1e-6, 1e6, NULL, generation,
     "above 1 tokens that occurred lose"},
    {"no_repeat_ngram_size", HONE_OPTION_INT, FIELD(no_repeat_ngram_size), "0", 0, BIG, NULL, generation,
     "no N tokens come twice in a row of a text; 0: off"},
    {"length_penalty", HONE_OPTION_DOUBLE, FIELD(length_penalty), "1", -1e6, 1e6, NULL, generation, "beams: above 0 long texts gain"},
    {"early_stopping", HONE_OPTION_BOOL, FIELD(early_stopping), NULL, 0, 0, NULL, generation,
     "beams: stop when num_beams texts have ended"},
};
static const hone_option_alias aliases[] = {{"model_name_or_path", "model", NULL, NULL}};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), aliases, 1};
static const cli_spec spec = {
    "hone pipeline text-generation --model DIR PROMPT…   or   … --input in.jsonl [--output out.jsonl]",
    "Goes on with prompts and prints what the reference's pipeline returns, a line of JSON for each: [{\"generated_text\": prompt and what "
    "follows}, …].\n"
    "A line of --input is {\"inputs\": text} or {\"prompt_ids\": [id, …]}, which gives {\"output_ids\": [[id, …], …]}. A bad line gives "
    "{\"error\": \"…\"};\n"
    "the others are done, and the exit status is 1. Unlike the reference's pipeline it is greedy unless --do_sample is given.",
    &table, true};

/* ---- a batch ---- */

typedef struct batch {
    hone_pipeline *pipeline;
    FILE *out;
    hone_text *inputs; /* (capacity) */
    char **owned;      /* (capacity) what inputs point to, NULL: lent */
    char **answers;    /* (capacity) */
    size_t n, capacity, n_errors;
} batch;

static bool batch_init(batch *b, hone_pipeline *pipeline, FILE *out, size_t capacity)
{
    *b = (batch){.pipeline = pipeline, .out = out, .capacity = capacity};
    b->inputs = calloc(capacity, sizeof(*b->inputs));
    b->owned = calloc(capacity, sizeof(*b->owned));
    b->answers = calloc(capacity, sizeof(*b->answers));
    return b->inputs && b->owned && b->answers;
}

static void batch_dispose(batch *b)
{
    for (size_t i = 0; b->owned && i < b->n; i++)
        free(b->owned[i]);
    free(b->inputs);
    free(b->owned);
    free(b->answers);
}

static hone_status batch_flush(batch *b)
{
    size_t n_errors = 0;
    hone_status status = b->n > 0 ? hone_pipeline_run_json(b->answers, &n_errors, b->pipeline, b->inputs, b->n) : HONE_OK;
    for (size_t i = 0; i < b->n; i++) {
        if (status == HONE_OK)
            fprintf(b->out, "%s\n", b->answers[i]);
        hone_pipeline_free_text(b->answers[i]);
        free(b->owned[i]);
        b->owned[i] = NULL;
    }
    if (fflush(b->out) != 0 && status == HONE_OK)
        status = HONE_IO;
    b->n_errors += n_errors;
    b->n = 0;
    return status;
}

/* ---- where inputs come from ---- */

static hone_status run_lines(batch *b, FILE *in)
{
    hone_status status = HONE_OK;
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t len; status == HONE_OK && (len = getline(&line, &capacity, in)) >= 0;) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        b->owned[b->n] = line;
        b->inputs[b->n++] = (hone_text){line, (size_t)len};
        line = NULL;
        capacity = 0;
        if (b->n == b->capacity)
            status = batch_flush(b);
    }
    free(line);
    return status == HONE_OK ? batch_flush(b) : status;
}

static hone_status run_words(batch *b, const char *const *words, size_t n)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; status == HONE_OK && i < n; i++) {
        char *answer = NULL;
        status = hone_pipeline_run(&answer, b->pipeline, HONE_TEXT(words[i]));
        if (status == HONE_OK)
            fprintf(b->out, "%s\n", answer);
        if (fflush(b->out) != 0 && status == HONE_OK)
            status = HONE_IO;
        hone_pipeline_free_text(answer);
    }
    return status;
}

/* ---- the command ---- */

static hone_pipeline_options pipeline_options(const options *o, const cli_common *common)
{
    hone_pipeline_options p = HONE_PIPELINE_OPTIONS_INIT;
    hone_generate_options *g = &p.generate;
    p.n_threads = (int)common->threads;
    g->max_new_tokens = o->max_new_tokens;
    g->do_sample = o->do_sample;
    g->temperature = o->do_sample ? o->temperature : 1.0;
    g->top_k = o->top_k;
    g->top_p = o->top_p;
    g->num_beams = o->num_beams;
    g->num_return_sequences = o->num_return_sequences;
    g->repetition_penalty = o->repetition_penalty;
    g->no_repeat_ngram_size = o->no_repeat_ngram_size;
    g->length_penalty = o->length_penalty;
    g->early_stopping = o->early_stopping;
    g->seed = (uint64_t)common->seed;
    return p;
}

static int fail_file(const char *what, const char *path)
{
    fprintf(stderr, "hone: error: cannot %s: %s: %m\n", what, path);
    return CLI_FAILED;
}

/* The device, when one is named: it must outlive the pipeline. */
static hone_status open_device(hone_device **out, const cli_common *common)
{
    hone_device_options d = {common->device, (int)common->threads};
    return strcmp(common->device, "auto") == 0 ? HONE_OK : hone_device_open(out, &d);
}

/* The pipeline, and the device when one is named. Options that contradict each other are a wrong command line. */
static int load(hone_pipeline **out, hone_device **device, const options *o, const cli_args *args, hone_task_kind task)
{
    hone_pipeline_options p = pipeline_options(o, &args->common);
    hone_status status = open_device(device, &args->common);
    if (status != HONE_OK)
        return cli_fail(status);
    p.device = *device;
    status = hone_pipeline_new(out, task, o->model, &p);
    return status == HONE_OK ? CLI_OK : status == HONE_INVALID_ARGUMENT ? cli_fail_usage() : cli_fail(status);
}

static int answer_all(hone_pipeline *pipeline, const options *o, const cli_args *args, FILE *in, FILE *out)
{
    batch b;
    if (!batch_init(&b, pipeline, out, (size_t)o->batch_size)) {
        batch_dispose(&b);
        fprintf(stderr, "hone: error: out of memory: --batch_size %lld\n", (long long)o->batch_size);
        return CLI_FAILED;
    }
    hone_status status = in ? run_lines(&b, in) : run_words(&b, args->words, args->n_words);
    size_t n_errors = b.n_errors;
    batch_dispose(&b);
    if (ferror(out))
        return CLI_FAILED; /* whoever closes it says so */
    if (status != HONE_OK)
        return cli_fail(status);
    return n_errors ? cli_fail_lines(n_errors) : CLI_OK;
}

static int run_into(hone_pipeline *pipeline, const options *o, const cli_args *args, FILE *in)
{
    FILE *out = stdout;
    if (o->output && !(out = fopen(o->output, "we")))
        return fail_file("write", o->output);
    int exit_status = answer_all(pipeline, o, args, in, out);
    if (in && ferror(in))
        exit_status = fail_file("read", o->input);
    if (out != stdout && (ferror(out) | fclose(out)))
        exit_status = fail_file("write", o->output);
    return cli_finish(exit_status);
}

static int run(const options *o, const cli_args *args, hone_task_kind task)
{
    hone_pipeline *pipeline = NULL;
    hone_device *device = NULL;
    FILE *in = NULL;
    if (!o->model)
        return cli_missing("--model");
    if (args->n_words == 0 && !o->input)
        return cli_missing("PROMPT, or --input,");
    if (o->input && args->n_words > 0)
        return cli_wrong("PROMPT and --input exclude each other");
    if (o->input && !(in = strcmp(o->input, "-") == 0 ? stdin : fopen(o->input, "re")))
        return fail_file("open", o->input);
    int exit_status = load(&pipeline, &device, o, args, task);
    if (exit_status == CLI_OK)
        exit_status = run_into(pipeline, o, args, in); /* an output file is not touched before the model is there */
    if (in && in != stdin)
        fclose(in);
    hone_pipeline_free(pipeline);
    hone_device_free(device);
    return exit_status;
}

static int show_tasks(FILE *to)
{
    fprintf(to, "usage: hone pipeline TASK --model DIR …\n\nUses a model: text in, JSON out.\n\ntasks: text-generation\n\n"
                "`hone pipeline TASK --help` tells more.\n");
    return to == stdout ? cli_finish(CLI_OK) : CLI_USAGE;
}

int cmd_pipeline(int argc, char **argv)
{
    options o;
    cli_args args;
    hone_task_kind task;
    int exit_status;
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return show_tasks(argc < 2 ? stderr : stdout);
    if (hone_task_parse(&task, argv[1]) != HONE_OK)
        return cli_fail_usage();
    if (cli_parse(&args, &spec, &o, argc - 1, argv + 1, &exit_status))
        exit_status = run(&o, &args, task);
    cli_dispose(&args);
    return exit_status;
}
