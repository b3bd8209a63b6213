/* z (n, m) = x (n, k) y (k, m)        dx = dz y^T      dy = x^T dz */
#include "nn/op.h"

static hone_status product(hone_tape *t, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float beta)
{
    void *scratch;
    int64_t k = ta ? a->rows : a->cols;
    HONE_TRY(hone__op_scratch(t, &scratch, hone__ops(t)->workspace(t->backend, HONE_WS_GEMM, c->rows, c->cols, k)));
    return hone__ops(t)->gemm(t->backend, c, a, ta, b, tb, 1.0f, beta, scratch);
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    hone_mat dz = hone__grad_of(n->out[0]), x = hone__mat(n->in[0]), y = hone__mat(n->in[1]), d;
    float beta;
    if (hone__node_wants(n, 0)) {
        HONE_TRY(hone__grad_to(t, n->in[0], &d, &beta));
        HONE_TRY(product(t, &d, &dz, false, &y, true, beta));
    }
    if (!hone__node_wants(n, 1))
        return HONE_OK;
    HONE_TRY(hone__grad_to(t, n->in[1], &d, &beta));
    return product(t, &d, &x, true, &dz, false, beta);
}

const hone_op_info hone__op_matmul = {.name = "hone_matmul", .backward = backward, .saves = HONE_SAVE_IN(0) | HONE_SAVE_IN(1), .n_in = 2};

static hone_status forward(hone_tape *t, hone_tensor **z, hone_tensor **in)
{
    const hone_tensor *x = in[0], *y = in[1];
    char xs[96], ys[96];
    if (x->n_dims != 2 || y->n_dims != 2 || x->dim[1] != y->dim[0])
        return hone__fail(HONE_SHAPE, "shapes %s and %s are no (n, k) and (k, m)", hone__shape_text(xs, x), hone__shape_text(ys, y));
    int64_t dims[2] = {x->dim[0], y->dim[1]};
    HONE_TRY(hone__op_output(t, z, t->dtype, 2, dims, x->rows));
    hone_mat zm = hone__mat(*z), xm = hone__mat(x), ym = hone__mat(y);
    HONE_TRY(product(t, &zm, &xm, false, &ym, false, 0.0f));
    return hone__op_record(t, NULL, &hone__op_matmul, 0, in, *z, NULL, NULL, NULL, 0);
}

hone_tensor *hone_matmul(hone_tape *t, hone_tensor *x, hone_tensor *y)
{
    hone_tensor *in[] = {x, y}, *z = NULL;
    if (!hone__op_begin(t, &hone__op_matmul, in))
        return NULL;
    return hone__op_end(t, &hone__op_matmul, forward(t, &z, in), &z);
}
