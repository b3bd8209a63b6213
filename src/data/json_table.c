/* JSON files as tables: an object a line, or an array of objects. Every line must be good: a row that is missing would be missed by nobody.
 *
 * Strings without escapes are lent from the file. A list of words and its list of tags must be as long as each other; another list that is not is left out. */
#include "data/dataset.h"
#include "data/json_scan.h"

#include <stdio.h>
#include <string.h>

enum { MAX_MEMBERS = 256 };

/* The present row. */
typedef struct json_row {
    hone_json_field names[MAX_MEMBERS], values[MAX_MEMBERS];
    size_t n;
    int64_t line;
    const char *start; /* of the line, for columns in messages */
} json_row;

/* What a string stands for, lent from the file or kept in the pool. */
static hone_status text_of(hone_text *out, hone_reading *r, const json_row *row, const hone_json_field *field)
{
    size_t at;
    *out = (hone_text){field->data, field->len};
    if (!field->escaped)
        return HONE_OK;
    hone__str_clear(&r->text);
    if (!hone__json_unescape(&r->text, field->data, field->len, &at))
        return hone__reading_fail(r, row->line, "half of a surrogate pair at column %zu", (size_t)(field->data - row->start) + at + 1);
    HONE_TRY(hone__str_status(&r->text));
    return hone__dataset_keep_text(out, r->d, (hone_text){r->text.data ? r->text.data : "", r->text.len});
}

static hone_cell_kind kind_of(const hone_json_field *value)
{
    if (value->is_string)
        return HONE__CELL_STRING;
    if (value->data[0] == 'n')
        return HONE__CELL_NULL;
    if (value->data[0] == 't' || value->data[0] == 'f')
        return HONE__CELL_INT;
    if (value->data[0] == '{' || value->data[0] == '[')
        return HONE__CELL_OTHER;
    hone_cell_kind kind = hone__table_kind_of((hone_text){value->data, value->len});
    return kind == HONE__CELL_INT ? kind : HONE__CELL_DOUBLE; /* NaN, Infinity, more than 18 digits */
}

static hone_json_cursor cursor_of(const hone_json_field *value)
{
    return (hone_json_cursor){value->data, value->data + value->len};
}

/* A list whose first item is a string or a number, or that has none. */
static bool is_list(const hone_json_field *value)
{
    hone_json_cursor c = cursor_of(value);
    hone_json_field item;
    if (value->is_string || value->data[0] != '[')
        return false;
    return !hone__json_next_item(&c, &item) || kind_of(&item) <= HONE__CELL_INT;
}

static size_t count_items(const hone_json_field *value)
{
    hone_json_cursor c = cursor_of(value);
    hone_json_field item;
    size_t n = 0;
    while (hone__json_next_item(&c, &item))
        n++;
    return n;
}

/* ---- columns ---- */

static hone_status make_columns(hone_reading *r, const json_row *row)
{
    hone_table_column columns[MAX_MEMBERS];
    bool sequences = false;
    for (size_t i = 0; i < row->n; i++) {
        columns[i].is_list = is_list(&row->values[i]);
        HONE_TRY(text_of(&columns[i].name, r, row, &row->names[i]));
    }
    sequences = !r->options->single_cells && hone__table_find_text(r, columns, row->n, true) >= 0;
    if (sequences && r->options->text_column_name)
        sequences = columns[hone__table_find_text(r, columns, row->n, true)].is_list;
    if (!sequences && hone__table_find_label(r, columns, row->n, false) < 0 && hone__table_find_label(r, columns, row->n, true) >= 0)
        columns[hone__table_find_label(r, columns, row->n, true)].is_list = false; /* a single text with several labels: a cell */
    HONE_TRY(hone__table_columns(r, columns, row->n, sequences, row->line));
    if (r->d->n_columns == 0)
        return hone__reading_fail(r, row->line, "the object holds no column of texts or numbers");
    return HONE_OK;
}

static bool is_name(hone_reading *r, const hone_json_field *field, const char *name)
{
    size_t len = strlen(name), at;
    if (!field->escaped)
        return field->len == len && memcmp(field->data, name, len) == 0;
    hone__str_clear(&r->text);
    return hone__json_unescape(&r->text, field->data, field->len, &at) && r->text.len == len && memcmp(r->text.data, name, len) == 0;
}

/* The member that column i is, NULL when the row lacks it; members mostly stand in the order of the columns. */
static const hone_json_field *find_member(hone_reading *r, const json_row *row, size_t i, size_t *hint)
{
    const char *name = r->d->columns[i].name;
    for (size_t k = 0; k < row->n; k++) {
        size_t m = (*hint + k) % row->n;
        if (is_name(r, &row->names[m], name)) {
            *hint = m + 1;
            return &row->values[m];
        }
    }
    return NULL;
}

