/* Lines of `hone tokenize` and the pipelines with every allocation failing in turn. */
#include "support/support.h"

#include <hone/pipeline.h>
#include <hone/tokenize.h>

#include <fcntl.h>
#include <unistd.h>

static char path[4096];

static hone_status forget(void *payload, const char *text, size_t len)
{
    (void)payload;
    (void)text;
    (void)len;
    return HONE_OK;
}

static hone_status use_lines(void *tokenizer)
{
    hone_tokenize_options options = HONE_TOKENIZE_OPTIONS_INIT;
    int in = open(path, O_RDONLY);
    options.n_threads = 1;
    hone_status status = hone_tokenize_lines(NULL, tokenizer, in, forget, NULL, &options);
    close(in);
    return status;
}

static void lines(void **state)
{
    (void)state;
    hone_tokenizer *tok;
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture("tok/gpt2")));
    snprintf(path, sizeof(path), "%s", test_temp("lines.jsonl"));
    test_write_text(path, "{\"text\": \"some text\"}\n{\"text\": [\"a\", \"b\"], \"max_length\": 1, \"stride\": 0}\nbad\n");
    assert_true(test_oom(use_lines, tok) > 10);
    hone_tokenizer_free(tok);
}

static hone_status use_pipeline(void *pipeline)
{
    hone_text inputs[] = {HONE_TEXT("{\"inputs\": \"some text\"}"), HONE_TEXT("{\"prompt_ids\": [5, 6]}"), HONE_TEXT("bad")};
    char *answers[3];
    size_t n_errors;
    hone_status status = hone_pipeline_run_json(answers, &n_errors, pipeline, inputs, 3);
    for (size_t i = 0; i < 3; i++)
        hone_pipeline_free_text(answers[i]);
    return status;
}

static void generation(void **state)
{
    (void)state;
    hone_pipeline *p;
    hone_pipeline_options o = HONE_PIPELINE_OPTIONS_INIT;
    o.n_threads = 1;
    o.generate.max_new_tokens = 2;
    assert_ok(hone_pipeline_new(&p, HONE_CAUSAL_LM, test_fixture("task/generation"), &o));
    assert_true(test_oom(use_pipeline, p) > 10);
    hone_pipeline_free(p);
}

/* ---- token classification ---- */

static hone_status use_tagger(void *pipeline)
{
    hone_text inputs[] = {HONE_TEXT("{\"inputs\": \"My name is Sylvain\"}"), HONE_TEXT("{\"tokens\": [\"a\", \"b\"]}"), HONE_TEXT("bad")};
    char *answers[3];
    size_t n_errors;
    hone_status status = hone_pipeline_run_json(answers, &n_errors, pipeline, inputs, 3);
    for (size_t i = 0; i < 3; i++)
        hone_pipeline_free_text(answers[i]);
    return status;
}

static hone_status use_entities(void *pipeline)
{
    hone_entities found[2];
    hone_text words[] = {HONE_TEXT("Hugging"), HONE_TEXT("Face")};
    hone_sequence inputs[] = {{.text = HONE_TEXT("My name is Sylvain")}, {.words = words, .n_words = 2}};
    hone_status status = hone_pipeline_entities_batch(found, pipeline, inputs, 2);
    for (size_t i = 0; i < 2; i++)
        hone_entities_dispose(&found[i]);
    return status;
}

static hone_status open_tagger(void *folder)
{
    hone_pipeline *p;
    hone_pipeline_options o = {.n_threads = 1, .aggregation_strategy = HONE_AGGREGATE_AVERAGE};
    hone_status status = hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder, &o);
    hone_pipeline_free(p);
    return status;
}

static void entities(void **state)
{
    (void)state;
    static char folder[4096];
    snprintf(folder, sizeof(folder), "%s", test_fixture("task/pipelines/token-classification"));
    assert_true(test_oom(open_tagger, folder) > 10);
    for (int s = 0; s <= HONE_AGGREGATE_WORD; s++) {
        hone_pipeline *p;
        hone_pipeline_options o = {.n_threads = 1, .aggregation_strategy = (hone_aggregation)s};
        assert_ok(hone_pipeline_new(&p, HONE_TOKEN_CLASSIFICATION, folder, &o));
        for (int warm = 0; warm < 2; warm++) { /* what a pipeline keeps between calls is no leak */
            assert_ok(use_tagger(p));
            assert_ok(use_entities(p));
        }
        assert_true(test_oom(use_tagger, p) > 10);
        assert_true(test_oom(use_entities, p) > 10);
        hone_pipeline_free(p);
    }
}

/* ---- text classification ---- */

static hone_status use_classifier(void *pipeline)
{
    hone_text inputs[] = {HONE_TEXT("{\"inputs\": \"My name is Sylvain\"}"), HONE_TEXT("{\"text\": \"a\", \"text_pair\": \"b\"}"),
                          HONE_TEXT("bad"), HONE_TEXT("3")};
    char *answers[4];
    size_t n_errors;
    hone_status status = hone_pipeline_run_json(answers, &n_errors, pipeline, inputs, 4);
    for (size_t i = 0; i < 4; i++)
        hone_pipeline_free_text(answers[i]);
    return status;
}

static hone_status use_pair(void *pipeline)
{
    char *answer;
    hone_status status = hone_pipeline_run_pair(&answer, pipeline, HONE_TEXT("a"), HONE_TEXT("b"));
    hone_pipeline_free_text(answer);
    return status;
}

static hone_status use_labels(void *pipeline)
{
    hone_classification found[2];
    hone_text words[] = {HONE_TEXT("Hugging"), HONE_TEXT("Face")};
    hone_encode_input inputs[] = {{.first.text = HONE_TEXT("My name"), .second.text = HONE_TEXT("is Sylvain")},
                                  {.first = {.words = words, .n_words = 2}}};
    hone_status status = hone_pipeline_classify_batch(found, pipeline, inputs, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(status == HONE_OK || !found[i].labels);
        hone_classification_dispose(&found[i]);
    }
    return status;
}

static hone_status open_classifier(void *folder)
{
    hone_pipeline *p;
    hone_status status = hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, folder, &(hone_pipeline_options){.n_threads = 1});
    hone_pipeline_free(p);
    return status;
}

static void classifications(void **state)
{
    (void)state;
    static char folder[4096];
    hone_pipeline *p;
    hone_pipeline_options o = {.n_threads = 1, .top_k = HONE_TOP_K_ALL};
    snprintf(folder, sizeof(folder), "%s", test_fixture("task/pipelines/text-classification"));
    assert_true(test_oom(open_classifier, folder) > 10);
    assert_ok(hone_pipeline_new(&p, HONE_TEXT_CLASSIFICATION, folder, &o));
    for (int warm = 0; warm < 2; warm++) { /* what a pipeline keeps between calls is no leak */
        assert_ok(use_classifier(p));
        assert_ok(use_labels(p));
    }
    assert_true(test_oom(use_classifier, p) > 10);
    assert_true(test_oom(use_pair, p) > 5);
    assert_true(test_oom(use_labels, p) > 5);
    hone_pipeline_free(p);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(generation), cmocka_unit_test(entities),
                                          cmocka_unit_test(classifications)};
TEST_MAIN(tests)
