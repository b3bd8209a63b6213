/* What a user plugs into the trainer: a metric, a loss, a collator, a sampler, an optimizer with its schedule. Each is seen to be used, and a run with them is resumed to the bit. */
#include "tiny.h"

#include <hone/ops.h>

/* 21 rows by 4, two batches an update: 3 updates an epoch. */
static hone_training_args run_args(const char *folder)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.output_dir = folder;
    a.learning_rate = 3e-3;
    a.per_device_train_batch_size = 4;
    a.per_device_eval_batch_size = 4;
    a.gradient_accumulation_steps = 2;
    a.max_steps = 6;
    a.logging_steps = 1;
    a.save_steps = 2;
    a.disable_tqdm = true;
    return a;
}

static hone_status start(tiny_run *r, const hone_training_args *a, hone_trainer_options o)
{
    o.train_dataset = o.eval_dataset = r->data;
    return hone_trainer_new(&r->trainer, r->model, a, &o);
}

/* ---- a metric ---- */

typedef struct nll {
    double sum;
    int64_t n, n_batches, n_begun;
} nll;

static hone_tensor *take_nll(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    (void)self;
    return hone_next_token_nll(t, out, batch);
}

static hone_status begin_nll(void *self)
{
    ((nll *)self)->n_begun++;
    return HONE_OK;
}

static hone_status add_nll(void *self, const hone_eval_prediction *p)
{
    nll *s = self;
    assert_int_equal(p->width, 1);
    assert_int_equal(p->n, p->batch->n_tokens - p->batch->n_rows);
    assert_null(p->label_ids);
    for (int64_t i = 0; i < p->n; i++)
        s->sum += (double)p->predictions[i];
    s->n += p->n;
    s->n_batches++;
    return HONE_OK;
}

static hone_status mean_nll(void *self, hone_metrics *metrics)
{
    nll *s = self;
    return hone_metrics_set(metrics, "own_nll", s->sum / (double)s->n);
}

/* A whole number, then another value for one that is there. */
static hone_status count_and_replace(void *self, hone_metrics *metrics)
{
    HONE_TRY(hone_metrics_set_int(metrics, "own_nll", ((nll *)self)->n));
    return hone_metrics_set(metrics, "loss", 0.5);
}

static bool is_integer(const hone_metrics *metrics, const char *name)
{
    for (size_t i = 0; i < metrics->n; i++)
        if (strcmp(metrics->items[i].name, name) == 0)
            return metrics->items[i].is_integer;
    fail_msg("there is no %s", name);
    return false;
}

static const char *const nll_names[] = {"own_nll", NULL};

static void a_metric_of_ones_own(void **state)
{
    (void)state;
    nll s = {0};
    double loss, own;
    tiny_run r;
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_training_args a = run_args(test_temp("metric"));
    a.metric_for_best_model = "own_nll";
    a.greater_is_better = HONE_FALSE;
    hone_compute_metrics plug = {&s, begin_nll, add_nll, mean_nll, nll_names, take_nll};
    tiny_open(&r, 21, 0);
    assert_ok(start(&r, &a, (hone_trainer_options){.compute_metrics = plug}));
    assert_ok(hone_trainer_evaluate(r.trainer, &metrics));
    assert_true(hone_metrics_get(&metrics, "eval_loss", &loss) && hone_metrics_get(&metrics, "eval_own_nll", &own));
    assert_true(fabs(loss - own) < 1e-5 * loss); /* sums of float32 in another order */
    assert_int_equal(s.n_batches, 6);
    assert_int_equal(s.n_begun, 1);
    hone_trainer_free(r.trainer);
    plug.compute = count_and_replace;
    assert_ok(start(&r, &a, (hone_trainer_options){.compute_metrics = plug}));
    assert_ok(hone_trainer_evaluate(r.trainer, &metrics));
    assert_true(is_integer(&metrics, "eval_own_nll") && !is_integer(&metrics, "eval_loss"));
    assert_true(hone_metrics_get(&metrics, "eval_loss", &loss) && loss == 0.5);
    hone_trainer_free(r.trainer);
    plug.compute = mean_nll;
    plug.names = NULL;
    assert_fails(HONE_INVALID_ARGUMENT, "no metric \"own_nll\"", start(&r, &a, (hone_trainer_options){.compute_metrics = plug}));
    plug.compute = NULL;
    a.metric_for_best_model = NULL;
    assert_fails(HONE_INVALID_ARGUMENT, "no function compute", start(&r, &a, (hone_trainer_options){.compute_metrics = plug}));
    hone_metrics_dispose(&metrics);
    tiny_end(&r);
}

