/* See support.h. */
#include "support/support.h"

#include <hone/train.h>

#include <stdlib.h>
#include <unistd.h>

static size_t n_skipped;

void test_skip(const char *why, ...)
{
    va_list args;
    va_start(args, why);
    printf("skipped: ");
    vprintf(why, args);
    printf("\n");
    va_end(args);
    n_skipped++;
    skip();
}

int test_run(const char *name, const struct CMUnitTest *tests, size_t n)
{
    const char *base = strrchr(name, '/');
    setvbuf(stdout, NULL, _IOLBF, 0);
    int n_failed = _cmocka_run_group_tests(base ? base + 1 : name, tests, n, NULL, NULL);
    if (n_failed)
        return 1;
    return n > 0 && n_skipped == n ? 77 : 0;
}

static char *next_path(void)
{
    static char paths[8][4096];
    static size_t next;
    return paths[next++ % 8];
}

static const char *outside_path(const char *variable, const char *name)
{
    const char *folder = getenv(variable);
    char *path = next_path();
    if (!folder)
        test_skip("%s is not set", variable);
    snprintf(path, 4096, "%s/%s", folder, name);
    if (access(path, R_OK) != 0)
        test_skip("%s is not there", path);
    return path;
}

const char *test_fixture(const char *name)
{
    return outside_path("HONE_FIXTURES", name);
}

const char *test_data(const char *name)
{
    return outside_path("HONE_DATA", name);
}

const char *test_source(const char *name)
{
    const char *root = getenv("HONE_SOURCE_DIR");
    char *path = next_path();
    snprintf(path, 4096, "%s/%s", root ? root : ".", name);
    return path;
}

static char temp_folder[512];
static pid_t temp_owner;

static void remove_temp(void)
{
    if (getpid() == temp_owner)
        (void)hone__remove_tree(temp_folder);
}

const char *test_temp(const char *name)
{
    char *path = next_path();
    if (!temp_folder[0]) {
        const char *root = getenv("TMPDIR");
        snprintf(temp_folder, sizeof(temp_folder), "%s/hone-test-XXXXXX", root && *root ? root : "/tmp");
        if (!mkdtemp(temp_folder))
            fail_msg("cannot make %s", temp_folder);
        temp_owner = getpid();
        atexit(remove_temp);
    }
    snprintf(path, 4096, "%s/%s", temp_folder, name);
    return path;
}

void test_write(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0)
        fail_msg("cannot write %s", path);
}

void test_write_text(const char *path, const char *text)
{
    test_write(path, text, strlen(text));
}

char *test_read(const char *path, size_t *len)
{
    char *text;
    assert_ok(hone__read_file(&text, len, path, 0));
    return text;
}

json_t *test_read_json(const char *path)
{
    json_t *value;
    assert_ok(hone__json_load(&value, path));
    return value;
}

json_t *test_read_jsonl(const char *path)
{
    size_t len;
    char *text = test_read(path, &len);
    json_t *lines = json_array(), *value;
    for (char *line = text, *end; line < text + len; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + len - line));
        end = end ? end : text + len;
        if (end == line)
            continue;
        assert_ok(hone__json_parse(&value, line, (size_t)(end - line), path));
        json_array_append_new(lines, value);
    }
    hone__free(text);
    return lines;
}

void test_assert_ok(hone_status status, const char *call, const char *file, int line)
{
    if (status == HONE_OK)
        return;
    print_error("%s: %s: %s (%s)\n", call, hone_status_name(status), hone_error_message(), hone_error_hint());
    _fail(file, line);
}

void test_assert_fails(hone_status expected, const char *part, hone_status status, const char *call, const char *file, int line)
{
    if (status == expected && (strstr(hone_error_message(), part) || strstr(hone_error_hint(), part)))
        return;
    print_error("%s: expected %s with \"%s\", got %s: %s (%s)\n", call, hone_status_name(expected), part, hone_status_name(status),
                status == HONE_OK ? "" : hone_error_message(), hone_error_hint());
    _fail(file, line);
}

enum { SAID = 1 << 16 }; /* room for what a call of test_oom_call says */

bool test_jansson_fails;
static size_t n_jansson_blocks; /* jansson is used by one thread at a time in these sweeps */

