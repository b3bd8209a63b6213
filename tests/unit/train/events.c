/* The events of a run, with the update that they belong to: what transformers' Trainer 4.57.3 (torch 2.15, one process, CPU) told a callback that wrote them down, in eight runs of a model of two parameters with the same
 * options, numbers of rows, and scores. A log tells which entry it is, an update's end the epoch. */
#include "tiny.h"

/* ---- the options that the reference ran with, beside: two rows a batch, four in an evaluation, learning rate and the like as they are ---- */

static void accumulate(hone_training_args *a)
{
    a->gradient_accumulation_steps = 2;
    a->num_train_epochs = 2;
    a->logging_steps = 2;
    a->eval_strategy = HONE_STRATEGY_EPOCH;
    a->save_steps = 3;
}

static void everything_at_a_step(hone_training_args *a)
{
    a->max_steps = 3;
    a->logging_steps = 1;
    a->logging_first_step = true;
    a->eval_strategy = HONE_STRATEGY_STEPS;
    a->eval_steps = 2;
    a->eval_on_start = true;
    a->save_steps = 2;
}

static void everything_at_epoch_ends(hone_training_args *a)
{
    a->num_train_epochs = 2;
    a->logging_strategy = a->eval_strategy = a->save_strategy = HONE_STRATEGY_EPOCH;
    a->load_best_model_at_end = true;
}

static void stop_early(hone_training_args *a)
{
    everything_at_epoch_ends(a);
    a->num_train_epochs = 5;
    a->metric_for_best_model = "score";
}

static void stop_inside_an_epoch(hone_training_args *a)
{
    a->num_train_epochs = 2;
    a->logging_steps = 100;
    a->eval_strategy = HONE_STRATEGY_STEPS;
    a->eval_steps = a->save_steps = 2;
    a->load_best_model_at_end = true;
    a->metric_for_best_model = "score";
}

static void half_an_epoch(hone_training_args *a)
{
    a->num_train_epochs = 1.5;
    a->logging_steps = 2;
    a->eval_strategy = a->save_strategy = HONE_STRATEGY_EPOCH;
}

static void save_the_best(hone_training_args *a)
{
    a->num_train_epochs = 2;
    a->logging_steps = 3;
    a->eval_strategy = HONE_STRATEGY_STEPS;
    a->eval_steps = 2;
    a->save_strategy = HONE_STRATEGY_BEST;
    a->metric_for_best_model = "score";
}

static void delay(hone_training_args *a)
{
    a->num_train_epochs = 3;
    a->gradient_accumulation_steps = 4;
    a->logging_strategy = a->eval_strategy = HONE_STRATEGY_EPOCH;
    a->logging_first_step = true;
    a->eval_delay = 2;
    a->save_strategy = HONE_STRATEGY_NO;
}

typedef struct events_case {
    const char *name;
    void (*set)(hone_training_args *a);
    int64_t rows, eval_rows, patience; /* 0: no early stopping */
    double scores[5];                  /* of the evaluations; the first is 0: there are none */
    const char *expected;
} events_case;

