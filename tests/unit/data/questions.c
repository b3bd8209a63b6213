/* Questions from files: SQuAD's form, lines, arrays and objects under "data" are the same questions; escapes, code points, what is reported and what is refused; windows for any number of threads. */
#include "support/support.h"

#include <hone/qa.h>
#include <time.h>

static char path[4096];

static hone_status load(hone_questions **out, const char *text, const hone_questions_options *o)
{
    snprintf(path, sizeof(path), "%s", test_temp("questions.json"));
    test_write_text(path, text);
    return hone_questions_load(out, (const char *[]){path}, 1, o);
}

/* "id|question|context|answer@start …;" for each question. */
static void assert_questions(const char *text, const char *expected)
{
    hone_questions *q;
    hone_question_reader *r;
    hone_question x;
    char got[4096] = "";
    assert_ok(load(&q, text, NULL));
    assert_ok(hone_question_reader_new(&r, q));
    for (int64_t i = 0; i < hone_questions_get_info(q)->n_questions; i++) {
        assert_ok(hone_question_reader_get(r, i, &x));
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s|%s|%.*s|", x.id.data, x.question.data, (int)x.context.len,
                 x.context.data);
        for (size_t k = 0; k < x.n_answers; k++)
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s@%d ", x.answers[k].data, (int)x.answer_starts[k]);
        strcat(got, x.labelled ? ";" : "unlabelled;");
    }
    assert_string_equal(got, expected);
    assert_fails(HONE_INVALID_ARGUMENT, "there is no question", hone_question_reader_get(r, hone_questions_get_info(q)->n_questions, &x));
    hone_question_reader_free(r);
    hone_questions_free(q);
}

#define QA(id) "{\"question\": \"who\\u003f\", \"id\": \"" id "\", \"answers\": [{\"answer_start\": 5, \"text\": \"b\\u0062\"}]}"
#define FLAT(id)                          \
    "{\"question\": \"q\", \"id\": \"" id \
    "\", \"context\": \"\\u00e9 b\", \"answers\": {\"text\": [\"b\"], \"answer_start\": [2]}, \"more\": [1, {}]}"

static void all_forms_are_read(void **state)
{
    (void)state;
    assert_questions("{\"version\": \"1.1\", \"data\": [{\"title\": \"t\", \"paragraphs\": [{\"qas\": [" QA("1") ", " QA(
                         "2") "], \"context\": \"\\u00e9\\uD83D\\uDE00 a bb\"}, "
                              "{\"context\": \"x\", \"qas\": []}, {\"context\": \"plain\", \"qas\": [{\"id\": \"3\", \"question\": \"\", "
                              "\"answers\": [], \"is_impossible\": true}]}]}]}",
                     "1|who?|\xC3\xA9\xF0\x9F\x98\x80 a bb|bb@5 ;2|who?|\xC3\xA9\xF0\x9F\x98\x80 a bb|bb@5 ;3||plain|;");
    const char *both = "1|q|\xC3\xA9 b|b@2 ;2|q|\xC3\xA9 b|b@2 ;";
    assert_questions(FLAT("1") "\n" FLAT("2") "\n", both);
    assert_questions("\xEF\xBB\xBF" FLAT("1") "\r\n\r\n" FLAT("2"), both);
    assert_questions(" [" FLAT("1") " , " FLAT("2") "]\n", both);
    assert_questions("{\"data\": [" FLAT("1") "," FLAT("2") "]}", both);
    assert_questions("{\"id\": \"1\", \"context\": \"c\", \"question\": \"q\"}", "1|q|c|unlabelled;");
}

/* Processor time that 20,000 questions in one line take. */
static double seconds_of(bool same_ids)
{
    enum { N = 20000, EACH = sizeof(FLAT("123456")) };
    char *text = malloc((size_t)N * EACH + 3), *end = text;
    hone_questions *q;
    assert_non_null(text);
    for (int i = 0; i < N; i++)
        end += sprintf(end, "%c" FLAT("%06d"), i ? ',' : '[', same_ids ? 0 : i);
    strcpy(end, "]");
    clock_t begun = clock();
    assert_ok(load(&q, text, NULL));
    double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
    assert_int_equal(hone_questions_get_info(q)->n_duplicate_ids, same_ids ? N - 1 : 0);
    hone_questions_free(q);
    free(text);
    return seconds;
}

/* Only those that are named are looked for in the file, each time from its beginning: 20,000 of them took 13 s. */
static void many_faults_cost_no_time(void **state)
{
    (void)state;
    double distinct = seconds_of(false);
    assert_true(seconds_of(true) < 5 * distinct + 1);
}

