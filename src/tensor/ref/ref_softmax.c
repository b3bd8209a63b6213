/* Softmax and the loss on it, whole and in blocks of classes (engine.md, 7). With V classes and smoothing s (Szegedy et al. 2016, as torch has it):
 *
 *     lse = log sum_v exp x_v      nll = lse - (1-s) x_label - s/V sum_v x_v      dnll/dx_v = exp(x_v - lse) - (1-s) [v == label] - s/V */
#include "tensor/ref/ref.h"

static double row_lse(const hone_mat *x, int64_t i)
{
    double max = -INFINITY, sum = 0.0;
    for (int64_t j = 0; j < x->cols; j++)
        max = get(x, i, j) > max ? get(x, i, j) : max;
    for (int64_t j = 0; j < x->cols; j++)
        sum += exp(get(x, i, j) - max);
    return max + log(sum);
}

static hone_status ref_log_softmax_forward(hone_backend *b, const hone_mat *y, const hone_mat *x)
{
    (void)b;
    for (int64_t i = 0; i < x->rows; i++) {
        double lse = row_lse(x, i);
        for (int64_t j = 0; j < x->cols; j++)
            set(y, i, j, get(x, i, j) - lse);
    }
    return HONE_OK;
}

/* dx = dy - exp(y) sum dy */
static hone_status ref_log_softmax_backward(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_mat *y, float beta)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++) {
        double sum = 0.0;
        for (int64_t j = 0; j < y->cols; j++)
            sum += get(dy, i, j);
        for (int64_t j = 0; j < y->cols; j++)
            put(dx, i, j, get(dy, i, j) - exp(get(y, i, j)) * sum, beta);
    }
    return HONE_OK;
}

enum { STATE_MAX, STATE_SUM, STATE_LABEL, STATE_LOGITS };

static hone_status ref_softmax_block(hone_backend *b, const hone_mat *state, const hone_mat *logits, const int32_t *labels, int64_t v0,
                                     bool first)
{
    (void)b;
    for (int64_t i = 0; i < logits->rows; i++) {
        double max = first ? -INFINITY : get(state, i, STATE_MAX), before = max, sum = first ? 0.0 : get(state, i, STATE_SUM);
        double label = first ? 0.0 : get(state, i, STATE_LABEL), all = first ? 0.0 : get(state, i, STATE_LOGITS);
        for (int64_t j = 0; j < logits->cols; j++) {
            double x = get(logits, i, j);
            max = x > max ? x : max;
            all += x;
            if (labels[i] == v0 + j)
                label = x;
        }
        sum = sum > 0.0 ? sum * exp(before - max) : 0.0;
        for (int64_t j = 0; j < logits->cols && max > -INFINITY; j++)
            sum += exp(get(logits, i, j) - max);
        set(state, i, STATE_MAX, max);
        set(state, i, STATE_SUM, sum);
        set(state, i, STATE_LABEL, label);
        set(state, i, STATE_LOGITS, all);
    }
    return HONE_OK;
}

static hone_status ref_softmax_nll(hone_backend *b, const hone_mat *nll, const hone_mat *lse, const hone_mat *state, const int32_t *labels,
                                   float smoothing, int64_t n_classes)
{
    (void)b;
    double s = (double)smoothing;
    for (int64_t i = 0; i < state->rows; i++) {
        double l = get(state, i, STATE_MAX) + log(get(state, i, STATE_SUM));
        double loss = l - (1.0 - s) * get(state, i, STATE_LABEL) - s * get(state, i, STATE_LOGITS) / (double)n_classes;
        set(lse, i, 0, l);
        set(nll, i, 0, labels[i] < 0 ? 0.0 : loss);
    }
    return HONE_OK;
}

static hone_status ref_softmax_grad(hone_backend *b, const hone_mat *logits, const hone_mat *lse, const int32_t *labels,
                                    const void *weights, float scale, float smoothing, int64_t v0, int64_t n_classes)
{
    (void)b;
    double s = (double)smoothing;
    for (int64_t i = 0; i < logits->rows; i++) {
        double w = (double)scale * (weights ? at(weights, lse->dtype, i) : 1.0);
        for (int64_t j = 0; j < logits->cols; j++) {
            double target = (labels[i] == v0 + j ? 1.0 - s : 0.0) + s / (double)n_classes;
            set(logits, i, j, labels[i] < 0 ? 0.0 : (exp(get(logits, i, j) - get(lse, i, 0)) - target) * w);
        }
    }
    return HONE_OK;
}

void hone__ref_softmax(hone_backend_ops *ops)
{
    ops->log_softmax_forward = ref_log_softmax_forward;
    ops->log_softmax_backward = ref_log_softmax_backward;
    ops->softmax_block = ref_softmax_block;
    ops->softmax_nll = ref_softmax_nll;
    ops->softmax_grad = ref_softmax_grad;
}
