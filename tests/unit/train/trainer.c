/* The trainer on a tiny model: accumulation, evaluation, best model, limits, steps that are not finite, no allocation in a step, flat memory. */
#include "support/watch.h"
#include "tiny.h"

static hone_training_args quiet_args(const char *folder)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.output_dir = folder;
    a.learning_rate = 3e-3;
    a.weight_decay = 0.01;
    a.logging_steps = 1;
    a.save_strategy = HONE_STRATEGY_NO;
    a.disable_tqdm = true;
    return a;
}

/* ---- the same run in other splits ---- */

typedef struct run_result {
    double loss[64], norm[64];
    size_t n_logs, n_weights;
    float *weights;
} run_result;

static run_result run_split(int64_t rows, int64_t accumulation)
{
    run_result r = {.n_logs = 0};
    tiny_run run;
    hone_training_args a = quiet_args(test_temp("split"));
    a.per_device_train_batch_size = rows;
    a.gradient_accumulation_steps = accumulation;
    a.num_train_epochs = 2;
    tiny_start(&run, 36, 0, &a, NULL); /* 4 full groups of 8 and a part */
    assert_ok(hone_trainer_train(run.trainer));
    const hone_metrics *entry;
    for (size_t i = 0; (entry = hone_trainer_log_entry(run.trainer, i)); i++)
        if (hone_metrics_get(entry, "loss", &r.loss[r.n_logs]) && hone_metrics_get(entry, "grad_norm", &r.norm[r.n_logs]))
            r.n_logs++;
    r.weights = tiny_weights(run.model, &r.n_weights);
    tiny_end(&run);
    return r;
}

/* Dropout is on: equal losses mean equal masks. fp32 sums in another order: 1e-5 relative (engine.md, 5); weights may differ by what Adam makes of rounding. */
static void splits_agree(void **state)
{
    (void)state;
    static const int64_t splits[][2] = {{4, 2}, {2, 4}, {1, 8}};
    run_result one = run_split(8, 1);
    assert_int_equal(one.n_logs, 10);
    for (size_t s = 0; s < 3; s++) {
        run_result other = run_split(splits[s][0], splits[s][1]);
        assert_int_equal(other.n_logs, one.n_logs);
        for (size_t i = 0; i < one.n_logs; i++) {
            assert_true(fabs(other.loss[i] - one.loss[i]) <= 1e-5 * one.loss[i]);
            assert_true(fabs(other.norm[i] - one.norm[i]) <= 1e-4 * one.norm[i]);
        }
        assert_true(tiny_distance(one.weights, other.weights, one.n_weights) < 1e-2);
        free(other.weights);
    }
    free(one.weights);
}

/* ---- evaluation ---- */

static double eval_loss(hone_model *model, const hone_examples *data, int64_t batch_size)
{
    hone_trainer *t;
    hone_metrics m = HONE_METRICS_INIT;
    hone_training_args a = quiet_args(test_temp("eval"));
    double loss = NAN, samples = 0;
    a.per_device_eval_batch_size = batch_size;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.eval_dataset = data}));
    assert_ok(hone_trainer_evaluate(t, &m));
    assert_true(hone_metrics_get(&m, "eval_loss", &loss) && hone_metrics_get(&m, "eval_samples", &samples));
    assert_true(samples == (double)hone_examples_count(data));
    hone_metrics_dispose(&m);
    hone_trainer_free(t);
    return loss;
}

static void eval_loss_is_a_mean_over_tokens(void **state)
{
    (void)state;
    hone_model *model = tiny_model(false);
    hone_examples *data = tiny_examples(29);
    double one = eval_loss(model, data, 1);
    /* fresh weights know nothing: near ln V */
    assert_true(fabs(one - log(TINY_VOCAB)) < 0.2);
    for (int64_t batch = 2; batch < 33; batch += 5)
        assert_true(fabs(eval_loss(model, data, batch) - one) < 1e-6 * one);
    hone_examples_free(data);
    hone_model_free(model);
}

/* ---- best model, limits, early stopping ---- */

