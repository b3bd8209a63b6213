/* Every differentiable op against central differences, in F64 on `ref`: truncation and rounding leave 1e-8 of the gradient's size with steps of 1e-5, the tolerance
 * is 1e-6. Each case runs with its inputs used once (gradients written), used elsewhere too (added), twice over (accumulated in the parameters), and with every tensor
 * that no record declares as saved filled with NaN before backward. A new op without a case does not compile (HONE_OP_MAP). */
#include "unit/nn/helpers.h"

#define STEP      1e-5
#define TOLERANCE 1e-6

typedef hone_tensor *(*build_fn)(hone_tape *t, hone_param **p);
typedef struct op_case {
    const char *name;
    build_fn build;
    int64_t shapes[10][2]; /* of the parameters, ends with 0; the second dimension 0: a vector */
    bool in_major;         /* for those that are matrices, all of them */
    bool positive;         /* values of the parameters are made positive */
    bool final;            /* y is the loss */
} op_case;

/* ---- elementwise ---- */
#define BINARY(op)                                               \
    static hone_tensor *op##_same(hone_tape *t, hone_param **p)  \
    {                                                            \
        return hone_##op(t, step_of(t, p[0]), step_of(t, p[1])); \
    }                                                            \
    static hone_tensor *op##_twice(hone_tape *t, hone_param **p) \
    {                                                            \
        hone_tensor *x = step_of(t, p[0]);                       \
        return hone_##op(t, x, x);                               \
    }
BINARY(add)
BINARY(sub)
BINARY(mul)
BINARY(div)
BINARY(maximum)
BINARY(minimum)

#define UNARY(op, call)                                         \
    static hone_tensor *op##_case(hone_tape *t, hone_param **p) \
    {                                                           \
        hone_tensor *x = step_of(t, p[0]);                      \
        return call;                                            \
    }
UNARY(scale, hone_scale(t, x, -1.5f))
UNARY(add_scalar, hone_add_scalar(t, x, 0.75f))
UNARY(neg, hone_neg(t, x))
UNARY(exp, hone_exp(t, x))
UNARY(log, hone_log(t, x))
UNARY(sqrt, hone_sqrt(t, x))
UNARY(square, hone_square(t, x))
UNARY(abs, hone_abs(t, x))
UNARY(pow, hone_pow(t, x, 2.5f))
UNARY(clamp, hone_clamp(t, x, -0.5f, 0.25f))
UNARY(tanh, hone_tanh(t, x))
UNARY(sigmoid, hone_sigmoid(t, x))
UNARY(relu, hone_relu(t, x))
UNARY(gelu, hone__act(t, x, HONE_ACT_GELU))
UNARY(gelu_new, hone__act(t, x, HONE_ACT_GELU_NEW))
UNARY(sum, hone_sum(t, x))
UNARY(mean, hone_mean(t, x))
UNARY(log_softmax, hone_log_softmax(t, x))
UNARY(softmax, hone_softmax(t, x))

static hone_tensor *column_of_vector(hone_tape *t, hone_param **p)
{
    return hone_mul(t, tokens_of(t, p[0]), hone_gather(t, tokens_of(t, p[1]), hone_tape_ints(t, (int32_t[9]){0}, 1, (int64_t[]){9})));
}

static hone_tensor *where_case(hone_tape *t, hone_param **p)
{
    hone_tensor *x = step_of(t, p[0]);
    return hone_where(t, hone_greater(t, x, fixed_like(t, x, 1)), x, step_of(t, p[1]));
}

