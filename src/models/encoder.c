/* The encoder of BERT (Devlin et al. 2019) and DistilBERT (Sanh et al. 2019), as transformers' modeling_bert.py and modeling_distilbert.py have it:
 *
 *     x = drop(norm(words[id] + positions[i] + types[type]));   per layer  h = norm(x + drop(W_o attention(x)));   x = norm(h + drop(W_2 act(W_1 h)))
 *
 * Query, key and value are one matrix here and three tensors in files. Padding needs no mask: batches are packed, a row sees its own tokens. */
#include "models/encoder.h"

#include <math.h>
#include <string.h>

static hone_status check_problem_type(const hone_config *c)
{
    static const char *const types[] = {"regression", "single_label_classification", "multi_label_classification"};
    const json_t *value = json_object_get(c->json, "problem_type");
    const char *text = json_string_value(value);
    for (size_t i = 0; text && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i], text) == 0)
            return HONE_OK;
    if (!value || json_is_null(value))
        return HONE_OK;
    return hone__hint(hone__fail(HONE_FORMAT, "%s: \"problem_type\" is \"%s\"", c->name, text ? text : "no string"),
                      "it may be %s, %s or %s", types[0], types[1], types[2]);
}

hone_status hone__encoder_check(const hone_config *c, const char *width, const char *heads)
{
    if (c->hidden_size % c->n_heads) {
        hone_status status = hone__fail(HONE_FORMAT, "%s: \"%s\" (%lld) is not divisible by \"%s\" (%lld)", c->name, width,
                                        (long long)c->hidden_size, heads, (long long)c->n_heads);
        return hone__hint(status, "heads have %s / %s channels each, 64 as a rule", width, heads);
    }
    if (c->pad_token_id >= c->vocab_size)
        return hone__fail(HONE_FORMAT, "%s: \"pad_token_id\" is %lld, the vocabulary has %lld entries", c->name, (long long)c->pad_token_id,
                          (long long)c->vocab_size);
    HONE_TRY(check_problem_type(c));
    if (json_object_size(json_object_get(c->json, "pruned_heads")) > 0)
        return hone__fail(HONE_UNSUPPORTED, "%s: \"pruned_heads\" are not supported", c->name);
    return HONE_OK;
}

float hone__encoder_eps(const hone_model *m)
{
    double fixed = m->class->encoder->layer_norm_eps;
    return (float)(fixed > 0.0 ? fixed : m->config->layer_norm_eps);
}

/* ---- parameters, in forward order ---- */

/* "bert." for models with a head; the bare model's names lack it. */
static const char *prefix(const hone_model *m)
{
    return m->task == HONE_FEATURE_EXTRACTION ? "" : m->class->prefix;
}

static hone_status add_one(hone_param **out, hone_model *m, const char *name, const char *part, int64_t n, int64_t n_in)
{
    const int64_t dims[2] = {n, n_in};
    char text[160];
    bool norm = strstr(name, "LayerNorm") || strstr(name, "layer_norm");
    snprintf(text, sizeof(text), "%s%s", name, part);
    return hone__params_add(out, m->params, text, n_in ? 2 : 1, dims, strcmp(part, ".bias") != 0 && !norm);
}

hone_status hone__encoder_add(hone_param **weight, hone_param **bias, hone_model *m, const char *name, int64_t n, int64_t n_in)
{
    HONE_TRY(add_one(weight, m, name, ".weight", n, n_in));
    return add_one(bias, m, name, ".bias", n, 0);
}

static hone_status add_embeddings(hone_model *m, hone_encoder *w)
{
    const hone_config *c = m->config;
    int64_t C = c->hidden_size;
    char text[128];
    snprintf(text, sizeof(text), "%sembeddings.word_embeddings", prefix(m));
    HONE_TRY(add_one(&w->words, m, text, ".weight", c->vocab_size, C));
    if (m->task != HONE_MASKED_LM) /* whose head is tied to it or not: its gradient is dense as a rule */
        hone__params_sparse(w->words);
    snprintf(text, sizeof(text), "%sembeddings.position_embeddings", prefix(m));
    HONE_TRY(add_one(&w->positions, m, text, ".weight", c->max_positions, C));
    snprintf(text, sizeof(text), "%sembeddings.token_type_embeddings", prefix(m));
    if (m->class->encoder->has_types)
        HONE_TRY(add_one(&w->types, m, text, ".weight", c->type_vocab_size, C));
    snprintf(text, sizeof(text), "%sembeddings.LayerNorm", prefix(m));
    return hone__encoder_add(&w->norm_weight, &w->norm_bias, m, text, C, 0);
}

