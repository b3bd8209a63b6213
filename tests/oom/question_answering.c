/* A whole job of question answering with every allocation failing in turn, SQuAD 2.0 and a test file of which one question has no answers key: an out of memory that leaves nothing behind. */
#include "support/support.h"

#include <hone/job.h>

static void make_files(void)
{
    char path[4200];
    assert_ok(hone__make_dirs(test_temp("tok")));
    snprintf(path, sizeof(path), "%s", test_temp("tok/vocab.txt"));
    test_write_text(path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n?\n");
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
    char folder[4096], data[4096], test[4096], tok[4096], *results = NULL;
    hone_job *job = NULL;
    hone_status status;
    (void)payload;
    snprintf(folder, sizeof(folder), "%s", test_temp("answerer"));
    snprintf(data, sizeof(data), "%s", test_temp("squad.json"));
    snprintf(test, sizeof(test), "%s", test_temp("test.jsonl"));
    snprintf(tok, sizeof(tok), "%s", test_temp("tok"));
    const char *const options[][2] = {
        {"tokenizer_name", tok},
        {"config_overrides", "hidden_size=8,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=16"},
        {"train_file", data},
        {"validation_file", data},
        {"test_file", test},
        {"output_dir", folder},
        {"overwrite_output_dir", "true"},
        {"version_2_with_negative", "true"},
        {"max_seq_length", "10"},
        {"doc_stride", "2"},
        {"max_steps", "1"},
        {"save_strategy", "no"},
        {"disable_tqdm", "true"},
        {"threads", "1"},
    };
    HONE_GO(hone_job_new(&job, HONE_JOB_TRAIN, HONE_QUESTION_ANSWERING));
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        HONE_GO(hone_job_set(job, options[i][0], options[i][1]));
    status = hone_job_run(job, &results);
done:
    hone_free_text(results);
    hone_job_free(job);
    return status;
}

static void a_job_leaves_nothing(void **state)
{
    (void)state;
    make_files();
    assert_ok(body(NULL)); /* what a process makes once is made */
    json_t *said = test_read_json(test_temp("answerer/predict_predictions.json"));
    assert_int_equal(json_object_size(said), 2);
    json_decref(said);
    assert_true(test_oom(body, NULL) > 100);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(a_job_leaves_nothing)};
TEST_MAIN(tests)
