/* Room on the disk: how much a run will need, seen before its first step; and what is done when a disk is full in the middle of it. The state that could not be written is not
 * lost: it stays in memory, and is written when there is room again (on_disk_full wait), or the run ends and what is whole stays whole (stop). */
#include "train/trainer.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#define FIRST_PAUSE   0.25 /* seconds */
#define LONGEST_PAUSE 60.0
#define SMALL_FILES   ((uint64_t)64 << 10)  /* beside weights and moments, a tokenizer aside */
#define FEW_FILES     64                    /* of which a checkpoint has a dozen */
#define LARGE         ((uint64_t)512 << 20) /* a checkpoint that is worth a copy in memory */

bool hone__disk_is_full(void)
{
    return hone__is_disk_full(hone__error_code());
}

bool hone__disk_fails(int code)
{
    return code == EIO || code == EROFS;
}

const char *hone__disk_remedy(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
        return "make room";
    case EIO:
        return "look after the disk (dmesg)";
    case EROFS:
        return "mount it for writing";
    case EACCES:
    case EPERM:
        return "make it writable";
    case EMFILE:
    case ENFILE:
        return "allow more open files (ulimit -n)";
    case EFBIG:
        return "allow larger files (ulimit -f)";
    case ENOENT:
    case ENOTDIR:
        return "put the folder back";
    default:
        return NULL;
    }
}

hone_size_text hone__size_text(uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    hone_size_text out;
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 999.5 && unit < 4; unit++)
        value /= 1000;
    snprintf(out.text, sizeof(out.text), "%.*f %s", unit > 0 && value < 99.95 ? 1 : 0, value, units[unit]);
    return out;
}

hone_room_text hone__room_text(const char *folder, int code)
{
    hone_room_text out;
    hone_size_text bytes = hone__size_text(hone__disk_free(folder));
    uint64_t files = hone__disk_free_files(folder);
    if (code == EDQUOT) /* what is free is not for us */
        snprintf(out.text, sizeof(out.text), "the quota is used up");
    else if (code == ENOSPC && files < FEW_FILES)
        snprintf(out.text, sizeof(out.text), "%s and %llu inodes are free", bytes.text, (unsigned long long)files);
    else
        snprintf(out.text, sizeof(out.text), "%s are free", bytes.text);
    return out;
}

/* ---- waiting ---- */

hone_room hone__room(const char *folder, uint64_t need)
{
    double now = hone__seconds();
    return (hone_room){folder, need ? need : SMALL_FILES, FIRST_PAUSE, now, now};
}

bool hone__room_try(hone_room *room)
{
    double waited = hone__seconds() - room->tried;
    if (waited < LONGEST_PAUSE && (waited < room->pause || hone__disk_free(room->folder) < room->need))
        return false;
    room->tried = hone__seconds();
    room->pause = fmin(2 * room->pause, LONGEST_PAUSE);
    return true;
}

bool hone__trainer_wait_for_room(const hone_trainer *t, hone_room *room)
{
    static const struct timespec slice = {0, 50000000};
    while (!hone__room_try(room)) {
        if (hone__trainer_stops(t))
            return false;
        (void)nanosleep(&slice, NULL); /* a signal may cut it short */
    }
    return true;
}

static void tell_waiting(const hone_trainer *t, const char *what, uint64_t need)
{
    char needs[48] = "";
    if (hone__disk_fails(hone__error_code())) {
        hone__log(HONE_LOG_WARNING, "%s could not be written (%s): %s; it is tried again until it can be", what, hone_error_message(),
                  hone__disk_remedy(hone__error_code()));
        return;
    }
    if (need > 0)
        snprintf(needs, sizeof(needs), "it needs %s, ", hone__size_text(need).text);
    hone__log(HONE_LOG_WARNING, "no room for %s: %s%s at %s (%s); it is tried again until there is room", what, needs,
              hone__room_text(t->output_dir, hone__error_code()).text, t->output_dir, hone_error_message());
}

static void tell_written(const char *what, const hone_room *room)
{
    hone__log(HONE_LOG_INFO, "there is room again: %s could be written after %.0f s", what, hone__seconds() - room->since);
}

static hone_status hint_remedy(hone_status status)
{
    const char *remedy = hone__disk_remedy(hone__error_code());
    return remedy && !*hone_error_hint() ? hone__hint(status, "%s, or give another --output_dir", remedy) : status;
}

hone_status hone__trainer_persist(hone_trainer *t, hone_status (*write)(hone_trainer *t, void *payload), void *payload, const char *what,
                                  uint64_t need)
{
    hone_room room = hone__room(t->output_dir, need);
    HONE_TRY(hone__trainer_hold_output(t));
    hone_status status = write(t, payload);
    if (status == HONE_OK || !hone__disk_is_full())
        return status == HONE_OK ? status : hint_remedy(status);
    if (t->args.on_disk_full == HONE_DISK_FULL_STOP)
        return hone__hint(status, "%s and run it again with --resume_from_checkpoint true; --on_disk_full wait would have tried again",
                          hone__disk_remedy(hone__error_code()));
    tell_waiting(t, what, need);
    while (hone__trainer_wait_for_room(t, &room)) {
        status = write(t, payload);
        if (status == HONE_OK)
            tell_written(what, &room);
        if (status == HONE_OK || !hone__disk_is_full())
            return status == HONE_OK ? status : hint_remedy(status);
    }
    return hone__fail_in(HONE_CANCELLED, "stopped while %s waited for room", what);
}

static bool wait_in_writer(void *payload, int code)
{
    hone_patience *p = payload;
    if (code == 0) {
        tell_written(p->what, &p->room);
        p->told = false;
        return true;
    }
    if (!p->told) {
        p->room = hone__room(p->t->output_dir, 0);
        tell_waiting(p->t, p->what, 0);
        p->told = true;
    }
    p->given_up = !hone__trainer_wait_for_room(p->t, &p->room);
    return !p->given_up;
}

