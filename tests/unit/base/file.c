/* Reading, and writing that leaves the old file or the new one whatever happens: full disks, killed writers, memory that is out. */
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t n_files(const char *folder)
{
    hone_file_list list;
    assert_ok(hone__list_files(&list, folder, NULL));
    size_t n = list.n;
    hone__file_list_dispose(&list);
    return n;
}

static void assert_holds(const char *path, const char *text)
{
    size_t len;
    char *found = test_read(path, &len);
    assert_int_equal(len, strlen(text));
    assert_string_equal(found, text);
    hone__free(found);
}

static void mapping(void **state)
{
    (void)state;
    hone_mapping m;
    test_write(test_temp("map"), "a\0b", 3);
    assert_ok(hone__map_file(&m, test_temp("map")));
    assert_int_equal(m.len, 3);
    assert_memory_equal(m.data, "a\0b", 3);
    hone__unmap_file(&m);
    assert_int_equal(m.len, 0);
    test_write(test_temp("empty"), "", 0);
    assert_ok(hone__map_file(&m, test_temp("empty")));
    assert_string_equal(m.data, "");
    assert_int_equal(m.fd, -1);
    hone__unmap_file(&m);
    assert_fails(HONE_NOT_FOUND, "absent: No such file", hone__map_file(&m, test_temp("absent")));
    assert_fails(HONE_IO, "not a regular file", hone__map_file(&m, "/tmp"));
    hone__unmap_file(&m);
}

/* Memory without a file comes again as zeros: which bytes went can be seen. */
static void only_whole_pages_are_released(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    memset(pages, 'x', 3 * page);
    hone__release_pages(pages + 1, page);
    for (size_t i = 0; i < 3 * page; i++)
        assert_int_equal(pages[i], 'x');
    hone__release_pages(pages + 1, 2 * page);
    for (size_t i = 0; i < 3 * page; i++)
        assert_int_equal(pages[i], i / page == 1 ? 0 : 'x');
    munmap(pages, 3 * page);
}

static void whole_reads(void **state)
{
    (void)state;
    char *text;
    size_t len;
    test_write(test_temp("whole"), "0123456789", 10);
    assert_ok(hone__read_file(&text, &len, test_temp("whole"), 10));
    assert_int_equal(len, 10);
    assert_string_equal(text, "0123456789");
    hone__free(text);
    assert_fails(HONE_FORMAT, "whole has 10 bytes, at most 9", hone__read_file(&text, &len, test_temp("whole"), 9));
    assert_null(text);
    assert_fails(HONE_NOT_FOUND, "absent", hone__read_file(&text, NULL, test_temp("absent"), 0));
    assert_fails(HONE_IO, "Is a directory", hone__read_file(&text, &len, "/tmp", 0));
    assert_fails(HONE_FORMAT, "at most 100000", hone__read_file(&text, &len, "/dev/zero", 100000)); /* no end: the limit holds it */
}

static void reads_pipes(void **state)
{
    (void)state;
    char *text;
    size_t len;
    const char *path = test_temp("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        FILE *file = fopen(path, "w");
        for (int i = 0; i < 50000; i++)
            fprintf(file, "%08d\n", i);
        fclose(file);
        _exit(0);
    }
    assert_ok(hone__read_file(&text, &len, path, 0));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(len, 450000);
    assert_string_equal(text + 450000 - 9, "00049999\n");
    hone__free(text);
}

static void writes_aside(void **state)
{
    (void)state;
    hone_file_writer *w;
    struct stat info;
    assert_ok(hone__make_dirs(test_temp("aside")));
    const char *path = test_temp("aside/file");
    test_write_text(path, "old");
    assert_int_equal(chmod(path, 0640), 0);
    assert_ok(hone__writer_open(&w, path));
    hone__writer_printf(w, "%s-%d\n", "new", 1);
    hone__writer_write(w, NULL, 0);
    assert_holds(path, "old");
    assert_int_equal(hone__writer_offset(w), 6);
    assert_ok(hone__writer_status(w));
    assert_ok(hone__writer_commit(w));
    assert_holds(path, "new-1\n");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_ok(hone__writer_open(&w, path));
    hone__writer_printf(w, "newer");
    hone__writer_abort(w);
    hone__writer_abort(NULL);
    assert_holds(path, "new-1\n");
    assert_int_equal(n_files(test_temp("aside")), 1);
    assert_fails(HONE_NOT_FOUND, "aside/no/file", hone__writer_open(&w, test_temp("aside/no/file")));
    assert_fails(HONE_IO, "Is a directory", hone__writer_open(&w, test_temp("aside")));
}

