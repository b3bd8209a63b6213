/* From files to parameters and back: finding a parameter's tensors by name, checking shapes, mapping (inference) or reading into the flat buffers (training),
 * fresh values for what is missing, and saving.
 *
 * Fresh values come from Philox keyed by the seed and the parameter's name: they do not depend on the order of parameters or on what else is missing. */
#include "models/class.h"

#include "base/log.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

#define PIECE ((size_t)1 << 18) /* elements on their way between file and device */

/* ---- fresh values ---- */

hone_tensor hone__slice_tensor(const hone_tensor *whole, const hone_param_slice *s)
{
    hone_tensor x = *whole;
    size_t row = x.n_dims > 1 ? (size_t)x.dim[1] : 1;
    if (x.data)
        x.data = (char *)x.data + (size_t)s->row * row * hone_dtype_size(x.dtype);
    x.dim[0] = s->n_rows;
    if (x.n_dims == 1)
        x.ld = s->n_rows;
    return x;
}

static hone_status zero_pad_row(hone_model *m, hone_tensor *x)
{
    hone_backend *b = m->params->backend;
    size_t bytes = (size_t)x->dim[1] * hone_dtype_size(x->dtype);
    int64_t pad = m->config->pad_token_id;
    if (pad < 0 || pad >= x->dim[0])
        return HONE_OK;
    return b->ops->fill_zero(b, (char *)x->data + (size_t)pad * bytes, bytes);
}

/* sin and cos of position / 10000^(2 floor(j / 2) / C), in even and odd columns (DistilBERT's sinusoidal_pos_embds). */
static hone_status fill_sinusoid(hone_model *m, hone_tensor *x)
{
    hone_backend *b = m->params->backend;
    size_t C = (size_t)x->dim[1];
    float *row;
    HONE_TRY(HONE_ALLOC(&row, C));
    hone_status status = HONE_OK;
    for (int64_t i = 0; i < x->dim[0] && status == HONE_OK; i++) {
        for (size_t j = 0; j < C; j++) {
            double angle = (double)i / pow(10000.0, 2.0 * (double)(j / 2) / (double)C);
            row[j] = (float)(j % 2 ? cos(angle) : sin(angle));
        }
        status = b->ops->upload(b, (float *)x->data + (size_t)i * C, row, C * sizeof(float));
    }
    hone__free(row);
    return status;
}

static hone_status initialise(hone_model *m, hone_param *p, const hone_param_slice *s, uint64_t seed)
{
    hone_backend *b = m->params->backend;
    hone_initial how = m->class->initial(m, s->file_name);
    hone_tensor x = hone__slice_tensor(&p->tensor, s);
    hone_mat y = hone__mat(&x);
    if (how.sinusoid) {
        p->frozen = true; /* as the reference has it, unless they come from a file */
        return fill_sinusoid(m, &x);
    }
    if (how.deviation > 0.0) {
        uint64_t key = hone__splitmix64(seed ^ hone__hash64(s->file_name, strlen(s->file_name), 0));
        HONE_TRY(b->ops->random(b, &y, HONE_RANDOM_NORMAL, 0.0f, (float)how.deviation, key));
        return how.zero_pad_row ? zero_pad_row(m, &x) : HONE_OK;
    }
    HONE_TRY(b->ops->fill_zero(b, x.data, (size_t)(y.rows * y.cols) * hone_dtype_size(x.dtype)));
    return how.value != 0.0 ? b->ops->unary(b, &y, &y, HONE_UNARY_ADD_SCALAR, (float)how.value, 0.0f) : HONE_OK;
}

hone_status hone__weights_initialise(hone_model *m, uint64_t seed)
{
    const hone_params *params = m->params;
    for (size_t k = 0; k < params->n_slices; k++)
        if (!params->slices[k].tied)
            HONE_TRY(initialise(m, params->items[params->slices[k].param], &params->slices[k], seed));
    return HONE_OK;
}

/* ---- names and shapes ---- */

typedef struct loading {
    hone_model *m;
    const hone_model_options *options;
    hone_safetensors *file;
    bool *used; /* by tensor of the file */
    float *piece;
    hone_str fresh, misfits; /* names of what was initialised: for want of a tensor, or of one that fits */
    bool mismatch;           /* the last tensor looked for is there, in another shape */
} loading;

