/* Questions taken apart: hone_question_reader. A passage is decoded once for the questions that follow each other in it; texts without escapes are lent from the file. Answers come as
 * SQuAD has them, [{"text", "answer_start"}, …], or as the reference's data sets do, {"text": […], "answer_start": […]}. */
#include "data/squad.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hone_question_reader {
    const hone_questions *q;
    int64_t passage; /* whose text is in `context`, -1: none */
    hone_str decoded;
    hone_text context;
    bool is_ascii;
    hone_str text; /* id, question and answers, a NUL after each */
    hone_text *pieces;
    size_t *at; /* (n) of each in text */
    int64_t *starts;
    size_t n, pieces_capacity, at_capacity, starts_capacity;
};

/* ---- places ---- */

static void place_of(int64_t *line, int64_t *column, const hone_source *f, const char *p)
{
    *line = *column = 1;
    for (const char *c = f->data; c < p; c++) {
        *column += ((unsigned char)*c & 0xC0) != 0x80;
        if (*c == '\n') {
            ++*line;
            *column = 1;
        }
    }
}

hone_status hone__squad_fail(const hone_source *f, const char *p, const char *format, ...)
{
    int64_t line, column;
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    place_of(&line, &column, f, p);
    return hone__fail(HONE_FORMAT, "%s:%lld:%lld: %s", f->path, (long long)line, (long long)column, what);
}

const char *hone_questions_place(int64_t *line, const hone_questions *q, int64_t i)
{
    int64_t column;
    *line = 0;
    if (!q || i < 0 || i >= (int64_t)q->n_rows)
        return NULL;
    const hone_source *f = &q->files[q->passages[q->rows[i].passage].file];
    place_of(line, &column, f, q->rows[i].object);
    return f->path;
}

int64_t hone__question_byte(const hone_question *q, int64_t at)
{
    const char *p = q->context.data, *end = p + q->context.len;
    if (q->context_is_ascii || at < 0)
        return at;
    for (; at > 0 && p < end; at--) {
        p++;
        while (p < end && ((unsigned char)*p & 0xC0) == 0x80)
            p++;
    }
    return (p - q->context.data) + at;
}

/* ---- pieces of JSON ---- */

hone_json_field hone__json_member(const char *object, const char *end, const char *key)
{
    hone_json_cursor c = {object, end};
    hone_json_field name, value, found = {NULL, 0, false, false};
    while (hone__json_next_member(&c, &name, &value))
        if (name.len == strlen(key) && memcmp(name.data, key, name.len) == 0)
            found = value;
    return found;
}

static const hone_source *file_of(const hone_questions *q, const hone_question_row *row)
{
    return &q->files[q->passages[row->passage].file];
}

/* Appends a string to the reader's texts. */
static hone_status add_piece(hone_question_reader *r, const hone_source *f, const hone_json_field *field)
{
    size_t bad = 0;
    HONE_TRY(HONE_GROW(&r->pieces, &r->pieces_capacity, r->n + 1));
    HONE_TRY(HONE_GROW(&r->at, &r->at_capacity, r->n + 1));
    r->at[r->n] = r->text.len;
    if (!field->escaped)
        hone__str_append(&r->text, field->data, field->len);
    else if (!hone__json_unescape(&r->text, field->data, field->len, &bad))
        return hone__squad_fail(f, field->data + bad, "half of a surrogate pair");
    r->pieces[r->n].len = r->text.len - r->at[r->n];
    hone__str_append(&r->text, "", 1);
    r->n++;
    return hone__str_status(&r->text);
}

static hone_status need_string(hone_json_field *out, const hone_source *f, const char *object, const char *key)
{
    *out = hone__json_member(object, f->data + f->len, key);
    if (!out->data)
        return hone__squad_fail(f, object, "a question without \"%s\"", key);
    return out->is_string ? HONE_OK : hone__squad_fail(f, out->data, "\"%s\" must be a string", key);
}

/* A place in a passage, which lengths can be added to. */
static bool parse_place(int64_t *out, const hone_json_field *field)
{
    static const int64_t most = (int64_t)1 << 53;
    char digits[24];
    char *end = NULL;
    if (!field->data || field->is_string || field->len == 0 || field->len >= sizeof(digits))
        return false;
    memcpy(digits, field->data, field->len);
    digits[field->len] = '\0';
    *out = strtoll(digits, &end, 10);
    return *end == '\0' && end > digits && *out > -most && *out < most;
}

static const char *id_of(const hone_question_reader *r)
{
    return r->text.data + r->at[0];
}

static hone_status add_start(hone_question_reader *r, const hone_source *f, const hone_json_field *field, const char *object, size_t i)
{
    HONE_TRY(HONE_GROW(&r->starts, &r->starts_capacity, i + 1));
    return parse_place(&r->starts[i], field) ? HONE_OK
                                             : hone__squad_fail(f, field->data ? field->data : object,
                                                                "question %s: an answer's \"answer_start\" must be an integer", id_of(r));
}

static hone_status add_answer_text(hone_question_reader *r, const hone_source *f, const hone_json_field *field, const char *object)
{
    if (!field->data || !field->is_string)
        return hone__squad_fail(f, field->data ? field->data : object, "question %s: an answer's \"text\" must be a string", id_of(r));
    return add_piece(r, f, field);
}

