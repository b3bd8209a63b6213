/* The automaton beside strstr on random texts; filtering a stream. */
#include "support/support.h"

#include "base/rng.h"

#include <hone/text.h>

static void beside_plain_search(void **state)
{
    (void)state;
    hone_mt19937 g;
    hone__mt_seed(&g, 7);
    for (int round = 0; round < 3000; round++) {
        char words[6][8], text[41];
        const char *list[6];
        size_t n = 1 + hone__mt_next(&g) % 6;
        bool expected = false;
        for (size_t w = 0; w < n; w++) {
            size_t len = 1 + hone__mt_next(&g) % 6;
            for (size_t i = 0; i < len; i++)
                words[w][i] = (char)("ab\xc3"[hone__mt_next(&g) % 3]);
            words[w][len] = '\0';
            list[w] = words[w];
        }
        size_t len = hone__mt_next(&g) % 40;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)("aab\xc3z"[hone__mt_next(&g) % 5]);
        text[len] = '\0';
        for (size_t w = 0; w < n; w++)
            expected = expected || strstr(text, words[w]);
        hone_keywords *k;
        assert_ok(hone_keywords_new(&k, list, n));
        assert_int_equal(hone_keywords_match(k, text, len), expected);
        hone_keywords_free(k);
    }
}

static void edges(void **state)
{
    (void)state;
    hone_keywords *k;
    assert_fails(HONE_INVALID_ARGUMENT, "keyword 2 is empty", hone_keywords_new(&k, (const char *[]){"a", ""}, 2));
    assert_null(k);
    assert_fails(HONE_INVALID_ARGUMENT, "no keywords", hone_keywords_new(&k, NULL, 0));
    char all[256];
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    assert_ok(hone_keywords_new(&k, (const char *[]){all}, 1)); /* every byte that a word can have */
    assert_true(hone_keywords_match(k, all, 255));
    assert_false(hone_keywords_match(k, all, 254));
    assert_false(hone_keywords_match(k, "", 0));
    hone_keywords_free(k);
    assert_ok(hone_keywords_new(&k, (const char *[]){"b"}, 1));
    assert_true(hone_keywords_match(k, "a\0b", 3)); /* a text may hold NUL */
    hone_keywords_free(k);
}

static hone_status collect(void *payload, const hone_document *doc)
{
    hone_str *kept = payload;
    char *json;
    size_t len;
    HONE_TRY(hone_document_to_json(&json, &len, doc, NULL));
    hone__str_append(kept, json, len);
    hone__str_putc(kept, '\n');
    hone_text_free_json(json);
    return kept->len > 1000 ? hone__fail(HONE_IO, "full") : HONE_OK;
}

static void filter(void **state)
{
    (void)state;
    test_write_text(
        test_temp("a.jsonl"),
        "{\"content\": \"import pandas as pd\", \"id\": 1}\n{\"content\": \"import os\"}\n{\"content\": \"from sklearn import x\"}\n");
    test_write_text(test_temp("b.py"), "import \"pandas\"\n");
    const char *paths[] = {test_temp("a.jsonl"), test_temp("b.py")};
    hone_text_stream *s;
    hone_keywords *k;
    hone_filter_counts counts;
    hone_str kept = HONE_STR_INIT;
    char expected[8192];
    assert_ok(hone_keywords_new(&k, (const char *[]){"pandas", "sklearn"}, 2));
    assert_ok(hone_text_open(&s, paths, 2, NULL));
    assert_ok(hone_text_filter(&counts, s, k, collect, &kept));
    assert_int_equal(counts.n_documents, 4);
    assert_int_equal(counts.n_kept, 3);
    snprintf(expected, sizeof(expected),
             "{\"content\": \"import pandas as pd\", \"id\": 1}\n{\"content\": \"from sklearn import x\"}\n{\"content\": \"import "
             "\\\"pandas\\\"\\n\", \"path\": \"%s\"}\n",
             paths[1]);
    assert_string_equal(kept.data, expected);
    hone_text_free(s);
    assert_ok(hone_text_open(&s, paths, 2, NULL));
    while (kept.len < 1000)
        hone__str_putc(&kept, ' ');
    assert_fails(HONE_IO, "full", hone_text_filter(&counts, s, k, collect, &kept)); /* what the callback fails with ends it */
    assert_int_equal(counts.n_documents, 1);
    hone_text_free(s);
    hone_keywords_free(k);
    hone__str_dispose(&kept);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(beside_plain_search), cmocka_unit_test(edges), cmocka_unit_test(filter)};
TEST_MAIN(tests)
