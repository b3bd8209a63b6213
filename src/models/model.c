/* hone/model.h: making a model from a configuration or a folder, asking it, running it, saving it. Architectures are classes (models/class.h). */
#include "base/log.h"
#include "base/spans.h"
#include "models/class.h"
#include "nn/table.h"

#include <string.h>

static const hone_model_options default_options = HONE_MODEL_OPTIONS_INIT;

/* ---- finding the class ---- */

static const hone_model_class *find_class(const char *type)
{
    for (size_t i = 0; hone__model_classes[i]; i++)
        if (strcmp(hone__model_classes[i]->config->model_type, type) == 0)
            return hone__model_classes[i];
    return NULL;
}

/* Adds the types that there are, of those with a head for the task (HONE_TASK_NONE: of all), to a failure. */
static hone_status hint_types(hone_status status, hone_task_kind task)
{
    hone_str names = HONE_STR_INIT;
    for (size_t i = 0; hone__model_classes[i]; i++)
        if (task == HONE_TASK_NONE || hone__model_classes[i]->architectures[task])
            hone__str_printf(&names, "%s%s", names.len ? ", " : "", hone__model_classes[i]->config->model_type);
    hone__hint(status, "there is: %s", names.data ? names.data : "");
    hone__str_dispose(&names);
    return status;
}

static hone_status fail_type(const char *where, const char *type)
{
    return hint_types(hone__fail(HONE_UNSUPPORTED, "%s: models of type \"%s\" are not supported", where, type), HONE_TASK_NONE);
}

/* HONE_TASK_NONE becomes what the folder's architectures say, else the bare model, else the language model. */
static hone_status settle_task(hone_task_kind *task, const hone_model_class *class, const json_t *json)
{
    static const char *const names[] = {
#define X(name, text, alias) text,
        HONE_TASK_MAP(X)
#undef X
    };
    const char *architecture = json_string_value(json_array_get(json_object_get(json, "architectures"), 0));
    for (int i = HONE_N_TASKS - 1; *task == HONE_TASK_NONE && architecture && i >= 0; i--)
        if (class->architectures[i] && strcmp(class->architectures[i], architecture) == 0)
            *task = (hone_task_kind)i;
    if (*task == HONE_TASK_NONE && class->architectures[HONE_FEATURE_EXTRACTION])
        *task = HONE_FEATURE_EXTRACTION;
    if (*task == HONE_TASK_NONE)
        *task = HONE_CAUSAL_LM; /* GPT-2, the only class without a bare model */
    if (*task < 0 || *task >= HONE_N_TASKS)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no task of number %d", (int)*task);
    if (!class->architectures[*task])
        return hint_types(
            hone__fail(HONE_UNSUPPORTED, "a model of type \"%s\" has no head for %s", class->config->model_type, names[*task]), *task);
    return HONE_OK;
}

/* ---- making ---- */

static hone_status apply_options(hone_config *c, const hone_model_options *o)
{
    const struct {
        const char *name;
        int64_t value;
    } ids[] = {{"vocab_size", o->vocab_size},
               {"bos_token_id", o->bos_token_id},
               {"eos_token_id", o->eos_token_id},
               {"pad_token_id", o->pad_token_id}};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (ids[i].value >= 0)
            HONE_TRY(hone__config_set_int(c, ids[i].name, ids[i].value));
    if (o->dropout >= 0.0)
        HONE_TRY(hone__config_set_dropout(c, o->dropout));
    if (o->labels)
        HONE_TRY(hone__config_set_labels(c, o->labels));
    if (o->config_overrides)
        HONE_TRY(hone__config_override(c, o->config_overrides));
    return hone__config_check(c);
}

hone_status hone__model_new(hone_model **out, const hone_model_class *class, hone_task_kind task, const json_t *json, const char *name,
                            const hone_model_options *o)
{
    hone_model *m = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_GO(HONE_NEW(&m, 1));
    m->class = class;
    m->task = task;
    m->pad_token_id = -1;
    HONE_GO(hone__config_read(&m->config, class->config, json, name));
    HONE_GO(apply_options(m->config, o));
    m->device = o->device;
    if (!m->device) {
        HONE_GO(hone_device_open(&m->device, NULL));
        m->owns_device = true;
    }
    HONE_GO(hone__params_new(&m->params, m->device->backend));
    HONE_GO(class->declare(m));
    *out = m;
    return HONE_OK;
done:
    hone_model_free(m);
    return status;
}