/* Pieces of many sizes around the buffer's. */
static void writes_pieces(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 65535, 65536, 65537, 3, 200000, 0, 65533, 7};
    enum { TOTAL = 1 + 65535 + 65536 + 65537 + 3 + 200000 + 65533 + 7 };
    char *data = malloc(TOTAL), *found;
    hone_file_writer *w;
    size_t at = 0, len;
    for (size_t i = 0; i < TOTAL; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    assert_ok(hone__writer_open(&w, test_temp("pieces")));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); at += sizes[i++])
        hone__writer_write(w, data + at, sizes[i]);
    assert_int_equal(hone__writer_offset(w), TOTAL);
    assert_ok(hone__writer_commit(w));
    found = test_read(test_temp("pieces"), &len);
    assert_int_equal(len, TOTAL);
    assert_memory_equal(found, data, TOTAL);
    hone__free(found);
    free(data);
}

static void full_device(void **state)
{
    (void)state;
    hone_file_writer *w;
    struct stat info;
    if (stat("/dev/full", &info) != 0 || !S_ISCHR(info.st_mode))
        test_skip("/dev/full is not there");
    assert_fails(HONE_IO, "cannot write /dev/full: No space left on device", hone__write_file("/dev/full", "text", 4));
    assert_ok(hone__writer_open(&w, "/dev/full"));
    for (int i = 0; i < 100000; i++)
        hone__writer_printf(w, "%d\n", i); /* goes on, and says it in the end */
    assert_fails(HONE_IO, "No space left", hone__writer_status(w));
    assert_fails(HONE_IO, "No space left", hone__writer_commit(w));
    assert_int_equal(stat("/dev/full", &info), 0);
    assert_true(S_ISCHR(info.st_mode)); /* a device is never replaced */
}

