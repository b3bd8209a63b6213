/* Text classification, as run_glue.py of the reference does it: rows of one or two texts become examples with a class, a number or a set of classes; a pretrained encoder or GPT-2 gets a head for them; evaluation gives
 * GLUE's scores, a test file its predictions. Departures: columns are found by name also where there are more than two (run_glue.py takes the first ones); classes go by name, in the order of cli.md, with
 * GLUE's own names where --task_name says what the numbers mean; --max_seq_length is what the model takes unless given. */
#include "tasks/class_list.h"
#include "tasks/row_options.h"
#include "tasks/row_task.h"
#include "base/log.h"
#include "data/label_sets.h"
#include "models/model.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct set_up_state {
    hone_job *job;
    const hone_row_options *o;
    const hone_common_options *c;
    hone_job_parts *parts;
    hone_class_list model_classes; /* of the configuration */
    bool adopts;                   /* the model gets the names of own_classes */
    hone_class_list own_classes;
    hone_problem problem;
    size_t max_length;
} set_up_state;

/* ---- data ---- */

/* CoLA is published without a header: source, label, the author's mark, sentence. */
static bool is_bare_cola(const hone_row_options *o, const hone_dataset *d)
{
    return o->task_name && strcmp(o->task_name, "cola") == 0 && !o->common.text_column_name && !o->common.label_column_name &&
           hone_dataset_n_features(d) == 4 && hone_dataset_find(d, "column_4") >= 0;
}

/* known NULL: the classes are numbered as the data has them. */
static hone_status load(hone_dataset **out, const set_up_state *s, const hone_strings *files, const hone_class_list *known)
{
    hone_dataset_options d = hone__labelled_options(s->c, files, known);
    d.single_cells = true;
    HONE_TRY(hone_dataset_load(out, (const char *const *)files->items, files->n, &d));
    if (!is_bare_cola(s->o, *out))
        return HONE_OK;
    hone_dataset_free(*out);
    d.text_column_name = "column_4";
    d.label_column_name = "column_2";
    return hone_dataset_load(out, (const char *const *)files->items, files->n, &d);
}

static hone_status need_labels(const hone_dataset *d, const char *file, const char *what)
{
    return hone__labels_of(d) ? HONE_OK
                              : hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: there is no column of labels to %s", file, what),
                                           "name it with --label_column_name");
}

/* ---- what the labels are ---- */

static bool is_list(const hone_feature *f)
{
    return f->kind == HONE_FEATURE_CLASS_LABEL && f->n_names > 0 && f->names[0][0] == '[';
}

