/* What all tasks have in common when a job runs: the device, the output folder and what it may already hold, training, evaluation, results and the model card. */
#include "tasks/job.h"
#include "base/file.h"
#include "base/log.h"
#include "base/threads.h"
#include "train/report/track.h"
#include "train/trainer.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void free_parts(const hone_job *job, hone_job_parts *parts)
{
    if (job->class->free_task)
        job->class->free_task(parts);
    hone_examples_free(parts->train);
    hone_examples_free(parts->eval);
    hone_examples_free(parts->all);
    hone_examples_free(parts->test);
    hone_dataset_free(parts->test_data);
    hone_model_free(parts->model);
    hone_tokenizer_free(parts->tokenizer);
    hone_device_free(parts->device);
}

/* How much the folder holds beside the logs of runs: a run that ended before its first checkpoint leaves nothing else. */
static size_t count_entries(const char *path, size_t *n_logs)
{
    static const char *const logs[] = {HONE__LOG_LINES, HONE__LOG_TABLE, HONE__LOG_RUNS};
    size_t n = 0;
    DIR *dir = opendir(path);
    *n_logs = 0;
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        bool is_log = false;
        for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++)
            is_log = is_log || strcmp(entry->d_name, logs[i]) == 0;
        *n_logs += is_log;
        n += !is_log && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    if (dir)
        closedir(dir);
    return n;
}

/* predict_results.txt, predict_results_mrpc.txt, … */
static hone_status forget_predictions(const char *folder)
{
    DIR *dir = opendir(folder);
    hone_status status = HONE_OK;
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry && status == HONE_OK; entry = readdir(dir)) {
        char *path = NULL;
        if (strncmp(entry->d_name, "predict_results", 15) != 0 || !hone__ends_with(entry->d_name, ".txt"))
            continue;
        status = hone__path_join(&path, folder, entry->d_name);
        if (status == HONE_OK)
            status = hone__remove_tree(path);
        hone__free(path);
    }
    if (dir)
        closedir(dir);
    return status;
}

static hone_status forget_old_run(const char *folder)
{
    static const char *const files[] = {"all_results.json",
                                        "train_results.json",
                                        "eval_results.json",
                                        "trainer_state.json",
                                        HONE__LOG_LINES,
                                        HONE__LOG_TABLE,
                                        "predict_results.json",
                                        "predictions.txt",
                                        "predictions.json",
                                        "nbest_predictions.json",
                                        "null_odds.json",
                                        "predict_predictions.json",
                                        "predict_nbest_predictions.json",
                                        "predict_null_odds.json",
                                        "question_answering.json"};
    HONE_TRY(hone__checkpoint_remove_all(folder));
    HONE_TRY(forget_predictions(folder));
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char *path = NULL;
        HONE_TRY(hone__path_join(&path, folder, files[i]));
        hone_status status = hone__remove_tree(path);
        hone__free(path);
        HONE_TRY(status);
    }
    return HONE_OK;
}

/* "false" asks for a new run, also where one could be gone on with. */
static bool refuses_to_resume(const hone_job *job)
{
    const char *from = job->args.resume_from_checkpoint;
    return from && (!*from || strcmp(from, "false") == 0);
}

static bool asks_to_resume(const hone_job *job)
{
    return job->args.resume_from_checkpoint && !refuses_to_resume(job);
}

/* Whether a checkpoint is named, and not just "the newest". */
static bool names_checkpoint(const hone_job *job)
{
    const char *from = job->args.resume_from_checkpoint;
    return asks_to_resume(job) && strcmp(from, "true") != 0 && strcmp(from, "last") != 0;
}

/* Whether that is one of another folder than output_dir. */
static bool resumes_elsewhere(const hone_job *job)
{
    char there[PATH_MAX], here[PATH_MAX];
    if (!names_checkpoint(job) || !realpath(job->args.resume_from_checkpoint, there) ||
        !realpath(hone__training_output_dir(&job->args), here))
        return false;
    size_t parent = (size_t)(strrchr(there, '/') - there);
    return strlen(here) != parent || memcmp(here, there, parent) != 0;
}

static hone_status check_place(const char *folder)
{
    if (!*folder)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--output_dir: a folder's name is missing"),
                          "give one, or leave the option out");
    return hone__hint(hone__can_write_in(folder), "give another --output_dir");
}

