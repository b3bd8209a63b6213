/* Saving checkpoints: beside the training they are those that are saved at once, to the bit; a disk that is full in the middle costs nothing when it is waited for, and ends the run where that was asked
 * for; save_total_limit counts whole checkpoints only and keeps the best; what is in the way of a checkpoint is told. */
#include "tiny.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static hone_training_args run_args(tiny_run *r, const char *name)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    snprintf(r->folder, sizeof(r->folder), "%s", test_temp(name));
    a.output_dir = r->folder;
    a.learning_rate = 3e-3;
    a.per_device_train_batch_size = 4;
    a.max_steps = 8;
    a.logging_steps = 1;
    a.save_steps = 1;
    a.disable_tqdm = true;
    return a;
}

static const char *in_checkpoint(const tiny_run *r, int64_t step, const char *name)
{
    static char path[2][700];
    static int k;
    k = (k + 1) % 2;
    snprintf(path[k], sizeof(path[k]), "%s/checkpoint-%lld%s%s", r->folder, (long long)step, *name ? "/" : "", name);
    return path[k];
}

static void assert_same_file(const tiny_run *a, const tiny_run *b, int64_t step, const char *name)
{
    char *x, *y;
    size_t n, m;
    assert_ok(hone__read_file(&x, &n, in_checkpoint(a, step, name), 0));
    assert_ok(hone__read_file(&y, &m, in_checkpoint(b, step, name), 0));
    if (n != m || memcmp(x, y, n) != 0)
        fail_msg("step %lld: %s differs", (long long)step, name);
    hone__free(x);
    hone__free(y);
}

static void assert_same_checkpoint(const tiny_run *a, const tiny_run *b, int64_t step)
{
    assert_ok(hone__checkpoint_verify(in_checkpoint(a, step, "")));
    assert_ok(hone__checkpoint_verify(in_checkpoint(b, step, "")));
    assert_same_file(a, b, step, "model.safetensors");
    assert_same_file(a, b, step, "optimizer.safetensors");
    assert_same_file(a, b, step, "config.json");
}

/* "1 2 8" */
static const char *steps_in(const tiny_run *r)
{
    static char text[256];
    int64_t *steps;
    size_t n;
    text[0] = '\0';
    assert_ok(hone__checkpoint_list(&steps, &n, r->folder));
    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%lld", i ? " " : "", (long long)steps[i]);
    hone__free(steps);
    return text;
}

static void assert_nothing_aside(const tiny_run *r)
{
    char command[700];
    snprintf(command, sizeof(command), "test -z \"$(find '%s' -name '*tmp-*' -o -name '*.old-*')\"", r->folder);
    assert_int_equal(system(command), 0);
}

/* ---- beside the training ---- */

typedef struct saves {
    int64_t steps[16];
    int n;
    bool whole;
} saves;

static hone_status note_save(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                             hone_trainer_control *control, const hone_metrics *metrics)
{
    saves *s = payload;
    char path[700];
    (void)t, (void)control, (void)metrics;
    if (event != HONE_ON_SAVE || s->n == 16)
        return HONE_OK;
    snprintf(path, sizeof(path), "%s/checkpoint-%lld", test_temp("beside"), (long long)state->global_step);
    s->whole = s->whole && hone__checkpoint_verify(path) == HONE_OK;
    s->steps[s->n++] = state->global_step;
    return HONE_OK;
}

static void beside_the_training_is_the_same(void **state)
{
    (void)state;
    tiny_run at_once, beside;
    saves s = {.whole = true};
    hone_callback callback = {.fn = note_save, .payload = &s};
    hone_training_args a = run_args(&at_once, "at-once");
    a.save_in_background = HONE_FALSE;
    tiny_start(&at_once, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(at_once.trainer));
    a = run_args(&beside, "beside");
    a.save_in_background = HONE_TRUE;
    tiny_start(&beside, 21, 9, &a, &callback);
    assert_ok(hone_trainer_train(beside.trainer));
    assert_int_equal(s.n, 8); /* each was whole when on_save came, with its own step */
    assert_true(s.whole);
    for (int64_t step = 1; step <= 8; step++) {
        assert_int_equal(s.steps[step - 1], step);
        assert_same_checkpoint(&at_once, &beside, step);
        assert_same_file(&at_once, &beside, step, "hone_state.json");
    }
    assert_nothing_aside(&beside);
    tiny_end(&at_once);
    tiny_end(&beside);
}

