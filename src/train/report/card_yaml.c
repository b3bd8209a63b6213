/* The head of a model card, which the Hub reads: YAML between two lines of "---". Must match: TrainingSummary.create_metadata of transformers' modelcard.py, whose fields stand here in its order with its values. Differs:
 * the tag "hone" and pipeline_tag are there too; results on a data set that is no name of the Hub are kept, under the file's name; the license of a base model in a folder is read from its own card. */
#include "train/report/card.h"

#include <math.h>
#include <string.h>

/* ---- scalars ---- */

/* What YAML reads as the text that it is: no number, no word with a meaning, no sign of its syntax. */
static bool is_plain(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    bool letter = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return false;
    for (const char *p = text; *p; p++) {
        bool is_letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        if (!is_letter && !(p > text && strchr("0123456789._/-", *p)))
            return false;
        letter = letter || is_letter;
    }
    return letter;
}

/* Plain where that is safe, else between double quotes. */
static void put_scalar(hone_str *out, const char *text)
{
    if (is_plain(text)) {
        hone__str_puts(out, text);
        return;
    }
    hone__str_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            hone__str_putc(out, '\\');
        hone__str_putc(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
    }
    hone__str_putc(out, '"');
}

/* YAML 1.1 wants a point in a number with an exponent, and has its own words for what is not finite. */
static void put_number(hone_str *out, const hone_metric *m)
{
    char text[32];
    if (m->is_integer) {
        hone__str_printf(out, "%.0f", m->value);
        return;
    }
    if (!isfinite(m->value)) {
        hone__str_puts(out, isnan(m->value) ? ".nan" : m->value > 0 ? ".inf" : "-.inf");
        return;
    }
    hone__format_double(text, m->value);
    const char *exponent = strchr(text, 'e');
    if (exponent && !strchr(text, '.'))
        hone__str_printf(out, "%.*s.0%s", (int)(exponent - text), text, exponent);
    else
        hone__str_puts(out, text);
}

bool hone__card_next_word(char *word, size_t size, const char **list)
{
    const char *p = *list + strspn(*list, ", ");
    size_t len = strcspn(p, ",");
    *list = p + len;
    while (len > 0 && p[len - 1] == ' ')
        len--;
    snprintf(word, size, "%.*s", (int)len, p);
    return len > 0;
}

static void put_words(hone_str *out, const char *list)
{
    char word[256];
    while (hone__card_next_word(word, sizeof(word), &list)) {
        hone__str_puts(out, "- ");
        put_scalar(out, word);
        hone__str_putc(out, '\n');
    }
}

static void put_list(hone_str *out, const char *key, const char *list)
{
    char word[256];
    const char *rest = list;
    if (!list || !hone__card_next_word(word, sizeof(word), &rest))
        return;
    hone__str_printf(out, "%s:\n", key);
    put_words(out, list);
}

static void put_field(hone_str *out, const char *key, const char *value)
{
    hone__str_printf(out, "%s: ", key);
    put_scalar(out, value);
    hone__str_putc(out, '\n');
}

/* ---- the license ---- */

void hone__card_find_license(char *out, size_t size, const char *text, size_t len)
{
    static const char key[] = "license:";
    const char *end = text + len, *line = text;
    *out = '\0';
    if (len < 4 || memcmp(text, "---\n", 4) != 0)
        return;
    for (line += 4; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((newline ? newline : end) - line), start = sizeof(key) - 1;
        if (n >= 3 && memcmp(line, "---", 3) == 0)
            return;
        if (n > start && memcmp(line, key, start) == 0) {
            while (start < n && line[start] == ' ')
                start++;
            snprintf(out, size, "%.*s", (int)(n - start), line + start);
            if (n - start >= size || !is_plain(out))
                *out = '\0';
            return;
        }
        line = newline ? newline + 1 : end;
    }
}

/* What was asked for, or what the card of the base model's folder says. */
static void put_license(hone_str *out, const hone_trainer *t)
{
    char license[64] = "", *path = NULL, *text = NULL;
    size_t len;
    if (t->args.license) {
        put_field(out, "license", t->args.license);
        return;
    }
    if (t->options.base_model && hone__path_join(&path, t->options.base_model, "README.md") == HONE_OK && hone__is_file(path) &&
        hone__read_file(&text, &len, path, (size_t)4 << 20) == HONE_OK)
        hone__card_find_license(license, sizeof(license), text, len);
    if (*license)
        put_field(out, "license", license);
    hone__free(path);
    hone__free(text);
}

