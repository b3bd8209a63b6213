/* The Trainer: hone_training_args (TrainingArguments' own names), tasks, callbacks, checkpoints, logs.
 *
 *     hone_training_args args = HONE_TRAINING_ARGS_INIT;
 *     args.output_dir = "out";
 *     args.num_train_epochs = 1;
 *     CHECK(hone_trainer_new(&trainer, model, &args, &(hone_trainer_options){.tokenizer = tok, .train_dataset = train, .eval_dataset = eval}));
 *     CHECK(hone_trainer_train(trainer));
 *     CHECK(hone_trainer_evaluate(trainer, &metrics));
 *
 * What is on purpose not as in the reference: a loss is the mean over the labelled items of the whole accumulated batch; eval_loss is the mean over all labelled items of the
 * evaluation set, whatever the batch size; steps whose gradients are not finite are passed over, counted and reported; checkpoints are written aside, synced and
 * renamed; numbers in logs are not rounded. */
#ifndef HONE_TRAIN_H
#define HONE_TRAIN_H

#include <hone/accelerator.h>
#include <hone/metrics.h>
#include <hone/options.h>
#include <hone/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Options ---------------------------------------------------------------------------------------------------------------------------- */

/* BEST is for saving alone: after each evaluation that is better than all before. */
typedef enum hone_strategy { HONE_STRATEGY_NO, HONE_STRATEGY_STEPS, HONE_STRATEGY_EPOCH, HONE_STRATEGY_BEST } hone_strategy;
typedef enum hone_tristate { HONE_AUTO, HONE_TRUE, HONE_FALSE } hone_tristate;
typedef enum hone_on_disk_full { HONE_DISK_FULL_WAIT, HONE_DISK_FULL_STOP } hone_on_disk_full;

/* The reference's TrainingArguments, as far as they have a meaning here; hone_training_args_help says what each does. Two ways to fill it: assign fields of
 * HONE_TRAINING_ARGS_INIT (strings are lent; nothing to free), or hone_training_args_set by name (strings are copied; hone_training_args_dispose). A string field that
 * you assigned must not be set by name afterwards. The trainer copies what it needs. */
typedef struct hone_training_args {
    const char *output_dir; /* NULL: "trainer_output" */
    bool overwrite_output_dir, do_train, do_eval;

    int64_t per_device_train_batch_size, per_device_eval_batch_size, gradient_accumulation_steps;
    double num_train_epochs;
    int64_t max_steps; /* > 0: instead of epochs */
    uint64_t seed;
    int64_t data_seed; /* < 0: seed */
    bool dataloader_drop_last;

    hone_optim optim;
    const char *optim_args; /* "momentum=0.9,nesterov=true"; NULL: the optimizer's own defaults */
    double learning_rate, weight_decay, adam_beta1, adam_beta2, adam_epsilon, max_grad_norm;
    hone_schedule lr_scheduler_type;
    const char *lr_scheduler_kwargs;
    double warmup_steps; /* < 1: a part of all steps */
    double warmup_ratio; /* that part, where warmup_steps is 0 */
    double label_smoothing_factor;
    double neftune_noise_alpha;  /* noise on the embeddings of the training, 0: none */
    int64_t max_nonfinite_steps; /* so many in a row end the training; 0: never */

    hone_strategy eval_strategy;
    double eval_steps; /* 0: logging_steps; < 1: a part of all steps */
    double eval_delay;
    bool eval_on_start, prediction_loss_only;

    hone_strategy logging_strategy;
    double logging_steps;
    bool logging_first_step, include_num_input_tokens_seen, include_tokens_per_second, disable_tqdm;
    hone_strings report_to;             /* "tensorboard", "csv", "jsonl", "all", "none"; n 0: tensorboard and jsonl */
    const char *logging_dir, *run_name; /* NULL: output_dir/runs/DATE_HOST, or runs/run_name */
    int64_t log_histograms_steps;       /* 0: none */
    /* For the model card, as Trainer.create_model_card's: words with commas between; NULL: not said */
    const char *license, *language, *model_tags, *dataset_tags, *dataset_args;

    hone_strategy save_strategy;
    double save_steps;
    int64_t save_total_limit; /* 0: all are kept */
    bool save_only_model, load_best_model_at_end;
    hone_tristate save_in_background;   /* AUTO: checkpoints of half a gigabyte and more, where there is memory for a copy */
    hone_on_disk_full on_disk_full;     /* of checkpoints, and of what hone_trainer_save_… write */
    const char *metric_for_best_model;  /* NULL: "loss" */
    hone_tristate greater_is_better;    /* AUTO: unless the name ends with loss */
    const char *resume_from_checkpoint; /* "true" or "last": the newest whole one; else a folder */

    bool gradient_checkpointing, bf16, bf16_full_eval, fp16;
    bool auto_find_batch_size;
    const char *memory_limit; /* "none", "6GB", …; NULL: what machine and control group have */

    bool group_by_length; /* rows of similar length in a batch */

    bool profile, profile_layers; /* where a step's time went (hone/profile.h); layer by layer too */
    const char *profile_steps;    /* "4:6": the steps of the trace. NULL: these */
} hone_training_args;

