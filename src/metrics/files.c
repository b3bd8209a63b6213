/* Metrics from two files (hone_metric_from_files): labels or numbers a line are read here, sentences in seqeval_files.c, SQuAD's files in squad_files.c.
 *
 * A label that is written as a whole number is that number ("1", "01" and "1.0" are one class), every other a name. Classes are numbered as they come; means over them are summed in the order in which
 * scikit-learn sorts them, numbers by value and names by code points. */
#include "metrics/files.h"
#include "metrics/classes.h"
#include "metrics/metrics_json.h"
#include "metrics/names.h"
#include "metrics/squad.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hone_line trim(hone_line line)
{
    while (line.len > 0 && strchr(" \t\r", line.text[0]))
        line.text++, line.len--;
    while (line.len > 0 && strchr(" \t\r", line.text[line.len - 1]))
        line.len--;
    return line;
}

static bool read_number(double *out, hone_line line)
{
    char text[64];
    if (line.len == 0 || line.len >= sizeof(text))
        return false;
    memcpy(text, line.text, line.len);
    text[line.len] = '\0';
    return hone__parse_double(out, text);
}

static hone_status put_json(char **out, const hone_metrics *metrics)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    w.spaced = true;
    hone__metrics_write(&w, metrics);
    hone_status status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}

/* ---- labels ---- */

typedef struct label_reader {
    hone_names names;
    hone_class_counts *counts;
    bool has_number[2], has_name[2]; /* of references and predictions */
} label_reader;

static hone_status read_label(int32_t *id, label_reader *r, int side, hone_line line, const hone_lines *from)
{
    char number[32];
    double value;
    line = trim(line);
    if (line.len == 0)
        return hone__fail(HONE_FORMAT, "%s:%lld: a label is missing", from->name, (long long)from->line);
    if (read_number(&value, line) && value == rint(value) && fabs(value) < 1e15) {
        r->has_number[side] = true;
        snprintf(number, sizeof(number), "%.0f", value == 0 ? 0.0 : value);
        return hone__names_add(id, &r->names, number, strlen(number));
    }
    r->has_name[side] = true;
    return hone__names_add(id, &r->names, line.text, line.len);
}

/* Numbers in one file and names in the other have nothing to do with each other. */
static hone_status check_kinds(const label_reader *r, const hone_lines *references, const hone_lines *predictions)
{
    for (int side = 0; side < 2; side++)
        if (r->has_number[side] && !r->has_name[side] && r->has_name[!side] && !r->has_number[!side])
            return hone__hint(hone__fail(HONE_FORMAT, "%s:1: a number is the label, in %s:1 it is a name",
                                         (side ? predictions : references)->name, (side ? references : predictions)->name),
                              "both files must write labels alike");
    return HONE_OK;
}

static hone_status read_labels(label_reader *r, hone_lines *references, hone_lines *predictions)
{
    hone_line line[2];
    bool more;
    HONE_TRY(hone_class_counts_new(&r->counts));
    for (;;) {
        int32_t ids[2];
        HONE_TRY(hone__lines_next(&more, &line[0], &line[1], references, predictions));
        if (!more)
            break;
        HONE_TRY(read_label(&ids[0], r, 0, line[0], references));
        HONE_TRY(read_label(&ids[1], r, 1, line[1], predictions));
        HONE_TRY(hone_class_counts_add(r->counts, &ids[0], &ids[1], 1));
    }
    if (references->line == 0)
        return hone__fail(HONE_FORMAT, "%s is empty", references->name);
    return check_kinds(r, references, predictions);
}

static int by_label(const void *a, const void *b, void *payload)
{
    const hone_names *names = payload;
    const char *x = names->items[*(const int32_t *)a].text, *y = names->items[*(const int32_t *)b].text;
    double left, right;
    if (hone__parse_double(&left, x) && hone__parse_double(&right, y) && left != right)
        return left < right ? -1 : 1;
    return strcmp(x, y);
}

