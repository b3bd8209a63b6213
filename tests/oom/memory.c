/* Every allocation of a forecast fails in turn, and of a model that is filled after it: HONE_OUT_OF_MEMORY, and nothing is left behind. */
#include "unit/train/tiny.h"

static hone_status make_empty(hone_model **out)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    o.for_training = o.empty_weights = true;
    o.vocab_size = TINY_VOCAB;
    o.config_overrides = "hidden_size=8,num_hidden_layers=1,num_attention_heads=2,intermediate_size=16,max_position_embeddings=32";
    return hone_model_from_config(out, HONE_TOKEN_CLASSIFICATION, "bert", &o);
}

static hone_status forecast_and_fill(void *payload)
{
    hone_model *model = NULL;
    hone_memory_forecast f;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_status status;
    a.output_dir = payload;
    a.per_device_train_batch_size = 2;
    a.eval_strategy = HONE_STRATEGY_EPOCH;
    HONE_GO(make_empty(&model));
    HONE_GO(hone_model_forecast(&f, model, &a, 8));
    status = hone_model_fill(model);
done:
    hone_model_free(model);
    return status;
}

/* With the advice that is looked for where a run does not fit: the search runs over forecasts that fail too. */
static hone_status refuse(void *payload)
{
    hone_model *model = NULL;
    hone_memory_forecast f;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_status status;
    a.output_dir = payload;
    a.per_device_train_batch_size = 2;
    a.memory_limit = "1KB";
    HONE_GO(make_empty(&model));
    status = hone_model_forecast(&f, model, &a, 8);
    if (status == HONE_OUT_OF_MEMORY && strstr(hone_error_message(), "--memory_limit")) /* refused as it should be */
        status = HONE_OK;
done:
    hone_model_free(model);
    return status;
}

static void forecasts(void **state)
{
    (void)state;
    void *folder = (void *)test_temp("forecast");
    printf("%zu allocations of a forecast and a filled model\n", test_oom(forecast_and_fill, folder));
    assert_ok(refuse(folder));
    printf("%zu allocations of a refusal\n", test_oom(refuse, folder));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(forecasts)};
TEST_MAIN(tests)