static void save_total_limit_keeps_newest_and_best(void **state)
{
    (void)state;
    tiny_run run;
    const char *folder = test_temp("limit");
    int64_t *steps;
    size_t n;
    hone_training_args a = quiet_args(folder);
    a.save_strategy = a.eval_strategy = HONE_STRATEGY_STEPS;
    a.save_steps = a.eval_steps = 1;
    a.save_total_limit = 2;
    a.max_steps = 7;
    a.load_best_model_at_end = true;
    a.greater_is_better = HONE_TRUE; /* the worst loss, so that the best step is an early one */
    tiny_start(&run, 32, 32, &a, NULL);
    assert_ok(hone_trainer_train(run.trainer));
    const hone_trainer_state *s = hone_trainer_get_state(run.trainer);
    assert_ok(hone__checkpoint_list(&steps, &n, folder));
    assert_int_equal(n, 2);
    assert_int_equal(steps[1], 7);
    assert_int_equal(steps[0], s->best_global_step);
    assert_int_equal(s->best_global_step, 1);
    assert_true(hone__ends_with(s->best_model_checkpoint, "checkpoint-1"));
    /* the model is that of step 1 now */
    hone_model *best;
    size_t count, best_count;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    assert_ok(hone_model_from_pretrained(&best, HONE_CAUSAL_LM, s->best_model_checkpoint, &o));
    float *x = tiny_weights(run.model, &count), *y = tiny_weights(best, &best_count);
    assert_int_equal(count, best_count);
    assert_memory_equal(x, y, count * sizeof(float));
    free(x);
    free(y);
    hone__free(steps);
    hone_model_free(best);
    tiny_end(&run);
}

/* Three evaluations: the first one is the best so far, and the next two are no better, because the loss is to rise, or because it does not fall by enough. */
static void stops_early(void **state)
{
    (void)state;
    static const struct {
        hone_tristate greater;
        double threshold;
    } cases[] = {{HONE_TRUE, 0}, {HONE_FALSE, 100}};
    for (size_t i = 0; i < 2; i++) {
        tiny_run run;
        hone_early_stopping patience = {.patience = 2, .threshold = cases[i].threshold};
        hone_callback callback = hone_early_stopping_callback(&patience);
        hone_training_args a = quiet_args(test_temp("early"));
        a.eval_strategy = HONE_STRATEGY_STEPS;
        a.eval_steps = 1;
        a.max_steps = 50;
        a.metric_for_best_model = "loss";
        a.greater_is_better = cases[i].greater;
        tiny_start(&run, 32, 32, &a, &callback);
        assert_ok(hone_trainer_train(run.trainer));
        assert_int_equal(hone_trainer_get_state(run.trainer)->global_step, 3);
        tiny_end(&run);
    }
}

/* Unless it is said: losses are to fall, everything else is to rise. */
static void the_metric_s_name_says_which_way(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool greater;
    } cases[] = {{NULL, false}, {"loss", false},   {"eval_loss", false}, {"own_loss", false},
                 {"f1", true},  {"eval_f1", true}, {"losses", true}};
    static hone_trainer t;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        t.args = (hone_training_args)HONE_TRAINING_ARGS_INIT;
        t.args.metric_for_best_model = cases[i].name;
        assert_int_equal(hone__trainer_greater_is_better(&t), cases[i].greater);
        t.args.greater_is_better = HONE_TRUE;
        assert_true(hone__trainer_greater_is_better(&t));
    }
}

static void entries_come_at_their_steps(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        tiny_run run;
        char steps[64] = "";
        double value, step;
        const hone_metrics *entry;
        hone_training_args a = quiet_args(test_temp("entries"));
        a.max_steps = 7;
        a.logging_steps = 3;
        a.logging_first_step = first;
        tiny_start(&run, 32, 0, &a, NULL);
        assert_ok(hone_trainer_train(run.trainer));
        for (size_t i = 0; (entry = hone_trainer_log_entry(run.trainer, i)); i++)
            if (hone_metrics_get(entry, "loss", &value) && hone_metrics_get(entry, "step", &step))
                snprintf(steps + strlen(steps), sizeof(steps) - strlen(steps), "%g ", step);
        assert_string_equal(steps, first ? "1 3 6 " : "3 6 ");
        tiny_end(&run);
    }
}

