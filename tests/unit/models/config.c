/* config.json: defaults, aliases, contradictions, overrides, and the file that save_pretrained would write. */
#include "models/class.h"
#include "support/support.h"

static hone_status read_text(hone_config **out, const char *text)
{
    json_t *json = NULL;
    *out = NULL;
    assert_ok(hone__json_parse(&json, text, strlen(text), "config.json"));
    hone_status status = hone__config_read(out, hone__model_classes[0]->config, json, "config.json");
    json_decref(json);
    if (status == HONE_OK && (status = hone__config_check(*out)) != HONE_OK) {
        hone__config_free(*out);
        *out = NULL;
    }
    return status;
}

static void defaults(void **state)
{
    hone_config *c;
    (void)state;
    assert_ok(read_text(&c, "{\"model_type\": \"gpt2\", \"model_max_length\": 1000000000000000019884624838656}"));
    assert_int_equal(c->vocab_size, 50257);
    assert_int_equal(c->max_positions, 1024);
    assert_int_equal(c->hidden_size, 768);
    assert_int_equal(c->intermediate_size, -1);
    assert_int_equal(c->activation, HONE_ACT_GELU_NEW);
    assert_int_equal(c->eos_token_id, 50256);
    assert_int_equal(c->pad_token_id, -1);
    assert_true(c->tie_word_embeddings && c->scale_attn_weights && !c->scale_attn_by_inverse_layer_idx);
    assert_int_equal(c->n_labels, 2);
    assert_string_equal(c->labels[1], "LABEL_1");
    hone__config_free(c);
}

static void aliases_and_nulls(void **state)
{
    hone_config *c;
    (void)state;
    assert_ok(read_text(&c, "{\"hidden_size\": 48, \"num_attention_heads\": 4, \"max_position_embeddings\": 64.0, \"eos_token_id\": null, "
                            "\"bos_token_id\": [3, 4], "
                            "\"n_inner\": 96, \"num_labels\": 3, \"activation_function\": \"relu\"}"));
    assert_int_equal(c->hidden_size, 48);
    assert_int_equal(c->n_heads, 4);
    assert_int_equal(c->max_positions, 64);
    assert_int_equal(c->eos_token_id, -1);
    assert_int_equal(c->bos_token_id, 3);
    assert_int_equal(c->intermediate_size, 96);
    assert_int_equal(c->n_labels, 3);
    assert_int_equal(c->activation, HONE_ACT_RELU);
    hone__config_free(c);
}

