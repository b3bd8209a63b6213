/* Named numbers as a JSON object and back: entries of logs, results, what callbacks and a user's own objects keep in a checkpoint. Doubles come back to the bit, NaN and infinities too. */
#ifndef HONE_METRICS_JSON_H
#define HONE_METRICS_JSON_H

#include "base/json.h"
#include <hone/metrics.h>

/* By name, as bytes. */
void hone__metrics_sort(hone_metrics *metrics);
/* As one object, in their order. */
void hone__metrics_write(hone_json_writer *w, const hone_metrics *metrics);
/* Sets those of an object in metrics; path: the file, for messages. */
hone_status hone__metrics_read(hone_metrics *metrics, const json_t *object, const char *path);

#endif
