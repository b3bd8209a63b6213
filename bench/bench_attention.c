/* Attention of an encoder on its own: rows of T tokens, heads of D channels, forward and backward, with and without dropout.
 *
 *     bench_attention [threads 1] [repetitions 7] [tokens of a batch 3072] [channels 384]
 *
 * GFLOP/s count 4 T^2 D a head forward and 10 backward, and stand beside dnnl_sgemm's of 1024^3, taken in turns with every call: on a busy or throttled machine the share is what can be read. One
 * thread is timed by its own processor time, more by the wall clock. Medians of the repetitions; q, k and v are views of one (N, 3C), as in a model. */
#include "tensor/backend.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BIG = 1024, MAX_REPETITIONS = 99 };

static clockid_t clock_id = CLOCK_THREAD_CPUTIME_ID;
static hone_backend *b;

static double now(void)
{
    struct timespec t;
    clock_gettime(clock_id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check(hone_status status)
{
    if (status != HONE_OK) {
        fprintf(stderr, "%s\n", hone_error_message());
        exit(1);
    }
}

static float *floats(size_t n)
{
    void *p = NULL;
    check(b->ops->alloc(b, &p, n * sizeof(float)));
    hone_mat m = {p, HONE_DTYPE_F32, 1, (int64_t)n, (int64_t)n};
    check(b->ops->random(b, &m, HONE_RANDOM_NORMAL, 0.0f, 1.0f, 17));
    return p;
}

static hone_mat view(float *p, int64_t rows, int64_t cols, int64_t ld)
{
    return (hone_mat){p, HONE_DTYPE_F32, rows, cols, ld};
}

typedef struct batch {
    int64_t n, channels, length;
    hone_rows rows;
    float *qkv, *dqkv, *o, *d_o, *lse, *scratch, *x, *y, *z;
} batch;

/* As many rows of this length as the batch holds. */
static void set_rows(batch *s, int32_t length, int64_t tokens)
{
    int32_t n_rows = (int32_t)(tokens / length), *start = (int32_t *)s->rows.start, *row = (int32_t *)s->rows.row,
            *pos = (int32_t *)s->rows.pos;
    s->length = length, s->n = (int64_t)n_rows * length;
    for (int32_t i = 0; i < n_rows * length; i++)
        row[i] = i / length, pos[i] = i % length;
    for (int32_t r = 0; r <= n_rows; r++)
        start[r] = r * length;
    s->rows.n_tokens = (int32_t)s->n, s->rows.n_rows = n_rows, s->rows.longest = length;
}

static void make(batch *s, int64_t tokens, int64_t channels)
{
    size_t n = (size_t)tokens, c = (size_t)channels;
    int32_t *start = calloc(n + 1, 4), *row = calloc(n, 4), *pos = calloc(n, 4);
    uint64_t *key = calloc(n, 8);
    if (!start || !row || !pos || !key)
        exit(1);
    for (size_t r = 0; r < n; r++)
        key[r] = r;
    s->rows = (hone_rows){.start = start, .d_start = start, .row = row, .d_row = row, .pos = pos, .d_pos = pos, .key = key, .d_key = key};
    s->channels = channels;
    s->qkv = floats(3 * n * c), s->dqkv = floats(3 * n * c), s->o = floats(n * c), s->d_o = floats(n * c), s->lse = floats(n * c / 16);
    s->scratch = floats(b->ops->workspace(b, HONE_WS_ATTENTION_BACKWARD, 512, channels, (int64_t)n) / sizeof(float));
    s->x = floats((size_t)BIG * BIG), s->y = floats((size_t)BIG * BIG), s->z = floats((size_t)BIG * BIG);
}

static void attend(batch *s, int64_t size, float p, double taken[2])
{
    int64_t c = s->channels;
    int heads = (int)(c / size);
    float scale = size == 64 ? 0.125f : 0.17677669f;
    hone_mat q = view(s->qkv, s->n, c, 3 * c), k = view(s->qkv + c, s->n, c, 3 * c), v = view(s->qkv + 2 * c, s->n, c, 3 * c);
    hone_mat dq = view(s->dqkv, s->n, c, 3 * c), dk = view(s->dqkv + c, s->n, c, 3 * c), dv = view(s->dqkv + 2 * c, s->n, c, 3 * c);
    hone_mat o = view(s->o, s->n, c, c), d_o = view(s->d_o, s->n, c, c);
    hone_drop drop = {p, 1, 3, 0, &s->rows};
    double start = now();
    check(b->ops->attention_forward(b, &o, s->lse, &q, &k, &v, &s->rows, &s->rows, heads, false, scale, &drop, s->scratch));
    double middle = now();
    check(b->ops->attention_backward(b, &dq, &dk, &dv, &d_o, &o, s->lse, &q, &k, &v, &s->rows, &s->rows, heads, false, scale, &drop,
                                     s->scratch));
    taken[0] = middle - start, taken[1] = now() - middle;
}

static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, c = *(const double *)y;
    return (a > c) - (a < c);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof(*values), ascending);
    return values[n / 2];
}

static void measure(batch *s, int64_t size, float p, int repetitions)
{
    double forward[MAX_REPETITIONS], both[MAX_REPETITIONS], product[MAX_REPETITIONS], taken[2];
    double work = (double)s->n * (double)s->length * (double)s->channels * 1e-9;
    attend(s, size, p, taken);
    for (int i = 0; i < repetitions; i++) {
        double start = now();
        dnnl_sgemm('N', 'N', BIG, BIG, BIG, 1.0f, s->x, BIG, s->y, BIG, 0.0f, s->z, BIG);
        product[i] = 2e-9 * BIG * BIG * BIG / (now() - start);
        attend(s, size, p, taken);
        forward[i] = 4 * work / taken[0], both[i] = 14 * work / (taken[0] + taken[1]);
    }
    double peak = median(product, repetitions), one = median(forward, repetitions), two = median(both, repetitions);
    printf("%4d %4d %8.1f %10.1f %7.0f %% %14.1f %7.0f %% %12.1f\n", (int)s->length, (int)size, (double)p, one, 100 * one / peak, two,
           100 * two / peak, peak);
}

int main(int argc, char **argv)
{
    static const int32_t lengths[] = {16, 26, 53, 128, 384, 512};
    int threads = argc > 1 ? atoi(argv[1]) : 1, repetitions = argc > 2 ? atoi(argv[2]) : 7;
    int64_t tokens = argc > 3 ? atoi(argv[3]) : 3072, channels = argc > 4 ? atoi(argv[4]) : 384;
    batch s = {0};
    if (threads < 1 || repetitions < 1 || repetitions > MAX_REPETITIONS || tokens < 512 || channels < 64 || channels % 64) {
        fprintf(stderr, "usage: bench_attention [threads] [repetitions] [tokens >= 512] [channels, of 64]\n");
        return 2;
    }
    check(hone__backend_open(&b, "cpu", threads));
    clock_id = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    make(&s, tokens, channels);
    printf("%s, %d thread%s, GFLOP/s\n   T    D  dropout    forward   share   forward+backward   share  sgemm %d^3\n", hone__cpu_isa(),
           threads, threads == 1 ? "" : "s", BIG);
    for (size_t t = 0; t < sizeof(lengths) / sizeof(lengths[0]); t++)
        for (int64_t size = 32; size <= 64; size += 32)
            for (int dropped = 0; dropped < 2; dropped++) {
                set_rows(&s, lengths[t], tokens);
                measure(&s, size, dropped ? 0.1f : 0.0f, repetitions);
            }
    hone__backend_close(b);
    return 0;
}
