/* A tokenizer: how its parts come together, what its vocabulary answers. Encoding is in encode.c, decoding in decode.c, files in tokenizer_json.c, pretrained.c, save.c. */
#include "tokenizer/tokenizer.h"

#include "tokenizer/encoding.h"

#include <string.h>

hone_status hone__tokenizer_new(hone_tokenizer **out)
{
    HONE_TRY(HONE_NEW(out, 1));
    (*out)->model_max_length = SIZE_MAX;
    hone_status status = hone__pool_new(&(*out)->pool);
    if (status == HONE_OK)
        status = hone__slab_shelf_new(&(*out)->slabs);
    if (status != HONE_OK) {
        hone_tokenizer_free(*out);
        *out = NULL;
    }
    return status;
}

void hone_tokenizer_trim(const hone_tokenizer *tok)
{
    hone__pool_trim(tok->pool);
    hone__slab_shelf_trim(tok->slabs);
}

void hone_tokenizer_free(hone_tokenizer *tok)
{
    if (!tok)
        return;
    hone__pool_free(tok->pool);
    hone__slab_shelf_free(tok->slabs);
    hone__added_dispose(&tok->added);
    hone__normalizer_dispose(&tok->normalizer);
    hone__pretokenizer_dispose(&tok->pretokenizer);
    hone__model_dispose(&tok->model);
    hone__postprocessor_dispose(&tok->postprocessor);
    hone__decoder_dispose(&tok->decoder);
    hone__free(tok->pad_token);
    json_decref(tok->config);
    hone__free(tok);
}

const char *hone__special_key(hone_special_token which)
{
    static const char *const keys[HONE_SPECIAL_COUNT] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                         "pad_token", "cls_token", "mask_token"};
    return keys[which];
}

/* Without a configuration special tokens go by their usual names. */
static void find_usual_specials(hone_tokenizer *tok)
{
    static const char *const names[HONE_SPECIAL_COUNT][4] = {
        {"<|endoftext|>", "<s>", NULL}, {"<|endoftext|>", "</s>", NULL}, {"[UNK]", "<|endoftext|>", "<unk>", NULL},
        {"[SEP]", "</s>", NULL},        {"[PAD]", "<pad>", NULL},        {"[CLS]", "<s>", NULL},
        {"[MASK]", "<mask>", NULL},
    };
    for (int which = 0; which < HONE_SPECIAL_COUNT; which++) {
        tok->special_ids[which] = -1;
        for (int k = 0; k < 4 && names[which][k] && tok->special_ids[which] < 0; k++) {
            int32_t id = hone_tokenizer_token_to_id(tok, names[which][k]);
            if (hone_tokenizer_is_special(tok, id))
                tok->special_ids[which] = id;
        }
    }
}

/* Every id up to the highest must be some token's: an embedding table has a row for each. */
static hone_status check_holes(const hone_tokenizer *tok, const char *name)
{
    size_t n = tok->model.vocab.n_ids;
    if (tok->added.n && (size_t)tok->added.tokens[tok->added.n - 1].id >= n)
        n = (size_t)tok->added.tokens[tok->added.n - 1].id + 1;
    if (tok->model.vocab.n_tokens + tok->added.extra.n_tokens == n)
        return HONE_OK;
    int32_t id = 0;
    while (hone__tokenizer_token(tok, id, NULL))
        id++;
    return hone__fail(HONE_FORMAT, "%s: no token has id %d, but ids go up to %zu", name, id, n - 1);
}

/* A template's ids must be tokens. */
static hone_status check_template(const hone_tokenizer *tok, const char *name)
{
    const hone__postprocessor *p = hone__postprocessor_core_const(&tok->postprocessor);
    for (size_t i = 0; i < p->n_specials; i++)
        for (size_t k = 0; k < p->specials[i].n; k++)
            if (!hone__tokenizer_token(tok, p->specials[i].ids[k], NULL))
                return hone__fail(HONE_FORMAT, "%s: post_processor: no token has id %d (of \"%s\")", name, p->specials[i].ids[k],
                                  p->specials[i].name);
    return HONE_OK;
}

