/* Answers out of logits: beside a plain list of all candidates sorted as Python sorts them (postprocess_qa_predictions of utils_qa.py), null answers of version 2, odd logits, and how long the 10,570 questions of
 * SQuAD's development set take. */
#include "support/support.h"

#include "base/log.h"
#include "base/rng.h"

#include <hone/qa.h>

#include <math.h>
#include <stdlib.h>
#include <time.h>

typedef struct span {
    float score, start_logit, end_logit;
    uint32_t from, to;
    size_t order;
} span;

static const float *sorted_by;

static int highest_first(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return sorted_by[x] != sorted_by[y] ? (sorted_by[x] > sorted_by[y] ? -1 : 1) : x - y;
}

static int best_first(const void *a, const void *b)
{
    const span *x = a, *y = b;
    return x->score != y->score ? (x->score > y->score ? -1 : 1) : (int)x->order - (int)y->order;
}

static void argsort(int32_t *out, const float *x, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        out[i] = i;
    sorted_by = x;
    qsort(out, (size_t)n, sizeof(*out), highest_first);
}

/* All candidates of a window, as the script lists them. */
static size_t list_window(span *out, size_t n, const hone_qa_window *w, const float *s, const float *e, int32_t length, size_t n_best,
                          size_t longest)
{
    int32_t starts[64], ends[64];
    argsort(starts, s, length);
    argsort(ends, e, length);
    for (size_t i = 0; i < n_best && i < (size_t)length; i++)
        for (size_t k = 0; k < n_best && k < (size_t)length; k++) {
            int32_t a = starts[i] - w->context_first, b = ends[k] - w->context_first;
            if (a < 0 || a >= w->n_context || b < a || b >= w->n_context || (size_t)(b - a + 1) > longest)
                continue;
            out[n] = (span){s[starts[i]] + e[ends[k]], s[starts[i]], e[ends[k]], w->offsets[2 * a], w->offsets[2 * b + 1], n};
            n++;
        }
    return n;
}

static uint32_t next_random(uint64_t *state)
{
    return (uint32_t)(hone__splitmix64((*state)++) >> 32);
}

/* Coarse numbers, so that many are equal. */
static float coarse(uint64_t *r)
{
    return (float)(int)(next_random(r) % 9) - 4.0f;
}

static void the_heap_is_the_sorted_list(void **state)
{
    (void)state;
    static span all[8 * 64 * 64];
    uint32_t offsets[2 * 48];
    uint64_t r;
    r = 5;
    for (int question = 0; question < 300; question++) {
        hone_qa_answers_options o = {1 + next_random(&r) % 30, 1 + next_random(&r) % 12, false};
        hone_qa_answers *a;
        hone_qa_result got;
        size_t n = 0, n_windows = 1 + next_random(&r) % 4;
        assert_ok(hone_qa_answers_new(&a, &o));
        for (uint32_t i = 0; i < 48; i++) {
            offsets[2 * i] = 3 * i;
            offsets[2 * i + 1] = 3 * i + 2;
        }
        for (size_t k = 0; k < n_windows; k++) {
            float s[48], e[48];
            int32_t length = 10 + (int32_t)(next_random(&r) % 38);
            hone_qa_window w = {0, 5, length - 6, offsets};
            for (int32_t i = 0; i < length; i++) {
                s[i] = coarse(&r);
                e[i] = coarse(&r);
            }
            assert_ok(hone_qa_answers_add(a, &w, s, e, 1, (size_t)length));
            n = list_window(all, n, &w, s, e, length, o.n_best_size, o.max_answer_length);
        }
        hone_qa_answers_result(a, &got);
        qsort(all, n, sizeof(*all), best_first);
        size_t expected = n < o.n_best_size ? n : o.n_best_size;
        assert_int_equal(got.n_candidates, expected ? expected : 1);
        for (size_t i = 0; i < expected; i++) {
            assert_int_equal(got.candidates[i].start, all[i].from);
            assert_int_equal(got.candidates[i].end, all[i].to);
            assert_true(got.candidates[i].start_logit == all[i].start_logit && got.candidates[i].end_logit == all[i].end_logit);
        }
        assert_ptr_equal(got.best, got.candidates);
        hone_qa_answers_free(a);
    }
}

static const uint32_t three[] = {0, 1, 2, 3, 4, 5};

