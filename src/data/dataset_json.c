/* A data set as JSON: a row as a line, and what the whole is. Features are written as the `datasets` library writes them to dataset_info.json. */
#include "base/json.h"
#include "data/dataset.h"

#include <string.h>

void hone_dataset_free_json(char *json)
{
    hone__free(json);
}

static hone_json_writer writer(hone_str *out)
{
    hone_json_writer w = hone__json_writer(out, 0);
    w.spaced = true;
    return w;
}

/* ---- a row ---- */

static void write_item(hone_json_writer *w, const hone_dataset *d, const hone_column *c, int64_t row, size_t at, bool class_names)
{
    ptrdiff_t feature = c - d->columns;
    if (c->kind == HONE_FEATURE_STRING)
        hone__jw_string_n(w, c->texts[at].data, c->texts[at].len);
    else if (c->kind == HONE_FEATURE_CLASS_LABEL && class_names)
        hone__jw_string(w, c->names[c->classes[at]]);
    else if (c->kind == HONE_FEATURE_CLASS_LABEL)
        hone__jw_int(w, c->classes[at]);
    else if (c->kind == HONE_FEATURE_DOUBLE)
        hone__jw_double(w, c->doubles[at]);
    else
        hone__jw_int(w, c->sequence ? c->ints[at] : hone_dataset_int(d, row, feature));
}

static void write_cell(hone_json_writer *w, const hone_dataset *d, const hone_column *c, int64_t row, bool class_names)
{
    if (!c->sequence) {
        write_item(w, d, c, row, (size_t)row, class_names);
        return;
    }
    hone__jw_array(w);
    for (size_t at = d->starts[row]; at < d->starts[row + 1]; at++)
        write_item(w, d, c, row, at, class_names);
    hone__jw_end_array(w);
}

hone_status hone_dataset_row_to_json(char **out, const hone_dataset *d, int64_t row, bool class_names)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = writer(&text);
    *out = NULL;
    if (row < 0 || row >= d->n_rows)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no row %lld, there are %lld", (long long)row, (long long)d->n_rows);
    hone__jw_object(&w);
    for (size_t i = 0; i < d->n_columns; i++) {
        hone__jw_key(&w, d->columns[i].name);
        write_cell(&w, d, &d->columns[i], row, class_names);
    }
    hone__jw_end_object(&w);
    hone_status status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}

/* ---- the whole ---- */

static void write_kind(hone_json_writer *w, const hone_column *c)
{
    static const char *const types[] = {"string", "int64", "float64"};
    hone__jw_object(w);
    if (c->kind == HONE_FEATURE_CLASS_LABEL) {
        hone__jw_key(w, "names");
        hone__jw_array(w);
        for (size_t i = 0; i < c->n_names; i++)
            hone__jw_string(w, c->names[i]);
        hone__jw_end_array(w);
    } else {
        hone__jw_put_string(w, "dtype", types[c->kind]);
    }
    hone__jw_put_string(w, "_type", c->kind == HONE_FEATURE_CLASS_LABEL ? "ClassLabel" : "Value");
    hone__jw_end_object(w);
}

static void write_features(hone_json_writer *w, const hone_dataset *d)
{
    hone__jw_key(w, "features");
    hone__jw_object(w);
    for (size_t i = 0; i < d->n_columns; i++) {
        const hone_column *c = &d->columns[i];
        hone__jw_key(w, c->name);
        if (!c->sequence) {
            write_kind(w, c);
            continue;
        }
        hone__jw_object(w);
        hone__jw_key(w, "feature");
        write_kind(w, c);
        hone__jw_put_string(w, "_type", "Sequence");
        hone__jw_end_object(w);
    }
    hone__jw_end_object(w);
}

/* True when an entity begins at `tag`, before which `before` stands ('O' at the start). */
static bool begins_entity(hone_tag before, hone_tag tag)
{
    bool same = before.type.len == tag.type.len && memcmp(before.type.data, tag.type.data, tag.type.len) == 0;
    if (tag.prefix == 'O' || !tag.prefix)
        return false;
    return before.prefix == 'O' || !same || strchr("BSU", tag.prefix) || strchr("ESLU", before.prefix);
}

