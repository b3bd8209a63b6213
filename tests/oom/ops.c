/* Each op of the tape, forward and backward, with every allocation failing in turn: NULL and the tape's error, and after a reset the same values and gradients as if nothing had been.
 *
 * A tape takes memory in blocks, so that most ops ask for none. Here its blocks are filled before the op but for 0, 1, 2, … units of 64 bytes, which is what a tensor of these shapes or the attributes of a
 * record take: each step of an op is once the one that needs a new block. */
#include "oom/again.h"

#include "nn/op.h"

#include <hone/model.h>
#include <hone/ops.h>

enum { N = 5, C = 3, MOST_ROOM = 32, HOST_BLOCK = 64 << 10 };

static hone_device *device;
static hone_model *model; /* a GPT-2 for the losses of its head */
static const int32_t ids[N] = {1, 2, 3, 4, 5}, labels[N] = {1, -100, 2, 0, 1}, starts[] = {0, 3, 5};
static const float weights[N] = {0.5f, 0.25f, 0.0f, 1.0f, 0.0f};
static const hone_batch batch = {.n_tokens = N, .n_rows = 2, .longest = 3, .cu_seqlens = starts, .input_ids = ids, .labels = labels};

/* (N, C), (C), (N, C) of zeros and ones, (C, N); (N) per token; (N) I32 classes, (2) I32; the batch's ids and labels; what the model makes of the batch */
typedef struct operands {
    hone_tensor *x, *y, *row, *mask, *wide, *token, *classes, *pick, *ids, *labels;
    hone_output out;
} operands;

typedef struct op_case {
    const char *name;
    hone_tensor *(*call)(hone_tape *t, operands *o);
    bool with_model, constant; /* constant: without gradient */
} op_case;

/* A mean weighted by class, and one that smoothes too, which is composed of other ops. */
static hone_tensor *do_weighted(hone_tape *t, operands *o)
{
    return hone_cross_entropy(t, o->x, o->labels, o->row, 0.0f);
}

static hone_tensor *do_composed(hone_tape *t, operands *o)
{
    return hone_cross_entropy(t, o->x, o->labels, o->row, 0.1f);
}

#define OP(name, call)                                       \
    static hone_tensor *do_##name(hone_tape *t, operands *o) \
    {                                                        \
        (void)o;                                             \
        return call;                                         \
    }
/* clang-format off */
OP(add, hone_add(t, o->x, o->row)) OP(sub, hone_sub(t, o->x, o->row)) OP(mul, hone_mul(t, o->x, o->row)) OP(div, hone_div(t, o->x, o->y))
OP(maximum, hone_maximum(t, o->x, o->row)) OP(minimum, hone_minimum(t, o->x, o->y)) OP(scale, hone_scale(t, o->x, 2.0f))
OP(add_scalar, hone_add_scalar(t, o->x, 2.0f)) OP(neg, hone_neg(t, o->x)) OP(exp, hone_exp(t, o->x)) OP(log, hone_log(t, o->x))
OP(sqrt, hone_sqrt(t, o->x)) OP(square, hone_square(t, o->x)) OP(abs, hone_abs(t, o->x)) OP(pow, hone_pow(t, o->x, 3.0f))
OP(clamp, hone_clamp(t, o->x, 0.5f, 1.0f)) OP(tanh, hone_tanh(t, o->x)) OP(sigmoid, hone_sigmoid(t, o->x)) OP(relu, hone_relu(t, o->x))
OP(equal, hone_equal(t, o->ids, o->labels)) OP(less, hone_less(t, o->x, o->y)) OP(greater, hone_greater(t, o->x, o->y))
OP(logical_not, hone_logical_not(t, o->ids)) OP(is_in, hone_is_in(t, o->ids, o->pick)) OP(where, hone_where(t, o->mask, o->x, o->y))
OP(sum, hone_sum(t, o->x)) OP(mean, hone_mean(t, o->x)) OP(rows_sum, hone_rows_sum(t, o->token))
OP(rows_mean, hone_rows_mean(t, o->token)) OP(matmul, hone_matmul(t, o->x, o->wide)) OP(log_softmax, hone_log_softmax(t, o->x))
OP(softmax, hone_softmax(t, o->x)) OP(gather, hone_gather(t, o->x, o->classes)) OP(index_select, hone_index_select(t, o->token, o->pick))
OP(cross_entropy, hone_cross_entropy(t, o->x, o->labels, NULL, 0.1f)) OP(detach, hone_detach(t, o->x))
OP(tape_floats, hone_tape_floats(t, weights, 1, (const int64_t[]){N})) OP(tape_ints, hone_tape_ints(t, ids, 1, (const int64_t[]){N}))
OP(tape_ids, hone_tape_ids(t, &batch)) OP(tape_labels, hone_tape_labels(t, &batch))
OP(lm_logits, hone_lm_logits(t, &o->out, (const int32_t[]){0, 2}, 2))
OP(next_token_loss, hone_next_token_loss(t, &o->out, &batch, weights)) OP(next_token_nll, hone_next_token_nll(t, &o->out, &batch))
/* clang-format on */

