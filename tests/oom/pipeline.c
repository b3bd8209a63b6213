/* Every allocation of a call of each pipeline fails in turn: its answer is empty then, nothing is left behind, and the same pipeline gives the same answer afterwards. */
#include "support/support.h"

#include <hone/job.h>
#include <hone/pipeline.h>

#define ENCODER                                                                                                                         \
    "hidden_size=8,num_hidden_layers=1,num_attention_heads=2,intermediate_size=8,max_position_embeddings=16,vocab_size=23,initializer_" \
    "range=0.5"
#define DECODER "n_embd=8,n_layer=1,n_head=2,n_positions=32,vocab_size=23,initializer_range=0.5"

static const char vocabulary[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nmy\nname\nis\nsyl\n##vain\nnew\nyork\n.\n,\n-\na\nb\nc\n##a\n##b\n##c\ne\n##e\n";
/* Of 30 tokens, more than a window holds. */
#define LONG "my name is sylvain new york . a b c my name is sylvain new york . a b c my name is sylvain new"

static hone_device *device; /* "ref", opened once */
static hone_pipeline *pipeline;
static hone_pipeline_options options;
static hone_task_kind task;
static const char *folder;

/* A model of its own and the tokenizer, in `folder`. */
static void make_folder(hone_task_kind kind, const char *const *labels)
{
    static char path[4096];
    char file[4200];
    hone_model *model;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    bool decodes = kind == HONE_CAUSAL_LM;
    task = kind;
    snprintf(path, sizeof(path), "%s", test_temp(hone_task_name(kind)));
    folder = path;
    o.device = device;
    o.labels = labels;
    o.seed = 3;
    o.config_overrides = decodes ? DECODER : ENCODER;
    assert_ok(hone_model_from_config(&model, kind, decodes ? "gpt2" : "bert", &o));
    assert_ok(hone_model_save_pretrained(model, path));
    hone_model_free(model);
    snprintf(file, sizeof(file), "%s/vocab.txt", path);
    test_write_text(file, vocabulary);
    snprintf(file, sizeof(file), "%s/tokenizer_config.json", path);
    test_write_text(file, "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": true, \"model_max_length\": 12}");
}

static void open_pipeline(void)
{
    assert_ok(hone_pipeline_new(&pipeline, task, folder, &options));
}

static void close_pipeline(void)
{
    hone_pipeline_free(pipeline);
}

static void sweep(hone_status (*call)(char *said, size_t room))
{
    size_t n = test_oom_call(&(test_call){open_pipeline, call, close_pipeline});
    printf("%s: %zu allocations\n", hone_task_name(task), n);
    assert_true(n > 2);
}

static const char *asked = LONG;

static hone_status run(char *said, size_t room)
{
    char *answer = said;
    hone_status status = hone_pipeline_run(&answer, pipeline, HONE_TEXT(asked));
    if (status == HONE_OK)
        snprintf(said, room, "%s", answer);
    else
        assert_null(answer);
    hone_pipeline_free_text(answer);
    return status;
}

static hone_status run_pair(char *said, size_t room)
{
    char *answer = said;
    hone_status status = hone_pipeline_run_pair(&answer, pipeline, HONE_TEXT("my name ?"), HONE_TEXT(LONG));
    if (status == HONE_OK)
        snprintf(said, room, "%s", answer);
    else
        assert_null(answer);
    hone_pipeline_free_text(answer);
    return status;
}

/* ---- entities ---- */

static hone_status entities(char *said, size_t room)
{
    hone_entities found;
    size_t len = 0;
    memset(&found, 1, sizeof(found));
    hone_status status = hone_pipeline_entities(&found, pipeline, HONE_TEXT(LONG));
    if (status != HONE_OK)
        assert_true(!found.entities && found.n_entities == 0 && !found.words);
    for (size_t i = 0; i < found.n_entities; i++)
        len += (size_t)snprintf(said + len, room - len, "%s %a %s %zu %zu\n", found.entities[i].group, (double)found.entities[i].score,
                                found.entities[i].word, found.entities[i].start, found.entities[i].end);
    hone_entities_dispose(&found);
    return status;
}

static void finding(void **state)
{
    static const char *const labels[] = {"O", "B-PER", "I-PER", NULL}, *const nothing[] = {"", NULL};
    static const hone_aggregation kinds[] = {HONE_AGGREGATE_NONE, HONE_AGGREGATE_SIMPLE, HONE_AGGREGATE_AVERAGE, HONE_AGGREGATE_WORD};
    (void)state;
    make_folder(HONE_TOKEN_CLASSIFICATION, labels);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        options = (hone_pipeline_options){.device = device, .aggregation_strategy = kinds[i], .ignore_labels = nothing};
        sweep(entities);
    }
    options.long_text = HONE_LONG_TEXT_STRIDE;
    options.stride = 2;
    sweep(entities);
    sweep(run);
}

