/* Stands between hone and the C library (LD_PRELOAD) and sees every call that changes a file below HONE_CRASH_ROOT, by whichever thread:
 *
 *     HONE_CRASH_DIE=n   the process is killed (SIGKILL) in place of the n-th such call; of a write the first half is made
 *     HONE_CRASH_SYNCS=1 fsync counts too: dying there leaves what dying at the next call leaves
 *     HONE_CRASH_BESIDE=1 only calls of threads beside the first one count: a checkpoint that is written beside the training
 *     HONE_CRASH_REFUSE=n:times:errno:kinds  the n-th and the following calls, `times` in all, fail with errno and change nothing. Kinds that count: o open for writing, r open for
 *                        reading, w write, s fsync, n names; the first refusal is said on standard error
 *     HONE_CRASH_CLOCK=1 the time of day jumps: a year back at each look
 *     HONE_CRASH_FULL=a:b the disk is full once for each file outside of checkpoints whose name has one of the words in it, after half of its first write
 *     HONE_CRASH_LOG=f   the calls are recorded, with their data (shim.h), in their order
 *
 * fsync is counted and recorded but not made, so that a test is as fast on a disk as in memory: a dying process loses nothing that it wrote, and what a dying machine loses is
 * worked out from the record (power.c). Files written through mmap or by calls that are not here would go unseen: the tests compare the record with what is there in the end. */
#include "crash/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
enum { PATH_BYTES = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_BYTES];
static size_t root_len;
static int log_fd = -1;
static long n_calls, die_at, n_refusable, refuse_at, refuse_times;
static int refuse_code;
static char refuse_kinds[16];
static bool counts_syncs, beside_only, jumps;
static const char *full;

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("HONE_CRASH_ROOT"), *die = getenv("HONE_CRASH_DIE"), *log = getenv("HONE_CRASH_LOG");
    snprintf(root, sizeof(root), "%s", name ? name : "");
    root_len = strlen(root);
    die_at = die ? atol(die) : 0;
    jumps = getenv("HONE_CRASH_CLOCK") != NULL;
    counts_syncs = getenv("HONE_CRASH_SYNCS") != NULL;
    full = getenv("HONE_CRASH_FULL");
    beside_only = getenv("HONE_CRASH_BESIDE") != NULL;
    const char *refuse = getenv("HONE_CRASH_REFUSE");
    if (refuse)
        sscanf(refuse, "%ld:%ld:%d:%15s", &refuse_at, &refuse_times, &refuse_code, refuse_kinds);
    if (log)
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
}

static void append(const void *data, size_t len)
{
    const char *at = data;
    for (ssize_t n; len > 0 && (n = syscall(SYS_write, log_fd, at, len)) > 0; len -= (size_t)n)
        at += n;
}

/* Absolute, as /proc names things, without a '/' at the end. False when it is not below the root. */
static bool full_path(char *out, int folder, const char *path)
{
    char link[64];
    ssize_t n = 0;
    if (root_len == 0)
        return false;
    if (path[0] != '/') {
        snprintf(link, sizeof(link), folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        n = readlink(link, out, PATH_BYTES / 2);
        if (n < 0)
            return false;
        out[n++] = '/';
    }
    snprintf(out + n, (size_t)(PATH_BYTES - n), "%s", path);
    char *to = out;
    for (const char *from = out; *from; from++) { /* "a//b", "a/./b", "a/" */
        bool slash = *from == '/' && (from[1] == '/' || from[1] == '\0' || (from[1] == '.' && (from[2] == '/' || from[2] == '\0')));
        if (slash && from[1] == '.')
            from++;
        else if (!slash)
            *to++ = *from;
    }
    *to = '\0';
    return strncmp(out, root, root_len) == 0 && (out[root_len] == '/' || out[root_len] == '\0');
}

/* The file behind fd; false when it is not below the root or has no name any more. */
static bool fd_path(char *out, int fd)
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = root_len ? readlink(link, out, PATH_BYTES - 1) : -1;
    if (n < 0)
        return false;
    out[n] = '\0';
    if (n > 10 && strcmp(out + n - 10, " (deleted)") == 0)
        return false;
    return strncmp(out, root, root_len) == 0 && out[root_len] == '/';
}

static void die(void)
{
    syscall(SYS_kill, (long)getpid(), (long)SIGKILL);
    for (;;)
        pause();
}

typedef enum fate { GOES, DIES, REFUSED } fate;