/* clang-format off */
#define CASE(op)     {#op, do_##op, false, false},
#define CONSTANT(op) {#op, do_##op, false, true},
#define OF_HEAD(op)  {#op, do_##op, true, false},
static const op_case cases[] = {
    CASE(add) CASE(sub) CASE(mul) CASE(div) CASE(maximum) CASE(minimum) CASE(scale) CASE(add_scalar) CASE(neg) CASE(exp) CASE(log) CASE(sqrt)
    CASE(square) CASE(abs) CASE(pow) CASE(clamp) CASE(tanh) CASE(sigmoid) CASE(relu) CASE(where) CASE(sum) CASE(mean) CASE(rows_sum)
    CASE(rows_mean) CASE(matmul) CASE(log_softmax) CASE(softmax) CASE(gather) CASE(index_select) CASE(cross_entropy) CASE(weighted)
    CASE(composed) CONSTANT(equal) CONSTANT(less) CONSTANT(greater) CONSTANT(logical_not) CONSTANT(is_in) CONSTANT(detach)
    CONSTANT(tape_floats) CONSTANT(tape_ints) CONSTANT(tape_ids) CONSTANT(tape_labels) OF_HEAD(lm_logits) OF_HEAD(next_token_loss)
    OF_HEAD(next_token_nll)
};
/* clang-format on */

typedef struct attempt {
    const op_case *op;
    size_t room; /* units in each block */
    bool known;  /* what follows is there */
    float value[2 * 32], grad[N * C];
    int64_t n;
} attempt;

/* What is left of the block that it stands in is taken, but for some units. */
static hone_status fill_pool(hone__pool *p, size_t units)
{
    void *taken;
    if (p->n_blocks == 0)
        return hone__pool_reserve(p, 64 * (units + 1));
    size_t left = p->blocks[p->current].size - p->blocks[p->current].used;
    return left > 64 * units ? hone__pool_alloc(p, &taken, left - 64 * units) : HONE_OK;
}

/* Between the operands and the op. */
static hone_status leave_room(hone_tape *t, size_t units)
{
    hone__slots *slots = &t->slots[t->generation & 1];
    size_t used = hone__arena_used(t->host), headers = slots->n_chunks * HONE__SLOT_CHUNK;
    assert_true(used > 0 && used + 64 * units < HOST_BLOCK && slots->used + units < headers);
    if (!hone__tape_alloc(t, HOST_BLOCK - used - 64 * units))
        return hone_tape_status(t);
    slots->used = headers - units;
    t->node_capacity = t->n_nodes + units; /* the list is longer, and moves the sooner */
    hone__pool_dispose(&t->scratch);
    HONE_TRY(fill_pool(&t->saved, units));
    HONE_TRY(fill_pool(&t->scratch, units));
    return fill_pool(&t->grads, units);
}

static void make_operands(hone_tape *t, operands *o, bool with_model)
{
    static const float numbers[N * C] = {0.5f, 1.0f, 2.0f, 0.25f, 3.0f, 1.5f, 0.75f, 1.25f, 2.5f, 0.1f, 0.2f, 4.0f, 1.0f, 0.3f, 0.7f};
    static const float mask[N * C] = {1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0};
    static const int64_t matrix[] = {N, C}, turned[] = {C, N}, n = N, c = C, two = 2;
    *o = (operands){.x = hone_tape_floats(t, numbers, 2, matrix)};
    if (o->x)
        hone_tape_retain_grad(t, o->x);
    o->y = hone_tape_floats(t, (const float[N * C]){1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1}, 2, matrix);
    o->row = hone_tape_floats(t, numbers, 1, &c);
    o->mask = hone_tape_floats(t, mask, 2, matrix);
    o->wide = hone_tape_floats(t, numbers, 2, turned);
    o->classes = hone_tape_ints(t, (const int32_t[]){0, 2, -1, 1, 0}, 1, &n);
    o->pick = hone_tape_ints(t, (const int32_t[]){4, 1}, 1, &two);
    o->ids = hone_tape_ids(t, &batch);
    o->labels = hone_tape_labels(t, &batch);
    o->token = hone_add(t, hone_gather(t, o->x, o->classes), hone_equal(t, o->ids, o->ids)); /* ids know their rows */
    if (with_model)
        o->out = hone_model_forward(model, t, &batch);
}

