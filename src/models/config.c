/* Reading, checking and writing config.json by a model type's table of fields (config.h).
 * Follows transformers/configuration_utils.py (from_dict, to_diff_dict, update_from_string). */
#include "models/config.h"

#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    hone_act act;
} activations[] = {
    {"gelu_new", HONE_ACT_GELU_NEW}, {"gelu", HONE_ACT_GELU}, {"gelu_python", HONE_ACT_GELU}, {"gelu_pytorch_tanh", HONE_ACT_GELU_NEW},
    {"relu", HONE_ACT_RELU},         {"tanh", HONE_ACT_TANH}, {"sigmoid", HONE_ACT_SIGMOID},
};
#define N_ACTIVATIONS (sizeof(activations) / sizeof(activations[0]))

/* Keys that hone writes itself, whatever the file says. */
static const char *const own_keys[] = {"architectures", "dtype",      "torch_dtype", "model_type", "transformers_version",
                                       "_name_or_path", "num_labels", "id2label",    "label2id"};

static json_t *json_of_text(const char *text)
{
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

static void *member(hone_config *c, const hone_config_field *f)
{
    return (char *)c + f->offset;
}

/* ---- one field ---- */

static hone_status check_range(const hone_config *c, const hone_config_field *f, double value)
{
    if ((f->min == 0 && f->max == 0) || (value >= f->min && value <= f->max))
        return HONE_OK;
    return hone__fail(HONE_FORMAT, "%s: \"%s\" is %.17g, must be between %.17g and %.17g", c->name, f->name, value, f->min, f->max);
}

static hone_status set_int(hone_config *c, const hone_config_field *f, const json_t *object, const char *key)
{
    int64_t value = -1;
    HONE_TRY(hone__json_get_int(object, key, &value, c->name));
    bool null = json_is_null(json_object_get(object, key));
    if (null && f->type != HONE_FIELD_OPTIONAL)
        return hone__fail(HONE_FORMAT, "%s: \"%s\" must be an integer, is null", c->name, key);
    if (!null)
        HONE_TRY(check_range(c, f, (double)value));
    *(int64_t *)member(c, f) = value;
    return HONE_OK;
}

/* eos_token_id may be a list; generation uses all of them, everything else the first. */
static hone_status set_optional(hone_config *c, const hone_config_field *f, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value))
        return set_int(c, f, object, key);
    json_t *first = json_pack("{s:O}", key, json_array_size(value) ? json_array_get(value, 0) : json_null());
    if (!first)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory while %s was read", c->name);
    hone_status status = set_int(c, f, first, key);
    json_decref(first);
    return status;
}

static hone_status set_double(hone_config *c, const hone_config_field *f, const json_t *object, const char *key)
{
    double value = NAN;
    HONE_TRY(hone__json_get_double(object, key, &value, c->name));
    if (f->type != HONE_FIELD_DOUBLE && !(value >= 0.0 && value < 1.0))
        return hone__fail(HONE_FORMAT, "%s: \"%s\" must be a probability in [0, 1)", c->name, key);
    if (!isfinite(value))
        return hone__fail(HONE_FORMAT, "%s: \"%s\" must be a finite number", c->name, key);
    HONE_TRY(check_range(c, f, value));
    *(double *)member(c, f) = value;
    return HONE_OK;
}

static hone_status set_activation(hone_config *c, const hone_config_field *f, const json_t *object, const char *key)
{
    const char *text = "", *names[N_ACTIVATIONS];
    HONE_TRY(hone__json_get_string(object, key, &text, c->name));
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        names[i] = activations[i].name;
        if (strcmp(names[i], text) == 0) {
            *(hone_act *)member(c, f) = activations[i].act;
            return HONE_OK;
        }
    }
    hone_status status = hone__fail(HONE_UNSUPPORTED, "%s: \"%s\" is \"%s\", an activation that hone does not have", c->name, key, text);
    const char *near = hone__nearest(text, names, N_ACTIVATIONS);
    return near ? hone__hint(status, "did you mean \"%s\"?", near) : hone__hint(status, "it has gelu_new, gelu, relu, tanh and sigmoid");
}

