/* Rules of the loop that no comparison of two runs shows, because both would break them: evaluation without dropout, clipping to the norm of the mean gradient, how options reach the loader, when
 * a schedule that follows a metric looks at it, what a stop leaves to do, when a checkpoint beside the training is told. */
#include "tiny.h"

#include <unistd.h>

static hone_training_args quiet_args(const char *folder)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.output_dir = folder;
    a.learning_rate = 3e-3;
    a.per_device_train_batch_size = 4;
    a.logging_steps = 1;
    a.save_strategy = HONE_STRATEGY_NO;
    a.disable_tqdm = true;
    return a;
}

/* Entries of the log that have the number, as "STEP:VALUE ". */
static const char *logged(const hone_trainer *t, const char *name)
{
    static char text[1024];
    const hone_metrics *entry;
    double value, step;
    *text = '\0';
    for (size_t i = 0; (entry = hone_trainer_log_entry(t, i)); i++)
        if (hone_metrics_get(entry, name, &value) && hone_metrics_get(entry, "step", &step))
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%g:%.9g ", step, value);
    return text;
}

/* An evaluation within a training is that of a trainer that does nothing else: in a model with dropout of 0.1. */
static void evaluation_has_no_dropout(void **state)
{
    (void)state;
    tiny_run run;
    hone_trainer *other;
    hone_metrics m = HONE_METRICS_INIT;
    double within = 0, apart = 0;
    hone_training_args a = quiet_args(test_temp("dropout"));
    a.max_steps = 2;
    a.eval_steps = 2;
    a.eval_strategy = HONE_STRATEGY_STEPS;
    tiny_start(&run, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(run.trainer));
    assert_true(hone_metrics_get(hone_trainer_log_entry(run.trainer, 2), "eval_loss", &within));
    assert_ok(hone_trainer_new(&other, run.model, &a, &(hone_trainer_options){.eval_dataset = run.eval}));
    assert_ok(hone_trainer_evaluate(other, &m));
    assert_true(hone_metrics_get(&m, "eval_loss", &apart) && apart == within);
    hone_metrics_dispose(&m);
    hone_trainer_free(other);
    tiny_end(&run);
}

/* One step of plain descent is as long as the rate times the largest norm that is allowed. */
static void gradients_are_clipped_to_the_norm(void **state)
{
    (void)state;
    for (int64_t accumulation = 1; accumulation < 3; accumulation++) {
        tiny_run run;
        size_t n;
        double sum = 0, norm = 0;
        hone_training_args a = quiet_args(test_temp("clipped"));
        a.optim = HONE_OPTIM_SGD;
        a.learning_rate = 0.5;
        a.lr_scheduler_type = HONE_SCHEDULE_CONSTANT;
        a.max_grad_norm = 0.25;
        a.max_steps = 1;
        a.gradient_accumulation_steps = accumulation;
        tiny_start(&run, 21, 0, &a, NULL);
        float *before = tiny_weights(run.model, &n);
        assert_ok(hone_trainer_train(run.trainer));
        float *after = tiny_weights(run.model, &n);
        for (size_t i = 0; i < n; i++)
            sum += ((double)after[i] - before[i]) * ((double)after[i] - before[i]);
        assert_true(hone_metrics_get(hone_trainer_log_entry(run.trainer, 0), "grad_norm", &norm) && norm > 0.25);
        assert_true(fabs(sqrt(sum) - 0.5 * 0.25) < 1e-4 * 0.125); /* weights of about 1 are rounded to 6e-8, some 6,000 of them */
        free(before);
        free(after);
        tiny_end(&run);
    }
}

static hone_status get_labelled(void *self, int64_t i, hone_example *out)
{
    HONE_TRY(tiny_get(self, i, out));
    out->labels = out->input_ids;
    return HONE_OK;
}

/* That it is right is the head's (unit/nn, and label_smoothing_is_its_definition for the other one); here, that it gets there. */
static void smoothing_reaches_masked_words(void **state)
{
    (void)state;
    static tiny_rows rows;
    static const hone_examples_ops ops = {get_labelled, tiny_length, NULL};
    double loss[2] = {0};
    hone_examples *data;
    hone_model *model;
    hone_metrics m = HONE_METRICS_INIT;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    o.vocab_size = TINY_VOCAB;
    o.config_overrides = "hidden_size=8,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=32";
    assert_ok(hone_examples_new(&data, &ops, &rows, 9));
    assert_ok(hone_model_from_config(&model, HONE_MASKED_LM, "bert", &o));
    for (int k = 0; k < 2; k++) {
        hone_trainer *t;
        hone_training_args a = quiet_args(test_temp("masked"));
        a.label_smoothing_factor = k * 0.2;
        assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.eval_dataset = data}));
        assert_ok(hone_trainer_evaluate(t, &m));
        assert_true(hone_metrics_get(&m, "eval_loss", &loss[k]));
        hone_trainer_free(t);
    }
    assert_true(fabs(loss[0] - loss[1]) > 1e-5); /* of 4.2: weights are small at first */
    hone_metrics_dispose(&m);
    hone_examples_free(data);
    hone_model_free(model);
}

