/* What run_clm.py and run_mlm.py have in common (lm_job.h). The scripts split texts before they are tokenized; here blocks are split. */
#include "tasks/lm_job.h"

#include <string.h>

hone_status hone__lm_check_format(const char *format)
{
    static const char *const formats[] = {"text", "txt", "jsonl", "json"};
    for (size_t i = 0; format && i < sizeof(formats) / sizeof(*formats); i++)
        if (strcmp(format, formats[i]) == 0)
            return HONE_OK;
    return format ? hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--format: must be text or jsonl, is \"%s\"", format),
                               "leave it out: names and contents tell")
                  : HONE_OK;
}

hone_status hone__lm_check_model(const hone_job *job, const char *model, const char *tokenizer, const char *overrides, const char *hint)
{
    if (job->kind == HONE_JOB_EVALUATE && !model)
        return hone__job_check_model(job, model, tokenizer, overrides);
    if (!model && !tokenizer)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--tokenizer_name: a new model needs a tokenizer"), "%s", hint);
    if (model && overrides && *overrides)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--config_overrides: the model of --model_name_or_path has its shape already"),
                          "leave one of the two out");
    return HONE_OK;
}

static int64_t at_most(int64_t n, int64_t most)
{
    return most >= 0 && most < n ? most : n;
}

hone_status hone__lm_split(hone_job_parts *parts, int64_t percentage, int64_t max_train_samples, int64_t max_eval_samples)
{
    int64_t n = hone_examples_count(parts->all), n_eval = n * percentage / 100;
    if (n_eval < 1)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--validation_split_percentage: %lld %% of %lld blocks is none",
                                     (long long)percentage, (long long)n),
                          "give a larger percentage, or --validation_file");
    HONE_TRY(hone_examples_range(&parts->eval, parts->all, 0, at_most(n_eval, max_eval_samples)));
    return hone_examples_range(&parts->train, parts->all, n_eval, at_most(n - n_eval, max_train_samples));
}

hone_status hone__lm_report(hone_metrics *metrics)
{
    double loss;
    return hone_metrics_get(metrics, "eval_loss", &loss) ? hone_metrics_set(metrics, "perplexity", hone_metric_perplexity(loss)) : HONE_OK;
}
