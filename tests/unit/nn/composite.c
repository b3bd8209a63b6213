/* Fused ops equal what they are composed of, values and gradients, in F64 on `ref`: only the order of operations differs, 1e-12. And every backend's fused ops agree
 * with ref's, which the test of gradients holds against differences: F32 against F64, 1e-5. */
#include "unit/nn/helpers.h"

typedef hone_tensor *(*build_fn)(hone_tape *t, hone_param **p);
typedef struct pair {
    const char *name;
    build_fn fused, composed;
    int64_t shapes[8][2];
    bool in_major;
} pair;

/* A PARAM tensor as a number of the tape. */
static hone_tensor *of(hone_param *p)
{
    return &p->tensor;
}

static hone_tensor *ffn_fused(hone_tape *t, hone_param **p)
{
    return hone__ffn(t, step_of(t, p[0]), p[1], p[2], HONE_ACT_GELU, p[3], p[4], 0);
}
static hone_tensor *ffn_composed(hone_tape *t, hone_param **p)
{
    hone_tensor *h = hone__linear(t, step_of(t, p[0]), p[1], p[2], HONE_ACT_GELU, 0);
    return hone__linear(t, h, p[3], p[4], HONE_ACT_NONE, 0);
}
static hone_tensor *linear_fused(hone_tape *t, hone_param **p)
{
    return hone__linear(t, step_of(t, p[0]), p[1], p[2], HONE_ACT_GELU_NEW, 0);
}
static hone_tensor *linear_composed(hone_tape *t, hone_param **p)
{
    return hone__act(t, hone_add(t, hone_matmul(t, step_of(t, p[0]), of(p[1])), of(p[2])), HONE_ACT_GELU_NEW);
}
static hone_tensor *norm_fused(hone_tape *t, hone_param **p)
{
    return hone__layer_norm(t, step_of(t, p[0]), p[1], p[2], 0.001f, 0);
}
/* 1/C as a column: the mean over channels is a product with it. C is a power of 2. */
static hone_tensor *mean_over_channels(hone_tape *t, hone_tensor *x)
{
    float ones[64];
    int64_t c = x ? x->dim[1] : 0;
    for (int64_t i = 0; i < c; i++)
        ones[i] = 1.0f / (float)c;
    return hone_matmul(t, x, hone_tape_floats(t, ones, 2, (int64_t[]){c, 1}));
}
static hone_tensor *normalise(hone_tape *t, hone_tensor *x, hone_param *gamma, hone_param *beta)
{
    hone_tensor *centred = hone_sub(t, x, mean_over_channels(t, x));
    hone_tensor *deviation = hone_sqrt(t, hone_add_scalar(t, mean_over_channels(t, hone_square(t, centred)), 0.001f));
    return hone_add(t, hone_mul(t, hone_div(t, centred, deviation), of(gamma)), of(beta));
}
static hone_tensor *norm_composed(hone_tape *t, hone_param **p)
{
    return normalise(t, step_of(t, p[0]), p[1], p[2]);
}
static hone_tensor *residual_norm_fused(hone_tape *t, hone_param **p)
{
    hone_tensor *sum, *y = hone__residual_norm(t, &sum, tokens_of(t, p[0]), tokens_of(t, p[1]), p[2], p[3], 0.001f, 0.3f, 9);
    return hone_mul(t, y, sum);
}
static hone_tensor *residual_norm_composed(hone_tape *t, hone_param **p)
{
    hone_tensor *sum = hone_add(t, tokens_of(t, p[0]), hone__dropout(t, tokens_of(t, p[1]), 0.3f, 9));
    return hone_mul(t, normalise(t, sum, p[2], p[3]), sum);
}
static hone_tensor *residual_fused(hone_tape *t, hone_param **p)
{
    return hone_exp(t, hone__residual(t, tokens_of(t, p[0]), tokens_of(t, p[1]), 0.3f, 9));
}
static hone_tensor *residual_composed(hone_tape *t, hone_param **p)
{
    return hone_exp(t, hone_add(t, tokens_of(t, p[0]), hone__dropout(t, tokens_of(t, p[1]), 0.3f, 9)));
}
static const int32_t ids[] = {1, 0, 4, 4, 2, 1, 4, 0, 3}, types[] = {0, 0, 1, 1, 0, 1, 0, 1, 1};
static hone_tensor *embed_fused(hone_tape *t, hone_param **p)
{
    const int32_t *lists[] = {ids, types};
    return hone__embed(t, 2, p, lists, NULL, hone__tape_rows(t, &batch), 0.0f, 0);
}
static hone_tensor *embed_composed(hone_tape *t, hone_param **p)
{
    int64_t n = N_TOKENS;
    return hone_add(t, hone_index_select(t, of(p[0]), hone_tape_ints(t, ids, 1, &n)),
                    hone_index_select(t, of(p[1]), hone_tape_ints(t, types, 1, &n)));
}
static const int32_t labels[] = {2, 0, -100, 1, 1, 2, 0, -1, 2};
static hone_tensor *cross_entropy_fused(hone_tape *t, hone_param **p)
{
    return hone_cross_entropy(t, step_of(t, p[0]), hone_tape_ints(t, labels, 1, (int64_t[]){9}), NULL, 0.0f);
}
static hone_tensor *cross_entropy_composed(hone_tape *t, hone_param **p)
{
    hone_tensor *picked = hone_gather(t, hone_log_softmax(t, step_of(t, p[0])), hone_tape_ints(t, labels, 1, (int64_t[]){9}));
    return hone_div(t, hone_neg(t, hone_sum(t, picked)), hone_tape_floats(t, (float[]){7.0f}, 0, NULL));
}
static hone_tensor *softmax_fused(hone_tape *t, hone_param **p)
{
    return hone_softmax(t, step_of(t, p[0]));
}
static hone_tensor *softmax_composed(hone_tape *t, hone_param **p)
{
    hone_tensor *e = hone_exp(t, step_of(t, p[0]));
    return hone_div(t, e, hone_scale(t, mean_over_channels(t, e), 4.0f));
}
static hone_tensor *mean_fused(hone_tape *t, hone_param **p)
{
    return hone_rows_mean(t, tokens_of(t, p[0]));
}
/* Rows of 3, 0, 5 and 1 tokens as a matrix of ones, then divided. */
static hone_tensor *mean_composed(hone_tape *t, hone_param **p)
{
    float member[N_ROWS * N_TOKENS] = {0};
    for (int r = 0; r < N_ROWS; r++) {
        for (int i = cu_seqlens[r]; i < cu_seqlens[r + 1]; i++)
            member[r * N_TOKENS + i] = 1.0f;
    }
    hone_tensor *sums = hone_matmul(t, hone_tape_floats(t, member, 2, (int64_t[]){N_ROWS, N_TOKENS}), tokens_of(t, p[0]));
    return hone_div(t, sums, hone_tape_floats(t, (float[]){3, 1, 5, 1}, 2, (int64_t[]){N_ROWS, 1}));
}
static hone_tensor *attention_fused(hone_tape *t, hone_param **p)
{
    return hone__attention_block(t, tokens_of(t, p[0]), p[1], p[2], 2, true, 0.5f, 0.3f, hone__site(HONE_PLACE_ATTENTION, 1));
}