/* ---- sums by row, indexing, products ---- */
static hone_tensor *rows_sum_case(hone_tape *t, hone_param **p)
{
    return hone_rows_sum(t, tokens_of(t, p[0]));
}
static hone_tensor *rows_mean_case(hone_tape *t, hone_param **p)
{
    return hone_rows_mean(t, tokens_of(t, p[0]));
}
static hone_tensor *matmul_case(hone_tape *t, hone_param **p)
{
    return hone_matmul(t, step_of(t, p[0]), step_of(t, p[1]));
}
static const int32_t picks[] = {2, 0, -100, 1, 1, 2, 0, -1, 2};
static hone_tensor *gather_case(hone_tape *t, hone_param **p)
{
    return hone_gather(t, step_of(t, p[0]), hone_tape_ints(t, picks, 1, (int64_t[]){9}));
}
static hone_tensor *rows_of_vector(hone_tape *t, hone_param **p)
{
    return hone_rows_mean(t, hone_gather(t, tokens_of(t, p[0]), hone_tape_ints(t, picks, 1, (int64_t[]){9})));
}
static hone_tensor *index_select_case(hone_tape *t, hone_param **p)
{
    return hone_index_select(t, step_of(t, p[0]), hone_tape_ints(t, (int32_t[]){4, 0, 4, 8}, 1, (int64_t[]){4}));
}
static hone_tensor *index_select_vector(hone_tape *t, hone_param **p)
{
    return hone_index_select(t, step_of(t, p[0]), hone_tape_ints(t, (int32_t[]){4, 0, 4}, 1, (int64_t[]){3}));
}
static const int32_t some_tokens[] = {1, 3, 4, 7, 8};
static hone_tensor *gather_tokens_case(hone_tape *t, hone_param **p)
{
    return hone__dropout(t, hone__tape_gather_tokens(t, tokens_of(t, p[0]), some_tokens, 5), 0.3f, 11);
}
static hone_tensor *rows_matrix_case(hone_tape *t, hone_param **p)
{
    return hone__rows_matrix(t, tokens_of(t, p[0]), 1, 2.0f);
}
static hone_tensor *view_case(hone_tape *t, hone_param **p)
{
    hone_tensor *x = step_of(t, p[0]);
    return hone_add(t, hone_square(t, hone__tape_view(t, x, 1, 2)), hone__tape_view(t, hone__tape_view(t, x, 1, 4), 2, 2));
}
static hone_tensor *cross_entropy_case(hone_tape *t, hone_param **p)
{
    return hone_cross_entropy(t, step_of(t, p[0]), hone_tape_ints(t, picks, 1, (int64_t[]){9}), NULL, 0.0f);
}
static const float class_weights[] = {0.5f, 2.0f, 1.25f};
static hone_tensor *cross_entropy_weighted(hone_tape *t, hone_param **p)
{
    return hone_cross_entropy(t, step_of(t, p[0]), hone_tape_ints(t, picks, 1, (int64_t[]){9}),
                              hone_tape_floats(t, class_weights, 1, (int64_t[]){3}), 0.0f);
}
static hone_tensor *cross_entropy_smooth(hone_tape *t, hone_param **p)
{
    return hone__cross_entropy_sum(t, step_of(t, p[0]), hone_tape_ints(t, picks, 1, (int64_t[]){9}), NULL, 0.1f);
}
static hone_tensor *cross_entropy_both(hone_tape *t, hone_param **p)
{
    return hone_cross_entropy(t, step_of(t, p[0]), hone_tape_ints(t, picks, 1, (int64_t[]){9}),
                              hone_tape_floats(t, class_weights, 1, (int64_t[]){3}), 0.1f);
}

