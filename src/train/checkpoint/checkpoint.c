/* The checkpoints of an output folder: which there are, which are whole, which go. checkpoint-N is a folder that appears whole or not at all (checkpoint_save.c): a manifest with
 * the sizes and hashes of its files came last, and whoever resumes checks it and takes the newest whole one (semantics.md, the departures; reference: transformers
 * #35782). A checkpoint that is removed is renamed aside first, so that half of one never looks like one. */
#include "train/trainer.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MANIFEST "manifest.json"
#define ASIDE    ".tmp-checkpoint-"

/* ---- the manifest ---- */

static void put_file(hone_json_writer *w, const hone_collected *file)
{
    char hex[17];
    snprintf(hex, sizeof(hex), "%016" PRIx64, file->hash);
    hone__jw_key(w, file->name);
    hone__jw_object(w);
    hone__jw_put_uint(w, "size", file->len);
    hone__jw_put_string(w, "xxh3_64", hex);
    hone__jw_end_object(w);
}

hone_status hone__checkpoint_write_manifest(const hone_collection *files)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    char *path = NULL;
    hone_status status;
    hone__jw_object(&w);
    hone__jw_put_int(&w, "format", 1);
    hone__jw_key(&w, "files");
    hone__jw_object(&w);
    for (size_t i = 0; i < files->n; i++)
        put_file(&w, &files->files[i]);
    hone__jw_end_object(&w);
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    HONE_GO(hone__str_status(&text));
    HONE_GO(hone__path_join(&path, files->folder, MANIFEST));
    status = hone__write_file(path, text.data, text.len);
done:
    hone__free(path);
    hone__str_dispose(&text);
    return status;
}

static hone_status fail_changed(const char *folder, const char *name)
{
    return hone__fail(HONE_FORMAT, "%s: %s is not as it was written", folder, name);
}

static hone_status check_hash(const char *path, const char *folder, const char *name, const json_t *entry)
{
    uint64_t hash, size;
    char hex[17];
    HONE_TRY(hone__hash_file(&hash, &size, path));
    const char *expected = json_string_value(json_object_get(entry, "xxh3_64"));
    snprintf(hex, sizeof(hex), "%016" PRIx64, hash);
    return expected && strcmp(hex, expected) == 0 ? HONE_OK : fail_changed(folder, name);
}

/* deep: with its hash. */
static hone_status check_file(const char *folder, const char *name, const json_t *entry, bool deep)
{
    struct stat info;
    char *path = NULL;
    hone_status status;
    HONE_GO(hone__path_join(&path, folder, name));
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        HONE_GO(hone__fail(HONE_FORMAT, "%s: %s is missing", folder, name));
    if ((json_int_t)info.st_size != json_integer_value(json_object_get(entry, "size")))
        HONE_GO(hone__fail(HONE_FORMAT, "%s: %s is not as it was written: it has %lld bytes, the manifest says %lld", folder, name,
                           (long long)info.st_size, (long long)json_integer_value(json_object_get(entry, "size"))));
    status = deep ? check_hash(path, folder, name, entry) : HONE_OK;
done:
    hone__free(path);
    return status;
}

static hone_status verify(const char *folder, bool deep)
{
    char *path = NULL;
    json_t *root = NULL, *entry;
    struct stat info;
    const char *name;
    hone_status status;
    if (!hone__is_dir(folder))
        return hone__fail(HONE_NOT_FOUND, "%s: there is no such checkpoint", folder);
    HONE_GO(hone__path_join(&path, folder, MANIFEST));
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) /* a pipe would be waited for */
        HONE_GO(hone__fail(HONE_FORMAT, "%s is no file", path));
    HONE_GO(hone__json_load(&root, path));
    json_t *files = json_object_get(root, "files");
    if (json_object_size(files) == 0)
        HONE_GO(hone__fail(HONE_FORMAT, "%s: the manifest lists no files", path));
    json_object_foreach(files, name, entry)
    {
        HONE_GO(check_file(folder, name, entry, deep));
    }
done:
    json_decref(root);
    hone__free(path);
    return status;
}

hone_status hone__checkpoint_verify(const char *folder)
{
    return verify(folder, true);
}