static const pair pairs[] = {
    {.name = "ffn", .fused = ffn_fused, .composed = ffn_composed, .shapes = {{5, 4}, {8, 4}, {8}, {4, 8}, {4}}},
    {.name = "linear", .fused = linear_fused, .composed = linear_composed, .shapes = {{5, 4}, {4, 8}, {8}}, .in_major = true},
    {.name = "layer norm", .fused = norm_fused, .composed = norm_composed, .shapes = {{5, 8}, {8}, {8}}},
    {.name = "residual norm", .fused = residual_norm_fused, .composed = residual_norm_composed, .shapes = {{9, 8}, {9, 8}, {8}, {8}}},
    {.name = "residual", .fused = residual_fused, .composed = residual_composed, .shapes = {{9, 8}, {9, 8}}},
    {.name = "embed", .fused = embed_fused, .composed = embed_composed, .shapes = {{5, 4}, {2, 4}}},
    {.name = "cross entropy", .fused = cross_entropy_fused, .composed = cross_entropy_composed, .shapes = {{9, 3}}},
    {.name = "softmax", .fused = softmax_fused, .composed = softmax_composed, .shapes = {{3, 4}}},
    {.name = "rows mean", .fused = mean_fused, .composed = mean_composed, .shapes = {{9, 4}}},
    {.name = "attention", .fused = attention_fused, .shapes = {{9, 8}, {24, 8}, {24}}},
};

typedef struct outcome {
    float values[1024];
    double *grads;
    size_t n_values, n_grads;
} outcome;

static void run(outcome *o, const char *device, hone_dtype dtype, const pair *c, build_fn build)
{
    world w;
    world_open(&w, device, dtype);
    for (int k = 0; c->shapes[k][0]; k++)
        world_add(&w, c->shapes[k][0], c->shapes[k][1])->in_major = c->in_major && c->shapes[k][1] > 0;
    world_start(&w);
    hone_tensor *y = build(w.t, w.p);
    no_error(&w);
    o->n_values = (size_t)hone_tensor_count(y);
    OK(hone_tensor_read(y, o->values, 1024));
    OK(hone_tape_backward(w.t, hone_sum(w.t, hone_mul(w.t, y, fixed_like(w.t, y, 3)))));
    o->grads = new_grads(&w);
    o->n_grads = w.store->n_elements;
    copy_grads(&w, o->grads);
    world_close(&w);
}

