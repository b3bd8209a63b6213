/* Memory of a training: the forecast beside the run, refusal, batches in parts, an allocation that fails in the middle; recomputation, bit for bit; models without weights. */
#include "train/memory/memory.h"
#include "support/support.h"
#include "tiny.h"

#include <unistd.h>

enum { VOCAB = 300, LONGEST = 40, N_LABELS = 5 };

/* ---- rows for every head ---- */

typedef struct any_rows {
    hone_task_kind task;
    int32_t ids[LONGEST], labels[LONGEST];
} any_rows;

static int32_t any_length(void *self, int64_t i)
{
    (void)self;
    return 4 + (int32_t)((i * 11) % (LONGEST - 3));
}

static hone_status any_get(void *self, int64_t i, hone_example *out)
{
    any_rows *r = self;
    out->n_tokens = any_length(self, i);
    for (int32_t k = 0; k < out->n_tokens; k++) {
        r->ids[k] = 5 + (int32_t)((i * 17 + k * 7) % (VOCAB - 5));
        r->labels[k] = r->task == HONE_MASKED_LM ? (k % 5 ? HONE_IGNORE_INDEX : r->ids[k])
                       : k % 3                   ? (int32_t)((i + k) % N_LABELS)
                                                 : HONE_IGNORE_INDEX;
    }
    out->input_ids = r->ids;
    if (r->task == HONE_TOKEN_CLASSIFICATION || r->task == HONE_MASKED_LM)
        out->labels = r->labels;
    if (r->task == HONE_TEXT_CLASSIFICATION)
        out->row_label = (int32_t)(i % N_LABELS);
    if (r->task == HONE_QUESTION_ANSWERING) {
        out->start_position = 1;
        out->end_position = 2;
    }
    return HONE_OK;
}

static hone_examples *examples_for(hone_task_kind task, int64_t n)
{
    static any_rows rows[HONE_N_TASKS];
    static const hone_examples_ops ops = {any_get, any_length, NULL};
    hone_examples *e = NULL;
    rows[task].task = task;
    assert_ok(hone_examples_new(&e, &ops, &rows[task], n));
    return e;
}

static hone_model *make_model(const char *type, hone_task_kind task, bool empty)
{
    static const char *const labels[] = {"a", "b", "c", "d", "e", NULL};
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *model = NULL;
    o.device = tiny_device();
    o.for_training = true;
    o.empty_weights = empty;
    o.vocab_size = VOCAB;
    o.labels = task == HONE_TOKEN_CLASSIFICATION || task == HONE_TEXT_CLASSIFICATION ? labels : NULL;
    o.config_overrides = strcmp(type, "gpt2") == 0
                             ? "n_embd=48,n_layer=3,n_head=3,n_positions=64,bos_token_id=0,eos_token_id=0,pad_token_id=0"
                         : strcmp(type, "bert") == 0
                             ? "hidden_size=48,num_hidden_layers=3,num_attention_heads=3,intermediate_size=192,max_position_embeddings=64"
                             : "dim=48,n_layers=3,n_heads=3,hidden_dim=192,max_position_embeddings=64";
    assert_ok(hone_model_from_config(&model, task, type, &o));
    return model;
}

static hone_training_args args_for(const char *name)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.output_dir = test_temp(name);
    a.disable_tqdm = true;
    a.overwrite_output_dir = true;
    a.learning_rate = 1e-3;
    a.max_steps = 6;
    a.logging_steps = 1;
    a.save_strategy = HONE_STRATEGY_NO;
    return a;
}

typedef struct kind {
    const char *type;
    hone_task_kind task;
} kind;
static const kind kinds[] = {{"gpt2", HONE_CAUSAL_LM},
                             {"gpt2", HONE_TEXT_CLASSIFICATION},
                             {"bert", HONE_TOKEN_CLASSIFICATION},
                             {"bert", HONE_TEXT_CLASSIFICATION},
                             {"bert", HONE_QUESTION_ANSWERING},
                             {"bert", HONE_MASKED_LM},
                             {"distilbert", HONE_TOKEN_CLASSIFICATION},
                             {"distilbert", HONE_TEXT_CLASSIFICATION},
                             {"distilbert", HONE_QUESTION_ANSWERING},
                             {"distilbert", HONE_MASKED_LM}};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

