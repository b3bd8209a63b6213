/* hone_training_args: the C initialiser and the table agree, spellings, ranges, combinations that are refused. */
#include "support/support.h"
#include "train/args/args.h"

#include <stdlib.h>

static void initialiser_is_the_table(void **state)
{
    (void)state;
    hone_training_args literal = HONE_TRAINING_ARGS_INIT, table;
    char *a, *b;
    assert_ok(hone_training_args_init(&table));
    assert_ok(hone_training_args_to_json(&a, &literal));
    assert_ok(hone_training_args_to_json(&b, &table));
    assert_string_equal(a, b);
    hone_free_text(a);
    hone_free_text(b);
    hone_training_args_dispose(&table);
}

/* Each byte of the struct belongs to a row (or is padding): a member without a row would not be copied. */
static void every_member_has_a_row(void **state)
{
    (void)state;
    static const size_t sizes[] = {sizeof(bool), sizeof(int64_t), sizeof(double), sizeof(char *), sizeof(hone_strings), sizeof(int), 0, 0};
    unsigned char seen[sizeof(hone_training_args)] = {0};
    size_t gap = 0;
    for (size_t i = 0; i < hone__training_table.n_rows; i++)
        memset(seen + hone__training_table.rows[i].offset, 1, sizes[hone__training_table.rows[i].type]);
    for (size_t i = 0; i < sizeof(seen); i++) {
        gap = seen[i] ? 0 : gap + 1;
        assert_true(gap < 8);
    }
}

static void spellings(void **state)
{
    (void)state;
    hone_training_args a;
    char *argv[] = {"--learning-rate", "1e-3", "--evaluation_strategy=epoch", "--lr_scheduler_type", "wsd",
                    "--warmup_ratio",  "0.1",  "--load_best_model_at_end"};
    assert_ok(hone_training_args_init(&a));
    assert_ok(hone_training_args_parse(&a, sizeof(argv) / sizeof(*argv), argv));
    assert_true(a.learning_rate == 1e-3 && a.warmup_ratio == 0.1 && hone__training_warmup(&a, 25) == 3 && a.load_best_model_at_end);
    assert_int_equal(a.eval_strategy, HONE_STRATEGY_EPOCH);
    assert_int_equal(a.lr_scheduler_type, HONE_SCHEDULE_WARMUP_STABLE_DECAY);
    assert_ok(hone_training_args_set(&a, "per_gpu_train_batch_size", "3"));
    assert_int_equal(a.per_device_train_batch_size, 3);
    hone_training_args_dispose(&a);
}

static void wrong_values_are_named(void **state)
{
    (void)state;
    hone_training_args a;
    assert_ok(hone_training_args_init(&a));
    assert_fails(HONE_INVALID_ARGUMENT, "learning_rate", hone_training_args_set(&a, "learning_rat", "1"));
    assert_fails(HONE_INVALID_ARGUMENT, "between 1 and", hone_training_args_set(&a, "per_device_train_batch_size", "0"));
    assert_fails(HONE_INVALID_ARGUMENT, "no, steps, epoch", hone_training_args_set(&a, "eval_strategy", "sometimes"));
    assert_fails(HONE_INVALID_ARGUMENT, "number", hone_training_args_set(&a, "weight_decay", "much"));
    hone_training_args_dispose(&a);
}

static void refuse(void (*change)(hone_training_args *), bool has_eval, const char *part)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    change(&a);
    assert_fails(HONE_INVALID_ARGUMENT, part, hone_training_args_check(&a, has_eval));
}

static void eval_without_data(hone_training_args *a)
{
    a->eval_strategy = HONE_STRATEGY_EPOCH;
}
static void best_without_eval(hone_training_args *a)
{
    a->load_best_model_at_end = true;
}
static void best_between_saves(hone_training_args *a)
{
    a->load_best_model_at_end = true;
    a->eval_strategy = HONE_STRATEGY_STEPS;
    a->eval_steps = 300;
}
static void long_warmup(hone_training_args *a)
{
    a->max_steps = 10, a->warmup_steps = 11;
}
static void no_steps(hone_training_args *a)
{
    a->max_steps = 0;
}
static void no_epochs(hone_training_args *a)
{
    a->num_train_epochs = 0;
}
static void two_precisions(hone_training_args *a)
{
    a->bf16 = a->fp16 = true;
}
static void logging_never(hone_training_args *a)
{
    a->logging_steps = 0;
}

static void combinations_are_refused(void **state)
{
    (void)state;
    refuse(eval_without_data, false, "validation data");
    refuse(best_without_eval, true, "load_best_model_at_end");
    refuse(best_between_saves, true, "multiple");
    refuse(long_warmup, true, "longer than the training");
    refuse(no_steps, true, "max_steps");
    refuse(no_epochs, true, "num_train_epochs");
    refuse(two_precisions, true, "exclude");
    refuse(logging_never, true, "logging_steps");
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    assert_ok(hone_training_args_check(&a, false));
}

static void help_names_every_option(void **state)
{
    (void)state;
    char *help;
    assert_ok(hone_training_args_help(&help));
    for (size_t i = 0; i < hone__training_table.n_rows; i++)
        assert_non_null(strstr(help, hone__training_table.rows[i].name));
    hone_free_text(help);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(initialiser_is_the_table), cmocka_unit_test(every_member_has_a_row),   cmocka_unit_test(spellings),
    cmocka_unit_test(wrong_values_are_named),   cmocka_unit_test(combinations_are_refused), cmocka_unit_test(help_names_every_option),
};
TEST_MAIN(tests)
