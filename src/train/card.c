/* The model card README.md: YAML head (what the Hub reads), results, hyper-parameters, the table of evaluations, versions and the loss curve. The order is that of the
 * reference's modelcard.py; sentences that would say nothing ("More information needed") are left out, and model-index stands there only with results of a named data set. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

static const char *pipeline_tag(hone_task_kind task)
{
    static const char *const tags[] = {"token-classification", "text-classification", "question-answering",
                                       "text-generation",      "fill-mask",           "feature-extraction"};
    return (int)task >= 0 && (int)task < HONE_N_TASKS ? tags[task] : NULL;
}

/* A double-quoted YAML scalar. */
static void put_quoted(hone_str *out, const char *text)
{
    hone__str_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            hone__str_putc(out, '\\');
        hone__str_putc(out, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
    hone__str_putc(out, '"');
}

const char *hone__trainer_name(const hone_trainer *t, char *buffer, size_t size)
{
    size_t len = strlen(t->output_dir);
    while (len > 1 && t->output_dir[len - 1] == '/')
        len--;
    size_t start = len;
    while (start > 0 && t->output_dir[start - 1] != '/')
        start--;
    snprintf(buffer, size, "%.*s", (int)(len - start), t->output_dir + start);
    return *buffer && strcmp(buffer, ".") != 0 ? buffer : "model";
}

static bool is_result(const char *name)
{
    return strcmp(name, "epoch") != 0 && strcmp(name, "step") != 0 && !strstr(name, "_runtime") && !strstr(name, "_per_second") &&
           strcmp(name, "eval_samples") != 0;
}

/* "eval_f1" → "F1", "eval_loss" → "Loss" */
static void put_title(hone_str *out, const char *name)
{
    name += strncmp(name, "eval_", 5) == 0 ? 5 : 0;
    for (size_t i = 0; name[i]; i++)
        hone__str_putc(out, i == 0 && name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i] == '_' ? ' ' : name[i]);
}

/* The Hub's own metrics: what model-index and the list of metrics name. */
static const char *hub_metric(const hone_metric *m)
{
    static const char *const names[] = {"accuracy", "precision", "recall", "f1", "perplexity", "exact_match", "matthews_correlation",
                                        "pearson",  "spearmanr", "mse"};
    const char *name = m->name + (strncmp(m->name, "eval_", 5) == 0 ? 5 : 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0 && isfinite(m->value))
            return names[i];
    return NULL;
}

static size_t count_hub_metrics(const hone_trainer *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->last_eval.n; i++)
        n += hub_metric(&t->last_eval.items[i]) != NULL;
    return n;
}

static void put_metric_names(hone_str *out, const hone_trainer *t)
{
    if (count_hub_metrics(t) == 0)
        return;
    hone__str_puts(out, "metrics:\n");
    for (size_t i = 0; i < t->last_eval.n; i++)
        if (hub_metric(&t->last_eval.items[i]))
            hone__str_printf(out, "- %s\n", hub_metric(&t->last_eval.items[i]));
}

/* "token-classification" → "Token Classification" */
static void put_task_name(hone_str *out, const char *tag)
{
    for (size_t i = 0; tag[i]; i++)
        hone__str_putc(out, tag[i] == '-' ? ' ' : (i == 0 || tag[i - 1] == '-') ? (char)(tag[i] - 'a' + 'A') : tag[i]);
}

static void put_model_index(hone_str *out, const hone_trainer *t, const char *name)
{
    const char *tag = pipeline_tag(t->task.kind);
    if (!t->options.dataset_name || !tag || count_hub_metrics(t) == 0)
        return;
    hone__str_puts(out, "model-index:\n- name: ");
    put_quoted(out, name);
    hone__str_puts(out, "\n  results:\n  - task:\n      name: ");
    put_task_name(out, tag);
    hone__str_printf(out, "\n      type: %s\n    dataset:\n      name: ", tag);
    put_quoted(out, t->options.dataset_name);
    hone__str_puts(out, "\n      type: ");
    put_quoted(out, t->options.dataset_name);
    hone__str_puts(out, "\n    metrics:\n");
    for (size_t i = 0; i < t->last_eval.n; i++) {
        const hone_metric *m = &t->last_eval.items[i];
        if (!hub_metric(m))
            continue;
        hone__str_puts(out, "    - name: ");
        put_title(out, m->name);
        hone__str_printf(out, "\n      type: %s\n      value: %.17g\n", hub_metric(m), m->value);
    }
}

