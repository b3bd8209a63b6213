/* Matrix products: gemm and the linear map with bias and activation, forward and backward. */
#include "tensor/ref/ref.h"

#include <float.h>

static double element(const hone_mat *m, bool transposed, int64_t i, int64_t j)
{
    return transposed ? get(m, j, i) : get(m, i, j);
}

static hone_status ref_prepare_products(hone_backend *b, hone_dtype dtype)
{
    (void)b;
    if (dtype != HONE_DTYPE_F32 && dtype != HONE_DTYPE_BF16)
        return hone__fail(HONE_UNSUPPORTED, "the device ref multiplies in F32 and BF16, not in %s", hone_dtype_name(dtype));
    return HONE_OK;
}

/* A factor of a product of this size: as it is, or rounded to bfloat16. */
typedef double (*factor_fn)(double x);
static double exact(double x)
{
    return x;
}
static double rounded(double x)
{
    return (double)hone__from_bf16(hone__to_bf16((float)x));
}
static factor_fn factor(const hone_backend *b, int64_t rows, int64_t cols, int64_t depth)
{
    return b->products == HONE_DTYPE_BF16 && hone__narrow_pays(rows, cols, depth) ? rounded : exact;
}

/* c = alpha op(a) op(b) + beta c */
static hone_status ref_gemm(hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                            float beta, void *scratch)
{
    (void)scratch;
    int64_t depth = ta ? a->rows : a->cols;
    factor_fn f = factor(be, c->rows, c->cols, depth);
    for (int64_t i = 0; i < c->rows; i++) {
        for (int64_t j = 0; j < c->cols; j++) {
            double sum = 0.0;
            for (int64_t k = 0; k < depth; k++)
                sum += f(element(a, ta, i, k)) * f(element(b, tb, k, j));
            put(c, i, j, (double)alpha * sum, beta);
        }
    }
    return HONE_OK;
}

/* W(o, i), however it is stored */
static double weight(const hone_weight *w, int64_t o, int64_t i)
{
    return element(&w->mat, w->in_major, o, i);
}

/* Output o, input i in the panels. */
static int8_t *quant_code(const hone_quant *q, int64_t o, int64_t i)
{
    size_t panel = (size_t)(o / HONE_QUANT_COLS), col = (size_t)(o % HONE_QUANT_COLS), word = (size_t)i / 4;
    return q->codes + ((panel * hone__quant_words(q) + word) * HONE_QUANT_COLS + col) * 4 + (size_t)i % 4;
}

/* ---- in 8 bits (hone_quant), step by step: codes and scales are F32's, which must be the same in every backend ---- */

/* 127 / max |x|, and max |x| / 127; 0 for a row that counts as zeros, NaN for one that is not finite. */
static float code_factor(float *scale, double largest)
{
    const double tiny = 1e-30f;
    float most = (float)largest;
    *scale = !(largest <= (double)FLT_MAX) ? NAN : largest < tiny ? 0.0f : most / 127.0f;
    return *scale > 0.0f ? 127.0f / most : 0.0f;
}

static int code(double x, float factor)
{
    return factor > 0.0f ? (int)rintf((float)x * factor) : 0;
}

static double larger(double most, double x)
{
    return fabs(x) <= most ? most : fabs(x); /* NaN: that, and infinity is seen too */
}

static hone_status ref_quantize(hone_backend *b, const hone_quant *to, const hone_weight *from)
{
    (void)b;
    memset(to->codes, 0, hone__quant_bytes(to));
    for (int64_t o = 0; o < to->n_out; o++) {
        double most = 0.0;
        for (int64_t i = 0; i < to->n_in && most == most; i++)
            most = larger(most, weight(from, o, i));
        float factor = code_factor(&to->scale[o], most);
        for (int64_t i = 0; i < to->n_in; i++) {
            int8_t c = (int8_t)code(weight(from, o, i), factor);
            *quant_code(to, o, i) = c;
            to->shift[o] -= 128 * c;
        }
    }
    return HONE_OK;
}

