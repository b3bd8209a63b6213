/* Token classification as a task: what an evaluation scores (windows merged, any batch), predictions and their metrics, smoothing, the padded view's way to the same scores. */
#include "support/watch.h"
#include "tasks/token_task.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>

static const char *const names[] = {"O", "B-X", "I-X", "B-Y", "I-Y", NULL};
enum { N_NAMES = 5, N_ROWS = 23 };

/* Letters are tokens; a word of several letters has as many. */
static hone_tokenizer *letters(void)
{
    char folder[4096], vocab[4200], text[1024] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    hone_tokenizer *tok;
    snprintf(folder, sizeof(folder), "%s", test_temp("letters"));
    snprintf(vocab, sizeof(vocab), "%s/vocab.txt", folder);
    assert_ok(hone__make_dirs(folder));
    for (char c = 'a'; c <= 'z'; c++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%c\n##%c\n", c, c);
    test_write_text(vocab, text);
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    return tok;
}

/* Rows of 1 to 45 words of 1 to 3 letters; tags by turns. bare: without tags. */
static hone_dataset *rows(bool bare)
{
    static char text[65536];
    char path[4096];
    uint32_t z = 7;
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    snprintf(path, sizeof(path), "%s", test_temp(bare ? "rows.jsonl" : "rows.conll"));
    *text = '\0';
    for (int r = 0; r < N_ROWS; r++) {
        if (bare)
            strcat(text, "{\"tokens\": [");
        for (int i = 0; i < 1 + (r * 7) % 45; i++) {
            char word[4] = "";
            z = z * 1664525u + 1013904223u;
            for (uint32_t k = 0; k <= (z >> 9) % 3; k++)
                word[k] = (char)('a' + (z >> (10 + 3 * k)) % 26);
            snprintf(text + strlen(text), 64, bare ? "%s\"%s\"" : "%s%s %s\n", bare && i ? ", " : "", word, names[(z >> 20) % N_NAMES]);
        }
        strcat(text, bare ? "]}\n" : "\n");
    }
    test_write_text(path, text);
    o.labels = bare ? NULL : names;
    assert_ok(hone_dataset_load(&d, (const char *[]){path}, 1, &o));
    return d;
}

static hone_examples *examples(const hone_dataset *d, size_t max_length, size_t stride, bool all_tokens)
{
    hone_token_examples_options o = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_tokenizer *tok = letters();
    int32_t inside[N_NAMES];
    hone_examples *e;
    hone_inside_labels(inside, names, N_NAMES);
    o.max_length = max_length;
    o.stride = stride;
    o.windows = stride > 0;
    o.label_all_tokens = all_tokens;
    o.inside = inside;
    assert_ok(hone_token_examples(&e, d, tok, &o));
    hone_tokenizer_free(tok);
    return e;
}

static hone_device *device(void)
{
    static hone_device *d; /* lives as long as the program */
    if (!d)
        assert_ok(hone_device_open(&d, &(hone_device_options){"cpu", 1}));
    return d;
}

/* Large weights, so that its predictions are many-sided. */
static hone_model *model(void)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    o.device = device();
    o.for_training = true;
    o.labels = names;
    o.vocab_size = 57;
    o.config_overrides =
        "hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=32,max_position_embeddings=128,initializer_range=0.7";
    assert_ok(hone_model_from_config(&m, HONE_TOKEN_CLASSIFICATION, "bert", &o));
    return m;
}

static hone_training_args quiet(int64_t batch)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.per_device_eval_batch_size = batch;
    a.disable_tqdm = true;
    return a;
}

/* The predictions of example i, seen alone. */
static void predict_alone(int32_t *predictions, const hone_model *m, const hone_examples *e, int64_t i, hone_example *x)
{
    hone_tape *t;
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){.seed = 42}));
    assert_ok(hone_examples_get(e, i, x));
    hone_batch b = {.n_tokens = x->n_tokens,
                    .n_rows = 1,
                    .longest = x->n_tokens,
                    .cu_seqlens = (int32_t[]){0, x->n_tokens},
                    .input_ids = x->input_ids,
                    .labels = x->labels,
                    .n_labelled = -1};
    hone_output out = hone_model_forward(m, t, &b);
    assert_ok(hone_tape_status(t));
    assert_ok(hone_token_predictions(predictions, &out, &b));
    hone_tape_free(t);
}

