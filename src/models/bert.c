/* BERT (Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding"): names and configuration as transformers'
 * modeling_bert.py and configuration_bert.py have them. What it computes is encoder.c's and heads.c's. Positions are absolute; a decoder is refused. */
#include "models/encoder.h"

#include <string.h>

#define AT(member) offsetof(hone_config, member)
static const hone_config_field fields[] = {
    {"vocab_size", HONE_FIELD_INT, AT(vocab_size), "30522", NULL, 1, 1 << 28, NULL},
    {"hidden_size", HONE_FIELD_INT, AT(hidden_size), "768", NULL, 1, 1 << 20, NULL},
    {"num_hidden_layers", HONE_FIELD_INT, AT(n_layers), "12", NULL, 1, 1000, NULL},
    {"num_attention_heads", HONE_FIELD_INT, AT(n_heads), "12", NULL, 1, 1 << 20, NULL},
    {"intermediate_size", HONE_FIELD_INT, AT(intermediate_size), "3072", NULL, 1, 1 << 24, NULL},
    {"hidden_act", HONE_FIELD_ACTIVATION, AT(activation), "\"gelu\"", NULL, 0, 0, NULL},
    {"hidden_dropout_prob", HONE_FIELD_PROBABILITY, AT(hidden_dropout), "0.1", NULL, 0, 0, NULL},
    {"attention_probs_dropout_prob", HONE_FIELD_PROBABILITY, AT(attention_dropout), "0.1", NULL, 0, 0, NULL},
    {"classifier_dropout", HONE_FIELD_OPTIONAL_PROBABILITY, AT(classifier_dropout), "null", NULL, 0, 0, NULL},
    {"max_position_embeddings", HONE_FIELD_INT, AT(max_positions), "512", NULL, 1, 1 << 28, NULL},
    {"type_vocab_size", HONE_FIELD_INT, AT(type_vocab_size), "2", NULL, 1, 1 << 20, NULL},
    {"initializer_range", HONE_FIELD_DOUBLE, AT(initializer_range), "0.02", NULL, 0, 1e6, NULL},
    {"layer_norm_eps", HONE_FIELD_DOUBLE, AT(layer_norm_eps), "1e-12", NULL, 0, 1, NULL},
    {"pad_token_id", HONE_FIELD_OPTIONAL, AT(pad_token_id), "0", NULL, 0, 1 << 28, NULL},
    {"bos_token_id", HONE_FIELD_OPTIONAL, AT(bos_token_id), "null", "null", 0, 1 << 28, NULL},
    {"eos_token_id", HONE_FIELD_OPTIONAL, AT(eos_token_id), "null", "null", 0, 1 << 28, NULL},
    {"tie_word_embeddings", HONE_FIELD_BOOL, AT(tie_word_embeddings), "true", "true", 0, 0, NULL},
    {"position_embedding_type", HONE_FIELD_KEPT, 0, "\"absolute\"", NULL, 0, 0, NULL},
    {"use_cache", HONE_FIELD_KEPT, 0, "true", NULL, 0, 0, NULL},
};

static hone_status check_config(const hone_config *c)
{
    HONE_TRY(hone__encoder_check(c, "hidden_size", "num_attention_heads"));
    const char *positions = json_string_value(json_object_get(c->json, "position_embedding_type"));
    if (!positions || strcmp(positions, "absolute") != 0)
        return hone__hint(hone__fail(HONE_UNSUPPORTED, "%s: \"position_embedding_type\" is \"%s\", hone has \"absolute\" positions only",
                                     c->name, positions ? positions : "?"),
                          "relative positions need their own distance embeddings");
    if (json_is_true(json_object_get(c->json, "is_decoder")) || json_is_true(json_object_get(c->json, "add_cross_attention")))
        return hone__fail(HONE_UNSUPPORTED, "%s: a BERT as decoder (\"is_decoder\", \"add_cross_attention\") is not supported", c->name);
    return HONE_OK;
}

static const hone_config_table config_table = {"bert", fields, sizeof(fields) / sizeof(fields[0]), check_config};

static const hone_encoder_shape shape = {
    .layers = "encoder.layer",
    .query = "attention.self.query",
    .key = "attention.self.key",
    .value = "attention.self.value",
    .attention_output = "attention.output.dense",
    .attention_norm = "attention.output.LayerNorm",
    .fc_1 = "intermediate.dense",
    .fc_2 = "output.dense",
    .output_norm = "output.LayerNorm",
    .has_types = true,
    .token_head_drops = true,
    .pooler = "pooler.dense",
    .row_dense = "bert.pooler.dense",
    .row_act = HONE_ACT_TANH,
    .mlm_dense = "cls.predictions.transform.dense",
    .mlm_norm = "cls.predictions.transform.LayerNorm",
    .mlm_decoder = "cls.predictions.decoder.weight",
    .mlm_bias = "cls.predictions.bias",
    .mlm_bias_alias = "cls.predictions.decoder.bias",
};

const hone_model_class hone__bert_class = {
    .config = &config_table,
    .architectures = {[HONE_TOKEN_CLASSIFICATION] = "BertForTokenClassification",
                      [HONE_TEXT_CLASSIFICATION] = "BertForSequenceClassification",
                      [HONE_QUESTION_ANSWERING] = "BertForQuestionAnswering",
                      [HONE_MASKED_LM] = "BertForMaskedLM",
                      [HONE_FEATURE_EXTRACTION] = "BertModel"},
    .prefix = "bert.",
    .declare = hone__encoder_declare,
    .initial = hone__encoder_initial,
    .obsolete = hone__encoder_obsolete,
    .forward = hone__encoder_forward,
    .encoder = &shape,
};
