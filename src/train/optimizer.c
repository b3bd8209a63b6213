/* AdamW (Loshchilov & Hutter 2019) as torch.optim.AdamW computes it, over the flat buffers of a model in one pass. Clipping, the division by the number of items and the
 * verdict about non-finite gradients ride along in that pass (engine.md, 3), so that no gradient is ever rewritten.
 * The bias correction counts the optimizer's updates; torch counts per parameter, which differs only for a parameter that had no gradient in some of them. */
#include "train/optimizer.h"
#include "base/mem.h"
#include "nn/table.h"

#include <math.h>
#include <string.h>

static hone_status check_options(const hone_adamw_options *o)
{
    if (!(o->learning_rate >= 0) || !(o->epsilon >= 0) || !(o->weight_decay >= 0))
        return hone__fail(HONE_INVALID_ARGUMENT, "AdamW: learning rate, epsilon and weight decay must not be negative");
    if (!(o->beta1 >= 0 && o->beta1 < 1) || !(o->beta2 >= 0 && o->beta2 < 1))
        return hone__fail(HONE_INVALID_ARGUMENT, "AdamW: betas must be in [0, 1)");
    return HONE_OK;
}

static bool is_updated(const hone_param *p)
{
    return !p->fresh && !p->frozen;
}

static float decay_of(const hone_optimizer *opt, const hone_param *p)
{
    return p->decay || opt->options.decay_all ? (float)opt->options.weight_decay : 0.0f;
}

static hone_status allocate(hone_optimizer *opt)
{
    hone_backend *b = opt->params->backend;
    HONE_TRY(HONE_NEW(&opt->segments, opt->params->n_items));
    opt->device = &opt->host;
    if (b->own_memory) {
        void *device = NULL;
        HONE_TRY(b->ops->alloc(b, &device, sizeof(opt->host)));
        opt->device = device;
    }
    opt->scratch_bytes = b->ops->workspace(b, HONE_WS_REDUCE, (int64_t)opt->params->n_elements, 1, 1);
    if (opt->scratch_bytes)
        HONE_TRY(b->ops->alloc(b, &opt->scratch, opt->scratch_bytes));
    return HONE_OK;
}

hone_status hone_optimizer_adamw_new(hone_optimizer **out, hone_model *model, const hone_adamw_options *options)
{
    return hone__optimizer_new(out, hone__model_params(model), options);
}

hone_status hone__optimizer_new(hone_optimizer **out, hone_params *params, const hone_adamw_options *options)
{
    hone_adamw_options defaults = HONE_ADAMW_OPTIONS_INIT;
    hone_optimizer *opt = NULL;
    hone_status status;
    *out = NULL;
    HONE_TRY(check_options(options ? options : &defaults));
    if (!params->grad)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the model was opened for inference and cannot be trained"),
                          "set for_training in hone_model_options");
    HONE_TRY(HONE_NEW(&opt, 1));
    opt->params = params;
    opt->options = options ? *options : defaults;
    opt->learning_rate = opt->options.learning_rate;
    HONE_GO(allocate(opt));
    hone_optimizer_zero_grad(opt);
    *out = opt;
    return HONE_OK;
done:
    hone_optimizer_free(opt);
    return status;
}

void hone_optimizer_free(hone_optimizer *opt)
{
    if (!opt)
        return;
    hone_backend *b = opt->params->backend;
    if (opt->device && opt->device != &opt->host)
        b->ops->release(b, opt->device, sizeof(opt->host));
    if (opt->scratch)
        b->ops->release(b, opt->scratch, opt->scratch_bytes);
    hone__free(opt->segments);
    hone__free(opt);
}

/* Runs of neighbours with the same decay; the gaps between them are zero in every buffer and stay so. Without a gradient: not in it. A table that may be sparse stands
 * alone, so that the norm's blocks are the same when it is not. */
static void collect_segments(hone_optimizer *opt)
{
    opt->n_segments = 0;
    bool adjacent = false;
    for (size_t i = 0; i < opt->params->n_items; i++) {
        const hone_param *p = opt->params->items[i];
        if (!is_updated(p)) {
            adjacent = false;
            continue;
        }
        float decay = decay_of(opt, p);
        hone_segment *last = opt->n_segments ? &opt->segments[opt->n_segments - 1] : NULL;
        if (adjacent && !p->sparse && last->weight_decay == decay)
            last->end = p->offset + p->count;
        else
            opt->segments[opt->n_segments++] = (hone_segment){.begin = p->offset,
                                                              .end = p->offset + p->count,
                                                              .lr_scale = 1.0f,
                                                              .weight_decay = decay,
                                                              .skipped = p->skipped,
                                                              .slots = p->table ? hone__table_slots(p->table) : NULL};
        adjacent = !p->sparse;
    }
}