static hone_problem find_problem(const hone_row_options *o, const hone_feature *labels)
{
    bool numbers = false;
    if (o->task_name && hone_glue_task(o->task_name, &numbers))
        return numbers ? HONE_PROBLEM_REGRESSION : HONE_PROBLEM_SINGLE_LABEL;
    if (o->do_regression || o->problem_type == HONE_PROBLEM_TYPE_REGRESSION)
        return HONE_PROBLEM_REGRESSION;
    if (o->problem_type == HONE_PROBLEM_TYPE_MULTI || (o->problem_type == HONE_PROBLEM_TYPE_AUTO && is_list(labels)))
        return HONE_PROBLEM_MULTI_LABEL;
    return o->problem_type == HONE_PROBLEM_TYPE_AUTO && labels->kind != HONE_FEATURE_CLASS_LABEL ? HONE_PROBLEM_REGRESSION
                                                                                                 : HONE_PROBLEM_SINGLE_LABEL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in cells that list some, in alphabetical order. */
static hone_status collect_sets(hone_class_list *c, const hone_feature *f)
{
    hone_text name;
    for (size_t i = 0; i < f->n_names; i++)
        for (const char *p = f->names[i]; hone__next_label(&name, &p);)
            HONE_TRY(hone__class_list_add_new(c, name.data, name.len));
    if (c->n)
        qsort(c->names, c->n, sizeof(*c->names), by_name);
    return HONE_OK;
}

static bool is_number(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

static bool are_numbers(const hone_feature *f)
{
    size_t n = 0;
    while (n < f->n_names && is_number(f->names[n]))
        n++;
    return n == f->n_names;
}

/* Whether names (of a model, of GLUE) cover the classes of the data: each by its name, or all as numbers, of which there are as many. */
static bool cover(const char *const *names, size_t n, const hone_feature *f)
{
    size_t n_found = 0, n_numbers = 0;
    for (size_t i = 0; i < f->n_names; i++) {
        const char *name = f->names[i];
        for (size_t k = 0; k < n; k++)
            n_found += strcmp(names[k], name) == 0;
        n_numbers += is_number(name) && strtoull(name, NULL, 10) < n;
    }
    return n_found == f->n_names || (n_numbers == f->n_names && n == f->n_names);
}

static hone_status adopt(set_up_state *s, const char *const *names)
{
    s->adopts = true;
    for (; *names; names++)
        HONE_TRY(hone__class_list_add(&s->own_classes, *names, strlen(*names)));
    return HONE_OK;
}

static size_t count(const char *const *names)
{
    size_t n = 0;
    while (names && names[n])
        n++;
    return n;
}

/* Whose classes: the model's where it names those of the data (its LABEL_0 name nothing), GLUE's for a task of it, else the data's own. */
static hone_status settle_single(set_up_state *s, const hone_feature *f)
{
    const char *const *glue = hone__glue_classes(s->o->task_name);
    const hone_class_list *m = &s->model_classes;
    bool unnamed = hone__class_list_find(m, "LABEL_0") >= 0;
    if (f->kind != HONE_FEATURE_CLASS_LABEL)
        return HONE_OK; /* the examples say what is wrong */
    if (f->n_names == 1)
        hone__log(HONE_LOG_WARNING, "%s: every row has the same label (%s): there is nothing to be learnt", s->c->train_file.items[0],
                  f->names[0]);
    bool glue_fits = glue && cover(glue, count(glue), f);
    if (m->n && !unnamed && cover((const char *const *)m->names, m->n, f) && (!glue_fits || m->n == count(glue)))
        return HONE_OK;
    if (m->n && !unnamed)
        hone__log(HONE_LOG_WARNING, "the model's %zu classes do not name those of the training data: its classes are numbered anew", m->n);
    if (glue_fits || (glue && are_numbers(f)))
        return adopt(s, glue);
    s->adopts = true;
    return hone__class_list_copy(&s->own_classes, f);
}

/* --label_names */
static hone_status adopt_given(set_up_state *s, bool learns_numbers)
{
    s->adopts = true;
    HONE_TRY(hone__class_list_read_given(&s->own_classes, &s->c->label_names));
    if (learns_numbers && s->own_classes.n > 1)
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "--label_names: %zu names, a regression has one number a row", s->own_classes.n),
            "leave them out; or give --problem_type single_label_classification");
    return HONE_OK;
}

static hone_status settle_classes(set_up_state *s, const hone_dataset *train)
{
    static const char *const one[] = {"LABEL_0", NULL};
    const hone_feature *f = train ? hone__labels_of(train) : NULL;
    if (train)
        s->problem = find_problem(s->o, f);
    if (s->c->label_names.n)
        return adopt_given(s, train && s->problem == HONE_PROBLEM_REGRESSION);
    if (!train)
        return HONE_OK;
    if (s->problem == HONE_PROBLEM_REGRESSION)
        return s->model_classes.n == 1 ? HONE_OK : adopt(s, one);
    if (s->problem == HONE_PROBLEM_SINGLE_LABEL)
        return settle_single(s, f);
    HONE_TRY(f->kind == HONE_FEATURE_CLASS_LABEL ? collect_sets(&s->own_classes, f) : HONE_OK);
    s->adopts = true;
    for (size_t i = 0; i < s->own_classes.n && s->adopts; i++)
        if (hone__class_list_find(&s->model_classes, s->own_classes.names[i]) < 0)
            return HONE_OK;
    s->adopts = false;
    return HONE_OK;
}