bool hone__checkpoint_looks_whole(const char *folder)
{
    return verify(folder, false) == HONE_OK;
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

hone_status hone__checkpoint_path(char **out, const char *output_dir, int64_t step)
{
    char name[48];
    snprintf(name, sizeof(name), "checkpoint-%" PRId64, step);
    return hone__path_join(out, output_dir, name);
}

hone_status hone__checkpoint_aside(char **out, const char *output_dir, int64_t step)
{
    char name[96];
    snprintf(name, sizeof(name), ASIDE "%" PRId64 "%s", step, hone__aside_suffix());
    return hone__path_join(out, output_dir, name);
}

/* Of errors that say nothing about a checkpoint: it may well be whole, and going on from an older one would cost what was made since. */
static bool is_withheld(int code)
{
    return code == EACCES || code == EMFILE || code == ENFILE;
}

hone_status hone__checkpoint_newest(char **out, const char *output_dir)
{
    int64_t *steps = NULL;
    size_t n = 0;
    *out = NULL;
    hone_status status = hone__checkpoint_list(&steps, &n, output_dir);
    for (size_t i = n; i-- > 0 && status == HONE_OK && !*out;) {
        char *path = NULL;
        status = hone__checkpoint_path(&path, output_dir, steps[i]);
        hone_status whole = status == HONE_OK ? hone__checkpoint_verify(path) : status;
        if (whole == HONE_OK) {
            *out = path;
            break;
        }
        if (whole == HONE_OUT_OF_MEMORY)
            status = whole;
        else if (is_withheld(hone__error_code()))
            status = hone__hint(whole, "%s, or name an older one: --resume_from_checkpoint FOLDER",
                                hone__error_code() == EACCES ? "make it readable" : hone__disk_remedy(hone__error_code()));
        else
            hone__log(HONE_LOG_WARNING, "%s is not whole and was passed over: %s", path, hone_error_message());
        hone__free(path);
    }
    hone__free(steps);
    return status;
}

/* Whoever stands outside the output folder means the checkpoint in it. */
static hone_status fail_absent(const char *from, const char *output_dir)
{
    char *inside = NULL;
    hone_status status = hone__fail(HONE_INVALID_ARGUMENT, "--resume_from_checkpoint: there is no such checkpoint: %s", from);
    hone_error_state why;
    hone__error_save(&why, status);
    bool is_inside = hone__path_join(&inside, output_dir, from) == HONE_OK && hone__is_dir(inside);
    hone__error_restore(&why);
    status = is_inside ? hone__hint(status, "it is a path, and there is %s: give that", inside)
                       : hone__hint(status, "give a folder checkpoint-N, or true for the newest of --output_dir");
    hone__free(inside);
    return status;
}

hone_status hone__checkpoint_check_named(const char *from, const char *output_dir)
{
    char *manifest = NULL;
    int64_t *steps = NULL;
    size_t n = 0;
    if (!hone__is_dir(from))
        return fail_absent(from, output_dir);
    hone_status status;
    HONE_GO(hone__path_join(&manifest, from, MANIFEST));
    if (!hone__is_file(manifest))
        HONE_GO(hone__checkpoint_list(&steps, &n, from));
    if (n > 0)
        status = hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--resume_from_checkpoint: %s is no checkpoint, but holds some", from),
                            "give one of them, as %s/checkpoint-%" PRId64 ", or true for the newest of --output_dir", from, steps[n - 1]);
done:
    hone__free(manifest);
    hone__free(steps);
    return status;
}

/* ---- removing ---- */

static hone_status remove_step(const char *output_dir, int64_t step)
{
    char *path = NULL, *aside = NULL;
    hone_status status;
    HONE_GO(hone__checkpoint_path(&path, output_dir, step));
    HONE_GO(hone__checkpoint_aside(&aside, output_dir, step));
    HONE_GO(hone__remove_tree(aside));
    status = hone__rename_dir(path, aside, false);
    if (status == HONE_OK)
        status = hone__remove_tree(aside);
    else if (hone__error_code() ==
             EXDEV) /* a folder of a lower layer cannot be renamed (containers); half of one is told by its manifest */
        status = hone__remove_tree(path);
done:
    hone__free(path);
    hone__free(aside);
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

/* The sizes are those of the manifest: enough to tell a torn one, without reading it all. HONE_OK: it looks whole; HONE_FORMAT, HONE_NOT_FOUND: it is torn; else nobody knows, for want of memory or
 * because it cannot be read now. */
static hone_status look_at(const char *output_dir, int64_t step)
{
    char *path = NULL;
    hone_status status = hone__checkpoint_path(&path, output_dir, step);
    if (status == HONE_OK)
        status = verify(path, false);
    hone__free(path);
    return status;
}

hone_status hone__checkpoint_prune(const char *output_dir, size_t keep, int64_t saved, int64_t best, int64_t last)
{
    int64_t *steps = NULL;
    bool *kept = NULL;
    size_t n = 0, n_kept = 0;
    hone_status status;
    HONE_GO(hone__checkpoint_list(&steps, &n, output_dir));
    HONE_GO(HONE_NEW(&kept, n));
    for (size_t i = 0; i < n; i++)
        n_kept += kept[i] = steps[i] == saved || steps[i] == best;
    for (size_t i = n; i-- > 0 && n_kept < keep;) {
        hone_status found = kept[i] || steps[i] > last ? HONE_FORMAT : look_at(output_dir, steps[i]);
        n_kept += found == HONE_OK;
        kept[i] = kept[i] || (found != HONE_FORMAT && found != HONE_NOT_FOUND);
    }
    hone_error_state first = {.status = HONE_OK};
    for (size_t i = 0; i < n && n_kept > 0; i++)
        if (!kept[i] && steps[i] <= last && (status = remove_step(output_dir, steps[i])) != HONE_OK && first.status == HONE_OK)
            hone__error_save(&first, status); /* one that cannot go keeps none of the others */
    status = first.status == HONE_OK ? HONE_OK : hone__error_restore(&first);
done:
    hone__free(kept);
    hone__free(steps);
    return status;
}

/* ---- what a killed process left behind ---- */

/* ASIDE…: a checkpoint that was being written or removed; checkpoint-N.old-…, .new-…: one that was being replaced. */
static void clean_entry(const char *output_dir, const char *name)
{
    char *path = NULL, plain[64];
    const char *old = strstr(name, ".old-"), *end = old ? old : strstr(name, ".new-");
    if (!hone__is_left_behind(name))
        return;
    snprintf(plain, sizeof(plain), "%.*s", end && end - name < (ptrdiff_t)sizeof(plain) ? (int)(end - name) : 0, name);
    if (step_of(plain) >= 0 && hone__path_join(&path, output_dir, plain) == HONE_OK)
        hone__clean_beside(path);
    else if (hone__starts_with(name, ASIDE) && hone__path_join(&path, output_dir, name) == HONE_OK && hone__remove_tree(path) != HONE_OK)
        hone__log(HONE_LOG_WARNING, "what an earlier run left behind stays: %s", hone_error_message());
    hone__free(path);
}

void hone__checkpoint_clean(const char *output_dir)
{
    DIR *dir = opendir(output_dir);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
        clean_entry(output_dir, entry->d_name);
    if (dir)
        closedir(dir);
    hone__writer_clean(output_dir);
}
