/* Going on from a checkpoint is the uninterrupted run, bit for bit: from every checkpoint, after a stop at every step, while evaluating, at epoch ends, with a short last batch
 * and dropout on. And what may go wrong with checkpoints: torn ones, a full disk, another data set. */
#include "tiny.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* 21 rows by 4, two batches an update: 3 updates an epoch, the last one of a full and a short batch. */
static hone_training_args run_args(const char *folder)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.output_dir = folder;
    a.learning_rate = 3e-3;
    a.weight_decay = 0.01;
    a.warmup_steps = 2;
    a.lr_scheduler_type = HONE_SCHEDULE_COSINE;
    a.per_device_train_batch_size = 4;
    a.gradient_accumulation_steps = 2;
    a.max_steps = 8;
    a.logging_steps = 3;
    a.eval_strategy = HONE_STRATEGY_EPOCH;
    a.metric_for_best_model = "loss";
    a.save_steps = 1;
    a.disable_tqdm = true;
    return a;
}

static void assert_same_run(const tiny_run *a, const tiny_run *b)
{
    size_t n, m;
    float *x = tiny_weights(a->model, &n), *y = tiny_weights(b->model, &m);
    const hone_trainer_state *s = hone_trainer_get_state(a->trainer), *z = hone_trainer_get_state(b->trainer);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n * sizeof(float));
    tiny_assert_same_log(a->trainer, b->trainer);
    assert_int_equal(s->global_step, z->global_step);
    assert_int_equal(s->num_input_tokens_seen, z->num_input_tokens_seen);
    assert_memory_equal(&s->best_metric, &z->best_metric, sizeof(double));
    assert_int_equal(s->best_global_step, z->best_global_step);
    free(x);
    free(y);
}

static const char *checkpoint(const char *folder, int64_t step)
{
    static char path[4][600];
    static int k;
    k = (k + 1) % 4;
    snprintf(path[k], sizeof(path[k]), "%s/checkpoint-%lld", folder, (long long)step);
    return path[k];
}

static void every_checkpoint_leads_to_the_same_end(void **state)
{
    (void)state;
    tiny_run whole, rest;
    char folder[512], name[32];
    snprintf(folder, sizeof(folder), "%s", test_temp("whole"));
    hone_training_args a = run_args(folder);
    tiny_start(&whole, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(whole.trainer));
    for (int64_t step = 1; step <= 8; step++) {
        snprintf(name, sizeof(name), "from-%lld", (long long)step);
        hone_training_args b = run_args(test_temp(name));
        b.resume_from_checkpoint = checkpoint(folder, step);
        tiny_start(&rest, 21, 9, &b, NULL);
        assert_ok(hone_trainer_train(rest.trainer));
        assert_same_run(&whole, &rest);
        tiny_end(&rest);
    }
    tiny_end(&whole);
}

/* Asks for a stop at the `when`-th occurrence of an event. */
typedef struct stopper {
    hone_event event;
    int when, seen;
} stopper;

static hone_status stop(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                        const hone_metrics *metrics)
{
    stopper *s = payload;
    (void)state, (void)control, (void)metrics;
    if (event == s->event && ++s->seen == s->when)
        hone_trainer_request_stop(t);
    return HONE_OK;
}

/* Stopped at the `when`-th occurrence of an event, and gone on with. False when the run had ended before. */
static bool stop_and_go_on(const tiny_run *whole, const hone_training_args *a, hone_event event, int when)
{
    tiny_run part;
    char name[48];
    snprintf(name, sizeof(name), "stop-%d-%d-%d", (int)event, when, (int)a->save_strategy);
    stopper s = {event, when, 0};
    hone_callback callback = {.name = "stopper", .fn = stop, .payload = &s};
    hone_training_args b = *a;
    b.output_dir = test_temp(name);
    tiny_start(&part, 21, 9, &b, &callback);
    hone_status status = hone_trainer_train(part.trainer);
    if (status == HONE_OK) { /* there was nothing left to stop */
        assert_same_run(whole, &part);
        tiny_end(&part);
        return false;
    }
    assert_int_equal(status, HONE_CANCELLED);
    assert_non_null(strstr(hone_error_hint(), "resume_from_checkpoint"));
    tiny_end(&part);
    b.resume_from_checkpoint = "true";
    tiny_start(&part, 21, 9, &b, NULL);
    assert_ok(hone_trainer_train(part.trainer));
    assert_same_run(whole, &part);
    tiny_end(&part);
    return true;
}

