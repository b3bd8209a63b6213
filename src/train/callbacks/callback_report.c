/* What --report_to asks for: the trackers of a run, opened before the first step, told of each entry of the log as it is made, and of histograms when asked for. In the place of transformers' TensorBoardCallback, whose
 * names and texts ("args", "model_config") it has. Where they write: tensorboard in --logging_dir, else OUTPUT_DIR/runs/DATE_HOST (or runs/RUN_NAME), and a run that goes on goes on in its own; csv and jsonl beside
 * trainer_state.json. A run that goes on makes its lines from log_history, which the checkpoint holds: no step is there twice, whatever a killed process had written. */
#include "models/model.h"
#include "train/report/track.h"
#include "train/trainer.h"

#include <hone/tracker.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct reports {
    hone_tracker *trackers[HONE_N_TRACKERS];
    float *values; /* room for a parameter, for histograms */
    size_t capacity;
    bool gone; /* a tracker's file is not where it was, and could not be made anew yet */
} reports;

/* ---- which ---- */

static const char *const kinds[] = {
#define X(suffix, name) name,
    HONE_TRACKER_MAP(X)
#undef X
};

static hone_status mark(bool *wanted, const char *name, size_t len)
{
    if (len == 3 && strncmp(name, "all", len) == 0) {
        for (size_t i = 0; i < HONE_N_TRACKERS; i++)
            wanted[i] = true;
        return HONE_OK;
    }
    if (len == 0 || (len == 4 && strncmp(name, "none", len) == 0))
        return HONE_OK;
    for (size_t i = 0; i < HONE_N_TRACKERS; i++)
        if (strlen(kinds[i]) == len && strncmp(name, kinds[i], len) == 0) {
            wanted[i] = true;
            return HONE_OK;
        }
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--report_to: there is no tracker \"%.*s\"", (int)len, name),
                      "give none, all, or some of tensorboard, csv, jsonl");
}

static hone_status choose(bool *wanted, const hone_training_args *a)
{
    memset(wanted, 0, HONE_N_TRACKERS * sizeof(*wanted));
    if (a->report_to.n == 0)
        wanted[HONE_TRACKER_TENSORBOARD] = wanted[HONE_TRACKER_JSONL] = true;
    for (size_t i = 0; i < a->report_to.n; i++)
        for (const char *p = a->report_to.items[i]; p;) {
            const char *comma = strchr(p, ',');
            HONE_TRY(mark(wanted, p, comma ? (size_t)(comma - p) : strlen(p)));
            p = comma ? comma + 1 : NULL;
        }
    return HONE_OK;
}

hone_status hone__reports_check(const hone_training_args *a)
{
    bool wanted[HONE_N_TRACKERS];
    const char *name = a->run_name;
    HONE_TRY(choose(wanted, a));
    if (name && (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--run_name: \"%s\" cannot be the name of a folder", name),
                          "give a name without /; --logging_dir takes a path");
    if (a->log_histograms_steps > 0 && !wanted[HONE_TRACKER_TENSORBOARD])
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "--log_histograms_steps: histograms go to TensorBoard, which --report_to leaves out"),
            "give --report_to tensorboard, or leave the histograms out");
    return HONE_OK;
}

/* ---- where ---- */

static hone_status check_file(const hone_training_args *a, const char *name)
{
    char *path = NULL;
    hone_status status = hone__path_join(&path, hone__training_output_dir(a), name);
    if (status == HONE_OK && hone__is_dir(path))
        status = hone__fail(HONE_IO, "cannot write %s: it is a folder", path);
    else if (status == HONE_OK && access(path, F_OK) == 0 && access(path, W_OK) != 0)
        status = hone__fail_errno("cannot write", path);
    hone__free(path);
    return status == HONE_OK ? status : hone__hint(status, "move it away, give another --output_dir, or leave it out of --report_to");
}

