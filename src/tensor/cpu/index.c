/* Embedding sums and their gradients, gathers and scatters. Gradients add in the order of tokens without atomics: ids are sorted first (stable), and each thread
 * owns the table rows of a run of sorted ids; where several tokens may add to one row otherwise, threads own columns. */
#include "tensor/cpu/cpu.h"

#include <string.h>

/* One token's row: the sum of its tables' rows, dropped. */
static void embed_row(const hone_kernels *k, float *y, int n_tables, const hone_mat *tables, const int32_t *const *ids, int64_t i, size_t c,
                      const hone_drop_row *drop)
{
    const float *first = hone__at(&tables[0], ids[0][i], 0);
    if (n_tables == 1) {
        if (drop)
            k->drop(y, first, c, drop, 0);
        else
            memcpy(y, first, c * sizeof(*y));
        return;
    }
    k->add(y, first, hone__at(&tables[1], ids[1][i], 0), c);
    for (int table = 2; table < n_tables; table++)
        k->add(y, y, hone__at(&tables[table], ids[table][i], 0), c);
    if (drop)
        k->drop(y, y, c, drop, 0);
}

static hone_status cpu_embed_forward(hone_backend *b, const hone_mat *y, int n_tables, const hone_mat *tables, const int32_t *const *ids,
                                     const hone_drop *drop)
{
    HONE_CPU_CHECK(y, tables);
    hone_drop_row begin;
    bool dropped = hone__drop_begin(&begin, drop);
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, y->rows * y->cols))
    for (int64_t i = 0; i < y->rows; i++) {
        hone_drop_row row = begin;
        if (dropped)
            hone__drop_token(&row, drop, i);
        embed_row(k, hone__at(y, i, 0), n_tables, tables, ids, i, (size_t)y->cols, dropped ? &row : NULL);
    }
    return HONE_OK;
}

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

/* One pass of a radix sort of (ids, tokens), stable. */
static void sort_digit(int32_t *to_ids, int32_t *to_tokens, const int32_t *ids, const int32_t *tokens, int64_t n, int shift, int32_t *count)
{
    memset(count, 0, DIGITS * sizeof(*count));
    for (int64_t i = 0; i < n; i++)
        count[(ids[i] >> shift) & (DIGITS - 1)]++;
    for (int32_t d = 0, at = 0; d < DIGITS; d++) {
        int32_t here = count[d];
        count[d] = at, at += here;
    }
    for (int64_t i = 0; i < n; i++) {
        int32_t at = count[(ids[i] >> shift) & (DIGITS - 1)]++;
        to_ids[at] = ids[i], to_tokens[at] = tokens[i];
    }
}

/* ids of the tokens that count, ascending, with their tokens; both lie in scratch. Returns their number. */
static int64_t sort_ids(int32_t **sorted, int32_t **tokens, const int32_t *ids, int64_t n, int32_t skip, int64_t n_ids, int32_t *scratch)
{
    int32_t *from = scratch, *to = scratch + 2 * n, *count = scratch + 4 * n;
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (ids[i] != skip)
            from[kept] = ids[i], from[n + kept] = (int32_t)i, kept++;
    for (int shift = 0; shift < 31 && (n_ids - 1) >> shift > 0; shift += DIGIT_BITS) {
        sort_digit(to, to + n, from, from + n, kept, shift, count);
        int32_t *other = from;
        from = to, to = other;
    }
    *sorted = from, *tokens = from + n;
    return kept;
}

/* The first position at or after `at` where a new id begins. */
static int64_t id_start(const int32_t *sorted, int64_t n, int64_t at)
{
    while (at > 0 && at < n && sorted[at] == sorted[at - 1])
        at++;
    return at;
}

static void add_group(const hone_kernels *k, const hone_mat *dtable, int32_t id, const hone_mat *dy, const int32_t *tokens, int64_t n)
{
    for (int64_t c = 0; c < dy->cols; c += HONE_COLUMN_CHUNK)
        k->gathered_sum(hone__at(dtable, id, c), hone__at(dy, 0, c), (size_t)dy->ld, tokens, (size_t)n,
                        (size_t)hone__min64(dy->cols - c, HONE_COLUMN_CHUNK), 1.0f);
}