/* What is not named here is 0, false or NULL. */
/* clang-format off */
#define HONE_TRAINING_ARGS_INIT                  \
    {                                            \
        .per_device_train_batch_size = 8,        \
        .per_device_eval_batch_size = 8,         \
        .gradient_accumulation_steps = 1,        \
        .num_train_epochs = 3.0,                 \
        .max_steps = -1,                         \
        .seed = 42,                              \
        .data_seed = -1,                         \
        .optim = HONE_OPTIM_ADAMW_TORCH,         \
        .learning_rate = 5e-5,                   \
        .adam_beta1 = 0.9,                       \
        .adam_beta2 = 0.999,                     \
        .adam_epsilon = 1e-8,                    \
        .max_grad_norm = 1.0,                    \
        .lr_scheduler_type = HONE_SCHEDULE_LINEAR,\
        .max_nonfinite_steps = 25,               \
        .eval_strategy = HONE_STRATEGY_NO,       \
        .logging_strategy = HONE_STRATEGY_STEPS, \
        .logging_steps = 500.0,                  \
        .save_strategy = HONE_STRATEGY_STEPS,    \
        .save_steps = 500.0,                     \
        .greater_is_better = HONE_AUTO,          \
    }
/* clang-format on */

/* The defaults, as the options table has them (the same as HONE_TRAINING_ARGS_INIT). */
HONE_API hone_status hone_training_args_init(hone_training_args *args);
/* Frees strings that hone_training_args_set (or _parse) made. */
HONE_API void hone_training_args_dispose(hone_training_args *args);
/* Sets one option from text, by its name or an older spelling; value NULL is a bare flag. HONE_INVALID_ARGUMENT with range, choices or the nearest name. */
HONE_API hone_status hone_training_args_set(hone_training_args *args, const char *name, const char *value);
/* Takes `--name value`, `--name=value` and flags from argv[0..argc), the program's name not among them. */
HONE_API hone_status hone_training_args_parse(hone_training_args *args, int argc, char **argv);
/* All options with defaults and a line of help each. Free with hone_free_text. */
HONE_API hone_status hone_training_args_help(char **out);
/* As one JSON object. Free with hone_free_text. */
HONE_API hone_status hone_training_args_to_json(char **out, const hone_training_args *args);
/* Refuses combinations that cannot work, naming the remedy: before anything has run. hone_trainer_new does it too. */
HONE_API hone_status hone_training_args_check(const hone_training_args *args, bool has_eval_dataset);
/* Frees a text that a function of this header or of hone/job.h handed over; NULL is legal. */
HONE_API void hone_free_text(char *text);

/* ---- Tasks ------------------------------------------------------------------------------------------------------------------------------ */

