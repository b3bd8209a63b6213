/* What the tests of src/nn share: a device with F64 or F32, a small store of parameters with values that are far from kinks, a packed batch with rows of several
 * lengths (one empty), and comparison of gradients. */
#ifndef TESTS_UNIT_NN_HELPERS_H
#define TESTS_UNIT_NN_HELPERS_H

#include "base/rng.h"
#include "nn/op.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#define OK(call) assert_ok(call)

#define MAX_PARAMS 24

typedef struct world {
    hone_device *device;
    hone_tape *t;
    hone_params *store;
    hone_param *p[MAX_PARAMS];
    int n;
    hone_dtype dtype;
} world;

/* Rows of 3, 0, 5 and 1 tokens. */
#define N_TOKENS 9
#define N_ROWS   4
static const int32_t cu_seqlens[] = {0, 3, 3, 8, 9};
static const int32_t iota[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint64_t ordinals[] = {17, 4, 99, 3};
static const hone_batch batch = {.n_tokens = N_TOKENS,
                                 .n_rows = N_ROWS,
                                 .longest = 5,
                                 .cu_seqlens = cu_seqlens,
                                 .input_ids = iota,
                                 .ordinals = ordinals,
                                 .n_labelled = -1};

static inline void world_open(world *w, const char *name, hone_dtype dtype)
{
    memset(w, 0, sizeof(*w));
    w->dtype = dtype;
    OK(hone_device_open(&w->device, &(hone_device_options){name, 2}));
    OK(hone_tape_new(&w->t, w->device, &(hone_tape_options){.recording = true, .training = true, .seed = 5, .dtype = dtype}));
    OK(hone__params_new(&w->store, w->device->backend));
    hone__params_set_dtype(w->store, dtype);
}

static inline void world_close(world *w)
{
    hone_tape_free(w->t);
    hone__params_free(w->store);
    hone_device_free(w->device);
}

static inline hone_param *world_add(world *w, int64_t a, int64_t b)
{
    char name[16];
    int64_t dims[2] = {a, b};
    snprintf(name, sizeof(name), "p%d", w->n);
    OK(hone__params_add(&w->p[w->n], w->store, name, b ? 2 : 1, dims, true));
    return w->p[w->n++];
}

static inline double value_at(const void *data, hone_dtype dtype, size_t i)
{
    return dtype == HONE_DTYPE_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static inline void put_value(void *data, hone_dtype dtype, size_t i, double v)
{
    if (dtype == HONE_DTYPE_F64)
        ((double *)data)[i] = v;
    else
        ((float *)data)[i] = (float)v;
}

/* Sizes between 0.15 and 0.85, both signs: never near 0 or 1, so that finite differences do not cross a kink. */
static inline double spread_value(uint64_t i)
{
    uint64_t bits = hone__splitmix64(i * 977 + 3);
    double u = (double)(bits >> 11) * 0x1p-53;
    return (bits & 1 ? 1.0 : -1.0) * (0.15 + 0.7 * u);
}

static inline void world_start(world *w)
{
    OK(hone__params_allocate(w->store));
    OK(hone__params_train(w->store));
    for (int k = 0; k < w->n; k++) {
        for (size_t i = 0; i < w->p[k]->count; i++)
            put_value(w->p[k]->tensor.data, w->dtype, i, (double)(float)spread_value(w->p[k]->offset + i));
    }
}

static inline void no_error(const world *w)
{
    if (hone_tape_status(w->t) != HONE_OK)
        fail_msg("%s (%s)", hone_error_message(), hone_error_hint());
}

/* Numbers of the tape that depend on nothing. */
static inline hone_tensor *fixed_like(hone_tape *t, const hone_tensor *x, uint64_t salt)
{
    int64_t count = hone__count(x);
    float *values = malloc((size_t)(count ? count : 1) * sizeof(float));
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)spread_value(salt * 1000003 + (uint64_t)i);
    hone_tensor *y = hone_tape_floats(t, values, x->n_dims, x->dim);
    free(values);
    return y;
}

/* A tensor of the tape with the values of a parameter, and its gradient. */
static inline hone_tensor *step_of(hone_tape *t, hone_param *p)
{
    return hone_scale(t, &p->tensor, 1.0f);
}

/* The same, per token of the batch: p is (9, C). */
static inline hone_tensor *tokens_of(hone_tape *t, hone_param *p)
{
    const int32_t *ids = iota;
    return hone__embed(t, 1, &p, &ids, NULL, hone__tape_rows(t, &batch), 0.0f, 0);
}

static inline void copy_grads(const world *w, double *out)
{
    for (size_t i = 0; i < w->store->n_elements; i++)
        out[i] = value_at(w->store->grad, w->dtype, i);
}

static inline double *new_grads(const world *w)
{
    return calloc(w->store->n_elements, sizeof(double));
}

#endif
