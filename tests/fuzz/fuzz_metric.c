/* Any bytes as a pair of metric files: the first byte picks the metric, a line "----" parts the files. Every metric gives a result or an error that names a file. */
#include "metrics/files.h"

#include <hone/log.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_metric(const char *name, const hone_metric_options *o, const char *text, size_t len)
{
    const char *part = memmem(text, len, "\n----\n", 6);
    size_t first = part ? (size_t)(part - text) + 1 : len / 2, skip = part ? 5 : 0;
    hone_lines references = hone__lines_of("fuzz.r", text, first);
    hone_lines predictions = hone__lines_of("fuzz.p", text + first + skip, len - first - skip);
    char *json = NULL;
    hone_status status = hone__metric_from_lines(&json, name, &references, &predictions, o);
    if ((status == HONE_OK) != (json != NULL) || (status != HONE_OK && !strstr(hone_error_message(), "fuzz.")))
        abort();
    hone_metrics_free_json(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"accuracy", "f1", "matthews_correlation", "glue/mrpc", "glue/stsb", "spearmanr", "recall"};
    hone_metric_options o = HONE_METRIC_OPTIONS_INIT;
    if (size == 0)
        return 0;
    o.table = data[0] & 1;
    o.seqeval.strict = data[0] >> 1 & 1;
    o.seqeval.scheme = (data[0] >> 2 & 7) % 7;
    o.average = (hone_average)(data[0] & 3);
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    if (data[0] & 0x80)
        try_metric("seqeval", &o, (const char *)data + 1, size - 1);
    else
        try_metric(names[(data[0] >> 3) % 7], &o, (const char *)data + 1, size - 1);
    return 0;
}
