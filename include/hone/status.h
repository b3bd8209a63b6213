/* Status values and the thread's error message.
 *
 * Every function of hone that can fail returns hone_status and leaves one line for people in the calling thread:
 * what failed, where in the user's input (file and line, tensor, option), and what to do about it.
 * The library never prints and never exits. */
#ifndef HONE_STATUS_H
#define HONE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HONE_API __attribute__((visibility("default")))
#else
#define HONE_API
#endif

/* X(enumerator suffix, name) */
#define HONE_STATUS_MAP(X)                  \
    X(OK, "ok")                             \
    X(INVALID_ARGUMENT, "invalid argument") \
    X(OUT_OF_MEMORY, "out of memory")       \
    X(IO, "input/output error")             \
    X(FORMAT, "malformed input")            \
    X(NOT_FOUND, "not found")               \
    X(SHAPE, "shape mismatch")              \
    X(UNSUPPORTED, "unsupported")           \
    X(DEVICE, "device error")               \
    X(NETWORK, "network error")             \
    X(CANCELLED, "cancelled")

typedef enum hone_status {
#define X(name, text) HONE_##name,
    HONE_STATUS_MAP(X)
#undef X
} hone_status;

/* The name of a status, as in HONE_STATUS_MAP: static storage. */
HONE_API const char *hone_status_name(hone_status status);

/* The message of the calling thread's last failure, one line without a newline, "" if there was none. Lent until the thread's next failure. */
HONE_API const char *hone_error_message(void);

/* What the user can do about the last failure ("try --max_length 512"), or "" when the message says it all. Lent likewise. */
HONE_API const char *hone_error_hint(void);

#ifdef __cplusplus
}
#endif
#endif