/* LayerNorm.weight and .bias were gamma and beta in files that came from TensorFlow. */
static const hone_safetensor *find_spelled(const loading *x, const char *name)
{
    static const char *const spellings[][2] = {{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}};
    const hone_safetensor *t = hone__safetensors_find(x->file, name);
    for (size_t i = 0; !t && i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        char text[256];
        int stem = (int)(strlen(name) - strlen(spellings[i][0]));
        if (!hone__ends_with(name, spellings[i][0]))
            continue;
        snprintf(text, sizeof(text), "%.*s%s", stem, name, spellings[i][1]);
        t = hone__safetensors_find(x->file, text);
    }
    return t;
}

/* The file's tensor of that name: the bare model's names lack the prefix, whichever of the two the file is. */
static const hone_safetensor *find(const loading *x, const char *name)
{
    const char *prefix = x->m->class->prefix;
    const hone_safetensor *t = find_spelled(x, name);
    char text[256];
    if (!t && hone__starts_with(name, prefix))
        return find_spelled(x, name + strlen(prefix));
    if (t || x->m->task != HONE_FEATURE_EXTRACTION)
        return t;
    snprintf(text, sizeof(text), "%s%s", prefix, name);
    return find_spelled(x, text);
}

static bool is_head(const hone_model *m, const char *name)
{
    return m->task != HONE_FEATURE_EXTRACTION && !hone__starts_with(name, m->class->prefix);
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
    if (x->m->params->master || t->dtype != HONE_DTYPE_F32 || t->stride || s->n_rows != p->tensor.dim[0] || (uintptr_t)data % sizeof(float))
        return false;
    hone__params_lend(x->m->params, p, (void *)(uintptr_t)data);
    return true;
}

static hone_status begin_fresh(loading *x, hone_param *p, const hone_param_slice *s)
{
    hone_str *names = x->mismatch ? &x->misfits : &x->fresh;
    hone__str_printf(names, "%s'%s'", names->len ? ", " : "", s->file_name);
    x->mismatch = false;
    if (x->options->empty_weights)
        return HONE_OK;
    if (!p->tensor.data)
        HONE_TRY(own(x->m, p));
    return initialise(x->m, p, s, x->options->seed);
}

/* One tensor of the file into (a part of) its parameter. *found false: there is none, or none that fits. */
static hone_status load_slice(bool *found, loading *x, hone_param *p, const hone_param_slice *s)
{
    const hone_safetensor *t = find(x, s->file_name);
    *found = false;
    x->mismatch = false;
    if (!t)
        return HONE_OK;
    x->used[t - hone__safetensors_at(x->file, 0)] = true;
    HONE_TRY(check_shape(found, x, p, s, t));
    x->mismatch = !*found;
    if (!*found || x->options->empty_weights || lend(x, p, s, t))
        return HONE_OK;
    if (!p->tensor.data)
        HONE_TRY(own(x->m, p));
    return read_slice(x, p, s, t);
}

/* The second name of a parameter, when the file lacks the first. */
static hone_status load_tied(bool *found, loading *x, uint32_t i)
{
    const hone_params *params = x->m->params;
    for (size_t k = 0; k < params->n_slices && !*found; k++)
        if (params->slices[k].param == i && params->slices[k].tied)
            HONE_TRY(load_slice(found, x, params->items[i], &params->slices[k]));
    return HONE_OK;
}

/* Whatever is tied is used, read or not. */
static void mark_tied(loading *x)
{
    const hone_params *params = x->m->params;
    for (size_t k = 0; k < params->n_slices; k++) {
        const hone_safetensor *t = params->slices[k].tied ? find(x, params->slices[k].file_name) : NULL;
        if (t)
            x->used[t - hone__safetensors_at(x->file, 0)] = true;
    }
}

