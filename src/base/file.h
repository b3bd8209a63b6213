/* Files: mapping, whole reads, listings, and the one way in which the library writes: aside, fsync, rename. */
#ifndef HONE_BASE_FILE_H
#define HONE_BASE_FILE_H

#include "base/str.h"

/* A read-only mapping; an empty file gives data "" and len 0. */
typedef struct hone_mapping {
    const char *data;
    size_t len;
    int fd; /* kept open: -1 when the file was empty */
} hone_mapping;
hone_status hone__map_file(hone_mapping *out, const char *path);
void hone__unmap_file(hone_mapping *m);
/* Gives the pages that lie whole in bytes [data, data + len) of a mapping back: they count as our memory no more, and come from the file again when they are read. */
void hone__release_pages(const void *data, size_t len);
/* A mapping that is read here and there: a place that is looked at is not mapped as a huge page of 2 MiB. */
void hone__small_pages(const hone_mapping *m);

/* The whole file, NUL-terminated, at most `limit` bytes (0: no limit); HONE_FORMAT with the size when larger. Pipes and /dev/stdin work ("-" is standard input). */
hone_status hone__read_file(char **out, size_t *len, const char *path, size_t limit);

/* A file being written aside: path.tmp-N-PID-START in the same folder, renamed over `path` by commit after fsync of file and folder; while the thread collects the files of
 * a folder (collect.h) it goes there instead.
 * Writes are buffered (64 KiB); the first error sticks and comes from commit, with errno's text and the path ("no space left on device"). */
typedef struct hone_file_writer hone_file_writer;
hone_status hone__writer_open(hone_file_writer **out, const char *path);
void hone__writer_write(hone_file_writer *w, const void *data, size_t len);
void hone__writer_expect(hone_file_writer *w, uint64_t bytes); /* how much will be written in all; may be wrong */
void hone__writer_printf(hone_file_writer *w, const char *format, ...) HONE__PRINTF(2, 3);
hone_status hone__writer_status(const hone_file_writer *w);
uint64_t hone__writer_offset(const hone_file_writer *w);
/* Ends and frees w in every case; on failure the old file is untouched and nothing is left behind. */
hone_status hone__writer_commit(hone_file_writer *w);
void hone__writer_abort(hone_file_writer *w); /* NULL is legal */
/* Removes from a folder (not from those in it) what writers of processes that are gone left behind. */
void hone__writer_clean(const char *folder);
/* Whether this errno is one that room on the disk (or patience) would cure. */
bool hone__is_disk_full(int code);
/* Whom the writers of this thread ask when the disk is full (the thread's message says where): true, perhaps after a while, is another try, false a failure. With code 0 it is
 * told that what was refused could be written. ask NULL, the default: they fail. What only fsync finds out is a failure in any case. Gives the one before. */
typedef struct hone_on_full {
    bool (*ask)(void *payload, int code);
    void *payload;
} hone_on_full;
hone_on_full hone__writer_on_full(hone_on_full next);
/* For tests: from now on the disk refuses whatever writers write with this errno; 0: no more. */
void hone__writer_refuse(int code);
/* As writer_open … commit, for a text that is at hand. */
hone_status hone__write_file(const char *path, const void *data, size_t len);

hone_status hone__make_dirs(const char *path); /* mkdir -p */
/* Whether files can be made in a folder that may have to be made first, seen before hours of work; nothing is left behind. HONE_IO says why not. */
hone_status hone__can_write_in(const char *folder);
hone_status hone__remove_tree(const char *path); /* rm -rf, never follows links; a missing path is fine */
/* Renames folder `aside` to `path`, which must not exist unless `replace`; what stood there is called `aside` then. Syncs both parents. */
hone_status hone__rename_dir(const char *aside, const char *path, bool replace);
/* What processes that are gone left beside a folder: PATH.tmp-…, which was to take its place, goes; PATH.old-…, which made room for that, gets its place back if nothing took it; PATH.new-…,
 * before which PATH had to be removed, takes its place. */
void hone__clean_beside(const char *path);
hone_status hone__sync_dir(const char *path);
hone_status hone__sync_parent(const char *path); /* the folder that holds path, which may end in "/" */
bool hone__is_dir(const char *path);
bool hone__is_file(const char *path);
hone_status hone__path_join(char **out, const char *folder, const char *name); /* owned */
const char *hone__path_base(const char *path);                                 /* after the last '/' */
/* "-PID-START" of this process: names of what is written aside end with it. */
const char *hone__aside_suffix(void);
/* Whether a name ends like that and the process is no more. */
bool hone__is_left_behind(const char *name);
/* Holds a folder for this process until hone__unlock_dir or its end, however it ends; HONE_IO when another one holds it, which the message names where it is known. *fd -1: not held. */
hone_status hone__lock_dir(int *fd, const char *folder);
/* Whether the folder that fd holds is still the one of that name. */
bool hone__is_locked_dir(int fd, const char *folder);
void hone__unlock_dir(int *fd);
uint64_t hone__disk_free(const char *path); /* bytes available to us at the file system of path, UINT64_MAX when unknown */
uint64_t
hone__disk_free_files(const char *path); /* how many files can be added there, whatever room there is (inodes); UINT64_MAX when unknown */

/* Files under a path: the path itself when it is a file; in a folder all regular files, recursively, sorted by bytes, whose name (not path) matches
 * `glob` (fnmatch; NULL: all). Hidden files and folders are passed over, links to folders not followed. */
typedef struct hone_file_list {
    char **paths;
    size_t n;
} hone_file_list;
hone_status hone__list_files(hone_file_list *out, const char *path, const char *glob);
/* The same over several paths in their order, without duplicates of the same path. HONE_NOT_FOUND names the first path that does not exist, or says that nothing matched. */
hone_status hone__list_all_files(hone_file_list *out, const char *const *paths, size_t n, const char *glob);
void hone__file_list_dispose(hone_file_list *list);

uint64_t hone__hash64(const void *data, size_t len, uint64_t seed); /* xxHash XXH3 */
/* The same, with seed 0, and the size of a whole file: read in pieces, so that the pages of a large one do not count as our memory. */
hone_status hone__hash_file(uint64_t *hash, uint64_t *size, const char *path);

#endif
