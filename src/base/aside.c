/* Names of what is written aside, and locks of folders: how a later process tells what a killed one left behind. A name ends in the process's number and its start time, since
 * numbers are used again (in a container it is often the same one every time). */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat, in ticks since the machine started; 0 when there is no such process, or no /proc. */
static unsigned long long start_of(long pid)
{
    char path[48], text[1024];
    unsigned long long start = 0;
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *at = strrchr(text, ')'); /* the name before it may hold anything */
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at && sscanf(at, "%llu", &start) == 1 ? start : 0;
}

const char *hone__aside_suffix(void)
{
    static _Thread_local char suffix[48];
    static _Thread_local pid_t pid; /* a forked process is another one */
    if (pid != getpid()) {
        pid = getpid();
        snprintf(suffix, sizeof(suffix), "-%ld-%llu", (long)pid, start_of((long)pid));
    }
    return suffix;
}

/* The number between the dash at *end and the one before it; -1 when there is none. *end is then that dash. */
static long long last_number(const char *name, const char **end)
{
    const char *at = *end;
    while (at > name && at[-1] >= '0' && at[-1] <= '9')
        at--;
    if (at == *end || at == name || at[-1] != '-' || *end - at > 18)
        return -1;
    *end = at - 1;
    return strtoll(at, NULL, 10);
}

bool hone__is_left_behind(const char *name)
{
    const char *end = name + strlen(name);
    long long start = last_number(name, &end), pid = start >= 0 ? last_number(name, &end) : -1;
    if (pid <= 0)
        return false;
    if (hone__ends_with(name, hone__aside_suffix()))
        return false;
    unsigned long long present = start_of((long)pid);
    if (present > 0 && start > 0)
        return present != (unsigned long long)start;
    return pid == (long long)getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

/* ---- locks ---- */

/* The kernel's own lock of the folder, which goes with the process however that ends: there is no file that could be left behind. */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the process has the folder open; what is not ours to know is no. */
static bool has_open(long pid, const struct stat *folder)
{
    char path[48];
    struct stat info;
    bool found = false;
    snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
    DIR *dir = opendir(path);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry && !found; entry = readdir(dir))
        found = fstatat(dirfd(dir), entry->d_name, &info, 0) == 0 && is_same(&info, folder);
    if (dir)
        closedir(dir);
    return found;
}

/* The process that holds the lock, as /proc/locks has it: "1: FLOCK  ADVISORY  WRITE 4711 fe:00:123456 0 EOF"; 0 when that is not known. Layered file systems give their folders another device than
 * the lock has. */
static long holder_of(const struct stat *folder)
{
    char line[256];
    long pid, holder = 0;
    unsigned major, minor;
    unsigned long long inode;
    FILE *locks = fopen("/proc/locks", "re");
    while (locks && !holder && fgets(line, sizeof(line), locks)) {
        const char *at = strstr(line, ": FLOCK ");
        if (!at || sscanf(at, ": FLOCK %*s %*s %ld %x:%x:%llu", &pid, &major, &minor, &inode) != 4 || pid <= 0 || inode != folder->st_ino)
            continue;
        if (makedev(major, minor) == folder->st_dev || has_open(pid, folder))
            holder = pid;
    }
    if (locks)
        fclose(locks);
    return holder;
}

/* " (hone train …)": how the process was called, where we may know it. */
static void put_command(char *out, size_t size, long pid)
{
    char path[48], text[100];
    snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;
    bool cut = n == (ssize_t)sizeof(text);
    if (fd >= 0)
        close(fd);
    while (n > 0 && text[n - 1] == '\0')
        n--;
    for (ssize_t i = 0; i < n; i++)
        text[i] = text[i] == '\0' ? ' ' : text[i];
    if (n > 0)
        snprintf(out, size, " (%.*s%s)", (int)n, text, cut ? " ..." : "");
}

static hone_status fail_in_use(const char *folder, const struct stat *info)
{
    char command[128] = "";
    long pid = holder_of(info);
    if (pid == 0)
        return hone__fail(HONE_IO, "%s is in use: another process works in it", folder);
    if (pid == (long)getpid())
        return hone__fail(HONE_IO, "%s is in use: another run of this process works in it", folder);
    put_command(command, sizeof(command), pid);
    return hone__fail(HONE_IO, "%s is in use: process %ld%s works in it", folder, pid, command);
}

hone_status hone__lock_dir(int *fd, const char *folder)
{
    struct stat info;
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return hone__fail_errno("cannot open the folder", folder);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return HONE_OK; /* file systems without locks go without */
    hone_status status = fstat(*fd, &info) == 0 ? fail_in_use(folder, &info) : hone__fail_errno("cannot lock the folder", folder);
    hone__unlock_dir(fd);
    return status;
}

bool hone__is_locked_dir(int fd, const char *folder)
{
    struct stat held, there;
    return fd >= 0 && fstat(fd, &held) == 0 && stat(folder, &there) == 0 && is_same(&held, &there);
}

void hone__unlock_dir(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