static void unknown_metric_is_refused(void **state)
{
    (void)state;
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(8);
    hone_trainer *t;
    hone_training_args a = quiet_args(test_temp("metric"));
    a.metric_for_best_model = "f1";
    assert_fails(HONE_INVALID_ARGUMENT, "no metric \"f1\"",
                 hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data, .eval_dataset = data}));
    a = quiet_args(test_temp("metric"));
    a.fp16 = true;
    assert_fails(HONE_INVALID_ARGUMENT, "--fp16", hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    hone_examples_free(data);
    hone_model_free(model);
}

/* ---- steps that are not finite ---- */

typedef struct poison {
    int calls, every; /* every: each such call, 0: the third */
    bool for_ever;
    float weights[1024];
} poison;

/* The plain sum, infinite in the third call, or from then on, or in every n-th one. */
static hone_tensor *poisoned_loss(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    poison *p = self;
    p->calls++;
    bool bad = p->every ? p->calls % p->every == 0 : p->calls == 3 || (p->for_ever && p->calls > 3);
    for (int32_t i = 0; i < batch->n_tokens; i++)
        p->weights[i] = bad ? INFINITY : 1;
    return hone_next_token_loss(t, out, batch, p->weights);
}

static void nonfinite_steps_are_passed_over_and_counted(void **state)
{
    (void)state;
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(64);
    hone_trainer *t;
    poison p = {0};
    hone_task task = hone_task_default(model);
    size_t n;
    double value;
    task.self = &p;
    task.loss = poisoned_loss;
    hone_training_args a = quiet_args(test_temp("nonfinite"));
    a.max_steps = 6;
    a.logging_steps = 2;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data, .task = &task}));
    assert_ok(hone_trainer_train(t));
    assert_int_equal(hone_trainer_get_state(t)->n_nonfinite_steps, 1);
    assert_int_equal(hone_trainer_get_state(t)->global_step, 6);
    assert_true(hone_metrics_get(hone_trainer_log_entry(t, 1), "nonfinite_steps", &value) && value == 1);
    assert_true(hone_metrics_get(hone_trainer_log_entry(t, 1), "loss", &value) && value > 3); /* of step 4 alone; ln 64 at first */
    assert_false(hone_metrics_get(hone_trainer_log_entry(t, 0), "nonfinite_steps", &value));
    /* the schedule does not move either: the rate of step 4 is that of the third update, of 6 */
    assert_true(hone_metrics_get(hone_trainer_log_entry(t, 1), "learning_rate", &value) && fabs(value - 3e-3 * 4 / 6) < 1e-15);
    float *w = tiny_weights(model, &n);
    for (size_t i = 0; i < n; i++)
        assert_true(isfinite(w[i]));
    free(w);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

/* Weights after max_steps updates at a constant rate; from the third on the loss is infinite. */
static float *poisoned_weights(int64_t max_steps, hone_status expected, size_t *n)
{
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(64);
    hone_trainer *t;
    poison p = {.for_ever = true};
    hone_task task = hone_task_default(model);
    task.self = &p;
    task.loss = poisoned_loss;
    hone_training_args a = quiet_args(test_temp("poisoned"));
    a.max_steps = max_steps;
    a.max_nonfinite_steps = 4;
    a.lr_scheduler_type = HONE_SCHEDULE_CONSTANT;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data, .task = &task}));
    if (expected == HONE_OK) {
        assert_ok(hone_trainer_train(t));
    } else {
        assert_fails(expected, "step 6: the loss or the gradients of the last 4 steps were not finite", hone_trainer_train(t));
        assert_int_equal(hone_trainer_get_state(t)->n_nonfinite_steps, 4);
        json_t *state = test_read_json(test_temp("poisoned/trainer_state.json"));
        assert_int_equal(json_integer_value(json_object_get(state, "global_step")), 6);
        json_decref(state);
    }
    float *w = tiny_weights(model, n);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
    return w;
}

static void too_many_nonfinite_steps_end_the_run(void **state)
{
    (void)state;
    size_t n, n2;
    float *before = poisoned_weights(2, HONE_OK, &n), *after = poisoned_weights(20, HONE_INVALID_ARGUMENT, &n2);
    assert_int_equal(n, n2);
    assert_memory_equal(before, after, n * sizeof(*before));
    free(before);
    free(after);
}

