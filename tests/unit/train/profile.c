/* Profiles: times of parts add up, operations are those of the shapes, the trace is JSON of nested spans on named threads, and nothing that is computed changes. */
#include "unit/train/tiny.h"

#include <hone/profile.h>

/* ---- a loop of one's own ---- */

static void run_loop(hone_profile *profile, int n_steps, double *losses)
{
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(64);
    hone_loader *loader = NULL;
    hone_tape *tape = NULL;
    hone_optimizer *opt = NULL;
    hone_batch batch;
    double norm;
    int step = 0;
    assert_ok(hone_loader_new(&loader, data, NULL));
    assert_ok(hone_optimizer_adamw_new(&opt, model, NULL));
    assert_ok(hone_tape_new(&tape, tiny_device(), &(hone_tape_options){.recording = true, .training = true, .seed = 3}));
    while (step < n_steps) {
        hone_profile_step_begin(profile);
        if (!hone_loader_next(loader, &batch)) {
            assert_ok(hone_loader_start_epoch(loader, 1));
            assert_true(hone_loader_next(loader, &batch));
        }
        hone_tape_reset(tape);
        hone_output out = hone_model_forward(model, tape, &batch);
        hone_tensor *loss = hone_next_token_loss(tape, &out, &batch, NULL);
        assert_ok(hone_tape_backward(tape, loss));
        hone_profile_begin(profile, "my part");
        assert_ok(hone_tensor_item(loss, &losses[step++]));
        assert_ok(hone_optimizer_grad_norm(opt, &norm, NULL));
        hone_profile_end(profile);
        assert_ok(hone_optimizer_step(opt));
        hone_optimizer_zero_grad(opt);
        hone_profile_step_end(profile);
    }
    hone_optimizer_free(opt);
    hone_tape_free(tape);
    hone_loader_free(loader);
    hone_examples_free(data);
    hone_model_free(model);
}

enum { N_STEPS = 12, SKIP = 2 };

static hone_profile *profiled(double *losses)
{
    hone_profile *p = NULL;
    assert_ok(hone_profile_start(&p, tiny_device(), &(hone_profile_options){.skip_steps = SKIP, .trace_first = 3, .trace_last = 4}));
    run_loop(p, N_STEPS, losses);
    return p;
}

/* Children follow their parent with a greater depth: none of them, and not their sum, takes longer than it. */
static void check_sums(const hone_profile *p, size_t at)
{
    hone_profile_entry parent, child;
    double seconds = 0, flops = 0;
    bool has_children = false;
    assert_true(hone_profile_get(p, at, &parent));
    for (size_t i = at + 1; hone_profile_get(p, i, &child) && child.depth > parent.depth; i++) {
        if (child.depth != parent.depth + 1)
            continue;
        has_children = true;
        seconds += child.seconds;
        flops += child.flops;
    }
    assert_true(seconds <= parent.seconds * (1 + 1e-9));
    if (has_children && strcmp(parent.kind, "kernel") != 0)
        assert_true(fabs(flops - parent.flops) <= 1e-9 * parent.flops);
}

static bool find(const hone_profile *p, hone_profile_entry *e, const char *kind, const char *name)
{
    for (size_t i = 0; hone_profile_get(p, i, e); i++) {
        if (strcmp(e->name, name) == 0 && strcmp(e->kind, kind) == 0)
            return true;
    }
    return false;
}

static double sum_of_parts(const hone_profile *p)
{
    hone_profile_entry e;
    double sum = 0;
    for (size_t i = 0; hone_profile_get(p, i, &e); i++)
        sum += e.depth == 1 ? e.seconds : 0;
    return sum;
}

static void loop_adds_up(void **state)
{
    (void)state;
    double with[N_STEPS], without[N_STEPS];
    hone_profile_entry e;
    char *report = NULL;
    hone_profile *p = profiled(with);
    size_t n = hone_profile_count(p);
    assert_true(n > 20);
    assert_int_equal(hone_profile_steps(p), N_STEPS - SKIP);
    for (size_t i = 0; i < n; i++)
        check_sums(p, i);
    assert_true(find(p, &e, "part", "step") && e.depth == 0 && e.calls == N_STEPS - SKIP);
    assert_true(find(p, &e, "part", "data") && e.calls >= N_STEPS - SKIP); /* one more at the end of an epoch */
    assert_true(find(p, &e, "part", "optimizer") && e.calls == N_STEPS - SKIP);
    assert_true(find(p, &e, "part", "my part") && e.calls == N_STEPS - SKIP);
    assert_true(find(p, &e, "forward", "feed-forward") && e.layer == 0 && e.calls == N_STEPS - SKIP);
    assert_true(find(p, &e, "backward", "feed-forward") && e.layer == 1);
    assert_ok(hone_profile_report(&report, p, true));
    assert_non_null(strstr(report, "10 steps of"));
    assert_non_null(strstr(report, "feed-forward, backward"));
    assert_non_null(strstr(report, "layer 1"));
    hone_free_text(report);
    hone_profile_free(p);
    run_loop(NULL, N_STEPS, without);
    assert_memory_equal(with, without, sizeof(with)); /* the same bits */
}

