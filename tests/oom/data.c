/* Texts, keywords, blocks and loaders with every allocation failing in turn: an out of memory that leaves nothing behind. */
#include "support/support.h"

#include <hone/text.h>

static char path[4096];
static const char *const paths[] = {path};

static hone_status keep(void *payload, const hone_document *doc)
{
    char *json;
    size_t len;
    (void)payload;
    HONE_TRY(hone_document_to_json(&json, &len, doc, NULL));
    hone_text_free_json(json);
    return HONE_OK;
}

static hone_status use_filter(void *payload)
{
    hone_text_stream *s = NULL;
    hone_keywords *k = NULL;
    hone_status status = HONE_OK;
    (void)payload;
    HONE_GO(hone_keywords_new(&k, (const char *[]){"value", "other"}, 2));
    HONE_GO(hone_text_open(&s, paths, 1, NULL));
    HONE_GO(hone_text_filter(NULL, s, k, keep, NULL));
done:
    hone_text_free(s);
    hone_keywords_free(k);
    return status;
}

static hone_status toy_get(void *self, int64_t i, hone_example *out)
{
    static const int32_t ids[] = {1, 2, 3, 4};
    (void)self;
    out->n_tokens = (int32_t)(1 + i % 4);
    out->input_ids = ids;
    return HONE_OK;
}

static int32_t toy_length(void *self, int64_t i)
{
    (void)self;
    return (int32_t)(1 + i % 4);
}

static hone_status use_loader(void *payload)
{
    static const hone_examples_ops ops = {toy_get, toy_length, hone__free};
    hone_examples *e = NULL, *train = NULL, *valid = NULL;
    hone_loader *loader = NULL;
    hone_batch batch;
    char *self = NULL;
    hone_status status = HONE_OK;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    (void)payload;
    options.shuffle = true;
    HONE_GO(HONE_NEW(&self, 1));
    HONE_GO(hone_examples_new(&e, &ops, self, 30));
    HONE_GO(hone_examples_split(&train, &valid, e, 10));
    HONE_GO(hone_loader_new(&loader, train, &options));
    while (hone_loader_next(loader, &batch))
        continue;
    HONE_GO(hone_loader_status(loader));
done:
    hone_loader_free(loader);
    hone_examples_free(train);
    hone_examples_free(valid);
    hone_examples_free(e);
    return status;
}

static hone_status use_blocks(void *tokenizer)
{
    hone_examples *e = NULL;
    hone_blocks_options options = HONE_BLOCKS_OPTIONS_INIT;
    options.block_size = 4;
    options.n_threads = 1;
    options.overwrite_cache = true;
    options.cache_dir = test_temp("cache");
    hone_status status = hone_text_blocks(&e, paths, 1, NULL, tokenizer, &options, NULL);
    hone_examples_free(e);
    return status;
}

static int write_lines(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "%s", test_temp("lines.jsonl"));
    test_write_text(
        path,
        "{\"content\": \"a\\nvalue of some length\"}\n{\"content\": \"another\\n one\"}\n{\"broken\n{\"content\": \"an other text\"}\n");
    return 0;
}

static void sweep(void **state)
{
    (void)state;
    assert_true(test_oom(use_filter, NULL) > 5);
    assert_true(test_oom(use_loader, NULL) > 5);
}

static void sweep_blocks(void **state)
{
    (void)state;
    hone_tokenizer *tok;
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture("tok/gpt2")));
    assert_true(test_oom(use_blocks, tok) > 10);
    hone_tokenizer_free(tok);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test_setup(sweep, write_lines), cmocka_unit_test_setup(sweep_blocks, write_lines)};
TEST_MAIN(tests)
