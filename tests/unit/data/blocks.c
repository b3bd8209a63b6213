/* Blocks of tokens: order over many files and batches for any number of threads, the cache's key, limits and messages. The tokenizer is made on the spot. */
#include "support/support.h"

#include <hone/text.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static hone_tokenizer *tok;
static hone_blocks_options options;

/* A byte-level BPE with the letters of printable ASCII, space and newline, and three merges. */
static void write_tokenizer(hone_str *out)
{
    hone__str_puts(
        out,
        "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"id\":0,\"content\":\"<|endoftext|>\",\"single_"
        "word\":false,"
        "\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}],\"normalizer\":null,\"pre_tokenizer\":{\"type\":"
        "\"ByteLevel\","
        "\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true},\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\"},"
        "\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"
        "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":{\"<|endoftext|>\":0,\"\u0120\":1,\"\u010a\":2");
    for (char c = '!'; c <= '~'; c++)
        hone__str_printf(out, ",\"%s%c\":%d", c == '"' || c == '\\' ? "\\" : "", c, 3 + c - '!');
    hone__str_puts(out, ",\"th\":97,\"the\":98,\"\u0120the\":99},\"merges\":[[\"t\",\"h\"],[\"th\",\"e\"],[\"\u0120\",\"the\"]]}}");
}

static int setup(void **state)
{
    (void)state;
    hone_str json = HONE_STR_INIT;
    write_tokenizer(&json);
    assert_ok(hone_tokenizer_from_bytes(&tok, json.data, json.len));
    hone__str_dispose(&json);
    options = (hone_blocks_options)HONE_BLOCKS_OPTIONS_INIT;
    options.block_size = 8;
    options.cache_dir = test_temp("cache");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hone_tokenizer_free(tok);
    return 0;
}

/* Many documents of every length: several batches, several parts. */
static const char *write_corpus(void)
{
    const char *path = test_temp("corpus.txt");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 15000; i++) {
        for (int j = 0; j < i * 7 % 31; j++)
            fprintf(file, " %d the value", i * 31 + j);
        fputc('\n', file);
    }
    assert_int_equal(fclose(file), 0);
    return path;
}

/* What the blocks must be, by encoding one document after the other. */
static int32_t *expect(const char *path, const hone_text_options *text, size_t *n_blocks)
{
    hone_text_stream *s;
    hone_document doc;
    int32_t *kept = NULL;
    size_t n = 0, capacity = 0, block = (size_t)options.block_size;
    assert_ok(hone_text_open(&s, &path, 1, text));
    while (hone_text_next(s, &doc)) {
        hone_ids ids = HONE_IDS_INIT;
        assert_ok(hone_tokenizer_encode_ids(&ids, tok, (hone_text){doc.data, doc.len}, false));
        size_t take = options.concatenate ? ids.n : ids.n / block * block;
        assert_ok(HONE_GROW(&kept, &capacity, n + take + 1));
        if (take > 0)
            memcpy(kept + n, ids.data, take * sizeof(*kept));
        n += take;
        if (options.concatenate)
            kept[n++] = hone_tokenizer_special_id(tok, HONE_SPECIAL_EOS);
        hone_ids_dispose(&ids);
    }
    hone_text_free(s);
    *n_blocks = n / block;
    return kept;
}

static void order_for_any_threads(void **state)
{
    (void)state;
    const char *path = write_corpus();
    hone_text_options text = HONE_TEXT_OPTIONS_INIT;
    text.line_by_line = true;
    options.overwrite_cache = true;
    for (int round = 0; round < 4; round++) {
        hone_examples *e;
        hone_blocks_info info;
        size_t n_blocks;
        options.concatenate = round & 1;
        options.n_threads = 1 + 2 * (round >> 1);
        int32_t *expected = expect(path, &text, &n_blocks);
        assert_ok(hone_text_blocks(&e, &path, 1, &text, tok, &options, &info));
        assert_int_equal(hone_examples_count(e), n_blocks);
        assert_int_equal(info.n_blocks, n_blocks);
        assert_int_equal(info.text.n_documents, 15000);
        for (size_t i = 0; i < n_blocks; i++) {
            hone_example x;
            assert_ok(hone_examples_get(e, (int64_t)i, &x));
            assert_memory_equal(x.input_ids, expected + i * 8, 32);
        }
        hone_examples_free(e);
        hone__free(expected);
    }
    options.overwrite_cache = options.concatenate = false;
    options.n_threads = 0;
}

/* One file of a MB whose lines may be cut apart, one that is long and has no such place, and short ones between them. */
static const char *write_long_documents(void)
{
    static const char *const names[] = {"long/a.txt", "long/b.txt", "long/c.txt", "long/d.txt"};
    assert_ok(hone__make_dirs(test_temp("long")));
    for (int k = 0; k < 4; k++) {
        FILE *file = fopen(test_temp(names[k]), "wb");
        assert_non_null(file);
        for (int i = 0; i < (k == 0 ? 80000 : k == 2 ? 20000 : 7); i++)
            fprintf(file, k == 2 ? " the line %d\n" : i % 5 ? "the line %d\n" : "  then %d:\n\n", i);
        assert_int_equal(fclose(file), 0);
    }
    return test_temp("long");
}

