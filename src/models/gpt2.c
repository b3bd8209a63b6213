/* GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"), as transformers' models/gpt2/modeling_gpt2.py has it: learned positions,
 * layer norm before each block, gelu_new, Conv1D matrices stored (in, out), a head tied to the token embeddings; or a head of rows, score(h[last token]), whose
 * losses are heads.c's.
 *
 * One difference on purpose: scale_attn_weights and scale_attn_by_inverse_layer_idx are what the configuration says, as in the reference's eager attention; its
 * default (sdpa) forgets both. Padding needs no mask: batches are packed. */
#include "models/class.h"

#include <math.h>
#include <string.h>

/* ---- configuration (configuration_gpt2.py) ---- */

#define AT(member) offsetof(hone_config, member)
static const hone_config_field fields[] = {
    {"vocab_size", HONE_FIELD_INT, AT(vocab_size), "50257", NULL, 1, 1 << 28, NULL},
    {"n_positions", HONE_FIELD_INT, AT(max_positions), "1024", NULL, 1, 1 << 28, "max_position_embeddings"},
    {"n_embd", HONE_FIELD_INT, AT(hidden_size), "768", NULL, 1, 1 << 20, "hidden_size"},
    {"n_layer", HONE_FIELD_INT, AT(n_layers), "12", NULL, 1, 1000, "num_hidden_layers"},
    {"n_head", HONE_FIELD_INT, AT(n_heads), "12", NULL, 1, 1 << 20, "num_attention_heads"},
    {"n_inner", HONE_FIELD_OPTIONAL, AT(intermediate_size), "null", NULL, 1, 1 << 24, NULL},
    {"activation_function", HONE_FIELD_ACTIVATION, AT(activation), "\"gelu_new\"", NULL, 0, 0, NULL},
    {"resid_pdrop", HONE_FIELD_PROBABILITY, AT(hidden_dropout), "0.1", NULL, 0, 0, NULL},
    {"embd_pdrop", HONE_FIELD_PROBABILITY, AT(embedding_dropout), "0.1", NULL, 0, 0, NULL},
    {"attn_pdrop", HONE_FIELD_PROBABILITY, AT(attention_dropout), "0.1", NULL, 0, 0, NULL},
    {"layer_norm_epsilon", HONE_FIELD_DOUBLE, AT(layer_norm_eps), "1e-05", NULL, 0, 1, NULL},
    {"initializer_range", HONE_FIELD_DOUBLE, AT(initializer_range), "0.02", NULL, 0, 1e6, NULL},
    {"scale_attn_weights", HONE_FIELD_BOOL, AT(scale_attn_weights), "true", NULL, 0, 0, NULL},
    {"scale_attn_by_inverse_layer_idx", HONE_FIELD_BOOL, AT(scale_attn_by_inverse_layer_idx), "false", NULL, 0, 0, NULL},
    {"bos_token_id", HONE_FIELD_OPTIONAL, AT(bos_token_id), "50256", "null", 0, 1 << 28, NULL},
    {"eos_token_id", HONE_FIELD_OPTIONAL, AT(eos_token_id), "50256", "null", 0, 1 << 28, NULL},
    {"pad_token_id", HONE_FIELD_OPTIONAL, AT(pad_token_id), "null", "null", -1, 1 << 28, NULL},
    {"tie_word_embeddings", HONE_FIELD_BOOL, AT(tie_word_embeddings), "true", "true", 0, 0, NULL},
    {"reorder_and_upcast_attn", HONE_FIELD_KEPT, 0, "false", NULL, 0, 0, NULL}, /* of half precision only */
    {"summary_type", HONE_FIELD_KEPT, 0, "\"cls_index\"", NULL, 0, 0, NULL},    /* of the double-heads model */
    {"summary_use_proj", HONE_FIELD_KEPT, 0, "true", NULL, 0, 0, NULL},
    {"summary_activation", HONE_FIELD_KEPT, 0, "null", NULL, 0, 0, NULL},
    {"summary_proj_to_labels", HONE_FIELD_KEPT, 0, "true", NULL, 0, 0, NULL},
    {"summary_first_dropout", HONE_FIELD_KEPT, 0, "0.1", NULL, 0, 0, NULL},
    {"use_cache", HONE_FIELD_KEPT, 0, "true", NULL, 0, 0, NULL},
};

