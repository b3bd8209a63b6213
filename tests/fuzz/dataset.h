/* What the fuzz targets of the data set's readers share: any bytes load or fail with a message, and what loads is whole. */
#ifndef HONE_TESTS_FUZZ_DATASET_H
#define HONE_TESTS_FUZZ_DATASET_H

#include <hone/dataset.h>
#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Cells of every row: classes have names, words lie in memory that can be read, places have lines, and the row is JSON. */
static void check_row(const hone_dataset *d, int64_t row)
{
    char *json = NULL;
    int64_t line;
    size_t bytes = 0, n_words = hone_dataset_text_column(d) >= 0 ? hone_dataset_length(d, row, hone_dataset_text_column(d)) : 1;
    for (size_t i = 0; i < hone_dataset_n_features(d); i++) {
        const hone_feature *f = hone_dataset_feature(d, i);
        size_t n = hone_dataset_length(d, row, (ptrdiff_t)i);
        if (f->sequence && n != n_words)
            abort();
        for (size_t k = 0; k < n && f->kind == HONE_FEATURE_CLASS_LABEL; k++)
            if ((size_t)hone_dataset_classes(d, row, (ptrdiff_t)i)[k] >= f->n_names)
                abort();
        for (size_t k = 0; k < n && f->kind == HONE_FEATURE_STRING; k++)
            for (size_t b = 0; b < hone_dataset_texts(d, row, (ptrdiff_t)i)[k].len; b++)
                bytes += (unsigned char)hone_dataset_texts(d, row, (ptrdiff_t)i)[k].data[b];
    }
    if (!hone_dataset_place(&line, d, row, n_words) || line < 1 || bytes == SIZE_MAX)
        abort();
    if (hone_dataset_row_to_json(&json, d, row, true) != HONE_OK)
        abort();
    hone_dataset_free_json(json);
}

static inline void check_info(const hone_dataset *d)
{
    char *json = NULL;
    if (hone_dataset_info_to_json(&json, d) != HONE_OK)
        abort();
    json_t *value = json_loads(json, JSON_ALLOW_NUL, NULL);
    if (!value)
        abort();
    json_decref(value);
    hone_dataset_free_json(json);
}

/* Loads size bytes as a file of that format. */
static inline void load_bytes(const uint8_t *data, size_t size, const char *format, const char *const *labels)
{
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    hone_dataset *d = NULL;
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    o.format = format;
    o.labels = labels;
    hone_status status = hone_dataset_load(&d, (const char *[]){path}, 1, &o);
    if ((status == HONE_OK) != (d != NULL) || (status != HONE_OK && !hone_error_message()[0]))
        abort();
    for (int64_t row = 0; d && row < hone_dataset_n_rows(d); row++)
        check_row(d, row);
    if (d)
        check_info(d);
    hone_dataset_free(d);
    (void)hone_dataset_detect_format((const char *[]){path}, 1, NULL);
    close(fd);
}

#endif