static void faults_are_counted(void **state)
{
    (void)state;
    hone_questions *q;
    int64_t line;
    hone_questions_options o = HONE_QUESTIONS_OPTIONS_INIT;
    const char *text = FLAT("1") "\n" FLAT(
        "1") "\n{\"id\": \"3\", \"question\": \"q\", \"context\": \"\\u00e9 b\", \"answers\": {\"text\": [\"b\", \"b\", \"b\", \"b\"], "
             "\"answer_start\": [3, -1, 2, 99999999999]}}\n";
    assert_ok(load(&q, text, NULL));
    assert_int_equal(hone_questions_get_info(q)->n_questions, 3);
    assert_int_equal(hone_questions_get_info(q)->n_mismatched, 3);
    assert_int_equal(hone_questions_get_info(q)->n_duplicate_ids, 1);
    assert_string_equal(hone_questions_place(&line, q, 2), path);
    assert_int_equal(line, 3);
    assert_null(hone_questions_place(&line, q, 3));
    hone_questions_free(q);
    o.unique_ids = true;
    assert_fails(HONE_FORMAT, ":2:1: the id 1 is there twice; first in", load(&q, text, &o));
    o.max_questions = 1;
    assert_ok(load(&q, text, &o));
    assert_int_equal(hone_questions_get_info(q)->n_questions, 1);
    hone_questions_free(q);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ":1:1: it is empty"},
        {"  \n", ":2:1: it is empty"},
        {"[]", "it has no questions"},
        {"{}", "\"context\" is missing"},
        {"3", ":1:1: an object was expected"},
        {"[" FLAT("1"), "',' or ']' was expected: the file is cut short"},
        {"[" FLAT("1") ",", "the file is cut short"},
        {"[" FLAT("1") "] x", "the end of the file was expected"},
        {"{\"data\": []} x", ":1:14: the end of the file was expected"},
        {"{\"data\": {}}", "\"data\" must be an array"},
        {"{\"data\": [3]}", ":1:11: an article must be an object"},
        {"{\"data\": [{}]}", "\"paragraphs\" is missing"},
        {"{\"data\": [{\"paragraphs\": [{\"context\": \"c\"}]}]}", "\"qas\" is missing"},
        {"{\"data\": [{\"paragraphs\": [{\"context\": 3, \"qas\": []}]}]}", "\"context\" must be a string"},
        {"{\"data\": [{\"paragraphs\": [{\"context\": \"c\", \"qas\": [\"q\"]}]}]}", "a question must be an object"},
        {"{\"id\": \"1\", \"context\": \" \\n \", \"question\": \"q\"}", "question 1: its context is empty"},
        {"{\"id\": \"1\", \"context\": \"c\"}", "a question without \"question\""},
        {"{\"context\": \"c\", \"question\": \"q\"}", "a question without \"id\""},
        {"{\"id\": \"1\", \"context\": \"c\", \"question\": \"q\", \"answers\": null}", "\"answers\" must be an array or an object"},
        {"{\"id\": \"1\", \"context\": \"c\", \"question\": \"q\", \"answers\": [\"c\"]}", "an answer must be an object"},
        {"{\"id\": \"1\", \"context\": \"c\", \"question\": \"q\", \"answers\": {\"text\": \"c\"}}", "must have arrays"},
        {"{\"id\": \"1\", \"context\": \"c\", \"question\": \"q\", \"answers\": {\"text\": [\"c\"], \"answer_start\": []}}",
         "1 answer texts, 0 answer starts"},
        {"{\"id\": \"1\", \"context\": \"c\", \"question\": \"q\", \"answers\": [{\"text\": \"c\", \"answer_start\": 1.5}]}",
         "\"answer_start\" must be an integer"},
        {"{\"id\": \"1\", \"context\": \"c\\ud800\", \"question\": \"q\"}", ":1:26: half of a surrogate pair"},
        {"{\"id\": \"1\", \"context\": \"\xFF\", \"question\": \"q\"}", "not UTF-8 (byte 0xFF)"},
    };
    hone_questions *q;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_fails(HONE_FORMAT, cases[i][1], load(&q, cases[i][0], NULL));
        assert_null(q);
    }
    assert_fails(HONE_FORMAT, "at the caret in {\"id\": \"1\", \"context\" ^\"c\"}",
                 load(&q, "\n{\"id\": \"1\", \"context\" \"c\"}", NULL));
    assert_fails(HONE_NOT_FOUND, "nowhere", hone_questions_load(&q, (const char *[]){"nowhere.json"}, 1, NULL));
}

