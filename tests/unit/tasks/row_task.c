/* Text classification as a task: scores, losses with weights and smoothing and predictions beside their plain definitions, for classes, numbers and sets; what it refuses. */
#include "support/support.h"

#include "models/model.h"
#include "tasks/row_task.h"
#include "train/trainer.h"

#include <math.h>

enum { N_ROWS = 29, LENGTH = 5 };

typedef enum kind { NONE, CLASSES, TWO_CLASSES, NUMBERS, SETS, N_KINDS } label_kind;
typedef struct rows {
    label_kind kind;
    int32_t ids[LENGTH];
    float targets[3];
} rows;

static int32_t class_of(int64_t i)
{
    return (int32_t)(i * 7 % 5 % 3);
}

static float target_of(int64_t i, int k, label_kind kind)
{
    return kind == SETS ? (float)((i >> k) & 1) : (float)(i % 6) * 0.5f;
}

static hone_status get(void *self, int64_t i, hone_example *out)
{
    rows *r = self;
    for (int k = 0; k < LENGTH; k++)
        r->ids[k] = 1 + (int32_t)((i * 13 + k * 7) % 39);
    out->n_tokens = LENGTH;
    out->input_ids = r->ids;
    out->row_label = r->kind == CLASSES ? class_of(i) : r->kind == TWO_CLASSES ? class_of(i) % 2 : HONE_NO_LABEL;
    for (int k = 0; k < 3; k++)
        r->targets[k] = target_of(i, k, r->kind);
    out->n_targets = r->kind == NUMBERS ? 1 : r->kind == SETS ? 3 : 0;
    out->targets = out->n_targets ? r->targets : NULL;
    return HONE_OK;
}

static int32_t length(void *self, int64_t i)
{
    (void)self, (void)i;
    return LENGTH;
}

static hone_examples *examples(label_kind kind)
{
    static rows all[N_KINDS];
    static const hone_examples_ops ops = {get, length, NULL};
    hone_examples *e;
    all[kind].kind = kind;
    assert_ok(hone_examples_new(&e, &ops, &all[kind], N_ROWS));
    return e;
}

static hone_model *model(hone_problem problem, const char *const *names)
{
    static hone_device *device; /* lives as long as the program */
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    if (!device)
        assert_ok(hone_device_open(&device, &(hone_device_options){"cpu", 1}));
    o.device = device;
    o.labels = names;
    o.vocab_size = 40;
    o.config_overrides =
        "hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=32,max_position_embeddings=8,initializer_range=0.7";
    assert_ok(hone_model_from_config(&m, HONE_TEXT_CLASSIFICATION, "bert", &o));
    assert_ok(hone__model_set_problem(m, problem));
    return m;
}

static const char *const three[] = {"x", "y", "z", NULL}, *const two[] = {"equivalent", "not_equivalent", NULL},
                         *const one[] = {"LABEL_0", NULL};

/* Evaluates, and predicts: both must say the same. */
static void evaluate(hone_metrics *metrics, hone_predictions *p, hone_model *m, const hone_examples *e,
                     const hone_text_classification_options *o, double smoothing)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_trainer *t;
    hone_task task;
    a.disable_tqdm = true;
    a.per_device_eval_batch_size = 4;
    a.label_smoothing_factor = smoothing;
    hone_metrics_clear(metrics);
    assert_ok(hone_text_classification_task(&task, m, o));
    assert_ok(hone_trainer_new(&t, m, &a, &(hone_trainer_options){.eval_dataset = e, .task = &task}));
    assert_ok(hone_trainer_evaluate(t, metrics));
    assert_ok(hone_trainer_predict(t, e, p));
    for (size_t i = 0; i < p->metrics.n; i++) {
        char name[80];
        double value;
        snprintf(name, sizeof(name), "eval_%s", p->metrics.items[i].name + strlen("test_"));
        if (strstr(name, "runtime") || strstr(name, "second"))
            continue;
        assert_true(hone_metrics_get(metrics, name, &value));
        assert_true(value == p->metrics.items[i].value);
        assert_true(strcmp(name, "eval_loss") == 0 || task.has_metric(task.self, name + strlen("eval_")));
    }
    hone_trainer_free(t);
    hone_task_dispose(&task);
}

static void assert_metric(const hone_metrics *metrics, const char *name, double expected, double tolerance)
{
    double value;
    if (!hone_metrics_get(metrics, name, &value))
        fail_msg("%s is missing", name);
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%s is %.17g instead of %.17g", name, value, expected);
}

static double log_sum(const float *logits, int n)
{
    double sum = 0;
    for (int c = 0; c < n; c++)
        sum += exp((double)logits[c]);
    return log(sum);
}

