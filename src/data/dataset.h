/* What the files of the data set share: dataset.c holds the table and shows it, dataset_load.c opens files and has the readers (conll.c, csv.c, json_table.c) fill it,
 * tags.c turns tags into classes, table.c finds out the kinds of other columns. */
#ifndef HONE_DATA_DATASET_H
#define HONE_DATA_DATASET_H

#include "base/file.h"

#include <hone/dataset.h>

/* A file of the data set; stays mapped, for cells are lent from it. */
typedef struct hone_source {
    char *path;
    hone_mapping map;
    char *owned; /* what cannot be mapped (a pipe) */
    const char *data;
    size_t len;
} hone_source;

/* Where a row begins. */
typedef struct hone_place {
    int64_t line;
    int32_t file;
    bool line_each; /* item k stands k lines further down */
} hone_place;

/* A class by its first appearance. */
typedef struct hone_class {
    hone_text name;
    int64_t row;
    size_t item;
} hone_class;

/* Distinct names, numbered by appearance. */
typedef struct hone_classes {
    hone_class *items;
    size_t n, capacity;
    int32_t *slots; /* hash table of numbers, -1: free */
    size_t n_slots;
    int32_t last; /* what was found last: tags come in runs */
} hone_classes;

void hone__classes_dispose(hone_classes *c);
/* The number of name, which is added when it is new (lent: it must stay). */
hone_status hone__classes_intern(int32_t *out, hone_classes *c, hone_text name, int64_t row, size_t item);
/* The number of name, -1 when there is none. */
int32_t hone__classes_find(const hone_classes *c, hone_text name);

/* What stands in a cell of a table. OTHER: what no column can hold (an object, a list of another kind). */
typedef enum hone_cell_kind {
    HONE__CELL_STRING,
    HONE__CELL_INT,
    HONE__CELL_DOUBLE,
    HONE__CELL_NULL,
    HONE__CELL_OTHER,
    HONE__CELL_KINDS
} hone_cell_kind;

typedef struct hone_column {
    char *name;
    hone_feature_kind kind;
    bool sequence;
    bool is_row_number; /* INT without storage */
    hone_text *texts;   /* STRING: (n) cells, items laid end to end for a sequence */
    int32_t *classes;   /* CLASS_LABEL */
    int64_t *ints;      /* INT */
    double *doubles;    /* DOUBLE */
    size_t n, capacity;
    hone_classes found;               /* while loading: names of `classes` by appearance */
    int64_t counts[HONE__CELL_KINDS]; /* of a table's cells or items, by kind */
    bool dropped;                     /* of a table: it does not fit */
    char **names;                     /* CLASS_LABEL: (n_names) and NULL */
    size_t n_names;
    hone_feature feature;
} hone_column;

/* Texts that could not be lent from a file, in pieces that never move. */
typedef struct hone_text_pool {
    char **blocks;
    size_t n_blocks, blocks_capacity;
    size_t used, size; /* of the last block */
} hone_text_pool;

struct hone_dataset {
    hone_source *files;
    size_t n_files, files_capacity;
    hone_column *columns;
    size_t n_columns, columns_capacity;
    int64_t n_rows;
    hone_place *places; /* (n_rows) */
    size_t places_capacity;
    size_t *starts; /* (n_rows+1) of the items of sequence columns; NULL before the first row */
    size_t starts_capacity;
    ptrdiff_t text_column, label_column;
    hone_tag_scheme scheme, source_scheme;
    int64_t n_documents;
    hone_text_pool pool;
};

/* ---- filling the table (dataset_build.c) ---- */

/* Adds a column and gives its number. The name is copied. Columns move when one is added. */
hone_status hone__dataset_add_column(size_t *out, hone_dataset *d, hone_text name, hone_feature_kind kind, bool sequence);
void hone__column_dispose(hone_column *c);
/* Takes column i out. */
void hone__dataset_drop_column(hone_dataset *d, size_t i);
hone_status hone__column_add_text(hone_column *c, hone_text text);
hone_status hone__column_add_int(hone_column *c, int64_t value);
/* A tag of item `item` of the row that is being read. */
hone_status hone__column_add_tag(hone_column *c, hone_text tag, int64_t row, size_t item);
/* Ends a row whose sequences have n_items more items. */
hone_status hone__dataset_end_row(hone_dataset *d, hone_place place, size_t n_items);
/* Copies text into the pool. */
hone_status hone__dataset_keep_text(hone_text *out, hone_dataset *d, hone_text text);
/* Gives back what growth took too much. */
hone_status hone__dataset_fit(hone_dataset *d);
/* A failure at item `item` of a row, "file:line: …". */
hone_status hone__dataset_fail_at(const hone_dataset *d, int64_t row, size_t item, const char *format, ...) HONE__PRINTF(4, 5);

/* Maps the file f->path, or reads a pipe as a whole. */
hone_status hone__source_open(hone_source *f);
void hone__source_close(hone_source *f);
/* Gives the pages of mapped files back: they come again when they are read. */
void hone__sources_release(const hone_source *files, size_t n);

