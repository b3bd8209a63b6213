/* The trainer from the inside. trainer.c makes one, prepare.c readies a run, loop.c runs it (loss.c: what is minimised), evaluate.c evaluates and predicts, log.c keeps the history, checkpoint*.c, room.c and resume.c save and restore it,
 * results.c, card.c and plot.c write what people read. */
#ifndef HONE_TRAIN_TRAINER_H
#define HONE_TRAIN_TRAINER_H

#include "base/collect.h"
#include "base/json.h"
#include "base/log.h"
#include "base/spans.h"
#include "comm/comm.h"
#include "train/args/args.h"
#include "train/memory/memory.h"
#include "train/optimizer/optimizer.h"
#include "train/optimizer/schedule.h"
#include <hone/profile.h>
#include <stdatomic.h>

/* What a checkpoint leaves to be done when it is resumed: a stop is honoured at once after an update, before the log entry, the evaluation and the events of that step. */
typedef struct hone_pending {
    bool step_end, evaluate, save;
    bool epoch_done; /* the events of an epoch's end that came early (max_steps inside an epoch) were there already */
} hone_pending;

/* Sums since the last log entry, and since the start of the run. */
typedef struct hone_loss_window {
    double loss_sum;
    int64_t n_steps, n_nonfinite;
    double grad_norm, learning_rate; /* of the last step */
} hone_loss_window;

/* What the training steps of this call did (throughput.c). */
typedef struct hone_throughput {
    double seconds;              /* in updates: not in evaluations and checkpoints */
    double rows, tokens, padded; /* padded: tokens if each row were as long as the longest of its batch */
    double flops;                /* of the model, forward and backward */
    double weights_of_tokens, weights_of_items, attention;
} hone_throughput;

/* Hashes of what a run is of; 0: there is none. */
typedef struct hone_identity {
    uint64_t data, eval_data, tokenizer;
    uint64_t lineage; /* ancestry.c */
} hone_identity;

/* What a metric of one's own is handed. */
typedef struct hone_own_scores {
    float *predictions;
    int32_t *labels;
    size_t predictions_capacity, labels_capacity;
} hone_own_scores;

struct hone_trainer {
    hone_model *model;
    hone_training_args args; /* own copy */
    hone_trainer_options options;
    hone_task task;
    hone_comm *comm;
    const char *output_dir;

    hone_optimizer *opt;
    hone_scheduler *scheduler;
    hone_loader *train_loader;
    const hone_loader *eval_loader; /* of the pass that is going on */
    const char *pass_name;          /* of that pass: "evaluating" */
    hone_own_scores own_scores;
    hone_tape *tape, *inference;
    hone_memory_forecast forecast; /* own 0: unknown */
    hone_forecast_details forecast_details;
    bool settled;                         /* it fits */
    bool saves_at_end;                    /* whoever runs it saves the model */
    const hone_examples *predicts_at_end; /* go through the model when the training is over; NULL: nothing does */
    bool keeps_predictions;               /* hone_trainer_predict does it, which keeps their logits */
    int64_t part_tokens;                  /* batches of more are cut into parts; 0: none is */
    int32_t *part_starts;
    size_t part_starts_capacity;
    float *ones; /* weights of a sum over tokens */
    size_t ones_capacity;

    int64_t n_batches, updates_per_epoch; /* of an epoch */
    int64_t logging_steps, eval_steps, save_steps;
    int64_t position_epoch, position_batch; /* of the next batch; batch == n_batches: the epoch's end is still to be done */
    hone_pending pending;

    hone_callback *callbacks; /* fn NULL: removed while an event is under way */
    size_t n_callbacks, callbacks_capacity;
    int event_depth; /* events that are under way: one may cause another */

    hone_trainer_state state;
    hone_trainer_control control;
    hone_loss_window window;
    double total_loss; /* over all steps of the run */
    int64_t total_loss_steps, nonfinite_in_a_row;
    double total_flos, flos_per_token;
    hone_metrics *logs;
    size_t n_logs, logs_capacity;
    hone_str best_path;
    int64_t last_saved_step;  /* whole on the disk */
    struct hone_save *saving; /* a checkpoint that is being written beside the training; NULL: none */
    int output_lock;          /* of output_dir; -1: not held */
    bool holds_output;        /* it trains there, and nobody else may */
    bool keeps_output;        /* until it is freed, since what it trained is written there */
    bool trained;

