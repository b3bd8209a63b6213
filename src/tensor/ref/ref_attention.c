/* Scaled dot-product attention over packed rows (Vaswani et al. 2017), per row r and head h, queries i of Tq, keys j of Tk:
 *
 *     S_ij = scale q_i . k_j      (causal: j <= Tk - Tq + i)      lse_i = log sum_j exp S_ij      P = exp(S - lse)
 *     o_i  = sum_j m_ij P_ij v_j                                  m: the factor of dropout, 0 or 1/(1-p)
 *     dP_ij = m_ij do_i . v_j     delta_i = do_i . o_i            dS_ij = P_ij (dP_ij - delta_i)
 *     dq_i = scale sum_j dS_ij k_j      dk_j = scale sum_i dS_ij q_i      dv_j = sum_i m_ij P_ij do_i
 *
 * delta is sum_j P_ij dP_ij, also with dropout, because o is the sum over the same m_ij P_ij. */
#include "tensor/ref/ref.h"

#include <math.h>

typedef struct attention {
    const hone_mat *q, *k, *v;
    const hone_drop *drop;
    double scale;
    bool causal;
    int n_heads;
    /* the row and head at hand */
    int64_t r, h, size; /* size: D */
    int64_t q_begin, q_end, k_begin, k_end;
} attention;

static double dot(const hone_mat *a, int64_t i, const hone_mat *b, int64_t j, const attention *t)
{
    double sum = 0.0;
    for (int64_t c = t->h * t->size; c < (t->h + 1) * t->size; c++)
        sum += get(a, i, c) * get(b, j, c);
    return sum;
}

/* Position of query i (a token) among the keys: the last Tq keys are the queries themselves. */
static int64_t position(const attention *t, int64_t i)
{
    return (t->k_end - t->k_begin) - (t->q_end - t->q_begin) + (i - t->q_begin);
}

/* One past the last key (a token) that query i sees. */
static int64_t keys_end(const attention *t, int64_t i)
{
    int64_t last = t->k_begin + position(t, i) + 1;
    if (!t->causal || last > t->k_end)
        return t->k_end;
    return last < t->k_begin ? t->k_begin : last;
}

static double score(const attention *t, int64_t i, int64_t j)
{
    return t->scale * dot(t->q, i, t->k, j, t);
}

static double mask(const attention *t, int64_t i, int64_t j)
{
    return hone__ref_drop_attention(t->drop, t->r, (int)t->h, position(t, i), j - t->k_begin);
}

static void choose(attention *t, const hone_rows *rows_q, const hone_rows *rows_k, int32_t r, int h)
{
    t->r = r, t->h = h;
    t->size = t->q->cols / t->n_heads;
    t->q_begin = rows_q->start[r], t->q_end = hone__rows_end(rows_q, r);
    t->k_begin = rows_k->start[r], t->k_end = hone__rows_end(rows_k, r);
}

static void zero(const hone_mat *m)
{
    for (int64_t i = 0; i < m->rows; i++)
        for (int64_t j = 0; j < m->cols; j++)
            set(m, i, j, 0.0);
}

/* One query's output and lse; s: room for its scores. */
static void attend(const attention *t, const hone_mat *o, void *lse, int64_t i, double *s)
{
    int64_t end = keys_end(t, i), n = end - t->k_begin;
    double max = -INFINITY, sum = 0.0;
    for (int64_t j = 0; j < n; j++) {
        s[j] = score(t, i, t->k_begin + j);
        max = s[j] > max ? s[j] : max;
    }
    for (int64_t j = 0; j < n; j++)
        sum += exp(s[j] - max);
    if (lse)
        hone__store(lse, t->q->dtype, i * t->n_heads + t->h, n > 0 ? max + log(sum) : 0.0);
    for (int64_t j = 0; j < n; j++)
        s[j] = exp(s[j] - max) / sum * mask(t, i, t->k_begin + j);
    for (int64_t c = t->h * t->size; c < (t->h + 1) * t->size; c++) {
        double out = 0.0;
        for (int64_t j = 0; j < n; j++)
            out += s[j] * get(t->v, t->k_begin + j, c);
        set(o, i, c, out);
    }
}

