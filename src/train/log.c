/* log_history and trainer_state.json, in the reference's format (TrainerState.save_to_json: two blanks, keys sorted), so that transformers reads it. Numbers are exact: the
 * reference rounds losses to four decimals. Written aside and renamed. */
#include "metrics/metrics_json.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

hone_status hone__trainer_append_log(hone_trainer *t, const hone_metrics *entry)
{
    HONE_TRY(HONE_GROW(&t->logs, &t->logs_capacity, t->n_logs + 1));
    hone_metrics *at = &t->logs[t->n_logs];
    *at = (hone_metrics){NULL, entry->n, entry->n}; /* no room to grow: the history is long */
    HONE_TRY(HONE_ALLOC(&at->items, entry->n));
    if (entry->n)
        memcpy(at->items, entry->items, entry->n * sizeof(*at->items));
    t->state.n_logs = ++t->n_logs;
    return HONE_OK;
}

hone_status hone_trainer_log(hone_trainer *t, const hone_metrics *metrics)
{
    hone_metrics entry = HONE_METRICS_INIT;
    hone_status status;
    HONE_GO(hone_metrics_update(&entry, metrics));
    HONE_GO(hone_metrics_set(&entry, "epoch", t->state.epoch));
    if (t->args.include_num_input_tokens_seen)
        HONE_GO(hone_metrics_set_int(&entry, "num_input_tokens_seen", t->state.num_input_tokens_seen));
    HONE_GO(hone_metrics_set_int(&entry, "step", t->state.global_step));
    HONE_GO(hone__trainer_append_log(t, &entry));
    status = hone__trainer_event(t, HONE_ON_LOG, &entry);
done:
    hone_metrics_dispose(&entry);
    return status;
}

/* loss: the mean over the steps since the last entry whose gradients were finite; the others are counted beside it. */
hone_status hone__trainer_log_step(hone_trainer *t)
{
    hone_loss_window *w = &t->window;
    hone_metrics entry = HONE_METRICS_INIT;
    double good = (double)(w->n_steps - w->n_nonfinite);
    hone_status status;
    HONE_GO(hone_metrics_set(&entry, "loss", good > 0 ? w->loss_sum / good : NAN));
    HONE_GO(hone_metrics_set(&entry, "grad_norm", w->grad_norm));
    HONE_GO(hone_metrics_set(&entry, "learning_rate", w->learning_rate));
    if (w->n_nonfinite > 0)
        HONE_GO(hone_metrics_set_int(&entry, "nonfinite_steps", w->n_nonfinite));
    double seconds = hone__seconds() - t->started;
    if (t->args.include_num_input_tokens_seen && seconds > 0)
        HONE_GO(hone_metrics_set(&entry, "train_tokens_per_second", t->throughput.tokens / seconds));
    *w = (hone_loss_window){.grad_norm = w->grad_norm, .learning_rate = w->learning_rate};
    status = hone_trainer_log(t, &entry);
done:
    hone_metrics_dispose(&entry);
    return status;
}

const hone_metrics *hone_trainer_log_entry(const hone_trainer *t, size_t i)
{
    return i < t->n_logs ? &t->logs[i] : NULL;
}

/* ---- trainer_state.json ---- */

static hone_status put_entry(hone_json_writer *w, const hone_metrics *entry)
{
    hone_metrics sorted = HONE_METRICS_INIT;
    hone_status status = hone_metrics_update(&sorted, entry);
    hone__metrics_sort(&sorted);
    hone__metrics_write(w, &sorted);
    hone_metrics_dispose(&sorted);
    return status;
}

static void put_best(hone_json_writer *w, const hone_trainer_state *s)
{
    hone__jw_key(w, "best_global_step");
    s->has_best_metric ? hone__jw_int(w, s->best_global_step) : hone__jw_null(w);
    hone__jw_key(w, "best_metric");
    s->has_best_metric ? hone__jw_double(w, s->best_metric) : hone__jw_null(w);
    hone__jw_key(w, "best_model_checkpoint");
    s->best_model_checkpoint ? hone__jw_string(w, s->best_model_checkpoint) : hone__jw_null(w);
}