/* ---- parts of transformers ---- */
static hone_tensor *linear_case(hone_tape *t, hone_param **p)
{
    return hone__linear(t, step_of(t, p[0]), p[1], p[2], HONE_ACT_NONE, 0);
}
static hone_tensor *linear_tanh(hone_tape *t, hone_param **p)
{
    return hone__linear(t, step_of(t, p[0]), p[1], NULL, HONE_ACT_TANH, 0);
}
static hone_tensor *linear_gelu(hone_tape *t, hone_param **p)
{
    return hone__linear(t, step_of(t, p[0]), p[1], p[2], HONE_ACT_GELU, 0);
}
static hone_tensor *ffn_case(hone_tape *t, hone_param **p)
{
    return hone__ffn(t, step_of(t, p[0]), p[1], p[2], HONE_ACT_GELU_NEW, p[3], p[4], 0);
}
static hone_tensor *ffn_none(hone_tape *t, hone_param **p)
{
    return hone__ffn(t, step_of(t, p[0]), p[1], NULL, HONE_ACT_NONE, p[2], NULL, 0);
}
static hone_tensor *attention_block_case(hone_tape *t, hone_param **p)
{
    return hone__attention_block(t, tokens_of(t, p[0]), p[1], p[2], 2, true, 0.7f, 0.0f, 3);
}
static hone_tensor *attention_drop(hone_tape *t, hone_param **p)
{
    return hone__attention_block(t, tokens_of(t, p[0]), p[1], NULL, 1, false, 0.7f, 0.4f, 3);
}
static hone_tensor *layer_norm_case(hone_tape *t, hone_param **p)
{
    return hone__layer_norm(t, step_of(t, p[0]), p[1], p[2], 1e-5f, 0);
}
static hone_tensor *residual_norm_case(hone_tape *t, hone_param **p)
{
    hone_tensor *sum, *y = hone__residual_norm(t, &sum, tokens_of(t, p[0]), tokens_of(t, p[1]), p[2], p[3], 1e-5f, 0.25f, 4);
    return hone_add(t, y, sum);
}
static hone_tensor *residual_norm_alone(hone_tape *t, hone_param **p)
{
    return hone__residual_norm(t, NULL, step_of(t, p[0]), step_of(t, p[1]), p[2], p[3], 1e-5f, 0.0f, 4);
}
static hone_tensor *residual_norm_sum_only(hone_tape *t, hone_param **p)
{
    hone_tensor *sum;
    (void)hone__residual_norm(t, &sum, tokens_of(t, p[0]), tokens_of(t, p[1]), p[2], p[3], 1e-5f, 0.25f, 4);
    return hone_square(t, sum);
}
static hone_tensor *residual_norm_itself(hone_tape *t, hone_param **p)
{
    hone_tensor *x = step_of(t, p[0]);
    return hone__residual_norm(t, NULL, x, x, p[1], p[2], 1e-5f, 0.0f, 4);
}
static hone_tensor *residual_case(hone_tape *t, hone_param **p)
{
    return hone_square(t, hone__residual(t, tokens_of(t, p[0]), tokens_of(t, p[1]), 0.25f, 4));
}
static hone_tensor *residual_kept(hone_tape *t, hone_param **p)
{
    hone_tensor *f = step_of(t, p[1]), *g = hone_square(t, f); /* f is read again in backward */
    return hone_mul(t, g, hone__residual(t, step_of(t, p[0]), f, 0.0f, 4));
}
static const int32_t some_ids[] = {1, 0, 4, 4, 2, 1, 4, 0, 3}, types[] = {0, 0, 1, 1, 0, 1, 0, 1, 1};
static hone_tensor *embed_case(hone_tape *t, hone_param **p)
{
    hone_param *tables[] = {p[0], p[1], p[0]};
    const int32_t *ids[] = {some_ids, types, types};
    return hone__embed(t, 3, tables, ids, NULL, hone__tape_rows(t, &batch), 0.2f, 1);
}
static hone_tensor *dropout_case(hone_tape *t, hone_param **p)
{
    return hone__dropout(t, tokens_of(t, p[0]), 0.3f, 8);
}
static const int32_t words[] = {3, -100, 0, 6, 6, 2, -100, 1, 5};
static const float word_weights[] = {1.0f, 1.0f, 0.5f, 2.0f, 0.0f, 1.5f, 3.0f, 0.25f, 1.0f};
static hone_tensor *vocab_nll_case(hone_tape *t, hone_param **p)
{
    return hone__vocab_nll(t, step_of(t, p[0]), p[1], p[2], words, 0.1f);
}
static hone_tensor *vocab_nll_plain(hone_tape *t, hone_param **p)
{
    return hone__vocab_nll(t, step_of(t, p[0]), p[1], NULL, words, 0.0f);
}
static hone_tensor *vocab_loss_case(hone_tape *t, hone_param **p)
{
    return hone__vocab_loss(t, step_of(t, p[0]), p[1], p[2], words, word_weights, 0.1f);
}
static hone_tensor *vocab_loss_plain(hone_tape *t, hone_param **p)
{
    hone_tensor *x = step_of(t, p[0]), *loss = hone__vocab_loss(t, x, p[1], NULL, words, NULL, 0.0f);
    return hone_add(t, hone_sum(t, hone_square(t, x)), loss);
}

