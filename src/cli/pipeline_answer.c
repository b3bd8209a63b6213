/* An answer for people: the context with the answer marked in it; further answers below. */
#include "cli/pipeline_cli.h"

static void put_answer(FILE *out, hone_text context, const hone_span_answer *x)
{
    bool colours = pipeline_has_colours(out);
    pipeline_put_plain(out, context.data, x->byte_start);
    fputs(colours ? "\033[1;32m[" : "[", out);
    pipeline_put_plain(out, context.data + x->byte_start, x->byte_end - x->byte_start);
    fprintf(out, "%s %.2f]%s", colours ? "\033[22m" : "", x->score, colours ? "\033[0m" : "");
    pipeline_put_plain(out, context.data + x->byte_end, context.len - x->byte_end);
    putc('\n', out);
}

static void put_other(FILE *out, hone_text context, const hone_span_answer *x)
{
    fprintf(out, "%6.2f  ", x->score);
    if (x->byte_end > x->byte_start)
        pipeline_put_plain(out, context.data + x->byte_start, x->byte_end - x->byte_start);
    else
        fputs("(no answer)", out);
    putc('\n', out);
}

hone_status pipeline_mark_answer(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out)
{
    hone_text context = HONE_TEXT(o->text_pair);
    hone_status status = HONE_OK;
    for (size_t i = 0; status == HONE_OK && i < n; i++) {
        hone_span_answers found;
        hone_profile_step_begin(o->profiling);
        if ((status = hone_pipeline_answers(&found, pipeline, HONE_TEXT(words[i]), context)) == HONE_OK) {
            if (found.n_answers == 0)
                fputs("(no answer)\n", out);
            bool marks = found.n_answers > 0 && found.answers[0].byte_end > found.answers[0].byte_start;
            if (marks)
                put_answer(out, context, &found.answers[0]);
            for (size_t k = marks; k < found.n_answers; k++)
                put_other(out, context, &found.answers[k]);
        }
        if (fflush(out) != 0 && status == HONE_OK)
            status = HONE_IO;
        hone_span_answers_dispose(&found);
        hone_profile_step_end(o->profiling);
    }
    return status;
}
