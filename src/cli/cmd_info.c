/* hone info MODEL: what a model folder holds, and the memory that training and running it take. Activations are forecast by a step that computes nothing. */
#include "cli/cli_info.h"

#include <hone/model.h>
#include <hone/tokenizer.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    char *model_type, *config_overrides, *tokenizer_name;
    int64_t batch_size, block_size;
    bool json;
} options;

#define FIELD(field) offsetof(options, field)
static const hone_option rows[] = {
    {"json", HONE_OPTION_BOOL, FIELD(json), NULL, 0, 0, NULL, "options", "print one JSON object, with exact numbers"},
    {"model_type", HONE_OPTION_STRING, FIELD(model_type), NULL, 0, 0, NULL, "options",
     "instead of MODEL: a new model of this type (gpt2, bert, distilbert)"},
    {"config_overrides", HONE_OPTION_STRING, FIELD(config_overrides), NULL, 0, 0, NULL, "options",
     "its shape: n_embd=256,n_layer=4,n_head=4,vocab_size=50000"},
    {"tokenizer_name", HONE_OPTION_STRING, FIELD(tokenizer_name), NULL, 0, 0, NULL, "options", "its vocabulary is that of this tokenizer"},
    {"per_device_train_batch_size", HONE_OPTION_INT, FIELD(batch_size), "8", 1, 1e6, NULL, "options",
     "rows of a step, for the memory of training"},
    {"block_size", HONE_OPTION_INT, FIELD(block_size), "128", 1, 1e9, NULL, "options", "tokens of a row, for the memory of training"},
};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), NULL, 0};
static const cli_spec spec = {
    "hone info MODEL   or   hone info --model_type gpt2 [--config_overrides n_layer=4,…] [--tokenizer_name DIR]\n"
    "       hone info --train TASK, and all options of hone train\n"
    "       hone info MODEL --train [--task TASK] [--max_seq_length N] [--batch_size N], and options of the trainer",
    "Says what a model folder holds: architecture, parameters, labels, and the memory that it takes to train it "
    "and to run it. With --model_type\n"
    "it says so of a model that is not there yet. With --train it forecasts the memory of a training, part by part: of "
    "the training command that\n"
    "follows, without doing it; or of MODEL on rows of one length. What does not fit into memory ends with status 1 "
    "and says what would.",
    &table, true};

/* Everything that is shown. bytes_run is that of one row. */
typedef struct facts {
    const hone_model *model;
    hone_model_info info;
    int64_t rows, tokens;
} facts;

static hone_status load(hone_model **out, const options *o, const char *path, hone_device *dry)
{
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    hone_tokenizer *tok = NULL;
    hone_status status = HONE_OK;
    if (path)
        return hone_model_from_pretrained(out, HONE_TASK_NONE, path, &m);
    if (o->tokenizer_name && (status = hone_tokenizer_from_pretrained(&tok, o->tokenizer_name)) == HONE_OK)
        m.vocab_size = (int64_t)hone_tokenizer_vocab_size(tok, true);
    hone_tokenizer_free(tok);
    m.device = dry;
    m.for_training = true;
    m.config_overrides = o->config_overrides;
    return status == HONE_OK ? hone_model_from_config(out, HONE_TASK_NONE, o->model_type, &m) : status;
}

