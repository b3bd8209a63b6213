/* A whole job of text classification, and its kinds of labels, with every allocation failing in turn: an out of memory that leaves nothing behind. */
#include "oom/job.h"

#include <hone/text_examples.h>

static void make_files(void)
{
    make_tokenizer("a\n##b\nc\n");
    test_write_text(test_temp("pairs.txt"),
                    "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t1\t2\tab\tc\n0\t1\t2\ta c\tb\n1\t1\t2\ta\tc c c\n");
    test_write_text(test_temp("numbers.csv"), "text,score\na b,1.5\nc,2\nab,0.5\n");
    test_write_text(test_temp("sets.jsonl"), "{\"text\": \"a\", \"labels\": [\"x\", \"y\"]}\n{\"text\": \"b\", \"labels\": []}\n");
}

/* payload: the file's name. */
static hone_status classify(void *payload)
{
    const char *data = test_temp(payload);
    const char *const options[][2] = {
        {"train_file", data},  {"validation_file", data},     {"test_file", data},
        {"task_name", "mrpc"}, {"class_weights", "balanced"}, {"label_smoothing_factor", "0.1"}, /* of pairs.txt alone */
    };
    bool pairs = strcmp(payload, "pairs.txt") == 0;
    return run_job(HONE_TEXT_CLASSIFICATION, options, sizeof(options) / sizeof(*options) - (pairs ? 0 : 3));
}

static void sweep(const char *file)
{
    char name[32];
    snprintf(name, sizeof(name), "%s", file);
    make_files();
    assert_ok(classify(name)); /* what a process makes once is made */
    printf("%s: %zu allocations\n", file, test_oom(classify, name));
}

static void classes(void **state)
{
    (void)state;
    sweep("pairs.txt");
}

static void numbers(void **state)
{
    (void)state;
    sweep("numbers.csv");
}

static void sets(void **state)
{
    (void)state;
    sweep("sets.jsonl");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(classes), cmocka_unit_test(numbers), cmocka_unit_test(sets)};
TEST_MAIN(tests)
