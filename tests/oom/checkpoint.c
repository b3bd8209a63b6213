/* The n-th allocation fails while a checkpoint is taken and written beside the training, be it in the thread that trains or in the one that writes. Either it is made good, or that checkpoint is not saved and
 * the run goes on, or the run ends with HONE_OUT_OF_MEMORY and is gone on with; in each case what was saved is whole, the next save succeeds, and the end is that of a run that lacked nothing. */
#include "unit/train/tiny.h"

enum { ARMED_AT = 2, LAST = 3 };

typedef struct run {
    hone_model *model;
    hone_examples *data;
    hone_trainer *trainer;
    char folder[512];
    uint64_t n; /* which allocation fails, 0: none */
    hone_mem_stats at, till;
} run;

/* The allocation fails in the save of step 2, or not at all: before step 3 begins that save is waited for. */
static hone_status arm(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                       const hone_metrics *metrics)
{
    run *r = payload;
    hone_status status = HONE_OK;
    (void)control, (void)metrics;
    if (event == HONE_ON_STEP_END && state->global_step == ARMED_AT) {
        hone__mem_stats(&r->at);
        hone__mem_fail_at(r->n);
    }
    if (event == HONE_ON_STEP_BEGIN && state->global_step == ARMED_AT) {
        status = hone__trainer_settle_save(t, true);
        hone__mem_stats(&r->till);
        hone__mem_fail_at(0);
    }
    return status;
}

static void start(run *r, const char *name, const char *resume)
{
    hone_callback callback = {.name = "arm", .fn = arm, .payload = r};
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    snprintf(r->folder, sizeof(r->folder), "%s", test_temp(name));
    a.output_dir = r->folder;
    a.resume_from_checkpoint = resume;
    a.learning_rate = 3e-3;
    a.per_device_train_batch_size = 4;
    a.max_steps = LAST;
    a.logging_steps = 1;
    a.save_steps = 1;
    a.save_total_limit = 2;
    a.save_in_background = HONE_TRUE;
    a.disable_tqdm = true;
    r->model = tiny_model(true);
    r->data = tiny_examples(21);
    assert_ok(hone_trainer_new(&r->trainer, r->model, &a,
                               &(hone_trainer_options){.train_dataset = r->data, .callbacks = &callback, .n_callbacks = 1}));
}

static void end(run *r)
{
    hone_trainer_free(r->trainer);
    hone_examples_free(r->data);
    hone_model_free(r->model);
}

static int n_unsaved;

static void count_unsaved(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    n_unsaved += level == HONE_LOG_WARNING && strstr(line, "checkpoint-2 could not be saved (out of memory") != NULL;
}

static void assert_all_whole(const run *r, int64_t least)
{
    int64_t *steps;
    size_t n;
    char path[600];
    assert_ok(hone__checkpoint_list(&steps, &n, r->folder));
    assert_true(n > 0 && steps[n - 1] >= least);
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/checkpoint-%lld", r->folder, (long long)steps[i]);
        assert_ok(hone__checkpoint_verify(path));
    }
    hone__free(steps);
}

static void assert_weights(const run *r, const float *expected, size_t n)
{
    size_t m;
    float *got = tiny_weights(r->model, &m);
    assert_int_equal(n, m);
    assert_memory_equal(expected, got, n * sizeof(float));
    free(got);
}

/* One run in which the n-th allocation of that save fails. False: there were fewer. */
static bool run_with_failure(uint64_t n, const float *expected, size_t n_weights, int *n_ended)
{
    run r = {.n = n};
    start(&r, "failing", NULL);
    hone_status status = hone_trainer_train(r.trainer);
    bool ended = status != HONE_OK;
    hone__mem_fail_at(0);
    if (ended && status != HONE_OUT_OF_MEMORY)
        fail_msg("allocation %llu failed: %s: %s", (unsigned long long)n, hone_status_name(status), hone_error_message());
    assert_all_whole(&r, ended ? 1 : LAST);
    if (!ended)
        assert_weights(&r, expected, n_weights);
    bool reached = ended || r.till.n_requests - r.at.n_requests >= n;
    end(&r);
    if (ended) {
        r = (run){0};
        start(&r, "failing", "true");
        assert_ok(hone_trainer_train(r.trainer));
        assert_all_whole(&r, LAST);
        assert_weights(&r, expected, n_weights);
        end(&r);
        ++*n_ended;
    }
    assert_ok(hone__remove_tree(test_temp("failing")));
    return reached;
}

static void saving_beside_the_training(void **state)
{
    (void)state;
    run whole = {0};
    hone_mem_stats before, after;
    size_t n_weights;
    int n_ended = 0;
    uint64_t n = 1;
    tiny_threads = 1; /* many short runs */
    start(&whole, "whole", NULL);
    assert_ok(hone_trainer_train(whole.trainer));
    float *expected = tiny_weights(whole.model, &n_weights);
    end(&whole);
    hone_set_log(count_unsaved, NULL, HONE_LOG_WARNING);
    hone__mem_stats(&before);
    while (run_with_failure(n, expected, n_weights, &n_ended))
        n++;
    hone__mem_stats(&after);
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_int_equal(after.bytes_now, before.bytes_now); /* nothing leaks */
    free(expected);
    printf("%llu allocations: %d times the checkpoint was not saved and the run went on, %d times the run ended and was gone on with\n",
           (unsigned long long)n - 1, n_unsaved, n_ended);
    assert_true(n_unsaved > 10 && n > 50);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(saving_beside_the_training)};
TEST_MAIN(tests)
