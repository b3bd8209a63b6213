/* The pipeline token-classification on a small model with a vocabulary of its own: words, windows, inputs of every kind, what it refuses, and calls from several threads. The
 * reference's strategies are held by tests/parity/token_pipeline.c. */
#include "support/support.h"

#include <hone/log.h>
#include <hone/pipeline.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *const labels[] = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC", NULL};
static const char *const everything[] = {"", NULL};
static const char vocabulary[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nmy\nname\nis\nsyl\n##vain\nnew\nyork\n.\n,\n-\na\nb\nc\n##a\n##b\n##c\ne\n##e\n";

/* A folder of a model of 16 positions and the tokenizer. */
static const char *folder(void)
{
    static char path[4096];
    hone_model *model;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    if (*path)
        return path;
    snprintf(path, sizeof(path), "%s", test_temp("tagger"));
    o.labels = labels;
    o.seed = 3;
    o.config_overrides = "hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=32,max_position_embeddings=16,"
                         "vocab_size=23,initializer_range=0.5";
    assert_ok(hone_model_from_config(&model, HONE_TOKEN_CLASSIFICATION, "bert", &o));
    assert_ok(hone_model_save_pretrained(model, path));
    hone_model_free(model);
    char file[4200];
    snprintf(file, sizeof(file), "%s/vocab.txt", path);
    test_write_text(file, vocabulary);
    snprintf(file, sizeof(file), "%s/tokenizer_config.json", path);
    test_write_text(file, "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": true, \"model_max_length\": 512}");
    return path;
}

static hone_pipeline *open_with(hone_aggregation strategy, const char *const *ignore, hone_long_text long_text, size_t stride)
{
    hone_pipeline *p;
    hone_pipeline_options o = {
        .n_threads = 1, .aggregation_strategy = strategy, .ignore_labels = ignore, .long_text = long_text, .stride = stride};
    assert_ok(hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder(), &o));
    return p;
}

static hone_entities find(hone_pipeline *p, const char *text)
{
    hone_entities found;
    assert_ok(hone_pipeline_entities(&found, p, HONE_TEXT(text)));
    return found;
}

/* The strategy `word`: entities begin and end with words, their text is the text's own, whatever normalisation did to lengths. */
static void words(void **state)
{
    (void)state;
    static const char text[] = "My name is Sylvain, new-york  \xEA\xB0\x81 E\xCC\x81"
                               "A abc.";
    hone_pipeline *p = open_with(HONE_AGGREGATE_WORD, everything, HONE_LONG_TEXT_WINDOWS, 0);
    hone_entities found = find(p, text);
    size_t at = 0;
    assert_true(found.n_entities > 0);
    for (size_t i = 0; i < found.n_entities; i++) {
        const hone_entity *e = &found.entities[i];
        assert_true(e->byte_start >= at && e->byte_end > e->byte_start && e->byte_end < sizeof(text));
        assert_int_equal(strlen(e->word), e->byte_end - e->byte_start);
        assert_memory_equal(e->word, text + e->byte_start, e->byte_end - e->byte_start);
        assert_null(e->entity);
        assert_int_equal(e->index, -1);
        for (size_t k = at; k < e->byte_start; k++)
            assert_true(text[k] == ' '); /* with nothing ignored only spaces are in no entity */
        at = e->byte_end;
    }
    assert_int_equal(at, sizeof(text) - 1);
    hone_entities_dispose(&found);
    hone_pipeline_free(p);
}

/* Words that were split already keep together, even where the tokenizer would split them further. */
static void split_words(void **state)
{
    (void)state;
    static const hone_text given[] = {{"new-york", 8}, {"", 0}, {"a.b.c", 5}, {"syl vain", 8}};
    hone_pipeline *p = open_with(HONE_AGGREGATE_WORD, everything, HONE_LONG_TEXT_WINDOWS, 0);
    hone_entities found;
    char *answer;
    size_t n_errors, end = 0;
    assert_ok(hone_pipeline_entities_batch(&found, p, &(hone_sequence){.words = given, .n_words = 4}, 1));
    for (size_t i = 0; i < found.n_entities; i++) {
        size_t start = found.entities[i].start;
        assert_true(start == 0 || start == 10 || start == 16); /* "new-york  a.b.c syl vain" */
        end = found.entities[i].end;
    }
    assert_int_equal(end, 24);
    hone_entities_dispose(&found);
    hone_text input = HONE_TEXT("{\"tokens\": [\"new-york\", \"\", \"a.b.c\"], \"delimiter\": \"\"}");
    assert_ok(hone_pipeline_run_json(&answer, &n_errors, p, &input, 1));
    assert_int_equal(n_errors, 0);
    assert_non_null(strstr(answer, "\"end\": 13}]"));
    hone_pipeline_free_text(answer);
    hone_pipeline_free(p);
}

