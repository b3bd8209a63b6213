/* What format of labelled data a file has: by its extension where that says it, else by its first lines. Also opens a file, as the readers need it. */
#include "data/csv.h"
#include "data/dataset.h"
#include "data/json_scan.h"
#include "data/texts.h"

#include <string.h>
#include <sys/stat.h>

#define LOOK_BYTES ((size_t)64 << 10) /* of a file, that are looked at */

hone_status hone__source_open(hone_source *f)
{
    struct stat info;
    if (strcmp(f->path, "-") != 0 && (stat(f->path, &info) != 0 || S_ISREG(info.st_mode))) {
        HONE_TRY(hone__map_file(&f->map, f->path));
        f->data = f->map.data;
        f->len = f->map.len;
        return HONE_OK;
    }
    HONE_TRY(hone__read_file(&f->owned, &f->len, f->path, 0));
    f->data = f->owned;
    return HONE_OK;
}

void hone__source_close(hone_source *f)
{
    hone__unmap_file(&f->map);
    hone__free(f->owned);
    f->owned = NULL;
    f->data = "";
    f->len = 0;
}

void hone__sources_release(const hone_source *files, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hone__text_release(&files[i].map, 0, files[i].map.len);
}

/* The next line of the bytes that are looked at; one that is cut off does not count, unless it is the only one. */
static bool next_line(hone_text *line, const hone_source *f, size_t *pos)
{
    size_t end = f->len < LOOK_BYTES ? f->len : LOOK_BYTES;
    while (*pos < end) {
        size_t start = *pos, p = start;
        while (p < end && f->data[p] != '\n' && f->data[p] != '\r')
            p++;
        *pos = p + 1;
        if (p == end && end < f->len)
            return false;
        *line = (hone_text){f->data + start, p - start};
        while (line->len > 0 && (line->data[0] == ' ' || line->data[0] == '\t')) {
            line->data++;
            line->len--;
        }
        if (line->len > 0)
            return true;
    }
    return false;
}

static size_t after_mark(const hone_source *f)
{
    return f->len >= 3 && memcmp(f->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Words with tags: the same number of columns in all lines, and in the last one what a scheme has. */
static bool is_conll(const hone_source *f)
{
    size_t pos = after_mark(f), n_columns = 0;
    hone_text line, last;
    bool any = false;
    while (next_line(&line, f, &pos)) {
        if (hone__conll_is_docstart(line))
            return true;
        if (line.data[0] == '#')
            continue;
        size_t n = hone__conll_last_column(&last, line);
        if (n < 2 || (any && n != n_columns) || !hone__tag_parse(last).prefix)
            return false;
        n_columns = n;
        any = true;
    }
    return any;
}

/* An empty line with a line of text behind it: sentences, not records. */
static bool has_sentences(const hone_source *f)
{
    size_t look = f->len < LOOK_BYTES ? f->len : LOOK_BYTES;
    const char *blank = look > 0 ? memmem(f->data, look, "\n\n", 2) : NULL;
    if (!blank && look > 0)
        blank = memmem(f->data, look, "\n\r\n", 3);
    while (blank && blank < f->data + look && (*blank == '\n' || *blank == '\r'))
        blank++;
    return blank && blank < f->data + look;
}

/* A first line of columns split by tabs, one of which has a name that columns have. */
static bool has_tsv_header(const hone_source *f)
{
    static const hone_dataset_options options = HONE_DATASET_OPTIONS_INIT;
    size_t pos = after_mark(f);
    hone_text line;
    if (!next_line(&line, f, &pos) || !memchr(line.data, '\t', line.len))
        return false;
    const char *p = line.data, *end = line.data + line.len;
    while (p < end) {
        const char *tab = memchr(p, '\t', (size_t)(end - p));
        if (hone__table_knows_name(&options, (hone_text){p, (size_t)((tab ? tab : end) - p)}))
            return true;
        p = tab ? tab + 1 : end;
    }
    return false;
}

/* An object with a key, or an array, at the start: "{" and "[" are words too. */
static bool is_json(const hone_source *f)
{
    size_t pos = after_mark(f), i = 1;
    hone_text line;
    if (!next_line(&line, f, &pos) || (line.data[0] != '{' && line.data[0] != '['))
        return false;
    while (i < line.len && line.data[i] == ' ')
        i++;
    return i == line.len || line.data[i] == (line.data[0] == '{' ? '"' : '{');
}

static bool has_extension(const char *path, const char *const *extensions)
{
    for (; *extensions; extensions++)
        if (hone__ends_with(path, *extensions))
            return true;
    return false;
}

const char *hone__dataset_format_of(const hone_source *f)
{
    static const char *const conll[] = {".conll", ".iob", ".iob2", ".bio", ".bioes", NULL}, *const json[] = {".jsonl", ".ndjson", ".json",
                                                                                                             NULL};
    if (has_extension(f->path, json))
        return "jsonl";
    if (has_extension(f->path, conll))
        return "conll";
    if (hone__ends_with(f->path, ".csv"))
        return "csv";
    if (hone__ends_with(f->path, ".tsv"))
        return !has_tsv_header(f) && (has_sentences(f) || is_conll(f)) ? "conll" : "tsv";
    if (is_json(f))
        return "jsonl";
    return has_tsv_header(f) ? "tsv" : is_conll(f) ? "conll" : NULL;
}

/* True when the first object has words with tags, or a label. */
static bool is_labelled_json(const hone_source *f)
{
    static const char *const keys[] = {"tokens", "words", "ner_tags", "label", "labels"};
    const char *brace = f->len > 0 ? memchr(f->data, '{', f->len < LOOK_BYTES ? f->len : LOOK_BYTES) : NULL;
    hone_json_fault fault;
    hone_json_field field;
    size_t used;
    for (size_t i = 0; brace && i < sizeof(keys) / sizeof(*keys); i++)
        if (hone__json_scan(&field, &used, brace, f->len - (size_t)(brace - f->data), keys[i], &fault) && field.data)
            return true;
    return false;
}

/* UTF-8 in its first bytes, but for a character that is cut off. */
static bool is_text(const hone_source *f)
{
    size_t look = f->len < 4096 ? f->len : 4096;
    return look > 0 && !memchr(f->data, '\0', look) && hone__utf8_valid(f->data, look) + 4 > look;
}

static const char *detect(char *path)
{
    hone_source f = {.path = path, .map = {"", 0, -1}, .data = ""};
    const char *format = NULL;
    if (hone__source_open(&f) == HONE_OK && is_text(&f)) {
        format = hone__dataset_format_of(&f);
        if (format && strcmp(format, "jsonl") == 0 && !is_labelled_json(&f))
            format = NULL;
    }
    hone__source_close(&f);
    return format;
}

const char *hone_dataset_detect_format(const char *const *paths, size_t n_paths, const char *glob)
{
    hone_file_list files = {NULL, 0};
    const char *format = NULL;
    if (hone__list_all_files(&files, paths, n_paths, glob) == HONE_OK && hone__is_file(files.paths[0]))
        format = detect(files.paths[0]);
    hone__file_list_dispose(&files);
    return format;
}