static void the_best_is_loaded_and_kept(void **state)
{
    (void)state;
    tiny_run r[2];
    float *weights[2];
    size_t n;
    for (int i = 0; i < 2; i++) {
        hone_training_args a = run_args(&r[i], i ? "best-beside" : "best-at-once");
        a.learning_rate = 0.3; /* it gets worse again */
        a.eval_strategy = HONE_STRATEGY_STEPS;
        a.eval_steps = 1;
        a.load_best_model_at_end = true;
        a.save_total_limit = 1;
        a.save_in_background = i ? HONE_TRUE : HONE_FALSE;
        tiny_start(&r[i], 21, 9, &a, NULL);
        assert_ok(hone_trainer_train(r[i].trainer));
        weights[i] = tiny_weights(r[i].model, &n);
        const hone_trainer_state *s = hone_trainer_get_state(r[i].trainer);
        assert_string_equal(s->best_model_checkpoint, in_checkpoint(&r[i], s->best_global_step, ""));
        assert_ok(hone__checkpoint_verify(s->best_model_checkpoint));
        assert_int_equal(strtoll(steps_in(&r[i]), NULL, 10), s->best_global_step);
        assert_null(strchr(steps_in(&r[i]), ' ')); /* alone */
        tiny_end(&r[i]);
    }
    assert_memory_equal(weights[0], weights[1], n * sizeof(float));
    free(weights[0]);
    free(weights[1]);
}

/* Asks for a checkpoint of its own at the end of an update, when the one that is written beside the training is whole and not told yet. */
static hone_status ask_beside(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                              hone_trainer_control *control, const hone_metrics *metrics)
{
    const tiny_run *r = payload;
    (void)t, (void)metrics;
    if (event != HONE_ON_OPTIMIZER_STEP || state->global_step != 2)
        return HONE_OK;
    for (int i = 0; i < 500 && !hone__is_dir(in_checkpoint(r, 2, "")); i++)
        usleep(10000);
    usleep(50000); /* it is renamed before the helper says that it is done */
    control->should_save = true;
    return HONE_OK;
}

