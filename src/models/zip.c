/* Reading a zip archive's directory (zip.h): PKWARE's APPNOTE 6.3, with the records of zip64. Sizes and places come from the central directory at the archive's end; the header before an entry tells only how long itself is.
 * Every place is checked against the archive before it is used. */
#include "models/zip.h"

#include <stdlib.h>
#include <string.h>

enum { END = 0x06054b50, END64 = 0x06064b50, LOCATOR64 = 0x07064b50, CENTRAL = 0x02014b50, LOCAL = 0x04034b50 };
enum { END_SIZE = 22, END64_SIZE = 56, LOCATOR64_SIZE = 20, CENTRAL_SIZE = 46, LOCAL_SIZE = 30, MAX_COMMENT = 65535 };

typedef struct archive {
    const char *data;
    size_t len;
    const char *path;
} archive;

static uint64_t number(const archive *a, size_t at, size_t bytes)
{
    uint64_t n = 0;
    for (size_t i = bytes; i-- > 0;)
        n = n << 8 | (unsigned char)a->data[at + i];
    return n;
}

static bool holds(const archive *a, uint64_t at, uint64_t size)
{
    return at <= a->len && size <= a->len - at;
}

static hone_status fail(const archive *a, const char *what)
{
    return hone__hint(hone__fail(HONE_FORMAT, "%s: %s: the archive is broken or cut short", a->path, what),
                      "copy or download the file again");
}

bool hone__zip_is(const char *data, size_t len)
{
    return len >= 4 && number(&(archive){data, len, NULL}, 0, 4) == LOCAL;
}

/* ---- the end of the directory ---- */

typedef struct directory {
    uint64_t offset, size, n;
} directory;

/* The record at the end, behind which a comment may stand. */
static hone_status find_end(size_t *out, const archive *a)
{
    *out = 0;
    size_t lowest = a->len > END_SIZE + MAX_COMMENT ? a->len - END_SIZE - MAX_COMMENT : 0;
    for (size_t at = a->len >= END_SIZE ? a->len - END_SIZE + 1 : 0; at-- > lowest;) {
        if (number(a, at, 4) == END && at + END_SIZE + number(a, at + 20, 2) <= a->len) {
            *out = at;
            return HONE_OK;
        }
    }
    return fail(a, "it has no directory at its end");
}

static hone_status find_directory(directory *out, const archive *a)
{
    size_t end;
    HONE_TRY(find_end(&end, a));
    *out = (directory){.offset = number(a, end + 16, 4), .size = number(a, end + 12, 4), .n = number(a, end + 10, 2)};
    if (end >= LOCATOR64_SIZE && number(a, end - LOCATOR64_SIZE, 4) == LOCATOR64) {
        uint64_t at = number(a, end - LOCATOR64_SIZE + 8, 8);
        if (!holds(a, at, END64_SIZE) || number(a, (size_t)at, 4) != END64)
            return fail(a, "its zip64 directory is not where it should be");
        *out =
            (directory){.offset = number(a, (size_t)at + 48, 8), .size = number(a, (size_t)at + 40, 8), .n = number(a, (size_t)at + 32, 8)};
    }
    if (!holds(a, out->offset, out->size) || out->n > out->size / CENTRAL_SIZE)
        return fail(a, "its directory does not lie in it");
    return HONE_OK;
}

/* ---- entries ---- */

/* Fields of 32 bits that are all ones stand in the extra field of zip64, in this order. */
static hone_status widen(uint64_t *const fields[3], const archive *a, size_t at, size_t len)
{
    size_t end = at + len;
    bool wide = *fields[0] == UINT32_MAX || *fields[1] == UINT32_MAX || *fields[2] == UINT32_MAX;
    while (wide && end - at >= 4) {
        size_t id = number(a, at, 2), size = number(a, at + 2, 2);
        at += 4;
        if (size > end - at)
            break;
        for (size_t i = 0, used = 0; id == 1 && i < 3; i++) {
            if (*fields[i] != UINT32_MAX)
                continue;
            if (used + 8 > size)
                return fail(a, "an entry's size is missing");
            *fields[i] = number(a, at + used, 8);
            used += 8;
        }
        if (id == 1)
            return HONE_OK;
        at += size;
    }
    return HONE_OK;
}