/* What the trainer must know of a task. Filled in src/tasks, or by a user with a loss of his own: start from hone_task_default and replace members. `self` is handed to
 * every function. Members that are NULL have the default behaviour. Squares of the logits added to the usual loss, as an example:
 *
 *     static hone_tensor *gentle_loss(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
 *     {
 *         float items = (float)hone_model_count_items(out->model, batch);
 *         hone_tensor *small = hone_mean(t, hone_mul(t, out->logits, out->logits));
 *         return hone_scale(t, hone_add(t, hone_model_loss(t, out, batch), hone_scale(t, small, 0.01f)), items);
 *     }
 *     …
 *     hone_task task = hone_task_default(model);
 *     task.loss = gentle_loss;
 */
typedef struct hone_task {
    hone_task_kind kind;
    void *self;
    /* () the loss of a micro-batch as a SUM over its items: the trainer divides by the items of the whole accumulated batch. Default: hone_model_loss's mean times the items.
     * Where loss_runs_dry the forecast of memory calls it, too. NULL where an op failed: the tape keeps the message. */
    hone_tensor *(*loss)(void *self, hone_tape *t, hone_output *out, const hone_batch *batch);
    /* Whether `loss` may be called on a device that computes nothing (values are 0) to forecast memory: it keeps no count of its calls. false: the model's own loss stands in for it. */
    bool loss_runs_dry;
    /* Items that the loss of this batch sums over. Default: hone_model_count_items. */
    int64_t (*count_items)(void *self, const hone_model *model, const hone_batch *batch);
    /* Evaluation: at its start, over these examples. */
    hone_status (*eval_begin)(void *self, const hone_examples *examples);
    /* After each batch's forward pass, in the examples' order (the loss is the trainer's). */
    hone_status (*eval_batch)(void *self, hone_tape *t, hone_output *out, const hone_batch *batch);
    /* At its end, to add metrics (names without prefix). */
    hone_status (*eval_end)(void *self, double eval_loss, hone_metrics *metrics);
    /* Weights of the classes in the model's own loss, of tokens and of rows with one class each: the mean is weighted, as torch's, over the whole accumulated batch, and so is eval_loss's. NULL: all 1. One for
     * each of the model's classes, lent. */
    const float *class_weights;
    /* true when eval_loss is to be computed with `loss` and `count_items` above; false (the default): with the model's own loss. */
    bool eval_with_task_loss;
    /* Whether eval_end gives a metric of this name: so that metric_for_best_model is checked before the first step. NULL: only loss is known. */
    bool (*has_metric)(void *self, const char *name);
    /* Work on each packed batch of the training, of an evaluation. */
    hone_collator collate_train, collate_eval;
    /* Frees self; hone_task_dispose calls it. The trainer never does. */
    void (*free)(void *self);
} hone_task;

/* The task that the model's head stands for, with the reference's loss. */
HONE_API hone_task hone_task_default(const hone_model *model);
/* Frees what the task is made of (hone/tasks.h makes tasks that own something); NULL is legal. No trainer may use it any more. */
HONE_API void hone_task_dispose(hone_task *task);

/* ---- The trainer ------------------------------------------------------------------------------------------------------------------------ */

typedef struct hone_trainer hone_trainer;

/* X(enumerator suffix, name): the reference's TrainerCallback events, each where the reference has it. In the order of a run:
 * init_end (hone_trainer_new); train_begin; for each epoch: epoch_begin, then for each update: step_begin, substep_end after each micro-batch but the last, pre_optimizer_step (gradients
 * are there, their norm is known), optimizer_step (before they are forgotten), step_end; then what was asked for: log, evaluate, save; epoch_end, and again what was asked for; at last log and
 * train_end. prediction_step comes after each batch of an evaluation or a prediction, predict after hone_trainer_predict. */
#define HONE_EVENT_MAP(X)                          \
    X(INIT_END, "on_init_end")                     \
    X(TRAIN_BEGIN, "on_train_begin")               \
    X(TRAIN_END, "on_train_end")                   \
    X(EPOCH_BEGIN, "on_epoch_begin")               \
    X(EPOCH_END, "on_epoch_end")                   \
    X(STEP_BEGIN, "on_step_begin")                 \
    X(PRE_OPTIMIZER_STEP, "on_pre_optimizer_step") \
    X(OPTIMIZER_STEP, "on_optimizer_step")         \
    X(SUBSTEP_END, "on_substep_end")               \
    X(STEP_END, "on_step_end")                     \
    X(EVALUATE, "on_evaluate")                     \
    X(PREDICT, "on_predict")                       \
    X(SAVE, "on_save")                             \
    X(LOG, "on_log")                               \
    X(PREDICTION_STEP, "on_prediction_step")

