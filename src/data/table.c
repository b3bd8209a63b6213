/* Tables, as csv and JSON files hold them: which column is the text and which the label, and what kind a column is.
 *
 * The first row of the first file decides about the columns; later files may have them in another order. A column that fits no kind (objects, mixtures, lists of
 * another length than the words) is left out with a message, unless it is the text or the label: then it is an error. A column of cells is INT or DOUBLE when all of
 * them are, a missing number makes it DOUBLE with NaN; the label column's values become classes. */
#include "base/log.h"
#include "data/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const word_names[] = {"tokens", "words", "token", "word"};
static const char *const tag_names[] = {"ner_tags", "labels", "tags", "ner", "tag", "label"};
static const char *const text_names[] = {"text",      "sentence", "sentence1", "#1 String", "content",
                                         "question1", "premise",  "question",  "review",    "comment"};
static const char *const label_names[] = {"label",     "labels",       "Quality", "class",  "category",
                                          "sentiment", "is_duplicate", "score",   "target", "gold_label"};
static const char *const other_names[] = {"sentence2",  "#2 String",   "#1 ID",      "#2 ID",      "id",           "idx",
                                          "index",      "question2",   "hypothesis", "title",      "pos_tags",     "pos",
                                          "chunk_tags", "sentence_id", "sent_id",    "sentence #", "sentence_idx", "context",
                                          "document",   "sentence_1",  "sentence_2", "text_pair"};
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- names ---- */

static bool is_name(hone_text name, const char *known)
{
    return name.len == strlen(known) && strncasecmp(name.data, known, name.len) == 0;
}

static bool is_among(hone_text name, const char *const *known, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_name(name, known[i]))
            return true;
    return false;
}

bool hone__table_knows_name(const hone_dataset_options *o, hone_text name)
{
    if ((o->text_column_name && is_name(name, o->text_column_name)) || (o->label_column_name && is_name(name, o->label_column_name)))
        return true;
    return is_among(name, word_names, COUNT(word_names)) || is_among(name, tag_names, COUNT(tag_names)) ||
           is_among(name, text_names, COUNT(text_names)) || is_among(name, label_names, COUNT(label_names)) ||
           is_among(name, other_names, COUNT(other_names));
}

/* The column of the name asked for, else the one whose name stands first in `known`. */
static ptrdiff_t pick(const hone_table_column *columns, size_t n, const char *asked, const char *const *known, size_t n_known, bool is_list)
{
    for (size_t i = 0; asked && i < n; i++)
        if (columns[i].name.len == strlen(asked) && memcmp(columns[i].name.data, asked, columns[i].name.len) == 0)
            return (ptrdiff_t)i;
    for (size_t k = 0; !asked && k < n_known; k++)
        for (size_t i = 0; i < n; i++)
            if (columns[i].is_list == is_list && is_name(columns[i].name, known[k]))
                return (ptrdiff_t)i;
    return -1;
}

ptrdiff_t hone__table_find_text(const hone_reading *r, const hone_table_column *columns, size_t n, bool is_list)
{
    return is_list ? pick(columns, n, r->options->text_column_name, word_names, COUNT(word_names), true)
                   : pick(columns, n, r->options->text_column_name, text_names, COUNT(text_names), false);
}

ptrdiff_t hone__table_find_label(const hone_reading *r, const hone_table_column *columns, size_t n, bool is_list)
{
    return is_list ? pick(columns, n, r->options->label_column_name, tag_names, COUNT(tag_names), true)
                   : pick(columns, n, r->options->label_column_name, label_names, COUNT(label_names), false);
}

/* ---- columns ---- */

static hone_status fail_missing(const hone_reading *r, const hone_table_column *columns, size_t n, const char *name, int64_t line)
{
    hone_str list = HONE_STR_INIT;
    hone_status status = hone__reading_fail(r, line, "there is no column \"%s\"", name);
    for (size_t i = 0; i < n && i < 20; i++)
        hone__str_printf(&list, "%s%.*s", i ? ", " : "", (int)(columns[i].name.len < 40 ? columns[i].name.len : 40), columns[i].name.data);
    hone__hint(status, "the columns are %s; --text_column_name and --label_column_name name others", list.data ? list.data : "none");
    hone__str_dispose(&list);
    return status;
}