static hone_tensor *block(hone_tape *t, const void *self, int l, hone_tensor *x, const hone_rows *rows)
{
    hone_param *const *p = self;
    (void)rows;
    hone_tensor *a = hone__linear(t, hone__dropout(t, x, 0.2f, hone__site(HONE_PLACE_FFN, l)), p[1], p[2], HONE_ACT_GELU, 0);
    return hone__residual_norm(t, NULL, x, a, p[3], p[4], 1e-5f, 0.1f, hone__site(HONE_PLACE_FFN_OUTPUT, l));
}
static hone_tensor *layer_case(hone_tape *t, hone_param **p)
{
    hone_tensor *x = tokens_of(t, p[0]);
    hone__tape_set_recompute(t, true);
    for (int l = 0; l < 2; l++)
        x = hone__tape_layer(t, block, p, l, x, hone__tape_rows(t, &batch));
    hone__tape_set_recompute(t, false);
    return x;
}

static const op_case cases[] = {
    {.name = "add", .build = add_same, .shapes = {{3, 4}, {3, 4}}},
    {.name = "add", .build = add_same, .shapes = {{3, 4}, {4}}},
    {.name = "add", .build = add_same, .shapes = {{3, 4}, {3, 1}}},
    {.name = "add", .build = add_same, .shapes = {{3, 4}, {1}}},
    {.name = "add", .build = add_same, .shapes = {{1}, {3, 4}}},
    {.name = "add", .build = add_twice, .shapes = {{5}}},
    {.name = "add", .build = add_same, .shapes = {{7}, {7}}},
    {.name = "sub", .build = sub_same, .shapes = {{3, 4}, {3, 4}}},
    {.name = "sub", .build = sub_same, .shapes = {{3, 4}, {4}}},
    {.name = "sub", .build = sub_same, .shapes = {{3, 4}, {3}}},
    {.name = "sub", .build = sub_same, .shapes = {{3, 4}, {1}}},
    {.name = "sub", .build = sub_twice, .shapes = {{5}}},
    {.name = "mul", .build = mul_same, .shapes = {{3, 4}, {3, 4}}},
    {.name = "mul", .build = mul_same, .shapes = {{3, 4}, {4}}},
    {.name = "mul", .build = mul_same, .shapes = {{3, 4}, {3, 1}}},
    {.name = "mul", .build = mul_same, .shapes = {{3, 4}, {1}}},
    {.name = "mul", .build = mul_twice, .shapes = {{5}}},
    {.name = "mul", .build = column_of_vector, .shapes = {{9, 9}, {9, 9}}},
    {.name = "div", .build = div_same, .shapes = {{3, 4}, {3, 4}}},
    {.name = "div", .build = div_same, .shapes = {{3, 4}, {4}}},
    {.name = "div", .build = div_same, .shapes = {{3, 4}, {3, 1}}},
    {.name = "div", .build = div_same, .shapes = {{3, 4}, {1}}},
    {.name = "div", .build = div_twice, .shapes = {{5}}},
    {.name = "maximum", .build = maximum_same, .shapes = {{3, 4}, {3, 4}}},
    {.name = "maximum", .build = maximum_same, .shapes = {{3, 4}, {4}}},
    {.name = "maximum", .build = maximum_same, .shapes = {{3, 4}, {1}}},
    {.name = "maximum", .build = maximum_twice, .shapes = {{5}}},
    {.name = "minimum", .build = minimum_same, .shapes = {{3, 4}, {3, 4}}},
    {.name = "minimum", .build = minimum_same, .shapes = {{3, 4}, {3, 1}}},
    {.name = "minimum", .build = minimum_twice, .shapes = {{5}}},
    {.name = "scale", .build = scale_case, .shapes = {{3, 4}}},
    {.name = "add_scalar", .build = add_scalar_case, .shapes = {{3, 4}}},
    {.name = "neg", .build = neg_case, .shapes = {{3, 4}}},
    {.name = "exp", .build = exp_case, .shapes = {{3, 4}}},
    {.name = "log", .build = log_case, .shapes = {{3, 4}}, .positive = true},
    {.name = "sqrt", .build = sqrt_case, .shapes = {{3, 4}}, .positive = true},
    {.name = "square", .build = square_case, .shapes = {{3, 4}}},
    {.name = "abs", .build = abs_case, .shapes = {{3, 4}}},
    {.name = "pow", .build = pow_case, .shapes = {{3, 4}}, .positive = true},
    {.name = "clamp", .build = clamp_case, .shapes = {{3, 4}}},
    {.name = "act", .build = tanh_case, .shapes = {{3, 4}}},
    {.name = "act", .build = sigmoid_case, .shapes = {{3, 4}}},
    {.name = "act", .build = relu_case, .shapes = {{3, 4}}},
    {.name = "act", .build = gelu_case, .shapes = {{3, 4}}},
    {.name = "act", .build = gelu_new_case, .shapes = {{3, 4}}},
    {.name = "where", .build = where_case, .shapes = {{3, 4}, {3, 4}}},
    {.name = "sum", .build = sum_case, .shapes = {{3, 4}}},
    {.name = "mean", .build = mean_case, .shapes = {{3, 4}}},
    {.name = "rows_sum", .build = rows_sum_case, .shapes = {{9, 3}}},
    {.name = "rows_mean", .build = rows_mean_case, .shapes = {{9, 3}}},
    {.name = "rows_mean", .build = rows_of_vector, .shapes = {{9, 3}}},
    {.name = "matmul", .build = matmul_case, .shapes = {{3, 4}, {4, 2}}},
    {.name = "log_softmax", .build = log_softmax_case, .shapes = {{3, 4}}},
    {.name = "log_softmax", .build = softmax_case, .shapes = {{3, 4}}},
    {.name = "gather", .build = gather_case, .shapes = {{9, 3}}},
    {.name = "index_select", .build = index_select_case, .shapes = {{9, 3}}},
    {.name = "index_select", .build = index_select_vector, .shapes = {{9}}},
    {.name = "gather_tokens", .build = gather_tokens_case, .shapes = {{9, 3}}},
    {.name = "rows_matrix", .build = rows_matrix_case, .shapes = {{9, 3}}},
    {.name = "scale", .build = view_case, .shapes = {{3, 5}}},
    {.name = "cross_entropy", .build = cross_entropy_case, .shapes = {{9, 3}}},
    {.name = "cross_entropy", .build = cross_entropy_weighted, .shapes = {{9, 3}}},
    {.name = "cross_entropy", .build = cross_entropy_smooth, .shapes = {{9, 3}}},
    {.name = "cross_entropy", .build = cross_entropy_both, .shapes = {{9, 3}}},
    {.name = "linear", .build = linear_case, .shapes = {{5, 3}, {4, 3}, {4}}},
    {.name = "linear", .build = linear_case, .shapes = {{5, 3}, {3, 4}, {4}}, .in_major = true},
    {.name = "linear", .build = linear_tanh, .shapes = {{5, 3}, {4, 3}}},
    {.name = "linear", .build = linear_gelu, .shapes = {{5, 3}, {4, 3}, {4}}},
    {.name = "ffn", .build = ffn_case, .shapes = {{5, 3}, {6, 3}, {6}, {3, 6}, {3}}},
    {.name = "ffn", .build = ffn_case, .shapes = {{5, 3}, {3, 6}, {6}, {6, 3}, {3}}, .in_major = true},
    {.name = "ffn", .build = ffn_none, .shapes = {{5, 3}, {6, 3}, {3, 6}}},
    {.name = "attention_block", .build = attention_block_case, .shapes = {{9, 4}, {12, 4}, {12}}},
    {.name = "attention_block", .build = attention_drop, .shapes = {{9, 4}, {4, 12}}, .in_major = true},
    {.name = "layer_norm", .build = layer_norm_case, .shapes = {{5, 6}, {6}, {6}}},
    {.name = "residual_norm", .build = residual_norm_case, .shapes = {{9, 6}, {9, 6}, {6}, {6}}},
    {.name = "residual_norm", .build = residual_norm_alone, .shapes = {{5, 6}, {5, 6}, {6}, {6}}},
    {.name = "residual_norm", .build = residual_norm_sum_only, .shapes = {{9, 6}, {9, 6}, {6}, {6}}},
    {.name = "residual_norm", .build = residual_norm_itself, .shapes = {{5, 6}, {6}, {6}}},
    {.name = "residual", .build = residual_case, .shapes = {{9, 6}, {9, 6}}},
    {.name = "residual", .build = residual_kept, .shapes = {{5, 6}, {5, 6}}},
    {.name = "embed", .build = embed_case, .shapes = {{5, 3}, {2, 3}}},
    {.name = "dropout", .build = dropout_case, .shapes = {{9, 5}}},
    {.name = "vocab_nll", .build = vocab_nll_case, .shapes = {{9, 4}, {7, 4}, {7}}},
    {.name = "vocab_nll", .build = vocab_nll_plain, .shapes = {{9, 4}, {7, 4}}},
    {.name = "vocab_nll", .build = vocab_nll_case, .shapes = {{9, 4}, {4, 7}, {7}}, .in_major = true},
    {.name = "vocab_loss", .build = vocab_loss_case, .shapes = {{9, 4}, {7, 4}, {7}}, .final = true},
    {.name = "vocab_loss", .build = vocab_loss_plain, .shapes = {{9, 4}, {7, 4}}, .final = true},
    {.name = "vocab_loss", .build = vocab_loss_case, .shapes = {{9, 4}, {4, 7}, {7}}, .in_major = true, .final = true},
    {.name = "layer", .build = layer_case, .shapes = {{9, 5}, {5, 5}, {5}, {5}, {5}}},
};

