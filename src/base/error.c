/* Status names and the thread's error message.
 *
 * One fixed buffer a thread, so that reporting a failure never fails itself, not even when memory is gone. A message is one line: line breaks
 * and other control characters that come in with a user's text are shown as spaces, and a cut never leaves half a UTF-8 character. */
#include "base/error.h"
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char message[1024];
static _Thread_local char hint[512];
static _Thread_local int code; /* errno behind the message, 0: none */

const char *hone_status_name(hone_status status)
{
    static const char *const names[] = {
#define X(name, text) text,
        HONE_STATUS_MAP(X)
#undef X
    };
    return (size_t)status < sizeof(names) / sizeof(names[0]) ? names[status] : "unknown status";
}

const char *hone_error_message(void)
{
    return message;
}

const char *hone_error_hint(void)
{
    return hint;
}

/* len, or less where the text was cut within its last character. */
static size_t whole_characters(const char *text, size_t len)
{
    size_t begin = len;
    while (begin > 0 && len - begin < 3 && ((unsigned char)text[begin - 1] & 0xC0) == 0x80)
        begin--;
    if (begin == 0)
        return len;
    unsigned char lead = (unsigned char)text[begin - 1];
    size_t expected = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return len - (begin - 1) < expected ? begin - 1 : len;
}

/* Copies text to a line of the thread: one line, cut between characters. */
static void put_line(char *to, size_t capacity, const char *text)
{
    size_t len = strlen(text);
    len = whole_characters(text, len < capacity ? len : capacity - 1);
    for (size_t i = 0; i < len; i++)
        to[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? ' ' : text[i];
    to[len] = '\0';
}

hone_status hone__fail(hone_status status, const char *format, ...)
{
    char text[sizeof(message)]; /* the arguments may point into the present message */
    va_list args;
    va_start(args, format);
    if (hone__vprint(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    put_line(message, sizeof(message), text);
    hint[0] = '\0';
    code = 0;
    return status;
}

hone_status hone__fail_in(hone_status status, const char *format, ...)
{
    char text[2 * sizeof(message) + 4];
    va_list args;
    va_start(args, format);
    int len = hone__vprint(text, sizeof(message), format, args);
    va_end(args);
    if (len < 0)
        return status;
    size_t context = whole_characters(text, (size_t)len < sizeof(message) ? (size_t)len : sizeof(message) - 1);
    snprintf(text + context, sizeof(text) - context, ": %s", message);
    put_line(message, sizeof(message), text);
    return status;
}

hone_status hone__hint(hone_status status, const char *format, ...)
{
    char text[sizeof(hint)];
    va_list args;
    va_start(args, format);
    if (hone__vprint(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    put_line(hint, sizeof(hint), text);
    return status;
}

static bool is_inside(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

hone_status hone__hint_at(hone_status status, const char *text, size_t len, size_t at)
{
    enum { BEFORE = 40, BEHIND = 30 }; /* bytes that are shown */
    if (hint[0])
        return status;
    at = at < len ? at : len;
    size_t from = at, to = at;
    while (from > 0 && text[from - 1] != '\n' && at - from < BEFORE)
        from--;
    while (from < at && is_inside(text[from]))
        from++;
    while (to < len && text[to] != '\n' && text[to] != '\r' && to - at < BEHIND)
        to++;
    while (to > at && to < len && is_inside(text[to]))
        to--;
    if (from == to) /* an empty line shows nothing */
        return status;
    return hone__hint(status, "at the caret in %.*s^%.*s", (int)(at - from), text + from, (int)(to - at), text + at);
}

hone_status hone__fail_errno(const char *what, const char *path)
{
    int cause = errno;
    char buffer[128];
    const char *text = strerror_r(cause, buffer, sizeof(buffer)); /* GNU's: thread safe, returns the text */
    hone_status status = hone__fail(cause == ENOENT ? HONE_NOT_FOUND : HONE_IO, "%s %s: %s", what, path, text);
    code = cause;
    return status;
}

int hone__error_code(void)
{
    return code;
}

void hone__error_save(hone_error_state *out, hone_status status)
{
    out->status = status;
    out->code = code;
    memcpy(out->message, message, sizeof(message));
    memcpy(out->hint, hint, sizeof(hint));
}

hone_status hone__error_restore(const hone_error_state *state)
{
    memcpy(message, state->message, sizeof(message));
    memcpy(hint, state->hint, sizeof(hint));
    code = state->code;
    return state->status;
}

#ifndef NDEBUG
void hone__assert_failed(const char *expression, const char *file, int line)
{
    dprintf(2, "%s:%d: broken invariant: %s\n", file, line, expression);
    abort();
}
#endif