/* The mean of w[label] (1 - s) nll + s/C sum_c w[c] (-log p[c]), weighted: torch.nn.CrossEntropyLoss(weight, label_smoothing). */
static void losses_are_their_definition(void **state)
{
    static const float weights[] = {0.25f, 3.0f, 1.5f};
    hone_model *m = model(HONE_PROBLEM_SINGLE_LABEL, three);
    hone_examples *e = examples(CLASSES);
    hone_metrics metrics = HONE_METRICS_INIT;
    (void)state;
    for (int k = 0; k < 4; k++) {
        double s = k & 1 ? 0.2 : 0, sum = 0, total = 0, right = 0;
        const float *w = k & 2 ? weights : NULL;
        hone_predictions p;
        evaluate(&metrics, &p, m, e, &(hone_text_classification_options){NULL, w}, s);
        assert_int_equal(p.n_items, N_ROWS);
        for (int64_t i = 0; i < N_ROWS; i++) {
            const float *x = p.logits + i * 3;
            double spread = 0, l = log_sum(x, 3), wi = w ? (double)w[class_of(i)] : 1;
            for (int c = 0; c < 3; c++)
                spread += (w ? (double)w[c] : 1) * (l - (double)x[c]) / 3;
            sum += (1 - s) * wi * (l - (double)x[class_of(i)]) + s * spread;
            total += wi;
            int best = x[1] > x[0] ? 1 : 0;
            right += (x[2] > x[best] ? 2 : best) == class_of(i);
            assert_int_equal(p.label_ids[i], class_of(i));
        }
        assert_metric(&metrics, "eval_loss", sum / total, 1e-5 * sum / total);
        assert_metric(&metrics, "eval_accuracy", right / N_ROWS, 1e-15);
        hone_predictions_dispose(&p);
    }
    hone_metrics_dispose(&metrics);
    hone_examples_free(e);
    hone_model_free(m);
}

/* f1 is of the class that GLUE calls positive, whatever its id: here 0. */
static void glue_scores(void **state)
{
    hone_model *m = model(HONE_PROBLEM_SINGLE_LABEL, two);
    hone_examples *e = examples(TWO_CLASSES);
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_predictions p;
    double hits = 0, said = 0, is = 0, right = 0, value;
    (void)state;
    evaluate(&metrics, &p, m, e, &(hone_text_classification_options){"mrpc", NULL}, 0);
    for (int64_t i = 0; i < N_ROWS; i++) {
        bool positive = p.logits[2 * i] >= p.logits[2 * i + 1], gold = class_of(i) % 2 == 0;
        hits += positive && gold;
        said += positive;
        is += gold;
        right += positive == gold;
    }
    double f1 = said + is > 0 ? 2 * hits / (said + is) : 0, accuracy = right / N_ROWS;
    assert_metric(&metrics, "eval_f1", f1, 1e-15);
    assert_metric(&metrics, "eval_accuracy", accuracy, 1e-15);
    assert_metric(&metrics, "eval_combined_score", (f1 + accuracy) / 2, 1e-15);
    hone_predictions_dispose(&p);
    evaluate(&metrics, &p, m, e, &(hone_text_classification_options){"cola", NULL}, 0);
    assert_true(hone_metrics_get(&metrics, "eval_matthews_correlation", &value) &&
                !hone_metrics_get(&metrics, "eval_combined_score", &value));
    hone_predictions_dispose(&p);
    hone_metrics_dispose(&metrics);
    hone_examples_free(e);
    hone_model_free(m);
}

static void numbers(void **state)
{
    hone_model *m = model(HONE_PROBLEM_REGRESSION, one);
    hone_examples *e = examples(NUMBERS);
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_predictions p;
    double x[N_ROWS], y[N_ROWS], square = 0, pearson, spearman;
    (void)state;
    evaluate(&metrics, &p, m, e, NULL, 0);
    assert_null(p.label_ids);
    for (int64_t i = 0; i < N_ROWS; i++) {
        x[i] = (double)p.logits[i];
        y[i] = (double)target_of(i, 0, NUMBERS);
        square += (x[i] - y[i]) * (x[i] - y[i]) / N_ROWS;
    }
    assert_ok(hone_metric_pearson(&pearson, x, y, N_ROWS));
    assert_ok(hone_metric_spearman(&spearman, x, y, N_ROWS));
    assert_metric(&metrics, "eval_loss", square, 1e-5 * square);
    assert_metric(&metrics, "eval_mse", square, 1e-12 * square);
    assert_metric(&metrics, "eval_pearson", pearson, 1e-12);
    assert_metric(&metrics, "eval_spearmanr", spearman, 1e-12);
    assert_ok(hone__write_row_predictions(test_temp("numbers.txt"), m, &p));
    size_t len;
    char expected[64], *text = test_read(test_temp("numbers.txt"), &len);
    snprintf(expected, sizeof(expected), "index\tprediction\n0\t%.3f\n1\t%.3f\n", x[0], x[1]);
    assert_memory_equal(text, expected, strlen(expected));
    hone__free(text);
    hone_predictions_dispose(&p);
    evaluate(&metrics, &p, m, e, &(hone_text_classification_options){"stsb", NULL}, 0);
    assert_metric(&metrics, "eval_combined_score", (pearson + spearman) / 2, 1e-12);
    hone_predictions_dispose(&p);
    hone_metrics_dispose(&metrics);
    hone_examples_free(e);
    hone_model_free(m);
}