/* Sets field f from the member `key` of object (its name or alias), in the struct and in the JSON. */
static hone_status set_field(hone_config *c, const hone_config_field *f, const json_t *object, const char *key)
{
    switch (f->type) {
    case HONE_FIELD_INT:
        HONE_TRY(set_int(c, f, object, key));
        break;
    case HONE_FIELD_OPTIONAL:
        HONE_TRY(set_optional(c, f, object, key));
        break;
    case HONE_FIELD_DOUBLE:
    case HONE_FIELD_PROBABILITY:
        HONE_TRY(set_double(c, f, object, key));
        break;
    case HONE_FIELD_OPTIONAL_PROBABILITY:
        *(double *)member(c, f) = -1.0;
        if (!json_is_null(json_object_get(object, key)))
            HONE_TRY(set_double(c, f, object, key));
        break;
    case HONE_FIELD_BOOL:
        HONE_TRY(hone__json_get_bool(object, key, member(c, f), c->name));
        break;
    case HONE_FIELD_ACTIVATION:
        HONE_TRY(set_activation(c, f, object, key));
        break;
    case HONE_FIELD_KEPT:
        break;
    }
    if (json_object_set(c->json, f->name, json_object_get(object, key)) != 0)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory while %s was read", c->name);
    return HONE_OK;
}

static hone_status set_default(hone_config *c, const hone_config_field *f)
{
    json_t *value = json_of_text(f->fallback);
    json_t *object = json_pack("{s:o}", f->name, value);
    if (!object)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory while %s was read", c->name);
    hone_status status = set_field(c, f, object, f->name);
    json_decref(object);
    return status;
}

static const hone_config_field *find_field(const hone_config_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_fields; i++)
        if (strcmp(table->fields[i].name, name) == 0 || (table->fields[i].alias && strcmp(table->fields[i].alias, name) == 0))
            return &table->fields[i];
    return NULL;
}

/* ---- labels ---- */

static void free_labels(hone_config *c)
{
    for (size_t i = 0; i < c->n_labels; i++)
        hone__free(c->labels[i]);
    hone__free(c->labels);
    c->labels = NULL;
    c->n_labels = 0;
}

static hone_status new_labels(hone_config *c, size_t n)
{
    free_labels(c);
    HONE_TRY(HONE_NEW(&c->labels, n + 1));
    c->n_labels = n;
    return HONE_OK;
}

static hone_status default_labels(hone_config *c, int64_t n)
{
    if (n < 1 || n > 65536)
        return hone__fail(HONE_FORMAT, "%s: \"num_labels\" is %lld, must be between 1 and 65536", c->name, (long long)n);
    HONE_TRY(new_labels(c, (size_t)n));
    for (size_t i = 0; i < c->n_labels; i++) {
        char text[32];
        snprintf(text, sizeof(text), "LABEL_%zu", i);
        HONE_TRY(hone__strdup(&c->labels[i], text));
    }
    return HONE_OK;
}

/* {"0": "O", "1": "B-PER", …}: each id below the count once. */
static hone_status read_id2label(hone_config *c, const json_t *map)
{
    const char *key;
    json_t *value;
    if (!json_is_object(map))
        return hone__fail(HONE_FORMAT, "%s: \"id2label\" must be an object", c->name);
    HONE_TRY(new_labels(c, json_object_size(map)));
    json_object_foreach((json_t *)(uintptr_t)map, key, value)
    {
        char *end;
        unsigned long long id = strtoull(key, &end, 10);
        if (*key < '0' || *key > '9' || *end || id >= c->n_labels || c->labels[id] || !json_is_string(value))
            return hone__fail(HONE_FORMAT, "%s: \"id2label\" must give a name to each id from 0 to %zu, \"%s\" does not fit", c->name,
                              c->n_labels - 1, key);
        HONE_TRY(hone__strdup(&c->labels[id], json_string_value(value)));
    }
    return HONE_OK;
}