/* As the reference's scripts: an output folder with a checkpoint means going on, one with other things is refused (run_clm.py, "Detecting last checkpoint"). */
static hone_status settle_output_dir(hone_job *job)
{
    const char *folder = hone__training_output_dir(&job->args);
    size_t n_logs;
    char *newest = NULL;
    hone_status status = HONE_OK;
    HONE_TRY(check_place(folder));
    if (!hone__is_dir(folder))
        return HONE_OK;
    /* another run that is at work in it is found out before anything of it is looked at or removed */
    HONE_TRY(hone__lock_output(&job->output_lock, folder));
    if (asks_to_resume(job))
        return HONE_OK;
    if (job->args.overwrite_output_dir)
        return HONE_OK; /* the old run goes when the new one begins: a misspelt file name costs nothing */
    hone__checkpoint_clean(folder);
    if (!refuses_to_resume(job))
        HONE_GO(hone__checkpoint_newest(&newest, folder));
    if (newest) {
        hone__log(HONE_LOG_INFO, "%s holds a checkpoint: going on from %s (--overwrite_output_dir starts anew)", folder, newest);
        status = hone_training_args_set(&job->args, "resume_from_checkpoint", newest);
    } else if (count_entries(folder, &n_logs) > 0) {
        status = hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--output_dir: %s is there already and is not empty", folder),
                            "give another folder, or --overwrite_output_dir");
    } else if (n_logs > 0) {
        hone__log(HONE_LOG_INFO, "%s holds only the logs of a run that ended before its first checkpoint: starting anew", folder);
    }
done:
    hone__free(newest);
    return status;
}

/* Where results go: what cannot be written is said before hours of work. */
static hone_status settle_places(hone_job *job)
{
    if (job->kind == HONE_JOB_EVALUATE)
        return job->args.output_dir ? check_place(job->args.output_dir) : HONE_OK;
    HONE_TRY(settle_output_dir(job));
    return hone__reports_check_places(&job->args);
}

static hone_status open_device(hone_job *job, hone_job_parts *parts)
{
    hone_device_options options = {strcmp(job->run.device, "auto") == 0 ? NULL : job->run.device, (int)job->run.threads};
    hone_status status = hone_device_open(&parts->device, &options);
    if (status != HONE_OK)
        return hone__fail_in(status, status == HONE_INVALID_ARGUMENT ? "--threads" : "--device");
    hone__log(HONE_LOG_INFO, "computing on %s", hone_device_describe(parts->device));
    return HONE_OK;
}

static hone_status make_trainer(hone_trainer **out, hone_job *job, const hone_job_parts *parts)
{
    const hone_common_options *o = hone__job_common(job);
    job->stopping = (hone_early_stopping){job->run.early_stopping_patience, job->run.early_stopping_threshold, 0};
    job->callback = hone_early_stopping_callback(&job->stopping);
    hone_trainer_options options = {.tokenizer = parts->tokenizer,
                                    .train_dataset = parts->train,
                                    .eval_dataset = parts->eval,
                                    .task = &parts->task,
                                    .callbacks = &job->callback,
                                    .n_callbacks = job->stopping.patience > 0,
                                    .base_model = o->model_name_or_path,
                                    .dataset_name = o->train_file.n == 1 ? hone__path_base(o->train_file.items[0]) : NULL,
                                    .command_line = job->command_line};
    HONE_TRY(hone_trainer_new(out, parts->model, &job->args, &options));
    (*out)->also_stop = &job->stop;
    (*out)->task_table = job->class->options;
    (*out)->task_options = job->task_options;
    (*out)->saves_at_end = job->kind == HONE_JOB_TRAIN;
    (*out)->predicts_at_end = parts->test;
    (*out)->keeps_predictions = job->class->kind != HONE_QUESTION_ANSWERING; /* whose answers are written while the windows pass */
    return HONE_OK;
}

static hone_status evaluate(hone_job *job, const hone_job_parts *parts, hone_trainer *trainer, hone_metrics *metrics)
{
    HONE_TRY(hone_trainer_evaluate(trainer, metrics));
    if (job->class->report)
        HONE_TRY(job->class->report(metrics));
    hone__free(job->report);
    job->report = NULL;
    return job->class->describe && !job->args.prediction_loss_only ? job->class->describe(&job->report, parts) : HONE_OK;
}

static hone_status read_results(char **results, hone_trainer *trainer)
{
    char *path = NULL;
    size_t len;
    HONE_TRY(hone__trainer_path(&path, trainer, "all_results.json"));
    hone_status status = hone__read_file(results, &len, path, 0);
    hone__free(path);
    return status;
}

static void tell_size(const hone_job_parts *parts)
{
    double n = (double)hone_model_n_parameters(parts->model);
    hone__log(HONE_LOG_INFO, "%s with %.1f %s parameters; %lld training and %lld validation examples", hone_model_type(parts->model),
              n < 1e6 ? n / 1e3 : n / 1e6, n < 1e6 ? "thousand" : "million",
              (long long)(parts->train ? hone_examples_count(parts->train) : 0),
              (long long)(parts->eval ? hone_examples_count(parts->eval) : 0));
}

