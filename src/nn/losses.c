/* Cross entropy over few classes, logits (N, C), labels (N); items with a label < 0 do not count:
 *
 *     nll[i] = lse(logits[i]) - (1-s) logits[i][label] - s mean(logits[i]);   loss = sum_i w[i] nll[i] / sum_i w[i]      w[i] = class_weights[label[i]], or 1
 *     dlogits = (softmax - (1-s) onehot - s/C) w[i] / sum(w) dloss
 *
 * as torch.nn.CrossEntropyLoss; but the mean over nothing is 0, not NaN. With both class weights and smoothing torch weights the smoothing term by class:
 * s/C sum_c class_weights[c] (-log p[c]); that is composed of smaller ops. */
#include "nn/op.h"

enum { LOGITS, LABELS, WEIGHTS, N_IN };

typedef struct loss_attr {
    const void *weights; /* (N), device: w[i], divided already */
    float smoothing;
} loss_attr;

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const hone_backend_ops *ops = hone__ops(t);
    const loss_attr *a = n->attr;
    hone_mat logits = hone__mat(n->in[LOGITS]), lse = hone__column(n->aux[0]), dy = hone__grad_of(n->out[0]);
    hone__sink s;
    HONE_TRY(hone__grad_sink(t, n->in[LOGITS], &s));
    HONE_TRY(ops->unary(t->backend, &s.to, &logits, HONE_UNARY_COPY, 0.0f, 0.0f));
    HONE_TRY(ops->softmax_grad(t->backend, &s.to, &lse, n->in[LABELS]->data, a->weights, 1.0f, a->smoothing, 0, logits.cols));
    HONE_TRY(ops->binary(t->backend, &s.to, &s.to, &dy, HONE_BINARY_MUL, HONE_BROADCAST_SCALAR));
    return hone__grad_flush(t, &s);
}

const hone_op_info hone__op_cross_entropy = {.name = "hone_cross_entropy",
                                             .backward = backward,
                                             .saves = HONE_SAVE_IN(LOGITS) | HONE_SAVE_IN(LABELS) | HONE_SAVE_AUX,
                                             .n_in = N_IN,
                                             .optional = HONE_INPUT(WEIGHTS),
                                             .ints = HONE_INPUT(LABELS)};

static hone_status check(hone_tensor *const *in, float smoothing)
{
    const hone_tensor *x = in[LOGITS], *labels = in[LABELS], *weights = in[WEIGHTS];
    const int32_t *host = hone__slot_of(labels)->host;
    char xs[96], ls[96];
    if (x->n_dims != 2 || labels->n_dims != 1 || labels->dim[0] != x->dim[0])
        return hone__fail(HONE_SHAPE, "logits %s and labels %s are no (N, C) and (N)", hone__shape_text(xs, x),
                          hone__shape_text(ls, labels));
    if (weights && hone__count(weights) != x->dim[1])
        return hone__fail(HONE_SHAPE, "class weights %s do not fit logits %s", hone__shape_text(ls, weights), hone__shape_text(xs, x));
    if (!(smoothing >= 0.0f && smoothing < 1.0f))
        return hone__fail(HONE_INVALID_ARGUMENT, "label smoothing is %g; it must lie in [0, 1)", (double)smoothing);
    for (int64_t i = 0; i < labels->dim[0]; i++) {
        if (host[i] >= x->dim[1])
            return hone__fail(HONE_INVALID_ARGUMENT, "label %lld is %d, there are %lld classes", (long long)i, host[i],
                              (long long)x->dim[1]);
    }
    return HONE_OK;
}

/* The class weights on the host, NULL for none. */
static hone_status read_weights(hone_tape *t, float **out, const hone_tensor *weights)
{
    *out = NULL;
    if (!weights)
        return HONE_OK;
    size_t count = (size_t)hone__count(weights);
    HONE_TRY(hone__op_attr(t, (void **)out, count * sizeof(float)));
    return hone_tensor_read(weights, *out, count);
}

/* Weights of the items (device), divided by their sum for a mean, in double. */
static hone_status item_weights(hone_tape *t, loss_attr *attr, const float *class_weights, const int32_t *labels, int64_t n, bool mean)
{
    double total = 0.0, *w;
    for (int64_t i = 0; i < n; i++)
        total += labels[i] < 0 ? 0.0 : class_weights ? (double)class_weights[labels[i]] : 1.0;
    double divisor = mean ? total : 1.0;
    HONE_TRY(hone__op_attr(t, (void **)&w, (size_t)n * sizeof(*w)));
    for (int64_t i = 0; i < n; i++)
        w[i] = labels[i] < 0 || divisor == 0.0 ? 0.0 : (class_weights ? (double)class_weights[labels[i]] : 1.0) / divisor;
    return hone__place_doubles(t, &attr->weights, w, n);
}