static hone_status add_module(hone_param **weight, hone_param **bias, hone_model *m, int l, const char *name, int64_t n, int64_t n_in)
{
    char text[128];
    snprintf(text, sizeof(text), "%s%s.%d.%s", prefix(m), m->class->encoder->layers, l, name);
    return hone__encoder_add(weight, bias, m, text, n, n_in);
}

/* Names query, key and value as the thirds of one parameter. */
static hone_status name_thirds(hone_model *m, hone_param *p, int l, const char *part)
{
    const hone_encoder_shape *s = m->class->encoder;
    const char *const names[] = {s->query, s->key, s->value};
    int64_t C = m->config->hidden_size;
    for (int i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof(text), "%s%s.%d.%s%s", prefix(m), s->layers, l, names[i], part);
        HONE_TRY(hone__params_add_slice(m->params, p, text, i * C, C, false, i == 0));
    }
    return HONE_OK;
}

static hone_status add_qkv(hone_model *m, hone_encoder_layer *w, int l)
{
    int64_t C = m->config->hidden_size;
    char text[128];
    snprintf(text, sizeof(text), "%s%s.%d.qkv", prefix(m), m->class->encoder->layers, l);
    HONE_TRY(add_one(&w->qkv_weight, m, text, ".weight", 3 * C, C));
    HONE_TRY(name_thirds(m, w->qkv_weight, l, ".weight"));
    HONE_TRY(add_one(&w->qkv_bias, m, text, ".bias", 3 * C, 0));
    return name_thirds(m, w->qkv_bias, l, ".bias");
}

static hone_status add_layer(hone_model *m, hone_encoder_layer *w, int l)
{
    const hone_encoder_shape *s = m->class->encoder;
    int64_t C = m->config->hidden_size, I = m->config->intermediate_size;
    HONE_TRY(add_qkv(m, w, l));
    HONE_TRY(add_module(&w->output_weight, &w->output_bias, m, l, s->attention_output, C, C));
    HONE_TRY(add_module(&w->attention_norm_weight, &w->attention_norm_bias, m, l, s->attention_norm, C, 0));
    HONE_TRY(add_module(&w->fc_1_weight, &w->fc_1_bias, m, l, s->fc_1, I, C));
    HONE_TRY(add_module(&w->fc_2_weight, &w->fc_2_bias, m, l, s->fc_2, C, I));
    return add_module(&w->output_norm_weight, &w->output_norm_bias, m, l, s->output_norm, C, 0);
}

hone_status hone__encoder_declare(hone_model *m)
{
    const hone_config *c = m->config;
    char *block = NULL;
    HONE_TRY(hone__calloc_((void **)&block, 1, sizeof(hone_encoder) + (size_t)c->n_layers * sizeof(hone_encoder_layer)));
    m->parts = block;
    hone_encoder *w = m->parts;
    HONE_TRY(add_embeddings(m, w));
    for (int l = 0; l < c->n_layers; l++)
        HONE_TRY(add_layer(m, &w->layers[l], l));
    return hone__head_declare(m);
}

/* _init_weights: N(0, initializer_range), biases 0, norms 1 and 0, the padding token's row 0. */
hone_initial hone__encoder_initial(const hone_model *m, const char *name)
{
    if (hone__ends_with(name, "bias"))
        return (hone_initial){0};
    if (strstr(name, "LayerNorm") || strstr(name, "layer_norm"))
        return (hone_initial){.value = 1.0};
    if (m->config->sinusoidal_positions && hone__ends_with(name, "position_embeddings.weight"))
        return (hone_initial){.sinusoid = true};
    return (hone_initial){.deviation = m->config->initializer_range, .zero_pad_row = hone__ends_with(name, "word_embeddings.weight")};
}

/* The numbers from 0, which files of before 2023 hold. */
bool hone__encoder_obsolete(const char *name)
{
    return hone__ends_with(name, "embeddings.position_ids");
}

/* ---- forward ---- */