static void long_documents_are_cut(void **state)
{
    (void)state;
    const char *path = write_long_documents();
    hone_text_options text = HONE_TEXT_OPTIONS_INIT;
    options.overwrite_cache = true;
    for (int round = 0; round < 12; round++) {
        hone_examples *e;
        hone_blocks_info info;
        size_t n_blocks;
        options.concatenate = round & 1;
        options.block_size = round & 2 ? 100003 : 8;
        options.n_threads = 1 + round / 4;
        int32_t *expected = expect(path, &text, &n_blocks);
        assert_true(n_blocks > 2);
        assert_ok(hone_text_blocks(&e, &path, 1, &text, tok, &options, &info));
        assert_int_equal(hone_examples_count(e), n_blocks);
        assert_int_equal(info.text.n_documents, 4);
        for (size_t i = 0; i < n_blocks; i++) {
            hone_example x;
            assert_ok(hone_examples_get(e, (int64_t)i, &x));
            assert_memory_equal(x.input_ids, expected + i * (size_t)options.block_size, (size_t)options.block_size * sizeof(int32_t));
        }
        hone_examples_free(e);
        hone__free(expected);
    }
    options.overwrite_cache = options.concatenate = false;
    options.n_threads = 0;
    options.block_size = 8;
}

static bool from_cache(const char *path, const hone_text_options *text)
{
    hone_examples *e;
    hone_blocks_info info;
    assert_ok(hone_text_blocks(&e, &path, 1, text, tok, &options, &info));
    hone_examples_free(e);
    return info.from_cache;
}

/* The cache knows content, tokenizer and options, not names and times. */
static void keys(void **state)
{
    (void)state;
    const char *path = test_temp("key.txt"), *moved = test_temp("moved.txt");
    hone_text_options lines = HONE_TEXT_OPTIONS_INIT;
    lines.line_by_line = true;
    test_write_text(path, "the value of the value is the value of the\nthe value of the value is the value of the\n");
    assert_false(from_cache(path, NULL));
    assert_true(from_cache(path, NULL));
    assert_int_equal(rename(path, moved), 0);
    assert_true(from_cache(moved, NULL));
    assert_false(from_cache(moved, &lines));
    options.block_size = 7;
    assert_false(from_cache(moved, NULL));
    options.block_size = 8;
    options.concatenate = true;
    assert_false(from_cache(moved, NULL));
    options.concatenate = false;
    options.max_examples = 1;
    assert_false(from_cache(moved, NULL));
    options.max_examples = -1;
    assert_true(from_cache(moved, NULL));
    options.overwrite_cache = true;
    assert_false(from_cache(moved, NULL));
    options.overwrite_cache = false;
    test_write_text(moved, "the value of the value is the value of the\nthe value of the value is the Value of the\n");
    assert_false(from_cache(moved, NULL));
}

static void damaged_cache_is_made_anew(void **state)
{
    (void)state;
    const char *path = test_temp("damaged.txt");
    hone_examples *e;
    hone_blocks_info info;
    size_t len;
    test_write_text(path, "a corpus that is long enough for a block of tokens, or for several of them");
    assert_false(from_cache(path, NULL));
    assert_ok(hone_text_blocks(&e, &path, 1, NULL, tok, &options, &info));
    assert_true(info.from_cache);
    hone_examples_free(e);
    char *bytes = test_read(info.cache_file, &len);
    test_write(info.cache_file, bytes, len - 9);
    assert_false(from_cache(path, NULL));
    assert_true(from_cache(path, NULL));
    hone__free(bytes);
}

static void limits(void **state)
{
    (void)state;
    const char *path = test_temp("short.txt"), *dash = "-";
    hone_examples *e;
    hone_blocks_info info;
    test_write_text(path, "short");
    assert_fails(HONE_NOT_FOUND, "no block of 8 tokens results: 1 documents have 5 tokens in all, the longest 5",
                 hone_text_blocks(&e, &path, 1, NULL, tok, &options, &info));
    assert_null(e);
    assert_non_null(strstr(hone_error_hint(), "--concatenate"));
    assert_fails(HONE_UNSUPPORTED, "standard input", hone_text_blocks(&e, &dash, 1, NULL, tok, &options, NULL));
    options.block_size = 0;
    assert_fails(HONE_INVALID_ARGUMENT, "--block_size 0", hone_text_blocks(&e, &path, 1, NULL, tok, &options, NULL));
    options.block_size = 8;
    test_write_text(path, "");
    assert_fails(HONE_NOT_FOUND, "short.txt: an empty file", hone_text_blocks(&e, &path, 1, NULL, tok, &options, NULL));
    options.max_examples = 2;
    path = write_corpus();
    assert_ok(hone_text_blocks(&e, &path, 1, NULL, tok, &options, &info));
    assert_int_equal(hone_examples_count(e), 2);
    options.max_examples = -1;
    hone_examples_free(e);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(order_for_any_threads, setup, teardown),
    cmocka_unit_test_setup_teardown(long_documents_are_cut, setup, teardown), cmocka_unit_test_setup_teardown(keys, setup, teardown),
    cmocka_unit_test_setup_teardown(damaged_cache_is_made_anew, setup, teardown), cmocka_unit_test_setup_teardown(limits, setup, teardown)};
TEST_MAIN(tests)
