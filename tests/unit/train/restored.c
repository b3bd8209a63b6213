/* Every option of the trainer either keeps nothing from one step to the next, or is in a run here that is gone on with from its checkpoints and ends as the run that was not stopped, to the bit: weights,
 * moments, history, sums. An option that is new must say which of the two it is, or the first test fails. What tasks and models add is in tests/crash/tasks.c. */
#include "tiny.h"

#include "train/args/args.h"

enum { MOST_PAIRS = 6, N_STEPS = 8 };

/* Options of every run here, unless a case says otherwise: 21 rows by 4, two batches an update, with dropout. */
static const char *const common[][2] = {
    {"per_device_train_batch_size", "4"},
    {"gradient_accumulation_steps", "2"},
    {"max_steps", "8"},
    {"learning_rate", "3e-3"},
    {"logging_steps", "3"},
    {"eval_strategy", "epoch"},
    {"save_steps", "1"},
    {"disable_tqdm", "true"},
    {"metric_for_best_model", "loss"},
    {"weight_decay", "0.01"},
    {"warmup_steps", "2"},
    {"output_dir", NULL},
    {"resume_from_checkpoint", NULL},
};

static const struct kept {
    const char *what;
    const char *set[MOST_PAIRS][2];
} cases[] = {
    {"AdamW", {{"adam_beta1", "0.8"}, {"adam_beta2", "0.99"}, {"adam_epsilon", "1e-6"}, {"weight_decay", "0.1"}}},
    {"SGD", {{"optim", "sgd"}}},
    {"SGD with momentum", {{"optim", "sgd"}, {"optim_args", "momentum=0.9,nesterov=true"}}},
    {"Adagrad", {{"optim", "adagrad"}, {"optim_args", "lr_decay=0.1,initial_accumulator_value=0.1"}}},
    {"RMSprop", {{"optim", "rmsprop"}}},
    {"RMSprop, centered, with momentum", {{"optim", "rmsprop"}, {"optim_args", "centered=true,momentum=0.9"}}},
    {"Adafactor", {{"optim", "adafactor"}}},
    {"Adafactor with a first moment", {{"optim", "adafactor"}, {"optim_args", "beta1=0.9"}}},
    {"groups of three", {{"gradient_accumulation_steps", "3"}}},
    {"groups that the epoch's end cuts", {{"gradient_accumulation_steps", "4"}, {"num_train_epochs", "3.7"}, {"max_steps", "-1"}}},
    {"parts of epochs", {{"num_train_epochs", "2.4"}, {"max_steps", "-1"}}},
    {"rows by their length", {{"group_by_length", "true"}}},
    {"no last batch, another order", {{"dataloader_drop_last", "true"}, {"data_seed", "7"}, {"seed", "5"}}},
    {"noise on embeddings", {{"neftune_noise_alpha", "5"}}},
    {"smoothed labels", {{"label_smoothing_factor", "0.1"}}},
    {"clipped gradients", {{"max_grad_norm", "0.05"}}},
    {"activations computed again", {{"gradient_checkpointing", "true"}}},
    {"tokens and the first step in the log", {{"include_num_input_tokens_seen", "true"}, {"logging_first_step", "true"}}},
    {"a log entry an epoch", {{"logging_strategy", "epoch"}}},
    {"evaluations between log entries", {{"eval_strategy", "steps"}, {"eval_steps", "2"}, {"eval_delay", "3"}, {"eval_on_start", "true"}}},
    {"the best model", {{"eval_strategy", "steps"}, {"eval_steps", "1"}, {"load_best_model_at_end", "true"}, {"learning_rate", "0.1"}}},
    {"the worst model",
     {{"eval_strategy", "steps"}, {"eval_steps", "1"}, {"load_best_model_at_end", "true"}, {"greater_is_better", "true"}}},
    {"a part of the updates as warm-up", {{"warmup_steps", "0"}, {"warmup_ratio", "0.5"}}},
    {"linear", {{"lr_scheduler_type", "linear"}}},
    {"cosine", {{"lr_scheduler_type", "cosine"}}},
    {"cosine_with_restarts", {{"lr_scheduler_type", "cosine_with_restarts"}, {"lr_scheduler_kwargs", "num_cycles=3"}}},
    {"polynomial", {{"lr_scheduler_type", "polynomial"}, {"lr_scheduler_kwargs", "power=2"}}},
    {"constant", {{"lr_scheduler_type", "constant"}}},
    {"constant_with_warmup", {{"lr_scheduler_type", "constant_with_warmup"}}},
    {"inverse_sqrt", {{"lr_scheduler_type", "inverse_sqrt"}}},
    {"cosine_with_min_lr", {{"lr_scheduler_type", "cosine_with_min_lr"}, {"lr_scheduler_kwargs", "min_lr_rate=0.1"}}},
    {"warmup_stable_decay", {{"lr_scheduler_type", "warmup_stable_decay"}, {"lr_scheduler_kwargs", "num_decay_steps=3"}}},
    {"cosine_warmup_with_min_lr", {{"lr_scheduler_type", "cosine_warmup_with_min_lr"}, {"lr_scheduler_kwargs", "min_lr_rate=0.1"}}},
    {"reduce_lr_on_plateau",
     {{"lr_scheduler_type", "reduce_lr_on_plateau"},
      {"lr_scheduler_kwargs", "patience=0,cooldown=1,threshold=0.5,factor=0.5"},
      {"eval_strategy", "steps"},
      {"eval_steps", "1"},
      {"warmup_steps", "0"}}},
    {"products in bfloat16", {{"bf16", "true"}}},
    {"evaluations in bfloat16", {{"bf16_full_eval", "true"}, {"eval_strategy", "steps"}, {"eval_steps", "2"}}},
};