/* ---- the forecast beside the run ---- */

/* Two per cent, as promised, of 4 to 7 MB; the worst is printed: some -1 % with gcc, clang and under ThreadSanitizer, whose malloc_usable_size gives what was asked for (0.01 to
 * 0.02 % less in all). What a run takes and no forecast counts is the same everywhere: 23 to 70 KB of log entries, buffers of trackers and names of a checkpoint's tensors. */
#define MOST_OFF 0.02

/* How far the forecast of hone's own memory is from what a run took, in parts of the latter. */
static double off_by(const kind *k, const hone_training_args *a, bool empty, bool evaluates)
{
    hone_model *model = make_model(k->type, k->task, empty);
    hone_examples *data = examples_for(k->task, 61);
    hone_trainer *t;
    hone_memory_forecast f;
    hone_mem_stats stats;
    assert_ok(hone_trainer_new(&t, model, a, &(hone_trainer_options){.train_dataset = data, .eval_dataset = evaluates ? data : NULL}));
    assert_ok(hone_trainer_forecast(&f, t));
    size_t sum = f.parameters + f.gradients + f.moments + f.activations + f.activation_gradients + f.scratch + f.data + f.batches +
                 (f.evaluation > f.checkpoint ? f.evaluation : f.checkpoint);
    assert_true(f.own > 0 && (a->profile ? f.own >= sum : f.own == sum)); /* a profile ends with a measurement */
    hone__mem_reset_peak();
    assert_ok(hone_trainer_train(t));
    hone__mem_stats(&stats);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
    double off = (double)f.own / (double)stats.bytes_peak - 1;
    if (fabs(off) > MOST_OFF)
        printf(
            "forecast %zu, taken %zu: parameters %zu, gradients %zu, moments %zu, activations %zu and %zu, scratch %zu, data %zu, batches "
            "%zu, evaluation %zu, checkpoint %zu\n",
            f.own, (size_t)stats.bytes_peak, f.parameters, f.gradients, f.moments, f.activations, f.activation_gradients, f.scratch, f.data,
            f.batches, f.evaluation, f.checkpoint);
    return off;
}

static void forecast_is_what_a_run_takes(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < N_KINDS; i++)
        for (int variant = 0; variant < 4; variant++) {
            hone_training_args a = args_for("forecast");
            a.gradient_accumulation_steps = variant == 1 ? 3 : 1;
            a.gradient_checkpointing = variant == 2;
            a.per_device_train_batch_size = variant == 3 ? 16 : 8;
            a.eval_strategy = variant >= 2 ? HONE_STRATEGY_STEPS : HONE_STRATEGY_NO;
            a.eval_steps = 3;
            a.save_strategy = variant == 3 ? HONE_STRATEGY_STEPS : HONE_STRATEGY_NO;
            a.save_steps = 3;
            double off = off_by(&kinds[i], &a, variant % 2 == 0, variant >= 2);
            if (fabs(off) > MOST_OFF)
                fail_msg("%s, task %d, variant %d: the forecast is off by %+.2f %%", kinds[i].type, (int)kinds[i].task, variant, 100 * off);
            worst = fabs(off) > fabs(worst) ? off : worst;
        }
    printf("the worst of %zu forecasts is off by %+.2f %%\n", 4 * N_KINDS, 100 * worst);
}

/* ---- predictions when the training is over ---- */

