/* Trackers: the public face. What a kind does stands in its own file, behind hone_tracker_ops. */
#include "train/report/track.h"
#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const hone_tracker_ops *const kinds[HONE_N_TRACKERS] = {
    [HONE_TRACKER_TENSORBOARD] = &hone__track_tensorboard,
    [HONE_TRACKER_CSV] = &hone__track_csv,
    [HONE_TRACKER_JSONL] = &hone__track_jsonl,
};

static hone_status find_kind(hone_tracker_kind *out, const char *name)
{
#define X(suffix, text) text,
    static const char *const names[] = {HONE_TRACKER_MAP(X)};
#undef X
    for (size_t i = 0; i < HONE_N_TRACKERS; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (hone_tracker_kind)i;
            return HONE_OK;
        }
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "there is no tracker \"%s\"", name), "trackers: tensorboard, csv, jsonl");
}

hone_status hone_tracker_open(hone_tracker **out, const char *kind, const char *folder, const hone_tracker_options *options)
{
    hone_tracker_options defaults = HONE_TRACKER_OPTIONS_INIT;
    hone_tracker_kind which = HONE_TRACKER_JSONL;
    hone_tracker *t = NULL;
    hone_status status;
    *out = NULL;
    HONE_TRY(find_kind(&which, kind));
    status = hone__make_dirs(folder);
    if (status != HONE_OK)
        return status == HONE_NOT_FOUND ? HONE_IO : status;
    HONE_TRY(HONE_NEW(&t, 1));
    t->kind = which;
    t->options = options ? *options : defaults;
    t->file.fd = -1;
    HONE_GO(kinds[which]->open(t, folder));
    *out = t;
    return HONE_OK;
done:
    hone_tracker_free(t);
    return status;
}

void hone_tracker_free(hone_tracker *t)
{
    if (!t)
        return;
    if (t->file.path)
        (void)kinds[t->kind]->write(t);
    hone__track_file_dispose(&t->file);
    hone__free(t->columns);
    hone__free(t);
}

hone_tracker_kind hone_tracker_get_kind(const hone_tracker *t)
{
    return t->kind;
}

const char *hone_tracker_path(const hone_tracker *t)
{
    return t->file.path;
}

hone_status hone_tracker_log(hone_tracker *t, int64_t step, const hone_metrics *metrics)
{
    return kinds[t->kind]->log(t, step, metrics);
}

hone_status hone_tracker_log_text(hone_tracker *t, int64_t step, const char *tag, const char *text)
{
    return kinds[t->kind]->log_text ? kinds[t->kind]->log_text(t, step, tag, text) : HONE_OK;
}

hone_status hone_tracker_log_histogram(hone_tracker *t, int64_t step, const char *tag, const float *values, size_t n)
{
    return kinds[t->kind]->log_histogram ? kinds[t->kind]->log_histogram(t, step, tag, values, n) : HONE_OK;
}

hone_status hone_tracker_flush(hone_tracker *t)
{
    if (!kinds[t->kind]->write(t))
        return hone__fail(HONE_IO, "%s could not be written, its last entries are kept in memory", t->file.path);
    if (fsync(t->file.fd) != 0 && errno != EINVAL && errno != ENOTSUP)
        return hone__fail_errno("cannot write", t->file.path);
    return HONE_OK;
}

/* ---- for those whose file is made of lines ---- */

hone_status hone__track_open_lines(hone_tracker *t, hone_str *kept, const char *folder, const char *name,
                                   hone_status (*keep)(hone_str *out, bool *changed, const char *text, size_t len, int64_t step))
{
    char *path = NULL, *text = NULL;
    size_t len;
    bool changed = false;
    hone_status status;
    HONE_GO(hone__path_join(&path, folder, name));
    if (t->options.resume_step >= 0 && hone__is_file(path)) {
        HONE_GO(hone__read_file(&text, &len, path, 0));
        HONE_GO(keep(kept, &changed, text, len, t->options.resume_step));
    }
    if (changed)
        HONE_GO(hone__write_file(path, kept->data ? kept->data : "", kept->len));
    status = hone__track_file_open(&t->file, path, kept->len, false);
done:
    hone__free(text);
    hone__free(path);
    return status;
}
