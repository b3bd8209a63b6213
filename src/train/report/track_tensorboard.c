/* The TensorBoard log: an event file for each process that wrote (tfevents.c has the format). A run that goes on begins another file with SessionLog START at the step after the one that it comes from: TensorBoard then
 * forgets what earlier files of the folder told of the steps that are done again. */
#include "base/file.h"
#include "base/log.h"
#include "train/report/tfevents.h"
#include "train/report/track.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char file_prefix[] = "events.out.tfevents.";

static double wall_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A writer that was killed, or a machine that stopped, may have left a part of a record: readers wait for its rest. */
static void cut_torn(const char *path)
{
    hone_mapping m;
    if (hone__map_file(&m, path) != HONE_OK)
        return;
    size_t whole = hone__tf_whole(m.data, m.len), len = m.len;
    hone__unmap_file(&m);
    if (whole < len && truncate(path, (off_t)whole) == 0)
        hone__log(HONE_LOG_INFO, "%s: %zu bytes of a record that was not finished are cut off", path, len - whole);
}

static hone_status cut_all_torn(const char *folder)
{
    DIR *dir = opendir(folder);
    hone_status status = HONE_OK;
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry && status == HONE_OK; entry = readdir(dir)) {
        char *path = NULL;
        if (!hone__starts_with(entry->d_name, file_prefix))
            continue;
        status = hone__path_join(&path, folder, entry->d_name);
        if (status == HONE_OK)
            cut_torn(path);
        hone__free(path);
    }
    if (dir)
        closedir(dir);
    return status;
}

/* A name that no other file has; TensorBoard reads the files of a folder in the order of their names. */
static hone_status open_file(hone_tracker *t, const char *folder)
{
    char host[65] = "localhost", name[160], *path = NULL;
    hone_status status = HONE_INVALID_ARGUMENT;
    (void)gethostname(host, sizeof(host) - 1);
    for (int n = 0; n < 1000 && status == HONE_INVALID_ARGUMENT; n++) {
        snprintf(name, sizeof(name), "%s%010lld.%s.%ld.%03d", file_prefix, (long long)wall_time(), host, (long)getpid(), n);
        HONE_TRY(hone__path_join(&path, folder, name));
        status = hone__track_file_open(&t->file, path, 0, true);
        hone__free(path);
    }
    return status;
}

static hone_status open_tensorboard(hone_tracker *t, const char *folder)
{
    hone_str head = HONE_STR_INIT;
    hone_status status;
    if (t->options.resume_step >= 0)
        HONE_TRY(cut_all_torn(folder));
    HONE_TRY(open_file(t, folder));
    hone__tf_put_version(&head, wall_time());
    if (t->options.resume_step >= 0)
        hone__tf_put_start(&head, wall_time(), t->options.resume_step + 1);
    HONE_GO(hone__str_status(&head));
    status = hone__track_file_add(&t->file, head.data, head.len);
done:
    hone__str_dispose(&head);
    return status;
}

/* loss → train/loss, eval_loss → eval/loss, test_loss → test/loss: rewrite_logs of the reference's integrations. */
static void put_group(char *out, size_t size, const char *name)
{
    if (hone__starts_with(name, "eval_"))
        snprintf(out, size, "eval/%s", name + 5);
    else if (hone__starts_with(name, "test_"))
        snprintf(out, size, "test/%s", name + 5);
    else
        snprintf(out, size, "train/%s", name);
}

static hone_status add_summary(hone_tracker *t, int64_t step, hone_str *summary)
{
    hone_str record = HONE_STR_INIT;
    hone_status status;
    hone__tf_put_summary(&record, wall_time(), step, summary);
    HONE_GO(hone__str_status(&record));
    status = hone__track_file_add(&t->file, record.data, record.len);
done:
    hone__str_dispose(&record);
    hone__str_dispose(summary);
    return status;
}

static hone_status log_scalars(hone_tracker *t, int64_t step, const hone_metrics *metrics)
{
    hone_str summary = HONE_STR_INIT;
    char name[80];
    for (size_t i = 0; i < metrics->n; i++) {
        if (strcmp(metrics->items[i].name, "step") == 0)
            continue;
        if (t->options.group_names)
            put_group(name, sizeof(name), metrics->items[i].name);
        hone__tf_scalar(&summary, t->options.group_names ? name : metrics->items[i].name, metrics->items[i].value);
    }
    return add_summary(t, step, &summary);
}

static hone_status log_text(hone_tracker *t, int64_t step, const char *tag, const char *text)
{
    hone_str summary = HONE_STR_INIT;
    hone__tf_text(&summary, tag, text);
    return add_summary(t, step, &summary);
}

static hone_status log_histogram(hone_tracker *t, int64_t step, const char *tag, const float *values, size_t n)
{
    hone_str summary = HONE_STR_INIT;
    hone__tf_histogram(&summary, tag, values, n);
    return add_summary(t, step, &summary);
}

static bool write_events(hone_tracker *t)
{
    return hone__track_file_write(&t->file);
}

const hone_tracker_ops hone__track_tensorboard = {open_tensorboard, log_scalars, log_text, log_histogram, write_events};
