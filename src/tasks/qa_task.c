/* The scores of question answering (hone/qa.h): as the batches of an evaluation pass, the logits of each window go to the heap of its question's candidates; where the next question
 * begins, the answer goes to SQuAD's metric and to the files. Nothing else is kept.
 *
 * Version 2 has two counts of scores: the answers as they are given with the threshold, and, for the best threshold, the best answers that have text with score_difference as the "probability" that
 * there is none (evaluate-v2.0.py with --na-prob-file null_odds.json). */
#include "tasks/qa_task.h"
#include "base/json.h"

#include <string.h>

typedef struct qa_task {
    hone_question_answering_options options;
    char *folder, *prefix; /* folder NULL: no files */

    /* where an evaluation stands */
    hone_qa_answers *answers;
    hone_squad *squad, *thresholds;
    hone_qa_files files;
    hone_question_reader *reader;
    const hone_examples *examples;
    int64_t next, question; /* window; whose windows are collected, -1: none */
    float *logits;
    size_t logits_capacity;
    const char **golds;
    size_t golds_capacity;
    hone_str text;
    bool has_best;
    double best_threshold;
} qa_task;

static void end_evaluation(qa_task *s)
{
    hone_qa_answers_free(s->answers);
    hone_squad_free(s->squad);
    hone_squad_free(s->thresholds);
    hone__qa_files_abort(&s->files);
    hone_question_reader_free(s->reader);
    s->answers = NULL;
    s->squad = s->thresholds = NULL;
    s->reader = NULL;
    s->examples = NULL;
}

static hone_status eval_begin(void *self, const hone_examples *examples)
{
    qa_task *s = self;
    const hone_qa_examples_info *info = hone_qa_examples_get_info(examples);
    hone_qa_window first;
    hone_status status;
    bool v2 = s->options.answers.version_2_with_negative;
    end_evaluation(s);
    if (!info || !hone_qa_examples_window(examples, 0, &first) || (first.n_context && !first.offsets))
        return hone__fail(HONE_INVALID_ARGUMENT, "question answering is scored over hone_qa_examples with keep_offsets");
    s->next = 0;
    s->question = -1;
    HONE_GO(hone_qa_answers_new(&s->answers, &s->options.answers));
    HONE_GO(hone_squad_new(&s->squad, v2));
    if (v2)
        HONE_GO(hone_squad_new(&s->thresholds, true));
    HONE_GO(hone_question_reader_new(&s->reader, info->questions));
    if (s->folder)
        HONE_GO(hone__qa_files_open(&s->files, s->folder, s->prefix, v2));
    s->examples = examples;
done:
    if (status != HONE_OK)
        end_evaluation(s);
    return status;
}

static hone_status list_golds(qa_task *s, const hone_question *x)
{
    HONE_TRY(HONE_GROW(&s->golds, &s->golds_capacity, x->n_answers));
    for (size_t i = 0; i < x->n_answers; i++)
        s->golds[i] = x->answers[i].data;
    return HONE_OK;
}

/* A NUL after the text of a candidate. */
static hone_status take_text(qa_task *s, const hone_question *x, const hone_qa_candidate *c)
{
    hone__str_clear(&s->text);
    hone__str_append(&s->text, x->context.data + c->start, c->end - c->start);
    hone__str_append(&s->text, "", 1);
    return hone__str_status(&s->text);
}

/* The question whose windows were collected is complete. */
static hone_status end_question(qa_task *s)
{
    hone_question x;
    hone_qa_result r;
    if (s->question < 0)
        return HONE_OK;
    hone_qa_answers_result(s->answers, &r);
    HONE_TRY(hone_question_reader_get(s->reader, s->question, &x));
    HONE_TRY(take_text(s, &x, r.best));
    bool none = s->thresholds && r.score_difference > s->options.null_score_diff_threshold;
    hone_text answer = {s->text.data, none ? 0 : r.best->end - r.best->start};
    if (x.labelled) {
        HONE_TRY(list_golds(s, &x));
        HONE_TRY(hone_squad_add(s->squad, none ? "" : s->text.data, s->golds, x.n_answers, 0));
        if (s->thresholds)
            HONE_TRY(hone_squad_add(s->thresholds, s->text.data, s->golds, x.n_answers, r.score_difference));
    }
    s->question = -1;
    return s->folder ? hone__qa_files_add(&s->files, &x, answer, &r) : HONE_OK;
}

static hone_status take_window(qa_task *s, const float *logits, int32_t n)
{
    hone_qa_window w;
    if (!hone_qa_examples_window(s->examples, s->next++, &w))
        return hone__fail(HONE_INVALID_ARGUMENT, "an evaluation saw more windows than there are");
    if (w.question != s->question)
        HONE_TRY(end_question(s));
    s->question = w.question;
    return hone_qa_answers_add(s->answers, &w, logits, logits + 1, 2, (size_t)n);
}

static hone_status eval_batch(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    qa_task *s = self;
    size_t n = 2 * (size_t)batch->n_tokens;
    HONE_TRY(hone_tape_status(t));
    if (!s->examples)
        return hone__fail(HONE_INVALID_ARGUMENT, "question answering: an evaluation that was not begun");
    if (!out->logits || (size_t)hone_tensor_count(out->logits) != n)
        return hone__fail(HONE_SHAPE, "question answering: the model's logits are not (%d, 2)", batch->n_tokens);
    HONE_TRY(HONE_GROW(&s->logits, &s->logits_capacity, n));
    HONE_TRY(hone_tensor_read(out->logits, s->logits, n));
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t from = batch->cu_seqlens[r];
        HONE_TRY(take_window(s, s->logits + 2 * (size_t)from, batch->cu_seqlens[r + 1] - from));
    }
    return HONE_OK;
}