static hone_status check_runs(const hone_training_args *a)
{
    char *runs = NULL;
    if (a->logging_dir)
        return hone__hint(hone__fail_in(hone__can_write_in(a->logging_dir), "--logging_dir"), "give another folder, or --report_to jsonl");
    HONE_TRY(hone__path_join(&runs, hone__training_output_dir(a), HONE__LOG_RUNS));
    hone_status status = hone__can_write_in(runs);
    hone__free(runs);
    return hone__hint(status, "move it away, give --logging_dir, or --report_to jsonl");
}

hone_status hone__reports_check_places(const hone_training_args *a)
{
    bool wanted[HONE_N_TRACKERS];
    HONE_TRY(choose(wanted, a));
    if (wanted[HONE_TRACKER_JSONL])
        HONE_TRY(check_file(a, HONE__LOG_LINES));
    if (wanted[HONE_TRACKER_CSV])
        HONE_TRY(check_file(a, HONE__LOG_TABLE));
    return wanted[HONE_TRACKER_TENSORBOARD] ? check_runs(a) : HONE_OK;
}

/* The number in the name of the newest event file of a folder, which is its time; 0 when there is none. */
static long long newest_events(const char *folder)
{
    DIR *dir = opendir(folder);
    long long newest = 0, when;
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
        if (sscanf(entry->d_name, "events.out.tfevents.%lld.", &when) == 1 && when > newest)
            newest = when;
    if (dir)
        closedir(dir);
    return newest;
}

/* The folder of the run that goes on: that of the newest event file; *out NULL when there is none. */
static hone_status find_run(char **out, const char *runs)
{
    DIR *dir = opendir(runs);
    long long newest = 0;
    hone_status status = HONE_OK;
    *out = NULL;
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry && status == HONE_OK; entry = readdir(dir)) {
        char *path = NULL;
        if (entry->d_name[0] == '.')
            continue;
        status = hone__path_join(&path, runs, entry->d_name);
        long long when = status == HONE_OK ? newest_events(path) : 0;
        if (when > newest) {
            newest = when;
            hone__free(*out);
            *out = path;
            path = NULL;
        }
        hone__free(path);
    }
    if (dir)
        closedir(dir);
    return status;
}

/* "Nov22_22-36-48_host", as the reference's default_logdir; another run of that name gets a number. */
static hone_status name_run(char **out, const char *runs, const char *run_name)
{
    char host[65] = "localhost", date[64];
    hone_str path = HONE_STR_INIT;
    time_t now = time(NULL);
    struct tm local;
    hone_status status;
    *out = NULL;
    (void)gethostname(host, sizeof(host) - 1);
    strftime(date, sizeof(date), "%b%d_%H-%M-%S", localtime_r(&now, &local));
    for (int n = 1;; n++) {
        hone__str_clear(&path);
        hone__str_printf(&path, "%s/%s", runs, run_name ? run_name : date);
        if (!run_name)
            hone__str_printf(&path, "_%s", host);
        if (n > 1)
            hone__str_printf(&path, "-%d", n);
        HONE_GO(hone__str_status(&path));
        if (access(path.data, F_OK) != 0)
            break;
    }
    status = hone__str_take(out, &path);
done:
    hone__str_dispose(&path);
    return status;
}

static hone_status find_folder(char **out, const hone_trainer *t, bool resumed)
{
    char *runs = NULL;
    hone_status status;
    *out = NULL;
    if (t->args.logging_dir)
        return hone__strdup(out, t->args.logging_dir);
    HONE_TRY(hone__path_join(&runs, t->output_dir, HONE__LOG_RUNS));
    if (resumed)
        HONE_GO(find_run(out, runs));
    if (!*out)
        HONE_GO(name_run(out, runs, t->args.run_name));
    status = HONE_OK;
done:
    hone__free(runs);
    return status;
}

/* ---- the beginning of a run ---- */

