/* Any bytes as the files of SQuAD's metrics: the data set, the predictions, the probabilities of no answer. The first byte chooses the version. */
#include "fuzz/folder.h"

#include <hone/log.h>
#include <hone/metrics.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_metric_options o = HONE_METRIC_OPTIONS_INIT;
    char *json = NULL;
    if (size < 1)
        return 0;
    bool version_2 = data[0] % 2, probabilities = data[0] & 2;
    data++, size--;
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    const char *references = put_part("references.json", &data, &size), *predictions = put_part("predictions.json", &data, &size);
    o.no_answer_file = probabilities ? put_part("odds.json", &data, &size) : NULL;
    hone_status status = hone_metric_from_files(&json, version_2 ? "squad_v2" : "squad", references, predictions, &o);
    if ((status == HONE_OK) != (json != NULL) || (status != HONE_OK && !hone_error_message()[0]))
        abort();
    hone_metrics_free_json(json);
    return 0;
}
