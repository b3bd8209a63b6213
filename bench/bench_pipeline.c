/* The pipelines token-classification, text-classification and question-answering: how long they take to open, to answer one text after another, and to answer a file in batches.
 *
 *     bench_pipeline MODEL TEXTS [batch size 8] [threads 0] [rounds 3] [task token-classification] [none|int8]
 *
 * TEXTS is a file of one text a line; for text-classification a tab parts two texts, for question-answering, which takes them one by one, question and context. Prints one JSON object: milliseconds to open the pipeline and to the first answer; the median latency of single texts; texts a second of
 * single texts and of batches (the best round), and milliseconds of processor time a text of the same. bench/pipeline.py runs it beside transformers. */
#include "base/file.h"
#include "base/log.h"

#include <hone/job.h>
#include <hone/pipeline.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_TEXTS = 4096, MAX_BATCH = 256 };

static void check(hone_status status)
{
    if (status != HONE_OK) {
        fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint());
        exit(1);
    }
}

/* What is behind a tab is a second text. */
static hone_encode_input input_of(const char *line, size_t len)
{
    const char *tab = memchr(line, '\t', len);
    hone_encode_input input = {.first.text = {line, tab ? (size_t)(tab - line) : len}};
    if (tab)
        input.second.text = (hone_text){tab + 1, (size_t)(line + len - tab - 1)};
    return input;
}

static size_t split_lines(hone_encode_input *out, char *text, size_t len)
{
    size_t n = 0;
    for (char *line = text, *end; line < text + len && n < MAX_TEXTS; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + len - line));
        end = end ? end : text + len;
        if (end > line)
            out[n++] = input_of(line, (size_t)(end - line));
    }
    return n;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The best round so far. */
typedef struct round_times {
    double seconds, processor;
} round_times;

static void answer_some(hone_pipeline *p, hone_task_kind task, const hone_encode_input *texts, size_t n)
{
    static hone_sequence firsts[MAX_BATCH];
    static hone_entities entities[MAX_BATCH];
    static hone_classification labels[MAX_BATCH];
    if (task == HONE_QUESTION_ANSWERING) {
        for (size_t i = 0; i < n; i++) {
            hone_span_answers answers;
            check(hone_pipeline_answers(&answers, p, texts[i].first.text, texts[i].second.text));
            hone_span_answers_dispose(&answers);
        }
        return;
    }
    if (task == HONE_TEXT_CLASSIFICATION) {
        check(hone_pipeline_classify_batch(labels, p, texts, n));
    } else {
        for (size_t i = 0; i < n; i++)
            firsts[i] = texts[i].first;
        check(hone_pipeline_entities_batch(entities, p, firsts, n));
    }
    for (size_t i = 0; i < n; i++) {
        hone_entities_dispose(&entities[i]);
        hone_classification_dispose(&labels[i]);
    }
}

/* Answers all texts, `size` at a time; seconds of each call. */
static void answer_all(round_times *best, double *seconds, hone_pipeline *p, hone_task_kind task, const hone_encode_input *texts, size_t n,
                       size_t size)
{
    clock_t processor = clock();
    double total = 0;
    size_t k = 0;
    for (size_t i = 0; i < n; i += size, k++) {
        size_t m = n - i < size ? n - i : size;
        double begun = hone__seconds();
        answer_some(p, task, texts + i, m);
        seconds[k] = hone__seconds() - begun;
        total += seconds[k];
    }
    double used = (double)(clock() - processor) / CLOCKS_PER_SEC;
    best->seconds = total < best->seconds ? total : best->seconds;
    best->processor = used < best->processor ? used : best->processor;
}

int main(int argc, char **argv)
{
    static hone_encode_input texts[MAX_TEXTS];
    static double seconds[MAX_TEXTS];
    hone_pipeline *p;
    hone_task_kind task = HONE_TOKEN_CLASSIFICATION;
    hone_pipeline_options o = HONE_PIPELINE_OPTIONS_INIT;
    char *text;
    size_t len;
    if (argc < 3)
        return fprintf(stderr, "usage: bench_pipeline MODEL TEXTS [batch size 8] [threads 0] [rounds 3] [task] [none|int8]\n"), 2;
    if (argc > 6)
        check(hone_task_parse(&task, argv[6]));
    o.quantize = argc > 7 && strcmp(argv[7], "int8") == 0 ? HONE_QUANTIZE_INT8 : HONE_QUANTIZE_NONE;
    size_t size = argc > 3 ? (size_t)atoi(argv[3]) : 8;
    int rounds = argc > 5 ? atoi(argv[5]) : 3;
    size = size < 1 ? 1 : size > MAX_BATCH ? MAX_BATCH : size;
    o.n_threads = argc > 4 ? atoi(argv[4]) : 0;
    o.aggregation_strategy = HONE_AGGREGATE_SIMPLE;
    check(hone__read_file(&text, &len, argv[2], 0));
    size_t n = split_lines(texts, text, len);
    double begun = hone__seconds();
    check(hone_pipeline_new(&p, task, argv[1], &o));
    double opened = hone__seconds();
    answer_some(p, task, texts, 1);
    double first = hone__seconds();
    double median = 1e9;
    round_times single = {1e9, 1e9}, batched = single, warm = single;
    answer_all(&warm, seconds, p, task, texts, n < 50 ? n : 50, 1);
    for (int r = 0; r < rounds; r++) {
        answer_all(&single, seconds, p, task, texts, n, 1);
        qsort(seconds, n, sizeof(*seconds), by_value);
        median = seconds[n / 2] < median ? seconds[n / 2] : median;
        answer_all(&batched, seconds, p, task, texts, n, size);
    }
    printf("{\"texts\": %zu, \"open_ms\": %.1f, \"first_ms\": %.1f, \"median_ms\": %.3f, \"single_per_s\": %.1f, \"batch_size\": %zu, "
           "\"batched_per_s\": %.1f, \"single_cpu_ms\": %.3f, \"batched_cpu_ms\": %.3f}\n",
           n, (opened - begun) * 1e3, (first - opened) * 1e3, median * 1e3, (double)n / single.seconds, size, (double)n / batched.seconds,
           single.processor * 1e3 / (double)n, batched.processor * 1e3 / (double)n);
    hone_pipeline_free(p);
    hone__free(text);
    return 0;
}
