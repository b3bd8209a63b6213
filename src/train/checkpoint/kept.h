/* Named numbers as a JSON object and back: what callbacks and a user's own objects keep in a checkpoint. Doubles come back to the bit, NaN and infinities too. */
#ifndef HONE_TRAIN_KEPT_H
#define HONE_TRAIN_KEPT_H

#include "base/json.h"
#include <hone/metrics.h>

void hone__kept_write(hone_json_writer *w, const hone_metrics *kept);
/* Sets them in kept; path: the file, for messages. */
hone_status hone__kept_read(hone_metrics *kept, const json_t *object, const char *path);

#endif
