/* A tokenizer's folder as PreTrainedTokenizerFast.save_pretrained leaves it, so that AutoTokenizer loads it. */
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hone_status write_in(const char *folder, const char *name, const hone_str *text)
{
    char *path = NULL;
    HONE_TRY(hone__str_status(text));
    HONE_TRY(hone__path_join(&path, folder, name));
    hone_status status = hone__write_file(path, text->data ? text->data : "", text->len);
    hone__free(path);
    return status;
}

static hone_status save_vocab(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    hone__vocab_write(&tok->model.vocab, &w);
    hone_status status = write_in(folder, "vocab.json", &text);
    hone__str_dispose(&text);
    return status;
}

static hone_status save_merges(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    const hone__vocab *v = &tok->model.vocab;
    const hone__bpe *bpe = &tok->model.bpe;
    hone__str_puts(&text, "#version: 0.2\n");
    for (size_t i = 0; i < bpe->n_merges; i++) {
        hone__str_append(&text, hone__vocab_text(v, bpe->merges[i].left), v->len[bpe->merges[i].left]);
        hone__str_putc(&text, ' ');
        hone__str_append(&text, hone__vocab_text(v, bpe->merges[i].right), v->len[bpe->merges[i].right]);
        hone__str_putc(&text, '\n');
    }
    hone_status status = write_in(folder, "merges.txt", &text);
    hone__str_dispose(&text);
    return status;
}

static hone_status save_vocab_txt(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    const hone__vocab *v = &tok->model.vocab;
    for (size_t id = 0; id < v->n_ids; id++) {
        if (v->start[id] == HONE__NO_TEXT)
            continue;
        hone__str_append(&text, hone__vocab_text(v, (int32_t)id), v->len[id]);
        hone__str_putc(&text, '\n');
    }
    hone_status status = write_in(folder, "vocab.txt", &text);
    hone__str_dispose(&text);
    return status;
}

/* The special token that a key of the configuration names, HONE_SPECIAL_COUNT for other keys. */
static int special_of(const char *key)
{
    int which = 0;
    while (which < HONE_SPECIAL_COUNT && strcmp(key, hone__special_key((hone_special_token)which)) != 0)
        which++;
    return which;
}

static void write_special_tokens(const hone_tokenizer *tok, hone_json_writer *w)
{
    static const hone_special_token sorted[] = {HONE_SPECIAL_BOS, HONE_SPECIAL_CLS, HONE_SPECIAL_EOS, HONE_SPECIAL_MASK,
                                                HONE_SPECIAL_PAD, HONE_SPECIAL_SEP, HONE_SPECIAL_UNK};
    for (int i = 0; i < HONE_SPECIAL_COUNT; i++) {
        int32_t id = tok->special_ids[sorted[i]];
        if (id < 0)
            continue;
        hone__jw_put_string(w, hone__special_key(sorted[i]), hone__tokenizer_token(tok, id, NULL));
    }
}

static hone_status save_special_map(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    hone__jw_object(&w);
    write_special_tokens(tok, &w);
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    hone_status status = write_in(folder, "special_tokens_map.json", &text);
    hone__str_dispose(&text);
    return status;
}

static void write_added_decoder(const hone_tokenizer *tok, hone_json_writer *w)
{
    hone__jw_object(w);
    for (size_t i = 0; i < tok->added.n; i++) {
        const hone__added_token *t = &tok->added.tokens[i];
        char id[16];
        snprintf(id, sizeof id, "%d", t->id);
        hone__jw_key(w, id);
        hone__jw_object(w);
        hone__jw_key(w, "content");
        hone__jw_string_n(w, t->content, t->len);
        hone__jw_put_bool(w, "lstrip", t->lstrip);
        hone__jw_put_bool(w, "normalized", t->normalized);
        hone__jw_put_bool(w, "rstrip", t->rstrip);
        hone__jw_put_bool(w, "single_word", t->single_word);
        hone__jw_put_bool(w, "special", t->special);
        hone__jw_end_object(w);
    }
    hone__jw_end_object(w);
}

