/* The progress of training, evaluations and predictions, told to whoever listens (hone/log.h). In the place of transformers' ProgressCallback. */
#include "train/trainer.h"

/* The loss of the steps since the last entry of the log, updates that were passed over, tokens a second of the training steps. */
static void put_note(char *out, size_t size, const hone_trainer *t)
{
    int64_t good = t->window.n_steps - t->window.n_nonfinite;
    size_t n = 0;
    *out = '\0';
    if (good > 0)
        n = (size_t)snprintf(out, size, "loss %.4f, ", t->window.loss_sum / (double)good);
    else if (t->total_loss_steps > 0)
        n = (size_t)snprintf(out, size, "loss %.4f, ", t->total_loss / (double)t->total_loss_steps);
    if (t->state.n_nonfinite_steps > 0)
        n += (size_t)snprintf(out + n, size - n, "%lld not finite, ", (long long)t->state.n_nonfinite_steps);
    snprintf(out + n, size - n, "%.0f tokens/s", t->throughput.seconds > 0 ? t->throughput.tokens / t->throughput.seconds : 0.0);
}

static void show_step(hone_trainer *t)
{
    char note[128];
    if (!hone__progress_due())
        return;
    put_note(note, sizeof(note), t);
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