static hone_status cpu_embed_backward(hone_backend *b, const hone_mat *dtable, const int32_t *ids, const hone_mat *dy, int32_t skip,
                                      float beta, void *scratch)
{
    HONE_CPU_CHECK(dtable, dy);
    const hone_kernels *k = hone__cpu(b);
    if (beta == 0) {
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, dtable->rows * dtable->cols))
        for (int64_t v = 0; v < dtable->rows; v++)
            memset(hone__at(dtable, v, 0), 0, (size_t)dtable->cols * sizeof(float));
    }
    if (dy->rows == 0 || dtable->rows == 0)
        return HONE_OK;
    int32_t *sorted, *tokens;
    int64_t n = sort_ids(&sorted, &tokens, ids, dy->rows, skip, dtable->rows, scratch), runs = n < 64 ? 1 : b->n_threads;
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, n * dy->cols))
    for (int64_t run = 0; run < runs; run++) {
        int64_t end = id_start(sorted, n, n * (run + 1) / runs);
        for (int64_t i = id_start(sorted, n, n * run / runs), next; i < end; i = next) {
            for (next = i + 1; next < end && sorted[next] == sorted[i];)
                next++;
            add_group(k, dtable, sorted[i], dy, tokens + i, next - i);
        }
    }
    return HONE_OK;
}

static hone_status cpu_gather_rows(hone_backend *b, const hone_mat *y, const hone_mat *x, const int32_t *index)
{
    HONE_CPU_CHECK(y, x);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, y->rows * y->cols))
    for (int64_t i = 0; i < y->rows; i++)
        memcpy(hone__at(y, i, 0), hone__at(x, index[i], 0), (size_t)y->cols * sizeof(float));
    return HONE_OK;
}

static hone_status cpu_scatter_add_rows(hone_backend *b, const hone_mat *x, const hone_mat *y, const int32_t *index, bool unique)
{
    HONE_CPU_CHECK(x, y);
    const hone_kernels *k = hone__cpu(b);
    int64_t chunk = unique ? hone__max64(y->cols, 1) : 256, per_row = hone__ceil_div(y->cols, chunk);
    if (unique) {
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, y->rows * y->cols))
        for (int64_t i = 0; i < y->rows; i++)
            k->add(hone__at(x, index[i], 0), hone__at(x, index[i], 0), hone__at(y, i, 0), (size_t)y->cols);
        return HONE_OK;
    }
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, y->rows * y->cols))
    for (int64_t part = 0; part < per_row; part++)
        for (int64_t i = 0; i < y->rows; i++) {
            float *to = hone__at(x, index[i], part * chunk);
            k->add(to, to, hone__at(y, i, part * chunk), (size_t)hone__min64(chunk, y->cols - part * chunk));
        }
    return HONE_OK;
}

static hone_status cpu_gather_cols(hone_backend *b, const hone_mat *y, const hone_mat *x, const int32_t *index)
{
    (void)b;
    HONE_CPU_CHECK(y, x);
    for (int64_t i = 0; i < y->rows; i++)
        *hone__at(y, i, 0) = index[i] < 0 ? 0.0f : *hone__at(x, i, index[i]);
    return HONE_OK;
}

static hone_status cpu_scatter_add_cols(hone_backend *b, const hone_mat *x, const hone_mat *y, const int32_t *index)
{
    (void)b;
    HONE_CPU_CHECK(x, y);
    for (int64_t i = 0; i < y->rows; i++)
        if (index[i] >= 0)
            *hone__at(x, i, index[i]) += *hone__at(y, i, 0);
    return HONE_OK;
}

void hone__cpu_index(hone_backend_ops *ops)
{
    ops->embed_forward = cpu_embed_forward;
    ops->embed_backward = cpu_embed_backward;
    ops->gather_rows = cpu_gather_rows;
    ops->scatter_add_rows = cpu_scatter_add_rows;
    ops->gather_cols = cpu_gather_cols;
    ops->scatter_add_cols = cpu_scatter_add_cols;
}
