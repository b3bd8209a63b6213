/* What the sweeps over whole jobs have in common: a tokenizer of a few words, and one step of the smallest BERT, with evaluation and predictions where files are given. */
#ifndef HONE_TESTS_OOM_JOB_H
#define HONE_TESTS_OOM_JOB_H

#include "support/support.h"

#include <hone/job.h>

/* words: more lines of vocab.txt. */
static inline void make_tokenizer(const char *words)
{
    char text[256];
    assert_ok(hone__make_dirs(test_temp("tok")));
    snprintf(text, sizeof(text), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n%s", words);
    test_write_text(test_temp("tok/vocab.txt"), text);
}

static inline hone_status set_all(hone_job *job, const char *const (*options)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        HONE_TRY(hone_job_set(job, options[i][0], options[i][1]));
    return HONE_OK;
}

/* more: the n options that are the task's own. */
static inline hone_status run_job(hone_task_kind task, const char *const (*more)[2], size_t n)
{
    char *results = NULL, *report = NULL;
    hone_job *job = NULL;
    hone_status status;
    const char *const options[][2] = {
        {"tokenizer_name", test_temp("tok")},
        {"config_overrides", "hidden_size=8,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=16"},
        {"output_dir", test_temp("job")},
        {"overwrite_output_dir", "true"},
        {"max_steps", "1"},
        {"save_strategy", "no"},
        {"disable_tqdm", "true"},
        {"threads", "1"},
    };
    HONE_GO(hone_job_new(&job, HONE_JOB_TRAIN, task));
    HONE_GO(set_all(job, options, sizeof(options) / sizeof(*options)));
    HONE_GO(set_all(job, more, n));
    HONE_GO(hone_job_run(job, &results));
    status = hone_job_report(&report, job);
done:
    hone_free_text(results);
    hone_free_text(report);
    hone_job_free(job);
    return status;
}

#endif
