/* Finding the questions of files (hone/qa.h): SQuAD's {"data": [{"paragraphs": [{"context", "qas": [{"id", "question", "answers"}]}]}]}, or objects with all of that, under
 * "data", in an array, or one after another (JSON lines). A file is mapped, found well-formed in one pass, and walked over; each question is taken apart once to be checked.
 *
 * An answer that does not stand at its answer_start is no failure, since published files have such: it is named and counted, and used as the reference uses it. */
#include "data/squad.h"
#include "base/threads.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NAMED = 5 }; /* faults that are named before they are only counted */

typedef struct loading {
    hone_questions *q;
    const hone_questions_options *o;
    hone_question_reader *reader;
    const hone_source *file;
    int32_t file_number;
    uint64_t *hashes; /* of ids, 0: free */
    int64_t *owners;
    size_t n_slots;
} loading;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_full(const loading *l)
{
    return l->o->max_questions >= 0 && (int64_t)l->q->n_rows >= l->o->max_questions;
}

/* ---- JSON that is none ---- */

static hone_status fail_at_caret(const hone_source *f, const char *p, const char *what)
{
    bool cut = p >= f->data + f->len;
    return hone__hint_at(hone__squad_fail(f, p, "%s%s", what, cut ? ": the file is cut short" : ""), f->data, f->len,
                         (size_t)(p - f->data));
}

static hone_status check_bytes(const hone_source *f)
{
    size_t valid = hone__utf8_valid(f->data, f->len);
    const char *nul = memchr(f->data, '\0', valid);
    if (nul)
        return hone__squad_fail(f, nul, "a NUL byte: this is no text");
    if (valid < f->len)
        return hone__hint(hone__squad_fail(f, f->data + valid, "not UTF-8 (byte 0x%02X)", (unsigned char)f->data[valid]),
                          "iconv -f LATIN1 -t UTF-8 turns another encoding into UTF-8");
    return HONE_OK;
}

/* ---- one question ---- */

static hone_status grow_ids(loading *l)
{
    uint64_t *hashes = NULL;
    int64_t *owners = NULL;
    size_t n = l->n_slots ? l->n_slots * 2 : 1024;
    hone_status status;
    HONE_GO(HONE_NEW(&hashes, n));
    HONE_GO(HONE_NEW(&owners, n));
    for (size_t i = 0; i < l->n_slots; i++) {
        size_t at = l->hashes[i] & (n - 1);
        while (l->hashes[i] && hashes[at])
            at = (at + 1) & (n - 1);
        if (l->hashes[i]) {
            hashes[at] = l->hashes[i];
            owners[at] = l->owners[i];
        }
    }
    hone__free(l->hashes);
    hone__free(l->owners);
    l->hashes = hashes;
    l->owners = owners;
    l->n_slots = n;
    return HONE_OK;
done:
    hone__free(hashes);
    hone__free(owners);
    return status;
}

static hone_status tell_duplicate(const loading *l, const hone_question *x, const char *object, int64_t before)
{
    int64_t line;
    if (!l->o->unique_ids && ++l->q->info.n_duplicate_ids > MAX_NAMED)
        return HONE_OK; /* before its place is sought: that goes over the file from its beginning */
    const char *path = hone_questions_place(&line, l->q, before);
    hone__squad_fail(l->file, object, "the id %s is there twice; first in %s:%lld", x->id.data, path, (long long)line);
    if (l->o->unique_ids)
        return hone__hint(HONE_FORMAT, "predictions go by id: give every question an id of its own");
    hone__log(HONE_LOG_WARNING, "%s", hone_error_message());
    return HONE_OK;
}

/* Ids are told apart by 64-bit hashes: of a million, two share one with a probability below 10^-7. */
static hone_status note_id(loading *l, const hone_question *x, int64_t row)
{
    uint64_t hash = hone__hash64(x->id.data, x->id.len, 0) | 1;
    if ((size_t)row * 2 >= l->n_slots)
        HONE_TRY(grow_ids(l));
    size_t at = 0;
    for (at = hash & (l->n_slots - 1); l->hashes[at]; at = (at + 1) & (l->n_slots - 1))
        if (l->hashes[at] == hash)
            return tell_duplicate(l, x, l->q->rows[row].object, l->owners[at]);
    l->hashes[at] = hash;
    l->owners[at] = row;
    return HONE_OK;
}

static bool stands_there(const hone_question *x, size_t i)
{
    int64_t at = hone__question_byte(x, x->answer_starts[i]);
    const hone_text *t = &x->answers[i];
    return at >= 0 && (uint64_t)at <= x->context.len && x->context.len - (size_t)at >= t->len &&
           memcmp(x->context.data + at, t->data, t->len) == 0;
}

