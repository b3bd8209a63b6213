/* Every allocation of a loop of one's own fails in turn, saving and loading its state and logging too; a sampler, a metric and callbacks of a user's are there when the trainer's fail. */
#include "unit/train/tiny.h"

#include <hone/accelerator.h>

static hone_status keep(const void *payload, hone_metrics *state)
{
    return hone_metrics_set(state, "x", *(const double *)payload);
}

static hone_status give_back(void *payload, const hone_metrics *state)
{
    return hone_metrics_get(state, "x", payload) ? HONE_OK : HONE_FORMAT;
}

static hone_status step(hone_accelerator *acc, hone_model *model, hone_loader *loader, hone_optimizer *opt)
{
    hone_batch batch;
    if (!hone_loader_next(loader, &batch))
        return hone_loader_status(loader);
    hone_tape *t = hone_accelerator_accumulate(acc);
    hone_output out = hone_model_forward(model, t, &batch);
    HONE_TRY(hone_accelerator_backward(acc, hone_model_loss(t, &out, &batch)));
    HONE_TRY(hone_accelerator_clip_grad_value(acc, 0.5));
    HONE_TRY(hone_accelerator_clip_grad_norm(acc, 1.0, NULL));
    HONE_TRY(hone_optimizer_step(opt));
    hone_optimizer_zero_grad(opt);
    return HONE_OK;
}

/* The same batch without a record. */
static hone_status look(hone_accelerator *acc, const hone_model *model, hone_loader *loader)
{
    hone_batch batch;
    HONE_TRY(hone_loader_start_epoch(loader, 0));
    if (!hone_loader_next(loader, &batch))
        return hone_loader_status(loader);
    hone_tape *t = hone_accelerator_inference(acc);
    hone_output out = hone_model_forward(model, t, &batch);
    hone_tensor *loss = hone_model_loss(t, &out, &batch);
    assert_int_equal(loss != NULL, hone_tape_status(t) == HONE_OK);
    return hone_tape_status(t);
}

static hone_model *shared_model; /* its gradients and caches are made before anything fails */

static hone_status run(void *payload)
{
    double x = 3;
    char folder[4096], logs[4096];
    hone_accelerator *acc = NULL;
    hone_loader *loader = NULL;
    hone_optimizer *opt = NULL;
    hone_scheduler *sched = NULL;
    hone_metrics values = HONE_METRICS_INIT;
    hone_status status;
    snprintf(folder, sizeof(folder), "%s", test_temp("state"));
    snprintf(logs, sizeof(logs), "%s", test_temp("logs"));
    HONE_GO(hone_loader_new(&loader, payload, NULL));
    HONE_GO(hone_optimizer_adamw_new(&opt, shared_model, NULL));
    HONE_GO(hone_scheduler_new(&sched, "constant", opt, NULL));
    HONE_GO(
        hone_accelerator_new(&acc, &(hone_accelerator_options){.gradient_accumulation_steps = 1, .log_with = "csv", .project_dir = logs}));
    HONE_GO(hone_accelerator_prepare(acc, shared_model, opt, &loader, NULL));
    hone_accelerator_prepare_scheduler(acc, sched);
    HONE_GO(hone_accelerator_register_for_checkpointing(acc, "x", keep, give_back, &x));
    HONE_GO(hone_metrics_set(&values, "loss", 1));
    HONE_GO(hone_accelerator_init_trackers(acc, "run", &values));
    HONE_GO(step(acc, shared_model, loader, opt));
    HONE_GO(look(acc, shared_model, loader));
    HONE_GO(hone_accelerator_log(acc, &values, 1));
    HONE_GO(hone_accelerator_save_state(acc, folder));
    HONE_GO(hone_accelerator_load_state(acc, folder));
    status = hone_accelerator_end_training(acc);
done:
    hone_metrics_dispose(&values);
    hone_accelerator_free(acc);
    hone_scheduler_free(sched);
    hone_optimizer_free(opt);
    hone_loader_free(loader);
    return status;
}

static void a_loop_of_ones_own(void **state)
{
    (void)state;
    hone_examples *data = tiny_examples(8);
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    o.for_training = true;
    o.vocab_size = TINY_VOCAB;
    o.config_overrides = "n_embd=8,n_layer=1,n_head=2,n_positions=32";
    assert_ok(hone_model_from_config(&shared_model, HONE_CAUSAL_LM, "gpt2", &o));
    assert_ok(run(data));
    printf("%zu allocations\n", test_oom(run, data));
    hone_model_free(shared_model);
    hone_examples_free(data);
}

/* ---- plug-ins ---- */

