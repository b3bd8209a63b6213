/* Question answering beside the oracle: the windows of task/qa_features.jsonl, token for token; the course's own numbers; the answers of task/qa_answers.*, over its 384 logits a window as
 * they are given. */
#include "models/safetensors.h"
#include "support/support.h"

#include <hone/qa.h>

#include <math.h>

/* A file with one example a line, in the reference's own form. */
static hone_questions *questions_of(const json_t *examples, const char *name)
{
    hone_questions *q;
    hone_str text = HONE_STR_INIT;
    size_t i;
    const json_t *x;
    hone_json_writer w = hone__json_writer(&text, 0);
    json_array_foreach(examples, i, x)
    {
        w = hone__json_writer(&text, 0);
        hone__jw_json(&w, x);
        hone__str_putc(&text, '\n');
    }
    assert_ok(hone__str_status(&text));
    const char *path = test_temp(name);
    test_write(path, text.data, text.len);
    assert_ok(hone_questions_load(&q, &path, 1, NULL));
    hone__str_dispose(&text);
    return q;
}

static hone_tokenizer *open_tokenizer(const json_t *name)
{
    char folder[128];
    hone_tokenizer *tok;
    snprintf(folder, sizeof(folder), "tok/%s", json_string_value(name));
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture(folder)));
    return tok;
}

static size_t code_points(const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += (text[i] & 0xC0) != 0x80;
    return n;
}

static void check_window(const json_t *expected, const hone_examples *e, int64_t i, const char *context)
{
    const json_t *ids = json_object_get(expected, "input_ids"), *types = json_object_get(expected, "token_type_ids");
    const json_t *offsets = json_object_get(expected, "offset_mapping");
    hone_example x;
    hone_qa_window w;
    assert_ok(hone_examples_get(e, i, &x));
    assert_true(hone_qa_examples_window(e, i, &w));
    assert_int_equal(x.n_tokens, json_array_size(ids));
    assert_int_equal(hone_examples_length(e, i), x.n_tokens);
    for (int32_t t = 0; t < x.n_tokens; t++) {
        const json_t *span = json_array_get(offsets, (size_t)t);
        assert_int_equal(x.input_ids[t], json_integer_value(json_array_get(ids, (size_t)t)));
        assert_int_equal(x.token_type_ids[t], json_integer_value(json_array_get(types, (size_t)t)));
        bool inside = t >= w.context_first && t < w.context_first + w.n_context;
        assert_int_equal(inside, json_is_array(span));
        for (size_t k = 0; inside && k < 2; k++)
            assert_int_equal(code_points(context, w.offsets[2 * (t - w.context_first) + (int32_t)k]),
                             json_integer_value(json_array_get(span, k)));
    }
    assert_int_equal(x.start_position, json_integer_value(json_object_get(expected, "start")));
    assert_int_equal(x.end_position, json_integer_value(json_object_get(expected, "end")));
}

static void windows_are_the_references(void **state)
{
    (void)state;
    json_t *cases = test_read_jsonl(test_fixture("task/qa_features.jsonl"));
    size_t i, n_windows = 0;
    json_t *c;
    json_array_foreach(cases, i, c)
    {
        const json_t *features = json_object_get(c, "features");
        const char *context = json_string_value(json_object_get(json_object_get(c, "example"), "context"));
        json_t *one = json_pack("[O]", json_object_get(c, "example"));
        hone_qa_examples_options o = HONE_QA_EXAMPLES_OPTIONS_INIT;
        hone_tokenizer *tok = open_tokenizer(json_object_get(c, "tokenizer"));
        hone_questions *q = questions_of(one, "one.jsonl");
        hone_examples *e;
        o.max_length = (size_t)json_integer_value(json_object_get(c, "max_length"));
        o.doc_stride = (size_t)json_integer_value(json_object_get(c, "stride"));
        o.keep_offsets = true;
        o.n_threads = 1;
        assert_ok(hone_qa_examples(&e, q, tok, &o));
        assert_int_equal(hone_examples_count(e), json_array_size(features));
        for (size_t k = 0; k < json_array_size(features); k++, n_windows++)
            check_window(json_array_get(features, k), e, (int64_t)k, context);
        hone_examples_free(e);
        hone_questions_free(q);
        hone_tokenizer_free(tok);
        json_decref(one);
    }
    assert_true(n_windows > 200);
    json_decref(cases);
}

/* bert-base-cased from its vocab.txt, as AutoTokenizer opens it. */
static hone_tokenizer *cased(void)
{
    const char *vocab = test_data("vocab/bert-base-cased-vocab.txt");
    size_t len;
    hone_tokenizer *tok;
    char folder[4096], path[4200];
    char *text = test_read(vocab, &len);
    snprintf(folder, sizeof(folder), "%s", test_temp("cased"));
    assert_ok(hone__make_dirs(folder));
    snprintf(path, sizeof(path), "%s/vocab.txt", folder);
    test_write(path, text, len);
    snprintf(path, sizeof(path), "%s/tokenizer_config.json", folder);
    test_write_text(path, "{\"do_lower_case\": false, \"model_max_length\": 512, \"tokenizer_class\": \"BertTokenizer\"}");
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    hone__free(text);
    return tok;
}

