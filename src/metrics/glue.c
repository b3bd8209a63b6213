/* Which metrics GLUE takes for which task: evaluate's glue.py. */
#include "metrics/classes.h"

#include <string.h>

static const struct {
    const char *task, *positive; /* the name of class 1 where F1 needs it */
    enum { ACCURACY, ACCURACY_AND_F1, MATTHEWS, CORRELATIONS } metrics;
} tasks[] = {
    {"cola", NULL, MATTHEWS},
    {"sst2", NULL, ACCURACY},
    {"mrpc", "equivalent", ACCURACY_AND_F1},
    {"qqp", "duplicate", ACCURACY_AND_F1},
    {"stsb", NULL, CORRELATIONS},
    {"mnli", NULL, ACCURACY},
    {"mnli_matched", NULL, ACCURACY},
    {"mnli_mismatched", NULL, ACCURACY},
    {"qnli", NULL, ACCURACY},
    {"rte", NULL, ACCURACY},
    {"wnli", NULL, ACCURACY},
    {"hans", NULL, ACCURACY},
};
#define N_TASKS (sizeof(tasks) / sizeof(*tasks))

static size_t find(const char *task)
{
    size_t i = 0;
    while (i < N_TASKS && strcmp(tasks[i].task, task) != 0)
        i++;
    return i;
}

bool hone_glue_task(const char *task, bool *regression)
{
    size_t i = find(task);
    *regression = i < N_TASKS && tasks[i].metrics == CORRELATIONS;
    return i < N_TASKS;
}

const char *hone__glue_positive(const char *task)
{
    size_t i = find(task);
    return i < N_TASKS ? tasks[i].positive : NULL;
}

hone_status hone__glue_metrics(hone_metrics *metrics, const char *task, const hone_class_counts *c, int32_t positive)
{
    size_t i = find(task);
    hone_class_scores scores;
    if (i == N_TASKS || tasks[i].metrics == CORRELATIONS)
        return hone__fail(HONE_INVALID_ARGUMENT, "\"%s\" is no task of GLUE with classes", task);
    HONE_TRY(hone__class_scores(&scores, c, HONE_AVERAGE_BINARY, positive, NULL));
    if (tasks[i].metrics == MATTHEWS)
        return hone_metrics_set(metrics, "matthews_correlation", scores.matthews_correlation);
    HONE_TRY(hone_metrics_set(metrics, "accuracy", scores.accuracy));
    return tasks[i].metrics == ACCURACY_AND_F1 ? hone_metrics_set(metrics, "f1", scores.f1) : HONE_OK;
}

hone_status hone_glue_metrics(hone_metrics *metrics, const char *task, const hone_class_counts *c)
{
    return hone__glue_metrics(metrics, task, c, 1);
}

hone_status hone_glue_regression_metrics(hone_metrics *metrics, const double *references, const double *predictions, size_t n)
{
    double pearson, spearman;
    HONE_TRY(hone_metric_pearson(&pearson, predictions, references, n));
    HONE_TRY(hone_metric_spearman(&spearman, predictions, references, n));
    HONE_TRY(hone_metrics_set(metrics, "pearson", pearson));
    return hone_metrics_set(metrics, "spearmanr", spearman);
}
