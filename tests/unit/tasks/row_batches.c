/* Text classification, dropout on: however eight rows are split into micro-batches and in whatever order they lie, their masks are the same to the bit, the losses and gradients to rounding. Through the model alone
 * (any order), and through the trainer (8 x 1, 4 x 2, 1 x 8; also with class weights and smoothing), which the reference gets wrong for these heads (semantics.md, departures). */
#include "support/watch.h"

#include "models/class.h"
#include "train/trainer.h"

#include <hone/tasks.h>
#include <math.h>

enum { ROWS = 8, TRAIN_ROWS = 44, CHANNELS = 16, LONGEST = 13 };

/* Row i: 2 to 13 tokens, of the second text from the middle on; its class is one of three, seldom the third. */
typedef struct row {
    int32_t ids[LONGEST], types[LONGEST], n, label;
} row;

static void make_row(row *r, int64_t i)
{
    *r = (row){.n = 2 + (int32_t)(i * 5 % 12), .label = i % 7 == 3 ? 2 : (int32_t)(i % 2)};
    for (int32_t k = 0; k < r->n; k++) {
        r->ids[k] = 1 + (int32_t)((i * 31 + k * 17) % 49);
        r->types[k] = k > r->n / 2;
    }
}

static hone_status get(void *self, int64_t i, hone_example *out)
{
    row *r = self;
    make_row(r, i);
    out->n_tokens = r->n;
    out->input_ids = r->ids;
    out->token_type_ids = r->types;
    out->row_label = r->label;
    return HONE_OK;
}

static int32_t length(void *self, int64_t i)
{
    row r;
    (void)self;
    make_row(&r, i);
    return r.n;
}

static hone_examples *examples(void)
{
    static row scratch;
    static const hone_examples_ops ops = {get, length, NULL};
    hone_examples *e;
    assert_ok(hone_examples_new(&e, &ops, &scratch, TRAIN_ROWS));
    return e;
}

static hone_device *device(void)
{
    static hone_device *d; /* lives as long as the program */
    if (!d)
        assert_ok(hone_device_open(&d, &(hone_device_options){"cpu", 1}));
    return d;
}

static hone_model *model(int n_labels)
{
    static char names[CHANNELS][8];
    const char *labels[CHANNELS + 1] = {NULL};
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    for (int i = 0; i < n_labels; i++) {
        snprintf(names[i], sizeof(names[i]), "c%d", i);
        labels[i] = names[i];
    }
    o.device = device();
    o.for_training = true;
    o.labels = labels;
    o.vocab_size = 50;
    o.config_overrides =
        "hidden_size=16,num_hidden_layers=2,num_attention_heads=2,intermediate_size=32,max_position_embeddings=16,initializer_range=0.3,"
        "hidden_dropout_prob=0.3,attention_probs_dropout_prob=0.3,classifier_dropout=0.5";
    assert_ok(hone_model_from_config(&m, HONE_TEXT_CLASSIFICATION, "bert", &o));
    assert_ok(hone__model_set_problem(m, HONE_PROBLEM_SINGLE_LABEL));
    return m;
}

/* ---- the model alone ---- */

typedef struct pack {
    int32_t cu_seqlens[ROWS + 1], ids[ROWS * LONGEST], types[ROWS * LONGEST], labels[ROWS];
    uint64_t ordinals[ROWS];
    hone_batch batch;
} pack;

/* Rows order[0..n), whose places in the stream of samples are 100 and more. */
static void fill(pack *p, const int *order, int32_t n)
{
    row r;
    int32_t longest = 0;
    p->cu_seqlens[0] = 0;
    for (int32_t k = 0; k < n; k++) {
        make_row(&r, order[k]);
        memcpy(p->ids + p->cu_seqlens[k], r.ids, (size_t)r.n * sizeof(int32_t));
        memcpy(p->types + p->cu_seqlens[k], r.types, (size_t)r.n * sizeof(int32_t));
        p->cu_seqlens[k + 1] = p->cu_seqlens[k] + r.n;
        p->labels[k] = r.label;
        p->ordinals[k] = (uint64_t)(100 + order[k]);
        longest = r.n > longest ? r.n : longest;
    }
    p->batch = (hone_batch){.n_tokens = p->cu_seqlens[n],
                            .n_rows = n,
                            .longest = longest,
                            .cu_seqlens = p->cu_seqlens,
                            .input_ids = p->ids,
                            .token_type_ids = p->types,
                            .row_labels = p->labels,
                            .ordinals = p->ordinals,
                            .n_labelled = -1};
}