static void the_null_answer_takes_part(void **state)
{
    (void)state;
    hone_qa_answers_options o = {4, 30, true};
    hone_qa_answers *a;
    hone_qa_result r;
    hone_qa_window w = {0, 2, 3, three};
    const float s[] = {3, 0, 1, 0, 2, 0}, e[] = {1, 0, 0, 1, 1.5f, 0}, lower[] = {-0.5f, 0, 0, 0, 0, 0};
    assert_ok(hone_qa_answers_new(&a, &o));
    assert_ok(hone_qa_answers_add(a, &w, s, e, 1, 6));
    hone_qa_answers_result(a, &r);
    assert_true(r.null_score == 4.0f);
    assert_true(r.score_difference == 0.5); /* 4 less 2 + 1.5 */
    assert_int_equal(r.candidates[0].end, 0);
    assert_int_equal(r.best->start, 4);
    assert_ptr_equal(r.best, r.candidates + 1);
    double sum = 0;
    for (size_t i = 0; i < r.n_candidates; i++)
        sum += r.candidates[i].probability;
    assert_true(fabs(sum - 1) < 1e-12);
    /* another question: the lowest null score of its windows counts, and stands behind the best where it is not one of them */
    assert_ok(hone_qa_answers_add(a, &w, s, e, 1, 6));
    assert_ok(hone_qa_answers_add(a, &w, lower, lower, 1, 6));
    hone_qa_answers_result(a, &r);
    assert_true(r.null_score == -1.0f);
    assert_int_equal(r.n_candidates, 5);
    assert_int_equal(r.candidates[4].end, 0);
    assert_ptr_equal(r.best, r.candidates);
    hone_qa_answers_free(a);
}

static void where_there_is_none_the_answer_is_empty(void **state)
{
    (void)state;
    hone_qa_answers *a;
    hone_qa_result r;
    hone_qa_window w = {0, 2, 3, three}, nothing = {0, 0, 0, NULL};
    const float s[] = {0, 0, NAN, NAN, 5, 0}, e[] = {0, 0, 5, NAN, NAN, 0};
    hone_qa_answers_options o = {1, 30, false};
    assert_ok(hone_qa_answers_new(&a, &o));
    assert_ok(hone_qa_answers_add(a, &w, s, e, 1, 6)); /* the only start is behind the only end */
    hone_qa_answers_result(a, &r);
    assert_int_equal(r.n_candidates, 1);
    assert_int_equal(r.best->end, 0);
    assert_true(r.best->probability == 1.0);
    assert_ok(hone_qa_answers_add(a, &nothing, s, e, 1, 6));
    hone_qa_answers_result(a, &r);
    assert_int_equal(r.best->end, 0);
    hone_qa_answers_result(a, &r); /* no window at all */
    assert_int_equal(r.n_candidates, 1);
    assert_int_equal(r.best->end, 0);
    w.offsets = NULL;
    assert_fails(HONE_INVALID_ARGUMENT, "without offsets", hone_qa_answers_add(a, &w, s, e, 1, 6));
    w = (hone_qa_window){0, 4, 3, three};
    assert_fails(HONE_INVALID_ARGUMENT, "6 logits for a passage at tokens 4 to 7", hone_qa_answers_add(a, &w, s, e, 1, 6));
    hone_qa_answers_free(a);
    o.n_best_size = 0;
    assert_fails(HONE_INVALID_ARGUMENT, "must be above 0", hone_qa_answers_new(&a, &o));
}

/* 10,784 windows of 10,570 questions. The bound is a second of the processor, whatever else the machine does; ten where instructions are checked by a sanitizer. */
static void the_development_set_takes_less_than_a_second(void **state)
{
    (void)state;
    enum { N = 384, KINDS = 16 };
    static float logits[KINDS][2 * N];
    static uint32_t offsets[2 * N];
    hone_qa_answers *a;
    hone_qa_result r;
    uint64_t g;
    double bound = TEST_SANITIZED ? 10 : 1, sum = 0;
    g = 6;
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < 2 * N; i++)
            logits[k][i] = (float)(next_random(&g) >> 8) * 1e-6f;
    for (uint32_t i = 0; i < 2 * N; i++)
        offsets[i] = 2 * i;
    assert_ok(hone_qa_answers_new(&a, NULL));
    clock_t begin = clock();
    for (int question = 0; question < 10570; question++) {
        hone_qa_window w = {question, 20, N - 21, offsets};
        for (int k = 0; k < 1 + (question % 50 == 0); k++)
            assert_ok(hone_qa_answers_add(a, &w, logits[(question + k) % KINDS], logits[(question + k) % KINDS] + 1, 2, N));
        hone_qa_answers_result(a, &r);
        sum += r.best->score;
    }
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    print_message("%d questions in %.3f s\n", 10570, seconds);
    assert_true(sum > 0 && seconds < bound);
    hone_qa_answers_free(a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_heap_is_the_sorted_list),
    cmocka_unit_test(the_null_answer_takes_part),
    cmocka_unit_test(where_there_is_none_the_answer_is_empty),
    cmocka_unit_test(the_development_set_takes_less_than_a_second),
};
TEST_MAIN(tests)
