/* A whole job of question answering with every allocation failing in turn, SQuAD 2.0 and a test file of which one question has no answers key: an out of memory that leaves nothing behind. */
#include "oom/job.h"

static void make_files(void)
{
    make_tokenizer("a\nb\nc\n?\n");
    test_write_text(test_temp("squad.json"),
                    "{\"data\": [{\"paragraphs\": [{\"context\": \"a b c\\u0020a b c a b c\", \"qas\": ["
                    "{\"id\": \"1\", \"question\": \" a ?\", \"answers\": [{\"text\": \"c\", \"answer_start\": 4}]},"
                    "{\"id\": \"2\", \"question\": \"b ?\", \"answers\": []}]}]}]}");
    test_write_text(test_temp("test.jsonl"),
                    "{\"id\": \"1\", \"question\": \"a\", \"context\": \"b\"}\n"
                    "{\"id\": \"2\", \"question\": \"a\", \"context\": \"b\", \"answers\": {\"text\": [\"b\"], \"answer_start\": [0]}}\n");
}

static hone_status body(void *payload)
{
    const char *data = test_temp("squad.json");
    const char *const options[][2] = {
        {"train_file", data},     {"validation_file", data}, {"test_file", test_temp("test.jsonl")}, {"version_2_with_negative", "true"},
        {"max_seq_length", "10"}, {"doc_stride", "2"},
    };
    (void)payload;
    return run_job(HONE_QUESTION_ANSWERING, options, sizeof(options) / sizeof(*options));
}

static void a_job_leaves_nothing(void **state)
{
    (void)state;
    make_files();
    assert_ok(body(NULL)); /* what a process makes once is made */
    json_t *said = test_read_json(test_temp("job/predict_predictions.json"));
    assert_int_equal(json_object_size(said), 2);
    json_decref(said);
    assert_true(test_oom(body, NULL) > 100);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(a_job_leaves_nothing)};
TEST_MAIN(tests)
