/* What tasks have in common when they make the parts of a job. */
#include "tasks/job.h"
#include "base/log.h"

#include <string.h>

hone_status hone__job_check_vocabulary(const hone_job_parts *parts, const char *tokenizer, bool is_own)
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

hone_status hone__job_check_model(const hone_job *job, const char *model, const char *tokenizer, const char *overrides)
{
    if (job->kind == HONE_JOB_EVALUATE && !model)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--model_name_or_path: which model is to be evaluated?"),
                          "give a model folder");
    if (!model && !tokenizer)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--model_name_or_path: which model is to be fine-tuned?"),
                          "give a model folder; or --tokenizer_name and --config_overrides for a new model");
    if (model && overrides && *overrides)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--config_overrides: the model of --model_name_or_path has its shape already"),
                          "leave one of the two out; --dropout replaces its dropout probabilities");
    return HONE_OK;
}

hone_status hone__job_check_samples(int64_t train, int64_t eval, int64_t predict, const char *what)
{
    const char *name = train == 0 ? "train" : eval == 0 ? "eval" : predict == 0 ? "predict" : NULL;
    return name ? hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--max_%s_samples: 0 %s are none", name, what),
                             "give a number above 0, or -1 for all")
                : HONE_OK;
}

hone_status hone__job_new_model(hone_model **out, hone_task_kind task, const char *type, const hone_model_options *options)
{
    hone_status status = hone_model_from_config(out, task, type, options);
    bool named = strncmp(hone_error_message(), "--", 2) == 0;
    if (status == HONE_OK || status == HONE_OUT_OF_MEMORY || !options->config_overrides || named)
        return status;
    return hone__fail_in(status, "--config_overrides");
}

hone_status hone__job_predict_metrics(hone_metrics *to, const hone_metrics *from)
{
    char name[80];
    hone_metrics_clear(to);
    for (size_t i = 0; i < from->n; i++) {
        const hone_metric *m = &from->items[i];
        snprintf(name, sizeof(name), "predict_%s", m->name + strlen("test_"));
        HONE_TRY(m->is_integer ? hone_metrics_set_int(to, name, (int64_t)m->value) : hone_metrics_set(to, name, m->value));
    }
    return HONE_OK;
}