static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in, const loss_attr *attr)
{
    const hone_backend_ops *ops = hone__ops(t);
    hone_tensor *lse;
    hone_dtype aux = hone__aux_dtype(t);
    int64_t n = in[LOGITS]->dim[0];
    hone_mat logits = hone__mat(in[LOGITS]), state = {NULL, aux, n, 4, 4}, nll = {NULL, aux, n, 1, 1},
             weights = {(void *)attr->weights, aux, n, 1, 1};
    void *scratch;
    HONE_TRY(hone__op_output(t, y, aux, 0, NULL, NULL));
    HONE_TRY(hone__op_output(t, &lse, aux, 1, &n, NULL));
    HONE_TRY(hone__op_scratch(t, &state.data, (size_t)n * 4 * hone_dtype_size(aux)));
    HONE_TRY(hone__op_scratch(t, &nll.data, (size_t)n * hone_dtype_size(aux)));
    HONE_TRY(hone__op_scratch(t, &scratch, ops->workspace(t->backend, HONE_WS_REDUCE, n, 0, 0)));
    hone_mat lse_mat = hone__column(lse), ym = hone__mat(*y);
    HONE_TRY(ops->softmax_block(t->backend, &state, &logits, in[LABELS]->data, 0, true));
    HONE_TRY(ops->softmax_nll(t->backend, &nll, &lse_mat, &state, in[LABELS]->data, attr->smoothing, logits.cols));
    HONE_TRY(ops->binary(t->backend, &nll, &nll, &weights, HONE_BINARY_MUL, HONE_BROADCAST_NONE));
    HONE_TRY(ops->reduce(t->backend, &ym, &nll, HONE_REDUCE_SUM, 0.0f, scratch));
    return hone__op_record(t, NULL, &hone__op_cross_entropy, 0, in, *y, NULL, attr, &lse, 1);
}

/* -(1-s) sum_i w[i] log p[i][label] - s/C sum_i m[i] sum_c class_weights[c] log p[i][c], with w and m divided already */
static hone_tensor *compose(hone_tape *t, hone_tensor *logits, hone_tensor *labels, const float *class_weights, const float *w,
                            const float *m, float smoothing)
{
    int64_t n = logits->dim[0], c = logits->dim[1], column[2] = {c, 1}, items[2] = {n, 1};
    hone_tensor *log_p = hone_log_softmax(t, logits);
    hone_tensor *picked = hone_mul(t, hone_gather(t, log_p, labels), hone_tape_floats(t, w, 1, &n));
    hone_tensor *spread =
        hone_mul(t, hone_matmul(t, log_p, hone_tape_floats(t, class_weights, 2, column)), hone_tape_floats(t, m, 2, items));
    return hone_add(t, hone_scale(t, hone_sum(t, picked), smoothing - 1.0f), hone_scale(t, hone_sum(t, spread), -smoothing / (float)c));
}

/* The weights of compose: w[i] = class_weights[label] / total, m[i] = 1 / total. */
static hone_status composed_weights(hone_tape *t, float **w, float **m, const float *class_weights, const int32_t *labels, int64_t n,
                                    bool mean)
{
    double total = 0.0;
    HONE_TRY(hone__op_attr(t, (void **)w, (size_t)n * sizeof(float)));
    HONE_TRY(hone__op_attr(t, (void **)m, (size_t)n * sizeof(float)));
    for (int64_t i = 0; i < n; i++)
        total += labels[i] < 0 ? 0.0 : (double)class_weights[labels[i]];
    double factor = !mean ? 1.0 : total > 0.0 ? 1.0 / total : 0.0;
    for (int64_t i = 0; i < n; i++) {
        (*m)[i] = labels[i] < 0 ? 0.0f : (float)factor;
        (*w)[i] = labels[i] < 0 ? 0.0f : (float)((double)class_weights[labels[i]] * factor);
    }
    return HONE_OK;
}

static hone_tensor *cross_entropy(hone_tape *t, hone_tensor *logits, hone_tensor *labels, hone_tensor *class_weights, float smoothing,
                                  bool mean)
{
    hone_tensor *in[N_IN] = {logits, labels, class_weights}, *y = NULL;
    float *per_class = NULL, *w, *m;
    loss_attr *attr;
    hone_status status;
    if (!hone__op_begin(t, &hone__op_cross_entropy, in))
        return NULL;
    HONE_GO(check(in, smoothing));
    const int32_t *host = hone__slot_of(in[LABELS])->host;
    int64_t n = in[LOGITS]->dim[0];
    HONE_GO(read_weights(t, &per_class, in[WEIGHTS]));
    if (per_class && smoothing > 0.0f) {
        HONE_GO(composed_weights(t, &w, &m, per_class, host, n, mean));
        y = compose(t, in[LOGITS], in[LABELS], per_class, w, m, smoothing);
        goto done;
    }
    HONE_GO(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    attr->smoothing = smoothing;
    HONE_GO(item_weights(t, attr, per_class, host, n, mean));
    in[WEIGHTS] = NULL; /* constants: they get no gradient */
    HONE_GO(forward(t, &y, in, attr));
done:
    return hone__op_end(t, &hone__op_cross_entropy, status, &y);
}

hone_tensor *hone_cross_entropy(hone_tape *t, hone_tensor *logits, hone_tensor *labels, hone_tensor *class_weights, float smoothing)
{
    return cross_entropy(t, logits, labels, class_weights, smoothing, true);
}

hone_tensor *hone__cross_entropy_sum(hone_tape *t, hone_tensor *logits, hone_tensor *labels, hone_tensor *class_weights, float smoothing)
{
    return cross_entropy(t, logits, labels, class_weights, smoothing, false);
}