static void open_case(world *w, const op_case *c)
{
    world_open(w, "ref", HONE_DTYPE_F64);
    for (int k = 0; c->shapes[k][0]; k++)
        world_add(w, c->shapes[k][0], c->shapes[k][1])->in_major = c->in_major && c->shapes[k][1] > 0;
    world_start(w);
    for (int k = 0; k < w->n && c->positive; k++) {
        for (size_t i = 0; i < w->p[k]->count; i++)
            ((double *)w->p[k]->tensor.data)[i] = fabs(((double *)w->p[k]->tensor.data)[i]);
    }
}

/* sum(y o constants), so that every element has a gradient of its own; busy: and each parameter is used after the op as well, so that gradients are there already. */
static hone_tensor *loss_of(world *w, const op_case *c)
{
    hone_tensor *y = c->build(w->t, w->p);
    return c->final || !y ? y : hone_sum(w->t, hone_mul(w->t, y, fixed_like(w->t, y, 77)));
}

static double evaluate(world *w, const op_case *c)
{
    double value;
    hone_tape_set_recording(w->t, false);
    hone_tensor *loss = loss_of(w, c);
    no_error(w);
    OK(hone_tensor_item(loss, &value));
    hone_tape_reset(w->t);
    hone_tape_set_recording(w->t, true);
    return value;
}

