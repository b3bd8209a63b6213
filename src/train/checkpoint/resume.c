/* Going on from a checkpoint: weights, moments, counts, sums, the place in the data, and what that step still had to do. On the same binary, kind of CPU and thread count the
 * rest of the run is bit for bit what it would have been; elsewhere it agrees to rounding and a warning says so (engine.md, 5). No generator state is needed: order, masks
 * and weights come from counters. */
#include "nn/tape.h"
#include "train/optimizer/schedule.h"
#include "train/trainer.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1 }; /* of hone_state.json */

/* The numbers of hone_state.json, one row each: the writer and the reader walk the same table. */
typedef enum field_type { FIELD_INT, FIELD_DOUBLE, FIELD_BOOL } field_type;
typedef struct field {
    const char *name;
    field_type type;
    size_t offset;
} field;
#define F(type, member)                                       \
    {                                                         \
#member, FIELD_##type, offsetof(hone_trainer, member) \
    }
static const field fields[] = {
    F(INT, position_epoch),     F(INT, position_batch),          F(BOOL, pending.step_end),       F(BOOL, pending.evaluate),
    F(BOOL, pending.save),      F(BOOL, pending.epoch_done),     F(DOUBLE, window.loss_sum),      F(INT, window.n_steps),
    F(INT, window.n_nonfinite), F(DOUBLE, window.grad_norm),     F(DOUBLE, window.learning_rate), F(DOUBLE, total_loss),
    F(INT, total_loss_steps),   F(INT, state.n_nonfinite_steps), F(DOUBLE, total_flos),           F(BOOL, control.should_epoch_stop),
    F(INT, nonfinite_in_a_row),
};
#undef F

static void put_fields(hone_json_writer *w, const hone_trainer *t)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        const char *at = (const char *)t + fields[i].offset;
        hone__jw_key(w, fields[i].name);
        if (fields[i].type == FIELD_INT)
            hone__jw_int(w, *(const int64_t *)at);
        else if (fields[i].type == FIELD_DOUBLE)
            hone__jw_double(w, *(const double *)at);
        else
            hone__jw_bool(w, *(const bool *)at);
    }
}

static hone_status get_fields(hone_trainer *t, const json_t *root, const char *path)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        char *at = (char *)t + fields[i].offset;
        if (!json_object_get(root, fields[i].name))
            return hone__fail(HONE_FORMAT, "%s: \"%s\" is missing", path, fields[i].name);
        if (fields[i].type == FIELD_INT)
            HONE_TRY(hone__json_get_int(root, fields[i].name, (int64_t *)at, path));
        else if (fields[i].type == FIELD_DOUBLE)
            HONE_TRY(hone__json_get_double(root, fields[i].name, (double *)at, path));
        else
            HONE_TRY(hone__json_get_bool(root, fields[i].name, (bool *)at, path));
    }
    return HONE_OK;
}

/* Where a schedule that follows a metric stands. */
void hone__plateau_write(hone_json_writer *w, const hone_plateau *p)
{
    hone__jw_put_double(w, "plateau_best", p->best);
    hone__jw_put_double(w, "plateau_learning_rate", p->learning_rate);
    hone__jw_put_int(w, "plateau_n_bad", p->n_bad);
    hone__jw_put_int(w, "plateau_cooldown", p->cooldown);
}

hone_status hone__plateau_read(hone_plateau *p, const json_t *root, const char *path)
{
    HONE_TRY(hone__json_get_double(root, "plateau_best", &p->best, path));
    HONE_TRY(hone__json_get_double(root, "plateau_learning_rate", &p->learning_rate, path));
    HONE_TRY(hone__json_get_int(root, "plateau_n_bad", &p->n_bad, path));
    return hone__json_get_int(root, "plateau_cooldown", &p->cooldown, path);
}

hone_status hone__trainer_write_resume_state(const hone_trainer *t, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    char *path = NULL;
    hone_status status;
    hone__jw_object(&w);
    hone__jw_put_int(&w, "format", FORMAT);
    put_fields(&w, t);
    if (hone__scheduler_plateau(t->scheduler))
        hone__plateau_write(&w, hone__scheduler_plateau(t->scheduler));
    hone__trainer_put_identity(&w, t);
    hone__jw_put_int(&w, "scheduler_steps", hone_scheduler_steps(t->scheduler));
    hone__jw_put_int(&w, "part_tokens", t->part_tokens);
    hone__jw_key(&w, "callbacks");
    HONE_GO(hone__trainer_write_callbacks(&w, t));
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    HONE_GO(hone__str_status(&text));
    HONE_GO(hone__path_join(&path, folder, "hone_state.json"));
    status = hone__write_file(path, text.data, text.len);
done:
    hone__free(path);
    hone__str_dispose(&text);
    return status;
}

/* ---- reading ---- */

