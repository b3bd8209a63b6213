/* The stream of documents: text files, newlines, JSON lines and arrays, and everything that is passed over and counted. */
#include "data/texts.h"
#include "support/support.h"

#include <hone/log.h>
#include <hone/text.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char last_line[2048];
static int n_warnings;

static void keep_line(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    n_warnings += level == HONE_LOG_WARNING;
    if (level == HONE_LOG_WARNING)
        snprintf(last_line, sizeof(last_line), "%s", line);
}

/* All documents of a path, each with a '|' behind it. Free the result. */
static char *read_all(const char *path, const hone_text_options *options, hone_status *status, hone_text_counts *counts)
{
    hone_text_stream *s;
    hone_document doc;
    hone_str all = HONE_STR_INIT;
    char *text;
    assert_ok(hone_text_open(&s, &path, 1, options));
    while (hone_text_next(s, &doc)) {
        hone__str_append(&all, doc.data, doc.len);
        hone__str_putc(&all, '|');
        assert_string_equal(doc.path, path);
    }
    assert_false(hone_text_next(s, &doc));
    *status = hone_text_status(s);
    hone_text_counts_of(s, counts);
    hone_text_free(s);
    assert_ok(hone__str_take(&text, &all));
    return text;
}

static hone_text_counts assert_documents(const char *name, const char *content, size_t len, const hone_text_options *options,
                                         const char *expected)
{
    hone_text_counts counts;
    hone_status status;
    test_write(test_temp(name), content, len);
    char *found = read_all(test_temp(name), options, &status, &counts);
    assert_ok(status);
    assert_string_equal(found, expected);
    assert_int_equal(counts.bytes_read, len);
    hone__free(found);
    return counts;
}
#define DOCUMENTS(name, content, options, expected) assert_documents(name, content, sizeof(content) - 1, options, expected)

/* The file gives nothing: the message holds `part`. */
static void assert_nothing(const char *name, const char *content, size_t len, const char *part)
{
    hone_text_counts counts;
    hone_status status;
    test_write(test_temp(name), content, len);
    char *found = read_all(test_temp(name), NULL, &status, &counts);
    assert_string_equal(found, "");
    assert_fails(HONE_NOT_FOUND, part, status);
    hone__free(found);
}
#define NOTHING(name, content, part) assert_nothing(name, content, sizeof(content) - 1, part)

static void plain(void **state)
{
    (void)state;
    hone_text_options lines = HONE_TEXT_OPTIONS_INIT, raw = HONE_TEXT_OPTIONS_INIT;
    lines.line_by_line = true;
    raw.raw_newlines = true;
    DOCUMENTS("a.py", "x = 1\ny = 2\n", NULL, "x = 1\ny = 2\n|");
    DOCUMENTS("a.py", "x\r\ny\rz\r\r\n", NULL, "x\ny\nz\n\n|");
    DOCUMENTS("a.py", "x\r\ny\r", &raw, "x\r\ny\r|");
    DOCUMENTS("a.py", "x\r\ny\rz\n\nend", &lines, "x\n|y\n|z\n|\n|end|");
    raw.line_by_line = true;
    DOCUMENTS("a.py", "x\r\ny\rz\n\nend\r", &raw, "x\r\n|y\r|z\n|\n|end\r|");
    hone_text_counts counts = DOCUMENTS("b", "ünï\n", NULL, "ünï\n|");
    assert_int_equal(counts.n_files, 1);
    assert_int_equal(counts.n_documents, 1);
    assert_int_equal(counts.bytes, 6);
    assert_int_equal(counts.bytes_total, 6);
    lines.max_documents = 2;
    test_write_text(test_temp("c"), "1\n2\n3\n");
    hone_status status;
    char *found = read_all(test_temp("c"), &lines, &status, &counts);
    assert_ok(status);
    assert_string_equal(found, "1\n|2\n|");
    hone__free(found);
}

static void json_lines(void **state)
{
    (void)state;
    hone_text_options other = HONE_TEXT_OPTIONS_INIT, forced = HONE_TEXT_OPTIONS_INIT;
    other.column = "text";
    forced.format = "jsonl";
    DOCUMENTS("a.jsonl", "{\"content\": \"a\\nb\"}\n\n  {\"n\": 1, \"content\": \"c\"} \r\n", NULL, "a\nb|c|");
    DOCUMENTS("a.jsonl", "{\"content\": \"a\", \"text\": \"b\"}", &other, "b|");
    DOCUMENTS("a.data", "{\"content\": \"\\ud83d\\ude00\\u00e9\\\\\\/\"}", &forced, "😀é\\/|");
    DOCUMENTS("a.json", "\xEF\xBB\xBF[{\"content\": \"a\"},\n {\"content\"\n: \"b\"}\n]\n", NULL, "a|b|");
    DOCUMENTS("a.json", "{\"content\": \"a\"}\n", NULL, "a|");
    DOCUMENTS("a.json", "{\"content\": \"x\", \"content\": \"y\", \"deep\": {\"content\": 1}}", NULL, "y|");
}

