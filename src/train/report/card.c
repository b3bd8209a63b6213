/* The model card README.md. Must match: TrainingSummary.to_model_card of transformers' modelcard.py, section by section; results, hyper-parameters and the table of evaluations have its names, order and roundings
 * (card_facts.c). Added: what the model is, how to use it and how it was made, the curves. */
#include "train/report/card.h"

#include <hone/version.h>

#include <math.h>
#include <string.h>

static const char comment[] =
    "\n<!-- This model card has been generated automatically according to the information the Trainer had access to. You\n"
    "should probably proofread and complete it, then remove this comment. -->\n";

/* ---- what it is ---- */

/* "the a dataset", "the a, the b and the c datasets" */
static void put_datasets(hone_str *out, const hone_trainer *t)
{
    const char *list = t->args.dataset_tags, *rest;
    char word[256], next[256];
    size_t n = 0;
    if (!list || !hone__card_next_word(word, sizeof(word), &list)) {
        hone__str_printf(out, t->options.dataset_name ? "the %s dataset." : "an unknown dataset.", t->options.dataset_name);
        return;
    }
    for (bool more = true; more; n++) {
        rest = list;
        more = hone__card_next_word(next, sizeof(next), &rest);
        hone__str_printf(out, "%sthe %s", n == 0 ? "" : more ? ", " : " and ", word);
        snprintf(word, sizeof(word), "%s", next);
        list = rest;
    }
    hone__str_puts(out, n > 1 ? " datasets." : " dataset.");
}

static void put_intro(hone_str *out, const hone_trainer *t, const char *name, const hone_metrics *results)
{
    const char *hub = hone__card_hub_base(t);
    hone__str_printf(out, "\n# %s\n\n", name);
    if (hub)
        hone__str_printf(out, "This model is a fine-tuned version of [%s](https://huggingface.co/%s) on ", hub, hub);
    else if (t->options.base_model)
        hone__str_printf(out, "This model is a fine-tuned version of %s on ", hone__path_base(t->options.base_model));
    else
        hone__str_puts(out, "This model was trained from scratch on ");
    put_datasets(out, t);
    if (results->n > 0)
        hone__str_puts(out, "\nIt achieves the following results on the evaluation set:");
    for (size_t i = 0; i < results->n; i++) {
        hone__str_puts(out, "\n- ");
        hone__card_put_title(out, results->items[i].name);
        hone__str_puts(out, ": ");
        hone__card_put_value(out, results->items[i].value, results->items[i].is_integer);
    }
    hone__str_putc(out, '\n');
}

static void put_description(hone_str *out, const hone_trainer *t)
{
    size_t n = 0;
    const char *const *labels = hone_model_labels(t->model, &n);
    double parameters = (double)hone_model_n_parameters(t->model);
    hone__str_printf(
        out, "\n## Model description\n\nA %s model with %.1f %s parameters: %d layers of %lld channels, %lld tokens in its vocabulary.",
        hone_model_type(t->model), parameters < 1e6 ? parameters / 1e3 : parameters / 1e6, parameters < 1e6 ? "thousand" : "million",
        hone_model_n_layers(t->model), (long long)hone_model_hidden_size(t->model), (long long)hone_model_vocab_size(t->model));
    if (labels && n > 0 && n <= 40) {
        hone__str_puts(out, " Its labels:");
        for (size_t i = 0; i < n; i++)
            hone__str_printf(out, "%s `%s`", i > 0 ? "," : "", labels[i]);
        hone__str_putc(out, '.');
    }
    hone__str_puts(out, "\n\nMore information needed\n");
}

/* ---- how to use it ---- */

