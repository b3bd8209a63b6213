/* Tensors for users (hone/tensor.h): what they are, reading them back, and owned ones on the host.
 *
 * Data of a tape's or a model's tensor are on a backend and come through `download` in pieces, row by row when the tensor is a view;
 * owned tensors (CONST, no backend) are one block on the host: the struct and its elements. */
#include "tensor/backend.h"
#include "tensor/dtype.h"

#define PIECE 4096 /* bytes of a download; all of a small tensor */

size_t hone_dtype_size(hone_dtype dtype)
{
    static const size_t sizes[] = {
#define X(name, size, text) size,
        HONE_DTYPE_MAP(X)
#undef X
    };
    return (size_t)dtype < sizeof(sizes) / sizeof(sizes[0]) ? sizes[dtype] : 0;
}

const char *hone_dtype_name(hone_dtype dtype)
{
    static const char *const names[] = {
#define X(name, size, text) text,
        HONE_DTYPE_MAP(X)
#undef X
    };
    return (size_t)dtype < sizeof(names) / sizeof(names[0]) ? names[dtype] : "unknown dtype";
}

hone_dtype hone_tensor_dtype(const hone_tensor *t)
{
    return t->dtype;
}

int hone_tensor_n_dims(const hone_tensor *t)
{
    return t->n_dims;
}

int64_t hone_tensor_dim(const hone_tensor *t, int i)
{
    return i >= 0 && i < t->n_dims ? t->dim[i] : 1;
}

int64_t hone_tensor_count(const hone_tensor *t)
{
    return hone__count(t);
}

hone_status hone__tensor_check(const hone_tensor *t, const char *who)
{
    if (!t)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: the tensor is NULL (an op before it failed: see hone_tape_status)", who);
    if (t->live && *t->live != t->generation) {
        hone__fail(HONE_INVALID_ARGUMENT, "%s: the tensor's tape was reset after the tensor was made", who);
        return hone__hint(HONE_INVALID_ARGUMENT, "read it before hone_tape_reset, or copy it out with hone_tensor_keep");
    }
    if (!t->data && hone__count(t) > 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: the tensor's values are gone (a weight that hone_model_quantize brought to 8 bits)",
                          who);
    return HONE_OK;
}

static hone_status fetch(const hone_tensor *t, void *host, const void *data, size_t bytes)
{
    if (t->backend)
        return t->backend->ops->download(t->backend, host, data, bytes);
    memcpy(host, data, bytes);
    return HONE_OK;
}

/* Calls use(payload, host copy, first element, elements) over all elements in row-major order, in pieces. */
typedef void (*piece_fn)(void *payload, const void *piece, hone_dtype dtype, int64_t first, int64_t n);
static hone_status each_piece(const hone_tensor *t, piece_fn use, void *payload)
{
    _Alignas(64) char buffer[PIECE];
    int64_t rows = hone__n_rows(t), cols = hone__cols(t), size = (int64_t)hone_dtype_size(t->dtype);
    int64_t ld = t->n_dims < 2 ? cols : t->ld, step = PIECE / size;
    if (ld == cols)
        cols *= rows, rows = cols > 0 ? 1 : 0;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < cols; c += step) {
            int64_t n = cols - c < step ? cols - c : step;
            HONE_TRY(fetch(t, buffer, (const char *)t->data + (r * ld + c) * size, (size_t)(n * size)));
            use(payload, buffer, t->dtype, r * cols + c, n);
        }
    }
    return HONE_OK;
}

static void put_floats(void *payload, const void *piece, hone_dtype dtype, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ((float *)payload)[first + i] = (float)hone__load(piece, dtype, i);
}

static void put_bytes(void *payload, const void *piece, hone_dtype dtype, int64_t first, int64_t n)
{
    size_t size = hone_dtype_size(dtype);
    memcpy((char *)payload + (size_t)first * size, piece, (size_t)n * size);
}

static void put_double(void *payload, const void *piece, hone_dtype dtype, int64_t first, int64_t n)
{
    if (first == 0 && n > 0)
        *(double *)payload = hone__load(piece, dtype, 0);
}