/* Names for hone_model_parameter: those that files have, in forward order, tied ones once. */
static hone_status make_views(hone_model *m)
{
    const hone_params *params = m->params;
    HONE_TRY(HONE_NEW(&m->views, params->n_slices + 1));
    for (size_t k = 0; k < params->n_slices; k++) {
        const hone_param_slice *s = &params->slices[k];
        const hone_param *p = params->items[s->param];
        if (s->tied)
            continue;
        m->views[m->n_views++] = (hone_model_view){s->file_name, p, hone__slice_tensor(&p->tensor, s), hone__slice_tensor(&p->grad, s)};
    }
    return HONE_OK;
}

/* The end of making a model: its values are there. */
static hone_status finish(hone_model *m, bool for_training)
{
    if (for_training)
        HONE_TRY(hone__params_train(m->params));
    return make_views(m);
}

/* What hone_model_fill needs: the rest of the options has done its work. */
static hone_status note_options(hone_model *m, const char *folder, const hone_model_options *o)
{
    if (folder)
        HONE_TRY(hone__strdup(&m->folder, folder));
    HONE_TRY(HONE_NEW(&m->to_fill, 1));
    *m->to_fill =
        (hone_model_options){.for_training = o->for_training, .seed = o->seed, .ignore_mismatched_sizes = o->ignore_mismatched_sizes};
    return HONE_OK;
}

static hone_status fill(hone_model *m, const char *folder, const hone_model_options *o)
{
    if (folder)
        HONE_TRY(hone__weights_load(m, folder, o));
    if (o->empty_weights)
        return note_options(m, folder, o);
    if (!folder) {
        HONE_TRY(hone__params_allocate(m->params));
        HONE_TRY(hone__weights_initialise(m, o->seed));
    }
    return finish(m, o->for_training);
}

hone_status hone_model_fill(hone_model *m)
{
    hone_model_options *o = m->to_fill;
    if (!o)
        return HONE_OK;
    HONE_TRY(fill(m, m->folder, o));
    hone__free(o);
    m->to_fill = NULL;
    return HONE_OK;
}

bool hone__model_is_empty(const hone_model *m)
{
    return m->to_fill != NULL;
}

hone_status hone__model_read_weights(hone_model *m, const char *folder)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    HONE_ASSERT(m->params->master);
    o.for_training = true;
    return hone__weights_load(m, folder, &o);
}

bool hone__model_trains(const hone_model *m)
{
    return m->to_fill ? m->to_fill->for_training : m->params->grad != NULL;
}

static hone_status load(hone_model **out, hone_task_kind task, const char *folder, const char *path, const hone_model_options *o)
{
    json_t *json = NULL;
    hone_model *m = NULL;
    const char *type = NULL;
    hone_status status = HONE_OK;
    HONE_GO(hone__json_load(&json, path));
    HONE_GO(hone__json_get_string(json, "model_type", &type, path));
    if (!type)
        HONE_GO(hone__fail(HONE_FORMAT, "%s: it has no \"model_type\"", path));
    const hone_model_class *class = find_class(type);
    if (!class)
        HONE_GO(fail_type(path, type));
    status = settle_task(&task, class, json);
    if (status != HONE_OK)
        HONE_GO(hone__fail_in(status, "%s", path));
    HONE_GO(hone__model_new(&m, class, task, json, path, o));
    HONE_GO(hone__generation_config_load(m, folder));
    HONE_GO(fill(m, folder, o));
    *out = m;
    m = NULL;
done:
    hone_model_free(m);
    json_decref(json);
    return status;
}

hone_status hone_model_from_pretrained(hone_model **out, hone_task_kind task, const char *path, const hone_model_options *options)
{
    char *config = NULL;
    *out = NULL;
    if (!path || !*path)
        return hone__fail(HONE_INVALID_ARGUMENT, "no model was named");
    if (!hone__is_dir(path))
        return hone__hint(hone__fail(HONE_NOT_FOUND, "there is no model folder %s", path),
                          "a folder with config.json and model.safetensors was expected");
    HONE_TRY(hone__path_join(&config, path, "config.json"));
    hone_status status = load(out, task, path, config, options ? options : &default_options);
    hone__free(config);
    return status;
}

hone_status hone_model_from_config(hone_model **out, hone_task_kind task, const char *model_type, const hone_model_options *options)
{
    const hone_model_options *o = options ? options : &default_options;
    hone_model *m = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    const hone_model_class *class = find_class(model_type ? model_type : "");
    if (!class)
        return fail_type("--model_type", model_type ? model_type : "");
    status = settle_task(&task, class, NULL);
    if (status != HONE_OK)
        return hone__fail_in(status, "--model_type");
    status = hone__model_new(&m, class, task, NULL, "the configuration", o);
    if (status != HONE_OK && status != HONE_OUT_OF_MEMORY && o->config_overrides)
        hone__fail_in(status, "--config_overrides");
    HONE_GO(status);
    HONE_GO(hone__generation_config_load(m, NULL));
    HONE_GO(fill(m, NULL, o));
    *out = m;
    m = NULL;
done:
    hone_model_free(m);
    return status;
}