typedef enum hone_event {
#define X(name, text) HONE_ON_##name,
    HONE_EVENT_MAP(X)
#undef X
        HONE_N_EVENTS
} hone_event;

/* What a callback may ask for; the trainer clears a flag when it has done it, and log, evaluate and save at the beginning of each update. should_training_stop is not kept in checkpoints: a
 * callback that wants a resumed run to be at its end, too, says so again at on_train_begin (early stopping does). */
typedef struct hone_trainer_control {
    bool should_training_stop, should_epoch_stop, should_save, should_evaluate, should_log;
} hone_trainer_control;

/* Where a run stands. Lent by the trainer; strings and log_history live as long as it does, unchanged until the next step. */
typedef struct hone_trainer_state {
    int64_t global_step, max_steps, num_train_epochs;
    double epoch;              /* fraction of epochs done */
    int64_t n_nonfinite_steps; /* passed over because the loss or a gradient was not finite */
    int64_t num_input_tokens_seen;
    bool has_best_metric;
    double best_metric;
    int64_t best_global_step;
    const char *best_model_checkpoint; /* NULL: none */
    double train_loss_sum;             /* of the steps of this call */
    size_t n_logs;                     /* entries of log_history */
} hone_trainer_state;

/* Something that is told of each event of a run and may ask for what is in control. metrics: of on_log, on_evaluate and on_predict, else NULL. A status other than HONE_OK ends the training with it.
 *
 *     static hone_status print_epoch(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
 *                                    hone_trainer_control *control, const hone_metrics *metrics)
 *     {
 *         if (event == HONE_ON_EPOCH_BEGIN)
 *             printf("Starting training, epoch %g\n", state->epoch);
 *         return HONE_OK;
 *     }
 *     …
 *     CHECK(hone_trainer_add_callback(trainer, (hone_callback){.name = "PrintEpoch", .fn = print_epoch}));
 *
 * HONE_ON_SAVE comes when the checkpoint is whole on the disk, in the thread that trains. Where checkpoints are written beside the training that is at the end of a later step,
 * and which one is the clock's business: global_step and epoch of the state are the checkpoint's all the same, and what such a callback asks of control is no part of
 * what is repeated bit for bit (save_in_background false: it comes at once). */
typedef struct hone_callback {
    /* Called at each event of the training, in the order in which callbacks were added. */
    hone_status (*fn)(void *payload, hone_trainer *trainer, hone_event event, const hone_trainer_state *state,
                      hone_trainer_control *control, const hone_metrics *metrics);
    void *payload;    /* its own */
    const char *name; /* by which it is removed and its state found again, lent; NULL: it stays and keeps nothing */
    /* What a checkpoint keeps of it, as named numbers (state is empty when it is called), and what a resumed run gives back to it before on_train_begin; a checkpoint that has nothing of it is a
     * warning, and load is not called. Both in the thread that trains; a failure of save is the checkpoint's, one of load ends the run before its first step. NULL: nothing. */
    hone_status (*save)(const void *payload, hone_metrics *state);
    hone_status (*load)(void *payload, const hone_metrics *state); /* see save */
    void (*free)(void *payload); /* when the callback is removed or the trainer freed; NULL: payload is lent */
} hone_callback;

/* What a metric of one's own sees of a batch of an evaluation (the reference's EvalPrediction, batch by batch). Lent for the call. */
typedef struct hone_eval_prediction {
    const float *
        predictions; /* (n, width) logits of the tokens that have a label, of rows; (N, 2) for questions. Or what preprocess_logits made of them */
    const int32_t *label_ids; /* (n) classes; NULL: the items have none, look at batch */
    int64_t n, width;
    const hone_batch *batch;
} hone_eval_prediction;