static bool is_refused(char kind)
{
    if (refuse_at <= 0 || !strchr(refuse_kinds, kind))
        return false;
    long n = ++n_refusable;
    if (n == refuse_at)
        dprintf(STDERR_FILENO, "shim: refused\n");
    return n >= refuse_at && n - refuse_at < refuse_times;
}

/* Before a call: takes the lock, so that the record's order is that of the calls. What is refused has let it go again. */
static fate enter(char kind)
{
    pthread_mutex_lock(&lock);
    if (beside_only && syscall(SYS_gettid) == getpid())
        return GOES;
    if (kind != 'r' && (kind != 's' || counts_syncs) && ++n_calls == die_at)
        return DIES;
    if (!is_refused(kind))
        return GOES;
    pthread_mutex_unlock(&lock);
    errno = refuse_code;
    return REFUSED;
}

/* As enter, for calls of which nothing is made before the end; false: errno says why. */
static bool may_go(char kind)
{
    fate f = enter(kind);
    if (f == DIES)
        die();
    return f == GOES;
}

static void leave(bool ok, shim_kind kind, const char *path, const char *other, uint64_t offset, const void *data, uint64_t len)
{
    struct stat info;
    int code = errno;
    if (ok && log_fd >= 0) {
        shim_record r = {.kind = kind, .path_len = (uint32_t)strlen(path), .other_len = (uint32_t)strlen(other), .offset = offset};
        r.thread = (uint32_t)syscall(SYS_gettid);
        r.len = data ? len : 0;
        r.told = fstat(STDERR_FILENO, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
        append(&r, sizeof(r));
        append(path, r.path_len);
        append(other, r.other_len);
        if (data)
            append(data, len);
    }
    pthread_mutex_unlock(&lock);
    errno = code;
}

/* ---- opening ---- */

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    char full[PATH_BYTES];
    struct stat info;
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    if ((flags & O_TMPFILE) == O_TMPFILE || !full_path(full, folder, path))
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    bool there = fstatat(folder, path, &info, 0) == 0;
    if (!writes || (there && !(flags & O_TRUNC))) {
        if (!may_go('r'))
            return -1;
        pthread_mutex_unlock(&lock);
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    }
    if (!may_go('o'))
        return -1;
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    leave(fd >= 0, there ? SHIM_TRUNCATE : SHIM_CREATE, full, "", 0, NULL, 0);
    return fd;
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                    \
    PUBLIC int name(const char *path, int flags, ...) \
    {                                                 \
        va_list args;                                 \
        va_start(args, flags);                        \
        mode_t mode = mode_of(flags, args);           \
        va_end(args);                                 \
        return open_at(AT_FDCWD, path, flags, mode);  \
    }
#define OPENAT(name)                                              \
    PUBLIC int name(int folder, const char *path, int flags, ...) \
    {                                                             \
        va_list args;                                             \
        va_start(args, flags);                                    \
        mode_t mode = mode_of(flags, args);                       \
        va_end(args);                                             \
        return open_at(folder, path, flags, mode);                \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
PUBLIC int __open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}
PUBLIC int __open64_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}
PUBLIC int creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- content ---- */

static uint64_t place_of(int fd)
{
    struct stat info;
    if ((fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &info) == 0)
        return (uint64_t)info.st_size;
    return (uint64_t)lseek(fd, 0, SEEK_CUR);
}

/* Whether HONE_CRASH_FULL has a word that is in the name. */
static bool is_named(const char *name)
{
    char word[64];
    for (const char *at = full; at && *at; at += strcspn(at, ":"), at += *at == ':') {
        snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, ":"), at);
        if (strstr(name, word))
            return true;
    }
    return false;
}

/* HONE_CRASH_FULL: of the first write to each file that it names one half is made, the next finds the disk full, and then there is room. Files are told apart by their names, without what is
 * added to them aside. */
static bool finds_disk_full(int fd, const char *path, const void *data, size_t *len)
{
    static struct {
        char name[64];
        int n;
    } files[64];
    const char *name = strrchr(path, '/') + 1, *aside = strstr(name, ".tmp-");
    size_t n = aside ? (size_t)(aside - name) : strlen(name), i = 0;
    if (!is_named(name) || strstr(path, "checkpoint-") || n >= sizeof(files[0].name))
        return false;
    while (files[i].name[0] && !(strncmp(files[i].name, name, n) == 0 && files[i].name[n] == '\0'))
        if (++i == 64)
            return false;
    memcpy(files[i].name, name, n);
    int writes = ++files[i].n;
    if (writes == 1 && *len > 1) {
        *len /= 2;
        ssize_t done = syscall(SYS_write, fd, data, *len);
        *len = done > 0 ? (size_t)done : 0;
        return true;
    }
    *len = 0;
    errno = ENOSPC;
    return writes <= 2;
}