static void bad_fields(void **state)
{
    static const struct {
        const char *text, *message;
        hone_status status;
    } cases[] = {
        {"{\"n_embd\": 48, \"n_head\": 5}", "\"n_embd\" (48) is not divisible by \"n_head\" (5)", HONE_FORMAT},
        {"{\"n_positions\": 0}", "\"n_positions\" is 0, must be between 1", HONE_FORMAT},
        {"{\"n_layer\": -3}", "\"n_layer\" is -3", HONE_FORMAT},
        {"{\"n_embd\": \"768\"}", "\"n_embd\" must be an integer, is a string", HONE_FORMAT},
        {"{\"n_embd\": 768.5}", "\"n_embd\" must be an integer", HONE_FORMAT},
        {"{\"n_embd\": null}", "\"n_embd\" must be an integer, is null", HONE_FORMAT},
        {"{\"vocab_size\": 1e300}", "\"vocab_size\"", HONE_FORMAT},
        {"{\"attn_pdrop\": 1.5}", "\"attn_pdrop\" must be a probability", HONE_FORMAT},
        {"{\"attn_pdrop\": NaN}", "\"attn_pdrop\" must be a probability", HONE_FORMAT},
        {"{\"layer_norm_epsilon\": Infinity}", "\"layer_norm_epsilon\" must be a finite", HONE_FORMAT},
        {"{\"tie_word_embeddings\": 1}", "\"tie_word_embeddings\" must be true or false", HONE_FORMAT},
        {"{\"activation_function\": \"gelu_nwe\"}", "did you mean \"gelu_new\"", HONE_UNSUPPORTED},
        {"{\"activation_function\": \"xielu\"}", "an activation that hone does not have", HONE_UNSUPPORTED},
        {"{\"add_cross_attention\": true}", "add_cross_attention", HONE_UNSUPPORTED},
        {"{\"id2label\": {\"0\": \"A\", \"2\": \"B\"}}", "\"2\" does not fit", HONE_FORMAT},
        {"{\"id2label\": {\"0\": \"A\", \"x\": \"B\"}}", "\"x\" does not fit", HONE_FORMAT},
        {"{\"id2label\": [\"A\"]}", "\"id2label\" must be an object", HONE_FORMAT},
        {"{\"num_labels\": 0}", "\"num_labels\" is 0", HONE_FORMAT},
        {"[1]", "an object was expected", HONE_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hone_config *c;
        assert_fails(cases[i].status, cases[i].message, read_text(&c, cases[i].text));
        assert_null(c);
    }
}

static void overrides(void **state)
{
    hone_config *c;
    (void)state;
    assert_ok(read_text(&c, "{}"));
    assert_ok(hone__config_override(
        c, "n_embd=256,n_layer=4,n_head=8,resid_pdrop=0,tie_word_embeddings=false,activation_function=relu,hidden_size=64"));
    assert_int_equal(c->hidden_size, 64);
    assert_int_equal(c->n_layers, 4);
    assert_true(c->hidden_dropout == 0.0 && !c->tie_word_embeddings && c->activation == HONE_ACT_RELU);
    assert_fails(HONE_INVALID_ARGUMENT, "did you mean n_embd?", hone__config_override(c, "n_emdb=256"));
    assert_fails(HONE_INVALID_ARGUMENT, "has no \"zebra\"", hone__config_override(c, "zebra=1"));
    assert_fails(HONE_INVALID_ARGUMENT, "not name=value", hone__config_override(c, "n_embd"));
    assert_fails(HONE_INVALID_ARGUMENT, "not name=value", hone__config_override(c, "n_embd="));
    assert_fails(HONE_FORMAT, "--config_overrides: \"n_embd\" must be an integer", hone__config_override(c, "n_embd=many"));
    assert_fails(HONE_FORMAT, "--config_overrides: \"n_embd\" is 0", hone__config_override(c, "n_embd=0"));
    assert_fails(HONE_FORMAT, "--config_overrides: \"n_embd\" is -4", hone__config_override(c, "n_embd=-4"));
    assert_int_equal(c->hidden_size, 64); /* a refused value changes nothing */
    hone__config_free(c);
}

/* The fixture's own config.json, read and written, is the same text. */
static void same_text_as_the_reference(void **state)
{
    const char *path = test_fixture("model/gpt2-causal-lm/config.json");
    hone_str out = HONE_STR_INIT;
    hone_config *c;
    size_t len;
    (void)state;
    char *text = test_read(path, &len);
    assert_ok(read_text(&c, text));
    assert_ok(hone__config_text(&out, c, "GPT2LMHeadModel"));
    assert_string_equal(out.data, text);
    hone__str_dispose(&out);
    hone__config_free(c);
    hone__free(text);
}

static bool has_line(const char *text, const char *line)
{
    return strstr(text, line) != NULL;
}

static void unknown_keys_labels_and_defaults(void **state)
{
    hone_str out = HONE_STR_INIT;
    hone_config *c;
    (void)state;
    assert_ok(read_text(&c, "{\"_name_or_path\": \"x\", \"torch_dtype\": \"bfloat16\", \"n_ctx\": 1024, \"zeta\": {\"b\": 1e-05, \"a\": "
                            "[1, NaN]}, \"pad_token_id\": 7, "
                            "\"tie_word_embeddings\": true, \"hidden_size\": 96, \"big\": 1000000000000000019884624838656}"));
    assert_ok(hone__config_set_labels(c, (const char *const[]){"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", NULL}));
    assert_ok(hone__config_text(&out, c, "GPT2LMHeadModel"));
    assert_true(has_line(out.data, "\n  \"n_ctx\": 1024,\n"));
    assert_true(has_line(out.data, "\n  \"zeta\": {\n    \"a\": [\n      1,\n      NaN\n    ],\n    \"b\": 1e-05\n  }\n}\n"));
    assert_true(has_line(out.data, "\n    \"9\": \"j\",\n    \"10\": \"k\"\n  },\n")); /* ids in their order, not as text */
    assert_true(has_line(out.data, "\n  \"pad_token_id\": 7,\n"));
    assert_true(has_line(out.data, "\n  \"dtype\": \"float32\",\n"));
    assert_true(has_line(out.data, "\n  \"n_embd\": 96,\n"));
    assert_true(has_line(out.data, "\n  \"big\": 1e+30,\n"));
    assert_false(has_line(out.data, "tie_word_embeddings") || has_line(out.data, "torch_dtype") || has_line(out.data, "_name_or_path") ||
                 has_line(out.data, "hidden_size"));
    hone__str_dispose(&out);
    hone__config_free(c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults),  cmocka_unit_test(aliases_and_nulls),          cmocka_unit_test(bad_fields),
    cmocka_unit_test(overrides), cmocka_unit_test(same_text_as_the_reference), cmocka_unit_test(unknown_keys_labels_and_defaults),
};
TEST_MAIN(tests)