/* What a split gave: by row of the stream, and the gradients. */
typedef struct result {
    float embedded[ROWS][LONGEST * CHANNELS], logits[ROWS][CHANNELS], *grad;
    double loss;
} result;

static void take_rows(result *x, const pack *p, const int *order, const hone_output *out)
{
    float values[ROWS * LONGEST * CHANNELS];
    assert_ok(hone_tensor_read(out->hidden_states[0], values, (size_t)p->batch.n_tokens * CHANNELS));
    for (int32_t k = 0; k < p->batch.n_rows; k++)
        memcpy(x->embedded[order[k]], values + p->cu_seqlens[k] * CHANNELS,
               (size_t)(p->cu_seqlens[k + 1] - p->cu_seqlens[k]) * CHANNELS * sizeof(float));
    assert_ok(hone_tensor_read(out->logits, values, (size_t)p->batch.n_rows * CHANNELS));
    for (int32_t k = 0; k < p->batch.n_rows; k++)
        memcpy(x->logits[order[k]], values + k * CHANNELS, CHANNELS * sizeof(float));
}

static void run(result *x, hone_model *m, hone_tape *t, const int *order, int32_t n)
{
    hone_parameter p;
    size_t at = 0;
    *x = (result){.loss = 0};
    hone__params_zero_grad(m->params);
    for (int32_t first = 0; first < ROWS; first += n) {
        pack b;
        double loss;
        fill(&b, order + first, n);
        hone_tape_reset(t);
        hone_tape_set_loss_scale(t, (double)n / ROWS);
        hone_output out = hone_model_forward(m, t, &b.batch);
        hone_tensor *mean = hone_model_loss(t, &out, &b.batch);
        assert_ok(hone_tape_backward(t, mean));
        assert_ok(hone_tensor_item(mean, &loss));
        x->loss += loss * n / ROWS;
        take_rows(x, &b, order + first, &out);
    }
    assert_ok(HONE_NEW(&x->grad, hone_model_n_parameters(m)));
    for (size_t i = 0; hone_model_parameter(m, i, &p); at += (size_t)hone_tensor_count(p.value), i++)
        assert_ok(hone_tensor_read(p.grad, x->grad + at, (size_t)hone_tensor_count(p.value)));
}

static void compare(const result *a, const result *b, size_t n_grad)
{
    double worst = 0, largest = 0;
    assert_memory_equal(a->embedded, b->embedded,
                        sizeof(a->embedded)); /* the mask of the embeddings, and no sum that depends on the batch */
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < CHANNELS; c++) { /* the classifier hands its masked input through: zero where the mask is */
            assert_int_equal(a->logits[r][c] == 0.0f, b->logits[r][c] == 0.0f);
            assert_true(fabs((double)a->logits[r][c] - (double)b->logits[r][c]) <= 1e-5);
        }
    assert_true(fabs(a->loss - b->loss) <= 1e-5 * a->loss);
    for (size_t i = 0; i < n_grad; i++) {
        worst = fmax(worst, fabs((double)a->grad[i] - (double)b->grad[i]));
        largest = fmax(largest, fabs((double)a->grad[i]));
    }
    assert_true(largest > 1e-3 && worst <= 1e-5 * largest);
}

/* The classifier becomes the identity, so that its mask can be seen in the logits. */
static void hand_through(hone_model *m)
{
    hone_param *w = hone__params_find(m->params, "classifier.weight");
    float *values = w->tensor.data;
    assert_int_equal(w->count, CHANNELS * CHANNELS);
    for (size_t i = 0; i < w->count; i++)
        values[i] = i % (CHANNELS + 1) == 0;
    hone__params_changed(m->params);
}

static void masks_follow_rows(void **state)
{
    static const int orders[][ROWS] = {{0, 1, 2, 3, 4, 5, 6, 7}, {7, 6, 5, 4, 3, 2, 1, 0}, {3, 0, 6, 1, 7, 4, 2, 5}};
    static result whole, other;
    hone_model *m = model(CHANNELS);
    hone_tape *t;
    int n_zero = 0;
    (void)state;
    hand_through(m);
    hone_model_keep_hidden_states(m, true);
    assert_ok(hone_tape_new(&t, device(), &(hone_tape_options){.recording = true, .training = true, .seed = 7}));
    run(&whole, m, t, orders[0], ROWS);
    for (int i = 0; i < ROWS * CHANNELS; i++)
        n_zero += whole.logits[i / CHANNELS][i % CHANNELS] == 0.0f;
    assert_true(n_zero > ROWS * CHANNELS / 4 && n_zero < ROWS * CHANNELS * 3 / 4); /* half of them */
    for (int k = 0; k < 3; k++)
        for (int32_t n = 1; n <= ROWS; n *= 2) {
            run(&other, m, t, orders[k], n);
            compare(&whole, &other, hone_model_n_parameters(m));
            hone__free(other.grad);
        }
    hone__free(whole.grad);
    hone_tape_free(t);
    hone_model_free(m);
}

