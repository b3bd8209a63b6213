/* A loop of one's own that is stopped and taken up again: from every state it saved the rest is bit for bit what it had been, with accumulation, dropout and a short last batch. What may be wrong with a
 * state; gradients cut by value; trackers. */
#include "tiny.h"

#include <dirent.h>
#include <hone/accelerator.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 9 };

/* What a run of one's own is made of. */
typedef struct hand {
    hone_model *model;
    hone_examples *data;
    hone_loader *loader;
    hone_optimizer *opt;
    hone_scheduler *sched;
    hone_accelerator *acc;
    double losses[64]; /* of micro-batches, by their number */
    int64_t n_losses;
} hand;

static hone_status keep(const void *payload, hone_metrics *state)
{
    return hone_metrics_set_int(state, "n_losses", ((const hand *)payload)->n_losses);
}

static hone_status give_back(void *payload, const hone_metrics *state)
{
    double n = 0;
    assert_true(hone_metrics_get(state, "n_losses", &n));
    ((hand *)payload)->n_losses = (int64_t)n;
    return HONE_OK;
}

/* 21 rows by 4, two batches an update: 3 updates an epoch, the last one of a full and a short batch. */
static void open_hand(hand *h)
{
    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    hone_loader_options loading = HONE_LOADER_OPTIONS_INIT;
    *h = (hand){.model = tiny_model(true), .data = tiny_examples(21)};
    adamw.learning_rate = 3e-3;
    adamw.weight_decay = 0.01;
    loading.batch_size = 4;
    loading.shuffle = true;
    assert_ok(hone_loader_new(&h->loader, h->data, &loading));
    assert_ok(hone_optimizer_adamw_new(&h->opt, h->model, &adamw));
    assert_ok(hone_scheduler_new(&h->sched, "cosine", h->opt, &(hone_scheduler_options){2, STEPS, NULL}));
    assert_ok(hone_accelerator_new(&h->acc, &(hone_accelerator_options){.gradient_accumulation_steps = 2, .seed = 42}));
    assert_ok(hone_accelerator_prepare(h->acc, h->model, h->opt, &h->loader, NULL));
    hone_accelerator_prepare_scheduler(h->acc, h->sched);
    assert_ok(hone_accelerator_register_for_checkpointing(h->acc, "losses", keep, give_back, h));
}

static void close_hand(hand *h)
{
    hone_accelerator_free(h->acc);
    hone_scheduler_free(h->sched);
    hone_optimizer_free(h->opt);
    hone_loader_free(h->loader);
    hone_examples_free(h->data);
    hone_model_free(h->model);
}

static const char *folder_of(const char *name, int64_t step)
{
    static char path[4][600];
    static int k;
    k = (k + 1) % 4;
    snprintf(path[k], sizeof(path[k]), "%s-%lld", test_temp(name), (long long)step);
    return path[k];
}

static void backward(hand *h, const hone_batch *batch)
{
    hone_tape *t = hone_accelerator_accumulate(h->acc);
    hone_output out = hone_model_forward(h->model, t, batch);
    hone_tensor *loss = hone_model_loss(t, &out, batch);
    assert_ok(hone_accelerator_backward(h->acc, loss));
    assert_ok(hone_tensor_item(loss, &h->losses[h->n_losses++]));
}

/* The loop as a user writes it. save: a state after each update. */
static void train(hand *h, const char *from, const char *save)
{
    int64_t epoch = 0, first_batch = 0;
    hone_batch batch;
    if (from) {
        assert_ok(hone_accelerator_load_state(h->acc, from));
        epoch = hone_loader_epoch(h->loader);
        first_batch = hone_loader_position(h->loader);
    }
    for (; hone_scheduler_steps(h->sched) < STEPS; epoch++, first_batch = 0) {
        assert_ok(hone_loader_start_epoch_at(h->loader, epoch, first_batch));
        while (hone_scheduler_steps(h->sched) < STEPS && hone_loader_next(h->loader, &batch)) {
            backward(h, &batch);
            if (!hone_accelerator_sync_gradients(h->acc))
                continue;
            assert_ok(hone_accelerator_clip_grad_norm(h->acc, 1.0, NULL));
            assert_ok(hone_optimizer_step(h->opt));
            hone_scheduler_step(h->sched);
            hone_optimizer_zero_grad(h->opt);
            if (save)
                assert_ok(hone_accelerator_save_state(h->acc, folder_of(save, hone_scheduler_steps(h->sched))));
        }
        assert_ok(hone_loader_status(h->loader));
    }
}

