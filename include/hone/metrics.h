/* Metrics: plain arrays in, numbers out, no tensors; and the ordered list of named numbers that evaluation, logs and result files pass around. */
#ifndef HONE_METRICS_H
#define HONE_METRICS_H

#include <hone/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_metric {
    char name[64];
    double value;
    bool is_integer; /* written to JSON without a point */
} hone_metric;

/* Named numbers in the order in which they were first set; start with HONE_METRICS_INIT. */
typedef struct hone_metrics {
    hone_metric *items;
    size_t n, capacity;
} hone_metrics;
#define HONE_METRICS_INIT \
    {                     \
        NULL, 0, 0        \
    }

/* Sets a number (replacing one of the same name in its place). HONE_INVALID_ARGUMENT for a name of 64 bytes or more. */
HONE_API hone_status hone_metrics_set(hone_metrics *metrics, const char *name, double value);
/* The same for a whole number. */
HONE_API hone_status hone_metrics_set_int(hone_metrics *metrics, const char *name, int64_t value);
/* The number of that name in *out; false when there is none. */
HONE_API bool hone_metrics_get(const hone_metrics *metrics, const char *name, double *out);
/* Sets every number of `from` in `metrics`. */
HONE_API hone_status hone_metrics_update(hone_metrics *metrics, const hone_metrics *from);
/* Forgets the numbers and keeps the memory. */
HONE_API void hone_metrics_clear(hone_metrics *metrics);
/* Gives the memory back; metrics is empty and usable afterwards. */
HONE_API void hone_metrics_dispose(hone_metrics *metrics);
/* The list as one JSON object, numbers that read back exactly, NaN and Infinity as Python writes them. indent 0: one line. Free with hone_metrics_free_json. */
HONE_API hone_status hone_metrics_to_json(char **out, const hone_metrics *metrics, int indent);
/* Frees what hone_metrics_to_json gave; NULL is legal. */
HONE_API void hone_metrics_free_json(char *json);

/* exp of a mean negative log likelihood (the course's perplexity of an eval_loss); infinity when that is beyond a double, NaN for NaN. */
HONE_API double hone_metric_perplexity(double mean_nll);
/* The mean over texts of exp(mean nll of the text), as the package `evaluate` defines perplexity: another number than the one above. 0 for no text. */
HONE_API double hone_metric_mean_perplexity(const double *mean_nll, size_t n_texts);

#ifdef __cplusplus
}
#endif
#endif
