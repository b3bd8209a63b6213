/* The tree of spans and the list of events. One thread begins and ends spans; a span for which there is no memory is measured as part of the one around it. */
#include "base/spans.h"

#include <string.h>
#include <time.h>

#define MOST_EVENTS ((size_t)1 << 18)

_Thread_local hone__spans *hone__spans_now;

int64_t hone__nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

hone_status hone__spans_init(hone__spans *s)
{
    *s = (hone__spans){.lock = PTHREAD_MUTEX_INITIALIZER};
    HONE_TRY(HONE_GROW(&s->items, &s->capacity, 1));
    s->items[0] = (hone__span){.name = "", .layer = -1};
    s->n_items = 1;
    s->started = hone__nanoseconds();
    return HONE_OK;
}

void hone__spans_dispose(hone__spans *s)
{
    hone__free(s->items);
    hone__free(s->events);
    s->items = NULL;
    s->events = NULL;
}

void hone__spans_clear(hone__spans *s)
{
    for (size_t i = 0; i < s->n_items; i++) {
        s->items[i].calls = s->items[i].ns = 0;
        s->items[i].flops = s->items[i].bytes = 0;
    }
    s->started = hone__nanoseconds();
    for (int i = 0; i < s->depth && i < HONE__SPAN_DEPTH; i++)
        s->begun[i] = s->started;
}

static uint32_t current(const hone__spans *s)
{
    int depth = s->depth < HONE__SPAN_DEPTH ? s->depth : HONE__SPAN_DEPTH;
    return depth > 0 ? s->path[depth - 1] : HONE__NO_SPAN;
}

/* The child of `parent` that is meant; parent itself when there is no memory for a new one. */
static uint32_t child_of(hone__spans *s, uint32_t parent, hone__span_kind kind, const char *name, int layer)
{
    uint32_t last = HONE__NO_SPAN;
    for (uint32_t i = s->items[parent].first_child; i != HONE__NO_SPAN; i = s->items[i].next) {
        const hone__span *span = &s->items[i];
        if (span->name == name && span->kind == kind && span->layer == layer)
            return i;
        last = i;
    }
    if (HONE_GROW(&s->items, &s->capacity, s->n_items + 1) != HONE_OK)
        return parent;
    uint32_t made = (uint32_t)s->n_items++;
    s->items[made] = (hone__span){.name = name, .kind = kind, .layer = layer, .parent = parent};
    if (last == HONE__NO_SPAN)
        s->items[parent].first_child = made;
    else
        s->items[last].next = made;
    return made;
}

void hone__span_begin_(hone__spans *s, hone__span_kind kind, const char *name, int layer)
{
    if (s->depth < HONE__SPAN_DEPTH) {
        s->path[s->depth] = child_of(s, current(s), kind, name, layer);
        s->begun[s->depth] = hone__nanoseconds();
    }
    s->depth++;
}

static void add_event(hone__spans *s, hone__span_event event)
{
    pthread_mutex_lock(&s->lock);
    if (s->n_events < MOST_EVENTS && HONE_GROW(&s->events, &s->events_capacity, s->n_events + 1) == HONE_OK)
        s->events[s->n_events++] = event;
    else
        s->n_lost++;
    pthread_mutex_unlock(&s->lock);
}

void hone__span_end_(hone__spans *s, double flops, double bytes)
{
    if (s->depth == 0)
        return; /* begun before the profile was */
    int at = --s->depth;
    if (at >= HONE__SPAN_DEPTH)
        return;
    int64_t end = hone__nanoseconds();
    hone__span *span = &s->items[s->path[at]];
    bool own = at == 0 || s->path[at] != s->path[at - 1];
    span->flops += flops;
    span->bytes += bytes;
    if (!own)
        return;
    span->calls++;
    span->ns += end - s->begun[at];
    if (s->tracing)
        add_event(s, (hone__span_event){span->name, NULL, span->kind, span->layer, s->begun[at], end, flops, bytes});
}

void hone__span_add(hone__spans *s, const char *thread, const char *name, int64_t begin, int64_t end)
{
    if (s && s->tracing)
        add_event(s, (hone__span_event){name, thread, HONE__SPAN_PART, -1, begin, end, 0, 0});
}
