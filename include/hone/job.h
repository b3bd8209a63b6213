/* A whole piece of work described by options, as the command line gives it: train a task, or evaluate a saved model on a file. `hone train TASK …` and `hone evaluate TASK …`
 * are a hone_job each; a program of one's own can run the same.
 *
 *     hone_job *job = NULL; char *results = NULL;
 *     CHECK(hone_job_new(&job, HONE_JOB_TRAIN, HONE_CAUSAL_LM));
 *     CHECK(hone_job_parse(job, argc, argv));
 *     CHECK(hone_job_run(job, &results));            results: the object of all_results.json
 */
#ifndef HONE_JOB_H
#define HONE_JOB_H

#include <hone/train.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hone_job_kind { HONE_JOB_TRAIN, HONE_JOB_EVALUATE } hone_job_kind;
typedef struct hone_job hone_job;

/* HONE_UNSUPPORTED names the tasks that there are. */
HONE_API hone_status hone_job_new(hone_job **out, hone_job_kind kind, hone_task_kind task);
/* Frees a job that does not run; NULL is legal. */
HONE_API void hone_job_free(hone_job *job);
/* Sets one option by name: of the task's data, of the run (threads, device), of hone_training_args. value NULL is a bare flag. */
HONE_API hone_status hone_job_set(hone_job *job, const char *name, const char *value);
/* Takes `--name value …` from argv[0..argc) (without program, command and task). What is no option is an error. A first word FILE.json, and every --config FILE, is
 * read before all others (hone_job_read_config), so that the command line has the last word. */
HONE_API hone_status hone_job_parse(hone_job *job, int argc, char **argv);
/* Sets options from a JSON object in a file: what hone_job_save_args and a trainer's training_args.json hold, and the reference's own. Members of options that do nothing here are
 * treated as on the command line; null leaves an option as it is. HONE_FORMAT, HONE_INVALID_ARGUMENT with file and line; an unknown name with the nearest one. */
HONE_API hone_status hone_job_read_config(hone_job *job, const char *path);
/* Writes all options in force, which hone_job_read_config reads back, as one JSON object. */
HONE_API hone_status hone_job_save_args(const hone_job *job, const char *path);
/* All options of such a job with defaults. Free with hone_free_text. */
HONE_API hone_status hone_job_help(char **out, const hone_job *job);
/* Does it. *results (may be NULL) is a JSON object: training, what all_results.json holds; evaluation, eval_loss, eval_samples, eval_runtime, … and the task's metrics.
 * Free with hone_free_text. HONE_INVALID_ARGUMENT before anything has run means that the options were wrong (hone_job_started tells). HONE_CANCELLED: stopped by
 * hone_job_request_stop, a checkpoint was saved. */
HONE_API hone_status hone_job_run(hone_job *job, char **results);
/* What a training would take, without doing it: tokenizer and data are read, the model's files are checked and not read. HONE_OUT_OF_MEMORY with the remedy when it does not fit (*out is what it
 * would take); under auto_find_batch_size *out is that of batches in parts. Nothing is written but caches. */
HONE_API hone_status hone_job_forecast(hone_memory_forecast *out, hone_job *job);
/* The last evaluation of a job that was run as a table for people (token classification: seqeval's, with scheme and mode); *out NULL when the task has none. Free with
 * hone_free_text. */
HONE_API hone_status hone_job_report(char **out, const hone_job *job);
/* True once the options were accepted and work began: what fails from there on is the work, not the command line. */
HONE_API bool hone_job_started(const hone_job *job);
/* Asks a running job to save a checkpoint and end. From any thread, or a signal handler; but take signals in a thread of their own (block them before the job, sigwait):
 * a handler that interrupts generated code of oneDNN writes its frame where the code has put the stack pointer, into the heap. */
HONE_API void hone_job_request_stop(hone_job *job);

/* The task of a name or alias ("causal-lm", "text-generation", "ner"); HONE_INVALID_ARGUMENT with all names. */
HONE_API hone_status hone_task_parse(hone_task_kind *out, const char *name);
/* "causal-lm" of HONE_CAUSAL_LM; static storage. */
HONE_API const char *hone_task_name(hone_task_kind task);

#ifdef __cplusplus
}
#endif
#endif
