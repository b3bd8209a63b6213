/* AdamW (Loshchilov & Hutter 2019) as torch.optim.AdamW computes it, over the flat buffers of a model in one pass. Clipping, the division by the number of items and the
 * verdict about non-finite gradients ride along in that pass (engine.md, 3), so that no gradient is ever rewritten.
 * The bias correction counts the optimizer's updates; torch counts per parameter, which differs only for a parameter that had no gradient in some of them. */
#include "train/optimizer/optimizer.h"
#include "base/mem.h"
#include "base/spans.h"
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

hone_status hone_optimizer_new(hone_optimizer **out, hone_optim kind, hone_model *model, const hone_optimizer_options *options)
{
    return hone__optimizer_make(out, kind, hone__model_params(model), options);
}

hone_status hone__optimizer_new(hone_optimizer **out, hone_params *params, const hone_adamw_options *options)
{
    hone_optimizer_options all = {HONE_ADAMW_OPTIONS_INIT, NULL};
    if (options)
        all.adamw = *options;
    return hone__optimizer_make(out, HONE_OPTIM_ADAMW_TORCH, params, &all);
}

/* The state of a rule that is not AdamW; the moments of that one go. */
static hone_status allocate_rule(hone_optimizer *opt)
{
    const hone_params *params = opt->params;
    hone_backend *b = params->backend;
    const char *names[HONE_RULE_STATES];
    size_t lines = 1;
    if (b->own_memory)
        return hone__hint(hone__fail(HONE_UNSUPPORTED, "--optim: the device %s has AdamW alone", b->ops->name), "give --optim adamw_torch");
    HONE_TRY(hone__params_moments(opt->params, false));
    hone__rule_states(names, &opt->rule);
    for (int i = 0; i < HONE_RULE_STATES && names[i]; i++)
        HONE_TRY(b->ops->alloc(b, (void **)&opt->state[i], params->n_elements * sizeof(float)));
    if (opt->rule.kind != HONE_OPTIM_ADAFACTOR)
        return HONE_OK;
    for (size_t i = 0; i < params->n_slices; i++) {
        const hone_param_slice *s = &params->slices[i];
        size_t n = hone__adafactor_lines(s->n_rows, hone__slice_cols(params, s));
        opt->n_factored += s->tied ? 0 : hone__adafactor_room(s->n_rows, hone__slice_cols(params, s));
        lines = n > lines ? n : lines;
    }
    HONE_TRY(b->ops->alloc(b, (void **)&opt->factored, opt->n_factored * sizeof(float)));
    return HONE_NEW(&opt->lines, lines);
}

size_t hone__optimizer_bytes(const hone_optimizer *opt)
{
    size_t flat = opt->params->n_elements * sizeof(float), bytes = opt->n_factored * sizeof(float);
    for (int i = 0; i < HONE_RULE_STATES; i++)
        bytes += opt->state[i] ? flat : 0;
    return hone__optimizer_is_adamw(opt) ? 2 * flat : bytes;
}

hone_status hone__optimizer_make(hone_optimizer **out, hone_optim kind, hone_params *params, const hone_optimizer_options *options)
{
    hone_optimizer_options defaults = {HONE_ADAMW_OPTIONS_INIT, NULL};
    hone_optimizer *opt = NULL;
    hone_rule rule;
    hone_status status;
    *out = NULL;
    options = options ? options : &defaults;
    HONE_TRY(check_options(&options->adamw));
    HONE_TRY(hone__rule_init(&rule, kind, options->args));
    if (!params->grad)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the model was opened for inference and cannot be trained"),
                          "set for_training in hone_model_options");
    HONE_TRY(HONE_NEW(&opt, 1));
    opt->params = params;
    opt->options = options->adamw;
    opt->rule = rule;
    opt->learning_rate = opt->options.learning_rate;
    HONE_GO(allocate(opt));
    HONE_GO(hone__optimizer_is_adamw(opt) ? hone__params_moments(params, true) : allocate_rule(opt));
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
    for (int i = 0; i < HONE_RULE_STATES; i++)
        if (opt->state[i])
            b->ops->release(b, opt->state[i], opt->params->n_elements * sizeof(float));
    if (opt->factored)
        b->ops->release(b, opt->factored, opt->n_factored * sizeof(float));
    hone__free(opt->lines);
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
    hone__part_begin("clip");
    hone_status status = hone_optimizer_grad_norm(opt, norm, &n_nonfinite);
    hone__span_end();
    HONE_TRY(status);
    *norm *= scale;
    *finite = n_nonfinite == 0 && isfinite(*norm);
    opt->host.skip = !*finite;
    opt->host.factor = (float)(max_norm > 0 ? scale * fmin(1, max_norm / (*norm + 1e-6)) : scale);
    return put_scalars(opt);
}

