/* Texts as small numbers: each different text gets the next id, from 0. For tags, entity types and class labels, which are few however long the files are. */
#ifndef HONE_METRICS_NAMES_H
#define HONE_METRICS_NAMES_H

#include "base/mem.h"

typedef struct hone_name {
    char *text; /* NUL-terminated, may hold NUL bytes */
    size_t len;
    uint64_t hash;
} hone_name;

/* Starts as zeros. */
typedef struct hone_names {
    hone_name *items;
    size_t n, capacity;
    int32_t *slots; /* id + 1, 0: free; a power of two of them */
    size_t n_slots;
} hone_names;

/* The id of a text, given to it now when it is new. */
hone_status hone__names_add(int32_t *id, hone_names *names, const char *text, size_t len);
void hone__names_dispose(hone_names *names);

/* (n) ids in order of their texts' bytes, which is that of code points; owned by the caller. */
hone_status hone__names_sorted(int32_t **out, const hone_names *names);

#endif
