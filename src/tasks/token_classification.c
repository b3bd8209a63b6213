/* Token classification, as run_ner.py of the reference does it: words and tags from files become tokens with labels, a pretrained encoder gets a head of as many classes as there
 * are tags, evaluation gives seqeval's scores, a test file its predictions. Departures: every token of a word is labelled unless --label_all_tokens false (the course's
 * rule; run_ner.py's own default is one label a word); classes go by name, in the order of cli.md; long rows may become windows (--stride); evaluation is streaming. */
#include "tasks/class_list.h"
#include "tasks/token_options.h"
#include "tasks/token_task.h"
#include "base/log.h"

#include <stddef.h>
#include <string.h>

/* ---- a job's set-up ---- */

typedef struct set_up_state {
    hone_job *job;
    const hone_token_options *o;
    const hone_common_options *c;
    hone_job_parts *parts;
    hone_class_list model_classes; /* of the configuration, or given */
    bool adopts;                   /* the model gets the names of own_classes: given ones, or the data's */
    hone_class_list own_classes;
    size_t max_length;
} set_up_state;

static hone_status load(hone_dataset **out, const set_up_state *s, const hone_strings *files, const hone_class_list *known)
{
    hone_dataset_options d = hone__labelled_options(s->c, files, known);
    if (s->o->scheme)
        HONE_TRY(hone_tag_scheme_parse(&d.scheme, s->o->scheme));
    HONE_TRY(hone_dataset_load(out, (const char *const *)files->items, files->n, &d));
    if (hone_dataset_text_column(*out) < 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: there is no column of words", files->items[0]),
                          "name it with --text_column_name");
    return HONE_OK;
}

static hone_status need_labels(const hone_dataset *d, const char *file, const char *what)
{
    const hone_feature *f = hone__labels_of(d);
    if (f && f->kind == HONE_FEATURE_CLASS_LABEL && f->sequence)
        return HONE_OK;
    hone_str columns = HONE_STR_INIT;
    for (size_t i = 0; i < hone_dataset_n_features(d); i++)
        hone__str_printf(&columns, "%s%s", i ? ", " : "", hone_dataset_feature(d, i)->name);
    hone_status status =
        hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: there is no column of tags (ner_tags) to %s: it has %s", file, what,
                              columns.data ? columns.data : "none"),
                   hone_dataset_n_features(d) > 1 ? "name it with --label_column_name"
                                                  : "each row needs a tag for every token; --test_file takes files without tags");
    hone__str_dispose(&columns);
    return status;
}

/* Which classes of the data occur at all: numbering makes I-X of a B-X that stands alone. */
static hone_status find_used(bool **out, const hone_dataset *d)
{
    const hone_feature *f = hone__labels_of(d);
    ptrdiff_t column = hone_dataset_label_column(d);
    HONE_TRY(HONE_NEW(out, f->n_names));
    for (int64_t row = 0, n = hone_dataset_n_rows(d); row < n; row++) {
        const int32_t *ids = hone_dataset_classes(d, row, column);
        for (size_t i = 0, length = hone_dataset_length(d, row, column); i < length; i++)
            (*out)[ids[i]] = true;
    }
    return HONE_OK;
}

/* The first class of the data that the configuration does not name; NULL: it covers them all. */
static hone_status find_uncovered(const char **out, const hone_class_list *c, const hone_dataset *d)
{
    const hone_feature *f = hone__labels_of(d);
    bool *used = NULL;
    *out = NULL;
    HONE_TRY(find_used(&used, d));
    for (size_t i = 0; i < f->n_names && !*out; i++)
        if (used[i] && hone__class_list_find(c, f->names[i]) < 0)
            *out = f->names[i];
    hone__free(used);
    return HONE_OK;
}

/* Whose ids are used: the configuration's where it names every tag of the training data (cli.md), else the data's own numbering. */
static hone_status settle_classes(set_up_state *s, const hone_dataset *train)
{
    const char *missing = NULL;
    if (!train || s->adopts) /* --label_names: the training data was read with them */
        return HONE_OK;
    if (hone__labels_of(train)->n_names == 1)
        hone__log(HONE_LOG_WARNING, "%s: every word has the same tag (%s): there is nothing to be learnt", s->c->train_file.items[0],
                  hone__labels_of(train)->names[0]);
    else if (hone_dataset_scheme(train) == HONE_SCHEME_NONE)
        hone__log(HONE_LOG_WARNING,
                  "%s: the tags mark no entities (B-X, I-X, O …): precision, recall and f1 mean little (--label_names names ids)",
                  s->c->train_file.items[0]);
    if (s->model_classes.n)
        HONE_TRY(find_uncovered(&missing, &s->model_classes, train));
    s->adopts = s->model_classes.n == 0 || missing;
    if (missing && hone__class_list_find(&s->model_classes, "LABEL_0") < 0)
        hone__log(HONE_LOG_WARNING, "the model's %zu classes do not name the tag %s of the training data: its classes are numbered anew",
                  s->model_classes.n, missing);
    return s->adopts ? hone__class_list_copy(&s->own_classes, hone__labels_of(train)) : HONE_OK;
}

