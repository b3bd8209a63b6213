/* The optimizer over the flat buffers: the gradient's norm and AdamW, each one pass, bound by memory. Work is cut in blocks of HONE_CPU_CHUNK elements within a
 * segment; the norm's blocks are added in order within partial sums, whose number depends on the segments alone. A table whose gradient stands in slots is cut in the
 * same blocks, so that its part of the norm has the bits of the dense one. */
#include "tensor/cpu/cpu.h"

#include <string.h>

/* The blocks of all segments, in order. */
typedef struct cursor {
    const hone_segment *segment;
    size_t at; /* first element of the block at hand */
} cursor;

static int64_t blocks_of(const hone_segment *s)
{
    return s->end > s->begin ? hone__ceil_div((int64_t)(s->end - s->begin), HONE_CPU_CHUNK) : 0;
}

static int64_t count_blocks(const hone_segment *segments, size_t n)
{
    int64_t blocks = 0;
    for (size_t s = 0; s < n; s++)
        blocks += blocks_of(&segments[s]);
    return blocks;
}

static cursor seek(const hone_segment *segments, int64_t block)
{
    while (block >= blocks_of(segments))
        block -= blocks_of(segments++);
    return (cursor){segments, segments->begin + (size_t)block * HONE_CPU_CHUNK};
}

static size_t block_len(const cursor *c)
{
    size_t left = c->segment->end - c->at;
    return left < HONE_CPU_CHUNK ? left : HONE_CPU_CHUNK;
}

/* To the next block, over empty segments. Not to be called at the last one. */
static void advance(cursor *c)
{
    c->at += block_len(c);
    while (c->at >= c->segment->end) {
        c->segment++;
        c->at = c->segment->begin;
    }
}

/* The first of the ascending rows that ends behind element `from` of the table. */
static int32_t first_slot(const hone_slots *s, int64_t from)
{
    int32_t low = 0, high = s->n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if ((s->rows[middle] + 1) * s->cols > from)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Elements [from, from + n) of the table's gradient as a dense one would hold them. */
static double slots_square_sum(const hone_kernels *k, const hone_slots *s, int64_t from, int64_t n, int64_t *bad)
{
    float block[HONE_CPU_CHUNK];
    int32_t i = first_slot(s, from);
    if (i == s->n || s->rows[i] * s->cols >= from + n)
        return 0.0;
    memset(block, 0, (size_t)n * sizeof(*block));
    for (; i < s->n && s->rows[i] * s->cols < from + n; i++) {
        int64_t row = s->rows[i] * s->cols, begin = hone__max64(row, from), end = hone__min64(row + s->cols, from + n);
        memcpy(block + (begin - from), (const float *)s->g + s->slots[i] * s->cols + (begin - row), (size_t)(end - begin) * sizeof(*block));
    }
    return k->square_sum(block, (size_t)n, bad);
}

static double block_square_sum(const hone_kernels *k, const float *g, const cursor *at, int64_t *bad)
{
    const hone_segment *s = at->segment;
    if (s->slots)
        return slots_square_sum(k, s->slots, (int64_t)(at->at - s->begin), (int64_t)block_len(at), bad);
    return k->square_sum(g + (at->at - s->skipped), block_len(at), bad);
}

static hone_status cpu_norm2(hone_backend *b, double *out_f64, int32_t *nonfinite, const void *g, const hone_segment *segments,
                             size_t n_segments, void *scratch)
{
    const hone_kernels *k = hone__cpu(b);
    int64_t blocks = count_blocks(segments, n_segments), partials = hone__min64(blocks, HONE_CPU_PARTIALS), bad_total = 0;
    double *sums = scratch, sum = 0.0;
    int64_t *bad = (int64_t *)(sums + HONE_CPU_PARTIALS);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, blocks *HONE_CPU_CHUNK))
    for (int64_t p = 0; p < partials; p++) {
        int64_t begin = blocks * p / partials, end = blocks * (p + 1) / partials;
        cursor at = seek(segments, begin);
        sums[p] = 0.0, bad[p] = 0;
        for (int64_t block = begin; block < end; block++) {
            sums[p] += block_square_sum(k, g, &at, &bad[p]);
            if (block + 1 < end)
                advance(&at);
        }
    }
    for (int64_t p = 0; p < partials; p++)
        sum += sums[p], bad_total += bad[p];
    *out_f64 = sum;
    *nonfinite = (int32_t)hone__min64(bad_total, INT32_MAX);
    return HONE_OK;
}

