/* The stream of documents over files and folders: walks over the files, opens one at a time, passes over what cannot be used, counts.
 *
 * What a file is, is known by its name (.jsonl, .ndjson, .json) or, where the caller says so, by the option; a file with a NUL byte is binary, whatever its
 * name. Files are mapped, so that memory is one document's; pipes are read as a whole. */
#include "data/texts.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_SHOWN = 20 }; /* files and lines that are named; a folder with thousands of binary files is no news */

void hone__text_problem(hone_text_stream *s, const char *format, ...)
{
    char line[sizeof(s->first_problem)];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (!s->first_problem[0])
        memcpy(s->first_problem, line, sizeof(line));
    hone__log(s->n_problems < MAX_SHOWN ? HONE_LOG_WARNING : HONE_LOG_DEBUG, "%s", line);
    s->n_problems++;
}

/* ---- opening the stream ---- */

static hone_status parse_format(int *kind, const char *format)
{
    *kind = -1;
    if (!format)
        return HONE_OK;
    if (strcmp(format, "text") == 0 || strcmp(format, "txt") == 0)
        *kind = HONE__TEXT_PLAIN;
    else if (strcmp(format, "jsonl") == 0 || strcmp(format, "json") == 0)
        *kind = HONE__TEXT_JSON;
    else
        return hone__fail(HONE_INVALID_ARGUMENT, "\"%s\" is no format of texts: text and jsonl are", format);
    return HONE_OK;
}

static hone_status copy_options(hone_text_stream *s, const hone_text_options *options)
{
    s->options = *options;
    if (options->glob)
        HONE_TRY(hone__strdup(&s->glob, options->glob));
    HONE_TRY(hone__strdup(&s->column, options->column ? options->column : "content"));
    s->options.glob = s->glob;
    s->options.column = s->column;
    s->options.format = NULL;
    return parse_format(&s->forced_kind, options->format);
}

static hone_status list_stdin(hone_file_list *out)
{
    *out = (hone_file_list){NULL, 0};
    HONE_TRY(HONE_NEW(&out->paths, 1));
    out->n = 1;
    return hone__strdup(&out->paths[0], "-");
}

static uint64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
}

hone_status hone_text_open(hone_text_stream **out, const char *const *paths, size_t n_paths, const hone_text_options *options)
{
    static const hone_text_options defaults = HONE_TEXT_OPTIONS_INIT;
    hone_text_stream *s = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_TRY(HONE_NEW(&s, 1));
    HONE_GO(copy_options(s, options ? options : &defaults));
    if (n_paths == 1 && strcmp(paths[0], "-") == 0)
        HONE_GO(list_stdin(&s->files));
    else
        HONE_GO(hone__list_all_files(&s->files, paths, n_paths, s->glob));
    for (size_t i = 0; i < s->files.n; i++)
        s->counts.bytes_total += size_of(s->files.paths[i]);
    *out = s;
    s = NULL;
done:
    hone_text_free(s);
    return status;
}

/* ---- one file ---- */

void hone__text_release(const hone_mapping *m, size_t from, size_t to)
{
    if (m->len > 0 && m->fd >= 0 && from < to) /* of a pipe there is no mapping */
        hone__release_pages(m->data + from, to - from);
}

/* What was read and is no longer lent. */
static void release_read(hone_text_stream *s)
{
    if (s->pos - s->released < HONE__TEXT_RELEASE_BYTES)
        return;
    hone__text_release(&s->map, s->released, s->pos);
    s->released = s->pos;
}

/* Length of the longest prefix that is UTF-8, as hone__utf8_valid, with the memory of a piece. */
static size_t valid_prefix(const hone_text_stream *s)
{
    size_t valid = 0;
    while (valid < s->len) {
        size_t len = s->len - valid < HONE__TEXT_RELEASE_BYTES ? s->len - valid : HONE__TEXT_RELEASE_BYTES;
        size_t n = hone__utf8_valid(s->data + valid, len);
        if (s->len > HONE__TEXT_RELEASE_BYTES)
            hone__text_release(&s->map, valid, valid + n);
        valid += n;
        if (n + 4 <= len || (n < len && valid + len - n == s->len))
            break;
    }
    return valid;
}

static void close_file(hone_text_stream *s)
{
    if (s->path)
        s->bytes_before += s->len;
    hone__unmap_file(&s->map);
    hone__free(s->owned);
    s->owned = NULL;
    s->path = NULL;
    s->data = NULL;
    s->len = s->pos = s->released = 0;
}

/* Where a file cannot be mapped it may still be readable (a pipe). */
static hone_status get_bytes(hone_text_stream *s, const char *path)
{
    struct stat info;
    bool regular = strcmp(path, "-") != 0 && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
    if (regular) {
        HONE_TRY(hone__map_file(&s->map, path));
        s->data = s->map.data;
        s->len = s->map.len;
        return HONE_OK;
    }
    HONE_TRY(hone__read_file(&s->owned, &s->len, path, 0));
    s->data = s->owned;
    return HONE_OK;
}

hone_text_kind hone__text_kind_of(const char *path, const char *data, size_t len)
{
    static const char *const json[] = {".jsonl", ".ndjson", ".json"};
    for (size_t i = 0; i < sizeof(json) / sizeof(*json); i++)
        if (hone__ends_with(path, json[i]))
            return HONE__TEXT_JSON;
    return strcmp(path, "-") == 0 && len > 0 && data[0] == '{' ? HONE__TEXT_JSON : HONE__TEXT_PLAIN;
}