/* Lists of tags have classes, other lists are texts. */
static hone_feature_kind kind_of_list(hone_text name, bool is_text, bool is_label)
{
    if (is_text)
        return HONE_FEATURE_STRING;
    bool tags = is_label || memmem(name.data, name.len, "tag", 3) || memmem(name.data, name.len, "Tag", 3) ||
                memmem(name.data, name.len, "label", 5) || is_name(name, "pos");
    return tags ? HONE_FEATURE_CLASS_LABEL : HONE_FEATURE_STRING;
}

static hone_status make_columns(hone_reading *r, hone_table_column *columns, size_t n, ptrdiff_t text, ptrdiff_t label)
{
    hone_dataset *d = r->d;
    for (size_t i = 0; i < n; i++) {
        bool is_text = (ptrdiff_t)i == text, is_label = (ptrdiff_t)i == label;
        hone_feature_kind kind = columns[i].is_list ? kind_of_list(columns[i].name, is_text, is_label) : HONE_FEATURE_STRING;
        size_t at;
        columns[i].at = -1;
        if (columns[i].is_list && (text < 0 || !columns[text].is_list))
            continue;
        HONE_TRY(hone__dataset_add_column(&at, d, columns[i].name, kind, columns[i].is_list));
        columns[i].at = (ptrdiff_t)at;
        if (is_text)
            d->text_column = (ptrdiff_t)at;
        if (is_label)
            d->label_column = (ptrdiff_t)at;
    }
    return HONE_OK;
}

/* The columns of a later file are those of the first, in any order; what is new is left out. */
static hone_status match_columns(hone_reading *r, hone_table_column *columns, size_t n, int64_t line)
{
    for (size_t i = 0; i < n; i++)
        columns[i].at = -1;
    for (size_t k = 0; k < r->d->n_columns; k++) {
        const char *name = r->d->columns[k].name;
        size_t i = 0;
        while (i < n && (columns[i].name.len != strlen(name) || memcmp(columns[i].name.data, name, columns[i].name.len) != 0))
            i++;
        if (i == n)
            return fail_missing(r, columns, n, name, line);
        columns[i].at = (ptrdiff_t)k;
    }
    return HONE_OK;
}

hone_status hone__table_columns(hone_reading *r, hone_table_column *columns, size_t n, bool sequences, int64_t line)
{
    const hone_dataset_options *o = r->options;
    if (r->d->n_columns > 0)
        return match_columns(r, columns, n, line);
    ptrdiff_t text = hone__table_find_text(r, columns, n, sequences), label = hone__table_find_label(r, columns, n, sequences);
    if (text < 0 && o->text_column_name)
        return fail_missing(r, columns, n, o->text_column_name, line);
    if (label < 0 && o->label_column_name && !o->labels_optional)
        return fail_missing(r, columns, n, o->label_column_name, line);
    return make_columns(r, columns, n, text, label);
}

/* ---- cells ---- */

hone_cell_kind hone__table_kind_of(hone_text cell)
{
    char copy[40];
    double value;
    if (cell.len == 0)
        return HONE__CELL_NULL;
    if (cell.len >= sizeof(copy) || !strchr("+-0123456789.", cell.data[0]))
        return HONE__CELL_STRING;
    memcpy(copy, cell.data, cell.len);
    copy[cell.len] = '\0';
    size_t sign = copy[0] == '-' || copy[0] == '+', digits = strspn(copy + sign, "0123456789");
    if (digits > 0 && digits <= 18 && sign + digits == cell.len)
        return HONE__CELL_INT;
    return digits + strspn(copy + sign, ".") > 0 && hone__parse_double(&value, copy) ? HONE__CELL_DOUBLE : HONE__CELL_STRING;
}

hone_status hone__table_add_cell(hone_reading *r, size_t column, hone_text text, hone_cell_kind kind, size_t item)
{
    hone_column *c = &r->d->columns[column];
    c->counts[kind]++;
    if (c->dropped)
        return HONE_OK;
    if (c->kind == HONE_FEATURE_CLASS_LABEL)
        return hone__column_add_tag(c, text, r->d->n_rows, item);
    return hone__column_add_text(c, text);
}

/* ---- kinds ---- */

static double number_of(hone_text cell)
{
    char copy[64];
    double value = NAN;
    if (cell.len > 0 && cell.len < sizeof(copy)) {
        memcpy(copy, cell.data, cell.len);
        copy[cell.len] = '\0';
        (void)hone__parse_double(&value, copy);
    }
    return value;
}