/* Nothing of these is needed to go on: places and names, what is told and kept, what is worked out anew. */
static const char *const keep_nothing[] = {
    "overwrite_output_dir",
    "do_train",
    "do_eval",
    "per_device_eval_batch_size",
    "prediction_loss_only",
    "report_to",
    "logging_dir",
    "run_name",
    "log_histograms_steps",
    "include_tokens_per_second",
    "license",
    "language",
    "model_tags",
    "dataset_tags",
    "dataset_args",
    "save_strategy",
    "save_total_limit",
    "save_only_model",
    "save_in_background",
    "on_disk_full",
    "profile",
    "profile_steps",
    "profile_layers",
    "memory_limit",
    "fp16",
    "auto_find_batch_size", /* parts_of_batches_stay_the_same */
    "max_nonfinite_steps",  /* unit/train/identity.c */
};

static bool is_in_a_case(const char *name)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        for (size_t k = 0; k < MOST_PAIRS && cases[i].set[k][0]; k++)
            if (strcmp(cases[i].set[k][0], name) == 0)
                return true;
    for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
        if (strcmp(common[i][0], name) == 0)
            return true;
    return false;
}

static bool keeps_nothing(const char *name)
{
    for (size_t i = 0; i < sizeof(keep_nothing) / sizeof(*keep_nothing); i++)
        if (strcmp(keep_nothing[i], name) == 0)
            return true;
    return false;
}

static void every_option_is_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < hone__training_table.n_rows; i++) {
        const char *name = hone__training_table.rows[i].name;
        if (is_in_a_case(name) == keeps_nothing(name))
            fail_msg("--%s: a run that uses it must be gone on with here, or it must be among those that keep nothing", name);
    }
}

/* ---- runs ---- */

typedef struct run {
    hone_training_args args;
    hone_model *model;
    hone_examples *data, *eval;
    hone_trainer *trainer;
} run;

static void start(run *r, const struct kept *k, const char *folder, const char *resume, const hone_callback *callback)
{
    assert_ok(hone_training_args_init(&r->args));
    for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
        if (common[i][1])
            assert_ok(hone_training_args_set(&r->args, common[i][0], common[i][1]));
    for (size_t i = 0; i < MOST_PAIRS && k->set[i][0]; i++)
        assert_ok(hone_training_args_set(&r->args, k->set[i][0], k->set[i][1]));
    assert_ok(hone_training_args_set(&r->args, "output_dir", folder));
    if (resume)
        assert_ok(hone_training_args_set(&r->args, "resume_from_checkpoint", resume));
    r->model = tiny_model(true);
    r->data = tiny_examples(21);
    r->eval = tiny_examples(9);
    assert_ok(
        hone_trainer_new(&r->trainer, r->model, &r->args,
                         &(hone_trainer_options){
                             .train_dataset = r->data, .eval_dataset = r->eval, .callbacks = callback, .n_callbacks = callback ? 1 : 0}));
}

static void end(run *r)
{
    hone_trainer_free(r->trainer);
    hone_examples_free(r->data);
    hone_examples_free(r->eval);
    hone_model_free(r->model);
    hone_training_args_dispose(&r->args);
}

static void assert_same_file(const char *a, const char *b, const char *name, const char *what)
{
    char path[800];
    size_t n, m;
    snprintf(path, sizeof(path), "%s/checkpoint-%d/%s", a, N_STEPS, name);
    char *x = test_read(path, &n);
    snprintf(path, sizeof(path), "%s/checkpoint-%d/%s", b, N_STEPS, name);
    char *y = test_read(path, &m);
    if (n != m || memcmp(x, y, n) != 0)
        fail_msg("%s: %s is another one", what, name);
    hone__free(x);
    hone__free(y);
}

