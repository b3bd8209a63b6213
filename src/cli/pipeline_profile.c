/* hone pipeline --profile: where the time of answers went, batch by batch of texts, as hone/profile.h tells it for trainings. Nothing is left out at the start: a run may be one batch. */
#include "cli/pipeline_cli.h"

#include <hone/train.h>

enum { TRACED = 6 }; /* batches */

hone_status pipeline_profile_start(pipeline_options *o, hone_device *device)
{
    if (!o->profile && !o->profile_trace)
        return HONE_OK;
    hone_status status = hone_profile_start(&o->profiling, device, &(hone_profile_options){0, 1, TRACED});
    hone_profile_begin(o->profiling, "load");
    return status;
}

void pipeline_profile_loaded(const pipeline_options *o)
{
    hone_profile_end(o->profiling);
}

hone_status pipeline_profile_end(pipeline_options *o, bool succeeded)
{
    char *report = NULL;
    hone_status status = HONE_OK;
    if (o->profiling && succeeded && hone_profile_steps(o->profiling) > 0)
        status = hone_profile_report(&report, o->profiling, false);
    if (report)
        fputs(report, stderr);
    if (report && o->profile_trace)
        status = hone_profile_write_trace(o->profiling, o->profile_trace);
    hone_free_text(report);
    hone_profile_free(o->profiling);
    o->profiling = NULL;
    return status;
}
