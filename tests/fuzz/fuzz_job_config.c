/* Reads any bytes as a file of a job's options: what is accepted is written (hone_job_save_args), and read back it writes the same; what is not has a message that names the file. */
#include "fuzz/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const hone_task_kind kinds[] = {HONE_TOKEN_CLASSIFICATION, HONE_CAUSAL_LM};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        hone_job *job;
        if (hone_job_new(&job, HONE_JOB_TRAIN, kinds[i]) != HONE_OK)
            abort();
        if (hone__job_read_config(job, (const char *)data, size, "fuzz") == HONE_OK)
            check_round_trip(job, HONE_JOB_TRAIN, kinds[i]);
        else if (strncmp(hone_error_message(), "fuzz:", 5) != 0)
            abort();
        hone_job_free(job);
    }
    return 0;
}
