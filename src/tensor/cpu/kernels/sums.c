/* Sums of rows and columns, and what searches a row. Long sums are widened to double; columns are summed in blocks of 128 rows in float, the blocks in double. */
#include "tensor/cpu/kernels/simd.h"
#include "tensor/cpu/kernels/kernels.h"

#include <float.h>
#include <math.h>

enum { VECTORS = HONE_COLUMN_CHUNK / W, SUM_BLOCK = 128 };

/* Sum of the rows x[rows[i]] (x[i] when rows is NULL) in VECTORS registers. */
HONE_INLINE void add_rows(vf a[VECTORS], const float *x, size_t ld_x, const int32_t *rows, size_t n_rows, size_t cols)
{
    for (size_t c = 0; c < VECTORS; c++)
        a[c] = vzero();
    if (cols == HONE_COLUMN_CHUNK) {
        for (size_t i = 0; i < n_rows; i++) {
            const float *row = x + (rows ? (size_t)rows[i] : i) * ld_x;
            for (size_t c = 0; c < VECTORS; c++)
                a[c] = a[c] + vload(row + c * W);
        }
        return;
    }
    for (size_t i = 0; i < n_rows; i++) {
        const float *row = x + (rows ? (size_t)rows[i] : i) * ld_x;
        for (size_t c = 0; c * W < cols; c++)
            a[c] = a[c] + ld(row + c * W, cols - c * W);
    }
}

void KERNEL(column_sums)(float *y, const float *x, size_t ld_x, size_t rows, size_t cols, float beta)
{
    vd total[VECTORS];
    vf a[VECTORS];
    for (size_t c = 0; c < VECTORS; c++)
        total[c] = vd_zero();
    for (size_t i = 0; i < rows; i += SUM_BLOCK) {
        add_rows(a, x + i * ld_x, ld_x, NULL, rows - i < SUM_BLOCK ? rows - i : SUM_BLOCK, cols);
        for (size_t c = 0; c < VECTORS; c++)
            total[c] = vd_add(total[c], vd_of(a[c]));
    }
    double sums[HONE_COLUMN_CHUNK];
    for (size_t c = 0; c < VECTORS; c++)
        vd_store(sums + c * W, total[c]);
    for (size_t c = 0; c < cols; c++)
        y[c] = (float)(beta != 0 ? sums[c] + (double)(beta * y[c]) : sums[c]);
}

void KERNEL(gathered_sum)(float *y, const float *x, size_t ld_x, const int32_t *rows, size_t n_rows, size_t cols, float beta)
{
    for (size_t i = 0; i < n_rows; i += SUM_BLOCK) {
        vf a[VECTORS];
        add_rows(a, x, ld_x, rows + i, n_rows - i < SUM_BLOCK ? n_rows - i : SUM_BLOCK, cols);
        for (size_t c = 0; c * W < cols; c++) {
            size_t left = cols - c * W;
            if (beta != 0 || i > 0)
                a[c] = a[c] + ld(y + c * W, left);
            st(y + c * W, a[c], left);
        }
    }
}

double KERNEL(sum)(const float *x, size_t n)
{
    vd a = vd_zero(), b = a;
    size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W)
        a = vd_add(a, vd_of(vload(x + i))), b = vd_add(b, vd_of(vload(x + i + W)));
    for (; i < n; i += W)
        a = vd_add(a, vd_of(ld(x + i, n - i)));
    return vd_sum(vd_add(a, b));
}

double KERNEL(square_sum)(const float *x, size_t n, int64_t *nonfinite)
{
    vd a = vd_zero(), b = a;
    vf limit = vset(FLT_MAX);
    for (size_t i = 0; i < n; i += 2 * W) {
        size_t left = n - i;
        vf p = ld(x + i, left), q = left > W ? ld(x + i + W, left - W) : vzero();
        a = vd_add_square(a, vd_of(p)), b = vd_add_square(b, vd_of(q));
        uint32_t finite = vbits(vle(vabs(p), limit)) | vbits(vle(vabs(q), limit)) << W;
        *nonfinite += 2 * W - __builtin_popcount(finite);
    }
    return vd_sum(vd_add(a, b));
}

int32_t KERNEL(argmax)(const float *x, size_t n)
{
    vf best = vset(-INFINITY);
    for (size_t i = 0; i < n; i += W)
        best = vmax(best, vtail(ld(x + i, n - i), vset(-INFINITY), n - i));
    vf target = vset(vhmax(best));
    for (size_t i = 0; i < n; i += W) {
        uint32_t equal = vbits(veq(vtail(ld(x + i, n - i), vset(-INFINITY), n - i), target));
        if (equal)
            return (int32_t)(i + (size_t)__builtin_ctz(equal));
    }
    return 0;
}

/* A heap of the k best with the worst on top: less, or equal with the higher index. */
HONE_INLINE bool worse(float a, int32_t i, float b, int32_t j)
{
    return a < b || (a == b && i > j);
}

static void sift_down(float *values, int32_t *index, size_t at, size_t n)
{
    float v = values[at];
    int32_t id = index[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && worse(values[child + 1], index[child + 1], values[child], index[child]))
            child++;
        if (!worse(values[child], index[child], v, id))
            break;
        values[at] = values[child], index[at] = index[child];
    }
    values[at] = v, index[at] = id;
}

void KERNEL(top_k)(float *values, int32_t *index, size_t k, const float *x, size_t n)
{
    if (k == 0)
        return;
    for (size_t i = 0; i < k; i++)
        values[i] = x[i], index[i] = (int32_t)i;
    for (size_t i = k / 2; i-- > 0;)
        sift_down(values, index, i, k);
    for (size_t i = k; i < n; i += W) { /* later elements enter only when greater: equals keep the lower index */
        uint32_t better = vbits(vlt(vset(values[0]), vtail(ld(x + i, n - i), vset(-INFINITY), n - i)));
        for (; better; better &= better - 1) {
            size_t j = i + (size_t)__builtin_ctz(better);
            if (x[j] > values[0]) {
                values[0] = x[j], index[0] = (int32_t)j;
                sift_down(values, index, 0, k);
            }
        }
    }
    for (size_t end = k - 1; end > 0; end--) { /* the worst goes to the end: descending order */
        float v = values[end];
        int32_t id = index[end];
        values[end] = values[0], index[end] = index[0];
        values[0] = v, index[0] = id;
        sift_down(values, index, 0, end);
    }
}
