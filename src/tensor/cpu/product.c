/* Matrix products: oneDNN's sgemm (row-major), paths of their own for a handful of rows (generation) and for some hundred (encoders), and the linear map with bias and
 * activation.
 *
 * Bias and activation are one pass over the result, taken in blocks of rows so that it finds the product in the last cache. Column sums run over chunks of columns:
 * their order depends on shapes alone. */
#include "tensor/cpu/cpu.h"

#include <oneapi/dnnl/dnnl.h>
#include <string.h>

/* Rows of a matrix lie ld apart; of one row the caller need not say. */
static int64_t lead(const hone_mat *m)
{
    return hone__max64(hone__max64(m->ld, m->cols), 1);
}

static void scale_all(const hone_backend *b, const hone_mat *c, float beta)
{
    for (int64_t i = 0; i < c->rows; i++)
        if (beta == 0)
            memset(hone__at(c, i, 0), 0, (size_t)c->cols * sizeof(float));
        else if (beta != 1)
            hone__cpu(b)->axpby(hone__at(c, i, 0), hone__at(c, i, 0), (size_t)c->cols, beta, 0);
}

static hone_gemv gemv_of(const hone_mat *c, const hone_mat *a, const hone_mat *b, float alpha, float beta)
{
    return (hone_gemv){.y = c->data,
                       .x = a->data,
                       .w = b->data,
                       .ldy = (size_t)lead(c),
                       .ldx = (size_t)lead(a),
                       .ldw = (size_t)lead(b),
                       .n_x = (size_t)c->rows,
                       .n_out = (size_t)c->cols,
                       .n_in = (size_t)a->cols,
                       .alpha = alpha,
                       .beta = beta};
}

/* A few rows: outputs are dealt to threads in runs of whole cache lines; each output is summed in the same order whatever the run. */
static void few_rows(const hone_backend *be, const hone_mat *c, const hone_mat *a, const hone_mat *b, bool tb, float alpha, float beta)
{
    const hone_kernels *k = hone__cpu(be);
    int64_t run = hone__ceil_div(hone__ceil_div(c->cols, 16), be->n_threads) * 16;
    if (!tb)
        run = hone__min64(run, HONE_CPU_CHUNK); /* the outputs stay in the first cache */
    int64_t n = hone__ceil_div(c->cols, run);
#pragma omp parallel for schedule(static) num_threads(hone__threads(be, a->cols * c->cols))
    for (int64_t i = 0; i < n; i++) {
        int64_t o = i * run;
        hone_gemv g = gemv_of(c, a, b, alpha, beta);
        g.y += o, g.w = tb ? hone__at(b, o, 0) : hone__at(b, 0, o), g.n_out = (size_t)hone__min64(run, c->cols - o);
        (tb ? k->gemv_out_in : k->gemv_in_out)(&g);
    }
}

/* More rows with a weight (out, in), without oneDNN. Outputs are dealt to threads first, rows where outputs do not suffice; that changes no bit. */
static void dot_rows(const hone_backend *be, const hone_mat *c, const hone_mat *a, const hone_mat *b, float alpha, float beta)
{
    enum { LEAST = 64 /* outputs of an item */ };
    int64_t threads = hone__threads(be, c->rows * c->cols * a->cols / 16), runs = hone__min64(threads, hone__ceil_div(c->cols, LEAST));
    int64_t run = hone__ceil_div(hone__ceil_div(c->cols, 4), runs) * 4, parts = hone__ceil_div(threads, runs);
    int64_t rows = hone__ceil_div(hone__ceil_div(c->rows, 12), parts) * 12;
#pragma omp parallel for schedule(static) num_threads((int)threads)
    for (int64_t i = 0; i < runs * parts; i++) {
        int64_t o = i % runs * run, r = i / runs * rows;
        hone_gemv g = gemv_of(c, a, b, alpha, beta);
        if (o >= c->cols || r >= c->rows)
            continue;
        g.y = hone__at(c, r, o), g.x = hone__at(a, r, 0), g.w = hone__at(b, o, 0);
        g.n_out = (size_t)hone__min64(run, c->cols - o), g.n_x = (size_t)hone__min64(rows, c->rows - r);
        hone__cpu(be)->rows_out_in(&g);
    }
}

