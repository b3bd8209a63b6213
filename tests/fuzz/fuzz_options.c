/* Any bytes as a command line, a word a line, for `hone train` and `hone evaluate`: refused with a message, or what was set is written and read back the same. */
#include "fuzz/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_WORDS = 32 };

static const hone_task_kind kinds[] = {HONE_TOKEN_CLASSIFICATION, HONE_TEXT_CLASSIFICATION, HONE_QUESTION_ANSWERING, HONE_CAUSAL_LM,
                                       HONE_MASKED_LM};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *words[MOST_WORDS], *rest = NULL, *text = malloc(size + 1);
    int n = 0;
    if (size < 1)
        goto done;
    hone_task_kind task = kinds[data[0] % (sizeof(kinds) / sizeof(*kinds))];
    hone_job_kind kind = data[0] & 0x80 ? HONE_JOB_EVALUATE : HONE_JOB_TRAIN;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    for (char *word = strtok_r(text, "\n", &rest); word && n < MOST_WORDS; word = strtok_r(NULL, "\n", &rest))
        words[n++] = word;
    hone_job *job = NULL;
    if (hone_job_new(&job, kind, task) != HONE_OK)
        abort();
    if (hone_job_parse(job, n, words) == HONE_OK)
        check_round_trip(job, kind, task);
    else if (!hone_error_message()[0])
        abort();
    hone_job_free(job);
done:
    free(text);
    return 0;
}
