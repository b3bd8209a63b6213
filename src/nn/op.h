/* What the files of ops share and nothing else sees: the tape's inside, the frame of an op, gradients.
 *
 * The frame of an op:
 *     hone_tensor *in[] = {x, y};
 *     if (!hone__op_begin(t, &hone__op_add, in))                 inputs checked and placed; the last op's scratch is free again
 *         return NULL;
 *     status = forward(...);                                     makes outputs (hone__op_output), scratch (hone__op_scratch), calls the backend
 *     return hone__op_end(t, &hone__op_add, status, &z)          the error, if any, becomes the tape's
 * and, before that, hone__op_record when a backward pass may come. Backward functions read outputs' gradients with hone__grad_of and write inputs' with hone__grad_to.
 *
 * Memory: three pools on the device. `saved` grows through the step; `scratch` is empty again at every op; `grads` has a free list by exact size. Headers of
 * tensors live apart and are used again only one reset later, so that a tensor of the step before is recognised. */
#ifndef HONE_NN_OP_H
#define HONE_NN_OP_H

#include "base/spans.h"
#include "nn/tape.h"

/* ---- memory of a device, given back all at once (pool.c) ---- */
typedef struct hone__pool_block {
    char *data;
    size_t size, used;
} hone__pool_block;
typedef struct hone__pool {
    hone_backend *backend;
    hone__pool_block *blocks;
    size_t n_blocks, capacity, current;
    size_t used, peak; /* bytes handed out */
} hone__pool;
typedef struct hone__pool_mark {
    size_t block, block_used, used;
} hone__pool_mark;
hone_status hone__pool_alloc(hone__pool *p, void **out, size_t bytes);
hone__pool_mark hone__pool_get_mark(const hone__pool *p);
void hone__pool_release(hone__pool *p, hone__pool_mark mark);
void hone__pool_reset(hone__pool *p);                        /* empties it; several blocks become one */
hone_status hone__pool_reserve(hone__pool *p, size_t bytes); /* an empty pool: one block of at least so many bytes */
void hone__pool_dispose(hone__pool *p);

/* ---- a tensor of a tape ---- */
typedef struct hone__slot {
    hone_tensor tensor;      /* first: every STEP tensor is inside a slot */
    const void *host;        /* I32: the host's values, for checks of range */
    struct hone__slot *base; /* shares the memory of that tensor, from `column` on; views give it their gradient */
    int64_t column;
    void *grad;               /* NULL: no gradient yet */
    size_t grad_bytes;        /* of the free list; 0: memory of somebody else */
    hone_tensor *grad_tensor; /* retained: what hone_tape_grad shows */
    bool lent;                /* memory of somebody else */
    bool saved;               /* a record reads it in backward */
    bool shared;              /* another header shows this memory */
    bool taken;               /* its memory went to another tensor */
    bool final;               /* result of vocab_loss, or a sum with it */
} hone__slot;

typedef struct hone__free_grad {
    void *data;
    size_t bytes;
} hone__free_grad;
#define HONE__SLOT_CHUNK ((size_t)256)
typedef struct hone__slots { /* headers of one generation, in chunks that never move */
    hone__slot **chunks;
    size_t n_chunks, capacity, used;
} hone__slots;
typedef struct hone__tape_rows_cache hone__tape_rows_cache;

struct hone_tape {
    hone_device *device;
    hone_backend *backend;
    bool recording, training, recompute, poison;
    bool counting;    /* an unrecorded run of a layer that will be recorded later: uses of parameters count */
    bool replaying;   /* that later run: they have been counted */
    bool unread;      /* its part whose values nobody reads */
    bool counted_any; /* a parameter that wants a gradient was seen while counting */
    int layer;        /* of the model that runs, for profiles; -1: none */
    uint64_t seed;
    hone_dtype dtype, products;
    double loss_scale;
    uint32_t generation;
    hone_error_state error;
    hone_arena *host; /* records, attributes, rows */
    hone__pool saved, scratch, grads;
    hone__slots slots[2]; /* by parity of the generation */
    hone_node **nodes;
    size_t n_nodes, node_capacity;
    hone__free_grad *free_grads;
    size_t n_free_grads, free_grad_capacity;
    hone_param **used; /* parameters with uses != 0 */
    size_t n_used, used_capacity;
    hone__tape_rows_cache *rows; /* of batches since the reset */
    hone_grad_hook hook;
    void *hook_payload;
};