static hone_status make_model(set_up_state *s)
{
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    m.labels = s->adopts ? (const char *const *)s->own_classes.names : NULL;
    m.ignore_mismatched_sizes = s->c->ignore_mismatched_sizes;
    m.dropout = s->c->dropout;
    m.pad_token_id = hone__job_new_id(s->job, s->parts, HONE_SPECIAL_PAD);
    return hone__job_make_model(s->parts, s->job, m, "bert");
}

static void tell_losses(const hone_token_examples_info *info, const char *file, size_t max_length)
{
    hone__log(HONE_LOG_INFO, "%s: %lld rows, %lld tokens, the longest has %d", file, (long long)info->n_rows, (long long)info->n_tokens,
              info->longest);
    if (info->n_truncated > 0)
        hone__log(HONE_LOG_WARNING,
                  "%s: %lld of %lld rows are longer than %zu tokens and were cut: %lld words are lost (--stride makes windows)", file,
                  (long long)info->n_truncated, (long long)info->n_rows, max_length, (long long)info->n_lost_words);
    if (info->n_vanished_words > 0)
        hone__log(HONE_LOG_WARNING, "%s: %lld words vanish in the tokenizer's normalisation: they have no label and no prediction", file,
                  (long long)info->n_vanished_words);
}

/* ids, when the data set was loaded before the classes were settled: from its numbering to the model's. */
static hone_status make_examples(hone_examples **out, const set_up_state *s, const hone_dataset *d, const char *file, int64_t max_rows)
{
    const hone_class_list *c = &s->model_classes;
    const hone_feature *f = hone__labels_of(d);
    hone_token_examples_options e = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    int32_t *ids = NULL, *inside = NULL;
    hone_status status;
    size_t n = f ? f->n_names : 0;
    HONE_GO(HONE_NEW(&ids, n));
    HONE_GO(HONE_NEW(&inside, c->n));
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)hone__class_list_find(c, f->names[i]);
    hone_inside_labels(inside, (const char *const *)c->names, c->n);
    e.max_length = s->max_length;
    e.stride = (size_t)s->o->stride;
    e.windows = s->o->stride > 0;
    e.label_all_tokens = s->o->label_all_tokens;
    e.ids = ids;
    e.inside = inside;
    e.max_examples = max_rows;
    e.n_threads = hone__job_workers(s->job);
    HONE_GO(hone_token_examples(out, d, s->parts->tokenizer, &e));
    tell_losses(hone_token_examples_get_info(*out), file, s->max_length);
done:
    hone__free(ids);
    hone__free(inside);
    return status;
}

/* Nothing can be learnt or scored without words: a max_length that holds the special tokens alone, or a tokenizer that drops all that there is. */
static hone_status need_words(const set_up_state *s, const hone_dataset *d, const hone_examples *examples, const char *file)
{
    const hone_token_examples_info *info = hone_token_examples_get_info(examples);
    int64_t n_words = 0;
    for (int64_t row = 0; row < info->n_rows; row++)
        n_words += (int64_t)hone_dataset_length(d, row, hone_dataset_text_column(d));
    if (n_words > info->n_lost_words + info->n_vanished_words)
        return HONE_OK;
    if (info->n_lost_words > 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: %zu tokens have no room for a word", file, s->max_length),
                          "give more --max_seq_length");
    return hone__hint(hone__fail(HONE_FORMAT, "%s: no row has a word that the tokenizer keeps", file),
                      "do file and tokenizer belong together?");
}

static hone_status make_other_examples(hone_dataset **data, hone_examples **out, set_up_state *s, const hone_strings *files,
                                       int64_t max_rows, bool labelled)
{
    HONE_TRY(load(data, s, files, &s->model_classes));
    if (labelled)
        HONE_TRY(need_labels(*data, files->items[0], "evaluate by"));
    HONE_TRY(make_examples(out, s, *data, files->items[0], max_rows));
    return labelled ? need_words(s, *data, *out, files->items[0]) : HONE_OK;
}