static hone_status ref_attention_forward(hone_backend *b, const hone_mat *o, void *lse, const hone_mat *q, const hone_mat *k,
                                         const hone_mat *v, const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal,
                                         float scale, const hone_drop *drop, void *scratch)
{
    (void)b;
    attention t = {.q = q, .k = k, .v = v, .drop = drop, .scale = (double)scale, .causal = causal, .n_heads = n_heads};
    zero(o);
    for (int64_t i = 0; lse && i < q->rows * n_heads; i++)
        hone__store(lse, q->dtype, i, 0.0);
    for (int32_t r = 0; r < rows_q->n_rows; r++) {
        for (int h = 0; h < n_heads; h++) {
            choose(&t, rows_q, rows_k, r, h);
            for (int64_t i = t.q_begin; i < t.q_end; i++)
                attend(&t, o, lse, i, scratch);
        }
    }
    return HONE_OK;
}

typedef struct slope {
    const hone_mat *d_o, *o;
    const void *lse;
} slope;

/* m_ij P_ij and dS_ij of one pair */
static void pair(const attention *t, const slope *g, int64_t i, int64_t j, double *dropped, double *ds)
{
    double p = exp(score(t, i, j) - at(g->lse, t->q->dtype, i * t->n_heads + t->h)), m = mask(t, i, j);
    *dropped = m * p;
    *ds = p * (m * dot(g->d_o, i, t->v, j, t) - dot(g->d_o, i, g->o, i, t));
}

static void query_gradient(const attention *t, const slope *g, const hone_mat *dq, int64_t i, double *sum)
{
    memset(sum, 0, (size_t)t->size * sizeof(double));
    for (int64_t j = t->k_begin; j < keys_end(t, i); j++) {
        double dropped, ds;
        pair(t, g, i, j, &dropped, &ds);
        for (int64_t c = 0; c < t->size; c++)
            sum[c] += ds * get(t->k, j, t->h * t->size + c);
    }
    for (int64_t c = 0; c < t->size; c++)
        set(dq, i, t->h * t->size + c, t->scale * sum[c]);
}

static void key_gradient(const attention *t, const slope *g, const hone_mat *dk, const hone_mat *dv, int64_t j, double *sum)
{
    double *sum_k = sum, *sum_v = sum + t->size;
    memset(sum, 0, (size_t)t->size * 2 * sizeof(double));
    for (int64_t i = t->q_begin; i < t->q_end; i++) {
        double dropped, ds;
        if (j >= keys_end(t, i))
            continue;
        pair(t, g, i, j, &dropped, &ds);
        for (int64_t c = 0; c < t->size; c++) {
            sum_k[c] += ds * get(t->q, i, t->h * t->size + c);
            sum_v[c] += dropped * get(g->d_o, i, t->h * t->size + c);
        }
    }
    for (int64_t c = 0; c < t->size; c++) {
        set(dk, j, t->h * t->size + c, t->scale * sum_k[c]);
        set(dv, j, t->h * t->size + c, sum_v[c]);
    }
}

static hone_status ref_attention_backward(hone_backend *b, const hone_mat *dq, const hone_mat *dk, const hone_mat *dv, const hone_mat *d_o,
                                          const hone_mat *o, const void *lse, const hone_mat *q, const hone_mat *k, const hone_mat *v,
                                          const hone_rows *rows_q, const hone_rows *rows_k, int n_heads, bool causal, float scale,
                                          const hone_drop *drop, void *scratch)
{
    (void)b;
    attention t = {.q = q, .k = k, .v = v, .drop = drop, .scale = (double)scale, .causal = causal, .n_heads = n_heads};
    slope g = {.d_o = d_o, .o = o, .lse = lse};
    zero(dq), zero(dk), zero(dv);
    for (int32_t r = 0; r < rows_q->n_rows; r++) {
        for (int h = 0; h < n_heads; h++) {
            choose(&t, rows_q, rows_k, r, h);
            for (int64_t i = t.q_begin; i < t.q_end; i++)
                query_gradient(&t, &g, dq, i, scratch);
            for (int64_t j = t.k_begin; j < t.k_end; j++)
                key_gradient(&t, &g, dk, dv, j, scratch);
        }
    }
    return HONE_OK;
}

void hone__ref_attention(hone_backend_ops *ops)
{
    ops->attention_forward = ref_attention_forward;
    ops->attention_backward = ref_attention_backward;
}
