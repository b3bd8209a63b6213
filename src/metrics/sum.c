/* numpy's pairwise summation (sum.h): loops_utils.h.src of numpy, DOUBLE_pairwise_sum. */
#include "metrics/sum.h"

#include <string.h>

double hone__pairwise_sum(const double *x, size_t n)
{
    double sum[8], rest = 0.0;
    size_t i = 0;
    if (n > 128) {
        size_t half = n / 2 - n / 2 % 8;
        return hone__pairwise_sum(x, half) + hone__pairwise_sum(x + half, n - half);
    }
    if (n < 8) {
        for (; i < n; i++)
            rest += x[i];
        return rest;
    }
    memcpy(sum, x, sizeof(sum));
    for (i = 8; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += x[i + k];
    rest = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
    for (; i < n; i++)
        rest += x[i];
    return rest;
}
