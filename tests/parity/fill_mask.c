/* fill_mask.json: the pipeline fill-mask answers odd texts as the reference's does, with fresh models, whose values follow from the seed (HONE_SAVE_MODEL=FOLDER keeps them, for
 * fill_mask.py); one by one and in a batch. top_k of the whole vocabulary holds all logits of a mask equal. */
#include "support/support.h"

#include <hone/pipeline.h>

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

/* float32 logits of another order of summation, and the file has 7 digits */
#define TOLERANCE 2e-6

static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nparis\nis\nthe\ncapital\nof\nfrance\nand\ni\ndo\nn\n'"
                                 "t\nplay\ncafe\ncafé\nzurich\n##ing\n##ed\nun\n##play\n.\n,\n'\n-\n[\n]\nmask\na\n##a\nb\nA\n1\n##"
                                 "2\n12\ns\n##s\nt\n##t\nm\n!\n日\n本\ndon\ni̇s\nnaive\n##e\ne\nO\no\n##n\nNe\n##il\nneil\n…\n?\nß\n";

static const char *make_folder(const char *type, const char *overrides, const char *config)
{
    static char folders[2][4096];
    char *folder = folders[type[0] == 'd'], file[4200];
    const char *keep = getenv("HONE_SAVE_MODEL");
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_tokenizer *tok;
    hone_model *model;
    snprintf(folder, sizeof(folders[0]), "%s/%s", keep ? keep : test_temp("models"), type);
    mkdir(keep ? keep : test_temp("models"), 0700);
    mkdir(folder, 0700);
    snprintf(file, sizeof(file), "%s/vocab.txt", folder);
    test_write_text(file, vocabulary);
    snprintf(file, sizeof(file), "%s/tokenizer_config.json", folder);
    test_write_text(file, config);
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    o.seed = 5;
    o.config_overrides = overrides;
    o.vocab_size = (int64_t)hone_tokenizer_vocab_size(tok, true);
    assert_ok(hone_model_from_config(&model, HONE_MASKED_LM, type, &o));
    assert_ok(hone_model_save_pretrained(model, folder));
    hone_model_free(model);
    hone_tokenizer_free(tok);
    return folder;
}

static const char *bert, *distilbert;

static int setup(void **state)
{
    (void)state;
    bert = make_folder("bert",
                       "hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=32,max_position_embeddings=64,"
                       "initializer_range=0.4",
                       "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": true}");
    distilbert =
        make_folder("distilbert", "dim=16,n_layers=1,n_heads=2,hidden_dim=32,max_position_embeddings=64,initializer_range=0.4",
                    "{\"tokenizer_class\": \"DistilBertTokenizer\", \"do_lower_case\": false, \"clean_up_tokenization_spaces\": false}");
    return 0;
}

static json_t *read_cases(void)
{
    if (getenv("HONE_SAVE_MODEL"))
        test_skip("the models were saved");
    return test_read_json(test_source("tests/parity/fill_mask.json"));
}

/* Arrays in arrays; objects with the same keys in the same order, scores to the tolerance. */
static void compare(const json_t *got, const json_t *want, const char *what)
{
    if (json_typeof(got) != json_typeof(want) || json_array_size(got) != json_array_size(want) ||
        json_object_size(got) != json_object_size(want))
        fail_msg("%s: another shape", what);
    for (size_t i = 0; i < json_array_size(want); i++)
        compare(json_array_get(got, i), json_array_get(want, i), what);
    if (!json_is_object(want))
        return;
    void *a = json_object_iter((json_t *)(uintptr_t)got), *b = json_object_iter((json_t *)(uintptr_t)want);
    for (; a && b; a = json_object_iter_next((json_t *)(uintptr_t)got, a), b = json_object_iter_next((json_t *)(uintptr_t)want, b)) {
        const json_t *x = json_object_iter_value(a), *y = json_object_iter_value(b);
        assert_string_equal(json_object_iter_key(a), json_object_iter_key(b));
        if (json_is_real(y) ? fabs(json_number_value(x) - json_number_value(y)) > TOLERANCE : !json_equal(x, y))
            fail_msg("%s: %s instead of %s", what, json_dumps(x, JSON_ENCODE_ANY), json_dumps(y, JSON_ENCODE_ANY));
    }
}

static void compare_answer(const char *answer, const json_t *c)
{
    json_t *got;
    char *what = json_dumps(json_object_get(c, "input"), JSON_COMPACT);
    assert_ok(hone__json_parse(&got, answer, strlen(answer), "answer"));
    compare(got, json_object_get(c, "outputs"), what);
    json_decref(got);
    free(what);
}

static hone_pipeline *open_for(const json_t *c, hone_device *device)
{
    hone_pipeline *p;
    const char *targets[16] = {NULL};
    const json_t *list = json_object_get(c, "targets");
    hone_pipeline_options o = {.device = device, .n_threads = 1, .top_k = (size_t)json_integer_value(json_object_get(c, "top_k"))};
    for (size_t i = 0; i < json_array_size(list); i++)
        targets[i] = json_string_value(json_array_get(list, i));
    if (json_is_array(list))
        o.targets = targets;
    bool is_bert = strcmp(json_string_value(json_object_get(c, "model")), "bert") == 0;
    assert_ok(hone_pipeline_new(&p, HONE_MASKED_LM, is_bert ? bert : distilbert, &o));
    return p;
}