static hone_status check_config(const hone_config *c)
{
    if (c->hidden_size % c->n_heads) {
        hone_status status = hone__fail(HONE_FORMAT, "%s: \"n_embd\" (%lld) is not divisible by \"n_head\" (%lld)", c->name,
                                        (long long)c->hidden_size, (long long)c->n_heads);
        return hone__hint(status, "heads have n_embd / n_head channels each, 64 as a rule");
    }
    if (json_is_true(json_object_get(c->json, "add_cross_attention")))
        return hone__fail(HONE_UNSUPPORTED, "%s: \"add_cross_attention\" (an encoder-decoder) is not supported", c->name);
    if (json_object_size(json_object_get(c->json, "pruned_heads")) > 0)
        return hone__fail(HONE_UNSUPPORTED, "%s: \"pruned_heads\" are not supported", c->name);
    return HONE_OK;
}

static const hone_config_table config_table = {"gpt2", fields, sizeof(fields) / sizeof(fields[0]), check_config};

/* ---- parameters, in forward order; names as named_parameters() gives them ---- */

typedef struct gpt2_layer {
    hone_param *ln_1_weight, *ln_1_bias;
    hone_param *c_attn_weight, *c_attn_bias; /* (C, 3C): query, key and value side by side */
    hone_param *c_proj_weight, *c_proj_bias; /* (C, C) */
    hone_param *ln_2_weight, *ln_2_bias;
    hone_param *fc_weight, *fc_bias;           /* (C, I) */
    hone_param *fc_proj_weight, *fc_proj_bias; /* (I, C) */
} gpt2_layer;

typedef struct gpt2 {
    hone_param *wte, *wpe; /* (V, C), (P, C) */
    hone_param *ln_f_weight, *ln_f_bias;
    hone_param *score; /* (n, C) of the head of rows, else NULL */
    gpt2_layer layers[];
} gpt2;

static hone_status add(hone_param **out, hone_model *m, const char *name, int64_t rows, int64_t cols)
{
    const int64_t dims[2] = {rows ? rows : cols, cols};
    bool decay = !hone__ends_with(name, ".bias") && !strstr(name, "ln_");
    return hone__params_add(out, m->params, name, rows ? 2 : 1, dims, decay);
}

static hone_status add_conv1d(hone_param **weight, hone_param **bias, hone_model *m, int l, const char *name, int64_t in, int64_t n)
{
    char text[96];
    snprintf(text, sizeof(text), "transformer.h.%d.%s.weight", l, name);
    HONE_TRY(add(weight, m, text, in, n));
    (*weight)->in_major = true;
    snprintf(text, sizeof(text), "transformer.h.%d.%s.bias", l, name);
    return add(bias, m, text, 0, n);
}

static hone_status add_norm(hone_param **weight, hone_param **bias, hone_model *m, int l, const char *name)
{
    char text[96];
    snprintf(text, sizeof(text), "transformer.h.%d.%s.weight", l, name);
    HONE_TRY(add(weight, m, text, 0, m->config->hidden_size));
    snprintf(text, sizeof(text), "transformer.h.%d.%s.bias", l, name);
    return add(bias, m, text, 0, m->config->hidden_size);
}

static hone_status add_layer(hone_model *m, gpt2_layer *w, int l)
{
    int64_t C = m->config->hidden_size, I = m->config->intermediate_size > 0 ? m->config->intermediate_size : 4 * C;
    HONE_TRY(add_norm(&w->ln_1_weight, &w->ln_1_bias, m, l, "ln_1"));
    HONE_TRY(add_conv1d(&w->c_attn_weight, &w->c_attn_bias, m, l, "attn.c_attn", C, 3 * C));
    HONE_TRY(add_conv1d(&w->c_proj_weight, &w->c_proj_bias, m, l, "attn.c_proj", C, C));
    HONE_TRY(add_norm(&w->ln_2_weight, &w->ln_2_bias, m, l, "ln_2"));
    HONE_TRY(add_conv1d(&w->fc_weight, &w->fc_bias, m, l, "mlp.c_fc", C, I));
    return add_conv1d(&w->fc_proj_weight, &w->fc_proj_bias, m, l, "mlp.c_proj", I, C);
}