static void compare(const char *name, const outcome *a, const outcome *b, double tolerance)
{
    assert_int_equal(a->n_values, b->n_values);
    for (size_t i = 0; i < a->n_values; i++) {
        double room = fmax(tolerance, 1.2e-7); /* values are read as floats */
        if (!(fabs((double)a->values[i] - (double)b->values[i]) <= room * (1.0 + fabs((double)a->values[i]))))
            fail_msg("%s: value %zu is %.9g and %.9g", name, i, (double)a->values[i], (double)b->values[i]);
    }
    for (size_t i = 0; i < a->n_grads; i++) {
        if (!(fabs(a->grads[i] - b->grads[i]) <= tolerance * (1.0 + fabs(a->grads[i]))))
            fail_msg("%s: gradient %zu is %.12g and %.12g", name, i, a->grads[i], b->grads[i]);
    }
}

static void test_compositions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        outcome fused, composed;
        if (!pairs[i].composed)
            continue;
        run(&fused, "ref", HONE_DTYPE_F64, &pairs[i], pairs[i].fused);
        run(&composed, "ref", HONE_DTYPE_F64, &pairs[i], pairs[i].composed);
        compare(pairs[i].name, &fused, &composed, 1e-12);
        free(fused.grads);
        free(composed.grads);
    }
}

static void test_fast_backend(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        outcome plain, fast;
        run(&plain, "ref", HONE_DTYPE_F64, &pairs[i], pairs[i].fused);
        run(&fast, "auto", HONE_DTYPE_F32, &pairs[i], pairs[i].fused);
        compare(pairs[i].name, &plain, &fast, 1e-5);
        free(plain.grads);
        free(fast.grads);
    }
}

/* Attention in plain loops: o[i] = sum over the row's j <= i of softmax(scale q_i k_j) v_j, head by head. */
static void plain_attention(double *o, const double *qkv, int c, int n_heads, double scale)
{
    int d = c / n_heads;
    for (int r = 0; r < N_ROWS; r++) {
        for (int i = cu_seqlens[r]; i < cu_seqlens[r + 1]; i++) {
            for (int h = 0; h < n_heads; h++) {
                double total = 0.0, *out = o + i * c + h * d;
                for (int k = 0; k < d; k++)
                    out[k] = 0.0;
                for (int j = cu_seqlens[r]; j <= i; j++) {
                    double s = 0.0;
                    for (int k = 0; k < d; k++)
                        s += qkv[i * 3 * c + h * d + k] * qkv[j * 3 * c + c + h * d + k];
                    double e = exp(scale * s);
                    total += e;
                    for (int k = 0; k < d; k++)
                        out[k] += e * qkv[j * 3 * c + 2 * c + h * d + k];
                }
                for (int k = 0; k < d; k++)
                    out[k] /= total;
            }
        }
    }
}

static void test_attention(void **state)
{
    (void)state;
    enum { C = 8, H = 2 };
    world w;
    double qkv[N_TOKENS * 3 * C], expected[N_TOKENS * C];
    float got[N_TOKENS * C];
    world_open(&w, "ref", HONE_DTYPE_F64);
    world_add(&w, N_TOKENS, C);
    world_add(&w, 3 * C, C);
    world_start(&w);
    const double *x = w.p[0]->tensor.data, *m = w.p[1]->tensor.data;
    for (int i = 0; i < N_TOKENS; i++) {
        for (int k = 0; k < 3 * C; k++) {
            qkv[i * 3 * C + k] = 0.0;
            for (int j = 0; j < C; j++)
                qkv[i * 3 * C + k] += x[i * C + j] * m[k * C + j];
        }
    }
    plain_attention(expected, qkv, C, H, 0.5);
    hone_tensor *o = hone__attention_block(w.t, tokens_of(w.t, w.p[0]), w.p[1], NULL, H, true, 0.5f, 0.0f, 0);
    no_error(&w);
    OK(hone_tensor_read(o, got, N_TOKENS * C));
    for (int i = 0; i < N_TOKENS * C; i++)
        assert_true(fabs((double)got[i] - expected[i]) <= 1e-7);
    world_close(&w);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(test_compositions), cmocka_unit_test(test_fast_backend),
                                          cmocka_unit_test(test_attention)};
TEST_MAIN(tests)
