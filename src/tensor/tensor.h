/* Tensors, rows and parameters as the engine sees them (engine.md, 2). Public face: hone/tensor.h.
 *
 * A STEP tensor lives in its tape's arena, a PARAM points into the flat buffers of its model, a CONST is owned by a user. There are no reference counts:
 * `generation` (of the tape's arena when the tensor was made) turns use after a reset into an error. */
#ifndef HONE_TENSOR_TENSOR_H
#define HONE_TENSOR_TENSOR_H

#include "base/mem.h"
#include <hone/tensor.h>

/* Whose tokens: one for each batch (or gathered part of it), on the host and, for devices with memory of their own, there too (on the CPU d_x == x). */
typedef struct hone_rows {
    /* N: extent of every per-token tensor; may exceed start[R] (padding of a device): that tail is finite, without gradient, unseen by losses */
    int32_t n_tokens;
    int32_t n_rows, longest;        /* R, T */
    const int32_t *start, *d_start; /* (R+1) first token of each row */
    const int32_t *stop, *d_stop;   /* (R) end of each row when rows are not back to back (key/value caches); NULL: start[r+1] */
    const int32_t *row, *d_row;     /* (N) row of the token; beyond start[R] any row that exists */
    const int32_t *pos, *d_pos;     /* (N) position in the row */
    const uint64_t *key, *d_key;    /* (R) ordinal of the row in the run's stream of samples (engine.md, 4) */
} hone_rows;

static inline int32_t hone__rows_end(const hone_rows *rows, int32_t r)
{
    return rows->stop ? rows->stop[r] : rows->start[r + 1];
}

typedef enum hone_tensor_kind { HONE_TENSOR_STEP, HONE_TENSOR_PARAM, HONE_TENSOR_CONST } hone_tensor_kind;

struct hone_param;   /* nn/params.h */
struct hone_backend; /* tensor/backend.h */

struct hone_tensor {
    void *data; /* on the backend's device; addresses of a dry run are not to be read */
    hone_dtype dtype;
    uint8_t n_dims, kind;
    bool wants_grad;
    /* Last dimension contiguous; ld: elements between rows of the last two dimensions (q, k, v are views of one (N, 3C)) */
    int64_t dim[4], ld;
    const hone_rows *rows; /* NULL when not per token */
    uint32_t node;         /* tape record that made it, UINT32_MAX: none */
    uint32_t generation;   /* of the tape, checked by every op */
    const uint32_t *live;  /* STEP: the tape's present generation; *live != generation means that the tape was reset. NULL otherwise */
    struct hone_backend *backend; /* where data is; NULL: the host */
    struct hone_param *param;     /* PARAM only */
};

static inline int64_t hone__count(const hone_tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->n_dims; i++)
        n *= t->dim[i];
    return n;
}
/* As a matrix: all leading dimensions are rows. A vector is one row, a scalar 1 x 1. */
static inline int64_t hone__cols(const hone_tensor *t)
{
    return t->n_dims ? t->dim[t->n_dims - 1] : 1;
}
static inline int64_t hone__n_rows(const hone_tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i + 1 < t->n_dims; i++)
        n *= t->dim[i];
    return n;
}

/* HONE_INVALID_ARGUMENT with a message when t is NULL or its tape was reset since; `who` names the caller's function. */
hone_status hone__tensor_check(const hone_tensor *t, const char *who);

#endif