static void assert_same(const run *a, const run *b, const char *what)
{
    size_t n, m;
    float *x = tiny_weights(a->model, &n), *y = tiny_weights(b->model, &m);
    const hone_trainer_state *s = hone_trainer_get_state(a->trainer), *z = hone_trainer_get_state(b->trainer);
    if (n != m || memcmp(x, y, n * sizeof(float)) != 0)
        fail_msg("%s: other weights", what);
    tiny_assert_same_log(a->trainer, b->trainer);
    assert_int_equal(s->global_step, z->global_step);
    assert_int_equal(s->global_step, N_STEPS);
    assert_int_equal(s->num_input_tokens_seen, z->num_input_tokens_seen);
    assert_int_equal(s->best_global_step, z->best_global_step);
    assert_same_file(a->args.output_dir, b->args.output_dir, "optimizer.safetensors", what);
    assert_same_file(a->args.output_dir, b->args.output_dir, "hone_state.json", what);
    free(x);
    free(y);
}

static bool has_bf16(void)
{
    return strstr(hone_device_describe(tiny_device()), "BF16") != NULL;
}

static void go_on_from(const run *whole, const struct kept *k, int step)
{
    run rest;
    char folder[512], from[600];
    snprintf(folder, sizeof(folder), "%s", test_temp("rest"));
    snprintf(from, sizeof(from), "%s/checkpoint-%d", whole->args.output_dir, step);
    start(&rest, k, folder, from, NULL);
    assert_ok(hone_trainer_train(rest.trainer));
    assert_same(whole, &rest, k->what);
    end(&rest);
    assert_ok(hone__remove_tree(folder));
}

static void what_is_kept_comes_back(void **state)
{
    (void)state;
    size_t n_skipped = 0, n = sizeof(cases) / sizeof(*cases);
    tiny_threads = 1; /* many short runs */
    for (size_t i = 0; i < n; i++) {
        run whole;
        char folder[512];
        snprintf(folder, sizeof(folder), "%s", test_temp("whole"));
        if (strncmp(cases[i].set[0][0], "bf16", 4) == 0 && !has_bf16()) {
            n_skipped++;
            continue;
        }
        start(&whole, &cases[i], folder, NULL, NULL);
        assert_ok(hone_trainer_train(whole.trainer));
        for (int step = 1; step < N_STEPS; step += 3) /* 1, 4, 7: within an epoch, after one, within the last */
            go_on_from(&whole, &cases[i], step);
        end(&whole);
        assert_ok(hone__remove_tree(folder));
    }
    printf("%zu runs gone on with from 3 of their steps\n", n - n_skipped);
    if (n_skipped)
        printf("%zu runs skipped: this CPU does not multiply in bfloat16\n", n_skipped);
}

/* ---- batches in parts ---- */

/* As --auto_find_batch_size does where memory is short. */
static hone_status cut(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                       const hone_metrics *metrics)
{
    (void)state, (void)control, (void)metrics;
    if (event == HONE_ON_TRAIN_BEGIN)
        t->part_tokens = *(const int64_t *)payload;
    return HONE_OK;
}

/* A run that was short of memory is gone on with where there is plenty: its batches are cut as before. */
static void parts_of_batches_stay_the_same(void **state)
{
    (void)state;
    static const struct kept plain = {"batches in parts", {{"auto_find_batch_size", "true"}}};
    run parts, whole;
    char folder[512];
    size_t n;
    int64_t tokens = 16;
    hone_callback callback = {.name = "cut", .fn = cut, .payload = &tokens};
    snprintf(folder, sizeof(folder), "%s", test_temp("in-one"));
    start(&whole, &plain, folder, NULL, NULL);
    assert_ok(hone_trainer_train(whole.trainer));
    snprintf(folder, sizeof(folder), "%s", test_temp("parts"));
    start(&parts, &plain, folder, NULL, &callback);
    assert_ok(hone_trainer_train(parts.trainer));
    float *x = tiny_weights(whole.model, &n), *y = tiny_weights(parts.model, &n);
    assert_memory_not_equal(x, y, n * sizeof(float)); /* the same to rounding only, or nothing is tested */
    assert_true(tiny_distance(x, y, n) < 1e-4);       /* 2e-6 here, where eight updates may move a weight by 2e-2 */
    free(x);
    free(y);
    for (int step = 1; step < N_STEPS; step += 3)
        go_on_from(&parts, &plain, step);
    end(&parts);
    end(&whole);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_option_is_here),
    cmocka_unit_test(what_is_kept_comes_back),
    cmocka_unit_test(parts_of_batches_stay_the_same),
};
TEST_MAIN(tests)
