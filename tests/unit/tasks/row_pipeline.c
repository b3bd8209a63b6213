/* The pipeline text-classification on a small model with a vocabulary of its own: functions, order of labels, inputs of every kind, long texts, what it refuses, and calls from several
 * threads. The reference's answers are held by tests/parity/row_pipeline.c. */
#include "support/support.h"

#include <hone/pipeline.h>

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

static const char *const labels[] = {"no", "so so", "yes", "so so", NULL}; /* two of one name stay two */
enum { N_LABELS = 4 };
static const char vocabulary[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nmy\nname\nis\nsyl\n##vain\nnew\nyork\n.\n,\n-\na\nb\nc\n##a\n##b\n##c\ne\n##e\n";

static void write_in(const char *folder, const char *name, const char *text)
{
    char path[4300];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    test_write_text(path, text);
}

/* A folder of a model of 16 positions and the tokenizer, whose limit is 12. */
static void make_folder(char *path, size_t size, const char *name, const char *more, const char *const *names)
{
    hone_model *model;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    char overrides[300];
    snprintf(path, size, "%s", test_temp(name));
    snprintf(overrides, sizeof(overrides),
             "hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=32,max_position_embeddings=16,vocab_size=23%s",
             more);
    o.labels = names;
    o.seed = 3;
    o.config_overrides = overrides;
    assert_ok(hone_model_from_config(&model, HONE_TEXT_CLASSIFICATION, "bert", &o));
    assert_ok(hone_model_save_pretrained(model, path));
    hone_model_free(model);
    write_in(path, "vocab.txt", vocabulary);
    write_in(path, "tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": true, \"model_max_length\": 12}");
}

static const char *folder(void)
{
    static char path[4096];
    if (!*path)
        make_folder(path, sizeof(path), "classifier", ",initializer_range=0.5", labels);
    return path;
}

static hone_pipeline *open_with(size_t top_k, hone_score_function function, hone_long_text long_text)
{
    hone_pipeline *p;
    hone_pipeline_options o = {.n_threads = 1, .top_k = top_k, .function_to_apply = function, .long_text = long_text};
    assert_ok(hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, folder(), &o));
    return p;
}

static hone_classification classify(hone_pipeline *p, const char *text, const char *pair)
{
    hone_classification found;
    assert_ok(hone_pipeline_classify(&found, p, HONE_TEXT(text), HONE_TEXT(pair)));
    return found;
}

/* ---- scores ---- */

/* By id, from the logits of NONE. */
static void logits_of(double *out, const char *text)
{
    hone_pipeline *p = open_with(HONE_TOP_K_ALL, HONE_SCORES_NONE, HONE_LONG_TEXT_WINDOWS);
    hone_classification found = classify(p, text, NULL);
    assert_int_equal(found.n_labels, N_LABELS);
    for (size_t i = 0; i < N_LABELS; i++)
        out[found.labels[i].id] = (double)found.labels[i].score;
    hone_classification_dispose(&found);
    hone_pipeline_free(p);
}

/* Every function follows from the logits; labels fall; top_k cuts, and is at most all. */
static void functions(void **state)
{
    (void)state;
    static const size_t ks[] = {0, 1, 2, 4, 100, HONE_TOP_K_ALL};
    double logits[N_LABELS], total = 0;
    logits_of(logits, "my name is");
    for (int i = 0; i < N_LABELS; i++)
        total += exp(logits[i]);
    for (int f = HONE_SCORES_DEFAULT; f <= HONE_SCORES_NONE; f++)
        for (size_t k = 0; k < sizeof(ks) / sizeof(*ks); k++) {
            hone_pipeline *p = open_with(ks[k], (hone_score_function)f, HONE_LONG_TEXT_WINDOWS);
            hone_classification found = classify(p, "my name is", NULL);
            size_t n = ks[k] == 0 ? 1 : ks[k] < N_LABELS ? ks[k] : N_LABELS;
            assert_int_equal(found.n_labels, n);
            for (size_t i = 0; i < n; i++) {
                const hone_label_score *l = &found.labels[i];
                double x = logits[l->id];
                double want = f == HONE_SCORES_NONE ? x : f == HONE_SCORES_SIGMOID ? 1 / (1 + exp(-x)) : exp(x) / total;
                assert_string_equal(l->label, labels[l->id]);
                assert_true(fabs((double)l->score - want) < 1e-6); /* float32 beside double, of numbers below 10 */
                assert_true(i == 0 || l->score <= found.labels[i - 1].score);
            }
            hone_classification_dispose(&found);
            hone_pipeline_free(p);
        }
}

