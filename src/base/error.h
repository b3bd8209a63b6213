/* How the inside of the library reports a failure: values and one message a thread (hone/status.h). Never fails itself, never allocates. */
#ifndef HONE_BASE_ERROR_H
#define HONE_BASE_ERROR_H

#include <hone/status.h>
#include <stddef.h>

#define HONE__PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Sets the thread's message and returns status, so that `return hone__fail(HONE_IO, "%s: %s", path, strerror(errno));` is one line. Clears the hint. */
hone_status hone__fail(hone_status status, const char *format, ...) HONE__PRINTF(2, 3);

/* Puts "context: " before the present message (file and line, row, tensor): the cause stays. Returns status unchanged. */
hone_status hone__fail_in(hone_status status, const char *format, ...) HONE__PRINTF(2, 3);

/* Adds the remedy to the present message. Returns status unchanged. */
hone_status hone__hint(hone_status status, const char *format, ...) HONE__PRINTF(2, 3);

/* The remedy of a text that cannot be read: the line that byte `at` of it stands in, or the part around it, with a caret before the byte. Where there is a remedy already, that
 * stays. Returns status unchanged. */
hone_status hone__hint_at(hone_status status, const char *text, size_t len, size_t at);

/* HONE_IO (or HONE_NOT_FOUND for ENOENT) with "what path: strerror(errno)". */
hone_status hone__fail_errno(const char *what, const char *path);
/* errno behind the thread's present message when hone__fail_errno made it (context and hints may have been added since), else 0. */
int hone__error_code(void);

/* A failure carried from one thread to another, or across clean-up. */
typedef struct hone_error_state {
    hone_status status;
    int code; /* hone__error_code */
    char message[1024], hint[512];
} hone_error_state;
void hone__error_save(hone_error_state *out, hone_status status);
hone_status hone__error_restore(const hone_error_state *state); /* returns state->status */

/* For calls inside functions that return hone_status. */
#define HONE_TRY(call)             \
    do {                           \
        hone_status try_ = (call); \
        if (try_ != HONE_OK)       \
            return try_;           \
    } while (0)

/* The same in functions with a clean-up label `done` and a variable `status`. */
#define HONE_GO(call)                     \
    do {                                  \
        if ((status = (call)) != HONE_OK) \
            goto done;                    \
    } while (0)

/* Our own invariants; never for input. Kept in every build but the release one. */
#ifdef NDEBUG
#define HONE_ASSERT(x) ((void)sizeof(x))
#else
void hone__assert_failed(const char *expression, const char *file, int line) __attribute__((noreturn));
#define HONE_ASSERT(x) ((x) ? (void)0 : hone__assert_failed(#x, __FILE__, __LINE__))
#endif

#endif