/* One evaluation after the other: no number, 2, 2 again, 1. */
static hone_status say_next(void *self, hone_metrics *metrics)
{
    static const double values[] = {NAN, 2, 2, 1};
    int *n = self;
    assert_true(*n < 4);
    return hone_metrics_set(metrics, "own_nll", values[(*n)++]);
}

static hone_status pass_over(void *self, const hone_eval_prediction *p)
{
    (void)self, (void)p;
    return HONE_OK;
}

/* As the reference has it: what is no number is never the best, and of equals the first one is. */
static void the_best_is_strictly_better(void **state)
{
    (void)state;
    int n = 0;
    tiny_run r;
    hone_training_args a = run_args(test_temp("strictly"));
    a.metric_for_best_model = "own_nll";
    a.eval_strategy = HONE_STRATEGY_STEPS;
    a.eval_steps = 1;
    a.max_steps = 4;
    tiny_open(&r, 21, 0);
    assert_ok(start(
        &r, &a, (hone_trainer_options){.compute_metrics = {.self = &n, .add_batch = pass_over, .compute = say_next, .names = nll_names}}));
    assert_ok(hone_trainer_train(r.trainer));
    const hone_trainer_state *s = hone_trainer_get_state(r.trainer);
    assert_true(s->has_best_metric && s->best_metric == 2);
    assert_int_equal(s->best_global_step, 2);
    tiny_end(&r);
}

/* ---- a loss, a collator, a sampler: together, and resumed ---- */

static hone_tensor *double_loss(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    (*(int *)self)++;
    return hone_scale(t, hone_sum(t, hone_next_token_nll(t, out, batch)), 2);
}

/* Hides every fourth token behind token 1, by its place. */
static hone_status hide(void *self, hone_batch *batch, int32_t *input_ids, int32_t *labels)
{
    (*(int *)self)++;
    memcpy(labels, input_ids, (size_t)batch->n_tokens * sizeof(*labels));
    for (int32_t i = 0; i < batch->n_tokens; i++)
        if (i % 4 == 3)
            input_ids[i] = 1;
    batch->labels = labels;
    return HONE_OK;
}

static hone_status backwards(void *self, int64_t epoch, int64_t n_examples, int64_t *order, int64_t n)
{
    (*(int *)self)++;
    for (int64_t i = 0; i < n; i++)
        order[i] = (2 * n_examples - 1 - i - epoch) % n_examples;
    return HONE_OK;
}

typedef struct plugs {
    int n_losses, n_collations, n_orders;
    hone_task task;
} plugs;

static hone_trainer_options all(plugs *p, tiny_run *r)
{
    *p = (plugs){.task = hone_task_default(r->model)};
    p->task.loss = double_loss;
    p->task.self = &p->n_losses;
    return (hone_trainer_options){
        .task = &p->task, .data_collator = {hide, &p->n_collations}, .train_sampler = {.order = backwards, .self = &p->n_orders}};
}

static int n_warned;
static void hear(void *payload, hone_log_level level, const char *line)
{
    (void)payload, (void)level;
    n_warned += strstr(line, "the sampler's order is another each time") != NULL;
}