static void put_head(hone_str *out, const hone_trainer *t, const char *name)
{
    hone__str_puts(out, "---\nlibrary_name: transformers\n");
    if (t->options.base_model && !hone__is_dir(t->options.base_model)) { /* a name on the Hub; a folder's path says nothing to others */
        hone__str_puts(out, "base_model: ");
        put_quoted(out, t->options.base_model);
        hone__str_putc(out, '\n');
    }
    hone__str_printf(out, "tags:\n- hone\n- %s\n", hone_model_type(t->model));
    if (pipeline_tag(t->task.kind))
        hone__str_printf(out, "pipeline_tag: %s\n", pipeline_tag(t->task.kind));
    put_metric_names(out, t);
    put_model_index(out, t, name);
    hone__str_puts(out, "---\n\n");
}

static void put_intro(hone_str *out, const hone_trainer *t, const char *name)
{
    hone__str_printf(out, "# %s\n\n", name);
    if (t->options.base_model)
        hone__str_printf(out, "This model is a fine-tuned version of %s",
                         hone__is_dir(t->options.base_model) ? hone__path_base(t->options.base_model) : t->options.base_model);
    else
        hone__str_puts(out, "This model was trained from scratch");
    if (t->options.dataset_name)
        hone__str_printf(out, " on %s", t->options.dataset_name);
    hone__str_printf(out, ". It has %.1f million parameters.\n", (double)hone_model_n_parameters(t->model) / 1e6);
    if (t->last_eval.n == 0)
        return;
    hone__str_puts(out, "It achieves the following results on the evaluation set:\n\n");
    for (size_t i = 0; i < t->last_eval.n; i++)
        if (is_result(t->last_eval.items[i].name)) {
            hone__str_puts(out, "- ");
            put_title(out, t->last_eval.items[i].name);
            hone__str_printf(out, t->last_eval.items[i].is_integer ? ": %.0f\n" : ": %.4f\n", t->last_eval.items[i].value);
        }
}

static void put_double_row(hone_str *out, const char *name, double value)
{
    char number[32];
    hone__format_double(number, value);
    hone__str_printf(out, "- %s: %s\n", name, number);
}

static void put_optimizer(hone_str *out, const hone_training_args *a)
{
#define X(suffix, text) text,
    static const char *const names[] = {HONE_OPTIM_MAP(X)};
#undef X
    if (a->optim <= HONE_OPTIM_ADAMW_TORCH_FUSED)
        hone__str_printf(out, "- optimizer: AdamW with betas=(%g, %g) and epsilon=%g\n", a->adam_beta1, a->adam_beta2, a->adam_epsilon);
    else
        hone__str_printf(out, "- optimizer: %s%s%s\n", names[a->optim], a->optim_args ? " with " : "", a->optim_args ? a->optim_args : "");
}

static void put_hyper_parameters(hone_str *out, const hone_trainer *t)
{
#define X(suffix, text) text,
    static const char *const schedules[] = {HONE_SCHEDULE_MAP(X)};
#undef X
    const hone_training_args *a = &t->args;
    hone__str_puts(out, "\n## Training procedure\n\n![loss curve](loss.svg)\n\n### Training hyperparameters\n\nThe following "
                        "hyperparameters were used during training:\n\n");
    put_double_row(out, "learning_rate", a->learning_rate);
    hone__str_printf(out, "- train_batch_size: %lld\n- eval_batch_size: %lld\n- seed: %llu\n", (long long)a->per_device_train_batch_size,
                     (long long)a->per_device_eval_batch_size, (unsigned long long)a->seed);
    if (a->gradient_accumulation_steps > 1)
        hone__str_printf(out, "- gradient_accumulation_steps: %lld\n- total_train_batch_size: %lld\n",
                         (long long)a->gradient_accumulation_steps,
                         (long long)(a->gradient_accumulation_steps * a->per_device_train_batch_size * t->comm->n_ranks));
    put_optimizer(out, a);
    put_double_row(out, "weight_decay", a->weight_decay);
    put_double_row(out, "max_grad_norm", a->max_grad_norm);
    hone__str_printf(out, "- lr_scheduler_type: %s\n", schedules[a->lr_scheduler_type]);
    if (a->warmup_steps > 0)
        put_double_row(out, "lr_scheduler_warmup_steps", a->warmup_steps);
    if (a->max_steps > 0)
        hone__str_printf(out, "- training_steps: %lld\n", (long long)a->max_steps);
    else
        put_double_row(out, "num_epochs", a->num_train_epochs);
    if (a->label_smoothing_factor > 0)
        put_double_row(out, "label_smoothing_factor", a->label_smoothing_factor);
}

