/* A disk that is full for a moment, for each file in turn that a run writes outside its checkpoints: predictions, results, history, model, card, pictures, logs. The run waits where it was and ends as
 * the one that always had room; with --on_disk_full stop it ends with the file's name, and leaves no half of it. */
#include "support/crash.h"

#include <stdlib.h>

/* clang-format off */
#define MODEL                                                                                                                  \
    "--model_type bert --tokenizer_name words --config_overrides "                                                             \
    "hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=32,max_position_embeddings=32 "                 \
    "--threads 1 --disable_tqdm --per_device_train_batch_size 8 --max_steps 4 --logging_steps 2 --save_steps 2 "               \
    "--eval_strategy steps --eval_steps 2 --report_to jsonl "
/* clang-format on */

/* Two at most that are written together: a third try comes after seconds. */
static const char files[] = "predict:question_answering:_results:trainer_state:README:loss.svg:model.safetensors:train_log";

static const struct {
    const char *line, *predictions;
} runs[] = {
    {"train token-classification " MODEL "--train_file train.conll --validation_file valid.conll --test_file valid.conll",
     "predictions.txt"},
    {"train text-classification " MODEL "--train_file classes.tsv --validation_file classes.tsv --test_file classes.tsv",
     "predict_results.txt"},
    {"train question-answering " MODEL "--train_file squad.json --validation_file squad.json --test_file squad.json --max_seq_length 16 "
     "--doc_stride 4",
     "predict_nbest_predictions.json"},
    {"train masked-lm " MODEL "--train_file lines.txt --validation_file lines.txt --line_by_line --max_seq_length 16", "README.md"},
};

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        n++;
    return n;
}

static crash_end run_full(const char *line, const char *more)
{
    char root[600], full[2048];
    crash_remove("killed");
    snprintf(root, sizeof(root), "%s/killed", crash_folder());
    snprintf(full, sizeof(full), "%s --output_dir killed%s", line, more);
    return crash_run(full, &(crash_how){.root = root, .full = files});
}

static void every_file_waits_for_room(void **state)
{
    (void)state;
    crash_shim();
    crash_command();
    crash_make_data();
    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        char path[700];
        crash_run_whole(runs[i].line, "whole");
        crash_end end = run_full(runs[i].line, "");
        int waited = count(end.said, "no room for "), again = count(end.said, "there is room again");
        if (end.status != 0 || waited < 4 || waited != again)
            fail_msg("%s: status %d, waited %d times, and %d times there was room again\n%s", runs[i].line, end.status, waited, again,
                     end.said);
        crash_assert_same("whole", "killed", runs[i].line);
        snprintf(path, sizeof(path), "%s/whole/%s", crash_folder(), runs[i].predictions);
        assert_true(hone__is_file(path));
        printf("%s: waited %d times\n", runs[i].predictions, waited);
    }
}

static void a_run_that_shall_not_wait_ends(void **state)
{
    (void)state;
    char path[700];
    hone_file_list left;
    crash_shim();
    crash_make_data();
    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        crash_end end = run_full(runs[i].line, " --on_disk_full stop");
        if (end.status != 1 || !strstr(end.said, "No space left on device") || count(end.said, "hone: error: ") != 1)
            fail_msg("%s: status %d\n%s", runs[i].line, end.status, end.said);
        snprintf(path, sizeof(path), "%s/killed", crash_folder());
        assert_ok(hone__list_files(&left, path, "*.tmp-*"));
        assert_int_equal(left.n, 0);
        hone__file_list_dispose(&left);
    }
}

/* A model that is only evaluated. */
static void an_evaluation_waits_too(void **state)
{
    (void)state;
    static const char line[] = "evaluate question-answering --model_name_or_path model --validation_file squad.json --max_seq_length 16 "
                               "--doc_stride 4 --threads 1";
    crash_shim();
    crash_make_data();
    crash_run_whole("train question-answering " MODEL
                    "--train_file squad.json --validation_file squad.json --max_seq_length 16 --doc_stride 4",
                    "model");
    crash_run_whole(line, "whole");
    crash_end end = run_full(line, "");
    if (end.status != 0 || !strstr(end.said, "there is room again: the predictions could be written"))
        fail_msg("status %d\n%s", end.status, end.said);
    crash_assert_same("whole", "killed", line);
    end = run_full(line, " --on_disk_full stop");
    assert_int_equal(end.status, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_file_waits_for_room),
    cmocka_unit_test(a_run_that_shall_not_wait_ends),
    cmocka_unit_test(an_evaluation_waits_too),
};
TEST_MAIN(tests)
