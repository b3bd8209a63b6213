/* Question answering, as run_qa.py of the reference does it: questions and passages from SQuAD's files become windows of tokens with a start and an end, a pretrained encoder gets a head for both,
 * evaluation gives the official scores and the answers, a test file its answers. Departures: the loss runs over real tokens; max_train_samples counts questions, not windows; the threshold
 * of version 2 that an evaluation finds best is stored in the output folder (question_answering.json), where the next evaluation of that folder finds it. */
#include "tasks/qa_options.h"
#include "tasks/qa_task.h"
#include "base/json.h"
#include "base/log.h"
#include "train/trainer.h"

#include <string.h>

enum { TRAIN, EVAL, TEST };
enum { DEFAULT_LENGTH = 384 }; /* tokens of a window */

/* ---- the model ---- */

static hone_status make_model(const hone_job *job, hone_job_parts *parts)
{
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    m.dropout = hone__job_common(job)->dropout;
    m.pad_token_id = hone__job_new_id(job, parts, HONE_SPECIAL_PAD);
    return hone__job_make_model(parts, job, m, "bert");
}

/* ---- examples ---- */

static void tell_size(const hone_qa_examples_info *info, const char *file)
{
    hone__log(HONE_LOG_INFO, "%s: %lld questions in %lld windows, %lld tokens, the longest has %d", file, (long long)info->n_questions,
              (long long)info->n_examples, (long long)info->n_tokens, info->longest);
}

static void tell_impossible(const hone_qa_options *o, const hone_questions_info *info, const char *file)
{
    if (info->n_impossible && !o->version_2_with_negative)
        hone__log(HONE_LOG_WARNING, "%s: %lld questions have no answer (SQuAD 2.0): --version_2_with_negative lets the model say so", file,
                  (long long)info->n_impossible);
}

static hone_status make_examples(hone_examples **out, const hone_job *job, hone_job_parts *parts, int which, size_t length)
{
    const hone_qa_options *o = job->task_options;
    const hone_common_options *c = &o->common;
    const hone_strings *files = which == TRAIN ? &c->train_file : which == EVAL ? &c->validation_file : &c->test_file;
    hone_questions_options q = {.glob = c->glob, .unique_ids = which != TRAIN, .need_answers = which != TEST};
    q.max_questions = which == TRAIN ? c->max_train_samples : which == EVAL ? c->max_eval_samples : c->max_predict_samples;
    hone_qa_examples_options e = {.max_length = length, .doc_stride = (size_t)o->doc_stride, .keep_offsets = which != TRAIN};
    e.n_threads = hone__job_workers(job);
    HONE_TRY(hone_questions_load(&parts->questions[which], (const char *const *)files->items, files->n, &q));
    tell_impossible(o, hone_questions_get_info(parts->questions[which]), files->items[0]);
    HONE_TRY(hone_qa_examples(out, parts->questions[which], parts->tokenizer, &e));
    tell_size(hone_qa_examples_get_info(*out), files->items[0]);
    return HONE_OK;
}

/* ---- the threshold of version 2 ---- */

/* What an evaluation stored beside the model. A folder without it has none. */
static hone_status read_threshold(double *out, const char *folder)
{
    char *path = NULL;
    json_t *stored = NULL;
    hone_status status;
    HONE_GO(hone__path_join(&path, folder, "question_answering.json"));
    if (!hone__is_file(path))
        goto done;
    HONE_GO(hone__json_load(&stored, path));
    HONE_GO(hone__json_get_double(stored, "null_score_diff_threshold", out, path));
    hone__log(HONE_LOG_INFO, "%s: no answer where its score is more than %g above the best answer's", path, *out);
done:
    hone__free(path);
    json_decref(stored);
    return status;
}

static hone_status settle_threshold(double *out, const hone_job *job)
{
    const hone_qa_options *o = job->task_options;
    *out = 0;
    if (o->null_score_diff_threshold)
        hone__parse_double(out, o->null_score_diff_threshold);
    else if (o->version_2_with_negative && job->kind == HONE_JOB_EVALUATE)
        return read_threshold(out, o->common.model_name_or_path);
    return HONE_OK;
}

