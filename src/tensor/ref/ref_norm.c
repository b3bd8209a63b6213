/* Residual connection, dropout and layer norm in one (Ba et al. 2016), per token, over its C channels:
 *
 *     s = x + m o f      mean = sum s / C      rstd = 1 / sqrt(sum (s - mean)^2 / C + eps)      n = (s - mean) rstd      y = n o gamma + beta
 *     g = dy o gamma     ds = rstd (g - sum g / C - n sum(g o n) / C) + dsum
 *     dx = ds      df = m o ds      dgamma = sum over tokens of dy o n      dbeta = sum over tokens of dy
 *
 * m: the factor of dropout, 0 or 1/(1-p). */
#include "tensor/ref/ref.h"

static void statistics(const hone_mat *s, const hone_mat *f, const hone_drop *drop, int64_t i, double eps, double *mean, double *rstd)
{
    double n = (double)s->cols, sum = 0.0, squares = 0.0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t c = 0; c < s->cols; c++) {
            double x = get(s, i, c) + (f ? hone__ref_drop_hidden(drop, i, c) * get(f, i, c) : 0.0);
            if (pass == 0)
                sum += x;
            else
                squares += (x - sum / n) * (x - sum / n);
        }
    }
    *mean = sum / n;
    *rstd = 1.0 / sqrt(squares / n + eps);
}

static hone_status ref_residual_norm_forward(hone_backend *b, const hone_mat *sum, const hone_mat *y, void *mean, void *rstd,
                                             const hone_mat *x, const hone_mat *f, const void *gamma, const void *beta, float eps,
                                             const hone_drop *drop)
{
    (void)b;
    for (int64_t i = 0; i < x->rows; i++) {
        double m, r;
        statistics(x, f, drop, i, (double)eps, &m, &r);
        for (int64_t c = 0; c < x->cols; c++) {
            double s = get(x, i, c) + (f ? hone__ref_drop_hidden(drop, i, c) * get(f, i, c) : 0.0);
            if (f && sum)
                set(sum, i, c, s);
            set(y, i, c, (s - m) * r * at(gamma, x->dtype, c) + at(beta, x->dtype, c));
        }
        if (mean)
            hone__store(mean, x->dtype, i, m);
        if (rstd)
            hone__store(rstd, x->dtype, i, r);
    }
    return HONE_OK;
}

/* One token's dx and df. */
static void token_gradient(const hone_mat *dx, const hone_mat *df, const hone_mat *dy, const hone_mat *dsum, const hone_mat *sum,
                           double mean, double rstd, const void *gamma, const hone_drop *drop, float beta_dx, int64_t i)
{
    double n = (double)sum->cols, sum_g = 0.0, sum_gn = 0.0;
    for (int64_t c = 0; c < sum->cols; c++) {
        double g = get(dy, i, c) * at(gamma, sum->dtype, c);
        sum_g += g;
        sum_gn += g * (get(sum, i, c) - mean) * rstd;
    }
    for (int64_t c = 0; c < sum->cols; c++) {
        double g = get(dy, i, c) * at(gamma, sum->dtype, c), normal = (get(sum, i, c) - mean) * rstd;
        double ds = rstd * (g - sum_g / n - normal * sum_gn / n) + (dsum ? get(dsum, i, c) : 0.0);
        if (df)
            set(df, i, c, hone__ref_drop_hidden(drop, i, c) * ds);
        if (dx)
            put(dx, i, c, ds, beta_dx);
    }
}

static hone_status ref_residual_norm_backward(hone_backend *b, const hone_mat *dx, const hone_mat *df, void *dgamma, void *dbeta,
                                              const hone_mat *dy, const hone_mat *dsum, const hone_mat *sum, const void *mean,
                                              const void *rstd, const void *gamma, const hone_drop *drop, float beta_dx, float beta_param,
                                              void *scratch)
{
    (void)b, (void)scratch;
    hone_dtype dtype = sum->dtype;
    for (int64_t c = 0; c < sum->cols; c++) {
        double gamma_sum = 0.0, beta_sum = 0.0;
        for (int64_t i = 0; i < sum->rows; i++) {
            gamma_sum += get(dy, i, c) * (get(sum, i, c) - at(mean, dtype, i)) * at(rstd, dtype, i);
            beta_sum += get(dy, i, c);
        }
        if (dgamma)
            put_at(dgamma, dtype, c, gamma_sum, beta_param);
        if (dbeta)
            put_at(dbeta, dtype, c, beta_sum, beta_param);
    }
    for (int64_t i = 0; i < sum->rows; i++)
        token_gradient(dx, df, dy, dsum, sum, at(mean, dtype, i), at(rstd, dtype, i), gamma, drop, beta_dx, i);
    return HONE_OK;
}

void hone__ref_norm(hone_backend_ops *ops)
{
    ops->residual_norm_forward = ref_residual_norm_forward;
    ops->residual_norm_backward = ref_residual_norm_backward;
}
