/* The trackers of a loop of one's own: init_trackers, log, end_training of accelerate's tracking.py over hone/tracker.h. */
#include "base/mem.h"
#include "train/accelerator.h"

#include <stdio.h>
#include <string.h>

static hone_status open_one(hone_accelerator *acc, const char *kind, const char *folder)
{
    hone_tracker_options options = HONE_TRACKER_OPTIONS_INIT;
    options.resume_step = acc->last_logged;
    if (acc->n_trackers == HONE_N_TRACKERS)
        return hone__fail(HONE_INVALID_ARGUMENT, "log_with: the same tracker twice in \"%s\"", acc->log_with);
    HONE_TRY(hone_tracker_open(&acc->trackers[acc->n_trackers], kind, folder, &options));
    acc->n_trackers++;
    return HONE_OK;
}

static hone_status open_all(hone_accelerator *acc, const char *folder)
{
    for (const char *p = acc->log_with; p && *p;) {
        char kind[32];
        const char *comma = strchr(p, ',');
        snprintf(kind, sizeof(kind), "%.*s", (int)(comma ? comma - p : (long)strlen(p)), p);
        HONE_TRY(open_one(acc, kind, folder));
        p = comma ? comma + 1 : NULL;
    }
    return HONE_OK;
}

static hone_status log_config(hone_accelerator *acc, const hone_metrics *config)
{
    char *json = NULL;
    hone_status status = hone_metrics_to_json(&json, config, 4);
    for (size_t i = 0; i < acc->n_trackers && status == HONE_OK; i++)
        status = hone_tracker_log_text(acc->trackers[i], 0, "config", json);
    hone_metrics_free_json(json);
    return status;
}

hone_status hone_accelerator_init_trackers(hone_accelerator *acc, const char *project_name, const hone_metrics *config)
{
    char *folder = NULL;
    hone_status status;
    hone__accelerator_free_trackers(acc);
    if (!project_name || !*project_name)
        return hone__fail(HONE_INVALID_ARGUMENT, "init_trackers: the project has no name");
    if (!hone_accelerator_is_main_process(acc))
        return HONE_OK;
    HONE_GO(hone__path_join(&folder, acc->project_dir ? acc->project_dir : ".", project_name));
    HONE_GO(open_all(acc, folder));
    status = config ? log_config(acc, config) : HONE_OK;
done:
    hone__free(folder);
    if (status != HONE_OK)
        hone__accelerator_free_trackers(acc);
    return status;
}

hone_status hone_accelerator_log(hone_accelerator *acc, const hone_metrics *values, int64_t step)
{
    for (size_t i = 0; i < acc->n_trackers; i++)
        HONE_TRY(hone_tracker_log(acc->trackers[i], step, values));
    acc->last_logged = step;
    return HONE_OK;
}

hone_status hone_accelerator_end_training(hone_accelerator *acc)
{
    hone_error_state why = {.status = HONE_OK};
    for (size_t i = 0; i < acc->n_trackers; i++) {
        hone_status status = hone_tracker_flush(acc->trackers[i]);
        if (status != HONE_OK && why.status == HONE_OK)
            hone__error_save(&why, status);
    }
    hone__accelerator_free_trackers(acc);
    return why.status == HONE_OK ? HONE_OK : hone__error_restore(&why);
}

void hone__accelerator_free_trackers(hone_accelerator *acc)
{
    for (size_t i = 0; i < acc->n_trackers; i++)
        hone_tracker_free(acc->trackers[i]);
    acc->n_trackers = 0;
}
