/* Names of what is written aside, and locks of folders: how a later process tells what a killed one left behind. A name ends in the process's number and its start time, since
 * numbers are used again (in a container it is often the same one every time). */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

hone_status hone__lock_dir(int *fd, const char *folder)
{
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return hone__fail_errno("cannot open the folder", folder);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return HONE_OK; /* file systems without locks go without */
    close(*fd);
    *fd = -1;
    return hone__fail(HONE_IO, "%s is in use: another process works in it", folder);
}

void hone__unlock_dir(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