static hone_status check_stored(const archive *a, size_t at, const hone_zip_entry *e)
{
    bool encrypted = number(a, at + 8, 2) & 1, compressed = number(a, at + 10, 2) != 0;
    if (!encrypted && !compressed)
        return HONE_OK;
    int len = e->name_len < 80 ? (int)e->name_len : 80;
    hone_status status =
        hone__fail(HONE_UNSUPPORTED, "%s: entry %.*s is %s", a->path, len, e->name, encrypted ? "encrypted" : "compressed");
    return hone__hint(status, "torch.save writes entries as they are: save the file anew");
}

/* One record of the directory; *next: the place behind it. */
static hone_status read_entry(hone_zip_entry *e, size_t *next, const archive *a, size_t at, size_t end)
{
    if (end - at < CENTRAL_SIZE || number(a, at, 4) != CENTRAL)
        return fail(a, "its directory does not read on");
    size_t name_len = number(a, at + 28, 2), extra = number(a, at + 30, 2), comment = number(a, at + 32, 2);
    if (end - at - CENTRAL_SIZE < name_len + extra + comment)
        return fail(a, "an entry runs over its directory");
    *e = (hone_zip_entry){.name = a->data + at + CENTRAL_SIZE, .name_len = name_len};
    HONE_TRY(check_stored(a, at, e));
    uint64_t size = number(a, at + 24, 4), packed = number(a, at + 20, 4), local = number(a, at + 42, 4);
    HONE_TRY(widen((uint64_t *const[3]){&size, &packed, &local}, a, at + CENTRAL_SIZE + name_len, extra));
    if (!holds(a, local, LOCAL_SIZE) || number(a, (size_t)local, 4) != LOCAL)
        return fail(a, "an entry is not where the directory says");
    uint64_t begin = local + LOCAL_SIZE + number(a, (size_t)local + 26, 2) + number(a, (size_t)local + 28, 2);
    if (size != packed || !holds(a, begin, size))
        return fail(a, "an entry does not lie in it");
    e->offset = (size_t)begin;
    e->size = (size_t)size;
    *next = at + CENTRAL_SIZE + name_len + extra + comment;
    return HONE_OK;
}

static int compare(const hone_zip_entry *a, const char *name, size_t name_len)
{
    int order = memcmp(a->name, name, a->name_len < name_len ? a->name_len : name_len);
    return order ? order : a->name_len < name_len ? -1 : a->name_len > name_len;
}

static int by_name(const void *a, const void *b)
{
    const hone_zip_entry *y = b;
    return compare(a, y->name, y->name_len);
}

void hone__zip_sort(hone_zip *zip)
{
    if (zip->n)
        qsort(zip->entries, zip->n, sizeof(*zip->entries), by_name);
}

hone_status hone__zip_open(hone_zip *out, const char *data, size_t len, const char *path)
{
    const archive a = {data, len, path};
    hone_zip zip = {NULL, 0};
    directory d;
    hone_status status = HONE_OK;
    *out = zip;
    HONE_TRY(find_directory(&d, &a));
    HONE_TRY(HONE_NEW(&zip.entries, (size_t)d.n));
    size_t at = (size_t)d.offset, end = at + (size_t)d.size;
    for (; zip.n < d.n; zip.n++)
        HONE_GO(read_entry(&zip.entries[zip.n], &at, &a, at, end));
    hone__zip_sort(&zip);
    *out = zip;
    return HONE_OK;
done:
    hone__zip_dispose(&zip);
    return status;
}

void hone__zip_dispose(hone_zip *zip)
{
    hone__free(zip->entries);
    *zip = (hone_zip){NULL, 0};
}

const hone_zip_entry *hone__zip_find(const hone_zip *zip, const char *name, size_t name_len)
{
    size_t low = 0, high = zip->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(&zip->entries[middle], name, name_len);
        if (order == 0)
            return &zip->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