/* ---- the trainer ---- */

typedef struct outcome {
    double losses[16], norms[16];
    size_t n;
} outcome;

static void train(outcome *x, int64_t batch, int64_t steps, const float *class_weights, double smoothing)
{
    hone_model *m = model(3);
    hone_examples *e = examples();
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_trainer *t;
    hone_task task;
    const hone_metrics *entry;
    a.output_dir = test_temp("rows");
    a.disable_tqdm = true;
    a.logging_steps = 1;
    a.save_strategy = HONE_STRATEGY_NO;
    a.num_train_epochs = 2; /* the last group of an epoch is of four rows */
    a.per_device_train_batch_size = batch;
    a.gradient_accumulation_steps = steps;
    a.label_smoothing_factor = smoothing;
    a.learning_rate = 1e-3;
    assert_ok(hone_text_classification_task(&task, m, &(hone_text_classification_options){NULL, class_weights}));
    assert_ok(hone_trainer_new(&t, m, &a, &(hone_trainer_options){.train_dataset = e, .task = &task}));
    assert_ok(hone_trainer_train(t));
    *x = (outcome){.n = 0};
    for (size_t i = 0; (entry = hone_trainer_log_entry(t, i)); i++)
        if (hone_metrics_get(entry, "loss", &x->losses[x->n]) && hone_metrics_get(entry, "grad_norm", &x->norms[x->n]))
            x->n++;
    hone_trainer_free(t);
    hone_task_dispose(&task);
    hone_examples_free(e);
    hone_model_free(m);
}

static void check_accumulation(const float *class_weights, double smoothing)
{
    outcome whole, parts;
    train(&whole, 8, 1, class_weights, smoothing);
    assert_int_equal(whole.n, 12);
    for (int64_t batch = 1; batch <= 4; batch *= 2) {
        train(&parts, batch, 8 / batch, class_weights, smoothing);
        assert_int_equal(parts.n, whole.n);
        for (size_t i = 0; i < whole.n; i++) {
            assert_true(fabs(parts.losses[i] - whole.losses[i]) <= 1e-5 * whole.losses[i]);
            assert_true(fabs(parts.norms[i] - whole.norms[i]) <= 1e-4 * whole.norms[i]); /* rounding grows over the steps */
        }
        assert_true(fabs(parts.norms[0] - whole.norms[0]) <= 1e-5 * whole.norms[0]);
    }
}

static void accumulation_changes_nothing(void **state)
{
    (void)state;
    check_accumulation(NULL, 0);
    check_accumulation((const float[]){0.5f, 1.0f, 4.0f}, 0);
    check_accumulation((const float[]){0.5f, 1.0f, 4.0f}, 0.1);
}

/* ---- memory ---- */

/* A batch is all rows, in another order each time: nothing may ask for memory once every buffer is there, class weights and smoothing included. */
static void a_step_allocates_nothing(void **state)
{
    hone_model *m = model(3);
    hone_examples *e = examples();
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_trainer *t;
    hone_task task;
    test_watch w = {.from = 20};
    hone_callback callback = test_watch_memory(&w);
    (void)state;
    a.output_dir = test_temp("memory");
    a.disable_tqdm = true;
    a.per_device_train_batch_size = TRAIN_ROWS;
    a.max_steps = 60;
    a.label_smoothing_factor = 0.1;
    a.save_strategy = HONE_STRATEGY_NO;
    assert_ok(hone_text_classification_task(&task, m, &(hone_text_classification_options){NULL, (const float[]){0.5f, 1.0f, 4.0f}}));
    assert_ok(
        hone_trainer_new(&t, m, &a, &(hone_trainer_options){.train_dataset = e, .task = &task, .callbacks = &callback, .n_callbacks = 1}));
    assert_ok(hone_trainer_train(t));
    assert_int_equal(w.most, 0);
    hone_trainer_free(t);
    hone_task_dispose(&task);
    hone_examples_free(e);
    hone_model_free(m);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(a_step_allocates_nothing), cmocka_unit_test(masks_follow_rows),
                                          cmocka_unit_test(accumulation_changes_nothing)};
TEST_MAIN(tests)