static hone_status put_state(hone_json_writer *w, const hone_trainer *t)
{
    const hone_trainer_state *s = &t->state;
    hone__jw_object(w);
    put_best(w, s);
    hone__jw_put_double(w, "epoch", s->epoch);
    hone__jw_put_int(w, "eval_steps", t->eval_steps);
    hone__jw_put_int(w, "global_step", s->global_step);
    hone__jw_put_bool(w, "is_hyper_param_search", false);
    hone__jw_put_bool(w, "is_local_process_zero", true);
    hone__jw_put_bool(w, "is_world_process_zero", t->comm->rank == 0);
    hone__jw_key(w, "log_history");
    hone__jw_array(w);
    for (size_t i = 0; i < t->n_logs; i++)
        HONE_TRY(put_entry(w, &t->logs[i]));
    hone__jw_end_array(w);
    hone__jw_put_int(w, "logging_steps", t->logging_steps);
    hone__jw_put_int(w, "max_steps", s->max_steps);
    hone__jw_put_int(w, "num_input_tokens_seen", s->num_input_tokens_seen);
    hone__jw_put_int(w, "num_train_epochs", s->num_train_epochs);
    hone__jw_put_int(w, "save_steps", t->save_steps);
    hone__jw_key(w, "stateful_callbacks");
    hone__jw_object(w);
    hone__jw_end_object(w);
    hone__jw_put_double(w, "total_flos", t->total_flos);
    hone__jw_put_int(w, "train_batch_size", t->args.per_device_train_batch_size);
    hone__jw_key(w, "trial_name");
    hone__jw_null(w);
    hone__jw_key(w, "trial_params");
    hone__jw_null(w);
    hone__jw_end_object(w);
    return HONE_OK;
}

hone_status hone__trainer_write_state(const hone_trainer *t, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    char *path = NULL;
    hone_status status;
    HONE_GO(put_state(&w, t));
    hone__str_putc(&text, '\n');
    HONE_GO(hone__str_status(&text));
    HONE_GO(hone__path_join(&path, folder, "trainer_state.json"));
    status = hone__write_file(path, text.data, text.len);
done:
    hone__free(path);
    hone__str_dispose(&text);
    return status;
}

static hone_status write_state(hone_trainer *t, void *payload)
{
    (void)payload;
    HONE_TRY(hone__make_dirs(t->output_dir));
    return hone__trainer_write_state(t, t->output_dir);
}

hone_status hone_trainer_save_state(hone_trainer *t)
{
    return hone__trainer_persist(t, write_state, NULL, "trainer_state.json", 0);
}

/* ---- reading it back ---- */

static hone_status read_entry(hone_trainer *t, const json_t *object, const char *path)
{
    hone_metrics entry = HONE_METRICS_INIT;
    const char *key;
    json_t *value;
    hone_status status = HONE_OK;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        double number = NAN; /* which the file may have too */
        if (status == HONE_OK && json_is_integer(value)) {
            status = hone_metrics_set_int(&entry, key, json_integer_value(value));
        } else if (status == HONE_OK) {
            status = hone__json_get_double(object, key, &number, path);
            status = status == HONE_OK ? hone_metrics_set(&entry, key, number) : hone__fail_in(status, "log_history");
        }
    }
    if (status == HONE_OK)
        status = hone__trainer_append_log(t, &entry);
    hone_metrics_dispose(&entry);
    return status;
}

static hone_status read_best(hone_trainer *t, const json_t *root, const char *path)
{
    const char *checkpoint = NULL;
    const json_t *metric = json_object_get(root, "best_metric");
    t->state.has_best_metric = json_is_number(metric);
    HONE_TRY(hone__json_get_double(root, "best_metric", &t->state.best_metric, path));
    HONE_TRY(hone__json_get_int(root, "best_global_step", &t->state.best_global_step, path));
    HONE_TRY(hone__json_get_string(root, "best_model_checkpoint", &checkpoint, path));
    if (!checkpoint)
        return HONE_OK;
    hone__str_clear(&t->best_path);
    hone__str_puts(&t->best_path, checkpoint);
    t->state.best_model_checkpoint = t->best_path.data;
    return hone__str_status(&t->best_path);
}

hone_status hone__trainer_take_state(hone_trainer *t, const json_t *root, const char *path)
{
    json_t *entry;
    size_t i;
    HONE_TRY(hone__json_get_int(root, "global_step", &t->state.global_step, path));
    HONE_TRY(hone__json_get_double(root, "epoch", &t->state.epoch, path));
    HONE_TRY(hone__json_get_int(root, "num_input_tokens_seen", &t->state.num_input_tokens_seen, path));
    HONE_TRY(hone__json_get_double(root, "total_flos", &t->total_flos, path));
    HONE_TRY(read_best(t, root, path));
    json_array_foreach(json_object_get(root, "log_history"), i, entry)
    {
        HONE_TRY(read_entry(t, entry, path));
    }
    return HONE_OK;
}

hone_status hone__trainer_read_state(hone_trainer *t, const char *folder)
{
    char *path = NULL;
    json_t *root = NULL;
    hone_status status;
    HONE_GO(hone__path_join(&path, folder, "trainer_state.json"));
    HONE_GO(hone__json_load(&root, path));
    status = hone__trainer_take_state(t, root, path);
done:
    json_decref(root);
    hone__free(path);
    return status;
}
