/* What tasks have in common: the parts of a job when they are made, predictions of a file. */
#include "tasks/job.h"
#include "base/file.h"
#include "base/log.h"
#include "train/trainer.h"

#include <string.h>

/* ---- options ---- */

const hone_common_options *hone__job_common(const hone_job *job)
{
    return job->task_options;
}

bool hone__job_splits(const hone_job *job)
{
    const hone_common_options *o = job->task_options;
    return job->kind == HONE_JOB_TRAIN && o->validation_file.n == 0 && o->validation_split_percentage > 0;
}

bool hone__job_has_eval(const hone_job *job)
{
    return hone__job_common(job)->validation_file.n > 0 || hone__job_splits(job);
}

bool hone__job_has_test(const hone_job *job)
{
    return hone__job_common(job)->test_file.n > 0;
}

int hone__job_workers(const hone_job *job)
{
    int64_t given = hone__job_common(job)->preprocessing_num_workers;
    return (int)(given ? given : job->run.threads);
}

const char *hone__job_tokenizer_name(const hone_job *job)
{
    const hone_common_options *o = job->task_options;
    return o->tokenizer_name ? o->tokenizer_name : o->model_name_or_path;
}

hone_status hone__job_check_model(const hone_job *job)
{
    const hone_common_options *o = job->task_options;
    if (job->kind == HONE_JOB_EVALUATE) /* --config_overrides is the training's, of which it may have all options */
        return o->model_name_or_path
                   ? HONE_OK
                   : hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--model_name_or_path: which model is to be evaluated?"),
                                "give a model folder");
    if (!o->model_name_or_path && !o->tokenizer_name)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--model_name_or_path: which model is to be fine-tuned?"),
                          "give a model folder; or --tokenizer_name and --config_overrides for a new model");
    if (o->model_name_or_path && o->config_overrides && *o->config_overrides)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--config_overrides: the model of --model_name_or_path has its shape already"),
                          "leave one of the two out; --dropout replaces its dropout probabilities");
    return HONE_OK;
}

hone_status hone__job_check_format(const hone_job *job, const char *const *formats, const char *what)
{
    const char *given = hone__job_common(job)->format;
    for (; given && *formats; formats++)
        if (strcmp(given, *formats) == 0)
            return HONE_OK;
    return given ? hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--format: must be %s, is \"%s\"", what, given),
                              "leave it out: names and contents tell")
                 : HONE_OK;
}

hone_status hone__job_check_samples(const hone_job *job, const char *what)
{
    const hone_common_options *o = job->task_options;
    const char *name = o->max_train_samples == 0                            ? "train"
                       : o->max_eval_samples == 0                           ? "eval"
                       : o->max_predict_samples == 0 && job->class->predict ? "predict"
                                                                            : NULL;
    return name ? hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--max_%s_samples: 0 %s are none", name, what),
                             "give a number above 0, or -1 for all")
                : HONE_OK;
}

/* ---- the model ---- */

static hone_status check_vocabulary(const hone_job_parts *parts, const char *tokenizer, bool is_own)
{
    int64_t has = (int64_t)hone_tokenizer_vocab_size(parts->tokenizer, true), takes = hone_model_vocab_size(parts->model);
    if (has > takes)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT,
                                     "the tokenizer %s has %lld tokens, the model's vocabulary %lld: they do not belong together",
                                     tokenizer, (long long)has, (long long)takes),
                          is_own ? "the folder needs the tokenizer that the model was trained with"
                                 : "leave --tokenizer_name out to take the model's own");
    if (has < takes)
        hone__log(HONE_LOG_WARNING, "the tokenizer %s has %lld tokens, the model's vocabulary %lld: is it the model's own?", tokenizer,
                  (long long)has, (long long)takes);
    return HONE_OK;
}

/* The type is a new model's; that of a folder is what the folder says. */
static hone_status check_type(const hone_common_options *o, const hone_model *model)
{
    const char *type = o->model_type;
    if (!type || strcmp(type, hone_model_type(model)) == 0)
        return HONE_OK;
    return hone__hint(
        hone__fail(HONE_INVALID_ARGUMENT, "--model_type %s: the model in %s is %s", type, o->model_name_or_path, hone_model_type(model)),
        "leave it out: it says what a new model is");
}

int64_t hone__job_new_id(const hone_job *job, const hone_job_parts *parts, hone_special_token which)
{
    return hone__job_common(job)->model_name_or_path ? -1 : hone_tokenizer_special_id(parts->tokenizer, which);
}

