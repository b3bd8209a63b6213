/* A job's options (hone/job.h): three tables on one command line, the task's first. */
#include "tasks/job.h"

#include <stddef.h>
#include <string.h>

enum { N_OWN_ROWS = 1, N_EVALUATION_ROWS = 6 }; /* of run_rows: what an evaluation alone has, and what it has at all */
static const hone_option run_rows[] = {
    {"quantize", HONE_OPTION_ENUM, offsetof(hone_job_options, quantize), "none", 0, 0, HONE__QUANTIZATIONS, "Speed",
     "of an evaluation; int8: the linear maps of the layers in 8 bits, in less time and memory (docs/precision.md)"},
    {"config", HONE_OPTION_STRING, offsetof(hone_job_options, config), NULL, 0, 0, NULL, "Run",
     "a JSON file of options, which those of the command line replace; a first word FILE.json is the same"},
    {"save_args", HONE_OPTION_STRING, offsetof(hone_job_options, save_args), NULL, 0, 0, NULL, "Run",
     "write all options in force to a JSON file, which --config reads"},
    {"threads", HONE_OPTION_INT, offsetof(hone_job_options, threads), "0", 0, 4096, NULL, "Machine",
     "threads to compute with (0: the cores of the machine)"},
    {"device", HONE_OPTION_STRING, offsetof(hone_job_options, device), "auto", 0, 0, NULL, "Machine",
     "auto, cpu; ref is slow and for checks"},
    {"do_predict", HONE_OPTION_BOOL, offsetof(hone_job_options, do_predict), "false", 0, 0, NULL, "Run",
     "write predictions (implied by --test_file)"},
    {"early_stopping_patience", HONE_OPTION_INT, offsetof(hone_job_options, early_stopping_patience), "0", 0, 9e18, NULL, "Evaluation",
     "end after so many evaluations in a row without a better metric_for_best_model (0: not)"},
    {"early_stopping_threshold", HONE_OPTION_DOUBLE, offsetof(hone_job_options, early_stopping_threshold), "0", 0, 1e300, NULL,
     "Evaluation", "a smaller improvement is none"},
};
static const hone_option_alias run_aliases[] = {
    {"use_cpu", "device", "cpu", NULL},
    {"no_cuda", "device", "cpu", "is --use_cpu now"},
    {"num_threads", "threads", NULL, NULL},
};
const hone_option_table hone__job_table = {run_rows, sizeof(run_rows) / sizeof(*run_rows), run_aliases,
                                           sizeof(run_aliases) / sizeof(*run_aliases)};

static const hone_job_class *const classes[] = {&hone__token_classification_job, &hone__text_classification_job,
                                                &hone__question_answering_job, &hone__causal_lm_job, &hone__masked_lm_job};

/* What an evaluation takes of the trainer's options; help where it is another one. */
static const struct {
    const char *name, *help;
} eval_rows[] = {
    {"output_dir", "a folder for results, predictions and the profile; without it results are printed and nothing is written"},
    {"per_device_eval_batch_size", NULL},
    {"seed", NULL},
    {"do_eval", NULL},
    {"disable_tqdm", NULL},
    {"label_smoothing_factor", NULL},
    {"bf16_full_eval", NULL},
    {"prediction_loss_only", NULL},
    {"profile", "say at the end where a batch's time went, op by op; profile.txt and a Chrome trace, profile_trace.json, go into "
                "output_dir, if there is one"},
    {"profile_steps", NULL},
    {"profile_layers", NULL},
    {"on_disk_full", NULL},
};
enum { N_EVAL_ROWS = sizeof(eval_rows) / sizeof(*eval_rows) };

const char *hone_task_name(hone_task_kind task)
{
#define X(suffix, text, alias) text,
    static const char *const names[] = {HONE_TASK_MAP(X)};
#undef X
    return (int)task >= 0 && (int)task < HONE_N_TASKS ? names[task] : "none";
}