/* ---- the model ---- */

static hone_status make_model(set_up_state *s)
{
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    m.labels = s->adopts ? (const char *const *)s->own_classes.names : NULL;
    m.ignore_mismatched_sizes = s->c->ignore_mismatched_sizes;
    m.dropout = s->c->dropout;
    m.pad_token_id = hone__job_new_id(s->job, s->parts, HONE_SPECIAL_PAD);
    m.bos_token_id = hone__job_new_id(s->job, s->parts, HONE_SPECIAL_BOS);
    m.eos_token_id = hone__job_new_id(s->job, s->parts, HONE_SPECIAL_EOS);
    return hone__job_make_model(s->parts, s->job, m, "bert");
}

/* Trained: what the labels are is written into the configuration; evaluated: it says so. The classes are the model's from here on. */
static hone_status settle_model(set_up_state *s)
{
    if (s->job->kind == HONE_JOB_TRAIN)
        HONE_TRY(hone__model_set_problem(s->parts->model, s->problem));
    s->problem = hone__model_problem(s->parts->model, false);
    HONE_TRY(hone__class_list_of_model(&s->model_classes, s->parts->model));
    if (s->problem == HONE_PROBLEM_REGRESSION && s->model_classes.n != 1)
        return hone__hint(hone__fail(HONE_UNSUPPORTED, "%s/config.json: a regression with %zu labels: rows have one number each",
                                     s->c->model_name_or_path, s->model_classes.n),
                          "train one with --do_regression");
    return hone__job_settle_length(&s->max_length, s->job, s->parts, INT64_MAX, "");
}

/* ---- examples ---- */

static void tell_losses(const hone_text_examples_info *info, const hone_dataset *d, const char *file, size_t max_length)
{
    const char *first = hone_dataset_feature(d, (size_t)info->first)->name;
    const char *second = info->second >= 0 ? hone_dataset_feature(d, (size_t)info->second)->name : NULL;
    hone__log(HONE_LOG_INFO, "%s: %lld rows of %s%s%s, %lld tokens, the longest has %d", file, (long long)info->n_rows, first,
              second ? " and " : "", second ? second : "", (long long)info->n_tokens, info->longest);
    if (info->n_truncated > 0)
        hone__log(HONE_LOG_WARNING, "%s: %lld of %lld rows are longer than %zu tokens and were cut", file, (long long)info->n_truncated,
                  (long long)info->n_rows, max_length);
}

static hone_status make_examples(hone_examples **out, const set_up_state *s, const hone_dataset *d, const char *file, int64_t max_rows,
                                 bool unlabelled)
{
    static const hone_row_labels kinds[] = {[HONE_PROBLEM_REGRESSION] = HONE_ROW_NUMBERS,
                                            [HONE_PROBLEM_MULTI_LABEL] = HONE_ROW_SETS,
                                            [HONE_PROBLEM_SINGLE_LABEL] = HONE_ROW_CLASSES};
    hone_text_examples_options e = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    e.text_column_name = is_bare_cola(s->o, d) ? "column_4" : s->c->text_column_name;
    e.text_pair_column_name = s->o->text_pair_column_name;
    e.max_length = s->max_length;
    e.labels = kinds[s->problem];
    e.names = (const char *const *)s->model_classes.names;
    e.unlabelled = unlabelled;
    e.max_examples = max_rows;
    e.n_threads = hone__job_workers(s->job);
    HONE_TRY(hone_text_examples(out, d, s->parts->tokenizer, &e));
    tell_losses(hone_text_examples_get_info(*out), d, file, s->max_length);
    return HONE_OK;
}

