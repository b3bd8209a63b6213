/* Callbacks: events come where and in the order in which the reference has them, flags are obeyed and cleared, callbacks are added, removed and replaced by name, and what they keep comes back when
 * a run is resumed: early stopping ends where the uninterrupted run did. */
#include "tiny.h"

#include <unistd.h>

/* Six rows by two, two batches an update: an epoch of two updates, the second of one batch. */
static hone_training_args run_args(const char *folder)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.output_dir = folder;
    a.learning_rate = 3e-3;
    a.per_device_train_batch_size = 2;
    a.per_device_eval_batch_size = 4;
    a.gradient_accumulation_steps = 2;
    a.num_train_epochs = 1;
    a.logging_steps = 1;
    a.eval_strategy = a.save_strategy = HONE_STRATEGY_EPOCH;
    a.disable_tqdm = true;
    return a;
}

/* ---- events ---- */

static const char *const names[] = {
#define X(name, text) text,
    HONE_EVENT_MAP(X)
#undef X
};

static hone_status record(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                          const hone_metrics *metrics)
{
    char *text = payload;
    (void)t, (void)state, (void)control;
    bool with = event == HONE_ON_LOG || event == HONE_ON_EVALUATE || event == HONE_ON_PREDICT;
    assert_true(with == (metrics != NULL));
    snprintf(text + strlen(text), 4096 - strlen(text), "%s ", names[event] + 3);
    return HONE_OK;
}

/* What transformers 4.57.3 fires for the same run (trainer.py: _inner_training_loop, _maybe_log_save_evaluate, evaluation_loop). */
static void events_come_in_the_references_order(void **state)
{
    (void)state;
    static char text[4096];
    tiny_run r;
    hone_training_args a = run_args(test_temp("events"));
    hone_callback callback = {.fn = record, .payload = text};
    tiny_start(&r, 6, 6, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    assert_string_equal(text, "init_end train_begin epoch_begin "
                              "step_begin substep_end pre_optimizer_step optimizer_step step_end log "
                              "step_begin pre_optimizer_step optimizer_step step_end log "
                              "epoch_end prediction_step prediction_step log evaluate save "
                              "log train_end ");
    tiny_end(&r);
}

static hone_status get_classified(void *self, int64_t i, hone_example *out)
{
    HONE_TRY(tiny_get(self, i, out));
    out->row_label = (int32_t)(i % 2);
    return HONE_OK;
}

static void a_prediction_is_told(void **state)
{
    (void)state;
    static char text[4096];
    static tiny_rows rows;
    static const hone_examples_ops ops = {get_classified, tiny_length, NULL};
    hone_model *model = NULL;
    hone_examples *data = NULL;
    hone_trainer *t = NULL;
    hone_predictions predictions;
    hone_training_args a = run_args(test_temp("predicting"));
    hone_callback callback = {.fn = record, .payload = text};
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    o.vocab_size = TINY_VOCAB;
    o.labels = (const char *const[]){"no", "yes", NULL};
    o.config_overrides = "n_embd=16,n_layer=1,n_head=2,n_positions=32";
    assert_ok(hone_model_from_config(&model, HONE_TEXT_CLASSIFICATION, "gpt2", &o));
    assert_ok(hone_examples_new(&data, &ops, &rows, 6));
    a.eval_strategy = HONE_STRATEGY_NO;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.callbacks = &callback, .n_callbacks = 1}));
    assert_ok(hone_trainer_predict(t, data, &predictions));
    assert_string_equal(text, "init_end prediction_step prediction_step predict ");
    hone_predictions_dispose(&predictions);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

/* ---- flags ---- */

/* Asks once, at an event, for what is in `wish`. */
typedef struct wisher {
    hone_event event;
    int64_t step;
    hone_trainer_control wish;
    int n_logs, n_evaluations, n_saves;
} wisher;

static hone_status ask(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                       const hone_metrics *metrics)
{
    wisher *w = payload;
    double loss;
    (void)t;
    if (event == w->event && state->global_step == w->step)
        *control = w->wish;
    w->n_logs += event == HONE_ON_LOG && hone_metrics_get(metrics, "loss", &loss);
    w->n_evaluations += event == HONE_ON_EVALUATE;
    w->n_saves += event == HONE_ON_SAVE;
    return HONE_OK;
}