/* A metric of one's own (compute_metrics), which counts while batches pass, in the examples' order, in the thread that evaluates. A failure of one of these functions ends the evaluation with it:
 *
 *     static hone_status add_batch(void *self, const hone_eval_prediction *p)
 *     {
 *         counts *c = self;
 *         for (int64_t i = 0; i < p->n; i++)
 *             c->right += argmax(p->predictions + i * p->width, p->width) == p->label_ids[i];
 *         c->all += p->n;
 *         return HONE_OK;
 *     }
 *     static hone_status compute(void *self, hone_metrics *metrics)
 *     {
 *         counts *c = self;
 *         hone_status status = hone_metrics_set(metrics, "accuracy", (double)c->right / (double)c->all);
 *         *c = (counts){0};
 *         return status;
 *     }
 *     …
 *     .compute_metrics = {.self = &counts, .add_batch = add_batch, .compute = compute, .names = (const char *const[]){"accuracy", NULL}}
 */
typedef struct hone_compute_metrics {
    void *self; /* handed to each function */
    /* An evaluation begins; NULL: nothing is to be done then. */
    hone_status (*begin)(void *self);
    /* After each batch. NULL: there is no metric of one's own. */
    hone_status (*add_batch)(void *self, const hone_eval_prediction *p);
    /* At the end: adds numbers, with names that have no prefix, to those of the task; the same name replaces. */
    hone_status (*compute)(void *self, hone_metrics *metrics);
    /* What compute gives, ending with NULL: metric_for_best_model is checked before the first step. Lent */
    const char *const *names;
    /* What is read from the device in place of the logits (preprocess_logits_for_metrics): fewer numbers, or, for a language model, which has no whole logits, hone_next_token_nll. NULL: the logits */
    hone_tensor *(*preprocess_logits)(void *self, hone_tape *t, hone_output *out, const hone_batch *batch);
} hone_compute_metrics;

/* Everything is lent and must outlive the trainer, except the payloads of callbacks that have a `free`: those are taken, also when hone_trainer_new fails. */
typedef struct hone_trainer_options {
    const hone_tokenizer *tokenizer;    /* saved beside the model; NULL: none */
    const hone_examples *train_dataset; /* NULL: evaluation only */
    const hone_examples *eval_dataset;  /* NULL: no evaluation */
    const hone_task *task;              /* NULL: hone_task_default(model). Copied */
    const hone_callback *callbacks;     /* behind the trainer's own. Copied */
    size_t n_callbacks;
    const char *base_model;   /* for the model card: what was fine-tuned; NULL: trained from scratch */
    const char *dataset_name; /* for the model card, NULL: not said */
    const char *command_line; /* for the model card: how to make the model again; NULL: not said */
    hone_compute_metrics compute_metrics;
    hone_collator data_collator; /* in the place of the task's, for training and evaluation (hone/loader.h) */
    hone_sampler train_sampler;  /* the order of the training examples (hone/loader.h); not with group_by_length */
    /* optimizers=(optimizer, lr_scheduler): in the place of what args say, made for this model and going on from where they stand. NULL: made by args */
    hone_optimizer *optimizer;
    hone_scheduler *scheduler; /* of that optimizer */
} hone_trainer_options;
/* Everything is 0 or NULL. */
#define HONE_TRAINER_OPTIONS_INIT \
    {                             \
        .tokenizer = NULL         \
    }

/* model must have been made for_training when there is a train_dataset. Checks args (hone_training_args_check). One thread uses a trainer, except hone_trainer_request_stop. */
HONE_API hone_status hone_trainer_new(hone_trainer **out, hone_model *model, const hone_training_args *args,
                                      const hone_trainer_options *options);
/* Frees the trainer; model, tokenizer and data stay. NULL is legal. */
HONE_API void hone_trainer_free(hone_trainer *trainer);

/* Trains from the start, or from resume_from_checkpoint. HONE_INVALID_ARGUMENT when max_nonfinite_steps steps in a row had a loss or a gradient that is not finite:
 * none of them changed a weight. HONE_CANCELLED after hone_trainer_request_stop: the accumulation group was finished and a checkpoint saved. */