/* ---- results ---- */

static size_t count_hub_metrics(const hone_metrics *results)
{
    size_t n = 0;
    for (size_t i = 0; i < results->n; i++)
        n += hone__card_hub_metric(&results->items[i]) != NULL;
    return n;
}

static void put_metric_names(hone_str *out, const hone_metrics *results)
{
    if (count_hub_metrics(results) == 0)
        return;
    hone__str_puts(out, "metrics:\n");
    for (size_t i = 0; i < results->n; i++)
        if (hone__card_hub_metric(&results->items[i]))
            hone__str_printf(out, "- %s\n", hone__card_hub_metric(&results->items[i]));
}

/* "token-classification" → "Token Classification" */
static void put_task_name(hone_str *out, const char *tag)
{
    for (size_t i = 0; tag[i]; i++)
        hone__str_putc(out, tag[i] == '-' ? ' ' : (i == 0 || tag[i - 1] == '-') ? (char)(tag[i] - 'a' + 'A') : tag[i]);
}

static void put_metric_values(hone_str *out, const hone_metrics *results)
{
    hone__str_puts(out, "    metrics:\n");
    for (size_t i = 0; i < results->n; i++) {
        const hone_metric *m = &results->items[i];
        if (!hone__card_hub_metric(m))
            continue;
        hone__str_puts(out, "    - name: ");
        hone__card_put_title(out, m->name);
        hone__str_printf(out, "\n      type: %s\n      value: ", hone__card_hub_metric(m));
        put_number(out, m);
        hone__str_putc(out, '\n');
    }
}

static void put_result(hone_str *out, const char *tag, const char *dataset, const char *args, const hone_metrics *results)
{
    hone__str_puts(out, "  - task:\n      name: ");
    put_task_name(out, tag);
    hone__str_printf(out, "\n      type: %s\n    dataset:\n      name: ", tag);
    put_scalar(out, dataset);
    hone__str_puts(out, "\n      type: ");
    put_scalar(out, dataset);
    if (*args) {
        hone__str_puts(out, "\n      args: ");
        put_scalar(out, args);
    }
    hone__str_putc(out, '\n');
    put_metric_values(out, results);
}

/* A result for each data set. Without a task, a data set or metrics there is none: the Hub would refuse it. */
static void put_model_index(hone_str *out, const hone_trainer *t, const hone_metrics *results)
{
    const char *tag = hone__card_pipeline_tag(t->task.kind), *tags = t->args.dataset_tags, *all_args = t->args.dataset_args;
    char name[256], dataset[256], args[256];
    bool any = tag && (tags || t->options.dataset_name) && count_hub_metrics(results) > 0;
    hone__str_puts(out, "model-index:\n- name: ");
    put_scalar(out, hone__trainer_name(t, name, sizeof(name)));
    hone__str_puts(out, any ? "\n  results:\n" : "\n  results: []\n");
    if (any && !tags)
        put_result(out, tag, t->options.dataset_name, "", results);
    while (any && tags && hone__card_next_word(dataset, sizeof(dataset), &tags)) {
        if (!all_args || !hone__card_next_word(args, sizeof(args), &all_args))
            *args = '\0';
        put_result(out, tag, dataset, args, results);
    }
}

hone_status hone__card_put_yaml(hone_str *out, const hone_trainer *t, const hone_metrics *results)
{
    hone__str_puts(out, "---\nlibrary_name: transformers\n");
    put_list(out, "language", t->args.language);
    put_license(out, t);
    if (hone__card_hub_base(t))
        put_field(out, "base_model", hone__card_hub_base(t));
    hone__str_puts(out, "tags:\n");
    if (t->args.model_tags)
        put_words(out, t->args.model_tags);
    hone__str_puts(out, "- generated_from_trainer\n- hone\n");
    put_list(out, "datasets", t->args.dataset_tags);
    put_metric_names(out, results);
    if (hone__card_pipeline_tag(t->task.kind))
        put_field(out, "pipeline_tag", hone__card_pipeline_tag(t->task.kind));
    put_model_index(out, t, results);
    hone__str_puts(out, "---\n");
    return hone__str_status(out);
}
