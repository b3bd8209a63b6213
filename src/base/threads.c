/* Worker threads for bulk work on the host, and one job in the background. They take no signals: those belong to the thread that runs the program. */
#include "base/threads.h"
#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Cores that the quota of a cgroup is worth, rounded up; very many when there is none. */
static int quota_cores(void)
{
    const int unlimited = 1 << 20;
    long long quota = -1, period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re"); /* version 2: "max 100000" or "200000 100000" */
    if (file) {
        if (fscanf(file, "%lld %lld", &quota, &period) != 2)
            quota = -1;
        fclose(file);
    }
    return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : unlimited;
}

int hone__cpu_count(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    int cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    int quota = quota_cores();
    if (cores > quota)
        cores = quota;
    return cores > 0 ? cores : 1;
}

/* pthread_create with all signals blocked in the new thread. */
static int start_thread(pthread_t *out, void *(*run)(void *), void *payload)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(out, NULL, run, payload);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* Waits until it may end. */
static void *wait_at(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

hone_status hone__check_threads(int n_threads)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *threads = NULL;
    int n = 0, code = 0;
    if (n_threads < 2)
        return HONE_OK;
    HONE_TRY(HONE_NEW(&threads, (size_t)n_threads - 1));
    pthread_mutex_lock(&gate);
    while (n < n_threads - 1 && (code = start_thread(&threads[n], wait_at, &gate)) == 0)
        n++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    hone__free(threads);
    pthread_mutex_destroy(&gate);
    if (code == 0)
        return HONE_OK;
    return hone__hint(hone__fail(HONE_OUT_OF_MEMORY, "%d threads cannot be started, only %d: %s", n_threads, n + 1, strerror(code)),
                      "give --threads %d, or allow more processes (ulimit -u, pids.max of the control group)", n + 1);
}

/* ---- called off ---- */

static _Thread_local const atomic_int *stop_flag;

void hone__watch_stop(const atomic_int *flag)
{
    stop_flag = flag;
}

hone_status hone__check_stop(void)
{
    return stop_flag && atomic_load(stop_flag) ? hone__fail(HONE_CANCELLED, "stopped") : HONE_OK;
}

/* ---- workers ---- */

typedef struct crew {
    hone_work_fn work;
    void *payload;
    size_t n_items;
    atomic_size_t next;
    atomic_bool stop;
    const atomic_int *stop_flag; /* the caller's */
    pthread_mutex_t lock;        /* of the two below */
    size_t failed_item;
    hone_error_state error;
} crew;

typedef struct worker {
    crew *crew;
    int number;
    pthread_t thread;
} worker;

/* Keeps the failure of the lowest item, so that the message does not depend on who was faster. */
static void keep_failure(crew *c, size_t item, hone_status status)
{
    pthread_mutex_lock(&c->lock);
    if (c->error.status == HONE_OK || item < c->failed_item) {
        hone__error_save(&c->error, status);
        c->failed_item = item;
    }
    pthread_mutex_unlock(&c->lock);
    atomic_store(&c->stop, true);
}

static void *run_worker(void *payload)
{
    worker *w = payload;
    crew *c = w->crew;
    stop_flag = c->stop_flag;
    while (!atomic_load(&c->stop)) {
        size_t item = atomic_fetch_add(&c->next, 1);
        if (item >= c->n_items)
            break;
        hone_status status = hone__check_stop();
        if (status == HONE_OK)
            status = c->work(c->payload, item, w->number);
        if (status != HONE_OK)
            keep_failure(c, item, status);
    }
    return NULL;
}

hone_status hone__parallel_for(size_t n_items, int n_threads, hone_work_fn work, void *payload)
{
    size_t n = (size_t)(n_threads > 0 ? n_threads : hone__cpu_count()), n_started = 1;
    worker *workers = NULL;
    if (n > n_items)
        n = n_items;
    if (n_items == 0)
        return HONE_OK;
    crew c = {.work = work, .payload = payload, .n_items = n_items, .stop_flag = stop_flag, .lock = PTHREAD_MUTEX_INITIALIZER};
    HONE_TRY(HONE_NEW(&workers, n));
    for (; n_started < n; n_started++) {
        workers[n_started] = (worker){.crew = &c, .number = (int)n_started};
        if (start_thread(&workers[n_started].thread, run_worker, &workers[n_started]) != 0)
            break; /* those that there are do the work */
    }
    workers[0] = (worker){.crew = &c, .number = 0};
    run_worker(&workers[0]);
    for (size_t i = 1; i < n_started; i++)
        pthread_join(workers[i].thread, NULL);
    hone__free(workers);
    pthread_mutex_destroy(&c.lock);
    return c.error.status == HONE_OK ? HONE_OK : hone__error_restore(&c.error);
}

/* ---- one in the background ---- */

struct hone_background {
    hone_status (*job)(void *);
    void *payload;
    pthread_t thread;
    hone_error_state error;
};

static void *run_background(void *payload)
{
    hone_background *b = payload;
    struct sched_param param = {0};
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &param); /* where that is refused it runs as the others do */
    hone_status status = b->job(b->payload);
    hone__error_save(&b->error, status);
    return NULL;
}

hone_status hone__background_start(hone_background **out, hone_status (*job)(void *), void *payload)
{
    hone_background *b = NULL;
    *out = NULL;
    HONE_TRY(HONE_NEW(&b, 1));
    b->job = job;
    b->payload = payload;
    if (start_thread(&b->thread, run_background, b) != 0) {
        hone__free(b);
        return hone__fail(HONE_OUT_OF_MEMORY, "cannot start a thread");
    }
    *out = b;
    return HONE_OK;
}

void hone__background_hurry(hone_background *b)
{
    struct sched_param param = {0};
    if (b)
        (void)pthread_setschedparam(b->thread, SCHED_OTHER, &param);
}

hone_status hone__background_join(hone_background *b)
{
    if (!b)
        return HONE_OK;
    pthread_join(b->thread, NULL);
    hone_status status = b->error.status == HONE_OK ? HONE_OK : hone__error_restore(&b->error);
    hone__free(b);
    return status;
}
