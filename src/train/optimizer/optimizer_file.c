/* The optimizer's state as a safetensors file: exp_avg.NAME and exp_avg_sq.NAME for every name of the model file (other optimizers: what rules.c names), and the update count in the metadata. The names are those
 * of the file and not of the flat buffers, so that the buffers' layout may change without old checkpoints becoming worthless. */
#include "models/safetensors.h"
#include "nn/table.h"
#include "train/optimizer/optimizer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ELEMENTS ((size_t)1 << 18) /* on their way from the file */

/* One tensor of the file: a slice of a flat state, or a line of Adafactor's second moment. */
typedef struct piece {
    char *name;
    const hone_param_slice *slice;
    const hone_param *param;
    float *data; /* device */
    size_t count;
    int n_dims;
    int64_t dim[2];
} piece;

typedef struct pieces {
    piece *items;
    size_t n;
} pieces;

static void free_pieces(pieces *p)
{
    for (size_t i = 0; i < p->n; i++)
        hone__free(p->items[i].name);
    hone__free(p->items);
}

/* cols 0: one dimension. */
static hone_status add_piece(pieces *out, const hone_params *params, const hone_param_slice *slice, const char *prefix, float *data,
                             int64_t rows, int64_t cols)
{
    piece *p = &out->items[out->n];
    hone_str name = HONE_STR_INIT;
    hone__str_printf(&name, "%s.%s", prefix, slice->file_name);
    HONE_TRY(hone__str_take(&p->name, &name));
    p->slice = slice;
    p->param = params->items[slice->param];
    p->data = data;
    p->n_dims = cols ? 2 : 1;
    p->dim[0] = rows;
    p->dim[1] = cols;
    p->count = (size_t)(rows * (cols ? cols : 1));
    out->n++;
    return HONE_OK;
}

static hone_status add_flat(pieces *out, const hone_params *params, const hone_param_slice *slice, const char *prefix, void *buffer)
{
    int64_t cols = hone__slice_cols(params, slice);
    float *data = (float *)buffer + params->items[slice->param]->offset + slice->row * (cols ? cols : 1);
    return add_piece(out, params, slice, prefix, data, slice->n_rows, cols);
}

static hone_status add_factored(pieces *out, const hone_optimizer *opt, const hone_param_slice *slice, size_t *at)
{
    int64_t rows = slice->n_rows, cols = hone__slice_cols(opt->params, slice);
    float *data = opt->factored + *at;
    *at += hone__adafactor_room(rows, cols);
    if (!cols)
        return add_piece(out, opt->params, slice, "exp_avg_sq", data, rows, 0);
    HONE_TRY(add_piece(out, opt->params, slice, "exp_avg_sq_row", data, rows, 0));
    return add_piece(out, opt->params, slice, "exp_avg_sq_col", data + rows, cols, 0);
}

static hone_status collect(pieces *out, const hone_optimizer *opt)
{
    const hone_params *params = opt->params;
    const char *names[HONE_RULE_STATES];
    size_t factored = 0;
    hone__rule_states(names, &opt->rule);
    HONE_TRY(HONE_NEW(&out->items, (HONE_RULE_STATES + 2) * params->n_slices));
    for (size_t i = 0; i < params->n_slices; i++) {
        if (params->slices[i].tied)
            continue;
        if (hone__optimizer_is_adamw(opt)) {
            HONE_TRY(add_flat(out, params, &params->slices[i], "exp_avg", params->m));
            HONE_TRY(add_flat(out, params, &params->slices[i], "exp_avg_sq", params->v));
        }
        for (int k = 0; k < HONE_RULE_STATES && names[k]; k++)
            HONE_TRY(add_flat(out, params, &params->slices[i], names[k], opt->state[k]));
        if (opt->factored)
            HONE_TRY(add_factored(out, opt, &params->slices[i], &factored));
    }
    return HONE_OK;
}

/* What the file says of itself: "hone_adamw", "hone_sgd". */
static void format_of(char out[32], const hone_optimizer *opt)
{
    snprintf(out, 32, "hone_%s", hone__optimizer_is_adamw(opt) ? "adamw" : hone__optim_names[opt->rule.kind]);
}

static hone_status fetch(void *context, const hone_safetensor_source *source, size_t offset, size_t n, void *out)
{
    hone_backend *b = ((const hone_optimizer *)context)->params->backend;
    const piece *p = source->payload;
    return b->ops->download(b, out, (const char *)p->data + offset, n);
}