static int32_t find_label(const label_reader *r, const char *label)
{
    for (size_t i = 0; label && i < r->names.n; i++)
        if (strcmp(r->names.items[i].text, label) == 0)
            return (int32_t)i;
    return -1;
}

/* The class of which binary F1, precision and recall are. -1: no label is it, and there is but one, which is the other. */
static hone_status find_positive(int32_t *out, const label_reader *r, const char *named, const char *usual, const hone_lines *references)
{
    hone_status status;
    *out = find_label(r, named ? named : "1");
    if (*out < 0 && !named)
        *out = find_label(r, usual);
    if (r->names.n > 2 && !named)
        status =
            hone__fail(HONE_INVALID_ARGUMENT, "%s: %zu different labels are no positive and negative one", references->name, r->names.n);
    else if (*out < 0 && r->names.n >= 2)
        status = hone__fail(HONE_INVALID_ARGUMENT, "%s: no label is %s, the positive one", references->name, named ? named : "1");
    else
        return HONE_OK;
    return hone__hint(status, "--average macro|micro|weighted takes all labels; --positive names the positive one of two");
}

static hone_status put_scores(hone_metrics *out, const char *name, const label_reader *r, const hone_metric_options *options,
                              const hone_lines *references)
{
    hone_class_scores scores;
    int32_t positive = -1, *order = NULL;
    bool glue = hone__starts_with(name, "glue/"), binary = options->average == HONE_AVERAGE_BINARY;
    const char *usual = glue ? hone__glue_positive(name + 5) : NULL;
    bool needs_positive =
        glue ? usual != NULL : binary && (strcmp(name, "f1") == 0 || strcmp(name, "precision") == 0 || strcmp(name, "recall") == 0);
    if (needs_positive)
        HONE_TRY(find_positive(&positive, r, options->positive, usual, references));
    if (glue)
        return hone__glue_metrics(out, name + 5, r->counts, positive);
    HONE_TRY(hone__names_sorted(&order, &r->names));
    if (r->names.n)
        qsort_r(order, r->names.n, sizeof(*order), by_label, (void *)(uintptr_t)&r->names);
    hone_status status = hone__class_scores(&scores, r->counts, options->average, positive, order);
    hone__free(order);
    HONE_TRY(status);
    const double value = strcmp(name, "accuracy") == 0    ? scores.accuracy
                         : strcmp(name, "f1") == 0        ? scores.f1
                         : strcmp(name, "precision") == 0 ? scores.precision
                         : strcmp(name, "recall") == 0    ? scores.recall
                                                          : scores.matthews_correlation;
    return hone_metrics_set(out, name, value);
}

static hone_status labels_from_lines(hone_metrics *out, const char *name, hone_lines *references, hone_lines *predictions,
                                     const hone_metric_options *options)
{
    label_reader r = {.counts = NULL};
    hone_status status = read_labels(&r, references, predictions);
    if (status == HONE_OK)
        status = put_scores(out, name, &r, options, references);
    hone__names_dispose(&r.names);
    hone_class_counts_free(r.counts);
    return status;
}

/* ---- numbers ---- */

static hone_status read_value(double **values, size_t *capacity, size_t n, hone_line line, const hone_lines *from)
{
    line = trim(line);
    HONE_TRY(HONE_GROW(values, capacity, n + 1));
    if (!read_number(&(*values)[n], line))
        return hone__fail(HONE_FORMAT, "%s:%lld: \"%.*s\" is no number", from->name, (long long)from->line,
                          line.len < 40 ? (int)line.len : 40, line.text);
    return HONE_OK;
}