/* Every second step is lost, never two in a row: the run does not end. */
static void nonfinite_steps_count_in_a_row(void **state)
{
    (void)state;
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(64);
    hone_trainer *t;
    poison p = {.every = 2};
    hone_task task = hone_task_default(model);
    task.self = &p;
    task.loss = poisoned_loss;
    hone_training_args a = quiet_args(test_temp("now-and-then"));
    a.max_steps = 9;
    a.max_nonfinite_steps = 2;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data, .task = &task}));
    assert_ok(hone_trainer_train(t));
    assert_int_equal(hone_trainer_get_state(t)->n_nonfinite_steps, 4);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

/* ---- memory ---- */

enum { LAST_STEP = TEST_SANITIZED ? 1000 : 10000 };

/* Rows of 3 .. 24 tokens, 5 a batch: N changes from step to step. Allowed growth of the process over 10,000 steps: 1 MB, for what malloc and the kernels keep, that is 100 bytes a step. */
static void a_step_allocates_nothing(void **state)
{
    (void)state;
    tiny_run run;
    test_watch w = {.from = 20};
    hone_callback callback = test_watch_memory(&w);
    hone_training_args a = quiet_args(test_temp("memory"));
    a.per_device_train_batch_size = 5;
    a.max_steps = LAST_STEP;
    a.logging_steps = 2 * LAST_STEP;
    tiny_start(&run, 997, 0, &a, &callback);
    assert_ok(hone_trainer_train(run.trainer));
    assert_int_equal(hone_trainer_get_state(run.trainer)->global_step, LAST_STEP);
    assert_int_equal(w.most, 0);
    printf("resident: %zu KB at step %d, %zu KB at step %d\n", w.rss_early >> 10, (int)w.from, w.rss_late >> 10, LAST_STEP);
    assert_true(TEST_SANITIZED || w.rss_late < w.rss_early + (1u << 20));
    tiny_end(&run);
}

/* ---- accounting ---- */