hone_status hone_task_parse(hone_task_kind *out, const char *name)
{
#define X(suffix, text, alias) {HONE_##suffix, text, alias},
    static const struct {
        hone_task_kind kind;
        const char *name, *alias;
    } tasks[] = {HONE_TASK_MAP(X){HONE_TEXT_CLASSIFICATION, "glue", "sequence-classification"}};
#undef X
    for (size_t i = 0; i < sizeof(tasks) / sizeof(*tasks); i++)
        if (strcmp(name, tasks[i].name) == 0 || strcmp(name, tasks[i].alias) == 0) {
            *out = tasks[i].kind;
            return HONE_OK;
        }
    *out = HONE_TASK_NONE;
#define X(suffix, text, alias) text " (" alias ") "
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "there is no task \"%s\"", name), "there are: " HONE_TASK_MAP(X));
#undef X
}

static hone_status find_class(const hone_job_class **out, hone_task_kind task)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (classes[i]->kind == task) {
            *out = classes[i];
            return HONE_OK;
        }
    return hone__hint(hone__fail(HONE_UNSUPPORTED, "%s cannot be trained or evaluated yet", hone_task_name(task)),
                      "there are: token-classification, text-classification, question-answering, causal-lm, masked-lm");
}

static hone_status choose_training_rows(hone_job *job)
{
    job->training = hone__training_table;
    job->own = hone__job_table;
    if (job->kind == HONE_JOB_TRAIN) {
        job->own.rows += N_OWN_ROWS;
        job->own.n_rows -= N_OWN_ROWS;
        return HONE_OK;
    }
    job->own.n_rows = N_EVALUATION_ROWS;
    HONE_TRY(HONE_NEW(&job->training_rows, N_EVAL_ROWS));
    job->training.rows = job->training_rows;
    job->training.n_rows = 0;
    job->training.n_aliases = 0;
    for (size_t i = 0; i < hone__training_table.n_rows; i++)
        for (size_t k = 0; k < N_EVAL_ROWS; k++)
            if (strcmp(hone__training_table.rows[i].name, eval_rows[k].name) == 0) {
                hone_option *row = &job->training_rows[job->training.n_rows++];
                *row = hone__training_table.rows[i];
                row->help = eval_rows[k].help ? eval_rows[k].help : row->help;
            }
    return HONE_OK;
}

hone_status hone_job_new(hone_job **out, hone_job_kind kind, hone_task_kind task)
{
    const hone_job_class *class = NULL;
    hone_job *job = NULL;
    hone_status status;
    *out = NULL;
    HONE_TRY(find_class(&class, task));
    HONE_TRY(HONE_NEW(&job, 1));
    job->kind = kind;
    job->class = class;
    atomic_init(&job->stop, 0);
    job->output_lock = -1;
    HONE_GO(choose_training_rows(job));
    HONE_GO(hone__calloc_(&job->task_options, 1, class->options_size));
    HONE_GO(hone__options_defaults(class->options, job->task_options));
    HONE_GO(hone__options_defaults(&hone__job_table, &job->run));
    HONE_GO(hone_training_args_init(&job->args));
    *out = job;
    return HONE_OK;
done:
    hone_job_free(job);
    return status;
}

void hone_job_free(hone_job *job)
{
    if (!job)
        return;
    if (job->task_options)
        hone__options_dispose(job->class->options, job->task_options);
    hone__free(job->task_options);
    hone__options_dispose(&hone__job_table, &job->run);
    hone_training_args_dispose(&job->args);
    hone__free(job->report);
    hone__free(job->command_line);
    hone__free(job->training_rows);
    hone__free(job);
}

hone_status hone_job_set(hone_job *job, const char *name, const char *value)
{
    if (value && strcmp(name, "config") == 0)
        HONE_TRY(hone_job_read_config(job, value));
    if (hone__options_find(job->class->options, name))
        return hone__options_set(job->class->options, job->task_options, name, value);
    if (hone__options_find(&job->own, name))
        return hone__options_set(&job->own, &job->run, name, value);
    if (!hone__options_find(&job->training, name) && hone__options_find(&hone__foreign_table, name))
        return hone__options_set(&hone__foreign_table, NULL, name, value);
    return hone__options_set(&job->training, &job->args, name, value);
}

