/* Options tables: the command line, JSON, defaults, copies, help, and messages for what people get wrong. */
#include "support/support.h"

#include "base/log.h"
#include "base/options.h"

#include <math.h>

enum { NO, STEPS, EPOCH };

typedef struct settings {
    bool do_train, group;
    int64_t seed, batch;
    double rate, dropout;
    char *output_dir, *tag;
    hone_strings files, betas;
    int strategy;
} settings;

#define ROW(field) offsetof(settings, field)
static const hone_option rows[] = {
    {"do_train", HONE_OPTION_BOOL, ROW(do_train), NULL, 0, 0, NULL, "Run", "train the model"},
    {"group", HONE_OPTION_BOOL, ROW(group), "true", 0, 0, NULL, "Run", "group rows by length"},
    {"seed", HONE_OPTION_INT, ROW(seed), "42", 0, 0, NULL, "Run", "seed of all random numbers"},
    {"batch_size", HONE_OPTION_INT, ROW(batch), "8", 1, INFINITY, NULL, "Data",
     "rows of a step, a rather long explanation that does not fit the line behind the name, so that it goes on below"},
    {"learning_rate", HONE_OPTION_DOUBLE, ROW(rate), "5e-5", 0, INFINITY, NULL, "Run", "peak learning rate"},
    {"dropout", HONE_OPTION_DOUBLE, ROW(dropout), "0.1", 0, 1, NULL, "Run", "share of units that are dropped"},
    {"output_dir", HONE_OPTION_STRING, ROW(output_dir), NULL, 0, 0, NULL, "Data", "where results go"},
    {"tag", HONE_OPTION_STRING, ROW(tag), "plain", 0, 0, NULL, "Data", "a name"},
    {"train_file", HONE_OPTION_STRINGS, ROW(files), NULL, 0, 0, NULL, "Data", "files or folders"},
    {"betas", HONE_OPTION_STRINGS, ROW(betas), "0.9,0.999", 0, 0, NULL, NULL, NULL},
    {"eval_strategy", HONE_OPTION_ENUM, ROW(strategy), "no", 0, 0, "no|steps|epoch", "Run", "when to evaluate"},
};
static const hone_option_alias aliases[] = {
    {"evaluation_strategy", "eval_strategy", NULL, "is called --eval_strategy now"},
    {"evaluate_every_epoch", "eval_strategy", "epoch", NULL},
    {"lr", "learning_rate", NULL, NULL},
};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(rows[0]), aliases, sizeof(aliases) / sizeof(aliases[0])};

typedef struct common {
    int64_t threads;
    bool quiet;
} common;
static const hone_option common_rows[] = {
    {"threads", HONE_OPTION_INT, offsetof(common, threads), NULL, 0, 1024, NULL, "Everywhere", "threads, 0 for all cores"},
    {"quiet", HONE_OPTION_BOOL, offsetof(common, quiet), NULL, 0, 0, NULL, "Everywhere", "say nothing"},
};
static const hone_option_table common_table = {common_rows, 2, NULL, 0};

typedef struct line {
    settings s;
    common c;
    const char *rest[32];
    size_t n_rest;
} line;

