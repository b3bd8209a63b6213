/* Tensors as a user sees them: opaque, at most 4 dimensions, the last one contiguous.
 *
 * A tensor belongs to what made it: a parameter to its model, the result of an op to its tape (it dies when the tape is reset; hone_tensor_keep
 * copies one out). Using a tensor after its tape was reset is an error message, not garbage. Ops take NULL and return NULL, so that a
 * forward pass reads like the paper and is checked once, at its end (hone/tape.h). */
#ifndef HONE_TENSOR_H
#define HONE_TENSOR_H

#include <hone/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(enumerator suffix, bytes, name in safetensors) */
#define HONE_DTYPE_MAP(X) \
    X(F32, 4, "F32")      \
    X(F64, 8, "F64")      \
    X(BF16, 2, "BF16")    \
    X(F16, 2, "F16")      \
    X(I32, 4, "I32")      \
    X(U8, 1, "U8")        \
    X(I8, 1, "I8")        \
    X(I64, 8, "I64") /* in files only */

typedef enum hone_dtype {
#define X(name, size, text) HONE_DTYPE_##name,
    HONE_DTYPE_MAP(X)
#undef X
} hone_dtype;

/* Bytes of an element. */
HONE_API size_t hone_dtype_size(hone_dtype dtype);
/* Its name in safetensors files: "F32". */
HONE_API const char *hone_dtype_name(hone_dtype dtype);

typedef struct hone_tensor hone_tensor;

/* What a tensor holds and, below, its shape, without waiting for the device. */
HONE_API hone_dtype hone_tensor_dtype(const hone_tensor *t);
/* The number of dimensions, 0 for a scalar. */
HONE_API int hone_tensor_n_dims(const hone_tensor *t);
/* The length of dimension i, 1 beyond n_dims. */
HONE_API int64_t hone_tensor_dim(const hone_tensor *t, int i);
/* The number of elements. */
HONE_API int64_t hone_tensor_count(const hone_tensor *t);

/* Copies the elements (row-major, as float) into out, which holds `count` floats: hone_tensor_count of them are written. Waits for the device.
 * HONE_SHAPE when count is too small; HONE_INVALID_ARGUMENT for a tensor whose tape was reset. */
HONE_API hone_status hone_tensor_read(const hone_tensor *t, float *out, size_t count);
/* The value of a one-element tensor. Waits for the device. */
HONE_API hone_status hone_tensor_item(const hone_tensor *t, double *out);
/* An owned copy on the host that outlives the tape. */
HONE_API hone_status hone_tensor_keep(hone_tensor **out, const hone_tensor *t);
/* An owned host tensor from a user's numbers; shape has n_dims entries. Data is copied. */
HONE_API hone_status hone_tensor_from_floats(hone_tensor **out, const float *data, int n_dims, const int64_t *shape);
/* The same for whole numbers: I32. */
HONE_API hone_status hone_tensor_from_ints(hone_tensor **out, const int32_t *data, int n_dims, const int64_t *shape);
/* Frees an owned tensor (keep, from_floats, from_ints); NULL is legal. */
HONE_API void hone_tensor_free(hone_tensor *t);

#ifdef __cplusplus
}
#endif
#endif
