/* From files to parameters and back: finding a parameter's tensors by name, checking shapes, mapping (inference) or reading into the flat buffers (training),
 * fresh values for what is missing, and saving.
 *
 * Fresh values come from Philox keyed by the seed and the parameter's name: they do not depend on the order of parameters or on what else is missing. */
#include "models/class.h"

#include "base/log.h"
#include "base/rng.h"

#include <string.h>

#define PIECE ((size_t)1 << 18) /* elements on their way between file and device */

/* ---- fresh values ---- */

static hone_status initialise(hone_model *m, hone_param *p, uint64_t seed)
{
    hone_backend *b = m->params->backend;
    hone_initial how = m->class->initial(m, p);
    hone_mat y = hone__mat(&p->tensor);
    if (how.deviation > 0.0) {
        uint64_t key = hone__splitmix64(seed ^ hone__hash64(p->name, strlen(p->name), 0));
        return b->ops->random(b, &y, HONE_RANDOM_NORMAL, 0.0f, (float)how.deviation, key);
    }
    HONE_TRY(b->ops->fill_zero(b, p->tensor.data, p->count * hone_dtype_size(p->tensor.dtype)));
    return how.value != 0.0 ? b->ops->unary(b, &y, &y, HONE_UNARY_ADD_SCALAR, (float)how.value, 0.0f) : HONE_OK;
}

hone_status hone__weights_initialise(hone_model *m, uint64_t seed)
{
    for (size_t i = 0; i < m->params->n_items; i++)
        HONE_TRY(initialise(m, m->params->items[i], seed));
    return HONE_OK;
}

/* ---- names and shapes ---- */

typedef struct loading {
    hone_model *m;
    const hone_model_options *options;
    hone_safetensors *file;
    bool *used; /* by tensor of the file */
    float *piece;
    hone_str fresh; /* names of what was initialised */
    size_t n_fresh;
} loading;

/* The file's tensor of that name, with or without the prefix of the base model. */
static const hone_safetensor *find(const loading *x, const char *name)
{
    const char *prefix = x->m->class->prefix;
    const hone_safetensor *t = hone__safetensors_find(x->file, name);
    if (!t && hone__starts_with(name, prefix))
        t = hone__safetensors_find(x->file, name + strlen(prefix));
    return t;
}

static bool is_head(const hone_model *m, const char *name)
{
    return !hone__starts_with(name, m->class->prefix);
}

/* HONE_OK with *fits false: a head of another shape, to be initialised as the options allow. */
static hone_status check_shape(bool *fits, const loading *x, const hone_param *p, const hone_param_slice *s, const hone_safetensor *t)
{
    int64_t want[4];
    char is[128], must[128];
    memcpy(want, p->tensor.dim, sizeof(want));
    want[0] = s->n_rows;
    *fits = t->n_dims == p->tensor.n_dims;
    for (int i = 0; *fits && i < t->n_dims; i++)
        *fits = t->dim[i] == want[i];
    if (*fits || (x->options->ignore_mismatched_sizes && is_head(x->m, s->file_name)))
        return HONE_OK;
    hone_status status = hone__fail(HONE_SHAPE, "%s: tensor %s is %s, the configuration makes it %s", hone__safetensors_path(x->file, t),
                                    t->name, hone__safetensors_shape(is, sizeof(is), t->n_dims, t->dim),
                                    hone__safetensors_shape(must, sizeof(must), p->tensor.n_dims, want));
    return hone__hint(status, is_head(x->m, s->file_name) ? "--ignore_mismatched_sizes true begins a new head"
                                                          : "config.json and the weights must be of one model");
}

/* ---- reading ---- */

/* Rows of a slice into the parameter, by pieces. */
static hone_status read_slice(loading *x, hone_param *p, const hone_param_slice *s, const hone_safetensor *t)
{
    hone_backend *b = x->m->params->backend;
    size_t row = p->tensor.n_dims > 1 ? (size_t)p->tensor.dim[1] : 1;
    float *to = (float *)p->tensor.data + (size_t)s->row * row;
    for (uint64_t at = 0; at < t->count;) {
        uint64_t n = t->count - at < PIECE ? t->count - at : PIECE;
        HONE_TRY(hone__safetensors_read(x->file, t, HONE_DTYPE_F32, at, n, x->piece));
        HONE_TRY(b->ops->upload(b, to + at, x->piece, (size_t)n * sizeof(float)));
        at += n;
    }
    return HONE_OK;
}

/* Memory for a parameter that the file cannot lend: where the store has no master. */
static hone_status own(hone_model *m, hone_param *p)
{
    hone_backend *b = m->params->backend;
    size_t bytes = p->count * sizeof(float);
    void *data = NULL;
    if (m->params->master)
        return HONE_OK;
    HONE_TRY(HONE_GROW(&m->own, &m->own_capacity, m->n_own + 1));
    HONE_TRY(b->ops->alloc(b, &data, bytes));
    m->own[m->n_own++] = (hone_own_memory){data, bytes};
    hone__params_lend(m->params, p, data);
    return HONE_OK;
}

/* Points the parameter into the mapping when its values stand there as they are needed. */
static bool lend(loading *x, hone_param *p, const hone_param_slice *s, const hone_safetensor *t)
{
    const void *data = hone__safetensors_data(x->file, t);
    if (x->m->params->master || t->dtype != HONE_DTYPE_F32 || s->n_rows != p->tensor.dim[0] || (uintptr_t)data % sizeof(float))
        return false;
    hone__params_lend(x->m->params, p, (void *)(uintptr_t)data);
    return true;
}

