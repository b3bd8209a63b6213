/* safetensors files: a JSON header of names, dtypes, shapes and offsets, then the plain little-endian arrays. Knows nothing of models: weights, optimizer
 * states and test fixtures come and go through it.
 *
 * Format: github.com/huggingface/safetensors. As the reference does, a file must be covered without overlap, gap or rest; what it says about sizes is checked
 * against the file before anything is read, so a file that lies costs an error naming the tensor. Reading is by pread into the caller's memory, or lent from
 * the mapping (inference). A model in several files is opened by its model.safetensors.index.json. Files of torch.save (torch_file.h) are looked at in the same way: only the parser is another. */
#ifndef HONE_MODELS_SAFETENSORS_H
#define HONE_MODELS_SAFETENSORS_H

#include "base/file.h"
#include <hone/tensor.h>

#define HONE_SAFETENSORS_MAX_DIMS 8

typedef struct hone_safetensor {
    const char *name;
    const char *dtype_name; /* as the file spells it */
    int dtype;              /* a hone_dtype, or -1: one that hone does not read ("BOOL", "F8_E4M3", …) */
    int n_dims;
    int64_t dim[HONE_SAFETENSORS_MAX_DIMS];
    uint64_t count;         /* elements */
    size_t offset, n_bytes; /* in its file */
    uint32_t file;
    const int64_t *
        stride; /* (n_dims) elements; NULL: row after row, as in every safetensors file. Else n_bytes reaches from the first element to the last */
} hone_safetensor;

typedef struct hone_safetensors hone_safetensors;

/* path: a .safetensors file, one of torch.save (.bin, .pt, .pth), or an index (.json) whose parts stand beside it. HONE_FORMAT names the file and the tensor that does not fit. */
hone_status hone__safetensors_open(hone_safetensors **out, const char *path);
/* The same for bytes at hand, lent until close; `name` is for messages. */
hone_status hone__safetensors_open_memory(hone_safetensors **out, const void *data, size_t len, const char *name);
void hone__safetensors_close(hone_safetensors *s);

size_t hone__safetensors_count(const hone_safetensors *s);
const hone_safetensor *hone__safetensors_at(const hone_safetensors *s, size_t i);           /* in order of names */
const hone_safetensor *hone__safetensors_find(const hone_safetensors *s, const char *name); /* NULL when there is none */
const char *hone__safetensors_metadata(const hone_safetensors *s, const char *key);         /* of the first file; NULL when there is none */
const char *hone__safetensors_path(const hone_safetensors *s, const hone_safetensor *t);    /* the file it stands in */
/* Its bytes in the mapping: as the file has them, at any alignment and with its strides. */
const void *hone__safetensors_data(const hone_safetensors *s, const hone_safetensor *t);

/* Reads elements [first, first + n) as F32 (from F32, F64, F16, BF16) or I32 (from I32, I64, I8, U8; HONE_FORMAT for a value that does not fit). Allocates nothing.
 * HONE_UNSUPPORTED for other dtypes. Thread-safe. */
hone_status hone__safetensors_read(const hone_safetensors *s, const hone_safetensor *t, hone_dtype as, uint64_t first, uint64_t n,
                                   void *out);
/* The shape as "[768, 2304]" into a buffer of `size`. Returns buffer. */
const char *hone__safetensors_shape(char *buffer, size_t size, int n_dims, const int64_t *dim);

/* ---- writing ---- */
typedef struct hone_safetensor_source {
    const char *name;
    hone_dtype dtype;
    int n_dims;
    int64_t dim[HONE_SAFETENSORS_MAX_DIMS];
    const void *data; /* host bytes, or NULL: asked from `fetch` */
    void *payload;    /* for fetch */
} hone_safetensor_source;
/* Puts bytes [offset, offset + n) of a tensor's array into out. */
typedef hone_status (*hone_safetensors_fetch)(void *context, const hone_safetensor_source *source, size_t offset, size_t n, void *out);

/* Writes the file aside and renames it. Order as the reference writes it: wider dtypes first, then names. metadata: pairs of key and value, NULL-terminated; NULL: {"format": "pt"}.
 * Two sources of one name are HONE_INVALID_ARGUMENT. */
hone_status hone__safetensors_write(const char *path, const hone_safetensor_source *sources, size_t n, const char *const *metadata,
                                    hone_safetensors_fetch fetch, void *context);

#endif
