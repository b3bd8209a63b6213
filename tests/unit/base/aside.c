/* What another process writes aside: its own while it lives, left behind when it is gone, or when its number belongs to a later one. Locks of folders. */
#include "base/file.h"
#include "support/support.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that says its suffix and waits. */
static pid_t begin_another(char *suffix, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const char *own = hone__aside_suffix();
        (void)!write(ends[1], own, strlen(own));
        close(ends[1]);
        alarm(600); /* should the test fail */
        pause();
        _exit(0);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], suffix, size - 1);
    close(ends[0]);
    assert_true(n > 3);
    suffix[n] = '\0';
    return pid;
}

static void end_another(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool is_left(const char *suffix)
{
    char name[128];
    snprintf(name, sizeof(name), "model.safetensors.tmp%s", suffix);
    return hone__is_left_behind(name);
}

static void what_is_left_behind(void **state)
{
    (void)state;
    char suffix[64], other[64];
    static const char *const plain[] = {"", "-", "-12", "-12-", "--", "-x-12", "-0-5", "-12-99999999999999999999"};
    assert_false(is_left(hone__aside_suffix()));
    pid_t pid = begin_another(suffix, sizeof(suffix));
    assert_false(is_left(suffix));
    snprintf(other, sizeof(other), "-%ld-1", (long)pid); /* the number was another process's before */
    assert_true(is_left(other));
    end_another(pid);
    assert_true(is_left(suffix));
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        if (is_left(plain[i]))
            fail_msg("\"%s\" is none of ours", plain[i]);
}

static void a_folder_is_locked_once(void **state)
{
    (void)state;
    int first, second;
    assert_ok(hone__make_dirs(test_temp("locked")));
    assert_ok(hone__lock_dir(&first, test_temp("locked")));
    assert_true(hone__is_locked_dir(first, test_temp("locked")));
    assert_fails(HONE_IO, "is in use", hone__lock_dir(&second, test_temp("locked")));
    assert_int_equal(second, -1);
    assert_int_equal(rename(test_temp("locked"), test_temp("moved")), 0);
    assert_ok(hone__make_dirs(test_temp("locked")));
    assert_false(hone__is_locked_dir(first, test_temp("locked"))); /* another folder of that name */
    hone__unlock_dir(&first);
    assert_ok(hone__lock_dir(&second, test_temp("moved")));
    hone__unlock_dir(&second);
    assert_fails(HONE_NOT_FOUND, "no-such", hone__lock_dir(&first, test_temp("no-such")));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_left_behind), cmocka_unit_test(a_folder_is_locked_once)};
TEST_MAIN(tests)