/* The scores by the plain definition: of all windows that show a word, the one with the most tokens on its poorer side. */
static void score_by_definition(hone_metrics *metrics, const hone_model *m, const hone_dataset *d, const hone_examples *e)
{
    const hone_token_examples_info *info = hone_token_examples_get_info(e);
    hone_seqeval *s;
    hone_seqeval_scores scores;
    assert_ok(hone_seqeval_new(&s, NULL));
    for (int64_t row = 0; row < info->n_rows; row++) {
        static const char *said[128], *is[128];
        size_t n = 0, n_words = hone_dataset_length(d, row, hone_dataset_text_column(d));
        for (size_t w = 0; w < n_words; w++) {
            int best = -1;
            size_t first = n;
            for (int64_t i = 0; i < info->n_examples; i++) {
                int32_t predictions[256], from = -1, to = -1;
                hone_example x;
                if (info->row_of[i] != row)
                    continue;
                predict_alone(predictions, m, e, i, &x);
                for (int32_t k = 0; k < x.n_tokens; k++)
                    if (info->word_ids[i][k] == (int32_t)w) {
                        from = from < 0 ? k : from;
                        to = k;
                    }
                int left = from - 1, right = x.n_tokens - 2 - to,
                    context = left < right ? left : right; /* [CLS] and [SEP] are no context */
                if (from < 0 || context <= best)
                    continue;
                best = context;
                n = first;
                for (int32_t k = from; k <= to; k++)
                    if (x.labels[k] >= 0) {
                        said[n] = names[predictions[k]];
                        is[n++] = names[x.labels[k]];
                    }
            }
        }
        assert_ok(hone_seqeval_add(s, is, said, n));
    }
    assert_ok(hone_seqeval_compute(s, &scores));
    assert_true(scores.overall.f1 > 0 && scores.overall.f1 < 1);
    hone_metrics_clear(metrics);
    assert_ok(hone_seqeval_to_metrics(&scores, true, metrics));
    hone_seqeval_free(s);
}

static void assert_same_scores(const hone_metrics *got, const char *prefix, const hone_metrics *expected)
{
    for (size_t i = 0; i < expected->n; i++) {
        char name[80];
        double value;
        snprintf(name, sizeof(name), "%s_%s", prefix, expected->items[i].name);
        if (!hone_metrics_get(got, name, &value))
            fail_msg("%s is missing", name);
        if (value != expected->items[i].value)
            fail_msg("%s is %.17g instead of %.17g", name, value, expected->items[i].value);
    }
}

static void check_scores(size_t max_length, size_t stride, bool all_tokens)
{
    hone_token_classification_options options = {.return_entity_level_metrics = true};
    hone_model *m = model();
    hone_dataset *d = rows(false);
    hone_examples *e = examples(d, max_length, stride, all_tokens);
    hone_task task;
    hone_metrics expected = HONE_METRICS_INIT, got = HONE_METRICS_INIT;
    char *report;
    score_by_definition(&expected, m, d, e);
    assert_ok(hone_token_classification_task(&task, m, &options));
    assert_fails(HONE_INVALID_ARGUMENT, "no evaluation", hone_token_classification_report(&report, &task));
    for (int64_t batch = 1; batch <= 8; batch += 7) {
        hone_trainer *t;
        hone_training_args a = quiet(batch);
        hone_predictions p;
        assert_ok(hone_trainer_new(&t, m, &a, &(hone_trainer_options){.eval_dataset = e, .task = &task}));
        assert_ok(hone_trainer_evaluate(t, &got));
        assert_same_scores(&got, "eval", &expected);
        assert_ok(hone_trainer_predict(t, e, &p));
        assert_same_scores(&p.metrics, "test", &expected);
        hone_predictions_dispose(&p);
        hone_trainer_free(t);
    }
    assert_ok(hone_token_classification_report(&report, &task));
    assert_non_null(strstr(report, "default"));
    hone_free_text(report);
    hone_task_dispose(&task);
    hone_metrics_dispose(&expected);
    hone_metrics_dispose(&got);
    hone_examples_free(e);
    hone_dataset_free(d);
    hone_model_free(m);
}

static void rows_are_sentences(void **state)
{
    (void)state;
    check_scores(0, 0, true);
    check_scores(0, 0, false);
    check_scores(20, 0, true);
}

