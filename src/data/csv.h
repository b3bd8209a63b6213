/* Records of separated values: csv.c splits a file, csv_table.c makes rows of them. */
#ifndef HONE_DATA_CSV_H
#define HONE_DATA_CSV_H

#include "data/dataset.h"

enum { HONE__CSV_MAX_CELLS = 256 };

typedef struct hone_csv {
    hone_reading *r;
    char separator;
    bool quotes; /* "…" may enclose a cell; tsv files have none */
    size_t pos;
    int64_t next_line; /* of the next record */
    /* the present record */
    int64_t line;
    hone_text cells[HONE__CSV_MAX_CELLS];
    bool quoted[HONE__CSV_MAX_CELLS];
    size_t n;
} hone_csv;

/* The next record that is no empty line; *found false at the end of the file. */
hone_status hone__csv_next(bool *found, hone_csv *csv);

/* Takes a list apart that a cell holds: words split by blanks, or a list as Python or JSON writes it (['a', "b c", 3], numpy's without commas too). Items are
 * lent from the cell or kept in the data set. *is_string says whether an item was quoted. False at the end, or with *status set when the list is malformed. */
typedef struct hone_cell_list {
    const char *p, *end;
    bool brackets;
} hone_cell_list;
hone_cell_list hone__cell_list(hone_text cell);
bool hone__cell_list_next(hone_cell_list *list, hone_text *item, bool *is_string, hone_csv *csv, hone_status *status);

#endif
