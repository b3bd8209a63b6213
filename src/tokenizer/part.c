/* Members of the parts of tokenizer.json (part.h). */
#include "tokenizer/part.h"

#include <string.h>

enum { MAX_ITEMS = 1000 };

hone_status hone__part_type(const char **out, const json_t *section, const char *name)
{
    *out = "(without a type)";
    return hone__json_get_string(section, "type", out, name);
}

static hone_status fail_missing(const char *key, const char *what, const char *part, const char *name)
{
    return hone__fail(HONE_FORMAT, "%s: %s needs \"%s\", which must be %s", name, part, key, what);
}

hone_status hone__part_bool(bool *out, const json_t *section, const char *key, const char *part, const char *name)
{
    const json_t *value = json_object_get(section, key);
    *out = json_is_true(value);
    return json_is_boolean(value) ? HONE_OK : fail_missing(key, "true or false", part, name);
}

hone_status hone__part_text(char **out, size_t *len, const json_t *section, const char *key, const char *part, const char *name)
{
    const json_t *value = json_object_get(section, key);
    if (!json_is_string(value))
        return fail_missing(key, "a string", part, name);
    *len = json_string_length(value);
    return hone__strndup(out, json_string_value(value), *len);
}

hone_status hone__part_char(uint32_t *out, const json_t *section, const char *key, const char *part, const char *name)
{
    const json_t *value = json_object_get(section, key);
    size_t len = json_is_string(value) ? json_string_length(value) : 0;
    if (!len || hone__utf8_decode(out, json_string_value(value), len) != len)
        return fail_missing(key, "one character", part, name);
    return HONE_OK;
}

hone_status hone__part_count(size_t *out, const json_t *section, const char *key, const char *part, const char *name)
{
    int64_t value = (int64_t)*out;
    HONE_TRY(hone__json_get_int(section, key, &value, name));
    if (value < 0 || value > INT32_MAX)
        return fail_missing(key, "a number from 0 to 2147483647", part, name);
    *out = (size_t)value;
    return HONE_OK;
}

hone_status hone__part_list(const json_t **out, const json_t *section, const char *key, const char *part, const char *name)
{
    *out = json_object_get(section, key);
    if (!json_is_array(*out) || json_array_size(*out) > MAX_ITEMS)
        return fail_missing(key, "a list of at most 1000 items", part, name);
    for (size_t i = 0; i < json_array_size(*out); i++)
        if (!json_is_object(json_array_get(*out, i)))
            return hone__fail(HONE_FORMAT, "%s: %s: item %zu is no object", name, part, i);
    return HONE_OK;
}

void hone__part_begin(hone_json_writer *w, const char *type)
{
    hone__jw_object(w);
    hone__jw_put_string(w, "type", type);
}

void hone__part_write_char(hone_json_writer *w, const char *key, uint32_t cp)
{
    char utf8[4];
    size_t n = hone__utf8_encode(utf8, cp);
    hone__jw_key(w, key);
    hone__jw_string_n(w, utf8, n);
}

hone_status hone__part_kind(int *out, const json_t *section, const char *const *types, const char *what, const char *name)
{
    const char *type = NULL;
    *out = 0;
    if (!section || json_is_null(section))
        return HONE_OK;
    HONE_TRY(hone__part_type(&type, section, name));
    *out = hone__part_find(types, type);
    return *out > 0 ? HONE_OK : hone__fail(HONE_UNSUPPORTED, "%s: %s \"%s\" is not supported", name, what, type);
}

int hone__part_find(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}
