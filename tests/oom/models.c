/* Every allocation of making, saving, loading, running and generating with a small GPT-2, and of a step of each head on a small encoder, fails once: an error each
 * time, nothing left behind. */
#include "support/support.h"

#include <hone/generate.h>

#define SMALL "vocab_size=23,n_embd=16,n_layer=1,n_head=2,n_positions=24"

static hone_device *device;
static const int32_t ids[] = {1, 2, 3, 4, 5}, starts[] = {0, 3, 5};
static const hone_batch batch = {.n_tokens = 5, .n_rows = 2, .longest = 3, .cu_seqlens = starts, .input_ids = ids};

static hone_status make(hone_model **m, bool for_training)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.config_overrides = SMALL;
    o.device = device;
    o.for_training = for_training;
    return hone_model_from_config(m, HONE_CAUSAL_LM, "gpt2", &o);
}

static hone_status save(void *payload)
{
    hone_model *m = NULL;
    hone_status status = make(&m, false);
    if (status == HONE_OK)
        status = hone_model_save_pretrained(m, payload);
    hone_model_free(m);
    return status;
}

static hone_status load(void *payload)
{
    hone_model *m = NULL;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = device;
    hone_status status = hone_model_from_pretrained(&m, HONE_CAUSAL_LM, payload, &o);
    hone_model_free(m);
    return status;
}

static hone_status step(void *payload)
{
    hone_model *m = NULL;
    hone_tape *t = NULL;
    hone_status status = HONE_OK;
    (void)payload;
    HONE_GO(make(&m, true));
    HONE_GO(hone_tape_new(&t, device, &(hone_tape_options){.recording = true}));
    hone_output out = hone_model_forward(m, t, &batch);
    status = hone_tape_backward(t, hone_model_loss(t, &out, &batch));
done:
    hone_tape_free(t);
    hone_model_free(m);
    return status;
}

static hone_status generate(void *payload)
{
    const int32_t *const prompts[] = {ids, ids + 3};
    const size_t lengths[] = {3, 2};
    hone_model *m = NULL;
    hone_generation g = {0};
    hone_status status = make(&m, false);
    if (status == HONE_OK)
        status = hone_generate(&g, m, prompts, lengths, 2, payload);
    hone_generation_dispose(&g);
    hone_model_free(m);
    return status;
}

/* ---- encoders ---- */

typedef struct head {
    const char *type, *overrides;
    hone_task_kind task;
    bool recompute;
} head;

static hone_status make_encoder(hone_model **m, const head *h)
{
    static const char *const labels[] = {"O", "B-X", "I-X", NULL};
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.config_overrides = h->overrides;
    o.device = device;
    o.for_training = true;
    o.labels = labels;
    return hone_model_from_config(m, h->task, h->type, &o);
}

static hone_status encoder_step(void *payload)
{
    static const int32_t labels[] = {-100, 1, 2, 0, -100}, ends[] = {1, 0};
    const head *h = payload;
    hone_batch b = batch;
    hone_model *m = NULL;
    hone_tape *t = NULL;
    hone_status status = HONE_OK;
    b.labels = labels;
    b.row_labels = b.start_positions = b.end_positions = ends;
    HONE_GO(make_encoder(&m, h));
    hone_model_set_recompute(m, h->recompute);
    HONE_GO(hone_tape_new(&t, device, &(hone_tape_options){.recording = true, .training = true}));
    hone_output out = hone_model_forward(m, t, &b);
    if (h->task == HONE_FEATURE_EXTRACTION)
        status = hone_tape_backward(t, hone_mean(t, hone_model_pool(t, &out, &b)));
    else
        status = hone_tape_backward(t, hone_model_loss(t, &out, &b));
done:
    hone_tape_free(t);
    hone_model_free(m);
    return status;
}

static hone_status save_encoder(void *payload)
{
    hone_model *m = NULL;
    hone_status status = make_encoder(&m, &(head){"bert", payload, HONE_FEATURE_EXTRACTION, false});
    if (status == HONE_OK)
        status = hone_model_save_pretrained(m, test_temp("encoder"));
    hone_model_free(m);
    return status;
}

/* A bare encoder's file under a new head, mapped: the thirds of query, key and value and the head get memory of their own. */
static hone_status load_tagger(void *payload)
{
    hone_model *m = NULL;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = device;
    hone_status status = hone_model_from_pretrained(&m, HONE_TOKEN_CLASSIFICATION, payload, &o);
    hone_model_free(m);
    return status;
}

