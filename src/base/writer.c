/* The one way in which the library writes a file: aside, fsync, rename, fsync of the folder, so that a reader sees the old file or the new one and
 * never a part. What is no regular file (a pipe, a device) cannot be replaced, and is written to as it is. In a folder whose files the thread collects (collect.h) the folder
 * is what will be renamed: the file goes into it at once, hashed on its way, or into memory. */
#include "base/collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define BUFFER_BYTES ((size_t)64 << 10)
#define PIECE_BYTES  ((size_t)1 << 20) /* hashed and written while it is in the cache */

static atomic_int refusal; /* hone__writer_refuse */
static _Thread_local hone_on_full full;

struct hone_file_writer {
    int fd, error; /* errno of the first failure */
    hone_collection *collection;
    XXH3_state_t *hash; /* of a file that goes into a collected folder */
    char *data;         /* of one that is collected in memory: pages */
    size_t len, capacity;
    char *path;
    char *aside; /* NULL: `path` is written directly */
    char *buffer;
    size_t n_buffered;
    uint64_t offset;
};

static void close_writer(hone_file_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    if (w->aside)
        unlink(w->aside);
    XXH3_freeState(w->hash);
    hone__pages_free(w->data, w->capacity);
    hone__free(w->path);
    hone__free(w->aside);
    hone__free(w->buffer);
    hone__free(w);
}

/* ---- disks that are full ---- */

bool hone__is_disk_full(int code)
{
    return code == ENOSPC || code == EDQUOT || code == EIO || code == EROFS; /* what a kernel makes of a disk with errors */
}

hone_on_full hone__writer_on_full(hone_on_full next)
{
    hone_on_full before = full;
    full = next;
    return before;
}

/* A call was refused with `code`: whether it is to be made again. */
static bool is_tried_again(const char *path, int code, bool *refused)
{
    if (!full.ask || !hone__is_disk_full(code))
        return false;
    errno = code;
    (void)hone__fail_errno("cannot write", path);
    *refused = true;
    return full.ask(full.payload, code);
}

static void tell_written(bool refused)
{
    if (refused && full.ask)
        (void)full.ask(full.payload, 0);
}

/* ---- opening ---- */

/* "path.tmp-N-PID-START" */
static hone_status name_aside(char **out, const char *path)
{
    static atomic_uint counter;
    hone_str name = HONE_STR_INIT;
    hone__str_printf(&name, "%s.tmp-%u%s", path, atomic_fetch_add(&counter, 1), hone__aside_suffix());
    hone_status status = hone__str_take(out, &name);
    hone__str_dispose(&name);
    return status;
}

