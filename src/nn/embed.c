/* y (N, C) = drop(sum over at most 3 tables of table[ids]):  dtable[v] = sum over the tokens with ids[i] == v of drop(dy)[i], in token order. The rows of a sparse table
 * (table.h) are brought up to date before they are read, and their gradients go to slots. */
#include "nn/op.h"
#include "nn/table.h"

#define MAX_TABLES 3

typedef struct embed_attr {
    const int32_t *ids[MAX_TABLES]; /* device */
    int32_t padding_idx[MAX_TABLES];
    hone_drop drop;
} embed_attr;

/* drop(dy): in dy's own memory, unless a user wants to look at it. */
static hone_status drop_gradient(hone_tape *t, const hone_node *n, hone_mat *dy)
{
    const embed_attr *a = n->attr;
    hone_mat from = *dy;
    if (a->drop.p == 0.0f)
        return HONE_OK;
    if (hone__slot_of(n->out[0])->grad_tensor)
        HONE_TRY(hone__op_scratch_mat(t, dy, from.rows, from.cols));
    return hone__ops(t)->dropout(t->backend, dy, &from, &a->drop, 0.0f);
}

/* The same sums, each id's in its slot: which id a row belongs to does not matter to its bits. */
static hone_status add_to_slots(hone_tape *t, const embed_attr *a, hone_param *param, int k, const hone_mat *dy, void *scratch)
{
    hone_mat slots;
    int32_t *slot_ids;
    HONE_TRY(hone__op_attr(t, (void **)&slot_ids, (size_t)dy->rows * sizeof(*slot_ids)));
    HONE_TRY(hone__table_take(param->table, &slots, slot_ids, a->ids[k], dy->rows, a->padding_idx[k]));
    param->fresh = false;
    return hone__ops(t)->embed_backward(t->backend, &slots, slot_ids, dy, -1, 1.0f, scratch);
}

static hone_status backward(hone_tape *t, const hone_node *n)
{
    const embed_attr *a = n->attr;
    hone_mat dy = hone__grad_of(n->out[0]), dtable;
    void *scratch;
    float beta;
    HONE_TRY(drop_gradient(t, n, &dy));
    for (int k = 0; k < MAX_TABLES; k++) {
        if (!n->in[k] || !hone__node_wants(n, k))
            continue;
        HONE_TRY(
            hone__op_scratch(t, &scratch, hone__ops(t)->workspace(t->backend, HONE_WS_EMBED_BACKWARD, dy.rows, dy.cols, n->in[k]->dim[0])));
        if (n->in[k]->param->table) {
            HONE_TRY(add_to_slots(t, a, n->in[k]->param, k, &dy, scratch));
            continue;
        }
        HONE_TRY(hone__grad_to(t, n->in[k], &dtable, &beta));
        HONE_TRY(hone__ops(t)->embed_backward(t->backend, &dtable, a->ids[k], &dy, a->padding_idx[k], beta, scratch));
    }
    return HONE_OK;
}

const hone_op_info hone__op_embed = {
    .name = "embedding", .backward = backward, .n_in = MAX_TABLES, .optional = HONE_INPUT(1) | HONE_INPUT(2)};

static hone_status check_ids(const hone_param *table, const int32_t *ids, const hone_rows *rows)
{
    int64_t n_ids = table->tensor.dim[0];
    for (int32_t i = 0; i < rows->n_tokens; i++) {
        if (ids[i] < 0 || ids[i] >= n_ids)
            return hone__fail(HONE_INVALID_ARGUMENT, "token %d (row %d, position %d) has id %d, %s has %lld rows", i, rows->row[i],
                              rows->pos[i], ids[i], table->name, (long long)n_ids);
    }
    return HONE_OK;
}

static hone_status place_tables(hone_tape *t, embed_attr *attr, hone_mat *mats, int n_tables, hone_param *const *tables,
                                const int32_t *const *ids, const int32_t *padding_idx, const hone_rows *rows)
{
    char first[96], other[96];
    for (int k = 0; k < n_tables; k++) {
        const hone_tensor *table = &tables[k]->tensor;
        if (table->n_dims != 2 || table->dim[1] != tables[0]->tensor.dim[1])
            return hone__fail(HONE_SHAPE, "tables %s %s and %s %s differ in width", tables[0]->name,
                              hone__shape_text(first, &tables[0]->tensor), tables[k]->name, hone__shape_text(other, table));
        HONE_TRY(check_ids(tables[k], ids[k], rows));
        if (tables[k]->table)
            HONE_TRY(hone__table_read(tables[k]->table, ids[k], rows->n_tokens));
        HONE_TRY(hone__place(t, (const void **)&attr->ids[k], ids[k], (size_t)rows->n_tokens * sizeof(int32_t)));
        attr->padding_idx[k] = padding_idx ? padding_idx[k] : -1;
        mats[k] = hone__mat(table);
    }
    return HONE_OK;
}

static hone_status forward(hone_tape *t, hone_tensor **y, hone_tensor **in, int n_tables, hone_param *const *tables,
                           const int32_t *const *ids, const int32_t *padding_idx, const hone_rows *rows, float dropout, uint32_t site)
{
    embed_attr *attr;
    hone_mat mats[MAX_TABLES];
    HONE_TRY(hone__op_attr(t, (void **)&attr, sizeof(*attr)));
    HONE_TRY(place_tables(t, attr, mats, n_tables, tables, ids, padding_idx, rows));
    attr->drop = hone__drop(t, dropout, site, rows);
    HONE_TRY(hone__op_output(t, y, t->dtype, 2, (int64_t[]){rows->n_tokens, in[0]->dim[1]}, rows));
    HONE_TRY(hone__check_drop(*y, dropout));
    hone_mat ym = hone__mat(*y);
    HONE_TRY(hone__ops(t)->embed_forward(t->backend, &ym, n_tables, mats, attr->ids, &attr->drop));
    return hone__op_record(t, NULL, &hone__op_embed, site, in, *y, NULL, attr, NULL, 0);
}

hone_tensor *hone__embed(hone_tape *t, int n_tables, hone_param *const *tables, const int32_t *const *ids, const int32_t *padding_idx,
                         const hone_rows *rows, float dropout, uint32_t site)
{
    hone_tensor *in[MAX_TABLES] = {NULL}, *y = NULL;
    if (t->error.status != HONE_OK || !rows)
        return NULL; /* rows come from the tape: its error says why there are none */
    HONE_ASSERT(n_tables >= 1 && n_tables <= MAX_TABLES);
    for (int k = 0; k < n_tables; k++)
        in[k] = &tables[k]->tensor;
    if (!hone__op_begin(t, &hone__op_embed, in))
        return NULL;
    return hone__op_end(t, &hone__op_embed, forward(t, &y, in, n_tables, tables, ids, padding_idx, rows, dropout, site), &y);
}
