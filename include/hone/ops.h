/* Differentiable operations for one's own losses. Every op takes the tape first and returns a tensor of the tape, NULL after an error (hone_tape_status).
 *
 * Shapes: (N) one value per token of a batch, (M) per labelled token, (R) per row, (N, C) a matrix, () a scalar. Tensors that are per token remember whose tokens
 * they hold, so that sums and means by row need no further argument. Float tensors unless said; comparisons give 1.0 and 0.0 and have no gradient. */
#ifndef HONE_OPS_H
#define HONE_OPS_H

#include <hone/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- elementwise; y may have x's shape, be a row (C) for x (N, C), a column (N) or (N, 1) for x (N, C), or a scalar ----
 * A vector of C = N elements is a row, unless it is per token. Where order does not matter (add, mul, maximum, minimum) the smaller operand may come first.
 * Gradients at kinks are torch's: half to each where maximum and minimum are equal, 0 for abs at 0, 1 at the ends of a clamp. */
/* x + y */
HONE_API hone_tensor *hone_add(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* x - y */
HONE_API hone_tensor *hone_sub(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* x * y, element by element */
HONE_API hone_tensor *hone_mul(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* x / y */
HONE_API hone_tensor *hone_div(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* The larger of x and y. */
HONE_API hone_tensor *hone_maximum(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* The smaller of x and y. */
HONE_API hone_tensor *hone_minimum(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* x * factor */
HONE_API hone_tensor *hone_scale(hone_tape *t, hone_tensor *x, float factor);
/* x + value */
HONE_API hone_tensor *hone_add_scalar(hone_tape *t, hone_tensor *x, float value);
/* -x */
HONE_API hone_tensor *hone_neg(hone_tape *t, hone_tensor *x);
/* e to the x. */
HONE_API hone_tensor *hone_exp(hone_tape *t, hone_tensor *x);
/* The natural logarithm. */
HONE_API hone_tensor *hone_log(hone_tape *t, hone_tensor *x);
/* The square root. */
HONE_API hone_tensor *hone_sqrt(hone_tape *t, hone_tensor *x);
/* x * x */
HONE_API hone_tensor *hone_square(hone_tape *t, hone_tensor *x);
/* The absolute value. */
HONE_API hone_tensor *hone_abs(hone_tape *t, hone_tensor *x);
/* x to the power of exponent. */
HONE_API hone_tensor *hone_pow(hone_tape *t, hone_tensor *x, float exponent);
/* low where x is below it, high where x is above it, else x. */
HONE_API hone_tensor *hone_clamp(hone_tape *t, hone_tensor *x, float low, float high);
/* The hyperbolic tangent. */
HONE_API hone_tensor *hone_tanh(hone_tape *t, hone_tensor *x);
/* 1 / (1 + e to the -x). */
HONE_API hone_tensor *hone_sigmoid(hone_tape *t, hone_tensor *x);
/* x where it is above 0, else 0. */
HONE_API hone_tensor *hone_relu(hone_tape *t, hone_tensor *x);

/* ---- comparisons (1.0 or 0.0, no gradient; x and y may be I32; y of x's shape or a scalar) ---- */
/* x == y */
HONE_API hone_tensor *hone_equal(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* x < y */
HONE_API hone_tensor *hone_less(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* x > y */
HONE_API hone_tensor *hone_greater(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* 1.0 where x is 0. */
HONE_API hone_tensor *hone_logical_not(hone_tape *t, hone_tensor *x);
/* 1.0 where ids[i] (I32) is one of `set` (I32, any order; looked at when the op runs): same shape as ids */
HONE_API hone_tensor *hone_is_in(hone_tape *t, hone_tensor *ids, const hone_tensor *set);
/* condition != 0 ? x : y, all of one shape; gradients go to x and y */
HONE_API hone_tensor *hone_where(hone_tape *t, hone_tensor *condition, hone_tensor *x, hone_tensor *y);

/* ---- sums ---- */
/* () of all elements */
HONE_API hone_tensor *hone_sum(hone_tape *t, hone_tensor *x);
/* () the mean of all elements; 0 over nothing */
HONE_API hone_tensor *hone_mean(hone_tape *t, hone_tensor *x);
/* (N) -> (R), (N, C) -> (R, C): over each row's tokens that x holds */
HONE_API hone_tensor *hone_rows_sum(hone_tape *t, hone_tensor *x);
/* The same with means; 0 for an empty row. */
HONE_API hone_tensor *hone_rows_mean(hone_tape *t, hone_tensor *x);

/* ---- matrices and indexing ---- */
/* (n, k) (k, m) -> (n, m) */
HONE_API hone_tensor *hone_matmul(hone_tape *t, hone_tensor *x, hone_tensor *y);
/* The logarithm of softmax, over the last dimension. */
HONE_API hone_tensor *hone_log_softmax(hone_tape *t, hone_tensor *x);
/* Softmax over the last dimension. */
HONE_API hone_tensor *hone_softmax(hone_tape *t, hone_tensor *x);
/* x (N, C), index (N) I32 -> (N): x[i][index[i]]; 0, without gradient, where index is negative */
HONE_API hone_tensor *hone_gather(hone_tape *t, hone_tensor *x, hone_tensor *index);
/* x (N, C), index (M) I32 -> (M, C): x[index[i]]; x (N) -> (M). Per token like x when x is and the tokens are picked in the order of rows. */
HONE_API hone_tensor *hone_index_select(hone_tape *t, hone_tensor *x, hone_tensor *index);
/* mean over labels[i] >= 0 of -log softmax(logits)[labels[i]]; logits (N, C), labels (N) I32, class_weights (C) or NULL, label smoothing in [0, 1). ()
 * With class weights the mean is weighted, as torch's; the mean over nothing is 0. class_weights are read on the host and get no gradient. */
HONE_API hone_tensor *hone_cross_entropy(hone_tape *t, hone_tensor *logits, hone_tensor *labels, hone_tensor *class_weights,
                                         float smoothing);
/* The same data, cut off from the gradient. */
HONE_API hone_tensor *hone_detach(hone_tape *t, hone_tensor *x);

#ifdef __cplusplus
}
#endif
#endif
