/* What the machine tells of memory: the process's resident set and what is free. Read from /proc, 0 where it is not there. */
#include "base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The start of a small file of /proc as a string; "" when it cannot be read. */
static void read_proc(const char *path, char *text, size_t capacity)
{
    text[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, text, capacity - 1);
    text[n > 0 ? n : 0] = '\0';
    close(fd);
}

size_t hone__rss_peak(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss * 1024 : 0;
}

size_t hone__rss_now(void)
{
    char text[128];
    read_proc("/proc/self/statm", text, sizeof(text));
    const char *resident = strchr(text, ' '); /* pages in all, then resident ones */
    return resident ? (size_t)strtoull(resident, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

size_t hone__memory_available(void)
{
    char text[1024];
    read_proc("/proc/meminfo", text, sizeof(text));
    const char *row = strstr(text, "MemAvailable:");
    return row ? (size_t)strtoull(row + strlen("MemAvailable:"), NULL, 10) * 1024 : 0;
}
