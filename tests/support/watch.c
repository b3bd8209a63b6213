/* See watch.h. */
#include "support/watch.h"
#include "base/mem.h"

static hone_status watch(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                         const hone_metrics *metrics)
{
    test_watch *w = payload;
    hone_mem_stats now;
    (void)t, (void)control, (void)metrics;
    hone__mem_stats(&now);
    if (event == HONE_ON_STEP_BEGIN)
        w->requests = now.n_requests;
    if (event != HONE_ON_STEP_END)
        return HONE_OK;
    if (state->global_step > w->from && now.n_requests - w->requests > w->most)
        w->most = now.n_requests - w->requests;
    if (state->global_step == w->from)
        w->rss_early = hone__rss_now();
    if (state->global_step == state->max_steps)
        w->rss_late = hone__rss_now();
    return HONE_OK;
}

hone_callback test_watch_memory(test_watch *w)
{
    return (hone_callback){.name = "watch", .fn = watch, .payload = w};
}