/* What a job does with a test set: the forecast beside training and predictions, in parts of the latter. */
static double off_by_predictions(const kind *k, int64_t rows, bool reserved)
{
    hone_model *model = make_model(k->type, k->task, true);
    hone_examples *data = examples_for(k->task, 61), *test = examples_for(k->task, rows);
    hone_training_args a = args_for("predictions");
    hone_predictions p;
    hone_memory_forecast f;
    hone_mem_stats stats;
    hone_trainer *t;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    if (reserved)
        t->predicts_at_end = test, t->keeps_predictions = true;
    assert_ok(hone_trainer_forecast(&f, t));
    assert_true((f.predictions > 0) == reserved);
    hone__mem_reset_peak();
    assert_ok(hone_trainer_train(t));
    assert_ok(hone_trainer_predict(t, test, &p));
    hone__mem_stats(&stats);
    hone_predictions_dispose(&p);
    hone_trainer_free(t);
    hone_examples_free(test);
    hone_examples_free(data);
    hone_model_free(model);
    return (double)f.own / (double)stats.bytes_peak - 1;
}

static void forecast_knows_predictions(void **state)
{
    (void)state;
    static const struct {
        size_t kind;
        int64_t rows;
    } cases[] = {{1, 20}, {3, 20000}, {2, 20}, {6, 10000}}; /* next to nothing, and what a forecast without them would miss */
    double worst = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const kind *k = &kinds[cases[i].kind];
        double off = off_by_predictions(k, cases[i].rows, true);
        if (fabs(off) > MOST_OFF)
            fail_msg("%s, task %d, %d rows: the forecast is off by %+.2f %%", k->type, (int)k->task, (int)cases[i].rows, 100 * off);
        worst = fabs(off) > fabs(worst) ? off : worst;
    }
    printf("with predictions: the worst is off by %+.2f %%\n", 100 * worst);
    assert_true(off_by_predictions(&kinds[6], 10000, false) < -0.2); /* they do matter */
}

/* ---- options that change memory ---- */

static void with_bf16(hone_training_args *a)
{
    a->bf16 = true;
}
static void with_bf16_eval(hone_training_args *a)
{
    a->bf16_full_eval = true;
}
static void with_histograms(hone_training_args *a)
{
    a->log_histograms_steps = 2;
}
static void with_noise(hone_training_args *a)
{
    a->neftune_noise_alpha = 5;
}
static void with_noise_again(hone_training_args *a)
{
    a->neftune_noise_alpha = 5, a->gradient_checkpointing = true;
}
static void with_smoothing(hone_training_args *a)
{
    a->label_smoothing_factor = 0.1;
}
static void with_groups(hone_training_args *a)
{
    a->group_by_length = true;
}
static void with_large_evaluation(hone_training_args *a)
{
    a->per_device_eval_batch_size = 32;
}
static void with_loss_only(hone_training_args *a)
{
    a->prediction_loss_only = true;
}
static void without_clipping(hone_training_args *a)
{
    a->max_grad_norm = 0;
}
static void with_profile(hone_training_args *a)
{
    a->profile = true;
}
static void with_fewer_rows(hone_training_args *a)
{
    a->dataloader_drop_last = true, a->per_device_train_batch_size = 13;
}
static void with_checkpoints(hone_training_args *a)
{
    a->save_strategy = HONE_STRATEGY_STEPS, a->save_steps = 2;
}
static void with_checkpoints_beside(hone_training_args *a)
{
    with_checkpoints(a), a->save_in_background = HONE_TRUE;
}
static void with_models_beside(hone_training_args *a)
{
    with_checkpoints_beside(a), a->save_only_model = true;
}
static void with_best(hone_training_args *a)
{
    with_checkpoints(a), a->eval_steps = 2, a->load_best_model_at_end = true;
}
static void with_sgd(hone_training_args *a)
{
    a->optim = HONE_OPTIM_SGD;
}
static void with_momentum(hone_training_args *a)
{
    a->optim = HONE_OPTIM_SGD, a->optim_args = (char *)"momentum=0.9";
}
static void with_adafactor(hone_training_args *a)
{
    a->optim = HONE_OPTIM_ADAFACTOR;
}
static void with_adagrad(hone_training_args *a)
{
    a->optim = HONE_OPTIM_ADAGRAD;
}
static void with_rmsprop(hone_training_args *a)
{
    a->optim = HONE_OPTIM_RMSPROP, a->optim_args = (char *)"momentum=0.9";
}

