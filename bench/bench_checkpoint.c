/* What checkpoints cost a training: GPT-2 (124M unless a number of layers says else) in fp32 through the trainer, one checkpoint in the middle of the steps.
 *
 *     bench_checkpoint FOLDER beside|at-once|never [steps 8] [rows 8] [tokens a row 128] [layers 12] [threads 0]
 *
 * Prints one JSON object: the median step, the time that the save itself took from the training (`stall_ms`: from the end of its step to the beginning of the next), how much
 * longer the steps took while it was being written, how long that was, the peak of the resident set. bench/checkpoint.py runs the ways in turn. */
#include "base/log.h"
#include "base/rng.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1000, LONGEST = 1024 };

typedef struct bench {
    int length, save_at;
    int32_t ids[LONGEST];
    double begin[MOST], end[MOST], saved; /* of steps 0 …; when the checkpoint was known to be whole */
    int n;
} bench;

static void check(hone_status status)
{
    if (status != HONE_OK) {
        fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint());
        exit(1);
    }
}

static int32_t row_length(void *self, int64_t i)
{
    (void)i;
    return ((bench *)self)->length;
}

static hone_status get_row(void *self, int64_t i, hone_example *out)
{
    bench *b = self;
    for (int k = 0; k < b->length; k++)
        b->ids[k] = (int32_t)(hone__splitmix64((uint64_t)i << 32 | (uint64_t)k) % 50257);
    out->n_tokens = b->length;
    out->input_ids = b->ids;
    return HONE_OK;
}

static hone_status watch(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                         const hone_metrics *metrics)
{
    bench *b = payload;
    (void)t, (void)metrics;
    if (event == HONE_ON_STEP_BEGIN)
        b->begin[b->n] = hone__seconds();
    if (event == HONE_ON_STEP_END) {
        b->end[b->n++] = hone__seconds();
        control->should_save = b->save_at > 0 && state->global_step == b->save_at;
    }
    if (event == HONE_ON_SAVE)
        b->saved = hone__seconds();
    return HONE_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median of the steps first .. last - 1. */
static double median(const bench *b, int first, int last)
{
    double seconds[MOST];
    int n = 0;
    for (int i = first; i < last; i++)
        seconds[n++] = b->end[i] - b->begin[i];
    if (n == 0)
        return 0;
    qsort(seconds, (size_t)n, sizeof(seconds[0]), ascending);
    return seconds[n / 2];
}

static void report(const bench *b, const char *how)
{
    int at = b->save_at, n = b->n, last = at;
    double free_step = median(b, 1, at > 0 ? at : n); /* the first step is the warm-up */
    double stall = at > 0 ? b->begin[at] - b->end[at - 1] : 0, written = at > 0 ? b->saved - b->end[at - 1] : 0;
    while (at > 0 && last < n && b->begin[last] < b->saved)
        last++;
    printf("{\"how\": \"%s\", \"step_s\": %.4f, \"stall_ms\": %.1f, \"known_after_s\": %.2f, \"steps_beside\": %d, \"step_beside_s\": "
           "%.4f, \"wall_s\": %.3f, "
           "\"peak_rss_gb\": %.3f}\n",
           how, free_step, 1e3 * stall, written, last - at, median(b, at, last), b->end[n - 1] - b->begin[1],
           (double)hone__rss_peak() * 1e-9);
}

int main(int argc, char **argv)
{
    static bench b;
    static const hone_examples_ops ops = {get_row, row_length, NULL};
    static hone_callback callback = {.fn = watch, .payload = &b};
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_device *device;
    hone_model *model;
    hone_examples *examples;
    hone_trainer *trainer;
    char overrides[48];
    if (argc < 3) {
        fprintf(stderr, "usage: bench_checkpoint FOLDER beside|at-once|never [steps] [rows] [tokens a row] [layers] [threads]\n");
        return 2;
    }
    int steps = argc > 3 ? atoi(argv[3]) : 8, rows = argc > 4 ? atoi(argv[4]) : 8;
    if (steps < 4 || steps > MOST || rows < 1)
        return 2;
    b.length = argc > 5 && atoi(argv[5]) <= LONGEST ? atoi(argv[5]) : 128;
    b.save_at = strcmp(argv[2], "never") == 0 ? 0 : steps / 2;
    snprintf(overrides, sizeof(overrides), "n_layer=%d", argc > 6 ? atoi(argv[6]) : 12);
    check(hone_device_open(&device, &(hone_device_options){.name = "cpu", .n_threads = argc > 7 ? atoi(argv[7]) : 0}));
    o.device = device;
    o.for_training = true;
    o.config_overrides = overrides;
    check(hone_model_from_config(&model, HONE_CAUSAL_LM, "gpt2", &o));
    check(hone_examples_new(&examples, &ops, &b, (int64_t)steps * rows));
    a.output_dir = argv[1];
    a.per_device_train_batch_size = rows;
    a.max_steps = steps;
    a.save_strategy = HONE_STRATEGY_NO;
    a.save_in_background = strcmp(argv[2], "beside") == 0 ? HONE_TRUE : HONE_FALSE;
    a.logging_strategy = HONE_STRATEGY_NO;
    a.disable_tqdm = true;
    check(hone_trainer_new(&trainer, model, &a,
                           &(hone_trainer_options){.train_dataset = examples, .callbacks = &callback, .n_callbacks = 1}));
    check(hone_trainer_train(trainer));
    report(&b, argv[2]);
    hone_trainer_free(trainer);
    hone_examples_free(examples);
    hone_model_free(model);
    hone_device_free(device);
    return 0;
}
