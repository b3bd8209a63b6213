/* hone info MODEL: what a model folder holds, and the memory that training and running it take. Activations are forecast by a step that computes nothing. */
#include "cli/cli.h"

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
    {"model_type", HONE_OPTION_STRING, FIELD(model_type), NULL, 0, 0, NULL, "options", "instead of MODEL: a new model of this type (gpt2)"},
    {"config_overrides", HONE_OPTION_STRING, FIELD(config_overrides), NULL, 0, 0, NULL, "options",
     "its shape: n_embd=256,n_layer=4,n_head=4,vocab_size=50000"},
    {"tokenizer_name", HONE_OPTION_STRING, FIELD(tokenizer_name), NULL, 0, 0, NULL, "options", "its vocabulary is that of this tokenizer"},
    {"per_device_train_batch_size", HONE_OPTION_INT, FIELD(batch_size), "8", 1, 1e6, NULL, "options",
     "rows of a step, for the memory of training"},
    {"block_size", HONE_OPTION_INT, FIELD(block_size), "128", 1, 1e9, NULL, "options", "tokens of a row, for the memory of training"},
};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), NULL, 0};
static const cli_spec spec = {"hone info MODEL   or   hone info --model_type gpt2 [--config_overrides n_layer=4,…] [--tokenizer_name DIR]",
                              "Says what a model folder holds: architecture, parameters, labels, and the memory that it takes to train it "
                              "and to run it. With --model_type\n"
                              "it says so of a model that is not there yet.",
                              &table, true};

/* Everything that is shown, in bytes and counts. */
typedef struct facts {
    const hone_model *model;
    size_t parameters;
    double weights, activations, training, running;
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

/* The most that a step of `rows` rows of `tokens` tokens has in its arena: forward and, when training, backward. */
static hone_status forecast(double *bytes, const hone_model *model, hone_device *dry, bool training, int64_t rows_, int64_t tokens)
{
    hone_tape *tape = NULL;
    hone_tape_options how = {.recording = training, .training = training};
    size_t n = (size_t)(rows_ * tokens);
    int32_t *ids = calloc(n, sizeof(*ids)), *starts = calloc((size_t)rows_ + 1, sizeof(*starts));
    hone_batch batch = {.n_tokens = (int32_t)n,
                        .n_rows = (int32_t)rows_,
                        .longest = (int32_t)tokens,
                        .cu_seqlens = starts,
                        .input_ids = ids,
                        .n_labelled = -1};
    for (int64_t r = 0; starts && r <= rows_; r++)
        starts[r] = (int32_t)(r * tokens);
    hone_status status = ids && starts ? hone_tape_new(&tape, dry, &how) : HONE_OUT_OF_MEMORY;
    *bytes = 0;
    if (status == HONE_OK) {
        hone_output output = hone_model_forward(model, tape, &batch);
        hone_tensor *loss = training ? hone_model_loss(tape, &output, &batch) : NULL;
        status = training ? hone_tape_backward(tape, loss) : hone_tape_status(tape);
        *bytes = (double)hone_tape_bytes_peak(tape);
    }
    hone_tape_free(tape);
    free(ids);
    free(starts);
    return status;
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
    size_t n_labels = 0;
    const char *const *labels = hone_model_labels(f->model, &n_labels);
    put_row("model type", "%s", hone_model_type(f->model));
    bool small = f->parameters < 1000000;
    put_row("parameters", "%.1f%s (%zu)", (double)f->parameters / (small ? 1e3 : 1e6), small ? "K" : "M", f->parameters);
    put_row("vocabulary", "%lld", (long long)hone_model_vocab_size(f->model));
    put_row("positions", "%lld", (long long)hone_model_max_positions(f->model));
    put_row("layers", "%d of %lld channels", hone_model_n_layers(f->model), (long long)hone_model_hidden_size(f->model));
    if (labels) {
        printf("%-16s", "labels");
        for (size_t i = 0; i < n_labels; i++)
            printf("%s%s", i ? ", " : "", labels[i]);
        printf("\n");
    }
    put_row("memory to run", "%s (weights %s)", size_text(a, sizeof(a), f->running), size_text(b, sizeof(b), f->weights));
    put_row("memory to train", "%s with %lld rows of %lld tokens (weights, gradients, AdamW's moments, activations %s)",
            size_text(a, sizeof(a), f->training), (long long)f->rows, (long long)f->tokens, size_text(b, sizeof(b), f->activations));
}

static void put_json(const facts *f)
{
    printf("{\"model_type\": \"%s\", \"parameters\": %zu, \"vocab_size\": %lld, \"max_positions\": %lld, \"layers\": %d, \"hidden_size\": "
           "%lld, ",
           hone_model_type(f->model), f->parameters, (long long)hone_model_vocab_size(f->model),
           (long long)hone_model_max_positions(f->model), hone_model_n_layers(f->model), (long long)hone_model_hidden_size(f->model));
    printf("\"bytes_weights\": %.0f, \"bytes_to_run\": %.0f, \"bytes_to_train\": %.0f, \"batch_size\": %lld, \"block_size\": %lld}\n",
           f->weights, f->running, f->training, (long long)f->rows, (long long)f->tokens);
}

/* Fills the facts of a model; twin: the same shape on the dry device. */
static hone_status find_facts(facts *f, const options *o, const hone_model *model, const hone_model *twin, hone_device *dry)
{
    double one_row;
    int64_t positions = hone_model_max_positions(model);
    f->model = model;
    f->parameters = hone_model_n_parameters(model);
    f->weights = 4.0 * (double)f->parameters;
    f->rows = o->batch_size;
    f->tokens = o->block_size < positions ? o->block_size : positions;
    hone_status status = forecast(&f->activations, twin, dry, true, f->rows, f->tokens);
    if (status == HONE_OK)
        status = forecast(&one_row, twin, dry, false, 1, f->tokens);
    if (status != HONE_OK)
        return status;
    f->training = 4 * f->weights + f->activations;
    f->running = f->weights + one_row;
    return HONE_OK;
}

static int info(const options *o, const char *path)
{
    facts f = {0};
    hone_device *dry = NULL;
    hone_model *model = NULL, *twin = NULL;
    hone_device_options device = {"dry", 1};
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    m.for_training = true;
    hone_status status = hone_device_open(&dry, &device);
    m.device = dry;
    if (status == HONE_OK)
        status = load(&model, o, path, dry);
    if (status == HONE_OK && path)
        status = hone_model_from_pretrained(&twin, HONE_TASK_NONE, path, &m);
    if (status == HONE_OK)
        status = find_facts(&f, o, model, twin ? twin : model, dry);
    if (status == HONE_OK)
        (o->json ? put_json : put_text)(&f);
    int exit_status = status == HONE_OK ? CLI_OK : cli_fail(status);
    hone_model_free(twin);
    hone_model_free(model);
    hone_device_free(dry);
    return cli_finish(exit_status);
}

int cmd_info(int argc, char **argv)
{
    options o;
    cli_args args;
    int exit_status;
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