/* What no part covers is the reset of the tape and the clock: a tenth of even so small a step would be a part that is missing. Another program may take the processor just there,
 * so that the best of some runs counts. */
static void parts_cover_the_step(void **state)
{
    (void)state;
    double losses[N_STEPS], best = 0;
    hone_profile_entry e;
    for (int i = 0; i < 8 && best <= 0.9; i++) {
        hone_profile *p = profiled(losses);
        assert_true(hone_profile_count(p) > 0);
        assert_true(find(p, &e, "part", "step"));
        best = fmax(best, sum_of_parts(p) / e.seconds);
        hone_profile_free(p);
    }
    assert_true(best > 0.9 && best <= 1);
}

/* ---- operations and bytes ---- */

static void counts_operations(void **state)
{
    (void)state;
    enum { N = 5, K = 7, M = 3 };
    float x[N * K] = {1}, y[K * M] = {2};
    hone_profile *p = NULL;
    hone_tape *tape = NULL;
    hone_profile_entry e;
    assert_ok(hone_profile_start(&p, tiny_device(), &(hone_profile_options){0, 0, 0}));
    assert_ok(hone_tape_new(&tape, tiny_device(), NULL));
    hone_profile_step_begin(p);
    hone_tensor *a = hone_tape_floats(tape, x, 2, (int64_t[]){N, K}), *b = hone_tape_floats(tape, y, 2, (int64_t[]){K, M});
    hone_tape_retain_grad(tape, a);
    hone_tape_retain_grad(tape, b);
    assert_ok(hone_tape_backward(tape, hone_sum(tape, hone_matmul(tape, a, b))));
    hone_profile_step_end(p);
    assert_true(hone_profile_count(p) > 0);
    assert_true(find(p, &e, "forward", "hone_matmul"));
    assert_true(e.flops == 2.0 * N * K * M);
    assert_true(e.bytes == 4.0 * (N * K + K * M + N * M));
    assert_true(find(p, &e, "backward", "hone_matmul"));
    assert_true(e.flops == 4.0 * N * K * M);
    hone_tape_free(tape);
    hone_profile_free(p);
}

static void one_at_a_time(void **state)
{
    (void)state;
    hone_profile *p = NULL, *q = NULL;
    hone_tape *tape = NULL;
    assert_ok(hone_profile_start(&p, tiny_device(), NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "profiled already", hone_profile_start(&q, tiny_device(), NULL));
    assert_null(q);
    char *report = NULL;
    assert_fails(HONE_INVALID_ARGUMENT, "no step", hone_profile_report(&report, p, false));
    hone_profile_free(p);
    hone_profile_free(NULL);
    assert_fails(HONE_INVALID_ARGUMENT, "device is NULL", hone_profile_start(&q, NULL, NULL));
    hone_profile_step_begin(NULL);
    hone_profile_begin(NULL, "x");
    hone_profile_end(NULL);
    hone_profile_step_end(NULL);
    assert_ok(hone_tape_new(&tape, tiny_device(), NULL)); /* the device is as it was */
    assert_null(hone__tape_backend(tape)->inner);
    hone_tape_free(tape);
}

/* ---- the trace ---- */

typedef struct interval {
    double begin, end;
    int parent; /* index, -1: none */
} interval;

/* The spans of one thread either contain each other or are apart. Events come in the order of their ends, so that inner ones stand before outer ones. */
static void check_nesting(const interval *spans, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            bool apart = spans[k].begin >= spans[i].end || spans[i].begin >= spans[k].end;
            bool inside = spans[i].begin >= spans[k].begin && spans[i].end <= spans[k].end;
            assert_true(apart || inside);
        }
    }
}

static void trace_is_json(void **state)
{
    (void)state;
    double losses[N_STEPS];
    hone_profile *p = profiled(losses);
    interval *spans = NULL;
    size_t n = 0, n_steps = 0, n_names = 0, i;
    json_t *e;
    hone__span_add(hone__spans_now, "writer", "write", hone__nanoseconds() - 1000, hone__nanoseconds());
    hone__spans_now->tracing = true;
    hone__span_add(hone__spans_now, "writer", "write", hone__nanoseconds() - 1000, hone__nanoseconds());
    assert_ok(hone_profile_write_trace(p, test_temp("trace.json")));
    json_t *root = test_read_json(test_temp("trace.json")), *events = json_object_get(root, "traceEvents");
    assert_true(json_is_array(events));
    spans = calloc(json_array_size(events), sizeof(*spans));
    json_array_foreach(events, i, e)
    {
        const char *ph = json_string_value(json_object_get(e, "ph"));
        n_names += strcmp(ph, "M") == 0 && strcmp(json_string_value(json_object_get(e, "name")), "thread_name") == 0;
        if (strcmp(ph, "X") != 0 || json_integer_value(json_object_get(e, "tid")) != 0)
            continue;
        double begin = json_number_value(json_object_get(e, "ts"));
        spans[n++] = (interval){begin, begin + json_number_value(json_object_get(e, "dur")) - 1e-6, -1}; /* rounding of the sum */
        n_steps += strcmp(json_string_value(json_object_get(e, "name")), "step") == 0;
    }
    assert_int_equal(n_steps, 2); /* steps 3 and 4 */
    assert_int_equal(n_names, 2); /* the engine, and the writer that was heard once */
    assert_true(n > 50);
    check_nesting(spans, n);
    free(spans);
    json_decref(root);
    assert_fails(HONE_NOT_FOUND, "nowhere", hone_profile_write_trace(p, "/nowhere/trace.json"));
    hone_profile_free(p);
}

