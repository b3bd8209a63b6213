/* Calls of the thread that writes checkpoints beside the training fail, each of them once: no file can be opened, written, synced, renamed or removed, for every kind of reason. The run goes on, or ends where
 * that was asked for; what is said names the file, the reason and the remedy; what was said to be saved is whole; and the end is that of a run in which nothing failed, bit for bit. */
#include "support/crash.h"

#include "train/trainer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE CRASH_GPT2 "--max_steps 6 --save_steps 2 --save_total_limit 2" CRASH_BESIDE

/* Where errors are met, and what of it must be said. */
typedef struct fault {
    const char *kinds; /* of calls (shim.c) */
    int code;
    const char *remedy;
    bool stops; /* --on_disk_full stop: the run ends with status 1 */
} fault;

static void assert_said(const crash_end *end, const char *text, const fault *f, long n)
{
    if (!strstr(end->said, text))
        fail_msg("call %ld of kind %s with \"%s\": nothing was said of \"%s\"\n%s", n, f->kinds, strerror(f->code), text, end->said);
}

/* All checkpoints that are there are whole, and of those that were said to be saved the last two are there, unless two newer ones are: so many are kept. */
static void assert_whole(const char *said, const char *what)
{
    char folder[600], path[700];
    int64_t *steps, announced[2] = {0, 0};
    size_t n, n_newer[2] = {0, 0};
    snprintf(folder, sizeof(folder), "%s/killed", crash_folder());
    for (const char *p = said; (p = strstr(p, "hone: saved ")); p++) {
        announced[0] = announced[1];
        announced[1] = strtoll(strstr(p, "checkpoint-") + 11, NULL, 10);
    }
    assert_ok(hone__checkpoint_list(&steps, &n, folder));
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/checkpoint-%lld", folder, (long long)steps[i]);
        if (hone__checkpoint_verify(path) != HONE_OK)
            fail_msg("%s: %s\n%s", what, hone_error_message(), said);
        n_newer[0] += steps[i] >= announced[0];
        n_newer[1] += steps[i] >= announced[1];
    }
    if ((announced[0] && n_newer[0] < 2) || (announced[1] && n_newer[1] < 1))
        fail_msg("%s: checkpoint-%lld and checkpoint-%lld were said to be saved\n%s", what, (long long)announced[0],
                 (long long)announced[1], said);
    hone__free(steps);
}

/* Calls n … n + times - 1 of these kinds fail. False: there is no n-th one. */
static bool run_with(const fault *f, long n, long times)
{
    char root[600], refuse[64], what[100], line[2048];
    snprintf(root, sizeof(root), "%s/killed", crash_folder());
    snprintf(refuse, sizeof(refuse), "%ld:%ld:%d:%s", n, times, f->code, f->kinds);
    snprintf(what, sizeof(what), "call %ld of kind %s with \"%s\"", n, f->kinds, strerror(f->code));
    snprintf(line, sizeof(line), "%s --output_dir killed%s", LINE, f->stops ? " --on_disk_full stop" : "");
    crash_remove("killed");
    crash_end end = crash_run(line, &(crash_how){.root = root, .beside = true, .refuse = refuse});
    if (end.status != 0 && !(f->stops && end.status == 1))
        fail_msg("%s: status %d\n%s", what, end.status, end.said);
    assert_whole(end.said, what);
    if (!strstr(end.said, "shim: refused")) {
        assert_int_equal(end.status, 0);
        return false;
    }
    if (end.status == 1 || !strchr(f->kinds, 'r')) { /* a folder that cannot be opened to look at an old checkpoint is no failure */
        assert_said(&end, strerror(f->code), f, n);
        assert_said(&end, "killed/", f, n);
        if (!strstr(end.said, "an old checkpoint could not be removed"))
            assert_said(&end, f->remedy, f, n);
    }
    crash_finish(LINE, "killed", 1);
    crash_assert_same("whole", "killed", what);
    return true;
}

static void each_call_may_fail(void **state)
{
    (void)state;
    static const fault faults[] = {
        {"o", EROFS, "mount it for writing", true}, {"w", EIO, "look after the disk", true}, {"s", EIO, "look after the disk", true},
        {"n", EACCES, "make it writable", false},   {"r", EMFILE, "ulimit -n", false},
    };
    long n_failures = 0, step = crash_rounds() > 1 ? 1 : 2;
    crash_shim();
    crash_make_data();
    crash_run_whole(LINE, "whole");
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        long every = *faults[i].kinds == 'r' ? 1 : step, n = 1;
        while (run_with(&faults[i], n, 1)) {
            n += every;
            n_failures++;
        }
        printf("%s, %s: %ld calls\n", faults[i].kinds, strerror(faults[i].code), n - 1);
        assert_true(n > 5);
    }
    printf("%ld failures\n", n_failures);
}

/* From one of them on all fail: there is no checkpoint any more, and the run ends all the same. Or they fail for a while, and are tried again. */
static void all_calls_may_fail(void **state)
{
    (void)state;
    static const fault lasting[] = {
        {"owsn", EROFS, "mount it for writing", true},
        {"or", EMFILE, "ulimit -n", false},
        {"o", EACCES, "make it writable", false},
        {"w", EFBIG, "ulimit -f", false},
        {"owsn", ENOSPC, "make room", true},
        {"s", EIO, "look after the disk", true},
        {"w", EDQUOT, "make room", true},
    };
    static const fault passing[] = {
        {"w", ENOSPC, "tries again until there is room", false},
        {"s", EIO, "look after the disk (dmesg); the training keeps it in memory and tries again", false},
        {"n", EDQUOT, "tries again until there is room", false},
        {"o", EROFS, "mount it for writing; the training keeps it in memory and tries again", false},
    };
    crash_shim();
    crash_make_data();
    crash_run_whole(LINE, "whole");
    for (size_t i = 0; i < sizeof(lasting) / sizeof(*lasting); i++)
        assert_true(run_with(&lasting[i], 1, 1000000));
    for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
        assert_true(run_with(&passing[i], 2, 1));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_call_may_fail),
    cmocka_unit_test(all_calls_may_fail),
};
TEST_MAIN(tests)
