/* Sparse gradients and late steps of an embedding table (table.h; engine.md, 8).
 *
 * `last` says up to which step a row is current; no row lags by more than HONE_ADAMW_RING steps, because each step also brings a stripe of V / HONE_ADAMW_RING rows up to
 * date. The kernel makes the missed steps one by one, so that an element sees the very operations of the dense optimizer: closed forms would not give its bits. */
#include "nn/table.h"

#include <stdlib.h>
#include <string.h>

enum { LIST = 1024 /* rows of one call of the kernel */, SLOT_STEP = 64 };

struct hone_table {
    const hone_params *params;
    hone_param *param;
    int32_t n_rows, step; /* V; steps that the optimizer made */
    int64_t cols;
    bool watched;
    int32_t *last; /* (V) */
    bool *live;    /* (V) had a gradient once: m and v may differ from 0 */
    hone_adamw_step ring[HONE_ADAMW_RING];
    /* slots */
    void *slots; /* (capacity, C) device */
    int32_t n_slots, capacity;
    int32_t *slot_of;  /* (V) -1: none */
    int32_t *slot_row; /* (capacity) */
    uint64_t *order;   /* (capacity) row << 32 | slot */
    int32_t *by_row;   /* (2 capacity) rows ascending, then their slots */
    bool sorted;
    hone_slots view;
    void *gradient; /* dense, for those who look */
    /* rows of the next call */
    int32_t rows[LIST], from[LIST], n_list;
};

static size_t element_size(const hone_table *t)
{
    return hone_dtype_size(t->params->dtype);
}

static size_t slot_bytes(const hone_table *t, int32_t n)
{
    return (size_t)n * (size_t)t->cols * element_size(t);
}

hone_status hone__table_new(hone_table **out, const hone_params *params, hone_param *param)
{
    hone_table *t = NULL;
    hone_status status;
    *out = NULL;
    if (param->tensor.dim[0] > INT32_MAX / 2)
        return hone__fail(HONE_SHAPE, "parameter %s has too many rows for ids of 32 bits", param->name);
    HONE_GO(HONE_NEW(&t, 1));
    t->params = params;
    t->param = param;
    t->n_rows = (int32_t)param->tensor.dim[0];
    t->cols = param->tensor.dim[1];
    HONE_GO(HONE_NEW(&t->last, (size_t)t->n_rows));
    HONE_GO(HONE_NEW(&t->live, (size_t)t->n_rows));
    HONE_GO(HONE_ALLOC(&t->slot_of, (size_t)t->n_rows));
    memset(t->slot_of, -1, (size_t)t->n_rows * sizeof(*t->slot_of));
    *out = t;
    t = NULL;
done:
    hone__table_free(t);
    return status;
}

void hone__table_free(hone_table *t)
{
    if (!t)
        return;
    hone_backend *b = t->params->backend;
    if (t->slots)
        b->ops->release(b, t->slots, slot_bytes(t, t->capacity));
    if (t->gradient)
        b->ops->release(b, t->gradient, slot_bytes(t, t->n_rows));
    hone__free(t->last);
    hone__free(t->live);
    hone__free(t->slot_of);
    hone__free(t->slot_row);
    hone__free(t->order);
    hone__free(t->by_row);
    hone__free(t);
}

/* ---- late steps ---- */

static float *at(const hone_table *t, void *buffer)
{
    return (float *)buffer + t->param->offset;
}

static hone_adamw_rows call_of(const hone_table *t)
{
    return (hone_adamw_rows){.p = at(t, t->params->master),
                             .m = at(t, t->params->m),
                             .v = at(t, t->params->v),
                             .cols = t->cols,
                             .to = t->step,
                             .live = t->live,
                             .ring = t->ring};
}

static hone_status run_list(hone_table *t)
{
    hone_backend *b = t->params->backend;
    hone_adamw_rows call = call_of(t);
    call.rows = t->rows, call.from = t->from, call.n = t->n_list;
    t->n_list = 0;
    return call.n > 0 ? b->ops->adamw_rows(b, &call) : HONE_OK;
}