/* A disk that is full in the middle, played by a limit on the size of files. */
static void full_disk(void **state)
{
    (void)state;
    struct rlimit old, small = {100000, 0};
    char *data = calloc(1, 300000);
    assert_ok(hone__make_dirs(test_temp("full")));
    const char *path = test_temp("full/file");
    test_write_text(path, "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    hone_status status = hone__write_file(path, data, 300000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    free(data);
    assert_fails(HONE_IO, "full/file: File too large", status);
    assert_holds(path, "old");
    assert_int_equal(n_files(test_temp("full")), 1);
}

/* A process that is killed while it writes leaves the old file. */
static void killed_writer(void **state)
{
    (void)state;
    assert_ok(hone__make_dirs(test_temp("killed")));
    const char *path = test_temp("killed/file");
    test_write_text(path, "old");
    pid_t child = fork();
    if (child == 0) {
        hone_file_writer *w;
        if (hone__writer_open(&w, path) != HONE_OK)
            _exit(1);
        for (int i = 0; i < 100000; i++)
            hone__writer_printf(w, "%d\n", i);
        raise(SIGKILL);
        _exit(1);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    assert_holds(path, "old");
    /* what it left behind goes; what a living process writes, and what only looks like it, stays */
    hone_file_writer *living;
    assert_ok(hone__writer_open(&living, path));
    test_write_text(test_temp("killed/notes.tmp-1x"), "mine");
    assert_int_equal(n_files(test_temp("killed")), 4);
    hone__writer_clean(test_temp("killed"));
    assert_int_equal(n_files(test_temp("killed")), 3);
    assert_ok(hone__writer_commit(living));
    assert_int_equal(n_files(test_temp("killed")), 2);
    assert_holds(path, "");
}

static hone_status write_once(void *path)
{
    hone_file_writer *w;
    HONE_TRY(hone__writer_open(&w, path));
    hone__writer_printf(w, "%01000d", 7);
    return hone__writer_commit(w);
}

static void writer_out_of_memory(void **state)
{
    (void)state;
    char path[4096];
    assert_ok(hone__make_dirs(test_temp("oom")));
    strcpy(path, test_temp("oom/file"));
    assert_true(test_oom(write_once, path) >= 5);
    assert_int_equal(n_files(test_temp("oom")), 1);
}

static void folders(void **state)
{
    (void)state;
    assert_ok(hone__make_dirs(test_temp("a/b/c")));
    assert_ok(hone__make_dirs(test_temp("a/b/c/")));
    assert_true(hone__is_dir(test_temp("a/b/c")));
    test_write_text(test_temp("a/b/file"), "x");
    assert_fails(HONE_IO, "a/b/file/d: Not a directory", hone__make_dirs(test_temp("a/b/file/d")));
    assert_fails(HONE_IO, "a/b/file: File exists", hone__make_dirs(test_temp("a/b/file")));
    assert_true(hone__is_file(test_temp("a/b/file")));
    assert_false(hone__is_dir(test_temp("a/b/file")));
    test_write_text(test_temp("outside"), "kept");
    assert_int_equal(symlink(test_temp("outside"), test_temp("a/link")), 0);
    assert_int_equal(mkdir(test_temp("outside_folder"), 0777), 0);
    test_write_text(test_temp("outside_folder/file"), "kept");
    assert_int_equal(symlink(test_temp("outside_folder"), test_temp("a/b/folder_link")), 0);
    assert_ok(hone__remove_tree(test_temp("a")));
    assert_false(hone__is_dir(test_temp("a")));
    assert_holds(test_temp("outside"), "kept");
    assert_holds(test_temp("outside_folder/file"), "kept");
    assert_ok(hone__remove_tree(test_temp("a")));
    assert_ok(hone__remove_tree(test_temp("outside")));
}

static void renaming_folders(void **state)
{
    (void)state;
    assert_ok(hone__make_dirs(test_temp("r/tmp")));
    test_write_text(test_temp("r/tmp/file"), "1");
    assert_ok(hone__rename_dir(test_temp("r/tmp"), test_temp("r/done"), false));
    assert_holds(test_temp("r/done/file"), "1");
    assert_ok(hone__make_dirs(test_temp("r/tmp")));
    test_write_text(test_temp("r/tmp/file"), "2");
    assert_fails(HONE_IO, "r/done: it exists already", hone__rename_dir(test_temp("r/tmp"), test_temp("r/done"), false));
    assert_holds(test_temp("r/done/file"), "1");
    assert_ok(hone__rename_dir(test_temp("r/tmp"), test_temp("r/done"), true));
    assert_holds(test_temp("r/done/file"), "2");
    assert_holds(test_temp("r/tmp/file"), "1"); /* what stood there, for the caller to remove */
    assert_int_equal(n_files(test_temp("r")), 2);
    assert_ok(hone__remove_tree(test_temp("r/tmp")));
    assert_fails(HONE_NOT_FOUND, "r/tmp", hone__rename_dir(test_temp("r/tmp"), test_temp("r/done"), true));
}

static void assert_list(const hone_file_list *list, const char *const *names, size_t n)
{
    assert_int_equal(list->n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(list->paths[i], test_temp(names[i]));
}

static void make_tree(void)
{
    assert_ok(hone__make_dirs(test_temp("t/sub/deep")));
    assert_ok(hone__make_dirs(test_temp("t/.hidden")));
    static const char *const files[] = {"t/b.py",          "t/a.py",         "t/B.txt", "t/sub/c.py",
                                        "t/sub/deep/d.py", "t/.hidden/e.py", "t/.f.py", "t/sub.py"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        test_write_text(test_temp(files[i]), "");
    (void)symlink(test_temp("t/sub"), test_temp("t/sub_link"));
    (void)symlink(test_temp("t/a.py"), test_temp("t/z.py"));
    (void)symlink(test_temp("t/nowhere"), test_temp("t/broken.py"));
}

static void listings(void **state)
{
    (void)state;
    hone_file_list list;
    make_tree();
    assert_ok(hone__list_files(&list, test_temp("t/"), "*.py"));
    static const char *const py[] = {"t/a.py", "t/b.py", "t/sub.py", "t/sub/c.py", "t/sub/deep/d.py", "t/z.py"};
    assert_list(&list, py, 6);
    hone__file_list_dispose(&list);
    assert_ok(hone__list_files(&list, test_temp("t"), NULL));
    assert_int_equal(list.n, 7);
    assert_string_equal(list.paths[0], test_temp("t/B.txt")); /* by bytes: upper case first */
    hone__file_list_dispose(&list);
    assert_ok(hone__list_files(&list, test_temp("t/B.txt"), "*.py")); /* a file that is named is taken */
    assert_int_equal(list.n, 1);
    hone__file_list_dispose(&list);
    const char *paths[] = {test_temp("t/sub/c.py"), test_temp("t/sub"), test_temp("t/a.py"), test_temp("t/a.py")};
    assert_ok(hone__list_all_files(&list, paths, 4, "*.py"));
    static const char *const all[] = {"t/sub/c.py", "t/sub/deep/d.py", "t/a.py"};
    assert_list(&list, all, 3);
    hone__file_list_dispose(&list);
    paths[2] = test_temp("t/none");
    assert_fails(HONE_NOT_FOUND, "t/none: No such file", hone__list_all_files(&list, paths, 4, NULL));
    assert_null(list.paths);
    assert_fails(HONE_NOT_FOUND, "holds no files that match *.rs", hone__list_all_files(&list, paths + 1, 1, "*.rs"));
    assert_fails(HONE_NOT_FOUND, "no files were given", hone__list_all_files(&list, paths, 0, "*.rs"));
}

static hone_status list_once(void *payload)
{
    hone_file_list list;
    const char *paths[] = {payload, payload};
    hone_status status = hone__list_all_files(&list, paths, 2, NULL);
    hone__file_list_dispose(&list);
    return status;
}

static void listing_out_of_memory(void **state)
{
    (void)state;
    char path[4096];
    make_tree();
    strcpy(path, test_temp("t"));
    assert_true(test_oom(list_once, path) > 10);
}

static void paths(void **state)
{
    (void)state;
    static const char *const cases[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < 4; i++) {
        char *path;
        assert_ok(hone__path_join(&path, cases[i][0], cases[i][1]));
        assert_string_equal(path, cases[i][2]);
        hone__free(path);
    }
    assert_string_equal(hone__path_base("a/b.txt"), "b.txt");
    assert_string_equal(hone__path_base("b.txt"), "b.txt");
    assert_true(hone__disk_free("/tmp") > 0 && hone__disk_free("/tmp") < UINT64_MAX);
    assert_true(hone__disk_free("/no/such/place") == UINT64_MAX);
    assert_true(hone__hash64("", 0, 0) == 0x2D06800538D394C2u); /* XXH3's own known answer */
    assert_true(hone__hash64("abc", 3, 0) != hone__hash64("abc", 3, 1));
}

/* Sizes around the pieces in which a file is read. */
static void hashes_files(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 700001};
    uint64_t hash, size;
    char *data = calloc(1, 700001);
    for (size_t i = 0; i < 700001; i++)
        data[i] = (char)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        test_write(test_temp("hashed"), data, sizes[i]);
        assert_ok(hone__hash_file(&hash, &size, test_temp("hashed")));
        assert_true(size == sizes[i] && hash == hone__hash64(data, sizes[i], 0));
    }
    free(data);
    assert_int_equal(hone__hash_file(&hash, &size, test_temp("nothing")), HONE_IO);
    assert_int_equal(hone__hash_file(&hash, &size, "/dev/null"), HONE_IO);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_whole_pages_are_released),
    cmocka_unit_test(hashes_files),
    cmocka_unit_test(mapping),
    cmocka_unit_test(whole_reads),
    cmocka_unit_test(reads_pipes),
    cmocka_unit_test(writes_aside),
    cmocka_unit_test(writes_pieces),
    cmocka_unit_test(full_device),
    cmocka_unit_test(full_disk),
    cmocka_unit_test(killed_writer),
    cmocka_unit_test(writer_out_of_memory),
    cmocka_unit_test(folders),
    cmocka_unit_test(renaming_folders),
    cmocka_unit_test(listings),
    cmocka_unit_test(listing_out_of_memory),
    cmocka_unit_test(paths),
};

TEST_MAIN(tests)