/* All logits are equal: the labels keep their order. */
static void ties(void **state)
{
    (void)state;
    char path[4096];
    hone_pipeline *p;
    make_folder(path, sizeof(path), "ties", ",initializer_range=0", labels);
    assert_ok(hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, path, &(hone_pipeline_options){.n_threads = 1, .top_k = HONE_TOP_K_ALL}));
    hone_classification found = classify(p, "a", "b");
    for (size_t i = 0; i < N_LABELS; i++) {
        assert_int_equal(found.labels[i].id, i);
        assert_true(found.labels[i].score == 0.25f);
    }
    hone_classification_dispose(&found);
    hone_pipeline_free(p);
}

/* ---- inputs ---- */

/* An empty second text is none; a pair is not its two texts in one; words may be split already. */
static void pairs(void **state)
{
    (void)state;
    static const hone_text words[] = {{"my", 2}, {"name", 4}};
    hone_pipeline *p = open_with(HONE_TOP_K_ALL, HONE_SCORES_NONE, HONE_LONG_TEXT_WINDOWS);
    hone_encode_input inputs[] = {{.first.text = HONE_TEXT("my name")},
                                  {.first.text = HONE_TEXT("my name"), .second.text = HONE_TEXT("")},
                                  {.first = {.words = words, .n_words = 2}},
                                  {.first.text = HONE_TEXT("my"), .second.text = HONE_TEXT("name")},
                                  {.second.text = HONE_TEXT("name")}}; /* no first text at all: an empty one */
    hone_classification found[5];
    assert_ok(hone_pipeline_classify_batch(found, p, inputs, 5));
    for (size_t i = 1; i < 5; i++) {
        bool same = true;
        for (size_t k = 0; k < N_LABELS; k++)
            same &= found[i].labels[k].id == found[0].labels[k].id && fabsf(found[i].labels[k].score - found[0].labels[k].score) < 1e-5f;
        assert_true(same == (i < 3));
    }
    for (size_t i = 0; i < 5; i++)
        hone_classification_dispose(&found[i]);
    hone_pipeline_free(p);
}

