/* The parameters of a model: flat buffers in forward order (engine.md, 2), and the table from a file's tensor names to slices of them.
 *
 * Order: parameters stand in the order in which they were added, each at a multiple of 16 elements; the gap is zero. `grad`, `m`, `v` have the same layout and are
 * allocated only when training asks (hone__params_train); inference may instead map the file (hone__params_map). The gradient of a table of which a batch reads few rows
 * stands in slots (table.h), and such rows are updated late: whoever reads more than the rows of a batch calls hone__params_flush first. */
#ifndef HONE_NN_PARAMS_H
#define HONE_NN_PARAMS_H

#include "base/str.h"
#include "tensor/backend.h"
#include <stdatomic.h>

typedef struct hone_param {
    const char *name;     /* the model's own name, arena of the store */
    size_t offset, count; /* elements; the same in every flat buffer */
    bool in_major, decay, frozen;
    /* No gradient in this accumulation group yet: the first writer uses beta 0. Still fresh at the step: the optimizer passes over it */
    bool fresh;
    uint32_t version;         /* changes with the values: packed copies follow it */
    uint32_t uses;            /* records of a tape that still may add to the gradient: the hook of buckets fires at 0 */
    hone_tensor tensor;       /* the value, in `master` or in a mapped file; tensor.param points back here */
    hone_tensor grad;         /* valid after hone__params_train; without data where the gradient stands in slots */
    size_t skipped;           /* elements of tables before it that the gradients' buffer leaves out: its own begins at offset - skipped */
    bool sparse;              /* hone__params_sparse */
    struct hone_table *table; /* NULL: dense (table.h) */
    hone_quant *quant;        /* the weight in 8 bits, which linear maps take instead of the values; NULL: none */
    struct hone_params *store;
} hone_param;

/* One tensor of a file: rows [row, row + n_rows) of a parameter's stored matrix (or columns, for in_major parameters whose parts stand side by side). */
typedef struct hone_param_slice {
    const char *file_name; /* "transformer.h.0.attn.c_attn.weight" */
    uint32_t param;        /* index */
    int64_t row, n_rows;   /* of the stored matrix's first dimension; whole: 0, dim[0] */
    bool tied;             /* a second name of the same parameter (lm_head.weight): read when the first is missing, never saved */
} hone_param_slice;

typedef struct hone_params {
    hone_backend *backend;
    hone_arena *names;
    hone_param **items; /* stable addresses */
    size_t n_items, capacity;
    hone_param_slice *slices;
    size_t n_slices, slice_capacity;
    size_t n_elements;           /* of a flat buffer, gaps included */
    size_t n_grad_elements;      /* of the gradients' buffer, which has no tables with slots */
    bool dense;                  /* no table is sparse, whatever its model says (the environment variable HONE_TABLES=dense) */
    hone_dtype dtype;            /* of the four buffers: F32. F64 is for finite differences in tests (hone__params_set_dtype) */
    void *master, *grad, *m, *v; /* device; NULL until allocated */
    bool mapped;                 /* values stand in a mapped file: inference only */
    bool gone;                   /* hone__params_free was called: only what tapes hold is left */
    atomic_int n_holds;          /* the owner's, and one for each parameter that a tape counts uses of */
} hone_params;

hone_status hone__params_new(hone_params **out, hone_backend *backend);
/* Values, gradients, moments at once; the parameters' own structs when no tape counts uses in them any more. */
void hone__params_free(hone_params *p);
/* A tape begins and ends to count uses of a parameter. */
void hone__param_hold(hone_param *param);
void hone__param_release(hone_param *param);
/* F64 instead of F32, before anything is allocated: for tests on a backend that stores F64. */
void hone__params_set_dtype(hone_params *p, hone_dtype dtype);
/* Declares a parameter of n_dims (1 or 2) dimensions; *out is stable until free. Without decay: biases and norms (semantics.md, 44). Adds the slice `name` -> whole parameter. */
hone_status hone__params_add(hone_param **out, hone_params *p, const char *name, int n_dims, const int64_t *dims, bool decay);
/* A further file name for rows of a parameter. Replaces the whole-parameter slice that add made when `first` is true (BERT's q, k, v). */
hone_status hone__params_add_slice(hone_params *p, hone_param *param, const char *file_name, int64_t row, int64_t n_rows, bool tied,
                                   bool first);
/* Says that param (V, C) is read by hone__embed alone and few rows a batch: it is trained by rows, with the bits of the dense way. Before hone__params_train. No effect on
 * devices with memory of their own. */
void hone__params_sparse(hone_param *param);
/* Allocates master (zero) once all are declared. */
hone_status hone__params_allocate(hone_params *p);
/* Makes the weight of a linear map ready for products in 8 bits, for inference alone. Its values are not read by linear maps any more, and may go (hone__param_forget).
 * HONE_UNSUPPORTED for more inputs than HONE_QUANT_MAX_IN. */
hone_status hone__param_quantize(hone_param *param);
/* The values are gone: whoever asks for them gets an error. */
void hone__param_forget(hone_param *param);
/* Points parameter `index`'s value into memory that the caller keeps alive (a mapped file) instead of master. */
void hone__params_lend(hone_params *p, hone_param *param, void *data);
/* Allocates grad, m and v and marks everything fresh. HONE_INVALID_ARGUMENT for a mapped store. */
hone_status hone__params_train(hone_params *p);
/* Moments of AdamW, zero, or none for an optimizer that keeps a state of its own. */
hone_status hone__params_moments(hone_params *p, bool wanted);
void hone__params_zero_grad(hone_params *p); /* marks fresh; writes nothing */
void hone__params_changed(hone_params *p);   /* after an update: versions go up */
/* Brings every row of every table up to date: values and moments are then what they would be without tables, and nothing is written until the next step. */
hone_status hone__params_flush(hone_params *p);
/* Bytes of gradients, and of what tables keep about their rows. */
size_t hone__params_gradient_bytes(const hone_params *p);
size_t hone__params_count(const hone_params *p); /* parameters in the sense of the field: without gaps, tied ones once */
hone_param *hone__params_find(const hone_params *p, const char *name); /* NULL when there is none */

#endif
