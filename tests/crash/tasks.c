/* Every task, stopped by SIGTERM, SIGINT, SIGHUP and SIGKILL at random moments, gone on with after each, ends as the run that nobody stopped, bit for bit: weights, history, results. Between
 * them the runs have what there is to lose: dropout, drawn masks, class weights, tables by rows (BERT's words) with and without weight decay, accumulation, epochs that end inside a
 * group, parts of epochs, the best model, early stopping, schedules that follow a metric, moments of other optimizers. Half of them save beside the training, and some are run in bfloat16 too. And
 * whoever stops while the data are prepared does not wait. */
#include "support/crash.h"

#include "base/file.h"
#include <hone/tape.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* clang-format off */
#define MODEL                                                                                                                  \
    "--model_type bert --tokenizer_name words --config_overrides "                                                             \
    "hidden_size=16,num_hidden_layers=2,num_attention_heads=2,intermediate_size=32,max_position_embeddings=32 "                 \
    "--threads 1 --disable_tqdm --per_device_train_batch_size 4 --learning_rate 3e-3 --logging_steps 3 "
/* clang-format on */

static const struct task_run {
    const char *name, *line;
    bool beside; /* where it is stopped it saves beside the training */
    bool bf16;   /* once more in bfloat16 */
} runs[] = {
    {"token classification, decay, the best of the epochs",
     "train token-classification " MODEL "--train_file train.conll --validation_file valid.conll --weight_decay 0.1 --num_train_epochs 5 "
     "--eval_strategy epoch --save_strategy epoch --load_best_model_at_end --metric_for_best_model f1 --save_total_limit 1",
     true, true},
    {"token classification, two threads, parts of epochs in groups of three",
     "train token-classification " MODEL "--threads 2 --train_file train.conll --num_train_epochs 3.4 --gradient_accumulation_steps 3 "
     "--lr_scheduler_type cosine --warmup_steps 0.1 --save_steps 4 --validation_file valid.conll --eval_strategy steps --eval_steps 3",
     false, false},
    {"one class a text, weighted, without the last batch",
     "train text-classification " MODEL
     "--train_file classes.tsv --validation_file classes.tsv --class_weights balanced --dataloader_drop_last "
     "--label_smoothing_factor 0.1 --num_train_epochs 4 --save_strategy no --eval_strategy epoch",
     false, true},
    {"several labels a text, early stopping",
     "train text-classification " MODEL
     "--train_file sets.jsonl --validation_file sets.jsonl --max_steps 60 --eval_strategy steps --eval_steps 4 "
     "--early_stopping_patience 2 --early_stopping_threshold 0.05 --save_steps 4 --save_total_limit 1 --load_best_model_at_end",
     true, false},
    {"a number a text, a schedule that follows the metric",
     "train text-classification " MODEL "--train_file numbers.csv --validation_file numbers.csv --do_regression --num_train_epochs 4 "
     "--lr_scheduler_type reduce_lr_on_plateau --lr_scheduler_kwargs patience=0 --eval_strategy steps --eval_steps 3 --save_steps 3 "
     "--metric_for_best_model loss --load_best_model_at_end",
     false, false},
    {"questions by length, with noise on their embeddings",
     "train question-answering " MODEL "--train_file squad.json --validation_file squad.json --max_seq_length 16 --doc_stride 4 "
     "--num_train_epochs 3 --gradient_accumulation_steps 2 --save_steps 3 --include_num_input_tokens_seen --group_by_length "
     "--neftune_noise_alpha 5",
     true, true},
    {"the next token",
     CRASH_GPT2 "--num_train_epochs 3 --save_steps 7 --gradient_accumulation_steps 2 --eval_strategy epoch --logging_first_step", false,
     true},
    {"the next token, only better ones are saved",
     CRASH_GPT2
     "--max_steps 24 --save_strategy best --metric_for_best_model loss --eval_strategy steps --eval_steps 3 --load_best_model_at_end",
     true, false},
    {"the next token, key tokens", CRASH_GPT2 "--loss keytoken --key_tokens return,def --max_steps 30 --save_steps 11 --eval_on_start",
     false, false},
    {"masked tokens, activations computed again",
     "train masked-lm " MODEL "--train_file lines.txt --validation_file lines.txt --line_by_line --num_train_epochs 4 "
     "--max_seq_length 16 --save_steps 5 --eval_strategy epoch --gradient_checkpointing",
     false, true},
    {"one class a text, by length in groups of three, momentum and noise",
     "train text-classification " MODEL
     "--train_file classes.tsv --validation_file classes.tsv --optim sgd --optim_args momentum=0.9 --weight_decay 0.01 --group_by_length "
     "--gradient_accumulation_steps 3 --neftune_noise_alpha 5 --label_smoothing_factor 0.1 --num_train_epochs 5 --save_steps 4",
     true, false},
    {"token classification, RMSprop",
     "train token-classification " MODEL "--train_file train.conll --num_train_epochs 3 --save_steps 5 --optim rmsprop --optim_args "
     "centered=true,momentum=0.9 --learning_rate 1e-3",
     false, false},
    {"masked words in blocks, another optimizer",
     "train masked-lm " MODEL
     "--train_file lines.txt --whole_word_mask --max_seq_length 16 --num_train_epochs 5 --save_steps 5 --optim adafactor",
     true, false},
};

