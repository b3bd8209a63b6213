/* Every allocation fails in turn while options are read from and written to files, and while an optimizer of each kind is made, steps, saves and loads; tables of options, the
 * training's own, and a schedule of a user's. */
#include "support/support.h"
#include "tasks/job.h"
#include "unit/train/tiny.h"

#include <hone/options.h>

static hone_status read_and_save(void *payload)
{
    static const char text[] = "{\"seed\": 7, \"train_file\": [\"a\", \"b\"], \"lr_scheduler_kwargs\": {\"power\": 2.0}, \"fsdp\": [], "
                               "\"report_to\": [\"csv\"], \"optim\": \"adamw_hf\", \"label_names\": \"O,B-X\", \"output_dir\": \"x\"}";
    hone_job *job = NULL;
    hone_status status;
    HONE_GO(hone_job_new(&job, HONE_JOB_TRAIN, HONE_TOKEN_CLASSIFICATION));
    HONE_GO(hone__job_read_config(job, text, sizeof(text) - 1, "args.json"));
    status = hone_job_save_args(job, payload);
done:
    hone_job_free(job);
    return status;
}

static void options_in_files(void **state)
{
    (void)state;
    printf("%zu allocations\n", test_oom(read_and_save, (void *)test_temp("args.json")));
}

typedef struct request {
    hone_optim kind;
    const char *args;
    hone_model *model;
    const char *path;
} request;

static hone_status step_and_save(void *payload)
{
    request *r = payload;
    hone_optimizer_options options = {HONE_ADAMW_OPTIONS_INIT, r->args};
    hone_optimizer *opt = NULL;
    hone_status status;
    HONE_GO(hone_optimizer_new(&opt, r->kind, r->model, &options));
    HONE_GO(hone_optimizer_step(opt));
    HONE_GO(hone_optimizer_save(opt, r->path));
    status = hone_optimizer_load(opt, r->path);
done:
    hone_optimizer_free(opt);
    return status;
}

static void optimizers(void **state)
{
    (void)state;
    static const request kinds[] = {{HONE_OPTIM_SGD, "momentum=0.9", NULL, NULL},
                                    {HONE_OPTIM_RMSPROP, "{\"centered\": true}", NULL, NULL},
                                    {HONE_OPTIM_ADAFACTOR, "beta1=0.9", NULL, NULL},
                                    {HONE_OPTIM_ADAMW_TORCH, NULL, NULL, NULL}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        request r = kinds[i];
        r.model = tiny_model(true);
        r.path = test_temp("optimizer.safetensors");
        printf("%zu allocations\n", test_oom(step_and_save, &r));
        hone_model_free(r.model);
    }
}

/* ---- what an optimizer is asked, and a schedule of one's own ---- */

static hone_model *model;
static hone_optimizer *opt;

static void make_optimizer(void)
{
    hone_tape *t;
    const int32_t ids[] = {1, 2, 3}, starts[] = {0, 3};
    const hone_batch batch = {.n_tokens = 3, .n_rows = 1, .longest = 3, .cu_seqlens = starts, .input_ids = ids, .labels = ids};
    model = tiny_model(true);
    assert_ok(hone_optimizer_adamw_new(&opt, model, NULL));
    assert_ok(hone_tape_new(&t, tiny_device(), &(hone_tape_options){.recording = true}));
    hone_output out = hone_model_forward(model, t, &batch);
    assert_ok(hone_tape_backward(t, hone_model_loss(t, &out, &batch)));
    hone_tape_free(t);
}

static void drop_optimizer(void)
{
    hone_optimizer_free(opt);
    hone_model_free(model);
}

static hone_status measure(char *said, size_t room)
{
    double norm;
    int64_t bad;
    HONE_TRY(hone_optimizer_grad_norm(opt, &norm, &bad));
    assert_true(norm > 0);
    snprintf(said, room, "%.17g %lld", norm, (long long)bad);
    return HONE_OK;
}

static double halves(void *self, int64_t step)
{
    (void)self;
    return pow(0.5, (double)(step + 1));
}

static hone_status schedule(char *said, size_t room)
{
    hone_scheduler *s = (hone_scheduler *)said;
    double before = hone_optimizer_learning_rate(opt);
    hone_status status = hone_scheduler_lambda_new(&s, opt, halves, NULL);
    if (status == HONE_OK)
        snprintf(said, room, "%.17g", hone_optimizer_learning_rate(opt));
    else
        assert_true(!s && hone_optimizer_learning_rate(opt) == before);
    hone_scheduler_free(s);
    return status;
}

