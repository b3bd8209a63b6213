/* DistilBERT (Sanh et al. 2019, "DistilBERT, a distilled version of BERT"): names and configuration as transformers' modeling_distilbert.py and
 * configuration_distilbert.py have them. What it computes is encoder.c's and heads.c's: no token types, no pooler, a ReLU before the classifier of rows. */
#include "models/encoder.h"

/* Fixed in modeling_distilbert.py. */
#define LAYER_NORM_EPS 1e-12

#define AT(member) offsetof(hone_config, member)
static const hone_config_field fields[] = {
    {"vocab_size", HONE_FIELD_INT, AT(vocab_size), "30522", NULL, 1, 1 << 28, NULL},
    {"max_position_embeddings", HONE_FIELD_INT, AT(max_positions), "512", NULL, 1, 1 << 28, NULL},
    {"sinusoidal_pos_embds", HONE_FIELD_BOOL, AT(sinusoidal_positions), "false", NULL, 0, 0, NULL},
    {"n_layers", HONE_FIELD_INT, AT(n_layers), "6", NULL, 1, 1000, "num_hidden_layers"},
    {"n_heads", HONE_FIELD_INT, AT(n_heads), "12", NULL, 1, 1 << 20, "num_attention_heads"},
    {"dim", HONE_FIELD_INT, AT(hidden_size), "768", NULL, 1, 1 << 20, "hidden_size"},
    {"hidden_dim", HONE_FIELD_INT, AT(intermediate_size), "3072", NULL, 1, 1 << 24, NULL},
    {"dropout", HONE_FIELD_PROBABILITY, AT(hidden_dropout), "0.1", NULL, 0, 0, NULL},
    {"attention_dropout", HONE_FIELD_PROBABILITY, AT(attention_dropout), "0.1", NULL, 0, 0, NULL},
    {"activation", HONE_FIELD_ACTIVATION, AT(activation), "\"gelu\"", NULL, 0, 0, NULL},
    {"initializer_range", HONE_FIELD_DOUBLE, AT(initializer_range), "0.02", NULL, 0, 1e6, NULL},
    {"qa_dropout", HONE_FIELD_PROBABILITY, AT(span_dropout), "0.1", NULL, 0, 0, NULL},
    {"seq_classif_dropout", HONE_FIELD_PROBABILITY, AT(classifier_dropout), "0.2", NULL, 0, 0, NULL},
    {"pad_token_id", HONE_FIELD_OPTIONAL, AT(pad_token_id), "0", NULL, 0, 1 << 28, NULL},
    {"bos_token_id", HONE_FIELD_OPTIONAL, AT(bos_token_id), "null", "null", 0, 1 << 28, NULL},
    {"eos_token_id", HONE_FIELD_OPTIONAL, AT(eos_token_id), "null", "null", 0, 1 << 28, NULL},
    {"tie_word_embeddings", HONE_FIELD_BOOL, AT(tie_word_embeddings), "true", "true", 0, 0, NULL},
};

static hone_status check_config(const hone_config *c)
{
    return hone__encoder_check(c, "dim", "n_heads");
}

static const hone_config_table config_table = {"distilbert", fields, sizeof(fields) / sizeof(fields[0]), check_config};

static const hone_encoder_shape shape = {
    .layers = "transformer.layer",
    .query = "attention.q_lin",
    .key = "attention.k_lin",
    .value = "attention.v_lin",
    .attention_output = "attention.out_lin",
    .attention_norm = "sa_layer_norm",
    .fc_1 = "ffn.lin1",
    .fc_2 = "ffn.lin2",
    .output_norm = "output_layer_norm",
    .layer_norm_eps = LAYER_NORM_EPS,
    .row_dense = "pre_classifier",
    .row_act = HONE_ACT_RELU,
    .mlm_dense = "vocab_transform",
    .mlm_norm = "vocab_layer_norm",
    .mlm_decoder = "vocab_projector.weight",
    .mlm_bias = "vocab_projector.bias",
};

const hone_model_class hone__distilbert_class = {
    .config = &config_table,
    .architectures = {[HONE_TOKEN_CLASSIFICATION] = "DistilBertForTokenClassification",
                      [HONE_TEXT_CLASSIFICATION] = "DistilBertForSequenceClassification",
                      [HONE_QUESTION_ANSWERING] = "DistilBertForQuestionAnswering",
                      [HONE_MASKED_LM] = "DistilBertForMaskedLM",
                      [HONE_FEATURE_EXTRACTION] = "DistilBertModel"},
    .prefix = "distilbert.",
    .declare = hone__encoder_declare,
    .initial = hone__encoder_initial,
    .obsolete = hone__encoder_obsolete,
    .forward = hone__encoder_forward,
    .encoder = &shape,
};
