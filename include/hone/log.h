/* What the library tells while it works: log lines and progress. It never prints; whoever embeds it decides where they go. */
#ifndef HONE_LOG_H
#define HONE_LOG_H

#include <hone/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hone_log_level { HONE_LOG_DEBUG, HONE_LOG_INFO, HONE_LOG_WARNING, HONE_LOG_ERROR } hone_log_level;

/* Called with one line without a newline, from any thread, one call at a time. */
typedef void (*hone_log_fn)(void *payload, hone_log_level level, const char *line);

/* Where lines at or above `level` go; fn NULL: nowhere (the default). Process-wide. */
HONE_API void hone_set_log(hone_log_fn fn, void *payload, hone_log_level level);

/* A piece of long work, as it goes on. */
typedef struct hone_progress {
    const char *what;    /* "tokenizing", "training", "evaluating"; lent for the call */
    int64_t done, total; /* in `unit`s; total -1 when unknown */
    const char *unit;    /* "bytes", "steps", "rows" */
    const char *note;    /* more to show behind the bar ("loss 3.21  2,310 tokens/s"), may be NULL */
    int finished;        /* 1 in the last call of this piece */
} hone_progress;
typedef void (*hone_progress_fn)(void *payload, const hone_progress *progress);

/* Where progress goes; NULL: nowhere (the default). Called at most some 20 times a second and once at the end of each piece. Process-wide. */
HONE_API void hone_set_progress(hone_progress_fn fn, void *payload);

#ifdef __cplusplus
}
#endif
#endif
