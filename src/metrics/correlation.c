/* Pearson's and Spearman's correlation, as scipy.stats computes them (pearsonr, spearmanr with ties averaged). */
#include "base/mem.h"

#include <hone/metrics.h>

#include <math.h>
#include <stdlib.h>

static double mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

/* The length of x minus its mean, scaled so that squares do not overflow; *scale is what it was divided by. */
static double deviation(double *scale, const double *x, size_t n, double x_mean)
{
    double sum = 0;
    *scale = 0;
    for (size_t i = 0; i < n; i++)
        *scale = fmax(*scale, fabs(x[i] - x_mean));
    for (size_t i = 0; i<n && * scale> 0; i++)
        sum += (x[i] - x_mean) / *scale * ((x[i] - x_mean) / *scale);
    return sqrt(sum);
}

static bool is_constant(const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (x[i] != x[0])
            return false;
    return true;
}

static hone_status check_number(size_t n)
{
    return n >= 2 ? HONE_OK
                  : hone__fail(HONE_INVALID_ARGUMENT, "a correlation takes two pairs or more, here %s", n ? "is one" : "are none");
}

hone_status hone_metric_pearson(double *out, const double *x, const double *y, size_t n)
{
    double x_mean, y_mean, x_scale, y_scale, sum = 0;
    *out = NAN;
    HONE_TRY(check_number(n));
    if (is_constant(x, n) || is_constant(y, n))
        return HONE_OK;
    x_mean = mean(x, n);
    y_mean = mean(y, n);
    double x_norm = deviation(&x_scale, x, n, x_mean), y_norm = deviation(&y_scale, y, n, y_mean);
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - x_mean) / x_scale / x_norm * ((y[i] - y_mean) / y_scale / y_norm);
    *out = sum > 1 ? 1 : sum < -1 ? -1 : sum;
    return HONE_OK;
}

static int by_value(const void *a, const void *b, void *payload)
{
    const double *x = payload;
    double left = x[*(const size_t *)a], right = x[*(const size_t *)b];
    return left < right ? -1 : left > right;
}

/* ranks[i]: the place of x[i] from 1, the mean of their places for equal values. order: room for n. */
static void rank(double *ranks, size_t *order, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof(*order), by_value, (void *)(uintptr_t)x);
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && x[order[end]] == x[order[begin]];)
            end++;
        for (size_t i = begin; i < end; i++)
            ranks[order[i]] = (double)(begin + end + 1) / 2;
    }
}

static bool has_nan(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i]))
            return true;
    return false;
}

hone_status hone_metric_spearman(double *out, const double *x, const double *y, size_t n)
{
    double *ranks = NULL;
    size_t *order = NULL;
    hone_status status = HONE_OK;
    *out = NAN;
    HONE_TRY(check_number(n));
    if (has_nan(x, n) || has_nan(y, n))
        return HONE_OK;
    HONE_GO(HONE_ALLOC(&ranks, 2 * n));
    HONE_GO(HONE_ALLOC(&order, n));
    rank(ranks, order, x, n);
    rank(ranks + n, order, y, n);
    status = hone_metric_pearson(out, ranks, ranks + n, n);
done:
    hone__free(order);
    hone__free(ranks);
    return status;
}
