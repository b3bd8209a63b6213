/* What happens to each element on its own: activations, dropout, unary and binary functions, conversion, random numbers.
 * A NaN goes through every function as torch lets it through. */
#include "tensor/random.h"
#include "tensor/ref/ref.h"

#define INV_SQRT_2     0.70710678118654752440
#define INV_SQRT_2PI   0.39894228040143267794
#define SQRT_2_OVER_PI 0.79788456080286535588
#define CUBIC          0.044715

/* GELU (Hendrycks & Gimpel 2016): x Phi(x), Phi by erfc so that the left tail keeps its digits; GELU_NEW: its tanh form, as GPT-2 has it. */
double hone__ref_act(hone_act act, double x)
{
    switch (act) {
    case HONE_ACT_NONE:
        return x;
    case HONE_ACT_GELU:
        return 0.5 * x * erfc(-x * INV_SQRT_2);
    case HONE_ACT_GELU_NEW:
        return 0.5 * x * (1.0 + tanh(SQRT_2_OVER_PI * (x + CUBIC * x * x * x)));
    case HONE_ACT_RELU:
        return x <= 0.0 ? 0.0 : x;
    case HONE_ACT_TANH:
        return tanh(x);
    case HONE_ACT_SIGMOID:
        return 1.0 / (1.0 + exp(-x));
    }
    return x;
}

/* act'(x) */
double hone__ref_act_slope(hone_act act, double x)
{
    double y = act == HONE_ACT_GELU_NEW ? tanh(SQRT_2_OVER_PI * (x + CUBIC * x * x * x)) : hone__ref_act(act, x);
    switch (act) {
    case HONE_ACT_NONE:
        return 1.0;
    case HONE_ACT_GELU:
        return 0.5 * erfc(-x * INV_SQRT_2) + x * INV_SQRT_2PI * exp(-0.5 * x * x);
    case HONE_ACT_GELU_NEW:
        return 0.5 * (1.0 + y) + 0.5 * x * (1.0 - y * y) * SQRT_2_OVER_PI * (1.0 + 3.0 * CUBIC * x * x);
    case HONE_ACT_RELU:
        return x <= 0.0 ? 0.0 : 1.0;
    case HONE_ACT_TANH:
        return 1.0 - y * y;
    case HONE_ACT_SIGMOID:
        return y * (1.0 - y);
    }
    return 1.0;
}

/* The decision: the word of the tile's draw against floor(p 2^32). */
static double drop_factor(const hone_drop *drop, uint32_t tile, uint32_t word, int64_t position, uint64_t ordinal)
{
    const uint32_t counter[4] = {tile, (uint32_t)position | drop->pass << 24, (uint32_t)ordinal, (uint32_t)(ordinal >> 32)};
    uint32_t draw[4];
    hone__philox4x32(draw, counter, hone__site_key(drop->seed, drop->site));
    return draw[word] >= hone__drop_threshold((double)drop->p) ? 1.0 / (1.0 - (double)drop->p) : 0.0;
}

double hone__ref_drop_hidden(const hone_drop *drop, int64_t i, int64_t c)
{
    if (!drop || drop->p == 0.0f)
        return 1.0;
    const hone_rows *rows = drop->rows;
    return drop_factor(drop, hone__drop_tile((uint32_t)c), hone__drop_word((uint32_t)c), rows->pos[i], rows->key[rows->row[i]]);
}

double hone__ref_drop_attention(const hone_drop *drop, int64_t r, int head, int64_t position, int64_t j)
{
    if (!drop || drop->p == 0.0f)
        return 1.0;
    uint32_t tile = hone__drop_tile((uint32_t)j) + ((uint32_t)head << 20);
    return drop_factor(drop, tile, hone__drop_word((uint32_t)j), position, drop->rows->key[r]);
}

static hone_status ref_act_forward(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_act act)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++)
        for (int64_t j = 0; j < y->cols; j++)
            set(y, i, j, hone__ref_act(act, get(x, i, j)));
    return HONE_OK;
}

static hone_status ref_act_backward(hone_backend *b, const hone_mat *dx, const hone_mat *dy, const hone_mat *x, hone_act act, float beta)
{
    (void)b;
    for (int64_t i = 0; i < dx->rows; i++)
        for (int64_t j = 0; j < dx->cols; j++)
            put(dx, i, j, get(dy, i, j) * hone__ref_act_slope(act, get(x, i, j)), beta);
    return HONE_OK;
}

static hone_status ref_dropout(hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_drop *drop, float beta)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++)
        for (int64_t j = 0; j < y->cols; j++)
            put(y, i, j, get(x, i, j) * hone__ref_drop_hidden(drop, i, j), beta);
    return HONE_OK;
}

