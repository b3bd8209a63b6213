/* Texts, keywords, blocks, loaders and labelled data sets with every allocation failing in turn: an out of memory that leaves nothing behind. */
#include "support/support.h"

#include <hone/dataset.h>
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

/* ---- labelled data ---- */

typedef struct labelled {
    char path[4096];
    const hone_tokenizer *tokenizer; /* NULL: the data set only */
    const char *const *labels;
} labelled;

static hone_status use_dataset(void *payload)
{
    const labelled *l = payload;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    hone_token_examples_options t = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_dataset *d = NULL;
    hone_examples *e = NULL;
    char *row = NULL, *info = NULL;
    hone_status status = HONE_OK;
    o.labels = l->labels;
    t.n_threads = 1;
    t.max_length = 6;
    t.windows = true;
    HONE_GO(hone_dataset_load(&d, (const char *[]){l->path}, 1, &o));
    HONE_GO(hone_dataset_row_to_json(&row, d, 0, true));
    HONE_GO(hone_dataset_info_to_json(&info, d));
    if (l->tokenizer)
        HONE_GO(hone_token_examples(&e, d, l->tokenizer, &t));
done:
    hone_examples_free(e);
    hone_dataset_free_json(row);
    hone_dataset_free_json(info);
    hone_dataset_free(d);
    return status;
}

static void sweep_dataset(void **state)
{
    static const char *const names[] = {"O", "B-X", "I-X", NULL};
    static const struct {
        const char *name, *text;
        bool named;
    } files[] = {
        {"a.conll", "-DOCSTART- -X- O O\n\na NN I-NP I-X\nbc NN B-NP B-X\n\nd NN I-NP I-Y\n", false},
        {"a.jsonl", "{\"tokens\": [\"a\\u00e9\", \"b\"], \"ner_tags\": [1, 2], \"x\": 1.5, \"y\": 2, \"drop\": {}}\n", true},
        {"ids.jsonl", "{\"tokens\": [\"a\", \"b\"], \"ner_tags\": [1, 2]}\n", false},
        {"a.csv", "sentence_id,Word,Tag\n1,\"a\"\"b\",B-X\n,c,O\n", false},
        {"b.csv", "tokens,ner_tags\n\"['a\\'b', 'c']\",O B-X\n", false},
        {"a.tsv", "a\tx\nb\ty\n", false},
    };
    labelled l = {.tokenizer = NULL};
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        snprintf(l.path, sizeof(l.path), "%s", test_temp(files[i].name));
        l.labels = files[i].named ? names : NULL;
        test_write_text(l.path, files[i].text);
        assert_true(test_oom(use_dataset, &l) > 20);
    }
}

static void sweep_token_examples(void **state)
{
    labelled l = {.labels = NULL};
    hone_tokenizer *tok;
    (void)state;
    snprintf(l.path, sizeof(l.path), "%s", test_temp("b.conll"));
    test_write_text(l.path, "some B-X\nunbelievable I-X\nwords O\n\nof O\n");
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture("tok/bert-cased")));
    l.tokenizer = tok;
    assert_ok(use_dataset(&l));
    assert_true(test_oom(use_dataset, &l) > 30);
    hone_tokenizer_free(tok);
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

static const struct CMUnitTest tests[] = {cmocka_unit_test_setup(sweep, write_lines), cmocka_unit_test_setup(sweep_blocks, write_lines),
                                          cmocka_unit_test(sweep_dataset), cmocka_unit_test(sweep_token_examples)};
TEST_MAIN(tests)
