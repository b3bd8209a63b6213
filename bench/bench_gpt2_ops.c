/* The operations of one training step of GPT-2 124M on the cpu backend, timed by kind: what the budget of a step adds up (8 rows of 128 tokens unless told
 * otherwise). Weights and gradients are as many as the model has, so that they are cold when their turn comes.
 *
 *     bench_gpt2_ops [rows] [row length] [repetitions] [threads]
 *
 * The best of the repetitions of each call counts; printed with the rates of plain dnnl_sgemm and of plain reading in the same run to compare with. */
#include "tensor/backend.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { C = 768, H = 12, L = 12, V = 50257 };

#define KIND_MAP(X)                \
    X(FORWARD, "products forward") \
    X(DX, "products dX")           \
    X(DW, "products dW")           \
    X(HEAD, "head products")       \
    X(SOFTMAX, "head softmax")     \
    X(ATT_F, "attention forward")  \
    X(ATT_B, "attention backward") \
    X(NORM_F, "norm forward")      \
    X(NORM_B, "norm backward")     \
    X(EMBED, "embeddings")         \
    X(NORM2, "gradient norm")      \
    X(ADAMW, "AdamW")
enum {
#define X(name, text) name,
    KIND_MAP(X)
#undef X
        KINDS
};
static const char *const kind_names[] = {
#define X(name, text) text,
    KIND_MAP(X)
#undef X
};

static clockid_t clock_id = CLOCK_MONOTONIC; /* with one thread its own time: other processes do not count */