PUBLIC ssize_t write(int fd, const void *data, size_t len)
{
    char path[PATH_BYTES];
    if (fd <= STDERR_FILENO || !fd_path(path, fd))
        return syscall(SYS_write, fd, data, len);
    size_t part = len;
    if (full && finds_disk_full(fd, path, data, &part))
        return part > 0 ? (ssize_t)part : -1;
    fate f = enter('w');
    if (f == DIES) {
        syscall(SYS_write, fd, data, len / 2);
        die();
    }
    if (f == REFUSED)
        return -1;
    uint64_t place = place_of(fd);
    ssize_t n = syscall(SYS_write, fd, data, len);
    leave(n > 0, SHIM_WRITE, path, "", place, data, n > 0 ? (uint64_t)n : 0);
    return n;
}

PUBLIC ssize_t pwrite(int fd, const void *data, size_t len, off_t place)
{
    char path[PATH_BYTES];
    if (!fd_path(path, fd))
        return syscall(SYS_pwrite64, fd, data, len, place);
    fate f = enter('w');
    if (f == DIES) {
        syscall(SYS_pwrite64, fd, data, len / 2, place);
        die();
    }
    if (f == REFUSED)
        return -1;
    ssize_t n = syscall(SYS_pwrite64, fd, data, len, place);
    leave(n > 0, SHIM_WRITE, path, "", (uint64_t)place, data, n > 0 ? (uint64_t)n : 0);
    return n;
}

PUBLIC ssize_t pwrite64(int fd, const void *data, size_t len, off_t place)
{
    return pwrite(fd, data, len, place);
}

/* One piece at a time: fewer bytes than were asked for are legal. */
PUBLIC ssize_t writev(int fd, const struct iovec *pieces, int n)
{
    char path[PATH_BYTES];
    int i = 0;
    if (fd <= STDERR_FILENO || !fd_path(path, fd))
        return syscall(SYS_writev, fd, pieces, n);
    while (i < n && pieces[i].iov_len == 0)
        i++;
    return i < n ? write(fd, pieces[i].iov_base, pieces[i].iov_len) : 0;
}

PUBLIC int ftruncate(int fd, off_t size)
{
    char path[PATH_BYTES];
    if (!fd_path(path, fd))
        return (int)syscall(SYS_ftruncate, fd, size);
    if (!may_go('w'))
        return -1;
    int result = (int)syscall(SYS_ftruncate, fd, size);
    leave(result == 0, SHIM_TRUNCATE, path, "", (uint64_t)size, NULL, 0);
    return result;
}

PUBLIC int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

PUBLIC int truncate(const char *name, off_t size)
{
    char path[PATH_BYTES];
    if (!full_path(path, AT_FDCWD, name))
        return (int)syscall(SYS_truncate, name, size);
    if (!may_go('w'))
        return -1;
    int result = (int)syscall(SYS_truncate, name, size);
    leave(result == 0, SHIM_TRUNCATE, path, "", (uint64_t)size, NULL, 0);
    return result;
}

/* Counts as a call; room beyond the end is recorded as a longer file. */
PUBLIC int fallocate(int fd, int mode, off_t first, off_t len)
{
    char path[PATH_BYTES];
    struct stat info;
    if (!fd_path(path, fd))
        return (int)syscall(SYS_fallocate, fd, mode, first, len);
    if (!may_go('w'))
        return -1;
    int result = (int)syscall(SYS_fallocate, fd, mode, first, len);
    int code = errno;
    uint64_t size = fstat(fd, &info) == 0 ? (uint64_t)info.st_size : 0;
    errno = code;
    leave(result == 0, SHIM_TRUNCATE, path, "", size, NULL, 0);
    return result;
}

PUBLIC int posix_fallocate(int fd, off_t first, off_t len)
{
    return fallocate(fd, 0, first, len) == 0 ? 0 : errno;
}

