/* Documents of a JSON file: a column of each line's object, or of each object of an array.
 *
 * A bad line is named and passed over; the next line is a fresh start. In an array there is none, so its rest is passed over. */
#include "data/json_scan.h"
#include "data/texts.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#define MAX_NAMED 20 /* bad lines that are named before they are only counted */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void hone__jsonl_start(hone_text_stream *s)
{
    if (s->len >= 3 && memcmp(s->data, "\xEF\xBB\xBF", 3) == 0)
        s->pos = 3;
    size_t p = s->pos;
    while (p < s->len && is_space(s->data[p]))
        p++;
    s->in_array = p < s->len && s->data[p] == '[';
    if (!s->in_array)
        return;
    for (size_t i = s->pos; i < p; i++)
        s->line += s->data[i] == '\n';
    s->pos = p + 1;
}

/* Names the line (or entry) where something is wrong, as long as there are not too many. */
static void bad_line(hone_text_stream *s, int64_t line, size_t column, const char *what)
{
    s->counts.n_bad_lines++;
    if (s->counts.n_bad_lines <= MAX_NAMED)
        hone__text_problem(s, "%s:%lld:%zu: %s; the line is passed over", s->path, (long long)line, column + 1, what);
    if (s->counts.n_bad_lines == MAX_NAMED + 1)
        hone__log(HONE_LOG_WARNING, "%s:%lld: more bad lines follow; they are passed over and counted, not named", s->path,
                  (long long)line);
}

/* Makes the document of a field found in text; false when it is none (the line was named). */
static bool take_field(hone_text_stream *s, const hone_json_field *field, const char *text, int64_t line, hone_document *doc)
{
    char what[300];
    size_t at;
    if (!field->data || !field->is_string) {
        snprintf(what, sizeof(what), field->data ? "\"%s\" is no string" : "there is no key \"%s\" (--text_column_name names another)",
                 s->options.column);
        bad_line(s, line, field->data ? (size_t)(field->data - text) : 0, what);
        return false;
    }
    doc->path = s->path;
    doc->line = line;
    doc->data = field->data;
    doc->len = field->len;
    if (!field->escaped)
        return true;
    hone__str_clear(&s->text);
    if (!hone__json_unescape(&s->text, field->data, field->len, &at)) {
        bad_line(s, line, (size_t)(field->data - text) + at, "half of a surrogate pair");
        return false;
    }
    doc->data = s->text.data ? s->text.data : "";
    doc->len = s->text.len;
    return true;
}

/* Bytes that no JSON text can have; *at is their place. */
static const char *bad_bytes(const char *text, size_t len, size_t *at)
{
    const char *nul = memchr(text, '\0', len);
    size_t valid = hone__utf8_valid(text, len);
    if (!nul && valid == len)
        return NULL;
    *at = nul && (size_t)(nul - text) < valid ? (size_t)(nul - text) : valid;
    return *at < valid ? "a NUL byte" : "bytes that are not UTF-8";
}

/* One line; false when it gave no document. */
static bool read_line(hone_text_stream *s, const char *text, size_t len, hone_document *doc)
{
    hone_json_field field;
    hone_json_fault fault;
    size_t used, at;
    const char *what = bad_bytes(text, len, &at);
    if (what) {
        bad_line(s, s->line, at, what);
        return false;
    }
    if (!hone__json_scan(&field, &used, text, len, s->options.column, &fault)) {
        bad_line(s, s->line, fault.at, fault.what);
        return false;
    }
    if (used < len) {
        bad_line(s, s->line, used, "something follows the object");
        return false;
    }
    *doc = (hone_document){.json = text, .json_len = used};
    return take_field(s, &field, text, s->line, doc);
}

static bool next_line(hone_text_stream *s, hone_document *doc)
{
    while (s->pos < s->len) {
        const char *text = s->data + s->pos;
        const char *lf = memchr(text, '\n', s->len - s->pos);
        size_t len = lf ? (size_t)(lf - text) : s->len - s->pos;
        s->pos += len + (lf != NULL);
        s->line++;
        while (len > 0 && is_space(text[len - 1]))
            len--;
        if (len > 0 && read_line(s, text, len, doc))
            return true;
    }
    return false;
}

/* Passes over white space and counts its lines. */
static void skip_space(hone_text_stream *s)
{
    for (; s->pos < s->len && is_space(s->data[s->pos]); s->pos++)
        s->line += s->data[s->pos] == '\n';
}

/* The rest of a broken array. */
static bool drop_array(hone_text_stream *s, size_t column, const char *what)
{
    s->counts.n_bad_lines++;
    hone__text_problem(s, "%s:%lld:%zu: %s; the rest of the file is passed over", s->path, (long long)s->line + 1, column + 1, what);
    s->pos = s->len;
    return false;
}

/* The next entry of the array; the file's bytes were checked when it was opened. */
static bool next_entry(hone_text_stream *s, hone_document *doc)
{
    hone_json_field field;
    hone_json_fault fault;
    size_t used;
    for (;;) {
        skip_space(s);
        if (s->pos < s->len && s->data[s->pos] == ']')
            s->pos = s->len;
        if (s->pos >= s->len)
            return false;
        const char *text = s->data + s->pos;
        if (!hone__json_scan(&field, &used, text, s->len - s->pos, s->options.column, &fault))
            return drop_array(s, fault.at, fault.what);
        int64_t line = s->line + 1;
        for (size_t i = 0; i < used; i++)
            s->line += text[i] == '\n';
        s->pos += used;
        skip_space(s);
        if (s->pos >= s->len || (s->data[s->pos] != ',' && s->data[s->pos] != ']'))
            return drop_array(s, 0, "',' or ']' was expected");
        s->pos += s->data[s->pos] == ',';
        *doc = (hone_document){.json = text, .json_len = used};
        if (take_field(s, &field, text, line, doc))
            return true;
    }
}

hone_text_step hone__jsonl_next(hone_text_stream *s, hone_document *doc, hone_status *status)
{
    bool found = s->in_array ? next_entry(s, doc) : next_line(s, doc);
    if ((*status = hone__str_status(&s->text)) != HONE_OK)
        return HONE__TEXT_FAILED;
    return found ? HONE__TEXT_DOCUMENT : HONE__TEXT_END;
}
