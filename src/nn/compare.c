/* Comparisons and choice. The results of comparisons are 1.0 and 0.0, without gradient.
 *
 *     where: z = condition != 0 ? x : y        dx = condition != 0 ? dz : 0,  dy the other part */
#include "nn/op.h"

#include <stdlib.h>
#include <string.h>

#define EITHER (HONE_INPUT(0) | HONE_INPUT(1)) /* integers too */
static const hone_op_info op_equal = {.name = "hone_equal", .n_in = 2, .ints = EITHER, .optional = EITHER};
static const hone_op_info op_less = {.name = "hone_less", .n_in = 2, .ints = EITHER, .optional = EITHER};
static const hone_op_info op_greater = {.name = "hone_greater", .n_in = 2, .ints = EITHER, .optional = EITHER};
static const hone_op_info op_not = {.name = "hone_logical_not", .n_in = 1, .ints = HONE_INPUT(0), .optional = HONE_INPUT(0)};
static const hone_op_info op_is_in = {.name = "hone_is_in", .n_in = 1, .ints = HONE_INPUT(0)};

/* x, or its values as floats when it holds integers. */
static hone_status as_floats(hone_tape *t, hone_mat *out, const hone_tensor *x)
{
    hone_mat from = hone__mat(x);
    *out = from;
    if (x->dtype != HONE_DTYPE_I32)
        return HONE_OK;
    HONE_TRY(hone__op_scratch_mat(t, out, from.rows, from.cols));
    return hone__ops(t)->convert(t->backend, out, &from);
}

static hone_status compare_forward(hone_tape *t, hone_tensor **z, hone_tensor **in, hone_binary what)
{
    char xs[96], ys[96];
    hone_mat x, y;
    bool scalar = hone__count(in[1]) == 1;
    if (!scalar && !hone__same_shape(in[0], in[1]))
        return hone__fail(HONE_SHAPE, "shapes %s and %s do not fit", hone__shape_text(xs, in[0]), hone__shape_text(ys, in[1]));
    HONE_TRY(hone__op_output_like(t, z, in[0]));
    if (!in[0]->rows && !scalar)
        (*z)->rows = in[1]->rows;
    HONE_TRY(as_floats(t, &x, in[0]));
    HONE_TRY(as_floats(t, &y, in[1]));
    hone_mat zm = hone__mat(*z);
    if (scalar)
        y.rows = y.cols = y.ld = 1;
    return hone__ops(t)->binary(t->backend, &zm, &x, &y, what, scalar ? HONE_BROADCAST_SCALAR : HONE_BROADCAST_NONE);
}

static hone_tensor *compare(hone_tape *t, const hone_op_info *op, hone_tensor *x, hone_tensor *y, hone_binary what)
{
    hone_tensor *in[] = {x, y}, *z = NULL;
    if (!hone__op_begin(t, op, in))
        return NULL;
    return hone__op_end(t, op, compare_forward(t, &z, in, what), &z);
}

hone_tensor *hone_equal(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return compare(t, &op_equal, x, y, HONE_BINARY_EQ);
}

hone_tensor *hone_less(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return compare(t, &op_less, x, y, HONE_BINARY_LT);
}

hone_tensor *hone_greater(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    return compare(t, &op_greater, x, y, HONE_BINARY_GT);
}

static hone_status not_forward(hone_tape *t, hone_tensor **y, const hone_tensor *x)
{
    hone_mat xm;
    HONE_TRY(hone__op_output_like(t, y, x));
    HONE_TRY(as_floats(t, &xm, x));
    hone_mat ym = hone__mat(*y);
    return hone__ops(t)->unary(t->backend, &ym, &xm, HONE_UNARY_NOT, 0.0f, 0.0f);
}

