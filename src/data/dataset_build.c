/* Filling the table of a data set: columns, cells, rows, and the texts that cannot be lent from a file. */
#include "data/dataset.h"
#include "base/threads.h"

#include <stdio.h>
#include <string.h>

#define POOL_BYTES ((size_t)64 << 10) /* of a block of texts */

/* ---- columns ---- */

hone_status hone__dataset_add_column(size_t *out, hone_dataset *d, hone_text name, hone_feature_kind kind, bool sequence)
{
    HONE_TRY(HONE_GROW(&d->columns, &d->columns_capacity, d->n_columns + 1));
    hone_column *c = &d->columns[d->n_columns];
    *c = (hone_column){.kind = kind, .sequence = sequence};
    HONE_TRY(hone__strndup(&c->name, name.data, name.len));
    *out = d->n_columns++;
    return HONE_OK;
}

void hone__column_dispose(hone_column *c)
{
    void *arrays[] = {c->name, c->texts, c->classes, c->ints, c->doubles};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++)
        hone__free(arrays[i]);
    for (size_t i = 0; c->names && i < c->n_names; i++)
        hone__free(c->names[i]);
    hone__free(c->names);
    hone__classes_dispose(&c->found);
}

void hone__dataset_drop_column(hone_dataset *d, size_t i)
{
    hone__column_dispose(&d->columns[i]);
    d->n_columns--;
    memmove(&d->columns[i], &d->columns[i + 1], (d->n_columns - i) * sizeof(*d->columns));
}

hone_status hone__column_add_text(hone_column *c, hone_text text)
{
    HONE_TRY(HONE_GROW(&c->texts, &c->capacity, c->n + 1));
    c->texts[c->n++] = text;
    return HONE_OK;
}

hone_status hone__column_add_int(hone_column *c, int64_t value)
{
    HONE_TRY(HONE_GROW(&c->ints, &c->capacity, c->n + 1));
    c->ints[c->n++] = value;
    return HONE_OK;
}

hone_status hone__column_add_tag(hone_column *c, hone_text tag, int64_t row, size_t item)
{
    HONE_TRY(HONE_GROW(&c->classes, &c->capacity, c->n + 1));
    HONE_TRY(hone__classes_intern(&c->classes[c->n], &c->found, tag, row, item));
    c->n++;
    return HONE_OK;
}

/* ---- rows ---- */

hone_status hone__dataset_end_row(hone_dataset *d, hone_place place, size_t n_items)
{
    size_t n = (size_t)d->n_rows;
    HONE_TRY(hone__check_stop());
    HONE_TRY(HONE_GROW(&d->places, &d->places_capacity, n + 1));
    HONE_TRY(HONE_GROW(&d->starts, &d->starts_capacity, n + 2));
    if (n == 0)
        d->starts[0] = 0;
    d->places[n] = place;
    d->starts[n + 1] = d->starts[n] + n_items;
    d->n_rows++;
    return HONE_OK;
}

static hone_status fit_column(hone_column *c)
{
    c->capacity = c->n;
    if (c->texts)
        HONE_TRY(HONE_REALLOC(&c->texts, c->n));
    if (c->classes)
        HONE_TRY(HONE_REALLOC(&c->classes, c->n));
    return c->ints ? HONE_REALLOC(&c->ints, c->n) : HONE_OK;
}

hone_status hone__dataset_fit(hone_dataset *d)
{
    for (size_t i = 0; i < d->n_columns; i++)
        HONE_TRY(fit_column(&d->columns[i]));
    d->places_capacity = (size_t)d->n_rows;
    d->starts_capacity = (size_t)d->n_rows + 1;
    HONE_TRY(HONE_REALLOC(&d->places, d->places_capacity));
    return HONE_REALLOC(&d->starts, d->starts_capacity);
}

/* ---- texts of our own ---- */

hone_status hone__dataset_keep_text(hone_text *out, hone_dataset *d, hone_text text)
{
    hone_text_pool *p = &d->pool;
    *out = (hone_text){"", 0};
    if (text.len == 0)
        return HONE_OK;
    if (p->n_blocks == 0 || p->size - p->used < text.len) {
        size_t size = text.len > POOL_BYTES ? text.len : POOL_BYTES;
        HONE_TRY(HONE_GROW(&p->blocks, &p->blocks_capacity, p->n_blocks + 1));
        HONE_TRY(HONE_ALLOC(&p->blocks[p->n_blocks], size));
        p->n_blocks++;
        p->size = size;
        p->used = 0;
    }
    char *at = p->blocks[p->n_blocks - 1] + p->used;
    memcpy(at, text.data, text.len);
    p->used += text.len;
    *out = (hone_text){at, text.len};
    return HONE_OK;
}

/* ---- failures with a place ---- */

hone_status hone__dataset_fail_at(const hone_dataset *d, int64_t row, size_t item, const char *format, ...)
{
    char what[600];
    int64_t line;
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    const char *path = hone_dataset_place(&line, d, row, item);
    return hone__fail(HONE_FORMAT, "%s:%lld: %s", path, (long long)line, what);
}

hone_status hone__reading_fail(const hone_reading *r, int64_t line, const char *format, ...)
{
    char what[600];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return hone__fail(HONE_FORMAT, "%s:%lld: %s", r->d->files[r->file].path, (long long)line, what);
}

bool hone__reading_is_full(const hone_reading *r)
{
    return r->options->max_rows >= 0 && r->d->n_rows >= r->options->max_rows;
}

bool hone__reading_line(const hone_reading *r, size_t *pos, hone_text *line)
{
    const hone_source *f = &r->d->files[r->file];
    size_t p = *pos;
    if (p >= f->len)
        return false;
    while (p < f->len && f->data[p] != '\n' && f->data[p] != '\r')
        p++;
    *line = (hone_text){f->data + *pos, p - *pos};
    if (p + 1 < f->len && f->data[p] == '\r' && f->data[p + 1] == '\n')
        p++;
    *pos = p + (p < f->len);
    return true;
}
