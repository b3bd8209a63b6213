/* The table train_log.csv: "step", then a column for each name in the order in which they came; an entry is a row, what it does not have is empty. A new name adds a column: the file is then written anew, aside, and
 * renamed, with all rows as long as the head (three or four times in a run: first losses, first evaluation, the summary at the end). */
#include "base/file.h"
#include "train/report/track.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* A field of a line, quotes taken off; returns where the next one begins (behind the comma), NULL behind the last. Too long a name is cut: no column of ours has one. */
static const char *read_field(char *out, size_t size, const char *p, const char *end)
{
    size_t n = 0;
    bool quoted = p < end && *p == '"';
    for (p += quoted; p < end; p++) {
        if (quoted && *p == '"' && (p + 1 == end || p[1] != '"')) {
            quoted = false;
            continue;
        }
        if (!quoted && *p == ',')
            break;
        p += quoted && *p == '"';
        if (n + 1 < size)
            out[n++] = *p;
    }
    out[n] = '\0';
    return p < end ? p + 1 : NULL;
}

static hone_status add_column(hone_tracker *t, const char *name)
{
    HONE_TRY(HONE_GROW(&t->columns, &t->columns_capacity, t->n_columns + 1));
    snprintf(t->columns[t->n_columns++], sizeof(*t->columns), "%s", name);
    return HONE_OK;
}

hone_status hone__track_read_head(hone_tracker *t, const char *text, size_t len, bool *is_head)
{
    char name[64];
    const char *newline = memchr(text, '\n', len), *p = text;
    *is_head = false;
    t->n_columns = 0;
    if (!newline)
        return HONE_OK;
    p = read_field(name, sizeof(name), p, newline);
    if (strcmp(name, "step") != 0)
        return HONE_OK;
    while (p) {
        p = read_field(name, sizeof(name), p, newline);
        HONE_TRY(add_column(t, name));
    }
    *is_head = true;
    return HONE_OK;
}

static size_t count_commas(const char *p, const char *end)
{
    size_t n = 0;
    for (; p < end; p++)
        n += *p == ',';
    return n;
}

/* Our rows are numbers: commas stand between fields only. */
static bool keep_row(const char *p, const char *end, size_t n_columns, int64_t step)
{
    char *stop = NULL;
    if (p == end || *p < '0' || *p > '9')
        return false;
    errno = 0;
    long long value = strtoll(p, &stop, 10);
    return errno == 0 && value <= step && count_commas(p, end) == n_columns && (stop == end || *stop == ',');
}

hone_status hone__track_keep_csv(hone_str *out, bool *changed, const char *text, size_t len, int64_t step)
{
    hone_tracker head = {.kind = HONE_TRACKER_CSV};
    bool is_head;
    hone_status status = hone__track_read_head(&head, text, len, &is_head);
    size_t n_columns = head.n_columns;
    hone__free(head.columns);
    HONE_TRY(status);
    *changed = !is_head && len > 0;
    for (size_t at = 0, end; is_head && at < len; at = end) {
        const char *newline = memchr(text + at, '\n', len - at);
        end = newline ? (size_t)(newline - text) + 1 : len;
        if (at == 0 || (newline && keep_row(text + at, newline, n_columns, step)))
            hone__str_append(out, text + at, end - at);
        else
            *changed = true;
    }
    return hone__str_status(out);
}

/* ---- writing ---- */

static void put_name(hone_str *out, const char *name)
{
    bool quoted = strpbrk(name, ",\"\n\r") != NULL;
    if (quoted)
        hone__str_putc(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            hone__str_putc(out, '"');
        hone__str_putc(out, *name == '\n' || *name == '\r' ? ' ' : *name);
    }
    if (quoted)
        hone__str_putc(out, '"');
}

static void put_head(hone_str *out, const hone_tracker *t)
{
    hone__str_puts(out, "step");
    for (size_t i = 0; i < t->n_columns; i++) {
        hone__str_putc(out, ',');
        put_name(out, t->columns[i]);
    }
    hone__str_putc(out, '\n');
}

