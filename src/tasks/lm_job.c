/* What run_clm.py and run_mlm.py have in common (lm_job.h). The scripts split texts before they are tokenized; here blocks are split. */
#include "tasks/lm_job.h"
#include "base/log.h"

#include <string.h>

static hone_status check_model(const hone_job *job, const char *hint)
{
    const hone_common_options *o = hone__job_common(job);
    if (job->kind == HONE_JOB_EVALUATE)
        return hone__job_check_model(job);
    if (!o->model_name_or_path && !o->tokenizer_name)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--tokenizer_name: a new model needs a tokenizer"), "%s", hint);
    if (o->model_name_or_path && o->config_overrides && *o->config_overrides)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--config_overrides: the model of --model_name_or_path has its shape already"),
                          "leave one of the two out");
    return HONE_OK;
}

hone_status hone__lm_check(const hone_job *job, const char *hint)
{
    static const char *const formats[] = {"text", "txt", "jsonl", "json", NULL};
    HONE_TRY(check_model(job, hint));
    HONE_TRY(hone__job_check_format(job, formats, "text or jsonl"));
    return hone__job_check_samples(job, "examples");
}

/* ---- examples ---- */

/* What all files of a job have in common. */
typedef struct preparation {
    const hone_tokenizer *tokenizer;
    hone_text_options text;
    hone_blocks_options blocks;
    const char *texts, *examples;
} preparation;

static hone_status make_blocks(hone_examples **out, const preparation *p, const hone_strings *files, int64_t max_examples)
{
    hone_blocks_options blocks = p->blocks;
    hone_blocks_info info;
    blocks.max_examples = max_examples;
    HONE_TRY(hone_text_blocks(out, (const char *const *)files->items, files->n, &p->text, p->tokenizer, &blocks, &info));
    hone__log(HONE_LOG_INFO, "%s%s: %lld %s, %lld tokens, %lld %s %lld", files->items[0], files->n > 1 ? ", …" : "",
              (long long)info.text.n_documents, p->texts, (long long)info.n_tokens, (long long)info.n_blocks, p->examples,
              (long long)blocks.block_size);
    return HONE_OK;
}

hone_status hone__lm_make_examples(const hone_job *job, hone_job_parts *parts, hone_text_options text, hone_blocks_options blocks,
                                   const char *texts, const char *examples)
{
    const hone_lm_options *o = job->task_options;
    const hone_common_options *c = &o->common;
    text.glob = c->glob;
    text.column = c->text_column_name;
    text.format = c->format;
    blocks.cache_dir = o->cache_dir;
    blocks.overwrite_cache = c->overwrite_cache;
    blocks.n_threads = hone__job_workers(job);
    preparation p = {parts->tokenizer, text, blocks, texts, examples};
    if (hone__job_splits(job)) {
        HONE_TRY(make_blocks(&parts->all, &p, &c->train_file, -1));
        return hone__job_split(parts, job, NULL, "blocks");
    }
    if (job->kind == HONE_JOB_TRAIN)
        HONE_TRY(make_blocks(&parts->train, &p, &c->train_file, c->max_train_samples));
    return c->validation_file.n ? make_blocks(&parts->eval, &p, &c->validation_file, c->max_eval_samples) : HONE_OK;
}

hone_status hone__lm_report(hone_metrics *metrics)
{
    double loss;
    return hone_metrics_get(metrics, "eval_loss", &loss) ? hone_metrics_set(metrics, "perplexity", hone_metric_perplexity(loss)) : HONE_OK;
}
