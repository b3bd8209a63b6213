/* The entries of a zip archive that lie in it as they are: what torch.save writes, and no more of the format. Nothing is unpacked; the archive's bytes are lent. */
#ifndef HONE_MODELS_ZIP_H
#define HONE_MODELS_ZIP_H

#include "base/mem.h"

typedef struct hone_zip_entry {
    const char *name; /* lent by the archive, not NUL-terminated */
    size_t name_len;
    size_t offset, size; /* of its bytes in the archive */
} hone_zip_entry;

typedef struct hone_zip {
    hone_zip_entry *entries; /* in order of names */
    size_t n;
} hone_zip;

bool hone__zip_is(const char *data, size_t len);
/* path is for messages. HONE_FORMAT for an archive whose directory does not fit its bytes, HONE_UNSUPPORTED for a compressed or encrypted entry, which is named. */
hone_status hone__zip_open(hone_zip *out, const char *data, size_t len, const char *path);
void hone__zip_dispose(hone_zip *zip);
/* Puts entries in order of their names, as hone__zip_find needs them. */
void hone__zip_sort(hone_zip *zip);
/* The entry of that name; NULL: there is none. */
const hone_zip_entry *hone__zip_find(const hone_zip *zip, const char *name, size_t name_len);

#endif