    bool progress_is_open;          /* a bar of the training stands */
    double started, tokens_started; /* clock; num_input_tokens_seen then */
    double train_seconds;
    int64_t started_step;
    hone_throughput throughput;
    hone_metrics train_metrics, last_eval;
    hone_profile *profile; /* --profile while it measures, else NULL */
    atomic_int stop;
    hone_identity identity;
    const hone_option_table *task_table; /* options of the job beside args, which checkpoints remember; lent, NULL: none */
    const void *task_options;
    const atomic_int *also_stop; /* a job's wish to stop, which outlives the trainer; NULL: none */
};

/* ---- trainer.c ---- */
/* HONE_INVALID_ARGUMENT for --bf16 and --fp16 where the device lacks them. */
hone_status hone__training_check_precision(const hone_training_args *args, hone_device *device);
hone_dtype hone__trainer_products(const hone_trainer *t, bool training);

/* ---- callbacks.c ---- */
hone_status hone__trainer_event(hone_trainer *t, hone_event event, const hone_metrics *metrics);
/* The trainer's own callbacks, then the user's; status: a failure before it, for which the user's are let go. Gives that, or its own. */
hone_status hone__trainer_make_callbacks(hone_trainer *t, hone_status status);
/* Frees the payloads of the user's callbacks from `first` on, where they were handed over. */
void hone__drop_callbacks(const hone_trainer_options *options, size_t first);
void hone__trainer_free_callbacks(hone_trainer *t);
/* What callbacks keep, as the value of a key that was just written, and back; a callback that the other side does not know is a warning. */
hone_status hone__trainer_write_callbacks(hone_json_writer *w, const hone_trainer *t);
hone_status hone__trainer_read_callbacks(hone_trainer *t, const json_t *object, const char *path);
/* ---- callback_*.c: the trainer's own ---- */
#define HONE__EARLY_STOPPING "EarlyStoppingCallback"
hone_callback hone__flow_callback(void);
hone_callback hone__progress_callback(void);
hone_callback hone__printer_callback(void);
hone_callback hone__plot_callback(void);
hone_status hone__report_callback(hone_callback *out); /* "ReportCallback" */
/* Floats of the largest parameter: the room that histograms take. */
size_t hone__report_room(const hone_model *model);
/* When a run ends before its end. */
void hone__trainer_close_progress(hone_trainer *t);

/* ---- evaluate.c ---- */
/* The metric that best means, out of an evaluation's; false when it is not among them. */
bool hone__trainer_best_metric(const hone_trainer *t, const hone_metrics *metrics, double *out);
bool hone__trainer_greater_is_better(const hone_trainer *t);

/* ---- own_metrics.c ---- */
/* A batch of an evaluation to compute_metrics, where there is one. */
hone_status hone__own_metrics_add(hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch);
bool hone__own_metrics_has(const hone_compute_metrics *m, const char *name);
void hone__own_metrics_dispose(hone_own_scores *s);

/* Whether a stop was asked for. */
static inline bool hone__trainer_stops(const hone_trainer *t)
{
    return atomic_load(&t->stop) || (t->also_stop && atomic_load(t->also_stop));
}

/* ---- trainer.c ---- */
/* Of optimizer and schedule those that are the trainer's own. */
void hone__trainer_free_optimizer(hone_trainer *t);

/* ---- loss.c ---- */
/* () the loss of a batch as a sum over its items: the task's, or the model's own. */
hone_tensor *hone__trainer_loss(hone_trainer *t, hone_tape *tape, hone_output *out, const hone_batch *batch, bool own);
/* How many items that is, or the sum of their class weights. */
double hone__trainer_count_items(hone_trainer *t, const hone_batch *batch, bool own);
/* Whether the loss knows label_smoothing_factor. */
bool hone__trainer_smooths(const hone_trainer *t);
/* Room for the weights of the largest batch there can be, so that no step asks for memory. */
hone_status hone__trainer_reserve(hone_trainer *t);

