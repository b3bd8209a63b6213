/* The scores of seqeval as named numbers, as the object that the package `evaluate` gives, and as a table for people (seqeval's classification_report, with a line that says how
 * the entities were found). */
#include "metrics/seqeval.h"

#include "base/json.h"

#include <string.h>

static hone_status set_of_type(hone_metrics *metrics, const hone_seqeval_type *t)
{
    static const char *const suffixes[] = {"precision", "recall", "f1", "number"};
    const double values[] = {t->precision, t->recall, t->f1, (double)t->number};
    hone_str name = HONE_STR_INIT;
    hone_status status = HONE_OK;
    for (int i = 0; i < 4; i++) {
        hone__str_clear(&name);
        hone__str_printf(&name, "%s_%s", t->name, suffixes[i]);
        HONE_GO(hone__str_status(&name));
        HONE_GO(i == 3 ? hone_metrics_set_int(metrics, name.data, t->number) : hone_metrics_set(metrics, name.data, values[i]));
    }
done:
    hone__str_dispose(&name);
    return status;
}

hone_status hone_seqeval_to_metrics(const hone_seqeval_scores *scores, bool types, hone_metrics *metrics)
{
    for (size_t i = 0; types && i < scores->n_types; i++)
        HONE_TRY(set_of_type(metrics, &scores->types[i]));
    HONE_TRY(hone_metrics_set(metrics, "precision", scores->overall.precision));
    HONE_TRY(hone_metrics_set(metrics, "recall", scores->overall.recall));
    HONE_TRY(hone_metrics_set(metrics, "f1", scores->overall.f1));
    return hone_metrics_set(metrics, "accuracy", scores->accuracy);
}

hone_status hone_seqeval_to_json(char **out, const hone_seqeval_scores *scores)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    w.spaced = true;
    *out = NULL;
    hone__jw_object(&w);
    for (size_t i = 0; i < scores->n_types; i++) {
        const hone_seqeval_type *t = &scores->types[i];
        hone__jw_key(&w, t->name);
        hone__jw_object(&w);
        hone__jw_put_double(&w, "precision", t->precision);
        hone__jw_put_double(&w, "recall", t->recall);
        hone__jw_put_double(&w, "f1", t->f1);
        hone__jw_put_int(&w, "number", t->number);
        hone__jw_end_object(&w);
    }
    hone__jw_put_double(&w, "overall_precision", scores->overall.precision);
    hone__jw_put_double(&w, "overall_recall", scores->overall.recall);
    hone__jw_put_double(&w, "overall_f1", scores->overall.f1);
    hone__jw_put_double(&w, "overall_accuracy", scores->accuracy);
    hone__jw_end_object(&w);
    hone_status status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}

/* ---- the table ---- */

/* Characters of valid UTF-8, and bytes of what is not. */
static size_t width_of(const char *text)
{
    size_t len = strlen(text), at = 0, width = 0;
    uint32_t cp;
    for (; at < len; width++) {
        size_t step = hone__utf8_decode(&cp, text + at, len - at);
        at += step ? step : 1;
    }
    return width;
}

static void put_row(hone_str *text, size_t width, const char *name, const hone_seqeval_type *t)
{
    hone__str_printf(text, "%*s%s  %9.4f %9.4f %9.4f %9lld\n", (int)(width - width_of(name)), "", name, t->precision, t->recall, t->f1,
                     (long long)t->number);
}

static void put_title(hone_str *text, const hone_seqeval *s, const hone_seqeval_scores *scores)
{
    bool found = s->options.scheme == HONE_SCHEME_AUTO;
    hone_tag_scheme scheme = found ? s->found : (hone_tag_scheme)s->options.scheme;
    if (s->options.strict)
        hone__str_printf(text, "seqeval, strict mode, scheme %s%s", hone__seqeval_scheme_name(scheme),
                         found ? " (found in the references)" : "");
    else
        hone__str_puts(text, "seqeval, default mode (conlleval), any scheme");
    hone__str_printf(text, "; sentences: %lld, tags: %lld\n\n", (long long)scores->n_sentences, (long long)scores->n_tags);
}

hone_status hone_seqeval_report(char **out, const hone_seqeval *s, const hone_seqeval_scores *scores)
{
    hone_str text = HONE_STR_INIT;
    size_t width = strlen("weighted avg");
    *out = NULL;
    for (size_t i = 0; i < scores->n_types; i++)
        width = width_of(scores->types[i].name) > width ? width_of(scores->types[i].name) : width;
    put_title(&text, s, scores);
    hone__str_printf(&text, "%*s  %9s %9s %9s %9s\n\n", (int)width, "", "precision", "recall", "f1-score", "support");
    for (size_t i = 0; i < scores->n_types; i++)
        put_row(&text, width, scores->types[i].name, &scores->types[i]);
    if (scores->n_types)
        hone__str_putc(&text, '\n');
    put_row(&text, width, "micro avg", &scores->overall);
    put_row(&text, width, "macro avg", &scores->macro);
    put_row(&text, width, "weighted avg", &scores->weighted);
    hone__str_printf(&text, "\n%*s  %29.4f %9lld\n", (int)width, "accuracy", scores->accuracy, (long long)scores->n_tags);
    hone_status status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}
