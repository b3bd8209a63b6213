/* Accuracy, precision, recall, F1 and Matthews' correlation from counts of each class (hone/metrics.h). The whole table of confusions is not needed: for every one of them the diagonal and the sums of its rows
 * and columns are enough (for Matthews' of several classes: Gorodkin 2004, as scikit-learn computes it). */
#include "metrics/classes.h"

#include "metrics/sum.h"

#include <math.h>
#include <string.h>

#define MAX_CLASSES (1 << 24)
#define IGNORED     (-100)

hone_status hone_class_counts_new(hone_class_counts **out)
{
    return HONE_NEW(out, 1);
}

void hone_class_counts_free(hone_class_counts *c)
{
    if (c)
        hone__free(c->items);
    hone__free(c);
}

void hone_class_counts_reset(hone_class_counts *c)
{
    c->n_classes = 0;
    c->n = c->n_correct = 0;
}

/* The number of classes that a list needs. */
static hone_status check(size_t *n_classes, const int32_t *references, const int32_t *predictions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t pair[2] = {references[i], predictions[i]};
        for (int k = 0; k < 2 && pair[0] != IGNORED; k++) {
            if (pair[k] < 0 || pair[k] >= MAX_CLASSES)
                return hone__fail(HONE_INVALID_ARGUMENT, "class %d: classes are numbers from 0 to %d", pair[k], MAX_CLASSES - 1);
            *n_classes = (size_t)pair[k] >= *n_classes ? (size_t)pair[k] + 1 : *n_classes;
        }
    }
    return HONE_OK;
}

hone_status hone_class_counts_add(hone_class_counts *c, const int32_t *references, const int32_t *predictions, size_t n)
{
    size_t n_classes = c->n_classes;
    HONE_TRY(check(&n_classes, references, predictions, n));
    HONE_TRY(HONE_GROW(&c->items, &c->capacity, n_classes));
    if (n_classes > c->n_classes)
        memset(c->items + c->n_classes, 0, (n_classes - c->n_classes) * sizeof(*c->items));
    c->n_classes = n_classes;
    for (size_t i = 0; i < n; i++) {
        if (references[i] == IGNORED)
            continue;
        bool correct = references[i] == predictions[i];
        c->items[references[i]].n_references++;
        c->items[predictions[i]].n_predicted++;
        c->items[references[i]].n_correct += correct;
        c->n_correct += correct;
        c->n++;
    }
    return HONE_OK;
}

/* ---- scores ---- */

static double divide(double a, double b)
{
    return b != 0.0 ? a / b : 0.0;
}

/* precision, recall, F1 of a count. */
static void score(double out[3], const hone_class_count *x)
{
    out[0] = divide((double)x->n_correct, (double)x->n_predicted);
    out[1] = divide((double)x->n_correct, (double)x->n_references);
    out[2] = divide(2.0 * (double)x->n_correct, (double)x->n_references + (double)x->n_predicted);
}

/* The mean over the classes that occur. values: room for n_classes. */
static void mean_scores(double out[3], double *values, const hone_class_counts *c, bool weighted, const int32_t *order)
{
    for (int k = 0; k < 3; k++) {
        size_t n = 0;
        double total = 0.0;
        for (size_t i = 0; i < c->n_classes; i++) {
            const hone_class_count *x = &c->items[order ? (size_t)order[i] : i];
            double weight = weighted ? (double)x->n_references : 1.0, of_class[3];
            if (!x->n_references && !x->n_predicted)
                continue;
            score(of_class, x);
            values[n++] = weight * of_class[k];
            total += weight;
        }
        out[k] = divide(hone__pairwise_sum(values, n), total);
    }
}

static double matthews(const hone_class_counts *c)
{
    double n = (double)c->n, both = 0, predicted = 0, references = 0;
    for (size_t i = 0; i < c->n_classes; i++) {
        double p = (double)c->items[i].n_predicted, r = (double)c->items[i].n_references;
        both += p * r;
        predicted += p * p;
        references += r * r;
    }
    double product = (n * n - predicted) * (n * n - references);
    return product == 0.0 ? 0.0 : ((double)c->n_correct * n - both) / sqrt(product);
}

hone_status hone__class_scores(hone_class_scores *out, const hone_class_counts *c, hone_average average, int32_t positive,
                               const int32_t *order)
{
    double scores[3] = {0, 0, 0}, *values = NULL;
    *out = (hone_class_scores){.accuracy = divide((double)c->n_correct, (double)c->n), .matthews_correlation = matthews(c), .n = c->n};
    if (average == HONE_AVERAGE_BINARY) {
        if (positive >= 0 && (size_t)positive < c->n_classes)
            score(scores, &c->items[positive]);
    } else if (average == HONE_AVERAGE_MICRO) {
        score(scores, &(hone_class_count){c->n_correct, c->n, c->n});
    } else {
        HONE_TRY(HONE_ALLOC(&values, c->n_classes));
        mean_scores(scores, values, c, average == HONE_AVERAGE_WEIGHTED, order);
        hone__free(values);
    }
    out->precision = scores[0];
    out->recall = scores[1];
    out->f1 = scores[2];
    return HONE_OK;
}

hone_status hone_class_counts_compute(const hone_class_counts *c, hone_average average, int32_t positive, hone_class_scores *out)
{
    return hone__class_scores(out, c, average, positive, NULL);
}
