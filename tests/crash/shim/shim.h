/* What tests/crash/shim/shim.c writes, one record after the other, into the file that HONE_CRASH_LOG names: every call that changed a file below HONE_CRASH_ROOT. */
#ifndef HONE_TESTS_SHIM_H
#define HONE_TESTS_SHIM_H

#include <stdint.h>

typedef enum shim_kind {
    SHIM_CREATE,   /* path: a file that was not there, or that lost its content */
    SHIM_WRITE,    /* path, at `offset`, with `len` bytes of data */
    SHIM_TRUNCATE, /* path, to `offset` bytes */
    SHIM_SYNC,     /* path: a file's content */
    SHIM_SYNC_DIR, /* path: a folder's entries */
    SHIM_RENAME,   /* path to other */
    SHIM_EXCHANGE, /* path and other */
    SHIM_LINK,     /* path gets the second name other */
    SHIM_UNLINK,   /* path, a file */
    SHIM_MKDIR,
    SHIM_RMDIR,
    SHIM_N_KINDS
} shim_kind;

typedef struct shim_record {
    uint32_t kind, path_len, other_len, thread;
    uint64_t offset, len; /* of data */
    uint64_t told;        /* bytes that stood on standard error when the call came, where that is a file */
} shim_record;            /* then path, other, data */

#endif