/* Chapter 7 of the course, "Question answering": rows 2 to 5 of SQuAD's training set, max_length 100, stride 50. */
static void the_course_has_nineteen_features(void **state)
{
    (void)state;
    static const int32_t starts[] = {83, 51, 19, 0, 0, 64, 27, 0, 34, 0, 0, 0, 67, 34, 0, 0, 0, 0, 0};
    static const int32_t ends[] = {85, 53, 21, 0, 0, 70, 33, 0, 40, 0, 0, 0, 68, 35, 0, 0, 0, 0, 0};
    const char *path = test_data("squad_train_head.json");
    hone_tokenizer *tok = cased();
    hone_questions *q;
    hone_examples *e;
    hone_example x;
    hone_qa_window w;
    hone_qa_examples_options o = {100, 50, false, 1};
    int64_t n = 0;
    assert_ok(hone_questions_load(&q, &path, 1, NULL));
    assert_ok(hone_qa_examples(&e, q, tok, &o));
    for (int64_t i = 0; hone_qa_examples_window(e, i, &w); i++) {
        assert_null(w.offsets);
        if (w.question < 2 || w.question > 5)
            continue;
        assert_ok(hone_examples_get(e, i, &x));
        assert_true(n < 19);
        assert_int_equal(x.start_position, starts[n]);
        assert_int_equal(x.end_position, ends[n++]);
    }
    assert_int_equal(n, 19);
    hone_examples_free(e);
    hone_questions_free(q);
    hone_tokenizer_free(tok);
}

static float *read_logits(const hone_safetensors *s, const char *name, uint64_t *n)
{
    const hone_safetensor *t = hone__safetensors_find(s, name);
    float *out = NULL;
    assert_non_null(t);
    assert_int_equal(t->dim[1], 384);
    *n = t->count;
    assert_ok(HONE_ALLOC(&out, t->count));
    assert_ok(hone__safetensors_read(s, t, HONE_DTYPE_F32, 0, t->count, out));
    return out;
}

static void answers_are_the_references(void **state)
{
    (void)state;
    json_t *c = test_read_json(test_fixture("task/qa_answers.json"));
    hone_safetensors *s;
    hone_tokenizer *tok = open_tokenizer(json_object_get(c, "tokenizer"));
    hone_questions *q = questions_of(json_object_get(c, "examples"), "answers.jsonl");
    hone_question_reader *reader;
    hone_qa_answers *a;
    hone_squad *squad;
    hone_examples *e;
    hone_qa_window w;
    hone_metrics m = HONE_METRICS_INIT;
    uint64_t n, n_questions = 0;
    hone_qa_examples_options o = {384, 128, true, 1};
    assert_ok(hone__safetensors_open(&s, test_fixture("task/qa_answers.safetensors")));
    float *start = read_logits(s, "start_logits", &n), *end = read_logits(s, "end_logits", &n);
    assert_ok(hone_qa_examples(&e, q, tok, &o));
    assert_int_equal(n, hone_examples_count(e) * 384);
    assert_ok(hone_question_reader_new(&reader, q));
    assert_ok(hone_qa_answers_new(&a, NULL));
    assert_ok(hone_squad_new(&squad, false));
    for (int64_t i = 0; hone_qa_examples_window(e, i, &w); i++) {
        hone_qa_window next;
        hone_question x;
        hone_qa_result r;
        char answer[4096];
        assert_ok(hone_qa_answers_add(a, &w, start + i * 384, end + i * 384, 1, 384));
        if (hone_qa_examples_window(e, i + 1, &next) && next.question == w.question)
            continue;
        hone_qa_answers_result(a, &r);
        assert_ok(hone_question_reader_get(reader, w.question, &x));
        snprintf(answer, sizeof(answer), "%.*s", (int)(r.best->end - r.best->start), x.context.data + r.best->start);
        assert_string_equal(answer, json_string_value(json_object_get(json_object_get(c, "predictions"), x.id.data)));
        assert_true(r.n_candidates <= 20);
        for (size_t k = 1; k < r.n_candidates; k++)
            assert_true(r.candidates[k].score <= r.candidates[k - 1].score);
        assert_ok(hone_squad_add(squad, answer, (const char *const[]){x.answers[0].data}, 1, 0));
        assert_int_equal(x.n_answers, 1);
        n_questions++;
    }
    assert_int_equal(n_questions, json_array_size(json_object_get(c, "examples")));
    assert_ok(hone_squad_compute(squad, &m, 1, false));
    assert_true(fabs(m.items[0].value - json_number_value(json_object_get(c, "exact_match"))) < 1e-9); /* sums in another order */
    assert_true(fabs(m.items[1].value - json_number_value(json_object_get(c, "f1"))) < 1e-9);
    hone_metrics_dispose(&m);
    hone_squad_free(squad);
    hone_qa_answers_free(a);
    hone_question_reader_free(reader);
    hone_examples_free(e);
    hone__safetensors_close(s);
    hone__free(start);
    hone__free(end);
    hone_questions_free(q);
    hone_tokenizer_free(tok);
    json_decref(c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(windows_are_the_references),
    cmocka_unit_test(the_course_has_nineteen_features),
    cmocka_unit_test(answers_are_the_references),
};
TEST_MAIN(tests)
