/* "name=value,name=value" or {"name": value}, against what one choice of several takes. */
#include "train/args/kwargs.h"

#include <string.h>

typedef struct reader {
    const hone_option_table *table;
    void *out;
    const char *option, *choice, *knows;
} reader;

static hone_status check_key(const reader *r, const char *key)
{
    size_t len = strlen(key);
    for (const char *at = r->knows; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == len && memcmp(at, key, len) == 0)
            return HONE_OK;
    hone_status status = hone__fail(HONE_INVALID_ARGUMENT, "%s: %s has no \"%s\"", r->option, r->choice, key);
    return *r->knows ? hone__hint(status, "it has: %s", r->knows) : hone__hint(status, "it has no further parameters");
}

static hone_status read_object(const reader *r, const char *text)
{
    json_t *object = NULL, *value;
    const char *key;
    hone_status status = hone__json_parse(&object, text, strlen(text), r->option);
    json_object_foreach(object, key, value)
    {
        if (status == HONE_OK)
            status = check_key(r, key);
    }
    if (status == HONE_OK)
        status = hone__options_from_json(r->table, r->out, object, r->option);
    json_decref(object);
    return status;
}

static hone_status read_pair(const reader *r, char *item)
{
    char *equals = strchr(item, '=');
    if (!equals)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: \"%s\" is not name=value", r->option, item);
    *equals = '\0';
    HONE_TRY(check_key(r, item));
    hone_status status = hone__options_set(r->table, r->out, item, equals + 1);
    return status == HONE_OK ? HONE_OK : hone__fail_in(status, "%s", r->option);
}

hone_status hone__kwargs_read(const hone_option_table *table, void *out, const char *text, const char *option, const char *choice,
                              const char *knows)
{
    const reader r = {table, out, option, choice, knows};
    char *copy = NULL, *rest = NULL;
    if (!text)
        return HONE_OK;
    if (text[strspn(text, " ")] == '{')
        return read_object(&r, text);
    HONE_TRY(hone__strdup(&copy, text));
    hone_status status = HONE_OK;
    for (char *item = strtok_r(copy, ", ", &rest); item && status == HONE_OK; item = strtok_r(NULL, ", ", &rest))
        status = read_pair(&r, item);
    hone__free(copy);
    return status;
}