/* Puts a row that lags on the list; it counts as current from here on, so that nothing is on it twice. */
static hone_status catch_up(hone_table *t, int32_t row)
{
    if (t->last[row] == t->step)
        return HONE_OK;
    t->rows[t->n_list] = row;
    t->from[t->n_list++] = t->last[row];
    t->last[row] = t->step;
    return t->n_list == LIST ? run_list(t) : HONE_OK;
}

static hone_status catch_up_range(hone_table *t, int32_t begin, int32_t end)
{
    for (int32_t row = begin; row < end; row++)
        HONE_TRY(catch_up(t, row));
    return t->n_list > 0 ? run_list(t) : HONE_OK;
}

hone_status hone__table_read(hone_table *t, const int32_t *ids, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        HONE_TRY(catch_up(t, ids[i]));
    return t->n_list > 0 ? run_list(t) : HONE_OK;
}

hone_status hone__table_flush(hone_table *t)
{
    return catch_up_range(t, 0, t->n_rows);
}

hone_status hone__table_watch(hone_table *t)
{
    t->watched = true;
    return hone__table_flush(t);
}

void hone__table_loaded(hone_table *t, int64_t row, int64_t n_rows, const float *moments)
{
    for (int64_t i = 0; i < n_rows; i++)
        for (int64_t c = 0; c < t->cols && !t->live[row + i]; c++)
            t->live[row + i] = moments[i * t->cols + c] != 0.0f;
}

/* ---- slots ---- */

/* Room for n more rows, were they all new. */
static hone_status reserve(hone_table *t, int64_t n)
{
    hone_backend *b = t->params->backend;
    int64_t need = t->n_slots + n > t->n_rows ? t->n_rows : t->n_slots + n;
    int32_t capacity = (int32_t)((need + SLOT_STEP - 1) / SLOT_STEP * SLOT_STEP);
    void *slots = NULL;
    if (need <= t->capacity)
        return HONE_OK;
    HONE_TRY(HONE_REALLOC(&t->slot_row, (size_t)capacity));
    HONE_TRY(HONE_REALLOC(&t->order, (size_t)capacity));
    HONE_TRY(HONE_REALLOC(&t->by_row, 2 * (size_t)capacity));
    HONE_TRY(b->ops->alloc(b, &slots, slot_bytes(t, capacity)));
    if (t->slots) {
        hone_status status = b->ops->upload(b, slots, t->slots, slot_bytes(t, t->n_slots)); /* the device's memory is the host's */
        b->ops->release(b, t->slots, slot_bytes(t, t->capacity));
        t->slots = NULL;
        HONE_TRY(status);
    }
    t->slots = slots;
    t->capacity = capacity;
    return HONE_OK;
}

hone_status hone__table_reserve(hone_table *t, int32_t capacity)
{
    HONE_ASSERT(t->n_slots == 0);
    return reserve(t, capacity);
}

int32_t hone__table_capacity(const hone_table *t)
{
    return t->capacity;
}