static hone_status declare_head(hone_model *m, gpt2 *w)
{
    const hone_config *c = m->config;
    if (m->task == HONE_TEXT_CLASSIFICATION) {
        HONE_TRY(add(&w->score, m, "score.weight", (int64_t)c->n_labels, c->hidden_size));
        if (!c->tie_word_embeddings)
            return HONE_OK; /* a language model's own head is lost here, and the loader says so */
    } else if (!c->tie_word_embeddings) {
        return add(&m->head, m, "lm_head.weight", c->vocab_size, c->hidden_size);
    } else {
        m->head = w->wte;
    }
    return hone__params_add_slice(m->params, w->wte, "lm_head.weight", 0, c->vocab_size, true, false);
}

static hone_status declare(hone_model *m)
{
    const hone_config *c = m->config;
    char *block = NULL;
    HONE_TRY(hone__calloc_((void **)&block, 1, sizeof(gpt2) + (size_t)c->n_layers * sizeof(gpt2_layer)));
    m->parts = block;
    gpt2 *w = m->parts;
    HONE_TRY(add(&w->wte, m, "transformer.wte.weight", c->vocab_size, c->hidden_size));
    HONE_TRY(add(&w->wpe, m, "transformer.wpe.weight", c->max_positions, c->hidden_size));
    for (int l = 0; l < c->n_layers; l++)
        HONE_TRY(add_layer(m, &w->layers[l], l));
    HONE_TRY(add(&w->ln_f_weight, m, "transformer.ln_f.weight", 0, c->hidden_size));
    HONE_TRY(add(&w->ln_f_bias, m, "transformer.ln_f.bias", 0, c->hidden_size));
    return declare_head(m, w);
}

/* _init_weights: N(0, 0.02), residual projections by 1 / sqrt(2 L), biases 0, norms 1 and 0. */
static hone_initial initial(const hone_model *m, const char *name)
{
    double deviation = m->config->initializer_range;
    if (hone__ends_with(name, ".bias"))
        return (hone_initial){0};
    if (strstr(name, "ln_"))
        return (hone_initial){.value = 1.0};
    if (hone__ends_with(name, "c_proj.weight"))
        return (hone_initial){.deviation = deviation / sqrt(2.0 * (double)m->config->n_layers)};
    return (hone_initial){.deviation = deviation};
}

/* The causal mask, which files of before 2023 hold for each layer. */
static bool obsolete(const char *name)
{
    return hone__ends_with(name, ".attn.bias") || hone__ends_with(name, ".attn.masked_bias");
}

/* ---- forward ---- */

typedef struct pass {
    const hone_model *model;
    hone_kv_cache *cache; /* NULL: none */
} pass;

static float attention_scale(const hone_config *c, int l)
{
    double scale = c->scale_attn_weights ? 1.0 / sqrt((double)c->hidden_size / (double)c->n_heads) : 1.0;
    return (float)(c->scale_attn_by_inverse_layer_idx ? scale / (l + 1) : scale);
}

static hone_tensor *attention(hone_tape *t, const pass *p, const gpt2_layer *w, int l, hone_tensor *x)
{
    const hone_config *c = p->model->config;
    uint32_t site = hone__site(HONE_PLACE_ATTENTION, l);
    float scale = attention_scale(c, l);
    if (!p->cache)
        return hone__attention_block(t, x, w->c_attn_weight, w->c_attn_bias, (int)c->n_heads, true, scale, (float)c->attention_dropout,
                                     site);
    hone_tensor *qkv = hone__linear(t, x, w->c_attn_weight, w->c_attn_bias, HONE_ACT_NONE, site);
    return hone__kv_cache_attention(t, p->cache, l, qkv, (int)c->n_heads, scale);
}

/* x + attn(ln_1(x)), then x + mlp(ln_2(x)); x (N, C) */
static hone_tensor *layer_forward(hone_tape *t, const void *self, int l, hone_tensor *x, const hone_rows *rows)
{
    const pass *p = self;
    const hone_config *c = p->model->config;
    const gpt2_layer *w = &((const gpt2 *)p->model->parts)->layers[l];
    float eps = (float)c->layer_norm_eps, dropout = (float)c->hidden_dropout;
    (void)rows;

    hone_tensor *h = hone__layer_norm(t, x, w->ln_1_weight, w->ln_1_bias, eps, hone__site(HONE_PLACE_ATTENTION, l));
    hone_tensor *a = attention(t, p, w, l, h);
    a = hone__linear(t, a, w->c_proj_weight, w->c_proj_bias, HONE_ACT_NONE, hone__site(HONE_PLACE_ATTENTION_OUTPUT, l));
    h = hone__residual_norm(t, &x, x, a, w->ln_2_weight, w->ln_2_bias, eps, dropout, hone__site(HONE_PLACE_ATTENTION_OUTPUT, l));
    hone__tape_layer_result(t);
    h = hone__ffn(t, h, w->fc_weight, w->fc_bias, c->activation, w->fc_proj_weight, w->fc_proj_bias, hone__site(HONE_PLACE_FFN, l));
    return hone__residual(t, x, h, dropout, hone__site(HONE_PLACE_FFN_OUTPUT, l));
}