hone_status hone__job_make_model(hone_job_parts *parts, const hone_job *job, hone_model_options m, const char *type)
{
    const hone_common_options *o = job->task_options;
    m.device = parts->device;
    m.for_training = job->kind == HONE_JOB_TRAIN;
    m.empty_weights = m.for_training; /* until it is known that the run fits into memory */
    m.seed = job->args.seed;
    if (o->model_name_or_path) {
        HONE_TRY(hone_model_from_pretrained(&parts->model, job->class->kind, o->model_name_or_path, &m));
        HONE_TRY(check_type(o, parts->model));
    } else {
        m.config_overrides = o->config_overrides;
        m.vocab_size = (int64_t)hone_tokenizer_vocab_size(parts->tokenizer, true);
        HONE_TRY(hone_model_from_config(&parts->model, job->class->kind, o->model_type ? o->model_type : type, &m));
    }
    return check_vocabulary(parts, hone__job_tokenizer_name(job), !o->tokenizer_name);
}

hone_status hone__job_settle_length(size_t *out, const hone_job *job, const hone_job_parts *parts, int64_t most, const char *also)
{
    int64_t positions = hone_model_max_positions(parts->model), given = hone__job_common(job)->max_seq_length;
    if (given > positions)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--max_seq_length: %lld tokens are more than the model's %lld positions",
                                     (long long)given, (long long)positions),
                          "give --max_seq_length %lld or less%s", (long long)positions, also);
    *out = (size_t)(given ? given : positions < most ? positions : most);
    return HONE_OK;
}

/* ---- a part of the training data for validation ---- */

static int64_t at_most(int64_t n, int64_t most)
{
    return most >= 0 && most < n ? most : n;
}

/* The first example of that row. */
static int64_t first_of(const hone_token_examples_info *windows, int64_t row)
{
    int64_t i = 0;
    if (!windows)
        return row;
    while (i < windows->n_examples && windows->row_of[i] < row)
        i++;
    return i;
}

hone_status hone__job_split(hone_job_parts *parts, const hone_job *job, const hone_token_examples_info *windows, const char *what)
{
    const hone_common_options *o = job->task_options;
    int64_t percentage = o->validation_split_percentage, n = windows ? windows->n_rows : hone_examples_count(parts->all);
    int64_t n_eval = n * percentage / 100, first = first_of(windows, n_eval);
    if (n_eval < 1)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--validation_split_percentage: %lld %% of %lld %s is none",
                                     (long long)percentage, (long long)n, what),
                          "give a larger percentage, or --validation_file");
    HONE_TRY(hone_examples_range(&parts->eval, parts->all, 0, first_of(windows, at_most(n_eval, o->max_eval_samples))));
    return hone_examples_range(&parts->train, parts->all, first,
                               first_of(windows, n_eval + at_most(n - n_eval, o->max_train_samples)) - first);
}

/* ---- predictions ---- */

/* "test_f1" → "predict_f1", as the reference's scripts name them. */
static hone_status name_metrics(hone_metrics *to, const hone_metrics *from)
{
    char name[96];
    hone_metrics_clear(to);
    for (size_t i = 0; i < from->n; i++) {
        const hone_metric *m = &from->items[i];
        snprintf(name, sizeof(name), "predict_%s", m->name + strlen("test_"));
        HONE_TRY(m->is_integer ? hone_metrics_set_int(to, name, (int64_t)m->value) : hone_metrics_set(to, name, m->value));
    }
    return HONE_OK;
}

typedef struct prediction_file {
    const char *name;
    hone_job_writer write;
    const hone_job_parts *parts;
    hone_predictions p;
} prediction_file;

static hone_status write_file(hone_trainer *trainer, void *payload)
{
    const prediction_file *f = payload;
    char *path = NULL;
    hone_status status;
    HONE_GO(hone__make_dirs(trainer->output_dir));
    HONE_GO(hone__trainer_path(&path, trainer, f->name));
    status = f->write(path, f->parts, &f->p);
done:
    hone__free(path);
    return status;
}

hone_status hone__job_predict(const hone_job_parts *parts, hone_trainer *trainer, const char *name, hone_job_writer write,
                              int64_t n_samples, hone_metrics *metrics)
{
    prediction_file f = {.name = name, .write = write, .parts = parts};
    hone_status status;
    HONE_GO(hone_trainer_predict(trainer, parts->test, &f.p));
    HONE_GO(hone__trainer_persist(trainer, write_file, &f, "the predictions", 0));
    HONE_GO(name_metrics(metrics, &f.p.metrics));
    status = hone_metrics_set_int(metrics, "predict_samples", n_samples);
done:
    hone_predictions_dispose(&f.p);
    return status;
}
