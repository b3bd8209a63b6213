/* A callback that watches the memory of a training: a step asks for none once every buffer is there, and the process does not grow. */
#ifndef HONE_TESTS_WATCH_H
#define HONE_TESTS_WATCH_H

#include "support/support.h"

#include <hone/train.h>

typedef struct test_watch {
    int64_t from;               /* steps behind this one are watched */
    uint64_t requests, most;    /* at a step's begin; the most between the begin and the end of one */
    size_t rss_early, rss_late; /* resident bytes at the end of step `from` and of the last one */
} test_watch;

/* Lends *w, whose `from` is set. */
hone_callback test_watch_memory(test_watch *w);

#endif