static const struct {
    const char *name;
    void (*set)(hone_training_args *a);
} options[] = {{"--log_histograms_steps", with_histograms},
               {"--neftune_noise_alpha", with_noise},
               {"--neftune_noise_alpha --gradient_checkpointing", with_noise_again},
               {"--label_smoothing_factor", with_smoothing},
               {"--group_by_length", with_groups},
               {"--per_device_eval_batch_size 32", with_large_evaluation},
               {"--prediction_loss_only", with_loss_only},
               {"--max_grad_norm 0", without_clipping},
               {"--profile", with_profile},
               {"--dataloader_drop_last", with_fewer_rows},
               {"--save_steps", with_checkpoints},
               {"--save_in_background true", with_checkpoints_beside},
               {"--save_in_background true --save_only_model", with_models_beside},
               {"--load_best_model_at_end", with_best},
               {"--optim sgd", with_sgd},
               {"--optim sgd, momentum", with_momentum},
               {"--optim adafactor", with_adafactor},
               {"--optim adagrad", with_adagrad},
               {"--optim rmsprop, momentum", with_rmsprop},
               {"--bf16_full_eval", with_bf16_eval}, /* last: what the device keeps for it stays */
               {"--bf16", with_bf16}};

static bool is_possible(const hone_training_args *a, hone_task_kind task)
{
    hone_tape *tape = NULL;
    bool narrow = hone_tape_new(&tape, tiny_device(), &(hone_tape_options){.products = HONE_DTYPE_BF16}) == HONE_OK;
    hone_tape_free(tape);
    return ((!a->bf16 && !a->bf16_full_eval) || narrow) && (a->label_smoothing_factor == 0 || task != HONE_QUESTION_ANSWERING);
}

static void forecast_knows_options(void **state)
{
    (void)state;
    static const size_t some[] = {0, 2, 8, 9}; /* a GPT-2, an encoder with a table by rows, two losses without and with a vocabulary */
    double worst = 0;
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        for (size_t s = 0; s < sizeof(some) / sizeof(*some); s++) {
            size_t k = some[s];
            hone_training_args a = args_for("options");
            a.eval_strategy = HONE_STRATEGY_STEPS;
            a.eval_steps = 3;
            options[i].set(&a);
            if (!is_possible(&a, kinds[k].task))
                continue;
            double off = off_by(&kinds[k], &a, true, true);
            if (fabs(off) > MOST_OFF)
                fail_msg("%s, %s, task %d: the forecast is off by %+.2f %%", options[i].name, kinds[k].type, (int)kinds[k].task, 100 * off);
            worst = fabs(off) > fabs(worst) ? off : worst;
        }
    printf("with each of %zu options: the worst is off by %+.2f %%\n", sizeof(options) / sizeof(*options), 100 * worst);
}

/* ---- what does not fit ---- */

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    hone_model *model = make_model("gpt2", HONE_CAUSAL_LM, true);
    hone_examples *data = examples_for(HONE_CAUSAL_LM, 61);
    hone_trainer *t;
    hone_mem_stats before, after;
    hone_training_args a = args_for("refused");
    a.per_device_train_batch_size = 16;
    a.gradient_accumulation_steps = 2;
    a.memory_limit = "1MB";
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    hone__mem_reset_peak();
    hone__mem_stats(&before);
    assert_fails(HONE_OUT_OF_MEMORY, "--memory_limit is 0.00 GB", hone_trainer_train(t));
    assert_true(strstr(hone_error_hint(), "shorter rows") != NULL);
    hone__mem_stats(&after);
    assert_true(hone__model_is_empty(model));
    assert_true(after.bytes_peak - before.bytes_now < 1u << 20); /* nothing of the size of the model */
    hone_trainer_free(t);
    a.memory_limit = "12 potatoes";
    assert_fails(HONE_INVALID_ARGUMENT, "\"12 potatoes\" is no size",
                 hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    hone_examples_free(data);
    hone_model_free(model);
}