HONE_API hone_status hone_trainer_train(hone_trainer *trainer);
/* eval_loss, eval_samples, eval_runtime, eval_samples_per_second, eval_steps_per_second, the task's metrics, epoch. metrics is cleared first and yours to dispose. */
HONE_API hone_status hone_trainer_evaluate(hone_trainer *trainer, hone_metrics *metrics);
/* What a model says of every example: logits and labels of each item that the task scores (labelled tokens, or all tokens of examples without labels; rows), and the metrics with prefix "test_". */
typedef struct hone_predictions {
    float *logits;      /* (n_items, n_labels) */
    int32_t *label_ids; /* (n_items), NULL: the examples have no labels, or have targets */
    int64_t *first;     /* (n_examples + 1) the items of example i are first[i] .. first[i + 1] - 1 */
    int64_t n_items, n_labels, n_examples;
    hone_metrics metrics; /* test_loss, test_f1, …, test_runtime; without loss and scores where there are no labels */
} hone_predictions;
/* Runs the model over examples. Memory: the result's 4 * n_labels bytes an item. Free with hone_predictions_dispose, also after a failure. */
HONE_API hone_status hone_trainer_predict(hone_trainer *trainer, const hone_examples *examples, hone_predictions *out);
/* Gives the memory back; *p is empty afterwards. */
HONE_API void hone_predictions_dispose(hone_predictions *p);
/* The metrics of the last hone_trainer_train: train_loss, train_runtime, train_samples, train_samples_per_second, train_steps_per_second, epoch. */
HONE_API hone_status hone_trainer_train_metrics(const hone_trainer *trainer, hone_metrics *metrics);
/* Config, weights, tokenizer and training_args.json into folder (NULL: output_dir). */
HONE_API hone_status hone_trainer_save_model(hone_trainer *trainer, const char *folder);
/* trainer_state.json into output_dir. */
HONE_API hone_status hone_trainer_save_state(hone_trainer *trainer);
/* metrics as SPLIT_results.json ("train", "eval", "predict") in output_dir, and added to all_results.json there. */
HONE_API hone_status hone_trainer_save_metrics(hone_trainer *trainer, const char *split, const hone_metrics *metrics);
/* README.md (the model card) and loss.svg (the loss curve) in output_dir. */
HONE_API hone_status hone_trainer_create_model_card(hone_trainer *trainer);

/* Where the run stands. Lent. */
HONE_API const hone_trainer_state *hone_trainer_get_state(const hone_trainer *trainer);
/* Entry i of log_history (step, epoch, loss, …); NULL beyond the last. Lent until the next step. */
HONE_API const hone_metrics *hone_trainer_log_entry(const hone_trainer *trainer, size_t i);
/* Adds an entry to log_history (global_step and epoch are added) and tells the callbacks. Where it is a callback that fails, the entry stays: others may have been told. */
HONE_API hone_status hone_trainer_log(hone_trainer *trainer, const hone_metrics *metrics);
/* The model that is trained. Lent. */
HONE_API hone_model *hone_trainer_model(const hone_trainer *trainer);

/* What a training will take, in bytes, as a run of its largest batches on a device that computes nothing says. `own` is hone's own memory (to about 2 %), `resident` what
 * the process will hold at most (to about 10 %: libraries and the kernel have a part in it). */