static hone_status begin_fresh(loading *x, hone_param *p, const char *name)
{
    hone__str_printf(&x->fresh, "%s%s", x->n_fresh ? ", " : "", name);
    x->n_fresh++;
    HONE_TRY(own(x->m, p));
    return initialise(x->m, p, x->options->seed);
}

/* One tensor of the file into (a part of) its parameter. *found false: there is none, or none that fits. */
static hone_status load_slice(bool *found, loading *x, hone_param *p, const hone_param_slice *s)
{
    const hone_safetensor *t = find(x, s->file_name);
    *found = false;
    if (!t)
        return HONE_OK;
    x->used[t - hone__safetensors_at(x->file, 0)] = true;
    HONE_TRY(check_shape(found, x, p, s, t));
    if (!*found || lend(x, p, s, t))
        return HONE_OK;
    if (!p->tensor.data)
        HONE_TRY(own(x->m, p));
    return read_slice(x, p, s, t);
}

/* All slices of parameter i; a tied name is looked at when the first name is missing, and marked as used in any case. */
static hone_status load_param(loading *x, uint32_t i)
{
    hone_param *p = x->m->params->items[i];
    const char *missing = NULL;
    bool found, any = false;
    for (size_t k = 0; k < x->m->params->n_slices; k++) {
        const hone_param_slice *s = &x->m->params->slices[k];
        const hone_safetensor *t;
        if (s->param != i)
            continue;
        if (s->tied && any) {
            if ((t = find(x, s->file_name)))
                x->used[t - hone__safetensors_at(x->file, 0)] = true;
            continue;
        }
        HONE_TRY(load_slice(&found, x, p, s));
        any = any || found;
        if (!found && !s->tied)
            missing = s->file_name;
        else if (found && s->tied)
            missing = NULL;
    }
    return missing ? begin_fresh(x, p, missing) : HONE_OK;
}

static void warn_unused(const loading *x)
{
    hone_str names = HONE_STR_INIT;
    for (size_t i = 0; i < hone__safetensors_count(x->file); i++) {
        const char *name = hone__safetensors_at(x->file, i)->name;
        if (!x->used[i] && !x->m->class->obsolete(name))
            hone__str_printf(&names, "%s%s", names.len ? ", " : "", name);
    }
    if (names.len && !names.failed)
        hone__log(HONE_LOG_WARNING, "weights of the file that %s does not use: %s", x->m->class->architectures[x->m->task], names.data);
    hone__str_dispose(&names);
}

static void warn_fresh(const loading *x, const char *folder)
{
    if (x->n_fresh && !x->fresh.failed)
        hone__log(HONE_LOG_WARNING, "weights that %s does not have, newly initialised: %s; the model should be trained before it is used",
                  folder, x->fresh.data);
}

static hone_status open_file(hone_safetensors **out, const char *folder)
{
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json"};
    *out = NULL;
    for (int i = 0; i < 2; i++) {
        char *path = NULL;
        HONE_TRY(hone__path_join(&path, folder, names[i]));
        hone_status status = hone__is_file(path) ? hone__safetensors_open(out, path) : HONE_OK;
        hone__free(path);
        if (status != HONE_OK || *out)
            return status;
    }
    return hone__hint(hone__fail(HONE_NOT_FOUND, "%s has no model.safetensors", folder),
                      "weights in another format (pytorch_model.bin) are saved anew by save_pretrained(…, safe_serialization=True)");
}

hone_status hone__weights_load(hone_model *m, const char *folder, const hone_model_options *options)
{
    loading x = {.m = m, .options = options, .fresh = HONE_STR_INIT};
    hone_status status = HONE_OK;
    HONE_GO(open_file(&x.file, folder));
    HONE_GO(HONE_NEW(&x.used, hone__safetensors_count(x.file)));
    HONE_GO(HONE_ALLOC(&x.piece, PIECE));
    if (options->for_training)
        HONE_GO(hone__params_allocate(m->params));
    for (size_t i = 0; i < m->params->n_items; i++)
        HONE_GO(load_param(&x, (uint32_t)i));
    warn_unused(&x);
    warn_fresh(&x, folder);
    if (!m->params->master) { /* the weights live in its mapping */
        m->file = x.file;
        x.file = NULL;
    }
done:
    hone__safetensors_close(x.file);
    hone__str_dispose(&x.fresh);
    hone__free(x.piece);
    hone__free(x.used);
    return status;
}

/* ---- saving ---- */

static hone_status fetch(void *context, const hone_safetensor_source *source, size_t offset, size_t n, void *out)
{
    hone_backend *b = context;
    return b->ops->download(b, out, (const char *)source->payload + offset, n);
}

hone_status hone__weights_save(const hone_model *m, const char *path)
{
    const hone_params *params = m->params;
    hone_safetensor_source *sources = NULL;
    size_t n = 0;
    HONE_TRY(HONE_NEW(&sources, params->n_slices));
    for (size_t k = 0; k < params->n_slices; k++) {
        const hone_param_slice *s = &params->slices[k];
        const hone_tensor *value = &params->items[s->param]->tensor;
        if (s->tied)
            continue;
        hone_safetensor_source *to = &sources[n++];
        *to = (hone_safetensor_source){.name = s->file_name, .dtype = HONE_DTYPE_F32, .n_dims = value->n_dims};
        to->dim[0] = s->n_rows;
        for (int i = 1; i < value->n_dims; i++)
            to->dim[i] = value->dim[i];
        to->payload = (float *)value->data + s->row * (value->n_dims > 1 ? value->dim[1] : 1);
    }
    hone_status status = hone__safetensors_write(path, sources, n, NULL, fetch, params->backend);
    hone__free(sources);
    return status;
}