/* What the process would hold with the whole batch, and with one row of it: between them something must be done. */
static size_t middle_limit(hone_model *model, const hone_examples *data, const hone_training_args *a)
{
    hone_trainer *t;
    hone_memory_forecast whole, row;
    assert_ok(hone_trainer_new(&t, model, a, &(hone_trainer_options){.train_dataset = data}));
    assert_ok(hone__forecast(&whole, NULL, t, &(hone_forecast_case){.batch_size = 0}));
    assert_ok(hone__forecast(&row, NULL, t, &(hone_forecast_case){.batch_size = 1}));
    hone_trainer_free(t);
    assert_true(row.resident < whole.resident);
    return (size_t)(1.03 * ((double)row.resident + (double)whole.resident) / 2);
}

static hone_model *wide_model(bool empty)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *model = NULL;
    o.device = tiny_device();
    o.for_training = true;
    o.empty_weights = empty;
    o.vocab_size = VOCAB;
    o.config_overrides = "n_embd=64,n_layer=6,n_head=4,n_positions=64,bos_token_id=0,eos_token_id=0";
    assert_ok(hone_model_from_config(&model, HONE_CAUSAL_LM, "gpt2", &o));
    return model;
}

/* Weights after a run; how many tokens a part had at the end. */
static float *weights_after(const hone_training_args *a, const hone_callback *callback, size_t *n, int64_t *part_tokens)
{
    hone_model *model = wide_model(true);
    hone_examples *data = examples_for(HONE_CAUSAL_LM, 256);
    hone_trainer *t;
    assert_ok(hone_trainer_new(&t, model, a,
                               &(hone_trainer_options){.train_dataset = data, .callbacks = callback, .n_callbacks = callback != NULL}));
    assert_ok(hone_trainer_train(t));
    assert_int_equal(hone_trainer_get_state(t)->global_step, a->max_steps);
    *part_tokens = t->part_tokens;
    assert_true(t->throughput.tokens == (double)hone_trainer_get_state(t)->num_input_tokens_seen); /* what was computed twice counts once */
    float *weights = tiny_weights(model, n);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
    return weights;
}

/* Parts are the batch to rounding: dropout's decisions are the same; sums of gradients are taken in another order, and Adam's first steps divide small ones by themselves. */
static void batches_are_cut_and_updates_stay(void **state)
{
    (void)state;
    size_t n, m;
    int64_t whole, cut;
    char limit[32];
    hone_training_args a = args_for("cut");
    a.per_device_train_batch_size = 128;
    a.gradient_accumulation_steps = 2;
    float *expected = weights_after(&a, NULL, &n, &whole);
    hone_model *model = wide_model(true);
    hone_examples *data = examples_for(HONE_CAUSAL_LM, 256);
    snprintf(limit, sizeof(limit), "%zu", middle_limit(model, data, &a));
    hone_examples_free(data);
    hone_model_free(model);
    a.memory_limit = limit;
    a.auto_find_batch_size = true;
    float *got = weights_after(&a, NULL, &m, &cut);
    assert_int_equal(whole, 0);
    assert_true(cut >= LONGEST - 3 && cut < 128 * LONGEST);
    assert_true(n == m && tiny_distance(expected, got, n) < 2e-4);
    free(expected);
    free(got);
}

/* ---- an allocation that fails ---- */

typedef struct thief {
    int64_t at;
    hone_event event;
    int64_t n_thefts; /* one a run: a group that is computed again has the same events */
} thief;

/* Takes the tape's memory away in a step and lets the next request fail. */
static hone_status steal(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *s, hone_trainer_control *control,
                         const hone_metrics *metrics)
{
    (void)control, (void)metrics;
    thief *f = payload;
    if (event == f->event && s->global_step == f->at && f->n_thefts++ == 0) {
        hone__tape_trim(t->tape);
        hone__mem_fail_at(1);
    }
    return HONE_OK;
}

