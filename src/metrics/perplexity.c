/* Perplexity, in the two senses of the field (semantics.md, 69): the course's exp(eval_loss), and the mean over texts of the package `evaluate`. */
#include <hone/metrics.h>

#include <math.h>

double hone_metric_perplexity(double mean_nll)
{
    return exp(mean_nll);
}

double hone_metric_mean_perplexity(const double *mean_nll, size_t n_texts)
{
    double sum = 0;
    for (size_t i = 0; i < n_texts; i++)
        sum += exp(mean_nll[i]);
    return n_texts ? sum / (double)n_texts : 0;
}
