/* predictions.json, nbest_predictions.json and null_odds.json, as utils_qa.py of the reference's examples writes them (json.dumps(…, indent=4)), but a candidate a line; and in UTF-8 where the
 * reference escapes. */
#include "tasks/qa_task.h"
#include "base/json.h"

#include <string.h>

static hone_status open_one(hone_file_writer **out, const char *folder, const char *prefix, const char *name)
{
    hone_str path = HONE_STR_INIT;
    hone__str_printf(&path, "%s/%s%s", folder, prefix, name);
    hone_status status = hone__str_status(&path);
    if (status == HONE_OK)
        status = hone__writer_open(out, path.data);
    hone__str_dispose(&path);
    return status;
}

hone_status hone__qa_files_open(hone_qa_files *f, const char *folder, const char *prefix, bool null_odds)
{
    hone_status status;
    f->any = false;
    HONE_GO(hone__make_dirs(folder));
    HONE_GO(open_one(&f->predictions, folder, prefix, "predictions.json"));
    HONE_GO(open_one(&f->nbest, folder, prefix, "nbest_predictions.json"));
    if (null_odds)
        HONE_GO(open_one(&f->null_odds, folder, prefix, "null_odds.json"));
done:
    if (status != HONE_OK)
        hone__qa_files_abort(f);
    return status;
}

/* The start of a member: {"id": */
static hone_json_writer begin_member(hone_qa_files *f, hone_text id)
{
    hone__str_clear(&f->text);
    hone_json_writer w = hone__json_writer(&f->text, 0);
    hone__str_puts(&f->text, f->any ? ",\n    " : "{\n    ");
    hone__jw_string_n(&w, id.data, id.len);
    hone__str_puts(&f->text, ": ");
    hone_json_writer value = hone__json_writer(&f->text, 0);
    value.spaced = true;
    return value;
}

static hone_status flush(hone_qa_files *f, hone_file_writer *to)
{
    HONE_TRY(hone__str_status(&f->text));
    hone__writer_write(to, f->text.data, f->text.len);
    return hone__writer_status(to);
}

static void put_candidate(hone_json_writer *w, const hone_question *x, const hone_qa_candidate *c)
{
    hone__jw_object(w);
    hone__jw_key(w, "start_logit");
    hone__jw_float(w, c->start_logit);
    hone__jw_key(w, "end_logit");
    hone__jw_float(w, c->end_logit);
    hone__jw_key(w, "text");
    hone__jw_string_n(w, x->context.data + c->start, c->end - c->start);
    hone__jw_key(w, "probability");
    hone__jw_double(w, c->probability);
    hone__jw_end_object(w);
}

hone_status hone__qa_files_add(hone_qa_files *f, const hone_question *x, hone_text answer, const hone_qa_result *r)
{
    hone_json_writer w = begin_member(f, x->id);
    hone__jw_string_n(&w, answer.data, answer.len);
    HONE_TRY(flush(f, f->predictions));
    begin_member(f, x->id);
    for (size_t i = 0; i < r->n_candidates; i++) {
        hone__str_puts(&f->text, i ? ",\n        " : "[\n        ");
        hone_json_writer c = hone__json_writer(&f->text, 0);
        c.spaced = true;
        put_candidate(&c, x, &r->candidates[i]);
    }
    hone__str_puts(&f->text, "\n    ]");
    HONE_TRY(flush(f, f->nbest));
    if (f->null_odds) {
        w = begin_member(f, x->id);
        hone__jw_double(&w, r->score_difference);
        HONE_TRY(flush(f, f->null_odds));
    }
    f->any = true;
    return HONE_OK;
}

static hone_status commit_one(hone_file_writer **w, bool any)
{
    hone_file_writer *writer = *w;
    *w = NULL;
    if (!writer)
        return HONE_OK;
    hone__writer_printf(writer, "%s", any ? "\n}\n" : "{}\n");
    return hone__writer_commit(writer);
}

hone_status hone__qa_files_commit(hone_qa_files *f)
{
    hone_status status;
    HONE_GO(commit_one(&f->predictions, f->any));
    HONE_GO(commit_one(&f->nbest, f->any));
    HONE_GO(commit_one(&f->null_odds, f->any));
done:
    hone__qa_files_abort(f);
    return status;
}

void hone__qa_files_abort(hone_qa_files *f)
{
    hone__writer_abort(f->predictions);
    hone__writer_abort(f->nbest);
    hone__writer_abort(f->null_odds);
    hone__str_dispose(&f->text);
    *f = (hone_qa_files){0};
}