static wisher run_with(hone_event event, int64_t step, hone_trainer_control wish, int64_t steps_expected)
{
    wisher w = {event, step, wish, 0, 0, 0};
    tiny_run r;
    hone_training_args a = run_args(test_temp("flags"));
    a.eval_strategy = a.save_strategy = a.logging_strategy = HONE_STRATEGY_NO;
    a.num_train_epochs = 3;
    hone_callback callback = {.fn = ask, .payload = &w};
    tiny_start(&r, 6, 6, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    assert_int_equal(hone_trainer_get_state(r.trainer)->global_step, steps_expected);
    tiny_end(&r);
    return w;
}

static void flags_are_obeyed_once(void **state)
{
    (void)state;
    wisher w = run_with(HONE_ON_STEP_END, 3, (hone_trainer_control){.should_log = true, .should_evaluate = true, .should_save = true}, 6);
    assert_int_equal(w.n_logs, 1);
    assert_int_equal(w.n_evaluations, 1);
    assert_int_equal(w.n_saves, 1);
    w = run_with(HONE_ON_EPOCH_BEGIN, 2, (hone_trainer_control){.should_evaluate = true}, 6); /* an update's beginning clears it */
    assert_int_equal(w.n_evaluations, 0);
    run_with(HONE_ON_STEP_END, 3, (hone_trainer_control){.should_training_stop = true}, 3);
    run_with(HONE_ON_STEP_END, 3, (hone_trainer_control){.should_epoch_stop = true}, 5); /* the second epoch has one update */
    run_with(HONE_ON_TRAIN_BEGIN, 0, (hone_trainer_control){.should_training_stop = true}, 0);
}

/* ---- the list ---- */

static hone_status fail_late(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                             hone_trainer_control *control, const hone_metrics *metrics)
{
    (void)payload, (void)t, (void)control, (void)metrics;
    return event == HONE_ON_STEP_END && state->global_step == 2 ? hone__fail(HONE_IO, "the lamp is out") : HONE_OK;
}

static hone_status leave(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                         const hone_metrics *metrics)
{
    int *seen = payload;
    (void)state, (void)control, (void)metrics;
    if (event == HONE_ON_EPOCH_BEGIN) {
        (*seen)++;
        assert_ok(hone_trainer_remove_callback(t, "leaves"));
        assert_fails(HONE_NOT_FOUND, "leaves", hone_trainer_remove_callback(t, "leaves"));
    }
    return HONE_OK;
}

static void mark_freed(void *payload)
{
    *(int *)payload += 100;
}

static void callbacks_are_added_and_removed_by_name(void **state)
{
    (void)state;
    int seen = 0, lost = 0;
    tiny_run r;
    hone_training_args a = run_args(test_temp("list"));
    a.num_train_epochs = 2;
    tiny_start(&r, 6, 6, &a, NULL);
    assert_string_equal(hone_trainer_callback_name(r.trainer, 0), "DefaultFlowCallback");
    assert_string_equal(hone_trainer_callback_name(r.trainer, 1), "PrinterCallback"); /* disable_tqdm: no ProgressCallback */
    assert_string_equal(hone_trainer_callback_name(r.trainer, 2), "LossPlotCallback");
    assert_string_equal(hone_trainer_callback_name(r.trainer, 3), "ReportCallback");
    assert_null(hone_trainer_callback_name(r.trainer, 4));
    assert_ok(hone_trainer_add_callback(r.trainer, (hone_callback){.name = "leaves", .fn = leave, .payload = &seen, .free = mark_freed}));
    assert_fails(
        HONE_INVALID_ARGUMENT, "remove it first",
        hone_trainer_add_callback(r.trainer, (hone_callback){.name = "leaves", .fn = leave, .payload = &lost, .free = mark_freed}));
    assert_int_equal(lost, 100); /* what is handed over is freed, whatever happens */
    assert_fails(HONE_NOT_FOUND, "PrinterCallback", hone_trainer_remove_callback(r.trainer, "ProgressCallback"));
    assert_fails(HONE_INVALID_ARGUMENT, "no function", hone_trainer_add_callback(r.trainer, (hone_callback){.name = "empty"}));
    assert_ok(hone_trainer_train(r.trainer));
    assert_int_equal(seen, 101); /* heard one event, then left and was freed */
    assert_ok(hone_trainer_remove_callback(r.trainer, "DefaultFlowCallback"));
    assert_ok(hone_trainer_add_callback(r.trainer, (hone_callback){.name = "DefaultFlowCallback", .fn = fail_late}));
    assert_fails(HONE_IO, "callback \"DefaultFlowCallback\", on_step_end: the lamp is out", hone_trainer_train(r.trainer));
    assert_int_equal(hone_trainer_get_state(r.trainer)->n_logs, 0); /* nobody asked for a log */
    tiny_end(&r);
}

static bool has_plot(const char *folder)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/loss.svg", folder);
    return access(path, R_OK) == 0;
}

static void the_plot_is_a_callback(void **state)
{
    (void)state;
    tiny_run r;
    hone_training_args a = run_args(test_temp("plotted"));
    tiny_start(&r, 6, 6, &a, NULL);
    assert_ok(hone_trainer_train(r.trainer));
    assert_true(has_plot(test_temp("plotted")));
    tiny_end(&r);
    a.output_dir = test_temp("bare");
    tiny_start(&r, 6, 6, &a, NULL);
    assert_ok(hone_trainer_remove_callback(r.trainer, "LossPlotCallback"));
    assert_ok(hone_trainer_train(r.trainer));
    assert_false(has_plot(test_temp("bare")));
    tiny_end(&r);
}

/* ---- what they keep ---- */

typedef struct counter {
    int64_t steps;
    double third; /* of no short decimal form */
} counter;