static void bad_lines(void **state)
{
    (void)state;
    hone_set_log(keep_line, NULL, HONE_LOG_WARNING);
    n_warnings = 0;
    hone_text_counts counts = DOCUMENTS("bad.jsonl", "{\"content\": \"a\"}\n{\"content\": \"b\", }\n{\"content\": \"c\"}\n", NULL, "a|c|");
    assert_int_equal(counts.n_bad_lines, 1);
    assert_int_equal(n_warnings, 1);
    assert_non_null(strstr(last_line, "bad.jsonl:2:18: a key in quotes was expected"));
    static const char *const lines[][2] = {
        {"{\"content\": 3}", "2:13: \"content\" is no string"},
        {"{\"other\": \"\"}", "no key \"content\""},
        {"[1]", "an object was expected"},
        {"{\"content\": \"\\ud800\"}", "2:14: half of a surrogate pair"},
        {"{\"content\": \"\xff\"}", "2:14: bytes that are not UTF-8"},
        {"{\"content\": \"a\"} 1", "something follows"},
        {"{\"content\": \"a", "ends inside a string"},
        {"{\"content\": \"a\tb\"}", "control character"},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        char text[128];
        snprintf(text, sizeof(text), "{\"content\": \"ok\"}\n%s\n", lines[i][0]);
        counts = assert_documents("bad.jsonl", text, strlen(text), NULL, "ok|");
        assert_int_equal(counts.n_bad_lines, 1);
        if (!strstr(last_line, lines[i][1]))
            fail_msg("\"%s\" lacks \"%s\"", last_line, lines[i][1]);
    }
    counts = DOCUMENTS("bad.json", "[{\"content\": \"a\"}, {\"content\": \"b\"} 3]", NULL, "a|");
    assert_int_equal(counts.n_bad_lines, 1);
    hone_str many = HONE_STR_INIT;
    for (int i = 0; i < 100; i++)
        hone__str_puts(&many, "{}\n");
    hone__str_puts(&many, "{\"content\": \"last\"}");
    n_warnings = 0;
    counts = assert_documents("many.jsonl", many.data, many.len, NULL, "last|");
    assert_int_equal(counts.n_bad_lines, 100);
    assert_int_equal(n_warnings, 21); /* the first 20, and that there are more */
    hone__str_dispose(&many);
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
}

static void unusable_files(void **state)
{
    (void)state;
    NOTHING("empty.py", "", "empty.py: an empty file");
    NOTHING("binary.py", "abc\0def", "binary.py: a binary file (NUL byte at offset 3)");
    NOTHING("latin.py", "caf\xe9 au lait", "latin.py: not UTF-8 (byte 0xE9 at offset 3)");
    NOTHING("packed.jsonl", "\x1f\x8b\x08\0\0", "compressed with gzip");
    NOTHING("bad.jsonl", "{\n", "bad.jsonl:1:2: a key in quotes was expected");
    NOTHING("latin.json", "[{\"content\": \"\xe9\"}]", "latin.json: not UTF-8");
    hone_text_stream *s;
    const char *absent = test_temp("absent.py");
    assert_fails(HONE_NOT_FOUND, "absent.py", hone_text_open(&s, &absent, 1, NULL));
    assert_null(s);
    hone_text_options options = HONE_TEXT_OPTIONS_INIT;
    options.format = "parquet";
    assert_fails(HONE_INVALID_ARGUMENT, "parquet", hone_text_open(&s, &absent, 1, &options));
}

static void folders(void **state)
{
    (void)state;
    mkdir(test_temp("tree"), 0755);
    mkdir(test_temp("tree/sub"), 0755);
    test_write_text(test_temp("tree/b.py"), "b");
    test_write_text(test_temp("tree/a.py"), "a");
    test_write_text(test_temp("tree/sub/c.py"), "c");
    test_write_text(test_temp("tree/note.txt"), "note");
    test_write_text(test_temp("tree/empty.py"), "");
    test_write(test_temp("tree/x.py"), "\0", 1);
    hone_text_options options = HONE_TEXT_OPTIONS_INIT;
    options.glob = "*.py";
    const char *path = test_temp("tree");
    hone_text_stream *s;
    hone_document doc;
    hone_text_counts counts;
    char all[16] = "";
    assert_ok(hone_text_open(&s, &path, 1, &options));
    while (hone_text_next(s, &doc))
        strncat(all, doc.data, doc.len);
    assert_ok(hone_text_status(s));
    hone_text_counts_of(s, &counts);
    assert_string_equal(all, "abc");
    assert_int_equal(counts.n_files, 3);
    assert_int_equal(counts.n_skipped, 1);
    assert_int_equal(counts.n_empty, 1);
    hone_text_free(s);
    options.glob = "*.rs";
    assert_fails(HONE_NOT_FOUND, "*.rs", hone_text_open(&s, &path, 1, &options));
}

