/* Each entry of the log as a line for people, told to whoever listens (hone/log.h). In the place of transformers' PrinterCallback; numbers are shortened here and here only. */
#include "train/trainer.h"

#include <string.h>

static hone_status print(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                         const hone_metrics *metrics)
{
    hone_str line = HONE_STR_INIT;
    (void)payload, (void)t, (void)state, (void)control;
    if (event != HONE_ON_LOG)
        return HONE_OK;
    for (size_t i = 0; i < metrics->n; i++) {
        const hone_metric *m = &metrics->items[i];
        if (strcmp(m->name, "total_flos") != 0)
            hone__str_printf(&line, m->is_integer ? "%s\"%s\": %.0f" : "%s\"%s\": %.6g", line.len ? ", " : "{", m->name, m->value);
    }
    if (hone__str_status(&line) == HONE_OK && line.len)
        hone__log(HONE_LOG_INFO, "%s}", line.data);
    hone_status status = hone__str_status(&line);
    hone__str_dispose(&line);
    return status;
}

hone_callback hone__printer_callback(void)
{
    return (hone_callback){.name = "PrinterCallback", .fn = print};
}
