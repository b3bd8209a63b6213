/* Training steps, or evaluation, of an encoder with a classification or question-answering head on rows of a file: forward, loss, backward, clip, AdamW, dropout as the configuration says.
 *
 *     bench_bert_step MODEL ROWS [train|eval|latency] [batch 8] [steps 100] [threads 0] [classes 9] [task token-classification] [bf16 0] [recompute 0]
 *
 * ROWS has a row a line (bench/bert_step.py makes it): "id:label id:label …" for token classification; "@class,0 id:type id:type …" for text classification, "@start,end id:type …" for question
 * answering, type being the token type. latency: one row at a time, with nothing recorded. Prints one JSON object: steps and tokens a second over all steps, the share of the machine's sgemm rate (plain
 * dnnl_sgemm of 2048^3, measured behind the steps), the peak of the resident set before that measurement and where the memory is. */
#include "base/log.h"
#include "base/mem.h"
#include "models/model.h"
#include "train/optimizer/optimizer.h"

#include <hone/job.h>

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- the rows ---- */

typedef struct row_set {
    int32_t *ids, *labels, *starts; /* (tokens), (tokens): labels or token types, (n + 1) */
    int32_t *first, *second;        /* (n) what stands behind the @: a class, or start and end */
    size_t n, n_tokens, id_room, label_room, start_room, first_room, second_room;
    hone_task_kind task;
} row_set;

/* The numbers of a row as a whole, before its tokens. */
static void begin_row(row_set *r, FILE *file)
{
    int first = 0, second = 0;
    check(HONE_GROW(&r->first, &r->first_room, r->n + 1));
    check(HONE_GROW(&r->second, &r->second_room, r->n + 1));
    if (r->task != HONE_TOKEN_CLASSIFICATION && fscanf(file, " @%d,%d", &first, &second) != 2 && !feof(file)) {
        fprintf(stderr, "row %zu has no @\n", r->n + 1);
        exit(1);
    }
    r->first[r->n] = first, r->second[r->n] = second;
}

static void read_rows(row_set *r, const char *path)
{
    FILE *file = fopen(path, "r");
    int id, label, end = '\n';
    if (!file) {
        perror(path);
        exit(1);
    }
    check(HONE_GROW(&r->starts, &r->start_room, 1));
    r->starts[0] = 0;
    begin_row(r, file);
    while (fscanf(file, "%d:%d", &id, &label) == 2) {
        check(HONE_GROW(&r->ids, &r->id_room, r->n_tokens + 1));
        check(HONE_GROW(&r->labels, &r->label_room, r->n_tokens + 1));
        r->ids[r->n_tokens] = id;
        r->labels[r->n_tokens++] = label;
        end = fgetc(file);
        if (end == ' ')
            continue;
        check(HONE_GROW(&r->starts, &r->start_room, r->n + 2));
        r->starts[++r->n] = (int32_t)r->n_tokens;
        begin_row(r, file);
    }
    fclose(file);
}

/* Rows [first, first + n) as a batch; cu holds n + 1 numbers. */
static hone_batch batch_of(const row_set *r, size_t first, size_t n, int32_t *cu, bool labelled)
{
    int32_t from = r->starts[first];
    hone_batch b = {.n_tokens = r->starts[first + n] - from, .n_rows = (int32_t)n, .cu_seqlens = cu, .n_labelled = -1};
    b.input_ids = r->ids + from;
    if (r->task != HONE_TOKEN_CLASSIFICATION)
        b.token_type_ids = r->labels + from;
    else if (labelled)
        b.labels = r->labels + from;
    if (r->task == HONE_TEXT_CLASSIFICATION && labelled)
        b.row_labels = r->first + first;
    if (r->task == HONE_QUESTION_ANSWERING && labelled)
        b.start_positions = r->first + first, b.end_positions = r->second + first;
    for (size_t i = 0; i <= n; i++) {
        cu[i] = r->starts[first + i] - from;
        if (i > 0 && cu[i] - cu[i - 1] > b.longest)
            b.longest = cu[i] - cu[i - 1];
    }
    return b;
}

/* ---- steps ---- */

typedef struct bench {
    hone_device *device;
    hone_model *model;
    hone_tape *tape;
    hone_optimizer *opt;
    row_set rows;
    double flops, tokens, loss;
} bench;

static void train_step(bench *b, const hone_batch *batch)
{
    double norm;
    bool finite;
    hone_tape_reset(b->tape);
    hone_output out = hone_model_forward(b->model, b->tape, batch);
    hone_tensor *loss = hone_model_loss(b->tape, &out, batch);
    check(hone_tape_backward(b->tape, loss));
    check(hone_tensor_item(loss, &b->loss));
    check(hone__optimizer_clip(b->opt, 1, 1.0, &norm, &finite));
    check(hone_optimizer_step(b->opt));
    hone_optimizer_zero_grad(b->opt);
}

static void forward_only(bench *b, const hone_batch *batch)
{
    hone_tape_reset(b->tape);
    hone_output out = hone_model_forward(b->model, b->tape, batch);
    if (batch->labels || batch->row_labels || batch->start_positions)
        check(hone_tensor_item(hone_model_loss(b->tape, &out, batch), &b->loss));
    check(hone_tape_status(b->tape));
}