hone_tensor *hone_logical_not(hone_tape *t, hone_tensor *x)
{
    hone_tensor *in[] = {x}, *y = NULL;
    if (!hone__op_begin(t, &op_not, in))
        return NULL;
    return hone__op_end(t, &op_not, not_forward(t, &y, in[0]), &y);
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The set's values, ascending, on the device. */
static hone_status sorted_set(hone_tape *t, const int32_t **out, const hone_tensor *set)
{
    const hone__slot *slot = hone__slot_of(set);
    const int32_t *host = slot ? slot->host : set->data;
    size_t bytes = (size_t)hone__count(set) * sizeof(int32_t);
    int32_t *copy;
    HONE_TRY(hone__op_attr(t, (void **)&copy, bytes));
    if (bytes) {
        memcpy(copy, host, bytes);
        qsort(copy, bytes / sizeof(int32_t), sizeof(int32_t), by_value);
    }
    return hone__place(t, (const void **)out, copy, bytes);
}

static hone_status is_in_forward(hone_tape *t, hone_tensor **y, const hone_tensor *ids, const hone_tensor *set)
{
    const int32_t *values;
    if (!set || set->dtype != HONE_DTYPE_I32 || set->kind == HONE_TENSOR_PARAM)
        return hone__fail(HONE_INVALID_ARGUMENT, "the set must be a tensor of integers (hone_tensor_from_ints)");
    if (set->kind == HONE_TENSOR_STEP)
        HONE_TRY(hone__tensor_check(set, "set"));
    HONE_TRY(sorted_set(t, &values, set));
    HONE_TRY(hone__op_output_like(t, y, ids));
    hone_mat ym = {(*y)->data, (*y)->dtype, hone__count(*y), 1, 1};
    return hone__ops(t)->is_in(t->backend, &ym, ids->data, values, hone__count(set));
}

hone_tensor *hone_is_in(hone_tape *t, hone_tensor *ids, const hone_tensor *set)
{
    hone_tensor *in[] = {ids}, *y = NULL;
    if (!hone__op_begin(t, &op_is_in, in))
        return NULL;
    return hone__op_end(t, &op_is_in, is_in_forward(t, &y, in[0], set), &y);
}

/* ---- where ---- */

static hone_status where_backward(hone_tape *t, const hone_node *n)
{
    hone_mat dz = hone__grad_of(n->out[0]), condition = hone__mat(n->in[0]), zero;
    hone__sink s;
    HONE_TRY(hone__op_scratch_mat(t, &zero, dz.rows, dz.cols));
    HONE_TRY(hone__ops(t)->fill_zero(t->backend, zero.data, (size_t)(zero.rows * zero.cols) * hone_dtype_size(zero.dtype)));
    for (int i = 1; i <= 2; i++) {
        if (!hone__node_wants(n, i))
            continue;
        HONE_TRY(hone__grad_sink(t, n->in[i], &s));
        HONE_TRY(hone__ops(t)->where(t->backend, &s.to, &condition, i == 1 ? &dz : &zero, i == 1 ? &zero : &dz));
        HONE_TRY(hone__grad_flush(t, &s));
    }
    return HONE_OK;
}

const hone_op_info hone__op_where = {.name = "hone_where", .backward = where_backward, .saves = HONE_SAVE_IN(0), .n_in = 3};

static hone_status where_forward(hone_tape *t, hone_tensor **z, hone_tensor **in)
{
    char xs[96], ys[96];
    for (int i = 1; i <= 2; i++) {
        if (!hone__same_shape(in[0], in[i]))
            return hone__fail(HONE_SHAPE, "the condition has shape %s, operand %d has %s", hone__shape_text(xs, in[0]), i,
                              hone__shape_text(ys, in[i]));
    }
    HONE_TRY(hone__op_output_like(t, z, in[1]));
    if (!(*z)->rows)
        (*z)->rows = in[0]->rows ? in[0]->rows : in[2]->rows;
    hone_mat zm = hone__mat(*z), condition = hone__mat(in[0]), x = hone__mat(in[1]), y = hone__mat(in[2]);
    HONE_TRY(hone__ops(t)->where(t->backend, &zm, &condition, &x, &y));
    return hone__op_record(t, NULL, &hone__op_where, 0, in, *z, NULL, NULL, NULL, 0);
}

hone_tensor *hone_where(hone_tape *t, hone_tensor *condition, hone_tensor *x, hone_tensor *y)
{
    hone_tensor *in[] = {condition, x, y}, *z = NULL;
    if (!hone__op_begin(t, &hone__op_where, in))
        return NULL;
    return hone__op_end(t, &hone__op_where, where_forward(t, &z, in), &z);
}