void hone__writer_clean(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
        if (strstr(entry->d_name, ".tmp-") && hone__is_left_behind(entry->d_name))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

static hone_status open_collected(hone_file_writer *w)
{
    if (w->collection->in_memory)
        return HONE_OK;
    w->hash = XXH3_createState();
    if (!w->hash)
        return hone__fail(HONE_OUT_OF_MEMORY, "no memory for the hash of %s", w->path);
    XXH3_64bits_reset(w->hash);
    w->fd = open(w->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return w->fd < 0 ? hone__fail_errno("cannot write", w->path) : HONE_OK;
}

static hone_status open_target(hone_file_writer *w)
{
    struct stat info;
    w->collection = hone__collecting(w->path);
    if (w->collection && w->path[strlen(w->collection->folder)] == '/')
        return open_collected(w);
    w->collection = NULL;
    bool exists = stat(w->path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return hone__fail_errno("cannot write", w->path);
    }
    if (exists && !S_ISREG(info.st_mode)) {
        w->fd = open(w->path, O_WRONLY | O_CLOEXEC);
        return w->fd < 0 ? hone__fail_errno("cannot write", w->path) : HONE_OK;
    }
    char *aside = NULL;
    HONE_TRY(name_aside(&aside, w->path));
    bool refused = false;
    do
        w->fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    while (w->fd < 0 && is_tried_again(w->path, errno, &refused));
    if (w->fd < 0) {
        hone__free(aside);
        return hone__fail_errno("cannot write", w->path);
    }
    tell_written(refused);
    w->aside = aside; /* from here on there is something to take away */
    if (exists)
        (void)fchmod(w->fd, info.st_mode & 0777); /* as the old one; where that is refused the new file has the usual mode */
    return HONE_OK;
}

hone_status hone__writer_open(hone_file_writer **out, const char *path)
{
    *out = NULL;
    hone_file_writer *w = NULL;
    hone_status status = HONE_OK;
    HONE_TRY(HONE_NEW(&w, 1));
    w->fd = -1;
    HONE_GO(hone__strdup(&w->path, path));
    HONE_GO(HONE_ALLOC(&w->buffer, BUFFER_BYTES));
    HONE_GO(open_target(w));
    *out = w;
    return HONE_OK;
done:
    close_writer(w);
    return status;
}

/* Room for `capacity` bytes in memory. */
static void make_room(hone_file_writer *w, size_t capacity)
{
    void *pages = NULL;
    if (capacity <= w->capacity || w->error)
        return;
    if (hone__pages_alloc_plain(&pages, capacity) != HONE_OK) {
        w->error = ENOMEM;
        return;
    }
    if (w->len > 0)
        memcpy(pages, w->data, w->len);
    hone__pages_free(w->data, w->capacity);
    w->data = pages;
    w->capacity = capacity;
}

static void keep(hone_file_writer *w, const char *data, size_t len)
{
    if (len > w->capacity - w->len)
        make_room(w, 2 * w->capacity > w->len + len ? 2 * w->capacity : w->len + len);
    if (w->error || len == 0) /* an empty file has no memory */
        return;
    memcpy(w->data + w->len, data, len);
    w->len += len;
}

void hone__writer_expect(hone_file_writer *w, uint64_t bytes)
{
    if (w->collection && w->collection->in_memory)
        make_room(w, (size_t)bytes);
}

static ssize_t write_piece(int fd, const char *data, size_t len)
{
    int code = atomic_load_explicit(&refusal, memory_order_relaxed);
    if (!code)
        return write(fd, data, len);
    errno = code;
    return -1;
}

static void write_out(hone_file_writer *w, const char *data, size_t len)
{
    if (w->collection && w->collection->in_memory) {
        keep(w, data, len);
        return;
    }
    bool refused = false;
    while (len > 0 && !w->error) {
        ssize_t n = write_piece(w->fd, data, len < PIECE_BYTES ? len : PIECE_BYTES);
        int code = errno;
        if (n < 0 && code != EINTR && !is_tried_again(w->path, code, &refused))
            w->error = code;
        if (n > 0) {
            if (w->hash)
                XXH3_64bits_update(w->hash, data, (size_t)n);
            data += n;
            len -= (size_t)n;
        }
    }
    tell_written(refused && !w->error);
}

static void flush(hone_file_writer *w)
{
    write_out(w, w->buffer, w->n_buffered);
    w->n_buffered = 0;
}

void hone__writer_write(hone_file_writer *w, const void *data, size_t len)
{
    w->offset += len;
    if (len > BUFFER_BYTES - w->n_buffered)
        flush(w);
    if (len >= BUFFER_BYTES) {
        write_out(w, data, len);
    } else if (len > 0) {
        memcpy(w->buffer + w->n_buffered, data, len);
        w->n_buffered += len;
    }
}

/* A text that is too long for the usual way. */
static void print_long(hone_file_writer *w, const char *format, va_list args)
{
    hone_str text = HONE_STR_INIT;
    hone__str_vprintf(&text, format, args);
    if (text.failed && !w->error)
        w->error = ENOMEM;
    else
        hone__writer_write(w, text.data, text.len);
    hone__str_dispose(&text);
}

void hone__writer_printf(hone_file_writer *w, const char *format, ...)
{
    char text[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = hone__vprint(text, sizeof(text), format, args);
    if (len >= 0 && (size_t)len < sizeof(text))
        hone__writer_write(w, text, (size_t)len);
    else
        print_long(w, format, again);
    va_end(again);
    va_end(args);
}

hone_status hone__writer_status(const hone_file_writer *w)
{
    if (!w->error)
        return HONE_OK;
    errno = w->error;
    hone_status status = hone__fail_errno("cannot write", w->path);
    return w->error == ENOMEM ? HONE_OUT_OF_MEMORY : w->error == ENOENT ? HONE_IO : status;
}

uint64_t hone__writer_offset(const hone_file_writer *w)
{
    return w->offset;
}

/* The end of a file of a collected folder. */
static hone_status commit_collected(hone_file_writer *w)
{
    char *data = w->data;
    HONE_TRY(hone__writer_status(w));
    if (strrchr(w->path + strlen(w->collection->folder) + 1, '/') && !w->collection->in_memory)
        HONE_TRY(hone__sync_parent(w->path));
    w->data = NULL;
    return hone__collect_file(w->collection, w->path, data, w->offset, w->capacity, w->hash ? XXH3_64bits_digest(w->hash) : 0);
}

static void rename_aside(hone_file_writer *w)
{
    bool refused = false;
    while (!w->error && w->aside && rename(w->aside, w->path) != 0) {
        int code = errno;
        if (!is_tried_again(w->path, code, &refused))
            w->error = code;
    }
    tell_written(refused && !w->error);
}

hone_status hone__writer_commit(hone_file_writer *w)
{
    hone_status status = HONE_OK;
    flush(w);
    if (!w->error && (w->aside || w->hash) && fsync(w->fd) != 0 && errno != EINVAL && errno != ENOTSUP)
        w->error = errno;
    if (w->fd >= 0 && close(w->fd) != 0 && !w->error)
        w->error = errno;
    w->fd = -1;
    if (w->collection) {
        status = commit_collected(w);
        goto done;
    }
    rename_aside(w);
    HONE_GO(hone__writer_status(w));
    if (w->aside) {
        hone__free(w->aside);
        w->aside = NULL;
        HONE_GO(hone__sync_parent(w->path));
    }
done:
    close_writer(w);
    return status;
}

void hone__writer_abort(hone_file_writer *w)
{
    if (w)
        close_writer(w);
}

void hone__writer_refuse(int code)
{
    atomic_store(&refusal, code);
}

hone_status hone__write_file(const char *path, const void *data, size_t len)
{
    hone_file_writer *w = NULL;
    HONE_TRY(hone__writer_open(&w, path));
    hone__writer_write(w, data, len);
    return hone__writer_commit(w);
}
