/* See metrics_json.h. */
#include "metrics/metrics_json.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hone_metric *)a)->name, ((const hone_metric *)b)->name);
}

void hone__metrics_sort(hone_metrics *metrics)
{
    if (metrics->n)
        qsort(metrics->items, metrics->n, sizeof(*metrics->items), by_name);
}

void hone__metrics_write(hone_json_writer *w, const hone_metrics *metrics)
{
    hone__jw_object(w);
    for (size_t i = 0; i < metrics->n; i++) {
        hone__jw_key(w, metrics->items[i].name);
        if (metrics->items[i].is_integer)
            hone__jw_int(w, (int64_t)metrics->items[i].value);
        else
            hone__jw_double(w, metrics->items[i].value);
    }
    hone__jw_end_object(w);
}

hone_status hone__metrics_read(hone_metrics *metrics, const json_t *object, const char *path)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        double number = 0;
        HONE_TRY(hone__json_get_double(object, key, &number, path));
        HONE_TRY(json_is_integer(value) ? hone_metrics_set_int(metrics, key, json_integer_value(value))
                                        : hone_metrics_set(metrics, key, number));
    }
    return HONE_OK;
}

hone_status hone_metrics_to_json(char **out, const hone_metrics *metrics, int indent)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, indent);
    *out = NULL;
    hone__metrics_write(&w, metrics);
    hone_status status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}

void hone_metrics_free_json(char *json)
{
    hone__free(json);
}
