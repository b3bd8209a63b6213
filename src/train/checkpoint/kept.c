/* See kept.h. */
#include "train/checkpoint/kept.h"

void hone__kept_write(hone_json_writer *w, const hone_metrics *kept)
{
    hone__jw_object(w);
    for (size_t i = 0; i < kept->n; i++) {
        hone__jw_key(w, kept->items[i].name);
        if (kept->items[i].is_integer)
            hone__jw_int(w, (int64_t)kept->items[i].value);
        else
            hone__jw_double(w, kept->items[i].value);
    }
    hone__jw_end_object(w);
}

hone_status hone__kept_read(hone_metrics *kept, const json_t *object, const char *path)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        double number = 0;
        HONE_TRY(hone__json_get_double(object, key, &number, path));
        HONE_TRY(json_is_integer(value) ? hone_metrics_set_int(kept, key, json_integer_value(value)) : hone_metrics_set(kept, key, number));
    }
    return HONE_OK;
}
