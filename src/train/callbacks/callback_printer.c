/* Each entry of the log as a line for people, told to whoever listens (hone/log.h). In the place of transformers' PrinterCallback; numbers are shortened here and here only. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

/* Times and counts of work stand in the files. */
static bool is_shown(const char *name)
{
    return strcmp(name, "step") != 0 && strcmp(name, "total_flos") != 0 && !strstr(name, "eval_runtime") &&
           !strstr(name, "_steps_per_second");
}

/* "step 10/100: loss 0.5052, grad_norm 0.8215, learning_rate 0.004472, epoch 0.6667" */
static hone_status print(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                         const hone_metrics *metrics)
{
    hone_str line = HONE_STR_INIT;
    (void)payload, (void)t, (void)control;
    if (event != HONE_ON_LOG)
        return HONE_OK;
    for (size_t i = 0; i < metrics->n; i++) {
        const hone_metric *m = &metrics->items[i];
        if (is_shown(m->name))
            hone__str_printf(&line, m->is_integer || fabs(m->value) >= 1000 ? "%s%s %.0f" : "%s%s %.4g", line.len ? ", " : "", m->name,
                             m->value);
    }
    if (hone__str_status(&line) == HONE_OK && line.len)
        hone__log(HONE_LOG_INFO, "step %lld/%lld: %s", (long long)state->global_step, (long long)state->max_steps, line.data);
    hone_status status = hone__str_status(&line);
    hone__str_dispose(&line);
    return status;
}

hone_callback hone__printer_callback(void)
{
    return (hone_callback){.name = "PrinterCallback", .fn = print};
}