static void sets(void **state)
{
    hone_model *m = model(HONE_PROBLEM_MULTI_LABEL, three);
    hone_examples *e = examples(SETS);
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_predictions p;
    double hits = 0, both = 0, whole = 0, loss = 0;
    (void)state;
    evaluate(&metrics, &p, m, e, NULL, 0);
    for (int64_t i = 0; i < N_ROWS; i++) {
        bool same = true;
        for (int k = 0; k < 3; k++) {
            double x = (double)p.logits[3 * i + k], probability = 1 / (1 + exp(-x));
            bool is = target_of(i, k, SETS) > 0, said = probability > 0.5;
            hits += is && said;
            both += is + said;
            same = same && is == said;
            loss -= log(is ? probability : 1 - probability) / (3 * N_ROWS);
        }
        whole += same;
    }
    assert_metric(&metrics, "eval_loss", loss, 1e-5 * loss);
    assert_metric(&metrics, "eval_f1", 2 * hits / both, 1e-15);
    assert_metric(&metrics, "eval_accuracy", whole / N_ROWS, 1e-15);
    hone_predictions_dispose(&p);
    hone_metrics_dispose(&metrics);
    hone_examples_free(e);
    hone_model_free(m);
}

static void refused(void **state)
{
    hone_model *m = model(HONE_PROBLEM_SINGLE_LABEL, three), *number = model(HONE_PROBLEM_REGRESSION, one);
    hone_examples *e = examples(NUMBERS);
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_trainer *t;
    hone_task task;
    (void)state;
    assert_fails(HONE_INVALID_ARGUMENT, "GLUE has no task \"squad\"",
                 hone_text_classification_task(&task, m, &(hone_text_classification_options){"squad", NULL}));
    assert_fails(HONE_INVALID_ARGUMENT, "stsb: its labels are numbers, the model is for 3 classes",
                 hone_text_classification_task(&task, m, &(hone_text_classification_options){"stsb", NULL}));
    assert_fails(HONE_INVALID_ARGUMENT, "sst2: its labels are classes",
                 hone_text_classification_task(&task, number, &(hone_text_classification_options){"sst2", NULL}));
    assert_fails(HONE_INVALID_ARGUMENT, "the weight of class 1 is",
                 hone_text_classification_task(&task, m, &(hone_text_classification_options){NULL, (const float[]){1, NAN, 1}}));
    assert_fails(HONE_INVALID_ARGUMENT, "class weights are for rows with one class",
                 hone_text_classification_task(&task, number, &(hone_text_classification_options){NULL, (const float[]){1}}));
    assert_ok(hone_text_classification_task(&task, m, NULL));
    assert_false(task.has_metric(task.self, "f1"));
    assert_ok(hone_trainer_new(&t, m, &a, &(hone_trainer_options){.eval_dataset = e, .task = &task}));
    assert_fails(HONE_INVALID_ARGUMENT, "the examples have no classes to be scored by", hone_trainer_evaluate(t, &metrics));
    hone_trainer_free(t);
    hone_task_dispose(&task);
    assert_ok(hone__model_set_problem(m, HONE_PROBLEM_REGRESSION)); /* of three numbers; the examples have one */
    assert_ok(hone_text_classification_task(&task, m, NULL));
    assert_ok(hone_trainer_new(&t, m, &a, &(hone_trainer_options){.eval_dataset = e, .task = &task}));
    assert_fails(HONE_SHAPE, "the examples have 1 targets a row, the model 3 labels", hone_trainer_evaluate(t, &metrics));
    hone_trainer_free(t);
    hone_task_dispose(&task);
    hone_metrics_dispose(&metrics);
    hone_examples_free(e);
    hone_model_free(m);
    hone_model_free(number);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(losses_are_their_definition),
    cmocka_unit_test(glue_scores),
    cmocka_unit_test(numbers),
    cmocka_unit_test(sets),
    cmocka_unit_test(refused),
};
TEST_MAIN(tests)