static hone_status read_labels(hone_config *c, const json_t *object)
{
    const json_t *map = json_object_get(object, "id2label");
    int64_t n = 2;
    if (map && !json_is_null(map))
        return read_id2label(c, map);
    HONE_TRY(hone__json_get_int(object, "num_labels", &n, c->name));
    return default_labels(c, n);
}

/* The head's outputs keep their order, whatever they are called now. */
static void warn_renamed(const hone_config *c, const char *const *labels, size_t n)
{
    for (size_t i = 0; i < n && n == c->n_labels; i++) {
        char text[32];
        snprintf(text, sizeof(text), "LABEL_%zu", i);
        if (strcmp(c->labels[i], labels[i]) == 0 || strcmp(c->labels[i], text) == 0)
            continue;
        hone__log(HONE_LOG_WARNING, "%s: label %zu was \"%s\" and is \"%s\" from now on: the head's weights are read in the order of ids",
                  c->name, i, c->labels[i], labels[i]);
        return;
    }
}

hone_status hone__config_set_labels(hone_config *c, const char *const *labels)
{
    size_t n = 0;
    while (labels[n])
        n++;
    if (n == 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: a model needs at least one label", c->name);
    warn_renamed(c, labels, n);
    HONE_TRY(new_labels(c, n));
    for (size_t i = 0; i < n; i++)
        HONE_TRY(hone__strdup(&c->labels[i], labels[i]));
    return HONE_OK;
}

/* LABEL_0 and LABEL_1 are the class's default and left out. */
static bool labels_are_default(const hone_config *c)
{
    return c->n_labels == 2 && strcmp(c->labels[0], "LABEL_0") == 0 && strcmp(c->labels[1], "LABEL_1") == 0;
}

/* ---- the whole ---- */

static bool is_own(const char *key)
{
    for (size_t i = 0; i < sizeof(own_keys) / sizeof(own_keys[0]); i++)
        if (strcmp(own_keys[i], key) == 0)
            return true;
    return false;
}

static hone_status read_fields(hone_config *c, const json_t *object)
{
    const char *key;
    json_t *value;
    for (size_t i = 0; i < c->table->n_fields; i++)
        HONE_TRY(set_default(c, &c->table->fields[i]));
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const hone_config_field *f = find_field(c->table, key);
        if (f)
            HONE_TRY(set_field(c, f, object, key));
        else if (!is_own(key) && json_object_set(c->json, key, value) != 0)
            return hone__fail(HONE_OUT_OF_MEMORY, "out of memory while %s was read", c->name);
    }
    return HONE_OK;
}

hone_status hone__config_read(hone_config **out, const hone_config_table *table, const json_t *object, const char *name)
{
    hone_config *c = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_GO(HONE_NEW(&c, 1));
    c->table = table;
    HONE_GO(hone__strdup(&c->name, name));
    if (!(c->json = json_object()))
        HONE_GO(hone__fail(HONE_OUT_OF_MEMORY, "out of memory while %s was read", name));
    if (object && !json_is_object(object))
        HONE_GO(hone__fail(HONE_FORMAT, "%s: an object was expected", name));
    HONE_GO(read_fields(c, object));
    HONE_GO(read_labels(c, object));
    *out = c;
    return HONE_OK;
done:
    hone__config_free(c);
    return status;
}

void hone__config_free(hone_config *c)
{
    if (!c)
        return;
    free_labels(c);
    json_decref(c->json);
    hone__free(c->name);
    hone__free(c);
}

hone_status hone__config_check(const hone_config *c)
{
    return c->table->check ? c->table->check(c) : HONE_OK;
}