static void gradients(world *w, const op_case *c, double *out)
{
    hone_tensor *loss = loss_of(w, c);
    no_error(w);
    OK(hone_tape_backward(w->t, loss));
    if (out)
        copy_grads(w, out);
    hone_tape_reset(w->t);
}

static void check_differences(world *w, const op_case *c, const double *grads, int index)
{
    for (int k = 0; k < w->n; k++) {
        double *values = w->p[k]->tensor.data;
        for (size_t i = 0; i < w->p[k]->count; i++) {
            double keep = values[i];
            values[i] = keep + STEP;
            double above = evaluate(w, c);
            values[i] = keep - STEP;
            double below = evaluate(w, c);
            values[i] = keep;
            double expected = (above - below) / (2 * STEP), got = grads[w->p[k]->offset + i];
            if (!(fabs(expected - got) <= TOLERANCE * (1.0 + fabs(expected))))
                fail_msg("case %d (%s), p%d[%zu]: gradient %.9g, differences %.9g", index, c->name, k, i, got, expected);
        }
    }
}

static void test_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world w;
        open_case(&w, &cases[i]);
        double *grads = new_grads(&w);
        gradients(&w, &cases[i], grads);
        check_differences(&w, &cases[i], grads, (int)i);
        free(grads);
        world_close(&w);
    }
}

