/* The pipeline question-answering on a small model with a vocabulary of its own: a passage as long as a book costs its encoding, not its logits, and answers keep their places in it. The
 * reference's answers are held by tests/parity/qa_pipeline.c. */
#include "support/support.h"

#include "base/mem.h"

#include <hone/pipeline.h>

#include <stdlib.h>

static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nwho\nis\nthe\ncook\n?\n.\n,\nship\nsea\na\nb\nc\n##a\n##b\n##c\n";

static const char *folder(void)
{
    static char path[4096], file[4200];
    hone_model *model;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    if (*path)
        return path;
    snprintf(path, sizeof(path), "%s", test_temp("answerer"));
    o.seed = 3;
    o.config_overrides = "hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=32,max_position_embeddings=64,"
                         "vocab_size=20,initializer_range=0.5";
    assert_ok(hone_model_from_config(&model, HONE_QUESTION_ANSWERING, "bert", &o));
    assert_ok(hone_model_save_pretrained(model, path));
    hone_model_free(model);
    snprintf(file, sizeof(file), "%s/vocab.txt", path);
    test_write_text(file, vocabulary);
    return path;
}

/* n times "the ship, the sea. ", with "cab" once in the middle. */
static char *make_book(size_t n, size_t *len)
{
    static const char line[] = "the ship, the sea. ", cook[] = "the cook is cab. ";
    char *book = malloc(n * sizeof(line) + sizeof(cook)), *at = book;
    assert_non_null(book);
    for (size_t i = 0; i < n; i++) {
        memcpy(at, line, sizeof(line) - 1);
        at += sizeof(line) - 1;
        if (i == n / 2) {
            memcpy(at, cook, sizeof(cook) - 1);
            at += sizeof(cook) - 1;
        }
    }
    *len = (size_t)(at - book);
    return book;
}

static uint64_t cost_of(hone_pipeline *p, size_t n_lines)
{
    size_t len;
    char *book = make_book(n_lines, &len);
    hone_span_answers found;
    hone_mem_stats before, after;
    hone__mem_reset_peak();
    hone__mem_stats(&before);
    assert_ok(hone_pipeline_answers(&found, p, HONE_TEXT("who is the cook?"), (hone_text){book, len}));
    hone__mem_stats(&after);
    assert_true(found.n_answers > 0 && found.n_answers <= 5);
    for (size_t i = 0; i < found.n_answers; i++) {
        const hone_span_answer *x = &found.answers[i];
        assert_true(x->start < x->end && x->end <= len && x->byte_start == x->start && x->byte_end == x->end); /* ASCII */
        assert_true(i == 0 || x->score <= found.answers[i - 1].score);
        assert_true(book[x->start] != ' ' && book[x->end - 1] != ' ');
    }
    hone_span_answers_dispose(&found);
    free(book);
    return after.bytes_peak - before.bytes_now;
}

/* 6 tokens a line of 19 characters, some 50 bytes each, in up to two windows: at most 40 bytes a character, however long the book. */
static void a_book_costs_its_encoding(void **state)
{
    (void)state;
    hone_pipeline *p;
    hone_pipeline_options o = {.n_threads = 1, .top_k = 5, .doc_stride = 16};
    assert_ok(hone_pipeline_new(&p, HONE_QUESTION_ANSWERING, folder(), &o));
    cost_of(p, 2000); /* what is kept between calls */
    assert_true(cost_of(p, 2000) < 2000 * 19 * 40);
    assert_true(cost_of(p, 40000) < 40000 * 19 * 40);
    hone_pipeline_free(p);
}

/* The sentence that comes once has the same answer in a page and in a book around it. */
static void a_place_in_a_book(void **state)
{
    (void)state;
    hone_pipeline *p;
    hone_pipeline_options o = {.n_threads = 1, .top_k = 1000, .doc_stride = 16};
    assert_ok(hone_pipeline_new(&p, HONE_QUESTION_ANSWERING, folder(), &o));
    size_t len;
    char *book = make_book(3000, &len);
    hone_span_answers found;
    size_t at = (size_t)(strstr(book, "cab") - book), n = 0;
    assert_ok(hone_pipeline_answers(&found, p, HONE_TEXT("who is the cook?"), (hone_text){book, len}));
    for (size_t i = 0; i < found.n_answers; i++)
        n += found.answers[i].start <= at && found.answers[i].end >= at + 3;
    assert_true(n > 0);
    hone_span_answers_dispose(&found);
    hone_pipeline_free(p);
    free(book);
}

static hone_status use(void *device)
{
    static const char line[] = "{\"question\": \"who is the cook?\", \"context\": \"the ship. the cook is cab.\"}";
    hone_text input = HONE_TEXT(line);
    hone_pipeline *p = NULL;
    hone_pipeline_options o = {.device = device, .top_k = 3, .max_seq_len = 16, .doc_stride = 4, .handle_impossible_answer = true};
    hone_span_answers found = {NULL, 0};
    char *answer = NULL;
    size_t n_errors = 0;
    hone_status status;
    HONE_GO(hone_pipeline_new(&p, HONE_QUESTION_ANSWERING, folder(), &o));
    HONE_GO(hone_pipeline_answers(&found, p, HONE_TEXT("who is the cook?"), HONE_TEXT("the ship. the sea. the cook is cab.")));
    status = hone_pipeline_run_json(&answer, &n_errors, p, &input, 1);
    if (status == HONE_OK)
        assert_true(n_errors == 0 && answer); /* a failed allocation is no bad input */
done:
    hone_pipeline_free_text(answer);
    hone_span_answers_dispose(&found);
    hone_pipeline_free(p);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    hone_device *device;
    assert_ok(hone_device_open(&device, &(hone_device_options){"cpu", 1}));
    assert_ok(use(device)); /* what is made once stays */
    assert_true(test_oom(use, device) > 100);
    hone_device_free(device);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(a_book_costs_its_encoding), cmocka_unit_test(a_place_in_a_book),
                                          cmocka_unit_test(out_of_memory)};
TEST_MAIN(tests)