/* "a b c …" of n words. */
static char *letters(size_t n)
{
    char *text = calloc(n + 1, 2);
    for (size_t i = 0; i < n; i++)
        text[2 * i] = "abc"[i * 7 % 3], text[2 * i + 1] = i + 1 < n ? ' ' : '\0';
    return text;
}

/* Windows: every token of a long text is there once, in its place, however long the text is; one that fits is the same in every mode. */
static void windows(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 13, 14, 15, 25, 26, 100, 5000}, strides[] = {0, 1, 2, 7, 13};
    for (size_t s = 0; s < 5; s++) {
        hone_pipeline *p = open_with(HONE_AGGREGATE_NONE, everything, HONE_LONG_TEXT_WINDOWS, strides[s]);
        for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
            char *text = letters(lengths[i]);
            hone_entities found = find(p, text);
            assert_int_equal(found.n_entities, lengths[i]);
            for (size_t k = 0; k < found.n_entities; k++) {
                assert_int_equal(found.entities[k].index, k + 1);
                assert_int_equal(found.entities[k].start, 2 * k);
            }
            hone_entities_dispose(&found);
            free(text);
        }
        hone_pipeline_free(p);
    }
}

static void same(const hone_entities *a, const hone_entities *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(a->entities[i].group, b->entities[i].group);
        assert_string_equal(a->entities[i].word, b->entities[i].word);
        assert_int_equal(a->entities[i].start, b->entities[i].start);
        assert_int_equal(a->entities[i].end, b->entities[i].end);
        /* batches of another size: products of another order */
        assert_true(a->entities[i].score - b->entities[i].score < 1e-5f && b->entities[i].score - a->entities[i].score < 1e-5f);
    }
}

static void modes(void **state)
{
    (void)state;
    char *fits = letters(14), *too_long = letters(60);
    hone_pipeline *windowed = open_with(HONE_AGGREGATE_SIMPLE, everything, HONE_LONG_TEXT_WINDOWS, 0);
    hone_pipeline *strided = open_with(HONE_AGGREGATE_SIMPLE, everything, HONE_LONG_TEXT_STRIDE, 4);
    hone_pipeline *cut = open_with(HONE_AGGREGATE_SIMPLE, everything, HONE_LONG_TEXT_TRUNCATE, 0);
    hone_entities a = find(windowed, fits), b = find(strided, fits), c = find(cut, fits), d = find(cut, too_long);
    assert_int_equal(a.n_entities, b.n_entities);
    assert_int_equal(a.n_entities, c.n_entities);
    same(&a, &b, a.n_entities);
    same(&a, &c, a.n_entities);
    same(&c, &d, c.n_entities);
    assert_int_equal(d.entities[d.n_entities - 1].end, 27); /* 14 letters and the spaces between */
    hone_entities_dispose(&a);
    hone_entities_dispose(&b);
    a = find(windowed, too_long);
    b = find(strided, too_long);
    assert_int_equal(a.entities[a.n_entities - 1].end, 119);
    assert_int_equal(b.entities[b.n_entities - 1].end, 119);
    for (size_t i = 1; i < b.n_entities; i++)
        assert_true(b.entities[i].start >= b.entities[i - 1].end);
    hone_entities *all[] = {&a, &b, &c, &d};
    for (size_t i = 0; i < 4; i++)
        hone_entities_dispose(all[i]);
    hone_pipeline_free(windowed);
    hone_pipeline_free(strided);
    hone_pipeline_free(cut);
    free(fits);
    free(too_long);
}