/* What is unknown must have a token where not every text has one. */
static hone_status check_unknown(const hone_tokenizer *tok, const char *name)
{
    const hone__bpe *bpe = &tok->model.bpe;
    if (tok->model.kind == HONE__MODEL_BPE && bpe->unk_token && bpe->unk_id < 0 && !bpe->has_bytes)
        return hone__fail(HONE_FORMAT, "%s: unk_token \"%s\" is not in the vocabulary", name, bpe->unk_token);
    return HONE_OK;
}

static hone_status hash_content(hone_tokenizer *tok)
{
    hone_str text = HONE_STR_INIT;
    hone_status status = hone__tokenizer_write_json(&text, tok);
    if (status == HONE_OK)
        tok->hash = hone__hash64(text.data, text.len, 0);
    hone__str_dispose(&text);
    return status;
}

hone_status hone__tokenizer_finish(hone_tokenizer *tok, const char *name)
{
    HONE_TRY(check_holes(tok, name));
    HONE_TRY(check_template(tok, name));
    HONE_TRY(check_unknown(tok, name));
    const hone__pretokenizer *p = &tok->pretokenizer;
    tok->byte_words = tok->normalizer.kind == HONE__NORMALIZER_NONE && p->kind == HONE__PRETOKENIZER_BYTE_LEVEL &&
                      !p->byte_level.add_prefix_space && tok->model.kind == HONE__MODEL_BPE && tok->model.bpe.has_bytes;
    HONE_TRY(hone__added_finish(&tok->added, &tok->normalizer));
    hone__bert_words_init(&tok->bert, tok);
    find_usual_specials(tok);
    return hash_content(tok);
}

const char *hone__tokenizer_token(const hone_tokenizer *tok, int32_t id, size_t *len)
{
    size_t n = 0;
    const char *text = NULL;
    if (hone__vocab_has(&tok->model.vocab, id)) {
        text = hone__vocab_text(&tok->model.vocab, id);
        n = tok->model.vocab.len[id];
    } else {
        const hone__added_token *t = hone__added_by_id(&tok->added, id);
        if (t)
            text = t->content, n = t->len;
    }
    if (len)
        *len = n;
    return text;
}

size_t hone_tokenizer_vocab_size(const hone_tokenizer *tok, bool with_added)
{
    return tok->model.vocab.n_tokens + (with_added ? tok->added.extra.n_tokens : 0);
}

int32_t hone_tokenizer_token_to_id(const hone_tokenizer *tok, const char *token)
{
    size_t len = strlen(token);
    int32_t id = hone__vocab_find(&tok->model.vocab, token, len);
    return id >= 0 ? id : hone__added_find(&tok->added, token, len);
}

const char *hone_tokenizer_id_to_token(const hone_tokenizer *tok, int32_t id)
{
    return hone__tokenizer_token(tok, id, NULL);
}

bool hone_tokenizer_is_special(const hone_tokenizer *tok, int32_t id)
{
    const hone__added_token *t = hone__added_by_id(&tok->added, id);
    return t && t->special;
}

int32_t hone_tokenizer_special_id(const hone_tokenizer *tok, hone_special_token which)
{
    return (unsigned)which < HONE_SPECIAL_COUNT ? tok->special_ids[which] : -1;
}

size_t hone_tokenizer_model_max_length(const hone_tokenizer *tok)
{
    return tok->model_max_length;
}

uint64_t hone_tokenizer_hash(const hone_tokenizer *tok)
{
    return tok->hash;
}

const hone_encode_options *hone_tokenizer_default_options(const hone_tokenizer *tok)
{
    return &tok->defaults;
}

void hone_tokenizer_free_text(char *text)
{
    hone__free(text);
}

void hone_ids_dispose(hone_ids *ids)
{
    hone__free(ids->data);
    *ids = (hone_ids)HONE_IDS_INIT;
}
