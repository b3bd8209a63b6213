/* The backend that computes nothing: a step run on it with the largest batch gives the exact peak of memory before anything is spent (engine.md, 2).
 *
 * alloc hands out addresses that no process can have (reading or writing them is a fault, so that a path that is not dry is found at once) and counts; every other entry
 * says HONE_OK and touches nothing. download gives zeros. workspace asks the backend that a real run would take, with the same number of threads. It costs no address space, so
 * that a forecast is possible where the run itself is not. */
#include "tensor/backend.h"

#include <stdatomic.h>
#include <string.h>

/* The lowest address beyond what a process may use, where addresses have 64 bits; x86-64 and AArch64 fault on it whatever the size of their page tables. */
#define FIRST_ADDRESS ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 4))
#define PAGE          ((uintptr_t)4096)

static atomic_uintptr_t next_address = FIRST_ADDRESS;

static hone_status dry_alloc(hone_backend *b, void **out, size_t bytes)
{
    *out = NULL;
    if (bytes == 0)
        return HONE_OK;
    if (bytes > FIRST_ADDRESS)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of address space: %zu bytes asked for", bytes);
    hone__backend_count(b, bytes, 0);
    *out = (void *)atomic_fetch_add(&next_address, (bytes + 2 * PAGE - 1) & ~(PAGE - 1));
    return HONE_OK;
}

static void dry_release(hone_backend *b, void *data, size_t bytes)
{
    if (data)
        hone__backend_count(b, 0, bytes);
}

static hone_status dry_download(hone_backend *b, void *host, const void *device, size_t bytes)
{
    (void)b, (void)device;
    memset(host, 0, bytes);
    return HONE_OK;
}

static hone_backend *real(const hone_backend *b)
{
    return b->self;
}

static bool dry_supports(const hone_backend *b, hone_dtype dtype)
{
    return real(b)->ops->supports(real(b), dtype);
}

static size_t dry_workspace(const hone_backend *b, hone_workspace what, int64_t n, int64_t m, int64_t k)
{
    return real(b)->ops->workspace(real(b), what, n, m, k);
}

/* The real backend takes what it needs, which counts here too. */
static hone_status dry_prepare_products(hone_backend *b, hone_dtype dtype)
{
    size_t before = real(b)->bytes_now;
    HONE_TRY(real(b)->ops->prepare_products(real(b), dtype));
    hone__backend_count(b, real(b)->bytes_now - before, 0);
    return HONE_OK;
}