typedef struct update {
    float *master, *m, *v;
    const float *g;
    void *compute;
    hone_dtype compute_dtype;
    const hone_adamw *how;
    float factor;
} update;

static hone_adamw_floats floats_of(const hone_adamw *how, float lr_scale, float weight_decay)
{
    double lr = how->lr * (double)lr_scale;
    return (hone_adamw_floats){.decay = (float)(1.0 - lr * (double)weight_decay),
                               .beta1 = (float)how->beta1,
                               .beta2 = (float)how->beta2,
                               .rest1 = (float)(1.0 - how->beta1),
                               .rest2 = (float)(1.0 - how->beta2),
                               .step = (float)(lr / how->bias1),
                               .inverse_bias2 = (float)(1.0 / how->bias2_sqrt),
                               .eps = (float)how->eps};
}

static void update_block(const hone_kernels *k, const update *u, const cursor *at)
{
    const hone_segment *s = at->segment;
    size_t n = block_len(at);
    if (s->slots)
        return;
    hone_adamw_block block = {.p = u->master + at->at,
                              .m = u->m + at->at,
                              .v = u->v + at->at,
                              .g = u->g + (at->at - s->skipped),
                              .n = n,
                              .factor = u->factor,
                              .how = floats_of(u->how, s->lr_scale, s->weight_decay)};
    k->adamw(&block);
    if (u->compute && u->compute != u->master)
        k->from_f32((char *)u->compute + at->at * hone_dtype_size(u->compute_dtype), u->compute_dtype, block.p, n);
}

static hone_status cpu_adamw(hone_backend *b, float *master, void *compute, hone_dtype compute_dtype, const float *g, float *m, float *v,
                             const hone_segment *segments, size_t n_segments, const hone_adamw *how, const float *factor,
                             const int32_t *skip)
{
    if (skip && *skip != 0)
        return HONE_OK;
    update u = {master, m, v, g, compute, compute_dtype, how, *factor};
    int64_t blocks = count_blocks(segments, n_segments), runs = hone__min64(blocks, HONE_CPU_PARTIALS);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, blocks *HONE_CPU_CHUNK))
    for (int64_t run = 0; run < runs; run++) {
        int64_t begin = blocks * run / runs, end = blocks * (run + 1) / runs;
        cursor at = seek(segments, begin);
        for (int64_t block = begin; block < end; block++) {
            update_block(hone__cpu(b), &u, &at);
            if (block + 1 < end)
                advance(&at);
        }
    }
    return HONE_OK;
}

static void update_row(const hone_kernels *k, const hone_adamw_rows *r, int32_t i, const hone_adamw_floats *how, bool all_live)
{
    int64_t at = r->rows[i] * r->cols;
    hone_adamw_row row = {.p = r->p + at,
                          .m = r->m + at,
                          .v = r->v + at,
                          .g = r->g ? r->g + r->slots[i] * r->cols : NULL,
                          .n = (size_t)r->cols,
                          .factor = r->g ? *r->factor : 0.0f,
                          .live = all_live || r->live[r->rows[i]],
                          .n_steps = r->to - r->from[i],
                          .how = how};
    k->adamw_row(&row);
}

static hone_status cpu_adamw_rows(hone_backend *b, const hone_adamw_rows *r)
{
    hone_adamw_floats how[HONE_ADAMW_RING];
    int32_t first = r->to; /* the oldest step that some row lacks is first + 1 */
    bool all_live = false; /* 0 / 0 of rows that never had a gradient, as adamw has it */
    for (int32_t i = 0; i < r->n; i++)
        first = r->from[i] < first ? r->from[i] : first;
    for (int32_t k = first + 1; k <= r->to; k++) {
        const hone_adamw_step *step = &r->ring[k % HONE_ADAMW_RING];
        how[k - first - 1] = floats_of(&step->how, step->lr_scale, step->weight_decay);
        all_live = all_live || how[k - first - 1].eps == 0;
    }
#pragma omp parallel for schedule(static, 1) num_threads(hone__threads(b, r->n * r->cols * (r->to - first)))
    for (int32_t i = 0; i < r->n; i++)
        if (r->from[i] < r->to)
            update_row(hone__cpu(b), r, i, how + (r->from[i] - first), all_live);
    return HONE_OK;
}

void hone__cpu_optimizer(hone_backend_ops *ops)
{
    ops->adamw_rows = cpu_adamw_rows;
    ops->norm2 = cpu_norm2;
    ops->adamw = cpu_adamw;
}