static void check_starts(loading *l, const hone_question *x, const char *object)
{
    for (size_t i = 0; i < x->n_answers; i++) {
        if (stands_there(x, i))
            continue;
        if (l->q->info.n_mismatched++ >= MAX_NAMED)
            continue;
        hone__squad_fail(l->file, object, "question %s: the answer \"%.60s\" does not stand at character %lld of its context", x->id.data,
                         x->answers[i].data, (long long)x->answer_starts[i]);
        hone__log(HONE_LOG_WARNING, "%s", hone_error_message());
    }
}

static bool is_blank(hone_text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (!is_space(t.data[i]))
            return false;
    return true;
}

static hone_status add_question(loading *l, const char *object)
{
    hone_questions *q = l->q;
    hone_question x;
    HONE_TRY(hone__check_stop());
    HONE_TRY(HONE_GROW(&q->rows, &q->rows_capacity, q->n_rows + 1));
    q->rows[q->n_rows++] = (hone_question_row){object, (uint32_t)(q->n_passages - 1)};
    HONE_TRY(hone_question_reader_get(l->reader, (int64_t)q->n_rows - 1, &x));
    if (is_blank(x.context))
        return hone__squad_fail(l->file, object, "question %s: its context is empty", x.id.data);
    if (l->o->need_answers && !x.labelled)
        return hone__hint(hone__squad_fail(l->file, object, "question %s has no \"answers\"", x.id.data),
                          "questions without answers can be predicted: --test_file");
    HONE_TRY(note_id(l, &x, (int64_t)q->n_rows - 1));
    check_starts(l, &x, object);
    q->info.n_unlabelled += !x.labelled;
    q->info.n_impossible += x.labelled && x.n_answers == 0;
    return HONE_OK;
}