/* STEP_BEGIN and SUBSTEP_END: within an update; LOG: the evaluation that follows at the end of an epoch is cut short; SAVE: while a checkpoint is being saved. */
static void a_stop_anywhere_loses_nothing(void **state)
{
    (void)state;
    static const hone_event events[] = {HONE_ON_STEP_BEGIN, HONE_ON_SUBSTEP_END, HONE_ON_STEP_END, HONE_ON_EPOCH_END,
                                        HONE_ON_LOG,        HONE_ON_EVALUATE,    HONE_ON_SAVE,     HONE_ON_EPOCH_BEGIN};
    int n_stops = 0;
    for (int saves = 0; saves < 2; saves++) {
        tiny_run whole;
        hone_training_args a = run_args(test_temp(saves ? "uninterrupted-saved" : "uninterrupted"));
        a.save_strategy = saves ? HONE_STRATEGY_STEPS : HONE_STRATEGY_NO;
        a.save_total_limit = 1;
        tiny_start(&whole, 21, 9, &a, NULL);
        assert_ok(hone_trainer_train(whole.trainer));
        for (size_t e = 0; e < sizeof(events) / sizeof(*events); e++)
            for (int when = 1; when <= 8; when++)
                n_stops += stop_and_go_on(&whole, &a, events[e], when);
        tiny_end(&whole);
    }
    printf("%d stops\n", n_stops);
    assert_true(n_stops >= 60);
}

/* Evaluation and checkpoint are due at the same step, and the stop comes while it evaluates: both are made up for, and the checkpoint has nothing left to do. */
static void a_save_that_was_due_is_made_up_for(void **state)
{
    (void)state;
    tiny_run whole, part;
    char *x, *y;
    stopper s = {HONE_ON_PREDICTION_STEP, 2, 0};
    hone_callback callback = {.name = "stopper", .fn = stop, .payload = &s};
    hone_training_args a = run_args(test_temp("due")), b;
    a.eval_strategy = HONE_STRATEGY_STEPS;
    a.eval_steps = a.save_steps = 3;
    a.max_steps = 3;
    a.per_device_eval_batch_size = 2;
    tiny_start(&whole, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(whole.trainer));
    b = a;
    b.output_dir = test_temp("due-stopped");
    tiny_start(&part, 21, 9, &b, &callback);
    assert_int_equal(hone_trainer_train(part.trainer), HONE_CANCELLED);
    tiny_end(&part);
    b.resume_from_checkpoint = "true";
    tiny_start(&part, 21, 9, &b, NULL);
    assert_ok(hone_trainer_train(part.trainer));
    assert_same_run(&whole, &part);
    x = test_read(test_temp("due/checkpoint-3/hone_state.json"), NULL);
    y = test_read(test_temp("due-stopped/checkpoint-3/hone_state.json"), NULL);
    assert_string_equal(x, y);
    hone__free(x);
    hone__free(y);
    tiny_end(&part);
    tiny_end(&whole);
}

/* Nothing trains, and all is as it was. */
static void going_on_after_the_end_changes_nothing(void **state)
{
    (void)state;
    tiny_run whole, again;
    hone_training_args a = run_args(test_temp("ended"));
    tiny_start(&whole, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(whole.trainer));
    a.resume_from_checkpoint = "true";
    tiny_start(&again, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(again.trainer));
    assert_same_run(&whole, &again);
    tiny_end(&again);
    tiny_end(&whole);
}

/* Two epochs and then a third are, without a schedule, three: the data's order, the masks and the moments go on; with one the rates differ from there on. */
static void more_epochs_go_on_where_the_others_ended(void **state)
{
    (void)state;
    static const double ends[] = {1, 2, 1.5, 0.4};
    tiny_run whole, part;
    hone_training_args a = run_args(test_temp("three"));
    a.lr_scheduler_type = HONE_SCHEDULE_CONSTANT;
    a.warmup_steps = 0;
    a.max_steps = -1;
    a.num_train_epochs = 3;
    a.eval_strategy = HONE_STRATEGY_NO;
    a.metric_for_best_model = NULL;
    tiny_start(&whole, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(whole.trainer));
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        char name[32];
        size_t n, m;
        snprintf(name, sizeof(name), "first-%zu", i);
        hone_training_args b = a;
        b.output_dir = test_temp(name);
        b.num_train_epochs = ends[i];
        tiny_start(&part, 21, 9, &b, NULL);
        assert_ok(hone_trainer_train(part.trainer));
        tiny_end(&part);
        b.num_train_epochs = 3;
        b.resume_from_checkpoint = "true";
        tiny_start(&part, 21, 9, &b, NULL);
        assert_ok(hone_trainer_train(part.trainer));
        float *x = tiny_weights(whole.model, &n), *y = tiny_weights(part.model, &m);
        assert_memory_equal(x, y, n * sizeof(float));
        assert_int_equal(hone_trainer_get_state(part.trainer)->global_step, hone_trainer_get_state(whole.trainer)->global_step);
        free(x);
        free(y);
        tiny_end(&part);
    }
    tiny_end(&whole);
}

/* ---- what may be wrong ---- */

static void damage(const char *folder, const char *name)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "\x5a\x5a\x5a", 3, 200), 3);
    close(fd);
}