hone_status hone_optimizer_save(const hone_optimizer *opt, const char *path)
{
    pieces all = {NULL, 0};
    hone_safetensor_source *sources = NULL;
    char steps[32], format[32];
    const char *metadata[] = {"format", format, "step", steps, NULL};
    hone_status status;
    format_of(format, opt);
    snprintf(steps, sizeof(steps), "%" PRId64, opt->n_steps);
    HONE_GO(hone__params_flush(opt->params));
    HONE_GO(collect(&all, opt));
    HONE_GO(HONE_NEW(&sources, all.n + 1));
    for (size_t i = 0; i < all.n; i++) {
        const piece *p = &all.items[i];
        sources[i] = (hone_safetensor_source){.name = p->name, .dtype = HONE_DTYPE_F32, .n_dims = p->n_dims, .payload = &all.items[i]};
        sources[i].dim[0] = p->dim[0];
        sources[i].dim[1] = p->dim[1];
    }
    status = hone__safetensors_write(path, sources, all.n, metadata, fetch, (void *)(uintptr_t)opt);
done:
    hone__free(sources);
    free_pieces(&all);
    return status;
}

static hone_status check_piece(const hone_safetensors *file, const piece *p, const char *path)
{
    const hone_safetensor *t = hone__safetensors_find(file, p->name);
    if (!t)
        return hone__hint(hone__fail(HONE_FORMAT, "%s: tensor %s is missing", path, p->name), "the checkpoint is of another model");
    if (t->dtype != HONE_DTYPE_F32 || t->count != p->count)
        return hone__hint(hone__fail(HONE_SHAPE, "%s: tensor %s has %" PRIu64 " elements of %s, the model's has %zu of F32", path, p->name,
                                     t->count, t->dtype_name, p->count),
                          "the checkpoint is of another model");
    return HONE_OK;
}

static size_t columns(const piece *p)
{
    return p->n_dims == 2 ? (size_t)p->dim[1] : 1;
}

/* By groups of rows, so that loading takes no memory worth the name. */
static hone_status load_piece(hone_backend *b, const hone_safetensors *file, const piece *p, float *buffer)
{
    const hone_safetensor *t = hone__safetensors_find(file, p->name);
    size_t cols = columns(p), all = p->count / cols, rows = cols < MOST_ELEMENTS ? MOST_ELEMENTS / cols : 1;
    for (size_t row = 0, n; row < all; row += n) {
        n = all - row < rows ? all - row : rows;
        HONE_TRY(hone__safetensors_read(file, t, HONE_DTYPE_F32, row * cols, n * cols, buffer));
        if (p->param->table && p->n_dims == 2)
            hone__table_loaded(p->param->table, p->slice->row + (int64_t)row, (int64_t)n, buffer);
        HONE_TRY(b->ops->upload(b, p->data + row * cols, buffer, n * cols * sizeof(float)));
    }
    return HONE_OK;
}

/* Elements of the buffer that load_piece reads into. */
static size_t buffer_size(const piece *p)
{
    return p->count < MOST_ELEMENTS ? p->count : columns(p) < MOST_ELEMENTS ? MOST_ELEMENTS : columns(p);
}

static hone_status read_steps(int64_t *out, const hone_safetensors *file, const char *path)
{
    const char *text = hone__safetensors_metadata(file, "step");
    char *end = NULL;
    long long steps = text ? strtoll(text, &end, 10) : -1;
    if (steps < 0 || *end)
        return hone__fail(HONE_FORMAT, "%s: the update count (metadata \"step\") is missing", path);
    *out = steps;
    return HONE_OK;
}

/* Another optimizer's state is no state of this one. Files without a format are older: AdamW's. */
static hone_status check_format(const hone_optimizer *opt, const hone_safetensors *file, const char *path)
{
    char format[32];
    const char *there = hone__safetensors_metadata(file, "format");
    format_of(format, opt);
    if (!there || strcmp(there, format) == 0)
        return HONE_OK;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: it is the state of %s, not of %s", path,
                                 strncmp(there, "hone_", 5) == 0 ? there + 5 : there, format + 5),
                      "resume with the --optim of that run");
}

hone_status hone_optimizer_load(hone_optimizer *opt, const char *path)
{
    pieces all = {NULL, 0};
    hone_safetensors *file = NULL;
    float *buffer = NULL;
    size_t most = 0;
    int64_t steps = 0;
    hone_status status;
    HONE_GO(collect(&all, opt));
    HONE_GO(hone__safetensors_open(&file, path));
    HONE_GO(check_format(opt, file, path));
    HONE_GO(read_steps(&steps, file, path));
    for (size_t i = 0; i < all.n; i++) {
        HONE_GO(check_piece(file, &all.items[i], path));
        most = buffer_size(&all.items[i]) > most ? buffer_size(&all.items[i]) : most;
    }
    HONE_GO(HONE_ALLOC(&buffer, most + 1));
    HONE_GO(hone__params_flush(opt->params));
    for (size_t i = 0; i < all.n; i++)
        HONE_GO(load_piece(opt->params->backend, file, &all.items[i], buffer));
    opt->n_steps = steps;
done:
    hone__free(buffer);
    hone__safetensors_close(file);
    free_pieces(&all);
    return status;
}
