/* Lines reach the listener one at a time and above the level; progress is throttled, its end is not. */
#include "support/support.h"

#include "base/log.h"
#include "base/threads.h"

#include <unistd.h>

typedef struct heard {
    int n_lines, n_progress, n_finished, inside, overlaps;
    hone_log_level level;
    char line[3000];
    int64_t done;
} heard;

static void hear_line(void *payload, hone_log_level level, const char *line)
{
    heard *h = payload;
    h->overlaps += h->inside++;
    h->n_lines++;
    h->level = level;
    strcpy(h->line, line);
    h->inside--;
}

static void hear_progress(void *payload, const hone_progress *progress)
{
    heard *h = payload;
    h->overlaps += h->inside++;
    h->n_progress++;
    h->n_finished += progress->finished;
    h->done = progress->done;
    h->inside--;
}

static void levels(void **state)
{
    (void)state;
    heard h = {0};
    hone__log(HONE_LOG_ERROR, "nobody listens");
    hone_set_log(hear_line, &h, HONE_LOG_INFO);
    hone__log(HONE_LOG_DEBUG, "too low");
    assert_int_equal(h.n_lines, 0);
    hone__log(HONE_LOG_WARNING, "two\nlines %d", 7);
    assert_int_equal(h.n_lines, 1);
    assert_int_equal(h.level, HONE_LOG_WARNING);
    assert_string_equal(h.line, "two lines 7");
    hone__log(HONE_LOG_INFO, "%05000d", 0);
    assert_int_equal(strlen(h.line), 2047);
    hone_set_log(NULL, NULL, HONE_LOG_DEBUG);
    hone__log(HONE_LOG_ERROR, "nobody listens");
    assert_int_equal(h.n_lines, 2);
}

static hone_status log_much(void *payload, size_t item, int thread)
{
    (void)payload;
    for (int i = 0; i < 200; i++) {
        hone__log(HONE_LOG_INFO, "item %zu thread %d", item, thread);
        hone__progress("work", i, 200, "items", NULL);
    }
    hone__progress_end("work", 200, 200, "items", NULL);
    return HONE_OK;
}

static void one_at_a_time(void **state)
{
    (void)state;
    heard h = {0};
    hone_set_log(hear_line, &h, HONE_LOG_DEBUG);
    hone_set_progress(hear_progress, &h);
    assert_ok(hone__parallel_for(20, 4, log_much, NULL));
    hone_set_log(NULL, NULL, HONE_LOG_DEBUG);
    hone_set_progress(NULL, NULL);
    assert_int_equal(h.n_lines, 4000);
    assert_int_equal(h.n_finished, 20);
    assert_int_equal(h.overlaps, 0);
}

static void log_again(void *payload, hone_log_level level, const char *line)
{
    heard *h = payload;
    (void)line;
    if (h->n_lines++ == 0)
        hone__log(level, "from within");
}

static void listener_may_log(void **state)
{
    (void)state;
    heard h = {0};
    hone_set_log(log_again, &h, HONE_LOG_DEBUG);
    hone__log(HONE_LOG_INFO, "outer");
    hone_set_log(NULL, NULL, HONE_LOG_DEBUG);
    assert_int_equal(h.n_lines, 2);
}

static void throttled(void **state)
{
    (void)state;
    heard h = {0};
    assert_false(hone__progress_due());
    hone_set_progress(hear_progress, &h);
    double begin = hone__seconds(), seconds;
    int64_t n_calls = 0;
    do {
        hone__progress("train", n_calls++, -1, "steps", "note");
        seconds = hone__seconds() - begin;
    } while (seconds < 0.5);
    assert_true(h.n_progress >= 2); /* at 0 s, and again: 10 are the rule, but a busy machine may hold the process up */
    assert_true(h.n_progress <= 1 + (int)(seconds / 0.05));
    assert_true(n_calls > 1000);
    int before = h.n_progress;
    hone__progress_end("train", n_calls, n_calls, "steps", NULL);
    assert_int_equal(h.n_progress, before + 1);
    assert_int_equal(h.n_finished, 1);
    assert_int_equal(h.done, n_calls);
    assert_true(hone__progress_due()); /* the next piece begins at once */
    hone__progress("evaluate", 1, 2, "rows", NULL);
    assert_int_equal(h.n_progress, before + 2);
    assert_false(hone__progress_due());
    usleep(60000);
    assert_true(hone__progress_due());
    hone__progress_end("evaluate", 2, 2, "rows", NULL);
    hone_set_progress(NULL, NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(levels),
    cmocka_unit_test(one_at_a_time),
    cmocka_unit_test(listener_may_log),
    cmocka_unit_test(throttled),
};

TEST_MAIN(tests)
