/* Residual, dropout and layer norm in one pass over a row (Ba et al. 2016). The sums for dgamma and dbeta go through partial sums of HONE_CPU_NORM_BLOCK tokens
 * in scratch, which are added in order, in double. */
#include "tensor/cpu/cpu.h"

#include <string.h>

static float *row_of(const hone_mat *m, int64_t i)
{
    return m ? hone__at(m, i, 0) : NULL;
}

static hone_status cpu_residual_norm_forward(hone_backend *b, const hone_mat *sum, const hone_mat *y, void *mean, void *rstd,
                                             const hone_mat *x, const hone_mat *f, const void *gamma, const void *beta, float eps,
                                             const hone_drop *drop)
{
    HONE_CPU_CHECK(sum, y, x, f);
    hone_drop_row begin;
    bool dropped = f && hone__drop_begin(&begin, drop);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, x->rows * x->cols))
    for (int64_t i = 0; i < x->rows; i++) {
        hone_drop_row d;
        if (dropped) {
            d = begin;
            hone__drop_token(&d, drop, i);
        }
        hone_norm_row row = {.sum = row_of(sum, i),
                             .y = row_of(y, i),
                             .mean = mean ? (float *)mean + i : NULL,
                             .rstd = rstd ? (float *)rstd + i : NULL,
                             .x = row_of(x, i),
                             .f = row_of(f, i),
                             .gamma = gamma,
                             .beta = beta,
                             .eps = eps};
        k->norm(&row, (size_t)x->cols, dropped ? &d : NULL);
    }
    return HONE_OK;
}

typedef struct norm_grad {
    const hone_kernels *k;
    const hone_mat *dx, *df, *dy, *dsum, *sum;
    const float *mean, *rstd, *gamma;
    const hone_drop *drop;
    hone_drop_row begin;
    bool dropped;
    float beta_dx, *gamma_sums, *beta_sums; /* (blocks, C) each, NULL when not wanted */
} norm_grad;

/* The tokens of one block, and its partial sums. */
static void grad_block(const norm_grad *t, int64_t block)
{
    int64_t c = t->sum->cols, end = hone__min64((block + 1) * HONE_CPU_NORM_BLOCK, t->sum->rows);
    float *gamma_sum = t->gamma_sums ? t->gamma_sums + block * c : NULL, *beta_sum = t->beta_sums ? t->beta_sums + block * c : NULL;
    if (gamma_sum)
        memset(gamma_sum, 0, (size_t)c * sizeof(float));
    if (beta_sum)
        memset(beta_sum, 0, (size_t)c * sizeof(float));
    for (int64_t i = block * HONE_CPU_NORM_BLOCK; i < end; i++) {
        hone_drop_row d = t->begin;
        if (t->dropped)
            hone__drop_token(&d, t->drop, i);
        hone_norm_grad_row row = {.dx = row_of(t->dx, i),
                                  .df = row_of(t->df, i),
                                  .sum_gamma = gamma_sum,
                                  .sum_beta = beta_sum,
                                  .dy = row_of(t->dy, i),
                                  .dsum = row_of(t->dsum, i),
                                  .sum = row_of(t->sum, i),
                                  .gamma = t->gamma,
                                  .mean = t->mean[i],
                                  .rstd = t->rstd[i],
                                  .beta_dx = t->beta_dx};
        t->k->norm_grad(&row, (size_t)c, t->dropped ? &d : NULL);
    }
}

static hone_status cpu_residual_norm_backward(hone_backend *b, const hone_mat *dx, const hone_mat *df, void *dgamma, void *dbeta,
                                              const hone_mat *dy, const hone_mat *dsum, const hone_mat *sum, const void *mean,
                                              const void *rstd, const void *gamma, const hone_drop *drop, float beta_dx, float beta_param,
                                              void *scratch)
{
    HONE_CPU_CHECK(dx, df, dy, dsum, sum);
    int64_t c = sum->cols, blocks = hone__ceil_div(sum->rows, HONE_CPU_NORM_BLOCK);
    norm_grad t = {.k = hone__cpu(b),
                   .dx = dx,
                   .df = df,
                   .dy = dy,
                   .dsum = dsum,
                   .sum = sum,
                   .mean = mean,
                   .rstd = rstd,
                   .gamma = gamma,
                   .drop = drop,
                   .beta_dx = beta_dx,
                   .gamma_sums = dgamma ? scratch : NULL,
                   .beta_sums = dbeta ? (float *)scratch + blocks * c : NULL};
    t.dropped = hone__drop_begin(&t.begin, drop);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, sum->rows *c))
    for (int64_t block = 0; block < blocks; block++)
        grad_block(&t, block);
    hone_mat partial = {t.gamma_sums, HONE_DTYPE_F32, blocks, c, c};
    if (dgamma)
        hone__column_sums(b, dgamma, &partial, beta_param);
    partial.data = t.beta_sums;
    if (dbeta)
        hone__column_sums(b, dbeta, &partial, beta_param);
    return HONE_OK;
}

void hone__cpu_norm(hone_backend_ops *ops)
{
    ops->residual_norm_forward = cpu_residual_norm_forward;
    ops->residual_norm_backward = cpu_residual_norm_backward;
}