/* A second backward adds: beta 1 everywhere in the parameters. */
static void test_accumulates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world w;
        open_case(&w, &cases[i]);
        double *once = new_grads(&w), *twice = new_grads(&w);
        gradients(&w, &cases[i], once);
        gradients(&w, &cases[i], twice);
        for (size_t k = 0; k < w.store->n_elements; k++) {
            if (!(fabs(twice[k] - 2 * once[k]) <= 1e-12 * (1.0 + fabs(once[k]))))
                fail_msg("case %zu (%s): element %zu is %.17g once and %.17g twice", i, cases[i].name, k, once[k], twice[k]);
        }
        free(once);
        free(twice);
        world_close(&w);
    }
}

/* Inputs with a gradient already: another user of x, later on the tape, wrote first. x must get the sum. */
static hone_tensor *busy_builds(world *w, const op_case *c, hone_tensor *leaf)
{
    hone_tape *t = w->t;
    hone_param *p = w->p[0];
    const int32_t *ids = iota;
    hone_tensor *x = hone__embed(t, 1, &p, &ids, NULL, hone__tape_rows(t, &batch), 0.0f, 0), *y = NULL;
    (void)c, (void)leaf;
    y = hone__layer_norm(t, x, w->p[1], w->p[2], 1e-5f, 0);
    y = hone_add(t, y, hone__act(t, x, HONE_ACT_GELU));
    y = hone_add(t, y, hone_mul(t, x, x));
    y = hone_add(t, y, hone__linear(t, x, w->p[3], NULL, HONE_ACT_TANH, 0));
    y = hone_add(t, y, hone__ffn(t, x, w->p[3], NULL, HONE_ACT_RELU, w->p[3], NULL, 0));
    y = hone_add(t, y, hone__attention_block(t, x, w->p[4], NULL, 1, false, 1.0f, 0.0f, 2));
    y = hone_add(t, y, hone__dropout(t, x, 0.5f, 9));
    y = hone_add(t, y, hone_log_softmax(t, x));
    y = hone_add(t, y, hone_exp(t, x));
    y = hone_add(t, y, hone_abs(t, x));
    y = hone_add(t, y, hone_clamp(t, x, -0.5f, 0.5f));
    y = hone_add(t, y, hone_div(t, x, hone_add_scalar(t, hone_square(t, x), 1.0f)));
    y = hone_add(t, y, hone_maximum(t, x, fixed_like(t, x, 4)));
    y = hone_add(t, y, hone_where(t, hone_less(t, x, fixed_like(t, x, 5)), x, hone_neg(t, x)));
    y = hone_add(t, y, hone__residual_norm(t, NULL, x, hone_tanh(t, x), w->p[1], w->p[2], 1e-5f, 0.0f, 0));
    y = hone_add(t, y, hone_matmul(t, x, step_of(t, w->p[3])));
    y = hone_add(t, y, hone_mean(t, x));
    hone_tensor *loss = hone_sum(t, hone_mul(t, y, fixed_like(t, y, 6)));
    loss = hone_add(t, loss, hone_sum(t, hone_square(t, hone_rows_mean(t, x))));
    loss = hone_add(t, loss, hone_sum(t, hone_square(t, hone__tape_gather_tokens(t, x, some_tokens, 5))));
    loss = hone_add(t, loss, hone_sum(t, hone_square(t, hone__rows_matrix(t, x, 2, 0.0f))));
    loss = hone_add(t, loss, hone_sum(t, hone_square(t, hone_gather(t, x, hone_tape_ints(t, picks, 1, (int64_t[]){9})))));
    loss = hone_add(t, loss, hone_cross_entropy(t, x, hone_tape_ints(t, picks, 1, (int64_t[]){9}), NULL, 0.0f));
    loss = hone_add(t, loss, hone_sum(t, hone__vocab_nll(t, x, w->p[3], NULL, picks, 0.0f)));
    loss = hone_add(t, loss, hone_sum(t, hone_square(t, hone__tape_view(t, x, 1, 2))));
    return hone_add(t, loss, hone__vocab_loss(t, x, w->p[3], NULL, picks, NULL, 0.0f));
}