/* ---- cells ---- */

/* Texts and labels must be there. */
static bool is_needed(const hone_reading *r, size_t i)
{
    return (ptrdiff_t)i == r->d->text_column || (ptrdiff_t)i == r->d->label_column;
}

/* A cell of a column that cannot be what it must: an error for texts and labels, for others the end of the column. */
static hone_status refuse(hone_reading *r, const json_row *row, size_t i, const char *what)
{
    hone_column *c = &r->d->columns[i];
    if (is_needed(r, i))
        return hone__reading_fail(r, row->line, "\"%s\" %s", c->name, what);
    c->dropped = true;
    return HONE_OK;
}

static hone_status add_item(hone_reading *r, const json_row *row, size_t i, const hone_json_field *item, size_t k)
{
    hone_column *c = &r->d->columns[i];
    hone_cell_kind kind = kind_of(item);
    hone_text text = {item->data, item->len};
    char what[80];
    bool fits = kind == HONE__CELL_STRING || (kind == HONE__CELL_INT && c->kind == HONE_FEATURE_CLASS_LABEL);
    if (!fits) {
        snprintf(what, sizeof(what), "holds something else than %s (item %zu)",
                 c->kind == HONE_FEATURE_STRING ? "texts" : "names or numbers of classes", k + 1);
        return refuse(r, row, i, what);
    }
    if (kind == HONE__CELL_STRING)
        HONE_TRY(text_of(&text, r, row, item));
    HONE_TRY(hone__table_add_cell(r, i, text, kind, k));
    if (c->kind == HONE_FEATURE_CLASS_LABEL && c->counts[HONE__CELL_STRING] > 0 && c->counts[HONE__CELL_INT] > 0)
        return refuse(r, row, i, "has names of classes and numbers: one or the other was expected");
    return HONE_OK;
}

/* The list of column i must have n_items. */
static hone_status add_list(hone_reading *r, const json_row *row, size_t i, const hone_json_field *value, size_t n_items)
{
    char what[120];
    hone_json_field item;
    if (r->d->columns[i].dropped)
        return HONE_OK;
    if (!value || value->is_string || value->data[0] != '[')
        return refuse(r, row, i, value ? "is no list" : "is missing");
    size_t n = count_items(value);
    if (n != n_items) {
        snprintf(what, sizeof(what), "has %zu items for %zu words", n, n_items);
        return refuse(r, row, i, what);
    }
    hone_json_cursor c = cursor_of(value);
    for (size_t k = 0; hone__json_next_item(&c, &item); k++)
        HONE_TRY(add_item(r, row, i, &item, k));
    return HONE_OK;
}

/* The labels of a single text as one cell, "[joy,anger]". */
static hone_status add_label_list(hone_reading *r, const json_row *row, size_t i, const hone_json_field *value)
{
    hone_json_cursor c = cursor_of(value);
    hone_json_field item;
    hone_str cell = HONE_STR_INIT;
    hone_text text;
    hone_status status;
    hone__str_putc(&cell, '[');
    for (size_t k = 0; hone__json_next_item(&c, &item); k++) {
        text = (hone_text){item.data, item.len};
        if (kind_of(&item) > HONE__CELL_INT)
            HONE_GO(refuse(r, row, i, "holds something else than names or numbers of classes"));
        if (item.is_string)
            HONE_GO(text_of(&text, r, row, &item));
        if (memchr(text.data, ',', text.len))
            HONE_GO(refuse(r, row, i, "holds a name with a comma"));
        hone__str_puts(&cell, k ? "," : "");
        hone__str_append(&cell, text.data, text.len);
    }
    hone__str_putc(&cell, ']');
    HONE_GO(hone__str_status(&cell));
    HONE_GO(hone__dataset_keep_text(&text, r->d, (hone_text){cell.data, cell.len}));
    status = hone__table_add_cell(r, i, text, HONE__CELL_STRING, 0);
done:
    hone__str_dispose(&cell);
    return status;
}

static hone_status add_cell(hone_reading *r, const json_row *row, size_t i, const hone_json_field *value)
{
    hone_cell_kind kind = value ? kind_of(value) : HONE__CELL_NULL;
    hone_text text = {"", 0};
    bool is_label = (ptrdiff_t)i == r->d->label_column;
    if (is_label && value && is_list(value))
        return add_label_list(r, row, i, value);
    if (is_needed(r, i) && (kind == HONE__CELL_OTHER || (kind == HONE__CELL_NULL && (!is_label || !value))))
        return refuse(r, row, i, kind == HONE__CELL_OTHER ? "is no text and no number" : value ? "is null" : "is missing");
    if (kind == HONE__CELL_STRING)
        HONE_TRY(text_of(&text, r, row, value));
    else if (kind == HONE__CELL_INT && (value->data[0] == 't' || value->data[0] == 'f'))
        text = HONE_TEXT(value->data[0] == 't' ? "1" : "0");
    else if (kind == HONE__CELL_INT || kind == HONE__CELL_DOUBLE)
        text = (hone_text){value->data, value->len};
    return hone__table_add_cell(r, i, text, kind, 0);
}