/* Parses words separated by single spaces. */
static hone_status parse(line *l, const char *text)
{
    static char buffer[1000];
    char *argv[32], *save = NULL;
    int argc = 0;
    strcpy(buffer, text);
    for (char *word = strtok_r(buffer, " ", &save); word; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    const hone_option_table *tables[] = {&table, &common_table};
    void *structs[] = {&l->s, &l->c};
    assert_ok(hone__options_defaults(&table, &l->s));
    assert_ok(hone__options_defaults(&common_table, &l->c));
    return hone__options_parse(tables, structs, 2, argc, argv, l->rest, &l->n_rest);
}

static void dispose(line *l)
{
    hone__options_dispose(&table, &l->s);
    hone__options_dispose(&common_table, &l->c);
}

static void defaults(void **state)
{
    (void)state;
    line l;
    assert_ok(parse(&l, ""));
    assert_false(l.s.do_train);
    assert_true(l.s.group);
    assert_int_equal(l.s.seed, 42);
    assert_true(l.s.rate == 5e-5);
    assert_null(l.s.output_dir);
    assert_string_equal(l.s.tag, "plain");
    assert_int_equal(l.s.files.n, 0);
    assert_int_equal(l.s.betas.n, 2);
    assert_string_equal(l.s.betas.items[1], "0.999");
    assert_int_equal(l.s.strategy, NO);
    dispose(&l);
    assert_null(l.s.tag);
    dispose(&l);
}

static void command_line(void **state)
{
    (void)state;
    line l;
    assert_ok(
        parse(&l, "causal-lm --do-train --learning_rate=1e-3 --train_file a.txt b.txt - --batch-size 16 --threads 4 --eval_strategy EPOCH "
                  "--seed -1 --output_dir out rest1 --quiet false --group false -- --not_an_option"));
    assert_true(l.s.do_train);
    assert_false(l.s.group);
    assert_true(l.s.rate == 1e-3);
    assert_int_equal(l.s.files.n, 3);
    assert_string_equal(l.s.files.items[1], "b.txt");
    assert_string_equal(l.s.files.items[2], "-");
    assert_int_equal(l.s.batch, 16);
    assert_int_equal(l.c.threads, 4);
    assert_false(l.c.quiet);
    assert_int_equal(l.s.strategy, EPOCH);
    assert_int_equal(l.s.seed, -1);
    assert_string_equal(l.s.output_dir, "out");
    assert_int_equal(l.n_rest, 3);
    assert_string_equal(l.rest[0], "causal-lm");
    assert_string_equal(l.rest[1], "rest1");
    assert_string_equal(l.rest[2], "--not_an_option");
    dispose(&l);
}

static void values_and_flags(void **state)
{
    (void)state;
    line l;
    assert_ok(parse(&l, "--output_dir= --tag=--x=y --do_train text --quiet"));
    assert_string_equal(l.s.output_dir, "");
    assert_string_equal(l.s.tag, "--x=y"); /* only the first "=" parts */
    assert_true(l.s.do_train && l.c.quiet);
    assert_int_equal(l.n_rest, 1); /* a bare flag takes no other word */
    assert_string_equal(l.rest[0], "text");
    dispose(&l);
    assert_ok(parse(&l, "--train_file a --train_file b --tag one --tag two --do_train True --no_group"));
    assert_int_equal(l.s.files.n, 1); /* the last one counts */
    assert_string_equal(l.s.files.items[0], "b");
    assert_string_equal(l.s.tag, "two");
    assert_true(l.s.do_train);
    assert_false(l.s.group);
    dispose(&l);
}

static char warning[200];

static void keep_warning(void *payload, hone_log_level level, const char *text)
{
    (void)payload;
    assert_int_equal(level, HONE_LOG_WARNING);
    snprintf(warning, sizeof(warning), "%s", text);
}

static void older_names(void **state)
{
    (void)state;
    line l;
    hone_set_log(keep_warning, NULL, HONE_LOG_INFO);
    assert_ok(parse(&l, "--evaluation-strategy steps --lr 2"));
    assert_string_equal(warning, "--evaluation_strategy: is called --eval_strategy now");
    assert_int_equal(l.s.strategy, STEPS);
    assert_true(l.s.rate == 2.0);
    dispose(&l);
    warning[0] = '\0';
    assert_ok(parse(&l, "--evaluate_every_epoch word"));
    assert_string_equal(warning, "");
    assert_int_equal(l.s.strategy, EPOCH);
    assert_int_equal(l.n_rest, 1);
    dispose(&l);
    assert_ok(parse(&l, "--evaluate_every_epoch false"));
    assert_int_equal(l.s.strategy, NO);
    dispose(&l);
    hone_set_log(NULL, NULL, HONE_LOG_INFO);
    assert_ptr_equal(hone__options_find(&table, "lr"), &rows[4]);
    assert_ptr_equal(hone__options_find(&table, "Learning-Rate"), &rows[4]);
    assert_null(hone__options_find(&table, "rate"));
}

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message, *hint;
    } cases[] = {
        {"--lerning_rate 1", "--lerning_rate is no option", "did you mean --learning_rate?"},
        {"--learning-rat=1", "--learning-rat is no option", "did you mean --learning_rate?"},
        {"--thread 1", "--thread is no option", "did you mean --threads?"}, /* of the second table */
        {"--zzzzzzzz", "--zzzzzzzz is no option", ""},
        {"--no_seed", "--no_seed is no option", ""},
        {"--batch_size 0", "--batch_size: must be at least 1, is 0", ""},
        {"--dropout 1.5", "--dropout: must be between 0 and 1, is 1.5", ""},
        {"--dropout nan", "--dropout: must be between 0 and 1, is nan", ""},
        {"--seed 1.5", "--seed: must be an integer, is \"1.5\"", ""},
        {"--seed 99999999999999999999", "--seed: 99999999999999999999 does not fit 64 bits", ""},
        {"--seed=", "--seed: must be an integer, is \"\"", ""},
        {"--learning_rate fast", "--learning_rate: must be a number, is \"fast\"", ""},
        {"--eval_strategy never", "--eval_strategy: must be one of no, steps, epoch, is \"never\"", ""},
        {"--do_train=maybe", "--do_train: must be true or false, is \"maybe\"", ""},
        {"--evaluate_every_epoch=2", "--evaluate_every_epoch: must be true or false, is \"2\"", ""},
        {"--output_dir", "--output_dir: a value is missing", ""},
        {"--output_dir --seed 1", "--output_dir: a value is missing", ""},
        {"--train_file --seed 1", "--train_file: a value is missing", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        line l;
        assert_fails(HONE_INVALID_ARGUMENT, "", parse(&l, cases[i].text));
        assert_string_equal(hone_error_message(), cases[i].message);
        assert_string_equal(hone_error_hint(), cases[i].hint);
        dispose(&l);
    }
}

