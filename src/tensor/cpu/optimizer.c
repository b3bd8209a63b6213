/* The optimizer over the flat buffers: the gradient's norm and AdamW, each one pass, bound by memory. Work is cut in blocks of HONE_CPU_CHUNK elements within a
 * segment; the norm's blocks are added in order within partial sums, whose number depends on the segments alone. */
#include "tensor/cpu/cpu.h"

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
            sums[p] += k->square_sum((const float *)g + at.at, block_len(&at), &bad[p]);
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

static void update_block(const hone_kernels *k, const update *u, const cursor *at)
{
    const hone_adamw *how = u->how;
    double lr = how->lr * (double)at->segment->lr_scale;
    size_t n = block_len(at);
    hone_adamw_block block = {.p = u->master + at->at,
                              .m = u->m + at->at,
                              .v = u->v + at->at,
                              .g = u->g + at->at,
                              .n = n,
                              .factor = u->factor,
                              .decay = (float)(1.0 - lr * (double)at->segment->weight_decay),
                              .beta1 = (float)how->beta1,
                              .beta2 = (float)how->beta2,
                              .rest1 = (float)(1.0 - how->beta1),
                              .rest2 = (float)(1.0 - how->beta2),
                              .step = (float)(lr / how->bias1),
                              .inverse_bias2 = (float)(1.0 / how->bias2_sqrt),
                              .eps = (float)how->eps};
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

void hone__cpu_optimizer(hone_backend_ops *ops)
{
    ops->norm2 = cpu_norm2;
    ops->adamw = cpu_adamw;
}
