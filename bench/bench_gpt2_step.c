/* Training steps of GPT-2 124M in fp32 on the cpu: forward, backward, clip, AdamW, dropout as the configuration says. Fresh weights, random tokens.
 *
 *     bench_gpt2_step [rows 8] [tokens a row 128] [steps 5] [threads 0] [recompute 0] [bf16 0]
 *
 * Prints one JSON object: tokens a second of the median step, the share of the machine's sgemm rate (plain dnnl_sgemm of 2048^3, before and after the steps; the
 * better one), the peak of the resident set before that measurement. bench/gpt2_step.py runs it beside PyTorch. */
#include "base/log.h"
#include "base/rng.h"
#include "models/model.h"

#include <hone/generate.h>
#include <math.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void check(hone_status status)
{
    if (status != HONE_OK) {
        fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint());
        exit(1);
    }
}

static double sgemm_rate(void)
{
    enum { N = 2048, TIMES = 6 };
    float *a, *b, *c;
    double best = 1e9;
    check(HONE_ALLOC(&a, (size_t)N * N));
    check(HONE_ALLOC(&b, (size_t)N * N));
    check(HONE_ALLOC(&c, (size_t)N * N));
    for (size_t i = 0; i < (size_t)N * N; i++)
        a[i] = b[i] = 1.0f / 64.0f;
    for (int i = 0; i < TIMES; i++) {
        double start = hone__seconds();
        dnnl_sgemm('N', 'N', N, N, N, 1.0f, a, N, b, N, 0.0f, c, N);
        double taken = hone__seconds() - start;
        best = taken < best ? taken : best;
    }
    hone__free(a);
    hone__free(b);
    hone__free(c);
    return 2.0 * N * N * N / best * 1e-9;
}

/* GFLOP of a step: 6 a weight and token in the products, causal attention 7 products of half a square. */
static double step_gflop(const hone_model *m, double rows, double length)
{
    double C = (double)hone_model_hidden_size(m), L = hone_model_n_layers(m), V = (double)hone_model_vocab_size(m), N = rows * length;
    return (6.0 * N * L * 12.0 * C * C + 6.0 * rows * (length - 1.0) * V * C + 7.0 * rows * length * length * C * L) * 1e-9;
}

typedef struct bench {
    hone_device *device;
    hone_model *model;
    hone_params *params;
    hone_tape *tape;
    hone_batch batch;
    int32_t *ids, *starts;
    hone_segment *segments;
    void *scratch;
} bench;

static void set_up(bench *b, int rows, int length, int threads, int recompute, int bf16)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    check(hone_device_open(&b->device, &(hone_device_options){.name = "cpu", .n_threads = threads}));
    o.device = b->device;
    o.for_training = true;
    check(hone_model_from_config(&b->model, HONE_CAUSAL_LM, "gpt2", &o));
    hone_model_set_recompute(b->model, recompute != 0);
    b->params = hone__model_params(b->model);
    check(hone_tape_new(
        &b->tape, b->device,
        &(hone_tape_options){.recording = true, .training = true, .seed = 42, .products = bf16 ? HONE_DTYPE_BF16 : HONE_DTYPE_F32}));
    check(HONE_NEW(&b->ids, (size_t)rows * (size_t)length));
    check(HONE_NEW(&b->starts, (size_t)rows + 1));
    for (int r = 0; r <= rows; r++)
        b->starts[r] = r * length;
    b->batch = (hone_batch){.n_tokens = rows * length, .n_rows = rows, .longest = length, .cu_seqlens = b->starts, .input_ids = b->ids};
    check(HONE_ALLOC(&b->segments, b->params->n_items));
    for (size_t i = 0; i < b->params->n_items; i++) {
        const hone_param *p = b->params->items[i];
        b->segments[i] = (hone_segment){p->offset, p->offset + p->count, 1.0f, p->decay ? 0.01f : 0.0f, 0, NULL};
    }
    hone_backend *backend = b->params->backend;
    check(HONE_ALLOC((char **)&b->scratch, backend->ops->workspace(backend, HONE_WS_REDUCE, (int64_t)b->params->n_elements, 0, 0) + 1));
}

