/* Messages: one line, the cause kept behind its context, carried between threads, never half a character. */
#include "support/support.h"

#include <errno.h>
#include <pthread.h>

static void names(void **state)
{
    (void)state;
    assert_string_equal(hone_status_name(HONE_OK), "ok");
    assert_string_equal(hone_status_name(HONE_CANCELLED), "cancelled");
    assert_string_equal(hone_status_name((hone_status)99), "unknown status");
}

static void context_and_hint(void **state)
{
    (void)state;
    assert_int_equal(hone__fail(HONE_FORMAT, "bad %s", "cell"), HONE_FORMAT);
    assert_int_equal(hone__hint(HONE_FORMAT, "quote it"), HONE_FORMAT);
    assert_int_equal(hone__fail_in(HONE_FORMAT, "%s:%d", "data.csv", 7), HONE_FORMAT);
    assert_string_equal(hone_error_message(), "data.csv:7: bad cell");
    assert_string_equal(hone_error_hint(), "quote it");
    hone__fail(HONE_IO, "again: %s", hone_error_message()); /* arguments may be the old message */
    assert_string_equal(hone_error_message(), "again: data.csv:7: bad cell");
    assert_string_equal(hone_error_hint(), "");
}

static void one_line(void **state)
{
    (void)state;
    hone__fail(HONE_FORMAT, "a\nb\tc\x7f%s", "é");
    assert_string_equal(hone_error_message(), "a b c é");
}

static void long_messages(void **state)
{
    (void)state;
    char text[4000];
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "é", 2);
    text[sizeof(text) - 2] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        hone__fail(HONE_FORMAT, "%.*s%s", shift, "x", text);
        size_t len = strlen(hone_error_message());
        assert_in_range(len, 1000, 1023);
        assert_int_equal(hone__utf8_valid(hone_error_message(), len), len);
        hone__fail_in(HONE_FORMAT, "%.*s%s", shift, "x", text);
        len = strlen(hone_error_message());
        assert_in_range(len, 1000, 1023);
        assert_int_equal(hone__utf8_valid(hone_error_message(), len), len);
    }
}

static void errno_text(void **state)
{
    (void)state;
    errno = ENOENT;
    assert_fails(HONE_NOT_FOUND, "cannot open x.txt: No such file", hone__fail_errno("cannot open", "x.txt"));
    errno = EACCES;
    assert_fails(HONE_IO, "Permission denied", hone__fail_errno("cannot open", "x.txt"));
}

static void *fail_elsewhere(void *payload)
{
    assert_string_equal(hone_error_message(), ""); /* a new thread has none */
    hone__hint(hone__fail(HONE_SHAPE, "3 against 4"), "transpose");
    hone__error_save(payload, HONE_SHAPE);
    return NULL;
}

static void across_threads(void **state)
{
    (void)state;
    hone_error_state saved;
    pthread_t thread;
    hone__fail(HONE_IO, "mine");
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, &saved), 0);
    pthread_join(thread, NULL);
    assert_string_equal(hone_error_message(), "mine");
    assert_int_equal(hone__error_restore(&saved), HONE_SHAPE);
    assert_string_equal(hone_error_message(), "3 against 4");
    assert_string_equal(hone_error_hint(), "transpose");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(names),         cmocka_unit_test(context_and_hint), cmocka_unit_test(one_line),
    cmocka_unit_test(long_messages), cmocka_unit_test(errno_text),       cmocka_unit_test(across_threads),
};

TEST_MAIN(tests)
