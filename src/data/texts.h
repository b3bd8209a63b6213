/* What the files of the text stream share: texts.c walks over files, plain_text.c and jsonl.c give the documents of one. */
#ifndef HONE_DATA_TEXTS_H
#define HONE_DATA_TEXTS_H

#include "base/file.h"

#include <hone/text.h>

typedef enum hone_text_kind { HONE__TEXT_PLAIN, HONE__TEXT_JSON } hone_text_kind;

/* What the present file gave: a document, nothing more, or a failure of the whole stream. */
typedef enum hone_text_step { HONE__TEXT_DOCUMENT, HONE__TEXT_END, HONE__TEXT_FAILED } hone_text_step;

struct hone_text_stream {
    char *glob, *column;
    hone_text_options options; /* its strings are the two above */
    int forced_kind;           /* hone_text_kind, -1: by extension and content */
    hone_file_list files;
    size_t next_file;
    uint64_t bytes_before; /* of the files before the present one */

    /* the present file */
    const char *path; /* NULL: none */
    hone_mapping map;
    char *owned; /* what cannot be mapped (a pipe) */
    const char *data;
    size_t len, pos, released; /* released: up to here the pages were given back */
    int64_t line;              /* lines before pos */
    hone_text_kind kind;
    bool in_array;    /* JSON: the file is one array, pos is inside */
    bool whole_given; /* plain: the document was given */

    hone_str text; /* the present document, where it had to be written anew */
    hone_text_counts counts;
    int64_t n_problems;
    char first_problem[512]; /* of what was passed over: the cause, should nothing be left */
    hone_error_state error;
    bool ended;
};

/* Counts and warns of something in `path` that is passed over. */
void hone__text_problem(hone_text_stream *s, const char *format, ...) HONE__PRINTF(2, 3);

hone_text_step hone__plain_text_next(hone_text_stream *s, hone_document *doc, hone_status *status);
void hone__jsonl_start(hone_text_stream *s);
hone_text_step hone__jsonl_next(hone_text_stream *s, hone_document *doc, hone_status *status);

#define HONE__TEXT_RELEASE_BYTES ((size_t)32 << 20) /* of a file, that are read before their pages are given back */
/* Gives the pages of m in [from, to) back, as far as they are whole, so that reading a large file once does not fill memory; they come again when they are read. */
void hone__text_release(const hone_mapping *m, size_t from, size_t to);

hone_text_kind hone__text_kind_of(const char *path, const char *data, size_t len);

#endif