static hone_status add_passage(loading *l, const hone_json_field *context, const char *object)
{
    hone_questions *q = l->q;
    if (!context->data || !context->is_string)
        return hone__squad_fail(l->file, context->data ? context->data : object,
                                context->data ? "\"context\" must be a string" : "\"context\" is missing");
    if (q->n_passages >= UINT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: more than 2^32 passages", l->file->path);
    HONE_TRY(HONE_GROW(&q->passages, &q->passages_capacity, q->n_passages + 1));
    q->passages[q->n_passages++] = (hone_passage){context->data, context->len, l->file_number, context->escaped};
    return HONE_OK;
}

/* ---- files ---- */

/* An object with context and question. */
static hone_status add_flat(loading *l, const char *object)
{
    hone_json_field context = hone__json_member(object, l->file->data + l->file->len, "context");
    HONE_TRY(add_passage(l, &context, object));
    return add_question(l, object);
}

static hone_status need_array(hone_json_field *out, const loading *l, const char *object, const char *key)
{
    *out = hone__json_member(object, l->file->data + l->file->len, key);
    if (!out->data)
        return hone__squad_fail(l->file, object, "\"%s\" is missing", key);
    return !out->is_string && *out->data == '[' ? HONE_OK : hone__squad_fail(l->file, out->data, "\"%s\" must be an array", key);
}

static hone_status need_object(const loading *l, const hone_json_field *item, const char *what)
{
    return !item->is_string && *item->data == '{' ? HONE_OK : hone__squad_fail(l->file, item->data, "%s must be an object", what);
}

static hone_status walk_paragraph(loading *l, const char *object)
{
    hone_json_field context = hone__json_member(object, l->file->data + l->file->len, "context"), qas, item;
    HONE_TRY(need_array(&qas, l, object, "qas"));
    HONE_TRY(add_passage(l, &context, object));
    for (hone_json_cursor c = {qas.data, l->file->data + l->file->len}; !is_full(l) && hone__json_next_item(&c, &item);) {
        HONE_TRY(need_object(l, &item, "a question"));
        HONE_TRY(add_question(l, item.data));
    }
    return HONE_OK;
}

static hone_status walk_article(loading *l, const char *object)
{
    const char *end = l->file->data + l->file->len;
    hone_json_field paragraphs, item;
    if (!hone__json_member(object, end, "paragraphs").data && hone__json_member(object, end, "question").data)
        return add_flat(l, object);
    HONE_TRY(need_array(&paragraphs, l, object, "paragraphs"));
    for (hone_json_cursor c = {paragraphs.data, end}; !is_full(l) && hone__json_next_item(&c, &item);) {
        HONE_TRY(need_object(l, &item, "a paragraph"));
        HONE_TRY(walk_paragraph(l, item.data));
    }
    return HONE_OK;
}

static hone_status walk_data(loading *l, const hone_json_field *data)
{
    hone_json_field item;
    if (data->is_string || *data->data != '[')
        return hone__squad_fail(l->file, data->data, "\"data\" must be an array");
    for (hone_json_cursor c = {data->data, l->file->data + l->file->len}; !is_full(l) && hone__json_next_item(&c, &item);) {
        HONE_TRY(need_object(l, &item, "an article"));
        HONE_TRY(walk_article(l, item.data));
    }
    return HONE_OK;
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

/* The object at p, found well-formed; *next behind it. */
static hone_status scan_object(hone_json_field *data, const char **next, const loading *l, const char *p)
{
    hone_json_fault fault;
    size_t used;
    if (!hone__json_scan(data, &used, p, (size_t)(l->file->data + l->file->len - p), "data", &fault))
        return fail_at_caret(l->file, p + fault.at, fault.what);
    *next = p + used;
    return HONE_OK;
}

/* Objects one after another, or the items of an array. */
static hone_status walk_objects(loading *l, const char *p)
{
    const char *end = l->file->data + l->file->len;
    hone_json_field ignored;
    bool array = p < end && *p == '[';
    p = skip_space(p + array, end);
    if (array && p < end && *p == ']')
        return skip_space(p + 1, end) == end ? HONE_OK : fail_at_caret(l->file, p + 1, "the end of the file was expected");
    while (p < end && !is_full(l)) {
        const char *object = p;
        HONE_TRY(scan_object(&ignored, &p, l, object));
        HONE_TRY(add_flat(l, object));
        p = skip_space(p, end);
        if (!array)
            continue;
        if (p < end && *p == ']')
            return skip_space(p + 1, end) == end ? HONE_OK : fail_at_caret(l->file, p + 1, "the end of the file was expected");
        if (p >= end || *p != ',')
            return fail_at_caret(l->file, p, "',' or ']' was expected");
        p = skip_space(p + 1, end);
    }
    return array && p >= end ? fail_at_caret(l->file, end, "an object was expected") : HONE_OK;
}

static hone_status walk_file(loading *l)
{
    const char *p = l->file->data, *end = p + l->file->len, *next = p;
    hone_json_field data;
    if (l->file->len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    p = skip_space(p, end);
    if (p == end)
        return hone__squad_fail(l->file, end, "it is empty: SQuAD's JSON was expected");
    if (*p == '[')
        return walk_objects(l, p);
    HONE_TRY(scan_object(&data, &next, l, p));
    if (!data.data)
        return walk_objects(l, p);
    next = skip_space(next, end);
    if (next < end)
        return fail_at_caret(l->file, next, "the end of the file was expected");
    return walk_data(l, &data);
}

static hone_status add_file(loading *l, const char *path)
{
    hone_questions *q = l->q;
    HONE_TRY(HONE_GROW(&q->files, &q->files_capacity, q->n_files + 1));
    hone_source *f = &q->files[q->n_files];
    *f = (hone_source){.map = {"", 0, -1}, .data = ""};
    HONE_TRY(hone__strdup(&f->path, path));
    l->file_number = (int32_t)q->n_files++;
    l->file = f;
    HONE_TRY(hone__source_open(f));
    HONE_TRY(check_bytes(f));
    return walk_file(l);
}

static void tell_faults(const hone_questions *q, const char *path)
{
    if (q->info.n_mismatched)
        hone__log(HONE_LOG_WARNING, "%s: %lld answers do not stand where their answer_start says; they are used as they are", path,
                  (long long)q->info.n_mismatched);
    if (q->info.n_duplicate_ids)
        hone__log(HONE_LOG_WARNING, "%s: %lld questions have an id that another one has", path, (long long)q->info.n_duplicate_ids);
}

hone_status hone_questions_load(hone_questions **out, const char *const *paths, size_t n_paths, const hone_questions_options *options)
{
    static const hone_questions_options defaults = HONE_QUESTIONS_OPTIONS_INIT;
    hone_file_list files = {NULL, 0};
    loading l = {.o = options ? options : &defaults};
    hone_status status;
    *out = NULL;
    HONE_GO(HONE_NEW(&l.q, 1));
    HONE_GO(hone_question_reader_new(&l.reader, l.q));
    HONE_GO(hone__list_all_files(&files, paths, n_paths, l.o->glob));
    for (size_t i = 0; i < files.n && !is_full(&l); i++)
        HONE_GO(add_file(&l, files.paths[i]));
    l.q->info.n_questions = (int64_t)l.q->n_rows;
    l.q->info.n_contexts = (int64_t)l.q->n_passages;
    if (l.q->n_rows == 0)
        HONE_GO(hone__fail(HONE_FORMAT, "%s: it has no questions", files.n ? files.paths[0] : "no files"));
    tell_faults(l.q, files.paths[0]);
    hone__sources_release(l.q->files, l.q->n_files);
    *out = l.q;
    l.q = NULL;
done:
    hone_question_reader_free(l.reader);
    hone_questions_free(l.q);
    hone__file_list_dispose(&files);
    hone__free(l.hashes);
    hone__free(l.owners);
    return status;
}

void hone_questions_free(hone_questions *q)
{
    if (!q)
        return;
    for (size_t i = 0; i < q->n_files; i++) {
        hone__source_close(&q->files[i]);
        hone__free(q->files[i].path);
    }
    hone__free(q->files);
    hone__free(q->passages);
    hone__free(q->rows);
    hone__free(q);
}

const hone_questions_info *hone_questions_get_info(const hone_questions *q)
{
    return &q->info;
}