static hone_status make_all_examples(set_up_state *s, const hone_dataset *train)
{
    const hone_common_options *o = s->c;
    hone_job_parts *parts = s->parts;
    hone_dataset *eval = NULL;
    hone_status status = HONE_OK;
    bool splits = hone__job_splits(s->job);
    if (train)
        HONE_GO(make_examples(splits ? &parts->all : &parts->train, s, train, o->train_file.items[0], splits ? -1 : o->max_train_samples));
    if (train)
        HONE_GO(need_words(s, train, splits ? parts->all : parts->train, o->train_file.items[0]));
    if (splits)
        HONE_GO(hone__job_split(parts, s->job, hone_token_examples_get_info(parts->all), "rows"));
    if (o->validation_file.n)
        HONE_GO(make_other_examples(&eval, &parts->eval, s, &o->validation_file, o->max_eval_samples, true));
    if (o->test_file.n)
        HONE_GO(make_other_examples(&parts->test_data, &parts->test, s, &o->test_file, o->max_predict_samples, false));
done:
    hone_dataset_free(eval);
    return status;
}

static hone_status make_task(set_up_state *s)
{
    hone_token_classification_options t = HONE_TOKEN_CLASSIFICATION_OPTIONS_INIT;
    t.return_entity_level_metrics = s->o->return_entity_level_metrics;
    t.strict = s->o->seqeval_mode == HONE_SEQEVAL_MODE_STRICT;
    if (s->o->seqeval_scheme)
        HONE_TRY(hone_tag_scheme_parse(&t.scheme, s->o->seqeval_scheme));
    HONE_TRY(hone_token_classification_task(&s->parts->task, s->parts->model, &t));
    if (s->parts->all) /* the validation rows are its first examples */
        hone__token_task_part(&s->parts->task, s->parts->eval, s->parts->all, 0);
    return HONE_OK;
}

static hone_status set_up(hone_job *job, hone_job_parts *parts)
{
    const hone_common_options *o = hone__job_common(job);
    set_up_state s = {.job = job, .o = job->task_options, .c = o, .parts = parts};
    hone_dataset *train = NULL;
    hone_status status = HONE_OK;
    if (o->model_name_or_path)
        HONE_GO(hone__class_list_read_config(&s.model_classes, o->model_name_or_path));
    s.adopts = o->label_names.n > 0;
    HONE_GO(hone__class_list_read_given(&s.own_classes, &o->label_names));
    if (job->kind == HONE_JOB_TRAIN) {
        HONE_GO(load(&train, &s, &o->train_file, s.adopts ? &s.own_classes : NULL));
        HONE_GO(need_labels(train, o->train_file.items[0], "train on"));
    }
    HONE_GO(settle_classes(&s, train));
    HONE_GO(make_model(&s));
    HONE_GO(hone__class_list_of_model(&s.model_classes, parts->model)); /* the classes are the model's from here on */
    HONE_GO(hone__job_settle_length(&s.max_length, job, parts, INT64_MAX, "; --stride makes windows of longer rows"));
    HONE_GO(make_all_examples(&s, train));
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

/* ---- predictions ---- */

static hone_status write_tags(const char *path, const hone_job_parts *parts, const hone_predictions *p)
{
    size_t n = 0;
    const char *const *names = hone_model_labels(parts->model, &n);
    return hone__write_predictions(path, parts->test_data, parts->test, p, names, n);
}

static hone_status predict(const hone_job *job, const hone_job_parts *parts, hone_trainer *trainer, hone_metrics *metrics)
{
    (void)job;
    return hone__job_predict(parts, trainer, "predictions.txt", write_tags, hone_token_examples_get_info(parts->test)->n_rows, metrics);
}

static hone_status describe(char **out, const hone_job_parts *parts)
{
    return hone_token_classification_report(out, &parts->task);
}

const hone_job_class hone__token_classification_job = {.kind = HONE_TOKEN_CLASSIFICATION,
                                                       .options = &hone__token_option_table,
                                                       .options_size = sizeof(hone_token_options),
                                                       .check = hone__token_options_check,
                                                       .set_up = set_up,
                                                       .free_task = free_task,
                                                       .predict = predict,
                                                       .describe = describe};
