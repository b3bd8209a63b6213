/* In a fuzz target a mapped file is a block of its own size: AddressSanitizer then sees a read past its end, where the rest of a mapping's last page gives zeros. Linked with --wrap (tests/CMakeLists.txt). */
#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

hone_status __real_hone__map_file(hone_mapping *out, const char *path);
hone_status __wrap_hone__map_file(hone_mapping *out, const char *path);
void __wrap_hone__unmap_file(hone_mapping *m);
void __wrap_hone__release_pages(const void *data, size_t len);

hone_status __wrap_hone__map_file(hone_mapping *out, const char *path)
{
    HONE_TRY(__real_hone__map_file(out, path));
    if (out->len == 0)
        return HONE_OK;
    char *copy = malloc(out->len);
    if (!copy)
        abort();
    memcpy(copy, out->data, out->len);
    munmap((void *)(uintptr_t)out->data, out->len);
    out->data = copy;
    return HONE_OK;
}

void __wrap_hone__unmap_file(hone_mapping *m)
{
    if (m->len > 0) {
        free((void *)(uintptr_t)m->data);
        close(m->fd);
    }
    *m = (hone_mapping){"", 0, -1};
}

/* Gives pages of a mapping back: there are none. */
void __wrap_hone__release_pages(const void *data, size_t len)
{
    (void)data, (void)len;
}