static void no_rest(void **state)
{
    (void)state;
    common c;
    const hone_option_table *tables[] = {&common_table};
    void *structs[] = {&c};
    char *argv[] = {"--quiet", "word"};
    assert_ok(hone__options_defaults(&common_table, &c));
    assert_fails(HONE_INVALID_ARGUMENT, "\"word\" was not expected here", hone__options_parse(tables, structs, 1, 2, argv, NULL, NULL));
}

static hone_status from_json(line *l, const char *text)
{
    json_t *object;
    assert_ok(hone__json_parse(&object, text, strlen(text), "args.json"));
    assert_ok(hone__options_defaults(&table, &l->s));
    assert_ok(hone__options_defaults(&common_table, &l->c));
    hone_status status = hone__options_from_json(&table, &l->s, object, "args.json");
    json_decref(object);
    return status;
}

static void json(void **state)
{
    (void)state;
    line l, back;
    hone_str s = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&s, 0);
    assert_ok(from_json(
        &l, "{\"do_train\": true, \"group\": false, \"seed\": 9007199254740993, \"batch-size\": 4.0, \"learning_rate\": 1, \"tag\": null,"
            " \"output_dir\": \"é\", \"train_file\": [\"a\", \"b\"], \"betas\": \"x\", \"eval_strategy\": \"steps\"}"));
    assert_int_equal(l.s.seed, 9007199254740993);
    assert_int_equal(l.s.batch, 4);
    hone__options_to_json(&table, &l.s, &w);
    assert_string_equal(
        s.data, "{\"do_train\":true,\"group\":false,\"seed\":9007199254740993,\"batch_size\":4,\"learning_rate\":1.0,\"dropout\":0.1,"
                "\"output_dir\":\"é\",\"tag\":\"plain\",\"train_file\":[\"a\",\"b\"],\"betas\":[\"x\"],\"eval_strategy\":\"steps\"}");
    char *first;
    assert_ok(hone__str_take(&first, &s));
    assert_ok(from_json(&back, first)); /* what is written reads back as the same */
    w = hone__json_writer(&s, 0);
    hone__options_to_json(&table, &back.s, &w);
    assert_string_equal(s.data, first);
    hone__free(first);
    hone__str_dispose(&s);
    dispose(&l);
    dispose(&back);
}

