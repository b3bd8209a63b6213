/* Fixture task/chunks.json: the course's windows of 128 tokens with every document's tail dropped, and documents joined with end-of-text after each; for any
 * number of threads, from the cache or not. The texts are tokenized by fixture tok/gpt2's tokenizer. */
#include "support/support.h"

#include <hone/text.h>

#include <stdlib.h>

/* The fixture's texts as JSON lines. */
static const char *write_texts(const json_t *texts)
{
    hone_str lines = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&lines, 0);
    const char *path = test_temp("texts.jsonl");
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        w = hone__json_writer(&lines, 0);
        hone__jw_object(&w);
        hone__jw_key(&w, "content");
        hone__jw_json(&w, text);
        hone__jw_end_object(&w);
        hone__str_putc(&lines, '\n');
    }
    assert_ok(hone__str_status(&lines));
    test_write(path, lines.data, lines.len);
    hone__str_dispose(&lines);
    return path;
}

static void assert_blocks(const hone_examples *e, const json_t *expected)
{
    assert_int_equal(hone_examples_count(e), json_array_size(expected));
    for (size_t i = 0; i < json_array_size(expected); i++) {
        const json_t *block = json_array_get(expected, i);
        hone_example x;
        assert_ok(hone_examples_get(e, (int64_t)i, &x));
        assert_int_equal(x.n_tokens, json_array_size(block));
        for (int32_t j = 0; j < x.n_tokens; j++)
            if (x.input_ids[j] != json_integer_value(json_array_get(block, (size_t)j)))
                fail_msg("block %zu, token %d: %d instead of %lld", i, j, x.input_ids[j],
                         (long long)json_integer_value(json_array_get(block, (size_t)j)));
    }
}

static void chunks(void **state)
{
    (void)state;
    json_t *fixture = test_read_json(test_fixture("task/chunks.json"));
    const char *path = write_texts(json_object_get(fixture, "texts"));
    hone_tokenizer *tok;
    hone_blocks_options options = HONE_BLOCKS_OPTIONS_INIT;
    options.block_size = json_integer_value(json_object_get(fixture, "context_length"));
    options.cache_dir = test_temp("cache");
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture("tok/gpt2")));
    for (int round = 0; round < 8; round++) {
        hone_examples *e;
        hone_blocks_info info;
        options.concatenate = round & 1;
        options.overwrite_cache = round & 2;
        options.n_threads = 1 + (round >> 2);
        assert_ok(hone_text_blocks(&e, &path, 1, NULL, tok, &options, &info));
        assert_blocks(e, json_object_get(fixture, options.concatenate ? "concatenated" : "kept"));
        assert_int_equal(info.from_cache, round >= 4 && !options.overwrite_cache);
        assert_int_equal(info.text.n_documents, json_array_size(json_object_get(fixture, "texts")));
        assert_int_equal(info.n_tokens, info.n_blocks * options.block_size + info.n_dropped_tokens);
        hone_examples_free(e);
    }
    hone_tokenizer_free(tok);
    json_decref(fixture);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(chunks)};
TEST_MAIN(tests)
