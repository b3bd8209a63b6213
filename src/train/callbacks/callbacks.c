/* Callbacks: the list of a trainer, its events in order, what callbacks keep in a checkpoint. Must match: CallbackHandler of transformers' trainer_callback.py (which flags an event clears before
 * anybody hears of it). Differs: a name stands once in the list, and what a callback keeps are named numbers. The trainer's own callbacks are in callback_*.c, a file each. */
#include "metrics/metrics_json.h"
#include "train/trainer.h"

#include <string.h>

static const char *event_name(hone_event event)
{
#define X(name, text) text,
    static const char *const names[] = {HONE_EVENT_MAP(X)};
#undef X
    return names[event];
}

/* ---- the list ---- */

static void drop(const hone_callback *c)
{
    if (c->free)
        c->free(c->payload);
}

static hone_callback *find(const hone_trainer *t, const char *name)
{
    for (size_t i = 0; i < t->n_callbacks; i++)
        if (t->callbacks[i].fn && t->callbacks[i].name && strcmp(t->callbacks[i].name, name) == 0)
            return &t->callbacks[i];
    return NULL;
}

static hone_status check_new(const hone_trainer *t, const hone_callback *c)
{
    if (!c->fn)
        return hone__fail(HONE_INVALID_ARGUMENT, "callback \"%s\" has no function", c->name ? c->name : "");
    if (!c->name && (c->save || c->load))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "a callback that keeps something in checkpoints needs a name"),
                          "set name in hone_callback");
    if (c->name && find(t, c->name))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "there is a callback \"%s\" already", c->name),
                          "remove it first (hone_trainer_remove_callback)");
    return HONE_OK;
}

hone_status hone_trainer_add_callback(hone_trainer *t, hone_callback callback)
{
    hone_status status;
    HONE_GO(check_new(t, &callback));
    HONE_GO(HONE_GROW(&t->callbacks, &t->callbacks_capacity, t->n_callbacks + 1));
    t->callbacks[t->n_callbacks++] = callback;
    return HONE_OK;
done:
    drop(&callback);
    return status;
}

/* What was removed during an event goes when the event is over: its function may be the one that runs. */
static void sweep(hone_trainer *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->n_callbacks; i++)
        if (t->callbacks[i].fn)
            t->callbacks[kept++] = t->callbacks[i];
        else
            drop(&t->callbacks[i]);
    t->n_callbacks = kept;
}

hone_status hone_trainer_remove_callback(hone_trainer *t, const char *name)
{
    hone_callback *c = find(t, name);
    if (!c) {
        char there[512] = "";
        size_t len = 0;
        for (size_t i = 0; i < t->n_callbacks && len < sizeof(there); i++)
            if (t->callbacks[i].name)
                len += (size_t)snprintf(there + len, sizeof(there) - len, " %s", t->callbacks[i].name);
        return hone__hint(hone__fail(HONE_NOT_FOUND, "there is no callback \"%s\"", name), "there are:%s", *there ? there : " none");
    }
    c->fn = NULL;
    if (t->event_depth == 0)
        sweep(t);
    return HONE_OK;
}

const char *hone_trainer_callback_name(const hone_trainer *t, size_t i)
{
    if (i >= t->n_callbacks)
        return NULL;
    return t->callbacks[i].name ? t->callbacks[i].name : "";
}

void hone__drop_callbacks(const hone_trainer_options *options, size_t first)
{
    for (size_t i = first; i < options->n_callbacks; i++)
        drop(&options->callbacks[i]);
}

hone_status hone__trainer_make_callbacks(hone_trainer *t, hone_status status)
{
    size_t taken = 0;
    hone_callback report;
    if (status != HONE_OK)
        goto done;
    HONE_GO(hone_trainer_add_callback(t, hone__flow_callback()));
    if (!t->args.disable_tqdm)
        HONE_GO(hone_trainer_add_callback(t, hone__progress_callback()));
    HONE_GO(hone_trainer_add_callback(t, hone__printer_callback()));
    HONE_GO(hone_trainer_add_callback(t, hone__plot_callback()));
    HONE_GO(hone__report_callback(&report));
    HONE_GO(hone_trainer_add_callback(t, report));
    while (taken < t->options.n_callbacks)
        HONE_GO(hone_trainer_add_callback(t, t->options.callbacks[taken++]));
done:
    hone__drop_callbacks(&t->options, taken);
    return status;
}