/* ---- a job's set-up ---- */

static hone_status make_task(const hone_job *job, hone_job_parts *parts)
{
    const hone_qa_options *o = job->task_options;
    hone_question_answering_options t = HONE_QUESTION_ANSWERING_OPTIONS_INIT;
    t.answers.n_best_size = (size_t)o->n_best_size;
    t.answers.max_answer_length = (size_t)o->max_answer_length;
    t.answers.version_2_with_negative = o->version_2_with_negative;
    HONE_TRY(settle_threshold(&t.null_score_diff_threshold, job));
    HONE_TRY(hone_question_answering_task(&parts->task, parts->model, &t));
    const char *folder = job->kind == HONE_JOB_TRAIN ? hone__training_output_dir(&job->args) : job->args.output_dir;
    return hone_question_answering_write_to(&parts->task, folder, "");
}

static hone_status set_up(hone_job *job, hone_job_parts *parts)
{
    size_t length = 0;
    HONE_TRY(make_model(job, parts));
    HONE_TRY(hone__job_settle_length(&length, job, parts, DEFAULT_LENGTH, ""));
    if (job->kind == HONE_JOB_TRAIN)
        HONE_TRY(make_examples(&parts->train, job, parts, TRAIN, length));
    if (hone__job_has_eval(job))
        HONE_TRY(make_examples(&parts->eval, job, parts, EVAL, length));
    if (hone__job_has_test(job))
        HONE_TRY(make_examples(&parts->test, job, parts, TEST, length));
    return make_task(job, parts);
}

static void free_task(hone_job_parts *parts)
{
    hone_task_dispose(&parts->task);
    for (int i = TRAIN; i <= TEST; i++)
        hone_questions_free(parts->questions[i]);
}

/* ---- predictions ---- */

static hone_status keep_answers(void *payload, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    return hone__qa_batch(payload, t, out, batch);
}

static hone_status answer(hone_trainer *trainer, const hone_job_parts *parts, hone_task *task, bool labelled, hone_metrics *metrics)
{
    hone_pass pass = {.examples = parts->test, .prefix = "predict", .what = "predicting", .scored = labelled, .payload = task};
    hone_patience patience;
    hone_status status;
    if (labelled)
        return hone__trainer_pass(trainer, &pass, metrics);
    pass.keep = keep_answers;
    hone__patience_begin(&patience, trainer, "the predictions");
    HONE_GO(hone__qa_begin(task, parts->test));
    HONE_GO(hone__trainer_pass(trainer, &pass, metrics));
    status = hone__qa_end(task);
done:
    return hone__patience_end(&patience, status);
}

static hone_status predict(const hone_job *job, const hone_job_parts *parts, hone_trainer *trainer, hone_metrics *metrics)
{
    const hone_qa_options *o = job->task_options;
    hone_task task = parts->task; /* the same self */
    bool labelled = hone_questions_get_info(parts->questions[TEST])->n_unlabelled == 0;
    double threshold;
    HONE_TRY(hone_question_answering_write_to(&task, hone__training_output_dir(&job->args), "predict_"));
    if (!o->null_score_diff_threshold && hone__qa_best_threshold(&threshold, &task) && job->kind == HONE_JOB_TRAIN)
        hone__qa_set_threshold(&task, threshold);
    hone_metrics_clear(metrics);
    HONE_TRY(answer(trainer, parts, &task, labelled, metrics));
    return hone_metrics_set_int(metrics, "predict_samples", hone_examples_count(parts->test));
}

const hone_job_class hone__question_answering_job = {.kind = HONE_QUESTION_ANSWERING,
                                                     .options = &hone__qa_option_table,
                                                     .options_size = sizeof(hone_qa_options),
                                                     .check = hone__qa_options_check,
                                                     .set_up = set_up,
                                                     .free_task = free_task,
                                                     .predict = predict};
