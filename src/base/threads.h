/* Threads that are not the engine's: workers for bulk host work (tokenizing, counting) and one helper in the background. They never use OpenMP (engine.md, 9). */
#ifndef HONE_BASE_THREADS_H
#define HONE_BASE_THREADS_H

#include "base/error.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

int hone__cpu_count(void); /* cores this process may use (affinity, cgroup quota) */
/* HONE_OUT_OF_MEMORY when n_threads, this one among them, cannot be had at once. For OpenMP, which ends the program where it cannot start a thread. */
hone_status hone__check_threads(int n_threads);

/* Runs work(payload, i) for i in 0..n_items-1 on n_threads threads (0: all cores; the caller is one of them). Items are handed out in ascending order.
 * The first failure stops the hand-out and is returned with its message; all threads have ended when this returns. */
typedef hone_status (*hone_work_fn)(void *payload, size_t item, int thread);
hone_status hone__parallel_for(size_t n_items, int n_threads, hone_work_fn work, void *payload);

/* The flag by which this thread's work is called off: while it is set, hone__parallel_for hands out nothing and hone__check_stop fails, both with HONE_CANCELLED. NULL: none, the default.
 * Workers have their caller's. For work that keeps nothing: the preparation of data. */
void hone__watch_stop(const atomic_int *flag);
hone_status hone__check_stop(void);

/* One job on a background thread at idle priority (checkpoint writer). Join gives its status and message; joining twice or never started is HONE_OK. */
typedef struct hone_background hone_background;
hone_status hone__background_start(hone_background **out, hone_status (*job)(void *), void *payload);
void hone__background_hurry(
    hone_background *b); /* somebody waits for it: no longer at idle priority, where that is allowed; NULL is legal */
hone_status hone__background_join(hone_background *b); /* waits and frees; NULL is legal */

#endif