static void *jansson_malloc(size_t size)
{
    void *block;
    if (test_jansson_fails)
        return hone__alloc_(&block, size, 1) == HONE_OK ? block : NULL;
    n_jansson_blocks++;
    return malloc(size);
}

static void jansson_free(void *block)
{
    if (test_jansson_fails) {
        hone__free(block);
    } else if (block) {
        n_jansson_blocks--;
        free(block);
    }
}

/* What came of a run whose n-th allocation was to fail, and had it got that far? */
static bool judge(hone_status status, size_t n, const hone_mem_stats *before, size_t *n_requests)
{
    hone_mem_stats after;
    hone__mem_fail_at(0);
    hone__mem_stats(&after);
    *n_requests = (size_t)(after.n_requests - before->n_requests);
    bool failed = *n_requests >= n;
    if (!failed)
        test_assert_ok(status, "the run in which nothing failed", __FILE__, __LINE__);
    else if (status != HONE_OK && status != HONE_OUT_OF_MEMORY)
        fail_msg("allocation %zu failed: %s: %s", n, hone_status_name(status), hone_error_message());
    return failed;
}

static void assert_nothing_left(size_t n, const hone_mem_stats *before)
{
    hone_mem_stats after;
    hone__mem_stats(&after);
    if (after.bytes_now != before->bytes_now || n_jansson_blocks)
        fail_msg("allocation %zu failed: %lld bytes and %zu blocks of jansson are left behind", n,
                 (long long)(after.bytes_now - before->bytes_now), n_jansson_blocks);
}

/* once: with the n-th allocation failing, and whether it got that far. Gives the number of allocations of the run that lacked none. */
static size_t sweep(bool (*once)(const void *what, size_t n, size_t *n_requests), const void *what)
{
    json_malloc_t old_malloc;
    json_free_t old_free;
    size_t n_requests = 0;
    json_get_alloc_funcs(&old_malloc, &old_free);
    json_set_alloc_funcs(jansson_malloc, jansson_free);
    n_jansson_blocks = 0;
    for (size_t n = 1; once(what, n, &n_requests);)
        n++;
    json_set_alloc_funcs(old_malloc, old_free);
    return n_requests;
}

typedef struct test_body {
    hone_status (*run)(void *payload);
    void *payload;
} test_body;

static bool run_with_failure(const void *what, size_t n, size_t *n_requests)
{
    const test_body *b = what;
    hone_mem_stats before;
    hone__mem_stats(&before);
    hone__mem_fail_at(n);
    bool failed = judge(b->run(b->payload), n, &before, n_requests);
    assert_nothing_left(n, &before);
    return failed;
}

size_t test_oom(hone_status (*body)(void *payload), void *payload)
{
    (void)body(payload); /* what is allocated once and kept is no leak */
    return sweep(run_with_failure, &(test_body){body, payload});
}

static char expected[SAID]; /* what the call says when nothing fails */

/* Once more, on objects that were made now or saw a failure. */
static void say(const test_call *c, char *said, size_t room)
{
    memset(said, 0, room);
    test_assert_ok(c->call(said, room), "the call without a failure", __FILE__, __LINE__);
}

static bool call_with_failure(const void *what, size_t n, size_t *n_requests)
{
    static char said[SAID];
    const test_call *c = what;
    hone_mem_stats first, before;
    memset(said, 0, sizeof(said));
    hone__mem_stats(&first);
    if (c->make)
        c->make();
    hone__mem_stats(&before);
    hone__mem_fail_at(n);
    hone_status status = c->call(said, sizeof(said));
    bool failed = judge(status, n, &before, n_requests);
    if (status != HONE_OK)
        say(c, said, sizeof(said));
    if (strcmp(said, expected) != 0)
        fail_msg("allocation %zu failed: %s, said is \"%s\" where \"%s\" was expected", n, hone_status_name(status), said, expected);
    if (c->drop)
        c->drop();
    assert_nothing_left(n, &first);
    return failed;
}

size_t test_oom_call(const test_call *c)
{
    if (c->make)
        c->make();
    say(c, expected, sizeof(expected)); /* what a process makes once is made */
    if (c->drop)
        c->drop();
    return sweep(call_with_failure, c);
}

hone_status test_say_text(char *said, size_t room, hone_status status, char *text)
{
    if (status == HONE_OK)
        snprintf(said, room, "%s", text);
    else
        assert_null(text);
    hone_free_text(text);
    return status;
}
