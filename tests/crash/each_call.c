/* kill -9 in place of every single call that changes a file, one after the other. Whoever then asks to go on gets the very run that was not killed: weights, history and results,
 * bit for bit. Of runs that save beside the training it is each call of the thread that writes. With HONE_CRASH_ROUNDS=2 every call of all runs, and every fsync. */
#include "support/crash.h"

/* Dies in place of the n-th call, for n = first, first + step, … until the run ends by itself. beside: of the calls that the thread makes which writes checkpoints. */
static void die_everywhere(const char *line, int first, int step, bool beside)
{
    char full[2048], what[64], root[600];
    long n = first, n_deaths = 0;
    crash_shim();
    crash_make_data();
    snprintf(root, sizeof(root), "%s/killed", crash_folder());
    crash_run_whole(line, "whole");
    crash_remove("killed");
    snprintf(full, sizeof(full), "%s --output_dir killed", line);
    for (;; n += step, n_deaths++) {
        crash_end end = crash_run(full, &(crash_how){.root = root, .die_at = n, .syncs = crash_rounds() > 1, .beside = beside});
        if (end.status == 0)
            break;
        if (end.status != -9)
            fail_msg("call %ld: status %d\n%s", n, end.status, end.said);
        snprintf(what, sizeof(what), "killed in place of call %ld", n);
        crash_finish(line, "killed", 1);
        crash_assert_same("whole", "killed", what);
        crash_remove("killed");
    }
    crash_remove("killed");
    crash_remove("whole");
    printf("%ld deaths%s\n", n_deaths, beside ? " of the thread that writes" : "");
    assert_true(n_deaths * step > (beside ? 40 : 80));
}

#define LM CRASH_GPT2 "--max_steps 6 --save_steps 2 --save_total_limit 1 --eval_strategy steps --eval_steps 2 --load_best_model_at_end"
#define TAGS                                                                                                                        \
    CRASH_BERT "--num_train_epochs 1.5 --gradient_accumulation_steps 3 --save_strategy epoch --save_total_limit 2 --eval_strategy " \
               "epoch"

static void every_call_may_be_the_last(void **state)
{
    (void)state;
    die_everywhere(LM, 1, 1, false);
}

static void every_call_beside_the_training_may_be_the_last(void **state)
{
    (void)state;
    die_everywhere(LM CRASH_BESIDE, 1, 1, true);
}

/* Epoch ends come on top of the last step's save: a checkpoint is written again. */
static void every_call_of_an_encoder_may_be_the_last(void **state)
{
    (void)state;
    die_everywhere(TAGS, 2, crash_rounds() > 1 ? 1 : 3, false);
}

static void every_call_beside_an_encoder_may_be_the_last(void **state)
{
    (void)state;
    die_everywhere(TAGS CRASH_BESIDE, 1, crash_rounds() > 1 ? 1 : 2, true);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_call_may_be_the_last),
    cmocka_unit_test(every_call_beside_the_training_may_be_the_last),
    cmocka_unit_test(every_call_of_an_encoder_may_be_the_last),
    cmocka_unit_test(every_call_beside_an_encoder_may_be_the_last),
};
TEST_MAIN(tests)
