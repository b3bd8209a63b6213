/* Log lines and progress on their way to whoever listens. Listeners are called one at a time, under a lock that the same thread may take again,
 * so that a listener may itself cause a line. */
#include "base/log.h"
#include "base/str.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define PROGRESS_SECONDS 0.05

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

/* Written under the lock; read without it by those who only want to know whether anybody listens. */
static _Atomic(hone_log_fn) log_fn;
static _Atomic(void *) log_payload;
static atomic_int log_level;
static _Atomic(hone_progress_fn) progress_fn;
static _Atomic(void *) progress_payload;

static _Thread_local double last_progress; /* hone__seconds of the last call, 0: none in this piece */

double hone__seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void hone_set_log(hone_log_fn fn, void *payload, hone_log_level level)
{
    pthread_mutex_lock(&lock);
    log_fn = fn;
    log_payload = payload;
    log_level = (int)level;
    pthread_mutex_unlock(&lock);
}

void hone__log(hone_log_level level, const char *format, ...)
{
    char line[2048];
    if (!log_fn || (int)level < log_level)
        return;
    va_list args;
    va_start(args, format);
    int len = hone__vprint(line, sizeof(line), format, args);
    va_end(args);
    if (len < 0)
        return;
    for (char *p = line; *p; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    pthread_mutex_lock(&lock);
    hone_log_fn fn = log_fn;
    if (fn)
        fn(log_payload, level, line);
    pthread_mutex_unlock(&lock);
}

void hone_set_progress(hone_progress_fn fn, void *payload)
{
    pthread_mutex_lock(&lock);
    progress_fn = fn;
    progress_payload = payload;
    pthread_mutex_unlock(&lock);
}

bool hone__progress_due(void)
{
    return progress_fn && (last_progress == 0 || hone__seconds() - last_progress >= PROGRESS_SECONDS);
}

static void show(const hone_progress *progress)
{
    pthread_mutex_lock(&lock);
    hone_progress_fn fn = progress_fn;
    if (fn)
        fn(progress_payload, progress);
    pthread_mutex_unlock(&lock);
}

void hone__progress(const char *what, int64_t done, int64_t total, const char *unit, const char *note)
{
    if (!hone__progress_due())
        return;
    last_progress = hone__seconds();
    show(&(hone_progress){what, done, total, unit, note, 0});
}

void hone__progress_end(const char *what, int64_t done, int64_t total, const char *unit, const char *note)
{
    last_progress = 0;
    show(&(hone_progress){what, done, total, unit, note, 1});
}
