/* The loss curve (plot.c) beside the checkpoints while a run goes on: loss.svg is drawn anew at each checkpoint and at the end, so that a long run can be looked at. A disk that takes no
 * picture is a warning. */
#include "train/trainer.h"

static hone_status write_plot(hone_trainer *t, void *payload)
{
    (void)payload;
    hone_str svg = HONE_STR_INIT;
    char *path = NULL;
    hone_status status;
    HONE_GO(hone__trainer_plot(&svg, t));
    HONE_GO(hone__trainer_path(&path, t, "loss.svg"));
    status = hone__write_file(path, svg.data, svg.len);
done:
    hone__free(path);
    hone__str_dispose(&svg);
    return status;
}

static hone_status plot(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                        const hone_metrics *metrics)
{
    (void)payload, (void)control, (void)metrics;
    if ((event != HONE_ON_SAVE && event != HONE_ON_TRAIN_END) || state->n_logs == 0 || t->comm->rank != 0)
        return HONE_OK;
    bool last = event == HONE_ON_TRAIN_END;
    hone_status status = last ? hone__trainer_persist(t, write_plot, NULL, "the loss curve", 0) : write_plot(t, NULL);
    if (status != HONE_IO)
        return status;
    hone__log(HONE_LOG_WARNING, "the loss curve was not drawn: %s", hone_error_message());
    return HONE_OK;
}

hone_callback hone__plot_callback(void)
{
    return (hone_callback){.name = "LossPlotCallback", .fn = plot};
}