/* Passes over a file that is no text: binary or in another encoding. JSON lines are checked line by line, beyond their first bytes. */
static bool is_usable(hone_text_stream *s)
{
    size_t look = s->kind == HONE__TEXT_JSON && s->len > 4096 ? 4096 : s->len;
    const char *nul = memchr(s->data, '\0', look);
    if (s->len >= 2 && memcmp(s->data, "\x1F\x8B", 2) == 0) {
        hone__text_problem(s, "%s: compressed with gzip; the file is passed over (gunzip it first)", s->path);
        return false;
    }
    if (nul) {
        hone__text_problem(s, "%s: a binary file (NUL byte at offset %zu); it is passed over", s->path, (size_t)(nul - s->data));
        return false;
    }
    if (s->kind == HONE__TEXT_JSON && !s->in_array)
        return true;
    size_t valid = valid_prefix(s);
    if (valid < s->len)
        hone__text_problem(s, "%s: not UTF-8 (byte 0x%02X at offset %zu); it is passed over", s->path, (unsigned char)s->data[valid],
                           valid);
    return valid == s->len;
}

static bool skip_empty(hone_text_stream *s)
{
    s->counts.n_empty++;
    if (!s->first_problem[0])
        snprintf(s->first_problem, sizeof(s->first_problem), "%s: an empty file", s->path);
    hone__log(HONE_LOG_DEBUG, "%s: an empty file; it is passed over", s->path);
    return false;
}

static bool skip_unreadable(hone_text_stream *s)
{
    s->counts.n_skipped++;
    hone__text_problem(s, "%s; the file is passed over", hone_error_message());
    return false;
}

/* Opens the next file; false when it is passed over. */
static bool open_file(hone_text_stream *s)
{
    const char *path = s->files.paths[s->next_file++];
    if (get_bytes(s, path) != HONE_OK)
        return skip_unreadable(s);
    s->path = path;
    s->pos = 0;
    s->line = 0;
    s->in_array = false;
    s->kind = s->forced_kind >= 0 ? (hone_text_kind)s->forced_kind : hone__text_kind_of(path, s->data, s->len);
    if (s->len == 0)
        return skip_empty(s);
    if (s->kind == HONE__TEXT_JSON)
        hone__jsonl_start(s);
    if (!is_usable(s)) {
        s->counts.n_skipped++;
        return false;
    }
    s->counts.n_files++;
    return true;
}

/* ---- the stream ---- */

static void tell_counts(const hone_text_stream *s)
{
    long long n_empty = s->counts.n_empty, n_skipped = s->counts.n_skipped, n_lines = s->counts.n_bad_lines;
    if (n_empty > 0)
        hone__log(HONE_LOG_INFO, "%lld empty %s passed over", n_empty, n_empty == 1 ? "file was" : "files were");
    if (n_skipped > 0)
        hone__log(HONE_LOG_INFO, "%lld %s passed over, binary, not UTF-8 or not to be read%s", n_skipped,
                  n_skipped == 1 ? "file was" : "files were", n_skipped > MAX_SHOWN ? "; --log_level debug names them all" : "");
    if (n_lines > 0)
        hone__log(HONE_LOG_INFO, "%lld %s passed over", n_lines, n_lines == 1 ? "line was" : "lines were");
}

static void end_stream(hone_text_stream *s, hone_status status)
{
    if (status == HONE_OK && s->counts.n_documents == 0 && s->options.max_documents != 0) {
        status = hone__fail(HONE_NOT_FOUND, "no text was found in %zu %s%s%s", s->files.n, s->files.n == 1 ? "file" : "files",
                            s->first_problem[0] ? ": " : "", s->first_problem);
    }
    if (status != HONE_OK)
        hone__error_save(&s->error, status);
    if (!s->ended)
        tell_counts(s);
    close_file(s);
    s->ended = true;
}

static void count_document(hone_text_stream *s, const hone_document *doc)
{
    s->counts.n_documents++;
    s->counts.bytes += doc->len;
}

bool hone_text_next(hone_text_stream *s, hone_document *doc)
{
    hone_status status = HONE_OK;
    *doc = (hone_document){0};
    if (s->options.max_documents >= 0 && s->counts.n_documents >= s->options.max_documents && !s->ended)
        end_stream(s, HONE_OK);
    release_read(s);
    while (!s->ended) {
        hone_text_step step = HONE__TEXT_END;
        if (s->path)
            step = s->kind == HONE__TEXT_JSON ? hone__jsonl_next(s, doc, &status) : hone__plain_text_next(s, doc, &status);
        if (step == HONE__TEXT_DOCUMENT) {
            count_document(s, doc);
            return true;
        }
        close_file(s);
        if (step == HONE__TEXT_FAILED || s->next_file >= s->files.n)
            end_stream(s, status);
        else if (!open_file(s))
            close_file(s);
    }
    return false;
}

hone_status hone_text_status(const hone_text_stream *s)
{
    return s->error.status == HONE_OK ? HONE_OK : hone__error_restore(&s->error);
}

void hone_text_counts_of(const hone_text_stream *s, hone_text_counts *out)
{
    *out = s->counts;
    out->bytes_read = s->bytes_before + s->pos;
}

void hone_text_free(hone_text_stream *s)
{
    if (!s)
        return;
    close_file(s);
    hone__file_list_dispose(&s->files);
    hone__str_dispose(&s->text);
    hone__free(s->glob);
    hone__free(s->column);
    hone__free(s);
}