/* The data set with the model's ids; loaded anew where its own numbering was another, so that what the model does not know is named with its line. */
static hone_status renumber(hone_dataset **d, const set_up_state *s, const hone_strings *files)
{
    const hone_feature *f = hone__labels_of(*d);
    if (s->problem != HONE_PROBLEM_SINGLE_LABEL || !f || f->kind != HONE_FEATURE_CLASS_LABEL || hone__class_list_is(&s->model_classes, f))
        return HONE_OK;
    hone_dataset_free(*d);
    *d = NULL;
    return load(d, s, files, &s->model_classes);
}

/* Files of the Hub have -1 where a label is kept secret. */
static bool has_secret_labels(const hone_dataset *d)
{
    const hone_feature *f = hone__labels_of(d);
    return !f || (f->kind == HONE_FEATURE_CLASS_LABEL && f->n_names == 1 && strcmp(f->names[0], "-1") == 0);
}

static hone_status make_test(set_up_state *s)
{
    const hone_common_options *o = s->c;
    hone_job_parts *parts = s->parts;
    HONE_TRY(load(&parts->test_data, s, &o->test_file, NULL));
    bool secret = has_secret_labels(parts->test_data);
    if (!secret)
        HONE_TRY(renumber(&parts->test_data, s, &o->test_file));
    return make_examples(&parts->test, s, parts->test_data, o->test_file.items[0], o->max_predict_samples, secret);
}

static hone_status make_eval(set_up_state *s)
{
    hone_dataset *eval = NULL;
    hone_status status;
    HONE_GO(load(&eval, s, &s->c->validation_file, s->problem == HONE_PROBLEM_SINGLE_LABEL ? &s->model_classes : NULL));
    HONE_GO(need_labels(eval, s->c->validation_file.items[0], "evaluate by"));
    HONE_GO(make_examples(&s->parts->eval, s, eval, s->c->validation_file.items[0], s->c->max_eval_samples, false));
done:
    hone_dataset_free(eval);
    return status;
}

static hone_status make_all_examples(set_up_state *s, hone_dataset **train)
{
    const hone_common_options *o = s->c;
    hone_job_parts *parts = s->parts;
    bool splits = hone__job_splits(s->job);
    if (*train) {
        HONE_TRY(renumber(train, s, &o->train_file));
        HONE_TRY(make_examples(splits ? &parts->all : &parts->train, s, *train, o->train_file.items[0], splits ? -1 : o->max_train_samples,
                               false));
    }
    if (splits)
        HONE_TRY(hone__job_split(parts, s->job, NULL, "rows"));
    if (o->validation_file.n)
        HONE_TRY(make_eval(s));
    return o->test_file.n ? make_test(s) : HONE_OK;
}

/* ---- the loss's weights ---- */

/* rows / (classes * rows of the class), as scikit-learn's "balanced"; a class without rows weighs nothing. */
static hone_status balance(float *weights, size_t n, const hone_examples *train)
{
    int64_t rows = hone_examples_count(train), *counts = NULL;
    hone_example e;
    hone_status status;
    HONE_GO(HONE_NEW(&counts, n));
    for (int64_t i = 0; i < rows; i++) {
        HONE_GO(hone_examples_get(train, i, &e));
        counts[e.row_label]++;
    }
    for (size_t i = 0; i < n; i++)
        weights[i] = counts[i] ? (float)((double)rows / ((double)n * (double)counts[i])) : 0.0f;
done:
    hone__free(counts);
    return status;
}

static hone_status read_weights(float *weights, size_t n, const char *text)
{
    size_t i = 0;
    bool any = false;
    for (const char *p = text;; i++) {
        char number[64];
        double value;
        size_t len = strcspn(p, ",");
        snprintf(number, sizeof(number), "%.*s", (int)(len < 63 ? len : 63), p);
        if (!hone__parse_double(&value, number) || !isfinite(value) || value < 0)
            return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--class_weights: \"%s\" is no weight", number),
                              "give balanced, or a number from 0 on for each class: 1,2.5");
        if (i < n)
            weights[i] = (float)value;
        any = any || value > 0;
        if (!p[len])
            break;
        p += len + 1;
    }
    if (!any)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--class_weights: no class weighs anything"), "give one of them more than 0");
    return i + 1 == n ? HONE_OK
                      : hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--class_weights: %zu numbers, the model has %zu classes", i + 1, n),
                                   "give one for each class, in the order of id2label in config.json");
}

