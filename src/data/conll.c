/* CoNLL files: a word a line with its tags behind it, an empty line between sentences.
 *
 * Columns are split by tabs where the line has one, else by blanks. Only those two characters split: a word may hold any other white space of Unicode (U+00A0, U+3000,
 * U+0085 and so on stand in real tweets), where Python's str.split() would cut it in two and take its tail for the word; on the published CoNLL-2003, WNUT-17 and
 * WikiGold both give the same. The first column is the word, the last the tag. An empty word ("<tab>O") stays, with a warning: it gives no token and shifts none.
 *
 * A line "# …" before a sentence is a comment as CoNLL-U has them, unless it has as many columns as the file's words: in tweets "# O" and "#tag O" are words. */
#include "base/log.h"
#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

enum { MAX_FIELDS = 64 };

typedef struct fields {
    hone_text items[MAX_FIELDS];
    size_t n; /* may exceed MAX_FIELDS: so many there were */
} fields;

/* The present file. */
typedef struct conll {
    hone_reading *r;
    size_t pos;
    int64_t line, first_line; /* the present one; of the sentence's first word */
    size_t n_words;           /* of the present sentence */
    bool new_document;        /* the next sentence begins one */
} conll;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static bool is_empty(hone_text line)
{
    size_t i = 0;
    while (i < line.len && is_blank(line.data[i]))
        i++;
    return i == line.len;
}

static hone_text trim(hone_text t)
{
    while (t.len > 0 && is_blank(t.data[0])) {
        t.data++;
        t.len--;
    }
    while (t.len > 0 && is_blank(t.data[t.len - 1]))
        t.len--;
    return t;
}

static void add_field(fields *out, hone_text field)
{
    if (out->n < MAX_FIELDS)
        out->items[out->n] = field;
    out->n++;
}

/* Every tab ends a column; those at the end of the line that hold nothing are none. */
static void split_tabs(fields *out, hone_text line)
{
    const char *p = line.data, *end = line.data + line.len;
    while (end > p && is_blank(end[-1]))
        end--;
    for (;;) {
        const char *tab = memchr(p, '\t', (size_t)(end - p));
        add_field(out, trim((hone_text){p, (size_t)((tab ? tab : end) - p)}));
        if (!tab)
            return;
        p = tab + 1;
    }
}

static void split_blanks(fields *out, hone_text line)
{
    const char *p = line.data, *end = line.data + line.len;
    while (p < end) {
        const char *start = p;
        while (p < end && !is_blank(*p))
            p++;
        if (p > start)
            add_field(out, (hone_text){start, (size_t)(p - start)});
        while (p < end && is_blank(*p))
            p++;
    }
}

static void split(fields *out, hone_text line)
{
    out->n = 0;
    if (memchr(line.data, '\t', line.len))
        split_tabs(out, line);
    else
        split_blanks(out, line);
}

size_t hone__conll_last_column(hone_text *last, hone_text line)
{
    fields f;
    split(&f, line);
    *last = f.n > 0 && f.n <= MAX_FIELDS ? f.items[f.n - 1] : (hone_text){"", 0};
    return f.n;
}

bool hone__conll_is_docstart(hone_text line)
{
    static const char mark[] = "-DOCSTART-";
    size_t len = sizeof(mark) - 1;
    line = trim(line);
    return line.len >= len && memcmp(line.data, mark, len) == 0 && (line.len == len || is_blank(line.data[len]));
}

static bool looks_like_comment(hone_text line)
{
    return line.len > 0 && line.data[0] == '#' && (line.len == 1 || line.data[1] == ' ');
}

/* A comment before a sentence: told from a word "#" by the number of columns, or by what CoNLL-U says in two words. */
static bool is_comment(hone_text line, const fields *f, size_t n_columns)
{
    static const char *const said[] = {"newdoc", "newpar"};
    if (!looks_like_comment(line))
        return false;
    for (size_t i = 0; i < 2 && f->n == 2; i++)
        if (f->items[1].len == 6 && memcmp(f->items[1].data, said[i], 6) == 0)
            return true;
    return f->n != n_columns;
}

/* The number of columns of the first line with a word that cannot be a comment, else of the first that can; 0 when the file has no words. */
static size_t find_columns(const hone_reading *r, size_t pos)
{
    fields f;
    hone_text line;
    size_t n = 0;
    while (hone__reading_line(r, &pos, &line)) {
        if (is_empty(line) || hone__conll_is_docstart(line))
            continue;
        split(&f, line);
        bool doubtful = looks_like_comment(line) && !memchr(line.data, '\t', line.len);
        if (!doubtful)
            return f.n;
        n = n == 0 && f.n > 1 ? f.n : n;
    }
    return n;
}

