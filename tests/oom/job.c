/* Every allocation of the calls that describe a job fails in turn, each call for itself: the job is as it was, or may be asked again. Whole jobs: train.c, text_classification.c,
 * question_answering.c. */
#include "oom/job.h"

static hone_job *job;

static void make_job(void)
{
    assert_ok(hone_job_new(&job, HONE_JOB_TRAIN, HONE_TOKEN_CLASSIFICATION));
}

static void drop_job(void)
{
    hone_job_free(job);
}

/* The options in force; saying them has no failure of its own. */
static hone_status say_options(char *said, size_t room)
{
    size_t len;
    char *text;
    hone__mem_fail_at(0);
    assert_ok(hone_job_save_args(job, test_temp("said.json")));
    text = test_read(test_temp("said.json"), &len);
    snprintf(said, room, "%s", text);
    hone__free(text);
    return HONE_OK;
}

static hone_status parse(char *said, size_t room)
{
    char config[4096];
    char *argv[] = {config, "--seed", "8", "--train_file", "x", "y", "--lr_scheduler_kwargs", "power=2", "--output_dir", "here", NULL};
    snprintf(config, sizeof(config), "%s", test_temp("options.json"));
    HONE_TRY(hone_job_parse(job, 10, argv));
    return say_options(said, room);
}

static hone_status read_config(char *said, size_t room)
{
    HONE_TRY(hone_job_read_config(job, test_temp("options.json")));
    return say_options(said, room);
}

static hone_status help(char *said, size_t room)
{
    char *text = said;
    hone_status status = hone_job_help(&text, job);
    return test_say_text(said, room, status, text);
}

static hone_status name_task(char *said, size_t room)
{
    hone_task_kind kind;
    HONE_TRY(hone_task_parse(&kind, "ner"));
    snprintf(said, room, "%s", hone_task_name(kind));
    return HONE_OK;
}

static void options(void **state)
{
    (void)state;
    test_write_text(test_temp("options.json"), "{\"task\": \"token-classification\", \"seed\": 7, \"validation_file\": [\"a\", \"b\"], "
                                               "\"lr_scheduler_kwargs\": {\"power\": 3.0}, \"report_to\": [\"csv\"]}");
    assert_true(test_oom_call(&(test_call){make_job, parse, drop_job}) > 10);
    assert_true(test_oom_call(&(test_call){make_job, read_config, drop_job}) > 10);
    assert_true(test_oom_call(&(test_call){make_job, help, drop_job}) > 1);
    assert_int_equal(test_oom_call(&(test_call){NULL, name_task, NULL}), 0);
}

/* ---- a forecast ---- */

static void make_whole_job(void)
{
    const char *const set[][2] = {
        {"tokenizer_name", test_temp("tok")},
        {"config_overrides", "hidden_size=8,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=16"},
        {"output_dir", test_temp("job")},
        {"train_file", test_temp("data.conll")},
        {"max_steps", "1"},
        {"save_strategy", "no"},
        {"disable_tqdm", "true"},
        {"threads", "1"},
    };
    make_job();
    assert_ok(set_all(job, set, sizeof(set) / sizeof(*set)));
}

static hone_status forecast(char *said, size_t room)
{
    hone_memory_forecast f;
    memset(&f, 1, sizeof(f));
    hone_status status = hone_job_forecast(&f, job);
    if (status == HONE_OK)
        snprintf(said, room, "%zu %zu %zu %lld %lld", f.parameters, f.moments, f.activations, (long long)f.rows, (long long)f.tokens);
    else
        assert_true(f.parameters == 0 ? f.own == 0 : f.own > f.parameters); /* nothing, or the whole of what it would take */
    return status;
}

static void forecasts(void **state)
{
    (void)state;
    make_tokenizer("a\n##b\nc\n");
    test_write_text(test_temp("data.conll"), "ab B-X\nc I-X\na O\n\nc O\nab B-Y\n");
    printf("%zu allocations of a forecast\n", test_oom_call(&(test_call){make_whole_job, forecast, drop_job}));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(options), cmocka_unit_test(forecasts)};
TEST_MAIN(tests)