static void put_results_row(hone_str *out, const hone_metrics *entry, const hone_metrics *first, double loss)
{
    double epoch = 0, step = 0, value;
    hone_metrics_get(entry, "epoch", &epoch);
    hone_metrics_get(entry, "step", &step);
    if (isnan(loss))
        hone__str_puts(out, "| No log");
    else
        hone__str_printf(out, "| %.4f", loss);
    hone__str_printf(out, " | %.4g | %.0f |", epoch, step);
    for (size_t i = 0; i < first->n; i++)
        if (is_result(first->items[i].name))
            hone__str_printf(out, " %.4f |", hone_metrics_get(entry, first->items[i].name, &value) ? value : NAN);
    hone__str_putc(out, '\n');
}

/* The evaluation at the end repeats one that was made after the last step. */
static bool is_repeated(const hone_metrics *entry, const hone_metrics *before)
{
    double step = -1, loss = NAN, step_before = -2, loss_before = NAN;
    if (!before)
        return false;
    hone_metrics_get(entry, "step", &step), hone_metrics_get(before, "step", &step_before);
    hone_metrics_get(entry, "eval_loss", &loss), hone_metrics_get(before, "eval_loss", &loss_before);
    return step == step_before && loss == loss_before;
}

static void put_results(hone_str *out, const hone_trainer *t)
{
    const hone_metrics *first = NULL, *before = NULL;
    double loss = NAN, value;
    for (size_t i = 0; i < t->n_logs; i++) {
        hone_metrics_get(&t->logs[i], "loss", &loss);
        if (!hone_metrics_get(&t->logs[i], "eval_loss", &value) || is_repeated(&t->logs[i], before))
            continue;
        before = &t->logs[i];
        if (!first) {
            first = &t->logs[i];
            hone__str_puts(out, "\n### Training results\n\n| Training Loss | Epoch | Step |");
            for (size_t k = 0; k < first->n; k++)
                if (is_result(first->items[k].name)) {
                    hone__str_puts(out, strcmp(first->items[k].name, "eval_loss") == 0 ? " Validation " : " ");
                    put_title(out, first->items[k].name);
                    hone__str_puts(out, " |");
                }
            hone__str_puts(out, "\n|---:|---:|---:|");
            for (size_t k = 0; k < first->n; k++)
                hone__str_puts(out, is_result(first->items[k].name) ? "---:|" : "");
            hone__str_putc(out, '\n');
        }
        put_results_row(out, &t->logs[i], first, loss);
    }
}

static void put_versions(hone_str *out, const hone_trainer *t)
{
    hone__str_printf(out, "\n### Framework versions\n\n- hone %s\n- %s\n", HONE_VERSION, hone_device_describe(hone_model_device(t->model)));
    hone__str_puts(out, "\nThe folder is in the format of transformers: `AutoModel….from_pretrained` loads it.\n");
}

static hone_status write_text(const hone_trainer *t, const char *name, const hone_str *text)
{
    char *path = NULL;
    HONE_TRY(hone__str_status(text));
    HONE_TRY(hone__trainer_path(&path, t, name));
    hone_status status = hone__write_file(path, text->data, text->len);
    hone__free(path);
    return status;
}

hone_status hone_trainer_create_model_card(hone_trainer *t)
{
    hone_str card = HONE_STR_INIT, svg = HONE_STR_INIT;
    char buffer[256];
    hone_status status;
    const char *name = hone__trainer_name(t, buffer, sizeof(buffer));
    HONE_GO(hone__make_dirs(t->output_dir));
    put_head(&card, t, name);
    put_intro(&card, t, name);
    put_hyper_parameters(&card, t);
    put_results(&card, t);
    put_versions(&card, t);
    HONE_GO(hone__trainer_plot(&svg, t));
    HONE_GO(write_text(t, "loss.svg", &svg));
    HONE_GO(write_text(t, "README.md", &card));
done:
    hone__str_dispose(&card);
    hone__str_dispose(&svg);
    return status;
}