/* GPT-2's class knows what a byte-level BPE with <|endoftext|> is, BERT's its WordPiece; any other is the general one. */
static const char *tokenizer_class(const hone_tokenizer *tok)
{
    if (tok->model.kind == HONE__MODEL_WORDPIECE && tok->normalizer.kind == HONE__NORMALIZER_BERT)
        return "BertTokenizer";
    return tok->byte_words && tok->special_ids[HONE_SPECIAL_EOS] >= 0 &&
                   tok->special_ids[HONE_SPECIAL_EOS] == hone_tokenizer_token_to_id(tok, "<|endoftext|>")
               ? "GPT2Tokenizer"
               : "PreTrainedTokenizerFast";
}

/* transformers' "no limit", int(1e30), which fits no integer here. */
static void write_max_length(const hone_tokenizer *tok, hone_json_writer *w)
{
    hone__jw_uint(w, tok->model_max_length == SIZE_MAX ? 1 : tok->model_max_length);
    if (tok->model_max_length == SIZE_MAX)
        hone__str_puts(w->out, "000000000000000019884624838656");
}

static void write_setting(const hone_tokenizer *tok, const char *key, hone_json_writer *w)
{
    const json_t *old = json_object_get(tok->config, key);
    int special = special_of(key);
    hone__jw_key(w, key);
    if (strcmp(key, "added_tokens_decoder") == 0) {
        write_added_decoder(tok, w);
    } else if (strcmp(key, "model_max_length") == 0) {
        write_max_length(tok, w);
    } else if (special < HONE_SPECIAL_COUNT && tok->special_ids[special] >= 0) {
        hone__jw_string(w, hone__tokenizer_token(tok, tok->special_ids[special], NULL));
    } else if (old) {
        hone__jw_json(w, old);
    } else if (strcmp(key, "tokenizer_class") == 0) {
        hone__jw_string(w, tokenizer_class(tok));
    } else if (strcmp(key, "extra_special_tokens") == 0) {
        hone__jw_object(w);
        hone__jw_end_object(w);
    } else {
        hone__jw_bool(w, false); /* clean_up_tokenization_spaces */
    }
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of tokenizer_config.json: what was read, and what transformers always writes; sorted, as it writes them. */
static hone_status list_settings(const char ***out, size_t *n, const hone_tokenizer *tok)
{
    static const char *const own[] = {"added_tokens_decoder", "clean_up_tokenization_spaces", "extra_special_tokens", "model_max_length",
                                      "tokenizer_class"};
    const char **keys = NULL, *key;
    json_t *value;
    HONE_TRY(HONE_ALLOC(&keys, json_object_size(tok->config) + sizeof own / sizeof *own + HONE_SPECIAL_COUNT));
    *n = 0;
    json_object_foreach(tok->config, key, value) keys[(*n)++] = key;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!json_object_get(tok->config, own[i]))
            keys[(*n)++] = own[i];
    for (int i = 0; i < HONE_SPECIAL_COUNT; i++)
        if (tok->special_ids[i] >= 0 && !json_object_get(tok->config, hone__special_key((hone_special_token)i)))
            keys[(*n)++] = hone__special_key((hone_special_token)i);
    qsort(keys, *n, sizeof *keys, compare_keys);
    *out = keys;
    return HONE_OK;
}

/* A configuration that was read is written again, the parts that hone knows anew. */
static hone_status save_config(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    const char **keys = NULL;
    size_t n = 0;
    HONE_TRY(list_settings(&keys, &n, tok));
    hone__jw_object(&w);
    for (size_t i = 0; i < n; i++)
        write_setting(tok, keys[i], &w);
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    hone_status status = write_in(folder, "tokenizer_config.json", &text);
    hone__str_dispose(&text);
    hone__free(keys);
    return status;
}

hone_status hone_tokenizer_save(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    HONE_TRY(hone__make_dirs(folder));
    hone_status status = hone__tokenizer_write_json(&text, tok);
    if (status == HONE_OK)
        status = write_in(folder, "tokenizer.json", &text);
    hone__str_dispose(&text);
    HONE_TRY(status);
    if (tok->model.kind == HONE__MODEL_WORDPIECE) {
        HONE_TRY(save_vocab_txt(tok, folder));
    } else {
        HONE_TRY(save_vocab(tok, folder));
        if (tok->model.kind == HONE__MODEL_BPE)
            HONE_TRY(save_merges(tok, folder));
    }
    HONE_TRY(save_special_map(tok, folder));
    return save_config(tok, folder);
}
