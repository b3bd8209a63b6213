/* csv and tsv files as rows of a data set. What a record is, the header says:
 *
 *   a column of sentence ids (`sentence_id`, `Sentence #`, …) beside words and tags: a word a record; records with the same id, or none, are a sentence;
 *   `tokens` (`words`) and `ner_tags` (`tags`, `labels`): a sentence a record, its words and tags split by blanks or as Python's or JSON's lists;
 *   anything else: a table of single cells.
 *
 * A first line is a header when a cell is a name that columns often have, or one that was asked for, and no cell is a number, empty, or there twice. Without a header
 * two columns are text, label; three are sentence1, sentence2, label. */
#include "data/csv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef enum layout { CELLS, WORD_RECORDS, SENTENCE_RECORDS } layout;

typedef struct table {
    hone_csv csv;
    hone_table_column columns[HONE__CSV_MAX_CELLS];
    size_t n;
    layout layout;
    ptrdiff_t sentence; /* WORD_RECORDS: the column of ids */
    hone_text sentence_id;
    hone_place place;
    size_t n_words; /* WORD_RECORDS: of the present sentence */
} table;

/* ---- header ---- */

static bool is_header(const hone_csv *c)
{
    bool known = false;
    if (c->r->options->header != HONE_HEADER_AUTO)
        return c->r->options->header == HONE_HEADER_YES;
    for (size_t i = 0; i < c->n; i++) {
        hone_text cell = c->cells[i];
        known = known || hone__table_knows_name(c->r->options, cell);
        if (hone__table_kind_of(cell) != HONE__CELL_STRING)
            return i == 0 && cell.len == 0 && c->n > 1 && hone__table_knows_name(c->r->options, c->cells[1]); /* pandas' index */
        for (size_t k = 0; k < i; k++)
            if (c->cells[k].len == cell.len && memcmp(c->cells[k].data, cell.data, cell.len) == 0)
                return false;
    }
    return known;
}

static bool is_sentence_id(hone_text name)
{
    static const char *const names[] = {"sentence_id", "Sentence #", "sentence_idx", "sent_id", "sentence_number"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (name.len == strlen(names[i]) && strncasecmp(name.data, names[i], name.len) == 0)
            return true;
    return false;
}

/* Marks the columns that hold lists, and finds the layout. */
static void find_layout(table *t)
{
    hone_table_column all[HONE__CSV_MAX_CELLS];
    t->layout = CELLS;
    t->sentence = -1;
    for (size_t i = 0; i < t->n; i++) {
        all[i] = (hone_table_column){t->columns[i].name, true, -1};
        if (t->sentence < 0 && is_sentence_id(t->columns[i].name))
            t->sentence = (ptrdiff_t)i;
    }
    ptrdiff_t words = hone__table_find_text(t->csv.r, all, t->n, true), tags = hone__table_find_label(t->csv.r, all, t->n, true);
    const hone_dataset_options *o = t->csv.r->options;
    if (o->single_cells || words < 0 || (tags < 0 && !o->labels_optional) || words == tags)
        return;
    t->layout = t->sentence >= 0 ? WORD_RECORDS : SENTENCE_RECORDS;
    for (size_t i = 0; i < t->n; i++)
        t->columns[i].is_list = (ptrdiff_t)i != t->sentence && (t->layout == WORD_RECORDS || (ptrdiff_t)i == words || (ptrdiff_t)i == tags);
}

static hone_status name_columns(table *t)
{
    static const char *const two[] = {"text", "label"}, *const three[] = {"sentence1", "sentence2", "label"};
    hone_dataset *d = t->csv.r->d;
    char name[32];
    for (size_t i = 0; i < t->n; i++) {
        snprintf(name, sizeof(name), "column_%zu", i + 1);
        const char *given = t->n <= 2 ? two[i] : t->n == 3 ? three[i] : name;
        if (d->n_columns == t->n) /* as the files before */
            given = d->columns[i].name;
        HONE_TRY(hone__dataset_keep_text(&t->columns[i].name, d, HONE_TEXT(given)));
    }
    return HONE_OK;
}

/* The columns by the first record; *is_data: it is a row itself. */
static hone_status begin(table *t, bool *is_data)
{
    hone_csv *c = &t->csv;
    char unnamed[32];
    *is_data = !is_header(c);
    t->n = c->n;
    for (size_t i = 0; i < c->n; i++) {
        t->columns[i] = (hone_table_column){c->cells[i], false, -1};
        snprintf(unnamed, sizeof(unnamed), "column_%zu", i + 1);
        if (c->cells[i].len == 0)
            HONE_TRY(hone__dataset_keep_text(&t->columns[i].name, c->r->d, HONE_TEXT(unnamed)));
    }
    if (*is_data)
        HONE_TRY(name_columns(t));
    find_layout(t);
    return hone__table_columns(c->r, t->columns, t->n, t->layout != CELLS, c->line);
}

/* ---- records ---- */

static hone_status check_record(const table *t)
{
    const hone_csv *c = &t->csv;
    if (c->n == t->n)
        return HONE_OK;
    return hone__reading_fail(c->r, c->line, "%zu %s, the first line has %zu", c->n, c->n == 1 ? "column" : "columns", t->n);
}

static hone_status add_cell(table *t, size_t i, size_t item)
{
    hone_csv *c = &t->csv;
    if (t->columns[i].at < 0)
        return HONE_OK;
    hone_cell_kind kind = t->columns[i].is_list ? HONE__CELL_STRING : hone__table_kind_of(c->cells[i]);
    if (t->columns[i].is_list && c->r->d->columns[t->columns[i].at].kind == HONE_FEATURE_CLASS_LABEL)
        kind = hone__table_kind_of(c->cells[i]);
    return hone__table_add_cell(c->r, (size_t)t->columns[i].at, c->cells[i], kind, item);
}

static hone_status add_cells(table *t)
{
    hone_csv *c = &t->csv;
    for (size_t i = 0; i < t->n; i++)
        HONE_TRY(add_cell(t, i, 0));
    return hone__dataset_end_row(c->r->d, (hone_place){c->line, c->r->file, false}, 0);
}

static hone_status end_sentence(table *t)
{
    size_t n = t->n_words;
    t->n_words = 0;
    return n > 0 ? hone__dataset_end_row(t->csv.r->d, t->place, n) : HONE_OK;
}

/* A word of the present sentence, or the first of the next one. */
static hone_status add_word(table *t)
{
    hone_csv *c = &t->csv;
    hone_text id = c->cells[t->sentence];
    bool begins = t->n_words == 0 || (id.len > 0 && (id.len != t->sentence_id.len || memcmp(id.data, t->sentence_id.data, id.len) != 0));
    if (begins) {
        HONE_TRY(end_sentence(t));
        if (hone__reading_is_full(c->r))
            return HONE_OK;
        t->place = (hone_place){c->line, c->r->file, true};
        t->sentence_id = id;
        if (t->columns[t->sentence].at >= 0)
            HONE_TRY(add_cell(t, (size_t)t->sentence, 0));
    }
    t->place.line_each = t->place.line_each && c->line == t->place.line + (int64_t)t->n_words;
    for (size_t i = 0; i < t->n; i++)
        if ((ptrdiff_t)i != t->sentence)
            HONE_TRY(add_cell(t, i, t->n_words));
    t->n_words++;
    return HONE_OK;
}

/* The items of cell i. */
static hone_status add_list(table *t, size_t i, size_t *n_items)
{
    hone_csv *c = &t->csv;
    hone_cell_list list = hone__cell_list(c->cells[i]);
    hone_text item;
    bool is_string;
    hone_status status;
    for (*n_items = 0; hone__cell_list_next(&list, &item, &is_string, c, &status); (*n_items)++) {
        hone_cell_kind kind = is_string && list.brackets ? HONE__CELL_STRING : hone__table_kind_of(item);
        if (item.len == 0)
            kind = HONE__CELL_STRING;
        HONE_TRY(hone__table_add_cell(c->r, (size_t)t->columns[i].at, item, kind, *n_items));
    }
    return status;
}

static hone_status add_sentence(table *t)
{
    hone_csv *c = &t->csv;
    hone_dataset *d = c->r->d;
    size_t n_words = 0, n_tags = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->columns[i].at < 0)
            continue;
        if (!t->columns[i].is_list)
            HONE_TRY(add_cell(t, i, 0));
        else
            HONE_TRY(add_list(t, i, t->columns[i].at == d->text_column ? &n_words : &n_tags));
    }
    if (n_words != n_tags)
        return hone__reading_fail(c->r, c->line, "\"%s\" has %zu items for %zu words", d->columns[d->label_column].name, n_tags, n_words);
    return hone__dataset_end_row(d, (hone_place){c->line, c->r->file, false}, n_words);
}