hone_status hone__optimizer_clip_value(hone_optimizer *opt, float most)
{
    hone_params *params = opt->params;
    hone_backend *b = params->backend;
    collect_segments(opt);
    for (size_t i = 0; i < opt->n_segments; i++) {
        const hone_segment *s = &opt->segments[i];
        int64_t n = (int64_t)(s->end - s->begin);
        hone_mat g = {.data = (char *)params->grad + (s->begin - s->skipped) * hone_dtype_size(params->dtype),
                      .dtype = params->dtype,
                      .rows = 1,
                      .cols = n,
                      .ld = n};
        if (s->slots)
            g = (hone_mat){(void *)(uintptr_t)s->slots->g, params->dtype, s->slots->n, s->slots->cols, s->slots->cols};
        if (g.rows > 0)
            HONE_TRY(b->ops->unary(b, &g, &g, HONE_UNARY_CLAMP, -most, most));
    }
    return HONE_OK;
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

/* The other rules go tensor by tensor, as files name them: Adafactor looks at whole matrices. */
static hone_status step_rule(hone_optimizer *opt)
{
    hone_params *params = opt->params;
    size_t factored = 0;
    if (strcmp(params->backend->ops->name, "dry") == 0)
        return HONE_OK;
    for (size_t i = 0; i < params->n_slices; i++) {
        const hone_param_slice *slice = &params->slices[i];
        hone_param *p = params->items[slice->param];
        int64_t cols = hone__slice_cols(params, slice);
        const hone_tensor *grad = &p->grad;
        size_t at = (size_t)(slice->row * (cols ? cols : 1)), room = hone__adafactor_room(slice->n_rows, cols);
        if (slice->tied)
            continue;
        factored += room;
        if (!is_updated(p))
            continue;
        if (p->table)
            HONE_TRY(hone__table_gradient(p->table, &grad));
        hone_rule_step step = {.rule = &opt->rule,
                               .p = (float *)p->tensor.data + at,
                               .g = (const float *)grad->data + at,
                               .n = (size_t)(slice->n_rows * (cols ? cols : 1)),
                               .rows = slice->n_rows,
                               .cols = cols,
                               .lr = opt->learning_rate,
                               .weight_decay = (double)decay_of(opt, p),
                               .factor = opt->host.factor,
                               .t = opt->n_steps + 1,
                               .factored = opt->factored ? opt->factored + factored - room : NULL,
                               .lines = opt->lines,
                               .n_threads = params->backend->n_threads};
        for (int k = 0; k < HONE_RULE_STATES && opt->state[k]; k++)
            step.state[k] = opt->state[k] + p->offset + at;
        hone__rule_step(&step);
    }
    return HONE_OK;
}

static hone_status step_adamw(hone_optimizer *opt)
{
    hone_params *p = opt->params;
    const hone_adamw_options *o = &opt->options;
    double t = (double)(opt->n_steps + 1);
    hone_adamw how = {opt->learning_rate, o->beta1, o->beta2, o->epsilon, 1 - pow(o->beta1, t), sqrt(1 - pow(o->beta2, t))};
    collect_segments(opt);
    HONE_TRY(p->backend->ops->adamw(p->backend, p->master, NULL, HONE_DTYPE_F32, p->grad, p->m, p->v, opt->segments, opt->n_segments, &how,
                                    &opt->device->factor, &opt->device->skip));
    return step_tables(opt, &how);
}

hone_status hone_optimizer_step(hone_optimizer *opt)
{
    if (opt->host.skip) {
        opt->n_skipped++;
        return HONE_OK;
    }
    hone__part_begin("optimizer");
    hone_status status = hone__optimizer_is_adamw(opt) ? step_adamw(opt) : step_rule(opt);
    hone__span_end();
    HONE_TRY(status);
    opt->n_steps++;
    hone__params_changed(opt->params);
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