static void inputs(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"\"my name\"", "[{\"label\": \""},
        {"{\"inputs\": \"my name\"}", "[{\"label\": \""},
        {"{\"text\": \"my name\"}", "{\"label\": \""},
        {"{\"text\": \"my name\", \"text_pair\": null}", "{\"label\": \""},
        {"{\"inputs\": {\"text\": \"my name\", \"text_pair\": \"a\"}}", "{\"label\": \""},
        {"{\"text\": \"my name\", \"text_pair\": \"a\", \"top_k\": 1}", "[{\"label\": \""},
        {"{\"inputs\": \"\"}", "[{\"label\": \""},
        {"{\"inputs\": \"\\u0000 \\u200b\"}", "[{\"label\": \""},
        {"{\"inputs\": \"a b c a b c a b c a b c a b\"}", "[{\"label\": \""}, /* 16 tokens fit, though the tokenizer names 12 */
        {"{\"inputs\": \"a b c a b c a b c a b c a b c\"}", "{\"error\": \"the text has 17 tokens, the model takes 16"},
        {"{\"inputs\": 3}", "{\"error\": \"an input must be"},
        {"{\"inputs\": [\"a\", \"b\"]}", "{\"error\": \"an input must be"},
        {"{\"text_pair\": \"a\"}", "{\"error\": \"an input must be"},
        {"{\"text\": \"a\", \"text_pair\": [\"b\"]}", "{\"error\": \"an input must be"},
        {"{\"inputs\": \"a\", \"top_k\": -1}", "{\"error\": \"\\\"top_k\\\" must be"},
        {"{\"inputs\": \"a\", \"top_k\": \"all\"}", "{\"error\": \"\\\"top_k\\\" must be"},
        {"{\"inputs\": \"a\", \"top_k\": 1.5}", "{\"error\": \"\\\"top_k\\\" must be"},
        {"3", "{\"error\": \"an input must be"},
        {"[]", "{\"error\": \"an input must be"},
        {"{}", "{\"error\": \"an input must be"},
        {"", "{\"error\": "},
        {"{\"inputs\": \"my", "{\"error\": "},
        {"{\"inputs\": \"\xFF\"}", "{\"error\": "},
    };
    enum { N = sizeof(lines) / sizeof(*lines), N_GOOD = 9 };
    hone_pipeline *p = open_with(0, HONE_SCORES_DEFAULT, HONE_LONG_TEXT_WINDOWS);
    hone_text texts[N];
    char *answers[N];
    size_t n_errors;
    for (size_t i = 0; i < N; i++)
        texts[i] = HONE_TEXT(lines[i][0]);
    assert_ok(hone_pipeline_run_json(answers, &n_errors, p, texts, N));
    assert_int_equal(n_errors, N - N_GOOD);
    for (size_t i = 0; i < N; i++) {
        if (strncmp(answers[i], lines[i][1], strlen(lines[i][1])) != 0)
            fail_msg("%s: %s", lines[i][0], answers[i]);
        hone_pipeline_free_text(answers[i]);
    }
    hone_classification found[2];
    hone_encode_input bad[2] = {{.first.text = HONE_TEXT("my")}, {.first.text = HONE_TEXT("a"), .second.text = {"a\xC3", 2}}};
    assert_fails(HONE_INVALID_ARGUMENT, "input 2: the text is not UTF-8: byte 0xC3 at offset 1",
                 hone_pipeline_classify_batch(found, p, bad, 2));
    assert_null(found[0].labels);
    assert_ok(hone_pipeline_classify_batch(found, p, bad, 0));
    assert_fails(HONE_INVALID_ARGUMENT, "not UTF-8", hone_pipeline_run_pair(answers, p, HONE_TEXT("a"), bad[1].second.text));
    assert_null(answers[0]);
    hone_pipeline_free(p);
}

/* What is cut counts as its beginning: 12 tokens, as the tokenizer names them. Of a pair the longer text gives way. */
static void long_texts(void **state)
{
    (void)state;
    static const char ten[] = "a b c a b c a b c a", more[] = "a b c a b c a b c a b c a b c a b c a b c";
    hone_pipeline *p = open_with(HONE_TOP_K_ALL, HONE_SCORES_NONE, HONE_LONG_TEXT_TRUNCATE);
    const char *const texts[][4] = {
        {ten, NULL, more, NULL}, {"a b c a b", "b c b c", more, "b c b c"}, {"b c", "a b c a b c a", "b c", more}};
    for (size_t i = 0; i < 3; i++) {
        hone_classification a = classify(p, texts[i][0], texts[i][1]), b = classify(p, texts[i][2], texts[i][3]);
        for (size_t k = 0; k < N_LABELS; k++) {
            assert_int_equal(a.labels[k].id, b.labels[k].id);
            assert_true(a.labels[k].score == b.labels[k].score);
        }
        hone_classification_dispose(&a);
        hone_classification_dispose(&b);
    }
    hone_pipeline_free(p);
}

/* What the whole batch cannot compute is computed one by one: here a second text for a model of one type. */
static void one_by_one(void **state)
{
    (void)state;
    char path[4096];
    hone_pipeline *p;
    char *answers[3];
    size_t n_errors;
    hone_text texts[] = {HONE_TEXT("\"my\""), HONE_TEXT("{\"text\": \"my\", \"text_pair\": \"name\"}"), HONE_TEXT("\"name\"")};
    make_folder(path, sizeof(path), "untyped", ",type_vocab_size=1", labels);
    assert_ok(hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, path, &(hone_pipeline_options){.n_threads = 1}));
    assert_ok(hone_pipeline_run_json(answers, &n_errors, p, texts, 3));
    assert_int_equal(n_errors, 1);
    assert_int_equal(strncmp(answers[0], "[{\"label\"", 9), 0);
    assert_non_null(strstr(answers[1], "type_vocab_size"));
    assert_int_equal(strncmp(answers[2], "[{\"label\"", 9), 0);
    for (size_t i = 0; i < 3; i++)
        hone_pipeline_free_text(answers[i]);
    hone_pipeline_free(p);
}

