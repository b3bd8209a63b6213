/* A layer of a model as one record, computed again in backward (Chen et al. 2016, "Training deep nets with sublinear memory cost").
 *
 * With recomputation on, a layer runs unrecorded and only its input is kept; in backward it runs again, recorded, from that input, its records are walked at once, and
 * all that it made is forgotten. Dropout is a function of place and not of time, so the second run has the same bits. Without recording the same trick keeps inference at
 * the memory of one layer. */
#include "nn/op.h"

typedef struct layer_attr {
    hone_layer_fn run;
    const void *self;
    int index;
    const hone_rows *rows;
    bool training;
    uint64_t seed;
} layer_attr;

/* The same data under a header of its own: a leaf for the second run. */
static hone_status make_leaf(hone_tape *t, hone_tensor **out, const hone_tensor *x, bool wants_grad)
{
    HONE_TRY(hone__op_header(t, out, x->data, x->dtype, x->n_dims, x->dim, x->rows));
    (*out)->ld = x->ld;
    (*out)->wants_grad = wants_grad;
    hone__slot_of(*out)->lent = true;
    return HONE_OK;
}

void hone__tape_layer_result(hone_tape *t)
{
    t->unread = t->replaying;
}

/* Runs the layer again, recorded, walks its records and gives the gradient of its input to x. */
static hone_status replay(hone_tape *t, const hone_node *n, size_t first)
{
    const layer_attr *a = n->attr;
    hone_tensor *x, *y;
    bool wants_x = hone__node_wants(n, 0);
    HONE_TRY(make_leaf(t, &x, n->in[0], wants_x));
    y = a->run(t, a->self, a->index, x, a->rows);
    t->unread = false;
    if (!y)
        return hone_tape_status(t);
    HONE_TRY(hone__grad_pass(t, y, n->out[0]));
    HONE_TRY(hone__tape_walk(t, first, t->n_nodes));
    if (wants_x && hone__grad_has(x))
        HONE_TRY(hone__grad_pass(t, n->in[0], x));
    hone__grad_drop(t, x);
    return HONE_OK;
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const layer_attr *a = n->attr;
    bool training = t->training, replaying = t->replaying, recording = t->recording;
    uint64_t seed = t->seed;
    size_t first = t->n_nodes, n_slots = t->slots[t->generation & 1].used;
    hone__pool_mark mark = hone__pool_get_mark(&t->saved);
    t->training = a->training;
    t->seed = a->seed;
    int layer = t->layer;
    t->layer = a->index;
    t->replaying = t->recording = true;
    hone_status status = replay(t, n, first);
    t->layer = layer;
    t->training = training;
    t->seed = seed;
    t->replaying = replaying;
    t->recording = recording;
    t->n_nodes = first;
    t->slots[t->generation & 1].used = n_slots;
    hone__pool_release(&t->saved, mark);
    return status;
}

const hone_op_info hone__op_layer = {.name = "layer", .backward = backward, .saves = HONE_SAVE_IN(0), .n_in = 1};

/* y's values in `room`, which was taken before all that the layer made; that is free again. */
static hone_status keep_result(hone_tape *t, hone_tensor *room, const hone_tensor *y, hone__pool_mark mark, size_t n_slots)
{
    hone_mat to = hone__mat(room), from = hone__mat(y);
    room->rows = y->rows;
    HONE_TRY(hone__ops(t)->unary(t->backend, &to, &from, HONE_UNARY_COPY, 0.0f, 0.0f));
    t->slots[t->generation & 1].used = n_slots;
    hone__pool_release(&t->saved, mark);
    return HONE_OK;
}

static hone_status run_unrecorded(hone_tape *t, hone_tensor **out, const layer_attr *a, hone_tensor *x)
{
    hone_tensor *room;
    HONE_TRY(hone__op_output_like(t, &room, x));
    hone__pool_mark mark = hone__pool_get_mark(&t->saved);
    size_t n_slots = t->slots[t->generation & 1].used;
    hone_tensor *y = a->run(t, a->self, a->index, x, a->rows);
    *out = y;
    if (!y)
        return hone_tape_status(t);
    if (y == x || y->kind != HONE_TENSOR_STEP || !hone__same_shape(y, room))
        return HONE_OK; /* an unusual layer: what it made stays */
    HONE_TRY(keep_result(t, room, y, mark, n_slots));
    *out = room;
    return HONE_OK;
}

/* With recomputation: a run that only counts uses of parameters, then the record. */
static hone_status run_for_later(hone_tape *t, hone_tensor **y, const layer_attr *how, hone_tensor **in)
{
    layer_attr *attr;
    bool counting = t->counting, counted = t->counted_any;
    t->recording = false;
    t->counting = true;
    t->counted_any = false;
    hone_status status = run_unrecorded(t, y, how, in[0]);
    bool wants_params = t->counted_any;
    t->recording = true;
    t->counting = counting;
    t->counted_any = counted || wants_params;
    HONE_TRY(status);
    if (*y == in[0])
        return HONE_OK;
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    *attr = *how;
    bool wants_x = in[0]->wants_grad;
    in[0]->wants_grad = wants_x || wants_params; /* the record is needed for the parameters' sake too */
    hone_node *node = NULL;
    status = hone__op_record(t, &node, &hone__op_layer, 0, in, *y, NULL, attr, NULL, 0);
    in[0]->wants_grad = wants_x;
    if (node)
        node->wants = wants_x;
    return status;
}

hone_tensor *hone__tape_layer(hone_tape *t, hone_layer_fn layer, const void *self, int l, hone_tensor *x, const hone_rows *rows)
{
    hone_tensor *in[] = {x}, *y = NULL;
    layer_attr how = {layer, self, l, rows, t->training, t->seed};
    hone_status status;
    int outer = t->layer;
    t->layer = l;
    if (hone__op_begin(t, &hone__op_layer, in)) {
        if (t->recording && !t->recompute)
            status = (y = layer(t, self, l, in[0], rows)) ? HONE_OK : hone_tape_status(t);
        else
            status = t->recording ? run_for_later(t, &y, &how, in) : run_unrecorded(t, &y, &how, in[0]);
        y = hone__op_end(t, &hone__op_layer, status, &y);
    }
    t->layer = outer;
    return y;
}