hone_status hone__config_set_int(hone_config *c, const char *field, int64_t value)
{
    const hone_config_field *f = find_field(c->table, field);
    HONE_ASSERT(f != NULL);
    json_t *object = json_pack("{s:o}", f->name, json_integer(value));
    if (!object)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory while %s was changed", c->name);
    hone_status status = set_field(c, f, object, f->name);
    json_decref(object);
    return status;
}

hone_status hone__config_set_dropout(hone_config *c, double p)
{
    for (size_t i = 0; i < c->table->n_fields; i++) {
        const hone_config_field *f = &c->table->fields[i];
        bool given = f->type == HONE_FIELD_OPTIONAL_PROBABILITY && *(const double *)member(c, f) >= 0.0;
        if (f->type != HONE_FIELD_PROBABILITY && !given)
            continue;
        json_t *object = json_pack("{s:f}", f->name, p);
        if (!object)
            return hone__fail(HONE_OUT_OF_MEMORY, "out of memory while %s was changed", c->name);
        hone_status status = set_field(c, f, object, f->name);
        json_decref(object);
        HONE_TRY(status);
    }
    return HONE_OK;
}

/* ---- overrides ---- */

static hone_status fail_unknown(const hone_config *c, const char *name)
{
    const char *names[64];
    size_t n = 0;
    for (; n < c->table->n_fields && n < sizeof(names) / sizeof(names[0]); n++)
        names[n] = c->table->fields[n].name;
    const char *near = hone__nearest(name, names, n);
    hone_status status =
        hone__fail(HONE_INVALID_ARGUMENT, "--config_overrides: a %s configuration has no \"%s\"", c->table->model_type, name);
    return near ? hone__hint(status, "did you mean %s?", near) : status;
}

/* The value as JSON: a number, true, false, null or, when it is none of these, a string. */
static json_t *json_of_override(const char *text)
{
    double number;
    if (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)
        return json_boolean(strcasecmp(text, "true") == 0);
    if (strcasecmp(text, "none") == 0 || strcmp(text, "null") == 0)
        return json_null();
    if (hone__parse_double(&number, text) && isfinite(number)) {
        bool integral = !strpbrk(text, ".eE") && fabs(number) < 0x1p53;
        return integral ? json_integer((json_int_t)number) : json_real(number);
    }
    return json_string(text);
}

static hone_status override_one(hone_config *c, char *pair)
{
    char *equals = strchr(pair, '=');
    if (!equals || equals == pair || !equals[1])
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--config_overrides: \"%s\" is not name=value", pair),
                          "for instance n_embd=256,n_layer=4,n_head=4");
    *equals = '\0';
    const hone_config_field *f = find_field(c->table, pair);
    if (!f)
        return fail_unknown(c, pair);
    json_t *object = json_pack("{s:o}", f->name, json_of_override(equals + 1));
    if (!object)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory while --config_overrides was read");
    char *name = c->name;
    c->name = (char[]){"--config_overrides"};
    hone_status status = set_field(c, f, object, f->name);
    c->name = name;
    json_decref(object);
    return status;
}

hone_status hone__config_override(hone_config *c, const char *overrides)
{
    char *text = NULL, *rest, *pair;
    HONE_TRY(hone__strdup(&text, overrides));
    hone_status status = HONE_OK;
    for (rest = text; status == HONE_OK && (pair = strsep(&rest, ",")) != NULL;)
        if (*pair)
            status = override_one(c, pair);
    hone__free(text);
    return status;
}