static void put_row(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put_row(const char *name, const char *format, ...)
{
    va_list args;
    printf("%-16s", name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

static const char *size_text(char *out, size_t capacity, double bytes)
{
    if (bytes >= 1e9)
        snprintf(out, capacity, "%.2f GB", bytes / 1e9);
    else
        snprintf(out, capacity, "%.1f MB", bytes / 1e6);
    return out;
}

static void put_text(const facts *f)
{
    char a[32], b[32];
    const hone_model_info *x = &f->info;
    size_t n_labels = 0;
    const char *const *labels = hone_model_labels(f->model, &n_labels);
    put_row("model type", "%s", hone_model_type(f->model));
    put_row("architecture", "%s", x->architecture);
    bool small = x->n_parameters < 1000000;
    put_row("parameters", "%.1f%s (%zu)", (double)x->n_parameters / (small ? 1e3 : 1e6), small ? "K" : "M", x->n_parameters);
    put_row("vocabulary", "%lld", (long long)hone_model_vocab_size(f->model));
    put_row("positions", "%lld", (long long)hone_model_max_positions(f->model));
    put_row("layers", "%d of %lld channels", hone_model_n_layers(f->model), (long long)hone_model_hidden_size(f->model));
    if (labels) {
        printf("%-16s", "labels");
        for (size_t i = 0; i < n_labels; i++)
            printf("%s%s", i ? ", " : "", labels[i]);
        printf("\n");
    }
    put_row("memory to run", "%s (weights %s)", size_text(a, sizeof(a), (double)x->bytes_run),
            size_text(b, sizeof(b), (double)x->bytes_weights));
    put_row("memory to train", "%s with %lld rows of %lld tokens (weights, gradients, AdamW's moments, activations %s)",
            size_text(a, sizeof(a), (double)x->bytes_train), (long long)f->rows, (long long)f->tokens,
            size_text(b, sizeof(b), (double)x->bytes_activations));
}

static void put_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            printf("\\u%04x", (unsigned)*text);
        else
            printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    putchar('"');
}

static void put_json(const facts *f)
{
    const hone_model_info *x = &f->info;
    size_t n_labels = 0;
    const char *const *labels = hone_model_labels(f->model, &n_labels);
    printf("{\"model_type\": \"%s\", \"architecture\": \"%s\", \"parameters\": %zu, \"vocab_size\": %lld, \"max_positions\": %lld, "
           "\"layers\": %d, \"hidden_size\": %lld, ",
           hone_model_type(f->model), x->architecture, x->n_parameters, (long long)hone_model_vocab_size(f->model),
           (long long)hone_model_max_positions(f->model), hone_model_n_layers(f->model), (long long)hone_model_hidden_size(f->model));
    for (size_t i = 0; labels && i < n_labels; i++) {
        printf("%s", i ? ", " : "\"labels\": [");
        put_json_string(labels[i]);
    }
    printf("%s\"bytes_weights\": %zu, \"bytes_to_run\": %zu, \"bytes_to_train\": %zu, \"batch_size\": %lld, \"block_size\": %lld}\n",
           labels && n_labels ? "], " : "", x->bytes_weights, x->bytes_run, x->bytes_train, (long long)f->rows, (long long)f->tokens);
}

/* The forecast of a training step of many rows, and of running one. */
static hone_status find_facts(facts *f, const options *o, const hone_model *model)
{
    hone_model_info one_row;
    int64_t positions = hone_model_max_positions(model);
    f->model = model;
    f->rows = o->batch_size;
    f->tokens = o->block_size < positions ? o->block_size : positions;
    hone_status status = hone_model_describe(&f->info, model, (int32_t)f->rows, (int32_t)f->tokens);
    if (status == HONE_OK)
        status = hone_model_describe(&one_row, model, 1, (int32_t)f->tokens);
    if (status == HONE_OK)
        f->info.bytes_run = one_row.bytes_run;
    return status;
}

static int info(const options *o, const char *path)
{
    facts f = {0};
    hone_device *dry = NULL;
    hone_model *model = NULL;
    hone_device_options device = {"dry", 0};
    hone_status status = hone_device_open(&dry, &device);
    if (status == HONE_OK)
        status = load(&model, o, path, dry);
    if (status == HONE_OK)
        status = find_facts(&f, o, model);
    if (status == HONE_OK)
        (o->json ? put_json : put_text)(&f);
    int exit_status = status == HONE_OK ? CLI_OK : cli_fail_options(status, true);
    hone_model_free(model);
    hone_device_free(dry);
    return cli_finish(exit_status);
}

int cmd_info(int argc, char **argv)
{
    options o;
    cli_args args;
    int exit_status;
    if (cli_info_is_train(argc, argv))
        return cli_info_train(argc, argv);
    if (cli_parse(&args, &spec, &o, argc, argv, &exit_status)) {
        if (args.n_words == 0 && !o.model_type)
            exit_status = cli_missing("MODEL (a folder), or --model_type,");
        else if (args.n_words + (o.model_type != NULL) > 1)
            exit_status = cli_wrong("one MODEL, or --model_type, and no more");
        else
            exit_status = info(&o, args.n_words ? args.words[0] : NULL);
    }
    cli_dispose(&args);
    return exit_status;
}
