/* What the files of class metrics share. */
#ifndef HONE_METRICS_CLASSES_H
#define HONE_METRICS_CLASSES_H

#include "base/mem.h"

#include <hone/metrics.h>

typedef struct hone_class_count {
    int64_t n_correct, n_predicted, n_references;
} hone_class_count;

struct hone_class_counts {
    hone_class_count *items; /* by class */
    size_t n_classes, capacity;
    int64_t n, n_correct;
};

/* hone_class_counts_compute with the order (n_classes) in which the mean is summed; NULL: ascending. */
hone_status hone__class_scores(hone_class_scores *out, const hone_class_counts *c, hone_average average, int32_t positive,
                               const int32_t *order);
/* hone_glue_metrics with the positive class. */
hone_status hone__glue_metrics(hone_metrics *metrics, const char *task, const hone_class_counts *c, int32_t positive);
/* What the task's names call class 1; NULL: nothing. */
const char *hone__glue_positive(const char *task);

#endif
