/* Collections: what a thread writes below a folder is kept in memory, or hashed on its way to the disk; what it writes elsewhere, and what other threads write, is not in it. */
#include "base/collect.h"
#include "support/support.h"
#include "base/threads.h"

static const char *below(const char *name)
{
    static char path[2][600];
    static int k;
    k = (k + 1) % 2;
    snprintf(path[k], sizeof(path[k]), "%s/%s", test_temp("folder"), name);
    return path[k];
}

static hone_status write_beside(void *payload)
{
    (void)payload;
    return hone__write_file(below("of-another-thread"), "x", 1);
}

static void assert_text(const char *path, const char *expected)
{
    size_t len;
    char *text = test_read(path, &len);
    assert_string_equal(text, expected);
    hone__free(text);
}

/* A small file, one in a folder, one that is written twice, one that outgrows what was expected of it. */
static void write_all(void)
{
    hone_file_writer *w;
    assert_ok(hone__make_dirs(below("inner")));
    assert_ok(hone__write_file(below("a"), "one", 3));
    assert_ok(hone__write_file(below("inner/b"), "", 0));
    assert_ok(hone__write_file(below("a"), "two", 3));
    assert_ok(hone__writer_open(&w, below("c")));
    hone__writer_expect(w, 10);
    for (int i = 0; i < 100000; i++)
        hone__writer_printf(w, "%d ", i % 10);
    assert_ok(hone__writer_commit(w));
    assert_ok(hone__writer_open(&w, below("never")));
    hone__writer_abort(w);
    assert_ok(hone__write_file(test_temp("folder-and-more"), "apart", 5));
}

static void check(const hone_collection *c)
{
    assert_int_equal(c->n, 3);
    assert_string_equal(c->files[0].name, "a");
    assert_string_equal(c->files[1].name, "inner/b");
    assert_string_equal(c->files[2].name, "c");
    assert_int_equal(hone__collection_bytes(c), 3 + 0 + 200000);
    assert_text(test_temp("folder-and-more"), "apart");
}

static void on_the_disk(void **state)
{
    (void)state;
    hone_collection c;
    hone_background *other;
    uint64_t hash, size;
    assert_ok(hone__make_dirs(test_temp("folder")));
    assert_ok(hone__collection_init(&c, test_temp("folder"), false));
    hone__collect_begin(&c);
    assert_ptr_equal(hone__collecting(below("x")), &c);
    assert_null(hone__collecting(test_temp("folder-and-more")));
    write_all();
    assert_ok(hone__background_start(&other, write_beside, NULL));
    assert_ok(hone__background_join(other));
    hone__collect_end();
    assert_null(hone__collecting(below("x")));
    check(&c);
    for (size_t i = 0; i < c.n; i++) {
        assert_null(c.files[i].data);
        assert_ok(hone__hash_file(&hash, &size, below(c.files[i].name)));
        assert_true(hash == c.files[i].hash && size == c.files[i].len);
    }
    assert_text(below("of-another-thread"), "x");
    hone__collection_dispose(&c);
    assert_ok(hone__remove_tree(test_temp("folder")));
}

static void in_memory(void **state)
{
    (void)state;
    hone_collection c;
    assert_ok(hone__collection_init(&c, test_temp("folder"), true));
    hone__collect_begin(&c);
    write_all();
    hone__collect_end();
    check(&c);
    assert_false(hone__is_dir(test_temp("folder"))); /* nothing is there yet */
    assert_ok(hone__make_dirs(test_temp("folder")));
    assert_ok(hone__collection_write(&c));
    assert_text(below("a"), "two");
    assert_text(below("inner/b"), "");
    char *text = test_read(below("c"), NULL);
    assert_int_equal(strlen(text), 200000);
    assert_memory_equal(text + 199996, "8 9 ", 4);
    hone__free(text);
    hone__collection_dispose(&c);
    assert_ok(hone__remove_tree(test_temp("folder")));
}

static hone_status collect_some(void *payload)
{
    hone_collection c;
    hone_status status = hone__collection_init(&c, test_temp("folder"), true);
    (void)payload;
    if (status != HONE_OK)
        return status;
    hone__collect_begin(&c);
    status = hone__write_file(below("a"), "one", 3);
    if (status == HONE_OK)
        status = hone__write_file(below("b"), "two", 3);
    hone__collect_end();
    hone__collection_dispose(&c);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    assert_in_range(test_oom(collect_some, NULL), 5, 100);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(on_the_disk), cmocka_unit_test(in_memory), cmocka_unit_test(out_of_memory)};
TEST_MAIN(tests)