/* ---- labels ---- */

static hone_status classify(char *said, size_t room)
{
    hone_classification found;
    size_t len = 0;
    memset(&found, 1, sizeof(found));
    hone_status status = hone_pipeline_classify(&found, pipeline, HONE_TEXT("my name is sylvain"), HONE_TEXT("new york"));
    if (status != HONE_OK)
        assert_true(!found.labels && found.n_labels == 0);
    for (size_t i = 0; i < found.n_labels; i++)
        len += (size_t)snprintf(said + len, room - len, "%s %a\n", found.labels[i].label, (double)found.labels[i].score);
    hone_classification_dispose(&found);
    return status;
}

static void classifying(void **state)
{
    static const char *const labels[] = {"no", "so so", "yes", NULL};
    (void)state;
    make_folder(HONE_TEXT_CLASSIFICATION, labels);
    options = (hone_pipeline_options){.device = device, .top_k = HONE_TOP_K_ALL, .long_text = HONE_LONG_TEXT_TRUNCATE};
    sweep(classify);
    sweep(run);
}

/* ---- answers ---- */

static hone_status answers(char *said, size_t room)
{
    hone_span_answers found;
    size_t len = 0;
    memset(&found, 1, sizeof(found));
    hone_status status = hone_pipeline_answers(&found, pipeline, HONE_TEXT("my name ?"), HONE_TEXT(LONG));
    if (status != HONE_OK)
        assert_true(!found.answers && found.n_answers == 0);
    for (size_t i = 0; i < found.n_answers; i++)
        len +=
            (size_t)snprintf(said + len, room - len, "%a %zu %zu\n", found.answers[i].score, found.answers[i].start, found.answers[i].end);
    hone_span_answers_dispose(&found);
    return status;
}

static void answering(void **state)
{
    (void)state;
    make_folder(HONE_QUESTION_ANSWERING, NULL);
    options = (hone_pipeline_options){.device = device, .top_k = 3, .max_seq_len = 12, .doc_stride = 2, .handle_impossible_answer = true};
    sweep(answers);
    sweep(run_pair);
}

/* ---- texts ---- */

static void filling(void **state)
{
    (void)state;
    make_folder(HONE_MASKED_LM, NULL);
    options = (hone_pipeline_options){.device = device, .top_k = 2};
    asked = "my [MASK] is [MASK]";
    sweep(run);
}

static void generating(void **state)
{
    (void)state;
    make_folder(HONE_CAUSAL_LM, NULL);
    options = (hone_pipeline_options)HONE_PIPELINE_OPTIONS_INIT;
    options.device = device;
    options.generate.max_new_tokens = 6;
    options.generate.num_beams = 2;
    asked = "my name is";
    sweep(run);
}

static int open_device(void **state)
{
    (void)state;
    return hone_device_open(&device, &(hone_device_options){"ref", 1}) == HONE_OK ? 0 : -1;
}

static int close_device(void **state)
{
    (void)state;
    hone_device_free(device);
    return 0;
}

static const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(finding, open_device, close_device),
                                          cmocka_unit_test_setup_teardown(classifying, open_device, close_device),
                                          cmocka_unit_test_setup_teardown(answering, open_device, close_device),
                                          cmocka_unit_test_setup_teardown(filling, open_device, close_device),
                                          cmocka_unit_test_setup_teardown(generating, open_device, close_device)};
TEST_MAIN(tests)