/* Rows, made as long as the head is now. */
static void put_rows(hone_str *out, const hone_tracker *t, const char *text, size_t len)
{
    for (size_t at = 0, end; at < len; at = end) {
        const char *newline = memchr(text + at, '\n', len - at);
        end = newline ? (size_t)(newline - text) : len;
        hone__str_append(out, text + at, end - at);
        for (size_t n = count_commas(text + at, text + end); n < t->n_columns; n++)
            hone__str_putc(out, ',');
        hone__str_putc(out, '\n');
        end += newline != NULL;
    }
}

/* The whole file with the head that it should have, and what is pending. */
static hone_status write_anew(hone_tracker *t)
{
    hone_str all = HONE_STR_INIT;
    hone_track_file fresh = {.fd = -1};
    char *old = NULL;
    size_t len = 0;
    hone_status status;
    HONE_GO(hone__read_file(&old, &len, t->file.path, 0));
    len = len < t->file.whole ? len : (size_t)t->file.whole;
    const char *body = memchr(old, '\n', len);
    put_head(&all, t);
    if (body)
        put_rows(&all, t, body + 1, len - (size_t)(body + 1 - old));
    put_rows(&all, t, t->file.pending.data, t->file.pending.len);
    HONE_GO(hone__str_status(&all));
    HONE_GO(hone__write_file(t->file.path, all.data, all.len));
    HONE_GO(hone__track_file_open(&fresh, t->file.path, all.len, false));
    fresh.failing = t->file.failing;
    fresh.n_lost = t->file.n_lost;
    hone__track_file_dispose(&t->file);
    t->file = fresh;
    t->head_is_old = false;
done:
    hone__free(old);
    hone__str_dispose(&all);
    return status;
}

static bool write_csv(hone_tracker *t)
{
    if (!t->head_is_old)
        return hone__track_file_write(&t->file);
    bool written = write_anew(t) == HONE_OK;
    hone__track_file_tell(&t->file, written, hone_error_message());
    return written;
}

static bool has_column(const hone_tracker *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (strcmp(t->columns[i], name) == 0)
            return true;
    return false;
}

static hone_status add_columns(hone_tracker *t, const hone_metrics *metrics)
{
    for (size_t i = 0; i < metrics->n; i++) {
        const char *name = metrics->items[i].name;
        if (strcmp(name, "step") == 0 || has_column(t, name))
            continue;
        HONE_TRY(add_column(t, name));
        t->head_is_old = true;
    }
    return HONE_OK;
}

static void put_value(hone_str *row, const hone_metrics *metrics, const char *name)
{
    char number[32];
    for (size_t i = 0; i < metrics->n; i++) {
        const hone_metric *m = &metrics->items[i];
        if (strcmp(m->name, name) != 0)
            continue;
        if (m->is_integer) {
            hone__str_printf(row, "%lld", (long long)m->value);
        } else {
            hone__format_double(number, m->value);
            hone__str_puts(row, number);
        }
    }
}

static hone_status log_csv(hone_tracker *t, int64_t step, const hone_metrics *metrics)
{
    hone_str row = HONE_STR_INIT;
    hone_status status;
    HONE_GO(add_columns(t, metrics));
    hone__str_printf(&row, "%lld", (long long)step);
    for (size_t i = 0; i < t->n_columns; i++) {
        hone__str_putc(&row, ',');
        put_value(&row, metrics, t->columns[i]);
    }
    hone__str_putc(&row, '\n');
    HONE_GO(hone__str_status(&row));
    HONE_GO(hone__track_file_keep(&t->file, row.data, row.len));
    (void)write_csv(t);
done:
    hone__str_dispose(&row);
    return status;
}

/* ---- opening ---- */

static hone_status open_csv(hone_tracker *t, const char *folder)
{
    hone_str kept = HONE_STR_INIT;
    bool is_head = false;
    hone_status status = hone__track_open_lines(t, &kept, folder, HONE__LOG_TABLE, hone__track_keep_csv);
    if (status == HONE_OK && kept.len > 0)
        status = hone__track_read_head(t, kept.data, kept.len, &is_head);
    hone__str_dispose(&kept);
    return status;
}

const hone_tracker_ops hone__track_csv = {open_csv, log_csv, NULL, NULL, write_csv};
