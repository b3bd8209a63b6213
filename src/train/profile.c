/* --profile: a profile (hone/profile.h) over a training, or over an evaluation of its own, whose batches are its steps. At the end the tables are log lines and
 * profile.txt of output_dir, the trace is profile_trace.json there. */
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

/* "4:6", or "4". */
static bool read_steps(const char *text, int64_t *first, int64_t *last)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *first = *last = strtoll(text, &end, 10);
    if (*end == ':' && end[1] >= '0' && end[1] <= '9')
        *last = strtoll(end + 1, &end, 10);
    return *end == '\0' && *first >= 1 && *last >= *first;
}

hone_status hone__training_check_profile(const hone_training_args *args)
{
    int64_t first, last;
    if (!args->profile_steps || read_steps(args->profile_steps, &first, &last))
        return HONE_OK;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--profile_steps: \"%s\" is no range of steps", args->profile_steps),
                      "give first and last step of the trace, counted from 1: --profile_steps 4:6");
}

hone_status hone__trainer_profile_start(hone_trainer *t, int64_t n_steps)
{
    hone_profile_options options = HONE_PROFILE_OPTIONS_INIT;
    if (!t->args.profile || t->profile)
        return HONE_OK;
    if (t->args.profile_steps)
        read_steps(t->args.profile_steps, &options.trace_first, &options.trace_last);
    if (options.skip_steps > n_steps / 2)
        options.skip_steps = n_steps / 2;
    return hone_profile_start(&t->profile, hone_model_device(t->model), &options);
}

static void log_lines(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        hone__log(HONE_LOG_INFO, "%.*s", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static hone_status write_files(hone_trainer *t, void *payload)
{
    const char *report = payload;
    char *path = NULL;
    hone_status status;
    HONE_TRY(hone__make_dirs(t->output_dir));
    HONE_GO(hone__trainer_path(&path, t, "profile.txt"));
    HONE_GO(hone__write_file(path, report, strlen(report)));
    hone__free(path);
    path = NULL;
    HONE_GO(hone__trainer_path(&path, t, "profile_trace.json"));
    HONE_GO(hone_profile_write_trace(t->profile, path));
    hone__log(HONE_LOG_INFO, "the trace of the profile is %s, for chrome://tracing and ui.perfetto.dev", path);
done:
    hone__free(path);
    return status;
}

void hone__trainer_profile_stop(hone_trainer *t, hone_status status)
{
    hone_error_state why;
    hone__error_save(&why, status);
    if (status == HONE_CANCELLED)
        hone__trainer_profile_end(t);
    hone_profile_free(t->profile);
    t->profile = NULL;
    hone__error_restore(&why);
}

hone_status hone__trainer_profile_end(hone_trainer *t)
{
    char *report = NULL;
    hone_status status = HONE_OK;
    if (!t->profile)
        return HONE_OK;
    if (hone_profile_steps(t->profile) > 0)
        status = hone_profile_report(&report, t->profile, t->args.profile_layers);
    if (report) {
        log_lines(report);
        if (t->args.output_dir)
            status = hone__trainer_persist(t, write_files, report, "the profile", 0);
    }
    if (status == HONE_IO) { /* what was trained is worth more */
        hone__log(HONE_LOG_WARNING, "the profile was not written: %s", hone_error_message());
        status = HONE_OK;
    }
    hone__free(report);
    hone_profile_free(t->profile);
    t->profile = NULL;
    return status;
}
