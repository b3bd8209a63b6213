/* hone info --train: what a training would take, before it is started. `hone info --train TASK …` takes the options of hone train as they are; `hone info MODEL --train …` does without data,
 * with rows of one length. */
#include "cli/cli_info.h"

#include <hone/job.h>
#include <hone/model.h>
#include <hone/tokenizer.h>

#include <stdlib.h>
#include <string.h>

/* ---- what is shown ---- */

static void put_bytes(const char *name, size_t bytes, const char *note)
{
    printf("%-24s%10.1f MB%s%s\n", name, (double)bytes / 1e6, note ? "  " : "", note ? note : "");
}

static void put_limit(const hone_memory_forecast *f)
{
    char text[160] = "";
    if (f->limit && f->limit != SIZE_MAX)
        snprintf(text, sizeof(text), "of %.1f GB, %s", (double)f->limit / 1e9, f->limit_name);
    put_bytes("resident at most", f->resident, text);
}

static void put_table(const hone_memory_forecast *f)
{
    char batch[160];
    put_bytes("parameters", f->parameters, NULL);
    put_bytes("gradients", f->gradients, NULL);
    put_bytes("optimizer", f->moments, "moments and the like");
    put_bytes("activations", f->activations, "kept for backward");
    put_bytes("their gradients", f->activation_gradients, NULL);
    put_bytes("scratch", f->scratch, "of one operation at a time");
    put_bytes("batches", f->batches, "and the records of a step");
    put_bytes("data", f->data, "tokenizer, examples: what is there already");
    put_bytes("while evaluating", f->evaluation, "the greater of these two");
    put_bytes("while saving", f->checkpoint, NULL);
    if (f->predictions)
        put_bytes("predictions", f->predictions, "at the end, in the place of activations, their gradients and scratch");
    put_bytes("hone's own", f->own, "the most of it at one time");
    put_bytes("the process beside it", f->process, "program, libraries, threads");
    put_limit(f);
    snprintf(batch, sizeof(batch), "%lld rows, %lld tokens, up to %d a row", (long long)f->rows, (long long)f->tokens, (int)f->longest);
    printf("%-24s%s\n", "largest batch", batch);
}

static void put_forecast_json(const hone_memory_forecast *f)
{
    const struct {
        const char *name;
        size_t bytes;
    } parts[] = {{"parameters", f->parameters},
                 {"gradients", f->gradients},
                 {"moments", f->moments},
                 {"activations", f->activations},
                 {"activation_gradients", f->activation_gradients},
                 {"scratch", f->scratch},
                 {"batches", f->batches},
                 {"data", f->data},
                 {"evaluation", f->evaluation},
                 {"checkpoint", f->checkpoint},
                 {"predictions", f->predictions},
                 {"own", f->own},
                 {"process", f->process},
                 {"resident", f->resident}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        printf("%s\"bytes_%s\": %zu", i ? ", " : "{", parts[i].name, parts[i].bytes);
    if (f->limit && f->limit != SIZE_MAX)
        printf(", \"bytes_limit\": %zu", f->limit);
    printf(", \"rows\": %lld, \"tokens\": %lld, \"longest\": %d, \"fits\": %s}\n", (long long)f->rows, (long long)f->tokens,
           (int)f->longest, f->limit && f->resident > f->limit ? "false" : "true");
}

/* A forecast that does not fit is shown too, then said. */
static int show(const hone_memory_forecast *f, hone_status status, bool json, bool started)
{
    if (f->own)
        (json ? put_forecast_json : put_table)(f);
    if (status != HONE_OK)
        fflush(stdout);
    return cli_finish(status == HONE_OK ? CLI_OK : cli_fail_options(status, started));
}

/* ---- the command line ---- */

/* Takes a flag out of argv; true when it was there and not false. */
static bool take_flag(const char *name, int *argc, char **argv)
{
    bool on = false;
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (!cli_is_option(argv[i], name)) {
            argv[kept++] = argv[i];
            continue;
        }
        const char *equals = strchr(argv[i], '='), *value = equals ? equals + 1 : i + 1 < *argc ? argv[i + 1] : "";
        bool is_value = strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
        on = strcmp(value, "false") != 0;
        i += !equals && is_value;
    }
    *argc = kept;
    return on;
}

/* ---- with data: a training command as it is ---- */

static int forecast_job(hone_task_kind task, bool json, int argc, char **argv)
{
    hone_memory_forecast f = {0};
    hone_job *job = NULL;
    char command[64];
    int exit_status;
    snprintf(command, sizeof(command), "hone train %s", hone_task_name(task));
    hone_status status = hone_job_new(&job, HONE_JOB_TRAIN, task);
    if (status == HONE_OK && (status = hone_job_parse(job, argc, argv)) != HONE_OK) {
        exit_status = cli_fail_parse(status, command);
    } else {
        if (status == HONE_OK)
            status = hone_job_forecast(&f, job);
        exit_status = show(&f, status, json, job && hone_job_started(job));
    }
    hone_job_free(job);
    return exit_status;
}

/* ---- without data: a model and rows of one length ---- */

typedef struct options {
    char *task, *model_type, *config_overrides, *tokenizer_name;
    int64_t length, threads;
} options;

#define FIELD(field) offsetof(options, field)
static const hone_option rows[] = {
    {"task", HONE_OPTION_STRING, FIELD(task), NULL, 0, 0, NULL, NULL, NULL},
    {"model_type", HONE_OPTION_STRING, FIELD(model_type), NULL, 0, 0, NULL, NULL, NULL},
    {"config_overrides", HONE_OPTION_STRING, FIELD(config_overrides), NULL, 0, 0, NULL, NULL, NULL},
    {"tokenizer_name", HONE_OPTION_STRING, FIELD(tokenizer_name), NULL, 0, 0, NULL, NULL, NULL},
    {"max_seq_length", HONE_OPTION_INT, FIELD(length), "0", 0, 1e9, NULL, NULL, NULL},
    {"threads", HONE_OPTION_INT, FIELD(threads), "0", 0, 4096, NULL, NULL, NULL},
};
static const hone_option_alias aliases[] = {{"block_size", "max_seq_length", NULL, NULL}};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), aliases, 1};

