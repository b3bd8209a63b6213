/* What the machine tells of memory: the process's resident set, what is free, and the limits that it lives under. Read from /proc and /sys, 0 or no limit where they are not there. */
#include "base/mem.h"
#include "base/str.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
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

/* Number i of /proc/self/statm (all, resident, resident pages of files), in bytes. */
static size_t statm(int i)
{
    char text[128];
    const char *at = text;
    read_proc("/proc/self/statm", text, sizeof(text));
    for (; i > 0 && at; i--)
        if ((at = strchr(at, ' ')))
            at++;
    return at ? (size_t)strtoull(at, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

size_t hone__rss_now(void)
{
    return statm(1);
}

size_t hone__rss_of_files(void)
{
    return statm(2);
}

size_t hone__address_space_now(void)
{
    return statm(0);
}

static size_t meminfo(const char *name)
{
    char text[2048];
    read_proc("/proc/meminfo", text, sizeof(text));
    const char *row = strstr(text, name);
    return row ? (size_t)strtoull(row + strlen(name), NULL, 10) * 1024 : 0;
}

size_t hone__memory_available(void)
{
    return meminfo("MemAvailable:");
}

/* ---- limits ---- */

/* The number in a file of a control group; SIZE_MAX: "max", version 1's huge number, or no such file. */
static size_t read_limit(const char *path)
{
    char text[64], *end;
    read_proc(path, text, sizeof(text));
    unsigned long long n = strtoull(text, &end, 10);
    return end == text || n > (unsigned long long)SIZE_MAX / 4 ? SIZE_MAX : (size_t)n;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Over a group and all that it lies in, from the inside out. In a container the path may be the host's: then its root is what there is. */
static size_t walk_groups(const char *root, const char *group, const char *file)
{
    char folder[4096], path[4200];
    size_t limit = SIZE_MAX;
    snprintf(folder, sizeof(folder), "%s", group);
    for (;;) {
        snprintf(path, sizeof(path), "%s%s/%s", root, strcmp(folder, "/") == 0 ? "" : folder, file);
        limit = least(limit, read_limit(path));
        char *slash = strrchr(folder, '/');
        if (!slash)
            return limit;
        *slash = '\0';
    }
}

/* A line is N:CONTROLLERS:/PATH; version 2 has 0::/PATH. */
size_t hone__cgroup_limit(const char *groups, const char *root)
{
    size_t limit = SIZE_MAX;
    char group[4096], below[4096];
    for (const char *line = groups; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            break;
        snprintf(group, sizeof(group), "%.*s", (int)strcspn(path + 1, "\n"), path + 1);
        snprintf(below, sizeof(below), "%s/memory", root);
        if (path == names + 1)
            limit = least(limit, walk_groups(root, group, "memory.max"));
        else if (strncmp(names + 1, "memory", 6) == 0)
            limit = least(limit, walk_groups(below, group, "memory.limit_in_bytes"));
    }
    return limit;
}

hone_limit hone__memory_limit(void)
{
    char groups[8192];
    size_t machine = meminfo("MemTotal:");
    read_proc("/proc/self/cgroup", groups, sizeof(groups));
    size_t group = hone__cgroup_limit(groups, "/sys/fs/cgroup");
    if (group != SIZE_MAX && (machine == 0 || group < machine))
        return (hone_limit){group, "the limit of its control group"};
    return machine ? (hone_limit){machine, "the machine's memory"} : (hone_limit){SIZE_MAX, "no limit"};
}

hone_limit hone__address_space_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        return (hone_limit){(size_t)limit.rlim_cur, "the limit of its address space (ulimit -v)"};
    return (hone_limit){SIZE_MAX, "no limit"};
}

size_t hone__data_now(void)
{
    return statm(5);
}

hone_limit hone__data_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        return (hone_limit){(size_t)limit.rlim_cur, "the limit of its data (ulimit -d)"};
    return (hone_limit){SIZE_MAX, "no limit"};
}

uint64_t hone__file_size_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? (uint64_t)limit.rlim_cur : UINT64_MAX;
}

bool hone__parse_size(size_t *out, const char *text)
{
    static const char units[] = "kmgt";
    char number[32];
    size_t len = strspn(text, "0123456789.");
    const char *end = text + len, *which = *end ? strchr(units, *end | 0x20) : NULL;
    double n, unit = 1;
    snprintf(number, sizeof(number), "%.*s", (int)len, text);
    if (len >= sizeof(number) || !hone__parse_double(&n, number))
        return false;
    if (which) {
        bool ten = (end[1] | 0x20) == 'b';
        unit = pow(ten ? 1000 : 1024, (double)(which - units + 1));
        end++;
        end += (*end | 0x20) == 'i';
    }
    end += (*end | 0x20) == 'b';
    if (*end || n * unit >= (double)(SIZE_MAX / 2))
        return false;
    *out = (size_t)(n * unit);
    return true;
}
