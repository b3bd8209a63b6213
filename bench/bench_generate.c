/* Greedy generation with GPT-2 124M, batch 1, key/value cache, weights mapped from a file.
 *
 *     bench_generate [new tokens 128] [threads 0] [model folder, or -] [none|int8]
 *
 * Without a folder, or with -, fresh weights are saved to one under TMPDIR, which is removed again. Prints one JSON object: tokens a second from the second token on, and which share
 * of the machine's read bandwidth that is: every token reads all matrices once; the bandwidth is that of plain sums over 1 GB by as many threads, measured before and
 * after in the same run (the better one). bench/generate.py runs it beside PyTorch, bench/int8.py fp32 beside int8. */
#include "base/file.h"
#include "base/log.h"
#include "models/model.h"

#include <hone/generate.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(hone_status status)
{
    if (status != HONE_OK) {
        fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint());
        exit(1);
    }
}

enum { WORDS = 1 << 27 }; /* 1 GB of 64-bit words */

static double read_rate(void)
{
    void *pages;
    double best = 1e9;
    uint64_t sums[256] = {0};
    check(hone__pages_alloc(&pages, (size_t)WORDS * sizeof(uint64_t)));
    uint64_t *words = pages;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < WORDS; i++)
        words[i] = i;
    for (int k = 0; k < 5; k++) {
        double start = hone__seconds();
#pragma omp parallel
        {
            uint64_t sum = 0;
#pragma omp for schedule(static)
            for (size_t i = 0; i < WORDS; i++)
                sum += words[i];
            sums[omp_get_thread_num() % 256] += sum;
        }
        double taken = hone__seconds() - start;
        best = taken < best ? taken : best;
    }
    hone__pages_free(pages, (size_t)WORDS * sizeof(uint64_t));
    return sums[0] ? (double)WORDS * 8.0 / best * 1e-9 : 0.0;
}

static void save_fresh(const char *folder, hone_device *device)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    o.device = device;
    check(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    check(hone_model_save_pretrained(m, folder));
    hone_model_free(m);
}

typedef struct times {
    double first, last;
    int n;
} times;

static bool on_token(void *payload, size_t sequence, int32_t id)
{
    times *t = payload;
    (void)sequence;
    (void)id;
    t->last = hone__seconds();
    if (t->n++ == 0)
        t->first = t->last;
    return true;
}

/* Bytes that one token reads: every matrix, but of the positions only a row. int8: the scales left out. */
static double bytes_per_token(const hone_model *m, bool int8)
{
    return (int8 ? 1.0 : 4.0) *
           ((double)hone_model_n_parameters(m) - (double)hone_model_max_positions(m) * (double)hone_model_hidden_size(m));
}

int main(int argc, char **argv)
{
    static const int32_t prompt[] = {464, 2068, 7586, 21831, 18045, 625, 262, 3290};
    const int32_t *prompts[] = {prompt};
    const size_t lengths[] = {sizeof(prompt) / sizeof(prompt[0])};
    char temporary[512] = "";
    hone_device *device;
    hone_model *m;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_generate_options how = HONE_GENERATE_OPTIONS_INIT;
    double best = 0.0, begun, loaded, to_first = 1e9;
    bool fresh = argc <= 3 || strcmp(argv[3], "-") == 0, int8 = argc > 4 && strcmp(argv[4], "int8") == 0;
    const char *folder = fresh ? temporary : argv[3];
    check(hone_device_open(&device, &(hone_device_options){.name = "cpu", .n_threads = argc > 2 ? atoi(argv[2]) : 0}));
    if (fresh) {
        snprintf(temporary, sizeof(temporary), "%s/hone-bench-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
        save_fresh(temporary, device);
    }
    double bandwidth = read_rate();
    begun = hone__seconds();
    o.device = device;
    check(hone_model_from_pretrained(&m, HONE_CAUSAL_LM, folder, &o));
    if (int8)
        check(hone_model_quantize(m, HONE_QUANTIZE_INT8));
    loaded = hone__seconds() - begun;
    how.max_new_tokens = argc > 1 ? atoi(argv[1]) : 128;
    how.eos_token_id = -1;
    how.on_token = on_token;
    for (int run = 0; run < 3; run++) {
        times t = {0};
        hone_generation g;
        how.payload = &t;
        begun = hone__seconds();
        check(hone_generate(&g, m, prompts, lengths, 1, &how));
        double rate = (t.n - 1) / (t.last - t.first);
        best = rate > best ? rate : best;
        to_first = t.first - begun < to_first ? t.first - begun : to_first;
        fprintf(stderr, "run %d: %.1f tokens/s, first token after %.1f ms\n", run + 1, rate, (t.first - begun) * 1e3);
        hone_generation_dispose(&g);
    }
    double after = read_rate(), gb = bytes_per_token(m, int8) * 1e-9;
    bandwidth = after > bandwidth ? after : bandwidth;
    printf("{\"device\": \"%s\", \"new_tokens\": %d, \"tokens_per_s\": %.2f, \"gb_per_token\": %.3f, \"gb_per_s\": %.1f, "
           "\"read_gb_per_s\": %.1f, \"share_of_read\": %.3f, "
           "\"first_token_ms\": %.1f, \"load_ms\": %.1f}\n",
           hone_device_describe(device), (int)how.max_new_tokens, best, gb, gb * best, bandwidth, gb * best / bandwidth, to_first * 1e3,
           loaded * 1e3);
    hone_model_free(m);
    hone_device_free(device);
    if (*temporary)
        check(hone__remove_tree(temporary));
    return 0;
}
