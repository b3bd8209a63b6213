/* Saving a checkpoint. Its files are written into a folder aside, each synced and hashed on its way; the manifest comes last; then the folder is renamed and older ones go.
 *
 * Beside the training: fill() runs as ever, but what it writes is collected in memory (base/collect.h): a copy of the whole state in the thread that trains, 12 bytes a
 * parameter, which one helper thread at idle priority then writes while the next steps change the originals. The helper never logs, calls nobody and touches nothing of the
 * trainer: what became of it is told, and HONE_ON_SAVE fired, by the thread that trains at the end of a later step (poll), or when it must wait (settle): before the next save,
 * before the best model is loaded, at the end. Without a copy (small models, no memory) the same function runs at once. */
#include "base/threads.h"
#include "train/trainer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

typedef struct hone_save hone_save;
struct hone_save {
    hone_trainer *t; /* of the thread that trains alone */
    int64_t step, best;
    double epoch;
    char *output_dir, *path, *aside;
    size_t keep;             /* save_total_limit, 0: all */
    uint64_t need;           /* bytes on the disk */
    hone_collection copy;    /* empty: the trainer as it stands is written */
    hone_background *thread; /* NULL: at once */
    bool may_wait, told_waiting;
    bool disk_fails; /* what was told: it is not that there is no room */
    double told;     /* when */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool done, waiting, give_up;
    hone_error_state why, not_removed; /* why it waits; why an older one could not be removed */
};

/* ---- what is in it ---- */

static hone_status write_args(const hone_trainer *t, const char *folder)
{
    char *path = NULL, *json = NULL;
    hone_status status;
    HONE_GO(hone_training_args_to_json(&json, &t->args));
    HONE_GO(hone__path_join(&path, folder, "training_args.json"));
    status = hone__write_file(path, json, strlen(json));
done:
    hone__free(path);
    hone_free_text(json);
    return status;
}

hone_status hone__trainer_write_model(hone_trainer *t, const char *folder)
{
    HONE_TRY(hone__make_dirs(folder));
    HONE_TRY(hone_model_save_pretrained(t->model, folder));
    if (t->options.tokenizer)
        HONE_TRY(hone_tokenizer_save(t->options.tokenizer, folder));
    return write_args(t, folder);
}

static hone_status write_model(hone_trainer *t, void *folder)
{
    return hone__trainer_write_model(t, folder);
}

hone_status hone_trainer_save_model(hone_trainer *t, const char *folder)
{
    const char *to = folder ? folder : t->output_dir;
    return hone__trainer_persist(t, write_model, (void *)(uintptr_t)to, "the model", hone__weights_bytes(t));
}

static hone_status write_optimizer(const hone_trainer *t, const char *folder)
{
    char *path = NULL;
    if (t->args.save_only_model)
        return HONE_OK;
    HONE_TRY(hone__path_join(&path, folder, "optimizer.safetensors"));
    hone_status status = hone_optimizer_save(t->opt, path);
    hone__free(path);
    return status;
}

/* All that a checkpoint holds: what is to be in it more is written here, by functions of base/file.h. */
static hone_status fill(hone_trainer *t, const char *folder)
{
    HONE_TRY(hone__trainer_write_model(t, folder));
    HONE_TRY(write_optimizer(t, folder));
    HONE_TRY(hone__trainer_write_state(t, folder));
    return hone__trainer_write_resume_state(t, folder);
}

/* ---- writing it: in the helper thread, or at once ---- */

typedef hone_status (*fill_fn)(void *payload, const char *folder);

static hone_status write_files(const char *folder, fill_fn content, void *payload)
{
    hone_collection files;
    hone_status status = hone__collection_init(&files, folder, false);
    if (status == HONE_OK) {
        hone__collect_begin(&files);
        status = content(payload, folder);
        hone__collect_end();
    }
    if (status == HONE_OK)
        status = hone__checkpoint_write_manifest(&files);
    hone__collection_dispose(&files);
    return status;
}

static hone_status put_on_disk(const char *path, const char *aside, fill_fn content, void *payload)
{
    hone_error_state why;
    hone_status status;
    HONE_GO(hone__remove_tree(aside));
    HONE_GO(hone__make_dirs(aside));
    HONE_GO(write_files(aside, content, payload));
    HONE_GO(hone__rename_dir(aside, path, true));
    (void)hone__remove_tree(aside); /* one that was replaced; what cannot be removed is told by the next start */
done:
    if (status != HONE_OK) {
        hone__error_save(&why, status);
        hone__remove_tree(aside);
        hone__error_restore(&why);
    }
    return status;
}

