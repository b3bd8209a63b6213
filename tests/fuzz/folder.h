/* For targets whose parser opens files itself: a folder of this process in memory, removed at its end, and inputs that hold several files, parted by lines "----". */
#ifndef HONE_TESTS_FUZZ_FOLDER_H
#define HONE_TESTS_FUZZ_FOLDER_H

#include "base/file.h"

#include <hone/tokenizer.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char fuzz_folder[64];

static void remove_folder(void)
{
    (void)hone__remove_tree(fuzz_folder);
}

/* The path of a file in the folder, lent until the 4th next call. */
static inline const char *path_of(const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    if (!fuzz_folder[0]) {
        snprintf(fuzz_folder, sizeof(fuzz_folder), "%s/hone-fuzz-%ld", hone__is_dir("/dev/shm") ? "/dev/shm" : "/tmp", (long)getpid());
        remove_folder();
        if (hone__make_dirs(fuzz_folder) != HONE_OK)
            abort();
        atexit(remove_folder);
    }
    snprintf(path, sizeof(paths[0]), "%s/%s", fuzz_folder, name);
    return path;
}

static inline const char *put_file(const char *name, const void *data, size_t len)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0)
        abort();
    return path;
}

/* Splits what is left of an input at the next line "----": what stands before it. The last part reaches to the end. */
static inline hone_text next_part(const uint8_t **data, size_t *size)
{
    static const char line[] = "\n----\n";
    const uint8_t *cut = *size ? memmem(*data, *size, line, sizeof(line) - 1) : NULL;
    hone_text part = {(const char *)*data, cut ? (size_t)(cut - *data) + 1 : *size};
    size_t used = cut ? part.len + sizeof(line) - 2 : *size;
    *data += used;
    *size -= used;
    return part;
}

static inline const char *put_part(const char *name, const uint8_t **data, size_t *size)
{
    hone_text part = next_part(data, size);
    return put_file(name, part.data, part.len);
}

#endif