hone_status hone_tensor_read(const hone_tensor *t, float *out, size_t count)
{
    HONE_TRY(hone__tensor_check(t, "hone_tensor_read"));
    int64_t n = hone__count(t);
    if ((uint64_t)n > count)
        return hone__fail(HONE_SHAPE, "hone_tensor_read: the tensor has %lld elements, out holds %zu", (long long)n, count);
    return each_piece(t, put_floats, out);
}

hone_status hone_tensor_item(const hone_tensor *t, double *out)
{
    *out = 0.0;
    HONE_TRY(hone__tensor_check(t, "hone_tensor_item"));
    if (hone__count(t) != 1)
        return hone__fail(HONE_SHAPE, "hone_tensor_item: the tensor has %lld elements, not one", (long long)hone__count(t));
    return each_piece(t, put_double, out);
}

/* An owned host tensor with room for its elements behind the struct. */
static hone_status new_tensor(hone_tensor **out, hone_dtype dtype, int n_dims, const int64_t *shape, const char *who)
{
    size_t bytes = hone_dtype_size(dtype), head = (sizeof(hone_tensor) + 63) / 64 * 64;
    *out = NULL;
    if (n_dims < 0 || n_dims > 4)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: %d dimensions; a tensor has 0 to 4", who, n_dims);
    for (int i = 0; i < n_dims; i++) {
        if (shape[i] < 0)
            return hone__fail(HONE_SHAPE, "%s: dimension %d is negative (%lld)", who, i, (long long)shape[i]);
        if (!hone__mul_size(&bytes, bytes, (size_t)shape[i]))
            return hone__fail(HONE_OUT_OF_MEMORY, "%s: the shape asks for more elements than there is memory", who);
    }
    if (!hone__add_size(&bytes, bytes, head) || bytes > PTRDIFF_MAX)
        return hone__fail(HONE_OUT_OF_MEMORY, "%s: the shape asks for more elements than there is memory", who);
    char *block = NULL;
    HONE_TRY(HONE_NEW(&block, bytes));
    hone_tensor *t = (hone_tensor *)(void *)block;
    *t = (hone_tensor){.data = block + head, .dtype = dtype, .n_dims = (uint8_t)n_dims, .kind = HONE_TENSOR_CONST, .node = UINT32_MAX};
    for (int i = 0; i < n_dims; i++)
        t->dim[i] = shape[i];
    t->ld = hone__cols(t);
    *out = t;
    return HONE_OK;
}

hone_status hone_tensor_keep(hone_tensor **out, const hone_tensor *t)
{
    hone_tensor *copy = NULL;
    *out = NULL;
    HONE_TRY(hone__tensor_check(t, "hone_tensor_keep"));
    HONE_TRY(new_tensor(&copy, t->dtype, t->n_dims, t->dim, "hone_tensor_keep"));
    hone_status status = each_piece(t, put_bytes, copy->data);
    if (status != HONE_OK) {
        hone_tensor_free(copy);
        return status;
    }
    *out = copy;
    return HONE_OK;
}

hone_status hone_tensor_from_floats(hone_tensor **out, const float *data, int n_dims, const int64_t *shape)
{
    HONE_TRY(new_tensor(out, HONE_DTYPE_F32, n_dims, shape, "hone_tensor_from_floats"));
    if (hone__count(*out) > 0)
        memcpy((*out)->data, data, (size_t)hone__count(*out) * sizeof(float));
    return HONE_OK;
}

hone_status hone_tensor_from_ints(hone_tensor **out, const int32_t *data, int n_dims, const int64_t *shape)
{
    HONE_TRY(new_tensor(out, HONE_DTYPE_I32, n_dims, shape, "hone_tensor_from_ints"));
    if (hone__count(*out) > 0)
        memcpy((*out)->data, data, (size_t)hone__count(*out) * sizeof(int32_t));
    return HONE_OK;
}

void hone_tensor_free(hone_tensor *t)
{
    HONE_ASSERT(!t || (t->kind == HONE_TENSOR_CONST && !t->backend)); /* tensors of a tape or a model are not the user's to free */
    if (t && t->kind == HONE_TENSOR_CONST && !t->backend)
        hone__free(t);
}