void hone__trainer_free_callbacks(hone_trainer *t)
{
    for (size_t i = 0; i < t->n_callbacks; i++)
        drop(&t->callbacks[i]);
    hone__free(t->callbacks);
    t->callbacks = NULL;
    t->n_callbacks = t->callbacks_capacity = 0;
}

/* ---- events ---- */

static void clear_flags(hone_trainer_control *c, hone_event event)
{
    if (event == HONE_ON_TRAIN_BEGIN)
        c->should_training_stop = false;
    if (event == HONE_ON_EPOCH_BEGIN)
        c->should_epoch_stop = false;
    if (event == HONE_ON_STEP_BEGIN || event == HONE_ON_LOG)
        c->should_log = false;
    if (event == HONE_ON_STEP_BEGIN || event == HONE_ON_EVALUATE)
        c->should_evaluate = false;
    if (event == HONE_ON_STEP_BEGIN || event == HONE_ON_SAVE)
        c->should_save = false;
}

hone_status hone__trainer_event(hone_trainer *t, hone_event event, const hone_metrics *metrics)
{
    hone_status status = HONE_OK;
    clear_flags(&t->control, event);
    t->state.n_logs = t->n_logs;
    t->event_depth++;
    for (size_t i = 0; i < t->n_callbacks && status == HONE_OK; i++) {
        hone_callback c = t->callbacks[i]; /* the list may move while it runs */
        if (c.fn)
            status = c.fn(c.payload, t, event, &t->state, &t->control, metrics);
        if (status != HONE_OK && status != HONE_CANCELLED)
            status = hone__fail_in(status, "callback \"%s\", %s", c.name ? c.name : "", event_name(event));
    }
    if (--t->event_depth == 0)
        sweep(t);
    return status;
}

/* ---- what they keep ---- */

static hone_status write_one(hone_json_writer *w, const hone_callback *c)
{
    hone_metrics kept = HONE_METRICS_INIT;
    hone_status status = c->save(c->payload, &kept);
    hone__jw_key(w, c->name);
    hone__metrics_write(w, &kept);
    hone_metrics_dispose(&kept);
    return status;
}

hone_status hone__trainer_write_callbacks(hone_json_writer *w, const hone_trainer *t)
{
    hone__jw_object(w);
    for (size_t i = 0; i < t->n_callbacks; i++)
        if (t->callbacks[i].fn && t->callbacks[i].save)
            HONE_TRY(write_one(w, &t->callbacks[i]));
    hone__jw_end_object(w);
    return HONE_OK;
}

static hone_status read_one(const hone_callback *c, const json_t *object, const char *path)
{
    hone_metrics kept = HONE_METRICS_INIT;
    hone_status status = hone__metrics_read(&kept, object, path);
    if (status == HONE_OK)
        status = c->load(c->payload, &kept);
    hone_metrics_dispose(&kept);
    return status == HONE_OK ? HONE_OK : hone__fail_in(status, "callback \"%s\"", c->name);
}

hone_status hone__trainer_read_callbacks(hone_trainer *t, const json_t *object, const char *path)
{
    const char *name;
    json_t *kept;
    json_object_foreach((json_t *)(uintptr_t)object, name, kept)
    {
        const hone_callback *c = find(t, name);
        if (!c || !c->load)
            hone__log(HONE_LOG_WARNING, "%s: the run had a callback \"%s\", which this one has not: what it kept is left aside", path,
                      name);
    }
    for (size_t i = 0; i < t->n_callbacks; i++) {
        const hone_callback *c = &t->callbacks[i];
        const json_t *own = c->fn && c->load ? json_object_get(object, c->name) : NULL;
        if (own)
            HONE_TRY(read_one(c, own, path));
        else if (c->fn && c->load)
            hone__log(HONE_LOG_WARNING, "%s: the run had no callback \"%s\": it begins anew", path, c->name);
    }
    return HONE_OK;
}