static int64_t int_of(hone_text cell)
{
    char copy[32] = "";
    memcpy(copy, cell.data, cell.len < sizeof(copy) ? cell.len : sizeof(copy) - 1);
    return strtoll(copy, NULL, 10);
}

static hone_status make_ints(hone_column *c)
{
    HONE_TRY(HONE_ALLOC(&c->ints, c->n));
    for (size_t i = 0; i < c->n; i++)
        c->ints[i] = int_of(c->texts[i]);
    c->kind = HONE_FEATURE_INT;
    return HONE_OK;
}

static hone_status make_doubles(hone_column *c)
{
    HONE_TRY(HONE_ALLOC(&c->doubles, c->n));
    for (size_t i = 0; i < c->n; i++)
        c->doubles[i] = number_of(c->texts[i]);
    c->kind = HONE_FEATURE_DOUBLE;
    return HONE_OK;
}

/* Every label is there, or the first that is not is named. */
static hone_status check_labels(const hone_dataset *d, const hone_column *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->texts[i].len == 0)
            return hone__dataset_fail_at(d, (int64_t)i, 0, "\"%s\" is empty here, and not everywhere", c->name);
    return HONE_OK;
}

static hone_status make_classes(hone_column *c)
{
    hone_text *texts = c->texts;
    size_t n = c->n;
    hone_status status = HONE_OK;
    c->texts = NULL;
    c->capacity = c->n = 0;
    c->kind = HONE_FEATURE_CLASS_LABEL;
    for (size_t i = 0; i < n && status == HONE_OK; i++)
        status = hone__column_add_tag(c, texts[i], (int64_t)i, 0);
    hone__free(texts);
    return status;
}

/* A column of single cells: what all of them are. */
static hone_status settle_cells(const hone_dataset *d, hone_column *c, bool is_text, bool is_label)
{
    const int64_t *counts = c->counts;
    bool has_numbers = counts[HONE__CELL_INT] + counts[HONE__CELL_DOUBLE] > 0;
    hone_text *texts = c->texts;
    hone_status status = HONE_OK;
    if (is_label)
        HONE_TRY(check_labels(d, c));
    if (is_text || counts[HONE__CELL_STRING] > 0 || !has_numbers)
        return is_label ? make_classes(c) : HONE_OK;
    if (is_label && counts[HONE__CELL_DOUBLE] == 0)
        return make_classes(c);
    status = counts[HONE__CELL_DOUBLE] + counts[HONE__CELL_NULL] > 0 ? make_doubles(c) : make_ints(c);
    if (status == HONE_OK) {
        c->texts = NULL;
        hone__free(texts);
    }
    return status;
}

/* Why a column is left out, NULL: it is not. A label column without any label is that of a file to predict. */
static const char *why_dropped(const hone_dataset *d, size_t i)
{
    const hone_column *c = &d->columns[i];
    if (c->dropped || c->counts[HONE__CELL_OTHER] > 0)
        return "its cells are no texts, numbers or lists as long as the words";
    return (ptrdiff_t)i == d->label_column && !c->sequence && c->counts[HONE__CELL_NULL] == d->n_rows ? "all of its cells are empty" : NULL;
}

static void drop_columns(hone_dataset *d)
{
    for (size_t i = d->n_columns; i-- > 0;) {
        const char *why = why_dropped(d, i);
        if (!why)
            continue;
        hone__log(HONE_LOG_INFO, "column \"%s\" is left out: %s", d->columns[i].name, why);
        hone__dataset_drop_column(d, i);
        d->label_column = d->label_column == (ptrdiff_t)i ? -1 : d->label_column;
        d->text_column -= d->text_column > (ptrdiff_t)i;
        d->label_column -= d->label_column > (ptrdiff_t)i;
    }
}

hone_status hone__table_finish(hone_reading *r)
{
    hone_dataset *d = r->d;
    drop_columns(d);
    for (size_t i = 0; i < d->n_columns; i++)
        if (!d->columns[i].sequence)
            HONE_TRY(settle_cells(d, &d->columns[i], (ptrdiff_t)i == d->text_column, (ptrdiff_t)i == d->label_column));
    return HONE_OK;
}