static hone_status add_columns(hone_reading *r, int64_t line, size_t n)
{
    static const char *const three[] = {"pos_tags"}, *const four[] = {"pos_tags", "chunk_tags"};
    size_t i;
    char name[32];
    if (n < 2)
        return hone__hint(
            hone__reading_fail(r, line, "one column: a word and its tag were expected, split by a tab or a blank"),
            "plain text is no labelled data; words without tags, to be predicted, are lines of JSON: {\"tokens\": [word, …]}");
    if (n > MAX_FIELDS)
        return hone__reading_fail(r, line, "%zu columns: at most %d are read", n, MAX_FIELDS);
    HONE_TRY(hone__dataset_add_column(&i, r->d, HONE_TEXT("id"), HONE_FEATURE_INT, false));
    r->d->columns[i].is_row_number = true;
    HONE_TRY(hone__dataset_add_column(&i, r->d, HONE_TEXT("document"), HONE_FEATURE_INT, false));
    HONE_TRY(hone__dataset_add_column(&i, r->d, HONE_TEXT("tokens"), HONE_FEATURE_STRING, true));
    for (size_t k = 1; k + 1 < n; k++) {
        snprintf(name, sizeof(name), "column_%zu", k + 1);
        const char *known = n == 3 ? three[0] : n == 4 ? four[k - 1] : name;
        HONE_TRY(hone__dataset_add_column(&i, r->d, HONE_TEXT(known), n <= 4 ? HONE_FEATURE_CLASS_LABEL : HONE_FEATURE_STRING, true));
    }
    r->n_columns = n;
    return hone__dataset_add_column(&i, r->d, HONE_TEXT("ner_tags"), HONE_FEATURE_CLASS_LABEL, true);
}

enum { DOCUMENT = 1, TOKENS = 2 }; /* numbers of the columns above */

static hone_status add_word(conll *c, const fields *f)
{
    hone_dataset *d = c->r->d;
    if (c->n_words == 0)
        c->first_line = c->line;
    for (size_t k = 0; k < f->n; k++) {
        hone_column *column = &d->columns[TOKENS + k];
        if (column->kind == HONE_FEATURE_STRING)
            HONE_TRY(hone__column_add_text(column, f->items[k]));
        else
            HONE_TRY(hone__column_add_tag(column, f->items[k], d->n_rows, c->n_words));
    }
    if (f->items[0].len == 0 && c->r->n_empty_words++ == 0) {
        c->r->first_empty_line = c->line;
        c->r->first_empty_path = d->files[c->r->file].path;
    }
    c->n_words++;
    return HONE_OK;
}

static hone_status end_sentence(conll *c)
{
    hone_dataset *d = c->r->d;
    if (c->n_words == 0)
        return HONE_OK;
    d->n_documents += c->new_document;
    c->new_document = false;
    HONE_TRY(hone__column_add_int(&d->columns[DOCUMENT], d->n_documents - 1));
    HONE_TRY(hone__dataset_end_row(d, (hone_place){c->first_line, c->r->file, true}, c->n_words));
    c->n_words = 0;
    return HONE_OK;
}

static hone_status fail_columns(const conll *c, const fields *f, hone_text line)
{
    size_t want = c->r->n_columns;
    hone_status status =
        hone__reading_fail(c->r, c->line, "%zu %s, the lines before have %zu", f->n, f->n == 1 ? "column" : "columns", want);
    if (f->n > want && memchr(line.data, ' ', line.len) && !memchr(line.data, '\t', line.len))
        return hone__hint(status, "a word that holds blanks needs tabs between the columns");
    return hone__hint(status, "every line has a word first and its tag last; an empty line ends a sentence");
}

static hone_status read_line(conll *c, hone_text line)
{
    fields f;
    if (is_empty(line))
        return end_sentence(c);
    if (hone__conll_is_docstart(line)) {
        HONE_TRY(end_sentence(c));
        c->new_document = c->r->marks_documents = true;
        return HONE_OK;
    }
    split(&f, line);
    if (c->n_words == 0 && is_comment(line, &f, c->r->n_columns))
        return HONE_OK;
    return f.n == c->r->n_columns ? add_word(c, &f) : fail_columns(c, &f, line);
}

hone_status hone__conll_read(hone_reading *r)
{
    const hone_source *file = &r->d->files[r->file];
    conll c = {.r = r, .new_document = true};
    hone_text line;
    c.pos = file->len >= 3 && memcmp(file->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    size_t n_columns = find_columns(r, c.pos);
    if (n_columns == 0)
        return HONE_OK;
    while (!hone__reading_is_full(r) && hone__reading_line(r, &c.pos, &line)) {
        c.line++;
        if (r->n_columns == 0 && !is_empty(line) && !hone__conll_is_docstart(line))
            HONE_TRY(add_columns(r, c.line, n_columns));
        HONE_TRY(read_line(&c, line));
    }
    return hone__reading_is_full(r) ? HONE_OK : end_sentence(&c);
}

/* Without -DOCSTART- lines nothing is known about documents. */
hone_status hone__conll_finish(hone_reading *r)
{
    if (r->n_columns == 0)
        return HONE_OK;
    if (r->n_empty_words > 0)
        hone__log(HONE_LOG_WARNING, "%s:%lld: %lld %s before the tag: it stays, and takes no part", r->first_empty_path,
                  (long long)r->first_empty_line, (long long)r->n_empty_words,
                  r->n_empty_words == 1 ? "empty word" : "empty words, the first here,");
    if (!r->marks_documents) {
        r->d->n_documents = 0;
        hone__dataset_drop_column(r->d, DOCUMENT);
    }
    return HONE_OK;
}