/* Files of options come first, wherever they stand. */
static hone_status read_configs(hone_job *job, int *argc, char ***argv)
{
    static const char name[] = "--config";
    if (*argc > 0 && (*argv)[0][0] != '-' && hone__ends_with((*argv)[0], ".json")) {
        HONE_TRY(hone_job_read_config(job, (*argv)[0]));
        ++*argv, --*argc;
    }
    for (int i = 0; i < *argc && strcmp((*argv)[i], "--") != 0; i++) {
        const char *word = (*argv)[i];
        if (strncmp(word, name, sizeof(name) - 1) != 0)
            continue;
        if (word[sizeof(name) - 1] == '=')
            HONE_TRY(hone_job_read_config(job, word + sizeof(name)));
        else if (!word[sizeof(name) - 1] && i + 1 < *argc)
            HONE_TRY(hone_job_read_config(job, (*argv)[i + 1]));
    }
    return HONE_OK;
}

/* A word as a shell takes it. */
static void put_word(hone_str *out, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (*word && word[strspn(word, safe)] == '\0') {
        hone__str_puts(out, word);
        return;
    }
    hone__str_putc(out, '\'');
    for (; *word; word++)
        *word == '\'' ? hone__str_puts(out, "'\\''") : hone__str_putc(out, *word);
    hone__str_putc(out, '\'');
}

/* Nobody shall read a token of the Hub in a model card. */
static bool is_secret(const char *word)
{
    return hone__starts_with(word, "--") && (strstr(word, "hub_token") || strstr(word, "hub-token"));
}

static hone_status keep_command(hone_job *job, int argc, char **argv)
{
    hone_str text = HONE_STR_INIT;
    hone__str_printf(&text, "hone %s %s", job->kind == HONE_JOB_TRAIN ? "train" : "evaluate", hone_task_name(job->class->kind));
    for (int i = 0; i < argc; i++) {
        if (is_secret(argv[i])) {
            i += !strchr(argv[i], '=');
            continue;
        }
        hone__str_putc(&text, ' ');
        put_word(&text, argv[i]);
    }
    hone__free(job->command_line);
    job->command_line = NULL;
    hone_status status = hone__str_take(&job->command_line, &text);
    hone__str_dispose(&text);
    return status;
}

hone_status hone_job_parse(hone_job *job, int argc, char **argv)
{
    HONE_TRY(keep_command(job, argc, argv));
    const hone_option_table *tables[] = {job->class->options, &job->own, &job->training, &hone__foreign_table};
    void *structs[] = {job->task_options, &job->run, &job->args, NULL};
    HONE_TRY(read_configs(job, &argc, &argv));
    return hone__options_parse(tables, structs, 4, argc, argv, NULL, NULL);
}

/* Options of the tasks that an evaluation takes, for it may have the command line of the training, and has no use for. */
static bool is_of_training(const char *name)
{
    static const char *const names[] = {"model_type",
                                        "config_overrides",
                                        "ignore_mismatched_sizes",
                                        "train_file",
                                        "validation_split_percentage",
                                        "max_train_samples",
                                        "loss",
                                        "key_tokens",
                                        "keytoken_alpha",
                                        "dropout",
                                        "problem_type",
                                        "do_regression"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

hone_status hone_job_help(char **out, const hone_job *job)
{
    const hone_option_table *tables[] = {job->class->options, &job->training, &job->own};
    hone_option_table all = {0}; /* one, so that each group stands once */
    hone_option *rows = NULL;
    hone_str text = HONE_STR_INIT;
    hone_status status;
    *out = NULL;
    HONE_GO(HONE_ALLOC(&rows, tables[0]->n_rows + tables[1]->n_rows + tables[2]->n_rows));
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < tables[k]->n_rows; i++)
            if (job->kind == HONE_JOB_TRAIN || !is_of_training(tables[k]->rows[i].name))
                rows[all.n_rows++] = tables[k]->rows[i];
    all.rows = rows;
    hone__options_help(&all, &text);
    status = hone__str_take(out, &text);
done:
    hone__free(rows);
    hone__str_dispose(&text);
    return status;
}

hone_status hone_job_report(char **out, const hone_job *job)
{
    *out = NULL;
    return job->report ? hone__strdup(out, job->report) : HONE_OK;
}

bool hone_job_started(const hone_job *job)
{
    return job->started;
}

void hone_job_request_stop(hone_job *job)
{
    atomic_store(&job->stop, 1);
}
