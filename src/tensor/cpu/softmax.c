/* Log-softmax over rows, and the loss of a head that is computed in blocks of classes (engine.md, 7). Rows are independent; sums of exp are floats within 8192
 * columns and doubles across. */
#include "tensor/cpu/cpu.h"

#include <math.h>
#include <string.h>

static hone_status cpu_log_softmax_forward(hone_backend *b, const hone_mat *y, const hone_mat *x)
{
    HONE_CPU_CHECK(y, x);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, x->rows * x->cols))
    for (int64_t i = 0; i < x->rows; i++) {
        float state[4] = {-INFINITY, 0, 0, 0}, *out = hone__at(y, i, 0);
        k->softmax_state(state, hone__at(x, i, 0), (size_t)x->cols, true);
        float lse = (float)((double)state[0] + log((double)state[1]));
        k->unary(out, hone__at(x, i, 0), (size_t)x->cols, HONE_UNARY_ADD_SCALAR, -lse, 0);
    }
    return HONE_OK;
}

static hone_status cpu_log_softmax_backward(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_mat *y, float beta)
{
    HONE_CPU_CHECK(dx, dy, y);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, y->rows * y->cols))
    for (int64_t i = 0; i < y->rows; i++)
        k->log_softmax_grad(hone__at(dx, i, 0), hone__at(dy, i, 0), hone__at(y, i, 0), (size_t)y->cols, beta);
    return HONE_OK;
}

static hone_status cpu_softmax_block(hone_backend *b, const hone_mat *state, const hone_mat *logits, const int32_t *labels, int64_t v0,
                                     bool first)
{
    HONE_CPU_CHECK(state, logits);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, logits->rows * logits->cols))
    for (int64_t i = 0; i < logits->rows; i++) {
        float *s = hone__at(state, i, 0);
        int64_t at = labels[i] - v0;
        if (first)
            s[2] = 0.0f;
        k->softmax_state(s, hone__at(logits, i, 0), (size_t)logits->cols, first);
        if (labels[i] >= 0 && at >= 0 && at < logits->cols)
            s[2] = *hone__at(logits, i, at);
    }
    return HONE_OK;
}

static hone_status cpu_softmax_nll(hone_backend *b, const hone_mat *nll, const hone_mat *lse, const hone_mat *state, const int32_t *labels,
                                   float smoothing, int64_t n_classes)
{
    (void)b;
    HONE_CPU_CHECK(nll, lse, state);
    double s = (double)smoothing;
    for (int64_t i = 0; i < state->rows; i++) {
        const float *row = hone__at(state, i, 0);
        double l = (double)row[0] + log((double)row[1]), loss = l - (1.0 - s) * (double)row[2];
        if (smoothing != 0)
            loss -= s * (double)row[3] / (double)n_classes;
        *hone__at(lse, i, 0) = (float)l;
        *hone__at(nll, i, 0) = labels[i] < 0 ? 0.0f : (float)loss;
    }
    return HONE_OK;
}

static hone_status cpu_softmax_grad(hone_backend *b, const hone_mat *logits, const hone_mat *lse, const int32_t *labels,
                                    const void *weights, float scale, float smoothing, int64_t v0, int64_t n_classes)
{
    HONE_CPU_CHECK(logits, lse);
    const hone_kernels *k = hone__cpu(b);
    const float *w = weights;
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, logits->rows * logits->cols))
    for (int64_t i = 0; i < logits->rows; i++) {
        float *row = hone__at(logits, i, 0), weight = w ? w[i] * scale : scale;
        int64_t at = labels[i] - v0;
        if (labels[i] < 0) {
            memset(row, 0, (size_t)logits->cols * sizeof(*row));
            continue;
        }
        k->softmax_grad(row, (size_t)logits->cols, *hone__at(lse, i, 0), smoothing / (float)n_classes, weight);
        if (at >= 0 && at < logits->cols)
            row[at] -= (1.0f - smoothing) * weight;
    }
    return HONE_OK;
}

void hone__cpu_softmax(hone_backend_ops *ops)
{
    ops->log_softmax_forward = cpu_log_softmax_forward;
    ops->log_softmax_backward = cpu_log_softmax_backward;
    ops->softmax_block = cpu_softmax_block;
    ops->softmax_nll = cpu_softmax_nll;
    ops->softmax_grad = cpu_softmax_grad;
}
