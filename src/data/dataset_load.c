/* hone_dataset_load: finds the files, opens each, has it read in its format, and makes classes of what was found.
 *
 * Unlike texts, of which a bad file is passed over, labelled data is all or nothing: a label that is missing or wrong would be learnt. */
#include "base/log.h"
#include "data/dataset.h"

#include <string.h>

/* ---- files ---- */

static hone_status list_files(hone_file_list *out, const char *const *paths, size_t n_paths, const char *glob)
{
    if (n_paths != 1 || strcmp(paths[0], "-") != 0)
        return hone__list_all_files(out, paths, n_paths, glob);
    *out = (hone_file_list){NULL, 0};
    HONE_TRY(HONE_NEW(&out->paths, 1));
    out->n = 1;
    return hone__strdup(&out->paths[0], "-");
}

static int64_t line_of(const hone_source *f, size_t at)
{
    int64_t line = 1;
    for (const char *p = f->data; (p = memchr(p, '\n', (size_t)(f->data + at - p))); p++)
        line++;
    return line;
}

/* Labelled data is text. */
static hone_status check_bytes(const hone_source *f)
{
    if (f->len >= 2 && memcmp(f->data, "\x1F\x8B", 2) == 0)
        return hone__hint(hone__fail(HONE_FORMAT, "%s: compressed with gzip", f->path), "gunzip it first");
    if (f->len >= 2 && (memcmp(f->data, "\xFF\xFE", 2) == 0 || memcmp(f->data, "\xFE\xFF", 2) == 0))
        return hone__hint(hone__fail(HONE_FORMAT, "%s:1: UTF-16, UTF-8 was expected", f->path),
                          "iconv -f UTF-16 -t UTF-8 turns it into UTF-8");
    size_t valid = hone__utf8_valid(f->data, f->len);
    const char *nul = memchr(f->data, '\0', valid);
    if (nul)
        return hone__fail(HONE_FORMAT, "%s:%lld: a NUL byte: this is no text", f->path, (long long)line_of(f, (size_t)(nul - f->data)));
    if (valid < f->len)
        return hone__hint(hone__fail(HONE_FORMAT, "%s:%lld: not UTF-8 (byte 0x%02X at offset %zu)", f->path, (long long)line_of(f, valid),
                                     (unsigned char)f->data[valid], valid),
                          "iconv -f LATIN1 -t UTF-8 turns another encoding into UTF-8");
    return HONE_OK;
}

static hone_status add_file(hone_dataset *d, const char *path)
{
    HONE_TRY(HONE_GROW(&d->files, &d->files_capacity, d->n_files + 1));
    hone_source *f = &d->files[d->n_files];
    *f = (hone_source){.map = {"", 0, -1}, .data = ""};
    HONE_TRY(hone__strdup(&f->path, path));
    d->n_files++;
    HONE_TRY(hone__source_open(f));
    return check_bytes(f);
}

/* ---- formats ---- */

typedef struct format {
    const char *name;
    hone_status (*read)(hone_reading *r);
    hone_status (*finish)(hone_reading *r);
} format;

static const format formats[] = {
    {"conll", hone__conll_read, hone__conll_finish},     {"jsonl", hone__json_table_read, hone__table_finish},
    {"json", hone__json_table_read, hone__table_finish}, {"csv", hone__csv_read, hone__table_finish},
    {"tsv", hone__tsv_read, hone__table_finish},
};
enum { N_FORMATS = sizeof(formats) / sizeof(*formats) };

static hone_status find_format(const format **out, const char *name)
{
    *out = NULL;
    for (int i = 0; i < N_FORMATS; i++)
        if (strcmp(name, formats[i].name) == 0)
            *out = &formats[i];
    return *out ? HONE_OK : hone__fail(HONE_INVALID_ARGUMENT, "\"%s\" is no format of labelled data: conll, jsonl, csv and tsv are", name);
}

/* The format of the present file; `before` is that of the files before, whose columns it must have. */
static hone_status format_of(const format **out, const hone_reading *r, const format *before)
{
    const hone_source *f = &r->d->files[r->file];
    const char *name = r->options->format ? r->options->format : hone__dataset_format_of(f);
    if (r->options->single_cells && (!name || (strcmp(name, "conll") == 0 && !r->options->format)))
        name = "tsv";
    HONE_TRY(find_format(out, name ? name : "conll"));
    if (before && before->finish != (*out)->finish)
        return hone__hint(hone__fail(HONE_FORMAT, "%s: this is %s, the files before are %s", f->path, (*out)->name, before->name),
                          "a data set has files of one format; --format names it");
    return HONE_OK;
}

static hone_status read_file(hone_reading *r, const char *path, const format **f)
{
    const format *before = *f;
    HONE_TRY(add_file(r->d, path));
    r->file = (int32_t)r->d->n_files - 1;
    if (r->d->files[r->file].len == 0) {
        hone__log(HONE_LOG_WARNING, "%s: an empty file", path);
        return HONE_OK;
    }
    HONE_TRY(format_of(f, r, before));
    return (*f)->read(r);
}

#define QUIET_BYTES ((uint64_t)8 << 20) /* that are read before there is a word of progress */