/* How it is saved makes no difference to the whole run; then it is stopped, `least` times or more. */
static void stop_again_and_again(const char *name, const char *line, bool beside, int least, uint64_t *chance)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGKILL, SIGHUP};
    char other[2048];
    int n_sent = 0, n_runs = 0;
    snprintf(other, sizeof(other), "%s" CRASH_BESIDE, line);
    double seconds = crash_run_whole(line, "whole"), again = crash_run_whole(other, "killed");
    seconds = again < seconds ? again : seconds;
    crash_assert_same("whole", "killed", line);
    crash_remove("killed");
    for (; n_sent < least * crash_rounds(); n_runs++)
        n_sent += crash_until_it_ends(beside ? other : line, seconds, chance, signals, 4);
    printf("%s: %d signals in %d runs of %.2f s\n", name, n_sent, n_runs, seconds);
}

static void every_task_goes_on(void **state)
{
    (void)state;
    uint64_t chance = crash_seed();
    crash_command();
    crash_make_data();
    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++)
        stop_again_and_again(runs[i].name, runs[i].line, runs[i].beside, 8, &chance);
}

static bool multiplies_in_bf16(void)
{
    hone_device *device = NULL;
    assert_ok(hone_device_open(&device, &(hone_device_options){"cpu", 1}));
    bool found = strstr(hone_device_describe(device), "BF16") != NULL;
    hone_device_free(device);
    return found;
}

static uint64_t hash_of_weights(const char *output_dir)
{
    char path[600];
    uint64_t hash, size;
    snprintf(path, sizeof(path), "%s/%s/model.safetensors", crash_folder(), output_dir);
    assert_ok(hone__hash_file(&hash, &size, path));
    return hash;
}

/* Products of fewer than 32 columns stay in fp32. */
#define WIDER_GPT2 "--config_overrides n_embd=32,n_layer=2,n_head=2,n_positions=32"
#define WIDER_BERT \
    "--config_overrides hidden_size=32,num_hidden_layers=2,num_attention_heads=2,intermediate_size=64,max_position_embeddings=32"

static void every_task_goes_on_in_bfloat16(void **state)
{
    (void)state;
    uint64_t chance = crash_seed();
    char line[2048];
    crash_command();
    if (!multiplies_in_bf16())
        test_skip("this CPU does not multiply in bfloat16");
    crash_make_data();
    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        if (!runs[i].bf16)
            continue;
        snprintf(line, sizeof(line), "%s %s", runs[i].line, strstr(runs[i].line, "--model_type bert") ? WIDER_BERT : WIDER_GPT2);
        crash_run_whole(line, "whole");
        uint64_t in_fp32 = hash_of_weights("whole");
        strcat(line, " --bf16");
        stop_again_and_again(runs[i].name, line, !runs[i].beside, 5, &chance);
        assert_true(hash_of_weights("whole") != in_fp32); /* or nothing was tested */
    }
}

static void assert_there(const char *folder, const char *name, bool expected)
{
    char path[1400];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (hone__is_dir(path) != expected)
        fail_msg("%s is %s", path, expected ? "missing" : "still there");
}

