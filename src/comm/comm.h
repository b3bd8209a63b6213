/* Collectives between the processes of a run: one interface, a table of functions. `none` is one process; others (MPI, NCCL) are files beside it.
 * Calls are made by all ranks in the same order. Numbers are summed in rank order, so that every rank gets the same bits. */
#ifndef HONE_COMM_COMM_H
#define HONE_COMM_COMM_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct hone_comm hone_comm;
typedef struct hone_comm_ops {
    const char *name;
    /* values[i] = sum over ranks, in place */
    hone_status (*all_reduce_f64)(hone_comm *c, double *values, size_t n);
    hone_status (*all_reduce_f32)(hone_comm *c, float *values, size_t n);
    /* out = the n bytes of every rank, in rank order; out holds n * n_ranks */
    hone_status (*all_gather)(hone_comm *c, void *out, const void *values, size_t bytes);
    hone_status (*broadcast)(hone_comm *c, void *values, size_t bytes, int root);
    hone_status (*barrier)(hone_comm *c);
    void (*close)(hone_comm *c);
} hone_comm_ops;

struct hone_comm {
    const hone_comm_ops *ops;
    int rank, n_ranks;
};

/* One process. Static, nothing to close. */
hone_comm *hone__comm_none(void);

#endif