/* ---- prepare.c ---- */

/* Everything up to the first step. */
hone_status hone__trainer_prepare(hone_trainer *t);
/* How long the training will be, out of options and data; HONE_INVALID_ARGUMENT where options do not fit into that. prepare does it too. */
hone_status hone__trainer_measure(hone_trainer *t);
/* Of the training's loader; the optimizer that the options ask for, over a model's parameters. */
hone_loader_options hone__trainer_loader_options(const hone_trainer *t);
hone_status hone__trainer_new_optimizer(hone_optimizer **out, const hone_trainer *t, hone_model *model);

/* ---- loop.c / evaluate.c ---- */

/* What control asks for, in the reference's order: log, evaluate, save. */
hone_status hone__trainer_log_evaluate_save(hone_trainer *t);

/* One pass over examples without training: evaluation, prediction. */
typedef struct hone_pass {
    const hone_examples *examples;
    const char *prefix, *what; /* of the metrics: "eval"; for the progress: "evaluating" */
    bool scored;               /* loss and the task's metrics; false: the examples have no labels */
    /* Called after each batch's forward pass; NULL: nothing is kept. */
    hone_status (*keep)(void *payload, hone_tape *tape, hone_output *out, const hone_batch *batch);
    void *payload;
    double loss, items;    /* sums over the batches */
    hone_profile *profile; /* whose steps the batches are; NULL: they are part of a training's */
} hone_pass;
hone_status hone__trainer_pass(hone_trainer *t, hone_pass *p, hone_metrics *metrics);
hone_status hone__trainer_evaluate_now(hone_trainer *t,
                                       hone_metrics *metrics); /* an evaluation inside training: progress, log, callbacks, best metric */

/* ---- predict.c ---- */
/* What hone_trainer_predict will hold of these examples, beside its passes. */
hone_status hone__predictions_bytes(size_t *out, const hone_trainer *t, const hone_examples *examples);

/* ---- log.c ---- */
hone_status hone__trainer_log_step(hone_trainer *t);
/* Appends to log_history without telling anyone: for reading a history back. */
hone_status hone__trainer_append_log(hone_trainer *t, const hone_metrics *entry);
hone_status hone__trainer_write_state(const hone_trainer *t, const char *folder); /* trainer_state.json */
hone_status hone__trainer_read_state(hone_trainer *t, const char *folder);
hone_status hone__trainer_take_state(hone_trainer *t, const json_t *root, const char *path); /* out of the parsed file */

/* ---- checkpoint.c: which there are ---- */
/* Closes a checkpoint: the names, sizes and hashes of what was collected into its folder. */
hone_status hone__checkpoint_write_manifest(const hone_collection *files);
/* HONE_OK when folder is a whole checkpoint: every file of its manifest is there with its size and hash. */
hone_status hone__checkpoint_verify(const char *folder);
/* The same by sizes alone, without reading it all. */
bool hone__checkpoint_looks_whole(const char *folder);
/* Whether a folder that --resume_from_checkpoint names can be one, and what was probably meant where it cannot; its files are not looked at. */
hone_status hone__checkpoint_check_named(const char *from, const char *output_dir);
/* The newest whole checkpoint of output_dir, with a warning for each that was passed over; *out NULL when there is none. */
hone_status hone__checkpoint_newest(char **out, const char *output_dir);
/* Step numbers of the checkpoints in a folder, ascending. */
hone_status hone__checkpoint_list(int64_t **out, size_t *n, const char *output_dir);
hone_status hone__checkpoint_path(char **out, const char *output_dir, int64_t step);
/* A name for writing or removing a checkpoint, which hone__checkpoint_clean knows. */
hone_status hone__checkpoint_aside(char **out, const char *output_dir, int64_t step);
hone_status hone__checkpoint_remove_all(const char *output_dir);
void hone__checkpoint_clean(const char *output_dir); /* what a killed process left behind */
/* Removes checkpoints up to step `last`, but for `keep` of them: `saved` (which is known to be whole; -1: none), `best` (-1: none), then the newest that look whole. */
hone_status hone__checkpoint_prune(const char *output_dir, size_t keep, int64_t saved, int64_t best, int64_t last);