static void accounting_is_the_reference_s(void **state)
{
    (void)state;
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(21);
    hone_trainer *t;
    double value;
    hone_training_args a = quiet_args(test_temp("accounting"));
    a.per_device_train_batch_size = 4; /* 6 batches, 3 updates of an epoch, the last of one batch and a short one */
    a.gradient_accumulation_steps = 2;
    a.num_train_epochs = 1.5;
    a.warmup_steps = 0.3;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    assert_ok(hone_trainer_train(t));
    const hone_trainer_state *s = hone_trainer_get_state(t);
    assert_int_equal(s->max_steps, 5); /* ceil(1.5 * 3) */
    assert_int_equal(s->global_step, 5);
    assert_int_equal(s->num_train_epochs, 2);
    /* warm-up of ceil(0.3 * 5) = 2: the first update has rate 0, then 1/2, then (5 - k) / 3 */
    static const double rates[] = {0, 0.5, 1, 2.0 / 3, 1.0 / 3}, epochs[] = {2.0 / 6, 4.0 / 6, 1, 1 + 2.0 / 6, 1 + 4.0 / 6};
    for (size_t i = 0; i < 5; i++) {
        assert_true(hone_metrics_get(hone_trainer_log_entry(t, i), "learning_rate", &value) && fabs(value - 3e-3 * rates[i]) < 1e-15);
        assert_true(hone_metrics_get(hone_trainer_log_entry(t, i), "epoch", &value) && fabs(value - epochs[i]) < 1e-15);
    }
    assert_true(hone_metrics_get(hone_trainer_log_entry(t, 5), "train_loss", &value) && value > 0);
    hone_trainer_free(t);
    a.num_train_epochs = 1e20;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    assert_fails(HONE_INVALID_ARGUMENT, "--num_train_epochs: 1e+20 epochs of 3 updates", hone_trainer_train(t));
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

/* ---- options that change the computation, not its result; and one that changes the loss ---- */

static float *train_weights(bool checkpointing, size_t *n)
{
    tiny_run run;
    hone_training_args a = quiet_args(test_temp("recompute"));
    a.max_steps = 4;
    a.gradient_checkpointing = checkpointing;
    tiny_start(&run, 24, 0, &a, NULL);
    assert_ok(hone_trainer_train(run.trainer));
    float *weights = tiny_weights(run.model, n);
    tiny_end(&run);
    return weights;
}

static void gradient_checkpointing_changes_no_bit(void **state)
{
    (void)state;
    size_t n, m;
    float *kept = train_weights(false, &n), *recomputed = train_weights(true, &m);
    assert_int_equal(n, m);
    assert_memory_equal(kept, recomputed, n * sizeof(float));
    free(kept);
    free(recomputed);
}

/* Over the predicted tokens of all rows: (1 - s) nll + s * mean over the vocabulary of -log p, from the logits in double. */
static double smoothed_by_definition(hone_model *model, const hone_examples *data, double s)
{
    hone_loader *loader;
    hone_batch b;
    hone_tape *t;
    double sum = 0, count = 0;
    int32_t positions[12 * TINY_LONGEST];
    static float logits[12 * TINY_LONGEST * TINY_VOCAB];
    hone_loader_options o = HONE_LOADER_OPTIONS_INIT;
    o.batch_size = 12;
    assert_ok(hone_loader_new(&loader, data, &o));
    assert_true(hone_loader_next(loader, &b));
    assert_ok(hone_tape_new(&t, tiny_device(), &(hone_tape_options){.recording = false}));
    hone_output out = hone_model_forward(model, t, &b);
    for (int32_t i = 0; i < b.n_tokens; i++)
        positions[i] = i;
    assert_ok(hone_tensor_read(hone_lm_logits(t, &out, positions, (size_t)b.n_tokens), logits, sizeof(logits) / sizeof(*logits)));
    for (int32_t r = 0; r < b.n_rows; r++)
        for (int32_t i = b.cu_seqlens[r]; i + 1 < b.cu_seqlens[r + 1]; i++) {
            const float *l = logits + i * TINY_VOCAB;
            double total = 0, mean = 0;
            for (int v = 0; v < TINY_VOCAB; v++) {
                total += exp(l[v]);
                mean += l[v] / (double)TINY_VOCAB;
            }
            sum += (1 - s) * (log(total) - l[b.input_ids[i + 1]]) + s * (log(total) - mean);
            count++;
        }
    hone_tape_free(t);
    hone_loader_free(loader);
    return sum / count;
}

static void label_smoothing_is_its_definition(void **state)
{
    (void)state;
    hone_model *model = tiny_model(false);
    hone_examples *data = tiny_examples(12);
    hone_trainer *t;
    hone_metrics m = HONE_METRICS_INIT;
    double loss = NAN, expected = smoothed_by_definition(model, data, 0.2);
    hone_training_args a = quiet_args(test_temp("smooth"));
    a.label_smoothing_factor = 0.2;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.eval_dataset = data}));
    assert_ok(hone_trainer_evaluate(t, &m));
    assert_true(hone_metrics_get(&m, "eval_loss", &loss));
    assert_true(fabs(loss - expected) < 1e-5 * expected);
    assert_true(fabs(loss - smoothed_by_definition(model, data, 0)) > 1e-4);
    hone_metrics_dispose(&m);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(gradient_checkpointing_changes_no_bit),
    cmocka_unit_test(label_smoothing_is_its_definition),
    cmocka_unit_test(accounting_is_the_reference_s),
    cmocka_unit_test(splits_agree),
    cmocka_unit_test(eval_loss_is_a_mean_over_tokens),
    cmocka_unit_test(save_total_limit_keeps_newest_and_best),
    cmocka_unit_test(stops_early),
    cmocka_unit_test(the_metric_s_name_says_which_way),
    cmocka_unit_test(entries_come_at_their_steps),
    cmocka_unit_test(unknown_metric_is_refused),
    cmocka_unit_test(nonfinite_steps_are_passed_over_and_counted),
    cmocka_unit_test(too_many_nonfinite_steps_end_the_run),
    cmocka_unit_test(nonfinite_steps_count_in_a_row),
    cmocka_unit_test(a_step_allocates_nothing),
};
TEST_MAIN(tests)