static hone_tensor *layer_forward(hone_tape *t, const void *self, int l, hone_tensor *x, const hone_rows *rows)
{
    const hone_model *m = self;
    const hone_config *c = m->config;
    const hone_encoder_layer *w = &((const hone_encoder *)m->parts)->layers[l];
    float eps = hone__encoder_eps(m), dropout = (float)c->hidden_dropout;
    float scale = (float)(1.0 / sqrt((double)c->hidden_size / (double)c->n_heads));
    (void)rows;

    hone_tensor *a = hone__attention_block(t, x, w->qkv_weight, w->qkv_bias, (int)c->n_heads, false, scale, (float)c->attention_dropout,
                                           hone__site(HONE_PLACE_ATTENTION, l));
    a = hone__linear(t, a, w->output_weight, w->output_bias, HONE_ACT_NONE, hone__site(HONE_PLACE_ATTENTION_OUTPUT, l));
    hone_tensor *h = hone__residual_norm(t, NULL, x, a, w->attention_norm_weight, w->attention_norm_bias, eps, dropout,
                                         hone__site(HONE_PLACE_ATTENTION_OUTPUT, l));
    hone_tensor *f =
        hone__ffn(t, h, w->fc_1_weight, w->fc_1_bias, c->activation, w->fc_2_weight, w->fc_2_bias, hone__site(HONE_PLACE_FFN, l));
    return hone__residual_norm(t, NULL, h, f, w->output_norm_weight, w->output_norm_bias, eps, dropout,
                               hone__site(HONE_PLACE_FFN_OUTPUT, l));
}

static const int32_t *check_types(hone_tape *t, const hone_batch *batch, int64_t n_types)
{
    for (int32_t r = 0; r < batch->n_rows; r++) {
        for (int32_t i = batch->cu_seqlens[r]; i < batch->cu_seqlens[r + 1]; i++) {
            if (batch->token_type_ids[i] >= 0 && batch->token_type_ids[i] < n_types)
                continue;
            hone__tape_fail(t, HONE_INVALID_ARGUMENT, "row %d, token %d: token type %d, the model has %lld (type_vocab_size)", r,
                            i - batch->cu_seqlens[r], batch->token_type_ids[i], (long long)n_types);
            return NULL;
        }
    }
    return batch->token_type_ids;
}

/* Zeros when the batch has no types. */
static const int32_t *token_types(hone_tape *t, const hone_batch *batch, int64_t n_types)
{
    if (batch->token_type_ids)
        return check_types(t, batch, n_types);
    int32_t *zeros = hone__tape_alloc(t, ((size_t)batch->n_tokens + 1) * sizeof(int32_t));
    if (zeros)
        memset(zeros, 0, (size_t)batch->n_tokens * sizeof(int32_t));
    return zeros;
}

static hone_tensor *embed(const hone_model *m, hone_tape *t, const hone_batch *batch, const hone_rows *rows)
{
    const hone_config *c = m->config;
    const hone_encoder *w = m->parts;
    const int32_t *at = hone__positions(t, batch, c->max_positions, "max_position_embeddings");
    const int32_t *types = w->types ? token_types(t, batch, c->type_vocab_size) : NULL;
    int32_t pad = (int32_t)c->pad_token_id; /* no gradient for its row: torch.nn.Embedding's padding_idx */
    uint32_t site = hone__site(HONE_PLACE_EMBEDDING, 0);
    if (!at || (w->types && !types))
        return NULL;
    hone_tensor *x = hone__embed(t, w->types ? 3 : 2, (hone_param *const[]){w->words, w->positions, w->types},
                                 (const int32_t *const[]){batch->input_ids, at, types}, (const int32_t[]){pad, -1, -1}, rows, 0.0f, site);
    x = hone__noise(t, x, m->embedding_noise, hone__site(HONE_PLACE_EMBEDDING, 1));
    x = hone__layer_norm(t, x, w->norm_weight, w->norm_bias, hone__encoder_eps(m), site);
    return hone__dropout(t, x, (float)c->hidden_dropout, site);
}

hone_output hone__encoder_forward(const hone_model *m, hone_tape *t, const hone_batch *batch, hone_kv_cache *cache)
{
    const hone_config *c = m->config;
    const hone_rows *rows = hone__tape_rows(t, batch);
    hone_output out = {.model = m};
    HONE_ASSERT(!cache); /* for models that generate */
    if (!rows)
        return out;
    if (m->keep_hidden && !(out.hidden_states = hone__tape_alloc(t, ((size_t)c->n_layers + 1) * sizeof(hone_tensor *))))
        return out;
    hone_tensor *x = embed(m, t, batch, rows);
    for (int l = 0; l < c->n_layers; l++) {
        if (out.hidden_states)
            out.hidden_states[l] = x;
        x = hone__tape_layer(t, layer_forward, m, l, x, rows);
    }
    out.hidden = x;
    if (out.hidden_states)
        out.hidden_states[c->n_layers] = x;
    out.logits = hone__head_forward(m, t, x, batch);
    return out;
}