static hone_status check_format(const json_t *root, const char *path)
{
    int64_t format = 0;
    const char *version = NULL;
    HONE_TRY(hone__json_get_int(root, "format", &format, path));
    HONE_TRY(hone__json_get_string(root, "version", &version, path));
    if (format > FORMAT)
        return hone__hint(hone__fail(HONE_UNSUPPORTED, "%s: the checkpoint is of a newer hone (%s; format %" PRId64 ", this one reads %d)",
                                     path, version ? version : "?", format, FORMAT),
                          "go on with that version, or start a new run from its weights with --model_name_or_path");
    return format == FORMAT ? HONE_OK : hone__fail(HONE_FORMAT, "%s: \"format\" must be %d", path, FORMAT);
}

/* Numbers that the loop counts on. */
static hone_status check_ranges(const hone_trainer *t, int64_t scheduler_steps, const char *path)
{
    static const int64_t most = (int64_t)1 << 53;
    const struct {
        const char *name;
        int64_t value, most;
    } counts[] = {
        {"global_step", t->state.global_step, most},
        {"position_epoch", t->position_epoch, most},
        {"position_batch", t->position_batch, t->n_batches},
        {"window.n_steps", t->window.n_steps, t->state.global_step},
        {"window.n_nonfinite", t->window.n_nonfinite, t->window.n_steps},
        {"total_loss_steps", t->total_loss_steps, t->state.global_step},
        {"state.n_nonfinite_steps", t->state.n_nonfinite_steps, t->state.global_step},
        {"nonfinite_in_a_row", t->nonfinite_in_a_row, t->state.n_nonfinite_steps},
        {"scheduler_steps", scheduler_steps, t->state.global_step},
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        if (counts[i].value < 0 || counts[i].value > counts[i].most)
            return hone__fail(HONE_FORMAT, "%s: \"%s\" is %" PRId64 ", which cannot be", path, counts[i].name, counts[i].value);
    return HONE_OK;
}

/* Batches that were cut into parts for want of memory are cut in the same way, or their sums would be rounded otherwise. Older checkpoints do not say. */
static hone_status settle_parts(hone_trainer *t, const json_t *root, const char *path)
{
    int64_t was = t->part_tokens;
    HONE_TRY(hone__json_get_int(root, "part_tokens", &was, path));
    if (was < 0)
        return hone__fail(HONE_FORMAT, "%s: \"part_tokens\" is %" PRId64 ", which cannot be", path, was);
    if (t->part_tokens > 0 && (was == 0 || was > t->part_tokens))
        hone__log(HONE_LOG_WARNING,
                  "there is less memory than in that run: batches are computed in parts of at most %" PRId64
                  " tokens: the same run to rounding, not to the bit",
                  t->part_tokens);
    else
        t->part_tokens = was;
    return HONE_OK;
}

hone_status hone__trainer_take_resume_state(hone_trainer *t, const json_t *root, const char *folder, const char *path)
{
    int64_t steps = t->state.global_step;
    HONE_TRY(check_format(root, path));
    HONE_TRY(hone__trainer_check_identity(t, root, folder, path));
    HONE_TRY(get_fields(t, root, path));
    HONE_TRY(hone__json_get_int(root, "scheduler_steps", &steps, path));
    HONE_TRY(check_ranges(t, steps, path));
    HONE_TRY(settle_parts(t, root, path));
    HONE_TRY(hone__trainer_read_callbacks(t, json_object_get(root, "callbacks"), path));
    if (hone__scheduler_plateau(t->scheduler))
        HONE_TRY(hone__plateau_read(hone__scheduler_plateau(t->scheduler), root, path));
    hone_scheduler_jump(t->scheduler, steps);
    return HONE_OK;
}

static hone_status read_hone_state(hone_trainer *t, const char *folder)
{
    char *path = NULL;
    json_t *root = NULL;
    hone_status status;
    HONE_GO(hone__path_join(&path, folder, "hone_state.json"));
    HONE_GO(hone__json_load(&root, path));
    status = hone__trainer_take_resume_state(t, root, folder, path);
done:
    json_decref(root);
    hone__free(path);
    return status;
}

static hone_status check_param(const hone_param *to, const hone_param *from)
{
    if (strcmp(to->name, from->name) == 0 && to->count == from->count)
        return HONE_OK;
    return hone__hint(
        hone__fail(HONE_SHAPE, "parameter %s has %zu elements there and %s has %zu here", from->name, from->count, to->name, to->count),
        "%s", hone__other_run);
}

/* A head's rows belong to names: the same number of classes in another order is another head. */
static hone_status check_labels(const hone_model *here, const hone_model *there)
{
    size_t n = 0, n_there = 0;
    const char *const *now = hone_model_labels(here, &n), *const *was = hone_model_labels(there, &n_there);
    if (n != n_there)
        return hone__hint(hone__fail(HONE_SHAPE, "that model has %zu labels, this one %zu", n_there, n), "%s", hone__other_run);
    for (size_t i = 0; i < n; i++)
        if (strcmp(now[i], was[i]) != 0)
            return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "label %zu is \"%s\" there and \"%s\" here", i, was[i], now[i]), "%s",
                              hone__other_run);
    return HONE_OK;
}