hone_status hone__checkpoint_write(const char *path, hone_status (*content)(void *payload, const char *folder), void *payload)
{
    hone_str aside = HONE_STR_INIT;
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') /* beside it, not in it */
        len--;
    hone__str_printf(&aside, "%.*s.tmp-0%s", (int)len, path, hone__aside_suffix());
    hone_status status = hone__str_status(&aside);
    hone__clean_beside(path);
    if (status == HONE_OK)
        status = put_on_disk(path, aside.data, content, payload);
    hone__str_dispose(&aside);
    return status;
}

/* The copy, or the trainer as it stands. */
static hone_status write_content(void *payload, const char *folder)
{
    hone_save *s = payload;
    return s->copy.n ? hone__collection_write(&s->copy) : fill(s->t, folder);
}

static hone_status try_to_save(hone_save *s)
{
    return put_on_disk(s->path, s->aside, write_content, s);
}

/* With the lock held. */
static void wait_a_moment(hone_save *s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 50000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->changed, &s->lock, &until);
}

/* Until the next try is due; false: no more. The disk is asked without the lock: one that does not answer must not hold up the training, which looks in after each step. */
static bool wait_for_room(hone_save *s, hone_room *room)
{
    bool again = false;
    pthread_mutex_lock(&s->lock);
    hone__error_save(&s->why, HONE_IO);
    s->waiting = true;
    pthread_cond_broadcast(&s->changed);
    while (!s->give_up && !again) {
        pthread_mutex_unlock(&s->lock);
        again = hone__room_try(room);
        pthread_mutex_lock(&s->lock);
        if (!again)
            wait_a_moment(s);
    }
    pthread_mutex_unlock(&s->lock);
    return again;
}

static hone_status write_checkpoint(void *payload)
{
    hone_save *s = payload;
    hone_room room = hone__room(s->output_dir, s->need);
    hone_error_state result;
    hone_status status = try_to_save(s);
    while (status != HONE_OK && s->may_wait && hone__disk_is_full() && wait_for_room(s, &room))
        status = try_to_save(s);
    hone__error_save(&result, status);
    if (status == HONE_OK && s->keep > 0) /* now that it is there for good */
        hone__error_save(&s->not_removed, hone__checkpoint_prune(s->output_dir, s->keep, s->step, s->best, s->step));
    pthread_mutex_lock(&s->lock);
    s->done = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return hone__error_restore(&result);
}

/* ---- one save ---- */

static void free_save(hone_save *s)
{
    if (!s)
        return;
    hone__collection_dispose(&s->copy);
    hone__free(s->output_dir);
    hone__free(s->path);
    hone__free(s->aside);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    hone__free(s);
}

static void init_lock(hone_save *s)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* the other clock may jump */
    pthread_cond_init(&s->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&s->lock, NULL);
}

/* How many to keep while the run goes on: with a limit of 1 the best may need a second place. */
static size_t places(const hone_trainer *t)
{
    size_t limit = (size_t)t->args.save_total_limit;
    bool best_apart = t->state.best_model_checkpoint && t->state.best_global_step != t->state.global_step;
    return limit == 1 && best_apart ? 2 : limit;
}

static hone_status new_save(hone_save **out, hone_trainer *t)
{
    hone_save *s = NULL;
    hone_status status;
    *out = NULL;
    HONE_TRY(HONE_NEW(&s, 1));
    init_lock(s);
    s->t = t;
    s->step = t->state.global_step;
    s->epoch = t->state.epoch;
    s->best = t->state.best_model_checkpoint ? t->state.best_global_step : -1;
    s->keep = places(t);
    s->need = hone__checkpoint_size(t);
    HONE_GO(hone__strdup(&s->output_dir, t->output_dir));
    HONE_GO(hone__checkpoint_path(&s->path, t->output_dir, s->step));
    HONE_GO(hone__checkpoint_aside(&s->aside, t->output_dir, s->step));
    *out = s;
    return HONE_OK;
done:
    free_save(s);
    return status;
}

static hone_status copy_state(hone_save *s)
{
    hone_status status = hone__collection_init(&s->copy, s->aside, true);
    if (status == HONE_OK) {
        hone__collect_begin(&s->copy);
        status = fill(s->t, s->aside);
        hone__collect_end();
    }
    if (status == HONE_OK)
        s->need = hone__collection_bytes(&s->copy);
    else
        hone__collection_dispose(&s->copy);
    return status;
}

/* ---- what became of it: in the thread that trains ---- */