/* Whether a product of n rows takes the path of few rows. From some five rows on the others are faster. */
static bool is_few(const hone_backend *be, const hone_mat *c, bool ta, bool tb)
{
    int64_t most = tb && hone__dot_rows(be) == 0 ? HONE_GEMV_ROWS : HONE_CPU_AXPY_ROWS;
    return !ta && c->rows <= most;
}

/* Whether a product with a weight (out, in) takes the path of tiles. Results of many inputs are added up in pieces, which costs more as the rows pass through the second cache: 384 outputs of 1536
 * inputs, GFLOP/s of one core, oneDNN and tiles: 160 rows 167 to 182 and 180 to 190, 256 rows 185 to 190 and 186, 320 rows 198 and 188, 426 rows 193 and 184 (AVX-512, Zen 5). */
static bool is_some(const hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, bool tb)
{
    enum { SHALLOW = 384, DEEP_ROWS = 256 };
    int64_t most = a->cols <= SHALLOW ? hone__dot_rows(be) : hone__min64(hone__dot_rows(be), DEEP_ROWS);
    return !ta && tb && c->rows <= most;
}

hone_status hone__product(const hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                          float beta)
{
    int64_t depth = ta ? a->rows : a->cols;
    if (c->rows == 0 || c->cols == 0)
        return HONE_OK;
    if (depth == 0) {
        scale_all(be, c, beta);
        return HONE_OK;
    }
    if (is_few(be, c, ta, tb)) {
        few_rows(be, c, a, b, tb, alpha, beta);
        return HONE_OK;
    }
    if (is_some(be, c, a, ta, tb)) {
        dot_rows(be, c, a, b, alpha, beta);
        return HONE_OK;
    }
    hone__cpu_enter(be);
    dnnl_status_t status = dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', c->rows, c->cols, depth, alpha, a->data, lead(a), b->data, lead(b),
                                      beta, c->data, lead(c));
    return status == dnnl_success ? HONE_OK : hone__fail(HONE_DEVICE, "oneDNN could not multiply (status %d)", (int)status);
}

/* The same in the numbers that b->products asks for. */
static hone_status multiply(const hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                            float beta)
{
    if (be->products == HONE_DTYPE_BF16 && hone__narrow_pays(c->rows, c->cols, ta ? a->rows : a->cols)) {
        hone__bf16_product(be, c, a, ta, b, tb, alpha, beta);
        return HONE_OK;
    }
    return hone__product(be, c, a, ta, b, tb, alpha, beta);
}

static hone_status cpu_gemm(hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                            float beta, void *scratch)
{
    (void)scratch;
    HONE_CPU_CHECK(c, a, b);
    return multiply(be, c, a, ta, b, tb, alpha, beta);
}

static hone_mat rows_of(const hone_mat *m, int64_t begin, int64_t n)
{
    return (hone_mat){hone__at(m, begin, 0), m->dtype, n, m->cols, m->ld};
}

/* Rows of a product that is finished before the next: fewer cost oneDNN more than the pass gains by finding them in a nearer cache (256 rows of GPT-2's first
 * feed-forward product: 12.6 ms, 1024 rows 12.0, the pass 0.5 and 0.7 of it), more may leave the last cache. */
enum { BLOCK_ROWS = 1024 };

static void finish_rows(const hone_backend *b, const hone_mat *y, const hone_mat *pre, const float *bias, hone_act act)
{
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, y->rows * y->cols))
    for (int64_t i = 0; i < y->rows; i++)
        k->bias_act(hone__at(y, i, 0), pre ? hone__at(pre, i, 0) : NULL, bias, (size_t)y->cols, act);
}

