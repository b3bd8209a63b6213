/* A profile's events as Trace Event JSON (the "JSON Object Format" of chrome://tracing, which Perfetto reads too): one complete event ("X") a span, times in
 * microseconds from the first one; threads have names. */
#include "base/json.h"
#include "nn/profile.h"

#include <string.h>

enum { MOST_THREADS = 16, ENGINE = 0 };

typedef struct trace {
    hone_file_writer *file;
    hone_str text;
    hone_json_writer json;
    const char *threads[MOST_THREADS];
    int n_threads;
    int64_t zero;
} trace;

static void flush(trace *t)
{
    hone__writer_write(t->file, t->text.data, t->text.len);
    hone__str_clear(&t->text);
}

/* The first is the profiled one, without a name of its own. */
static int thread_of(trace *t, const char *name)
{
    for (int i = 1; name && i < t->n_threads; i++) {
        if (strcmp(t->threads[i], name) == 0)
            return i;
    }
    if (!name || t->n_threads == MOST_THREADS)
        return name ? MOST_THREADS - 1 : ENGINE;
    t->threads[t->n_threads] = name;
    return t->n_threads++;
}

static void put_name(trace *t, const char *what, int thread, const char *name)
{
    hone__jw_object(&t->json);
    hone__jw_put_string(&t->json, "ph", "M");
    hone__jw_put_string(&t->json, "name", what);
    hone__jw_put_int(&t->json, "pid", 1);
    hone__jw_put_int(&t->json, "tid", thread);
    hone__jw_key(&t->json, "args");
    hone__jw_object(&t->json);
    hone__jw_put_string(&t->json, "name", name);
    hone__jw_end_object(&t->json);
    hone__jw_end_object(&t->json);
    flush(t);
}

static void put_work(trace *t, const hone__span_event *e)
{
    double seconds = 1e-9 * (double)(e->end - e->begin);
    hone__jw_key(&t->json, "args");
    hone__jw_object(&t->json);
    if (e->layer >= 0) {
        hone__jw_put_int(&t->json, "layer", e->layer);
    }
    if (e->flops > 0 && seconds > 0) {
        hone__jw_put_double(&t->json, "GFLOP/s", 1e-9 * e->flops / seconds);
    }
    if (e->bytes > 0 && seconds > 0) {
        hone__jw_put_double(&t->json, "GB/s", 1e-9 * e->bytes / seconds);
    }
    hone__jw_end_object(&t->json);
}

static void put_event(trace *t, const hone__span_event *e)
{
    char name[128];
    snprintf(name, sizeof(name), e->layer >= 0 ? "%s %d" : "%s", e->name, e->layer);
    hone__jw_object(&t->json);
    hone__jw_put_string(&t->json, "ph", "X");
    hone__jw_put_string(&t->json, "name", name);
    hone__jw_put_string(&t->json, "cat", hone__span_kinds[e->kind]);
    hone__jw_put_int(&t->json, "pid", 1);
    hone__jw_put_int(&t->json, "tid", thread_of(t, e->thread));
    hone__jw_put_double(&t->json, "ts", 1e-3 * (double)(e->begin - t->zero));
    hone__jw_put_double(&t->json, "dur", 1e-3 * (double)(e->end - e->begin));
    put_work(t, e);
    hone__jw_end_object(&t->json);
    flush(t);
}

static int64_t first_time(const hone__spans *s)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < s->n_events; i++)
        first = s->events[i].begin < first ? s->events[i].begin : first;
    return first;
}

static void put_all(trace *t, const hone__spans *s)
{
    t->zero = first_time(s);
    hone__jw_object(&t->json);
    hone__jw_put_string(&t->json, "displayTimeUnit", "ms");
    hone__jw_key(&t->json, "traceEvents");
    hone__jw_array(&t->json);
    put_name(t, "process_name", ENGINE, "hone");
    for (size_t i = 0; i < s->n_events; i++)
        put_event(t, &s->events[i]);
    put_name(t, "thread_name", ENGINE, "engine");
    for (int i = 1; i < t->n_threads; i++)
        put_name(t, "thread_name", i, t->threads[i]);
    hone__jw_end_array(&t->json);
    hone__jw_end_object(&t->json);
    hone__str_putc(&t->text, '\n');
    flush(t);
}

hone_status hone_profile_write_trace(const hone_profile *p, const char *path)
{
    trace t = {.text = HONE_STR_INIT, .n_threads = 1};
    hone_status status;
    HONE_TRY(hone__writer_open(&t.file, path));
    t.json = hone__json_writer(&t.text, 0);
    put_all(&t, &p->spans);
    status = hone__str_status(&t.text);
    if (status != HONE_OK)
        hone__writer_abort(t.file);
    else
        status = hone__writer_commit(t.file);
    hone__str_dispose(&t.text);
    return status;
}
