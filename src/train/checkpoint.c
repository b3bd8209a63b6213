/* Checkpoints: checkpoint-N is a folder that appears whole or not at all. Its files are written into a folder aside, each synced; a manifest with their sizes and hashes comes
 * last; then the folder is renamed. Whoever resumes checks the manifest and takes the newest whole one (semantics.md, the departures; reference: transformers #35782). */
#include "train/trainer.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANIFEST "manifest.json"
#define ASIDE    ".tmp-checkpoint-"

/* ---- the manifest ---- */

static hone_status put_file(hone_json_writer *w, const char *folder, const char *path)
{
    uint64_t hash, size;
    char hex[17];
    HONE_TRY(hone__hash_file(&hash, &size, path));
    snprintf(hex, sizeof(hex), "%016" PRIx64, hash);
    hone__jw_key(w, path + strlen(folder) + 1);
    hone__jw_object(w);
    hone__jw_key(w, "size");
    hone__jw_uint(w, size);
    hone__jw_key(w, "xxh3_64");
    hone__jw_string(w, hex);
    hone__jw_end_object(w);
    return HONE_OK;
}

static hone_status write_manifest(const char *folder)
{
    hone_file_list files = {NULL, 0};
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    char *path = NULL;
    hone_status status;
    HONE_GO(hone__list_files(&files, folder, NULL));
    hone__jw_object(&w);
    hone__jw_key(&w, "format");
    hone__jw_int(&w, 1);
    hone__jw_key(&w, "files");
    hone__jw_object(&w);
    for (size_t i = 0; i < files.n; i++)
        HONE_GO(put_file(&w, folder, files.paths[i]));
    hone__jw_end_object(&w);
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    HONE_GO(hone__str_status(&text));
    HONE_GO(hone__path_join(&path, folder, MANIFEST));
    status = hone__write_file(path, text.data, text.len);
done:
    hone__free(path);
    hone__str_dispose(&text);
    hone__file_list_dispose(&files);
    return status;
}

hone_status hone__checkpoint_write(const char *path, hone_status (*fill)(void *payload, const char *folder), void *payload)
{
    hone_str aside = HONE_STR_INIT;
    hone_status status;
    hone_error_state why;
    hone__str_printf(&aside, "%s.tmp-%ld", path, (long)getpid());
    HONE_GO(hone__str_status(&aside));
    HONE_GO(hone__remove_tree(aside.data));
    HONE_GO(hone__make_dirs(aside.data));
    HONE_GO(fill(payload, aside.data));
    HONE_GO(write_manifest(aside.data));
    HONE_GO(hone__sync_dir(aside.data));
    status = hone__rename_dir(aside.data, path, true);
done:
    if (status != HONE_OK && aside.len > 0) {
        hone__error_save(&why, status);
        hone__remove_tree(aside.data);
        hone__error_restore(&why);
    }
    hone__str_dispose(&aside);
    return status;
}

static hone_status check_file(const char *folder, const char *name, const json_t *entry)
{
    uint64_t hash, size;
    char hex[17];
    char *path = NULL;
    HONE_TRY(hone__path_join(&path, folder, name));
    hone_status status = hone__hash_file(&hash, &size, path);
    hone__free(path);
    HONE_TRY(status);
    const char *expected = json_string_value(json_object_get(entry, "xxh3_64"));
    snprintf(hex, sizeof(hex), "%016" PRIx64, hash);
    if (size != (uint64_t)json_integer_value(json_object_get(entry, "size")) || !expected || strcmp(hex, expected) != 0)
        return hone__fail(HONE_FORMAT, "%s: %s is not as it was written", folder, name);
    return HONE_OK;
}

hone_status hone__checkpoint_verify(const char *folder)
{
    char *path = NULL;
    json_t *root = NULL, *entry;
    const char *name;
    hone_status status;
    if (!hone__is_dir(folder))
        return hone__fail(HONE_NOT_FOUND, "%s: there is no such checkpoint", folder);
    HONE_GO(hone__path_join(&path, folder, MANIFEST));
    HONE_GO(hone__json_load(&root, path));
    json_t *files = json_object_get(root, "files");
    if (json_object_size(files) == 0)
        HONE_GO(hone__fail(HONE_FORMAT, "%s: the manifest lists no files", path));
    json_object_foreach(files, name, entry)
    {
        HONE_GO(check_file(folder, name, entry));
    }
done:
    json_decref(root);
    hone__free(path);
    return status;
}

/* ---- which there are ---- */