static hone_status cpu_linear_forward(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_weight *w, const void *bias,
                                      hone_act act, const hone_mat *pre, void *scratch)
{
    HONE_CPU_CHECK(y, x, &w->mat, pre);
    if (w->quant) {
        HONE_ASSERT(!pre);
        hone__int8_linear(b, y, x, w->quant, bias, act, scratch);
        return HONE_OK;
    }
    bool plain = !bias && act == HONE_ACT_NONE && !pre;
    int64_t step = plain ? y->rows : BLOCK_ROWS;
    for (int64_t i = 0; i < y->rows; i += step) {
        int64_t n = hone__min64(step, y->rows - i);
        hone_mat to = rows_of(y, i, n), in = rows_of(x, i, n), argument = pre ? rows_of(pre, i, n) : to;
        HONE_TRY(multiply(b, &argument, &in, false, &w->mat, !w->in_major, 1.0f, 0.0f));
        if (!plain)
            finish_rows(b, &to, pre ? &argument : NULL, bias, act);
    }
    return HONE_OK;
}

static void act_rows(const hone_backend *b, const hone_mat *dx, const hone_mat *product, const hone_mat *pre, hone_act act, float beta)
{
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, dx->rows * dx->cols))
    for (int64_t i = 0; i < dx->rows; i++)
        k->act_grad(hone__at(dx, i, 0), hone__at(product, i, 0), hone__at(pre, i, 0), (size_t)dx->cols, act, beta);
}

static hone_status cpu_linear_dx(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_weight *w, hone_act act,
                                 const hone_mat *pre, float beta, void *scratch)
{
    HONE_CPU_CHECK(dx, dy, &w->mat, pre);
    if (act == HONE_ACT_NONE)
        return multiply(b, dx, dy, false, &w->mat, w->in_major, 1.0f, beta);
    int64_t step = beta != 0 ? 64 : BLOCK_ROWS;
    for (int64_t i = 0; i < dx->rows; i += step) {
        int64_t n = hone__min64(step, dx->rows - i);
        hone_mat to = rows_of(dx, i, n), from = rows_of(dy, i, n), argument = rows_of(pre, i, n);
        hone_mat product = beta != 0 ? (hone_mat){scratch, HONE_DTYPE_F32, n, dx->cols, dx->cols} : to;
        HONE_TRY(multiply(b, &product, &from, false, &w->mat, w->in_major, 1.0f, 0.0f));
        act_rows(b, &to, &product, &argument, act, beta);
    }
    return HONE_OK;
}

void hone__column_sums(const hone_backend *b, float *y, const hone_mat *x, float beta)
{
    const hone_kernels *k = hone__cpu(b);
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, x->rows * x->cols))
    for (int64_t c = 0; c < x->cols; c += HONE_COLUMN_CHUNK)
        k->column_sums(y + c, hone__at(x, 0, c), (size_t)x->ld, (size_t)x->rows, (size_t)hone__min64(x->cols - c, HONE_COLUMN_CHUNK), beta);
}

static hone_status cpu_linear_dw(hone_backend *b, const hone_weight *dw, void *dbias, const hone_mat *dy, const hone_mat *x, float beta_w,
                                 float beta_bias, void *scratch)
{
    (void)scratch;
    HONE_CPU_CHECK(&dw->mat, dy, x);
    if (dw->in_major)
        HONE_TRY(multiply(b, &dw->mat, x, true, dy, false, 1.0f, beta_w));
    else
        HONE_TRY(multiply(b, &dw->mat, dy, true, x, false, 1.0f, beta_w));
    if (dbias)
        hone__column_sums(b, dbias, dy, beta_bias);
    return HONE_OK;
}

void hone__cpu_product(hone_backend_ops *ops)
{
    ops->prepare_products = hone__bf16_prepare;
    ops->gemm = cpu_gemm;
    ops->linear_forward = cpu_linear_forward;
    ops->linear_dx = cpu_linear_dx;
    ops->linear_dw = cpu_linear_dw;
}
