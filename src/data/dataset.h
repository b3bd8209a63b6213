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

/* What a reader saw in the cells of a column of a table. */
typedef struct hone_cell_counts {
    int64_t n_strings, n_ints, n_doubles, n_nulls, n_others, n_lists;
} hone_cell_counts;

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
    hone_classes found; /* while loading: names of `classes` by appearance */
    hone_cell_counts counts;
    char **names; /* CLASS_LABEL: (n_names) and NULL */
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

/* ---- readers: append the rows of file number `file` ---- */

/* What a reader works with. */
typedef struct hone_reading {
    hone_dataset *d;
    const hone_dataset_options *options;
    int32_t file;
    bool marks_documents; /* conll: some file had -DOCSTART- lines */
    size_t n_columns;     /* conll: of every file; 0: not yet known */
    int64_t n_empty_words;
    int64_t first_empty_line;
    const char *first_empty_path;
} hone_reading;

/* True when there are as many rows as were asked for. */
bool hone__reading_is_full(const hone_reading *r);
/* HONE_FORMAT "file:line: …" for the present file. */
hone_status hone__reading_fail(const hone_reading *r, int64_t line, const char *format, ...) HONE__PRINTF(3, 4);
/* The next line of the present file without its end (LF, CRLF or CR), from *pos; false at the end of the file. */
bool hone__reading_line(const hone_reading *r, size_t *pos, hone_text *line);

hone_status hone__conll_read(hone_reading *r);
/* Names the columns and ends what the files left open. */
hone_status hone__conll_finish(hone_reading *r);

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