static void put_use(hone_str *out, const hone_trainer *t, const char *name)
{
    const char *tag = hone__card_pipeline_tag(t->task.kind);
    const bool question = t->task.kind == HONE_QUESTION_ANSWERING;
    if (!tag || t->task.kind == HONE_FEATURE_EXTRACTION)
        return;
    hone__str_printf(out, "\n## How to use\n\nWith hone, `%s` being this folder:\n\n```sh\nhone pipeline %s --model %s %s\n```\n", name,
                     tag, name, question ? "--question \"…\" --context \"…\"" : "\"…\"");
    hone__str_printf(
        out, "\nIn Python:\n\n```python\nfrom transformers import pipeline\n\npipe = pipeline(\"%s\", model=\"%s\")\npipe(%s)\n```\n", tag,
        name, question ? "question=\"…\", context=\"…\"" : "\"…\"");
}

/* ---- how it was made ---- */

static void put_double_row(hone_str *out, const char *name, double value)
{
    char number[32];
    hone__format_double(number, value);
    hone__str_printf(out, "- %s: %s\n", name, number);
}

static void put_optimizer(hone_str *out, const hone_training_args *a)
{
    char beta1[32], beta2[32], epsilon[32];
    const char *args = a->optim_args ? a->optim_args : "No additional optimizer arguments", *name = hone__optim_names[a->optim];
    hone__format_double(beta1, a->adam_beta1);
    hone__format_double(beta2, a->adam_beta2);
    hone__format_double(epsilon, a->adam_epsilon);
    if (strstr(name, "adam"))
        hone__str_printf(out, "- optimizer: Use %s with betas=(%s,%s) and epsilon=%s and optimizer_args=%s\n", name, beta1, beta2, epsilon,
                         args);
    else
        hone__str_printf(out, "- optimizer: Use %s and the args are:\n%s\n", name, args);
}

static void put_schedule(hone_str *out, const hone_training_args *a)
{
    double part = a->warmup_steps > 0 && a->warmup_steps < 1 ? a->warmup_steps : a->warmup_ratio;
    hone__str_printf(out, "- lr_scheduler_type: %s\n", hone__schedule_names[a->lr_scheduler_type]);
    if (part > 0)
        put_double_row(out, "lr_scheduler_warmup_ratio", part);
    if (a->warmup_steps >= 1)
        hone__str_printf(out, "- lr_scheduler_warmup_steps: %.0f\n", a->warmup_steps);
    if (a->max_steps > 0)
        hone__str_printf(out, "- training_steps: %lld\n", (long long)a->max_steps);
    else
        put_double_row(out, "num_epochs", a->num_train_epochs);
}

static void put_hyper_parameters(hone_str *out, const hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    int64_t rows = a->gradient_accumulation_steps * a->per_device_train_batch_size * t->comm->n_ranks;
    hone__str_puts(out, "\n### Training hyperparameters\n\nThe following hyperparameters were used during training:\n");
    put_double_row(out, "learning_rate", a->learning_rate);
    hone__str_printf(out, "- train_batch_size: %lld\n- eval_batch_size: %lld\n- seed: %llu\n", (long long)a->per_device_train_batch_size,
                     (long long)a->per_device_eval_batch_size, (unsigned long long)a->seed);
    if (a->gradient_accumulation_steps > 1)
        hone__str_printf(out, "- gradient_accumulation_steps: %lld\n", (long long)a->gradient_accumulation_steps);
    if (rows != a->per_device_train_batch_size)
        hone__str_printf(out, "- total_train_batch_size: %lld\n", (long long)rows);
    put_optimizer(out, a);
    put_schedule(out, a);
    if (a->fp16 || a->bf16)
        hone__str_printf(out, "- mixed_precision_training: %s\n", a->fp16 ? "Native AMP" : "bf16");
    if (a->label_smoothing_factor > 0)
        put_double_row(out, "label_smoothing_factor", a->label_smoothing_factor);
    if (a->weight_decay > 0)
        put_double_row(out, "weight_decay", a->weight_decay);
    if (a->max_grad_norm != 1)
        put_double_row(out, "max_grad_norm", a->max_grad_norm);
}

