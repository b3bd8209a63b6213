/* The ordered list of named numbers (hone/metrics.h) that evaluation, log entries and result files are made of. Order is that of first setting, as in a Python dict. */
#include "base/mem.h"
#include <hone/metrics.h>

#include <string.h>

static hone_metric *find(const hone_metrics *metrics, const char *name)
{
    for (size_t i = 0; i < metrics->n; i++)
        if (strcmp(metrics->items[i].name, name) == 0)
            return &metrics->items[i];
    return NULL;
}

static hone_status set(hone_metrics *metrics, const char *name, double value, bool is_integer)
{
    hone_metric *at = find(metrics, name);
    size_t len = strlen(name);
    if (len >= sizeof(at->name))
        return hone__fail(HONE_INVALID_ARGUMENT, "metric name \"%.40s…\" is longer than %zu bytes", name, sizeof(at->name) - 1);
    if (!at) {
        HONE_TRY(HONE_GROW(&metrics->items, &metrics->capacity, metrics->n + 1));
        at = &metrics->items[metrics->n++];
        memcpy(at->name, name, len + 1);
    }
    at->value = value;
    at->is_integer = is_integer;
    return HONE_OK;
}

hone_status hone_metrics_set(hone_metrics *metrics, const char *name, double value)
{
    return set(metrics, name, value, false);
}

hone_status hone_metrics_set_int(hone_metrics *metrics, const char *name, int64_t value)
{
    return set(metrics, name, (double)value, (double)value < 0x1p63); /* what rounds up to 2^63 is no int64 any more */
}

bool hone_metrics_get(const hone_metrics *metrics, const char *name, double *out)
{
    const hone_metric *at = find(metrics, name);
    if (at)
        *out = at->value;
    return at != NULL;
}

hone_status hone_metrics_update(hone_metrics *metrics, const hone_metrics *from)
{
    for (size_t i = 0; i < from->n; i++)
        HONE_TRY(set(metrics, from->items[i].name, from->items[i].value, from->items[i].is_integer));
    return HONE_OK;
}

void hone_metrics_clear(hone_metrics *metrics)
{
    metrics->n = 0;
}

void hone_metrics_dispose(hone_metrics *metrics)
{
    hone__free(metrics->items);
    *metrics = (hone_metrics)HONE_METRICS_INIT;
}