/* ---- readers: append the rows of file number `file` ---- */

/* What a reader works with. */
typedef struct hone_reading {
    hone_dataset *d;
    const hone_dataset_options *options;
    int32_t file;
    bool marks_documents; /* conll: some file had -DOCSTART- lines */
    size_t n_columns;     /* conll: of every file; 0: not yet known */
    hone_str text;        /* scratch: what a quoted cell stands for */
    int64_t n_empty_words;
    int64_t first_empty_line;
    const char *first_empty_path;
} hone_reading;

/* The format of a file's bytes, NULL when they look like nothing labelled (detect.c). */
const char *hone__dataset_format_of(const hone_source *f);

/* True when there are as many rows as were asked for. */
bool hone__reading_is_full(const hone_reading *r);
/* HONE_FORMAT "file:line: …" for the present file. */
hone_status hone__reading_fail(const hone_reading *r, int64_t line, const char *format, ...) HONE__PRINTF(3, 4);
/* The next line of the present file without its end (LF, CRLF or CR), from *pos; false at the end of the file. */
bool hone__reading_line(const hone_reading *r, size_t *pos, hone_text *line);

hone_status hone__conll_read(hone_reading *r);
/* The number of columns of a line, and what stands in the last one. */
size_t hone__conll_last_column(hone_text *last, hone_text line);
/* True for a line "-DOCSTART- …". */
bool hone__conll_is_docstart(hone_text line);
/* Names the columns and ends what the files left open. */
hone_status hone__conll_finish(hone_reading *r);

/* ---- tables: csv and JSON (table.c) ---- */

/* A column as a file shows it. */
typedef struct hone_table_column {
    hone_text name;
    bool is_list; /* its first cell is a list of strings or numbers */
    ptrdiff_t at; /* its number in the data set, -1: left out */
} hone_table_column;
/* Makes the columns of the first file, or finds those of a later one; fills `at`. sequences: words and tags are asked for, a list a row. */
hone_status hone__table_columns(hone_reading *r, hone_table_column *columns, size_t n, bool sequences, int64_t line);
/* The first of columns that is the label or the text by the options or by its name, -1 for none. */
ptrdiff_t hone__table_find_text(const hone_reading *r, const hone_table_column *columns, size_t n, bool is_list);
ptrdiff_t hone__table_find_label(const hone_reading *r, const hone_table_column *columns, size_t n, bool is_list);
/* True for names that columns often have, and those that the options ask for. */
bool hone__table_knows_name(const hone_dataset_options *o, hone_text name);
/* Appends a cell, or an item of the present row's list. The text must stay. */
hone_status hone__table_add_cell(hone_reading *r, size_t column, hone_text text, hone_cell_kind kind, size_t item);
/* What a cell of a csv file is. */
hone_cell_kind hone__table_kind_of(hone_text cell);
/* Gives columns their kinds and takes those out that do not fit. */
hone_status hone__table_finish(hone_reading *r);

hone_status hone__json_table_read(hone_reading *r);
hone_status hone__csv_read(hone_reading *r);
hone_status hone__tsv_read(hone_reading *r);

/* ---- ids of classes with their names (label_ids.c) ---- */

/* Class ids that stand as numbers in the file: the classes' names are those of a dataset_info.json beside the first file, or `labels`, or, in lists, the numbers
 * themselves. When there are names (*named), c->found has one for each id, in order. */
hone_status hone__label_ids_name(bool *named, hone_dataset *d, hone_column *c, const char *const *labels);

/* ---- tags (tags.c, tag_scheme.c) ---- */

/* A tag taken apart: "B-PER" is 'B' and "PER", "O" is 'O' and "", "B" is 'B' and "". prefix 0: no tag of any scheme. */
typedef struct hone_tag {
    char prefix;
    hone_text type;
} hone_tag;
hone_tag hone__tag_parse(hone_text name);

/* What the tags of a column are: the scheme, found out unless `asked` names one; an error names the first tag that it does not have. */
hone_status hone__tags_scheme(hone_tag_scheme *out, const hone_dataset *d, const hone_column *c, hone_tag_scheme asked);
/* IOB1 to IOB2, in place. */
hone_status hone__tags_to_iob2(hone_dataset *d, hone_column *c);
/* Numbers the classes: as `labels` does (NULL-terminated), or by the rule of hone_dataset_options.labels. Fills names. */
hone_status hone__classes_number(hone_dataset *d, hone_column *c, hone_tag_scheme scheme, const char *const *labels);
/* The names as they were found, in their order, stay the classes' (they were numbered outside: ids of a JSON file with its names). */
hone_status hone__classes_keep(hone_column *c);
/* The prefixes that a scheme has, in the order in which classes are numbered: "BI", "BIES", …; "" for NONE. */
const char *hone__scheme_prefixes(hone_tag_scheme scheme);

#endif