static hone_status nothing(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state, hone_trainer_control *control,
                           const hone_metrics *metrics)
{
    (void)payload, (void)t, (void)event, (void)state, (void)control, (void)metrics;
    return HONE_OK;
}

static void count_free(void *payload)
{
    ++*(int *)payload;
}

static hone_tensor *take_nll(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    (void)self;
    return hone_next_token_nll(t, out, batch);
}

static hone_status add(void *self, const hone_eval_prediction *p)
{
    *(double *)self += p->n > 0 ? (double)p->predictions[0] : 0;
    return HONE_OK;
}

static hone_status compute(void *self, hone_metrics *metrics)
{
    return hone_metrics_set(metrics, "own", *(double *)self);
}

static hone_status backwards(void *self, int64_t epoch, int64_t n_examples, int64_t *order, int64_t n)
{
    (void)self, (void)epoch;
    for (int64_t i = 0; i < n; i++)
        order[i] = n_examples - 1 - i;
    return HONE_OK;
}

static hone_status train(void *payload)
{
    int freed = 0;
    double x = 0;
    hone_trainer *t = NULL;
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_callback mine = {.name = "mine", .fn = nothing, .payload = &freed, .free = count_free};
    hone_trainer_options o = {.train_dataset = payload,
                              .eval_dataset = payload,
                              .callbacks = &mine,
                              .n_callbacks = 1,
                              .compute_metrics = {.self = &x, .add_batch = add, .compute = compute, .preprocess_logits = take_nll},
                              .train_sampler = {.order = backwards}};
    a.output_dir = test_temp("plugged");
    a.max_steps = 1;
    a.save_strategy = HONE_STRATEGY_NO;
    a.disable_tqdm = true;
    hone_status status = hone_trainer_new(&t, shared_model, &a, &o);
    if (status == HONE_OK)
        status = hone_trainer_add_callback(t, (hone_callback){.name = "more", .fn = nothing, .payload = &freed, .free = count_free});
    else
        freed++;
    if (status == HONE_OK && (status = hone_trainer_train(t)) == HONE_OK)
        status = hone_trainer_evaluate(t, &metrics);
    hone_metrics_dispose(&metrics);
    hone_trainer_free(t);
    assert_int_equal(freed, 2); /* handed over is freed, once, whatever fails */
    return status;
}

static void plug_ins(void **state)
{
    (void)state;
    hone_examples *data = tiny_examples(8);
    shared_model = tiny_model(true);
    assert_ok(train(data));
    printf("%zu allocations\n", test_oom(train, data));
    hone_model_free(shared_model);
    hone_examples_free(data);
}

/* ---- what gathers: of its calls only the one that pads asks for memory, a number for each process ---- */

static hone_accelerator *gatherer;
static hone_tensor *numbers;

static void make_gatherer(void)
{
    assert_ok(hone_accelerator_new(&gatherer, NULL));
    assert_ok(hone_tensor_from_floats(&numbers, (const float[]){1, 2, 3}, 1, (const int64_t[]){3}));
}

static void drop_gatherer(void)
{
    hone_tensor_free(numbers);
    hone_accelerator_free(gatherer);
}

static hone_status gather(char *said, size_t room)
{
    float a[3], b[3];
    double sum = 4;
    int32_t ids[3] = {5, 6, 7}, wide[3], all[3], widest;
    size_t n_a, n_b, n_ids;
    HONE_TRY(hone_accelerator_gather(gatherer, numbers, a, 3, &n_a));
    HONE_TRY(hone_accelerator_gather_for_metrics(gatherer, numbers, b, 3, &n_b));
    HONE_TRY(hone_accelerator_pad_across_processes(gatherer, ids, 1, 3, 0, false, wide, 3, &widest));
    HONE_TRY(hone_accelerator_gather_ints(gatherer, wide, 3, all, 3, &n_ids));
    HONE_TRY(hone_accelerator_reduce_sum(gatherer, &sum, 1));
    HONE_TRY(hone_accelerator_wait_for_everyone(gatherer));
    snprintf(said, room, "%zu %g %zu %g %d %zu %d %g", n_a, (double)a[2], n_b, (double)b[2], widest, n_ids, all[2], sum);
    return HONE_OK;
}

static void gathering(void **state)
{
    (void)state;
    assert_int_equal(test_oom_call(&(test_call){make_gatherer, gather, drop_gatherer}), 1);
    char said[80];
    make_gatherer();
    assert_ok(gather(said, sizeof(said)));
    assert_string_equal(said, "3 3 3 3 3 3 7 4");
    drop_gatherer();
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(a_loop_of_ones_own), cmocka_unit_test(plug_ins), cmocka_unit_test(gathering)};
TEST_MAIN(tests)
