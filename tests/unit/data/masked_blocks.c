/* Texts for masked language models: lines with their special tokens, joined into blocks or one each and cut, as run_mlm.py prepares them; from the cache too; every allocation
 * failing, up to a masked batch. What is expected is worked out by hand, line by line. */
#include "support/support.h"

#include <hone/masking.h>
#include <hone/text.h>

#include <sys/stat.h>

enum { CLS = 2, SEP = 3, A = 5, B = 6, C = 7 };

static hone_tokenizer *tok;
static char text_path[4096];
static const char *const paths[] = {text_path};

static int setup(void **state)
{
    char path[4096];
    (void)state;
    snprintf(path, sizeof(path), "%s", test_temp("tok"));
    assert_int_equal(mkdir(path, 0700), 0);
    strcat(path, "/vocab.txt");
    test_write_text(path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n");
    *strrchr(path, '/') = '\0';
    assert_ok(hone_tokenizer_from_pretrained(&tok, path));
    snprintf(text_path, sizeof(text_path), "%s", test_temp("lines.txt"));
    test_write_text(text_path, "a b c\r\n\n \t\na b c a b c a\nc"); /* a line that is too long, two blank ones, one without an end */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hone_tokenizer_free(tok);
    return 0;
}

static hone_status make(hone_examples **out, hone_blocks_options o, int64_t size, hone_blocks_info *info)
{
    hone_text_options text = HONE_TEXT_OPTIONS_INIT;
    text.line_by_line = true;
    o.block_size = size;
    o.special_tokens = true;
    o.n_threads = 1;
    o.cache_dir = test_temp("cache");
    return hone_text_blocks(out, paths, 1, &text, tok, &o, info);
}

static void assert_example(const hone_examples *e, int64_t i, const int32_t *ids, int32_t n)
{
    hone_example x;
    assert_ok(hone_examples_get(e, i, &x));
    assert_int_equal(x.n_tokens, n);
    assert_int_equal(hone_examples_length(e, i), n);
    assert_memory_equal(x.input_ids, ids, (size_t)n * sizeof(*ids));
}

static void joined(void **state)
{
    static const int32_t all[] = {CLS, A, B, C, SEP, CLS, SEP, CLS, SEP, CLS, A, B, C, A, B, C, A, SEP, CLS, C, SEP};
    hone_blocks_options o = HONE_BLOCKS_OPTIONS_INIT;
    (void)state;
    for (int round = 0; round < 2; round++) {
        hone_examples *e;
        hone_blocks_info info;
        assert_ok(make(&e, o, 6, &info));
        assert_int_equal(hone_examples_count(e), 3);
        for (int i = 0; i < 3; i++)
            assert_example(e, i, all + 6 * i, 6);
        assert_int_equal(info.n_tokens, 21);
        assert_int_equal(info.n_dropped_tokens, 3);
        assert_int_equal(info.from_cache, round);
        hone_examples_free(e);
    }
}

static void one_each(void **state)
{
    static const int32_t first[] = {CLS, A, B, C, SEP}, cut[] = {CLS, A, B, C, A, SEP}, last[] = {CLS, C, SEP};
    hone_blocks_options o = HONE_BLOCKS_OPTIONS_INIT;
    hone_examples *e;
    hone_blocks_info info;
    (void)state;
    o.one_each = true;
    for (int round = 0; round < 2; round++) {
        assert_ok(make(&e, o, 6, &info));
        assert_int_equal(hone_examples_count(e), 3);
        assert_example(e, 0, first, 5);
        assert_example(e, 1, cut, 6);
        assert_example(e, 2, last, 3);
        assert_int_equal(info.from_cache, round);
        assert_int_equal(info.n_blocks, 3);
        hone_examples_free(e);
    }
    o.max_examples = 2;
    assert_ok(make(&e, o, 6, &info));
    assert_int_equal(hone_examples_count(e), 2);
    assert_example(e, 1, cut, 6);
    hone_examples_free(e);
    assert_fails(HONE_INVALID_ARGUMENT, "no room for a text beside its 2 special tokens", make(&e, o, 2, &info));
    assert_null(e);
}

/* Texts to a masked batch. */
static hone_status use(void *payload)
{
    hone_blocks_options o = HONE_BLOCKS_OPTIONS_INIT;
    hone_masking_options masking = HONE_MASKING_OPTIONS_INIT;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    hone_examples *e = NULL;
    hone_masker *masker = NULL;
    hone_loader *loader = NULL;
    hone_batch batch;
    hone_status status = HONE_OK;
    o.overwrite_cache = true;
    o.one_each = *(bool *)payload;
    masking.whole_word_mask = o.one_each;
    HONE_GO(make(&e, o, 6, NULL));
    HONE_GO(hone_masker_new(&masker, tok, &masking));
    options.collator = hone_masker_collator(masker);
    HONE_GO(hone_loader_new(&loader, e, &options));
    while (hone_loader_next(loader, &batch))
        assert_non_null(batch.labels);
    HONE_GO(hone_loader_status(loader));
done:
    hone_loader_free(loader);
    hone_masker_free(masker);
    hone_examples_free(e);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    for (int each = 0; each < 2; each++) {
        bool payload = each;
        assert_ok(use(&payload)); /* what is made once stays */
        assert_true(test_oom(use, &payload) > 20);
    }
}

/* A collator that fails ends the epoch with its message. */
static hone_status refuse(void *self, hone_batch *batch, int32_t *input_ids, int32_t *labels)
{
    (void)self;
    (void)input_ids;
    (void)labels;
    return hone__fail(HONE_FORMAT, "a batch of %d rows is refused", batch->n_rows);
}

static void collator_fails(void **state)
{
    hone_blocks_options o = HONE_BLOCKS_OPTIONS_INIT;
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    hone_examples *e;
    hone_loader *loader;
    hone_batch batch;
    (void)state;
    assert_ok(make(&e, o, 6, NULL));
    options.collator.fn = refuse;
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_false(hone_loader_next(loader, &batch));
    assert_null(batch.input_ids);
    assert_fails(HONE_FORMAT, "a batch of 3 rows is refused", hone_loader_status(loader));
    assert_false(hone_loader_next(loader, &batch));
    hone_loader_free(loader);
    hone_examples_free(e);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(joined), cmocka_unit_test(one_each), cmocka_unit_test(out_of_memory),
                                          cmocka_unit_test(collator_fails)};

int main(void)
{
    return cmocka_run_group_tests(tests, setup, teardown);
}