static void failed_allocation_loses_nothing(void **state)
{
    (void)state;
    size_t n, m;
    int64_t parts;
    thief third = {.at = 3};
    hone_callback callback = {.fn = steal, .payload = &third};
    hone_training_args a = args_for("failed");
    a.gradient_accumulation_steps = 2;
    a.auto_find_batch_size = true;
    float *expected = weights_after(&a, NULL, &n, &parts);
    for (int half = 0; half < 2; half++) { /* in the first of two micro-batches, and in the second */
        third = (thief){3, half ? HONE_ON_SUBSTEP_END : HONE_ON_STEP_BEGIN, 0};
        float *got = weights_after(&a, &callback, &m, &parts);
        assert_true(parts > 0 && parts < 8 * LONGEST);
        assert_true(n == m && tiny_distance(expected, got, n) < 2e-4);
        free(got);
    }
    free(expected);

    hone_model *model = wide_model(false);
    hone_examples *data = examples_for(HONE_CAUSAL_LM, 64);
    hone_trainer *t;
    a.auto_find_batch_size = false;
    third.n_thefts = 0;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data, .callbacks = &callback, .n_callbacks = 1}));
    assert_fails(HONE_OUT_OF_MEMORY, "out of memory", hone_trainer_train(t));
    assert_int_equal(hone_trainer_get_state(t)->global_step, 3);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
}

/* ---- parts ---- */

static void parts_are_rows_of_the_batch(void **state)
{
    (void)state;
    static const int32_t starts[] = {0, 3, 3, 10, 12, 20}, ids[20] = {[3] = 7, [12] = 9}, classes[] = {1, 2, 3, 4, 5};
    static const uint64_t ordinals[] = {10, 11, 12, 13, 14};
    static const float targets[10] = {[6] = 0.5f};
    int32_t room[6];
    hone_batch b = {.n_tokens = 20,
                    .n_rows = 5,
                    .longest = 8,
                    .cu_seqlens = starts,
                    .input_ids = ids,
                    .row_labels = classes,
                    .row_targets = targets,
                    .ordinals = ordinals};
    assert_int_equal(hone__part_rows(&b, 0, 0), 5);
    assert_int_equal(hone__part_rows(&b, 0, 10), 3);
    assert_int_equal(hone__part_rows(&b, 2, 1), 1); /* a row is never cut */
    assert_int_equal(hone__largest_part(&b, 10), 10);
    assert_int_equal(hone__largest_part(&b, 1), 8);
    hone_batch p = hone__part(&b, 3, 2, 2, room);
    assert_int_equal(p.n_tokens, 10);
    assert_int_equal(p.longest, 8);
    assert_int_equal(p.cu_seqlens[1], 2);
    assert_int_equal(p.cu_seqlens[2], 10);
    assert_ptr_equal(p.input_ids, ids + 10);
    assert_int_equal(p.row_labels[0], 4);
    assert_true(p.ordinals[0] == 13 && p.row_targets == targets + 6);
    assert_null(p.labels);
}

/* ---- recomputation ---- */

static float *weights_of_kind(const kind *k, bool recompute, size_t *n)
{
    hone_model *model = make_model(k->type, k->task, false);
    hone_examples *data = examples_for(k->task, 40);
    hone_trainer *t;
    hone_training_args a = args_for("recompute");
    a.max_steps = 3;
    a.gradient_checkpointing = recompute;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.train_dataset = data}));
    assert_ok(hone_trainer_train(t));
    float *weights = tiny_weights(model, n);
    hone_trainer_free(t);
    hone_examples_free(data);
    hone_model_free(model);
    return weights;
}

/* Every model and head, dropout as it is configured (0.1). */
static void recomputation_changes_no_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        size_t n, m;
        float *kept = weights_of_kind(&kinds[i], false, &n), *again = weights_of_kind(&kinds[i], true, &m);
        if (n != m || memcmp(kept, again, n * sizeof(float)) != 0)
            fail_msg("%s, task %d: gradient_checkpointing changes bits", kinds[i].type, (int)kinds[i].task);
        free(kept);
        free(again);
    }
}