static void json_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message, *hint;
    } cases[] = {
        {"{\"learning_rte\": 1}", "args.json: --learning_rte is no option", "did you mean --learning_rate?"},
        {"{\"dropout\": 2}", "args.json: --dropout: must be between 0 and 1, is 2", ""},
        {"{\"seed\": true}", "args.json: --seed: must be an integer, is \"true\"", ""},
        {"{\"seed\": 1.5}", "args.json: --seed: must be an integer, is \"1.5\"", ""},
        {"{\"seed\": [1]}", "args.json: --seed: must be one value, is an array", ""},
        {"{\"seed\": {}}", "args.json: --seed: must be one value, is an object", ""},
        {"{\"train_file\": [1]}", "args.json: --train_file: must be an array of strings", ""},
        {"[1]", "args.json: an object of options was expected", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        line l;
        assert_int_not_equal(from_json(&l, cases[i].text), HONE_OK);
        assert_string_equal(hone_error_message(), cases[i].message);
        assert_string_equal(hone_error_hint(), cases[i].hint);
        dispose(&l);
    }
}

static void copies(void **state)
{
    (void)state;
    line l;
    settings copy;
    assert_ok(parse(&l, "--train_file a b --seed 3 --tag x"));
    assert_ok(hone__options_copy(&table, &copy, &l.s));
    dispose(&l);
    assert_int_equal(copy.seed, 3);
    assert_string_equal(copy.tag, "x");
    assert_null(copy.output_dir);
    assert_string_equal(copy.files.items[1], "b");
    hone__options_dispose(&table, &copy);
}

static void help(void **state)
{
    (void)state;
    hone_str s = HONE_STR_INIT;
    hone__options_help(&table, &s);
    assert_string_equal(s.data, "Run:\n"
                                "  --do_train                      train the model\n"
                                "  --group                         group rows by length (default: true)\n"
                                "  --seed N                        seed of all random numbers (default: 42)\n"
                                "  --learning_rate X               peak learning rate (default: 5e-5)\n"
                                "  --dropout X                     share of units that are dropped (default: 0.1)\n"
                                "  --eval_strategy NAME            when to evaluate: no, steps, epoch (default: no)\n"
                                "\n"
                                "Data:\n"
                                "  --batch_size N                  rows of a step, a rather long explanation that does not fit the\n"
                                "                                  line behind the name, so that it goes on below (default: 8)\n"
                                "  --output_dir TEXT               where results go\n"
                                "  --tag TEXT                      a name (default: plain)\n"
                                "  --train_file TEXT…              files or folders\n");
    hone__str_dispose(&s);
}

static hone_status all_of_it(void *payload)
{
    settings s, copy;
    char *argv[] = {"--train_file", "a", "b", "--output_dir=x", "--eval_strategy", "never"};
    const hone_option_table *tables[] = {&table};
    void *structs[] = {&s};
    int argc = *(int *)payload;
    HONE_TRY(hone__options_defaults(&table, &s));
    hone_status status = hone__options_parse(tables, structs, 1, argc, argv, NULL, NULL);
    if (status == HONE_OK)
        status = hone__options_copy(&table, &copy, &s);
    if (status == HONE_OK)
        hone__options_dispose(&table, &copy);
    hone__options_dispose(&table, &s);
    return status == HONE_INVALID_ARGUMENT ? HONE_OK : status;
}

static void out_of_memory(void **state)
{
    (void)state;
    int argc = 4;
    assert_true(test_oom(all_of_it, &argc) > 15);
    argc = 6;
    assert_true(test_oom(all_of_it, &argc) > 10);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults),    cmocka_unit_test(command_line),  cmocka_unit_test(values_and_flags),
    cmocka_unit_test(older_names), cmocka_unit_test(mistakes),      cmocka_unit_test(no_rest),
    cmocka_unit_test(json),        cmocka_unit_test(json_mistakes), cmocka_unit_test(copies),
    cmocka_unit_test(help),        cmocka_unit_test(out_of_memory),
};

TEST_MAIN(tests)
