/* For the tests that kill the command: a tiny run of hone train, as a process of its own, under the shim or killed from outside, and whether its end is that of another run. */
#ifndef HONE_TESTS_CRASH_H
#define HONE_TESTS_CRASH_H

#include "support/support.h"

#include <stdbool.h>

/* Tiny runs, to which the lengths and strategies of a test are added; crash_make_data makes what they read. */
/* clang-format off */
#define CRASH_GPT2                                                                                                             \
    "train causal-lm --tokenizer_name tok --config_overrides n_embd=16,n_layer=2,n_head=2,n_positions=32 "                     \
    "--train_file corpus.py --validation_file corpus.py --max_eval_samples 5 --block_size 16 --threads 1 --disable_tqdm "      \
    "--per_device_train_batch_size 4 --learning_rate 3e-3 --weight_decay 0.01 --logging_steps 2 "
#define CRASH_BERT                                                                                                             \
    "train token-classification --model_type bert --tokenizer_name words --config_overrides "                                  \
    "hidden_size=16,num_hidden_layers=2,num_attention_heads=2,intermediate_size=32,max_position_embeddings=32 --threads 1 "    \
    "--train_file train.conll --validation_file valid.conll --disable_tqdm "                                                   \
    "--per_device_train_batch_size 4 --learning_rate 3e-3 --logging_steps 2 "
/* clang-format on */

/* To be added: checkpoints are written by a thread of their own, whatever their size. */
#define CRASH_BESIDE " --save_in_background true"

/* How the process ended, and what it said. */
typedef struct crash_end {
    int status;      /* its exit status, -signal when one ended it */
    bool killed;     /* it got the signal */
    double seconds;  /* that it lived after the signal */
    char said[8192]; /* the last of its standard error */
} crash_end;

/* What the shim is to do; all 0: no shim. */
typedef struct crash_how {
    const char *root;   /* the folder whose files it looks at */
    long die_at;        /* the call that does not come back, 0: none */
    bool jumps;         /* the time of day does */
    bool syncs;         /* fsync is such a call too */
    bool beside;        /* only calls of threads beside the first one are */
    const char *refuse; /* calls that fail: "n:times:errno:kinds" (shim.c), NULL: none */
    const char
        *full; /* "a:b": files with one of these words in their names find the disk full once, when half of their first write is made */
    const char *log;     /* where the calls are recorded, NULL: nowhere */
    double kill_after;   /* seconds after which the process gets a signal, 0: never */
    const char *kill_at; /* they count from when this stands in its standard error, NULL: from its beginning */
    int signal;          /* which; 0: SIGKILL */
    const char *said_at; /* where standard error goes, NULL: a file of its own */
} crash_how;

/* The shim and the command, or the test is skipped. */
const char *crash_shim(void);
const char *crash_command(void);
/* A folder in memory where there is one, removed at exit: these tests write much. */
const char *crash_folder(void);

/* Runs the command with `line`, words that blanks separate. */
crash_end crash_run(const char *line, const crash_how *how);
/* The same until it succeeds, as a person would: going on from the newest checkpoint, and anew when there is none. Fails the test after `most` attempts. Gives the number of them. */
int crash_finish(const char *line, const char *output_dir, int most);

/* Runs it from its beginning to its end in an empty output folder, or fails the test. Gives the seconds. */
double crash_run_whole(const char *line, const char *output_dir);
void crash_remove(const char *output_dir);

/* Sends the run signals (the next of a row of n) at random moments of a run of `seconds` until it ends by itself, going on after each, and compares its end with that of "whole". Gives the number of signals. */
int crash_until_it_ends(const char *line, double seconds, uint64_t *chance, const int *signals, int n);

/* In crash_folder(): corpus.py and its tokenizer tok; train.conll and valid.conll, and of the same sentences classes.tsv, numbers.csv, sets.jsonl, lines.txt, squad.json, with their tokenizer words. */
void crash_make_data(void);

/* Fails the test unless the two output folders hold the same end of a run: weights, configuration, tokenizer and results to the byte, trainer_state.json and the results but for the times and the folders'
 * names. `what` is for the message. */
void crash_assert_same(const char *expected, const char *got, const char *what);

/* xorshift, for tests that draw: the seed is printed and HONE_CRASH_SEED repeats it. */
uint64_t crash_seed(void);
double crash_uniform(uint64_t *state);
/* HONE_CRASH_ROUNDS: how many times as much as in the ordinary run. */
int crash_rounds(void);

#endif
