/* Opening backends by name: the one list of them. What a backend computes is its own folder's matter. */
#include "tensor/backend.h"
#include "base/str.h"
#include "base/threads.h"

#include <string.h>

/* The fastest first: it is "auto". */
static const struct {
    const char *name;
    hone_status (*open)(hone_backend *b);
} backends[] = {
    {"cpu", hone__cpu_open},
    {"ref", hone__ref_open},
    {"dry", hone__dry_open},
};
#define N_BACKENDS  (sizeof(backends) / sizeof(backends[0]))
#define MAX_THREADS 1024

static hone_status no_such_backend(const char *name)
{
    const char *names[N_BACKENDS + 1] = {"auto"};
    char list[128] = "auto";
    for (size_t i = 0; i < N_BACKENDS; i++) {
        names[i + 1] = backends[i].name;
        strcat(strcat(list, ", "), backends[i].name); /* a handful of short names */
    }
    hone__fail(HONE_UNSUPPORTED, "there is no device \"%s\"; there are %s", name, list);
    const char *near = hone__nearest(name, names, N_BACKENDS + 1);
    return near ? hone__hint(HONE_UNSUPPORTED, "did you mean \"%s\"?", near) : HONE_UNSUPPORTED;
}

hone_status hone__backend_open(hone_backend **out, const char *name, int n_threads)
{
    hone_backend *b = NULL;
    size_t i = 0;
    *out = NULL;
    if (n_threads < 0 || n_threads > MAX_THREADS)
        return hone__fail(HONE_INVALID_ARGUMENT, "%d threads: the number is 1 to %d, or 0 for all cores", n_threads, MAX_THREADS);
    while (i < N_BACKENDS && strcmp(name, backends[i].name) != 0)
        i++;
    if (strcmp(name, "auto") == 0)
        i = 0;
    else if (i == N_BACKENDS)
        return no_such_backend(name);
    n_threads = n_threads ? n_threads : hone__cpu_count();
    HONE_TRY(hone__check_threads(n_threads));
    HONE_TRY(HONE_NEW(&b, 1));
    b->n_threads = n_threads;
    hone_status status = backends[i].open(b);
    if (status != HONE_OK) {
        hone__free(b);
        return status;
    }
    *out = b;
    return HONE_OK;
}

void hone__backend_close(hone_backend *b)
{
    if (!b)
        return;
    b->ops->close(b);
    hone__free(b);
}