/* The weights are there; what was cut short was only their evaluation. */
static hone_status stopped_after_training(const hone_job *job, hone_status status)
{
    const char *folder = hone__training_output_dir(&job->args);
    return status != HONE_CANCELLED
               ? status
               : hone__hint(status, "the training had ended and its model is in %s: hone evaluate %s --model_name_or_path %s", folder,
                            hone_task_name(job->class->kind), folder);
}

static hone_status train(hone_job *job, const hone_job_parts *parts, char **results)
{
    hone_trainer *trainer = NULL;
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_status status;
    if (job->output_lock < 0) /* it was not there then, and may be by now */
        HONE_GO(settle_output_dir(job));
    HONE_GO(make_trainer(&trainer, job, parts));
    hone__trainer_lend_lock(trainer, &job->output_lock);
    /* what can be refused is, before an old run is forgotten */
    HONE_GO(hone__trainer_settle_memory(trainer));
    HONE_GO(hone__trainer_measure(trainer));
    if (resumes_elsewhere(job))
        HONE_GO(hone__checkpoint_verify(job->args.resume_from_checkpoint));
    if (job->args.overwrite_output_dir && (!asks_to_resume(job) || resumes_elsewhere(job)))
        HONE_GO(forget_old_run(hone__training_output_dir(&job->args)));
    tell_size(parts);
    HONE_GO(hone_trainer_train(trainer));
    HONE_GO(hone_trainer_save_model(trainer, NULL));
    HONE_GO(hone_trainer_train_metrics(trainer, &metrics));
    HONE_GO(hone_trainer_save_metrics(trainer, "train", &metrics));
    HONE_GO(hone_trainer_save_state(trainer));
    if (parts->eval) {
        HONE_GO(stopped_after_training(job, evaluate(job, parts, trainer, &metrics)));
        HONE_GO(hone_trainer_save_metrics(trainer, "eval", &metrics));
        HONE_GO(hone_trainer_save_state(trainer));
    }
    if (parts->test) {
        HONE_GO(stopped_after_training(job, job->class->predict(job, parts, trainer, &metrics)));
        HONE_GO(hone_trainer_save_metrics(trainer, "predict", &metrics));
    }
    HONE_GO(hone_trainer_create_model_card(trainer));
    hone__trainer_tell_peak(trainer);
    if (results)
        HONE_GO(read_results(results, trainer));
done:
    hone_metrics_dispose(&metrics);
    hone_trainer_free(trainer);
    return status;
}

static hone_status evaluate_only(hone_job *job, const hone_job_parts *parts, char **results)
{
    hone_trainer *trainer = NULL;
    hone_metrics metrics = HONE_METRICS_INIT, predicted = HONE_METRICS_INIT;
    hone_status status;
    HONE_GO(make_trainer(&trainer, job, parts));
    if (parts->eval)
        HONE_GO(evaluate(job, parts, trainer, &metrics));
    if (parts->eval && job->args.output_dir)
        HONE_GO(hone_trainer_save_metrics(trainer, "eval", &metrics));
    if (parts->test) {
        HONE_GO(job->class->predict(job, parts, trainer, &predicted));
        HONE_GO(hone_trainer_save_metrics(trainer, "predict", &predicted));
        HONE_GO(hone_metrics_update(&metrics, &predicted));
    }
    if (results)
        HONE_GO(hone_metrics_to_json(results, &metrics, 4));
done:
    hone_metrics_dispose(&metrics);
    hone_metrics_dispose(&predicted);
    hone_trainer_free(trainer);
    return status;
}

static hone_status check_test(const hone_job *job, bool has_test)
{
    if (job->run.do_predict && !has_test)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--do_predict: there is nothing to predict"),
                          job->class->predict ? "give --test_file with files or folders" : "this task writes no predictions");
    if (has_test && !job->args.output_dir)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--output_dir: where shall the predictions go?"), "give --output_dir");
    return HONE_OK;
}

/* A checkpoint that is named must be there; and one of another run is no beginning for a folder that holds checkpoints of its own. */
static hone_status check_resume(const hone_job *job)
{
    const char *from = job->args.resume_from_checkpoint, *folder = hone__training_output_dir(&job->args);
    int64_t *steps = NULL;
    size_t n = 0;
    if (job->kind != HONE_JOB_TRAIN || !names_checkpoint(job))
        return HONE_OK;
    HONE_TRY(hone__checkpoint_check_named(from, folder));
    if (!resumes_elsewhere(job) || job->args.overwrite_output_dir)
        return HONE_OK;
    hone_status status = hone__checkpoint_list(&steps, &n, folder);
    hone__free(steps);
    if (status != HONE_OK || n == 0)
        return status;
    return hone__hint(
        hone__fail(HONE_INVALID_ARGUMENT, "--resume_from_checkpoint: %s is no checkpoint of the run that %s holds", from, folder),
        "give another --output_dir, or --overwrite_output_dir to remove that run");
}