static hone_status numbers_from_lines(hone_metrics *out, const char *name, hone_lines *references, hone_lines *predictions)
{
    double *values[2] = {NULL, NULL}, result;
    size_t capacity[2] = {0, 0}, n = 0;
    hone_line line[2];
    hone_status status = HONE_OK;
    for (bool more = true;;) {
        HONE_GO(hone__lines_next(&more, &line[0], &line[1], references, predictions));
        if (!more)
            break;
        HONE_GO(read_value(&values[0], &capacity[0], n, line[0], references));
        HONE_GO(read_value(&values[1], &capacity[1], n, line[1], predictions));
        n++;
    }
    if (strcmp(name, "glue/stsb") == 0) {
        status = hone_glue_regression_metrics(out, values[0], values[1], n);
    } else {
        bool pearson = strcmp(name, "pearsonr") == 0;
        HONE_GO(pearson ? hone_metric_pearson(&result, values[0], values[1], n) : hone_metric_spearman(&result, values[0], values[1], n));
        status = hone_metrics_set(out, name, result);
    }
done:
    hone__free(values[0]);
    hone__free(values[1]);
    return status == HONE_INVALID_ARGUMENT ? hone__fail_in(HONE_FORMAT, "%s", references->name) : status;
}

/* ---- any of them ---- */

static const char *const names[] = {"seqeval",   "accuracy",  "f1",        "precision", "recall",    "matthews_correlation",
                                    "pearsonr",  "spearmanr", "squad",     "squad_v2",  "glue/cola", "glue/sst2",
                                    "glue/mrpc", "glue/qqp",  "glue/stsb", "glue/mnli", "glue/qnli", "glue/rte",
                                    "glue/wnli"};
#define N_NAMES (sizeof(names) / sizeof(*names))

static hone_status check_name(const char *name)
{
    bool regression;
    if (hone__starts_with(name, "glue/") && hone_glue_task(name + 5, &regression))
        return HONE_OK;
    for (size_t i = 0; i < N_NAMES; i++)
        if (strcmp(names[i], name) == 0)
            return HONE_OK;
    const char *near = hone__nearest(name, names, N_NAMES);
    hone_status status = hone__fail(HONE_INVALID_ARGUMENT, "\"%s\" is no metric", name);
    return near ? hone__hint(status, "did you mean %s?", near)
                : hone__hint(status, "metrics: seqeval, accuracy, f1, precision, recall, matthews_correlation, pearsonr, spearmanr, "
                                     "glue/TASK, squad, squad_v2");
}

hone_status hone__metric_from_lines(char **out, const char *name, hone_lines *references, hone_lines *predictions,
                                    const hone_metric_options *options)
{
    hone_metrics metrics = HONE_METRICS_INIT;
    bool numbers = strcmp(name, "pearsonr") == 0 || strcmp(name, "spearmanr") == 0 || strcmp(name, "glue/stsb") == 0;
    if (strcmp(name, "seqeval") == 0)
        return hone__seqeval_from_lines(out, references, predictions, options);
    hone_status status = numbers ? numbers_from_lines(&metrics, name, references, predictions)
                                 : labels_from_lines(&metrics, name, references, predictions, options);
    if (status == HONE_OK)
        status = put_json(out, &metrics);
    hone_metrics_dispose(&metrics);
    return status;
}

static hone_status squad_to_json(char **out, bool version_2, const char *references, const char *predictions, const hone_metric_options *o)
{
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_status status = hone__squad_files(&metrics, version_2, references, predictions, o->no_answer_file, o->no_answer_threshold);
    if (status == HONE_OK)
        status = put_json(out, &metrics);
    hone_metrics_dispose(&metrics);
    return status;
}

hone_status hone_metric_from_files(char **out, const char *name, const char *references, const char *predictions,
                                   const hone_metric_options *options)
{
    const hone_metric_options usual = HONE_METRIC_OPTIONS_INIT, *o = options ? options : &usual;
    hone_lines left = hone__lines_of("", "", 0), right = left;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_TRY(check_name(name));
    if (hone__starts_with(name, "squad"))
        return squad_to_json(out, strcmp(name, "squad_v2") == 0, references, predictions, o);
    HONE_GO(hone__lines_open(&left, references));
    HONE_GO(hone__lines_open(&right, predictions));
    status = hone__metric_from_lines(out, name, &left, &right, o);
done:
    hone__lines_close(&left);
    hone__lines_close(&right);
    return status;
}
