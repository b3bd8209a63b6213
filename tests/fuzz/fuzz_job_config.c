/* Reads any bytes as a file of a job's options: what is accepted is written (hone_job_save_args), and read back it writes the same; what is not has a message that names the file. */
#include "tasks/job.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const hone_task_kind kinds[] = {HONE_TOKEN_CLASSIFICATION, HONE_CAUSAL_LM};

static char *saved(const hone_job *job)
{
    char path[64], *text;
    size_t len;
    snprintf(path, sizeof(path), "/tmp/hone-fuzz-job-config-%ld.json", (long)getpid());
    if (hone_job_save_args(job, path) != HONE_OK || hone__read_file(&text, &len, path, 0) != HONE_OK)
        abort();
    unlink(path);
    return text;
}

static void round_trip(const hone_job *job, hone_task_kind kind)
{
    hone_job *again;
    char *first = saved(job);
    if (hone_job_new(&again, HONE_JOB_TRAIN, kind) != HONE_OK || hone__job_read_config(again, first, strlen(first), "saved") != HONE_OK)
        abort();
    char *second = saved(again);
    if (strcmp(first, second) != 0)
        abort();
    hone__free(first);
    hone__free(second);
    hone_job_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        hone_job *job;
        if (hone_job_new(&job, HONE_JOB_TRAIN, kinds[i]) != HONE_OK)
            abort();
        if (hone__job_read_config(job, (const char *)data, size, "fuzz") == HONE_OK)
            round_trip(job, kinds[i]);
        else if (strncmp(hone_error_message(), "fuzz:", 5) != 0)
            abort();
        hone_job_free(job);
    }
    return 0;
}