/* ---- the trainer ---- */

static void trainer_profiles(void **state)
{
    (void)state;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_model *models[2];
    hone_trainer *trainers[2];
    hone_examples *data = tiny_examples(40);
    size_t len;
    for (int i = 0; i < 2; i++) {
        a.output_dir = test_temp(i ? "profiled" : "plain");
        a.max_steps = 8;
        a.logging_steps = 2;
        a.eval_strategy = HONE_STRATEGY_STEPS;
        a.eval_steps = 4;
        a.save_steps = 4;
        a.gradient_accumulation_steps = 2;
        a.gradient_checkpointing = true;
        a.disable_tqdm = true;
        a.profile = a.profile_layers = i == 1;
        models[i] = tiny_model(true);
        assert_ok(hone_trainer_new(&trainers[i], models[i], &a, &(hone_trainer_options){.train_dataset = data, .eval_dataset = data}));
        assert_ok(hone_trainer_train(trainers[i]));
    }
    tiny_assert_same_log(trainers[0], trainers[1]);
    char *report = test_read(test_temp("profiled/profile.txt"), &len);
    static const char *const lines[] = {"5 steps of", "  evaluate ", "  save ",    "  log ",         "  optimizer ",
                                        "  clip ",    "  data ",     "  layer 0 ", "layer, backward"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        if (!strstr(report, lines[i]))
            fail_msg("\"%s\" is not in:\n%s", lines[i], report);
    }
    hone__free(report);
    json_decref(test_read_json(test_temp("profiled/profile_trace.json")));
    assert_false(hone__is_file(test_temp("plain/profile.txt")));
    a.profile_steps = "6:4";
    hone_trainer *t = NULL;
    assert_fails(HONE_INVALID_ARGUMENT, "--profile_steps",
                 hone_trainer_new(&t, models[0], &a, &(hone_trainer_options){.train_dataset = data, .eval_dataset = data}));
    for (int i = 0; i < 2; i++) {
        hone_trainer_free(trainers[i]);
        hone_model_free(models[i]);
    }
    hone_examples_free(data);
}

static hone_status fail_once(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                             hone_trainer_control *control, const hone_metrics *metrics)
{
    int *n = payload;
    (void)t, (void)state, (void)control, (void)metrics;
    return event == HONE_ON_PREDICTION_STEP && (*n)++ == 0 ? hone__fail(HONE_IO, "the lamp is out") : HONE_OK;
}

/* One that fails takes its profile with it: the next one has its own. */
static void evaluations_profile(void **state)
{
    (void)state;
    int n = 0;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_callback callback = {.fn = fail_once, .payload = &n};
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_model *model = tiny_model(false);
    hone_examples *data = tiny_examples(40);
    hone_trainer *t = NULL;
    a.output_dir = test_temp("evaluated");
    a.disable_tqdm = a.profile = true;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.eval_dataset = data, .callbacks = &callback, .n_callbacks = 1}));
    assert_fails(HONE_IO, "the lamp is out", hone_trainer_evaluate(t, &metrics));
    assert_ok(hone_trainer_evaluate(t, &metrics));
    assert_true(hone__is_file(test_temp("evaluated/profile.txt")));
    hone_metrics_dispose(&metrics);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

static char warning[512];
static void hear(void *payload, hone_log_level level, const char *line)
{
    (void)payload, (void)level;
    snprintf(warning, sizeof(warning), "%s", line);
}

/* A profile that cannot be written is no reason to lose what was trained. */
static void a_profile_in_the_way_is_told(void **state)
{
    (void)state;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(40);
    hone_trainer *t = NULL;
    double loss;
    a.output_dir = test_temp("blocked");
    a.max_steps = 4;
    a.save_strategy = HONE_STRATEGY_NO;
    a.disable_tqdm = a.profile = true;
    assert_ok(hone__make_dirs(test_temp("blocked/profile.txt")));
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    hone_set_log(hear, NULL, HONE_LOG_WARNING);
    assert_ok(hone_trainer_train(t));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_non_null(strstr(warning, "the profile was not written: cannot write"));
    assert_ok(hone_trainer_train_metrics(t, &metrics));
    assert_true(hone_metrics_get(&metrics, "train_loss", &loss));
    hone_metrics_dispose(&metrics);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(evaluations_profile), cmocka_unit_test(a_profile_in_the_way_is_told),
    cmocka_unit_test(loop_adds_up),        cmocka_unit_test(parts_cover_the_step),
    cmocka_unit_test(counts_operations),   cmocka_unit_test(one_at_a_time),
    cmocka_unit_test(trace_is_json),       cmocka_unit_test(trainer_profiles),
};
TEST_MAIN(tests)