/* A clock that is set while a run is on its way changes nothing but dates; which checkpoints are kept, and which is the newest, follows from their numbers. */
static void clock_jumps_have_no_effect(void **state)
{
    (void)state;
    char root[700];
    uint64_t chance = crash_seed();
    crash_shim();
    crash_make_data();
    crash_run_whole(CRASH_GPT2 "--max_steps 12 --save_steps 2 --save_total_limit 2", "whole");
    snprintf(root, 600, "%s/killed", crash_folder());
    const char *line = CRASH_GPT2 "--max_steps 12 --save_steps 2 --save_total_limit 2 --output_dir killed";
    for (int i = 0; i < 4; i++) {
        hone_str text = HONE_STR_INIT;
        bool there = access(root, F_OK) == 0;
        hone__str_printf(&text, "%s%s", line, there ? " --resume_from_checkpoint true" : "");
        long die_at = i < 3 ? 150 + (long)(100 * crash_uniform(&chance)) : 0;
        crash_end end = crash_run(text.data, &(crash_how){.root = root, .die_at = die_at, .jumps = true});
        if (end.status != (die_at ? -SIGKILL : 0) && end.status != 0)
            fail_msg("status %d\n%s", end.status, end.said);
        hone__str_dispose(&text);
    }
    crash_assert_same("whole", "killed", "with a clock that jumps");
    assert_there(root, "checkpoint-8", false);
    assert_there(root, "checkpoint-10", true);
    assert_there(root, "checkpoint-12", true);
    json_t *results = test_read_json(strcat(root, "/train_results.json"));
    double seconds = json_number_value(json_object_get(results, "train_runtime"));
    assert_true(seconds >= 0 && seconds < 100);
    json_decref(results);
    crash_remove("killed");
}

/* ---- before the first step ---- */

/* A corpus that takes seconds to tokenize. */
static void make_long_files(void)
{
    char path[600];
    hone_str text = HONE_STR_INIT;
    for (uint64_t i = 0; i < 500000; i++) { /* words that no cache knows */
        uint64_t word = i * 0x9e3779b97f4a7c15u;
        hone__str_printf(&text, "x%llx = function%llx(argument%llx)\n", (unsigned long long)word, (unsigned long long)(word * 3),
                         (unsigned long long)(word * 5));
    }
    snprintf(path, sizeof(path), "%s/long.py", crash_folder());
    test_write(path, text.data, text.len);
    hone__str_clear(&text);
    for (int i = 0; i < 1500000; i++)
        hone__str_printf(&text, "anna O\n%s B-LOC\n. O\n\n", i % 3 ? "paris" : "oslo");
    snprintf(path, sizeof(path), "%s/long.conll", crash_folder());
    test_write(path, text.data, text.len);
    hone__str_dispose(&text);
}

static void stop_while_preparing(const char *line, double after)
{
    crash_end end = crash_run(line, &(crash_how){.kill_at = "computing on ", .kill_after = after, .signal = SIGINT});
    printf("stopped after %.1f s of preparation: %.0f ms\n", after, end.seconds * 1e3);
    if (!end.killed || end.status != 130 || !strstr(end.said, "stopped before the first step") || strstr(end.said, " training and "))
        fail_msg("status %d, %s\n%s", end.status, end.killed ? "stopped" : "it ended before it was stopped", end.said);
    assert_true(end.seconds < 2); /* milliseconds on a machine that has time; the preparation takes several seconds */
}

static void a_stop_does_not_wait_for_the_data(void **state)
{
    (void)state;
    char cache[600];
    hone_file_list files;
    crash_command();
    crash_make_data();
    make_long_files();
    for (double after = 0.1; after < 0.35; after += 0.1) {
        stop_while_preparing(
            "train causal-lm --tokenizer_name tok --config_overrides n_embd=16,n_layer=1,n_head=2,n_positions=32 --train_file "
            "long.py --block_size 16 --threads 1 --preprocessing_num_workers 1 --output_dir never",
            after);
        stop_while_preparing("train token-classification " MODEL "--train_file long.conll --preprocessing_num_workers 1 --output_dir never",
                             after);
    }
    snprintf(cache, sizeof(cache), "%s/cache", crash_folder());
    assert_ok(hone__list_files(&files, cache, "*tmp-*"));
    assert_int_equal(files.n, 0);
    hone__file_list_dispose(&files);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_task_goes_on),
    cmocka_unit_test(every_task_goes_on_in_bfloat16),
    cmocka_unit_test(clock_jumps_have_no_effect),
    cmocka_unit_test(a_stop_does_not_wait_for_the_data),
};
TEST_MAIN(tests)