static void a_wish_to_save_outlives_the_save_before(void **state)
{
    (void)state;
    tiny_run r;
    hone_callback callback = {.fn = ask_beside, .payload = &r};
    hone_training_args a = run_args(&r, "asked");
    a.max_steps = 4;
    a.save_steps = 2;
    a.save_in_background = HONE_TRUE;
    tiny_start(&r, 21, 9, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    assert_string_equal(steps_in(&r), "2 3 4");
    tiny_end(&r);
}

/* ---- a full disk ---- */

typedef struct disk {
    int64_t full_at, room_at; /* global_step at the begin of a step */
    int code;
    bool stop;
} disk;

static hone_status fill_disk(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                             hone_trainer_control *control, const hone_metrics *metrics)
{
    const disk *d = payload;
    (void)control, (void)metrics;
    if (event == HONE_ON_STEP_BEGIN && state->global_step == d->full_at)
        hone__writer_refuse(d->code);
    if (event == HONE_ON_STEP_BEGIN && state->global_step == d->room_at)
        hone__writer_refuse(0);
    if (event == HONE_ON_STEP_BEGIN && d->stop && state->global_step == d->full_at + 1)
        hone_trainer_request_stop(t);
    return HONE_OK;
}

typedef struct lines {
    int code; /* what the disk refuses with: EIO is not told as want of room */
    int full, again, failed, moved;
    bool lift;    /* there is room again once the full disk was told */
    bool no_copy; /* then there is no memory for a copy */
} lines;

static void count_lines(void *payload, hone_log_level level, const char *line)
{
    lines *l = payload;
    if (l->code == EIO)
        l->full += level == HONE_LOG_WARNING && strstr(line, "Input/output error): look after the disk") && strstr(line, "tries again");
    else
        l->full += level == HONE_LOG_WARNING && strstr(line, "no room for checkpoint-") && strstr(line, "it needs");
    if (l->full && l->lift)
        hone__writer_refuse(0);
    if (l->full && l->no_copy) {
        l->no_copy = false;
        hone__mem_fail_at(1);
    }
    l->again += strstr(line, l->code == EIO ? "of a failing disk" : "without room") != NULL;
    l->moved += strstr(line, "was moved away or removed") != NULL;
    l->failed += level == HONE_LOG_WARNING && strstr(line, "could not be saved") != NULL;
}

/* Saves every 3 steps; the disk is full when step 3 is saved, and has room again two steps later, while that checkpoint waits in memory. Beside the training nobody knows when the disk is tried: room comes
 * when it was told. */
static void a_full_disk_is_waited_for(void **state)
{
    (void)state;
    static const int codes[] = {ENOSPC, EDQUOT, EIO};
    tiny_run whole, r;
    hone_training_args a = run_args(&whole, "roomy");
    a.save_steps = 3;
    tiny_start(&whole, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(whole.trainer));
    for (int i = 0; i < 6; i++) {
        lines l = {.code = codes[i % 3]};
        l.lift = i >= 3;
        disk d = {2, l.lift ? 100 : 5, codes[i % 3], false};
        hone_callback callback = {.fn = fill_disk, .payload = &d};
        a = run_args(&r, "full");
        a.save_steps = 3;
        a.save_in_background = i < 3 ? HONE_FALSE : HONE_TRUE;
        hone_set_log(count_lines, &l, HONE_LOG_INFO);
        tiny_start(&r, 21, 9, &a, &callback);
        assert_ok(hone_trainer_train(r.trainer));
        hone_set_log(NULL, NULL, HONE_LOG_ERROR);
        assert_int_equal(l.full, 1);
        assert_int_equal(l.again, 1);
        assert_int_equal(l.failed, 0);
        assert_string_equal(steps_in(&r), "3 6 8");
        for (int64_t step = 3; step <= 6; step += 3)
            assert_same_checkpoint(&whole, &r, step);
        assert_same_checkpoint(&whole, &r, 8);
        assert_nothing_aside(&r);
        tiny_end(&r);
        assert_ok(hone__remove_tree(r.folder));
    }
    tiny_end(&whole);
}

/* Neither room on the disk nor memory for a copy: the training itself waits. */
static void without_a_copy_the_training_waits(void **state)
{
    (void)state;
    tiny_run r;
    lines l = {.lift = true, .no_copy = true};
    disk d = {2, 100, ENOSPC, false};
    hone_callback callback = {.fn = fill_disk, .payload = &d};
    hone_training_args a = run_args(&r, "no-copy");
    a.save_steps = 3;
    a.save_in_background = HONE_FALSE;
    hone_set_log(count_lines, &l, HONE_LOG_INFO);
    tiny_start(&r, 21, 9, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    hone__mem_fail_at(0);
    assert_false(l.no_copy);
    assert_int_equal(l.again, 1);
    assert_int_equal(l.failed, 0);
    assert_string_equal(steps_in(&r), "3 6 8");
    tiny_end(&r);
}

static void a_full_disk_stops_where_asked_to(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        tiny_run r;
        disk d = {4, 100, ENOSPC, false};
        hone_callback callback = {.fn = fill_disk, .payload = &d};
        hone_training_args a = run_args(&r, i ? "stop-beside" : "stop-at-once");
        a.on_disk_full = HONE_DISK_FULL_STOP;
        a.save_in_background = i ? HONE_TRUE : HONE_FALSE;
        a.save_steps = 2;
        tiny_start(&r, 21, 9, &a, &callback);
        assert_fails(HONE_IO, i ? "no room for checkpoint-" : "no room for checkpoint-6 (it needs", hone_trainer_train(r.trainer));
        assert_non_null(strstr(hone_error_message(), "No space left on device"));
        assert_non_null(strstr(hone_error_hint(), "--resume_from_checkpoint true"));
        hone__writer_refuse(0);
        if (strcmp(steps_in(&r), "2 4") != 0)
            assert_true(i && strcmp(steps_in(&r), "2") == 0); /* beside: 4 was still being written */
        assert_ok(hone__checkpoint_verify(in_checkpoint(&r, 2, "")));
        assert_nothing_aside(&r);
        tiny_end(&r);
    }
}

/* Asked to stop while a checkpoint waits for room: it ends at once, and says that nothing could be saved. */
static void a_stop_ends_the_waiting(void **state)
{
    (void)state;
    tiny_run r;
    disk d = {2, 100, ENOSPC, true};
    hone_callback callback = {.fn = fill_disk, .payload = &d};
    hone_training_args a = run_args(&r, "stopped");
    tiny_start(&r, 21, 9, &a, &callback);
    assert_fails(HONE_IO, "stopped after step 4, and no checkpoint could be saved", hone_trainer_train(r.trainer));
    assert_int_equal(hone_trainer_get_state(r.trainer)->global_step, 4);
    hone__writer_refuse(0);
    assert_string_equal(steps_in(&r), "1 2");
    assert_nothing_aside(&r);
    tiny_end(&r);
}

/* The final model: told once, written when there is room, and a whole old one is never replaced by half a new one. */
static hone_status write_or_refuse(hone_trainer *t, void *payload)
{
    int *tries = payload;
    if (++*tries == 3)
        hone__writer_refuse(0);
    return hone__trainer_write_model(t, t->output_dir);
}

static void the_final_model_waits_for_room(void **state)
{
    (void)state;
    tiny_run r;
    int tries = 0;
    char *before, *after, path[700];
    size_t n, m;
    hone_training_args a = run_args(&r, "final");
    a.max_steps = 2;
    tiny_start(&r, 21, 9, &a, NULL);
    assert_ok(hone_trainer_save_model(r.trainer, NULL));
    snprintf(path, sizeof(path), "%s/model.safetensors", r.folder);
    assert_ok(hone__read_file(&before, &n, path, 0));
    assert_ok(hone_trainer_train(r.trainer));
    hone__writer_refuse(ENOSPC);
    hone_trainer_request_stop(r.trainer);
    assert_fails(HONE_CANCELLED, "No space left on device", hone_trainer_save_model(r.trainer, NULL));
    assert_ok(hone__read_file(&after, &m, path, 0));
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    hone__free(after);
    atomic_store(&r.trainer->stop, 0);
    assert_ok(hone__trainer_persist(r.trainer, write_or_refuse, &tries, "the model", 0));
    assert_int_equal(tries, 3);
    assert_ok(hone__read_file(&after, &m, path, 0));
    assert_int_equal(n, m);
    assert_memory_not_equal(before, after, n);
    hone__free(before);
    hone__free(after);
    tiny_end(&r);
}

/* ---- what else may be in the way ---- */

/* In the middle of the run the output folder becomes a file: that is no full disk, and nothing to wait for. */
static hone_status replace_folder(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                                  hone_trainer_control *control, const hone_metrics *metrics)
{
    const tiny_run *r = payload;
    char away[600];
    (void)control, (void)metrics;
    snprintf(away, sizeof(away), "%s-away", r->folder);
    if (event == HONE_ON_STEP_BEGIN && (state->global_step == 3 || state->global_step == 6))
        assert_ok(hone__trainer_settle_save(t, true)); /* whoever writes would make the folder again, between two calls here */
    if (event == HONE_ON_STEP_BEGIN && state->global_step == 3) {
        assert_int_equal(rename(r->folder, away), 0);
        test_write_text(r->folder, "in the way\n");
    }
    if (event == HONE_ON_STEP_BEGIN && state->global_step == 6) {
        assert_int_equal(unlink(r->folder), 0);
        assert_int_equal(rename(away, r->folder), 0);
    }
    return HONE_OK;
}

static void a_file_in_place_of_the_folder_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        tiny_run r;
        lines l = {0};
        hone_callback callback = {.fn = replace_folder, .payload = &r};
        hone_training_args a = run_args(&r, i ? "file-beside" : "file-at-once");
        a.save_in_background = i ? HONE_TRUE : HONE_FALSE;
        a.save_steps = 2; /* 4 and 6 fall into the time of the file: 6 is saved before step 7 begins */
        hone_set_log(count_lines, &l, HONE_LOG_INFO);
        tiny_start(&r, 21, 9, &a, &callback);
        assert_ok(hone_trainer_train(r.trainer));
        hone_set_log(NULL, NULL, HONE_LOG_ERROR);
        assert_int_equal(l.full, 0);
        assert_int_equal(l.failed, 2);
        assert_string_equal(steps_in(&r), "2 8");
        tiny_end(&r);
    }
}

