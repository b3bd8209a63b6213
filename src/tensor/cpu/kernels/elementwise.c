/* Elementwise passes that are not activations: arithmetic, comparisons, dropout, and changes of storage type (round to nearest even). */
#include "tensor/cpu/kernels/vmath.h"
#include "tensor/dtype.h"

#include <math.h>

/* Rare functions go through libm, element by element. */
static void unary_scalar(float *y, const float *x, size_t n, hone_unary what, float p)
{
    for (size_t i = 0; i < n; i++)
        y[i] = what == HONE_UNARY_LOG ? logf(x[i]) : powf(x[i], p);
}

HONE_INLINE vf unary_of(vf x, hone_unary what, vf p, vf q)
{
    switch (what) {
    case HONE_UNARY_NEG:
        return vzero() - x;
    case HONE_UNARY_SCALE:
        return p * x;
    case HONE_UNARY_ADD_SCALAR:
        return x + p;
    case HONE_UNARY_EXP:
        return vexp(x);
    case HONE_UNARY_SQRT:
        return vsqrt(x);
    case HONE_UNARY_SQUARE:
        return x * x;
    case HONE_UNARY_ABS:
        return vabs(x);
    case HONE_UNARY_RECIPROCAL:
        return vset(1.0f) / x;
    case HONE_UNARY_CLAMP:
        return vmin(q, vmax(p, x));
    case HONE_UNARY_TANH:
        return vtanh(x);
    case HONE_UNARY_SIGMOID:
        return vsigmoid(x);
    case HONE_UNARY_RELU:
        return vmax(vzero(), x);
    case HONE_UNARY_NOT:
        return vkeep(veq(x, vzero()), vset(1.0f));
    default:
        return x;
    }
}

void KERNEL(unary)(float *y, const float *x, size_t n, hone_unary what, float p, float q)
{
    if (what == HONE_UNARY_LOG || what == HONE_UNARY_POW) {
        unary_scalar(y, x, n, what, p);
        return;
    }
    switch (what) {
#define X(name)                                                                                \
    case HONE_UNARY_##name:                                                                    \
        for (size_t i = 0; i < n; i += W)                                                      \
            st(y + i, unary_of(ld(x + i, n - i), HONE_UNARY_##name, vset(p), vset(q)), n - i); \
        break;
        HONE_UNARY_MAP(X)
#undef X
    }
}

HONE_INLINE vf binary_of(vf x, vf y, hone_binary what)
{
    vf one = vset(1.0f);
    switch (what) {
    case HONE_BINARY_ADD:
        return x + y;
    case HONE_BINARY_SUB:
        return x - y;
    case HONE_BINARY_MUL:
        return x * y;
    case HONE_BINARY_DIV:
        return x / y;
    case HONE_BINARY_MAXIMUM: /* NaN wins, on either side */
        return vsel(veq(x, x), vmax(x, y), x);
    case HONE_BINARY_MINIMUM:
        return vsel(veq(x, x), vmin(x, y), x);
    case HONE_BINARY_EQ:
        return vkeep(veq(x, y), one);
    case HONE_BINARY_NE:
        return vkeep(vnot(veq(x, y)), one);
    case HONE_BINARY_LT:
        return vkeep(vlt(x, y), one);
    case HONE_BINARY_LE:
        return vkeep(vle(x, y), one);
    case HONE_BINARY_GT:
        return vkeep(vlt(y, x), one);
    default:
        return vkeep(vle(y, x), one);
    }
}

void KERNEL(binary)(float *z, const float *x, const float *y, size_t n, hone_binary what, bool scalar)
{
    vf same = vset(scalar ? y[0] : 0.0f);
    switch (what) {
#define X(name)                                                                                                  \
    case HONE_BINARY_##name:                                                                                     \
        for (size_t i = 0; i < n; i += W)                                                                        \
            st(z + i, binary_of(ld(x + i, n - i), scalar ? same : ld(y + i, n - i), HONE_BINARY_##name), n - i); \
        break;
        HONE_BINARY_MAP(X)
#undef X
    }
}

void KERNEL(where)(float *z, const float *condition, const float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        st(z + i, vsel(veq(ld(condition + i, left), vzero()), ld(y + i, left), ld(x + i, left)), left);
    }
}

void KERNEL(axpby)(float *y, const float *x, size_t n, float alpha, float beta)
{
    vf a = vset(alpha), b = vset(beta);
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        vf z = a * ld(x + i, left);
        if (beta != 0)
            z = vfma(b, ld(y + i, left), z);
        st(y + i, z, left);
    }
}

void KERNEL(add)(float *z, const float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i += W)
        st(z + i, ld(x + i, n - i) + ld(y + i, n - i), n - i);
}

void KERNEL(drop)(float *y, const float *x, size_t n, const hone_drop_row *drop, float beta)
{
    vf scale = vset(drop->scale);
    for (size_t block = 0; block * 64 < n; block++) {
        uint64_t keep = vkeep64(drop, (uint32_t)block);
        size_t end = block * 64 + 64 < n ? block * 64 + 64 : n;
        for (size_t i = block * 64; i < end; i += W, keep >>= W) {
            size_t left = n - i;
            vf z = vkeep(vmask_bits((uint32_t)keep & ((1u << W) - 1)), ld(x + i, left) * scale);
            if (beta != 0)
                z = vfma(vset(beta), ld(y + i, left), z);
            st(y + i, z, left);
        }
    }
}

void KERNEL(to_f32)(float *y, const void *x, hone_dtype dtype, size_t n)
{
    const uint16_t *half = x;
    const double *wide = x;
    if (dtype == HONE_DTYPE_BF16)
        for (size_t i = 0; i < n; i++)
            y[i] = hone__from_bf16(half[i]);
    else if (dtype == HONE_DTYPE_F16)
        for (size_t i = 0; i < n; i++)
            y[i] = hone__from_f16(half[i]);
    else if (dtype == HONE_DTYPE_F64)
        for (size_t i = 0; i < n; i++)
            y[i] = (float)wide[i];
    else
        memmove(y, x, n * sizeof(*y));
}

void KERNEL(from_f32)(void *y, hone_dtype dtype, const float *x, size_t n)
{
    uint16_t *half = y;
    double *wide = y;
    if (dtype == HONE_DTYPE_BF16)
        for (size_t i = 0; i < n; i++)
            half[i] = hone__to_bf16(x[i]);
    else if (dtype == HONE_DTYPE_F16)
        for (size_t i = 0; i < n; i++)
            half[i] = hone__to_f16(x[i]);
    else if (dtype == HONE_DTYPE_F64)
        for (size_t i = 0; i < n; i++)
            wide[i] = (double)x[i];
    else
        memmove(y, x, n * sizeof(*x));
}