static int64_t step_of(const char *name)
{
    static const char prefix[] = "checkpoint-";
    char *end = NULL;
    if (!hone__starts_with(name, prefix) || !(name[sizeof(prefix) - 1] >= '0' && name[sizeof(prefix) - 1] <= '9'))
        return -1;
    errno = 0;
    long long step = strtoll(name + sizeof(prefix) - 1, &end, 10);
    return *end || errno ? -1 : step;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

hone_status hone__checkpoint_list(int64_t **out, size_t *n, const char *output_dir)
{
    size_t capacity = 0;
    hone_status status = HONE_OK;
    *out = NULL;
    *n = 0;
    DIR *dir = opendir(output_dir);
    if (!dir)
        return HONE_OK;
    for (struct dirent *entry = readdir(dir); entry && status == HONE_OK; entry = readdir(dir)) {
        int64_t step = step_of(entry->d_name);
        if (step >= 0)
            status = HONE_GROW(out, &capacity, *n + 1);
        if (step >= 0 && status == HONE_OK)
            (*out)[(*n)++] = step;
    }
    closedir(dir);
    if (*n)
        qsort(*out, *n, sizeof(**out), ascending);
    return status;
}

static hone_status checkpoint_path(char **out, const char *output_dir, int64_t step)
{
    char name[48];
    snprintf(name, sizeof(name), "checkpoint-%" PRId64, step);
    return hone__path_join(out, output_dir, name);
}

hone_status hone__checkpoint_newest(char **out, const char *output_dir)
{
    int64_t *steps = NULL;
    size_t n = 0;
    *out = NULL;
    hone_status status = hone__checkpoint_list(&steps, &n, output_dir);
    for (size_t i = n; i-- > 0 && status == HONE_OK && !*out;) {
        char *path = NULL;
        status = checkpoint_path(&path, output_dir, steps[i]);
        hone_status whole = status == HONE_OK ? hone__checkpoint_verify(path) : status;
        if (whole == HONE_OK) {
            *out = path;
            break;
        }
        if (whole == HONE_OUT_OF_MEMORY)
            status = whole;
        else
            hone__log(HONE_LOG_WARNING, "%s is not whole and was passed over: %s", path, hone_error_message());
        hone__free(path);
    }
    hone__free(steps);
    return status;
}

static hone_status remove_step(const char *output_dir, int64_t step)
{
    char *path = NULL;
    HONE_TRY(checkpoint_path(&path, output_dir, step));
    hone_status status = hone__remove_tree(path);
    hone__free(path);
    return status;
}

hone_status hone__checkpoint_remove_all(const char *output_dir)
{
    int64_t *steps = NULL;
    size_t n = 0;
    hone_status status = hone__checkpoint_list(&steps, &n, output_dir);
    for (size_t i = 0; i < n && status == HONE_OK; i++)
        status = remove_step(output_dir, steps[i]);
    hone__free(steps);
    return status;
}

/* ASIDE<step>-<pid>: whose process is gone. */
void hone__checkpoint_clean(const char *output_dir)
{
    DIR *dir = opendir(output_dir);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        const char *dash = hone__starts_with(entry->d_name, ASIDE) ? strrchr(entry->d_name, '-') : NULL;
        long pid = dash ? atol(dash + 1) : 0;
        char *path = NULL;
        if (pid <= 0 || pid == (long)getpid() || (kill((pid_t)pid, 0) == 0 || errno != ESRCH))
            continue;
        if (hone__path_join(&path, output_dir, entry->d_name) == HONE_OK)
            hone__remove_tree(path);
        hone__free(path);
    }
    if (dir)
        closedir(dir);
}

/* ---- saving ---- */

static hone_status save_args(const hone_trainer *t, const char *folder)
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

hone_status hone_trainer_save_model(hone_trainer *t, const char *folder)
{
    folder = folder ? folder : t->output_dir;
    HONE_TRY(hone__make_dirs(folder));
    HONE_TRY(hone_model_save_pretrained(t->model, folder));
    if (t->options.tokenizer)
        HONE_TRY(hone_tokenizer_save(t->options.tokenizer, folder));
    return save_args(t, folder);
}

static hone_status save_optimizer(const hone_trainer *t, const char *folder)
{
    char *path = NULL;
    if (t->args.save_only_model)
        return HONE_OK;
    HONE_TRY(hone__path_join(&path, folder, "optimizer.safetensors"));
    hone_status status = hone_optimizer_save(t->opt, path);
    hone__free(path);
    return status;
}

