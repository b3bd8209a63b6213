/* Questions, their windows and their answers with every allocation failing in turn. */
#include "support/support.h"

#include <hone/qa.h>

static char path[4096], folder[2048];

static hone_status answer_all(const hone_examples *e)
{
    static const float logits[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    hone_qa_answers *a = NULL;
    hone_qa_result r;
    hone_qa_window w;
    hone_status status;
    HONE_GO(hone_qa_answers_new(&a, NULL));
    for (int64_t i = 0; hone_qa_examples_window(e, i, &w); i++)
        HONE_GO(hone_qa_answers_add(a, &w, logits, logits + 1, 2, (size_t)hone_examples_length(e, i)));
    hone_qa_answers_result(a, &r);
done:
    hone_qa_answers_free(a);
    return status;
}

static hone_status body(void *payload)
{
    const hone_tokenizer *tok = payload;
    hone_questions *q = NULL;
    hone_examples *e = NULL;
    hone_qa_examples_options o = {12, 3, true, 1};
    hone_status status;
    HONE_GO(hone_questions_load(&q, (const char *[]){path}, 1, NULL));
    HONE_GO(hone_qa_examples(&e, q, tok, &o));
    status = answer_all(e);
done:
    hone_examples_free(e);
    hone_questions_free(q);
    return status;
}

static void nothing_leaks(void **state)
{
    (void)state;
    hone_tokenizer *tok;
    snprintf(folder, sizeof(folder), "%s", test_temp("tok"));
    assert_ok(hone__make_dirs(folder));
    snprintf(path, sizeof(path), "%s/vocab.txt", folder);
    test_write_text(path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n?\n");
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    snprintf(path, sizeof(path), "%s", test_temp("questions.json"));
    test_write_text(path, "{\"data\": [{\"paragraphs\": [{\"context\": \"a b c\\u0020d a b c d a b c d\", \"qas\": ["
                          "{\"id\": \"1\", \"question\": \" a ?\", \"answers\": [{\"text\": \"d\", \"answer_start\": 6}]},"
                          "{\"id\": \"2\", \"question\": \"b ?\", \"answers\": [{\"text\": \"off\", \"answer_start\": 1}, {\"text\": "
                          "\"a\", \"answer_start\": 0}]}]}]}]}");
    assert_true(test_oom(body, tok) > 10);
    hone_tokenizer_free(tok);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_leaks)};
TEST_MAIN(tests)