void hone_model_free(hone_model *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_own; i++)
        m->params->backend->ops->release(m->params->backend, m->own[i].data, m->own[i].bytes);
    hone__free(m->own);
    hone__params_free(m->params);
    hone__safetensors_close(m->file);
    if (m->owns_device)
        hone_device_free(m->device);
    hone__free(m->to_fill);
    hone__free(m->folder);
    hone__free(m->views);
    hone__free(m->parts);
    hone__free(m->eos);
    json_decref(m->generation);
    hone__config_free(m->config);
    hone__free(m);
}

/* ---- saving ---- */

hone_status hone__model_config_text(hone_str *out, const hone_model *m)
{
    return hone__config_text(out, m->config, m->class->architectures[m->task]);
}

static hone_status save_config(const hone_model *m, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    char *path = NULL;
    hone_status status = HONE_OK;
    HONE_GO(hone__model_config_text(&text, m));
    HONE_GO(hone__path_join(&path, folder, "config.json"));
    status = hone__write_file(path, text.data, text.len);
done:
    hone__str_dispose(&text);
    hone__free(path);
    return status;
}

hone_status hone_model_save_pretrained(const hone_model *m, const char *folder)
{
    char *path = NULL;
    hone_status status = HONE_OK;
    HONE_TRY(hone__weights_check_save(m));
    HONE_GO(hone__make_dirs(folder));
    HONE_GO(hone__path_join(&path, folder, "model.safetensors"));
    HONE_GO(hone__weights_save(m, path));
    if (m->task == HONE_CAUSAL_LM)
        HONE_GO(hone__generation_config_save(m, folder));
    status = save_config(m, folder);
done:
    hone__free(path);
    return status;
}

/* ---- asking ---- */

hone_task_kind hone_model_task(const hone_model *m)
{
    return m->task;
}

const char *hone_model_type(const hone_model *m)
{
    return m->class->config->model_type;
}

hone_params *hone__model_params(const hone_model *m)
{
    return m->params;
}

hone_device *hone_model_device(const hone_model *m)
{
    return m->device;
}

size_t hone_model_n_parameters(const hone_model *m)
{
    return hone__params_count(m->params);
}

int64_t hone_model_vocab_size(const hone_model *m)
{
    return m->config->vocab_size;
}

int64_t hone_model_max_positions(const hone_model *m)
{
    return m->config->max_positions;
}

int64_t hone_model_hidden_size(const hone_model *m)
{
    return m->config->hidden_size;
}

int hone_model_n_layers(const hone_model *m)
{
    return (int)m->config->n_layers;
}

int64_t hone_model_eos_token_id(const hone_model *m)
{
    return m->n_eos ? m->eos[0] : -1;
}

int64_t hone_model_pad_token_id(const hone_model *m)
{
    return m->pad_token_id;
}

const char *const *hone_model_labels(const hone_model *m, size_t *n)
{
    bool classes = m->task == HONE_TOKEN_CLASSIFICATION || m->task == HONE_TEXT_CLASSIFICATION;
    if (n)
        *n = classes ? m->config->n_labels : 0;
    return classes ? (const char *const *)m->config->labels : NULL;
}

bool hone_model_parameter(const hone_model *m, size_t i, hone_parameter *out)
{
    *out = (hone_parameter){0};
    if (i >= m->n_views)
        return false;
    const hone_model_view *v = &m->views[i];
    const hone_tensor *grad = m->params->grad && !v->param->fresh ? &v->grad : NULL;
    if (v->param->table) {
        hone_status status = hone__table_watch(v->param->table);
        if (status == HONE_OK && grad)
            status = hone__table_gradient(v->param->table, &grad);
        if (status != HONE_OK)
            hone__log(HONE_LOG_WARNING, "%s: %s", v->name, hone_error_message());
    }
    *out = (hone_parameter){v->name, &v->value, grad, v->param->decay};
    return true;
}

/* ---- running ---- */

hone_output hone_model_forward(const hone_model *m, hone_tape *t, const hone_batch *batch)
{
    hone__tape_set_recompute(t, m->recompute);
    hone__part_begin("forward");
    hone_output out = m->class->forward(m, t, batch, NULL);
    hone__span_end();
    return out;
}

void hone_model_keep_hidden_states(hone_model *m, bool on)
{
    m->keep_hidden = on;
}

void hone_model_set_embedding_noise(hone_model *m, double alpha)
{
    m->embedding_noise = (float)alpha;
}

void hone_model_set_recompute(hone_model *m, bool on)
{
    m->recompute = on;
}