static hone_tensor *busy(hone_tape *t, hone_param **p)
{
    world w = {.t = t};
    memcpy(w.p, p, 5 * sizeof(p[0]));
    return busy_builds(&w, NULL, NULL);
}

static void test_one_input_many_ops(void **state)
{
    (void)state;
    op_case c = {.name = "many ops", .build = busy, .shapes = {{9, 4}, {4}, {4}, {4, 4}, {12, 4}}, .final = true};
    world w;
    open_case(&w, &c);
    double *grads = new_grads(&w);
    gradients(&w, &c, grads);
    check_differences(&w, &c, grads, -1);
    free(grads);
    world_close(&w);
}

static void test_poison(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world w;
        open_case(&w, &cases[i]);
        double *plain = new_grads(&w), *poisoned = new_grads(&w);
        gradients(&w, &cases[i], plain);
        hone__params_zero_grad(w.store);
        hone__tape_set_poison(w.t, true);
        gradients(&w, &cases[i], poisoned);
        if (memcmp(plain, poisoned, w.store->n_elements * sizeof(double)) != 0)
            fail_msg("case %zu (%s): backward reads a tensor that the op does not declare as saved", i, cases[i].name);
        free(plain);
        free(poisoned);
        world_close(&w);
    }
}

static void test_every_op_has_a_case(void **state)
{
    (void)state;
    static const char *const names[] = {
#define X(name) #name,
        HONE_OP_MAP(X)
#undef X
    };
    for (size_t i = 0; i < hone__op_table_count; i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
            found = found || strcmp(cases[k].name, names[i]) == 0;
        if (!found)
            fail_msg("the op %s has no case", names[i]);
        assert_non_null(hone__op_table[i]->backward);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_op_has_a_case), cmocka_unit_test(test_differences), cmocka_unit_test(test_accumulates),
    cmocka_unit_test(test_one_input_many_ops),  cmocka_unit_test(test_poison),
};
TEST_MAIN(tests)