/* Each line set in: a block of code for Markdown, and still JSON. */
static hone_status log_json(hone_tracker *tracker, int64_t step, const char *tag, const char *json)
{
    hone_str text = HONE_STR_INIT;
    for (const char *p = json; *p;) {
        size_t len = strcspn(p, "\n");
        hone__str_puts(&text, "    ");
        hone__str_append(&text, p, len);
        hone__str_putc(&text, '\n');
        p += len + (p[len] == '\n');
    }
    hone_status status = hone__str_status(&text);
    if (status == HONE_OK)
        status = hone_tracker_log_text(tracker, step, tag, text.data ? text.data : "");
    hone__str_dispose(&text);
    return status;
}

static hone_status log_texts(hone_tracker *tracker, const hone_trainer *t)
{
    char *args = NULL;
    hone_str config = HONE_STR_INIT;
    int64_t step = t->state.global_step;
    hone_status status;
    HONE_GO(hone_training_args_to_json(&args, &t->args));
    HONE_GO(log_json(tracker, step, "args", args));
    HONE_GO(hone__model_config_text(&config, t->model));
    HONE_GO(log_json(tracker, step, "model_config", config.data));
    if (t->args.run_name)
        status = hone_tracker_log_text(tracker, step, "run_name", t->args.run_name);
done:
    hone_free_text(args);
    hone__str_dispose(&config);
    return status;
}

/* The entries from step `first` on that the checkpoint told of. */
static hone_status log_again(hone_tracker *tracker, const hone_trainer *t, int64_t first)
{
    for (size_t i = 0; i < t->n_logs; i++) {
        double step = 0;
        hone_metrics_get(&t->logs[i], "step", &step);
        if ((int64_t)step >= first)
            HONE_TRY(hone_tracker_log(tracker, (int64_t)step, &t->logs[i]));
    }
    return HONE_OK;
}

static hone_status open_tensorboard(hone_tracker **out, const hone_trainer *t, bool resumed)
{
    char *folder = NULL;
    hone_tracker_options options = {-1, true};
    hone_status status;
    HONE_GO(find_folder(&folder, t, resumed));
    bool goes_on = resumed && newest_events(folder) > 0; /* else its beginning is in another output folder: it is told again */
    if (goes_on)
        options.resume_step = t->state.global_step - 1;
    status = hone_tracker_open(out, "tensorboard", folder, &options);
    if (status != HONE_OK && t->args.logging_dir)
        HONE_GO(hone__hint(hone__fail_in(status, "--logging_dir"), "give another folder, or --report_to jsonl"));
    HONE_GO(status);
    HONE_GO(log_texts(*out, t));
    if (resumed) /* the checkpoint's own step may have been told in part, or more */
        status = log_again(*out, t, goes_on ? t->state.global_step : 0);
done:
    hone__free(folder);
    return status;
}

static void close_all(reports *r)
{
    for (size_t i = 0; i < HONE_N_TRACKERS; i++) {
        hone_tracker_free(r->trackers[i]);
        r->trackers[i] = NULL;
    }
}

static hone_status hint_remedy(hone_status status)
{
    const char *remedy = hone__disk_remedy(hone__error_code());
    return remedy && !*hone_error_hint() ? hone__hint(status, "%s, or leave this log out: --report_to none", remedy) : status;
}

static hone_status open_all(reports *r, const hone_trainer *t)
{
    bool wanted[HONE_N_TRACKERS], resumed = t->started_step > 0 || t->n_logs > 0;
    close_all(r);
    HONE_TRY(choose(wanted, &t->args));
    for (int i = 0; i < HONE_N_TRACKERS && t->comm->rank == 0; i++) {
        if (!wanted[i])
            continue;
        if (i == HONE_TRACKER_TENSORBOARD) {
            HONE_TRY(hint_remedy(open_tensorboard(&r->trackers[i], t, resumed)));
        } else {
            HONE_TRY(hint_remedy(hone_tracker_open(&r->trackers[i], kinds[i], t->output_dir, NULL)));
            HONE_TRY(log_again(r->trackers[i], t, 0));
        }
    }
    return HONE_OK;
}

