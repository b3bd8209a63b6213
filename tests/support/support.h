/* What the tests share: where fixtures and data are, skipping that is counted, a temporary folder, statuses checked with their message, and the sweep
 * that makes every allocation fail in turn. A test program ends with TEST_MAIN(tests). */
#ifndef HONE_TESTS_SUPPORT_H
#define HONE_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "support/sanitizer.h"

/* Runs the tests of a program: exit status 0, 1, or 77 when every one of them was skipped. */
int test_run(const char *name, const struct CMUnitTest *tests, size_t n);
#define TEST_MAIN(tests)                                                      \
    int main(void)                                                            \
    {                                                                         \
        return test_run(__FILE__, tests, sizeof(tests) / sizeof((tests)[0])); \
    }

/* Ends the running test as skipped, and counts it. */
void test_skip(const char *why, ...) HONE__PRINTF(1, 2);

/* The path of a file or folder below HONE_FIXTURES / HONE_DATA; skips the test when it is not there. Lent until the 8th next call. */
const char *test_fixture(const char *name);
const char *test_data(const char *name);

/* The path of a file of the source tree (HONE_SOURCE_DIR, or the working directory). Lent until the 8th next call. */
const char *test_source(const char *name);

/* A path in a folder of this process that is removed at exit. Lent until the 8th next call. */
const char *test_temp(const char *name);

void test_write(const char *path, const void *data, size_t len);
void test_write_text(const char *path, const char *text);
char *test_read(const char *path, size_t *len); /* NUL-terminated, hone__free it; the test fails when it cannot be read */
json_t *test_read_json(const char *path);       /* json_decref it */
json_t *test_read_jsonl(const char *path);      /* an array of the lines' values; json_decref it */

/* The call succeeds, or the test fails showing the message. */
#define assert_ok(call) test_assert_ok((call), #call, __FILE__, __LINE__)
/* The call fails with this status and a message (or hint) that holds `part`. */
#define assert_fails(expected, part, call) test_assert_fails((expected), (part), (call), #call, __FILE__, __LINE__)
void test_assert_ok(hone_status status, const char *call, const char *file, int line);
void test_assert_fails(hone_status expected, const char *part, hone_status status, const char *call, const char *file, int line);

/* Calls body with the first, second, third … allocation failing, until all of them succeed: each time body must give HONE_OUT_OF_MEMORY (or HONE_OK, where a
 * failure is made good) and leave nothing allocated, no jansson value either. body works with its own objects only: what it keeps is a leak.
 * Returns the number of allocations of a whole run. */
size_t test_oom(hone_status (*body)(void *payload), void *payload);

/* The same for one call of the library on objects that live: `make` makes them anew (without failures) for each n, `call` makes the n-th allocation fail and, after a failure, must have left its
 * result empty (it asserts that); it is then called once more on the same objects without a failure and must say what it says on objects that saw none. `drop` frees them, and nothing is
 * left. call writes what it was told into `said` (room bytes, zeroed) as a text. A call that gives HONE_OK although an allocation failed must say the same. make and drop may be NULL.
 * Returns the number of allocations of the call, which may be 0. */
typedef struct test_call {
    void (*make)(void);
    hone_status (*call)(char *said, size_t room);
    void (*drop)(void);
} test_call;
size_t test_oom_call(const test_call *c);
/* For a call whose result is a text of hone_free_text's: says it and frees it; after a failure it must be NULL. */
hone_status test_say_text(char *said, size_t room, hone_status status, char *text);

/* Set before test_oom, jansson's allocations fail too. Off by default: jansson takes no notice when a token's buffer cannot grow (lex_save in its load.c) and
 * gives a value with a part missing. */
extern bool test_jansson_fails;

#endif