static void recomputation_saves(void **state)
{
    (void)state;
    hone_memory_forecast kept, again;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_model *model = make_model("gpt2", HONE_CAUSAL_LM, true);
    assert_ok(hone_model_forecast(&kept, model, &a, 64));
    a.gradient_checkpointing = true;
    assert_ok(hone_model_forecast(&again, model, &a, 64));
    assert_int_equal(again.parameters, kept.parameters);
    assert_true(again.activations < kept.activations * 2 / 3); /* three layers: one is there at a time */
    hone_model_free(model);
}

static void forecasts_of_what_cannot_be_are_refused(void **state)
{
    (void)state;
    hone_memory_forecast f = {.own = 1};
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_model *model = make_model("gpt2", HONE_CAUSAL_LM, true);
    assert_fails(HONE_INVALID_ARGUMENT, "at least one token", hone_model_forecast(&f, model, &a, 0));
    a.per_device_train_batch_size = a.gradient_accumulation_steps = INT64_MAX / 2; /* the product is beyond int64 */
    assert_fails(HONE_INVALID_ARGUMENT, "from 1 to 1000000", hone_model_forecast(&f, model, &a, 8));
    a.per_device_train_batch_size = 8;
    a.gradient_accumulation_steps = -1;
    assert_fails(HONE_INVALID_ARGUMENT, "from 1 to 1000000", hone_model_forecast(&f, model, &a, 8));
    assert_true(f.own == 0);
    a.gradient_accumulation_steps = 1000000;
    assert_ok(hone_model_forecast(&f, model, &a, 8));
    hone_model_free(model);
}

/* ---- models without weights ---- */

static void empty_models_are_filled(void **state)
{
    (void)state;
    size_t n, m;
    hone_mem_stats before, after;
    hone__mem_stats(&before);
    hone_model *empty = make_model("bert", HONE_TOKEN_CLASSIFICATION, true);
    hone__mem_stats(&after);
    assert_true(after.bytes_now - before.bytes_now < 300000); /* names and configuration */
    assert_true(hone__model_is_empty(empty) && hone__model_trains(empty));
    hone_model *full = make_model("bert", HONE_TOKEN_CLASSIFICATION, false);
    assert_ok(hone_model_fill(empty));
    assert_ok(hone_model_fill(empty)); /* nothing to do */
    assert_false(hone__model_is_empty(empty));
    float *a = tiny_weights(empty, &n), *b = tiny_weights(full, &m);
    assert_true(n == m && memcmp(a, b, n * sizeof(float)) == 0);
    const char *folder = test_temp("filled");
    hone_model *again = NULL;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    o.for_training = o.empty_weights = true;
    assert_ok(hone_model_save_pretrained(full, folder));
    assert_ok(hone_model_from_pretrained(&again, HONE_TOKEN_CLASSIFICATION, folder, &o));
    assert_ok(hone_model_fill(again));
    float *c = tiny_weights(again, &m);
    assert_true(n == m && memcmp(c, b, n * sizeof(float)) == 0);
    free(a);
    free(b);
    free(c);
    hone_model_free(again);
    hone_model_free(full);
    hone_model_free(empty);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(forecast_is_what_a_run_takes),
    cmocka_unit_test(forecast_knows_predictions),
    cmocka_unit_test(forecast_knows_options),
    cmocka_unit_test(what_does_not_fit_is_refused),
    cmocka_unit_test(batches_are_cut_and_updates_stay),
    cmocka_unit_test(failed_allocation_loses_nothing),
    cmocka_unit_test(parts_are_rows_of_the_batch),
    cmocka_unit_test(recomputation_changes_no_bit),
    cmocka_unit_test(recomputation_saves),
    cmocka_unit_test(forecasts_of_what_cannot_be_are_refused),
    cmocka_unit_test(empty_models_are_filled),
};
TEST_MAIN(tests)