static void windows_are_merged(void **state)
{
    (void)state;
    check_scores(20, 9, true);
    check_scores(20, 9, false);
    check_scores(12, 1, true);
}

/* Every item's logits are those of its example seen alone (to rounding: batches are summed in other orders), its label the example's. */
static void predictions_are_the_model_s(void **state)
{
    (void)state;
    hone_model *m = model();
    hone_dataset *d = rows(false);
    hone_examples *e = examples(d, 0, 0, false);
    hone_training_args a = quiet(4);
    hone_trainer *t;
    hone_predictions p;
    double loss, sum = 0;
    assert_ok(hone_trainer_new(&t, m, &a, NULL));
    assert_ok(hone_trainer_predict(t, e, &p));
    assert_int_equal(p.n_examples, N_ROWS);
    assert_int_equal(p.n_labels, N_NAMES);
    assert_int_equal(p.first[N_ROWS], p.n_items);
    for (int64_t i = 0; i < p.n_examples; i++) {
        int32_t predictions[256];
        hone_example x;
        int64_t item = p.first[i];
        predict_alone(predictions, m, e, i, &x);
        for (int32_t k = 0; k < x.n_tokens; k++) {
            if (x.labels[k] < 0)
                continue;
            const float *logits = p.logits + item * N_NAMES;
            double total = 0;
            assert_int_equal(p.label_ids[item], x.labels[k]);
            assert_int_equal(hone__argmax(logits, N_NAMES), predictions[k]);
            for (int c = 0; c < N_NAMES; c++)
                total += exp((double)logits[c]);
            sum += log(total) - (double)logits[x.labels[k]];
            item++;
        }
        assert_int_equal(item, p.first[i + 1]);
    }
    assert_true(hone_metrics_get(&p.metrics, "test_loss", &loss));
    assert_true(fabs(loss - sum / (double)p.n_items) < 1e-5 * loss);
    assert_true(hone_metrics_get(&p.metrics, "test_runtime", &loss) && !hone_metrics_get(&p.metrics, "test_f1", &loss));
    hone_predictions_dispose(&p);
    hone_trainer_free(t);
    hone_examples_free(e);
    hone_dataset_free(d);
    hone_model_free(m);
}

/* Without labels all tokens are items; there is nothing to score. */
static void predictions_without_labels(void **state)
{
    (void)state;
    hone_model *m = model();
    hone_dataset *d = rows(true);
    hone_examples *e = examples(d, 0, 0, true);
    hone_training_args a = quiet(4);
    hone_trainer *t;
    hone_task task;
    hone_predictions p;
    double value;
    assert_ok(hone_token_classification_task(&task, m, NULL));
    assert_ok(hone_trainer_new(&t, m, &a, &(hone_trainer_options){.task = &task}));
    assert_ok(hone_trainer_predict(t, e, &p));
    assert_null(p.label_ids);
    for (int64_t i = 0; i < p.n_examples; i++)
        assert_int_equal(p.first[i + 1] - p.first[i], hone_examples_length(e, i));
    assert_true(hone_metrics_get(&p.metrics, "test_runtime", &value) && !hone_metrics_get(&p.metrics, "test_loss", &value));
    assert_ok(hone__write_predictions(test_temp("predictions.txt"), d, e, &p, names, N_NAMES));
    size_t len, n_lines = 0;
    char *text = test_read(test_temp("predictions.txt"), &len);
    for (size_t i = 0; i < len; i++)
        n_lines += text[i] == '\n';
    assert_int_equal(n_lines, N_ROWS);
    hone__free(text);
    hone_predictions_dispose(&p);
    hone_trainer_free(t);
    hone_task_dispose(&task);
    hone_examples_free(e);
    hone_dataset_free(d);
    hone_model_free(m);
}

