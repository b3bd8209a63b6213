/* The numbers of a run: tokens, padding that was not computed, the model's arithmetic against a count by hand. */
#include "tiny.h"

/* Six rows of the tiny GPT-2 (C 16, L 2, V 64), one update of all: lengths are 3, 10, 17, 24, 9, 16. */
static void counted_by_hand(void **state)
{
    const double lengths[] = {3, 10, 17, 24, 9, 16};
    double tokens = 0, squares = 0, predicted = 0;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_trainer *t = NULL;
    hone_metrics m = HONE_METRICS_INIT;
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(6);
    double value;
    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(tiny_length(NULL, i), (int)lengths[i]);
        tokens += lengths[i], squares += lengths[i] * lengths[i], predicted += lengths[i] - 1;
    }
    a.output_dir = test_temp("run");
    a.per_device_train_batch_size = 6;
    a.max_steps = 2;
    a.disable_tqdm = true;
    a.include_tokens_per_second = true;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    assert_ok(hone_trainer_train(t));
    assert_true(t->throughput.rows == 12);
    assert_true(t->throughput.tokens == 2 * tokens);
    assert_true(t->throughput.padded == 2 * 6 * 24);
    double layers = 2.0 * 12 * 16 * 16; /* q k v, o and the two of the feed-forward net: 12 C^2 a layer */
    double flops = 6 * layers * tokens + 6 * 16.0 * 64 * predicted + 6 * 16.0 * 2 * squares;
    assert_true(fabs(t->throughput.flops / (2 * flops) - 1) < 1e-12);
    assert_true(t->throughput.seconds > 0 && t->throughput.seconds <= t->train_seconds);
    assert_ok(hone_trainer_train_metrics(t, &m));
    assert_true(hone_metrics_get(&m, "train_tokens_per_second", &value) && fabs(value * t->train_seconds / (2 * tokens) - 1) < 1e-9);
    hone_metrics_dispose(&m);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(counted_by_hand)};
TEST_MAIN(tests)
