/* Classes that stand as ids in a file: where their names are, and the classes by id. The Hub's exports have ids in the rows and the names in dataset_info.json. */
#include "base/json.h"
#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Classes that numbers alone may make: a higher one is some other column, or a slip, and would become a model with that many outputs. */
enum { MAX_UNNAMED = 1 << 16 };

/* ---- dataset_info.json ---- */

/* The list of names of a feature, {"names": […]} or {"feature": {"names": […]}}; NULL for none. Borrowed. */
static const json_t *names_of(const json_t *features, const char *column)
{
    const json_t *feature = json_object_get(features, column);
    const json_t *inner = json_object_get(feature, "feature");
    const json_t *names = json_object_get(inner ? inner : feature, "names");
    for (size_t i = 0; i < json_array_size(names); i++)
        if (!json_is_string(json_array_get(names, i)))
            return NULL;
    return json_array_size(names) > 0 ? names : NULL;
}

/* In {"features": …}, or in {"<configuration>": {"features": …}}. */
static const json_t *find_names(json_t *info, const char *column)
{
    const char *key;
    json_t *value;
    const json_t *names = names_of(json_object_get(info, "features"), column);
    json_object_foreach(info, key, value)
    {
        if (!names)
            names = names_of(json_object_get(value, "features"), column);
    }
    return names;
}

/* Reads the names that a file beside the first file gives for the column: items lent to d's pool; *n 0 when there are none. */
static hone_status read_names(hone_text **out, size_t *n, hone_dataset *d, const char *column)
{
    const char *path = d->files[0].path, *base = hone__path_base(path);
    char *folder = NULL, *info_path = NULL;
    json_t *info = NULL;
    const json_t *names = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    *n = 0;
    if (strcmp(path, "-") == 0)
        return HONE_OK;
    HONE_TRY(hone__strndup(&folder, base > path ? path : ".", base > path ? (size_t)(base - path) : 1));
    HONE_GO(hone__path_join(&info_path, folder, "dataset_info.json"));
    if (!hone__is_file(info_path))
        goto done;
    HONE_GO(hone__json_load(&info, info_path));
    names = find_names(info, column);
    HONE_GO(HONE_ALLOC(out, json_array_size(names)));
    for (; *n < json_array_size(names); (*n)++) {
        const json_t *name = json_array_get(names, *n);
        HONE_GO(hone__dataset_keep_text(&(*out)[*n], d, (hone_text){json_string_value(name), json_string_length(name)}));
    }
done:
    json_decref(info);
    hone__free(info_path);
    hone__free(folder);
    return status;
}

/* ---- ids ---- */

/* The id that a class found in the file is, -1 when it is none. */
static int64_t id_of(hone_text name)
{
    char digits[16] = "";
    if (name.len == 0 || name.len >= sizeof(digits))
        return -1;
    memcpy(digits, name.data, name.len);
    int64_t id = strspn(digits, "0123456789") == name.len ? strtoll(digits, NULL, 10) : -1;
    return id < INT32_MAX ? id : -1;
}

static hone_status copy_labels(hone_text **out, size_t *n, const char *const *labels)
{
    for (*n = 0; labels[*n]; (*n)++)
        continue;
    HONE_TRY(HONE_ALLOC(out, *n));
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = HONE_TEXT(labels[i]);
    return HONE_OK;
}

/* The numbers themselves, up to the highest id. */
static hone_status make_numbers(hone_text **out, size_t *n, hone_dataset *d, const hone_column *c)
{
    char digits[24];
    *n = 0;
    for (size_t i = 0; i < c->found.n; i++) {
        const hone_class *x = &c->found.items[i];
        int64_t id = id_of(x->name);
        if (id >= MAX_UNNAMED)
            return hone__hint(hone__dataset_fail_at(d, x->row, x->item,
                                                    "%lld is too high for a class of \"%s\": ids without names end at %d", (long long)id,
                                                    c->name, MAX_UNNAMED - 1),
                              "give the names: a dataset_info.json beside the file, or --label_names");
        *n = id >= (int64_t)*n ? (size_t)id + 1 : *n;
    }
    HONE_TRY(HONE_ALLOC(out, *n));
    for (size_t i = 0; i < *n; i++) {
        int len = snprintf(digits, sizeof(digits), "%zu", i);
        HONE_TRY(hone__dataset_keep_text(&(*out)[i], d, (hone_text){digits, (size_t)len}));
    }
    return HONE_OK;
}

/* c->found becomes the n names; cells get their ids. */
static hone_status put_ids(hone_dataset *d, hone_column *c, const hone_text *names, size_t n)
{
    hone_classes named = {0}, *found = &c->found;
    int32_t *ids = NULL, at; /* (found.n) */
    hone_status status = HONE_OK;
    HONE_GO(HONE_ALLOC(&ids, found->n));
    for (size_t i = 0; i < n; i++) {
        HONE_GO(hone__classes_intern(&at, &named, names[i], 0, 0));
        if (named.n != i + 1)
            HONE_GO(hone__fail(HONE_FORMAT, "%s: the name \"%.*s\" of column \"%s\" stands twice", d->files[0].path, (int)names[i].len,
                               names[i].data, c->name));
    }
    for (size_t i = 0; i < found->n; i++) {
        const hone_class *x = &found->items[i];
        int64_t id = id_of(x->name);
        if (id < 0 || id >= (int64_t)n)
            HONE_GO(hone__dataset_fail_at(d, x->row, x->item, "%.*s is no class of \"%s\", which has %zu", (int)x->name.len, x->name.data,
                                          c->name, n));
        ids[i] = (int32_t)id;
        named.items[id].row = x->row;
        named.items[id].item = x->item;
    }
    for (size_t i = 0; i < c->n; i++)
        c->classes[i] = ids[c->classes[i]];
    hone__classes_dispose(found);
    *found = named;
    named = (hone_classes){0};
done:
    hone__classes_dispose(&named);
    hone__free(ids);
    return status;
}

/* True when one of labels is the first class that was found: the numbers are names then. */
static bool are_names(const hone_column *c, const char *const *labels)
{
    for (size_t i = 0; labels[i]; i++)
        if (strlen(labels[i]) == c->found.items[0].name.len && memcmp(labels[i], c->found.items[0].name.data, strlen(labels[i])) == 0)
            return true;
    return false;
}

hone_status hone__label_ids_name(bool *named, hone_dataset *d, hone_column *c, const char *const *labels)
{
    hone_text *names = NULL;
    size_t n = 0;
    hone_status status = HONE_OK;
    *named = false;
    if (c->found.n == 0)
        return HONE_OK;
    HONE_GO(read_names(&names, &n, d, c->name));
    if (n == 0 && labels && are_names(c, labels))
        goto done;
    if (n == 0 && labels) {
        hone__free(names);
        names = NULL;
        HONE_GO(copy_labels(&names, &n, labels));
    }
    if (n == 0 && c->sequence) {
        hone__free(names);
        names = NULL;
        HONE_GO(make_numbers(&names, &n, d, c));
    }
    *named = n > 0 || c->sequence;
    if (*named)
        HONE_GO(put_ids(d, c, names, n));
done:
    hone__free(names);
    return status;
}
