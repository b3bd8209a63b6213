/* A labelled data set: a table of typed columns, immutable after loading, and its getters. Loading is in dataset_load.c, JSON in dataset_json.c. */
#include "data/dataset.h"

#include <string.h>

void hone_dataset_free(hone_dataset *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n_columns; i++)
        hone__column_dispose(&d->columns[i]);
    for (size_t i = 0; i < d->n_files; i++) {
        hone__source_close(&d->files[i]);
        hone__free(d->files[i].path);
    }
    for (size_t i = 0; i < d->pool.n_blocks; i++)
        hone__free(d->pool.blocks[i]);
    hone__free(d->pool.blocks);
    hone__free(d->columns);
    hone__free(d->files);
    hone__free(d->places);
    hone__free(d->starts);
    hone__free(d);
}

int64_t hone_dataset_n_rows(const hone_dataset *d)
{
    return d->n_rows;
}

size_t hone_dataset_n_features(const hone_dataset *d)
{
    return d->n_columns;
}

const hone_feature *hone_dataset_feature(const hone_dataset *d, size_t i)
{
    return i < d->n_columns ? &d->columns[i].feature : NULL;
}

ptrdiff_t hone_dataset_find(const hone_dataset *d, const char *name)
{
    for (size_t i = 0; name && i < d->n_columns; i++)
        if (strcmp(d->columns[i].name, name) == 0)
            return (ptrdiff_t)i;
    return -1;
}

ptrdiff_t hone_dataset_text_column(const hone_dataset *d)
{
    return d->text_column;
}

ptrdiff_t hone_dataset_label_column(const hone_dataset *d)
{
    return d->label_column;
}

hone_tag_scheme hone_dataset_scheme(const hone_dataset *d)
{
    return d->scheme;
}

hone_tag_scheme hone_dataset_source_scheme(const hone_dataset *d)
{
    return d->source_scheme;
}

int64_t hone_dataset_n_documents(const hone_dataset *d)
{
    return d->n_documents;
}

/* The column of a cell and the place of its first item in it; NULL when there is no such cell. */
static const hone_column *find_cell(size_t *start, const hone_dataset *d, int64_t row, ptrdiff_t feature)
{
    if (row < 0 || row >= d->n_rows || feature < 0 || (size_t)feature >= d->n_columns)
        return NULL;
    const hone_column *c = &d->columns[feature];
    *start = c->sequence ? d->starts[row] : (size_t)row;
    return c;
}

size_t hone_dataset_length(const hone_dataset *d, int64_t row, ptrdiff_t feature)
{
    size_t start;
    const hone_column *c = find_cell(&start, d, row, feature);
    return !c ? 0 : c->sequence ? d->starts[row + 1] - start : 1;
}

const hone_text *hone_dataset_texts(const hone_dataset *d, int64_t row, ptrdiff_t feature)
{
    size_t start;
    const hone_column *c = find_cell(&start, d, row, feature);
    return c && c->kind == HONE_FEATURE_STRING && c->texts ? c->texts + start : NULL;
}

const int32_t *hone_dataset_classes(const hone_dataset *d, int64_t row, ptrdiff_t feature)
{
    size_t start;
    const hone_column *c = find_cell(&start, d, row, feature);
    return c && c->kind == HONE_FEATURE_CLASS_LABEL && c->classes ? c->classes + start : NULL;
}

int64_t hone_dataset_int(const hone_dataset *d, int64_t row, ptrdiff_t feature)
{
    size_t start;
    const hone_column *c = find_cell(&start, d, row, feature);
    if (!c || c->sequence || c->kind == HONE_FEATURE_STRING || c->kind == HONE_FEATURE_DOUBLE)
        return 0;
    if (c->kind == HONE_FEATURE_CLASS_LABEL)
        return c->classes[start];
    return c->is_row_number ? row : c->ints[start];
}

double hone_dataset_double(const hone_dataset *d, int64_t row, ptrdiff_t feature)
{
    size_t start;
    const hone_column *c = find_cell(&start, d, row, feature);
    if (!c || c->sequence || c->kind != HONE_FEATURE_DOUBLE)
        return (double)hone_dataset_int(d, row, feature);
    return c->doubles[start];
}

const char *hone_dataset_place(int64_t *line, const hone_dataset *d, int64_t row, size_t item)
{
    if (row < 0 || row >= d->n_rows) {
        *line = 0;
        return NULL;
    }
    const hone_place *p = &d->places[row];
    *line = p->line + (p->line_each ? (int64_t)item : 0);
    return d->files[p->file].path;
}