static const events_case cases[] = {
    {"accumulation",
     accumulate,
     10,
     4,
     0,
     {0},
     "init_end 0, train_begin 0, "
     "epoch_begin 0, "
     "step_begin 0, substep_end 0, pre_optimizer_step 0, optimizer_step 0, step_end 1 0.4, "
     "step_begin 1, substep_end 1, pre_optimizer_step 1, optimizer_step 1, step_end 2 0.8, log 2 loss, "
     "step_begin 2, pre_optimizer_step 2, optimizer_step 2, step_end 3 1, save 3, "
     "epoch_end 3, prediction_step 3, log 3 eval, evaluate 3, "
     "epoch_begin 3, "
     "step_begin 3, substep_end 3, pre_optimizer_step 3, optimizer_step 3, step_end 4 1.4, log 4 loss, "
     "step_begin 4, substep_end 4, pre_optimizer_step 4, optimizer_step 4, step_end 5 1.8, "
     "step_begin 5, pre_optimizer_step 5, optimizer_step 5, step_end 6 2, log 6 loss, save 6, "
     "epoch_end 6, prediction_step 6, log 6 eval, evaluate 6, log 6 summary, train_end 6, "},
    {"all at one step",
     everything_at_a_step,
     8,
     4,
     0,
     {0},
     "init_end 0, train_begin 0, prediction_step 0, log 0 eval, evaluate 0, "
     "epoch_begin 0, "
     "step_begin 0, pre_optimizer_step 0, optimizer_step 0, step_end 1 0.25, log 1 loss, "
     "step_begin 1, pre_optimizer_step 1, optimizer_step 1, step_end 2 0.5, log 2 loss, prediction_step 2, log 2 eval, evaluate 2, save 2, "
     "step_begin 2, pre_optimizer_step 2, optimizer_step 2, step_end 3 0.75, log 3 loss, save 3, "
     "epoch_end 3, log 3 summary, train_end 3, "},
    {"epoch ends",
     everything_at_epoch_ends,
     4,
     6,
     0,
     {0},
     "init_end 0, train_begin 0, "
     "epoch_begin 0, "
     "step_begin 0, pre_optimizer_step 0, optimizer_step 0, step_end 1 0.5, "
     "step_begin 1, pre_optimizer_step 1, optimizer_step 1, step_end 2 1, "
     "epoch_end 2, log 2 loss, prediction_step 2, prediction_step 2, log 2 eval, evaluate 2, save 2, "
     "epoch_begin 2, "
     "step_begin 2, pre_optimizer_step 2, optimizer_step 2, step_end 3 1.5, "
     "step_begin 3, pre_optimizer_step 3, optimizer_step 3, step_end 4 2, "
     "epoch_end 4, log 4 loss, prediction_step 4, prediction_step 4, log 4 eval, evaluate 4, save 4, log 4 summary, train_end 4, "},
    {"early stopping",
     stop_early,
     4,
     4,
     2,
     {0.5, 0.4, 0.3, 0.2, 0.1},
     "init_end 0, train_begin 0, "
     "epoch_begin 0, "
     "step_begin 0, pre_optimizer_step 0, optimizer_step 0, step_end 1 0.5, "
     "step_begin 1, pre_optimizer_step 1, optimizer_step 1, step_end 2 1, "
     "epoch_end 2, log 2 loss, prediction_step 2, log 2 eval, evaluate 2, save 2, "
     "epoch_begin 2, "
     "step_begin 2, pre_optimizer_step 2, optimizer_step 2, step_end 3 1.5, "
     "step_begin 3, pre_optimizer_step 3, optimizer_step 3, step_end 4 2, "
     "epoch_end 4, log 4 loss, prediction_step 4, log 4 eval, evaluate 4, save 4, "
     "epoch_begin 4, "
     "step_begin 4, pre_optimizer_step 4, optimizer_step 4, step_end 5 2.5, "
     "step_begin 5, pre_optimizer_step 5, optimizer_step 5, step_end 6 3, "
     "epoch_end 6, log 6 loss, prediction_step 6, log 6 eval, evaluate 6, save 6, log 6 summary, train_end 6, "},
    {"early stopping inside an epoch",
     stop_inside_an_epoch,
     12,
     4,
     1,
     {0.5, 0.4, 0.3, 0.2, 0.1},
     "init_end 0, train_begin 0, "
     "epoch_begin 0, "
     "step_begin 0, pre_optimizer_step 0, optimizer_step 0, step_end 1 0.1667, "
     "step_begin 1, pre_optimizer_step 1, optimizer_step 1, step_end 2 0.3333, prediction_step 2, log 2 eval, evaluate 2, save 2, "
     "step_begin 2, pre_optimizer_step 2, optimizer_step 2, step_end 3 0.5, "
     "step_begin 3, pre_optimizer_step 3, optimizer_step 3, step_end 4 0.6667, prediction_step 4, log 4 eval, evaluate 4, save 4, "
     "epoch_end 4, log 4 summary, train_end 4, "},
    {"half an epoch",
     half_an_epoch,
     8,
     4,
     0,
     {0},
     "init_end 0, train_begin 0, "
     "epoch_begin 0, "
     "step_begin 0, pre_optimizer_step 0, optimizer_step 0, step_end 1 0.25, "
     "step_begin 1, pre_optimizer_step 1, optimizer_step 1, step_end 2 0.5, log 2 loss, "
     "step_begin 2, pre_optimizer_step 2, optimizer_step 2, step_end 3 0.75, "
     "step_begin 3, pre_optimizer_step 3, optimizer_step 3, step_end 4 1, log 4 loss, "
     "epoch_end 4, prediction_step 4, log 4 eval, evaluate 4, save 4, "
     "epoch_begin 4, "
     "step_begin 4, pre_optimizer_step 4, optimizer_step 4, step_end 5 1.25, "
     "step_begin 5, pre_optimizer_step 5, optimizer_step 5, step_end 6 1.5, log 6 loss, "
     "epoch_end 6, prediction_step 6, log 6 eval, evaluate 6, save 6, log 6 summary, train_end 6, "},
    {"the best is saved",
     save_the_best,
     8,
     4,
     0,
     {0.5, 0.4, 0.6, 0.7},
     "init_end 0, train_begin 0, "
     "epoch_begin 0, "
     "step_begin 0, pre_optimizer_step 0, optimizer_step 0, step_end 1 0.25, "
     "step_begin 1, pre_optimizer_step 1, optimizer_step 1, step_end 2 0.5, prediction_step 2, log 2 eval, evaluate 2, save 2, "
     "step_begin 2, pre_optimizer_step 2, optimizer_step 2, step_end 3 0.75, log 3 loss, "
     "step_begin 3, pre_optimizer_step 3, optimizer_step 3, step_end 4 1, prediction_step 4, log 4 eval, evaluate 4, "
     "epoch_end 4, "
     "epoch_begin 4, "
     "step_begin 4, pre_optimizer_step 4, optimizer_step 4, step_end 5 1.25, "
     "step_begin 5, pre_optimizer_step 5, optimizer_step 5, step_end 6 1.5, log 6 loss, prediction_step 6, log 6 eval, evaluate 6, save 6, "
     "step_begin 6, pre_optimizer_step 6, optimizer_step 6, step_end 7 1.75, "
     "step_begin 7, pre_optimizer_step 7, optimizer_step 7, step_end 8 2, prediction_step 8, log 8 eval, evaluate 8, save 8, "
     "epoch_end 8, log 8 summary, train_end 8, "},
    {"delay",
     delay,
     6,
     4,
     0,
     {0},
     "init_end 0, train_begin 0, "
     "epoch_begin 0, "
     "step_begin 0, substep_end 0, substep_end 0, pre_optimizer_step 0, optimizer_step 0, step_end 1 1, log 1 loss, "
     "epoch_end 1, "
     "epoch_begin 1, "
     "step_begin 1, substep_end 1, substep_end 1, pre_optimizer_step 1, optimizer_step 1, step_end 2 2, "
     "epoch_end 2, log 2 loss, prediction_step 2, log 2 eval, evaluate 2, "
     "epoch_begin 2, "
     "step_begin 2, substep_end 2, substep_end 2, pre_optimizer_step 2, optimizer_step 2, step_end 3 3, "
     "epoch_end 3, log 3 loss, prediction_step 3, log 3 eval, evaluate 3, log 3 summary, train_end 3, "},
};