static hone_status read_files(hone_reading *r, const hone_file_list *files)
{
    const format *f = NULL;
    uint64_t done = 0;
    if (r->options->format)
        HONE_TRY(find_format(&f, r->options->format));
    for (size_t i = 0; i < files->n && !hone__reading_is_full(r); i++) {
        HONE_TRY(read_file(r, files->paths[i], &f));
        done += r->d->files[i].len;
        if (done > QUIET_BYTES)
            hone__progress("reading", (int64_t)done, -1, "bytes", NULL);
    }
    if (done > QUIET_BYTES)
        hone__progress_end("reading", (int64_t)done, (int64_t)done, "bytes", NULL);
    if (r->d->n_rows == 0 && r->options->max_rows != 0)
        return hone__fail(HONE_NOT_FOUND, "%s%s: no row of data%s", files->paths[0], files->n > 1 ? " and the other files" : "",
                          r->d->files[0].len == 0 ? ", the file is empty" : "");
    return f ? f->finish(r) : HONE_OK;
}

/* ---- classes ---- */

/* The scheme of a column of tags. Only the label column must keep to one. */
static hone_status find_scheme(hone_tag_scheme *out, const hone_dataset *d, const hone_column *c, bool is_label, hone_tag_scheme asked)
{
    *out = HONE_SCHEME_NONE;
    if (!c->sequence || strcmp(c->name, "pos_tags") == 0)
        return HONE_OK;
    hone_status status = hone__tags_scheme(out, d, c, is_label ? asked : HONE_SCHEME_AUTO);
    if (status != HONE_FORMAT || is_label)
        return status;
    *out = HONE_SCHEME_NONE;
    return HONE_OK;
}

/* True unless classes are given that have no B-. */
static bool have_begins(const char *const *labels)
{
    bool any = !labels;
    for (; labels && *labels; labels++)
        any = any || hone__tag_parse(HONE_TEXT(*labels)).prefix == 'B';
    return any;
}

/* What was found in a column becomes classes: names by their order, ids by their names. */
static hone_status make_classes(hone_dataset *d, size_t i, const hone_dataset_options *o)
{
    hone_column *c = &d->columns[i];
    bool is_label = (ptrdiff_t)i == d->label_column, named = false;
    hone_tag_scheme found;
    const char *const *labels = is_label ? o->labels : NULL;
    if (c->kind != HONE_FEATURE_CLASS_LABEL || c->names)
        return HONE_OK;
    if (c->counts[HONE__CELL_INT] > 0 && c->counts[HONE__CELL_STRING] == 0)
        HONE_TRY(hone__label_ids_name(&named, d, c, labels));
    HONE_TRY(find_scheme(&found, d, c, is_label, o->scheme));
    hone_tag_scheme kept = found == HONE_SCHEME_IOB1 && !o->keep_scheme && have_begins(labels) ? HONE_SCHEME_IOB2 : found;
    if (kept != found)
        HONE_TRY(hone__tags_to_iob2(d, c));
    if (is_label) {
        d->source_scheme = found;
        d->scheme = kept;
    }
    return named && !labels ? hone__classes_keep(c) : hone__classes_number(d, c, kept, labels);
}

static void describe_columns(hone_dataset *d)
{
    for (size_t i = 0; i < d->n_columns; i++) {
        hone_column *c = &d->columns[i];
        c->feature = (hone_feature){c->name, c->kind, c->sequence, (const char *const *)c->names, c->n_names};
    }
}

/* Of files whose columns have no names: those that were asked for are the names. */
static hone_status rename_column(hone_dataset *d, const char *from, const char *to)
{
    ptrdiff_t i = hone_dataset_find(d, from);
    char *name = NULL;
    if (!to || i < 0 || hone_dataset_find(d, to) >= 0)
        return HONE_OK;
    HONE_TRY(hone__strdup(&name, to));
    hone__free(d->columns[i].name);
    d->columns[i].name = name;
    return HONE_OK;
}

/* The columns of CoNLL files, whose names are ours. */
static hone_status find_columns(hone_dataset *d, const hone_dataset_options *o)
{
    if (d->text_column >= 0 || d->label_column >= 0 || hone_dataset_find(d, "tokens") < 0)
        return HONE_OK;
    HONE_TRY(rename_column(d, "tokens", o->text_column_name));
    HONE_TRY(rename_column(d, "ner_tags", o->label_column_name));
    d->text_column = hone_dataset_find(d, o->text_column_name ? o->text_column_name : "tokens");
    d->label_column = hone_dataset_find(d, o->label_column_name ? o->label_column_name : "ner_tags");
    return HONE_OK;
}

static hone_status finish(hone_dataset *d, const hone_dataset_options *o)
{
    HONE_TRY(find_columns(d, o));
    for (size_t i = 0; i < d->n_columns; i++)
        HONE_TRY(make_classes(d, i, o));
    HONE_TRY(hone__dataset_fit(d));
    describe_columns(d);
    return HONE_OK;
}

hone_status hone_dataset_load(hone_dataset **out, const char *const *paths, size_t n_paths, const hone_dataset_options *options)
{
    static const hone_dataset_options defaults = HONE_DATASET_OPTIONS_INIT;
    hone_reading r = {.options = options ? options : &defaults};
    hone_file_list files = {NULL, 0};
    hone_dataset *d = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_TRY(HONE_NEW(&d, 1));
    d->text_column = d->label_column = -1;
    d->scheme = d->source_scheme = HONE_SCHEME_NONE;
    r.d = d;
    HONE_GO(list_files(&files, paths, n_paths, r.options->glob));
    HONE_GO(read_files(&r, &files));
    HONE_GO(finish(d, r.options));
    *out = d;
    d = NULL;
done:
    hone__str_dispose(&r.text);
    hone__file_list_dispose(&files);
    hone_dataset_free(d);
    return status;
}