static double unary(hone_unary what, double x, double a, double b)
{
    switch (what) {
    case HONE_UNARY_COPY:
        return x;
    case HONE_UNARY_NEG:
        return -x;
    case HONE_UNARY_SCALE:
        return a * x;
    case HONE_UNARY_ADD_SCALAR:
        return x + a;
    case HONE_UNARY_EXP:
        return exp(x);
    case HONE_UNARY_LOG:
        return log(x);
    case HONE_UNARY_SQRT:
        return sqrt(x);
    case HONE_UNARY_SQUARE:
        return x * x;
    case HONE_UNARY_ABS:
        return fabs(x);
    case HONE_UNARY_RECIPROCAL:
        return 1.0 / x;
    case HONE_UNARY_CLAMP:
        return x < a ? a : x > b ? b : x;
    case HONE_UNARY_TANH:
        return tanh(x);
    case HONE_UNARY_SIGMOID:
        return hone__ref_act(HONE_ACT_SIGMOID, x);
    case HONE_UNARY_RELU:
        return hone__ref_act(HONE_ACT_RELU, x);
    case HONE_UNARY_POW:
        return pow(x, a);
    case HONE_UNARY_NOT:
        return x == 0.0;
    }
    return x;
}

static hone_status ref_unary(hone_backend *b, const hone_mat *y, const hone_mat *x, hone_unary what, float p, float q)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++)
        for (int64_t j = 0; j < y->cols; j++)
            set(y, i, j, unary(what, get(x, i, j), (double)p, (double)q));
    return HONE_OK;
}

static double binary(hone_binary what, double x, double y)
{
    switch (what) {
    case HONE_BINARY_ADD:
        return x + y;
    case HONE_BINARY_SUB:
        return x - y;
    case HONE_BINARY_MUL:
        return x * y;
    case HONE_BINARY_DIV:
        return x / y;
    case HONE_BINARY_MAXIMUM:
        return x > y || x != x ? x : y;
    case HONE_BINARY_MINIMUM:
        return x < y || x != x ? x : y;
    case HONE_BINARY_EQ:
        return x == y;
    case HONE_BINARY_NE:
        return x != y;
    case HONE_BINARY_LT:
        return x < y;
    case HONE_BINARY_LE:
        return x <= y;
    case HONE_BINARY_GT:
        return x > y;
    case HONE_BINARY_GE:
        return x >= y;
    }
    return x;
}

static hone_status ref_binary(hone_backend *b, const hone_mat *z, const hone_mat *x, const hone_mat *y, hone_binary what,
                              hone_broadcast broadcast)
{
    (void)b;
    bool one_row = broadcast == HONE_BROADCAST_ROW || broadcast == HONE_BROADCAST_SCALAR;
    bool one_col = broadcast == HONE_BROADCAST_COL || broadcast == HONE_BROADCAST_SCALAR;
    for (int64_t i = 0; i < z->rows; i++)
        for (int64_t j = 0; j < z->cols; j++)
            set(z, i, j, binary(what, get(x, i, j), get(y, one_row ? 0 : i, one_col ? 0 : j)));
    return HONE_OK;
}

static hone_status ref_where(hone_backend *b, const hone_mat *z, const hone_mat *condition, const hone_mat *x, const hone_mat *y)
{
    (void)b;
    for (int64_t i = 0; i < z->rows; i++)
        for (int64_t j = 0; j < z->cols; j++)
            set(z, i, j, get(get(condition, i, j) != 0.0 ? x : y, i, j));
    return HONE_OK;
}

static hone_status ref_is_in(hone_backend *b, const hone_mat *y, const int32_t *ids, const int32_t *set_of, int64_t n_set)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++) {
        bool found = false;
        for (int64_t k = 0; k < n_set; k++)
            found = found || set_of[k] == ids[i];
        set(y, i, 0, found);
    }
    return HONE_OK;
}

static hone_status ref_axpy(hone_backend *b, const hone_mat *y, const hone_mat *x, float alpha)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++)
        for (int64_t j = 0; j < y->cols; j++)
            put(y, i, j, (double)alpha * get(x, i, j), 1.0f);
    return HONE_OK;
}

static hone_status ref_convert(hone_backend *b, const hone_mat *y, const hone_mat *x)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++)
        for (int64_t j = 0; j < y->cols; j++)
            set(y, i, j, get(x, i, j));
    return HONE_OK;
}

static hone_status ref_random(hone_backend *b, const hone_mat *y, hone_random what, float p, float q, uint64_t key)
{
    (void)b;
    for (int64_t i = 0; i < y->rows * y->cols; i++) {
        uint32_t word[4];
        double normal[4];
        hone__random_words(word, (uint64_t)i / 4, key);
        hone__random_normal4(normal, word);
        double x = what == HONE_RANDOM_NORMAL ? hone__random_scaled(p, q, normal[i % 4]) : hone__random_between(p, q, word[i % 4]);
        set(y, i / y->cols, i % y->cols, x);
    }
    return HONE_OK;
}

void hone__ref_elementwise(hone_backend_ops *ops)
{
    ops->act_forward = ref_act_forward;
    ops->act_backward = ref_act_backward;
    ops->dropout = ref_dropout;
    ops->unary = ref_unary;
    ops->binary = ref_binary;
    ops->where = ref_where;
    ops->is_in = ref_is_in;
    ops->axpy = ref_axpy;
    ops->convert = ref_convert;
    ops->random = ref_random;
}