/* ---- while it runs ---- */

/* Whether a file was moved or removed, mostly with the whole output folder: what is written goes nowhere then. */
static bool is_gone(const reports *r)
{
    for (size_t i = 0; i < HONE_N_TRACKERS; i++)
        if (r->trackers[i] && access(hone_tracker_path(r->trackers[i]), F_OK) != 0)
            return true;
    return r->gone;
}

/* The files again, from the history, which has the present entry already. */
static hone_status write_anew(reports *r, const hone_trainer *t)
{
    if (!r->gone)
        hone__log(HONE_LOG_WARNING, "the logs in %s were moved or removed: they are written anew, from the first entry on", t->output_dir);
    hone_status status = open_all(r, t);
    if (status == HONE_IO && !r->gone)
        hone__log(HONE_LOG_WARNING, "they could not be: %s; the training goes on", hone_error_message());
    r->gone = status != HONE_OK;
    if (r->gone)
        close_all(r);
    return status == HONE_IO ? HONE_OK : status;
}

static hone_status log_entry(reports *r, int64_t step, const hone_metrics *entry)
{
    for (size_t i = 0; i < HONE_N_TRACKERS; i++)
        if (r->trackers[i])
            HONE_TRY(hone_tracker_log(r->trackers[i], step, entry));
    return HONE_OK;
}

static hone_status log_histogram(reports *r, int64_t step, const char *group, const char *name, const hone_tensor *values, double factor)
{
    char tag[256];
    size_t n = (size_t)hone_tensor_count(values);
    HONE_TRY(hone_tensor_read(values, r->values, n));
    for (size_t i = 0; factor != 1 && i < n; i++)
        r->values[i] = (float)(factor * r->values[i]);
    snprintf(tag, sizeof(tag), "%s/%s", group, name);
    return hone_tracker_log_histogram(r->trackers[HONE_TRACKER_TENSORBOARD], step, tag, r->values, n);
}

size_t hone__report_room(const hone_model *model)
{
    const hone_params *params = hone__model_params(model);
    size_t most = 0;
    for (size_t i = 0; i < params->n_items; i++)
        most = params->items[i]->count > most ? params->items[i]->count : most;
    return most;
}

/* Weights after the update, gradients as it took them: divided by the items of the batch, and clipped. */
static hone_status log_histograms(reports *r, hone_trainer *t)
{
    int64_t every = t->args.log_histograms_steps, step = t->state.global_step + 1;
    hone_parameter p;
    if (every == 0 || step % every != 0 || !r->trackers[HONE_TRACKER_TENSORBOARD])
        return HONE_OK;
    HONE_TRY(HONE_GROW(&r->values, &r->capacity, hone__report_room(t->model)));
    for (size_t i = 0; hone_model_parameter(t->model, i, &p); i++) {
        HONE_TRY(log_histogram(r, step, "weights", p.name, p.value, 1));
        if (p.grad)
            HONE_TRY(log_histogram(r, step, "gradients", p.name, p.grad, t->opt->host.factor));
    }
    return HONE_OK;
}

static hone_status report(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                          const hone_metrics *metrics)
{
    reports *r = payload;
    (void)control;
    if (event == HONE_ON_TRAIN_BEGIN)
        return open_all(r, t);
    if (event == HONE_ON_LOG && is_gone(r))
        return write_anew(r, t);
    if (event == HONE_ON_LOG)
        return log_entry(r, state->global_step, metrics);
    if (event == HONE_ON_OPTIMIZER_STEP)
        return log_histograms(r, t);
    return HONE_OK;
}

static void drop(void *payload)
{
    reports *r = payload;
    close_all(r);
    hone__free(r->values);
    hone__free(r);
}

hone_status hone__report_callback(hone_callback *out)
{
    reports *r = NULL;
    HONE_TRY(HONE_NEW(&r, 1));
    *out = (hone_callback){.name = "ReportCallback", .fn = report, .payload = r, .free = drop};
    return HONE_OK;
}