static void options_reach_the_loader(void **state)
{
    (void)state;
    tiny_run run;
    hone_training_args a = quiet_args(test_temp("loader"));
    a.seed = 5;
    tiny_start(&run, 21, 0, &a, NULL);
    hone_loader_options o = hone__trainer_loader_options(run.trainer);
    assert_true(o.seed == 5 && o.batch_size == 4 && o.group_by_length == 0 && !o.drop_last && o.shuffle);
    tiny_end(&run);
    a.data_seed = 7;
    a.group_by_length = a.dataloader_drop_last = true;
    a.gradient_accumulation_steps = 3;
    tiny_start(&run, 21, 0, &a, NULL);
    o = hone__trainer_loader_options(run.trainer);
    assert_true(o.seed == 7 && o.drop_last);
    assert_int_equal(o.group_by_length, 12); /* the rows of an update are alike in length */
    tiny_end(&run);
}

/* Without --eval_steps evaluations come with the log. */
static void evaluations_come_with_the_log(void **state)
{
    (void)state;
    tiny_run run;
    hone_training_args a = quiet_args(test_temp("with-the-log"));
    a.max_steps = 7;
    a.logging_steps = 3;
    a.eval_strategy = HONE_STRATEGY_STEPS;
    tiny_start(&run, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(run.trainer));
    assert_int_equal(strncmp(logged(run.trainer, "eval_loss"), "3:", 2), 0);
    assert_non_null(strstr(logged(run.trainer, "eval_loss"), " 6:"));
    assert_null(strstr(logged(run.trainer, "eval_loss"), " 7:"));
    tiny_end(&run);
}

/* The steps at which there are evaluations of 3 epochs of 6 updates. */
static const char *evaluated_at(hone_strategy strategy, double delay)
{
    static char steps[64];
    tiny_run run;
    hone_training_args a = quiet_args(test_temp("delayed"));
    a.num_train_epochs = 3;
    a.eval_strategy = strategy;
    a.eval_steps = 6;
    a.eval_delay = delay;
    tiny_start(&run, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(run.trainer));
    *steps = '\0';
    for (const char *at = logged(run.trainer, "eval_loss"); *at; at = strchr(at, ' ') + 1)
        snprintf(steps + strlen(steps), sizeof(steps) - strlen(steps), "%d ", atoi(at));
    tiny_end(&run);
    return steps;
}

/* Counted in epochs or in steps, as the strategy is. */
static void evaluations_are_delayed(void **state)
{
    (void)state;
    assert_string_equal(evaluated_at(HONE_STRATEGY_EPOCH, 0), "6 12 18 ");
    assert_string_equal(evaluated_at(HONE_STRATEGY_EPOCH, 2), "12 18 ");
    assert_string_equal(evaluated_at(HONE_STRATEGY_STEPS, 2), "6 12 18 ");
    assert_string_equal(evaluated_at(HONE_STRATEGY_STEPS, 7), "12 18 ");
}

/* The loss falls, and more is better here: the first evaluation is the best, the second lowers the rate. What was evaluated before the first step does not count, as in the reference. */
static void a_schedule_follows_evaluations_of_steps(void **state)
{
    (void)state;
    tiny_run run;
    hone_training_args a = quiet_args(test_temp("plateau"));
    a.max_steps = 3;
    a.eval_strategy = HONE_STRATEGY_STEPS;
    a.eval_steps = 1;
    a.eval_on_start = true;
    a.lr_scheduler_type = HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU;
    a.lr_scheduler_kwargs = (char *)"mode=max,patience=0,factor=0.5";
    tiny_start(&run, 21, 9, &a, NULL);
    assert_ok(hone_trainer_train(run.trainer));
    assert_string_equal(logged(run.trainer, "learning_rate"), "1:0.003 2:0.003 3:0.0015 ");
    tiny_end(&run);
}