hone_status hone__table_take(hone_table *t, hone_mat *slots, int32_t *to, const int32_t *ids, int64_t n, int32_t skip)
{
    hone_backend *b = t->params->backend;
    HONE_TRY(reserve(t, n));
    int32_t old = t->n_slots;
    for (int64_t i = 0; i < n; i++) {
        int32_t row = ids[i];
        if (row != skip && t->slot_of[row] < 0) {
            t->slot_of[row] = t->n_slots;
            t->slot_row[t->n_slots++] = row;
        }
        to[i] = row == skip ? -1 : t->slot_of[row];
    }
    t->sorted = t->sorted && t->n_slots == old;
    *slots = (hone_mat){t->slots, t->params->dtype, t->n_slots, t->cols, t->cols};
    return t->n_slots > old ? b->ops->fill_zero(b, (char *)t->slots + slot_bytes(t, old), slot_bytes(t, t->n_slots) - slot_bytes(t, old))
                            : HONE_OK;
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

const hone_slots *hone__table_slots(hone_table *t)
{
    int32_t n = t->n_slots;
    if (!t->sorted) {
        for (int32_t i = 0; i < n; i++)
            t->order[i] = (uint64_t)t->slot_row[i] << 32 | (uint32_t)i;
        if (n > 1)
            qsort(t->order, (size_t)n, sizeof(*t->order), ascending);
        for (int32_t i = 0; i < n; i++) {
            t->by_row[i] = (int32_t)(t->order[i] >> 32);
            t->by_row[n + i] = (int32_t)(t->order[i] & UINT32_MAX);
        }
        t->sorted = true;
    }
    t->view = (hone_slots){t->slots, t->by_row, n ? t->by_row + n : NULL, n, t->cols};
    return &t->view;
}

void hone__table_zero_grad(hone_table *t)
{
    for (int32_t i = 0; i < t->n_slots; i++)
        t->slot_of[t->slot_row[i]] = -1;
    t->n_slots = 0;
    t->sorted = false;
}

/* ---- a step ---- */

static hone_status step_slots(hone_table *t, const float *factor)
{
    hone_backend *b = t->params->backend;
    const hone_slots *s = hone__table_slots(t);
    for (int32_t begin = 0; begin < s->n; begin += LIST) {
        hone_adamw_rows call = call_of(t);
        call.n = s->n - begin < LIST ? s->n - begin : LIST;
        call.rows = s->rows + begin, call.from = t->from;
        call.g = s->g, call.slots = s->slots + begin, call.factor = factor;
        for (int32_t i = 0; i < call.n; i++)
            t->from[i] = t->last[call.rows[i]];
        HONE_TRY(b->ops->adamw_rows(b, &call));
        for (int32_t i = 0; i < call.n; i++) {
            t->last[call.rows[i]] = t->step;
            t->live[call.rows[i]] = true;
        }
    }
    return HONE_OK;
}

hone_status hone__table_step(hone_table *t, const hone_adamw_step *how, const float *factor)
{
    t->step++;
    int64_t stripe = t->step % HONE_ADAMW_RING, n = t->n_rows;
    t->ring[stripe] = *how;
    HONE_TRY(step_slots(t, factor));
    if (t->watched)
        return hone__table_flush(t);
    return catch_up_range(t, (int32_t)(n * stripe / HONE_ADAMW_RING), (int32_t)(n * (stripe + 1) / HONE_ADAMW_RING));
}

/* ---- for those who look ---- */

hone_status hone__table_gradient(hone_table *t, const hone_tensor **out)
{
    hone_backend *b = t->params->backend;
    size_t row = slot_bytes(t, 1);
    *out = NULL;
    if (!t->gradient)
        HONE_TRY(b->ops->alloc(b, &t->gradient, slot_bytes(t, t->n_rows)));
    HONE_TRY(b->ops->fill_zero(b, t->gradient, slot_bytes(t, t->n_rows)));
    for (int32_t i = 0; i < t->n_slots; i++)
        HONE_TRY(b->ops->upload(b, (char *)t->gradient + (size_t)t->slot_row[i] * row, (const char *)t->slots + (size_t)i * row, row));
    t->param->grad.data = t->gradient;
    *out = &t->param->grad;
    return HONE_OK;
}

size_t hone__table_bytes(const hone_table *t)
{
    size_t books = (size_t)t->n_rows * (2 * sizeof(int32_t) + sizeof(bool)), order = (size_t)t->capacity * (3 * sizeof(int32_t) + 8);
    return sizeof(*t) + books + order + slot_bytes(t, t->capacity) + (t->gradient ? slot_bytes(t, t->n_rows) : 0);
}