static void inputs(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"\"my name\"", "[{\"entity\": "},
        {"{\"inputs\": \"my name\"}", "[{\"entity\": "},
        {"{\"text\": \"my name\"}", "[{\"entity\": "},
        {"{\"tokens\": [\"my\", \"name\"]}", "[{\"entity\": "},
        {"[\"my\", \"name\"]", "[{\"entity\": "},
        {"{\"inputs\": \"\"}", "[]"},
        {"{\"tokens\": []}", "[]"},
        {"{\"inputs\": \"\\u0000 \\u200b\"}", "[]"},
        {"{\"inputs\": 3}", "{\"error\": \"an input must be"},
        {"{\"tokens\": [\"my\", 3]}", "{\"error\": \"word 2 of the input is no string"},
        {"{\"tokens\": [\"my\"], \"delimiter\": 1}", "{\"error\": \"\\\"delimiter\\\" must be a string"},
        {"3", "{\"error\": "},
        {"", "{\"error\": "},
        {"{\"inputs\": \"my", "{\"error\": "},
        {"{\"inputs\": \"\xFF\"}", "{\"error\": "},
    };
    enum { N = sizeof(lines) / sizeof(*lines) };
    hone_pipeline *p = open_with(HONE_AGGREGATE_NONE, everything, HONE_LONG_TEXT_WINDOWS, 0);
    hone_text texts[N];
    char *answers[N];
    size_t n_errors;
    for (size_t i = 0; i < N; i++)
        texts[i] = HONE_TEXT(lines[i][0]);
    assert_ok(hone_pipeline_run_json(answers, &n_errors, p, texts, N));
    assert_int_equal(n_errors, 7);
    for (size_t i = 0; i < N; i++) {
        if (strncmp(answers[i], lines[i][1], strlen(lines[i][1])) != 0)
            fail_msg("%s: %s", lines[i][0], answers[i]);
        if (i > 0 && i < 5)
            assert_string_equal(answers[i], answers[0]);
    }
    for (size_t i = 0; i < N; i++)
        hone_pipeline_free_text(answers[i]);
    hone_entities found[2];
    hone_sequence bad[2] = {{.text = HONE_TEXT("my")}, {.text = {"a\xC3", 2}}};
    assert_fails(HONE_INVALID_ARGUMENT, "input 2: the text is not UTF-8: byte 0xC3 at offset 1",
                 hone_pipeline_entities_batch(found, p, bad, 2));
    assert_null(found[0].entities);
    assert_fails(HONE_INVALID_ARGUMENT, "not UTF-8", hone_pipeline_entities(found, p, bad[1].text));
    assert_ok(hone_pipeline_entities_batch(found, p, bad, 0));
    hone_pipeline_free(p);
}

static void refused(void **state)
{
    (void)state;
    hone_pipeline *p;
    hone_pipeline_options o = {.n_threads = 1, .long_text = HONE_LONG_TEXT_STRIDE, .stride = 2};
    assert_fails(HONE_INVALID_ARGUMENT, "a stride needs an aggregation strategy",
                 hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder(), &o));
    assert_null(p);
    o.aggregation_strategy = HONE_AGGREGATE_SIMPLE;
    o.stride = 14;
    assert_fails(HONE_INVALID_ARGUMENT, "a window holds 14 tokens", hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder(), &o));
    o.aggregation_strategy = (hone_aggregation)9;
    assert_fails(HONE_INVALID_ARGUMENT, "aggregation strategy", hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder(), &o));
    char path[4200], moved[4200];
    snprintf(path, sizeof(path), "%s/vocab.txt", folder());
    snprintf(moved, sizeof(moved), "%s", test_temp("vocab.txt"));
    assert_int_equal(rename(path, moved), 0);
    assert_fails(HONE_NOT_FOUND, "tokenizer.json", hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder(), NULL));
    assert_null(p);
    char more[sizeof(vocabulary) + 16]; /* a word that the model has no embedding for */
    snprintf(more, sizeof(more), "%sbrooklyn\n", vocabulary);
    test_write_text(path, more);
    assert_ok(hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder(), &(hone_pipeline_options){.n_threads = 1}));
    hone_entities found;
    assert_fails(HONE_INVALID_ARGUMENT, "token \"brooklyn\" has id 23", hone_pipeline_entities(&found, p, HONE_TEXT("my brooklyn")));
    assert_ok(hone_pipeline_entities(&found, p, HONE_TEXT("my name")));
    hone_entities_dispose(&found);
    hone_pipeline_free(p);
    assert_int_equal(rename(moved, path), 0);
}

/* ---- threads ---- */

enum { N_THREADS = 4, N_CALLS = 50 };
static const char *const texts[N_THREADS] = {"My name is Sylvain", "new york , a b c", "abc abc.", "is is is name"};

typedef struct caller {
    pthread_t thread;
    hone_pipeline *pipeline;
    const char *text;
    char *expected;
    int n_wrong;
} caller;

static void *call(void *payload)
{
    caller *c = payload;
    for (int i = 0; i < N_CALLS; i++) {
        char *answer = NULL;
        if (hone_pipeline_run(&answer, c->pipeline, HONE_TEXT(c->text)) != HONE_OK || strcmp(answer, c->expected) != 0)
            c->n_wrong++;
        hone_pipeline_free_text(answer);
    }
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    caller callers[N_THREADS];
    hone_pipeline *p = open_with(HONE_AGGREGATE_FIRST, everything, HONE_LONG_TEXT_WINDOWS, 0);
    for (int i = 0; i < N_THREADS; i++) {
        callers[i] = (caller){.pipeline = p, .text = texts[i]};
        assert_ok(hone_pipeline_run(&callers[i].expected, p, HONE_TEXT(texts[i])));
    }
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].n_wrong, 0);
        hone_pipeline_free_text(callers[i].expected);
    }
    hone_pipeline_free(p);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(words),  cmocka_unit_test(split_words), cmocka_unit_test(windows),
                                          cmocka_unit_test(modes),  cmocka_unit_test(inputs),      cmocka_unit_test(refused),
                                          cmocka_unit_test(threads)};
TEST_MAIN(tests)