/* ---- checkpoint_save.c ---- */
/* Takes a checkpoint of the run as it stands; it may be written beside the training from here on (saved NULL) or at once (*saved tells whether it could be). Waits for the one
 * before. What went wrong with the disk is a warning and HONE_OK, the run goes on; a full one ends it where on_disk_full says so. */
hone_status hone__trainer_save_checkpoint(hone_trainer *t, bool *saved);
/* A folder that appears whole or not at all, in the place of one of that name: `fill` writes into a folder aside. What killed processes left of it goes first. */
hone_status hone__checkpoint_write(const char *path, hone_status (*fill)(void *payload, const char *folder), void *payload);
/* Tells what became of the checkpoint that is being written, without waiting for it. */
hone_status hone__trainer_poll_save(hone_trainer *t);
/* Waits until it is written; not for room on a full disk when a stop was asked for, or when it is not `patient`. */
hone_status hone__trainer_settle_save(hone_trainer *t, bool patient);
/* save_total_limit at the end of a run: where only the best is to be kept the newest goes too. */
hone_status hone__checkpoint_limit_at_end(hone_trainer *t);
/* Config, weights, tokenizer, options: without a second try. */
hone_status hone__trainer_write_model(hone_trainer *t, const char *folder);

/* ---- place.c: the output folder is one run's at a time ---- */
/* hone__lock_dir with the remedy of an output folder. */
hone_status hone__lock_output(int *lock, const char *folder);
/* Locks output_dir while the trainer works there, if it is there and not held yet; again when another folder has taken its name. HONE_IO when another run holds it. */
hone_status hone__trainer_hold_output(hone_trainer *t);
/* Takes a lock of output_dir, and keeps it until the trainer is freed. */
void hone__trainer_lend_lock(hone_trainer *t, int *lock);
void hone__trainer_let_output_go(hone_trainer *t);

/* ---- room.c: disks that are full ---- */
/* Whether the thread's present failure is one that room on the disk (or patience) would cure. */
bool hone__disk_is_full(void);
/* What to do about the thread's present failure to write: "mount it for writing"; NULL: nothing in particular. */
const char *hone__disk_remedy(int code);
/* Of errors that are waited for: the disk itself fails, and room would not help. */
bool hone__disk_fails(int code);
/* "1.4 GB" */
typedef struct hone_size_text {
    char text[24];
} hone_size_text;
hone_size_text hone__size_text(uint64_t bytes);
/* What room there is in a folder, where a write failed with errno code: "1.4 GB are free", "1.4 GB and 3 inodes are free", "the quota is used up". */
typedef struct hone_room_text {
    char text[96];
} hone_room_text;
hone_room_text hone__room_text(const char *folder, int code);
/* When to try again: seldom while nothing changes, soon when there is room. */
typedef struct hone_room {
    const char *folder;
    uint64_t need;
    double pause, tried, since; /* seconds */
} hone_room;
hone_room hone__room(const char *folder, uint64_t need);
bool hone__room_try(hone_room *room); /* true: now */
/* Waits for that in the thread that trains; false when a stop was asked for. */
bool hone__trainer_wait_for_room(const hone_trainer *t, hone_room *room);
/* Writes with `write`, again and again while the disk is full and on_disk_full is wait; ends when a stop is asked for. `what` names it, need: about how many bytes. */
hone_status hone__trainer_persist(hone_trainer *t, hone_status (*write)(hone_trainer *t, void *payload), void *payload, const char *what,
                                  uint64_t need);
/* For files that are written while what they hold is computed, and nothing keeps: from begin to end the writers of this thread wait for room, where on_disk_full says so, instead of failing. `what`
 * names the files; p stays where it is. The end gives status, or HONE_CANCELLED when a stop ended the waiting. */