/* The command line, broken before options where it is long. */
static void put_command(hone_str *out, const hone_trainer *t)
{
    size_t column = 0;
    const char *p = t->options.command_line;
    if (!p)
        return;
    hone__str_puts(out, "\n### Command line\n\n```sh\n");
    for (; *p; p++) {
        if (*p == ' ' && p[1] == '-' && p[2] == '-' && column > 60) {
            hone__str_puts(out, " \\\n   ");
            column = 3;
        }
        hone__str_putc(out, *p);
        column = *p == '\n' ? 0 : column + 1;
    }
    hone__str_puts(out, "\n```\n");
}

/* ---- the table of evaluations ---- */

/* The reference drops a name's first word, which is "eval". */
static void put_column_title(hone_str *out, const char *name)
{
    const char *rest = strchr(name, '_');
    if (strcmp(name, "eval_loss") == 0)
        hone__str_puts(out, "Validation Loss");
    else
        hone__card_put_title(out, rest ? rest + 1 : "");
}

/* Cell `column` of the table: of its head where entry is NULL. first names the columns behind the third. */
static void put_cell(hone_str *out, size_t column, const hone_metrics *entry, const hone_metrics *first, double loss)
{
    static const char *const titles[] = {"Training Loss", "Epoch", "Step"}, *const names[] = {"", "epoch", "step"};
    double value = NAN;
    if (column < 3 && !entry) {
        hone__str_puts(out, titles[column]);
        return;
    }
    if (column == 0 && isnan(loss)) {
        hone__str_puts(out, "No log");
        return;
    }
    if (column < 3) {
        hone_metrics_get(entry, names[column], &value);
        hone__card_put_value(out, column == 0 ? loss : value, column == 2);
        return;
    }
    for (size_t i = 0, n = 3; i < first->n; i++) {
        const hone_metric *m = &first->items[i];
        if (!hone__card_is_result(m->name) || n++ != column)
            continue;
        if (!entry)
            put_column_title(out, m->name);
        else if (hone_metrics_get(entry, m->name, &value))
            hone__card_put_value(out, value, m->is_integer);
        return;
    }
}

typedef struct table {
    const hone_trainer *t;
    const hone_metrics *first; /* the first evaluation: its names are the columns */
    size_t n_logs;             /* entries until the end of the training */
    size_t *widths, n_columns;
    hone_str cell;
} table;

/* The next evaluation behind entry *i, with the last training loss before it. */
static const hone_metrics *next_row(const table *b, size_t *i, double *loss)
{
    double value;
    while (*i < b->n_logs) {
        const hone_metrics *entry = &b->t->logs[(*i)++];
        hone_metrics_get(entry, "loss", loss);
        if (hone_metrics_get(entry, "eval_loss", &value))
            return entry;
    }
    return NULL;
}

/* As wide as the widest cell of the column: row NULL is the head. */
static void widen_columns(table *b, const hone_metrics *row, double loss)
{
    for (size_t column = 0; column < b->n_columns; column++) {
        hone__str_clear(&b->cell);
        put_cell(&b->cell, column, row, b->first, loss);
        b->widths[column] = b->cell.len > b->widths[column] ? b->cell.len : b->widths[column];
    }
}

static void put_row(hone_str *out, table *b, const hone_metrics *row, double loss)
{
    for (size_t column = 0; column < b->n_columns; column++) {
        hone__str_clear(&b->cell);
        put_cell(&b->cell, column, row, b->first, loss);
        hone__str_printf(out, "| %-*s ", (int)b->widths[column], b->cell.data ? b->cell.data : "");
    }
    hone__str_puts(out, "|\n");
}

static void put_rule(hone_str *out, const table *b)
{
    for (size_t column = 0; column < b->n_columns; column++) {
        hone__str_puts(out, "|:");
        for (size_t i = 0; i < b->widths[column]; i++)
            hone__str_putc(out, '-');
        hone__str_putc(out, ':');
    }
    hone__str_puts(out, "|\n");
}

