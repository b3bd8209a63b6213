/* A batch, and a user's numbers, as tensors of a tape. Host arrays are lent where the device's memory is the host's; the batch must live until the reset. */
#include "nn/op.h"

#include <string.h>

static const hone_op_info op_ids = {.name = "hone_tape_ids"}, op_labels = {.name = "hone_tape_labels"},
                          op_floats = {.name = "hone_tape_floats"}, op_ints = {.name = "hone_tape_ints"},
                          op_rows = {.name = "rows of a batch"};

struct hone__tape_rows_cache {
    const hone_batch *batch;
    const int32_t *cu_seqlens;
    int32_t n_tokens;
    hone_rows rows;
    hone__tape_rows_cache *next;
};

static hone_status check_batch(const hone_batch *b)
{
    if (!b || b->n_tokens < 0 || b->n_rows < 0 || !b->cu_seqlens)
        return hone__fail(HONE_INVALID_ARGUMENT, "the batch has no rows (cu_seqlens is NULL, or a count is negative)");
    if (b->cu_seqlens[0] != 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "the batch's first row starts at token %d, not 0", b->cu_seqlens[0]);
    for (int32_t r = 0; r < b->n_rows; r++) {
        if (b->cu_seqlens[r + 1] < b->cu_seqlens[r])
            return hone__fail(HONE_INVALID_ARGUMENT, "row %d of the batch ends before it starts (%d, %d)", r, b->cu_seqlens[r],
                              b->cu_seqlens[r + 1]);
    }
    if (b->cu_seqlens[b->n_rows] != b->n_tokens)
        return hone__fail(HONE_INVALID_ARGUMENT, "the batch's rows hold %d tokens, n_tokens is %d", b->cu_seqlens[b->n_rows], b->n_tokens);
    return HONE_OK;
}

static hone_status place_rows(hone_tape *t, hone_rows *rows)
{
    size_t n = (size_t)rows->n_tokens, r = (size_t)rows->n_rows;
    HONE_TRY(hone__place(t, (const void **)&rows->d_start, rows->start, (r + 1) * sizeof(int32_t)));
    HONE_TRY(hone__place(t, (const void **)&rows->d_row, rows->row, n * sizeof(int32_t)));
    HONE_TRY(hone__place(t, (const void **)&rows->d_pos, rows->pos, n * sizeof(int32_t)));
    return hone__place(t, (const void **)&rows->d_key, rows->key, r * sizeof(uint64_t));
}

static hone_status make_rows(hone_tape *t, hone_rows *rows, const hone_batch *b)
{
    int32_t *row, *pos;
    uint64_t *key;
    HONE_TRY(hone__op_attr(t, (void **)&row, (size_t)b->n_tokens * sizeof(*row)));
    HONE_TRY(hone__op_attr(t, (void **)&pos, (size_t)b->n_tokens * sizeof(*pos)));
    HONE_TRY(hone__op_attr(t, (void **)&key, (size_t)b->n_rows * sizeof(*key)));
    *rows = (hone_rows){.n_tokens = b->n_tokens, .n_rows = b->n_rows, .start = b->cu_seqlens, .row = row, .pos = pos, .key = key};
    for (int32_t r = 0; r < b->n_rows; r++) {
        int32_t begin = b->cu_seqlens[r], end = b->cu_seqlens[r + 1];
        key[r] = b->ordinals ? b->ordinals[r] : (uint64_t)r;
        if (end - begin > rows->longest)
            rows->longest = end - begin;
        for (int32_t i = begin; i < end; i++) {
            row[i] = r;
            pos[i] = b->positions ? b->positions[i] : i - begin;
        }
    }
    return place_rows(t, rows);
}

static hone_status find_rows(hone_tape *t, const hone_rows **out, const hone_batch *batch)
{
    hone__tape_rows_cache *c = t->rows;
    *out = NULL;
    HONE_TRY(check_batch(batch));
    while (c && (c->batch != batch || c->cu_seqlens != batch->cu_seqlens || c->n_tokens != batch->n_tokens))
        c = c->next;
    if (!c) {
        HONE_TRY(hone__op_attr(t, (void **)&c, sizeof(*c)));
        c->batch = batch;
        c->cu_seqlens = batch->cu_seqlens;
        c->n_tokens = batch->n_tokens;
        HONE_TRY(make_rows(t, &c->rows, batch));
        c->next = t->rows;
        t->rows = c;
    }
    *out = &c->rows;
    return HONE_OK;
}

const hone_rows *hone__tape_rows(hone_tape *t, const hone_batch *batch)
{
    const hone_rows *rows = NULL;
    if (!hone__op_begin(t, &op_rows, NULL))
        return NULL;
    hone__op_end(t, &op_rows, find_rows(t, &rows, batch), NULL);
    return rows;
}

static hone_status per_token(hone_tape *t, hone_tensor **out, const hone_batch *batch, const int32_t *host)
{
    const hone_rows *rows;
    const void *data;
    HONE_TRY(find_rows(t, &rows, batch));
    int64_t n = batch->n_tokens;
    HONE_TRY(hone__place(t, &data, host, (size_t)n * sizeof(int32_t)));
    HONE_TRY(hone__op_header(t, out, (void *)data, HONE_DTYPE_I32, 1, &n, rows));
    hone__slot_of(*out)->lent = true;
    hone__slot_of(*out)->host = host;
    return HONE_OK;
}