static void tell_waiting(hone_save *s, const hone_error_state *why)
{
    s->told_waiting = true;
    s->told = hone__seconds();
    s->disk_fails = hone__disk_fails(why->code);
    if (s->disk_fails) {
        hone__log(HONE_LOG_WARNING,
                  "checkpoint-%" PRId64 " could not be written (%s): %s; the training keeps it in memory and tries again until it can be",
                  s->step, why->message, hone__disk_remedy(why->code));
        return;
    }
    hone__log(HONE_LOG_WARNING,
              "no room for checkpoint-%" PRId64 ": it needs %s, %s at %s (%s); the training keeps it in memory and tries again until there "
              "is room",
              s->step, hone__size_text(s->need).text, hone__room_text(s->output_dir, why->code).text, s->output_dir, why->message);
}

static hone_status tell_saved(hone_trainer *t, const hone_save *s)
{
    int64_t step = t->state.global_step;
    double epoch = t->state.epoch;
    bool asked = t->control.should_save; /* for another one: the event forgets it */
    t->last_saved_step = s->step;
    if (s->told_waiting)
        hone__log(HONE_LOG_INFO, "saved %s, after %.0f s %s", s->path, hone__seconds() - s->told,
                  s->disk_fails ? "of a failing disk" : "without room");
    else
        hone__log(HONE_LOG_INFO, "saved %s", s->path);
    if (s->not_removed.status != HONE_OK)
        hone__log(HONE_LOG_WARNING, "an old checkpoint could not be removed: %s", s->not_removed.message);
    t->state.global_step = s->step;
    t->state.epoch = s->epoch;
    hone_status status = hone__trainer_event(t, HONE_ON_SAVE, NULL);
    t->state.global_step = step;
    t->state.epoch = epoch;
    t->control.should_save = t->control.should_save || asked;
    return status;
}

/* The best checkpoint is one that is there. */
static void forget_unsaved_best(hone_trainer *t, const hone_save *s)
{
    if (t->state.best_model_checkpoint && strcmp(t->state.best_model_checkpoint, s->path) == 0 && !hone__is_dir(s->path)) {
        hone__str_clear(&t->best_path);
        t->state.best_model_checkpoint = NULL;
    }
}

static hone_status fail_full(const hone_save *s, const char *remedy)
{
    if (hone__disk_fails(hone__error_code()))
        hone__fail_in(HONE_IO, "checkpoint-%" PRId64 " could not be written", s->step);
    else
        hone__fail_in(HONE_IO, "no room for checkpoint-%" PRId64 " (it needs %s, %s)", s->step, hone__size_text(s->need).text,
                      hone__room_text(s->output_dir, hone__error_code()).text);
    return hone__hint(HONE_IO, "%s and go on with --resume_from_checkpoint true; --on_disk_full wait would have tried again", remedy);
}

static hone_status tell_failed(hone_trainer *t, const hone_save *s, hone_status status)
{
    bool full = hone__disk_is_full();
    const char *remedy = hone__disk_remedy(hone__error_code());
    forget_unsaved_best(t, s);
    if (full && t->args.on_disk_full == HONE_DISK_FULL_STOP && !hone__trainer_stops(t))
        return fail_full(s, remedy);
    if (status != HONE_IO && status != HONE_NOT_FOUND && status != HONE_OUT_OF_MEMORY)
        return status;
    hone__log(HONE_LOG_WARNING, "checkpoint-%" PRId64 " could not be saved (%s)%s%s; older ones are untouched, the run goes on", s->step,
              hone_error_message(), remedy ? ": " : "", remedy ? remedy : "");
    return HONE_OK;
}

/* Takes s, which is done. */
static hone_status end_save(hone_trainer *t, hone_save *s, hone_status status)
{
    status = status == HONE_OK ? tell_saved(t, s) : tell_failed(t, s, status);
    free_save(s);
    return status;
}

static hone_status end_beside(hone_trainer *t)
{
    hone_save *s = t->saving;
    t->saving = NULL;
    return end_save(t, s, hone__background_join(s->thread));
}

/* One look at it; true when it is done. That it waits for room is told without the lock, which would hold up the helper until the disk and whoever listens have answered. */
static bool look(hone_save *s, bool give_up)
{
    hone_error_state why;
    pthread_mutex_lock(&s->lock);
    bool done = s->done, tell = s->waiting && !s->told_waiting;
    s->give_up = s->give_up || give_up;
    if (give_up)
        pthread_cond_broadcast(&s->changed);
    if (tell)
        why = s->why;
    pthread_mutex_unlock(&s->lock);
    if (tell)
        tell_waiting(s, &why);
    return done;
}