static void dry_close(hone_backend *b)
{
    hone__backend_close(real(b));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"

static hone_status dry_upload(hone_backend *b, void *device, const void *host, size_t bytes)
{
    return HONE_OK;
}

static hone_status dry_fill_zero(hone_backend *b, void *data, size_t bytes)
{
    return HONE_OK;
}

static hone_status dry_sync(hone_backend *b)
{
    return HONE_OK;
}

static hone_status dry_gemm(hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                            float beta, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_linear_forward(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_weight *w, const void *bias,
                                      hone_act act, const hone_mat *pre, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_linear_dx(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_weight *w, hone_act act,
                                 const hone_mat *pre, float beta, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_linear_dw(hone_backend *b, const hone_weight *dw, void *dbias, const hone_mat *dy, const hone_mat *x, float beta_w,
                                 float beta_bias, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_quantize(hone_backend *b, const hone_quant *to, const hone_weight *from)
{
    return HONE_OK;
}

static hone_status dry_attention_forward(hone_backend *b, const hone_mat *o, void *lse, const hone_mat *q, const hone_mat *k,
                                         const hone_mat *v, const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal,
                                         float scale, const hone_drop *drop, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_attention_backward(hone_backend *b, const hone_mat *dq, const hone_mat *dk, const hone_mat *dv, const hone_mat *d_o,
                                          const hone_mat *o, const void *lse, const hone_mat *q, const hone_mat *k, const hone_mat *v,
                                          const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal, float scale,
                                          const hone_drop *drop, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_residual_norm_forward(hone_backend *b, const hone_mat *sum, const hone_mat *y, void *mean, void *rstd,
                                             const hone_mat *x, const hone_mat *f, const void *gamma, const void *beta, float eps,
                                             const hone_drop *drop)
{
    return HONE_OK;
}

static hone_status dry_residual_norm_backward(hone_backend *b, const hone_mat *dx, const hone_mat *df, void *dgamma, void *dbeta,
                                              const hone_mat *dy, const hone_mat *dsum, const hone_mat *sum, const void *mean,
                                              const void *rstd, const void *gamma, const hone_drop *drop, float beta_dx, float beta_param,
                                              void *scratch)
{
    return HONE_OK;
}

static hone_status dry_act_forward(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_act act)
{
    return HONE_OK;
}

static hone_status dry_act_backward(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_mat *x, hone_act act, float beta)
{
    return HONE_OK;
}

static hone_status dry_dropout(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_drop *drop, float beta)
{
    return HONE_OK;
}

static hone_status dry_unary(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_unary what, float p, float q)
{
    return HONE_OK;
}

static hone_status dry_binary(hone_backend *b, const hone_mat *z, const hone_mat *x, const hone_mat *y, hone_binary what,
                              hone_broadcast broadcast)
{
    return HONE_OK;
}

static hone_status dry_where(hone_backend *b, const hone_mat *z, const hone_mat *condition, const hone_mat *x, const hone_mat *y)
{
    return HONE_OK;
}

static hone_status dry_is_in(hone_backend *b, const hone_mat *y, const int32_t *ids, const int32_t *set, int64_t n_set)
{
    return HONE_OK;
}

static hone_status dry_axpy(hone_backend *b, const hone_mat *y, const hone_mat *x, float alpha)
{
    return HONE_OK;
}

static hone_status dry_convert(hone_backend *b, const hone_mat *y, const hone_mat *x)
{
    return HONE_OK;
}

static hone_status dry_random(hone_backend *b, const hone_mat *y, hone_random what, float p, float q, uint64_t key)
{
    return HONE_OK;
}

static hone_status dry_embed_forward(hone_backend *b, const hone_mat *y, int n_tables, const hone_mat *tables, const int32_t *const *ids,
                                     const hone_drop *drop)
{
    return HONE_OK;
}

static hone_status dry_embed_backward(hone_backend *b, const hone_mat *dtable, const int32_t *ids, const hone_mat *dy, int32_t skip,
                                      float beta, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_gather_rows(hone_backend *b, const hone_mat *y, const hone_mat *x, const int32_t *index)
{
    return HONE_OK;
}

static hone_status dry_scatter_add_rows(hone_backend *b, const hone_mat *x, const hone_mat *y, const int32_t *index, bool unique)
{
    return HONE_OK;
}

static hone_status dry_gather_cols(hone_backend *b, const hone_mat *y, const hone_mat *x, const int32_t *index)
{
    return HONE_OK;
}

static hone_status dry_scatter_add_cols(hone_backend *b, const hone_mat *x, const hone_mat *y, const int32_t *index)
{
    return HONE_OK;
}

static hone_status dry_log_softmax_forward(hone_backend *b, const hone_mat *y, const hone_mat *x)
{
    return HONE_OK;
}

static hone_status dry_log_softmax_backward(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_mat *y, float beta)
{
    return HONE_OK;
}

static hone_status dry_softmax_block(hone_backend *b, const hone_mat *state, const hone_mat *logits, const int32_t *labels, int64_t v0,
                                     bool first)
{
    return HONE_OK;
}

static hone_status dry_softmax_nll(hone_backend *b, const hone_mat *nll, const hone_mat *lse, const hone_mat *state, const int32_t *labels,
                                   float smoothing, int64_t n_classes)
{
    return HONE_OK;
}

static hone_status dry_softmax_grad(hone_backend *b, const hone_mat *logits, const hone_mat *lse, const int32_t *labels,
                                    const void *weights, float scale, float smoothing, int64_t v0, int64_t n_classes)
{
    return HONE_OK;
}

static hone_status dry_rows_reduce(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_rows *rows, hone_reduce what)
{
    return HONE_OK;
}

static hone_status dry_rows_spread(hone_backend *b, const hone_mat *x, const hone_mat *y, const hone_rows *rows, hone_reduce what,
                                   float beta)
{
    return HONE_OK;
}

static hone_status dry_reduce(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_reduce what, float beta, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_column_sum(hone_backend *b, const hone_mat *y, const hone_mat *x, float beta, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_row_sum(hone_backend *b, const hone_mat *y, const hone_mat *x, float beta)
{
    return HONE_OK;
}

static hone_status dry_argmax(hone_backend *b, int32_t *index, const hone_mat *x)
{
    return HONE_OK;
}

static hone_status dry_top_k(hone_backend *b, const hone_mat *values, int32_t *index, const hone_mat *x)
{
    return HONE_OK;
}

static hone_status dry_norm2(hone_backend *b, double *out_f64, int32_t *nonfinite, const void *g, const hone_segment *segments,
                             size_t n_segments, void *scratch)
{
    return HONE_OK;
}

static hone_status dry_adamw(hone_backend *b, float *master, void *compute, hone_dtype compute_dtype, const float *g, float *m, float *v,
                             const hone_segment *segments, size_t n_segments, const hone_adamw *how, const float *factor,
                             const int32_t *skip)
{
    return HONE_OK;
}

static hone_status dry_adamw_rows(hone_backend *b, const hone_adamw_rows *rows)
{
    return HONE_OK;
}

#pragma GCC diagnostic pop

static const hone_backend_ops dry_ops = {.name = "dry",
                                         .alloc = dry_alloc,
                                         .release = dry_release,
                                         .upload = dry_upload,
                                         .download = dry_download,
                                         .fill_zero = dry_fill_zero,
                                         .sync = dry_sync,
                                         .close = dry_close,
                                         .supports = dry_supports,
                                         .workspace = dry_workspace,
                                         .prepare_products = dry_prepare_products,
                                         .gemm = dry_gemm,
                                         .linear_forward = dry_linear_forward,
                                         .linear_dx = dry_linear_dx,
                                         .linear_dw = dry_linear_dw,
                                         .quantize = dry_quantize,
                                         .attention_forward = dry_attention_forward,
                                         .attention_backward = dry_attention_backward,
                                         .residual_norm_forward = dry_residual_norm_forward,
                                         .residual_norm_backward = dry_residual_norm_backward,
                                         .act_forward = dry_act_forward,
                                         .act_backward = dry_act_backward,
                                         .dropout = dry_dropout,
                                         .unary = dry_unary,
                                         .binary = dry_binary,
                                         .where = dry_where,
                                         .is_in = dry_is_in,
                                         .axpy = dry_axpy,
                                         .convert = dry_convert,
                                         .random = dry_random,
                                         .embed_forward = dry_embed_forward,
                                         .embed_backward = dry_embed_backward,
                                         .gather_rows = dry_gather_rows,
                                         .scatter_add_rows = dry_scatter_add_rows,
                                         .gather_cols = dry_gather_cols,
                                         .scatter_add_cols = dry_scatter_add_cols,
                                         .log_softmax_forward = dry_log_softmax_forward,
                                         .log_softmax_backward = dry_log_softmax_backward,
                                         .softmax_block = dry_softmax_block,
                                         .softmax_nll = dry_softmax_nll,
                                         .softmax_grad = dry_softmax_grad,
                                         .rows_reduce = dry_rows_reduce,
                                         .rows_spread = dry_rows_spread,
                                         .reduce = dry_reduce,
                                         .column_sum = dry_column_sum,
                                         .row_sum = dry_row_sum,
                                         .argmax = dry_argmax,
                                         .top_k = dry_top_k,
                                         .norm2 = dry_norm2,
                                         .adamw = dry_adamw,
                                         .adamw_rows = dry_adamw_rows};

hone_status hone__dry_open(hone_backend *b)
{
    hone_backend *behind = NULL;
    HONE_TRY(hone__backend_open(&behind, "auto", b->n_threads));
    b->ops = &dry_ops;
    b->self = behind;
    b->own_memory = behind->own_memory; /* what a real run uploads is counted, what it is lent is not */
    return HONE_OK;
}
