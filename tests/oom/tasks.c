/* Every allocation of what makes, asks and steers a task fails in turn: the task is none then, or as it was before. Whole jobs: train.c, text_classification.c, question_answering.c. */
#include "support/support.h"
#include "base/file.h"

#include <hone/qa.h>
#include <hone/tasks.h>

#include <unistd.h>

#define SMALL                                                                                                                          \
    "hidden_size=8,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=16,vocab_size=9,initializer_" \
    "range=0.5"

static const char *const labels[] = {"O", "B-X", "I-X", NULL};
static const int32_t ids[] = {5, 6, 7, 8, 5}, starts[] = {0, 3, 5}, tags[] = {-100, 1, 2, 0, -100}, row_labels[] = {1, 0};
static const hone_batch batch = {
    .n_tokens = 5, .n_rows = 2, .longest = 3, .cu_seqlens = starts, .input_ids = ids, .labels = tags, .row_labels = row_labels};

static hone_device *device;
static hone_tokenizer *tokenizer;
static hone_model *model; /* lives as long as a test */
static hone_tape *tape;
static hone_output output;
static hone_task task;

static void make_model(hone_task_kind kind)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = device;
    o.labels = kind == HONE_TOKEN_CLASSIFICATION || kind == HONE_TEXT_CLASSIFICATION ? labels : NULL;
    o.config_overrides = SMALL;
    assert_ok(hone_model_from_config(&model, kind, "bert", &o));
}