/* ---- writing them down ---- */

static const char *const names[] = {
#define X(name, text) text,
    HONE_EVENT_MAP(X)
#undef X
};

static const char *kind_of(const hone_metrics *entry)
{
    double value;
    return hone_metrics_get(entry, "train_runtime", &value) ? "summary" : hone_metrics_get(entry, "eval_loss", &value) ? "eval" : "loss";
}

static hone_status record(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                          const hone_metrics *metrics)
{
    hone_str *text = payload;
    (void)t, (void)control;
    hone__str_printf(text, "%s %lld", names[event] + 3, (long long)state->global_step);
    if (event == HONE_ON_STEP_END)
        hone__str_printf(text, " %.4g", state->epoch);
    if (event == HONE_ON_LOG)
        hone__str_printf(text, " %s", kind_of(metrics));
    hone__str_puts(text, ", ");
    return HONE_OK;
}

/* ---- scores ---- */

static hone_status add_batch(void *self, const hone_eval_prediction *p)
{
    (void)self, (void)p;
    return HONE_OK;
}

static hone_status next_score(void *self, hone_metrics *out)
{
    const double **next = self;
    return hone_metrics_set(out, "score", *(*next)++);
}

static void run_case(hone_str *text, const events_case *c)
{
    static const char *const given[] = {"score", NULL};
    const double *next = c->scores;
    hone_early_stopping stopping = {.patience = c->patience};
    hone_callback callbacks[] = {{.fn = record, .payload = text}, hone_early_stopping_callback(&stopping)};
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    tiny_run r;
    a.output_dir = test_temp("events");
    a.overwrite_output_dir = true;
    a.per_device_train_batch_size = 2;
    a.per_device_eval_batch_size = 4;
    a.disable_tqdm = true;
    c->set(&a);
    tiny_open(&r, c->rows, c->eval_rows);
    hone_trainer_options o = {.train_dataset = r.data, .eval_dataset = r.eval, .callbacks = callbacks, .n_callbacks = c->patience ? 2 : 1};
    if (*c->scores > 0)
        o.compute_metrics = (hone_compute_metrics){.self = &next, .add_batch = add_batch, .compute = next_score, .names = given};
    assert_ok(hone_trainer_new(&r.trainer, r.model, &a, &o));
    assert_ok(hone_trainer_train(r.trainer));
    tiny_end(&r);
}

static void events_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        hone_str text = HONE_STR_INIT;
        run_case(&text, &cases[i]);
        assert_ok(hone__str_status(&text));
        if (strcmp(text.data, cases[i].expected) != 0)
            fail_msg("%s:\n%s\nthe reference:\n%s", cases[i].name, text.data, cases[i].expected);
        hone__str_dispose(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(events_are_the_references)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
