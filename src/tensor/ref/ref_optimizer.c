/* Over the flat buffers, segment by segment: the gradient's norm and AdamW as torch.optim.AdamW computes it (Loshchilov & Hutter 2019). */
#include "tensor/ref/ref.h"

static hone_status ref_norm2(hone_backend *b, double *out_f64, int32_t *nonfinite, const void *g, const hone_segment *segments,
                             size_t n_segments, void *scratch)
{
    (void)b, (void)scratch;
    double sum = 0.0;
    int32_t bad = 0;
    for (size_t s = 0; s < n_segments; s++) {
        for (size_t i = segments[s].begin; i < segments[s].end; i++) {
            double x = (double)((const float *)g)[i];
            sum += x * x;
            bad += !isfinite(x);
        }
    }
    *out_f64 = sum;
    *nonfinite = bad;
    return HONE_OK;
}

static hone_status ref_adamw(hone_backend *b, float *master, void *compute, hone_dtype compute_dtype, const float *g, float *m, float *v,
                             const hone_segment *segments, size_t n_segments, const hone_adamw *how, const float *factor,
                             const int32_t *skip)
{
    (void)b;
    if (skip && *skip != 0)
        return HONE_OK;
    double b1 = how->beta1, b2 = how->beta2;
    for (size_t s = 0; s < n_segments; s++) {
        double lr = how->lr * (double)segments[s].lr_scale, decay = 1.0 - lr * (double)segments[s].weight_decay;
        for (size_t i = segments[s].begin; i < segments[s].end; i++) {
            double gradient = (double)g[i] * (double)*factor;
            double mean = b1 * (double)m[i] + (1.0 - b1) * gradient, square = b2 * (double)v[i] + (1.0 - b2) * gradient * gradient;
            double step = lr / how->bias1 * mean / (sqrt(square) / how->bias2_sqrt + how->eps);
            m[i] = (float)mean;
            v[i] = (float)square;
            master[i] = (float)((double)master[i] * decay - step);
            if (compute)
                hone__store(compute, compute_dtype, (int64_t)i, (double)master[i]);
        }
    }
    return HONE_OK;
}

void hone__ref_optimizer(hone_backend_ops *ops)
{
    ops->norm2 = ref_norm2;
    ops->adamw = ref_adamw;
}