static void count_work(bench *b, const hone_batch *batch, bool training)
{
    double C = (double)hone_model_hidden_size(b->model), L = hone_model_n_layers(b->model), squares = 0;
    for (int32_t r = 0; r < batch->n_rows; r++) {
        double length = batch->cu_seqlens[r + 1] - batch->cu_seqlens[r];
        squares += length * length;
    }
    b->flops += (training ? 6.0 : 2.0) * batch->n_tokens * L * 12.0 * C * C + (training ? 14.0 : 4.0) * squares * C * L;
    b->tokens += batch->n_tokens;
}

static void set_up(bench *b, const char *folder, bool training, int threads, int n_classes, bool bf16)
{
    static char names[64][8];
    const char *labels[65] = {NULL};
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    for (int i = 0; i < n_classes && i < 64; i++) {
        snprintf(names[i], sizeof(names[i]), "C-%d", i);
        labels[i] = names[i];
    }
    check(hone_device_open(&b->device, &(hone_device_options){.name = "cpu", .n_threads = threads}));
    o.device = b->device;
    o.for_training = training;
    o.labels = b->rows.task == HONE_QUESTION_ANSWERING ? NULL : labels;
    check(hone_model_from_pretrained(&b->model, b->rows.task, folder, &o));
    check(hone_tape_new(&b->tape, b->device,
                        &(hone_tape_options){
                            .recording = training, .training = training, .seed = 42, .products = bf16 ? HONE_DTYPE_BF16 : HONE_DTYPE_F32}));
    adamw.weight_decay = 0.01;
    if (training)
        check(hone_optimizer_adamw_new(&b->opt, b->model, &adamw));
}

static void tear_down(bench *b)
{
    hone_optimizer_free(b->opt);
    hone_tape_free(b->tape);
    hone_model_free(b->model);
    hone_device_free(b->device);
    hone__free(b->rows.ids);
    hone__free(b->rows.labels);
    hone__free(b->rows.starts);
    hone__free(b->rows.first);
    hone__free(b->rows.second);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double seconds[100000];
    static int32_t cu[1025];
    static bench b;
    const char *mode = argc > 3 ? argv[3] : "train";
    bool training = strcmp(mode, "train") == 0, alone = strcmp(mode, "latency") == 0;
    size_t batch = alone ? 1 : argc > 4 ? (size_t)atoi(argv[4]) : 8, steps = argc > 5 ? (size_t)atoi(argv[5]) : 100, warm_up = 5;
    double total = 0, processor = 0;
    bool recompute = argc > 10 && atoi(argv[10]) != 0;
    b.rows.task = HONE_TOKEN_CLASSIFICATION;
    if (argc > 8)
        check(hone_task_parse(&b.rows.task, argv[8]));
    if (argc < 3 || batch < 1 || batch > 1024 || steps < 1 || steps > 99999 || b.rows.task < 0 || b.rows.task > HONE_QUESTION_ANSWERING) {
        fprintf(stderr,
                "usage: bench_bert_step MODEL ROWS [train|eval|latency] [batch] [steps] [threads] [classes] [task] [bf16] [recompute]\n");
        return 2;
    }
    read_rows(&b.rows, argv[2]);
    if (b.rows.n < batch) {
        fprintf(stderr, "%s: %zu rows are less than a batch\n", argv[2], b.rows.n);
        return 1;
    }
    set_up(&b, argv[1], training, argc > 6 ? atoi(argv[6]) : 0, argc > 7 ? atoi(argv[7]) : 9, argc > 9 && atoi(argv[9]));
    hone_model_set_recompute(b.model, recompute);
    for (size_t i = 0; i < warm_up + steps; i++) {
        hone_batch rows = batch_of(&b.rows, i * batch % (b.rows.n / batch * batch), batch, cu, !alone);
        clock_t before = clock();
        double start = hone__seconds();
        (training ? train_step : forward_only)(&b, &rows);
        if (i < warm_up)
            continue;
        seconds[i - warm_up] = hone__seconds() - start;
        total += seconds[i - warm_up];
        processor += (double)(clock() - before) / CLOCKS_PER_SEC;
        count_work(&b, &rows, training);
    }
    size_t peak = hone__rss_peak();
    qsort(seconds, steps, sizeof(seconds[0]), ascending);
    const hone_params *p = hone__model_params(b.model);
    double rate = sgemm_rate();
    printf("{\"device\": \"%s\", \"mode\": \"%s\", \"batch\": %zu, \"steps\": %zu, \"steps_per_s\": %.3f, \"rows_per_s\": %.1f, "
           "\"tokens_per_s\": %.1f, "
           "\"median_ms\": %.3f, \"cpu_ms\": %.3f, \"tokens_a_step\": %.1f, \"gflops\": %.1f, \"sgemm_gflops\": %.1f, \"share_of_sgemm\": "
           "%.3f, "
           "\"peak_rss_mb\": %.1f, "
           "\"weights_mb\": %.1f, \"gradients_mb\": %.1f, \"tape_mb\": %.1f, \"loss\": %.5f}\n",
           hone_device_describe(b.device), mode, batch, steps, (double)steps / total, (double)(steps * batch) / total, b.tokens / total,
           1e3 * seconds[steps / 2], 1e3 * processor / (double)steps, b.tokens / (double)steps, b.flops * 1e-9 / total, rate,
           b.flops * 1e-9 / total / rate, (double)peak * 1e-6, (double)p->n_elements * 4e-6, (double)hone__params_gradient_bytes(p) * 1e-6,
           (double)hone_tape_bytes_peak(b.tape) * 1e-6, b.loss);
    tear_down(&b);
    return 0;
}