static hone_status load_all(loading *x)
{
    const hone_params *params = x->m->params;
    for (size_t k = 0; k < params->n_slices; k++) {
        const hone_param_slice *s = &params->slices[k];
        hone_param *p = params->items[s->param];
        bool found;
        if (s->tied)
            continue;
        HONE_TRY(load_slice(&found, x, p, s));
        if (!found && !x->mismatch)
            HONE_TRY(load_tied(&found, x, s->param));
        if (!found)
            HONE_TRY(begin_fresh(x, p, s));
    }
    mark_tied(x);
    return HONE_OK;
}

/* The reference's warnings (transformers/modeling_utils.py), each in one line. */
static void warn_unused(const loading *x, const char *folder, const char *architecture)
{
    hone_str names = HONE_STR_INIT;
    for (size_t i = 0; i < hone__safetensors_count(x->file); i++) {
        const char *name = hone__safetensors_at(x->file, i)->name;
        if (!x->used[i] && !x->m->class->obsolete(name))
            hone__str_printf(&names, "%s'%s'", names.len ? ", " : "", name);
    }
    if (names.len && !names.failed)
        hone__log(HONE_LOG_WARNING, "Some weights of the model checkpoint at %s were not used when initializing %s: [%s]", folder,
                  architecture, names.data);
    hone__str_dispose(&names);
}

static void warn_fresh(const loading *x, const char *folder, const char *architecture)
{
    static const char advice[] =
        "You should probably TRAIN this model on a down-stream task to be able to use it for predictions and inference.";
    if (x->fresh.len && !x->fresh.failed)
        hone__log(HONE_LOG_WARNING,
                  "Some weights of %s were not initialized from the model checkpoint at %s and are newly initialized: [%s]. %s",
                  architecture, folder, x->fresh.data, advice);
    if (x->misfits.len && !x->misfits.failed)
        hone__log(
            HONE_LOG_WARNING,
            "Some weights of %s were not initialized from the model checkpoint at %s and are newly initialized because the shapes did "
            "not match: [%s]. %s",
            architecture, folder, x->misfits.data, advice);
}

static hone_status open_file(hone_safetensors **out, const char *folder)
{
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                        "pytorch_model.bin.index.json"};
    *out = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = NULL;
        HONE_TRY(hone__path_join(&path, folder, names[i]));
        hone_status status = hone__is_file(path) ? hone__safetensors_open(out, path) : HONE_OK;
        hone__free(path);
        if (status != HONE_OK || *out)
            return status;
    }
    return hone__hint(hone__fail(HONE_NOT_FOUND, "%s has no model.safetensors and no pytorch_model.bin", folder),
                      "weights in another format are saved anew by save_pretrained(…, safe_serialization=True)");
}

hone_status hone__weights_load(hone_model *m, const char *folder, const hone_model_options *options)
{
    loading x = {.m = m, .options = options, .fresh = HONE_STR_INIT, .misfits = HONE_STR_INIT};
    hone_status status = HONE_OK;
    HONE_GO(open_file(&x.file, folder));
    HONE_GO(HONE_NEW(&x.used, hone__safetensors_count(x.file)));
    HONE_GO(HONE_ALLOC(&x.piece, PIECE));
    if (options->for_training && !options->empty_weights)
        HONE_GO(hone__params_allocate(m->params));
    HONE_GO(load_all(&x));
    if (options->empty_weights)
        goto done;
    warn_unused(&x, folder, m->class->architectures[m->task]);
    warn_fresh(&x, folder, m->class->architectures[m->task]);
    if (!m->params->master) { /* the weights live in its mapping */
        m->file = x.file;
        x.file = NULL;
    }
done:
    hone__safetensors_close(x.file);
    hone__str_dispose(&x.fresh);
    hone__str_dispose(&x.misfits);
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

hone_status hone__weights_check_save(const hone_model *m)
{
    if (!hone__model_is_quantized(m))
        return HONE_OK;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "a model in 8 bits cannot be saved: its weights in float32 are gone"),
                      "save it before hone_model_quantize, or copy the folder that it came from");
}

hone_status hone__weights_save(const hone_model *m, const char *path)
{
    const hone_params *params = m->params;
    hone_safetensor_source *sources = NULL;
    size_t n = 0;
    HONE_TRY(hone__weights_check_save(m));
    HONE_TRY(hone__params_flush(m->params));
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