/* (R, n) scores of each row's last token that is not the padding, as GPT2ForSequenceClassification chooses it: packed rows have no padding, but their texts may hold its
 * id (often that of the end of text). Where all tokens have it the first one counts; where the configuration names none, the last. */
static hone_tensor *score_rows(const hone_model *m, hone_tape *t, hone_tensor *hidden, const hone_batch *batch)
{
    const gpt2 *w = m->parts;
    int64_t pad = m->config->pad_token_id;
    int32_t *index = hone__tape_alloc(t, ((size_t)batch->n_rows + 1) * sizeof(int32_t));
    if (!index)
        return NULL;
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int32_t first = batch->cu_seqlens[r], i = batch->cu_seqlens[r + 1] - 1;
        if (i < first)
            return hone__tape_fail(t, HONE_INVALID_ARGUMENT, "row %d is empty: it has no last token to classify it by", r);
        while (i > first && batch->input_ids[i] == pad)
            i--;
        index[r] = i;
    }
    hone_tensor *x = hone__tape_gather_tokens(t, hidden, index, batch->n_rows);
    return hone__linear(t, x, w->score, NULL, HONE_ACT_NONE, hone__site(HONE_PLACE_CLASSIFIER, 0));
}

static hone_output forward(const hone_model *m, hone_tape *t, const hone_batch *batch, hone_kv_cache *cache)
{
    const hone_config *c = m->config;
    const gpt2 *w = m->parts;
    const int32_t *at = hone__positions(t, batch, c->max_positions, "n_positions");
    const hone_rows *rows = hone__tape_rows(t, batch);
    hone_output out = {.model = m};
    pass *p = hone__tape_alloc(t, sizeof(*p)); /* of the tape: recomputation asks for it again in backward */
    if (!p || !rows || !at)
        return out;
    *p = (pass){m, cache};
    if (m->keep_hidden && !(out.hidden_states = hone__tape_alloc(t, ((size_t)c->n_layers + 1) * sizeof(hone_tensor *))))
        return out;

    uint32_t site = hone__site(HONE_PLACE_EMBEDDING, 0);
    float noise = m->embedding_noise, dropout = (float)c->embedding_dropout; /* noise comes before dropout */
    hone_tensor *x = hone__embed(t, 2, (hone_param *const[]){w->wte, w->wpe}, (const int32_t *const[]){batch->input_ids, at},
                                 (const int32_t[]){-1, -1}, rows, noise > 0 ? 0.0f : dropout, site);
    if (noise > 0)
        x = hone__dropout(t, hone__noise(t, x, noise, hone__site(HONE_PLACE_EMBEDDING, 1)), dropout, site);
    for (int l = 0; l < c->n_layers; l++) {
        if (out.hidden_states)
            out.hidden_states[l] = x;
        x = hone__tape_layer(t, layer_forward, p, l, x, rows);
    }
    out.hidden = hone__layer_norm(t, x, w->ln_f_weight, w->ln_f_bias, (float)c->layer_norm_eps, hone__site(HONE_PLACE_FINAL_NORM, 0));
    if (out.hidden_states)
        out.hidden_states[c->n_layers] = out.hidden;
    if (w->score && out.hidden)
        out.logits = score_rows(m, t, out.hidden, batch);
    return out;
}

const hone_model_class hone__gpt2_class = {
    .config = &config_table,
    .architectures = {[HONE_CAUSAL_LM] = "GPT2LMHeadModel", [HONE_TEXT_CLASSIFICATION] = "GPT2ForSequenceClassification"},
    .prefix = "transformer.",
    .declare = declare,
    .initial = initial,
    .obsolete = obsolete,
    .forward = forward,
};
