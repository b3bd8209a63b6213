/* Where time goes: spans that nest, on the thread that is profiled (hone/profile.h is the outside).
 *
 * Whoever does a part of the work says so with hone__span_begin and hone__span_end; while no profile is on, that is one look at a thread's own pointer. A span is known by its
 * name, kind and layer and by the spans around it: the sums form a tree, which report.c of src/nn reads. Spans of some steps are also kept one by one, with their
 * times, for a trace. */
#ifndef HONE_BASE_SPANS_H
#define HONE_BASE_SPANS_H

#include "base/mem.h"
#include <pthread.h>

typedef enum hone__span_kind {
    HONE__SPAN_PART,     /* of a run: a step, its parts, an evaluation */
    HONE__SPAN_FORWARD,  /* an op of a tape */
    HONE__SPAN_BACKWARD, /* the same, its gradients */
    HONE__SPAN_KERNEL    /* an entry of a backend */
} hone__span_kind;

enum { HONE__SPAN_DEPTH = 64, HONE__NO_SPAN = 0 /* the root: nobody's child */ };

typedef struct hone__span {
    const char *name; /* static text */
    hone__span_kind kind;
    int layer; /* -1: of none */
    uint32_t parent, first_child, next;
    int64_t calls, ns;
    double flops, bytes; /* of the span itself, not of those in it */
} hone__span;

typedef struct hone__span_event {
    const char *name, *thread; /* thread NULL: the profiled one */
    hone__span_kind kind;
    int layer;
    int64_t begin, end; /* ns of the monotonic clock */
    double flops, bytes;
} hone__span_event;

typedef struct hone__spans {
    hone__span *items; /* [0] is the root */
    size_t n_items, capacity;
    uint32_t path[HONE__SPAN_DEPTH];
    int64_t begun[HONE__SPAN_DEPTH];
    int depth;
    bool tracing;
    hone__span_event *events;
    size_t n_events, events_capacity;
    int64_t n_lost, started;
    pthread_mutex_t lock; /* of events: other threads add theirs */
} hone__spans;

hone_status hone__spans_init(hone__spans *s);
void hone__spans_dispose(hone__spans *s);
/* Forgets the sums (not the events): what came before was the warm-up. Spans that are open go on. */
void hone__spans_clear(hone__spans *s);

/* What this thread is profiled by; NULL: not. */
extern _Thread_local hone__spans *hone__spans_now;
void hone__span_begin_(hone__spans *s, hone__span_kind kind, const char *name, int layer);
void hone__span_end_(hone__spans *s, double flops, double bytes);
/* A span of any thread, which `thread` names; for the trace alone. Texts are static. */
void hone__span_add(hone__spans *s, const char *thread, const char *name, int64_t begin, int64_t end);
int64_t hone__nanoseconds(void);

static inline void hone__span_begin(hone__span_kind kind, const char *name, int layer)
{
    if (hone__spans_now)
        hone__span_begin_(hone__spans_now, kind, name, layer);
}
static inline void hone__span_end(void)
{
    if (hone__spans_now)
        hone__span_end_(hone__spans_now, 0, 0);
}
/* Of a part of a run. */
static inline void hone__part_begin(const char *name)
{
    hone__span_begin(HONE__SPAN_PART, name, -1);
}

#endif
