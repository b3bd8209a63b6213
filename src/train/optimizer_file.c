/* The optimizer's state as a safetensors file: exp_avg.NAME and exp_avg_sq.NAME for every name of the model file, and the update count in the metadata. The names are those
 * of the file and not of the flat buffers, so that the buffers' layout may change without old checkpoints becoming worthless. */
#include "models/safetensors.h"
#include "nn/table.h"
#include "train/optimizer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One slice of one moment, for reading and writing. */
typedef struct piece {
    char *name;
    const hone_param_slice *slice;
    const hone_param *param;
    float *data; /* flat buffer at the slice's first element, device */
    size_t count;
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

static hone_status add_piece(pieces *out, const hone_params *params, const hone_param_slice *slice, const char *prefix, void *buffer)
{
    const hone_param *param = params->items[slice->param];
    int64_t row_elements = param->tensor.n_dims > 1 ? param->tensor.dim[1] : 1;
    piece *p = &out->items[out->n];
    hone_str name = HONE_STR_INIT;
    hone__str_printf(&name, "%s.%s", prefix, slice->file_name);
    HONE_TRY(hone__str_take(&p->name, &name));
    p->slice = slice;
    p->param = param;
    p->data = (float *)buffer + param->offset + slice->row * row_elements;
    p->count = (size_t)(slice->n_rows * row_elements);
    out->n++;
    return HONE_OK;
}

static hone_status collect(pieces *out, const hone_params *params)
{
    HONE_TRY(HONE_NEW(&out->items, 2 * params->n_slices));
    for (size_t i = 0; i < params->n_slices; i++) {
        if (params->slices[i].tied)
            continue;
        HONE_TRY(add_piece(out, params, &params->slices[i], "exp_avg", params->m));
        HONE_TRY(add_piece(out, params, &params->slices[i], "exp_avg_sq", params->v));
    }
    return HONE_OK;
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
    char steps[32];
    const char *metadata[] = {"format", "hone_adamw", "step", steps, NULL};
    hone_status status;
    snprintf(steps, sizeof(steps), "%" PRId64, opt->n_steps);
    HONE_GO(hone__params_flush(opt->params));
    HONE_GO(collect(&all, opt->params));
    HONE_GO(HONE_NEW(&sources, all.n));
    for (size_t i = 0; i < all.n; i++) {
        const hone_tensor *value = &all.items[i].param->tensor;
        sources[i] =
            (hone_safetensor_source){.name = all.items[i].name, .dtype = HONE_DTYPE_F32, .n_dims = value->n_dims, .payload = &all.items[i]};
        sources[i].dim[0] = all.items[i].slice->n_rows;
        sources[i].dim[1] = value->n_dims > 1 ? value->dim[1] : 0;
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

static hone_status load_piece(hone_backend *b, const hone_safetensors *file, const piece *p, float *buffer)
{
    HONE_TRY(hone__safetensors_read(file, hone__safetensors_find(file, p->name), HONE_DTYPE_F32, 0, p->count, buffer));
    if (p->param->table)
        hone__table_loaded(p->param->table, p->slice->row, p->slice->n_rows, buffer);
    return b->ops->upload(b, p->data, buffer, p->count * sizeof(float));
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

hone_status hone_optimizer_load(hone_optimizer *opt, const char *path)
{
    pieces all = {NULL, 0};
    hone_safetensors *file = NULL;
    float *buffer = NULL;
    size_t most = 0;
    int64_t steps = 0;
    hone_status status;
    HONE_GO(collect(&all, opt->params));
    HONE_GO(hone__safetensors_open(&file, path));
    HONE_GO(read_steps(&steps, file, path));
    for (size_t i = 0; i < all.n; i++) {
        HONE_GO(check_piece(file, &all.items[i], path));
        most = all.items[i].count > most ? all.items[i].count : most;
    }
    HONE_GO(HONE_ALLOC(&buffer, most));
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
