/* The progress of training, evaluations and predictions, told to whoever listens (hone/log.h). In the place of transformers' ProgressCallback. */
#include "train/trainer.h"

static void show_step(hone_trainer *t)
{
    char note[96], loss[32] = "";
    if (!hone__progress_due())
        return;
    double seconds = hone__seconds() - t->started;
    int64_t good = t->window.n_steps - t->window.n_nonfinite;
    if (good > 0)
        snprintf(loss, sizeof(loss), "loss %.4f  ", t->window.loss_sum / (double)good);
    else if (t->total_loss_steps > 0 && t->n_logs > 0)
        snprintf(loss, sizeof(loss), "loss %.4f  ", t->total_loss / (double)t->total_loss_steps);
    snprintf(note, sizeof(note), "%s%.0f tokens/s", loss,
             seconds > 0 ? ((double)t->state.num_input_tokens_seen - t->tokens_started) / seconds : 0.0);
    hone__progress("training", t->state.global_step, t->state.max_steps, "steps", note);
    t->progress_is_open = true;
}

static void show_batch(const hone_trainer *t)
{
    int64_t done = hone_loader_position(t->eval_loader), total = hone_loader_batches(t->eval_loader);
    if (done == total)
        hone__progress_end(t->pass_name, done, total, "batches", NULL);
    else
        hone__progress(t->pass_name, done, total, "batches", NULL);
}

void hone__trainer_close_progress(hone_trainer *t)
{
    if (t->progress_is_open)
        hone__progress_end("training", t->state.global_step, t->state.max_steps, "steps", NULL);
    t->progress_is_open = false;
}

static hone_status show(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                        const hone_metrics *metrics)
{
    (void)payload, (void)state, (void)control, (void)metrics;
    if (event == HONE_ON_STEP_END)
        show_step(t);
    if (event == HONE_ON_PREDICTION_STEP)
        show_batch(t);
    if (event == HONE_ON_TRAIN_END)
        hone__trainer_close_progress(t);
    return HONE_OK;
}

hone_callback hone__progress_callback(void)
{
    return (hone_callback){.name = "ProgressCallback", .fn = show};
}
