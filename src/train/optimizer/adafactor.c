/* Adafactor (Shazeer & Stern 2018) as transformers.optimization.Adafactor (4.57) computes it with relative_step=False, which is what --optim adafactor of the reference
 * means: the second moment of a matrix is kept as means of its rows and columns, the update is clipped by its root mean square, weight decay is decoupled. Sums are
 * double and by lines (rows, or runs of a vector), so that threads don't change bits. Row and column are the stored matrix's: the update is the same for its transpose. */
#include "train/optimizer/rules.h"

#include <math.h>

enum { RUN = 1024 /* elements of a line of a vector */, STRIP = 64 /* columns that one thread sums */ };

size_t hone__adafactor_room(int64_t rows, int64_t cols)
{
    return (size_t)(cols ? rows + cols : rows);
}

static size_t count_lines(int64_t rows, int64_t cols)
{
    return (size_t)(cols ? rows : (rows + RUN - 1) / RUN);
}

size_t hone__adafactor_lines(int64_t rows, int64_t cols)
{
    return count_lines(rows, cols) + (size_t)(cols ? rows + cols : 0);
}

/* Line i of the tensor: elements [*begin, *end). */
static void line_of(const hone_rule_step *s, int64_t i, size_t *begin, size_t *end)
{
    size_t len = s->cols ? (size_t)s->cols : RUN;
    *begin = (size_t)i * len;
    *end = *begin + len < s->n ? *begin + len : s->n;
}

static double total(const double *lines, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += lines[i];
    return sum;
}

static double rms_of_parameter(const hone_rule_step *s)
{
    int64_t n = (int64_t)count_lines(s->rows, s->cols);
#pragma omp parallel for schedule(static) num_threads(s->n_threads) if (s->n > 16384)
    for (int64_t i = 0; i < n; i++) {
        size_t begin, end;
        double sum = 0;
        for (line_of(s, i, &begin, &end); begin < end; begin++)
            sum += (double)s->p[begin] * (double)s->p[begin];
        s->lines[i] = sum;
    }
    return sqrt(total(s->lines, (size_t)n) / (double)s->n);
}

static double squared(const hone_rule_step *s, size_t i)
{
    double g = (double)(s->g[i] * s->factor);
    return g * g + s->rule->eps1;
}

static void mix(float *state, double value, double keep)
{
    *state = (float)((double)*state * keep + value * (1 - keep));
}

/* The means of rows and columns, or the elements of a vector, with this step's squares. */
static void update_moments(const hone_rule_step *s, double keep)
{
    float *row = s->factored, *col = s->factored + s->rows;
#pragma omp parallel for schedule(static) num_threads(s->n_threads) if (s->n > 16384)
    for (int64_t i = 0; i < s->rows; i++) {
        double sum = s->cols ? 0 : squared(s, (size_t)i);
        for (int64_t c = 0; c < s->cols; c++)
            sum += squared(s, (size_t)(i * s->cols + c));
        mix(&row[i], s->cols ? sum / (double)s->cols : sum, keep);
    }
#pragma omp parallel for schedule(static) num_threads(s->n_threads) if (s->n > 16384)
    for (int64_t first = 0; first < s->cols; first += STRIP) {
        double sums[STRIP] = {0};
        int64_t n = s->cols - first < STRIP ? s->cols - first : STRIP;
        for (int64_t i = 0; i < s->rows; i++)
            for (int64_t c = 0; c < n; c++)
                sums[c] += squared(s, (size_t)(i * s->cols + first + c));
        for (int64_t c = 0; c < n; c++)
            mix(&col[first + c], sums[c] / (double)s->rows, keep);
    }
}

static double mean_of_rows(const hone_rule_step *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->rows; i++)
        sum += (double)s->factored[i];
    return sum / (double)s->rows;
}

/* What a matrix's gradient is multiplied by, the product of a row's and a column's number: 1 / sqrt of its second moment. They stand behind the lines' sums. */
static void make_scales(const hone_rule_step *s)
{
    double mean = s->cols ? mean_of_rows(s) : 1, *row = s->lines + count_lines(s->rows, s->cols), *col = row + s->rows;
    for (int64_t i = 0; s->cols && i < s->rows; i++)
        row[i] = 1 / sqrt((double)s->factored[i] / mean);
    for (int64_t c = 0; c < s->cols; c++)
        col[c] = 1 / sqrt((double)s->factored[s->rows + c]);
}

/* The update of elements [begin, end) of line i, before it is clipped. */
static void line_update(double *out, const hone_rule_step *s, int64_t i, size_t begin, size_t end)
{
    const double *row = s->lines + count_lines(s->rows, s->cols), *col = row + s->rows, scale = s->cols ? row[i] : 1;
    size_t first = begin - (size_t)(i * s->cols);
    for (size_t k = begin; k < end; k++)
        out[k - begin] = (double)(s->g[k] * s->factor) * (s->cols ? scale * col[first + (k - begin)] : 1 / sqrt((double)s->factored[k]));
}

static double rms_of_update(const hone_rule_step *s)
{
    int64_t n = (int64_t)count_lines(s->rows, s->cols);
#pragma omp parallel for schedule(static) num_threads(s->n_threads) if (s->n > 16384)
    for (int64_t i = 0; i < n; i++) {
        size_t begin, end;
        double u[RUN], sum = 0;
        for (line_of(s, i, &begin, &end); begin < end; begin += RUN) {
            size_t len = end - begin < RUN ? end - begin : RUN;
            line_update(u, s, i, begin, begin + len);
            for (size_t k = 0; k < len; k++)
                sum += u[k] * u[k];
        }
        s->lines[i] = sum;
    }
    return sqrt(total(s->lines, (size_t)n) / (double)s->n);
}

/* Up to RUN elements from `at` on: their updates u, times `rate`, leave the parameter. */
static void apply(const hone_rule_step *s, const double *u, size_t at, size_t len, double rate, double keep)
{
    float *first = isnan(s->rule->beta1) ? NULL : s->state[0];
    for (size_t k = 0; k < len; k++) {
        double change = u[k] * rate;
        if (first) {
            mix(&first[at + k], change, s->rule->beta1);
            change = (double)first[at + k];
        }
        s->p[at + k] = (float)((double)s->p[at + k] * keep - change);
    }
}

void hone__adafactor_step(const hone_rule_step *s)
{
    const hone_rule *r = s->rule;
    double lr = r->scale_parameter ? s->lr * fmax(r->eps2, rms_of_parameter(s)) : s->lr;
    update_moments(s, 1 - pow((double)s->t, r->decay_rate));
    make_scales(s);
    double rate = lr / fmax(1, rms_of_update(s) / r->clip_threshold);
    int64_t n = (int64_t)count_lines(s->rows, s->cols);
#pragma omp parallel for schedule(static) num_threads(s->n_threads) if (s->n > 16384)
    for (int64_t i = 0; i < n; i++) {
        size_t begin, end;
        double u[RUN];
        for (line_of(s, i, &begin, &end); begin < end; begin += RUN) {
            size_t len = end - begin < RUN ? end - begin : RUN;
            line_update(u, s, i, begin, begin + len);
            apply(s, u, begin, len, rate, 1 - s->weight_decay * lr);
        }
    }
}
