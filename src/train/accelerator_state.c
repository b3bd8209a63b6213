/* save_state and load_state of a loop of one's own: a folder with the model, the optimizer, and accelerator_state.json (the loader's place, the schedule's, what the user registered), closed by a
 * manifest and renamed into place as the trainer's checkpoints are. No generator state: order, masks and dropout follow from counters. */
#include "base/mem.h"
#include "metrics/metrics_json.h"
#include "train/accelerator.h"
#include "train/trainer.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char state_file[] = "accelerator_state.json", optimizer_file[] = "optimizer.safetensors";

hone_status hone_accelerator_register_for_checkpointing(hone_accelerator *acc, const char *name,
                                                        hone_status (*save)(const void *payload, hone_metrics *state),
                                                        hone_status (*load)(void *payload, const hone_metrics *state), void *payload)
{
    if (!name || !*name || strlen(name) >= sizeof(acc->kept->name) || !save || !load)
        return hone__fail(HONE_INVALID_ARGUMENT, "register_for_checkpointing needs a name of less than %zu bytes, save and load",
                          sizeof(acc->kept->name));
    for (size_t i = 0; i < acc->n_kept; i++)
        if (strcmp(acc->kept[i].name, name) == 0)
            return hone__fail(HONE_INVALID_ARGUMENT, "\"%s\" is registered already", name);
    HONE_TRY(HONE_GROW(&acc->kept, &acc->kept_capacity, acc->n_kept + 1));
    hone_kept_object *k = &acc->kept[acc->n_kept++];
    *k = (hone_kept_object){.save = save, .load = load, .payload = payload};
    snprintf(k->name, sizeof(k->name), "%s", name);
    return HONE_OK;
}

/* ---- saving ---- */

static hone_status put_kept(hone_json_writer *w, const hone_accelerator *acc)
{
    hone_status status = HONE_OK;
    hone__jw_key(w, "registered");
    hone__jw_object(w);
    for (size_t i = 0; i < acc->n_kept && status == HONE_OK; i++) {
        hone_metrics kept = HONE_METRICS_INIT;
        status = acc->kept[i].save(acc->kept[i].payload, &kept);
        hone__jw_key(w, acc->kept[i].name);
        hone__metrics_write(w, &kept);
        hone_metrics_dispose(&kept);
    }
    hone__jw_end_object(w);
    return status;
}

static hone_status put_state(hone_json_writer *w, const hone_accelerator *acc)
{
    hone__jw_object(w);
    hone__jw_put_int(w, "format", 1);
    hone__jw_put_int(w, "gradient_accumulation_steps", acc->options.gradient_accumulation_steps);
    hone__jw_put_int(w, "seed", (int64_t)acc->options.seed);
    hone__jw_put_int(w, "last_logged_step", acc->last_logged);
    if (acc->train) {
        hone__jw_put_int(w, "n_batches", hone_loader_batches(acc->train));
        hone__jw_put_int(w, "epoch", hone_loader_epoch(acc->train));
        hone__jw_put_int(w, "batch", hone_loader_position(acc->train));
    }
    if (acc->scheduler)
        hone__jw_put_int(w, "scheduler_steps", hone_scheduler_steps(acc->scheduler));
    if (acc->scheduler && hone__scheduler_plateau(acc->scheduler))
        hone__plateau_write(w, hone__scheduler_plateau(acc->scheduler));
    HONE_TRY(put_kept(w, acc));
    hone__jw_end_object(w);
    return HONE_OK;
}

static hone_status write_state(const hone_accelerator *acc, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    char *path = NULL;
    hone_status status;
    HONE_GO(put_state(&w, acc));
    hone__str_putc(&text, '\n');
    HONE_GO(hone__str_status(&text));
    HONE_GO(hone__path_join(&path, folder, state_file));
    status = hone__write_file(path, text.data, text.len);
done:
    hone__free(path);
    hone__str_dispose(&text);
    return status;
}

static hone_status write_optimizer(const hone_accelerator *acc, const char *folder)
{
    char *path = NULL;
    if (!acc->opt)
        return HONE_OK;
    HONE_TRY(hone__path_join(&path, folder, optimizer_file));
    hone_status status = hone_optimizer_save(acc->opt, path);
    hone__free(path);
    return status;
}

static hone_status fill(void *payload, const char *folder)
{
    const hone_accelerator *acc = payload;
    HONE_TRY(hone_model_save_pretrained(acc->model, folder));
    HONE_TRY(write_optimizer(acc, folder));
    return write_state(acc, folder);
}

hone_status hone_accelerator_save_state(hone_accelerator *acc, const char *folder)
{
    if (!acc->model)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "save_state before prepare"), "call hone_accelerator_prepare first");
    if (acc->micro > 0 && !acc->sync)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "save_state inside an accumulation group: its gradients would be lost"),
                          "call it after an update, where hone_accelerator_sync_gradients is true");
    if (hone_accelerator_is_main_process(acc))
        HONE_TRY(hone__checkpoint_write(folder, fill, acc));
    return hone_accelerator_wait_for_everyone(acc);
}