/* In the middle of the run somebody removes it all: the run goes on, and what is saved next is in a new folder. */
static hone_status remove_folder(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                                 hone_trainer_control *control, const hone_metrics *metrics)
{
    const tiny_run *r = payload;
    (void)control, (void)metrics;
    if (event != HONE_ON_STEP_BEGIN || state->global_step != 3)
        return HONE_OK;
    assert_ok(hone__trainer_settle_save(t, true)); /* nobody writes into it */
    assert_ok(hone__remove_tree(r->folder));
    return HONE_OK;
}

static void a_folder_that_is_removed_is_made_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        tiny_run r;
        lines l = {0};
        hone_callback callback = {.fn = remove_folder, .payload = &r};
        hone_training_args a = run_args(&r, i ? "gone-beside" : "gone-at-once");
        a.save_in_background = i ? HONE_TRUE : HONE_FALSE;
        a.save_steps = 2;
        hone_set_log(count_lines, &l, HONE_LOG_INFO);
        tiny_start(&r, 21, 9, &a, &callback);
        assert_ok(hone_trainer_train(r.trainer));
        hone_set_log(NULL, NULL, HONE_LOG_ERROR);
        assert_int_equal(l.moved, 1);
        assert_string_equal(steps_in(&r), "4 6 8");
        assert_ok(hone__checkpoint_verify(in_checkpoint(&r, 8, "")));
        tiny_end(&r);
    }
}