typedef struct hone_patience {
    const hone_trainer *t;
    const char *what;
    hone_room room;
    hone_on_full before;
    bool told, given_up;
} hone_patience;
void hone__patience_begin(hone_patience *p, const hone_trainer *t, const char *what);
hone_status hone__patience_end(const hone_patience *p, hone_status status);
/* Bytes of a checkpoint, about; of its weights alone. */
uint64_t hone__checkpoint_size(const hone_trainer *t);
uint64_t hone__weights_bytes(const hone_trainer *t);
/* Memory that the copy takes while a checkpoint is written beside the training, by which time the run will hold so much more than now; 0: it is written at once. */
uint64_t hone__checkpoint_copy_bytes(const hone_trainer *t, uint64_t held);
/* Before the first step: how many checkpoints there will be and whether the disk holds them. HONE_IO when not even one fits. */
hone_status hone__trainer_check_room(hone_trainer *t);

/* ---- resume.c ---- */
hone_status hone__trainer_write_resume_state(const hone_trainer *t, const char *folder); /* hone_state.json */
hone_status hone__trainer_resume(hone_trainer *t, const char *folder);
/* Out of the parsed hone_state.json; folder NULL: without a look at the files beside it. */
hone_status hone__trainer_take_resume_state(hone_trainer *t, const json_t *root, const char *folder, const char *path);
/* Where a schedule that follows a metric stands, as members of an object, and back. */
void hone__plateau_write(hone_json_writer *w, const hone_plateau *p);
hone_status hone__plateau_read(hone_plateau *p, const json_t *root, const char *path);
/* Weights of a folder into the model that is there. */
hone_status hone__model_load_weights(hone_model *model, const char *folder);

/* ---- throughput.c ---- */
/* Six a token and parameter, embedding tables left out, as the reference's floating_point_ops. */
double hone__flos_per_token(const hone_model *model);
void hone__throughput_begin(hone_trainer *t);
void hone__throughput_add(hone_trainer *t, const hone_batch *batch); /* a batch of a training step */
/* The table at the end of a run, as log lines. Measures the machine's peak after a run of some seconds. */
hone_status hone__throughput_tell(const hone_trainer *t);

/* ---- identity.c ---- */
/* The fingerprints of data and tokenizer, before the first step. */
hone_status hone__trainer_identify(hone_trainer *t);
void hone__trainer_put_identity(hone_json_writer *w, const hone_trainer *t); /* members of hone_state.json */
hone_status hone__trainer_check_identity(hone_trainer *t, const json_t *root, const char *folder, const char *path);
hone_status hone__examples_fingerprint(uint64_t *out, const hone_examples *examples);
extern const char hone__other_run[]; /* the remedy */

/* ---- ancestry.c ---- */
/* The number of a run that begins; of the run of hone_state.json, 0 when it has none; of one that goes on from a step with changes. */
uint64_t hone__lineage_begin(const hone_identity *id);
uint64_t hone__lineage_read(const json_t *root);
uint64_t hone__lineage_turn(uint64_t lineage, int64_t step, const hone_str *changes);
/* Renames the checkpoints of later steps that the run, which was resumed, will not come to. */
hone_status hone__trainer_leave_future(const hone_trainer *t);

/* ---- results.c ---- */
/* NAME in output_dir; owned. */
hone_status hone__trainer_path(char **out, const hone_trainer *t, const char *name);

/* ---- profile.c ---- */
/* When --profile asks for it and none is on; n_steps: how many there will be. */
hone_status hone__trainer_profile_start(hone_trainer *t, int64_t n_steps);
/* Tables and trace of the profile that is on, which ends. */
hone_status hone__trainer_profile_end(hone_trainer *t);

/* The same when the run, or the evaluation, ended with this failure: tables and trace only after a wish to stop. The failure's message stays. */
void hone__trainer_profile_stop(hone_trainer *t, hone_status status);

/* ---- card.c ---- */
/* What the model is called: the name of its folder, in buffer or static. */
const char *hone__trainer_name(const hone_trainer *t, char *buffer, size_t size);

/* ---- plot.c ---- */
hone_status hone__trainer_plot(hone_str *svg, const hone_trainer *t);

#endif