typedef struct hone_memory_forecast {
    size_t parameters, gradients, moments;
    size_t activations;            /* kept for backward */
    size_t activation_gradients;   /* of them, in backward */
    size_t scratch;                /* of one operation at a time */
    size_t data;                   /* what is there already: tokenizer, examples, … */
    size_t batches;                /* what is made on the host for the steps: packed batches, records */
    size_t evaluation, checkpoint; /* more while the one or the other is at work; the greater of the two counts */
    size_t predictions;            /* of a test set (hone_job), when activations, their gradients and scratch are given back */
    size_t own;                    /* the most of all that at one time */
    size_t process;                /* beside it: program, libraries and their threads, files that are mapped */
    size_t resident;
    size_t limit;           /* of `resident`: SIZE_MAX when none is known */
    const char *limit_name; /* "the machine's memory"; static storage */
    size_t addresses;       /* that libraries and threads will take beyond what they hold */
    int64_t rows, tokens;   /* of the largest batch */
    int32_t longest;        /* row */
} hone_memory_forecast;
/* Takes milliseconds; nothing large is allocated, and a model that was opened with empty_weights stays empty. hone_trainer_train does it too: a run that does not fit into the machine's
 * memory, or a limit that it lives under, is HONE_OUT_OF_MEMORY with the remedy before its first step. HONE_INVALID_ARGUMENT without a train_dataset. */
HONE_API hone_status hone_trainer_forecast(hone_memory_forecast *out, hone_trainer *trainer);
/* The same without data: every row has `length` tokens, cut to the model's positions, all of them labelled (masked language models: one of seven). args NULL: the defaults. HONE_OUT_OF_MEMORY with the
 * remedy when it does not fit; *out is what it would take. */
HONE_API hone_status hone_model_forecast(hone_memory_forecast *out, hone_model *model, const hone_training_args *args, int32_t length);

/* Asks a running hone_trainer_train to end after this accumulation group, with a checkpoint. From any thread; about signal handlers see hone_job_request_stop. */
HONE_API void hone_trainer_request_stop(hone_trainer *trainer);

/* ---- Callbacks ---------------------------------------------------------------------------------------------------------------------------
 * A trainer has of its own, and one takes them away or puts another in their place by name:
 *     "DefaultFlowCallback"  decides when to log, evaluate, save and end, from the options' strategies
 *     "ProgressCallback"     the progress of training and evaluations (hone_set_progress); not with disable_tqdm
 *     "PrinterCallback"      each entry of the log as a line (hone_set_log)
 *     "LossPlotCallback"     loss.svg in output_dir, drawn anew at each checkpoint and at the end
 *     "ReportCallback"       the trackers of report_to (hone/tracker.h) */

/* Adds a callback behind the others. HONE_INVALID_ARGUMENT when there is one of that name: remove it first. Takes the payload of one that has a `free`, also when this fails. */
HONE_API hone_status hone_trainer_add_callback(hone_trainer *trainer, hone_callback callback);
/* Removes (and frees) the callback of that name; a callback may remove itself. HONE_NOT_FOUND names those that there are. */
HONE_API hone_status hone_trainer_remove_callback(hone_trainer *trainer, const char *name);
/* The name of callback i, in the order in which they are called, "" when it has none; NULL beyond the last. Lent. */
HONE_API const char *hone_trainer_callback_name(const hone_trainer *trainer, size_t i);

/* The options that it runs with. Lent. */
HONE_API const hone_training_args *hone_trainer_get_args(const hone_trainer *trainer);
/* The optimizer and the schedule of the run; NULL before hone_trainer_train. Lent. */
HONE_API hone_optimizer *hone_trainer_optimizer(hone_trainer *trainer);
/* See hone_trainer_optimizer. */
HONE_API hone_scheduler *hone_trainer_scheduler(hone_trainer *trainer);
/* The loader of the training, and that of the evaluation or prediction that is going on: NULL outside. Lent. */
HONE_API const hone_loader *hone_trainer_train_loader(const hone_trainer *trainer);
/* See hone_trainer_train_loader. */
HONE_API const hone_loader *hone_trainer_eval_loader(const hone_trainer *trainer);

/* Stops when metric_for_best_model was not better for `patience` evaluations in a row (EarlyStoppingCallback). The payload of the callback that *out becomes; checkpoints keep the counter. */
typedef struct hone_early_stopping {
    int64_t patience;
    double threshold; /* an improvement must be larger than this */
    int64_t counter;  /* start with 0 */
} hone_early_stopping;
/* The callback, named "EarlyStoppingCallback", which uses state as long as the trainer lives. */
HONE_API hone_callback hone_early_stopping_callback(hone_early_stopping *state);

#ifdef __cplusplus
}
#endif
#endif