static void a_run_with_plug_ins_is_resumed(void **state)
{
    (void)state;
    tiny_run whole, rest, plain;
    plugs p, q;
    char from[600];
    double loss, usual;
    hone_training_args a = run_args(test_temp("plugged"));
    tiny_open(&whole, 21, 0);
    assert_ok(start(&whole, &a, all(&p, &whole)));
    assert_ok(hone_trainer_train(whole.trainer));
    assert_int_equal(p.n_losses, 12); /* of the training alone: it does not say that it runs dry */
    assert_true(p.n_collations >= 12);
    assert_true(p.n_orders >= 2); /* once an epoch, and in the forecast of memory */

    snprintf(from, sizeof(from), "%s/checkpoint-4", test_temp("plugged"));
    hone_training_args b = run_args(test_temp("plugged-on"));
    b.resume_from_checkpoint = from;
    tiny_open(&rest, 21, 0);
    assert_ok(start(&rest, &b, all(&q, &rest)));
    assert_ok(hone_trainer_train(rest.trainer));
    tiny_assert_same_log(whole.trainer, rest.trainer);
    size_t n, m;
    float *x = tiny_weights(whole.model, &n), *y = tiny_weights(rest.model, &m);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n * sizeof(float));
    free(x);
    free(y);

    hone_training_args d = run_args(test_temp("plugged-shuffled")); /* an order that is another each time: going on warns */
    hone_trainer_options shuffled = all(&q, &rest);
    d.resume_from_checkpoint = from;
    shuffled.train_sampler.unrepeatable = true;
    hone_trainer_free(rest.trainer);
    hone_set_log(hear, NULL, HONE_LOG_WARNING);
    assert_ok(start(&rest, &d, shuffled));
    assert_ok(hone_trainer_train(rest.trainer));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_true(n_warned > 0);

    hone_training_args c = run_args(test_temp("plain")); /* twice the loss of the first step without the plug-in */
    hone_trainer_options without = all(&q, &rest);
    q.task.loss = NULL;
    tiny_open(&plain, 21, 0);
    assert_ok(start(&plain, &c, without));
    assert_ok(hone_trainer_train(plain.trainer));
    assert_true(hone_metrics_get(hone_trainer_log_entry(whole.trainer, 0), "loss", &loss));
    assert_true(hone_metrics_get(hone_trainer_log_entry(plain.trainer, 0), "loss", &usual));
    assert_true(fabs(loss - 2 * usual) < 1e-6 * loss);
    tiny_end(&plain);
    tiny_end(&rest);
    tiny_end(&whole);
}

static void a_sampler_excludes_group_by_length(void **state)
{
    (void)state;
    tiny_run r;
    int n = 0;
    hone_training_args a = run_args(test_temp("grouped"));
    a.group_by_length = true;
    tiny_open(&r, 21, 0);
    assert_fails(HONE_INVALID_ARGUMENT, "the sampler that was given",
                 start(&r, &a, (hone_trainer_options){.train_sampler = {.order = backwards, .self = &n}}));
    tiny_end(&r);
}

/* ---- an optimizer and a schedule ---- */

static double halves(void *self, int64_t step)
{
    (void)self;
    return step < 2 ? 1 : 0.5;
}

static void optimizers(void **state)
{
    (void)state;
    tiny_run r, other;
    hone_optimizer *opt;
    hone_scheduler *sched;
    double rate;
    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    hone_training_args a = run_args(test_temp("optimizers"));
    adamw.learning_rate = 0.004;
    tiny_open(&r, 21, 0);
    tiny_open(&other, 21, 0);
    assert_ok(hone_optimizer_adamw_new(&opt, r.model, &adamw));
    assert_ok(hone_scheduler_lambda_new(&sched, opt, halves, NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "of another optimizer", start(&r, &a, (hone_trainer_options){.scheduler = sched}));
    assert_fails(HONE_INVALID_ARGUMENT, "of another model", start(&other, &a, (hone_trainer_options){.optimizer = opt}));
    assert_ok(start(&r, &a, (hone_trainer_options){.optimizer = opt, .scheduler = sched}));
    assert_ok(hone_trainer_train(r.trainer));
    assert_ptr_equal(hone_trainer_optimizer(r.trainer), opt);
    assert_int_equal(hone_optimizer_n_steps(opt), 6);
    assert_int_equal(hone_scheduler_steps(sched), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(hone_metrics_get(hone_trainer_log_entry(r.trainer, i), "learning_rate", &rate));
        assert_true(rate == (i < 2 ? 0.004 : 0.002));
    }
    hone_trainer_free(r.trainer); /* leaves them */
    hone_scheduler_free(sched);
    assert_ok(start(&r, &a, (hone_trainer_options){.optimizer = opt})); /* a schedule of the trainer's own over it */
    assert_fails(HONE_INVALID_ARGUMENT, "no function", hone_scheduler_lambda_new(&sched, opt, NULL, NULL));
    hone_trainer_free(r.trainer);
    r.trainer = other.trainer = NULL;
    hone_optimizer_free(opt);
    tiny_end(&r);
    tiny_end(&other);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_metric_of_ones_own),
    cmocka_unit_test(the_best_is_strictly_better),
    cmocka_unit_test(a_run_with_plug_ins_is_resumed),
    cmocka_unit_test(a_sampler_excludes_group_by_length),
    cmocka_unit_test(optimizers),
};
TEST_MAIN(tests)