static hone_status add_row(hone_reading *r, const json_row *row)
{
    hone_dataset *d = r->d;
    size_t hint = 0, n_items = 0;
    if (row->n == 0)
        return hone__reading_fail(r, row->line, "an empty object");
    if (d->n_columns == 0)
        HONE_TRY(make_columns(r, row));
    if (d->text_column >= 0 && d->columns[d->text_column].sequence) {
        const hone_json_field *words = find_member(r, row, (size_t)d->text_column, &hint);
        n_items = words && !words->is_string && words->data[0] == '[' ? count_items(words) : 0;
        hint = 0;
    }
    for (size_t i = 0; i < d->n_columns; i++) {
        const hone_json_field *value = find_member(r, row, i, &hint);
        if (d->columns[i].sequence)
            HONE_TRY(add_list(r, row, i, value, n_items));
        else
            HONE_TRY(add_cell(r, row, i, value));
    }
    return hone__dataset_end_row(d, (hone_place){row->line, r->file, false}, n_items);
}

/* ---- objects ---- */

static hone_status fail_at_caret(const hone_reading *r, const json_row *row, const char *p, const char *what)
{
    const hone_source *f = &r->d->files[r->file];
    return hone__hint_at(hone__reading_fail(r, row->line, "column %zu: %s", (size_t)(p - row->start) + 1, what), f->data, f->len,
                         (size_t)(p - f->data));
}

/* The object at text, whose first byte is on row->line; *used: bytes up to its end. */
static hone_status read_object(hone_reading *r, json_row *row, const char *text, size_t len, size_t *used)
{
    hone_json_field ignored;
    hone_json_fault fault;
    if (!hone__json_scan(&ignored, used, text, len, NULL, &fault))
        return fail_at_caret(r, row, text + fault.at, fault.what);
    const char *brace = memchr(text, '{', *used);
    hone_json_cursor c = {brace, text + *used};
    for (row->n = 0; hone__json_next_member(&c, &row->names[row->n], &row->values[row->n]);)
        if (++row->n == MAX_MEMBERS)
            return hone__reading_fail(r, row->line, "an object of more than %d members", MAX_MEMBERS - 1);
    return HONE_OK;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static hone_status read_lines(hone_reading *r, json_row *row, const char *p, const char *end)
{
    for (size_t used; p < end && !hone__reading_is_full(r); row->line++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf ? lf : end;
        while (stop > p && is_space(stop[-1]))
            stop--;
        row->start = p;
        if (stop > p) {
            HONE_TRY(read_object(r, row, p, (size_t)(stop - p), &used));
            if (p + used < stop)
                return fail_at_caret(r, row, p + used, "something follows the object");
            HONE_TRY(add_row(r, row));
        }
        p = lf ? lf + 1 : end;
    }
    return HONE_OK;
}

/* Passes over white space and counts its lines. */
static const char *skip_space(json_row *row, const char *p, const char *end)
{
    for (; p < end && is_space(*p); p++)
        if (*p == '\n') {
            row->line++;
            row->start = p + 1;
        }
    return p;
}

static hone_status read_array(hone_reading *r, json_row *row, const char *p, const char *end)
{
    size_t used;
    p = skip_space(row, p + 1, end);
    if (p < end && *p == ']')
        return HONE_OK;
    while (!hone__reading_is_full(r)) {
        HONE_TRY(read_object(r, row, p, (size_t)(end - p), &used));
        HONE_TRY(add_row(r, row));
        for (const char *q = p; q < p + used; q++)
            if (*q == '\n') {
                row->line++;
                row->start = q + 1;
            }
        p = skip_space(row, p + used, end);
        if (p < end && *p == ']')
            break;
        if (p >= end || *p != ',')
            return fail_at_caret(r, row, p, "',' or ']' was expected");
        p = skip_space(row, p + 1, end);
    }
    return HONE_OK;
}

hone_status hone__json_table_read(hone_reading *r)
{
    const hone_source *f = &r->d->files[r->file];
    const char *p = f->data, *end = f->data + f->len;
    json_row *row = NULL;
    HONE_TRY(HONE_ALLOC(&row, 1));
    if (f->len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    row->line = 1;
    row->start = p;
    const char *first = p;
    while (first < end && is_space(*first))
        first++;
    hone_status status = HONE_OK;
    if (first < end && *first == '[')
        status = read_array(r, row, skip_space(row, p, end), end);
    else
        status = read_lines(r, row, p, end);
    hone__free(row);
    return status;
}
