/* hone_model_describe: parameters by group, and the memory of a forward pass and of a training step, forecast on the dry device (engine.md, 2). */
#include "models/class.h"

#include <string.h>

static void count_groups(hone_model_info *out, const hone_model *m)
{
    for (size_t i = 0; i < m->params->n_items; i++) {
        const hone_param *p = m->params->items[i];
        bool table = p->tensor.n_dims == 2 && (p->tensor.dim[0] == m->config->vocab_size || p->tensor.dim[0] == m->config->max_positions);
        bool head = p == m->head && m->params->items[0] != p;
        table = table || strstr(p->name, "embeddings."); /* encoders: types and the norm behind them */
        if (strpbrk(p->name, "0123456789"))              /* only layers have numbers in their names */
            out->n_layer_weights += p->count;
        else
            *(table && !head ? &out->n_embedding : &out->n_head) += p->count;
    }
    out->n_parameters = hone_model_n_parameters(m);
    out->bytes_weights = out->n_parameters * sizeof(float);
}

/* What a step of training has to differentiate: the loss, or for a bare encoder something of its states. */
static hone_tensor *objective(hone_tape *t, hone_output *out, const hone_batch *batch)
{
    return out->model->task == HONE_FEATURE_EXTRACTION ? hone_mean(t, out->hidden) : hone_model_loss(t, out, batch);
}

/* The most that the tape of one pass takes. */
static hone_status run(size_t *bytes, hone_model *m, const hone_batch *batch, bool training)
{
    hone_tape *t = NULL;
    hone_status status = HONE_OK;
    HONE_GO(hone_tape_new(&t, m->device, &(hone_tape_options){.recording = training, .training = training}));
    hone_output out = hone_model_forward(m, t, batch);
    HONE_GO(hone_tape_status(t));
    if (training)
        HONE_GO(hone_tape_backward(t, objective(t, &out, batch)));
    else if (m->task == HONE_CAUSAL_LM)
        hone_model_loss(t, &out, batch);
    HONE_GO(hone_tape_status(t));
    *bytes = hone_tape_bytes_peak(t);
done:
    hone_tape_free(t);
    return status;
}

hone_status hone__model_twin(hone_model **out, const hone_model *m, hone_device *dry)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = dry;
    o.labels = (const char *const *)m->config->labels;
    HONE_TRY(hone__model_new(out, m->class, m->task, m->config->json, m->config->name, &o));
    (*out)->recompute = m->recompute;
    return hone__params_train((*out)->params);
}

/* The arrays of a batch: every id 0, every token and row labelled; masked language models: one token of seven. */
typedef struct arrays {
    int32_t *ids, *starts, *labels, *row_labels;
    float *targets;
} arrays;

static void arrays_dispose(arrays *a)
{
    hone__free(a->ids);
    hone__free(a->starts);
    hone__free(a->labels);
    hone__free(a->row_labels);
    hone__free(a->targets);
}

static hone_status make_arrays(arrays *a, const hone_model *m, int32_t rows, int32_t length)
{
    size_t n = (size_t)rows * (size_t)length, n_targets;
    if (!hone__mul_size(&n_targets, (size_t)rows, m->config->n_labels + 1))
        return hone__fail(HONE_INVALID_ARGUMENT, "%d rows of %zu labels are too many", rows, m->config->n_labels);
    HONE_TRY(HONE_NEW(&a->ids, n));
    HONE_TRY(HONE_NEW(&a->starts, (size_t)rows + 1));
    HONE_TRY(HONE_NEW(&a->labels, n));
    HONE_TRY(HONE_NEW(&a->row_labels, (size_t)rows));
    HONE_TRY(HONE_NEW(&a->targets, n_targets));
    for (int32_t r = 0; r <= rows; r++)
        a->starts[r] = r * length;
    for (size_t i = 0; i < n && m->task == HONE_MASKED_LM; i++)
        a->labels[i] = i % 7 ? HONE_IGNORE_INDEX : 0;
    return HONE_OK;
}

static hone_status forecast(hone_model_info *out, hone_model *twin, int32_t rows, int32_t length)
{
    arrays a = {0};
    hone_status status = HONE_OK;
    size_t bytes = 0, n;
    if (!hone__mul_size(&n, (size_t)rows, (size_t)length) || n > INT32_MAX / 2)
        return hone__fail(HONE_INVALID_ARGUMENT, "%d rows of %d tokens are too many", rows, length);
    HONE_GO(make_arrays(&a, twin, rows, length));
    hone_batch batch = {
        .n_tokens = (int32_t)n, .n_rows = rows, .longest = length, .cu_seqlens = a.starts, .input_ids = a.ids, .n_labelled = -1};
    HONE_GO(run(&bytes, twin, &batch, false));
    out->bytes_run = out->bytes_weights + bytes;
    batch.labels = twin->task == HONE_CAUSAL_LM ? NULL : a.labels;
    batch.row_labels = batch.start_positions = batch.end_positions = a.row_labels;
    batch.row_targets = twin->config->n_labels == 1 || json_object_get(twin->config->json, "problem_type") ? a.targets : NULL;
    HONE_GO(run(&bytes, twin, &batch, true));
    out->bytes_activations = bytes;
    out->bytes_train = 3 * twin->params->n_elements * sizeof(float) + hone__params_gradient_bytes(twin->params) + bytes;
done:
    arrays_dispose(&a);
    return status;
}

hone_status hone_model_describe(hone_model_info *out, const hone_model *m, int32_t rows, int32_t length)
{
    hone_device *dry = NULL;
    hone_model *twin = NULL;
    hone_status status = HONE_OK;
    *out = (hone_model_info){0};
    if (rows < 1 || length < 1)
        return hone__fail(HONE_INVALID_ARGUMENT, "memory is forecast for at least one row of one token, not %d of %d", rows, length);
    if (length > m->config->max_positions)
        length = (int32_t)m->config->max_positions;
    out->architecture = m->class->architectures[m->task];
    count_groups(out, m);
    HONE_GO(hone_device_open(&dry, &(hone_device_options){.name = "dry", .n_threads = m->device->backend->n_threads}));
    HONE_GO(hone__model_twin(&twin, m, dry));
    status = forecast(out, twin, rows, length);
done:
    if (status != HONE_OK)
        *out = (hone_model_info){0};
    hone_model_free(twin);
    hone_device_free(dry);
    return status;
}