static void refused(void **state)
{
    (void)state;
    char path[4096];
    hone_pipeline *p;
    hone_entities entities;
    hone_pipeline_options o = {.n_threads = 1, .long_text = HONE_LONG_TEXT_STRIDE};
    assert_fails(HONE_INVALID_ARGUMENT, "a stride is for token classification",
                 hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, folder(), &o));
    assert_null(p);
    o.long_text = HONE_LONG_TEXT_WINDOWS;
    o.function_to_apply = (hone_score_function)9;
    assert_fails(HONE_INVALID_ARGUMENT, "no function of number 9", hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, folder(), &o));
    make_folder(path, sizeof(path), "short", "", labels);
    write_in(path, "tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", \"model_max_length\": 3}");
    o = (hone_pipeline_options){.n_threads = 1, .long_text = HONE_LONG_TEXT_TRUNCATE};
    assert_fails(HONE_INVALID_ARGUMENT, "of which 3 are special", hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, path, &o));
    char more[sizeof(vocabulary) + 16]; /* a word that the model has no embedding for */
    snprintf(more, sizeof(more), "%sbrooklyn\n", vocabulary);
    write_in(path, "vocab.txt", more);
    o.long_text = HONE_LONG_TEXT_WINDOWS;
    hone_classification found;
    assert_ok(hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, path, &o));
    assert_fails(HONE_INVALID_ARGUMENT, "token \"brooklyn\" has id 23",
                 hone_pipeline_classify(&found, p, HONE_TEXT("my"), HONE_TEXT("brooklyn")));
    assert_null(found.labels);
    assert_fails(HONE_INVALID_ARGUMENT, "this one is for text-classification", hone_pipeline_entities(&entities, p, HONE_TEXT("my")));
    hone_pipeline_free(p);
    assert_fails(HONE_NOT_FOUND, "absent", hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, test_temp("absent"), &o));
}

/* ---- threads ---- */

enum { N_THREADS = 4, N_CALLS = 50 };
static const char *const said[N_THREADS][2] = {{"My name is Sylvain", NULL}, {"new york", "a b c"}, {"abc abc.", NULL}, {"is", "name"}};

typedef struct caller {
    pthread_t thread;
    hone_pipeline *pipeline;
    const char *const *texts;
    hone_classification expected;
    int n_wrong;
} caller;

static void *call(void *payload)
{
    caller *c = payload;
    for (int i = 0; i < N_CALLS; i++) {
        hone_classification found;
        if (hone_pipeline_classify(&found, c->pipeline, HONE_TEXT(c->texts[0]), HONE_TEXT(c->texts[1])) != HONE_OK ||
            found.labels[0].id != c->expected.labels[0].id || found.labels[0].score != c->expected.labels[0].score)
            c->n_wrong++;
        hone_classification_dispose(&found);
    }
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    caller callers[N_THREADS];
    hone_pipeline *p = open_with(0, HONE_SCORES_DEFAULT, HONE_LONG_TEXT_WINDOWS);
    for (int i = 0; i < N_THREADS; i++)
        callers[i] = (caller){.pipeline = p, .texts = said[i], .expected = classify(p, said[i][0], said[i][1])};
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].n_wrong, 0);
        hone_classification_dispose(&callers[i].expected);
    }
    hone_pipeline_free(p);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(functions), cmocka_unit_test(ties),       cmocka_unit_test(pairs),
                                          cmocka_unit_test(inputs),    cmocka_unit_test(long_texts), cmocka_unit_test(one_by_one),
                                          cmocka_unit_test(refused),   cmocka_unit_test(threads)};
TEST_MAIN(tests)
