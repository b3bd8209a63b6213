/* Lists of class names: where they come from, and looking one up. */
#include "tasks/class_list.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

void hone__class_list_dispose(hone_class_list *c)
{
    for (size_t i = 0; i < c->n; i++)
        hone__free(c->names[i]);
    hone__free(c->names);
    *c = (hone_class_list){0};
}

hone_status hone__class_list_add(hone_class_list *c, const char *name, size_t len)
{
    HONE_TRY(HONE_GROW(&c->names, &c->capacity, c->n + 2));
    HONE_TRY(hone__strndup(&c->names[c->n], name, len));
    c->names[++c->n] = NULL;
    return HONE_OK;
}

hone_status hone__class_list_add_new(hone_class_list *c, const char *name, size_t len)
{
    for (size_t i = 0; i < c->n; i++)
        if (strlen(c->names[i]) == len && memcmp(c->names[i], name, len) == 0)
            return HONE_OK;
    return hone__class_list_add(c, name, len);
}

ptrdiff_t hone__class_list_find(const hone_class_list *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->names[i], name) == 0)
            return (ptrdiff_t)i;
    return -1;
}

hone_status hone__class_list_read_config(hone_class_list *c, const char *folder)
{
    char *path = NULL, key[24];
    json_t *config = NULL;
    hone_status status;
    HONE_GO(hone__path_join(&path, folder, "config.json"));
    if (!hone__is_file(path))
        goto done;
    HONE_GO(hone__json_load(&config, path));
    const json_t *names = json_object_get(config, "id2label");
    for (size_t i = 0; i < json_object_size(names); i++) {
        snprintf(key, sizeof(key), "%zu", i);
        const json_t *name = json_object_get(names, key);
        if (!json_is_string(name)) {
            hone__class_list_dispose(c);
            break;
        }
        HONE_GO(hone__class_list_add(c, json_string_value(name), json_string_length(name)));
    }
done:
    hone__free(path);
    json_decref(config);
    return status;
}

hone_status hone__class_list_read_given(hone_class_list *c, const hone_strings *given)
{
    for (size_t i = 0; i < given->n; i++)
        for (const char *p = given->items[i]; *p;) {
            size_t len = strcspn(p, ",");
            if (len)
                HONE_TRY(hone__class_list_add(c, p, len));
            p += len + (p[len] == ',');
        }
    return HONE_OK;
}

hone_status hone__class_list_check_given(const hone_strings *given, const char *example)
{
    hone_class_list c = {0};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < given->n; i++)
        if (strspn(given->items[i], ",") == strlen(given->items[i]))
            return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--label_names: \"%s\" is no name", given->items[i]), "give %s", example);
    HONE_GO(hone__class_list_read_given(&c, given));
    for (size_t i = 0; i < c.n; i++)
        if ((size_t)hone__class_list_find(&c, c.names[i]) != i)
            HONE_GO(
                hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--label_names: \"%s\" stands twice", c.names[i]), "give each class once"));
done:
    hone__class_list_dispose(&c);
    return status;
}

hone_status hone__class_list_of_model(hone_class_list *c, const hone_model *model)
{
    size_t n = 0;
    const char *const *names = hone_model_labels(model, &n);
    hone__class_list_dispose(c);
    for (size_t i = 0; i < n; i++)
        HONE_TRY(hone__class_list_add(c, names[i], strlen(names[i])));
    return HONE_OK;
}

hone_status hone__class_list_copy(hone_class_list *c, const hone_feature *f)
{
    for (size_t i = 0; i < f->n_names; i++)
        HONE_TRY(hone__class_list_add(c, f->names[i], strlen(f->names[i])));
    return HONE_OK;
}

bool hone__class_list_is(const hone_class_list *c, const hone_feature *f)
{
    bool same = c->n == f->n_names;
    for (size_t i = 0; same && i < c->n; i++)
        same = strcmp(c->names[i], f->names[i]) == 0;
    return same;
}

hone_dataset_options hone__labelled_options(const hone_common_options *o, const hone_strings *files, const hone_class_list *known)
{
    hone_dataset_options d = HONE_DATASET_OPTIONS_INIT;
    d.format = o->format;
    d.glob = o->glob;
    d.text_column_name = o->text_column_name;
    d.label_column_name = o->label_column_name;
    d.header = (hone_header)o->header;
    d.labels_optional = files == &o->test_file;
    d.labels = known ? (const char *const *)known->names : NULL;
    return d;
}

const hone_feature *hone__labels_of(const hone_dataset *d)
{
    ptrdiff_t column = hone_dataset_label_column(d);
    return column < 0 ? NULL : hone_dataset_feature(d, (size_t)column);
}