static hone_status fill(hone_trainer *t, const char *folder)
{
    HONE_TRY(hone_trainer_save_model(t, folder));
    HONE_TRY(save_optimizer(t, folder));
    HONE_TRY(hone__trainer_write_state(t, folder));
    HONE_TRY(hone__trainer_write_resume_state(t, folder));
    return write_manifest(folder);
}

/* The best step's checkpoint: this one, or one that is there already. */
static hone_status note_best(hone_trainer *t)
{
    char *path = NULL;
    if (!t->state.has_best_metric)
        return HONE_OK;
    HONE_TRY(checkpoint_path(&path, t->output_dir, t->state.best_global_step));
    if (t->state.best_global_step == t->state.global_step || hone__is_dir(path)) {
        hone__str_clear(&t->best_path);
        hone__str_puts(&t->best_path, path);
        t->state.best_model_checkpoint = t->best_path.data;
    }
    hone__free(path);
    return hone__str_status(&t->best_path);
}

static hone_status save_to(hone_trainer *t, const char *path)
{
    char name[64];
    char *aside = NULL;
    hone_status status;
    hone_error_state why;
    snprintf(name, sizeof(name), ASIDE "%" PRId64 "-%ld", t->state.global_step, (long)getpid());
    HONE_TRY(hone__path_join(&aside, t->output_dir, name));
    HONE_GO(hone__remove_tree(aside));
    HONE_GO(hone__make_dirs(aside));
    HONE_GO(fill(t, aside));
    HONE_GO(hone__sync_dir(aside));
    status = hone__rename_dir(aside, path, true);
done:
    if (status != HONE_OK) {
        hone__error_save(&why, status);
        hone__remove_tree(aside);
        hone__error_restore(&why);
    }
    hone__free(aside);
    return status;
}

hone_status hone__trainer_save_checkpoint(hone_trainer *t, bool *saved)
{
    char *path = NULL;
    hone_status status;
    if (saved)
        *saved = false;
    HONE_GO(note_best(t));
    HONE_GO(checkpoint_path(&path, t->output_dir, t->state.global_step));
    status = save_to(t, path);
    if (status == HONE_IO) {
        hone__log(HONE_LOG_WARNING, "checkpoint-%" PRId64 " could not be saved (%s); older ones are untouched, the run goes on",
                  t->state.global_step, hone_error_message());
        status = HONE_OK;
        goto done;
    }
    if (status != HONE_OK)
        goto done;
    t->last_saved_step = t->state.global_step;
    if (saved)
        *saved = true;
    hone__log(HONE_LOG_INFO, "saved %s", path);
    HONE_GO(hone__trainer_event(t, HONE_ON_SAVE, NULL));
    status = hone__checkpoint_limit(t, false);
done:
    hone__free(path);
    return status;
}

/* ---- save_total_limit ---- */

/* How many to keep while the run goes on: with a limit of 1 the best may need a second place. */
static int64_t places(const hone_trainer *t, int64_t newest, bool at_end)
{
    int64_t limit = t->args.save_total_limit;
    bool best_apart = t->state.best_model_checkpoint && t->state.best_global_step != newest;
    return limit == 1 && best_apart && !at_end ? 2 : limit;
}

/* Deletes the oldest beyond the limit, never the newest nor the best; at the end of a run that loads its best model, a limit of 1 keeps just the best. */
hone_status hone__checkpoint_limit(hone_trainer *t, bool at_end)
{
    int64_t *steps = NULL;
    size_t n = 0;
    if (t->args.save_total_limit <= 0 || (at_end && !(t->args.load_best_model_at_end && t->args.save_total_limit == 1)))
        return HONE_OK;
    hone_status status = hone__checkpoint_list(&steps, &n, t->output_dir);
    int64_t best = t->state.best_model_checkpoint ? t->state.best_global_step : -1, newest = n ? steps[n - 1] : -1;
    size_t keep = (size_t)places(t, newest, at_end), left = n;
    for (size_t i = 0; i < n && left > keep && status == HONE_OK; i++) {
        if (steps[i] == best || (steps[i] == newest && !(at_end && best >= 0)))
            continue;
        status = remove_step(t->output_dir, steps[i]);
        left--;
    }
    hone__free(steps);
    if (status == HONE_IO) {
        hone__log(HONE_LOG_WARNING, "an old checkpoint could not be removed: %s", hone_error_message());
        status = HONE_OK;
    }
    return status;
}
