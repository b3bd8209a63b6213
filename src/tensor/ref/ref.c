/* The reference backend's memory, its dtypes and its table. */
#include "tensor/ref/ref.h"

static hone_status ref_alloc(hone_backend *b, void **out, size_t bytes)
{
    HONE_TRY(hone__pages_alloc(out, bytes));
    hone__backend_count(b, bytes, 0);
    return HONE_OK;
}

static void ref_release(hone_backend *b, void *data, size_t bytes)
{
    if (!data)
        return;
    hone__pages_free(data, bytes);
    hone__backend_count(b, 0, bytes);
}

static hone_status ref_upload(hone_backend *b, void *device, const void *host, size_t bytes)
{
    (void)b;
    if (bytes > 0)
        memcpy(device, host, bytes);
    return HONE_OK;
}

static hone_status ref_download(hone_backend *b, void *host, const void *device, size_t bytes)
{
    return ref_upload(b, host, device, bytes);
}

static hone_status ref_fill_zero(hone_backend *b, void *data, size_t bytes)
{
    (void)b;
    if (bytes > 0)
        memset(data, 0, bytes);
    return HONE_OK;
}

static hone_status ref_sync(hone_backend *b)
{
    (void)b;
    return HONE_OK;
}

static void ref_close(hone_backend *b)
{
    hone__free(b->self);
}

static bool ref_supports(const hone_backend *b, hone_dtype dtype)
{
    (void)b;
    return ref_stores(dtype);
}

/* Attention holds one row of scores forward, and one row each of dk and dv backward; all in double. */
static size_t ref_workspace(const hone_backend *b, hone_workspace what, int64_t n, int64_t m, int64_t k)
{
    (void)b, (void)k;
    if (what == HONE_WS_ATTENTION_FORWARD)
        return (size_t)n * sizeof(double);
    return what == HONE_WS_ATTENTION_BACKWARD ? (size_t)m * 2 * sizeof(double) : 0;
}

hone_status hone__ref_open(hone_backend *b)
{
    hone_backend_ops *ops = NULL;
    HONE_TRY(HONE_NEW(&ops, 1));
    *ops = (hone_backend_ops){.name = "ref",
                              .alloc = ref_alloc,
                              .release = ref_release,
                              .upload = ref_upload,
                              .download = ref_download,
                              .fill_zero = ref_fill_zero,
                              .sync = ref_sync,
                              .close = ref_close,
                              .supports = ref_supports,
                              .workspace = ref_workspace};
    hone__ref_linear(ops);
    hone__ref_attention(ops);
    hone__ref_norm(ops);
    hone__ref_elementwise(ops);
    hone__ref_embed(ops);
    hone__ref_softmax(ops);
    hone__ref_reduce(ops);
    hone__ref_optimizer(ops);
    b->n_threads = 1;
    b->ops = b->self = ops;
    return HONE_OK;
}