/* A WordPiece tokenizer whose words are letters. */
static hone_tokenizer *letters(void)
{
    char folder[4096];
    hone_tokenizer *tok;
    snprintf(folder, sizeof(folder), "%s", test_temp("letters"));
    assert_ok(hone__make_dirs(folder));
    strcat(folder, "/vocab.txt");
    test_write_text(folder, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n?\n");
    folder[strlen(folder) - strlen("/vocab.txt")] = '\0';
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    return tok;
}

static void windows_do_not_depend_on_threads(void **state)
{
    (void)state;
    hone_tokenizer *tok = letters();
    hone_questions *q;
    hone_examples *one, *four;
    hone_qa_examples_options o = {12, 3, true, 1};
    hone_str text = HONE_STR_INIT;
    for (int i = 0; i < 200; i++) {
        hone__str_printf(&text, "{\"id\": \"%d\", \"question\": \"a ?\", \"context\": \"", i);
        for (int k = 0; k < i % 40; k++)
            hone__str_puts(&text, k % 3 ? "b " : "c ");
        hone__str_puts(&text, "d\", \"answers\": {\"text\": [\"d\"], \"answer_start\": [");
        hone__str_printf(&text, "%d]}}\n", 2 * (i % 40));
    }
    assert_ok(load(&q, text.data, NULL));
    assert_int_equal(hone_questions_get_info(q)->n_mismatched, 0);
    assert_ok(hone_qa_examples(&one, q, tok, &o));
    o.n_threads = 4;
    assert_ok(hone_qa_examples(&four, q, tok, &o));
    const hone_qa_examples_info *info = hone_qa_examples_get_info(one);
    assert_int_equal(info->n_examples, hone_examples_count(four));
    assert_int_equal(info->longest, 12);
    for (int64_t i = 0; i < info->n_examples; i++) {
        hone_example x, y;
        hone_qa_window v, w, next;
        assert_ok(hone_examples_get(one, i, &x));
        assert_ok(hone_examples_get(four, i, &y));
        assert_true(hone_qa_examples_window(one, i, &v) && hone_qa_examples_window(four, i, &w));
        assert_int_equal(v.question, w.question);
        assert_int_equal(x.n_tokens, y.n_tokens);
        assert_memory_equal(x.input_ids, y.input_ids, (size_t)x.n_tokens * sizeof(int32_t));
        assert_memory_equal(v.offsets, w.offsets, 2 * (size_t)v.n_context * sizeof(uint32_t));
        for (int32_t k = 0; k < x.n_tokens; k++)
            assert_int_equal(x.token_type_ids[k], k >= 4);
        /* the answer is the last word: only the last window holds it, before [SEP] */
        bool last = !hone_qa_examples_window(one, i + 1, &next) || next.question != v.question;
        assert_int_equal(x.start_position, last ? x.n_tokens - 2 : 0);
        assert_int_equal(x.end_position, last ? x.n_tokens - 2 : 0);
    }
    hone_examples_free(one);
    hone_examples_free(four);
    hone_questions_free(q);
    hone_tokenizer_free(tok);
    hone__str_dispose(&text);
}

static void what_leaves_no_room_is_refused(void **state)
{
    (void)state;
    hone_tokenizer *tok = letters();
    hone_questions *q;
    hone_examples *e;
    hone_qa_examples_options o = {12, 3, false, 1};
    assert_ok(load(&q, "{\"id\": \"x\", \"question\": \"a a a a a a a a a\", \"context\": \"b c d\", \"answers\": []}", NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "question x: its 9 tokens leave no room for the passage in windows of 12 that share 3",
                 hone_qa_examples(&e, q, tok, &o));
    assert_null(e);
    o = (hone_qa_examples_options){12, 9, false, 1};
    assert_fails(HONE_INVALID_ARGUMENT, "windows of 12 tokens, 3 of them special, that share 9 leave no room",
                 hone_qa_examples(&e, q, tok, &o));
    o = (hone_qa_examples_options){2, 0, false, 1};
    assert_fails(HONE_INVALID_ARGUMENT, "leave no room", hone_qa_examples(&e, q, tok, &o));
    o = (hone_qa_examples_options){15, 0, false, 1};
    assert_ok(hone_qa_examples(&e, q, tok, &o));
    assert_int_equal(hone_examples_count(e), 1);
    assert_null(hone_qa_examples_get_info(NULL));
    hone_examples_free(e);
    hone_questions_free(q);
    hone_tokenizer_free(tok);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_forms_are_read),
    cmocka_unit_test(faults_are_counted),
    cmocka_unit_test(many_faults_cost_no_time),
    cmocka_unit_test(bad_files_are_refused),
    cmocka_unit_test(windows_do_not_depend_on_threads),
    cmocka_unit_test(what_leaves_no_room_is_refused),
};
TEST_MAIN(tests)