static hone_status count_entities(int64_t *by_class, const hone_dataset *d, const hone_column *c)
{
    hone_tag *tags = NULL; /* (n_names) */
    HONE_TRY(HONE_ALLOC(&tags, c->n_names));
    for (size_t i = 0; i < c->n_names; i++)
        tags[i] = hone__tag_parse(HONE_TEXT(c->names[i]));
    for (int64_t row = 0; row < d->n_rows; row++) {
        hone_tag before = {'O', {"", 0}};
        for (size_t at = d->starts[row]; at < d->starts[row + 1]; at++) {
            by_class[c->classes[at]] += begins_entity(before, tags[c->classes[at]]);
            before = tags[c->classes[at]];
        }
    }
    hone__free(tags);
    return HONE_OK;
}

/* {"PER": 12, …}: types in the order of their classes. */
static hone_status write_entities(hone_json_writer *w, const hone_dataset *d, const hone_column *c)
{
    hone_classes types = {0};
    int64_t *by_class = NULL, *by_type = NULL; /* (n_names) */
    int32_t type;
    hone_status status = HONE_OK;
    HONE_GO(HONE_NEW(&by_class, c->n_names));
    HONE_GO(HONE_NEW(&by_type, c->n_names));
    HONE_GO(count_entities(by_class, d, c));
    for (size_t i = 0; i < c->n_names; i++) {
        hone_tag tag = hone__tag_parse(HONE_TEXT(c->names[i]));
        if (!tag.prefix || tag.prefix == 'O')
            continue;
        HONE_GO(hone__classes_intern(&type, &types, tag.type, 0, 0));
        by_type[type] += by_class[i];
    }
    hone__jw_key(w, "entities");
    hone__jw_object(w);
    for (size_t i = 0; i < types.n; i++) {
        hone__jw_key_n(w, types.items[i].name.data, types.items[i].name.len);
        hone__jw_int(w, by_type[i]);
    }
    hone__jw_end_object(w);
done:
    hone__classes_dispose(&types);
    hone__free(by_class);
    hone__free(by_type);
    return status;
}

static void write_words(hone_json_writer *w, const hone_dataset *d)
{
    size_t longest = 0;
    for (int64_t row = 0; row < d->n_rows; row++) {
        size_t n = d->starts[row + 1] - d->starts[row];
        longest = n > longest ? n : longest;
    }
    hone__jw_put_uint(w, "num_words", d->n_rows > 0 ? d->starts[d->n_rows] : 0);
    hone__jw_put_uint(w, "longest_row", longest);
}

static hone_status write_label_facts(hone_json_writer *w, const hone_dataset *d)
{
    const hone_column *c = d->label_column >= 0 ? &d->columns[d->label_column] : NULL;
    if (!c || !c->sequence || c->kind != HONE_FEATURE_CLASS_LABEL)
        return HONE_OK;
    hone__jw_put_string(w, "scheme", hone_tag_scheme_name(d->scheme));
    hone__jw_put_string(w, "source_scheme", hone_tag_scheme_name(d->source_scheme));
    return d->scheme == HONE_SCHEME_NONE ? HONE_OK : write_entities(w, d, c);
}

hone_status hone_dataset_info_to_json(char **out, const hone_dataset *d)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = writer(&text);
    *out = NULL;
    hone__jw_object(&w);
    hone__jw_put_int(&w, "num_rows", d->n_rows);
    if (d->n_documents > 0) {
        hone__jw_put_int(&w, "num_documents", d->n_documents);
    }
    if (d->text_column >= 0 && d->columns[d->text_column].sequence)
        write_words(&w, d);
    hone_status status = write_label_facts(&w, d);
    write_features(&w, d);
    hone__jw_end_object(&w);
    if (status == HONE_OK)
        status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}