static hone_status make_weights(float **out, const set_up_state *s)
{
    size_t n = s->model_classes.n;
    const char *text = s->o->class_weights;
    if (!text)
        return HONE_OK;
    if (s->problem != HONE_PROBLEM_SINGLE_LABEL)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--class_weights: they are for rows with one class each"), "leave it out");
    HONE_TRY(HONE_NEW(out, n));
    HONE_TRY(strcmp(text, "balanced") == 0 ? balance(*out, n, s->parts->train) : read_weights(*out, n, text));
    for (size_t i = 0; i < n; i++)
        hone__log(HONE_LOG_INFO, "class %s weighs %.4g", s->model_classes.names[i], (double)(*out)[i]);
    return HONE_OK;
}

static hone_status make_task(set_up_state *s)
{
    hone_text_classification_options t = HONE_TEXT_CLASSIFICATION_OPTIONS_INIT;
    float *weights = NULL;
    hone_status status;
    if (s->problem != HONE_PROBLEM_SINGLE_LABEL && s->job->args.label_smoothing_factor > 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--label_smoothing_factor: it is for rows with one class each"),
                          "leave it out");
    HONE_GO(make_weights(&weights, s));
    t.glue_task = s->o->task_name;
    t.class_weights = weights;
    status = hone_text_classification_task(&s->parts->task, s->parts->model, &t);
    if (status == HONE_INVALID_ARGUMENT && t.glue_task)
        hone__fail_in(status, "--task_name");
done:
    hone__free(weights);
    return status;
}

/* ---- the job ---- */

static hone_status set_up(hone_job *job, hone_job_parts *parts)
{
    const hone_common_options *o = hone__job_common(job);
    set_up_state s = {.job = job, .o = job->task_options, .c = o, .parts = parts};
    hone_dataset *train = NULL;
    hone_status status = HONE_OK;
    if (o->model_name_or_path)
        HONE_GO(hone__class_list_read_config(&s.model_classes, o->model_name_or_path));
    if (job->kind == HONE_JOB_TRAIN) {
        HONE_GO(load(&train, &s, &o->train_file, NULL));
        HONE_GO(need_labels(train, o->train_file.items[0], "train on"));
    }
    HONE_GO(settle_classes(&s, train));
    HONE_GO(make_model(&s));
    HONE_GO(settle_model(&s));
    HONE_GO(make_all_examples(&s, &train));
    HONE_GO(make_task(&s));
done:
    hone_dataset_free(train);
    hone__class_list_dispose(&s.model_classes);
    hone__class_list_dispose(&s.own_classes);
    return status;
}

static void free_task(hone_job_parts *parts)
{
    hone_task_dispose(&parts->task);
}

static hone_status write_classes(const char *path, const hone_job_parts *parts, const hone_predictions *p)
{
    return hone__write_row_predictions(path, parts->model, p);
}

static hone_status predict(const hone_job *job, const hone_job_parts *parts, hone_trainer *trainer, hone_metrics *metrics)
{
    const char *task = ((const hone_row_options *)job->task_options)->task_name;
    char name[64];
    snprintf(name, sizeof(name), "predict_results%s%s.txt", task ? "_" : "", task ? task : "");
    return hone__job_predict(parts, trainer, name, write_classes, hone_examples_count(parts->test), metrics);
}

const hone_job_class hone__text_classification_job = {.kind = HONE_TEXT_CLASSIFICATION,
                                                      .options = &hone__row_option_table,
                                                      .options_size = sizeof(hone_row_options),
                                                      .check = hone__row_options_check,
                                                      .set_up = set_up,
                                                      .free_task = free_task,
                                                      .predict = predict};
