/* The accelerator from the inside: accelerator.c is the loop and the processes, accelerator_state.c saves and restores, accelerator_log.c has the trackers. */
#ifndef HONE_TRAIN_ACCELERATOR_H
#define HONE_TRAIN_ACCELERATOR_H

#include "base/file.h"
#include "comm/comm.h"
#include "train/optimizer/optimizer.h"
#include <hone/accelerator.h>
#include <hone/tracker.h>

/* Numbers of the user's that are saved and restored. */
typedef struct hone_kept_object {
    char name[64];
    hone_status (*save)(const void *payload, hone_metrics *state);
    hone_status (*load)(void *payload, const hone_metrics *state);
    void *payload;
} hone_kept_object;

struct hone_accelerator {
    hone_accelerator_options options;
    char *log_with, *project_dir; /* own copies of what options had */
    hone_comm *comm;
    hone_model *model;
    hone_optimizer *opt;
    hone_scheduler *scheduler;
    hone_loader *train, *eval;
    hone_tape *tape, *inference;
    int64_t micro; /* micro-batches begun in this accumulation group */
    bool sync;
    hone_kept_object *kept;
    size_t n_kept, kept_capacity;
    hone_tracker *trackers[HONE_N_TRACKERS];
    size_t n_trackers;
    int64_t last_logged; /* step of the last entry, -1: none */
};

void hone__accelerator_free_trackers(hone_accelerator *acc);

#endif