static double step(bench *b, int t)
{
    hone_backend *backend = b->params->backend;
    double loss, sum;
    int32_t nonfinite;
    for (int32_t i = 0; i < b->batch.n_tokens; i++)
        b->ids[i] = (int32_t)(hone__splitmix64((uint64_t)t << 32 | (uint64_t)i) % (uint64_t)hone_model_vocab_size(b->model));
    hone_output out = hone_model_forward(b->model, b->tape, &b->batch);
    hone_tensor *total = hone_model_loss(b->tape, &out, &b->batch);
    check(hone_tape_backward(b->tape, total));
    check(hone_tensor_item(total, &loss));
    check(backend->ops->norm2(backend, &sum, &nonfinite, b->params->grad, b->segments, b->params->n_items, b->scratch));
    double clip = 1.0 / (sqrt(sum) + 1e-6);
    float factor = (float)(clip < 1.0 ? clip : 1.0);
    hone_adamw how = {5e-4f, 0.9f, 0.999f, 1e-8f, (float)(1.0 - pow(0.9, t)), (float)sqrt(1.0 - pow(0.999, t))};
    check(backend->ops->adamw(backend, b->params->master, NULL, HONE_DTYPE_F32, b->params->grad, b->params->m, b->params->v, b->segments,
                              b->params->n_items, &how, &factor, nonfinite ? &nonfinite : NULL));
    hone__params_changed(b->params);
    hone__params_zero_grad(b->params);
    hone_tape_reset(b->tape);
    return loss;
}

static void tear_down(bench *b)
{
    hone_tape_free(b->tape);
    hone_model_free(b->model);
    hone_device_free(b->device);
    hone__free(b->ids);
    hone__free(b->starts);
    hone__free(b->segments);
    hone__free(b->scratch);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int rows = argc > 1 ? atoi(argv[1]) : 8, length = argc > 2 ? atoi(argv[2]) : 128, n = argc > 3 ? atoi(argv[3]) : 5;
    double seconds[1000], loss = 0.0, processor = 0.0;
    bench b = {0};
    if (rows < 1 || length < 2 || n < 1 || n > 1000) {
        fprintf(stderr, "usage: bench_gpt2_step [rows] [tokens a row] [steps] [threads] [recompute] [bf16]\n");
        return 2;
    }
    set_up(&b, rows, length, argc > 4 ? atoi(argv[4]) : 0, argc > 5 ? atoi(argv[5]) : 0, argc > 6 ? atoi(argv[6]) : 0);
    step(&b, 1); /* warm-up: memory, kernels */
    for (int i = 0; i < n; i++) {
        clock_t before = clock();
        double start = hone__seconds();
        loss = step(&b, i + 2);
        seconds[i] = hone__seconds() - start;
        processor += (double)(clock() - before) / CLOCKS_PER_SEC;
        fprintf(stderr, "step %d: %.3f s, loss %.4f\n", i + 1, seconds[i], loss);
    }
    size_t peak = hone__rss_peak();
    qsort(seconds, (size_t)n, sizeof(seconds[0]), ascending);
    double median = seconds[n / 2], gflop = step_gflop(b.model, rows, length), rate = sgemm_rate();
    printf("{\"device\": \"%s\", \"rows\": %d, \"length\": %d, \"step_s\": %.4f, \"best_step_s\": %.4f, \"cpu_ms\": %.1f, "
           "\"tokens_per_s\": %.1f, \"gflop\": "
           "%.1f, \"gflops\": %.1f, \"sgemm_gflops\": %.1f, "
           "\"share_of_sgemm\": %.3f, \"peak_rss_gb\": %.3f, \"tape_mb\": %.1f, \"loss\": %.4f}\n",
           hone_device_describe(b.device), rows, length, median, seconds[0], 1e3 * processor / n, rows * length / median, gflop,
           gflop / median, rate, gflop / median / rate, (double)peak * 1e-9, (double)hone_tape_bytes_peak(b.tape) * 1e-6, loss);
    tear_down(&b);
    return 0;
}