static int sync_fd(int fd)
{
    char path[PATH_BYTES] = "";
    struct stat info;
    if (!fd_path(path, fd) && !(root_len && strcmp(path, root) == 0))
        return root_len ? 0 : (int)syscall(SYS_fsync, fd);
    if (!may_go('s'))
        return -1;
    bool folder = fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
    leave(true, folder ? SHIM_SYNC_DIR : SHIM_SYNC, path, "", 0, NULL, 0);
    return 0;
}

PUBLIC int fsync(int fd)
{
    return sync_fd(fd);
}

PUBLIC int fdatasync(int fd)
{
    return sync_fd(fd);
}

/* ---- names ---- */

static int rename_at(int a, const char *from, int b, const char *to, unsigned flags)
{
    char path[PATH_BYTES], other[PATH_BYTES];
    bool inside = full_path(path, a, from);
    if (!full_path(other, b, to) && !inside)
        return (int)syscall(SYS_renameat2, a, from, b, to, flags);
    if (!may_go('n'))
        return -1;
    int result = (int)syscall(SYS_renameat2, a, from, b, to, flags);
    leave(result == 0, flags & RENAME_EXCHANGE ? SHIM_EXCHANGE : SHIM_RENAME, path, other, 0, NULL, 0);
    return result;
}

PUBLIC int rename(const char *from, const char *to)
{
    return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}
PUBLIC int renameat(int a, const char *from, int b, const char *to)
{
    return rename_at(a, from, b, to, 0);
}
PUBLIC int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    return rename_at(a, from, b, to, flags);
}

/* A name that is not there is not counted, nor is a folder that is there already. */
static int unlink_at(int folder, const char *name, int flags)
{
    char path[PATH_BYTES];
    struct stat info;
    if (!full_path(path, folder, name) || fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return (int)syscall(SYS_unlinkat, folder, name, flags);
    if (S_ISDIR(info.st_mode) != !!(flags & AT_REMOVEDIR))
        return (int)syscall(SYS_unlinkat, folder, name, flags); /* fails */
    if (!may_go('n'))
        return -1;
    int result = (int)syscall(SYS_unlinkat, folder, name, flags);
    leave(result == 0, flags & AT_REMOVEDIR ? SHIM_RMDIR : SHIM_UNLINK, path, "", 0, NULL, 0);
    return result;
}

PUBLIC int unlink(const char *name)
{
    return unlink_at(AT_FDCWD, name, 0);
}
PUBLIC int unlinkat(int folder, const char *name, int flags)
{
    return unlink_at(folder, name, flags);
}
PUBLIC int rmdir(const char *name)
{
    return unlink_at(AT_FDCWD, name, AT_REMOVEDIR);
}

static int mkdir_at(int folder, const char *name, mode_t mode)
{
    char path[PATH_BYTES];
    struct stat info;
    if (!full_path(path, folder, name) || fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
        return (int)syscall(SYS_mkdirat, folder, name, mode);
    if (!may_go('n'))
        return -1;
    int result = (int)syscall(SYS_mkdirat, folder, name, mode);
    leave(result == 0, SHIM_MKDIR, path, "", 0, NULL, 0);
    return result;
}

PUBLIC int mkdir(const char *name, mode_t mode)
{
    return mkdir_at(AT_FDCWD, name, mode);
}
PUBLIC int mkdirat(int folder, const char *name, mode_t mode)
{
    return mkdir_at(folder, name, mode);
}

static int link_at(int a, const char *from, int b, const char *to, int flags)
{
    char path[PATH_BYTES], other[PATH_BYTES];
    bool inside = full_path(path, a, from);
    if (!full_path(other, b, to) || !inside)
        return (int)syscall(SYS_linkat, a, from, b, to, flags);
    if (!may_go('n'))
        return -1;
    int result = (int)syscall(SYS_linkat, a, from, b, to, flags);
    leave(result == 0, SHIM_LINK, path, other, 0, NULL, 0);
    return result;
}

PUBLIC int link(const char *from, const char *to)
{
    return link_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}
PUBLIC int linkat(int a, const char *from, int b, const char *to, int flags)
{
    return link_at(a, from, b, to, flags);
}

/* ---- the time of day ---- */

PUBLIC int clock_gettime(clockid_t which, struct timespec *out)
{
    static atomic_long n_looks;
    int result = (int)syscall(SYS_clock_gettime, which, out);
    if (which == CLOCK_REALTIME && jumps)
        out->tv_sec -= 31557600L * (1 + atomic_fetch_add(&n_looks, 1) % 40);
    return result;
}

PUBLIC time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

PUBLIC int gettimeofday(struct timeval *out, void *zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}
