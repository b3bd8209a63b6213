/* What is said of a checkpoint whose training_args.json is not as the options of the run: differences that count, names of a later version; a torn file costs nothing. */
#include "base/file.h"
#include "base/log.h"
#include "support/support.h"
#include "train/args.h"

#include <stdlib.h>
#include <unistd.h>

static char lines[2][512];
static int n_lines;

static void keep_line(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    (void)level;
    if (n_lines < 2)
        snprintf(lines[n_lines], sizeof(lines[0]), "%s", line);
    n_lines++;
}

static void compare(const char *text)
{
    char folder[] = "/tmp/hone-args-XXXXXX", path[64];
    hone_training_args now = HONE_TRAINING_ARGS_INIT;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/training_args.json", folder);
    assert_ok(hone__write_file(path, text, strlen(text)));
    n_lines = 0;
    hone_set_log(keep_line, NULL, HONE_LOG_WARNING);
    hone__training_compare(&now, folder);
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
    unlink(path);
    rmdir(folder);
}

static void differences_are_named(void **state)
{
    (void)state;
    char *same;
    hone_training_args now = HONE_TRAINING_ARGS_INIT;
    assert_ok(hone_training_args_to_json(&same, &now));
    compare(same);
    assert_int_equal(n_lines, 0);
    hone_free_text(same);
    compare("{\"learning_rate\": 0.5, \"optim\": \"sgd\", \"logging_steps\": 3, \"output_dir\": \"x\"}");
    assert_int_equal(n_lines, 1);
    assert_non_null(strstr(lines[0], "other options: optim \"adamw_torch\" (was \"sgd\"), learning_rate 5e-05 (was 0.5); from here"));
}

static void names_of_a_later_version(void **state)
{
    (void)state;
    compare("{\"hone_version\": \"99.0.0\", \"shiny\": 1, \"lr_scheduler_type\": \"spiral\"}");
    assert_int_equal(n_lines, 1);
    assert_non_null(strstr(lines[0], "made by hone 99.0.0 with options that hone "));
    assert_non_null(strstr(lines[0], "does not know: shiny, lr_scheduler_type"));
}

static void what_cannot_be_read_is_passed_over(void **state)
{
    (void)state;
    hone_training_args now = HONE_TRAINING_ARGS_INIT;
    n_lines = 0;
    hone_set_log(keep_line, NULL, HONE_LOG_WARNING);
    hone__training_compare(&now, "/nowhere");
    compare("{\"learning_rate\": ");
    compare("[1]");
    assert_int_equal(n_lines, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(differences_are_named),
    cmocka_unit_test(names_of_a_later_version),
    cmocka_unit_test(what_cannot_be_read_is_passed_over),
};
TEST_MAIN(tests)