static void every_state_leads_to_the_same_end(void **state)
{
    (void)state;
    hand whole, rest;
    size_t n, m;
    open_hand(&whole);
    train(&whole, NULL, "state");
    float *x = tiny_weights(whole.model, &n);
    for (int64_t step = 1; step <= STEPS; step++) {
        open_hand(&rest);
        train(&rest, folder_of("state", step), NULL);
        float *y = tiny_weights(rest.model, &m);
        assert_int_equal(n, m);
        assert_memory_equal(x, y, n * sizeof(float));
        assert_int_equal(rest.n_losses, whole.n_losses);
        for (int64_t i = 2 * step; i < whole.n_losses; i++)
            assert_memory_equal(&rest.losses[i], &whole.losses[i], sizeof(double));
        free(y);
        close_hand(&rest);
    }
    free(x);
    close_hand(&whole);
}

static void what_may_be_wrong_with_a_state(void **state)
{
    (void)state;
    hand h;
    hone_batch batch;
    char path[700];
    const char *good = folder_of("good", 0);
    open_hand(&h);
    assert_true(hone_loader_next(h.loader, &batch));
    backward(&h, &batch);
    assert_fails(HONE_INVALID_ARGUMENT, "inside an accumulation group", hone_accelerator_save_state(h.acc, good));
    assert_true(hone_loader_next(h.loader, &batch));
    backward(&h, &batch);
    assert_ok(hone_optimizer_step(h.opt));
    hone_optimizer_zero_grad(h.opt);
    assert_ok(hone_accelerator_save_state(h.acc, good));
    assert_ok(hone_accelerator_save_state(h.acc, good)); /* in the place of the one that is there */
    snprintf(path, sizeof(path), "%s/", good);
    assert_ok(hone_accelerator_save_state(h.acc, path));
    assert_ok(hone_accelerator_load_state(h.acc, path));
    assert_fails(HONE_INVALID_ARGUMENT, "registered already",
                 hone_accelerator_register_for_checkpointing(h.acc, "losses", keep, give_back, &h));
    assert_fails(HONE_INVALID_ARGUMENT, "needs a name", hone_accelerator_register_for_checkpointing(h.acc, "", keep, give_back, &h));
    assert_ok(hone_accelerator_register_for_checkpointing(h.acc, "more", keep, give_back, &h));
    assert_fails(HONE_INVALID_ARGUMENT, "nothing was registered as \"more\"", hone_accelerator_load_state(h.acc, good));
    assert_fails(HONE_NOT_FOUND, "cannot load the state", hone_accelerator_load_state(h.acc, "/nonexistent"));
    close_hand(&h);

    hone_accelerator *other;
    open_hand(&h);
    assert_ok(hone_accelerator_new(&other, &(hone_accelerator_options){.gradient_accumulation_steps = 2, .seed = 42}));
    assert_fails(HONE_INVALID_ARGUMENT, "before prepare", hone_accelerator_load_state(other, good));
    assert_fails(HONE_INVALID_ARGUMENT, "before prepare", hone_accelerator_save_state(other, good));
    assert_ok(hone_accelerator_prepare(other, h.model, h.opt, &h.loader, NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "\"losses\" was registered there", hone_accelerator_load_state(other, good));
    hone_accelerator_free(other);
    assert_ok(hone_accelerator_new(&other, &(hone_accelerator_options){.gradient_accumulation_steps = 3, .seed = 42}));
    assert_ok(hone_accelerator_prepare(other, h.model, h.opt, &h.loader, NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "gradient_accumulation_steps 2, this one has 3", hone_accelerator_load_state(other, good));
    hone_accelerator_free(other);
    snprintf(path, sizeof(path), "%s/optimizer.safetensors", good);
    assert_int_equal(truncate(path, 100), 0);
    assert_fails(HONE_FORMAT, "not as it was written", hone_accelerator_load_state(h.acc, good));
    close_hand(&h);
}

static hone_status die(const void *payload, hone_metrics *state)
{
    (void)payload;
    (void)state;
    raise(SIGKILL);
    return HONE_OK;
}

/* Model and optimizer are written when it dies. */
static void die_while_saving(const char *folder)
{
    hand h;
    open_hand(&h);
    assert_ok(hone_accelerator_register_for_checkpointing(h.acc, "end", die, give_back, &h));
    (void)hone_accelerator_save_state(h.acc, folder);
    _exit(1);
}

static size_t n_entries(const char *folder)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* Before any other test: a child has the threads of OpenMP only where its parent had none yet. */
static void what_a_killed_process_left_is_cleaned(void **state)
{
    (void)state;
    char folder[512], path[600], other[700], moved[700];
    hand h;
    int how;
    snprintf(folder, sizeof(folder), "%s", test_temp("killed"));
    snprintf(path, sizeof(path), "%s/state", folder);
    assert_ok(hone__make_dirs(folder));
    pid_t child = fork();
    if (child == 0)
        die_while_saving(path);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    assert_int_equal(n_entries(folder), 1);
    snprintf(other, sizeof(other), "%s/other.tmp-0-%ld-1", folder, (long)child);
    assert_ok(hone__make_dirs(other));
    snprintf(other, sizeof(other), "%s/state.tmp-7%s", folder, hone__aside_suffix()); /* of a living one */
    assert_ok(hone__make_dirs(other));
    open_hand(&h);
    assert_ok(hone_accelerator_save_state(h.acc, path));
    assert_int_equal(n_entries(folder), 3);
    assert_true(hone__is_dir(other) && hone__is_dir(path));
    /* one that died between the two names of a replacement, where the file system cannot exchange folders */
    snprintf(moved, sizeof(moved), "%s/state.old-%ld-1", folder, (long)child);
    assert_int_equal(rename(path, moved), 0);
    assert_ok(hone_accelerator_load_state(h.acc, path));
    assert_int_equal(n_entries(folder), 3);
    close_hand(&h);
}

/* Micro-batches count 1/n each, and the group that the loader's end cuts steps, too: n times the same batch has the gradient of one. */
static void groups_are_means(void **state)
{
    (void)state;
    double norms[2];
    hone_batch batch;
    hand h;
    for (int k = 0; k < 2; k++) {
        open_hand(&h);
        hone_accelerator_free(h.acc);
        assert_ok(hone_accelerator_new(&h.acc, &(hone_accelerator_options){.gradient_accumulation_steps = k ? 4 : 1, .seed = 42}));
        assert_ok(hone_accelerator_prepare(h.acc, h.model, h.opt, NULL, NULL));
        assert_ok(hone_loader_start_epoch(h.loader, 0));
        assert_true(hone_loader_next(h.loader, &batch));
        for (int i = 0; i < (k ? 4 : 1); i++) {
            assert_int_equal(hone_accelerator_sync_gradients(h.acc), false);
            backward(&h, &batch);
        }
        assert_true(hone_accelerator_sync_gradients(h.acc));
        assert_ok(hone_optimizer_grad_norm(h.opt, &norms[k], NULL));
        close_hand(&h);
    }
    assert_true(fabs(norms[0] - norms[1]) < 1e-6 * norms[0]); /* sums of float32; the same masks, which rows have */

    int n_updates = 0;
    open_hand(&h);
    hone_accelerator_free(h.acc);
    assert_ok(hone_accelerator_new(&h.acc, &(hone_accelerator_options){.gradient_accumulation_steps = 4, .seed = 42}));
    assert_ok(hone_accelerator_prepare(h.acc, h.model, h.opt, &h.loader, NULL));
    assert_ok(hone_loader_start_epoch(h.loader, 0));
    while (hone_loader_next(h.loader, &batch)) {
        backward(&h, &batch);
        n_updates += hone_accelerator_sync_gradients(h.acc);
    }
    assert_int_equal(n_updates, 2); /* of 6 batches: 4 and 2 */
    close_hand(&h);
}

static void gradients_are_cut_by_value(void **state)
{
    (void)state;
    const float most = 0.01f;
    hand h;
    hone_batch batch;
    hone_parameter p;
    float before[4096], after[4096];
    size_t n_cut = 0;
    open_hand(&h);
    assert_fails(HONE_INVALID_ARGUMENT, "no largest value", hone_accelerator_clip_grad_value(h.acc, -1));
    assert_true(hone_loader_next(h.loader, &batch));
    backward(&h, &batch);
    for (size_t i = 0; hone_model_parameter(h.model, i, &p); i++) {
        size_t n = (size_t)hone_tensor_count(p.grad);
        assert_in_range(n, 1, 4096);
        assert_ok(hone_tensor_read(p.grad, before, n));
        assert_ok(hone_accelerator_clip_grad_value(h.acc, i == 0 ? most : 1e30)); /* the first one cuts all of them */
        assert_true(hone_model_parameter(h.model, i, &p));
        assert_ok(hone_tensor_read(p.grad, after, n));
        for (size_t k = 0; k < n; k++) {
            assert_true(fabsf(after[k]) <= most);
            if (i == 0)
                assert_true(after[k] == fminf(fmaxf(before[k], -most), most));
            n_cut += fabsf(after[k]) == most;
        }
    }
    assert_in_range(n_cut, 10, 100000);
    close_hand(&h);
}

/* Freed in any order: a tape that still counts uses of a model's parameters outlives it, and says so when it is asked for gradients. */
static void a_model_is_freed_before_its_tape(void **state)
{
    (void)state;
    hand h;
    hone_batch batch;
    hone_mem_stats before, after;
    hone__mem_stats(&before);
    open_hand(&h);
    assert_true(hone_loader_next(h.loader, &batch));
    hone_tape *t = hone_accelerator_accumulate(h.acc);
    hone_output out = hone_model_forward(h.model, t, &batch);
    hone_tensor *loss = hone_model_loss(t, &out, &batch);
    hone_scheduler_free(h.sched);
    hone_optimizer_free(h.opt);
    hone_model_free(h.model);
    assert_fails(HONE_INVALID_ARGUMENT, "has been freed", hone_accelerator_backward(h.acc, loss));
    h.sched = NULL;
    h.opt = NULL;
    h.model = NULL;
    close_hand(&h);
    hone__mem_stats(&after);
    assert_int_equal(before.bytes_now, after.bytes_now);
}

static void trackers(void **state)
{
    (void)state;
    hone_accelerator *acc;
    hone_metrics values = HONE_METRICS_INIT, config = HONE_METRICS_INIT;
    char folder[512], path[600];
    double loss;
    snprintf(folder, sizeof(folder), "%s", test_temp("logs"));
    assert_ok(hone_accelerator_new(
        &acc, &(hone_accelerator_options){.gradient_accumulation_steps = 1, .log_with = "jsonl,csv", .project_dir = folder}));
    assert_ok(hone_accelerator_log(acc, &values, 0)); /* before init_trackers: nowhere */
    assert_fails(HONE_INVALID_ARGUMENT, "no name", hone_accelerator_init_trackers(acc, "", NULL));
    assert_ok(hone_metrics_set(&config, "learning_rate", 2e-5));
    assert_ok(hone_accelerator_init_trackers(acc, "first", &config));
    for (int64_t step = 1; step <= 3; step++) {
        assert_ok(hone_metrics_set(&values, "loss/train", 1.0 / (double)step));
        assert_ok(hone_accelerator_log(acc, &values, step));
    }
    assert_ok(hone_accelerator_end_training(acc));
    snprintf(path, sizeof(path), "%s/first/train_log.jsonl", folder);
    json_t *lines = test_read_jsonl(path);
    assert_int_equal(json_array_size(lines), 4); /* config, then three */
    assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 0), "config")), "{\n    \"learning_rate\": 2e-05\n}");
    loss = json_real_value(json_object_get(json_array_get(lines, 3), "loss/train"));
    assert_true(loss == 1.0 / 3);
    json_decref(lines);
    snprintf(path, sizeof(path), "%s/first/train_log.csv", folder);
    assert_int_equal(access(path, R_OK), 0);
    hone_accelerator_free(acc);
    assert_ok(hone_accelerator_new(
        &acc, &(hone_accelerator_options){.gradient_accumulation_steps = 1, .log_with = "wandb", .project_dir = folder}));
    assert_fails(HONE_INVALID_ARGUMENT, "wandb", hone_accelerator_init_trackers(acc, "first", NULL));
    hone_accelerator_free(acc);
    hone_metrics_dispose(&values);
    hone_metrics_dispose(&config);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(what_a_killed_process_left_is_cleaned),
                                          cmocka_unit_test(every_state_leads_to_the_same_end),
                                          cmocka_unit_test(what_may_be_wrong_with_a_state),
                                          cmocka_unit_test(groups_are_means),
                                          cmocka_unit_test(gradients_are_cut_by_value),
                                          cmocka_unit_test(a_model_is_freed_before_its_tape),
                                          cmocka_unit_test(trackers)};
TEST_MAIN(tests)