/* What came out is what came out the first time. */
static hone_status compare(attempt *a, const hone_tensor *z, const hone_tensor *gradient)
{
    float value[2 * 32], grad[N * C] = {0};
    assert_in_range(hone_tensor_count(z), 1, 2 * 32);
    HONE_TRY(hone_tensor_read(z, value, 2 * 32));
    if (gradient)
        HONE_TRY(hone_tensor_read(gradient, grad, N * C));
    size_t bytes = (size_t)hone_tensor_count(z) * sizeof(float);
    if (!a->known) {
        a->known = true;
        a->n = hone_tensor_count(z);
        memcpy(a->value, value, bytes);
        memcpy(a->grad, grad, sizeof(grad));
    }
    assert_int_equal(hone_tensor_count(z), a->n);
    assert_memory_equal(value, a->value, bytes);
    assert_memory_equal(grad, a->grad, sizeof(grad));
    return HONE_OK;
}

static hone_status walk(hone_tape *t, attempt *a)
{
    operands o;
    make_operands(t, &o, a->op->with_model);
    HONE_TRY(hone_tape_status(t));
    HONE_TRY(leave_room(t, a->room));
    hone_tensor *z = a->op->call(t, &o), *z_sum = z;
    assert_int_equal(z != NULL, hone_tape_status(t) == HONE_OK);
    if (!z)
        return hone_tape_status(t);
    if (a->op->constant)
        return compare(a, z, NULL);
    if (hone_tensor_n_dims(z) > 0)
        z_sum = hone_sum(t, z);
    hone__pool_dispose(&t->scratch); /* which each op has for itself */
    HONE_TRY(fill_pool(&t->scratch, a->room));
    hone_status status = hone_tape_backward(t, z_sum);
    assert_int_equal(hone_tape_status(t), status);
    HONE_TRY(status);
    if (!a->op->with_model)
        assert_non_null(hone_tape_grad(t, o.x));
    return compare(a, z, hone_tape_grad(t, o.x));
}

static hone_status use_op(void *payload)
{
    hone_tape *t = NULL;
    hone_status status;
    SURVIVE(t == NULL, hone_tape_new(&t, device, NULL));
    SURVIVE(true, walk(t, (hone_tape_reset(t), payload)));
done:
    hone_tape_free(t);
    return status;
}

static void ops_survive(void **state)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    (void)state;
    assert_ok(hone_device_open(&device, &(hone_device_options){.name = "cpu", .n_threads = 1}));
    o.device = device;
    o.for_training = true;
    o.config_overrides = "vocab_size=23,n_embd=8,n_layer=1,n_head=2,n_positions=8";
    assert_ok(hone_model_from_config(&model, HONE_CAUSAL_LM, "gpt2", &o));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        attempt a = {.op = &cases[i]};
        /* a gradient that there is no list for to be used again in waits for the reset: nobody need hear of it */
        for (a.room = 0; a.room < MOST_ROOM; a.room++)
            assert_true(sweep_calls(use_op, &a, 1) > 8);
    }
    hone_model_free(model);
    hone_device_free(device);
}

/* ---- tensors of their own ---- */

static hone_status use_tensors(void *payload)
{
    static const int64_t shape[] = {N};
    hone_tensor *floats = NULL, *whole = NULL, *kept = NULL;
    float back[N];
    double item;
    hone_status status;
    (void)payload;
    SURVIVE(!floats, hone_tensor_from_floats(&floats, weights, 1, shape));
    SURVIVE(!whole, hone_tensor_from_ints(&whole, ids, 1, (const int64_t[]){1}));
    SURVIVE(!kept, hone_tensor_keep(&kept, floats));
    SURVIVE(true, hone_tensor_read(kept, back, N));
    SURVIVE(true, hone_tensor_item(whole, &item));
    assert_memory_equal(back, weights, sizeof(back));
    assert_true(item == 1.0);
done:
    hone_tensor_free(floats);
    hone_tensor_free(whole);
    hone_tensor_free(kept);
    return status;
}

static void tensors_survive(void **state)
{
    (void)state;
    assert_int_equal(sweep_calls(use_tensors, NULL, 0), 3); /* reading takes none */
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(ops_survive), cmocka_unit_test(tensors_survive)};
TEST_MAIN(tests)