/* The other model is opened without its weights, which then go by small pieces to where they belong: there is no second copy. */
hone_status hone__model_load_weights(hone_model *model, const char *folder)
{
    hone_model_options options = HONE_MODEL_OPTIONS_INIT;
    hone_model *there = NULL;
    hone_params *to = hone__model_params(model), *from;
    hone_status status;
    options.device = hone_model_device(model);
    options.empty_weights = true;
    HONE_GO(hone_model_from_pretrained(&there, hone_model_task(model), folder, &options));
    from = hone__model_params(there);
    HONE_GO(check_labels(model, there));
    if (from->n_items != to->n_items)
        HONE_GO(hone__hint(hone__fail(HONE_SHAPE, "that model has %zu parameters, this one %zu", from->n_items, to->n_items), "%s",
                           hone__other_run));
    for (size_t i = 0; i < to->n_items; i++)
        HONE_GO(check_param(to->items[i], from->items[i]));
    HONE_GO(hone__params_flush(to));
    HONE_GO(hone__model_read_weights(model, folder));
    hone__params_changed(to);
done:
    hone_model_free(there);
    return status;
}

static hone_status load_optimizer(hone_trainer *t, const char *folder)
{
    char *path = NULL;
    HONE_TRY(hone__path_join(&path, folder, "optimizer.safetensors"));
    hone_status status =
        hone__is_file(path)
            ? hone_optimizer_load(t->opt, path)
            : hone__hint(hone__fail(HONE_NOT_FOUND, "%s: the checkpoint was saved without an optimizer (--save_only_model)", folder),
                         "start a new run from it with --model_name_or_path %s", folder);
    hone__free(path);
    return status;
}

/* What stands beside a checkpoint under the name that `path` ends with; *out NULL when nothing does. */
static hone_status find_beside(char **out, const char *folder, const char *path)
{
    char *beside = NULL;
    size_t len = strlen(folder) - strlen(hone__path_base(folder));
    hone_str text = HONE_STR_INIT;
    hone__str_printf(&text, "%.*s%s", (int)len, folder, hone__path_base(path));
    *out = NULL;
    HONE_TRY(hone__str_take(&beside, &text));
    if (hone__is_dir(beside))
        *out = beside;
    else
        hone__free(beside);
    return HONE_OK;
}

/* The best checkpoint stands beside this one, wherever the output folder is by now, and what was its path may be another run's: a copy, or another working folder. Where this one was named by a link, it is
 * where that leads. A run that came from another folder may have its best there. */
static hone_status find_best(hone_trainer *t, const char *folder)
{
    char *found = NULL, there[PATH_MAX];
    hone_status status = HONE_OK;
    if (!t->state.best_model_checkpoint)
        return HONE_OK;
    HONE_GO(find_beside(&found, folder, t->state.best_model_checkpoint));
    if (!found && realpath(folder, there))
        HONE_GO(find_beside(&found, there, t->state.best_model_checkpoint));
    if (found) {
        hone__str_clear(&t->best_path);
        hone__str_puts(&t->best_path, found);
        HONE_GO(hone__str_status(&t->best_path));
        t->state.best_model_checkpoint = t->best_path.data;
    } else if (!hone__is_dir(t->state.best_model_checkpoint)) {
        hone__log(HONE_LOG_WARNING, "the best checkpoint so far, %s, is not there any more", t->state.best_model_checkpoint);
        t->state.best_model_checkpoint = NULL;
    }
done:
    hone__free(found);
    return status;
}

/* Somebody may have renamed it. */
static void warn_of_name(const hone_trainer *t, const char *folder)
{
    long long step;
    if (sscanf(hone__path_base(folder), "checkpoint-%lld", &step) == 1 && step != t->state.global_step)
        hone__log(HONE_LOG_WARNING, "%s holds the state after step %" PRId64 ", whatever its name says", folder, t->state.global_step);
}

/* folder: without a slash at its end. */
static hone_status resume(hone_trainer *t, const char *folder)
{
    hone_status status;
    HONE_GO(hone__trainer_read_state(t, folder));
    HONE_GO(find_best(t, folder));
    HONE_GO(read_hone_state(t, folder));
    HONE_GO(hone__model_load_weights(t->model, folder));
    HONE_GO(load_optimizer(t, folder));
    t->last_saved_step = t->state.global_step;
    warn_of_name(t, folder);
    hone__log(HONE_LOG_INFO, "resumed from %s: step %" PRId64 " of %" PRId64 "%s", folder, t->state.global_step, t->state.max_steps,
              t->state.global_step < t->state.max_steps ? "" : ": nothing is left to train");
    return HONE_OK;
done:
    return hone__fail_in(status, "cannot resume from %s", folder);
}

hone_status hone__trainer_resume(hone_trainer *t, const char *folder)
{
    char *plain = NULL;
    HONE_TRY(hone__strdup(&plain, folder));
    for (size_t len = strlen(plain); len > 1 && plain[len - 1] == '/';)
        plain[--len] = '\0';
    hone_status status = resume(t, plain);
    hone__free(plain);
    return status;
}
