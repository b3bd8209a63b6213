/* kill -9 at random moments, again and again until a run has ended; its end is that of a run that nobody killed, bit for bit. Every other run saves beside the training. The seed is printed: HONE_CRASH_SEED repeats it, HONE_CRASH_ROUNDS
 * asks for so many times as many kills. */
#include "support/crash.h"

#include <signal.h>

static void kill_at_random(const char *line, int n)
{
    uint64_t chance = crash_seed();
    char beside[2048];
    int n_kills[2] = {0, 0}, n_runs = 0;
    snprintf(beside, sizeof(beside), "%s" CRASH_BESIDE, line);
    crash_command();
    crash_make_data();
    double seconds = crash_run_whole(line, "whole");
    double again = crash_run_whole(line, "killed");
    seconds = again < seconds ? again : seconds;
    crash_remove("killed");
    for (; n_kills[0] + n_kills[1] < n || n_runs % 2; n_runs++)
        n_kills[n_runs % 2] += crash_until_it_ends(n_runs % 2 ? beside : line, seconds, &chance, &(int){SIGKILL}, 1);
    crash_remove("whole");
    printf("%d kills in %d runs of %.2f s, %d of them while checkpoints are written beside the training\n", n_kills[0] + n_kills[1], n_runs,
           seconds, n_kills[1]);
}

static void kills_at_random_moments(void **state)
{
    (void)state;
    kill_at_random(CRASH_GPT2
                   "--max_steps 60 --save_steps 5 --save_total_limit 2 --eval_strategy steps --eval_steps 5 --load_best_model_at_end",
                   60 * crash_rounds());
}

static void kills_of_an_encoder_at_random_moments(void **state)
{
    (void)state;
    kill_at_random(CRASH_BERT
                   "--num_train_epochs 5 --gradient_accumulation_steps 3 --save_steps 2 --save_total_limit 1 --eval_strategy epoch",
                   60 * crash_rounds());
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(kills_at_random_moments),
    cmocka_unit_test(kills_of_an_encoder_at_random_moments),
};
TEST_MAIN(tests)