/* The best step's checkpoint could not be written: the run ends with the model as it is, and does not look for what is not there. */
static void a_best_that_was_not_saved_is_not_loaded(void **state)
{
    (void)state;
    tiny_run r;
    lines l = {0};
    disk d = {0, 1, EACCES, false};
    hone_callback callback = {.fn = fill_disk, .payload = &d};
    hone_training_args a = run_args(&r, "unsaved-best");
    a.max_steps = 3;
    a.eval_strategy = HONE_STRATEGY_STEPS;
    a.eval_steps = 1;
    a.load_best_model_at_end = true;
    a.greater_is_better = HONE_TRUE; /* the worst loss, which is the first */
    a.save_in_background = HONE_FALSE;
    hone_set_log(count_lines, &l, HONE_LOG_INFO);
    tiny_start(&r, 21, 9, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_int_equal(l.failed, 1);
    assert_int_equal(hone_trainer_get_state(r.trainer)->best_global_step, 1);
    assert_null(hone_trainer_get_state(r.trainer)->best_model_checkpoint);
    assert_string_equal(steps_in(&r), "2 3");
    tiny_end(&r);
}

/* ---- save_total_limit ---- */

static void make_checkpoint(const tiny_run *r, int64_t step, bool whole)
{
    hone_collection files;
    char path[700];
    assert_ok(hone__make_dirs(in_checkpoint(r, step, "")));
    assert_ok(hone__collection_init(&files, in_checkpoint(r, step, ""), false));
    hone__collect_begin(&files);
    snprintf(path, sizeof(path), "%s", in_checkpoint(r, step, "weights"));
    assert_ok(hone__write_file(path, "12345", 5));
    hone__collect_end();
    assert_ok(hone__checkpoint_write_manifest(&files));
    hone__collection_dispose(&files);
    if (!whole)
        assert_int_equal(truncate(path, 3), 0);
}

static void limits_count_whole_checkpoints(void **state)
{
    (void)state;
    static const struct {
        const char *there; /* "!": torn */
        size_t keep;
        int64_t saved, best, last;
        const char *left;
    } cases[] = {
        {"1 2 3 4", 2, 4, -1, 4, "3 4"},    {"1 2 3 4", 2, 4, 1, 4, "1 4"},
        {"1 2 3 4", 1, 4, -1, 4, "4"},      {"1 2! 3! 4", 2, 4, -1, 4, "1 4"},
        {"1 2 3! 4", 3, 4, -1, 4, "1 2 4"}, {"1 2 3 4", 3, 4, 2, 4, "2 3 4"},
        {"8 9 10", 2, 10, -1, 10, "9 10"},  {"5 10 15 200", 2, 10, -1, 10, "5 10 15 200"}, /* 200: of another run, not older */
        {"1 2 3", 1, -1, 2, 3, "2"},        {"1! 2!", 1, -1, -1, 2, "1 2"}, /* the last ones, torn or not, are not removed for nothing */
        {"1 2!", 1, -1, -1, 2, "1"},        {"1! 2 3", 5, 3, -1, 3, "2 3"},
    };
    tiny_run r;
    run_args(&r, "limits");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *at = (char *)(uintptr_t)cases[i].there;
        assert_ok(hone__remove_tree(r.folder));
        while (*at) {
            int64_t step = strtoll(at, &at, 10);
            make_checkpoint(&r, step, *at != '!');
            at += *at == '!';
        }
        assert_ok(hone__checkpoint_prune(r.folder, cases[i].keep, cases[i].saved, cases[i].best, cases[i].last));
        if (strcmp(steps_in(&r), cases[i].left) != 0)
            fail_msg("case %zu: %s left, not %s", i, steps_in(&r), cases[i].left);
        assert_nothing_aside(&r);
    }
}

