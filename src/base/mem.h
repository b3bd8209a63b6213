/* All memory of the library comes from here: owned objects (malloc), big flat buffers (pages), and arenas for what lives as long as a step or a parse.
 * Counted, so that a test can hold "a training step asks the allocator for nothing"; a hook makes the n-th request fail (tests/oom). */
#ifndef HONE_BASE_MEM_H
#define HONE_BASE_MEM_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Uninitialised / zeroed memory for n objects of `size` bytes; sets *out to NULL on failure (overflow included). n == 0 gives NULL and HONE_OK. */
hone_status hone__alloc_(void **out, size_t n, size_t size);
hone_status hone__calloc_(void **out, size_t n, size_t size);
/* Grows or shrinks *block to n objects; on failure *block is unchanged and still owned. */
hone_status hone__realloc_(void **block, size_t n, size_t size);
void hone__free(void *block);
hone_status hone__strdup(char **out, const char *text);
hone_status hone__strndup(char **out, const char *text, size_t len); /* may hold NUL bytes; a NUL is added */

/* Typed forms: HONE_NEW(&p, n) allocates n zeroed objects of *p. */
#define HONE_NEW(out, n)       hone__calloc_((void **)(out), (n), sizeof(**(out)))
#define HONE_ALLOC(out, n)     hone__alloc_((void **)(out), (n), sizeof(**(out)))
#define HONE_REALLOC(block, n) hone__realloc_((void **)(block), (n), sizeof(**(block)))

/* Makes room for `need` objects in a growing array: HONE_GROW(&items, &capacity, need). Doubles, from 16. */
hone_status hone__grow_(void **block, size_t *capacity, size_t need, size_t size);
#define HONE_GROW(block, capacity, need) hone__grow_((void **)(block), (capacity), (need), sizeof(**(block)))

/* Zeroed pages of their own (mmap, 64-byte aligned and more, huge pages asked for when big): flat parameter buffers and arena blocks. */
hone_status hone__pages_alloc(void **out, size_t bytes);
/* The same without asking for huge ones, for what is written once and read once: where memory is scattered a kernel takes seconds a gigabyte to make huge pages. */
hone_status hone__pages_alloc_plain(void **out, size_t bytes);
void hone__pages_free(void *pages, size_t bytes);

/* Gives free memory of the heap back to the system: milliseconds; after work that is over for good. */
void hone__mem_trim(void);

typedef struct hone_mem_stats {
    uint64_t n_requests; /* successful and failed requests since the start of the process, pages and arena blocks included */
    uint64_t bytes_now, bytes_peak;
} hone_mem_stats;
void hone__mem_stats(hone_mem_stats *out);
void hone__mem_reset_peak(void);
/* For tests: the n-th request from now fails once (1: the next); 0 switches it off. */
void hone__mem_fail_at(uint64_t n);

/* An arena: memory that is given back all at once. `bottom` grows up and lives until reset; `top` is scratch, taken with mark and given back with release.
 * Blocks are kept by reset, so that a repeated step asks for nothing: after a reset that had several blocks they are merged into one of the total size. */
typedef struct hone_arena hone_arena;
typedef struct hone_arena_mark {
    size_t block, used;
} hone_arena_mark;
hone_status hone__arena_new(hone_arena **out, size_t block_bytes);
void hone__arena_free(hone_arena *arena);
/* 64-byte aligned, uninitialised; NULL when out of memory (message set). */
void *hone__arena_alloc(hone_arena *arena, size_t bytes);
hone_arena_mark hone__arena_mark(const hone_arena *arena);
void hone__arena_release(hone_arena *arena, hone_arena_mark mark);
void hone__arena_reset(hone_arena *arena);
size_t hone__arena_used(const hone_arena *arena);
size_t hone__arena_peak(const hone_arena *arena);
char *hone__arena_printf(hone_arena *arena, const char *format, ...) HONE__PRINTF(2, 3);

bool hone__mul_size(size_t *out, size_t a, size_t b); /* false on overflow */
bool hone__add_size(size_t *out, size_t a, size_t b);

/* Peak and present resident set of the process in bytes (getrusage, /proc/self/statm). */
size_t hone__rss_peak(void);
size_t hone__rss_now(void);
/* The part of the resident set that pages of files are, and all addresses that the process has taken. */
size_t hone__rss_of_files(void);
size_t hone__address_space_now(void);
/* Memory of the machine that is free for use (MemAvailable), 0 when unknown. */
size_t hone__memory_available(void);

/* The most that something may be; SIZE_MAX: no limit is known. */
typedef struct hone_limit {
    size_t bytes;
    const char *what; /* "the machine's memory", …: static storage */
} hone_limit;
/* Of what the process holds: the machine's memory, or that of a control group (version 1 or 2) that it lives in, whichever is less. */
hone_limit hone__memory_limit(void);
/* Of the addresses that it takes (ulimit -v). */
hone_limit hone__address_space_limit(void);
/* Of the memory that is its own and can be written to (ulimit -d), and how much of that it has taken. */
hone_limit hone__data_limit(void);
size_t hone__data_now(void);
/* The most bytes that a file may have which it writes (ulimit -f); UINT64_MAX: any. */
uint64_t hone__file_size_limit(void);
/* The least limit of a control group: `groups` is the text of /proc/self/cgroup, `root` where the groups are mounted (/sys/fs/cgroup). */
size_t hone__cgroup_limit(const char *groups, const char *root);
/* "512MB", "1.5GiB", "2G", "1000000" as bytes; false for anything else. Powers of ten, with an i or without a B of two. */
bool hone__parse_size(size_t *out, const char *text);

#endif
