/* The cache file: what is written reads back, and a file that is cut, changed anywhere or made from something else is not used. */
#include "support/support.h"

#include "base/mem.h"
#include "data/cache.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const hone_cache_key key = {1, 2, 3};

static bool opens(hone_token_cache *c, const char *path, const hone_cache_key *of, int n_threads)
{
    assert_ok(hone__cache_open(c, path, of, n_threads));
    return c->ids != NULL;
}

static void write_cache(const char *path, size_t n)
{
    hone_cache_writer w;
    hone_cache_facts facts = {.n_tokens = (int64_t)n + 5, .block_size = 2, .n_blocks = (int64_t)n / 2};
    assert_ok(hone__cache_begin(&w, path, &key));
    for (size_t i = 0; i < n;) {
        int32_t part[1000];
        size_t len = n - i < 1000 ? n - i : 1000;
        for (size_t j = 0; j < len; j++)
            part[j] = (int32_t)(i + j);
        hone__cache_append(&w, part, len);
        i += len;
    }
    assert_ok(hone__cache_commit(&w, &facts));
}

static void round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 65535, 65536, 65537, 300000};
    const char *path = test_temp("cache.bin");
    for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
        hone_token_cache c;
        write_cache(path, sizes[s]);
        for (int threads = 1; threads <= 3; threads++) {
            assert_true(opens(&c, path, &key, threads));
            assert_int_equal(c.facts.n_ids, sizes[s]);
            assert_int_equal(c.facts.n_blocks, sizes[s] / 2);
            assert_int_equal((uintptr_t)c.ids % 64, 0);
            for (size_t i = 0; i < sizes[s]; i++)
                if (c.ids[i] != (int32_t)i)
                    fail_msg("id %zu is %d", i, c.ids[i]);
            hone__cache_close(&c);
        }
    }
}

static void damage(void **state)
{
    (void)state;
    const char *path = test_temp("cache.bin"), *other = test_temp("other.bin");
    hone_token_cache c;
    size_t len;
    write_cache(path, 100);
    char *bytes = test_read(path, &len);
    for (size_t cut = 0; cut < len; cut++) {
        test_write(other, bytes, cut);
        if (opens(&c, other, &key, 1))
            fail_msg("a file cut to %zu of %zu bytes was used", cut, len);
    }
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x10;
        test_write(other, bytes, len);
        bytes[i] ^= 0x10;
        if (opens(&c, other, &key, 1) && !(i >= 40 && i < 64)) /* 40 .. 63: nothing is there yet */
            fail_msg("a file with byte %zu changed was used", i);
        hone__cache_close(&c);
    }
    test_write(other, bytes, len);
    assert_true(opens(&c, other, &key, 1));
    hone__cache_close(&c);
    assert_false(opens(&c, other, &(hone_cache_key){1, 2, 4}, 1));
    assert_false(opens(&c, test_temp("absent.bin"), &key, 1));
    hone__free(bytes);
}

static void places(void **state)
{
    (void)state;
    char path[512], expected[4096];
    setenv("HONE_CACHE", test_temp("own"), 1);
    assert_ok(hone__cache_path(path, sizeof(path), NULL, &key));
    assert_int_equal(strncmp(path, test_temp("own"), strlen(test_temp("own"))), 0);
    unsetenv("HONE_CACHE");
    setenv("XDG_CACHE_HOME", test_temp("xdg"), 1);
    assert_ok(hone__cache_path(path, sizeof(path), NULL, &key));
    snprintf(expected, sizeof(expected), "%s/hone/tokens-", test_temp("xdg"));
    assert_int_equal(strncmp(path, expected, strlen(expected)), 0);
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", test_temp("home"), 1);
    assert_ok(hone__cache_path(path, sizeof(path), NULL, &key));
    snprintf(expected, sizeof(expected), "%s/.cache/hone/tokens-", test_temp("home"));
    assert_int_equal(strncmp(path, expected, strlen(expected)), 0);
    test_write_text(test_temp("file"), "");
    assert_fails(HONE_IO, "HONE_CACHE", hone__cache_path(path, sizeof(path), test_temp("file/below"), &key));
}

/* Without a home that can be written to: among the temporary files, in a folder that is ours alone. */
static void no_home(void **state)
{
    (void)state;
    char path[512], own[256];
    unsetenv("HONE_CACHE");
    unsetenv("XDG_CACHE_HOME");
    test_write_text(test_temp("no.folder"), "");
    assert_int_equal(mkdir(test_temp("tmp"), 0777), 0);
    setenv("TMPDIR", test_temp("tmp"), 1);
    snprintf(own, sizeof(own), "%s/hone-cache-%u", test_temp("tmp"), (unsigned)geteuid());
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            unsetenv("HOME");
        else
            setenv("HOME", test_temp("no.folder"), 1);
        assert_ok(hone__cache_path(path, sizeof(path), NULL, &key));
        assert_int_equal(strncmp(path, own, strlen(own)), 0);
    }
    assert_int_equal(chmod(own, 0777), 0); /* somebody else may have put files there */
    assert_fails(HONE_IO, "not a folder of this user", hone__cache_path(path, sizeof(path), NULL, &key));
    assert_int_equal(rmdir(own), 0);
    assert_int_equal(symlink(test_temp("tmp"), own), 0);
    assert_fails(HONE_IO, "not a folder of this user", hone__cache_path(path, sizeof(path), NULL, &key));
    setenv("HONE_CACHE", test_temp("no.folder/below"), 1); /* what was asked for, or nothing */
    assert_fails(HONE_IO, "no.folder", hone__cache_path(path, sizeof(path), NULL, &key));
    unsetenv("HONE_CACHE");
    unsetenv("TMPDIR");
}

/* Read in any order, a corpus does not become resident: 60 MB, of which no more than 16 places stay, with 64 KiB to 2 MiB around each. */
static void pages_are_given_back(void **state)
{
    (void)state;
    const size_t n = 15000000, block = 1000, n_blocks = n / block;
    const char *path = test_temp("large.bin");
    hone_token_cache c;
    write_cache(path, n);
    size_t before = hone__rss_of_files(), most = 0;
    assert_true(opens(&c, path, &key, 2));
    assert_in_range(hone__rss_of_files(), 0, before + (2 << 20)); /* the check of all of it left little */
    for (size_t i = 0; i < n_blocks; i++) {
        size_t at = i * 7919 % n_blocks * block; /* 7919 is prime */
        if (hone__cache_at(&c, at)[block - 1] != (int32_t)(at + block - 1))
            fail_msg("block %zu is another one", at / block);
        if (i % 64 == 63 && hone__rss_of_files() > most)
            most = hone__rss_of_files();
    }
    assert_in_range(most, before, before + (36 << 20));
    hone__cache_close(&c);
    assert_int_equal(remove(path), 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(pages_are_given_back), cmocka_unit_test(round_trip), cmocka_unit_test(damage),
                                          cmocka_unit_test(places), cmocka_unit_test(no_home)};
TEST_MAIN(tests)