static hone_status put_scalars(hone_optimizer *opt)
{
    hone_backend *b = opt->params->backend;
    return opt->device == &opt->host ? HONE_OK : b->ops->upload(b, opt->device, &opt->host, sizeof(opt->host));
}

static hone_status get_scalars(hone_optimizer *opt)
{
    hone_backend *b = opt->params->backend;
    return opt->device == &opt->host ? b->ops->sync(b) : b->ops->download(b, &opt->host, opt->device, sizeof(opt->host));
}

hone_status hone_optimizer_grad_norm(hone_optimizer *opt, double *norm, int64_t *n_nonfinite)
{
    hone_backend *b = opt->params->backend;
    collect_segments(opt);
    HONE_TRY(
        b->ops->norm2(b, &opt->device->norm2, &opt->device->n_nonfinite, opt->params->grad, opt->segments, opt->n_segments, opt->scratch));
    HONE_TRY(get_scalars(opt));
    *norm = sqrt(opt->host.norm2);
    if (n_nonfinite)
        *n_nonfinite = opt->host.n_nonfinite;
    return HONE_OK;
}

hone_status hone__optimizer_clip(hone_optimizer *opt, double items, double max_norm, double *norm, bool *finite)
{
    int64_t n_nonfinite = 0;
    double scale = items > 0 ? 1 / items : 0;
    HONE_TRY(hone_optimizer_grad_norm(opt, norm, &n_nonfinite));
    *norm *= scale;
    *finite = n_nonfinite == 0 && isfinite(*norm);
    opt->host.skip = !*finite;
    opt->host.factor = (float)(max_norm > 0 ? scale * fmin(1, max_norm / (*norm + 1e-6)) : scale);
    return put_scalars(opt);
}

static hone_status step_tables(hone_optimizer *opt, const hone_adamw *how)
{
    for (size_t i = 0; i < opt->params->n_items; i++) {
        hone_param *p = opt->params->items[i];
        if (p->table && is_updated(p))
            HONE_TRY(hone__table_step(p->table, &(hone_adamw_step){*how, 1.0f, decay_of(opt, p)}, &opt->device->factor));
    }
    return HONE_OK;
}

static hone_status skip_step(hone_optimizer *opt)
{
    opt->n_skipped++;
    return HONE_OK;
}

hone_status hone_optimizer_step(hone_optimizer *opt)
{
    hone_params *p = opt->params;
    const hone_adamw_options *o = &opt->options;
    if (opt->host.skip)
        return skip_step(opt);
    double t = (double)(opt->n_steps + 1);
    hone_adamw how = {opt->learning_rate, o->beta1, o->beta2, o->epsilon, 1 - pow(o->beta1, t), sqrt(1 - pow(o->beta2, t))};
    collect_segments(opt);
    HONE_TRY(p->backend->ops->adamw(p->backend, p->master, NULL, HONE_DTYPE_F32, p->grad, p->m, p->v, opt->segments, opt->n_segments, &how,
                                    &opt->device->factor, &opt->device->skip));
    HONE_TRY(step_tables(opt, &how));
    opt->n_steps++;
    hone__params_changed(p);
    return HONE_OK;
}

void hone_optimizer_zero_grad(hone_optimizer *opt)
{
    hone__params_zero_grad(opt->params);
    opt->host.factor = 1;
    opt->host.skip = 0;
    if (opt->device != &opt->host)
        put_scalars(opt);
}

double hone_optimizer_learning_rate(const hone_optimizer *opt)
{
    return opt->learning_rate;
}

void hone_optimizer_set_learning_rate(hone_optimizer *opt, double learning_rate)
{
    opt->learning_rate = learning_rate;
}

int64_t hone_optimizer_n_steps(const hone_optimizer *opt)
{
    return opt->n_steps;
}

int64_t hone_optimizer_n_skipped(const hone_optimizer *opt)
{
    return opt->n_skipped;
}
