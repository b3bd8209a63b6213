/* Tables and indices: embedding sums and their gradients, gathers and scatters of rows and of one element a row. */
#include "tensor/ref/ref.h"

/* y_i = m_i o sum_k table_k[ids_k[i]] */
static hone_status ref_embed_forward(hone_backend *b, const hone_mat *y, int n_tables, const hone_mat *tables, const int32_t *const *ids,
                                     const hone_drop *drop)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++) {
        for (int64_t c = 0; c < y->cols; c++) {
            double sum = 0.0;
            for (int k = 0; k < n_tables; k++)
                sum += get(&tables[k], ids[k][i], c);
            set(y, i, c, hone__ref_drop_hidden(drop, i, c) * sum);
        }
    }
    return HONE_OK;
}

/* dtable_v = sum over the tokens with id v of dy, in their order */
static hone_status ref_embed_backward(hone_backend *b, const hone_mat *dtable, const int32_t *ids, const hone_mat *dy, int32_t skip,
                                      float beta, void *scratch)
{
    (void)b, (void)scratch;
    for (int64_t v = 0; v < dtable->rows; v++) {
        for (int64_t c = 0; c < dtable->cols; c++) {
            double sum = 0.0;
            for (int64_t i = 0; i < dy->rows; i++)
                if (ids[i] == v && v != skip)
                    sum += get(dy, i, c);
            put(dtable, v, c, sum, beta);
        }
    }
    return HONE_OK;
}

static hone_status ref_gather_rows(hone_backend *b, const hone_mat *y, const hone_mat *x, const int32_t *index)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++)
        for (int64_t c = 0; c < y->cols; c++)
            set(y, i, c, get(x, index[i], c));
    return HONE_OK;
}

static hone_status ref_scatter_add_rows(hone_backend *b, const hone_mat *x, const hone_mat *y, const int32_t *index, bool unique)
{
    (void)b, (void)unique;
    for (int64_t i = 0; i < y->rows; i++)
        for (int64_t c = 0; c < y->cols; c++)
            put(x, index[i], c, get(y, i, c), 1.0f);
    return HONE_OK;
}

static hone_status ref_gather_cols(hone_backend *b, const hone_mat *y, const hone_mat *x, const int32_t *index)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++)
        set(y, i, 0, index[i] < 0 ? 0.0 : get(x, i, index[i]));
    return HONE_OK;
}

static hone_status ref_scatter_add_cols(hone_backend *b, const hone_mat *x, const hone_mat *y, const int32_t *index)
{
    (void)b;
    for (int64_t i = 0; i < y->rows; i++)
        if (index[i] >= 0)
            put(x, i, index[i], get(y, i, 0), 1.0f);
    return HONE_OK;
}

void hone__ref_embed(hone_backend_ops *ops)
{
    ops->embed_forward = ref_embed_forward;
    ops->embed_backward = ref_embed_backward;
    ops->gather_rows = ref_gather_rows;
    ops->scatter_add_rows = ref_scatter_add_rows;
    ops->gather_cols = ref_gather_cols;
    ops->scatter_add_cols = ref_scatter_add_cols;
}