/* The words of argv that are options of this file, into own; the others, which are the trainer's, into rest. The first word that is neither is *model. */
static void split(int argc, char **argv, char **own, int *n_own, char **rest, int *n_rest, char **model)
{
    static char batch_size[] = "--per_device_train_batch_size";
    bool is_own = false, after_name = false;
    for (int i = 1; i < argc; i++) {
        bool is_name = strncmp(argv[i], "--", 2) == 0;
        if (is_name)
            is_own = cli_is_option(argv[i], "block_size");
        for (size_t k = 0; is_name && k < table.n_rows; k++)
            is_own = is_own || cli_is_option(argv[i], rows[k].name);
        if (!is_name && !after_name && !*model)
            *model = argv[i];
        else if (is_own)
            own[(*n_own)++] = argv[i];
        else
            rest[(*n_rest)++] = strcmp(argv[i], "--batch_size") == 0 || strcmp(argv[i], "--batch-size") == 0 ? batch_size : argv[i];
        after_name = is_name && !strchr(argv[i], '=');
    }
}

static hone_status open_model(hone_model **out, const options *o, const char *path, hone_device *device)
{
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    hone_tokenizer *tok = NULL;
    hone_task_kind task = HONE_TASK_NONE;
    hone_status status = o->task ? hone_task_parse(&task, o->task) : HONE_OK;
    if (status == HONE_OK && o->tokenizer_name && (status = hone_tokenizer_from_pretrained(&tok, o->tokenizer_name)) == HONE_OK)
        m.vocab_size = (int64_t)hone_tokenizer_vocab_size(tok, true);
    hone_tokenizer_free(tok);
    m.device = device;
    m.for_training = m.empty_weights = m.ignore_mismatched_sizes = true;
    m.config_overrides = o->config_overrides;
    if (status != HONE_OK)
        return status;
    return path ? hone_model_from_pretrained(out, task, path, &m) : hone_model_from_config(out, task, o->model_type, &m);
}

/* *headless: there is nothing that the model could be trained for. */
static hone_status forecast_model(hone_memory_forecast *f, bool *headless, const options *o, const char *path,
                                  const hone_training_args *args)
{
    hone_device *device = NULL;
    hone_model *model = NULL;
    hone_status status = hone_device_open(&device, &(hone_device_options){NULL, (int)o->threads});
    if (status == HONE_OK)
        status = open_model(&model, o, path, device);
    *headless = status == HONE_OK && hone_model_task(model) == HONE_FEATURE_EXTRACTION;
    int64_t length = o->length ? o->length : status == HONE_OK ? hone_model_max_positions(model) : 0;
    if (status == HONE_OK && !*headless)
        status = hone_model_forecast(f, model, args, length > INT32_MAX ? INT32_MAX : (int32_t)length);
    hone_model_free(model);
    hone_device_free(device);
    return status;
}

static int without_data(bool json, int argc, char **argv)
{
    hone_memory_forecast f = {0};
    hone_training_args args;
    options o = {0};
    const hone_option_table *tables[] = {&table};
    void *structs[] = {&o};
    char **own = calloc((size_t)argc, sizeof(*own)), **rest = calloc((size_t)argc, sizeof(*rest)), *path = NULL;
    int n_own = 0, n_rest = 0, exit_status;
    bool headless = false;
    hone_status status = hone_training_args_init(&args);
    if (status == HONE_OK)
        status = hone_options_defaults(&table, &o);
    if (own && rest)
        split(argc, argv, own, &n_own, rest, &n_rest, &path);
    if (status == HONE_OK)
        status = hone_options_parse(tables, structs, 1, n_own, own, NULL, NULL);
    if (status == HONE_OK)
        status = hone_training_args_parse(&args, n_rest, rest);
    if (!own || !rest)
        exit_status = cli_fail(HONE_OUT_OF_MEMORY);
    else if (status != HONE_OK)
        exit_status = cli_fail_parse(status, "hone info");
    else if (!path == !o.model_type)
        exit_status = path ? cli_wrong("one MODEL, or --model_type, and no more") : cli_missing("TASK, MODEL (a folder) or --model_type");
    else {
        status = forecast_model(&f, &headless, &o, path, &args);
        exit_status = headless ? cli_missing("--task (the model has no head of its own)") : show(&f, status, json, true);
    }
    hone_options_dispose(&table, &o);
    hone_training_args_dispose(&args);
    free(own);
    free(rest);
    return exit_status;
}

bool cli_info_is_train(int argc, char **argv)
{
    bool is = false;
    for (int i = 1; i < argc; i++)
        is = is || cli_is_option(argv[i], "train");
    for (int i = 1; i < argc; i++)
        is = is && strcmp(argv[i], "--help") != 0 && strcmp(argv[i], "-h") != 0;
    return is;
}

int cli_info_train(int argc, char **argv)
{
    cli_messages messages;
    hone_task_kind task;
    if (!cli_take_messages(&messages, &argc, argv))
        return CLI_USAGE;
    bool json = take_flag("json", &argc, argv);
    take_flag("train", &argc, argv);
    if (argc > 1 && strncmp(argv[1], "--", 2) != 0 && strchr(argv[1], '/') == NULL && hone_task_parse(&task, argv[1]) == HONE_OK)
        return forecast_job(task, json, argc - 2, argv + 2);
    return without_data(json, argc, argv);
}