static int set_up(void **state)
{
    char file[4200];
    (void)state;
    assert_ok(hone_device_open(&device, &(hone_device_options){"ref", 1}));
    assert_ok(hone__make_dirs(test_temp("tok")));
    snprintf(file, sizeof(file), "%s/vocab.txt", test_temp("tok"));
    test_write_text(file, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n");
    assert_ok(hone_tokenizer_from_pretrained(&tokenizer, test_temp("tok")));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hone_model_free(model);
    hone_tokenizer_free(tokenizer);
    hone_device_free(device);
    return 0;
}

/* What a call that makes a task gave. */
static hone_status say_task(char *said, size_t room, hone_status status, hone_task *made)
{
    if (status == HONE_OK)
        snprintf(said, room, "%d", (int)made->kind);
    else
        assert_true(made->kind == HONE_TASK_NONE && !made->self && !made->free);
    hone_task_dispose(made);
    return status;
}

static void sweep(void (*make)(void), hone_status (*call)(char *said, size_t room), void (*drop)(void))
{
    size_t n = test_oom_call(&(test_call){make, call, drop});
    printf("%zu allocations\n", n);
    assert_true(n > 0);
}

/* ---- tasks ---- */

static hone_status masked(char *said, size_t room)
{
    hone_task made;
    memset(&made, 1, sizeof(made));
    hone_status status = hone_masked_lm_task(&made, model, tokenizer, NULL);
    return say_task(said, room, status, &made);
}

static void masking(void **state)
{
    (void)state;
    make_model(HONE_MASKED_LM);
    sweep(NULL, masked, NULL);
}

static hone_status tagged(char *said, size_t room)
{
    hone_task made;
    memset(&made, 1, sizeof(made));
    hone_status status = hone_token_classification_task(&made, model, NULL);
    return say_task(said, room, status, &made);
}

static hone_status classified(char *said, size_t room)
{
    const float weights[] = {1, 2, 3};
    hone_task made;
    memset(&made, 1, sizeof(made));
    hone_status status = hone_text_classification_task(&made, model, &(hone_text_classification_options){NULL, weights});
    return say_task(said, room, status, &made);
}

/* ---- predictions ---- */

static void make_output(void)
{
    assert_ok(hone_tape_new(&tape, device, NULL));
    output = hone_model_forward(model, tape, &batch);
    assert_ok(hone_tape_status(tape));
}

static void drop_output(void)
{
    hone_tape_free(tape);
}

static hone_status predict_tokens(char *said, size_t room)
{
    int32_t p[5];
    HONE_TRY(hone_token_predictions(p, &output, &batch));
    snprintf(said, room, "%d %d %d %d %d", p[0], p[1], p[2], p[3], p[4]);
    return HONE_OK;
}

static hone_status predict_rows(char *said, size_t room)
{
    int32_t p[2];
    HONE_TRY(hone_row_predictions(p, &output, &batch));
    snprintf(said, room, "%d %d", p[0], p[1]);
    return HONE_OK;
}

static void classes_of_rows(void **state)
{
    (void)state;
    make_model(HONE_TEXT_CLASSIFICATION);
    sweep(NULL, classified, NULL);
    sweep(make_output, predict_rows, drop_output);
}

/* ---- a report ---- */

static void make_evaluated(void)
{
    hone_metrics m = HONE_METRICS_INIT;
    hone_examples *e = NULL;
    assert_ok(hone_token_classification_task(&task, model, NULL));
    make_output();
    if (task.eval_begin)
        assert_ok(task.eval_begin(task.self, e));
    assert_ok(task.eval_batch(task.self, tape, &output, &batch));
    assert_ok(task.eval_end(task.self, 0, &m));
    hone_metrics_dispose(&m);
    drop_output();
}

static void drop_task(void)
{
    hone_task_dispose(&task);
}

static hone_status report(char *said, size_t room)
{
    char *text = said;
    hone_status status = hone_token_classification_report(&text, &task);
    if (status == HONE_OK)
        snprintf(said, room, "%s", text);
    else
        assert_null(text);
    hone_free_text(text);
    return status;
}

static void classes_of_tokens(void **state)
{
    (void)state;
    make_model(HONE_TOKEN_CLASSIFICATION);
    sweep(NULL, tagged, NULL);
    sweep(make_output, predict_tokens, drop_output);
    sweep(make_evaluated, report, drop_task);
}

/* ---- questions ---- */

static hone_status answered(char *said, size_t room)
{
    hone_task made;
    memset(&made, 1, sizeof(made));
    hone_status status = hone_question_answering_task(&made, model, NULL);
    return say_task(said, room, status, &made);
}

static hone_examples *windows;
static hone_questions *questions;

static void make_task(void)
{
    hone_qa_examples_options o = {12, 3, true, 1};
    assert_ok(hone_question_answering_task(&task, model, NULL));
    assert_ok(hone_question_answering_write_to(&task, test_temp("before"), "old_"));
    assert_ok(hone_questions_load(&questions, (const char *[]){test_temp("questions.json")}, 1, NULL));
    assert_ok(hone_qa_examples(&windows, questions, tokenizer, &o));
}

static void drop_windows(void)
{
    drop_task();
    hone_examples_free(windows);
    hone_questions_free(questions);
}

/* Whether an evaluation by the task writes that file. */
static bool writes(const char *folder, const char *name)
{
    char path[4300];
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_metrics m = HONE_METRICS_INIT;
    hone_trainer *t;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)remove(path);
    a.disable_tqdm = true;
    assert_ok(hone_trainer_new(&t, model, &a, &(hone_trainer_options){.eval_dataset = windows, .task = &task}));
    assert_ok(hone_trainer_evaluate(t, &m));
    hone_metrics_dispose(&m);
    hone_trainer_free(t);
    return access(path, F_OK) == 0;
}

/* Where it writes is what was said last, or before where that failed. */
static hone_status write_elsewhere(char *said, size_t room)
{
    hone_status status = hone_question_answering_write_to(&task, test_temp("after"), "new_");
    hone__mem_fail_at(0); /* looking has no failure of its own */
    bool old = writes(test_temp("before"), "old_predictions.json"), new = writes(test_temp("after"), "new_predictions.json");
    assert_int_equal(old, status != HONE_OK);
    assert_int_equal(new, status == HONE_OK);
    snprintf(said, room, "elsewhere");
    return status;
}

static void answers(void **state)
{
    (void)state;
    test_write_text(test_temp("questions.json"),
                    "{\"data\": [{\"paragraphs\": [{\"context\": \"a b c d a b c d\", \"qas\": ["
                    "{\"id\": \"1\", \"question\": \"a\", \"answers\": [{\"text\": \"d\", \"answer_start\": 6}]}]}]}]}");
    make_model(HONE_QUESTION_ANSWERING);
    sweep(NULL, answered, NULL);
    sweep(make_task, write_elsewhere, drop_windows);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(masking, set_up, tear_down), cmocka_unit_test_setup_teardown(classes_of_rows, set_up, tear_down),
    cmocka_unit_test_setup_teardown(classes_of_tokens, set_up, tear_down), cmocka_unit_test_setup_teardown(answers, set_up, tear_down)};
TEST_MAIN(tests)