static void int8_row(const hone_mat *y, const hone_mat *x, int64_t n, const hone_quant *w, const void *bias, hone_act act)
{
    double most = 0.0;
    float scale;
    for (int64_t i = 0; i < x->cols && most == most; i++)
        most = larger(most, get(x, n, i));
    float factor = code_factor(&scale, most);
    for (int64_t o = 0; o < y->cols; o++) {
        int64_t sum = w->shift[o];
        for (int64_t i = 0; i < x->cols; i++)
            sum += (code(get(x, n, i), factor) + 128) * *quant_code(w, o, i);
        float product = (float)sum * (scale * w->scale[o]);
        set(y, n, o, hone__ref_act(act, bias ? (double)(product + (float)at(bias, y->dtype, o)) : (double)product));
    }
}

/* pre = x W^T + bias;  y = act(pre) */
static hone_status ref_linear_forward(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_weight *w, const void *bias,
                                      hone_act act, const hone_mat *pre, void *scratch)
{
    (void)scratch;
    factor_fn f = factor(b, y->rows, y->cols, x->cols);
    HONE_ASSERT(!w->quant || !pre);
    for (int64_t n = 0; w->quant && n < y->rows; n++)
        int8_row(y, x, n, w->quant, bias, act);
    if (w->quant)
        return HONE_OK;
    for (int64_t n = 0; n < y->rows; n++) {
        for (int64_t o = 0; o < y->cols; o++) {
            double sum = bias ? at(bias, y->dtype, o) : 0.0;
            for (int64_t i = 0; i < x->cols; i++)
                sum += f(get(x, n, i)) * f(weight(w, o, i));
            if (pre)
                set(pre, n, o, sum);
            set(y, n, o, hone__ref_act(act, sum));
        }
    }
    return HONE_OK;
}

/* dx = act'(pre) o (dy W) + beta dx */
static hone_status ref_linear_dx(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_weight *w, hone_act act,
                                 const hone_mat *pre, float beta, void *scratch)
{
    (void)scratch;
    factor_fn f = factor(b, dx->rows, dx->cols, dy->cols);
    for (int64_t n = 0; n < dx->rows; n++) {
        for (int64_t i = 0; i < dx->cols; i++) {
            double sum = 0.0;
            for (int64_t o = 0; o < dy->cols; o++)
                sum += f(get(dy, n, o)) * f(weight(w, o, i));
            if (act != HONE_ACT_NONE)
                sum *= hone__ref_act_slope(act, get(pre, n, i));
            put(dx, n, i, sum, beta);
        }
    }
    return HONE_OK;
}

/* dW = dy^T x + beta_w dW;  dbias = column sums of dy + beta_bias dbias */
static hone_status ref_linear_dw(hone_backend *b, const hone_weight *dw, void *dbias, const hone_mat *dy, const hone_mat *x, float beta_w,
                                 float beta_bias, void *scratch)
{
    (void)scratch;
    factor_fn f = factor(b, dw->mat.rows, dw->mat.cols, dy->rows);
    for (int64_t o = 0; o < dy->cols; o++) {
        double bias = 0.0;
        for (int64_t i = 0; i < x->cols; i++) {
            double sum = 0.0;
            for (int64_t n = 0; n < dy->rows; n++)
                sum += f(get(dy, n, o)) * f(get(x, n, i));
            put(&dw->mat, dw->in_major ? i : o, dw->in_major ? o : i, sum, beta_w);
        }
        for (int64_t n = 0; n < dy->rows; n++)
            bias += get(dy, n, o);
        if (dbias)
            put_at(dbias, dy->dtype, o, bias, beta_bias);
    }
    return HONE_OK;
}

void hone__ref_linear(hone_backend_ops *ops)
{
    ops->prepare_products = ref_prepare_products;
    ops->gemm = ref_gemm;
    ops->linear_forward = ref_linear_forward;
    ops->quantize = ref_quantize;
    ops->linear_dx = ref_linear_dx;
    ops->linear_dw = ref_linear_dw;
}
