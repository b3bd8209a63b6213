/* Gathering the files of a folder before it appears (collect.h). The collection is found by the thread and the path, so that whoever writes files need not know of it. */
#include "base/collect.h"

#include <string.h>

static _Thread_local hone_collection *current;

hone_status hone__collection_init(hone_collection *c, const char *folder, bool in_memory)
{
    *c = (hone_collection){.in_memory = in_memory};
    return hone__strdup(&c->folder, folder);
}

void hone__collection_dispose(hone_collection *c)
{
    for (size_t i = 0; i < c->n; i++) {
        hone__free(c->files[i].name);
        hone__pages_free(c->files[i].data, c->files[i].capacity);
    }
    hone__free(c->files);
    hone__free(c->folder);
    *c = (hone_collection){0};
}

void hone__collect_begin(hone_collection *c)
{
    HONE_ASSERT(!current);
    current = c;
}

void hone__collect_end(void)
{
    current = NULL;
}

hone_collection *hone__collecting(const char *path)
{
    size_t n = current ? strlen(current->folder) : 0;
    bool below = current && strncmp(path, current->folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
    return below ? current : NULL;
}

/* The file of this name, which is written anew; or a new one. */
static hone_status find_place(hone_collected **out, hone_collection *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->files[i].name, name) == 0) {
            *out = &c->files[i];
            return HONE_OK;
        }
    HONE_TRY(HONE_GROW(&c->files, &c->capacity, c->n + 1));
    c->files[c->n] = (hone_collected){0};
    HONE_TRY(hone__strdup(&c->files[c->n].name, name));
    *out = &c->files[c->n++];
    return HONE_OK;
}

hone_status hone__collect_file(hone_collection *c, const char *path, char *data, size_t len, size_t capacity, uint64_t hash)
{
    hone_collected *file = NULL;
    hone_status status = find_place(&file, c, path + strlen(c->folder) + 1);
    if (status != HONE_OK) {
        hone__pages_free(data, capacity);
        return status;
    }
    hone__pages_free(file->data, file->capacity);
    file->data = data;
    file->len = len;
    file->capacity = capacity;
    file->hash = hash;
    return HONE_OK;
}

static hone_status write_one(const hone_collection *c, const hone_collected *file)
{
    char *path = NULL;
    hone_status status;
    HONE_GO(hone__path_join(&path, c->folder, file->name));
    char *slash = strrchr(file->name, '/') ? strrchr(path, '/') : NULL;
    if (slash) { /* a folder in the folder */
        *slash = '\0';
        HONE_GO(hone__make_dirs(path));
        *slash = '/';
    }
    status = hone__write_file(path, file->data ? file->data : "", file->len);
done:
    hone__free(path);
    return status;
}

hone_status hone__collection_write(const hone_collection *c)
{
    for (size_t i = 0; i < c->n; i++)
        HONE_TRY(write_one(c, &c->files[i]));
    return HONE_OK;
}

uint64_t hone__collection_bytes(const hone_collection *c)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < c->n; i++)
        bytes += c->files[i].len;
    return bytes;
}
