/* The files of one folder on their way to it. While a thread collects, all that it writes below the folder by way of base/file.h goes into the collection: into memory, so
 * that another thread may write it later (a snapshot), or straight into the folder, which is one that nobody sees yet and that will be renamed when it is whole. Either way
 * sizes are known at the end, and hashes where the bytes went to the disk, without reading anything again. */
#ifndef HONE_BASE_COLLECT_H
#define HONE_BASE_COLLECT_H

#include "base/file.h"

typedef struct hone_collected {
    char *name; /* below the folder: "config.json" */
    char *data; /* pages; NULL: it is on the disk */
    size_t len, capacity;
    uint64_t hash; /* XXH3, 0 while it is in memory */
} hone_collected;

typedef struct hone_collection {
    char *folder;
    bool in_memory;
    hone_collected *files; /* in the order of their writing */
    size_t n, capacity;
} hone_collection;

hone_status hone__collection_init(hone_collection *c, const char *folder, bool in_memory);
void hone__collection_dispose(hone_collection *c);
/* From here on this thread collects; one collection at a time. */
void hone__collect_begin(hone_collection *c);
void hone__collect_end(void);
/* What this thread collects, if path is the collection's folder or below it; else NULL. */
hone_collection *hone__collecting(const char *path);
/* A file is complete: name is that below the folder. Takes data. */
hone_status hone__collect_file(hone_collection *c, const char *path, char *data, size_t len, size_t capacity, uint64_t hash);
/* Writes what is in memory to its folder, through whatever the calling thread collects by then. */
hone_status hone__collection_write(const hone_collection *c);
/* Bytes of all files. */
uint64_t hone__collection_bytes(const hone_collection *c);

#endif