hone_tensor *hone_tape_ids(hone_tape *t, const hone_batch *batch)
{
    hone_tensor *ids = NULL;
    if (!hone__op_begin(t, &op_ids, NULL))
        return NULL;
    return hone__op_end(t, &op_ids, per_token(t, &ids, batch, batch->input_ids), &ids);
}

hone_tensor *hone_tape_labels(hone_tape *t, const hone_batch *batch)
{
    hone_tensor *labels = NULL;
    hone_status status;
    if (!hone__op_begin(t, &op_labels, NULL))
        return NULL;
    if (batch->labels)
        status = per_token(t, &labels, batch, batch->labels);
    else
        status = hone__fail(HONE_INVALID_ARGUMENT, "the batch has no labels");
    return hone__op_end(t, &op_labels, status, &labels);
}

static hone_status check_dims(int n_dims, const int64_t *shape, size_t *count)
{
    *count = 1;
    if (n_dims < 0 || n_dims > 4)
        return hone__fail(HONE_INVALID_ARGUMENT, "%d dimensions; a tensor has 0 to 4", n_dims);
    for (int i = 0; i < n_dims; i++) {
        if (shape[i] < 0 || !hone__mul_size(count, *count, (size_t)shape[i]))
            return hone__fail(HONE_SHAPE, "dimension %d is %lld", i, (long long)shape[i]);
    }
    return *count > SIZE_MAX / 8 ? hone__fail(HONE_SHAPE, "%zu elements are too many", *count) : HONE_OK;
}

/* A copy of the host's numbers on the device; host_copy: kept in host memory too. */
static hone_status copy_in(hone_tape *t, hone_tensor **out, const void *data, hone_dtype dtype, int n_dims, const int64_t *shape)
{
    size_t count, bytes;
    HONE_TRY(check_dims(n_dims, shape, &count));
    HONE_TRY(hone__op_output(t, out, dtype, n_dims, shape, NULL));
    bytes = count * hone_dtype_size(dtype);
    if (dtype == HONE_DTYPE_I32) {
        void *host;
        HONE_TRY(hone__op_attr(t, &host, bytes));
        if (bytes)
            memcpy(host, data, bytes);
        hone__slot_of(*out)->host = host;
    }
    return bytes ? hone__ops(t)->upload(t->backend, (*out)->data, data, bytes) : HONE_OK;
}

static hone_status floats(hone_tape *t, hone_tensor **out, const float *data, int n_dims, const int64_t *shape)
{
    hone_tensor *narrow;
    HONE_TRY(copy_in(t, &narrow, data, HONE_DTYPE_F32, n_dims, shape));
    *out = narrow;
    if (t->dtype == HONE_DTYPE_F32)
        return HONE_OK;
    HONE_TRY(hone__op_output_like(t, out, narrow));
    hone_mat to = hone__mat(*out), from = hone__mat(narrow);
    return hone__ops(t)->convert(t->backend, &to, &from);
}

hone_tensor *hone_tape_floats(hone_tape *t, const float *data, int n_dims, const int64_t *shape)
{
    hone_tensor *x = NULL;
    if (!hone__op_begin(t, &op_floats, NULL))
        return NULL;
    return hone__op_end(t, &op_floats, floats(t, &x, data, n_dims, shape), &x);
}

hone_tensor *hone_tape_ints(hone_tape *t, const int32_t *data, int n_dims, const int64_t *shape)
{
    hone_tensor *x = NULL;
    if (!hone__op_begin(t, &op_ints, NULL))
        return NULL;
    return hone__op_end(t, &op_ints, copy_in(t, &x, data, HONE_DTYPE_I32, n_dims, shape), &x);
}

/* ---- rows of a part of the tokens ---- */

static hone_status fill_gathered(hone_rows *to, int32_t *start, int32_t *row, int32_t *pos, const hone_rows *source, const int32_t *index,
                                 int32_t m)
{
    int32_t at = 0;
    for (int32_t i = 0; i < m; i++) {
        row[i] = source->row[index[i]];
        pos[i] = source->pos[index[i]];
        if (row[i] < at)
            return hone__fail(HONE_INVALID_ARGUMENT,
                              "token %d (row %d) comes after one of row %d: tokens are gathered in the order of rows", i, row[i], at);
        while (at < row[i])
            start[++at] = i;
    }
    while (at < source->n_rows)
        start[++at] = m;
    for (int32_t r = 0; r < source->n_rows; r++) {
        if (start[r + 1] - start[r] > to->longest)
            to->longest = start[r + 1] - start[r];
    }
    return HONE_OK;
}

hone_status hone__rows_gather(hone_tape *t, const hone_rows **out, const hone_rows *source, const int32_t *index, int32_t m)
{
    hone_rows *to;
    int32_t *start, *row, *pos;
    *out = NULL;
    HONE_TRY(hone__op_attr(t, (void **)&to, sizeof(*to)));
    HONE_TRY(hone__op_attr(t, (void **)&start, ((size_t)source->n_rows + 1) * sizeof(*start)));
    HONE_TRY(hone__op_attr(t, (void **)&row, (size_t)m * sizeof(*row)));
    HONE_TRY(hone__op_attr(t, (void **)&pos, (size_t)m * sizeof(*pos)));
    HONE_TRY(fill_gathered(to, start, row, pos, source, index, m));
    to->n_tokens = m;
    to->n_rows = source->n_rows;
    to->start = start, to->row = row, to->pos = pos, to->key = source->key;
    HONE_TRY(place_rows(t, to));
    *out = to;
    return HONE_OK;
}