static inline hone__slot *hone__slot_of(const hone_tensor *x)
{
    return x && x->kind == HONE_TENSOR_STEP ? (hone__slot *)x : NULL;
}
static inline const hone_backend_ops *hone__ops(const hone_tape *t)
{
    if (t->backend->products != t->products) /* only then: tapes of several threads that agree do not write */
        t->backend->products = t->products;
    return t->backend->ops;
}
/* statistics: lse, mean, rstd */
static inline hone_dtype hone__aux_dtype(const hone_tape *t)
{
    return t->dtype == HONE_DTYPE_F64 ? HONE_DTYPE_F64 : HONE_DTYPE_F32;
}

/* ---- the frame of an op (record.c) ---- */
/* False when the tape has an error, an input is NULL, of another tape, reset, taken, of the wrong dtype, or the result of a final op. Constants of a user are placed
 * on the device: in[] is changed. */
bool hone__op_begin(hone_tape *t, const hone_op_info *op, hone_tensor **in);
hone_status hone__op_output(hone_tape *t, hone_tensor **out, hone_dtype dtype, int n_dims, const int64_t *dims, const hone_rows *rows);
hone_status hone__op_output_like(hone_tape *t, hone_tensor **out, const hone_tensor *x);
/* A header for memory that is there. */
hone_status hone__op_header(hone_tape *t, hone_tensor **out, void *data, hone_dtype dtype, int n_dims, const int64_t *dims,
                            const hone_rows *rows);
hone_status hone__op_scratch(hone_tape *t, void **out, size_t bytes); /* 0 gives NULL */
hone_status hone__op_scratch_mat(hone_tape *t, hone_mat *out, int64_t rows, int64_t cols);
hone_status hone__op_attr(hone_tape *t, void **out, size_t bytes); /* zeroed, host, until reset */
/* Whether input i wants a gradient, and whether any does while the tape records: what must be kept for backward. */
bool hone__op_wants(const hone_tape *t, const hone_tensor *x);
bool hone__op_records(const hone_tape *t, const hone_op_info *op, hone_tensor *const *in);
/* Appends the record when one is needed; *out (may be NULL) is set to it, or to NULL. Outputs get node and wants_grad. */
hone_status hone__op_record(hone_tape *t, hone_node **out, const hone_op_info *op, uint32_t site, hone_tensor *const *in, hone_tensor *y,
                            hone_tensor *y2, const void *attr, hone_tensor *const *aux, int n_aux);
/* *y (y NULL: NULL), or NULL with the tape's error when status is a failure. */
hone_tensor *hone__op_end(hone_tape *t, const hone_op_info *op, hone_status status, hone_tensor *const *y);
/* "(8, 128)" */
const char *hone__shape_text(char text[96], const hone_tensor *x);
bool hone__same_shape(const hone_tensor *x, const hone_tensor *y);
/* A (n) vector or (n, 1) as n rows of one element. */
hone_mat hone__column(const hone_tensor *x);
hone_mat hone__mat_part(const hone_mat *m, int64_t row, int64_t n_rows, int64_t col, int64_t n_cols);
void *hone__at(const void *data, hone_dtype dtype, int64_t i);
/* A host array on the device: lent when the device's memory is the host's. */
hone_status hone__place(hone_tape *t, const void **out, const void *host, size_t bytes);
/* n floats in the dtype of statistics. */
hone_status hone__place_floats(hone_tape *t, const void **out, const float *host, int64_t n);
/* n doubles of the tape's arena likewise. */
hone_status hone__place_doubles(hone_tape *t, const void **out, const double *host, int64_t n);
/* Rows for a per-token tensor that holds the tokens index[0 .. m) of source; HONE_INVALID_ARGUMENT when they are not in the order of rows. */
hone_status hone__rows_gather(hone_tape *t, const hone_rows **out, const hone_rows *source, const int32_t *index, int32_t m);

