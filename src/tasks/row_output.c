/* predict_results.txt of text classification, in the format of run_glue.py (a class's name or a number) and run_classification.py (sets of classes). */
#include "tasks/row_task.h"

#include "models/model.h"
#include "tasks/token_task.h"

static void put_set(hone_str *line, const float *logits, const char *const *names, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++)
        if (logits[i] > 0.0f) {
            hone__str_printf(line, "%s%s", any ? "," : "", names[i]);
            any = true;
        }
}

static hone_status put_rows(hone_file_writer *w, hone_str *line, const hone_model *model, const hone_predictions *p)
{
    size_t n = 0;
    const char *const *names = hone_model_labels(model, &n);
    hone_problem problem = hone__model_problem(model, false);
    hone__writer_write(w, "index\tprediction\n", 17);
    for (int64_t i = 0; i < p->n_items; i++) {
        const float *logits = p->logits + i * p->n_labels;
        hone__str_clear(line);
        hone__str_printf(line, "%lld\t", (long long)i);
        if (problem == HONE_PROBLEM_SINGLE_LABEL)
            hone__str_puts(line, names[hone__argmax(logits, n)]);
        else if (problem == HONE_PROBLEM_REGRESSION)
            hone__str_printf(line, "%.3f", (double)logits[0]);
        else
            put_set(line, logits, names, n);
        hone__str_putc(line, '\n');
        HONE_TRY(hone__str_status(line));
        hone__writer_write(w, line->data, line->len);
    }
    return hone__writer_status(w);
}

hone_status hone__write_row_predictions(const char *path, const hone_model *model, const hone_predictions *p)
{
    hone_file_writer *w = NULL;
    hone_str line = HONE_STR_INIT;
    hone_status status;
    HONE_GO(hone__writer_open(&w, path));
    HONE_GO(put_rows(w, &line, model, p));
    status = hone__writer_commit(w);
    w = NULL;
done:
    hone__writer_abort(w);
    hone__str_dispose(&line);
    return status;
}