static double now(void)
{
    struct timespec t;
    clock_gettime(clock_id, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* The calls of a step in order: the best time of each over the repetitions, so that a busy machine disturbs little. */
enum { MAX_CALLS = 8192 };
static struct {
    double best;
    int kind;
} calls[MAX_CALLS];
static int n_calls;
static hone_backend *b;

static void check(hone_status status)
{
    if (status != HONE_OK) {
        fprintf(stderr, "%s\n", hone_error_message());
        exit(1);
    }
}

static void record(int kind, double ms)
{
    if (n_calls < MAX_CALLS) {
        calls[n_calls].best = calls[n_calls].best == 0.0 || ms < calls[n_calls].best ? ms : calls[n_calls].best;
        calls[n_calls].kind = kind;
    }
    n_calls++;
}

#define TIMED(kind, call)             \
    do {                              \
        double start_ = now();        \
        check(b->ops->call);          \
        record(kind, now() - start_); \
    } while (0)

static float *floats(size_t n, float scale)
{
    void *p = NULL;
    check(b->ops->alloc(b, &p, n * sizeof(float)));
    hone_mat m = {p, HONE_DTYPE_F32, 1, (int64_t)n, (int64_t)n};
    check(b->ops->random(b, &m, HONE_RANDOM_NORMAL, 0.0f, scale, 17));
    return p;
}

static hone_mat mat(float *p, int64_t rows, int64_t cols)
{
    return (hone_mat){p, HONE_DTYPE_F32, rows, cols, cols};
}
static hone_mat view(float *p, int64_t rows, int64_t cols, int64_t ld)
{
    return (hone_mat){p, HONE_DTYPE_F32, rows, cols, ld};
}

typedef struct step {
    int64_t n;
    hone_rows rows;
    int32_t *ids;
    float *w, *g, *m, *v; /* flat */
    size_t count;
    float *x, *y, *f, *qkv, *o, *lse, *pre, *act, *dx, *dy, *df, *dqkv, *dact, *mean, *rstd, *logits, *state, *nll, *scratch;
} step;

/* A layer's parameters in a flat buffer: qkv, projection, up, down (in, out), then the small ones. */
enum { PER_LAYER = 12 * C * C + 13 * C };
typedef struct layer {
    hone_weight qkv, o, up, down;
    float *b_qkv, *b_o, *gamma1, *beta1, *b_up, *b_down, *gamma2, *beta2;
} layer;

static layer layer_of(float *flat, int l)
{
    float *w = flat + (size_t)V * C + 1024 * C + (size_t)l * PER_LAYER, *small = w + 12 * C * C;
    return (layer){.qkv = {mat(w, C, 3 * C), true, 0},
                   .o = {mat(w + 3 * C * C, C, C), true, 0},
                   .up = {mat(w + 4 * C * C, C, 4 * C), true, 0},
                   .down = {mat(w + 8 * C * C, 4 * C, C), true, 0},
                   .b_qkv = small,
                   .b_o = small + 3 * C,
                   .gamma1 = small + 4 * C,
                   .beta1 = small + 5 * C,
                   .b_up = small + 6 * C,
                   .b_down = small + 10 * C,
                   .gamma2 = small + 11 * C,
                   .beta2 = small + 12 * C};
}

static void forward_layer(step *s, int l)
{
    layer w = layer_of(s->w, l);
    hone_mat x = mat(s->x, s->n, C), y = mat(s->y, s->n, C), f = mat(s->f, s->n, C), o = mat(s->o, s->n, C), qkv = mat(s->qkv, s->n, 3 * C);
    hone_mat q = view(s->qkv, s->n, C, 3 * C), k = view(s->qkv + C, s->n, C, 3 * C), v = view(s->qkv + 2 * C, s->n, C, 3 * C);
    hone_mat pre = mat(s->pre, s->n, 4 * C), act = mat(s->act, s->n, 4 * C);
    hone_drop drop = {0.1f, 1, (uint32_t)l << 8, 0, &s->rows};
    TIMED(FORWARD, linear_forward(b, &qkv, &y, &w.qkv, w.b_qkv, HONE_ACT_NONE, NULL, s->scratch));
    TIMED(ATT_F, attention_forward(b, &o, s->lse, &q, &k, &v, &s->rows, &s->rows, H, true, 0.125f, &drop, s->scratch));
    TIMED(FORWARD, linear_forward(b, &f, &o, &w.o, w.b_o, HONE_ACT_NONE, NULL, s->scratch));
    TIMED(NORM_F, residual_norm_forward(b, &x, &y, s->mean, s->rstd, &x, &f, w.gamma1, w.beta1, 1e-5f, &drop));
    TIMED(FORWARD, linear_forward(b, &act, &y, &w.up, w.b_up, HONE_ACT_GELU_NEW, &pre, s->scratch));
    TIMED(FORWARD, linear_forward(b, &f, &act, &w.down, w.b_down, HONE_ACT_NONE, NULL, s->scratch));
    TIMED(NORM_F, residual_norm_forward(b, &x, &y, s->mean, s->rstd, &x, &f, w.gamma2, w.beta2, 1e-5f, &drop));
}

static void backward_layer(step *s, int l)
{
    layer w = layer_of(s->w, l), g = layer_of(s->g, l);
    hone_mat x = mat(s->x, s->n, C), y = mat(s->y, s->n, C), o = mat(s->o, s->n, C), dx = mat(s->dx, s->n, C), dy = mat(s->dy, s->n, C);
    hone_mat df = mat(s->df, s->n, C), dqkv = mat(s->dqkv, s->n, 3 * C), pre = mat(s->pre, s->n, 4 * C), act = mat(s->act, s->n, 4 * C);
    hone_mat q = view(s->qkv, s->n, C, 3 * C), k = view(s->qkv + C, s->n, C, 3 * C), v = view(s->qkv + 2 * C, s->n, C, 3 * C);
    hone_mat dq = view(s->dqkv, s->n, C, 3 * C), dk = view(s->dqkv + C, s->n, C, 3 * C), dv = view(s->dqkv + 2 * C, s->n, C, 3 * C);
    hone_mat dact = mat(s->dact, s->n, 4 * C);
    hone_drop drop = {0.1f, 1, (uint32_t)l << 8, 0, &s->rows};
    TIMED(NORM_B,
          residual_norm_backward(b, &dx, &df, g.gamma2, g.beta2, &dy, &dx, &x, s->mean, s->rstd, w.gamma2, &drop, 0, 0, s->scratch));
    TIMED(DW, linear_dw(b, &g.down, g.b_down, &df, &act, 0, 0, s->scratch));
    TIMED(DX, linear_dx(b, &dact, &df, &w.down, HONE_ACT_GELU_NEW, &pre, 0, s->scratch));
    TIMED(DW, linear_dw(b, &g.up, g.b_up, &dact, &y, 0, 0, s->scratch));
    TIMED(DX, linear_dx(b, &dy, &dact, &w.up, HONE_ACT_NONE, NULL, 0, s->scratch));
    TIMED(NORM_B,
          residual_norm_backward(b, &dx, &df, g.gamma1, g.beta1, &dy, &dx, &x, s->mean, s->rstd, w.gamma1, &drop, 0, 0, s->scratch));
    TIMED(DW, linear_dw(b, &g.o, g.b_o, &df, &o, 0, 0, s->scratch));
    TIMED(DX, linear_dx(b, &dy, &df, &w.o, HONE_ACT_NONE, NULL, 0, s->scratch));
    TIMED(ATT_B, attention_backward(b, &dq, &dk, &dv, &dy, &o, s->lse, &q, &k, &v, &s->rows, &s->rows, H, true, 0.125f, &drop, s->scratch));
    TIMED(DW, linear_dw(b, &g.qkv, g.b_qkv, &dqkv, &y, 0, 0, s->scratch));
    TIMED(DX, linear_dx(b, &dy, &dqkv, &w.qkv, HONE_ACT_NONE, NULL, 0, s->scratch));
}

/* Loss and gradient of the tied head in chunks of 256 tokens and blocks of 8192 classes. */
static void head(step *s)
{
    for (int64_t i = 0; i < s->n; i += 256) {
        int64_t n = s->n - i < 256 ? s->n - i : 256;
        hone_mat x = mat(s->y + i * C, n, C), dx = mat(s->dy + i * C, n, C), state = mat(s->state, n, 4), nll = mat(s->nll, n, 1);
        hone_mat lse = mat(s->nll + 512, n, 1);
        for (int64_t v = 0; v < V; v += 8192) {
            int64_t cols = V - v < 8192 ? V - v : 8192;
            hone_mat logits = view(s->logits + v, n, cols, V), w = mat(s->w + v * C, cols, C);
            TIMED(HEAD, gemm(b, &logits, &x, false, &w, true, 1, 0, s->scratch));
            TIMED(SOFTMAX, softmax_block(b, &state, &logits, s->ids + i, v, v == 0));
        }
        TIMED(SOFTMAX, softmax_nll(b, &nll, &lse, &state, s->ids + i, 0, V));
        for (int64_t v = 0; v < V; v += 8192) {
            int64_t cols = V - v < 8192 ? V - v : 8192;
            hone_mat logits = view(s->logits + v, n, cols, V), w = mat(s->w + v * C, cols, C), dw = mat(s->g + v * C, cols, C);
            TIMED(SOFTMAX, softmax_grad(b, &logits, &lse, s->ids + i, NULL, 1, 0, v, V));
            TIMED(HEAD, gemm(b, &dx, &logits, false, &w, false, 1, v > 0, s->scratch));
            TIMED(HEAD, gemm(b, &dw, &logits, true, &x, false, 1, i > 0, s->scratch));
        }
    }
}

static void run(step *s)
{
    const int32_t *ids[2] = {s->ids, s->rows.pos};
    hone_segment all = {0, s->count, 1, 0.01f, 0, NULL};
    hone_adamw how = {1e-4, 0.9, 0.999, 1e-8, 0.1, 0.0316};
    hone_mat tables[2] = {mat(s->w, V, C), mat(s->w + (size_t)V * C, 1024, C)}, x = mat(s->x, s->n, C), dx = mat(s->dx, s->n, C),
             table = mat(s->g, V, C);
    hone_drop drop = {0.1f, 1, 99, 0, &s->rows};
    double norm;
    int32_t bad;
    float factor = 1e-3f;
    TIMED(EMBED, embed_forward(b, &x, 2, tables, ids, &drop));
    for (int l = 0; l < L; l++)
        forward_layer(s, l);
    head(s);
    for (int l = L - 1; l >= 0; l--)
        backward_layer(s, l);
    TIMED(EMBED, embed_backward(b, &table, s->ids, &dx, -1, 1, s->scratch));
    TIMED(NORM2, norm2(b, &norm, &bad, s->g, &all, 1, s->scratch));
    TIMED(ADAMW, adamw(b, s->w, NULL, HONE_DTYPE_F32, s->g, s->m, s->v, &all, 1, &how, &factor, NULL));
}

static void make_rows(hone_rows *rows, int32_t n_rows, int32_t longest)
{
    int32_t n = n_rows * longest, *start = calloc((size_t)n_rows + 1, 4), *row = calloc((size_t)n, 4), *pos = calloc((size_t)n, 4);
    uint64_t *key = calloc((size_t)n_rows, 8);
    for (int32_t i = 0; i < n; i++)
        row[i] = i / longest, pos[i] = i % longest;
    for (int32_t r = 0; r <= n_rows; r++)
        start[r] = r * longest;
    for (int32_t r = 0; r < n_rows; r++)
        key[r] = (uint64_t)r;
    *rows = (hone_rows){.n_tokens = n,
                        .n_rows = n_rows,
                        .longest = longest,
                        .start = start,
                        .d_start = start,
                        .row = row,
                        .d_row = row,
                        .pos = pos,
                        .d_pos = pos,
                        .key = key,
                        .d_key = key};
}

static void make_step(step *s, int32_t n_rows, int32_t longest)
{
    size_t n = (size_t)n_rows * (size_t)longest, ws = b->ops->workspace(b, HONE_WS_ATTENTION_BACKWARD, longest, C, (int64_t)n_rows * H);
    size_t other =
        b->ops->workspace(b, HONE_WS_EMBED_BACKWARD, (int64_t)n, C, V) + b->ops->workspace(b, HONE_WS_COLUMN_SUMS, (int64_t)n, 4 * C, 0);
    s->n = (int64_t)n;
    s->count = (size_t)V * C + 1024 * C + (size_t)L * PER_LAYER;
    make_rows(&s->rows, n_rows, longest);
    s->ids = calloc(n, 4);
    for (size_t i = 0; i < n; i++)
        s->ids[i] = (int32_t)(i * 7919 % V);
    s->w = floats(s->count, 0.02f), s->g = floats(s->count, 0.02f), s->m = floats(s->count, 0.0f), s->v = floats(s->count, 0.0f);
    float **all[] = {&s->x, &s->y, &s->f, &s->o, &s->dx, &s->dy, &s->df};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        *all[i] = floats(n * C, 1.0f);
    s->qkv = floats(n * 3 * C, 1.0f), s->dqkv = floats(n * 3 * C, 1.0f), s->pre = floats(n * 4 * C, 1.0f), s->act = floats(n * 4 * C, 1.0f);
    s->dact = floats(n * 4 * C, 1.0f), s->lse = floats(n * H, 1.0f), s->mean = floats(n, 1.0f), s->rstd = floats(n, 1.0f);
    s->logits = floats((size_t)256 * V, 1.0f), s->state = floats(1024, 1.0f), s->nll = floats(1024, 1.0f);
    s->scratch = floats((ws + other) / 4 + 65536, 0.0f);
}

/* GF/s of a product whose operands are warm, GB/s of reading the gradient. */
static void yardsticks(step *s)
{
    double product = 1e30, reading = 1e30, norm;
    int32_t bad;
    hone_segment all = {0, s->count, 1, 0, 0, NULL};
    for (int i = 0; i < 7; i++) {
        double start = now();
        dnnl_sgemm('N', 'N', 1024, 3072, 768, 1, s->x, 768, s->w, 3072, 0, s->logits, 3072);
        double middle = now();
        check(b->ops->norm2(b, &norm, &bad, s->g, &all, 1, s->scratch));
        double end = now();
        product = middle - start < product ? middle - start : product;
        reading = end - middle < reading ? end - middle : reading;
    }
    printf("dnnl_sgemm 1024 x 3072 x 768: %.0f GF/s; norm of the gradient reads %.1f GB/s\n", 2e-6 * 1024 * 3072 * 768 / product,
           4e-6 * (double)s->count / reading);
}

int main(int argc, char **argv)
{
    int rows = argc > 1 ? atoi(argv[1]) : 8, longest = argc > 2 ? atoi(argv[2]) : 128, repetitions = argc > 3 ? atoi(argv[3]) : 3;
    step s = {0};
    double total = 0, sums[KINDS] = {0};
    check(hone__backend_open(&b, "cpu", argc > 4 ? atoi(argv[4]) : 0));
    clock_id = b->n_threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    make_step(&s, rows, longest);
    yardsticks(&s);
    for (int i = 0; i < repetitions; i++) {
        n_calls = 0;
        run(&s);
    }
    yardsticks(&s);
    for (int i = 0; i < n_calls && i < MAX_CALLS; i++)
        sums[calls[i].kind] += calls[i].best;
    printf("%s, %d threads, %d x %d tokens, best of %d for each call, ms:\n", hone__cpu_isa(), b->n_threads, rows, longest, repetitions);
    for (int k = 0; k < KINDS; k++) {
        printf("  %-20s %9.1f\n", kind_names[k], sums[k]);
        total += sums[k];
    }
    printf("  %-20s %9.1f\n", "sum", total);
    hone__backend_close(b);
    return 0;
}