static void a_manifest_that_is_wrong_is_told(void **state)
{
    (void)state;
    tiny_run r;
    run_args(&r, "manifests");
    make_checkpoint(&r, 1, true);
    assert_ok(hone__checkpoint_verify(in_checkpoint(&r, 1, "")));
    test_write_text(in_checkpoint(&r, 1, "weights"), "54321");
    assert_fails(HONE_FORMAT, "weights is not as it was written", hone__checkpoint_verify(in_checkpoint(&r, 1, "")));
    test_write_text(in_checkpoint(&r, 1, "weights"), "123");
    assert_fails(HONE_FORMAT, "it has 3 bytes, the manifest says 5", hone__checkpoint_verify(in_checkpoint(&r, 1, "")));
    assert_int_equal(unlink(in_checkpoint(&r, 1, "weights")), 0);
    assert_fails(HONE_FORMAT, "weights is missing", hone__checkpoint_verify(in_checkpoint(&r, 1, "")));
    test_write_text(in_checkpoint(&r, 1, "manifest.json"), "{\"files\": {}}");
    assert_fails(HONE_FORMAT, "lists no files", hone__checkpoint_verify(in_checkpoint(&r, 1, "")));
    test_write_text(in_checkpoint(&r, 1, "manifest.json"), "{\"files\": ");
    assert_fails(HONE_FORMAT, "manifest.json", hone__checkpoint_verify(in_checkpoint(&r, 1, "")));
}

/* Of two runs in one folder the second is refused. */
static hone_status start_another(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                                 hone_trainer_control *control, const hone_metrics *metrics)
{
    tiny_run *other = payload;
    (void)t, (void)control, (void)metrics;
    if (event == HONE_ON_STEP_BEGIN && state->global_step == 1) {
        hone_training_args a = run_args(other, "shared");
        tiny_start(other, 21, 9, &a, NULL);
        assert_fails(HONE_IO, "is in use", hone_trainer_train(other->trainer));
        tiny_end(other);
    }
    return HONE_OK;
}

static void two_runs_in_one_folder_are_refused(void **state)
{
    (void)state;
    tiny_run r, other;
    hone_callback callback = {.fn = start_another, .payload = &other};
    hone_training_args a = run_args(&r, "shared");
    tiny_start(&r, 21, 9, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    tiny_end(&r);
}

static int let_write(void **state)
{
    (void)state;
    hone__writer_refuse(0);
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    return 0;
}

#define T(name) cmocka_unit_test_setup(name, let_write)
static const struct CMUnitTest tests[] = {
    T(beside_the_training_is_the_same),
    T(the_best_is_loaded_and_kept),
    T(a_wish_to_save_outlives_the_save_before),
    T(a_full_disk_is_waited_for),
    T(without_a_copy_the_training_waits),
    T(a_full_disk_stops_where_asked_to),
    T(a_stop_ends_the_waiting),
    T(the_final_model_waits_for_room),
    T(a_file_in_place_of_the_folder_is_told),
    T(a_best_that_was_not_saved_is_not_loaded),
    T(limits_count_whole_checkpoints),
    T(a_manifest_that_is_wrong_is_told),
    T(two_runs_in_one_folder_are_refused),
    T(a_folder_that_is_removed_is_made_again),
};
TEST_MAIN(tests)