static void torn_checkpoints_are_passed_over(void **state)
{
    (void)state;
    tiny_run r;
    char folder[512], path[600];
    char *newest;
    snprintf(folder, sizeof(folder), "%s", test_temp("torn"));
    hone_training_args a = run_args(folder);
    tiny_start(&r, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(r.trainer));
    tiny_end(&r);
    damage(checkpoint(folder, 8), "model.safetensors");
    snprintf(path, sizeof(path), "%s/optimizer.safetensors", checkpoint(folder, 7));
    assert_int_equal(truncate(path, 100), 0);
    snprintf(path, sizeof(path), "%s/manifest.json", checkpoint(folder, 6));
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/config.json", checkpoint(folder, 5));
    assert_int_equal(unlink(path), 0);
    assert_ok(hone__checkpoint_newest(&newest, folder));
    assert_string_equal(newest, checkpoint(folder, 4));
    hone__free(newest);
    assert_fails(HONE_FORMAT, "not as it was written", hone__checkpoint_verify(checkpoint(folder, 8)));
    a.resume_from_checkpoint = checkpoint(folder, 8);
    tiny_start(&r, 21, 9, &a, NULL);
    assert_fails(HONE_FORMAT, "model.safetensors", hone_trainer_train(r.trainer));
    tiny_end(&r);
}

static void another_data_set_is_refused(void **state)
{
    (void)state;
    tiny_run r;
    char folder[512];
    snprintf(folder, sizeof(folder), "%s", test_temp("other"));
    hone_training_args a = run_args(folder);
    a.max_steps = 1;
    a.warmup_steps = 0;
    tiny_start(&r, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(r.trainer));
    tiny_end(&r);
    a.resume_from_checkpoint = "last";
    a.gradient_accumulation_steps = 3;
    a.max_steps = 2;
    tiny_start(&r, 21, 9, &a, NULL);
    assert_fails(HONE_INVALID_ARGUMENT, "gradient_accumulation_steps", hone_trainer_train(r.trainer));
    tiny_end(&r);
    a = run_args(test_temp("nothing-there"));
    a.resume_from_checkpoint = "true";
    tiny_start(&r, 21, 9, &a, NULL);
    assert_fails(HONE_NOT_FOUND, "no whole checkpoint", hone_trainer_train(r.trainer));
    tiny_end(&r);
}

/* The disk is full (no file may grow beyond a kilobyte) from step 3 to step 5. */
static void set_file_limit(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static hone_status fill_disk(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                             hone_trainer_control *control, const hone_metrics *metrics)
{
    (void)payload, (void)t, (void)control, (void)metrics;
    if (event == HONE_ON_STEP_BEGIN && state->global_step == 2)
        set_file_limit(1024);
    if (event == HONE_ON_STEP_BEGIN && state->global_step == 5)
        set_file_limit(RLIM_INFINITY);
    return HONE_OK;
}

static int n_warnings;
static void count_warnings(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    n_warnings += level == HONE_LOG_WARNING && strstr(line, "could not be saved") != NULL;
}

static void a_full_disk_costs_nothing(void **state)
{
    (void)state;
    tiny_run whole, r;
    char folder[512];
    int64_t *steps;
    size_t n;
    hone_callback callback = {.fn = fill_disk};
    hone_training_args a = run_args(test_temp("roomy"));
    tiny_start(&whole, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(whole.trainer));
    signal(SIGXFSZ, SIG_IGN);
    hone_set_log(count_warnings, NULL, HONE_LOG_WARNING);
    n_warnings = 0;
    snprintf(folder, sizeof(folder), "%s", test_temp("full"));
    a = run_args(folder);
    tiny_start(&r, 21, 9, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_same_run(&whole, &r);
    assert_int_equal(n_warnings, 3);
    assert_ok(hone__checkpoint_list(&steps, &n, folder));
    assert_int_equal(n, 5); /* 1, 2, 6, 7, 8 */
    for (size_t i = 0; i < n; i++)
        assert_ok(hone__checkpoint_verify(checkpoint(folder, steps[i])));
    hone__free(steps);
    hone_file_list files; /* nothing half-written is left */
    assert_ok(hone__list_files(&files, folder, "*tmp*"));
    assert_int_equal(files.n, 0);
    hone__file_list_dispose(&files);
    tiny_end(&r);
    tiny_end(&whole);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_checkpoint_leads_to_the_same_end),
    cmocka_unit_test(a_stop_anywhere_loses_nothing),
    cmocka_unit_test(a_save_that_was_due_is_made_up_for),
    cmocka_unit_test(going_on_after_the_end_changes_nothing),
    cmocka_unit_test(more_epochs_go_on_where_the_others_ended),
    cmocka_unit_test(torn_checkpoints_are_passed_over),
    cmocka_unit_test(another_data_set_is_refused),
    cmocka_unit_test(a_full_disk_costs_nothing),
};

/* In memory, where there is a place: a thousand checkpoints, each synced several times, are a minute of a disk. */
int main(void)
{
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    return test_run(__FILE__, tests, sizeof(tests) / sizeof(*tests));
}
