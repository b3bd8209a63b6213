/* What a model card tells: results and their names. Must match: parse_log_history, _maybe_round and infer_metric_tags_from_eval_results of transformers' modelcard.py. */
#include "train/report/card.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

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

const char *hone__card_pipeline_tag(hone_task_kind task)
{
    static const char *const tags[] = {"token-classification", "text-classification", "question-answering",
                                       "text-generation",      "fill-mask",           "feature-extraction"};
    return (int)task >= 0 && (int)task < HONE_N_TASKS ? tags[task] : NULL;
}

const char *hone__card_hub_base(const hone_trainer *t)
{
    return t->options.base_model && !hone__is_dir(t->options.base_model) ? t->options.base_model : NULL;
}

bool hone__card_is_result(const char *name)
{
    static const char *const others[] = {"epoch", "step", "total_flos", "eval_samples"};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (strcmp(name, others[i]) == 0)
            return false;
    return !strstr(name, "_runtime") && !strstr(name, "_per_second");
}

hone_status hone__card_results(hone_metrics *out, const hone_trainer *t)
{
    const hone_metrics *last = NULL;
    double value;
    for (size_t i = 0; i < t->n_logs; i++)
        if (hone_metrics_get(&t->logs[i], "eval_loss", &value))
            last = &t->logs[i];
    for (const hone_metrics *from = last ? last : &t->last_eval; from; from = from == last ? &t->last_eval : NULL)
        for (size_t i = 0; i < from->n; i++) {
            const hone_metric *m = &from->items[i];
            if (!hone__card_is_result(m->name) || hone_metrics_get(out, m->name, &value))
                continue;
            HONE_TRY(m->is_integer ? hone_metrics_set_int(out, m->name, (int64_t)m->value) : hone_metrics_set(out, m->name, m->value));
        }
    return HONE_OK;
}

void hone__card_put_title(hone_str *out, const char *name)
{
    bool first = true;
    for (name += hone__starts_with(name, "eval_") ? 5 : 0; *name; name++) {
        hone__str_putc(out, *name == '_' ? ' ' : (char)(first ? toupper((unsigned char)*name) : tolower((unsigned char)*name)));
        first = *name == '_';
    }
}

/* METRIC_TAGS of the reference, and those of the tasks here that the Hub knows beside them. */
const char *hone__card_hub_metric(const hone_metric *m)
{
    static const char *const names[] = {"accuracy", "f1",        "matthews_correlation", "pearsonr",   "precision", "recall",
                                        "pearson",  "spearmanr", "perplexity",           "exact_match"};
    const char *name = m->name + (hone__starts_with(m->name, "eval_") ? 5 : 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0 && isfinite(m->value))
            return strcmp(name, "pearson") == 0 ? "pearsonr" : names[i];
    return NULL;
}

void hone__card_put_value(hone_str *out, double value, bool is_integer)
{
    char text[32];
    if (is_integer) {
        hone__str_printf(out, "%.0f", value);
        return;
    }
    hone__format_double(text, value);
    const char *point = strchr(text, '.');
    if (point && strlen(point + 1) > 4)
        hone__str_printf(out, "%.4f", value);
    else
        hone__str_puts(out, text);
}
