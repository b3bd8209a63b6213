/* Records of csv (RFC 4180: quoted cells may hold separators, doubled quotes and line ends) and of tsv, where a quotation mark is a letter like any other, as
 * Microsoft publishes MRPC.
 *
 * A quoted cell is lent from the file unless quotes stand in it. Lines end with LF, CRLF or CR. */
#include "data/csv.h"

#include <string.h>

static bool ends_cell(const hone_csv *c, char byte)
{
    return byte == c->separator || byte == '\n' || byte == '\r';
}

/* A quoted cell with its doubled quotes made single. */
static hone_status keep_unquoted(hone_text *out, hone_csv *c, hone_text cell)
{
    hone_str *text = &c->r->text;
    hone__str_clear(text);
    for (const char *p = cell.data, *end = p + cell.len; p < end; p++) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        hone__str_append(text, p, (size_t)((quote ? quote + 1 : end) - p));
        p = quote ? quote + 1 : end; /* over the second one of the pair */
    }
    HONE_TRY(hone__str_status(text));
    return hone__dataset_keep_text(out, c->r->d, (hone_text){text->data ? text->data : "", text->len});
}

/* A cell whose opening quote is at pos. Counts the lines inside. */
static hone_status read_quoted(hone_text *out, hone_csv *c, const hone_source *f)
{
    size_t start = c->pos + 1, p = start;
    bool doubled = false;
    for (;; p++) {
        const char *quote = memchr(f->data + p, '"', f->len - p);
        if (!quote)
            return hone__hint(hone__reading_fail(c->r, c->line, "a quotation mark is never closed"),
                              "a file in which quotation marks are letters is a tsv: --format tsv");
        size_t at = (size_t)(quote - f->data);
        for (const char *lf = f->data + p; (lf = memchr(lf, '\n', (size_t)(quote - lf))); lf++)
            c->next_line++;
        p = at + 1;
        if (p >= f->len || f->data[p] != '"')
            break;
        doubled = true;
    }
    *out = (hone_text){f->data + start, p - 1 - start};
    c->pos = p;
    if (p < f->len && !ends_cell(c, f->data[p]))
        return hone__reading_fail(c->r, c->next_line, "something follows a closing quotation mark");
    return doubled ? keep_unquoted(out, c, *out) : HONE_OK;
}

static hone_status read_cell(hone_csv *c, const hone_source *f)
{
    if (c->n == HONE__CSV_MAX_CELLS)
        return hone__reading_fail(c->r, c->line, "more than %d columns", HONE__CSV_MAX_CELLS);
    c->quoted[c->n] = c->quotes && c->pos < f->len && f->data[c->pos] == '"';
    if (c->quoted[c->n])
        return read_quoted(&c->cells[c->n++], c, f);
    size_t start = c->pos;
    while (c->pos < f->len && !ends_cell(c, f->data[c->pos]))
        c->pos++;
    c->cells[c->n++] = (hone_text){f->data + start, c->pos - start};
    return HONE_OK;
}

/* The record at pos, its end included. */
static hone_status read_record(hone_csv *c, const hone_source *f)
{
    c->line = c->next_line;
    c->n = 0;
    for (;;) {
        HONE_TRY(read_cell(c, f));
        if (c->pos >= f->len || f->data[c->pos] != c->separator)
            break;
        c->pos++;
    }
    if (c->pos + 1 < f->len && f->data[c->pos] == '\r' && f->data[c->pos + 1] == '\n')
        c->pos++;
    c->pos += c->pos < f->len;
    c->next_line++;
    return HONE_OK;
}

hone_status hone__csv_next(bool *found, hone_csv *c)
{
    const hone_source *f = &c->r->d->files[c->r->file];
    *found = false;
    while (!*found && c->pos < f->len) {
        HONE_TRY(read_record(c, f));
        *found = c->n > 1 || c->cells[0].len > 0 || c->quoted[0];
    }
    return HONE_OK;
}

/* ---- lists in a cell ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

/* "[" is a word too: a list has a quote, a digit or its end behind it. */
hone_cell_list hone__cell_list(hone_text cell)
{
    const char *end = cell.data + cell.len, *p = skip_space(cell.data, end);
    while (end > p && is_space(end[-1]))
        end--;
    if (end - p >= 2 && *p == '[' && end[-1] == ']') {
        const char *inside = skip_space(p + 1, end);
        if (strchr("'\"]0123456789", *inside) && (*inside != ']' || inside + 1 == end))
            return (hone_cell_list){inside, end - 1, true};
    }
    return (hone_cell_list){p, end, false};
}

/* The item in quotes at list->p; backslashes are taken as Python and JSON write them before quotes and themselves. */
static bool next_quoted(hone_cell_list *list, hone_text *item, hone_csv *csv, hone_status *status)
{
    char quote = *list->p++;
    const char *start = list->p;
    hone_str *text = &csv->r->text;
    bool escaped = false;
    hone__str_clear(text);
    for (; list->p < list->end && *list->p != quote; list->p++) {
        if (*list->p == '\\' && list->p + 1 < list->end) {
            escaped = true;
            list->p++;
        }
        hone__str_putc(text, *list->p);
    }
    if (list->p >= list->end) {
        *status = hone__reading_fail(csv->r, csv->line, "a list whose quotation mark is never closed");
        return false;
    }
    *item = (hone_text){start, (size_t)(list->p++ - start)};
    if (escaped && (*status = hone__str_status(text)) == HONE_OK)
        *status = hone__dataset_keep_text(item, csv->r->d, (hone_text){text->data, text->len});
    return *status == HONE_OK;
}

bool hone__cell_list_next(hone_cell_list *list, hone_text *item, bool *is_string, hone_csv *csv, hone_status *status)
{
    *status = HONE_OK;
    list->p = skip_space(list->p, list->end);
    if (list->brackets && list->p < list->end && *list->p == ',')
        list->p = skip_space(list->p + 1, list->end);
    if (list->p >= list->end)
        return false;
    *is_string = !list->brackets || *list->p == '"' || *list->p == '\'';
    if (list->brackets && *is_string)
        return next_quoted(list, item, csv, status);
    const char *start = list->p;
    while (list->p < list->end && !is_space(*list->p) && !(list->brackets && *list->p == ','))
        list->p++;
    *item = (hone_text){start, (size_t)(list->p - start)};
    return true;
}