static void one_by_one(void **state)
{
    (void)state;
    json_t *all = read_cases();
    hone_device *ref;
    assert_ok(hone_device_open(&ref, &(hone_device_options){.name = "ref"}));
    assert_true(json_array_size(all) > 40);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *c = json_array_get(all, i);
        const json_t *text = json_object_get(json_object_get(c, "input"), "inputs");
        hone_pipeline *p = open_for(c, i % 5 == 0 ? ref : NULL);
        char *answer;
        assert_ok(hone_pipeline_run(&answer, p, (hone_text){json_string_value(text), json_string_length(text)}));
        compare_answer(answer, c);
        hone_pipeline_free_text(answer);
        hone_pipeline_free(p);
    }
    hone_device_free(ref);
    json_decref(all);
}

/* Cases without options of their own, with what is wrong between them. */
static void in_a_batch(void **state)
{
    enum { MOST = 64 };
    (void)state;
    json_t *all = read_cases();
    const json_t *cases[MOST] = {NULL};
    char *texts[MOST] = {NULL}, *answers[MOST];
    hone_text inputs[MOST];
    size_t n = 0, n_errors, n_wrong = 0;
    for (size_t i = 0; i < json_array_size(all) && n + 2 < MOST; i++) {
        const json_t *c = json_array_get(all, i);
        if (strcmp(json_string_value(json_object_get(c, "model")), "bert") != 0 || !json_is_null(json_object_get(c, "top_k")) ||
            !json_is_null(json_object_get(c, "targets")))
            continue;
        inputs[n++] = HONE_TEXT(n_wrong % 2 ? "{\"inputs\": \"no such token\"}" : "{");
        n_wrong++;
        cases[n] = c;
        inputs[n] = HONE_TEXT(texts[n] = json_dumps(json_object_get(c, "input"), JSON_COMPACT));
        n++;
    }
    assert_true(n_wrong > 3);
    hone_pipeline *p = open_for(cases[1], NULL);
    assert_ok(hone_pipeline_run_json(answers, &n_errors, p, inputs, n));
    assert_int_equal(n_errors, n_wrong);
    for (size_t i = 0; i < n; i++) {
        if (cases[i])
            compare_answer(answers[i], cases[i]);
        else
            assert_int_equal(strncmp(answers[i], "{\"error\": ", 10), 0);
        hone_pipeline_free_text(answers[i]);
        free(texts[i]);
    }
    hone_pipeline_free(p);
    json_decref(all);
}

static void refusals(void **state)
{
    const char *const nothing[] = {"", NULL}, *const none[] = {NULL};
    char *answer, text[1024] = "[MASK]";
    hone_pipeline *p;
    (void)state;
    assert_fails(HONE_INVALID_ARGUMENT, "no target has a token",
                 hone_pipeline_new(&p, HONE_MASKED_LM, bert, &(hone_pipeline_options){.n_threads = 1, .targets = nothing}));
    assert_fails(HONE_INVALID_ARGUMENT, "no target has a token",
                 hone_pipeline_new(&p, HONE_MASKED_LM, bert, &(hone_pipeline_options){.n_threads = 1, .targets = none}));
    assert_fails(HONE_INVALID_ARGUMENT, "reads no windows",
                 hone_pipeline_new(&p, HONE_MASKED_LM, bert, &(hone_pipeline_options){.long_text = HONE_LONG_TEXT_STRIDE}));
    assert_ok(hone_pipeline_new(&p, HONE_MASKED_LM, bert, &(hone_pipeline_options){.n_threads = 1, .top_k = HONE_TOP_K_ALL}));
    assert_fails(HONE_INVALID_ARGUMENT, "no mask token ([MASK])", hone_pipeline_run(&answer, p, HONE_TEXT("")));
    for (int i = 0; i < 70; i++)
        strcat(text, " the");
    assert_fails(HONE_INVALID_ARGUMENT, "73 tokens, the model takes 64", hone_pipeline_run(&answer, p, HONE_TEXT(text)));
    hone_pipeline_free(p);
    assert_ok(hone_pipeline_new(&p, HONE_MASKED_LM, bert, &(hone_pipeline_options){.n_threads = 1, .long_text = HONE_LONG_TEXT_TRUNCATE}));
    assert_ok(hone_pipeline_run(&answer, p, HONE_TEXT(text)));
    hone_pipeline_free_text(answer);
    hone_pipeline_free(p);
}

static hone_status use(void *payload)
{
    const char *const targets[] = {"paris", "cafés", NULL};
    hone_pipeline *p = NULL;
    char *answer = NULL;
    hone_status status = HONE_OK;
    HONE_GO(hone_pipeline_new(&p, HONE_MASKED_LM, bert, &(hone_pipeline_options){.device = payload, .targets = targets}));
    HONE_GO(hone_pipeline_run(&answer, p, HONE_TEXT("[MASK] is the [MASK]")));
done:
    hone_pipeline_free_text(answer);
    hone_pipeline_free(p);
    return status;
}

static void out_of_memory(void **state)
{
    hone_device *device;
    (void)state;
    assert_ok(hone_device_open(&device, &(hone_device_options){.n_threads = 1}));
    assert_ok(use(device)); /* what is made once stays */
    assert_true(test_oom(use, device) > 100);
    hone_device_free(device);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(one_by_one), cmocka_unit_test(in_a_batch), cmocka_unit_test(refusals),
                                          cmocka_unit_test(out_of_memory)};

int main(void)
{
    return cmocka_run_group_tests(tests, setup, NULL);
}