/* ---- restoring ---- */

static hone_status must_equal(const json_t *root, const char *key, int64_t now, const char *path)
{
    int64_t was = now;
    HONE_TRY(hone__json_get_int(root, key, &was, path));
    if (was == now)
        return HONE_OK;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: that run had %s %" PRId64 ", this one has %" PRId64, path, key, was, now),
                      "make model, data and accelerator as they had been");
}

static hone_status must_have(const json_t *root, const char *key, int64_t *value, int64_t most, const char *path)
{
    *value = -1;
    HONE_TRY(hone__json_get_int(root, key, value, path));
    return *value >= 0 && *value <= most ? HONE_OK : hone__fail(HONE_FORMAT, "%s: \"%s\" is missing or out of range", path, key);
}

static hone_status get_kept(hone_accelerator *acc, const json_t *registered, const char *path)
{
    const char *name;
    json_t *value;
    for (size_t i = 0; i < acc->n_kept; i++) {
        hone_metrics kept = HONE_METRICS_INIT;
        const json_t *own = json_object_get(registered, acc->kept[i].name);
        if (!own)
            return hone__fail(HONE_INVALID_ARGUMENT, "%s: nothing was registered as \"%s\" there", path, acc->kept[i].name);
        hone_status status = hone__metrics_read(&kept, own, path);
        if (status == HONE_OK)
            status = acc->kept[i].load(acc->kept[i].payload, &kept);
        hone_metrics_dispose(&kept);
        HONE_TRY(status);
    }
    json_object_foreach((json_t *)(uintptr_t)registered, name, value)
    {
        bool known = false;
        for (size_t i = 0; i < acc->n_kept; i++)
            known = known || strcmp(acc->kept[i].name, name) == 0;
        if (!known)
            return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: \"%s\" was registered there and is not here", path, name),
                              "call hone_accelerator_register_for_checkpointing before load_state");
    }
    return HONE_OK;
}

static hone_status check_world(const hone_accelerator *acc, const json_t *root, const char *path)
{
    HONE_TRY(must_equal(root, "format", 1, path));
    HONE_TRY(must_equal(root, "gradient_accumulation_steps", acc->options.gradient_accumulation_steps, path));
    HONE_TRY(must_equal(root, "seed", (int64_t)acc->options.seed, path));
    return acc->train ? must_equal(root, "n_batches", hone_loader_batches(acc->train), path) : HONE_OK;
}

/* Places and schedule: after everything that can fail for other reasons. */
static hone_status get_places(hone_accelerator *acc, const json_t *root, const char *path)
{
    int64_t epoch = 0, batch = 0, steps = 0;
    if (acc->train) {
        HONE_TRY(must_have(root, "epoch", &epoch, INT64_MAX, path));
        HONE_TRY(must_have(root, "batch", &batch, hone_loader_batches(acc->train), path));
    }
    if (acc->scheduler)
        HONE_TRY(must_have(root, "scheduler_steps", &steps, INT64_MAX, path));
    if (acc->scheduler && hone__scheduler_plateau(acc->scheduler))
        HONE_TRY(hone__plateau_read(hone__scheduler_plateau(acc->scheduler), root, path));
    if (acc->scheduler)
        hone_scheduler_jump(acc->scheduler, steps);
    HONE_TRY(hone__json_get_int(root, "last_logged_step", &acc->last_logged, path));
    return acc->train ? hone_loader_start_epoch_at(acc->train, epoch, batch) : HONE_OK;
}

static hone_status load_optimizer(hone_accelerator *acc, const char *folder)
{
    char *path = NULL;
    if (!acc->opt)
        return HONE_OK;
    HONE_TRY(hone__path_join(&path, folder, optimizer_file));
    hone_status status = hone_optimizer_load(acc->opt, path);
    hone__free(path);
    return status;
}

hone_status hone_accelerator_load_state(hone_accelerator *acc, const char *folder)
{
    char *path = NULL;
    json_t *root = NULL;
    hone_status status;
    if (!acc->model)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "load_state before prepare"), "call hone_accelerator_prepare first");
    hone__clean_beside(folder);
    HONE_GO(hone__checkpoint_verify(folder));
    HONE_GO(hone__path_join(&path, folder, state_file));
    HONE_GO(hone__json_load(&root, path));
    HONE_GO(check_world(acc, root, path));
    HONE_GO(hone__model_load_weights(acc->model, folder));
    HONE_GO(load_optimizer(acc, folder));
    HONE_GO(get_kept(acc, json_object_get(root, "registered"), path));
    HONE_GO(get_places(acc, root, path));
    if (acc->opt)
        hone_optimizer_zero_grad(acc->opt);
    acc->micro = 0;
    acc->sync = false;
done:
    json_decref(root);
    hone__free(path);
    return status == HONE_OK ? HONE_OK : hone__fail_in(status, "cannot load the state in %s", folder);
}