static void calls_of_an_optimizer(void **state)
{
    (void)state;
    printf("%zu allocations of a norm\n", test_oom_call(&(test_call){make_optimizer, measure, drop_optimizer}));
    assert_int_equal(test_oom_call(&(test_call){make_optimizer, schedule, drop_optimizer}), 1);
}

/* ---- tables of options, and the training's ---- */

typedef struct mine {
    char *name;
    hone_strings files;
    int64_t n;
} mine;

static const hone_option mine_rows[] = {
    {"name", HONE_OPTION_STRING, offsetof(mine, name), "nobody", 0, 0, NULL, "Mine", "a name"},
    {"files", HONE_OPTION_STRINGS, offsetof(mine, files), "a b", 0, 0, NULL, "Mine", "files"},
    {"n", HONE_OPTION_INT, offsetof(mine, n), "3", 0, 9, NULL, "Mine", "a number"},
};
static const hone_option_table mine_table = {mine_rows, 3, NULL, 0};
static mine options; /* of a struct that lives */

static void make_options(void)
{
    assert_ok(hone_options_defaults(&mine_table, &options));
}

static void drop_options(void)
{
    hone_options_dispose(&mine_table, &options);
}

static void say_options(char *said, size_t room, const mine *m)
{
    int len = snprintf(said, room, "%s %lld", m->name, (long long)m->n);
    for (size_t i = 0; i < m->files.n; i++)
        len += snprintf(said + len, room - (size_t)len, " %s", m->files.items[i]);
}

static hone_status defaults(char *said, size_t room)
{
    mine m;
    memset(&m, 1, sizeof(m));
    hone_status status = hone_options_defaults(&mine_table, &m);
    if (status == HONE_OK)
        say_options(said, room, &m);
    else
        assert_true(!m.name && !m.files.items && m.files.n == 0);
    hone_options_dispose(&mine_table, &m);
    return status;
}

static hone_status parse(char *said, size_t room)
{
    char *argv[] = {"--name", "me", "word", "--files", "x", "y", "z", "--n=4", NULL};
    const char *rest[8];
    size_t n_rest;
    HONE_TRY(hone_options_parse(&(const hone_option_table *){&mine_table}, &(void *){&options}, 1, 8, argv, rest, &n_rest));
    assert_true(n_rest == 1 && strcmp(rest[0], "word") == 0);
    say_options(said, room, &options);
    return HONE_OK;
}

static hone_status help(char *said, size_t room)
{
    char *text = said;
    hone_status status = hone_options_help(&text, &(const hone_option_table *){&mine_table}, 1);
    return test_say_text(said, room, status, text);
}

static void tables(void **state)
{
    (void)state;
    assert_true(test_oom_call(&(test_call){NULL, defaults, NULL}) > 2);
    assert_true(test_oom_call(&(test_call){make_options, parse, drop_options}) > 2);
    assert_true(test_oom_call(&(test_call){NULL, help, NULL}) > 0);
}

static hone_training_args args;

static void make_args(void)
{
    assert_ok(hone_training_args_init(&args));
}

static void drop_args(void)
{
    hone_training_args_dispose(&args);
}

static hone_status parse_args(char *said, size_t room)
{
    char *argv[] = {"--output_dir", "here", "--learning_rate=1e-3", "--report_to", "csv", "jsonl", NULL};
    HONE_TRY(hone_training_args_parse(&args, 6, argv));
    snprintf(said, room, "%s %g", args.output_dir, args.learning_rate);
    return HONE_OK;
}

static hone_status check_args(char *said, size_t room)
{
    args.max_steps = 3;
    snprintf(said, room, "checked");
    return hone_training_args_check(&args, true);
}

static hone_status help_args(char *said, size_t room)
{
    char *text = said;
    hone_status status = hone_training_args_help(&text);
    return test_say_text(said, room, status, text);
}

static void training_args(void **state)
{
    (void)state;
    assert_true(test_oom_call(&(test_call){make_args, parse_args, drop_args}) > 2);
    printf("%zu allocations of a check\n", test_oom_call(&(test_call){make_args, check_args, drop_args}));
    assert_true(test_oom_call(&(test_call){NULL, help_args, NULL}) > 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(options_in_files), cmocka_unit_test(optimizers),
                                          cmocka_unit_test(calls_of_an_optimizer), cmocka_unit_test(tables),
                                          cmocka_unit_test(training_args)};
TEST_MAIN(tests)
