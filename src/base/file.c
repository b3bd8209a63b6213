/* Reading files and the small facts about paths. Writing is in writer.c, folders are in folder.c. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

hone_status hone__map_file(hone_mapping *out, const char *path)
{
    *out = (hone_mapping){"", 0, -1};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hone__fail_errno("cannot open", path);
    struct stat info;
    hone_status status = HONE_OK;
    if (fstat(fd, &info) != 0)
        status = hone__fail_errno("cannot open", path);
    else if (!S_ISREG(info.st_mode))
        status = hone__fail(HONE_IO, "cannot read %s: it is not a regular file", path);
    if (status != HONE_OK || info.st_size == 0) {
        close(fd);
        return status;
    }
    void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        status = hone__fail_errno("cannot map", path);
        close(fd);
        return status;
    }
    *out = (hone_mapping){data, (size_t)info.st_size, fd};
    return HONE_OK;
}

void hone__unmap_file(hone_mapping *m)
{
    if (m->len > 0)
        munmap((void *)(uintptr_t)m->data, m->len);
    if (m->len > 0 && m->fd >= 0)
        close(m->fd);
    *m = (hone_mapping){"", 0, -1};
}

void hone__release_pages(const void *data, size_t len)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)data + page - 1) / page * page, end = ((uintptr_t)data + len) / page * page;
    if (start < end)
        (void)madvise((void *)start, end - start, MADV_DONTNEED);
}

void hone__small_pages(const hone_mapping *m)
{
    if (m->len > 0)
        (void)madvise((void *)(uintptr_t)m->data, m->len, MADV_NOHUGEPAGE); /* a wish: kernels without huge pages refuse it */
}

/* `is_all`: bytes is the whole size, not only what was read so far. */
static hone_status fail_limit(const char *path, uint64_t bytes, bool is_all, size_t limit)
{
    return hone__fail(HONE_FORMAT, "%s has %s%llu bytes, at most %zu are read here", path, is_all ? "" : "at least ",
                      (unsigned long long)bytes, limit);
}

/* Reads to the end of fd, which may be a pipe; `guess` is its size when known. */
static hone_status read_all(char **out, size_t *len, int fd, size_t guess, const char *path, size_t limit)
{
    char *data = NULL;
    size_t capacity = 0, used = 0;
    hone_status status = HONE_OK;
    for (;;) {
        size_t need = used < guess ? guess + 2 : used + 4096; /* 2: the NUL, and a byte that shows the end */
        HONE_GO(HONE_GROW(&data, &capacity, need));
        ssize_t n = read(fd, data + used, capacity - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            HONE_GO(hone__fail_errno("cannot read", path));
        if (n == 0)
            break;
        used += (size_t)n;
        if (limit && used > limit)
            HONE_GO(fail_limit(path, used, false, limit));
    }
    data[used] = '\0';
    *out = data;
    *len = used;
    return HONE_OK;
done:
    hone__free(data);
    return status;
}

hone_status hone__read_file(char **out, size_t *len, const char *path, size_t limit)
{
    size_t ignored;
    *out = NULL;
    len = len ? len : &ignored;
    *len = 0;
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hone__fail_errno("cannot open", path);
    struct stat info;
    uint64_t guess = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    hone_status status = limit && guess > limit ? fail_limit(path, guess, true, limit)
                                                : read_all(out, len, fd, (size_t)guess, is_stdin ? "standard input" : path, limit);
    if (!is_stdin)
        close(fd);
    return status;
}

bool hone__is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool hone__is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

hone_status hone__path_join(char **out, const char *folder, const char *name)
{
    size_t n = strlen(folder), m = strlen(name);
    size_t slash = n > 0 && folder[n - 1] != '/';
    *out = NULL;
    HONE_TRY(HONE_ALLOC(out, n + slash + m + 1));
    memcpy(*out, folder, n);
    if (slash)
        (*out)[n] = '/';
    memcpy(*out + n + slash, name, m + 1);
    return HONE_OK;
}

const char *hone__path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

uint64_t hone__disk_free(const char *path)
{
    struct statvfs info;
    return statvfs(path, &info) == 0 ? (uint64_t)info.f_bavail * info.f_frsize : UINT64_MAX;
}

uint64_t hone__disk_free_files(const char *path)
{
    struct statvfs info;
    return statvfs(path, &info) == 0 && info.f_files > 0 ? (uint64_t)info.f_favail : UINT64_MAX;
}

static hone_status hash_pieces(uint64_t *size, XXH3_state_t *state, int fd, const char *path)
{
    enum { PIECE = 1 << 18 };
    char *buffer = NULL;
    ssize_t n = 0;
    HONE_TRY(HONE_ALLOC(&buffer, PIECE));
    while ((n = read(fd, buffer, PIECE)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0) {
            XXH3_64bits_update(state, buffer, (size_t)n);
            *size += (uint64_t)n;
        }
    hone__free(buffer);
    return n < 0 ? hone__fail_errno("cannot read", path) : HONE_OK;
}

hone_status hone__hash_file(uint64_t *hash, uint64_t *size, const char *path)
{
    XXH3_state_t *state = NULL;
    hone_status status;
    int fd = -1;
    *size = 0;
    *hash = 0;
    if (!hone__is_file(path))
        HONE_GO(hone__fail(HONE_IO, "cannot read %s: it is not a regular file", path));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        HONE_GO(hone__fail_errno("cannot open", path));
    state = XXH3_createState();
    if (!state)
        HONE_GO(hone__fail(HONE_OUT_OF_MEMORY, "no memory for the hash of %s", path));
    XXH3_64bits_reset(state);
    HONE_GO(hash_pieces(size, state, fd, path));
    *hash = XXH3_64bits_digest(state);
done:
    XXH3_freeState(state);
    if (fd >= 0)
        close(fd);
    return status;
}

uint64_t hone__hash64(const void *data, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, len, seed);
}