/* ---- stops ---- */

typedef struct halt {
    int64_t step;
    bool epoch, run; /* what is asked for, when that step's update is made */
} halt;

static hone_status ask(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                       const hone_metrics *metrics)
{
    const halt *h = payload;
    (void)metrics;
    if (event != HONE_ON_OPTIMIZER_STEP || state->global_step != h->step)
        return HONE_OK;
    control->should_epoch_stop = h->epoch;
    if (h->run)
        hone_trainer_request_stop(t);
    return HONE_OK;
}

/* Somebody ends the epoch at the very step at which the run is stopped: it ends when the run goes on. Speed is told of the steps that were made. */
static void an_epoch_that_was_to_end_ends_when_resumed(void **state)
{
    (void)state;
    tiny_run whole, part;
    hone_metrics m = HONE_METRICS_INIT;
    double seconds = 0, rate = 0;
    halt at = {1, true, false};
    hone_callback callback = {.name = "halt", .fn = ask, .payload = &at};
    hone_training_args a = quiet_args(test_temp("cut"));
    a.num_train_epochs = 2; /* 6 updates each */
    tiny_start(&whole, 21, 0, &a, &callback);
    assert_ok(hone_trainer_train(whole.trainer));
    a.output_dir = test_temp("cut-stopped");
    at.run = true;
    tiny_start(&part, 21, 0, &a, &callback);
    assert_int_equal(hone_trainer_train(part.trainer), HONE_CANCELLED);
    tiny_end(&part);
    a.resume_from_checkpoint = "true";
    tiny_start(&part, 21, 0, &a, NULL);
    assert_ok(hone_trainer_train(part.trainer));
    assert_int_equal(hone_trainer_get_state(whole.trainer)->global_step, 2 + 6);
    tiny_assert_same_log(whole.trainer, part.trainer);
    assert_ok(hone_trainer_train_metrics(part.trainer, &m));
    assert_true(hone_metrics_get(&m, "train_runtime", &seconds) && hone_metrics_get(&m, "train_steps_per_second", &rate));
    assert_true(fabs(seconds * rate - 6) < 1e-9);
    hone_metrics_dispose(&m);
    tiny_end(&part);
    tiny_end(&whole);
}

/* ---- checkpoints ---- */

/* The one of step 2 is told as soon as it is written, and not when the next one is due. Gives up after 500 steps, which last 50 seconds. */
static hone_status wait_for_it(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                               hone_trainer_control *control, const hone_metrics *metrics)
{
    bool *told = payload;
    (void)t, (void)metrics;
    if (event == HONE_ON_SAVE && state->global_step == 2)
        *told = true;
    if (event == HONE_ON_STEP_END && *told)
        control->should_training_stop = true;
    if (event == HONE_ON_STEP_BEGIN && state->global_step > 2)
        usleep(100000);
    if (event == HONE_ON_STEP_END && state->global_step == 2)
        control->should_save = true;
    return HONE_OK;
}

static void a_save_beside_is_told_when_it_is_done(void **state)
{
    (void)state;
    tiny_run run;
    bool told = false;
    hone_callback callback = {.name = "wait", .fn = wait_for_it, .payload = &told};
    hone_training_args a = quiet_args(test_temp("beside"));
    a.max_steps = 500;
    a.save_in_background = HONE_TRUE;
    a.save_only_model = true;
    tiny_start(&run, 21, 0, &a, &callback);
    assert_ok(hone_trainer_train(run.trainer));
    assert_true(told && hone_trainer_get_state(run.trainer)->global_step < 500);
    assert_true(hone__is_file(test_temp("beside/checkpoint-2/model.safetensors")));
    assert_false(hone__is_file(test_temp("beside/checkpoint-2/optimizer.safetensors"))); /* --save_only_model */
    tiny_end(&run);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(evaluation_has_no_dropout),
    cmocka_unit_test(gradients_are_clipped_to_the_norm),
    cmocka_unit_test(smoothing_reaches_masked_words),
    cmocka_unit_test(options_reach_the_loader),
    cmocka_unit_test(evaluations_come_with_the_log),
    cmocka_unit_test(evaluations_are_delayed),
    cmocka_unit_test(a_schedule_follows_evaluations_of_steps),
    cmocka_unit_test(an_epoch_that_was_to_end_ends_when_resumed),
    cmocka_unit_test(a_save_beside_is_told_when_it_is_done),
};
TEST_MAIN(tests)