hone_status hone__trainer_poll_save(hone_trainer *t)
{
    return t->saving && look(t->saving, false) ? end_beside(t) : HONE_OK;
}

static void sleep_beside(hone_save *s)
{
    pthread_mutex_lock(&s->lock);
    if (!s->done)
        wait_a_moment(s);
    pthread_mutex_unlock(&s->lock);
}

hone_status hone__trainer_settle_save(hone_trainer *t, bool patient)
{
    hone_save *s = t->saving;
    double since = hone__seconds();
    bool told = false;
    if (!s)
        return HONE_OK;
    hone__background_hurry(s->thread);
    while (!look(s, !patient || hone__trainer_stops(t))) {
        sleep_beside(s);
        if (!told && !s->told_waiting && hone__seconds() - since > 1)
            hone__log(HONE_LOG_INFO, "waiting until checkpoint-%" PRId64 " is written", s->step);
        told = told || hone__seconds() - since > 1;
    }
    return end_beside(t);
}

/* ---- saving ---- */

/* The best step's checkpoint: this one, or one that is there already. */
static hone_status note_best(hone_trainer *t)
{
    char *path = NULL;
    if (!t->state.has_best_metric)
        return HONE_OK;
    HONE_TRY(hone__checkpoint_path(&path, t->output_dir, t->state.best_global_step));
    if (t->state.best_global_step == t->state.global_step || hone__is_dir(path)) {
        hone__str_clear(&t->best_path);
        hone__str_puts(&t->best_path, path);
        t->state.best_model_checkpoint = t->best_path.data;
    }
    hone__free(path);
    return hone__str_status(&t->best_path);
}

/* Hands s over to a helper thread; false: there is none to be had, or no memory for a copy, and s is as it was. */
static bool go_beside(hone_trainer *t, hone_save *s)
{
    s->done = false;
    if (copy_state(s) == HONE_OK && hone__background_start(&s->thread, write_checkpoint, s) == HONE_OK) {
        t->saving = s;
        return true;
    }
    hone__collection_dispose(&s->copy);
    return false;
}

/* The disk is full. Where there is memory for a copy the training goes on, and *beside is true; else it waits here, until there is room or a stop is asked for. */
static hone_status wait_on_full_disk(hone_trainer *t, hone_save *s, hone_status status, bool *beside)
{
    hone_error_state why;
    hone_room room = hone__room(s->output_dir, s->need);
    hone__error_save(&why, status);
    tell_waiting(s, &why);
    s->may_wait = true;
    *beside = hone__memory_available() > 2 * s->need && go_beside(t, s);
    if (*beside)
        return HONE_OK;
    s->may_wait = false;
    hone__error_restore(&why); /* no memory for the copy is another failure */
    while (hone__disk_is_full() && hone__trainer_wait_for_room(t, &room)) {
        status = write_checkpoint(s);
        if (status == HONE_OK)
            return status;
        hone__error_save(&why, status);
    }
    return hone__error_restore(&why);
}

hone_status hone__trainer_save_checkpoint(hone_trainer *t, bool *saved)
{
    hone_save *s = NULL;
    bool beside = false, waits = t->args.on_disk_full == HONE_DISK_FULL_WAIT && !saved;
    if (saved)
        *saved = false;
    HONE_TRY(hone__trainer_settle_save(t, true));
    HONE_TRY(note_best(t));
    HONE_TRY(new_save(&s, t));
    s->may_wait = waits;
    hone_status status = hone__trainer_hold_output(t);
    if (status == HONE_OK && !saved && hone__checkpoint_copy_bytes(t, 0) > 0 && go_beside(t, s))
        return HONE_OK;
    s->may_wait = false;
    if (status == HONE_OK)
        status = write_checkpoint(s);
    if (status != HONE_OK && waits && hone__disk_is_full())
        status = wait_on_full_disk(t, s, status, &beside);
    if (saved)
        *saved = status == HONE_OK;
    return beside ? HONE_OK : end_save(t, s, status);
}

/* ---- the end of a run ---- */

hone_status hone__checkpoint_limit_at_end(hone_trainer *t)
{
    int64_t best = t->state.best_model_checkpoint ? t->state.best_global_step : -1;
    if (t->args.save_total_limit != 1 || !t->args.load_best_model_at_end || best < 0)
        return HONE_OK;
    hone_status status = hone__checkpoint_prune(t->output_dir, 1, -1, best, t->state.global_step);
    if (status != HONE_IO)
        return status;
    hone__log(HONE_LOG_WARNING, "an old checkpoint could not be removed: %s", hone_error_message());
    return HONE_OK;
}