static void put_table(hone_str *out, table *b)
{
    double loss = NAN;
    const hone_metrics *row;
    widen_columns(b, NULL, NAN);
    for (size_t i = 0; (row = next_row(b, &i, &loss));)
        widen_columns(b, row, loss);
    put_row(out, b, NULL, NAN);
    put_rule(out, b);
    loss = NAN;
    for (size_t i = 0; (row = next_row(b, &i, &loss));)
        put_row(out, b, row, loss);
}

static hone_status put_results(hone_str *out, const hone_trainer *t)
{
    table b = {.t = t, .n_columns = 3, .cell = HONE_STR_INIT};
    double value, loss = NAN;
    size_t i = 0;
    hone_status status = HONE_OK;
    while (b.n_logs < t->n_logs && !hone_metrics_get(&t->logs[b.n_logs], "train_runtime", &value))
        b.n_logs++;
    hone__str_puts(out, "\n### Training results\n\n");
    b.first = next_row(&b, &i, &loss);
    if (b.first) {
        for (size_t k = 0; k < b.first->n; k++)
            b.n_columns += hone__card_is_result(b.first->items[k].name);
        HONE_GO(HONE_NEW(&b.widths, b.n_columns));
        put_table(out, &b);
        hone__str_putc(out, '\n');
    }
    status = hone__str_status(&b.cell);
done:
    hone__free(b.widths);
    hone__str_dispose(&b.cell);
    return status;
}

static void put_versions(hone_str *out, const hone_trainer *t)
{
    hone__str_printf(out, "\n### Framework versions\n\n- hone %s\n", hone_version());
    for (unsigned i = 0; hone_version_library(i); i++)
        hone__str_printf(out, "- %s\n", hone_version_library(i));
    hone__str_printf(out, "- device: %s\n", hone_device_describe(hone_model_device(t->model)));
}

/* ---- the files ---- */

static hone_status write_text(const hone_trainer *t, const char *name, const hone_str *text)
{
    char *path = NULL;
    HONE_TRY(hone__str_status(text));
    HONE_TRY(hone__trainer_path(&path, t, name));
    hone_status status = hone__write_file(path, text->data, text->len);
    hone__free(path);
    return status;
}

static hone_status put_card(hone_str *out, const hone_trainer *t)
{
    hone_metrics results = HONE_METRICS_INIT;
    char buffer[256];
    const char *name = hone__trainer_name(t, buffer, sizeof(buffer));
    hone_status status;
    HONE_GO(hone__card_results(&results, t));
    HONE_GO(hone__card_put_yaml(out, t, &results));
    hone__str_puts(out, comment);
    put_intro(out, t, name, &results);
    put_description(out, t);
    hone__str_puts(out, "\n## Intended uses & limitations\n\nMore information needed\n");
    put_use(out, t, name);
    hone__str_puts(out, "\n## Training and evaluation data\n\nMore information needed\n\n## Training procedure\n");
    put_hyper_parameters(out, t);
    put_command(out, t);
    HONE_GO(put_results(out, t));
    hone__str_puts(out, "![losses, metrics and learning rate over the updates](loss.svg)\n");
    put_versions(out, t);
done:
    hone_metrics_dispose(&results);
    return status;
}

static hone_status write_card(hone_trainer *t, void *payload)
{
    (void)payload;
    hone_str card = HONE_STR_INIT, svg = HONE_STR_INIT;
    hone_status status;
    HONE_GO(hone__make_dirs(t->output_dir));
    HONE_GO(put_card(&card, t));
    HONE_GO(hone__trainer_plot(&svg, t));
    HONE_GO(write_text(t, "loss.svg", &svg));
    HONE_GO(write_text(t, "README.md", &card));
done:
    hone__str_dispose(&card);
    hone__str_dispose(&svg);
    return status;
}

hone_status hone_trainer_create_model_card(hone_trainer *t)
{
    return hone__trainer_persist(t, write_card, NULL, "the model card", 0);
}
