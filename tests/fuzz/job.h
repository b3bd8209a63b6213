/* What the targets of a job's options share: what was set is written, and read back it writes the same. */
#ifndef HONE_TESTS_FUZZ_JOB_H
#define HONE_TESTS_FUZZ_JOB_H

#include "fuzz/folder.h"
#include "tasks/job.h"

static inline char *saved_args(const hone_job *job)
{
    const char *path = path_of("args");
    char *text = NULL;
    size_t len;
    if (hone_job_save_args(job, path) != HONE_OK || hone__read_file(&text, &len, path, 0) != HONE_OK)
        abort();
    return text;
}

static inline void check_round_trip(const hone_job *job, hone_job_kind kind, hone_task_kind task)
{
    hone_job *again = NULL;
    char *first = saved_args(job);
    if (hone_job_new(&again, kind, task) != HONE_OK || hone__job_read_config(again, first, strlen(first), "saved") != HONE_OK)
        abort();
    char *second = saved_args(again);
    if (strcmp(first, second) != 0)
        abort();
    hone__free(first);
    hone__free(second);
    hone_job_free(again);
}

#endif
