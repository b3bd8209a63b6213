/* Over the flat buffers, segment by segment: the gradient's norm and AdamW as torch.optim.AdamW computes it (Loshchilov & Hutter 2019). Also the steps that rows of a
 * table have missed. */
#include "tensor/ref/ref.h"

static void add_square(double *sum, int32_t *bad, float g)
{
    double x = (double)g;
    *sum += x * x;
    *bad += !isfinite(x);
}

static hone_status ref_norm2(hone_backend *b, double *out_f64, int32_t *nonfinite, const void *g, const hone_segment *segments,
                             size_t n_segments, void *scratch)
{
    (void)b, (void)scratch;
    double sum = 0.0;
    int32_t bad = 0;
    for (size_t s = 0; s < n_segments; s++) {
        const hone_slots *slots = segments[s].slots;
        for (int32_t i = 0; slots && i < slots->n; i++)
            for (int64_t c = 0; c < slots->cols; c++)
                add_square(&sum, &bad, ((const float *)slots->g)[slots->slots[i] * slots->cols + c]);
        for (size_t i = segments[s].begin; !slots && i < segments[s].end; i++)
            add_square(&sum, &bad, ((const float *)g)[i - segments[s].skipped]);
    }
    *out_f64 = sum;
    *nonfinite = bad;
    return HONE_OK;
}

/* One element, one step. */
static void update(float *p, float *m, float *v, double gradient, const hone_adamw *how, float lr_scale, float weight_decay)
{
    double b1 = how->beta1, b2 = how->beta2, lr = how->lr * (double)lr_scale, decay = 1.0 - lr * (double)weight_decay;
    double mean = b1 * (double)*m + (1.0 - b1) * gradient, square = b2 * (double)*v + (1.0 - b2) * gradient * gradient;
    double step = lr / how->bias1 * mean / (sqrt(square) / how->bias2_sqrt + how->eps);
    *m = (float)mean;
    *v = (float)square;
    *p = (float)((double)*p * decay - step);
}

static hone_status ref_adamw(hone_backend *b, float *master, void *compute, hone_dtype compute_dtype, const float *g, float *m, float *v,
                             const hone_segment *segments, size_t n_segments, const hone_adamw *how, const float *factor,
                             const int32_t *skip)
{
    (void)b;
    if (skip && *skip != 0)
        return HONE_OK;
    for (size_t s = 0; s < n_segments; s++) {
        for (size_t i = segments[s].begin; !segments[s].slots && i < segments[s].end; i++) {
            double gradient = (double)g[i - segments[s].skipped] * (double)*factor;
            update(&master[i], &m[i], &v[i], gradient, how, segments[s].lr_scale, segments[s].weight_decay);
            if (compute)
                hone__store(compute, compute_dtype, (int64_t)i, (double)master[i]);
        }
    }
    return HONE_OK;
}

static hone_status ref_adamw_rows(hone_backend *b, const hone_adamw_rows *r)
{
    (void)b;
    for (int32_t i = 0; i < r->n; i++) {
        for (int32_t k = r->from[i] + 1; k <= r->to; k++) {
            const hone_adamw_step *step = &r->ring[k % HONE_ADAMW_RING];
            for (int64_t c = 0; c < r->cols; c++) {
                int64_t at = r->rows[i] * r->cols + c;
                double gradient = r->g && k == r->to ? (double)r->g[r->slots[i] * r->cols + c] * (double)*r->factor : 0.0;
                update(&r->p[at], &r->m[at], &r->v[at], gradient, &step->how, step->lr_scale, step->weight_decay);
            }
        }
    }
    return HONE_OK;
}

void hone__ref_optimizer(hone_backend_ops *ops)
{
    ops->norm2 = ref_norm2;
    ops->adamw = ref_adamw;
    ops->adamw_rows = ref_adamw_rows;
}