/* best_exact, best_f1 and their thresholds, as the official script names them. */
static hone_status put_best(qa_task *s, hone_metrics *metrics)
{
    static const char *const names[] = {"best_exact", "best_exact_thresh", "best_f1", "best_f1_thresh"};
    hone_metrics all = HONE_METRICS_INIT;
    double value = 0;
    hone_status status;
    HONE_GO(hone_squad_compute(s->thresholds, &all, 0, true));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (hone_metrics_get(&all, names[i], &value))
            HONE_GO(hone_metrics_set(metrics, names[i], value));
    s->has_best = true;
    s->best_threshold = value;
done:
    hone_metrics_dispose(&all);
    return status;
}

/* Stored beside the model, for the evaluations to come. */
static hone_status write_threshold(const qa_task *s)
{
    char *path = NULL;
    hone_str text = HONE_STR_INIT;
    hone_status status;
    hone_json_writer w = hone__json_writer(&text, 2);
    hone__jw_object(&w);
    hone__jw_key(&w, "version_2_with_negative");
    hone__jw_bool(&w, true);
    hone__jw_key(&w, "null_score_diff_threshold");
    hone__jw_double(&w, s->best_threshold);
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    HONE_GO(hone__str_status(&text));
    HONE_GO(hone__path_join(&path, s->folder, "question_answering.json"));
    status = hone__write_file(path, text.data, text.len);
done:
    hone__free(path);
    hone__str_dispose(&text);
    return status;
}

static hone_status eval_end(void *self, double eval_loss, hone_metrics *metrics)
{
    qa_task *s = self;
    hone_status status;
    (void)eval_loss;
    HONE_GO(end_question(s));
    if (metrics) {
        HONE_GO(hone_squad_compute(s->squad, metrics, 1.0, false));
        if (s->thresholds)
            HONE_GO(put_best(s, metrics));
    }
    if (metrics && s->thresholds && s->folder && !*s->prefix)
        HONE_GO(write_threshold(s));
    status = s->folder ? hone__qa_files_commit(&s->files) : HONE_OK;
done:
    end_evaluation(s);
    return status;
}

/* ---- the task ---- */

static bool has_metric(void *self, const char *name)
{
    static const char *const v1[] = {"exact_match", "f1", NULL};
    static const char *const v2[] = {"exact",          "f1",       "total",       "HasAns_exact", "HasAns_f1", "HasAns_total",
                                     "NoAns_exact",    "NoAns_f1", "NoAns_total", "best_exact",   "best_f1",   "best_exact_thresh",
                                     "best_f1_thresh", NULL};
    const qa_task *s = self;
    for (const char *const *p = s->options.answers.version_2_with_negative ? v2 : v1; *p; p++)
        if (strcmp(*p, name) == 0)
            return true;
    return false;
}

static void free_task(void *self)
{
    qa_task *s = self;
    if (!s)
        return;
    end_evaluation(s);
    hone__free(s->folder);
    hone__free(s->prefix);
    hone__free(s->logits);
    hone__free(s->golds);
    hone__str_dispose(&s->text);
    hone__free(s);
}

hone_status hone_question_answering_task(hone_task *out, const hone_model *model, const hone_question_answering_options *options)
{
    hone_question_answering_options defaults = HONE_QUESTION_ANSWERING_OPTIONS_INIT;
    qa_task *s = NULL;
    *out = (hone_task){.kind = HONE_TASK_NONE};
    if (hone_model_task(model) != HONE_QUESTION_ANSWERING)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the model has no head for question answering"),
                          "open it with HONE_QUESTION_ANSWERING");
    HONE_TRY(HONE_NEW(&s, 1));
    s->options = options ? *options : defaults;
    s->question = -1;
    *out = (hone_task){.kind = HONE_QUESTION_ANSWERING,
                       .self = s,
                       .eval_begin = eval_begin,
                       .eval_batch = eval_batch,
                       .eval_end = eval_end,
                       .has_metric = has_metric,
                       .free = free_task};
    return HONE_OK;
}

hone_status hone_question_answering_write_to(hone_task *task, const char *folder, const char *prefix)
{
    qa_task *s = task->self;
    char *new_folder = NULL, *new_prefix = NULL;
    if (task->eval_end != eval_end)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_question_answering_write_to: the task is another one");
    if (folder) {
        HONE_TRY(hone__strdup(&new_prefix, prefix ? prefix : ""));
        hone_status status = hone__strdup(&new_folder, folder);
        if (status != HONE_OK) {
            hone__free(new_prefix);
            return status;
        }
    }
    hone__free(s->folder);
    hone__free(s->prefix);
    s->folder = new_folder;
    s->prefix = new_prefix;
    return HONE_OK;
}

hone_status hone__qa_begin(hone_task *task, const hone_examples *examples)
{
    return eval_begin(task->self, examples);
}

hone_status hone__qa_batch(hone_task *task, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    return eval_batch(task->self, t, out, batch);
}

hone_status hone__qa_end(hone_task *task)
{
    return eval_end(task->self, 0, NULL);
}

bool hone__qa_best_threshold(double *out, const hone_task *task)
{
    const qa_task *s = task->self;
    *out = s->best_threshold;
    return s->has_best;
}

void hone__qa_set_threshold(hone_task *task, double threshold)
{
    ((qa_task *)task->self)->options.null_score_diff_threshold = threshold;
}
