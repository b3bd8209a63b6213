/* What the files of hone_questions share: squad_load.c finds questions and checks them, squad.c takes one apart. */
#ifndef HONE_DATA_SQUAD_H
#define HONE_DATA_SQUAD_H

#include "data/dataset.h"
#include "data/json_scan.h"

#include <hone/qa.h>

/* A passage where it stands in its file, between the quotes. */
typedef struct hone_passage {
    const char *text;
    size_t len;
    int32_t file;
    bool escaped;
} hone_passage;

/* The object of a question, which is well-formed JSON. */
typedef struct hone_question_row {
    const char *object;
    uint32_t passage;
} hone_question_row;

struct hone_questions {
    hone_source *files;
    size_t n_files, files_capacity;
    hone_passage *passages;
    size_t n_passages, passages_capacity;
    hone_question_row *rows;
    size_t n_rows, rows_capacity;
    hone_questions_info info;
};

/* HONE_FORMAT "file:line:column: what" for the place p in a file. */
hone_status hone__squad_fail(const hone_source *f, const char *p, const char *format, ...) HONE__PRINTF(3, 4);
/* Where code point `at` of the passage begins, in bytes; beyond its end one byte a code point is counted on. */
int64_t hone__question_byte(const hone_question *q, int64_t at);
/* The member of an object whose text was found well-formed; data NULL: there is none. The last one counts. */
hone_json_field hone__json_member(const char *object, const char *end, const char *key);

#endif