/* [{"text", "answer_start"}, …] */
static hone_status read_answer_list(size_t *n, hone_question_reader *r, const hone_source *f, const hone_json_field *answers)
{
    const char *end = f->data + f->len;
    hone_json_cursor c = {answers->data, end};
    hone_json_field item;
    while (hone__json_next_item(&c, &item)) {
        if (*item.data != '{' || item.is_string)
            return hone__squad_fail(f, item.data, "question %s: an answer must be an object with \"text\" and \"answer_start\"", id_of(r));
        hone_json_field text = hone__json_member(item.data, end, "text"), start = hone__json_member(item.data, end, "answer_start");
        HONE_TRY(add_answer_text(r, f, &text, item.data));
        HONE_TRY(add_start(r, f, &start, item.data, *n));
        ++*n;
    }
    return HONE_OK;
}

static bool is_array(const hone_json_field *field)
{
    return field->data && !field->is_string && *field->data == '[';
}

/* {"text": […], "answer_start": […]} */
static hone_status read_answer_arrays(size_t *n, hone_question_reader *r, const hone_source *f, const hone_json_field *answers)
{
    const char *end = f->data + f->len;
    hone_json_field texts = hone__json_member(answers->data, end, "text"), starts = hone__json_member(answers->data, end, "answer_start");
    hone_json_field item;
    size_t n_starts = 0;
    if (!is_array(&texts) || !is_array(&starts))
        return hone__squad_fail(f, answers->data, "question %s: \"answers\" must have arrays \"text\" and \"answer_start\"", id_of(r));
    for (hone_json_cursor c = {texts.data, end}; hone__json_next_item(&c, &item); ++*n)
        HONE_TRY(add_answer_text(r, f, &item, item.data));
    for (hone_json_cursor c = {starts.data, end}; hone__json_next_item(&c, &item); n_starts++)
        HONE_TRY(add_start(r, f, &item, item.data, n_starts));
    return *n == n_starts ? HONE_OK
                          : hone__squad_fail(f, answers->data, "question %s: %zu answer texts, %zu answer starts", id_of(r), *n, n_starts);
}

static hone_status read_answers(size_t *n, bool *labelled, hone_question_reader *r, const hone_source *f, const char *object)
{
    hone_json_field answers = hone__json_member(object, f->data + f->len, "answers");
    *n = 0;
    *labelled = answers.data != NULL;
    if (!answers.data)
        return HONE_OK;
    if (is_array(&answers))
        return read_answer_list(n, r, f, &answers);
    if (!answers.is_string && *answers.data == '{')
        return read_answer_arrays(n, r, f, &answers);
    return hone__hint(hone__squad_fail(f, answers.data, "question %s: \"answers\" must be an array or an object", id_of(r)),
                      "SQuAD writes [{\"text\": …, \"answer_start\": …}], JSON lines {\"text\": […], \"answer_start\": […]}");
}

/* ---- the reader ---- */

hone_status hone_question_reader_new(hone_question_reader **out, const hone_questions *q)
{
    *out = NULL;
    if (!q)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_question_reader_new: there are no questions");
    HONE_TRY(HONE_NEW(out, 1));
    (*out)->q = q;
    (*out)->passage = -1;
    return HONE_OK;
}

void hone_question_reader_free(hone_question_reader *r)
{
    if (!r)
        return;
    hone__str_dispose(&r->decoded);
    hone__str_dispose(&r->text);
    hone__free(r->pieces);
    hone__free(r->at);
    hone__free(r->starts);
    hone__free(r);
}

static bool all_ascii(hone_text t)
{
    unsigned char all = 0;
    for (size_t i = 0; i < t.len; i++)
        all |= (unsigned char)t.data[i];
    return all < 0x80;
}

static hone_status read_passage(hone_question_reader *r, uint32_t i)
{
    const hone_passage *p = &r->q->passages[i];
    size_t bad = 0;
    if (r->passage == (int64_t)i)
        return HONE_OK;
    r->passage = -1;
    r->context = (hone_text){p->text, p->len};
    if (p->escaped) {
        hone__str_clear(&r->decoded);
        if (!hone__json_unescape(&r->decoded, p->text, p->len, &bad))
            return hone__squad_fail(&r->q->files[p->file], p->text + bad, "half of a surrogate pair");
        HONE_TRY(hone__str_status(&r->decoded));
        r->context = (hone_text){r->decoded.data, r->decoded.len};
    }
    r->is_ascii = all_ascii(r->context);
    r->passage = i;
    return HONE_OK;
}

hone_status hone_question_reader_get(hone_question_reader *r, int64_t i, hone_question *out)
{
    *out = (hone_question){0};
    if (i < 0 || i >= (int64_t)r->q->n_rows)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no question %lld, there are %zu", (long long)i, r->q->n_rows);
    const hone_question_row *row = &r->q->rows[i];
    const hone_source *f = file_of(r->q, row);
    hone_json_field id, question;
    HONE_TRY(read_passage(r, row->passage));
    r->n = 0;
    hone__str_clear(&r->text);
    HONE_TRY(need_string(&id, f, row->object, "id"));
    HONE_TRY(add_piece(r, f, &id));
    HONE_TRY(need_string(&question, f, row->object, "question"));
    HONE_TRY(add_piece(r, f, &question));
    HONE_TRY(read_answers(&out->n_answers, &out->labelled, r, f, row->object));
    for (size_t k = 0; k < r->n; k++)
        r->pieces[k].data = r->text.data + r->at[k];
    out->id = r->pieces[0];
    out->question = r->pieces[1];
    out->answers = r->pieces + 2;
    out->answer_starts = r->starts;
    out->context = r->context;
    out->context_is_ascii = r->is_ascii;
    return HONE_OK;
}