static hone_status quantize(void *payload)
{
    hone_model *m = NULL;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_tape *t = NULL;
    hone_status status;
    o.device = device;
    HONE_GO(hone_model_from_pretrained(&m, HONE_TASK_NONE, payload, &o));
    HONE_GO(hone_model_quantize(m, HONE_QUANTIZE_INT8));
    HONE_GO(hone_tape_new(&t, device, &(hone_tape_options){.recording = false}));
    hone_model_forward(m, t, &batch);
    status = hone_tape_status(t);
done:
    hone_tape_free(t);
    hone_model_free(m);
    return status;
}

static void encoders(void **state)
{
#define BERT   "vocab_size=23,hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=8,max_position_embeddings=8"
#define DISTIL "vocab_size=23,dim=16,n_layers=1,n_heads=2,hidden_dim=8,max_position_embeddings=8,sinusoidal_pos_embds=true"
    static const head heads[] = {
        {"bert", BERT, HONE_TOKEN_CLASSIFICATION, true},        {"bert", BERT, HONE_TEXT_CLASSIFICATION, false},
        {"distilbert", DISTIL, HONE_QUESTION_ANSWERING, false}, {"bert", BERT, HONE_MASKED_LM, false},
        {"bert", BERT, HONE_FEATURE_EXTRACTION, false},
    };
    (void)state;
    assert_ok(hone_device_open(&device, &(hone_device_options){.name = "ref"}));
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        assert_true(test_oom(encoder_step, (void *)(uintptr_t)&heads[i]) > 10);
    assert_ok(save_encoder((void *)(uintptr_t)BERT));
    assert_true(test_oom(save_encoder, (void *)(uintptr_t)BERT) > 10);
    assert_true(test_oom(load_tagger, (void *)(uintptr_t)test_temp("encoder")) > 10);
    assert_true(test_oom(quantize, (void *)(uintptr_t)test_temp("encoder")) > 10);
    hone_device_free(device);
}

static void sweep(void **state)
{
    hone_generate_options greedy = HONE_GENERATE_OPTIONS_INIT, beams = HONE_GENERATE_OPTIONS_INIT, sampled = HONE_GENERATE_OPTIONS_INIT;
    (void)state;
    greedy.max_new_tokens = beams.max_new_tokens = sampled.max_new_tokens = 18; /* the cache grows once */
    beams.num_beams = 3;
    sampled.do_sample = true;
    assert_ok(hone_device_open(&device, &(hone_device_options){.name = "ref"}));
    assert_ok(save((void *)(uintptr_t)test_temp("model")));
    assert_true(test_oom(save, (void *)(uintptr_t)test_temp("model")) > 10);
    assert_true(test_oom(load, (void *)(uintptr_t)test_temp("model")) > 10);
    assert_true(test_oom(quantize, (void *)(uintptr_t)test_temp("model")) > 10);
    assert_true(test_oom(step, NULL) > 10);
    assert_true(test_oom(generate, &greedy) > 10);
    assert_true(test_oom(generate, &beams) > 10);
    assert_true(test_oom(generate, &sampled) > 10);
    hone_device_free(device);
}

/* ---- what is said of a model, and of options ---- */

static hone_model *described;

static void make_described(void)
{
    assert_ok(make(&described, true));
}

static void drop_described(void)
{
    hone_model_free(described);
}

static hone_status describe(char *said, size_t room)
{
    hone_model_info info;
    memset(&info, 1, sizeof(info));
    hone_status status = hone_model_describe(&info, described, 2, 8);
    if (status == HONE_OK)
        snprintf(said, room, "%s %zu %zu %zu %zu", info.architecture, info.n_parameters, info.bytes_run, info.bytes_activations,
                 info.bytes_train);
    else
        assert_true(!info.architecture && info.n_parameters == 0);
    return status;
}

static hone_status check_generation(char *said, size_t room)
{
    hone_generate_options o = HONE_GENERATE_OPTIONS_INIT;
    o.num_beams = 3;
    snprintf(said, room, "checked");
    return hone_generate_check(&o);
}

static void descriptions(void **state)
{
    (void)state;
    assert_ok(hone_device_open(&device, &(hone_device_options){.name = "ref"}));
    assert_true(test_oom_call(&(test_call){make_described, describe, drop_described}) > 10);
    assert_int_equal(test_oom_call(&(test_call){NULL, check_generation, NULL}), 0);
    hone_device_free(device);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(sweep), cmocka_unit_test(encoders), cmocka_unit_test(descriptions)};
TEST_MAIN(tests)