static hone_status check_stopping(hone_job *job)
{
    if (job->run.early_stopping_patience == 0)
        return HONE_OK;
    if (job->args.eval_strategy == HONE_STRATEGY_NO)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--early_stopping_patience: nothing is evaluated during the training"),
                          "give --eval_strategy epoch or steps");
    return job->args.metric_for_best_model ? HONE_OK : hone_training_args_set(&job->args, "metric_for_best_model", "loss");
}

static hone_status check(hone_job *job)
{
    bool has_eval = hone__job_has_eval(job), has_test = hone__job_has_test(job);
    if (job->kind == HONE_JOB_TRAIN && hone__job_common(job)->train_file.n == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--train_file: there is nothing to train on"),
                          "give --train_file with files or folders");
    if (((job->kind == HONE_JOB_EVALUATE && !has_test) || job->args.do_eval) && !has_eval)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--validation_file: there is nothing to evaluate on"),
                          "give --validation_file with files or folders");
    HONE_TRY(check_test(job, has_test));
    HONE_TRY(hone_training_args_check(&job->args, has_eval));
    HONE_TRY(check_stopping(job));
    HONE_TRY(check_resume(job));
    return job->class->check(job);
}

/* Whoever wants to stop does not wait until all is tokenized. What tokenizing kept for more texts goes before the training comes. */
static hone_status set_up(hone_job *job, hone_job_parts *parts)
{
    double started = hone__seconds();
    hone__watch_stop(&job->stop);
    hone_status status = hone_tokenizer_from_pretrained(&parts->tokenizer, hone__job_tokenizer_name(job));
    if (status == HONE_OK)
        status = job->class->set_up(job, parts);
    hone__watch_stop(NULL);
    if (parts->tokenizer)
        hone_tokenizer_trim(parts->tokenizer);
    hone__mem_trim();
    if (status == HONE_OK && job->args.profile)
        hone__log(HONE_LOG_INFO, "before the profile begins: %.3f s to read model and data and to tokenize", hone__seconds() - started);
    return status == HONE_CANCELLED || atomic_load(&job->stop) ? hone__fail(HONE_CANCELLED, "stopped before the first step") : status;
}

hone_status hone_job_run(hone_job *job, char **results)
{
    hone_job_parts parts = {0};
    hone_status status;
    if (results)
        *results = NULL;
    HONE_GO(check(job));
    if (job->run.save_args)
        HONE_GO(hone_job_save_args(job, job->run.save_args));
    HONE_GO(settle_places(job));
    HONE_GO(open_device(job, &parts));
    HONE_GO(hone__training_check_precision(&job->args, parts.device)); /* before the data are read */
    job->started = true;
    HONE_GO(set_up(job, &parts));
    HONE_GO(hone_model_quantize(parts.model, (hone_quantization)job->run.quantize));
    status = job->kind == HONE_JOB_TRAIN ? train(job, &parts, results) : evaluate_only(job, &parts, results);
done:
    hone__unlock_dir(&job->output_lock);
    free_parts(job, &parts);
    return status;
}

/* Reading the data may have taken more than the training will. */
static void count_set_up(hone_memory_forecast *f)
{
    hone_mem_stats stats;
    size_t resident = hone__rss_peak();
    hone__mem_stats(&stats);
    f->own = f->own && stats.bytes_peak > f->own ? (size_t)stats.bytes_peak : f->own;
    f->resident = f->own && resident > f->resident ? resident : f->resident;
}

hone_status hone_job_forecast(hone_memory_forecast *out, hone_job *job)
{
    hone_job_parts parts = {0};
    hone_trainer *trainer = NULL;
    hone_status status;
    *out = (hone_memory_forecast){0};
    if (job->kind != HONE_JOB_TRAIN)
        return hone__fail(HONE_INVALID_ARGUMENT, "only the memory of a training is forecast");
    HONE_GO(check(job));
    job->started = true;
    HONE_GO(open_device(job, &parts));
    HONE_GO(set_up(job, &parts));
    HONE_GO(make_trainer(&trainer, job, &parts));
    HONE_GO(hone__trainer_forecast_settled(out, trainer));
    count_set_up(out);
done:
    hone_trainer_free(trainer);
    free_parts(job, &parts);
    return status;
}