/* ---- gradients (backward.c) ---- */
static inline bool hone__node_wants(const hone_node *n, int i)
{
    return (n->wants >> i & 1) != 0;
}
bool hone__grad_has(const hone_tensor *y);
hone_mat hone__grad_of(const hone_tensor *y); /* present when the backward function runs, for ops with one output */
/* Where input x's gradient goes, and whether to write (beta 0) or to add (1). Tensors and parameters. */
hone_status hone__grad_to(hone_tape *t, hone_tensor *x, hone_mat *dx, float *beta);
/* For entries that only write: *s is x's gradient itself, or scratch that hone__grad_flush adds to it. */
typedef struct hone__sink {
    hone_mat to, dx;
    bool add;
} hone__sink;
hone_status hone__grad_sink(hone_tape *t, hone_tensor *x, hone__sink *s);
hone_status hone__grad_flush(hone_tape *t, const hone__sink *s);
/* dx += dy, where dy is the whole gradient of an output that nothing else needs: its memory goes over when x has none yet. */
hone_status hone__grad_pass(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* dx += alpha dy */
hone_status hone__grad_add(hone_tape *t, hone_tensor *x, const hone_mat *dy, float alpha);
/* Runs the records [from, to) backwards. */
hone_status hone__tape_walk(hone_tape *t, size_t from, size_t to);
void hone__grad_drop(hone_tape *t, hone_tensor *x);
void hone__param_use(hone_tape *t, hone_param *p);

/* ---- parts of fused ops (linear.c) ---- */
hone_weight hone__weight(const hone_param *w);
/* What linear_forward takes for x (n, n_in) and this weight. */
size_t hone__linear_workspace(const hone_tape *t, const hone_param *w, int64_t n, int64_t n_out, int64_t n_in);
/* Checks x (N, I) and b (O) against w; gives I and O. */
hone_status hone__linear_dims(const hone_tensor *x, const hone_param *w, const hone_param *b, int64_t *n_in, int64_t *n_out);
/* dw and db from dy and x, for those that are wanted. w and b are PARAM tensors, b may be NULL. */
hone_status hone__linear_param_grads(hone_tape *t, hone_tensor *w, hone_tensor *b, bool wants_w, bool wants_b, const hone_mat *dy,
                                     const hone_mat *x);
hone_drop hone__drop(const hone_tape *t, float p, uint32_t site, const hone_rows *rows); /* p 0 when the tape is not training */
/* The header of x + f: in f's memory when nobody else needs f, in its own otherwise. */
hone_status hone__residual_sum(hone_tape *t, hone_tensor **sum, const hone_tensor *x, const hone_tensor *f);
hone_status hone__check_drop(const hone_tensor *x, float p);

/* Every differentiable op: X(name). Each is defined in the file of its op as hone__op_<name>; the test of gradients has a case for each. */
/* clang-format off */
#define HONE_OP_MAP(X) \
    X(add) X(sub) X(mul) X(div) X(maximum) X(minimum) X(scale) X(add_scalar) \
    X(neg) X(exp) X(log) X(sqrt) X(square) X(abs) X(pow) X(clamp) \
    X(act) X(where) X(sum) X(mean) X(rows_sum) X(rows_mean) X(matmul) X(log_softmax) \
    X(gather) X(index_select) X(gather_tokens) X(rows_matrix) X(cross_entropy) X(linear) X(ffn) X(attention_block) X(layer_norm) \
    X(residual_norm) X(residual) X(embed) X(dropout) X(vocab_nll) X(vocab_loss) X(layer)
/* clang-format on */
#define X(name) extern const hone_op_info hone__op_##name;
HONE_OP_MAP(X)
#undef X
extern const hone_op_info *const hone__op_table[];
extern const size_t hone__op_table_count;

#endif