/* eval_loss with smoothing s is (1 - s) nll + s mean_c(-log p[c]), a mean over labelled tokens (LabelSmoother). */
static void smoothing_is_its_definition(void **state)
{
    (void)state;
    hone_model *m = model();
    hone_dataset *d = rows(false);
    hone_examples *e = examples(d, 0, 0, true);
    hone_training_args a = quiet(8);
    hone_trainer *t;
    hone_predictions p;
    hone_metrics metrics = HONE_METRICS_INIT;
    double loss, sum = 0, s = 0.2;
    a.label_smoothing_factor = s;
    assert_ok(hone_trainer_new(&t, m, &a, &(hone_trainer_options){.eval_dataset = e}));
    assert_ok(hone_trainer_predict(t, e, &p));
    for (int64_t i = 0; i < p.n_items; i++) {
        const float *logits = p.logits + i * N_NAMES;
        double total = 0, mean = 0;
        for (int c = 0; c < N_NAMES; c++)
            total += exp((double)logits[c]);
        for (int c = 0; c < N_NAMES; c++)
            mean += (log(total) - (double)logits[c]) / N_NAMES;
        sum += (1 - s) * (log(total) - (double)logits[p.label_ids[i]]) + s * mean;
    }
    assert_ok(hone_trainer_evaluate(t, &metrics));
    assert_true(hone_metrics_get(&metrics, "eval_loss", &loss));
    assert_true(fabs(loss - sum / (double)p.n_items) < 1e-5 * loss);
    hone_metrics_dispose(&metrics);
    hone_predictions_dispose(&p);
    hone_trainer_free(t);
    hone_examples_free(e);
    hone_dataset_free(d);
    hone_model_free(m);
}

/* A batch is all rows, in another order each time: the same tokens, so that nothing may ask for memory once every buffer is there. */
static void a_step_allocates_nothing(void **state)
{
    (void)state;
    hone_model *m = model();
    hone_dataset *d = rows(false);
    hone_examples *e = examples(d, 0, 0, true);
    hone_training_args a = quiet(8);
    hone_trainer *t;
    test_watch w = {.from = 50};
    hone_callback callback = test_watch_memory(&w);
    a.output_dir = test_temp("memory");
    a.per_device_train_batch_size = N_ROWS;
    a.max_steps = 400;
    a.logging_steps = 5000;
    a.save_strategy = HONE_STRATEGY_NO;
    assert_ok(hone_trainer_new(&t, m, &a, &(hone_trainer_options){.train_dataset = e, .callbacks = &callback, .n_callbacks = 1}));
    assert_ok(hone_trainer_train(t));
    assert_int_equal(w.most, 0);
    assert_true(TEST_SANITIZED || w.rss_late < w.rss_early + (1u << 20));
    hone_trainer_free(t);
    hone_examples_free(e);
    hone_dataset_free(d);
    hone_model_free(m);
}

static void metrics_are_known_before(void **state)
{
    (void)state;
    hone_model *m = model();
    hone_task plain, types, none;
    assert_ok(hone_token_classification_task(&plain, m, NULL));
    assert_ok(hone_token_classification_task(&types, m, &(hone_token_classification_options){.return_entity_level_metrics = true}));
    assert_true(plain.has_metric(plain.self, "f1") && plain.has_metric(plain.self, "accuracy"));
    assert_false(plain.has_metric(plain.self, "X_f1") || plain.has_metric(plain.self, "loss2"));
    assert_true(types.has_metric(types.self, "X_f1") && types.has_metric(types.self, "Y_number"));
    assert_false(types.has_metric(types.self, "Z_f1") || types.has_metric(types.self, "X_accuracy") || types.has_metric(types.self, "X"));
    hone_task_dispose(&plain);
    hone_task_dispose(&types);
    hone_task_dispose(&types); /* a second time is nothing */
    hone_model_free(m);
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = device();
    o.vocab_size = 57;
    o.config_overrides = "n_embd=8,n_layer=1,n_head=1,n_positions=16";
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    assert_fails(HONE_INVALID_ARGUMENT, "no head for token classification", hone_token_classification_task(&none, m, NULL));
    hone_training_args a = quiet(1);
    hone_trainer *t;
    hone_predictions p;
    hone_dataset *d = rows(false);
    hone_examples *e = examples(d, 16, 0, true);
    assert_ok(hone_trainer_new(&t, m, &a, NULL));
    assert_fails(HONE_UNSUPPORTED, "no classes", hone_trainer_predict(t, e, &p));
    hone_predictions_dispose(&p);
    hone_trainer_free(t);
    hone_examples_free(e);
    hone_dataset_free(d);
    hone_model_free(m);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_step_allocates_nothing),   cmocka_unit_test(rows_are_sentences),
    cmocka_unit_test(windows_are_merged),         cmocka_unit_test(predictions_are_the_model_s),
    cmocka_unit_test(predictions_without_labels), cmocka_unit_test(smoothing_is_its_definition),
    cmocka_unit_test(metrics_are_known_before),
};
TEST_MAIN(tests)