static hone_status add_record(table *t)
{
    HONE_TRY(check_record(t));
    return t->layout == CELLS ? add_cells(t) : t->layout == WORD_RECORDS ? add_word(t) : add_sentence(t);
}

/* ---- files ---- */

/* A csv file whose first line has no comma, but semicolons or tabs, is separated by those. */
static char find_separator(const hone_source *f)
{
    const char *lf = f->len > 0 ? memchr(f->data, '\n', f->len) : NULL;
    size_t n = lf ? (size_t)(lf - f->data) : f->len;
    if (n == 0 || memchr(f->data, ',', n))
        return ',';
    return memchr(f->data, ';', n) ? ';' : memchr(f->data, '\t', n) ? '\t' : ',';
}

static hone_status read_table(hone_reading *r, char separator, bool quotes)
{
    const hone_source *f = &r->d->files[r->file];
    table *t = NULL;
    bool found, is_data;
    hone_status status = HONE_OK;
    HONE_TRY(HONE_NEW(&t, 1));
    t->csv = (hone_csv){.r = r, .separator = separator, .quotes = quotes, .next_line = 1};
    t->csv.pos = f->len >= 3 && memcmp(f->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    HONE_GO(hone__csv_next(&found, &t->csv));
    if (!found)
        goto done;
    HONE_GO(begin(t, &is_data));
    if (is_data && !hone__reading_is_full(r))
        HONE_GO(add_record(t));
    while (!hone__reading_is_full(r)) {
        HONE_GO(hone__csv_next(&found, &t->csv));
        if (!found)
            break;
        HONE_GO(add_record(t));
    }
    HONE_GO(end_sentence(t));
done:
    hone__free(t);
    return status;
}

hone_status hone__csv_read(hone_reading *r)
{
    return read_table(r, find_separator(&r->d->files[r->file]), true);
}

hone_status hone__tsv_read(hone_reading *r)
{
    return read_table(r, '\t', false);
}