static hone_status count(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                         const hone_metrics *metrics)
{
    counter *c = payload;
    (void)t, (void)state, (void)control, (void)metrics;
    c->steps += event == HONE_ON_STEP_END;
    c->third += event == HONE_ON_STEP_END ? 1.0 / 3.0 : 0;
    return HONE_OK;
}

static hone_status keep(const void *payload, hone_metrics *state)
{
    const counter *c = payload;
    HONE_TRY(hone_metrics_set_int(state, "steps", c->steps));
    HONE_TRY(hone_metrics_set(state, "third", c->third));
    return hone_metrics_set(state, "nothing", NAN);
}

static hone_status give_back(void *payload, const hone_metrics *state)
{
    counter *c = payload;
    double steps, nothing;
    if (!hone_metrics_get(state, "steps", &steps) || !hone_metrics_get(state, "third", &c->third))
        return hone__fail(HONE_FORMAT, "a number is missing");
    assert_true(hone_metrics_get(state, "nothing", &nothing) && isnan(nothing));
    c->steps = (int64_t)steps;
    return HONE_OK;
}

static char warnings[2048];
static void hear(void *payload, hone_log_level level, const char *line)
{
    (void)payload, (void)level;
    snprintf(warnings + strlen(warnings), sizeof(warnings) - strlen(warnings), "%s\n", line);
}

static void what_callbacks_keep_comes_back(void **state)
{
    (void)state;
    counter whole = {0, 0}, part = {0, 0};
    tiny_run r;
    hone_training_args a = run_args(test_temp("kept"));
    a.num_train_epochs = 4;
    a.eval_strategy = HONE_STRATEGY_NO;
    hone_callback callback = {.name = "counter", .fn = count, .payload = &whole, .save = keep, .load = give_back};
    tiny_start(&r, 6, 6, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    tiny_end(&r);
    char from[600];
    snprintf(from, sizeof(from), "%s/checkpoint-4", test_temp("kept"));
    a.output_dir = test_temp("kept-on");
    a.resume_from_checkpoint = from;
    callback.payload = &part;
    tiny_start(&r, 6, 6, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    assert_int_equal(part.steps, 8);
    assert_memory_equal(&part.third, &whole.third, sizeof(double));
    tiny_end(&r);

    hone_set_log(hear, NULL, HONE_LOG_WARNING);
    callback.name = "another";
    tiny_start(&r, 6, 6, &a, &callback);
    assert_ok(hone_trainer_train(r.trainer));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_non_null(strstr(warnings, "the run had a callback \"counter\""));
    assert_non_null(strstr(warnings, "no callback \"another\""));
    tiny_end(&r);
}

/* The loss of these rows stops falling early at such a rate. */
static hone_training_args stopping_args(const char *folder)
{
    hone_training_args a = run_args(folder);
    a.num_train_epochs = 40;
    a.learning_rate = 0.3;
    a.lr_scheduler_type = HONE_SCHEDULE_CONSTANT;
    a.metric_for_best_model = "loss";
    return a;
}

static int64_t stop_early(tiny_run *r, const hone_training_args *a, int64_t patience)
{
    hone_early_stopping s = {.patience = patience};
    hone_callback callback = hone_early_stopping_callback(&s);
    tiny_start(r, 6, 6, a, &callback);
    assert_ok(hone_trainer_train(r->trainer));
    return hone_trainer_get_state(r->trainer)->global_step;
}

static void early_stopping_is_resumed(void **state)
{
    (void)state;
    tiny_run whole, part;
    char folder[512], from[600], name[32];
    snprintf(folder, sizeof(folder), "%s", test_temp("stopping"));
    hone_training_args a = stopping_args(folder);
    int64_t last = stop_early(&whole, &a, 3);
    assert_in_range(last, 7, 79);                         /* 80 updates would be all */
    int64_t stride = last / 8 * 2 > 2 ? last / 8 * 2 : 2; /* of epochs' ends, the last one among them */
    for (int64_t step = last % stride ? last % stride : stride; step <= last; step += stride) {
        snprintf(from, sizeof(from), "%s/checkpoint-%lld", folder, (long long)step);
        snprintf(name, sizeof(name), "stopping-%lld", (long long)step);
        hone_training_args b = stopping_args(test_temp(name));
        b.resume_from_checkpoint = from;
        assert_int_equal(stop_early(&part, &b, 3), last);
        tiny_assert_same_log(whole.trainer, part.trainer);
        tiny_end(&part);
    }
    hone_training_args b = stopping_args(test_temp("patient")); /* more patience: it goes on from where it had stopped */
    b.resume_from_checkpoint = from;
    assert_true(stop_early(&part, &b, 4) > last);
    tiny_end(&part);
    tiny_end(&whole);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(events_come_in_the_references_order),
    cmocka_unit_test(a_prediction_is_told),
    cmocka_unit_test(flags_are_obeyed_once),
    cmocka_unit_test(callbacks_are_added_and_removed_by_name),
    cmocka_unit_test(the_plot_is_a_callback),
    cmocka_unit_test(what_callbacks_keep_comes_back),
    cmocka_unit_test(early_stopping_is_resumed),
};
TEST_MAIN(tests)
