/* Activations and their derivatives, alone and fused with the bias of a linear map. GELU is the erf form of BERT, GELU_NEW the tanh form of GPT-2
 * (Hendrycks & Gimpel 2016). */
#include "tensor/cpu/kernels/vmath.h"

HONE_INLINE vf act_of(vf x, hone_act act)
{
    switch (act) {
    case HONE_ACT_GELU:
        return vgelu(x);
    case HONE_ACT_GELU_NEW:
        return vgelu_new(x);
    case HONE_ACT_RELU:
        return vmax(vzero(), x);
    case HONE_ACT_TANH:
        return vtanh(x);
    case HONE_ACT_SIGMOID:
        return vsigmoid(x);
    default:
        return x;
    }
}

HONE_INLINE vf slope_of(vf x, hone_act act)
{
    switch (act) {
    case HONE_ACT_GELU:
        return vgelu_slope(x);
    case HONE_ACT_GELU_NEW:
        return vgelu_new_slope(x);
    case HONE_ACT_RELU:
        return vkeep(vlt(vzero(), x), vset(1.0f));
    case HONE_ACT_TANH:
        return vset(4.0f) * vsigmoid_slope(x + x);
    case HONE_ACT_SIGMOID:
        return vsigmoid_slope(x);
    default:
        return vset(1.0f);
    }
}

/* One loop for each activation: `act` is a constant in each copy of the inline body. */
#define FOR_EACH_ACT(body)       \
    switch (act) {               \
    case HONE_ACT_GELU:          \
        body(HONE_ACT_GELU);     \
        break;                   \
    case HONE_ACT_GELU_NEW:      \
        body(HONE_ACT_GELU_NEW); \
        break;                   \
    case HONE_ACT_RELU:          \
        body(HONE_ACT_RELU);     \
        break;                   \
    case HONE_ACT_TANH:          \
        body(HONE_ACT_TANH);     \
        break;                   \
    case HONE_ACT_SIGMOID:       \
        body(HONE_ACT_SIGMOID);  \
        break;                   \
    default:                     \
        body(HONE_ACT_NONE);     \
    }

HONE_INLINE void act_loop(float *y, const float *x, size_t n, hone_act act)
{
    for (size_t i = 0; i < n; i += W)
        st(y + i, act_of(ld(x + i, n - i), act), n - i);
}

void KERNEL(act)(float *y, const float *x, size_t n, hone_act act){
#define BODY(which) act_loop(y, x, n, which)
    FOR_EACH_ACT(BODY)
#undef BODY
}

HONE_INLINE void act_grad_loop(float *dx, const float *dy, const float *x, size_t n, hone_act act, float beta)
{
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        vf d = ld(dy + i, left) * slope_of(ld(x + i, left), act);
        if (beta != 0)
            d = vfma(vset(beta), ld(dx + i, left), d);
        st(dx + i, d, left);
    }
}

void KERNEL(act_grad)(float *dx, const float *dy, const float *x, size_t n, hone_act act, float beta){
#define BODY(which) act_grad_loop(dx, dy, x, n, which, beta)
    FOR_EACH_ACT(BODY)
#undef BODY
}

HONE_INLINE void bias_act_loop(float *y, float *pre, const float *bias, size_t n, hone_act act)
{
    const float *product = pre ? pre : y;
    for (size_t i = 0; i < n; i += W) {
        size_t left = n - i;
        vf z = ld(product + i, left);
        if (bias)
            z = z + ld(bias + i, left);
        if (pre && bias)
            st(pre + i, z, left);
        st(y + i, act_of(z, act), left);
    }
}

void KERNEL(bias_act)(float *y, float *pre, const float *bias, size_t n, hone_act act)
{
#define BODY(which) bias_act_loop(y, pre, bias, n, which)
    FOR_EACH_ACT(BODY)
#undef BODY
}