void hone__patience_begin(hone_patience *p, const hone_trainer *t, const char *what)
{
    bool waits = t->args.on_disk_full == HONE_DISK_FULL_WAIT;
    *p = (hone_patience){.t = t, .what = what};
    p->before = hone__writer_on_full((hone_on_full){waits ? wait_in_writer : NULL, p});
}

hone_status hone__patience_end(const hone_patience *p, hone_status status)
{
    hone__writer_on_full(p->before);
    if (status != HONE_OK && p->given_up)
        return hone__fail_in(HONE_CANCELLED, "stopped while %s waited for room", p->what);
    return status;
}

/* ---- before the first step ---- */

uint64_t hone__weights_bytes(const hone_trainer *t)
{
    return (uint64_t)hone_model_n_parameters(t->model) * sizeof(float) + SMALL_FILES;
}

uint64_t hone__checkpoint_size(const hone_trainer *t)
{
    uint64_t weights = hone__weights_bytes(t);
    if (t->args.save_only_model)
        return weights;
    return weights + (t->opt ? hone__optimizer_bytes(t->opt) : 2 * (weights - SMALL_FILES));
}

uint64_t hone__checkpoint_copy_bytes(const hone_trainer *t, uint64_t held)
{
    uint64_t bytes = hone__checkpoint_size(t), available = hone__memory_available();
    if (t->args.save_in_background != HONE_AUTO)
        return t->args.save_in_background == HONE_TRUE ? bytes : 0;
    return bytes >= LARGE && (available == 0 || available >= held + 2 * bytes) ? bytes : 0;
}

/* How many times the rest of the run will save, at most. */
static int64_t count_saves(const hone_trainer *t)
{
    int64_t left = t->state.max_steps - t->state.global_step, every = t->save_steps;
    hone_strategy strategy = t->args.save_strategy;
    if (strategy == HONE_STRATEGY_BEST) {
        strategy = t->args.eval_strategy;
        every = t->eval_steps;
    }
    if (strategy == HONE_STRATEGY_EPOCH)
        every = t->updates_per_epoch;
    return strategy != HONE_STRATEGY_NO && every > 0 ? left / every + (left % every > 0) : 0;
}

/* How many more than there are now will be there at once: those that are kept, and one that is being written. */
static hone_status count_places(int64_t *places, int64_t *more, const hone_trainer *t)
{
    int64_t *steps = NULL, limit = t->args.save_total_limit, saves = count_saves(t);
    size_t present = 0;
    HONE_TRY(hone__checkpoint_list(&steps, &present, t->output_dir));
    hone__free(steps);
    *places = saves + (int64_t)present;
    if (limit > 0) {
        int64_t best_apart = limit == 1 && t->args.load_best_model_at_end;
        *places = limit + 1 + best_apart < *places ? limit + 1 + best_apart : *places;
    }
    *more = *places > (int64_t)present ? *places - (int64_t)present : saves > 0;
    return HONE_OK;
}

/* ulimit -f: seen before the training, not at its end. */
static hone_status check_file_size(const hone_trainer *t, bool saves)
{
    uint64_t limit = hone__file_size_limit(), weights = hone__weights_bytes(t) - SMALL_FILES,
             moments = hone__checkpoint_size(t) - hone__weights_bytes(t);
    hone_size_text may = hone__size_text(limit), has = hone__size_text(saves && moments > weights ? moments : weights);
    if (saves && (limit < weights || limit < moments))
        return hone__hint(
            hone__fail(HONE_IO, "--output_dir: a checkpoint has a file of %s, no file may have more than %s", has.text, may.text),
            limit < weights ? "allow larger files (ulimit -f)"
                            : "allow larger files (ulimit -f), give --save_only_model, or --save_strategy no");
    if (limit < weights)
        hone__log(HONE_LOG_WARNING,
                  "the model has a file of %s, no file may have more than %s (ulimit -f): it will not be possible to save it", has.text,
                  may.text);
    return HONE_OK;
}

hone_status hone__trainer_check_room(hone_trainer *t)
{
    int64_t places, more;
    uint64_t bytes = hone__checkpoint_size(t), weights = hone__weights_bytes(t), available = hone__disk_free(t->output_dir);
    hone_size_text size = hone__size_text(bytes), room = hone__size_text(available);
    HONE_TRY(count_places(&places, &more, t));
    HONE_TRY(check_file_size(t, more > 0));
    if (more > 0 && available < bytes)
        return hone__hint(hone__fail(HONE_IO, "--output_dir: there is no room for a checkpoint in %s: it needs about %s, %s are free",
                                     t->output_dir, size.text, room.text),
                          t->args.save_only_model ? "make room, give another --output_dir, or --save_strategy no"
                                                  : "make room, give another --output_dir, --save_only_model, or --save_strategy no");
    if (more > 0)
        hone__log(HONE_LOG_INFO, "checkpoints: %lld x %s at most in %s%s; %s are free", (long long)places, size.text, t->output_dir,
                  hone__checkpoint_copy_bytes(t, 0) ? ", written beside the training" : "", room.text);
    if (available != UINT64_MAX && (double)more * (double)bytes + (double)weights > (double)available)
        hone__log(HONE_LOG_WARNING,
                  "the disk will be full before the end: %lld more checkpoints of %s and the model of %s do not fit into %s (%s)",
                  (long long)more, size.text, hone__size_text(weights).text, room.text,
                  t->args.save_total_limit > 0 ? "make room" : "--save_total_limit N keeps the N newest");
    return HONE_OK;
}
