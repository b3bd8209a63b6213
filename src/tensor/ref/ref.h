/* The reference backend: every entry of the table as loops that a reader can lay beside the formula. It computes in double, stores F32 or F64 (F64 for finite
 * differences), uses one thread and is the oracle of every other backend (tests/ops). One file for each subject. */
#ifndef HONE_TENSOR_REF_REF_H
#define HONE_TENSOR_REF_REF_H

#include "base/rng.h"
#include "tensor/backend.h"
#include "tensor/dtype.h"

static inline double get(const hone_mat *m, int64_t i, int64_t j)
{
    return hone__load(m->data, m->dtype, i * m->ld + j);
}
static inline void set(const hone_mat *m, int64_t i, int64_t j, double x)
{
    hone__store(m->data, m->dtype, i * m->ld + j, x);
}

/* x + beta old: with beta 0 the old content is not read. */
static inline void put(const hone_mat *m, int64_t i, int64_t j, double x, float beta)
{
    set(m, i, j, beta != 0.0f ? x + (double)beta * get(m, i, j) : x);
}

/* Vectors (bias, gamma, mean, lse …) have the dtype of the matrix they go with. */
static inline double at(const void *v, hone_dtype dtype, int64_t i)
{
    return hone__load(v, dtype, i);
}
static inline void put_at(void *v, hone_dtype dtype, int64_t i, double x, float beta)
{
    hone__store(v, dtype, i, beta != 0.0f ? x + (double)beta * hone__load(v, dtype, i) : x);
}

static inline bool ref_stores(hone_dtype dtype)
{
    return dtype == HONE_DTYPE_F32 || dtype == HONE_DTYPE_F64;
}

double hone__ref_act(hone_act act, double x);
double hone__ref_act_slope(hone_act act, double x);

/* What dropout multiplies an element by: 0 or 1/(1-p); 1 without dropout (engine.md, 4). Hidden: channel c of token i. Attention: the probability that the query at
 * `position` of row r, in `head`, gives to the key at position j. */
double hone__ref_drop_hidden(const hone_drop *drop, int64_t i, int64_t c);
double hone__ref_drop_attention(const hone_drop *drop, int64_t r, int head, int64_t position, int64_t j);

/* Each file puts its entries into the table. */
void hone__ref_linear(hone_backend_ops *ops);
void hone__ref_attention(hone_backend_ops *ops);
void hone__ref_norm(hone_backend_ops *ops);
void hone__ref_elementwise(hone_backend_ops *ops);
void hone__ref_embed(hone_backend_ops *ops);
void hone__ref_softmax(hone_backend_ops *ops);
void hone__ref_reduce(hone_backend_ops *ops);
void hone__ref_optimizer(hone_backend_ops *ops);

#endif