static void unreadable(void **state)
{
    (void)state;
    if (geteuid() == 0)
        test_skip("root reads every file");
    hone_text_counts counts;
    hone_status status;
    test_write_text(test_temp("secret.py"), "x");
    chmod(test_temp("secret.py"), 0);
    char *found = read_all(test_temp("secret.py"), NULL, &status, &counts);
    assert_fails(HONE_NOT_FOUND, "secret.py: Permission denied", status);
    assert_int_equal(counts.n_skipped, 1);
    hone__free(found);
}

/* A file that goes away between listing and reading is passed over, and named. */
static void vanished(void **state)
{
    (void)state;
    mkdir(test_temp("going"), 0755);
    test_write_text(test_temp("going/a"), "a");
    test_write_text(test_temp("going/b"), "b");
    const char *path = test_temp("going");
    hone_text_stream *s;
    hone_document doc;
    hone_text_counts counts;
    hone_set_log(keep_line, NULL, HONE_LOG_WARNING);
    assert_ok(hone_text_open(&s, &path, 1, NULL));
    unlink(test_temp("going/a"));
    assert_true(hone_text_next(s, &doc));
    assert_memory_equal(doc.data, "b", 1);
    assert_false(hone_text_next(s, &doc));
    assert_ok(hone_text_status(s));
    hone_text_counts_of(s, &counts);
    assert_int_equal(counts.n_skipped, 1);
    assert_non_null(strstr(last_line, "going/a"));
    hone_text_free(s);
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
}

/* A file larger than the pieces in which large files are looked at, with a character across their border; and one broken byte far inside. */
static void large_files(void **state)
{
    (void)state;
    size_t len = (size_t)70 << 20;
    char *text = malloc(len);
    assert_non_null(text);
    text[0] = 'a';
    for (size_t i = 1; i < len; i += 2) { /* two-byte letters at odd places, a line end now and then */
        bool end = i % 1000001 == 0 || i + 1 >= len;
        text[i] = end ? '\n' : '\xC3';
        if (i + 1 < len)
            text[i + 1] = end ? 'b' : '\xA9';
    }
    test_write(test_temp("large.txt"), text, len);
    hone_text_options lines = HONE_TEXT_OPTIONS_INIT;
    lines.line_by_line = true;
    for (int round = 0; round < 2; round++) {
        hone_text_stream *s;
        hone_document doc;
        const char *path = test_temp("large.txt");
        size_t at = 0;
        assert_ok(hone_text_open(&s, &path, 1, round ? &lines : NULL));
        while (hone_text_next(s, &doc)) {
            assert_memory_equal(doc.data, text + at, doc.len);
            at += doc.len;
        }
        assert_ok(hone_text_status(s));
        assert_int_equal(at, len);
        hone_text_free(s);
    }
    text[((size_t)64 << 20) + 7] = 'x';
    assert_nothing("large.txt", text, len, "not UTF-8 (byte 0xA9 at offset 67108872)");
    free(text);
}

static void line_numbers(void **state)
{
    (void)state;
    static const char text[] = "\n[\n{\"content\": \"a\"},\n\n{\n\"content\": \"b\"}]";
    const char *path = test_temp("lines.json");
    hone_text_stream *s;
    hone_document doc;
    test_write_text(path, text);
    assert_ok(hone_text_open(&s, &path, 1, NULL));
    assert_true(hone_text_next(s, &doc));
    assert_int_equal(doc.line, 3);
    assert_true(hone_text_next(s, &doc));
    assert_int_equal(doc.line, 5);
    char *json;
    size_t len;
    assert_ok(hone_document_to_json(&json, &len, &doc, NULL));
    assert_string_equal(json, "{ \"content\": \"b\"}");
    hone_text_free_json(json);
    hone_text_free(s);
}

/* Standard input is not mapped: where its text is read, whatever lies at such addresses stays. */
static void nothing_is_released_without_a_mapping(void **state)
{
    (void)state;
    const hone_mapping none = {0};
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    *page = 'x';
    hone__text_release(&none, (size_t)(uintptr_t)page, (size_t)(uintptr_t)page + 4096);
    assert_int_equal(*page, 'x');
    munmap(page, 4096);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_is_released_without_a_mapping),
    cmocka_unit_test(plain),
    cmocka_unit_test(json_lines),
    cmocka_unit_test(bad_lines),
    cmocka_unit_test(unusable_files),
    cmocka_unit_test(folders),
    cmocka_unit_test(unreadable),
    cmocka_unit_test(vanished),
    cmocka_unit_test(line_numbers),
    cmocka_unit_test(large_files),
};
TEST_MAIN(tests)
