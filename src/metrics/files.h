/* Metrics from two texts, line beside line: what hone_metric_from_files does once it has the files (and what the fuzz target calls). */
#ifndef HONE_METRICS_FILES_H
#define HONE_METRICS_FILES_H

#include "base/file.h"

#include <hone/metrics.h>

/* A text read by lines. */
typedef struct hone_lines {
    const char *name; /* for messages; lent */
    const char *data;
    size_t len, at;
    int64_t line; /* number of the one read last, from 1 */
    hone_mapping map;
    char *owned; /* what was read from a pipe */
} hone_lines;

hone_lines hone__lines_of(const char *name, const char *data, size_t len); /* lent */
hone_status hone__lines_open(hone_lines *out, const char *path);
void hone__lines_close(hone_lines *l);

/* A pair of lines, without their ends. *more false: both texts are at their end. HONE_FORMAT when one of them is first. */
typedef struct hone_line {
    const char *text;
    size_t len;
} hone_line;
hone_status hone__lines_next(bool *more, hone_line *reference, hone_line *prediction, hone_lines *references, hone_lines *predictions);

/* One metric. name: as hone_metric_from_files, but for those of SQuAD. */
hone_status hone__metric_from_lines(char **out, const char *name, hone_lines *references, hone_lines *predictions,
                                    const hone_metric_options *options);

/* seqeval's part, in seqeval_files.c. */
hone_status hone__seqeval_from_lines(char **out, hone_lines *references, hone_lines *predictions, const hone_metric_options *options);

#endif
