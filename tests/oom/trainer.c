/* Every allocation of a call to a trainer that has trained fails in turn, each call for itself: the trainer may be asked again and says the same. train.c has whole runs. */
#include "base/mem.h"
#include "unit/train/tiny.h"

static tiny_run run;

static void make_run(void)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    snprintf(run.folder, sizeof(run.folder), "%s", test_temp("run"));
    a.output_dir = run.folder;
    a.per_device_train_batch_size = 4;
    a.max_steps = 1;
    a.save_strategy = HONE_STRATEGY_NO;
    a.disable_tqdm = true;
    a.overwrite_output_dir = true;
    tiny_start(&run, 8, 4, &a, NULL);
}

static void make_trained(void)
{
    make_run();
    assert_ok(hone_trainer_train(run.trainer));
}

static void drop_run(void)
{
    tiny_end(&run);
}

static hone_status forecast(char *said, size_t room)
{
    hone_memory_forecast f;
    memset(&f, 1, sizeof(f));
    hone_status status = hone_trainer_forecast(&f, run.trainer);
    if (status == HONE_OK)
        snprintf(said, room, "%zu %zu %zu %zu %lld", f.parameters, f.gradients, f.moments, f.activations, (long long)f.tokens);
    else
        assert_true(f.parameters == 0 && f.own == 0);
    return status;
}

static void forecasts(void **state)
{
    (void)state;
    printf("%zu allocations before a run\n", test_oom_call(&(test_call){make_run, forecast, drop_run}));
    printf("%zu allocations after it\n", test_oom_call(&(test_call){make_trained, forecast, drop_run}));
}

/* A head of three classes: a language model has no whole logits. */
static void make_tagger(void)
{
    static const char *const labels[] = {"O", "B-X", "I-X", NULL};
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    o.vocab_size = TINY_VOCAB;
    o.labels = labels;
    o.config_overrides = "hidden_size=8,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=32";
    assert_ok(hone_model_from_config(&run.model, HONE_TOKEN_CLASSIFICATION, "bert", &o));
    run.data = NULL;
    run.eval = tiny_examples(4);
    a.disable_tqdm = true;
    assert_ok(hone_trainer_new(&run.trainer, run.model, &a, &(hone_trainer_options){.eval_dataset = run.eval}));
}

static hone_status predict(char *said, size_t room)
{
    hone_predictions p;
    memset(&p, 1, sizeof(p));
    hone_status status = hone_trainer_predict(run.trainer, run.eval, &p);
    if (status == HONE_OK)
        snprintf(said, room, "%lld %lld %a", (long long)p.n_items, (long long)p.n_labels, (double)p.logits[p.n_items * p.n_labels - 1]);
    hone_predictions_dispose(&p);
    return status;
}

static void predictions(void **state)
{
    (void)state;
    printf("%zu allocations\n", test_oom_call(&(test_call){make_tagger, predict, drop_run}));
}

static hone_status log_one(char *said, size_t room)
{
    static hone_metric own[] = {{"own", 3, false}};
    double value = 0;
    size_t before = hone_trainer_get_state(run.trainer)->n_logs;
    hone_status status = hone_trainer_log(run.trainer, &(hone_metrics){own, 1, 1});
    size_t n = hone_trainer_get_state(run.trainer)->n_logs;
    assert_true(n == before + 1 || (n == before && status != HONE_OK)); /* a callback that fails leaves the entry */
    if (status == HONE_OK) {
        const hone_metrics *entry = hone_trainer_log_entry(run.trainer, n - 1);
        assert_true(hone_metrics_get(entry, "own", &value));
        snprintf(said, room, "%zu numbers: %g", entry->n, value);
    }
    return status;
}

static hone_status tell_metrics(char *said, size_t room)
{
    hone_metrics m = HONE_METRICS_INIT;
    double loss = 0;
    hone_status status = hone_trainer_train_metrics(run.trainer, &m);
    if (status == HONE_OK) {
        assert_true(hone_metrics_get(&m, "train_loss", &loss));
        snprintf(said, room, "%zu %a", m.n, loss);
    } else {
        assert_int_equal(m.n, 0);
    }
    hone_metrics_dispose(&m);
    return status;
}

/* It asks for nothing. */
static hone_status remove_one(char *said, size_t room)
{
    HONE_TRY(hone_trainer_remove_callback(run.trainer, "DefaultFlowCallback"));
    snprintf(said, room, "%s", hone_trainer_callback_name(run.trainer, 0));
    return HONE_OK;
}

static void calls_after_a_run(void **state)
{
    (void)state;
    assert_true(test_oom_call(&(test_call){make_trained, log_one, drop_run}) > 1);
    assert_int_equal(test_oom_call(&(test_call){make_trained, tell_metrics, drop_run}), 1);
    assert_int_equal(test_oom_call(&(test_call){make_trained, remove_one, drop_run}), 0);
}

/* Over a model that is there: what was saved before is whole as long as the new one is not. */
static hone_status save(char *said, size_t room)
{
    size_t n;
    HONE_TRY(hone_trainer_save_model(run.trainer, test_temp("saved")));
    hone__mem_fail_at(0); /* reading has no failure of its own */
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *back;
    o.device = tiny_device();
    assert_ok(hone_model_from_pretrained(&back, HONE_CAUSAL_LM, test_temp("saved"), &o));
    float *a = tiny_weights(run.model, &n), *b = tiny_weights(back, &n);
    snprintf(said, room, "%zu weights, %g apart", n, tiny_distance(a, b, n));
    free(a);
    free(b);
    hone_model_free(back);
    return HONE_OK;
}

static void saving(void **state)
{
    (void)state;
    printf("%zu allocations of saving and reading\n", test_oom_call(&(test_call){make_trained, save, drop_run}));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(forecasts), cmocka_unit_test(predictions), cmocka_unit_test(calls_after_a_run),
                                          cmocka_unit_test(saving)};
TEST_MAIN(tests)
