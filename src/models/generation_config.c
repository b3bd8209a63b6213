/* generation_config.json: the ids that end and pad a generated text (transformers/generation/configuration_utils.py). Keys without a meaning here are kept. */
#include "models/class.h"

#include <string.h>

static hone_status fail_id(const char *key)
{
    return hone__fail(HONE_FORMAT, "generation_config.json: \"%s\" must be an id or a list of ids", key);
}

/* An id or a list of ids. */
static hone_status set_eos(hone_model *m, const json_t *value)
{
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    hone__free(m->eos);
    m->eos = NULL;
    m->n_eos = 0;
    HONE_TRY(HONE_NEW(&m->eos, n));
    for (size_t i = 0; i < n; i++) {
        const json_t *id = json_is_array(value) ? json_array_get(value, i) : value;
        if (!json_is_integer(id) || json_integer_value(id) < -1 || json_integer_value(id) > INT32_MAX)
            return fail_id("eos_token_id");
        if (json_integer_value(id) >= 0)
            m->eos[m->n_eos++] = (int32_t)json_integer_value(id);
    }
    return HONE_OK;
}

/* What config.json says, where generation_config.json says nothing. */
static hone_status settle(hone_model *m)
{
    const json_t *eos = json_object_get(m->generation, "eos_token_id"), *pad = json_object_get(m->generation, "pad_token_id");
    if (!eos && !m->generation)
        eos = json_object_get(m->config->json, "eos_token_id");
    if (eos && !json_is_null(eos))
        HONE_TRY(set_eos(m, eos));
    m->pad_token_id = m->config->pad_token_id;
    if (pad && !json_is_null(pad)) {
        if (!json_is_integer(pad) || json_integer_value(pad) > INT32_MAX)
            return fail_id("pad_token_id");
        m->pad_token_id = json_integer_value(pad) < 0 ? -1 : json_integer_value(pad);
    }
    return HONE_OK;
}

hone_status hone__generation_config_load(hone_model *m, const char *folder)
{
    char *path = NULL;
    hone_status status = HONE_OK;
    if (folder) {
        HONE_GO(hone__path_join(&path, folder, "generation_config.json"));
        if (hone__is_file(path))
            HONE_GO(hone__json_load(&m->generation, path));
        if (m->generation && !json_is_object(m->generation))
            HONE_GO(hone__fail(HONE_FORMAT, "%s: an object was expected", path));
    }
    status = settle(m);
done:
    hone__free(path);
    return status;
}

/* As GenerationConfig.from_model_config writes it. */
static json_t *from_model_config(const hone_config *c)
{
    static const char *const keys[] = {"bos_token_id", "eos_token_id", "pad_token_id"};
    json_t *object = json_pack("{s:b,s:s}", "_from_model_config", 1, "transformers_version", HONE_TRANSFORMERS_VERSION);
    int failed = object == NULL;
    for (int i = 0; i < 3; i++) {
        json_t *value = json_object_get(c->json, keys[i]);
        if (value && !json_is_null(value))
            failed |= json_object_set(object, keys[i], value);
    }
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

hone_status hone__generation_config_save(const hone_model *m, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    char *path = NULL;
    hone_status status = HONE_OK;
    bool derived = !m->generation || json_is_true(json_object_get(m->generation, "_from_model_config"));
    json_t *object = derived ? from_model_config(m->config) : json_incref(m->generation);
    if (!object)
        HONE_GO(hone__fail(HONE_OUT_OF_MEMORY, "out of memory while generation_config.json was made"));
    hone__put_sorted_json(&text, object);
    HONE_GO(hone__str_status(&text));
    HONE_GO(hone__path_join(&path, folder, "generation_config.json"));
    status = hone__write_file(path, text.data, text.len);
done:
    json_decref(object);
    hone__str_dispose(&text);
    hone__free(path);
    return status;
}