/* ---- writing ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_sorted(hone_json_writer *w, const json_t *value);

static void put_sorted_object(hone_json_writer *w, const json_t *object)
{
    const char **keys = NULL, *key;
    json_t *value;
    size_t n = 0;
    if (HONE_ALLOC(&keys, json_object_size(object) + 1) != HONE_OK) {
        w->out->failed = true;
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value) keys[n++] = key;
    if (n)
        qsort(keys, n, sizeof(*keys), by_text);
    hone__jw_object(w);
    for (size_t i = 0; i < n; i++) {
        hone__jw_key(w, keys[i]);
        put_sorted(w, json_object_get(object, keys[i]));
    }
    hone__jw_end_object(w);
    hone__free(keys);
}

static void put_sorted(hone_json_writer *w, const json_t *value)
{
    if (json_is_object(value)) {
        put_sorted_object(w, value);
    } else if (json_is_array(value)) {
        hone__jw_array(w);
        for (size_t i = 0; i < json_array_size(value); i++)
            put_sorted(w, json_array_get(value, i));
        hone__jw_end_array(w);
    } else {
        hone__jw_json(w, value);
    }
}

void hone__put_sorted_json(hone_str *out, const json_t *object)
{
    hone_json_writer w = hone__json_writer(out, 2);
    put_sorted(&w, object);
    hone__str_putc(out, '\n');
}

/* Removes what equals both PretrainedConfig's default and the class's. */
static void drop_defaults(json_t *json, const hone_config_table *table)
{
    for (size_t i = 0; i < table->n_fields; i++) {
        const hone_config_field *f = &table->fields[i];
        if (!f->base)
            continue;
        json_t *base = json_of_text(f->base), *fallback = json_of_text(f->fallback), *value = json_object_get(json, f->name);
        if (base && fallback && json_equal(value, base) && json_equal(value, fallback))
            json_object_del(json, f->name);
        json_decref(base);
        json_decref(fallback);
    }
}

static bool put_labels(json_t *json, const hone_config *c)
{
    json_t *label2id = json_object();
    int failed = 0;
    for (size_t i = 0; i < c->n_labels; i++)
        failed |= json_object_set_new(label2id, c->labels[i], json_integer((json_int_t)i));
    return !failed && json_object_set_new(json, "label2id", label2id) == 0;
}

/* id2label in the order of its ids (the reference's keys are integers), everything else in the order of names. */
static void put_top(hone_str *out, const json_t *json, const hone_config *c)
{
    hone_json_writer w = hone__json_writer(out, 2);
    const char **keys = NULL, *key;
    json_t *value;
    size_t n = 0;
    if (HONE_ALLOC(&keys, json_object_size(json) + 1) != HONE_OK) {
        out->failed = true;
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)json, key, value) keys[n++] = key;
    if (!labels_are_default(c))
        keys[n++] = "id2label";
    qsort(keys, n, sizeof(*keys), by_text);
    hone__jw_object(&w);
    for (size_t i = 0; i < n; i++) {
        hone__jw_key(&w, keys[i]);
        if (strcmp(keys[i], "id2label") != 0) {
            put_sorted(&w, json_object_get(json, keys[i]));
            continue;
        }
        hone__jw_object(&w);
        for (size_t id = 0; id < c->n_labels; id++) {
            char text[32];
            snprintf(text, sizeof(text), "%zu", id);
            hone__jw_put_string(&w, text, c->labels[id]);
        }
        hone__jw_end_object(&w);
    }
    hone__jw_end_object(&w);
    hone__str_putc(out, '\n');
    hone__free(keys);
}

hone_status hone__config_text(hone_str *out, const hone_config *c, const char *architecture)
{
    json_t *json = json_copy(c->json);
    json_t *more = json_pack("{s:[s],s:s,s:s,s:s}", "architectures", architecture, "dtype", "float32", "model_type", c->table->model_type,
                             "transformers_version", HONE_TRANSFORMERS_VERSION);
    hone_status status = HONE_OK;
    if (!json || !more || json_object_update(json, more) != 0 || (!labels_are_default(c) && !put_labels(json, c)))
        status = hone__fail(HONE_OUT_OF_MEMORY, "out of memory while config.json was made");
    if (status == HONE_OK) {
        drop_defaults(json, c->table);
        put_top(out, json, c);
        status = hone__str_status(out);
    }
    json_decref(json);
    json_decref(more);
    return status;
}
