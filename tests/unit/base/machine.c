/* What the machine says of memory, and limits of control groups in a made-up tree. */
#include "support/support.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void put(const char *folder, const char *name, const char *text)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    test_write_text(path, text);
}

static void make(char *path, size_t capacity, const char *root, const char *name)
{
    snprintf(path, capacity, "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void groups_of_version_2(void **state)
{
    (void)state;
    char root[512], a[540], b[560];
    snprintf(root, sizeof(root), "%s", test_temp("cgroup2"));
    mkdir(root, 0700);
    make(a, sizeof(a), root, "a");
    make(b, sizeof(b), a, "b");
    put(b, "memory.max", "max\n");
    assert_true(hone__cgroup_limit("0::/a/b\n", root) == SIZE_MAX);
    put(a, "memory.max", "500000000\n"); /* of the group around it */
    assert_true(hone__cgroup_limit("0::/a/b\n", root) == 500000000);
    put(b, "memory.max", "300000000\n");
    assert_true(hone__cgroup_limit("0::/a/b\n", root) == 300000000);
    assert_true(hone__cgroup_limit("0::/a\n", root) == 500000000);
    assert_true(hone__cgroup_limit("0::/not/here\n", root) == SIZE_MAX);
    put(root, "memory.max", "200000000\n"); /* a container sees its own group as the root */
    assert_true(hone__cgroup_limit("0::/not/here\n", root) == 200000000);
    assert_true(hone__cgroup_limit("", root) == SIZE_MAX);
    assert_true(hone__cgroup_limit("nonsense", root) == SIZE_MAX);
}

static void groups_of_version_1(void **state)
{
    (void)state;
    char root[512], memory[540], job[560];
    snprintf(root, sizeof(root), "%s", test_temp("cgroup1"));
    mkdir(root, 0700);
    make(memory, sizeof(memory), root, "memory");
    make(job, sizeof(job), memory, "job");
    put(memory, "memory.limit_in_bytes", "9223372036854771712\n"); /* how it says: none */
    put(job, "memory.limit_in_bytes", "700000000\n");
    assert_true(hone__cgroup_limit("5:cpu,cpuacct:/x\n4:memory:/job\n1:name=systemd:/job\n", root) == 700000000);
    assert_true(hone__cgroup_limit("4:memory:/\n", root) == SIZE_MAX);
}

static void the_machine(void **state)
{
    (void)state;
    hone_limit limit = hone__memory_limit();
    assert_true(limit.bytes > hone__rss_now());
    assert_true(hone__rss_of_files() <= hone__rss_now() && hone__rss_now() <= hone__address_space_now());
}

static void the_address_space(void **state)
{
    (void)state;
    struct rlimit old, some = {(rlim_t)1 << 46, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    some.rlim_max = old.rlim_max;
    if (old.rlim_max != RLIM_INFINITY || setrlimit(RLIMIT_AS, &some) != 0)
        test_skip("the address space is limited already");
    assert_true(hone__address_space_limit().bytes == (size_t)1 << 46);
    setrlimit(RLIMIT_AS, &old);
    assert_true(hone__address_space_limit().bytes == (old.rlim_cur == RLIM_INFINITY ? SIZE_MAX : (size_t)old.rlim_cur));
}

/* A limit that the process may lower for itself and raise again. */
static void under_limit(int which, void (*check)(rlim_t some))
{
    struct rlimit old, some = {(rlim_t)1 << 46, RLIM_INFINITY};
    assert_int_equal(getrlimit(which, &old), 0);
    some.rlim_max = old.rlim_max;
    if (old.rlim_max != RLIM_INFINITY || setrlimit(which, &some) != 0)
        test_skip("it is limited already");
    check(some.rlim_cur);
    setrlimit(which, &old);
}

static void check_data(rlim_t some)
{
    assert_true(hone__data_limit().bytes == (size_t)some);
    assert_true(hone__data_now() > 0 && hone__data_now() < hone__address_space_now());
}

static void check_files(rlim_t some)
{
    assert_true(hone__file_size_limit() == (uint64_t)some);
}

static void other_limits(void **state)
{
    (void)state;
    under_limit(RLIMIT_DATA, check_data);
    under_limit(RLIMIT_FSIZE, check_files);
    assert_true(hone__file_size_limit() > (uint64_t)1 << 46);
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } good[] = {{"0", 0},
                {"123", 123},
                {"123B", 123},
                {"6GB", 6000000000},
                {"6gb", 6000000000},
                {"512MiB", (size_t)512 << 20},
                {"512M", (size_t)512 << 20},
                {"1.5K", 1536},
                {"2TB", 2000000000000}};
    static const char *const bad[] = {"", "GB", "-1", "6 GB", "6GBs", "1e3", "nan", "inf", "0x10", "6GiBB", "99999999999TB", "6X"};
    size_t bytes;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        if (!hone__parse_size(&bytes, good[i].text) || bytes != good[i].bytes)
            fail_msg("%s is %zu", good[i].text, bytes);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (hone__parse_size(&bytes, bad[i]))
            fail_msg("\"%s\" is taken for %zu", bad[i], bytes);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(groups_of_version_2), cmocka_unit_test(groups_of_version_1),
                                          cmocka_unit_test(the_machine),         cmocka_unit_test(the_address_space),
                                          cmocka_unit_test(other_limits),        cmocka_unit_test(sizes)};
TEST_MAIN(tests)
